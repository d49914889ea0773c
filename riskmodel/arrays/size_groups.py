"""Groups of assets by size: shrinkage towards their mean, and their moments."""

from __future__ import annotations

import numpy as np


def shrink_to_size(volatility: np.ndarray, cap: np.ndarray, q: float, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts s of `specific_risk`, shrunk to the mean of their size group, and the weights v of the mean; (day, asset).

    The groups hold equal numbers of the assets with a forecast; assets of equal cap share one.
    """
    mean, deviation = size_group_moments(volatility, cap, groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.abs(volatility - mean)
        weight = np.where(q * distance > 0, q * distance / (deviation + q * distance), 0.0)
    weight = np.where(np.isnan(volatility), np.nan, weight)
    return weight * mean + (1 - weight) * volatility, weight


def size_group_moments(volatility: np.ndarray, cap: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Cap-weighted mean m and root mean square distance Delta from it of each asset's size group; (day, asset) each."""
    present = ~np.isnan(volatility)
    number = present.sum(axis=1, keepdims=True)
    ordered = np.sort(np.where(present, cap, np.inf), axis=1)
    last = -(-np.arange(1, groups) * number // groups) - 1  # where the largest cap of the groups below each one stands
    bound = np.where(last >= 0, np.take_along_axis(ordered, np.maximum(last, 0), axis=1), np.inf)
    group = (bound[:, :, None] < cap[:, None, :]).sum(axis=1)
    cell = (group + groups * np.arange(len(cap))[:, None]).ravel()

    def total(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.bincount(cell, weights=np.where(present, values, 0.0).ravel())[cell].reshape(cap.shape))

    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total(cap * volatility) / total(cap)
        return mean, np.sqrt(total(np.abs(volatility - mean) ** 2) / total(np.ones_like(cap)))
