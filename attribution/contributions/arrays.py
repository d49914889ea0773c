"""Linked contributions of some portfolios from arrays, stock by factor, each read once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from attribution.rows import SPECIFIC, VENDOR_RESIDUAL
from riskmodel.arrays.labels import Labelled, aligned, label_text, require_finite
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.errors import InputError, listed

BLOCK = 500  # names of which all days of one factor stay in the processor's cache
ARRAYS = {
    name: Labelled(dims, may_be_empty=("portfolio", "factor", "factor_other"), plain_dates=True)
    for name, dims in {
        "weights": ("portfolio", "time", "asset"),
        "coefficients": ("portfolio", "time"),
        "exposures": ("time", "factor", "asset"),
        "factor_returns": ("time", "factor"),
        "specific_returns": ("time", "asset"),
        "benchmark_weights": ("time", "asset"),
        "covariance": ("time", "factor", "factor_other"),
    }.items()
}


def linked_contributions(
    weights: xr.DataArray,
    coefficients: xr.DataArray | pd.DataFrame,
    *,
    exposures: xr.DataArray,
    factor_returns: xr.DataArray | pd.DataFrame,
    specific_returns: xr.DataArray | pd.DataFrame,
    benchmark_weights: xr.DataArray | pd.DataFrame | None = None,
    covariance: xr.DataArray | None = None,
) -> xr.Dataset:
    """Contributions by factor and by stock and factor, with standard errors, of portfolios over a period.

    Parameters
    ----------
    weights
        (portfolio, time, asset) decimals at the start of each day; few names each where `benchmark_weights` is given, or
        active weights where it is not.
    coefficients
        (portfolio, time) linking coefficients, from `attribution.linking.coefficients`.
    exposures
        (time, factor, asset) at the start of each day, 0 for names that are not modelled; fast in that order in memory.
    factor_returns, specific_returns
        (time, factor) and (time, asset), decimals; 0 for names that are not modelled.
    benchmark_weights
        (time, asset), the same for all portfolios.
    covariance
        (time, factor, factor_other) of the day's factor returns; without it there are no errors.

    Returns
    -------
    Dataset
        `contribution` (portfolio, factor) and `stock_contribution` (portfolio, factor, asset), "specific" the last factor;
        `active_exposure` (portfolio, time, model_factor); with a covariance `standard_error` (portfolio, factor) and
        `stock_standard_error` (portfolio, model_factor, asset).

    Raises
    ------
    InputError
        For dimensions or labels that do not match, and missing or infinite numbers.

    Notes
    -----
    C_ik = sum_t lambda_t a_it X_ik,t f_kt with a = w - b, Var(C_ik) = sum_t (lambda_t a_it X_ik,t)^2 Cov(f_t)_kk, and
    Var(C_k) of the sum over i; specific mirrors all factors. Where w = 0 only lambda_t differs between portfolios, so one
    product b_it X_ik,t serves them all; the names held are then put right. Cells are those of `AttributionResult.by` against
    "zero", with the market's part of cash still in the market. docs/methodology/accounts.md.

    Examples
    --------
    >>> import pandas as pd
    >>> labels = {"portfolio": ["P"], "asset": ["A", "B"], "factor": ["market", "value"]}
    >>> labels["time"] = pd.DatetimeIndex(["2025-03-03"])
    >>> def array(values, *dims):
    ...     return xr.DataArray(values, {dim: labels[dim] for dim in dims}, dims)
    >>> linked_contributions(
    ...     array([[[0.6, 0.4]]], "portfolio", "time", "asset"),
    ...     array([[1.0]], "portfolio", "time"),
    ...     exposures=array([[[1.0, 1.0], [1.5, -0.5]]], "time", "factor", "asset"),
    ...     factor_returns=array([[0.01, 0.02]], "time", "factor"),
    ...     specific_returns=array([[0.01, 0.02]], "time", "asset"),
    ...     benchmark_weights=array([[0.5, 0.5]], "time", "asset"),
    ... )["contribution"].round(4).to_series().to_dict()
    {('P', 'market'): 0.0, ('P', 'value'): 0.004, ('P', 'specific'): -0.001}
    """
    given = {
        "weights": weights,
        "coefficients": coefficients,
        "exposures": exposures,
        "factor_returns": factor_returns,
        "specific_returns": specific_returns,
        "benchmark_weights": benchmark_weights,
        "covariance": covariance,
    }
    arrays = aligned(given, ARRAYS)
    for name in sorted({"weights", "benchmark_weights"} & set(arrays)):
        _refuse_percent(name, arrays[name])
    values = {name: array.to_numpy().astype(float, copy=False) for name, array in arrays.items()}
    # threads cost more than they bring in products this thin; what is infinite is refused below
    with one_blas_thread(), np.errstate(invalid="ignore", over="ignore"):
        out = _contributions(**values)
    if not all(np.isfinite(cells).all() for cells in out.values()):
        for name, array in arrays.items():
            require_finite(name, array, "A name that is not modelled has exposures and specific returns of 0.")
        raise InputError(
            "contributions are infinite: weights, exposures or returns are far out of range. Check their units."
        )
    factors = [str(f) for f in arrays["exposures"]["factor"].to_numpy()]
    dims = {
        "contribution": ("portfolio", "factor"),
        "stock_contribution": ("portfolio", "factor", "asset"),
        "active_exposure": ("portfolio", "time", "model_factor"),
        "standard_error": ("portfolio", "factor"),
        "stock_standard_error": ("portfolio", "model_factor", "asset"),
    }
    coords = {dim: arrays["weights"].get_index(dim) for dim in ("portfolio", "time", "asset")}
    labels = coords | {"factor": [*factors, SPECIFIC], "model_factor": factors}
    return xr.Dataset({name: (dims[name], array) for name, array in out.items()}, coords=labels)


def _contributions(
    weights: np.ndarray,
    coefficients: np.ndarray,
    exposures: np.ndarray,
    factor_returns: np.ndarray,
    specific_returns: np.ndarray,
    benchmark_weights: np.ndarray | None = None,
    covariance: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    portfolios, (days, factors, assets) = len(weights), exposures.shape
    scale = coefficients[:, :, None] * factor_returns
    squares = None if covariance is None else coefficients[:, :, None] ** 2 * np.diagonal(covariance, axis1=1, axis2=2)
    cells = np.zeros((portfolios, factors + 1, assets))
    variance = None if squares is None else np.zeros((portfolios, factors, assets))
    active = np.zeros((portfolios, days, factors))
    if benchmark_weights is not None:
        active -= sum_days(exposures, benchmark_weights, -scale, squares, cells[:, :-1], variance)
        np.matmul(-coefficients, benchmark_weights * specific_returns, out=cells[:, -1])
    held = (weights != 0).any(axis=1)
    for place in range(portfolios):
        columns = np.flatnonzero(held[place])
        dense = len(columns) == assets
        own = weights[place] if dense else weights[place][:, columns]
        seen = exposures if dense else exposures[:, :, columns]
        active[place] += (seen @ own[:, :, None])[..., 0]
        if benchmark_weights is not None:
            own = own - benchmark_weights[:, columns]
        one = slice(place, place + 1)
        part = np.empty((1, factors, len(columns)))
        errors = None if squares is None else np.empty_like(part)
        sum_days(seen, own, scale[one], None if squares is None else squares[one], part, errors)
        cells[place, :-1, columns] = part[0].T
        cells[place, -1, columns] = coefficients[place] @ (own * specific_returns[:, columns])
        if variance is not None and errors is not None:
            variance[place, :, columns] = errors[0].T
    by_factor = np.einsum("ctk,ctk->ck", scale, active)  # names first, where the cells sum days first: each checks the other
    out = {
        "contribution": np.column_stack([by_factor, cells[:, -1].sum(axis=1)]),
        "stock_contribution": cells,
        "active_exposure": active,
    }
    if covariance is not None and variance is not None:
        linked = (coefficients[:, :, None] * active).transpose(1, 0, 2)
        each = np.einsum("tck,tck,tkk->ck", linked, linked, covariance)
        together = np.einsum("tck,tck->c", linked @ covariance, linked)
        out["standard_error"] = np.sqrt(np.column_stack([each, together]).clip(min=0.0))
        out["stock_standard_error"] = np.sqrt(variance, out=variance)
    return out


def where_known(
    variance: Callable[[np.ndarray, np.ndarray], np.ndarray], z: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """A variance as a quadratic form of `z`, NaN where it takes a covariance that nobody knows (NaN) times more than 0.

    Examples
    --------
    >>> covariance = np.array([[4.0, np.nan], [np.nan, 9.0]])
    >>> [float(where_known(lambda z, c: z @ c @ z, np.array(z), covariance)) for z in ([0.5, 0.0], [0.5, 1.0])]
    [1.0, nan]
    """
    unknown = np.isnan(covariance)
    if not unknown.any():
        return variance(z, covariance)
    touched = variance((z != 0).astype(float), unknown.astype(float))
    return np.where(touched > 0, np.nan, variance(z, np.where(unknown, 0.0, covariance)))


def error_covariance(days: xr.Dataset) -> xr.DataArray:
    """Covariance of the errors of factor returns: 0 of a factor left out on a day, NaN where the model does not say."""
    known = days["factor_returns"].notnull()
    both = known & known.rename(factor="factor_other")
    return days["estimation_error_covariance"].where(both, 0.0).transpose("time", "factor", "factor_other")


def with_vendor_residual(parts: xr.Dataset, returns: np.ndarray, named: np.ndarray) -> xr.Dataset:
    """Parts with one more factor, `vendor_residual`: what a vendor's exposures and returns leave of the prices'.

    `named` are the places of the assets whose `returns` (time, asset) these are.

    Its return is 1 on every day and the exposure to it the rest, so that it is cut, linked and reconciled as the others are.
    """
    rest = np.zeros(parts["modelled"].shape)
    rest[:, named] = np.where(parts["modelled"].to_numpy()[:, named], returns - explained(parts)[:, named], 0.0)
    whole = parts.reindex(factor=[*parts["factor"].to_numpy(), VENDOR_RESIDUAL], fill_value=0.0)
    if "factor_other" in whole.indexes:
        whole = whole.reindex(factor_other=whole["factor"].to_numpy(), fill_value=0.0)
    whole["factor_return"].loc[{"factor": VENDOR_RESIDUAL}] = 1.0
    whole["exposure"].loc[{"factor": VENDOR_RESIDUAL}] = rest
    return whole


def explained(parts: xr.Dataset) -> np.ndarray:
    """What factors and the specific part explain of each name's return, (time, asset)."""
    factor_return = parts["factor_return"].transpose("time", "factor").to_numpy()
    return np.asarray((factor_return[:, None] @ parts["exposure"].to_numpy())[:, 0] + parts["specific_return"].to_numpy())


def sum_days(
    exposures: np.ndarray,
    weights: np.ndarray,
    scale: np.ndarray,
    squares: np.ndarray | None,
    out: np.ndarray,
    out_squares: np.ndarray | None,
) -> np.ndarray:
    """sum_t scale_ctk a_ti X_tki, and of the squares, into (portfolio, factor, asset); returns sum_i a_ti X_tki by day.

    A block of names and one factor at a time, so that the exposures are read once and their products stay in the cache.
    """
    days, factors, assets = exposures.shape
    space, ones, exposure = np.empty((days, min(BLOCK, assets))), np.ones(BLOCK), np.zeros((days, factors))
    for first in range(0, assets, BLOCK):
        names = slice(first, first + BLOCK)
        of_names = np.ascontiguousarray(weights[:, names])
        product = space[:, : of_names.shape[1]]
        for factor in range(factors):
            np.multiply(exposures[:, factor, names], of_names, out=product)
            out[:, factor, names] = scale[:, :, factor] @ product
            exposure[:, factor] += product @ ones[: product.shape[1]]
            if squares is not None and out_squares is not None:
                np.multiply(product, product, out=product)
                out_squares[:, factor, names] = squares[:, :, factor] @ product
    return exposure


def _refuse_percent(name: str, weights: xr.DataArray) -> None:
    """Weights of one day that add to about a hundred; active ones add to about nothing."""
    first = weights.isel(time=0, drop=True)
    total = first.to_numpy().sum(axis=-1)
    percent = (total > 50) & (total < 150)
    if percent.any():
        day = label_text(weights.get_index("time")[0])
        of = listed(first.get_index("portfolio")[percent]) if percent.ndim else "the benchmark"
        raise InputError(f"{name}: weights of {of} on {day} sum to about a hundred. They look like percent; divide by 100.")
