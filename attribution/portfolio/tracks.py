"""The sleeves and benchmarks of a book over one period, each drifted once however many courses look through to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import xarray as xr

from attribution.portfolio.book import Book
from attribution.portfolio.holdings import Track, benchmark_track, holding_returns, sleeve_track
from attribution.portfolio.periods import Period


@dataclass(frozen=True)
class Tracks:
    """Daily weights and returns of sleeves and benchmarks, made when they are first asked for.

    Attributes
    ----------
    book, market, period
        What is followed, on which data, over which days.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> from attribution.portfolio.periods import read_period
    >>> book, market = at.read_book("fixtures/small/book.toml"), rm.read_market("fixtures/small")
    >>> tracks = Tracks(book, market, read_period("2025-03", book, market))
    >>> tracks.sleeve("major") is tracks.sleeve("major")
    True
    """

    book: Book
    market: xr.Dataset
    period: Period
    _sleeves: dict[str, Track] = field(default_factory=dict, repr=False, compare=False)
    _benchmarks: dict[str, Track] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def returns(self) -> xr.DataArray:
        """Return of holding each asset, (time, asset); see `attribution.portfolio.holdings.holding_returns`."""
        return holding_returns(self.market)

    def sleeve(self, name: str) -> Track:
        """A sleeve's; see `attribution.portfolio.holdings.sleeve_track`."""
        if name not in self._sleeves:
            self._sleeves[name] = sleeve_track(self.book, name, self.market, self.returns, self.period)
        return self._sleeves[name]

    def benchmark(self, name: str) -> Track:
        """A benchmark's constituents; see `attribution.portfolio.holdings.benchmark_track`."""
        if name not in self._benchmarks:
            self._benchmarks[name] = benchmark_track(self.book, name, self.market, self.returns, self.period)
        return self._benchmarks[name]
