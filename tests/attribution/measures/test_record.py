"""A track record is looked at before it is measured: order, repeats, gaps, frequency, and the values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attribution as at
from attribution.measures.figures import regression_figures, relative_figures
from attribution.measures.performance import sharpe_ratio, sortino_ratio
from attribution.measures.ratios import (
    benchmark_figures,
    downside_figures,
    drawdown,
    drawdown_figures,
    losing_runs,
    ratio_table,
    shape_figures,
)
from attribution.measures.record import require_record

# the last month takes the record 30 % below the peak of the month before it, in which it was 1.03 times January 2024's
OWN = [0.50, -0.20, 0.10, 0.10, -0.10, 0.02, 0.03, 0.01, 0.05, -0.02, 0.01, 0.02, 0.03, -0.30]
TEXT = [f"2023-{month:02d}" for month in range(1, 13)] + ["2024-01", "2024-02"]
RECORD = pd.DataFrame({"portfolio": OWN, "benchmark": [0.9 * r for r in OWN], "risk_free": 0.0}, TEXT)
PERIODS = pd.PeriodIndex(TEXT, freq="M")

WAYS = {
    "text": TEXT,
    "words": [f"{month:%b %Y}" for month in PERIODS.to_timestamp()],
    "Japanese": [f"{month.year}年{month.month}月" for month in PERIODS],
    "periods": PERIODS,
    "month ends": PERIODS.to_timestamp(how="end").normalize(),
    "last sessions": pd.date_range("2023-01-01", periods=14, freq="BME"),
    "dates": [month.end_time.date() for month in PERIODS],
    "with a zone": PERIODS.to_timestamp().tz_localize("Asia/Tokyo"),
    "numbers": range(14),
    "years and months as numbers": [100 * month.year + month.month for month in PERIODS],
    "names": list("abcdefghijklmn"),
    "months without a year": ["Nov", "Dec", *"abcdefghijkl"],
}


def deepest(frame, **options):
    return ratio_table(frame, **options).set_index("measure")["value"]["maximum_drawdown"]


@pytest.mark.parametrize("labels", WAYS.values(), ids=WAYS)
def test_a_whole_record_is_measured_however_its_rows_are_labelled(labels):
    assert deepest(RECORD.set_axis(pd.Index(labels))) == pytest.approx(-0.30, abs=1e-15)


ORDERED = [labels for name, labels in WAYS.items() if name not in ("names", "months without a year")]


@given(st.sampled_from(ORDERED), st.permutations(range(14)))
def test_a_record_in_another_order_is_refused_and_never_measured(labels, places):
    frame = RECORD.set_axis(pd.Index(labels)).iloc[list(places)]
    if list(places) == sorted(places):
        assert deepest(frame) == pytest.approx(-0.30, abs=1e-15)
        return
    with pytest.raises(at.InputError, match=r"out of order: .* follows .*\. Use sort_index\(\)"):
        ratio_table(frame)


DATED = [labels for name, labels in WAYS.items() if name not in ("names", "months without a year") and "number" not in name]


@given(st.sampled_from(DATED), st.integers(1, 12), st.integers(1, 3))
def test_months_that_were_left_out_are_named(labels, first, number):
    gap = list(range(first, min(first + number, 13)))
    frame = RECORD.set_axis(pd.Index(labels)).drop(index=pd.Index(labels)[gap])
    if len(frame) < 12:
        return
    with pytest.raises(at.InputError) as caught:
        ratio_table(frame)
    count = f"{len(gap)} month{'s' * (len(gap) > 1)}"
    assert str(caught.value).startswith(f"returns: {count} missing: {', '.join(TEXT[k] for k in gap)}. ")


SESSIONS = pd.bdate_range("2023-01-02", periods=300)
DAYS = pd.DataFrame({"portfolio": 0.001, "benchmark": 0.0, "risk_free": 0.0}, SESSIONS)
WEEKS = DAYS[:40].set_axis(pd.date_range("2024-01-05", periods=40, freq="W-FRI"))

REFUSED = {
    "months out of order": (
        RECORD.sample(frac=1, random_state=2),
        12,
        "returns: dates are out of order: 2023-05 follows 2023-12, 2023-01 follows 2023-06, 2023-04 follows 2023-10, "
        "2023-02 follows 2023-04, 2023-08 follows 2023-11 and 2 more. Use sort_index().",
    ),
    "numbers out of order": (
        RECORD.reset_index(drop=True).iloc[[1, 0, *range(2, 14)]],
        12,
        "returns: rows are out of order: 0 follows 1. Use sort_index(), or, where rows stand in the order of time, "
        "reset_index(drop=True).",
    ),
    "a month that is missing": (
        RECORD.drop("2023-06"),
        12,
        "returns: 1 month missing: 2023-06. Give what was earned then, or the record after the gap; a ratio of the "
        "other rows is another record's.",
    ),
    "a month twice": (
        pd.concat([RECORD[:4], RECORD[3:]]),
        12,
        "returns: 1 label more than once: 2023-04. Keep one row each, or give each its own date.",
    ),
    "two days of one month": (
        RECORD.set_axis([pd.Timestamp("2023-01-02"), *PERIODS[:-1].to_timestamp(how="end").normalize()]),
        12,
        "returns: 1 month with two rows: 2023-01-31. Keep one row each.",
    ),
    "a row without a date": (
        RECORD.set_axis([*PERIODS[:-1].to_timestamp(), pd.NaT]),
        12,
        "returns: 1 row without a date. Give each its own.",
    ),
    "days for months": (
        DAYS,
        12,
        "returns: dates are daily (2023-01-02, 2023-01-03, ...), and a_year is 12. Give a_year=252, or compound the "
        "returns to the frequency that is meant.",
    ),
    "months for days": (
        RECORD.set_axis(PERIODS),
        252,
        "returns: dates are monthly (2023-01, 2023-02, ...), and a_year is 252. Give a_year=12, or compound the "
        "returns to the frequency that is meant.",
    ),
    "quarters for months": (
        RECORD.set_axis(pd.period_range("2021-01", periods=14, freq="Q")),
        12,
        "returns: dates are quarterly (2021Q1, 2021Q2, ...), and a_year is 12. Give a_year=4, or compound the returns "
        "to the frequency that is meant.",
    ),
    "a week that is missing": (
        WEEKS.drop(WEEKS.index[5]),
        52,
        "returns: 1 gap between rows: 2024-02-02 to 2024-02-16. Give what was earned then, or the record after the "
        "gap; a ratio of the other rows is another record's.",
    ),
    "a month of days that is missing": (
        DAYS[SESSIONS.month != 6],
        252,
        "returns: 1 gap between rows: 2023-05-31 to 2023-07-03. Give what was earned then, or the record after the "
        "gap; a ratio of the other rows is another record's.",
    ),
    "every fourth day left out": (
        DAYS[np.arange(300) % 4 > 0],
        252,
        "returns: 197 daily rows a year, where exchanges have about 252. Give the days that are missing; a ratio of "
        "the others is another record's.",
    ),
    "every day of the calendar": (
        DAYS.set_axis(pd.date_range("2023-01-01", periods=300)),
        252,
        "returns: 365 daily rows a year, and a_year is 252. Give the rows a year that are meant.",
    ),
    "dates a fortnight apart": (
        RECORD.set_axis(pd.date_range("2023-01-01", periods=14, freq="14D")),
        26,
        "returns: rows stand 14 days apart in the middle. Give a row for each of the days, weeks, months, quarters, "
        "half-years, years.",
    ),
    "no rows a year": (
        RECORD,
        0,
        "a_year: is 0. Give a number of returns a year above 0 and up to 366, 252 of days and 12 of months.",
    ),
    "a month without a return": (
        RECORD.assign(benchmark=RECORD["benchmark"].where(RECORD.index != "2023-06")),
        12,
        "returns of 'benchmark': 1 value missing or infinite: 2023-06. Give them, or the record since the last of "
        "them: without those rows it is another record.",
    ),
}


@pytest.mark.parametrize(("frame", "a_year", "message"), REFUSED.values(), ids=REFUSED)
def test_a_record_that_would_give_another_ratio_is_refused_in_these_words(frame, a_year, message):
    for measure in (ratio_table, regression_figures):
        with pytest.raises(at.InputError) as caught:
            measure(frame, a_year=a_year)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("frame", "a_year"),
    [
        (DAYS, 252),
        (DAYS, 260),
        (DAYS.drop(SESSIONS[84:90]), 252),  # Golden Week
        (DAYS.set_axis(pd.date_range("2023-01-01", periods=300)), 365),
        (WEEKS, 52),
        (
            WEEKS.set_axis([day - pd.Timedelta(days=int(day.month == 3)) for day in WEEKS.index]),
            52,
        ),  # a Thursday for a Friday
        (RECORD.set_axis([f"Q{k % 4 + 1} {2020 + k // 4}" for k in range(14)]), 4),
        (RECORD.set_axis([f"H{k % 2 + 1} {2010 + k // 2}" for k in range(14)]), 2),
        (RECORD.set_axis([f"W{k + 39} 2023" for k in range(14)]), 52),
        (RECORD.set_axis(range(2001, 2015)), 1),
        (RECORD.set_axis([str(year) for year in range(2001, 2015)]), 1),
        (
            RECORD.set_axis([pd.Timestamp("2023-01-17"), *PERIODS[1:].to_timestamp(how="end").normalize()]),
            12,
        ),  # begun mid-month
    ],
)
def test_records_of_every_frequency_are_measured(frame, a_year):
    assert ratio_table(frame, a_year=a_year)["value"].notna().any()


OTHERS = {
    "sharpe_ratio": lambda own: sharpe_ratio(own, 0.0 * own),
    "sortino_ratio": lambda own: sortino_ratio(own, 0.0 * own),
    "drawdown": drawdown,
    "losing_runs": losing_runs,
    "shape_figures": lambda own: shape_figures(own, 0.0 * own, a_year=12),
    "downside_figures": lambda own: downside_figures(own, least_acceptable=0.0),
    "drawdown_figures": lambda own: drawdown_figures(own, 0.0 * own, a_year=12),
}


@pytest.mark.parametrize("measure", OTHERS.values(), ids=OTHERS)
def test_every_function_of_a_record_looks_at_its_rows(measure):
    whole = RECORD["portfolio"]
    measure(whole)
    measure(whole.reset_index(drop=True))
    for spoilt, said in (
        (whole[::-1], "out of order"),
        (whole.drop("2023-06"), "1 month missing: 2023-06"),
        (whole.iloc[[*range(4), *range(3, 14)]], "more than once: 2023-04"),
        (whole.where(whole.index != "2023-06"), "1 value missing or infinite: 2023-06"),
    ):
        with pytest.raises(at.InputError, match=said):
            measure(spoilt)


@pytest.mark.parametrize("ratio", [sharpe_ratio, sortino_ratio])
def test_ratios_of_months_refuse_days_and_a_risk_free_return_of_other_months(ratio):
    with pytest.raises(at.InputError, match=r"dates are daily .* and a_year is 12"):
        ratio(DAYS["portfolio"], DAYS["risk_free"])
    with pytest.raises(at.InputError) as caught:
        ratio(RECORD["portfolio"], RECORD["risk_free"].set_axis(["2022-12", *TEXT[:-1]]))
    assert str(caught.value) == (
        "returns: 'portfolio' and 'risk_free' have other rows: 2 labels of one alone: 2022-12, 2024-02. Give both the "
        "same dates."
    )


def test_figures_of_days_refuse_other_days_another_order_and_a_month_without_any():
    own, other, rate = (DAYS[side] for side in DAYS)
    with pytest.raises(
        at.InputError, match=r"'portfolio' and 'benchmark' have other rows: 1 label of one alone: 2023-01-02"
    ):
        relative_figures(own, other[1:], rate)
    with pytest.raises(at.InputError, match="dates are out of order"):
        relative_figures(own[::-1], other[::-1], rate[::-1])
    without = SESSIONS.month != 6
    with pytest.raises(at.InputError, match="1 month missing: 2023-06"):
        relative_figures(own[without], other[without], rate[without])


@given(st.lists(st.one_of(st.integers(), st.text(max_size=9), st.dates(), st.none()), unique_by=repr, max_size=8))
def test_labels_of_any_kind_pass_or_are_refused_in_words(labels):
    index = pd.Index(labels, dtype=object)
    try:
        require_record(index, a_year=12)
    except at.InputError as error:
        assert str(error).startswith("returns: ")


LATE = PERIODS.delete(5).to_timestamp()
GAPS = {  # the same eleven months and a gap, by labels of every kind
    "categories of text": pd.CategoricalIndex([str(month) for month in PERIODS.delete(5)]),
    "categories of dates": pd.CategoricalIndex(LATE),
    "years and months as numbers": pd.Index([100 * day.year + day.month for day in LATE]),
    "the same as decimals": pd.Index([100.0 * day.year + day.month for day in LATE]),
    "days as numbers": pd.Index([int(f"{day:%Y%m%d}") for day in LATE]),
    "text with a time": pd.Index([f"{day:%Y-%m-%d %H:%M:%S}" for day in LATE]),
    "text with a time and a zone": pd.Index([f"{day:%Y-%m-%dT%H:%M:%S+09:00}" for day in LATE]),
    "text and dates": pd.Index([*(f"{day:%Y-%m-%d}" for day in LATE[:6]), *LATE[6:]], dtype=object),
    "intervals": pd.IntervalIndex.from_arrays(LATE, LATE + pd.Timedelta(days=28)),
}


@pytest.mark.parametrize("labels", GAPS.values(), ids=GAPS)
def test_a_gap_is_seen_whatever_kind_of_labels_say_it(labels):
    frame = RECORD.iloc[[k for k in range(14) if k != 5]].set_axis(labels)
    for measure in (ratio_table, lambda own: drawdown(own["portfolio"])):
        with pytest.raises(at.InputError, match=r"^returns: 1 month missing: 2023-06\. "):
            measure(frame)
    with pytest.raises(at.InputError, match=r"out of order: .* follows .*\. Use sort_index\(\)\.$"):
        ratio_table(frame[::-1])


YEARS = RECORD.set_axis(pd.Index(list(range(2001, 2015))))
SEVERAL = pd.MultiIndex.from_product([["a", "b"], PERIODS[:7]])
TWICE = DAYS.set_axis([*SESSIONS[:-1] + pd.Timedelta(hours=9), SESSIONS[-2] + pd.Timedelta(hours=16)])
THRICE = WEEKS.set_axis(pd.DatetimeIndex([*WEEKS.index[:-2], *(WEEKS.index[-3] + pd.to_timedelta([2, 7], unit="D"))]))


@pytest.mark.parametrize(
    ("frame", "a_year", "message"),
    [
        (TWICE, 252, "returns: 1 day with two rows: 2024-02-22. Keep one row each."),
        (THRICE, 52, "returns: 1 week with two rows: 2024-09-22. Keep one row each."),
        (YEARS, 12, "returns: dates are yearly (2001, 2002, ...), and a_year is 12. Give a_year=1, or compound the returns"),
        (RECORD.set_axis(SEVERAL), 12, "returns: rows have labels of 2 levels. Give one record at a time, by its dates."),
        (RECORD.set_axis([None, *TEXT[1:]]), 12, "returns: 1 row without a date. Give each its own."),
        (RECORD.set_axis([np.nan, *range(13)]), 12, "returns: 1 row without a date. Give each its own."),
        (
            RECORD.set_axis(pd.timedelta_range("1D", periods=14)[::-1]),
            12,
            "returns: rows are out of order: 13 days 00:00:00 follows 14 days 00:00:00, ",
        ),
        (
            RECORD.assign(benchmark=1e9),
            12,
            "returns of 'benchmark': 14 values above 1,000,000: 2023-01, 2023-02, 2023-03, 2023-04, 2023-05 and 9 more. "
            "They look like prices or levels: give returns.",
        ),
    ],
)
def test_rows_that_are_there_twice_or_without_a_date_and_levels_are_refused(frame, a_year, message):
    with pytest.raises(at.InputError) as caught:
        ratio_table(frame, a_year=a_year)
    assert str(caught.value).startswith(message)


def test_numbers_that_count_rows_are_no_dates():
    for first in (0, 1900, 190_001):
        assert deepest(RECORD.set_axis(range(first, first + 14)), a_year=252) == pytest.approx(-0.30, abs=1e-15)


@pytest.mark.parametrize("frequency", ["monthly", "daily"])
def test_figures_of_days_want_days_of_whatever_kind(frequency):
    own, other, rate = (DAYS[side] + 0.001 * (SESSIONS.day - 15) * (side == "portfolio") for side in DAYS)
    want = relative_figures(own, other, rate, frequency=frequency)
    for days in (SESSIONS.tz_localize("America/New_York"), pd.CategoricalIndex(SESSIONS), SESSIONS.strftime("%Y%m%d")):
        got = relative_figures(*(side.set_axis(days) for side in (own, other, rate)), frequency=frequency)
        pd.testing.assert_frame_equal(got, want)
    with pytest.raises(at.InputError) as caught:
        relative_figures(*(side.reset_index(drop=True) for side in (own, other, rate)), frequency=frequency)
    assert str(caught.value) == "returns: labels are no dates: 0, 1, 2, 3, 4 and 295 more. Give returns by their dates."


NONE = RECORD["portfolio"].iloc[:0]
OF_NOTHING = {
    "shape_figures": lambda: shape_figures(NONE, NONE, a_year=12),
    "downside_figures": lambda: downside_figures(NONE, least_acceptable=0.0),
    "drawdown_figures": lambda: drawdown_figures(NONE, NONE, a_year=12),
    "benchmark_figures": lambda: benchmark_figures(RECORD.iloc[:0], a_year=12),
    "relative_figures": lambda: relative_figures(NONE, NONE, NONE),
}


@pytest.mark.parametrize("measure", OF_NOTHING.values(), ids=OF_NOTHING)
def test_a_record_without_rows_is_refused_where_a_mean_is_taken(measure):
    with pytest.raises(at.InputError, match=r"^returns of 'portfolio': no rows\. Give one at least\.$"):
        measure()


def test_a_record_without_rows_has_no_ratio():
    assert np.isnan(sharpe_ratio(NONE, NONE)) and np.isnan(sortino_ratio(NONE, NONE))
    assert drawdown(NONE).empty and losing_runs(NONE).empty
