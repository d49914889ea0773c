"""What a sleeve and a rule are called: in facts by the tables' name, on pages, in charts and in texts by one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.portfolio.book import Book

if TYPE_CHECKING:
    from attribution.house_style.words import Messages


def course_of(book: Book, sleeve: str) -> str:
    """What the tables call a sleeve: the course that is all of it, else its own key."""
    return next((course for course in book.courses if list(book.shares(course)) == [sleeve]), sleeve)


def sleeve_name(book: Book, sleeve: str, language: str) -> str:
    """What a reader calls a sleeve: its own name, else that of the course that is all of it, else its key.

    Examples
    --------
    >>> from attribution import read_book
    >>> book = read_book("fixtures/small/book.toml")
    >>> sleeve_name(book, "major", "en")
    'Major (simulated)'
    >>> unnamed = book.sleeves["major"].model_copy(update={"name": None})
    >>> sleeve_name(book.model_copy(update={"sleeves": book.sleeves | {"major": unnamed}}), "major", "en")
    'Major 100'
    """
    own = book.sleeves[sleeve].name
    if own is not None:
        return str(getattr(own, language))
    course = course_of(book, sleeve)
    return book.names(language).get(course, course)


def rule_name(rule: str, book: Book, messages: Messages) -> str:
    """What pages, texts and the workbook call a rule; that on risk names its index."""
    band = book.limits.risk_band
    name = messages.name("limit_rules", rule)
    return name.format(index=messages.called(band.index)) if band is not None and rule == "risk_band" else name
