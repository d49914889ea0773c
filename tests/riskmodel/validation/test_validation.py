"""Bias statistics against their published constants, portfolios against dense algebra, and forecasts against the future."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.special
import scipy.stats
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.estimation import covariance_settings, specific
from riskmodel.estimation.covariance import factor_covariance
from riskmodel.estimation.covariance_settings import CovarianceSettings
from riskmodel.estimation.share_classes import linked_correlation
from riskmodel.estimation.specific import specific_risk
from riskmodel.market.market import build_market
from riskmodel.model.results import RiskModelResults
from riskmodel.validation.portfolios import (
    asset_draws,
    eigenfactors,
    optimised_weights,
    portfolio_volatility,
    random_weights,
)
from riskmodel.validation.result import Validation
from riskmodel.validation.simulated.market import simulate
from riskmodel.validation.validation import (
    bias_band,
    bias_statistic,
    kurtosis,
    mean_rolling_absolute_deviation,
    qlike,
    rolling_bias,
    share_outside,
    standardised,
    summarise,
    validate,
)
from tests.conftest import dear_examples

KINDS = ["random", "random_active", "factor", "sector", "eigenfactor", "minimum_variance", "optimised", "specific"]
QUICK = CovarianceSettings(eigenfactor_simulations=0)
FEW = {"covariance": QUICK, "specific": specific.SpecificRiskSettings(regime_half_life=None), "random_portfolios": 5}


def outcomes_of(values: np.ndarray, kind: str = "random") -> xr.DataArray:
    """Outcomes (time, portfolio) of one kind."""
    names = [f"{k}" for k in range(values.shape[1])]
    labels = {"kind": ("portfolio", [kind] * len(names)), "name": ("portfolio", names)}
    time = pd.bdate_range("2024-01-01", periods=len(values))
    return xr.DataArray(values, {"time": time, "portfolio": names, **labels}, ("time", "portfolio"))


def perfect(rng: np.random.Generator, observations: int, draws: int, kurtosis: float = 3.0) -> xr.DataArray:
    """Outcomes of a perfect forecast: normal, or Student's t of that kurtosis (3 + 6 / (df - 4)) scaled to variance 1."""
    if kurtosis == 3.0:
        return xr.DataArray(rng.standard_normal((observations, draws)), dims=("time", "portfolio"))
    freedom = 4 + 6 / (kurtosis - 3)
    values = rng.standard_t(freedom, (observations, draws)) * np.sqrt((freedom - 2) / freedom)
    return xr.DataArray(values, dims=("time", "portfolio"))


def share_inside(outcomes: xr.DataArray, kurtosis: float) -> float:
    bias = bias_statistic(outcomes)
    low, high = bias_band(outcomes.sizes["time"], kurtosis)
    return float(((bias >= float(low)) & (bias <= float(high))).mean())


# ---------------------------------------------------------------- statistics


def check_published_constants(draws: int, tolerance: float) -> None:
    """Menchero, Orr & Wang (2011), appendix A: constants of a perfect forecast over 12 months, and bands over 120."""
    rng = np.random.default_rng(0)
    year = perfect(rng, 12, draws)
    assert float(mean_rolling_absolute_deviation(year).mean()) == pytest.approx(0.17, abs=0.004 + tolerance)
    bias = bias_statistic(year)
    assert float(bias.quantile(0.05)) == pytest.approx(0.66, abs=0.02 + tolerance)
    assert float(bias.quantile(0.95)) == pytest.approx(1.34, abs=0.01 + tolerance)
    assert float(qlike(year, dim=("time", "portfolio"))) == pytest.approx(2.270, abs=5 * tolerance)
    assert float(share_outside(year, dim=("time", "portfolio"))) == pytest.approx(0.05, abs=tolerance)
    decade, fat = perfect(rng, 120, draws), perfect(rng, 120, draws, kurtosis=5.0)
    assert share_inside(decade, 3.0) == pytest.approx(0.95, abs=0.01 + tolerance)
    assert share_inside(fat, 3.0) == pytest.approx(0.86, abs=0.01 + tolerance)  # the same band, for fatter tails
    assert share_inside(fat, 5.0) == pytest.approx(0.95, abs=0.02 + tolerance)
    for tails in (3.5, 4.0):
        fatter = perfect(rng, 12, draws, kurtosis=tails)
        assert float(mean_rolling_absolute_deviation(fatter).mean()) == pytest.approx(0.19, abs=0.01 + tolerance)


def test_a_perfect_forecast_reproduces_the_published_constants():
    check_published_constants(20_000, 0.004)


@pytest.mark.slow
def test_a_perfect_forecast_reproduces_the_published_constants_over_many_draws():
    check_published_constants(150_000, 0.0015)


def test_the_perfect_qlike_is_one_less_digamma_of_a_half_less_log_two():
    assert 1 - scipy.special.digamma(0.5) - np.log(2) == pytest.approx(2.270, abs=5e-4)
    expected = scipy.stats.norm.expect(lambda b: b**2 - np.log(b**2), points=[0.0], limit=200, lb=-20, ub=20)
    assert expected == pytest.approx(1 - scipy.special.digamma(0.5) - np.log(2), abs=1e-6)


def test_the_mean_absolute_deviation_of_twelve_months_is_that_of_a_chi_distribution():
    exact = scipy.stats.chi(11, scale=1 / np.sqrt(11)).expect(lambda b: abs(b - 1))
    assert exact == pytest.approx(0.170, abs=5e-4)
    drawn = perfect(np.random.default_rng(1), 12, 50_000)
    assert float(mean_rolling_absolute_deviation(drawn).mean()) == pytest.approx(exact, abs=0.002)


def test_the_band_of_normal_outcomes_is_the_root_of_two_over_t():
    for observations in (12, 120, 1000):
        low, high = bias_band(observations)
        assert high - 1 == pytest.approx(np.sqrt(2 / observations), rel=1e-14)
        assert 1 - low == pytest.approx(np.sqrt(2 / observations), rel=1e-14)
    assert np.isnan(bias_band(np.nan)).all()


def test_bias_and_rolling_bias_equal_pandas():
    rng = np.random.default_rng(2)
    values = rng.standard_t(5, (60, 4))
    values[rng.random(values.shape) < 0.1] = np.nan
    outcomes = outcomes_of(values)
    frame = outcomes.to_pandas()
    np.testing.assert_allclose(bias_statistic(outcomes), frame.std(), rtol=1e-12)
    np.testing.assert_allclose(rolling_bias(outcomes), frame.rolling(12).std(), rtol=1e-9)
    expected = (frame.rolling(12).std() - 1).abs().mean()
    np.testing.assert_allclose(mean_rolling_absolute_deviation(outcomes), expected, rtol=1e-9)


def test_kurtosis_equals_scipy():
    values = np.random.default_rng(3).standard_t(6, (200, 3))
    expected = scipy.stats.kurtosis(values, fisher=False)
    np.testing.assert_allclose(kurtosis(outcomes_of(values)), expected, rtol=1e-12)


def test_a_window_longer_than_the_history_gives_no_rolling_bias():
    outcomes = outcomes_of(np.ones((5, 2)))
    assert rolling_bias(outcomes, window=6).isnull().all()
    assert mean_rolling_absolute_deviation(outcomes, window=6).isnull().all()


@settings(max_examples=dear_examples(), deadline=None, derandomize=True, database=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-5, 5), seed=st.integers(0, 1000))
def test_bias_scales_with_the_outcomes_and_does_not_see_their_mean(scale: float, shift: float, seed: int) -> None:
    outcomes = outcomes_of(np.random.default_rng(seed).normal(size=(30, 3)))
    np.testing.assert_allclose(bias_statistic(scale * outcomes + shift), scale * bias_statistic(outcomes), rtol=1e-9)
    np.testing.assert_allclose(kurtosis(scale * outcomes + shift), kurtosis(outcomes), rtol=1e-6)


def test_a_zero_outcome_has_an_infinite_loss_and_is_counted_in_the_table():
    values = np.random.default_rng(4).normal(size=(50, 3))
    values[7, 1] = 0.0
    outcomes = outcomes_of(values)
    assert np.isinf(qlike(outcomes)).to_numpy().tolist() == [False, True, False]
    table, _ = summarise(outcomes)
    assert table.loc[0, "zeros"] == 1
    rest = np.delete(values.ravel(), 7 * 3 + 1) ** 2
    assert table.loc[0, "qlike"] == pytest.approx((rest - np.log(rest)).mean(), rel=1e-12)


def test_the_pooled_bias_weighs_portfolios_by_their_outcomes_and_leaves_out_those_with_one():
    values = np.random.default_rng(5).normal(size=(40, 3))
    values[30:, 1] = np.nan
    values[1:, 2] = np.nan
    table, portfolios = summarise(outcomes_of(values))
    first, second = values[:, 0].var(ddof=1), values[:30, 1].var(ddof=1)
    assert table.loc[0, "bias"] == pytest.approx(np.sqrt((39 * first + 29 * second) / 68), rel=1e-12)
    assert table.loc[0, ["portfolios", "days"]].tolist() == [2, 35]
    assert np.isnan(portfolios.loc[2, "bias"]) and not portfolios.loc[2, "inside"]


def test_half_the_risk_forecast_is_a_bias_of_two():
    rng = np.random.default_rng(6)
    returns = xr.DataArray(rng.normal(0, 0.02, (5000, 1)), dims=("time", "portfolio"))
    bias = bias_statistic(standardised(returns, xr.full_like(returns, 0.01)))
    assert bias.item() == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(
    ("returns", "volatility", "message"),
    [
        ([0.1], [-0.1], "volatility: 1 negative value."),
        ([0.1], [0.0], "volatility: 1 value of zero where the return is not zero."),
        ([0.1, 0.2], [0.1], "standardised: returns and volatility have different labels. Align them first."),
    ],
)
def test_forecasts_that_cannot_be_are_refused(returns, volatility, message):
    arrays = [xr.DataArray(x, {"time": np.arange(len(x))}, ("time",)) for x in (returns, volatility)]
    with pytest.raises(InputError) as caught:
        standardised(*arrays)
    assert str(caught.value) == message


def test_nothing_forecast_and_nothing_returned_is_no_outcome():
    nothing = xr.DataArray([0.0], {"time": [0]}, ("time",))
    assert standardised(nothing, nothing).isnull().all()


def test_a_window_of_one_is_refused():
    with pytest.raises(InputError, match="window: 1 outcomes have no standard deviation; give at least 2"):
        rolling_bias(outcomes_of(np.ones((5, 1))), window=1)


# ---------------------------------------------------------------- portfolios


@pytest.fixture(scope="module")
def universe() -> dict[str, np.ndarray]:
    """Three days of 40 assets and 5 factors, the fifth without a forecast; ten assets cannot be held."""
    rng = np.random.default_rng(7)
    root = rng.normal(size=(3, 5, 5)) * 0.01
    covariance = root @ root.transpose(0, 2, 1)
    covariance[:, 4], covariance[:, :, 4] = 0, 0
    held = np.ones((3, 1, 40), bool)
    held[:, :, 30:] = False
    return {
        "exposures": np.where(held, rng.normal(size=(3, 5, 40)), 0),
        "covariance": covariance,
        "variance": rng.uniform(0.01, 0.03, (3, 40)) ** 2,
        "held": held,
        "alphas": rng.normal(size=(6, 40)),
    }


def dense(u: dict[str, np.ndarray], day: int) -> np.ndarray:
    """Covariance of the assets that can be held on a day, as a matrix."""
    x = u["exposures"][day][:, :30]
    return x.T @ u["covariance"][day] @ x + np.diag(u["variance"][day][:30])


def test_optimised_portfolios_are_those_of_the_dense_inverse_though_the_factor_covariance_is_singular(universe):
    weights = optimised_weights(**{k: universe[k] for k in ("alphas", "held", "exposures", "covariance", "variance")})
    assert not weights[:, :, 30:].any()
    for day in range(3):
        raw = np.linalg.solve(dense(universe, day), universe["alphas"][:, :30].T).T
        expected = raw / (raw * universe["alphas"][:, :30]).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(weights[day][:, :30], expected, rtol=1e-8)
    assert np.abs((weights * universe["alphas"]).sum(axis=2) - 1).max() < 1e-12


def test_minimum_variance_portfolios_of_groups_hold_only_their_group_and_nothing_has_less_risk(universe):
    held = np.concatenate([universe["held"], universe["held"] & (np.arange(40) % 2 == 0)], axis=1)
    x, f, d = universe["exposures"], universe["covariance"], universe["variance"]
    weights = optimised_weights(np.ones((2, 40)), held, x, f, d)
    assert not weights[~held].any()
    assert np.abs(weights.sum(axis=2) - 1).max() < 1e-12
    least = portfolio_volatility(weights, x, f, d)
    rng = np.random.default_rng(8)
    other = np.where(held, weights + rng.normal(0, 0.05, weights.shape), 0.0)
    other /= other.sum(axis=2, keepdims=True)
    assert (portfolio_volatility(other, x, f, d) > least).all()
    inverse = np.linalg.inv(dense(universe, 1))
    assert least[1, 0] == pytest.approx(inverse.sum() ** -0.5, rel=1e-8)


def test_portfolio_risk_equals_the_dense_quadratic_form(universe):
    weights = np.where(universe["held"], np.random.default_rng(9).normal(size=(3, 4, 40)), 0)
    found = portfolio_volatility(weights, universe["exposures"], universe["covariance"], universe["variance"])
    for day in range(3):
        w = weights[day][:, :30]
        expected = np.sqrt(np.einsum("pi,ij,pj->p", w, dense(universe, day), w))
        np.testing.assert_allclose(found[day], expected, rtol=1e-10)


def test_eigenfactors_are_uncorrelated_of_unit_norm_and_free_of_the_constraint(universe):
    f, live = universe["covariance"], np.arange(5) < 4
    constraint = np.array([[0.0, 3, 1, 0, 9]]).repeat(3, axis=0)
    vectors, volatilities = eigenfactors(f, np.tile(live, (3, 1)), constraint)
    assert np.isnan(volatilities[:, 3:]).all() and np.isnan(vectors[:, :, 3:]).all()
    u, deviations = vectors[:, :, :3], volatilities[:, :3]
    assert (np.diff(deviations, axis=1) <= 0).all()
    diagonal = np.eye(3) * deviations[:, None, :] ** 2
    assert np.abs(u.transpose(0, 2, 1) @ f @ u - diagonal).max() < 1e-15
    assert np.abs(u.transpose(0, 2, 1) @ u - np.eye(3)).max() < 1e-12
    assert np.abs(constraint[0, :4] @ u[:, :4]).max() < 1e-12
    unit = constraint[0, :4] / np.linalg.norm(constraint[0, :4])
    lost = np.array([unit @ day[:4, :4] @ unit for day in f])
    np.testing.assert_allclose((deviations**2).sum(axis=1), np.trace(f, axis1=1, axis2=2) - lost, rtol=1e-10)


def test_a_direction_without_variance_has_none_whatever_the_rounding():
    """Of nine factors that are seven, two directions always return zero: their volatility is 0, not 1e-11."""
    parts = np.random.default_rng(0).normal(0, 0.01, (20, 9, 7))
    f = parts @ parts.transpose(0, 2, 1)
    _, volatilities = eigenfactors(f, np.ones((20, 9), bool), np.zeros((20, 9)))
    assert (volatilities[:, 7:] == 0).all()
    assert (volatilities[:, :7] > 1e-4).all()


def test_random_portfolios_hold_so_many_names_by_cap_and_keep_them():
    rng = np.random.default_rng(10)
    ranks, _ = asset_draws([f"A{i}" for i in range(60)], 20, seed=1)
    cap = rng.lognormal(size=(2, 60))
    cap[:, 50:] = 0
    cap[1, 0] = 0  # one asset leaves
    weights = random_weights(cap, ranks, 10)
    assert ((weights > 0).sum(axis=2) == 10).all() and not weights[:, :, 50:].any()
    assert np.abs(weights.sum(axis=2) - 1).max() < 1e-12
    drawn = weights[0, 0] > 0
    np.testing.assert_allclose(weights[0, 0, drawn], cap[0, drawn] / cap[0, drawn].sum(), rtol=1e-12)
    kept = ((weights[0] > 0) & (weights[1] > 0)).sum(axis=1)
    assert set(kept) == {9, 10}
    assert ((random_weights(cap, ranks, 100) > 0).sum(axis=2) == (cap > 0).sum(axis=1)[:, None]).all()


def test_an_assets_draws_depend_on_its_label_alone():
    ranks, alphas = asset_draws(["A", "B", "C"], 5, seed=3)
    other_ranks, other_alphas = asset_draws(["C", "D", "A"], 5, seed=3)
    assert (other_ranks[:, [2, 0]] == ranks[:, [0, 2]]).all() and (other_alphas[:, [2, 0]] == alphas[:, [0, 2]]).all()
    assert not (asset_draws(["A"], 5, seed=4)[0] == ranks[:, :1]).any()


# ---------------------------------------------------------------- the whole, on the small market


@pytest.fixture(scope="module")
def validation(small_model: RiskModelResults, small_market: xr.Dataset) -> Validation:
    return validate(small_model, small_market["market_cap"], covariance=QUICK, random_portfolios=30)


def test_the_table_has_a_row_a_kind(validation: Validation) -> None:
    table = validation.table
    assert table["kind"].tolist() == KINDS
    assert table["portfolios"].tolist()[:7] == [30, 30, 61, 11, 60, 12, 30]
    assert (table["days"] == len(validation.outcomes)).all()
    assert table.drop(columns="kind").notna().all(axis=None)
    assert len(validation.portfolios) == validation.outcomes.sizes["portfolio"]


def test_forecasts_of_the_small_market_are_unbiased(validation: Validation) -> None:
    table = validation.table.set_index("kind")
    assert ((table["bias"] > table["lower"]) & (table["bias"] < table["upper"])).all()
    assert table.loc["minimum_variance", "bias"] < 1.2
    assert table.loc["specific", "bias"] == pytest.approx(1, abs=0.02)  # 400 independent, normal, 103 days each
    assert table.loc["specific", "qlike"] == pytest.approx(2.270, abs=0.05)
    assert table.loc["specific", "mrad"] == pytest.approx(0.17, abs=0.01)
    assert table.loc["specific", "outside_1_96"] == pytest.approx(0.05, abs=0.005)
    assert table.loc["specific", "kurtosis"] == pytest.approx(3, abs=0.2)


def test_outcomes_are_tomorrows_returns_over_todays_forecasts(validation, small_model, small_market):
    """One close by hand, from the market's own total returns and a dense covariance of assets."""
    close = validation.outcomes["close"].to_numpy()[40]
    sessions = small_market.get_index("time")
    after = sessions[sessions.get_loc(close) + 1]
    day = validation.outcomes.sel(time=after)
    assert day["close"].item() == pd.Timestamp(close).value
    data = small_model.data
    kept = 1 - data["industry_shrinkage"].rename(industry_name="factor").reindex(factor=data["factor"], fill_value=0.0)
    nested = data["industry_sector"].to_series().to_dict()
    unshrunk = small_model.factor_returns / np.sqrt(kept.where(kept > 0, np.inf))
    f = factor_covariance(unshrunk, QUICK, times=[close], industry_sector=nested)["covariance"][0].to_pandas()
    cap, sector = small_market["market_cap"].sel(time=close).to_series(), small_market["sector"].to_series()
    sigma = specific_risk(
        small_model.specific_returns,
        small_market["market_cap"],
        small_model.exposures,
        small_market["sector"],
        times=[close],
    )["volatility"][0].to_series()
    styles = small_model.exposures.sel(time=close).to_pandas()
    x = pd.DataFrame({name: (sector == name).astype(float) for name in small_model.sectors})
    label = data["industry_factor"].to_series()
    x = x.join(pd.DataFrame({name: (label == name).astype(float) for name in nested}))
    x = x.assign(market=1.0).join(styles.dropna(axis=1, how="all"))[f.index]
    held = small_model.data["universe"].sel(time=close).to_series() & sigma.notna() & x.notna().all(axis=1)
    x, sigma, cap, sector = x[held], sigma[held], cap[held], sector[held]
    v = x.to_numpy() @ f.to_numpy() @ x.to_numpy().T + np.diag(sigma**2)
    realised = small_market["total_return"].sel(time=after).to_series()[held].fillna(0.0)

    def outcome(weights: np.ndarray) -> float:
        return float(weights @ realised / np.sqrt(weights @ v @ weights))

    value = day.set_index(portfolio="portfolio")
    own = np.where(sector == "Energy", cap, 0)
    assert value.sel(portfolio="sector: Energy").item() == pytest.approx(outcome(own), rel=1e-8)
    least = np.linalg.solve(v, np.ones(len(v)))
    assert value.sel(portfolio="minimum_variance: universe").item() == pytest.approx(outcome(least), rel=1e-8)
    ranks, alphas = (
        pd.DataFrame(a.T, index=small_market["asset"]) for a in asset_draws(small_market["asset"].values, 30, 0)
    )
    best = np.linalg.solve(v, alphas.loc[x.index, 4])
    assert value.sel(portfolio="optimised: 005").item() == pytest.approx(outcome(best), rel=1e-8)
    drawn = np.where(x.index.isin(ranks.loc[x.index, 6].nsmallest(50).index), cap, 0)
    assert value.sel(portfolio="random: 007").item() == pytest.approx(outcome(drawn), rel=1e-8)
    active = drawn / drawn.sum() - cap.to_numpy() / cap.sum()
    assert value.sel(portfolio="random_active: 007").item() == pytest.approx(outcome(active), rel=1e-8)
    size = small_model.factor_returns.sel(time=after, factor="size").item() / np.sqrt(f.loc["size", "size"])
    assert value.sel(portfolio="factor: size").item() == pytest.approx(size, rel=1e-12)
    name = x.index[17]
    expected = small_model.specific_returns.sel(time=after, asset=name).item() / sigma[name]
    assert value.sel(portfolio=f"specific: {name}").item() == pytest.approx(expected, rel=1e-12)


def test_a_longer_horizon_sums_the_days_and_scales_the_forecast(small_model, small_market, validation):
    longer = validate(small_model, small_market["market_cap"], **FEW, horizon=5)
    assert longer.horizon == 5 and longer.overlap == 1 and longer.counts["closes"] == 20
    close = longer.outcomes["close"].to_numpy()[3]
    sessions = small_market.get_index("time")
    days = sessions[sessions.get_loc(close) + 1 :][:5]
    assert longer.outcomes["time"].to_numpy()[3] == days[-1]
    one = validation.outcomes["close"].to_index().get_loc(close)
    wanted = "factor: momentum"
    of_day = validation.volatility.sel(portfolio=wanted)[one].item()
    assert longer.volatility.sel(portfolio=wanted)[3].item() == pytest.approx(np.sqrt(5) * of_day, rel=1e-12)
    total = small_model.factor_returns.sel(factor="momentum", time=days).sum().item()
    expected = total / (np.sqrt(5) * of_day)
    assert longer.outcomes.sel(portfolio=wanted)[3].item() == pytest.approx(expected, rel=1e-12)


def test_outcomes_that_share_days_widen_the_band(small_model, small_market):
    apart = validate(small_model, small_market["market_cap"], **FEW, horizon=10)
    shared = validate(small_model, small_market["market_cap"], **FEW, horizon=10, every=2)
    assert (apart.overlap, shared.overlap) == (1, 5)
    row = shared.table.iloc[0]
    expected = bias_band(row["days"] / 5, row["kurtosis"])
    assert (row["lower"], row["upper"]) == pytest.approx([float(end) for end in expected], rel=1e-12)


def test_nothing_after_a_day_changes_its_outcomes(small_model, small_market, validation):
    """Returns after the cut are scrambled, and all known at its close or later. The past stays, to the last bit."""
    cut = validation.outcomes["time"].to_numpy()[60]
    data, rng = small_model.data, np.random.default_rng(11)

    def scrambled(array: xr.DataArray, other: object, first: xr.DataArray) -> xr.DataArray:
        return xr.where(first, other, array).transpose(*array.dims)

    later, known_later = data["time"] > cut, data["time"] >= cut
    noise = {
        name: scrambled(data[name], rng.normal(0, 0.1, data[name].shape) + 0 * data[name], first)
        for name, first in {"factor_returns": later, "specific_returns": later, "exposures": known_later}.items()
    }
    noise["universe"] = scrambled(data["universe"], ~data["universe"], known_later)
    other_cap = scrambled(small_market["market_cap"], 1 / small_market["market_cap"], known_later)
    model = replace(small_model, data=data.assign(noise))
    other = validate(model, other_cap, covariance=QUICK, random_portfolios=30).outcomes
    before = (validation.outcomes["time"] <= cut).to_numpy()
    assert before.sum() == 61
    np.testing.assert_array_equal(other[before], validation.outcomes[before])
    assert not np.allclose(other[~before], validation.outcomes[~before], equal_nan=True)


def test_a_market_that_ends_earlier_gives_the_same_outcomes_up_to_there(small_market, validation):
    shorter = small_market.isel(time=slice(0, -30))
    model = rm.RiskModel().fit(shorter)
    found = validate(model, shorter["market_cap"], covariance=QUICK, random_portfolios=30).outcomes
    assert len(found) == len(validation.outcomes) - 30
    np.testing.assert_allclose(found, validation.outcomes[: len(found)], rtol=1e-9, atol=1e-12)


def test_the_order_of_the_assets_changes_nothing(small_model, small_market, validation):
    order = np.random.default_rng(12).permutation(small_market.sizes["asset"])
    shuffled = replace(small_model, data=small_model.data.isel(asset=order))
    times = validation.outcomes["close"].to_numpy()[:8]
    found = validate(shuffled, small_market["market_cap"], covariance=QUICK, random_portfolios=30, times=times).outcomes
    expected = validation.outcomes[:8].set_index(portfolio="portfolio").sel(portfolio=found["portfolio"].to_numpy())
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_missing_returns_are_taken_as_zero_and_counted(small_model, small_market, validation):
    assert validation.counts == {"closes": 103, "missing_returns": 2, "factors_left_out": 0, "unjudged": 0}
    last = validation.outcomes["time"].to_numpy()[-1]
    specific_returns = small_model.data["specific_returns"].copy()
    specific_returns.loc[{"time": last}] = np.nan
    silent = replace(small_model, data=small_model.data.assign(specific_returns=specific_returns))
    times = validation.outcomes["close"].to_numpy()[-1:]
    found = validate(silent, small_market["market_cap"], **FEW, times=times)
    held = int(validation.outcomes[-1].sel(portfolio=validation.outcomes["kind"] == "specific").notnull().sum())
    assert found.counts["missing_returns"] == held
    own = found.outcomes[0].to_series().groupby(found.outcomes["kind"].to_series())
    assert (own.get_group("random") == 0).all() and own.get_group("specific").isna().all()
    assert found.table.set_index("kind").loc["random", "zeros"] == 5


def test_a_close_before_a_day_without_factor_returns_is_not_judged_and_counted(small_model, small_market, validation):
    factor_returns = small_model.data["factor_returns"].copy()
    factor_returns.loc[{"time": validation.outcomes["time"].to_numpy()[-1]}] = np.nan
    broken = replace(small_model, data=small_model.data.assign(factor_returns=factor_returns))
    times = validation.outcomes["close"].to_numpy()[-3:]
    found = validate(broken, small_market["market_cap"], **FEW, times=times)
    assert found.counts["unjudged"] == 1
    judged = found.outcomes.notnull().any("portfolio").to_numpy().tolist()
    kinds = found.outcomes.isel(portfolio=found.outcomes["kind"].to_numpy() != "specific")
    assert kinds[-1].isnull().all() and judged[:2] == [True, True]


def test_a_factor_without_a_forecast_is_left_out_and_counted(small_model, small_market, validation):
    factor_returns = small_model.data["factor_returns"].copy()
    times = validation.outcomes["close"].to_numpy()[:2]
    factor_returns.loc[{"factor": "growth", "time": factor_returns["time"] <= times[-1]}] = np.nan
    thinner = replace(small_model, data=small_model.data.assign(factor_returns=factor_returns))
    found = validate(thinner, small_market["market_cap"], **FEW, times=times)
    assert found.counts["factors_left_out"] == 2
    values = found.outcomes.set_index(portfolio="portfolio")
    assert values.sel(portfolio="factor: growth").isnull().all()
    assert values.sel(portfolio=["random: 001", "minimum_variance: universe", "eigenfactor: 59"]).notnull().all()
    assert values.sel(portfolio="eigenfactor: 60").isnull().all()


def test_it_reads_well(validation: Validation) -> None:
    lines = repr(validation).splitlines()
    assert lines[0] == (
        "Validation: 103 closes from 2024-10-29 to 2025-03-28, each judged over 1 session; 2 missing returns taken as zero"
    )
    counts = {"closes": 103, "missing_returns": 0, "factors_left_out": 1, "unjudged": 2}
    assert (
        repr(replace(validation, counts=counts))
        .splitlines()[0]
        .endswith("each judged over 1 session; 1 factor-day without a forecast left out; 2 closes not judged")
    )
    assert lines[1].split()[:4] == ["kind", "portfolios", "days", "bias"] and len(lines) == 10
    assert "<table" in validation._repr_html_() and "random_active" in validation._repr_html_()


def test_the_picture_shows_every_kind_and_its_bias(validation: Validation) -> None:
    figure = validation.plot()
    above, *panels = figure.axes
    words = [kind.replace("_", " ") for kind in KINDS]
    assert [label.get_text() for label in above.get_yticklabels()] == words
    assert [panel.get_title(loc="left") for panel in panels] == words
    shown = [note.get_text() for note in above.texts]
    assert shown == [f"{bias:.2f}" for bias in validation.table["bias"]]
    rolling = rolling_bias(validation.outcomes.isel(portfolio=validation.outcomes["kind"].to_numpy() == "random"), window=25)
    drawn = panels[0].lines[1].get_ydata()
    np.testing.assert_allclose(drawn, (rolling**2).mean("portfolio") ** 0.5, rtol=1e-12)


def test_two_closes_have_no_picture(validation: Validation) -> None:
    with pytest.raises(InputError) as caught:
        replace(validation, outcomes=validation.outcomes[:2]).plot()
    assert str(caught.value) == "plot: 2 closes; a rolling bias needs at least 3."


def test_matplotlib_is_loaded_by_the_picture_alone():
    code = "import sys, riskmodel.validation, riskmodel.validation.plot; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon: is 0. Give a whole number, 1 or more."),
        ({"random_portfolios": 2.5}, "random_portfolios: is 2.5. Give a whole number, 1 or more."),
        ({"seed": "a"}, "seed: is 'a'. Give a whole number from 0."),
        ({"names": 5000}, "names: 5000; the estimation universe has 398 at most at these closes. Give fewer."),
        ({"every": -1}, "every: is -1. Give a whole number, 1 or more."),
        ({"start": "soon"}, "start: 'soon' is not a date."),
        (
            {"start": "2025-03-31"},
            "start: no close from 2025-03-31 on has 1 session after it. By default the first close has 252 estimated days "
            "behind it; the model has 416 sessions. Give an earlier start, or a longer history.",
        ),
        ({"times": ["2025-03-03"], "every": 2}, "times: give either the closes themselves or `start` and `every`."),
        (
            {"times": ["2025-03-02"]},
            "times: empty, repeated or not sessions of the model: 2025-03-02. It runs from 2023-08-01 to 2025-03-31.",
        ),
        ({"times": ["2025-03-28"], "horizon": 2}, "times: 1 close without 2 sessions after it: 2025-03-28."),
    ],
)
def test_what_cannot_be_validated_is_refused(small_model, small_market, options, message):
    with pytest.raises(InputError) as caught:
        validate(small_model, small_market["market_cap"], **FEW | options)
    assert str(caught.value) == message


def test_something_that_is_no_fit_is_refused(small_model, small_market):
    with pytest.raises(InputError) as caught:
        validate(small_model.data, small_market["market_cap"])
    assert str(caught.value) == (
        "results: is of type Dataset, not RiskModelResults. Give what RiskModel.fit or riskmodel.load returns."
    )
    with pytest.raises(
        InputError,
        match=r"^market_cap: is of type Dataset\. .* by \(time, asset\), such as its variable 'market_cap'",
    ):
        validate(small_model, small_market)


# ---------------------------------------------------------------- share classes


def test_the_risk_of_a_portfolio_with_share_classes_is_that_of_the_matrix_with_blocks():
    rng = np.random.default_rng(0)
    weights, sigma = rng.normal(size=(2, 3, 6)), rng.uniform(0.01, 0.05, (2, 6))
    rho = np.array([[0.5, 0.9], [1.0, 0.0]])  # (day, issuer)
    blocks = [np.array([0, 3]), np.array([1, 4, 5])]
    found = portfolio_volatility(
        weights, np.zeros((2, 1, 6)), np.zeros((2, 1, 1)), sigma**2, list(zip(blocks, rho.T, strict=True))
    )
    for day in range(2):
        correlation = np.eye(6)
        for columns, own in zip(blocks, rho[day], strict=True):
            correlation[np.ix_(columns, columns)] = own
        np.fill_diagonal(correlation, 1.0)
        dense = np.outer(sigma[day], sigma[day]) * correlation
        expected = np.sqrt(np.einsum("pa,ab,pb->p", weights[day], dense, weights[day]))
        np.testing.assert_allclose(found[day], expected, rtol=1e-12)


def test_linked_assets_change_what_is_forecast_for_portfolios_and_nothing_of_what_came(small_model, small_market):
    sector = small_market["sector"]
    assets = sector["asset"].values[sector.values == "Consumer Staples"]
    chosen = FEW | {"times": small_market["time"].values[[-40, -20]]}
    alone = validate(small_model, small_market["market_cap"], **chosen)
    linked = pd.Series("one company", index=assets[:2])
    both = validate(small_model, small_market["market_cap"], **chosen, linked=linked)
    xr.testing.assert_allclose(both.outcomes * both.volatility, alone.outcomes * alone.volatility)
    for close, before, after in zip(alone.outcomes["close"].values, alone.volatility, both.volatility, strict=True):
        s = before.sel(portfolio=[f"specific: {asset}" for asset in assets]).values
        cap = small_market["market_cap"].sel(time=close, asset=assets).where(~np.isnan(s)).values
        w = cap / np.nansum(cap)
        u = small_model.specific_returns.sel(asset=assets[:2], time=slice(None, close))
        rho = linked_correlation(u, linked).item()
        label = "sector: Consumer Staples"
        more = after.sel(portfolio=label).item() ** 2 - before.sel(portfolio=label).item() ** 2
        assert more == pytest.approx(2 * rho * w[0] * w[1] * s[0] * s[1], rel=1e-8)
    with pytest.raises(InputError, match=r"^linked: 1 label, of which none is among the 400 assets: GOOG\."):
        validate(small_model, small_market["market_cap"], **chosen, linked=pd.Series(["X"], index=["GOOG"]))


def test_caps_of_other_assets_are_refused(small_model, small_market):
    with pytest.raises(InputError, match="market_cap: 1 label of 'asset' not as in specific_returns"):
        validate(small_model, small_market["market_cap"].isel(asset=slice(1, None)))


# ---------------------------------------------------------------- what the forecasts are worth


PRESETS = {
    "default": (covariance_settings.SHORT_HORIZON, specific.SHORT_HORIZON),
    "no eigenfactors": (replace(covariance_settings.SHORT_HORIZON, eigenfactor_simulations=0), specific.SHORT_HORIZON),
    "no regime": (replace(covariance_settings.SHORT_HORIZON, regime_half_life=None), specific.SHORT_HORIZON),
    "names: half-life 84, lags, regime 42": (
        covariance_settings.SHORT_HORIZON,
        specific.SpecificRiskSettings(half_life=84, lags=5, regime_half_life=42),
    ),
}


@pytest.fixture(scope="module")
def simulated_models() -> list[tuple[RiskModelResults, xr.DataArray]]:
    markets = [
        build_market(simulate(assets=250, seed=seed, start="2022-09-01", end="2025-03-31", industries=False).tables)
        for seed in range(1, 5)
    ]
    return [(rm.RiskModel().fit(market), market["market_cap"]) for market in markets]


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_forecasts_of_simulated_markets_are_unbiased(preset, simulated_models):
    """Four markets of 330 closes, judged together: the bias of a market's portfolio is known to two in a hundred."""
    covariance, own = PRESETS[preset]
    found = [validate(*simulated, covariance=covariance, specific=own).table for simulated in simulated_models]
    qlike = sum(table.set_index("kind")["qlike"] for table in found) / len(found)
    bias = (sum(table.set_index("kind")["bias"] ** 2 for table in found) / len(found)) ** 0.5
    print(f"\nsimulated, {preset}\n{pd.DataFrame({'bias': bias, 'qlike': qlike}).round(3).to_string()}")
    assert 0.95 < bias["random"] < 1.05
    assert 0.95 < bias["random_active"] < 1.05
    assert 0.95 < bias["factor"] < 1.05
    assert bias["minimum_variance"] < 1.2


@pytest.mark.slow
@pytest.mark.real_market
@pytest.mark.parametrize("preset", PRESETS)
def test_forecasts_of_the_real_market_are_unbiased(preset, real_market, real_model):
    covariance, own = PRESETS[preset]
    found = validate(real_model, real_market["market_cap"], covariance=covariance, specific=own)
    table = found.table.set_index("kind")
    print(f"\nreal market, {preset}\n{table[['bias', 'lower', 'upper', 'qlike']].round(3).to_string()}")
    judged = table.loc[["random", "random_active", "factor"]]
    assert ((judged["bias"] > judged["lower"]) & (judged["bias"] < judged["upper"])).all()
    assert table.loc["minimum_variance", "bias"] < 1.2
    assert found.counts["missing_returns"] < 1e-4 * found.outcomes.size
