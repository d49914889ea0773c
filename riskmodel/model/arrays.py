"""The arrays of a fit: every session's regression beside what it was made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.industries import coded, nested_industries, sector_of_industries
from riskmodel.estimation.lagged import RegressionSettings, lagged_regression, require_arrays
from riskmodel.factors import MARKET, RESERVED
from riskmodel.market.industries import major_groups
from riskmodel.model.second_specification import second_factor_returns

STYLE = "style"  # the styles' dimension beside all factors': a Dataset cannot have `factor` in two lengths


def fitted_arrays(
    *,
    returns: xr.DataArray,
    exposures: xr.DataArray,
    sectors: xr.DataArray,
    market_cap: xr.DataArray,
    issuers: xr.DataArray,
    universe: xr.DataArray | None,
    industries: xr.DataArray,
    settings: RegressionSettings,
    ending: xr.DataArray | None = None,
) -> xr.Dataset:
    """What `RiskModelResults` holds, from exposures; the arguments are those of `riskmodel.estimate`.

    `ending` is that of `riskmodel.estimation.lagged.lagged_regression`.
    """
    require_arrays(returns=returns, exposures=exposures, sectors=sectors, market_cap=market_cap)
    styles = exposures.get_index("factor")
    taken = (*RESERVED, *map(str, styles))
    own = nested_industries(industries, sectors, least_names=settings.industry_names, taken=taken)
    if not settings.industry_returns:
        own = xr.full_like(own, "")
    arguments: dict[str, Any] = {
        "returns": returns,
        "exposures": exposures,
        "sectors": sectors,
        "market_cap": market_cap,
        "universe": universe,
        "industries": industries,
        "industry_factors": own,
        "ending": ending,
        "settings": settings,
    }
    regression = lagged_regression(**arguments)
    factors = regression.get_index("factor")
    nested = sector_of_industries(own, sectors)
    group = np.where(factors.isin(list(nested)), "industry", np.where(factors.isin(styles), "style", "sector")).astype(
        object
    )
    group[factors == MARKET] = MARKET
    data = xr.Dataset(
        {
            "exposures": exposures.rename(factor=STYLE),
            "universe": xr.ones_like(returns, dtype=bool) if universe is None else universe,
            "market_cap": market_cap,
            "sector": sectors,
            "industry": industries,
            "industry_factor": own,
            "issuer": issuers,
            "factor_group": ("factor", group),
            "factor_returns": regression["factor_returns"],
            "second_factor_returns": second_factor_returns(**arguments),
            "robust_standard_errors": regression["robust_standard_errors"],
            "classical_standard_errors": regression["classical_standard_errors"],
            "estimation_error_covariance": regression["estimation_error_covariance"],
            "specific_returns": regression["specific_returns"],
            "r_squared": regression["r_squared"],
            "condition_number": regression["condition_number"],
            "estimating_names": regression["names"],
            "weights_floored": regression["weights_floored"],
            "flag": regression["flag"],
            "variance_inflation": regression["variance_inflation"],
            "sector_shrinkage": regression["sector_shrinkage"].rename(sector="sector_name").fillna(0.0),
        },
        attrs={"errors": regression.attrs["errors"]},
    )
    if not nested:
        return data
    of_industry = {
        "industry_sector": ("industry_name", np.array(list(nested.values()), dtype=object)),
        "industry_shrinkage": regression["industry_shrinkage"].rename(industry="industry_name").fillna(1.0),
    }
    return data.assign(of_industry)


def industry_texts(data: xr.Dataset) -> dict[str, dict[str, str]]:
    """The names on pages of industries that are codes; see `RiskModelResults.style_texts`."""
    if "industry_sector" not in data or not coded(labels := data["industry"].to_numpy()):
        return {}
    own, code = (array.ravel() for array in np.broadcast_arrays(data["industry_factor"].to_numpy(), labels))
    codes = dict(zip(own.tolist(), code.tolist(), strict=True))
    count = pd.Series([codes[str(name)] for name in data["industry_name"].to_numpy()]).value_counts()
    texts, known = {}, major_groups() if data.attrs.get("industry_codes") else {}
    for name, sector in zip(data["industry_name"].to_numpy(), data["industry_sector"].to_numpy(), strict=True):
        label = codes[str(name)]
        words = {
            language: known.get(language, {}).get(label, plain.format(label))
            for language, plain in (("en", "Industry {}"), ("ja", "産業{}"))
        }
        texts[str(name)] = words
        if count[label] > 1:
            texts[str(name)] = {
                "en": f"{words['en']} ({{sector}})",
                "ja": f"{words['ja']}（{{sector}}）",
                "sector": str(sector),
            }
    return texts


def design_into(data: xr.Dataset, out: np.ndarray, factors: pd.Index, styles: xr.DataArray) -> np.ndarray:
    """Write exposures of those of the factors that the model has; which names lack a sector, (time, asset)."""
    days, names = styles.get_index("time"), styles.get_index("asset")
    out[:, factors == MARKET] = 1.0
    for kind in ("industry_factor", "sector"):
        labels = data[kind].sel(asset=names)
        labels = labels.sel(time=days).transpose("time", "asset") if "time" in labels.dims else labels
        label = labels.to_numpy().astype(object)
        column = np.broadcast_to(factors.get_indexer(label.ravel()).reshape(label.shape), (len(days), len(names)))
        day, own = np.nonzero(column >= 0)
        out[day, column[day, own], own] = 1.0
    places = factors.get_indexer(styles.get_index(STYLE))
    every = bool((places >= 0).all())
    out[:, places[places >= 0]] = (styles if every else styles[:, places >= 0]).to_numpy()
    return np.array(np.broadcast_to(pd.isna(label) | (label == ""), (len(days), len(names))))
