"""Checks and alignment of the arrays that a risk decomposition takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.checks import WEIGHT_SUM_TOLERANCE

ROUNDING = 64 * float(np.finfo(float).eps)  # a sum that is smaller than this share of its own terms is nothing but rounding


class RiskArrays(NamedTuple):
    """A forecast aligned to the assets of the weights, as plain arrays."""

    assets: pd.Index
    factors: list[str]
    x: np.ndarray
    f: np.ndarray
    d: np.ndarray
    linked: np.ndarray  # positions of the linked assets
    between: np.ndarray  # their covariances, the diagonal 0

    def scaled(self, periods: float) -> RiskArrays:
        return self._replace(f=self.f * periods, d=self.d * periods, between=self.between * periods)

    def among(self, assets: pd.Index) -> RiskArrays:
        """The same of some of the assets, in their order."""
        place, linked = self.assets.get_indexer(assets), assets.get_indexer(self.assets[self.linked])
        there = linked >= 0
        between = self.between[np.ix_(there, there)]
        return self._replace(assets=assets, x=self.x[place], d=self.d[place], linked=linked[there], between=between)

    def specific(self, a: np.ndarray) -> np.ndarray:
        """D a."""
        product: np.ndarray = self.d * a
        product[self.linked] += self.between @ a[self.linked]
        return product

    def terms(self, a: np.ndarray) -> float:
        """Size of what is added up in a' (X F X' + D) a: the same of absolute values."""
        size = np.abs(a)
        whole = self._replace(x=np.abs(self.x), f=np.abs(self.f), between=np.abs(self.between))
        reach = whole.x.T @ size
        return float(reach @ whole.f @ reach + size @ whole.specific(size))


def aligned_arrays(
    weights: xr.DataArray,
    exposures: xr.DataArray,
    factor_covariance: xr.DataArray,
    specific_variance: xr.DataArray,
    linked_covariance: xr.DataArray | None,
) -> RiskArrays:
    """Check every array and bring it into the order of the weights' assets and the exposures' factors."""
    require_dims("weights", weights, "asset")
    require_dims("exposures", exposures, "asset", "factor")
    require_dims("factor_covariance", factor_covariance, "factor", "factor_other")
    require_dims("specific_variance", specific_variance, "asset")
    require_numbers("weights", weights)
    assets, factors = weights.get_index("asset"), exposures.get_index("factor")
    for name, array in {"exposures": exposures, "specific_variance": specific_variance}.items():
        missing = assets.difference(array.get_index("asset"), sort=False)
        if len(missing):
            raise InputError(
                f"{name}: {counted(len(missing), 'asset')} of the weights missing: {listed(missing)}. Add them, or leave "
                f"them out of the weights and say how much that is; CASH is left out, it has no risk."
            )
    for side in ("factor", "factor_other"):
        labels = factor_covariance.get_index(side)
        apart = factors.symmetric_difference(labels, sort=False)
        if len(apart):
            raise InputError(
                f"factor_covariance: '{side}' and the factors of exposures differ: only in exposures: "
                f"{listed(factors.difference(labels, sort=False)) or 'none'}; only in factor_covariance: "
                f"{listed(labels.difference(factors, sort=False)) or 'none'}."
            )
    exposures, specific_variance = exposures.sel(asset=assets), specific_variance.sel(asset=assets)
    f = factor_covariance.sel(factor=factors, factor_other=factors).transpose("factor", "factor_other")
    for name, array in {"exposures": exposures, "specific_variance": specific_variance, "factor_covariance": f}.items():
        require_numbers(name, array)
    negative = assets[(specific_variance < 0).to_numpy()]
    if len(negative):
        raise InputError(f"specific_variance: {counted(len(negative), 'negative value')}: {listed(negative)}.")
    d = specific_variance.to_numpy().astype(float)
    linked, between = linked_block(linked_covariance, assets, d)
    return RiskArrays(
        assets=assets,
        factors=[str(name) for name in factors],
        x=exposures.transpose("asset", "factor").to_numpy().astype(float),
        f=require_covariance("factor_covariance", f),
        d=d,
        linked=linked,
        between=between,
    )


def linked_block(block: xr.DataArray | None, assets: pd.Index, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the linked assets among the weights', and the covariances between them."""
    name = "linked_covariance"
    if block is None:
        return np.array([], dtype=int), np.zeros((0, 0))
    require_dims(name, block, "asset", "asset_other")
    labels = block.get_index("asset")
    apart = labels.symmetric_difference(block.get_index("asset_other"), sort=False)
    if len(apart):
        raise InputError(f"{name}: 'asset' and 'asset_other' are not the same labels: {listed(apart)} in one of them only.")
    labels = labels[labels.isin(assets)]
    block = block.sel(asset=labels, asset_other=labels).transpose("asset", "asset_other")
    require_numbers(name, block)
    values = require_covariance(name, block)
    linked = assets.get_indexer(labels)
    wrong = ~np.isclose(np.diag(values), d[linked], rtol=1e-9, atol=0)
    if wrong.any():
        raise InputError(
            f"{name}: {counted(int(wrong.sum()), 'variance')} on the diagonal not that of specific_variance: "
            f"{listed(labels[wrong])}."
        )
    np.fill_diagonal(values, 0.0)
    return linked, values


def require_dims(name: str, array: xr.DataArray, *dims: str) -> None:
    """Refuse what is no labelled array of numbers by these dimensions."""
    if not isinstance(array, xr.DataArray) or array.dtype.kind not in "fiu":
        kind = array.dtype if isinstance(array, xr.DataArray) else type(array).__name__
        raise InputError(f"{name}: {kind} where a DataArray of numbers by ({', '.join(dims)}) is wanted.")
    if set(array.dims) != set(dims):
        raise InputError(f"{name}: dimensions ({', '.join(map(str, array.dims))}), not ({', '.join(dims)}). Select one day.")
    for dim in dims:
        if dim not in array.coords:
            raise InputError(f"{name}: dimension '{dim}' has no labels. Give them; positions are never used.")
        labels = array.get_index(dim)
        if labels.has_duplicates:
            raise InputError(f"{name}: duplicate labels of '{dim}': {listed(labels[labels.duplicated()].unique())}.")


def require_numbers(name: str, array: xr.DataArray) -> None:
    """Refuse NaN and infinite values by place."""
    finite = np.isfinite(array.to_numpy())
    if finite.all():
        return
    cells = np.argwhere(~finite)
    labels = [[str(array[dim].to_numpy()[i]) for dim, i in zip(array.dims, cell, strict=True)] for cell in cells]
    places = [cell[0] if len(cell) == 1 else f"({', '.join(cell)})" for cell in labels]
    raise InputError(f"{name}: {counted(len(places), 'missing or infinite value')}: {listed(places)}.")


def require_covariance(name: str, array: xr.DataArray) -> np.ndarray:
    """Symmetric and positive semi-definite to rounding; returned symmetric to the last bit."""
    values, labels = array.to_numpy().astype(float), [str(label) for label in array[array.dims[0]].to_numpy()]
    if not len(values):
        return values
    gap = np.abs(values - values.T)
    if gap.max() > 1e-10 * np.abs(values).max():
        i, j = np.unravel_index(int(gap.argmax()), gap.shape)
        raise InputError(
            f"{name}: not symmetric: ({labels[i]}, {labels[j]}) is {values[i, j]:.6g} but ({labels[j]}, {labels[i]}) is "
            f"{values[j, i]:.6g}."
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
    if eigenvalues[0] < -1e-10:
        order = np.argsort(-np.abs(vectors[:, 0]).round(12), kind="stable")[:3]
        raise InputError(
            f"{name}: not positive semi-definite: the smallest eigenvalue of its correlations is {eigenvalues[0]:.3g}, "
            f"mostly in {listed(labels[i] for i in order)}. Estimate all of it from the same days."
        )
    return values


def require_one_kind(name: str, index: pd.Index, other: str, reference: pd.Index) -> None:
    """Refuse codes that are numbers on one side and text on the other: none would match."""
    kinds = {name: index, other: reference}
    text = {key: all(isinstance(label, str) for label in labels) for key, labels in kinds.items()}
    if len(index) and len(reference) and len(set(text.values())) > 1:
        shown = [f"{'text' if text[key] else 'numbers'} in {key} ({listed(labels, 3)})" for key, labels in kinds.items()]
        raise InputError(
            f"asset: codes are {shown[0]} and {shown[1]}. "
            f"Write them as text on both sides; '0130' is damaged once it is a number."
        )


def require_weights(course: str, weights: xr.DataArray) -> None:
    name = f"{weights.name} of '{course}'"
    require_dims(name, weights, "asset")
    require_numbers(name, weights)
    total = float(weights.sum())
    if abs(total - 1) > WEIGHT_SUM_TOLERANCE:
        advice = "They look like percent; divide by 100." if 50 < total < 150 else "CASH is one of them."
        raise InputError(f"{name}: weights sum to {total:.6g}, not 1. {advice}")
