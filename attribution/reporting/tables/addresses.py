"""Addresses of figures in figures.toml, and how their parts are written."""

from __future__ import annotations

import re

WINDOWS = {"1m": 1, "3m": 3, "6m": 6, "1y": 12}

BARE = re.compile(r"[A-Za-z0-9_-]+")

ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def address(*parts: str) -> str:
    """A dotted TOML key.

    Examples
    --------
    >>> address("trailing", "S&P 500", "6m")
    'trailing."S&P 500".6m'
    """
    return ".".join(part if BARE.fullmatch(part) else quoted(part) for part in parts)


def quoted(text: str) -> str:
    r"""A TOML basic string.

    Examples
    --------
    >>> print(quoted('a "name"'))
    "a \"name\""
    """
    escaped = (ESCAPES.get(c, f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c) for c in text)
    return f'"{"".join(escaped)}"'
