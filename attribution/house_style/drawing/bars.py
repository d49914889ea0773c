"""Horizontal bars: panels side by side, and small multiples with common rows and one scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attribution.house_style.drawing.canvas import (
    INK,
    LINES,
    MUTED,
    NEGATIVE,
    OVER,
    PAPER,
    POSITIVE,
    ROW,
    RULE,
    SMALL,
    TOTAL,
    UNDER,
    WIDTH,
    Canvas,
    Drawing,
    Scale,
    across,
    limits,
    text_width,
)
from attribution.house_style.drawing.small import ABREAST, GAP, LEAST_AXIS, SCALE_ROOM, small_multiples
from attribution.house_style.numbers import FULL, NegativeStyle, percent
from attribution.rows import LEAST_T

RADIUS = 2.9  # points: of a dot
TWO_LINES = 17.0  # points: pitch of a row whose name is on two lines
APART = ROW / 2  # from group to group
THICK = 0.62  # of a bar, in rows
LABELS_ALONE = 190.0  # points: widest column of labels of a panel that stands alone
LABELS_ABREAST = 160.0  # and of one beside others: two lines hold an industry with its sector in brackets


@dataclass(frozen=True)
class Bar:
    """A bar of a panel: decimals; `certain` where the value is at least twice its error, `total` where it is a sum."""

    label: str
    value: float
    error: float = 0.0
    total: bool = False

    @property
    def certain(self) -> bool:
        """Whether the value stands out from its error; one whose error nobody knows counts as if it did."""
        return not abs(self.value) < LEAST_T * self.error

    @property
    def colour(self) -> str:
        """By its sign."""
        return TOTAL if self.total else POSITIVE if self.value >= 0 else NEGATIVE

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the whisker of two standard errors; the value itself where there is no error."""
        reach = 2 * self.error if math.isfinite(self.error) else 0.0
        return self.value - reach, self.value + reach


def sorted_bars(bars: Sequence[Bar]) -> list[Bar]:
    """Largest first, those without a value last."""
    return sorted(bars, key=lambda bar: -bar.value if math.isfinite(bar.value) else math.inf)


def bar_panels(
    panels: Sequence[Sequence[Sequence[Bar]]],
    style: NegativeStyle,
    label: str,
    *,
    shared: bool,
    headings: Sequence[str] = (),
    mark: Callable[[Canvas, Scale, float, Bar], None] | None = None,
    width: float = WIDTH,
) -> Drawing:
    """Horizontal bars in panels side by side, with whiskers of two standard errors and the values in a column.

    In a narrow figure the panels stand below each other.

    Parameters
    ----------
    panels
        For each panel its groups of bars, top to bottom; groups stand a little apart.
    style
        How negative numbers are written.
    label
        What the figure shows, for those who cannot see it.
    shared
        Whether all panels have one scale.
    headings
        What stands over each panel; by default nothing.
    mark
        Draws a row; by default `draw_bar`.
    width
        Points.
    """
    mark = draw_bar if mark is None else mark
    flat = [[bar for group in panel for bar in group] for panel in panels]
    abreast = len(panels) if width >= WIDTH else 1
    whole = width - (abreast - 1) * GAP
    values = [_value_column(bars, style) for bars in flat]
    if abreast == 1:
        values = [max(values, default=0.0)] * len(panels)
    widest = min(LABELS_ABREAST if len(panels) > 1 else LABELS_ALONE, (whole - sum(values[:abreast])) / abreast - LEAST_AXIS)
    columns = [min(max((text_width(bar.label) for bar in bars), default=0) + 7, widest) for bars in flat]
    if abreast == 1:
        columns = [max(columns, default=0.0)] * len(panels)
    axis = (whole - sum(columns[:abreast]) - sum(values[:abreast])) / abreast
    ranges = [limits([bar.ends for bar in bars]) for bars in flat]
    if shared:
        ranges = [(min(low for low, _ in ranges), max(high for _, high in ranges))] * len(panels)
    pitches = [
        [ROW if text_width(bar.label) <= column - 6 else TWO_LINES for bar in bars]
        for bars, column in zip(flat, columns, strict=True)
    ]
    over = SMALL + 6.0 if headings else 0.0
    top, filled = 4.0 + over, [sum(own) + APART * (len(panel) - 1) for panel, own in zip(panels, pitches, strict=True)]
    deep = [top + high + SCALE_ROOM for high in filled]
    canvas = Canvas(width, max(deep) if abreast > 1 else sum(deep))
    left = 0.0
    for place, (panel, column, value, (low, high), own) in enumerate(
        zip(panels, columns, values, ranges, pitches, strict=True)
    ):
        if abreast == 1:
            left, top = 0.0, 4.0 + over + sum(deep[:place])
        scale = Scale(low, high, left + column, left + column + axis)
        across(canvas, scale, top, top + filled[place], style)
        if headings:
            canvas.write(left + column, top - over / 2, headings[place], "left", MUTED, SMALL)
        under, rows = top, iter(own)
        for group in panel:
            for bar in group:
                pitch = next(rows)
                middle = under + pitch / 2
                mark(canvas, scale, middle, bar)
                canvas.tell(scale.start, scale.stop, middle, [bar.label, told(bar, style)])
                colour = INK if bar.certain else MUTED
                canvas.name(left + column - 5, middle, bar.label, column - 6, "right", colour)
                canvas.write(scale.stop + value, middle, percent(bar.value, style), "right", colour)
                under += pitch
            under += APART
        left = scale.stop + value + GAP
    return canvas.drawing(label)


def multiples(
    rows: Sequence[str],
    panels: Sequence[tuple[str, Sequence[Bar]]],
    style: NegativeStyle,
    label: str,
    *,
    abreast: int = ABREAST,
    scale: tuple[float, float] | None = None,
    width: float = WIDTH,
) -> Drawing:
    """Small multiples: a panel a heading, all with the same rows in the same order on one scale, values in a column.

    Parameters
    ----------
    rows
        Names of the rows.
    panels
        Headings, each with its bars, one for each of `rows` (their own labels are not shown). A rule sets off totals.
    style, label
        As for `bar_panels`.
    abreast
        Panels beside each other; further ones stand below.
    scale
        The range of the scale, where other figures share it; by default what these bars need.
    width
        Points; a narrow figure has two panels beside each other at most.
    """
    bars = [bar for _, own in panels for bar in own]
    scale = limits([bar.ends for bar in bars]) if scale is None else scale
    canvas, panel_lines = small_multiples(
        rows,
        [heading for heading, _ in panels],
        scale,
        _value_column(bars, style),
        style,
        abreast=abreast if width >= WIDTH else min(abreast, 2),
        width=width,
        widest=260.0,
    )
    parts = iter([own for _, own in panels])
    for line in panel_lines:
        own = [next(parts) for _ in line]
        for panel, part in zip(line, own, strict=True):
            for row, bar in enumerate(part):
                draw_bar(canvas, panel.scale, panel.middle(row), bar)
                lines = [panel.heading, rows[row], told(bar, style)]
                canvas.tell(panel.scale.start, panel.scale.stop, panel.middle(row), lines)
                colour = INK if bar.certain else MUTED
                canvas.write(panel.right, panel.middle(row), percent(bar.value, style), "right", colour)
        for row, bar in enumerate(own[0]):
            if bar.total and row:
                y = line[0].top + row * ROW
                canvas.line([(0.0, y), (line[-1].right, y)], RULE, 0.8, layer=UNDER)
    return canvas.drawing(label)


def draw_bar(canvas: Canvas, scale: Scale, middle: float, bar: Bar, *, base: float = 0.0, whisker: bool = True) -> None:
    """A bar from a base, and the whisker of two standard errors; nothing where there is no value."""
    if not math.isfinite(bar.value):
        return
    canvas.bar(scale(base), scale(base + bar.value), middle, THICK * ROW, bar.colour, hollow=not bar.certain)
    if whisker and bar.error > 0 and math.isfinite(bar.error):
        low, high = (base + end for end in bar.ends)
        inner = max(low, min(base, base + bar.value)), min(high, max(base, base + bar.value))
        # a light edge, or the dark whisker is lost on the dark bar
        if inner[0] < inner[1] and bar.colour == POSITIVE and bar.certain:
            canvas.line([(scale(end), middle) for end in inner], PAPER, 2.0, layer=LINES)
        canvas.line([(scale(end), middle) for end in (low, high)], INK, 0.8, layer=OVER)


def draw_dot(canvas: Canvas, scale: Scale, middle: float, bar: Bar) -> None:
    """A dot at a value with two standard errors either way; hollow where that reaches zero, nothing without a value."""
    if not math.isfinite(bar.value):
        return
    if 0 < bar.error < math.inf:
        canvas.line([(scale(end), middle) for end in bar.ends], bar.colour, 1.4)
    canvas.dot(scale(bar.value), middle, RADIUS, bar.colour if bar.certain else PAPER, bar.colour)


def told(bar: Bar, style: NegativeStyle) -> str:
    """A bar's value in full, and two standard errors where they are known.

    Examples
    --------
    >>> told(Bar("Size", -0.0123, 0.001), "minus"), told(Bar("Others", 0.02, math.inf), "minus")
    ('−1.2300% ± 0.2000%', '2.0000%')
    """
    value = percent(bar.value, style, FULL, unit="%")
    if not math.isfinite(bar.value) or not 0 < bar.error < math.inf:
        return value
    return f"{value} ± {percent(2 * bar.error, style, FULL, unit='%')}"


def _value_column(bars: Sequence[Bar], style: NegativeStyle) -> float:
    return max((text_width(percent(bar.value, style)) for bar in bars), default=0.0) + 7
