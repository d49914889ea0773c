"""`construct`, `walk` and `explain --table rules` as a person types them."""

from __future__ import annotations

import json
import re

import pytest

import attribution as at
from attribution.cli import main
from tests.conftest import ROOT, SMALL, read_printed

BOOK = str(SMALL / "strategies.toml")


def unread(*_, **__):
    raise AssertionError("what the arguments and the book say is refused before anything is read")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "2025-3", "--to", "2025-03", "--out", "w"], "start (--from) '2025-3': write a month as YYYY-MM."),
        (["--from", "2025-03", "--to", "2025-02", "--out", "w"], "--to 2025-02 is before --from 2025-03."),
        (["--from", "2025-02", "--to", "2025-03", "--out", str(SMALL / "w")], "lies in the data folder"),
        (["--from", "2025-02", "--to", "2025-03", "--out", "w", "--searches", "no"], "--searches: 'no' has no log major/"),
        (["--from", "2025-02", "--to", "2025-03", "--out", "a\0b"], "has a character that no path may have"),
    ],
)
def test_a_walk_that_cannot_be_is_refused_at_once(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attribution.portfolio.inputs.read_inputs", unread)
    assert main(["walk", BOOK, "major", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--held-out", "0"], "held_out"),
        (["--from", "2025-13"], "'2025-13': write a month as YYYY-MM."),
        (["--from", "2025-03", "--to", "2025-02"], "--to 2025-02 is before --from 2025-03."),
        (["--factors", "value,size"], "2 to combine, and a combination has at least 3"),
        (["--out", str(SMALL / "w")], "lies in the data folder"),
    ],
)
def test_a_search_that_cannot_be_is_refused_at_once(capsys, monkeypatch, arguments, message):
    monkeypatch.setattr("attribution.portfolio.inputs.read_inputs", unread)
    assert main(["search", BOOK, "major", "--out", "searches", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_rules_of_a_course_without_a_strategy_are_refused_at_once(capsys, monkeypatch):
    monkeypatch.setattr("attribution.portfolio.inputs.read_inputs", unread)
    asked = ["explain", str(SMALL / "book.toml"), "Major 100", "--month", "2025-03", "--table", "rules"]
    assert main(asked) == 2
    assert "no sleeve of 'Major 100' has a strategy" in capsys.readouterr().err


def test_construct_prints_the_list_the_rules_the_ladder_and_the_proof(capsys, tmp_path):
    out = tmp_path / "list"
    assert main(["construct", BOOK, "major", "--date", "2025-02-28", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    for told in (
        "major at the close of 2025-02-28, against Large Index: 22 of ",
        "score among the best",
        "Rules, the value of each and its bounds:",
        "What each rule costs, added one at a time in the book's order",
        "no list is above",
    ):
        assert told in printed
    assert sorted(path.name for path in out.iterdir()) == [
        "construction.json", "ladder.csv", "list.csv", "rules.csv", "scores.csv",
    ]  # fmt: skip
    plain = json.loads((out / "construction.json").read_text(encoding="utf-8"))
    assert plain["certificate"]["proved"] is True
    assert sum(row["weight"] for row in plain["list"]) == pytest.approx(1, abs=1e-9)


def test_what_if_says_what_it_costs_and_csv_is_the_list(capsys):
    asked = ["construct", BOOK, "major", "--date", "2025-02-28", "--what-if", "VOWZ=0"]
    assert main([*asked, "--table", "rules"]) == 0
    assert "What if: score " in capsys.readouterr().out
    assert main([*asked, "--format", "csv"]) == 0
    table = read_printed(capsys.readouterr().out, keep_default_na=False)
    assert list(table.columns) == ["ticker", "weight", "weight_before", "score", "forced", "reason"]
    assert table.loc[table["ticker"] == "VOWZ", "weight"].tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--what-if", "VOWZ=3"], "--what-if 'VOWZ=3': write TICKER=WEIGHT, the weight a decimal from 0 to 1"),
        (["--what-if", "VOWZ"], "--what-if 'VOWZ': write TICKER=WEIGHT"),
        (["--what-if", "VOWZ=0.04", "--what-if", "VOWZ=0.05"], "'VOWZ' has a weight twice, 0.04 and 0.05. Give it one."),
        (["--nodes", "0"], "nodes"),
        (["--date", "2025-02-30"], "date '2025-02-30': write a day as YYYY-MM-DD."),
    ],
)
def test_what_construct_is_not_to_be_asked_is_refused(capsys, monkeypatch, arguments, message):
    monkeypatch.setattr("attribution.portfolio.inputs.read_inputs", unread)
    assert main(["construct", BOOK, "major", "--date", "2025-02-28", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_tutorial_asks_for_names_and_months_that_the_twin_has():
    text = (ROOT / "docs" / "tutorial_strategy.md").read_text(encoding="utf-8")
    book = at.read_book(ROOT / "fixtures" / "twin" / "book.toml")
    list_of = book.source.table("constituents")
    index = list_of[list_of["index"] == book.strategies["major"].benchmark]
    wanted = set(re.findall(r"--what-if (\w+)=", text))
    assert wanted and wanted <= set(index["ticker"])
    assert set(re.findall(r"--held-out (\d+)", text)) == {"1"}


def test_a_walk_of_a_month_is_told_without_a_year_or_a_ratio_of_it(capsys, tmp_path):
    out = tmp_path / "walk"
    asked = ["walk", BOOK, "next_major", "--from", "2025-03", "--to", "2025-03", "--out", str(out), "--nodes", "50"]
    assert main(asked) in (0, 1)
    printed = capsys.readouterr().out
    assert "1 month: " in printed and "tracking error n/a, " in printed and "nan" not in printed
    page = (out / "walk.en.html").read_text(encoding="utf-8")
    assert "Return over these months, not annualised" in page and "nan" not in page.split("<svg")[0]
    assert main([*asked, "--format", "json"]) in (0, 1)
    figures = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))["figures"]
    assert figures["portfolio_return_a_year"] is None and figures["tracking_error"] is None
    assert figures["excess"] == pytest.approx(figures["portfolio_return"] - figures["benchmark_return"], abs=1e-12)


def test_a_walk_is_a_book_with_pages_that_say_that_nobody_held_it(capsys, tmp_path):
    out = tmp_path / "walk"
    assert main(["walk", BOOK, "major", "--from", "2025-02", "--to", "2025-03", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "simulated, nobody held these lists" in printed
    assert "what the rules brought, months linked: score " in printed
    assert (
        "2 months: " in printed and "in all, not annualised, after costs" in printed and "a year after costs" not in printed
    )
    known = "Number of trials known behind these figures: 1 (walks of the strategy"
    assert known in printed and "No out-of-sample counterpart is known" in printed
    page = (out / "walk.en.html").read_text(encoding="utf-8")
    assert "Simulated in hindsight" in page and known in page
    assert "シミュレーションです" in (out / "walk.ja.html").read_text(encoding="utf-8")
    asked = ["explain", str(out / "book.toml"), "major", "--month", "2025-03", "--format", "csv"]
    assert main([*asked, "--table", "rules"]) == 0
    told = capsys.readouterr()
    rules = read_printed(told.out)
    assert known in told.err
    assert main(asked) == 0
    factors = read_printed(capsys.readouterr().out)
    assert main([*asked, "--table", "rules", "--by", "sector"]) == 0
    assert list(read_printed(capsys.readouterr().out).columns) == ["rung", "sector", "contribution"]
    (out / "ladder.csv").write_text("date,rung\n")
    assert main([*asked, "--table", "rules"]) == 2
    assert "is no ladder as attribution walk writes it" in capsys.readouterr().err
    assert main(["risk", str(out / "book.toml"), "major", "--date", "2025-03-31", "--table", "limits"]) in (0, 1)
    assert known in capsys.readouterr().out
    assert rules["contribution"].sum() == pytest.approx(factors["contribution"].sum(), abs=1e-12)
    assert main(["explain", BOOK, "Major 100", "--month", "2025-03", "--table", "rules", "--absolute"]) == 2
    assert "--absolute has no meaning for --table rules" in capsys.readouterr().err
