"""Totals that compound by themselves: Davies-Laker's notional funds and geometric (Bacon/Burnie) excess."""

from __future__ import annotations

import numpy as np
import xarray as xr

from attribution.linking.labelled import Given, aligned_returns
from attribution.linking.linking import compounded_excess
from riskmodel.arrays.labels import places
from riskmodel.errors import InputError, counted, listed


def davies_laker(
    portfolio_returns: Given,
    benchmark_returns: Given,
    allocation_returns: Given,
    selection_returns: Given,
    *,
    dim: str = "time",
) -> xr.DataArray:
    """Allocation, selection and interaction of a period from four funds that compound.

    Parameters
    ----------
    portfolio_returns, benchmark_returns
        (time[, portfolio]) R_t and B_t, decimals.
    allocation_returns
        N_t = sum w_p r_b: the portfolio's weights in the benchmark's segments.
    selection_returns
        Q_t = sum w_b r_p: the benchmark's weights in the portfolio's segments.
    dim
        Dimension of the days.

    Returns
    -------
    DataArray
        (effect[, portfolio]): allocation N - B, selection Q - B, interaction R - Q - N + B, of compounded returns. They sum
        to R - B. The method has no effects by segment.

    Raises
    ------
    InputError
        For labels that do not match and returns that are missing, infinite or below -1.

    Notes
    -----
    Davies & Laker (2001), "Multiple-period performance attribution using the Brinson model", Journal of Performance
    Measurement 6(1). Differences of compounded returns are taken as in `attribution.linking.compounded_excess`.

    Examples
    --------
    >>> days = {name: xr.DataArray(values, dims="time") for name, values in
    ...         {"R": [0.10, 0.02], "B": [0.05, 0.01], "N": [0.06, 0.02], "Q": [0.08, 0.01]}.items()}
    >>> davies_laker(days["R"], days["B"], days["N"], days["Q"]).round(4).to_series().to_dict()
    {'allocation': 0.0207, 'selection': 0.0303, 'interaction': 0.0105}
    """
    sides = aligned_returns(
        dim,
        portfolio_returns=portfolio_returns,
        benchmark_returns=benchmark_returns,
        allocation_returns=allocation_returns,
        selection_returns=selection_returns,
    )
    portfolio, benchmark, allocation, selection = (side.to_numpy() for side in sides)
    allocated = compounded_excess(allocation, benchmark)
    parts = {
        "allocation": allocated,
        "selection": compounded_excess(selection, benchmark),
        "interaction": compounded_excess(portfolio, selection) - allocated,
    }
    return _by_effect(parts, sides[0].isel({dim: 0}, drop=True))


def geometric_days(
    portfolio_returns: Given, benchmark_returns: Given, allocation_returns: Given, *, dim: str = "time"
) -> xr.DataArray:
    """Geometric allocation and selection of each day.

    Parameters
    ----------
    portfolio_returns, benchmark_returns
        (time[, portfolio]) R_t and B_t, decimals.
    allocation_returns
        N_t = sum w_p r_b, the semi-notional fund.
    dim
        Dimension of the days.

    Returns
    -------
    DataArray
        (effect, time[, portfolio]): allocation A_t and selection S_t.

    Raises
    ------
    InputError
        Where 1 + R_t, 1 + B_t or 1 + N_t is not positive (the side and its days are named), or labels do not match.

    Notes
    -----
    A_t = (1 + N_t) / (1 + B_t) - 1, S_t = (1 + R_t) / (1 + N_t) - 1, so (1 + A_t)(1 + S_t) = (1 + R_t) / (1 + B_t). By
    segment they are (w_p - w_b) [(1 + r_b) / (1 + B) - 1] and w_p (r_p - r_b) / (1 + N), which sum to them. Bacon (2008),
    chapter 5.

    Examples
    --------
    >>> portfolio, benchmark, notional = (xr.DataArray([r], dims="time") for r in (0.083, 0.064, 0.052))
    >>> geometric_days(portfolio, benchmark, notional).round(4).values[:, 0]
    array([-0.0113,  0.0295])
    """
    sides = _positive(dim, portfolio_returns, benchmark_returns, allocation_returns)
    portfolio, benchmark, notional = (side.to_numpy() for side in sides)
    parts = {"allocation": (notional - benchmark) / (1 + benchmark), "selection": (portfolio - notional) / (1 + notional)}
    return _by_effect(parts, sides[0])


def geometric_link(
    portfolio_returns: Given, benchmark_returns: Given, allocation_returns: Given, *, dim: str = "time"
) -> xr.DataArray:
    """Geometric allocation and selection of the period: each compounds by itself.

    Parameters
    ----------
    portfolio_returns, benchmark_returns, allocation_returns, dim
        As for `geometric_days`.

    Returns
    -------
    DataArray
        (effect[, portfolio]): A = prod(1 + A_t) - 1 and S = prod(1 + S_t) - 1, with (1 + A)(1 + S) = (1 + R) / (1 + B).

    Raises
    ------
    InputError
        As for `geometric_days`.

    Notes
    -----
    Bacon (2008), chapter 8, table 8.6. Only totals compound: products of days' segments leave cross terms, and no split of
    them over segments is unique.

    Examples
    --------
    >>> portfolio, benchmark, notional = (xr.DataArray(r, dims="time") for r in ([0.1, 0.0], [0.0, 0.0], [0.1, -0.5]))
    >>> geometric_link(portfolio, benchmark, notional).round(4).values
    array([-0.45,  1.  ])
    """
    days = geometric_days(portfolio_returns, benchmark_returns, allocation_returns, dim=dim)
    compounded = np.expm1(np.log1p(days.to_numpy()).sum(axis=days.dims.index(dim)))
    return days.isel({dim: 0}, drop=True).copy(data=compounded)


def geometric_excess(portfolio_returns: Given, benchmark_returns: Given, *, dim: str = "time") -> xr.DataArray:
    """Geometric excess return of the period, (1 + R) / (1 + B) - 1.

    Parameters
    ----------
    portfolio_returns, benchmark_returns, dim
        As for `geometric_days`.

    Returns
    -------
    DataArray
        ([portfolio]).

    Raises
    ------
    InputError
        As for `geometric_days`.

    Examples
    --------
    >>> portfolio, benchmark = xr.DataArray([0.1, 0.2], dims="time"), xr.DataArray([0.0, 0.1], dims="time")
    >>> float(geometric_excess(portfolio, benchmark).round(6))
    0.2
    """
    portfolio, benchmark, _ = _positive(dim, portfolio_returns, benchmark_returns, 0.0)
    relative = ((portfolio - benchmark) / (1 + benchmark)).to_numpy()
    return portfolio.isel({dim: 0}, drop=True).copy(data=np.expm1(np.log1p(relative).sum(axis=0)))


def _positive(dim: str, portfolio: Given, benchmark: Given, allocation: Given | float) -> list[xr.DataArray]:
    given = {"portfolio_returns": portfolio, "benchmark_returns": benchmark, "allocation_returns": allocation}
    sides = aligned_returns(dim, **given)
    for name, side in zip(given, sides, strict=True):
        lost = side <= -1
        if lost.any():
            raise InputError(
                f"geometric linking: {name} of -100 % on {counted(int(lost.sum()), 'day')}: {listed(places(lost))}; "
                f"1 + r must be positive on every side. Method grap needs no ratio."
            )
    return sides


def _by_effect(parts: dict[str, np.ndarray], like: xr.DataArray) -> xr.DataArray:
    coords = {**like.coords, "effect": list(parts)}
    return xr.DataArray(np.stack(list(parts.values())), coords, ("effect", *like.dims))
