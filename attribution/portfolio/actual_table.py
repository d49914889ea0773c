"""The table actual_returns: what it must hold."""

from __future__ import annotations

import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.tables import TABLES, checked_table

TABLE = "actual_returns"


def checked_actual_returns(table: pd.DataFrame) -> pd.DataFrame:
    """A table of actual returns with its columns, kinds and key checked, `fee` 0 where there is none."""
    table = checked_table(table, TABLE, TABLES[TABLE])
    fee = table["fee"].fillna(0.0) if "fee" in table else pd.Series(0.0, table.index)
    table = table.assign(fee=fee)
    negative = table[table["fee"] < 0]
    if len(negative):
        raise InputError(
            f"{TABLE}: {counted(len(negative), 'fee')} below zero: {listed_rows(negative)}. A fee is a positive decimal, "
            f"and `return` is what is left after it."
        )
    lost = table[table["return"] < -1]
    if len(lost):
        raise InputError(
            f"{TABLE}: {counted(len(lost), 'return')} below -1 (a loss of more than 100 %): {listed_rows(lost)}. "
            f"Are they percent? Divide by 100."
        )
    return table


def listed_rows(table: pd.DataFrame) -> str:
    return listed(table["portfolio"] + " " + table["date"].dt.strftime("%Y-%m-%d"))
