"""Lines over days, each named at its end."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from attribution.house_style.drawing.canvas import (
    DASHES,
    FAINT,
    INK,
    LINES,
    MARKS,
    MUTED,
    NARROW,
    NEGATIVE,
    OVER,
    POSITIVE,
    RULE,
    SMALL,
    SOLID,
    UNDER,
    WIDTH,
    Canvas,
    Drawing,
    Scale,
    between,
    limits,
    spread,
    text_width,
)
from attribution.house_style.numbers import NegativeStyle, percent
from attribution.house_style.words import Messages

PITCH = 10.5  # points between names at the lines' ends
TICKS = {
    **{"W-MON": "short_date", "MS": "short_month", "QS": "short_month", "2QS": "short_month"},
    **{"YS": "year", "5YS": "year", "20YS": "year"},
}  # frequency -> form of a date
MOST_TICKS, APART = 8, 4.0  # points between two of them
NAMES = 120.0  # points: widest column of names
STRIDE = 3.0  # points of width within which only the extremes of many days can be seen
STRIP = 6.0  # points: least width of the strip that tells a day's values
LEADER = 25.0  # points from the last day to the names
SHARE = 0.32  # of a narrow figure's width, at most, for the names at the lines' ends


def cumulative_lines(
    courses: Mapping[str, pd.Series],
    benchmarks: Mapping[str, pd.Series],
    style: NegativeStyle,
    label: str,
    messages: Messages,
    *,
    named: Collection[str] | None = None,
    height: float = 165.0,
    width: float = WIDTH,
) -> Drawing:
    """Compounded returns since the first day, courses in colour and benchmarks dashed, each named at its end.

    Parameters
    ----------
    courses, benchmarks
        Daily returns by name, all over the same days: the whole history, the last three months, any window. A missing return
        ends its line.
    style, label
        As for `attribution.house_style.drawing.bar_panels`.
    messages
        How dates are written.
    named
        The courses that are named and in colour, the others pale; by default all.
    height, width
        Points; higher where the names need it. In a narrow figure a value stands under its name.
    """
    shown = [name for name in courses if named is None or name in named]
    colours = {name: between(place / max(len(shown) - 1, 1)) for place, name in enumerate(shown)}
    courses = {name: courses[name] for name in [*(name for name in courses if name not in colours), *shown]}
    looks = [(colours[name], SOLID, 1.5, LINES) if name in colours else (FAINT, SOLID, 0.8, MARKS) for name in courses]
    looks += [(INK, DASHES[place % len(DASHES)], 1.1, OVER) for place in range(len(benchmarks))]
    series = [*courses.values(), *benchmarks.values()]
    levels = np.array([(1 + daily).cumprod().to_numpy(dtype=float, na_value=np.nan) - 1 for daily in series])
    names = [*(name if name in colours else None for name in courses), *benchmarks]
    return _chart(names, levels, _days(series[0].index), looks, style, label, messages, height, width)


def paths(
    levels: pd.DataFrame,
    names: Mapping[str, str],
    style: NegativeStyle,
    label: str,
    messages: Messages,
    *,
    total: str = "",
    height: float = 140.0,
    width: float = WIDTH,
) -> Drawing:
    """Paths over the days of a period, those that matter in colour and named at their end, the others pale.

    Parameters
    ----------
    levels
        (day, line) decimals, 0 before the first day: compounded factor returns, or contributions to date.
    names
        Columns that are named, each with its name; blue where they end above zero, orange below, told apart by dashes.
    style, label
        As for `attribution.house_style.drawing.bar_panels`.
    messages
        How dates are written.
    total
        The column of `names` that is the sum of all, drawn dark; none by default.
    height, width
        As for `cumulative_lines`.
    """
    shown = [line for line in levels.columns if line in names]
    order = [*(line for line in levels.columns if line not in shown), *shown]
    looks = []
    before: Counter[str] = Counter()  # named lines of a colour so far: the next one has other dashes
    for line in order:
        colour = POSITIVE if levels[line].iloc[-1] >= 0 else NEGATIVE
        dash = (SOLID, *DASHES)[before[colour] % (len(DASHES) + 1)]
        looks.append(
            (INK, SOLID, 1.6, OVER) if line == total else (colour, dash, 1.4, LINES) if line in shown
            else (FAINT, SOLID, 0.8, MARKS)
        )  # fmt: skip
        before[colour] += line in shown and line != total
    values = levels[order].to_numpy(dtype=float).T
    shown_names = [names.get(line) for line in order]
    return _chart(shown_names, values, _days(levels.index), looks, style, label, messages, height, width)


def drawdown_lines(
    depths: pd.DataFrame,
    names: tuple[str, str],
    style: NegativeStyle,
    label: str,
    messages: Messages,
    *,
    height: float = 128.0,
    width: float = NARROW,
) -> Drawing:
    """How far a portfolio and its benchmark were below their peaks, the portfolio's deepest day marked.

    Parameters
    ----------
    depths
        (day) portfolio and benchmark, decimals, 0 at a peak.
    names
        What the two lines are called.
    style, label, messages, height, width
        As for `cumulative_lines`.
    """
    looks = [(NEGATIVE, SOLID, 1.5, OVER), (INK, DASHES[0], 1.1, LINES)]
    values = depths.to_numpy(dtype=float).T
    deepest = int(np.nanargmin(values[0])) if np.isfinite(values[0]).any() and np.nanmin(values[0]) < 0 else None
    return _chart(names, values, _days(depths.index), looks, style, label, messages, height, width, marked=deepest)


def _chart(
    names: Sequence[str | None],
    levels: np.ndarray,
    days: pd.DatetimeIndex,
    looks: Sequence[tuple[str, tuple[float, ...], float, int]],
    style: NegativeStyle,
    label: str,
    messages: Messages,
    height: float,
    width: float,
    *,
    marked: int | None = None,
) -> Drawing:
    """Lines from zero before the first day on; those without a name are not written. The first one's `marked` day is."""
    stacked = width < WIDTH
    top, bottom = 6.0, 20.0
    last = np.array([row[np.isfinite(row)][-1] if np.isfinite(row).any() else np.nan for row in levels])
    texts = [name or "" for name in names]
    written = [k for k, name in enumerate(names) if name is not None and math.isfinite(last[k])]
    absent = [k for k, name in enumerate(names) if name is not None and not math.isfinite(last[k])]
    values = max((text_width(percent(last[k], style)) for k in [*written, *absent]), default=0.0)
    column = min(max((text_width(texts[k]) for k in [*written, *absent]), default=0.0), NAMES) + 8
    if stacked:
        column, values = min(max(column - 8, values), SHARE * width) + 8, 0.0
    lines = {k: 2 if stacked and text_width(texts[k]) > column - 8 else 1 for k in [*written, *absent]}
    pitch = (1 + max(lines.values(), default=1)) * PITCH + 1 if stacked else PITCH
    height = max(height, top + bottom + len(lines) * pitch)
    leader_room = 14.0 if stacked else LEADER
    low, high = limits(levels)
    down = Scale(low, high, height - bottom, top)
    ticks = down.ticks(style, upright=True)
    left = max((text_width(text, SMALL) for _, text in ticks), default=0.0) + 8
    right = width - values - column - leader_room + 8 * stacked if written or absent else width - 12
    along = Scale(0.0, float((days[-1] - days[0]).days + 1), left, right)
    canvas = Canvas(width, height)
    for value, text in ticks:
        canvas.line([(left, down(value)), (right, down(value))], RULE, 0.6, layer=UNDER)
        canvas.write(left - 5, down(value), text, "right", MUTED, SMALL)
    for place, text in date_ticks(days, messages, right - left):
        half = text_width(text, SMALL) / 2
        canvas.write(min(max(along(place), half), right + 18 - half), height - 9, text, "center", MUTED, SMALL)
    canvas.line([(left, down(0.0)), (right, down(0.0))], INK, 0.7, layer=LINES)
    x = along(np.array([0, *(days - days[0]).days + 1], dtype=float))
    for row, (colour, dash, thick, layer) in zip(levels, looks, strict=True):
        begins = int(np.isfinite(row).argmax())  # at zero on the day before its first return
        y = down(np.array([*row[:begins], 0.0, *row[begins:]]))
        seen = np.isfinite(y)
        canvas.line(thinned(np.column_stack([x[seen], y[seen]])), colour, thick, dash=dash, layer=layer)
    _tell_days(canvas, x, days, [(texts[k], levels[k]) for k in sorted(written, key=lambda k: -last[k])], style, messages)
    order = [*written, *absent]
    wanted = [*(float(down(last[k])) for k in written), *(height for _ in absent)]
    edge = pitch / 2 - 1 if stacked else 4.0
    for k, at, end in zip(order, wanted, spread(wanted, pitch, top + edge, height - bottom - edge), strict=True):
        colour = looks[k][0]
        if k in written:
            turns = (2.0, 8.0, leader_room - 2) if stacked else (5.0, 13.0, 22.0)
            leader = [(right, at), (right + turns[0], at), (right + turns[1], end), (right + turns[2], end)]
            canvas.line(leader, colour, 0.6, layer=LINES)
        told = percent(last[k], style)
        canvas.name(right + leader_room, end - PITCH / 2 * stacked, texts[k], column - 8, lines=lines[k])
        if stacked:
            canvas.write(right + leader_room, end + PITCH / 2 * lines[k], told, "left", INK)
        else:
            canvas.write(width, end, told, "right", INK)
    if marked is not None:
        at, deep, colour = float(x[marked + 1]), float(down(levels[0][marked])), looks[0][0]
        told = percent(levels[0][marked], style)
        room = text_width(told, SMALL) + 5
        canvas.dot(at, deep, 2.4, colour, colour)
        beside = at + 5 if at + room < right else at - room
        canvas.write(beside, min(deep + 3, height - bottom - 3), told, "left", colour, SMALL)
    return canvas.drawing(label)


def _tell_days(
    canvas: Canvas,
    x: np.ndarray,
    days: pd.DatetimeIndex,
    levels: Sequence[tuple[str, np.ndarray]],
    style: NegativeStyle,
    messages: Messages,
) -> None:
    """The values of the lines on each day, or on days far enough from each other to be pointed at; the last one always."""
    chosen: list[int] = []
    for place in range(len(days) - 1, -1, -1):
        if not chosen or x[chosen[-1] + 1] - x[place + 1] >= STRIP:
            chosen.append(place)
    chosen.reverse()
    at = x[np.array(chosen) + 1]
    edges = [float(x[0]), *((at[:-1] + at[1:]) / 2), float(x[-1])]
    for place, left, right in zip(chosen, edges[:-1], edges[1:], strict=True):
        values = [f"{name} {percent(row[place], style, unit='%')}" for name, row in levels]
        if values:
            canvas.tell(left, right, canvas.height / 2, [messages.date(days[place]), *values], height=canvas.height)


def date_ticks(days: pd.DatetimeIndex, messages: Messages, room: float = WIDTH) -> list[tuple[int, str]]:
    """Starts of weeks, months, quarters or years: days since the day before the first, and their names.

    As many as are no more than eight and do not touch on an axis of `room` points.
    """
    found: list[tuple[int, str]] = []
    for rule, form in TICKS.items():
        starts = pd.date_range(days[0], days[-1], freq=rule)
        found = [(int((start - days[0]).days) + 1, messages.date(start, form)) for start in starts]
        widest = max((text_width(text, SMALL) for _, text in found), default=0.0) + APART
        least = min(np.diff([place for place, _ in found]), default=np.inf) * room / ((days[-1] - days[0]).days + 1)
        if len(found) <= MOST_TICKS and least >= widest:
            break
    return found


def thinned(points: np.ndarray) -> np.ndarray:
    """A line of more days than can be told apart, by its highest and lowest day in every few points of width."""
    if len(points) <= 2 or len(points) <= points[-1, 0] - points[0, 0]:
        return points
    parts = pd.Series(points[:, 1]).groupby(points[:, 0] // STRIDE)
    return points[np.unique([0, *parts.idxmin(), *parts.idxmax(), len(points) - 1])]


def _days(index: pd.Index) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(index)
