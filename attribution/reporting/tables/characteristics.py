"""What courses and benchmarks are at month end as one company, and what the courses hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.result import AttributionResult
from attribution.portfolio.course import Course
from attribution.portfolio.holdings import apart_from_cash
from attribution.rows import no_stocks
from riskmodel.exposures.from_filings import latest_filings

CHARACTERISTICS = ("course", "side", "measure", "value", "coverage", "reason", "tickers")
HOLDINGS = ("course", "ticker", "name", "sector", "portfolio_weight", "benchmark_weight", "active_weight")
SIDES = {"portfolio": "portfolio_weight", "benchmark": "benchmark_weight"}
TEN = 10
LEAST_COVERAGE = 0.5  # of a side's weight, below which a figure tells of others than of the side
LARGEST_MULTIPLE = 100.0  # of earnings, above which it tells that these are nearly nil
LEAST_LEFT = 0.5  # of positive equity once the negative is taken off, below which ratios to it tell of the negative
LEADING = 1 / 3  # of all losses or negative equity, from which on a name is told
MILLION = 1e6
ITEMS = ("net_income", "equity", "gross_profit", "total_assets")  # of the filings
OF_PRICE = {"price_to_earnings": "net_income", "price_to_book": "equity"}  # the price over what is owned
WITHIN = {  # what is owned of one item over what is owned of another
    "return_on_equity": ("net_income", "equity"),
    "gross_profitability": ("gross_profit", "total_assets"),
}


class Characteristic(NamedTuple):
    """A measure of a side: its value, the share of weight behind it, why there is no value, and the names that did it.

    Attributes
    ----------
    value
        NaN where it would mean nothing, or nothing is known.
    coverage
        From 0 to 1.
    reason
        A key of REASONS, empty where there is a value.
    tickers
        Those with a third or more of all losses or negative equity, else the largest; empty for other reasons.
    """

    value: float
    coverage: float
    reason: str = ""
    tickers: tuple[str, ...] = ()


REASONS = ("coverage", "losses", "nearly_nil", "negative_equity")


def characteristics_table(courses: Mapping[str, Course], market: xr.Dataset) -> pd.DataFrame:
    """Size, value and quality of courses and their benchmarks at the month's last close.

    Parameters
    ----------
    courses
        Followed over the month, by name.
    market
        Whose prices and filings are known at that close.

    Returns
    -------
    DataFrame
        course, side (portfolio, benchmark), measure, value, coverage, reason, tickers. Measures: names, top_ten_weight,
        market_cap_mean and market_cap_median (in millions of the market's currency), price_to_earnings, price_to_book,
        dividend_yield, return_on_equity, gross_profitability. `coverage` is the share of the side's weight in stocks that
        has the data. Where a value would mean nothing it is NaN, and `reason` says why: `coverage`, less than half of the
        weight has the data, or only the returns of the benchmark are known; `losses`, the earnings owned are not above
        zero; `nearly_nil`, they are, and the multiple is above 100; `negative_equity`, it takes off more than half of the
        positive equity owned. `tickers`, with a blank between them, are the names that did it, as of `Characteristic`.

    Notes
    -----
    A side is taken as one company: a weight w_i owns w_i / cap_i of each, so that for items E and B of the last filing
    P/E = sum w_i / sum w_i E_i / cap_i and ROE = (sum w_i E_i / cap_i) / (sum w_i B_i / cap_i), both over names that have
    what the ratio needs. Losses and negative equity are in the sums, and no outlier is clipped: a ratio that they leave
    without a meaning has no value. A negative ROE over sound equity has one. The dividend yield is
    sum w_i D_i / P_i / sum w_i.
    The median is the market cap at which half of the weight lies in smaller companies.
    """
    stocks: dict[pd.Timestamp, pd.DataFrame] = {}
    rows = []
    for name, followed in courses.items():
        end = followed.period.end
        if end not in stocks:
            stocks[end] = _stocks(market, end)
        invested = followed.invested()
        for side, column in SIDES.items():
            weights = invested[column].to_series()
            weights = weights[(weights != 0) & ~no_stocks(weights.index.to_series()).to_numpy()]
            figures = side_characteristics(weights, stocks[end])
            if followed.levels and side == "benchmark":
                figures = dict.fromkeys(figures, Characteristic(np.nan, 0.0, "coverage"))
            rows += [
                (name, side, measure, found.value, found.coverage, found.reason, " ".join(found.tickers))
                for measure, found in figures.items()
            ]
    return pd.DataFrame(rows, columns=list(CHARACTERISTICS))


def side_characteristics(weights: pd.Series, stocks: pd.DataFrame) -> dict[str, Characteristic]:
    """What a side is as one company, by measure.

    Parameters
    ----------
    weights
        By ticker, stocks alone, above zero; they need not sum to one.
    stocks
        By ticker: market_cap, dividend_yield and ITEMS; NaN where unknown.

    Examples
    --------
    >>> items = {"net_income": [5e6, 5e6], "equity": [50e6, np.nan], "gross_profit": [10e6] * 2, "total_assets": [100e6] * 2}
    >>> known = {"market_cap": [100e6, 50e6], "dividend_yield": [0.02, np.nan]}
    >>> stocks = pd.DataFrame(known | items, index=["A", "B"])
    >>> found = side_characteristics(pd.Series({"A": 0.75, "B": 0.25}), stocks)
    >>> found["price_to_earnings"].value, found["price_to_book"].value, found["price_to_book"].coverage  # A and B; A alone
    (16.0, 2.0, 0.75)
    >>> found["market_cap_mean"].value, found["market_cap_median"].value, found["dividend_yield"].value
    (87.5, 100.0, 0.02)
    >>> side_characteristics(pd.Series({"A": 0.75, "B": 0.25}), stocks.assign(net_income=[1e6, -9e6]))["price_to_earnings"]
    Characteristic(value=nan, coverage=1.0, reason='losses', tickers=('B',))
    """
    known = stocks.reindex(weights.index)
    cap = known["market_cap"].where(known["market_cap"] > 0)
    owned = {item: known[item] / cap for item in ITEMS}
    total = float(weights.sum())

    def over(parts: pd.Series, base: pd.Series, item: str = "") -> Characteristic:
        there = parts.notna() & base.notna()
        held = weights[there]
        coverage = float(held.sum()) / total if total else 0.0
        if coverage < LEAST_COVERAGE:
            return Characteristic(np.nan, coverage, "coverage")
        below = held * base[there]
        value = float((held * parts[there]).sum()) / float(below.sum()) if below.sum() > 0 else np.nan
        reason = _without_meaning(item, below, value)
        return Characteristic(np.nan, coverage, reason, _leading(below)) if reason else Characteristic(value, coverage)

    one = pd.Series(1.0, weights.index)
    mean = over(cap / MILLION, one)
    figures = {
        "names": Characteristic(float(len(weights)), 1.0),
        "top_ten_weight": Characteristic(float(weights.nlargest(TEN).sum()), 1.0),
        "market_cap_mean": mean,
        "market_cap_median": mean if mean.reason else mean._replace(value=_weighted_median(cap / MILLION, weights)),
    }
    for measure, item in OF_PRICE.items():
        figures[measure] = over(one.where(owned[item].notna()), owned[item], item)
    figures["dividend_yield"] = over(known["dividend_yield"], one)
    return figures | {measure: over(owned[above], owned[below], below) for measure, (above, below) in WITHIN.items()}


def _without_meaning(item: str, owned: pd.Series, value: float) -> str:
    """Why a ratio to what is owned of an item means nothing, by name; empty where it means something."""
    if item == "net_income":
        return "losses" if np.isnan(value) else "nearly_nil" if value > LARGEST_MULTIPLE else ""
    left = float(owned.sum()) < LEAST_LEFT * float(owned.clip(lower=0).sum())
    return "negative_equity" if item == "equity" and (left or np.isnan(value)) else ""


def _leading(owned: pd.Series) -> tuple[str, ...]:
    """The names that take most off a sum, the largest first."""
    off = -owned[owned < 0].sort_values(kind="stable")
    return tuple(off.index[(off >= LEADING * off.sum()) | (off == off.max())])


def _weighted_median(values: pd.Series, weights: pd.Series) -> float:
    """The smallest value at or below which half of the weight lies."""
    ordered = values.dropna().sort_values(kind="stable")
    if ordered.empty:
        return np.nan
    below = weights[ordered.index].cumsum()
    return float(ordered[below >= below.iloc[-1] / 2].iloc[0])


def _stocks(market: xr.Dataset, day: pd.Timestamp) -> pd.DataFrame:
    """What is known of each stock at a close: capitalisation, dividend yield as filed, items of its last filing."""
    at = market[["close", "market_cap"]].sel(time=day).to_dataframe()[["close", "market_cap"]]
    filings = latest_filings(market, day).reindex(columns=[*ITEMS, "dividends_per_share"], index=at.index).astype(float)
    paid = filings.pop("dividends_per_share") / at["close"].where(at["close"] > 0)
    stocks = filings.assign(market_cap=at["market_cap"], dividend_yield=paid)
    return stocks.set_axis(apart_from_cash(stocks.index), axis=0)


def holdings_table(results: Mapping[str, AttributionResult]) -> pd.DataFrame:
    """What each course holds at the month's last close, the largest first, cash among it.

    Returns
    -------
    DataFrame
        course, ticker, name, sector, portfolio_weight, benchmark_weight, active_weight; weights are those held until the
        close, before a list that takes effect at it. Portfolio weights sum to one.
    """
    parts = []
    for course, result in results.items():
        weights = result.followed.data[["closing_weight", "benchmark_closing_weight"]].to_dataframe()
        weights = weights[weights["closing_weight"] != 0].sort_values("closing_weight", ascending=False, kind="stable")
        about = result.cube.securities[["name", "sector"]].to_dataframe().reindex(weights.index)
        held = weights["closing_weight"].rename("portfolio_weight").to_frame()
        held["benchmark_weight"] = weights["benchmark_closing_weight"]
        held["active_weight"] = held["portfolio_weight"] - held["benchmark_weight"]
        parts.append(about[["name", "sector"]].join(held).rename_axis("ticker").reset_index().assign(course=course))
    return pd.concat(parts, ignore_index=True)[list(HOLDINGS)]
