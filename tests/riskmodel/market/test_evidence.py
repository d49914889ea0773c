"""One fault of a feed at a time in a clean market: each is found, with its ticker and its day, and nothing else is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market import timeline
from riskmodel.market.evidence.finding import Finding, Register, found_at, summed_up
from riskmodel.market.findings import market_findings
from riskmodel.market.market import MARKET_TABLES, build_market
from riskmodel.market.spelling import one_spelling, plain, spelt
from riskmodel.market.tables import read_table
from tests.conftest import REAL, SMALL
from tests.riskmodel.builders import random_tables
from tests.riskmodel.market.found import DAY, HARMLESS, NAMES, Tables, found, of_key, prices_with


def unadjusted(prices: pd.DataFrame, ticker: str, ratio: float, *, volume: bool = False) -> pd.DataFrame:
    """A split of which neither close nor return knows; the volume is as traded, or adjusted."""
    before = (prices["ticker"] == ticker) & (prices["date"] < DAY)
    on = (prices["ticker"] == ticker) & (prices["date"] == DAY)
    prices.loc[before, "close"] *= ratio
    prices.loc[on, "total_return"] = (1 + prices.loc[on, "total_return"]) / ratio - 1
    if volume:
        prices.loc[before, "volume"] /= ratio
    return prices


def test_a_clean_market_gives_no_finding(clean):
    assert found(clean) == []


@pytest.mark.parametrize("number", [1, 7])
def test_a_market_is_the_same_however_many_names_are_looked_at_together(monkeypatch, number):
    tables = {name: table for name in MARKET_TABLES if (table := read_table(SMALL, name)) is not None}
    prices = tables["prices"]
    for place, (column, factor) in enumerate((("close", 3.0), ("volume", 1000.0), ("close", 1.0))):
        rows = prices.index[prices["ticker"] == prices["ticker"].unique()[place]]
        prices.loc[rows[100 : 101 + 40 * place], column] *= factor
    expected = build_market(dict(tables))
    monkeypatch.setattr(timeline, "NAMES_AT_ONCE", number)
    xr.testing.assert_identical(build_market(dict(tables)), expected)
    assert {"volume_unit", "close_there_and_back"} <= {finding.key for finding in market_findings(expected)}


@pytest.mark.parametrize("ratio", [2.0, 3.0, 10.0, 1.5, 0.5, 0.1])
@pytest.mark.parametrize("volume", [False, True])
def test_a_split_that_nobody_lists_is_named_with_its_ticker_day_and_ratio(clean, name, ratio, volume):
    tables = prices_with(clean, lambda prices: unadjusted(prices, name, ratio, volume=volume))
    [finding] = of_key(tables, "split_unlisted")
    assert (finding.table, finding.subject, finding.date) == ("prices", name, "2025-01-14")
    assert finding.shown.endswith(f"1/{ratio:g}" if ratio > 1 else f"{1 / ratio:g}")
    on = tables["prices"][(tables["prices"]["ticker"] == name) & (tables["prices"]["date"] == DAY)]
    assert finding.doubt == {"2025-01-14": pytest.approx(float(on["total_return"].iloc[0]))}


def test_a_crash_on_the_news_is_no_split(clean, name):
    def crash(prices):
        prices = unadjusted(prices, name, 2.0)
        prices.loc[(prices["ticker"] == name) & (prices["date"] == DAY), "volume"] *= 30
        return prices

    keys = {each.key for each in found(prices_with(clean, crash))}
    assert not keys & {"split_unlisted", "unexplained_move"}


def test_a_move_that_is_no_ratio_and_was_not_dealt_is_named(clean, name):
    [finding] = of_key(prices_with(clean, lambda prices: unadjusted(prices, name, 2.45)), "unexplained_move")
    assert (finding.subject, finding.date) == (name, "2025-01-14")


@pytest.mark.parametrize("ratio", [2.0, 3.0, 0.1, 1.5])
def test_a_listed_split_that_is_still_in_the_close_is_refused(clean, name, ratio):
    split = pd.DataFrame({"ticker": [name], "ex_date": [DAY], "ratio": [ratio]})
    tables = prices_with(clean, lambda prices: unadjusted(prices, name, ratio))
    tables["splits"] = pd.concat([tables["splits"], split], ignore_index=True)
    [finding] = of_key(tables, "split_in_close")
    assert finding.refused
    assert (finding.subject, finding.date) == (name, "2025-01-14")


def test_a_listed_split_that_is_in_the_return_alone_is_refused(clean, name):
    def change(prices):
        on = (prices["ticker"] == name) & (prices["date"] == DAY)
        prices.loc[on, "total_return"] = (1 + prices.loc[on, "total_return"]) / 2 - 1
        return prices

    tables = prices_with(clean, change)
    split = pd.DataFrame({"ticker": [name], "ex_date": [DAY], "ratio": [2.0]})
    tables["splits"] = pd.concat([tables["splits"], split], ignore_index=True)
    [finding] = of_key(tables, "split_in_return")
    assert (finding.subject, finding.refused) == (name, True)


def test_a_listed_split_that_the_close_knows_is_nothing_to_report(clean, name):
    split = pd.DataFrame({"ticker": [name], "ex_date": [DAY], "ratio": [2.0]})
    assert found(clean | {"splits": split}) == []


def test_a_close_adjusted_twice_is_named(clean, name):
    split = pd.DataFrame({"ticker": [name], "ex_date": [DAY], "ratio": [2.0]})
    tables = prices_with(clean, lambda prices: unadjusted(prices, name, 0.5))
    tables["splits"] = pd.concat([tables["splits"], split], ignore_index=True)
    assert of_key(tables, "split_backwards")[0].subject == name


@pytest.mark.parametrize("column", ["close", "total_return"])
def test_a_split_in_one_of_the_two_columns_is_named(clean, name, column):
    def change(prices):
        before = (prices["ticker"] == name) & (prices["date"] < DAY)
        on = (prices["ticker"] == name) & (prices["date"] == DAY)
        if column == "close":
            prices.loc[before, "close"] *= 2
        else:
            prices.loc[on, "total_return"] = (1 + prices.loc[on, "total_return"]) / 2 - 1
        return prices

    [finding] = of_key(prices_with(clean, change), "close_not_adjusted")
    assert (finding.subject, finding.date) == (name, "2025-01-14")
    assert bool(finding.doubt) == (column == "total_return")  # of a close alone no return is wrong


def test_returns_a_day_late_are_refused(clean):
    def late(prices):
        prices = prices.sort_values(["ticker", "date"])
        return prices.assign(total_return=prices.groupby("ticker")["total_return"].shift(1).fillna(0)).reset_index(drop=True)

    [finding] = of_key(prices_with(clean, late), "returns_off_close")
    assert finding.refused


def test_returns_of_one_name_below_its_close_are_named_with_what_they_move(clean, name):
    def low(prices):
        on = (prices["ticker"] == name) & (prices["date"] == DAY)
        prices.loc[on, "total_return"] -= 0.03
        return prices

    [finding] = of_key(prices_with(clean, low), "negative_distribution")
    assert (finding.subject, finding.date) == (name, "2025-01-14")
    assert finding.doubt["2025-01-14"] == pytest.approx(-0.03, abs=1e-4)


def without_dividends(prices: pd.DataFrame, tickers: list[str]) -> pd.DataFrame:
    prices = prices.sort_values(["ticker", "date"])
    move = prices.groupby("ticker")["close"].pct_change()
    rows = prices["ticker"].isin(tickers) & prices["total_return"].notna() & move.notna()
    return prices.assign(total_return=prices["total_return"].where(~rows, move)).reset_index(drop=True)


def test_returns_without_any_dividend_are_named(clean):
    every = sorted(clean["prices"]["ticker"].unique())
    [finding] = of_key(prices_with(clean, lambda prices: without_dividends(prices, every)), "no_dividends")
    assert finding.table == "prices"


def test_a_payer_without_dividends_is_named(clean):
    filings, prices = clean["fundamentals"], clean["prices"]
    begins = prices["date"].min()
    inside = filings[(filings["dividends_per_share"] > 0) & (filings["period_end"] - pd.DateOffset(years=1) >= begins)]
    payer = str(inside["ticker"].iloc[0])
    [finding] = of_key(prices_with(clean, lambda table: without_dividends(table, [payer])), "dividends_missing")
    assert finding.subject == payer


def test_sessions_that_repeat_the_close_are_refused(clean):
    def stale(prices):
        sessions = np.sort(prices["date"].unique())
        last = prices[prices["date"] == sessions[-4]].set_index("ticker")["close"]
        rows = prices["date"].isin(sessions[-3:])
        prices.loc[rows, "close"] = prices.loc[rows, "ticker"].map(last)
        prices.loc[rows, "total_return"] = 0.0
        return prices

    findings = of_key(prices_with(clean, stale), "stale_session")
    assert len(findings) == 3
    assert all(each.refused for each in findings)


def test_a_session_in_which_a_third_of_the_names_stand_still_is_named(clean):
    some = sorted(clean["prices"]["ticker"].unique())[: NAMES // 3]

    def stale(prices):
        rows = prices["ticker"].isin(some) & (prices["date"] == DAY)
        prices.loc[rows, "total_return"] = 0.0
        return prices

    [finding] = of_key(prices_with(clean, stale), "stale_session")
    assert (finding.date, finding.refused) == ("2025-01-14", False)


def test_returns_of_the_session_before_are_found(clean):
    def repeat(prices):
        sessions = np.sort(prices["date"].unique())
        before = prices[prices["date"] == sessions[sessions < DAY][-1]].set_index("ticker")["total_return"]
        rows = prices["date"] == DAY
        prices.loc[rows, "total_return"] = prices.loc[rows, "ticker"].map(before)
        return prices

    assert of_key(prices_with(clean, repeat), "repeated_session")[0].date == "2025-01-14"


def test_a_price_that_repeats_for_two_weeks_is_named(clean, name):
    def stale(prices):
        rows = prices.index[(prices["ticker"] == name) & (prices["date"] >= DAY)][:10]
        prices.loc[rows, "close"] = prices.loc[rows[0], "close"]
        prices.loc[rows[1:], "total_return"] = 0.0
        return prices

    [finding] = of_key(prices_with(clean, stale), "stale_price")
    assert (finding.subject, finding.count) == (name, 9)


def shares_times(tables: Tables, ticker: str, factor: float, since: str, until: str = "2030-01-01") -> Tables:
    shares = tables["shares"].copy()
    rows = (shares["ticker"] == ticker) & shares["available_from"].between(pd.Timestamp(since), pd.Timestamp(until))
    assert rows.any()
    shares.loc[rows, "shares_out"] *= factor
    return tables | {"shares": shares}


def filed(tables: Tables, ticker: str) -> list[str]:
    days = tables["shares"].loc[tables["shares"]["ticker"] == ticker, "available_from"]
    return list(pd.DatetimeIndex(days.sort_values()).strftime("%Y-%m-%d"))


def test_each_time_that_a_price_repeats_is_told(clean, name):
    def stale(prices):
        for since in ("2024-03-12", "2025-01-14"):
            rows = prices.index[(prices["ticker"] == name) & (prices["date"] >= since)][:10]
            prices.loc[rows, "close"] = prices.loc[rows[0], "close"]
            prices.loc[rows[1:], "total_return"] = 0.0
        return prices

    dates = [each.date for each in of_key(prices_with(clean, stale), "stale_price")]
    assert dates == ["2024-03-13", "2025-01-15"]


def test_a_move_that_the_listed_split_of_its_day_does_not_explain_is_named_too(clean, name):
    split = pd.DataFrame({"ticker": [name], "ex_date": [DAY], "ratio": [2.0]})
    tables = prices_with(clean, lambda prices: unadjusted(prices, name, 10.0))
    tables["splits"] = pd.concat([tables["splits"], split], ignore_index=True)
    assert (of_key(tables, "split_unlisted")[0].subject, of_key(tables, "split_unlisted")[0].date) == (name, "2025-01-14")


def test_a_code_of_an_issuer_is_no_placeholder_and_keeps_its_case():
    labels = pd.Series(["NA", "na", "ＮＡ ", " "])
    assert spelt(labels, "issuer").fillna("").tolist() == ["NA", "na", "NA", ""]
    assert spelt(labels, "industry").isna().all()


def test_share_counts_as_filed_beside_a_split_are_named(clean, name):
    days = filed(clean, name)
    ex_date = pd.Timestamp(days[-1]) - pd.Timedelta(days=1)
    tables = shares_times(clean, name, 2.0, days[-1])
    split = pd.DataFrame({"ticker": [name], "ex_date": [ex_date], "ratio": [2.0]})
    tables["splits"] = pd.concat([tables["splits"], split], ignore_index=True)
    [finding] = of_key(tables, "shares_as_filed")
    assert (finding.subject, finding.date) == (name, days[-1])


def test_a_share_count_in_thousands_is_refused(clean, name):
    days = filed(clean, name)
    [finding] = of_key(shares_times(clean, name, 1e-3, days[-1]), "shares_unit")
    assert finding.refused
    assert of_key(shares_times(clean, name, 1e-3, days[0]), "dealt_unlike_shares")[0].subject == name


def test_a_share_count_that_jumps_and_comes_back_is_named(clean, name):
    inside = [day for day in filed(clean, name) if day > "2023-09"]
    assert len(inside) > 1
    [finding] = of_key(shares_times(clean, name, 2.0, inside[0], inside[0]), "shares_there_and_back")
    assert finding.subject == name


def test_closes_in_cents_are_refused_by_the_lists_and_named_by_the_filings(clean, name):
    def cents(prices):
        prices.loc[prices["ticker"] == name, "close"] *= 100
        return prices

    [finding] = of_key(prices_with(clean, cents), "cap_off_lists")
    assert finding.subject == name
    assert finding.refused
    assert of_key(prices_with(clean, cents), "cap_off_filings")[0].subject == name


def test_a_list_of_another_day_and_a_weight_that_is_not_its_names_are_found(clean, name):
    lists = clean["constituents"]
    dates = np.sort(lists["date"].unique())
    earlier = lists[lists["date"] == dates[-3]].assign(date=dates[-2])
    other = pd.concat([lists[lists["date"] != dates[-2]], earlier], ignore_index=True)
    [finding] = of_key(clean | {"constituents": other}, "list_of_another_day")
    assert (finding.subject, finding.date) == ("Large Index", f"{pd.Timestamp(dates[-2]):%Y-%m-%d}")

    wrong = lists.copy()
    on = (wrong["ticker"] == name) & (wrong["date"] == dates[-2])
    wrong.loc[on, "weight"] *= 3
    rest = (wrong["date"] == dates[-2]) & ~on
    wrong.loc[rest, "weight"] *= (1 - wrong.loc[on, "weight"].sum()) / wrong.loc[rest, "weight"].sum()
    assert of_key(clean | {"constituents": wrong}, "weight_off_cap")[0].subject == name


def test_a_list_with_equal_weights_among_lists_by_capitalisation_is_named(clean):
    lists = clean["constituents"].copy()
    date = np.sort(lists["date"].unique())[-2]
    rows = lists["date"] == date
    lists.loc[rows, "weight"] = 1 / rows.sum()
    [finding] = of_key(clean | {"constituents": lists}, "list_rescaled")
    assert (finding.subject, finding.date) == ("Large Index", f"{pd.Timestamp(date):%Y-%m-%d}")


def test_filings_known_at_the_end_of_their_period_are_refused(clean):
    filings = clean["fundamentals"]
    tables = clean | {"fundamentals": filings.assign(available_from=filings["period_end"])}
    [finding] = of_key(tables, "filings_at_period_end")
    assert finding.refused
    one = filings.copy()
    one.loc[one.index[5], "available_from"] = one.loc[one.index[5], "period_end"]
    [finding] = of_key(clean | {"fundamentals": one}, "filings_at_period_end")
    assert (finding.subject, finding.refused) == (one.loc[one.index[5], "ticker"], False)
    soon = filings.assign(available_from=filings["period_end"] + pd.Timedelta(days=3))
    assert of_key(clean | {"fundamentals": soon}, "filings_early")[0].refused


@pytest.mark.parametrize("factor", [1e-3, 1e3, 1e6])
def test_a_filing_in_another_unit_is_named(clean, name, factor):
    filings = clean["fundamentals"].copy()
    numbers = [c for c in filings if filings[c].dtype.kind == "f" and c != "dividends_per_share"]
    own = filings[filings["ticker"] == name]
    row = own["period_end"].idxmax()
    filings.loc[row, numbers] *= factor
    findings = of_key(clean | {"fundamentals": filings}, "filing_unit")
    assert {(each.subject, each.date) for each in findings} == {(name, f"{own['available_from'][row]:%Y-%m-%d}")}


def test_tables_without_a_row_are_named(clean):
    for table, key in (("fundamentals", "no_filings"), ("earnings", "no_announcements")):
        assert of_key(clean | {table: clean[table].iloc[:0]}, key)[0].table == table


def test_feeds_that_stopped_are_named(clean):
    filings, earnings = clean["fundamentals"], clean["earnings"]
    old = clean | {"fundamentals": filings[filings["available_from"] < "2024-02-01"]}
    [finding] = of_key(old, "filings_stopped")
    assert (finding.count, finding.shown[:3], finding.date) == (0, "0, ", f"{clean['prices']['date'].max():%Y-%m-%d}")
    assert not [each for each in found(clean) if each.key.endswith("_stopped")]
    old = clean | {"earnings": earnings[earnings["announced"] < "2024-11-01"]}
    assert of_key(old, "announcements_stopped")[0].table == "earnings"


@pytest.mark.parametrize("rates", [0.0004, 0.0009, "basis points"])
def test_yearly_rates_are_named(clean, rates):
    table = clean["rates"]
    days = np.arange(len(table))
    daily = (days % 5 + 1) * 1e-4 if rates == "basis points" else np.full(len(table), rates)
    assert of_key(clean | {"rates": table.assign(risk_free=daily)}, "rates_look_yearly")[0].table == "rates"


def test_an_exchange_rate_the_other_way_round_is_refused(clean):
    fx = clean["fx"]
    [finding] = of_key(clean | {"fx": fx.assign(rate=1 / fx["rate"])}, "fx_inverted")
    assert (finding.subject, finding.refused) == ("USDJPY", True)
    one = fx.copy()
    row = one.index[len(one) // 2]
    one.loc[row, "rate"] = 1 / one.loc[row, "rate"]
    assert of_key(clean | {"fx": one}, "fx_inverted")[0].date == f"{one.loc[row, 'date']:%Y-%m-%d}"
    jump = fx.copy()
    jump.loc[row, "rate"] *= 1.5
    assert of_key(clean | {"fx": jump}, "fx_jump")[0].subject == "USDJPY"


@pytest.mark.parametrize("index", ["Large Index", "Wide Index"])
def test_a_level_that_is_mistyped_or_stands_still_is_named_without_constituents_too(clean, index):
    january = clean["prices"][clean["prices"]["date"].between("2025-01-06", "2025-01-28")]
    day = january.groupby("date")["total_return"].mean().abs().idxmax()  # on which the market moves

    def levels(change):
        table = clean["indices"].copy()
        rows = table.index[(table["index"] == index) & (table["date"] == day)]
        before = table[(table["index"] == index) & (table["date"] < day)].sort_values("date")["level"].iloc[-1]
        table.loc[rows, "level"] = change(table.loc[rows, "level"], before)
        return clean | {"indices": table}

    [finding] = of_key(levels(lambda level, before: level * 1.05), "level_spike")
    assert (finding.subject, finding.date) == (index, f"{day:%Y-%m-%d}")
    [finding] = of_key(levels(lambda level, before: before), "stale_level")
    assert (finding.subject, list(finding.doubt)) == (index, [f"{day:%Y-%m-%d}"])


@pytest.mark.parametrize(
    "spelling", [str.upper, lambda text: text + "\u200b", lambda text: f" {text} ", lambda text: text.replace(" ", "\u3000")]
)
def test_a_sector_in_another_spelling_is_the_same_sector_and_counted(clean, spelling):
    securities = clean["securities"].copy()
    sector = next(text for text in securities["sector"].value_counts().index if " " in text)
    rows = securities.index[securities["sector"] == sector][1:3]
    securities.loc[rows, "sector"] = spelling(sector)
    market = build_market(clean | {"securities": securities})
    assert (market["sector"].to_series() == build_market(clean)["sector"].to_series()).all()
    respelt = [each for each in market_findings(market) if each.key == "respelt"]
    assert {each.subject for each in respelt} == set(securities.loc[rows, "ticker"])


def test_a_sector_that_stands_for_an_empty_cell_is_none(clean):
    securities = clean["securities"].copy()
    securities.loc[securities.index[3], "sector"] = "NaN"
    market = build_market(clean | {"securities": securities})
    ticker = securities.loc[securities.index[3], "ticker"]
    assert market["sector"].sel(asset=ticker).item() == ""
    assert {(each.key, each.subject) for each in market_findings(market)} >= {("placeholder", ticker), ("no_sector", ticker)}


def test_spellings_become_the_most_frequent_one():
    labels = pd.Series(["Energy", "ENERGY", "Energy", "Ｅｎｅｒｇｙ", "Real  Estate", None, "n/a", "-"])
    assert one_spelling(labels).tolist()[:5] == ["Energy"] * 4 + ["Real Estate"]
    assert one_spelling(labels).isna().tolist() == [False] * 5 + [True] * 3
    assert plain("A\u200bB\u00a0C") == "AB C"


def test_findings_survive_as_text_and_are_summed_up_by_kind():
    findings = found_at("no_volume", "prices", [("2025-01-14", "A"), ("2025-01-13", "A"), ("2025-01-14", "B")])
    assert [Finding.read(str(each)) for each in findings] == findings
    assert [(each.subject, each.date, each.count) for each in findings] == [("A", "2025-01-13", 2), ("B", "2025-01-14", 1)]
    [fact] = summed_up(findings)
    assert (fact.values["rows"], fact.values["examples"]) == (3, ("2025-01-13 A", "2025-01-14 B"))


def test_a_register_lists_every_key_once():
    register: Register[int] = Register()
    register.rule("a", "b")(lambda held: [Finding("a", "prices", count=held)])
    register.rule("b")(lambda held: [])
    assert register.keys == ("a", "b")
    assert [each.count for each in register.find(3)] == [3]


def test_the_report_of_evidence_has_a_row_a_finding(clean, name):
    report = rm.evidence_report(build_market(prices_with(clean, lambda prices: unadjusted(prices, name, 2.0))))
    row = report[report["key"] == "split_unlisted"].iloc[0]
    assert (row["table"], row["ticker"], row["date"]) == ("prices", name, "2025-01-14")


TRUE_OF_THE_REAL_MARKET = {  # each looked at by hand; docs/methodology/evidence.md says what it is
    ("split_backwards", "WLH"), ("unexplained_move", "RTRX"), ("unexplained_move", "TRXC"), ("split_unlisted", "MTW"),
    ("shares_there_and_back", "CARA"), ("shares_there_and_back", "HIVE"), ("shares_there_and_back", "RTRX"),
    ("cap_off_filings", "ICPT"), ("cap_off_filings", "TXMD"), ("cap_off_filings", "YRCW"),
    *(("dividends_missing", ticker) for ticker in ("COO", "FICO", "LXFT", "PCP", "PVH", "PXD", "WNC")),
    *(("stale_price", ticker) for ticker in ("CMCO", "CUBI", "GWB", "INSY", "KPTI", "NWPX", "PEIX")),
    *(("stale_price", ticker) for ticker in ("RTRX", "SQBG", "TBPH", "TGTX", "UIHC")),
    *(("close_there_and_back", ticker) for ticker in ("GTT", "OTTR", "TGTX", "VVI")),
    *(("volume_unit", ticker) for ticker in ("BAS", "BCEI", "HK", "INSY", "KEG", "RGLS", "SAIC", "WLH")),
    *(("balance_sheet_open", ticker) for ticker in ("AAL", "CHK", "PCAR")),
    *(("figure_zero", ticker) for ticker in ("APAM", "BURL", "EIGI", "MBUU", "RMAX", "SFE")),
    *(("dividends_unlike_filings", ticker) for ticker in ("ALEX", "FTR", "SNV")),
    ("zero_return", "CB"), ("filing_interval", "MCS"), ("eps_unit", "BCEI"), ("eps_unit", "JONE"),
}  # fmt: skip


@pytest.mark.real_market
def test_what_is_found_in_the_real_market_is_true_of_it(real_market):
    there_before = HARMLESS | {"large_distribution", "no_prices", "no_share_count", "dividend_skipped"}
    findings = {(each.key, each.subject) for each in market_findings(real_market) if each.key not in there_before}
    assert findings == TRUE_OF_THE_REAL_MARKET, REAL
    lacking = {each.subject for each in market_findings(real_market) if each.key == "dividend_skipped"}
    assert lacking > {"ABT", "ADP", "AET", "AMAT", "AMGN"}  # which paid in those quarters
    assert not [each for each in market_findings(real_market) if each.refused]


def test_volumes_of_names_without_a_share_count_are_held_against_nothing():
    tables = random_tables(assets=6, sessions=30)
    counted = tables["shares"]
    one = counted[counted["ticker"] == counted["ticker"].iloc[0]]
    assert "volume_unit" not in {finding.key for finding in market_findings(build_market(tables | {"shares": one}))}
