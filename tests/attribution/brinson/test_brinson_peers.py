"""Brinson effects against two other implementations, on random input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from attribution.brinson.effects import brinson_effects, geometric_effects
from attribution.linking.linking import coefficients
from attribution.linking.totals import geometric_link
from tests.attribution.brinson.inputs import drawn

NEAR = {"rtol": 1e-10, "atol": 1e-13}
EFFECTS = ("allocation", "selection", "interaction")


def frames(sides):
    """Both sides in perfattr's layout."""
    for side in ("portfolio", "benchmark"):
        weight, returns = sides[f"{side}_weight"], sides[f"{side}_return"]
        days, names = weight.get_index("time"), weight.get_index("segment")
        yield pd.DataFrame(
            {
                "from_date": days.repeat(len(names)),
                "thru_date": days.repeat(len(names)),
                "identifier": list(names) * len(days),
                "weight": weight.values.ravel(),
                "return": returns.values.ravel(),
                "quantity_of_days": 1,
            }
        )


def laid_out(frame, column):
    return frame.pivot(index="thru_date", columns="identifier", values=column).to_numpy()


@pytest.mark.parametrize(
    ("seed", "periods", "size"),
    [
        pytest.param(0, 6, 0.03, marks=pytest.mark.slow),
        pytest.param(1, 21, 0.01, marks=pytest.mark.slow),
        (2, 21, 0.15),  # the largest returns: where a link errs, it shows
    ],
)
@pytest.mark.parametrize("link", ["carino", "menchero", "grap", "frongello"])
@pytest.mark.parametrize("interaction", ["separate", "selection"])
@pytest.mark.parametrize("method", ["fachler", "bhb"])
def test_effects_by_period_and_linked_equal_perfattrs(method, interaction, link, seed, periods, size):
    """GRAP's coefficients are those of its Frongello; it has no other name for them."""
    perfattr = pytest.importorskip("perfattr")
    sides = drawn(seed, periods, size=size)
    name = {"fachler": "BRINSON_FACHLER", "bhb": "BRINSON_HOOD_BEEBOWER"}[method]
    theirs = perfattr.calculate_attribution(
        *frames(sides),
        method=perfattr.AttributionMethod[f"{name}_{'THREE' if interaction == 'separate' else 'TWO'}_EFFECT"],
        effect_linking_method=perfattr.EffectLinkingMethod[link.upper().replace("GRAP", "FRONGELLO")],
        reconciliation_tolerance=1e-10,
    ).period_detail
    days = brinson_effects(**sides, method=method, interaction=interaction)
    scaled = days.effects * coefficients(days.portfolio_return, days.benchmark_return, method=link)
    for effect in days.effects["effect"].values:
        np.testing.assert_allclose(days.effects.sel(effect=effect), laid_out(theirs, f"{effect}_effect"), **NEAR)
        np.testing.assert_allclose(scaled.sel(effect=effect), laid_out(theirs, f"linked_{effect}_effect"), **NEAR)


@pytest.mark.parametrize("seed", range(3))
def test_geometric_effects_and_totals_equal_perfattrs(seed):
    perfattr = pytest.importorskip("perfattr")
    theirs = perfattr.calculate_geometric_attribution(*frames(drawn(seed, 21)), reconciliation_tolerance=1e-10)
    ours = geometric_effects(**drawn(seed, 21))
    totals = geometric_link(ours.portfolio_return, ours.benchmark_return, ours.allocation_return)
    for effect in ("allocation", "selection"):
        column = f"{effect}_effect"
        np.testing.assert_allclose(ours.effects.sel(effect=effect), laid_out(theirs.period_detail, column), **NEAR)
        np.testing.assert_allclose(totals.sel(effect=effect), float(theirs.cumulative.iloc[-1][column]), **NEAR)


def test_zero_is_the_policy_of_perfattr_for_a_group_outside_the_benchmark():
    """It reads an absent benchmark row as a return of 0: its allocation is -w B, which the default here does not follow."""
    perfattr = pytest.importorskip("perfattr")
    sides = {name: array.copy() for name, array in drawn(5).items()}
    weight = sides["benchmark_weight"]
    weight[:, 0] += weight[:, -1]
    weight[:, -1] = 0.0
    sides["benchmark_return"][:, -1] = np.nan
    own, other = frames(sides)
    theirs = perfattr.calculate_attribution(
        own,
        other[other["identifier"] != "S4"],
        method=perfattr.AttributionMethod.BRINSON_FACHLER_THREE_EFFECT,
        reconciliation_tolerance=1e-10,
    ).period_detail
    ours = brinson_effects(**sides, missing="zero").effects
    for effect in EFFECTS:
        np.testing.assert_allclose(ours.sel(effect=effect), laid_out(theirs, f"{effect}_effect"), **NEAR)
    assert abs(brinson_effects(**sides).effects - ours).max() > 1e-3


def pybrinson_periods(pybrinson, sides, method):
    arrays = [sides[f"{side}_{what}"].values for what in ("weight", "return") for side in ("portfolio", "benchmark")]
    names = sides["portfolio_weight"]["segment"].values
    return [
        getattr(pybrinson, method)(
            [pybrinson.Segment(str(name), *map(float, row)) for name, row in zip(names, np.stack(day, axis=1), strict=True)],
            period=str(number),
        )
        for number, day in enumerate(zip(*arrays, strict=True))
    ]


@pytest.mark.parametrize("link", ["carino", "menchero", "grap", "frongello", "geometric"])
@pytest.mark.parametrize("method", ["fachler", "bhb"])
def test_effects_by_period_and_linked_equal_pybrinsons(method, link):
    pybrinson = pytest.importorskip("pybrinson", reason="pybrinson asks for Python 3.14")
    for seed in range(3):
        sides = drawn(seed)
        days, periods = brinson_effects(**sides, method=method), pybrinson_periods(pybrinson, sides, method)
        total = getattr(pybrinson, f"link_{link}")(periods)
        if link == "geometric":
            linked = geometric_link(days.portfolio_return, days.benchmark_return, days.allocation_return)
        else:
            scaled = days.effects * coefficients(days.portfolio_return, days.benchmark_return, method=link)
            linked = scaled.sum(["time", "segment"])
        for effect in days.effects["effect"].values:
            theirs = [[getattr(segment, effect) for segment in period.by_segment] for period in periods]
            np.testing.assert_allclose(days.effects.sel(effect=effect), theirs, **NEAR)
        for effect in linked["effect"].values:
            np.testing.assert_allclose(linked.sel(effect=effect), getattr(total, effect), **NEAR)
