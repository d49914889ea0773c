"""What is rounding, and what is not: the one rule, at the sizes where it decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.arrays.rounding import EPSILON, OF_LEVELS, active, deviation, growth, over, settled


@pytest.mark.parametrize(("size", "kept"), [(0.0, False), (1e-16, False), (2e-13, False), (3e-13, True), (-3e-13, True)])
def test_a_difference_of_returns_counts_from_a_thousand_epsilons(size, kept):
    assert (settled(size, 1.0) != 0) is kept
    assert pytest.approx(2.27e-13, rel=1e-2) == OF_LEVELS


def test_what_is_larger_has_larger_rounding():
    assert settled(1e-12, 1.0) == 1e-12
    assert settled(1e-12, 10.0) == 0.0
    np.testing.assert_array_equal(settled(np.array([1e-12, np.nan]), np.array([10.0, 1.0])), [0.0, np.nan])


RETURNS = st.lists(st.floats(-0.9, 2.0), min_size=2, max_size=60)


@given(RETURNS, st.floats(-0.5, 0.5))
def test_a_constant_difference_has_no_deviation_whatever_it_was_added_to(returns, more):
    own = np.array(returns) + more
    assert deviation(own - returns, scale=growth(own) + growth(np.array(returns))) == 0.0


@given(RETURNS)
def test_returns_compounded_through_wealth_do_not_move_against_themselves(returns):
    wealth = np.cumprod(1 + np.array(returns))
    again = wealth / np.concatenate([[1.0], wealth[:-1]]) - 1
    assert not settled(again - returns, 1 + np.abs(returns)).any()


@given(RETURNS)
def test_a_deviation_that_counts_is_the_plain_one(returns):
    own = pd.Series(returns)
    if own.std() > 1e-9:
        assert deviation(own) == pytest.approx(own.std(), rel=1e-12)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=40))
def test_weights_that_were_scaled_to_one_twice_are_the_same_weights(sizes):
    weights = np.array(sizes) / np.sum(sizes)
    again = weights * 0.3 / (weights * 0.3).sum()
    assert not active(again, weights).any()
    assert active(weights * (1 + 1000 * EPSILON), weights).all()


def test_nothing_is_a_ratio_over_nothing():
    assert np.isnan(over(1.0, 0.0))
    assert np.isnan(over(1.0, float("nan")))
    assert over(1.0, -2.0) == -0.5
    assert np.isnan(deviation(np.array([0.1])))
