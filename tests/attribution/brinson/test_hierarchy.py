"""Brinson attribution in steps: levels add up, anchored or not, arithmetic and geometric."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.brinson.effects import brinson_effects
from attribution.brinson.hierarchy import hierarchical_effects, nested
from riskmodel import InputError
from tests.attribution.brinson.inputs import drawn

SECTOR = {"S0": "X", "S1": "X", "S2": "X", "S3": "Y", "S4": "Y", "S5": "Z"}
WHOLE = dict.fromkeys("XYZ", "All")


def summed(fine, parents):
    """The level above, from the level below: weights and contributions added, returns divided out."""
    columns = {}
    for side in ("portfolio", "benchmark"):
        weight, returns = fine[f"{side}_weight"], fine[f"{side}_return"]
        above = xr.DataArray([parents[s] for s in weight["segment"].values], dims="segment", name="parent")
        total = weight.groupby(above).sum().rename(parent="segment")
        earned = (weight * returns).groupby(above).sum().rename(parent="segment")
        columns |= {
            f"{side}_weight": total,
            f"{side}_contribution": earned,
            f"{side}_return": (earned / total).where(total != 0),
        }
    return xr.Dataset(columns)


def levels(seed, **options):
    industries = xr.Dataset(drawn(seed, segments=6, **options))
    return [summed(industries, SECTOR), industries]


@pytest.mark.parametrize(("seed", "shorts"), [(0, False), (1, True)])
@pytest.mark.parametrize("interaction", ["separate", "selection", "allocation"])
@pytest.mark.parametrize("method", ["fachler", "bhb"])
@pytest.mark.parametrize("anchored", [False, True])
def test_levels_add_to_the_excess_and_to_each_parents_selection(anchored, method, interaction, shorts, seed):
    sectors, industries = levels(seed, shorts=shorts)
    options = {"method": method, "interaction": interaction}
    among, within = hierarchical_effects([sectors, industries], [SECTOR], anchored=anchored, **options)
    excess = within.portfolio_return - within.benchmark_return
    np.testing.assert_allclose(
        among.effects.sum(["segment", "effect"]) + within.effects.sum(["segment", "effect"]), excess, atol=1e-14
    )
    flat = brinson_effects(**sectors.data_vars, method=method, interaction="selection").effects
    np.testing.assert_allclose(among.effects.sel(effect="allocation"), flat.sel(effect="allocation"), atol=1e-15)
    parent = xr.DataArray([SECTOR[s] for s in within.effects["segment"].values], dims="segment", name="parent")
    below = within.effects.sum("effect").groupby(parent).sum().rename(parent="segment")
    np.testing.assert_allclose(below, flat.sel(effect="selection"), atol=1e-14)


def test_the_anchor_takes_the_parents_overweight_out_of_its_children():
    """The portfolio holds twice the benchmark's Tech, split like the benchmark's: that is one decision, not three."""
    names = {"segment": ["Chips", "Software", "Rest"]}
    industries = xr.Dataset(
        {
            "portfolio_weight": ("segment", [0.2, 0.4, 0.4]),
            "benchmark_weight": ("segment", [0.1, 0.2, 0.7]),
            "portfolio_return": ("segment", [0.10, 0.04, 0.0]),
            "benchmark_return": ("segment", [0.10, 0.04, 0.0]),
        },
        names,
    )
    parents = {"Chips": "Tech", "Software": "Tech", "Rest": "Rest"}
    pair = [summed(industries, parents), industries]
    # Tech returns 6 %, so un-anchored (0.2 - 0.1)(10 % - 6 %) and (0.4 - 0.2)(4 % - 6 %)
    plain = hierarchical_effects(pair, [parents])[1].effects.sel(effect="allocation")
    np.testing.assert_allclose(plain, [0.004, -0.004, 0.0], atol=1e-15)
    anchored = hierarchical_effects(pair, [parents], anchored=True)[1].effects.sel(effect="allocation")
    np.testing.assert_allclose(anchored, 0.0, atol=1e-15)


@pytest.mark.parametrize("anchored", [False, True])
def test_geometric_levels_multiply_to_the_ratio(anchored):
    fine = xr.Dataset(drawn(4, segments=6))
    middle = summed(fine, SECTOR)
    three = [summed(middle, WHOLE), middle, fine]
    split = hierarchical_effects(three, [WHOLE, SECTOR], anchored=anchored, geometric=True)
    growth = 1.0
    for level in split:
        growth = growth * (1 + level.effects.sum("segment")).prod("effect")
    np.testing.assert_allclose(growth, (1 + split[-1].portfolio_return) / (1 + split[-1].benchmark_return), rtol=1e-14)
    np.testing.assert_allclose(split[0].effects, 0.0, atol=1e-16)  # one segment of weight one on both sides


@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize("missing", ["other-side", "benchmark-total", "zero"])
def test_levels_add_up_where_one_side_holds_nothing_or_offsetting_positions(missing, anchored):
    sectors, industries = levels(9)
    industries = industries.copy(deep=True)
    weight = industries["benchmark_weight"]
    weight[:, 0] += weight[:, 5]  # the benchmark holds nothing in Z, and S3 against S4 without net weight in Y
    weight[:, 5] = 0.0
    weight[:, 0] += weight[:, 3] + weight[:, 4]
    weight[:, 3], weight[:, 4] = 0.05, -0.05
    industries["benchmark_return"][:, 5] = np.nan
    sectors = summed(industries.fillna(0.0), SECTOR)
    split = hierarchical_effects([sectors, industries], [SECTOR], missing=missing, anchored=anchored)
    total = split[0].effects.sum(["segment", "effect"]) + split[1].effects.sum(["segment", "effect"])
    np.testing.assert_allclose(total, split[1].portfolio_return - split[1].benchmark_return, atol=1e-14)


def test_equal_names_under_two_parents_stay_apart():
    sector = pd.Series({"a": "Tech", "b": "Energy", "c": "Tech Services", "CASH": "CASH"})
    industry = pd.Series({"a": "Services", "b": "Services", "c": "Tech", "CASH": "CASH"})
    assert nested([sector, industry])[1].tolist() == ["Tech > Services", "Energy > Services", "Tech Services > Tech", "CASH"]


def test_levels_that_do_not_fit_are_refused():
    sectors, industries = levels(1)
    with pytest.raises(InputError, match=r"^parents: 1 segment without a parent in the level above: S5\. .* has X, Y, Z\.$"):
        hierarchical_effects([sectors, industries], [{k: v for k, v in SECTOR.items() if k != "S5"}])
    moved = SECTOR | {"S2": "Y"}
    with pytest.raises(InputError, match=r"^portfolio_weight: segments under X, Y do not add up to them\. Sum both levels"):
        hierarchical_effects([sectors, industries], [moved])
    with pytest.raises(InputError, match=r"^benchmark_return: the levels have different totals"):
        hierarchical_effects([sectors, industries.assign(benchmark_return=industries["benchmark_return"] + 0.01)], [SECTOR])
    with pytest.raises(InputError, match=r"^parents: 0 mappings for 2 levels; give one less"):
        hierarchical_effects([sectors, industries], [])


def test_geometric_levels_refuse_a_total_loss():
    _, industries = levels(1)
    lost = industries.assign(benchmark_return=industries["benchmark_return"] * 0 - 1.0)
    with pytest.raises(InputError, match=r"^geometric attribution: 1 \+ B is not positive in 2024-01-02, "):
        hierarchical_effects([summed(lost, SECTOR), lost], [SECTOR], geometric=True)
