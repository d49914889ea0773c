"""Sleeves through time: each table against what else says the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.measures.past_forecasts import month_errors, past_of
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from attribution.reporting.tables.past import (
    MONTH_ENDS,
    PAST_CONTRIBUTIONS,
    month_ends,
    past_contributions_table,
    past_exposures_table,
    since_inception,
)
from tests.conftest import SMALL_MONTH


def of(table, course):
    return table[table["course"] == course]


@pytest.fixture(scope="module")
def tables(page_content):
    return page_content.tables


@pytest.fixture(scope="module")
def courses(page_content):
    return {sleeve: result.course for sleeve, result in page_content.sleeves.items()}


def test_contributions_since_inception_are_those_of_one_attribution_of_all_days(
    page_content, tables, courses, small_market, small_model
):
    for sleeve, course in courses.items():
        whole = at.attribute(page_content.book, sleeve, small_model, small_market, period=f"itd/{SMALL_MONTH}")
        told = of(tables["past_contributions"], course).pivot(index="date", columns="factor", values="contribution")
        expected = whole.path("factor").loc[told.index, told.columns]
        np.testing.assert_allclose(told, expected, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(told.iloc[-1].sum(), whole.excess_return, atol=1e-12)


def test_contributions_since_inception_add_to_the_excess_returns_to_date(page_content, tables, courses):
    for sleeve, course in courses.items():
        portfolio, benchmark = page_content.history.sides(sleeve)
        sums = of(tables["past_contributions"], course).groupby("date")["contribution"].sum()
        to_date = ((1 + portfolio).cumprod() - (1 + benchmark).cumprod())[sums.index]
        np.testing.assert_allclose(sums, to_date, atol=1e-12)
        itd = tables["periods"].set_index(["course", "period"]).loc[(course, "itd"), "excess"]
        np.testing.assert_allclose(sums.iloc[-1], itd, atol=1e-12)
        kept = (
            tables["reconciliation"].set_index(["course", "identity"]).loc[(course, "contributions since inception = R - B")]
        )
        assert kept["passed"] and kept["right"] == pytest.approx(itd, abs=1e-12)


def test_past_exposures_end_with_those_of_the_month_and_of_the_month_before(tables, courses):
    for course in courses.values():
        past = of(tables["past_exposures"], course).pivot(
            index="factor", columns="date", values=["portfolio_exposure", "benchmark_exposure", "active_exposure"]
        )
        now = of(tables["exposures"], course).set_index("factor")
        dates = past["active_exposure"].columns
        assert 2 <= len(dates) <= MONTH_ENDS and dates.is_monotonic_increasing
        for side in ("portfolio_exposure", "benchmark_exposure", "active_exposure"):
            np.testing.assert_allclose(past[side][dates[-1]][now.index], now[side], atol=1e-12)
        np.testing.assert_allclose(past["active_exposure"][dates[-2]][now.index], now["active_before"], atol=1e-12)


def test_drawdowns_are_losses_from_the_highest_close_since_inception(page_content, tables, courses):
    for sleeve, course in courses.items():
        told = of(tables["drawdowns"], course).set_index("date")
        for side, returns in zip(
            ("portfolio_drawdown", "benchmark_drawdown"), page_content.history.sides(sleeve), strict=True
        ):
            wealth, peak, losses = 1.0, 1.0, []
            for earned in returns:
                wealth *= 1 + earned
                peak = max(peak, wealth)
                losses.append(wealth / peak - 1)
            np.testing.assert_allclose(told[side], losses, atol=1e-12)


def test_sector_weights_are_sums_of_the_names_weights(page_content, tables, courses):
    for sleeve, course in courses.items():
        told = of(tables["sector_weights"], course).set_index("sector")
        np.testing.assert_allclose(told[["portfolio_weight", "benchmark_weight"]].sum(), 1.0, atol=1e-12)
        sectors = page_content.sleeves[sleeve].cube.securities["sector"].to_series()
        names = of(tables["stock_contributions"], course).query("weight_end != 0").set_index("ticker")["weight_end"]
        sums = names.groupby(sectors.reindex(names.index)).sum()
        np.testing.assert_allclose(told["portfolio_weight"], sums.reindex(told.index, fill_value=0.0), atol=1e-12)


def test_tracking_errors_by_month_are_of_the_days_that_realised_looks_at(page_content, tables, courses):
    for sleeve, course in courses.items():
        months = of(tables["past_errors"], course).set_index("month")
        whole = tables["realised"].set_index(["sleeve", "measure"]).loc[(sleeve, "tracking_error")]
        known = months.dropna()
        assert known["days"].sum() == whole["days"]
        mean = np.average(known["forecast"] ** 2, weights=known["days"]) ** 0.5
        assert mean == pytest.approx(whole["forecast"], rel=1e-12)
        own, benchmark = page_content.history.sides(sleeve)
        active = (own - benchmark)[SMALL_MONTH]
        assert months.loc[SMALL_MONTH, "realised"] == pytest.approx(active.std(ddof=1) * 252**0.5, rel=1e-12)
        assert (known["forecast_low"] < known["forecast"]).all() and (known["forecast"] < known["forecast_high"]).all()


def test_a_month_before_which_nothing_was_forecast_has_what_came_of_it_alone(small_book, small_market):
    tracks = since_inception(Tracks(small_book, small_market, read_period("itd", small_book, small_market)), SMALL_MONTH)
    found = month_errors(past_of(tracks, {}), ["major"])
    assert found["month"].tolist()[-1] == SMALL_MONTH and len(found) == 12
    assert found["forecast"].isna().all() and found["forecast_low"].isna().all() and found["realised"].notna().all()
    assert pd.DatetimeIndex(month_ends(tracks)).strftime("%Y-%m").tolist()[-1] == SMALL_MONTH


def test_what_cannot_be_explained_since_inception_has_no_rows(page_content, small_book, small_market, small_model):
    """A model of the last months alone."""
    late = replace(small_model, data=small_model.data.sel(time=slice("2025-02", None)))
    sleeve, result = next(iter(page_content.sleeves.items()))
    tracks = since_inception(Tracks(small_book, small_market, read_period("itd", small_book, small_market)), SMALL_MONTH)
    assert list(past_contributions_table(tracks, result, sleeve, late)) == list(PAST_CONTRIBUTIONS)
    assert past_contributions_table(tracks, result, sleeve, late).empty
    told = past_exposures_table(tracks, sleeve, result.course, late)
    assert sorted(told["date"].dt.strftime("%Y-%m").unique()) == ["2025-02", SMALL_MONTH]
