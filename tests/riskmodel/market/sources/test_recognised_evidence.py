"""What cells prove, and what they do not: columns passed over, or taken for another, before arithmetic was asked."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import OPEN, TableMap
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.items import by_items
from riskmodel.market.sources.recognition.evidence.series import beside, kind_of_series
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.looking.files import Seen
from riskmodel.market.sources.recognition.recognise import recognise
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
    columns = {"date": "EFF_DT", "ticker": "Ticker", "close": "VAL_LCL", "volume": "TRD_QTY", "cap": "MKT_CAP_MM"}
    table[[*columns]].rename(columns=columns).to_csv(tmp_path / "px.txt", index=False)
    prices, shares = draft(tmp_path, "prices"), draft(tmp_path, "shares")
    assert shares.labels["market_cap"] == "MKT_CAP_MM"
    assert prices.stated["columns"]["close"] == OPEN
    offered = [fact.values["labels"] for fact in prices.why["columns", "close"] if "labels" in fact.values]
    assert offered == [("VAL_LCL",)]  # what another table takes is not offered again


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


def test_days_of_two_types_in_one_column_are_no_reason_to_stop():
    days = [pd.Timestamp("2024-03-31").to_pydatetime(), datetime.date(2024, 6, 30), None]
    cells = pd.DataFrame(
        {"id": NAMES[:3], "end": pd.Series(days, dtype=object), "item": ["a", "b", "c"], "amt": [1.5, 2.5, 3.5]}
    )
    assert by_items(Group((Seen("x.xlsx", "s", {}, cells),)), "id") is None


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


def test_a_price_that_jumps_where_the_value_of_the_company_does_not_is_asked_whatever_its_header(tmp_path):
    master(tmp_path)
    table = history().assign(cap=lambda rows: rows["close"] * rows["shares"])
    table = table.assign(
        close=lambda rows: rows["close"] * np.where((rows["ticker"] == "AAX") & (rows["date"] < DAYS[20]), 2, 1)
    )
    columns = {"date": "Date", "ticker": "Ticker", "close": "Close", "volume": "Volume", "cap": "Market Cap"}
    table[[*columns]].rename(columns=columns).to_csv(tmp_path / "px.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.stated["columns"]["close"] == OPEN
    assert "jumps_alone" in {fact.key for fact in found.why["columns", "close"]}


def test_names_down_beside_a_company_and_days_across_are_a_grid(tmp_path):
    master(tmp_path)
    ends = ["2024-01-31", "2024-02-29", "2024-03-29"]
    grid = pd.DataFrame({day: np.arange(1.0, 13.0) * 3 for day in ends})
    grid.insert(0, "Ticker", NAMES)
    grid.insert(0, "Company", [f"{name} Works plc" for name in NAMES])
    grid.to_csv(tmp_path / "Market cap USD mn.csv", index=False)
    found = draft(tmp_path, "shares")
    assert found.stated["layout"] == "across"
    assert found.stated["fields"]["market_cap"]["beside"] == ["Company"]
    assert found.stated["fields"]["market_cap"]["unit"] == "millions"


def test_reports_in_spanish_are_known_by_their_words_with_accents_or_without(tmp_path):
    master(tmp_path)
    names = {
        "id": "Valor",
        "end": "Cierre ejercicio",
        "told": "Fecha publicacion",
        "a": "Activo total",
        "c": "Patrimonio neto",
    }
    names |= {"b": "Pasivo exigible total", "d": "Ventas", "e": "Beneficio neto"}
    reports(12, 4).rename(columns=names).to_csv(tmp_path / "cuentas.csv", index=False)
    labels = draft(tmp_path, "fundamentals").labels
    assert {ours: labels[ours] for ours in ("available_from", "revenue", "net_income", "total_liabilities")} == {
        "available_from": "Fecha publicacion",
        "revenue": "Ventas",
        "net_income": "Beneficio neto",
        "total_liabilities": "Pasivo exigible total",
    }


def test_dividends_and_splits_of_another_file_are_named_beside_the_return_that_wants_them(tmp_path):
    master(tmp_path)
    history()[["date", "ticker", "close"]].to_csv(tmp_path / "prices.csv", index=False)
    rows = [
        (name, kind, day, day + pd.Timedelta(days=20), 0.1 * (place + 1))
        for place, name in enumerate(NAMES)
        for kind, day in (("DVCA", DAYS[3 + place]), ("SPLF", DAYS[20 + place]))
    ]
    frame = pd.DataFrame(rows, columns=["Ticker", "EVT", "EX", "PAID", "AMT"])
    frame.to_csv(tmp_path / "actions.csv", index=False)
    found = looked(tmp_path)
    prices = found.draft("prices")
    assert prices is not None and prices.stated["columns"]["total_return"] == OPEN
    told = {fact.key: fact.values for fact in prices.why["columns", "total_return"]}["dividends_elsewhere"]
    assert (told["place"], told["labels"], told["days"]) == ("actions.csv", ("AMT",), ("EX", "PAID"))
    assert [near.file for near in found.nearest["splits"]] == ["actions.csv"]
    frame.assign(EVT="DVCA").to_csv(tmp_path / "actions.csv", index=False)  # of one kind, and not of splits
    assert "splits" not in looked(tmp_path).nearest


def test_weights_with_names_across_are_lists_and_a_packed_file_is_to_be_unpacked(tmp_path):
    master(tmp_path)
    pd.DataFrame(1 / 12, DAYS, NAMES).rename_axis("date").to_csv(tmp_path / "w_core.csv")
    with zipfile.ZipFile(tmp_path / "prices.zip", "w") as packed:
        packed.writestr("px_2024.csv", "Date,Ticker,Close\n")
    found = looked(tmp_path)
    told = {(each.file, fact.key): fact.values for each in found.found for fact in each.why}
    assert ("w_core.csv", "lists_across") in told
    assert "w_core.csv" not in {near.file for each in found.nearest.values() for near in each}  # of no long table
    assert told["prices.zip", "packed"]["names"] == ("px_2024.csv",)


def test_a_day_above_a_header_is_named_where_no_column_has_it(tmp_path):
    master(tmp_path)
    (tmp_path / "holdings").mkdir()
    for portfolio, day in (("core", "2024-03-28"), ("mid", "2024-04-30")):
        rows = "".join(f"{name},{1 / 12}\n" for name in NAMES)
        (tmp_path / "holdings" / f"{portfolio}.csv").write_text(f"Valued on,{day}\n\nTicker,Weight\n{rows}")
    facts = [fact for fact in draft(tmp_path, "holdings").why["constant", "date"] if fact.key == "day_above"]
    assert facts and "2024-03-28" in facts[0].values["cells"][0]


def test_liabilities_with_equity_are_not_taken_for_liabilities_as_they_are_all_assets(tmp_path):
    master(tmp_path)
    names = {"a": "Total assets", "b": "x1", "c": "x2", "d": "Revenue", "e": "Net income"}
    table = reports(12, 4).assign(both=lambda rows: rows["a"]).rename(columns=names)
    table.rename(columns={"both": "Total liabilities and equity"}).to_csv(tmp_path / "f.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert "Total liabilities and equity" not in found.labels.values()
    assert found.stated["columns"]["total_liabilities"] == OPEN


@pytest.mark.parametrize(("label", "taken"), [("Volume (USD)", OPEN), ("Volume (shares)", "Volume (shares)")])
def test_a_value_traded_is_no_volume_until_a_person_says_so(label, taken, tmp_path):
    master(tmp_path)
    table = history()[["date", "ticker", "close", "volume"]].rename(columns={"volume": label})
    table.to_csv(tmp_path / "prices.csv", index=False)
    assert draft(tmp_path, "prices").stated["columns"]["volume"] == taken


def test_sheets_that_may_be_days_are_no_portfolios(tmp_path):
    master(tmp_path)
    with pd.ExcelWriter(tmp_path / "Holdings.xlsx", engine="openpyxl") as book:
        for sheet in ("feb-24", "mar-24"):
            pd.DataFrame({"Ticker": NAMES, "Weight": 1 / 12}).to_excel(book, sheet_name=sheet, index=False)
    assert draft(tmp_path, "holdings").stated["constant"]["portfolio"] == OPEN


def test_numbers_of_which_no_two_days_follow_and_ratios_to_nothing_are_looked_at_without_a_warning(recwarn):
    """Every second day is missing; a volume of zero makes a ratio without end."""
    values = np.where(np.arange(200) % 2 == 0, np.sin(np.arange(200.0)), np.nan)
    assert kind_of_series(pd.DataFrame({"A": values})) == "other"
    level = pd.DataFrame({"A": 100 + np.sin(np.arange(80.0))})
    ratio = level.where(np.arange(80)[:, None] % 20 > 1, np.inf)
    assert beside(level, ratio, "levels").kind == "same"
    assert not recwarn.list


def test_an_index_of_total_return_beside_a_price_as_traded_is_one_of_what_it_may_be(tmp_path):
    """The price is split and the index is not: but for that day it pays dividends; the change of the price pays none."""
    master(tmp_path)
    table = history()
    table["Q7"] = table.groupby("ticker")["total_return"].transform(lambda each: (1 + each.fillna(0.0)).cumprod() * 1000)
    table["Z9"] = 100 * table.groupby("ticker")["close"].pct_change()
    table.loc[(table["ticker"] == NAMES[3]) & (table["date"] >= DAYS[20]), "close"] /= 4
    table[["date", "ticker", "close", "Q7", "Z9"]].to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    labels = {label for why in found.why.values() for fact in why for label in fact.values.get("labels", ())}
    assert "Q7" in {*labels, *found.labels.values()}
    assert found.labels.get("total_return") != "Z9" and found.labels.get("close") != "Q7"


def test_codes_of_sic_are_no_industry_and_the_code_of_which_all_are_known_names_stocks(tmp_path):
    """One symbol of the results is that of before; the number beside it stays."""
    numbers = [f"10{n:04}" for n in range(len(NAMES))]
    sic = [f"{10 * (n % 3) + n // 6 + 11}31" for n in range(len(NAMES))]
    master(tmp_path, SECID=numbers, SIC=sic)
    rng = np.random.default_rng(5)
    rows = [
        (day, number, name)
        for day in pd.date_range("2023-02-10", periods=8, freq="91D")
        for number, name in zip(numbers, NAMES, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["RPT_DT", "SECID", "SYM"])
    frame.loc[0, "SYM"] = "OLD"
    frame["EST"] = rng.lognormal(0, 0.3, len(frame)).round(2)
    frame["ACT"] = (frame["EST"] * (1 + rng.normal(0, 0.05, len(frame)))).round(2)
    frame.to_csv(tmp_path / "results.csv", index=False)
    assert draft(tmp_path, "securities").labels.get("industry") != "SIC"
    assert draft(tmp_path, "earnings").labels["ticker"] == "SECID"


@pytest.mark.parametrize("grid", [True, False])
def test_levels_by_the_month_that_no_price_can_prove_are_asked(grid, tmp_path):
    """P/E ratios of an index by the month move as levels do, and share too few days with prices to be told from them."""
    master(tmp_path)
    history()[["date", "ticker", "close", "total_return", "volume"]].to_csv(tmp_path / "prices.csv", index=False)
    months = pd.date_range("2022-01-31", periods=27, freq="ME")
    ratios = 18 * np.cumprod(1 + np.random.default_rng(2).normal(0, 0.01, (27, 2)), axis=0)
    frame = pd.DataFrame(ratios, months, ["Index LRG", "Index SML"]).rename_axis("date")
    if not grid:
        frame = frame.melt(var_name="index", value_name="level", ignore_index=False)
    frame.to_csv(tmp_path / "characteristics.csv")
    found = draft(tmp_path, "indices")
    assert (found.stated["fields"]["level"] if grid else found.stated)["file"] == OPEN


def test_counts_among_the_figures_of_reports_are_asked_with_their_workbook(tmp_path):
    """A value of the company at the end of its year is in sheets of reports; which day a count was known nothing says."""
    master(tmp_path)
    history()[["date", "ticker", "close", "total_return"]].to_csv(tmp_path / "prices.csv", index=False)
    rng = np.random.default_rng(4)
    with pd.ExcelWriter(tmp_path / "reports.xlsx", engine="openpyxl") as book:
        for sheet in ("CONS", "STD"):
            rows = [(n, f"{y}-05-{d}", f"{y}-07-{d}") for n in NAMES for y, d in ((2023, 11), (2024, 13))]
            frame = pd.DataFrame(rows, columns=["Ticker", "RESULT_DT", "AR_DT"])
            figures = {f"FIG_{n}": rng.lognormal(5, 1, len(frame)).round(2) for n in range(12)}
            frame.assign(**figures, MCAP_FYE=rng.lognormal(9, 1, len(frame)).round(1)).to_excel(
                book, sheet_name=sheet, index=False
            )
    found = draft(tmp_path, "shares")
    assert (found.stated["file"], found.uncertain) == (OPEN, True)


def test_a_column_in_percent_is_offered_as_no_count_of_shares(tmp_path):
    master(tmp_path)
    place = np.arange(len(NAMES))
    counts = pd.DataFrame({"Ticker": NAMES, "Avail_Dt": "2024-02-13", "ADJ_SHS_OUT_MM": 3.0**place, "Float_Pct": 85 - place})
    counts.to_csv(tmp_path / "shares_out.csv", index=False)
    found = looked(tmp_path)
    told = [
        label
        for each in found.drafts
        for why in each.why.values()
        for fact in why
        for label in fact.values.get("labels", ())
    ]
    assert found.draft("shares") is not None and "Float_Pct" not in told
