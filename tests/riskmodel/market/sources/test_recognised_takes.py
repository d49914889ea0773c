"""Takes that were wrong, each by its kind: what cells disprove is a question, and nothing is taken beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.market.sources.odd_folders import ISINS, TICKERS, lists, prices
from tests.riskmodel.market.sources.test_recognised_houses import looked, master, workbook


def draft(folder: Path, table: str) -> Draft:
    found = looked(folder).draft(table)
    assert found is not None
    return found


def test_candidates_of_two_units_are_a_question_of_the_unit_and_never_an_error(tmp_path):
    """All totals say millions but for the number of people, which may be ordinary income as far as cells tell."""
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    rows = [(isin, f"{year}-12-31", f"{year + 1}-02-1{year % 10}") for isin in ISINS for year in (2021, 2022, 2023)]
    frame = pd.DataFrame(rows, columns=["ISIN", "Geschäftsjahresende", "Veröffentlicht am"])
    ahead = pd.Series(range(len(frame))) * 1.37 + 40
    amounts = {"Umsatzerlöse": 9.0, "Umsatzerlöse Vorjahr": 8.7, "Rohertrag": 3.1, "Betriebsergebnis": 1.1}
    amounts |= {"Jahresüberschuss": 0.7, "Bilanzsumme": 20.0, "Verbindlichkeiten": 12.0, "Eigenkapital": 8.0}
    amounts |= {"Finanzschulden": 2.5, "Operativer Cashflow": 0.9}
    frame = frame.assign(**{f"{name} (Mio)": (ahead * times).round(2) for name, times in amounts.items()})
    frame.assign(Mitarbeiter=(ahead * 31).astype(int)).to_csv(tmp_path / "abschluss.csv", index=False)
    assert recognise(tmp_path).draft("fundamentals") is not None
    assert ("unit",) in draft(tmp_path, "fundamentals").questions()


@pytest.mark.parametrize("funds", [["成長株ファンド", "好配当株ファンド"], ["成長株ファンド"]])
def test_workbooks_of_two_funds_a_month_are_one_table_and_no_portfolio_has_a_day_in_its_name(funds, tmp_path):
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    (tmp_path / "held").mkdir()
    for fund in funds:
        rows = lists().query("portfolio == 'major'")
        for day in rows["date"].unique():
            frame = rows[rows["date"] == day][["ticker", "weight"]]
            workbook(tmp_path / "held" / f"{fund}_{pd.Timestamp(day):%Y%m%d}.xlsx", {"Held": ([], frame, [])})
    found = draft(tmp_path, "holdings").stated
    if len(funds) > 1:
        assert (found["file"], found.get("constant")) == ("held/{portfolio}_{date}.xlsx", None)
    else:
        assert (found["file"], found["constant"]) == ("held/成長株ファンド_{date}.xlsx", {"portfolio": "成長株ファンド"})


def market(sessions: int = 70) -> tuple[pd.DataFrame, pd.Series]:
    """date, ticker, close, total_return, volume of stocks that move together, and a level of their mean."""
    random = np.random.default_rng(11)
    days = pd.bdate_range("2024-01-29", periods=sessions)
    common = random.normal(0, 0.01, (sessions, 1))
    moves = common + random.normal(0, 0.008, (sessions, len(TICKERS)))
    close = pd.DataFrame(np.linspace(20, 300, len(TICKERS)) * np.exp(np.cumsum(moves, axis=0)), days, TICKERS).round(4)
    frame = close.rename_axis("date").melt(var_name="ticker", value_name="close", ignore_index=False).reset_index()
    frame["total_return"] = frame.groupby("ticker")["close"].pct_change().round(6)
    frame["volume"] = random.lognormal(10, 0.6, len(frame)).round()
    return frame, pd.Series(1000 * np.exp(np.cumsum(moves.mean(axis=1))), days).round(2)


def test_yields_across_are_no_levels_of_indices_but_perhaps_rates(tmp_path):
    """Nor are currencies: an index goes with the stocks of the folder."""
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    steps = np.random.default_rng(3).normal(0, 0.02, (len(level), 2))
    yields = pd.DataFrame(np.array([5.2, 4.1]) + np.cumsum(steps, axis=0), level.index, ["3M Bill", "10Y Note"]).round(2)
    yields.rename_axis("Date").to_csv(tmp_path / "treasuries.csv")
    found = looked(tmp_path)
    rates = found.draft("rates")
    assert found.draft("indices") is None and rates is not None
    assert ("columns", "risk_free") in rates.questions()
    (yields * 300).rename_axis("Date").to_csv(tmp_path / "treasuries.csv")  # as large as levels: no rate, and no index
    found = looked(tmp_path)
    assert found.draft("indices") is None and found.draft("rates") is None
    assert [fact.key for each in found.found if each.file == "treasuries.csv" for fact in each.why] == ["levels_apart"]


def test_of_levels_across_in_pairs_those_without_dividends_are_asked_to_be_left_out(tmp_path):
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    paid = np.where(np.arange(len(level)) % 7 == 3, 1.0008, 1.0)
    pair = {"Atlas 30": level, "Atlas 30 DR": (level * 1.9 * np.cumprod(paid)).round(3)}
    pd.DataFrame(pair).rename_axis("Date").to_csv(tmp_path / "niveaux.csv")
    found = draft(tmp_path, "indices")
    assert ("fields", "level", "beside") in found.questions()
    assert found.why["fields", "level", "beside"][0].values["labels"] == ("Atlas 30",)


def test_counts_in_a_table_that_sums_to_a_whole_a_day_are_those_of_lists(tmp_path):
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    days = [day for day in level.index if day.is_month_end or day in (level.index[0], level.index[25])]
    rows = pd.DataFrame([(day, ticker) for day in days for ticker in TICKERS[:6]], columns=["Date", "Ticker"])
    rows["Shares (mm)"] = [100.5 * 3 ** (place % 6) for place in range(len(rows))]
    rows.assign(Wgt=[30.0, 25.0, 20.0, 15.0, 7.0, 3.0] * len(days)).to_csv(tmp_path / "members.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("shares") is None
    lists_of_index = found.draft("constituents")
    assert lists_of_index is not None and lists_of_index.labels["weight"] == "Wgt"


def test_targets_now_and_then_are_neither_prices_nor_counts_of_shares(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.rename(columns={"close": "Px"}).to_csv(tmp_path / "history.csv", index=False)
    some = frame.iloc[::23]
    targets = pd.DataFrame({"Ticker": some["ticker"], "Date": some["date"], "Target Price": (some["close"] * 1.1).round()})
    targets.to_csv(tmp_path / "a_targets.csv", index=False)
    found = looked(tmp_path)
    assert {each.file for each in found.found if each.table == "prices" and each.verdict == "understood"} == {"history.csv"}
    assert found.draft("shares") is None


def test_a_member_without_prices_that_one_word_sets_apart_is_asked_as_cash_and_whether_it_is_no_security(tmp_path):
    frame, _ = market()
    sectors = ["UNKNOWN", *(["Energy", "Banks", "Health"] * 4)]
    keys = ["-1", *(str(100_000 + 7 * place) for place in range(len(TICKERS)))]
    pd.DataFrame({"SEC_SK": keys, "TKR": ["N/A", *TICKERS], "Sector": sectors}).to_csv(
        tmp_path / "securities.csv", index=False
    )
    key = dict(zip(TICKERS, keys[1:], strict=True))
    frame.assign(ticker=frame["ticker"].map(key)).rename(columns={"ticker": "SEC_SK"}).to_csv(
        tmp_path / "px.csv", index=False
    )
    rows = [
        (fund, day, name, "CSH" if name == "-1" else "EQ", 0.2)
        for fund, first in (("A", 1), ("B", 4))
        for day in ("2024-01-31", "2024-02-29")
        for name in [*keys[first : first + 4], "-1"]
    ]
    held = pd.DataFrame(rows, columns=["portfolio", "date", "SEC_SK", "Class", "weight"])
    held.to_csv(tmp_path / "positions.csv", index=False)
    found = looked(tmp_path)
    lists_of_funds, securities = found.draft("holdings"), found.draft("securities")
    assert lists_of_funds is not None and securities is not None
    assert lists_of_funds.stated["cash"] == "?" and lists_of_funds.why["cash",][0].values["words"] == ("CSH",)
    assert securities.stated["drop"] == "?" and '["-1"]' in securities.why["drop",][0].values["answer"]
