"""Runs the regression on several families in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import sys

import numpy as np
import xarray as xr

import riskmodel as rm
from tests.benchmarks.measure import STYLES, best_of, peak_memory

SIZES = {"industry": 60, "country": 50, "currency": 30}


def arguments(days: int, names: int) -> dict:
    """A seeded market; labels drawn independently of each other, small groups and large."""
    rng = np.random.default_rng(0)
    coords = {"time": np.arange(days), "asset": np.arange(names)}
    x = np.empty((days, STYLES, names))
    for day in x:  # no second copy of the largest array
        rng.standard_normal(out=day)
    families = {}
    for name, size in SIZES.items():
        share = rng.lognormal(0, 1, size)
        own = np.concatenate([np.arange(size), rng.choice(size, names - size, p=share / share.sum())])
        families[name] = xr.DataArray([f"{name} {g:02d}" for g in own], {"asset": coords["asset"]}, ("asset",))
    return {
        "returns": xr.DataArray(0.02 * rng.standard_normal((days, names)), coords, ("time", "asset")),
        "exposures": xr.DataArray(x, coords | {"factor": [f"F{k}" for k in range(STYLES)]}, ("time", "factor", "asset")),
        "families": families,
        "market_cap": xr.DataArray(rng.lognormal(0, 1.5, (days, names)), coords, ("time", "asset")),
    }


if __name__ == "__main__":
    given = arguments(*map(int, sys.argv[1:3]))
    before = peak_memory()
    plain = best_of(3, lambda: rm.family_regression(**given, covariance=False))
    robust = best_of(3, lambda: rm.family_regression(**given))
    print(json.dumps({"plain": plain.cpu, "hc3": robust.cpu, "wall": robust.wall, "before": before, "peak": peak_memory()}))
