"""The risk that a given model states: factor covariance and specific risk, as known at each of their dates."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.semidefinite import require_covariance
from riskmodel.bounds import DAYS_A_YEAR
from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact, ForecastUnavailableError
from riskmodel.model.given_tables import GivenTables, require_known

Form = Literal["full", "triangle"]
FORMS: tuple[str, ...] = get_args(Form)
KEPT = 31  # days that the last risk known is used: files of a month end last until the next
SAME = 1e-9  # of the larger, up to which two halves of a matrix agree


def given_covariance(tables: GivenTables, form: Form, exposed: xr.DataArray) -> xr.DataArray | None:
    """Covariance of a day's factor returns at each date that it is given for, (covariance_date, factor, factor_other).

    Parameters
    ----------
    tables
        With `model_covariance`, a year's.
    form
        "full": both halves are given; "triangle": one is, and the other is filled with it.
    exposed
        (time, factor) whether any name has an exposure at the close.

    Raises
    ------
    InputError
        For halves that disagree or are not there, a factor that is missing, a matrix that is not positive semi-definite.
    """
    if form not in FORMS:
        raise InputError(f"covariance {form!r}: write {' or '.join(map(repr, FORMS))}.")
    frame = tables.get("model_covariance")
    if frame is None:
        return None
    factors = exposed.get_index("factor")
    first, second = (factors.get_indexer(frame[column]) for column in ("factor", "factor_other"))
    ours = (first >= 0) & (second >= 0)  # of a larger model, the factors that the market's names are exposed to
    days, labels = pd.factorize(frame["date"].to_numpy()[ours], sort=True)
    dates = pd.DatetimeIndex(labels)
    values = np.full((len(dates), len(factors), len(factors)), np.nan)
    values[days, first[ours], second[ours]] = frame["covariance"].to_numpy()[ours]
    values = _both_halves(values, form, dates, factors)
    place = exposed.get_index("time").searchsorted(dates, side="right") - 1
    before = np.where((place >= 0)[:, None], exposed.to_numpy()[place.clip(0)], False)
    for day, date in enumerate(dates):
        _require_whole(values[day], before[day], date, factors)
    coords = {"covariance_date": dates, "factor": factors, "factor_other": factors.rename("factor_other")}
    return xr.DataArray(values / DAYS_A_YEAR, coords, ("covariance_date", "factor", "factor_other"))


def _both_halves(values: np.ndarray, form: Form, dates: pd.DatetimeIndex, factors: pd.Index) -> np.ndarray:
    other = values.transpose(0, 2, 1)
    one_way, both = np.isnan(other) & ~np.isnan(values), ~np.isnan(other) & ~np.isnan(values)
    above = np.triu(np.ones(values.shape[1:], bool), 1)
    if form == "full":
        if one_way.any():
            raise InputError(
                f"model_covariance: {counted(int(one_way.sum()), 'pair')} of factors one way only: "
                f"{_pairs(one_way, dates, factors)}. If the file has one half of each matrix, a triangle, state "
                f'covariance = "triangle" in [model], and the other half is filled with it; otherwise add the rows.'
            )
        apart = both & above & ~(np.abs(values - other) <= SAME * np.fmax(np.abs(values), np.abs(other)))
        if apart.any():
            day, i, j = (int(x[0]) for x in np.nonzero(apart))
            raise InputError(
                f"model_covariance: not symmetric: {counted(int(apart.sum()), 'pair')} of factors with two values: "
                f"{_pairs(apart, dates, factors)}; the first has {values[day, i, j]:.6g} and {values[day, j, i]:.6g}. Give "
                f"both the same."
            )
        return np.where(both, (values + other) / 2, values)
    if (both & above).any():
        raise InputError(
            f'model_covariance: covariance = "triangle" is stated, and {counted(int((both & above).sum()), "pair")} of '
            f'factors stand both ways: {_pairs(both & above, dates, factors)}. Keep one half, or state "full".'
        )
    return np.where(np.isnan(values), other, values)


def _pairs(chosen: np.ndarray, dates: pd.DatetimeIndex, factors: pd.Index) -> str:
    cells = np.argwhere(chosen)
    return listed(f"{dates[day]:%Y-%m-%d} ({factors[i]}, {factors[j]})" for day, i, j in cells)


def _require_whole(values: np.ndarray, exposed: np.ndarray, date: pd.Timestamp, factors: pd.Index) -> None:
    """The factors that names are exposed to are all there, the matrix has no holes, and it is a covariance."""
    there = ~np.isnan(np.diagonal(values))
    lacking = factors[exposed & ~there]
    if len(lacking):
        raise InputError(
            f"model_covariance: on {date:%Y-%m-%d} without {counted(len(lacking), 'factor')} that names have exposures to: "
            f"{listed(lacking)}. Add {'its' if len(lacking) == 1 else 'their'} rows, the variance among them."
        )
    holes = np.argwhere(np.triu(np.isnan(values) & there[:, None] & there))
    if len(holes):
        raise InputError(
            f"model_covariance: on {date:%Y-%m-%d} without {counted(len(holes), 'pair')} of factors: "
            f"{listed(f'({factors[i]}, {factors[j]})' for i, j in holes)}. Add the rows; 0 where two are independent."
        )
    if there.any():
        names = factors[there]
        block = xr.DataArray(values[np.ix_(there, there)], {"factor": names, "factor_other": names.rename("factor_other")})
        require_covariance(f"model_covariance on {date:%Y-%m-%d}", block)


def given_specific_risk(tables: GivenTables, assets: pd.Index) -> xr.DataArray | None:
    """Specific volatility of a day at each date that it is given for, (risk_date, asset); NaN where there is none."""
    frame = tables.get("model_specific_risk")
    if frame is None:
        return None
    require_known(frame, "model_specific_risk", assets)
    days, labels = pd.factorize(frame["date"].to_numpy(), sort=True)
    values = np.full((len(labels), len(assets)), np.nan)
    values[days, assets.get_indexer(frame["ticker"])] = frame["volatility"].to_numpy()
    coords = {"risk_date": pd.DatetimeIndex(labels), "asset": assets}
    return xr.DataArray(values / np.sqrt(DAYS_A_YEAR), coords, ("risk_date", "asset"))


def as_known(given: xr.DataArray | None, table: str, closes: pd.DatetimeIndex) -> tuple[xr.DataArray, xr.DataArray]:
    """The last of a risk's dates up to each close, as (time, ...); and (time) that date.

    Raises
    ------
    ForecastUnavailableError
        Where there is none, or the last one is more than a month old.
    """
    if given is None:
        raise ForecastUnavailableError(
            f"{table}: the given model has no such table, so that no risk is forecast.", Fact("not_given", {"table": table})
        )
    dim = str(given.dims[0])
    dates = pd.DatetimeIndex(given.get_index(dim))
    place = dates.searchsorted(closes, side="right") - 1
    age = closes - dates[place.clip(0)] if len(dates) else pd.TimedeltaIndex([pd.Timedelta(0)] * len(closes))
    late = (place < 0) | (age > pd.Timedelta(days=KEPT))
    if late.any():
        close = closes[late][0]
        last = "" if place[late][0] < 0 else f"{dates[place[late][0]]:%Y-%m-%d}"
        said = f"the last before is of {last}, more than {KEPT} days old" if last else "none is of that day or before"
        fact = Fact("outdated", {"table": table, "last": last}) if last else Fact("not_yet_given", {"table": table})
        raise ForecastUnavailableError(f"{table}: nothing to forecast from at {close:%Y-%m-%d}: {said}.", fact)
    known = given.isel({dim: place}).rename({dim: "time"}).assign_coords(time=closes)
    return known, xr.DataArray(dates[place], {"time": closes}, ("time",))
