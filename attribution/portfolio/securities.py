"""Groupings from the table securities."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pandas as pd

from riskmodel.arrays.labels import require_kind
from riskmodel.errors import InputError
from riskmodel.market.sources import Source, open_source
from riskmodel.market.spelling import spelt
from riskmodel.market.tables import TABLES, TEXT
from riskmodel.texts import has_control, visible


def read_grouping(folder: str | Path | Source, column: str) -> pd.Series:
    """Read any column of a market folder's `securities` as a grouping.

    Parameters
    ----------
    folder
        Of `riskmodel.read_market`, with `securities.csv` or `securities.parquet`; or a source of its tables.
    column
        A column of text; those that the risk model does not know, such as "industry", too.

    Returns
    -------
    Series
        (ticker) groups, empty where the table has none; its name is the column's. Spelt as the market's labels
        are.

    Raises
    ------
    InputError
        As `riskmodel.market.tables.read_table`: for a missing table or column, one that is not text, a ticker twice.

    Examples
    --------
    >>> read_grouping("fixtures/small", "sector").loc["1E10"]
    'Information Technology'
    """
    require_kind("column", column, str, "Name a column of the table securities.")
    if has_control(column):
        raise InputError(f"securities: '{visible(column, keep='')}' is no name of a column. Name one of the table.")
    columns, sparse = {"ticker": TEXT, column: TEXT}, frozenset({column})
    wanted = replace(TABLES["securities"], columns=columns, optional=frozenset(), sparse=sparse)
    table = cast(pd.DataFrame, open_source(folder).table("securities", wanted))
    return spelt(table.set_index("ticker")[column], column).fillna("")
