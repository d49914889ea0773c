"""The compiled loops of the kernel: arrays made contiguous, and what is written allocated."""

from __future__ import annotations

import numpy as np

from riskmodel.estimation.kernel._loops import leverages as write_leverages
from riskmodel.estimation.kernel._loops import products as write_products
from riskmodel.estimation.kernel._loops import spreads as write_spreads


def products(x: np.ndarray, w: np.ndarray, y: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted products and sums; see `riskmodel.estimation.kernel`."""
    days, k, names = x.shape
    gram, sums = np.empty((days, k + 1, k)), np.empty((days, k + 2, len(starts)))
    shape = days, k, names, len(starts)
    write_products(shape, _doubles(x), _doubles(w), _doubles(y), _places(starts), gram, sums)
    return gram, sums


def leverages(x: np.ndarray, inverse: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Leverage of each name; see `riskmodel.estimation.kernel`."""
    leverage = np.empty((len(x), x.shape[2]))
    write_leverages((*x.shape, len(starts)), _doubles(x), _doubles(inverse), _places(starts), leverage)
    return leverage


def spreads(returns: np.ndarray, at: np.ndarray, window: int, bound: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance between quartiles and bounded mean square of moving windows; see `riskmodel.estimation.kernel`."""
    distance, square = np.empty((len(returns), len(at))), np.empty((len(returns), len(at)))
    write_spreads((*returns.shape, len(at), window), _doubles(returns), _places(at), bound, distance, square)
    return distance, square


def _doubles(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float64)


def _places(starts: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(starts, dtype=np.int64)
