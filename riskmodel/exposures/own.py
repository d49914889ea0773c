"""Descriptors that are functions of the user's: what they give, and what is refused of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from riskmodel.arrays.chunks import is_lazy
from riskmodel.arrays.labels import PANEL, label_text, labelled, require_finite
from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import LOOK_BACK, Descriptor

SESSIONS = 2 * LOOK_BACK
LIFE = "(life is the number of a name's current life, -1 outside: market['life'] >= 0 says that it is listed.)"


def values_of(descriptor: Descriptor, market: xr.Dataset) -> np.ndarray:
    """What a function gives, (time, asset) in the order of the market.

    Raises
    ------
    InputError
        Where the answer is not by (time, asset), lacks a label of the market, or has an infinite value.
    """
    name = f"styles: what descriptor '{descriptor.name}' gives"
    answer = labelled(name, descriptor.function(market), PANEL)
    for dim in ("time", "asset"):
        if len(lost := market.get_index(dim).difference(answer.get_index(dim), sort=False)):
            raise InputError(f"{name}: without {counted(len(lost), 'label')} of '{dim}': {listed(map(label_text, lost))}.")
    answer = answer.sel(time=market["time"], asset=market["asset"]).astype(float)
    require_finite(name, answer, missing=True)
    return answer.to_numpy()


def require_no_look_ahead(descriptors: Iterable[Descriptor], market: xr.Dataset) -> None:
    """Refuse a function that has no value at all, or whose values change when the later half of the days is taken away.

    Of a market that dask holds the first `SESSIONS` are looked at.

    Raises
    ------
    InputError
        Names the descriptor, the first day and the first assets.
    """
    descriptors = list(descriptors)
    some = market.isel(time=slice(0, SESSIONS)) if is_lazy(market) else market
    if not descriptors or not (half := some.sizes["time"] // 2):
        return
    some = some.load() if is_lazy(market) else some
    past = some.isel(time=slice(0, half + 1))
    for descriptor in descriptors:
        everything, alone = values_of(descriptor, some), values_of(descriptor, past)
        if np.isnan(everything).all() and some.sizes["time"] == market.sizes["time"]:
            raise InputError(f"styles: descriptor '{descriptor.name}' has no value on any day of the market. {LIFE}")
        changed = ~np.isclose(everything[: half + 1], alone, rtol=1e-9, atol=0, equal_nan=True)
        if changed.any():
            first = int(changed.any(axis=1).argmax())
            day, assets = label_text(some.get_index("time")[first]), some["asset"].to_numpy()[changed[first]]
            raise InputError(
                f"styles: descriptor '{descriptor.name}' looks ahead: its value on {day} changes for "
                f"{counted(len(assets), 'asset')} when later days are left out: {listed(assets)}. "
                f"Row t may use only what is known at the close of day t."
            )
