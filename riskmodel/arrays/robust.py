"""Medians of rows, and what turns their deviations into standard deviations."""

from __future__ import annotations

import numpy as np

MAD_TO_DEVIATION = 1.482602218505602  # 1 / the normal distribution's 75 % quantile

MEAN_DEVIATION_TO_DEVIATION = 1.2533141373155003  # sqrt(pi / 2)


def row_median(values: np.ndarray) -> np.ndarray:
    """Median of the values present in each row; NaN for an empty row. Sorting puts NaN last."""
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, values.shape[1] - 1)
    row = np.arange(len(values))
    return np.asarray((ordered[row, low] + ordered[row, high]) / 2)
