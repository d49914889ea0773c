"""Sleeves that begin later than their book: a course begins with the youngest of its sleeves, and has no earlier numbers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import pandas as pd

from attribution.portfolio.book import Book
from attribution.portfolio.periods import Period
from riskmodel.errors import InputError, listed


def inception_of(book: Book, course: str) -> pd.Timestamp:
    """The first day that counts of a course or a sleeve: the book's, or that of the youngest sleeve that it holds."""
    own = (book.sleeves[sleeve].inception for sleeve in book.shares(course))
    return max(pd.Timestamp(day) for day in (book.book.inception, *own) if isinstance(day, datetime.date))


def book_of(book: Book, course: str) -> Book:
    """The book as it is for one course: its inception is the course's, and so is the start of its track record.

    Parameters
    ----------
    book
        From `attribution.read_book`.
    course
        A course, or the key of a sleeve.

    Returns
    -------
    Book
        The same book where no sleeve of the course begins later than it.

    Raises
    ------
    InputError
        For an unknown course.
    """
    return _begun_on(book, inception_of(book, course))


def books_of(book: Book) -> list[Book]:
    """The book in parts that begin on one day each, the oldest first: each has the courses and the sleeves that begin then.

    A book without sleeves that begin later is one part, itself.
    """
    starts = {name: inception_of(book, name) for name in (*book.courses, *book.sleeves)}
    if len(set(starts.values())) == 1:
        return [_begun_on(book, next(iter(starts.values())))]
    parts = []
    for start in sorted(set(starts.values())):
        courses = {name: shares for name, shares in book.courses.items() if starts[name] == start}
        held = {sleeve for name in courses for sleeve in book.shares(name)}
        sleeves = {name: own for name, own in book.sleeves.items() if starts[name] == start or name in held}
        parts.append(_begun_on(book.model_copy(update={"courses": courses, "sleeves": sleeves}), start))
    return parts


def begun_by(book: Book, end: pd.Timestamp) -> Book:
    """The book less the courses and sleeves that begin after a day.

    Raises
    ------
    InputError
        Where no course is left.
    """
    courses = {name: shares for name, shares in book.courses.items() if inception_of(book, name) <= end}
    sleeves = {name: own for name, own in book.sleeves.items() if inception_of(book, name) <= end}
    if not courses:
        first = min(inception_of(book, name) for name in book.courses)
        raise InputError(
            f"{book.path.name}: no course has begun by {end:%Y-%m-%d}: the first begins on {first:%Y-%m-%d}. Ask for a "
            f"month from then on, or correct inception in [sleeves]."
        )
    if len(courses) == len(book.courses) and len(sleeves) == len(book.sleeves):
        return book
    fees = {name: fee for name, fee in book.fees.items() if name in courses}
    return book.model_copy(update={"courses": courses, "sleeves": sleeves, "fees": fees})


def require_begun(book: Book, course: str, period: Period) -> None:
    """Refuse a period that starts before a course does.

    Raises
    ------
    InputError
        Names the sleeves that begin later.
    """
    late = younger(book, book.shares(course), period.days[0])
    if late:
        raise InputError(
            f"{book.path.name}: '{course}' holds {listed(late)}, and {period.label} starts on {period.days[0]:%Y-%m-%d}: it "
            f"has no return before. Ask for a period from {inception_of(book, course):%Y-%m-%d} on, or correct inception in "
            f"[sleeves]."
        )


def younger(book: Book, sleeves: Iterable[str], day: pd.Timestamp) -> list[str]:
    """The sleeves that begin after a day, with the days on which they do."""
    starts = {name: inception_of(book, name) for name in sleeves}
    return [f"[sleeves.{name}], which begins on {start:%Y-%m-%d}" for name, start in starts.items() if start > day]


def _begun_on(book: Book, start: pd.Timestamp) -> Book:
    if start == pd.Timestamp(book.book.inception):
        return book
    general = book.book.model_copy(update={"inception": start.date(), "track_record_start": None})
    return book.model_copy(update={"book": general})
