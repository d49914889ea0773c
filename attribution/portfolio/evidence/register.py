"""What the rules hold against each other: a book, its lists, the levels of its benchmarks, over some days."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import xarray as xr

from attribution.portfolio.actual_table import checked_actual_returns
from attribution.portfolio.holdings import Track
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import Sleeve
from attribution.portfolio.tracks import Tracks
from riskmodel.market.evidence.finding import Register
from riskmodel.market.finals import ends_of_lives


@dataclass(frozen=True)
class Gap:
    """A benchmark's level beside its constituents.

    Attributes
    ----------
    name
        The benchmark.
    gaps
        (time) the level's return less the constituents'; on the day of an end of a life less what they return without it,
        where that is nearer: an index may have dropped the name at its last price.
    constituents
        (time) theirs.
    by_rule
        Whether they are the largest companies in the place of a list: what is apart then may be the rule.
    """

    name: str
    gaps: pd.Series
    constituents: pd.Series
    by_rule: bool


@dataclass(frozen=True)
class Evidence:
    """A book over some days, as its rules look at it.

    Attributes
    ----------
    tracks
        The sleeves, benchmarks and indices.
    course
        Whose sleeves are looked at; by default all of the book.
    given_returns
        Actual returns in the place of the book's, as `attribution.attribute` takes them.
    """

    tracks: Tracks
    course: str | None = None
    given_returns: pd.DataFrame | None = None

    @cached_property
    def actual_returns(self) -> pd.DataFrame | None:
        """The actual returns: portfolio, date, return, perhaps fee.

        Raises
        ------
        InputError
            As `attribution.portfolio.actual_table.checked_actual_returns`.
        """
        given = self.given_returns
        return self.tracks.book.actual_returns if given is None else checked_actual_returns(given)

    @property
    def courses(self) -> tuple[str, ...]:
        """The courses whose excess is looked at."""
        return tuple(self.tracks.book.courses) if self.course is None else (self.course,)

    @cached_property
    def day_texts(self) -> frozenset[str]:
        """The days as findings have them, YYYY-MM-DD."""
        return frozenset(self.tracks.period.days.strftime("%Y-%m-%d"))

    @cached_property
    def since_the_list_before(self) -> Tracks:
        """The tracks from the list before that of their base on: weights at the base are then drifted ones."""
        tracks, sessions = self.tracks, self.tracks.market.get_index("time")
        dates, own = tracks.book.holdings["date"], tracks.book.holdings["portfolio"]
        begun = max(dates[own == sleeve.holdings].min() for sleeve in tracks.book.sleeves.values())
        earlier = dates[(dates < tracks.period.base) & (dates >= max(begun, sessions[0]))]
        if earlier.empty:
            return tracks
        base = sessions[sessions.searchsorted(earlier.max(), side="right") - 1]
        days = sessions[(sessions > base) & (sessions <= tracks.period.end)]
        return tracks.over(Period(tracks.period.label, base, days))

    @cached_property
    def sleeves(self) -> dict[str, Sleeve]:
        """The sleeves that are looked at."""
        book = self.tracks.book
        return dict(book.sleeves) if self.course is None else {name: book.sleeves[name] for name in book.shares(self.course)}

    @cached_property
    def benchmarks(self) -> list[str]:
        """The benchmarks of the sleeves."""
        return sorted({sleeve.benchmark for sleeve in self.sleeves.values()})

    @cached_property
    def levels(self) -> list[Gap]:
        """Each benchmark that has levels.

        Raises
        ------
        InputError
            As `attribution.portfolio.tracks.Tracks.level`.
        """
        every = []
        for name in self.benchmarks:
            official = self.tracks.level(name)
            if official is not None:
                track = self.tracks.benchmark(name)
                by_rule = self.tracks.book.benchmarks[name].constituents is None
                gaps = official - track.returns
                without_ends = gaps + ended_returns(track, self.tracks.market)  # an index may drop a name before its end
                nearer = gaps.where(abs(gaps) <= abs(without_ends), without_ends)
                every.append(Gap(name, nearer.to_series(), track.returns.to_series(), by_rule))
        return every

    @cached_property
    def portfolios(self) -> dict[str, pd.DataFrame]:
        """The lists of every portfolio of the book, whoever's sleeves are looked at: weights by (date, ticker)."""
        holdings = self.tracks.book.holdings
        names = dict.fromkeys(sleeve.holdings for sleeve in self.tracks.book.sleeves.values())
        return {name: _by_date(holdings[holdings["portfolio"] == name]) for name in names}

    @cached_property
    def lists(self) -> list[tuple[str, str, pd.DataFrame]]:
        """Every run of lists: its table, its name, and weights by (date, ticker), 0 where a ticker is not in a list."""
        book, market = self.tracks.book, self.tracks.market
        own = dict.fromkeys(sleeve.holdings for sleeve in self.sleeves.values())
        runs = [("holdings", portfolio, self.portfolios[portfolio]) for portfolio in own]
        if "constituent_index" in market:
            frame = pd.DataFrame({n: market[f"constituent_{n}"].to_numpy() for n in ("date", "ticker", "weight")})
            index = market["constituent_index"].to_numpy()
            rules = {book.benchmarks[name].constituents for name in self.benchmarks}
            for rule in sorted(rule for rule in rules if rule):
                runs.append(("constituents", rule, _by_date(frame[index == rule])))
        return runs


def ended_returns(track: Track, market: xr.Dataset) -> xr.DataArray:
    """(time) what the ends of lives, finals and total losses, add to the return of a list."""
    returns = market["total_return"].transpose("time", "asset")
    ends = returns.where(ends_of_lives(market) | (returns.to_numpy() == -1), 0.0).fillna(0.0)
    there = ends.sel(time=track.live["time"]).reindex(asset=track.live["asset"].to_numpy(), fill_value=0.0)
    return (track.live * there).sum("asset")


def _by_date(rows: pd.DataFrame) -> pd.DataFrame:
    wide: pd.DataFrame = rows.pivot(index="date", columns="ticker", values="weight").fillna(0.0)
    return wide


BOOK_RULES: Register[Evidence] = Register()
