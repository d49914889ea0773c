"""The page of a walk: what became of a strategy's lists, what its rules brought, and that nobody held them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.construction.months import WalkedMonths
from attribution.house_style.drawing.bars import Bar
from attribution.house_style.drawing.canvas import Drawing
from attribution.house_style.drawing.lines import cumulative_lines
from attribution.house_style.drawing.svg import to_svg, told_places
from attribution.house_style.drawing.waterfall import waterfall
from attribution.house_style.words import read_messages
from attribution.portfolio.book import Book
from attribution.reporting.pages.cells import Cells
from attribution.reporting.pages.page import SCREEN, asset, environment
from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords, page_words
from attribution.reporting.tables.rungs import rung_name, rung_rules

if TYPE_CHECKING:
    from markupsafe import Markup

SIDES = ("portfolio", "benchmark")


@dataclass(frozen=True)
class WalkView:
    """What the page of a walk shows.

    Attributes
    ----------
    name, benchmark
        Of the strategy, and what it is held against.
    first, last
        The months walked.
    months, rules
        Rows of the tables months and rules; of the latter what the rungs add up to over all months.
    figures, over
        As `WalkedMonths.figures` and `returns_over`.
    lines, ladder
        The charts.
    """

    name: str
    benchmark: str
    first: str
    last: str
    months: list[dict[str, Any]]
    rules: list[tuple[str, float]]
    figures: dict[str, float]
    over: str
    lines: Markup
    ladder: Markup


def render_walk(book: Book, months: WalkedMonths, language: str) -> str:
    """The page of a walk in a language, with nothing to load.

    Parameters
    ----------
    book
        The walk's own.
    months
        What became of its lists.
    language
        "ja" or "en".
    """
    words = page_words(book, language, read_messages(language, market=book.market_name, names=book.names(language)))
    return (
        environment()
        .get_template("templates/walk.html")
        .render(
            lang=language,
            medium="screen",
            t=words.messages,
            words=words,
            cells=Cells(words, traced=False),
            view=_view(book, months, words),
            styles=[asset(name) for name in ("page.css", "print.css", SCREEN)],
        )
    )


def _view(book: Book, months: WalkedMonths, words: PageWords) -> WalkView:
    strategy = months.strategy
    benchmark = book.strategies[strategy].benchmark
    name, t = words.sleeve(strategy), words.messages
    known = rung_rules(book, strategy)
    rules = [(rung_name(str(rung), known, t), float(value)) for rung, value in months.linked.items() if value]
    daily = months.daily
    lines = cumulative_lines(
        {name: daily["return"]}, {benchmark: daily["benchmark_return"]}, words.style, t("walk_page.lines"), t
    )
    steps = [Bar(label, value) for label, value in rules]
    end = Bar(t("rules_section.total"), float(months.linked.sum()))
    ladder = waterfall(steps, Bar(t("rules_section.start"), 0.0), end, words.style, t("charts.rules", name=name))
    table = months.table
    return WalkView(
        name=name,
        benchmark=benchmark,
        first=words.date(table["month"].iloc[0] + "-01", "month"),
        last=words.date(table["month"].iloc[-1] + "-01", "month"),
        months=records(table),
        rules=rules,
        figures=months.figures,
        over=months.returns_over,
        lines=_svg(lines),
        ladder=_svg(ladder),
    )


def _svg(drawing: Drawing) -> Markup:
    from markupsafe import Markup

    return Markup(to_svg(drawing).removesuffix("</svg>") + told_places(drawing) + "</svg>")
