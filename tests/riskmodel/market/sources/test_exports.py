"""The same market out of three folders of exports as out of the tidy tables that they were made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.market.market import MARKET_TABLES, build_market
from riskmodel.market.sources.derive import return_of_dividends, shares_of_cap, weights_of_quantities
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import read_table
from tests.conftest import SMALL

NAMES, DAYS = 12, 60


@pytest.fixture(scope="module")
def tidy() -> dict[str, pd.DataFrame]:
    """A dozen names over sixty days of the shipped market, without gaps, with codes."""
    tables = {name: table for name in (*MARKET_TABLES, "holdings") if (table := read_table(SMALL, name)) is not None}
    prices = tables["prices"]
    days = np.sort(prices["date"].unique())[-DAYS:]
    prices = prices[prices["date"].isin(days)]
    whole = prices.dropna(subset=["close", "volume"]).groupby("ticker")["close"].count()
    there = sorted(whole.index[whole == DAYS])[:NAMES]
    cut = {name: t[t["ticker"].isin(there)].reset_index(drop=True) if "ticker" in t else t for name, t in tables.items()}
    cut["prices"] = prices[prices["ticker"].isin(there)].reset_index(drop=True)
    cut["securities"] = cut["securities"].assign(isin=[f"US{place:010d}" for place in range(len(cut["securities"]))])
    cut["constituents"] = cut["constituents"].iloc[:0]
    del cut["constituents"], cut["splits"]
    return cut


def written(folder: Path, tables: dict[str, pd.DataFrame], without: str) -> Path:
    """The tidy tables in a folder, but for one."""
    folder.mkdir()
    for name, table in tables.items():
        if name not in (without, "holdings"):
            table.to_parquet(folder / f"{name}.parquet")
    return folder


def markets_are_equal(exported: xr.Dataset, tables: dict[str, pd.DataFrame]) -> None:
    expected = build_market({name: table for name, table in tables.items() if name != "holdings"})
    assert set(exported) == set(expected)
    for name in ("close", "total_return", "volume", "market_cap"):
        np.testing.assert_allclose(exported[name], expected[name], rtol=1e-12, atol=1e-12, equal_nan=True)


def test_a_long_file_of_a_vendor_gives_the_same_market(tmp_path, tidy):
    folder = written(tmp_path / "vendor", tidy, "prices")
    prices = tidy["prices"]
    out = pd.DataFrame(
        {
            "Datum": prices["date"].dt.strftime("%d.%m.%Y"),
            "Wertpapier": prices["ticker"].map(tidy["securities"].set_index("ticker")["isin"]),
            "Kurs": (prices["close"] * 100).map(lambda value: f"{value:,.10f}".translate(str.maketrans(",.", ".,"))),
            "Rendite": (prices["total_return"] * 100).map(lambda value: f"{value:.13f} %".replace(".", ",")),
            "Umsatz": (prices["volume"] / 1000).map(lambda value: f"{value!r}".replace(".", ",")),
        }
    )
    (folder / "kurse").mkdir()
    for month, rows in out.groupby(prices["date"].dt.strftime("%Y%m")):
        rows.to_csv(folder / "kurse" / f"kurse_{month}.csv", sep=";", index=False, encoding="cp932")
    stated = TableMap(
        file="kurse/kurse_*.csv", delimiter=";", decimal=",", thousands=".", encoding="cp932", dates="DD.MM.YYYY",
        columns={"date": "Datum", "ticker": "Wertpapier", "close": "Kurs", "total_return": "Rendite", "volume": "Umsatz"},
        units={"close": "cents", "total_return": "percent", "volume": "thousands"}, identifiers="isin", missing=["nan %"],
    )  # fmt: skip
    markets_are_equal(rm.read_market(Exports(folder, {"prices": stated})), tidy)


def test_wide_sheets_of_a_workbook_give_the_same_market(tmp_path, tidy):
    folder = written(tmp_path / "wide", tidy, "prices")
    fields = {}
    with pd.ExcelWriter(folder / "prices.xlsx") as book:
        for column in ("close", "total_return", "volume"):
            wide = tidy["prices"].pivot(index="date", columns="ticker", values=column)
            wide.to_excel(book, sheet_name=column.upper())
            fields[column] = {"file": "prices.xlsx", "sheet": column.upper()}
    stated = TableMap(layout="wide", fields=fields)
    markets_are_equal(rm.read_market(Exports(folder, {"prices": stated})), tidy)


@pytest.mark.parametrize("way", ["total_return_index", "close and dividend"])
def test_returns_are_worked_out_as_it_is_stated(tmp_path, tidy, way):
    folder = written(tmp_path / "derived", tidy, "prices")
    prices = tidy["prices"].sort_values(["ticker", "date"])
    grouped = prices.groupby("ticker")
    growth = 1 + prices["total_return"].where(grouped.cumcount() > 0, 0.0)
    before = grouped["close"].shift(1)
    prices["total_return_index"] = 100 * growth.groupby(prices["ticker"]).cumprod()
    prices["dividend"] = (1 + prices["total_return"]) * before - prices["close"]
    prices.drop(columns="total_return").to_csv(folder / "export.csv", index=False)
    stated = TableMap(file="export.csv", derived={"total_return": way})
    first = tidy["prices"]["date"].min()
    returns = tidy["prices"]["total_return"].where(tidy["prices"]["date"] > first)
    markets_are_equal(
        rm.read_market(Exports(folder, {"prices": stated})), tidy | {"prices": tidy["prices"].assign(total_return=returns)}
    )


def test_a_dividend_without_a_close_is_refused_by_its_place():
    days = pd.bdate_range("2025-03-03", periods=3)
    prices = pd.DataFrame({"date": days, "ticker": "A", "close": [10.0, None, 9.9], "dividend": [None, 0.2, 0.0]})
    with pytest.raises(InputError, match=r"prices: 1 dividend on a day without a close of the name: 2025-03-04 A 0\.2\. No"):
        return_of_dividends(prices)
    assert return_of_dividends(prices.assign(dividend=[0.1, 0.0, 0.2])).round(4).tolist()[2] == 0.01


@pytest.mark.parametrize("day, fits", [("2025-03-31", True), ("2025-04-05", True), ("2025-04-07", False)])
def test_a_close_that_values_a_row_is_no_older_than_a_gap_that_is_bridged(day, fits):
    """B has its last close on 28 March; A, and so the market, on 1 April: weekdays after it count, sessions before it."""
    sessions = pd.bdate_range("2025-03-03", "2025-04-01")
    closes = [
        pd.DataFrame({"date": days, "ticker": name, "close": 10.0}) for name, days in (("A", sessions), ("B", sessions[:-2]))
    ]
    held = pd.DataFrame({"portfolio": "m", "date": pd.Timestamp(day), "ticker": ["A", "B", "CASH"], "quantity": [1, 2, 10]})
    if fits:
        assert weights_of_quantities(held, pd.concat(closes)).tolist() == [0.25, 0.5, 0.25]
        return
    with pytest.raises(
        InputError, match=r"holdings: 1 row with a last close that is more than 5 .*: 2025-04-07 B \(of 2025-03-28\)"
    ):
        weights_of_quantities(held, pd.concat(closes))
    caps = pd.DataFrame({"ticker": ["B", "C"], "available_from": pd.Timestamp("2025-06-30"), "market_cap": 100.0})
    with pytest.raises(InputError, match=r"shares: 1 row with a last close .*: 2025-06-30 B"):
        shares_of_cap(caps, pd.concat(closes))


def test_lists_of_a_custodian_by_the_month_give_the_same_weights(tmp_path, tidy):
    folder = written(tmp_path / "custodian", tidy, "")
    isin = tidy["securities"].set_index("ticker")["isin"].to_dict() | {"CASH": "CASH"}
    prices = tidy["prices"]
    dates = sorted(prices["date"][prices["date"].dt.is_month_end].unique())[-2:]
    expected = []
    for date in dates:
        tickers = [*sorted(isin)[:4], "CASH"]
        value = pd.Series([10.0, 20.0, 30.0, 25.0, 15.0])
        expected.append(pd.DataFrame({"date": date, "ticker": tickers, "weight": value / 100}))
        rows = pd.DataFrame({"ISIN": [isin[ticker] for ticker in tickers], "Marktwert": value * 12_345.0})
        rows.to_excel(folder / f"positions_major_{date:%Y%m%d}.xlsx", index=False, startrow=2)
    stated = TableMap(
        file="positions_{portfolio}_{date}.xlsx", skip=2, dates="YYYYMMDD", identifiers="isin",
        columns={"ticker": "ISIN", "market_value": "Marktwert"}, derived={"weight": "market_value"},
    )  # fmt: skip
    read = Exports(folder, {"holdings": stated}).table("holdings")
    assert read is not None
    assert set(read["portfolio"]) == {"major"}
    pd.testing.assert_frame_equal(
        read[["date", "ticker", "weight"]], pd.concat(expected, ignore_index=True), check_dtype=False, rtol=1e-12
    )


def test_everything_that_is_wrong_is_told_at_once_with_its_own_place(tmp_path, tidy):
    folder = written(tmp_path / "wrong", tidy, "prices")
    rows = ["tag,aktie,kurs", "2025-03-03,A,1.5", "03.03.2025,A,abc", "2025-03-05,A,4 %"]
    (folder / "kurse.csv").write_text("\n".join(rows))
    (folder / "rates.parquet").unlink()
    (folder / "rates.csv").write_text("date,risk_free\n2025-03-03,x\n")
    stated = TableMap(file="kurse.csv", columns={"date": "tag", "ticker": "aktie", "close": "kurs"})
    with pytest.raises(InputError) as refused:
        rm.read_market(Exports(folder, {"prices": stated}))
    assert str(refused.value) == (
        "2 tables cannot be used. (1) prices: kurse.csv 'tag': 1 cell is no date of the stated form: row 3 '03.03.2025'. "
        "State dates; kurse.csv 'kurs': 1 cell has a percent sign: row 4 '4 %'. State units = percent; kurse.csv 'kurs': "
        "1 cell is no number: row 3 'abc'. State decimal, thousands or missing in [tables.prices]. (2) rates: 1 cell of "
        "'risk_free' are not numbers: row 1 'x'. Write plain decimals with a point and a minus sign."
    )


def test_a_table_that_no_sheet_can_hold_is_refused_as_wide(tmp_path):
    stated = TableMap(layout="wide", fields={"weight": {"file": "weights.csv"}})
    with pytest.raises(InputError, match=r"can be wide: prices, splits, shares, .*fx\. Give a long file") as refused:
        Exports(tmp_path, {"holdings": stated}).table("holdings")
    assert str(refused.value).startswith("holdings: [tables.holdings] layout:")


def test_levels_of_indices_are_read_from_a_sheet_too(tmp_path):
    (tmp_path / "levels.csv").write_text("Date;A;B\n03/03/2025;1.000,5;200\n04/03/2025;1.001,5;\n")
    how = {"file": "levels.csv", "delimiter": ";", "decimal": ",", "thousands": ".", "dates": "DD/MM/YYYY"}
    read = Exports(tmp_path, {"indices": TableMap(layout="wide", fields={"level": how})}).table("indices")
    assert read is not None
    assert read.to_numpy().tolist() == [
        [pd.Timestamp("2025-03-03"), "A", 1000.5],
        [pd.Timestamp("2025-03-04"), "A", 1001.5],
        [pd.Timestamp("2025-03-03"), "B", 200.0],
    ]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"units": {"close": "cents"}}, r"\[tables.prices\] units: a wide table has a file for each column"),
        ({"decimal": ","}, r"\[tables.prices\] decimal: a wide table has a file for each column"),
        ({"fields": {"close": {"file": "{date}.csv"}}}, r"fields: a sheet has its days and names in its cells"),
        (
            {"fields": {"close": {"file": "days/../close.csv"}}},
            r"file 'days/../close.csv' .* is no path from the data folder",
        ),
    ],
)
def test_nothing_that_is_stated_of_a_wide_table_is_left_unused(tmp_path, stated, message):
    stated = TableMap(**{"layout": "wide", "fields": {"close": {"file": "close.csv"}}, **stated})
    with pytest.raises(InputError, match=message):
        Exports(tmp_path, {"prices": stated}).table("prices")


def test_codes_are_found_in_securities_that_are_an_export_too(tmp_path):
    (tmp_path / "names.csv").write_text("Ticker,Issue,ISIN,GICS\nA,Alpha,US01,Energy\n")
    (tmp_path / "prices.csv").write_text("date,code,close,total_return,volume\n2025-03-03,US01,1.5,0.01,10\n")
    columns = {"ticker": "Ticker", "name": "Issue", "isin": "ISIN", "sector": "GICS"}
    maps = {
        "securities": TableMap(file="names.csv", columns=columns),
        "prices": TableMap(file="prices.csv", columns={"ticker": "code"}, identifiers="isin"),
    }
    source = Exports(tmp_path, maps)
    prices, securities = source.table("prices"), source.table("securities")
    assert prices is not None
    assert securities is not None
    assert prices["ticker"].tolist() == ["A"]
    assert securities.to_dict("records") == [{"ticker": "A", "name": "Alpha", "sector": "Energy"}]


@pytest.mark.parametrize(
    ("close", "index", "place"),
    [
        ({"file": "p.xlsx", "sheet": "TRI"}, {"file": "*.xlsx", "sheet": "TRI"}, r"p\.xlsx \[TRI\]"),
        ({"file": "tri.csv"}, {"file": ["old.csv", "t*.csv"], "sheet": "TRI"}, r"tri\.csv"),
    ],
)
def test_a_sheet_of_one_kind_of_numbers_is_not_taken_for_two(tmp_path, close, index, place):
    sheet = pd.DataFrame({"A": [100.0, 101.0]}, index=pd.Index(["2025-03-03", "2025-03-04"], name="date"))
    with pd.ExcelWriter(tmp_path / "p.xlsx", engine="openpyxl") as book:
        sheet.to_excel(book, sheet_name="TRI")
        sheet.to_excel(book, sheet_name="PX")
    sheet.to_csv(tmp_path / "tri.csv")
    sheet.to_csv(tmp_path / "old.csv")
    stated = TableMap(layout="wide", fields={"close": close, "total_return_index": index})
    named = rf"\[tables\.prices\.fields\] close and total_return_index name the same sheet '{place}'"
    with pytest.raises(InputError, match=named) as refused:
        Exports(tmp_path, {"prices": stated}).table("prices")
    assert "\n" not in str(refused.value)


def test_a_column_of_numbers_is_not_taken_for_two(tmp_path):
    (tmp_path / "long.csv").write_text("date,ticker,TRI,close\n2025-03-03,A,100,9\n2025-03-04,A,101,9.1\n", encoding="ascii")
    how = {"file": "long.csv", "derived": {"total_return": "total_return_index"}}
    for columns, theirs in (
        ({"close": "TRI", "total_return_index": "TRI"}, "TRI"),
        ({"total_return_index": "close"}, "close"),
    ):
        named = rf"\[tables\.prices\] columns: close and total_return_index name the same column '{theirs}'"
        with pytest.raises(InputError, match=named):
            Exports(tmp_path, {"prices": TableMap(**how, columns=columns)}).table("prices")
    read = Exports(tmp_path, {"prices": TableMap(**how, columns={"total_return_index": "TRI"})}).table("prices")
    assert read["close"].tolist() == [9.0, 9.1]


def test_a_row_of_totals_is_no_stock_and_its_place_is_told(tmp_path):
    (tmp_path / "securities.csv").write_text("ticker,name,sector,isin\nA,Alpha,Energy,X1\n", encoding="ascii")
    rows = "2025-03-03,X1,9.5\n2025-03-03,Total,9.5\n"
    for month in ("1", "2"):
        (tmp_path / f"prices{month}.csv").write_text(f"date,ticker,close\n{rows}", encoding="ascii")
    maps = {"securities": TableMap(file="securities.csv"), "prices": TableMap(file="prices*.csv", identifiers="isin")}
    with pytest.raises(InputError) as refused:
        Exports(tmp_path, maps).table("prices")
    assert str(refused.value) == (
        "prices: 1 code that no row of securities has as 'isin': Total (prices1.csv row 3). Add them there, or correct "
        "them; leave a row of totals, which is no stock, out of the export."
    )


def test_a_day_with_a_time_is_refused_in_a_workbook_as_in_a_tidy_table(tmp_path):
    rows = pd.DataFrame({"date": [pd.Timestamp("2025-03-03 23:30")], "risk_free": [0.0001]})
    for name, write in (("rates.xlsx", rows.to_excel), ("rates.parquet", rows.to_parquet)):
        write(tmp_path / name, index=False)
        with pytest.raises(InputError, match=r"'date': 1 cell carries a time of day: row \d '2025-03-03 23:30:00'"):
            Exports(tmp_path, {"rates": TableMap(file=name)}).table("rates")


STAMPS = ["2024-07-01T09:10:00Z", "2024-07-02T23:05:00Z", "2024-07-04 07:05:00 +0800"]  # the 1st, 3rd and 4th in Singapore


@pytest.mark.parametrize("name", ["rates.csv", "rates.parquet", "objects.parquet", "rates.xlsx"])
def test_stamps_are_of_the_days_of_the_stated_zone(tmp_path, name):
    rows = pd.DataFrame({"date": STAMPS, "risk_free": [0.0001, 0.0002, 0.0003]})
    if name == "rates.parquet":
        rows["date"] = pd.to_datetime(rows["date"], utc=True, format="mixed")
    if name == "objects.parquet":
        rows = pd.DataFrame({"date": ["2024-07-01", *STAMPS[1:]], "risk_free": rows["risk_free"]})  # a plain day is that day
    {".csv": rows.to_csv, ".parquet": rows.to_parquet, ".xlsx": rows.to_excel}[(tmp_path / name).suffix](
        tmp_path / name, index=False
    )
    read = Exports(tmp_path, {"rates": TableMap(file=name, zone="Asia/Singapore")}).table("rates")
    assert read is not None and read["date"].dt.strftime("%d").tolist() == ["01", "03", "04"]
    read = Exports(tmp_path, {"rates": TableMap(file=name, zone="America/New_York")}).table("rates")
    assert read is not None and read["date"].dt.strftime("%d").tolist() == ["01", "02", "03"]
    with pytest.raises(
        InputError, match=r"'date': [23] cells carry a time of day: row \d .*Give plain dates, or state zone, "
    ):
        Exports(tmp_path, {"rates": TableMap(file=name)}).table("rates")


def test_a_stamp_without_a_zone_is_of_no_day_of_one(tmp_path):
    rows = pd.DataFrame({"date": pd.to_datetime(["2024-07-01 00:00", "2024-07-02 16:00"]), "risk_free": [0.0001, 0.0002]})
    rows.to_parquet(tmp_path / "rates.parquet", index=False)
    rows.astype({"date": str}).to_csv(tmp_path / "rates.csv", index=False)
    for name in ("rates.parquet", "rates.csv"):
        with pytest.raises(InputError, match=r"1 cell carries a time of day without a zone: row \d '2024-07-02 16:00:00'"):
            Exports(tmp_path, {"rates": TableMap(file=name, zone="Asia/Singapore")}).table("rates")
        with pytest.raises(
            InputError, match=r"1 cell carries a time of day: row \d '2024-07-02 16:00:00'\. Give plain dates in"
        ):
            Exports(tmp_path, {"rates": TableMap(file=name)}).table("rates")


def test_days_across_may_be_stamps(tmp_path):
    (tmp_path / "level.csv").write_text("name,2024-07-01T23:05Z,2024-07-02T23:05Z\nA,1,2\nB,3,4\n")
    stated = {"layout": "across", "fields": {"level": {"file": "level.csv", "zone": "Asia/Singapore"}}}
    read = Exports(tmp_path, {"indices": TableMap.model_validate(stated)}).table("indices")
    assert read is not None and sorted({*read["date"].dt.strftime("%m-%d")}) == ["07-02", "07-03"]


@pytest.mark.parametrize("zone", ["Singapore Time", "../etc", "", "8"])
def test_a_zone_is_one_that_is_known(zone):
    with pytest.raises(ValueError, match=r"is no zone; write its name, such as \"Asia/Singapore\""):
        TableMap(file="rates.csv", zone=zone)


def test_a_full_width_percent_sign_is_one(tmp_path):
    (tmp_path / "保有.csv").write_text("portfolio,date,ticker,weight\nm,2025-03-31,A,95.7％\nm,2025-03-31,CASH,＋4.3 ％\n")
    stated = TableMap(file="保有.csv", units={"weight": "percent"})
    read = Exports(tmp_path, {"holdings": stated}).table("holdings")
    assert read is not None and read["weight"].round(12).tolist() == [0.957, 0.043]
    with pytest.raises(InputError, match=r"2 cells have a percent sign: .* State units = percent"):
        Exports(tmp_path, {"holdings": TableMap(file="保有.csv")}).table("holdings")
