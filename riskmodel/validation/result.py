"""What a validation returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from riskmodel.errors import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Validation:
    """How forecasts compared with what came.

    Attributes
    ----------
    outcomes
        b = r / sigma (time, portfolio), stamped with the last session of the horizon; `close` (time) is the one at which
        portfolio and forecast were known. `kind` (portfolio) as in the table, `name` (portfolio) inside the kind.
    volatility
        The forecasts (time, portfolio), decimals over the horizon.
    table
        One row a kind: kind, portfolios (with two outcomes or more), days (median over portfolios of their outcomes), bias
        (pooled: the root of the mean variance of b about each portfolio's mean, weights T - 1), median_bias (over
        portfolios), lower, upper (the band of one portfolio with so many days and the kind's kurtosis), share_inside
        (of the portfolios, each in the band of its own days), mrad, qlike (zeros left out), outside_1_96, kurtosis
        (pooled), zeros (outcomes of exactly zero).
    portfolios
        One row a portfolio: kind, name, days, bias, lower, upper, inside.
    horizon
        Sessions from the close to the outcome.
    overlap
        Outcomes that share a session; days / overlap count as independent in the bands, and a rolling window is 12 x
        overlap outcomes.
    counts
        closes; missing_returns: asset-days, of assets that could be held, without a return, taken as zero for the portfolios
        and left out of `specific`; factors_left_out: factor-days without a forecast; unjudged: closes left out, because on
        a day of their horizon no factor return could be estimated.
    """

    outcomes: xr.DataArray
    volatility: xr.DataArray
    table: pd.DataFrame
    portfolios: pd.DataFrame
    horizon: int
    overlap: int
    counts: dict[str, int]

    def plot(self) -> Figure:
        """The biases by kind with their bands, and each kind's rolling bias; needs the extra `report` (matplotlib)."""
        from riskmodel.validation.plot import validation_figure

        return validation_figure(self.table, self.portfolios, self.outcomes, overlap=self.overlap)

    def __repr__(self) -> str:
        return "\n".join([self._head(), self.table.to_string(index=False, float_format="{:.3f}".format)])

    def _repr_html_(self) -> str:
        return f"<p>{self._head()}</p>" + str(self.table.to_html(index=False, float_format="{:.3f}".format))

    def _head(self) -> str:
        closes = pd.Index(self.outcomes["close"].to_numpy())
        ends = [f"{end:%Y-%m-%d}" if isinstance(end, pd.Timestamp) else str(end) for end in (closes[0], closes[-1])]
        said = [
            (self.counts["missing_returns"], "missing return", "taken as zero"),
            (self.counts["factors_left_out"], "factor-day", "without a forecast left out"),
            (self.counts["unjudged"], "close", "not judged"),
        ]
        head = f"Validation: {counted(len(closes), 'close')} from {ends[0]} to {ends[1]}, each judged over"
        return "; ".join(
            [f"{head} {counted(self.horizon, 'session')}", *(f"{counted(n, noun)} {what}" for n, noun, what in said if n)]
        )
