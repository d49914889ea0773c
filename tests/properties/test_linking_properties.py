"""What must hold for every path of returns, whatever the linking method."""

from __future__ import annotations

from math import fsum

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from attribution.linking.linking import DAY_SCALING, coefficients, compounded_excess, frongello_increments, link
from attribution.linking.totals import davies_laker, geometric_excess, geometric_link
from tests.conftest import dear_examples

few = settings(
    max_examples=dear_examples(),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
methods = pytest.mark.parametrize("method", DAY_SCALING)
daily = st.floats(-0.5, 1.0) | st.just(0.0)


@st.composite
def linkable(draw, most=12):
    """Effects (time, effect) that sum to the excess; portfolio and benchmark returns, often equal, zero or tiny apart."""
    days, effects = draw(st.integers(1, most)), draw(st.integers(1, 4))
    benchmark = draw(hnp.arrays(float, days, elements=daily))
    portfolio = draw(hnp.arrays(float, days, elements=daily))
    same = draw(hnp.arrays(bool, days))
    portfolio = np.where(same, benchmark * (1 + draw(st.sampled_from([0.0, 1e-13, 1e-6]))), portfolio)
    cells = draw(hnp.arrays(float, (days, effects), elements=st.floats(-0.2, 0.2)))
    cells[:, -1] = portfolio - benchmark - cells[:, :-1].sum(axis=1)
    labels = {"time": [f"D{t}" for t in range(days)], "effect": [f"E{j}" for j in range(effects)]}
    returns = ({"time": labels["time"]}, "time")
    return (
        xr.DataArray(cells, labels, ("time", "effect")),
        xr.DataArray(portfolio, *returns),
        xr.DataArray(benchmark, *returns),
    )


def size(effects, portfolio, benchmark):
    """What rounding is relative to: gross effects at the largest compounded level of either side."""
    growth = np.maximum(np.cumprod(1 + portfolio.values).max(), 1) * np.maximum(np.cumprod(1 + benchmark.values).max(), 1)
    return max(1.0, growth * max(1.0, float(abs(effects).sum())))


@methods
@few
@given(linkable())
def test_linked_effects_sum_to_the_compounded_excess(method, case):
    effects, portfolio, benchmark = case
    linked = link(effects, portfolio, benchmark, method=method)
    excess = np.prod(1 + portfolio.values) - np.prod(1 + benchmark.values)
    assert abs(fsum(linked.values) - excess) <= 1e-12 * size(*case)
    scale = coefficients(portfolio, benchmark, method=method)
    assert abs(
        fsum((scale * (portfolio - benchmark)).values) - float(compounded_excess(portfolio.values, benchmark.values))
    ) <= (1e-12 * size(*case))


@few
@given(linkable())
def test_absolute_contributions_sum_to_the_return(case):
    _, portfolio, _ = case
    for method in DAY_SCALING:
        assert abs(
            float(link(portfolio, portfolio, 0.0, method=method)) - (np.prod(1 + portfolio.values) - 1)
        ) <= 1e-12 * size(portfolio, portfolio, portfolio)


@few
@given(linkable(), st.integers(0, 11))
def test_increments_sum_to_the_linked_effects_on_every_day_and_are_never_restated(case, last):
    effects, portfolio, benchmark = case
    increments = frongello_increments(effects, portfolio, benchmark)
    first = slice(0, last + 1)
    so_far = [array.isel(time=first) for array in case]
    np.testing.assert_array_equal(frongello_increments(*so_far), increments.isel(time=first))
    np.testing.assert_allclose(
        increments.isel(time=first).sum("time"), link(*so_far, method="grap"), rtol=0, atol=1e-12 * size(*case)
    )


@st.composite
def paths(draw):
    """(time) portfolio and benchmark returns and the first days of the parts that the time is cut into."""
    days = draw(st.integers(1, 12))
    returns = [draw(hnp.arrays(float, days, elements=daily)) for _ in range(2)]
    cuts = sorted({0, *draw(st.lists(st.integers(0, days - 1), max_size=4))})
    return *returns, cuts


@pytest.mark.parametrize("method", ["carino", "grap", "frongello"])
@few
@given(paths())
def test_linking_days_to_parts_and_parts_to_the_whole_is_linking_days_to_the_whole(method, case):
    portfolio, benchmark, cuts = case
    whole = coefficients(*(xr.DataArray(side, dims="time") for side in (portfolio, benchmark)), method=method)
    parts = list(zip(np.split(portfolio, cuts[1:]), np.split(benchmark, cuts[1:]), strict=True))
    within = [coefficients(*(xr.DataArray(side, dims="time") for side in part), method=method).values for part in parts]
    joined = [xr.DataArray([np.prod(1 + part[side]) - 1 for part in parts], dims="time") for side in (0, 1)]
    across = coefficients(*joined, method=method).values
    np.testing.assert_allclose(np.concatenate([a * w for a, w in zip(across, within, strict=True)]), whole, rtol=1e-12)


def test_menchero_linked_by_parts_is_not_menchero_linked_at_once():
    portfolio, benchmark = (xr.DataArray(r, dims="time") for r in ([0.2, -0.1, 0.05], [0.0, 0.08, 0.01]))
    first = coefficients(portfolio[:2], benchmark[:2], method="menchero")
    joined = [xr.DataArray([np.prod(1 + r[:2].values) - 1, r[2].item()], dims="time") for r in (portfolio, benchmark)]
    twice = coefficients(*joined, method="menchero")[0] * first
    assert abs(twice - coefficients(portfolio, benchmark, method="menchero")[:2]).max() > 1e-3


@pytest.mark.parametrize("method", ["carino", "menchero"])
@few
@given(linkable(), st.randoms(use_true_random=False))
def test_the_order_of_days_is_of_no_matter(method, case, random):
    _, portfolio, benchmark = case
    order = list(range(len(portfolio)))
    random.shuffle(order)
    shuffled = coefficients(portfolio[order], benchmark[order], method=method)
    np.testing.assert_allclose(
        shuffled.sel(time=portfolio["time"]), coefficients(portfolio, benchmark, method=method), rtol=1e-11
    )


def test_the_order_of_days_matters_to_grap():
    portfolio, benchmark = (xr.DataArray(r, {"time": ["A", "B"]}, "time") for r in ([0.2, 0.1], [0.1, 0.05]))
    ours, reverse = (coefficients(portfolio[::s], benchmark[::s], method="grap") for s in (1, -1))
    assert ours.values.tolist() == [1.05, 1.2]
    assert reverse.sel(time=["A", "B"]).values.tolist() == [1.1, 1.1]


@methods
@few
@given(linkable(), st.randoms(use_true_random=False))
def test_permuted_and_relabelled_effects_link_to_the_same(method, case, random):
    effects, portfolio, benchmark = case
    linked = link(effects, portfolio, benchmark, method=method)
    rows, columns = (random.sample(list(effects[dim].values), effects.sizes[dim]) for dim in effects.dims)
    permuted = effects.sel(time=rows, effect=columns).transpose()
    again = link(permuted, portfolio, benchmark.sel(time=rows), method=method)
    np.testing.assert_allclose(again.sel(effect=effects["effect"]), linked, rtol=0, atol=1e-14 * size(*case))
    renamed = {"time": np.arange(len(portfolio)), "effect": [f"renamed {j}" for j in range(effects.sizes["effect"])]}
    relabelled = link(
        effects.assign_coords(renamed),
        *(side.assign_coords(time=renamed["time"]) for side in (portfolio, benchmark)),
        method=method,
    )
    np.testing.assert_array_equal(relabelled, linked)


@methods
@few
@given(linkable())
def test_zero_effects_stay_zero_and_change_nothing(method, case):
    effects, portfolio, benchmark = case
    nothing = xr.zeros_like(effects.isel(effect=[0])).assign_coords(effect=["none"])
    wider = link(xr.concat([effects, nothing], "effect"), portfolio, benchmark, method=method)
    assert float(wider.sel(effect="none")) == 0.0
    np.testing.assert_allclose(
        wider.sel(effect=effects["effect"]),
        link(effects, portfolio, benchmark, method=method),
        rtol=0,
        atol=1e-14 * size(*case),
    )


@methods
@few
@given(linkable())
def test_two_effects_merged_link_to_their_sum(method, case):
    effects, portfolio, benchmark = case
    merged = link(effects.sum("effect"), portfolio, benchmark, method=method)
    assert abs(float(merged - link(effects, portfolio, benchmark, method=method).sum())) <= 1e-13 * size(*case)


@few
@given(linkable())
def test_inputs_are_not_mutated(case):
    copies = [array.copy(deep=True) for array in case]
    for method in DAY_SCALING:
        link(*case, method=method)
    frongello_increments(*case)
    davies_laker(case[1], case[2], case[2], case[1])
    geometric_link(case[1], case[2], case[2])
    for array, before in zip(case, copies, strict=True):
        xr.testing.assert_identical(array, before)


sides = st.integers(1, 12).flatmap(lambda days: hnp.arrays(float, (4, days), elements=daily))


@few
@given(sides)
def test_notional_funds_sum_to_the_excess_and_geometric_effects_multiply_to_it(returns):
    portfolio, benchmark, notional, crossed = (xr.DataArray(side, dims="time") for side in returns)
    growth = (1 + returns).prod(axis=1)
    totals = davies_laker(portfolio, benchmark, notional, crossed)
    assert abs(fsum(totals.values) - (growth[0] - growth[1])) <= 1e-12 * max(1.0, np.cumprod(1 + returns, axis=1).max() ** 2)
    effects = geometric_link(portfolio, benchmark, notional)
    np.testing.assert_allclose((1 + effects).prod(), growth[0] / growth[1], rtol=1e-12)
    np.testing.assert_allclose(1 + geometric_excess(portfolio, benchmark), growth[0] / growth[1], rtol=1e-12)


@few
@given(paths())
def test_a_portfolio_that_is_its_benchmark_has_no_effects(case):
    path, _, _ = case
    side = xr.DataArray(path, dims="time")
    assert not davies_laker(side, side, side, side).any()
    assert not geometric_link(side, side, side).any()
    for method in DAY_SCALING:
        assert not link(xr.zeros_like(side), side, side, method=method).any()
        assert np.isfinite(coefficients(side, side, method=method)).all()
