"""Filings, announcements, volumes, sectors and rates that contradict each other: each is found, and nothing else is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from riskmodel.market.market import build_market
from tests.riskmodel.market.found import DAY, found, of_key, prices_with


def filed(clean, name, change, year=-1):
    """The clean market, with a change of one filing of a name: the last, or another; and the filing."""
    filings = clean["fundamentals"].copy()
    own = filings[filings["ticker"] == name].sort_values("period_end")
    row = own.index[year]
    for column, value in change(own.loc[row]).items():
        filings.loc[row, column] = value
    return clean | {"fundamentals": filings}, f"{own.loc[row, 'available_from']:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("balance_sheet_open", lambda filing: {"equity": filing["equity"] * 0.01}),
        ("balance_sheet_open", lambda filing: {"equity": filing["total_liabilities"] + filing["equity"]}),
        ("figure_zero", lambda filing: {"total_liabilities": 0.0, "equity": filing["total_assets"]}),
        ("figure_zero", lambda _: {"operating_cash_flow": 0.0}),
        ("figure_zero", lambda _: {"revenue": 0.0, "net_income": 1e8}),
        ("dividends_unlike_filings", lambda filing: {"dividends_per_share": filing["dividends_per_share"] * 100}),
        ("dividends_unlike_filings", lambda filing: {"dividends_per_share": filing["dividends_per_share"] / 100}),
        ("filing_interval", lambda filing: {"period_end": filing["period_end"] - pd.DateOffset(months=3)}),
        (
            "filing_of_a_quarter",
            lambda filing: {
                item: filing[item] / 4
                for item in ("revenue", "gross_profit", "operating_income", "net_income", "operating_cash_flow")
            },
        ),
    ],
)
def test_a_filing_that_contradicts_itself_or_the_prices_is_named_with_the_day_it_was_known(clean, payer, key, change):
    spoilt, day = filed(clean, payer, change)
    assert {(each.subject, each.date) for each in of_key(spoilt, key)} == {(payer, day)}
    assert {each.key for each in found(spoilt)} == {key}


@pytest.fixture(scope="module")
def payer(clean) -> str:
    """A name with profits, whose last filing tells of dividends, in a year of which all prices are there."""
    filings = clean["fundamentals"].sort_values("period_end").groupby("ticker").tail(2)
    good = (filings["net_income"] > 0) & (filings["operating_cash_flow"] > 0) & (filings["dividends_per_share"] > 0)
    good &= filings["operating_income"] > 0
    whole = good.groupby(filings["ticker"]).all()
    return str(whole.index[whole][0])


@pytest.mark.parametrize(("table", "field"), [("fundamentals", "net_income"), ("earnings", "eps_actual")])
def test_figures_that_lost_their_minus_are_named(clean, table, field):
    positive = clean[table].assign(**{field: clean[table][field].abs()})
    assert [(each.table, each.values) for each in of_key(clean | {table: positive}, "no_losses")] == [
        (table, {"field": field})
    ]


@pytest.mark.parametrize("columns", [["eps_estimate"], ["eps_actual"]])
def test_an_announcement_in_cents_is_named_and_a_column_in_cents_refused(clean, name, columns):
    earnings = clean["earnings"]
    close = clean["prices"].groupby("ticker")["close"].min()
    sized = earnings[(earnings[["eps_actual", "eps_estimate"]].min(axis=1) / earnings["ticker"].map(close)) > 0.01]
    near = sized[(np.log(sized["eps_actual"] / sized["eps_estimate"]).abs() < 0.1)]
    row = near.index[0]
    one = earnings.copy()
    one.loc[row, columns] *= 100
    [finding] = of_key(clean | {"earnings": one}, "eps_unit")
    assert (finding.subject, finding.date, finding.refused) == (
        earnings["ticker"][row],
        f"{earnings['announced'][row]:%Y-%m-%d}",
        False,
    )
    every = earnings.loc[near.index].copy()
    every[columns] *= 100
    [finding] = of_key(clean | {"earnings": every}, "eps_unit")
    assert finding.subject == ""
    assert finding.refused


def test_a_company_whose_earnings_are_all_in_cents_is_named(clean):
    earnings = clean["earnings"].copy()
    close = clean["prices"].groupby("ticker")["close"].median()
    ticker = (earnings.groupby("ticker")["eps_actual"].median() / close).idxmax()
    earnings.loc[earnings["ticker"] == ticker, ["eps_actual", "eps_estimate"]] *= 100
    assert {each.subject for each in of_key(clean | {"earnings": earnings}, "eps_unit")} == {ticker}


@pytest.mark.parametrize("key", ["estimates_zero", "estimates_as_announced"])
def test_estimates_that_are_none_are_named_by_the_quarter(clean, key):
    earnings = clean["earnings"].copy()
    quarter = earnings["announced"].dt.to_period("Q") == "2024Q4"
    some = earnings.index[quarter][::2]
    earnings.loc[some, "eps_estimate"] = 0.0 if key == "estimates_zero" else earnings.loc[some, "eps_actual"]
    assert [each.shown[:6] for each in of_key(clean | {"earnings": earnings}, key)] == ["2024Q4"]


@pytest.mark.parametrize("factor", [1e-3, 1e-2, 1e2, 1e3])
def test_a_volume_that_steps_to_another_unit_is_named_with_its_day(clean, name, factor):
    def stepped(prices):
        after = (prices["ticker"] == name) & (prices["date"] >= DAY)
        prices.loc[after, "volume"] *= factor
        return prices

    [finding] = of_key(prices_with(clean, stepped), "volume_unit")
    assert (finding.subject, finding.date) == (name, f"{DAY:%Y-%m-%d}")


def test_volumes_of_all_in_thousands_are_named_once(clean):
    thousands = prices_with(clean, lambda prices: prices.assign(volume=prices["volume"] / 1000))
    assert [each.subject for each in of_key(thousands, "volume_unit")] == [""]


@pytest.fixture(scope="module")
def steady(clean) -> str:
    """A name with all its prices that moves little."""
    moves = clean["prices"].pivot(index="date", columns="ticker", values="close").pct_change(fill_method=None)
    return str(moves.std().where(moves.count() == moves.count().max()).idxmin())


@pytest.mark.parametrize("error", [1.12, 0.88])
@pytest.mark.parametrize("returns_too", [True, False])
def test_a_close_that_is_mistyped_for_a_day_is_named_with_both_its_moves(clean, steady, error, returns_too):
    def mistyped(prices):
        own = prices["ticker"] == steady
        prices.loc[own & (prices["date"] == DAY), "close"] *= error
        if returns_too:
            following = prices["date"][own & (prices["date"] > DAY)].min()
            prices.loc[own & (prices["date"] == DAY), "total_return"] += error - 1
            prices.loc[own & (prices["date"] == following), "total_return"] += 1 / error - 1
        return prices

    [finding] = of_key(prices_with(clean, mistyped), "close_there_and_back")
    assert (finding.subject, finding.date, len(finding.doubt)) == (steady, f"{DAY:%Y-%m-%d}", 2)
    assert finding.doubt[finding.date] == pytest.approx(error - 1, abs=0.04)


def test_a_return_of_zero_beside_a_close_that_falls_far_is_named(clean, steady):
    def zero(prices):
        own = prices["ticker"] == steady
        prices.loc[own & (prices["date"] >= DAY), "close"] *= 0.85
        prices.loc[own & (prices["date"] == DAY), "total_return"] = 0.0
        return prices

    [finding] = of_key(prices_with(clean, zero), "zero_return")
    assert (finding.subject, finding.date) == (steady, f"{DAY:%Y-%m-%d}")
    assert finding.doubt[finding.date] == pytest.approx(-0.15, abs=0.04)


def test_three_closes_that_repeat_where_a_name_never_stands_still_are_named(clean):
    """Of a name of high price: cents are a thousandth of what it moves by."""
    close = clean["prices"].groupby("ticker")["close"].agg(["min", "count"])
    ticker = str(close["min"].where(close["count"] == close["count"].max()).idxmax())

    def still(prices):
        own = prices.index[(prices["ticker"] == ticker) & (prices["date"] >= DAY)][:4]
        prices.loc[own[1:], "close"] = prices["close"][own[0]]
        prices.loc[own[1:], "total_return"] = 0.0
        return prices

    findings = of_key(prices_with(clean, still), "stale_price")
    assert [(each.subject, each.count) for each in findings] == [(ticker, 3)]


@pytest.mark.parametrize(
    ("other", "usual"),
    [("Technology", "Information Technology"), ("Healthcare", "Health Care"), ("Financial Services", "Financials")],
)
def test_another_vendors_name_for_a_sector_is_named_with_its_tickers(clean, other, usual):
    securities = clean["securities"].copy()
    tickers = securities["ticker"][securities["sector"] == usual]
    securities.loc[tickers.index, "sector"] = usual
    wide = pd.concat([securities, securities.assign(ticker=securities["ticker"] + "2")])  # one of each is many already
    wide.loc[wide["ticker"] == tickers.iloc[0], "sector"] = other
    wide = pd.concat([wide, *(wide[wide["sector"] == usual].assign(ticker=lambda f, n=n: f["ticker"] + n) for n in "ABC")])
    [finding] = of_key(clean | {"securities": wide.reset_index(drop=True)}, "sectors_alike")
    assert (finding.subject, finding.count) == (other, 1)
    assert finding.shown == f"{usual}; {tickers.iloc[0]}"


def test_an_exchange_rate_that_was_not_updated_is_named_with_its_first_day(clean):
    rates = clean["fx"].sort_values("date").reset_index(drop=True)
    assert not [each for each in found(clean) if each.key == "stale_fx"]
    rates.loc[100:105, "rate"] = rates["rate"][100]
    [finding] = of_key(clean | {"fx": rates}, "stale_fx")
    assert (finding.date, finding.count) == (f"{rates['date'][100]:%Y-%m-%d}", 5)


def test_rows_that_were_taken_out_of_a_frame_change_nothing_of_the_others(clean):
    """A frame of one's own has any index: that of the rows that are left, or the same twice."""
    early = {"constituents": clean["constituents"][clean["constituents"]["date"] > "2024"]}
    assert early["constituents"].index[-1] >= len(early["constituents"])
    twice = {name: table.set_axis([0] * len(table)) for name, table in clean.items()}
    numbered = {name: table.reset_index(drop=True) for name, table in (clean | early).items()}
    xr.testing.assert_identical(build_market(twice | early), build_market(numbered))
