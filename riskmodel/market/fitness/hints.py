"""What would do, said to a person whose file is not written as the tables are: nothing is read otherwise for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from riskmodel.market.day_forms import EXCEL_DATES, forms_of
from riskmodel.market.spelling import stands_for_none

SEEN = 200  # cells that are looked at
MANY = 20  # columns from which on a table may be a wide one
BY_DAY, KEYS = ("prices", "indices", "fx"), ("date", "ticker", "index", "pair")
OF_FILES = (".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".txt", ".psv", ".dat", ".parquet", ".gz", ".zip")
SERIAL = r"[34]\d{4}"  # of a workbook: days from 1982 to 2036
RATIOS = ("weight", "total_return", "return", "fee", "risk_free", "value", "exposure")  # that may be written in percent


def of_numbers(cells: Iterable[str], column: str, name: str) -> str:
    """What to state of cells that are no plain decimals.

    Examples
    --------
    >>> of_numbers(["4.3%", "5.1 %"], "weight", "holdings")
    'Write plain decimals with a point and a minus sign, or state units = { weight = "percent" } beside file in \
[tables.holdings] of the book.'
    >>> of_numbers(["0,041"], "weight", "holdings")
    'Write plain decimals with a point and a minus sign, or state decimal = "," beside file in [tables.holdings] of the \
book.'
    """
    texts = [text.strip() for text in cells][:SEEN]

    def every(form: str) -> bool:
        return all(re.fullmatch(form, text) for text in texts)

    stated = ""
    if all(map(stands_for_none, texts)):
        stated = f'missing = ["{texts[0]}"]'
    elif column in RATIOS and every(r"[-+−△▲]?[\d.,]+\s?[%％]"):
        stated = f'units = {{ {column} = "percent" }}'
    elif every(r"-?[1-9]\d{0,2},\d{3}"):  # 1,234 is either
        stated = 'thousands = ",", or decimal = ","'
    elif every(r"-?[1-9](\d{0,2}(,\d{3})+|\d?(,\d{2})+,\d{3})(\.\d+)?"):  # the second as in India: 1,00,000
        stated = 'thousands = ","'
    elif every(r"-?\d+(\.\d{3})*,\d+"):
        stated = 'decimal = ","' + (', thousands = "."' if any("." in text for text in texts) else "")
    also = f", or state {stated} beside file in [tables.{name}] of the book" if stated else ""
    return f"Write plain decimals with a point and a minus sign{also}."


def of_dates(cells: Iterable[str], name: str) -> str:
    """What to state of cells that are no days as YYYY-MM-DD; both forms where days and months could be either.

    Examples
    --------
    >>> of_dates(["31/03/2025", "01/04/2025"], "holdings")
    'Write dates as YYYY-MM-DD, or state dates = "DD/MM/YYYY" beside file in [tables.holdings] of the book.'
    >>> of_dates(["2025-02-31"], "holdings")
    'There is no such day. Write dates as YYYY-MM-DD.'
    """
    texts = [text.strip() for text in cells][:SEEN]
    if all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) for text in texts):
        return "There is no such day. Write dates as YYYY-MM-DD."
    stated = (
        (EXCEL_DATES,) if all(re.fullmatch(SERIAL, text) for text in texts) else forms_of(pd.Series(texts, dtype=object))
    )
    if texts and stated:
        told = " or ".join(f'"{one}"' for one in stated)
        return f"Write dates as YYYY-MM-DD, or state dates = {told} beside file in [tables.{name}] of the book."
    return "Write dates as YYYY-MM-DD."


def of_encoding(name: str, likely: str) -> str:
    """What to do with a file that is not UTF-8.

    Examples
    --------
    >>> of_encoding("securities", "cp932")
    'Save it as UTF-8 (it may be cp932: then state encoding = "cp932" beside file in [tables.securities] of the book).'
    """
    stated = f'encoding = "{likely}" beside file in [tables.{name}] of the book'
    return f"Save it as UTF-8 (it may be {likely}: then state {stated})."


def of_columns(missing: Sequence[str], found: Sequence[str], name: str) -> str:
    """What to state where columns are missing that stand there under another name, or across.

    Examples
    --------
    >>> of_columns(["date"], ["Date", "ticker"], "holdings")
    ' State columns = { date = "Date" } beside file in [tables.holdings] of the book, or rename.'
    """
    first = next((column for column in missing if column not in KEYS), "")
    if name in BY_DAY and first and len(found) >= MANY and not {*KEYS[1:]} & set(found):
        return (
            f' It looks like a table with days down and names across: state layout = "wide" in [tables.{name}], and '
            f"[tables.{name}.fields.{first}] with its file."
        )
    like: dict[str, str] = {}
    for column in missing:
        exact = [theirs for theirs in found if theirs.strip().lower() == column]
        near = [theirs for theirs in found if column in re.split(r"[\s_\-]+", theirs.lower())]
        for theirs in (exact or near)[:1]:
            like[column] = theirs
    if not like:
        return ""
    told = ", ".join(f'{ours} = "{theirs}"' for ours, theirs in like.items())
    return f" State columns = {{ {told} }} beside file in [tables.{name}] of the book, or rename."


def of_files(folder: Path, name: str) -> str:
    """What to do where a table's file has another name or is of another kind.

    Examples
    --------
    >>> print(of_files(Path("fixtures/exports/sheets/files"), "companies").strip())
    There is 'companies.xlsx': state file = "companies.xlsx" in [tables.companies] of the book.
    """
    near = sorted(
        path.name for path in folder.glob("*") if path.name.lower().split(".")[0] == name and path.suffix.lower() in OF_FILES
    )
    if not near:
        return ""
    plain = near[0].lower() in (f"{name}.csv", f"{name}.parquet")
    advice = f"rename it to '{near[0].lower()}'" if plain else f'state file = "{near[0]}" in [tables.{name}] of the book'
    return f" There is '{near[0]}': {advice}."
