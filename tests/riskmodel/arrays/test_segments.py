"""An array that lies in pieces: what numpy, xarray and dask make of it is what they make of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from riskmodel.arrays.segments import Held, Segment, Segments, lazy_variable

DIMS = ("time", "asset", "factor")
WHOLE = xr.DataArray(
    np.random.default_rng(1).normal(size=(70, 6, 5)), dims=DIMS, coords={"time": np.arange(70), "asset": list("abcdef")}
)
SOME = np.array([4, 0, 4, -1])


def pieces() -> xr.DataArray:
    segments = [Segment(Held(WHOLE[part].variable), (None, None)) for part in (slice(0, 30), slice(30, None))]
    return WHOLE.copy(data=lazy_variable(DIMS, segments, WHOLE.shape, WHOLE.dtype)._data)


@pytest.mark.parametrize(
    "key",
    [
        3,
        (1, 2, 3),
        (..., -1),
        [],
        [True] * 3 + [False] * 67,
        (slice(None, None, -2), SOME, slice(1, 4)),
        (3, slice(None), SOME),  # numpy puts the vector first where a slice stands between
        (SOME, 2, slice(None)),
        (SOME, slice(None), SOME),
        (SOME, SOME, SOME),
        np.ix_([1, 2], [3, 3], [0]),
        np.ix_([1], [3], [0]),
        (np.array([[1], [2]]), np.array([[3]]), np.array([[1, 2, -1]])),  # a position of the second, for every other
        (np.array([[1, 2]]), np.array([[3], [1]]), np.array([[1]])),
        (np.array([[1, 2], [0, 3]]), np.array([[3, 3], [1, -1]]), slice(None)),
    ],
)
def test_a_key_gives_what_it_gives_of_numpy(key: Any):
    expected = WHOLE.to_numpy()[key]
    found = np.asarray(pieces().variable._data[key])
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "step",
    [
        lambda a: (a * 2 + a).mean("time"),
        lambda a: a > 0,
        lambda a: a.where(a > 0).fillna(0).cumsum("time"),
        lambda a: xr.concat([a, a], "time"),
        lambda a: a.reindex(asset=list("bzq")).shift(time=1),
        lambda a: a.rolling(time=3).mean().stack(pair=("time", "asset")),
        lambda a: a.sel(time=xr.DataArray([1, 2], dims="p"), asset=xr.DataArray(["a", "b"], dims="p")),
        lambda a: a.isel(time=3, asset=[1, 2]).expand_dims("new"),
        lambda a: a.isel(time=[3], asset=2).squeeze().astype("float32"),
        lambda a: np.concatenate([a.variable._data, a.variable._data]),
        lambda a: a.chunk(time=20).isel(time=slice(3, 50)).transpose("factor", ...).compute(),
        lambda a: (a.chunk(time=20).astype("float32") * 2 - 1).rolling(time=5).mean().compute(),
    ],
)
def test_a_step_gives_what_it_gives_in_memory(step: Callable[[xr.DataArray], Any]):
    np.testing.assert_array_equal(step(pieces()), step(WHOLE))


def test_nothing_is_read_by_cutting_and_turning_and_load_brings_it_into_memory(monkeypatch: pytest.MonkeyPatch):
    read = []
    whole = Segments.read
    monkeypatch.setattr(Segments, "read", lambda self, key: read.append(1) or whole(self, key))
    cut = pieces().sel(asset=["b", "a"]).isel(time=slice(0, 40), factor=[1, 3]).transpose("asset", ...).isel(time=5)
    assert "[4 values with dtype=float64]" in repr(cut) and not read
    loaded = cut.load()
    np.testing.assert_array_equal(loaded, loaded)
    assert len(read) == 1
