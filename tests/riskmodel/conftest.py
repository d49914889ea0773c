"""Markets that several test modules look at; read only."""

from __future__ import annotations

import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.market import build_market
from tests.riskmodel.builders import Tables, random_tables


@pytest.fixture(scope="session")
def tables() -> Tables:
    return random_tables(assets=60, sessions=130, sectors=3, seed=0)


@pytest.fixture(scope="session")
def market(tables: Tables) -> xr.Dataset:
    return build_market(tables)


@pytest.fixture(scope="session")
def results(market: xr.Dataset) -> rm.RiskModelResults:
    return rm.RiskModel().fit(market)
