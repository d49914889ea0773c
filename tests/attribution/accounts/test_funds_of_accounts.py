"""Accounts that hold funds: by factor what `attribute` says of a sleeve that is looked through, by name the fund itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.accounts.accounts import attribute_accounts
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from attribution.portfolio.settings.sections import Fund
from attribution.rows import FUNDS
from tests.attribution.conftest import holding_fund

COURSE, MONTH = "Major 100", "2025-03"
THROUGH, WHOLE = Fund(constituents="Small Index"), Fund(carried="unmodelled")
NEAR = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def market(etf_market):
    return etf_market


def explain(book, model, market, accounts=None, period=MONTH, benchmark=None, **options):
    held = book.holdings[book.holdings["portfolio"] == "major"] if accounts is None else accounts
    against = follow_course(book, COURSE, market, read_period(period, book, market)) if benchmark is None else benchmark
    return attribute_accounts(held, against, model, market, period=period, delisted="cash", book=book, **options)


@pytest.mark.parametrize("period", [MONTH, "2025-01/2025-03"])
@pytest.mark.parametrize("ticker", ["ETF", "NM"])
def test_an_account_with_a_fund_has_by_factor_the_numbers_of_the_course(small_book, small_model, market, period, ticker):
    """ETF has a level of its own, NM returns what its list, the sleeve next_major with its cash, does."""
    book = holding_fund(small_book, ticker, THROUGH if ticker == "ETF" else Fund(constituents="next_major"))
    result = explain(book, small_model, market, period=period)
    course = at.attribute(book, COURSE, small_model, market, period=period)
    assert result.reconciliation["passed"].all()
    for cut in ("factor", "group", "day"):
        for absolute in (False, True):
            theirs, ours = course.by(cut, absolute=absolute), result.by(cut, absolute=absolute).isel(portfolio=0).to_series()
            np.testing.assert_allclose(ours.reindex(theirs.index, fill_value=0.0), theirs, **NEAR)
            assert ours.drop(theirs.index, errors="ignore").abs().sum() < 1e-15
    theirs, ours = course.standard_errors("factor"), result.standard_errors("factor").isel(portfolio=0).to_series()
    np.testing.assert_allclose(ours.reindex(theirs.index, fill_value=0.0), theirs, **NEAR)
    assert (abs(result.by("factor").sel(factor=FUNDS).item()) > 1e-5) == (ticker == "ETF")
    stocks, sectors = (result.by(cut).isel(portfolio=0).to_series() for cut in ("stock", "sector"))
    assert stocks.sum() == pytest.approx(result.excess_return.item(), abs=1e-12)
    assert stocks[ticker] == pytest.approx(sectors[ticker], abs=1e-15) and stocks[ticker] != 0
    pair = result.by("sector", "factor").isel(portfolio=0).to_pandas()
    np.testing.assert_allclose(pair.sum(axis=1), sectors[pair.index], **NEAR)
    np.testing.assert_allclose(pair.sum(), result.by("factor").isel(portfolio=0).to_series(), **NEAR)


def test_weights_as_a_benchmark_are_looked_through_and_what_the_fund_returned_beside_its_list_is_proxy(
    small_book,
    small_model,
    market,
):
    book = small_book.model_copy(update={"funds": {"ETF": THROUGH}})
    weights = pd.DataFrame({"ticker": ["ETF", "CASH"], "weight": [0.9, 0.1]})
    result = explain(book, small_model, market, benchmark=weights)
    assert result.reconciliation["passed"].all()
    held = explain(book, small_model, market, accounts=weights.assign(portfolio="one"), benchmark=weights)
    rows = held.by("factor").isel(portfolio=0).to_series()
    assert abs(held.excess_return.item()) < 1e-15
    assert rows[FUNDS] == pytest.approx(-rows["proxy"], abs=1e-15) and rows.drop([FUNDS, "proxy"]).abs().max() < 1e-15


def test_a_fund_carried_by_choice_is_unmodelled_and_never_too_much(small_book, small_model, market):
    book = holding_fund(small_book, "ETF", WHOLE, share=0.5)
    result = explain(book, small_model, market)
    course = at.attribute(book, COURSE, small_model, market, period=MONTH)
    theirs, ours = course.by("factor"), result.by("factor").isel(portfolio=0).to_series()
    np.testing.assert_allclose(ours[theirs.index], theirs, **NEAR)
    assert (result.data["uncovered_weight"] == 0).all()


def test_accounts_that_dask_holds_have_the_same_numbers(small_book, small_model, market):
    pytest.importorskip("dask")
    book = small_book.model_copy(update={"funds": {"ETF": THROUGH}})
    names = sorted(set(small_book.holdings.loc[small_book.holdings["portfolio"] == "major", "ticker"]) - {"CASH"})[:3]
    weights = np.array([[0.5, 0.3, 0.1, 0.05, 0.05], [0.0, 0.4, 0.3, 0.2, 0.1]])
    accounts = xr.DataArray(weights, {"portfolio": ["A", "B"], "asset": ["ETF", *names, "CASH"]}, ("portfolio", "asset"))
    eager, lazy = (explain(book, small_model, market, accounts=each) for each in (accounts, accounts.chunk(portfolio=1)))
    np.testing.assert_allclose(lazy.by("factor"), eager.by("factor"), **NEAR)
    np.testing.assert_allclose(lazy.by("stock"), eager.by("stock").sel(stock=lazy.by("stock")["stock"]), **NEAR)


def test_what_is_unfit_is_refused_by_account(small_book, small_model, market):
    book = holding_fund(small_book, "ETF", THROUGH)
    late = market["constituent_index"].to_numpy() == "Small Index"
    late &= market["constituent_date"].to_numpy() < np.datetime64("2025-03-10")
    short = market.isel(constituent=~late)
    benchmark = pd.DataFrame({"ticker": ["CASH"], "weight": [1.0]})
    with pytest.raises(rm.InputError, match=r"^funds: 'ETF' is held by 1 account before a list of its names is known"):
        explain(book, small_model, short, benchmark=benchmark)
    gone = market.assign(
        index_level=market["index_level"].where((market["time"] != np.datetime64("2025-03-14")) | (market["index"] != "ETF"))
    )
    with pytest.raises(rm.InputError, match=r"^indices: 1 session without a level of 'ETF': 2025-03-14"):
        explain(book, small_model, gone, benchmark=benchmark)
    with pytest.raises(rm.InputError, match=r"with a ticker that has no prices: ETF"):
        held = book.holdings[book.holdings["portfolio"] == "major"]
        attribute_accounts(held, benchmark, small_model, market, period=MONTH)
    with pytest.raises(rm.InputError, match=r"^book: "):
        attribute_accounts(benchmark.assign(portfolio="A"), benchmark, small_model, market, period=MONTH, book="book.toml")
