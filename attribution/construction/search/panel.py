"""What a back-test sees: exposures at month ends, and what was earned until the next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Panel:
    """Months of a universe as arrays; a list that is made at a close is held over the days of the month after it.

    Attributes
    ----------
    factors, assets
        Labels.
    closes
        (month) closes at which lists are made.
    days
        (day) sessions after them; `month` has the number of the month of each, from 0, without gaps.
    exposures
        (month, asset, factor) at the close; NaN for who may not be held, or has one missing.
    growth
        (day, asset) what is worth then what cost 1 at the close before the month; a name that stops keeps its value.
    stopped
        (month, asset) whether what was bought is no more than its last value at the month's last close: nothing to sell.
    benchmark, risk_free
        (day) returns, decimals.
    trends
        (month, factor) what each factor returned over the quarter before the close; NaN where that is not known.
    """

    factors: tuple[str, ...]
    assets: pd.Index
    closes: pd.DatetimeIndex
    days: pd.DatetimeIndex
    month: np.ndarray
    exposures: np.ndarray
    growth: np.ndarray
    stopped: np.ndarray
    benchmark: np.ndarray
    risk_free: np.ndarray
    trends: np.ndarray

    @cached_property
    def members(self) -> np.ndarray:
        """(month, asset) who may be held."""
        return np.isfinite(self.exposures).all(axis=2)

    @cached_property
    def spans(self) -> list[slice]:
        """Of each month: its days."""
        bounds = np.searchsorted(self.month, np.arange(len(self.closes) + 1))
        return [slice(first, last) for first, last in pairwise(bounds.tolist())]

    @cached_property
    def months(self) -> pd.PeriodIndex:
        """The calendar months in which the lists are held."""
        return self.days[[span.start for span in self.spans]].to_period("M")

    def over(self, first: int, last: int) -> Panel:
        """The months from `first` up to and without `last`, as if there were no others."""
        days = slice(self.spans[first].start, self.spans[last - 1].stop)
        return Panel(
            self.factors,
            self.assets,
            self.closes[first:last],
            self.days[days],
            self.month[days] - first,
            self.exposures[first:last],
            self.growth[days],
            self.stopped[first:last],
            self.benchmark[days],
            self.risk_free[days],
            self.trends[first:last],
        )
