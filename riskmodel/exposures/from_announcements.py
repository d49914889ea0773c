"""Descriptors made of announcements of earnings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.exposures.events import Unavailable, carried
from riskmodel.facts import Fact

ANNOUNCEMENT_LASTS = np.timedelta64(190, "D")  # two quarters


def earnings_surprise(market: xr.Dataset) -> xr.DataArray:
    """Actual less estimated earnings a share of the last announcement, over the close; for 190 days.

    Livnat & Mendenhall (2006), with the analysts' estimate and scaled by price.
    """
    if not market.sizes["announcement"]:
        raise Unavailable(Fact("no_announcements"))
    known = market["announcement_known"].to_numpy()
    session = np.where(np.isnat(known), market.sizes["time"], np.searchsorted(market["time"].to_numpy(), known))
    asset = pd.Index(market["asset"].to_numpy()).get_indexer(market["announcement_ticker"].to_numpy())
    difference = (market["eps_actual"] - market["eps_estimate"]).to_numpy()
    return carried(market, asset, session, difference, known + ANNOUNCEMENT_LASTS) / market["close"]
