"""What is left beside a take: older versions of rows, and files named as the table that nothing could be made of."""

from __future__ import annotations

import pandas as pd
import pytest

from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.sources.recognition.decide import tables
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.long import long_draft
from tests.riskmodel.market.sources.odd_folders import GROUPS, TICKERS, lists, prices
from tests.riskmodel.market.sources.test_recognised_houses import draft, looked, master
from tests.riskmodel.market.sources.test_recognised_takes import market

KEYS = dict(zip(TICKERS, (str(10_101 + 7 * place) for place in range(len(TICKERS))), strict=True))
OPEN_END = "9999-12-31"


def warehouse(folder, **renamed):
    """A dimension of securities with two older versions, and facts that name stocks by its keys."""
    rows = [
        (KEYS[name], name, f"{name} Inc.", GROUPS[place % 3], "2010-01-01", OPEN_END, "Y")
        for place, name in enumerate(TICKERS)
    ]
    for place in (3, 7):
        old = (*rows[place][:3], GROUPS[(place + 1) % 3], "2010-01-01", "2022-09-30", "N")
        rows[place] = (*rows[place][:4], "2022-10-01", OPEN_END, "Y")
        rows.insert(place, old)
    columns = ["security_sk", "tkr", "security_name", "sector_nm", "eff_from_dt", "eff_to_dt", "is_current"]
    pd.DataFrame(rows, columns=columns).rename(columns=renamed).to_csv(folder / "dim_security.csv", index=False)
    daily, _ = market()
    daily.assign(ticker=daily["ticker"].map(KEYS)).rename(columns={"ticker": "security_sk"}).to_csv(
        folder / "fact_price.csv", index=False
    )
    held = lists().assign(ticker=lambda frame: frame["ticker"].map(KEYS | {"CASH": "CASH"}))
    held.rename(columns={"ticker": "security_sk"}).to_csv(folder / "fact_position.csv", index=False)


@pytest.mark.parametrize("flag", ["is_current", "x7"])
def test_a_master_with_older_versions_is_asked_which_rows_are_in_force(flag, tmp_path):
    warehouse(tmp_path, is_current=flag)
    found = draft(tmp_path, "securities")
    [question] = [fact for fact in found.why["drop",] if fact.key == "several_versions"]
    assert found.stated["drop"] == "?" and question.values["rows"] == 2
    assert question.values["answer"] in (f'{{ "{flag}" = ["N"] }}', '{ "eff_to_dt" = ["2022-09-30"] }')
    assert draft(tmp_path, "prices").stated["identifiers"] == "security_sk"
    text = drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")
    assert f"drop = {question.values['answer']}" in text


def test_without_a_column_that_tells_versions_apart_no_row_is_left_out(tmp_path):
    warehouse(tmp_path)
    path = tmp_path / "dim_security.csv"
    pd.read_csv(path)[["security_sk", "tkr", "security_name", "sector_nm"]].to_csv(path, index=False)
    facts = [fact for each in looked(tmp_path).drafts for why in each.why.values() for fact in why]
    assert not any(fact.key == "several_versions" for fact in facts)


def test_levels_are_asked_beside_a_file_named_as_them_that_no_mapping_reads(tmp_path):
    """The levels of a house's indices have keys of a calendar, and a file of other levels has days."""
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    days = level.index.strftime("%Y-%m-%d")
    other = pd.DataFrame({"Date": days, "Index": "LRG", "Total return level": level.to_numpy().round(4)})
    other.to_csv(tmp_path / "bmk.csv", index=False)
    assert draft(tmp_path, "indices").stated["file"] == "bmk.csv"
    keyed = pd.DataFrame({"k1": range(8_000, 8_000 + len(level)), "k2": 501, "v": level.to_numpy().round(4)})
    keyed.to_csv(tmp_path / "index_levels.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["file"] == "?" and found.why["file",][0].values["places"] == ("bmk.csv", "index_levels.csv")


def test_a_file_named_as_a_table_that_looking_fails_at_makes_a_question_of_the_one_that_is_taken(tmp_path, monkeypatch):
    master(tmp_path)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    prices().to_csv(tmp_path / "zz.csv", index=False)

    def failing(group: Group, candidate: Candidate):
        if group.first.file == "prices.csv":
            raise KeyError("c4")
        return long_draft(group, candidate)

    monkeypatch.setattr(tables, "long_draft", failing)
    found = draft(tmp_path, "prices")
    assert found.stated["file"] == "?" and found.why["file",][0].values["places"] == ("zz.csv", "prices.csv")


def register(folder, **columns):
    """Two files of a register, of the ends of two years, in which hardly a row differs."""
    for year in (2023, 2024):
        names = TICKERS if year == 2024 else TICKERS[:-1]
        rows = pd.DataFrame({"Code": names, "Firm": [f"{name} Inc." for name in names], "Group": (GROUPS * 4)[: len(names)]})
        rows.assign(
            **columns, Until=["2024-11-08" if name == TICKERS[2] and year == 2024 else None for name in names]
        ).to_csv(folder / f"REGISTER_{year}1231.csv", index=False)


def test_of_a_register_with_a_file_a_year_the_last_is_looked_at_and_it_is_asked_which(tmp_path):
    register(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    lists().to_csv(tmp_path / "positions.csv", index=False)
    found = draft(tmp_path, "securities")
    assert found.stated["file"] == "?"
    assert found.why["file",][0].values["places"] == ("REGISTER_20241231.csv", "REGISTER_20231231.csv")
    assert draft(tmp_path, "prices").stated["columns"]["ticker"] == "ticker"


def test_lists_with_a_file_a_day_are_no_register(tmp_path):
    """Their codes are the same, and their numbers are not."""
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    for place, day in enumerate(("20240131", "20240229")):
        weights = [0.1 - 0.001 * place] * 4 + [0.075 + 0.0005 * place] * 8
        rows = pd.DataFrame({"Symbol": TICKERS, "Weight": weights}).assign(Index="LRG", Date=day)
        rows.to_csv(tmp_path / f"members_{day}.csv", index=False)
    assert draft(tmp_path, "constituents").group.older == ()


def test_prices_whose_codes_are_digits_are_no_grid_though_all_columns_are_numbers(tmp_path):
    warehouse(tmp_path)
    path = tmp_path / "fact_price.csv"
    pd.read_csv(path).rename(columns={"security_sk": "Nr"}).to_csv(path, index=False)
    assert "layout" not in draft(tmp_path, "prices").stated


def test_a_grid_of_scores_by_month_is_no_table_of_prices(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "quotes.csv", index=False)
    days = ["2024-01-31", "2024-02-29", "2024-03-28"]
    scores = pd.DataFrame(0.5, index=pd.Index(TICKERS, name="Symbol"), columns=days)
    scores.to_csv(tmp_path / "model.csv")
    [row] = [each for each in looked(tmp_path).found if each.file == "model.csv"]
    assert [fact.key for fact in row.why] == ["days_across"]


def test_of_several_sheets_that_may_be_the_levels_none_is_taken(tmp_path):
    """A chart of one stock beside itself on 100, in a sheet whose header says index."""
    master(tmp_path)
    frame, level = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    one = frame[frame["ticker"] == TICKERS[0]].set_index("date")["close"]
    chart = pd.DataFrame({"Date": one.index, "Kurs": one.to_numpy(), "Index 100": (100 * one / one.iloc[0]).to_numpy()})
    chart.to_csv(tmp_path / "chart.csv", index=False)
    other = pd.DataFrame({"Date": level.index, "Brutto": level.to_numpy(), "Netto": (0.99 * level).to_numpy()})
    other.to_csv(tmp_path / "spegel.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["fields"]["level"]["file"] == "?"


def test_levels_across_that_no_prices_can_be_held_against_are_asked(tmp_path):
    """An index of bonds with its yield and duration: nothing says that they are no levels of stocks."""
    master(tmp_path)
    _, level = market()
    days = {"Date": level.index, "Index": level.to_numpy(), "Yield": 4 + 0.01 * level.to_numpy(), "Duration": 5.1}
    pd.DataFrame(days).to_csv(tmp_path / "Sukuk_Index.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["fields"]["level"]["file"] == "?"
    assert "indices = []" in drafted_text(looked(tmp_path), tmp_path, tmp_path / "book")


def test_a_database_among_exports_is_named_with_its_tables(tmp_path):
    import sqlite3

    master(tmp_path)
    lists().to_csv(tmp_path / "positions.csv", index=False)
    with sqlite3.connect(tmp_path / "pms.db") as base:
        base.execute("create table price_daily (d text)")
    base.close()
    [row] = [each for each in looked(tmp_path).found if each.file == "pms.db"]
    assert row.why[0].key == "database" and row.why[0].values["names"] == ("price_daily",)


def test_lists_with_a_month_in_their_names_may_be_of_its_last_day(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    for month in ("202401", "202402"):
        rows = lists().query("portfolio == 'major'")[["portfolio", "ticker", "weight"]].drop_duplicates("ticker")
        rows.to_csv(tmp_path / f"INV_{month}.csv", index=False)
    found = draft(tmp_path, "holdings")
    [_, month_of] = found.why["constant", "date"]
    assert dict(month_of.values) == {"form": "YYYYMM", "file": "INV_{date}.csv"}
    stated = TableMap(file=month_of.values["file"], dates=month_of.values["form"])
    mapped = Exports(tmp_path, {"holdings": stated}).table("holdings")
    assert mapped is not None
    assert sorted(mapped["date"].dt.strftime("%Y-%m-%d").unique()) == ["2024-01-31", "2024-02-29"]


def test_prices_by_the_month_beside_scores_are_no_counts_of_shares(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    days = sorted(frame["date"].unique())[::20]
    some = frame[frame["date"].isin(days)]
    scores = pd.DataFrame({"STK": some["ticker"], "RUN": some["date"], "SCORE": 0.5, "LAST_PX": some["close"] * 7})
    scores.to_csv(tmp_path / "QSCORE.csv", index=False)
    assert looked(tmp_path).draft("shares") is None


def test_a_line_of_units_below_the_header_is_no_row_and_says_the_unit(tmp_path):
    master(tmp_path)
    frame, _ = market()
    frame.to_csv(tmp_path / "prices.csv", index=False)
    rows = [(name, f"{year}-12-31", f"{year + 1}-03-10") for name in TICKERS for year in (2021, 2022, 2023)]
    reports = pd.DataFrame(rows, columns=["Symbol", "FYE", "Published"])
    size = pd.Series(range(len(reports))) * 1.7 + 30
    for label, part in (("Revenue", 9), ("Net income", 1), ("Total assets", 20), ("Total liabilities", 12), ("Equity", 8)):
        reports[label] = (size * part).round(1)
    units = pd.DataFrame([["", "", "", *["RM'000"] * 5]], columns=reports.columns)
    pd.concat([units, reports]).to_csv(tmp_path / "financials.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert (found.stated["under"], found.stated["unit"]) == (1, "thousands")
    assert found.stated["columns"]["revenue"] == "Revenue"
    columns = {
        "ticker": "Symbol", "period_end": "FYE", "available_from": "Published", "revenue": "Revenue",
        "net_income": "Net income", "total_assets": "Total assets", "total_liabilities": "Total liabilities",
        "equity": "Equity", "operating_cash_flow": "",
    }  # fmt: skip
    stated = TableMap(file="financials.csv", under=1, columns=columns, unit="thousands")
    table = Exports(tmp_path, {"fundamentals": stated}).table("fundamentals")
    assert table is not None and len(table) == len(reports)


def test_a_row_of_texts_below_texts_is_a_row(tmp_path):
    """A company without figures yet stands first."""
    master(tmp_path)
    frame, _ = market()
    frame.assign(volume=frame["volume"].astype(object)).to_csv(tmp_path / "prices.csv", index=False)
    rows = pd.DataFrame({"Symbol": TICKERS, "Rank": range(len(TICKERS)), "Note": "x", "Score": 0.5}).astype(object)
    rows.loc[0, "Score"] = "n/a"
    rows.to_csv(tmp_path / "scores.csv", index=False)
    assert not [f for each in looked(tmp_path).found for f in each.why if f.key == "units_below"]


@pytest.mark.parametrize(("place", "key"), [("more.zip", "packed"), ("ersatta/px_2024.zip", "packed_old")])
def test_a_packed_file_is_to_be_unpacked_unless_it_is_named_as_old(place, key, tmp_path):
    import zipfile

    master(tmp_path)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(tmp_path / place, "w") as packed:
        packed.writestr("px_2024.csv", "a,b")
    lists().to_csv(tmp_path / "positions.csv", index=False)
    [row] = [each for each in looked(tmp_path).found if each.file == place]
    assert row.why[0].key == key


def test_a_database_that_cannot_be_opened_costs_no_other_file(tmp_path, monkeypatch):
    """Its library may not be installed, it may be damaged, or somebody may be writing it."""
    import sys

    master(tmp_path)
    lists().to_csv(tmp_path / "positions.csv", index=False)
    (tmp_path / "a.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 100)
    (tmp_path / "b.sqlite").write_bytes(b"SQLite format 3\0" + b"\1" * 200)
    (tmp_path / "c.db").write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    (tmp_path / "c.db-wal").write_bytes(b"")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setitem(sys.modules, "duckdb", None)
    found = looked(tmp_path)
    told = {each.file: each.why[0].key for each in found.found if each.verdict == "not read"}
    assert [told[name] for name in ("a.duckdb", "b.sqlite", "c.db")] == ["unreadable"] * 3
    assert found.draft("holdings") is not None
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
