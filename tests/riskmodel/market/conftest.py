"""A clean market of sixty names, to be spoilt one fault at a time."""

from __future__ import annotations

import pytest

from riskmodel.market.market import MARKET_TABLES
from riskmodel.market.tables import read_table
from tests.conftest import SMALL
from tests.riskmodel.market.found import NAMES, Tables


@pytest.fixture(scope="session")
def clean() -> Tables:
    """The sixty largest names of the shipped market, with one index that they make up."""
    tables = {name: read_table(SMALL, name) for name in MARKET_TABLES}
    tables = {name: table for name, table in tables.items() if table is not None}
    lists = tables["constituents"]
    lists = lists[(lists["index"] == "Large Index")]
    last = lists[lists["date"] == lists["date"].max()].nlargest(NAMES, "weight")
    there = set(last["ticker"])
    cut = {
        name: table[table["ticker"].isin(there)].reset_index(drop=True) if "ticker" in table else table
        for name, table in (tables | {"constituents": lists}).items()
    }
    weights = cut["constituents"]
    total = weights.groupby(["index", "date"])["weight"].transform("sum")
    return cut | {"constituents": weights.assign(weight=weights["weight"] / total)}


@pytest.fixture(scope="session")
def name(clean: Tables) -> str:
    """A name whose prices are whole around the day, without a distribution there."""
    prices = clean["prices"]
    whole = prices.groupby("ticker")["close"].count()
    return str(whole.idxmax())
