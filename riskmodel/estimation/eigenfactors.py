"""Simulation behind the eigenfactor adjustment: one set of draws serves every date."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.arrays.threads import kernel_threads

if TYPE_CHECKING:
    from riskmodel.estimation.covariance_settings import CovarianceSettings

DAYS_DRAWN_AT_ONCE, SIMULATIONS_AT_ONCE = 32, 125  # keep a block of draws in the processor's cache
HALF_LIVES_DRAWN = 8  # a day 8 half-lives old weighs 0.4 %
NEGLIGIBLE = 1e-12  # an eigenvalue below this share of the largest is rounding, and so is a difference of F_kl and F_lk


def lag_weights(half_life: float, lags: int) -> Iterator[tuple[int, float]]:
    """Each lag with b_l sqrt(w_{s-l} / w_s)."""
    return ((lag, (1 - lag / (lags + 1)) * 0.5 ** (lag / (2 * half_life))) for lag in range(1, lags + 1))


def eigenfactors_adjusted(
    covariance: np.ndarray, live: np.ndarray, days: np.ndarray, settings: CovarianceSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjusted covariances (row, factor, factor) of the live factors, zero elsewhere; v (row, rank); and T = U0 v U0'.

    T (row, factor, factor) carries F0 to the adjusted F = T F0 T'.
    """
    adjusted, carried, bias = np.zeros_like(covariance), np.zeros_like(covariance), np.full(live.shape, np.nan)
    longest = HALF_LIVES_DRAWN * max(settings.volatility_half_life, settings.correlation_half_life)
    lengths = np.minimum(days, np.ceil(longest)).astype(int)
    order = np.argsort(lengths, kind="stable")
    for row, (of_volatility, of_correlation) in zip(
        order, _simulated_histories(lengths[order], live.shape[1], settings), strict=True
    ):
        inside, n = np.ix_(live[row], live[row]), int(live[row].sum())
        values, vectors = np.linalg.eigh(covariance[row][inside])
        vectors *= np.where((vectors**3).sum(axis=0) < 0, -1.0, 1.0)  # a sign that the order of the factors does not change
        v = _simulated_bias(values, vectors, of_volatility[:, :n, :n], of_correlation[:, :n, :n])
        v = np.maximum(1 + settings.eigenfactor_scale * (v - 1), 0.0)
        whole = (vectors * (v**2 * np.maximum(values, 0.0))) @ vectors.T
        adjusted[row][inside], bias[row, :n] = (whole + whole.T) / 2, v
        carried[row][inside] = (vectors * v) @ vectors.T
    return adjusted, bias, carried


def _simulated_histories(
    lengths: np.ndarray, factors: int, settings: CovarianceSettings
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Moments of `_simulated_moments` of all simulations, blocks of them on every core, whatever their number."""
    blocks = range(0, settings.eigenfactor_simulations, SIMULATIONS_AT_ONCE)
    sizes = [min(SIMULATIONS_AT_ONCE, settings.eigenfactor_simulations - first) for first in blocks]
    seeds = np.random.SeedSequence(settings.seed).spawn(len(sizes))
    drawn = [
        _simulated_moments(lengths, factors, size, np.random.default_rng(seed), settings)
        for size, seed in zip(sizes, seeds, strict=True)
    ]
    with ThreadPoolExecutor(kernel_threads()) as threads:
        for _ in lengths:
            of_volatility, of_correlation = zip(*threads.map(next, drawn), strict=True)
            yield np.concatenate(of_volatility), np.concatenate(of_correlation)


def _simulated_moments(
    lengths: np.ndarray, factors: int, simulations: int, random: np.random.Generator, settings: CovarianceSettings
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Newey-West moments S_m of standard normal days, (simulation, factor, factor), for ascending lengths of history.

    Only the first is divided by its weights' sum: correlations need no scale. Days are drawn from the newest back, so that
    a longer history holds the shorter one's draws.
    """
    age, reach = 0, max(settings.volatility_lags, settings.correlation_lags)
    newer = np.zeros((reach, simulations, factors))
    moments, weights = np.zeros((2, simulations, factors, factors)), np.zeros(2)
    estimators = (
        (settings.volatility_half_life, settings.volatility_lags),
        (settings.correlation_half_life, settings.correlation_lags),
    )
    for length in lengths:
        while age < length:
            block = min(DAYS_DRAWN_AT_ONCE, int(length) - age)
            z = random.standard_normal((block, simulations, factors))
            window = np.concatenate([newer, z])
            for which, (half_life, lags) in enumerate(estimators):
                oldest = HALF_LIVES_DRAWN * half_life
                if age >= oldest:
                    continue
                partner = 0.5 * z
                for lag, weight in lag_weights(half_life, lags):
                    partner += weight * 0.5 ** (-lag / half_life) * window[reach - lag : reach - lag + block]
                days = age + np.arange(block)
                decay = np.where(days < oldest, 0.5 ** (days / half_life), 0.0)
                partner *= decay[:, None, None]
                product = z.transpose(1, 2, 0) @ partner.transpose(1, 0, 2)
                moments[which] += product + product.transpose(0, 2, 1)
                weights[which] += decay.sum()
            newer = window[block:]
            age += block
        yield moments[0] / weights[0], moments[1]


def _simulated_bias(
    values: np.ndarray, vectors: np.ndarray, of_volatility: np.ndarray, of_correlation: np.ndarray
) -> np.ndarray:
    """Bias v of one covariance U0 D0 U0' (values, vectors), (rank); 1 where D0 is zero."""
    values = np.where(values > NEGLIGIBLE * values[-1], values, 0.0)
    a = vectors * np.sqrt(values)
    n = len(values)
    variance = of_volatility.reshape(-1, n * n) @ (a[:, :, None] * a[:, None, :]).reshape(n, n * n).T
    simulated = a @ (of_correlation @ a.T)
    own = np.diagonal(simulated, axis1=1, axis2=2)
    scale = np.sqrt(np.divide(np.maximum(variance, 0.0), own, out=np.zeros_like(variance), where=own > 0))
    predicted, directions = np.linalg.eigh(simulated * (scale[:, :, None] * scale[:, None, :]))
    true = values @ (vectors.T @ directions) ** 2
    sound = (predicted > NEGLIGIBLE * predicted[:, -1:]) & (values > 0)
    ratio = np.divide(true, predicted, out=np.zeros_like(true), where=sound)
    count = sound.sum(axis=0)
    return np.sqrt(np.where(count > 0, ratio.sum(axis=0) / np.maximum(count, 1), 1.0))
