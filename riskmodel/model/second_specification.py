"""The factor returns of a second specification, beside which a result stands or falls: the larger half of the universe."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from riskmodel.arrays.robust import row_median
from riskmodel.estimation.lagged import RegressionSettings, lagged_regression
from riskmodel.factors import MARKET


def second_factor_returns(
    *,
    market_cap: xr.DataArray,
    universe: xr.DataArray | None,
    industry_factors: xr.DataArray,
    settings: RegressionSettings,
    **arguments: Any,
) -> xr.DataArray:
    """Factor returns of the same regressions, estimated from the larger half of the universe alone.

    Parameters
    ----------
    market_cap, universe, industry_factors, settings, arguments
        Those of `riskmodel.estimation.lagged.lagged_regression`.

    Returns
    -------
    DataArray
        (time, factor); NaN on a day on which the half has too few names. The industries are those of the first
        specification on each day; one without a name in the half is left to its sector, beside which it earns 0.

    Notes
    -----
    The half is that at or above the median cap of the close before: what holds there and in the whole owes nothing to the
    smaller names. It looks back no further than the first specification, and costs its least squares once more without
    errors. docs/methodology/drivers.md has what it was chosen against.
    """
    found: xr.DataArray = lagged_regression(
        market_cap=market_cap,
        universe=larger_half(market_cap, universe),
        industry_factors=industry_factors,
        industry_universe=xr.ones_like(market_cap, dtype=bool) if universe is None else universe,
        settings=settings,
        covariance=False,
        **arguments,
    )["factor_returns"]
    nested = found["factor"].isin(np.unique(industry_factors.to_numpy().astype(str)))
    return found.where(~(nested & found.isnull() & found.sel(factor=MARKET, drop=True).notnull()), 0.0)


def larger_half(market_cap: xr.DataArray, universe: xr.DataArray | None) -> xr.DataArray:
    """The names of each close at or above the median cap of its universe, (time, asset) bool.

    Examples
    --------
    >>> cap = xr.DataArray([[1.0, 2.0, 3.0, 4.0]], dims=("time", "asset"))
    >>> larger_half(cap, cap > 1).values.tolist()
    [[False, False, True, True]]
    """
    estimating = market_cap if universe is None else market_cap.where(universe)
    median = xr.apply_ufunc(row_median, estimating, input_core_dims=[["asset"]], dask="parallelized", output_dtypes=[float])
    return estimating >= median
