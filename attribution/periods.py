"""Months and runs of months on the sessions of a market."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from attribution.book import Book
from riskmodel.errors import InputError


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
    """A month "2016-06", or a run of months "2016-01/2016-06", both ends included.

    Raises
    ------
    InputError
        For another form, or a month outside the data.
    """
    match = re.fullmatch(r"(\d{4}-(?:0[1-9]|1[0-2]))(?:/(\d{4}-(?:0[1-9]|1[0-2])))?", text)
    if match is None:
        raise InputError(f"period '{text}': write a month as YYYY-MM, or a run of months as YYYY-MM/YYYY-MM.")
    first, last = pd.Period(match[1], "M"), pd.Period(match[2] or match[1], "M")
    base, days = sessions_from(book, market)
    months = days.to_period("M")
    inside = (months >= first) & (months <= last)
    if first < months[0] or last > months[-1] or not inside.any():
        raise InputError(
            f"month {text} is outside the data: the book runs from {months[0]} to {months[-1]} "
            f"(inception {book.book.inception}, prices to {days[-1]:%Y-%m-%d})."
        )
    before = days[months < first]
    return Period(label=text, base=before[-1] if len(before) else base, days=days[inside])
