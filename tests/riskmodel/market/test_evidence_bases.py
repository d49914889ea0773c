"""Volumes and figures of a share that later splits are still in are found by what they do across ex-dates."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.market.findings import market_findings
from riskmodel.market.market import MARKET_TABLES, build_market
from riskmodel.market.sources.derive import ADJUSTABLE, COUNTED
from riskmodel.market.tables import read_table
from tests.conftest import REAL, SMALL
from tests.riskmodel.market.found import Tables

KEYS = ("volume_as_traded", "per_share_as_told")


def bases(tables: Tables) -> dict[str, str]:
    """The column of each finding -> the part of the ratios in it."""
    every = [each for each in market_findings(build_market(tables)) if each.key in KEYS]
    return {str(each.values.get("column", "volume")): each.shown for each in every}


def tables_of(folder: Path) -> Tables:
    return {name: table for name in MARKET_TABLES if (table := read_table(folder, name)) is not None}


def as_it_was(tables: Tables, columns: tuple[str, ...]) -> Tables:
    """Tables with some columns on the split basis of their own day."""
    out = dict(tables)
    for name, (day, _) in ADJUSTABLE.items():
        for ours in set(columns) & set(out[name].columns) if name in out else ():
            rows = out[name].copy()
            for ticker, ex_date, ratio in tables["splits"][["ticker", "ex_date", "ratio"]].itertuples(index=False):
                before = (rows["ticker"] == ticker) & (rows[day] < ex_date)
                rows.loc[before, ours] *= 1 / ratio if ours in COUNTED else ratio
            out[name] = rows
    return out


@pytest.mark.parametrize("folder", [SMALL, pytest.param(REAL, marks=pytest.mark.real_market)], ids=["small", "real"])
def test_what_is_as_traded_or_as_told_is_named_and_what_is_adjusted_is_not(folder):
    tables = tables_of(folder)
    assert bases(tables) == {}
    columns = ("volume", "eps_actual", "eps_estimate")
    parts = bases(as_it_was(tables, columns))
    assert set(parts) == set(columns)
    assert all(0.5 < float(part) < 1.5 for part in parts.values())
    assert set(bases(as_it_was(tables, ("eps_actual",)))) == {"eps_actual"}


def test_one_split_proves_nothing():
    tables = tables_of(SMALL)
    tables["splits"] = tables["splits"][tables["splits"]["ratio"].between(1.5, 2.0)].iloc[:1]
    assert len(tables["splits"]) == 1
    assert bases(as_it_was(tables, ("volume", "eps_actual"))) == {}


def test_a_market_without_splits_says_nothing():
    tables = tables_of(SMALL)
    raw = as_it_was(tables, ("volume",))
    assert bases({name: table for name, table in raw.items() if name != "splits"}) == {}
