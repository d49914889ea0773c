"""What forecasts look back on, kept with a fit: a close asked for costs that close, and not the history before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import is_lazy
from riskmodel.arrays.segments import joined, segments_of
from riskmodel.estimation.specific import SpecificRiskSettings
from riskmodel.facts import ForecastUnavailableError
from riskmodel.market.finals import ends_of_lives
from riskmodel.model.forecast import UNADJUSTED, remembers, settings_key, specific_forecast
from riskmodel.model.results import RiskModelResults

SESSIONS_AT_ONCE = 512  # bounds the memory of what a forecast is made of


def remembering(results: RiskModelResults, earlier: RiskModelResults | None = None) -> RiskModelResults:
    """A fit with `unadjusted_specific_volatility` (time, asset), daily, on every session: what its forecasts look back on.

    Parameters
    ----------
    results
        In memory or in a store.
    earlier
        The fit to which sessions were appended. What it remembers is not forecast again, unless a name has moved to another
        sector or company since.

    Returns
    -------
    RiskModelResults
        As it was where the regime is switched off, of a fit held by dask, and where sectors change in time.
    """
    data, settings = results.data, SpecificRiskSettings(**results.settings["specific"])
    if remembers(data, settings) or settings.regime_half_life is None or is_lazy(data) or "time" in data["sector"].dims:
        return results
    known = earlier is not None and remembers(earlier.data, settings) and _same_past(earlier.data, data)
    past = earlier.data if known and earlier is not None else None
    sessions, plain = data.get_index("time"), replace(settings, regime_half_life=None)
    if past is not None:
        sessions = sessions[past.sizes["time"] :]
    nothing = xr.full_like(data["specific_returns"].transpose("time", "asset"), np.nan)
    made = [nothing.isel(time=slice(0))]
    for first in range(0, len(sessions), SESSIONS_AT_ONCE):
        some = sessions[first : first + SESSIONS_AT_ONCE]
        try:
            made.append(specific_forecast(data, results.exposures, some, plain)["volatility"])
        except ForecastUnavailableError:  # too early for any name
            made.append(nothing.sel(time=some))
    new = xr.concat(made, "time", coords="minimal", compat="override", join="exact").rename(UNADJUSTED)
    whole = new if past is None else _followed_by(past, new)
    return replace(results, data=data.assign({UNADJUSTED: whole}).assign_attrs({UNADJUSTED: settings_key(settings)}))


def _followed_by(past: xr.Dataset, new: xr.DataArray) -> xr.DataArray | xr.Variable:
    """The sessions of the earlier fit and the new ones; what lies in a store is not read."""
    lazy = segments_of(past.variables[UNADJUSTED])
    if lazy is not None:
        return joined(past, new.to_dataset(), UNADJUSTED, lazy)
    return xr.concat([past[UNADJUSTED].reindex(asset=new["asset"]), new], "time")


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
