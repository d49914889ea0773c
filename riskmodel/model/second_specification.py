"""The factor returns of a second specification, beside which a result stands or falls: the larger half of the universe."""

from __future__ import annotations

from typing import Any

import xarray as xr

from riskmodel.arrays.robust import row_median
from riskmodel.estimation.lagged import lagged_regression


def second_factor_returns(*, market_cap: xr.DataArray, universe: xr.DataArray | None, **arguments: Any) -> xr.DataArray:
    """Factor returns of the same regressions, estimated from the larger half of the universe alone.

    Parameters
    ----------
    market_cap, universe, arguments
        Those of `riskmodel.estimation.lagged.lagged_regression`.

    Returns
    -------
    DataArray
        (time, factor); NaN on a day on which the half has too few names.

    Notes
    -----
    The half is that at or above the median cap of the close before: what holds there and in the whole owes nothing to the
    smaller names. It looks back no further than the first specification, and costs its least squares once more without
    errors. docs/methodology/drivers.md has what it was chosen against.
    """
    return lagged_regression(
        market_cap=market_cap, universe=larger_half(market_cap, universe), covariance=False, **arguments
    )["factor_returns"]


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
