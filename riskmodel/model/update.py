"""Append new sessions to a fit: the same as fitting everything, at the cost of what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.segments import joined, segments_of
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.finals import ENDS
from riskmodel.market.fingerprint import fingerprints, later_ratio
from riskmodel.model.arrays import STYLE
from riskmodel.model.forecast import UNADJUSTED
from riskmodel.model.results import RiskModelResults

UNTIMED = (
    "fingerprint",
    "fingerprint_as_traded",
    "sector",
    "industry",
    "industry_factor",
    "industry_sector",
    "issuer",
    "factor_group",
    "reason",
    *ENDS,
)  # of the market as it is now
NOT_ESTIMATED = ("covariance", "specific", "texts")  # settings on which a fit does not depend


def updated(
    results: RiskModelResults,
    market: xr.Dataset,
    *,
    settings: Mapping[str, object],
    fit: Callable[[xr.Dataset], RiskModelResults],
    look_back: int,
    industries: xr.DataArray,
    origins: Mapping[str, str],
    own: Sequence[str] = (),
) -> RiskModelResults:
    """What `RiskModel.update` returns; `fit` is given the new sessions with the `look_back` before them.

    `industries` are those that the settings find in the market, `origins` the attributes that name the columns used, `own`
    the styles that functions of the user's feed.
    """
    differences = setting_differences(results.settings, settings)
    if differences:
        raise InputError(f"model: the earlier fit has other settings: {listed(differences)}. Fit again.")
    sessions, seen = market.get_index("time"), results.data.get_index("time")
    require_same_history(results.data, market, seen, sessions)
    require_same_industries(results.data["industry"], industries)
    if len(sessions) == len(seen):
        issuers = market["issuer"].sel(asset=results.data["asset"])
        same = origins.items() <= results.data.attrs.items() and results.data["issuer"].equals(issuers)
        if same and json.loads(json.dumps(results.settings)) == json.loads(json.dumps(settings)):
            return results
        data = results.data.drop_vars(UNADJUSTED, errors="ignore").assign(issuer=issuers).assign_attrs(origins)
        return RiskModelResults(data=data, settings=dict(settings))
    first = max(len(seen) - look_back, 0)
    fresh = fit(market.isel(time=slice(first, None))).data
    data = followed(results.data, fresh, sessions[len(seen) :], own)
    data = data.assign(fingerprints(market, sessions[-1]))
    return RiskModelResults(data=data.assign_attrs(origins), settings=dict(settings))


def followed(earlier: xr.Dataset, fresh: xr.Dataset, sessions: pd.DatetimeIndex, own: Sequence[str] = ()) -> xr.Dataset:
    """An earlier fit and, from a fit that looks back, its `sessions`; what has no time is that of the later one.

    Raises
    ------
    InputError
        As `require_same_factors` and, for the styles `own`, `require_same_exposures`.
    """
    require_same_factors(earlier.get_index("factor"), fresh.get_index("factor"))
    if own:
        require_same_exposures(earlier, fresh, earlier.get_index("time")[-1], own)
    new = fresh.sel(time=sessions).load()  # few, and computed together where they are not in memory
    data = appended(earlier.drop_vars([name for name in UNTIMED if name in earlier]), new)
    return data.assign({name: fresh[name] for name in UNTIMED if name in fresh})


def appended(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """The timed arrays of two fits one after the other, on the labels of the later one.

    An array that lies in a store's parts stays there: the answer reads it where it is used. Of an asset listed since, the
    earlier sessions have what a fit of the whole market gives: no number, and no place in the universe.
    """
    timed = [name for name in new.data_vars if "time" in new[name].dims]
    lazy = {name: whole for name in timed if (whole := segments_of(old.variables[name])) is not None}
    near = [name for name in timed if name not in lazy]
    labels = {name: new[name] for name in new.indexes if name != "time"}
    before = old[near].reindex(labels, fill_value={name: _nothing(new[name].dtype) for name in near})
    data = xr.concat([before, new[near]], dim="time", coords="minimal", compat="override", join="override")
    return data.assign_coords(labels).assign({n: joined(old, new, str(n), whole) for n, whole in lazy.items()})


def setting_differences(earlier: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """Settings of the estimation that differ, each with both values.

    Examples
    --------
    >>> setting_differences({"universe": {"largest": 300}}, {"universe": {"largest": 3000}})
    ['universe.largest is 300 there, 3000 here']
    """
    there, here = (
        _flat({name: value for name, value in json.loads(json.dumps(side)).items() if name not in NOT_ESTIMATED})
        for side in (earlier, now)
    )
    missing = "not set"
    return [
        f"{name} is {there.get(name, missing)} there, {here.get(name, missing)} here"
        for name in {**here, **there}
        if there.get(name, missing) != here.get(name, missing)
    ]


def require_same_history(
    earlier: xr.Dataset, market: xr.Dataset, seen: pd.DatetimeIndex, sessions: pd.DatetimeIndex
) -> None:
    """Refuse to build on a fit whose sessions or raw facts are no longer the market's.

    Facts that a later split rescales are those of before: a fit has them in no other way than as ratios and returns.
    """
    if not seen.equals(sessions[: len(seen)]):
        other = seen.symmetric_difference(sessions[: len(seen)])
        raise InputError(
            f"model: the sessions under the earlier fit have changed: {listed(other.strftime('%Y-%m-%d'))}. Fit again."
        )
    ratio = later_ratio(market, seen[-1]).to_numpy()
    if changed := changed_histories(earlier, fingerprints(market, seen[-1]), ratio):
        raise InputError(
            f"model: the history of {counted(len(changed), 'asset')} has changed under the earlier fit: {listed(changed)}. "
            f"Usually a restatement, or a split whose rescaled figures are rounded; fit again."
        )


def changed_histories(earlier: xr.Dataset, now: xr.Dataset, ratio: np.ndarray) -> list[str]:
    """The assets whose raw facts under an earlier fit are others, or that are gone.

    Parameters
    ----------
    earlier
        The fit, with its fingerprints.
    now
        `riskmodel.market.fingerprint.fingerprints` of the same sessions, by the market as it is.
    ratio
        (asset) Product of the ratios of splits since: the facts of those that had one are compared as traded.
    """
    lost = earlier.get_index("asset").difference(now.get_index("asset")).tolist()
    same = now == earlier[[*now]].reindex(asset=now["asset"], fill_value=np.uint64(0))
    kept = (same["fingerprint"] | (same["fingerprint_as_traded"] & (ratio != 1.0))).to_numpy()
    return [*now["asset"].to_numpy()[~kept], *lost]


def require_same_factors(earlier: pd.Index, now: pd.Index) -> None:
    """Refuse to build on a fit of other sectors or industries: each has a return of its own on every day."""
    if not earlier.equals(now):
        raise InputError(
            f"model: the sectors or industries have changed under the earlier fit: "
            f"{listed(sorted(earlier.symmetric_difference(now)))}. Fit again."
        )


def moved_assets(earlier: xr.DataArray, now: xr.DataArray) -> list[str]:
    """The assets that are in another industry than under an earlier fit."""
    return list(earlier["asset"].to_numpy()[(earlier != now.sel(asset=earlier["asset"])).to_numpy()])


def require_same_industries(earlier: xr.DataArray, now: xr.DataArray) -> None:
    """Refuse to build on a fit of names that have moved to another industry: errors are clustered by it."""
    if moved := moved_assets(earlier, now):
        raise InputError(
            f"model: {counted(len(moved), 'asset')} in another industry than under the earlier fit: {listed(moved)}. "
            f"Fit again."
        )


def require_same_exposures(earlier: xr.Dataset, now: xr.Dataset, day: pd.Timestamp, styles: Sequence[str]) -> None:
    """Refuse to build on a descriptor that looks back further than it says: the last sessions alone give another value."""
    there, here = (data["exposures"].sel({"time": day, STYLE: list(styles)}).to_pandas() for data in (earlier, now))
    here = here.reindex_like(there)
    if wrong := there.index[((there != here) & ~(there.isna() & here.isna())).any(axis=1)].tolist():
        raise InputError(
            f"model: worked out from the last sessions alone, {day:%Y-%m-%d} has other exposures to {listed(wrong)}. "
            f"A descriptor looks back further than its look_back: raise that, and fit again."
        )


def _nothing(dtype: np.dtype) -> object:
    if dtype.kind == "f":
        return np.nan
    return "" if dtype.kind == "O" else np.zeros((), dtype)[()]


def _flat(settings: Mapping[str, object], stem: str = "") -> dict[str, object]:
    """Nested settings as one level of dotted names."""
    flat: dict[str, object] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{stem}{name}.") if isinstance(value, Mapping) else {f"{stem}{name}": value}
    return flat
