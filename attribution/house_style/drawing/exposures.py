"""Exposures now against before: a dumbbell a style, a panel a course."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from attribution.house_style.drawing.bars import RADIUS
from attribution.house_style.drawing.canvas import (
    INK,
    MUTED,
    PAPER,
    POSITIVE,
    RULE,
    UNDER,
    WIDTH,
    Canvas,
    Drawing,
    Scale,
    limits,
    text_width,
)
from attribution.house_style.drawing.small import ABREAST, small_multiples
from attribution.house_style.numbers import FULL, NegativeStyle, number, percent


def dumbbells(
    panels: Sequence[tuple[str, pd.DataFrame]],
    style: NegativeStyle,
    label: str,
    *,
    abreast: int = ABREAST,
    width: float = WIDTH,
    weights: bool = False,
) -> Drawing:
    """Two values of each row joined by a line, a hollow mark for the one before and a filled one for now, which is written.

    Of weights it is the difference that is written, and the scale is in percent.

    Parameters
    ----------
    panels
        Headings, each with a frame with the columns before and now, indexed by the names of the rows, which all panels
        share; numbers are exposures, NaN where there is none. One scale for all.
    style, label
        As for `attribution.house_style.drawing.bar_panels`.
    abreast
        Panels beside each other; further ones stand below.
    width
        Points.
    weights
        Whether the values are weights, decimals.
    """

    def written(before: float, now: float) -> str:
        return percent(now - before, style, signed=True) if weights else number(now, style)

    frames = [frame for _, frame in panels]
    rows = list(frames[0].index)
    pairs = [pair for frame in frames for pair in zip(frame["before"], frame["now"], strict=True)]
    value = max((text_width(written(*pair)) for pair in pairs), default=0.0) + 9
    scale = limits([frame[["before", "now"]].to_numpy(dtype=float).ravel() for frame in frames], air=0.06)
    headed = len(panels) > 1
    headings = [heading for heading, _ in panels]
    canvas, lines = small_multiples(
        rows,
        headings,
        scale,
        value,
        style,
        abreast=abreast,
        width=width,
        widest=width,
        factor=100.0 if weights else 1.0,
        headed=headed,
    )
    for panel, frame in zip((panel for line in lines for panel in line), frames, strict=True):
        for row, (before, now) in enumerate(zip(frame["before"], frame["now"], strict=True)):
            middle = panel.middle(row)
            canvas.line([(panel.scale.start, middle), (panel.scale.stop, middle)], RULE, 0.4, layer=UNDER)
            _dumbbell(canvas, panel.scale, middle, float(before), float(now))
            ends = (percent(x, style, FULL, unit="%") if weights else number(x, style, FULL) for x in (before, now))
            change = (" / " if weights else " → ").join(ends)
            heading = panel.heading if headed else ""
            canvas.tell(panel.scale.start, panel.scale.stop, middle, [heading, str(rows[row]), change])
            colour = INK if math.isfinite(now) else MUTED
            canvas.write(panel.right, middle, written(before, now), "right", colour)
    return canvas.drawing(label)


def _dumbbell(canvas: Canvas, scale: Scale, middle: float, before: float, now: float) -> None:
    if math.isfinite(before) and math.isfinite(now):
        canvas.line([(scale(before), middle), (scale(now), middle)], POSITIVE, 1.6)
    if math.isfinite(before):
        canvas.dot(scale(before), middle, RADIUS, PAPER, POSITIVE)
    if math.isfinite(now):
        canvas.dot(scale(now), middle, RADIUS, POSITIVE, POSITIVE)
