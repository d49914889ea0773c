"""What a market needs before anything can be said of it: daily prices, a sector and a share count for its names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed

RARE = 5.0  # days between dates, at the median, that are no sessions of a day each: holidays leave out fewer
KINDS = ((300.0, "yearly"), (80.0, "quarterly"), (20.0, "monthly"), (RARE, "weekly"))  # from so many days on
LEAST_DATES = 4
OF_STOCKS = ("fundamentals", "earnings", "descriptors", "constituents")
ENOUGH = 100_000  # rows of prices, in which a name of any table most often is
FEW_NAMES = 5  # of a table at least: fewer may be of others by chance
LEAST_COUNTED = 20  # names whose share counts cannot all be the same number


def rare(dates: pd.Series | pd.Index | np.ndarray) -> str:
    """How rare the different dates are, "monthly" say; empty where they are daily, or too few to tell.

    Examples
    --------
    >>> rare(pd.date_range("2024-01-31", periods=6, freq="ME")), rare(pd.bdate_range("2024-01-01", periods=9))
    ('monthly', '')
    """
    days = np.unique(np.asarray(dates, dtype="datetime64[D]"))
    if len(days) < LEAST_DATES:
        return ""
    apart = float(np.median(np.diff(days).astype(int)))
    return next((kind for least, kind in KINDS if apart >= least), "")


def require_daily(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse prices of months or weeks, and say so of the levels of indices beside them."""
    kind = rare(tables["prices"]["date"].dropna().to_numpy())
    if not kind:
        return
    days = np.sort(tables["prices"]["date"].dropna().unique())
    levels = rare(tables["indices"]["date"].dropna().to_numpy()) if "indices" in tables else ""
    also = f", and the levels of the indices {'too' if levels == kind else levels}" if levels else ""
    raise InputError(
        f"prices: {len(days):,} dates from {pd.Timestamp(days[0]):%Y-%m-%d} to {pd.Timestamp(days[-1]):%Y-%m-%d}, "
        f"{_days_apart(days):.0f} days apart at the median: they are {kind}{also}. The model is estimated from daily "
        f"returns: give the prices of every session{', and the levels' if levels else ''}."
    )


def require_usable(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse prices that are not of every session, and a table of facts of stocks none of which has a price.

    All rows of such a table would find no place: their codes are others than those of the prices.
    """
    require_daily(tables)
    every = tables["prices"]["ticker"]
    some = every.head(ENOUGH).unique()  # most often one of these is there, and ten million rows need no look
    for name in (name for name in OF_STOCKS if name in tables):
        tickers = tables[name]["ticker"].dropna().drop_duplicates()
        known = len(tickers) < FEW_NAMES or every.empty or tickers.isin(some).any() or tickers.isin(every).any()
        if not known:
            raise InputError(
                f"{name}: none of its {counted(len(tickers), 'ticker')} has prices: {listed(tickers.tolist())}; prices have "
                f"{listed(every.unique().tolist())}. Usually another code for the same stocks: "
                f"state identifiers in [tables.{name}], or give the tickers of the prices."
            )


def _days_apart(days: np.ndarray) -> float:
    return float(np.median(np.diff(days.astype("datetime64[D]")).astype(int)))


def require_sectors(sectors: pd.Series, tickers: pd.Series) -> None:
    """Refuse a market of which no name has a sector.

    Parameters
    ----------
    sectors
        By ticker of the prices; empty where there is none.
    tickers
        Of the table securities.
    """
    if sectors.empty or sectors.notna().any():
        return
    if len(tickers) and not tickers.isin(sectors.index).any():
        raise InputError(
            f"securities: none of its {counted(len(tickers), 'ticker')} is one of the prices: {listed(tickers, 3)} here, "
            f"{listed(sectors.index, 3)} there. Write both in the same codes; an export can have others, see identifiers in "
            f"[tables.prices]."
        )
    raise InputError(
        f"securities: no name of the prices has a sector: 'sector' is empty for all {counted(len(sectors), 'name')}, "
        f"{listed(sectors.index)}. The model gives each sector a return: fill the column; one label for all is one sector."
    )


def require_share_counts(shares: np.ndarray, table: pd.DataFrame, sessions: np.ndarray) -> None:
    """Refuse a market of which no name has a share count on any session, or all have the same one.

    Parameters
    ----------
    shares
        (time, asset) as known at each close.
    table
        The table shares.
    sessions
        Of the prices.
    """
    given = "Give the number of shares of each name, or an export of capitalisations with derived = { shares_out = "
    given += '"market_cap / close" }.'
    if np.isnan(shares).all():
        first = table["available_from"].min()
        why = "the table has no rows"
        if len(table):
            why = f"none of its {counted(len(table), 'row')} is of a ticker of the prices ({listed(table['ticker'], 3)})"
        if len(table) and first > sessions[-1]:
            last = pd.Timestamp(sessions[-1])
            why = f"the first is available from {first:%Y-%m-%d}, after the last session, {last:%Y-%m-%d}"
        raise InputError(
            f"shares: no name of the prices has a share count: {why}. Capitalisations weigh the regression and rank the "
            f"names: without them nothing can be estimated, and a benchmark of the largest is empty. {given}"
        )
    if table["ticker"].nunique() >= LEAST_COUNTED and len(table["shares_out"].unique()) == 1:
        raise InputError(
            f"shares: all {counted(len(table), 'value')} of 'shares_out' are {table['shares_out'].iloc[0]:g}: "
            f"{listed(table['ticker'].unique())}. They stand for what is not known, and would make every capitalisation a "
            f"price. {given}"
        )
