"""Errors that users see: what, where (first five), how many, likely cause, fix."""

from __future__ import annotations

import re
from collections.abc import Iterable

from riskmodel.texts import visible, without_secrets

ENDLESS = re.compile(r"(\S{300})\S+")  # a word of a message that nobody reads to its end


class InputError(ValueError):
    """An input is not fit for use; the message says what, where, how many and how to repair it.

    It is one line that has no endless word, shows no URL's password and steers no terminal, whatever the names in it hold.
    """

    def __init__(self, *given: object) -> None:
        super().__init__(
            *(
                ENDLESS.sub(r"\1...", visible(without_secrets(part), keep="")) if isinstance(part, str) else part
                for part in given
            )
        )


LONGEST = 160  # characters of an item in a message


def shortened(text: str, longest: int = LONGEST) -> str:
    """A text as a message has room for it.

    Examples
    --------
    >>> shortened("a cell of a table", 6)
    'a cell...'
    """
    return text if len(text) <= longest else f"{text[:longest]}..."


def listed(items: Iterable[object], limit: int = 5) -> str:
    """Join the first `limit` items, and say how many more there are.

    Examples
    --------
    >>> listed(["A", "B", "C"], limit=2)
    'A, B and 1 more'
    """
    texts = [shortened(str(item)) for item in items]
    shown = ", ".join(texts[:limit])
    return shown if len(texts) <= limit else f"{shown} and {len(texts) - limit} more"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun.

    Examples
    --------
    >>> counted(1, "duplicate row"), counted(3, "duplicate row")
    ('1 duplicate row', '3 duplicate rows')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
