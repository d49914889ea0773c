"""The end of a life: when a final counts, what it returns, which life it ends, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.exposures.from_prices import market_return, momentum, volatility
from riskmodel.market.finals import ends_of_lives
from riskmodel.market.findings import market_findings
from riskmodel.market.fingerprint import history_fingerprint
from riskmodel.market.market import build_market
from riskmodel.model.store import input_hashes, model_inputs
from tests.conftest import dear_examples
from tests.riskmodel.builders import Tables, as_read, flat_close, plain_tables, random_tables, sessions_from, write_tables

DAYS = sessions_from(count=30)


def ending(last: int, again: int | None = None, *, count: int = 30, close: float = 10.0) -> Tables:
    """A and B trade on every day at 100; X up to the day `last` at `close`, and from `again` on at 50."""
    frame = flat_close("ABX", count)
    frame["X"] = close
    frame.loc[frame.index[last + 1 :], "X"] = np.nan
    if again is not None:
        frame.loc[frame.index[again:], "X"] = 50.0
    return plain_tables(frame)


def with_finals(tables: Tables, *rows: tuple[str, pd.Timestamp, float]) -> Tables:
    return tables | as_read({"finals": pd.DataFrame(rows, columns=["ticker", "date", "value"])})


def refusal(tables: Tables) -> str:
    with pytest.raises(InputError) as caught:
        build_market(tables)
    return str(caught.value)


def returns_of_x(market: xr.Dataset) -> dict[int, float]:
    """Sessions after the first on which X returns other than 0, by position."""
    own = market["total_return"].sel(asset="X").to_numpy()
    return {int(day): round(float(own[day]), 12) for day in np.flatnonzero(np.nan_to_num(own))}


@pytest.mark.parametrize(
    ("date", "lands"),
    [
        (DAYS[11], 12),  # the last price's own day: the close of that day was paid, so it is the next session's
        (DAYS[12], 12),
        (DAYS[14] + pd.Timedelta(days=1), 15),  # a Saturday: known at the next close
        (DAYS[25], 25),  # long after: proceedings take their time
    ],
)
@pytest.mark.parametrize(("value", "earned"), [(12.3, 0.23), (0.0, -1.0), (10.0, 0.0)])
def test_a_final_is_the_return_of_its_session_over_the_last_close(date, lands, value, earned) -> None:
    market = build_market(with_finals(ending(11), ("X", date, value)))
    assert returns_of_x(market) == ({lands: earned} if earned else {})
    assert np.argwhere(ends_of_lives(market)).tolist() == [[lands, 2]]
    assert not market["market_cap"].sel(asset="X")[12:].notnull().any()
    assert (market["life"].sel(asset="X")[12:] == -1).all()


def test_nothing_of_a_final_is_known_before_its_session() -> None:
    plain, ended = build_market(ending(11)), build_market(with_finals(ending(11), ("X", DAYS[12], 0.0)))
    before = slice(None, DAYS[11])
    for name, array in plain.data_vars.items():
        if "time" in array.dims:
            xr.testing.assert_identical(array.sel(time=before), ended[name].sel(time=before))


@settings(max_examples=dear_examples() // 4)
@given(
    last=st.integers(1, 20),
    wait=st.integers(0, 20),
    value=st.floats(0, 30),
    other=st.floats(0, 30),
)
def test_another_final_leaves_what_was_known_before_it_alone(last, wait, value, other) -> None:
    dates = DAYS.append(pd.bdate_range(DAYS[-1], periods=20)[1:])
    one, two = (build_market(with_finals(ending(last), ("X", dates[last + wait], v))) for v in (value, other))
    lands = min(last + max(wait, 1), len(DAYS))
    for name in ("close", "total_return", "market_cap", "life"):
        np.testing.assert_array_equal(one[name][:lands], two[name][:lands])
    if lands > 0:
        until = DAYS[lands - 1]
        xr.testing.assert_identical(history_fingerprint(one, until), history_fingerprint(two, until))


def test_a_close_of_0_with_a_return_of_minus_1_on_the_last_row_is_a_final_of_0() -> None:
    tables = ending(12)
    prices = tables["prices"].copy()
    prices.loc[(prices["ticker"] == "X") & (prices["date"] == DAYS[12]), ["close", "total_return"]] = [0.0, -1.0]
    xr.testing.assert_identical(
        build_market(tables | {"prices": prices}), build_market(with_finals(ending(11), ("X", DAYS[12], 0.0)))
    )


@pytest.mark.parametrize("returned", [-1.0, -0.9])
def test_a_close_of_0_elsewhere_is_refused_with_advice_that_is_right(returned) -> None:
    tables = ending(15)
    prices = tables["prices"].copy()
    rows = (prices["ticker"] == "X") & (prices["date"] == (DAYS[15] if returned > -1 else DAYS[12]))
    prices.loc[rows, ["close", "total_return"]] = [0.0, returned]
    said = refusal(tables | {"prices": prices})
    assert "1 value of 'close' not above zero" in said and "close 0 with total_return -1, and no close after it" in said
    assert "remove" not in said


def test_zeros_that_a_feed_repeats_after_a_total_loss_are_refused() -> None:
    tables = ending(14)
    prices = tables["prices"].copy()
    rows = (prices["ticker"] == "X") & prices["date"].isin(DAYS[12:15])
    prices.loc[rows, "close"], prices.loc[rows, "total_return"] = 0.0, [-1.0, 0.0, 0.0]
    assert "3 values of 'close' not above zero" in refusal(tables | {"prices": prices})


def test_a_ticker_that_is_taken_over_begins_a_life_that_knows_nothing_of_the_final() -> None:
    tables = ending(11, again=19)
    plain, ended = build_market(tables), build_market(with_finals(tables, ("X", DAYS[12], 0.0)))
    assert returns_of_x(ended) == {12: -1.0}
    assert ended["life"].sel(asset="X").to_numpy()[[11, 12, 19]].tolist() == [0, -1, 1]
    for descriptor in (lambda m: momentum(m, window=6), volatility):
        own = (descriptor(market).sel(asset="X", time=DAYS[19:]) for market in (plain, ended))
        xr.testing.assert_identical(*own)
    assert np.isfinite(momentum(ended, window=6).sel(asset="X", time=DAYS[25]))


def test_two_lives_of_a_ticker_have_a_final_each() -> None:
    tables = ending(11, again=19)
    gone = (tables["prices"]["ticker"] == "X") & (tables["prices"]["date"] > DAYS[24])
    tables["prices"] = tables["prices"][~gone].reset_index(drop=True)
    market = build_market(with_finals(tables, ("X", DAYS[25], 60.0), ("X", DAYS[12], 0.0)))
    assert returns_of_x(market) == {12: -1.0, 25: 0.2}
    assert market["final_close"].to_numpy().tolist() == [10.0, 50.0]


def test_the_market_as_a_whole_lost_what_a_name_lost_at_its_end() -> None:
    """A and B of 100 each and X of 10: 10 of 210 are lost."""
    market = build_market(with_finals(ending(11), ("X", DAYS[12], 0.0)))
    assert float(market_return(market).sel(time=DAYS[12])) == pytest.approx(-10 / 210, abs=1e-15)
    assert float(market_return(market).sel(time=DAYS[13])) == 0.0


REFUSED = {
    "an unknown ticker": (("Y", DAYS[12], 1.0), "finals: 1 row with a ticker that has no prices: Y 2024-01-17. Correct"),
    "a negative value": (("X", DAYS[12], -1.0), "finals: 1 value below zero: X 2024-01-17. Give what a holder got for a"),
    "a date before the last price": (
        ("X", DAYS[10], 1.0),
        "finals: 1 row dated before the last price of the life that it ends: X 2024-01-15 (priced on 2024-01-16).",
    ),
    "a date before all prices": (
        ("X", DAYS[0] - pd.Timedelta(days=3), 1.0),
        "finals: 1 row dated before the last price of the life that it ends: X 2023-12-29 (priced on 2024-01-01).",
    ),
    "a date on which another life has begun": (
        ("X", DAYS[20], 1.0),
        "finals: 1 row dated before the last price of the life that it ends: X 2024-01-29 (priced on 2024-01-30).",
    ),
    "a Saturday before another life": (
        ("X", DAYS[19] - pd.Timedelta(days=1), 1.0),
        "finals: 1 row that would count when another life of the ticker has begun: X 2024-01-25. Date it on the last",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_final_that_cannot_be_is_refused(fault: str) -> None:
    row, message = REFUSED[fault]
    tables = ending(11, again=19)
    if fault == "a Saturday before another life":
        closed = tables["prices"]["date"] == DAYS[18]  # nobody trades on the day before
        tables["prices"] = tables["prices"][~closed].reset_index(drop=True)
    assert refusal(with_finals(tables, row)).startswith(message)


def test_a_final_within_a_short_halt_is_refused_as_the_life_goes_on() -> None:
    said = refusal(with_finals(ending(11, again=15), ("X", DAYS[13], 1.0)))
    assert said == (
        "finals: 1 row dated before the last price of the life that it ends: X 2024-01-18 (priced on 2024-01-22). "
        "Correct the date; leave out prices that a feed only repeats after the end; or, where another company has the "
        "ticker now, give that one's prices, and all that belongs to them, a ticker of their own."
    )


def test_two_finals_of_a_life_are_refused_and_a_total_loss_in_the_prices_is_one() -> None:
    twice = with_finals(ending(11), ("X", DAYS[12], 1.0), ("X", DAYS[14], 2.0))
    assert refusal(twice).startswith("finals: 2 rows for the same life: X 2024-01-17, X 2024-01-19. A life ends once: ")
    prices = ending(12)["prices"].copy()
    prices.loc[(prices["ticker"] == "X") & (prices["date"] == DAYS[12]), ["close", "total_return"]] = [0.0, -1.0]
    both = with_finals(ending(12), ("X", DAYS[14], 2.0)) | {"prices": prices}
    assert refusal(both).startswith("finals: 2 rows for the same life: X 2024-01-19, X 2024-01-17.")


@pytest.mark.parametrize(("value", "found"), [(4.9, True), (5.1, False), (14.9, False), (15.1, True), (0.0, False)])
def test_a_final_more_than_half_away_from_the_last_close_is_a_finding_unless_it_is_0(value, found) -> None:
    market = build_market(with_finals(ending(11), ("X", DAYS[12], value)))
    findings = [each for each in market_findings(market) if each.key == "far_final"]
    assert [each.place for each in findings] == ([f"2024-01-17 X ({value:g}, 10)"] if found else [])
    assert [each.doubt for each in findings] == ([{"2024-01-17": pytest.approx(value / 10 - 1)}] if found else [])


def test_a_final_after_the_last_session_waits_and_is_counted() -> None:
    for date in (DAYS[29], DAYS[29] + pd.Timedelta(days=3)):
        market = build_market(with_finals(ending(29), ("X", date, 12.0)))
        assert not ends_of_lives(market).any() and returns_of_x(market) == {}
        assert "later_final" in [each.key for each in market_findings(market)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_may_have_finals(tmp_path: Path, kind: str) -> None:
    tables = random_tables(assets=8, sessions=30)
    last = tables["prices"]["date"].unique()[20]
    gone = (tables["prices"]["ticker"] == "T003") & (tables["prices"]["date"] > last)
    tables["prices"] = tables["prices"][~gone].reset_index(drop=True)
    tables = with_finals(tables, ("T003", last, 3.5))
    folder = write_tables(tmp_path, tables, kind)
    xr.testing.assert_identical(rm.read_market(folder).sortby("filing_known"), build_market(tables).sortby("filing_known"))
    assert f"finals.{kind}" in model_inputs(input_hashes(folder))
