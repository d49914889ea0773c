"""Accounts that cannot be explained: a row each, with the reason as a key and the values that it is told with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from attribution.identities import ReconciliationError
from riskmodel.errors import InputError
from riskmodel.facts import Fact
from riskmodel.market.plain_text import FIRST_DATE, LARGEST_NUMBER, LAST_DATE
from riskmodel.texts import has_control

COLUMNS = {
    "portfolio": "str",
    "reason": "str",
    "ticker": "str",
    "date": "datetime64[ns]",
    "value": "float64",
    "places": "int64",
}


class UnfitAccountsError(InputError):
    """Some of many accounts cannot be explained; the others can.

    Attributes
    ----------
    rejects
        One row an account; see `rejects`.
    """

    def __init__(self, message: str, rejects: pd.DataFrame) -> None:
        super().__init__(message)
        self.rejects = rejects


class UnreconciledAccountsError(ReconciliationError):
    """Contributions of some of many accounts do not add up; `rejects` as above."""

    def __init__(self, message: str, rejects: pd.DataFrame) -> None:
        super().__init__(message)
        self.rejects = rejects


def rejects(reason: str, portfolio: Any, *, ticker: Any = None, date: Any = None, value: Any = None) -> pd.DataFrame:
    """One row an account: its first place where a reason holds, and in how many it does.

    Parameters
    ----------
    reason
        A key of the table `rejects` of the message files.
    portfolio, ticker, date, value
        Of each place; what a reason is told without is missing.

    Returns
    -------
    DataFrame
        portfolio, reason, ticker, date, value, places.

    Examples
    --------
    >>> rows = rejects("unknown_ticker", ["P", "Q", "P"], ticker=["X", "Y", "Z"])
    >>> rows[["portfolio", "ticker", "places"]].to_numpy().tolist()
    [['P', 'X', 2], ['Q', 'Y', 1]]
    """
    given = {"portfolio": portfolio, "reason": reason, "ticker": ticker, "date": date, "value": value, "places": 1}
    columns = {name: column if np.ndim(column) else [column] * len(portfolio) for name, column in given.items()}
    rows = pd.DataFrame(
        {name: pd.Series(np.asarray(columns[name], dtype=object)).astype(kind) for name, kind in COLUMNS.items()}
    )
    first = ~rows["portfolio"].duplicated()
    counts = rows["portfolio"].value_counts()
    rows = rows[first].reset_index(drop=True)
    return rows.assign(places=counts.reindex(rows["portfolio"]).to_numpy())


def rejects_of_rows(reason: str, rows: pd.DataFrame) -> pd.DataFrame:
    """`rejects` of rows of portfolio, date, ticker, weight."""
    date = rows["date"].where(rows["date"].between(FIRST_DATE, LAST_DATE))  # nanoseconds do not reach further
    return rejects(reason, rows["portfolio"], ticker=rows["ticker"], date=date, value=rows["weight"])


def fact_of(row: Any) -> Fact:
    """The reason of a row of `rejects` as a fact of the table `rejects` of the message files."""
    date = "" if pd.isna(row.date) else f"{row.date:%Y-%m-%d}"
    ticker = "" if pd.isna(row.ticker) else row.ticker
    return Fact(row.reason, {"ticker": ticker, "date": date, "value": row.value, "places": row.places})


def unfit_cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Accounts whose rows cannot be read, each with the first reason that holds.

    Parameters
    ----------
    rows
        portfolio, date, ticker, weight, in the kinds of these.

    Returns
    -------
    DataFrame
        As of `rejects`.
    """
    known = rows["date"].notna()
    day = rows["date"].where(known, FIRST_DATE)
    odd = {text for column in ("portfolio", "ticker") for text in rows[column].dropna().unique() if has_control(text)}
    empty = rows.isna().any(axis=1) | (rows["ticker"] == "") | (rows["portfolio"] == "")
    no_day = known & ((day != day.dt.normalize()) | ~day.between(FIRST_DATE, LAST_DATE))
    found = [
        rejects_of_rows("control_character", rows[rows["ticker"].isin(odd) | rows["portfolio"].isin(odd)]),
        rejects_of_rows("empty_cell", rows[empty]),
        rejects_of_rows("no_day", rows[no_day]),
        rejects_of_rows("endless_weight", rows[rows["weight"].abs() > LARGEST_NUMBER]),
        rejects_of_rows("duplicate_row", rows[rows.duplicated(["portfolio", "date", "ticker"])]),
    ]
    return pd.concat(found, ignore_index=True).drop_duplicates("portfolio", ignore_index=True)
