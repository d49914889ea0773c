"""One digest of what a table says, whatever the order of its rows: a database has none."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd

STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0), np.uint64(0xD1B54A32D192ED03)  # two sums of hashes, so that none is met by chance
NOTHING = np.uint64(0x7FF8000000000000)  # the bits of a missing number
AT_ONCE = 1 << 16  # rows whose hashes stay near the processor


def content_digest(table: pd.DataFrame) -> str:
    """SHA-256 of a checked table's columns, number of rows and sums of the rows' hashes; a hexadecimal digest.

    Parameters
    ----------
    table
        Of `riskmodel.market.tables.checked_table`.

    Returns
    -------
    str
        The same for the same rows in any order, with columns in any order, from any engine; another for any other cell,
        column or row, but for a chance of about 2^-128.

    Notes
    -----
    Each cell is 64 bits: a number its own (zero has no sign, a missing one is one number), a day its nanoseconds, a text
    the first of its BLAKE2. A row's hash mixes its cells in turn, and rows are summed modulo 2^64, twice from different
    starts.

    Examples
    --------
    >>> table = pd.DataFrame({"ticker": ["A", "B"], "close": [1.0, None]})
    >>> content_digest(table) == content_digest(table.iloc[::-1]), content_digest(table) == content_digest(table.fillna(2))
    (True, False)
    """
    columns = sorted(map(str, table.columns))
    cells = [_bits(table[column]) for column in columns]
    sums = [0, 0]
    for start in range(0, len(table), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        for place, seed in enumerate((FIRST, SECOND)):
            row = np.full(len(table.iloc[part]), seed)
            for values in cells:
                row = _mixed(row ^ values[part])
            sums[place] += int(row.sum(dtype=np.uint64))
    about = [columns, [table[column].dtype.kind for column in columns], len(table), *(total % 2**64 for total in sums)]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _bits(values: pd.Series) -> np.ndarray:
    if values.dtype.kind == "f":
        numbers = values.to_numpy(dtype=np.float64) + 0.0
        return np.where(np.isnan(numbers), NOTHING, numbers.view(np.uint64))
    if values.dtype.kind == "M":
        return values.to_numpy(dtype="datetime64[ns]").view(np.uint64)
    codes, labels = pd.factorize(values)
    hashed = [int.from_bytes(hashlib.blake2b(str(label).encode(), digest_size=8).digest()) for label in labels]
    return np.array([*hashed, NOTHING], dtype=np.uint64)[codes]  # -1, a missing one, is the last


def _mixed(keys: np.ndarray) -> np.ndarray:
    """Spread keys over 64 bits (splitmix64; Steele, Lea & Flood 2014)."""
    z = keys + STEP
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
