"""What must hold for every input of the risk model's pure functions."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from riskmodel.arrays.robust import row_median
from riskmodel.arrays.windows import trailing_sum
from riskmodel.estimation.regression import cross_sectional_regression
from riskmodel.exposures.standardise import standardise, winsorise
from riskmodel.market.timeline import BRIDGE_SESSIONS, as_of, lives
from tests.conftest import dear_examples

few = settings(
    max_examples=dear_examples(),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
seeds = st.integers(0, 2**32 - 1)
shapes = st.tuples(st.integers(1, 30), st.integers(1, 4))


@st.composite
def traded_days(draw: st.DrawFn) -> np.ndarray:
    """(time, asset) bool, in runs, so that gaps of every length occur."""
    lengths = draw(st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=6), min_size=1, max_size=3))
    days = max(sum(runs) for runs in lengths)
    columns = []
    for runs in lengths:
        first = draw(st.booleans())
        column = np.concatenate([np.full(n, first ^ bool(i % 2)) for i, n in enumerate(runs)])
        columns.append(np.concatenate([column, np.full(days - len(column), draw(st.booleans()))]))
    return np.stack(columns, axis=1)


# ---------------------------------------------------------------- lives


def lives_one_by_one(column: np.ndarray) -> tuple[list[int], list[bool]]:
    life, resumed, number, last = [], [], 0, None
    for day, traded in enumerate(column):
        missing = 0 if last is None else day - last - 1
        if traded and missing > BRIDGE_SESSIONS:
            number += 1
        life.append(number if traded else -1)
        resumed.append(bool(traded and 1 <= missing <= BRIDGE_SESSIONS))
        last = day if traded else last
    return life, resumed


@few
@given(traded_days())
def test_lives_equal_a_walk_through_the_days(traded: np.ndarray) -> None:
    life, resumed = lives(traded)
    for column in range(traded.shape[1]):
        expected = lives_one_by_one(traded[:, column])
        assert (life[:, column].tolist(), resumed[:, column].tolist()) == expected


# ---------------------------------------------------------------- trailing sums


@few
@given(traded_days(), st.integers(1, 12), st.data())
def test_a_trailing_sum_is_the_sum_of_the_last_days_of_the_life(
    traded: np.ndarray, window: int, data: st.DataObject
) -> None:
    numbers = hnp.arrays(float, traded.shape, elements=st.floats(-100, 100, width=32) | st.just(np.nan))
    values = np.where(traded, data.draw(numbers), np.nan)
    life, _ = lives(traded)
    sums, counts = trailing_sum(values, window, life)
    for day, column in zip(*np.nonzero(traded), strict=True):
        since = np.flatnonzero(life[:, column] == life[day, column])[0]
        last = values[max(since, day - window + 1) : day + 1, column]
        assert counts[day, column] == np.isfinite(last).sum()
        np.testing.assert_allclose(sums[day, column], np.nansum(last), rtol=0, atol=1e-9)


@few
@given(traded_days(), st.integers(1, 12), seeds)
def test_a_trailing_sum_does_not_look_ahead(traded: np.ndarray, window: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(traded, rng.normal(size=traded.shape), np.nan)
    life, _ = lives(traded)
    day = int(rng.integers(len(values)))
    other = np.where(np.arange(len(values))[:, None] > day, values * 100, values)
    for was, now in zip(trailing_sum(values, window, life), trailing_sum(other, window, life), strict=True):
        np.testing.assert_array_equal(now[: day + 1], was[: day + 1])


# ---------------------------------------------------------------- events


@few
@given(shapes, st.integers(0, 40), seeds)
def test_as_of_equals_a_walk_through_the_events(shape: tuple[int, int], events: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.integers(0, shape[0] + 3, events)
    asset = rng.integers(0, shape[1], events)
    values = rng.normal(size=events)
    expected = np.full(shape, np.nan)
    for day in range(shape[0]):
        for event in sorted(range(events), key=lambda e: known[e]):  # sorted keeps the order of rows for equal days
            if known[event] <= day:
                expected[day, asset[event]] = values[event]
    np.testing.assert_array_equal(as_of(known, asset, values, shape), expected)


# ---------------------------------------------------------------- standardising


@few
@given(st.integers(3, 40), seeds, st.floats(0.01, 100), st.floats(-50, 50))
def test_a_standardised_value_knows_neither_unit_nor_origin(assets: int, seed: int, unit: float, origin: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2, assets))
    cap, inside = rng.lognormal(0, 2, (2, assets)), rng.random((2, assets)) < 0.8
    inside[:, :2] = True
    plain = standardise(values, cap, inside)
    np.testing.assert_allclose(standardise(origin + unit * values, 5 * cap, inside), plain, rtol=1e-6, atol=1e-8)


@few
@given(st.integers(1, 40), seeds, st.floats(0.5, 5))
def test_winsorising_keeps_the_order_and_what_lies_within(assets: int, seed: int, k: float) -> None:
    rng = np.random.default_rng(seed)
    raw = np.where(rng.random((3, assets)) < 0.2, np.nan, rng.standard_t(2, (3, assets)).round(1))
    inside = rng.random((3, assets)) < 0.8
    inside[:, 0], raw[:, 0] = True, 0.0
    values, clipped = winsorise(raw, inside, k)
    changed = ~np.isnan(raw) & (values != raw)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(raw))
    np.testing.assert_array_equal(changed.sum(axis=1), clipped)
    for day in range(3):
        order = np.argsort(raw[day])[: (~np.isnan(raw[day])).sum()]
        assert (np.diff(values[day][order]) >= 0).all()
    centre = row_median(np.where(inside, raw, np.nan))
    assert (np.abs(values - centre[:, None]) <= np.abs(raw - centre[:, None]) + 1e-12)[~np.isnan(raw)].all()


# ---------------------------------------------------------------- the regression


@st.composite
def regressions(draw: st.DrawFn) -> dict[str, xr.DataArray]:
    """Arguments with missing cells of every kind; enough names for the coefficients on most days."""
    rng = np.random.default_rng(draw(seeds))
    days, sectors, styles = draw(st.integers(1, 10)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    assets = draw(st.integers(30, 60))
    coords = {"time": np.arange(days), "asset": [f"A{i}" for i in range(assets)]}
    x = rng.normal(size=(days, assets, styles))
    x[rng.random(x.shape) < draw(st.sampled_from([0.0, 0.03]))] = np.nan
    r = rng.normal(0, 0.02, (days, assets))
    r[rng.random(r.shape) < draw(st.sampled_from([0.0, 0.2]))] = np.nan
    label = np.array([f"S{i}" for i in rng.integers(0, sectors, assets)], dtype=object)
    return {
        "returns": xr.DataArray(r, dims=("time", "asset"), coords=coords),
        "exposures": xr.DataArray(
            x, dims=("time", "asset", "factor"), coords=coords | {"factor": [f"f{k}" for k in range(styles)]}
        ),
        "sectors": xr.DataArray(label, dims="asset", coords={"asset": coords["asset"]}),
        "market_cap": xr.DataArray(rng.lognormal(20, 1.5, (days, assets)), dims=("time", "asset"), coords=coords),
    }


def same(actual: xr.Dataset, wanted: xr.Dataset, rtol: float = 1e-9) -> None:
    actual = actual.reindex({d: wanted[d] for d in wanted.dims})
    for name in ("factor_returns", "classical_standard_errors", "robust_standard_errors", "specific_returns", "r_squared"):
        np.testing.assert_allclose(actual[name], wanted[name], rtol=rtol, atol=1e-12, err_msg=name)
    np.testing.assert_array_equal(actual["flag"] == "", wanted["flag"] == "")


@few
@given(regressions(), st.floats(1e-6, 1e9))
def test_rescaling_caps_changes_nothing(arguments: dict[str, xr.DataArray], factor: float) -> None:
    scaled = arguments | {"market_cap": arguments["market_cap"] * factor}
    same(cross_sectional_regression(**scaled), cross_sectional_regression(**arguments))


@few
@given(regressions(), seeds)
def test_relabelling_and_reordering_changes_nothing(arguments: dict[str, xr.DataArray], seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = {d: rng.permutation(arguments["exposures"].sizes[d]) for d in ("time", "asset", "factor")}
    moved = {
        name: array.isel({d: o for d, o in order.items() if d in array.dims}) if name != "market_cap" else array
        for name, array in arguments.items()
    }
    same(cross_sectional_regression(**moved), cross_sectional_regression(**arguments))


@few
@given(regressions())
def test_the_parts_sum_to_the_return_and_sectors_to_zero(arguments: dict[str, xr.DataArray]) -> None:
    fit = cross_sectional_regression(**arguments)
    f = fit["factor_returns"]
    r, cap = arguments["returns"].values, arguments["market_cap"].values
    label, x = arguments["sectors"].values, arguments["exposures"].values
    of_sector = f.sel(factor=label.tolist()).values
    styles = np.einsum("tak,tk->ta", np.nan_to_num(x), f.values[:, -x.shape[2] :])
    whole = f.values[:, :1] + of_sector + styles + fit["specific_returns"].values
    there = fit["specific_returns"].notnull().values
    np.testing.assert_allclose(whole[there], r[there], rtol=0, atol=1e-12)
    weighted = np.where(there & ~np.isnan(of_sector), cap * np.nan_to_num(of_sector), 0).sum(axis=1)
    np.testing.assert_allclose(weighted / cap.sum(axis=1), 0, atol=1e-12)
    covered = ~np.isnan(r) & ~np.isnan(x).any(axis=2)
    sound = fit["r_squared"].notnull().values
    np.testing.assert_array_equal(there, covered & sound[:, None])


@few
@given(regressions(), seeds)
def test_a_return_that_the_factors_span_moves_no_specific_return(arguments: dict[str, xr.DataArray], seed: int) -> None:
    rng = np.random.default_rng(seed)
    fit = cross_sectional_regression(**arguments)
    x = arguments["exposures"]
    shift = xr.DataArray(rng.normal(0, 0.01, x.sizes["factor"]), dims="factor", coords={"factor": x["factor"]})
    moved = arguments | {"returns": arguments["returns"] + 0.01 + (x.fillna(0) * shift).sum("factor")}
    other = cross_sectional_regression(**moved)
    np.testing.assert_allclose(other["specific_returns"], fit["specific_returns"], rtol=0, atol=1e-11)
    styles = other["factor_returns"].sel(factor=x["factor"]) - fit["factor_returns"].sel(factor=x["factor"])
    sound = fit["r_squared"].notnull()
    np.testing.assert_allclose(styles[sound], np.tile(shift, (int(sound.sum()), 1)), rtol=0, atol=1e-11)
