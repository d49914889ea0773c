"""Daily contributions -> the period's: one coefficient a day, the same for every cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.identities import TOLERANCE, ReconciliationError
from attribution.linking.labelled import Given, aligned_effects, aligned_returns, require_sums
from attribution.linking.methods import DAY_SCALING, DEFAULT_LINK
from riskmodel.arrays.labels import places
from riskmodel.errors import InputError, counted, listed


def link(
    effects: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_returns: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_returns: xr.DataArray | pd.DataFrame | pd.Series | float,
    *,
    method: str = DEFAULT_LINK,
    dim: str = "time",
    tolerance: float = TOLERANCE,
) -> xr.DataArray:
    """Effects of days -> effects of the period, which sum to the compounded excess return.

    Parameters
    ----------
    effects
        (time, ...) decimals, any dimensions. Over those that the returns do not have, they sum to R_t - B_t on each day.
    portfolio_returns, benchmark_returns
        (time) or (time, portfolio) returns R_t and B_t, decimals; with a `portfolio` dimension the effects have it too, and
        each portfolio is linked by its own coefficients. `benchmark_returns` may be 0.0: the contributions are then absolute
        and sum to R. A DataFrame or Series has days in its rows.
    method
        "carino", "menchero", "grap" or "frongello"; see `coefficients`.
    dim
        Dimension of the days. Dates must increase, as text too (2024-02, Feb 2024, Q1 2024); other labels, and those that
        could be more dates than one, stand in the order of `portfolio_returns`.
    tolerance
        By how much the effects of a day may miss its excess, times the gross effects of the day where those pass 1.

    Returns
    -------
    DataArray
        The effects without `dim`, their other dimensions in order.

    Raises
    ------
    InputError
        Where effects of a day do not sum to its excess (the days are named), labels do not match, a number is missing,
        infinite or a return below -1, or the method has no meaning for the returns.

    Notes
    -----
    E_j = sum_t lambda_t e_jt; sum_j E_j = R - B because sum_t lambda_t (R_t - B_t) = R - B for each method.

    Examples
    --------
    >>> effects = xr.DataArray([[0.05, 0.05], [0.02, 0.03]], {"effect": ["allocation", "selection"]}, ("time", "effect"))
    >>> portfolio, benchmark = xr.DataArray([0.2, 0.1], dims="time"), xr.DataArray([0.1, 0.05], dims="time")
    >>> link(effects, portfolio, benchmark, method="frongello").round(4).to_series().to_dict()
    {'allocation': 0.0765, 'selection': 0.0885}
    """
    portfolio, benchmark = aligned_returns(dim, portfolio_returns=portfolio_returns, benchmark_returns=benchmark_returns)
    scale = _coefficients(portfolio, benchmark, method)
    cells = aligned_effects(effects, portfolio, dim=dim)
    require_sums(cells, portfolio - benchmark, tolerance=tolerance)
    linked = xr.dot(cells, scale, dim=dim)
    _require_closed(linked, cells, scale, portfolio, benchmark, dim=dim, tolerance=tolerance)
    return linked


def coefficients(
    portfolio_returns: Given, benchmark_returns: Given | float, *, method: str = DEFAULT_LINK, dim: str = "time"
) -> xr.DataArray:
    """The number that multiplies everything of a day, so that days add to the compounded R - B.

    Parameters
    ----------
    portfolio_returns, benchmark_returns, dim
        As for `link`.
    method
        "carino" and "menchero" do not depend on the order of days; "grap" does, and "frongello" is its other name.

    Returns
    -------
    DataArray
        (time[, portfolio]) lambda_t.

    Raises
    ------
    InputError
        For an unknown method, returns that do not match or are unfit, and for Carino a return of -100 %.

    Notes
    -----
    With a_t = R_t - B_t, R and B compounded over T days:

    - Carino (1999): k(R_t, B_t) / k(R, B), k(r, b) = [ln(1 + r) - ln(1 + b)] / (r - b), 1 / (1 + r) in the limit r = b.
    - Menchero (2000): M + a_t (R - B - M sum a) / sum a^2, M = [(R - B) / T] / [(1 + R)^(1/T) - (1 + B)^(1/T)], which tends
      to (1 + R)^((T-1)/T) as B does to R. Where every a_t is zero, so is the correction.
    - GRAP (1997), the closed form of Frongello (2002): prod_{s<t} (1 + R_s) prod_{s>t} (1 + B_s).

    Every difference of compounded returns is taken as sum_t GRAP_t a_t, so a tiny excess keeps its digits.

    Examples
    --------
    >>> portfolio, benchmark = xr.DataArray([0.2, -0.1], dims="time"), xr.DataArray([0.0, 0.08], dims="time")
    >>> coefficients(portfolio, benchmark, method="menchero").round(4).values
    array([0.9818, 1.0909])
    """
    portfolio, benchmark = aligned_returns(dim, portfolio_returns=portfolio_returns, benchmark_returns=benchmark_returns)
    return _coefficients(portfolio, benchmark, method)


def _coefficients(portfolio: xr.DataArray, benchmark: xr.DataArray, method: str) -> xr.DataArray:
    if method not in _SCALES:
        totals = {"davies-laker": "davies_laker", "geometric": "geometric_link"}
        cure = f" For its totals use attribution.linking.totals.{totals[method]}." if method in totals else ""
        raise InputError(f"method '{method}': the methods that scale days are {', '.join(DAY_SCALING)}.{cure}")
    if _SCALES[method] is _carino:
        _require_logarithms(portfolio_returns=portfolio, benchmark_returns=benchmark)
    scale = _SCALES[method](portfolio.to_numpy(), benchmark.to_numpy())
    return xr.DataArray(scale, portfolio.coords, portfolio.dims, name="coefficient")


def frongello_increments(
    effects: Given,
    portfolio_returns: Given,
    benchmark_returns: Given | float,
    *,
    dim: str = "time",
    tolerance: float = TOLERANCE,
) -> xr.DataArray:
    """What each day adds to the linked effects: running sums are the period to date, which no later day changes.

    Parameters
    ----------
    effects, portfolio_returns, benchmark_returns, dim, tolerance
        As for `link`.

    Returns
    -------
    DataArray
        F_t, with the dimensions of `effects`, days in the order of `portfolio_returns`. Its sum over days is
        `link(..., method="frongello")`.

    Raises
    ------
    InputError
        As for `link`.

    Notes
    -----
    F_t = e_t prod_{s<t} (1 + R_s) + B_t sum_{s<t} F_s. Frongello (2002), "Attribution linking: proofed and clarified",
    Journal of Performance Measurement 7(1).

    Examples
    --------
    >>> effects = xr.DataArray([[0.05, 0.05], [0.02, 0.03]], {"effect": ["allocation", "selection"]}, ("time", "effect"))
    >>> portfolio, benchmark = xr.DataArray([0.2, 0.1], dims="time"), xr.DataArray([0.1, 0.05], dims="time")
    >>> frongello_increments(effects, portfolio, benchmark).round(4).values
    array([[0.05  , 0.05  ],
           [0.0265, 0.0385]])
    """
    portfolio, benchmark = aligned_returns(dim, portfolio_returns=portfolio_returns, benchmark_returns=benchmark_returns)
    cells = aligned_effects(effects, portfolio, dim=dim)
    require_sums(cells, portfolio - benchmark, tolerance=tolerance)
    increments = (cells * portfolio.copy(data=_before(portfolio.to_numpy()))).transpose(dim, ...)
    earned = increments.to_numpy()
    returns = benchmark.transpose(*[d for d in increments.dims if d in benchmark.dims]).to_numpy()
    returns = returns.reshape([n if d in benchmark.dims else 1 for d, n in increments.sizes.items()])
    so_far = np.zeros(earned.shape[1:])
    for day in range(len(earned)):  # a recursion: its closed form divides by 1 + B_s, which may be zero
        earned[day] += returns[day] * so_far
        so_far += earned[day]
    return increments.copy(data=earned).transpose(*cells.dims)


def compound(returns: np.ndarray) -> float:
    """Compounded return, prod(1 + r_t) - 1."""
    return float(np.prod(1 + returns) - 1)


def compounded_excess(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """R - B of (time, ...) returns, exact in relative terms where days' excesses have one sign.

    Notes
    -----
    R - B = sum_t prod_{s<t} (1 + R_s) (R_t - B_t) prod_{s>t} (1 + B_s): the sum telescopes. The plain difference of two
    compounded returns loses the digits that they share.

    Examples
    --------
    >>> float(compounded_excess(np.array([0.3, 1e-20]), np.array([0.3, 0.0])))
    1.3e-20
    """
    return np.asarray((_grap(portfolio, benchmark) * (portfolio - benchmark)).sum(axis=0))


def _carino(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    growth = np.minimum(np.prod(1 + portfolio, axis=0), np.prod(1 + benchmark, axis=0))
    whole = _log_ratio(compounded_excess(portfolio, benchmark), growth)
    return np.asarray(_log_ratio(portfolio - benchmark, 1 + np.minimum(portfolio, benchmark)) / whole)


def _log_ratio(excess: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """k(r, b) from r - b and the lower of 1 + r and 1 + b, where the logarithm's argument is never near zero."""
    relative = np.abs(excess) / growth
    safe = np.where(relative == 0, 1.0, relative)
    return np.where(relative == 0, 1.0, np.log1p(safe) / safe) / growth


def _menchero(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    days = len(portfolio)
    excess, telescope = portfolio - benchmark, _grap(portfolio, benchmark)
    growth = np.maximum(np.prod(1 + portfolio, axis=0), np.prod(1 + benchmark, axis=0))
    total = np.abs((telescope * excess).sum(axis=0))
    # M with h = the higher growth and d = |R - B| / h: h^((T-1)/T) (d / T) / [1 - (1 - d)^(1/T)], free of cancellation
    distance = np.minimum(total / np.where(growth == 0, 1.0, growth), 1.0)
    with np.errstate(divide="ignore"):  # a side lost everything: (1 - d)^(1/T) is 0
        step = -np.expm1(np.log1p(-distance) / days)
    mean = growth ** ((days - 1) / days) * np.where(step == 0, 1.0, distance / np.where(step == 0, 1.0, days * step))
    largest = np.abs(excess).max(axis=0)
    unit = excess / np.where(largest == 0, 1.0, largest)  # squares of tiny excesses would underflow
    # R - B - M sum a = sum (GRAP_t - M) a_t
    slope = ((telescope - mean) * unit).sum(axis=0) / np.maximum((unit**2).sum(axis=0), 1.0)
    return np.asarray(mean + slope * unit)


def _grap(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    return _before(portfolio) * _before(benchmark[::-1])[::-1]


def _before(returns: np.ndarray) -> np.ndarray:
    """prod_{s<t} (1 + r_s), (time, ...)."""
    growth = np.ones_like(returns)
    np.cumprod(1 + returns[:-1], axis=0, out=growth[1:])
    return growth


_SCALES = {"carino": _carino, "menchero": _menchero, "grap": _grap, "frongello": _grap}  # a test holds: DAY_SCALING


def _require_logarithms(**sides: xr.DataArray) -> None:
    """Refuse returns of -100 % by name, and returns that compound to it."""
    lost = np.logical_or.reduce([side.to_numpy() <= -1 for side in sides.values()])
    if lost.any():
        named = (f"{place} in {name}" for name, side in sides.items() for place in places(side <= -1))
        raise InputError(
            f"Carino linking: {counted(int(lost.sum()), 'day')} with a return of -100 % or less: {listed(named)}; the "
            f"logarithm has no value there. Methods menchero, grap and frongello need none."
        )
    for name, side in sides.items():
        if (np.prod(1 + side.to_numpy(), axis=0) == 0).any():
            raise InputError(f"Carino linking: {name} compound to -100 %; the logarithm has no value there.")


def _require_closed(
    linked: xr.DataArray,
    cells: xr.DataArray,
    scale: xr.DataArray,
    portfolio: xr.DataArray,
    benchmark: xr.DataArray,
    *,
    dim: str,
    tolerance: float,
) -> None:
    """The linked effects sum to R - B, within 1e-12 and what `tolerance` let each day miss."""
    whole = [d for d in portfolio.dims if d != dim]
    excess = portfolio.isel({dim: 0}, drop=True).copy(data=compounded_excess(portfolio.to_numpy(), benchmark.to_numpy()))
    over = [d for d in linked.dims if d not in whole]
    gap = abs(linked.sum(over) - excess).compute()
    if (gap <= TOLERANCE).all():
        return
    gross = abs(cells).sum([d for d in cells.dims if d not in portfolio.dims]).compute()
    allowed = (abs(scale) * gross.clip(min=1.0) * max(tolerance, TOLERANCE)).sum(dim) + TOLERANCE
    if not (gap <= allowed).all():
        raise ReconciliationError(f"linked effects miss the excess return R - B by {float(gap.max()):.3g}.")
