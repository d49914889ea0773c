"""One list of holdings against the lists around it: cash, a weight, digits that it alone lacks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from attribution.portfolio.evidence.register import BOOK_RULES, Evidence
from attribution.rows import CASH
from riskmodel.market.evidence.finding import Finding

LEAST_LISTS, LEAST_HELD = 3, 3
ALIKE = np.log(1.25)  # of two weights: names drift and are traded in a month
MOST_DIGITS, WHOLE_PERCENT, ROUNDED = 6, 2, 1e-7


@BOOK_RULES.rule("cash_gone_once", "weight_slipped", "name_in_cash")
def lists_unlike_both_neighbours(evidence: Evidence) -> Iterator[Finding]:
    """No cash, a tenth of a weight, or a name's weight in cash, in one list that earns in the period, not around it."""
    tracks = evidence.tracks
    for sleeve, settings in evidence.sleeves.items():
        weights, portfolio = evidence.portfolios[settings.holdings], tracks.carried(sleeve).returns.to_series()
        if CASH not in weights:
            weights = weights.assign(**{CASH: 0.0})
        lists, cash = weights.to_numpy(), weights.columns.get_loc(CASH)
        stock = np.arange(len(weights.columns)) != cash
        for number, (date, after) in enumerate(zip(weights.index[1:-1], weights.index[2:], strict=True)):
            days = portfolio.index[(portfolio.index > date) & (portfolio.index <= after)]
            if days.empty:
                continue

            def earned(ticker: str, days: pd.DatetimeIndex = days) -> pd.Series:
                return tracks.returns.sel(asset=ticker, time=days).to_series()

            total = portfolio[days]
            old, own, new = lists[number : number + 3]
            there = (old > 0) & (new > 0)
            where = (settings.holdings, f"{date:%Y-%m-%d}")
            if there[cash] and own[cash] == 0:
                yield _slip("cash_gone_once", where, f"{old[cash]:.2%}", old[cash] * (total - earned(CASH)), lenient=True)
            held = np.flatnonzero(there & (own > 0) & stock)
            around = np.sqrt(np.where(there, old * new, np.nan))
            step = np.abs(np.log(own[held] / around[held]))
            if len(held) <= LEAST_HELD or np.median(step) > ALIKE:
                continue  # another portfolio altogether
            for place in held[(np.abs(step - np.log(10.0)) < ALIKE) & (np.abs(np.log(old[held] / new[held])) < ALIKE)]:
                ticker, missing = weights.columns[place], around[place] - own[place]
                rest = earned(CASH) if own[cash] > max(old[cash], new[cash]) + missing / 2 else total
                shown = f"{ticker}, {own[place]:.2%}, {around[place]:.2%}"
                yield _slip("weight_slipped", where, shown, missing * (rest - earned(ticker)), lenient=False)
            more = own[cash] - (old[cash] + new[cash]) / 2
            absent = np.flatnonzero(there & (own == 0) & stock)
            alike = (around[absent] > more / np.exp(ALIKE)) & (around[absent] < more * np.exp(ALIKE))
            for place in absent[alike]:  # booked late
                ticker, gap = weights.columns[place], earned(CASH) - earned(weights.columns[place])
                yield _slip("name_in_cash", where, f"{ticker}, {around[place]:.2%}", more * gap, lenient=False)


def _slip(key: str, where: tuple[str, str], shown: str, doubt: pd.Series, *, lenient: bool) -> Finding:
    by_day = {f"{day:%Y-%m-%d}": float(value) for day, value in doubt.items()}
    return Finding(key, "holdings", *where, shown=shown, doubt=by_day, lenient=lenient)


@BOOK_RULES.rule("list_rounded")
def lists_in_whole_percent(evidence: Evidence) -> Iterator[Finding]:
    """One list in whole percent among lists with more digits; that of the first day is often set so."""
    for table, name, weights in evidence.lists:
        if table != "holdings" or len(weights) < LEAST_LISTS:
            continue
        digits = np.array([_digits(row) for row in weights.to_numpy()])
        rounded = np.flatnonzero(digits[1:] <= WHOLE_PERCENT) + 1
        if len(rounded) == 1 and np.median(digits) > WHOLE_PERCENT:
            yield Finding("list_rounded", table, name, f"{weights.index[rounded[0]]:%Y-%m-%d}")


def _digits(weights: np.ndarray) -> int:
    """Digits after the point that all weights are written with."""
    for digits in range(MOST_DIGITS):
        if (np.abs(weights - np.round(weights, digits)) < ROUNDED).all():
            return digits
    return MOST_DIGITS
