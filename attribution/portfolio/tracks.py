"""The sleeves, benchmarks and indices of a book over one period, each followed once however many look at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import xarray as xr

from attribution.portfolio.benchmarks import benchmark_track, require_levels
from attribution.portfolio.book import Book
from attribution.portfolio.funds.lists import fund_levels, without_returns
from attribution.portfolio.funds.look_through import fund_track, list_returns, look_through, require_held_levels
from attribution.portfolio.holdings import Track, holding_returns, level_returns, require_going_on, sleeve_track
from attribution.portfolio.periods import Period


@dataclass(frozen=True)
class Tracks:
    """Daily weights and returns of sleeves, benchmarks and indices, made when they are first asked for.

    Attributes
    ----------
    book, market, period
        What is followed, on which data, over which days.
    longer
        Over a period that this one is a part of: what is followed there is not followed again.

    Notes
    -----
    Weights run from each list to the next, whatever the period: a part of a longer track is the track of the part, to the
    last bit.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> from attribution.portfolio.periods import read_period
    >>> book, market = at.read_book("fixtures/small/book.toml"), rm.read_market("fixtures/small")
    >>> tracks = Tracks(book, market, read_period("itd/2025-03", book, market))
    >>> tracks.sleeve("major") is tracks.sleeve("major")
    True
    >>> march = tracks.over(read_period("2025-03", book, market))
    >>> march.sleeve("major").returns.equals(tracks.sleeve("major").returns.sel(time="2025-03"))
    True
    """

    book: Book
    market: xr.Dataset
    period: Period
    longer: Tracks | None = field(default=None, repr=False)
    _tracks: dict[tuple[str, str], Track] = field(default_factory=dict, repr=False, compare=False)
    _funds: dict[str, Track | None] = field(default_factory=dict, repr=False, compare=False)
    _levels: dict[str, xr.DataArray] = field(default_factory=dict, repr=False, compare=False)

    def over(self, period: Period) -> Tracks:
        """The same over other days; over a part of the longest known nothing is followed again."""
        longest = self.longer or self
        inside = period.base >= longest.period.base and period.end <= longest.period.end
        return Tracks(self.book, self.market, period, longer=longest if inside else None, _levels=self._levels)

    @cached_property
    def returns(self) -> xr.DataArray:
        """Return of holding each asset, (time, asset); see `attribution.portfolio.holdings.holding_returns`."""
        if self.longer is not None:
            return self.longer.returns
        levels = self.book.levels_among_names | fund_levels(self.book, self.market)
        return list_returns(self.book, self.market, holding_returns(self.market, levels))

    def sleeve(self, name: str) -> Track:
        """A sleeve's, where the book's policy allows what stopped trading; see `attribution.portfolio.holdings`."""
        track = self.carried(name)
        require_going_on(self.book, name, track)
        return track

    def carried(self, name: str) -> Track:
        """A sleeve's, whatever stopped trading at its last value."""
        if ("sleeve", name) not in self._tracks:
            self._tracks["sleeve", name] = (
                sleeve_track(self.book, name, self.market, self.returns, self.period)
                if self.longer is None
                else self.longer.carried(name).over(self.period)
            )
        return self._tracks["sleeve", name]

    def looked_through(self, name: str) -> Track:
        """A sleeve's with the names of its funds' lists in the place of the funds, which `sleeve` has as such."""
        return self._through(self.sleeve(name))

    def _through(self, track: Track) -> Track:
        require_held_levels(self.book, track, self.market)
        funds = {ticker: self.fund(ticker) for ticker, fund in self.book.funds.items() if fund.constituents is not None}
        return look_through(track, funds, self.returns, set(without_returns(self.book, self.market)))

    def fund(self, ticker: str) -> Track | None:
        """The drifted list of a fund, over the days on which one is known; see `attribution.portfolio.funds.fund_track`."""
        if ticker not in self._funds:
            self._funds[ticker] = fund_track(self.book, ticker, self.market, self.returns, self.period)
        return self._funds[ticker]

    def benchmark(self, name: str) -> Track:
        """A benchmark's, with the names of its funds' lists in the place of the funds, which `constituents` has as such."""
        if ("through", name) not in self._tracks:
            self._tracks["through", name] = self._through(self.constituents(name))
        return self._tracks["through", name]

    def constituents(self, name: str) -> Track:
        """A benchmark's constituents; see `attribution.portfolio.benchmarks.benchmark_track`.

        One that no sleeve has, such as the index of a limit, is followed over the period alone: its lists may begin with it.
        """
        if ("benchmark", name) not in self._tracks:
            of_sleeves = any(sleeve.benchmark == name for sleeve in self.book.sleeves.values())
            self._tracks["benchmark", name] = (
                self.longer.constituents(name).over(self.period)
                if self.longer is not None and of_sleeves
                else benchmark_track(self.book, name, self.market, self.returns, self.period)
            )
        return self._tracks["benchmark", name]

    def benchmark_return(self, name: str) -> xr.DataArray:
        """Daily returns of a benchmark, (time): the index's level where there is one, else those of its constituents."""
        level = self.level(name)
        return self.benchmark(name).returns if level is None else level

    def level(self, index: str) -> xr.DataArray | None:
        """Daily returns of an index's levels over the period, (time); None where the market has none.

        Raises
        ------
        InputError
            As `attribution.portfolio.benchmarks.require_levels`.
        """
        if index not in self.market["index"].to_numpy():
            return None
        require_levels(self.market, index, self.period.days, self.period.base)
        return self._level(index).sel(time=self.period.days)

    def index(self, name: str) -> xr.DataArray:
        """Daily returns of an index of the market from its first level to the period's end, (time); raises as `level`."""
        level = self.market["index_level"].sel(index=name).to_series()
        first = level[: self.period.end].first_valid_index()
        if first is None:
            return self._level(name).isel(time=slice(0, 0))
        days = level.index[(level.index > first) & (level.index <= self.period.end)]
        require_levels(self.market, name, days, first)
        return self._level(name).sel(time=days)

    def _level(self, index: str) -> xr.DataArray:
        if index not in self._levels:
            self._levels[index] = level_returns(self.market, index)
        return self._levels[index]
