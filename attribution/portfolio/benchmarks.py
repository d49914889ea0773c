"""What a benchmark is made of: lists of an index, the largest companies by rule, or levels that are fit to follow it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from attribution.portfolio.book import Book
from attribution.portfolio.holdings import Track, apart_from_cash, drift, followed_funds
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import UNPRICED_MAX
from attribution.rows import CASH
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.fitness.needs import rare

GREATEST_MOVE = 2.0  # of a level in a day, either way: no index doubles or halves, one that changes its unit does


def benchmark_track(book: Book, benchmark: str, market: xr.Dataset, returns: xr.DataArray, period: Period) -> Track:
    """A benchmark's constituents with drifted weights; without a list in the market, the largest companies by rule; of one
    of which only returns are known, its pseudo-name.

    A name that stops trading keeps its last value until the next list. A constituent CASH is cash, unless the market has
    prices of a stock with that ticker.

    Raises
    ------
    InputError
        Where the market has no list of the index, or lists of which too little has prices.
    """
    rule = book.benchmarks[benchmark]
    assets = market.get_index("asset")
    if rule.returns_only:
        label = book.pseudo_names[benchmark]
        lists = pd.DataFrame({"date": [period.base], "ticker": [label], "weight": [1.0]})
        alone = drift(lists, market, returns, period.base, period.days, f"levels of '{benchmark}'")
        return replace(alone, returns=returns.sel(asset=label, drop=True, time=period.days))  # its level's, to the last bit
    if rule.constituents is None:
        lists = largest_companies(market, rule.largest or 500, period, inception=pd.Timestamp(book.book.inception))
    else:
        asked_by = f'[benchmarks."{benchmark}"]'
        lists = constituent_lists(
            asked_by,
            rule.constituents,
            market,
            period,
            unpriced_max=rule.unpriced_max,
            funds=followed_funds(book, returns.get_index("asset")),
        )
    if CASH in assets:
        lists = lists.assign(ticker=apart_from_cash(pd.Index(lists["ticker"])))
    return drift(lists, market, returns, period.base, period.days, f"constituents of '{benchmark}'")


def constituent_lists(
    asked_by: str,
    index: str,
    market: xr.Dataset,
    period: Period | None = None,
    *,
    unpriced_max: float = UNPRICED_MAX,
    funds: Collection[str] = (),
) -> pd.DataFrame:
    """Lists of an index, date, ticker and weight: names without prices are left out, the others rescaled.

    `asked_by` is the section of the book that names it, for messages; of lists of `period`
    no more than `unpriced_max` may lack prices. The returns of `funds` are known without.
    """
    there = constituent_rows(asked_by, index, market)
    chosen = market[["constituent_date", "constituent_ticker", "constituent_weight"]].isel(constituent=there)
    lists = chosen.to_dataframe().rename(columns=lambda name: name.removeprefix("constituent_")).reset_index(drop=True)
    priced = lists["ticker"].isin(market.get_index("asset")) | lists["ticker"].isin([CASH, *funds])
    lists = lists[priced & (lists["weight"] != 0)]
    total = lists.groupby("date")["weight"].transform("sum")
    if period is not None:
        shares = total.groupby(lists["date"]).first()
        require_priced_lists(index, shares, chosen["constituent_date"], period, unpriced_max, asked_by)
    return lists.assign(weight=lists["weight"] / total)  # what is left out was counted on reading


def constituent_rows(asked_by: str, index: str, market: xr.Dataset) -> np.ndarray:
    """Which rows of the constituents are of the index that a section of the book names.

    Raises
    ------
    InputError
        Where there is none; the message lists the indices that there are.
    """
    every = market["constituent_index"].to_numpy() if "constituent_index" in market else np.array([], dtype=object)
    there: np.ndarray = every == index
    if not there.any():
        raise InputError(
            f"constituents: no list of '{index}', which {asked_by} asks for. "
            f"Found: {listed(sorted(set(every))) or 'no table'}. Add its lists. largest = 500 is another benchmark."
        )
    return there


def require_priced_lists(
    index: str, priced: pd.Series, dates: xr.DataArray, period: Period, unpriced_max: float, asked_by: str
) -> None:
    """Refuse lists of the period of which more weight has no prices than the book allows to be left out and rescaled."""
    every = pd.DatetimeIndex(np.unique(dates.to_numpy()))
    shares = priced.reindex(every[every <= period.end], fill_value=0.0)
    before = shares.index[shares.index <= period.base]
    bad = shares[(shares < 1 - unpriced_max - 1e-9) & (shares.index >= (before[-1] if len(before) else period.base))]
    if len(bad):
        lines = listed(f"{date:%Y-%m-%d} ({share:.0%} priced)" for date, share in bad.items())
        allowed = f", or allow for names that the market is not meant to have: unpriced_max in {asked_by}"
        raise InputError(
            f"constituents: {counted(len(bad), 'list')} of '{index}' with less than {1 - unpriced_max:.0%} of the "
            f"weight in names that have prices: {lines}. Add the prices or correct the tickers"
            f"{allowed if asked_by.startswith('[benchmarks') else ''}."
        )


def largest_companies(market: xr.Dataset, number: int, period: Period, inception: pd.Timestamp) -> pd.DataFrame:
    """Cap-weighted lists of the largest companies, from the base of the period on: at each month's last close, and at the
    close before the inception, where the book's first month starts.
    """
    sessions = market.get_index("time")
    months = sessions.to_period("M")
    month_ends = sessions[:-1][months[:-1] != months[1:]].union([period.base, *sessions[sessions < inception][-1:]])
    dates = month_ends[(month_ends >= period.base) & (month_ends <= period.end)]
    cap: pd.DataFrame = market["market_cap"].sel(time=dates).to_pandas()
    bare = cap.index[cap.isna().all(axis=1)]
    if len(bare):
        known = market["shares_out"].notnull().any("asset").to_series()
        first = f"the first counts from {known.idxmax():%Y-%m-%d}" if known.any() else "there is none at all"
        raise InputError(
            f"benchmarks: largest = {number} finds no name with a capitalisation at the close of "
            f"{listed(bare.strftime('%Y-%m-%d'))}: no share count is known then, {first}. Add earlier rows to the table "
            f"shares, set a later inception, or name a list: constituents = ..."
        )
    rank = cap.rank(axis=1, ascending=False, method="first")
    cap = cap.where(rank <= number)
    weights = cap.div(cap.sum(axis=1), axis=0).rename_axis(index="date").reset_index()
    return weights.melt("date", var_name="ticker", value_name="weight").dropna(ignore_index=True)


def require_levels(market: xr.Dataset, index: str, days: pd.DatetimeIndex, base: pd.Timestamp) -> None:
    """Refuse levels of an index that are not fit to follow it over some days.

    Raises
    ------
    InputError
        Where a level is missing on a session of the period, or more than doubles or halves from one to the next.
    """
    sessions = days.insert(0, base)
    level = market["index_level"].sel(index=index, time=sessions).to_numpy()
    missing = sessions[np.isnan(level)]
    if len(missing):
        raise InputError(
            f"indices: {counted(len(missing), 'session')} without a level of '{index}': "
            f"{listed(missing.strftime('%Y-%m-%d'))}. {_levels_wanted(market, index)}"
        )
    growth = level[1:] / level[:-1]
    jumps = np.flatnonzero((growth > GREATEST_MOVE) | (growth < 1 / GREATEST_MOVE))
    if len(jumps):
        lines = listed(f"{days[day]:%Y-%m-%d} {growth[day]:.4g} times the level before" for day in jumps)
        raise InputError(
            f"indices: {counted(len(jumps), 'session')} on which the level of '{index}' more than doubles or halves: "
            f"{lines}. A level is mistyped, or the index's unit or base changes. Put all levels on one base."
        )


def _levels_wanted(market: xr.Dataset, index: str) -> str:
    level = market["index_level"].sel(index=index)
    kind = rare(level.get_index("time")[level.notnull().to_numpy()].to_numpy())
    if not kind:
        return "Add the levels."
    return (
        f"The levels are {kind}: add those of every session. Or leave the index out of the table, so that a benchmark "
        f"follows its constituents, and out of [report] indices."
    )
