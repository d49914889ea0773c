"""Names of industries that have returns of their own, each within one sector."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import MODEL_ARRAYS, labelled, require_kind, same_labels
from riskmodel.bounds import NAMES, require_bounded

LEAST_NAMES = 3  # chosen by forecasts of ten days up to 2015, see docs/methodology/industries.md


def coded(labels: np.ndarray) -> bool:
    """Whether industries are named by digits alone.

    Examples
    --------
    >>> coded(np.array(["283", ""])), coded(np.array(["Software", "283"])), coded(np.array([""]))
    (True, False, False)
    """
    named = [str(label) for label in np.unique(labels.astype(str)) if label]
    return bool(named) and all(label.isascii() and label.isdigit() for label in named)


def nested_industries(
    industries: xr.DataArray | pd.DataFrame | pd.Series,
    sectors: xr.DataArray | pd.DataFrame | pd.Series,
    *,
    least_names: int = LEAST_NAMES,
    taken: tuple[str, ...] = (),
) -> xr.DataArray:
    """Name each asset's industry as a factor within its sector, where enough assets share it.

    Parameters
    ----------
    industries, sectors
        (asset) or (time, asset) labels; an asset without either has no industry.
    least_names
        Assets that an industry must have within the sector, at some time; those of thinner ones have no industry.
    taken
        Names of other factors.

    Returns
    -------
    DataArray
        (asset), or (time, asset) where either is: the label, "industry 283" for a code or where the label is a sector's or
        taken, followed by the sector in brackets where the industry has names in several; empty where there is none.

    Examples
    --------
    >>> assets = {"asset": list("ABCDE")}
    >>> industry = xr.DataArray(["283", "283", "283", "283", "131"], assets, ("asset",))
    >>> sector = xr.DataArray(["Health", "Health", "Materials", "Materials", "Energy"], assets, ("asset",))
    >>> nested_industries(industry, sector, least_names=2).values.tolist()
    ['industry 283 (Health)', 'industry 283 (Health)', 'industry 283 (Materials)', 'industry 283 (Materials)', '']
    """
    require_kind("taken", taken, tuple, "Give a tuple of names.")
    require_bounded("least_names", least_names, NAMES)
    industries = labelled("industries", industries, MODEL_ARRAYS["industries"])
    sectors = same_labels("sectors", labelled("sectors", sectors, MODEL_ARRAYS["sectors"]), "industries", industries)
    industries, sectors = xr.broadcast(_text(industries), _text(sectors))
    industries = industries.transpose(..., "asset")
    own, within = industries.to_numpy(), sectors.transpose(*industries.dims).to_numpy()
    pairs = pd.DataFrame({"industry": own.ravel(), "sector": within.ravel(), "row": np.indices(own.shape)[0].ravel()})
    if own.ndim == 1:
        pairs["row"] = 0
    known = pairs[(pairs["industry"] != "") & (pairs["sector"] != "")]
    size = known.groupby(["industry", "sector", "row"], sort=True).size().groupby(level=["industry", "sector"]).max()
    kept = size.index[size >= least_names]
    several = kept.get_level_values("industry").value_counts()
    plain = not coded(own)
    reserved = {*taken, *within.ravel()}
    names = {}
    for industry, sector in kept:
        name = industry if plain and industry not in reserved else f"industry {industry}"
        names[industry, sector] = f"{name} ({sector})" if several[industry] > 1 else name
    index = pd.MultiIndex.from_frame(pairs[["industry", "sector"]])
    named = pd.Series(names, dtype=object).reindex(index).fillna("") if names else pd.Series("", index=index, dtype=object)
    return industries.copy(data=named.to_numpy(dtype=object).reshape(own.shape))


def sector_of_industries(named: xr.DataArray, sectors: xr.DataArray) -> dict[str, str]:
    """Industry -> its sector, in the order of sectors and within them of names; both (asset) or (time, asset) labels."""
    industry, sector = (array.to_numpy().ravel() for array in xr.broadcast(_text(named), _text(sectors)))
    pairs = pd.DataFrame({"sector": sector, "industry": industry}).drop_duplicates()
    pairs = pairs[(pairs["industry"] != "") & (pairs["sector"] != "")].sort_values(["sector", "industry"])
    return dict(zip(pairs["industry"], pairs["sector"], strict=True))


def _text(labels: xr.DataArray) -> xr.DataArray:
    values = labels.to_numpy()
    return labels.copy(data=np.where(pd.isna(values), "", values).astype(str).astype(object))
