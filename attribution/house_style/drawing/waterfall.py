"""From one total to another, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from attribution.house_style.drawing.bars import LABELS_ALONE, THICK, TWO_LINES, Bar, draw_bar, told
from attribution.house_style.drawing.canvas import (
    GRID,
    INK,
    MUTED,
    OVER,
    PAPER,
    ROW,
    WIDTH,
    Canvas,
    Drawing,
    Scale,
    across,
    limits,
    text_width,
)
from attribution.house_style.drawing.small import SCALE_ROOM
from attribution.house_style.numbers import NegativeStyle, percent
from attribution.rows import LEAST_T, SPECIFIC, WEIGHTED

if TYPE_CHECKING:
    from attribution.house_style.words import Messages

LEAST = 5e-5  # a step that prints as 0.00
MOST_NAMED = 2  # rows beside the model that a step names; more go by the name of their group
NAMES = 0.45  # of a narrow figure's width, at most, for names
FAR = 1.0  # distance of zero from the nearest level, in ranges of the levels


def waterfall(
    steps: Sequence[Bar],
    start: Bar,
    end: Bar,
    style: NegativeStyle,
    label: str,
    *,
    difference: str = "",
    width: float = WIDTH,
) -> Drawing:
    """From one total to another, step by step, top to bottom; steps smaller than twice their error are hollow.

    Parameters
    ----------
    steps
        Contributions; with `start` they add to `end`. One without a value leaves the level where it was.
    start, end
        The totals, drawn from zero; where zero is far from every level the scale leaves it out and their bars are broken.
    style, label
        As for `attribution.house_style.drawing.bar_panels`.
    difference
        What the end less the start is called: a bracket between the two below them; without it there is none.
    width
        Points.
    """
    bars = [Bar(start.label, start.value, total=True), *steps, Bar(end.label, end.value, total=True)]
    texts = [percent(bar.value, style, signed=not bar.total) for bar in bars]
    apart = Bar(difference, end.value - start.value)
    bracket = [percent(apart.value, style, signed=True)] if difference else []
    values = max(map(text_width, texts + bracket)) + 7
    column = min(max(text_width(bar.label) for bar in (*bars, apart)) + 7, LABELS_ALONE if width >= WIDTH else NAMES * width)
    pitch = ROW if all(text_width(bar.label) <= column - 6 for bar in (*bars, apart)) else TWO_LINES
    top = 4.0
    after, (low, high, broken) = _levels(steps, start, end)
    scale = Scale(low, high, column, width - values)
    edge = (low if low > 0 else high) if broken else 0.0
    rows = len(bars) + len(bracket)
    canvas = Canvas(width, top + rows * pitch + SCALE_ROOM)
    across(canvas, scale, top, top + rows * pitch, style)
    for row, (bar, text) in enumerate(zip(bars, texts, strict=True)):
        middle = top + (row + 0.5) * pitch
        if not bar.total:
            draw_bar(canvas, scale, middle, bar, whisker=False, base=after[row - 1])
        elif math.isfinite(bar.value):
            canvas.bar(scale(edge), scale(bar.value), middle, THICK * ROW, bar.colour)
            if broken:
                inwards = 9.0 if scale(edge) < scale(bar.value) else -9.0
                for shift in (inwards - 1.8, inwards + 1.8):
                    x = scale(edge) + shift
                    canvas.line([(x - 2, middle + pitch / 2), (x + 2, middle - pitch / 2)], PAPER, 1.6, layer=OVER)
        if row < len(bars) - 1:
            x = scale(after[row])
            canvas.line([(x, middle), (x, middle + pitch)], MUTED, 0.6, layer=GRID)
        canvas.tell(scale.start, scale.stop, middle, [bar.label, told(bar, style)])
        canvas.name(column - 5, middle, bar.label, column - 6, "right")
        canvas.write(width, middle, text, "right", INK)
    for text in bracket:
        _bracket(canvas, scale, top + (len(bars) + 0.5) * pitch, (start.value, end.value), apart)
        canvas.name(column - 5, top + (len(bars) + 0.5) * pitch, difference, column - 6, "right", apart.colour)
        canvas.write(width, top + (len(bars) + 0.5) * pitch, text, "right", apart.colour)
    return canvas.drawing(label)


def _bracket(canvas: Canvas, scale: Scale, middle: float, ends: tuple[float, float], apart: Bar) -> None:
    """A bracket under the bars of the totals, from the one's end to the other's."""
    if not math.isfinite(apart.value):
        return
    left, right = sorted(float(scale(end)) for end in ends)
    high = middle - ROW / 4
    canvas.line([(left, high), (left, middle), (right, middle), (right, high)], apart.colour, 1.4, layer=OVER)


def leaves_out_zero(steps: Sequence[Bar], start: Bar, end: Bar) -> bool:
    """Whether the bars of the totals are broken, so that a reader must be told."""
    return _levels(steps, start, end)[1][2]


def _levels(steps: Sequence[Bar], start: Bar, end: Bar) -> tuple[np.ndarray, tuple[float, float, bool]]:
    """The level after each bar but the last, and the range of the scale."""
    after = np.cumsum([0.0 if math.isnan(bar.value) else bar.value for bar in (start, *steps)])
    return after, _range([float(x) for x in (*after, end.value) if math.isfinite(x)])


def _range(levels: Sequence[float]) -> tuple[float, float, bool]:
    """The range of a scale: with zero, or without it where it lies so far off that the steps would shrink to nothing."""
    low, high = min(levels, default=0.0), max(levels, default=0.0)
    away = max(low, -high)
    if away <= FAR * (high - low) or low == high:
        return *limits(levels), False
    air = 0.06 * (high - low)
    inner = 0.25 * (high - low)  # room for the ends of the bars of the totals
    return (low - inner, high + air, True) if low > 0 else (low - air, high + inner, True)


def bridge_steps(factors: pd.DataFrame, messages: Messages, *, most: int) -> list[Bar]:
    """The drivers of an excess return and its specific part, from the highest to the lowest, and all else as one step.

    The specific part is always there, hollow where it is within its error: it is what a client asks for.

    Parameters
    ----------
    factors
        factor, contribution, standard_error, driver of one course.
    messages
        Words of the language.
    most
        Steps in all.
    """
    own = factors["factor"] == SPECIFIC
    drivers = factors[factors["driver"].astype(bool) & ~own]
    largest = drivers["contribution"].abs().sort_values(ascending=False, kind="stable").index[: most - 1 - own.sum()]
    shown = factors.loc[factors.index.isin(largest) | own]
    rest = factors.drop(index=shown.index)["contribution"]
    steps = [
        Bar(messages.factor(str(row.factor)), row.contribution, 0.0 if row.driver else row.standard_error)
        for row in shown.sort_values("contribution", ascending=False, kind="stable").itertuples()
    ]
    return steps + [Bar(messages("charts.rest"), float(rest.sum()), math.inf)] * bool(len(rest))


def ends_told(start: Bar, end: Bar, messages: Messages, style: NegativeStyle) -> str:
    """What a waterfall says for those who cannot see it: the returns at its ends, and the excess between them."""
    own, other = (percent(bar.value, style, signed=True, unit="%") for bar in (end, start))
    excess = percent(end.value - start.value, style, signed=True, unit="%")
    return messages("charts.waterfall", name=end.label, benchmark=start.label, own=own, other=other, excess=excess)


def waterfall_steps(factors: pd.DataFrame, groups: pd.DataFrame, messages: Messages, *, styles: int = 8) -> list[Bar]:
    """Market, sectors and their like, the largest styles one by one, specific, what is beside the model: steps.

    The other styles, and what is smaller than twice its error, are one step, the last; its name says whether it is no more
    than that.

    Parameters
    ----------
    factors
        factor, group, contribution, standard_error of one course.
    groups
        group, contribution, standard_error of the same.
    messages
        Words of the language.
    styles
        How many of the largest styles stand alone.
    """
    beside = factors.loc[(factors["group"] == "other") & (factors["contribution"].abs() >= LEAST), "factor"]
    names = {name: messages.name("groups", name) for name in groups["group"]}
    if 0 < len(beside) <= MOST_NAMED:  # what stands under the group's name in the table
        names["other"] = messages("words.comma").join(messages.factor(str(factor)) for factor in beside)
    by_group = {str(row.group): Bar(names[row.group], row.contribution, row.standard_error) for row in groups.itertuples()}
    style = factors[factors["group"] == "style"]
    largest = style.loc[style["contribution"].abs().sort_values(ascending=False, kind="stable").index[:styles]]
    steps = [by_group[name] for name in WEIGHTED if name in by_group]
    alone = largest.sort_values("contribution", ascending=False, kind="stable")
    brief = messages.factors_in_short(list(map(str, alone["factor"])))
    steps += [Bar(*row) for row in zip(brief, alone["contribution"], alone["standard_error"], strict=True)]
    steps += [by_group[name] for name in ("specific", "other") if name in by_group]
    told = [bar for bar in steps if bar.certain and not abs(bar.value) < LEAST]
    others = style.drop(index=largest.index)
    rest = [*others["contribution"], *(bar.value for bar in steps if bar not in told)]
    within = not (others["contribution"].abs() >= LEAST_T * others["standard_error"]).any()
    label = messages("charts.within_error" if within else "charts.rest")
    return told + [Bar(label, float(pd.Series(rest).sum()), math.inf)] * bool(rest)
