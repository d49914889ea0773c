"""Kinds of files and columns that look like others: what tells them apart, and what is asked where nothing does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.lists import lists_in
from riskmodel.market.day_forms import forms_of
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import UNREAD
from riskmodel.market.sources.recognition.evidence.items import by_items
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.looking.files import Seen, look
from tests.riskmodel.market.sources.odd_folders import DATES, GROUPS, TICKERS, lists, prices
from tests.riskmodel.market.sources.test_recognised_houses import looked, master, workbook
from tests.riskmodel.market.sources.test_recognised_takes import draft, market

QUARTERS = pd.DatetimeIndex(["2023-03-31", "2023-06-30", "2023-09-29", "2023-12-29"])


def base(folder: Path) -> pd.Series:
    """A table of securities and prices of seventy days; the level of their mean."""
    master(folder)
    frame, level = market()
    frame.to_csv(folder / "prices.csv", index=False)
    return level


def of_all(name: str, factor: float = 1.0, days: pd.DatetimeIndex = QUARTERS) -> pd.DataFrame:
    """A steady number of each stock on each day."""
    rows = [
        (ticker, f"{day:%Y-%m-%d}", round(factor * 1000 * 1.9**place * (1 + 0.003 * number)))
        for place, ticker in enumerate(TICKERS)
        for number, day in enumerate(days)
    ]
    return pd.DataFrame(rows, columns=["Symbol", "As of", name])


def test_levels_that_go_with_one_of_several_prices_are_levels(tmp_path):
    """The high of a year comes first and moves otherwise than the close."""
    master(tmp_path)
    frame, level = market()
    high = 1.05 * frame.groupby("ticker")["close"].cummax() * (1 + 0.0001 * np.sin(np.arange(len(frame)) ** 2))
    frame.insert(2, "Highest", high.round(4))
    frame.to_csv(tmp_path / "prices.csv", index=False)
    pd.DataFrame({"LRG TR": level, "MID TR": level**1.1}).rename_axis("Date").to_csv(tmp_path / "levels.csv")
    assert draft(tmp_path, "indices").stated["fields"]["level"]["file"] == "levels.csv"


def test_targets_are_no_counts_and_counts_of_nearly_all_stocks_are_no_portfolio(tmp_path):
    base(tmp_path)
    close = pd.read_csv(tmp_path / "prices.csv").groupby("ticker")["close"].median()
    targets = of_all("Aim", days=DATES[:4])
    targets["Aim"] = [round(close[ticker] * (1.1 + 0.02 * (row % 3)), 1) for row, ticker in enumerate(targets["Symbol"])]
    targets.assign(Firm="Halden").to_csv(tmp_path / "aims.csv", index=False)
    of_all("OUT_K").assign(FREE_K=of_all("x", 0.8)["x"]).to_csv(tmp_path / "history.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("holdings") is None
    shares = found.draft("shares")
    assert shares is not None and ("columns", "shares_out") in shares.questions()
    assert (shares.stated["file"], shares.why["file",][0].values["places"]) == ("?", ("history.csv",))  # cells alone say it
    assert "like_closes" in [fact.key for each in found.found if each.file == "aims.csv" for fact in each.why]


def test_counts_whose_day_is_in_the_names_of_files_are_no_portfolio_and_no_mistake(tmp_path):
    base(tmp_path)
    counts = of_all("OUT_K").assign(WORTH_M=of_all("x", 30.0)["x"])
    for day, rows in counts.groupby("As of"):
        rows.drop(columns="As of").to_csv(tmp_path / f"stats_{day.replace('-', '')}.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("holdings") is None
    of_file = [each for each in found.found if each.file.startswith("stats_")]
    assert of_file and not [each for each in of_file if each.verdict == UNREAD]


def test_sheets_of_fiscal_years_are_one_table_of_reports_and_no_securities(tmp_path):
    master(tmp_path)
    prices().to_csv(tmp_path / "a prices.csv", index=False)
    sheets = {}
    for year in (2022, 2023, 2024):
        size = np.linspace(40, 900, len(TICKERS)) * (year - 2000)
        frame = pd.DataFrame({"Symbol": TICKERS, "Company": [f"{ticker} Industries" for ticker in TICKERS]})
        frame["FY End"] = pd.Timestamp(year, 12, 31)
        frame["Filed"] = [pd.Timestamp(year + 1, 2, 1 + place) for place in range(len(TICKERS))]
        amounts = {"Sales": 0.7, "Net Income": 0.06, "Total Assets": 1.0, "Total Liabilities": 0.6, "Equity": 0.4}
        frame = frame.assign(**{name: (size * share).round(1) for name, share in amounts.items()})
        sheets[f"FY{year}"] = ([f"Annual financials FY{year}, USD mn", ""], frame, [])
    workbook(tmp_path / "Accounts.xlsx", sheets)
    found = looked(tmp_path)
    filings, securities = found.draft("fundamentals"), found.draft("securities")
    assert filings is not None and filings.stated["sheet"] == ["FY2022", "FY2023", "FY2024"]
    assert securities is not None and securities.stated["file"] == "master.csv"


@pytest.mark.parametrize("sides", [("B", "S"), ("Achat", "Vente"), ("買付", "売付"), ("Kauf", "Verkauf")])
def test_what_was_bought_and_sold_is_no_list(sides, tmp_path):
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    lists().to_csv(tmp_path / "positions.csv", index=False)
    frame = lists().rename(columns={"portfolio": "account"}).drop(columns="weight")
    frame.assign(quantity=range(len(frame)), sense=[sides[row % 2] for row in range(len(frame))]).to_csv(
        tmp_path / "log.csv", index=False
    )
    found = looked(tmp_path)
    holdings = found.draft("holdings")
    assert holdings is not None and holdings.stated["file"] == "positions.csv" and ("file",) not in holdings.questions()


def test_a_name_is_in_the_letters_of_its_language(tmp_path):
    frame = pd.DataFrame({"ティッカー": TICKERS, "銘柄名(英)": [f"{each.title()} Group Inc" for each in TICKERS]})
    frame["銘柄名"] = ["ダイ" + letter for letter in "アイウエカキクケサシスセ"]
    frame["業種"] = [GROUPS[place % 3] for place in range(len(TICKERS))]
    frame.to_csv(tmp_path / "銘柄マスタ.csv", index=False)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    columns = draft(tmp_path, "securities").stated["columns"]
    assert (columns["name"], columns["name_ja"]) == ("銘柄名(英)", "銘柄名")


def test_of_what_is_worked_out_one_way_is_asked_for_and_no_other(tmp_path):
    """Beside market values in two currencies a quantity would have no effect, nor a second question for counts."""
    base(tmp_path)
    caps = of_all("Market Cap (USD m)")
    caps.assign(**{"Market Cap (GBP m)": (caps["Market Cap (USD m)"] * 0.8).round()}).to_csv(
        tmp_path / "caps.csv", index=False
    )
    held = lists()[["portfolio", "date", "ticker"]]
    held = held.assign(Nominal=range(5, 5 + len(held)))
    held["Market Value (Local)"] = held["Nominal"] * 3.5
    held["Market Value (Base)"] = held["Nominal"] * 3.2
    held.to_csv(tmp_path / "positions.csv", index=False)
    holdings, shares = draft(tmp_path, "holdings"), draft(tmp_path, "shares")
    assert holdings.stated["derived"] == {"weight": "market_value"} and "quantity" not in holdings.stated["columns"]
    assert holdings.stated["columns"]["market_value"] == OPEN
    assert shares.stated["derived"] == {"shares_out": "market_cap / close"}
    assert shares.stated["columns"] == {"available_from": "As of", "ticker": "Symbol", "market_cap": OPEN}
    held.assign(Weight=[0.3, 0.25, 0.25, 0.15, 0.05] * 4).to_csv(tmp_path / "positions.csv", index=False)
    holdings = draft(tmp_path, "holdings")
    assert holdings.stated["columns"]["weight"] == "Weight" and "market_value" not in holdings.stated["columns"]


def test_exposures_with_a_row_a_factor_are_no_items_of_reports(tmp_path):
    factors = [f"F{number}" for number in range(6)]
    keys = pd.MultiIndex.from_product([DATES.astype(str), TICKERS, factors], names=["date", "ticker", "factor"])
    frame = pd.DataFrame({"value": np.random.default_rng(1).normal(size=len(keys))}, index=keys).reset_index()
    for step, expected in ((1, False), (90, True)):  # a row a day; a row a quarter
        days = {day: f"{DATES[0] + place * pd.Timedelta(days=step):%Y-%m-%d}" for place, day in enumerate(DATES.astype(str))}
        frame.assign(date=frame["date"].map(days)).to_csv(tmp_path / "rows.csv", index=False)
        (seen,) = look(tmp_path)
        assert isinstance(seen, Seen)
        assert (by_items(Group((seen,)), "ticker") is not None) == expected


def test_days_are_known_with_the_month_first_and_in_korean():
    assert forms_of(pd.Series(["Sep-29-2023", "Oct-02-2023"])) == ("MMM-DD-YYYY",)
    assert forms_of(pd.Series(["2024년 1월 31일", "2024년 2월 29일"])) == ("YYYY년 MM월 DD일",)
    assert forms_of(pd.Series(["31-des-2024", "31-mai-2024", "1-marts-2024"])) == ("DD-MMM-YYYY",)


def test_lists_of_a_fund_accountant_have_the_day_and_the_fund_in_their_names_and_the_codes_of_securities(tmp_path):
    """Sums below a list have no code, and tell no lists apart; CUSIPs stand first, and no security has them."""
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    (tmp_path / "SOI").mkdir()
    rows = lists().query("ticker != 'CASH'")
    for (fund, day), each in rows.groupby(["portfolio", "date"]):
        value = each["weight"] * 1000
        frame = pd.DataFrame({"CUSIP": [f"10000{place}0{place}" for place in range(len(each))], "Symbol": each["ticker"]})
        frame = frame.assign(Description=each["ticker"] + " Corp", Currency="USD").assign(**{"Market Value": value})
        below = {
            "Description": ["Cash & Equivalents", "Net Assets"],
            "Currency": "USD",
            "Market Value": [50, value.sum() + 50],
        }
        frame = pd.concat([frame, pd.DataFrame(below)])
        code = {"major": "LGF", "next_major": "CEF"}[fund]
        workbook(tmp_path / "SOI" / f"SOI {code} {day:%m-%d-%Y}.xlsx", {"SOI": (["ABC Funds Trust", ""], frame, [])})
    found = draft(tmp_path, "holdings")
    assert (found.stated["file"], found.stated["dates"]) == ("SOI/SOI {portfolio} {date}.xlsx", "MM-DD-YYYY")
    assert found.stated["columns"] == {"ticker": "Symbol", "market_value": "Market Value"}
    assert found.stated["cash"] == {"column": "Description", "words": "Cash & Equivalents"}


def test_of_two_market_values_and_of_two_rates_it_is_asked_which_whatever_words_say(tmp_path):
    level = base(tmp_path)
    held = lists()[["portfolio", "date", "ticker"]]
    held.assign(**{"Marknadsvärde lokal": range(3, 3 + len(held)), "Marknadsvärde SEK": range(40, 40 + len(held))}).to_csv(
        tmp_path / "positions.csv", index=False
    )
    steps = np.random.default_rng(3).normal(0, 0.01, (len(level), 3))
    rates = pd.DataFrame(np.array([3.9, 5.2, 4.1]) + np.cumsum(steps, axis=0), level.index).round(3)
    rates.set_axis(["STIBOR 3M", "US T-bill 3M", "US 10Y"], axis=1).rename_axis("Date").to_csv(tmp_path / "rates.csv")
    for table, ours, asked in (
        ("holdings", "market_value", {"Marknadsvärde lokal", "Marknadsvärde SEK"}),
        ("rates", "risk_free", {"STIBOR 3M", "US T-bill 3M"}),
    ):
        found = draft(tmp_path, table)
        assert found.stated["columns"][ours] == OPEN
        assert {*found.why["columns", ours][0].values["labels"]} == asked


def test_a_column_of_currencies_beside_prices_says_which_and_two_are_a_question(tmp_path):
    base(tmp_path)
    lists().to_csv(tmp_path / "positions.csv", index=False)
    frame = pd.read_csv(tmp_path / "prices.csv")
    for second, said in (("USD", ("USD",)), ("EUR", ("EUR", "USD"))):
        frame.assign(Currency=np.where(frame["ticker"] == TICKERS[0], second, "USD")).to_csv(
            tmp_path / "prices.csv", index=False
        )
        assert lists_in(looked(tmp_path)).currencies == said


@pytest.mark.parametrize(
    ("plain", "adjusted"),
    [("Volume", "Adjusted Volume"), ("売買高(千株)", "調整後売買高(千株)"), ("Titres échangés", "Titres échangés ajustés")],
)
def test_a_volume_beside_one_that_is_adjusted_is_asked(plain, adjusted, tmp_path):
    base(tmp_path)
    frame = pd.read_csv(tmp_path / "prices.csv")
    volume = np.arange(len(frame)) % 97 * 1000 + 5000
    frame = frame.drop(columns="volume").assign(**{plain: volume, adjusted: 2 * volume})
    frame.to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.stated["columns"]["volume"] == OPEN
    assert {plain, adjusted} <= {*found.why["columns", "volume"][0].values["labels"]}


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        (("WGT_PPM", "BM_WGT_PPM", "ACT_WGT_PPM"), OPEN),
        (("Weight", "Benchmark Weight", "Active Weight"), "Weight"),
        (("Index Weight",), OPEN),
    ],
)
def test_a_weight_of_a_benchmark_is_no_holding_s(labels, taken, tmp_path):
    base(tmp_path)
    held = lists()
    weights = {label: (9e5 * held["weight"] / (1 + place)).round() for place, label in enumerate(labels)}  # of no known sum
    held.drop(columns="weight").assign(**weights).to_csv(tmp_path / "positions.csv", index=False)
    found = draft(tmp_path, "holdings")
    assert found.stated["columns"]["weight"] == taken
    if taken == OPEN:
        assert {*labels} == {*found.why["columns", "weight"][0].values["labels"]}
