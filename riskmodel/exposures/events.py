"""What comes at some day and counts from then on: carried forward until it expires, or why there is nothing."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.facts import Fact
from riskmodel.market.timeline import as_of


class Unavailable(Exception):
    """The market has no data for a descriptor: why, as a fact or in words of your own, is in the coverage table."""

    def __init__(self, reason: Fact | str) -> None:
        super().__init__(reason)
        self.fact = Fact("said", {"text": reason}) if isinstance(reason, str) else reason

    def __str__(self) -> str:
        return self.fact.words()


def carried(
    market: xr.Dataset, asset: np.ndarray, session: np.ndarray, values: np.ndarray, expires: np.ndarray
) -> xr.DataArray:
    """Carry the last event's value forward until it expires; an asset without a price has none."""
    shape = (market.sizes["time"], market.sizes["asset"])
    event = as_of(session, asset, np.arange(len(values), dtype=float), shape)
    position = np.where(np.isnan(event), len(values), event).astype(np.intp)
    value = np.append(values, np.nan)[position]
    until = np.append(expires.astype("datetime64[ns]"), np.datetime64("NaT", "ns"))[position]
    fresh = (market["time"].to_numpy()[:, None] <= until) & (market["life"].to_numpy() >= 0)
    return market["close"].copy(data=np.where(fresh, value, np.nan))
