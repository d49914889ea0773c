"""Charts of the report as matplotlib figures, and as SVG that stands inside a page."""

from __future__ import annotations

import io
import math
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd

from attribution.book import Negative, NegativeStyle
from attribution.report.format import number, percent
from attribution.report.words import Messages, read_messages

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from attribution.result import AttributionResult

WIDTH, SIZE, ROW = 540.0, 8.0, 13.5  # points: width of a figure, size of its text, pitch of its rows
INK, MUTED, RULE = "#1c2733", "#66717d", "#d9dee3"
POSITIVE, NEGATIVE, TOTAL = "#1f5fa8", "#d9741a", "#7d8894"  # blue and orange differ in every kind of colour blindness
PALE = {POSITIVE: "#b9cfe8", NEGATIVE: "#f4d3b3", TOTAL: TOTAL}
SCALE = ("#153f78", "#5b8cc4", "#8f9499", "#e39b52", "#b8500c")
DASHES = ((0, (4, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (2, 2)))
HOUSE = {"svg.hashsalt": "attribution", "svg.fonttype": "none", "font.family": ["DejaVu Sans"], "font.size": SIZE}
JAPANESE_FONTS = ("Noto Sans JP", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "Meiryo", "IPAexGothic")


@dataclass(frozen=True)
class Bar:
    """A bar of a panel: decimals; `certain` where the value is at least twice its error."""

    label: str
    value: float
    error: float = 0.0

    @property
    def certain(self) -> bool:
        """Whether the value stands out from its error."""
        return abs(self.value) >= 2 * self.error


def bar_panels(panels: Sequence[Sequence[Sequence[Bar]]], style: NegativeStyle, label: str, *, shared: bool) -> Figure:
    """Horizontal bars in panels side by side, with whiskers of two standard errors and the values in a column.

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
    """
    columns = [max((text_width(bar.label) for group in panel for bar in group), default=0) + 6 for panel in panels]
    columns = [min(column, 118.0) for column in columns]
    value_column, gap, bottom, top = 34.0, 12.0, 22.0, 4.0
    axis = (WIDTH - sum(columns) - len(panels) * value_column - (len(panels) - 1) * gap) / len(panels)
    limits = [_limits([bar for group in panel for bar in group]) for panel in panels]
    if shared:
        limits = [(min(low for low, _ in limits), max(high for _, high in limits))] * len(panels)
    heights = [sum(map(len, panel)) + 0.5 * (len(panel) - 1) for panel in panels]
    height = max(heights) * ROW + bottom + top
    with house():
        figure = _figure(height, label)
        left = 0.0
        for panel, column, limit, rows in zip(panels, columns, limits, heights, strict=True):
            axes = _axes(figure, left + column, height - top - rows * ROW, axis, rows * ROW)
            axes.set(xlim=limit, ylim=(rows - 0.5, -0.5))
            _percent_ticks(axes.xaxis, limit, style, axis)
            axes.axvline(0, color=INK, linewidth=0.7, zorder=3)
            place = 0.0
            for group in panel:
                for bar in group:
                    _draw_bar(axes, place, bar, column, axis + value_column, style)
                    place += 1
                place += 0.5
            left += column + axis + value_column + gap
    return figure


def _draw_bar(axes: Axes, place: float, bar: Bar, column: float, right: float, style: NegativeStyle) -> None:
    if math.isfinite(bar.value):
        colour = POSITIVE if bar.value >= 0 else NEGATIVE
        axes.barh(place, bar.value, 0.62, color=colour if bar.certain else PALE[colour], zorder=2)
        if bar.error > 0:
            axes.hlines(place, bar.value - 2 * bar.error, bar.value + 2 * bar.error, color=INK, linewidth=0.8, zorder=4)
    colour = INK if math.isfinite(bar.value) and bar.certain else MUTED
    _write(axes, -5, place, shortened(bar.label, column - 6), "right", colour)
    _write(axes, right, place, percent(bar.value, style), "right", colour)


def _limits(bars: Sequence[Bar]) -> tuple[float, float]:
    """A range around zero that holds every bar and whisker, with a little air."""
    ends = [bar.value + sign * 2 * bar.error for bar in bars if math.isfinite(bar.value) for sign in (-1, 1)]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    air = 0.04 * (high - low) or 0.001
    return low - air, high + air


def cumulative_lines(
    courses: dict[str, pd.Series], benchmarks: dict[str, pd.Series], style: NegativeStyle, label: str
) -> Figure:
    """Compounded returns since the first day, courses in colour and benchmarks dashed, each named at its end.

    Parameters
    ----------
    courses, benchmarks
        Daily returns by name, all over the same days.
    style, label
        As for `bar_panels`.
    """
    height, left, bottom, top = 250.0, 36.0, 20.0, 6.0
    lines = {**{f"c{name}": x for name, x in courses.items()}, **{f"b{name}": x for name, x in benchmarks.items()}}
    names = max(text_width(name[1:]) for name in lines)
    names = min(names, 120.0)
    axis = WIDTH - left - names - 58
    days = next(iter(lines.values())).index
    place = np.array([0, *(days - days[0]).days + 1], dtype=float)
    paths = {name: np.array([0.0, *(1 + x).cumprod() - 1]) for name, x in lines.items()}
    low, high = min(path.min() for path in paths.values()), max(path.max() for path in paths.values())
    air = 0.04 * (high - low) or 0.001
    limit = (low - air, high + air)
    area = height - bottom - top
    ends = spread([path[-1] for path in paths.values()], (limit[1] - limit[0]) * 10.5 / area, *limit)
    with house():
        figure = _figure(height, label)
        axes = _axes(figure, left, bottom, axis, area)
        axes.set(xlim=(0, place[-1]), ylim=limit)
        _percent_ticks(axes.yaxis, limit, style, area)
        axes.set_xticks(*_date_ticks(days))
        axes.axhline(0, color=INK, linewidth=0.7)
        for number_of, ((name, path), end) in enumerate(zip(paths.items(), ends, strict=True)):
            course = name[0] == "c"
            colour = _between(number_of / max(len(courses) - 1, 1)) if course else INK
            dash: Any = "solid" if course else DASHES[(number_of - len(courses)) % len(DASHES)]
            axes.plot(place, path, color=colour, linestyle=dash, linewidth=1.5 if course else 1.1, zorder=3 if course else 4)
            leader = np.array([axis, axis + 5, axis + 13, axis + 22]) / axis * place[-1]
            axes.plot(
                leader, [path[-1], path[-1], end, end], color=colour, linestyle=dash if course else "solid",
                linewidth=0.6, clip_on=False,
            )  # fmt: skip
            _write(axes, axis + 25, end, shortened(name[1:], names), "left", INK)
            _write(axes, WIDTH - left, end, percent(path[-1], style), "right", INK)
    return figure


def waterfall(steps: Sequence[Bar], start: Bar, end: Bar, style: NegativeStyle, label: str) -> Figure:
    """From one total to another, step by step, top to bottom.

    Parameters
    ----------
    steps
        Contributions; with `start` they add to `end`.
    start, end
        The totals, drawn from zero.
    style, label
        As for `bar_panels`.
    """
    bars = [start, *steps, end]
    column = min(max(text_width(bar.label) for bar in bars) + 6, 160.0)
    bottom, top, value_column = 22.0, 4.0, 40.0
    axis = WIDTH - column - value_column
    height = len(bars) * ROW * 1.15 + bottom + top
    after = start.value + np.cumsum([0.0, *(bar.value for bar in steps)])
    limit = _limits([Bar("", float(level)) for level in after])
    with house():
        figure = _figure(height, label)
        axes = _axes(figure, column, bottom, axis, height - bottom - top)
        axes.set(xlim=limit, ylim=(len(bars) - 0.5, -0.5))
        _percent_ticks(axes.xaxis, limit, style, axis)
        axes.axvline(0, color=INK, linewidth=0.7, zorder=3)
        for row, bar in enumerate(bars):
            total = bar is start or bar is end
            base = 0.0 if total else after[row - 1]
            colour = TOTAL if total else POSITIVE if bar.value >= 0 else NEGATIVE
            axes.barh(row, bar.value, 0.62, left=base, color=colour if bar.certain else PALE[colour], zorder=2)
            if row < len(bars) - 1:
                axes.vlines(base + bar.value, row, row + 1, color=MUTED, linewidth=0.6, zorder=1)
            _write(axes, -5, row, shortened(bar.label, column - 6), "right", INK)
            _write(axes, axis + value_column, row, percent(bar.value, style, signed=not total), "right", INK)
    return figure


def contribution_panels(result: AttributionResult, messages: Messages) -> list[list[list[Bar]]]:
    """The bars of a factor-contribution chart: the styles by size; market, sectors, specific and the others."""
    frame = result.factors
    bars = {str(row.factor): Bar(messages.factor(str(row.factor)), row.contribution, row.standard_error)
            for row in frame.itertuples()}  # fmt: skip
    group = dict(zip(frame["factor"], frame["group"], strict=True))
    of = {name: [bars[f] for f in bars if group[f] == name] for name in ("market", "sector", "style", "specific", "other")}
    rest = [sorted_bars(of["sector"]), of["specific"] + of["other"]]
    return [[sorted_bars(of["style"])], [of["market"], *(bars for bars in rest if bars)]]


def sorted_bars(bars: Sequence[Bar]) -> list[Bar]:
    """Largest first, those without a value last."""
    return sorted(bars, key=lambda bar: -bar.value if math.isfinite(bar.value) else math.inf)


@dataclass(frozen=True)
class Plots:
    """Figures of one attribution. They are returned, and drawn by whoever asked."""

    result: AttributionResult

    def factors(self, lang: str = "en") -> Figure:
        """Contributions by factor, with whiskers of two standard errors.

        Parameters
        ----------
        lang
            "en" or "ja".
        """
        messages = read_messages(lang)
        label = messages("charts.contributions", name=self.result.course)
        return _legible(bar_panels(contribution_panels(self.result, messages), _style(lang), label, shared=True), lang)

    def waterfall(self, lang: str = "en", *, styles: int = 8) -> Figure:
        """From the benchmark's return to the course's: market, sectors, the largest styles one by one, specific, the others.

        Parameters
        ----------
        lang
            "en" or "ja".
        styles
            How many of the largest styles stand alone; the others are one step.
        """
        messages, result = read_messages(lang), self.result
        frame = result.factors.set_index("factor")
        groups, errors = result.by("group"), result.standard_errors("group")
        style = frame[frame["group"] == "style"]
        largest = style.loc[style["contribution"].abs().sort_values(ascending=False, kind="stable").index[:styles]]
        alone = largest.sort_values("contribution", ascending=False, kind="stable")
        rest = style.drop(index=alone.index)["contribution"]
        steps = [Bar(messages.name("groups", g), groups[g], errors[g]) for g in ("market", "sector") if g in groups.index]
        steps += [Bar(messages.factor(str(f)), x.contribution, x.standard_error) for f, x in alone.iterrows()]
        if len(rest):
            steps.append(Bar(messages("charts.other_styles", count=len(rest)), float(rest.sum())))
        steps += [Bar(messages.name("groups", g), groups[g], errors[g]) for g in ("specific", "other") if g in groups.index]
        label = messages("charts.waterfall", name=result.course, benchmark=result.benchmark)
        start, end = Bar(result.benchmark, result.benchmark_return), Bar(result.course, result.portfolio_return)
        return _legible(waterfall(steps, start, end, _style(lang), label), lang)


def to_svg(figure: Figure, prefix: str) -> str:
    """Write a figure as an SVG element for a page: the same text on each run, its fonts left to the page.

    Parameters
    ----------
    figure
        From one of the functions here; its label becomes the element's accessible name.
    prefix
        Put before every id, so that several figures can stand in one page.
    """
    out = io.StringIO()
    with house():
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = out.getvalue()
    text = text[text.index("<svg") :].rstrip()
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    used = set(re.findall(r"#([\w.-]+)[\")]", text))
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{prefix}", text)
    name = quoteattr(str(figure.get_label()))
    size = figure.get_size_inches() * 72
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" aria-label={name} '
    )
    head += f'viewBox="0 0 {size[0]:g} {size[1]:g}" stroke-linejoin="round" stroke-linecap="butt">'
    return head + text[text.index(">") + 1 :]


@contextmanager
def house() -> Iterator[None]:
    """Matplotlib's defaults and the house's, whatever the user's settings; glyphs that its own font lacks are no matter."""
    from matplotlib import style

    with style.context(["default", HOUSE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def text_width(text: str, size: float = SIZE) -> float:
    """A cautious estimate of the width of a text in points: one em for a full-width character, less for others."""
    wide = sum(unicodedata.east_asian_width(c) in "WFA" for c in text)
    return size * (wide + 0.56 * (len(text) - wide))


def shortened(text: str, width: float) -> str:
    """A text that fits a width in points, cut with an ellipsis where it must be."""
    if text_width(text) <= width:
        return text
    while text and text_width(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart until neighbours are a gap from each other, as little as possible, inside a range.

    Examples
    --------
    >>> spread([0.0, 0.1, 5.0], 1.0, -10.0, 10.0)
    [-0.45, 0.55, 5.0]
    """
    order = sorted(range(len(places)), key=lambda k: places[k])
    blocks: list[tuple[float, int]] = []  # centre and size of each run of touching labels
    for k in order:
        blocks.append((places[k], 1))
        while len(blocks) > 1 and blocks[-1][0] - blocks[-2][0] < gap * (blocks[-1][1] + blocks[-2][1]) / 2:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [((a * n + b * m) / (n + m), n + m)]
    out = list(places)
    rank = 0
    for centre, size in blocks:
        half = gap * (size - 1) / 2
        centre = max(min(centre, high - half), low + half)
        for step in range(size):
            out[order[rank]] = round(centre - half + step * gap, 12)
            rank += 1
    return out


def _figure(height: float, label: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), facecolor="none")
    figure.set_label(label)
    return figure


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in points, with no frame but the grid's lines."""
    total = figure.get_size_inches() * 72
    axes = figure.add_axes((left / total[0], bottom / total[1], width / total[0], height / total[1]))
    axes.set(frame_on=False, yticks=[], axisbelow=True)
    axes.tick_params(length=0, pad=3, labelsize=SIZE - 1, labelcolor=MUTED)
    return axes


def _percent_ticks(axis: Any, limit: tuple[float, float], style: NegativeStyle, length: float) -> None:
    """A few round ticks in percent, written in the house style, with light lines."""
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(nbins=max(2, int(length / 24)), steps=[1, 2, 5, 10])
    ticks = [tick for tick in locator.tick_values(limit[0] * 100, limit[1] * 100) if limit[0] <= tick / 100 <= limit[1]]
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    axis.set_ticks([tick / 100 for tick in ticks], [number(tick, style, decimals) for tick in ticks])
    axis.grid(True, color=RULE, linewidth=0.6)


def _date_ticks(days: pd.DatetimeIndex) -> tuple[list[int], list[str]]:
    """At most eight starts of weeks, months, quarters or years, as days since the day before the first, and their names."""
    rules = {"W-MON": "%m-%d", "MS": "%Y-%m", "QS": "%Y-%m", "2QS": "%Y-%m", "YS": "%Y", "5YS": "%Y"}
    found = {rule: pd.date_range(days[0], days[-1], freq=rule) for rule in rules}
    rule = next((rule for rule, starts in found.items() if len(starts) <= 8), "5YS")
    starts, form = found[rule], rules[rule]
    return [int((start - days[0]).days) + 1 for start in starts], [start.strftime(form) for start in starts]


def _write(axes: Axes, left: float, row: float, text: str, align: str, colour: str) -> None:
    """Write at so many points right of the axes' left edge, centred on a row whatever font draws it."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure: Any = axes.get_figure()
    origin = blended_transform_factory(axes.transAxes, axes.transData)
    move = ScaledTranslation(left / 72, -0.36 * SIZE / 72, figure.dpi_scale_trans)
    axes.text(0, row, text, transform=origin + move, ha=align, va="baseline", color=colour, parse_math=False, clip_on=False)


def _between(share: float) -> str:
    """A colour on the scale from the first course to the last."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    return to_hex(LinearSegmentedColormap.from_list("courses", SCALE)(share))


def _style(language: str) -> NegativeStyle:
    return Negative().ja if language == "ja" else Negative().en


def _legible(figure: Figure, language: str) -> Figure:
    """Give the texts of a Japanese figure that a user will draw the Japanese fonts that this machine has."""
    if language == "ja":
        from matplotlib import font_manager
        from matplotlib.text import Text

        there = {font.name for font in font_manager.fontManager.ttflist}
        for text in figure.findobj(Text):
            text.set_fontfamily([*(name for name in JAPANESE_FONTS if name in there), "DejaVu Sans"])
    return figure
