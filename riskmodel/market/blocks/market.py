"""A market of which some sessions are in memory at a time: its labels and small tables at once, its prices by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError
from riskmodel.market.blocks.rows import PriceRows, price_rows
from riskmodel.market.findings import Findings
from riskmodel.market.fitness import needs
from riskmodel.market.market import MARKET_TABLES, market_of, read_tables, shares_known
from riskmodel.market.sources import Source, open_source
from riskmodel.market.timeline import BRIDGE_SESSIONS
from riskmodel.progress import Step, silent

BEFORE = BRIDGE_SESSIONS + 2  # sessions before a window that say whether its first ones resume a life
OTHERS = tuple(name for name in MARKET_TABLES if name != "prices")


@dataclass(frozen=True)
class MarketBlocks:
    """A market on disk.

    Attributes
    ----------
    prices
        What reads its prices between dates.
    tables
        All others, whole and checked.
    sessions, assets
        Every date and every ticker of the prices.
    """

    prices: PriceRows = field(repr=False)
    tables: dict[str, pd.DataFrame] = field(repr=False)
    sessions: pd.DatetimeIndex
    assets: np.ndarray

    def window(self, start: int, stop: int) -> xr.Dataset:
        """The sessions from place `start` to before `stop`, as of the market that `build_market` makes of all tables.

        Lives are numbered from the window's first. What found no place and what is doubtful is of the window, with all other
        tables whole.
        """
        first = max(start - BEFORE, 0)
        rows = self.prices.between(self.sessions[first].to_datetime64(), self.sessions[stop - 1].to_datetime64())
        if "finals" in self.tables or (rows["close"] == 0).any():
            raise InputError(
                "finals: a market with ends of lives, or a close of 0, is not read in blocks of sessions yet. Read it whole "
                "with riskmodel.read_market."
            )
        market = market_of(self.tables | {"prices": rows}, (self.sessions.to_numpy(), self.assets))
        return market.isel(time=slice(start - first, None))

    def blocks(self, sessions: int, begin: int = 0) -> Iterator[slice]:
        """Places of the sessions from `begin` on, so many at a time."""
        for first in range(begin, len(self.sessions), sessions):
            yield slice(first, min(first + sessions, len(self.sessions)))


def open_blocks(folder: str | Path | Source, step: Step = silent) -> MarketBlocks:
    """Open a market whose prices are read some sessions at a time.

    Parameters
    ----------
    folder
        Folder whose prices are Parquet, one file or several, or a DuckDB file; see `riskmodel.read_market`.
    step
        Called with the name of each table as its turn comes.

    Raises
    ------
    InputError
        Where another table is refused, or the prices cannot be read between dates.

    Examples
    --------
    >>> market = open_blocks("fixtures/small")
    >>> len(market.sessions), market.window(300, 321).sizes["time"]
    (416, 21)
    """
    source = open_source(folder)
    rows = price_rows(source)
    tables = read_tables(source, OTHERS, step)
    step("prices")
    sessions, assets = rows.labels()
    if not len(sessions):
        raise InputError("prices: no row. Give the prices of every session.")
    last = sessions[-1:]  # by then every share count that is ever known is
    needs.require_share_counts(shares_known(tables["shares"], last, assets, Findings()), tables["shares"], last)
    return MarketBlocks(rows, tables, pd.DatetimeIndex(sessions), assets)
