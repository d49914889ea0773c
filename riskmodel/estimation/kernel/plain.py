"""The sums over the names of a day in numpy: for where nothing was compiled, and what the compiled loops are held to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


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
