"""The workbook's first sheet: the month on one page, with links to the sheets behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from xlsxwriter.utility import quote_sheetname

from attribution.house_style.numbers import NOT_AVAILABLE
from attribution.reporting.pages.limits import detail_text
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import drivers
from attribution.reporting.tables.names import rule_name
from attribution.reporting.workbook.cells import mark_negative
from attribution.reporting.workbook.charts import Drawing, lines, ranking
from attribution.reporting.workbook.formats import link_to, text_columns

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

    from attribution.reporting.tables.content import Content

RETURNS = ("return", "benchmark_return", "excess")
RISKS = {"portfolio_volatility": "percent", "benchmark_volatility": "percent", "tracking_error": "percent", "beta": "ratio"}
WIDTHS = (28, 34, *[11.5] * (len(RETURNS) + len(RISKS)))  # characters: course, benchmark, numbers
LAST, HALF = len(WIDTHS) - 1, 3  # the last column, and the first of the right half
TEXTS = ((1, HALF), (HALF + 1, LAST))  # columns of two texts beside each other, of one width
ENDS = 10  # courses at either end of the ranking, where there are more than fit on a page
LINE, CHART = 18, 420  # points of a line; pixels of a chart
SIDES = {"helped": 1.0, "hurt": -1.0}


@dataclass
class Page:
    """A sheet that is filled from above: `row` is the first free one."""

    sheet: Worksheet
    drawing: Drawing
    row: int = 0

    def write(self, place: int, text: str, kind: str, last: int | None = None) -> int:
        """Write a text into a cell, or across the cells up to `last`; tells how many lines it takes."""
        text, look = self.drawing.styles.text(text), self.drawing.styles(kind)
        last = place if last is None else last
        if last > place:
            self.sheet.merge_range(self.row, place, self.row, last, "", look)
        self.sheet.write_string(self.row, place, text, look)
        return math.ceil((text_columns(text) + 1) / (0.95 * sum(WIDTHS[place : last + 1])))

    def link(self, place: int, sheet: str, text: str) -> None:
        """Write a link to a sheet."""
        styles = self.drawing.styles
        self.sheet.write_url(self.row, place, link_to(sheet), styles("link"), styles.text(text))

    def number(self, place: int, value: Any, kind: str) -> None:
        """Write a number, or that there is none."""
        if pd.isna(value):
            self.write(place, NOT_AVAILABLE, "unknown")
        else:
            self.sheet.write_number(self.row, place, float(value), self.drawing.styles(kind))

    def end(self, lines: int = 1) -> None:
        """Go on below a row of so many lines; a height that is stated is the same whatever program or font shows it."""
        self.sheet.set_row(self.row, lines * LINE)
        self.row += 1

    def section(self, title: str) -> None:
        """Begin a section, an empty row below the one before."""
        self.end()
        self.write(0, title, "section", LAST)
        self.end()

    def paragraph(self, text: str, kind: str) -> None:
        """Write a text across the page."""
        self.end(self.write(0, text, kind, LAST))


def fill_summary(
    sheet: Worksheet, drawing: Drawing, content: Content, words: PageWords, courses: Mapping[str, str], all_sheets: str
) -> None:
    """Fill the sheet that the workbook opens on.

    Parameters
    ----------
    sheet
        An empty one.
    drawing
        Tables and their sheets, words and formats.
    content
        The month.
    words
        Of its book, in the workbook's language.
    courses
        Course -> its sheet of charts.
    all_sheets
        The sheet that lists all.
    """
    t, page = words.messages, Page(sheet, drawing)
    for place, width in enumerate(WIDTHS):
        sheet.set_column(place, place, width)
    page.write(0, words.text(content.book.book.name), "title")
    page.end(2)
    page.write(0, t("words.heading", month=words.date(content.period.end, "month")), "section", LAST - 1)
    page.link(LAST, all_sheets, drawing.words("all_sheets"))
    page.end()
    as_of = f"{t('cover.data_date')}: {words.date(content.period.end)}"
    currency = f"{t('cover.currency')}: {t.currency(content.book.book.currency)}"
    page.paragraph(words.listed([as_of, currency]), "note")
    page.paragraph(words.basis, "note")
    if words.not_earned:
        page.paragraph(f"{t('cover.hypothetical_title')}: {words.not_earned}", "broken")
    named = ""
    if drawing.has("performance"):
        ranked = list(content.tables["performance"]["course"].iloc[:-1])
        shown = ranked if len(ranked) <= 2 * ENDS else [*ranked[:ENDS], *ranked[-ENDS:]]
        between = len(ranked) - len(shown)
        more = drawing.words("between", count=between, sheet=drawing.placed["performance"].sheet) if between else ""
        named = _returns(page, content, words, courses, shown, more)
        if "driver" in content.tables["factor_contributions"]:
            _drivers(page, content, words, courses, shown, more)
    if drawing.has("limits"):
        _limits(page, content, words)
    _charts(page, content, named)
    sheet.hide_gridlines(2)
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.set_margins(0.5, 0.5, 0.5, 0.5)
    sheet.fit_to_pages(1, 1)
    sheet.print_area(0, 0, page.row, LAST)


def _returns(
    page: Page, content: Content, words: PageWords, courses: Mapping[str, str], shown: Sequence[str], more: str
) -> str:
    """Each course's return beside its benchmark's, and its forecast risk; tells the cells with all names, if shown."""
    t, drawing = words.messages, page.drawing
    page.section(drawing.words("ranking_chart"))
    columns = t.table["columns"]
    headings = [columns[name] for name in ("course", "benchmark", *RETURNS)] + [t(f"risk.{name}") for name in RISKS]
    page.end(max(page.write(place, text, "heading" if place < 2 else "above") for place, text in enumerate(headings)))
    rows = content.tables["performance"].set_index("course")
    risk = content.tables.get("risk", pd.DataFrame(columns=["course", "measure", "value"]))
    risks = {(row.course, row.measure): row.value for row in risk.itertuples()}
    first = page.row
    for course in [*shown, rows.index[-1]]:
        row, average, height = rows.loc[course], course == rows.index[-1], 1
        if average:
            page.write(0, t("words.average"), "wrapped")
        else:
            page.link(0, courses[course], t.called(course))
            height = page.write(1, str(t.called(row["benchmark"])), "wrapped")
        for place, name in enumerate(RETURNS, 2):
            page.number(place, row[name], "percent")
        for place, (name, kind) in enumerate(RISKS.items(), 2 + len(RETURNS)):
            if not average:
                page.number(place, risks.get((course, name)), kind)
        page.end(height)
    for place in range(2, 2 + len(RETURNS)):
        mark_negative(page.sheet, place, first, ["percent"] * (page.row - first), drawing.styles)
    notes = [more, t("risk.caption", date=words.date(content.period.end)) if len(risk) else ""]
    last = page.row
    page.paragraph(words.sentences(*notes), "note")
    return "" if more else f"{quote_sheetname(page.sheet.get_name())}!$A${first + 1}:$A${last}"


def _drivers(
    page: Page, content: Content, words: PageWords, courses: Mapping[str, str], shown: Sequence[str], more: str
) -> None:
    """What helped and what hurt each course, by size."""
    t = words.messages
    page.section(page.drawing.words("drivers"))
    page.write(0, t.table["columns"]["course"], "heading")
    for side, (first, last) in zip(SIDES, TEXTS, strict=True):
        page.write(first, t(f"sleeve.{side}"), "heading", last)
    page.end()
    for course in shown:
        found = drivers(content.tables, course)
        page.link(0, courses[course], t.called(course))
        height = 1
        for (_, sign), (first, last) in zip(SIDES.items(), TEXTS, strict=True):
            rows = found[found["sign"] == sign]
            named = [
                f"{t.factor(str(row.factor))} {words.percent(row.contribution, signed=True, unit='%')}"
                for row in rows.itertuples()
            ]
            height = max(height, page.write(first, t.listed(named) or t("sleeve.none"), "wrapped", last))
        page.end(height)
    if more:
        page.paragraph(more, "note")


def _limits(page: Page, content: Content, words: PageWords) -> None:
    """Whether the limits are kept, and each that is not."""
    t = words.messages
    page.section(page.drawing.words("limits"))
    broken = [limit for limit in content.limits if limit.ok is False]
    untested = sum(limit.ok is None for limit in content.limits)
    for limit in broken:
        named = (words.sleeve(limit.sleeve), rule_name(limit.rule, content.book, t))
        height = max(page.write(place, text, "broken") for place, text in enumerate(named))
        page.end(max(height, page.write(2, detail_text(limit, words), "wrapped", LAST)))
    kept = "" if broken else t("limits.kept")
    if said := words.sentences(kept, t("limits.untested", count=untested) if untested else ""):
        page.paragraph(said, "wrapped")
    page.link(0, page.drawing.placed["limits"].sheet, page.drawing.placed["limits"].sheet)
    page.end()


def _charts(page: Page, content: Content, named: str) -> None:
    """The ranking on the left, the paths since inception on the right."""
    drawing, titles = page.drawing, page.row + 1
    made: list[tuple[int, str, Chart]] = []
    if drawing.has("performance"):
        made.append((0, "ranking_chart", ranking(drawing, page.sheet, (titles, 0), named)))
    if drawing.has("cumulative"):
        made.append((HALF, "itd_chart", lines(drawing, page.sheet, (titles, HALF), "itd", content.book)))
    if not made:
        return
    page.row = titles
    for place, key, chart in made:
        last = HALF - 1 if place == 0 else LAST
        page.write(place, drawing.words(key), "section", last)
        chart.set_title({"none": True})
        width = sum(int(7 * characters + 5) for characters in WIDTHS[place : last + 1]) - 6
        chart.set_size({"width": width, "height": CHART})
        page.sheet.insert_chart(titles + 1, place, chart, {"object_position": 3, "description": drawing.words(key)})
    page.row = titles + 2 + CHART // 20
