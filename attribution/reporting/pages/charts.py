"""The page's charts: figures of the month as SVG."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from attribution.house_style.drawing import to_svg, told_places
from attribution.house_style.drawing.canvas import NARROW, Drawing
from attribution.house_style.drawing.waterfall import leaves_out_zero
from attribution.reporting.charts import (
    LINES_NAMED,
    MOST_LINES,
    NARROWED,
    bridge_bars,
    client_figures,
    exposures,
    in_house,
    month_figures,
    waterfall_bars,
)
from attribution.reporting.pages.words import PageWords

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from attribution.reporting.tables.content import Content


HALF = 230.0  # points: width of a chart beside a table


@dataclass(frozen=True)
class PageCharts:
    """Draws a chart when a template asks for it.

    Attributes
    ----------
    content, words
        The month, and the language and style of its charts.
    drawn
        What was drawn and what it tells under the pointer, so that the page for the screen and the one for print share it.
    pointed
        Whether it is for a screen: a chart tells its values under the pointer, and a wide one has a narrow form beside it.
    """

    content: Content
    words: PageWords
    drawn: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    pointed: bool = True

    @cached_property
    def figures(self) -> dict[str, Callable[..., Drawing]]:
        """How to draw each figure of the month, by name."""
        return month_figures(self.content, self.words.messages, self.words.style)

    @cached_property
    def always(self) -> dict[str, Callable[..., Drawing]]:
        """Of these the ones that every month has, and that no table need be made for."""
        return client_figures(self.content, self.words.messages, self.words.style)

    def has(self, name: str, course: str = "") -> bool:
        """Whether the month has this figure, or a course this one."""
        return (f"{name}/{course}" if course else name) in self.figures

    def parts(self, name: str) -> list[str]:
        """The names of a figure's parts, where it has more than a page holds; of one that the month has not, none."""
        return [
            key for key in self.figures if key == name or (key.startswith(f"{name}/") and key[len(name) + 1 :].isdigit())
        ]

    def draw(self, name: str, course: str = "") -> Markup:
        """A figure of the month, or that of a course; on a screen a wide one and its narrow form, of which one is shown."""
        from markupsafe import Markup

        key = f"{name}/{course}" if course else name
        figure = self.always[key] if key in self.always else self.figures[key]
        wide = self._svg(key, figure)
        if not self.pointed or key.split("/")[0] not in NARROWED:
            return wide
        narrow = self._svg(f"{key}, narrow", partial(figure, width=NARROW))
        return Markup(f'<div class="broad">{wide}</div><div class="narrow">{narrow}</div>')

    def pale_lines(self) -> str:
        """That of many courses only the lines of the best and the worst are named; empty where all are."""
        count = len(self.content.results)
        return self.words.messages("cumulative.pale", count=count, named=LINES_NAMED) if count > MOST_LINES else ""

    def leaves_out_zero(self, course: str) -> bool:
        """Whether the bars of a course's waterfall are broken."""
        return leaves_out_zero(*waterfall_bars(self.content, self.words.messages, course=course))

    def bridge_key(self, course: str) -> str:
        """What hollow and broken bars of a course's short waterfall are, where it has any."""
        steps, start, end = bridge_bars(self.content, self.words.messages, course=course)
        hollow = self.words.messages("client.bridge_hollow") if any(not step.certain for step in steps) else ""
        return self.words.sentences(
            hollow, self.words.messages("sleeve.waterfall_cut") if leaves_out_zero(steps, start, end) else ""
        )

    def exposures(self, course: str, place: int) -> Markup:
        """One sleeve's active exposures, now and a month before."""
        draw = partial(
            in_house, exposures, self.content, self.words.messages, self.words.style, courses=[course], width=HALF
        )
        return self._svg(f"exposures-{place}", draw)

    def _svg(self, key: str, figure: Callable[[], Drawing]) -> Markup:
        from markupsafe import Markup

        if key not in self.drawn:
            made = figure()
            self.drawn[key] = to_svg(made), told_places(made)
        svg, places = self.drawn[key]
        return Markup(svg.removesuffix("</svg>") + places + "</svg>" if self.pointed else svg)
