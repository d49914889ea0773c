"""A market as the rules hold it against itself: arrays by (day, asset), and what several rules ask of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.market.evidence.finding import Register
from riskmodel.market.timeline import blocks_of

RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 50.0, 100.0)  # of splits, either way
SMALLEST_DIVIDEND = 1e-5  # of the close
OWN_WINDOW, DEALT_WINDOW, LEAST_DAYS = 60, 20, 10


@dataclass(frozen=True)
class Feed:
    """The aligned market and the tables it was made of.

    Attributes
    ----------
    market
        As `riskmodel.market.market.build_market` has aligned it.
    tables
        The checked tables by name.
    """

    market: xr.Dataset
    tables: dict[str, pd.DataFrame] = field(repr=False)

    def panel(self, name: str) -> np.ndarray:
        """A variable of the market, (day, asset)."""
        values: np.ndarray = self.market[name].to_numpy()
        return values

    @cached_property
    def days(self) -> np.ndarray:
        """The sessions as YYYY-MM-DD."""
        return self.market.get_index("time").strftime("%Y-%m-%d").to_numpy(dtype=object)

    @cached_property
    def assets(self) -> np.ndarray:
        """The tickers."""
        return self.market.get_index("asset").to_numpy(dtype=object)

    @property
    def blocks(self) -> Iterator[slice]:
        """All names, some at a time."""
        return blocks_of(len(self.assets))

    def places(self, marks: Callable[[slice], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns, by day, of the cells that are marked in blocks of names, (day, names of the block)."""
        found = [(*np.nonzero(marks(names)), names.start) for names in self.blocks]
        rows = np.concatenate([rows for rows, _, _ in found])
        columns = np.concatenate([columns + first for _, columns, first in found])
        order = np.lexsort((columns, rows))
        return rows[order], columns[order]

    @cached_property
    def move(self) -> np.ndarray:
        """Move of the close from one session to the next, (day, asset); NaN where either has none."""
        close = self.panel("close")
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.vstack([np.full((1, close.shape[1]), np.nan), close[1:] / close[:-1] - 1])

    @cached_property
    def paid(self) -> np.ndarray:
        """Total return less the move of the close: the distribution of the day, (day, asset)."""
        return self.panel("total_return") - self.move

    @cached_property
    def growth(self) -> np.ndarray:
        """Logarithm of one plus the total return, (day, asset)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log1p(self.panel("total_return"))

    @cached_property
    def years_of_filings(self) -> tuple[np.ndarray, np.ndarray]:
        """Sessions up to the begin and to the end of the year of each filing, two (filing)."""
        sessions, ends = self.market.get_index("time"), self.tables["fundamentals"]["period_end"]
        years = (ends - pd.DateOffset(years=1), ends)
        begin, end = (sessions.searchsorted(pd.DatetimeIndex(days), side="right") for days in years)
        return np.asarray(begin), np.asarray(end)

    @cached_property
    def paid_in_years(self) -> np.ndarray | None:
        """What total returns paid a share in the year of each filing, (filing); NaN where prices do not cover it.

        None where filings tell of no dividends.
        """
        filings, sessions = self.tables["fundamentals"], self.market.get_index("time")
        if "dividends_per_share" not in filings:
            return None
        columns, (begin, end) = self.tickers_of("fundamentals"), self.years_of_filings
        names = np.unique(columns[columns >= 0])  # that file
        close, returned = self.panel("close")[:, names], self.paid[:, names]
        with np.errstate(invalid="ignore"):
            paid = np.where(returned > SMALLEST_DIVIDEND, returned, 0.0) * np.vstack([close[:1], close[:-1]])
        so_far = np.vstack([np.zeros((1, len(names))), np.nancumsum(paid, axis=0)])
        begins, known = np.isfinite(close).argmax(axis=0), columns >= 0
        inside, place = known & (filings["period_end"] <= sessions[-1]).to_numpy(), np.searchsorted(names, columns)
        inside[known] &= begin[known] > begins[place[known]]
        got = np.full(len(columns), np.nan)
        got[inside] = so_far[end[inside], place[inside]] - so_far[begin[inside], place[inside]]
        return got

    def deviation(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Standard deviation of a name's growth over the 60 days before each cell; NaN with fewer than ten."""
        before = _before(self.growth, rows, columns, OWN_WINDOW)
        count = np.isfinite(before).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            total = np.nansum(np.where(np.isfinite(before), before, 0.0), axis=1)
            squares = np.nansum(np.where(np.isfinite(before), before, 0.0) ** 2, axis=1)
            return np.where(count >= LEAST_DAYS, np.sqrt(np.maximum(squares - total**2 / count, 0) / (count - 1)), np.nan)

    def dealt(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """How many times the usual was dealt in each cell; NaN where that is not known.

        The lesser of shares and of value, each over its median of the 20 days before, over the same of the median name of
        the day (of 200 names).
        """
        days, place = np.unique(rows, return_inverse=True)
        some = np.arange(0, len(self.assets), max(len(self.assets) // 200, 1))
        every = self._surge(np.repeat(days, len(some)), np.tile(some, len(days))).reshape(len(days), len(some))
        usual = np.ones(len(days))
        known = np.isfinite(every).any(axis=1)
        usual[known] = np.nanmedian(every[known], axis=1)
        return self._surge(rows, columns) / usual[place]

    def _surge(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        volume, close = self.panel("volume"), self.panel("close")
        shares, closes = (_before(values, rows, columns, DEALT_WINDOW) for values in (volume, close))
        enough = (shares * closes > 0).sum(axis=1) >= LEAST_DAYS
        surge = np.full(len(rows), np.nan)
        now = volume[rows, columns][enough]
        shares, closes = shares[enough], closes[enough]
        value = now * close[rows, columns][enough]
        with np.errstate(invalid="ignore", divide="ignore"):
            surge[enough] = np.fmin(now / np.nanmedian(shares, axis=1), value / np.nanmedian(shares * closes, axis=1))
        return surge

    def cells(self, mask: np.ndarray) -> list[tuple[str, str]]:
        """Day and ticker of each marked cell, by day."""
        rows, columns = np.nonzero(mask)
        return list(zip(self.days[rows], self.assets[columns], strict=True))

    @cached_property
    def filings(self) -> pd.DataFrame:
        """The filings by company and year, those of a year in the order in which they were known."""
        return self.tables["fundamentals"].sort_values(["ticker", "period_end", "available_from"], kind="stable")

    def tickers_of(self, table: str) -> np.ndarray:
        """Column of each row of a table in the panels; -1 where its ticker has no prices."""
        return self._columns[table]

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        assets, found = pd.Index(self.assets), dict[str, np.ndarray]()
        for name, table in self.tables.items():
            if "ticker" in table:
                codes, tickers = pd.factorize(table["ticker"])
                found[name] = assets.get_indexer(tickers)[codes]
        return found

    def beside(self, table: str, date: str, variable: str) -> np.ndarray:
        """A variable of the market at the close at which each row of a table counts; NaN where there is none.

        Parameters
        ----------
        table, date
            The table and its column of dates.
        variable
            Of the market.
        """
        rows = np.searchsorted(self.market.get_index("time").to_numpy(), self.tables[table][date].to_numpy())
        columns = self.tickers_of(table)
        inside = (rows < len(self.days)) & (columns >= 0)
        values = np.full(len(rows), np.nan)
        values[inside] = self.panel(variable)[rows[inside], columns[inside]]
        return values


def _before(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, window: int) -> np.ndarray:
    """The values of each cell's column in as many rows before it, (cell, window); NaN before the first."""
    wanted = rows[:, None] - np.arange(window, 0, -1)
    return np.where(wanted >= 0, values[np.maximum(wanted, 0), columns[:, None]], np.nan)


def row_before(values: np.ndarray, tickers: pd.Series) -> np.ndarray:
    """The values of the row before, (row, item), where that is of the same ticker; else NaN."""
    codes = pd.factorize(tickers)[0]
    before = np.full(values.shape, np.nan)
    before[1:] = np.where((codes[1:] == codes[:-1])[:, None], values[:-1], np.nan)
    return before


def nearest_ratio(logarithm: np.ndarray) -> np.ndarray:
    """The ratio of a split, or one over it, whose logarithm is nearest.

    Examples
    --------
    >>> nearest_ratio(np.log([0.49, 3.1, 0.11])).round(3).tolist()
    [0.5, 3.0, 0.1]
    """
    every = np.log(np.array([*RATIOS, *(1 / ratio for ratio in RATIOS)]))
    nearest = np.abs(np.asarray(logarithm)[..., None] - every).argmin(axis=-1)
    return np.exp(every)[nearest]


def ratio_text(ratio: float) -> str:
    """A ratio as a split is written.

    Examples
    --------
    >>> ratio_text(0.5), ratio_text(3.0)
    ('1/2', '3')
    """
    return f"{ratio:.4g}" if ratio >= 1 else f"1/{1 / ratio:.4g}"


MARKET_RULES: Register[Feed] = Register()
