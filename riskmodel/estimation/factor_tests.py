"""Tests of factors: stability of exposures, mean returns with errors that know their serial correlation."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import checked_factor_returns
from riskmodel.arrays.rounding import deviation
from riskmodel.bounds import DAYS_A_YEAR, LAGS, PERIODS_A_YEAR, require_bounded
from riskmodel.errors import InputError

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
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Degrees of freedom", RuntimeWarning)  # a day without exposures is NaN, no news
        return xr.corr(chosen[1:], chosen[:-1].assign_coords(chosen[1:].coords), dim="asset")


def mean_return_tests(
    factor_returns: xr.DataArray | pd.DataFrame, *, lags: int | None = None, periods_per_year: float = DAYS_A_YEAR
) -> pd.DataFrame:
    """Is the mean return of each factor other than zero? Errors allow for serial correlation and uneven volatility.

    Parameters
    ----------
    factor_returns
        (time, factor), decimals, sorted. NaN is left out; lags then reach over the days left out.
    lags
        Of the Bartlett kernel; by default floor(4 (T / 100)^(2/9)) with T the factor's own days.
    periods_per_year
        By which the mean is multiplied for `mean_a_year`.

    Returns
    -------
    DataFrame
        By factor: mean, mean_a_year, standard_error (of the mean), t, p_value (two-sided, normal), lags, days, missing (days
        without a return), gaps (those of them between the first and the last return). NaN where a factor has no more days
        than lags + 1, or its returns are all the same.

    Raises
    ------
    InputError
        Where `lags` is not a whole number from 0, or too many for every factor; where labels repeat, time is not sorted or a
        value is infinite.

    Notes
    -----
    Through statsmodels: least squares on a constant with cov_type "HAC", no small-sample correction. Newey & West (1987),
    Econometrica 55; the number of lags: Newey & West (1994), Review of Economic Studies 61.

    Examples
    --------
    >>> f = xr.DataArray([[0.01], [0.03], [0.02], [0.04]], {"time": range(4), "factor": ["value"]}, ("time", "factor"))
    >>> mean_return_tests(f, lags=0)[["mean", "standard_error", "t"]].round(4).values.tolist()
    [[0.025, 0.0056, 4.4721]]
    """
    if lags is not None:
        require_bounded("lags", lags, LAGS)
    require_bounded("periods_per_year", periods_per_year, PERIODS_A_YEAR)
    import statsmodels.api as sm

    returns = checked_factor_returns(factor_returns)
    longest = int(returns.notnull().sum("time").max())
    if lags is not None and 0 < longest <= lags + 1:
        raise InputError(
            f"lags: {lags} of returns of which no factor has more than {longest}; it takes more than lags + 1. Give fewer "
            f"lags, or a longer history."
        )
    rows = {}
    for name, column in zip(returns.get_index("factor"), returns.to_numpy().T, strict=True):
        known = np.flatnonzero(~np.isnan(column))
        y = column[known]
        used = int(4 * (len(y) / 100) ** (2 / 9)) if lags is None else int(lags)
        mean, error, t, p = (y.mean() if len(y) else np.nan), np.nan, np.nan, np.nan
        if len(y) > used + 1 and deviation(y, ddof=0) > 0:
            fit = sm.OLS(y, np.ones(len(y))).fit(cov_type="HAC", cov_kwds={"maxlags": used, "use_correction": False})
            error, t, p = float(fit.bse[0]), float(fit.tvalues[0]), float(fit.pvalues[0])
        rows[name] = {
            "mean": mean,
            "mean_a_year": mean * periods_per_year,
            "standard_error": error,
            "t": t,
            "p_value": p,
            "lags": used,
            "days": len(y),
            "missing": len(column) - len(y),
            "gaps": int(known[-1] - known[0] + 1 - len(y)) if len(y) else 0,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("factor")
