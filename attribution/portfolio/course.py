"""A course over a period: what it looks through to, day by day, and its returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import xarray as xr

from attribution.portfolio.begun import require_begun
from attribution.portfolio.beside import Beside, with_rows
from attribution.portfolio.blends import blend_shares, since_reset
from attribution.portfolio.book import Book
from attribution.portfolio.funds.lists import carried_funds
from attribution.portfolio.holdings import Track
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.bound_types import Reset
from attribution.portfolio.tracks import Tracks
from attribution.rows import CASH, FUNDS
from riskmodel.errors import InputError, counted, listed

UNEXPLAINED = 0.10  # of a day: no index moves so far from its constituents, a level in another unit does


@dataclass(frozen=True)
class Course:
    """A course and its benchmark day by day, before any model.

    Attributes
    ----------
    data
        On (time, asset), CASH last: `portfolio_weight`, `benchmark_weight` (start of day, each sums to one),
        `portfolio_live`, `benchmark_live` (the part that earns the asset's return), `asset_return`; on (time):
        `portfolio_return`, `holdings_return` (the same but for a course with actual returns or funds that are looked
        through), `benchmark_return` (the
        index's level where there is one), `constituents_return`; on (asset):
        `closing_weight` and `benchmark_closing_weight`, at the last close before any list of that day, and what of them no
        longer trades, `closing_stopped` and `benchmark_closing_stopped`. Assets in neither are left out. The same weights
        and live weights by sleeve, on (sleeve, time, asset), are `sleeve_portfolio_weight`
        and so on: share of the sleeve times weight, so that they sum to the course's; on (sleeve, time) `sleeve_proxy`.
    sleeves
        Daily returns of each sleeve, (part, time).
    benchmarks
        Daily returns of each sleeve's benchmark, (part, time).
    shares
        Fixed shares of the sleeves.
    reset
        When the shares are reset.
    sleeves_since, benchmarks_since
        As `sleeves` and `benchmarks`, from the last reset of the shares on, so that what they are at the start is known.
    stopped, benchmark_stopped
        By sleeve and by benchmark: positions that do not trade again in the period (see `Track`).
    ended, benchmark_ended
        By sleeve and by benchmark: positions that a final pays out in the period (see `Track`).
    beside
        Rows of what the holdings did not earn; None where the return is theirs.
    levels
        Benchmark of which only returns are known, as it stands among the names -> the index whose level it follows.
    carried
        Funds that are held without exposures by the book's choice.
    """

    name: str
    period: Period
    data: xr.Dataset
    sleeves: xr.DataArray
    benchmarks: xr.DataArray
    shares: dict[str, float]
    reset: Reset
    sleeves_since: xr.DataArray
    benchmarks_since: xr.DataArray
    stopped: dict[str, pd.DataFrame]
    benchmark_stopped: dict[str, pd.DataFrame]
    ended: dict[str, pd.DataFrame]
    benchmark_ended: dict[str, pd.DataFrame]
    beside: Beside | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    carried: tuple[str, ...] = ()

    def invested(self) -> xr.Dataset:
        """What is held of each side at the last close, positions that no longer trade as cash.

        Returns
        -------
        Dataset
            (asset) `portfolio_weight`, `benchmark_weight`; each sums to one.
        """
        sides = {"portfolio_weight": "closing", "benchmark_weight": "benchmark_closing"}
        return xr.Dataset(
            {
                name: carried_as_cash(self.data[f"{side}_weight"], self.data[f"{side}_stopped"])
                for name, side in sides.items()
            }
        )


def carried_as_cash(weights: xr.DataArray, stopped: xr.DataArray) -> xr.DataArray:
    """Weights (asset), CASH among them, of which the part that no longer trades is cash."""
    return weights - stopped + stopped.sum("asset") * (weights["asset"] == CASH)


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
        As `Tracks` does; for levels that their constituents do not explain.
    """
    book, period = tracks.book, tracks.period
    require_begun(book, course, period)
    shares = book.shares(course)
    held = {sleeve: tracks.looked_through(sleeve) for sleeve in shares}
    lists = {name: tracks.benchmark(name) for name in sorted({book.sleeves[sleeve].benchmark for sleeve in shares})}
    official = {name: tracks.level(name) for name in lists}
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
    run, reset = since_reset(book, tracks.market, course, period), book.reset_of(course)
    sleeves_since, benchmarks_since = sleeves, benchmarks
    if run is not period:  # the shares at the start have drifted there
        longer = tracks.over(run)
        sleeves_since = stack({sleeve: longer.carried(sleeve).returns for sleeve in shares})
        benchmarks_since = stack({s: longer.benchmark_return(book.sleeves[s].benchmark) for s in shares})
    own = blend_shares(sleeves_since, shares, reset).sel(time=period.days)
    other = blend_shares(benchmarks_since, shares, reset).sel(time=period.days)

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

    def closing(
        of: dict[str, Track], part_shares: xr.DataArray, part_returns: xr.DataArray, field: str = "closing"
    ) -> xr.DataArray:
        grown = part_shares.isel(time=-1, drop=True) * (1 + part_returns.isel(time=-1, drop=True))
        parts = [getattr(of[s], field) * (grown / grown.sum("part")).sel(part=s, drop=True) for s in shares]
        return sum(parts[1:], parts[0])

    returned = (own * sleeves).sum("part")
    of_funds = shared(held, own, "beside").sum("sleeve")
    of_benchmark = shared(of_sleeve, other, "beside").sum("sleeve")
    apart = bool((of_funds != 0).any() | (of_benchmark != 0).any())  # a fund without own returns has none beside its list's
    data = xr.Dataset(
        {
            **{name: parts.sum("sleeve") for name, parts in by_sleeve.items()},
            **{f"sleeve_{name}": parts for name, parts in by_sleeve.items()},
            "sleeve_proxy": constituents - (other * benchmarks).rename(part="sleeve"),
            "closing_weight": closing(held, own, sleeves),
            "benchmark_closing_weight": closing(of_sleeve, other, benchmarks),
            "closing_stopped": closing(held, own, sleeves, "closing_stopped"),
            "benchmark_closing_stopped": closing(of_sleeve, other, benchmarks, "closing_stopped"),
            "portfolio_return": returned,
            "holdings_return": returned - of_funds if apart else returned,
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
        reset=reset,
        sleeves_since=sleeves_since,
        benchmarks_since=benchmarks_since,
        stopped={sleeve: track.stopped for sleeve, track in held.items()},
        benchmark_stopped={name: track.stopped for name, track in lists.items()},
        ended={sleeve: track.ended for sleeve, track in held.items()},
        benchmark_ended={name: track.ended for name, track in lists.items()},
        beside=with_rows(None, {FUNDS: of_funds - of_benchmark}, {FUNDS: of_funds}) if apart else None,
        carried=tuple(ticker for ticker in carried_funds(book) if ticker in data["asset"].to_numpy()[either.to_numpy()]),
        levels={book.pseudo_names[name]: name for name in lists if name in book.pseudo_names},
    )
