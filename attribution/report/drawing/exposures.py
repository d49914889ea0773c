"""Exposures now against before: a dumbbell a style, a panel a course."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from attribution.book import NegativeStyle
from attribution.report.drawing.bars import ABREAST, GAP, LABELS, LEAST_AXIS, SCALE_ROOM, in_lines
from attribution.report.drawing.canvas import (
    INK,
    MUTED,
    PAPER,
    POSITIVE,
    ROW,
    RULE,
    UNDER,
    WIDTH,
    Canvas,
    Scale,
    across,
    limits,
    shortened,
    text_width,
)
from attribution.report.format import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RADIUS = 2.9


def dumbbells(
    panels: Mapping[str, pd.DataFrame],
    style: NegativeStyle,
    label: str,
    *,
    abreast: int = ABREAST,
    width: float = WIDTH,
) -> Figure:
    """Two values of each row joined by a line, a hollow mark for the one before and a filled one for now, which is written.

    Parameters
    ----------
    panels
        Heading -> frame with the columns before and now, indexed by the names of the rows, which all panels share; numbers
        are exposures, NaN where there is none. One scale for all.
    style, label
        As for `attribution.report.drawing.bar_panels`.
    abreast
        Panels beside each other; further ones stand below.
    width
        Points.
    """
    rows = list(next(iter(panels.values())).index)
    texts = {heading: [number(value, style) for value in frame["now"]] for heading, frame in panels.items()}
    value = max((text_width(text) for part in texts.values() for text in part), default=0.0) + 9
    low, high = limits([frame[["before", "now"]].to_numpy(dtype=float).ravel() for frame in panels.values()], air=0.06)
    lines = in_lines(list(panels), abreast)
    most = max(map(len, lines))
    column = min(max(map(text_width, rows), default=0.0) + 7, LABELS, width - most * (LEAST_AXIS + value + GAP))
    pitch = (width - column + GAP) / most
    head, deep = (16.0 if len(panels) > 1 else 4.0), len(rows) * ROW + SCALE_ROOM
    canvas = Canvas(width, len(lines) * (head + deep) + (len(lines) - 1) * 6)
    top = 0.0
    for line in lines:
        under = top + head
        for place, name in enumerate(rows):
            canvas.write(column - 5, under + (place + 0.5) * ROW, shortened(name, column - 6), "right", INK)
        for place, heading in enumerate(line):
            left = column + place * pitch
            scale = Scale(low, high, left, left + pitch - GAP - value)
            if len(panels) > 1:
                canvas.write(left, top + 7, shortened(heading, min(pitch - 4, width - left)), "left", INK)
            across(canvas, scale, under, under + len(rows) * ROW, style, factor=1.0)
            frame = panels[heading]
            for row, (before, now) in enumerate(zip(frame["before"], frame["now"], strict=True)):
                middle = under + (row + 0.5) * ROW
                canvas.line([(left, middle), (scale.stop, middle)], RULE, 0.4, layer=UNDER)
                _dumbbell(canvas, scale, middle, float(before), float(now))
                colour = INK if math.isfinite(now) else MUTED
                canvas.write(scale.stop + value, middle, texts[heading][row], "right", colour)
        top += head + deep + 6
    return canvas.figure(label)


def _dumbbell(canvas: Canvas, scale: Scale, middle: float, before: float, now: float) -> None:
    if math.isfinite(before) and math.isfinite(now):
        canvas.line([(scale(before), middle), (scale(now), middle)], POSITIVE, 1.6)
    if math.isfinite(before):
        canvas.dot(scale(before), middle, RADIUS, PAPER, POSITIVE)
    if math.isfinite(now):
        canvas.dot(scale(now), middle, RADIUS, POSITIVE, POSITIVE)
