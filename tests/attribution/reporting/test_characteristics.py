"""Characteristics of portfolios and benchmarks at month end, and what is held."""

import numpy as np
import pandas as pd
import pytest

from attribution.reporting.tables.characteristics import side_characteristics
from riskmodel.exposures.descriptors import raw_descriptor
from riskmodel.exposures.from_filings import latest_filings, yearly_figures

MILLION = 1e6


def stocks(**columns):
    """Three stocks of 100, 200 and 300 million."""
    millions = {
        "market_cap": [100, 200, 300], "net_income": [10, -10, 30], "equity": [50, 100, 100], "gross_profit": [20, 20, 60],
        "total_assets": [100, 100, 200],
    }  # fmt: skip
    known = {name: [MILLION * value for value in values] for name, values in millions.items()}
    known["dividend_yield"] = [0.01, 0.02, 0.03]
    return pd.DataFrame(known | columns, index=["A", "B", "C"])


WEIGHTS = pd.Series({"A": 0.5, "B": 0.25, "C": 0.2})  # the rest is cash


def test_a_side_is_one_company_losses_included():
    """Owned of a money unit: earnings .05 - .0125 + .02 = .0575, equity .25 + .125 + .0667 = .4417."""
    found = {measure: value for measure, (value, _) in side_characteristics(WEIGHTS, stocks()).items()}
    assert found["names"] == 3 and found["top_ten_weight"] == pytest.approx(0.95)
    assert found["price_to_earnings"] == pytest.approx(0.95 / 0.0575)
    assert found["price_to_book"] == pytest.approx(0.95 / (0.25 + 0.125 + 0.2 / 3))
    assert found["return_on_equity"] == pytest.approx(0.0575 / (0.25 + 0.125 + 0.2 / 3))
    assert found["gross_profitability"] == pytest.approx((0.1 + 0.025 + 0.04) / (0.5 + 0.125 + 0.4 / 3))
    assert found["dividend_yield"] == pytest.approx((0.005 + 0.005 + 0.006) / 0.95)
    assert found["market_cap_mean"] == pytest.approx((50 + 50 + 60) / 0.95)
    assert found["market_cap_median"] == 100.0  # half of the weight, and more, lies in A


def test_what_a_name_lacks_is_left_out_and_counted():
    lacking = stocks(net_income=[10 * MILLION, np.nan, 30 * MILLION])
    found = side_characteristics(WEIGHTS, lacking)
    assert found["price_to_earnings"] == (pytest.approx(0.7 / 0.07), pytest.approx(0.7 / 0.95))
    assert found["return_on_equity"][1] == pytest.approx(0.7 / 0.95)
    assert found["price_to_book"][1] == pytest.approx(1.0)


@pytest.mark.parametrize("income", [np.nan, -10 * MILLION])
def test_no_multiple_of_losses_or_of_nothing(income):
    assert np.isnan(side_characteristics(WEIGHTS, stocks(net_income=income))["price_to_earnings"][0])
    nothing = side_characteristics(WEIGHTS.head(0), stocks())
    assert nothing["names"] == (0.0, 1.0) and np.isnan(nothing["market_cap_median"][0])


@pytest.mark.parametrize("descriptor", ["return_on_equity", "return_on_assets"])
@pytest.mark.parametrize("day", ["2024-06-28", "2025-03-31"])
def test_the_last_filing_at_a_close_is_the_one_that_exposures_are_made_of(small_market, descriptor, day):
    """Another way through the same filings: carried day by day, then cut at the day."""
    day = pd.Timestamp(day)
    place = small_market.get_index("time").get_loc(day)
    whole = raw_descriptor(descriptor, small_market, yearly_figures(small_market))[place]
    known = latest_filings(small_market, day).reindex(small_market.get_index("asset"))
    below = known["equity"].where(known["equity"] > 0) if descriptor == "return_on_equity" else known["total_assets"]
    priced = small_market["life"].to_numpy()[place] >= 0
    np.testing.assert_allclose((known["net_income"] / below).where(priced), whole, rtol=1e-12)


def test_a_filing_of_tomorrow_changes_nothing(small_market):
    day = pd.Timestamp("2024-06-28")
    known = small_market["filing_known"] <= day
    before = latest_filings(small_market, day)
    assert before.equals(latest_filings(small_market.isel(filing=known.to_numpy()), day))
    assert len(latest_filings(small_market.drop_dims("filing"), day)) == 0


def test_the_tables_hold_every_course_and_sum_to_what_is_held(page_content):
    held, sides = page_content.tables["holdings"], page_content.tables["characteristics"]
    assert list(dict.fromkeys(held["course"])) == list(dict.fromkeys(sides["course"])) == list(page_content.results)
    assert held.groupby("course")["portfolio_weight"].sum().to_numpy() == pytest.approx(1.0, abs=1e-12)
    counted = sides[(sides["measure"] == "names") & (sides["side"] == "portfolio")].set_index("course")["value"]
    names = held[held["ticker"] != "CASH"].groupby("course")["ticker"].count()
    assert (counted == names.reindex(counted.index)).all()
    ends = page_content.tables["stock_contributions"].set_index(["course", "ticker"])["weight_end"]
    own = held.set_index(["course", "ticker"])["portfolio_weight"]
    pd.testing.assert_series_equal(own, ends.reindex(own.index), check_names=False, rtol=1e-12)
    assert sides["coverage"].between(0, 1).all()
