"""Forecast risk against what followed: bias of forecast volatilities, and whether a limit on risk was kept in fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from attribution.measures.limits import SLACK
from riskmodel.arrays.labels import Labelled, labelled, require_finite
from riskmodel.arrays.rounding import deviation
from riskmodel.bounds import DAYS_A_YEAR
from riskmodel.errors import InputError
from riskmodel.validation.bias import BAND_DEVIATIONS, bias_band, bias_statistic, kurtosis, standardised

MONTHS, LEAST_MONTHS = 12, 6  # that are looked back on, and fewer than which tell nothing
DAILY = Labelled(("time",), may_be_empty=("time",))

Verdict: TypeAlias = Literal[
    "as_forecast", "too_low", "too_high", "kept", "may_be_chance", "broken_in_fact", "broken_as_forecast", "kept_in_fact",
    "too_short", "no_risk", "not_followed",
]  # fmt: skip
Daily: TypeAlias = xr.DataArray | pd.Series


@dataclass(frozen=True)
class Realised:
    """What was forecast over some months, and what followed.

    Attributes
    ----------
    months, days
        With a forecast; the calendar months that they are of, the first and the last maybe in part.
    forecast, realised
        Volatilities a year, or ratios of two volatilities.
    ratio
        Of realised to forecast: 1 where the forecast was right.
    low, high
        Between which the ratio lies 95 times in 100 where the forecast was right.
    verdict
        Of a volatility whether its forecast was "too_low" or "too_high" by more than chance, else "as_forecast". Of a ratio
        with a bound: "kept" in forecast and in fact; kept in forecast and "broken_in_fact" by more than chance, or by so
        little that it "may_be_chance"; "broken_as_forecast"; broken in forecast and "kept_in_fact". Without numbers
        "too_short" a history, "no_risk", or "not_followed".
    bound
        Of a ratio, on the side of 1 on which it came out; NaN where there is none.
    """

    months: int
    days: int
    forecast: float
    realised: float
    ratio: float
    low: float
    high: float
    verdict: Verdict
    bound: float = float("nan")


def realised_volatility(returns: Daily, volatility: Daily, *, periods_per_year: float = DAYS_A_YEAR) -> Realised:
    """Forecast volatility against the returns that followed.

    Parameters
    ----------
    returns
        (time) decimals by day, sorted; portfolio's or active ones.
    volatility
        (time) what was forecast for each day, of a day, decimals: of all days of a month what was known at the close before
        it. NaN, or 0, where there is none: the day is left out.
    periods_per_year
        Variances of a day are multiplied by it.

    Returns
    -------
    Realised
        `forecast` is the root of the mean variance, `realised` the standard deviation (ddof 1), both a year; `ratio` is the
        bias statistic. "too_short" under six months, "no_risk" where nothing was forecast or moved.

    Raises
    ------
    InputError
        Where labels differ or are no days, a return is missing, or a volatility is negative or infinite.

    Notes
    -----
    B = sd(r_t / sigma_t), and of a right forecast B = 1 +- 2 sqrt((kappa - 1) / (4 T)) with kappa the kurtosis of the
    outcomes: Menchero, Orr & Wang (2011), appendix A; see `riskmodel.validation.bias`.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", periods=252)
    >>> returns = pd.Series(np.tile([0.015, 0.005, -0.005, -0.015], 63), days)
    >>> found = realised_volatility(returns, pd.Series(0.01, days))
    >>> found.months, round(found.forecast, 4), round(found.realised, 4), round(found.ratio, 4), found.verdict
    (12, 0.1587, 0.1778, 1.1203, 'too_low')
    """
    daily = _on_days({"returns": returns, "volatility": volatility}, forecasts=("volatility",))
    own, sigma = daily["returns"], daily["volatility"]
    months = _months(own)
    moved = deviation(own.to_numpy())
    if months < LEAST_MONTHS or not moved:
        return _without(own, volatility)
    outcomes = standardised(own, sigma)
    ratio = float(bias_statistic(outcomes))
    low, high = (float(end) for end in bias_band(len(own), max(float(kurtosis(outcomes)), 1.0)))
    return Realised(
        months=months,
        days=len(own),
        forecast=float(np.sqrt((sigma**2).mean() * periods_per_year)),
        realised=moved * float(np.sqrt(periods_per_year)),
        ratio=ratio,
        low=low,
        high=high,
        verdict="too_low" if ratio > high else "too_high" if ratio < low else "as_forecast",
    )


def realised_ratio(
    returns: Daily, index_returns: Daily, volatility: Daily, index_volatility: Daily, *, within: float
) -> Realised:
    """A limit on risk relative to an index: forecast and realised ratio of the two volatilities, each held against it.

    Parameters
    ----------
    returns, index_returns
        (time) decimals by day, sorted, of the portfolio and of the index.
    volatility, index_volatility
        (time) what was forecast for each day, as for `realised_volatility`; a day without one of the two is left out.
    within
        The ratio is to lie between 1 - within and 1 + within.

    Returns
    -------
    Realised
        `forecast` is the mean of the months' ratios, `realised` that of the two standard deviations over the same days.

    Raises
    ------
    InputError
        As `realised_volatility`.

    Notes
    -----
    theta = log(s_P / s_I) has by the delta method the influence u_t = [(r_t - mean)^2 / s_P^2 - (i_t - mean)^2 / s_I^2] / 2,
    so that se^2 = [gamma_0 + 2 sum_l (1 - l / (L + 1)) gamma_l] / T with gamma_l the autocovariances of u: Ledoit & Wolf
    (2011), Robust performance hypothesis testing with the variance, Wilmott 55, with the kernel of Newey & West (1987) and
    L = floor(4 (T / 100)^(2/9)). Both series move together, which u holds. The band of `ratio` is exp(+- 2 se); a bound is
    broken by more than chance where realised over bound is outside of it.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", periods=252)
    >>> index = pd.Series(np.random.default_rng(0).normal(0, 0.01, 252), days)
    >>> right = pd.Series(0.01, days)
    >>> found = realised_ratio(1.2 * index, index, 1.05 * right, right, within=0.10)
    >>> round(found.forecast, 4), round(found.realised, 4), found.bound, found.verdict
    (1.05, 1.2, 1.1, 'broken_in_fact')
    """
    given = {"returns": returns, "index_returns": index_returns, "volatility": volatility}
    daily = _on_days(given | {"index_volatility": index_volatility}, forecasts=("volatility", "index_volatility"))
    own, index = daily["returns"], daily["index_returns"]
    months = _months(own)
    moved, index_moved = deviation(own.to_numpy()), deviation(index.to_numpy())
    if months < LEAST_MONTHS or not moved or not index_moved:
        return _without(own, volatility, index_volatility)
    ratios = (daily["volatility"] / daily["index_volatility"]).to_series()
    forecast = float(ratios.groupby(ratios.index.to_period("M")).mean().mean())
    realised = moved / index_moved
    band = BAND_DEVIATIONS * log_ratio_error(own.to_numpy(), index.to_numpy())
    bound = 1 + within if realised > 1 else 1 - within
    return Realised(
        months=months,
        days=len(own),
        forecast=forecast,
        realised=realised,
        ratio=realised / forecast,
        low=float(np.exp(-band)),
        high=float(np.exp(band)),
        verdict=_held(forecast, realised, within, band),
        bound=bound,
    )


def log_ratio_error(first: np.ndarray, second: np.ndarray) -> float:
    """Standard error of the log of the ratio of two standard deviations of the same days; see `realised_ratio`.

    Examples
    --------
    >>> log_ratio_error(np.array([0.01, -0.02, 0.03]), np.array([0.02, -0.04, 0.06]))
    0.0
    """
    parts = [(values - values.mean()) ** 2 / ((values - values.mean()) ** 2).mean() for values in (first, second)]
    u = (parts[0] - parts[1]) / 2
    u -= u.mean()
    lags = min(int(4 * (len(u) / 100) ** (2 / 9)), len(u) - 1)
    variance = u @ u + 2 * sum((1 - lag / (lags + 1)) * (u[lag:] @ u[:-lag]) for lag in range(1, lags + 1))
    return float(np.sqrt(max(variance, 0.0)) / len(u))


def _held(forecast: float, realised: float, within: float, band: float) -> Verdict:
    """What became of a limit of 1 - within to 1 + within."""
    kept = abs(forecast - 1) <= within + SLACK
    if abs(realised - 1) <= within + SLACK:
        return "kept" if kept else "kept_in_fact"
    if not kept:
        return "broken_as_forecast"
    over = np.log(realised / (1 + within)) if realised > 1 else np.log((1 - within) / realised)
    return "broken_in_fact" if over > band else "may_be_chance"


def _on_days(given: dict[str, Daily], forecasts: tuple[str, ...]) -> dict[str, xr.DataArray]:
    """The arrays on the days that have every forecast."""
    daily = {name: labelled(name, array, DAILY) for name, array in given.items()}
    first = next(iter(daily))
    days = daily[first].get_index("time")
    if not isinstance(days, pd.DatetimeIndex) or not days.is_monotonic_increasing:
        raise InputError(f"{first}: 'time' is not sorted days. Give each return its date, and use sort_index().")
    known = np.ones(len(days), dtype=bool)
    for name, array in daily.items():
        if not array.get_index("time").equals(days):
            raise InputError(f"{name}: other days than {first}. Give both on the same days; NaN for what was not forecast.")
        require_finite(name, array, missing=name in forecasts)
        if name in forecasts:
            if bool((array < 0).any()):
                raise InputError(f"{name}: {int((array < 0).sum())} below 0. Give standard deviations of a day.")
            known &= (array > 0).to_numpy()
    return {name: array.isel(time=known) for name, array in daily.items()}


def _months(daily: xr.DataArray) -> int:
    return len(pd.DatetimeIndex(daily.get_index("time")).to_period("M").unique())


def _without(daily: xr.DataArray, *forecasts: Daily) -> Realised:
    """No numbers: of months enough nothing moved, or nothing was forecast to; else there are too few months."""
    still = _months(daily) >= LEAST_MONTHS or any(bool((forecast == 0).any()) for forecast in forecasts)
    return without_numbers("no_risk" if still else "too_short", months=_months(daily), days=len(daily))


def without_numbers(verdict: Verdict, *, months: int = 0, days: int = 0) -> Realised:
    """Why there is nothing to tell."""
    nothing = float("nan")
    return Realised(months, days, nothing, nothing, nothing, nothing, nothing, verdict)
