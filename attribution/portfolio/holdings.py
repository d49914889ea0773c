"""Lists of weights -> drifted daily weights, returns, and what became of names that stopped trading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from attribution.portfolio.book import Book
from attribution.portfolio.ended import earning_lives, ended_of, gone_positions, padded_lives, stopped_of
from attribution.portfolio.periods import Period
from attribution.rows import CASH, CASH_STOCK
from riskmodel.errors import InputError, counted, listed


@dataclass(frozen=True)
class Track:
    """One portfolio day by day, (time, asset) with CASH last; row t is the start of day t.

    Attributes
    ----------
    weights
        Start-of-day weights, drifted from the last list; they sum to one.
    live
        Weights that earn the asset's return on day t; a position whose life has ended keeps its weight and earns nothing,
        from the first day without a price that no trade of the same life follows by the last day, but for the day on which a
        final pays it out.
    returns
        (time) the portfolio's returns.
    closes
        Weights at the close of day t, before any list of that day.
    gone
        From `attribution.portfolio.ended.gone_positions`: positions whose life ends.
    lists
        The closes at which lists begin to count; the first is at or before the close before the first day.
    of_funds
        (time) what of `returns` funds that were looked through returned beside their lists; None where none was.
    """

    weights: xr.DataArray
    live: xr.DataArray
    returns: xr.DataArray
    closes: xr.DataArray
    gone: pd.DataFrame
    lists: pd.DatetimeIndex
    of_funds: xr.DataArray | None = None

    @property
    def beside(self) -> xr.DataArray:
        """(time) what no name of the weights earned of `returns`: `of_funds`, 0 where no fund was looked through."""
        return xr.zeros_like(self.returns) if self.of_funds is None else self.of_funds

    @cached_property
    def stopped(self) -> pd.DataFrame:
        """ticker, last_trade, resumes, weight, list_date, final: positions whose life ends at their last value.

        `resumes` is when a new life of the ticker begins in the period, NaT where none does: the position does not wake up
        in it. `final` is when they are paid out after their list or the period, NaT where nobody says so.
        """
        return stopped_of(self.gone)

    @cached_property
    def ended(self) -> pd.DataFrame:
        """ticker, last_trade, final, weight, list_date: positions that a final pays out, on the session `final`."""
        return ended_of(self.gone)

    @cached_property
    def closing(self) -> xr.DataArray:
        """(asset) weights at the last close, before any list of that day."""
        return self.closes.isel(time=-1, drop=True)

    @cached_property
    def closing_stopped(self) -> xr.DataArray:
        """(asset) what of `closing` are positions that do not trade any more."""
        gone = (self.weights.isel(time=-1, drop=True) != 0) & (self.live.isel(time=-1, drop=True) == 0)
        paid = self.ended.loc[self.ended["final"] == self.closes.get_index("time")[-1], "ticker"]
        return self.closing.where(gone | self.closing["asset"].isin(list(paid)), 0.0)

    def over(self, period: Period) -> Track:
        """The same over some of its days, as if it had been followed over them alone.

        A position that trades again after the period's end, within its life, has not stopped in it.
        """
        days = slice(period.days[0], period.end)
        begun = self.lists[self.lists <= period.base][-1]
        listed_then = self.gone["list_date"].between(begun, period.end, inclusive="left")
        gone = self.gone[listed_then & ~(self.gone["last_trade"] >= period.end)].reset_index(drop=True)
        return Track(
            **{name: getattr(self, name).sel(time=days) for name in ("weights", "live", "returns", "closes")},
            gone=gone.assign(
                resumes=gone["resumes"].where(gone["resumes"] <= period.end), until=gone["until"].clip(upper=period.end)
            ),
            lists=self.lists[(self.lists >= begun) & (self.lists < period.end)],
            of_funds=None if self.of_funds is None else self.of_funds.sel(time=days),
        )


def apart_from_cash(tickers: pd.Index) -> pd.Index:
    """Labels of stocks beside the CASH of a portfolio: a stock whose ticker is CASH becomes 'CASH (stock)'.

    Examples
    --------
    >>> list(apart_from_cash(pd.Index(["AAPL", "CASH"])))
    ['AAPL', 'CASH (stock)']
    """
    return tickers.astype(object).where(tickers != CASH, CASH_STOCK)


def holding_returns(market: xr.Dataset, levels: Mapping[str, str] | None = None) -> xr.DataArray:
    """Return of holding each asset over each day, (time, asset) with CASH last.

    The total return; the bridged return on the day that trading resumes after a short gap; 0 on a day without a price. CASH
    earns the risk-free return where the market has one, else 0. Before it stand the labels of `levels`, each with the
    returns of the index that it names, 0 where a level is missing.
    """
    returns = market["total_return"].fillna(market["bridged_return"]).fillna(0.0)
    cash = market["risk_free"] if "risk_free" in market else xr.zeros_like(market["time"], dtype=float)
    returns = returns.assign_coords(asset=apart_from_cash(returns.get_index("asset")))
    beyond = [
        level_returns(market, index).fillna(0.0).expand_dims(asset=[label], axis=1)
        for label, index in (levels or {}).items()
    ]
    return xr.concat([returns, *beyond, cash.expand_dims(asset=[CASH], axis=1)], dim="asset")


def drift(
    lists: pd.DataFrame, market: xr.Dataset, returns: xr.DataArray, base: pd.Timestamp, days: pd.DatetimeIndex, name: str
) -> Track:
    """Let each list of weights run with its names' returns until the next.

    Parameters
    ----------
    lists
        date, ticker, weight; each list is effective from the close of its date (on a day without trading: the last close
        before).
    market
        From `riskmodel.read_market`.
    returns
        From `holding_returns`.
    base, days
        The close at which to start, and the sessions that follow.
    name
        For messages.

    Returns
    -------
    Track

    Notes
    -----
    w_i,t = w_i,d prod_{d<s<t} (1 + r_i,s) / sum_j w_j,d prod_{d<s<t} (1 + r_j,s) with d the list's date: no trading between
    lists.
    """
    sessions = market.get_index("time")
    first, last = sessions.get_loc(base), sessions.get_loc(days[-1])
    effective = sessions.searchsorted(pd.DatetimeIndex(lists["date"]), side="right") - 1
    latest = lists["date"] == lists.groupby(effective)["date"].transform("max")  # of two lists at one close the later counts
    lists, effective = lists[latest.to_numpy()], effective[latest.to_numpy()]
    starts = np.unique(effective[(effective >= 0) & (effective < last)])
    if not len(starts) or starts[0] > first:
        of_sleeve = " (of the book, or of its sleeve alone: inception in [sleeves])" if name.startswith("holdings") else ""
        first_list = f"The first is of {lists['date'].min():%Y-%m-%d}" if len(lists) else "There is none at all"
        raise InputError(
            f"{name}: no list of weights on or before {base:%Y-%m-%d}, the close at which the period starts. "
            f"{first_list}; set a later inception{of_sleeve} or add a list."
        )
    starts = starts[max(int(np.searchsorted(starts, first, side="right")) - 1, 0) :]
    labels = returns.get_index("asset")
    values = returns.to_numpy()
    life, ends = padded_lives(market, len(labels) - market.sizes["asset"])
    begun = np.maximum.accumulate(np.vstack([life[: starts[0] + 1].max(axis=0), life[starts[0] + 1 : last + 1]]), axis=0)
    days_followed = slice(starts[0], last + 1)  # row 0 is the first list's close
    earning = earning_lives(life[days_followed], ends[days_followed], begun)
    weights = np.zeros((last - starts[0], len(labels)))
    live = np.zeros_like(weights)
    closes = np.zeros_like(weights)
    daily = np.zeros(len(weights))
    openings = []
    for start, stop in zip(starts, np.append(starts[1:], last), strict=True):
        rows = lists[effective == start]
        opening = np.zeros(len(labels))
        opening[labels.get_indexer(rows["ticker"])] = rows["weight"]
        place = slice(start - starts[0], stop - starts[0])
        goes_on = earning[place.start + 1 : place.stop + 1] == begun[place.start]
        earned = np.where(goes_on, values[start + 1 : stop + 1], 0.0)
        growth = np.vstack([opening, opening * np.cumprod(1 + earned, axis=0)])
        value = growth.sum(axis=1)
        if (value <= 0).any():
            day = sessions[start + int((value <= 0).argmax())]
            raise InputError(
                f"{name}: worth nothing at the close of {day:%Y-%m-%d}, so that it has no weights and no return after it. "
                f"Check the returns and finals of what it holds; if they are right, explain a period that ends before."
            )
        weights[place] = growth[:-1] / value[:-1, None]
        live[place] = np.where(goes_on, weights[place], 0.0)
        closes[place] = growth[1:] / value[1:, None]
        daily[place] = value[1:] / value[:-1] - 1
        openings.append((start, stop, opening))
    keep = np.arange(starts[0] + 1, last + 1) > first
    coords = {"time": sessions[first + 1 : last + 1], "asset": labels}
    return Track(
        weights=xr.DataArray(weights[keep], coords, ("time", "asset")),
        live=xr.DataArray(live[keep], coords, ("time", "asset")),
        returns=xr.DataArray(daily[keep], {"time": coords["time"]}, ("time",)),
        closes=xr.DataArray(closes[keep], coords, ("time", "asset")),
        gone=gone_positions(openings, life, ends, last, labels, sessions),
        lists=sessions[starts],
    )


def followed_funds(book: Book, labels: pd.Index) -> list[str]:
    """Funds of a book that are among labels whose returns are known."""
    return [ticker for ticker in book.funds if ticker in labels]


def require_known_tickers(
    book: Book, market: xr.Dataset, portfolio: str | None = None, followed: pd.Index | None = None
) -> None:
    """Every row of the holdings, of one portfolio or of all, names an asset with a price by then, a fund, or CASH.

    `followed` are the labels whose returns are known: a fund is one of them, or unknown.
    """
    funds = list(book.funds) if followed is None else followed_funds(book, followed)
    holdings = book.holdings if portfolio is None else book.holdings[book.holdings["portfolio"] == portfolio]
    unknown = holdings[~holdings["ticker"].isin([*market.get_index("asset"), *funds, CASH])]
    if len(unknown):
        where = unknown["portfolio"] + " " + unknown["date"].dt.strftime("%Y-%m-%d") + " " + unknown["ticker"]
        if not holdings["ticker"].isin(market.get_index("asset")).any():
            raise InputError(
                f"holdings: none of the {counted(int(unknown['ticker'].nunique()), 'ticker')} is one of the prices: "
                f"{listed(unknown['ticker'].unique(), 3)} here, {listed(market.get_index('asset'), 3)} there. Write both in "
                f"the same codes; where securities have those of the holdings in a column, such as isin, state "
                f'identifiers = "isin" in [tables.holdings] of the book.'
            )
        raise InputError(
            f"holdings: {counted(len(unknown), 'row')} with a ticker that has no prices: {listed(where)}. "
            f"Correct the ticker, or add its prices; cash is written {CASH}. A fund may be looked through by its list: "
            f'constituents = "..." in [funds."{unknown["ticker"].iloc[0]}"].'
        )
    named = holdings[holdings["ticker"] != CASH]
    first = market.get_index("time")[(market["life"].to_numpy() >= 0).argmax(axis=0)]
    begins = pd.Series(first, index=market.get_index("asset"))
    early = named[named["date"] < begins.reindex(named["ticker"]).to_numpy()]
    if len(early):
        where = early["portfolio"] + " " + early["date"].dt.strftime("%Y-%m-%d") + " " + early["ticker"]
        raise InputError(
            f"holdings: {counted(len(early), 'row')} dated before the ticker's first price: {listed(where)}. "
            f"Correct the date or the ticker, or add the prices."
        )


def sleeve_track(book: Book, sleeve: str, market: xr.Dataset, returns: xr.DataArray, period: Period) -> Track:
    """A sleeve's drifted weights and returns; `require_going_on` says what the book thinks of names that stop trading.

    Raises
    ------
    InputError
        For a ticker without prices.
    """
    portfolio = book.sleeves[sleeve].holdings
    require_known_tickers(book, market, portfolio, returns.get_index("asset"))
    return drift(sleeve_lists(book, sleeve), market, returns, period.base, period.days, f"holdings of '{portfolio}'")


def sleeve_lists(book: Book, sleeve: str) -> pd.DataFrame:
    """A sleeve's rows of the holdings that hold something: portfolio, date, ticker, weight."""
    holdings = book.holdings
    return holdings[(holdings["portfolio"] == book.sleeves[sleeve].holdings) & (holdings["weight"] != 0)]


def require_going_on(book: Book, sleeve: str, track: Track) -> None:
    """Apply the book's policy to held names that stop trading.

    Raises
    ------
    InputError
        Under delisted = "error" where a held name does not trade again in the period, and no final says what it brought.
    """
    unexplained = track.stopped[track.stopped["final"].isna()]
    if len(unexplained) and book.book.delisted == "error":
        stopped, portfolio, end = unexplained, book.sleeves[sleeve].holdings, track.returns.get_index("time")[-1]
        back = stopped["resumes"].dt.strftime(", priced again from %Y-%m-%d after a longer gap")
        held = stopped["list_date"].dt.strftime(", held since %Y-%m-%d")
        traded = stopped["last_trade"].dt.strftime("last trade %Y-%m-%d")
        lines = listed(stopped["ticker"] + " (" + traded + held + back.fillna("") + ")")
        raise InputError(
            f"holdings: {counted(len(stopped), 'held name')} of '{portfolio}' stop trading and do not go on trading "
            f"by {end:%Y-%m-%d}: {lines}. Add the missing prices; where a name's life is over, say in the table finals what "
            f"a holder got for a share (0 for a total loss), and hold it no longer. As long as nobody knows, "
            f'delisted = "cash" in [book] carries it at its last value, and the report says so.'
        )


def level_returns(market: xr.Dataset, index: str) -> xr.DataArray:
    """Return of an index's level over each session of the market, (time), NaN without this level or the one before.

    Before they are used, `require_levels` looks at the days in question.
    """
    level = market["index_level"].sel(index=index).drop_vars("index")
    return level / level.shift(time=1) - 1
