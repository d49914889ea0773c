"""Names in charts, and what a chart shows in words, for those who cannot see it: what it is of, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

import pandas as pd

from attribution.house_style.drawing.bars import Bar
from attribution.house_style.numbers import NegativeStyle, percent
from attribution.house_style.words import Messages
from attribution.reporting.tables.names import sleeve_name

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

TOLD = 3  # values in a text


def course_name(content: Content, course: str, messages: Messages) -> str:
    """What figures call a course, or a sleeve: where a course is one sleeve alone, the sleeve's name."""
    key = next((key for key, result in content.sleeves.items() if result.course == course), None)
    return str(messages.called(course)) if key is None else sleeve_name(content.book, key, messages.language)


def totals(content: Content, messages: Messages, *, course: str) -> tuple[Bar, Bar]:
    """The month's returns of a course's benchmark and of the course."""
    result = content.results.get(course) or next(x for x in content.sleeves.values() if x.course == course)
    return Bar(messages.called(result.benchmark), result.benchmark_return), Bar(
        course_name(content, course, messages), result.portfolio_return
    )


def rows_of(content: Content, table: str, course: str) -> pd.DataFrame:
    """The rows of a course in a table."""
    frame = content.tables[table]
    return frame[frame["course"] == course]


def with_largest(label: str, bars: Iterable[Bar], messages: Messages, style: NegativeStyle) -> str:
    """A label, and the largest in size of a chart's bars with their values.

    Examples
    --------
    >>> from attribution.house_style.words import read_messages
    >>> with_largest("Contributions.", [Bar("Size", 0.01), Bar("Value", -0.02)], read_messages("en"), "minus")
    'Contributions. Largest: Value −2.00%, Size +1.00%.'
    """
    known = [bar for bar in bars if isfinite(bar.value) and bar.label]
    largest = sorted(known, key=lambda bar: -abs(bar.value))[:TOLD]
    return _joined("charts.largest", label, [(bar.label, bar.value) for bar in largest], messages, style)


def with_values(label: str, values: Sequence[tuple[str, float]], messages: Messages, style: NegativeStyle) -> str:
    """A label, and values that a chart ends with or sums to; of many the first and the last.

    Examples
    --------
    >>> from attribution.house_style.words import read_messages
    >>> with_values("Returns.", [("A", 0.01), ("B", -0.02)], read_messages("en"), "minus")
    'Returns. A +1.00%, B −2.00%.'
    """
    known = [(name, value) for name, value in values if isfinite(value)]
    shown = known if len(known) <= 2 * TOLD else [*known[:TOLD], *known[-TOLD:]]
    return _joined("charts.values", label, shown, messages, style)


def _joined(key: str, label: str, values: Sequence[tuple[str, float]], messages: Messages, style: NegativeStyle) -> str:
    if not values:
        return label
    items = messages("words.comma").join(f"{name} {percent(value, style, signed=True, unit='%')}" for name, value in values)
    return messages("words.sentence_gap").join((label, messages(key, items=items)))
