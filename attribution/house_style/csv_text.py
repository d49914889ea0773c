"""Tables as CSV that no spreadsheet runs: a text that would be a formula has an apostrophe before it."""

from __future__ import annotations

from collections.abc import Hashable

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
    plain = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype.kind == "O":  # of numpy's and pandas' kinds those that may hold texts
            changed = {text: cell for text in column.unique() if (cell := _cell(text)) != text}
            if changed:
                plain.isetitem(place, column.astype(object).map(changed).where(column.isin(list(changed)), column))
    plain.columns = pd.Index([_cell(name) for name in frame.columns])
    return str(plain.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d"))


def _cell(value: Hashable) -> Hashable:
    return without_formula(value) if isinstance(value, str) else value
