"""Benchmarks of which only returns are known, among the names of a forecast: estimated exposures and specific variance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from attribution.portfolio.holdings import level_returns
from riskmodel.model.results import RiskModelResults
from riskmodel.model.returns_based import estimated_exposures


def with_estimated_exposures(
    exposures: xr.DataArray, model: RiskModelResults, market: xr.Dataset, date: pd.Timestamp, levels: Mapping[str, str]
) -> xr.DataArray:
    """Exposures (asset, factor) known at a close, with a row for each label of `levels`: the index that it names."""
    rows = [exposures]
    for label, index in levels.items():
        found = estimated_at(model, market, date, index)["exposure"].reindex(factor=exposures["factor"])
        rows.append(found.expand_dims(asset=[label]).transpose("asset", "factor"))
    return xr.concat(rows, "asset") if levels else exposures


def with_estimated_variance(
    variance: xr.DataArray, model: RiskModelResults, market: xr.Dataset, date: pd.Timestamp, levels: Mapping[str, str]
) -> xr.DataArray:
    """Specific variances (asset) of a day known at a close, likewise: what the factors left of the index in the window."""
    own = np.array([float(estimated_at(model, market, date, index)["specific_variance"]) for index in levels.values()])
    labels = pd.Index(list(levels), dtype=object)
    return xr.concat([variance, xr.DataArray(own, {"asset": labels}, ("asset",))], "asset") if levels else variance


def estimated_at(model: RiskModelResults, market: xr.Dataset, date: pd.Timestamp, index: str) -> xr.Dataset:
    """What is estimated of an index at one close, from the returns of its level: `exposure` (factor) and the rest of
    `riskmodel.estimation.returns_based.returns_based_exposures`.
    """
    sessions = model.data.get_index("time")
    returns = level_returns(market, index).sel(time=sessions)
    return estimated_exposures(model, returns, pd.DatetimeIndex([date])).isel(time=0, drop=True)
