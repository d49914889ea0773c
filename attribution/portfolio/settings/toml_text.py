"""Plain values as TOML text; the standard library only reads it."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(content: Mapping[str, Any]) -> str:
    """A file of sections.

    Parameters
    ----------
    content
        As `attribution.portfolio.settings.toml_file.read_toml` returns it: texts, numbers, dates, lists and tables of these.

    Examples
    --------
    >>> print(toml_text({"book": {"name": {"ja": "帳", "en": "Book"}, "inception": datetime.date(2025, 1, 6)}}))
    [book]
    name = { ja = "帳", en = "Book" }
    inception = 2025-01-06
    <BLANKLINE>
    """
    sections: list[str] = []
    for name, value in content.items():
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            sections += [f"[[{key_text(name)}]]\n{_lines(item)}" for item in value]
        elif isinstance(value, Mapping) and value and all(_is_section(item) for item in value.values()):
            sections += [f"[{key_text(name)}.{key_text(key)}]\n{_lines(item)}" for key, item in value.items()]
        elif isinstance(value, Mapping):
            sections.append(f"[{key_text(name)}]\n{_lines(value)}")
        else:
            sections.insert(0, f"{key_text(name)} = {value_text(value)}\n")
    return "\n".join(sections)


def _is_section(value: object) -> bool:
    return isinstance(value, Mapping) and not all(isinstance(item, float | int) for item in value.values())


def _lines(section: Mapping[str, Any]) -> str:
    return "".join(f"{key_text(key)} = {value_text(value)}\n" for key, value in section.items())


def key_text(name: str) -> str:
    """A key."""
    return name if BARE.fullmatch(name) else _quoted(name)


def value_text(value: Any) -> str:
    """A value in one line.

    Examples
    --------
    >>> value_text(["a", 1, True]), value_text({"a b": 0.1})
    ('["a", 1, true]', '{ "a b" = 0.1 }')
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key_text(key)} = {value_text(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(value_text, value)) + "]"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, str):
        return _quoted(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
