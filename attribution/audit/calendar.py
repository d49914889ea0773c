"""Sessions of the New York Stock Exchange, for reports that come without a market."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterator
from functools import cache

DAY = datetime.timedelta(days=1)
SATURDAY = 5
FIRST, LAST = datetime.date(1970, 1, 1), datetime.date(2069, 12, 31)  # without them the answer would depend on today


def is_session(day: datetime.date) -> bool:
    """Whether the exchange trades, as `exchange_calendars` has it.

    Notes
    -----
    Days to come are told by the rules of the installed version, which cannot know of a day of mourning. Before `FIRST` and
    after `LAST`, where a date is a slip of the pen, every weekday is a session.

    Examples
    --------
    >>> [is_session(datetime.date(2024, 3, day)) for day in (28, 29, 30)]  # Good Friday is the 29th
    [True, False, False]
    """
    return day in _sessions() if FIRST <= day <= LAST else day.weekday() < SATURDAY


@cache
def _sessions() -> frozenset[datetime.date]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the calendars' use of pandas is theirs
        warnings.simplefilter("ignore", FutureWarning)
        from exchange_calendars import get_calendar  # slow to load, and few audits of a run ask

        return frozenset(get_calendar("XNYS", start=str(FIRST), end=str(LAST)).sessions.date)


def sessions_between(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    """The sessions from one day to another, both included."""
    day = first
    while day <= last:
        if is_session(day):
            yield day
        day += DAY


def month_bounds(year: int, month: int) -> tuple[datetime.date, datetime.date]:
    """First and last calendar day of a month."""
    return datetime.date(year, month, 1), datetime.date(year + month // 12, month % 12 + 1, 1) - DAY


def months_before(month: tuple[int, int], number: int) -> tuple[int, int]:
    """The month a number of months earlier.

    Examples
    --------
    >>> months_before((2026, 3), 6)
    (2025, 9)
    """
    year, place = divmod(month[0] * 12 + month[1] - 1 - number, 12)
    return year, place + 1


def last_session(month: tuple[int, int]) -> datetime.date:
    """The last session of a month."""
    return session_before(month_bounds(*month)[1] + DAY)


def session_before(day: datetime.date) -> datetime.date:
    """The session before a day."""
    day -= DAY
    while not is_session(day):
        day -= DAY
    return day
