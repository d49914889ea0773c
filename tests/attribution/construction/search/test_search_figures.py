"""Figures from sums against those of one record at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from attribution.construction.search.figures import FIGURES, Sums, figure, sharpe_of_periods
from attribution.measures.performance import sharpe_ratio, sortino_ratio

DRAW = np.random.default_rng(3)
RETURNS = DRAW.normal(0.01, 0.04, (5, 36))
RISK_FREE = DRAW.normal(0.002, 0.0002, 36)
BENCHMARK = DRAW.normal(0.008, 0.03, 36)
MONTHS = pd.period_range("2020-01", periods=36, freq="M")


def geometric(returns: np.ndarray) -> float:
    return float(np.prod(1 + returns) ** (12 / len(returns)) - 1)


BY_HAND = {
    "sortino": lambda r, f, b: sortino_ratio(r, f),
    "sharpe": lambda r, f, b: sharpe_ratio(r, f),
    "return": lambda r, f, b: geometric(r),
    "excess": lambda r, f, b: geometric(r) - geometric(b),
    "information_ratio": lambda r, f, b: (geometric(r) - geometric(b)) / (np.std(r - b, ddof=1) * 12**0.5),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_many_records_is_that_of_each(name):
    sets = {"all": np.arange(36), "first": np.arange(12), "odd": np.arange(1, 36, 2)}
    counts = np.array([[place in places for places in sets.values()] for place in range(36)], float)
    found = figure(name, Sums.of(RETURNS, RISK_FREE, BENCHMARK, counts), 12)
    for row, column in np.ndindex(found.shape):
        places = list(sets.values())[column]
        months = pd.RangeIndex(len(places))
        record = [pd.Series(each[places], months) for each in (RETURNS[row], RISK_FREE, BENCHMARK)]
        np.testing.assert_allclose(found[row, column], BY_HAND[name](*record), rtol=1e-12, atol=1e-13)


def test_sums_of_blocks_add_to_those_of_their_union_and_of_some_trials_are_theirs():
    blocks = np.repeat(np.eye(6), 6, axis=0)
    whole = Sums.of(RETURNS, RISK_FREE, BENCHMARK, np.ones((36, 1)))
    joined = Sums.of(RETURNS, RISK_FREE, BENCHMARK, blocks).over(np.ones((6, 1)))
    for name in FIGURES:
        np.testing.assert_allclose(figure(name, joined, 12), figure(name, whole, 12), rtol=1e-12)
        some = whole.of_trials(np.array([3, 1]))
        assert (figure(name, some, 12) == figure(name, whole, 12)[[3, 1]]).all()
    active = pd.DataFrame(RETURNS - BENCHMARK)
    np.testing.assert_allclose(sharpe_of_periods(whole)[:, 0], active.mean(axis=1) / active.std(axis=1), rtol=1e-12)


def test_a_ratio_over_rounding_is_none():
    still = np.full((1, 36), 0.01)
    sums = Sums.of(still, np.full(36, 0.01), still[0] + 1e-18, np.ones((36, 1)))
    for name in ("sortino", "sharpe", "information_ratio"):
        assert np.isnan(figure(name, sums, 12)).all()
    assert figure("return", sums, 12).item() == pytest.approx(1.01**12 - 1)
