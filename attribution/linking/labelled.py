"""What linking is given, under the same labels: daily returns of several sides, and effects that sum to the excess."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import label_text
from riskmodel.errors import InputError, counted, listed

Given: TypeAlias = xr.DataArray | pd.Series | pd.DataFrame
TELLING_SHARE = 0.5  # of a side's returns above 100 %: no market has them, percent and prices do
FEW = 4  # returns of long periods, which may all pass 100 %


def aligned_returns(dim: str, **given: Given | float) -> list[xr.DataArray]:
    """Daily returns of several sides with the same dimensions, `dim` first, in the order of the first side.

    Parameters
    ----------
    dim
        Dimension of the days.
    given
        Name -> (time[, ...]) returns as decimals; the first has labels, the others may be one number for all days.

    Raises
    ------
    InputError
        For labels that do not match, repeat, or are dates out of order or with a time of day or zone; for returns that are
        missing, infinite, below -1, or mostly above 1 in size, as percent and prices are.
    """
    name, *others = given
    first = labelled(name, given[name], dim=dim, columns="portfolio")
    sides = [first]
    for other in others:
        value = given[other]
        if isinstance(value, Real):
            sides.append(xr.full_like(first, value))
        else:
            side = labelled(other, value, dim=dim, columns="portfolio")
            sides.append(same_labels(other, side, name, first))
    for side, given_name in zip(sides, given, strict=True):
        _require_returns(given_name, side)
    return [side.transpose(dim, ...) for side in xr.broadcast(*sides)]


def aligned_effects(effects: Given, portfolio: xr.DataArray, *, dim: str) -> xr.DataArray:
    """Effects in the order of the returns' labels; every dimension of the returns must be one of the effects'."""
    array = labelled("effects", effects, dim=dim, columns="effect")
    lacking = [d for d in portfolio.dims if d not in array.dims]
    if lacking:
        raise InputError(
            f"effects: no dimension {', '.join(map(repr, lacking))}, which the returns have; "
            f"the effects' are {', '.join(map(str, array.dims))}."
        )
    return same_labels("effects", array, "portfolio_returns", portfolio)


def labelled(name: str, given: Given, *, dim: str, columns: str) -> xr.DataArray:
    """A float DataArray of what was given; rows of a pandas object are `dim`, its unnamed columns are `columns`."""
    if isinstance(given, (pd.Series, pd.DataFrame)):
        if max(axis.nlevels for axis in given.axes) > 1:
            raise InputError(f"{name}: several levels of labels. Give one row a day and one level of columns.")
        named = {"index": dim} | ({"columns": given.columns.name or columns} if isinstance(given, pd.DataFrame) else {})
        given = xr.DataArray(given.rename_axis(**named))
    if not isinstance(given, xr.DataArray):
        raise InputError(f"{name}: a {type(given).__name__} without labels. Give a DataArray, a DataFrame or a Series.")
    if dim not in given.dims:
        raise InputError(f"{name}: no dimension '{dim}'; its dimensions are {', '.join(map(str, given.dims)) or 'none'}.")
    if not given.sizes[dim]:
        raise InputError(f"{name}: no days. Check the period.")
    if given.dtype.kind not in "fiu":
        raise InputError(f"{name}: {given.dtype} where numbers are wanted.")
    for labels in map(given.get_index, given.dims):
        if labels.has_duplicates:
            raise InputError(
                f"{name}: {counted(int(labels.duplicated().sum()), 'duplicate label')} of '{labels.name or dim}': "
                f"{listed(map(label_text, labels[labels.duplicated()]))}. Keep one each."
            )
    days = given.get_index(dim)
    require_plain_dates(name, days)
    if isinstance(days, pd.DatetimeIndex) and not days.is_monotonic_increasing:
        late = int(np.flatnonzero(days[1:] < days[:-1])[0])
        raise InputError(
            f"{name}: days out of order: {label_text(days[late + 1])} follows {label_text(days[late])}. Sort by '{dim}'."
        )
    return given.astype(float, copy=False)


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


def same_labels(name: str, array: xr.DataArray, of: str, reference: xr.DataArray) -> xr.DataArray:
    """`array` in the order of `reference`, in the dimensions they share."""
    for dim in array.dims:
        if dim not in reference.dims:
            continue
        mine, wanted = array.get_index(dim), reference.get_index(dim)
        if mine.equals(wanted):
            continue
        apart = mine.symmetric_difference(wanted, sort=False)
        if len(apart):
            kinds = "" if mine.dtype == wanted.dtype else f" ({mine.dtype} here, {wanted.dtype} there)"
            raise InputError(
                f"{name}: '{dim}' does not match that of {of}{kinds}: {counted(len(apart), 'label')} in one of them only: "
                f"{listed(map(label_text, apart))}. Give both the same labels."
            )
        array = array.sel({dim: wanted})
    return array


def require_sums(effects: xr.DataArray, excess: xr.DataArray, *, tolerance: float) -> None:
    """Refuse effects that miss a day's excess by `tolerance`, times the gross effects where those pass 1."""
    over = [d for d in effects.dims if d not in excess.dims]
    with np.errstate(invalid="ignore"):  # infinities of both signs; refused below
        total = effects.sum(over, skipna=False).transpose(*excess.dims).compute()
    odd = ~(abs(total) < np.inf)
    if odd.any():
        cells = effects.where(odd, 0.0, drop=True)
        wrong = ~(abs(cells) < np.inf)
        raise InputError(f"effects: {counted(int(wrong.sum()), 'missing or infinite value')}: {listed(places(wrong))}.")
    missed = abs(total - excess) > tolerance
    if missed.any():  # the gross effects cost a pass over every cell, so only where a day is in doubt
        gross = abs(effects).sum(over).transpose(*excess.dims).compute()
        missed = abs(total - excess) > tolerance * gross.clip(min=1.0)
    if not missed.any():
        return
    pairs = zip(places(missed), total.to_numpy()[missed.to_numpy()], excess.to_numpy()[missed.to_numpy()], strict=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = abs(total / excess).to_numpy()[missed.to_numpy()]
    percent = np.isclose(ratio, 100, rtol=0.01).all() or np.isclose(ratio, 0.01, rtol=0.01).all()
    cure = (
        "One side looks like percent; give decimals."
        if percent
        else "Add the effect that is missing; where effects were rounded, pass a larger tolerance."
    )
    raise InputError(
        f"effects: on {counted(int(missed.sum()), 'day')} of {missed.size:,} they do not sum to the excess return: "
        f"{listed(f'{place} {left:.6g}, not {right:.6g}' for place, left, right in pairs)}. {cure}"
    )


def _require_returns(name: str, returns: xr.DataArray) -> None:
    values = returns.to_numpy()
    odd = ~np.isfinite(values)
    if odd.any():
        named = listed(places(returns.copy(data=odd)))
        raise InputError(f"{name}: {counted(int(odd.sum()), 'missing or infinite value')}: {named}.")
    large = np.abs(values) > 1
    if large.sum() > max(FEW, TELLING_SHARE * (values != 0).sum()):
        cells = zip(places(returns.copy(data=large)), values[large], strict=True)
        raise InputError(
            f"{name}: {counted(int(large.sum()), 'value')} of {values.size:,} above 1 in size: "
            f"{listed(f'{place} {value:g}' for place, value in cells)}. "
            f"They look like percent (divide by 100) or prices (give returns)."
        )
    below = values < -1
    if below.any():
        raise InputError(
            f"{name}: {counted(int(below.sum()), 'return')} below -1 (a loss of more than 100 %): "
            f"{listed(places(returns.copy(data=below)))}. Returns are decimals: -0.05 is a loss of 5 %."
        )


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
