"""What each rule cost: the rungs of a ladder as portfolios, their differences as rows of the one cube."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube, Sleeves, make_cube
from attribution.contributions.cuts import SLEEVE, Cut
from attribution.contributions.sums import contributions, standard_errors, with_t
from attribution.identities import TOLERANCE, identities, require_reconciled
from attribution.linking.linking import compound
from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.actual_returns import with_actual_returns
from attribution.portfolio.blends import blend_shares
from attribution.portfolio.course import Course, blend_tracks
from attribution.portfolio.holdings import Track, drift
from attribution.portfolio.tracks import Tracks
from attribution.rows import AGAINST, LIST, NO_STRATEGY, PROXY
from riskmodel.errors import InputError, listed
from riskmodel.model.results import RiskModelResults

RUNG = "rung"
SAME = 1e-12  # weights that differ by no more are the same


@dataclass(frozen=True)
class RuleCosts:
    """What each rung of a ladder contributed to a course's excess return; the rungs sum to it.

    Attributes
    ----------
    course, period
        What is explained.
    cube
        The course's, with the rungs in the place of its sleeves.
    ex_ante
        rung, score, tracking_error: of the lists as they were made, means over the lists of the period; missing where a
        course has several sleeves.
    """

    course: str
    period: str
    cube: Cube
    ex_ante: pd.DataFrame

    def by(self, *cuts: Cut, against: str = AGAINST[0]) -> pd.Series:
        """Contributions by rung, and by factor, group, stock, sector, day or month within it.

        `against` is what a name's part is measured against, the "benchmark" or "zero": a rung is the same by either.
        """
        found = contributions(self.cube, [SLEEVE, *cuts], against=against)
        return found.rename_axis([RUNG, *found.index.names[1:]]) if cuts else found.rename_axis(RUNG)

    def errors(self, *cuts: Cut, against: str = AGAINST[0]) -> pd.Series:
        """Standard errors of `by`, with the same index."""
        found = standard_errors(self.cube, [SLEEVE, *cuts], against=against)
        return found.rename_axis([RUNG, *found.index.names[1:]]) if cuts else found.rename_axis(RUNG)

    def with_errors(self, *cuts: Cut, against: str = AGAINST[0]) -> pd.DataFrame:
        """contribution, standard_error and t by rung and the cuts within it."""
        return with_t(self.by(*cuts, against=against), self.errors(*cuts, against=against))

    @cached_property
    def table(self) -> pd.DataFrame:
        """course, rung, contribution, score, tracking_error: the table `rules`, summing to the excess."""
        table = self.by().rename("contribution").reset_index()
        table.insert(0, "course", self.course)
        return table.merge(self.ex_ante, on=RUNG, how="left", sort=False)

    @property
    def excess_return(self) -> float:
        """Of the course over its benchmark, compounded."""
        return compound(self.cube.portfolio_return.to_numpy()) - compound(self.cube.benchmark_return.to_numpy())

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """The rungs sum to the excess; by factor and by stock they sum to the rungs."""
        by_rung = self.by()
        pairs = {"rungs = excess return": (float(by_rung.sum()), self.excess_return)}
        for cut in ("factor", "stock"):
            summed = self.by(cut).groupby(level=RUNG, sort=False).sum().reindex(by_rung.index)
            place = int(np.abs(summed - by_rung).to_numpy().argmax())
            pairs[f"rung x {cut} over {cut}s = rungs"] = (float(summed.iloc[place]), float(by_rung.iloc[place]))
        return identities(pairs, TOLERANCE)


def rule_costs(
    tracks: Tracks,
    course: str,
    model: RiskModelResults,
    rungs: Mapping[str, Mapping[str, Track]],
    ex_ante: pd.DataFrame | None = None,
    *,
    link: str = DEFAULT_LINK,
    followed: Course | None = None,
) -> RuleCosts:
    """Lay the rungs of a course's strategies over the model.

    Parameters
    ----------
    tracks
        Of a book over a period.
    course
        A course or sleeve, of which one sleeve at least has a strategy.
    model
        A fit of the same market.
    rungs
        Sleeve -> its rungs as `follow_rungs` has them. Sleeves without are a row of their own.
    ex_ante
        strategy's date, rung, score, tracking_error.
    link
        As for `attribution.attribute`.
    followed
        The course over these tracks, its actual returns with it, where that is at hand.

    Notes
    -----
    With W_j,t the drifted weights of rung j, rung 0 the benchmark, rung j contributes
    sum_t lambda_t (W_j,t - W_j-1,t)' r_t. The sum telescopes, so that it is the excess whatever the rungs
    are. A name's part of a rung is measured against the benchmark, as everywhere. docs/methodology/ladder.md.
    """
    if followed is None:
        followed = with_actual_returns(blend_tracks(tracks, course), tracks.book)
    rows = _rows(tracks, followed, rungs)
    wanted = _assets(followed, rows, tracks)
    whole = replace(followed, data=_over(followed, wanted, tracks))
    cube = make_cube(whole, model, tracks.market, link=link, uncovered_max=tracks.book.book.uncovered_max)
    cube = replace(cube, sleeves=_sleeves(rows, wanted, followed))
    costs = RuleCosts(course, followed.period.label, cube, _ex_ante(ex_ante, followed))
    require_reconciled(costs.reconciliation.assign(course=course), f"rules of {course}, {followed.period.label}")
    return costs


def follow_rungs(tracks: Tracks, sleeve: str, lists: pd.DataFrame) -> dict[str, Track]:
    """The rungs of a sleeve's ladder, each followed over the period, in their order.

    Parameters
    ----------
    lists
        date, rung, ticker, weight: the lists of each rung, in the order of the rungs.

    Raises
    ------
    InputError
        Where a rung holds what has no prices, or does not begin with the period.
    """
    priced, period, made = tracks.returns.get_index("asset"), tracks.period, {}
    for rung, rows in lists.groupby("rung", sort=False):
        what = f"rung '{rung}' of [sleeves.{sleeve}]"
        if strange := sorted(set(rows["ticker"]) - set(priced)):
            raise InputError(f"rungs: {what} holds what has no prices: {listed(strange)}. Make the ladder on this market.")
        own = rows[["date", "ticker", "weight"]]
        made[str(rung)] = drift(own, tracks.market, tracks.returns, period.base, period.days, what)
    return made


@dataclass(frozen=True)
class _Row:
    """Weights of one rung and of the one before it, (time, asset), times the shares of the sleeve."""

    above: xr.Dataset
    below: xr.Dataset


def _rows(tracks: Tracks, followed: Course, rungs: Mapping[str, Mapping[str, Track]]) -> dict[str, list[_Row]]:
    """Rung -> what it and the one before hold, a part a sleeve."""
    own = _shares(followed.sleeves_since, followed)
    other = _shares(followed.benchmarks_since, followed)
    rows: dict[str, list[_Row]] = {}
    for sleeve in followed.shares:
        held = _weights(tracks.looked_through(sleeve), own.sel(part=sleeve, drop=True))
        benchmark = _weights(tracks.benchmark(tracks.book.sleeves[sleeve].benchmark), other.sel(part=sleeve, drop=True))
        if sleeve not in rungs:
            rows.setdefault(NO_STRATEGY, []).append(_Row(held, benchmark))
            continue
        before = benchmark
        for rung, track in rungs[sleeve].items():
            now = _weights(track, own.sel(part=sleeve, drop=True))
            rows.setdefault(rung, []).append(_Row(now, before))
            before = now
        if any(bool((np.abs(held[name] - before[name]) > SAME).any()) for name in held.data_vars):
            rows.setdefault(LIST, []).append(_Row(held, before))
        else:  # the last rung is what is held, to the last bit
            rows[rung][-1] = _Row(held, rows[rung][-1].below)
    return rows


def _shares(returns: xr.DataArray, followed: Course) -> xr.DataArray:
    return blend_shares(returns, followed.shares, followed.reset).sel(time=followed.period.days)


def _weights(track: Track, share: xr.DataArray) -> xr.Dataset:
    return xr.Dataset({"weight": track.weights * share, "live": track.live * share}).transpose("time", "asset")


def _assets(followed: Course, rows: Mapping[str, list[_Row]], tracks: Tracks) -> pd.Index:
    """Names of the course, its benchmark and any rung, in the order of the market, CASH last."""
    every = tracks.returns.get_index("asset")
    wanted = every.isin(followed.data.get_index("asset"))
    for parts in rows.values():
        for part in parts:
            wanted |= (part.above["weight"] != 0).any("time").to_numpy()
    return every[wanted]


def _over(followed: Course, assets: pd.Index, tracks: Tracks) -> xr.Dataset:
    """The course's data over more names, of which it and its benchmark hold nothing."""
    data = followed.data.reindex(asset=assets, fill_value=0.0)
    return data.assign(asset_return=tracks.returns.sel(time=followed.period.days, asset=assets))


def _sleeves(rows: Mapping[str, list[_Row]], assets: pd.Index, followed: Course) -> Sleeves:
    gap = followed.data["constituents_return"] - followed.data["benchmark_return"]
    last = [rung for rung in (LIST, NO_STRATEGY) if rung in rows]
    named = [*(rung for rung in rows if rung not in last), *last, *([PROXY] if bool((gap != 0).any()) else [])]
    index = pd.Index(named, name=SLEEVE)

    days = followed.period.days

    def stacked(side: str, field: str) -> xr.DataArray:
        values = np.zeros((len(named), len(days), len(assets)))
        for place, rung in enumerate(named):
            for part in rows.get(rung, []):
                own = getattr(part, side)[field]
                values[place] += own.sel(time=days, asset=assets).to_numpy()
        return xr.DataArray(values, {SLEEVE: index, "time": days, "asset": assets}, (SLEEVE, "time", "asset"))

    proxy = xr.concat([gap if rung == PROXY else xr.zeros_like(gap) for rung in named], index).transpose(SLEEVE, "time")
    return Sleeves(
        portfolio_weight=stacked("above", "weight"),
        benchmark_weight=stacked("below", "weight"),
        portfolio_live=stacked("above", "live"),
        benchmark_live=stacked("below", "live"),
        proxy=proxy,
    )


def _ex_ante(table: pd.DataFrame | None, followed: Course) -> pd.DataFrame:
    columns = [RUNG, "score", "tracking_error"]
    if table is None or len(followed.shares) > 1:
        return pd.DataFrame(columns=columns).astype({RUNG: object, "score": float, "tracking_error": float})
    known = table[table["date"].isin(_counting(table["date"], followed))]
    return known.groupby(RUNG, sort=False)[["score", "tracking_error"]].mean().reset_index()


def _counting(dates: pd.Series, followed: Course) -> list[pd.Timestamp]:
    """Dates of the lists that count on some day of the period."""
    base, end = followed.period.base, followed.period.end
    earlier = dates[dates <= base]
    return [*earlier[earlier == earlier.max()].unique(), *dates[(dates > base) & (dates < end)].unique()]
