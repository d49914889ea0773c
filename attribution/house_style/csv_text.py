"""Tables as CSV that no spreadsheet runs: a text that would be a formula has an apostrophe before it."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Iterable

import numpy as np
import pandas as pd

from riskmodel.texts import without_formula


def csv_text(frame: pd.DataFrame) -> str:
    r"""A table as CSV with every digit, and no cell or heading that a spreadsheet takes for a formula.

    Numbers are never touched. `riskmodel.market.tables.read_table` gives the texts back as they were.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"ticker": ["A", "=1+1"], "weight": [-0.5, 1.5]}))
    "ticker,weight\nA,-0.5\n'=1+1,1.5\n"
    """
    names = [_cell(name) for name in frame.columns]
    columns = [fields for place in range(frame.shape[1]) if (fields := _fields(frame.iloc[:, place])) is not None]
    if len(columns) == frame.shape[1] > 1 and all(isinstance(name, str) for name in names):
        return "\n".join([",".join(_quoted(names)), *map(",".join, zip(*columns, strict=True)), ""])
    plain = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype.kind == "O":  # of numpy's and pandas' kinds those that may hold texts
            changed = {text: cell for text in column.unique() if (cell := _cell(text)) != text}
            if changed:
                plain.isetitem(place, column.astype(object).map(changed).where(column.isin(list(changed)), column))
    plain.columns = pd.Index(names)
    return str(plain.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d"))


def _fields(column: pd.Series) -> list[str] | None:
    """The cells of a column as pandas writes them, at a third of its time; None of a column of another kind than most."""
    if column.dtype == np.float64:
        return [repr(value) if value == value else "" for value in column.tolist()]
    if not isinstance(column.dtype, pd.StringDtype):
        return None
    codes, texts = pd.factorize(column)
    fields = np.array([*_quoted(map(_cell, texts)), ""], dtype=object)  # the last of what is missing
    return list(fields[codes])


def _quoted(texts: Iterable[Hashable]) -> list[str]:
    """Texts as CSV has them: those with a comma, a quotation mark or a line's end in quotation marks."""
    out: list[str] = []
    for text in texts:
        row = io.StringIO()
        csv.writer(row, lineterminator="\n").writerow([text, ""])
        out.append(row.getvalue()[: -len(",\n")])
    return out


def _cell(value: Hashable) -> Hashable:
    return without_formula(value) if isinstance(value, str) else value
