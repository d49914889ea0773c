"""Whether selection was unusual: the specific part of a period against the specific risk that was forecast for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from attribution.measures.forecast import Forecast, forecasts_at, specific_variances
from attribution.measures.risk_inputs import linked_block
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import UNCOVERED_MAX
from attribution.rows import CASH
from riskmodel.arrays.rounding import active
from riskmodel.facts import ForecastUnavailableError
from riskmodel.model.results import RiskModelResults

UNUSUAL = 2.0  # times its forecast risk from which a specific part is called unusual


@dataclass(frozen=True)
class SpecificForecast:
    """Specific variances of a day, as forecast at a close.

    Attributes
    ----------
    close
        When they were known.
    variance
        (asset) decimals squared, NaN where there is none; labels as in a course.
    linked
        (asset, asset_other) of share classes of one company, None where there are none.
    """

    close: pd.Timestamp
    variance: xr.DataArray
    linked: xr.DataArray | None


def forecast_specific(
    model: RiskModelResults, market: xr.Dataset, close: pd.Timestamp, *, levels: Mapping[str, str] | None = None
) -> SpecificForecast | None:
    """The specific variances known at a close; None where the model's history is too short for any."""
    try:
        forecast = model.specific_forecast([close])
    except ForecastUnavailableError:
        return None
    return SpecificForecast(close, *specific_variances(model, market, close, forecast["volatility"], levels=levels))


def forecasts_around(
    model: RiskModelResults,
    market: xr.Dataset,
    period: Period,
    levels: Mapping[str, str] | None = None,
    earlier: Iterable[pd.Timestamp] = (),
) -> tuple[Forecast, SpecificForecast | None, dict[pd.Timestamp, Forecast]]:
    """`forecast_risk` at the last close of a period, `forecast_specific` at the one before its first, and by close those of
    `earlier` that have one, all in one pass.

    Raises
    ------
    ForecastUnavailableError
        Where the last close has no forecast.
    """
    made = forecasts_at(model, market, {*earlier, period.base, period.end}, levels=levels)
    now = made.pop(period.end)
    if period.base not in made:
        return now, forecast_specific(model, market, period.base, levels=levels), made
    before = made[period.base]
    return now, SpecificForecast(period.base, before.specific_variance, before.linked_covariance), made


def specific_risk_of_period(
    weights: xr.DataArray,
    benchmark_weights: xr.DataArray,
    coefficients: xr.DataArray,
    forecast: SpecificForecast | None,
    uncovered_max: float = UNCOVERED_MAX,
) -> float:
    """Forecast volatility of the specific part of a course's excess return over a whole period, decimal.

    Parameters
    ----------
    weights, benchmark_weights
        (time, asset) that earn a return on each day of the period, CASH among them.
    coefficients
        (time) linking coefficients of the excess return.
    forecast
        Known at the close before the period. Names of the benchmark without a forecast are left out.
    uncovered_max
        Largest weight of held names without a forecast.

    Returns
    -------
    float
        NaN without a forecast, and where held names without one have more than `uncovered_max` of the weight on average.

    Notes
    -----
    sqrt(sum_t lambda_t^2 a_t' D a_t), a the active weights and D the specific covariance of a day: days are independent,
    and the holdings are those of each day, the risk that of the close before the first.
    """
    if forecast is None:
        return math.nan
    names = weights.get_index("asset").drop(CASH)
    variance = forecast.variance.reindex(asset=names).to_numpy()
    own, other = (side.sel(asset=names).transpose("time", "asset").to_numpy() for side in (weights, benchmark_weights))
    known = ~np.isnan(variance)
    if float(np.abs(own[:, ~known]).sum(axis=1).mean()) > uncovered_max:
        return math.nan
    bet, variance = active(own, other)[:, known], variance[known]
    linked, between = linked_block(forecast.linked, names[known], variance)
    daily = bet**2 @ variance + np.einsum("ti,ij,tj->t", bet[:, linked], between, bet[:, linked])
    return math.sqrt(float(coefficients.to_numpy() ** 2 @ daily))
