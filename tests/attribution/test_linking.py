from __future__ import annotations

from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribution.linking import carino, compound
from riskmodel import InputError

returns = arrays(float, st.integers(1, 30), elements=st.floats(-0.5, 1.0))


# Bacon (2008), Practical Portfolio Performance Measurement and Attribution, chapter 8: four quarters of three markets
PORTFOLIO_WEIGHT = np.array([[0.4, 0.3, 0.3], [0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.3, 0.5, 0.2]])
BENCHMARK_WEIGHT = np.array([[0.4, 0.2, 0.4], [0.4, 0.3, 0.3], [0.5, 0.4, 0.1], [0.4, 0.4, 0.2]])
PORTFOLIO_RETURN = np.array([[0.2, -0.05, 0.06], [-0.05, 0.03, -0.05], [-0.2, 0.08, -0.15], [0.1, -0.07, 0.25]])
BENCHMARK_RETURN = np.array([[0.1, -0.04, 0.08], [-0.07, 0.04, -0.1], [-0.25, 0.05, -0.2], [0.05, -0.05, 0.1]])
# table 8.2, Carino-linked, by quarter: allocation and selection (with interaction), printed to four decimals
LINKED_ALLOCATION = [-0.0109, -0.0051, 0.0373, -0.0094]
LINKED_SELECTION = [0.0280, 0.0172, 0.0426, 0.0329]


def test_carino_reproduces_bacons_table_of_linked_quarters():
    portfolio = (PORTFOLIO_WEIGHT * PORTFOLIO_RETURN).sum(axis=1)
    benchmark = (BENCHMARK_WEIGHT * BENCHMARK_RETURN).sum(axis=1)
    allocation = ((PORTFOLIO_WEIGHT - BENCHMARK_WEIGHT) * (BENCHMARK_RETURN - benchmark[:, None])).sum(axis=1)
    selection = (PORTFOLIO_WEIGHT * (PORTFOLIO_RETURN - BENCHMARK_RETURN)).sum(axis=1)
    coefficient = carino(portfolio, benchmark)
    np.testing.assert_allclose(coefficient * allocation, LINKED_ALLOCATION, atol=1e-4)
    np.testing.assert_allclose(coefficient * selection, LINKED_SELECTION, atol=1e-4)
    assert (coefficient * (allocation + selection)).sum() == pytest.approx(
        compound(portfolio) - compound(benchmark), abs=1e-15
    )


@settings(deadline=None, max_examples=200, derandomize=True)
@given(returns, returns)
def test_linked_days_add_to_the_compounded_excess(portfolio, benchmark):
    days = min(len(portfolio), len(benchmark))
    portfolio, benchmark = portfolio[:days], benchmark[:days]
    linked = carino(portfolio, benchmark) * (portfolio - benchmark)
    excess = compound(portfolio) - compound(benchmark)
    size = max(1.0, abs(compound(portfolio)), abs(compound(benchmark)))
    assert fsum(linked) == pytest.approx(excess, abs=1e-12 * size)


def test_equal_returns_take_the_analytic_limit():
    # k(r, r) = 1 / (1 + r); with both sides equal throughout, lambda_t = (1 + R) / (1 + r_t)
    r = np.array([0.10, -0.20, 0.05])
    expected = (1 + compound(r)) / (1 + r)
    np.testing.assert_allclose(carino(r, r), expected, rtol=1e-14)


def test_a_tiny_excess_is_near_its_limit_not_noise():
    r = np.array([0.01, 0.02])
    np.testing.assert_allclose(carino(r + 1e-15, r), carino(r, r), rtol=1e-12)


def test_a_total_loss_is_refused_by_name():
    with pytest.raises(InputError, match=r"Carino linking: 1 day with a return of -100 % or less"):
        carino(np.array([0.1, -1.0]), np.array([0.0, 0.0]))
