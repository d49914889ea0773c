"""Records by day or by month: what figures are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attribution.construction.search.figures import PERIODS, Sums
from attribution.construction.search.panel import Panel


@dataclass(frozen=True)
class Periods:
    """Returns of trials, (trial, period), and beside them.

    Attributes
    ----------
    returns, benchmark, risk_free
        Decimals; of a month compounded over its days.
    month
        (period) number of the month.
    a_year
        Periods of a year.
    """

    returns: np.ndarray
    benchmark: np.ndarray
    risk_free: np.ndarray
    month: np.ndarray
    a_year: int

    @classmethod
    def of(cls, panel: Panel, returns: np.ndarray, frequency: str) -> Periods:
        """Of daily returns (trial, day) at a frequency of `FREQUENCIES`."""
        if frequency == "day":
            return cls(returns, panel.benchmark, panel.risk_free, panel.month, PERIODS[frequency])
        starts = [span.start for span in panel.spans]
        own, benchmark, risk_free = (
            np.multiply.reduceat(1 + each, starts, axis=-1) - 1 for each in (returns, panel.benchmark, panel.risk_free)
        )
        return cls(own, benchmark, risk_free, np.arange(len(starts)), PERIODS[frequency])

    def sums(self, counts: np.ndarray) -> Sums:
        """Over sets of periods; `counts` (period, set)."""
        return Sums.of(self.returns, self.risk_free, self.benchmark, counts)

    def in_months(self, inside: np.ndarray) -> np.ndarray:
        """(period, set) of sets of months, (month, set)."""
        return inside[self.month].astype(float)

    def blocks(self, number: int) -> np.ndarray:
        """(period, block) of runs of periods in the order of time, whose lengths differ by one at most."""
        place = np.arange(len(self.month)) * number // len(self.month)
        return (place[:, None] == np.arange(number)).astype(float)

    def of_months(self, first: int, last: int) -> Periods:
        """Of the months from `first` up to and without `last`."""
        inside = slice(*np.searchsorted(self.month, [first, last]))
        parts = (self.returns[:, inside], self.benchmark[inside], self.risk_free[inside], self.month[inside] - first)
        return Periods(*parts, self.a_year)
