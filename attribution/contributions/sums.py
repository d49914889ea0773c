"""Sums over the cube by any cut: linked contributions, their standard errors, running sums and time averages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from attribution.contributions.arrays import sum_days
from attribution.contributions.cube import Cube, Sleeves
from attribution.contributions.cuts import Axis, Cut, Layout, factor_rows, layout, splits_factors, top
from attribution.rows import CASH
from riskmodel.arrays.labels import require_flag
from riskmodel.errors import InputError

SMALLEST_ERROR = 1e-15  # a course without cash has no active exposure to the market: what is left is rounding
BLOCK = 16  # days of exposures times covariance that stay in the processor's cache


def contributions(cube: Cube, cuts: Sequence[Cut], *, absolute: bool = False) -> pd.Series:
    """Linked contributions by any cuts.

    Parameters
    ----------
    cube
        A course's.
    cuts
        Words of `attribution.contributions.cuts.CUTS`, and ticker -> group.
    absolute
        Of the course's return (they sum to R) instead of its excess (R - B).

    Returns
    -------
    Series
        Decimals, indexed by the cuts in their order.

    Raises
    ------
    InputError
        For an unknown cut, or a grouping that does not fit.

    Notes
    -----
    C = sum over the cut of lambda_t c[t, i, k]. Without a factor in the cut c is a_it r_it, observed; with one it comes from
    exposures and factor returns, so that the two check each other. docs/methodology/contributions.md.
    """
    require_flag("absolute", absolute)
    rows, by_factor = _rows(cube, cuts), splits_factors(cuts)
    scale = coefficient(cube, absolute)[:, None]
    values = [
        _sums(cube, rows, weights * scale, beside * scale, by_factor) for weights, beside in _pieces(cube, rows, absolute)
    ]
    return rows.series(np.stack(values), "contribution")


def standard_errors(cube: Cube, cuts: Sequence[Cut], *, absolute: bool = False) -> pd.Series:
    """Standard errors of `contributions`, with the same arguments and index.

    Returns
    -------
    Series
        Decimals. What is observed has 0: a cut without a factor, cash, unmodelled, proxy. Specific has the error of all
        factors together, through the same days and names.

    Notes
    -----
    Var(C) = sum_t lambda_t^2 z_t' Cov(f_t) z_t with z_t the active exposures of the row to its factors; days are
    independent. docs/methodology/standard_errors.md.
    """
    require_flag("absolute", absolute)
    rows = _rows(cube, cuts)
    variance = np.zeros(rows.shape)
    if splits_factors(cuts):
        scale, exposures, covariance = coefficient(cube, absolute)[:, None], _exposures(cube), _covariance(cube)
        with threadpool_limits(limits=1, user_api="blas"):  # threads cost more than they bring in products this thin
            for of_piece, (weights, _) in zip(variance, _pieces(cube, rows, absolute), strict=True):
                _add_variances(of_piece, rows, exposures, weights * scale, covariance)
    return rows.series(np.sqrt(variance.clip(min=0.0)), "standard_error")


def with_t(contribution: pd.Series, error: pd.Series) -> pd.DataFrame:
    """contribution, standard_error and t of the rows of a cut; t is NaN where the error is 0 or only rounding.

    Examples
    --------
    >>> with_t(pd.Series([0.02, 0.01]), pd.Series([0.005, 0.0]))["t"].tolist()
    [4.0, nan]
    """
    t = contribution / error.where(error > SMALLEST_ERROR)
    return pd.DataFrame({"contribution": contribution, "standard_error": error, "t": t})


def top_with_errors(cube: Cube, n: int, cuts: Sequence[Cut], *, absolute: bool = False) -> pd.DataFrame:
    """The rows of `attribution.contributions.cuts.top` with their errors, as `with_t` shows them.

    Notes
    -----
    The rows of `(rest)` are correlated, so that its error is that of their sum: with v_t the sum over its rows of what a row
    has of each factor, z_k for factor k and -z for specific, Var = sum_t lambda_t^2 v_t' Cov(f_t) v_t.
    """
    whole, errors = contributions(cube, cuts, absolute=absolute), standard_errors(cube, cuts, absolute=absolute)
    shown = top(whole, n)
    error = errors.reindex(shown.index)
    if len(whole) > 2 * n:
        rest = ~whole.index.isin(shown.index[:-1])
        error.iloc[-1] = _error_of_sum(cube, cuts, rest, absolute) if splits_factors(cuts) else 0.0
    return with_t(shown, error)


def _error_of_sum(cube: Cube, cuts: Sequence[Cut], chosen: np.ndarray, absolute: bool) -> float:
    """Standard error of the sum of some rows of a cut by factor or group; `chosen` is in the order of the table."""
    rows, scale, exposures = _rows(cube, cuts), coefficient(cube, absolute), _exposures(cube)
    place = rows.series(np.arange(np.prod(rows.shape)).reshape(rows.shape), "place").to_numpy()
    inside = np.zeros(len(place))
    inside[place[chosen]] = 1.0
    days, factors, assets = exposures.shape
    of_cells = inside.reshape(rows.shape)[:, rows.day.row][:, :, rows.stock.row[:assets]]
    held = np.zeros((days, factors))
    for within, (weights, _) in zip(of_cells, _pieces(cube, rows, absolute), strict=True):
        less_specific = within[..., rows.factor.row[:factors]] - within[..., rows.factor.row[factors], None]
        held += np.einsum("tki,tik->tk", exposures * weights[:, None], less_specific)
    held *= scale[:, None]
    return float(np.sqrt(np.einsum("tk,tkl,tl->", held, _covariance(cube), held).clip(min=0.0)))


def averages(cube: Cube, cuts: Sequence[Cut], *, absolute: bool = False) -> pd.Series:
    """Averages over the days of start-of-day weights, or of exposures where a cut is by factor.

    Parameters
    ----------
    cube, cuts, absolute
        As for `contributions`; a cut by group is refused: exposures to different factors have no sum.

    Returns
    -------
    Series
        Named "weight" or "exposure"; active unless `absolute`. Weights of all names sum to 0, absolute ones to 1. A cut by
        day or month averages within it. The proxy has neither and is left out.

    Raises
    ------
    InputError
        For an unknown cut, a grouping that does not fit, a cut by group.

    Notes
    -----
    mean_t a_it, and mean_t a_it X_ik,t-1: the names' part of the active exposure.
    """
    require_flag("absolute", absolute)
    by_factor = splits_factors(cuts)
    if any(isinstance(cut, str) and cut == "group" for cut in cuts):
        raise InputError("averages by 'group': exposures to different factors have no sum. Cut by factor.")
    factors = cube.factors if by_factor else [""]
    rows = layout(cube, cuts, factors=factors, proxy=False)
    days = np.bincount(rows.day.row)[:, None, None]
    if not by_factor:
        weights = _weights(cube, rows, "weight", absolute)
        return rows.series(np.stack([_summed(part, rows)[..., None] / days for part in weights]), "weight")
    ones = np.ones((len(cube.days), len(factors)))
    weights = _weights(cube, rows, "live", absolute)
    return rows.series(np.stack([_modelled(_exposures(cube), ones, part, rows) / days for part in weights]), "exposure")


def daily(cube: Cube, cuts: Sequence[Cut], *, absolute: bool = False) -> tuple[Layout, np.ndarray]:
    """Contributions of each day before linking, and their layout; values are (sleeve, time, stock, factor) of the layout."""
    rows, by_factor = _rows(cube, ["day", *cuts]), splits_factors(cuts)
    pieces = _pieces(cube, rows, absolute)
    return rows, np.stack([_sums(cube, rows, weights, beside, by_factor) for weights, beside in pieces])


def active(cube: Cube, absolute: bool = False) -> np.ndarray:
    """Start-of-day weights that earn a return, less the benchmark's unless `absolute`, (time, asset)."""
    return _less_benchmark(cube, "live", absolute)


def coefficient(cube: Cube, absolute: bool = False) -> np.ndarray:
    """Linking coefficients of the excess, or of the return, (time)."""
    return (cube.absolute_coefficient if absolute else cube.coefficient).to_numpy()


def outside(cube: Cube, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What weights (time, asset) earn beside the factors: specific, cash and unmodelled, each (time, asset)."""
    earned = weights * cube.asset_return.to_numpy()
    earned *= ~cube.modelled.to_numpy()
    cash = np.where(cube.assets == CASH, earned, 0.0)
    return weights * cube.specific_return.to_numpy(), cash, earned - cash


def _rows(cube: Cube, cuts: Sequence[Cut]) -> Layout:
    return layout(cube, cuts, factors=factor_rows(cube) if splits_factors(cuts) else [""])


def _less_benchmark(held: Cube | Sleeves, kind: str, absolute: bool) -> np.ndarray:
    """The portfolio's `weight` or `live`, less the benchmark's unless `absolute`, ([sleeve,] time, asset)."""
    own, other = (
        (held.portfolio_weight, held.benchmark_weight) if kind == "weight" else (held.portfolio_live, held.benchmark_live)
    )
    return np.asarray(own.to_numpy() if absolute else own.to_numpy() - other.to_numpy())


def _weights(cube: Cube, rows: Layout, kind: str, absolute: bool) -> np.ndarray:
    """Weights behind each row of sleeves, (sleeve, time, asset); those of the whole course where sleeves are not apart."""
    if rows.sleeve.names:
        return _less_benchmark(cube.in_sleeves(), kind, absolute)
    return _less_benchmark(cube, kind, absolute)[None]


def _pieces(cube: Cube, rows: Layout, absolute: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """What each row of sleeves holds: weights that earn a return (time, asset), and rows beside (time, row) before linking.

    The proxy is that of the sleeve's own benchmark. No sleeve earns the other rows beside: each is a piece of its own.
    """
    weights, beside = _weights(cube, rows, "live", absolute), cube.beside_values(absolute)
    if not rows.sleeve.names:
        return [(weights[0], beside)]
    alone = np.zeros((beside.shape[1], *beside.shape))
    for place in range(1, beside.shape[1]):
        alone[place, :, place] = beside[:, place]
    pieces = []
    for own, gap in zip(weights, cube.in_sleeves().proxy.to_numpy(), strict=True):
        of_sleeve = np.zeros_like(beside)
        of_sleeve[:, 0] = 0.0 if absolute else gap
        pieces.append((own, of_sleeve))
    return pieces + [(np.zeros_like(weights[0]), row) for row in alone[1:]]


def _exposures(cube: Cube) -> np.ndarray:
    return cube.exposure.to_numpy()


def _covariance(cube: Cube) -> np.ndarray:
    return cube.covariance.to_numpy()


def _sums(cube: Cube, rows: Layout, weights: np.ndarray, beside: np.ndarray, by_factor: bool) -> np.ndarray:
    """Contributions (day, stock, factor) of the rows, from weights (time, asset) and rows beside (time, row)."""
    if not by_factor:
        earned = weights * cube.asset_return.to_numpy()
        return _summed(np.column_stack([earned, beside]), rows)[..., None]
    f = cube.factor_return.to_numpy()
    cells = np.empty((len(rows.day.codes), len(rows.stock.codes), len(rows.factor.row)))
    cells[..., : f.shape[1]] = _modelled(_exposures(cube), f, weights, rows)
    for place, part in enumerate(outside(cube, weights), start=f.shape[1]):
        cells[..., place] = _summed(part, rows)
    for place in range(-beside.shape[1], 0):
        alone = np.zeros((len(beside), len(rows.stock.row)))
        alone[:, place] = beside[:, place]
        cells[..., place] = _summed(alone, rows)
    return _along(cells, rows.factor, 2)


def _modelled(exposures: np.ndarray, scale: np.ndarray, weights: np.ndarray, rows: Layout) -> np.ndarray:
    """Sum of scale_tk a_ti X_tki over the rows of days and names, (day, stock, factor of the model)."""
    days, factors, assets = exposures.shape
    if not rows.stock.names:
        return _along(((exposures @ weights[..., None])[..., 0] * scale)[:, None, :], rows.day, 0)
    if rows.day.whole:
        out = np.empty((days, len(rows.stock.codes), factors))
        for factor in range(factors):
            product = exposures[:, factor] * weights * scale[:, factor, None]
            out[..., factor] = _along(_padded(product, rows), rows.stock, 1)
        return out
    inside = rows.day.row == np.arange(len(rows.day.codes))[:, None]
    cells = np.empty((len(inside), factors, assets))
    with threadpool_limits(limits=1, user_api="blas"):  # threads cost more than they bring in products this thin
        sum_days(exposures, weights, inside[:, :, None] * scale, None, cells, None)
    return _along(_padded(cells, rows), rows.stock, 2).transpose(0, 2, 1)


def _add_variances(
    variance: np.ndarray, rows: Layout, exposures: np.ndarray, weights: np.ndarray, covariance: np.ndarray
) -> None:
    """Add each day's variance to (day, stock, factor): of a row's factors together, and of all for specific."""
    factors = exposures.shape[1]
    of_factor, specific = rows.factor.row[:factors], rows.factor.row[factors]
    together = of_factor[:, None] == of_factor
    alone = bool((together.sum(axis=0) == 1).all())
    member = (of_factor == np.arange(len(rows.factor.codes))[:, None]).astype(float)
    for first in range(0, len(exposures), BLOCK):
        block = slice(first, first + BLOCK)
        if rows.stock.names:
            z = _along(_padded(exposures[block] * weights[block, None, :], rows), rows.stock, 2)
        else:
            z = exposures[block] @ weights[block, :, None]
        whole = z * (covariance[block] @ z)
        own = z**2 * np.diagonal(covariance[block], axis1=1, axis2=2)[..., None]
        own = own if alone else z * ((covariance[block] * together) @ z)
        of_row = member @ own  # (day of the block, factor row, stock)
        of_row[:, specific] += whole.sum(axis=1)
        days, starts = np.unique(rows.day.row[block], return_index=True)
        variance[days] += np.add.reduceat(of_row.transpose(0, 2, 1), starts, axis=0)


def _padded(values: np.ndarray, rows: Layout) -> np.ndarray:
    """Values (..., asset) with a zero for the proxy where it is a row of names."""
    beside = len(rows.stock.row) - values.shape[-1]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, beside)]) if beside else values


def _summed(values: np.ndarray, rows: Layout) -> np.ndarray:
    """(time, name) -> (day, stock)."""
    return _along(_padded(_along(values, rows.day, 0), rows), rows.stock, 1)


def _along(values: np.ndarray, axis: Axis, side: int) -> np.ndarray:
    """Sum the cells of one side into the rows of its axis."""
    if axis.whole:
        return values
    if len(axis.codes) == 1:
        return values.sum(axis=side, keepdims=True)
    order = np.argsort(axis.row, kind="stable")
    starts = np.searchsorted(axis.row[order], np.arange(len(axis.codes)))
    values = values if (order[1:] > order[:-1]).all() else np.take(values, order, axis=side)
    return np.add.reduceat(values, starts, axis=side)
