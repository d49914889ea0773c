"""What linking is given, under the same labels: daily returns of several sides, and effects that sum to the excess."""

from __future__ import annotations

from numbers import Real
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from attribution.linking.period_names import increase
from riskmodel.arrays.labels import (
    Labelled,
    label_text,
    labelled,
    places,
    require_finite,
    require_increasing,
    same_labels,
)
from riskmodel.bounds import MISFIT, require_bounded
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
        For labels that do not match, repeat, or are dates out of order (also as text, where it can be read in one way only)
        or with a time of day or zone; for returns that are missing, infinite, below -1, or mostly above 1 in size, as
        percent and prices are.
    """
    name, *others = given
    first = _days(name, given[name], dim=dim, columns="portfolio")
    _require_dates_in_order(name, first.get_index(dim))
    sides = [first]
    for other in others:
        value = given[other]
        if isinstance(value, Real):
            sides.append(xr.full_like(first, value))
        else:
            side = _days(other, value, dim=dim, columns="portfolio")
            sides.append(same_labels(other, side, name, first))
    for side, given_name in zip(sides, given, strict=True):
        _require_returns(given_name, side)
    return [side.transpose(dim, ...) for side in xr.broadcast(*sides)]


def aligned_effects(effects: Given, portfolio: xr.DataArray, *, dim: str) -> xr.DataArray:
    """Effects in the order of the returns' labels; every dimension of the returns must be one of the effects'."""
    array = _days("effects", effects, dim=dim, columns="effect")
    lacking = [d for d in portfolio.dims if d not in array.dims]
    if lacking:
        raise InputError(
            f"effects: no dimension {', '.join(map(repr, lacking))}, which the returns have; "
            f"the effects' are {', '.join(map(str, array.dims))}."
        )
    return same_labels("effects", array, "portfolio_returns", portfolio)


def _require_dates_in_order(name: str, days: pd.Index) -> None:
    """Refuse dates out of order, whatever they are written as: GRAP and Frongello go by the order of the rows."""
    if increase(days) is False:
        shown = listed(map(label_text, days))
        raise InputError(
            f"{name}: '{days.name}' has dates out of order: {shown}. Sort them; labels that are no dates stand as they are."
        )


def _days(name: str, given: Given, *, dim: str, columns: str) -> xr.DataArray:
    """A float array of what was given; rows of a pandas object are `dim`, its unnamed columns are `columns`."""
    if isinstance(given, pd.DataFrame):
        columns = given.columns.name or columns
    spec = Labelled((dim,), also=(dim, columns), more=True, by_position=True, plain_dates=True)
    array = labelled(name, given, spec)
    days = array.get_index(dim)
    if isinstance(days, pd.DatetimeIndex):
        require_increasing(name, days)
    return array.astype(float, copy=False)


def require_sums(effects: xr.DataArray, excess: xr.DataArray, *, tolerance: float) -> None:
    """Refuse effects that miss a day's excess by `tolerance`, times the gross effects where those pass 1."""
    require_bounded("tolerance", tolerance, MISFIT)
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
    require_finite(name, returns)
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
