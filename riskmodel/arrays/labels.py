"""Checks of the labels and values of what a caller hands over: arrays, or pandas objects in their place."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.frames import as_array
from riskmodel.bounds import MOST, MOST_COUNTED, POSITIVE, Bound, require_bounded, require_settings, shown
from riskmodel.errors import InputError, counted, listed, shortened
from riskmodel.texts import visible

Kind = TypeVar("Kind")
LONGEST_NAME, LONGEST_PATH = 255, 4095  # bytes: what file systems take


@dataclass(frozen=True)
class Labelled:
    """What an array must be that a caller hands over.

    Attributes
    ----------
    dims
        Its dimensions, in the order in which it is handed on. A Series has the one; the rows of a DataFrame are the first of
        two and its columns the second, unless their names say that it is the other way round.
    also
        Other dimensions that will do.
    more
        Whether further dimensions may stand beside `dims`; a DataFrame then has those of `also`.
    values
        "numbers", "bool" or "labels".
    may_be_empty
        Dimensions without which there is still something to do.
    by_position
        Whether a dimension without labels counts by position.
    plain_dates
        Whether dates must be without a time of day and zone, as those of two sides would never match.
    """

    dims: tuple[str, ...]
    also: tuple[str, ...] = ()
    more: bool = False
    values: str = "numbers"
    may_be_empty: tuple[str, ...] = ()
    by_position: bool = False
    plain_dates: bool = False

    @property
    def shapes(self) -> list[tuple[str, ...]]:
        """Dimensions that will do."""
        return [dims for dims in (self.dims, self.also) if dims]

    def admits(self, dims: Collection[object]) -> bool:
        """Whether an array may have these dimensions."""
        if self.more:
            return set(self.dims) <= set(dims)
        return any(set(dims) == set(shape) for shape in self.shapes)

    def __str__(self) -> str:
        if self.more:
            return f"({', '.join([*self.dims, '...'])})"
        return " or ".join(f"({', '.join(dims)})" for dims in self.shapes)


PANEL = Labelled(("time", "asset"))
FACTOR_RETURNS = Labelled(("time", "factor"))
MODEL_ARRAYS = {
    "exposures": Labelled(("time", "factor", "asset"), may_be_empty=("factor",)),
    "sectors": Labelled(("asset",), also=("time", "asset"), values="labels"),
    **dict.fromkeys(("industries", "industry_factors"), Labelled(("asset",), also=("time", "asset"), values="labels")),
    **dict.fromkeys(("universe", "industry_universe", "ending"), Labelled(("time", "asset"), values="bool")),
} | dict.fromkeys(("returns", "specific_returns", "market_cap", "weights", "unadjusted"), PANEL)


def labelled(name: str, given: object, spec: Labelled) -> xr.DataArray:
    """What was given as an array in the order of its dimensions, or what is wrong with its labels; no number is looked at.

    Raises
    ------
    InputError
        For what has no labels, or other dimensions; where one is empty, or its labels repeat; for values of another kind.

    Examples
    --------
    >>> frame = pd.DataFrame([[0.01, 0.02]], index=[pd.Timestamp("2025-03-31")], columns=["A", "B"])
    >>> labelled("returns", frame, PANEL).dims
    ('time', 'asset')
    """
    array = as_array(name, given, spec.shapes, str(spec))
    if not spec.admits(array.dims):
        over = "" if spec.more or "time" not in array.dims or "time" in spec.dims else " Select one day."
        raise InputError(f"{name}: dimensions ({', '.join(map(str, array.dims))}); it takes {spec}.{over}")
    _require_values(name, array, spec.values)
    for dim in map(str, array.dims):
        if dim not in array.coords and array.sizes[dim] > 1 and not spec.by_position:
            raise InputError(f"{name}: dimension '{dim}' has no labels. Give them; positions are never used.")
        if not array.sizes[dim] and dim not in spec.may_be_empty:
            raise InputError(f"{name}: dimension '{dim}' is empty. Check the period and the names.")
        index = array.get_index(dim)
        if not index.is_unique:
            again = index[index.duplicated()].unique()
            raise InputError(
                f"{name}: {counted(len(again), 'duplicate label')} of '{dim}': {listed(map(label_text, again))}. "
                f"Keep one each, or add up what belongs together."
            )
        if spec.plain_dates:
            require_plain_dates(name, index)
    if spec.more:
        return array
    return array.transpose(*next(dims for dims in spec.shapes if set(dims) == set(array.dims)))


def aligned(
    arrays: Mapping[str, object], specs: Mapping[str, Labelled] = MODEL_ARRAYS, *, free: Collection[str] = ()
) -> dict[str, xr.DataArray]:
    """Arrays by their names in `specs`, each dimension in the order of the first that has it; what is None is left out.

    The other side of a square, "factor_other", is held against "factor"; labels of the dimensions `free` may differ.

    Raises
    ------
    InputError
        As `labelled` and `same_labels`.
    """
    out: dict[str, xr.DataArray] = {}
    for name, given in arrays.items():
        if given is None:
            continue
        array = labelled(name, given, specs[name])
        for dim in [str(dim) for dim in array.dims if dim not in free]:
            side = dim.removesuffix("_other")
            first = next((other for other, held in out.items() if side in held.dims), None)
            if first is not None:
                wanted = out[first].get_index(side)
            elif side != dim:
                first, wanted = f"its '{side}'", array.get_index(side)
            else:
                continue
            array = _in_order(name, array, dim, first, wanted)
        out[name] = array
    return out


def same_labels(name: str, array: xr.DataArray, of: str, reference: xr.DataArray) -> xr.DataArray:
    """`array` in the order of `reference`, in the dimensions they share.

    Raises
    ------
    InputError
        Where one has a label that the other has not; those of each are named.
    """
    for dim in [str(dim) for dim in array.dims if dim in reference.dims]:
        array = _in_order(name, array, dim, of, reference.get_index(dim))
    return array


def _in_order(name: str, array: xr.DataArray, dim: str, of: str, wanted: pd.Index) -> xr.DataArray:
    mine = array.get_index(dim)
    if mine.equals(wanted):
        return array
    here, there = (mine, wanted) if mine.dtype == wanted.dtype else (mine.astype(object), wanted.astype(object))
    sides = {name: here.difference(there, sort=False), of: there.difference(here, sort=False)}
    number = sum(map(len, sides.values()))
    if number:
        kinds = "" if mine.dtype == wanted.dtype else f" ({mine.dtype} here, {wanted.dtype} there)"
        only = [f"only in {side}: {listed(map(label_text, labels))}" for side, labels in sides.items() if len(labels)]
        raise InputError(
            f"{name}: {counted(number, 'label')} of '{dim}' not as in {of}{kinds}; {'; '.join(only)}. "
            f"Give both the same labels, e.g. with xarray.align."
        )
    return array.sel({dim: wanted})


def _require_values(name: str, array: xr.DataArray, values: str) -> None:
    if values == "bool" and array.dtype.kind != "b":
        raise InputError(
            f"{name}: values are {array.dtype}, not bool. Say of each asset whether it is in: with a comparison, e.g. "
            f"{name} > 0, or, where NaN means out, with {name}.fillna(False).astype(bool)."
        )
    if values == "numbers" and array.dtype.kind not in "fiub":
        raise InputError(f"{name}: values are {array.dtype}, not numbers.")


def require_finite(name: str, array: xr.DataArray, advice: str = "", *, missing: bool = False) -> None:
    """Refuse infinite values by place, and, unless they may be `missing`, NaN."""
    values = array.to_numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        if not missing and np.isfinite(values.sum()):
            return
    odd = np.isinf(values) if missing else ~np.isfinite(values)
    if odd.any():
        what = "infinite value" if missing else "missing or infinite value"
        advice = "Use NaN for what is missing." if missing else advice
        text = f"{name}: {counted(int(odd.sum()), what)}: {listed(places(array.copy(data=odd)))}. {advice}"
        raise InputError(text.rstrip())


def require_increasing(name: str, index: pd.Index) -> None:
    """Refuse sessions out of order: a lag is the row before."""
    if not index.is_monotonic_increasing:
        late = next((f": {label_text(b)} follows {label_text(a)}" for a, b in pairwise(index) if b < a), "")
        dim = index.name or "time"
        raise InputError(f"{name}: '{dim}' is not sorted{late}. Use {name}.sortby('{dim}'), of pandas sort_index().")


def require_plain_dates(name: str, index: pd.Index) -> None:
    """Refuse dates with a time zone or a time of day: of two sides they would never match."""
    if index.dtype == object:
        zoned = [label for label in index if getattr(label, "tzinfo", None) is not None]
    else:
        zoned = list(index) if getattr(index, "tz", None) is not None else []
    if zoned:
        raise InputError(f"{name}: {counted(len(zoned), 'date')} with a time zone: {listed(zoned)}. Give plain dates.")
    if isinstance(index, pd.DatetimeIndex):
        hours = index[index != index.normalize()]
        if len(hours):
            raise InputError(
                f"{name}: {counted(len(hours), 'date')} with a time of day: {listed(hours)}. "
                f"Give plain dates, so that both sides' days match."
            )


def require_one_kind(dim: str, indices: Mapping[str, pd.Index]) -> None:
    """Refuse codes that are numbers on one side and text on the other: none would match."""
    kinds: dict[str, str] = {}
    for name, index in indices.items():
        if len(index):
            text = isinstance(index.dtype, pd.StringDtype) or pd.api.types.infer_dtype(index, skipna=False) == "string"
            kinds.setdefault("text" if text else "numbers", name)
    if len(kinds) > 1:
        shown = {kind: listed(map(repr, indices[name].tolist()), 3) for kind, name in kinds.items()}
        raise InputError(
            f"{dim}: codes are numbers in {kinds['numbers']} ({shown['numbers']}) and text in {kinds['text']} "
            f"({shown['text']}). Write them as text on both sides; '0130' is damaged once it is a number."
        )


def require_kind(name: str, value: object, kind: type[Kind], advice: str) -> Kind:
    """The value, or that it is of another type, and what to give."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: is of type {type(value).__name__}, not {kind.__name__}. {advice}")
    return value


def require_path(name: str, value: object, advice: str) -> Path:
    """The value as a path, or that it is none, and what to give."""
    if not isinstance(value, str | Path):
        raise InputError(f"{name}: is of type {type(value).__name__}, not a path. {advice}")
    path = Path(value)
    try:
        sizes = [len(os.fsencode(part)) for part in (str(path), *path.parts)]
    except UnicodeEncodeError:  # half a character
        sizes = []
    if not sizes or "\0" in str(path):
        raise InputError(f"{name}: '{visible(str(path)[:100], keep='')}' has a character that no path may have. {advice}")
    if sizes[0] > LONGEST_PATH or max(sizes[1:], default=0) > LONGEST_NAME:
        raise InputError(f"{name}: '{visible(shortened(str(path)), keep='')}' is longer than any path. {advice}")
    return path


def require_count(name: str, value: object, least: int = 1) -> int:
    """The value as a whole number of at least so much, or what it is instead."""
    wanted = f"a whole number, {least} or more"
    return int(require_bounded(name, value, Bound(wanted, least=least, most=MOST_COUNTED, whole=True)))


def require_flag(name: str, value: object) -> bool:
    """The value as true or false, or that it is neither: what merely counts as true would give another table."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name}: is {shown(value)}. Give True or False.")
    return bool(value)


def require_numbers(
    owner: str, settings: object, names: Iterable[str], *, least: float | None = None, most: float = np.inf
) -> None:
    """Refuse settings of `owner` that are no finite number from `least` to `most`; by default, that are not positive."""
    upper = "" if most == np.inf else f" and at most {most:g}"
    bound = POSITIVE if least is None else Bound(f"a number, at least {least:g}{upper}", least=least, most=min(most, MOST))
    require_settings(owner, settings, bound, names)


def require_whole_numbers(owner: str, settings: object, least: Mapping[str, int]) -> None:
    """Refuse settings of `owner` that are no whole number of at least so much."""
    for name, lowest in least.items():
        bound = Bound(f"a whole number, at least {lowest}", least=lowest, most=MOST_COUNTED, whole=True)
        require_settings(owner, settings, bound, [name])


def labelled_factor_returns(factor_returns: object) -> xr.DataArray:
    """Factor returns as (time, factor) of floats, or what is wrong with their labels; no value is looked at."""
    returns = labelled("factor_returns", factor_returns, FACTOR_RETURNS)
    require_increasing("factor_returns", returns.get_index("time"))
    return returns.astype(float)


def checked_factor_returns(factor_returns: object) -> xr.DataArray:
    """Factor returns as (time, factor) of floats, or what is wrong with them."""
    returns = labelled_factor_returns(factor_returns)
    require_finite("factor_returns", returns, missing=True)
    return returns


def label_text(label: object) -> str:
    """A label as a reader writes it: dates without an hour that is midnight.

    Examples
    --------
    >>> label_text(pd.Timestamp("2025-03-31")), label_text("0130")
    ('2025-03-31', '0130')
    """
    return str(label).removesuffix(" 00:00:00") if isinstance(label, pd.Timestamp) else str(label)


def places(mask: xr.DataArray) -> Iterator[str]:
    """Labels of the cells where `mask` is true, in order.

    Examples
    --------
    >>> days = np.array(["2024-01-02", "2024-01-03"], "datetime64[ns]")
    >>> list(places(xr.DataArray([False, True], {"time": days}, "time")))
    ['2024-01-03']
    """
    indices = [mask.get_index(dim) for dim in mask.dims]
    for cell in np.argwhere(mask.to_numpy()):
        texts = [label_text(index[i]) for index, i in zip(indices, cell, strict=True)]
        yield texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
