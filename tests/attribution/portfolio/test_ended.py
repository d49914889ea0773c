"""Positions that a final pays out, on markets small enough for a pocket calculator."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from attribution.portfolio.ended import paid_out_as_cash
from attribution.portfolio.holdings import drift, holding_returns
from attribution.portfolio.periods import Period
from riskmodel.errors import InputError
from tests.attribution.portfolio.test_holdings import DAYS, market_of, track_of, weights_of


def paid_out(market: xr.Dataset, ticker: str, day: int, returned: float) -> xr.Dataset:
    """The market in which a final of a ticker without a price falls on a day."""
    returns = market["total_return"].copy()
    returns.loc[{"time": DAYS[day], "asset": ticker}] = returned
    ends = {"final_ticker": ("final", np.array([ticker], dtype=object)), "final_known": ("final", DAYS[[day]])}
    return market.assign(total_return=returns, **ends)


def test_a_name_that_is_bought_out_turns_into_cash_of_what_was_paid() -> None:
    """50 in A, which is paid out at 60 after its last close, and 50 in B, which gains 10 % on the last day."""
    market = paid_out(market_of({"A": [0.0] * 5, "B": [0, 0, 0, 0, 0.1]}, {"A": [0, 1]}), "A", 2, 0.2)
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5))
    np.testing.assert_allclose(track.returns, [0.0, 0.1, 0.0, 5 / 110], atol=1e-15)
    np.testing.assert_allclose(track.weights.sel(asset="A"), [0.5, 0.5, 60 / 110, 60 / 110], atol=1e-15)
    np.testing.assert_allclose(track.live.sel(asset="A"), [0.5, 0.5, 0.0, 0.0], atol=1e-15)
    assert track.stopped.empty
    assert track.ended[["ticker", "last_trade", "final", "weight", "list_date"]].to_numpy().tolist() == [
        ["A", DAYS[1], DAYS[2], 0.5, DAYS[0]]
    ]


def test_a_total_loss_leaves_nothing_behind() -> None:
    market = paid_out(market_of({"A": [0.0] * 4, "B": [0.0] * 4}, {"A": [0, 1]}), "A", 2, -1.0)
    track = track_of(market, weights_of(DAYS[0], A=0.2, B=0.8))
    np.testing.assert_allclose(track.returns, [0.0, -0.2, 0.0], atol=1e-15)
    np.testing.assert_allclose(track.weights.sel(asset=["A", "B"])[2], [0.0, 1.0], atol=1e-15)


def test_a_portfolio_that_loses_everything_is_refused() -> None:
    market = paid_out(market_of({"A": [0.0] * 4}, {"A": [0, 1]}), "A", 2, -1.0)
    with pytest.raises(InputError, match=r"^t: worth nothing at the close of 2024-01-03, so that it has no weights"):
        track_of(market, weights_of(DAYS[0], A=1.0))


def test_until_it_is_paid_out_a_name_without_a_price_has_stopped() -> None:
    """The days between are those that they were before anybody knew; the day of the final earns."""
    plain = market_of({"A": [0.0] * 9, "B": [0.01] * 9}, {"A": [0, 1]})
    market = paid_out(plain, "A", 8, -0.5)
    one, two = (track_of(m, weights_of(DAYS[0], A=0.5, B=0.5)) for m in (plain, market))
    for name in ("weights", "live", "returns", "closes"):
        xr.testing.assert_identical(getattr(one, name)[:7], getattr(two, name)[:7])
    assert float(two.live.sel(asset="A")[7]) > 0
    assert one.stopped["ticker"].tolist() == ["A"] and two.stopped.empty and two.ended["final"].tolist() == [DAYS[8]]


def test_at_the_close_of_its_last_day_it_is_cash() -> None:
    market = paid_out(market_of({"A": [0.0] * 3, "B": [0.0] * 3}, {"A": [0, 1]}), "A", 2, 1.0)
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5))
    assert float(track.closing_stopped.sel(asset="A")) == float(track.closing.sel(asset="A")) == pytest.approx(2 / 3)
    assert float(track.closing_stopped.sel(asset="B")) == 0.0


def test_nobody_sells_a_name_that_was_paid_out() -> None:
    """Half of it in A, paid out at its last close; the next list has B alone, so that half of the whole is bought."""
    market = paid_out(market_of({"A": [0.0] * 5, "B": [0.0] * 5}, {"A": [0, 1]}), "A", 2, 0.0)
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5), weights_of(DAYS[3], B=1.0))
    start, end = (
        paid_out_as_cash(array, track.gone, closes=at) for array, at in ((track.weights, False), (track.closes, True))
    )
    assert start[:, [0, 2]].tolist() == [[0.5, 0.0], [0.5, 0.0], [0.0, 0.5], [0.0, 0.0]]  # of A and CASH
    assert end[:, [0, 2]].tolist() == [[0.5, 0.0], [0.0, 0.5], [0.0, 0.5], [0.0, 0.0]]
    np.testing.assert_array_equal(np.abs(start[1:] - end[:-1]).sum(axis=1), [0.0, 0.0, 1.0])


def test_a_list_made_after_the_end_does_not_earn_it_and_is_no_list_of_a_name_that_was_paid_out() -> None:
    market = paid_out(market_of({"A": [0.0] * 6, "B": [0.0] * 6}, {"A": [0, 1]}), "A", 2, -1.0)
    track = track_of(market, weights_of(DAYS[0], B=1.0), weights_of(DAYS[2], A=0.5, B=0.5))
    np.testing.assert_allclose(track.returns, 0.0, atol=1e-15)
    assert track.ended.empty
    assert track.stopped["ticker"].tolist() == ["A"] and track.stopped["final"].isna().all()


def test_the_next_life_of_a_ticker_pays_nothing_to_the_holders_of_the_last_one() -> None:
    market = market_of({"A": [0.0] * 9 + [0.1, 0.1, 0.1], "B": [0.0] * 12}, {"A": [0, 1, 8, 9, 10, 11]})
    market = paid_out(market, "A", 2, -0.4)
    track = track_of(market, weights_of(DAYS[0], A=0.5, B=0.5))
    np.testing.assert_allclose(track.returns, [0, -0.2] + [0.0] * 9, atol=1e-15)
    later = track_of(market, weights_of(DAYS[0], B=1.0), weights_of(DAYS[8], A=1.0))
    np.testing.assert_allclose(later.returns, [0.0] * 8 + [0.1] * 3, atol=1e-15)
    assert later.stopped.empty and later.ended.empty


@pytest.mark.parametrize(("base", "last"), [(0, 5), (0, 6), (0, 8), (2, 5), (5, 8), (5, 11), (7, 11)])
def test_a_part_of_a_track_knows_who_was_paid_out_by_its_end(base, last) -> None:
    """A's prices end on the fourth day and its final comes on the seventh; C's on the ninth and the tenth."""
    returns = {"A": [0.01] * 12, "B": [0.02] * 12, "C": [0.03] * 12}
    market = paid_out(market_of(returns, {"A": [0, 1, 2, 3], "C": list(range(9))}), "A", 6, -0.9)
    both = paid_out(market, "C", 9, 0.3)
    names = ("final_ticker", "final_known")
    market = both.assign({n: ("final", np.concatenate([market[n].to_numpy(), both[n].to_numpy()])) for n in names})
    lists = weights_of(DAYS[0], A=0.5, B=0.25, C=0.25), weights_of(DAYS[5], A=0.25, B=0.25, C=0.5)
    days = DAYS[base + 1 : last + 1]
    part = track_of(market, *lists).over(Period("part", DAYS[base], days))
    alone = drift(pd.concat(lists), market, holding_returns(market), DAYS[base], days, "t")
    for name in ("weights", "live", "returns", "closing", "closing_stopped"):
        xr.testing.assert_identical(getattr(part, name), getattr(alone, name))
    for name in ("stopped", "ended"):
        pd.testing.assert_frame_equal(getattr(part, name), getattr(alone, name))


@given(
    moves=st.lists(st.tuples(*[st.floats(-0.2, 0.2)] * 2), min_size=6, max_size=6),
    weight=st.floats(0.05, 0.95),
    day=st.integers(1, 5),
)
def test_a_final_at_the_last_close_gives_the_figures_of_a_name_carried_as_cash(moves, weight, day) -> None:
    a, b = (list(column) for column in zip(*moves, strict=True))
    plain = market_of({"A": a, "B": b}, {"A": list(range(day))})
    tracks = [track_of(m, weights_of(DAYS[0], A=weight, B=1 - weight)) for m in (plain, paid_out(plain, "A", day, 0.0))]
    for name in ("weights", "returns", "closes"):
        xr.testing.assert_identical(*(getattr(track, name) for track in tracks))
    xr.testing.assert_identical(*(track.closing_stopped for track in tracks))


@given(
    moves=st.lists(st.tuples(*[st.floats(-0.2, 0.2)] * 2), min_size=6, max_size=6),
    weight=st.floats(0.05, 0.95),
    day=st.integers(1, 5),
    returned=st.floats(-0.99, 2.0),
)
def test_a_final_gives_the_returns_of_a_last_row_with_that_return(moves, weight, day, returned) -> None:
    a, b = (list(column) for column in zip(*moves, strict=True))
    final = paid_out(market_of({"A": a, "B": b}, {"A": list(range(day))}), "A", day, returned)
    ordinary = market_of({"A": [*a[:day], returned, *a[day + 1 :]], "B": b}, {"A": list(range(day + 1))})
    one, two = (track_of(market, weights_of(DAYS[0], A=weight, B=1 - weight)) for market in (final, ordinary))
    for name in ("weights", "live", "returns", "closes"):
        xr.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-13, atol=1e-15)
