"""Brinson-Fachler of 1,000 segments over 252 days, linked, beside perfattr in the same process."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.brinson.effects import brinson_effects, geometric_effects
from attribution.linking.linking import link
from tests.benchmarks.measure import best_of, lines_of

pytestmark = pytest.mark.slow
SEGMENTS, DAYS = 1000, 252


def market():
    rng = np.random.default_rng(1)
    other = rng.dirichlet(np.ones(SEGMENTS), DAYS)
    own = np.abs(other + rng.normal(0, 0.2 / SEGMENTS, other.shape))
    benchmark = rng.normal(4e-4, 0.012, other.shape)
    values = {
        "portfolio_weight": own / own.sum(axis=1, keepdims=True),
        "benchmark_weight": other,
        "portfolio_return": benchmark + rng.normal(0, 0.003, other.shape),
        "benchmark_return": benchmark,
    }
    labels = {"time": pd.bdate_range("2024-01-02", periods=DAYS), "segment": [f"S{i:04d}" for i in range(SEGMENTS)]}
    return {name: xr.DataArray(value, labels, ("time", "segment")) for name, value in values.items()}


def linked(sides, method):
    days = brinson_effects(**sides)
    return link(days.effects, days.portfolio_return, days.benchmark_return, method=method)


def frame(weight, returns):
    days, names = weight.get_index("time"), list(weight["segment"].values)
    columns = {"from_date": days.repeat(SEGMENTS), "thru_date": days.repeat(SEGMENTS), "identifier": names * DAYS}
    columns |= {"weight": weight.values.ravel(), "return": returns.values.ravel(), "quantity_of_days": 1}
    return pd.DataFrame(columns)


def test_brinson_of_a_thousand_segments(capsys):
    perfattr = pytest.importorskip("perfattr")
    sides = market()
    own, other = (frame(sides[f"{side}_weight"], sides[f"{side}_return"]) for side in ("portfolio", "benchmark"))
    options = {"reconciliation_tolerance": 1e-10}
    three = options | {"method": perfattr.AttributionMethod.BRINSON_FACHLER_THREE_EFFECT}
    rows = []
    for method in ("carino", "menchero", "frongello"):
        here = best_of(20, lambda method=method: linked(sides, method)).cpu
        links = three | {"effect_linking_method": perfattr.EffectLinkingMethod[method.upper()]}
        peer = best_of(3, lambda links=links: perfattr.calculate_attribution(own, other, **links)).cpu
        theirs = perfattr.calculate_attribution(own, other, **links).period_detail
        total = theirs[[f"linked_{effect}_effect" for effect in ("allocation", "selection", "interaction")]].sum()
        np.testing.assert_allclose(linked(sides, method).sum("segment"), total, rtol=1e-9, atol=1e-14)
        rows.append(
            (f"{method}, all segments", f"{1e3 * here:6.1f} ms of CPU  perfattr {peer:5.2f} s, {peer / here:5.0f} times")
        )
    here = best_of(20, lambda: geometric_effects(**sides)).cpu
    peer = best_of(3, lambda: perfattr.calculate_geometric_attribution(own, other, **options)).cpu
    rows.append(("geometric, days", f"{1e3 * here:6.1f} ms of CPU  perfattr {peer:5.2f} s, {peer / here:5.0f} times"))
    with capsys.disabled():
        print(lines_of(f"Brinson-Fachler, {SEGMENTS:,} segments x {DAYS} days, linked", rows))
