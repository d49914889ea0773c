"""Daily contributions -> the period's: one coefficient a day, the same for every cell."""

from __future__ import annotations

import numpy as np

from riskmodel.errors import InputError, counted


def compound(returns: np.ndarray) -> float:
    """Compounded return, prod(1 + r_t) - 1."""
    return float(np.prod(1 + returns) - 1)


def carino(portfolio: np.ndarray, benchmark: np.ndarray) -> np.ndarray:
    """Coefficients that make daily contributions to R_t - B_t add to the compounded R - B.

    Parameters
    ----------
    portfolio, benchmark
        (time) daily returns, decimals. With `benchmark` zero the coefficients link contributions to the return itself.

    Returns
    -------
    ndarray
        (time), lambda_t = k(R_t, B_t) / k(R, B).

    Raises
    ------
    InputError
        For a return of -100 % or less: the logarithm has no value there.

    Notes
    -----
    k(r, b) = [ln(1 + r) - ln(1 + b)] / (r - b), and 1 / (1 + b) in the limit r = b. Carino (1999), "Combining attribution
    effects over time", Journal of Performance Measurement 3(4).

    Examples
    --------
    >>> daily = np.array([0.02, -0.01]), np.array([0.01, 0.0])
    >>> coefficient = carino(*daily)
    >>> total = (coefficient * (daily[0] - daily[1])).sum()
    >>> bool(abs(total - (compound(daily[0]) - compound(daily[1]))) < 1e-15)
    True
    """
    lost = int((np.minimum(portfolio, benchmark) <= -1).sum())
    if lost:
        raise InputError(
            f"Carino linking: {counted(lost, 'day')} with a return of -100 % or less; the logarithm has no value there."
        )
    whole = _log_ratio(np.array([compound(portfolio)]), np.array([compound(benchmark)]))
    return np.asarray(_log_ratio(portfolio, benchmark) / whole)


def _log_ratio(r: np.ndarray, b: np.ndarray) -> np.ndarray:
    """k(r, b), which is symmetric: taken from the lower side, where the logarithm's argument is never near zero."""
    low = np.minimum(r, b)
    relative = np.abs(r - b) / (1 + low)
    safe = np.where(relative == 0, 1.0, relative)
    return np.where(relative == 0, 1.0, np.log1p(safe) / safe) / (1 + low)
