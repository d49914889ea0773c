"""What the commands print: tables for people and for programs, and a progress bar."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from riskmodel.progress import Step, stages
from riskmodel.texts import LAYOUT, visible

if TYPE_CHECKING:
    import pandas as pd

    from attribution.portfolio.book import Book
    from attribution.portfolio.evidence.judged import Judged
    from attribution.portfolio.periods import Period

DONE, FINDINGS, REFUSED = 0, 1, 2
INTERRUPTED = 130  # as shells have it for Ctrl-C
ROWS_AT_EACH_END = 10
MOST_FINDINGS = 5  # that a command's last lines name
PRINTED = ("text", "csv", "json")  # how a table is printed
WRITTEN_OUT = "attribution.written_out"
FORMS = dict.fromkeys(("standard_error", "portfolio_weight", "benchmark_weight"), "{:z.2%}")  # no sign, unless negative


def say(text: object = "", *, end: str = "\n", error: bool = False) -> None:
    """Print a text, all that is printed: what steers a terminal is written out, and what its encoding lacks too.

    A message of an `error` is one line.
    """
    stream = sys.stderr if error else sys.stdout
    if stream is None:  # a shell has closed it
        return
    shown = visible(str(text), keep="" if error else LAYOUT)
    encoding = stream.encoding or "utf-8"
    try:
        shown.encode(encoding)
    except UnicodeEncodeError:
        shown = shown.encode(encoding, WRITTEN_OUT).decode(encoding)
    stream.write(shown + end)


def say_remarks(remarks: Iterable[str]) -> None:
    """Print what is to be said of the store, those remarks that say something, each on a line of standard error."""
    for remark in filter(None, remarks):
        say(remark, error=True)


def _written_out(error: UnicodeError) -> tuple[str, int]:
    """A character that an encoding lacks, as JSON writes it, which a program that reads JSON takes for what it was."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(WRITTEN_OUT, _written_out)


def print_table(
    frame: pd.DataFrame,
    form: str,
    percent: Sequence[str] = (),
    *,
    shorten: bool = False,
    decimals: int = 2,
    forms: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Print a table: for people with percent and two decimals, or as `forms` has it by column; for programs every digit."""
    if form == "csv":
        from attribution.house_style.csv_text import csv_text

        say(csv_text(frame), end="")
        return
    if form == "json":
        say(json.dumps(records(frame), ensure_ascii=False))
        return
    left_out = 0
    if shorten and len(frame) > 2 * ROWS_AT_EACH_END:
        left_out = len(frame) - 2 * ROWS_AT_EACH_END
        frame = frame.sort_values("contribution", ascending=False, kind="stable")
        frame = frame.iloc[[*range(ROWS_AT_EACH_END), *range(len(frame) - ROWS_AT_EACH_END, len(frame))]]
    if len(frame):
        every = dict.fromkeys(frame.columns, f"{{:z.{decimals}f}}")
        say(as_text(frame, every | {name: FORMS.get(name, "{:+z.2%}") for name in percent} | dict(forms)))
    if left_out:
        say(f"The {ROWS_AT_EACH_END} largest and smallest; {left_out:,} rows between them are left out.", end=" ")
        say("--format csv has all.")


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as plain values: dates as text, what is missing as None."""
    plain = frame.astype(object).where(frame.notna(), None)
    rows = plain.to_dict("records")
    return [{k: v.strftime("%Y-%m-%d") if hasattr(v, "strftime") else v for k, v in row.items()} for row in rows]


def as_text(frame: pd.DataFrame, forms: Mapping[str, str]) -> str:
    """Rows as a person reads them: numbers right, words left, dates without an hour, n/a where a number is missing."""
    columns = []
    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind == "f":
            cells = [as_cell(value, forms[name]) for value in values]
        elif values.dtype.kind == "M":
            cells = list(values.dt.strftime("%Y-%m-%d").fillna(""))
        else:
            cells = list(values.astype(object).where(values.notna(), "").astype(str))
        columns.append(_aligned([str(name), *cells], right=values.dtype.kind in "fiu"))
    return "\n".join(" ".join(row).rstrip() for row in zip(*columns, strict=True))


def as_cell(value: float, form: str) -> str:
    """A number as text, n/a where it is missing."""
    return "n/a" if value != value else form.format(value)


def _aligned(cells: list[str], *, right: bool) -> list[str]:
    """Cells of one width on a terminal, where a Chinese or Japanese character takes the place of two."""
    widths = [len(cell) + sum(east_asian_width(letter) in "WF" for letter in cell) for cell in cells]
    spaces = [" " * (max(widths) - width) for width in widths]
    return [space + cell if right else cell + space for cell, space in zip(cells, spaces, strict=True)]


def print_evidence(evidence: Sequence[Judged], book: str, period: Period, *, error: bool = False) -> None:
    """The last lines of a command: what is found in the tables that may move its figures, and where all of it is listed.

    On standard error only what touches the period is worth a word.
    """
    from attribution.house_style.words import read_messages
    from attribution.portfolio.evidence.judged import by_kind, sentence, telling
    from riskmodel.errors import counted

    kinds, words, told = by_kind(evidence), read_messages("en"), telling(evidence, period)
    if not kinds or (error and not told):
        return
    for each in told[:MOST_FINDINGS]:
        say(f"{each.finding.table}: {sentence(each, words)}", error=error)
    more = f" {len(told) - MOST_FINDINGS} more touch the period." if len(told) > MOST_FINDINGS else ""
    say(f"Input data: {counted(len(kinds), 'kind')} of findings;{more} attribution check {book} lists them.", error=error)


def say_simulated(book: Book, *, error: bool = False) -> None:
    """What figures of a book stand with whose lists a walk made; nothing of another book."""
    from attribution.house_style.words import read_messages

    for fact in book.simulated:
        say(read_messages("en").fact("simulated", fact), error=error)


def progress(steps: int) -> AbstractContextManager[Step]:
    """A bar on a terminal; silent where the output is read by a program."""
    return stages(True, steps)
