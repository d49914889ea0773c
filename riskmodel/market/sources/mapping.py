"""What a person states about an export, so that nothing of it is guessed: where a table lies and what its cells mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from riskmodel.bounds import Bound, shown, whole_number
from riskmodel.market.day_forms import EXCEL_DATES, strptime_of

UNITS: dict[str, float] = {  # what one of them is, in the unit that the tables are in
    "percent": 0.01,
    "percent_squared": 1e-4,
    "basis_points": 1e-4,
    "cents": 0.01,
    "hundreds": 1e2,
    "thousands": 1e3,
    "ten_thousands": 1e4,
    "lakhs": 1e5,
    "millions": 1e6,
    "crores": 1e7,
    "hundred_millions": 1e8,
    "billions": 1e9,
    "trillions": 1e12,
    "ones": 1.0,
    "new_for_old": 1.0,
    "old_for_new": 1.0,
}
RATIOS = ("new_for_old", "old_for_new")  # two numbers of a split in one cell: 5 for 1, or 1 to 5
EMPTY_LINE = "empty line"  # of `until`
OF_SHEET = "{sheet}"  # in `constant`: the name of the sheet
OPEN = "?"  # what stands in a drafted mapping where a person must say something
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _strptime(text: str) -> str:
    """A form of dates as `datetime.strptime` has it, or that it says no day."""
    if text == EXCEL_DATES:
        return text
    form = strptime_of(text)
    if not (re.search("%[Yy]", form) and re.search("%[mb]", form)):
        raise ValueError(
            f'write the form of a day with YYYY, MM and DD, such as "YYYYMMDD" or "DD.MM.YYYY", of a month, whose last day '
            f'it is, with YYYY and MM, or "{EXCEL_DATES}"'
        )
    return form


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f'{shown(name)} is no zone; write its name, such as "Asia/Singapore", "Europe/London" or "UTC"'
        ) from None
    return name


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _within(bound: Bound) -> Callable[[Any], Any]:
    """A validator of pydantic's: the value as it is where a bound admits it."""

    def checked(value: Any) -> Any:
        if not bound.admits(value):
            raise ValueError(f"{shown(value)}; give {bound.wanted}")
        return value

    return checked


def _unit(value: str) -> str:
    if value not in UNITS:
        raise ValueError(
            f"{shown(value)} is no unit; write one of {', '.join(UNITS)}, or nothing where it is that of the tables"
        )
    return value


def _words(value: Any) -> Any:
    return {"words": value} if isinstance(value, str | list | tuple) else value


Dates = Annotated[str, AfterValidator(_strptime)]
Zone = Annotated[str, AfterValidator(_zone)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]
Unit = Annotated[str, AfterValidator(_unit)]
Lines = Annotated[int, BeforeValidator(_within(whole_number("lines above the header", 0, 1000)))]
Digits = Annotated[int, BeforeValidator(_within(whole_number("digits of a code", 0, 20)))]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cash(_Part):
    """What stands for cash in a list: `cash = "Cash USD"`, or `cash = { column = "Asset Class", words = ["Cash"] }`.

    Attributes
    ----------
    words
        Cells that say cash.
    column
        Theirs, in which they stand; by default that of the names. A custodian has no code for cash, and a class.
    """

    words: Texts = ()
    column: str = ""


class Items(_Part):
    """Where a table has a row an item: `items = { column = "ITM_CD", value = "ITM_VAL" }`; `columns` has ours = the item.

    Attributes
    ----------
    column
        Theirs, that says which item a row is.
    value
        Theirs, that has its number.
    """

    column: str
    value: str


class How(_Part):
    """How a file is written.

    Attributes
    ----------
    sheet
        Of a workbook, or several; `*` and `?` stand for any text. By default its only one.
    encoding, delimiter, decimal, thousands
        Of a text file.
    skip
        Lines above the header.
    under
        Lines of the header under its first, which has the names: a vendor's item and how often it comes below each code.
    until
        What the first line below the table begins with, where notes stand there; or "empty line".
    dates
        The form of its dates: "YYYY-MM-DD", "YYYYMMDD", "DD/MM/YYYY", "DD-MMM-YY" and the like; "excel" for serial numbers.
        Of a form without DD, "YYYYMM", the last day of the month.
    zone
        Whose days stamps with a zone are of: "Asia/Singapore". Without it a time of day is refused.
    missing
        What stands in a cell that has no value, such as "#N/A".
    """

    sheet: Texts = ()
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'", "_"] = ""
    skip: Lines = 0
    under: Lines = 0
    until: str = ""
    dates: Dates = "%Y-%m-%d"
    zone: Zone = ""
    missing: Texts = ()

    @model_validator(mode="after")
    def _of_two_points(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; thousands has another, or is left out")
        return self


class Sheet(How):
    """One sheet of a wide table: its file, the unit of its numbers, and the columns that are no part of its grid."""

    file: Texts
    unit: Unit | None = None
    beside: Texts = ()


class TableMap(How):
    """[tables.NAME]: one table of a market out of somebody's exports.

    Attributes
    ----------
    layout
        `long`, a row a fact; `wide`, days down and names across, or `across`, names down and days across: a sheet for each
        column of ours.
    file
        A path, or several, relative to the data folder; `*` and `?` stand for any text, `**/` for any folders or none, and
        {date}, {portfolio} or another column of ours for what every row of the file has in it.
    table, query
        Of a database: the name of a table or a view there, with its schema before it where it is not the usual one; or one
        SELECT. By default the table has our name.
    columns
        Ours = theirs, "" where they have none; what is left out has our name.
    items
        Of a long table with a row an item: the column that says which, and that of the values; `columns` then has ours = the
        item, of what is no key.
    constant
        Ours = what every row has; {sheet} in it is the name of the row's sheet.
    unit
        Of every number of which `units` says nothing: "ones" where they are in that of the tables.
    units
        Ours = the unit that their numbers are in; without it they are in that of the tables.
    values
        Of a column of texts, ours: theirs = ours, such as { session = { "BMO" = "pre" } }; others stay as they are.
    cash
        What stands for cash among the names of an export, such as "Cash USD", or in another column of it.
    lots
        Whether rows of one stock in a list are lots, or what is lent of it, which add up; `check` counts them. Without it
        they are refused.
    drop
        Theirs = cells, of rows that are no rows of the table, such as totals: { Class = ["Total"] }; `check` counts them.
    beginnings, endings
        Theirs = ours, of what stands before, or behind, the codes by which an export names stocks: { " US" = " US Equity" }.
    digits
        How many the codes of digits have that lost the zeros in front of them, as numbers do: 6 makes 5930 005930.
    identifiers
        A column of the table securities that holds the codes by which the export names stocks: "isin", say.
    unadjusted
        Ours that are on the split basis of their own day, not of today's: splits of the table splits since then are taken
        into account.
    derived
        Ours = how it is worked out: see `riskmodel.market.sources.derive.DERIVED`.
    fields
        Of a wide table: ours = the sheet that has it.
    """

    layout: Literal["long", "wide", "across"] = "long"
    file: Texts = ()
    table: str = ""
    query: str = ""
    columns: dict[str, str] = {}
    items: Items | None = None
    constant: dict[str, str] = {}
    unit: Unit | None = None
    units: dict[str, Unit] = {}
    values: dict[str, dict[str, str]] = {}
    cash: Annotated[Cash, BeforeValidator(_words)] = Cash()
    lots: bool = False
    drop: dict[str, Texts] = {}
    beginnings: dict[str, str] = {}
    endings: dict[str, str] = {}
    digits: Digits = 0
    identifiers: str | None = None
    unadjusted: Texts = ()
    derived: dict[str, str] = {}
    fields: dict[str, Sheet] = {}
