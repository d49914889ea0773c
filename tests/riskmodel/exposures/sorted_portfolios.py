"""Factors as public libraries build them: portfolios sorted by size and a characteristic; and a naive regression."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.exposures.descriptors import raw_descriptor
from riskmodel.exposures.from_filings import yearly_figures
from riskmodel.exposures.universe import sector_codes


def raw(market: xr.Dataset, descriptor: str) -> np.ndarray:
    return raw_descriptor(descriptor, market, yearly_figures(market))


def high_minus_low(market: xr.Dataset, universe: xr.DataArray, values: np.ndarray) -> pd.Series:
    """Highest 30 % less lowest 30 %, the mean of it among large and among small companies. Fama & French (1993)."""
    portfolios = six_portfolios(market, universe, values)
    return (portfolios["big high"] + portfolios["small high"] - portfolios["big low"] - portfolios["small low"]) / 2


def big_minus_small(market: xr.Dataset, universe: xr.DataArray, values: np.ndarray) -> pd.Series:
    """Large less small companies, the mean of it over the three groups of a characteristic. Fama & French (1993)."""
    portfolios = six_portfolios(market, universe, values)
    big = portfolios[[name for name in portfolios if name.startswith("big")]]
    return big.mean(axis=1) - portfolios.drop(columns=big.columns).mean(axis=1)


def six_portfolios(market: xr.Dataset, universe: xr.DataArray, values: np.ndarray) -> pd.DataFrame:
    """Cap-weighted daily returns of two groups of size by three of a characteristic, sorted at each month's end and held."""
    times = market.get_index("time")
    months = times.to_period("M")
    ends = [*np.flatnonzero(months[1:] != months[:-1]), len(times) - 1]
    returns, cap = np.nan_to_num(market["total_return"].to_numpy()), market["market_cap"].to_numpy()
    held = {}
    for formed, last in pairwise(ends):
        member = universe.to_numpy()[formed] & np.isfinite(values[formed]) & np.isfinite(cap[formed])
        if member.sum() < 100:
            continue
        low, high = np.quantile(values[formed, member], [0.3, 0.7])
        big = cap[formed] >= np.median(cap[formed, universe.to_numpy()[formed]])
        groups = {"low": values[formed] <= low, "middle": (values[formed] > low) & (values[formed] < high)}
        groups["high"] = values[formed] >= high
        days = slice(formed + 1, last + 1)
        growth = np.vstack([np.ones(returns.shape[1]), np.cumprod(1 + returns[days], axis=0)[:-1]])
        for size, large in (("big", big), ("small", ~big)):
            for group, inside in groups.items():
                weights = growth * np.where(member & large & inside, cap[formed], 0.0)
                part = (weights * returns[days]).sum(axis=1) / weights.sum(axis=1)
                held.setdefault(f"{size} {group}", []).append(pd.Series(part, times[days]))
    return pd.DataFrame({name: pd.concat(parts) for name, parts in held.items()})


def naive_returns(market: xr.Dataset, universe: xr.DataArray, styles: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Daily returns of styles as a weekend's work would have them: z-scores clipped at the 1st and 99th percentile.

    Missing is 0; no cap-weighted mean, no filling, nothing orthogonal; least squares with weights of the root of cap.
    """
    inside, times = universe.to_numpy(), market.get_index("time")
    returns, cap = market["total_return"].to_numpy(), market["market_cap"].to_numpy()
    exposures = []
    for parts in styles.values():
        total = np.zeros(inside.shape)
        for descriptor, weight in parts.items():
            values = pd.DataFrame(np.where(inside, raw(market, descriptor), np.nan))
            values = values.clip(values.quantile(0.01, axis=1), values.quantile(0.99, axis=1), axis=0)
            scores = values.sub(values.mean(axis=1), axis=0).div(values.std(axis=1, ddof=0), axis=0)
            total += weight * scores.fillna(0.0).to_numpy()
        exposures.append(total)
    codes = sector_codes(market)
    sectors = (codes[:, None] == np.arange(codes.max() + 1)).astype(float)
    found = {}
    for day in range(1, len(times)):
        member = inside[day - 1] & np.isfinite(returns[day])
        if member.sum() < 300:
            continue
        design = np.hstack([sectors[member], *(x[day - 1, member, None] for x in exposures)])
        root = cap[day - 1, member] ** 0.25
        found[times[day]] = np.linalg.lstsq(design * root[:, None], returns[day, member] * root, rcond=None)[0]
    table = pd.DataFrame(found).T
    return table.iloc[:, sectors.shape[1] :].set_axis(list(styles), axis=1)
