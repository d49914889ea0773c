"""Sessions of the US exchanges by rule: weekdays less their holidays, for reports that come without a market."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

DAY = datetime.timedelta(days=1)
SATURDAY = 5
JUNETEENTH_SINCE = 2022
SHUT = {  # whole days for which the New York Stock Exchange closed out of turn
    datetime.date(2001, 9, 11), datetime.date(2001, 9, 12), datetime.date(2001, 9, 13), datetime.date(2001, 9, 14),
    datetime.date(2004, 6, 11), datetime.date(2007, 1, 2), datetime.date(2012, 10, 29), datetime.date(2012, 10, 30),
    datetime.date(2018, 12, 5), datetime.date(2025, 1, 9),
}  # fmt: skip


def is_session(day: datetime.date) -> bool:
    """Whether the New York Stock Exchange trades, by the rules in force since 1998.

    Notes
    -----
    NYSE rule 7.2: a holiday on a Saturday is kept on Friday, one on a Sunday on Monday; New Year's Day on a Saturday is
    not kept.

    Examples
    --------
    >>> [is_session(datetime.date(2024, 3, day)) for day in (28, 29, 30)]  # Good Friday is the 29th
    [True, False, False]
    """
    return day.weekday() < SATURDAY and day not in SHUT and day not in holidays(day.year)


def holidays(year: int) -> set[datetime.date]:
    """The exchange's holidays of a year, on the days on which they are kept."""
    fixed = [datetime.date(year, 7, 4), datetime.date(year, 12, 25)]
    if year >= JUNETEENTH_SINCE:
        fixed.append(datetime.date(year, 6, 19))
    kept = {_kept(day) for day in fixed}
    new_year = datetime.date(year, 1, 1)
    if new_year.weekday() != SATURDAY:
        kept.add(_kept(new_year))
    kept |= {_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _nth(year, 9, 0, 1), _nth(year, 11, 3, 4)}
    last = datetime.date(year, 5, 31)
    kept.add(last - last.weekday() * DAY)
    kept.add(easter(year) - 2 * DAY)
    return kept


def easter(year: int) -> datetime.date:
    """Easter Sunday of the Gregorian calendar.

    Notes
    -----
    Meeus, Astronomical Algorithms, 1991, chapter 8.

    Examples
    --------
    >>> easter(2026)
    datetime.date(2026, 4, 5)
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return datetime.date(year, month, day + 1)


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


def _kept(day: datetime.date) -> datetime.date:
    return day + {SATURDAY: -1, SATURDAY + 1: 1}.get(day.weekday(), 0) * DAY


def _nth(year: int, month: int, weekday: int, number: int) -> datetime.date:
    first = datetime.date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (number - 1)) * DAY
