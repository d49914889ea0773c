from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm
from riskmodel.diagnostics import exposure_stability


def test_variance_inflation_is_that_of_the_weighted_regression_on_sectors_and_other_styles():
    rng = np.random.default_rng(3)
    coords = {"time": [0], "asset": np.arange(120)}
    x = rng.normal(size=(1, 120, 3))
    x[..., 2] += 2 * x[..., 0]
    sectors = rng.choice(["A", "B", "C"], 120)
    cap = rng.lognormal(size=(1, 120))
    fit = rm.cross_sectional_regression(
        returns=xr.DataArray(rng.normal(size=(1, 120)), coords, ("time", "asset")),
        exposures=xr.DataArray(x, coords | {"factor": ["x", "y", "z"]}, ("time", "asset", "factor")),
        sectors=xr.DataArray(sectors, {"asset": coords["asset"]}, ("asset",)),
        market_cap=xr.DataArray(cap, coords, ("time", "asset")),
    )
    dummies = (sectors[:, None] == np.array(["B", "C"])).astype(float)
    for k, style in enumerate(["x", "y", "z"]):
        others = np.column_stack([np.ones(120), dummies, np.delete(x[0], k, axis=1)])
        r_squared = sm.WLS(x[0, :, k], others, weights=np.sqrt(cap[0])).fit().rsquared
        assert float(fit["variance_inflation"].sel(factor=style)[0]) == pytest.approx(1 / (1 - r_squared), rel=1e-8)
    assert fit["variance_inflation"].sel(factor=["market", "A", "B", "C"]).isnull().all()


def test_stability_is_the_correlation_over_a_month(small_model, small_market):
    stability = exposure_stability(small_model.exposures)
    days = small_market.get_index("time")
    last, before = days[-1], days[-22]
    pair = small_model.exposures.sel(factor="momentum", time=[before, last]).to_pandas().T.dropna()
    assert float(stability.sel(factor="momentum", time=last)) == pytest.approx(pair.corr().iloc[0, 1], abs=1e-12)


def test_the_summary_tells_slow_styles_from_fast_ones(small_model):
    summary = small_model.summary()
    assert summary.loc["size", "exposure_stability"] > 0.95
    assert summary.loc["momentum", "exposure_stability"] < summary.loc["size", "exposure_stability"]
    assert summary.loc["size", "variance_inflation"] > 1
