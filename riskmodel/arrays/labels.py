"""Checks of the labels and values of arrays that a caller hands over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact, ForecastUnavailableError

Kind = TypeVar("Kind")

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
    if name == "universe" and array.dtype.kind != "b":
        raise InputError(
            f"universe: values are {array.dtype}, not bool. Say of each asset whether it is in: with a comparison, e.g. "
            f"universe > 0, or, where NaN means out, with universe.fillna(False).astype(bool)."
        )
    if array.dtype.kind not in "fiub" and name != "sectors":
        raise InputError(f"{name}: values are {array.dtype}, not numbers.")


def require_increasing(name: str, index: pd.Index) -> None:
    """Refuse sessions out of order: a lag is the row before."""
    if not index.is_monotonic_increasing:
        raise InputError(f"{name}: time is not sorted. Use {name}.sortby('time').")


def require_kind(name: str, value: object, kind: type[Kind], advice: str) -> Kind:
    """The value, or that it is of another type, and what to give."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: is of type {type(value).__name__}, not {kind.__name__}. {advice}")
    return value


def require_numbers(
    owner: str, settings: object, names: Iterable[str], *, least: float | None = None, most: float = np.inf
) -> None:
    """Refuse settings of `owner` that are no finite number from `least` to `most`; by default, that are not positive."""
    for name in names:
        value = getattr(settings, name)
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not (value > 0 if least is None else value >= least) or not (value <= most and value < np.inf):
            upper = "" if most == np.inf else f" and at most {most:g}"
            wanted = "a positive number" if least is None else f"a number, at least {least:g}{upper}"
            raise InputError(f"{owner}: {name} is {value!r}; it must be {wanted}.")


def require_whole_numbers(owner: str, settings: object, least: Mapping[str, int]) -> None:
    """Refuse settings of `owner` that are no whole number of at least so much."""
    for name, lowest in least.items():
        value = getattr(settings, name)
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < lowest:
            raise InputError(f"{owner}: {name} is {value!r}; it must be a whole number, at least {lowest}.")


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
    require_increasing("factor_returns", factor_returns.get_index("time"))
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


def requested_rows(
    index: pd.Index, times: object, history: np.ndarray | None = None, least: int = 0, *, name: str = "factor_returns"
) -> np.ndarray:
    """Positions of the requested times among those of `name`, one or several, by default the last.

    With `history`, the returns up to each day, on all of them some factor has `least` returns.
    """
    given: Any = times
    several = isinstance(times, Iterable) and not isinstance(times, str | np.ndarray | xr.DataArray)
    asked = index[-1:] if times is None else pd.Index(np.atleast_1d(list(given) if several else given))
    wanted = asked
    if isinstance(index, pd.DatetimeIndex):
        wanted = pd.DatetimeIndex(pd.to_datetime(asked, errors="coerce", format="mixed"))
        if len(wanted) and (wanted.tz is None) != (index.tz is None) and not wanted.hasnans:
            zones = [f"in the time zone {zone}" if zone else "without a time zone" for zone in (wanted.tz, index.tz)]
            raise InputError(f"times: {zones[0]}, those of {name} are {zones[1]}. Use tz_localize, here or there.")
    if not len(wanted) or not asked.is_unique or not wanted.dropna().is_unique:
        raise InputError("times: empty, or a label repeats. Give each day once.")
    rows = index.get_indexer(wanted)
    if (rows < 0).any():
        unknown = asked[rows < 0]
        raise InputError(
            f"times: {counted(len(unknown), 'label')} not in {name}: {listed(map(label_text, unknown))}. "
            f"It runs from {label_text(index[0])} to {label_text(index[-1])}."
        )
    if history is not None and (history[rows] < least).any():
        row, enough = rows[history[rows].argmin()], index[history >= least]
        advice = f"The first possible day is {label_text(enough[0])}." if len(enough) else "Give a longer history."
        raise ForecastUnavailableError(
            f"factor_returns: {counted(int(history[row]), 'return')} up to {label_text(index[row])}, {least} are needed "
            f"(minimum_history). {advice}",
            Fact("short_history", {"returns": int(history[row]), "needed": least}),
        )
    return np.asarray(rows)


def label_text(label: object) -> str:
    """A label as a reader writes it: dates without an hour that is midnight.

    Examples
    --------
    >>> label_text(pd.Timestamp("2025-03-31")), label_text("0130")
    ('2025-03-31', '0130')
    """
    return str(label).removesuffix(" 00:00:00") if isinstance(label, pd.Timestamp) else str(label)
