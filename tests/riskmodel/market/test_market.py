"""Aligning tables: what is known when, lives and gaps, units, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.market.findings import market_findings
from riskmodel.market.market import build_market
from tests.riskmodel.builders import (
    Tables,
    as_read,
    change,
    flat_close,
    plain_tables,
    prices_of,
    random_tables,
    row_of,
    sessions_from,
    write_tables,
)


def refusal(tables: Tables) -> str:
    with pytest.raises(InputError) as caught:
        build_market(tables)
    return str(caught.value)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def without(tables: Tables, ticker: str, dates: pd.DatetimeIndex, *, resumes_without_return: bool = True) -> Tables:
    """Take price rows of a ticker away; the first row after them loses its return."""
    prices = tables["prices"]
    gone = (prices["ticker"] == ticker) & prices["date"].isin(dates)
    later = prices[(prices["ticker"] == ticker) & (prices["date"] > dates[-1])]
    prices = prices.copy()
    if resumes_without_return and len(later):
        prices.loc[later.index[0], "total_return"] = np.nan
    return tables | {"prices": prices[~gone].reset_index(drop=True)}


def walk(tickers: str = "ABCDEFGH", count: int = 30, seed: int = 0) -> pd.DataFrame:
    """Closes with daily moves of about 2 %, rounded to the cent as quoted."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.02, (count, len(tickers)))
    close = 100 * np.exp(np.cumsum(moves, axis=0))
    return pd.DataFrame(close.round(2), index=sessions_from(count=count), columns=list(tickers))


# ---------------------------------------------------------------- shape


def test_read_market_equals_build_market_of_the_tables(tmp_path: Path) -> None:
    tables = random_tables(assets=8, sessions=30)
    for kind in ("csv", "parquet"):
        xr.testing.assert_identical(
            rm.read_market(write_tables(tmp_path / kind, tables, kind)).sortby("filing_known"),
            build_market(tables).sortby("filing_known"),
        )


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        rm.read_market(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"data: there is no file or folder '{tmp_path}/nowhere'. Name the folder that holds prices.parquet or prices.csv."
    )


def test_sessions_and_assets_are_sorted_labels_of_the_prices_table(market: xr.Dataset, tables: Tables) -> None:
    assert market["time"].to_index().equals(pd.DatetimeIndex(sorted(tables["prices"]["date"].unique())))
    assert market["asset"].to_numpy().tolist() == sorted(tables["prices"]["ticker"].unique())
    assert market["close"].dims == ("time", "asset")


def test_traps_of_tickers_are_kept_apart() -> None:
    traps = ["NA", "0130", "130", "TRUE", "1E10", "nan"]
    close = pd.DataFrame(np.arange(1.0, 7.0) * np.ones((3, 1)), index=sessions_from(count=3), columns=traps)
    market = build_market(plain_tables(close))
    assert {t: market["close"].sel(asset=t).values[0] for t in traps} == dict(zip(traps, range(1, 7), strict=True))


def test_names_and_sectors_come_from_securities() -> None:
    tables = plain_tables(flat_close(["7203", "A", "B"]))
    tables["securities"] = as_read(
        {
            "securities": pd.DataFrame(
                {
                    "ticker": ["A", "7203", "B"],
                    "name": ["Alpha", "Toyota", None],
                    "name_ja": ["アルファ", None, None],
                    "sector": ["Energy", "Autos", None],
                }
            )
        }
    )["securities"]
    market = build_market(tables)
    assert market["name"].values.tolist() == ["Toyota", "Alpha", "B"]
    assert market["name_ja"].values.tolist() == ["", "アルファ", ""]
    assert market["sector"].values.tolist() == ["Autos", "Energy", ""]


# ---------------------------------------------------------------- returns: units and signs


@pytest.mark.parametrize("scope", ["table", "ticker", "date", "row"])
def test_returns_in_percent_are_refused(scope: str) -> None:
    tables = plain_tables(walk())
    prices = tables["prices"]
    last = sessions_from(count=30)[17]
    rows = {
        "table": np.ones(len(prices), bool),
        "ticker": row_of(prices, ticker="C"),
        "date": row_of(prices, date=last),
        "row": row_of(prices, date=last, ticker="C"),
    }[scope]
    said = refusal(change(tables, "prices", rows, "total_return", prices["total_return"][rows] * 100))
    assert said.startswith("prices: ")
    assert "a hundred times the move of the close" in said
    assert said.endswith("They look like percent; divide by 100.")


@pytest.mark.parametrize("scope", ["ticker", "date"])
def test_percent_is_seen_where_returns_and_closes_come_from_different_sources(scope: str) -> None:
    tables = plain_tables(walk())
    prices = tables["prices"]
    rows = row_of(prices, ticker="C") if scope == "ticker" else row_of(prices, date=sessions_from(count=30)[17])
    # a hundred and one times the move: no single row gives itself away
    percent = prices["total_return"][rows] * 101
    assert "They look like percent" in refusal(change(tables, "prices", rows, "total_return", percent))


def test_the_message_shows_the_row_in_percent_and_its_value() -> None:
    close = flat_close("ABC", 4)
    close.loc[close.index[2] :, "B"] = 102.0
    tables = plain_tables(close)
    rows = row_of(tables["prices"], date=close.index[2], ticker="B")
    # 102 / 100 - 1 = 2 %
    assert refusal(change(tables, "prices", rows, "total_return", 2.0)) == (
        "prices: 1 total_return a hundred times the move of the close: 2024-01-03 B (2). "
        "They look like percent; divide by 100."
    )


def test_a_percent_table_with_values_below_minus_one_is_told_that_it_is_percent() -> None:
    tables = plain_tables(walk())
    percent = tables["prices"]["total_return"] * 100
    assert (percent < -1).any()
    assert "They look like percent" in refusal(change(tables, "prices", percent.index, "total_return", percent))


def test_percent_in_a_volatile_row_below_minus_one_is_told_that_it_is_percent() -> None:
    close = flat_close("ABC", 4)
    close.loc[close.index[2] :, "B"] = 97.0
    tables = plain_tables(close)
    rows = row_of(tables["prices"], date=close.index[2], ticker="B")
    assert "They look like percent" in refusal(change(tables, "prices", rows, "total_return", -3.0))


def test_dividends_are_not_percent() -> None:
    close = walk()
    paid = close * 0.0
    paid.iloc[5::7] = 1.5  # 1.5 % of a hundred, some on days with hardly a move
    tables = plain_tables(close) | {"prices": as_read({"prices": prices_of(close, paid)})["prices"]}
    build_market(tables)


def test_large_spin_offs_are_not_percent() -> None:
    close = walk()
    paid = close * 0.0
    paid.iloc[12, 3], paid.iloc[20, 4] = 45.0, 150.0
    market = build_market(plain_tables(close) | {"prices": as_read({"prices": prices_of(close, paid)})["prices"]})
    expected = (close.iloc[20, 4] + 150.0) / close.iloc[19, 4] - 1
    assert market["total_return"].values[20, 4] == pytest.approx(expected, rel=1e-14)
    assert expected > 1


def test_a_stock_that_hardly_moves_and_pays_is_not_percent() -> None:
    rng = np.random.default_rng(1)
    close = flat_close("ABC", 60)
    close["A"] = (100 + rng.normal(0, 0.02, 60)).round(2)  # a fund near par: moves of a few basis points at most
    paid = close * 0.0
    paid.iloc[10::10, 0] = 0.4
    build_market(plain_tables(close) | {"prices": as_read({"prices": prices_of(close, paid)})["prices"]})


def test_a_return_below_minus_one_is_refused() -> None:
    tables = plain_tables(walk())
    rows = row_of(tables["prices"], date=sessions_from(count=30)[17], ticker="C")
    assert refusal(change(tables, "prices", rows, "total_return", -1.25)) == (
        f"prices: 1 total_return below -1 (a loss of more than 100 %): {sessions_from(count=30)[17]:%Y-%m-%d} C (-1.25). "
        "Returns are decimals: -0.05 is a loss of 5 %."
    )


def test_a_return_of_minus_one_is_legal() -> None:
    tables = plain_tables(walk())
    rows = row_of(tables["prices"], date=sessions_from(count=30)[17], ticker="C")
    assert (build_market(change(tables, "prices", rows, "total_return", -1.0))["total_return"] == -1).sum() == 1


# ---------------------------------------------------------------- returns: presence


def test_a_missing_return_in_mid_life_is_refused() -> None:
    tables = plain_tables(walk())
    prices = tables["prices"]
    dates = sessions_from(count=30)
    rows = (prices["ticker"] == "C") & prices["date"].isin(dates[10:17])
    said = refusal(change(tables, "prices", rows, "total_return", np.nan))
    first = ", ".join(f"{d:%Y-%m-%d} C" for d in dates[10:15])
    assert said == (
        f"prices: 7 missing total_returns on days that follow a traded day: {first} and 2 more. It may be missing only "
        "on the first day of a listing or after a gap; it is never taken as 0."
    )


def test_a_missing_return_is_legal_on_the_first_day_of_a_listing() -> None:
    close = walk()
    close.iloc[:7, 2] = np.nan
    market = build_market(plain_tables(close))
    assert np.isnan(market["total_return"].values[7, 2])
    assert np.isfinite(market["total_return"].values[8:, 2]).all()


@pytest.mark.parametrize("missing", [1, 5, 6, 9])
def test_a_missing_return_is_legal_after_a_gap(missing: int) -> None:
    tables = without(plain_tables(walk()), "C", sessions_from(count=30)[10 : 10 + missing])
    assert np.isnan(build_market(tables)["total_return"].sel(asset="C").values[10 : 11 + missing]).all()


# ---------------------------------------------------------------- closes


@pytest.mark.parametrize("price", [0.0, -3.0])
def test_a_close_that_is_not_above_zero_is_refused(price: float) -> None:
    tables = plain_tables(walk())
    rows = row_of(tables["prices"], date=day("2024-01-10"), ticker="C")
    assert refusal(change(tables, "prices", rows, "close", price)) == (
        "prices: 1 value of 'close' not above zero: 2024-01-10 C. Give the price that was traded. A total loss is written "
        "once, on the last row of a name's life: close 0 with total_return -1, and no close after it. What a holder got "
        "otherwise at the end of a life is a row of the table finals."
    )


def test_a_negative_volume_is_refused() -> None:
    tables = plain_tables(walk())
    rows = row_of(tables["prices"], date=day("2024-01-10"))
    assert refusal(change(tables, "prices", rows, "volume", -1.0)) == (
        "prices: 8 negative values in 'volume': 2024-01-10 A, 2024-01-10 B, 2024-01-10 C, 2024-01-10 D, 2024-01-10 E "
        "and 3 more."
    )


def test_a_return_without_a_close_is_refused() -> None:
    tables = plain_tables(walk())
    rows = row_of(tables["prices"], date=day("2024-01-10"), ticker="C")
    assert refusal(change(tables, "prices", rows, "close", np.nan)) == (
        "prices: 1 row with a total_return but no close: 2024-01-10 C. Give the close. Where nobody trades any more and "
        "holders were paid out, that is a row of the table finals; left out, the return would be lost."
    )


def test_a_prices_table_without_rows_is_refused() -> None:
    tables = plain_tables(walk())
    assert refusal(tables | {"prices": tables["prices"][:0]}) == "prices: the table has no rows."


# ---------------------------------------------------------------- lives and gaps


@pytest.mark.parametrize("missing", [1, 3, 5])
def test_a_gap_of_up_to_five_sessions_is_bridged_close_to_close_and_stays_one_life(missing: int) -> None:
    close = walk()
    gap = close.index[10 : 10 + missing]
    market = build_market(without(plain_tables(close), "C", gap)).sel(asset="C")
    resumes = 10 + missing
    assert market["bridged_return"].values[resumes] == pytest.approx(close["C"].iloc[resumes] / close["C"].iloc[9] - 1)
    assert int(market["bridged_return"].notnull().sum()) == 1
    assert np.isnan(market["total_return"].values[10 : resumes + 1]).all()
    assert set(market["life"].values.tolist()) == {0, -1}
    assert (market["life"].values[10:resumes] == -1).all()


@pytest.mark.parametrize("missing", [6, 12])
def test_a_gap_of_six_sessions_begins_a_new_life_and_is_not_bridged(missing: int) -> None:
    close = walk()
    market = build_market(without(plain_tables(close), "C", close.index[10 : 10 + missing])).sel(asset="C")
    assert market["bridged_return"].isnull().all()
    assert np.isnan(market["total_return"].values[10 : 11 + missing]).all()
    assert market["life"].values.tolist() == [0] * 10 + [-1] * missing + [1] * (20 - missing)


@pytest.mark.parametrize("missing", [3, 8])
def test_a_return_given_on_the_day_that_trading_resumes_stays_out_of_total_return(missing: int) -> None:
    close = walk()
    tables = without(plain_tables(close), "C", close.index[10 : 10 + missing], resumes_without_return=False)
    assert np.isnan(build_market(tables)["total_return"].sel(asset="C").values[10 + missing])


def test_a_row_with_an_empty_close_is_a_session_without_trading() -> None:
    close = walk()
    tables = plain_tables(close)
    rows = (tables["prices"]["ticker"] == "C") & tables["prices"]["date"].isin(close.index[10:12])
    empty = change(change(tables, "prices", rows, "close", np.nan), "prices", rows, "total_return", np.nan)
    market = build_market(empty).sel(asset="C")
    assert market["life"].values[9:13].tolist() == [0, -1, -1, 0]
    assert market["bridged_return"].values[12] == pytest.approx(close["C"].iloc[12] / close["C"].iloc[9] - 1)


def test_other_assets_do_not_notice_a_gap() -> None:
    close = walk()
    whole = build_market(plain_tables(close)).drop_sel(asset="C")
    gapped = build_market(without(plain_tables(close), "C", close.index[10:14])).drop_sel(asset="C")
    xr.testing.assert_identical(whole.drop_dims("doubt"), gapped.drop_dims("doubt"))


def test_a_delisted_asset_has_no_life_after_its_last_close() -> None:
    close = walk()
    close.iloc[12:, 2] = np.nan
    assert build_market(plain_tables(close))["life"].sel(asset="C").values.tolist() == [0] * 12 + [-1] * 18


# ---------------------------------------------------------------- known when


def announced(date: str, session: str) -> pd.Timestamp:
    """When an announcement is known; sessions are Mon 2024-01-01 to Fri 2024-01-12."""
    event = pd.DataFrame(
        {"ticker": ["A"], "announced": [date], "session": [session], "eps_estimate": 1.0, "eps_actual": 2.0}
    )
    return pd.Timestamp(build_market(plain_tables(flat_close("AB"), earnings=event))["announcement_known"].item(0))


@pytest.mark.parametrize(
    ("date", "session", "known"),
    [
        ("2024-01-03", "pre", "2024-01-03"),
        ("2024-01-03", "post", "2024-01-04"),
        ("2024-01-05", "pre", "2024-01-05"),
        ("2024-01-05", "post", "2024-01-08"),  # Friday after the close -> Monday
        ("2024-01-06", "pre", "2024-01-08"),  # Saturday
        ("2024-01-06", "post", "2024-01-08"),
        ("2024-01-07", "post", "2024-01-08"),  # Sunday
        ("2023-12-30", "pre", "2024-01-01"),  # before the first session
    ],
)
def test_an_announcement_is_known_at_the_first_close_that_can_know_it(date: str, session: str, known: str) -> None:
    assert announced(date, session) == day(known)


@pytest.mark.parametrize(("date", "session"), [("2024-01-12", "post"), ("2024-01-13", "pre"), ("2024-02-01", "pre")])
def test_an_announcement_after_the_last_close_is_not_known(date: str, session: str) -> None:
    assert announced(date, session) is pd.NaT


def test_an_announcement_session_other_than_pre_or_post_is_refused() -> None:
    event = pd.DataFrame(
        {"ticker": ["A"], "announced": ["2024-01-03"], "session": ["noon"], "eps_estimate": 1.0, "eps_actual": 2.0}
    )
    assert refusal(plain_tables(flat_close("AB"), earnings=event)) == (
        "earnings: 1 row with a session other than 'pre' or 'post': A noon."
    )


def test_shares_are_known_from_their_date_on_and_never_before() -> None:
    shares = pd.DataFrame(
        {
            "ticker": ["A", "A", "A", "B"],
            "available_from": ["2024-01-02", "2024-01-06", "2024-01-10", "2024-01-10"],  # the 6th is a Saturday
            "shares_out": [10.0, 20.0, 30.0, 40.0],
        }
    )
    market = build_market(plain_tables(flat_close("AB"), shares=shares))
    # sessions 1 2 3 4 5 | 8 9 10 11 12 January
    assert market["shares_out"].sel(asset="A").fillna(0).values.tolist() == [0, 10, 10, 10, 10, 20, 20, 30, 30, 30]
    assert market["shares_out"].sel(asset="B").fillna(0).values.tolist() == [0] * 7 + [40] * 3


def test_of_two_share_counts_known_at_one_close_the_later_stands_whatever_the_order_of_rows() -> None:
    shares = pd.DataFrame({"ticker": ["A", "A"], "available_from": ["2024-01-07", "2024-01-06"], "shares_out": [30.0, 20.0]})
    for table in (shares, shares[::-1]):
        assert build_market(plain_tables(flat_close("A"), shares=table))["shares_out"].values[5, 0] == 30


def test_market_cap_is_close_times_the_shares_known() -> None:
    close = walk("AB", 10)
    shares = pd.DataFrame(
        {
            "ticker": ["A", "A", "B"],
            "available_from": ["2023-12-01", "2024-01-09", "2023-12-01"],
            "shares_out": [10.0, 12.0, 7],
        }
    )
    market = build_market(plain_tables(close, shares=shares))
    np.testing.assert_allclose(market["market_cap"].sel(asset="A"), close["A"] * np.repeat([10, 12], [6, 4]), rtol=1e-15)
    np.testing.assert_allclose(market["market_cap"].sel(asset="B"), close["B"] * 7, rtol=1e-15)


def filing(**values: object) -> pd.DataFrame:
    numbers = dict.fromkeys(
        ("revenue", "net_income", "total_assets", "total_liabilities", "equity", "operating_cash_flow"), 1.0
    )
    return pd.DataFrame([{"ticker": "A", "period_end": "2023-12-31"} | numbers | values])


@pytest.mark.parametrize(
    ("available", "known"),
    [("2024-01-03", "2024-01-03"), ("2024-01-06", "2024-01-08"), ("2024-01-13", "NaT"), ("2023-12-31", "2024-01-01")],
)
def test_a_filing_is_known_from_the_day_it_was_available(available: str, known: str) -> None:
    market = build_market(plain_tables(flat_close("AB"), fundamentals=filing(available_from=available)))
    assert str(pd.Timestamp(market["filing_known"].item(0)))[:10] == known


def test_a_filing_available_before_its_period_ended_is_refused() -> None:
    assert refusal(plain_tables(flat_close("AB"), fundamentals=filing(available_from="2023-11-30"))) == (
        "fundamentals: 1 filing available before the period ended: A 2023-12-31. "
        "available_from is the day the filing was published, never the period's end."
    )


def test_the_traded_price_is_the_close_times_the_ratios_of_later_splits() -> None:
    close = flat_close("AB", 10, price=10.0)
    splits = pd.DataFrame(
        {
            "ticker": ["A", "A", "A", "A"],
            "ex_date": [
                "2024-01-03",
                "2024-01-06",
                "2024-02-01",
                "2023-06-01",
            ],  # a Saturday; after the end; before the start
            "ratio": [2.0, 3.0, 5.0, 7.0],
        }
    )
    market = build_market(plain_tables(close, splits=splits))
    # two sessions before the first split: 10 x 2 x 3 x 5; three to the second: 10 x 3 x 5; then 10 x 5
    assert market["traded_price"].sel(asset="A").values.tolist() == [300] * 2 + [150] * 3 + [50] * 5
    assert (market["traded_price"].sel(asset="B") == 10).all()


def test_without_a_table_of_splits_the_traded_price_is_the_close() -> None:
    market = build_market(plain_tables(walk()))
    xr.testing.assert_equal(market["traded_price"], market["close"].rename("traded_price"))


# ---------------------------------------------------------------- daily levels, constituents


def test_exchange_rates_are_the_last_one_known() -> None:
    fx = pd.DataFrame({"date": ["2023-12-29", "2024-01-03", "2024-01-06"], "pair": "USDJPY", "rate": [141.0, 143.0, 144.0]})
    market = build_market(plain_tables(flat_close("A"), fx=fx))
    assert market["fx_rate"].sel(pair="USDJPY").values.tolist() == [141, 141, 143, 143, 143, 144, 144, 144, 144, 144]


def test_rates_missing_on_a_session_are_zero_and_reported() -> None:
    rates = pd.DataFrame({"date": sessions_from(count=9), "risk_free": 0.0002})
    market = build_market(plain_tables(flat_close("A"), rates=rates))
    assert market["risk_free"].values.tolist() == [0.0002] * 9 + [0]
    assert finding(market, "rates: session without a rate, taken as 0") == (1, "2024-01-12")


@pytest.mark.parametrize("level", [0.0, -5.0])
def test_an_index_level_that_is_not_above_zero_is_refused(level: float) -> None:
    tables = plain_tables(flat_close("A"))
    assert refusal(change(tables, "indices", np.array([3]), "level", level)) == (
        "indices: 1 value of 'level' not above zero: 2024-01-04 Wide. Give the index's level of that day."
    )


def lists(*weights: float, date: str = "2024-01-03") -> pd.DataFrame:
    return pd.DataFrame({"index": "Wide", "date": date, "ticker": list("ABCD")[: len(weights)], "weight": weights})


def test_constituents_that_sum_to_one_are_kept() -> None:
    market = build_market(plain_tables(flat_close("ABCD"), constituents=lists(0.4, 0.3, 0.2, 0.1)))
    assert market["constituent_weight"].values.tolist() == [0.4, 0.3, 0.2, 0.1]
    assert market["constituent_ticker"].values.tolist() == list("ABCD")


def test_constituents_in_percent_are_refused() -> None:
    assert refusal(plain_tables(flat_close("ABCD"), constituents=lists(40, 30, 20, 8.7))) == (
        "constituents: weights of 'Wide' on 2024-01-03 sum to 98.7, not 1. They look like percent; divide by 100."
    )


def test_constituents_that_are_rounded_are_divided_by_their_sum_and_counted() -> None:
    market = build_market(plain_tables(flat_close("ABC"), constituents=lists(0.33333, 0.33333, 0.33333)))
    np.testing.assert_allclose(market["constituent_weight"], 1 / 3, rtol=0, atol=1e-15)
    assert [(each.key, each.subject, each.count) for each in market_findings(market) if each.key == "rounded_list"] == [
        ("rounded_list", "Wide", 1)
    ]


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ((0.33333, 0.33333, 0.33331), "0.99997"),  # three names of five decimals: 1.5e-5 at the most
        ((0.5, 0.3, 0.199998), "0.999998"),  # three names of six decimals: 1.5e-6
        ((1 / 3, 1 / 3, 1 / 3 - 1.3e-6), "0.9999987"),  # not rounded
        ((0.3, 0.3, 0.3), "0.9"),  # of one decimal, but no rounding is as much as a name
    ],
)
def test_what_rounding_of_constituents_does_not_explain_is_refused_with_its_digits(weights, said) -> None:
    message = refusal(plain_tables(flat_close("ABC"), constituents=lists(*weights)))
    assert message.startswith(f"constituents: weights of 'Wide' on 2024-01-03 sum to {said}, not 1. ")


def test_constituents_that_do_not_sum_to_one_are_refused() -> None:
    assert refusal(plain_tables(flat_close("ABCD"), constituents=lists(0.4, 0.3, 0.2))) == (
        "constituents: weights of 'Wide' on 2024-01-03 sum to 0.9, not 1. "
        "Add the names that are missing, or take out those of another list. Scale to one what differs by rounding alone."
    )


# ---------------------------------------------------------------- what did not align


def finding(market: xr.Dataset, text: str) -> tuple[int, str]:
    report = rm.alignment_report(market).set_index("finding")
    assert text in report.index, f"{text!r} is not in {list(report.index)}"
    return int(report.loc[text, "rows"]), str(report.loc[text, "examples"])


def test_a_clean_market_has_an_empty_alignment_report() -> None:
    report = rm.alignment_report(build_market(plain_tables(flat_close("AB"))))
    assert list(report.columns) == ["table", "finding", "rows", "examples"]
    assert report.empty


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("shares", pd.DataFrame({"ticker": "ZZ", "available_from": ["2023-12-01", "2023-12-02"], "shares_out": 1.0})),
        ("splits", pd.DataFrame({"ticker": "ZZ", "ex_date": ["2023-12-01", "2024-01-03"], "ratio": 2.0})),
        ("fundamentals", pd.concat([filing(ticker="ZZ", available_from=f"2024-01-0{d}") for d in (2, 3)])),
        (
            "earnings",
            pd.DataFrame(
                {
                    "ticker": "ZZ",
                    "announced": ["2024-01-02", "2024-01-03"],
                    "session": "pre",
                    "eps_estimate": 1.0,
                    "eps_actual": 1.0,
                }
            ),
        ),
        ("constituents", pd.concat([lists(1.0, date=d).assign(ticker="ZZ") for d in ("2024-01-03", "2024-01-04")])),
    ],
)
def test_rows_of_tickers_without_prices_are_counted(name: str, rows: pd.DataFrame) -> None:
    plain = plain_tables(flat_close("AB"))
    whole = pd.concat([plain[name], rows]) if name in plain and len(plain[name]) else rows
    market = build_market(as_read(plain | {name: whole}))
    assert finding(market, f"{name}: ticker without prices") == (2, "ZZ")
    assert market["asset"].values.tolist() == ["A", "B"]


def test_securities_without_prices_and_prices_without_securities_are_counted() -> None:
    tables = plain_tables(flat_close("AB"))
    securities = change(tables, "securities", row_of(tables["securities"], ticker="B"), "ticker", "ZZ")
    market = build_market(securities)
    assert finding(market, "securities: ticker without prices") == (1, "ZZ")
    assert finding(market, "prices: ticker not in securities") == (1, "B")
    assert finding(market, "securities: asset without a sector") == (1, "B")


def test_an_asset_without_shares_is_counted() -> None:
    tables = plain_tables(flat_close("ABC"))
    tables["shares"] = tables["shares"][tables["shares"]["ticker"] != "B"]
    assert finding(build_market(tables), "shares: asset without a share count") == (1, "B")


def test_index_dates_off_the_calendar_and_sessions_without_a_level_are_counted() -> None:
    tables = plain_tables(flat_close("A"))
    shifted = change(tables, "indices", row_of(tables["indices"], date=day("2024-01-05")), "date", day("2024-01-06"))
    market = build_market(shifted)
    assert finding(market, "indices: date without trading inside the price history") == (1, "2024-01-06")
    assert finding(market, "indices: session without a level of Wide") == (1, "2024-01-05 Wide")


def test_announcements_on_days_without_trading_are_counted() -> None:
    event = pd.DataFrame(
        {"ticker": ["A"], "announced": ["2024-01-06"], "session": ["pre"], "eps_estimate": 1.0, "eps_actual": 2.0}
    )
    market = build_market(plain_tables(flat_close("AB"), earnings=event))
    assert finding(market, "earnings: announced on a day without trading, counted at the next close") == (1, "A")


def test_a_report_counts_rows_and_shows_five_examples_once_each() -> None:
    tables = plain_tables(flat_close("A"))
    extra = pd.DataFrame(
        {"ticker": list("PQRSTUVPQ"), "available_from": ["2023-12-01"] * 7 + ["2023-12-02"] * 2, "shares_out": 1.0}
    )
    market = build_market(as_read(tables | {"shares": pd.concat([tables["shares"], extra])}))
    assert finding(market, "shares: ticker without prices") == (9, "P, Q, R, S, T and 2 more")


# ---------------------------------------------------------------- order of rows


@pytest.mark.parametrize("name", ["prices", "splits", "shares", "securities", "fundamentals", "earnings", "indices"])
def test_the_order_of_rows_of_a_table_changes_nothing(name: str, tables: Tables, market: xr.Dataset) -> None:
    shuffled = tables[name].sample(frac=1, random_state=3).reset_index(drop=True)
    permuted = build_market(tables | {name: shuffled})
    panels = [v for v in market.data_vars if market[v].dims != ("finding",)]
    xr.testing.assert_identical(permuted[panels], market[panels])
