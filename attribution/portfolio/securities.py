"""Groupings from the table securities."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from riskmodel.errors import InputError, listed
from riskmodel.market.tables import table_path


def read_grouping(folder: str | Path, column: str) -> pd.Series:
    """Read any column of a market folder's `securities` as a grouping.

    Parameters
    ----------
    folder
        Of `riskmodel.read_market`, with `securities.csv` or `securities.parquet`.
    column
        A column of text; those that the risk model does not know, such as "industry", too.

    Returns
    -------
    Series
        (ticker) groups, empty where the table has none; its name is the column's.

    Raises
    ------
    InputError
        For a missing table or column, or one that is not text.

    Examples
    --------
    >>> read_grouping("fixtures/small", "sector").loc["1E10"]
    'Information Technology'
    """
    path = table_path(Path(folder), "securities")
    if path is None:
        raise InputError(f"securities: no table 'securities.parquet' or 'securities.csv' in {folder}.")
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    else:
        frame = pd.read_parquet(path)
    if column not in frame.columns or "ticker" not in frame.columns:
        raise InputError(f"securities: missing column '{column}'. Found: {listed(frame.columns, 20)}.")
    if frame[column].dtype.kind in "iufbM":
        raise InputError(f"securities: column '{column}' holds {frame[column].dtype} values, not text. Write codes as text.")
    return frame.set_index("ticker")[column].fillna("")
