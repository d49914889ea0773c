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


def in_duckdb(folder, read):
    """All tables in one DuckDB file."""
    duckdb = pytest.importorskip("duckdb", reason="the extra 'sources' is not installed")
    with duckdb.connect(str(folder / "all.duckdb")) as connection:
        for name in ("prices", "shares", "securities", "fundamentals", "earnings", "indices", "constituents", "splits"):
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
