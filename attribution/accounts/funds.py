"""Funds that accounts hold: each stays one column, with what its list has of every measure in its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from attribution.accounts.lists import AccountLists
from attribution.accounts.rejects import UnfitAccountsError, rejects
from attribution.contributions.cube import not_invested
from attribution.portfolio.benchmarks import require_levels
from attribution.portfolio.book import Book
from attribution.portfolio.funds.lists import carried_funds, fund_levels, require_known_funds, without_returns
from attribution.portfolio.funds.look_through import fund_track, list_returns, look_through
from attribution.portfolio.holdings import Track, holding_returns
from attribution.portfolio.periods import Period
from attribution.rows import CASH
from riskmodel.errors import counted, listed


@dataclass(frozen=True)
class FundDays:
    """What a weight of one in a fund is on each day of a period beside exposures and specific return, (time).

    Attributes
    ----------
    column
        Position of the fund among the assets.
    cash, unmodelled
        Returns of its list's cash, and of names that the model leaves out.
    idle, left_out
        Weight of what of the list is not invested, and of names that the model leaves out.
    beside
        What the fund returned beside its list.
    known
        Whether a list counts.
    """

    column: int
    cash: np.ndarray
    unmodelled: np.ndarray
    idle: np.ndarray
    left_out: np.ndarray
    beside: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Funds:
    """What a book says of funds, on one market and period; of no book there are none.

    Attributes
    ----------
    returns
        (time, asset) of holding each asset, CASH last, funds without prices before it.
    tracks
        Of each fund that is looked through its list, drifted; None where the first is of the period's end or later.
    lacking
        Those of them without returns of their own.
    levels
        Funds that follow a level -> its index.
    carried
        Funds that are left whole by choice.
    """

    returns: xr.DataArray
    tracks: Mapping[str, Track | None]
    lacking: Collection[str]
    levels: Mapping[str, str]
    carried: Collection[str]

    @classmethod
    def of(cls, book: Book | None, market: xr.Dataset, period: Period, levels: Mapping[str, str]) -> Funds:
        """Those of a book; `levels` are labels of benchmarks of which only a level is known.

        Raises
        ------
        InputError
            As `attribution.portfolio.funds.lists.require_known_funds`.
        """
        if book is None:
            return cls(holding_returns(market, levels), {}, (), {}, ())
        require_known_funds(book, market)
        of_levels = fund_levels(book, market)
        returns = list_returns(book, market, holding_returns(market, dict(levels) | of_levels))
        through = [ticker for ticker, fund in book.funds.items() if fund.constituents is not None]
        tracks = {ticker: fund_track(book, ticker, market, returns, period) for ticker in through}
        return cls(returns, tracks, without_returns(book, market), of_levels, carried_funds(book))

    @property
    def held_as_such(self) -> list[str]:
        """Labels that an account may hold beside names with prices and cash."""
        return [*self.tracks, *self.carried]

    def look_through(self, track: Track) -> Track:
        """A track with the names of the funds' lists in the place of the funds."""
        return look_through(track, self.tracks, self.returns, set(self.lacking))

    def names(self, held: np.ndarray) -> np.ndarray:
        """(asset) which names the lists of held funds have."""
        labels, out = self.returns.get_index("asset"), np.zeros(len(held), dtype=bool)
        for ticker, track in self.tracks.items():
            if held[labels.get_loc(ticker)] and track is not None:
                out |= (track.weights != 0).any("time").to_numpy()
        return out

    def require_levels(self, market: xr.Dataset, held: np.ndarray, since: pd.Timestamp, end: pd.Timestamp) -> None:
        """Refuse levels of held funds that are missing or jump after a close, up to the period's end."""
        labels, sessions = self.returns.get_index("asset"), market.get_index("time")
        for ticker, index in self.levels.items():
            if held[labels.get_loc(ticker)]:
                require_levels(market, index, sessions[(sessions > since) & (sessions <= end)], since)

    def inside(self, parts: xr.Dataset, days: pd.DatetimeIndex) -> tuple[xr.Dataset, list[FundDays]]:
        """What a model says of assets, with a fund as what its list is; and what else of each fund among them."""
        labels, found = parts.get_index("asset"), []
        exposure, specific = parts["exposure"].to_numpy().copy(), parts["specific_return"].to_numpy().copy()
        modelled, sector = parts["modelled"].to_numpy(), parts["sector"].to_numpy().copy()
        of_models, cash = modelled.copy(), labels == CASH
        for ticker in (*self.tracks, *self.carried):
            if ticker in labels:
                sector[labels.get_loc(ticker)] = ticker
        for ticker, track in self.tracks.items():
            if ticker not in labels:
                continue
            column, known = labels.get_loc(ticker), np.zeros(len(days), dtype=bool)
            weight, live = np.zeros((2, len(days), len(labels)))
            beside = np.zeros(len(days))
            if track is not None:
                known = days.isin(track.weights.get_index("time"))
                weight[known], live[known] = (part.sel(asset=labels).to_numpy() for part in (track.weights, track.live))
                own = self.returns.sel(asset=ticker, time=days[known]).to_numpy()
                beside[known] = 0.0 if ticker in self.lacking else own - track.returns.to_numpy()
            earned = live * self.returns.sel(time=days, asset=labels).to_numpy() * ~modelled
            exposure[:, :, column] = np.einsum("tka,ta->tk", parts["exposure"].to_numpy(), live)
            specific[:, column] = (parts["specific_return"].to_numpy() * live).sum(axis=1)
            of_models[:, column] = True
            found.append(
                FundDays(
                    column=column,
                    cash=earned[:, cash].sum(axis=1),
                    unmodelled=earned[:, ~cash].sum(axis=1),
                    idle=not_invested(labels, weight, live).sum(axis=1),
                    left_out=np.abs(live * ~modelled)[:, ~cash].sum(axis=1),
                    beside=beside,
                    known=known,
                )
            )
        changed = {"exposure": exposure, "specific_return": specific, "modelled": of_models, "sector": sector}
        return parts.assign({name: parts[name].copy(data=values) for name, values in changed.items()}), found


def require_known(lists: AccountLists, funds: Collection[FundDays], days: pd.DatetimeIndex, first: int) -> None:
    """Refuse accounts that hold a fund on days before a list of its names is known; `first` is the base's position."""
    for fund in funds:
        holding = lists.weights[:, [fund.column]].tocoo().row
        unknown = [
            not fund.known[max(int(lists.start[row]), first) - first : int(lists.stop[row]) - first].all() for row in holding
        ]
        if any(unknown):
            early = pd.Index(lists.portfolios[lists.portfolio[holding[unknown]]]).unique()
            since = f"the first counts from {days[fund.known.argmax()]:%Y-%m-%d}" if fund.known.any() else "there is none"
            raise UnfitAccountsError(
                f"funds: '{lists.assets[fund.column]}' is held by {counted(len(early), 'account')} before a list of its "
                f"names is known ({since}): {listed(early)}. Add an earlier list, or carry it with "
                f'carried = "unmodelled" in [funds."{lists.assets[fund.column]}"].',
                rejects("unknown_fund", early, ticker=lists.assets[fund.column]),
            )
