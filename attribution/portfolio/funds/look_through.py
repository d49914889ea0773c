"""Funds of a sleeve or a benchmark looked through to the names of their lists, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from attribution.portfolio.benchmarks import require_levels
from attribution.portfolio.book import Book
from attribution.portfolio.funds.lists import fund_levels, fund_lists, without_returns
from attribution.portfolio.holdings import Track, drift
from attribution.portfolio.periods import Period
from attribution.rows import CASH
from riskmodel.errors import InputError, counted, listed


def fund_track(book: Book, ticker: str, market: xr.Dataset, returns: xr.DataArray, period: Period) -> Track | None:
    """A fund's list drifted over the days of a period on which one is known; None where the first is of its end or later."""
    lists, sessions = fund_lists(book, ticker, market, period), market.get_index("time")
    first = sessions[max(int(sessions.searchsorted(lists["date"].min(), side="right")) - 1, 0)]
    base = max(period.base, first)
    days = period.days[period.days > base]
    if not len(days):
        return None
    return drift(lists, market, returns, base, days, f"list of the fund '{ticker}'")


def require_held_levels(book: Book, track: Track, market: xr.Dataset) -> None:
    """Refuse levels of funds that are missing or jump on days on which they are held."""
    days, sessions = track.weights.get_index("time"), market.get_index("time")
    for ticker, index in fund_levels(book, market).items():
        held = days[(track.weights.sel(asset=ticker) != 0).to_numpy()]
        if len(held):
            require_levels(market, index, held, sessions[sessions.get_loc(held[0]) - 1])


def look_through(track: Track, funds: Mapping[str, Track | None], returns: xr.DataArray, lacking: set[str]) -> Track:
    """A sleeve or benchmark with the names of its funds' lists in the place of the funds.

    Parameters
    ----------
    track
        As it is held, funds among the names.
    funds
        By ticker the drifted list of each fund that is looked through.
    returns
        (time, asset) returns of holding each asset, the funds' own among them.
    lacking
        Funds without returns of their own.

    Returns
    -------
    Track
        The same returns of the whole, weights of the names; its `of_funds` is what the funds returned beside their lists,
        fees and tracking: with w_F the fund's weight, sum_F w_F (r_F - r_list). The track itself where it holds none.

    Raises
    ------
    InputError
        For a fund that is held on days before its first list.

    Notes
    -----
    w_i + sum_F w_F w_Fi with w_F drifting by the fund's own returns, w_Fi by its names' from each list to the next.
    """
    if not funds:
        return track
    labels = track.weights.get_index("asset")
    held_ever = ((track.weights != 0) | (track.closes != 0)).any("time").to_numpy()
    funds = {ticker: fund for ticker, fund in funds.items() if held_ever[labels.get_loc(ticker)]}
    if not funds:
        return track
    days = track.weights.get_index("time")
    parts = {name: getattr(track, name).copy() for name in ("weights", "live", "closes")}
    beside = xr.zeros_like(track.returns)
    for ticker, fund in funds.items():
        held = {name: part.sel(asset=ticker, drop=True).copy() for name, part in parts.items()}
        known = days[:0] if fund is None else fund.weights.get_index("time")
        early = days[(held["weights"] != 0).to_numpy() & ~days.isin(known)]
        if len(early):
            first = "there is none by the period's end" if fund is None else f"the first counts from {known[0]:%Y-%m-%d}"
            raise InputError(
                f"funds: '{ticker}' is held on {counted(len(early), 'session')} before a list of its names is known "
                f"({first}): {listed(early.strftime('%Y-%m-%d'))}. Add an earlier list, or carry it with "
                f'carried = "unmodelled" in [funds."{ticker}"].'
            )
        if fund is None:
            continue
        for name, part in parts.items():
            inside = getattr(fund, name).reindex(time=days, fill_value=0.0)
            share = held["live"] if name == "live" else held[name]
            part.loc[{"asset": ticker}] = 0.0
            part += share.where(days.isin(known), 0.0) * inside
        own = returns.sel(asset=ticker, time=days, drop=True)
        if ticker not in lacking:
            beside += held["live"] * (own - fund.returns.reindex(time=days, fill_value=0.0))
    return replace(track, **parts, of_funds=beside)


def list_returns(book: Book, market: xr.Dataset, returns: xr.DataArray) -> xr.DataArray:
    """Returns (time, asset) with those of funds that have none of their own before CASH: what their lists returned."""
    lacking = without_returns(book, market)
    if not lacking:
        return returns
    sessions = market.get_index("time")
    whole = Period("whole", sessions[0], sessions[1:])
    columns = []
    for ticker in lacking:
        track = fund_track(book, ticker, market, returns, whole)
        own = xr.zeros_like(returns["time"], dtype=float)
        if track is not None:
            own = track.returns.reindex(time=sessions, fill_value=0.0)
        columns.append(own.expand_dims(asset=[ticker], axis=1))
    cash = returns["asset"] == CASH
    return xr.concat([returns.isel(asset=~cash.to_numpy()), *columns, returns.isel(asset=cash.to_numpy())], "asset")


def average_weights(track: Track, tickers: list[str]) -> dict[str, float]:
    """Mean start-of-day weight of some tickers that are held on any day."""
    held = track.weights.sel(asset=[ticker for ticker in tickers if ticker in track.weights.get_index("asset")])
    means = held.mean("time").to_series()
    return {str(ticker): float(mean) for ticker, mean in means[np.abs(means) > 0].items()}
