"""What is nothing but rounding is none: the one rule for deviations, betas, drawdowns, active weights, and ratios."""

from __future__ import annotations

from typing import overload

import numpy as np
import pandas as pd

EPSILON = float(np.finfo(float).eps)
OF_TERMS = 64 * EPSILON  # a sum that is smaller than this share of its own terms
OF_LEVELS = 1024 * EPSILON  # a difference of levels: each is compounded or weighed from some tens of numbers of its size


@overload
def settled(values: float, scale: float, share: float = ...) -> float: ...
@overload
def settled(values: np.ndarray, scale: float | np.ndarray, share: float = ...) -> np.ndarray: ...
def settled(values: float | np.ndarray, scale: float | np.ndarray, share: float = OF_LEVELS) -> float | np.ndarray:
    """Differences of numbers as large as `scale`; 0 where they are rounding of those numbers.

    Parameters
    ----------
    values
        A number, or several; NaN stays.
    scale
        Size of what was subtracted: for returns the growth 1 + |r|, for weights their sum, for wealth 1.
    share
        Of the scale that rounding may come to: `OF_LEVELS` for returns, `OF_TERMS` for weights, which compound nothing.

    Notes
    -----
    0 where |x| <= share x scale, by default 1024 eps scale, eps the distance of 1 to the next number: 2.3e-13 of a return,
    8e-13 of a deviation of monthly returns a year. What moves less cannot be told from what does not move.

    Examples
    --------
    >>> settled(0.013 - 0.012 - 0.001, 1.0), settled(1e-9, 1.0)
    (0.0, 1e-09)
    """
    kept = np.where(np.abs(values) <= share * scale, 0.0, values)
    return float(kept) if np.ndim(kept) == 0 else kept


def growth(*returns: pd.Series | np.ndarray) -> float:
    """The scale of differences of returns: 1 and the largest of them in size; 1 where there are none.

    Examples
    --------
    >>> growth(pd.Series([0.1, -0.25]), np.array([0.5]))
    1.5
    """
    return 1.0 + max((float(np.nanmax(np.abs(side), initial=0.0)) for side in map(np.asarray, returns)), default=0.0)


def active(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Weights of one side less those of another, 0 where they differ by rounding: an index fund has no active weight.

    Examples
    --------
    >>> active(np.array([0.1 + 0.2, 0.7]), np.array([0.3, 0.6])).round(3).tolist()
    [0.0, 0.1]
    """
    return settled(own - other, np.abs(own) + np.abs(other), OF_TERMS)


def deviation(returns: pd.Series | np.ndarray, *, ddof: int = 1, scale: float | None = None) -> float:
    """Standard deviation of returns; 0 where it is rounding, NaN of fewer rows than `ddof` leaves.

    Parameters
    ----------
    returns
        Returns, or differences of returns.
    ddof
        The divisor is n - ddof.
    scale
        `growth` of what differences were made from; by default of the returns themselves.

    Examples
    --------
    >>> deviation(np.array([0.01, 0.01 + 1e-17, 0.01])), round(deviation(np.array([0.01, 0.03])), 4)
    (0.0, 0.0141)
    """
    values = np.asarray(returns, float)
    if len(values) <= ddof:
        return float("nan")
    return settled(float(values.std(ddof=ddof)), growth(values) if scale is None else scale)


def over(numerator: float, denominator: float) -> float:
    """A ratio; NaN over nothing.

    Examples
    --------
    >>> over(1.0, 4.0), over(1.0, 0.0)
    (0.25, nan)
    """
    return float(numerator / denominator) if denominator else float("nan")
