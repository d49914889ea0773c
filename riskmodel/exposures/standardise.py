"""Winsorise, standardise, fill and orthogonalise exposures, batched over days."""

from __future__ import annotations

import numpy as np

from riskmodel.arrays.robust import MAD_TO_DEVIATION, MEAN_DEVIATION_TO_DEVIATION, row_median


def winsorise(raw: np.ndarray, inside: np.ndarray, k: float) -> tuple[np.ndarray, np.ndarray]:
    """Clip to the universe's median +- k deviations, and count what was clipped a day.

    Parameters
    ----------
    raw, inside
        (time, asset) values and membership of the estimation universe.
    k
        Deviations; one is 1.4826 times the median absolute deviation, or, where more than half the values are equal, 1.2533
        times the mean absolute deviation.

    Returns
    -------
    values, clipped
        (time, asset) and (time).
    """
    median = row_median(np.where(inside, raw, np.nan))[:, None]
    distance = np.abs(np.where(inside, raw, np.nan) - median)
    deviation = MAD_TO_DEVIATION * row_median(distance)
    count = np.maximum((~np.isnan(distance)).sum(axis=1), 1)
    mean_deviation = MEAN_DEVIATION_TO_DEVIATION * np.nansum(distance, axis=1) / count
    bound = k * np.where(deviation > 0, deviation, mean_deviation)[:, None]
    values = np.clip(raw, median - bound, median + bound)
    return values, (np.abs(raw - median) > bound).sum(axis=1)


def standardise(values: np.ndarray, cap: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Cap-weighted mean 0 and equal-weighted standard deviation 1 over the universe; NaN where all values are equal."""
    member = inside & ~np.isnan(values)
    present = np.where(member, values, 0.0)
    weight = np.where(member, cap, 0.0)
    count = np.maximum(member.sum(axis=1), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        center = (weight * present).sum(axis=1) / weight.sum(axis=1)
        mean = present.sum(axis=1) / count
        spread = np.sqrt((np.where(member, values - mean[:, None], 0.0) ** 2).sum(axis=1) / count)
        spread = np.where(spread > 1e-12 * np.abs(mean), spread, np.nan)
        return np.asarray((values - center[:, None]) / spread[:, None])


def fed_days(exposures: np.ndarray, inside: np.ndarray, least_observed: float) -> np.ndarray:
    """Days on which enough of the universe is observed to use a factor, (time, factor)."""
    members = np.maximum(inside.sum(axis=1), 1)
    seen = np.stack([(inside & ~np.isnan(exposures[:, k])).sum(axis=1) for k in range(exposures.shape[1])], axis=1)
    return np.asarray((seen >= least_observed * members[:, None]) & (seen > 1))


def fill_missing(
    values: np.ndarray, size: np.ndarray, sector: np.ndarray, inside: np.ndarray, here: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fill missing exposures from an equal-weighted regression on sector and size over the universe.

    Parameters
    ----------
    values, size
        (time, asset) exposures.
    sector
        (asset) codes; -1 for none.
    inside, here
        (time, asset) membership of the universe; covered assets, the ones that are filled.

    Returns
    -------
    values, filled
        (time, asset), and the number filled a day, (time). A sector with nobody observed takes the universe's mean.
    """
    observed = inside & ~np.isnan(values)
    missing = here & np.isnan(values)
    y, z = np.where(observed, values, 0.0), np.where(observed, size, 0.0)
    indicator = (sector[:, None] == np.arange(sector.max(initial=0) + 1)).astype(float)
    count = observed.astype(float) @ indicator
    with np.errstate(invalid="ignore", divide="ignore"):
        sector_y, sector_z = (y @ indicator) / count, (z @ indicator) / count
        overall_y, overall_z = y.sum(1) / count.sum(1), z.sum(1) / count.sum(1)
        sector_y = np.where(count > 0, sector_y, overall_y[:, None])
        sector_z = np.where(count > 0, sector_z, overall_z[:, None])
        own_y, own_z = sector_y[:, sector], sector_z[:, sector]
        deviation = np.where(observed, size - own_z, 0.0)
        spread = (deviation**2).sum(axis=1)
        slope = (deviation * np.where(observed, values - own_y, 0.0)).sum(axis=1) / np.where(spread > 0, spread, np.inf)
        fitted = own_y + slope[:, None] * (size - own_z)
    return np.where(missing, fitted, values), missing.sum(axis=1)


def residual(values: np.ndarray, others: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """What is left of a style after an equal-weighted regression on other styles over the universe.

    Parameters
    ----------
    values, others
        (time, asset) and (time, other, asset).
    inside
        (time, asset) membership of the universe.
    """
    design = np.concatenate([np.ones_like(others[:, :1]), others], axis=1)
    member = inside[:, None, :] & ~np.isnan(design).any(axis=1, keepdims=True) & ~np.isnan(values)[:, None, :]
    used = np.where(member, design, 0.0)
    gram = used @ used.transpose(0, 2, 1)
    moment = (used @ np.where(member[:, 0], values, 0.0)[..., None])[..., 0]
    enough = member.sum(axis=2)[:, 0] > 2 * design.shape[1]
    gram[~enough] = np.eye(design.shape[1])
    slope = np.linalg.solve(gram, moment[..., None])
    return np.where(enough[:, None], values - (design * slope).sum(axis=1), values)
