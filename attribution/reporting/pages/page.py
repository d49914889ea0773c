"""The month's page: one document a language for the screen and for print, with nothing to load."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, TypeAlias

from attribution.reporting.house.own import NOTHING, Own, Section
from attribution.reporting.house.templates import named, own_environment
from attribution.reporting.pages.cells import Cells
from attribution.reporting.pages.charts import PageCharts
from attribution.reporting.pages.explorer import explorer_section
from attribution.reporting.pages.factors import factors_section, rewarded_title
from attribution.reporting.pages.limits import limits_section
from attribution.reporting.pages.notes import coverage_section, method_points, notes_section, reconciliation_sentence
from attribution.reporting.pages.performance import indices_section, ranking_section, three_months_start, trailing_section
from attribution.reporting.pages.positions import blends_section, composition_section, holdings_section, risk_section
from attribution.reporting.pages.rules import rules_section
from attribution.reporting.pages.sleeve import sleeve_sections
from attribution.reporting.pages.words import PageWords, page_words

if TYPE_CHECKING:
    from jinja2 import Environment

    from attribution.reporting.tables.content import Content

Medium = Literal["screen", "print"]
Shared: TypeAlias = tuple[list[Section], list[Section]]  # the parts of a page in every medium, and those of its annex
SHEETS = ("page.css", "print.css", "house.css")
SCREEN = "screen.css"  # of every page on a screen
SCRIPTS = ("screen.js", "path.js", "explorer.js")
ANNEX = "ABCDE"  # full holdings are the first: the section on holdings names it


def render_page(
    content: Content,
    language: str,
    *,
    medium: Medium = "screen",
    fonts: str = "",
    commentary: str = "",
    charts: PageCharts | None = None,
    shared: Shared | None = None,
    own: Own = NOTHING,
) -> str:
    """Lay out a month as one HTML document, styles, charts and, on the screen, scripts inside it.

    Parameters
    ----------
    content
        From `attribution.reporting.tables.content.build_content`.
    language
        "ja" or "en".
    medium
        "screen", or "print" for the document that becomes a PDF: without the tables to explore, and without scripts.
    fonts
        CSS of @font-face rules, put before the styles.
    commentary
        The commentary as HTML that is safe to show; without it the page has no such section.
    charts
        From `page_charts`, where pages of several media share them.
    shared
        From `shared_sections`, likewise.
    own
        From `attribution.reporting.house.sections.own_of`: what the house adds.

    Returns
    -------
    str
        The same text for the same content, whenever and wherever it is made.

    Raises
    ------
    InputError
        For another language, and for what a template of the house's cannot do, with its file and line.
    """
    words = page_words(content.book, language, content.messages(language))
    laid_out_by = own_environment(own.templates) if own.templates else environment()
    with named(own.templates):
        return laid_out_by.get_template("templates/page.html").render(
            lang=language,
            medium=medium,
            t=words.messages,
            words=words,
            cells=Cells(words, traced=medium == "screen"),
            charts=replace(page_charts(content, language) if charts is None else charts, pointed=medium == "screen"),
            content=content,
            book=content.book,
            sections=own.among(page_sections(content, words, medium=medium, commentary=commentary, shared=shared)),
            own=own,
            styles=[fonts, *map(asset, SHEETS if medium == "print" else (*SHEETS, SCREEN, "explorer.css")), own.sheet],
            script="\n".join(map(asset, SCRIPTS)) if medium == "screen" else "",
        )  # fmt: skip


def page_charts(content: Content, language: str) -> PageCharts:
    """The charts of a month's pages in a language; each is drawn once, when a page asks for it."""
    return PageCharts(content, page_words(content.book, language, content.messages(language)))


def page_sections(
    content: Content, words: PageWords, *, medium: Medium = "screen", commentary: str = "", shared: Shared | None = None
) -> list[Section]:
    """The page's parts in the order in which they are read; what the numbers rest on is an annex."""
    t = words.messages
    (ranking, *sections), annex = shared_sections(content, words) if shared is None else shared
    said = [Section("commentary", "commentary", t("commentary_section.title"), commentary)] if commentary else []
    explored = medium == "screen"
    tables = [Section("explorer", "explorer", t("explorer.title"), explorer_section(content, words))] if explored else []
    return [ranking, *said, *sections, *tables, *annex]


def shared_sections(content: Content, words: PageWords) -> Shared:
    """The parts that a page has in every medium, and those of its annex."""
    t = words.messages
    indices = indices_section(content, words)
    sections = [Section("ranking", "ranking", t("ranking.title"), ranking_section(content))]
    if indices is not None:
        sections.append(Section("weeks", "indices", t("weeks.title"), indices))
    sections += [
        Section("cumulative", "cumulative", t("cumulative.title"), three_months_start(content)),
        Section("trailing", "trailing", t("trailing.title"), trailing_section(content, words)),
        Section("factor-returns", "factors", rewarded_title(content, words), factors_section(content, words)),
    ]
    for sleeve in sleeve_sections(content, words):
        sections.append(Section(f"sleeve-{sleeve.place}", "sleeve", t("sleeve.title", name=sleeve.name), sleeve))
    if content.rules:
        sections.append(Section("rules", "rules", t("rules_section.title"), rules_section(content, words)))
    sections += [
        Section("groups", "blends", t("groups_table.title"), blends_section(content)),
        Section("risk", "risk", t("risk.title"), risk_section(content, words)),
        Section("composition", "composition", t("composition.title"), composition_section(content, words)),
        Section("limits", "limits", t("limits.title"), limits_section(content, words)),
    ]
    annex = [
        Section("holdings", "holdings", t("holdings.title"), holdings_section(content, words)),
        Section("methodology", "methodology", t("methodology.title"), method_points(content, words)),
        Section("notes", "notes", t("notes_section.title"), notes_section(content, words)),
        Section("coverage", "coverage", t("coverage.title"), coverage_section(content, words)),
        Section("reconciliation", "reconciliation", t("reconciliation.title"), reconciliation_sentence(content, words)),
    ]
    lettered = (
        replace(section, title=t("annex.title", letter=letter, title=section.title), annex=True)
        for letter, section in zip(ANNEX, annex, strict=True)
    )
    return sections, [*lettered]


@cache
def asset(name: str) -> str:
    """The text of a style sheet or script beside the templates."""
    return resources.files("attribution.reporting").joinpath(f"templates/{name}").read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """What lays out the templates."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("attribution.reporting", ""),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
