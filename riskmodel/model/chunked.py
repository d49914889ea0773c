"""The fit of a market whose arrays dask holds, block by block."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from riskmodel.arrays.chunks import blank, by_blocks, one_task, time_blocks
from riskmodel.errors import InputError


def fit_by_blocks(estimates: Callable[[xr.Dataset], xr.Dataset], market: xr.Dataset, *, look_back: int) -> xr.Dataset:
    """The arrays of `RiskModel.fit`, lazily: each task estimates a block with the `look_back` sessions before."""
    from dask.array import from_delayed

    from riskmodel.market.contents import PANELS
    from riskmodel.market.fingerprint import as_variables, panel_sums, with_events

    if not market.sizes["time"]:
        raise InputError("market: no session. Open it with chunks={'time': 252}, and give every session.")
    untimed = [name for name, array in market.data_vars.items() if "time" not in array.dims]
    market = market.assign(market[untimed].load())
    data = by_blocks(estimates, market, estimates(blank(market)), look_back=look_back)
    panels = market[[name for name in (*PANELS, "descriptor_value") if name in market]]
    sums = [one_task(panel_sums, panels.isel(time=block)) for block in time_blocks(panels)]
    events = market.drop_vars([name for name in market.data_vars if name not in untimed])
    known = one_task(with_events, sums, events, market["time"].to_numpy()[-1])
    marks = from_delayed(known, (2, market.sizes["asset"]), dtype=np.uint64)
    return data.assign(as_variables(marks, market["asset"].to_numpy()))
