"""Seeded damage to valid files: bytes, text, tables and arguments as exports, editors and attackers would spoil them."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal

import numpy as np
import pandas as pd

ESCAPES = ("\x1b[31mred", "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\x7f", "\x08\x08", "\r", "\x00", "a\x00b", "\x0c")
SIGNS = ("\u202eabc", "\u2066x\u2069", "\u2028", "\u2029", "\u200b", "\ufeff", "\u00a0", "\U0001f600", "\u0301", "ﬃ", "İ")
FORMULAS = ("=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1-1", "@SUM(A1)", "\t=1", "'=1", "＝1")
NUMBERS = (
    *("nan", "inf", "-inf", "NaN", "-0", "0", "1", "-1", "1e308", "-1e308", "1e-320", "1e999999999", "1e-999999999", "0x1F"),
    *(
        "1_000",
        "²",
        "²⁰²⁵",
        "１２",
        "٣",
        "½",
        "△1.5",
        "1,5",
        "4 %",
        "1e9999999999999999999999",
        "9" * 19,
        "9" * 400,
        "9" * 5000,
    ),
)
DATES = (
    "2025-02-30",
    "0001-01-01",
    "9999-12-31",
    "20250331",
    "2025-3-1",
    "²⁰²⁵-03",
    "2025-03-31T10:00",
    "2025-03",
    "令和7年3月",
)
TEXTS = (
    "",
    " ",
    "NaN",
    "null",
    "None",
    "true",
    "CASH",
    "(proxy)",
    "market",
    "Total",
    "Average",
    "x" * 3000,
    '"',
    "'",
    '""',
    "\\",
    ",",
)
TOML = (
    *(
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        '"""',
        "'''",
        "#",
        "[" * 200,
        "{a=" * 100,
        "a." * 300 + "a = 1",
        "[x]\n[x]\n",
    ),
    *(
        "\\u001b",
        "\\u0000",
        "\\ud800",
        "\\U00110000",
        "[book]\n",
        "[limits]\nweight_max = nan\n",
        "true",
        "[]",
        "{}",
        "1979-05-27",
    ),
)
PATHS = (
    "../../etc/passwd",
    "/dev/null",
    ".",
    "..",
    "/",
    "a/" * 300,
    "x" * 300,
    "~",
    "$HOME",
    "%s%n",
    "{0}",
    "{{x}}",
    "<b>&amp;",
)
NASTY = (*ESCAPES, *SIGNS, *FORMULAS, *NUMBERS, *DATES, *TEXTS, *TOML, *PATHS)
BYTES = (b"\xff\xfe", b"\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x00", b"\x1a", b"\r\n", b"\x1b[31m", b"\xef\xbb\xbf")
CELLS = (
    *(None, np.nan, np.inf, -np.inf, 0, 1, -1, True, 1e308, 10**18, Decimal("1.5"), b"bytes", b"\xff", [1], {"a": 1}),
    *(pd.Timestamp("2025-03-31 10:00"), pd.Timestamp("2025-03-31", tz="UTC"), datetime.date(1, 1, 1), datetime.time(9, 30)),
)


class Mutator:
    """Draws damage from a seed: the same seed gives the same case."""

    def __init__(self, seed: int | tuple[int, ...]) -> None:
        self.random = np.random.default_rng(seed)

    def below(self, number: int) -> int:
        """A whole number from 0 to one less."""
        return int(self.random.integers(max(number, 1)))

    def one_of(self, items):
        """One of several."""
        return items[self.below(len(items))]

    def text(self, text: str) -> bytes:
        """A text, damaged in one to three ways, in its encoding or in another."""
        for _ in range(self.one_of([1, 1, 1, 2, 3])):
            text = self._text(text)
        encoding = self.one_of(["utf-8"] * 40 + ["utf-8-sig", "utf-16", "cp932"])
        data = text.encode(encoding, "replace" if encoding == "cp932" else "surrogatepass")
        return self.bytes(data) if not self.below(20) else data

    def _text(self, text: str) -> str:
        lines = text.split("\n")
        way, row = self.one_of([*range(10), *range(10), 10]), self.below(len(lines))
        line = lines[row]
        if way <= 3:  # a word or a value of a line is something else
            cuts = [place for place, letter in enumerate(line) if letter in " =,.[]{}\"'"] + [len(line)]
            start = self.one_of([0, *[cut + 1 for cut in cuts[:-1]]])
            stop = next((cut for cut in cuts if cut >= start), len(line))
            lines[row] = line[:start] + self.one_of(NASTY) + line[stop:]
        elif way <= 5:
            place = self.below(len(line) + 1)
            lines[row] = line[:place] + self.one_of(NASTY) + line[place:]
        elif way == 6:
            lines.insert(self.below(len(lines) + 1), self.one_of([line, self.one_of(NASTY), line + line]))
        elif way == 7:
            del lines[row]
        elif way == 8:
            other = self.below(len(lines))
            lines[row], lines[other] = lines[other], lines[row]
        elif way == 9:
            place = self.below(len(text))
            return text[:place] + text[place + 1 + self.below(40) :]
        else:
            return text[: self.below(len(text) + 1)]
        return "\n".join(lines)

    def bytes(self, data: bytes) -> bytes:
        """Bytes with some of them changed, gone, doubled, or cut off."""
        way, place = self.below(5), self.below(len(data) + 1)
        if way == 0:
            changed = bytearray(data)
            for _ in range(1 + self.below(8)):
                if changed:
                    changed[self.below(len(changed))] = self.below(256)
            return bytes(changed)
        if way == 1:
            return data[:place] + self.one_of(BYTES) + data[place:]
        if way == 2:
            return data[:place]
        if way == 3:
            return data[:place] + data[place + self.below(64) :]
        return data[:place] + data[max(place - self.below(64), 0) :]

    def parquet(self, frame: pd.DataFrame) -> bytes:
        """A table as Parquet with a damaged cell, column, kind or key, or its bytes damaged; valid Parquet mostly."""
        while True:
            changed = frame
            for _ in range(1 + self.below(2)):
                changed = self._frame(changed)
            file = io.BytesIO()
            try:
                changed.to_parquet(file, index=False)
            except Exception:  # what Arrow cannot write nobody has
                continue
            return self.bytes(file.getvalue()) if not self.below(6) else file.getvalue()

    def _frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        column = self.one_of(list(frame.columns)) if len(frame.columns) else ""
        way, row = self.below(10), self.below(len(frame))
        if not column or not len(frame) or way == 0:
            return frame.iloc[: self.below(3)]
        if way <= 3:
            cells = frame[column].astype(object).copy()
            cells.iloc[row] = self.one_of([*CELLS, *NASTY])
            return frame.assign(**{column: cells})
        if way == 4:
            kinds = (str, "category", "float32", "Int64", bool, object, "string", "datetime64[s]")
            try:
                return frame.assign(**{column: frame[column].astype(self.one_of(kinds))})
            except (ValueError, TypeError, OverflowError):
                return frame.assign(**{column: self.one_of(CELLS[:8])})
        if way == 5:
            return frame.drop(columns=column)
        if way == 6:
            return frame.rename(columns={column: self.one_of(NASTY)})
        if way == 7:
            return pd.concat([frame, frame.iloc[[row]]], ignore_index=True)
        if way == 8 and frame[column].dtype.kind == "f":
            return frame.assign(**{column: frame[column] * self.one_of([0.0, -1.0, 100.0, np.inf, np.nan, 1e300])})
        return frame.assign(**{column: self.one_of([value for value in CELLS if not isinstance(value, list | dict)])})

    def arguments(self, given: list[str]) -> list[str]:
        """Arguments of a command of which one to three are something else, gone or doubled."""
        given = list(given)
        for _ in range(self.one_of([1, 1, 1, 2, 3])):
            place = self.below(len(given))
            way = self.below(6)
            if way <= 3:
                given[place] = self.one_of([self.one_of(NASTY), given[place] + self.one_of(NASTY)])
            elif way == 4 and len(given) > 1:
                del given[place]
            else:
                given.insert(
                    place, self.one_of([self.one_of(NASTY), given[place], "--format", "--month", "--by", "--hedged"])
                )
        return given
