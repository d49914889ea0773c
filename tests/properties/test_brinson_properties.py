"""What must hold for every Brinson attribution beyond `check_attribution`: any weights and returns, unlinked."""

from __future__ import annotations

from math import fsum

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribution.brinson.effects import brinson_effects, geometric_effects
from tests.attribution.brinson.inputs import SIDES
from tests.conftest import dear_examples

quick = settings(deadline=None, max_examples=dear_examples(), derandomize=True)
METHODS = [(m, i) for m in ("fachler", "bhb") for i in ("separate", "selection", "allocation")]
chosen = st.sampled_from(METHODS)


@st.composite
def sides(draw, fewest=1):
    """Weights that sum to one, some short, some zero; returns from -60 % to +80 %."""
    count, periods = draw(st.integers(fewest, 6)), draw(st.integers(1, 3))
    shape = (periods, count)
    values = {}
    for side in ("portfolio", "benchmark"):
        free = draw(arrays(float, (periods, count - 1), elements=st.floats(-0.5, 1.0).map(lambda x: round(x, 3))))
        values[f"{side}_weight"] = np.column_stack([free, 1 - free.sum(axis=1)])
        values[f"{side}_return"] = draw(arrays(float, shape, elements=st.floats(-0.6, 0.8)))
    labels = {"time": [f"Q{t}" for t in range(periods)], "segment": [f"S{i}" for i in range(count)]}
    return {name: xr.DataArray(values[name], labels, ("time", "segment")) for name in SIDES}


def solvent(given_sides):
    """Leverage that loses nearly everything has no ratio."""
    pairs = [(w, r) for w in SIDES[:2] for r in SIDES[2:]]
    return all(((given_sides[w] * given_sides[r]).sum("segment") > -0.9).all() for w, r in pairs)


def split(given_sides, method, **more):
    return brinson_effects(**given_sides, method=method[0], interaction=method[1], **more).effects


@quick
@given(sides(), chosen)
def test_effects_sum_to_the_excess(given_sides, method):
    effects = split(given_sides, method)
    for period in effects["time"].values:
        cells = {name: array.sel(time=period).values for name, array in given_sides.items()}
        own = fsum(cells["portfolio_weight"] * cells["portfolio_return"])
        other = fsum(cells["benchmark_weight"] * cells["benchmark_return"])
        assert fsum(effects.sel(time=period).values.ravel()) == pytest.approx(own - other, abs=1e-12)


@quick
@given(sides(), chosen, st.floats(-0.9, 0.9), st.booleans())
def test_a_segment_without_weight_changes_nothing(given_sides, method, value, known):
    def more(name, array):
        filled = 0.0 if name.endswith("weight") else value if known else np.nan
        extra = xr.full_like(array.isel(segment=[0]), filled).assign_coords(segment=["none"])
        return xr.concat([array, extra], "segment")

    effects = split({name: more(name, array) for name, array in given_sides.items()}, method)
    np.testing.assert_allclose(effects.drop_sel(segment="none"), split(given_sides, method), atol=1e-15)
    assert (effects.sel(segment="none") == 0).all()


@quick
@given(sides(fewest=2), chosen)
def test_merging_two_groups_keeps_the_total_and_the_others(given_sides, method):
    merged, both = {}, ["S0", "S1"]
    for side in ("portfolio", "benchmark"):
        weight, returns = given_sides[f"{side}_weight"], given_sides[f"{side}_return"]
        pair = weight.sel(segment=both).sum("segment")
        earned = (weight * returns).sel(segment=both).sum("segment")
        columns = {"weight": pair, "contribution": earned, "return": xr.where(abs(pair) > 1e-3, earned / pair, np.nan)}
        rest = {"weight": weight, "contribution": weight * returns, "return": returns}
        for what, column in columns.items():
            head = column.expand_dims(segment=["S0 and S1"]).transpose("time", "segment")
            merged[f"{side}_{what}"] = xr.concat([head, rest[what].drop_sel(segment=both)], "segment")
    whole, parts = split(merged, method), split(given_sides, method)
    np.testing.assert_allclose(whole.sum(["segment", "effect"]), parts.sum(["segment", "effect"]), atol=1e-12)
    others = whole["segment"].values[1:]
    np.testing.assert_allclose(whole.sel(segment=others), parts.sel(segment=others), atol=1e-12)


@quick
@given(sides(), st.sampled_from(["selection", "allocation"]))
def test_geometric_effects_close_on_the_ratio(given_sides, interaction):
    assume(solvent(given_sides))
    days = geometric_effects(**given_sides, interaction=interaction)
    growth = (1 + days.effects.sum("segment")).prod("effect")
    np.testing.assert_allclose(growth, (1 + days.portfolio_return) / (1 + days.benchmark_return), rtol=1e-11)
