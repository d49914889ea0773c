from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from attribution.measures.performance import (
    follow_book,
    index_weeks_table,
    month_factor_returns,
    monthly_returns,
    performance_table,
    sharpe_ratio,
    sortino_ratio,
    trailing_table,
)

# Bacon (2008): 24 months of a portfolio; its downside deviation under 0.5 % a month is printed as 0.0255
BACON = pd.Series(
    [0.003, 0.026, 0.011, -0.010, 0.015, 0.025, 0.016, 0.067, -0.014, 0.040, -0.005, 0.081,
     0.040, -0.037, -0.061, 0.017, -0.049, -0.022, 0.070, 0.058, -0.065, 0.024, -0.005, -0.009],
    index=pd.period_range("2000-01", periods=24, freq="M"),
)  # fmt: skip


def test_sortino_uses_bacons_downside_deviation_over_all_months():
    target = pd.Series(0.005, index=BACON.index)
    excess = (1 + BACON).prod() ** 0.5 - 1.005**12
    assert excess / sortino_ratio(BACON, target) == pytest.approx(0.0255 * np.sqrt(12), abs=0.00005 * np.sqrt(12))


def test_sharpe_is_the_geometric_excess_a_year_over_volatility():
    excess = (1 + BACON).prod() ** 0.5 - 1
    assert sharpe_ratio(BACON, BACON * 0) == pytest.approx(excess / (BACON.std(ddof=1) * np.sqrt(12)), rel=1e-14)


@pytest.mark.parametrize("ratio", [sharpe_ratio, sortino_ratio])
def test_fewer_than_twelve_months_have_no_ratio(ratio):
    assert np.isnan(ratio(BACON[:11], BACON[:11] * 0))
    assert np.isfinite(ratio(BACON[:12], BACON[:12] * 0))


@pytest.mark.parametrize("ratio", [sharpe_ratio, sortino_ratio])
def test_a_course_all_in_cash_has_no_ratio(ratio):
    """Its returns differ from the risk-free ones, and from each other, by rounding alone."""
    rate = pd.Series(0.01, pd.period_range("2024-01", periods=12, freq="M"))
    own = rate + np.tile([1e-17, -1e-17, 3e-17], 4)
    assert np.isnan(ratio(own, rate))


def test_monthly_returns_compound_days():
    days = pd.to_datetime(["2024-01-30", "2024-01-31", "2024-02-01"])
    np.testing.assert_allclose(monthly_returns(pd.Series([0.1, 0.1, -0.5], index=days)), [0.21, -0.5])


def test_the_ranking_orders_by_excess_and_ends_with_the_plain_mean(small_book, small_market):
    history = follow_book(small_book, small_market, "2025-03")
    table = performance_table(history, small_book, "2025-03")
    courses, average = table.iloc[:-1], table.iloc[-1]
    assert list(table.columns) == ["rank", "course", "return", "benchmark", "benchmark_return", "excess"]
    assert courses["excess"].is_monotonic_decreasing
    assert list(courses["rank"]) == [1, 2, 3, 4, 5]
    assert average["course"] == "Average"
    assert average["excess"] == pytest.approx(courses["excess"].mean(), abs=1e-15)
    np.testing.assert_allclose(table["excess"], table["return"] - table["benchmark_return"], atol=1e-15)


def test_a_blends_month_is_linear_in_its_sleeves(small_book, small_market):
    table = performance_table(follow_book(small_book, small_market, "2025-03"), small_book, "2025-03").set_index("course")
    for column in ("return", "benchmark_return"):
        mixed = 0.7 * table.loc["Major 100", column] + 0.3 * table.loc["Next Major 100", column]
        assert table.loc["Major 70 : Next 30", column] == pytest.approx(mixed, abs=1e-15)


def test_windows_longer_than_the_history_are_empty_not_numbers(small_book, small_market):
    inception = pd.Period(small_book.book.inception, "M")
    month = str(inception + 1)
    table = trailing_table(follow_book(small_book, small_market, month), small_book, small_market, month).set_index("name")
    assert np.isfinite(table.loc["Major 100", "1m"])
    assert table.loc["Major 100", ["3m", "6m", "1y", "sharpe", "sortino"]].isna().all()


def test_index_windows_agree_with_the_levels(small_book, small_market):
    table = trailing_table(follow_book(small_book, small_market, "2025-03"), small_book, small_market, "2025-03")
    level = small_market["index_level"].to_pandas().groupby(lambda day: day.to_period("M")).last()
    for index in small_book.report.indices:
        row = table.set_index("name").loc[index]
        for label, months in {"1m": 1, "3m": 3, "6m": 6, "1y": 12}.items():
            base = level.loc[pd.Period("2025-03") - months, index]
            assert row[label] == pytest.approx(level.loc["2025-03", index] / base - 1, abs=1e-12)


def test_the_weeks_tile_the_month(small_book, small_market):
    weeks = index_weeks_table(follow_book(small_book, small_market, "2025-03"), small_book, small_market, "2025-03")
    sessions = small_market.get_index("time")
    month = sessions[sessions.to_period("M") == pd.Period("2025-03")]
    covered = [day for row in weeks.itertuples() for day in month[(month >= row.week_from) & (month <= row.week_to)]]
    assert covered == list(month)
    level = small_market["index_level"].to_pandas()
    for index in small_book.report.indices:
        whole = level.loc[month[-1], index] / level[level.index < month[0]][index].iloc[-1] - 1
        assert (1 + weeks[index]).prod() - 1 == pytest.approx(whole, abs=1e-12)


def test_a_month_of_factor_returns_is_compounded_with_its_error():
    daily = pd.DataFrame(
        {
            "factor": ["value", "size", "value", "size", "gone", "gone"],
            "group": "style",
            "return": [0.10, 0.02, -0.20, np.nan, np.nan, np.nan],
            "standard_error": [0.011, 0.01, 0.016, np.nan, np.nan, np.nan],
        }
    )
    month = month_factor_returns(daily).set_index("factor")
    assert month.loc["value", "month_return"] == pytest.approx(1.1 * 0.8 - 1)
    # 0.88 sqrt((0.011 / 1.1)^2 + (0.016 / 0.8)^2) = 0.88 sqrt(0.0005)
    assert month.loc["value", "standard_error"] == pytest.approx(0.88 * np.sqrt(0.0005))
    assert month.loc["size", "month_return"] == pytest.approx(0.02)
    assert month.loc["gone"].drop("group").isna().all()


def test_compounded_factor_returns_are_those_of_the_attribution(page_content):
    month = page_content.tables["factor_month"].set_index("factor")["return"]
    own = next(iter(page_content.sleeves.values())).factors.set_index("factor")["factor_return"].dropna()
    pd.testing.assert_series_equal(month[own.index], own, check_names=False, rtol=1e-12)
