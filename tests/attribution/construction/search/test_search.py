"""The search of a book's strategy: its log, its page, its command."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.cli import main
from attribution.construction.search import choices
from attribution.construction.search.figures import FIGURES, PERIODS
from attribution.construction.search.log import FILE, Log
from attribution.house_style.words import LANGUAGES, read_messages
from tests.conftest import REAL, SMALL

QUICK = {"least": 2, "most": 2, "held_out": 1, "draws": 19}
COMMAND = ["--least", "2", "--most", "2", "--held-out", "1", "--draws", "19"]


@pytest.fixture(scope="module")
def searched(strategies, small_model, small_market, tmp_path_factory):
    out = tmp_path_factory.mktemp("search")
    return at.search(strategies, "major", small_model, small_market, out=out, **QUICK)


def test_every_trial_is_logged_and_counts_for_the_next_search(searched, strategies, small_model, small_market, tmp_path):
    shutil.copytree(searched.folder, tmp_path / "major")
    first = Log.read(tmp_path / "major", "major").table
    assert first["score"].tolist() == searched.judgement.trials.names and (first["trials"] == len(first)).all()
    np.testing.assert_array_equal(first["simulated_in_sample"], searched.judgement.in_sample)
    assert [fact.key for fact in searched.said][:2] == ["search_nothing", "search_looked_once"]

    def again(**other):
        made = at.search(strategies, "major", small_model, small_market, out=tmp_path, **(QUICK | other))
        return made.judgement.earlier, made.judgement.counted, [fact.key for fact in made.said]

    number = len(first)
    earlier, counted, keys = again()
    assert (earlier.trials, earlier.looks, counted) == (0, 1, number) and keys[1] == "search_looked_again"
    earlier, counted, keys = again(figure="sharpe")
    assert (earlier.trials, earlier.looks, counted) == (number, 2, 2 * number) and keys[1] == "search_earlier"
    earlier, _, _ = again(
        factors=["value", "size", "momentum"]
    )  # three of the first search, and the strategy's own is not of them
    assert earlier.trials == 2 * number - 3 and earlier.looks == 3
    log = Log.read(tmp_path / "major", "major").table
    assert log["search"].max() == 4 and len(log) == 3 * number + 3
    assert log.groupby("search")["trials_so_far"].first().tolist() == [number, number, 2 * number, 2 * number]


def test_the_same_search_writes_the_same_bytes(searched, strategies, small_model, small_market, tmp_path):
    at.search(strategies, "major", small_model, small_market, out=tmp_path, **QUICK)
    names = {path.name for path in searched.folder.iterdir()}
    assert names == {FILE, "verdict.en.md", "verdict.ja.md"}
    for name in names:
        assert (tmp_path / "major" / name).read_bytes() == (searched.folder / name).read_bytes(), name


def test_no_figure_stands_without_the_number_of_trials_and_its_counterpart_out_of_sample(searched):
    count = searched.judgement.counted
    for name, table in searched.tables().items():
        assert (table["trials"] == count).all(), name
    assert {"in_sample", "out_of_sample"} <= set(searched.trials())
    assert set(searched.windows["window"]) >= {"in_sample", "out_of_sample"}
    assert set(searched.regimes["sample"]) == {"in_sample", "out_of_sample"}
    assert {"simulated_in_sample", "simulated_out_of_sample", "trials_so_far"} <= set(
        Log.read(searched.folder, "major").table
    )
    for fact in searched.said:
        if "in_sample" in fact.values:
            assert {"trials", "out_of_sample"} <= set(fact.values), fact.key
    for language, word in (("en", "(simulated)"), ("ja", "シミュレーション")):
        page = (searched.folder / f"verdict.{language}.md").read_text(encoding="utf-8")
        assert word in page.split("\n")[0]
        headings = [line for line in page.split("\n") if line.startswith("## ")]
        assert len(headings) == 3 and all(str(count) in line for line in headings)
    assert "simulated" in repr(searched) and f"{count:,} trials" in repr(searched)


def test_the_strategys_own_score_is_one_of_the_trials_and_is_always_shown(searched):
    table = searched.trials(2)
    assert len(table) == 3 and table["score"].iloc[-1] == searched.judgement.trials.names[searched.own]
    assert table["rank"].tolist()[:2] == [1, 2] and table["in_sample"].is_monotonic_decreasing
    whole = searched.trials(None)
    assert len(whole) == len(searched.judgement.trials) and whole["rank"].tolist() == list(range(1, len(whole) + 1))
    told = next(fact for fact in searched.said if fact.key == "search_own").values
    assert told["rank"] == table["rank"].iloc[-1] and told["in_sample"] == table["in_sample"].iloc[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_verdict_is_a_sentence_with_its_numbers(searched, language):
    words = read_messages(language, searched.style_texts)
    judgement = searched.judgement
    first = searched.sentences(words)[0]
    windows = searched.windows.set_index("window")
    for number in (
        f"{judgement.counted}",
        f"{judgement.in_sample.max():.2f}",
        f"{windows.loc['out_of_sample', 'figure']:.2f}",
        f"{windows.loc['out_of_sample', 'lower']:.2f}",
        f"{judgement.overfitting.probability:.0%}",
        f"{judgement.deflated:.2f}",
        f"{judgement.p_value:.1%}",
    ):
        assert number in first
    found = replace(judgement, p_value=0.01, deflated=0.99)
    assert found.found == (windows.loc["out_of_sample", "figure"] > 0 and searched.judgement.verdict.values["excess"] > 0)
    for row in judgement.trials.weights[judgement.chosen].nonzero()[0]:
        assert words.factor(judgement.trials.factors[row]) in first


def test_choices_have_a_meaning_each_and_words():
    assert tuple(FIGURES) == choices.FIGURES and tuple(PERIODS) == choices.FREQUENCIES
    for language in LANGUAGES:
        table = read_messages(language).table
        assert tuple(sorted(table["search_figures"])) == tuple(sorted(choices.FIGURES))
        assert set(choices.TABLES) < table["search_page"].keys()


def test_a_search_that_cannot_be_is_refused_and_leaves_no_log(strategies, small_model, small_market, tmp_path):
    for wrong, message in (
        ({"factors": ["charm", "value"]}, "factors: no factor 'charm'. There are: "),
        ({"held_out": 2}, "months: 13, of which the last 2 are held out: 11 are left to choose on, and 12 are needed."),
        ({"figure": "calmar"}, "figure: is 'calmar'. Give one of sortino, sharpe, information_ratio, return, excess."),
        ({"start": "2020-01"}, "months 2020-01 to 2025-03 are outside the prices"),
        ({"out": SMALL}, "lies in the data folder, where nothing is written"),
    ):
        with pytest.raises(at.InputError) as caught:
            at.search(strategies, "major", small_model, small_market, **({"out": tmp_path} | QUICK | wrong))
        assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_command_prints_what_the_function_finds(searched, tmp_path, capsys):
    book = str(SMALL / "strategies.toml")
    assert main(["search", book, "major", "--out", str(tmp_path), *COMMAND]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Simulated, nobody held these lists. Nothing was found: of 92 trials the best, ")
    assert "trials, simulated, of the best of 92 trials:" in text and "hypothetical" in text
    assert (
        main(["search", book, "major", "--out", str(tmp_path / "b"), *COMMAND, "--format", "json", "--table", "windows"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["facts"][0]["key"] == "search_nothing" and told["facts"][0]["trials"] == 92 and told["simulated"] is True
    pd.testing.assert_frame_equal(pd.DataFrame(told["windows"]), searched.windows, check_dtype=False, rtol=1e-12)
    (tmp_path / "major" / FILE).write_text("ticker\nA\n")
    assert main(["search", book, "major", "--out", str(tmp_path), *COMMAND]) == 2
    assert "is no log of searches: its columns are ticker" in capsys.readouterr().err
    assert main(["search", book, "major", "--out", str(tmp_path / "c"), *COMMAND, "--weights", "1,much"]) == 2
    assert "--weights '1,much': write numbers with commas between" in capsys.readouterr().err


@pytest.mark.real_market
@pytest.mark.slow
def test_the_real_market_is_searched_and_the_verdict_is_what_it_is(real_model, real_market, tmp_path):
    text = (REAL / "book.toml").read_text(encoding="utf-8")
    strategy = '\n[strategies.major]\nbenchmark = "S&P 500"\nscore = { profitability = 1, surprise = 1, value = 1 }\n'
    (tmp_path / "book.toml").write_text(text.replace('data = "."', f'data = "{REAL}"') + strategy)
    book = at.read_book(tmp_path / "book.toml")
    made = at.search(book, "major", real_model, real_market, out=tmp_path / "out", draws=19)
    assert len(made.judgement.trials) == 6370
    assert made.judgement.in_sample.max() > 1 and made.windows["months"].tolist() == [13, 12, 13]
    assert not made.judgement.found
