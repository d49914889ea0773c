"""What is followed over a long period serves every part of it."""

import pandas as pd
import pytest
import xarray as xr

from attribution.measures.performance import tracks_to
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from tests.conftest import SMALL_MONTH


def require_same_tracks(one, other):
    for name in ("weights", "live", "returns", "closes", "closing"):
        xr.testing.assert_identical(getattr(one, name), getattr(other, name))
    pd.testing.assert_frame_equal(one.stopped, other.stopped)
    assert one.lists.equals(other.lists)


@pytest.mark.parametrize("text", [SMALL_MONTH, "2024-04", "2024-12/2025-02", "itd"])
def test_a_part_of_a_long_track_is_the_track_of_the_part_to_the_last_bit(small_book, small_market, text):
    since = tracks_to(small_book, small_market, SMALL_MONTH)
    period = read_period(text, small_book, small_market)
    part, alone = since.over(period), Tracks(small_book, small_market, period)
    for sleeve in small_book.sleeves:
        require_same_tracks(part.sleeve(sleeve), alone.sleeve(sleeve))
    for benchmark in {sleeve.benchmark for sleeve in small_book.sleeves.values()}:
        require_same_tracks(part.benchmark(benchmark), alone.benchmark(benchmark))
        xr.testing.assert_identical(part.level(benchmark), alone.level(benchmark))


def test_a_benchmark_by_rule_starts_anew_at_the_inception_however_long_it_is_followed(small_book, small_market):
    """The track record begins before the inception, which lies within a month: its first month is that of the book alone."""
    rule = small_book.benchmarks["Large Index"].model_copy(update={"constituents": None, "largest": 20})
    settings = small_book.book.model_copy(
        update={"inception": pd.Timestamp("2024-05-15").date(), "track_record_start": pd.Timestamp("2024-04-01").date()}
    )
    book = small_book.model_copy(update={"benchmarks": small_book.benchmarks | {"Large Index": rule}, "book": settings})
    since, period = tracks_to(book, small_market, SMALL_MONTH), read_period("2024-05", book, small_market)
    part, alone = since.over(period), Tracks(book, small_market, period)
    assert since.period.base < period.base
    one, other = part.benchmark("Large Index"), alone.benchmark("Large Index")
    assert one.lists.equals(other.lists)
    xr.testing.assert_allclose(one.weights, other.weights, rtol=0, atol=1e-15)
