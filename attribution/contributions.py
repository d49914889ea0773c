"""The cube: a course's active weights, exposures and factor returns, day x asset x factor, before linking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from attribution.book import CASH, Book
from attribution.holdings import CASH_STOCK, Track, blend_shares, level_returns
from attribution.linking_inputs import places
from attribution.periods import Period
from attribution.risk_arrays import UNCOVERED_MAX, require_covered
from attribution.tracks import Tracks
from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import MARKET
from riskmodel.model import RiskModelResults

PROXY = "(proxy)"
SAME_RETURN = 1e-9
UNEXPLAINED = 0.10  # of a day: no index moves so far from its constituents, a level in another unit does


@dataclass(frozen=True)
class Course:
    """A course and its benchmark day by day, before any model.

    Attributes
    ----------
    data
        On (time, asset), CASH last: `portfolio_weight`, `benchmark_weight` (start of day, each sums to one),
        `portfolio_live`, `benchmark_live` (the part that earns the asset's return), `asset_return`; on (time):
        `portfolio_return`, `benchmark_return` (the index's level where there is one), `constituents_return`; on (asset):
        `closing_weight` and `benchmark_closing_weight`, at the last close before any list of that day. Assets in neither
        are left out. The same weights and live weights by sleeve, on (sleeve, time, asset), are `sleeve_portfolio_weight`
        and so on: share of the sleeve times weight, so that they sum to the course's; on (sleeve, time) `sleeve_proxy`.
    sleeves
        Daily returns of each sleeve, (part, time).
    benchmarks
        Daily returns of each sleeve's benchmark, (part, time).
    shares
        Fixed shares of the sleeves.
    stopped, benchmark_stopped
        By sleeve and by benchmark: positions that do not trade again in the period (see `Track`).
    """

    name: str
    period: Period
    data: xr.Dataset
    sleeves: xr.DataArray
    benchmarks: xr.DataArray
    shares: dict[str, float]
    stopped: dict[str, pd.DataFrame]
    benchmark_stopped: dict[str, pd.DataFrame]


def require_explained(index: str, official: xr.DataArray, constituents: xr.DataArray) -> None:
    """Refuse levels of an index that jump away from its constituents, such as where their unit changes.

    Parameters
    ----------
    index
        For the message.
    official, constituents
        (time) daily returns of the level and of the constituents.

    Raises
    ------
    InputError
        For days on which the two are more than `UNEXPLAINED` apart.

    Examples
    --------
    >>> day = {"time": pd.DatetimeIndex(["2025-03-14"])}
    >>> require_explained("S&P 500", xr.DataArray([0.010], day, ("time",)), xr.DataArray([0.011], day, ("time",)))
    """
    level, rest = official.to_series(), constituents.to_series()
    bad = level.index[(level - rest).abs() > UNEXPLAINED]
    if len(bad):
        lines = listed(f"{day:%Y-%m-%d} (level {level[day]:+,.1%}, constituents {rest[day]:+,.1%})" for day in bad.to_list())
        raise InputError(
            f"indices: {counted(len(bad), 'day')} on which the level of '{index}' moves more than {UNEXPLAINED:.0%} away "
            f"from its constituents: {lines}. A level is mistyped, their unit or base changes, or the constituents are "
            f"those of another index. Put all levels on one base."
        )


def follow_course(book: Book, course: str, market: xr.Dataset, period: Period) -> Course:
    """Drift the sleeves and their benchmarks over a period and blend both with the same fixed shares; see `blend_tracks`."""
    return blend_tracks(Tracks(book, market, period), course)


def blend_tracks(tracks: Tracks, course: str) -> Course:
    """Blend sleeves and their benchmarks with a course's fixed shares.

    Raises
    ------
    InputError
        As `sleeve_track`, `benchmark_track` and `level_returns` do; for levels that their constituents do not explain.
    """
    book, market, period = tracks.book, tracks.market, tracks.period
    shares = book.shares(course)
    held = {sleeve: tracks.sleeve(sleeve) for sleeve in shares}
    lists = {name: tracks.benchmark(name) for name in sorted({book.sleeves[sleeve].benchmark for sleeve in shares})}
    official = {name: level_returns(market, name, period.days, period.base) for name in lists}
    for name, level in official.items():
        if level is not None:
            require_explained(name, level, lists[name].returns)

    def stack(parts: dict[str, xr.DataArray]) -> xr.DataArray:
        return xr.concat(list(parts.values()), pd.Index(list(parts), name="part"), coords="minimal", compat="override")

    def benchmark_of(sleeve: str) -> xr.DataArray:
        name = book.sleeves[sleeve].benchmark
        level = official[name]
        return lists[name].returns if level is None else level

    sleeves = stack({sleeve: track.returns for sleeve, track in held.items()})
    benchmarks = stack({sleeve: benchmark_of(sleeve) for sleeve in shares})
    own, other = blend_shares(sleeves, shares), blend_shares(benchmarks, shares)

    def shared(of: dict[str, Track], part_shares: xr.DataArray, field: str) -> xr.DataArray:
        parts = {sleeve: getattr(of[sleeve], field) for sleeve in shares}
        return (stack(parts) * part_shares).rename(part="sleeve")

    of_sleeve = {sleeve: lists[book.sleeves[sleeve].benchmark] for sleeve in shares}
    by_sleeve = {
        f"{side}_{kind}": shared(of, part_shares, field)
        for side, of, part_shares in (("portfolio", held, own), ("benchmark", of_sleeve, other))
        for kind, field in (("weight", "weights"), ("live", "live"))
    }
    constituents = shared(of_sleeve, other, "returns")

    def closing(of: dict[str, Track], part_shares: xr.DataArray, part_returns: xr.DataArray) -> xr.DataArray:
        grown = part_shares.isel(time=-1, drop=True) * (1 + part_returns.isel(time=-1, drop=True))
        parts = [of[s].closing * (grown / grown.sum("part")).sel(part=s, drop=True) for s in shares]
        return sum(parts[1:], parts[0])

    data = xr.Dataset(
        {
            **{name: parts.sum("sleeve") for name, parts in by_sleeve.items()},
            **{f"sleeve_{name}": parts for name, parts in by_sleeve.items()},
            "sleeve_proxy": constituents - (other * benchmarks).rename(part="sleeve"),
            "closing_weight": closing(held, own, sleeves),
            "benchmark_closing_weight": closing(of_sleeve, other, benchmarks),
            "portfolio_return": (own * sleeves).sum("part"),
            "benchmark_return": (other * benchmarks).sum("part"),
            "constituents_return": constituents.sum("sleeve"),
            "asset_return": tracks.returns.sel(time=period.days),
        }
    )
    either = ((data["portfolio_weight"] != 0) | (data["benchmark_weight"] != 0)).any("time")
    either |= data["asset"] == CASH
    return Course(
        name=course,
        period=period,
        data=data.isel(asset=either.to_numpy()),
        sleeves=sleeves,
        benchmarks=benchmarks,
        shares=shares,
        stopped={sleeve: track.stopped for sleeve, track in held.items()},
        benchmark_stopped={name: track.stopped for name, track in lists.items()},
    )


def cube(course: Course, model: RiskModelResults, market: xr.Dataset, *, uncovered_max: float = UNCOVERED_MAX) -> xr.Dataset:
    """Lay a course's active positions over the model: everything that a cut of the period's excess return needs.

    Parameters
    ----------
    course
        From `follow_course`.
    model
        A fit of the same market.
    market
        From `riskmodel.read_market`.
    uncovered_max
        Largest weight, as a mean over days with a solution, of held names that the model leaves out: beyond it a split by
        factor would say nothing of much of the course.

    Returns
    -------
    Dataset
        The course's data, and on (time, factor, asset) `exposure` (start of day, 0 where not modelled), on (time, asset)
        `modelled` (bool) and `specific_return` (0 where not modelled), on (time, factor) `factor_return` (0 for a factor
        left out that day), on (time, factor, factor_other) `covariance`, on (asset) `sector`.

    Raises
    ------
    InputError
        Where the model was fitted on other days, other names or other returns, or leaves out more than `uncovered_max`.

    Notes
    -----
    For each day a_it r_it = sum_k a_it X_ik,t-1 f_kt + a_it u_it where i is modelled; a name without exposures or without a
    proper return that day is unmodelled, and its a_it r_it stands in a row of its own.
    """
    data = course.data.assign(model_parts(course.data.get_index("asset"), course.period.days, model, market))
    solved = data["modelled"].any("asset").to_numpy()  # a day without a solution is the model's, and flagged there
    left_out = (abs(data["portfolio_live"]) * ~data["modelled"]).isel(time=solved, asset=(data["asset"] != CASH).to_numpy())
    of_names = left_out.sum("time").to_series() / max(int(solved.sum()), 1)
    require_covered(f"contributions of '{course.name}'", of_names, uncovered_max, what="exposures on some days")
    return data


def _require_same_returns(parts: xr.Dataset, returns: np.ndarray) -> None:
    """Refuse a model that splits other returns (time, asset) than the market's: it was fitted before they changed."""
    factor_return = parts["factor_return"].transpose("time", "factor").to_numpy()
    explained = (factor_return[:, None] @ parts["exposure"].to_numpy())[:, 0] + parts["specific_return"].to_numpy()
    gap = np.abs(explained[:, :-1] - returns)
    modelled = parts["modelled"].isel(asset=slice(-1))
    apart = modelled.copy(data=modelled.to_numpy() & ~(gap < SAME_RETURN))
    if apart.any():
        raise InputError(
            f"model: explains other returns than the market's: {counted(int(apart.sum()), 'return')} differ: "
            f"{listed(places(apart))}. The prices have changed since it was fitted; fit it again."
        )


def model_parts(assets: pd.Index, days: pd.DatetimeIndex, model: RiskModelResults, market: xr.Dataset) -> xr.Dataset:
    """What a model says of some assets, CASH last, on the days of a period; raises as `cube` does, which lists the parts."""
    stocks = pd.Index(
        [CASH if asset == CASH_STOCK else asset for asset in assets[assets != CASH]]
    )  # as the market names them
    fitted = model.data.get_index("time")
    missing = days.difference(fitted)
    strangers = stocks.difference(model.data.get_index("asset"))
    if len(missing) or len(strangers):
        raise InputError(
            f"model: was not fitted on {counted(len(missing), 'day')} and {counted(len(strangers), 'name')} of the period: "
            f"{listed([*missing.strftime('%Y-%m-%d'), *strangers])}. Fit it on this market."
        )
    sessions = market.get_index("time")
    before = sessions[sessions.get_indexer(days) - 1]
    fit = model.data.sel(asset=stocks)
    specific = fit["specific_returns"].sel(time=days).transpose("time", "asset").to_numpy()
    modelled = ~np.isnan(specific)
    sector = fit["sector"].to_numpy().astype(str)
    names = [str(f) for f in model.data["factor"].to_numpy()]
    styles = [str(s) for s in fit["style"].to_numpy()]
    exposure = np.zeros((len(days), len(names), len(assets)))
    exposure[:, names.index(MARKET), :-1] = 1.0
    column = pd.Index(names).get_indexer(sector)
    exposure[:, column[column >= 0], np.flatnonzero(column >= 0)] = 1.0
    where = [names.index(style) for style in styles]
    lagged = fit["exposures"].sel(time=before).transpose("time", "style", "asset").to_numpy()
    exposure[:, where, :-1] = np.nan_to_num(lagged)
    exposure[:, :, :-1] *= modelled[:, None, :]
    of_days = model.data.sel(time=days)
    parts = xr.Dataset(
        {
            "exposure": (("time", "factor", "asset"), exposure),
            "modelled": (("time", "asset"), np.pad(modelled, ((0, 0), (0, 1)))),
            "specific_return": (("time", "asset"), np.pad(np.nan_to_num(specific), ((0, 0), (0, 1)))),
            "factor_return": of_days["factor_returns"].fillna(0.0).transpose("time", "factor"),
            "covariance": of_days["covariance"].fillna(0.0).transpose("time", "factor", "factor_other"),
            "sector": ("asset", np.append(sector, CASH).astype(object)),
            "name": ("asset", np.append(market["name"].sel(asset=stocks).to_numpy(), "").astype(object)),
            "name_ja": ("asset", np.append(market["name_ja"].sel(asset=stocks).to_numpy(), "").astype(object)),
        },
        coords={"time": days, "asset": assets, "factor": names},
    )
    returns = market["total_return"].sel(time=days, asset=stocks).transpose("time", "asset").to_numpy()
    _require_same_returns(parts, returns)
    return parts
