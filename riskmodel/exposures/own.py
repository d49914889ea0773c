"""Descriptors that are functions of the user's: what they give, and what is refused of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import Descriptor

LIFE = "(life is the number of a name's current life, -1 outside: market['life'] >= 0 says that it is listed.)"


def values_of(descriptor: Descriptor, market: xr.Dataset) -> np.ndarray:
    """What a function gives, (time, asset) in the order of the market.

    Raises
    ------
    InputError
        Where the answer is not by (time, asset), lacks a label of the market, or has an infinite value.
    """
    answer = descriptor.function(market)
    if not isinstance(answer, xr.DataArray) or set(answer.dims) != {"time", "asset"}:
        what = f"by {answer.dims}" if isinstance(answer, xr.DataArray) else type(answer).__name__
        raise InputError(
            f"styles: descriptor '{descriptor.name}' gives {what}; it must give an xarray.DataArray by (time, asset)."
        )
    lost = [dim for dim in ("time", "asset") if not market.get_index(dim).isin(answer.get_index(dim)).all()]
    if lost:
        raise InputError(f"styles: descriptor '{descriptor.name}' gives not every {' and '.join(lost)} of the market.")
    values = answer.sel(time=market["time"], asset=market["asset"]).transpose("time", "asset").to_numpy().astype(float)
    if np.isinf(values).any():
        raise InputError(
            f"styles: descriptor '{descriptor.name}' gives {counted(int(np.isinf(values).sum()), 'infinite value')}. "
            f"Use NaN for what is missing."
        )
    return values


def require_no_look_ahead(descriptors: Iterable[Descriptor], market: xr.Dataset) -> None:
    """Refuse a function that has no value at all, or whose value on a day changes when later days are taken away.

    Raises
    ------
    InputError
        Names the descriptor and the first assets.
    """
    half = market.sizes["time"] // 2
    if not half:
        return
    past = market.isel(time=slice(0, half + 1))
    for descriptor in descriptors:
        everything = values_of(descriptor, market)
        if np.isnan(everything).all():
            raise InputError(f"styles: descriptor '{descriptor.name}' has no value on any day of the market. {LIFE}")
        whole, alone = everything[half], values_of(descriptor, past)[half]
        changed = ~np.isclose(whole, alone, rtol=1e-9, atol=0, equal_nan=True)
        if changed.any():
            day = f"{market.get_index('time')[half]:%Y-%m-%d}"
            raise InputError(
                f"styles: descriptor '{descriptor.name}' looks ahead: its value on {day} "
                f"changes for {counted(int(changed.sum()), 'asset')} when later days are left out: "
                f"{listed(market['asset'].to_numpy()[changed])}. Row t may use only what is known at the close of day t."
            )
