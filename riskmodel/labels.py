"""Checks of the labels and values of arrays that a caller hands over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted, listed

PANEL = ("time", "asset")
DIMENSIONS: dict[str, list[tuple[str, ...]]] = {
    "exposures": [("time", "asset", "factor")],
    "sectors": [("asset",), ("time", "asset")],
}


def aligned(arrays: Mapping[str, xr.DataArray | None]) -> dict[str, xr.DataArray]:
    """Arrays of a panel on the labels of the first of them, as (time, factor, asset); what is None is left out.

    Raises
    ------
    InputError
        For what is no labelled array of numbers with the dimensions of its name (of `sectors`: labels); where a dimension is
        empty (of styles there may be none), labels repeat, or are not those of the first.
    """
    given = {name: array for name, array in arrays.items() if array is not None}
    for name, array in given.items():
        _require_panel(name, array)
    leader = next(iter(given))
    reference, out = given[leader], {}
    for name, array in given.items():
        for dim in [d for d in PANEL if d in array.dims]:
            own, other = reference.get_index(dim), array.get_index(dim)
            if own.equals(other):
                continue
            lost = own.difference(other, sort=False).append(other.difference(own, sort=False))
            if len(lost):
                raise InputError(
                    f"{name}: {counted(len(lost), 'label')} of '{dim}' do not match those of {leader}: "
                    f"{listed(map(label_text, lost))}. Align them first, e.g. with xarray.align."
                )
            array = array.sel({dim: own})
        out[name] = array.transpose(*[d for d in ("time", "factor", "asset") if d in array.dims])
    return out


def _require_panel(name: str, array: xr.DataArray) -> None:
    if not isinstance(array, xr.DataArray):
        raise InputError(
            f"{name}: is of type {type(array).__name__}, not an xarray.DataArray. Labels decide, positions never: give it "
            f"dimensions and coordinates, with xarray.DataArray(values, coords, dims)."
        )
    allowed: list[tuple[str, ...]] = DIMENSIONS.get(name, [PANEL])
    if set(array.dims) not in [set(dims) for dims in allowed]:
        raise InputError(f"{name}: dimensions are {array.dims}, not {' or '.join(map(str, allowed))}.")
    for dim in array.dims:
        if dim not in array.coords and array.sizes[dim] > 1:
            raise InputError(f"{name}: dimension '{dim}' has no labels. Give it coordinates, with assign_coords.")
        if not array.sizes[dim] and dim != "factor":
            raise InputError(f"{name}: dimension '{dim}' is empty.")
        index = array.get_index(dim)
        if not index.is_unique:
            raise InputError(
                f"{name}: labels of '{dim}' repeat: {listed(map(label_text, index[index.duplicated()].unique()))}."
            )
    if array.dtype.kind not in "fiub" and name != "sectors":
        raise InputError(f"{name}: values are {array.dtype}, not numbers.")


def labelled_factor_returns(factor_returns: xr.DataArray) -> xr.DataArray:
    """Factor returns as (time, factor) of floats, or what is wrong with their labels; no value is looked at."""
    if set(factor_returns.dims) != {"time", "factor"}:
        raise InputError(f"factor_returns: dimensions {factor_returns.dims}; it takes ('time', 'factor').")
    if factor_returns.dtype.kind not in "fiu":
        raise InputError(f"factor_returns: values are {factor_returns.dtype}, not numbers.")
    for dim in ("time", "factor"):
        if dim not in factor_returns.coords or not factor_returns.sizes[dim]:
            raise InputError(f"factor_returns: dimension '{dim}' is empty or has no labels.")
        index = factor_returns.get_index(dim)
        if not index.is_unique:
            repeated = index[index.duplicated()].unique()
            raise InputError(f"factor_returns: labels of '{dim}' repeat: {listed(map(label_text, repeated))}.")
    if not factor_returns.get_index("time").is_monotonic_increasing:
        raise InputError("factor_returns: time is not sorted. Use factor_returns.sortby('time').")
    return factor_returns.transpose("time", "factor").astype(float)


def checked_factor_returns(factor_returns: xr.DataArray) -> xr.DataArray:
    """Factor returns as (time, factor) of floats, or what is wrong with them."""
    returns = labelled_factor_returns(factor_returns)
    cells = np.argwhere(np.isinf(returns.to_numpy()))
    if len(cells):
        times, names = returns.get_index("time"), returns.get_index("factor")
        places = listed(f"{label_text(times[day])} {names[k]}" for day, k in cells)
        raise InputError(f"factor_returns: {counted(len(cells), 'infinite value')}: {places}. Use NaN for what is missing.")
    return returns


def requested_rows(index: pd.Index, times: Iterable[object] | None, history: np.ndarray, least: int) -> np.ndarray:
    """Positions of the requested times, on each of which some factor has `least` returns."""
    wanted = index[-1:] if times is None else pd.Index(list(times))
    if isinstance(index, pd.DatetimeIndex):
        wanted = pd.DatetimeIndex(pd.to_datetime(wanted, errors="coerce"))
    if not len(wanted) or not wanted.is_unique:
        raise InputError("times: empty, or a label repeats. Give each day once.")
    rows = index.get_indexer(wanted)
    if (rows < 0).any():
        unknown = wanted[rows < 0]
        raise InputError(
            f"times: {counted(len(unknown), 'label')} not in factor_returns: {listed(map(label_text, unknown))}. "
            f"It runs from {label_text(index[0])} to {label_text(index[-1])}."
        )
    if (history[rows] < least).any():
        row, enough = rows[history[rows].argmin()], index[history >= least]
        advice = f"The first possible day is {label_text(enough[0])}." if len(enough) else "Give a longer history."
        raise InputError(
            f"factor_returns: {counted(int(history[row]), 'return')} up to {label_text(index[row])}, {least} are needed "
            f"(minimum_history). {advice}"
        )
    return rows


def label_text(label: object) -> str:
    return f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) else str(label)
