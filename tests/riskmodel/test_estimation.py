"""The whole model from given exposures, and least-squares weights by inverse specific variance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.covariance import CovarianceSettings
from riskmodel.estimation import EstimateSettings, RegressionSettings, lagged_regression
from riskmodel.regression_weights import LEAST_SHARE_OF_GROUP, WINDOW, inverse_specific_variance
from riskmodel.specific import SpecificRiskSettings

BY_VARIANCE = RegressionSettings(weights="inverse_specific_variance")
QUICK = EstimateSettings(
    covariance=CovarianceSettings(eigenfactor_simulations=0, minimum_history=21),
    specific=SpecificRiskSettings(regime_half_life=None, least_history=10),
)


def panel(days=300, assets=120, *, seed=0, spread=1.0):
    """Arguments of `estimate`; the specific volatility of an asset is exp(spread z) and says nothing of its cap."""
    rng = np.random.default_rng(seed)
    coords = {"time": pd.bdate_range("2023-01-02", periods=days), "asset": [f"A{i:03d}" for i in range(assets)]}
    x = xr.DataArray(rng.normal(size=(days, 3, assets)), coords | {"factor": ["P", "Q", "R"]}, ("time", "factor", "asset"))
    sigma = 0.02 * np.exp(spread * rng.normal(size=assets))
    f = 0.004 * rng.normal(size=(days, 3))
    known = x.shift(time=1).fillna(0.0).transpose("time", "asset", "factor").to_numpy()
    r = 0.01 * rng.normal(size=(days, 1)) + (known @ f[:, :, None])[..., 0] + sigma * rng.normal(size=(days, assets))
    cap = np.exp(rng.normal(20, 1, assets) + 0.01 * rng.normal(size=(days, assets)).cumsum(axis=0))
    given = {
        "returns": xr.DataArray(r, coords, ("time", "asset")),
        "exposures": x,
        "sectors": xr.DataArray(np.array(["S", "T"])[np.arange(assets) % 2], {"asset": coords["asset"]}, ("asset",)),
        "market_cap": xr.DataArray(cap, coords, ("time", "asset")),
    }
    return given, xr.DataArray(f, {"time": coords["time"], "factor": ["P", "Q", "R"]}, ("time", "factor"))


def test_the_three_steps_equal_their_own_calls():
    given, _ = panel()
    fit = rm.estimate(**given, settings=QUICK, times=given["returns"]["time"].values[[200, 299]])
    by_hand = rm.cross_sectional_regression(
        returns=given["returns"][1:],
        exposures=given["exposures"].shift(time=1)[1:],
        sectors=given["sectors"],
        market_cap=given["market_cap"].shift(time=1)[1:],
        thin_sector=5.0,
    )
    xr.testing.assert_identical(fit.regression["factor_returns"][1:], by_hand["factor_returns"])
    covariance = rm.factor_covariance(
        fit.regression["factor_returns"], QUICK.covariance, times=fit.factor_risk["time"].values
    )
    xr.testing.assert_identical(fit.factor_risk, covariance)
    specific = rm.specific_risk(
        fit.regression["specific_returns"],
        given["market_cap"],
        given["exposures"],
        given["sectors"],
        QUICK.specific,
        times=fit.factor_risk["time"].values,
    )
    xr.testing.assert_identical(fit.specific_risk, specific)
    assert repr(fit) == (
        f"Estimate: 299 of 300 sessions, 120 assets, 6 factors, mean R-squared "
        f"{float(fit.regression['r_squared'].mean()):.3f}; forecast at 2023-10-09, 2024-02-23"
    )


def test_the_model_of_a_market_is_the_regression_of_its_exposures(small_market, small_model):
    data = small_model.data
    fit = lagged_regression(
        returns=small_market["total_return"],
        exposures=data["exposures"].rename(style="factor"),
        sectors=small_market["sector"],
        market_cap=small_market["market_cap"],
        universe=data["universe"],
    )
    xr.testing.assert_equal(fit["factor_returns"], small_model.factor_returns)


def test_only_the_universe_estimates_and_every_covered_asset_has_a_specific_return():
    given, _ = panel(days=30)
    universe = xr.ones_like(given["returns"], dtype=bool)
    universe[:, :40] = False
    fit = lagged_regression(**given, universe=universe)
    assert set(fit["names"].to_numpy()[1:]) == {80}
    assert int(fit["specific_returns"][1:].isnull().sum()) == 0


@pytest.mark.parametrize("settings", [RegressionSettings(), BY_VARIANCE, replace(BY_VARIANCE, huber=1.345)])
def test_the_future_changes_nothing_of_the_past(settings):
    given, _ = panel(days=120)
    before = lagged_regression(**given, settings=settings).isel(time=slice(0, 100))
    for name in ("returns", "exposures", "market_cap"):
        given[name] = given[name].copy()
        given[name][100:] = given[name][100:] * 1.7
    given["exposures"][99] = given["exposures"][99] * 2  # known at the close of day 99, it serves day 100
    after = lagged_regression(**given, settings=settings).isel(time=slice(0, 100))
    xr.testing.assert_identical(before, after)


def test_weights_by_inverse_specific_variance_estimate_styles_more_exactly_where_risk_differs():
    given, true = panel(spread=1.0)
    error = {}
    for settings in (RegressionSettings(), BY_VARIANCE):
        found = lagged_regression(**given, settings=settings)["factor_returns"].sel(factor=["P", "Q", "R"])
        error[settings.weights] = float(((found - true)[60:] ** 2).mean())
    assert error["inverse_specific_variance"] < 0.5 * error["root_cap"]


def test_the_weights_follow_their_definition():
    days, assets = WINDOW + 40, 40
    rng = np.random.default_rng(1)
    coords = {"time": pd.bdate_range("2023-01-02", periods=days), "asset": [f"A{i:02d}" for i in range(assets)]}
    u = rng.normal(size=(days, assets)) * rng.lognormal(-4, 0.3, assets)
    u[:, 5] = np.nan  # never observed: takes the mean of its size group
    u[:, 7] *= 1e-3  # hardly moves: meets the floor
    u[rng.random(u.shape) < 0.02] = np.nan
    cap = rng.lognormal(20, 1, (days, assets))
    weights, floored = inverse_specific_variance(
        xr.DataArray(u, coords, ("time", "asset")), xr.DataArray(cap, coords, ("time", "asset"))
    )
    frame = pd.DataFrame(u[-WINDOW:] ** 2)
    age = np.arange(WINDOW)[::-1]
    w = (0.5 ** (age / 84))[:, None] * frame.notna()
    volatility = np.sqrt((w * frame.fillna(0)).sum() / w.sum()).where(frame.notna().sum() >= 20)
    last = cap[-1]
    known = volatility.dropna().index
    rank = pd.Series([int((last[known] < last[i]).sum()) for i in range(assets)])
    group = np.minimum(10 * rank // len(known), 9)
    sigma = {}
    for i in range(assets):
        members = [j for j in known if group[j] == group[i]]
        mean = np.average(volatility[members], weights=last[members])
        spread = np.sqrt(((volatility[members] - mean) ** 2).mean())
        if np.isnan(volatility[i]):
            sigma[i] = mean
            continue
        distance = abs(volatility[i] - mean)
        v = 0.1 * distance / (spread + 0.1 * distance) if distance > 0 else 0.0
        sigma[i] = max(v * mean + (1 - v) * volatility[i], LEAST_SHARE_OF_GROUP * mean)
    expected = pd.Series(sigma) ** -2.0
    np.testing.assert_allclose(weights[-1], expected / expected.mean(), rtol=1e-10)
    assert floored[-1] >= 1


def test_before_anyone_has_a_history_the_weights_are_the_square_root_of_cap():
    given, _ = panel(days=10)
    plain, chosen = (lagged_regression(**given, settings=s) for s in (RegressionSettings(), BY_VARIANCE))
    xr.testing.assert_allclose(plain["factor_returns"], chosen["factor_returns"], rtol=1e-12)


def test_the_unit_of_cap_changes_nothing():
    given, _ = panel(days=80)
    one = lagged_regression(**given, settings=BY_VARIANCE)
    other = lagged_regression(**(given | {"market_cap": given["market_cap"] * 1e-6}), settings=BY_VARIANCE)
    xr.testing.assert_allclose(one["factor_returns"], other["factor_returns"], rtol=1e-10)


def test_names_on_the_floor_are_counted():
    given, _ = panel(days=120)
    given["returns"][:, 3] = given["returns"].mean("asset")
    fit = lagged_regression(**given, settings=BY_VARIANCE)
    assert fit["weights_floored"].dtype.kind == "i"
    assert int(fit["weights_floored"][-1]) > 0


def test_unknown_weights_are_refused():
    with pytest.raises(rm.InputError) as caught:
        RegressionSettings(weights="cap")
    assert str(caught.value) == ("regression settings: unknown weights 'cap'. Known: root_cap, inverse_specific_variance.")
