"""Characteristics of portfolios and benchmarks at month end, and what is held."""

import dataclasses
import html

import numpy as np
import pandas as pd
import pytest

from attribution.house_style.words import LANGUAGES, read_messages
from attribution.reporting.pages.page import render_page
from attribution.reporting.tables.characteristics import REASONS, side_characteristics
from riskmodel.exposures.descriptors import raw_descriptor
from riskmodel.exposures.from_filings import latest_filings, yearly_figures
from tests.attribution.reporting.page_reader import Reader

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
    found = {measure: each.value for measure, each in side_characteristics(WEIGHTS, stocks()).items()}
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
    assert found["price_to_earnings"][:2] == (pytest.approx(0.7 / 0.07), pytest.approx(0.7 / 0.95))
    assert found["return_on_equity"].coverage == pytest.approx(0.7 / 0.95)
    assert found["price_to_book"].coverage == pytest.approx(1.0)


@pytest.mark.parametrize("income", [np.nan, -10 * MILLION])
def test_no_multiple_of_losses_or_of_nothing(income):
    assert np.isnan(side_characteristics(WEIGHTS, stocks(net_income=income))["price_to_earnings"][0])
    nothing = side_characteristics(WEIGHTS.head(0), stocks())
    assert nothing["names"][:2] == (0.0, 1.0) and np.isnan(nothing["market_cap_median"].value)


def without_value(measure, **columns):
    """Why a measure has no value, and of which names."""
    found = side_characteristics(WEIGHTS, stocks(**{name: np.multiply(values, MILLION) for name, values in columns.items()}))
    assert np.isnan(found[measure].value)
    return found[measure].reason, found[measure].tickers


def test_a_ratio_that_means_nothing_has_no_value_but_a_reason_and_the_names_that_did_it():
    """Owned is weight / cap: .005, .00125 and .00067 of the three names."""
    assert without_value("price_to_earnings", net_income=[-10, 10, 10]) == ("losses", ("A",))
    assert without_value("price_to_earnings", net_income=[-10, -40, 30]) == ("losses", ("A", "B"))  # .05 each
    assert without_value("price_to_earnings", net_income=[-10, 40, 10]) == ("nearly_nil", ("A",))  # .95 / .0067 = 142
    for measure in ("price_to_book", "return_on_equity"):
        assert without_value(measure, equity=[50, -110, 10]) == ("negative_equity", ("B",))  # .1375 of .2567 off
        assert without_value(measure, equity=[-50, 10, 10]) == ("negative_equity", ("A",))
    assert without_value("return_on_equity", net_income=[np.nan, 10, 10]) == ("coverage", ())  # .45 of .95


def test_a_loss_over_sound_equity_and_equity_that_is_not_dominated_keep_their_ratios():
    loss = side_characteristics(WEIGHTS, stocks(net_income=np.multiply([-10, 10, 10], MILLION)))["return_on_equity"]
    assert loss.value == pytest.approx((-0.05 + 0.0125 + 0.02 / 3) / (0.25 + 0.125 + 0.2 / 3)) and loss.reason == ""
    kept = side_characteristics(WEIGHTS, stocks(equity=np.multiply([50, -90, 10], MILLION)))["price_to_book"]
    assert kept.value == pytest.approx(0.95 / (0.25 - 0.1125 + 0.02 / 3)) and kept.reason == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_why_a_ratio_has_no_value_and_which_name_did_it(page_content, language):
    assert read_messages(language).table["characteristic_reasons"].keys() == set(REASONS)
    t, course = read_messages(language), next(iter(page_content.sleeves.values())).course
    frame = page_content.tables["characteristics"].copy()
    own = (frame["course"] == course) & (frame["side"] == "portfolio")
    equity = own & frame["measure"].isin(["price_to_book", "return_on_equity"])
    frame.loc[equity, ["value", "reason", "tickers"]] = [np.nan, "negative_equity", "NAV"]
    frame.loc[own & (frame["measure"] == "dividend_yield"), ["value", "reason"]] = [np.nan, "coverage"]
    content = dataclasses.replace(page_content, tables=page_content.tables | {"characteristics": frame})
    page = render_page(content, language)
    name = page_content.book.sleeves["major"].name
    told = {"name": getattr(name, language), "side": t("characteristics.portfolio")}
    both = {"en": "P/B, ROE", "ja": "PBR、ROE"}[language]
    assert html.escape(t("characteristic_reasons.negative_equity", measures=both, tickers="NAV", **told)) in page
    assert (
        html.escape(t("characteristic_reasons.coverage", measures=t("characteristic_measures.dividend_yield"), **told))
        in page
    )
    cells = [cell for table in Reader(page).tables for row in table.rows for cell in row]
    shown = [c.text for c in cells if (c.table, c.key) == ("characteristics", f"{course}|portfolio|price_to_book")]
    assert t("words.not_meaningful") in shown


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
