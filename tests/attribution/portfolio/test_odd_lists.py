"""Lists as houses have them: long-short ones, lists of mid month, lists of an index that are longer than the market."""

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.measures.forecast import forecast_risk, sleeve_limits
from attribution.portfolio.benchmarks import benchmark_track
from attribution.portfolio.course import follow_course
from attribution.portfolio.holdings import holding_returns
from attribution.portfolio.periods import read_period
from riskmodel.errors import InputError
from tests.conftest import SMALL_MONTH, of_few_draws

END = pd.Timestamp("2025-03-31")


@pytest.fixture(scope="module")
def long_short(small_book, small_market):
    """130 % of the shipped list, 25 % and 5 % of it short; the book says so."""
    own = small_book.holdings[small_book.holdings["portfolio"] == "major"]
    last = small_market["life"].sel(time="2025").min("time") >= 0
    shorts = [name for name in small_market.get_index("asset")[last.to_numpy()] if name not in set(own["ticker"])][:2]
    sizes = dict(zip(shorts, (-0.25, -0.05), strict=True))
    rows = [("major", date, ticker, weight) for date in own["date"].unique() for ticker, weight in sizes.items()]
    short = pd.DataFrame(rows, columns=own.columns)
    holdings = pd.concat([own.assign(weight=1.3 * own["weight"]), short], ignore_index=True)
    book = small_book.book.model_copy(update={"long_short": True})
    return small_book.model_copy(update={"book": book, "holdings": holdings}), shorts


def test_a_long_short_course_adds_up_whichever_way_it_is_cut(long_short, small_market, small_model):
    book, shorts = long_short
    result = at.attribute(book, "Major 100", small_model, small_market, period=SMALL_MONTH)
    assert result.reconciliation["passed"].all()
    for cut in ("factor", "stock", "sector", "day"):
        assert float(result.by(cut).sum()) == pytest.approx(result.excess_return, abs=1e-12)
    earned = result.by("stock", absolute=True)
    returns = (1 + small_market["total_return"].sel(asset=shorts[0], time="2025-03").fillna(0.0)).prod() - 1
    assert np.sign(float(earned[shorts[0]])) == -np.sign(float(returns))


def test_a_short_position_counts_by_its_size_in_the_limit_of_one_name(long_short, small_market, small_model):
    book, shorts = long_short
    limits = sleeve_limits(book, "major", forecast_risk(of_few_draws(small_model), small_market, END), small_market, END)
    row = limits.set_index("rule").loc["weight_max_at_rebalance"]
    assert not row["ok"]
    assert row["value"] == pytest.approx(0.25, abs=1e-12)
    assert row["detail"].startswith(f"{shorts[0]} -25 %")


def test_a_list_of_mid_month_counts_from_its_close_on(small_book, small_market, small_model):
    holdings, day = small_book.holdings, pd.Timestamp("2025-03-14")
    january = holdings[(holdings["portfolio"] == "major") & (holdings["date"] == "2025-01-31")]
    book = small_book.model_copy(update={"holdings": pd.concat([holdings, january.assign(date=day)], ignore_index=True)})
    period = read_period(SMALL_MONTH, book, small_market)
    own, usual = (follow_course(each, "Major 100", small_market, period).data for each in (book, small_book))
    before = period.days[period.days <= day]
    after = period.days[period.days > day]
    np.testing.assert_array_equal(own["portfolio_return"].sel(time=before), usual["portfolio_return"].sel(time=before))
    listed = january[january["weight"] != 0].set_index("ticker")["weight"]
    starts = own["portfolio_weight"].sel(time=after[0]).to_series()
    np.testing.assert_allclose(starts[starts != 0].sort_index(), listed.sort_index(), rtol=0, atol=1e-12)
    result = at.attribute(book, "Major 100", small_model, small_market, period=SMALL_MONTH)
    assert result.reconciliation["passed"].all()
    for cut in ("factor", "stock", "sector", "day"):
        assert float(result.by(cut).sum()) == pytest.approx(result.excess_return, abs=1e-12)


def test_a_list_that_is_longer_than_the_market_leaves_out_what_the_book_allows(small_book, small_market):
    lacking = small_market["constituent_ticker"].to_numpy().copy()
    own = small_market["constituent_index"].to_numpy() == "Large Index"
    order = np.flatnonzero(own)[::4]  # a quarter of each list's names is called something that the market has not
    lacking[order] = [f"ZZ{place}" for place in range(len(order))]
    longer = small_market.assign(constituent_ticker=("constituent", lacking))
    period, returns = read_period(SMALL_MONTH, small_book, small_market), holding_returns(small_market)
    with pytest.raises(InputError) as error:
        benchmark_track(small_book, "Large Index", longer, returns, period)
    assert "'Large Index' with less than 80% of the weight in names that have prices: 2025-02-28 (" in str(error.value)
    assert str(error.value).endswith(
        "Add the prices or correct the tickers, or allow for names that the market is not meant to have: unpriced_max in "
        '[benchmarks."Large Index"].'
    )
    more = small_book.benchmarks["Large Index"].model_copy(update={"unpriced_max": 0.5})
    allowed = small_book.model_copy(update={"benchmarks": small_book.benchmarks | {"Large Index": more}})
    track = benchmark_track(allowed, "Large Index", longer, returns, period)
    np.testing.assert_allclose(track.weights.sum("asset"), 1, rtol=0, atol=1e-12)
