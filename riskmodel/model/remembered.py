"""What forecasts look back on, kept with a fit: a close asked for costs that close, and not the history before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import is_lazy
from riskmodel.arrays.segments import joined, segments_of
from riskmodel.estimation.specific import SpecificRiskSettings
from riskmodel.facts import ForecastUnavailableError
from riskmodel.market.finals import ends_of_lives

UNADJUSTED = "unadjusted_specific_volatility"  # (time, asset): daily, before the regime adjustment
SESSIONS_AT_ONCE = 512  # bounds the memory of what a forecast is made of


def remembers(data: xr.Dataset, settings: SpecificRiskSettings) -> bool:
    """Whether a fit has the specific volatilities of these settings, of every session."""
    return UNADJUSTED in data and data.attrs.get(UNADJUSTED) == _key(settings)


def remembering(
    data: xr.Dataset,
    settings: SpecificRiskSettings,
    forecast: Callable[[xr.Dataset, pd.Index, SpecificRiskSettings], xr.Dataset],
    earlier: xr.Dataset | None = None,
) -> xr.Dataset:
    """A fit with `unadjusted_specific_volatility` (time, asset) on every session.

    Parameters
    ----------
    data
        Of a fit in memory or in a store.
    settings
        Of the specific-risk forecast.
    forecast
        `riskmodel.specific_risk` of a fit, at some closes, by some settings.
    earlier
        The fit to which sessions were appended. What it remembers is not forecast again, unless a name has moved to another
        sector or company since.

    Returns
    -------
    Dataset
        As it was where the regime is switched off, of a fit held by dask, and where sectors change in time.
    """
    if remembers(data, settings) or settings.regime_half_life is None or is_lazy(data) or "time" in data["sector"].dims:
        return data
    known = earlier is not None and remembers(earlier, settings) and _same_past(earlier, data)
    sessions, plain = data.get_index("time"), replace(settings, regime_half_life=None)
    if known and earlier is not None:
        sessions = sessions[earlier.sizes["time"] :]
    made = [xr.full_like(data["specific_returns"].isel(time=slice(0)).transpose("time", "asset"), np.nan)]
    for first in range(0, len(sessions), SESSIONS_AT_ONCE):
        some = sessions[first : first + SESSIONS_AT_ONCE]
        try:
            made.append(forecast(data, some, plain)["volatility"])
        except ForecastUnavailableError:  # too early for any name
            made.append(xr.full_like(data["specific_returns"].sel(time=some).transpose("time", "asset"), np.nan))
    new = xr.concat(made, "time", coords="minimal", compat="override", join="exact").rename(UNADJUSTED)
    whole = _followed_by(earlier, new) if known and earlier is not None else new
    return data.assign({UNADJUSTED: whole}).assign_attrs({UNADJUSTED: _key(settings)})


def _followed_by(earlier: xr.Dataset, new: xr.DataArray) -> xr.DataArray | xr.Variable:
    """The sessions of the earlier fit and the new ones; what lies in a store is not read."""
    lazy = segments_of(earlier.variables[UNADJUSTED])
    if lazy is not None:
        return joined(earlier, new.to_dataset(), UNADJUSTED, lazy)
    return xr.concat([earlier[UNADJUSTED].reindex(asset=new["asset"]), new], "time")


def _key(settings: SpecificRiskSettings) -> str:
    values: dict[str, Any] = dict(vars(settings))
    return json.dumps(values, sort_keys=True)


def _same_past(earlier: xr.Dataset, data: xr.Dataset) -> bool:
    """Whether the names of the earlier fit have the sectors, companies and ends of lives that they had; no new name is a
    share class of one of them.
    """
    if not all(earlier[kind].equals(data[kind].sel(asset=earlier["asset"])) for kind in ("sector", "issuer")):
        return False
    before, now = _ends(earlier), _ends(data).loc[earlier.get_index("time"), earlier.get_index("asset")]
    if not before.equals(now):
        return False
    issuer, added = data["issuer"].to_series(), data.get_index("asset").difference(earlier.get_index("asset"))
    own = issuer[added][issuer[added].fillna("") != ""]
    return not issuer.drop(added).isin(own).any()


def _ends(data: xr.Dataset) -> pd.DataFrame:
    """Where the return of a session is what a final brings, time by asset."""
    index, columns = data.get_index("time"), data.get_index("asset")
    return pd.DataFrame(ends_of_lives(data) if "final_known" in data else False, index, columns)
