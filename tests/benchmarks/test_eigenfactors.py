"""The eigenfactor adjustment of 26 factors by 1,000 simulations, a date after the first, beside a plain loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from riskmodel.estimation.covariance import factor_covariance
from riskmodel.estimation.covariance_settings import CovarianceSettings
from tests.benchmarks.measure import best_of, lines_of

pytestmark = pytest.mark.slow
FACTORS, DATES, APART = 26, 10, 21
SETTINGS = CovarianceSettings()


def bartlett(x, half_life, lags):
    """Newey-West moments of one history, weights as `factor_covariance` has them, divided by their sum."""
    w = 0.5 ** (np.arange(len(x))[::-1] / half_life)
    y = np.sqrt(w)[:, None] * x
    moments = y.T @ y
    for lag in range(1, lags + 1):
        product = (1 - lag / (lags + 1)) * (y[lag:].T @ y[:-lag])
        moments += product + product.T
    return moments / w.sum()


def plain_loop(covariance, days, seed):
    """Bias v by drawing every history anew and estimating each by itself, as the papers describe it."""
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(covariance)
    ratios = np.zeros((SETTINGS.eigenfactor_simulations, len(values)))
    for simulation in ratios:
        f = rng.standard_normal((days, len(values))) * np.sqrt(values) @ vectors.T
        variance = np.diag(bartlett(f, SETTINGS.volatility_half_life, SETTINGS.volatility_lags))
        correlation = bartlett(f, SETTINGS.correlation_half_life, SETTINGS.correlation_lags)
        scale = np.sqrt(variance / np.diag(correlation))
        predicted, directions = np.linalg.eigh(correlation * scale * scale[:, None])
        simulation[:] = ((directions.T @ covariance) * directions.T).sum(axis=1) / predicted
    return np.sqrt(ratios.mean(axis=0))


@pytest.mark.parametrize("history", [504, 2520])
def test_eigenfactor_adjustment_a_date(capsys, history):
    rng = np.random.default_rng(0)
    days = history + DATES * APART
    f = rng.standard_normal((days, FACTORS)) @ rng.normal(size=(FACTORS, FACTORS)) * 0.002
    index = pd.bdate_range("2010-01-04", periods=days)
    returns = xr.DataArray(f, {"time": index, "factor": [f"F{k:02d}" for k in range(FACTORS)]}, ("time", "factor"))
    closes = index[history - 1 :: APART]

    first = best_of(3, lambda: factor_covariance(returns, SETTINGS, times=closes[:1])).cpu
    all_of_them = best_of(3, lambda: factor_covariance(returns, SETTINGS, times=closes)).cpu
    each = (all_of_them - first) / (len(closes) - 1)
    bias = factor_covariance(returns, SETTINGS, times=closes[:1])["eigenfactor_bias"][0].to_numpy()
    unadjusted = CovarianceSettings(eigenfactor_simulations=0, regime_half_life=None)
    before = factor_covariance(returns, unadjusted, times=closes[:1])["covariance"][0].to_numpy()
    naive = best_of(1, lambda: plain_loop(before, history, 1)).cpu
    np.testing.assert_allclose(bias, plain_loop(before, history, 2), rtol=0.05)  # other draws, the same quantity
    rows = [
        ("here, the first date, draws and estimates included", f"{first:6.3f} s of CPU"),
        (f"here, each of {len(closes) - 1} more dates, {APART} days apart", f"{each:6.3f} s of CPU"),
        ("a plain loop over simulations, each date", f"{naive:6.3f} s of CPU  this / here {naive / each:5.1f}"),
    ]
    with capsys.disabled():
        print(lines_of(f"eigenfactor adjustment, 1,000 simulations, {FACTORS} factors, {history:,} days or more", rows))
