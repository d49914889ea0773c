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
        for before, date, after in zip(weights.index[:-2], weights.index[1:-1], weights.index[2:], strict=True):
            days = portfolio.index[(portfolio.index > date) & (portfolio.index <= after)]
            if days.empty:
                continue
            total, cash = portfolio[days], tracks.returns.sel(asset=CASH, time=days).to_series()
            old, own, new = (weights.loc[day] for day in (before, date, after))
            there = (old > 0) & (new > 0)
            where = (settings.holdings, f"{date:%Y-%m-%d}")
            if there[CASH] and own[CASH] == 0:
                size = float(old[CASH])
                yield _slip("cash_gone_once", where, f"{size:.2%}", size * (total - cash), lenient=True)
            held = own.index[there & (own > 0) & (own.index != CASH)]
            around = np.sqrt(old[held] * new[held])
            step = np.abs(np.log(own[held] / around))
            if len(held) <= LEAST_HELD or step.median() > ALIKE:
                continue  # another portfolio altogether
            for ticker in held[(np.abs(step - np.log(10.0)) < ALIKE) & (np.abs(np.log(old[held] / new[held])) < ALIKE)]:
                missing = float(around[ticker] - own[ticker])
                rest = cash if own[CASH] > max(old[CASH], new[CASH]) + missing / 2 else total
                gap = rest - tracks.returns.sel(asset=ticker, time=days).to_series()
                shown = f"{ticker}, {own[ticker]:.2%}, {around[ticker]:.2%}"
                yield _slip("weight_slipped", where, shown, missing * gap, lenient=False)
            more = float(own[CASH] - (old[CASH] + new[CASH]) / 2)
            absent = own.index[there & (own == 0) & (own.index != CASH)]
            gone = np.sqrt(old[absent] * new[absent])
            for ticker in gone.index[(gone > more / np.exp(ALIKE)) & (gone < more * np.exp(ALIKE))]:  # booked late
                gap = cash - tracks.returns.sel(asset=ticker, time=days).to_series()
                yield _slip("name_in_cash", where, f"{ticker}, {gone[ticker]:.2%}", more * gap, lenient=False)


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
