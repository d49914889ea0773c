"""Exports on the split basis of each day give the market that tidy tables on today's basis give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.market.market import MARKET_TABLES
from riskmodel.market.sources.derive import ADJUSTABLE, COUNTED, with_later_splits
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import read_table
from tests.conftest import SMALL

STATED = {  # of each table, what is on the basis of its own day
    "prices": ("close", "volume"),
    "shares": ("shares_out",),
    "fundamentals": ("dividends_per_share",),
    "earnings": ("eps_estimate", "eps_actual"),
}


@pytest.fixture(scope="module")
def tidy() -> dict[str, pd.DataFrame]:
    """The shipped market with splits of three names: two of one name, one of which is on a session, and a reverse one."""
    tables = {name: table for name in MARKET_TABLES if (table := read_table(SMALL, name)) is not None}
    sessions = np.sort(tables["prices"]["date"].unique())
    names = tables["prices"]["ticker"].value_counts().index[:3]
    tables["splits"] = pd.DataFrame(
        {
            "ticker": names[[0, 0, 1, 2]],
            "ex_date": pd.to_datetime([sessions[100], sessions[300], sessions[250], sessions[260]]),
            "ratio": [2.0, 3.0, 0.1, 1.5],
        }
    )
    return tables


def as_it_was(table: pd.DataFrame, name: str, splits: pd.DataFrame) -> pd.DataFrame:
    """A table on the basis of its own days, by a loop over splits."""
    day, table = ADJUSTABLE[name][0], table.copy()
    for ticker, ex_date, ratio in splits[["ticker", "ex_date", "ratio"]].itertuples(index=False):
        before = (table["ticker"] == ticker) & (table[day] < ex_date)
        for ours in STATED[name]:
            table.loc[before, ours] *= 1 / ratio if ours in COUNTED else ratio
    return table


@pytest.fixture(scope="module")
def exported(tidy, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    for name, table in tidy.items():
        (as_it_was(table, name, tidy["splits"]) if name in STATED else table).to_parquet(folder / f"{name}.parquet")
    return folder


def test_a_market_of_each_days_basis_is_the_one_of_todays(tidy, exported):
    maps = {name: TableMap(file=f"{name}.parquet", unadjusted=ours) for name, ours in STATED.items()}
    market, expected = rm.read_market(Exports(exported, maps)), rm.build_market(tidy)
    for name, values in expected.data_vars.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(market[name], values, rtol=1e-12, atol=1e-12, err_msg=str(name))
    as_they_are = rm.read_market(Exports(exported, {}))
    assert not np.allclose(as_they_are["volume"], expected["volume"], equal_nan=True)


def test_a_split_of_tomorrow_changes_no_return_of_today(tidy, exported, tmp_path):
    """The basis moves and nothing that is worked out from it: the past of a mapped export stays what it was."""
    maps = {"prices": TableMap(file="prices.parquet", unadjusted=("close", "volume"))}
    for path in exported.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    later = pd.concat([tidy["splits"], tidy["splits"].tail(1).assign(ex_date=tidy["prices"]["date"].max())])
    before = rm.read_market(Exports(tmp_path, maps))
    later.to_parquet(tmp_path / "splits.parquet")
    after = rm.read_market(Exports(tmp_path, maps))
    days = slice(None, before["time"].to_numpy()[-2])
    for name in ("total_return", "traded_price"):
        xr.testing.assert_allclose(before[name].sel(time=days), after[name].sel(time=days), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "columns", "splits", "message"),
    [
        ("prices", ("total_return",), True, "'total_return' is no column with a split basis. These are: close, volume."),
        ("rates", ("risk_free",), True, "'risk_free' is no column with a split basis. These are: none here."),
        ("prices", ("close",), False, "wants the table of splits, and there is none: close would stay on the basis"),
    ],
)
def test_what_has_no_basis_or_no_splits_is_refused(tidy, name, columns, splits, message):
    with pytest.raises(InputError) as caught:
        with_later_splits(tidy[name], name, columns, tidy["splits"] if splits else tidy["splits"].iloc[:0])
    assert message in str(caught.value) and str(caught.value).startswith(f"{name}: [tables.{name}] unadjusted")
