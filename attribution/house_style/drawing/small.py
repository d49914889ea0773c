"""What small multiples have in common: panels beside and below each other, with the same rows on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from attribution.house_style.drawing.canvas import ROW, WIDTH, Canvas, Scale, across, text_width
from attribution.house_style.numbers import NegativeStyle

LABELS = 118.0  # points: widest column of labels of several panels
LEAST_AXIS, GAP = 30.0, 12.0  # points: narrowest scale, between panels
SCALE_ROOM = 18.0  # below the rows, for the texts of the scale
ABREAST = 5  # panels in one line


@dataclass(frozen=True)
class Panel:
    """A panel of small multiples: its heading, its scale, and the place at whose left its values end."""

    heading: str
    scale: Scale
    top: float
    right: float

    def middle(self, row: int) -> float:
        """The height of a row."""
        return self.top + (row + 0.5) * ROW


def small_multiples(
    rows: Sequence[str],
    headings: Sequence[str],
    limits: tuple[float, float],
    value: float,
    style: NegativeStyle,
    *,
    abreast: int = ABREAST,
    width: float = WIDTH,
    widest: float = WIDTH,
    factor: float = 100.0,
    headed: bool = True,
) -> tuple[Canvas, list[list[Panel]]]:
    """A sheet with names of rows, headings and scales, and its panels line by line, to be filled.

    Parameters
    ----------
    rows
        Names of the rows, at the left of each line of panels.
    headings
        Of the panels.
    limits
        The range of the scale, which all panels share.
    value
        Points for the column of values right of each scale.
    style
        How negative numbers are written.
    abreast
        Panels beside each other; further ones stand below, in lines as even as can be.
    width, widest
        Points: of the sheet, and of a panel at most.
    factor
        As for `Scale.ticks`.
    headed
        Whether the headings are written.
    """
    lines = in_lines(headings, abreast)
    most = max(map(len, lines))
    column = min(max(map(text_width, rows), default=0.0) + 7, LABELS, width - most * (LEAST_AXIS + value + GAP) + GAP)
    pitch = min((width - column + GAP) / most, widest)
    head, deep = (16.0 if headed else 4.0), len(rows) * ROW + SCALE_ROOM
    canvas = Canvas(width, len(lines) * (head + deep) + (len(lines) - 1) * 6)
    panels = []
    for line, top in zip(lines, (place * (head + deep + 6) for place in range(len(lines))), strict=True):
        under = top + head
        for place, name in enumerate(rows):
            canvas.name(column - 5, under + (place + 0.5) * ROW, name, column - 6, "right")
        panels.append(
            [
                Panel(heading, Scale(*limits, left, left + pitch - GAP - value), under, left + pitch - GAP)
                for heading, left in ((heading, column + place * pitch) for place, heading in enumerate(line))
            ]
        )
        for panel in panels[-1]:
            if headed:
                left = panel.scale.start
                canvas.name(left, top + 7, panel.heading, min(pitch - 4, width - left))
            across(canvas, panel.scale, under, under + len(rows) * ROW, style, factor=factor)
    return canvas, panels


def in_lines(headings: Sequence[str], abreast: int) -> list[list[str]]:
    """Headings in as few lines as hold them, the lines as even as can be."""
    count = math.ceil(len(headings) / abreast)
    length = math.ceil(len(headings) / count)
    return [list(headings[start : start + length]) for start in range(0, len(headings), length)]
