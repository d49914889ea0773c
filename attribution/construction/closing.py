"""What is known at a close: who may be held, what benchmark and portfolio hold; nothing later is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from attribution.portfolio.benchmarks import benchmark_track, constituent_lists, largest_companies
from attribution.portfolio.book import Book
from attribution.portfolio.course import carried_as_cash
from attribution.portfolio.funds.lists import fund_levels
from attribution.portfolio.holdings import Track, apart_from_cash, drift, holding_returns
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.strategies import Strategy, Universe
from attribution.rows import CASH
from riskmodel.errors import InputError, counted, listed
from riskmodel.model.results import RiskModelResults


@dataclass(frozen=True)
class Closing:
    """One close of a market, and the book whose lists count there.

    Attributes
    ----------
    book, market
        The market may go on after the close; what is later is cut off.
    date
        A session.
    ends_month
        Whether it is the last one of its month, as far as the market goes.
    """

    book: Book
    market: xr.Dataset
    date: pd.Timestamp
    ends_month: bool

    @classmethod
    def at(cls, book: Book, market: xr.Dataset, date: pd.Timestamp) -> Closing:
        """The close of a session.

        Raises
        ------
        InputError
            For a day on which nothing trades.
        """
        sessions = market.get_index("time")
        if date not in sessions:
            before = sessions[sessions < date]
            hint = f" The session before it is {before[-1]:%Y-%m-%d}." if len(before) else ""
            raise InputError(
                f"date {date:%Y-%m-%d} is not a session of the prices, which run from {sessions[0]:%Y-%m-%d} to "
                f"{sessions[-1]:%Y-%m-%d}.{hint}"
            )
        after = sessions[sessions > date]
        ends_month = not len(after) or after[0].to_period("M") != date.to_period("M")
        return cls(book, market.sel(time=slice(None, date)), date, ends_month)

    def benchmark(self, name: str) -> pd.Series:
        """Weights of a benchmark from this close on, by ticker: its list where one begins to count here, else drifted.

        Raises
        ------
        InputError
            Where no list counts yet, and for one that holds a fund that the book looks through: rules are of names.
        """
        weights = self._benchmark(name)
        through = [ticker for ticker, fund in self.book.funds.items() if fund.constituents is not None]
        if funds := [ticker for ticker in through if weights.get(ticker, 0.0) != 0]:
            raise InputError(
                f"benchmark '{name}': holds {counted(len(funds), 'fund')} that [funds] looks through: {listed(funds)}. A "
                f"strategy's rules are held against stocks: name a benchmark of stocks in [strategies]."
            )
        return weights

    def _benchmark(self, name: str) -> pd.Series:
        rule, sessions = self.book.benchmarks[name], self.market.get_index("time")
        if rule.returns_only:
            return pd.Series({self.book.pseudo_names[name]: 1.0})
        if rule.constituents is None:  # lists of the months' ends, which drift between them
            ends = sessions[:-1][sessions.to_period("M")[:-1] != sessions.to_period("M")[1:]]
            if self.ends_month or not len(ends):
                return self._largest(rule.largest or 500)
            return self._drifted(name, ends[-1])
        lists = constituent_lists(f'[benchmarks."{name}"]', rule.constituents, self.market, funds=list(self.book.funds))
        dates = pd.DatetimeIndex(lists["date"].unique())
        known = dates[dates <= self.date]
        if known.empty:
            raise InputError(
                f"constituents: no list of '{rule.constituents}' on or before {self.date:%Y-%m-%d}. The first is of "
                f"{dates.min():%Y-%m-%d}; ask for a date from then on, or add a list."
            )
        begun = sessions[max(sessions.searchsorted(known.max(), side="right") - 1, 0)]
        if begun == self.date:
            newest = lists[lists["date"] == known.max()].set_index("ticker")["weight"]
            return newest.set_axis(apart_from_cash(newest.index)) if CASH in self.market.get_index("asset") else newest
        return self._drifted(name, begun)

    def held(self, portfolio: str, lists: pd.DataFrame) -> pd.Series:
        """What a portfolio holds at this close before any list of the day, by ticker, CASH among them.

        Parameters
        ----------
        portfolio
            For messages.
        lists
            date, ticker, weight; lists of this day and later ones do not count. Empty where none is earlier.
        """
        sessions = self.market.get_index("time")
        effective = sessions.searchsorted(pd.DatetimeIndex(lists["date"]), side="right") - 1
        earlier = lists[(effective >= 0) & (effective < len(sessions) - 1)]
        if earlier.empty:
            return pd.Series(dtype=float)
        newest = earlier[earlier["date"] == earlier["date"].max()]
        begun = sessions[sessions.searchsorted(newest["date"].iloc[0], side="right") - 1]
        days = sessions[sessions > begun]
        return _invested(drift(newest, self.market, self._returns(), begun, days, f"holdings of '{portfolio}'"))

    def universe(self, strategy: Strategy, model: RiskModelResults) -> pd.Index:
        """Names of a strategy's universe at the close, with a price or without; cash is none."""
        chosen = strategy.universe
        if chosen == "market":
            inside = model.data["universe"].sel(time=self.date)
            names = apart_from_cash(inside.get_index("asset")[inside.to_numpy().astype(bool)])
        elif isinstance(chosen, Universe) and chosen.largest is not None:
            names = self._largest(chosen.largest).index
        elif isinstance(chosen, Universe):
            names = self._constituents(str(chosen.constituents))
        else:
            names = self.benchmark(strategy.benchmark).index
        return names[names != CASH]

    def priced(self) -> pd.Index:
        """Names that have a price at the close."""
        close = self.market["close"].sel(time=self.date)
        return apart_from_cash(close.get_index("asset")[close.notnull().to_numpy()])

    def _drifted(self, name: str, begun: pd.Timestamp) -> pd.Series:
        """Weights of a benchmark at this close, from those at an earlier one."""
        sessions = self.market.get_index("time")
        period = Period(label=f"{self.date:%Y-%m-%d}", base=begun, days=sessions[sessions > begun])
        return _invested(benchmark_track(self.book, name, self.market, self._returns(), period))

    def _constituents(self, index: str) -> pd.Index:
        lists = constituent_lists("universe in [strategies]", index, self.market)
        known = lists[lists["date"] <= self.date]
        if known.empty:
            raise InputError(
                f"constituents: no list of '{index}' on or before {self.date:%Y-%m-%d}, which universe in [strategies] asks "
                f"for. There are lists of: {listed(sorted(lists['date'].dt.strftime('%Y-%m-%d').unique()))}."
            )
        return apart_from_cash(pd.Index(known.loc[known["date"] == known["date"].max(), "ticker"]))

    def _largest(self, number: int) -> pd.Series:
        days = pd.DatetimeIndex([self.date])
        lists = largest_companies(self.market, number, Period(f"{self.date:%Y-%m-%d}", self.date, days), self.date)
        newest = lists.set_index("ticker")["weight"]
        return newest.set_axis(apart_from_cash(newest.index))

    def _returns(self) -> xr.DataArray:
        return holding_returns(self.market, self.book.levels_among_names | fund_levels(self.book, self.market))


def _invested(track: Track) -> pd.Series:
    """Weights at a track's last close, what no longer trades as cash."""
    weights = carried_as_cash(track.closing, track.closing_stopped).to_series()
    return weights[(weights != 0) | (weights.index == CASH)]
