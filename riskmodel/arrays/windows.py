"""Sums over the days so far: of a window inside the current life, and decaying with age."""

from __future__ import annotations

import numpy as np


def trailing_sum(values: np.ndarray, window: int, life: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and count of the values present in the last `window` days of the current life.

    Parameters
    ----------
    values
        (time, asset); NaN is left out and not counted.
    window
        Days, the last one included.
    life
        (time, asset) number of the life, -1 on days without a price (a short gap belongs to the life around it).

    Returns
    -------
    sums, counts
        (time, asset) each.

    Notes
    -----
    A window's sum is built from sums over powers of two, the same operations on the same numbers wherever the history
    begins: appending days, or dropping days before the window, does not change the last bit.
    """
    running = np.maximum.accumulate(life, axis=0)
    present = ~np.isnan(values)
    kept = np.where(present, values, 0.0)
    sums, counts = _windowed(kept, window), _windowed(present.astype(np.int32), window)
    reborn = np.flatnonzero(
        running.max(axis=0, initial=0) > np.maximum(running, 0).min(axis=0, initial=np.iinfo(life.dtype).max)
    )
    for number in np.unique(running[:, reborn]):  # what an earlier life left in the window does not count
        own = running[:, reborn] == number
        sums[:, reborn] = np.where(own, _windowed(np.where(own, kept[:, reborn], 0.0), window), sums[:, reborn])
        counts[:, reborn] = np.where(own, _windowed((own & present[:, reborn]).astype(np.int32), window), counts[:, reborn])
    return sums, counts


def _windowed(values: np.ndarray, window: int) -> np.ndarray:
    """Sum over the last `window` rows, rows before the first counting as 0."""
    total = np.zeros_like(values)
    block, size, behind = values, 1, 0  # block: sums over `size` rows; `behind` rows are in the total
    while True:
        if window & size:
            _add_shifted(total, block, behind)
            behind += size
        if 2 * size > window:
            return total
        wider = block.copy()
        _add_shifted(wider, block, size)
        block, size = wider, 2 * size


def _add_shifted(total: np.ndarray, block: np.ndarray, rows: int) -> None:
    total[rows:] += block[: max(len(block) - rows, 0)]


def decayed_sum(values: np.ndarray, half_life: float, *, window: int | None = None) -> np.ndarray:
    """Sums over the rows so far, or the last `window` of them, with weights 0.5^(age / half_life); along the first axis."""
    decay = 0.5 ** (1 / half_life)
    sums = np.array(values, dtype=float)
    for row in range(1, len(sums)):
        sums[row] += decay * sums[row - 1]
    if window is not None:
        sums[window:] -= 0.5 ** (window / half_life) * sums[:-window].copy()
    return sums
