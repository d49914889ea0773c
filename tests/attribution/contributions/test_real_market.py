"""The whole thing on the real US market: what must be true of any market."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.cli import main
from riskmodel.market.tables import read_table
from tests.conftest import REAL

pytestmark = pytest.mark.real_market


@pytest.fixture(scope="module")
def market(real_market):
    return real_market


@pytest.fixture(scope="module")
def model(real_model):
    return real_model


@pytest.fixture(scope="module")
def book():
    return at.read_book(REAL / "book.toml")


COURSES = ["Major 100", "Major 50 : Next 50", "Next Major 100"]
MONTHS = ["2014-09", "2015-08", "2016-06"]


@pytest.mark.parametrize(
    ("course", "month"),
    [
        pytest.param(course, month, marks=[] if (course, month) == ("Major 50 : Next 50", "2015-08") else [pytest.mark.slow])
        for course in COURSES
        for month in MONTHS
    ],
)
def test_every_identity_holds(book, model, market, month, course):
    result = at.attribute(book, course, model, market, period=month)
    assert result.reconciliation["passed"].all()


@pytest.mark.slow
@pytest.mark.parametrize("month", [str(m) for m in pd.period_range("2014-09", "2016-09", freq="M")])
def test_every_month_of_the_book_can_be_reported(tmp_path, month):
    assert main(["report", str(REAL / "book.toml"), "--month", month, "--out", str(tmp_path / "out")]) == 0
    identities = pd.read_csv(tmp_path / "out/tables/reconciliation.csv")
    assert identities["passed"].all()


def test_the_market_factor_is_the_cap_weighted_market(model, market):
    factor = model.factor_returns.sel(factor="market").to_series().dropna()
    index = market["index_level"].sel(index="S&P 500").to_series().pct_change()
    assert factor.corr(index) > 0.95


def test_factor_portfolios_of_the_literature_have_the_sign_of_their_factors(model, market):
    """Sorted portfolios from the raw tables alone: high less low fifth, equal-weighted, lagged a day."""
    returns = market["total_return"].to_pandas()
    month = returns.index[returns.index.to_period("M") >= pd.Period("2014-04")]
    momentum = np.log1p(returns).rolling(60).sum().shift(1)  # ranks as the compounded return does
    filings = read_table(REAL, "fundamentals").sort_values("available_from")
    equity = filings.pivot_table(index="available_from", columns="ticker", values="equity", aggfunc="last")
    equity = equity.reindex(equity.index.union(returns.index)).ffill().reindex(returns.index)
    value = (equity.reindex(columns=returns.columns) / market["market_cap"].to_pandas()).shift(1)
    index = market["index_level"].sel(index="S&P 500").to_series().pct_change()
    slope = returns.rolling(60, min_periods=40).cov(index).shift(1)
    for name, signal in {"momentum": momentum, "value": value, "market_sensitivity": slope}.items():
        rank = signal.loc[month].rank(axis=1, pct=True)
        spread = returns.loc[month].where(rank > 0.8).mean(axis=1) - returns.loc[month].where(rank < 0.2).mean(axis=1)
        factor = model.factor_returns.sel(factor=name).to_series().reindex(month)
        assert factor.corr(spread) > 0.4, name


def test_all_fourteen_styles_are_fed_from_the_spring_of_2014(model):
    fed = model.data["fed"].sel(time=slice("2014-04-01", None))
    assert bool(fed.all())


def test_no_stock_of_the_real_market_is_taken_for_percent_or_dropped_in_silence(market):
    report = rm.alignment_report(market)
    assert set(report["table"]) <= {"shares", "fundamentals", "earnings", "fx"}  # of fx: rates carried over days without one
    assert {"TRUE", "CASH"} <= set(market["asset"].to_numpy())


def test_the_stock_with_the_ticker_cash_stands_beside_cash(book, model, market):
    stocks = at.attribute(book, "Next Major 100", model, market, period="2016-06").stocks.set_index("ticker")
    assert stocks.loc["CASH (stock)", "name"] == "META FINANCIAL GROUP IN"
    assert stocks.loc["CASH", "weight_start"] > 0
    assert stocks.loc["CASH (stock)", "weight_start"] == 0
