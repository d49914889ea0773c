"""A take wants two kinds of evidence: what one alone speaks for is asked, and what is disproved is no candidate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.lists import lists_in
from tests.riskmodel.market.sources.odd_folders import TICKERS, lists
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master, workbook
from tests.riskmodel.market.sources.test_recognised_takes import market

FUNDS = ("major", "next_major")


def stocks(folder, **renamed):
    """Securities, and prices of `market`; the level of their mean."""
    master(folder)
    frame, level = market()
    frame.rename(columns=renamed).to_csv(folder / "prices.csv", index=False)
    return frame, level


def by_name(level: pd.Series, names, key: str, value: str) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"Date": level.index, key: name, value: (level.to_numpy() * (1 + 0.1 * place)).round(3)})
        for place, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("unit_prices.csv", "Fund", "Bid"),
        ("基準価額.csv", "ファンドコード", "基準価額"),
        ("nav.csv", "strat", "nav"),
        ("composites.csv", "Name", "Growth of 100"),
    ],
)
def test_values_of_funds_are_no_levels_of_indices_though_they_go_with_the_stocks(file, key, value, tmp_path):
    """Nor do they hide the levels that are there: across, or down."""
    _, level = stocks(tmp_path)
    lists().to_csv(tmp_path / "holdings.csv", index=False)
    by_name(level, FUNDS, key, value).to_csv(tmp_path / file, index=False)
    found = looked(tmp_path)
    assert found.draft("indices") is None and not lists_in(found).indices
    assert "levels_of_funds" in {fact.key for each in found.found if each.file == file for fact in each.why}
    pd.DataFrame({"LRG TR": level, "SML TR": level * 2}).rename_axis("Date").to_csv(tmp_path / "z index.csv")
    assert draft(tmp_path, "indices").stated["fields"]["level"]["file"] == "z index.csv"


def test_numbers_by_day_of_few_names_that_only_may_be_levels_are_asked(tmp_path):
    _, level = stocks(tmp_path)
    rough = level * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.01, len(level))))
    by_name(rough, ("Alba", "Bora"), "Series", "Number").to_csv(tmp_path / "series.csv", index=False)
    found = looked(tmp_path)
    levels = found.draft("indices")
    assert levels is not None and levels.stated["file"] == "?" and levels.why["file",][0].key == "one_kind"
    assert lists_in(found).indices == ()  # no benchmark is made of what is asked


def test_days_of_currencies_are_no_levels_of_indices(tmp_path):
    _, level = stocks(tmp_path)
    by_name(level, ("EUR", "SEK", "JPY100"), "Cur", "Rate to 1").to_csv(tmp_path / "fixing.csv", index=False)
    assert looked(tmp_path).draft("indices") is None


def test_what_funds_hold_is_no_count_of_a_company_s_shares(tmp_path):
    stocks(tmp_path)
    days = pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-29"])
    sheets = {}
    for place, fund in enumerate(("UKG", "UKI")):
        held = pd.DataFrame({"Symbol": TICKERS[4 * place : 4 * place + 6]})
        sheets[f"{fund} qty"] = (
            ["Shares held"],
            held.assign(**{f"{day:%Y-%m-%d}": 1000.0 + 10 * place for day in days}),
            [],
        )
    workbook(tmp_path / "books.xlsx", sheets)
    found = looked(tmp_path)
    assert found.draft("shares") is None
    assert {"counts_held", "lists_across"} <= {
        fact.key for each in found.found if each.file == "books.xlsx" for fact in each.why
    }


def test_companies_that_are_called_holdings_make_no_portfolio_of_counts_of_shares(tmp_path):
    """Their names stand in a line above the codes."""
    stocks(tmp_path)
    months = pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-03-29"])
    counts = (
        pd.DataFrame([np.geomspace(2e6, 4e9, len(TICKERS)).round()] * 3, months, TICKERS).rename_axis("Date").reset_index()
    )
    above = ["Counts", "monthly", "own research", *(f"{ticker} Holdings plc" for ticker in TICKERS)]
    workbook(tmp_path / "market.xlsx", {"NOSH": (above, counts, [])})
    found = draft(tmp_path, "shares")
    assert found.stated["fields"]["shares_out"]["sheet"] == "NOSH"


@pytest.mark.parametrize("others", [["Adj Shares Out"], ["Float Shares"], ["Shares Short"], ["調整後発行済株式数"]])
def test_of_several_counts_of_shares_it_is_asked_which(others, tmp_path):
    """As traded and adjusted, all and those that float: they are as steady, and of one size."""
    stocks(tmp_path)
    days = pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-29"])
    frame = pd.DataFrame([(day, ticker) for day in days for ticker in TICKERS], columns=["Date", "Ticker"])
    counts = np.tile(np.geomspace(2e6, 4e9, len(TICKERS)).round(), len(days))
    frame = frame.assign(**{"Shares Outstanding": counts, **{other: (counts * 0.7).round() for other in others}})
    frame.to_csv(tmp_path / "shares.csv", index=False)
    found = draft(tmp_path, "shares")
    assert ("columns", "shares_out") in found.questions()
    assert {"Shares Outstanding", *others} <= {*found.why["columns", "shares_out"][0].values["labels"]}


def test_a_file_of_all_stocks_with_a_market_value_is_no_portfolio(tmp_path):
    frame, _ = stocks(tmp_path)
    days = frame["date"].unique()[[0, 22, 44]]
    some = frame[frame["date"].isin(days)]
    counts = dict(zip(TICKERS, np.geomspace(2e6, 4e9, len(TICKERS)).round(), strict=True))
    caps = pd.DataFrame(
        {"Ticker": some["ticker"], "Date": some["date"], "Valor de mercado": some["close"] * some["ticker"].map(counts)}
    )
    caps.assign(Qtd=some["ticker"].map(counts)).to_csv(tmp_path / "a caps.csv", index=False)
    lists().to_csv(tmp_path / "holdings.csv", index=False)
    found = looked(tmp_path)
    held, shares = found.draft("holdings"), found.draft("shares")
    assert held is not None and held.stated["file"] == "holdings.csv"
    assert shares is not None and shares.stated["file"] == "a caps.csv"


def test_months_in_names_of_files_are_no_indices(tmp_path):
    stocks(tmp_path)
    (tmp_path / "index").mkdir()
    for month, day in (("202401", "2024-01-31"), ("202402", "2024-02-29"), ("202403", "2024-03-29")):
        frame = pd.DataFrame({"As of": day, "Ticker": TICKERS, "Weight (%)": [100 / len(TICKERS)] * len(TICKERS)})
        frame.to_csv(tmp_path / "index" / f"LRG members_{month}.csv", index=False)
    found = looked(tmp_path)
    members = found.draft("constituents")
    assert members is not None and members.stated["file"] == "index/LRG members_*.csv"
    assert members.stated["constant"]["index"] == "?" and lists_in(found).lists in ((), ("?",))


def test_a_value_traded_is_no_volume_whatever_its_header(tmp_path):
    frame, _ = stocks(tmp_path)
    frame = frame.rename(columns={"volume": "Qtd"}).assign(**{"Vol fin": (frame["close"] * frame["volume"] / 1000).round(3)})
    frame.to_csv(tmp_path / "prices.csv", index=False)
    assert draft(tmp_path, "prices").labels.get("volume") != "Vol fin"


def test_dividends_before_and_after_tax_are_no_estimates(tmp_path):
    stocks(tmp_path)
    days = pd.to_datetime([f"{year}-{month:02d}-1{month % 9}" for year in (2022, 2023) for month in (2, 5, 8, 11)])
    paid = pd.DataFrame([(ticker, day) for ticker in TICKERS for day in days], columns=["Ticker", "Day"])
    gross = np.random.default_rng(2).uniform(0.2, 3.0, len(paid)).round(2)
    paid.assign(Gross=gross, Net=(gross * 0.85).round(4)).to_csv(tmp_path / "paid.csv", index=False)
    assert looked(tmp_path).draft("earnings") is None
