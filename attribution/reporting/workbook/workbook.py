"""The month's workbook: contents, charts that follow the cells, and every table on a sheet of its own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from attribution.house_style.words import Messages
from attribution.reporting.pages.words import page_words
from attribution.reporting.workbook.formats import Styles, sheet_names, text_columns
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from attribution.reporting.tables.content import Content

LABELS = "labels"


@dataclass(frozen=True)
class Entry:
    """A line of the contents sheet: a sheet, what it is, how many rows it has (None for charts) and what it holds."""

    sheet: str
    title: str
    rows: int | None
    holds: str


def render_workbook(content: Content, language: str) -> bytes:
    """Lay out a month as an Excel workbook.

    Parameters
    ----------
    content
        From `attribution.reporting.tables.content.build_content`.
    language
        "ja" or "en": of headings, titles and charts. Names of sheets and columns, and labels in the tables, are those of
        the CSV files in either.

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
    A table's sheet has the columns' names in row 1, their headings in row 2 and data from row 3:
    ``pd.read_excel(path, sheet_name="brinson", skiprows=[1])`` gives the table back.
    """
    try:
        from xlsxwriter.workbook import Workbook

        from attribution.reporting.workbook.cells import add_table
        from attribution.reporting.workbook.charts import Drawing, Placed, add_overview
        from attribution.reporting.workbook.courses import add_course
    except ModuleNotFoundError as error:
        raise InputError(
            f"workbook: the library '{error.name}' is not installed. "
            f"Install the extra: pip install 'factor-attribution[report]', or leave xlsx out of the formats."
        ) from None
    messages = content.messages(language)
    tables = content.tables | {LABELS: labels_table(content.tables, messages)}
    courses = list(dict.fromkeys(content.tables["factor_contributions"]["course"]))
    names = sheet_names(
        [*tables, messages("workbook.contents"), messages("workbook.charts"), *map(messages.called, courses)]
    )
    of_tables, (contents, charts), of_courses = names[: len(tables)], names[len(tables) :][:2], names[len(tables) + 2 :]
    file = io.BytesIO()
    workbook = Workbook(
        file,
        {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book = content.book.book
    name = str(getattr(book.name, language))
    styles = Styles(workbook, getattr(content.book.report.negative, language))
    workbook.set_properties({"title": styles.text(name), "created": content.period.end.to_pydatetime()})
    first = workbook.add_worksheet(contents)
    placed = {table: Placed(sheet, tables[table]) for table, sheet in zip(tables, of_tables, strict=True)}
    drawing = Drawing(workbook, placed, messages, styles)
    add_overview(drawing, charts, content.book)
    results = content.results | {result.course: result for result in content.sleeves.values()}
    for course, sheet in zip(courses, of_courses, strict=True):
        note = page_words(content.book, language).estimated(course)
        add_course(drawing, sheet, course, results[course].benchmark_return, note)
    for table, place in placed.items():
        title = messages("workbook.labels") if table == LABELS else messages.name("tables", table)
        headings = [heading(messages, table, str(column)) for column in place.frame.columns]
        add_table(workbook, place.sheet, table, title, place.frame, headings, styles)
    entries = [
        Entry(charts, messages("workbook.charts"), None, messages("workbook.charts_note")),
        *(
            Entry(sheet, messages("workbook.course_title", course=course), None, messages("workbook.course_note"))
            for course, sheet in zip(courses, of_courses, strict=True)
        ),
        *(
            Entry(
                place.sheet, messages.name("tables", table), len(place.frame), messages.table["table_notes"].get(table, "")
            )
            for table, place in placed.items()
            if table != LABELS
        ),
        Entry(placed[LABELS].sheet, messages("workbook.labels"), len(tables[LABELS]), messages("workbook.labels_note")),
    ]
    write_contents(first, content, entries, messages, styles)
    workbook.close()
    return file.getvalue()


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
    factor      value    割安性
    factor     market     市場
    effect allocation 業種配分効果
    effect  selection 銘柄選択効果
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


def write_contents(sheet: Worksheet, content: Content, entries: Sequence[Entry], messages: Messages, styles: Styles) -> None:
    """Fill the first sheet: what report this is, how to read it, and a link to every sheet."""
    book, end = content.book.book, content.period.end
    language = messages.language
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, styles.text(str(getattr(book.name, language))), styles("title"))
    facts = {
        "month": content.month,
        "data_date": f"{end:%Y-%m-%d}",
        "currency": messages.name("currencies", book.currency),
    }
    for row, (key, value) in enumerate(facts.items(), 2):
        sheet.write_string(row, 0, messages(f"workbook.{key}"), styles("heading"))
        sheet.write_string(row, 1, styles.text(value), styles("wrapped"))
    top = len(facts) + 3
    for place, key in enumerate(("sheets", "title", "rows", "holds")):
        sheet.write_string(top, place, messages(f"workbook.{key}"), styles("heading"))
    for row, entry in enumerate(entries, top + 1):
        target = entry.sheet.replace("'", "''")
        sheet.write_url(row, 0, f"internal:'{target}'!A1", styles("link"), styles.text(entry.sheet))
        sheet.write_string(row, 1, styles.text(entry.title), styles("wrapped"))
        if entry.rows is not None:
            sheet.write_number(row, 2, entry.rows, styles("count"))
        sheet.write_string(row, 3, entry.holds, styles("wrapped"))
    notes = [messages(f"workbook.{key}") for key in ("headings", "units", "empty", "follow")]
    if styles.escaped:
        notes.append(messages("workbook.escaped", count=styles.escaped))
    if earned := page_words(content.book, language, messages).not_earned:
        notes += [messages("cover.hypothetical_title"), earned]
    if content.book.report.disclaimer:
        notes.append(str(getattr(content.book.report.disclaimer, language)))
    for row, note in enumerate(notes, top + len(entries) + 2):
        sheet.write_string(row, 0, styles.text(note))
    sheet.set_column(0, 0, min(max(text_columns(entry.sheet) for entry in entries) + 2, 34))
    sheet.set_column(1, 1, 46)
    sheet.set_column(2, 2, 9)
    sheet.set_column(3, 3, 90)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.activate()
