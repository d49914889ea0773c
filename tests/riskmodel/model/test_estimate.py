"""The whole model from given exposures, and least-squares weights by inverse specific variance."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.estimation.covariance_settings import CovarianceSettings
from riskmodel.estimation.lagged import RegressionSettings, lagged_regression
from riskmodel.estimation.specific import SpecificRiskSettings
from riskmodel.estimation.weights import LEAST_SHARE_OF_GROUP, WINDOW, inverse_specific_variance
from tests.conftest import of_few_draws

BY_VARIANCE = RegressionSettings(weights="inverse_specific_variance")
QUICK = rm.RiskModel(
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
    times = given["returns"]["time"].values[[200, 299]]
    fit = rm.estimate(**given, model=QUICK)
    forecast = fit.forecast(times)
    by_hand = rm.cross_sectional_regression(
        returns=given["returns"][1:],
        exposures=given["exposures"].shift(time=1)[1:],
        sectors=given["sectors"],
        market_cap=given["market_cap"].shift(time=1)[1:],
        thin_sector=5.0,
    )
    xr.testing.assert_identical(fit.factor_returns[1:], by_hand["factor_returns"])
    covariance = rm.factor_covariance(fit.factor_returns, QUICK.covariance, times=times)
    xr.testing.assert_identical(forecast.factor_risk, covariance)
    specific = rm.specific_risk(
        fit.specific_returns,
        given["market_cap"],
        given["exposures"],
        given["sectors"],
        QUICK.specific,
        times=times,
    )
    xr.testing.assert_identical(forecast.specific_risk, specific)
    assert repr(forecast) == "RiskForecast: 6 factors, 120 assets, at 2023-10-09, 2024-02-23"
    assert repr(fit).startswith("RiskModelResults: 299 of 300 days estimated")
    with pytest.raises(rm.InputError, match="the exposures of this fit were given"):
        fit.coverage()


def test_a_fit_and_an_estimate_of_its_exposures_are_the_same_results(small_market, small_model):
    given = rm.estimate(
        returns=small_market["total_return"],
        exposures=small_model.exposures,
        sectors=small_market["sector"],
        market_cap=small_market["market_cap"],
        universe=small_model.data["universe"],
        linked=small_market["issuer"],
        industries=small_market["industry"],
    )
    for name in given.data.data_vars:
        if name != "issuer":  # an issuer of one is nobody's twin
            xr.testing.assert_equal(given.data[name].transpose(*small_model.data[name].dims), small_model.data[name])
    one, other = (of_few_draws(model).forecast() for model in (given, small_model))
    xr.testing.assert_equal(one.factor_risk, other.factor_risk)
    assert given.errors == small_model.errors == "CR3"
    xr.testing.assert_equal(one.specific_risk, other.specific_risk)
    assert given.groups == small_model.groups and given.styles == small_model.styles


def test_many_dates_are_forecast_as_each_alone(small_model):
    dates = small_model.data.get_index("time")[[-40, -20, -1]]
    quick = of_few_draws(small_model)
    together = quick.forecast(dates)
    for date in dates:
        alone = quick.forecast(date)
        np.testing.assert_allclose(together.factor_covariance.sel(time=date), alone.factor_covariance[0], rtol=1e-10)
        np.testing.assert_allclose(together.specific_volatility.sel(time=date), alone.specific_volatility[0], rtol=1e-10)


def test_what_a_name_was_called_is_told_with_what_it_is_called(small_model):
    with pytest.raises(AttributeError, match=r"no 'covariance' any more: it is estimation_error_covariance"):
        _ = small_model.covariance
    with pytest.raises(AttributeError, match=r"no 'standard_errors' any more: it is robust_standard_errors"):
        _ = small_model.standard_errors
    with pytest.raises(AttributeError, match="'RiskModelResults' has no attribute 'anything'"):
        _ = small_model.anything
    with pytest.raises(AttributeError, match="no 'EstimateSettings' any more: it is RiskModel"):
        _ = rm.EstimateSettings


def test_the_model_of_a_market_is_the_regression_of_its_exposures(small_market, small_model):
    data = small_model.data
    fit = lagged_regression(
        returns=small_market["total_return"],
        exposures=small_model.exposures,
        sectors=small_market["sector"],
        market_cap=small_market["market_cap"],
        universe=data["universe"],
        industry_factors=data["industry_factor"],
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


# ---------------------------------------------------------------- what is refused, and what does not look ahead


def by_day(given, change, at):
    """Sectors (time, asset) that are those of `given` before the session `at`, and `change` from it on."""
    sectors = given["sectors"].astype(object).expand_dims(time=given["returns"]["time"]).copy()
    sectors[at:] = change
    return sectors


def test_a_forecast_does_not_depend_on_which_later_closes_are_asked_for():
    given, _ = panel(days=160, assets=60)
    given["sectors"] = by_day(given, np.array(["S", "T"], dtype=object)[np.arange(60) // 30], at=130)
    times = given["returns"]["time"].values[[150, 120, 110]]
    whole = rm.estimate(**given, model=QUICK).forecast(times).specific_risk
    assert whole["time"].values.tolist() == times.tolist()
    assert int(whole["structural_volatility"].notnull().sum()) > 0
    for close in times:
        alone = rm.estimate(**given, model=QUICK).forecast(close).specific_risk
        xr.testing.assert_identical(whole.sel(time=[close]), alone)
    late = rm.specific_risk(
        rm.estimate(**given, model=QUICK).specific_returns,
        given["market_cap"],
        given["exposures"],
        given["sectors"][150],
        QUICK.specific,
        times=times[0],
    )
    xr.testing.assert_allclose(whole["volatility"].sel(time=times[0]), late["volatility"][0])


def test_sectors_that_never_change_are_the_same_by_day():
    given, _ = panel(days=80, assets=60)
    once = rm.estimate(**given, model=QUICK).forecast()
    moving = given | {"sectors": by_day(given, given["sectors"].values, at=40)}
    daily = rm.estimate(**moving, model=QUICK).forecast()
    xr.testing.assert_allclose(once.specific_risk, daily.specific_risk)


@pytest.mark.parametrize("times", ["2023-04-03", pd.Timestamp("2023-04-03"), np.datetime64("2023-04-03"), ["2023-04-03"]])
def test_one_close_is_given_as_it_is_or_in_a_list(times):
    given, _ = panel(days=80, assets=60)
    fit = rm.estimate(**given, model=QUICK).forecast(times)
    assert fit.factor_risk["time"].values.tolist() == fit.specific_risk["time"].values.tolist()
    assert pd.DatetimeIndex(fit.specific_risk["time"]).tolist() == [pd.Timestamp("2023-04-03")]


def test_sessions_in_a_time_zone_are_taken_with_closes_in_it_and_refused_with_others():
    given, _ = panel(days=80, assets=60)
    plain = rm.estimate(**given, model=QUICK).forecast()
    zoned = {
        name: array.assign_coords(time=array.get_index("time").tz_localize("UTC")) if "time" in array.dims else array
        for name, array in given.items()
    }
    last = zoned["returns"].get_index("time")[-1]
    for times in (None, last):
        fit = rm.estimate(**zoned, model=QUICK).forecast(times)
        np.testing.assert_array_equal(fit.specific_risk["volatility"], plain.specific_risk["volatility"])
        np.testing.assert_array_equal(fit.factor_risk["covariance"], plain.factor_risk["covariance"])
    with pytest.raises(rm.InputError) as caught:
        rm.estimate(**given, model=QUICK).forecast([last])
    assert str(caught.value) == (
        "times: in the time zone UTC, those of the fit are without a time zone. Use tz_localize, here or there."
    )


@pytest.mark.parametrize("later", [[1, 0, 2], [2, 1, 0]])
def test_sessions_out_of_order_are_refused(later):
    given, _ = panel(days=3, assets=60)
    shuffled = {name: array.isel(time=later) if "time" in array.dims else array for name, array in given.items()}
    for call in (lagged_regression, rm.estimate):
        with pytest.raises(rm.InputError) as caught:
            call(**shuffled)
        assert re.fullmatch(
            r"returns: 'time' is not sorted: 2023-01-\d\d follows 2023-01-\d\d\. Use returns\.sortby\('time'\), of pandas "
            r"sort_index\(\)\.",
            str(caught.value),
        )


def test_one_session_is_refused():
    given, _ = panel(days=2, assets=60)
    one = {name: array.isel(time=slice(1)) if "time" in array.dims else array for name, array in given.items()}
    with pytest.raises(rm.InputError) as caught:
        rm.estimate(**one)
    assert str(caught.value) == (
        "returns: one session, 2023-01-02. A return is explained by what was known at the close before it: give at least "
        "two."
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"sectors": None},
            "sectors: None, not an xarray.DataArray. Without sectors of its own give every asset the same label.",
        ),
        (
            {"model": RegressionSettings()},
            "model: is of type RegressionSettings, not RiskModel. Its parts regression, covariance and specific count.",
        ),
    ],
)
def test_arguments_of_an_estimate_are_refused_by_name(changes, message):
    given, _ = panel(days=10, assets=60)
    with pytest.raises(rm.InputError) as caught:
        rm.estimate(**(given | changes))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"huber": True}, "huber is True; it must be a positive number."),
        ({"huber": "a"}, "huber is 'a'; it must be a positive number."),
        ({"huber": -1}, "huber is -1; it must be a positive number."),
        ({"thin_sector": -1.0}, "thin_sector is -1.0; it must be a number, at least 0."),
        ({"thin_sector": None}, "thin_sector is None; it must be a number, at least 0."),
        ({"thin_sector": np.inf}, "thin_sector is inf; it must be a number, at least 0."),
    ],
)
def test_settings_of_the_regression_out_of_range_are_refused(wrong, message):
    with pytest.raises(rm.InputError) as caught:
        RegressionSettings(**wrong)
    assert str(caught.value) == f"regression settings: {message}"


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["hello"], "times: 1 label not in the fit: hello. It runs from 2023-01-02 to 2023-01-13."),
        (["2023-01-13"] * 2, "times: empty, or a label repeats. Give each day once."),
    ],
)
def test_closes_of_a_forecast_are_refused_by_name(times, message):
    given, _ = panel(days=10, assets=60)
    with pytest.raises(rm.InputError) as caught:
        rm.estimate(**given).forecast(times)
    assert str(caught.value) == message


def test_parts_of_the_settings_of_another_kind_are_refused():
    with pytest.raises(rm.InputError) as caught:
        rm.RiskModel(covariance=SpecificRiskSettings())
    assert str(caught.value) == (
        "risk model: covariance: is of type SpecificRiskSettings, not CovarianceSettings. "
        "Use riskmodel.CovarianceSettings()."
    )
