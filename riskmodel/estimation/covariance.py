"""Forecast covariance of daily factor returns: EWMA, Newey-West, eigenfactor and volatility-regime adjustment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import is_lazy, one_task, put_together
from riskmodel.arrays.labels import (
    Labelled,
    aligned,
    labelled_factor_returns,
    require_finite,
    require_kind,
)
from riskmodel.arrays.requested import requested_rows
from riskmodel.arrays.semidefinite import require_covariance
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.arrays.windows import decayed_products, decayed_sum
from riskmodel.bounds import DAYS, require_bounded
from riskmodel.errors import InputError, counted
from riskmodel.estimation.covariance_settings import SHORT_HORIZON, CovarianceSettings
from riskmodel.estimation.eigenfactors import NEGLIGIBLE, eigenfactors_adjusted, lag_weights
from riskmodel.facts import Fact, ForecastUnavailableError

COVARIANCE = Labelled(("factor", "factor_other"))


def factor_covariance(
    factor_returns: xr.DataArray | pd.DataFrame,
    settings: CovarianceSettings = SHORT_HORIZON,
    *,
    times: Iterable[object] | None = None,
    industry_sector: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Forecast covariance of one day's factor returns, as known at the close of each requested day.

    Parameters
    ----------
    factor_returns
        (time, factor), daily, decimals; time sorted, labels unique. NaN: the factor has no return that day.
    times
        Labels of `time` at whose closes a forecast is wanted, in the order wanted. By default the last.
    industry_sector
        Sector of each factor that is an industry nested in it. Such a factor keeps `industry_correlation` of its
        correlations with all but those of its sector, and has a regime of its kind; the others are forecast as if it were
        not there.

    Returns
    -------
    Dataset
        `covariance` (time, factor, factor_other), of a day (21 days: times 21), symmetric to the last bit, positive
        semi-definite; `volatility` (time, factor), the root of its diagonal; `regime_multiplier` (time), lambda;
        `eigenfactor_bias` (time, rank), v, rank 1 the least volatile; `shrinkage` (time), the intensity; `clipped` (time),
        the number of negative eigenvalues set to zero; `observations` (time, factor). A factor with fewer than
        `minimum_history` returns by then is NaN that day.

    Raises
    ------
    InputError
        Where dimensions or labels are wrong, a value is infinite, a requested time is unknown or precedes the first on which
        any factor has `minimum_history` returns.

    Notes
    -----
    With w_s = 2^(-(t-s)/h) on the days s <= t with a return and 0 on others, and second moments about zero,

        sigma_k^2 = sum_s [w_s f_ks^2 + 2 sum_l b_l sqrt(w_s w_{s-l}) f_ks f_k,s-l] / sum_s w_s,      b_l = 1 - l / (L + 1)

    and rho_kl likewise with its own h and L, numerator and both variances over the days that the pair shares; then
    F0_kl = rho_kl sigma_k sigma_l (Newey & West 1987; Menchero, Orr & Wang 2011, section 4.1). Splitting the weight of a
    lagged product evenly makes it the Bartlett estimator of sqrt(w) f, positive semi-definite where nothing is missing;
    otherwise negative eigenvalues are set to zero and the unit diagonal restored. Then F = lambda^2 U0 v^2 D0 U0', v by
    `eigenfactor_adjustment`, and (section 4.3), with d = 2^(-1/h) and lambda_0 = 1,

        lambda_t^2 = d lambda_{t-1}^2 + (1 - d) B_t^2,      B_t^2 = mean_k (f_kt / sigma_k,t-1)^2

    where sigma_k,t-1 has no lags: B judges single days, and would take a Newey-West term out again.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> f = xr.DataArray([[0.02, 0.01], [-0.02, -0.01], [0.01, 0.02]], {"time": range(3), "factor": ["A", "B"]})
    >>> plain = CovarianceSettings(1.0, 0, 1e9, 0, eigenfactor_simulations=0, regime_half_life=None, minimum_history=2)
    >>> fit = factor_covariance(f, plain)
    >>> (1e4 * fit["volatility"] ** 2).round(4).values  # (1 x 1 + 0.5 x 4 + 0.25 x 4) / 1.75, and the same of 4, 1, 1
    array([[2.2857, 2.7143]])
    >>> float((fit["covariance"][0, 0, 1] / fit["volatility"].prod()).round(4))  # (2 + 2 + 2) / sqrt(9 x 6)
    0.8165
    """
    require_kind("settings", settings, CovarianceSettings, "Use riskmodel.CovarianceSettings().")
    returns = labelled_factor_returns(factor_returns)
    if is_lazy(returns):
        return covariance_later(factor_covariance, returns, settings, times, industry_sector)
    require_finite("factor_returns", returns, missing=True)
    f, index, names = returns.to_numpy(), returns.get_index("time"), returns["factor"].to_numpy()
    sector = np.array([(industry_sector or {}).get(str(name), "") for name in names], dtype=object)
    nested = sector != ""
    count = np.cumsum(~np.isnan(f), axis=0)
    rows = requested_rows(index, times, count.max(axis=1), settings.minimum_history)
    live = count[rows] >= settings.minimum_history
    with one_blas_thread():
        variance = _variance(f, settings.volatility_half_life, settings.volatility_lags)[rows]
        volatility = np.sqrt(np.where(live, variance, 0.0))
        correlation, intensity = _correlation(f, rows, settings), np.zeros(len(rows))
        correlation *= np.where(sector[:, None] != sector, settings.industry_correlation, 1.0)
        if settings.shrinkage is not None:
            core = ~nested & live
            intensity = np.array([_shrinkage(f[: r + 1, k], settings) for r, k in zip(rows, core, strict=True)])
            correlation *= 1 - intensity[:, None, None] * ~np.eye(f.shape[1], dtype=bool)
        correlation, clipped = _positive_semidefinite(correlation)
        covariance = correlation * (volatility[:, :, None] * volatility[:, None, :])
        bias = np.where(np.sort(~live[:, ~nested], axis=1), np.nan, 1.0)
        if settings.eigenfactor_simulations:
            covariance, bias = _adjusted(covariance, live, nested, count[rows], settings)
    multiplier = _regime(f[:, ~nested], count[:, ~nested], settings)[rows]
    scale = np.where(nested, _regime(f[:, nested], count[:, nested], settings)[rows, None], multiplier[:, None])
    covariance *= scale[:, :, None] * scale[:, None, :]
    covariance = np.where(live[:, :, None] & live[:, None, :], covariance, np.nan)
    return xr.Dataset(
        {
            "covariance": (("time", "factor", "factor_other"), covariance),
            "volatility": (("time", "factor"), np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))),
            "regime_multiplier": ("time", multiplier),
            "eigenfactor_bias": (("time", "rank"), bias),
            "shrinkage": ("time", intensity),
            "clipped": ("time", clipped),
            "observations": (("time", "factor"), count[rows]),
        },
        coords={"time": index[rows], "factor": names, "factor_other": names, "rank": np.arange(1, bias.shape[1] + 1)},
    )


def eigenfactor_adjustment(
    covariance: xr.DataArray | pd.DataFrame, settings: CovarianceSettings = SHORT_HORIZON, *, days: int
) -> tuple[xr.DataArray, xr.DataArray]:
    """Scale the eigenfactors' volatilities by what simulation says their forecasts miss.

    Parameters
    ----------
    covariance
        (factor, factor_other), estimated with `settings` from a history of `days`.
    days
        T, the length of each simulation, at most 8 of the longer half-life; `factor_covariance` gives its factors' median.

    Returns
    -------
    covariance, bias
        (factor, factor_other) adjusted; (rank) v, rank 1 the least volatile; 1 where an eigenvalue is zero.

    Raises
    ------
    InputError
        Where the covariance is not square, finite, symmetric and positive semi-definite, or there is nothing to simulate.

    Notes
    -----
    F0 = U0 D0 U0'. Returns f_m = U0 D0^(1/2) z_m with z_m standard normal give F_m by the estimator of `factor_covariance`,
    both half-lives and lags included; with F_m = U_m D_m U_m',

        v_k^2 = mean_m [U_m' F0 U_m]_kk / [D_m]_kk,    v_k <- 1 + a (v_k - 1),    F = U0 v^2 D0 U0'

    (Menchero, Wang & Orr 2011; Menchero, Orr & Wang 2011, appendix B). The moments of f_m are A S_m A' with S_m those of z_m
    and A = U0 D0^(1/2), so that S_m is drawn once for a seed and serves every date; a longer history adds older days to it.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> F = xr.DataArray(np.diag([4e-4, 1e-4]), {"factor": ["A", "B"], "factor_other": ["A", "B"]})
    >>> settings = CovarianceSettings(21, 0, 21, 0, eigenfactor_simulations=200)
    >>> eigenfactor_adjustment(F, settings, days=63)[1].round(2).values
    array([1.05, 1.01])
    """
    require_kind("settings", settings, CovarianceSettings, "Use riskmodel.CovarianceSettings().")
    given = aligned({"covariance": covariance}, {"covariance": COVARIANCE})["covariance"]
    require_finite("covariance", given)
    values = require_covariance("covariance", given)
    require_bounded("days", days, DAYS)
    if not settings.eigenfactor_simulations or days < 2:
        raise InputError(
            f"eigenfactor_adjustment: {counted(settings.eigenfactor_simulations, 'simulation')} of {counted(days, 'day')}; "
            f"at least 1 of 2 days is needed."
        )
    live = np.ones((1, len(given)), dtype=bool)
    with one_blas_thread():
        adjusted, bias, _ = eigenfactors_adjusted(values[None], live, np.array([days]), settings)
    rank = np.arange(1, len(given) + 1)
    return given.copy(data=adjusted[0]), xr.DataArray(bias[0], {"rank": rank}, ("rank",), name="eigenfactor_bias")


def _adjusted(
    covariance: np.ndarray, live: np.ndarray, nested: np.ndarray, count: np.ndarray, settings: CovarianceSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Covariances whose factors beside the industries are adjusted, and v of these, (row, rank)."""
    core = live[:, ~nested]
    days = np.array([np.median(seen[own]) for seen, own in zip(count[:, ~nested], core, strict=True)], dtype=int)
    adjusted, bias, carried = eigenfactors_adjusted(covariance[:, ~nested][:, :, ~nested], core, days, settings)
    cross = carried @ covariance[:, ~nested][:, :, nested]
    whole = covariance.copy()
    whole[:, np.flatnonzero(~nested)[:, None], np.flatnonzero(~nested)] = adjusted
    whole[:, np.flatnonzero(~nested)[:, None], np.flatnonzero(nested)] = cross
    whole[:, np.flatnonzero(nested)[:, None], np.flatnonzero(~nested)] = cross.transpose(0, 2, 1)
    return whole, bias


def _variance(f: np.ndarray, half_life: float, lags: int) -> np.ndarray:
    """Newey-West variance at every close, (time, factor); NaN before a factor's first return."""
    present = ~np.isnan(f)
    x = np.where(present, f, 0.0)
    terms = x * x
    for lag, weight in lag_weights(half_life, lags):
        terms[lag:] += 2 * weight * x[lag:] * x[:-lag]
    total = decayed_sum(present, half_life)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.maximum(decayed_sum(terms, half_life), 0.0) / total, np.nan)


def _correlation(f: np.ndarray, rows: np.ndarray, settings: CovarianceSettings) -> np.ndarray:
    """Newey-West correlations at the requested closes, (row, factor, factor), each pair over the days it shares.

    A pair without `minimum_history` shared days, or of which one has no variance, gets 0.
    """
    present = ~np.isnan(f)
    x, m = np.where(present, f, 0.0), present.astype(float)
    half_life = settings.correlation_half_life
    cross = decayed_products(x, x, half_life, rows)
    cross = (
        cross + cross.transpose(0, 2, 1)
    ) / 2  # the products of a matrix with itself differ across the diagonal in the last bit
    own = decayed_products(x * x, m, half_life, rows)  # [k, j]: what k's variance has of the days on which j has a return
    for lag, weight in lag_weights(half_life, settings.correlation_lags):
        lagged, there = _lagged(x, lag), _lagged(m, lag)
        product = decayed_products(x * there, lagged * m, half_life, rows)
        cross += weight * (product + product.transpose(0, 2, 1))
        own += 2 * weight * decayed_products(x * lagged, m * there, half_life, rows)
    own = np.maximum(own, 0.0)
    shared = decayed_products(m, m, np.inf, rows)
    scale = np.sqrt(own) * np.sqrt(own.transpose(0, 2, 1))
    known = (scale > 0) & (shared >= settings.minimum_history)
    correlation = np.clip(np.divide(cross, scale, out=np.zeros_like(cross), where=known), -1.0, 1.0)
    diagonal = np.arange(f.shape[1])
    correlation[:, diagonal, diagonal] = 1.0
    return correlation


def _lagged(values: np.ndarray, lag: int) -> np.ndarray:
    """Each row's values of `lag` rows before, zero where there are none."""
    return np.concatenate([np.zeros_like(values[:lag]), values[:-lag]])


def _shrinkage(f: np.ndarray, settings: CovarianceSettings) -> float:
    """Intensity of shrinkage towards the identity, by scikit-learn on the weighted, standardised days without a gap."""
    from sklearn.covariance import ledoit_wolf, oas

    whole = ~np.isnan(f).any(axis=1)
    if whole.sum() < settings.minimum_history:
        raise ForecastUnavailableError(
            f"factor_returns: {counted(int(whole.sum()), 'day')} on which every factor has a return; "
            f"shrinkage needs {settings.minimum_history} (minimum_history).",
            Fact("few_whole_days", {"days": int(whole.sum()), "needed": settings.minimum_history}),
        )
    weight = 0.5 ** (np.arange(len(f))[::-1] / settings.correlation_half_life)[whole]
    x = f[whole] * np.sqrt(weight / weight.mean())[:, None]
    deviation = np.sqrt((x**2).mean(axis=0))
    x /= np.where(deviation > 0, deviation, 1.0)
    return float((oas if settings.shrinkage == "oas" else ledoit_wolf)(x, assume_centered=True)[1])


def _positive_semidefinite(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Set negative eigenvalues to zero and restore the unit diagonal, (row, factor, factor); and count them, (row)."""
    values, vectors = np.linalg.eigh(correlation)
    negative = (values < -NEGLIGIBLE * values[:, -1:]).sum(axis=1)
    clipped = (vectors * np.maximum(values, 0.0)[:, None, :]) @ vectors.transpose(0, 2, 1)
    deviation = np.sqrt(np.diagonal(clipped, axis1=1, axis2=2))
    clipped = (clipped + clipped.transpose(0, 2, 1)) / (2 * deviation[:, :, None] * deviation[:, None, :])
    return np.where((negative > 0)[:, None, None], clipped, correlation), negative


def _regime(f: np.ndarray, count: np.ndarray, settings: CovarianceSettings) -> np.ndarray:
    """Multiplier lambda at every close, (time); it stays on a day that judges no forecast, and starts at 1."""
    if settings.regime_half_life is None:
        return np.ones(len(f))
    variance = _variance(f, settings.volatility_half_life, 0)[:-1]
    judged = (count[:-1] >= settings.minimum_history) & (variance > 0) & ~np.isnan(f[1:])
    squares = np.divide(f[1:] ** 2, variance, out=np.zeros_like(variance), where=judged).sum(axis=1)
    number = judged.sum(axis=1)
    bias_squared = squares[number > 0] / number[number > 0]
    level = decayed_sum(
        np.append(1.0, (1 - 0.5 ** (1 / settings.regime_half_life)) * bias_squared), settings.regime_half_life
    )
    return np.sqrt(level[np.append(0, np.cumsum(number > 0))])


def covariance_later(
    function: Callable[..., xr.Dataset],
    returns: xr.DataArray,
    settings: CovarianceSettings,
    times: Iterable[object] | None,
    industry_sector: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """`riskmodel.factor_covariance`, the `function`, as one task: it needs all the factor returns, and they are small."""
    least = settings.minimum_history
    index = returns.get_index("time")
    wanted = index[requested_rows(index, times, np.full(len(index), least), least)]
    few = returns.isel(time=np.zeros(least, dtype=int)).assign_coords(time=np.arange(least))
    few = few.copy(data=np.broadcast_to((-1.0) ** np.arange(least)[:, None], few.shape))
    form = function(few, replace(settings, shrinkage=None, eigenfactor_simulations=0), industry_sector=industry_sector)
    task = one_task(_covariance, function, returns, settings, wanted, industry_sector)
    return put_together([(task, len(wanted))], form, {}).assign_coords(time=wanted)


def _covariance(
    function: Callable[..., xr.Dataset],
    returns: xr.DataArray,
    settings: CovarianceSettings,
    times: pd.Index,
    industry_sector: Mapping[str, str] | None,
) -> dict[str, np.ndarray]:
    made = function(returns, settings, times=times, industry_sector=industry_sector)
    return {str(name): array.to_numpy() for name, array in made.data_vars.items()}
