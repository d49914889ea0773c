"""The forecast of specific risk: each step by hand or by statsmodels, the whole by what must be true of any forecast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel.arrays.size_groups import shrink_to_size
from riskmodel.arrays.windows import decayed_sum
from riskmodel.errors import InputError
from riskmodel.estimation.share_classes import linked_correlation, specific_covariance_times
from riskmodel.estimation.specific import (
    LONG_HORIZON,
    SHORT_HORIZON,
    SpecificRiskSettings,
    history_blend,
    regime_multiplier,
    specific_risk,
    time_series_volatility,
)
from riskmodel.estimation.structural import structural_volatility
from tests.conftest import dear_examples

QUICK = SpecificRiskSettings(
    half_life=20, lags=2, lag_half_life=40, least_history=5, short_history=10, full_history=40, regime_half_life=8
)
PLAIN = SpecificRiskSettings(lags=0, structural=False, shrinkage=0, regime_half_life=None, least_history=1)


@dataclass(frozen=True)
class Case:
    """Arguments of `specific_risk`."""

    specific_returns: xr.DataArray
    market_cap: xr.DataArray
    exposures: xr.DataArray | None
    sectors: xr.DataArray | None

    def forecast(self, chosen: SpecificRiskSettings = QUICK, **options: object) -> xr.Dataset:
        return specific_risk(self.specific_returns, self.market_cap, self.exposures, self.sectors, chosen, **options)


def case(*, seed: int = 0, days: int = 120, assets: int = 60, styles: int = 2, sectors: int = 3) -> Case:
    """Volatilities that follow sector and styles; a quarter of the names listed late, some days missing."""
    rng = np.random.default_rng(seed)
    coords = {"time": pd.date_range("2024-01-01", periods=days, unit="ns"), "asset": [f"A{i:03d}" for i in range(assets)]}
    label = np.arange(assets) % sectors
    x = rng.normal(size=(assets, styles))
    volatility = np.exp(-4 + 0.2 * label + x @ np.linspace(0.3, 0.1, styles) + 0.1 * rng.normal(size=assets))
    u = rng.standard_normal((days, assets)) * volatility
    u[rng.random(u.shape) < 0.02] = np.nan
    for column in range(0, assets, 4):
        u[: rng.integers(0, days + 1), column] = np.nan
    cap = rng.lognormal(20, 1.5, assets) * np.exp(0.01 * rng.standard_normal((days, assets)).cumsum(axis=0))
    moving = np.broadcast_to(x, (days, assets, styles)) + 0.05 * rng.normal(size=(days, assets, styles))
    return Case(
        specific_returns=xr.DataArray(u, coords, ("time", "asset")),
        market_cap=xr.DataArray(cap, coords, ("time", "asset")),
        exposures=xr.DataArray(
            moving, coords | {"factor": [f"style{k}" for k in range(styles)]}, ("time", "asset", "factor")
        ),
        sectors=xr.DataArray([f"S{s}" for s in label], {"asset": coords["asset"]}),
    )


# ---------------------------------------------------------------- the time series


def test_the_time_series_volatility_is_the_weighted_mean_of_squares() -> None:
    u = np.array([[0.02], [-0.01], [0.03]])
    got, _ = time_series_volatility(u, SpecificRiskSettings(half_life=1, lags=0))
    # weights 1/4, 1/2, 1
    assert got[2, 0] ** 2 == pytest.approx((0.25 * 0.0004 + 0.5 * 0.0001 + 0.0009) / 1.75, rel=1e-14)


def test_a_missing_return_is_left_out_and_not_zero() -> None:
    u = np.array([[0.02], [np.nan], [0.03]])
    got, _ = time_series_volatility(u, SpecificRiskSettings(half_life=1, lags=0))
    assert got[2, 0] ** 2 == pytest.approx((0.25 * 0.0004 + 0.0009) / 1.25, rel=1e-14)
    assert got[1, 0] == pytest.approx(0.02, rel=1e-14)


def test_the_serial_correlation_is_that_of_newey_and_west_written_as_loops() -> None:
    u = case(days=50, assets=12).specific_returns.to_numpy()
    chosen = SpecificRiskSettings(half_life=15, lags=4, lag_half_life=30)
    got, _ = time_series_volatility(u, chosen)
    for i in range(u.shape[1]):
        for t in (0, 3, 20, 49):
            seen = [s for s in range(t + 1) if not np.isnan(u[s, i])]
            if not seen:
                assert np.isnan(got[t, i])
                continue
            w = {s: 0.5 ** ((t - s) / 15) for s in seen}
            v = {s: 0.5 ** ((t - s) / 30) for s in seen}
            variance = sum(w[s] * u[s, i] ** 2 for s in seen) / sum(w.values())
            ratio = 1.0
            for lag in range(1, 5):
                terms = [np.sqrt(v[s] * v[s - lag]) * u[s, i] * u[s - lag, i] for s in seen if s - lag in v]
                ratio += 2 * (1 - lag / 5) * sum(terms) / sum(v[s] * u[s, i] ** 2 for s in seen)
            assert got[t, i] ** 2 == pytest.approx(variance * max(ratio, 0.1), rel=1e-10)


def test_a_return_that_always_reverts_meets_the_floor_and_is_counted() -> None:
    u = np.tile([[0.01], [-0.01]], (200, 1))
    got, floored = time_series_volatility(u, SpecificRiskSettings(lags=1))
    assert floored[-1, 0] and got[-1, 0] == pytest.approx(np.sqrt(0.1) * 0.01, rel=1e-3)
    arrays = xr.DataArray(u, {"time": range(400), "asset": ["A"]}, ("time", "asset"))
    assert specific_risk(arrays, 0 * arrays + 1, settings=replace(PLAIN, lags=1))["floored"].item() == 1


def test_decayed_sums_are_weighted_sums() -> None:
    values = np.random.default_rng(0).normal(size=(30, 3))
    age = np.subtract.outer(np.arange(30), np.arange(30))
    weight = np.where(age >= 0, 0.5 ** (age / 7), 0.0)
    np.testing.assert_allclose(decayed_sum(values, 7), weight @ values, rtol=1e-12, atol=1e-14)


# ---------------------------------------------------------------- history


def test_the_blend_grows_from_a_short_to_a_full_history() -> None:
    u = np.random.default_rng(0).normal(size=(200, 1))
    at = np.array([0, 59, 89, 119, 179, 199])
    blend = history_blend(u, np.cumsum(~np.isnan(u), axis=0)[at], at, SHORT_HORIZON)
    np.testing.assert_allclose(blend[:, 0], [0, 0, 0.25, 0.5, 1, 1], rtol=1e-12)


def test_the_blend_of_a_disturbed_history_is_that_of_quartiles_and_clipped_returns() -> None:
    rng = np.random.default_rng(1)
    u = rng.normal(0, 0.01, (200, 3))
    u[150, 0], u[160:175, 1], u[rng.random(200) < 0.2, 2] = 0.9, 0.08, np.nan
    got = history_blend(u, np.full(u.shape, 500), np.array([199]), SHORT_HORIZON)[0]
    for i in range(3):
        own = u[20:200, i][~np.isnan(u[20:200, i])]
        low, high = np.quantile(own, [0.25, 0.75])
        robust = (high - low) / 1.3489795003921634
        deviation = np.sqrt(np.mean(np.clip(own, -10 * robust, 10 * robust) ** 2))
        assert got[i] == pytest.approx(min(1, np.exp(1 - abs(deviation / robust - 1))), rel=1e-12)
    assert got[1] < 1 == got[2]


def test_a_history_of_equal_returns_has_no_weight() -> None:
    u = np.where(np.arange(200)[:, None] % 10 == 0, 0.01, 0.0)
    assert history_blend(u, np.full(u.shape, 200), np.array([199]), SHORT_HORIZON)[0, 0] == 0


# ---------------------------------------------------------------- the structural model


def structural_by_statsmodels(
    ts: np.ndarray, blend: np.ndarray, cap: np.ndarray, x: np.ndarray, sector: np.ndarray, history: np.ndarray
) -> np.ndarray:
    """One day; x (asset, style)."""
    design = np.column_stack([sector[:, None] == np.arange(sector.max() + 1), x, np.log(1 + history)]).astype(float)
    used = (blend > 0) & ~np.isnan(ts)
    fit = sm.WLS(np.log(ts[used]), design[used], weights=(blend * np.sqrt(cap))[used]).fit()
    predicted = np.exp(np.clip(design @ fit.params, np.log(ts[used]).min(), np.log(ts[used]).max()))
    e0 = np.average(ts[used] / predicted[used], weights=(blend * cap)[used])
    return np.asarray(e0 * predicted)


@pytest.mark.parametrize("seed", range(3))
def test_the_structural_model_equals_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days, assets = 3, 80
    ts, cap = rng.lognormal(-4, 0.5, (days, assets)), rng.lognormal(20, 2, (days, assets))
    blend = np.clip(rng.uniform(-0.5, 2, (days, assets)), 0, 1)
    ts[:, ::11] = np.nan
    x, sector = rng.normal(size=(days, 4, assets)), rng.integers(0, 5, assets)
    history = rng.integers(0, 900, (days, assets))
    got = structural_volatility(ts, blend, cap, x, sector, history)
    assert got["flag"].tolist() == ["", "", ""]
    for d in range(days):
        expected = structural_by_statsmodels(ts[d], blend[d], cap[d], x[d].T, sector, history[d])
        np.testing.assert_allclose(got["structural_volatility"][d], expected, rtol=1e-8)


def test_in_the_whole_the_structural_model_equals_statsmodels() -> None:
    given_ = case(assets=120)
    risk = given_.forecast(replace(QUICK, regime_half_life=None))
    expected = structural_by_statsmodels(
        risk["time_series_volatility"].values[0],
        np.where(risk["time_series_volatility"].isnull(), 0, risk["blend"])[0],
        given_.market_cap.values[-1],
        given_.exposures.values[-1],
        np.unique(given_.sectors, return_inverse=True)[1],
        risk["history"].values[0],
    )
    np.testing.assert_allclose(risk["structural_volatility"].values[0], expected, rtol=1e-8)


def test_an_asset_without_history_takes_the_structural_forecast() -> None:
    given_ = case()
    u = given_.specific_returns.copy()
    u[:, 5] = np.nan
    risk = replace(given_, specific_returns=u).forecast(replace(QUICK, shrinkage=0, regime_half_life=None))[{"asset": 5}]
    assert (risk["blend"] == 0).all() and (risk["history"] == 0).all() and risk["time_series_volatility"].isnull().all()
    assert risk["volatility"].item() == risk["structural_volatility"].item() > 0


def test_a_sector_without_an_estimating_name_takes_the_mean_level() -> None:
    rng = np.random.default_rng(0)
    ts, cap, sector = np.full((1, 40), 0.02), rng.lognormal(size=(1, 40)), np.arange(40) % 4
    ts[:, sector == 3] = np.nan
    got = structural_volatility(ts, np.ones((1, 40)), cap, np.empty((1, 0, 40)), sector, np.full((1, 40), 200))
    np.testing.assert_allclose(got["structural_volatility"], 0.02, rtol=1e-12)


def test_a_style_left_out_that_day_changes_nothing() -> None:
    given_ = case()
    empty = given_.exposures.isel(factor=[0]).assign_coords(factor=["unfed"]) * np.nan
    wider = replace(given_, exposures=xr.concat([given_.exposures, empty], dim="factor"))
    xr.testing.assert_allclose(wider.forecast(), given_.forecast(), rtol=1e-12)


@pytest.mark.parametrize("flag", ["thin", "singular", "switched off"])
def test_a_day_without_a_structural_model_says_why_and_keeps_the_time_series(flag: str) -> None:
    given_, chosen = case(), replace(QUICK, shrinkage=0, regime_half_life=None)
    if flag == "thin":
        given_ = replace(given_, sectors=given_.sectors.copy(data=[f"S{i}" for i in range(60)]))
    elif flag == "singular":
        doubled = given_.exposures.copy()
        doubled[..., 1] = doubled[..., 0]
        given_ = replace(given_, exposures=doubled)
    else:
        chosen = replace(chosen, structural=False)
    risk = given_.forecast(chosen)
    assert risk["flag"].item() == flag and risk["estimating_names"].item() == 0
    xr.testing.assert_equal(risk["volatility"], risk["time_series_volatility"])
    assert risk["unserved"].item() == int(risk["volatility"].isnull().sum()) > 0


# ---------------------------------------------------------------- shrinkage


def test_shrinkage_by_hand() -> None:
    volatility, cap = np.array([[0.01, 0.03, 0.05]]), np.array([[1.0, 1.0, 2.0]])
    got, weight = shrink_to_size(volatility, cap, 0.1, 1)
    mean, distance = 0.035, np.array([0.025, 0.005, 0.015])
    spread = np.sqrt((0.025**2 + 0.005**2 + 0.015**2) / 3)
    expected = 0.1 * distance / (spread + 0.1 * distance)
    np.testing.assert_allclose(weight[0], expected, rtol=1e-12)
    np.testing.assert_allclose(got[0], expected * mean + (1 - expected) * volatility[0], rtol=1e-12)


def test_size_groups_hold_equal_numbers_of_the_assets_with_a_forecast() -> None:
    cap = np.array([[8.0, 1, 7, 2, 6, 3, 5, 4, 100]])
    volatility = np.where(cap > 4, 0.01, 0.05)
    volatility[0, 8] = np.nan
    got, weight = shrink_to_size(volatility, cap, 0.1, 2)  # each group is of one value: nothing to shrink
    np.testing.assert_allclose(got, volatility, rtol=1e-14)
    assert np.isnan(weight[0, 8]) and np.isnan(got[0, 8])


# ---------------------------------------------------------------- the regime


def test_the_regime_multiplier_by_hand() -> None:
    u = np.array([[0.5, 0.5], [0.02, np.nan], [0.03, 0.02], [np.nan, np.nan]])
    volatility, cap = np.full((4, 2), 0.01), np.array([[3.0, 1], [3, 1], [9, 9], [9, 9]])
    # B^2: 4 (second name missing), (3 x 9 + 1 x 4) / 4 = 7.75, none; half-life 1
    expected = np.sqrt([1, 4, (0.5 * 4 + 7.75) / 1.5, (0.5 * 4 + 7.75) / 1.5])
    multiplier, bounded = regime_multiplier(u, volatility, cap, 1)
    np.testing.assert_allclose(multiplier, expected, rtol=1e-12)
    assert bounded.tolist() == [0, 0, 0, 0]


def test_the_regime_looks_back_ten_half_lives() -> None:
    rng = np.random.default_rng(0)
    u, ones = rng.normal(size=(40, 1)), np.ones((40, 1))
    got = regime_multiplier(u, ones, ones, 1)[0][-1]
    weight = 0.5 ** np.arange(9, -1, -1)
    assert got == pytest.approx(np.sqrt(np.average(u[-10:, 0] ** 2, weights=weight)), rel=1e-12)


def test_the_regime_uses_earlier_forecasts_and_multiplies_all_assets_alike() -> None:
    given_ = case()
    every, plain = (
        given_.forecast(replace(QUICK, regime_half_life=half), times=given_.specific_returns["time"][30:])
        for half in (8, None)
    )
    np.testing.assert_allclose(every["volatility"], plain["volatility"] * every["regime_multiplier"], rtol=1e-12)
    whole = given_.forecast(replace(QUICK, regime_half_life=None), times=given_.specific_returns["time"][5:])["volatility"]
    cap, u = given_.market_cap[5:].values, given_.specific_returns[5:].values
    expected = regime_multiplier(u, whole.values, cap, 8)[0][25:]
    late = slice(70, None)  # ten half-lives of eight days, after the first five days
    np.testing.assert_allclose(every["regime_multiplier"][late], expected[late], rtol=1e-12)


def test_a_return_beyond_twenty_deviations_counts_as_twenty_in_the_regime_and_is_counted_while_it_matters() -> None:
    u, s = np.full((40, 2), 0.01), np.full((40, 2), 0.01)
    u[10], u[20, 0] = [0.2, 0.2], -50.0  # twenty deviations are not beyond; 5,000 are
    multiplier, bounded = regime_multiplier(u, s, np.ones((40, 2)), 1)
    assert bounded.tolist() == [0] * 20 + [1] * 10 + [0] * 10  # ten half-lives of a day
    weight = 0.5 ** np.arange(9, -1, -1)
    squares = np.ones(10)
    squares[-1] = (20**2 + 1) / 2
    assert multiplier[20] == pytest.approx(np.sqrt(np.average(squares, weights=weight)), rel=1e-12)


def test_one_wild_return_of_a_small_name_hardly_moves_the_risk_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    given_ = case()
    small = given_.market_cap[-2].argmin("asset").item()
    wild = given_.specific_returns.copy()
    wild[-1, small] = 50.0
    calm, moved = (replace(given_, specific_returns=u).forecast() for u in (given_.specific_returns, wild))
    assert (calm["bounded"].item(), moved["bounded"].item()) == (0, 1)
    assert 1 <= moved["regime_multiplier"].item() / calm["regime_multiplier"].item() < 1.02
    assert given_.forecast(replace(QUICK, regime_half_life=None))["bounded"].item() == 0
    monkeypatch.setattr("riskmodel.estimation.specific.REGIME_BOUND", np.inf)
    unbounded = replace(given_, specific_returns=wild).forecast()["regime_multiplier"].item()
    assert unbounded / calm["regime_multiplier"].item() > 5


# ---------------------------------------------------------------- the whole


def test_the_presets_are_those_of_the_design() -> None:
    assert (SHORT_HORIZON.half_life, SHORT_HORIZON.lags, SHORT_HORIZON.regime_half_life) == (252, 0, 504)
    assert replace(LONG_HORIZON, lags=0) == SHORT_HORIZON and LONG_HORIZON.lags == 5


def test_the_future_changes_nothing() -> None:
    given_ = case()
    time = given_.specific_returns["time"]
    wrong = {
        name: getattr(given_, name).where(time <= time[80], getattr(given_, name) * 7 + 1)
        for name in ("specific_returns", "market_cap", "exposures")
    }
    xr.testing.assert_identical(replace(given_, **wrong).forecast(times=time[60:81]), given_.forecast(times=time[60:81]))


def test_a_forecast_is_the_same_alone_and_among_others() -> None:
    given_ = case()
    time = given_.specific_returns["time"]
    every = given_.forecast(times=time[20:])
    for day in (30, 100, 119):
        alone = given_.forecast(times=time[day].values)
        xr.testing.assert_allclose(alone, every.sel(time=[time[day].values]), rtol=1e-11)
    backwards = given_.forecast(times=time[[100, 30]])
    assert backwards["time"].values.tolist() == time[[100, 30]].values.tolist()
    xr.testing.assert_allclose(backwards, every.sel(time=time[[100, 30]]), rtol=1e-11)


def test_the_order_of_assets_and_factors_and_dimensions_does_not_matter() -> None:
    given_ = case()
    order = np.random.default_rng(3).permutation(60)
    mixed = Case(
        specific_returns=given_.specific_returns[:, order].T,
        market_cap=given_.market_cap,
        exposures=given_.exposures[:, order[::-1], ::-1].transpose("factor", "asset", "time"),
        sectors=given_.sectors[order],
    )
    xr.testing.assert_allclose(mixed.forecast(), given_.forecast()[{"asset": order}], rtol=1e-10)


@pytest.mark.parametrize("factor", [1e-3, 0.5, 40.0])
def test_returns_scaled_scale_the_forecast(factor: float) -> None:
    given_ = case()
    scaled = replace(given_, specific_returns=given_.specific_returns * factor).forecast()
    np.testing.assert_allclose(scaled["volatility"], factor * given_.forecast()["volatility"], rtol=1e-12)


def test_caps_in_another_unit_change_nothing() -> None:
    given_ = case()
    xr.testing.assert_allclose(
        replace(given_, market_cap=given_.market_cap * 1e-6).forecast(), given_.forecast(), rtol=1e-11
    )


def test_an_asset_outside_the_market_has_no_forecast_and_is_not_counted_as_unserved() -> None:
    given_ = case()
    cap = given_.market_cap.copy()
    cap[-1, 3], cap[-1, 7] = np.nan, 0
    risk = replace(given_, market_cap=cap).forecast()
    assert risk["volatility"].isnull().values.nonzero()[1].tolist() == [3, 7]
    assert risk["unserved"].item() == 0


def test_an_asset_that_no_model_can_serve_is_missing_and_counted() -> None:
    given_ = case()
    u, sectors = given_.specific_returns.copy(), given_.sectors.copy()
    u[:-3, 6], sectors[6] = np.nan, ""
    risk = replace(given_, specific_returns=u, sectors=sectors).forecast()
    assert risk["unserved"].item() == 1 and bool(risk["volatility"][0, 6].isnull())


def test_arguments_are_not_changed() -> None:
    given_ = case()
    before = {name: value.copy(deep=True) for name, value in vars(given_).items()}
    given_.forecast()
    for name, value in before.items():
        xr.testing.assert_identical(getattr(given_, name), value)


def test_forecasts_of_a_simulated_market_are_unbiased_for_full_and_short_histories() -> None:
    rng = np.random.default_rng(0)
    given_ = case(days=420, assets=400, sectors=4)
    x, label = given_.exposures.values[0], np.arange(400) % 4
    true = np.exp(-4 + 0.2 * label + x @ [0.3, 0.1] + 0.1 * rng.normal(size=400))
    u = rng.standard_normal((420, 400)) * true
    first = np.zeros(400, dtype=int)
    first[:100] = rng.integers(200, 420, 100)
    u[np.arange(420)[:, None] < first] = np.nan
    listed_ = np.arange(420)[:, None] >= first  # a cap, and so a forecast, from the day before the first return
    cap = given_.market_cap.where(np.vstack([listed_[1:], listed_[-1:]]))
    chosen = replace(SHORT_HORIZON, lags=0)
    market = replace(given_, specific_returns=given_.specific_returns.copy(data=u), market_cap=cap)
    risk = market.forecast(chosen, times=given_.specific_returns["time"][220:])
    standardised = u[221:] / risk["volatility"].values[:-1]
    history = risk["history"].values[:-1]
    for low, high in ((0, 60), (60, 180), (180, 1000)):
        z = standardised[(history >= low) & (history < high)]
        z = z[~np.isnan(z)]
        assert len(z) > 1000
        assert np.sqrt(np.mean(z**2)) == pytest.approx(1, abs=0.05), (low, high)


@settings(
    max_examples=dear_examples(),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(6, 60),
    assets=st.integers(1, 25),
    missing=st.floats(0, 0.9),
    size=st.floats(1e-6, 1e3),
    constant=st.booleans(),
    chosen=st.sampled_from([QUICK, SHORT_HORIZON, PLAIN, replace(QUICK, size_groups=3, shrinkage=1.0)]),
)
def test_a_forecast_is_positive_for_every_valid_input(
    seed: int, days: int, assets: int, missing: float, size: float, constant: bool, chosen: SpecificRiskSettings
) -> None:
    rng = np.random.default_rng(seed)
    made = case(seed=seed % 1000, days=days, assets=assets)
    u = np.full((days, assets), size) if constant else rng.standard_t(2, (days, assets)) * size
    u[rng.random(u.shape) < missing] = np.nan
    x = made.exposures.where(rng.random(made.exposures.shape) > missing / 5)
    try:
        risk = replace(made, specific_returns=made.specific_returns.copy(data=u), exposures=x).forecast(chosen)
    except InputError as refused:
        assert "no asset can be given a forecast" in str(refused)
        return
    volatility = risk["volatility"].values
    assert (volatility[~np.isnan(volatility)] > 0).all() and np.isfinite(volatility[~np.isnan(volatility)]).all()
    assert risk["unserved"].item() == int(np.isnan(volatility).sum())
    assert ((risk["blend"] >= 0) & (risk["blend"] <= 1) | risk["blend"].isnull()).all()
    assert ((risk["shrinkage"] >= 0) & (risk["shrinkage"] < 1) | risk["shrinkage"].isnull()).all()
    assert risk["regime_multiplier"].item() > 0


# ---------------------------------------------------------------- linked share classes


def linked_case() -> tuple[xr.DataArray, pd.Series]:
    rng = np.random.default_rng(0)
    common = rng.normal(0, 0.02, 200)
    u = np.column_stack([common, common + rng.normal(0, 0.01, 200), rng.normal(0, 0.02, 200), rng.normal(0, 0.02, 200)])
    u[:150, 3] = np.nan
    coords = {"time": pd.date_range("2024-01-01", periods=200, unit="ns"), "asset": ["X.A", "X.B", "Y", "Y.B"]}
    return xr.DataArray(u, coords, ("time", "asset")), pd.Series({"X.A": "X", "X.B": "X", "Y": "Y", "Y.B": "Y", "Z": "Z"})


def test_the_correlation_of_share_classes_is_that_of_their_common_days() -> None:
    u, linked = linked_case()
    rho = linked_correlation(u, linked, half_life=50)
    w = 0.5 ** (np.arange(200)[::-1] / 50)
    a, b = u.values[:, 0], u.values[:, 1]
    expected = (w * a * b).sum() / np.sqrt((w * a**2).sum() * (w * b**2).sum())
    assert rho.sel(issuer="X").item() == pytest.approx(expected, rel=1e-12)
    assert rho.sel(issuer="Y").item() == 1  # 50 common days, fewer than 60
    assert rho["issuer"].values.tolist() == ["X", "Y"]


def test_the_specific_variance_is_that_of_the_matrix_with_blocks() -> None:
    u, linked = linked_case()
    rng = np.random.default_rng(1)
    sigma = xr.DataArray([0.01, 0.02, 0.03, 0.04], {"asset": u["asset"]})
    a = xr.DataArray(rng.normal(size=(2, 4)), {"asset": u["asset"]}, ("portfolio", "asset"))
    rho = xr.DataArray([0.9, 0.5], {"issuer": ["X", "Y"]})
    correlation = np.eye(4)
    correlation[0, 1] = correlation[1, 0] = 0.9
    correlation[2, 3] = correlation[3, 2] = 0.5
    matrix = correlation * np.outer(sigma, sigma)
    order = [2, 0, 3, 1]
    got = specific_covariance_times(a[:, order], sigma, linked, rho)
    np.testing.assert_allclose(got.sel(asset=u["asset"]), a.values @ matrix, rtol=1e-12)
    independent = specific_covariance_times(a, sigma)
    np.testing.assert_allclose(independent, a.values * sigma.values**2, rtol=1e-12)


def test_a_new_share_class_takes_the_time_series_of_its_sibling() -> None:
    given_ = case()
    u = given_.specific_returns.copy()
    u[:-5, 4] = np.nan
    assert u[:, 1].notnull().sum() > 100
    changed = replace(given_, specific_returns=u)
    linked = pd.Series({"A004": "Both", "A001": "Both", "A002": "Alone"})
    risk, plain = changed.forecast(linked=linked), changed.forecast()
    for name in ("time_series_volatility", "blend"):
        assert risk[name][0, 4].item() == risk[name][0, 1].item() == plain[name][0, 1].item()
    assert risk["history"][0, 4].item() == 5
    assert plain["blend"][0, 4].item() == 0
    as_array = xr.DataArray(linked.to_numpy(), {"asset": linked.index.to_numpy()})
    xr.testing.assert_identical(changed.forecast(linked=as_array), risk)


def test_a_weight_without_volatility_is_refused() -> None:
    u, _ = linked_case()
    with pytest.raises(InputError, match=r"^volatility: missing for 1 asset with weight: Y\.$"):
        specific_covariance_times(xr.ones_like(u[0, :3]), xr.ones_like(u[0, :2]))


# ---------------------------------------------------------------- what is refused


def refusal(given_: Case, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        given_.forecast(**options)
    return str(caught.value)


def test_labels_that_do_not_match_or_repeat_are_refused() -> None:
    given_ = case()
    assert refusal(replace(given_, market_cap=given_.market_cap[:, 2:])) == (
        "market_cap: 2 labels of 'asset' not as in specific_returns; only in specific_returns: A000, A001. "
        "Give both the same labels, e.g. with xarray.align."
    )
    twice = given_.sectors.assign_coords(asset=["A001", *given_.sectors["asset"].values[1:]])
    assert (
        refusal(replace(given_, sectors=twice))
        == "sectors: 1 duplicate label of 'asset': A001. Keep one each, or add up what belongs together."
    )
    again = pd.Series(["X", "X"], index=["A001", "A001"])
    assert (
        refusal(given_, linked=again)
        == "linked: 1 duplicate label of 'asset': A001. Keep one each, or add up what belongs together."
    )


def test_dimensions_of_other_names_are_refused() -> None:
    given_ = case()
    assert refusal(replace(given_, exposures=given_.exposures.rename(factor="style"))) == (
        "exposures: dimensions (time, asset, style); it takes (time, factor, asset)."
    )


@pytest.mark.parametrize("name", ["specific_returns", "market_cap", "exposures"])
def test_infinite_values_are_refused(name: str) -> None:
    given_ = case()
    wrong = getattr(given_, name).copy()
    wrong[-3, :2] = -np.inf  # exposures are looked at as far back as the regime looks
    number = wrong.size // wrong.shape[0] // wrong.shape[1] * 2
    said = refusal(replace(given_, **{name: wrong}))
    assert said.startswith(f"{name}: {number} infinite values: (2024-04-27, ")
    assert said.endswith(", A001). Use NaN for what is missing.")


def test_negative_caps_are_refused() -> None:
    given_ = case()
    said = refusal(replace(given_, market_cap=-given_.market_cap[:, ::-1]))
    assert said.startswith("market_cap: 7,200 negative values: (2024-01-01, A000), (2024-01-01, A001), ")


def test_times_out_of_order_or_unknown_are_refused() -> None:
    given_ = case()
    assert refusal(replace(given_, specific_returns=given_.specific_returns[::-1])) == (
        "specific_returns: 'time' is not sorted: 2024-04-28 follows 2024-04-29. Use specific_returns.sortby('time'), of "
        "pandas sort_index()."
    )
    assert refusal(given_, times="2030-01-01") == (
        "times: 1 label not in specific_returns: 2030-01-01. It runs from 2024-01-01 to 2024-04-29."
    )
    assert refusal(given_, times=["hello"]).startswith(
        "times: 1 label not in specific_returns: hello. It runs from 2024-01-01"
    )
    twice = "times: empty, or a label repeats. Give each day once."
    assert refusal(given_, times=[]) == refusal(given_, times=["2024-04-29", pd.Timestamp("2024-04-29")]) == twice


def test_arguments_of_another_kind_are_refused() -> None:
    given_ = case()
    assert refusal(given_, linked={"A000": "X"}) == (
        "linked: is of type dict, without labels. Give a DataArray or a Series by (asset). Of a dict make "
        "one with pandas.Series(linked)."
    )
    with pytest.raises(InputError) as caught:
        given_.forecast({"lags": 0})  # type: ignore[arg-type]
    assert str(caught.value) == (
        "settings: is of type dict, not SpecificRiskSettings. Use riskmodel.SpecificRiskSettings()."
    )
    with pytest.raises(InputError, match=r"^specific_returns, market_cap: None\. Both are needed"):
        specific_risk(given_.specific_returns, None)  # type: ignore[arg-type]


def test_issuers_of_other_assets_are_refused() -> None:
    assert refusal(case(), linked=pd.Series("X", index=["GOOG", "GOOGL"])) == (
        "linked: 2 labels, of which none is among the 60 assets: GOOG, GOOGL. Nothing would be linked; label the issuers by "
        "asset, as in A000, A001, A002 and 57 more."
    )
    assert case().forecast(linked=pd.Series(dtype=object))["volatility"].notnull().any()


def test_too_short_a_history_is_refused() -> None:
    given_ = case()
    assert refusal(given_, times=given_.specific_returns["time"][2]) == (
        "specific_returns: no asset can be given a forecast: the longest history has 3 observations. "
        "An asset needs 5 and a market_cap."
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"half_life": 0}, "half_life is 0; it must be a positive number."),
        ({"half_life": "84"}, "half_life is '84'; it must be a positive number."),
        ({"regime_half_life": np.nan}, "regime_half_life is nan; it must be a positive number."),
        ({"lag_half_life": None}, "lag_half_life is None; it must be a positive number."),
        ({"shrinkage": -0.1}, "shrinkage is -0.1; it must be a number, at least 0."),
        ({"lags": -1}, "lags is -1; it must be a whole number, at least 0."),
        ({"lags": 2.5}, "lags is 2.5; it must be a whole number, at least 0."),
        ({"size_groups": True}, "size_groups is True; it must be a whole number, at least 1."),
        ({"structural": "no"}, "structural is 'no'; it must be True or False."),
        ({"short_history": 200}, "full_history is 180; it must be above short_history, 200."),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        SpecificRiskSettings(**wrong)  # type: ignore[arg-type]
    assert str(caught.value) == f"specific risk settings: {message}"


# ---------------------------------------------------------------- the real market


@pytest.mark.slow
@pytest.mark.real_market
def test_forecasts_of_the_real_market_are_unbiased_over_sizes_and_histories(real_market, real_model) -> None:
    market, model = real_market, real_model
    u = model.specific_returns
    risk = specific_risk(u, market["market_cap"], model.exposures, market["sector"], times=u["time"][252::5])
    last = risk["volatility"][-1] * np.sqrt(252)
    assert 0.1 < last.sel(asset="AAPL").item() < 0.3
    following = u.shift(time=-1).sel(time=risk["time"])
    z, cap = following / risk["volatility"], market["market_cap"].sel(time=risk["time"], asset=u["asset"])
    assert float(z.std()) == pytest.approx(1, abs=0.05)
    rank = cap.where(z.notnull()).to_pandas().rank(axis=1, pct=True)
    decile = cap.copy(data=np.ceil(10 * rank) - 1)
    for d in range(10):
        assert float(z.where(decile == d).std()) == pytest.approx(1, abs=0.1), d
    for low, high in ((0, 60), (60, 180), (180, 2000)):
        assert float(z.where((risk["history"] >= low) & (risk["history"] < high)).std()) == pytest.approx(1, abs=0.15), low
