from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import statsmodels.api as sm
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel.estimation.factor_tests import exposure_stability, mean_return_tests
from riskmodel.validation.diagnostics import (
    diagnose,
    explained_returns,
    information_coefficient,
    information_coefficient_table,
    model_information_coefficients,
)
from riskmodel.validation.missing_factors import missing_factors
from tests.conftest import dear_examples

some = settings(max_examples=dear_examples(), deadline=None, derandomize=True, database=None)


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


# ---------------------------------------------------------------- information coefficients


def panel(seed=0, days=40, assets=30, factors=3, missing=0.1):
    """Exposures and returns with ties, and with holes that differ by factor."""
    rng = np.random.default_rng(seed)
    names = {"time": pd.bdate_range("2024-01-01", periods=days), "asset": [f"A{i:02d}" for i in range(assets)]}
    x, r = rng.normal(size=(days, assets, factors)).round(1), rng.normal(size=(days, assets)).round(2)
    x[rng.random(x.shape) < missing], r[rng.random(r.shape) < missing] = np.nan, np.nan
    exposures = xr.DataArray(x, names | {"factor": [f"f{k}" for k in range(factors)]}, ("time", "asset", "factor"))
    return exposures, xr.DataArray(r, names, ("time", "asset"))


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_information_coefficients_are_those_of_scipy_day_by_day(method, missing):
    exposures, returns = panel(missing=missing)
    found = information_coefficient(exposures, returns, method=method)
    of = {"spearman": scipy.stats.spearmanr, "pearson": scipy.stats.pearsonr}[method]
    for t, k in np.ndindex(found.shape):
        pair = pd.DataFrame({"x": exposures[t, :, k], "r": returns[t]}).dropna()
        assert float(found[t, k]) == pytest.approx(of(pair["x"], pair["r"]).statistic, abs=1e-12)
        assert float(found[t, k]) == pytest.approx(pair.corr(method=method).iloc[0, 1], abs=1e-12)


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_a_day_that_cannot_tell_has_no_coefficient(method):
    exposures, returns = panel(missing=0.0)
    exposures[0, 2:, 0] = np.nan  # two names
    exposures[1, :, 1] = 0.1  # the same for all
    returns[2] = 0.03
    exposures[3, :, 2] = np.nan
    found = information_coefficient(exposures, returns, method=method)
    expected = np.zeros(found.shape, bool)
    expected[0, 0] = expected[1, 1] = expected[2] = expected[3, 2] = True
    np.testing.assert_array_equal(np.isnan(found), expected)


@some
@given(st.integers(0, 2**32 - 1))
def test_labels_decide_and_ranks_know_no_scale(seed):
    exposures, returns = panel(seed % 1000, days=6, assets=12)
    one, rng = information_coefficient(exposures, returns), np.random.default_rng(seed)
    mixed = returns.isel(asset=rng.permutation(12), time=rng.permutation(6)).transpose("asset", "time")
    np.testing.assert_array_equal(information_coefficient(exposures, mixed), one)
    np.testing.assert_allclose(information_coefficient(np.exp(exposures), returns * 3 - 1), one, atol=1e-12)
    np.testing.assert_allclose(information_coefficient(-exposures, returns), -one, atol=1e-12)
    assert float(abs(one).max()) <= 1 + 1e-12


def test_more_days_than_a_chunk_are_those_of_single_days():
    exposures, returns = panel(days=70)
    whole = information_coefficient(exposures, returns)
    single = [information_coefficient(exposures[t : t + 1], returns[t : t + 1])[0] for t in range(70)]
    np.testing.assert_array_equal(whole, np.stack(single))


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_a_models_coefficients_hold_yesterdays_exposures_against_todays_returns(small_model, small_market, method):
    found = model_information_coefficients(small_model, method=method)
    days = small_market.get_index("time")
    for day in (100, 250, len(days) - 1):
        inside = small_model.data["universe"].isel(time=day - 1).to_numpy()
        x = small_model.exposures.isel(time=day - 1).to_pandas()[inside]
        r = small_market["total_return"].isel(time=day).to_pandas()[inside]
        expected = x.corrwith(r, method=method)
        np.testing.assert_allclose(found.sel(time=days[day], factor=expected.index), expected, atol=1e-12)


def test_the_parts_of_a_fit_put_together_are_the_total_returns(small_model, small_market):
    total, given = explained_returns(small_model), small_market["total_return"]
    there = small_model.specific_returns.notnull()
    assert int(there.sum()) > 100_000
    np.testing.assert_array_equal(total.notnull(), there)
    np.testing.assert_allclose(total.where(there), given.where(there), atol=1e-14)


def test_the_table_of_coefficients_by_hand():
    # mean 0.1, deviations 0.1, 0, -0.1: standard deviation 0.1; ratio 1; t = sqrt(3)
    made = xr.DataArray([[0.2], [0.1], [np.nan], [0.0]], {"factor": ["value"]}, ("time", "factor"))
    row = information_coefficient_table(made).loc["value"]
    assert row.tolist() == pytest.approx([0.1, 0.1, 1, np.sqrt(3), 2 / 3, 3, 1])
    none = information_coefficient_table(made.isel(time=[2])).loc["value"]
    assert none[["days", "missing"]].tolist() == [0, 1]
    assert none.drop(["days", "missing"]).isna().all()


def test_bad_exposures_and_returns_are_refused():
    exposures, returns = panel(days=3, assets=5)
    infinite = exposures.copy()
    infinite[0, 0, 0] = np.inf
    other = returns.assign_coords(asset=["A00", "A01", "A02", "A03", "Z"])
    for arguments, message in (
        ((exposures, returns, "kendall"), "method: unknown 'kendall'. Known: spearman, pearson."),
        ((infinite, returns), "exposures: 1 infinite value: (2024-01-01, f0, A00). Use NaN for what is missing."),
        ((exposures[0], returns), "exposures: dimensions (asset, factor); it takes (time, factor, asset)."),
        (
            (exposures, returns.isel(asset=[0, 0, 1])),
            "returns: 1 duplicate label of 'asset': A00. Keep one each, or add up what belongs together.",
        ),
        (
            (exposures, other),
            "returns: 2 labels of 'asset' not as in exposures; only in returns: Z; only in exposures: A04. "
            "Give both the same labels, e.g. with xarray.align.",
        ),
    ):
        with pytest.raises(rm.InputError) as caught:
            information_coefficient(*arguments[:2], **({"method": arguments[2]} if len(arguments) > 2 else {}))
        assert str(caught.value) == message


# ---------------------------------------------------------------- mean returns


def factor_returns_of(seed=0, days=300):
    rng = np.random.default_rng(seed)
    shocks = rng.normal(0.0002, 0.01, (days + 1, 3))
    values = shocks[1:] + 0.4 * shocks[:-1]  # serial correlation that plain errors miss
    values[:20, 1] = np.nan
    values[[50, 60, 61], 2] = np.nan
    dates = pd.bdate_range("2023-01-02", periods=days)
    return xr.DataArray(values, {"time": dates, "factor": ["market", "value", "size"]}, ("time", "factor"))


@pytest.mark.parametrize("lags", [None, 0, 3, 20])
def test_tests_of_the_mean_are_statsmodels_own(lags):
    f = factor_returns_of()
    table = mean_return_tests(f, lags=lags)
    for name in f["factor"].to_numpy():
        y = f.sel(factor=name).dropna("time").to_numpy()
        used = int(4 * (len(y) / 100) ** (2 / 9)) if lags is None else lags
        fit = sm.OLS(y, np.ones(len(y))).fit(cov_type="HAC", cov_kwds={"maxlags": used})
        row = table.loc[name]
        expected = [y.mean(), 252 * y.mean(), fit.bse[0], fit.tvalues[0], fit.pvalues[0], used, len(y)]
        columns = ["mean", "mean_a_year", "standard_error", "t", "p_value", "lags", "days"]
        np.testing.assert_allclose(row[columns].astype(float), expected, rtol=1e-12)
    assert table["missing"].tolist() == [0, 20, 3]
    assert table["gaps"].tolist() == [0, 0, 3]


def test_the_standard_error_is_the_formula_of_newey_and_west():
    # (1 / T) sqrt(sum_t e_t^2 + 2 sum_l (1 - l / (L + 1)) sum_t e_t e_{t-l}), L = floor(4 (300 / 100)^(2/9)) = 5
    f = factor_returns_of()[:, :1]
    e = (f - f.mean()).to_numpy().ravel()
    long_run = e @ e + 2 * sum((1 - lag / 6) * (e[lag:] @ e[:-lag]) for lag in range(1, 6))
    assert mean_return_tests(f)["standard_error"].iloc[0] == pytest.approx(np.sqrt(long_run) / 300, rel=1e-12)
    assert mean_return_tests(f)["lags"].iloc[0] == 5


def test_serial_correlation_makes_the_mean_less_sure():
    f = factor_returns_of(days=2000)
    plain, honest = (mean_return_tests(f, lags=lags).loc["market", "standard_error"] for lags in (0, None))
    assert honest > 1.2 * plain  # truth: (1 + 0.4) / sqrt(1 + 0.16) = 1.3


def test_a_factor_that_cannot_be_tested_is_counted_not_guessed():
    f = factor_returns_of()
    f[:, 0] = 0.001
    f[3:, 1], f[:3, 1] = np.nan, [0.01, 0.02, 0.03]
    f[:, 2] = np.nan
    table = mean_return_tests(f, lags=4)
    assert table[["standard_error", "t", "p_value"]].isna().all(axis=None)
    assert table["days"].tolist() == [300, 3, 0]
    assert table["mean"].tolist()[:2] == pytest.approx([0.001, 0.02])


@pytest.mark.parametrize("lags", [-1, 2.5, True])
def test_lags_are_a_whole_number(lags):
    with pytest.raises(rm.InputError) as caught:
        mean_return_tests(factor_returns_of(), lags=lags)
    assert str(caught.value) == f"lags: is {lags!r}. Give a whole number from 0, or nothing for 4 (T / 100)^(2/9)."


def test_more_lags_than_any_factor_has_days_are_refused():
    f = factor_returns_of()[:6].copy()
    f[3:, 0] = np.nan
    table = mean_return_tests(f, lags=4)
    assert (table["days"].max(), table["t"].notna().sum() > 0) == (6, True)
    with pytest.raises(rm.InputError) as caught:
        mean_return_tests(f, lags=5)
    assert str(caught.value) == (
        "lags: 5 of returns of which no factor has more than 6; it takes more than lags + 1. Give fewer lags, or a longer "
        "history."
    )


# ---------------------------------------------------------------- all of it


def test_a_diagnosis_holds_every_table(small_model, small_market):
    found = diagnose(small_model, small_market)
    tests, skill = (
        mean_return_tests(small_model.factor_returns),
        information_coefficient_table(found.information_coefficients),
    )
    assert found.factors.index.tolist() == small_model.factor_returns["factor"].to_numpy().tolist()
    pd.testing.assert_series_equal(found.factors["hac_t"], tests["t"], check_names=False)
    styles = found.factors["group"] == "style"
    np.testing.assert_array_equal(found.factors.loc[styles, "mean_information_coefficient"], skill["mean"])
    assert found.factors.loc[~styles, "mean_information_coefficient"].isna().all()
    assert set(small_model.summary().columns) <= set(found.factors.columns)
    assert found.days.shape == (small_market.sizes["time"], 4)
    assert found.residual.missing == missing_factors(small_model, small_market).missing
    assert repr(found).startswith("Diagnostics: mean R-squared 0.")
    assert ("nothing is missing" in repr(found)) == (found.residual.missing == 0)
    assert found._repr_html_().startswith("<p>Diagnostics: ")
