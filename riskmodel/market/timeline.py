"""What is known when: lives of assets, the last value known, the session from which a date counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

BRIDGE_SESSIONS = 5
NAMES_AT_ONCE = 512  # some megabytes of a panel


def blocks_of(names: int) -> Iterator[slice]:
    """All names, some at a time: what is worked out of whole panels takes new memory, which takes longer than the sums.

    Examples
    --------
    >>> list(blocks_of(600))
    [slice(0, 512, None), slice(512, 600, None)]
    """
    for first in range(0, names, NAMES_AT_ONCE):
        yield slice(first, min(first + NAMES_AT_ONCE, names))


def lives(traded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the lives of each asset, and find the days on which trading resumes after a short gap.

    Parameters
    ----------
    traded
        (time, asset), whether there is a price.

    Returns
    -------
    life
        (time, asset) int16: -1 before the first price and on days without a price, otherwise 0, 1, ...; a gap of more than
        `BRIDGE_SESSIONS` missing sessions begins a new life.
    resumed
        (time, asset) bool: the first traded day after a gap of 1 to `BRIDGE_SESSIONS` missing sessions.
    """
    life, resumed = np.zeros(traded.shape, dtype=np.int16), np.zeros(traded.shape, dtype=bool)
    names = np.flatnonzero(~traded.all(axis=0))  # the others live one life without a gap
    some, day = traded[:, names], np.arange(len(traded), dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(some, day, np.int32(-1)), axis=0)
    before = np.vstack([np.full((1, len(names)), -1, dtype=np.int32), last[:-1]])
    missing = np.where(some & (before >= 0), day - before - 1, 0)
    number = np.cumsum(missing > BRIDGE_SESSIONS, axis=0, dtype=np.int16)
    life[:, names] = np.where(some, number, np.int16(-1))
    resumed[:, names] = (missing > 0) & (missing <= BRIDGE_SESSIONS)
    return life, resumed


def next_lives(life: np.ndarray) -> np.ndarray:
    """The life in which each asset trades next, that day included, (time, asset); -1 where it never trades again.

    A position of a life goes on as long as this is the same.

    Examples
    --------
    >>> next_lives(np.array([[0], [-1], [0], [-1], [1], [-1]])).ravel().tolist()
    [0, 0, 0, 1, 1, -1]
    """
    never = np.iinfo(life.dtype).max
    following = np.minimum.accumulate(np.where(life < 0, never, life)[::-1], axis=0)[::-1]
    return np.where(following == never, life.dtype.type(-1), following)


def last_known(values: np.ndarray) -> np.ndarray:
    """For each day the last value before it, (time, asset); NaN before the first."""
    return np.vstack([np.full((1, values.shape[1]), np.nan), pd.DataFrame(values).ffill().to_numpy()[:-1]])


def bridged_returns(close: np.ndarray, resumed: np.ndarray) -> np.ndarray:
    """Close to the last close before on the days on which trading resumes, (time, asset); NaN on all others."""
    out = np.full(close.shape, np.nan)
    names = np.flatnonzero(resumed.any(axis=0))
    out[:, names] = np.where(resumed[:, names], close[:, names] / last_known(close[:, names]) - 1, np.nan)
    return out


def session_from(dates: pd.Series, sessions: np.ndarray, *, strictly_after: pd.Series | None = None) -> np.ndarray:
    """Position of the session at whose close a fact of each date is known; len(sessions) where there is none yet."""
    values = dates.to_numpy()
    position = np.searchsorted(sessions, values, side="left")
    if strictly_after is not None:
        position = np.where(strictly_after, np.searchsorted(sessions, values, side="right"), position)
    return position


def as_of(known: np.ndarray, asset: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Carry each asset's events forward: (time, asset) of the value of the last event known, NaN before the first.

    Parameters
    ----------
    known, asset, values
        Per event: session position at which it is known (events at or past the end are ignored), asset position, value.
        Of two events known at the same close the later row wins.
    shape
        (sessions, assets).
    """
    event = np.full(shape, -1, dtype=np.int32)
    order = np.argsort(known, kind="stable")
    order = order[known[order] < shape[0]]
    event[known[order], asset[order]] = np.arange(len(order), dtype=np.int32)
    np.maximum.accumulate(event, axis=0, out=event)
    return np.append(values[order], np.nan)[event]
