"""How far a figure might have been another: the stationary bootstrap of its periods."""

from __future__ import annotations

import numpy as np

from attribution.construction.search.figures import Sums, figure

DRAWS = 2000
TAIL = 0.025  # on either side of an interval


def stationary_counts(periods: int, draws: int, block: float, random: np.random.Generator) -> np.ndarray:
    """How often each period is drawn, (period, draw): runs of random length, wrapped at the end.

    Parameters
    ----------
    periods
        Of the record.
    draws
        Records that are drawn, each as long.
    block
        Mean length of a run; lengths are geometric.
    random
        From a seed.

    Notes
    -----
    Politis & Romano (1994), The stationary bootstrap, JASA 89. Figures that are made of sums ask only for counts.

    Examples
    --------
    >>> stationary_counts(4, 3, 2.0, np.random.default_rng(0)).sum(axis=0).tolist()
    [4.0, 4.0, 4.0]
    """
    begins = random.random((draws, periods)) < 1 / block
    begins[:, 0] = True
    place = np.arange(periods)
    since = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    start = np.take_along_axis(random.integers(periods, size=(draws, periods)), since, axis=1)
    drawn = (start + place - since) % periods
    cells = drawn + periods * np.arange(draws)[:, None]
    return np.bincount(cells.ravel(), minlength=draws * periods).reshape(draws, periods).T.astype(float)


def bootstrap_interval(
    returns: np.ndarray, risk_free: np.ndarray, benchmark: np.ndarray, name: str, a_year: float, *, seed: int
) -> tuple[float, float]:
    """Where 95 % of the figures of records drawn from this one lie.

    Parameters
    ----------
    returns, risk_free, benchmark
        (period) of one trial and beside it, decimals; days with the same place are drawn together.
    name, a_year
        A figure of `FIGURES`, and periods of a year.
    seed
        Of the draws.

    Returns
    -------
    tuple
        Lower and upper end; NaN where draws have no figure.

    Notes
    -----
    `DRAWS` draws in runs of n^(1/3) periods on average, the order at which the error is least (Politis & White 2004). Of the
    best trial the interval says nothing of the search for it: it is around a figure that was chosen for being high.
    """
    periods = len(returns)
    counts = stationary_counts(periods, DRAWS, max(1.0, periods ** (1 / 3)), np.random.default_rng(seed))
    drawn = figure(name, Sums.of(returns[None], risk_free, benchmark, counts), a_year)[0]
    lower, upper = np.quantile(drawn, [TAIL, 1 - TAIL])
    return float(lower), float(upper)
