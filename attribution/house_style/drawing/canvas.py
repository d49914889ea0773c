"""A sheet in points, its colours, scales and labels: what every chart of the report is drawn with."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from attribution.house_style.colours import PAPER as PAPER
from attribution.house_style.colours import in_palette
from attribution.house_style.drawing.tip import Tip
from attribution.house_style.numbers import NegativeStyle, number

WIDTH, SIZE, ROW = 540.0, 8.0, 13.5  # points: width of a figure, size of its text, pitch of its rows
NARROW = 256.0  # points: two figures abreast on a page, one across a telephone, where 7 points are 10 pixels then
SMALL, LINE = SIZE - 1, 6.8  # text of scales, and the pitch of its lines: two of them are as high as a row
INK, MUTED, RULE = "#1c2733", "#66717d", "#d9dee3"
POSITIVE, NEGATIVE, TOTAL = "#1f5fa8", "#d9741a", "#7d8894"  # blue and orange differ in every kind of colour blindness
FAINT = "#8a949e"  # lines that are only the background of others: 3:1 on paper still
OUTLINE = 0.9  # points: edge of a hollow mark
SCALE = ("#153f78", "#5b8cc4", "#8f9499", "#e39b52", "#b8500c")
SOLID: tuple[float, ...] = ()
DASHES: tuple[tuple[float, ...], ...] = ((4, 2), (1, 1.4), (6, 2, 1, 2), (2, 2))
BREAKS, OPENS = " ・、,:：/-", "（("  # after which and before which a name may be parted
QUARTERS = ((1, 0), (0, 1), (-1, 0), (0, -1))
UNDER, GRID, MARKS, LINES, OVER = range(5)  # layers, the last on top
WIDTHS = {
    **dict.fromkeys(" ',.:;Iijl|", 0.34),
    **dict.fromkeys("!()-/[\\]frt", 0.42),
    **dict.fromkeys('"*?Jsz', 0.53),
    **dict.fromkeys("ABCKRVXZ", 0.72),
    **dict.fromkeys("#&+<=>DGHNOQU^w~−", 0.84),
    **dict.fromkeys("%@MWm", 1.0),
}  # em, not less than in the wider of the fonts that may draw a chart
FINER = 2.5  # a step before the first that could have room: where that leaves 0 alone, every other of it tells the scale
LEAST_ROOM = 10.0  # points between two ticks of which one alone would tell no scale
OTHER_WIDTH = 0.65


@dataclass(frozen=True)
class Mark:
    """Lines, boxes or round marks that look the same: points (x, y) of each, of round ones of its four cubic arcs.

    `face` and `edge` are colours, None for none; `thick` and `dash` are those of the edge, in points.
    """

    paths: tuple[Any, ...]
    curved: bool
    face: str | None
    edge: str | None
    thick: float
    dash: tuple[float, ...]


@dataclass(frozen=True)
class Drawing:
    """A chart that is done: in points from its upper left corner, its marks from the lowest to the highest.

    A text is its x, baseline, words, the end that stands at x, colour and size. `drawing.to_svg` writes it for a page, and
    `drawing.to_figure` makes a figure of matplotlib of it.
    """

    width: float
    height: float
    label: str
    marks: tuple[Mark, ...]
    texts: tuple[tuple[float, float, str, str, str, float], ...]
    tips: tuple[Tip, ...]


@dataclass
class Canvas:
    """A sheet in points from its upper left corner; of what is put on it `drawing` makes equal marks one path."""

    width: float
    height: float
    marks: dict[tuple[Any, ...], list[Any]] = field(default_factory=dict)
    texts: list[tuple[float, float, str, str, str, float]] = field(default_factory=list)
    tips: list[Tip] = field(default_factory=list)

    def bar(self, left: float, right: float, middle: float, thick: float, colour: str, *, hollow: bool = False) -> None:
        """A bar between two places, around a height; a hollow one is its edge alone."""
        low, high = sorted((left, right))
        box = [(low, middle - thick / 2), (high, middle - thick / 2), (high, middle + thick / 2), (low, middle + thick / 2)]
        kind: tuple[Any, ...] = ("line", colour, OUTLINE, SOLID) if hollow else ("fill", colour, 0.0, SOLID)
        self._put((MARKS, *kind), [*box, box[0]])

    def line(self, points: Any, colour: str, thick: float, *, dash: tuple[float, ...] = SOLID, layer: int = LINES) -> None:
        """A line through points (x, y)."""
        self._put((layer, "line", colour, thick, dash), points)

    def dot(self, x: float, y: float, radius: float, face: str, edge: str) -> None:
        """A round mark."""
        bend = 0.5523 * radius  # four cubic arcs make a circle
        points = [(x + radius, y)]
        for (a, b), (c, d) in zip(QUARTERS, (*QUARTERS[1:], QUARTERS[0]), strict=True):
            points += [
                (x + radius * a + bend * c, y + radius * b + bend * d),
                (x + radius * c + bend * a, y + radius * d + bend * b),
            ]
            points.append((x + radius * c, y + radius * d))
        self._put((OVER, "dot", edge, 1.0, face), points)

    def write(
        self,
        x: float,
        middle: float,
        text: str,
        align: str = "left",
        colour: str = INK,
        size: float = SIZE,
    ) -> None:
        """A text centred on a height whatever font draws it; `align` says which end stands at x."""
        self.texts.append((x, middle + 0.36 * size, text, align, colour, size))

    def name(
        self, x: float, middle: float, text: str, room: float, align: str = "left", colour: str = INK, *, lines: int = 2
    ) -> None:
        """A name centred on a height within `room`: smaller, and on two lines, where it is too long for one."""
        text = in_line(text)
        if text_width(text) <= room:
            self.write(x, middle, text, align, colour)
            return
        parts = in_two(text, room, SMALL) if lines == 2 else [shortened(text, room, SMALL)]
        for place, part in enumerate(parts):
            self.write(x, middle + (place - (len(parts) - 1) / 2) * LINE, part, align, colour, SMALL)

    def tell(self, left: float, right: float, middle: float, lines: Sequence[str], *, height: float = ROW) -> None:
        """What to say of a place around a height, line by line; empty lines are left out."""
        text = "\n".join(" ".join(line.split()) for line in lines if line.strip())
        self.tips.append(Tip(left, right, middle - height / 2, middle + height / 2, text))

    def drawing(self, label: str) -> Drawing:
        """What is on the sheet, in the colours of the house; `label` is what it shows, in words."""
        marks = []
        for layer, kind, colour, thick, dash in sorted(self.marks, key=lambda key: int(key[0])):
            face = in_palette(dash) if kind == "dot" else in_palette(colour) if kind == "fill" else None
            edge = None if kind == "fill" else in_palette(colour)
            paths = tuple(self.marks[layer, kind, colour, thick, dash])
            marks.append(Mark(paths, kind == "dot", face, edge, thick, () if kind == "dot" else dash))
        written = [(x, y, text, align, in_palette(colour), size) for x, y, text, align, colour, size in self.texts]
        return Drawing(self.width, self.height, label, tuple(marks), tuple(written), tuple(self.tips))

    def _put(self, key: tuple[Any, ...], path: Any) -> None:
        self.marks.setdefault(key, []).append(path)


@dataclass(frozen=True)
class Scale:
    """Values to places in points along one direction."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: Any) -> Any:
        """The place of a value, or of an array of them."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self, style: NegativeStyle, *, upright: bool = False, factor: float = 100.0) -> list[tuple[float, str]]:
        """A few round values inside the range with their texts, as many as do not touch; the values of a scale in percent
        are decimals.
        """
        length = abs(self.stop - self.start)
        closer: list[tuple[float, str]] = []
        least = (self.high - self.low) * factor / max(2.0, length / 14.0)
        for step in _steps(least / FINER if upright else least):
            first, last = math.ceil(self.low * factor / step - 1e-9), math.floor(self.high * factor / step + 1e-9)
            decimals = max(0, -math.floor(math.log10(step) + 1e-9))
            found = [(k * step / factor, number(k * step, style, decimals)) for k in range(first, last + 1)]
            room = length * step / factor / (self.high - self.low)
            need = max((text_width(text, SMALL) for _, text in found), default=0.0) + (
                4.0 if length < 150.0 else 14.0
            )  # a long scale need not be full
            need = 24.0 if upright else max(need, min(22.0, length / 3))
            if step >= least and (room >= need or len(found) <= 2):
                return found if len(found) > 1 else closer or found
            every = math.ceil(LEAST_ROOM / room) if upright else 1  # 0 alone would tell no scale: 4 does where 5 is outside
            closer = [tick for k, tick in zip(range(first, last + 1), found, strict=True) if k % every == 0]
            closer = closer if len(closer) > 1 and room * every >= LEAST_ROOM else []
        raise AssertionError  # steps grow without end, so that at last two or fewer are inside


def _steps(least: float) -> Iterator[float]:
    """1, 2 or 5 times a power of ten, from a least step on."""
    power = math.floor(math.log10(least))
    while True:
        yield from (step for step in (10.0**power * digit for digit in (1, 2, 5)) if step >= least)
        power += 1


def limits(values: Any, air: float = 0.04) -> tuple[float, float]:
    """A range around zero that holds every finite value, with a little air.

    Examples
    --------
    >>> limits([0.5, -0.5]), limits([float("nan"), 0.0])
    ((-0.54, 0.54), (-0.001, 0.001))
    """
    values = np.asarray(values, dtype=float).ravel()
    values = values[np.isfinite(values)]
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    margin = air * (high - low) or 0.001
    return low - margin, high + margin


def across(canvas: Canvas, scale: Scale, top: float, bottom: float, style: NegativeStyle, *, factor: float = 100.0) -> None:
    """Light lines at the round values of a scale that runs to the right, their texts below, and the line of zero."""
    for value, text in scale.ticks(style, factor=factor):
        canvas.line([(scale(value), top), (scale(value), bottom)], RULE, 0.6, layer=UNDER)
        canvas.write(scale(value), bottom + 8, text, "center", MUTED, SMALL)
    if scale.low <= 0 <= scale.high:
        canvas.line([(scale(0.0), top), (scale(0.0), bottom)], INK, 0.7, layer=LINES)


def text_width(text: str, size: float = SIZE) -> float:
    """A cautious estimate of the width of a text in points: one em for a full-width character, less for others.

    Examples
    --------
    >>> text_width("規模", 10.0), round(text_width("Size", 10.0), 2)
    (20.0, 21.7)
    """
    return size * sum(_em(character) for character in text)


@cache
def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WFA":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    return WIDTHS.get(character, OTHER_WIDTH if character.isascii() else 0.84)


def in_line(text: str) -> str:
    """A text with blanks for what ends a line or cannot be printed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str, width: float, size: float = SIZE) -> str:
    """A text on one line that fits a width in points, cut with an ellipsis where it must be.

    Examples
    --------
    >>> shortened("Communication Services", 60.0)
    'Communica…'
    """
    text = in_line(text)
    if text_width(text, size) <= width + 1e-6:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def in_two(text: str, width: float, size: float) -> list[str]:
    """A text on one line or two that fit a width in points, parted between words where it can be; cut where it must be.

    Examples
    --------
    >>> in_two("Held, beside what the rules give", 80.0, 7.0), in_two("コミュニケーション・サービス", 80.0, 7.0)
    (['Held, beside what', 'the rules give'], ['コミュニケーション・', 'サービス'])
    >>> in_two("Size", 80.0, 7.0), max(text_width(line, 7.0) for line in in_two("Unbreakable", 30.0, 7.0)) <= 30.0
    (['Size'], True)
    """
    if text_width(text, size) <= width:
        return [text]
    fits = [k for k in range(1, len(text)) if text_width(text[:k].rstrip(), size) <= width]
    between = [k for k in fits if text[k - 1] in BREAKS or text[k] in OPENS]
    whole = [k for k in between if text_width(text[k:].lstrip(), size) <= width]
    best = min(whole, key=lambda k: abs(text_width(text[:k]) - text_width(text[k:])), default=None)
    at = best if best is not None else between[-1] if between and not _wide(text) else fits[-1] if fits else 1
    return [text[:at].rstrip(), shortened(text[at:].lstrip(), width, size)]


def _wide(text: str) -> bool:
    """Whether a text is written without spaces, so that it may be parted anywhere."""
    return any(unicodedata.east_asian_width(character) in "WF" for character in text)


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart until neighbours are a gap from each other, as little as possible, inside a range.

    Examples
    --------
    >>> spread([0.0, 0.1, 5.0], 1.0, -10.0, 10.0)
    [-0.45, 0.55, 5.0]
    """
    order = sorted(range(len(places)), key=lambda k: places[k])
    blocks: list[tuple[float, int]] = []  # centre and size of each run of touching labels

    def inside(centre: float, size: int) -> float:
        half = gap * (size - 1) / 2
        return max(min(centre, high - half), low + half)

    for k in order:
        blocks.append((inside(places[k], 1), 1))
        while len(blocks) > 1 and blocks[-1][0] - blocks[-2][0] < gap * (blocks[-1][1] + blocks[-2][1]) / 2:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [(inside((a * n + b * m) / (n + m), n + m), n + m)]
    out = list(places)
    rank = 0
    for centre, size in blocks:
        for step in range(size):
            out[order[rank]] = round(centre - gap * (size - 1) / 2 + step * gap, 12)
            rank += 1
    return out


def between(share: float) -> str:
    """A colour on the scale from the first course to the last.

    Examples
    --------
    >>> between(0.0), between(0.125), between(1.0)
    ('#153f78', '#38669e', '#b8500c')
    """
    parts = [[int(colour[first : first + 2], 16) for colour in SCALE] for first in (1, 3, 5)]
    places = np.linspace(0.0, 1.0, len(SCALE))
    return "#" + "".join(f"{round(float(np.interp(share, places, part))):02x}" for part in parts)
