"""Share classes of one company: they share their specific return, and do not count as independent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import Labelled, labelled
from riskmodel.errors import InputError, counted, listed

ISSUERS = Labelled(("asset",), values="labels", may_be_empty=("asset",))


def linked_correlation(
    specific_returns: xr.DataArray, linked: xr.DataArray | pd.Series, *, half_life: float = 252, least_history: int = 60
) -> xr.DataArray:
    """Correlation of the specific returns of an issuer's share classes, at the last day of `specific_returns`.

    Returns
    -------
    DataArray
        (issuer), of issuers with two assets or more: the mean over pairs of their correlations about zero, weights halving
        every `half_life`, kept within 0 and 1, so that a block is positive semi-definite. A pair with fewer than
        `least_history` common observations counts as 1.
    """
    companies, found = issuers(specific_returns.get_index("asset"), linked), dict[str, float]()
    if companies:  # where there are none, a stored fit is not read
        values = specific_returns.transpose("time", "asset").to_numpy()
        root = 0.5 ** (np.arange(len(values))[::-1, None] / (2 * half_life))
    for issuer, columns in companies.items():
        pairs = []
        for i, j in zip(*np.triu_indices(len(columns), 1), strict=True):
            common = ~np.isnan(values[:, columns[[i, j]]]).any(axis=1)
            a, b = (root * values[:, columns[[i, j]]])[common].T
            norm = np.sqrt((a @ a) * (b @ b))
            pairs.append(a @ b / norm if common.sum() >= least_history and norm > 0 else 1.0)
        found[issuer] = float(np.clip(np.mean(pairs), 0, 1))
    return xr.DataArray(list(found.values()), dims="issuer", coords={"issuer": list(found)}, name="correlation")


def specific_covariance_times(
    weights: xr.DataArray,
    volatility: xr.DataArray,
    linked: xr.DataArray | pd.Series | None = None,
    correlation: xr.DataArray | float = 1.0,
) -> xr.DataArray:
    """Delta a: the specific covariance times weights (..., asset), the classes of one issuer being correlated.

    (Delta a)_i = sigma_i [(1 - rho) sigma_i a_i + rho sum_j sigma_j a_j], j over the classes of the issuer of i;
    `(a * result).sum("asset")` is the specific variance. `correlation` is that of `linked_correlation`, or one number.

    Examples
    --------
    >>> a = xr.DataArray([0.5, 0.5], {"asset": ["X.A", "X.B"]})
    >>> both = pd.Series("X", index=["X.A", "X.B"])
    >>> round((a * specific_covariance_times(a, 0 * a + 0.02, both)).sum().item() ** 0.5, 4)
    0.02
    """
    sigma = volatility.reindex(asset=weights["asset"])
    lost = (sigma.isnull() & (weights.fillna(0.0) != 0)).transpose("asset", ...)
    if bool(lost.any()):
        names = lost["asset"].to_numpy()[lost.to_numpy().reshape(lost.sizes["asset"], -1).any(axis=1)]
        raise InputError(f"volatility: missing for {counted(len(names), 'asset')} with weight: {listed(names)}.")
    sigma = sigma.fillna(0.0)
    scaled = (sigma * weights).transpose(..., "asset")
    shared = scaled.copy()
    for issuer, columns in issuers(weights.get_index("asset"), linked, known=volatility.get_index("asset")).items():
        rho = correlation.sel(issuer=issuer).item() if isinstance(correlation, xr.DataArray) else correlation
        shared[..., columns] = (1 - rho) * scaled[..., columns] + rho * scaled[..., columns].sum("asset")
    return (sigma * shared).transpose(..., "asset")


def linked_covariance(
    volatility: xr.DataArray, linked: xr.DataArray | pd.Series, correlation: xr.DataArray | float = 1.0
) -> xr.DataArray | None:
    """Covariance of the specific returns of the assets that have a sibling, the rest being independent.

    Parameters
    ----------
    volatility
        (asset) forecast of the specific return; NaN where there is none.
    linked
        (asset) labels of issuers; an empty one links nothing.
    correlation
        That of `linked_correlation`, within 0 and 1, or one number.

    Returns
    -------
    DataArray or None
        (asset, asset_other): sigma_i sigma_j rho within an issuer, 0 between issuers, sigma_i^2 on the diagonal; of the
        assets with a forecast whose issuer has two or more of them. None where there is no such asset.

    Examples
    --------
    >>> sigma = xr.DataArray([0.02, 0.03, 0.01], {"asset": ["X.A", "X.B", "Y"]})
    >>> linked_covariance(sigma, pd.Series("X", index=["X.A", "X.B"]), 0.5).values.round(6).tolist()
    [[0.0004, 0.0003], [0.0003, 0.0009]]
    """
    known = volatility.dropna("asset")
    blocks = issuers(known.get_index("asset"), linked, known=volatility.get_index("asset"))
    if not blocks:
        return None
    owner = np.repeat(np.arange(len(blocks)), [len(columns) for columns in blocks.values()])
    chosen = known.isel(asset=np.concatenate(list(blocks.values())))
    rho = correlation.sel(issuer=list(blocks)).to_numpy()[owner] if isinstance(correlation, xr.DataArray) else correlation
    together = np.where(owner[:, None] == owner, np.broadcast_to(rho, owner.shape), 0.0)
    np.fill_diagonal(together, 1.0)
    sigma, labels = chosen.to_numpy(), chosen["asset"].to_numpy()
    return xr.DataArray(
        sigma[:, None] * sigma * together, {"asset": labels, "asset_other": labels}, ("asset", "asset_other")
    )


def issuers(
    assets: pd.Index, linked: xr.DataArray | pd.Series | None, *, known: pd.Index | None = None
) -> dict[str, np.ndarray]:
    """Positions of the assets of every issuer that has two or more, in the order of the assets' labels.

    Raises
    ------
    InputError
        Where `linked` is no labels by asset, one repeats, or none of them is among the `known` assets (default: `assets`).
    """
    if linked is None:
        return {}
    given = labelled("linked", linked, ISSUERS)
    label = pd.Series(given.to_numpy(), given.get_index("asset"))
    known = assets if known is None else known
    if len(label) and not (known.get_indexer(label.index) >= 0).any():
        raise InputError(
            f"linked: {counted(len(label), 'label')}, of which none is among the {counted(len(known), 'asset')}: "
            f"{listed(label.index)}. Nothing would be linked; label the issuers by asset, as in {listed(known, 3)}."
        )
    place = pd.Series(assets.get_indexer(label.index), index=label.index)
    own = (label.notna() & (label != "")).to_numpy() & (place >= 0).to_numpy()
    own &= label.duplicated(keep=False).to_numpy()
    if not own.any():
        return {}
    place, label = place[own].sort_index(), label[own].sort_index()
    return {str(issuer): rows.to_numpy() for issuer, rows in place.groupby(label) if len(rows) > 1}
