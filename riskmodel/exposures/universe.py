"""Which assets are covered, and which of them estimate factor returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from riskmodel.arrays.labels import require_numbers, require_whole_numbers
from riskmodel.errors import InputError, counted


@dataclass(frozen=True)
class UniverseRule:
    """Which assets estimate factor returns: every covered asset that passes, on each day by what is known at its close."""

    least_price: float = 1.0  # price as traded, in the market's currency
    least_history: int = 60  # returns in the current life
    largest: int = 3000  # by market capitalisation

    def __post_init__(self) -> None:
        require_numbers("universe rule", self, ["least_price"], least=0)
        require_whole_numbers("universe rule", self, {"least_history": 0, "largest": 1})


def estimation_universe(market: xr.Dataset, rule: UniverseRule) -> xr.DataArray:
    """Assets that estimate the factor returns, (time, asset) bool, by what is known at each close.

    Covered (see `covered`), a price as traded of at least `least_price`, at least `least_history` returns in the current
    life, and among the `largest` by market capitalisation.
    """
    inside = covered(market).to_numpy() & (market["traded_price"] >= rule.least_price).to_numpy()
    returned = market["total_return"].notnull().to_numpy()
    life = market["life"].to_numpy()
    history = np.cumsum(returned, axis=0)
    new_life = np.diff(np.maximum.accumulate(life, axis=0), axis=0, prepend=-1) > 0
    history = history - np.maximum.accumulate(np.where(new_life, history - returned, 0), axis=0)
    inside &= history >= rule.least_history
    if inside.sum(axis=1).max(initial=0) > rule.largest:
        cap = np.where(inside, market["market_cap"].to_numpy(), -np.inf)
        threshold = np.partition(cap, -rule.largest, axis=1)[:, -rule.largest]
        inside &= cap >= threshold[:, None]
    return market["close"].copy(data=inside)


def require_traded_prices(market: xr.Dataset, rule: UniverseRule) -> None:
    """Refuse a market in which nobody ever trades at the least price: its closes are in another unit.

    Raises
    ------
    InputError
        With the median price, and what to state.
    """
    price = market["traded_price"].where(covered(market)).to_numpy()
    known = price[np.isfinite(price)]
    if len(known) and not (known >= rule.least_price).any():
        raise InputError(
            f"prices: no close of {counted(market.sizes['asset'], 'name')} is, as traded, at least {rule.least_price:g}, "
            f"the least price of who estimates factor returns (median {np.median(known):.3g}). They are probably in another "
            f"unit: correct them, or state units = {{ close = ... }} in [tables.prices] of the book; cents stated of closes "
            f"in dollars do this."
        )


def covered(market: xr.Dataset) -> xr.DataArray:
    """Assets that have exposures: a close and a market capitalisation on the day, and a sector; (time, asset) bool."""
    return (market["market_cap"] > 0) & (market["sector"] != "")


def sector_codes(market: xr.Dataset) -> np.ndarray:
    """Code of each asset's sector in sorted order of the names; -1 for an asset without a sector."""
    sector = market["sector"].to_numpy().astype(str)
    names = np.unique(sector[sector != ""])
    return np.where(sector == "", -1, np.searchsorted(names, sector))
