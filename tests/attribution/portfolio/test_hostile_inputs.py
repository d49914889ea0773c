"""Inputs that once gave a wrong number, a traceback or a damaged file, and what they must give."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.cli import main
from attribution.measures.performance import follow_book, performance_table, trailing_table
from attribution.reporting.edited import read_commentary
from attribution.reporting.files import measured_before, require_writable, write_whole
from riskmodel.market.sources import Folder
from riskmodel.texts import visible
from tests.conftest import SMALL, SMALL_MONTH


def changed_book(folder: Path, *changes: tuple[str, str]) -> Path:
    path = folder / "book.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def refusal(book: Path) -> str:
    with pytest.raises(at.InputError) as caught:
        at.report(at.read_book(book), month=SMALL_MONTH, out=book.parent.parent / "never", formats="html")
    assert not (book.parent.parent / "never").exists()
    return str(caught.value)


def test_of_two_lists_at_one_close_the_later_counts(small_copy, small_model, small_market):
    folder, read, write = small_copy
    holdings = read("holdings")
    last = holdings[(holdings["portfolio"] == "major") & (holdings["date"] == "2025-02-28")]
    other = last.iloc[[0, 1]].assign(date=pd.Timestamp("2025-03-01"), weight=0.5)  # a Saturday
    write("holdings", pd.concat([holdings, other], ignore_index=True))
    result = at.attribute(at.read_book(folder / "book.toml"), "Major 100", small_model, small_market, period=SMALL_MONTH)
    held = result.stocks.set_index("ticker")["weight_start"]
    assert held[held > 0].to_dict() == dict.fromkeys(other["ticker"], 0.5)


def test_a_store_never_takes_the_place_of_another_file(small_copy, tmp_path):
    precious = tmp_path / "precious.xlsx"
    precious.write_bytes(b"mine")
    book = changed_book(small_copy[0], ("[limits]", '[model]\nstore = "../precious.xlsx"\n[limits]'))
    message = refusal(book)
    assert message.endswith("is another file, and is not overwritten. Set [model] store to a new name.")
    assert precious.read_bytes() == b"mine"


def test_a_store_in_the_data_folder_is_refused(small_copy):
    book = changed_book(small_copy[0], ("[limits]", '[model]\nstore = "sub/model.nc"\n[limits]'))
    assert "lies in the data folder, where nothing is written" in refusal(book)


def test_a_risk_band_around_an_index_that_is_not_there_is_refused(small_copy):
    book = changed_book(small_copy[0], ('risk_band = { index = "Large Index"', 'risk_band = { index = "Larger Index"'))
    assert refusal(book) == (
        "book.toml: no index 'Larger Index', which risk_band in [limits] asks for. "
        "Name one of [benchmarks]: Large Index, Small Index."
    )


@pytest.mark.parametrize(
    ("data", "out", "message"),
    [
        ("small", "small", r"'.*small' is the data folder, where nothing is written\. Name another folder\."),
        ("small", "small/a/b", r"'.*b' lies in the data folder, where nothing is written\."),
        ("small", "link/out", r"'.*out' lies in the data folder, where nothing is written\."),
        ("tables", ".", r"writes its tables into the data folder, where nothing is written\."),
        ("small", "circle", r"'.*circle' is a link that leads back to itself\. Name a folder\."),
        ("small", "x" * 300, r"cannot write in '.*x\.\.\. \(File name too long\)\. Name another folder\."),
    ],
)
def test_an_output_beside_the_data_or_nowhere_is_refused_before_any_work(tmp_path, data, out, message):
    (tmp_path / data).mkdir()
    (tmp_path / "link").symlink_to(data)
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(at.InputError, match=message):
        require_writable(tmp_path / out, SimpleNamespace(source=Folder(tmp_path / data)))
    assert list((tmp_path / data).iterdir()) == []


def test_a_link_to_a_folder_that_is_still_to_be_made_is_followed(tmp_path):
    (tmp_path / "out").symlink_to("real")
    write_whole(tmp_path / "out", {"report.en.html": b"page", "manifest.json": b"{}"})
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / "report.en.html").read_bytes() == b"page"


def test_a_store_of_the_book_is_found_updated_and_used(short_copy, tmp_path, capsys):
    book = changed_book(short_copy[0], ("[limits]", '[model]\nstore = "../model.nc"\n[limits]'))
    _, read, write = short_copy
    prices = read("prices")
    write("prices", prices[prices["date"] <= "2025-03-21"])
    assert main(["fit", str(book)]) == 0
    write("prices", prices)
    assert main(["fit", str(book)]) == 0
    assert "updated; store: " in capsys.readouterr().out
    write("prices", prices.assign(close=prices["close"].where(prices["ticker"] != "NA", prices["close"] / 2)))
    assert main(["fit", str(book)]) == 0
    printed = capsys.readouterr().out
    assert "fitted; store: " in printed
    assert "model: the history of 1 asset has changed under the earlier fit: NA." in printed


def test_a_changed_sign_or_a_swap_of_facts_is_a_changed_history(small_model, small_market):
    returns = small_market["total_return"].to_numpy()
    day, asset = (int(i) for i in np.argwhere(np.isfinite(returns) & (returns != 0))[500])
    later = day + 1 + int(np.argmax(np.isfinite(returns[day + 1 :, asset])))
    for flipped in (
        [-1, -1],
        [2, 2],
        [returns[later, asset] / returns[day, asset], returns[day, asset] / returns[later, asset]],
    ):
        values = returns.copy()
        values[[day, later], asset] *= flipped
        with pytest.raises(rm.InputError, match="has changed under the earlier fit"):
            rm.RiskModel().update(small_model, small_market.assign(total_return=(("time", "asset"), values)))


def test_a_month_that_the_inception_cuts_is_the_attributions_month(small_copy, small_model, small_market):
    path = changed_book(small_copy[0], ("\ninception = 2024-03-01", "\ninception = 2025-03-12"))
    book = at.read_book(path)
    assert book.book.track_record_start < book.book.inception
    history = follow_book(book, small_market, SMALL_MONTH)
    ranking = performance_table(history, book, SMALL_MONTH).set_index("course")
    trailing = trailing_table(history, book, small_market, SMALL_MONTH).set_index("name")
    for course in book.courses:
        result = at.attribute(book, course, small_model, small_market, period=SMALL_MONTH)
        assert ranking.loc[course, "return"] == pytest.approx(result.portfolio_return, abs=1e-14)
        assert ranking.loc[course, "benchmark_return"] == pytest.approx(result.benchmark_return, abs=1e-14)
        assert trailing.loc[course, "itd"] == pytest.approx(result.portfolio_return, abs=1e-14)
        assert np.isnan(trailing.loc[course, "1m"])
        assert np.isfinite(trailing.loc[course, "sharpe"])


@pytest.mark.parametrize("first", ["2025-01-15", "2025-04-30"])
def test_an_index_that_starts_late_has_no_return_since_inception(small_copy, first):
    folder, read, write = small_copy
    indices = read("indices")
    late = pd.Timestamp(first) if first < "2025-04" else pd.Timestamp("2025-03-31")
    write("indices", indices[(indices["index"] != "Wide Index") | (indices["date"] >= late)])
    book, market = at.read_book(folder / "book.toml"), rm.read_market(folder)
    trailing = trailing_table(follow_book(book, market, SMALL_MONTH), book, market, SMALL_MONTH).set_index("name")
    assert np.isnan(trailing.loc["Wide Index", ["itd", "1y", "sharpe"]].astype(float)).all()


def test_a_held_name_priced_again_after_a_long_gap_is_told_as_such(small_copy):
    folder, read, write = small_copy
    prices = read("prices")
    days = np.sort(prices.loc[prices["date"] >= "2025-03-10", "date"].unique())[:6]
    write("prices", prices[~((prices["ticker"] == "TRUE") & prices["date"].isin(days))])
    book = changed_book(folder, ('delisted = "cash"', 'delisted = "error"'))
    message = refusal(book)
    assert "TRUE (last trade 2025-03-07, held since 2025-02-28, priced again from 2025-03-18 after a longer gap)" in message


def test_yearly_rates_are_not_taken_for_daily_ones(small_copy):
    folder, read, write = small_copy
    write("rates", read("rates").assign(risk_free=0.005))
    assert "They look like yearly rates or percent; give the decimal return of the day." in refusal(folder / "book.toml")


def test_a_rate_of_a_session_is_that_of_the_days_since_the_session_before(small_copy):
    folder, read, write = small_copy
    rates = read("rates")
    days = rates["date"].diff().dt.days.fillna(1)
    assert days.max() >= 4
    write("rates", rates.assign(risk_free=0.11 * days / 360))  # 0.122 % over four days
    market = rm.read_market(folder)
    assert market["risk_free"].max() == pytest.approx(0.11 * days.max() / 360, rel=1e-12)
    monday = rates["date"][days == 3].iloc[0]
    weekend = pd.DataFrame({"date": [monday - pd.Timedelta("1D")], "risk_free": [0.0001]})
    write("rates", rates.assign(risk_free=0.0012 * days))
    with pytest.raises(at.InputError, match=rf"rates: {len(rates)} risk_frees above 0\.1% a day: "):
        rm.read_market(folder)
    write("rates", pd.concat([rates.assign(risk_free=(0.0015 * (rates["date"] == monday))), weekend]))
    with pytest.raises(at.InputError, match=f"1 risk_free above 0.1% a day: {monday:%Y-%m-%d}"):  # which has Sunday's too
        rm.read_market(folder)


@pytest.mark.parametrize("rate", ["2.0", "nan", "inf", "-1.5"])
def test_an_impossible_rate_of_the_book_is_refused(small_copy, rate):
    book = changed_book(small_copy[0], ('risk_free = "rates"', f"risk_free = {rate}"))
    with pytest.raises(at.InputError, match=r"book.toml: 'risk_free' in \[book\]"):
        at.read_book(book)


@pytest.mark.parametrize("name", ["specific", "CASH", "market", "value"])
def test_a_sector_that_cannot_stand_beside_the_factors_is_refused(small_copy, name):
    folder, read, write = small_copy
    table = read("securities")
    table.loc[0, "sector"] = name
    write("securities", table)
    assert "securities: 1 sector with a reserved name: " in refusal(folder / "book.toml")


@pytest.mark.parametrize(
    ("table", "column", "value"), [("shares", "shares_out", 0.0), ("splits", "ratio", -2.0), ("fx", "rate", 0)]
)
def test_what_must_be_above_zero_is_told_by_table_and_row(small_copy, table, column, value):
    folder, read, write = small_copy
    frame = read(table)
    frame.loc[1, column] = value
    write(table, frame)
    assert refusal(folder / "book.toml").startswith(f"{table}: 1 value of '{column}' not above zero: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"Major 100" = { major = 1.0 }', '"major" = { next_major = 1.0 }'), "course 'major' has the name of a sleeve"),
        (('"Major 100"', '"Average"'), "course 'Average' has the name of another row"),
        (('"Major 100"', '"Wide Index"'), "course 'Wide Index' has the name of another row"),
        (("major = 0.7,", "major = nan,"), "'major' in .courses.Major 70 : Next 30.: nan; give a decimal from 0 to 1"),
    ],
)
def test_names_that_would_hide_each_other_are_refused(small_copy, change, message):
    with pytest.raises(at.InputError, match=message):
        at.read_book(changed_book(small_copy[0], change))


def test_a_list_of_which_most_weight_has_no_prices_is_refused(small_copy):
    folder, read, write = small_copy
    lists = read("constituents")
    gone = (lists["date"] == "2025-02-28") & (lists["index"] == "Large Index")
    lists.loc[gone, "ticker"] = "X" + lists.loc[gone, "ticker"]
    write("constituents", lists)
    message = refusal(folder / "book.toml")
    assert message.startswith(
        "constituents: 1 list of 'Large Index' with less than 80% of the weight in names that have prices:"
    )


def test_a_csv_with_a_column_twice_or_rows_too_long_is_refused(small_copy):
    folder, _, _ = small_copy
    path = folder / "rates.csv"
    text = path.read_text()
    path.write_text(text.replace("date,risk_free", "date,risk_free,risk_free").replace("\n2", ",0\n2"))
    with pytest.raises(at.InputError, match="rates: "):
        rm.read_market(folder)


def test_a_report_of_a_run_of_months_is_refused(tmp_path):
    with pytest.raises(at.InputError, match="month '2025-01/2025-03': a report is of one month, written YYYY-MM"):
        at.report(at.read_book(SMALL / "book.toml"), month="2025-01/2025-03", out=tmp_path / "out")


def test_a_file_where_a_folder_must_be_changes_nothing(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "tables").write_text("mine")
    with pytest.raises(at.InputError, match=r"is in the place of 'tables/performance\.csv'"):
        write_whole(out, {"report.en.html": b"page", "tables/performance.csv": b"table", "manifest.json": b"{}"})
    assert sorted(path.name for path in out.iterdir()) == ["tables"]


def test_a_strange_manifest_removes_nothing_of_the_users(tmp_path):
    out = tmp_path / "out"
    (out / "tables").mkdir(parents=True)
    kept = {"thesis.doc": "mine", "report.ja.html": "edited by hand"}
    for name, text in kept.items():
        (out / name).write_text(text)
    (out / "tables/risk.csv").write_text("stale")
    stale = hashlib.sha256(b"stale").hexdigest()
    listed = {"thesis.doc": "", "../x": "", "report.ja.html": hashlib.sha256(b"other").hexdigest(), "tables/risk.csv": stale}
    (out / "manifest.json").write_text(json.dumps({"outputs": listed}))
    write_whole(out, {"report.en.html": b"page", "manifest.json": b"{}"})
    assert {name: (out / name).read_text() for name in kept} == kept
    assert not (out / "tables/risk.csv").exists()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, '{"edited": [[]]}', "[1]", "\0"])
def test_a_manifest_that_is_meant_to_hurt_is_none(tmp_path, text):
    out = tmp_path / "out"
    write_whole(out, {"report.en.html": b"page", "manifest.json": b"{}"})
    (out / "manifest.json").write_text(text)
    assert measured_before(out / "commentary.en.md") is False
    write_whole(out, {"report.en.html": b"new", "manifest.json": b"{}"})
    assert (out / "report.en.html").read_bytes() == b"new"


@pytest.mark.parametrize("path", ["/dev/zero", "long.md"])
def test_a_commentary_or_book_without_an_end_is_refused_at_once(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long.md").write_bytes(b"x" * 2_000_000)
    with pytest.raises(at.InputError, match=r"has more than 1,000,000 bytes, which no commentary has\.$"):
        read_commentary(Path(path), SMALL_MONTH, ["en"], ["analyst"])
    with pytest.raises(at.InputError, match="has more than 1,000,000 bytes, which no such file needs"):
        at.read_book(path)


@pytest.mark.parametrize("word", ["\udcff", "a\x1b[31m", "\ud800"])
def test_a_grouping_by_no_name_is_refused_in_one_line(word, capsys):
    assert main(["explain", str(SMALL / "book.toml"), "Major 100", "--month", SMALL_MONTH, f"--by={word}"]) == 2
    said = capsys.readouterr().err
    assert said.endswith(f"'{visible(word)}' is no name of a column. Name one of the table.\n") and said.count("\n") == 1


def test_an_output_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(at.InputError, match=r"is a file\. Name a folder\."):
        at.report(at.read_book(SMALL / "book.toml"), month=SMALL_MONTH, out=tmp_path / "file" / "sub")


def test_a_cache_that_cannot_be_written_is_said_and_stops_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["explain", str(SMALL / "book.toml"), "Major 100", "--month", SMALL_MONTH]) == 0
    assert "model store: cannot make the folder" in capsys.readouterr().err
