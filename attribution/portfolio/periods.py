"""Months and runs of months on the sessions of a market."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
import xarray as xr

from attribution.portfolio.book import Book
from riskmodel.arrays.labels import require_kind
from riskmodel.errors import InputError

YEAR, MONTH = "[12][0-9]{3}", "[12][0-9]{3}-(?:0[1-9]|1[0-2])"


@dataclass(frozen=True)
class Period:
    """A run of months: `days` are its sessions, `base` the session before the first, at whose close it starts."""

    label: str
    base: pd.Timestamp
    days: pd.DatetimeIndex

    @property
    def end(self) -> pd.Timestamp:
        """Last session."""
        return self.days[-1]

    def stretches(self, most: int) -> list[Period]:
        """The period in parts of at most so many sessions, one after the other and as even as can be."""
        count = -(-len(self.days) // most)
        edges = [len(self.days) * place // count for place in range(count + 1)]
        return [
            Period(self.label, self.days[first - 1] if first else self.base, self.days[first:stop])
            for first, stop in pairwise(edges)
        ]


def sessions_from(
    book: Book, market: xr.Dataset, start: pd.Timestamp | None = None
) -> tuple[pd.Timestamp, pd.DatetimeIndex]:
    """The close before a start (default: the book's inception), and every session from the start on."""
    sessions = pd.DatetimeIndex(market["time"].to_numpy())
    start = pd.Timestamp(book.book.inception) if start is None else start
    before, after = sessions[sessions < start], sessions[sessions >= start]
    if before.empty or after.empty:
        raise InputError(
            f"{book.path.name}: the start {start:%Y-%m-%d} lies outside the prices, which run from "
            f"{sessions[0]:%Y-%m-%d} to {sessions[-1]:%Y-%m-%d}; its base is the close before."
        )
    return before[-1], after


def read_period(text: str, book: Book, market: xr.Dataset) -> Period:
    """The sessions that a period's name stands for.

    Parameters
    ----------
    text
        A month "2016-06", a run of months "2016-01/2016-06" with both ends, a calendar year "2015", "itd" (inception to the
        last session) or "itd/2016-06" (inception to that month's end).
    book
        Its inception is the first day that counts.
    market
        From `riskmodel.read_market`.

    Returns
    -------
    Period

    Raises
    ------
    InputError
        For another form, a run that ends before it starts, or a month outside the data. A year of which the data have only a
        part is refused too, and the message has the run of months to write instead.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market = rm.read_market("fixtures/small")
    >>> book = at.read_book("fixtures/small/book.toml")
    >>> run = read_period("itd/2024-04", book, market)
    >>> f"{run.base:%Y-%m-%d}", len(run.days), f"{run.end:%Y-%m-%d}"
    ('2024-02-29', 43, '2024-04-30')
    """
    require_kind("period", text, str, 'Write a month as "YYYY-MM", a year as "YYYY".')
    base, days = sessions_from(book, market)
    months = days.to_period("M")
    first, last = _months(text, months)
    if last < first and not text.startswith("itd"):
        raise InputError(f"period '{text}' ends before it starts. Write the earlier month first: {last}/{first}.")
    inside = (months >= first) & (months <= last)
    if first < months[0] or last > months[-1] or not inside.any():
        part = months[inside]
        cure = f" Of {text} there is {part[0]}/{part[-1]}; write that." if re.fullmatch(YEAR, text) and len(part) else ""
        raise InputError(
            f"{'year' if re.fullmatch(YEAR, text) else 'month'} {text} is outside the data: the book runs from {months[0]} "
            f"to {months[-1]} (inception {book.book.inception}{whose_inception(book)}, prices to "
            f"{days[-1]:%Y-%m-%d}).{cure}"
        )
    before = days[months < first]
    return Period(label=text, base=before[-1] if len(before) else base, days=days[inside])


def whose_inception(book: Book) -> str:
    """Of which sleeves an inception is, where it is theirs."""
    own = [key for key, sleeve in book.sleeves.items() if sleeve.inception == book.book.inception]
    return f" of {', '.join(f'[sleeves.{key}]' for key in own)}" if own else ""


def _months(text: str, known: pd.PeriodIndex) -> tuple[pd.Period, pd.Period]:
    """First and last month of a period's name."""
    if re.fullmatch(YEAR, text):
        return pd.Period(f"{text}-01", "M"), pd.Period(f"{text}-12", "M")
    match = re.fullmatch(f"(itd|{MONTH})(?:/({MONTH}))?", text)
    if match is None:
        raise InputError(
            f"period '{text}': write a month as YYYY-MM, a run of months as YYYY-MM/YYYY-MM, a year as YYYY, or itd, "
            f"from the inception on."
        )
    if match[1] == "itd":
        return known[0], pd.Period(match[2], "M") if match[2] else known[-1]
    return pd.Period(match[1], "M"), pd.Period(match[2] or match[1], "M")
