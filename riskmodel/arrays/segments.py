"""One labelled array over pieces of its time axis, some in files and some in memory; read when and where it is used."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr

ROWS_A_CHUNK = 21  # sessions of a chunk in a file
ROWS_A_READ = 12 * ROWS_A_CHUNK  # bounds the memory beside the answer


class Source(Protocol):
    """What a segment is read from."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sessions first."""

    def read(self, first: int, stop: int) -> np.ndarray:
        """The rows of the sessions from `first` to before `stop`."""


@dataclass(frozen=True)
class Held:
    """A source in memory, or in whatever else a variable may lie in."""

    variable: xr.Variable

    @property
    def shape(self) -> tuple[int, ...]:
        """Sessions first."""
        return self.variable.shape

    def read(self, first: int, stop: int) -> np.ndarray:
        """The rows of the sessions from `first` to before `stop`."""
        return np.asarray(self.variable[first:stop].to_numpy())


@dataclass(frozen=True)
class Segment:
    """Consecutive sessions of an array.

    Attributes
    ----------
    source
        Where they are.
    places
        For each dimension after time the position of each label in the source, -1 where the source does not have it; None
        where the labels are the source's own.
    """

    source: Source
    places: tuple[np.ndarray | None, ...]

    def onto(self, moves: Sequence[np.ndarray | None]) -> Segment:
        """The same sessions on other labels; `moves` gives, by dimension, their earlier positions (see `moves_onto`)."""
        return Segment(self.source, tuple(_composed(place, move) for place, move in zip(self.places, moves, strict=True)))

    def rows(self, wanted: np.ndarray, columns: Sequence[np.ndarray], fill: object) -> np.ndarray:
        """Rows `wanted` (increasing, within a read's reach) at `columns` of each further dimension."""
        first, stop = int(wanted[0]), int(wanted[-1]) + 1
        block = self.source.read(first, stop)
        if len(wanted) != stop - first:
            block = block[wanted - first]
        for axis, (column, place) in enumerate(zip(columns, self.places, strict=True), start=1):
            found = column if place is None else place[column]
            if len(found) != block.shape[axis] or (found != np.arange(len(found))).any():
                block = block.take(found, axis=axis, mode="clip")
                if (found < 0).any():
                    block[(slice(None),) * axis + (found < 0,)] = fill
        return block


@dataclass(frozen=True, eq=False)
class Segments:
    """Segments that follow each other in time, as one array.

    Attributes
    ----------
    segments, shape, dtype
        In the order of time; what they are together.
    """

    segments: tuple[Segment, ...]
    shape: tuple[int, ...]
    dtype: np.dtype

    def read(self, key: Sequence[np.ndarray | int]) -> np.ndarray:
        """Values at a position, or at a vector of them, for each dimension."""
        fill = np.nan if self.dtype.kind == "f" else np.zeros((), self.dtype)[()]
        wanted = [np.atleast_1d(k) for k in key]
        rows, back = wanted[0], None
        if (np.diff(rows) <= 0).any():
            rows, back = np.unique(rows, return_inverse=True)
        out = np.empty((len(rows), *map(len, wanted[1:])), dtype=self.dtype)
        start = 0
        for segment in self.segments:
            stop = start + segment.source.shape[0]
            low, high = np.searchsorted(rows, (start, stop))
            at = int(low)
            for run in _runs(rows[low:high] - start):
                out[at : at + len(run)] = segment.rows(run, wanted[1:], fill)
                at += len(run)
            start = stop
        return (out if back is None else out[back])[tuple(slice(None) if np.ndim(k) else 0 for k in key)]


@dataclass(frozen=True, eq=False)
class Unread(np.lib.mixins.NDArrayOperatorsMixin):
    """Segments as an array of numpy's kind: cut and turned without being read, read by whoever asks for values.

    xarray keeps what has `__array_function__` as a variable's data ("Working with numpy-like arrays" there). Without
    `__array_ufunc__` it does not compute with it, but reads it: `load` brings it into memory.

    Attributes
    ----------
    whole
        All segments.
    positions
        Which positions of each dimension of the whole; a number where the dimension is gone.
    order
        The dimensions of the whole that are left, in the order of this array's own.
    """

    whole: Segments
    positions: tuple[np.ndarray | int, ...]
    order: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""
        return tuple(np.size(self.positions[axis]) for axis in self.order)

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        return self.whole.dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.order)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"[{self.size} values with dtype={self.dtype}]"

    def __getitem__(self, key: Any) -> Any:
        """What numpy gives for the key; unread where a cut of each dimension is."""
        keys = _of_each_dimension(key, self.shape)
        cut = _cuts(keys)
        if cut is not None:
            return self._cut(*cut)
        around, within = list(keys), list(keys)
        for axis, k in enumerate(keys):
            if isinstance(k, np.ndarray):
                around[axis], within[axis] = np.unique(k, return_inverse=True)
            else:
                around[axis] = slice(None)
        return np.asarray(self._cut(around, range(self.ndim)))[tuple(within)]

    def _cut(self, keys: Sequence[Any], left: Sequence[int]) -> Unread:
        """A position, slice or vector of positions of each dimension; `left`, in order, are the dimensions that stay."""
        positions = list(self.positions)
        for axis, key in zip(self.order, keys, strict=True):
            positions[axis] = np.asarray(positions[axis])[key]
        return replace(self, positions=tuple(positions), order=tuple(self.order[axis] for axis in left))

    def transpose(self, order: Sequence[int]) -> Unread:
        """The dimensions in another order."""
        return replace(self, order=tuple(self.order[axis] for axis in order))

    def astype(self, dtype: Any, **options: Any) -> np.ndarray:
        """The values as another type."""
        return np.asarray(self).astype(dtype, **options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The values, read."""
        if copy is False:
            raise ValueError("an array that lies in a file cannot be had without a copy")
        there = sorted(self.order)
        values = np.asarray(self.whole.read(self.positions)).transpose([there.index(axis) for axis in self.order])
        return values if dtype is None else values.astype(dtype, copy=False)

    def __array_function__(
        self, function: Callable[..., Any], types: object, arguments: Sequence[Any], options: Mapping[str, Any]
    ) -> Any:
        """A function of numpy, of the values."""
        return function(*map(_read, arguments), **{name: _read(value) for name, value in options.items()})


def lazy_variable(dims: Sequence[str], segments: Sequence[Segment], shape: tuple[int, ...], dtype: np.dtype) -> xr.Variable:
    """A variable over segments; nothing is read."""
    whole = Segments(tuple(segments), shape, dtype)
    unread = Unread(whole, tuple(map(np.arange, shape)), tuple(range(len(shape))))  # type: ignore[abstract]  # no ufunc
    return xr.Variable(dims, unread)


def segments_of(variable: xr.Variable) -> Segments | None:
    """The segments behind a variable that is as `lazy_variable` made it; None for one in memory, cut or computed."""
    data = getattr(variable, "_data", None)  # `data` would read it
    if not isinstance(data, Unread) or data.order != tuple(range(len(data.whole.shape))):
        return None
    uncut = all(np.array_equal(k, np.arange(n)) for k, n in zip(data.positions, data.whole.shape, strict=True))
    return data.whole if uncut else None


def moves_onto(earlier: pd.Index, labels: pd.Index) -> np.ndarray | None:
    """The position of each of `labels` in `earlier`, -1 where it is new; None where both are the same."""
    return None if earlier.equals(labels) else earlier.get_indexer(labels)


def joined(old: xr.Dataset, new: xr.Dataset, name: str, whole: Segments) -> xr.Variable:
    """An array of `old` in segments, `whole`, and after it the sessions of `new`, on its labels; nothing is read."""
    added = new[name].transpose(*old[name].dims).variable
    dims = [str(dim) for dim in added.dims]
    moves = [moves_onto(old.get_index(dim), new.get_index(dim)) for dim in dims[1:]]
    segments = [segment.onto(moves) for segment in whole.segments]
    segments.append(Segment(Held(added), (None,) * len(moves)))
    return lazy_variable(dims, segments, (whole.shape[0] + added.shape[0], *added.shape[1:]), added.dtype)


def _of_each_dimension(key: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """A key with its ellipsis, and what it leaves out, written as slices; vectors as positions from the first."""
    keys = key if isinstance(key, tuple) else (key,)
    at = next((i for i, k in enumerate(keys) if k is Ellipsis), len(keys))
    before, after = keys[:at], keys[at + 1 :]
    whole = (*before, *[slice(None)] * (len(shape) - len(before) - len(after)), *after)
    return tuple(np.arange(n)[k] if isinstance(k, list | np.ndarray) else k for n, k in zip(shape, whole, strict=True))


def _cuts(keys: Sequence[Any]) -> tuple[Sequence[Any], list[int]] | None:
    """A key as a cut of each dimension, and the dimensions that are left, in their order; None where it is none.

    Besides what numpy calls basic it may be one vector, or an open mesh as of `np.ix_`, in which what is a single position
    for every dimension leaves none (xarray writes a cut of several dimensions so).
    """
    left = [axis for axis, k in enumerate(keys) if isinstance(k, slice)]
    arrays = [axis for axis, k in enumerate(keys) if isinstance(k, np.ndarray)]
    if not arrays:
        return keys, left
    if len(arrays) == 1 and len(left) == len(keys) - 1 and keys[arrays[0]].ndim == 1:
        return keys, list(range(len(keys)))
    ndim = keys[arrays[0]].ndim
    if len(arrays) < len(keys) or len(keys) < ndim or any(k.ndim != ndim for k in keys):
        return None
    long = [[place for place, n in enumerate(k.shape) if n != 1] for k in keys]
    owner = {places[0]: axis for axis, places in enumerate(long) if places}
    if sum(map(len, long)) != len(owner):
        return None
    single = (axis for axis, places in enumerate(long) if not places)
    order = [owner[place] if place in owner else next(single) for place in range(ndim)]
    return [k.ravel() if axis in order else k.item() for axis, k in enumerate(keys)], order


def _read(value: Any) -> Any:
    """What is unread in an argument of numpy's, read."""
    if isinstance(value, list | tuple):
        return type(value)(map(_read, value))
    return np.asarray(value) if isinstance(value, Unread) else value


def _composed(place: np.ndarray | None, move: np.ndarray | None) -> np.ndarray | None:
    if place is None or move is None:
        return move if place is None else place
    return np.where(move < 0, -1, place[move])


def _runs(rows: np.ndarray) -> list[np.ndarray]:
    """Cut increasing rows into what is read at once: neighbours, or rows of one chunk of the file."""
    if not len(rows):
        return []
    apart = (np.diff(rows) != 1) & (np.diff(rows // ROWS_A_CHUNK) != 0)
    return np.split(rows, np.flatnonzero(apart | (np.diff(rows // ROWS_A_READ) != 0)) + 1)
