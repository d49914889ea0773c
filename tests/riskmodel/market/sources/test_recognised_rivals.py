"""Files of one header that are no parts of one table: rivals are asked for, and old or preliminary ones stand last."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.recognition.drafts import names_of_lists
from tests.riskmodel.market.sources.odd_folders import TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_takes import market


@pytest.mark.parametrize("old", ["_superseded/px_2024.csv", "_bkp/px.csv", "archive/px.csv", "px_backup.csv"])
def test_a_file_of_a_folder_named_as_old_stands_last_and_is_asked_beside_the_other(old, tmp_path):
    master(tmp_path)
    frame, _ = market()
    (tmp_path / old).parent.mkdir(exist_ok=True)
    frame.to_csv(tmp_path / old, index=False)
    (tmp_path / "vendor").mkdir()
    frame.to_csv(tmp_path / "vendor" / "zz.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.group is not None and found.group.first.file == "vendor/zz.csv"
    assert found.stated["file"] == "?" and found.why["file",][0].values["places"] == ("vendor/zz.csv", old)


def test_a_stock_that_only_an_old_file_of_prices_lacks_is_no_cash_and_is_not_left_out(tmp_path):
    """What has no price is held against all files that may be the prices."""
    master(tmp_path)
    frame, _ = market()
    frame[frame["ticker"] != TICKERS[0]].to_csv(tmp_path / "px_old.csv", index=False)
    frame.to_csv(tmp_path / "px.csv", index=False)
    rows = [(day, name, f"{name} Industries", 0.25) for day in ("2024-01-31", "2024-02-29") for name in TICKERS[:4]]
    held = pd.DataFrame(rows, columns=["date", "ticker", "Description", "weight"]).assign(portfolio="Core")
    held.to_csv(tmp_path / "holdings.csv", index=False)
    found = looked(tmp_path)
    securities, lists_of_funds = found.draft("securities"), found.draft("holdings")
    assert securities is not None and lists_of_funds is not None
    assert "drop" not in securities.stated and "cash" not in lists_of_funds.stated


@pytest.mark.parametrize("word", ["proforma", "pro-forma", "PRELIM", "previa", "速報"])
def test_a_preliminary_file_of_one_header_is_no_part_of_a_pattern(word, tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    weights = np.array([0.1] * 4 + [0.075] * 8)
    (tmp_path / "members").mkdir()
    for day, kind in (("20240131", "close"), ("20240229", "close"), ("20240329", word)):
        rows = pd.DataFrame({"Index": "LRG", "Date": day, "Symbol": TICKERS, "Weight": weights})
        rows.to_csv(tmp_path / "members" / f"LRG_{day}_{kind}.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert found.stated["file"] == "?" and found.group is not None
    assert all(file.endswith("close.csv") for file in found.group.files)
    assert f"members/LRG_20240329_{word}.csv" in found.why["file",][0].values["places"]


def test_files_of_one_header_with_the_same_days_are_rivals_and_no_parts_of_one_table(tmp_path):
    """Four series of a bank, one number a day each: their names differ by a number, as parts of a table do."""
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    (tmp_path / "macro").mkdir()
    for number, start in ((12, 0.04), (432, 10.75), (4389, 11.1), (1, 5.2)):
        rate = start * (1 + 0.01 * np.sin(np.arange(len(level)) / 9))
        series = pd.DataFrame({"data": level.index.strftime("%d/%m/%Y"), "valor": rate.round(6)})
        series.to_csv(tmp_path / "macro" / f"bcdata.sgs.{number}.csv", index=False, sep=";", decimal=",")
    found = draft(tmp_path, "rates")
    [question] = [fact for fact in found.why["file",] if fact.key == "files_overlap"]
    assert found.stated["file"] == "?" and question.values["rows"] == len(level)
    assert question.values["places"] == tuple(f"macro/bcdata.sgs.{number}.csv" for number in (1, 12, 432, 4389))


def of_days(folder, bases):
    for day in ("20240131", "20240229"):
        for basis, weights in bases.items():
            frame = pd.DataFrame({"Account No": "77011", "Date": day, "Symbol": TICKERS[: len(weights)], "Weight": weights})
            frame.to_csv(folder / f"POS_{basis}_{day}.csv", index=False)


def test_lists_by_settlement_and_by_trade_date_are_asked_by_their_families(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    of_days(tmp_path, {"SD": [0.5, 0.3, 0.2], "TD": [0.4, 0.4, 0.2]})
    found = draft(tmp_path, "holdings")
    [question] = [fact for fact in found.why["file",] if fact.key == "files_overlap"]
    assert found.stated["file"] == "?" and question.values["places"] == ("POS_SD_*.csv", "POS_TD_*.csv")
    assert question.values["rows"] == 6


def test_files_a_month_each_share_no_row_and_stay_one_pattern(tmp_path):
    master(tmp_path)
    frame, _ = market()
    for month, rows in frame.groupby(frame["date"].dt.strftime("%Y%m")):
        rows.to_csv(tmp_path / f"px_{month}.csv", index=False)
    assert draft(tmp_path, "prices").stated["file"] == "px_*.csv"


def test_two_rows_of_a_stock_in_a_list_are_asked_though_nothing_tells_them_apart(tmp_path):
    """Shares that are lent: they add up, which no mapping does; cash is summed, and is no such row."""
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    names = [*TICKERS[:4], TICKERS[0], "CASH", "CASH"]
    rows = pd.DataFrame({"ticker": names, "weight": [0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05], "portfolio": "Core"})
    both = pd.concat([rows.assign(date=day) for day in ("2024-01-31", "2024-02-29")])
    both.to_csv(tmp_path / "holdings.csv", index=False)
    found = draft(tmp_path, "holdings")
    [question] = found.why["drop",]
    assert found.stated["drop"] == "?" and (question.key, question.values["rows"]) == ("several_of_lot", 4)
    both.drop_duplicates(["date", "ticker"]).to_csv(tmp_path / "holdings.csv", index=False)
    assert "drop" not in draft(tmp_path, "holdings").stated


def test_a_file_named_as_rates_with_days_across_makes_the_rate_a_question(tmp_path):
    """No mapping reads it, and a rate of 0.0 that is stated would be taken for true."""
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    days = [f"{day:%Y/%m/%d}" for day in level.index]
    rows = [["Market", item, *(3.5 + 0.001 * place for place in range(len(days)))] for item in ("CD", "Call")]
    pd.DataFrame(rows, columns=["Table", "Item", *days]).to_csv(tmp_path / "interest rates.csv", index=False)
    text = drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")
    assert 'risk_free = "?"' in text and "risk_free = 0.0" not in text


def test_a_total_below_an_index_is_no_index_and_is_asked(tmp_path):
    """It has no day and no code, and the sum of the weights above it, with a word where the name of the index stands."""
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    for day in ("20240131", "20240229"):
        rows = pd.DataFrame({"Index": "LRG", "Date": day, "Symbol": TICKERS, "Weight %": [10.0] * 4 + [7.5] * 8})
        rows.loc[len(rows)] = ["TOTAL", None, None, 100.0]
        rows.to_csv(tmp_path / f"index members_{day}.csv", index=False)
    found = draft(tmp_path, "constituents")
    [question] = found.why["drop",]
    assert found.stated["drop"] == "?" and question.values["answer"] == '{ "Index" = ["TOTAL"] }'
    assert names_of_lists(found) == ("LRG",)


def test_prices_in_two_currencies_are_asked_by_the_column_that_says_them(tmp_path):
    """Lines of a stock in another market stand beside its own."""
    master(tmp_path)
    frame, _ = market()
    lines = frame[frame["ticker"].isin(TICKERS[:2])].assign(ticker=lambda rows: rows["ticker"] + "-US", currency="USD")
    both = pd.concat([frame.assign(currency="CAD"), lines])
    both.to_csv(tmp_path / "prices.csv", index=False)
    [question] = draft(tmp_path, "prices").why["drop",]
    assert question.key == "several_currencies" and question.values["answer"] == '{ "currency" = ["USD"] }'
    both.assign(currency="CAD").to_csv(tmp_path / "prices.csv", index=False)
    assert "drop" not in draft(tmp_path, "prices").stated


@pytest.mark.parametrize("count", ["estimateCount", "Number of estimates", "EPS est (analysts)"])
def test_a_number_of_analysts_is_no_estimate(count, tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    days = [f"2024-0{month}-15" for month in (1, 4, 7)]
    rows = [(name, day, 1.5 + 0.1 * place, 5 + place) for place, name in enumerate(TICKERS) for day in days]
    told = pd.DataFrame(rows, columns=["Symbol", "Announced", "EPS actual", count])
    told.to_csv(tmp_path / "results.csv", index=False)
    assert draft(tmp_path, "earnings").labels.get("eps_estimate") != count
