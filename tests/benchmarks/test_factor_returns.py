"""Factor returns of 500 days x 3,000 names x (market + 11 sectors + 14 styles), beside three other implementations."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

import riskmodel as rm
from tests.benchmarks.measure import SECTORS, STYLES, best_of, in_a_process, lines_of, panel

pytestmark = pytest.mark.slow
DAYS, NAMES = 500, 3000
SLOW_PEER_DAYS = 40  # loops over days, and Huber's rounds, are linear in days
TORANIKO = os.environ.get("PEER_TORANIKO_PYTHON", "")  # an interpreter that has toraniko (numpy 1.26, polars 1)


def nested(sectors):
    """Seven industries a sector, of a third of its names to a fiftieth."""
    share = 0.65 ** np.arange(7)
    own = np.random.default_rng(1).choice(7, sectors.size, p=share / share.sum())
    return sectors.copy(data=np.char.add(sectors.to_numpy().astype(str), own.astype(str)).astype(object))


def restricted_designs(data, days):
    """(day, asset, factor): market, sectors but the last under the sum-to-zero restriction, styles; and the weights."""
    names = np.unique(data["sectors"])
    member = (data["sectors"].to_numpy()[:, None] == names).astype(float)
    cap = data["market_cap"].to_numpy()[:days]
    share = cap @ member
    design = np.empty((days, NAMES, SECTORS + STYLES))
    design[:, :, 0] = 1.0
    design[:, :, 1:SECTORS] = member[:, :-1] - member[:, -1:] * (share[:, None, :-1] / share[:, None, -1:])
    design[:, :, SECTORS:] = data["exposures"].to_numpy()[:days].transpose(0, 2, 1)
    return design, np.sqrt(cap)


def test_factor_returns_beside_skfolio_statsmodels_and_toraniko(capsys):
    from skfolio.linear_model import CSLinearRegression

    data = panel(DAYS, NAMES)
    any_order = panel(DAYS, NAMES, sorted_by_sector=False)
    designs, weights = restricted_designs(data, DAYS)
    returns = data["returns"].to_numpy()
    industries = nested(data["sectors"])

    def skfolio():
        return CSLinearRegression().fit(designs, returns, cs_weights=weights)

    def statsmodels():
        for day in range(SLOW_PEER_DAYS):
            fit = sm.WLS(returns[day], designs[day], weights=weights[day]).fit()
            assert len(fit.bse) + len(fit.resid) == SECTORS + STYLES + NAMES

    rng = np.random.default_rng(2)
    first = {name: of.isel(time=slice(SLOW_PEER_DAYS)) if "time" in of.dims else of for name, of in data.items()}
    holes = data | {"returns": data["returns"].where(rng.random(data["returns"].shape) > 0.05)}
    runs = {
        "here: residuals, classical errors, R-squared, condition, VIF": (
            lambda: rm.cross_sectional_regression(**data, covariance=False),
            DAYS,
        ),
        "here, names in any order": (lambda: rm.cross_sectional_regression(**any_order, covariance=False), DAYS),
        "here, with the HC3 covariance": (lambda: rm.cross_sectional_regression(**data), DAYS),
        "here, with the CR3 covariance": (lambda: rm.cross_sectional_regression(**data, industries=industries), DAYS),
        "here, with returns of industries and the HC3 covariance": (
            lambda: rm.cross_sectional_regression(**data, industry_factors=industries),
            DAYS,
        ),
        "here, with returns of industries and the CR3 covariance": (
            lambda: rm.cross_sectional_regression(**data, industries=industries, industry_factors=industries),
            DAYS,
        ),
        "here, 5 % of the returns missing": (lambda: rm.cross_sectional_regression(**holes, covariance=False), DAYS),
        "here, thin sectors (less than 400 names) shrunk": (
            lambda: rm.cross_sectional_regression(**data, thin_sector=400.0, covariance=False),
            DAYS,
        ),
        "here, with Huber's weights": (
            lambda: rm.cross_sectional_regression(**first, huber=1.345, covariance=False),
            SLOW_PEER_DAYS,
        ),
        "skfolio's kernel: coefficients, designs given": (skfolio, DAYS),
        "skfolio's kernel and residuals": (lambda: returns - skfolio().predict(designs), DAYS),
        "building the designs that both peers want": (lambda: restricted_designs(data, DAYS), DAYS),
        "statsmodels, a day at a time: residuals, errors, designs given": (statsmodels, SLOW_PEER_DAYS),
    }
    rates = {}
    for label, (function, days) in runs.items():
        taken = best_of(5, function)
        rates[label] = (days / taken.cpu, days / taken.wall)
    if TORANIKO:
        taken = in_a_process(Path(__file__).with_name("toraniko_peer.py"), 20, NAMES, SECTORS, STYLES, python=TORANIKO)
        rates["toraniko"] = (20 / taken["cpu"], 20 / taken["wall"])
    here = next(iter(rates.values()))[0]
    rows = [
        (label, f"{cpu:7,.0f} days/s of CPU  {wall:7,.0f} of wall  here / this {here / cpu:6.2f}")
        for label, (cpu, wall) in rates.items()
    ]
    if not TORANIKO:
        rows.append(("toraniko", "not run: set PEER_TORANIKO_PYTHON to an interpreter that has it"))
    with capsys.disabled():
        print(lines_of(f"factor returns, {DAYS} days x {NAMES} names, one BLAS thread, best of 5", rows))
    check = rm.cross_sectional_regression(**data, covariance=False)["factor_returns"].to_numpy()
    np.testing.assert_allclose(np.delete(check, SECTORS, axis=1), skfolio().coef_, rtol=1e-8, atol=1e-12)
