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


def test_volumes_of_all_that_step_are_named_once(clean):
    later = clean["prices"]["date"] >= DAY
    stepped = prices_with(clean, lambda prices: prices.assign(volume=prices["volume"].where(~later, prices["volume"] * 100)))
    assert [(each.subject, each.date) for each in of_key(stepped, "volume_unit")] == [("", f"{DAY:%Y-%m-%d}")]


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


def test_a_weekend_a_holiday_elsewhere_and_a_peg_are_no_exchange_rates_that_were_not_updated(clean):
    days = pd.date_range(clean["fx"]["date"].min(), clean["fx"]["date"].max())
    rates = clean["fx"].set_index("date")["rate"].reindex(days).where(days.to_series().dt.day_of_week < 5)
    rates[pd.to_datetime(["2024-03-29", "2024-04-01"])] = np.nan  # Good Friday to Easter Monday: five days of one fixing
    every = pd.DataFrame({"date": days, "pair": "USDJPY", "rate": rates.ffill().to_numpy()})
    assert found(clean | {"fx": every}) == []
    pegged = pd.DataFrame({"date": days, "pair": "USDAED", "rate": 3.6725})
    assert found(clean | {"fx": pegged}) == []


def test_rows_that_were_taken_out_of_a_frame_change_nothing_of_the_others(clean):
    """A frame of one's own has any index: that of the rows that are left, or the same twice."""
    early = {"constituents": clean["constituents"][clean["constituents"]["date"] > "2024"]}
    assert early["constituents"].index[-1] >= len(early["constituents"])
    twice = {name: table.set_axis([0] * len(table)) for name, table in clean.items()}
    numbered = {name: table.reset_index(drop=True) for name, table in (clean | early).items()}
    xr.testing.assert_identical(build_market(twice | early), build_market(numbered))


def of_name(prices: pd.DataFrame, ticker: str) -> pd.Index:
    return prices.index[prices["ticker"] == ticker]


@pytest.fixture(scope="module")
def distributions(clean) -> pd.DataFrame:
    """Rows of the prices on which a name pays, with the amount as a share of the close before."""
    prices = clean["prices"].sort_values(["ticker", "date"])
    move = prices.groupby("ticker")["close"].pct_change(fill_method=None)
    paid = prices.assign(paid=prices["total_return"] - move)
    return paid[paid["paid"] > 1e-3]


@pytest.fixture(scope="module")
def regular(distributions) -> pd.Series:
    """The rows of a name that pays six times or more."""
    count = distributions.groupby("ticker")["paid"].count()
    return distributions[distributions["ticker"] == count.idxmax()]


@pytest.mark.parametrize(("key", "times"), [("dividend_skipped", 0), ("dividend_twice", 2)])
def test_a_distribution_that_is_missing_or_counted_twice_is_named_about_its_day(clean, regular, key, times):
    row = regular.index[2]

    def wrong(prices):
        prices.loc[row, "total_return"] += (times - 1) * regular.loc[row, "paid"]
        return prices

    spoilt = prices_with(clean, wrong)
    [finding] = of_key(spoilt, key)
    assert {each.key for each in found(spoilt)} == {key}
    assert (finding.subject, finding.date) == (regular["ticker"].iloc[0], f"{regular.loc[row, 'date']:%Y-%m-%d}")
    assert finding.doubt[finding.date] == pytest.approx((1 - times) * regular.loc[row, "paid"], rel=0.3)


def test_a_gap_between_distributions_that_the_year_s_filing_knows_is_nothing_to_report(clean, regular):
    row, ticker = regular.index[-2], regular["ticker"].iloc[0]
    without = prices_with(clean, lambda prices: prices)
    without["prices"].loc[row, "total_return"] -= regular.loc[row, "paid"]
    close = clean["prices"].sort_values(["ticker", "date"]).groupby("ticker")["close"].shift(1)
    amounts = (regular["paid"] * close[regular.index]).drop(row)
    ends = regular.loc[row, "date"] + pd.DateOffset(months=1)
    year = amounts[regular["date"].drop(row).between(ends - pd.DateOffset(years=1), ends)].sum()
    filings = clean["fundamentals"]
    filing = (
        filings[filings["ticker"] == ticker]
        .iloc[[-1]]
        .assign(period_end=ends, available_from=ends + pd.DateOffset(days=20), dividends_per_share=year)
    )
    others = filings[filings["ticker"] != ticker]
    spoilt = without | {"fundamentals": pd.concat([others, filing], ignore_index=True)}
    assert "dividend_skipped" not in {each.key for each in found(spoilt)}
    twice = pd.concat([others, filing.assign(dividends_per_share=year * 1.3)], ignore_index=True)
    assert [each.subject for each in of_key(without | {"fundamentals": twice}, "dividend_skipped")] == [ticker]


def test_the_last_distribution_may_be_cut_or_raised(clean, regular):
    for times in (0, 2):
        spoilt = clean["prices"].copy()
        spoilt.loc[regular.index[-1], "total_return"] += (times - 1) * regular["paid"].iloc[-1]
        assert found(clean | {"prices": spoilt}) == []


def test_distributions_that_end_for_all_names_are_named_with_the_first_day(clean, distributions):
    late = distributions[distributions["date"] >= DAY]

    def without(prices):
        prices.loc[late.index, "total_return"] -= late["paid"]
        return prices

    [finding] = of_key(prices_with(clean, without), "dividends_stopped")
    last = distributions["date"][distributions["date"] < DAY].max()
    sessions = pd.DatetimeIndex(clean["prices"]["date"].unique()).sort_values()
    assert finding.date == f"{sessions[sessions > last][0]:%Y-%m-%d}"
    assert finding.count == (sessions > last).sum()


def test_a_market_of_which_all_pay_at_the_end_of_a_half_year_has_stopped_nothing(clean, distributions):
    """As in Japan: between the ends of March and September nobody pays."""

    def half_yearly(prices):
        prices.loc[distributions.index, "total_return"] -= distributions["paid"]
        ends = prices.groupby(prices["date"].dt.to_period("M"))["date"].transform("max")
        paying = (prices["date"] == ends) & prices["date"].dt.month.isin([3, 6, 9, 12])
        prices.loc[paying, "total_return"] += 0.01
        return prices

    assert "dividends_stopped" not in {each.key for each in found(prices_with(clean, half_yearly))}


def test_prices_of_another_name_are_named_for_both(clean, name, steady):
    def copied(prices):
        own, other = (of_name(prices[prices["date"] >= DAY], ticker) for ticker in (steady, name))
        scale = prices["close"][own[0] - 1] / prices["close"][other[0] - 1]
        prices.loc[own, "close"] = prices.loc[other, "close"].to_numpy() * scale
        prices.loc[own, "total_return"] = prices.loc[other, "total_return"].to_numpy()
        return prices

    findings = of_key(prices_with(clean, copied), "returns_of_another")
    assert {(each.subject, each.shown) for each in findings} == {(steady, name), (name, steady)}
    sessions = np.sort(clean["prices"]["date"].unique())
    first = np.searchsorted(sessions, np.datetime64(findings[0].date)) - np.searchsorted(sessions, np.datetime64(DAY))
    assert 0 <= first < 5
    assert min(findings[0].doubt.values()) > 0


@pytest.mark.parametrize(("key", "sessions"), [("returns_late", 1), ("returns_soon", -1)])
def test_a_name_of_another_session_than_the_market_is_named(clean, name, key, sessions):
    def shifted(prices):
        own = of_name(prices, name)
        moved = prices.loc[own, ["close", "total_return", "volume"]].shift(sessions)
        prices.loc[own, ["close", "total_return", "volume"]] = moved.to_numpy()
        return prices.drop(own[:2] if sessions > 0 else own[-1:]).reset_index(drop=True)

    [finding] = of_key(prices_with(clean, shifted), key)
    assert finding.subject == name
    assert not finding.refused


def test_a_stock_dividend_that_the_return_fell_by_is_named_and_one_that_is_adjusted_is_not(clean, steady):
    splits = pd.concat(
        [clean["splits"], pd.DataFrame({"ticker": [steady], "ex_date": [DAY], "ratio": [1.1]})], ignore_index=True
    )
    assert found(clean | {"splits": splits}) == []

    def fallen(prices):
        own = prices["ticker"] == steady
        prices.loc[own & (prices["date"] < DAY), "close"] *= 1.1
        prices.loc[own & (prices["date"] == DAY), "total_return"] = (1 + prices["total_return"]) / 1.1 - 1
        return prices

    [finding] = of_key(prices_with(clean, fallen) | {"splits": splits}, "stock_dividend_in_return")
    assert (finding.subject, finding.date, finding.lenient) == (steady, f"{DAY:%Y-%m-%d}", True)


def test_a_split_of_two_dates_is_named(clean, name):
    dates = [DAY, DAY + pd.Timedelta(days=21)]
    twice = pd.DataFrame({"ticker": [name] * 2, "ex_date": dates, "ratio": [2.0] * 2})
    [finding] = of_key(clean | {"splits": twice}, "split_twice")
    assert (finding.subject, finding.date, finding.shown) == (name, f"{dates[1]:%Y-%m-%d}", f"{DAY:%Y-%m-%d}, 2")


def test_a_name_in_another_sector_than_its_industry_is_named(clean):
    securities = clean["securities"].copy()
    industry = securities["industry"].value_counts().index[0]
    row = securities.index[securities["industry"] == industry][0]
    usual = securities["sector"][row]
    securities = pd.concat(
        [securities, securities[securities["industry"] == industry].assign(ticker="+" + securities["ticker"])]
    )
    securities = securities.reset_index(drop=True)
    securities.loc[row, "sector"] = other = next(each for each in securities["sector"] if each != usual)
    findings = of_key(clean | {"securities": securities}, "industry_astray")
    assert [(each.subject, each.count, each.shown) for each in findings] == [
        (industry, 1, f"{other}, {usual}; {securities['ticker'][row]}")
    ]


def test_one_announcement_in_cents_is_named_though_its_estimate_is_too(clean):
    earnings = clean["earnings"].copy()
    close = clean["prices"].groupby("ticker")["close"].median()
    size = earnings[["eps_actual", "eps_estimate"]].min(axis=1) / earnings["ticker"].map(close)
    row = size[earnings["announced"] > "2024"].idxmax()
    earnings.loc[row, ["eps_actual", "eps_estimate"]] *= 100
    [finding] = of_key(clean | {"earnings": earnings}, "eps_unit")
    assert (finding.subject, finding.date) == (earnings["ticker"][row], f"{earnings['announced'][row]:%Y-%m-%d}")


def test_announcements_that_are_all_of_one_session_are_named_once(clean):
    [finding] = of_key(clean | {"earnings": clean["earnings"].assign(session="pre")}, "sessions_alike")
    assert finding.values == {"session": "pre"}


def test_a_volume_in_money_is_named(clean):
    close = clean["prices"].groupby("ticker")["close"].min()
    ticker = str(close.idxmax())

    def in_money(prices):
        own = prices["ticker"] == ticker
        prices.loc[own, "volume"] *= prices.loc[own, "close"]
        return prices

    assert [each.subject for each in of_key(prices_with(clean, in_money), "dealt_unlike_shares")] == [ticker]


def test_a_close_in_another_unit_beside_returns_that_stand_is_refused_and_doubts_no_return(clean, name):
    def in_pence(prices):
        days = prices["date"].between(DAY, DAY + pd.Timedelta(days=3))
        prices.loc[(prices["ticker"] == name) & days, "close"] *= 100
        return prices

    spoilt = prices_with(clean, in_pence)
    assert {each.refused for each in of_key(spoilt, "close_not_adjusted")} == {True}
    assert [each.doubt for each in of_key(spoilt, "negative_distribution")] == [{}]


@pytest.mark.parametrize("times", [100.0, 0.01])
def test_closes_in_another_unit_are_refused_by_what_is_known_a_share(clean, times):
    spoilt = prices_with(clean, lambda prices: prices.assign(close=prices["close"] * times))
    (told,) = of_key(spoilt, "close_unit")
    assert told.refused and (told.table, told.count) == ("prices", len(clean["prices"]["ticker"].unique()))
    assert told.shown.startswith(f"x {times:g}, x ")  # what was paid, over what was filed: exactly


@pytest.mark.parametrize("times", [1e6, 0.01])
def test_dividends_in_another_unit_are_refused_where_earnings_and_equity_agree_with_the_closes(clean, times):
    """As amounts of a company in millions are, where a mapping states one unit for all columns of a table."""
    filings = clean["fundamentals"]
    spoilt = clean | {"fundamentals": filings.assign(dividends_per_share=filings["dividends_per_share"] * times)}
    (told,) = of_key(spoilt, "dividends_unit")
    assert told.refused and (told.table, told.shown) == ("fundamentals", f"x {times:.3g}")
    assert "dividends_unit" not in {each.key for each in found(clean)}


@pytest.mark.parametrize("times", [1e-6, 1e3, 1e8])
@pytest.mark.parametrize(
    "names", [("net_income",), ("revenue", "net_income", "total_assets", "total_liabilities", "equity")]
)
def test_amounts_of_filings_in_another_unit_are_refused(clean, names, times):
    filings = clean["fundamentals"]
    spoilt = clean | {"fundamentals": filings.assign(**{name: filings[name] * times for name in names})}
    (told,) = of_key(spoilt, "amounts_unit")
    shown = dict(each.split(" x ") for each in told.shown.split(", "))
    assert told.refused and {*shown} == {*names}
    assert all(0.05 < float(value) / times < 20 for value in shown.values())
    assert "amounts_unit" not in {each.key for each in found(clean)}


def test_counts_of_shares_in_thousands_are_refused_by_what_companies_file(clean):
    spoilt = clean | {"shares": clean["shares"].assign(shares_out=clean["shares"]["shares_out"] / 1000)}
    (told,) = of_key(spoilt, "amounts_unit")
    assert told.refused and {"revenue", "total_assets", "equity"} <= {
        each.split(" x ")[0] for each in told.shown.split(", ")
    }


@pytest.mark.parametrize(
    "table, column", [("fundamentals", "dividends_per_share"), ("fundamentals", "equity"), ("earnings", "eps_actual")]
)
def test_one_witness_alone_may_be_in_another_unit_itself(clean, table, column):
    spoilt = clean | {table: clean[table].assign(**{column: clean[table][column] * 100})}
    assert "close_unit" not in {each.key for each in found(spoilt)}
    none = clean | {name: clean[name].iloc[:0] for name in ("fundamentals", "earnings")}
    assert "close_unit" not in {each.key for each in found(none)}
