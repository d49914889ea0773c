"""Ex-ante risk against a published example, the full covariance of the assets, and what must hold for any input."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.identities import ReconciliationError
from attribution.measures.risk import beta, decompose, ex_ante_risk, tracking_error
from riskmodel import InputError
from tests.conftest import ROOT, dear_examples

some = settings(max_examples=dear_examples(), deadline=None, derandomize=True, database=None)
FRAMES = ("factors", "families", "stocks")


def labelled(values, **labels):
    return xr.DataArray(np.asarray(values, float), {k: list(v) for k, v in labels.items()}, tuple(labels))


def forecast_of(seed, assets=12, factors=5, linked=True, rank=None):
    """A seeded forecast: daily covariance of factors with volatilities near 1 %, specific near 2 %, two linked assets."""
    rng = np.random.default_rng(seed)
    names, styles = [f"S{i}" for i in range(assets)], [f"f{k}" for k in range(factors)]
    root = rng.normal(size=(factors, rank or factors)) * 0.01 / np.sqrt(factors)
    variance = rng.uniform(1e-4, 9e-4, assets)
    together = 0.8 * np.sqrt(variance[0] * variance[1])
    block = [[variance[0], together], [together, variance[1]]]
    return {
        "exposures": labelled(rng.normal(size=(assets, factors)), asset=names, factor=styles),
        "factor_covariance": labelled(root @ root.T, factor=styles, factor_other=styles),
        "specific_variance": labelled(variance, asset=names),
        "linked_covariance": labelled(block, asset=names[:2], asset_other=names[:2]) if linked else None,
    }


def groups_of(forecast):
    names = [str(name) for name in forecast["exposures"]["factor"].to_numpy()]
    return {name: "odd" if int(name[-1]) % 2 else "even" for name in names}


def weights_of(seed, assets=12, active=False):
    values = np.random.default_rng(seed + 1).dirichlet(np.ones(assets), size=2)
    return labelled(values[0] - values[1] if active else values[0], asset=[f"S{i}" for i in range(assets)])


def split_of(weights, forecast, **options):
    return decompose(weights, **forecast, groups=groups_of(forecast), **options)


def brute_force(forecast, periods=252):
    """The covariance of the assets, X F X' + D, by plain loops over labels."""
    x, f = forecast["exposures"].to_pandas(), forecast["factor_covariance"].to_pandas()
    d = pd.DataFrame(np.diag(forecast["specific_variance"].to_numpy()), x.index, x.index)
    if forecast["linked_covariance"] is not None:
        for (i, j), value in forecast["linked_covariance"].to_series().items():
            d.loc[i, j] = value
    return ((x @ f @ x.T) + d) * periods


# ---------------------------------------------------------------- golden


def published():
    with (ROOT / "fixtures" / "worked_examples" / "skfolio_predicted_attribution.toml").open("rb") as file:
        case = tomllib.load(file)
    exposures = pd.DataFrame(case["exposures"]).T
    covariance = pd.DataFrame(case["factor_covariance"]).loc[exposures.columns, exposures.columns]
    split = decompose(
        labelled(list(case["weights"].values()), asset=case["weights"]),
        exposures=labelled(exposures, asset=exposures.index, factor=exposures.columns),
        factor_covariance=labelled(covariance, factor=exposures.columns, factor_other=exposures.columns),
        specific_variance=labelled(list(case["specific_variance"].values()), asset=case["specific_variance"]),
        groups=case["families"],
        periods_per_year=case["periods_per_year"],
    )
    return case, split


def test_the_published_example_comes_out_to_its_printed_digits():
    case, split = published()
    expected = case["expected"]
    near = {"abs": expected["tolerance"]}
    contribution = split.factors.set_index("factor")["contribution"]
    assert split.volatility == pytest.approx(expected["volatility"], **near)
    assert contribution.drop("specific").sum() == pytest.approx(expected["factor_contribution"], **near)
    assert contribution["specific"] == pytest.approx(expected["specific_contribution"], **near)
    exposure = split.factors.set_index("factor")["exposure"]
    for factor, value in expected["exposures"].items():
        assert exposure[factor] == pytest.approx(value, abs=1e-12)


def test_the_published_expected_returns_follow_from_the_exposures():
    case, split = published()
    expected = case["expected"]
    rows = split.factors.iloc[:-1]
    returns = rows["exposure"] * rows["factor"].map(case["factor_mean"]) * case["periods_per_year"]
    assert returns.sum() == pytest.approx(expected["expected_return_of_factors"], abs=expected["tolerance"])
    for family, value in expected["expected_return_of_families"].items():
        assert returns[rows["family"] == family].sum() == pytest.approx(value, abs=expected["tolerance"])


def test_two_stocks_of_one_market_come_out_by_hand():
    # b = 0.5 + 0.5 x 2 = 1.5; factor variance 2.25 x 0.04 = 0.09; specific 0.25 x (0.04 + 0.24) = 0.07; volatility 0.4
    forecast = {
        "exposures": labelled([[1.0], [2.0]], asset="AB", factor=["market"]),
        "factor_covariance": labelled([[0.04]], factor=["market"], factor_other=["market"]),
        "specific_variance": labelled([0.04, 0.24], asset="AB"),
    }
    split = decompose(labelled([0.5, 0.5], asset="AB"), **forecast, groups={"market": "market"}, periods_per_year=1)
    assert split.volatility == pytest.approx(0.4)
    assert (split.factor_volatility, split.specific_volatility) == pytest.approx((0.3, np.sqrt(0.07)))
    # correlation of the market with the portfolio: 1.5 x 0.04 / (0.2 x 0.4) = 0.75; 1.5 x 0.2 x 0.75 = 0.225
    market = split.factors.set_index("factor").loc["market"]
    assert market[["exposure", "volatility", "correlation", "contribution"]].tolist() == pytest.approx(
        [1.5, 0.2, 0.75, 0.225]
    )
    # A: 0.5 x (1 x 0.06 + 0.5 x 0.04) / 0.4 = 0.1; B: 0.5 x (2 x 0.06 + 0.5 x 0.24) / 0.4 = 0.3
    assert split.stocks["contribution"].tolist() == pytest.approx([0.1, 0.3])
    assert split.stocks["share_of_variance"].tolist() == pytest.approx([0.25, 0.75])
    # alone A has sqrt(0.08), B sqrt(0.4)
    assert split.diversification_ratio == pytest.approx((0.5 * np.sqrt(0.08) + 0.5 * np.sqrt(0.40)) / 0.4)


# ---------------------------------------------------------------- differential


@pytest.mark.parametrize("active", [False, True], ids=["portfolio", "active"])
@pytest.mark.parametrize("linked", [False, True], ids=["independent", "linked"])
@pytest.mark.parametrize(("assets", "factors"), [(2, 1), (12, 5), (300, 26)])
def test_everything_equals_the_full_covariance_of_the_assets(assets, factors, linked, active):
    forecast = forecast_of(assets, assets, factors, linked)
    weights = weights_of(assets, assets, active)
    split, whole, a = split_of(weights, forecast), brute_force(forecast).to_numpy(), weights.to_numpy()
    volatility = np.sqrt(a @ whole @ a)
    near = {"rtol": 1e-10, "atol": 1e-12}
    assert split.volatility == pytest.approx(volatility, rel=1e-10)
    np.testing.assert_allclose(split.stocks["volatility"], np.sqrt(np.diag(whole)), **near)
    np.testing.assert_allclose(split.stocks["marginal"], whole @ a / volatility, **near)
    np.testing.assert_allclose(split.stocks["contribution"], a * (whole @ a) / volatility, **near)
    # a factor's contribution: its part b_k f_k of the return against the whole return
    x, f = forecast["exposures"].to_numpy(), forecast["factor_covariance"].to_numpy() * 252
    np.testing.assert_allclose(split.factors["contribution"][:-1], (x.T @ a) * (f @ x.T @ a) / volatility, **near)
    np.testing.assert_allclose(split.factors["volatility"][:-1], np.sqrt(np.diag(f)), **near)
    assert split.factor_volatility == pytest.approx(np.sqrt(a @ x @ f @ x.T @ a), rel=1e-10)
    assert split.specific_volatility == pytest.approx(np.sqrt(a @ (whole - x @ f @ x.T) @ a), rel=1e-8)
    assert split.diversification_ratio == pytest.approx(np.abs(a) @ np.sqrt(np.diag(whole)) / volatility, rel=1e-10)


def test_a_marginal_contribution_is_the_slope_of_the_volatility():
    forecast, weights, step = forecast_of(3), weights_of(3), 1e-6
    for ticker in ("S0", "S5"):
        up, down = weights.copy(), weights.copy()
        up.loc[ticker] += step
        down.loc[ticker] -= step
        slope = (split_of(up, forecast).volatility - split_of(down, forecast).volatility) / (2 * step)
        marginal = split_of(weights, forecast).stocks.set_index("ticker")["marginal"]
        assert marginal[ticker] == pytest.approx(slope, rel=1e-6)


def test_tracking_error_and_beta_equal_the_full_covariance():
    forecast, own, other = forecast_of(7), weights_of(7), weights_of(70)
    whole, w, v = brute_force(forecast).to_numpy(), own.to_numpy(), other.to_numpy()
    assert tracking_error(own, other, **forecast) == pytest.approx(np.sqrt((w - v) @ whole @ (w - v)), rel=1e-10)
    assert beta(own, other, **forecast) == pytest.approx((w @ whole @ v) / (v @ whole @ v), rel=1e-10)


def test_simulated_returns_have_the_forecast_volatilities_and_correlations():
    forecast, weights = forecast_of(11, linked=False), weights_of(11)
    rng, days = np.random.default_rng(0), 400_000
    f = rng.multivariate_normal(np.zeros(5), forecast["factor_covariance"].to_numpy(), days)
    specific = rng.normal(size=(days, 12)) * np.sqrt(forecast["specific_variance"].to_numpy())
    returns = (f @ forecast["exposures"].to_numpy().T + specific) @ weights.to_numpy()
    split = split_of(weights, forecast, periods_per_year=1)
    assert split.volatility == pytest.approx(returns.std(), rel=5e-3)  # standard error 1 / sqrt(2 days) = 0.1 %
    correlation = [np.corrcoef(f[:, k], returns)[0, 1] for k in range(5)]
    np.testing.assert_allclose(split.factors["correlation"][:-1], correlation, atol=0.01)


# ---------------------------------------------------------------- properties


seeds = st.integers(0, 2**32 - 1)


@some
@given(seeds, st.integers(2, 40), st.integers(1, 8), st.booleans(), st.floats(-3, 3))
def test_contributions_sum_to_the_volatility(seed, assets, factors, active, exponent):
    forecast = forecast_of(seed, assets, factors, rank=1 + seed % factors)
    split = split_of(weights_of(seed, assets, active) * 10**exponent, forecast)
    for frame in FRAMES:
        table = getattr(split, frame)
        assert table["contribution"].sum() == pytest.approx(split.volatility, rel=1e-12, abs=1e-12)
        assert table["share_of_variance"].sum() == pytest.approx(1, rel=1e-11)
    assert float(split.cells.sum()) == pytest.approx(split.volatility, rel=1e-12, abs=1e-12)
    assert split.reconciliation["passed"].all()
    squares = split.factor_volatility**2 + split.specific_volatility**2
    assert squares == pytest.approx(split.volatility**2, rel=1e-12)
    assert split.diversification_ratio >= 1 - 1e-12
    assert split.factors["correlation"].abs().max() <= 1 + 1e-9


@some
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_labels_changes_nothing(seed, random):
    forecast, weights = forecast_of(seed), weights_of(seed)
    mixed = {name: shuffled(array, random) for name, array in forecast.items()}
    one, other = split_of(weights, forecast), split_of(shuffled(weights, random), mixed)
    assert other.volatility == pytest.approx(one.volatility, rel=1e-12)
    for frame, key in zip(FRAMES, ("factor", "family", "ticker"), strict=True):
        left, right = (getattr(split, frame).set_index(key) for split in (one, other))
        columns = left.select_dtypes("number").columns
        np.testing.assert_allclose(right.loc[left.index, columns], left[columns], rtol=1e-9, atol=1e-13)


def shuffled(array, random):
    def order(dim):
        return random.sample(range(array.sizes[dim]), array.sizes[dim])

    return array.isel({dim: order(dim) for dim in array.dims}).transpose(*random.sample(array.dims, len(array.dims)))


@some
@given(seeds)
def test_new_names_for_assets_and_factors_change_only_the_names(seed):
    forecast, weights = forecast_of(seed), weights_of(seed)

    def renamed(array):
        old = {dim: array[dim].to_numpy() for dim in array.dims}
        return array.assign_coords({dim: [f"new {label}" for label in labels] for dim, labels in old.items()})

    other = {name: renamed(array) for name, array in forecast.items()}
    one, two = split_of(weights, forecast), split_of(renamed(weights), other)
    for frame in FRAMES:
        pd.testing.assert_frame_equal(
            getattr(one, frame).select_dtypes("number"), getattr(two, frame).select_dtypes("number"), check_exact=True
        )


@some
@given(seeds, st.floats(0.01, 100), st.booleans())
def test_scaled_weights_scale_their_contributions(seed, factor, negative):
    forecast, weights = forecast_of(seed), weights_of(seed, active=True)
    one, other = split_of(weights, forecast), split_of(weights * (-factor if negative else factor), forecast)
    assert other.volatility == pytest.approx(factor * one.volatility, rel=1e-12)
    assert other.diversification_ratio == pytest.approx(one.diversification_ratio, rel=1e-12)
    for frame in FRAMES:
        left, right = getattr(one, frame), getattr(other, frame)
        np.testing.assert_allclose(right["contribution"], factor * left["contribution"], rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(right["share_of_variance"], left["share_of_variance"], rtol=1e-9, atol=1e-12)


@some
@given(seeds, st.floats(0.01, 100))
def test_volatility_scales_with_the_root_of_the_variances_and_of_the_year(seed, factor):
    forecast, weights = forecast_of(seed), weights_of(seed)
    larger = {name: array if name == "exposures" else array * factor for name, array in forecast.items()}
    daily = split_of(weights, forecast, periods_per_year=1).volatility
    assert split_of(weights, larger, periods_per_year=1).volatility == pytest.approx(np.sqrt(factor) * daily, rel=1e-12)
    assert split_of(weights, forecast, periods_per_year=factor).volatility == pytest.approx(
        np.sqrt(factor) * daily, rel=1e-12
    )


@some
@given(seeds)
def test_an_asset_without_weight_changes_nothing(seed):
    forecast, weights = forecast_of(seed), weights_of(seed)
    weights.loc["S3"] = 0.0
    one, other = split_of(weights, forecast), split_of(weights.drop_sel(asset="S3"), forecast)
    assert other.volatility == pytest.approx(one.volatility, rel=1e-13)
    assert other.diversification_ratio == pytest.approx(one.diversification_ratio, rel=1e-13)
    left, right = one.stocks.set_index("ticker"), other.stocks.set_index("ticker")
    assert left.loc["S3", ["weight", "contribution", "share_of_variance"]].tolist() == [0, 0, 0]
    np.testing.assert_allclose(left.drop("S3"), right, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(one.factors["contribution"], other.factors["contribution"], rtol=1e-10, atol=1e-15)


@some
@given(seeds)
def test_a_portfolio_equal_to_its_benchmark_has_no_active_risk(seed):
    forecast, weights = forecast_of(seed), weights_of(seed)
    assert beta(weights, weights, **forecast) == pytest.approx(1, rel=1e-14)
    assert tracking_error(weights, weights, **forecast) == 0
    split = split_of(weights - weights, forecast)
    assert (split.volatility, split.factor_volatility, split.specific_volatility) == (0, 0, 0)
    for frame in FRAMES:
        assert (getattr(split, frame)[["contribution", "correlation", "share_of_variance"]] == 0).all(axis=None)
    assert np.isnan(split.diversification_ratio)


@pytest.mark.parametrize("seed", range(10))
def test_a_perfect_hedge_has_no_risk_rather_than_rounding(seed):
    # the first asset is a mix of the others, bought as them and sold as itself; nobody has specific risk
    forecast, mix = forecast_of(seed, assets=5, linked=False), np.random.default_rng(seed).normal(size=4)
    forecast["exposures"][0] = mix @ forecast["exposures"].to_numpy()[1:]
    forecast["specific_variance"][:] = 0.0
    split = split_of(labelled([-1.0, *mix], asset=[f"S{i}" for i in range(5)]), forecast)
    assert split.volatility == 0
    assert (split.stocks["contribution"] == 0).all()


def test_share_classes_that_move_as_one_cannot_be_diversified_in():
    forecast = forecast_of(9)
    variance = forecast["specific_variance"].copy()
    variance.loc["S1"] = variance.loc["S0"]
    forecast |= {"specific_variance": variance}
    forecast["exposures"].loc["S1"] = forecast["exposures"].loc["S0"]
    one = labelled([1.0], asset=["S0"])
    both = labelled([0.5, 0.5], asset=["S0", "S1"])
    block = np.full((2, 2), float(variance.loc["S0"]))
    forecast["linked_covariance"] = labelled(block, asset=["S0", "S1"], asset_other=["S0", "S1"])
    assert split_of(both, forecast).volatility == pytest.approx(split_of(one, forecast).volatility, rel=1e-12)
    assert split_of(both, forecast | {"linked_covariance": None}).volatility < split_of(one, forecast).volatility


def test_an_asset_in_one_of_the_two_sets_of_weights_counts_with_zero_in_the_other():
    forecast = forecast_of(2)
    own, other = labelled([0.5, 0.5], asset=["S0", "S1"]), labelled([0.3, 0.7], asset=["S1", "S2"])
    whole = brute_force(forecast).loc[["S0", "S1", "S2"], ["S0", "S1", "S2"]].to_numpy()
    w, v = np.array([0.5, 0.5, 0]), np.array([0, 0.3, 0.7])
    assert beta(own, other, **forecast) == pytest.approx(w @ whole @ v / (v @ whole @ v), rel=1e-12)
    assert tracking_error(own, other, **forecast) == pytest.approx(np.sqrt((w - v) @ whole @ (w - v)), rel=1e-12)


def test_beta_to_something_without_risk_is_missing():
    forecast, own = forecast_of(2), weights_of(2)
    assert np.isnan(beta(own, own * 0, **forecast))


# ---------------------------------------------------------------- messages


def message_of(weights=None, options=None, **changes):
    forecast = forecast_of(1, assets=3, factors=3)
    weights = labelled([0.5, 0.3, 0.2], asset=["S0", "S1", "S2"]) if weights is None else weights
    options = {"groups": {"f0": "style", "f1": "style", "f2": "style"}} | (options or {})
    with pytest.raises(InputError) as caught:
        decompose(weights, **{name: changes.get(name, lambda a: a)(array) for name, array in forecast.items()}, **options)
    return str(caught.value)


def put(value, **place):
    def change(array):
        array = array.copy()
        array.loc[place] = value
        return array

    return change


def test_a_covariance_that_is_not_symmetric_is_refused_with_the_pair():
    def skewed(array):
        return put(1e-5, factor="f0", factor_other="f2")(put(2e-5, factor="f2", factor_other="f0")(array))

    assert message_of(factor_covariance=skewed) == (
        "factor_covariance: not symmetric: (f0, f2) is 1e-05 but (f2, f0) is 2e-05. If that is rounding, pass (F + F') / 2."
    )


def test_a_covariance_that_is_not_positive_semi_definite_is_refused_with_the_factors():
    def impossible(array):
        return array.copy(data=[[1e-4, 2e-4, 0], [2e-4, 1e-4, 0], [0, 0, 1e-4]])  # a correlation of 2

    assert message_of(factor_covariance=impossible) == (
        "factor_covariance: not positive semi-definite: the smallest eigenvalue of its correlations is -1, mostly in "
        "f0, f1, f2. Estimate all of it from the same days."
    )


@pytest.mark.parametrize("diagonal", [0.0, -1e-4])
def test_a_factor_without_variance_cannot_covary(diagonal):
    assert message_of(factor_covariance=put(diagonal, factor="f1", factor_other="f1")) == (
        "factor_covariance: not positive semi-definite: a variance below zero, or of zero with covariances: f1."
    )


def test_a_factor_without_variance_is_sound_where_it_does_not_covary():
    forecast = forecast_of(1, assets=3, factors=3)
    forecast["factor_covariance"].loc["f1"] = 0.0
    forecast["factor_covariance"].loc[:, "f1"] = 0.0
    split = split_of(labelled([1.0], asset=["S0"]), forecast)
    assert split.factors.set_index("factor").loc["f1", ["volatility", "correlation", "contribution"]].tolist() == [0, 0, 0]


def test_factors_that_differ_are_listed_on_both_sides():
    def other(array):
        return array.assign_coords(factor_other=["f0", "f1", "size"])

    assert message_of(factor_covariance=other) == (
        "factor_covariance: 2 labels of 'factor_other' not as in exposures; only in factor_covariance: size; only in "
        "exposures: f2. Give both the same labels, e.g. with xarray.align."
    )


@pytest.mark.parametrize("name", ["exposures", "specific_variance"])
def test_an_asset_without_a_forecast_is_named(name):
    weights = labelled([0.5, 0.3, 0.2], asset=["S0", "ZZZ", "CASH"])
    assert message_of(weights, **{name: lambda array: array.sel(asset=["S0", "S1", "S2"])}).endswith(
        "2 assets of the weights missing: ZZZ, CASH. Add them, or leave them out of the weights and say how much that is; "
        "CASH is left out, it has no risk."
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_missing_and_infinite_values_are_refused_by_place(value):
    weights = labelled([0.5, value, 0.2], asset=["S0", "S1", "S2"])
    assert message_of(weights) == "weights: 1 missing or infinite value: S1."
    assert message_of(exposures=put(value, asset="S1", factor="f2")) == "exposures: 1 missing or infinite value: (S1, f2)."
    assert message_of(specific_variance=put(value, asset="S2")) == "specific_variance: 1 missing or infinite value: S2."
    assert message_of(factor_covariance=put(value, factor="f0")) == (
        "factor_covariance: 3 missing or infinite values: (f0, f0), (f0, f1), (f0, f2)."
    )
    assert message_of(linked_covariance=put(value, asset="S0", asset_other="S1")) == (
        "linked_covariance: 1 missing or infinite value: (S0, S1)."
    )


def test_a_negative_specific_variance_is_refused():
    assert message_of(specific_variance=put(-1e-4, asset="S2")) == "specific_variance: 1 negative value: S2."


def test_a_linked_variance_is_that_of_specific_variance():
    assert message_of(specific_variance=put(0.5, asset="S1")) == (
        "linked_covariance: 1 variance on the diagonal not that of specific_variance: S1."
    )


def test_linked_assets_outside_the_weights_are_left_aside():
    forecast, weights = forecast_of(4), labelled([0.4, 0.6], asset=["S1", "S7"])
    alone = split_of(weights, forecast | {"linked_covariance": None}).volatility
    forecast["linked_covariance"].loc["S0"] = np.nan
    assert split_of(weights, forecast).volatility == alone


def test_a_wrong_dimension_is_refused_with_the_one_asked_for():
    assert message_of(exposures=lambda array: array.expand_dims("time")) == (
        "exposures: dimensions (time, asset, factor); it takes (asset, factor). Select one day."
    )


def test_a_label_listed_twice_is_refused():
    assert message_of(labelled([0.5, 0.5], asset=["S0", "S0"])) == (
        "weights: 1 duplicate label of 'asset': S0. Keep one each, or add up what belongs together."
    )


def test_a_factor_needs_a_family_other_than_specific():
    assert message_of(options={"groups": {"f0": "style"}}) == "groups: 2 factors without a family: f1, f2."
    assert message_of(options={"groups": {"f0": "style", "f1": "specific", "f2": "style"}}) == (
        "groups: 'specific' is the row of specific risk; rename f1 or its family."
    )


@pytest.mark.parametrize("periods", [0, -252, np.nan, np.inf])
def test_the_periods_of_a_year_are_above_zero(periods):
    assert message_of(options={"periods_per_year": periods}) == (
        f"periods_per_year: is {periods}. Give a number of returns a year above 0 and up to 366, 252 of days and "
        "12 of months."
    )


def test_a_split_that_does_not_add_up_is_not_returned(monkeypatch):
    monkeypatch.setattr("attribution.measures.risk._ratio", lambda covariance, volatility: 1.001 * covariance / volatility)
    with pytest.raises(ReconciliationError, match=r"^risk: contributions do not add up\. exposure x volatility x corr"):
        split_of(weights_of(1), forecast_of(1))


# ---------------------------------------------------------------- a course


def course_weights(own, other):
    names = list(dict.fromkeys([*own, *other]))
    columns = {"portfolio_weight": own, "benchmark_weight": other}
    return xr.Dataset(
        {side: ("asset", [given.get(name, 0.0) for name in names]) for side, given in columns.items()}, {"asset": names}
    )


def risk_of(own, other, forecast=None, **options):
    forecast = forecast_of(4) if forecast is None else forecast
    return ex_ante_risk("Major 100", course_weights(own, other), **forecast, groups=groups_of(forecast), **options)


def test_cash_has_no_risk_and_its_weight_is_told():
    forecast = forecast_of(4)
    risk = risk_of({"S0": 0.6, "S1": 0.3, "CASH": 0.1}, {"S1": 0.5, "S2": 0.5}, forecast)
    whole = brute_force(forecast).loc[["S0", "S1", "S2"], ["S0", "S1", "S2"]].to_numpy()
    w, v = np.array([0.6, 0.3, 0.0]), np.array([0.0, 0.5, 0.5])
    value = risk.table.set_index("measure")["value"]
    assert value["portfolio_volatility"] == pytest.approx(np.sqrt(w @ whole @ w), rel=1e-10)
    assert value["benchmark_volatility"] == pytest.approx(np.sqrt(v @ whole @ v), rel=1e-10)
    assert value["tracking_error"] == pytest.approx(np.sqrt((w - v) @ whole @ (w - v)), rel=1e-10)
    assert value["beta"] == pytest.approx(w @ whole @ v / (v @ whole @ v), rel=1e-10)
    assert (value["cash_weight"], value["names"], value["uncovered_names"]) == (0.1, 2, 0)
    assert "CASH" not in set(risk.active.stocks["ticker"])
    assert risk.reconciliation["passed"].all()


def test_names_that_are_not_covered_are_counted_with_their_weights():
    forecast = forecast_of(4)
    forecast["exposures"].loc["S5", "f2"] = np.nan
    forecast["specific_variance"].loc["S6"] = np.nan
    own = {"S0": 0.96, "S5": 0.03, "NEW": 0.01}
    risk = risk_of(own, {"S0": 0.7, "S5": 0.1, "S6": 0.2}, forecast)
    value = risk.table.set_index("measure")["value"]
    assert (value["names"], value["uncovered_names"], value["uncovered_benchmark_names"]) == (3, 2, 2)
    assert value["uncovered_weight"] == pytest.approx(0.04)
    assert value["uncovered_benchmark_weight"] == pytest.approx(0.3)
    assert risk.uncovered.to_dict("list") == {
        "ticker": ["S5", "NEW", "S6"], "portfolio_weight": [0.03, 0.01, 0.0], "benchmark_weight": [0.1, 0.0, 0.2],
    }  # fmt: skip
    assert risk.active.stocks["ticker"].tolist() == ["S0"]


def test_too_much_that_is_not_covered_is_refused_with_names_and_weights():
    own = {"S0": 0.92, "NEW": 0.02, "OLD": 0.06}
    with pytest.raises(InputError) as caught:
        risk_of(own, {"S0": 1.0})
    assert str(caught.value) == (
        "risk of 'Major 100': 2 held names without exposures or specific risk, 8.00% of its weight, more than 5.00%: "
        "OLD 6.00%, NEW 2.00%. Add their data and fit again, or allow more: uncovered_max, in [book] or as an argument. "
        'A fund is looked through by constituents in [funds."OLD"], or left whole by carried = "unmodelled" there.'
    )
    assert risk_of(own, {"S0": 1.0}, uncovered_max=0.1).table.set_index("measure")["value"]["uncovered_weight"] == 0.08


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (
            {"S0": 98.7},
            "portfolio_weight of 'Major 100': weights sum to 98.7, not 1. They look like percent; divide by 100.",
        ),
        ({"S0": 0.9}, "portfolio_weight of 'Major 100': weights sum to 0.9, not 1. CASH is one of them."),
        ({"S0": np.nan, "S1": 1.0}, "portfolio_weight of 'Major 100': 1 missing or infinite value: S0."),
    ],
)
def test_weights_of_a_course_sum_to_one(own, message):
    with pytest.raises(InputError) as caught:
        risk_of(own, {"S0": 1.0})
    assert str(caught.value) == message


def test_a_course_that_is_all_cash_has_no_risk():
    risk = risk_of({"CASH": 1.0}, {"CASH": 1.0})
    assert (risk.portfolio.volatility, risk.tracking_error) == (0, 0)
    assert np.isnan(risk.beta)
    assert risk.reconciliation["passed"].all()


def test_a_cut_by_side_lists_the_three_sides():
    risk = risk_of({"S0": 1.0}, {"S1": 1.0})
    for cut, column in {"factor": "factor", "family": "family", "stock": "ticker"}.items():
        frame = risk.by(cut)
        assert frame.columns[:3].tolist() == ["course", "side", column]
        sums = frame.groupby("side")["contribution"].sum()
        assert sums["active"] == pytest.approx(risk.tracking_error, rel=1e-12)
        assert sums["portfolio"] == pytest.approx(risk.portfolio.volatility, rel=1e-12)
    with pytest.raises(InputError, match=r"^cut 'day': risk is cut by one of factor, family, stock\.$"):
        risk.by("day")


def test_tracking_error_is_told_by_family():
    risk = risk_of({"S0": 1.0}, {"S1": 1.0})
    value = risk.table.set_index("measure")["value"]
    parts = [value[f"tracking_error_from_{family}"] for family in ("even", "odd", "specific")]
    assert sum(parts) == pytest.approx(risk.tracking_error, rel=1e-12)


def test_a_result_reads_well():
    risk = risk_of({"S0": 0.9, "NEW": 0.04, "CASH": 0.06}, {"S1": 1.0})
    assert repr(risk).startswith("CourseRisk: Major 100, volatility ")
    assert "1 name not covered\nactive RiskDecomposition: volatility " in repr(risk)
    assert "<table" in risk._repr_html_()


@pytest.fixture(scope="module")
def small_forecast(small_result, small_model):
    """A plain forecast of the shipped market: sample covariances of all days, in the order that the house wires them."""
    data = small_result.data.isel(time=-1)
    factor, specific = small_model.factor_returns, small_model.specific_returns
    names = [str(name) for name in factor["factor"].to_numpy()]
    stocks = [name for name in data["asset"].to_numpy() if name != "CASH"]
    return {
        "exposures": data["exposure"].sel(asset=stocks).where(data["modelled"].sel(asset=stocks)),
        "factor_covariance": labelled(np.cov(factor.dropna("time").to_numpy().T), factor=names, factor_other=names),
        "specific_variance": specific.sel(asset=stocks).var("time"),
    }, {name: small_model.group(name) for name in names}


def test_the_shipped_market_is_split_into_plausible_risk(small_result, small_forecast):
    arrays, groups = small_forecast
    weights = small_result.data[["portfolio_weight", "benchmark_weight"]].isel(time=-1)
    risk = ex_ante_risk(small_result.course, weights, **arrays, groups=groups)
    value = risk.table.set_index("measure")["value"]
    assert risk.reconciliation["passed"].all()
    assert 0.05 < value["benchmark_volatility"] < 0.6
    assert 0.5 < value["beta"] < 1.6
    assert value["tracking_error"] < value["portfolio_volatility"]
    assert risk.portfolio.families["family"].tolist() == ["market", "sector", "industry", "style", "specific"]
    assert value["portfolio_diversification_ratio"] > 1


def test_the_course_frame_has_the_columns_of_the_risk_table(small_result, small_forecast):
    arrays, groups = small_forecast
    weights = small_result.data[["portfolio_weight", "benchmark_weight"]].isel(time=-1)
    table = ex_ante_risk(small_result.course, weights, **arrays, groups=groups).table
    assert table.columns.tolist() == ["course", "measure", "value"]
    assert table["value"].dtype == float and table["measure"].is_unique
