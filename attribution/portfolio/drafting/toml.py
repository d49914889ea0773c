"""Values as TOML writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")


def quoted(value: Any) -> str:
    """A value as TOML writes it.

    Examples
    --------
    >>> quoted(["a", "b"]), quoted(3), quoted({"a b": ""})
    ('["a", "b"]', '3', '{ "a b" = "" }')
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key_of(key)} = {quoted(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(quoted, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # which JSON has as it is, and TOML has not


def key_of(name: str) -> str:
    """A key as TOML writes it."""
    return name if BARE.fullmatch(name) else quoted(name)
