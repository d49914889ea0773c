"""Inputs that dask holds, chunked over time: the same calls answer lazily, a block of sessions a task."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from riskmodel.errors import InputError
from riskmodel.labels import labelled_factor_returns, requested_rows

if TYPE_CHECKING:
    from riskmodel.covariance import CovarianceSettings
    from riskmodel.model import RiskModel

LEAST_SESSIONS = 63  # of a block; smaller chunks are put together, or looking back would be most of the work
TEXT = np.dtype(object)

_inside = ContextVar("inside", default=False)
_lock = threading.Lock()
_running: list[threadpool_limits] = []


def is_lazy(*arrays: xr.DataArray | xr.Dataset | pd.Series | None) -> bool:
    """Whether any of the arrays is held by dask. dask is not imported for the question.

    Examples
    --------
    >>> is_lazy(xr.DataArray([1.0, 2.0], dims="time"), None)
    False
    """
    parts = (part for array in arrays for part in (array.data_vars.values() if isinstance(array, xr.Dataset) else [array]))
    return any(getattr(part, "chunks", None) is not None for part in parts)


def kernel_threads() -> int:
    """Threads that a kernel may use: every core's, but one in a task of dask, which decides how many run at once."""
    return 1 if _inside.get() else os.cpu_count() or 1


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
    blocks, pieces = _blocks(timed), []
    whole = {"time": tuple(block.stop - block.start for block in blocks)}
    timed = timed.assign({name: _joined(array, whole) for name, array in timed.data_vars.items() if is_lazy(array)})
    for block in blocks:
        first = max(block.start - look_back, 0)
        near, far = _split(timed.isel(time=slice(first, block.stop)))
        task = delayed(_block, pure=False)(function, near, far, rest, dims, labels, block.start - first)
        pieces.append((task, block.stop - block.start))
    sizes = {name: given.sizes[name] for name in ("time", "asset")}
    coords = {name: given[name] for name in ("time", "asset") if name in given.coords}
    return _put_together(pieces, form, sizes).assign_coords(coords)


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

    Of what has no `time` the values stay. Sectors that change with time are read, and stand as one asset each.
    """
    some = given.isel(time=np.zeros(2, dtype=int))
    if "sectors" in given and "time" in given["sectors"].dims:
        labels = given["sectors"].to_numpy()
        names = np.unique(np.where(pd.isna(labels), "", labels).astype(str)).astype(object)
        some = some.isel(asset=np.zeros(len(names), dtype=int)).assign(sectors=("asset", names))
        some = some.assign_coords(asset=np.arange(len(names)))
    some = some.assign_coords(time=np.arange(2).astype("datetime64[ns]"))
    empty = {
        name: (array.dims, np.full(array.shape, np.nan if array.dtype.kind == "f" else np.zeros((), array.dtype)[()]))
        for name, array in some.data_vars.items()
        if "time" in array.dims
    }
    return some.drop_vars(list(empty)).load().assign(empty)


def covariance_later(
    function: Callable[..., xr.Dataset],
    factor_returns: xr.DataArray,
    settings: CovarianceSettings,
    times: Iterable[object] | None,
) -> xr.Dataset:
    """`riskmodel.factor_covariance`, the `function`, as one task: it needs all the factor returns, and they are small."""
    returns, least = labelled_factor_returns(factor_returns), settings.minimum_history
    index = returns.get_index("time")
    wanted = index[requested_rows(index, times, np.full(len(index), least), least)]
    few = returns.isel(time=np.zeros(least, dtype=int)).assign_coords(time=np.arange(least))
    few = few.copy(data=np.broadcast_to((-1.0) ** np.arange(least)[:, None], few.shape))
    form = function(few, replace(settings, shrinkage=None, eigenfactor_simulations=0))
    task = one_task(_covariance, function, returns, settings, wanted)
    return _put_together([(task, len(wanted))], form, {}).assign_coords(time=wanted)


def forecasts_later(
    forecasts: Callable[..., dict[str, np.ndarray]], arguments: tuple[Any, ...], coords: Mapping[str, xr.DataArray]
) -> xr.Dataset:
    """`riskmodel.specific_risk` as one task: it needs all the specific returns, but the exposures of a few days only."""
    from riskmodel.specific import SpecificRiskSettings, specific_risk

    two = xr.DataArray([[0.01], [-0.01]], {"time": [0, 1], "asset": [0]}, ("time", "asset"))
    least = SpecificRiskSettings(least_history=1, structural=False, regime_half_life=None)
    form = specific_risk(two, 1 + 0 * two, settings=least)
    task, sizes = one_task(forecasts, *arguments), {name: labels.size for name, labels in coords.items()}
    return _put_together([(task, sizes["time"])], form, sizes).assign_coords(coords)


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


def fit_by_blocks(model: RiskModel, market: xr.Dataset) -> xr.Dataset:
    """The arrays of `RiskModel.fit`, lazily; each task fits a block with the sessions before it that it depends on."""
    from dask.array import from_delayed

    from riskmodel.fingerprint import PANELS, panel_sums, with_events
    from riskmodel.update import look_back

    if not market.sizes["time"]:
        raise InputError("market: no session. Open it with chunks={'time': 252}, and give every session.")
    untimed = [name for name, array in market.data_vars.items() if "time" not in array.dims]
    market = market.assign(market[untimed].load())
    data = by_blocks(model.estimates, market, model.estimates(blank(market)), look_back=look_back(model))
    panels = market[list(PANELS)]
    sums = [one_task(panel_sums, panels.isel(time=block)) for block in _blocks(panels)]
    events = market.drop_vars([name for name in market.data_vars if name not in untimed])
    known = one_task(with_events, sums, events, market["time"].to_numpy()[-1])
    mark = from_delayed(known, (market.sizes["asset"],), dtype=np.uint64)
    return data.assign(fingerprint=("asset", mark))


def _called(function: Callable[..., xr.Dataset], options: Mapping[str, object], given: xr.Dataset) -> xr.Dataset:
    return function(**{str(name): given[name] for name in given.data_vars}, **options)


def _covariance(
    function: Callable[..., xr.Dataset], returns: xr.DataArray, settings: CovarianceSettings, times: pd.Index
) -> dict[str, np.ndarray]:
    return {str(name): array.to_numpy() for name, array in function(returns, settings, times=times).data_vars.items()}


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


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for the kernels and for the linear algebra.

    The limit of the linear algebra is the process's. It stands until the last of the blocks that run at once has ended: were
    each to put back what it found, the first to end would free the others.
    """
    token = _inside.set(True)
    with _lock:
        _running.append(threadpool_limits(limits=1, user_api="blas") if not _running else _running[0])
    try:
        yield
    finally:
        with _lock:
            limit = _running.pop()
            if not _running:
                limit.restore_original_limits()
        _inside.reset(token)


def _put_together(pieces: list[tuple[Any, int]], form: xr.Dataset, sizes: Mapping[str, int]) -> xr.Dataset:
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


def _blocks(timed: xr.Dataset) -> list[slice]:
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
