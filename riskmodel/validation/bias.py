"""Statistics of standardised outcomes b = r / sigma: bias, its band, MRAD, QLIKE, the share outside 1.96."""

from __future__ import annotations

from collections.abc import Collection, Hashable

import numpy as np
import xarray as xr

from riskmodel.errors import InputError, counted

Dims = str | Collection[Hashable]

WINDOW = 12  # outcomes: a year of months
BAND_DEVIATIONS = 2.0  # the field's 95 %; exactly, 95.4 %
NORMAL_KURTOSIS = 3.0
LIMIT = 1.96  # what a standard normal outcome exceeds, on either side, 5 times in 100


def standardised(returns: xr.DataArray, volatility: xr.DataArray) -> xr.DataArray:
    """Outcomes b = r / sigma: realised returns over what was forecast for them.

    Parameters
    ----------
    returns
        Decimals; stamped as `volatility` is, so that a label pairs a forecast with the return that it was made for.
    volatility
        The forecast standard deviations of those returns, over the same horizon.

    Returns
    -------
    DataArray
        NaN where either is missing, or where return and forecast are both zero.

    Raises
    ------
    InputError
        Where labels differ, a volatility is negative, or it is zero and the return is not.

    Examples
    --------
    >>> time = {"time": [1, 2]}
    >>> standardised(xr.DataArray([0.01, -0.03], time), xr.DataArray([0.01, 0.02], time)).values
    array([ 1. , -1.5])
    """
    try:
        returns, volatility = xr.align(returns, volatility, join="exact")
    except ValueError as error:
        raise InputError("standardised: returns and volatility have different labels. Align them first.") from error
    if negative := int((volatility < 0).sum()):
        raise InputError(f"volatility: {counted(negative, 'negative value')}.")
    if impossible := int(((volatility == 0) & (returns != 0) & returns.notnull()).sum()):
        raise InputError(f"volatility: {counted(impossible, 'value')} of zero where the return is not zero.")
    return (returns / volatility.where(volatility > 0)).rename("outcome")


def bias_statistic(outcomes: xr.DataArray, *, dim: str = "time") -> xr.DataArray:
    """B = standard deviation (ddof 1) of b: 1 if forecasts are right, above 1 if risk was underforecast.

    NaN outcomes are left out; NaN where fewer than two are left. Menchero, Orr & Wang (2011), appendix A.

    Examples
    --------
    >>> bias_statistic(xr.DataArray([1.0, -1.0, 2.0, -2.0], dims="time")).round(4).item()
    1.8257
    """
    count = outcomes.notnull().sum(dim)
    deviation = outcomes - outcomes.mean(dim)
    return ((deviation**2).sum(dim) / (count - 1).where(count > 1)) ** 0.5


def kurtosis(outcomes: xr.DataArray, *, dim: Dims = "time") -> xr.DataArray:
    """Fourth central moment over the squared second, 3 for a normal distribution; NaN left out.

    Examples
    --------
    >>> kurtosis(xr.DataArray([1.0, -1.0, 2.0, -2.0], dims="time")).item()
    1.36
    """
    deviation = outcomes - outcomes.mean(dim)
    return (deviation**4).mean(dim) / (deviation**2).mean(dim) ** 2


def bias_band(
    observations: float | np.ndarray | xr.DataArray,
    kurtosis: float | np.ndarray | xr.DataArray = NORMAL_KURTOSIS,
    *,
    deviations: float = BAND_DEVIATIONS,
) -> tuple[np.ndarray, np.ndarray]:
    """Band around 1 in which the bias statistic of a right forecast lies, for 2 deviations 95 times in 100.

    Parameters
    ----------
    observations
        T, independent outcomes; at least 2, or NaN.
    kurtosis
        kappa of the outcomes.
    deviations
        Width, in standard deviations of B.

    Returns
    -------
    lower, upper

    Notes
    -----
    The variance of a sample variance is sigma^4 [kappa - (T - 3) / (T - 1)] / T, near (kappa - 1) / T; B is its root, so
    sd(B) = sqrt((kappa - 1) / (4 T)). For kappa = 3 two deviations are sqrt(2 / T) (Menchero, Orr & Wang 2011, appendix A).

    Examples
    --------
    >>> [round(float(end), 4) for end in bias_band(200)], [round(float(end), 4) for end in bias_band(200, 5.0)]
    ([0.9, 1.1], [0.8586, 1.1414])
    """
    half = deviations * np.sqrt((np.asarray(kurtosis, float) - 1) / (4 * np.asarray(observations, float)))
    return 1 - half, 1 + half


def rolling_bias(outcomes: xr.DataArray, *, window: int = WINDOW) -> xr.DataArray:
    """Bias statistic of the last `window` outcomes, along time; NaN until there are so many, and where one is missing.

    Examples
    --------
    >>> rolling_bias(xr.DataArray([0.0, 2.0, 2.0], dims="time"), window=2).round(4).values
    array([   nan, 1.4142, 0.    ])
    """
    if window < 2:
        raise InputError(f"window: {window} outcomes have no standard deviation; give at least 2.")
    ordered = outcomes.transpose("time", ...)
    values, found = ordered.to_numpy(), np.full(ordered.shape, np.nan)
    if (count := len(values) - window + 1) > 0:  # window by window of a few sums: no array of windows
        mean = sum(values[k : k + count] for k in range(window)) / window
        squares = sum((values[k : k + count] - mean) ** 2 for k in range(window))
        found[window - 1 :] = np.sqrt(squares / (window - 1))
    return ordered.copy(data=found).rename("rolling_bias")


def mean_rolling_absolute_deviation(outcomes: xr.DataArray, *, window: int = WINDOW) -> xr.DataArray:
    """MRAD: mean of |B - 1| over the windows; of a perfect forecast and normal returns 0.17 for 12 outcomes.

    NaN where there is no whole window. Menchero, Orr & Wang (2011), appendix A.

    Examples
    --------
    >>> mean_rolling_absolute_deviation(xr.DataArray([0.0, 2.0, 2.0], dims="time"), window=2).round(4).item()
    0.7071
    """
    return abs(rolling_bias(outcomes, window=window) - 1).mean("time").rename("mrad")


def qlike(outcomes: xr.DataArray, *, dim: Dims = "time") -> xr.DataArray:
    """Mean of b^2 - ln b^2, least for the best forecast: 2.270 for a perfect one of normal returns.

    An outcome of exactly zero has an infinite loss and so has its mean; NaN is left out. Patton (2011), J. of Econometrics
    160: the order that it gives is right although a squared return is a noisy measure of variance.

    Examples
    --------
    >>> qlike(xr.DataArray([1.0, -1.0], dims="time")).item(), qlike(xr.DataArray([1.0, 0.0], dims="time")).item()
    (1.0, inf)
    """
    squared = outcomes**2
    with np.errstate(divide="ignore"):
        return (squared - np.log(squared)).mean(dim).rename("qlike")


def share_outside(outcomes: xr.DataArray, *, limit: float = LIMIT, dim: Dims = "time") -> xr.DataArray:
    """Share of the outcomes beyond +- `limit`: 5 % for a perfect forecast of normal returns and 1.96; NaN left out.

    Examples
    --------
    >>> share_outside(xr.DataArray([0.5, -2.5, 1.0, np.nan], dims="time")).round(4).item()
    0.3333
    """
    return (abs(outcomes) > limit).where(outcomes.notnull()).mean(dim)
