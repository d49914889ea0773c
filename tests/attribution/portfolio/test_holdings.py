"""Drift, gaps and policies on markets small enough for a pocket calculator."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.measures.performance import follow_book
from attribution.portfolio.benchmarks import benchmark_track, require_levels
from attribution.portfolio.blends import blend_shares
from attribution.portfolio.holdings import drift, holding_returns, level_returns
from attribution.portfolio.periods import Period, read_period
from attribution.portfolio.tracks import Tracks
from riskmodel.errors import InputError
from riskmodel.market.timeline import lives
from tests.conftest import SMALL_MONTH

DAYS = pd.bdate_range("2024-01-01", periods=12)


def market_of(returns: dict[str, list[float]], priced: dict[str, list[int]] | None = None, cash: float = 0.0) -> xr.Dataset:
    """A market with given daily returns; `priced` names the days (positions) on which a ticker trades, default all."""
    assets = sorted(returns)
    values = np.array([returns[a] for a in assets]).T
    traded = np.ones(values.shape, bool)
    for ticker, there in (priced or {}).items():
        traded[:, assets.index(ticker)] = np.isin(np.arange(len(values)), there)
    life, resumed = lives(traded)
    close = np.where(traded, 100 * np.cumprod(1 + values, axis=0), np.nan)
    previous = pd.DataFrame(close).ffill().shift().to_numpy()
    first = np.vstack([np.ones((1, len(assets)), bool), np.diff(np.maximum.accumulate(life, axis=0), axis=0) > 0])
    grid = ("time", "asset")
    return xr.Dataset(
        {
            "total_return": (grid, np.where(traded & ~resumed & ~first, values, np.nan)),
            "bridged_return": (grid, np.where(resumed, close / previous - 1, np.nan)),
            "life": (grid, life),
            "risk_free": ("time", np.full(len(values), cash)),
        },
        coords={"time": DAYS[: len(values)], "asset": np.array(assets, dtype=object)},
    )


def weights_of(date: pd.Timestamp, **weights: float) -> pd.DataFrame:
    return pd.DataFrame({"date": date, "ticker": list(weights), "weight": list(weights.values())})


def track_of(market, *lists, base=0, last=-1):
    days = market.get_index("time")
    return drift(
        pd.concat(lists), market, holding_returns(market), days[base], days[base + 1 :][: None if last == -1 else last], "t"
    )


def test_weights_drift_with_total_returns():
    market = market_of({"A": [0, 0.10, 0.0], "B": [0, 0.0, 0.20]})
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5))
    # day 1 starts at 50/50 and earns 5 %; day 2 starts at 0.55/1.05 and 0.50/1.05
    np.testing.assert_allclose(track.weights.sel(asset=["A", "B"]), [[0.5, 0.5], [0.55 / 1.05, 0.5 / 1.05]])
    np.testing.assert_allclose(track.returns, [0.05, 0.5 / 1.05 * 0.20])
    np.testing.assert_allclose(track.closing.sel(asset=["A", "B"]), [0.55 / 1.15, 0.6 / 1.15])


def test_a_rebalance_takes_effect_at_the_close_of_its_date():
    market = market_of({"A": [0, 0.10, 0.10, 0.0], "B": [0, 0.0, 0.0, 0.0]})
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5), weights_of(DAYS[1], B=1.0))
    np.testing.assert_allclose(track.returns, [0.05, 0.0, 0.0])


def test_a_list_dated_on_a_day_without_trading_counts_from_the_close_before():
    market = market_of({"A": [0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], "B": [0.0] * 7})  # DAYS[4] is a Friday
    saturday = DAYS[4] + pd.Timedelta(days=1)
    track = track_of(market, weights_of(DAYS[0], B=1.0), weights_of(saturday, A=1.0))
    np.testing.assert_allclose(track.returns, [0, 0, 0, 0, 0.1, 0.1], atol=1e-15)


def test_cash_earns_the_risk_free_return():
    market = market_of({"A": [0, 0.0]}, cash=0.001)
    track = track_of(market, weights_of(DAYS[0], A=0.5, CASH=0.5))
    np.testing.assert_allclose(track.returns, [0.0005])


def test_a_stock_with_the_ticker_cash_is_not_cash():
    market = market_of({"CASH": [0, 0.5], "A": [0, 0.0]})
    track = track_of(market, weights_of(DAYS[0], A=0.5, CASH=0.5))
    np.testing.assert_allclose(track.returns, [0.0])
    assert "CASH (stock)" in track.weights["asset"].to_numpy()


def test_a_name_keeps_its_value_through_a_short_gap_and_is_bridged_close_to_close():
    market = market_of({"A": [0, 0.1, 0.1, 0.1, 0.0]}, priced={"A": [0, 1, 3, 4]})
    track = track_of(market, weights_of(DAYS[0], A=1.0))
    np.testing.assert_allclose(track.returns, [0.1, 0.0, 1.1 * 1.1 - 1, 0.0], atol=1e-15)
    assert track.stopped.empty


def test_a_position_does_not_wake_up_in_a_new_life():
    priced = [0, 1, 8, 9, 10]  # six sessions missing
    market = market_of({"A": [0, 0.1] + [0.1] * 9, "B": [0.0] * 11}, priced={"A": priced})
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5))
    np.testing.assert_allclose(track.returns, [0.05] + [0.0] * 9, atol=1e-15)
    assert list(track.stopped["ticker"]) == ["A"]
    assert track.stopped["last_trade"].tolist() == [DAYS[1]]
    np.testing.assert_allclose(track.live.sel(asset="A")[7:], 0.0)
    np.testing.assert_allclose(track.weights.sum("asset"), 1.0)


def test_a_name_that_resumes_after_the_next_list_has_not_stopped():
    market = market_of({"A": [0, 0.1, 0.0, 0.0, 0.1], "B": [0.0] * 5}, priced={"A": [0, 1, 4]})
    track = track_of(market, weights_of(DAYS[0], A=1.0), weights_of(DAYS[3], B=1.0))
    assert track.stopped.empty


def test_whether_a_name_has_stopped_is_judged_by_the_period_alone():
    market = market_of({"A": [0, 0.1, 0.0, 0.0, 0.1], "B": [0.0] * 5}, priced={"A": [0, 1, 4]})
    track = track_of(market, weights_of(DAYS[0], A=1.0), last=2)
    assert list(track.stopped["ticker"]) == ["A"]


def test_shares_of_a_blend_drift_and_are_reset_at_each_months_start():
    days = pd.to_datetime(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"])
    returns = xr.DataArray(
        [[0.1, 0.0, 0.0, 0.2], [0.0, 0.0, 0.1, 0.0]], {"part": ["x", "y"], "time": days}, ("part", "time")
    )
    shares = blend_shares(returns, {"x": 0.5, "y": 0.5})
    np.testing.assert_allclose(shares.sel(part="x"), [0.5, 0.55 / 1.05, 0.5, 0.5 / 1.05])
    np.testing.assert_allclose(shares.sum("part"), 1.0)


@pytest.mark.parametrize(("base", "last"), [(0, 5), (0, 8), (2, 5), (5, 8), (5, 11), (7, 11)])
def test_a_part_of_a_track_knows_what_had_stopped_by_its_end(base, last):
    """B's life ends on the fourth day, and it begins another on the eleventh; from the sixth on A and C are held."""
    returns = {"A": [0.01] * 12, "B": [0.02] * 12, "C": [0.03] * 12}
    market = market_of(returns, {"B": [0, 1, 2, 3, 10, 11], "C": list(range(9))})
    lists = weights_of(DAYS[0], A=0.5, B=0.25, C=0.25), weights_of(DAYS[5], A=0.75, C=0.25)
    days = DAYS[base + 1 : last + 1]
    part = track_of(market, *lists).over(Period("part", DAYS[base], days))
    alone = drift(pd.concat(lists), market, holding_returns(market), DAYS[base], days, "t")
    for name in ("weights", "live", "returns", "closing"):
        xr.testing.assert_identical(getattr(part, name), getattr(alone, name))
    pd.testing.assert_frame_equal(part.stopped, alone.stopped)


def test_a_pause_at_the_end_of_a_part_is_no_stop_where_trading_goes_on():
    market = market_of({"A": [0.01] * 6, "B": [0.02] * 6}, {"B": [0, 1, 2, 4, 5]})
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5))
    assert track.over(Period("part", DAYS[0], DAYS[1:4])).stopped.empty
    assert track_of(market.isel(time=slice(4)), weights_of(DAYS[0], A=0.5, B=0.5)).stopped["ticker"].tolist() == ["B"]


def test_a_period_before_the_first_list_is_refused():
    market = market_of({"A": [0, 0.1, 0.1]})
    with pytest.raises(
        ValueError, match=r"t: no list of weights on or before 2024-01-01, the close at which the period starts"
    ):
        track_of(market, weights_of(DAYS[1], A=1.0))


@pytest.mark.parametrize("times", [100.0, 0.01])
def test_a_level_that_changes_its_unit_is_refused_wherever_it_is_read(small_book, small_market, times):
    level = small_market["index_level"]
    later = (level["index"] == "Large Index") & (level["time"] >= np.datetime64("2024-10-15"))
    market = small_market.assign(index_level=level.where(~later, level * times))
    said = (
        r"indices: 1 session on which the level of 'Large Index' more than doubles or halves: 2024-10-15 \S+ times the "
        r"level before\. A level is mistyped, or the index's unit or base changes\. Put all levels on one base\."
    )
    with pytest.raises(InputError, match=said):
        follow_book(small_book, market, SMALL_MONTH)
    tracks = Tracks(small_book, market, read_period(SMALL_MONTH, small_book, market))
    assert len(tracks.level("Large Index")) == len(tracks.period.days)  # the month itself is sound
    with pytest.raises(InputError, match=said):
        tracks.index("Large Index")
    assert len(tracks.index("Small Index")) > 250


def test_a_level_may_fall_by_nearly_half_in_a_day():
    levels = xr.DataArray([[100.0, 51.0, 101.0]], {"index": ["I"], "time": DAYS[:3]}, ("index", "time"))
    market = xr.Dataset({"index_level": levels})
    require_levels(market, "I", DAYS[1:3], DAYS[0])
    np.testing.assert_allclose(level_returns(market, "I")[1:], [-0.49, 101 / 51 - 1])


def test_a_benchmark_without_lists_in_the_market_names_those_that_there_are(small_book, small_market):
    period, returns = read_period(SMALL_MONTH, small_book, small_market), holding_returns(small_market)
    small = small_market.isel(constituent=(small_market["constituent_index"] == "Small Index").to_numpy())
    with pytest.raises(InputError) as error:
        benchmark_track(small_book, "Large Index", small, returns, period)
    assert str(error.value) == (
        "constituents: no list of 'Large Index', which [benchmarks.\"Large Index\"] asks for. Found: Small Index. "
        "Add its lists. largest = 500 is another benchmark."
    )
    without = small_market.drop_vars([name for name in small_market.variables if str(name).startswith("constituent")])
    with pytest.raises(InputError, match=r"no list of 'Large Index'.* Found: no table\."):
        benchmark_track(small_book, "Large Index", without, returns, period)
