"""The same tables out of every database as out of the tidy folder, and nothing written by whatever a query says."""

from __future__ import annotations

import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.market.sources import open_source
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import TABLES, read_table
from tests.conftest import SMALL
from tests.riskmodel.market.sources.databases import Made, make

ENGINES = ["duckdb", "sqlite", "postgresql"]


@pytest.fixture(params=ENGINES)
def made(request, tmp_path) -> Made:
    return make(request.param, tmp_path, request)


@pytest.fixture(scope="module")
def small() -> dict[str, pd.DataFrame]:
    return {name: table for name in TABLES if (table := read_table(SMALL, name)) is not None}


def test_a_database_gives_the_market_and_the_lists_of_its_tidy_folder(made, small):
    made.fill(small)
    source = open_source(made.data)
    xr.testing.assert_identical(rm.read_market(source), rm.read_market(SMALL))
    lists = small["holdings"].sort_values(["portfolio", "date", "ticker"], ignore_index=True)
    pd.testing.assert_frame_equal(source.table("holdings"), lists)


WRITES = [
    "insert into rates select * from rates",
    "delete from rates",
    "update rates set risk_free = 0",
    "create table mine as select 1 as risk_free",
    "drop table rates",
    "select * from rates; drop table rates",
    "with gone as (delete from rates returning *) select * from gone",
]


@pytest.mark.parametrize("query", WRITES)
def test_a_query_that_writes_is_refused_and_changes_nothing(made, small, query):
    made.fill({"rates": small["rates"]})
    source = open_source(made.data, maps={"rates": TableMap(query=query)})
    with pytest.raises(InputError):
        source.table("rates")
    pd.testing.assert_frame_equal(open_source(made.data).table("rates"), small["rates"])
