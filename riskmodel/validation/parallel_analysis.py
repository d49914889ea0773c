"""Principal components of a panel and of noise like it: how large may a component be by chance?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from scipy.linalg import eigh

CALIBRATIONS = 3  # draws that find how large the noise must be for its residuals to be as large as the real ones
DEFLATIONS = 5  # draws that find how far the edge falls with what a component explains


def standardised(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (day, asset) over each asset's size, the day's and the asset's again, missing ones 0; and the first of these.

    Size is the root mean square over what is there; every asset and every day has a value other than 0.
    """
    seen = ~np.isnan(values)
    z = np.where(seen, values, 0.0)
    scale = np.sqrt((z**2).sum(axis=0) / seen.sum(axis=0))
    z = z / scale
    for axis in (1, 0):
        size = np.sqrt((z**2).sum(axis=axis, keepdims=True) / np.maximum(seen.sum(axis=axis, keepdims=True), 1))
        z = np.divide(z, size, out=np.zeros_like(z), where=size > 0)
    return z, scale


def leading_components(z: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the sum of squares of z (day, asset), largest first, and unit loadings (asset, component)."""
    wide = z.shape[0] <= z.shape[1]
    square = z @ z.T if wide else z.T @ z
    size = len(square)
    eigenvalues, vectors = eigh(square, subset_by_index=[size - count, size - 1])
    eigenvalues, vectors = eigenvalues[::-1].clip(0), vectors[:, ::-1]
    loadings = z.T @ vectors if wide else vectors
    norm = np.sqrt((loadings**2).sum(axis=0))
    loadings = np.divide(loadings, norm, out=np.zeros_like(loadings), where=norm > 0)
    sign = np.sign(np.take_along_axis(loadings, np.abs(loadings).argmax(axis=0)[None], axis=0))
    return eigenvalues / (z**2).sum(), loadings * np.where(sign == 0, 1.0, sign)


def noise_edges(z: np.ndarray, seen: np.ndarray, shares: np.ndarray, loadings: np.ndarray, first: float) -> np.ndarray:
    """What noise may have, by component: `first` for the first, then less by as much as earlier components explain.

    Parameters
    ----------
    z, seen
        (day, asset) of `standardised`, and which cells are not missing.
    shares, loadings
        Of `leading_components`.
    first
        Share that the first component of noise stays below.

    Notes
    -----
    Component j with eigenvalue l_j = N share_j holds l_j - (1 + N / T) of signal, the rest being noise in its direction.
    With the signal of those above noise taken out of z, signs are drawn for what is left and, the same ones, for z; the edge
    falls as the mean largest eigenvalue does. From the first component within noise the edge stays.
    """
    share_of_noise = (1 + z.shape[1] / z.shape[0]) / (z.shape[1] * shares)
    left, edges = z.copy(), [first]

    def largest(matrix: np.ndarray) -> float:
        rng = np.random.default_rng(0)
        flips = (matrix * rng.choice([-1.0, 1.0], matrix.shape) for _ in range(DEFLATIONS))
        return float(np.mean([leading_components(flipped, 1)[0][0] for flipped in flips]) * (matrix**2).sum())

    whole = None
    for share, v, noise in zip(shares[:-1], loadings.T, share_of_noise, strict=False):
        if share <= edges[-1]:
            edges.append(edges[-1])
            continue
        whole = largest(z) if whole is None else whole
        left -= (1 - np.sqrt(min(noise, 1.0))) * np.outer(z @ v, v) * seen  # leaves that share of its sum of squares
        edges.append(first * largest(left) / whole)
    return np.array(edges)


def noise_shares(
    returns: xr.DataArray,
    days: np.ndarray,
    names: np.ndarray,
    refit: Callable[[xr.DataArray], xr.DataArray] | None,
    draws: int,
    seed: int,
) -> list[float]:
    """Share of the first component of each draw of noise.

    Parameters
    ----------
    returns
        (time, asset), whose cells noise takes its sizes from.
    days, names
        Which of them are looked at.
    refit
        What the model leaves of returns; None to take noise as it is. With it, the size of each asset's noise is changed
        until that of its residuals is the size of its `returns`.
    draws, seed
        How many, and of which seed.
    """
    rng = np.random.default_rng(seed)
    values = returns.to_numpy().astype(float)
    wanted, raised = _size(values), np.ones(values.shape[1])
    found = []
    for draw in range(draws if refit is None else CALIBRATIONS + draws):
        flipped = values * np.where(rng.random(values.shape) < 0.5, -1.0, 1.0)
        if refit is not None:
            left = refit(returns.copy(data=flipped * raised)).transpose("time", "asset")
            left = left.sel(time=returns["time"], asset=returns["asset"])
            flipped = np.where(np.isnan(values), np.nan, left.to_numpy())
            if draw < CALIBRATIONS:
                size = _size(flipped)
                raised *= np.divide(wanted, size, out=np.ones_like(size), where=(size > 0) & (wanted > 0))
                continue
        found.append(float(leading_components(standardised(flipped[np.ix_(days, names)])[0], 1)[0][0]))
    return found


def _size(values: np.ndarray) -> np.ndarray:
    """Root of the sum of squares of each asset over its days; 0 where there is none."""
    size: np.ndarray = np.sqrt(np.nansum(values**2, axis=0))
    return size
