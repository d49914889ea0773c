"""What many accounts share: the days of a period on every name, and the benchmark's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from attribution.accounts.funds import FundDays
from attribution.contributions.cube import not_invested
from attribution.contributions.modelled.exposure_errors import ExposureErrors
from attribution.rows import CASH, CASH_AND_STOPPED, FUNDS, MARKET, OTHER, SPECIFIC

OUTSIDE = (SPECIFIC, *OTHER)
WITH_FUNDS = (*OUTSIDE, FUNDS)
NOT_INVESTED = OUTSIDE.index(CASH_AND_STOPPED)
ALL = slice(None)


@dataclass(frozen=True)
class MarketDays:
    """What the accounts share: the days of a period on every name, by position.

    Attributes
    ----------
    assets, days
        Labels; CASH is the last asset.
    first
        Position of the base among the sessions.
    earned
        (session, asset) returns of holding a name, from `attribution.portfolio.holdings.holding_returns`, to the last day.
    life, earning_life
        (session, asset) the last life of each name so far, and the one whose holder earns the day's return, see
        `attribution.portfolio.ended.earning_lives`.
    exposure, modelled, specific_return, factor_return, covariance
        As in `attribution.contributions.cube`, (time, factor, asset) and so on.
    factors, groups
        Rows of a cut by factor and the group of each; after the model's `OUTSIDE` or `WITH_FUNDS`, and proxy.
    benchmark_weight, benchmark_live, constituents_return, benchmark_return
        The benchmark's weights, those of them that are live (time, asset), and returns (time).
    link
        Method of linking.
    uncovered_max
        Largest weight of an account, as a mean over days with a solution, in names that the model leaves out.
    left_out
        (time, asset) what of a weight of one is in names that the model leaves out, but for those left whole by choice.
    solved
        (time) whether the model has a solution.
    exposure_errors
        Of names of the benchmark whose exposures are estimated; None where there are none.
    funds
        What accounts hold and is looked through; their exposures and specific returns are those of their lists.
    """

    assets: pd.Index
    days: pd.DatetimeIndex
    first: int
    earned: np.ndarray
    life: np.ndarray
    earning_life: np.ndarray
    exposure: np.ndarray
    modelled: np.ndarray
    specific_return: np.ndarray
    factor_return: np.ndarray
    covariance: np.ndarray
    factors: pd.Index
    groups: pd.Index
    benchmark_weight: np.ndarray
    benchmark_live: np.ndarray
    constituents_return: np.ndarray
    benchmark_return: np.ndarray
    link: str
    uncovered_max: float
    left_out: np.ndarray
    solved: np.ndarray
    exposure_errors: ExposureErrors | None = None
    funds: Sequence[FundDays] = ()

    @property
    def outside(self) -> tuple[str, ...]:
        """Rows of a cut by factor that names earn and that are not the model's."""
        return WITH_FUNDS if self.funds else OUTSIDE

    @property
    def benchmark_estimated(self) -> list[np.ndarray]:
        """(time) weight in the benchmark of each name whose exposures are estimated."""
        names = [] if self.exposure_errors is None else self.exposure_errors.names
        return [self.benchmark_live[:, self.assets.get_loc(name)] for name in names]

    @property
    def period(self) -> np.ndarray:
        """(time, asset) returns of the period's days."""
        return self.earned[self.first + 1 :]

    @property
    def bytes_of_account(self) -> int:
        """Size of the largest array that an account takes."""
        return 8 * len(self.days) * (self.exposure.shape[1] + len(self.outside) + 1)

    @property
    def market(self) -> int | None:
        """Place of the market's factor, as of `attribution.contributions.cube.Cube`."""
        places = np.flatnonzero(self.groups[: self.exposure.shape[1]] == MARKET)
        return int(places[0]) if len(places) == 1 else None

    def measures(self, weight: np.ndarray, live: np.ndarray, days: slice, names: slice | np.ndarray) -> np.ndarray:
        """What weights and live weights (time, asset) have on some days in some of the names, (asset, time, measure).

        The measures are exposures to the factors, then specific, cash and unmodelled return, where there are funds what they
        returned beside their lists, and what is not invested.
        """
        factors, cash = self.exposure.shape[1], (self.assets[names] == CASH)[:, None]
        of_names = live[:, names]
        outside = np.where(self.modelled[days][:, names], 0.0, of_names * self.period[days][:, names]).T
        out = np.zeros((*of_names.T.shape, factors + len(self.outside) + 1))
        np.multiply(self.exposure[days][:, :, names].transpose(2, 0, 1), of_names.T[:, :, None], out=out[:, :, :factors])
        out[:, :, factors] = (of_names * self.specific_return[days][:, names]).T
        out[:, :, factors + 1] = np.where(cash, outside, 0.0)
        out[:, :, factors + 2] = np.where(cash, 0.0, outside)
        out[:, :, -1] = not_invested(self.assets[names], weight[:, names], of_names).T
        for fund in self.funds:
            for place in np.flatnonzero(np.arange(len(self.assets))[names] == fund.column):
                for column, part in enumerate((fund.cash, fund.unmodelled, fund.beside), start=factors + 1):
                    out[place, :, column] += of_names[:, place] * part[days]
                out[place, :, -1] += of_names[:, place] * fund.idle[days]
        return out


def group_names(market: MarketDays) -> list[str]:
    """Groups of a cut by group, in the order of the rows."""
    return [str(name) for name in market.groups.unique()]


def benchmark_shares(market: MarketDays) -> np.ndarray:
    """Contribution of each name to the constituents' return of each day, (time, asset)."""
    return market.benchmark_live * market.period


def benchmark_parts(market: MarketDays) -> np.ndarray:
    """What each name's weight in the benchmark would have earned had it returned what that did, (time, asset)."""
    return market.benchmark_weight * market.benchmark_return[:, None]


def measured_benchmark(market: MarketDays, names: slice | np.ndarray = ALL) -> np.ndarray:
    """What the benchmark's weights in some of the names have of each measure, (time, measure)."""
    return np.asarray(market.measures(market.benchmark_weight, market.benchmark_live, ALL, names).sum(axis=0))
