"""Sums over the days so far: of a window inside the current life, and decaying with age."""

from __future__ import annotations

import numpy as np

ROWS_AT_ONCE = 64  # of products: a block of two hundred columns stays in the processor's cache


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


def decayed_products(left: np.ndarray, right: np.ndarray, half_life: float, rows: np.ndarray) -> np.ndarray:
    """Sums of left_s right_s' over the rows s so far, with weights 0.5^(age / half_life), at some rows.

    Parameters
    ----------
    left, right
        (time, j) and (time, k), finite.
    half_life
        In rows; infinite for plain sums.
    rows
        Positions in time, in any order.

    Returns
    -------
    ndarray
        (row, j, k): `decayed_sum` of all products, at `rows`, without holding a product a day. Blocks of days begin where
        the history does, so that a sum does not depend on which others are asked for.
    """
    sums = np.zeros((len(rows), left.shape[1], right.shape[1]))
    total = np.zeros(sums.shape[1:])
    for first in range(0, int(max(rows, default=-1)) + 1, ROWS_AT_ONCE):
        block = slice(first, first + ROWS_AT_ONCE)
        for place in np.flatnonzero((rows >= first) & (rows < block.stop)):
            age = rows[place] - np.arange(first, rows[place] + 1)
            weighted = left[first : rows[place] + 1] * 0.5 ** (age / half_life)[:, None]
            sums[place] = (
                total * 0.5 ** ((rows[place] + 1 - first) / half_life) + weighted.T @ right[first : rows[place] + 1]
            )
        age = np.arange(ROWS_AT_ONCE)[::-1][: len(left[block])]
        total = (
            total * 0.5 ** (ROWS_AT_ONCE / half_life) + (left[block] * 0.5 ** (age / half_life)[:, None]).T @ right[block]
        )
    return sums
