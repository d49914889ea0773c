"""Numbers for everything a fit took from an asset's history, to tell whether that history has changed since.

One is of the facts as they are, to the last bit. A split since then rescales them, on which a fit does not depend; the other
is of the same facts as they were traded then.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.market.contents import COUNTS, PANELS, PER_SHARE

STEP = np.uint64(0x9E3779B97F4A7C15)
DAYS_AT_ONCE = 64  # what is hashed at once stays near the processor, and out of memory
DROPPED = np.uint64(23)  # of 52 binary digits, of facts as traded: nine decimal ones stay
EXACT, AS_TRADED, CLOSES, RATIO = range(4)  # rows of `panel_sums`


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
    return fingerprints(market, until)["fingerprint"]


def fingerprints(market: xr.Dataset, until: pd.Timestamp | np.datetime64) -> xr.Dataset:
    """`history_fingerprint`, and the same of facts as traded.

    Returns
    -------
    Dataset
        (asset) uint64: `fingerprint`, and `fingerprint_as_traded`, of prices and counts of shares on the basis of their own
        day and to nine digits: equal before and after a split that comes later, but for what a feed rounds when it rescales.
        It has nothing of volumes and share counts of days without a close.
    """
    return as_variables(
        with_events([panel_sums(market.sel(time=slice(None, until)))], market, until), market["asset"].to_numpy()
    )


def as_variables(marks: np.ndarray, assets: np.ndarray) -> xr.Dataset:
    """The two rows of `with_events` under their names."""
    names = ("fingerprint", "fingerprint_as_traded")
    return xr.Dataset({name: ("asset", mark) for name, mark in zip(names, marks, strict=True)}, {"asset": assets})


def panel_sums(past: xr.Dataset) -> np.ndarray:
    """Of the panels' facts, (4, asset) uint64: sums of hashes as they are and as traded, closes, and bits of the last ratio.

    The ratio is that of splits after the last close. Those of further sessions are joined by `added`.
    """
    days = past["time"].to_numpy().astype("datetime64[ns]").view(np.uint64)
    exact, as_traded = np.zeros((2, past.sizes["asset"]), dtype=np.uint64)
    ratio = np.ones(past.sizes["asset"])
    for first in range(0, len(days), DAYS_AT_ONCE):
        some = slice(first, first + DAYS_AT_ONCE)
        facts: dict[str, np.ndarray] = {
            name: past[name].isel(time=some).transpose("time", "asset").to_numpy() for name in PANELS
        }
        for place, name in enumerate(past["descriptor"].to_numpy() if "descriptor_value" in past else ()):
            own = past["descriptor_value"].isel(descriptor=place, time=some)
            facts[f"descriptor {name}"] = own.transpose("time", "asset").to_numpy()
        later = facts["traded_price"] / facts["close"]
        drawn = {name: _drawn(days[some], name)[:, None] for name in facts}
        for name, values in facts.items():
            exact += _hashed(values, drawn[name]).sum(axis=0, dtype=np.uint64)
        facts["total_return"] = 1 + facts["total_return"]  # of two levels, whose digits are those of their ratio
        for name, values in facts.items():
            if name != "close":  # times the ratio it is the traded price
                then = values / later if name in COUNTS else values
                as_traded += _hashed(_rounded(then), drawn[name]).sum(axis=0, dtype=np.uint64)
        there = later[::-1]
        last = np.take_along_axis(there, np.argmax(~np.isnan(there), axis=0)[None], axis=0)[0]
        ratio = np.where(np.isnan(last), ratio, last)
    closes = past["close"].notnull().sum("time").to_numpy().astype(np.uint64)
    return np.stack([exact, as_traded, closes, ratio.view(np.uint64)])


def added(earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """The `panel_sums` of sessions and of those after them, as one."""
    ratio = np.where(later[CLOSES] > 0, later[RATIO], earlier[RATIO])
    return np.concatenate([earlier[:RATIO] + later[:RATIO], ratio[None]])


def later_ratio(market: xr.Dataset, until: pd.Timestamp | np.datetime64) -> pd.Series:
    """Product of the ratios of each asset's splits after its last close at or before a session; 1 without a close."""
    past = market[["close", "traded_price"]].sel(time=slice(None, until)).transpose("time", "asset")
    ratio = pd.DataFrame((past["traded_price"] / past["close"]).to_numpy(), columns=market.get_index("asset"))
    return ratio.ffill().iloc[-1].fillna(1.0)


def with_events(sums: Sequence[np.ndarray], market: xr.Dataset, until: pd.Timestamp | np.datetime64) -> np.ndarray:
    """The fingerprints, (2, asset), from the `panel_sums` of all sessions; of `market` what has no time."""
    assets = pd.Index(market["asset"].to_numpy())
    total = reduce(added, sums)
    marks, ratio = total[[EXACT, AS_TRADED]], total[RATIO].view(np.float64)
    for dim in ("filing", "announcement"):
        known = market[f"{dim}_known"].to_numpy()
        place = assets.get_indexer(market[f"{dim}_ticker"].to_numpy())
        here = (known <= np.datetime64(until)) & (place >= 0)
        event = known[here].astype("datetime64[ns]").view(np.uint64)
        if dim == "filing":
            event = _mixed(event) + market["filing_period_end"].to_numpy()[here].astype("datetime64[ns]").view(np.uint64)
        for name in sorted(str(n) for n in market.data_vars if market[n].dims == (dim,) and market[n].dtype.kind == "f"):
            values, drawn = market[name].to_numpy()[here], _drawn(event, name)
            np.add.at(marks[EXACT], place[here], _hashed(values, drawn))
            then = values * ratio[place[here]] if name in PER_SHARE else values
            np.add.at(marks[AS_TRADED], place[here], _hashed(_rounded(then), drawn))
    sector = np.array([zlib.crc32(str(s).encode()) for s in market["sector"].to_numpy()], dtype=np.uint64)
    return np.where(total[CLOSES] == 0, np.uint64(0), marks + _mixed(sector))


def _rounded(values: np.ndarray) -> np.ndarray:
    """Numbers to nine digits, as far as that is a number of binary ones."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)
    half = np.uint64(1) << (DROPPED - np.uint64(1))
    return (((bits + half) >> DROPPED) << DROPPED).view(np.float64)


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
