"""Sessions of exchanges, for reports that come without a market and for months that are not over."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Iterator
from functools import cache

DAY = datetime.timedelta(days=1)
SATURDAY = 5
NEW_YORK = "XNYS"
AN_EXCHANGE = "an exchange's code, such as XTKS for Tokyo or XNYS for New York"
FIRST, LAST = datetime.date(1970, 1, 1), datetime.date(2069, 12, 31)  # without them the answer would depend on today


def is_calendar(name: str) -> bool:
    """Whether `exchange_calendars` has an exchange of the name: a code (ISO 10383), such as XTKS, or an alias.

    Examples
    --------
    >>> is_calendar("XTKS"), is_calendar("Tokyo")
    (True, False)
    """
    from exchange_calendars import get_calendar_names  # slow to load, and few runs ask

    return name in get_calendar_names()


def is_session(day: datetime.date, exchange: str = NEW_YORK) -> bool:
    """Whether an exchange trades, as `exchange_calendars` has it.

    Notes
    -----
    Days to come are told by the rules of the installed version, which cannot know of a day of mourning. Before `FIRST` and
    after `LAST`, where a date is a slip of the pen, and where an exchange's rules do not reach, every weekday is a session.

    Examples
    --------
    >>> [is_session(datetime.date(2024, 3, day)) for day in (28, 29, 30)]  # Good Friday is the 29th
    [True, False, False]
    >>> is_session(datetime.date(2024, 3, 29), "XTKS"), is_session(datetime.date(2024, 12, 31), "XTKS")
    (True, False)
    """
    if not FIRST <= day <= LAST:
        return day.weekday() < SATURDAY
    first, last, sessions = _sessions(exchange)
    return day in sessions if first <= day <= last else day.weekday() < SATURDAY


@cache
def _sessions(exchange: str) -> tuple[datetime.date, datetime.date, frozenset[datetime.date]]:
    """The first and the last day that an exchange's rules cover, and its sessions between them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the calendars' use of pandas is theirs
        warnings.simplefilter("ignore", FutureWarning)
        from exchange_calendars import get_calendar

        rules = type(get_calendar(exchange))
        least, most = rules.bound_min(), rules.bound_max()
        first = FIRST if least is None else max(FIRST, least.date())
        last = LAST if most is None else min(LAST, most.date())
        return first, last, frozenset(get_calendar(exchange, start=str(first), end=str(last)).sessions.date)


def sessions_between(first: datetime.date, last: datetime.date, exchange: str = NEW_YORK) -> Iterator[datetime.date]:
    """The sessions from one day to another, both included."""
    day = first
    while day <= last:
        if is_session(day, exchange):
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


def last_session(month: tuple[int, int], exchange: str = NEW_YORK) -> datetime.date:
    """The last session of a month."""
    return session_before(month_bounds(*month)[1] + DAY, exchange)


def session_before(day: datetime.date, exchange: str = NEW_YORK) -> datetime.date:
    """The session before a day."""
    day -= DAY
    while not is_session(day, exchange):
        day -= DAY
    return day
