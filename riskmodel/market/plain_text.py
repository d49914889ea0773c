"""Texts of tables: without control characters, and as they were before a spreadsheet had to be kept from running them."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from numbers import Real
from pathlib import Path
from types import NoneType

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed, shortened
from riskmodel.market.hints import of_encoding
from riskmodel.texts import has_control, visible, with_formula

BLOCK = 1 << 24
LINE_END = re.compile(rb"[\r\n]")
MOST_COLUMNS = 20_000  # a library takes gigabytes for millions of them, and is ended
NOTHING = (type(pd.NA), type(pd.NaT))
TIMES = (datetime.date, np.datetime64)
SEEN = 6  # cells that are written out, before a message cuts them
DELIMITERS = {";": ";", "\t": "\\t", "|": "|", ",": ","}  # of a text file, and how a book writes each
ZIPPED = b"PK\x03\x04"  # how a workbook begins
LONGEST_LINE = 100_000  # characters of a header that are looked at
SHOWN = 60  # characters of a cell in a message


def require_plain_kinds(values: pd.Series, column: str, name: str, wanted: str, advice: str) -> None:
    """Refuse cells that are lists, bytes or times, or dates where numbers are wanted: they would be turned into text."""
    kinds = TIMES if wanted == "dates" else ()
    odd = values.dtype.kind in "mM" or isinstance(values.dtype, pd.DatetimeTZDtype)
    wrong = np.full(len(values), odd)
    if values.dtype == object and not odd:
        known = (str, Real, Decimal, NoneType, *NOTHING, *kinds)
        types = {kind for kind in map(type, values) if not issubclass(kind, known)}
        if types:
            wrong = np.array([type(value) in types for value in values])
    if wrong.any():
        rows = np.flatnonzero(wrong)
        cells = listed(f"row {row + 1} {values.iloc[row]!r}" for row in rows[:SEEN])
        raise InputError(
            f"{name}: {counted(len(rows), 'cell')} of '{column}' are no {wanted} but {type(values.iloc[rows[0]]).__name__}: "
            f"{cells}. {advice}"
        )


def require_texts(values: pd.Series, column: str, name: str) -> None:
    """Refuse what is no text, and control characters: names and codes have none, and they steer what shows them."""
    require_plain_kinds(values, column, name, "texts", "Write the column as text.")
    odd = [text for text in values.unique() if isinstance(text, str) and has_control(text)]
    if odd:
        rows = np.flatnonzero(values.isin(odd))
        cells = listed(f"row {row + 1} '{visible(values.iloc[row][:SHOWN], keep='')}'" for row in rows)
        raise InputError(
            f"{name}: {counted(len(rows), 'cell')} of '{column}' with a control character: {cells}. "
            f"Remove what cannot be seen: ends of lines, tabs, escapes, signs that turn the direction of writing."
        )


def one_line(error: Exception) -> str:
    """What a library says, as a part of a message of one line."""
    return shortened(visible(" ".join(str(error).split()), keep="")) or type(error).__name__


def require_plain_csv(path: Path, name: str) -> None:
    """Refuse a CSV with a NUL in it, which parsers take for the end of a cell, and one with columns beyond counting.

    Raises
    ------
    InputError
        For either; the message names the line, or counts the columns.
    """
    if first_bytes(path, len(ZIPPED)) == ZIPPED:
        raise InputError(
            f"{name}: '{path.name}' is a workbook or a zip, whatever its name says. Save the sheet as CSV; or name it "
            f'.xlsx, and state file = "{path.stem}.xlsx" in [tables.{name}] of the book.'
        )
    with path.open("rb") as file:
        lines, columns, header = 0, 1, True
        while block := file.read(BLOCK):
            place = block.find(b"\0")
            if place >= 0:
                line = lines + block.count(b"\n", 0, place) + 1
                raise InputError(f"{name}: '{path.name}' has a NUL in line {line}. {of_encoding(name, 'utf-16')}")
            if header:
                end = LINE_END.search(block)
                columns += block.count(b",", 0, end.start() if end else len(block))
                header = end is None
            if columns > MOST_COLUMNS:
                raise InputError(
                    f"{name}: '{path.name}' has more than {MOST_COLUMNS:,} columns in its first line. A table has a row for "
                    f"each observation, with the columns that its page names."
                )
            lines += block.count(b"\n")


def first_line(path: Path, encoding: str, skip: int = 0) -> str:
    """A line of a text file, its header where so many lines stand above; empty where there is none."""
    with path.open(encoding=encoding, newline=None) as file:
        for _ in range(skip):
            file.readline(LONGEST_LINE)
        return file.readline(LONGEST_LINE).rstrip("\n")


def require_delimiter(header: str, delimiter: str, path: Path, name: str) -> None:
    """Refuse a text file whose header has not one of its delimiters, but several of another.

    Examples
    --------
    >>> require_delimiter("date;ticker;weight", ",", Path("lists.csv"), "holdings")
    Traceback (most recent call last):
    ...
    riskmodel.errors.InputError: holdings: 'lists.csv' is split by ';', not by ',': its first line is 'date;ticker;weight'. \
State delimiter = ";" (and decimal = "," where it has decimal commas) beside file = "lists.csv" in [tables.holdings] of the \
book, or save it with commas.
    """
    if delimiter in header:
        return
    counts = {other: header.count(other) for other in DELIMITERS if other != delimiter}
    most = max(counts, key=lambda other: counts[other])
    if counts[most] < 1:
        return
    written = DELIMITERS[most]
    of_ours = DELIMITERS.get(delimiter, repr(delimiter)[1:-1])
    raise InputError(
        f"{name}: '{path.name}' is split by '{written}', not by '{of_ours}': its first line is "
        f'\'{visible(shortened(header, SHOWN), keep="")}\'. State delimiter = "{written}" (and decimal = "," where it has '
        f'decimal commas) beside file = "{path.name}" in [tables.{name}] of the book, or save it with commas.'
    )


def first_bytes(path: Path, most: int) -> bytes:
    """So many bytes of a file, or all that it has: a device has no end."""
    with path.open("rb") as file:
        return file.read(most)


def from_csv(cells: pd.Series) -> pd.Series:
    """Texts of a CSV without the apostrophe that keeps a spreadsheet from running them.

    Examples
    --------
    >>> from_csv(pd.Series(["A", "'=1+1", "'s"])).tolist()
    ['A', '=1+1', "'s"]
    """
    quoted = {text: plain for text in cells.unique() if isinstance(text, str) and (plain := with_formula(text)) != text}
    return cells.replace(quoted) if quoted else cells
