"""Values month by month: columns in a row for each name, and what came beside what was forecast."""

from __future__ import annotations

import math

import pandas as pd

from attribution.house_style.drawing.bars import RADIUS
from attribution.house_style.drawing.canvas import (
    GRID,
    INK,
    LINES,
    MARKS,
    MUTED,
    NARROW,
    NEGATIVE,
    PAPER,
    POSITIVE,
    RULE,
    SMALL,
    UNDER,
    Canvas,
    Drawing,
    Scale,
    limits,
    spread,
    text_width,
)
from attribution.house_style.drawing.lines import date_ticks
from attribution.house_style.numbers import FULL, NegativeStyle, number, percent
from attribution.house_style.words import Messages

PITCH, COLUMN = 14.5, 12.0  # points: from row to row, and of it what the largest range of columns takes
NAMES = 0.36  # of the width, at most, for the names of rows
WIDE = 0.72  # of a month, that a column takes
DATES = 16.0  # points below the rows, for the dates


def month_columns(
    values: pd.DataFrame, style: NegativeStyle, label: str, messages: Messages, *, width: float = NARROW
) -> Drawing:
    """A row of columns for each name, a column a month on one scale, with the last value written.

    Parameters
    ----------
    values
        (month, a PeriodIndex; name) numbers, in the order in which the rows stand; NaN where there is none.
    style, label
        As for `attribution.house_style.drawing.bar_panels`.
    messages
        How dates are written.
    width
        Points.
    """
    last = values.iloc[-1]
    column = min(max(map(text_width, values.columns), default=0.0) + 6, NAMES * width)
    right = width - max((text_width(number(value, style)) for value in last), default=0.0) - 6
    along = Scale(0.0, float(len(values)), column, right)
    whole = float((values.max().clip(lower=0) - values.min().clip(upper=0)).max()) or 1.0
    canvas = Canvas(width, 4.0 + len(values.columns) * PITCH + DATES)
    for row, name in enumerate(values.columns):
        top, own = 4.0 + row * PITCH + (PITCH - COLUMN) / 2, values[name].to_numpy(float)
        low, high = limits(own, air=0.0)
        middle = top + COLUMN / 2
        scale = COLUMN / whole
        zero = middle + (low + high) / 2 * scale  # the range of a row stands in its middle
        canvas.line([(column, zero), (right, zero)], RULE, 0.6, layer=UNDER)
        for place, value in enumerate(own):
            if not math.isfinite(value):
                continue
            left, stop = (float(along(place + (1 + share * WIDE) / 2)) for share in (-1, 1))
            tall = max(abs(value) * scale, 0.5)
            centre = zero - math.copysign(tall, value) / 2
            canvas.bar(left, stop, centre, tall, POSITIVE if value >= 0 else NEGATIVE)
            told = [str(name), f"{messages.date(values.index[place].start_time, 'month')} {number(value, style, FULL)}"]
            canvas.tell(float(along(place)), float(along(place + 1)), middle, told, height=PITCH)
        canvas.name(column - 5, middle, str(name), column - 6, "right")
        canvas.write(width, middle, number(last[name], style), "right", INK if math.isfinite(last[name]) else MUTED)
    _months(canvas, values.index, along, messages)
    return canvas.drawing(label)


def forecast_dots(
    values: pd.DataFrame,
    style: NegativeStyle,
    label: str,
    messages: Messages,
    *,
    width: float = NARROW,
    height: float = 150.0,
) -> Drawing:
    """What came in each month as a dot, over the range in which a right forecast has it, with the forecast across.

    Parameters
    ----------
    values
        (month, a PeriodIndex) forecast, realised, forecast_low, forecast_high: decimals. A dot outside its range is orange.
    style, label, messages, width
        As for `month_columns`.
    height
        Points.
    """
    top, bottom = 6.0, height - DATES
    scale = Scale(0.0, limits(values.to_numpy(float))[1], bottom, top)
    ticks = scale.ticks(style, upright=True)
    left = max((text_width(text, SMALL) for _, text in ticks), default=0.0) + 7
    last = values.iloc[-1]
    ends = {name: percent(float(last[name]), style) for name in ("forecast", "realised")}
    right = width - max(map(text_width, ends.values())) - 8
    along = Scale(0.0, float(len(values)), left, right)
    canvas = Canvas(width, height)
    for value, text in ticks:
        canvas.line([(left, scale(value)), (right, scale(value))], RULE, 0.6, layer=UNDER)
        canvas.write(left - 4, scale(value), text, "right", MUTED, SMALL)
    for place, row in enumerate(values.itertuples()):
        x, edges = float(along(place + 0.5)), (float(along(place + 0.15)), float(along(place + 0.85)))
        if math.isfinite(row.forecast):
            canvas.line([(x, scale(row.forecast_low)), (x, scale(row.forecast_high))], MUTED, 1.0, layer=MARKS)
            canvas.line([(edge, scale(row.forecast)) for edge in edges], INK, 1.6, layer=LINES)
        if math.isfinite(row.realised):
            outside = row.realised < row.forecast_low or row.realised > row.forecast_high
            colour = NEGATIVE if outside else POSITIVE
            canvas.dot(x, float(scale(row.realised)), RADIUS, colour, PAPER)
        numbers = [row.forecast, row.forecast_low, row.forecast_high, row.realised]
        forecast, low, high, realised = (percent(value, style, unit="%") for value in numbers)
        told = [messages.date(row.Index.start_time, "month")]
        told += [messages("charts.told_forecast", forecast=forecast, low=low, high=high, realised=realised)]
        canvas.tell(float(along(place)), float(along(place + 1)), (top + bottom) / 2, told, height=bottom - top)
    _written_ends(canvas, scale, {name: float(last[name]) for name in ends}, ends, width)
    _months(canvas, values.index, along, messages)
    return canvas.drawing(label)


def _written_ends(canvas: Canvas, scale: Scale, values: dict[str, float], texts: dict[str, str], width: float) -> None:
    """The last values at the right, moved apart where they would touch."""
    known = [name for name, value in values.items() if math.isfinite(value)]
    colours = {"forecast": INK, "realised": POSITIVE}
    wanted = [float(scale(values[name])) for name in known]
    for name, middle in zip(known, spread(wanted, 10.0, scale.stop + 4, scale.start - 4), strict=True):
        canvas.write(width, middle, texts[name], "right", colours[name])


def _months(canvas: Canvas, months: pd.PeriodIndex, along: Scale, messages: Messages) -> None:
    """Dates below the columns, as many as do not touch."""
    days = pd.DatetimeIndex([months[0].start_time, months[-1].end_time.normalize()])
    span = (days[-1] - days[0]).days + 1
    for place, text in date_ticks(days, messages, along.stop - along.start):
        x = along.start + (place - 1) / span * (along.stop - along.start)
        half = text_width(text, SMALL) / 2
        canvas.line([(x, canvas.height - DATES), (x, canvas.height - DATES + 3)], MUTED, 0.6, layer=GRID)
        x = min(max(x, half), along.stop + 8 - half)
        canvas.write(x, canvas.height - 6, text, "center", MUTED, SMALL)
