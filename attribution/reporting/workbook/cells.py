"""Sheets that hold a table to its last digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from xlsxwriter.utility import quote_sheetname, xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from attribution.reporting.workbook.formats import OF_MEASURE, ZERO, Styles, measure_kind, number_kind, text_columns
from riskmodel.errors import InputError, counted, listed

HEADING_HEIGHT = 33  # points, for two lines
HEADINGS = 2  # rows above the data: names of columns, then headings
MOST_ROWS = 1_048_576  # of a sheet of Excel
WIDEST, FROZEN_WIDTH = 60, 60  # characters
EPOCH = pd.Timestamp("1899-12-30")


class TableSheet(Worksheet):  # type: ignore[misc]
    """A worksheet whose cells are a table's.

    XlsxWriter writes 16 significant digits and every cell by itself. A table must be read back equal, which takes 17, and
    one of 100,000 rows must not take seconds: here columns become cells at once. All around the cells is XlsxWriter's.
    """

    rows: Sequence[str] = ()
    cached: Sequence[Sequence[Any]] = ()

    def fill(self, frame: pd.DataFrame, name: str, headings: Sequence[str], styles: Styles) -> list[list[str]]:
        """Lay out a table: its columns' names, its headings, its rows.

        Returns
        -------
        list of lists
            For each column the kind of every cell.
        """
        require_room(frame, name)
        columns = [TableColumn(frame.iloc[:, place], name, frame) for place in range(frame.shape[1])]
        first = [self._texts([column.label], "column", styles, 1) for column in columns]
        second = [self._texts([heading], "heading", styles, 1) for heading in headings]
        places = [xl_col_to_name(place) for place in range(len(columns))]
        top = [
            "".join(f'<c r="{place}{row}{cell[0]}' for place, cell in zip(places, cells, strict=True))
            for row, cells in enumerate((first, second), 1)
        ]
        cells = [self._cells(column, place, styles) for column, place in zip(columns, places, strict=True)]
        body = ["".join(row) for row in zip(*cells, strict=True)]
        self.rows = [f'<row r="{number}">{row}</row>' for number, row in enumerate([*top, *body], 1)]
        self.rows[1] = self.rows[1].replace(">", f' ht="{HEADING_HEIGHT}" customHeight="1">', 1)
        self.cached = [[c.label, heading, *c.plain] for c, heading in zip(columns, headings, strict=True)]
        self.dim_rowmin, self.dim_rowmax = 0, len(frame) + HEADINGS - 1
        self.dim_colmin, self.dim_colmax = 0, max(len(columns) - 1, 0)
        return [column.kinds for column in columns]

    def _cells(self, column: TableColumn, place: str, styles: Styles) -> list[str]:
        """The cells of a column below its headings."""
        numbers = range(HEADINGS + 1, HEADINGS + 1 + len(column.values))
        if column.is_text:
            codes, texts = pd.factorize(column.values)
            ends = [*self._texts([str(text) for text in texts], "text", styles, len(codes)), _blank("missing", styles)]
            return [f'<c r="{place}{number}{ends[code]}' for number, code in zip(numbers, codes.tolist(), strict=True)]
        starts = {kind: f' s="{styles(kind)._get_xf_index()}' for kind in dict.fromkeys([*column.kinds, "missing"])}
        starts |= {kind: f'{starts[kind]}" t="b' for kind in ("true", "false") if kind in starts}
        missing = f'"{starts["missing"]}"/>'
        cells = []
        for number, kind, value in zip(numbers, column.kinds, column.plain, strict=True):
            if value is None:
                cells.append(f'<c r="{place}{number}{missing}')
            elif kind == "text":
                cells.append(f'<c r="{place}{number}{self._texts([str(value)], "text", styles, 1)[0]}')
            else:
                cells.append(f'<c r="{place}{number}"{starts[kind]}"><v>{value!r}</v></c>')
        return cells

    def _texts(self, texts: Sequence[str], kind: str, styles: Styles, used: int) -> list[str]:
        """The ends of text cells, behind their places; `used` is how many cells they stand in."""
        shared = self.str_table
        ends = []
        for text in texts:
            if text == "":
                ends.append(_blank(kind, styles))
            else:
                index = shared._get_shared_string_index(styles.text(text))
                ends.append(f'" s="{styles(kind)._get_xf_index()}" t="s"><v>{index}</v></c>')
        shared.count += max(used - len(texts), 0)
        return ends

    def _write_rows(self) -> None:
        self.fh.write("".join(self.rows))

    def _get_range_data(self, row_start: int, col_start: int, row_end: int, col_end: int) -> list[Any]:
        """What charts show before anything is calculated."""
        places = [(r, c) for r in range(row_start, row_end + 1) for c in range(col_start, col_end + 1)]
        return [None if self.cached[c][r] is None else str(self.cached[c][r]) for r, c in places]


def _blank(kind: str, styles: Styles) -> str:
    return f'" s="{styles(kind)._get_xf_index()}"/>'


@dataclass(frozen=True)
class TableColumn:
    """A column on its way into a sheet."""

    values: pd.Series
    table: str
    frame: pd.DataFrame

    @property
    def label(self) -> str:
        """Its name in the frame."""
        return str(self.values.name)

    @cached_property
    def is_text(self) -> bool:
        """Whether every value is a text or missing."""
        values = self.values
        if values.dtype.kind in "biufM" or isinstance(values.dtype, pd.BooleanDtype):
            return False
        return isinstance(values.dtype, pd.StringDtype) or all(
            isinstance(value, str) or _is_missing(value) for value in values.tolist()
        )

    @cached_property
    def plain(self) -> list[Any]:
        """Numbers, days since Excel's epoch, 0 and 1 for true or false, texts; None where there is none."""
        values = self.values
        if self.is_text:
            return values.astype(object).where(values.notna(), None).tolist()
        if values.dtype.kind == "M":
            days = ((values - EPOCH) / pd.Timedelta(days=1)).tolist()
            return [None if day != day else int(day) if day == int(day) else day for day in days]
        if values.dtype.kind == "f" and isinstance(values.dtype, np.dtype):
            numbers = (values.to_numpy(dtype=float) + 0.0).tolist()  # -0.0 becomes 0.0
            self._require_finite(np.isinf(values.to_numpy(dtype=float)))
            return [None if number != number else number for number in numbers]
        plain = [_plain(value) for value in values.tolist()]
        self._require_finite(np.array([isinstance(value, float) and abs(value) == np.inf for value in plain], dtype=bool))
        return plain

    @cached_property
    def kinds(self) -> list[str]:
        """The kind of every cell: a kind of number, date, truth or text."""
        dtype = self.values.dtype
        if self.is_text:
            return ["text"] * len(self.values)
        if dtype.kind == "M":
            return ["date"] * len(self.values)
        if dtype.kind in "bO":
            return [self._kind(value) for value in self.values.tolist()]
        described = next((column for column in ("measure", "rule") if column in self.frame), None)
        if described and self.label in OF_MEASURE:
            return [measure_kind(str(measure)) for measure in self.frame[described]]
        return [self._number] * len(self.values)

    @property
    def _number(self) -> str:
        whole = self.values.dtype.kind in "iu"
        return "count" if whole else number_kind(self.table, self.label)

    def _kind(self, value: Any) -> str:
        if isinstance(value, bool | np.bool_):
            return "true" if value else "false"
        if isinstance(value, int | float | np.number):
            return self._number
        return "date" if isinstance(value, pd.Timestamp) else "text"

    def _require_finite(self, infinite: Any) -> None:
        if infinite.any():
            rows = listed(np.flatnonzero(infinite) + 1)
            raise InputError(
                f"workbook: {counted(int(infinite.sum()), 'infinite value')} in column '{self.label}' of the table "
                f"'{self.table}' (rows {rows}); a sheet holds finite numbers. Look for a division by zero in its inputs."
            )


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _plain(value: Any) -> Any:
    if _is_missing(value):
        return None
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) + 0.0
    if isinstance(value, pd.Timestamp):
        return (value - EPOCH) / pd.Timedelta(days=1)
    return str(value)


def require_room(frame: pd.DataFrame, name: str) -> None:
    """Refuse a table with more rows than a sheet.

    Raises
    ------
    InputError
        With the number of rows.
    """
    most = MOST_ROWS - HEADINGS
    if len(frame) > most:
        raise InputError(
            f"workbook: the table '{name}' has {len(frame):,} rows; a sheet of Excel holds {most:,} below its headings. "
            f"Leave xlsx out of the formats: tables/{name}.csv has them all."
        )


def add_table(
    workbook: Workbook, sheet_name: str, name: str, title: str, frame: pd.DataFrame, headings: Sequence[str], styles: Styles
) -> TableSheet:
    """Add a sheet that holds a table: filter and frozen headings, widths that fit, what is below zero in its colour.

    Parameters
    ----------
    workbook
        Where the sheet is added.
    sheet_name
        Its name, as `sheet_names` gave it.
    name, title
        The table's name among the report's tables; its title, printed above each page.
    frame
        The table: numbers, texts, dates, true or false.
    headings
        One for each column.
    styles
        Formats of the workbook.

    Raises
    ------
    InputError
        For infinite numbers, and for more rows or longer texts than Excel holds.
    """
    sheet = workbook.add_worksheet(sheet_name, worksheet_class=TableSheet)
    kinds = sheet.fill(frame, name, headings, styles)
    last = len(frame) + HEADINGS - 1
    widths = []
    for place, (column, heading) in enumerate(zip(frame.columns, headings, strict=True)):
        widths.append(_width(frame.iloc[:, place], str(column), heading, set(kinds[place])))
        sheet.set_column(place, place, widths[-1])
        mark_negative(sheet, place, HEADINGS, kinds[place], styles)
    texts = next((place for place, parts in enumerate(kinds) if set(parts) - {"text", "date"}), len(kinds))
    frozen = [place for place in range(1, texts + 1) if sum(widths[:place]) <= FROZEN_WIDTH]
    sheet.freeze_panes(HEADINGS, max(frozen, default=0))
    if len(frame.columns):
        sheet.autofilter(HEADINGS - 1, 0, max(last, HEADINGS - 1), len(frame.columns) - 1)
        corner = f"${xl_col_to_name(len(frame.columns) - 1)}${max(last, HEADINGS - 1) + 1}"
        workbook.define_name(name, f"={quote_sheetname(sheet_name)}!$A$1:{corner}")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, HEADINGS - 1)
    sheet.set_header(f"&L{title.replace('&', '&&')}&R&P / &N")
    return sheet


def _width(values: pd.Series, column: str, heading: str, kinds: set[str]) -> float:
    """Characters that the longest cell takes; headings wrap, so theirs count half, with room for the filter's arrow."""
    content = {"date": 12, "true": 8, "false": 8, "fine": 11, "number": 13}
    longest = max((content.get(kind, 9) for kind in kinds if kind != "text"), default=6)
    if "text" in kinds:
        longest = max([longest, *(text_columns(str(text)) + 2 for text in values.dropna().unique())])
    return float(min(max(longest, 0.85 * text_columns(column) + 1, 0.6 * text_columns(heading) + 5), WIDEST))


def mark_negative(sheet: Worksheet, place: int, first: int, kinds: Sequence[str], styles: Styles) -> None:
    """Write negative numbers of a column in their colour, and take the sign from one that shows as zero."""
    letter = xl_col_to_name(place)
    spans: dict[str, list[str]] = {}
    row = first + 1
    for kind, run in groupby(kinds):
        length = len(list(run))
        spans.setdefault(kind, []).append(f"{letter}{row}:{letter}{row + length - 1}")
        row += length
    for kind, ranges in spans.items():
        if kind in ZERO:
            least = {"type": "cell", "multi_range": " ".join(ranges)}
            unsigned = {"criteria": "between", "minimum": ZERO[kind], "maximum": 0, "format": styles.unsigned(kind)}
            sheet.conditional_format(ranges[0], least | unsigned)
            sheet.conditional_format(ranges[0], least | {"criteria": "<", "value": ZERO[kind], "format": styles.fallen})
