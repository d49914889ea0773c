"""Portfolios that test a forecast, known at the close: random, sector, eigenfactor and optimised ones; and their risk.

Arrays are (day, portfolio, asset) weights, (day, factor, asset) exposures, (day, factor, factor) covariances and (day,
asset) the rest; an asset without a place in the day's market has cap 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np

from riskmodel.arrays.rounding import EPSILON


def asset_draws(assets: Iterable[object], portfolios: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A uniform rank and a standard normal alpha for each asset in each portfolio, (portfolio, asset) both.

    An asset's draws depend on its label and the seed alone, not on its place nor on which other assets there are.

    Examples
    --------
    >>> one, other = asset_draws(["A", "B"], 1, seed=0)[0], asset_draws(["B", "A"], 1, seed=0)[0]
    >>> one[0].tolist() == other[0, ::-1].tolist()
    True
    """
    streams = [np.random.default_rng([seed, crc32(str(asset).encode())]) for asset in assets]
    ranks = np.stack([stream.random(portfolios) for stream in streams], axis=1)
    alphas = np.stack([stream.standard_normal(portfolios) for stream in streams], axis=1)
    return ranks, alphas


def random_weights(cap: np.ndarray, ranks: np.ndarray, names: int) -> np.ndarray:
    """Cap weights of the `names` assets of lowest rank among those of the day; of all, where there are fewer.

    Parameters
    ----------
    cap
        (day, asset), 0 for what cannot be held.
    ranks
        (portfolio, asset), unlike within a portfolio.

    Returns
    -------
    ndarray
        (day, portfolio, asset), summing to one. A name stays drawn as long as it can be held.

    Examples
    --------
    >>> random_weights(np.array([[1.0, 3.0, 0.0, 9.0]]), np.array([[0.1, 0.2, 0.3, 0.4]]), 2)
    array([[[0.25, 0.75, 0.  , 0.  ]]])
    """
    rank = np.where(cap[:, None, :] > 0, ranks, np.inf)
    if names < cap.shape[1]:
        last = np.partition(rank, names - 1, axis=2)[:, :, names - 1 : names]
        rank = np.where(rank <= last, rank, np.inf)
    return scaled_to_one(np.where(np.isfinite(rank), cap[:, None, :], 0.0))


def scaled_to_one(weights: np.ndarray) -> np.ndarray:
    """Weights divided by their sum over assets; NaN where that is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def portfolio_volatility(
    weights: np.ndarray,
    exposures: np.ndarray,
    covariance: np.ndarray,
    variance: np.ndarray,
    linked: Sequence[tuple[np.ndarray, np.ndarray]] = (),
) -> np.ndarray:
    """sqrt(x' F x + w' D w) with x = X' w, (day, portfolio); no matrix of assets by assets is formed.

    D is diagonal but for the assets of an issuer: w' D w = sum_i w_i^2 s_i^2 + sum_issuers rho sum_{i != j} w_i s_i w_j s_j.

    Parameters
    ----------
    weights, exposures, covariance
        See the module; F is the covariance, finite.
    variance
        (day, asset), s_i^2; any finite number where nothing is held.
    linked
        Of each issuer the positions of its assets, and rho, their correlation by day.
    """
    x = weights @ exposures.transpose(0, 2, 1)
    specific = (weights**2 @ variance[:, :, None])[..., 0]
    for columns, rho in linked:
        own = weights[:, :, columns] * np.sqrt(variance[:, None, columns])
        specific += rho[:, None] * (own.sum(axis=2) ** 2 - (own**2).sum(axis=2))
    return np.sqrt(np.maximum(((x @ covariance) * x).sum(axis=2), 0.0) + specific)


def optimised_weights(
    alphas: np.ndarray, held: np.ndarray, exposures: np.ndarray, covariance: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    """The portfolio of least risk among those of unit alpha: w = V^-1 a / (a' V^-1 a) with V = X F X' + D.

    Parameters
    ----------
    alphas
        (portfolio, asset); with alphas of 1 it is the fully invested portfolio of minimum variance.
    held
        (day, portfolio or 1, asset) bool: what each may hold, long or short.
    exposures, covariance
        See the module. The covariance may be singular.
    variance
        (day, asset), the diagonal of D, positive.

    Returns
    -------
    ndarray
        (day, portfolio, asset); NaN where nothing may be held.

    Notes
    -----
    Woodbury without the inverse of F: V^-1 a = D^-1 a - D^-1 X (I + F M)^-1 F X' D^-1 a,  M = X' D^-1 X. The eigenvalues
    of F M are those of F^(1/2) M F^(1/2), not negative, so that I + F M can be solved whatever F is.

    Examples
    --------
    >>> ones, half = np.ones((1, 2)), np.full((1, 1, 2), True)
    >>> optimised_weights(ones, half, np.ones((1, 1, 2)), np.full((1, 1, 1), 4.0), np.array([[1.0, 3.0]]))
    array([[[0.75, 0.25]]])
    """
    precision = held / variance[:, None, :]  # (day, portfolio or 1, asset), 0 where not held
    x = exposures[:, None]
    moments = (x * precision[:, :, None, :]) @ x.transpose(0, 1, 3, 2)
    scaled = precision * alphas
    inner = np.eye(x.shape[2]) + covariance[:, None] @ moments
    right = covariance @ (exposures @ scaled.transpose(0, 2, 1))  # (day, factor, portfolio)
    if held.shape[1] == 1:
        hedge = np.linalg.solve(inner[:, 0], right).transpose(0, 2, 1)
    else:
        hedge = np.linalg.solve(inner, right.transpose(0, 2, 1)[..., None])[..., 0]
    raw = scaled - precision * (hedge @ exposures)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(raw / (alphas * raw).sum(axis=2, keepdims=True))


def eigenfactors(covariance: np.ndarray, live: np.ndarray, constraint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Portfolios of factors, of unit norm and uncorrelated by a day's forecast, and their volatilities.

    Parameters
    ----------
    covariance
        (day, factor, factor); zero in the rows and columns of factors that are not live.
    live
        (day, factor) bool: factors with a forecast.
    constraint
        (day, factor) c with c' f = 0 whatever happens, as the sectors' caps; zero where there is none. No portfolio leans
        on it: what always returns zero has no forecast to judge.

    Returns
    -------
    vectors, volatilities
        (day, factor, rank) and (day, rank), rank 1 the most volatile; NaN in ranks that the live factors do not fill.

    Examples
    --------
    >>> F = np.diag([4.0, 1.0, 1.0])[None]
    >>> vectors, volatilities = eigenfactors(F, np.ones((1, 3), bool), np.array([[0.0, 1.0, 1.0]]))
    >>> volatilities
    array([[ 2.,  1., nan]])
    >>> np.abs(vectors[0, :, 1]).round(4)
    array([0.    , 0.7071, 0.7071])
    """
    constraint = np.where(live, constraint, 0.0)
    length = np.linalg.norm(constraint, axis=1, keepdims=True)
    unit = np.divide(constraint, length, out=np.zeros_like(constraint), where=length > 0)
    kept = np.eye(covariance.shape[1]) * live[:, :, None] - unit[:, :, None] * unit[:, None, :]
    # Directions that are not kept get a variance below zero, so that they come first and can be told from a singular F.
    inside = kept @ covariance @ kept
    apart = np.eye(covariance.shape[1]) - kept
    trace = np.trace(inside, axis1=1, axis2=2)[:, None, None]
    scale = np.where(trace > 0, trace, 1.0)
    values, vectors = np.linalg.eigh((inside + inside.transpose(0, 2, 1)) / 2 - scale * apart)
    values, vectors = values[:, ::-1], vectors[:, :, ::-1]
    vectors = vectors * np.where((vectors**3).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)  # whatever the factors' order
    outside = values < -scale[:, :, 0] / 2
    rounding = (
        values.shape[1] * EPSILON * values[:, :1]
    )  # of the largest: a direction of no variance has some of either sign
    volatilities = np.where(outside, np.nan, np.sqrt(np.where(values > rounding, values, 0.0)))
    return np.where(outside[:, None, :], np.nan, vectors), volatilities
