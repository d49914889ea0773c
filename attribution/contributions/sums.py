"""Sums over the cube by any cut: linked contributions, their standard errors, running sums and time averages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from attribution.contributions.arrays import sum_days, where_known
from attribution.contributions.cube import Cube, not_invested
from attribution.contributions.cuts import Cut, Layout, factor_rows, layout, splits_factors, top
from attribution.contributions.modelled.exposure_errors import variance_of_sum, variances_of_rows
from attribution.contributions.pieces import (
    Piece,
    Yardstick,
    less_benchmark,
    outside,
    pieces,
    require_against,
    weights_of_rows,
    yardstick,
)
from attribution.rows import AGAINST, CASH_AND_STOPPED, OTHER, SMALLEST_ERROR
from riskmodel.arrays.labels import require_flag
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.errors import InputError

NOT_INVESTED = 1 + OTHER.index(CASH_AND_STOPPED)  # places after the factors, in the rows of a factor cut
BLOCK = 16  # days of exposures times covariance that stay in the processor's cache


def contributions(cube: Cube, cuts: Sequence[Cut], *, absolute: bool = False, against: str = AGAINST[0]) -> pd.Series:
    """Linked contributions by any cuts.

    Parameters
    ----------
    cube
        A course's.
    cuts
        Words of `attribution.contributions.cuts.CUTS`, and ticker -> group.
    absolute
        Of the course's return (they sum to R) instead of its excess (R - B).
    against
        What the part of each name is measured against: the "benchmark" or "zero". It makes a difference to cuts by name,
        by groups of names and by sleeve, and none to absolute ones.

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
    C = sum over the cut of lambda_t c[t, i, k]. Without a factor in the cut c is l_it r_it - a_it B_t, observed; with one it
    comes from exposures and factor returns, so that the two check each other. docs/methodology/contributions.md.
    """
    require_flag("absolute", absolute)
    rows, by_factor = _rows(cube, cuts), splits_factors(cuts)
    measure, scale = _measure(cube, rows, absolute, against), coefficient(cube, absolute)
    values = [_sums(cube, rows, piece.scaled(scale), measure, by_factor) for piece in pieces(cube, rows, absolute)]
    return rows.series(np.stack(values), "contribution")


def standard_errors(cube: Cube, cuts: Sequence[Cut], *, absolute: bool = False, against: str = AGAINST[0]) -> pd.Series:
    """Standard errors of `contributions`, with the same arguments and index.

    Returns
    -------
    Series
        Decimals. What is observed has 0: a cut without a factor, unmodelled, proxy, cash in absolute cuts. Specific has the
        error of all factors together, through the same days and names.

    Notes
    -----
    Var(C) = sum_t lambda_t^2 z_t' Cov(f_t) z_t with z_t what the row has of each factor, l_it X_ik - a_it X_Bk over its
    names; days are independent. What is not invested has -a_c of the market, which is added to its covariance as one more
    factor. docs/methodology/standard_errors.md.
    """
    require_flag("absolute", absolute)
    require_against(against)
    rows = _rows(cube, cuts)
    variance = np.zeros(rows.shape)
    if splits_factors(cuts):
        measure, scale, covariance = (
            _measure(cube, rows, absolute, against),
            coefficient(cube, absolute),
            estimated_covariance(cube),
        )
        with one_blas_thread():  # threads cost more than they bring in products this thin
            for of_piece, piece in zip(variance, pieces(cube, rows, absolute), strict=True):
                _add_variances(of_piece, cube, rows, piece.scaled(scale), measure, covariance)
                _add_exposure_variances(of_piece, cube, rows, piece.scaled(scale), measure)
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


def top_with_errors(
    cube: Cube, n: int, cuts: Sequence[Cut], *, absolute: bool = False, against: str = AGAINST[0]
) -> pd.DataFrame:
    """The rows of `attribution.contributions.cuts.top` with their errors, as `with_t` shows them.

    Notes
    -----
    The rows of `(rest)` are correlated, so that its error is that of their sum: with v_t the sum over its rows of what a row
    has of each factor, z_k for factor k and -z for specific, Var = sum_t lambda_t^2 v_t' Cov(f_t) v_t.
    """
    whole = contributions(cube, cuts, absolute=absolute, against=against)
    errors = standard_errors(cube, cuts, absolute=absolute, against=against)
    shown = top(whole, n)
    error = errors.reindex(shown.index)
    if len(whole) > 2 * n:
        rest = ~whole.index.isin(shown.index[:-1])
        error.iloc[-1] = _error_of_sum(cube, cuts, rest, absolute, against) if splits_factors(cuts) else 0.0
    return with_t(shown, error)


def _error_of_sum(cube: Cube, cuts: Sequence[Cut], chosen: np.ndarray, absolute: bool, against: str) -> float:
    """Standard error of the sum of some rows of a cut by factor or group; `chosen` is in the order of the table."""
    rows, scale, exposures = _rows(cube, cuts), coefficient(cube, absolute), _exposures(cube)
    measure = _measure(cube, rows, absolute, against)
    place = rows.series(np.arange(np.prod(rows.shape)).reshape(rows.shape), "place").to_numpy()
    inside = np.zeros(len(place))
    inside[place[chosen]] = 1.0
    days, factors, assets = exposures.shape
    of_cells = inside.reshape(rows.shape)[:, rows.day.row][:, :, rows.stock.row[:assets]]
    of_factor, specific = _estimated_rows(rows, factors)
    held, errors = np.zeros((days, factors + 1)), cube.exposure_errors
    estimated = [] if errors is None else [cube.assets.get_loc(name) for name in errors.names]
    of_names = [np.zeros((days, factors)) for _ in estimated]
    for within, piece in zip(of_cells, pieces(cube, rows, absolute), strict=True):
        less_specific = within[..., of_factor] - within[..., specific, None]
        held[:, :factors] += np.einsum("tki,tik->tk", exposures * piece.live[:, None], less_specific[..., :factors])
        idle = piece.idle
        for own, column in zip(of_names, estimated, strict=True):
            own += piece.live[:, column, None] * less_specific[:, column, :factors]
        if measure is not None:
            taken = np.einsum("ti,tik->tk", piece.weight, less_specific[..., :factors])
            held[:, :factors] -= taken * measure.exposures
            for own, column in zip(of_names, estimated, strict=True):
                own -= taken * cube.live("benchmark")[:, column, None]
            idle = None if idle is None else idle - piece.weight * measure.idle[:, None]
        if idle is not None:
            moved = np.einsum("ti,tik->tk", idle, less_specific)
            held[:, cube.market] += moved[:, cube.market]
            held[:, factors] -= moved[:, factors]
    held *= scale[:, None]
    variance = where_known(lambda z, c: np.einsum("tk,tkl,tl->", z, c, z), held, estimated_covariance(cube))
    if errors is not None:
        linked = [own * scale[:, None] for own in of_names]
        variance = variance + variance_of_sum(errors, linked, cube.factor_return.to_numpy())
    return float(np.sqrt(variance.clip(min=0.0)))


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
        weights = weights_of_rows(cube, rows, "weight", absolute)
        return rows.series(np.stack([rows.summed(part)[..., None] / days for part in weights]), "weight")
    ones = np.ones((len(cube.days), len(factors)))
    exposures = []
    for piece in pieces(cube, rows, absolute)[: rows.shape[0]]:
        of_rows = _modelled(_exposures(cube), ones, piece.live, rows)
        if piece.idle is not None:
            of_rows[..., rows.factor.row[cube.market]] += rows.summed(piece.idle)
        exposures.append(of_rows / days)
    return rows.series(np.stack(exposures), "exposure")


def daily(
    cube: Cube, cuts: Sequence[Cut], *, absolute: bool = False, against: str = AGAINST[0]
) -> tuple[Layout, np.ndarray]:
    """Contributions of each day before linking, and their layout; values are (sleeve, time, stock, factor) of the layout."""
    rows, by_factor = _rows(cube, ["day", *cuts]), splits_factors(cuts)
    measure = _measure(cube, rows, absolute, against)
    return rows, np.stack([_sums(cube, rows, piece, measure, by_factor) for piece in pieces(cube, rows, absolute)])


def active_exposures(cube: Cube) -> np.ndarray:
    """Start-of-day active exposures to the factors, (time, factor): the market's without what is not invested."""
    live = less_benchmark(cube, "live", False)
    exposures: np.ndarray = (_exposures(cube) @ live[..., None])[..., 0]
    if cube.market is not None:
        weight = less_benchmark(cube, "weight", False)
        exposures[:, cube.market] += not_invested(cube.assets, weight, live).sum(axis=1)
    return exposures


def coefficient(cube: Cube, absolute: bool = False) -> np.ndarray:
    """Linking coefficients of the excess, or of the return, (time)."""
    return (cube.absolute_coefficient if absolute else cube.coefficient).to_numpy()


def estimated_returns(cube: Cube) -> np.ndarray:
    """Returns of the factors and, last, of the market once more, for what is not invested, (time, factor + 1)."""
    f = cube.factor_return.to_numpy()
    return np.column_stack([f, np.zeros(len(f)) if cube.market is None else f[:, cube.market]])


def estimated_covariance(cube: Cube) -> np.ndarray:
    """Covariance of the errors of `estimated_returns`, (time, factor + 1, factor + 1)."""
    covariance = cube.covariance.to_numpy()
    if cube.market is None:
        return np.pad(covariance, ((0, 0), (0, 1), (0, 1)))
    place = np.append(np.arange(covariance.shape[1]), cube.market)
    return covariance[:, place[:, None], place]


def _rows(cube: Cube, cuts: Sequence[Cut]) -> Layout:
    return layout(cube, cuts, factors=factor_rows(cube) if splits_factors(cuts) else [""])


def _measure(cube: Cube, rows: Layout, absolute: bool, against: str) -> Yardstick | None:
    """What is taken off each name's part; None where nothing is, or it cancels: active weights of all names sum to 0."""
    require_against(against)
    taken = against == AGAINST[0] and not absolute and (rows.stock.names or rows.sleeve.names)
    return yardstick(cube) if taken else None


def _exposures(cube: Cube) -> np.ndarray:
    return cube.exposure.to_numpy()


def _sums(cube: Cube, rows: Layout, piece: Piece, measure: Yardstick | None, by_factor: bool) -> np.ndarray:
    """Contributions (day, stock, factor) of the rows."""
    beside = piece.beside
    if not by_factor:
        earned = piece.live * cube.asset_return.to_numpy()
        if measure is not None:
            earned -= piece.weight * measure.returns[:, None]
        return rows.summed(np.column_stack([earned, beside]))[..., None]
    f = cube.factor_return.to_numpy()
    factors = f.shape[1]
    cells = np.empty((len(rows.day.codes), len(rows.stock.codes), len(rows.factor.row)))
    cells[..., :factors] = _modelled(_exposures(cube), f, piece.live, rows)
    for place, part in enumerate(outside(cube, piece.live), start=factors):
        cells[..., place] = rows.summed(part)
    for place in range(-beside.shape[1], 0):
        alone = np.zeros((len(beside), len(rows.stock.row)))
        alone[:, place] = beside[:, place]
        cells[..., place] = rows.summed(alone)
    if measure is not None:
        _take_off(cells, rows, rows.of_names(piece.weight), measure.rows)
    idle = _idle(rows, piece, measure)
    if idle is not None:
        moved = rows.day.summed(idle * f[:, cube.market, None], 0)
        cells[..., cube.market] += moved
        cells[..., factors + NOT_INVESTED] -= moved
    return rows.factor.summed(cells, 2)


def _take_off(cells: np.ndarray, rows: Layout, of_names: np.ndarray, returns: np.ndarray) -> None:
    """Subtract a_ts B_tk from cells (day, stock, factor): on each day a vector of names times one of rows."""
    if rows.day.whole:
        for place in range(cells.shape[2]):
            cells[..., place] -= of_names * returns[:, place, None]
    else:
        inside = rows.day.row == np.arange(len(rows.day.codes))[:, None]
        cells -= of_names.T @ (inside[:, :, None] * returns)


def _idle(rows: Layout, piece: Piece, measure: Yardstick | None) -> np.ndarray | None:
    """What of the rows is not invested, (time, stock), less the names' parts of what of the benchmark is not."""
    if piece.idle is None:
        return None
    idle = rows.of_names(piece.idle)
    return idle if measure is None else idle - rows.of_names(piece.weight) * measure.idle[:, None]


def _modelled(exposures: np.ndarray, scale: np.ndarray, weights: np.ndarray, rows: Layout) -> np.ndarray:
    """Sum of scale_tk a_ti X_tki over the rows of days and names, (day, stock, factor of the model)."""
    days, factors, assets = exposures.shape
    if not rows.stock.names:
        return rows.day.summed(((exposures @ weights[..., None])[..., 0] * scale)[:, None, :], 0)
    if rows.day.whole:
        out = np.empty((days, len(rows.stock.codes), factors))
        for factor in range(factors):
            product = exposures[:, factor] * weights * scale[:, factor, None]
            out[..., factor] = rows.stock.summed(rows.padded(product), 1)
        return out
    inside = rows.day.row == np.arange(len(rows.day.codes))[:, None]
    cells = np.empty((len(inside), factors, assets))
    with one_blas_thread():  # threads cost more than they bring in products this thin
        sum_days(exposures, weights, inside[:, :, None] * scale, None, cells, None)
    return rows.stock.summed(rows.padded(cells), 2).transpose(0, 2, 1)


def _estimated_rows(rows: Layout, factors: int) -> tuple[np.ndarray, int]:
    """The rows of the factors and, last, of what is not invested; and that of specific."""
    estimated = np.append(np.arange(factors), factors + NOT_INVESTED)
    return rows.factor.row[estimated], int(rows.factor.row[factors])


def _add_variances(
    variance: np.ndarray, cube: Cube, rows: Layout, piece: Piece, measure: Yardstick | None, covariance: np.ndarray
) -> None:
    """Add each day's variance to (day, stock, factor): of a row's factors together, and of all for specific."""
    exposures = _exposures(cube)
    factors = exposures.shape[1]
    of_factor, specific = _estimated_rows(rows, factors)
    together = of_factor[:, None] == of_factor
    alone = bool((together.sum(axis=0) == 1).all())
    member = (of_factor == np.arange(len(rows.factor.codes))[:, None]).astype(float)
    idle = _idle(rows, piece, measure)
    taken = None if measure is None else rows.of_names(piece.weight)
    for first in range(0, len(exposures), BLOCK):
        block = slice(first, first + BLOCK)
        z = np.zeros((len(exposures[block]), factors + 1, len(rows.stock.codes)))
        if rows.stock.names:
            z[:, :factors] = rows.stock.summed(rows.padded(exposures[block] * piece.live[block, None, :]), 2)
        else:
            z[:, :factors] = exposures[block] @ piece.live[block, :, None]
        if measure is not None and taken is not None:
            z[:, :factors] -= measure.exposures[block, :, None] * taken[block, None, :]
        own_factors = covariance[block, :factors, :factors]
        whole = where_known(lambda z, c: (z * (c @ z)).sum(axis=1), z[:, :factors], own_factors)
        if idle is not None:
            z[:, cube.market] += idle[block]
            z[:, factors] -= idle[block]
        of_row = where_known(  # (day of the block, factor row, stock)
            lambda z, c: member @ (z**2 * np.diagonal(c, axis1=1, axis2=2)[..., None] if alone else z * (c @ z)),
            z,
            np.where(together, covariance[block], 0.0),
        )
        of_row[:, specific] += whole
        days, starts = np.unique(rows.day.row[block], return_index=True)
        variance[days] += np.add.reduceat(of_row.transpose(0, 2, 1), starts, axis=0)


def _add_exposure_variances(variance: np.ndarray, cube: Cube, rows: Layout, piece: Piece, measure: Yardstick | None) -> None:
    """Add what exposures that are estimated are unsure of, those of benchmarks of which only returns are known."""
    errors, factors = cube.exposure_errors, len(cube.factors)
    if errors is None:
        return
    taken = None if measure is None else rows.of_names(piece.weight)
    held = []
    for name in errors.names:
        place = cube.assets.get_loc(name)
        own = np.zeros((len(piece.live), len(rows.stock.codes)))
        own[:, rows.stock.row[place]] += piece.live[:, place]
        held.append(own if taken is None else own - taken * cube.live("benchmark")[:, place, None])
    member = (rows.factor.row[:factors] == np.arange(len(rows.factor.codes))[:, None]).astype(float)
    variance += variances_of_rows(
        errors, held, cube.factor_return.to_numpy(), rows.day.row, member, int(rows.factor.row[factors])
    )
