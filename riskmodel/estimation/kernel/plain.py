"""The loops of the kernel in numpy: for where nothing was compiled, and what the compiled loops are held to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

WINDOWS_AT_ONCE = 2**17  # values that are put in order together: they stay near the processor


def products(x: np.ndarray, w: np.ndarray, y: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted products and sums; see `riskmodel.estimation.kernel`."""
    days, k, names = x.shape
    weighted = np.empty((days, k + 2, names))  # exposures, and below them returns and weights
    np.multiply(x, w[:, None], out=weighted[:, :k])
    np.multiply(y, w, out=weighted[:, k])
    weighted[:, k + 1] = w
    return weighted[:, : k + 1] @ x.transpose(0, 2, 1), np.add.reduceat(weighted, starts, axis=-1)


def leverages(x: np.ndarray, inverse: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Leverage of each name; see `riskmodel.estimation.kernel`."""
    s = len(starts)
    own = np.diagonal(inverse, axis1=1, axis2=2)[:, :s]
    leverage = np.repeat(own, np.diff(np.append(starts, x.shape[2])), axis=1)
    leverage += np.einsum("dkn,dkn->dn", inverse[:, s:, s:] @ x, x)
    for sector, (first, stop) in enumerate(pairwise([*starts.tolist(), x.shape[2]])):
        of_sector = slice(first, stop)
        leverage[:, of_sector] += 2 * (inverse[:, sector, None, s:] @ x[..., of_sector])[:, 0]
    return leverage


def spreads(returns: np.ndarray, at: np.ndarray, window: int, bound: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance between quartiles and bounded mean square of moving windows; see `riskmodel.estimation.kernel`."""
    step = max(WINDOWS_AT_ONCE // max(window * len(returns), 1), 1)
    parts = [_spreads(returns, at[first : first + step], window, bound) for first in range(0, len(at), step)]
    distance, square = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
    return distance, square


def _spreads(returns: np.ndarray, at: np.ndarray, window: int, bound: float) -> tuple[np.ndarray, np.ndarray]:
    """`spreads` of a few days, by putting each window in order."""
    first = int(at[0]) - window + 1
    padded = np.pad(returns[:, max(first, 0) : int(at[-1]) + 1], ((0, 0), (max(-first, 0), 0)), constant_values=np.nan)
    ordered = np.stack([padded[:, day : day + window] for day in at - int(at[0])], axis=1)
    ordered.sort(axis=-1)  # (name, day, window), NaN last
    count = window - np.isnan(ordered).sum(axis=-1)

    def quantile(share: float) -> np.ndarray:
        place = share * np.maximum(count - 1, 0)
        low = place.astype(int)
        below, above = (
            np.take_along_axis(ordered, where[..., None], axis=-1)[..., 0]
            for where in (low, np.minimum(low + 1, np.maximum(count - 1, 0)))
        )
        return np.asarray(below + (place - low) * (above - below))

    distance = quantile(0.75) - quantile(0.25)
    limit = bound * distance
    extreme = (quantile(1.0) > limit) | (-ordered[..., 0] > limit)
    ordered[count < window] = np.nan_to_num(ordered[count < window])
    ordered[extreme] = np.clip(ordered[extreme], -limit[extreme, None], limit[extreme, None])
    with np.errstate(invalid="ignore"):
        return distance, np.einsum("ndw,ndw->nd", ordered, ordered) / count
