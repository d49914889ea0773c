"""5 courses x 252 days x 3,000 names x 25 factors, stock by factor, beside skfolio's attribution in the same process."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.contributions.arrays import linked_contributions
from attribution.linking.linking import coefficients
from tests.benchmarks.measure import best_of, lines_of

pytestmark = pytest.mark.slow
COURSES, DAYS, NAMES, FACTORS, HELD = 5, 252, 3000, 25, 25


def test_linked_contributions_beside_skfolio(capsys):
    peer = pytest.importorskip("skfolio.attribution")
    rng = np.random.default_rng(2)
    labels = {
        "portfolio": [f"course {i}" for i in range(COURSES)],
        "time": pd.bdate_range("2024-01-01", periods=DAYS),
        "asset": [f"A{i:04d}" for i in range(NAMES)],
        "factor": [f"F{k:02d}" for k in range(FACTORS)],
    }
    labels["factor_other"] = labels["factor"]

    def array(values, *dims):
        return xr.DataArray(values, {dim: labels[dim] for dim in dims}, dims)

    exposures, f = rng.normal(size=(DAYS, FACTORS, NAMES)), rng.normal(1e-4, 0.003, (DAYS, FACTORS))
    u, other = rng.normal(0, 0.015, (DAYS, NAMES)), rng.dirichlet(np.ones(NAMES), DAYS)
    own, variances = np.zeros((COURSES, DAYS, NAMES)), np.full((DAYS, NAMES), 0.015**2)
    for course in own:
        course[:, rng.choice(NAMES, HELD, replace=False)] = rng.dirichlet(np.full(HELD, 5.0), DAYS)
    hat = np.linalg.inv(exposures @ exposures.transpose(0, 2, 1)) @ exposures
    covariance = 0.015**2 * hat @ hat.transpose(0, 2, 1)
    returns = (exposures * f[:, :, None]).sum(axis=1) + u
    scale = coefficients(
        array((own * returns).sum(axis=2), "portfolio", "time"), array((other * returns).sum(axis=1), "time")
    )
    model = {
        "exposures": array(exposures, "time", "factor", "asset"),
        "factor_returns": array(f, "time", "factor"),
        "specific_returns": array(u, "time", "asset"),
        "benchmark_weights": array(other, "time", "asset"),
    }
    weights, errors = array(own, "portfolio", "time", "asset"), array(covariance, "time", "factor", "factor_other")
    by_asset = np.ascontiguousarray(exposures.transpose(0, 2, 1))  # the layout that skfolio wants, not in its time

    def theirs(place, uncertain):
        active = own[place] - other
        return peer.realized_factor_attribution(
            asset_names=labels["asset"], factor_names=labels["factor"], weights=active, factor_returns=f, exposures=by_asset,
            portfolio_returns=(active * returns).sum(axis=1), exposure_lag=0, idio_returns=u, compute_uncertainty=uncertain,
            **({"idio_variances": variances, "regression_weights": np.ones_like(u)} if uncertain else {}),
        )  # fmt: skip

    plain = best_of(5, lambda: linked_contributions(weights, scale, **model))
    with_errors = best_of(5, lambda: linked_contributions(weights, scale, covariance=errors, **model))
    peer_plain = best_of(2, lambda: [theirs(place, False) for place in range(COURSES)])
    peer_errors = best_of(1, lambda: [theirs(place, True) for place in range(COURSES)])
    read = best_of(5, exposures.sum)

    unlinked = linked_contributions(weights, xr.full_like(scale, 252 / DAYS), covariance=errors, **model)
    last = theirs(COURSES - 1, True)
    row, order = unlinked.isel(portfolio=-1), [str(name) for name in last.factors.names]
    np.testing.assert_allclose(row["contribution"].sel(factor=order), last.factors.mu_contrib, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(
        row["standard_error"].sel(factor=order), last.factors.mu_contrib_uncertainty, rtol=1e-8, atol=1e-12
    )
    rows = [
        (label, f"{here.cpu:6.3f} s of CPU   skfolio, unlinked {there.cpu:6.2f} s   {there.cpu / here.cpu:5.0f} x")
        for label, here, there in (
            ("stock x factor", plain, peer_plain),
            ("with errors (here of every cell, there of factors)", with_errors, peer_errors),
        )
    ]
    rows.append(("reading the exposures once", f"{read.cpu:6.3f} s"))
    with capsys.disabled():
        print(
            lines_of(f"{COURSES} courses x {DAYS} days x {NAMES:,} names x {FACTORS} factors, linked, one BLAS thread", rows)
        )
