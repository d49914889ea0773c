"""What tells whether a factor is fit for use."""

from __future__ import annotations

import numpy as np
import xarray as xr

MONTH = 21


def exposure_stability(exposures: xr.DataArray, *, lag: int = MONTH) -> xr.DataArray:
    """Cross-sectional correlation of exposures with those `lag` sessions before.

    Parameters
    ----------
    exposures
        (time, asset, factor); assets with both are used.
    lag
        Sessions between the two.

    Returns
    -------
    DataArray
        (time, factor), at every `lag`-th session from the end back; NaN where fewer than three assets have both. Above 0.9
        is stable, below 0.8 a factor turns its portfolio over every month (Menchero, Orr & Wang 2011, section 2).

    Examples
    --------
    >>> x = xr.DataArray([[[1.0], [2.0], [4.0]], [[2.0], [4.0], [8.0]]], dims=("time", "asset", "factor"))
    >>> exposure_stability(x, lag=1).values.round(12)
    array([[1.]])
    """
    days = np.arange(exposures.sizes["time"])[::-1][::lag][::-1]
    chosen = exposures.isel(time=days).transpose("time", "asset", "factor")
    chosen = chosen.copy(data=np.ascontiguousarray(chosen.to_numpy()))  # the same order of sums, however it was stored
    if len(days) < 2:
        return chosen.isel(asset=0, drop=True)[:0]
    return xr.corr(chosen[1:], chosen[:-1].assign_coords(chosen[1:].coords), dim="asset")
