"""The factor covariance against pandas, statsmodels, scikit-learn, loops over pairs and simulation with a known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf, oas
from statsmodels.stats.sandwich_covariance import S_hac_simple

from riskmodel.errors import InputError
from riskmodel.estimation.covariance import eigenfactor_adjustment, factor_covariance
from riskmodel.estimation.covariance_settings import LONG_HORIZON, SHORT_HORIZON, CovarianceSettings
from tests.conftest import dear_examples

PLAIN = CovarianceSettings(
    volatility_half_life=20.0,
    volatility_lags=3,
    correlation_half_life=60.0,
    correlation_lags=2,
    eigenfactor_simulations=0,
    regime_half_life=None,
    minimum_history=10,
)
SIMULATED = replace(PLAIN, eigenfactor_simulations=50)
ALL = replace(SIMULATED, regime_half_life=15.0)


def returns(days: int = 120, factors: int = 4, *, seed: int = 0, missing: float = 0.0) -> xr.DataArray:
    """Correlated, autocorrelated daily returns of unlike size; a share of them missing."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_t(5, (days + 1, factors)) @ rng.normal(size=(factors, factors))
    f = 0.01 * (noise[1:] + 0.3 * noise[:-1]) * rng.uniform(0.2, 2, factors)
    f[rng.random(f.shape) < missing] = np.nan
    return labelled(f)


def labelled(values: np.ndarray) -> xr.DataArray:
    time = pd.bdate_range("2024-01-01", periods=len(values))
    names = [f"factor{k}" for k in range(values.shape[1])]
    return xr.DataArray(values, {"time": time, "factor": names}, ("time", "factor"))


def by_pairs(f: np.ndarray, chosen: CovarianceSettings) -> np.ndarray:
    """The last day's D C D from the definition: for each pair, weighted sums over its days, one product at a time."""

    def moment(x: np.ndarray, y: np.ndarray, half_life: float, lags: int) -> float:
        weight = 0.5 ** (np.arange(len(x))[::-1] / half_life)
        total = 0.0
        for t in range(len(x)):
            total += weight[t] * x[t] * y[t]
            for lag in range(1, min(lags, t) + 1):
                bartlett = 1 - lag / (lags + 1)
                total += bartlett * np.sqrt(weight[t] * weight[t - lag]) * (x[t] * y[t - lag] + x[t - lag] * y[t])
        return total

    x, present = np.nan_to_num(f), ~np.isnan(f)
    weight = 0.5 ** (np.arange(len(f))[::-1] / chosen.volatility_half_life)
    deviation = [
        np.sqrt(moment(x[:, k], x[:, k], chosen.volatility_half_life, chosen.volatility_lags) / weight[present[:, k]].sum())
        for k in range(f.shape[1])
    ]
    out = np.empty((f.shape[1], f.shape[1]))
    options = (chosen.correlation_half_life, chosen.correlation_lags)
    for k in range(f.shape[1]):
        for other in range(f.shape[1]):
            shared = present[:, k] & present[:, other]
            a, b = x[:, k] * shared, x[:, other] * shared
            rho = moment(a, b, *options) / np.sqrt(moment(a, a, *options) * moment(b, b, *options))
            out[k, other] = rho * deviation[k] * deviation[other]
    return out


def last(f: xr.DataArray, chosen: CovarianceSettings) -> np.ndarray:
    return factor_covariance(f, chosen)["covariance"].to_numpy()[0]


def least_eigenvalue_over_largest(covariance: np.ndarray) -> float:
    values = np.linalg.eigvalsh(covariance)
    return float(values[0] / values[-1]) if values[-1] > 0 else 0.0


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_variances_without_lags_are_pandas_ewm_by_half_life(missing):
    f = returns(missing=missing)
    chosen = replace(PLAIN, volatility_lags=0)
    fit = factor_covariance(f, chosen, times=f["time"].values[40:])
    squares = f.to_pandas() ** 2
    expected = squares.ewm(halflife=20).mean().iloc[40:]
    np.testing.assert_allclose(fit["volatility"] ** 2, expected, rtol=1e-12)
    by_centre_of_mass = squares.ewm(com=20).mean().iloc[40:]  # the mistake of a known package
    assert not np.allclose(fit["volatility"] ** 2, by_centre_of_mass, rtol=0.02)


def test_a_return_126_days_ago_weighs_half_of_todays():
    chosen = replace(SHORT_HORIZON, volatility_lags=0, eigenfactor_simulations=0, regime_half_life=None)
    f = np.zeros((200, 2))
    f[199, 0] = f[199 - 126, 1] = 0.01
    variance = factor_covariance(labelled(f), chosen)["volatility"].to_numpy()[0] ** 2
    assert variance[1] / variance[0] == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("lags", [0, 1, 5])
def test_newey_west_equals_statsmodels_on_the_weighted_returns(lags):
    f = returns()
    chosen = replace(
        PLAIN, volatility_half_life=30.0, correlation_half_life=30.0, volatility_lags=lags, correlation_lags=lags
    )
    weight = 0.5 ** (np.arange(len(f))[::-1] / 30)
    expected = S_hac_simple(f.to_numpy() * np.sqrt(weight)[:, None], nlags=lags) / weight.sum()
    np.testing.assert_allclose(last(f, chosen), expected, rtol=1e-10)


def test_more_lags_than_days_use_the_lags_there_are():
    f = returns(15)
    chosen = replace(PLAIN, volatility_lags=40, correlation_lags=15)
    np.testing.assert_allclose(last(f, chosen), by_pairs(f.to_numpy(), chosen), rtol=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("seed", [0, 1])
def test_separate_half_lives_equal_the_loop_over_pairs(missing, seed):
    f = returns(seed=seed, missing=missing)
    fit = factor_covariance(f, PLAIN, times=f["time"].values[[60, 119]])
    assert fit["clipped"].to_numpy().tolist() == [0, 0]
    for position, day in enumerate([60, 119]):
        expected = by_pairs(f.to_numpy()[: day + 1], PLAIN)
        np.testing.assert_allclose(fit["covariance"][position], expected, rtol=1e-10)


@pytest.mark.parametrize("days", [25, 70])
def test_the_eigenfactor_adjustment_equals_simulating_every_history(days):
    f = returns(days, 3)
    chosen = replace(SIMULATED, eigenfactor_simulations=12, seed=7)
    fit = factor_covariance(f, chosen)
    values, vectors = np.linalg.eigh(last(f, PLAIN))
    vectors = vectors * np.sign((vectors**3).sum(axis=0))
    random = np.random.default_rng(np.random.SeedSequence(7).spawn(1)[0])  # of the first block of simulations
    draws = random.standard_normal((days, 12, 3))[::-1]  # newest first
    ratio = np.empty((12, 3))
    for m in range(12):
        predicted, directions = np.linalg.eigh(by_pairs(draws[:, m] @ (vectors * np.sqrt(values)).T, PLAIN))
        ratio[m] = np.diag(directions.T @ last(f, PLAIN) @ directions) / predicted
    bias = np.sqrt(ratio.mean(axis=0))
    np.testing.assert_allclose(fit["eigenfactor_bias"][0], bias, rtol=1e-10)
    np.testing.assert_allclose(fit["covariance"][0], (vectors * bias**2 * values) @ vectors.T, rtol=1e-10, atol=1e-18)


def test_the_eigenfactor_adjustment_removes_the_bias_of_small_eigenportfolios():
    rng = np.random.default_rng(3)
    factors, days, worlds = 10, 63, 100
    truth = np.diag(np.linspace(0.5, 2.0, factors) ** 2) * 1e-4
    chosen = CovarianceSettings(1e4, 0, 1e4, 0, eigenfactor_simulations=200, regime_half_life=None)
    raw, adjusted = np.empty((2, worlds, factors))
    for world in range(worlds):
        f = labelled(rng.normal(size=(days, factors)) @ np.sqrt(truth))
        for out, simulations in ((raw, 0), (adjusted, 200)):
            values, vectors = np.linalg.eigh(last(f, replace(chosen, eigenfactor_simulations=simulations)))
            out[world] = np.diag(vectors.T @ truth @ vectors) / values
    raw, adjusted = np.sqrt(raw.mean(axis=0)), np.sqrt(adjusted.mean(axis=0))
    assert raw[:3].min() > 1.10  # at T = 63, K = 10 the least eigenportfolios are forecast a tenth and more too low
    assert np.abs(adjusted[:3] - 1).max() < 0.06
    assert np.abs(adjusted - 1).mean() < 0.4 * np.abs(raw - 1).mean()


def test_the_eigenfactor_scale_stretches_the_distance_to_one():
    f = returns()
    once, more = (factor_covariance(f, replace(SIMULATED, eigenfactor_scale=a))["eigenfactor_bias"] for a in (1.0, 1.4))
    np.testing.assert_allclose(more - 1, 1.4 * (once - 1), rtol=1e-12)


def test_the_adjustment_of_a_covariance_is_the_one_inside_the_forecast():
    f = returns()
    plain = factor_covariance(f, PLAIN)["covariance"][0]
    covariance, bias = eigenfactor_adjustment(plain, SIMULATED, days=120)
    np.testing.assert_allclose(covariance, last(f, SIMULATED), rtol=1e-13)
    np.testing.assert_allclose(bias, factor_covariance(f, SIMULATED)["eigenfactor_bias"][0], rtol=1e-13)


def test_another_seed_changes_the_adjustment_a_little_and_the_same_seed_not_at_all():
    f = returns()
    first, again, other = (last(f, replace(SIMULATED, seed=seed, eigenfactor_simulations=300)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_allclose(np.diag(other), np.diag(first), rtol=0.1)


def test_the_regime_multiplier_follows_its_recursion():
    f = returns(30, 3, seed=5)
    f[20, :] = np.nan  # a day that judges nothing
    f[24, 1] = np.nan
    chosen = replace(PLAIN, regime_half_life=15.0)
    fit = factor_covariance(f, chosen, times=f["time"].values[9:])
    squares = f.to_pandas() ** 2
    ratio = squares / squares.ewm(halflife=20).mean().shift(1)
    decay, level, expected = 0.5 ** (1 / 15), 1.0, []
    for day in range(9, 30):
        if day >= 10 and day != 20:
            level = decay * level + (1 - decay) * ratio.iloc[day].mean()
        expected.append(np.sqrt(level))
    np.testing.assert_allclose(fit["regime_multiplier"], expected, rtol=1e-12)
    without = factor_covariance(f, PLAIN, times=f["time"].values[9:])
    squared = fit["regime_multiplier"] ** 2
    np.testing.assert_allclose(fit["covariance"], without["covariance"] * squared, rtol=1e-12)


def test_twice_the_volatility_moves_the_regime_multiplier_towards_two():
    rng = np.random.default_rng(0)
    f = rng.normal(size=(600, 20)) * 0.01
    f[-15:] *= 2
    chosen = replace(PLAIN, volatility_half_life=1e4, regime_half_life=15.0)
    fit = factor_covariance(labelled(f), chosen, times=labelled(f)["time"].values[[-16, -1]])
    before, after = fit["regime_multiplier"].to_numpy()
    assert before == pytest.approx(1.0, abs=0.05)
    assert after == pytest.approx(np.sqrt(0.5 * 1 + 0.5 * 4), rel=0.05)  # half of the weight lies on the last 15 days


@pytest.mark.parametrize("method, estimate", [("ledoit_wolf", ledoit_wolf), ("oas", oas)])
def test_shrinkage_equals_scikit_learn_on_the_weighted_standardised_returns(method, estimate):
    f = returns(40)
    chosen = replace(PLAIN, shrinkage=method, volatility_lags=0, correlation_lags=0)
    fit = factor_covariance(f, chosen)
    weight = 0.5 ** (np.arange(40)[::-1] / 60)
    x = f.to_numpy() * np.sqrt(weight / weight.mean())[:, None]
    x /= np.sqrt((x**2).mean(axis=0))
    expected, intensity = estimate(x, assume_centered=True)
    deviation = fit["volatility"].to_numpy()[0]
    np.testing.assert_allclose(fit["shrinkage"], [intensity], rtol=1e-12)
    np.testing.assert_allclose(fit["covariance"][0] / np.outer(deviation, deviation), expected, rtol=1e-10, atol=1e-14)


@st.composite
def gappy_returns(draw: st.DrawFn) -> xr.DataArray:
    """Any returns: gaps, repeated columns, constants, zeros, wide ranges."""
    days, factors = draw(st.integers(3, 25)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    f = rng.standard_t(3, (days, factors)) * 10.0 ** rng.integers(-4, 1, factors)
    kind = draw(st.sampled_from(["plain", "twins", "constant", "zero_sum", "alternating"]))
    if kind == "twins":
        f[:, -1] = f[:, 0]
    elif kind == "constant":
        f[:, -1] = draw(st.sampled_from([0.0, 0.01]))
    elif kind == "zero_sum":
        f[:, -1] = -f[:, :-1].sum(axis=1)
    elif kind == "alternating":
        f[:, -1] = (-1.0) ** np.arange(days)
    f[rng.random(f.shape) < draw(st.sampled_from([0.0, 0.1, 0.5]))] = np.nan
    f[:3, 0] = 0.01, -0.02, 0.01  # so that one factor always has a history
    return labelled(f)


@settings(max_examples=dear_examples(), deadline=None)
@given(f=gappy_returns(), simulations=st.sampled_from([0, 7]), lags=st.integers(0, 6))
def test_the_covariance_is_symmetric_and_positive_semi_definite_whatever_is_missing(f, simulations, lags):
    chosen = CovarianceSettings(
        5.0, lags, 9.0, lags, eigenfactor_simulations=simulations, regime_half_life=4.0, minimum_history=3
    )
    fit = factor_covariance(f, chosen, times=f["time"].values[2:])
    for covariance, observations in zip(fit["covariance"].to_numpy(), fit["observations"].to_numpy(), strict=True):
        live = observations >= 3
        assert np.isnan(covariance[~live]).all() and np.isnan(covariance[:, ~live]).all()
        inside = covariance[np.ix_(live, live)]
        assert np.isfinite(inside).all()
        assert np.array_equal(inside, inside.T)
        assert least_eigenvalue_over_largest(inside) > -1e-11


@settings(max_examples=dear_examples(), deadline=None)
@given(seed=st.integers(0, 10_000), missing=st.sampled_from([0.0, 0.1]))
def test_permuting_the_factors_permutes_the_answer(seed, missing):
    f = returns(seed=seed, missing=missing)
    order = np.random.default_rng(seed).permutation(f["factor"].to_numpy())
    one, other = factor_covariance(f, ALL), factor_covariance(f.sel(factor=order), ALL)
    sorted_back = other["covariance"].sel(factor=f["factor"], factor_other=f["factor"].to_numpy())
    np.testing.assert_allclose(sorted_back, one["covariance"], rtol=1e-7, atol=1e-10 * float(one["covariance"].max()))
    np.testing.assert_allclose(other["eigenfactor_bias"], one["eigenfactor_bias"], rtol=1e-7)


@settings(max_examples=dear_examples(), deadline=None)
@given(scale=st.floats(1e-3, 1e3))
def test_scaling_the_returns_scales_the_covariance_by_its_square(scale):
    f = returns(missing=0.05)
    expected = last(f, ALL) * scale**2
    np.testing.assert_allclose(last(f * scale, ALL), expected, rtol=1e-12, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("chosen", [ALL, replace(ALL, eigenfactor_simulations=0, shrinkage="ledoit_wolf")])
def test_later_returns_change_nothing(chosen):
    f = returns()
    day = f["time"].values[[70]]
    changed = f.copy()
    changed[71:] = changed[71:] * -9 + 1
    changed[80:90, 1] = np.nan
    for other in (changed, f[:71]):
        xr.testing.assert_identical(factor_covariance(other, chosen, times=day), factor_covariance(f, chosen, times=day))


def test_a_day_asked_for_among_others_in_any_order_is_as_asked_for_alone():
    f = returns(missing=0.02)
    f[:40, 2] = np.nan
    days = f["time"].values[[119, 20, 55, 54]]
    together = factor_covariance(f, ALL, times=days)
    assert together["time"].to_numpy().tolist() == days.tolist()
    for day in days:
        alone = factor_covariance(f, ALL, times=[pd.Timestamp(day)])
        xr.testing.assert_allclose(together.sel(time=[day]), alone, rtol=1e-10, atol=1e-16)


def test_other_days_asked_for_do_not_move_where_the_simulated_history_ends():
    f = returns(400, 3)
    short = replace(SIMULATED, volatility_half_life=11.0, correlation_half_life=13.0)  # 88 and 104 days are drawn
    alone = factor_covariance(f, short, times=f["time"].values[[399]])
    together = factor_covariance(f, short, times=f["time"].values[[70, 90, 101, 399]])
    xr.testing.assert_allclose(together.isel(time=[3]), alone, rtol=1e-12)


def test_sector_returns_that_sum_to_zero_give_a_singular_covariance_without_loss():
    rng = np.random.default_rng(2)
    cap = np.array([0.5, 0.3, 0.2])
    sectors = rng.normal(size=(250, 3)) * 0.004
    f = labelled(np.column_stack([rng.normal(size=250) * 0.01, sectors - (sectors @ cap)[:, None]]))
    one_half_life = replace(PLAIN, correlation_half_life=20.0, correlation_lags=3, eigenfactor_simulations=100)
    fit = factor_covariance(f, one_half_life)
    covariance, riskless = fit["covariance"].to_numpy()[0], np.array([0, *cap])
    assert riskless @ covariance @ riskless < 1e-13 * covariance.max()
    assert fit["eigenfactor_bias"][0, 0] == 1.0 and fit["clipped"][0] == 0
    split = last(f, replace(SIMULATED, eigenfactor_simulations=100))
    assert abs(least_eigenvalue_over_largest(split)) < 1e-13  # as singular, though along another portfolio
    assert riskless @ split @ riskless > 0


def test_a_factor_with_a_short_history_is_missing_until_it_has_one():
    f = returns(missing=0.0)
    f[:50, 3] = np.nan
    fit = factor_covariance(f, ALL, times=f["time"].values[[58, 59]])
    assert fit["observations"].sel(factor="factor3").to_numpy().tolist() == [9, 10]
    assert np.isnan(fit["volatility"].sel(factor="factor3")).to_numpy().tolist() == [True, False]
    assert np.isfinite(fit["eigenfactor_bias"]).sum("rank").to_numpy().tolist() == [3, 4]
    alone = factor_covariance(f.isel(factor=slice(3)), PLAIN, times=f["time"].values[[58]])
    among = factor_covariance(f, PLAIN, times=f["time"].values[[58]]).isel(factor=slice(3), factor_other=slice(3))
    np.testing.assert_allclose(among["covariance"], alone["covariance"], rtol=1e-12)


def test_pairs_measured_on_different_days_are_made_consistent_and_counted():
    a = np.random.default_rng(0).normal(size=(60, 1))
    f = np.hstack([a, a, a])
    f[:20, 2], f[20:40, 1], f[40:, 0] = np.nan, np.nan, np.nan
    f[40:, 2] *= -1  # on their days 0 = 1 and 0 = 2, yet 1 = -2
    fit = factor_covariance(labelled(f), PLAIN)
    assert fit["clipped"].to_numpy().tolist() == [1]
    covariance, deviation = fit["covariance"].to_numpy()[0], fit["volatility"].to_numpy()[0]
    assert least_eigenvalue_over_largest(covariance) > -1e-13
    unclipped = np.sqrt((labelled(f).to_pandas() ** 2).ewm(halflife=20).mean().iloc[-1])
    lone = replace(PLAIN, volatility_lags=0)
    np.testing.assert_allclose(factor_covariance(labelled(f), lone)["volatility"][0], unclipped, rtol=1e-12)
    # correlations 1, 1, -1 have eigenvalues 2, 2, -1; without the last, and with the diagonal restored, they halve
    np.testing.assert_allclose(
        np.abs(covariance / np.outer(deviation, deviation)), np.full((3, 3), 0.5) + np.eye(3) / 2, atol=1e-9
    )


def test_a_pair_that_shares_too_few_days_gets_no_correlation():
    f = returns(60, 2)
    f[:25, 0], f[31:, 1] = np.nan, np.nan  # 6 days in common
    assert last(f, PLAIN)[0, 1] == 0
    assert last(f, replace(PLAIN, minimum_history=6))[0, 1] != 0


INDUSTRIES = {"factor3": "Energy", "factor4": "Energy", "factor5": "Materials"}


def test_an_industry_keeps_a_share_of_its_correlations_outside_its_sector():
    f = returns(factors=6)
    fit = factor_covariance(f, PLAIN, industry_sector=INDUSTRIES)["covariance"].isel(time=0)
    sector = np.array([INDUSTRIES.get(name, "") for name in f["factor"].values])
    share = np.where(sector[:, None] == sector, 1.0, 0.5)
    np.testing.assert_allclose(fit, by_pairs(f.to_numpy(), PLAIN) * share, rtol=1e-10)
    none = factor_covariance(f, replace(PLAIN, industry_correlation=0), industry_sector=INDUSTRIES)["covariance"][0]
    assert ((none == 0) == (share < 1)).all()


def test_the_factors_beside_industries_are_forecast_as_if_these_were_not_there():
    f = returns(factors=6, missing=0.05)
    alone = factor_covariance(f[:, :3], ALL, times=f["time"].values[[60, -1]])
    beside = factor_covariance(f, ALL, times=f["time"].values[[60, -1]], industry_sector=INDUSTRIES)
    np.testing.assert_allclose(beside["covariance"][:, :3, :3], alone["covariance"], rtol=1e-12)
    np.testing.assert_allclose(beside["eigenfactor_bias"], alone["eigenfactor_bias"], rtol=1e-12)
    np.testing.assert_array_equal(beside["regime_multiplier"], alone["regime_multiplier"])


def test_an_industry_moves_with_the_others_through_their_eigenfactors():
    """The cross block, by the definition: both multipliers, and U0 v U0' on the others' side."""
    f = returns(factors=6)
    plain = factor_covariance(f, PLAIN, industry_sector=INDUSTRIES)["covariance"][0].to_numpy()
    fit = factor_covariance(f, ALL, industry_sector=INDUSTRIES)
    _, vectors = np.linalg.eigh(plain[:3, :3])
    through = (vectors * fit["eigenfactor_bias"][0].to_numpy()) @ vectors.T
    own = factor_covariance(f[:, 3:], replace(ALL, eigenfactor_simulations=0))["regime_multiplier"][0].item()
    expected = own * fit["regime_multiplier"][0].item() * through @ plain[:3, 3:]
    np.testing.assert_allclose(fit["covariance"][0, :3, 3:], expected, rtol=1e-10)
    assert not np.allclose(through, np.eye(3), atol=1e-3)


@pytest.mark.parametrize("chosen", [ALL, replace(ALL, industry_correlation=1.0), replace(PLAIN, shrinkage="oas")])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_with_industries_it_is_symmetric_and_positive_semi_definite_too(chosen, missing):
    f = returns(days=60, factors=6, seed=4, missing=missing if chosen.shrinkage is None else missing / 10)
    for values in factor_covariance(f, chosen, times=f["time"].values[[30, -1]], industry_sector=INDUSTRIES)["covariance"]:
        np.testing.assert_array_equal(values, values.T)
        assert least_eigenvalue_over_largest(values.to_numpy()) > -1e-12


def test_the_long_horizon_is_slower_and_has_lags():
    assert CovarianceSettings() == SHORT_HORIZON
    assert (SHORT_HORIZON.volatility_half_life, SHORT_HORIZON.volatility_lags, SHORT_HORIZON.regime_half_life) == (126, 0, 5)
    assert (LONG_HORIZON.volatility_half_life, LONG_HORIZON.volatility_lags, LONG_HORIZON.regime_half_life) == (252, 5, 168)
    assert (SHORT_HORIZON.correlation_lags, LONG_HORIZON.correlation_lags, LONG_HORIZON.correlation_half_life) == (0, 2, 504)


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"industry_correlation": 1.5},
            "covariance settings: industry_correlation is 1.5; it must be a decimal from 0 to 1 (0.10 is 10 %).",
        ),
        ({"volatility_half_life": 0.0}, "covariance settings: volatility_half_life is 0.0; it must be a positive number."),
        (
            {"correlation_half_life": None},
            "covariance settings: correlation_half_life is None; it must be a positive number.",
        ),
        ({"volatility_lags": -1}, "covariance settings: volatility_lags is -1; it must be a whole number, at least 0."),
        ({"minimum_history": 1}, "covariance settings: minimum_history is 1; it must be a whole number, at least 2."),
        ({"shrinkage": "oass"}, "covariance settings: unknown shrinkage 'oass'. Known: ledoit_wolf, oas."),
        (
            {"shrinkage": "oas"},
            "covariance settings: shrinkage and the eigenfactor adjustment correct the same sampling error. "
            "Choose one: eigenfactor_simulations=0 switches the adjustment off.",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError) as error:
        CovarianceSettings(**options)
    assert str(error.value) == message


def with_infinities() -> xr.DataArray:
    f = returns()
    f[2, 1], f[4, 0] = np.inf, -np.inf
    return f


@pytest.mark.parametrize(
    "f, times, message",
    [
        (
            returns().rename(factor="style"),
            None,
            "factor_returns: dimensions (time, style); it takes (time, factor).",
        ),
        (returns().astype(str), None, "factor_returns: values are <U32, not numbers."),
        (
            returns().drop_vars("factor"),
            None,
            "factor_returns: dimension 'factor' has no labels. Give them; positions are never used.",
        ),
        (returns()[:0], None, "factor_returns: dimension 'time' is empty. Check the period and the names."),
        (
            returns().assign_coords(factor=["a", "b", "a", "b"]),
            None,
            "factor_returns: 2 duplicate labels of 'factor': a, b. Keep one each, or add up what belongs together.",
        ),
        (
            xr.concat([returns()[:1], returns()], dim="time"),
            None,
            "factor_returns: 1 duplicate label of 'time': 2024-01-01. Keep one each, or add up what belongs together.",
        ),
        (
            returns()[::-1],
            None,
            "factor_returns: 'time' is not sorted: 2024-06-13 follows 2024-06-14. Use factor_returns.sortby('time'), of "
            "pandas sort_index().",
        ),
        (
            with_infinities(),
            None,
            "factor_returns: 2 infinite values: (2024-01-03, factor1), (2024-01-05, factor0). Use NaN for what is missing.",
        ),
        (returns(), [], "times: empty, or a label repeats. Give each day once."),
        (
            returns(),
            ["2024-02-01", "2024-02-03"],
            "times: 1 label not in factor_returns: 2024-02-03. It runs from 2024-01-01 to 2024-06-14.",
        ),
        (
            returns(),
            ["2024-02-01", "2024-01-10"],
            "factor_returns: 8 returns up to 2024-01-10, 10 are needed (minimum_history). "
            "The first possible day is 2024-01-12.",
        ),
        (
            returns(5),
            None,
            "factor_returns: 5 returns up to 2024-01-05, 10 are needed (minimum_history). Give a longer history.",
        ),
    ],
)
def test_factor_returns_that_cannot_be_used_are_refused_by_name(f, times, message):
    with pytest.raises(InputError) as error:
        factor_covariance(f, PLAIN, times=times)
    assert str(error.value) == message


def test_shrinkage_says_how_many_whole_days_it_lacks():
    f = returns(60)
    f[:30, 0], f[35:, 1] = np.nan, np.nan
    message = "factor_returns: 5 days on which every factor has a return; shrinkage needs 10 \\(minimum_history\\)."
    with pytest.raises(InputError, match=message):
        factor_covariance(f, replace(PLAIN, shrinkage="oas"))


def square(values: list[list[float]], other: tuple[str, ...] = ("a", "b")) -> xr.DataArray:
    return xr.DataArray(values, {"factor": ["a", "b"], "factor_other": list(other)}, ("factor", "factor_other"))


@pytest.mark.parametrize(
    "covariance, message",
    [
        (
            square([[1, 0], [0, 1]]).rename(factor="k"),
            "dimensions (k, factor_other); it takes (factor, factor_other).",
        ),
        (
            square([[1, 0], [0, 1]], ("b", "c")),
            "2 labels of 'factor_other' not as in its 'factor'; only in covariance: c; only in its 'factor': a. Give "
            "both the same labels, e.g. with xarray.align.",
        ),
        (square([[1, np.nan], [np.nan, 1]]), "2 missing or infinite values: (a, b), (b, a)."),
        (
            square([[1, 0.2], [0.1, 1]]),
            "not symmetric: (a, b) is 0.2 but (b, a) is 0.1. If that is rounding, pass (F + F') / 2.",
        ),
        (
            square([[1, 2], [2, 1]]),
            "not positive semi-definite: the smallest eigenvalue of its correlations is -1, mostly in a, b. "
            "Estimate all of it from the same days.",
        ),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, message):
    with pytest.raises(InputError) as error:
        eigenfactor_adjustment(covariance, SIMULATED, days=60)
    assert str(error.value) == f"covariance: {message}"


def test_an_adjustment_without_simulations_is_refused():
    with pytest.raises(InputError, match="0 simulations of 60 days; at least 1 of 2 days is needed"):
        eigenfactor_adjustment(square([[1, 0], [0, 1]]), PLAIN, days=60)


@pytest.mark.slow
@pytest.mark.real_market
def test_the_real_market_has_plausible_volatilities(real_model):
    f = real_model.factor_returns.sel(factor=(real_model.data["factor_group"] != "industry").to_numpy())
    times = ["2013-06-28", "2014-06-30", "2015-06-30", "2016-09-30"]
    fit = factor_covariance(f, replace(SHORT_HORIZON, eigenfactor_simulations=200), times=times)
    a_year = fit["volatility"] * np.sqrt(252)
    assert ((a_year.sel(factor="market") > 0.08) & (a_year.sel(factor="market") < 0.25)).all()
    assert (a_year.max("factor") < 0.35).all() and (a_year.min("factor") > 0.005).all()
    assert (a_year[-1].idxmax() == "Energy").all()  # the year after oil fell
    assert ((fit["regime_multiplier"] > 0.7) & (fit["regime_multiplier"] < 1.5)).all()
    assert fit["eigenfactor_bias"][-1, 0] > 1.05
    assert np.isnan(fit["volatility"].sel(factor="eps_stability")).to_numpy().tolist() == [True, False, False, False]
    for covariance in fit["covariance"].to_numpy()[1:]:
        assert least_eigenvalue_over_largest(covariance) > -1e-12
