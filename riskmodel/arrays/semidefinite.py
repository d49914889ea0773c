"""Is a square array a covariance: symmetric and positive semi-definite."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.errors import InputError, listed

NEGLIGIBLE = 1e-10  # of the largest value, or of a correlation


def require_covariance(name: str, array: xr.DataArray) -> np.ndarray:
    """The values of a finite square array, symmetric to the last bit, where they are a covariance to rounding.

    Parameters
    ----------
    name
        For messages.
    array
        (k, k) whose two dimensions have the same labels in the same order, as `riskmodel.arrays.labels.aligned` gives it.

    Raises
    ------
    InputError
        Where it is not symmetric or not positive semi-definite; the message names the pair or the labels.

    Examples
    --------
    >>> labels = {"factor": ["A", "B"], "factor_other": ["A", "B"]}
    >>> require_covariance("covariance", xr.DataArray([[4.0, 1.0], [1.0, 1.0]], labels)).tolist()
    [[4.0, 1.0], [1.0, 1.0]]
    """
    values, labels = array.to_numpy().astype(float), [str(label) for label in array.get_index(array.dims[0])]
    if not len(values):
        return values
    gap = np.abs(values - values.T)
    if gap.max() > NEGLIGIBLE * np.abs(values).max():
        i, j = np.unravel_index(int(gap.argmax()), gap.shape)
        raise InputError(
            f"{name}: not symmetric: ({labels[i]}, {labels[j]}) is {values[i, j]:.6g} but ({labels[j]}, {labels[i]}) is "
            f"{values[j, i]:.6g}. If that is rounding, pass (F + F') / 2."
        )
    values = (values + values.T) / 2
    deviation = np.sqrt(np.diag(values).clip(0))
    alone = (deviation == 0) & ((np.diag(values) < 0) | (values != 0).any(axis=1))
    if alone.any():
        raise InputError(
            f"{name}: not positive semi-definite: a variance below zero, or of zero with covariances: "
            f"{listed(labels[i] for i in np.flatnonzero(alone))}."
        )
    scale = np.where(deviation == 0, 1.0, deviation)
    eigenvalues, vectors = np.linalg.eigh(values / scale / scale[:, None])
    if eigenvalues[0] < -NEGLIGIBLE:
        order = np.argsort(-np.abs(vectors[:, 0]).round(12), kind="stable")[:3]
        raise InputError(
            f"{name}: not positive semi-definite: the smallest eigenvalue of its correlations is {eigenvalues[0]:.3g}, "
            f"mostly in {listed(labels[i] for i in order)}. Estimate all of it from the same days."
        )
    return values
