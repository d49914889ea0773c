"""Returns by window, year and month against the benchmark, and the record: against pandas, and by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from attribution.measures.performance import follow_book
from attribution.measures.track_record import BOTH, RELATIVE, capture_ratios, net_reconciliation, periods_table, record_table
from riskmodel.errors import InputError
from tests.conftest import SMALL_MONTH

COURSE = "Major 70 : Next 30"


@pytest.fixture(scope="module")
def history(small_book, small_market):
    return follow_book(small_book, small_market, SMALL_MONTH)


@pytest.fixture(scope="module")
def periods(history, small_market):
    return periods_table(history, [COURSE, "next_major"], small_market, SMALL_MONTH).set_index(["course", "period"])


def compounded(daily):
    return np.exp(np.log1p(daily).sum()) - 1


def test_windows_years_and_months_compound_what_they_cover(history, periods):
    own, other = history.courses[COURSE], history.benchmarks[COURSE]
    for period, first in (
        ("3m", "2025-01"),
        ("2025", "2025-01"),
        ("2025-03", "2025-03"),
        ("itd", "2024-03"),
        ("2024", "2024-03"),
    ):
        last = "2024-12" if period == "2024" else "2025-03"
        row = periods.loc[(COURSE, period)]
        np.testing.assert_allclose(row["return"], compounded(own[first:last]), rtol=1e-12)
        np.testing.assert_allclose(row["benchmark_return"], compounded(other[first:last]), rtol=1e-12)
        np.testing.assert_allclose(row["excess"], row["return"] - row["benchmark_return"], rtol=1e-12)


def test_a_window_longer_than_the_history_is_unknown(history, small_market):
    assert len(history.courses["2024-03":].index.to_period("M").unique()) == 13
    late = periods_table(history, [COURSE], small_market, "2025-03").set_index("period")["return"]
    assert late[["1m", "3m", "6m", "1y", "itd"]].notna().all()
    record = record_table(history, [COURSE], small_market, SMALL_MONTH).set_index(["window", "measure"])["active"]
    assert record["3y"].isna().all() and record["1y"].notna().all()


def test_months_compound_to_the_whole_and_a_sleeve_is_its_course(history, periods, small_market):
    months = periods[periods["kind"] == "month"].loc[COURSE]
    np.testing.assert_allclose(compounded(months["return"]), periods.loc[(COURSE, "itd"), "return"], rtol=1e-12)
    alone = periods_table(history, ["Next Major 100"], small_market, SMALL_MONTH)
    pd.testing.assert_frame_equal(
        alone.drop(columns="course"), periods.loc["next_major"].reset_index()[list(alone.columns[1:])], rtol=1e-12
    )


def test_the_record_is_what_pandas_makes_of_the_months(history, small_market):
    record = record_table(history, [COURSE], small_market, SMALL_MONTH).set_index(["window", "measure"])
    assert set(record.loc["itd"].index) == {*BOTH, *RELATIVE}
    sides = [side["2024-04":"2025-03"] for side in history.sides(COURSE)]
    own, other = ((1 + side).resample("ME").prod() - 1 for side in sides)
    year = record.loc["1y"]
    np.testing.assert_allclose(year.loc["annualised_return", "portfolio"], (1 + own).prod() - 1, rtol=1e-10)
    np.testing.assert_allclose(year.loc["volatility", "benchmark"], other.std() * 12**0.5, rtol=1e-10)
    np.testing.assert_allclose(year.loc["tracking_error", "active"], (own - other).std() * 12**0.5, rtol=1e-10)
    wealth = pd.concat([pd.Series([1.0]), (1 + own).cumprod()])
    np.testing.assert_allclose(year.loc["maximum_drawdown", "portfolio"], (wealth / wealth.cummax() - 1).min(), rtol=1e-10)
    gap = (1 + own).prod() - (1 + other).prod()
    np.testing.assert_allclose(
        year.loc["information_ratio", "active"], gap / year.loc["tracking_error", "active"], rtol=1e-10
    )


def test_captures_by_hand_and_none_without_such_a_month():
    up, down = capture_ratios(pd.Series([0.10, 0.21, -0.02]), pd.Series([0.05, 0.05, -0.04]))
    np.testing.assert_allclose(up, ((1.10 * 1.21) ** 0.5 - 1) / 0.05, rtol=1e-12)
    np.testing.assert_allclose(down, 0.5, rtol=1e-12)
    assert np.isnan(capture_ratios(pd.Series([0.01]), pd.Series([0.02]))[1])
    with pytest.raises(InputError, match="returns of 'benchmark'"):
        capture_ratios(pd.Series([0.01]), pd.Series([np.nan]))


def test_net_of_fees_by_hand_and_nothing_else_moves(history, periods, small_market):
    """A day keeps (1 - fee)^(1/252) of what it grew to; a course without a fee has no net return."""
    fees = {COURSE: 0.0055}
    net = periods_table(history, [COURSE, "next_major"], small_market, SMALL_MONTH, fees).set_index(["course", "period"])
    pd.testing.assert_frame_equal(net[list(periods.columns)], periods)
    days = {"1m": len(history.courses["2025-03":"2025-03"]), "itd": len(history.courses["2024-03":"2025-03"])}
    for period, count in days.items():
        row = net.loc[(COURSE, period)]
        expected = (1 + row["return"]) * (1 - 0.0055) ** (count / 252) - 1
        np.testing.assert_allclose(row["net_return"], expected, rtol=1e-12)
        np.testing.assert_allclose(row["net_excess"], expected - row["benchmark_return"], rtol=1e-12, atol=1e-14)
    assert net.loc["next_major", ["net_return", "net_excess"]].isna().all(axis=None)
    record = record_table(history, [COURSE, "next_major"], small_market, SMALL_MONTH, fees)
    rows = record.set_index(["course", "window", "measure"])
    itd = rows.loc[(COURSE, "itd", "net_annualised_return")]
    gross = rows.loc[(COURSE, "itd", "annualised_return"), "portfolio"]
    years = history.courses["2024-03":"2025-03"].index.to_period("M").nunique() / 12
    expected = (1 + gross) * (1 - 0.0055) ** (days["itd"] / 252 / years) - 1
    np.testing.assert_allclose(itd["portfolio"], expected, rtol=1e-12)
    assert "net_annualised_return" not in set(rows.loc["next_major"].index.get_level_values("measure"))


def test_net_returns_are_reconciled_and_a_day_without_its_fee_is_seen(history, small_market):
    fees = {COURSE: 0.0055}
    table = periods_table(history, [COURSE], small_market, SMALL_MONTH, fees)
    assert net_reconciliation(table, history, fees)["passed"].all()
    table["net_return"] += 0.0055 / 252
    assert not net_reconciliation(table, history, fees)["passed"].any()


def test_a_course_that_begins_later_has_its_net_returns_from_then_on(history, small_market):
    fees, first = {COURSE: 0.0055}, history.courses.index[history.courses.index >= "2024-09-10"][0]
    courses = history.courses.copy()
    courses.loc[courses.index < first, COURSE] = np.nan
    late = dataclasses.replace(history, courses=courses)
    table = periods_table(late, [COURSE], small_market, SMALL_MONTH, fees)
    assert table.loc[table["period"] == "itd", "net_return"].isna().all()
    assert net_reconciliation(table, late, fees)["passed"].all()
