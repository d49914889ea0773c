"""Trailing sums inside the current life of each asset."""

from __future__ import annotations

import numpy as np


def life_start(life: np.ndarray) -> np.ndarray:
    """Position of the first day of the life that runs at each (time, asset); the day itself where none runs.

    Parameters
    ----------
    life
        (time, asset) number of the life, -1 on days without a price (a short gap belongs to the life around it).
    """
    day = np.broadcast_to(np.arange(len(life))[:, None], life.shape)
    running = np.maximum.accumulate(life, axis=0)
    begins = np.diff(running, axis=0, prepend=-1) > 0
    start = np.maximum.accumulate(np.where(begins, day, -1), axis=0)
    return np.where(start >= 0, start, day)


def trailing_sum(values: np.ndarray, window: int, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum and count of the values present in the last `window` days of the current life.

    Parameters
    ----------
    values
        (time, asset); NaN is left out and not counted.
    window
        Days, the last one included.
    start
        `life_start`.

    Returns
    -------
    sums, counts
        (time, asset) each.
    """
    present = ~np.isnan(values)
    first = np.maximum(start, np.arange(len(values))[:, None] - window + 1)

    def between(x: np.ndarray) -> np.ndarray:
        total = np.vstack([np.zeros((1, x.shape[1]), x.dtype), np.cumsum(x, axis=0)])
        return np.asarray(total[1:] - np.take_along_axis(total, first, axis=0))

    return between(np.where(present, values, 0.0)), between(present.astype(np.int32))
