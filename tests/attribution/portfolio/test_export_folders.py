"""The three folders of exports in fixtures/exports say what the tidy tables say that they were made from."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
from attribution.portfolio.inputs import read_inputs
from attribution.reporting.write import prepared
from riskmodel.market.market import build_market
from riskmodel.market.tables import TABLES, checked_table
from tests.conftest import ROOT

EXPORTS = ROOT / "fixtures" / "exports"
STAMPS = {"filing": "filing_known", "announcement": "announcement_known", "constituent": "constituent_date"}
NAMES = ("vendor", "sheets", "custodian")
KEY = ["portfolio", "date", "ticker"]
CUT = pd.Timestamp("2025-02-14")
LATER = dict.fromkeys(("prices", "indices", "rates", "fx"), "date")
LATER |= {"shares": "available_from", "fundamentals": "available_from", "earnings": "announced"}
one_folder = pytest.mark.parametrize(
    "folder", [pytest.param(name, marks=[pytest.mark.slow] * (name != "vendor")) for name in NAMES]
)


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("make_exports", ROOT / "fixtures" / "make_exports.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def tidy(generator) -> dict[str, pd.DataFrame]:
    return generator.tidy_tables()


@pytest.fixture(scope="module")
def market(tidy) -> xr.Dataset:
    checked = {name: checked_table(table, name, TABLES[name]) for name, table in tidy.items() if name != "holdings"}
    return build_market(checked)


def test_the_generator_knows_the_three_folders(generator):
    assert tuple(generator.FOLDERS) == NAMES


@one_folder
def test_a_folder_of_exports_has_the_market_and_the_lists_that_it_was_made_from(folder, tidy, market):
    book = at.read_book(EXPORTS / folder / "book.toml")
    exported = read_inputs(book)
    assert set(exported) == set(market)
    for name, values in market.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(exported[name], values, rtol=1e-12, atol=1e-15, err_msg=name)
        else:
            np.testing.assert_array_equal(exported[name], values, err_msg=name)
    weights = [table.set_index(KEY)["weight"].sort_index() for table in (book.holdings, tidy["holdings"])]
    pd.testing.assert_series_equal(*weights, rtol=1e-12)


def with_another_future(tidy: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every number of every table after `CUT` is another one, every share count changes, and no list is left."""
    moved = {name: table.copy() for name, table in tidy.items()}
    last = tidy["shares"].drop_duplicates("ticker", keep="last")
    after = tidy["prices"]["date"][tidy["prices"]["date"] > CUT].min()
    moved["shares"] = pd.concat([tidy["shares"], last.assign(available_from=after)], ignore_index=True)
    for name, day in LATER.items():
        later = moved[name][day] > CUT
        assert later.any(), name
        numbers = moved[name].select_dtypes("number").columns
        moved[name].loc[later, numbers] = moved[name].loc[later, numbers] * 1.5 + 0.0001
    return moved | {name: tidy[name][tidy[name]["date"] <= CUT] for name in ("holdings", "constituents")}


def known(market: xr.Dataset, event: str) -> pd.DataFrame:
    """What was known of filings, announcements or lists at the close of `CUT`."""
    rows = market[[name for name, values in market.items() if values.dims == (event,)]].to_dataframe()
    return rows[rows[STAMPS[event]] <= CUT].reset_index(drop=True)


def of_held_names(tidy: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Fewer names, which are quicker to write and to read; lists sum to one again."""
    names = set(tidy["holdings"]["ticker"])
    fewer = {name: table[table["ticker"].isin(names)] if "ticker" in table else table for name, table in tidy.items()}
    lists = fewer["constituents"]
    total = lists.groupby(["index", "date"])["weight"].transform("sum")
    return fewer | {"constituents": lists.assign(weight=lists["weight"] / total)}


@one_folder
def test_nothing_of_the_past_moves_when_the_future_of_an_export_does(folder, generator, tidy, tmp_path):
    tables, books = of_held_names(tidy), []
    for place, made in ((tmp_path / "first", tables), (tmp_path / "second", with_another_future(tables))):
        generator.FOLDERS[folder](made, place / "files")
        shutil.copy(EXPORTS / folder / "book.toml", place)
        books.append(at.read_book(place / "book.toml"))
    before, after = (read_inputs(book) for book in books)
    for event in STAMPS:
        assert len(known(before, event)) > 20
        pd.testing.assert_frame_equal(known(after, event), known(before, event))
    for name, values in before.items():
        if "time" in values.dims and values.dtype.kind == "f":
            np.testing.assert_array_equal(after[name].sel(time=slice(CUT)), values.sel(time=slice(CUT)), err_msg=name)
    assert (after["market_cap"] != before["market_cap"]).sel(time=slice(CUT + pd.Timedelta(days=1), None)).any()
    lists = [book.holdings[book.holdings["date"] <= CUT].reset_index(drop=True) for book in books]
    pd.testing.assert_frame_equal(*lists)


@pytest.mark.slow
def test_a_month_explained_out_of_exports_is_the_month_of_the_tidy_tables(tidy, tmp_path):
    """Every table of the report to 1e-12, whichever folder it comes out of."""
    for name, table in tidy.items():
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)
    head, _ = (EXPORTS / "vendor" / "book.toml").read_text(encoding="utf-8").split("[tables.", 1)
    (tmp_path / "book.toml").write_text(head.replace('data = "files"', 'data = "."'), encoding="utf-8")
    expected = month_tables(tmp_path / "book.toml")
    for folder in NAMES:
        found = month_tables(EXPORTS / folder / "book.toml")
        assert found.keys() == expected.keys()
        for name, table in expected.items():
            pd.testing.assert_frame_equal(found[name], table, rtol=1e-12, atol=1e-12, obj=f"{folder}: {name}")


def month_tables(path: Path) -> dict[str, pd.DataFrame]:
    book = at.read_book(path)
    market = read_inputs(book)
    content, _ = prepared(book, month="2025-03", market=market, model=book.model.risk_model().fit(market))
    factors = content.tables["factor_contributions"]  # whether a second specification agrees on rounding of 0 is chance
    sure = factors.assign(robust=factors["robust"].where(factors["contribution"].abs() > 1e-12))
    return {**content.tables, "factor_contributions": sure}
