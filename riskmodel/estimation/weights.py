"""Least-squares weights by inverse specific variance, from specific returns of a first regression."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.arrays.size_groups import shrink_to_size, size_group_moments
from riskmodel.arrays.windows import decayed_sum

WINDOW, HALF_LIFE = 252, 84.0
LEAST_HISTORY = 20
SHRINKAGE, SIZE_GROUPS = 0.1, 10
LEAST_SHARE_OF_GROUP = 0.5  # of the size group's mean volatility: a stock under a cash bid hardly moves, and says little
DAYS_AT_ONCE = 64


def inverse_specific_variance(specific_returns: xr.DataArray, market_cap: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Weights 1 / sigma^2 known at each close, from specific returns up to that close.

    Parameters
    ----------
    specific_returns
        (time, asset), decimals; NaN is not observed.
    market_cap
        (time, asset), in any unit; an asset without one has no weight.

    Returns
    -------
    weights, floored
        (time, asset), relative to the day's mean; (time), the number of names whose volatility met the floor. At a close at
        which no asset has 20 observations the weights are the square root of cap.

    Notes
    -----
    sigma^2 is the mean of u^2 about zero over the last 252 sessions, weights halving every 84, for assets with 20
    observations. sigma is shrunk to the cap-weighted mean of its size group as in `riskmodel.specific_risk`, is at least
    half that mean, and is that mean where the asset has fewer observations. The window ends, so that new sessions need no
    older ones. Feasible generalised least squares: Greene (2018), Econometric Analysis, section 9.6.
    """
    u = specific_returns.transpose("time", "asset").to_numpy()
    cap = np.nan_to_num(market_cap.transpose("time", "asset").sel(asset=specific_returns["asset"]).to_numpy().astype(float))
    present = ~np.isnan(u)
    squares, weights = (
        decayed_sum(values, HALF_LIFE, window=WINDOW) for values in (np.where(present, u, 0.0) ** 2, present.astype(float))
    )
    seen = np.cumsum(present, axis=0)
    seen[WINDOW:] -= seen[:-WINDOW].copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        volatility = np.sqrt(np.where((seen >= LEAST_HISTORY) & (squares > 0) & (cap > 0), squares / weights, np.nan))
    out, floored = np.empty_like(u), np.zeros(len(u), dtype=np.int64)
    for first in range(0, len(u), DAYS_AT_ONCE):
        days = slice(first, first + DAYS_AT_ONCE)
        out[days], floored[days] = _weights(volatility[days], cap[days])
    time = specific_returns["time"]
    return (
        specific_returns.transpose("time", "asset").copy(data=out),
        xr.DataArray(floored, {"time": time}, ("time",)),
    )


def _weights(volatility: np.ndarray, cap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (day, asset) and names floored (day) from time-series volatilities, NaN where there is none."""
    known, held = ~np.isnan(volatility), cap > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        everyone = (cap * np.where(known, volatility, 0.0)).sum(axis=1, keepdims=True) / (cap * known).sum(
            axis=1, keepdims=True
        )
        mean = size_group_moments(volatility, cap, SIZE_GROUPS)[0]
        mean = np.where(np.isnan(mean), everyone, mean)
        shrunk = shrink_to_size(volatility, cap, SHRINKAGE, SIZE_GROUPS)[0]
        sigma = np.where(known, np.maximum(shrunk, LEAST_SHARE_OF_GROUP * mean), mean)
        weight = np.where(held, np.where(known.any(axis=1, keepdims=True), sigma**-2.0, np.sqrt(cap)), 0.0)
        scale = weight.sum(axis=1, keepdims=True) / held.sum(axis=1, keepdims=True)
        return np.where(held, weight / scale, np.nan), (shrunk < LEAST_SHARE_OF_GROUP * mean).sum(axis=1)
