"""A portfolio beside its benchmark: two lines since the first day, and beneath them the excess of each month."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from attribution.house_style.drawing.canvas import (
    INK,
    LINES,
    MUTED,
    NARROW,
    NEGATIVE,
    OVER,
    POSITIVE,
    RULE,
    SMALL,
    SOLID,
    UNDER,
    Canvas,
    Drawing,
    Scale,
    limits,
    spread,
    text_width,
)
from attribution.house_style.drawing.lines import PITCH, date_ticks, thinned
from attribution.house_style.numbers import FULL, NegativeStyle, percent
from attribution.house_style.words import Messages

LINES_HEIGHT, BARS_HEIGHT, APART, SCALE = 104.0, 50.0, 16.0, 14.0
BENCHMARK = (4.0, 2.0)  # dashes
NAMES = 0.3  # of the width for the names at the lines' ends
WIDEST = "△88.8"  # of most scales
BAR = 0.7  # of a month's width
LEAST_BAR = 1.2


def against(
    daily: pd.DataFrame,
    excess: pd.Series,
    names: tuple[str, str],
    headings: tuple[str, str],
    style: NegativeStyle,
    label: str,
    messages: Messages,
    *,
    width: float = NARROW,
) -> Drawing:
    """Compounded returns of a portfolio and its benchmark, and the excess return of each calendar month.

    Parameters
    ----------
    daily
        (day) the columns `portfolio` and `benchmark`: simple returns, decimals.
    excess
        (month, a PeriodIndex) return less benchmark return.
    names
        What the two lines are called.
    headings
        Over the lines, and over the bars.
    style, label
        As for `attribution.house_style.drawing.bar_panels`.
    messages
        How dates are written.
    width
        Points.
    """
    days = pd.DatetimeIndex(daily.index)
    levels = ((1 + daily[["portfolio", "benchmark"]]).cumprod() - 1).to_numpy().T
    ends = [percent(row[-1], style, unit="%") for row in levels]
    column = NAMES * width  # whatever the names are, so that figures abreast have one axis of time
    top = SMALL + 8
    upper = Scale(*limits(levels), top + LINES_HEIGHT, top)
    below = top + LINES_HEIGHT + APART + SMALL
    lower = Scale(*limits(excess.to_numpy(float)), below + BARS_HEIGHT, below)
    ticks = [(scale, scale.ticks(style, upright=True)) for scale in (upper, lower)]
    left = max(text_width(text, SMALL) for text in (WIDEST, *(text for _, marks in ticks for _, text in marks))) + 6
    right = width - column - 8
    along = Scale(0.0, float((days[-1] - days[0]).days + 1), left, right)
    canvas = Canvas(width, below + BARS_HEIGHT + SCALE)
    for scale, marks in ticks:
        for value, text in marks:
            canvas.line([(left, scale(value)), (right, scale(value))], RULE, 0.6, layer=UNDER)
            canvas.write(left - 4, scale(value), text, "right", MUTED, SMALL)
        canvas.line([(left, scale(0.0)), (right, scale(0.0))], INK, 0.7, layer=LINES)
    canvas.write(0.0, SMALL / 2, headings[0], "left", MUTED, SMALL)
    canvas.write(0.0, below - SMALL - 1, headings[1], "left", MUTED, SMALL)
    x = along(np.array([0, *(days - days[0]).days + 1], dtype=float))
    looks = ((POSITIVE, SOLID, 1.5, OVER), (INK, BENCHMARK, 1.1, LINES))
    for row, (colour, dash, thick, layer) in zip(levels, looks, strict=True):
        canvas.line(thinned(np.column_stack([x, upper(np.array([0.0, *row]))])), colour, thick, dash=dash, layer=layer)
    _name_ends(canvas, upper, levels[:, -1], names, ends, (POSITIVE, INK), right + 6, column)
    _bars(canvas, lower, along, days[0], excess, style, messages)
    for place, text in date_ticks(days, messages, right - left):
        half = text_width(text, SMALL) / 2
        canvas.write(min(max(along(place), half), right + 8 - half), canvas.height - 6, text, "center", MUTED, SMALL)
    return canvas.drawing(label)


def _name_ends(
    canvas: Canvas,
    scale: Scale,
    values: np.ndarray,
    names: tuple[str, str],
    ends: list[str],
    colours: tuple[str, str],
    left: float,
    column: float,
) -> None:
    """Each line's name, on two lines where it is long, with its last value below it, moved apart where they would touch."""
    wanted = [float(scale(value)) for value in values]
    lines = [2 if text_width(name) > column else 1 for name in names]
    gap = (1 + max(lines)) * PITCH + 1
    places = spread(wanted, gap, scale.stop + PITCH, scale.start - PITCH / 2)
    for name, end, colour, of_name, middle in zip(names, ends, colours, lines, places, strict=True):
        canvas.name(left, middle - PITCH / 2, name, column, "left", colour, lines=of_name)
        canvas.write(left, middle + PITCH / 2 * of_name, end, "left", colour)


def _bars(
    canvas: Canvas,
    scale: Scale,
    along: Scale,
    first: pd.Timestamp,
    excess: pd.Series,
    style: NegativeStyle,
    messages: Messages,
) -> None:
    """A bar a month between its first and its last day; the first month begins where the lines do."""
    for month, value in excess.items():
        start = max((month.start_time - first).days, 0)
        stop = (month.end_time.normalize() - first).days + 1
        low, high = float(along(start)), min(float(along(stop)), along.stop)
        if not math.isfinite(value):
            continue
        thick = max(BAR * (high - low), LEAST_BAR)
        middle = (low + high) / 2
        top, bottom = sorted((float(scale(0.0)), float(scale(value))))
        colour = POSITIVE if value >= 0 else NEGATIVE
        canvas.bar(middle - thick / 2, middle + thick / 2, (top + bottom) / 2, bottom - top, colour)
        told = [messages.date(month.start_time, "month"), percent(value, style, FULL, unit="%", signed=True)]
        canvas.tell(low, high, (scale.start + scale.stop) / 2, told, height=scale.start - scale.stop)
