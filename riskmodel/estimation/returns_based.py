"""Exposures of a portfolio of which only returns are known: a rolling regression on the factors' returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import Labelled, aligned
from riskmodel.arrays.requested import requested_rows
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.bounds import require_bounded, whole_number

WINDOW = 120  # sessions, about half a year
LEAST_OBSERVATIONS = 60
UNDERSTATED = 1.5  # posterior errors times this cover: exposures move within the window; docs/methodology/returns_only.md
GRID = np.logspace(-4, 4, 81)  # of (sigma / tau)^2, in units of the mean squared singular value
CLEARLY = 5.0  # log-likelihood by which an exposure that all names share must fit better free than where it starts
LOOSE = 0.5  # its deviation then, in units of where it starts
TINY = 1e-300  # keeps logarithms finite where returns are explained to the last bit
ARRAYS = {
    "returns": Labelled(("time",)),
    "factor_returns": Labelled(("time", "factor")),
    "start": Labelled(("time", "factor")),
    "deviation": Labelled(("time", "factor")),
}


def returns_based_exposures(
    returns: xr.DataArray | pd.Series,
    factor_returns: xr.DataArray | pd.DataFrame,
    *,
    start: xr.DataArray | pd.DataFrame,
    deviation: xr.DataArray | pd.DataFrame,
    times: object = None,
    window: int = WINDOW,
    least_observations: int = LEAST_OBSERVATIONS,
) -> xr.Dataset:
    """Estimate, at each close, the exposures of a portfolio of which nothing but its returns is known.

    Parameters
    ----------
    returns
        (time) decimals; NaN where there is none.
    factor_returns
        (time, factor) of the same days, decimals; NaN, a factor without a return that day, counts as 0. A day on which no
        factor has one is left out.
    start
        (time, factor) exposures from which the portfolio's are taken to depart, known at each close, such as those of the
        whole market by capitalisation; NaN counts as 0.
    deviation
        (time, factor) by how much exposures to each factor vary, from name to name say, known at each close. It says which
        may depart more than others, not by how much. One of 0, such as the market's to which every stock has an exposure of
        one, stays where it starts unless the returns say clearly that it does not: of a benchmark that is half cash.
    times
        Closes at which exposures are wanted; by default the last.
    window
        Sessions up to and with the close that are looked at.
    least_observations
        Fewer days with a return give NaN.

    Returns
    -------
    Dataset
        `exposure` (time, factor); `covariance` of its errors (time, factor, factor_other); `specific_variance` (time), of a
        day; `observations` (time).

    Raises
    ------
    InputError
        For labels that do not match, an infinite value, an unknown time, numbers out of bounds.

    Notes
    -----
    With M_t the start, z_s = r_s - M_{s-1}' f_s and d the departure, over the last `window` days s <= t

        z_s = d' f_s + e_s,      d_k ~ N(0, tau^2 deviation_k^2),      e_s ~ N(0, sigma^2)

    so that X_t = M_t + E[d | z], a ridge regression, and the covariance is the posterior one, sigma^2 (F'F + (sigma / tau)^2
    D^-2)^-1, times 1.5^2: exposures move within the window. tau and sigma maximise the likelihood of z (Hoerl & Kennard
    1970; MacKay 1992, Neural Computation 4(3)). docs/methodology/returns_only.md.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> time, factor = pd.bdate_range("2025-01-01", periods=300), ["market", "size"]
    >>> f = xr.DataArray(rng.normal(0, 0.01, (300, 2)), {"time": time, "factor": factor}, ("time", "factor"))
    >>> r = f @ xr.DataArray([1.0, 0.5], {"factor": factor}, ("factor",)) + rng.normal(0, 0.001, 300)
    >>> market = xr.zeros_like(f) + xr.DataArray([1.0, 0.0], {"factor": factor}, ("factor",))
    >>> found = returns_based_exposures(r, f, start=market, deviation=1 - market, times=time[-1:])
    >>> found["exposure"].isel(time=0).round(2).values.tolist()
    [1.0, 0.5]
    """
    require_bounded("window", window, whole_number("sessions"))
    require_bounded("least_observations", least_observations, whole_number("observations", 2))
    given = aligned({"returns": returns, "factor_returns": factor_returns, "start": start, "deviation": deviation}, ARRAYS)
    sessions, factors = given["returns"].get_index("time"), given["factor_returns"].get_index("factor")
    r, observed = given["returns"].to_numpy(), given["factor_returns"].to_numpy()
    f, begin = np.nan_to_num(observed), np.nan_to_num(given["start"].to_numpy())
    vary = np.nan_to_num(given["deviation"].to_numpy())
    gap = r.copy()
    gap[0] = np.nan
    gap[1:] -= (begin[:-1] * f[1:]).sum(axis=1)
    usable = ~np.isnan(gap) & ~np.isnan(observed).all(axis=1)
    rows = requested_rows(sessions, times, name="the returns")
    size = len(factors)
    out = {
        "exposure": np.full((len(rows), size), np.nan),
        "covariance": np.full((len(rows), size, size), np.nan),
        "specific_variance": np.full(len(rows), np.nan),
        "observations": np.zeros(len(rows)),
    }
    with one_blas_thread():  # the same bits whatever the number of cores
        for place, row in enumerate(rows):
            days = np.arange(max(row - window + 1, 0), row + 1)
            days = days[usable[days]]
            out["observations"][place] = len(days)
            if len(days) < least_observations:
                continue
            shared = np.where(vary[row] == 0, LOOSE * np.abs(begin[row]), vary[row])
            scales = [vary[row], shared] if (shared != vary[row]).any() else [vary[row]]
            departed, errors, variance = _departure(gap[days], f[days], scales)
            out["exposure"][place] = begin[row] + departed
            out["covariance"][place] = errors * UNDERSTATED**2
            out["specific_variance"][place] = variance
    labels = {"time": sessions[rows], "factor": factors, "factor_other": factors.to_numpy()}
    dims = {"exposure": ("time", "factor"), "covariance": ("time", "factor", "factor_other")}
    return xr.Dataset({name: (dims.get(name, ("time",)), values) for name, values in out.items()}, labels)


def _departure(z: np.ndarray, f: np.ndarray, scales: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, float]:
    """Posterior mean and covariance of d in z = F d + e, d_k ~ N(0, tau^2 scale_k^2), e ~ N(0, sigma^2), and sigma^2.

    tau and sigma^2 have the largest likelihood; of the scales the first stands unless a later one is clearly more likely.
    """
    products, along, square = f.T @ f, f.T @ z, float(z @ z)
    fits = [_most_likely(products, along, square, len(z), scale) for scale in scales]
    _, theta, errors, variance = max(fits, key=lambda fit: fit[0] + CLEARLY * (fit is fits[0]))
    return theta, errors, variance


def _most_likely(
    products: np.ndarray, along: np.ndarray, square: float, observations: int, scale: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, float]:
    """The largest log-likelihood over tau and sigma^2, and the posterior there, from F'F, F'z and z'z."""
    values, vectors = np.linalg.eigh(products * scale[:, None] * scale)
    values = values.clip(min=0.0)
    turned = vectors.T @ (along * scale)
    ratio = max(float(values.mean()), TINY) * GRID[:, None]  # (sigma / tau)^2
    variance = np.maximum((square - (turned**2 / (values + ratio)).sum(axis=1)) / observations, TINY)
    likelihood = -0.5 * (observations * np.log(variance) + np.log1p(values / ratio).sum(axis=1))
    best = int(likelihood.argmax())
    sums, spread = values + ratio[best], scale[:, None] * vectors
    return float(likelihood[best]), spread @ (turned / sums), variance[best] * (spread / sums) @ spread.T, variance[best]
