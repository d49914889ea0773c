"""What a draft states of a file that is asked for is a comment; codes, events and pairs that must be said are asked."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.lists import lists_in
from attribution.portfolio.drafting.text import drafted_text
from riskmodel.errors import InputError
from riskmodel.market.market import build_market
from riskmodel.market.sources.recognition.evidence.headers import of_another_kind
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.builders import random_tables
from tests.riskmodel.market.sources.odd_folders import GROUPS, ISINS, TICKERS, lists
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_takes import market
from tests.riskmodel.market.sources.test_recognised_versions import warehouse

QUARTERS = pd.date_range("2024-02-01", periods=4, freq="QS")


def drafted(folder):
    text = drafted_text(looked(folder), folder, folder / "book")
    return text, tomllib.loads(text)


def test_of_a_file_that_one_kind_of_evidence_speaks_for_nothing_is_stated(tmp_path):
    """A rate of lending by code looks like levels of indices: neither its columns nor its names are taken."""
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    days = level.index.strftime("%Y-%m-%d")
    lent = [(day, code, 200 + 0.1 * number) for number, day in enumerate(days) for code in ("Z1", "Z2")]
    pd.DataFrame(lent, columns=["Date", "Paper", "Rebate"]).to_csv(tmp_path / "lending.csv", index=False)
    text, book = drafted(tmp_path)
    assert draft(tmp_path, "indices").uncertain
    assert book["tables"]["indices"] == {"file": "?"} and book["report"]["indices"] == []
    assert "# So lending.csv would be read" in text and '# index = "Paper"' in text


def test_of_two_files_written_in_other_ways_nothing_is_stated_and_of_two_alike_what_both_have(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    held = lists().query("portfolio == 'major'")
    held.to_csv(tmp_path / "a_positions.csv", index=False)
    held.to_csv(tmp_path / "positions_prel.csv", index=False)
    assert drafted(tmp_path)[1]["tables"]["holdings"]["file"] == "?"
    assert not draft(tmp_path, "holdings").uncertain
    other = held.rename(columns={"weight": "Weight %", "portfolio": "Fund"}).assign(**{"Weight %": held["weight"] * 100})
    other.to_csv(tmp_path / "custody_positions.csv", index=False)
    assert draft(tmp_path, "holdings").uncertain
    assert drafted(tmp_path)[1]["tables"]["holdings"] == {"file": "?"}
    assert dict(lists_in(looked(tmp_path)).portfolios) == {}


def test_where_it_is_asked_which_code_tells_stocks_apart_each_table_says_by_which_it_names_them(tmp_path):
    warehouse(tmp_path)
    path = tmp_path / "dim_security.csv"
    rows = pd.read_csv(path, dtype=str)
    rows["security_sk"] = [str(70_001 + place) for place in range(len(rows))]  # a key a version
    keys = dict(zip(rows["tkr"], rows["security_sk"], strict=True))
    rows = rows.assign(sec_id=[str(11_000 + TICKERS.index(name)) for name in rows["tkr"]]).drop(columns="is_current")
    rows["tkr"] = rows["tkr"].where(rows["eff_to_dt"] != "2022-09-30", rows["tkr"] + "O")
    rows.drop(columns=["eff_from_dt", "eff_to_dt"]).to_csv(path, index=False)
    now = {str(10_101 + 7 * place): keys[ticker] for place, ticker in enumerate(TICKERS) if ticker in keys}
    for name in ("fact_price.csv", "fact_position.csv"):
        facts = pd.read_csv(tmp_path / name, dtype={"security_sk": str})
        facts["security_sk"] = facts["security_sk"].replace(now)
        facts.to_csv(tmp_path / name, index=False)
    found = looked(tmp_path)
    securities, prices = found.draft("securities"), found.draft("prices")
    assert securities is not None and prices is not None
    assert securities.stated["columns"]["ticker"] == "?"
    assert {"sec_id", "security_sk"} <= {*securities.why["columns", "ticker"][0].values["labels"]}
    assert prices.stated["identifiers"] == "security_sk" and securities.stated["columns"]["security_sk"] == "security_sk"


def test_prices_of_which_a_few_rows_are_superseded_are_prices_and_it_is_asked_which(tmp_path):
    """A and S in a column are active and superseded here, not bought and sold."""
    master(tmp_path)
    frame, _ = market()
    rows = frame.rename(columns={"date": "D1", "ticker": "K", "close": "PX_LAST_1", "total_return": "R1", "volume": "Q1"})
    again = rows.iloc[:3].assign(PX_LAST_1=lambda each: each["PX_LAST_1"] * 1.01, ROW_STAT="S")
    pd.concat([rows.assign(ROW_STAT="A"), again]).to_csv(tmp_path / "fact.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.stated["drop"] == "?" and "ROW_STAT: A, S" in found.why["drop",][0].values["cells"]
    assert not of_another_kind(found.group)


def test_a_code_that_a_master_has_as_that_of_before_is_asked(tmp_path):
    sectors = [GROUPS[place % 3] for place in range(len(TICKERS))]
    former = ["" for _ in TICKERS[:-1]] + ["OLD1"]
    rows = pd.DataFrame({"Code": TICKERS, "Former code": former, "Company": [f"{t} AG" for t in TICKERS], "Sector": sectors})
    rows.to_csv(tmp_path / "master.csv", index=False)
    frame, _ = market()
    early = (frame["ticker"] == TICKERS[-1]) & (frame["date"] < frame["date"].median())
    frame.assign(ticker=frame["ticker"].mask(early, "OLD1")).to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    [question] = found.why["values", "ticker", "OLD1"]
    assert found.stated["values"]["ticker"] == {"OLD1": "?"}
    assert dict(question.values) == {"label": "Former code", "cell": "OLD1", "code": TICKERS[-1]}


def test_results_without_a_figure_that_are_other_events_are_asked(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    rng = np.random.default_rng(5)
    told = [
        (ticker, day, "RESULT", 1 + number / 7, round((1 + number / 7) * rng.normal(1, 0.05), 2))
        for number, ticker in enumerate(TICKERS) for day in QUARTERS
    ]  # fmt: skip
    meetings = [(ticker, day + pd.Timedelta(days=30), "MEETING", None, None) for ticker in TICKERS for day in QUARTERS[:1]]
    columns = ["Symbol", "Announced", "Event", "EPS estimate", "EPS actual"]
    pd.DataFrame(told + meetings, columns=columns).to_csv(tmp_path / "agenda.csv", index=False)
    found = draft(tmp_path, "earnings")
    [question] = found.why["drop",]
    assert found.stated["drop"] == "?"
    assert (question.values["rows"], question.values["cells"]) == (len(TICKERS), ("Event: MEETING",))
    pd.DataFrame(told, columns=columns).to_csv(tmp_path / "agenda.csv", index=False)
    assert "drop" not in draft(tmp_path, "earnings").stated


def test_pairs_with_a_mark_between_are_stated_as_six_letters(tmp_path):
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    rows = [(day, pair, 140.0) for day in level.index for pair in ("USD/JPY", "EUR/USD")]
    pd.DataFrame(rows, columns=["Date", "Currency pair", "Rate"]).to_csv(tmp_path / "fx.csv", index=False)
    assert draft(tmp_path, "fx").stated["values"]["pair"] == {"EUR/USD": "EURUSD", "USD/JPY": "USDJPY"}


@pytest.mark.parametrize("table", ["fundamentals", "earnings"])
def test_a_table_of_which_no_ticker_has_prices_is_refused(table):
    """Another code for the same stocks: every row would find no place, and what it feeds would be left out."""
    tables = random_tables(assets=12, sessions=80, seed=1)
    wrong = tables | {table: tables[table].assign(ticker="7" + tables[table]["ticker"].astype(str))}
    with pytest.raises(InputError, match=rf"{table}: none of its 1\d tickers has prices: 7T0.*state identifiers in"):
        build_market(wrong)


def test_isins_stay_what_they_are_where_no_column_has_codes_of_before(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.assign(ticker=frame["ticker"].map(dict(zip(TICKERS, ISINS, strict=True)))).to_csv(tmp_path / "px.csv", index=False)
    found = recognise(tmp_path).draft("prices")
    assert found is not None and "values" not in found.stated


def test_prices_with_a_file_a_day_whose_day_is_in_the_names_alone_are_named_with_their_mapping(tmp_path):
    master(tmp_path)
    frame, _ = market()
    for day, rows in frame.groupby("date"):
        rows = rows.rename(columns={"close": "Close", "ticker": "Symbol"})[["Symbol", "Close", "volume"]]
        rows.to_csv(tmp_path / f"px_{day:%Y%m%d}.csv", index=False)
    [row] = [each for each in looked(tmp_path).found if each.file.startswith("px_") and not each.column]
    assert (row.verdict, row.table, row.why[0].key) == ("asked", "prices", "file_a_day")
    assert (row.why[0].values["file"], row.why[0].values["form"]) == ("px_{date}.csv", "YYYYMMDD")


def test_a_sheet_of_returns_with_dividends_is_none_of_dividends(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.drop(columns="total_return").to_csv(tmp_path / "prices.csv", index=False)
    wide = frame.pivot(index="date", columns="ticker", values="total_return").reset_index()
    wide.to_csv(tmp_path / "配当込み.csv", index=False)
    wide.to_csv(tmp_path / "returns.csv", index=False)
    rows = [each for each in looked(tmp_path).found if each.file == "配当込み.csv"]
    assert not any(each.ours == "dividend" for each in rows)


def test_a_rate_of_which_it_is_asked_which_file_it_is_makes_the_rate_of_the_book_a_question(tmp_path):
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    slow = 3.5 + 0.001 * np.arange(len(level))
    pd.DataFrame({"Date": level.index, "c1": slow / 25_000}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"Day": level.index, "c2": slow / 24_000, "c3": "x"}).to_csv(tmp_path / "b.csv", index=False)
    text, book = drafted(tmp_path)
    found = draft(tmp_path, "rates")
    assert found.uncertain and book["tables"]["rates"] == {"file": "?"}
    assert book["book"]["risk_free"] == "?" and "a rate of cash? Then map it in [tables.rates]" in text
