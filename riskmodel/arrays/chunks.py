"""Inputs that dask holds, chunked over time: the same calls answer lazily, a block of sessions a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.threads import one_thread

LEAST_SESSIONS = 63  # of a block; smaller chunks are put together, or looking back would be most of the work
TEXT = np.dtype(object)


def is_lazy(*arrays: xr.DataArray | xr.Dataset | pd.Series | None) -> bool:
    """Whether any of the arrays is held by dask. dask is not imported for the question.

    Examples
    --------
    >>> is_lazy(xr.DataArray([1.0, 2.0], dims="time"), None)
    False
    """
    parts = (part for array in arrays for part in (array.data_vars.values() if isinstance(array, xr.Dataset) else [array]))
    return any(getattr(part, "chunks", None) is not None for part in parts)


def by_blocks(
    function: Callable[[xr.Dataset], xr.Dataset], given: xr.Dataset, form: xr.Dataset, *, look_back: int = 0
) -> xr.Dataset:
    """What a function of consecutive sessions answers, lazily: a task for each block of sessions.

    Parameters
    ----------
    function
        Of a Dataset with the variables of `given`, by `time`; its answer on a session must not depend on sessions more than
        `look_back` before it, nor on later ones.
    given
        Arrays on common labels, any of them held by dask. What has no `time` is read at once. The blocks are the chunks of
        the largest array, those below `LEAST_SESSIONS` put together; chunks of other dimensions are joined.
    form
        What `function` makes of `blank(given)`: names, dimensions, types and labels of the answer, and its variables without
        `time`.
    look_back
        Sessions before a block that its task is given beside its own.

    Returns
    -------
    Dataset
        Each variable with `time` held by dask, chunked by block. What `function` refuses is raised when they are computed.
    """
    from dask import delayed

    timed = given[[name for name, array in given.data_vars.items() if "time" in array.dims]]
    rest = delayed(given.drop_vars(["time", *timed.data_vars], errors="ignore").load(), pure=False)
    labels = {str(name): index for name, index in form.indexes.items() if name not in ("time", "asset")}
    dims = {str(name): [str(d) for d in array.dims] for name, array in form.data_vars.items() if "time" in array.dims}
    blocks, pieces = time_blocks(timed), []
    whole = {"time": tuple(block.stop - block.start for block in blocks)}
    timed = timed.assign({name: _joined(array, whole) for name, array in timed.data_vars.items() if is_lazy(array)})
    for block in blocks:
        first = max(block.start - look_back, 0)
        near, far = _split(timed.isel(time=slice(first, block.stop)))
        task = delayed(_block, pure=False)(function, near, far, rest, dims, labels, block.start - first)
        pieces.append((task, block.stop - block.start))
    sizes = {name: given.sizes[name] for name in ("time", "asset")}
    coords = {name: given[name] for name in ("time", "asset") if name in given.coords}
    return put_together(pieces, form, sizes).assign_coords(coords)


def call_by_blocks(
    function: Callable[..., xr.Dataset],
    arrays: Mapping[str, xr.DataArray],
    options: Mapping[str, object],
    *,
    look_back: int = 0,
) -> xr.Dataset:
    """`by_blocks` of a function that takes its arrays by name; they have their labels in common."""
    given = xr.Dataset({name: array.reset_coords(drop=True) for name, array in arrays.items()})
    called = partial(_called, function, options)
    return by_blocks(called, given, called(blank(given)), look_back=look_back)


def blank(given: xr.Dataset) -> xr.Dataset:
    """Two sessions without a value: what a function makes of them has the form of its answer, and nothing is computed.

    Of what has no `time` the values stay. Sectors and industries that change with time are read, and stand as an asset each.
    """
    some = given.isel(time=np.zeros(2, dtype=int))
    labels = {name: given[name].to_numpy() for name in ("sectors", "industries", "industry_factors") if name in given}
    if any("time" in given[name].dims for name in labels):
        shape = max((values.shape for values in labels.values()), key=len)
        text = [np.broadcast_to(np.where(pd.isna(v), "", v).astype(str), shape).ravel() for v in labels.values()]
        every = np.unique(np.stack(text), axis=1).astype(object)
        some = some.isel(asset=np.zeros(every.shape[1], dtype=int))
        some = some.assign({name: ("asset", own) for name, own in zip(labels, every, strict=True)})
        some = some.assign_coords(asset=np.arange(every.shape[1]))
    some = some.assign_coords(time=np.arange(2).astype("datetime64[ns]"))
    empty = {
        name: (array.dims, np.full(array.shape, np.nan if array.dtype.kind == "f" else np.zeros((), array.dtype)[()]))
        for name, array in some.data_vars.items()
        if "time" in array.dims
    }
    return some.drop_vars(list(empty)).load().assign(empty)


def one_task(function: Callable[..., Any], *arguments: object) -> Any:
    """A delayed call, in which the kernels keep to one thread; arrays of dask among the arguments are computed for it."""
    from dask import delayed

    near, far = list(arguments), {}
    for place, argument in enumerate(arguments):
        if isinstance(argument, xr.DataArray | xr.Dataset) and is_lazy(argument):
            whole = argument.to_dataset(name="") if isinstance(argument, xr.DataArray) else argument
            near[place], far[place] = _split(whole)
    return delayed(_whole, pure=False)(function, near, far)


def computed(*datasets: xr.Dataset) -> tuple[xr.Dataset, ...]:
    """Datasets in memory, what they have in common computed once."""
    from dask import compute

    return compute(*datasets)


def _called(function: Callable[..., xr.Dataset], options: Mapping[str, object], given: xr.Dataset) -> xr.Dataset:
    return function(**{str(name): given[name] for name in given.data_vars}, **options)


def _split(data: xr.Dataset) -> tuple[xr.Dataset, dict[str, tuple[Any, Any]]]:
    """What is in memory, and the rest as dimensions and a delayed array each.

    A collection handed over as it is would be optimised for the task alone, and what several tasks need computed for each.
    """
    far = {
        str(name): (array.dims, array.chunk(-1).data.to_delayed(optimize_graph=False).item())
        for name, array in data.data_vars.items()
        if is_lazy(array)
    }
    return data.drop_vars(list(far)), far


def _whole(function: Callable[..., Any], near: list[Any], far: dict[int, dict[str, tuple[Any, np.ndarray]]]) -> Any:
    arguments = list(near)
    for place, arrays in far.items():
        both = near[place].assign(arrays)
        arguments[place] = both[""] if "" in arrays else both
    return _alone(function, *arguments)


def _block(
    function: Callable[[xr.Dataset], xr.Dataset],
    near: xr.Dataset,
    far: dict[str, tuple[Any, np.ndarray]],
    rest: xr.Dataset,
    dims: Mapping[str, Sequence[str]],
    labels: Mapping[str, pd.Index],
    before: int,
) -> dict[str, np.ndarray]:
    """The answer on one block, without the sessions before it, as arrays that keep nothing else in memory."""
    answer = _alone(function, near.assign(far).assign(rest.variables))
    moved = {name: index for name, index in labels.items() if not answer.get_index(name).equals(index)}
    out = {}
    for name, order in dims.items():
        own = answer[name].isel(time=slice(before, None)).transpose(*order)
        values = own.reindex({dim: index for dim, index in moved.items() if dim in order}).to_numpy()
        out[name] = values.astype(TEXT) if values.dtype.kind in "OUT" else np.array(values)
    return out


def _alone(function: Callable[..., Any], *arguments: object) -> Any:
    with one_thread():
        return function(*arguments)


def put_together(pieces: list[tuple[Any, int]], form: xr.Dataset, sizes: Mapping[str, int]) -> xr.Dataset:
    """Delayed answers one after the other, under the names, dimensions and types of `form`."""
    import dask.array as da

    variables = {}
    for name, array in form.data_vars.items():
        if "time" not in array.dims:
            variables[name] = array.variable
            continue
        axis, dtype = array.dims.index("time"), TEXT if array.dtype.kind in "OUT" else array.dtype
        shape = [sizes.get(str(dim), size) for dim, size in array.sizes.items()]
        parts = [
            da.from_delayed(task[name], (*shape[:axis], length, *shape[axis + 1 :]), dtype=dtype) for task, length in pieces
        ]
        variables[name] = xr.Variable(array.dims, da.concatenate(parts, axis=axis))
    coords = {name: form[name] for name in form.coords if name not in ("time", "asset")}
    return xr.Dataset(variables, coords=coords, attrs=form.attrs)


def _joined(array: xr.DataArray, blocks: Mapping[str, tuple[int, ...]]) -> xr.DataArray:
    """Chunks that are the blocks, so that a block is not put together from many small ones for each who looks back on it."""
    return array.chunk({dim: blocks.get(str(dim), -1) for dim in array.dims})


def time_blocks(timed: xr.Dataset) -> list[slice]:
    """Runs of whole chunks of the largest array that dask holds, none but the last below `LEAST_SESSIONS`."""
    held = [array for array in timed.data_vars.values() if is_lazy(array)]
    lengths = max(held, key=lambda array: array.size).chunksizes["time"] if held else (timed.sizes["time"],)
    bounds, total = [0], 0
    for length in lengths:
        total += length
        if total - bounds[-1] >= LEAST_SESSIONS:
            bounds.append(total)
    if bounds[-1] < total:
        bounds.append(total)
    return [slice(a, b) for a, b in pairwise(bounds)]
