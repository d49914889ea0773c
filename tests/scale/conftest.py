"""What the tests of chunked inputs share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from tests.riskmodel.builders import random_market

DAYS, NAMES, STYLES = 450, 60, ("value", "size", "momentum")


@pytest.fixture(scope="session")
def panel():
    """Returns, exposures, sectors and caps of a seeded market, with gaps: arguments of `riskmodel.estimate`."""
    rng = np.random.default_rng(7)
    coords = {"time": pd.bdate_range("2020-01-01", periods=DAYS), "asset": [f"A{i:02d}" for i in range(NAMES)]}
    exposures = rng.normal(size=(DAYS, len(STYLES), NAMES))
    exposures[rng.random(exposures.shape) < 0.001] = np.nan
    returns = 0.02 * rng.normal(size=(DAYS, NAMES))
    returns[rng.random(returns.shape) < 0.02] = np.nan
    return {
        "returns": xr.DataArray(returns, coords, ("time", "asset")),
        "exposures": xr.DataArray(exposures, coords | {"factor": list(STYLES)}, ("time", "factor", "asset")),
        "sectors": xr.DataArray([f"S{i % 4}" for i in range(NAMES)], {"asset": coords["asset"]}, ("asset",)),
        "market_cap": xr.DataArray(rng.lognormal(0, 1, (DAYS, NAMES)), coords, ("time", "asset")),
    }


@pytest.fixture(scope="session")
def market():
    return random_market(assets=40, sessions=600, seed=3, start="2020-01-01")


@pytest.fixture(scope="session")
def fitted(market):
    return rm.RiskModel().fit(market)


@pytest.fixture
def compare():
    """Equal in names, dimensions and labels, in numbers to 1e-12; the lazy one knew its types.

    Not to the last bit: a product of matrices rounds its last rows otherwise than those before them.
    """

    def compare(lazy: xr.Dataset, computed: xr.Dataset, eager: xr.Dataset) -> None:
        assert set(computed.variables) == set(eager.variables)
        for name, expected in eager.variables.items():
            own = computed[name].variable
            assert own.dims == expected.dims, name
            if expected.dtype.kind == "f":
                np.testing.assert_allclose(own.values, expected.values, rtol=1e-12, atol=1e-12, err_msg=str(name))
            else:
                np.testing.assert_array_equal(own.values, expected.values, err_msg=str(name))
            if expected.dtype.kind not in "OUT":
                assert lazy[name].dtype == own.dtype == expected.dtype, name

    return compare


@pytest.fixture
def computations():
    """How many tasks of dask have run so far, a list of one."""
    from dask.callbacks import Callback

    count = [0]

    def ran(*_: object) -> None:
        count[0] += 1

    with Callback(pretask=ran):
        yield count
