"""Habits of houses, each in a small folder: what stands in cells, around them and in other files says what they are."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.draft import found_table
from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import OPEN, TableMap
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.market.sources.odd_folders import DATES, GROUPS, ISINS, TICKERS, lists, prices

IDS = [str(10_001 + 7 * place) for place in range(len(TICKERS))]


def master(folder: Path) -> None:
    sectors = [GROUPS[place % 3] for place in range(len(TICKERS))]
    names = [f"{ticker} Industries" for ticker in TICKERS]
    frame = pd.DataFrame({"Symbol": TICKERS, "ISIN": ISINS, "House Key": IDS, "Company": names, "Sector": sectors})
    frame.to_csv(folder / "master.csv", index=False)


def looked(folder: Path) -> Recognised:
    """What a folder is taken for; every reason has words."""
    recognised = recognise(folder)
    assert len(found_table(recognised)) == len(recognised.found)
    return recognised


def draft(folder: Path, table: str) -> Draft:
    found = looked(folder).draft(table)
    assert found is not None
    return found


def workbook(path: Path, sheets: dict[str, tuple[list[str], pd.DataFrame, list[str]]]) -> None:
    """Sheets with lines above, and notes below an empty line."""
    book = pytest.importorskip("openpyxl").Workbook()
    book.remove(book.active)
    for name, (above, frame, below) in sheets.items():
        page = book.create_sheet(name)
        for text in above:
            page.append([text])
        page.append(list(frame.columns))
        for row in frame.astype(object).where(frame.notna(), None).to_numpy().tolist():
            page.append([cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell for cell in row])
        for text in [None, *below] if below else []:
            page.append([text])
    book.save(path)


def held(portfolio: str) -> pd.DataFrame:
    rows = lists()
    rows = rows[rows["portfolio"] == portfolio]
    columns = {"As of": rows["date"], "Symbol": rows["ticker"], "Market Value ($)": rows["weight"] * 1e6}
    return pd.DataFrame(columns | {"% of Portfolio": rows["weight"]})


def test_sheets_a_portfolio_each_are_one_table_and_a_share_is_no_portfolio(tmp_path):
    master(tmp_path)
    sheets = {
        name: ([f"{name}: holdings"], held(key), ["Unaudited."]) for name, key in (("Core", "major"), ("Mid", "next_major"))
    }
    workbook(tmp_path / "Holdings.xlsx", sheets)
    found = draft(tmp_path, "holdings")
    assert (found.stated["sheet"], found.stated["constant"]) == (["Core", "Mid"], {"portfolio": "{sheet}"})
    assert (found.stated["until"], found.stated["skip"]) == ("empty line", 1)
    assert (found.labels["weight"], found.labels["date"]) == ("% of Portfolio", "As of")
    assert "portfolio" not in found.labels and "cash" not in found.stated
    text = drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")
    assert tomllib.loads(text)["tables"]["holdings"] == found.stated  # nothing that is stated is left unwritten


@pytest.mark.parametrize("columns", [["% of Fund"], ["NAV share"]])
def test_what_sums_to_one_in_each_list_is_the_weight_whatever_it_is_called(columns, tmp_path):
    master(tmp_path)
    rows = lists().rename(columns={"weight": columns[0], "ticker": "Symbol"})
    rows.assign(Value=rows[columns[0]] * 1e6 * (1 + (rows["date"] == DATES[0]))).to_csv(tmp_path / "lists.csv", index=False)
    assert draft(tmp_path, "holdings").labels["weight"] == columns[0]


def test_members_of_an_index_are_no_holdings(tmp_path):
    """A list a file, named as the index of which there are levels, or in a folder of members."""
    master(tmp_path)
    levels = pd.DataFrame({"Dates": DATES, "LRG Index": 100.0, "SML Index": 200.0}).assign(other=300.0)
    levels.rename(columns={"other": "MID Index"}).to_csv(tmp_path / "index_levels_TR.csv", index=False)
    for folder in ("members", "weights"):
        (tmp_path / folder).mkdir()
    names = pd.DataFrame({"Symbol": TICKERS, "Weight": 100 / len(TICKERS)})
    for index in ("LRG", "SML"):
        for day in ("20250131", "20250228"):
            names.to_csv(tmp_path / "members" / f"{index}_{day}.csv", index=False)
    found = draft(tmp_path, "constituents")
    assert found.stated["file"] == "members/{index}_{date}.csv"
    assert found.stated["values"]["index"] == {"LRG": "LRG Index", "SML": "SML Index"}
    assert looked(tmp_path).draft("holdings") is None
    (tmp_path / "members").rename(tmp_path / "monthly")  # only the names of the files agree with the indices
    assert draft(tmp_path, "constituents").stated["file"] == "monthly/{index}_{date}.csv"


def test_parts_of_a_folder_are_one_table_and_codes_of_another_file_name_stocks(tmp_path):
    """Abbreviations: what a column of keys is called does not matter, once another file has the keys."""
    master(tmp_path)
    table = prices().assign(key=lambda rows: rows["ticker"].map(dict(zip(TICKERS, map(int, IDS), strict=True))))
    for year, rows in table.assign(year=table["date"].dt.day < 31).groupby("year"):
        part = tmp_path / "eod" / f"year={2024 + year}"
        part.mkdir(parents=True)
        rows = rows.rename(columns={"close": "px", "total_return": "ret_tot", "date": "dt"})
        rows[["dt", "key", "px", "ret_tot"]].assign(shrout_k=5.0).to_parquet(part / "part-0.parquet")
    found = looked(tmp_path)
    assert found.draft("prices").stated["file"] == "eod/year=*/part-0.parquet"
    assert found.draft("prices").labels == {"date": "dt", "ticker": "key", "close": "px", "total_return": "ret_tot"}
    assert found.draft("prices").stated["identifiers"] == "house_key"
    assert found.draft("shares").stated["units"] == {"shares_out": "thousands"}
    told = [each.column for each in found.found if each.file.startswith("eod") and each.verdict == "not used"]
    assert told == []


TOTALS = ["Sales", "Net Income", "Total Assets", "Total Liabilities", "Shareholders' Equity"]


def fundamentals(folder: Path, name: str, *more: str) -> None:
    master(folder)
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"Symbol": TICKERS, "FY End": "2024-12-31", "Filed": "2025-02-20"})
    for column in (*TOTALS, *more):
        frame[column] = rng.uniform(1, 900, len(frame)).round(3)
    frame.to_csv(folder / name, index=False)


@pytest.mark.parametrize("name", ["financials_USD_mm.csv", "Jahresabschluss_Mio_EUR.csv", "財務（百万円）.csv"])
def test_the_name_of_a_file_says_the_unit_of_totals_and_never_of_what_is_a_share_s(name, tmp_path):
    fundamentals(tmp_path, name, "DPS")
    stated = draft(tmp_path, "fundamentals").stated
    assert (stated["unit"], stated["units"]) == ("millions", {"dividends_per_share": OPEN})


def test_a_column_that_may_be_one_that_is_wanted_is_named_in_its_question(tmp_path):
    fundamentals(tmp_path, "financials_USD_mm.csv", "Net Op. Funds")
    found = draft(tmp_path, "fundamentals")
    assert found.stated["columns"]["operating_cash_flow"] == OPEN
    assert ("labels", ("Net Op. Funds",)) in found.why[("columns", "operating_cash_flow")][0].values.items()
    verdicts = {each.column: each.verdict for each in looked(tmp_path).found if each.table == "fundamentals"}
    assert verdicts["Net Op. Funds"] == "asked"


def test_market_caps_across_are_a_table_of_shares(tmp_path):
    master(tmp_path)
    caps = prices().pivot(index="date", columns="ticker", values="close").rename_axis("Dates")
    caps.to_csv(tmp_path / "CUR_MKT_CAP.csv")
    stated = draft(tmp_path, "shares").stated
    assert (stated["layout"], [*stated["fields"]]) == ("wide", ["market_cap"])
    assert (stated["fields"]["market_cap"]["unit"], stated["derived"]) == (OPEN, {"shares_out": "market_cap / close"})


def test_share_counts_with_days_across_say_their_unit_in_a_title(tmp_path):
    master(tmp_path)
    counts = pd.DataFrame({"Symbol": TICKERS, "1/31/2025": 5.5, "2/28/2025": 6.5})
    workbook(
        tmp_path / "Universe.xlsx", {"Shares Outstanding": (["Shares outstanding, millions"], counts, ["Source: 10-K"])}
    )
    stated = draft(tmp_path, "shares").stated
    assert stated["layout"] == "across"
    field = stated["fields"]["shares_out"]
    assert (field["unit"], field["dates"], field["until"], field["skip"]) == ("millions", "MM/DD/YYYY", "empty line", 1)


@pytest.mark.parametrize(
    ("name", "header", "unit"),
    [
        ("T-Bill.csv", "Yield", OPEN),
        ("Geldmarkt.csv", "€STR (% p.a.)", "percent"),
        ("rates.csv", "Treasury bill annual %", "percent"),
    ],
)
def test_a_rate_of_a_year_is_mapped_and_its_count_of_days_is_asked(name, header, unit, tmp_path):
    master(tmp_path)
    pd.DataFrame({"Date": DATES, header: 4.5}).to_csv(tmp_path / name, index=False)
    stated = draft(tmp_path, "rates").stated
    assert (stated["columns"]["yearly_rate"], stated["units"]) == (header, {"yearly_rate": unit})
    assert stated["derived"] == {"risk_free": OPEN}


def test_a_number_a_day_that_may_be_a_rate_is_asked_for(tmp_path):
    master(tmp_path)
    pd.DataFrame({"Date": DATES, "XYZ3M": 4.5}).to_csv(tmp_path / "XYZ3M.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("rates") is None
    assert [(each.verdict, each.why[0].key) for each in found.found if each.file == "XYZ3M.csv"] == [
        ("asked", "may_be_rates")
    ]


def test_a_dividend_beside_the_close_makes_the_return(tmp_path):
    master(tmp_path)
    table = prices()[["date", "ticker", "close"]].assign(Ausschüttung=0.0)
    table.rename(columns={"date": "Datum", "ticker": "ISIN", "close": "Schlusskurs"}).assign(
        ISIN=table["ticker"].map(dict(zip(TICKERS, ISINS, strict=True)))
    ).to_csv(tmp_path / "Kurse.csv", index=False)
    found = draft(tmp_path, "prices")
    assert (found.labels["dividend"], found.stated["derived"]) == ("Ausschüttung", {"total_return": "close and dividend"})


@pytest.mark.parametrize("header", ["Shares", "Shares Short", "Shares on Loan"])
def test_shares_beside_prices_may_be_those_that_were_traded(header, tmp_path):
    master(tmp_path)
    prices().rename(columns={"ticker": "Symbol"}).assign(**{header: 9.0}).to_csv(tmp_path / "prices.csv", index=False)
    assert looked(tmp_path).draft("shares") is None


def test_words_that_are_headers_alone_are_not_found_in_others(tmp_path):
    """Total liabilities are headed "lt" by quants, and a long-term debt "LT Debt" by all."""
    fundamentals(tmp_path, "financials_USD_mm.csv", "LT Debt")
    assert draft(tmp_path, "fundamentals").labels["total_liabilities"] == "Total Liabilities"


def test_one_cell_for_none_among_many_numbers_is_seen(tmp_path):
    """A sheet of years has more different numbers than are looked at."""
    days = pd.bdate_range("2000-01-03", periods=800)
    master(tmp_path)
    closes = pd.DataFrame(np.arange(800 * 12).reshape(800, 12) + 10.25, days, TICKERS).astype(object)
    closes.iloc[401, 7] = "#N/A N/A"
    closes.rename_axis("Dates").to_csv(tmp_path / "PX_LAST.csv")
    assert draft(tmp_path, "prices").stated["fields"]["close"]["missing"] == ["#N/A N/A"]


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("sheets", [{"Holdings": "major"}, {"Core": "major", "Mid": "next_major"}])
def test_workbooks_a_month_each_are_one_table_and_every_file_is_read(sheets, dated, tmp_path):
    """The day may be a column, or stand in the name of each file alone."""
    master(tmp_path)
    (tmp_path / "lists").mkdir()
    for day in pd.to_datetime(["2025-01-31", "2025-02-28", "2025-03-31"]):
        rows = {sheet: held(key).assign(**{"As of": day}).drop_duplicates("Symbol") for sheet, key in sheets.items()}
        rows = {sheet: frame if dated else frame.drop(columns="As of") for sheet, frame in rows.items()}
        workbook(tmp_path / "lists" / f"Book {day:%Y-%m-%d}.xlsx", {sheet: ([], frame, []) for sheet, frame in rows.items()})
    found = draft(tmp_path, "holdings").stated
    assert found["file"] == ("lists/Book *.xlsx" if dated else "lists/Book {date}.xlsx")
    assert found["sheet"] == ([*sheets] if len(sheets) > 1 else "Holdings")
    stated = TableMap(**{key: found[key] for key in ("file", "sheet", "dates") if key in found})
    hashes = Exports(tmp_path, {"holdings": stated}).hashes()
    assert {name for name in hashes if name.endswith(".xlsx")} == {
        f"holdings.{path.relative_to(tmp_path).as_posix()}" for path in (tmp_path / "lists").iterdir()
    }


@pytest.mark.parametrize(
    ("days", "key"),
    [
        (pd.DatetimeIndex(["2025-03-31"]), "days_of_lists"),
        (pd.DatetimeIndex(["2025-01-31", "2025-02-28", "2025-03-31"]), "days_of_lists"),
        (pd.bdate_range("2025-03-03", periods=10), "sums_of_lists"),
    ],
)
@pytest.mark.parametrize("funds", [1, 2])
def test_lists_with_prices_in_them_are_no_table_of_prices(days, key, funds, tmp_path):
    """Under headers of no language that is known; without weights that sum it is asked which column is one."""
    master(tmp_path)
    rows = [(f"Rahasto {fund}", day, isin) for fund in range(funds) for day in days for isin in ISINS]
    frame = pd.DataFrame(rows, columns=["Rahasto", "Datum", "ISIN"])
    frame = frame.assign(Määrä=range(100, 100 + len(frame)), Andel=100 / len(ISINS), Kurs=20.5)
    frame = frame.rename(columns={"Andel": "Andel av fonden (%)"})
    frame.to_csv(tmp_path / "innehav.csv", index=False)
    found = looked(tmp_path)
    assert found.draft("prices") is None
    lists = found.draft("holdings")
    assert lists is not None and lists.labels["weight"] == "Andel av fonden (%)"
    assert funds == 1 or ("columns", "portfolio") in lists.questions()
    if key == "days_of_lists":
        frame.drop(columns="Andel av fonden (%)").to_csv(tmp_path / "innehav.csv", index=False)
        found = looked(tmp_path)
        lists = found.draft("holdings")
        assert found.draft("prices") is None and lists is not None
        assert {*lists.why["columns", "weight"][0].values["labels"]} >= {"Määrä"} and "weight" not in lists.labels


def test_one_file_with_a_day_in_its_name_is_that_file_alone(tmp_path):
    master(tmp_path)
    (tmp_path / "master.csv").rename(tmp_path / "master 2025-03-31.csv")
    prices().to_csv(tmp_path / "prices.csv", index=False)
    assert draft(tmp_path, "securities").stated["file"] == "master 2025-03-31.csv"


def test_reports_with_a_row_an_item_are_asked_for_item_by_item(tmp_path):
    master(tmp_path)
    random = np.random.default_rng(4)
    rows = []
    for isin in ISINS:
        for year in (2022, 2023, 2024):
            debt, equity = random.uniform(1, 9, 2).round(2)
            values = {"A1": debt + equity, "A2": debt, "A3": equity, "P1": 2 * equity, "P7": equity / 9, "P9": -debt / 7}
            for item, value in values.items():
                rows.append((isin, f"{year}-12-31", f"{year + 1}-02-1{year % 10}", item, "Y", round(value * 1e3, 1)))
    frame = pd.DataFrame(rows, columns=["k1", "k2", "k3", "k4", "k5", "k6"])
    frame.to_csv(tmp_path / "facts.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert found.stated["items"] == {"column": "k4", "value": "k6"}
    assert {ours: found.labels.get(ours) for ours in ("ticker", "period_end", "available_from")} == {
        "ticker": "k1", "period_end": "k2", "available_from": "k3",
    }  # fmt: skip
    question = found.why["columns", "total_assets"]
    assert question[0].values["labels"][0] == "A1" and question[1].values == {"label": "A1", "parts": ("A2", "A3")}
    assert found.stated["unit"] == OPEN


def test_a_header_that_its_cells_contradict_is_a_question(tmp_path):
    """A column headed as the close that is the volume, beside one of no word that the returns are the changes of."""
    master(tmp_path)
    days = pd.bdate_range("2025-01-02", periods=60)
    random = np.random.default_rng(3)
    returns = random.normal(0, 0.01, (60, len(TICKERS))).round(6)
    level = 50 * np.cumprod(1 + returns, axis=0)
    frame = pd.DataFrame({"Date": np.repeat(days, len(TICKERS)), "Symbol": TICKERS * 60})
    frame = frame.assign(Close=random.integers(1_000, 90_000, len(frame)), k3=level.ravel(), k4=returns.ravel())
    frame.to_csv(tmp_path / "px.csv", index=False)
    found = draft(tmp_path, "prices")
    assert "close" not in found.labels
    fact = found.why["columns", "close"][0]
    assert (fact.key, fact.values["labels"]) == ("words_and_cells", ("Close", "k3"))


def test_a_code_of_a_portfolio_that_no_security_has_may_be_cash(tmp_path):
    master(tmp_path)
    rows = lists()
    rows["ticker"] = rows["ticker"].replace("CASH", "ZZ9")
    rows.to_csv(tmp_path / "holdings.csv", index=False)
    assert draft(tmp_path, "holdings").stated["cash"] == OPEN
    rows.assign(ticker=rows["ticker"].replace("ZZ9", "CASHUSD00")).to_csv(tmp_path / "holdings.csv", index=False)
    assert draft(tmp_path, "holdings").stated["cash"] == "CASHUSD00"


def test_levels_of_indices_that_no_name_says_are_asked_for(tmp_path):
    master(tmp_path)
    days = pd.bdate_range("2025-01-02", periods=60)
    random = np.random.default_rng(5)
    levels = {name: 100 * np.cumprod(1 + random.normal(0, 0.01, 60)) for name in ("QX", "QY")}
    pd.DataFrame({"k1": days} | levels).to_csv(tmp_path / "x9.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["fields"]["level"]["file"] == OPEN
    assert found.why["fields", "level", "file"][0].values["labels"] == ("x9.csv",)


def test_reports_with_more_columns_than_a_grid_has_names_are_a_long_table(tmp_path):
    master(tmp_path)
    random = np.random.default_rng(6)
    keys = [(isin, f"{year}-12-31", f"{year + 1}-02-1{year % 10}") for isin in ISINS for year in (2022, 2023, 2024)]
    frame = pd.DataFrame(keys, columns=["k1", "k2", "k3"])
    values = pd.DataFrame(random.uniform(1, 9, (len(frame), 50)).round(3), columns=[f"n{place}" for place in range(50)])
    values["n7"] = values["n8"] + values["n9"] + 20
    values["n30"] = values["n7"] + values["n9"]
    frame.join(values).to_csv(tmp_path / "reports.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert found.labels["available_from"] == "k3" and found.why["columns", "total_assets"][0].values["labels"][0] == "n30"
