"""pandas objects in the place of labelled arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError, listed

WORDS = {1: "a Series", 2: "a DataFrame"}


def as_array(name: str, given: object, shapes: Sequence[tuple[str, ...]], wanted: str) -> xr.DataArray:
    """What was given as an array: a DataArray as it is, a Series or a DataFrame under the dimensions of its shape.

    Parameters
    ----------
    name
        For messages.
    given
        What the caller handed over.
    shapes
        Dimensions that will do. Rows and columns of a frame are the first and the second, unless the names of its axes say
        that it is the other way round.
    wanted
        The dimensions in words.

    Raises
    ------
    InputError
        For anything without labels, several levels of them, and days in the columns.

    Examples
    --------
    >>> frame = pd.DataFrame([[0.01, 0.02]], index=[pd.Timestamp("2025-03-31")], columns=["A", "B"])
    >>> as_array("returns", frame, [("time", "asset")], "(time, asset)").dims
    ('time', 'asset')
    """
    if isinstance(given, xr.DataArray):
        return given
    sizes = {len(dims) for dims in shapes}
    pandas = [words for size, words in WORDS.items() if size in sizes]
    kinds = " or ".join([", ".join(["a DataArray", *pandas[:-1]]), *pandas[-1:]])
    if isinstance(given, xr.Dataset):
        own = f"'{name}'" if name in given else f"one of {listed(given.data_vars)}"
        raise InputError(f"{name}: is of type Dataset. Give {kinds} by {wanted}, such as its variable {own}.")
    if not isinstance(given, pd.Series | pd.DataFrame):
        advice = f" Of a dict make one with pandas.Series({name})." if isinstance(given, dict) and 1 in sizes else ""
        raise InputError(f"{name}: is of type {type(given).__name__}, without labels. Give {kinds} by {wanted}.{advice}")
    if max(axis.nlevels for axis in given.axes) > 1:
        raise InputError(f"{name}: several levels of labels. Give one level of rows and one of columns.")
    shape = next((dims for dims in shapes if len(dims) == given.ndim), None)
    if shape is None:
        raise InputError(f"{name}: is a {type(given).__name__}. Give {kinds} by {wanted}.")
    dims = shape
    if isinstance(given, pd.DataFrame):
        rows, columns = given.axes
        if rows.name == dims[1] or columns.name == dims[0]:
            dims = dims[::-1]
        elif dims[0] == "time" and isinstance(columns, pd.DatetimeIndex) and not isinstance(rows, pd.DatetimeIndex):
            raise InputError(f"{name}: days are in its columns. Give them in the rows, with {name}.T.")
    coords = {dim: _plain(axis).rename(dim) for dim, axis in zip(dims, given.axes, strict=True)}
    array = xr.DataArray(_values(given), coords, dims).transpose(*sorted(dims, key=shape.index))
    return array.copy(data=np.ascontiguousarray(array.to_numpy()))  # sums then add in the order of an array's


def _plain(index: pd.Index) -> pd.Index:
    """Labels without the categories that a table may have given them."""
    return pd.Index(index.tolist()) if isinstance(index.dtype, pd.CategoricalDtype) else index


def _values(given: pd.Series | pd.DataFrame) -> np.ndarray:
    """Values as numpy holds them: missing numbers are NaN, text is of objects."""
    types = [given.dtype] if isinstance(given, pd.Series) else list(given.dtypes)
    if all(isinstance(kind, np.dtype) for kind in types):
        return given.to_numpy()
    if all(pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in types):
        return given.to_numpy(dtype=float, na_value=np.nan)
    return given.to_numpy(dtype=object)
