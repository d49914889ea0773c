"""Both sides of a Brinson attribution as labelled arrays: typed, drawn or read from a worked example."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import xarray as xr

from tests.conftest import ROOT

SIDES = ("portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return")


def example(name):
    with (ROOT / "fixtures" / "worked_examples" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def one_period(segments, portfolio_weight, benchmark_weight, portfolio_return, benchmark_return, **contributions):
    values = dict(zip(SIDES, (portfolio_weight, benchmark_weight, portfolio_return, benchmark_return), strict=True))
    return {
        name: xr.DataArray(np.asarray(v, float), {"segment": list(segments)}, ("segment",))
        for name, v in (values | contributions).items()
    }


def drawn(seed, periods=6, segments=5, *, shorts=False, size=0.03):
    """Weights that sum to one and returns of a few percent (`size`), (time, segment)."""
    rng = np.random.default_rng(seed)
    weights = [rng.dirichlet(np.ones(segments), periods) for _ in range(2)]
    if shorts:
        weights = [w - rng.normal(0, 0.3, w.shape) for w in weights]
        weights = [w + (1 - w.sum(axis=1, keepdims=True)) / segments for w in weights]
    benchmark = rng.normal(0.002, size, (periods, segments))
    values = [*weights, benchmark + rng.normal(0, size / 1.5, benchmark.shape), benchmark]
    labels = {"time": pd.bdate_range("2024-01-02", periods=periods), "segment": [f"S{i}" for i in range(segments)]}
    return {name: xr.DataArray(v, labels, ("time", "segment")) for name, v in zip(SIDES, values, strict=True)}
