"""A book over exports explains a month as the book over the tidy tables that they were made from."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

import attribution as at
from attribution.portfolio.inputs import read_inputs
from riskmodel.market.tables import read_table
from tests.conftest import SHORT, SMALL

STATED = """
[tables.prices]
file = "feed/prices_*.csv"
delimiter = ";"
decimal = ","
encoding = "cp932"
dates = "YYYYMMDD"
columns = { date = "日付", ticker = "コード", close = "終値", total_return = "騰落率", volume = "出来高" }
units = { total_return = "percent", volume = "thousands" }
missing = ["-"]

[tables.holdings]
file = "custodian/{portfolio}_{date}.csv"
dates = "YYYY-MM-DD"
columns = { ticker = "Ticker", market_value = "Market value" }
derived = { weight = "market_value" }
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Seven months of the shipped book, prices and lists as exports: the folder, and book and market over tidy tables."""
    folder = tmp_path_factory.mktemp("mapped") / "small"
    shutil.copytree(SMALL, folder)
    path = folder / "book.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("2024-03-01 ", "2024-10-01 "), encoding="utf-8")
    tables = {name: read_table(SMALL, name) for name in ("prices", "holdings")}
    prices, holdings = (table[table["date"] >= SHORT] for table in tables.values())
    for name, table in (("prices", prices), ("holdings", holdings)):
        (folder / f"{name}.csv").unlink(missing_ok=True)
        table.to_parquet(folder / f"{name}.parquet", index=False)
    tidy = at.read_book(path)
    market = read_inputs(tidy)
    names = {"date": "日付", "ticker": "コード", "close": "終値", "total_return": "騰落率", "volume": "出来高"}
    out = prices.assign(
        date=prices["date"].dt.strftime("%Y%m%d"), total_return=prices["total_return"] * 100, volume=prices["volume"] / 1000
    )
    (folder / "feed").mkdir()
    (folder / "custodian").mkdir()
    for month, rows in out.groupby(out["date"].str[:6]):
        rows[list(names)].rename(columns=names).to_csv(
            folder / "feed" / f"prices_{month}.csv", sep=";", decimal=",", encoding="cp932", na_rep="-", index=False
        )
    for (portfolio, date), rows in holdings.groupby(["portfolio", "date"]):
        values = pd.DataFrame({"Ticker": rows["ticker"], "Market value": rows["weight"] * 1e9})
        values.to_csv(folder / "custodian" / f"{portfolio}_{pd.Timestamp(date):%Y-%m-%d}.csv", index=False)
    for own in [*folder.glob("prices.*"), *folder.glob("holdings.*")]:
        own.unlink()
    path.write_text(path.read_text(encoding="utf-8") + STATED, encoding="utf-8")
    return folder, tidy, market


@pytest.fixture
def mapped(made, tmp_path):
    """The book over tidy tables, its market, and the book over a copy of the exports that a test may change."""
    folder, tidy, market = made
    return tidy, market, at.read_book(shutil.copytree(folder, tmp_path / "small") / "book.toml")


def test_a_month_is_the_same_out_of_exports(mapped):
    tidy, market, book = mapped
    exported = read_inputs(book)
    for name in ("close", "total_return", "volume", "market_cap"):
        pd.testing.assert_frame_equal(exported[name].to_pandas(), market[name].to_pandas(), rtol=1e-12, atol=1e-15)
    weights = [each.holdings.set_index(["portfolio", "date", "ticker"])["weight"].sort_index() for each in (book, tidy)]
    pd.testing.assert_series_equal(*weights, rtol=1e-12)
    performance = [
        at.course_figures(each, "Major 100", read, period="2025-03").set_index("measure")["value"]
        for each, read in ((book, exported), (tidy, market))
    ]
    pd.testing.assert_series_equal(*performance, rtol=1e-10)
    hashes = book.source.hashes()
    assert {"prices.feed/prices_202503.csv", "prices.mapping", "holdings.mapping", "shares.csv"} <= set(hashes)
    assert {len(digest) for digest in hashes.values()} == {64}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'delimiter = ";"',
            'delimeter = ";"',
            "unknown key 'delimeter' in \\[tables.prices\\]. Known keys: beginnings, cash, columns, constant",
        ),
        ("[tables.prices]", "[tables.price]", "no table 'price' in \\[tables\\]. They are: prices, splits"),
        ('"YYYYMMDD"', '"YYYYDD"', "'dates' in \\[tables.prices\\]: .*write the form of a day with YYYY, MM and DD"),
        (
            'volume = "thousands"',
            'volume = "dozens"',
            "'volume' in \\[tables.prices.units\\]: 'dozens' is no unit; write one of percent, ",
        ),
        (
            'delimiter = ";"',
            "skip = -1",
            "'skip' in \\[tables.prices\\]: .*-1; give a whole number of lines above the header from 0",
        ),
        ("feed/prices_*.csv", "feed/kurse_*.csv", "no file 'feed/kurse_\\*.csv', which \\[tables.prices\\] names"),
        ('close = "終値"', 'close = "始値"', "prices_202409.csv has no column '始値'.*Found: 日付, コード"),
        ('weight = "market_value"', 'weight = "value"', "'weight' cannot be worked out as 'value'. What can: weight = "),
        ("{portfolio}_{date}", "{portfolio}_{day}", "has {day}, which is no column of the table. Its columns: portfolio"),
    ],
)
def test_what_is_stated_wrongly_is_told_with_what_there_is(mapped, old, new, message):
    _, _, book = mapped
    text = book.path.read_text(encoding="utf-8")
    assert old in text
    book.path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(at.InputError, match=message):
        read_inputs(at.read_book(book.path))


def test_what_is_wrong_with_lists_and_with_prices_is_told_at_once(mapped):
    _, _, book = mapped
    text = book.path.read_text(encoding="utf-8")
    text = text.replace('volume = "thousands" }', 'volume = "thousands" }\nthousands = "\'"').replace(
        'decimal = ","', 'decimal = "."'
    )
    book.path.write_text(text.replace('market_value = "Market value"', 'market_value = "Ticker"'), encoding="utf-8")
    with pytest.raises(at.InputError) as refused:
        at.read_book(book.path)
    assert str(refused.value).startswith("2 tables cannot be used. (1) holdings: major_2024-09-30.csv 'Ticker': ")
    assert " (2) prices: prices_202409.csv '終値': " in str(refused.value)
