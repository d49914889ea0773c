"""One labelled array over pieces of its time axis, some in files and some in memory; read when and where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

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


class Segments(BackendArray):
    """An array of xarray's kind over segments that follow each other in time; see "How to add a new backend" there."""

    def __init__(self, segments: Sequence[Segment], shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.segments, self.shape, self.dtype = tuple(segments), shape, dtype
        self.fill = np.nan if dtype.kind == "f" else np.zeros((), dtype)[()]

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self.read)

    def read(self, key: tuple[Any, ...]) -> np.ndarray:
        """Values at a whole number, slice or vector of positions for each dimension."""
        wanted = [np.atleast_1d(np.arange(size)[k]) for size, k in zip(self.shape, key, strict=True)]
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
                out[at : at + len(run)] = segment.rows(run, wanted[1:], self.fill)
                at += len(run)
            start = stop
        return (out if back is None else out[back])[_without_single(key)]


class Turned(BackendArray):
    """Segments with their dimensions in another order."""

    def __init__(self, whole: Segments, order: tuple[int, ...]) -> None:
        self.whole, self.order, self.dtype = whole, order, whole.dtype
        self.shape = tuple(whole.shape[axis] for axis in order)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self.read)

    def read(self, key: tuple[Any, ...]) -> np.ndarray:
        """Values at a whole number, slice or vector of positions for each dimension."""
        sliced = [slice(k, k + 1) if isinstance(k, int | np.integer) else k for k in key]
        values = self.whole.read(tuple(sliced[self.order.index(axis)] for axis in range(len(self.order))))
        return values.transpose(self.order)[_without_single(key)]


class LazySegments(indexing.LazilyIndexedArray):
    """Segments as a variable's data: cut without being read, and, unlike xarray's own, turned at no cost."""

    __slots__ = ()

    def transpose(self, order: Sequence[int]) -> Any:
        """The dimensions in another order."""
        keys = self.key.tuple
        if any(isinstance(k, int | np.integer) for k in keys):
            return super().transpose(order)  # type: ignore[no-untyped-call]
        own = self.array if isinstance(self.array, Turned) else Turned(self.array, tuple(range(len(keys))))
        turned = Turned(own.whole, tuple(own.order[axis] for axis in order))
        return LazySegments(turned, indexing.OuterIndexer(tuple(keys[axis] for axis in order)))


def lazy_variable(dims: Sequence[str], segments: Sequence[Segment], shape: tuple[int, ...], dtype: np.dtype) -> xr.Variable:
    """A variable over segments; nothing is read."""
    return xr.Variable(dims, LazySegments(Segments(segments, shape, dtype)))


def segments_of(variable: xr.Variable) -> Segments | None:
    """The segments behind a variable that is as `lazy_variable` made it; None for one in memory, cut or computed."""
    data = getattr(variable, "_data", None)
    if not isinstance(data, LazySegments) or not isinstance(data.array, Segments):
        return None
    whole = data.array
    uncut = all(isinstance(k, slice) and k.indices(n) == (0, n, 1) for k, n in zip(data.key.tuple, whole.shape, strict=True))
    return whole if uncut else None


def moves_onto(earlier: pd.Index, labels: pd.Index) -> np.ndarray | None:
    """The position of each of `labels` in `earlier`, -1 where it is new; None where both are the same."""
    return None if earlier.equals(labels) else earlier.get_indexer(labels)


def _without_single(key: tuple[Any, ...]) -> tuple[int | slice, ...]:
    """Cuts off the dimensions of which one position was wanted."""
    return tuple(0 if isinstance(k, int | np.integer) else slice(None) for k in key)


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
