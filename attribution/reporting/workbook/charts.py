"""Native charts of the workbook: each on a sheet beside the numbers it shows, which are formulas over the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from xlsxwriter.utility import quote_sheetname, xl_col_to_name

from attribution.house_style.drawing.canvas import INK, RULE, TOTAL, between
from attribution.house_style.words import Messages
from attribution.reporting.workbook.cells import HEADING_HEIGHT, HEADINGS
from attribution.reporting.workbook.formats import Styles, number_format
from attribution.rows import WEIGHTED, in_order

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from attribution.portfolio.book import Book

DASHES = ("dash", "round_dot", "long_dash_dot", "square_dot")
WIDTH, ROW = 880, 19  # pixels: width of a chart, height of a bar
NUMBERS, FIRST = 14, 4  # column right of the charts where their numbers begin; row of the first ones
COURSE = f"${xl_col_to_name(NUMBERS + 1)}$2"
PLACES = ("style", *WEIGHTED, "specific", "other")  # of groups on a sheet


@dataclass(frozen=True)
class Placed:
    """A table and the sheet that holds it."""

    sheet: str
    frame: pd.DataFrame

    def cells(self, column: str, first: int = 0, last: int | None = None) -> str:
        """The range of a column's rows, from `first` to `last`."""
        letter = xl_col_to_name(self.frame.columns.get_loc(column))
        last = len(self.frame) - 1 if last is None else last
        start, end = first + HEADINGS + 1, last + HEADINGS + 1
        return f"{quote_sheetname(self.sheet)}!${letter}${start}:${letter}${end}"

    def lookup(self, column: str, **cells: str) -> str:
        """A formula for the sum of a column over the rows whose key columns equal the given cells, capitals included.

        It finds its rows wherever a user has sorted them, whatever signs a name has in it.
        """
        keys = "*".join(f"EXACT({self.cells(key)},{cell})" for key, cell in cells.items())
        return f"SUMPRODUCT(1*{keys},{self.cells(column)})"


@dataclass(frozen=True)
class Drawing:
    """Where charts are added, with what they need of words and formats."""

    workbook: Workbook
    placed: dict[str, Placed]
    messages: Messages
    styles: Styles

    def words(self, key: str, **values: object) -> str:
        """A text of [workbook], ready for a cell."""
        return self.styles.text(self.messages(f"workbook.{key}", **values))

    def has(self, *tables: str) -> bool:
        """Whether the workbook has all these tables, with rows."""
        return all(name in self.placed and len(self.placed[name].frame) for name in tables)

    def chart(self, kind: str, sheet: Worksheet, title: tuple[int, int], *, subtype: str | None = None) -> Chart:
        """A chart whose title is a cell of its sheet."""
        chart = self.workbook.add_chart({"type": kind} | ({"subtype": subtype} if subtype else {}))
        chart.set_title({"name": [sheet.get_name(), *title], "name_font": {"size": 12, "color": INK}, "overlay": False})
        chart.set_legend({"position": "bottom"})
        chart.show_hidden_data()
        return chart

    def percent_axis(self, decimals: int = 1) -> dict[str, Any]:
        """An axis of percent in the house's style."""
        digits = f"0.{'0' * decimals}%"
        return {
            "num_format": number_format(digits, self.styles.negative).replace("_)", ""),
            "major_gridlines": {"visible": True, "line": {"color": RULE, "width": 0.5}},
            "line": {"none": True},
            "num_font": {"size": 9},
        }


def add_overview(drawing: Drawing, sheet_name: str, book: Book) -> None:
    """Add the sheet of charts over all courses: ranking, cumulative returns, factor returns of the month."""
    sheet = chart_sheet(drawing, sheet_name, drawing.words("charts"))
    titles = {"ranking_chart": 0, "itd_chart": 1, "three_months_chart": 2}
    below = FIRST + (len(drawing.placed["factor_month"].frame) if drawing.has("factor_month") else 0) + 2
    for key, row in titles.items():
        sheet.write_string(below + row, NUMBERS, drawing.words(key), drawing.styles("column"))
    row = 1
    if drawing.has("performance"):
        height = 90 + 3 * ROW * len(drawing.placed["performance"].frame)
        names = _called(drawing, sheet, below + len(titles) + 1)
        row = insert(sheet, row, drawing.words("ranking_chart"), ranking(drawing, sheet, (below, NUMBERS), names), height)
    if drawing.has("cumulative"):
        row = insert(sheet, row, drawing.words("itd_chart"), lines(drawing, sheet, (below + 1, NUMBERS), "itd", book), 400)
        if bool(drawing.placed["cumulative"].frame["three_months"].notna().any()):
            chart = lines(drawing, sheet, (below + 2, NUMBERS), "three_months", book)
            row = insert(sheet, row, drawing.words("three_months_chart"), chart, 400)
    if drawing.has("factor_month"):
        placed = drawing.placed["factor_month"]
        bars = ordered(placed.frame, "return", drawing.messages.sectors)
        title = drawing.words("factor_chart")
        insert(sheet, row, title, *bar_chart(drawing, sheet, title, placed, bars, "return", {}))


def chart_sheet(drawing: Drawing, name: str, title: str) -> Worksheet:
    """A sheet for charts on the left, numbers on the right, that prints on one page."""
    sheet = drawing.workbook.add_worksheet(name)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, title, drawing.styles("title"))
    sheet.set_column(NUMBERS, NUMBERS + 1, 24)
    sheet.set_column(NUMBERS + 2, NUMBERS + 10, 11)
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    return sheet


def insert(sheet: Worksheet, row: int, description: str, chart: Chart, height: int) -> int:
    """Place a chart left of the numbers, and tell the first row below it."""
    chart.set_size({"width": WIDTH, "height": height})
    sheet.insert_chart(row, 0, chart, {"object_position": 3, "description": description})
    after = row + height // 20 + 2
    sheet.print_area(0, 0, after, NUMBERS - 1)
    return after


def ordered(frame: pd.DataFrame, value: str, sectors: Sequence[str]) -> list[Any]:
    """Rows of a factor table: styles, market, sectors, specific and the others; largest first in each, or in an order."""
    rows = frame.assign(place=frame["group"].map({group: place for place, group in enumerate(PLACES)}))
    ordered = rows.sort_values(["place", value], ascending=[True, False], kind="stable").drop(columns="place")
    return list(ordered.iloc[in_order(ordered["factor"].to_numpy(), sectors)].to_dict("records"))


def _called(drawing: Drawing, sheet: Worksheet, first: int) -> str:
    """Write what the house calls the courses of the ranking, in the order of its table however a user has sorted it."""
    placed, messages, text = drawing.placed["performance"], drawing.messages, drawing.styles.text
    keys = [str(key) for key in placed.frame["course"]]
    names = [*(str(messages.called(key)) for key in keys[:-1]), messages("words.average")]
    last = first + len(keys) - 1
    known, called = (f"{cell(first, place)}:{cell(last, place)}" for place in (0, 1))
    for row, (key, name) in enumerate(zip(keys, names, strict=True), first):
        sheet.write_string(row, NUMBERS, text(key), drawing.styles("column"))
        sheet.write_string(row, NUMBERS + 1, text(name))
        here = placed.cells("course", row - first, row - first).split(":")[0]
        place = f"SUMPRODUCT(EXACT({known},{here})*(ROW({known})-{first}))"
        sheet.write_formula(row, NUMBERS + 2, f"=INDEX({called},{place})", None, text(name))
    return f"{quote_sheetname(sheet.get_name())}!{cell(first, 2)}:{cell(last, 2)}"


def ranking(drawing: Drawing, sheet: Worksheet, title: tuple[int, int], names: str = "") -> Chart:
    """Returns, benchmarks' returns and excess of all courses; `names` are cells with what they are called, else by key."""
    placed = drawing.placed["performance"]
    chart = drawing.chart("bar", sheet, title)
    for column, colour in (("return", between(0.25)), ("benchmark_return", TOTAL), ("excess", INK)):  # neither gain nor loss
        chart.add_series(
            {
                "name": _heading(placed, column),
                "categories": f"={names or placed.cells('course')}",
                "values": f"={placed.cells(column)}",
                "fill": {"color": colour},
                "gap": 60,
                "data_labels": {"value": True, "font": {"size": 8}, "num_format": drawing.percent_axis(2)["num_format"]},
            }
        )
    chart.set_y_axis({"reverse": True, "label_position": "low", "num_font": {"size": 9}, "crossing": "max"})
    chart.set_x_axis(drawing.percent_axis())
    return chart


def _heading(placed: Placed, column: str) -> str:
    """The cell with a column's heading, as a reference."""
    return f"={quote_sheetname(placed.sheet)}!${xl_col_to_name(placed.frame.columns.get_loc(column))}${HEADINGS}"


def lines(drawing: Drawing, sheet: Worksheet, title: tuple[int, int], column: str, book: Book) -> Chart:
    """Courses as lines, the sleeves' own benchmarks dashed; those of blends lie between them."""
    placed = drawing.placed["cumulative"]
    frame = placed.frame.reset_index(drop=True)
    plain = {book.benchmark_name(course) for course in book.courses if len(book.shares(course)) == 1}
    chart = drawing.chart("line", sheet, title)
    drawn = {"course": 0, "benchmark": 0}
    courses = frame.loc[(frame["kind"] == "course") & frame[column].notna(), "name"].nunique()
    begins = frame.loc[frame[column].notna(), "date"].min()
    for (kind, name), rows in frame.groupby(["kind", "name"], sort=False):
        if kind == "benchmark" and plain and name not in plain:
            continue
        if not rows[column].notna().any():
            continue
        rows = rows[rows["date"] >= begins]  # the same days for each: one that begins later is empty before
        first, last, place = int(rows.index[0]), int(rows.index[-1]), drawn[kind]
        drawn[kind] += 1
        own = f"={placed.cells('name', first, first).split(':')[0]}"
        line: dict[str, Any] = {"color": between(place / max(courses - 1, 1)), "width": 1.75}
        if kind == "benchmark":
            line = {"color": INK, "width": 1.25, "dash_type": DASHES[place % len(DASHES)]}
        chart.add_series(
            {
                "name": drawing.messages.called(name) if name in drawing.messages.table["names"] else own,
                "categories": f"={placed.cells('date', first, last)}",
                "values": f"={placed.cells(column, first, last)}",
                "line": line,
            }
        )
    months = (frame["date"].iloc[-1] - frame["date"].iloc[0]).days // 30
    ticks: dict[str, Any] = {"num_format": "m/d", "major_unit": 7, "major_unit_type": "days"}
    if column == "itd":
        ticks = {"num_format": "yyyy-mm", "major_unit": max(1, round(months / 12)), "major_unit_type": "months"}
    chart.set_x_axis({"date_axis": True, "label_position": "low", "num_font": {"size": 9}} | ticks)
    chart.set_y_axis(drawing.percent_axis())
    return chart


def bar_chart(
    drawing: Drawing, sheet: Worksheet, title: str, placed: Placed, bars: Sequence[Any], value: str, keys: dict[str, str]
) -> tuple[Chart, int]:
    """Write a block of factors with their values and two standard errors, and draw it as bars with whiskers."""
    styles, columns = drawing.styles, drawing.messages.table["columns"]
    sheet.write_string(FIRST - 2, NUMBERS, title, styles("column"))
    heading = [columns["factor"], drawing.words("name"), columns["contribution" if keys else "factor_month.return"]]
    sheet.set_row(FIRST - 1, HEADING_HEIGHT)
    heading += [drawing.words(key) for key in ("error", "low", "high", "positive", "negative")]
    for place, text in enumerate(heading):
        sheet.write_string(FIRST - 1, NUMBERS + place, text, styles("heading"))
    for row, bar in enumerate(bars, FIRST):
        factor = cell(row, 0)
        sheet.write_string(row, NUMBERS, styles.text(str(bar["factor"])), styles("column"))
        sheet.write_string(row, NUMBERS + 1, styles.text(drawing.messages.factor(str(bar["factor"]))))
        for place, column, times in ((2, value, 1), (3, "standard_error", 2)):
            formula = placed.lookup(column, **keys, factor=factor)
            sheet.write_formula(row, NUMBERS + place, f"={times}*{formula}", styles("percent"), times * number(bar[column]))
        middle, error = number(bar[value]), 2 * number(bar["standard_error"])
        for place, sign, end in ((4, "-", middle - error), (5, "+", middle + error)):
            sheet.write_formula(row, NUMBERS + place, f"={cell(row, 2)}{sign}{cell(row, 3)}", styles("percent"), end)
        for place, of, part in ((6, "MAX", max(0.0, middle)), (7, "MIN", min(0.0, middle))):
            sheet.write_formula(row, NUMBERS + place, f"={of}(0,{cell(row, 2)})", styles("percent"), part)
    last = FIRST + len(bars) - 1
    chart = drawing.chart("bar", sheet, (FIRST - 2, NUMBERS))
    here = sheet.get_name()
    errors = f"={quote_sheetname(here)}!{cell(FIRST, 3)}:{cell(last, 3)}"
    shared: dict[str, Any] = {"categories": [here, FIRST, NUMBERS + 1, last, NUMBERS + 1], "gap": 45, "overlap": 100}
    for place, colour in ((6, styles.palette.gain), (7, styles.palette.loss)):  # not every program inverts a colour
        values = [here, FIRST, NUMBERS + place, last, NUMBERS + place]
        chart.add_series({"name": [here, FIRST - 1, NUMBERS + place], "values": values, "fill": {"color": colour}} | shared)
    whiskers = {"type": "custom", "plus_values": errors, "minus_values": errors, "line": {"color": INK, "width": 1}}
    chart.add_series(
        {
            "name": [here, FIRST - 1, NUMBERS + 2],
            "values": [here, FIRST, NUMBERS + 2, last, NUMBERS + 2],
            "fill": {"none": True},
            "y_error_bars": whiskers,
        }
        | shared
    )
    for place in (4, 5):  # unseen, so that the axis reaches the ends of the whiskers
        chart.add_series({"values": [here, FIRST, NUMBERS + place, last, NUMBERS + place], "fill": {"none": True}})
    chart.set_y_axis({"reverse": True, "label_position": "low", "num_font": {"size": 9}, "crossing": "max"})
    chart.set_x_axis(drawing.percent_axis())
    chart.set_legend({"none": True})
    return chart, 90 + ROW * len(bars)


def cell(row: int, place: int) -> str:
    """The cell in a column of the numbers, as a formula of any sheet writes it."""
    return f"${xl_col_to_name(NUMBERS + place)}${row + 1}"


def number(value: Any) -> float:
    """A value as the lookup finds it: nothing counts as 0."""
    return 0.0 if pd.isna(value) else float(value)
