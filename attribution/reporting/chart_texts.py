"""What a chart shows, in words, for those who cannot see it: what it is of, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from attribution.house_style.drawing.bars import Bar
from attribution.house_style.numbers import NegativeStyle, percent
from attribution.house_style.words import Messages

TOLD = 3  # values in a text


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
