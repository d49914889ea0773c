"""Ratios over what is rounding: index funds, cash, mixtures, benchmarks that move with cash. They say nothing, so n/a.

Each case is one that other software has got wrong: investing-algorithm-framework issue 599 (a guard that 3.9e-17 passes),
empyrical pull request 26 (a constant benchmark), cvxportfolio issue 168 (cash as the benchmark).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribution.measures.figures import regression_figures, relative_figures
from attribution.measures.performance import month_factor_returns, sharpe_ratio, sortino_ratio
from attribution.measures.ratios import downside_figures, drawdown, losing_runs, ratio_table
from attribution.measures.risk import ex_ante_risk, tracking_error
from attribution.measures.selection import SpecificForecast, specific_risk_of_period
from riskmodel.estimation.factor_tests import mean_return_tests
from riskmodel.validation.diagnostics import information_coefficient_table
from riskmodel.validation.residual_components import described
from tests.conftest import dear_examples

MONTHS = pd.period_range("2024-01", periods=12, freq="M")
INDEX = np.array([0.012, -0.031, 0.024, 0.008, -0.015, 0.019, 0.03, -0.022, 0.011, 0.006, -0.009, 0.027])
CASH = 0.001 + 0.0003 * np.arange(12)
ACCOUNT = np.tile([0.0021021013305981828, 0.0021021013305984049], 6)  # 0.21 % a month, from balances
NAN = float("nan")


def record(portfolio, benchmark, risk_free):
    return pd.DataFrame({"portfolio": portfolio, "benchmark": benchmark, "risk_free": risk_free}, MONTHS)


CASES = {
    "0.1 % a month above the index": (
        record(INDEX + 0.001, INDEX, 0.0),
        {"tracking_error": 0, "information_ratio": NAN, "beta": 1, "specific_risk": 0, "appraisal_ratio": NAN},
    ),
    "a benchmark of cash plus 0.25 %": (
        record(INDEX, CASH + 0.0025, CASH),
        {"beta": NAN, "jensen_alpha": NAN, "systematic_risk": NAN, "total_risk": NAN, "treynor_ratio": NAN,
         "modified_treynor": NAN},
    ),
    "70 % index and 30 % cash": (
        record(0.7 * INDEX + 0.3 * 0.001, INDEX, 0.001),
        {"beta": 0.7, "specific_risk": 0, "appraisal_ratio": NAN},
    ),
    "an account in cash": (
        record(ACCOUNT, INDEX, 0.0),
        {"beta": 0, "skewness": NAN, "kurtosis": NAN, "sample_kurtosis": NAN, "treynor_ratio": NAN, "appraisal_ratio": NAN,
         "adjusted_sharpe_ratio": NAN, "m_squared": NAN, "total_risk": 0},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("returns", "right"), CASES.values(), ids=CASES)
def test_a_deviation_or_beta_that_is_rounding_is_none(returns, right):
    found = regression_figures(returns, a_year=12) | ratio_table(returns).set_index("measure")["value"].to_dict()
    assert {name: found[name] for name in right} == pytest.approx(right, abs=1e-12, nan_ok=True)


@settings(max_examples=dear_examples())
@given(arrays(float, 12, elements=st.floats(-0.3, 0.3)), st.floats(-0.02, 0.02), st.floats(0.1, 1.5))
def test_no_portfolio_that_is_a_mixture_of_index_and_cash_has_a_specific_risk(index, rate, share):
    returns = record(share * index + (1 - share) * rate, index, rate)
    figures = regression_figures(returns, a_year=12)
    if index.std() > 1e-6:
        assert figures["beta"] == pytest.approx(share, rel=1e-6)
        assert figures["specific_risk"] == 0.0
    assert np.isnan(figures["appraisal_ratio"])


@settings(max_examples=dear_examples())
@given(arrays(float, 60, elements=st.floats(-0.1, 0.1)), st.integers(0, 2**32 - 1))
def test_an_index_fund_never_beats_its_index_whatever_its_last_digits(index, seed):
    days = pd.bdate_range("2024-01-01", periods=60)
    noise = np.random.default_rng(seed).integers(-8, 9, 60) * 2.2e-16
    own, other = pd.Series(index + noise, days), pd.Series(index, days)
    for frequency in ("daily", "monthly"):
        table = relative_figures(own, other, 0.0 * other, frequency=frequency).set_index("measure")["value"]
        assert table[["hit_rate_days", "hit_rate_months"]].tolist() == [0.0, 0.0]
        if frequency == "daily":
            assert table["tracking_error"] == 0.0
            assert table[["information_ratio", "appraisal_ratio"]].isna().all()


def test_a_beat_of_a_hundredth_of_a_basis_point_is_one():
    days = pd.bdate_range("2024-01-01", periods=30)
    other = pd.Series(0.001, days)
    table = relative_figures(other + 1e-6, other, 0.0 * other).set_index("measure")["value"]
    assert table[["hit_rate_days", "hit_rate_months"]].tolist() == [1.0, 1.0]


def test_a_shortfall_or_loss_that_is_rounding_is_none():
    months = pd.Series(np.tile([0.01, 0.01 - 1e-17, 0.02], 4), MONTHS)
    low = downside_figures(months, least_acceptable=0.01 + 1e-16)
    assert (low["downside_deviation"], low["downside_frequency"]) == (0.0, 0.0)
    assert all(np.isnan(low[name]) for name in ("omega", "kappa_2", "kappa_3", "upside_potential_ratio"))
    flat = pd.Series(np.tile([1e-16, -1e-16], 6), MONTHS)
    assert (drawdown(flat) == 0).all()
    assert losing_runs(flat).empty
    assert np.isnan(ratio_table(record(flat.to_numpy(), INDEX, 0.0)).set_index("measure").loc["calmar_ratio", "value"])
    assert np.isnan(sortino_ratio(months, pd.Series(0.01 + 1e-16, MONTHS)))
    assert np.isnan(sharpe_ratio(pd.Series(ACCOUNT, MONTHS), 0.0 * months))


# ---------------------------------------------------------------- forecast risk


NAMES = ["A", "B", "C", "CASH"]
FORECAST = {
    "exposures": pd.DataFrame([[1.0, 0.5], [1.0, -1.0], [1.0, 0.2]], NAMES[:3], ["market", "value"]),
    "factor_covariance": pd.DataFrame([[2e-4, 1e-5], [1e-5, 3e-5]], ["market", "value"], ["market", "value"]),
    "specific_variance": pd.Series([1e-4, 2e-4, 3e-4], NAMES[:3]),
}


def test_an_index_fund_has_no_active_risk_whatever_the_last_digits_of_its_weights():
    index = np.array([0.2, 0.3, 0.4, 0.1])
    fund = index * (1 + np.array([1, -2, 3, -1]) * 2.2e-16)
    assert (fund != index).any()
    weights = pd.DataFrame({"portfolio_weight": fund, "benchmark_weight": index}, pd.Index(NAMES, name="asset"))
    risk = ex_ante_risk("Index fund", weights, **FORECAST, groups={"market": "market", "value": "style"})
    assert risk.tracking_error == 0.0
    assert np.isnan(risk.active.diversification_ratio)
    assert (risk.active.factors[["contribution", "share_of_variance", "correlation"]] == 0).all(axis=None)
    assert risk.beta == pytest.approx(1.0, abs=1e-14)
    stocks = pd.Index(NAMES[:3], name="asset")
    assert tracking_error(pd.Series(fund[:3], stocks), pd.Series(index[:3], stocks), **FORECAST) == 0.0


def test_the_specific_part_of_an_index_fund_has_no_forecast_risk_to_be_unusual_against():
    days = pd.bdate_range("2024-01-01", periods=2)
    index = xr.DataArray([[0.2, 0.3, 0.4, 0.1]] * 2, {"time": days, "asset": NAMES}, ("time", "asset"))
    variance = xr.DataArray([1e-4, 2e-4, 3e-4, np.nan], {"asset": NAMES}, ("asset",))
    forecast = SpecificForecast(days[0], variance, None)
    ones = xr.DataArray([1.0, 1.0], {"time": days}, ("time",))
    assert specific_risk_of_period(index * (1 + 4e-16), index, ones, forecast) == 0.0
    assert specific_risk_of_period(index * 1.01, index, ones, forecast) > 0


# ---------------------------------------------------------------- factors


def test_a_factor_that_always_returns_the_same_has_no_t():
    returns = xr.DataArray(
        np.tile([[0.01], [0.01 + 2e-18]], (20, 1)), {"time": range(40), "factor": ["value"]}, ("time", "factor")
    )
    assert mean_return_tests(returns.assign_coords(time=pd.bdate_range("2024-01-01", periods=40)))["t"].isna().all()
    coefficients = 0.1 + 1e-17 * xr.ones_like(returns).cumsum("time")
    coefficients[::2] += 1.4e-17
    assert information_coefficient_table(coefficients)[["information_ratio", "t"]].isna().all(axis=None)


def test_an_exposure_that_is_the_same_for_all_goes_with_no_component():
    names = [f"N{i}" for i in range(40)]
    loadings = xr.DataArray(
        np.random.default_rng(0).normal(size=(40, 1)), {"asset": names, "component": [1]}, ("asset", "component")
    )
    equal = np.where(np.arange(40) % 2, 0.3, 0.1 + 0.2)[:, None]
    exposures = xr.DataArray(equal, {"asset": names, "factor": ["value"]}, ("asset", "factor"))
    assert described(loadings, exposures, None)["correlation"].isna().all()


def test_a_factor_return_whose_error_is_rounding_has_no_t():
    daily = pd.DataFrame(
        {"date": MONTHS[:2], "factor": "value", "group": "style", "return": 0.01, "standard_error": [0.0, 1e-17]}
    )
    assert month_factor_returns(daily)["t"].isna().all()


def test_a_benchmark_that_lost_everything_leaves_no_geometric_excess():
    returns = pd.DataFrame({"portfolio": [0.02, -0.01] * 6, "benchmark": [0.01] * 11 + [-1.0], "risk_free": 0.0})
    table = ratio_table(returns).set_index("measure")["value"]
    assert np.isnan(table["m_squared_excess_geometric"]) and np.isfinite(table["m_squared_excess"])
