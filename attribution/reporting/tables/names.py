"""What a sleeve is called: its tables' name in facts, and one name on pages, in charts and in texts."""

from __future__ import annotations

from attribution.portfolio.book import Book


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
