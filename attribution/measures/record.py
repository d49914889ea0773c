"""The rows of a track record: returns that can be, in the order of time, no repeats, no gaps, as often a year as said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from attribution.linking.period_names import YEAR_AND_MONTH, Reading, readings
from riskmodel.arrays.labels import label_text, require_kind
from riskmodel.bounds import DAYS_A_YEAR, PERIODS_A_YEAR, require_bounded
from riskmodel.errors import InputError, counted, listed

LONGEST_CLOSURE = 12  # days between sessions: exchanges have closed for eleven around a holiday
LEAST_DENSITY = 0.85  # of the sessions of a year, below which some are missing
LEAST_WEEK = 4  # days from a week's row to the next: the Friday for a closed Monday follows the Monday before
LONG = 183  # days of a record whose rows a year can be counted
LARGEST_RETURN = 1e6  # of a row: no record has it, prices and levels do
REPEATED = "Keep one row each, or give each its own date."
CALENDAR_DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Frequency:
    """How often a record has a row.

    Attributes
    ----------
    name, plural
        Of a period.
    days
        Least and most days from a row to the next, in the middle.
    a_year
        Least and most rows of a year, and how many are meant.
    months
        Of a period that is a part of a year or one; 0 where it is none.
    """

    name: str
    plural: str
    days: tuple[int, int]
    a_year: tuple[float, float, int]
    months: int = 0

    def number(self, days: pd.DatetimeIndex) -> np.ndarray:
        """Of the period that each day is in: it grows by one from a period to the next."""
        return np.asarray((12 * days.year + days.month - 1) // self.months)


FREQUENCIES = (
    Frequency("day", "daily", (1, 5), (200, 366, DAYS_A_YEAR)),
    Frequency("week", "weekly", (6, 10), (50, 53, 52)),
    Frequency("month", "monthly", (27, 32), (12, 12, 12), months=1),
    Frequency("quarter", "quarterly", (85, 95), (4, 4, 4), months=3),
    Frequency("half-year", "half-yearly", (175, 190), (2, 2, 2), months=6),
    Frequency("year", "yearly", (360, 370), (1, 1, 1), months=12),
)
OF_UNIT = {"quarter": 3, "half": 6}  # months of a part of a year that a name may be of
WRITTEN = ((19000101, 20991231), (190001, 209912), (1900, 2099))  # days, months and years as whole numbers
COUNTED = ("integer", "floating", "mixed-integer-float", "decimal", "timedelta", "timedelta64", "interval")
TEXTS_AND_DATES = (str, date, np.datetime64, pd.Period)


def require_returns(returns: pd.Series, name: str = "") -> pd.Series:
    """The series, or that values of it can be no returns.

    Raises
    ------
    InputError
        For returns that are missing, infinite, below -1 or above a million.
    """
    name = name or f"returns of '{getattr(returns, 'name', None) or 'portfolio'}'"
    values = require_kind(name, returns, pd.Series, "Give returns by their dates.").to_numpy(float, na_value=np.nan)
    for wrong, what, cure in (
        (
            ~np.isfinite(values),
            "missing or infinite",
            "Give them, or the record since the last of them: without those rows it is another record.",
        ),
        (values < -1, "below -1 (a loss of more than 100 %)", "Returns are decimals: -0.05 is a loss of 5 %."),
        (values > LARGEST_RETURN, f"above {LARGEST_RETURN:,.0f}", "They look like prices or levels: give returns."),
    ):
        if wrong.any():
            named = listed(map(label_text, returns.index[wrong]))
            raise InputError(f"{name}: {counted(int(wrong.sum()), 'value')} {what}: {named}. {cure}")
    return returns


def require_rows(returns: pd.Series) -> pd.Series:
    """`require_returns` of at least one row: of none there is no mean."""
    if isinstance(returns, pd.Series) and returns.empty:
        raise InputError(f"returns of '{returns.name or 'portfolio'}': no rows. Give one at least.")
    return require_returns(returns)


def require_record(index: pd.Index, *, a_year: float | None = None, name: str = "returns") -> None:
    """Refuse the labels of a record that say that its rows are out of order, there twice, missing, or of another frequency.

    Parameters
    ----------
    index
        Dates of any kind, as text too where it can be read in one way only, or as numbers such as 202503 and 20250331; other
        numbers count rows. Other labels stand as they are.
    a_year
        Rows a year that ratios are annualised by.
    name
        Of the record, for messages.

    Raises
    ------
    InputError
        For what the labels say; the first five places are named.
    """
    if a_year is not None:
        require_bounded("a_year", a_year, PERIODS_A_YEAR)
    days = require_in_order(index, name=name)
    if days is not None and len(days) > 2:
        _require_whole(days, index, a_year, name)


def require_in_order(index: pd.Index, *, name: str = "returns") -> pd.DatetimeIndex | None:
    """Refuse labels that are out of order or there more than once; the days they say, None where they are no dates."""
    if isinstance(index, pd.MultiIndex):
        raise InputError(f"{name}: rows have labels of {index.nlevels} levels. Give one record at a time, by its dates.")
    if isinstance(index, pd.CategoricalIndex):
        index = pd.Index(index.tolist())
    if index.isna().any():
        raise InputError(f"{name}: {counted(int(index.isna().sum()), 'row')} without a date. Give each its own.")
    again = index[index.duplicated()].unique()
    if len(again):
        shown = listed(map(label_text, again))
        raise InputError(f"{name}: {counted(len(again), 'label')} more than once: {shown}. {REPEATED}")
    days = _days(index)
    if days is None:
        counts = pd.api.types.infer_dtype(index) in COUNTED
        if counts and not index.is_monotonic_increasing:
            raise InputError(
                f"{name}: rows are out of order: {_falls(index, index)}. Use sort_index(), or, where rows stand in "
                f"the order of time, reset_index(drop=True)."
            )
        return None
    if not days.is_monotonic_increasing:
        raise InputError(f"{name}: dates are out of order: {_falls(days, index)}. Use sort_index().")
    return days.normalize()


def require_days(index: pd.Index, *, name: str = "returns") -> pd.DatetimeIndex:
    """The days that labels say, in order and once each, or that they say none."""
    days = require_in_order(index, name=name)
    if days is None:
        raise InputError(f"{name}: labels are no dates: {listed(map(label_text, index))}. Give returns by their dates.")
    return days


def require_same_rows(first: pd.Series, *others: pd.Series) -> None:
    """Refuse series whose labels differ: pandas would put a missing return where one has none."""
    own = first.name or "portfolio"
    for other in others:
        if not first.index.equals(other.index):
            only = first.index.symmetric_difference(other.index)
            shown = (
                f"{counted(len(only), 'label')} of one alone: {listed(map(label_text, only))}" if len(only) else "unsorted"
            )
            raise InputError(
                f"returns: '{own}' and '{other.name or 'risk_free'}' have other rows: {shown}. Give both the same dates."
            )


def _days(index: pd.Index) -> pd.DatetimeIndex | None:
    """Labels as the days on which their periods begin, or as they are; None where they are no dates."""
    if isinstance(index, pd.DatetimeIndex):
        return index.tz_localize(None)
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp(how="start")
    if isinstance(index, pd.IntervalIndex):
        return _days(index.left)
    kind = pd.api.types.infer_dtype(index, skipna=False)
    if kind in ("integer", "floating") and not isinstance(index, pd.RangeIndex):
        return _written(index)
    if kind == "mixed" and all(isinstance(label, TEXTS_AND_DATES) for label in index):
        return _days(pd.Index([label_text(label) for label in index]))
    if kind in ("date", "datetime", "datetime64"):
        return _of_days(index)
    if kind == "period":
        return _days(pd.PeriodIndex(index)) if len({label.freqstr for label in index}) == 1 else None
    if kind == "string":
        ways = readings([str(label) for label in index])
        sure = len(ways) == 1 or (bool(ways) and not any(reading.increasing for reading in ways))
        return _read(ways[0]) if sure else None
    return None


def _written(numbers: pd.Index) -> pd.DatetimeIndex | None:
    """Numbers such as 20250331, 202503 or 2025 as days; None where they are none."""
    if (numbers % 1 == 0).all() and any(least <= numbers.min() and numbers.max() <= most for least, most in WRITTEN):
        ways = readings([str(int(number)) for number in numbers])
        return _read(ways[0]) if ways and ways[0].how in ("", YEAR_AND_MONTH) else None
    return None


def _read(reading: Reading) -> pd.DatetimeIndex | None:
    if reading.unit in ("day", "month"):
        return _of_days([pd.Timestamp(*key) for key in reading.keys]) if len(reading.keys[0]) == 3 else None
    part = reading.unit.removeprefix("fiscal ")
    if part == "week":
        return _of_days([_week(*key) for key in reading.keys])
    if part == "year":
        return _of_days([pd.Timestamp(key[0], 1, 1) for key in reading.keys])
    return _of_days([pd.Timestamp(year, (number - 1) * OF_UNIT[part] + 1, 1) for year, number in reading.keys])


def _of_days(days: Iterable[date]) -> pd.DatetimeIndex:
    """An index of days, of any century: pandas before 3 counts nanoseconds unless told, which end in 2262."""
    try:
        return pd.DatetimeIndex(days)
    except pd.errors.OutOfBoundsDatetime:
        return pd.DatetimeIndex(np.array([np.datetime64(day, "s") for day in days]))


def _week(year: int, number: int) -> pd.Timestamp:
    return pd.Timestamp(date(year, 1, 4)) + pd.Timedelta(weeks=number - 1)  # the fourth of January is in its first week


def _require_whole(days: pd.DatetimeIndex, index: pd.Index, a_year: float | None, name: str) -> None:
    steps = np.diff(days.to_numpy()) / np.timedelta64(1, "D")
    middle = float(np.median(steps))
    found = next((kind for kind in FREQUENCIES if kind.days[0] <= middle <= kind.days[1]), None)
    if found is None:
        known = ", ".join(kind.name + "s" for kind in FREQUENCIES)
        raise InputError(f"{name}: rows stand {middle:g} days apart in the middle. Give a row for each of the {known}.")
    least, most, meant = found.a_year
    if a_year is not None and not least <= a_year <= most:
        raise InputError(
            f"{name}: dates are {found.plural} ({label_text(index[0])}, {label_text(index[1])}, ...), and a_year is "
            f"{a_year:g}. Give a_year={meant}, or compound the returns to the frequency that is meant."
        )
    if found.months:
        _require_each(days, np.diff(found.number(days)), found, name)
        return
    _require_apart(days, steps < (1 if found.name == "day" else LEAST_WEEK), found, name)
    limit = LONGEST_CLOSURE if found.name == "day" else found.days[1]  # a Thursday for a closed Friday is no gap
    _require_no_gap(days, steps > limit, name)
    span = float(steps.sum())
    if found.name == "day" and span >= LONG:
        _require_sessions((len(days) - 1) / span * CALENDAR_DAYS_A_YEAR, a_year, name)


def _require_sessions(rows: float, a_year: float | None, name: str) -> None:
    """Refuse fewer daily rows a year than an exchange has sessions, and another number than is meant."""
    if rows < LEAST_DENSITY * DAYS_A_YEAR:
        raise InputError(
            f"{name}: {rows:.0f} daily rows a year, where exchanges have about {DAYS_A_YEAR}. Give the days that are "
            f"missing; a ratio of the others is another record's."
        )
    if a_year is not None and abs(rows / a_year - 1) > 1 - LEAST_DENSITY:
        raise InputError(
            f"{name}: {rows:.0f} daily rows a year, and a_year is {a_year:g}. Give the rows a year that are meant."
        )


def _require_apart(days: pd.DatetimeIndex, again: np.ndarray, found: Frequency, name: str) -> None:
    if again.any():
        twice = listed(map(label_text, days[1:][again]))
        raise InputError(f"{name}: {counted(int(again.sum()), found.name)} with two rows: {twice}. Keep one row each.")


def _require_each(days: pd.DatetimeIndex, step: np.ndarray, found: Frequency, name: str) -> None:
    """Refuse a period of the calendar that has no row, or two."""
    _require_apart(days, step == 0, found, name)
    gaps = [
        str(days[k].to_period("M") + found.months * more)
        for k in np.flatnonzero(step > 1)
        for more in range(1, int(step[k]))
    ]
    if gaps:
        raise InputError(
            f"{name}: {counted(len(gaps), found.name)} missing: {listed(gaps)}. Give what was earned then, or the record "
            f"after the gap; a ratio of the other rows is another record's."
        )


def _require_no_gap(days: pd.DatetimeIndex, gap: np.ndarray, name: str) -> None:
    if gap.any():
        shown = listed(f"{days[k]:%Y-%m-%d} to {days[k + 1]:%Y-%m-%d}" for k in np.flatnonzero(gap))
        raise InputError(
            f"{name}: {counted(int(gap.sum()), 'gap')} between rows: {shown}. Give what was earned then, or the record "
            f"after the gap; a ratio of the other rows is another record's."
        )


def _falls(order: pd.Index, index: pd.Index) -> str:
    """The places where a row is earlier than the one before it."""
    pairs = [(k, k + 1) for k, (a, b) in enumerate(pairwise(order)) if b < a]
    return listed(f"{label_text(index[late])} follows {label_text(index[early])}" for early, late in pairs)
