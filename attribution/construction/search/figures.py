"""Figures of many simulated records at once, from sums over periods that add up over any set of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np

from attribution.construction.search import choices
from attribution.construction.search.choices import FREQUENCIES
from riskmodel.arrays.rounding import OF_TERMS, growth, settled
from riskmodel.bounds import DAYS_A_YEAR

BLOCK_BYTES = 2**24
PERIODS = dict(zip(FREQUENCIES, (DAYS_A_YEAR, 12), strict=True))  # of a year


@dataclass(frozen=True)
class Sums:
    """Sums over sets of periods; those of two sets that share none add to those of both.

    Attributes
    ----------
    periods, log_risk_free, log_benchmark
        (set): how many, and sums of log(1 + f) and log(1 + b).
    log_return, shortfall, total, square, active, active_square
        (trial, set): sums of log(1 + r), min(r - f, 0)^2, r, r^2, r - b and (r - b)^2.
    """

    periods: np.ndarray
    log_risk_free: np.ndarray
    log_benchmark: np.ndarray
    log_return: np.ndarray
    shortfall: np.ndarray
    total: np.ndarray
    square: np.ndarray
    active: np.ndarray
    active_square: np.ndarray

    @classmethod
    def of(cls, returns: np.ndarray, risk_free: np.ndarray, benchmark: np.ndarray, counts: np.ndarray) -> Sums:
        """Of returns (trial, period) and of both others (period); `counts` (period, set): how often each counts in a set."""
        both = (np.ones(len(risk_free)), np.log1p(risk_free), np.log1p(benchmark))
        scale, block = growth(returns, risk_free), max(1, BLOCK_BYTES // (8 * len(risk_free)))
        own = np.empty((6, len(returns), counts.shape[1]))
        for first in range(0, len(returns), block):
            r = returns[first : first + block]
            active, short = r - benchmark, np.minimum(settled(r - risk_free, scale), 0.0)
            for each, values in zip(own, (np.log1p(r), short**2, r, r**2, active, active**2), strict=True):
                each[first : first + block] = values @ counts
        return cls(*(each @ counts for each in both), *own)

    def over(self, counts: np.ndarray) -> Sums:
        """Of sets that are made of these; `counts` (set, new set)."""
        return Sums(*(getattr(self, each.name) @ counts for each in fields(self)))

    def of_trials(self, rows: np.ndarray) -> Sums:
        """Of some of the trials."""
        shared = ("periods", "log_risk_free", "log_benchmark")
        return Sums(
            *(getattr(self, each.name) if each.name in shared else getattr(self, each.name)[rows] for each in fields(self))
        )


def annual(logarithms: np.ndarray, periods: np.ndarray, a_year: float) -> np.ndarray:
    """Geometric return a year."""
    return np.expm1(logarithms * a_year / periods)


def _over_cash(sums: Sums, a_year: float) -> np.ndarray:
    return annual(sums.log_return, sums.periods, a_year) - annual(sums.log_risk_free, sums.periods, a_year)


def _excess(sums: Sums, a_year: float) -> np.ndarray:
    return annual(sums.log_return, sums.periods, a_year) - annual(sums.log_benchmark, sums.periods, a_year)


def _return(sums: Sums, a_year: float) -> np.ndarray:
    return annual(sums.log_return, sums.periods, a_year)


def _sortino(sums: Sums, a_year: float) -> np.ndarray:
    return _ratio(_over_cash(sums, a_year), np.sqrt(sums.shortfall / sums.periods * a_year))


def _sharpe(sums: Sums, a_year: float) -> np.ndarray:
    return _ratio(_over_cash(sums, a_year), _deviation(sums.total, sums.square, sums.periods) * a_year**0.5)


def _information_ratio(sums: Sums, a_year: float) -> np.ndarray:
    return _ratio(_excess(sums, a_year), _deviation(sums.active, sums.active_square, sums.periods) * a_year**0.5)


FIGURES: Mapping[str, Callable[[Sums, float], np.ndarray]] = MappingProxyType(
    dict(zip(choices.FIGURES, (_sortino, _sharpe, _information_ratio, _return, _excess), strict=True))
)


def figure(name: str, sums: Sums, a_year: float) -> np.ndarray:
    """A figure of `FIGURES`, (trial, set); NaN for a ratio over nothing.

    Parameters
    ----------
    name
        sortino, sharpe and information_ratio: geometric return a year less the risk-free's (of the last, the benchmark's),
        over downside deviation, deviation and deviation of r - b a year; return and excess: the geometric return a year,
        and less the benchmark's.
    sums
        Of the sets of periods.
    a_year
        Periods of a year.

    Notes
    -----
    `attribution.measures.performance` has Sharpe and Sortino ratio with formulas and sources; of months they are the same.
    """
    return FIGURES[name](sums, a_year)


def sharpe_of_periods(sums: Sums) -> np.ndarray:
    """mean(r - b) / std(r - b) of a period, not annualised, (trial, set): what the deflated Sharpe ratio is of."""
    return _ratio(sums.active / sums.periods, _deviation(sums.active, sums.active_square, sums.periods))


def _deviation(total: np.ndarray, square: np.ndarray, periods: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (square - total**2 / periods) / (periods - 1)
        return np.sqrt(np.maximum(settled(variance, square / periods, OF_TERMS), 0.0))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
