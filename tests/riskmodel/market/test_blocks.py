"""A market read some sessions at a time is the same market."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.blocks import open_blocks
from tests.conftest import SMALL
from tests.riskmodel.builders import random_tables, write_tables

WINDOWS = [(199, 203), (330, 416)]


def in_years(folder, read):
    """The prices as a file a year, as large ones lie."""
    prices = read("prices")
    (folder / "prices.parquet").unlink()
    (folder / "prices").mkdir()
    for year, rows in prices.groupby(prices["date"].dt.year):
        rows.to_parquet(folder / "prices" / f"{year}.parquet", index=False)
    return folder


def in_duckdb(
    folder, read, names=("prices", "shares", "securities", "fundamentals", "earnings", "indices", "constituents", "splits")
):
    """All tables in one DuckDB file."""
    duckdb = pytest.importorskip("duckdb", reason="the extra 'sources' is not installed")
    with duckdb.connect(str(folder / "all.duckdb")) as connection:
        for name in names:
            connection.register("given", read(name))
            connection.execute(f"create table {name} as select * from given")
    return folder / "all.duckdb"


@pytest.mark.parametrize("form", [None, in_years, in_duckdb], ids=["file", "years", "duckdb"])
def test_a_window_is_the_market_of_its_sessions(small_market, small_copy, form):
    folder, read, _ = small_copy
    blocks = open_blocks(SMALL if form is None else form(folder, read))
    assert blocks.sessions.equals(small_market.get_index("time"))
    assert blocks.assets.tolist() == small_market["asset"].to_numpy().tolist()
    for start, stop in WINDOWS[: 2 if form is None else 1]:
        window, whole = blocks.window(start, stop), small_market.isel(time=slice(start, stop))
        for name in set(window.variables) - {"unaligned", "evidence", "life"}:
            xr.testing.assert_equal(window[name], whole[name])
        alive, own = whole["life"].to_numpy() >= 0, window["life"].to_numpy()
        assert ((own >= 0) == alive).all()  # lives are numbered from the window on: what counts is where one ends
        moved = np.where(alive, whole["life"].to_numpy() - own, np.nan)
        there = alive.any(axis=0)
        assert (np.nanmax(moved[:, there], axis=0) == np.nanmin(moved[:, there], axis=0)).all()


def test_what_is_doubtful_in_the_prices_is_found_in_the_windows(small_market):
    blocks = open_blocks(SMALL)
    found = pd.concat([rm.evidence_report(blocks.window(part.start, part.stop)) for part in blocks.blocks(250)])
    whole = rm.evidence_report(small_market)
    assert set(zip(whole["key"], whole["ticker"], strict=True)) <= set(zip(found["key"], found["ticker"], strict=True))


def test_no_more_rows_are_read_than_those_of_the_window(monkeypatch):
    read, blocks = [], open_blocks(SMALL)
    between = type(blocks.prices).between

    def counting(self, first, last):
        rows = between(self, first, last)
        read.append(rows["date"].nunique())
        return rows

    monkeypatch.setattr(type(blocks.prices), "between", counting)
    blocks.window(200, 221)
    assert read == [21 + 7]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("csv", r"prices: cannot be read some dates at a time from here\. Write them under our names as Parquet files"),
        ("finals", r"finals: a market with ends of lives, or a close of 0, is not read in blocks of sessions yet"),
        ("counts", r"shares: all 40 values of 'shares_out' are 1e\+06"),
        ("empty", r"prices: no row\. Give the prices of every session"),
    ],
)
def test_what_cannot_be_read_in_blocks_is_refused(tmp_path, wrong, message):
    tables = random_tables(assets=40, sessions=70, seed=1)
    if wrong == "finals":
        gone = pd.DataFrame({"ticker": ["T001"], "date": tables["prices"]["date"].max(), "value": 0.0})
        tables["finals"] = gone.astype({"ticker": "str"})
    if wrong == "counts":
        tables["shares"] = tables["shares"].drop_duplicates("ticker").assign(shares_out=1e6)
    if wrong == "empty":
        tables["prices"] = tables["prices"].iloc[:0]
    folder = write_tables(tmp_path, tables, "csv" if wrong == "csv" else "parquet")
    with pytest.raises(rm.InputError, match=message):
        open_blocks(folder).window(0, 70)


def a_time_of_day(prices):
    last = prices["date"].max()
    return prices.assign(date=prices["date"].mask(prices["date"] == last, last + pd.Timedelta(hours=16)))


REFUSED = {
    "time of day": (a_time_of_day, r"prices: 40 cells of 'date' carry a time of day: .* Give plain dates, YYYY-MM-DD"),
    "time zone": (
        lambda prices: prices.assign(date=prices["date"].dt.tz_localize("UTC")),
        r"prices: column 'date' carries a time zone \(\S+\)",
    ),
    "no date": (
        lambda prices: prices.assign(date=prices["date"].where(prices.index != 3)),
        r"prices: 1 empty cell in 'date' \(rows \(empty\) T003\)",
    ),
    "no ticker": (
        lambda prices: prices.assign(ticker=prices["ticker"].where(prices.index != 3, None)),
        r"prices: 1 empty cell in 'ticker' \(rows .* \(empty\)\)",
    ),
    "numbers": (
        lambda prices: prices.assign(ticker=prices["ticker"].str[1:].astype(int)),
        r"prices: column 'ticker' holds int64 values, not text|'ticker' in table 'prices' of all.duckdb are no texts but",
    ),
}


@pytest.mark.parametrize("engine", ["parquet", "duckdb"])
@pytest.mark.parametrize("wrong", list(REFUSED))
def test_keys_of_rows_are_refused_as_where_a_market_is_read_whole(tmp_path, wrong, engine):
    change, message = REFUSED[wrong]
    tables = random_tables(assets=40, sessions=70, seed=1)
    tables["prices"] = change(tables["prices"].sort_values(["date", "ticker"], ignore_index=True))
    path = write_tables(tmp_path, tables)
    if engine == "duckdb":
        path = in_duckdb(tmp_path, tables.get, tables)
    with pytest.raises(rm.InputError, match=message) as whole:
        rm.read_market(path)
    with pytest.raises(rm.InputError) as in_blocks:
        open_blocks(path)
    assert str(in_blocks.value) == str(whole.value)


def test_files_of_prices_are_refused_as_where_a_market_is_read_whole(tmp_path):
    tables = random_tables(assets=40, sessions=70, seed=1)
    prices = tables["prices"]
    early = prices["date"] < prices["date"].median()
    for place, (first, second) in enumerate(
        [
            (prices[early], prices[~early].drop(columns="volume")),
            (prices[early], prices[~early].assign(close="1.0")),
            (prices[early], prices[~early].assign(date=prices["date"].dt.date)),
            (prices[early].assign(year="2001"), prices[~early].assign(year="2001")),
        ]
    ):
        folder = write_tables(tmp_path / str(place), tables)
        (folder / "prices.parquet").unlink()
        (folder / "prices" / "year=2001").mkdir(parents=True)
        for name, rows in (("a", first), ("b", second)):
            rows.to_parquet(folder / "prices" / "year=2001" / f"{name}.parquet", index=False)
        with pytest.raises(rm.InputError) as whole:
            rm.read_market(folder)
        with pytest.raises(rm.InputError) as in_blocks:
            open_blocks(folder)
        assert str(in_blocks.value) == str(whole.value)


def test_prices_that_are_there_twice_are_refused(tmp_path):
    folder = write_tables(tmp_path, random_tables(assets=40, sessions=70, seed=1))
    (folder / "prices.csv").write_text("date,ticker,close,total_return\n")
    with pytest.raises(rm.InputError, match=r"prices: there are both 'prices\.parquet' and 'prices\.csv'"):
        open_blocks(folder)


@pytest.mark.parametrize("kind", ["text", "date32", "dictionary"])
def test_days_of_every_kind_are_read_whole(tmp_path, kind):
    tables = random_tables(assets=40, sessions=70, seed=1)
    folder = write_tables(tmp_path, tables)
    whole, prices = rm.read_market(folder), tables["prices"]
    (folder / "prices.parquet").unlink()
    (folder / "prices").mkdir()
    early = (prices["date"] < prices["date"].median()).to_numpy()
    texts = prices["date"].dt.strftime("%Y-%m-%dT00:00:00").where(early, prices["date"].dt.strftime("%Y-%m-%d"))
    for name, rows in (("a", early), ("b", ~early)):
        dates = {"text": texts, "date32": prices["date"].dt.date, "dictionary": texts.astype("category")}[kind]
        prices.assign(date=dates)[rows].to_parquet(folder / "prices" / f"{name}.parquet", index=False)
    window = open_blocks(folder).window(20, 70)
    xr.testing.assert_equal(window["close"], whole["close"].isel(time=slice(20, None)))
