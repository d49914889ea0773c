"""Exports as they come: titles, two headers alike, another point than the stated one, a column that is not there."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.errors import InputError
from riskmodel.market.sources.cells import Cells, numbers
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import How, TableMap
from riskmodel.market.sources.recognition.evidence.values import shape_of

HEADER = "date,ticker,close,total_return,volume"
OF_PATTERNS = ["*", "**", "?", "/", ".", "..", "[", "]", "{date}", "{close}", "px", "\0", "é" * 200]


def cells(*values: object) -> Cells:
    return Cells(pd.Series(values, index=range(2, 2 + len(values)), dtype=object), "x.csv 'Kurs'")


def written(folder: Path, text: str, name: str = "feed.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path, stated: TableMap, name: str = "prices") -> str:
    with pytest.raises(InputError) as refused:
        Exports(folder, {name: stated}).table(name)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("540.800", How(decimal=",")),  # 540,800 shares, a thousandfold less where the point is taken for a decimal one
        ("19,1900", How(thousands=",")),
        ("28.6352", How(decimal=",", thousands=".")),
        ("1.2.345,5", How(decimal=",", thousands=".")),
        ("1234.567,5", How(decimal=",", thousands=".")),
        ("1,23", How(thousands=",")),  # 1.23 where the comma is a decimal one
        ("123,45,678", How(thousands=",")),
        ("1,23,45", How(thousands=",")),
        ("1.00.000", How(decimal=",", thousands=".")),  # groups of two are parted by commas
    ],
)
def test_a_point_that_is_not_the_stated_one_is_no_number(text, how):
    _, problems = numbers(cells(text), how, None)
    assert problems == [f"x.csv 'Kurs': 1 cell is no number: row 2 '{text}'. State decimal, thousands or missing"]


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("-1.234.567,25", How(decimal=",", thousands="."), -1234567.25),
        ("1234567,25", How(decimal=",", thousands="."), 1234567.25),
        ("1\u202f234,5", How(decimal=",", thousands=" "), 1234.5),
        ("1’234.5", How(thousands="'"), 1234.5),
        ("(1,234)", How(thousands=","), -1234.0),
        ("3,77,715.99", How(thousands=","), 377715.99),
        ("-1,00,00,000", How(thousands=","), -1e7),
        ("(12,34,567.5)", How(thousands=","), -1234567.5),
        (" - ", How(missing="-"), np.nan),
        ("-999", How(missing=" -999 "), np.nan),
        (-999.0, How(missing="-999"), np.nan),
    ],
)
def test_thousands_are_grouped_and_what_stands_for_nothing_is_nothing(text, how, value):
    read, problems = numbers(cells(text), how, None)
    assert problems == []
    np.testing.assert_equal(read.tolist(), [value])


def test_lakhs_and_millions_in_one_column_are_refused():
    _, problems = numbers(cells("3,77,715.99", "1,00,000", "5,051.68", "123,456", 7), How(thousands=","), None)
    assert problems == ["x.csv 'Kurs': 1 cell is no number: row 5 '123,456'. State decimal, thousands or missing"]
    _, problems = numbers(cells("1,00,000", "123,456", "1,234,567"), How(thousands=","), None)
    assert "1 cell is no number: row 2 '1,00,000'" in problems[0]


@pytest.mark.parametrize(
    ("texts", "points"),
    [
        (["3,77,715.99", "-1,00,00,000", "(4,531.85)", "0.5"], ((".", ","),)),
        (["3,77,715.99", "123,456"], ()),
        (["1,23"], ((",", ""), (",", "."), (",", " "), (",", "'"))),
    ],
)
def test_cells_in_lakhs_and_crores_are_seen_as_numbers(texts, points):
    assert shape_of(pd.Series(texts)).points == points


def test_a_column_of_numbers_has_what_stands_for_nothing_too():
    read, problems = numbers(Cells(pd.Series([-999.0, 1.5]), "x.parquet"), How(missing="-999"), "cents")
    np.testing.assert_equal((read.tolist(), problems), ([np.nan, 0.015], []))


def test_a_decimal_point_is_not_what_groups_the_thousands():
    with pytest.raises(ValueError, match="decimal and thousands are both ','"):
        How(decimal=",", thousands=",")


def test_lines_above_the_header_have_as_many_cells_as_they_like(tmp_path):
    folder = written(tmp_path, f"Kursliste, Stand\n\n{HEADER}\n2025-03-03,A,1.5,,7\n2025-03-04,A,x,,7\n")
    assert "row 5 'x'" in refusal(folder, TableMap(file="feed.csv", skip=2))
    written(tmp_path, f"Kursliste\n{HEADER},\n2025-03-03,A,1.5,,7,\n")
    read = Exports(folder, {"prices": TableMap(file="feed.csv", skip=1)}).table("prices")
    assert read is not None
    assert read["close"].tolist() == [1.5]


def test_a_file_that_ends_above_its_header_is_refused(tmp_path):
    folder = written(tmp_path, f"{HEADER}\n")
    assert refusal(folder, TableMap(file="feed.csv", skip=9)).startswith("prices: 'feed.csv' cannot be read (")
    pytest.importorskip("openpyxl")
    pd.DataFrame().to_excel(tmp_path / "feed.xlsx")
    assert refusal(folder, TableMap(file="feed.xlsx", skip=9)) == (
        "prices: 'feed.xlsx' has no header under 9 lines to skip. Correct the file, or skip."
    )


def test_two_columns_with_one_header_are_refused(tmp_path):
    folder = written(tmp_path, "date,ticker,close,close\n2025-03-03,A,1,2\n")
    assert refusal(folder, TableMap(file="feed.csv")) == (
        "prices: feed.csv has 2 columns 'close'. Give each a header of its own."
    )
    written(tmp_path, "date,A,A\n2025-03-03,1,2\n")
    stated = TableMap.model_validate({"layout": "wide", "fields": {"close": {"file": "feed.csv"}}})
    assert refusal(folder, stated) == (
        "prices: feed.csv has 2 columns 'A'. Give each a header of its own. "
        "Where the header is the line below, state skip in [tables.prices]."
    )
    written(tmp_path, "Feed of,2025-03-04,,\ndate,ticker,close,x\n2025-03-03,A,1,2\n")
    told = refusal(folder, TableMap(file="feed.csv", columns={"close": "close"}))
    assert told.endswith(" Row 2 has it: where that is the header, state skip = 1 in [tables.prices].")


def test_what_a_column_is_worked_out_from_is_there(tmp_path):
    folder = written(tmp_path, f"{HEADER}\n2025-03-03,A,1.5,,7\n")
    assert refusal(folder, TableMap(file="feed.csv", derived={"total_return": "total_return_index"})) == (
        "prices: [tables.prices] has no column 'total_return_index', from which others are worked out. State columns = "
        '{ total_return_index = "..." }.'
    )
    written(tmp_path, "portfolio,date,weight\nm,2025-03-03,1\n")
    assert "no column 'ticker'" in refusal(folder, TableMap(file="feed.csv", identifiers="isin"), "holdings")


@pytest.mark.parametrize("file", ["", "/feed.csv"])
def test_a_file_is_a_path_from_the_data_folder(tmp_path, file):
    assert refusal(tmp_path, TableMap(file=(file,))) == (
        f"prices: file '{file}' in [tables.prices] is no path from the data folder. Write it as one."
    )


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("px_{date}*.csv", ["2025-03-03", "2025-03-04"]),
        ("px_{date}**.csv", ["2025-03-03", "2025-03-04"]),
        ("px_{date}?final.csv", ["2025-03-04"]),
        ("./px_{date}_*.csv", ["2025-03-04"]),
        ("old//{date}/px_{date}.csv", ["2025-03-05"]),
        ("old/{date}/**", ["2025-03-05"]),
        ("**/px_{date}*.csv", ["2025-03-03", "2025-03-04", "2025-03-05"]),
        ("{ticker}x_{date}*.csv", ["2025-03-03", "2025-03-04"]),
    ],
)
def test_a_pattern_is_read_as_it_is_meant(tmp_path, file, read):
    header = HEADER.replace("date,", "")
    for name in ("px_2025-03-03.csv", "px_2025-03-04_final.csv", "old/2025-03-05/px_2025-03-05.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        written(tmp_path, f"{header}\nA,1.5,,7\n", name)
    (tmp_path / "px_2025-03-06.csv.csv").mkdir()
    source = Exports(tmp_path, {"prices": TableMap(file=file)})
    prices = source.table("prices")
    assert prices is not None and prices["date"].dt.strftime("%Y-%m-%d").sort_values().tolist() == read
    assert len(source.hashes()) == 1 + len(read)
    assert set(prices["ticker"]) == ({"p"} if "ticker" in file else {"A"})


@given(parts=st.lists(st.sampled_from(OF_PATTERNS), max_size=8))
def test_any_pattern_is_read_or_refused_in_our_words(parts, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "patterns"
    folder.mkdir(exist_ok=True)
    written(folder, f"{HEADER}\n2025-03-03,A,1.5,,7\n", "px.csv")
    source = Exports(folder, {"prices": TableMap(file=("".join(parts),))})
    with contextlib.suppress(InputError):
        source.table("prices")
    with contextlib.suppress(InputError):
        source.hashes()


def test_a_name_with_brackets_is_a_name(tmp_path):
    folder = written(tmp_path, f"{HEADER}\n2025-03-03,A,1.5,,7\n", "feed [1].csv")
    assert Exports(folder, {"prices": TableMap(file="feed [1].csv")}).table("prices") is not None


def test_closes_are_found_whatever_the_unit_of_the_days(tmp_path):
    days = pd.to_datetime(["2025-03-03"])
    prices = {"date": days.as_unit("ns"), "ticker": ["A"], "close": [2.0], "total_return": [np.nan], "volume": [1.0]}
    pd.DataFrame(prices).to_parquet(tmp_path / "prices.parquet", index=False)
    shares = pd.DataFrame({"ticker": "A", "available_from": days.as_unit("us"), "market_cap": [10.0]})
    shares.to_parquet(tmp_path / "caps.parquet", index=False)
    stated = TableMap(file="caps.parquet", derived={"shares_out": "market_cap / close"})
    read = Exports(tmp_path, {"shares": stated}).table("shares")
    assert read is not None
    assert read["shares_out"].tolist() == [5.0]
    written(tmp_path, "ticker,available_from,market_cap\nA,2025-03-03,10\nA,,10\n", "caps.csv")
    assert "empty cell" in refusal(tmp_path, stated.model_copy(update={"file": ("caps.csv",)}), "shares")
