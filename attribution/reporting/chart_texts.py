"""Names in charts, and what a chart shows in words, for those who cannot see it: what it is of, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

import pandas as pd

from attribution.house_style.drawing.bars import Bar
from attribution.house_style.numbers import NegativeStyle, number, percent
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


def with_ends(label: str, bars: Iterable[Bar], messages: Messages, style: NegativeStyle) -> str:
    """A label, and the highest and the lowest of a chart's bars, those above zero and those below it.

    Examples
    --------
    >>> from attribution.house_style.words import read_messages
    >>> with_ends("Returns.", [Bar("Size", 0.01), Bar("Value", -0.02)], read_messages("en"), "minus")
    'Returns. Highest: Size +1.00%. Lowest: Value −2.00%.'
    """
    known = sorted((bar for bar in bars if isfinite(bar.value) and bar.label), key=lambda bar: -bar.value)
    sides = {"highest": [bar for bar in known if bar.value > 0], "lowest": [bar for bar in known[::-1] if bar.value < 0]}
    for side, part in sides.items():
        label = _joined(f"charts.{side}", label, [(bar.label, bar.value) for bar in part[:TOLD]], messages, style)
    return label


def exposures_label(panels: Sequence[tuple[str, pd.DataFrame]], messages: Messages, style: NegativeStyle) -> str:
    """What a chart of exposures before and now shows: the style that each of its panels leans on most."""
    items = [
        f"{name} {now.abs().idxmax()} {number(float(now[now.abs().idxmax()]), style, signed=True)}"
        for name, frame in panels
        if len(now := frame["now"].dropna())
    ]
    told = [messages("charts.largest", items=messages("words.comma").join(items))] * bool(items)
    return messages("words.sentence_gap").join([messages("charts.exposures"), *told])


def against_label(ends: Sequence[tuple[str, float]], months: pd.Series, messages: Messages, style: NegativeStyle) -> str:
    """What a portfolio beside its benchmark shows: `ends` of both, the portfolio's first, and the excess return by month."""
    own, other = (percent(value, style, signed=True, unit="%") for _, value in ends)
    known = months.dropna()
    least, most = (percent(value, style, signed=True, unit="%") for value in (known.min(), known.max()))
    counted = {"ahead": int((known > 0).sum()), "count": len(known), "least": least, "most": most}
    return messages("charts.against", name=ends[0][0], benchmark=ends[1][0], own=own, other=other, **counted)


def _joined(key: str, label: str, values: Sequence[tuple[str, float]], messages: Messages, style: NegativeStyle) -> str:
    if not values:
        return label
    items = messages("words.comma").join(f"{name} {percent(value, style, signed=True, unit='%')}" for name, value in values)
    return messages("words.sentence_gap").join((label, messages(key, items=items)))
