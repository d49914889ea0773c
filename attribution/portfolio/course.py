"""A course over a period: what it looks through to, day by day, and its returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
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

    def returns_of(parts: Iterable[xr.DataArray]) -> xr.DataArray:
        returns = xr.align(*parts, join="exact", copy=False)
        coords = {"part": pd.Index(list(shares), name="part"), "time": returns[0].get_index("time")}
        return xr.DataArray(np.stack([part.to_numpy() for part in returns]), coords, ("part", "time"))

    def benchmark_of(sleeve: str) -> xr.DataArray:
        name = book.sleeves[sleeve].benchmark
        level = official[name]
        return lists[name].returns if level is None else level

    sleeves = returns_of(track.returns for track in held.values())
    benchmarks = returns_of(benchmark_of(sleeve) for sleeve in shares)
    run, reset = since_reset(book, tracks.market, course, period), book.reset_of(course)
    sleeves_since, benchmarks_since = sleeves, benchmarks
    if run is not period:  # the shares at the start have drifted there
        longer = tracks.over(run)
        sleeves_since = returns_of(longer.carried(sleeve).returns for sleeve in shares)
        benchmarks_since = returns_of(longer.benchmark_return(book.sleeves[s].benchmark) for s in shares)

    def side(parts: Iterable[Track], returns: xr.DataArray, since: xr.DataArray) -> _Side:
        of_day = blend_shares(since, shares, reset).sel(time=period.days)
        return _Side(list(parts), of_day.to_numpy(), returns.to_numpy())

    portfolio = side(held.values(), sleeves, sleeves_since)
    benchmark = side((lists[book.sleeves[s].benchmark] for s in shares), benchmarks, benchmarks_since)
    data, beside = _blended(portfolio, benchmark, tracks.returns.sel(time=period.days), list(shares))
    return Course(
        name=course,
        period=period,
        data=data,
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
        beside=beside,
        carried=tuple(ticker for ticker in carried_funds(book) if ticker in data.get_index("asset")),
        levels={book.pseudo_names[name]: name for name in lists if name in book.pseudo_names},
    )


class _Side(NamedTuple):
    """What a course, or its benchmark, looks through to.

    Attributes
    ----------
    tracks
        One a sleeve.
    shares, returns
        (track, time) start-of-day shares, and returns of the sleeves or of their official benchmarks.
    """

    tracks: list[Track]
    shares: np.ndarray
    returns: np.ndarray

    def shared(self, field: str, *dims: str) -> np.ndarray:
        """An array of each track on (time, ...) times its share, (track, time, ...)."""
        values = _values(self.tracks, field, *dims)
        return values * self.shares.reshape(*self.shares.shape, *[1] * (values.ndim - 2))

    def closing(self, field: str) -> np.ndarray:
        """An array of each track on (asset), blended with the shares at the last close."""
        grown = self.shares[:, -1] * (1 + self.returns[:, -1])
        closing: np.ndarray = (_values(self.tracks, field, "asset") * (grown / grown.sum())[:, None]).sum(axis=0)
        return closing


def _values(tracks: Sequence[Track], field: str, *dims: str) -> np.ndarray:
    return np.stack([getattr(track, field).transpose(*dims).to_numpy() for track in tracks])


def _blended(
    portfolio: _Side, benchmark: _Side, asset_return: xr.DataArray, sleeves: list[str]
) -> tuple[xr.Dataset, Beside | None]:
    """`Course.data` and `Course.beside`, by arrays: everything is on the labels of `asset_return`, (time, asset)."""
    xr.align(asset_return, *(track.weights for track in portfolio.tracks + benchmark.tracks), join="exact", copy=False)
    days, names = asset_return.get_index("time"), asset_return.get_index("asset")
    sides = {
        f"{side}_{kind}": of.shared(field, "time", "asset")
        for side, of in (("portfolio", portfolio), ("benchmark", benchmark))
        for kind, field in (("weight", "weights"), ("live", "live"))
    }
    whole = {name: parts.sum(axis=0) for name, parts in sides.items()}
    either = ((whole["portfolio_weight"] != 0) | (whole["benchmark_weight"] != 0)).any(axis=0) | (names == CASH)
    closing = {
        f"{prefix}{name}": of.closing(field)
        for prefix, of in (("", portfolio), ("benchmark_", benchmark))
        for name, field in (("closing_weight", "closing"), ("closing_stopped", "closing_stopped"))
    }
    constituents, official = benchmark.shared("returns", "time"), benchmark.shares * benchmark.returns
    returned = (portfolio.shares * portfolio.returns).sum(axis=0)
    of_funds, of_benchmark = (of.shared("beside", "time").sum(axis=0) for of in (portfolio, benchmark))
    apart = bool((of_funds != 0).any() | (of_benchmark != 0).any())  # a fund without own returns has none beside its list's
    rows = [{FUNDS: xr.DataArray(row, {"time": days}, ("time",))} for row in (of_funds - of_benchmark, of_funds)]
    data = xr.Dataset(
        {
            **{name: (("time", "asset"), values[:, either]) for name, values in whole.items()},
            **{f"sleeve_{name}": (("sleeve", "time", "asset"), parts[..., either]) for name, parts in sides.items()},
            "sleeve_proxy": (("sleeve", "time"), constituents - official),
            **{name: ("asset", values[either]) for name, values in closing.items()},
            "portfolio_return": ("time", returned),
            "holdings_return": ("time", returned - of_funds if apart else returned),
            "benchmark_return": ("time", official.sum(axis=0)),
            "constituents_return": ("time", constituents.sum(axis=0)),
            "asset_return": (("time", "asset"), asset_return.transpose("time", "asset").to_numpy()[:, either]),
        },
        coords={"sleeve": pd.Index(sleeves, name="sleeve"), "time": days, "asset": names[either]},
    )
    return data, with_rows(None, *rows) if apart else None
