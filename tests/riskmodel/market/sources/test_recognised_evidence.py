"""What cells prove, and what they do not: columns passed over, or taken for another, before arithmetic was asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import OPEN, TableMap
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.recognise import Recognised, recognise
from riskmodel.market.tables import TABLES

NAMES = [f"{letter}{letter}X" for letter in "ABCDEFGHIJKL"]
DAYS = pd.bdate_range("2024-01-29", periods=45)
SECTORS = ("Energy", "Utilities", "Financials")


def master(folder: Path, **more: object) -> None:
    frame = pd.DataFrame({"Ticker": NAMES, "Name": [f"{name} Works" for name in NAMES], "Sector": SECTORS * 4} | more)
    frame.to_csv(folder / "master.csv", index=False)


def history() -> pd.DataFrame:
    """date, ticker, close, total_return with a dividend now and then, volume, shares."""
    rng = np.random.default_rng(7)
    close = 20 * np.arange(1, 13) * np.cumprod(1 + rng.normal(0, 0.015, (len(DAYS), 12)), axis=0)
    frame = (
        pd.DataFrame(close, DAYS, NAMES).rename_axis("date").melt(var_name="ticker", value_name="close", ignore_index=False)
    )
    frame = frame.reset_index()
    frame["total_return"] = frame.groupby("ticker")["close"].pct_change()
    frame.loc[frame.index % 29 == 20, "total_return"] += 0.01
    place = frame["ticker"].map({name: place for place, name in enumerate(NAMES)})
    return frame.assign(volume=rng.lognormal(10, 0.6, len(frame)).round(), shares=1e6 * 3.0**place)


def looked(folder: Path) -> Recognised:
    return recognise(folder)


def draft(folder: Path, table: str) -> Draft:
    found = looked(folder).draft(table)
    assert found is not None
    return found


def test_a_score_of_one_day_is_no_share_count_and_a_count_beside_prices_is(tmp_path):
    master(tmp_path)
    signals = pd.DataFrame(
        {"date": DAYS[-1], "Ticker": NAMES, "alpha": np.linspace(-1, 1, 12), "conf": np.linspace(0.1, 0.9, 12)}
    )
    signals.to_csv(tmp_path / "alpha.csv", index=False)
    assert looked(tmp_path).draft("shares") is None
    history().rename(columns={"shares": "shrout"}).to_csv(tmp_path / "dsf.csv", index=False)
    assert draft(tmp_path, "shares").stated["file"] == "dsf.csv"
    assert draft(tmp_path, "shares").labels["shares_out"] == "shrout"


def test_dividends_with_days_of_record_and_payment_are_no_share_counts(tmp_path):
    master(tmp_path)
    rows = [(name, day, day + pd.Timedelta(days=1), day + pd.Timedelta(days=20), 0.1 * 3**place)
            for place, name in enumerate(NAMES) for day in DAYS[[3, 40]]]  # fmt: skip
    pd.DataFrame(rows, columns=["Ticker", "c1", "c2", "c3", "c4"]).to_csv(tmp_path / "events.csv", index=False)
    assert looked(tmp_path).draft("shares") is None


def test_prices_whose_only_word_is_one_of_market_values_are_two_tables(tmp_path):
    master(tmp_path)
    table = history().assign(cap=lambda rows: rows["close"] * rows["shares"] / 1e6)
    columns = {"date": "EFF_DT", "ticker": "Ticker", "close": "PX_CLS_LCL", "volume": "TRD_QTY", "cap": "MKT_CAP_MM"}
    table[[*columns]].rename(columns=columns).to_csv(tmp_path / "px.txt", index=False)
    prices, shares = draft(tmp_path, "prices"), draft(tmp_path, "shares")
    assert shares.labels["market_cap"] == "MKT_CAP_MM"
    assert prices.stated["columns"]["close"] == OPEN
    offered = [fact.values["labels"] for fact in prices.why["columns", "close"] if "labels" in fact.values]
    assert offered == [("PX_CLS_LCL",)]  # what another table takes is not offered again


def members(day: pd.Timestamp) -> list[tuple[object, ...]]:
    return [(day, NAMES[place], "LGE" if place < 7 else "SML", 1 / 7 if place < 7 else 0.2) for place in range(12)]


def test_lists_that_share_no_name_are_told_apart_by_their_sums(tmp_path):
    master(tmp_path)
    rows = pd.DataFrame(
        [row for day in DAYS[[0, 22, 44]] for row in members(day)], columns=["Date", "Ticker", "fam", "Weight"]
    )
    (tmp_path / "index").mkdir()
    rows.to_csv(tmp_path / "index" / "members.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert found.labels["index"] == "fam" and found.stated["columns"]["weight"] == "Weight"
    rows.assign(long=rows["fam"] + " companies").to_csv(tmp_path / "index" / "members.csv", index=False)
    why = draft(tmp_path, "constituents").why["columns", "index"]
    assert {label for fact in why for label in fact.values.get("labels", ())} == {
        "fam",
        "long",
    }  # a code and its name: asked


def reports(every: int, count: int) -> pd.DataFrame:
    """Balance sheets and profits that add up."""
    rng = np.random.default_rng(3)
    rows = []
    for place, name in enumerate(NAMES):
        for end in pd.date_range("2021-03-31", periods=count, freq=f"{every}ME"):
            assets = 100.0 * (place + 1) * rng.uniform(0.9, 1.1)
            debts = round(0.55 * assets, 2)
            rows.append((name, end, end + pd.Timedelta(days=35), round(assets, 2), debts, round(round(assets, 2) - debts, 2),
                         round(0.6 * assets, 2), round(rng.normal(0.05, 0.03) * assets, 2)))  # fmt: skip
    return pd.DataFrame(rows, columns=["id", "end", "told", "a", "b", "c", "d", "e"])


def test_reports_of_single_quarters_are_reports_and_it_is_asked_which_are_of_a_year(tmp_path):
    master(tmp_path)
    reports(3, 8).assign(part=lambda rows: rows["end"].dt.quarter.astype(str) + "Q").to_csv(tmp_path / "q.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert (found.labels["period_end"], found.labels["available_from"]) == ("end", "told")
    assert found.stated["drop"] == OPEN
    assert looked(tmp_path).draft("earnings") is None  # assets are no equity and a surprise


def test_items_with_a_code_and_a_name_are_read_by_the_one_whose_words_are_known(tmp_path):
    master(tmp_path)
    words = {"a": "Total assets", "b": "Total liabilities", "c": "Equity", "d": "Revenue", "e": "Net income"}
    rows = reports(12, 6).melt(["id", "end", "told"], var_name="code").assign(item=lambda rows: rows["code"].map(words))
    rows.to_csv(tmp_path / "items.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert found.stated["items"] == {"column": "item", "value": "value"}
    assert {ours: found.labels[ours] for ours in ("total_assets", "net_income")} == {
        "total_assets": "Total assets", "net_income": "Net income",
    }  # fmt: skip


def test_a_row_of_one_field_under_names_is_a_header_though_the_first_day_has_gaps(tmp_path):
    master(tmp_path)
    wide = history().pivot(index="date", columns="ticker", values="close").round(4).astype(object)
    wide.iloc[0, 0] = "#N/A N/A"
    lines = [["Pulled by hand", *[""] * 12], ["Date", *NAMES], ["", *["PX_LAST"] * 12]]
    lines += [[f"{day:%Y-%m-%d}", *row] for day, row in zip(wide.index, wide.to_numpy().tolist(), strict=True)]
    pd.DataFrame(lines).to_csv(tmp_path / "pull.csv", index=False, header=False)
    stated = draft(tmp_path, "prices").stated["fields"]["close"]
    assert (stated["skip"], "PX_LAST" in stated["missing"]) == (1, True)
    read = Exports(tmp_path, {"prices": TableMap(layout="wide", fields={"close": {**stated, "unit": "ones"}})})._mapped
    frame = read("prices", TABLES["prices"])
    assert frame["close"].notna().sum() == 12 * len(DAYS) - 1


def test_how_a_file_is_written_stands_beside_columns_that_are_asked(tmp_path):
    master(tmp_path)
    rows = history()[["date", "ticker", "close"]]
    comma = rows["close"].map("{:.4f}".format).str.replace(".", ",")
    rows = rows.assign(date=rows["date"].dt.strftime("%d.%m.%Y"), p=comma, q=comma).drop(columns="close")
    rows.rename(columns={"date": "t", "ticker": "n"}).to_csv(tmp_path / "px.csv", index=False, sep=";")
    found = draft(tmp_path, "prices")
    assert found.stated["columns"]["close"] == OPEN
    assert (found.stated["decimal"], found.stated["dates"]) == (",", "DD.MM.YYYY")


@pytest.mark.parametrize("written", ["29-feb-2024", "29-FÉVR-2024", "29-Febr.-2024"])
def test_days_have_names_of_months_in_any_language_and_case(written, tmp_path):
    master(tmp_path)
    rows = pd.DataFrame([(written, name, "LGE", 1 / 12) for name in NAMES], columns=["Date", "Ticker", "Index", "Weight"])
    rows.to_csv(tmp_path / "members.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert (found.labels["date"], found.stated["dates"]) == ("Date", "DD-MMM-YYYY")
