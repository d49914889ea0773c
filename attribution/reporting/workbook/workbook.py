"""The month's workbook: a summary, contents, charts that follow the cells, and each table on a sheet of its own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from attribution.house_style.words import Messages
from attribution.reporting.pages.words import PageWords, page_words
from attribution.reporting.workbook.formats import Styles, link_to, sheet_names
from attribution.reporting.workbook.palette import palette_of
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from attribution.reporting.tables.content import Content

LABELS = "labels"
LEFT_OUT = ("stock_factor",)  # a row a stock and factor: most of the file, and of the wait until it is open


@dataclass(frozen=True)
class Entry:
    """A line of the contents sheet.

    Attributes
    ----------
    sheet
        Its name; "" of a table that the workbook leaves out.
    title, holds
        What it is and what it holds.
    table
        The table's name among the CSV files; "" of sheets of charts.
    rows
        How many it has; None of sheets of charts.
    """

    sheet: str
    title: str
    holds: str
    table: str = ""
    rows: int | None = None


def render_workbook(content: Content, language: str) -> bytes:
    """Lay out a month as an Excel workbook.

    Parameters
    ----------
    content
        From `attribution.reporting.tables.content.build_content`.
    language
        "ja" or "en": of the summary, names of sheets, headings, titles and charts. Names of columns, and labels in the
        tables, are those of the CSV files in either.

    Returns
    -------
    bytes
        The file; the same bytes for the same content, whenever and wherever it is made.

    Raises
    ------
    InputError
        For another language; for an infinite number, more rows or a longer text than a sheet of Excel holds; where
        XlsxWriter is not installed.

    Notes
    -----
    A table's sheet has the columns' names in row 1, their headings in row 2 and data from row 3, and its range bears the
    table's name: ``openpyxl.load_workbook(path).defined_names["brinson"]`` tells the sheet, whatever the language, and
    ``pd.read_excel(path, sheet_name=sheet, skiprows=[1])`` gives the table back. The tables of `LEFT_OUT` are CSV alone.
    """
    try:
        from xlsxwriter.workbook import Workbook

        from attribution.reporting.workbook.cells import add_table
        from attribution.reporting.workbook.charts import Drawing, Placed, add_overview
        from attribution.reporting.workbook.courses import add_course
        from attribution.reporting.workbook.summary import fill_summary
    except ModuleNotFoundError as error:
        raise InputError(
            f"workbook: the library '{error.name}' is not installed. "
            f"Install the extra: pip install 'factor-attribution[report]', or leave xlsx out of the formats."
        ) from None
    messages = content.messages(language)
    words = page_words(content.book, language, messages)
    tables = {name: frame for name, frame in content.tables.items() if name not in LEFT_OUT}
    tables |= {LABELS: labels_table(tables, messages)}
    courses = list(dict.fromkeys(content.tables["factor_contributions"]["course"]))
    own = [messages(f"workbook.{key}") for key in ("summary", "contents", "charts")]
    shown = [messages("workbook.labels") if name == LABELS else messages.name("sheets", name) for name in tables]
    names = sheet_names([*own, *shown, *map(messages.called, courses)])
    (summary, contents, charts), of_tables, of_courses = names[:3], names[3:][: len(tables)], names[3 + len(tables) :]
    file = io.BytesIO()
    workbook = Workbook(
        file,
        {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book = content.book
    styles = Styles(workbook, getattr(book.report.negative, language), palette_of(book.report.colours.stated))
    title, month = styles.text(words.text(book.book.name)), words.date(content.period.end, "month")
    workbook.set_properties({"title": title, "subject": month, "created": content.period.end.to_pydatetime()})
    first, second = workbook.add_worksheet(summary), workbook.add_worksheet(contents)
    placed = {table: Placed(sheet, tables[table]) for table, sheet in zip(tables, of_tables, strict=True)}
    drawing = Drawing(workbook, placed, messages, styles)
    add_overview(drawing, charts, book)
    results = content.results | {result.course: result for result in content.sleeves.values()}
    sheets = dict(zip(courses, of_courses, strict=True))
    for course, sheet in sheets.items():
        add_course(drawing, sheet, course, results[course].benchmark_return, words.estimated(course))
    for table, place in placed.items():
        headings = [heading(messages, table, str(column)) for column in place.frame.columns]
        add_table(workbook, place.sheet, table, table_title(messages, table), place.frame, headings, styles)
    fill_summary(first, drawing, content, words, sheets, contents)
    entries = [
        Entry(charts, messages("workbook.charts"), messages("workbook.charts_note")),
        *(
            Entry(sheet, messages("workbook.course_title", course=course), messages("workbook.course_note"))
            for course, sheet in sheets.items()
        ),
        *(
            Entry(place.sheet, table_title(messages, table), table_note(messages, table), table, len(place.frame))
            for table, place in placed.items()
        ),
        *(
            Entry("", table_title(messages, table), table_note(messages, table), table, len(content.tables[table]))
            for table in LEFT_OUT
            if table in content.tables
        ),
    ]
    write_contents(second, content, entries, words, styles)
    first.activate()
    workbook.close()
    return file.getvalue()


def table_title(messages: Messages, table: str) -> str:
    """What a table is called above its pages and on the contents sheet."""
    return messages("workbook.labels") if table == LABELS else messages.name("tables", table)


def table_note(messages: Messages, table: str) -> str:
    """What a table holds, and where it is if not in the workbook."""
    if table == LABELS:
        return messages("workbook.labels_note")
    holds = str(messages.table["table_notes"].get(table, ""))
    return messages("workbook.elsewhere", holds=holds, file=f"tables/{table}.csv") if table in LEFT_OUT else holds


def heading(messages: Messages, table: str, column: str) -> str:
    """A column's heading in the reader's language; an index of the book, or a column without one, heads itself."""
    words = messages.table["columns"]
    if table == "index_weeks" and column not in ("week_from", "week_to"):
        return str(messages.called(column))
    return str(words.get(f"{table}.{column}") or words.get(column, column))


def labels_table(tables: dict[str, pd.DataFrame], messages: Messages) -> pd.DataFrame:
    """The labels that stand in the tables, with their names: column, label, name.

    Examples
    --------
    >>> from attribution.house_style.words import read_messages
    >>> frame = pd.DataFrame({"factor": ["value", "market"], "effect": ["allocation", "selection"]})
    >>> print(labels_table({"t": frame}, read_messages("ja")).to_string(index=False, header=False))
    factor      value      割安性
    factor     market       市場
    effect allocation セクター配分効果
    effect  selection   銘柄選択効果
    """
    known = messages.table
    kinds = {
        "factor": known["industries"] | known["sectors"] | known["factors"],
        "group": known["groups"] | known["sectors"],
        "family": known["groups"],
        "effect": known["columns"],
        "descriptor": known["descriptors"],
        **dict.fromkeys(("course", "name", "benchmark", "index"), known["names"]),
    }
    found = {
        (column, str(label)): names[str(label)]
        for column, names in kinds.items()
        for frame in tables.values()
        if column in frame
        for label in frame[column].unique()
        if str(label) in names
    }
    return pd.DataFrame([(*key, name) for key, name in found.items()], columns=["column", "label", "name"])


def write_contents(sheet: Worksheet, content: Content, entries: Sequence[Entry], words: PageWords, styles: Styles) -> None:
    """Fill the sheet that lists the others: what report this is, a link to each sheet, and how to read them."""
    book, messages = content.book, words.messages
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, styles.text(words.text(book.book.name)), styles("title"))
    facts = {
        "month": content.month,
        "data_date": f"{content.period.end:%Y-%m-%d}",
        "currency": messages.currency(book.book.currency),
    }
    for row, (key, value) in enumerate(facts.items(), 2):
        sheet.write_string(row, 0, messages(f"workbook.{key}"), styles("heading"))
        sheet.write_string(row, 1, styles.text(value), styles("wrapped"))
    top = len(facts) + 3
    for place, key in enumerate(("sheets", "title", "table", "rows", "holds")):
        sheet.write_string(top, place, messages(f"workbook.{key}"), styles("heading"))
    for row, entry in enumerate(entries, top + 1):
        if entry.sheet:
            sheet.write_url(row, 0, link_to(entry.sheet), styles("link"), styles.text(entry.sheet))
        sheet.write_string(row, 1, styles.text(entry.title), styles("wrapped"))
        sheet.write_string(row, 2, entry.table, styles("name"))
        if entry.rows is not None:
            sheet.write_number(row, 3, entry.rows, styles("count"))
        sheet.write_string(row, 4, entry.holds, styles("wrapped"))
    notes = [messages(f"workbook.{key}") for key in ("headings", "units", "empty", "follow")]
    if styles.escaped:
        notes.append(messages("workbook.escaped", count=styles.escaped))
    if words.not_earned:
        notes += [messages("cover.hypothetical_title"), words.not_earned]
    if book.report.disclaimer:
        notes.append(words.text(book.report.disclaimer))
    for row, note in enumerate(notes, top + len(entries) + 2):
        sheet.write_string(row, 0, styles.text(note))
    for place, width in enumerate((34, 46, 24, 9, 120)):
        sheet.set_column(place, place, width)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
