"""Exports of other shapes: sheets that are one table, notes below, names down and days across, rates of a year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import InputError
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap

DAYS = pd.to_datetime(["2025-02-28", "2025-03-03", "2025-03-04"])
PRICES = pd.DataFrame(
    {"date": [*DAYS, *DAYS], "ticker": ["A"] * 3 + ["B"] * 3, "close": [10.0, 11, 12, 4, 5, 6], "total_return": 0.0}
)


def table(folder: Path, name: str, **stated: object) -> pd.DataFrame:
    read = Exports(folder, {name: TableMap(**stated)}).table(name)
    assert read is not None
    return read


def refusal(folder: Path, name: str, **stated: object) -> str:
    with pytest.raises(InputError) as refused:
        table(folder, name, **stated)
    return str(refused.value)


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    book = pytest.importorskip("openpyxl").Workbook()
    book.remove(book.active)
    for sheet, rows in sheets.items():
        page = book.create_sheet(sheet)
        for row in rows:
            page.append(row)
    book.save(path)


def lists(folder: Path) -> None:
    head = ["Day", "Symbol", "W"]
    one = [head, ["2025-03-03", "A", 0.75], ["2025-03-03", "CASH", 0.25]]
    other = [head, ["2025-03-03", "B", 1.0]]
    workbook(folder / "lists.xlsx", {"Core": one, "Small Caps": other, "Notes": [["Prepared by Operations"]]})


COLUMNS = {"date": "Day", "ticker": "Symbol", "weight": "W"}
SHEETS = {"file": "lists.xlsx", "columns": COLUMNS, "constant": {"portfolio": "{sheet}"}}


@pytest.mark.parametrize("sheets", [["Core", "Small Caps"], ["C*", "Small*"], ["Small ????", "Core"]])
def test_sheets_of_one_workbook_are_one_table_and_their_names_are_a_column(sheets, tmp_path):
    lists(tmp_path)
    read = table(tmp_path, "holdings", sheet=sheets, **SHEETS).set_index(["portfolio", "ticker"])["weight"]
    assert read.to_dict() == {("Core", "A"): 0.75, ("Core", "CASH"): 0.25, ("Small Caps", "B"): 1.0}


def test_names_of_sheets_are_renamed_by_values_as_cells_are(tmp_path):
    lists(tmp_path)
    renamed = {"portfolio": {"Small Caps": "smid"}}
    assert {*table(tmp_path, "holdings", sheet=["Core", "Small Caps"], values=renamed, **SHEETS)["portfolio"]} == {
        "Core",
        "smid",
    }


def test_what_a_file_s_name_says_is_renamed_by_values_too(tmp_path):
    (tmp_path / "LRG_members.csv").write_text("date,ticker,weight\n2025-03-03,A,1.0\n")
    read = table(tmp_path, "constituents", file="{index}_members.csv", values={"index": {"LRG": "Large Index"}})
    assert read["index"].tolist() == ["Large Index"]


def test_a_sheet_that_is_not_there_is_named_with_those_that_are(tmp_path):
    lists(tmp_path)
    assert "names the sheet 'Mid*'; 'lists.xlsx' has: Core, Small Caps, Notes" in refusal(
        tmp_path, "holdings", sheet=["Core", "Mid*"], **SHEETS
    )
    (tmp_path / "lists.csv").write_text("Day,Symbol,W\n2025-03-03,A,1.0\n")
    assert "constant: 'portfolio' has {sheet}" in refusal(tmp_path, "holdings", **SHEETS | {"file": "lists.csv"})


def noted(folder: Path, *below: list[object]) -> None:
    rows = [["Date", "A", "B"], ["2025-03-03", 11.0, 5.0], ["2025-03-04", 12.0, 6.0], [None] * 3, *below]
    workbook(folder / "px.xlsx", {"Close": [["Closes"], [None], *rows]})


def closes(until: str) -> dict[str, object]:
    return {"layout": "wide", "fields": {"close": {"file": "px.xlsx", "skip": 2, "until": until}}}


@pytest.mark.parametrize("until", ["empty line", "* Prices"])
def test_notes_below_a_table_are_left_out_where_that_is_stated(until, tmp_path):
    noted(tmp_path, ["* Prices are adjusted for splits."], ["For internal use."])
    exports = Exports(tmp_path, {"prices": TableMap(**closes(until), derived={})})
    with pytest.raises(InputError, match="missing column 'total_return'"):
        exports.table("prices")  # and no day that is none
    noted(tmp_path, ["* Prices are adjusted for splits."], ["Total", 3.0, 4.0])
    said = '" that are no notes, which fill less than half of the columns: row 8 (3 cells)'
    assert "'px.xlsx' has lines below until = \"" + until + said in refusal(tmp_path, "prices", **closes(until))


@pytest.mark.parametrize("until", ["END", "empty line"])
def test_a_last_line_of_a_few_cells_is_a_note_that_is_counted(until, tmp_path):
    rows = ["portfolio,date,ticker,weight,currency", "m,2025-03-03,A,0.4,USD", "m,2025-03-03,B,0.6,USD"]
    rows += [""] * (until == "empty line") + ["END,2"]
    (tmp_path / "list.csv").write_text("\n".join([*rows, "Made by a bank."]))
    exports = Exports(tmp_path, {"holdings": TableMap(file="list.csv", until=until)})
    read = exports.table("holdings")
    assert read is not None and read["ticker"].tolist() == ["A", "B"]
    assert exports.dropped == {"holdings": {("until", until): 1}}  # what has one cell is a note
    (tmp_path / "list.csv").write_text("\n".join([*rows, "m,2025-03-03,C"]))
    assert "no notes, which fill less than half of the columns: row " in refusal(
        tmp_path, "holdings", file="list.csv", until=until
    )


def test_a_last_line_of_a_few_cells_below_a_wide_table_is_counted_too(tmp_path):
    levels = ["Day,A,B,C,D", "2025-03-03,1,2,3,4", "2025-03-04,1,2,3,4", "Total days,2"]
    (tmp_path / "levels.csv").write_text("\n".join(levels))
    fields = {"level": {"file": "levels.csv", "until": "Total"}}
    exports = Exports(tmp_path, {"indices": TableMap.model_validate({"layout": "wide", "fields": fields})})
    read = exports.table("indices")
    assert read is not None and len(read) == 8 and exports.dropped == {"indices": {("until", "Total"): 1}}


def test_notes_that_are_not_stated_are_refused_by_their_row(tmp_path):
    noted(tmp_path, ["* Prices are adjusted for splits."])
    stated = {"layout": "wide", "fields": {"close": {"file": "px.xlsx", "skip": 2}}}
    assert "row 7 '* Prices are adjusted for splits.'" in refusal(tmp_path, "prices", **stated)


def test_market_caps_with_days_down_are_share_counts(tmp_path):
    PRICES.to_csv(tmp_path / "prices.csv", index=False)
    (tmp_path / "cap.csv").write_text("Day,A US,B US\n2025-02-28,30,20\n2025-03-03,,50\n")
    (tmp_path / "securities.csv").write_text("ticker,name,sector,bb\nA,a,X,A US\nB,b,X,B US\n")
    stated = {"layout": "wide", "identifiers": "bb", "derived": {"shares_out": "market_cap / close"}}
    read = table(tmp_path, "shares", fields={"market_cap": {"file": "cap.csv", "unit": "millions"}}, **stated)
    key = ["ticker", "available_from"]
    assert read.set_index(key)["shares_out"].to_dict() == {("A", DAYS[0]): 3e6, ("B", DAYS[0]): 5e6, ("B", DAYS[1]): 1e7}


def test_names_may_stand_down_and_days_across(tmp_path):
    (tmp_path / "shares.csv").write_text("Symbol,2/28/2025,3/4/2025\nA,3,4\nB,,5.5\n")
    fields = {"shares_out": {"file": "shares.csv", "dates": "MM/DD/YYYY", "unit": "thousands"}}
    read = table(tmp_path, "shares", layout="across", fields=fields).set_index(["ticker", "available_from"])["shares_out"]
    assert read.to_dict() == {("A", DAYS[0]): 3e3, ("A", DAYS[2]): 4e3, ("B", DAYS[2]): 5.5e3}
    (tmp_path / "shares.csv").write_text("Symbol,Company,3/4/2025\nA,a,4\n")
    assert "row of the header shares.csv 'Company'" in refusal(tmp_path, "shares", layout="across", fields=fields)
    fields["shares_out"]["beside"] = "Company"  # no part of the grid, as a person states
    assert table(tmp_path, "shares", layout="across", fields=fields)["shares_out"].tolist() == [4e3]
    fields["shares_out"]["beside"] = "Firm"
    assert "has no column 'Firm', which beside names" in refusal(tmp_path, "shares", layout="across", fields=fields)


def test_indices_across_are_renamed_by_values(tmp_path):
    (tmp_path / "levels.csv").write_text("date,LRG,SML\n2025-03-03,100,200\n")
    stated = {"layout": "wide", "fields": {"level": {"file": "levels.csv"}}, "values": {"index": {"LRG": "Large Index"}}}
    assert table(tmp_path, "indices", **stated)["index"].tolist() == ["Large Index", "SML"]


def test_a_column_that_an_export_has_not_is_stated_as_none(tmp_path):
    (tmp_path / "eps.csv").write_text("ticker,announced,session,eps_actual\nA,2025-03-03,pre,1.5\n")
    assert table(tmp_path, "earnings", file="eps.csv", columns={"eps_estimate": ""})["eps_estimate"].isna().all()


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("yearly_rate / 252", [0.0252 / 252, 0.0504 / 252, 0.0504 / 252]),
        ("yearly_rate x days / 360", [0.0252 / 360, 0.0504 * 3 / 360, 0.0504 / 360]),
        ("yearly_rate x days / 365", [0.0252 / 365, 0.0504 * 3 / 365, 0.0504 / 365]),
    ],
)
def test_rates_of_a_year_are_those_of_the_days_by_a_stated_count(way, expected, tmp_path):
    PRICES.to_csv(tmp_path / "prices.csv", index=False)
    (tmp_path / "bills.csv").write_text("Date,Yield\n2025-02-27,2.52\n2025-03-03,5.04\n2025-03-15,9\n")
    stated = {"columns": {"date": "Date", "yearly_rate": "Yield"}, "units": {"yearly_rate": "percent"}}
    read = table(tmp_path, "rates", file="bills.csv", derived={"risk_free": way}, **stated)
    assert read["date"].tolist() == [*DAYS]
    assert read["risk_free"].tolist() == pytest.approx(expected, rel=1e-12)


def test_a_rate_of_a_year_by_month_is_known_until_the_next_and_no_longer_than_a_month(tmp_path):
    PRICES.to_csv(tmp_path / "prices.csv", index=False)
    stated = {"columns": {"date": "Date", "yearly_rate": "Yield"}, "derived": {"risk_free": "yearly_rate / 252"}}
    (tmp_path / "bills.csv").write_text("Date,Yield\n2025-01-31,0.0252\n")
    assert table(tmp_path, "rates", file="bills.csv", **stated)["date"].tolist() == [*DAYS[:2]]
    (tmp_path / "bills.csv").write_text("Date,Yield\n2025-01-31,0.0252\n2025-01-31,0.03\n")
    assert "rates: two rates of 2025-01-31. Keep one row each." in refusal(tmp_path, "rates", file="bills.csv", **stated)


ITEMS = pd.DataFrame(
    [
        (code, "2024-12-31", known, item, value)
        for code, known in (("A", "2025-02-10"), ("B", "2025-02-20"))
        for item, value in (
            ("REVT", 9.0), ("NI", 2.0), ("AT", 20.0), ("LT", 12.0), ("SEQ", 8.0), ("OANCF", 3.0), ("DVPSX", 0.5), ("XX", 1.0)
        )
    ],
    columns=["ID", "END", "KNOWN", "ITM", "VAL"],
)  # fmt: skip
OF_ITEMS = {
    "file": "items.csv",
    "items": {"column": "ITM", "value": "VAL"},
    "columns": {"ticker": "ID", "period_end": "END", "available_from": "KNOWN", "revenue": "REVT", "net_income": "NI"}
    | {"total_assets": "AT", "total_liabilities": "LT", "equity": "SEQ", "operating_cash_flow": "OANCF"}
    | {"dividends_per_share": "DVPSX"},
    "unit": "millions",
    "units": {"dividends_per_share": "ones"},
}


def test_a_row_an_item_is_read_as_a_column_an_item(tmp_path):
    ITEMS.sample(frac=1, random_state=1).to_csv(tmp_path / "items.csv", index=False)
    read = table(tmp_path, "fundamentals", **OF_ITEMS).sort_values("ticker")
    assert read[["ticker", "revenue", "equity", "dividends_per_share"]].to_numpy().tolist() == [
        ["A", 9e6, 8e6, 0.5],
        ["B", 9e6, 8e6, 0.5],
    ]
    ITEMS[(ITEMS["ID"] != "B") | (ITEMS["ITM"] != "NI")].to_csv(tmp_path / "items.csv", index=False)
    assert table(tmp_path, "fundamentals", **OF_ITEMS).set_index("ticker")["net_income"].isna().to_dict() == {
        "A": False,
        "B": True,
    }


def test_rows_are_left_out_of_items_before_they_are_columns(tmp_path):
    quarters = ITEMS.assign(PER="Q4", VAL=ITEMS["VAL"] / 4)
    both = pd.concat([ITEMS.assign(PER="FY"), quarters], ignore_index=True)
    both.to_csv(tmp_path / "items.csv", index=False)
    read = table(tmp_path, "fundamentals", **OF_ITEMS, drop={"PER": "Q4"}).sort_values("ticker")
    assert read[["ticker", "revenue"]].to_numpy().tolist() == [["A", 9e6], ["B", 9e6]]


def test_an_item_twice_in_a_report_or_a_column_that_is_not_there_is_refused(tmp_path):
    quarterly = ITEMS[(ITEMS["ID"] == "A") & (ITEMS["ITM"] == "NI")]
    pd.concat([ITEMS, quarterly]).to_csv(tmp_path / "items.csv", index=False)
    assert refusal(tmp_path, "fundamentals", **OF_ITEMS) == (
        "fundamentals: items.csv has an item twice in one report, 1 row: row 18 NI. Give one of each: yearly reports alone, "
        "say, each as it was filed."
    )
    wrong = OF_ITEMS | {"items": {"column": "ITEM", "value": "VAL"}}
    assert refusal(tmp_path, "fundamentals", **wrong) == (
        "fundamentals: items.csv has no column 'ITEM', which is stated of its items. Found: ID, END, KNOWN, ITM, VAL."
    )
