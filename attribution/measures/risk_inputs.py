"""Checks and alignment of the arrays that a risk decomposition takes."""

from __future__ import annotations

from math import fsum
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import Labelled, aligned, labelled, require_finite
from riskmodel.arrays.rounding import OF_TERMS
from riskmodel.arrays.semidefinite import require_covariance
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.checks import WEIGHT_SUM_TOLERANCE

ARRAYS = {
    name: Labelled(dims, may_be_empty=dims)
    for name, dims in {
        "weights": ("asset",),
        "exposures": ("asset", "factor"),
        "factor_covariance": ("factor", "factor_other"),
        "specific_variance": ("asset",),
        "linked_covariance": ("asset", "asset_other"),
    }.items()
}


class RiskArrays(NamedTuple):
    """A forecast aligned to the assets of the weights, as plain arrays."""

    assets: pd.Index
    factors: list[str]
    a: np.ndarray  # weights
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
        return self._replace(
            assets=assets, a=self.a[place], x=self.x[place], d=self.d[place], linked=linked[there], between=between
        )

    def specific(self, a: np.ndarray) -> np.ndarray:
        """D a."""
        product: np.ndarray = self.d * a
        product[self.linked] += self.between @ a[self.linked]
        return product

    def variance(self, a: np.ndarray) -> float:
        """A' (X F X' + D) a; 0 where it is rounding of its terms."""
        b = self.x.T @ a
        variance = fsum([*(b * (self.f @ b)), *(a * self.specific(a))])
        return variance if variance > OF_TERMS * self.terms(a) else 0.0

    def terms(self, a: np.ndarray) -> float:
        """Size of what is added up in a' (X F X' + D) a: the same of absolute values."""
        size = np.abs(a)
        whole = self._replace(x=np.abs(self.x), f=np.abs(self.f), between=np.abs(self.between))
        reach = whole.x.T @ size
        return float(reach @ whole.f @ reach + size @ whole.specific(size))


def aligned_arrays(
    weights: xr.DataArray | pd.Series,
    exposures: xr.DataArray | pd.DataFrame,
    factor_covariance: xr.DataArray | pd.DataFrame,
    specific_variance: xr.DataArray | pd.Series,
    linked_covariance: xr.DataArray | pd.DataFrame | None,
) -> RiskArrays:
    """Check every array and bring it into the order of the weights' assets and the exposures' factors."""
    a = labelled("weights", weights, ARRAYS["weights"])
    require_finite("weights", a)
    assets = a.get_index("asset")
    given = {
        "exposures": labelled("exposures", exposures, ARRAYS["exposures"]),
        "specific_variance": labelled("specific_variance", specific_variance, ARRAYS["specific_variance"]),
    }
    for name, array in given.items():
        missing = assets.difference(array.get_index("asset"), sort=False)
        if len(missing):
            raise InputError(
                f"{name}: {counted(len(missing), 'asset')} of the weights missing: {listed(missing)}. Add them, or leave "
                f"them out of the weights and say how much that is; CASH is left out, it has no risk."
            )
        given[name] = array.sel(asset=assets)
    given = aligned(given | {"factor_covariance": factor_covariance}, ARRAYS)
    for name, array in given.items():
        require_finite(name, array)
    negative = assets[(given["specific_variance"] < 0).to_numpy()]
    if len(negative):
        raise InputError(f"specific_variance: {counted(len(negative), 'negative value')}: {listed(negative)}.")
    d = given["specific_variance"].to_numpy().astype(float)
    linked, between = linked_block(linked_covariance, assets, d)
    return RiskArrays(
        assets=assets,
        factors=[str(name) for name in given["exposures"].get_index("factor")],
        a=a.to_numpy().astype(float),
        x=given["exposures"].to_numpy().astype(float),
        f=require_covariance("factor_covariance", given["factor_covariance"]),
        d=d,
        linked=linked,
        between=between,
    )


def linked_block(
    block: xr.DataArray | pd.DataFrame | None, assets: pd.Index, d: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the linked assets among the weights', and the covariances between them."""
    name = "linked_covariance"
    if block is None:
        return np.array([], dtype=int), np.zeros((0, 0))
    whole = aligned({name: block}, ARRAYS)[name]
    labels = whole.get_index("asset")
    labels = labels[labels.isin(assets)]
    own = whole.sel(asset=labels, asset_other=labels)
    require_finite(name, own)
    values = require_covariance(name, own)
    linked = assets.get_indexer(labels)
    wrong = ~np.isclose(np.diag(values), d[linked], rtol=1e-9, atol=0)
    if wrong.any():
        raise InputError(
            f"{name}: {counted(int(wrong.sum()), 'variance')} on the diagonal not that of specific_variance: "
            f"{listed(labels[wrong])}."
        )
    np.fill_diagonal(values, 0.0)
    return linked, values


def require_weights(course: str, weights: xr.DataArray) -> None:
    """Refuse weights (asset) of a side of a course that do not sum to one."""
    name = f"{weights.name} of '{course}'"
    require_finite(name, labelled(name, weights, ARRAYS["weights"]))
    total = float(weights.sum())
    if abs(total - 1) > WEIGHT_SUM_TOLERANCE:
        advice = "They look like percent; divide by 100." if 50 < total < 150 else "CASH is one of them."
        raise InputError(f"{name}: weights sum to {total:.6g}, not 1. {advice}")
