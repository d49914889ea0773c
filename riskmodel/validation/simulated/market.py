"""Simulated markets whose factor returns, exposures and specific returns are known, seen through the usual raw tables.

Nothing here is a real company or a real price. The calendar is that of US federal holidays.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from pandas.tseries.holiday import USFederalHolidayCalendar
from pandas.tseries.offsets import CustomBusinessDay

from riskmodel.errors import InputError
from riskmodel.factors import MARKET
from riskmodel.validation.simulated.companies import (
    SECTORS,
    Tables,
    companies,
    company_tables,
    dividends_paid,
    rates_and_fx,
    traded_volume,
    trading_days,
)
from riskmodel.validation.simulated.industries import with_industries, with_industry_returns
from riskmodel.validation.simulated.prices import settle
from riskmodel.validation.simulated.styles import STYLE_VOLATILITY

MARKET_MEAN, MARKET_VOLATILITY, SECTOR_VOLATILITY = 0.0005, 0.010, 0.004
MARKET_PART_OF_SENSITIVITY = 0.35  # market_sensitivity's return on the market's, so that betas persist
SPECIFIC_VOLATILITY = 0.014  # of the median company, a day
SPECIFIC_RISK = {"inverse_sqrt_cap": -0.25, "flat": 0.0, "sqrt_cap": 0.25}  # its variance ~ cap ** (2 x power)
ALL_AT_ONCE, BLOCK = 430, 42  # sessions: a history of some twenty months settles in one go, a longer one in blocks

LARGE, SMALL, WIDE = "Large Index", "Small Index", "Wide Index"
LARGE_SHARE, SMALL_SHARE = 3 / 8, 1 / 2  # of all companies, by market cap; the rest are in neither
TRACKING_NOISE = 2e-4  # of an official index level, a day
SLEEVES = {  # portfolio: index, names, the exposures whose sum ranks them
    "major": (LARGE, 22, ("profitability", "financial_safety", "eps_stability")),
    "next_major": (SMALL, 23, ("growth", "profitability", "surprise")),
}
SLEEVE_LISTS, WEIGHT_MAX = 14, 0.09
LEAST_MONTHS, LEAST_ASSETS = 8, 150


@dataclass(frozen=True)
class SimulatedMarket:
    """A market and what is true of it.

    Attributes
    ----------
    tables
        The raw tables, as `riskmodel.market.tables.read_table` returns them; `build_market` takes them as they are. Prices
        and earnings are numbers of single precision, which is how they may be stored.
    truth
        `factor_returns` (time, factor), `exposures` (time, style, asset) stamped with the close at which they are known, and
        `specific_returns` (time, asset), decimals, for the tables as they stand: total_return of day t is the market's
        return, the sector's, the industry's, exposures of t-1 times the styles', and the specific return, exactly. NaN on
        the days before an estimation universe is known.
    """

    tables: Tables
    truth: xr.Dataset


def simulate(
    *,
    assets: int = 400,
    seed: int = 3,
    start: str = "2023-08-01",
    end: str = "2025-03-31",
    specific: str = "inverse_sqrt_cap",
    industries: bool = True,
) -> SimulatedMarket:
    """Make a market from a seed: companies with prices, filings, estimates, dividends and splits, two indices, two sleeves.

    Parameters
    ----------
    assets
        Number of companies, at least 150.
    seed
        The same seed gives the same market.
    start, end
        First and last date, at least eight months apart. The first sixty sessions have no estimation universe.
    specific
        How the variance of specific returns goes with market capitalisation: "inverse_sqrt_cap" (what the regression's
        weights suppose), "flat" or "sqrt_cap" (the other way round).
    industries
        Whether companies are in industries, which have returns of their own within their sectors: column `industry` of
        securities.

    Returns
    -------
    SimulatedMarket

    Raises
    ------
    InputError
        Where `specific` is unknown, or there are too few companies or months for the events of a market.

    Notes
    -----
    r_i,t = f_mkt,t + f_sector(i),t + f_industry(i),t + sum_k X_ik,t-1 f_k,t + u_i,t, where X_t-1 is what the model itself
    makes of the tables at the close of t-1, and the sector returns, weighted by the caps of t-1, sum to zero, as do the
    industries' within each sector. A company whose industry has fewer than three names, or that has none, has no f_industry.
    The prices are found by `riskmodel.validation.simulated.prices.settle`, all at once for a history of up to `ALL_AT_ONCE`
    sessions, else `BLOCK` at a time.

    What happens in a market: splits, late listings, a delisting, a gap of twelve sessions, missing volumes, estimates and
    filed figures; and, to three names whose traits the sleeve of large companies looks for, a split, a gap of three sessions
    and the end of trading in mid-month.
    """
    if specific not in SPECIFIC_RISK:
        raise InputError(f"specific: unknown kind {specific!r}. Known: {', '.join(SPECIFIC_RISK)}.")
    sessions = pd.date_range(start, end, freq=CustomBusinessDay(calendar=USFederalHolidayCalendar()), unit="ns")
    months = sessions.to_period("M")
    if assets < LEAST_ASSETS or months.nunique() < LEAST_MONTHS:
        raise InputError(
            f"simulate: {assets} companies over {months.nunique()} months; the events of a market need at least "
            f"{LEAST_ASSETS} and {LEAST_MONTHS}."
        )
    *others, of_industries = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(9)]
    streams = iter(others)
    company = companies(next(streams), assets)
    if industries:
        company = with_industries(of_industries, company)
    known = company_tables(streams, company, sessions)
    drawn = drawn_days(next(streams), company, sessions, SPECIFIC_RISK[specific])
    if industries:
        drawn = with_industry_returns(of_industries, drawn, company)
    blocks = None if len(sessions) <= ALL_AT_ONCE else np.arange(0, len(sessions), BLOCK)
    prices, market, truth = settle(drawn, known, blocks=blocks)
    lists = constituent_lists(market, np.flatnonzero(~months.duplicated(keep="last")))
    tables = known | {
        "prices": prices,
        "constituents": lists,
        "indices": index_levels(next(streams), market, lists),
        "holdings": sleeve_holdings(next(streams), market, truth["exposures"], lists),
    }
    return SimulatedMarket(tables=tables | rates_and_fx(next(streams), sessions), truth=truth)


# ---------------------------------------------------------------- what chance decides


def drawn_days(rng: np.random.Generator, company: pd.DataFrame, sessions: pd.DatetimeIndex, power: float) -> xr.Dataset:
    """What chance decides before there are prices.

    Returns
    -------
    Dataset
        `factor_returns` (time, factor), the sectors' not yet centred; on (time, asset) `specific_returns`; `latent`, the
        returns of the beta model that the market begins with; `traded`; `dividends` a share; `volume`. On (asset)
        `price`, the first.
    """
    days, count = len(sessions), len(company)
    market = rng.normal(MARKET_MEAN, MARKET_VOLATILITY, days)
    sector = rng.normal(0, SECTOR_VOLATILITY, (days, len(SECTORS)))
    style = rng.normal(0, list(STYLE_VOLATILITY.values()), (days, len(STYLE_VOLATILITY)))
    style[:, list(STYLE_VOLATILITY).index("market_sensitivity")] += MARKET_PART_OF_SENSITIVITY * (market - MARKET_MEAN)
    scale = (company["cap"] / company["cap"].median()) ** power * np.exp(rng.normal(0, 0.25, count))
    specific = rng.normal(0, 1, (days, count)) * SPECIFIC_VOLATILITY * scale.to_numpy()
    own_sector = sector[:, np.searchsorted(SECTORS, company["sector"].to_numpy())]
    traded = trading_days(rng, company, sessions.to_period("M"))
    panels = {
        "specific_returns": specific,
        "latent": company["beta"].to_numpy() * market[:, None] + own_sector + specific,
        "traded": traded,
        "dividends": dividends_paid(rng, company, traded),
        "volume": traded_volume(rng, company, traded),
    }
    return xr.Dataset(
        {name: (("time", "asset"), values) for name, values in panels.items()}
        | {"factor_returns": (("time", "factor"), np.hstack([market[:, None], sector, style]))}
        | {"price": ("asset", company["price"].to_numpy())},
        coords={
            "time": sessions,
            "asset": company["ticker"].to_numpy(object),
            "factor": [MARKET, *SECTORS, *STYLE_VOLATILITY],
        },
    )


# ---------------------------------------------------------------- indices and sleeves, by rules


def constituent_lists(
    market: xr.Dataset, month_ends: np.ndarray, large_share: float = LARGE_SHARE, small_share: float = SMALL_SHARE
) -> pd.DataFrame:
    """Cap-weighted lists of the two indices at the first session and at each month's last, by size among what trades."""
    cap, tickers, sessions = market["market_cap"].to_numpy(), market["asset"].to_numpy(), market["time"].to_index()
    large = int(large_share * cap.shape[1])
    ranks = {LARGE: slice(0, large), SMALL: slice(large, large + int(small_share * cap.shape[1]))}
    parts = []
    for day in sorted({0, *month_ends}):
        order = np.argsort(-np.nan_to_num(cap[day]), kind="stable")[: np.isfinite(cap[day]).sum()]
        for index, rank in ranks.items():
            inside = np.sort(order[rank])
            weight = cap[day, inside] / cap[day, inside].sum()
            parts.append(pd.DataFrame({"index": index, "date": sessions[day], "ticker": tickers[inside], "weight": weight}))
    table = pd.concat(parts, ignore_index=True).sort_values(["index", "date", "ticker"], ignore_index=True)
    return table.astype({"index": "str", "ticker": "str"})


def index_levels(rng: np.random.Generator, market: xr.Dataset, lists: pd.DataFrame) -> pd.DataFrame:
    """Total-return levels: the lists held from each date to the next, with tracking noise; and one of all companies.

    A name that does not trade keeps its value; the return of the day on which it resumes is that of its close.
    """
    sessions = market["time"].to_index()
    moved = market["total_return"].fillna(market["bridged_return"]).fillna(0.0).to_pandas()
    cap = market["market_cap"].shift(time=1)
    wide = (cap * moved.to_numpy()).sum("asset") / cap.sum("asset")
    value = {WIDE: np.cumprod(1 + np.nan_to_num(wide.to_numpy()))}
    for index, own in lists.groupby("index", sort=True):
        held = own.pivot(index="date", columns="ticker", values="weight").fillna(0.0)
        pieces = [np.ones(1)]
        for begin, until in pairwise([*held.index, sessions[-1]]):
            wealth = (1 + moved.loc[(sessions > begin) & (sessions <= until), held.columns]).to_numpy().cumprod(axis=0)
            pieces.append(pieces[-1][-1:] * (wealth @ held.loc[begin].to_numpy()))
        value[str(index)] = np.concatenate(pieces)
    parts = []
    for index in (LARGE, SMALL, WIDE):
        noise = np.append(0.0, rng.normal(0, TRACKING_NOISE, len(sessions) - 1))
        level = (1000 * value[index] * np.cumprod(1 + noise)).round(4)
        parts.append(pd.DataFrame({"date": sessions, "index": index, "level": level}))
    return pd.concat(parts, ignore_index=True).astype({"index": "str"})


def sleeve_holdings(
    rng: np.random.Generator, market: xr.Dataset, exposures: xr.DataArray, lists: pd.DataFrame
) -> pd.DataFrame:
    """Two sleeves at each month's last close: the best two names of each sector and the next best, and some cash.

    A sector's weight is half its index weight and half the same for all; inside a sector weights go with the square root of
    market cap, none above 9 %.
    """
    sector = market["sector"].to_series()
    parts = []
    for portfolio, (index, count, styles) in SLEEVES.items():
        own = lists[lists["index"] == index]
        for date in own["date"].drop_duplicates().iloc[1:].tail(SLEEVE_LISTS):
            weight = own[own["date"] == date].set_index("ticker")["weight"]
            score = exposures.sel(time=date, style=list(styles)).sum("style", skipna=False).to_series().reindex(weight.index)
            ranked = score.dropna().sort_values(ascending=False, kind="stable").index
            first = ranked.to_series().groupby(sector.reindex(ranked)).head(2).index
            chosen = first.append(ranked.difference(first, sort=False))[:count].sort_values()
            budget = weight.groupby(sector).sum() / 2 + 1 / (2 * len(SECTORS))
            root = np.sqrt(weight[chosen])
            share = root / root.groupby(sector).transform("sum") * budget.reindex(sector[chosen]).to_numpy()
            share = share.clip(upper=WEIGHT_MAX)
            share = (share / share.sum() * (1 - rng.uniform(0.01, 0.02))).clip(upper=WEIGHT_MAX).round(4)
            share["CASH"] = round(1 - share.sum(), 4)
            cells = {"ticker": share.index, "weight": share.to_numpy()}
            parts.append(pd.DataFrame({"portfolio": portfolio, "date": date} | cells))
    return pd.concat(parts, ignore_index=True).astype({"portfolio": "str", "ticker": "str"})
