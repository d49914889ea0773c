"""How much of a best figure is owed to the search for it: the deflated Sharpe ratio, the probability of over-fitting."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtr, ndtri

from attribution.construction.search.figures import Sums, figure
from riskmodel.arrays.rounding import OF_TERMS, settled
from riskmodel.errors import InputError

BLOCKS = 12  # of the periods in the cross-validation: 924 ways to take half of them
TIED = 1e-12  # figures of equal records differ by so little
WORST = -1e300
BLOCK_CELLS = 2**22  # trials times splits that are held at once


def expected_maximum(trials: float, variance: float, mean: float = 0.0) -> float:
    """The Sharpe ratio that the best of some independent trials without any skill is expected to have.

    Parameters
    ----------
    trials
        How many; at least 1.
    variance, mean
        Of the Sharpe ratios of such trials.

    Notes
    -----
    E[max] = m + sqrt(V) [(1 - g) Z^-1(1 - 1/N) + g Z^-1(1 - 1/(N e))] with g Euler's constant and Z the normal
    distribution; m for one trial. Bailey & Lopez de Prado (2014), The deflated Sharpe ratio, J. Portfolio Management
    40(5), eq. 1.

    Examples
    --------
    >>> round(expected_maximum(100, 1 / 2 / 250), 4)
    0.1132
    """
    if trials <= 1:
        return mean
    beyond = (1 - np.euler_gamma) * ndtri(1 - 1 / trials) + np.euler_gamma * ndtri(1 - 1 / (trials * np.e))
    return float(mean + variance**0.5 * max(beyond, 0.0))


def deflated_sharpe_ratio(
    sharpe: float, *, benchmark: float, periods: int, skewness: float = 0.0, kurtosis: float = 3.0
) -> float:
    """The probability that a Sharpe ratio is above what the search alone would have brought.

    Parameters
    ----------
    sharpe
        Of the best trial, of a period (not annualised).
    benchmark
        From `expected_maximum`, of a period too.
    periods
        How many returns it is of.
    skewness, kurtosis
        Of these returns; 3 is the kurtosis of a normal distribution.

    Notes
    -----
    Z[(SR - SR0) sqrt(T - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)]. Bailey & Lopez de Prado (2014), eq. 2.

    Examples
    --------
    Their example: 2.5 a year in 1,250 days, the best of 100 independent trials with a variance of 1/2 a year.

    >>> beside = expected_maximum(100, 1 / 2 / 250)
    >>> shape = {"periods": 1250, "skewness": -3, "kurtosis": 10}
    >>> round(deflated_sharpe_ratio(2.5 / 250**0.5, benchmark=beside, **shape), 4)
    0.9004
    """
    spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    return float(ndtr((sharpe - benchmark) * (periods - 1) ** 0.5 / max(spread, 0.0) ** 0.5)) if spread > 0 else float("nan")


def effective_trials(returns: np.ndarray, trials: int | None = None) -> float:
    """How many independent trials some that resemble each other are worth.

    Parameters
    ----------
    returns
        (trial, period).
    trials
        How many there were in all, where more than those whose returns are at hand.

    Notes
    -----
    N = c + (1 - c) M with c the mean correlation of pairs, 0 where it is negative. Bailey & Lopez de Prado (2014), appendix
    A.3. With z the standardised returns, the mean over pairs is (|sum z|^2 - M) / (M (M - 1)).

    Examples
    --------
    >>> alike = np.array([[0.01, -0.02, 0.03], [0.01, -0.02, 0.03]])
    >>> round(effective_trials(alike), 6), round(effective_trials(alike, 10), 6)
    (1.0, 1.0)
    """
    number = len(returns) if trials is None else trials
    size = np.sqrt((returns**2).mean(axis=1))
    spread = returns.std(axis=1)
    moving = settled(spread, size, OF_TERMS**0.5) > 0
    if moving.sum() < 2:
        return float(number)
    total = np.zeros(returns.shape[1])
    for some in np.array_split(np.flatnonzero(moving), max(1, returns.size // BLOCK_CELLS)):
        total += ((returns[some] - returns[some].mean(axis=1, keepdims=True)) / spread[some, None]).sum(axis=0)
    several = int(moving.sum())
    correlation = ((total**2).mean() - several) / (several * (several - 1))
    correlation = min(max(float(correlation), 0.0), 1.0)
    return correlation + (1 - correlation) * number


@dataclass(frozen=True)
class Overfitting:
    """What cross-validation says of choosing the best trial.

    Attributes
    ----------
    probability
        Share of the splits in which the best of one half is at or below the median of the other.
    logits
        (split) log(w / (1 - w)) with w the relative rank of the best of one half in the other.
    chosen
        (split) which trial was the best of one half.
    inside, outside
        (split) its figure there, and in the other half.
    """

    probability: float
    logits: np.ndarray
    chosen: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


def overfitting_probability(sums: Sums, name: str, a_year: float) -> Overfitting:
    """Combinatorially symmetric cross-validation of the choice of the best trial.

    Parameters
    ----------
    sums
        Of an even number of blocks of periods, in the order of time and as equally long as they can be.
    name
        A figure of `FIGURES`; a trial without one (a ratio over nothing) counts as the worst.
    a_year
        Periods of a year.

    Returns
    -------
    Overfitting

    Raises
    ------
    InputError
        For an odd number of blocks.

    Notes
    -----
    Of S blocks each half J is taken once, its complement is the other. With n the best trial in J, w = rank_n / (N + 1) its
    rank in the complement (1 the worst, ties shared), l = log(w / (1 - w)); PBO = share of l <= 0. Bailey, Borwein,
    Lopez de Prado & Zhu (2017), The probability of backtest overfitting, J. Computational Finance 20(4), section 2.2.
    Within one sample the halves lean against each other: what earned more than its mean in one earned less in the other, so
    that of trials without any skill it is above one half; read it beside the walk forward.
    """
    blocks = len(sums.periods)
    if blocks % 2:
        raise InputError(f"blocks: {blocks}; take an even number of them, so that there are halves.")
    columns = list(combinations(range(blocks), blocks // 2))
    halves = np.zeros((blocks, len(columns)))
    halves[np.array(columns).T, np.arange(len(columns))] = 1.0
    number = sums.total.shape[0]
    parts = [
        _split(sums, name, a_year, half)
        for half in np.array_split(halves, max(1, min(len(columns), number * len(columns) // BLOCK_CELLS)), axis=1)
    ]
    chosen, inside, outside, rank = (np.concatenate(each) for each in zip(*parts, strict=True))
    share = rank / (number + 1)
    logits = np.log(share / (1 - share))
    return Overfitting(float((logits <= 0).mean()), logits, chosen, inside, outside)


def _split(sums: Sums, name: str, a_year: float, half: np.ndarray) -> tuple[np.ndarray, ...]:
    inside, outside = (ranked(figure(name, sums.over(sets), a_year)) for sets in (half, 1 - half))
    chosen = inside.argmax(axis=0)
    split = np.arange(half.shape[1])
    there = outside[chosen, split]
    near = np.abs(outside - there) <= TIED * np.maximum(np.abs(there), 1.0)
    rank = ((outside < there) & ~near).sum(axis=0) + (near.sum(axis=0) + 1) / 2
    return chosen, inside[chosen, split], there, rank


def ranked(figures: np.ndarray) -> np.ndarray:
    """Figures by which trials are compared: what has none is the worst."""
    return np.where(np.isnan(figures), WORST, figures)
