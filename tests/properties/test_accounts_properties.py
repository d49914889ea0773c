"""What must hold for any accounts: none of them knows of the others, and weights enter once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribution.accounts.accounts import attribute_accounts
from attribution.accounts.result import CUTS
from attribution.contributions.arrays import linked_contributions
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from tests.conftest import SMALL_MONTH, dear_examples

few = settings(
    max_examples=dear_examples() // 4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
seeds = st.integers(0, 2**32 - 1)
DAYS = ["2025-02-28", "2025-03-10", "2025-03-11", "2025-03-24"]


@pytest.fixture(scope="module")
def explain(small_book, small_model, small_market):
    followed = follow_course(small_book, "Major 100", small_market, read_period(SMALL_MONTH, small_book, small_market))
    there = small_market["total_return"].sel(time=followed.period.days).notnull().all("time")
    names = small_market.get_index("asset")[there.to_numpy()]

    def explained(accounts, **options):
        return attribute_accounts(accounts, followed, small_model, small_market, period=SMALL_MONTH, **options)

    explained.names = names
    return explained


@st.composite
def books(draw: st.DrawFn):
    """A function of tickers -> accounts, some of which rebalance in the month, some short."""
    seed, number, held = draw(seeds), draw(st.integers(2, 7)), draw(st.integers(1, 9))
    shorts = draw(st.booleans())

    def accounts(names):
        rng, lists = np.random.default_rng(seed), []
        for account in range(number):
            for day in [DAYS[0], *rng.choice(DAYS[1:], rng.integers(0, 3), replace=False)]:
                weights = rng.dirichlet(np.ones(held + 1))
                if shorts:
                    weights[:2] += [0.2, -0.2]
                tickers = [*rng.choice(names, held, replace=False), "CASH"]
                lists.append(
                    pd.DataFrame(
                        {"portfolio": f"P{account}", "date": pd.Timestamp(str(day)), "ticker": tickers, "weight": weights}
                    )
                )
        return pd.concat(lists, ignore_index=True)

    return accounts


def require_same(one, other, portfolios):
    for cut in CUTS:
        for absolute in (False, True):
            left = one.by(cut, absolute=absolute).sel(portfolio=portfolios)
            right = other.by(cut, absolute=absolute).sel(portfolio=portfolios)
            left, right = xr.align(left, right, join="outer", fill_value=0.0)
            np.testing.assert_allclose(left, right, rtol=0, atol=1e-13)
    errors = (result.standard_errors().sel(portfolio=portfolios) for result in (one, other))
    np.testing.assert_allclose(*errors, rtol=0, atol=1e-13)


@few
@given(books())
def test_an_account_alone_has_the_numbers_it_has_among_many(explain, book):
    accounts = book(explain.names)
    alone = explain(accounts[accounts["portfolio"] == "P1"])
    require_same(explain(accounts), alone, ["P1"])


@few
@given(books(), seeds)
def test_the_order_of_accounts_and_of_rows_changes_nothing(explain, book, seed):
    accounts = book(explain.names)
    portfolios = list(accounts["portfolio"].unique())
    result = explain(accounts.sample(frac=1, random_state=seed))
    require_same(result, explain(accounts), portfolios)


@few
@given(books(), st.floats(1 - 9e-7, 1 + 9e-7))
def test_weights_that_sum_to_nearly_one_are_shares_of_their_sum(explain, book, scale):
    accounts = book(explain.names)
    result = explain(accounts.assign(weight=accounts["weight"] * scale))
    require_same(result, explain(accounts), list(accounts["portfolio"].unique()))


@few
@given(books())
def test_every_cut_adds_to_the_same_return(explain, book):
    result = explain(book(explain.names))
    for cut in CUTS:
        np.testing.assert_allclose(result.by(cut).sum(cut), result.excess_return, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.by(cut, absolute=True).sum(cut), result.portfolio_return, rtol=0, atol=1e-12)


@few
@given(seeds, st.floats(-3, 3).filter(lambda scale: abs(scale) > 1e-3))
def test_linked_contributions_scale_with_the_active_weights_and_errors_with_their_size(seed, scale):
    rng = np.random.default_rng(seed)
    dims = {"portfolio": 2, "time": 4, "asset": 7, "factor": 3, "factor_other": 3}
    labels = {dim: [f"L{i}" for i in range(n)] for dim, n in dims.items()}

    def array(*order):
        return xr.DataArray(rng.normal(size=[dims[d] for d in order]), {d: labels[d] for d in order}, order)

    active, coefficients = array("portfolio", "time", "asset"), array("portfolio", "time")
    root = rng.normal(size=(4, 3, 3))
    model = {
        "exposures": array("time", "factor", "asset"),
        "factor_returns": array("time", "factor"),
        "specific_returns": array("time", "asset"),
        "covariance": array("time", "factor", "factor_other").copy(data=root @ root.transpose(0, 2, 1)),
    }
    one, other = (linked_contributions(weights, coefficients, **model) for weights in (active, scale * active))
    for name in one:
        factor = abs(scale) if "error" in name else scale
        np.testing.assert_allclose(other[name], factor * one[name], rtol=1e-10, atol=1e-12)
