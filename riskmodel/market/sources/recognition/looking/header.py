"""Which line of a sheet is its header: titles stand above, lines of units and names beside it, days and numbers below."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import pandas as pd

from riskmodel.market.day_forms import ANY as ANY_DAY
from riskmodel.market.day_forms import TIME
from riskmodel.market.sources.recognition.evidence.values import DAY, shape_of
from riskmodel.market.spelling import stands_for_none

LOOKED_AT = 500  # rows below a header, for what stands under it
MOST_LINES_ABOVE = 30  # a header
NO_WORD = re.compile(rf"[-+△▲]?[\d.,/:'\s%％-]+|(?:{ANY_DAY})(?:{TIME})?")  # a number, a day or a stamp
MOST_HEADERS = 5  # rows of one: what a column is, its code, its unit
FILLED = 0.6  # of a table's width is a header; titles above have fewer cells


def header_row(grid: pd.DataFrame, filled: np.ndarray, width: int) -> int | None:
    """The row of the header: the first of words that is as wide as the table, else nearly so, else the first wide one."""
    rows = [row for row, count in enumerate(filled[:MOST_LINES_ABOVE]) if count >= max(2, FILLED * width)]
    words = [row for row in rows if all(map(is_word, grid.iloc[row].dropna()))]
    for least in (width, width - 1):
        if whole := [row for row in words if filled[row] >= max(2, least)]:
            last, among = whole[-1], _last_above_numbers(grid, whole[0], whole)
            return last if last > among + 1 and _is_below_titles(grid, whole[0], last) else among
    return rows[0] if rows else None


def _is_below_titles(grid: pd.DataFrame, first: int, last: int) -> bool:
    """Whether a row of words is the header, and another one above it a title as wide as a narrow table: `Series,ESTR`."""
    labels, body = labels_of(grid, last), grid.iloc[last + 1 : last + 1 + LOOKED_AT]
    apart = len({*labels}) == len(labels) and labels != labels_of(grid, first)
    return apart and 2 * sum(not _are_words(body[label]) for label in grid.columns) > len(grid.columns)


def _last_above_numbers(grid: pd.DataFrame, first: int, words: Collection[int]) -> int:
    """Of rows of words above each other the last that tells columns apart: what each is stands over its code and unit.

    They are a header where numbers or days stand under most of them; in a table of texts the rows below are of the table.
    """
    last = first
    while last + 1 in words and last - first < MOST_HEADERS:
        last += 1
    body = grid.iloc[last + 1 : last + 1 + LOOKED_AT]
    if last == first or body.empty:
        return first
    plain = [label for label in grid.columns if not _are_words(body[label])]
    if 2 * len(plain) < len(grid.columns) or grid.loc[grid.index[first : last + 1], plain].isna().any(axis=None):
        return first
    apart = [row for row in range(first, last + 1) if labels_of(grid, row) == [*dict.fromkeys(labels_of(grid, row))]]
    return apart[-1] if apart else first


def second_header(grid: pd.DataFrame, above: int) -> int | None:
    """The row of the fields where names stand over fields over numbers; None where a table has one row of headers."""
    for under in (above, above + 1):
        if not 0 < under < len(grid) - 1:
            continue
        names, fields, first = (grid.iloc[row, 1:].dropna() for row in (under - 1, under, under + 1))
        words = [cell for cell in fields if is_word(cell) and not stands_for_none(str(cell))]
        if len(words) < 2 or len(words) < len(fields) or 2 * len({*words}) > len(words) or len(names) < len({*words}):
            continue
        words_below = [cell for cell in first if is_word(cell) and not stands_for_none(str(cell))]
        if len(names) > 1 and not words_below and len({*map(str, names)}) > 1:
            return under
    return None


def heads_of(grid: pd.DataFrame, above: int) -> range | None:
    """The lines of a header of several, above days with numbers beside them; None where it has one line.

    A vendor's download has lines for the code, the name, the item and how often it comes, each headed by a word.
    """
    column = grid.iloc[above + 1 : above + 1 + MOST_LINES_ABOVE, 0]
    words = [is_word(cell) for cell in column]
    last = above + (words.index(False) if False in words else 0)
    across = grid.iloc[above, 1:].notna().to_numpy()
    first = above
    while first and grid.iloc[first - 1].map(is_word).to_numpy()[[True, *across]].all():
        first -= 1
    wide = across.sum() > 1 and (grid.iloc[first : last + 1, 1:].loc[:, across].notna().mean(axis=1) >= FILLED).all()
    return range(first, last + 1) if last > first and wide and shape_of(grid.iloc[last + 1 :, 0]).kind == DAY else None


def codes_among(grid: pd.DataFrame, heads: range) -> int:
    """Of the lines of a header the one that has the codes: no cell twice, the plainest letters, and the shortest."""

    def rank(row: int) -> tuple[bool, bool, float]:
        cells = [str(cell) for cell in grid.iloc[row, 1:].dropna()]
        wordy = any(" " in cell or not cell.isascii() for cell in cells)
        return len({*cells}) < len(cells), wordy, sum(map(len, cells)) / len(cells)

    return min(heads, key=rank)


def has_units_below(grid: pd.DataFrame, above: int) -> bool:
    """Whether the line below a header says in what its columns are: words alone, over columns of numbers and of days."""
    if above + 2 >= len(grid):
        return False
    line, body = grid.iloc[above + 1], grid.iloc[above + 2 : above + 2 + LOOKED_AT]
    there = line.dropna()
    plain = [label for label in grid.columns if not _are_words(body[label])]
    over = [label for label in plain if label in there.index]
    words = all(is_word(cell) and not stands_for_none(str(cell)) for cell in there)
    return words and len(over) > 1 and 2 * len(over) >= len(plain)


def labels_of(grid: pd.DataFrame, row: int) -> list[str]:
    return [" ".join(str(label).split()) if pd.notna(label) else "" for label in grid.iloc[row]]


def _are_words(cells: pd.Series) -> bool:
    """Whether most of some cells are words, and neither numbers, days nor none."""
    there = [cell for cell in cells.dropna() if not stands_for_none(str(cell))]
    return not there or 2 * sum(map(is_word, there)) > len(there)


def is_word(cell: object) -> bool:
    return isinstance(cell, str) and NO_WORD.fullmatch(cell.strip()) is None
