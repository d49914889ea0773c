"""One number an asset for everything a fit took from its history, to tell whether that history has changed since."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

PANELS = ("close", "total_return", "volume", "traded_price", "shares_out")
STEP = np.uint64(0x9E3779B97F4A7C15)
DAYS_AT_ONCE = 64  # what is hashed at once stays near the processor, and out of memory


def history_fingerprint(market: xr.Dataset, until: pd.Timestamp | np.datetime64) -> xr.DataArray:
    """Fingerprint of each asset's raw facts known at the close of `until` or before.

    Parameters
    ----------
    market
        From `riskmodel.read_market`.
    until
        A session.

    Returns
    -------
    DataArray
        (asset) uint64; 0 for an asset without a close by then, as a fit has nothing of it, whatever was filed of it. Equal
        facts give equal numbers whatever else the market holds; a changed one gives another number but for a chance of
        about 2^-64.

    Notes
    -----
    The sum, modulo 2^64, of a well-mixed hash of every fact with its date and column; the mixing comes before the sum, so
    that changes of single bits do not cancel. Missing values count as nothing, so that the days of other assets do not
    matter.
    """
    return xr.DataArray(
        with_events([panel_sums(market.sel(time=slice(None, until)))], market, until), {"asset": market["asset"]}, ("asset",)
    )


def panel_sums(past: xr.Dataset) -> np.ndarray:
    """Sums of the hashes of the panels' facts, and numbers of closes, (2, asset); those of further sessions are added."""
    days = past["time"].to_numpy().astype("datetime64[ns]").view(np.uint64)
    total = np.zeros(past.sizes["asset"], dtype=np.uint64)
    for name in PANELS:
        for first in range(0, len(days), DAYS_AT_ONCE):
            some = slice(first, first + DAYS_AT_ONCE)
            facts = past[name].isel(time=some).transpose("time", "asset").to_numpy()
            total += _hashed(facts, _drawn(days[some], name)[:, None]).sum(axis=0, dtype=np.uint64)
    for place, name in enumerate(past["descriptor"].to_numpy() if "descriptor_value" in past else ()):
        facts = past["descriptor_value"].isel(descriptor=place).transpose("time", "asset").to_numpy()
        total += _hashed(facts, _drawn(days, f"descriptor {name}")[:, None]).sum(axis=0, dtype=np.uint64)
    closes = past["close"].notnull().sum("time").to_numpy().astype(np.uint64)
    return np.stack([total, closes])


def with_events(sums: Sequence[np.ndarray], market: xr.Dataset, until: pd.Timestamp | np.datetime64) -> np.ndarray:
    """The fingerprint, (asset), from the `panel_sums` of all sessions; of `market` only what has no time is looked at."""
    assets = pd.Index(market["asset"].to_numpy())
    total, closes = np.asarray(np.sum(sums, axis=0, dtype=np.uint64))
    for dim in ("filing", "announcement"):
        known = market[f"{dim}_known"].to_numpy()
        place = assets.get_indexer(market[f"{dim}_ticker"].to_numpy())
        here = (known <= np.datetime64(until)) & (place >= 0)
        event = known[here].astype("datetime64[ns]").view(np.uint64)
        if dim == "filing":
            event = _mixed(event) + market["filing_period_end"].to_numpy()[here].astype("datetime64[ns]").view(np.uint64)
        for name in sorted(str(n) for n in market.data_vars if market[n].dims == (dim,) and market[n].dtype.kind == "f"):
            np.add.at(total, place[here], _hashed(market[name].to_numpy()[here], _drawn(event, name)))
    sector = np.array([zlib.crc32(str(s).encode()) for s in market["sector"].to_numpy()], dtype=np.uint64)
    return np.where(closes == 0, np.uint64(0), total + _mixed(sector))


def _hashed(values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """A hash of each number with what was drawn for its place; 0 for a missing one."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)
    return np.where(np.isnan(values), np.uint64(0), _mixed(bits ^ drawn))


def _drawn(keys: np.ndarray, name: str) -> np.ndarray:
    """A number for each key and column."""
    return _mixed(keys ^ np.uint64(zlib.crc32(name.encode()) << 32))


def _mixed(keys: np.ndarray) -> np.ndarray:
    """Spread keys over 64 bits (splitmix64; Steele, Lea & Flood 2014)."""
    z = keys + STEP
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
