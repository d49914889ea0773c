"""TOML that somebody hands over: read whole, or refused with one line before it can take long."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from decimal import DecimalException
from pathlib import Path
from typing import Any

from riskmodel.bounds import shown
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.plain_text import first_bytes
from riskmodel.texts import LAYOUT, has_control, visible

MOST_BYTES = 1_000_000  # a book of two hundred courses has a tenth
DEEPEST = 32  # brackets within brackets, and parts of a dotted key: the parser takes the square of the latter, and more
SLIPS = (  # what stands in a line that TOML does not take, and the cure
    (r"[“”„‟‘’＂]", '. Write texts in straight quotes: "USD".'),
    (r'"[^"]*\\[^"]*"', ". Write a path with /, or in single quotes: 'C:\\data'."),
    (r"^[\w.]+\s*:", '. Write key = value: currency = "USD".'),
    (r"^[\w.]+\s*=\s*[A-Za-z]", '. Write texts in quotes: currency = "USD".'),
)
LARGEST = 2**63  # of a whole number, as TOML has it
LONGEST_KEY = 200  # of a name
SHOWN_LINE = 100  # characters of a line in a message
NOT_PLAIN = re.compile("[△▲▽▼−－–＋．０-９]")
TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|' + r"'''(?:[^']|'(?!''))*'''|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'|#[^\n]*"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<dot>\.)|(?P<end>[=,\n])",
    re.DOTALL,
)


def read_toml(path: Path, advice: str, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The content of a TOML file, its texts free of control characters and its whole numbers of a size that TOML has.

    Parameters
    ----------
    path
        The file, UTF-8.
    advice
        What to do where it cannot be read.
    parse_float
        Of the text of a number with a point or an exponent.

    Raises
    ------
    InputError
        For a file that cannot be read, is large, deep or no TOML, for control characters and overlong numbers; the message
        names the place.
    """
    try:
        data = first_bytes(path, MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}). {advice}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"{path.name}: has more than {MOST_BYTES:,} bytes, which no such file needs. {advice}")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: is not text in UTF-8 ({error.reason}). Save it as UTF-8.") from None
    _require_shallow(path, text)
    try:
        content = tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name}: is not valid TOML ({error}).{_bad_line(text, str(error))}") from None
    except (ValueError, ArithmeticError, DecimalException):  # of a number, where it is a number to TOML's grammar
        number = max(re.findall(r"[0-9][0-9_.eE+\-]*", text), key=len, default="")
        raise InputError(f"{path.name}: a number cannot be read, likely {number[:30]}... Write it as printed.") from None
    _require_plain(path, content)
    return content


def _require_shallow(path: Path, text: str) -> None:
    """Refuse brackets within brackets and dotted keys that would keep the parser busy, by one look at the text."""
    depth = parts = 0
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        depth = depth + 1 if kind == "open" else max(depth - 1, 0) if kind == "close" else depth
        parts = parts + 1 if kind == "dot" else parts if kind is None else 0
        if depth > DEEPEST or parts > DEEPEST:
            line = text.count("\n", 0, token.start()) + 1
            what = "brackets within brackets" if depth > DEEPEST else "parts of a dotted key"
            raise InputError(
                f"{path.name}: line {line} has more than {DEEPEST} {what}. No such file needs them; correct it."
            )


def _require_plain(path: Path, content: dict[str, Any]) -> None:
    found = list(_odd(content, ""))
    if found:
        raise InputError(
            f"{path.name}: {counted(len(found), 'key or value', 'keys or values')} with a control character, or far too "
            f"long: {listed(found)}. Remove what cannot be seen, and write names and numbers as printed."
        )


def _odd(value: Any, place: str) -> Iterator[str]:
    """Places of texts with control characters and of overlong whole numbers; a text may have lines, a key not."""
    if isinstance(value, dict):
        for key, item in value.items():
            below = f"{place}.{key}".strip(".")
            if len(key) > LONGEST_KEY:
                yield f"the key '{visible(key[:30], keep='')}...' of {len(key):,} characters"
            if has_control(key):
                yield f"the key '{visible(below, keep='')}'"
            yield from _odd(item, below)
    elif isinstance(value, list):
        for item in value:
            yield from _odd(item, place)
    elif isinstance(value, str) and has_control(value, keep=LAYOUT):
        yield f"'{visible(place, keep='')}' {visible(shown(value), keep='')}"
    elif isinstance(value, int) and abs(value) >= LARGEST:
        yield f"'{visible(place, keep='')}' {shown(value)}"


def _bad_line(text: str, error: str) -> str:
    """The line that cannot be read, and the cure where it is a number as a Japanese report prints it."""
    place = re.search(r"at line ([0-9]+)", error)
    lines = text.split("\n")
    if place is None or not 0 < int(place[1]) <= len(lines):
        return ""
    line = lines[int(place[1]) - 1].strip()
    number = " Write numbers with plain digits and a plain minus: -6.60." if NOT_PLAIN.search(line) else ""
    hint = next((hint for form, hint in SLIPS if re.search(form, line)), "")
    cut = visible(line if len(line) <= SHOWN_LINE else f"{line[:SHOWN_LINE]}...")
    return f" The line is: {cut}{number or hint}"
