"""Checks of the labels and values of arrays that a caller hands over."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted, listed


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
