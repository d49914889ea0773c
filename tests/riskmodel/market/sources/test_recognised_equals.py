"""Columns, rows, portfolios and benchmarks beside which others are as good: each is a question that names them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.lists import lists_in
from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.recognition.evidence.market import without_dividends
from tests.riskmodel.market.sources.odd_folders import GROUPS, ISINS, TICKERS, lists
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_takes import market


def drafted(folder: Path) -> dict[str, Any]:
    return tomllib.loads(drafted_text(looked(folder), folder, folder / "book"))


def held(folder: Path, *portfolios: str, **columns: str) -> pd.DataFrame:
    """Prices, securities and lists of two portfolios under these names."""
    master(folder)
    frame, level = market()
    frame.to_csv(folder / "prices.csv", index=False)
    rows = lists()
    rows["date"] = rows["date"].map(dict(zip(sorted(rows["date"].unique()), level.index[[0, 22]], strict=True)))
    names = dict(zip(("major", "next_major"), portfolios, strict=True))
    rows["portfolio"] = rows["portfolio"].map(names)
    for label, text in columns.items():
        rows[label] = np.where(rows["portfolio"] == portfolios[1], text, "Growth")
    rows.to_csv(folder / "holdings.csv", index=False)
    return level.rename("level").rename_axis("date").reset_index()


@pytest.mark.parametrize(
    ("portfolio", "name"), [("MOD99", "x"), ("M001", "モデルポートフォリオ"), ("90001", "Musterdepot"), ("PAPER_X", "x")]
)
def test_a_portfolio_that_is_named_a_model_is_asked(portfolio, name, tmp_path):
    held(tmp_path, "A001", portfolio, Title=name)
    sleeves = drafted(tmp_path)["sleeves"]
    assert (sleeves[portfolio]["holdings"], sleeves["A001"]["holdings"]) == ("?", "A001")


def test_a_portfolio_without_a_value_where_the_others_have_one_is_asked(tmp_path):
    level = held(tmp_path, "A001", "A002")
    both = pd.concat([level.assign(Fund="A001"), level.assign(Fund="B007", level=level["level"] * 2)])
    both.rename(columns={"level": "NAV"}).to_csv(tmp_path / "nav.csv", index=False)
    assert drafted(tmp_path)["sleeves"]["A002"]["holdings"] == "?"


def test_the_only_list_of_members_is_no_benchmark_beside_levels_of_another_index(tmp_path):
    level = held(tmp_path, "A001", "A002")
    days = level["date"].iloc[[0, 22]]
    members = pd.DataFrame([(day, "LRG", ticker, 1 / len(TICKERS)) for day in days for ticker in TICKERS])
    members.set_axis(["date", "index", "ticker", "weight"], axis=1).to_csv(tmp_path / "members.csv", index=False)
    level.assign(index="LRG").to_csv(tmp_path / "levels.csv", index=False)
    assert drafted(tmp_path)["sleeves"]["A001"]["benchmark"] == "LRG"
    both = pd.concat([level.assign(index="LRG"), level.assign(index="ALL", level=level["level"] * 2)])
    both.to_csv(tmp_path / "levels.csv", index=False)
    assert drafted(tmp_path)["sleeves"]["A001"]["benchmark"] == "?"


def test_the_only_list_of_members_is_no_benchmark_of_a_portfolio_that_holds_others(tmp_path):
    level = held(tmp_path, "A001", "A002")
    days = level["date"].iloc[[0, 22]]
    members = pd.DataFrame([(day, "LRG", ticker, 0.25) for day in days for ticker in TICKERS[8:]])
    members.set_axis(["date", "index", "ticker", "weight"], axis=1).to_csv(tmp_path / "members.csv", index=False)
    level.assign(index="LRG").to_csv(tmp_path / "levels.csv", index=False)
    assert drafted(tmp_path)["sleeves"]["A001"]["benchmark"] == "?"


def test_two_days_after_the_end_of_a_period_are_asked_which_was_the_filing(tmp_path):
    held(tmp_path, "A001", "A002")
    rows = pd.DataFrame([(isin, year) for isin in ISINS for year in (2021, 2022, 2023)], columns=["ISIN", "y"])
    size = pd.Series(np.geomspace(40, 900, len(rows)))
    out = {"ISIN": rows["ISIN"], "Period end": [f"{year}-12-31" for year in rows["y"]]}
    out |= {"Results day": [f"{year + 1}-02-{10 + place % 15}" for place, year in enumerate(rows["y"])]}
    out |= {"Filing date": [f"{year + 1}-03-{10 + place % 15}" for place, year in enumerate(rows["y"])]}
    amounts = {"Sales": 0.7, "Net income": 0.06, "Total assets": 1.0, "Total liabilities": 0.6, "Equity": 0.4}
    frame = pd.DataFrame(out).assign(**{f"{name} (USD mn)": (size * share).round(2) for name, share in amounts.items()})
    frame.to_csv(tmp_path / "accounts.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    [question] = found.why["columns", "available_from"]
    assert found.stated["columns"]["available_from"] == "?"
    assert question.values["labels"] == ("Filing date", "Results day")


def test_two_schemes_of_sectors_are_asked_and_a_finer_one_is_none(tmp_path):
    held(tmp_path, "A001", "A002")
    frame = pd.DataFrame({"Symbol": TICKERS, "ISIN": ISINS, "Company": [f"{ticker} Industries" for ticker in TICKERS]})
    frame["Sector"] = [GROUPS[place % 3] for place in range(len(TICKERS))]
    frame["Industry"] = [f"{group} {place % 2}" for place, group in enumerate(frame["Sector"])]
    frame.to_csv(tmp_path / "master.csv", index=False)
    assert draft(tmp_path, "securities").labels["sector"] == "Sector"
    frame["House sector"] = ["Growth" if place < 5 else "Value" for place in range(len(TICKERS))]
    frame.to_csv(tmp_path / "master.csv", index=False)
    found = draft(tmp_path, "securities")
    assert found.stated["columns"]["sector"] == "?"
    assert {*found.why["columns", "sector"][0].values["labels"]} == {"Sector", "House sector"}


def test_a_ticker_that_changes_beside_a_permanent_number_is_asked_and_that_number_named_first(tmp_path):
    held(tmp_path, "A001", "A002")
    numbers = [str(10_001 + 7 * place) for place in range(len(TICKERS))]
    frame = pd.DataFrame({"permno": numbers, "ticker": TICKERS, "Company": [f"{ticker} Industries" for ticker in TICKERS]})
    frame = pd.concat([frame.assign(Sector=list(GROUPS) * 4), frame.iloc[[3]].assign(ticker="OLD", Sector="Energy")])
    frame.to_csv(tmp_path / "master.csv", index=False)
    prices = pd.read_csv(tmp_path / "prices.csv")
    key = dict(zip(TICKERS, numbers, strict=True))
    prices.assign(ticker=prices["ticker"].map(key)).rename(columns={"ticker": "permno"}).to_csv(
        tmp_path / "prices.csv", index=False
    )
    found = draft(tmp_path, "securities")
    assert found.stated["columns"]["ticker"] == "?"
    assert found.why["columns", "ticker"][0].values["labels"] == ("permno", "ticker")


def test_rows_of_one_key_that_another_column_tells_apart_are_asked_which_are_left_out(tmp_path):
    level = held(tmp_path, "A001", "A002")
    parts = [level.assign(index=name, kind=kind) for name in ("LRG", "SML") for kind in ("PR", "GR", "NR")]
    pd.concat(parts).to_csv(tmp_path / "levels.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["drop"] == "?" and found.why["drop",][0].values["cells"] == ("kind: GR, NR, PR",)


def test_a_file_that_is_named_as_rates_makes_a_question_of_the_risk_free_rate(tmp_path):
    level = held(tmp_path, "A001", "A002")
    columns = {"Money (bp)": [-40.0, 90.0], "Bond": [250.0, 310.0], "Dividend yield": [180.0, 175.0]}
    steps = np.linspace(0, 1, len(level))
    frame = pd.DataFrame({"date": level["date"], **{name: a + (b - a) * steps for name, (a, b) in columns.items()}})
    frame.to_csv(tmp_path / "rates.csv", index=False)
    assert drafted(tmp_path)["book"]["risk_free"] in ("?", "rates")
    tall = frame.melt("date", var_name="code", value_name="number")
    tall.rename(columns={"number": "v"}).to_csv(tmp_path / "fct_rate.csv", index=False)
    (tmp_path / "rates.csv").unlink()
    assert drafted(tmp_path)["book"]["risk_free"] in ("?", "rates")  # with a row a rate


@pytest.mark.parametrize("other", ["Sector (house)", "Secteur interne"])
def test_a_second_header_that_says_sector_is_asked_though_it_lies_in_the_first(other, tmp_path):
    held(tmp_path, "A001", "A002")
    frame = pd.DataFrame({"Symbol": TICKERS, "ISIN": ISINS, "Company": [f"{ticker} Industries" for ticker in TICKERS]})
    frame["ICB Industry"] = ["Cyclical" if place % 3 else "Defensive" for place in range(len(TICKERS))]
    frame[other] = [GROUPS[place % 3] for place in range(len(TICKERS))]
    frame.to_csv(tmp_path / "master.csv", index=False)
    found = draft(tmp_path, "securities")
    assert "sector" not in found.labels or found.labels["sector"] == other
    if "sector" not in found.labels:
        assert {*found.why["columns", "sector"][0].values["labels"]} == {"ICB Industry", other}


@pytest.mark.parametrize("odd", ["a factor", "below zero"])
def test_a_price_beside_a_factor_or_below_zero_is_asked(odd, tmp_path):
    """CRSP's prc is as traded, and minus the mean of bid and ask where nothing was traded."""
    held(tmp_path, "A001", "A002")
    frame = pd.read_csv(tmp_path / "prices.csv").rename(columns={"close": "prc"})
    if odd == "a factor":
        frame["cfacpr"] = 1.0 + (frame["ticker"] < "AFC")
    else:
        frame.loc[::97, "prc"] *= -1
    frame.to_csv(tmp_path / "prices.csv", index=False)
    assert draft(tmp_path, "prices").stated["columns"]["close"] == "?"
    frame.rename(columns={"date": "caldt", "ticker": "tkr_now"}).to_csv(tmp_path / "prices.csv", index=False)  # by cells
    assert draft(tmp_path, "prices").stated["columns"]["close"] == "?"


def results(folder: Path, **days: str) -> None:
    """Announcements of two quarters, with these columns of days."""
    rows = pd.DataFrame([(isin, quarter) for isin in ISINS for quarter in (0, 1, 2)], columns=["ISIN", "q"])
    ends = pd.DatetimeIndex(["2023-09-30", "2023-12-31", "2024-03-31"])[rows["q"]]
    later = {"end": 0, "told": 25, "next": 100, "lagged": 0}
    out = {"ISIN": rows["ISIN"]}
    out |= {
        label: ends + pd.to_timedelta(later[kind] + (np.arange(len(rows)) % 9 if later[kind] else 0), "D")
        for label, kind in days.items()
    }
    actual = pd.Series(np.random.default_rng(5).normal(2, 0.7, len(rows)).round(2))
    amounts = {"EPS actual": actual, "EPS estimate": (actual * 0.96 + 0.01).round(2)}
    pd.DataFrame(out).assign(Session="pre", **amounts).to_csv(folder / "results.csv", index=False)


def test_a_day_on_ends_of_months_is_no_announcement_and_those_after_it_are_named(tmp_path):
    held(tmp_path, "A001", "A002")
    results(tmp_path, **{"Date": "end", "Result day": "told", "Next": "next"})
    found = draft(tmp_path, "earnings")
    assert found.stated["columns"]["announced"] == "?"
    assert found.why["columns", "announced"][0].values["labels"] == ("Result day", "Next")
    results(tmp_path, **{"Date": "end"})
    assert draft(tmp_path, "earnings").stated["columns"]["announced"] == "?"


def test_an_announcement_beside_the_end_of_its_period_alone_is_taken_and_beside_another_day_asked(tmp_path):
    held(tmp_path, "A001", "A002")
    results(tmp_path, **{"Quarter": "end", "Announced": "told"})
    assert draft(tmp_path, "earnings").labels["announced"] == "Announced"
    results(tmp_path, **{"Quarter": "end", "Announced": "told", "Updated": "next"})
    found = draft(tmp_path, "earnings")
    assert found.why["columns", "announced"][0].values["labels"] == ("Announced", "Updated")


def test_prices_with_two_days_that_go_together_are_asked_which_is_that_of_the_trade(tmp_path):
    held(tmp_path, "A001", "A002")
    frame = pd.read_csv(tmp_path / "prices.csv", parse_dates=["date"])
    frame.insert(0, "value date", frame["date"] + pd.offsets.BDay(2))
    frame.to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.stated["columns"]["date"] == "?"
    assert {*found.why["columns", "date"][0].values["labels"]} == {"date", "value date"}


@pytest.mark.parametrize(("ours", "part", "other"), [
    ("total_debt", "Long-term debt", "Current portion of debt"),
    ("total_assets", "Current assets", "Non-current assets"),
    ("total_debt", "長期借入金", "短期借入金"),
])  # fmt: skip
def test_a_part_of_an_amount_is_never_the_whole(ours, part, other, tmp_path):
    held(tmp_path, "A001", "A002")
    rows = pd.DataFrame([(isin, year) for isin in ISINS for year in (2021, 2022, 2023)], columns=["ISIN", "y"])
    size = pd.Series(np.geomspace(40, 900, len(rows)))
    out = {"ISIN": rows["ISIN"], "Period end": [f"{year}-12-31" for year in rows["y"]]}
    out |= {"Filing date": [f"{year + 1}-03-{10 + place % 15}" for place, year in enumerate(rows["y"])]}
    amounts = {"Sales": 0.7, "Net income": 0.06, "Total liabilities": 0.6, "Equity": 0.4, part: 0.35, other: 0.11}
    frame = pd.DataFrame(out).assign(**{name: (size * share).round(2) for name, share in amounts.items()})
    frame.to_csv(tmp_path / "accounts.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert found.stated["columns"][ours] == "?"
    told = {label for fact in found.why["columns", ours] for label in fact.values.get("labels", ())}
    assert {part, other} <= told


@pytest.mark.parametrize("said", [False, True])
def test_of_levels_of_one_name_below_the_other_those_of_prices_are_asked_and_are_no_benchmark(said, tmp_path):
    """IT28 beside IT28TR, which gains on it all the time; or of another name, where a text says price."""
    level = held(tmp_path, "A001", "A002")
    gains = np.exp(0.0002 * np.arange(len(level)))
    total = "ALL" if said else "IT28TR"
    parts = [
        level.assign(index="IT28", about="Italy Price"),
        level.assign(index=total, about="Italy TR", level=level["level"] * gains),
    ]
    frame = pd.concat(parts)
    (frame if said else frame.drop(columns="about")).to_csv(tmp_path / "levels.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["drop"] == "?"
    frame.rename(columns={"level": "Valore", "index": "Codice"}).to_csv(tmp_path / "levels.csv", index=False)
    assert draft(tmp_path, "indices").why["drop",][0].values["labels"] == ("IT28",)
    (frame if said else frame.drop(columns="about")).to_csv(tmp_path / "levels.csv", index=False)
    assert (found.why["drop",][0].values["label"], found.why["drop",][0].values["labels"]) == ("index", ("IT28",))
    book = drafted(tmp_path)
    assert book["report"]["indices"] == [total] and "IT28" not in book["benchmarks"]


def test_of_two_files_of_results_that_with_what_was_told_is_first_and_both_are_asked(tmp_path):
    held(tmp_path, "A001", "A002")
    results(tmp_path, **{"対象期末": "end", "発表日": "told"})
    frame = pd.read_csv(tmp_path / "results.csv")
    forecasts = frame[["ISIN", "発表日", "EPS estimate"]].rename(columns={"EPS estimate": "EPS予想"})
    forecasts.to_csv(tmp_path / "a_forecasts.csv", index=False)
    frame["Session"] = np.where(np.arange(len(frame)) % 2, "寄前", "引後")
    names = {"EPS actual": "EPS実", "EPS estimate": "EPS市場予想", "Session": "時間帯"}
    frame.rename(columns=names).to_csv(tmp_path / "results.csv", index=False)
    found = draft(tmp_path, "earnings")
    assert found.stated["file"] == "?"
    assert found.why["file",][0].values["places"] == ("results.csv", "a_forecasts.csv")
    assert found.labels["eps_actual"] == "EPS実"


def test_words_for_the_session_are_taken_before_times_of_day_which_alone_are_one_question(tmp_path):
    held(tmp_path, "A001", "A002")
    results(tmp_path, **{"Quarter": "end", "Announced": "told"})
    frame = pd.read_csv(tmp_path / "results.csv").drop(columns="Session")
    frame["Time"] = [f"{7 + 9 * (place % 2):02d}:{place:02d}" for place in range(len(frame))]
    frame.to_csv(tmp_path / "results.csv", index=False)
    found = draft(tmp_path, "earnings")
    assert found.stated["columns"]["session"] == "?" and "values" not in found.stated
    frame["BMO_AMC"] = np.where(np.arange(len(frame)) % 2, "AMC", "BMO")
    frame.to_csv(tmp_path / "results.csv", index=False)
    found = draft(tmp_path, "earnings")
    assert found.labels["session"] == "BMO_AMC"
    assert found.stated["values"]["session"] == {"AMC": "post", "BMO": "pre"}


@pytest.mark.parametrize(
    ("behind", "ahead", "asked"),
    [
        ("NTR_Value", "Total Returns Index", True),
        ("Value", "Level", True),
        ("Net TR Level", "Level", True),
        ("PX Level", "TR Level", False),
        ("TR Level", "Level", True),
    ],
)
def test_of_two_levels_of_which_one_gains_on_the_other_both_are_named(behind, ahead, asked, tmp_path):
    """But for total return before tax that gains on all others."""
    level = held(tmp_path, "A001", "A002")
    rows = pd.concat([level.assign(index=name, level=level["level"] * times) for name, times in (("LRG", 1), ("SML", 2))])
    gained = np.exp(np.linspace(0, 0.01, len(level)))
    rows = rows.assign(**{behind: rows["level"], ahead: rows["level"] * np.tile(gained, 2)}).drop(columns="level")
    rows.to_csv(tmp_path / "levels.csv", index=False)
    found = draft(tmp_path, "indices")
    if asked:
        assert found.stated["columns"]["level"] == "?"
        assert {*found.why["columns", "level"][0].values["labels"]} == {ahead, behind}
    else:
        assert found.labels["level"] == ahead


def test_two_indices_that_gain_and_lose_on_each_other_by_little_are_no_pair():
    random = np.random.default_rng(5)
    moves = random.normal(0, 0.01, 430)
    near = moves + random.normal(0.000003, 0.000065, 430)
    days = pd.bdate_range("2024-01-01", periods=430)
    levels = pd.DataFrame({"BX ALL": 1000 * np.exp(moves.cumsum()), "BX 32": 1000 * np.exp(near.cumsum())}, days).round(2)
    assert without_dividends(levels) == {}
    gains = np.where(np.arange(430) % 20 == 7, 0.0015, 0.0).cumsum()
    pair = pd.DataFrame({"BX PR": levels["BX ALL"], "BX TR": (levels["BX ALL"] * np.exp(gains)).round(2)}, days)
    assert without_dividends(pair) == {"BX PR": "BX TR"}


def test_a_level_with_dividends_is_no_dividend_whatever_its_header_says(tmp_path):
    master(tmp_path)
    frame, level = market()
    paid = np.where(np.arange(len(level)) % 30 == 12, 0.02, 0.0).cumsum()
    frame["配当修正終値"] = (frame["close"] * np.exp(np.tile(paid, len(TICKERS)))).round(4)
    frame = frame.drop(columns="total_return").rename(columns={"close": "修正終値"})
    frame.to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    assert "dividend" not in found.labels
    assert (found.labels["close"], found.labels["total_return_index"]) == ("修正終値", "配当修正終値")


def test_members_weigh_what_sums_to_a_whole_and_a_percent_sign_is_part_of_a_number(tmp_path):
    level = held(tmp_path, "A001", "A002")
    days = level["date"].iloc[[0, 22]]
    parts = np.linspace(1.0, 3.0, len(TICKERS))
    cells = [f"{100 * part:.4f}%" for part in parts / parts.sum()]
    rows = [(day, "LRG", *each) for day in days for each in zip(TICKERS, cells, np.linspace(0.4, 1, 12), strict=True)]
    members = pd.DataFrame(rows, columns=["基準日", "指数", "コード", "ウエート", "浮動株比率"])
    members.to_csv(tmp_path / "構成銘柄.csv", index=False)
    level.assign(index="LRG").to_csv(tmp_path / "levels.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert found.labels["weight"] == "ウエート"
    assert found.stated["units"]["weight"] == "percent"


def test_the_first_day_is_asked_where_prices_are_asked_or_a_month_apart(tmp_path):
    held(tmp_path, "A001", "A002")
    assert drafted(tmp_path)["book"]["inception"] != "?"
    found = looked(tmp_path)
    prices = found.draft("prices")
    assert prices is not None
    prices.state(("file",), "?")
    assert lists_in(found).inception is None
    del prices.stated["file"]
    prices.group.cells["date"] = prices.group.days("date").map(lambda day: day + pd.offsets.MonthEnd(0))
    prices.group._days.clear()
    assert lists_in(found).inception is None
