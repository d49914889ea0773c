"""Questions that a drafted book leaves open: a "?" stands where a person must say something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.sources.mapping import OPEN


def require_answered(file: str, content: Mapping[str, Any]) -> None:
    """Refuse a book with a "?" in the place of a value, and name every place.

    Examples
    --------
    >>> require_answered("book.toml", {"tables": {"prices": {"units": {"close": "?"}}}})
    Traceback (most recent call last):
    ...
    riskmodel.errors.InputError: book.toml: 1 question is open: 'close' in [tables.prices.units]. Write the answer in the \
place of "?"; what may stand there is said beside it.
    """
    places = open_places(content)
    if places:
        verb = "is" if len(places) == 1 else "are"
        raise InputError(
            f"{file}: {counted(len(places), 'question')} {verb} open: {listed(places, 40)}. Write the answer in the place "
            f'of "?"; what may stand there is said beside it.'
        )


def open_places(content: Mapping[str, Any]) -> list[str]:
    """Where a "?" stands in the place of a value, as a message names it.

    Examples
    --------
    >>> open_places({"book": {"currency": "?"}, "benchmarks": {"S & P": {"largest": "?"}}})
    ["'currency' in [book]", "'largest' in [benchmarks.S & P]"]
    """
    return list(_open(content, ()))


def _open(content: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _open(value, (*path, key))
        elif value == OPEN or (isinstance(value, list) and OPEN in value):
            yield f"'{key}' in [{'.'.join(path)}]" if path else f"'{key}'"
