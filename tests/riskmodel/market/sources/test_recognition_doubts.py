"""Exports in which one column, file or list could be taken for another: what is not sure is a question."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.market.sources.recognition.drafts import Draft, names_of_levels
from riskmodel.market.sources.recognition.recognise import recognise
from riskmodel.market.sources.recognition.words import unit_said

NAMES = ["AA", "BB", "CC", "DD"]
DAYS = [20250106, 20250107, 20250108]
LEVELS = {"AA": 10.25, "BB": 20.5, "CC": 30.75, "DD": 41.5}


def master(folder: Path, **more: object) -> None:
    pd.DataFrame({"Ticker": NAMES, "Name": NAMES, "Sector": ["Energy", "Banks"] * 2} | more).to_csv(
        folder / "master.csv", index=False
    )


def prices(**columns: float) -> pd.DataFrame:
    """Rows of days and names with a number in each of several columns."""
    rows = [(day, name) for day in DAYS for name in NAMES]
    frame = pd.DataFrame(rows, columns=["Date", "Ticker"])
    for place, (label, scale) in enumerate(columns.items()):
        frame[label] = [LEVELS[name] * scale + place + day % 7 for day, name in rows]
    return frame


def draft(folder: Path, table: str) -> Draft:
    found = recognise(folder).draft(table)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("labels", "level"),
    [
        (("price_level", "total_return_level"), "total_return_level"),
        (("Kursindex", "Performanceindex", "Stand"), "Performanceindex"),
        (("lvl_pr", "lvl_gtr", "lvl_ntr"), "?"),
        (("price level",), "?"),
        (("Price index level", "Index level"), "?"),
    ],
)
def test_a_price_index_is_never_taken_for_one_of_total_return(labels, level, tmp_path):
    levels = pd.DataFrame({"Date": DAYS * 2, "Index": ["Large"] * 3 + ["Small"] * 3})
    levels = levels.assign(**{label: [100.5 + place + row for row in range(6)] for place, label in enumerate(labels)})
    levels.to_csv(tmp_path / "levels.csv", index=False)
    assert draft(tmp_path, "indices").stated["columns"]["level"] == level


@pytest.mark.parametrize(
    "labels",
    [
        ("Schlusskurs", "Schlusskurs bereinigt"),
        ("終値", "調整後終値"),
        ("Cours", "Cours ajusté"),
        ("px_close_raw", "px_close_adj"),
    ],
)
def test_a_close_beside_an_adjusted_one_is_a_question_in_any_language(labels, tmp_path):
    master(tmp_path)
    prices(**dict.fromkeys(labels, 1.0)).to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.stated["columns"]["close"] == "?"
    assert set(found.why[("columns", "close")][0].values["labels"]) == set(labels)


def test_a_close_that_may_be_adjusted_for_dividends_too_is_a_question(tmp_path):
    master(tmp_path)
    prices(**{"Adj Close": 1.0}).to_csv(tmp_path / "prices.csv", index=False)
    assert [fact.key for fact in draft(tmp_path, "prices").why[("columns", "close")]] == ["adjusted_how"]


def test_the_unit_that_all_candidates_say_is_stated_before_the_question_is_answered(tmp_path):
    master(tmp_path)
    prices(close_cents=1.0, adj_close_cents=1.0).to_csv(tmp_path / "prices.csv", index=False)
    found = draft(tmp_path, "prices").stated
    assert (found["columns"]["close"], found["units"]["close"]) == ("?", "cents")


def test_rows_that_are_no_splits_are_asked_whether_they_are_left_out(tmp_path):
    master(tmp_path)
    actions = pd.DataFrame({"Ticker": NAMES, "Ex date": [*DAYS, 20250109], "Type": ["SPLIT"] * 4, "Ratio": [2.0, 3, 1.5, 2]})
    actions.to_csv(tmp_path / "actions.csv", index=False)
    assert draft(tmp_path, "splits").why["columns", "ratio"][0].values["labels"] == ("Ratio",)
    actions.assign(Type=["SPLIT", "CASHDIV"] * 2).to_csv(tmp_path / "actions.csv", index=False)
    found = draft(tmp_path, "splits")
    [question] = [fact for fact in found.why["drop",] if fact.key == "kinds_mixed"]
    assert (found.stated["drop"], question.values["answer"]) == ("?", '{ "Type" = ["CASHDIV"] }')


def test_lists_that_only_a_column_of_codes_tells_apart_are_never_one_list(tmp_path):
    master(tmp_path)
    rows = [(code, day, name, 0.25) for code in ("P1", "P2") for day in DAYS for name in NAMES]
    pd.DataFrame(rows, columns=["lot_xy", "snap_on", "Ticker", "Weight"]).to_csv(tmp_path / "holdings.csv", index=False)
    found = draft(tmp_path, "holdings")
    assert ("columns", "portfolio") in found.questions()
    assert found.why[("columns", "portfolio")][0].values["labels"] == ("lot_xy",)
    assert (found.labels["date"], found.why["columns", "date"][0].key) == ("snap_on", "whole_by_day")


def test_of_two_files_that_could_be_a_table_a_person_says_which_and_a_stale_name_is_never_taken(tmp_path):
    master(tmp_path)
    prices(Close=1.0).to_csv(tmp_path / "px.csv", index=False)
    assert draft(tmp_path, "prices").stated["file"] == "px.csv"
    prices(Close=2.0).to_csv(tmp_path / "a px (old).csv", index=False)
    found = draft(tmp_path, "prices")
    assert found.stated["file"] == "?"
    assert found.why[("file",)][0].values["places"] == ("px.csv", "a px (old).csv")
    (tmp_path / "px.csv").unlink()
    assert [fact.key for fact in draft(tmp_path, "prices").why[("file",)]] == ["doubtful_name"]


def test_a_sector_that_no_header_says_is_asked_of_the_columns_that_group_stocks(tmp_path):
    pd.DataFrame({"Ticker": NAMES, "Name": NAMES, "Branche": ["Energie", "Banken"] * 2}).to_csv(
        tmp_path / "master.csv", index=False
    )
    prices(Close=1.0).to_csv(tmp_path / "px.csv", index=False)
    found = draft(tmp_path, "securities")
    assert found.stated["columns"]["sector"] == "?"
    assert found.why[("columns", "sector")][0].values["labels"] == ("Branche",)


def test_levels_across_of_prices_beside_those_of_total_return_are_asked_to_be_left_out(tmp_path):
    levels = pd.DataFrame({"Date": DAYS, "LRG": [100.5, 101, 102], "SML": [50.5, 51, 52]})
    levels.to_csv(tmp_path / "index levels.csv", index=False)
    assert recognise(tmp_path).draft("indices") is not None
    levels.assign(**{"LRG TR": [100.5, 101, 103]}).to_csv(tmp_path / "index levels.csv", index=False)
    found = draft(tmp_path, "indices")
    [question] = found.why["fields", "level", "beside"]
    assert {*found.questions()} == {("fields", "level", "beside"), ("fields", "level", "file")}  # without prices it is asked
    assert (question.key, question.values["labels"], names_of_levels(found)) == ("levels_mixed", ("LRG", "SML"), ("LRG TR",))


def test_lists_that_sum_to_no_whole_say_what_they_sum_to(tmp_path):
    master(tmp_path)
    rows = [("major", 20250106, name, 0.225) for name in NAMES]
    pd.DataFrame(rows, columns=["Portfolio", "Date", "Ticker", "Weight"]).to_csv(tmp_path / "holdings.csv", index=False)
    facts = {fact.key: fact.values for fact in draft(tmp_path, "holdings").why[("units", "weight")]}
    assert facts["sums_are"] == {"low": pytest.approx(0.9), "high": pytest.approx(0.9)}


def test_the_unit_of_a_return_that_is_asked_for_is_what_its_candidates_say_or_a_question(tmp_path):
    master(tmp_path)
    alike, apart = {"MOVE_1D_PCT": 1.5, "SWING_1D_PCT": 1.6}, {"MOVE_1D_PCT": 1.5, "TURN_K_QTY": 3.0}
    for more, unit in ((alike, "percent"), (apart, "?"), ({"MOVE_1D_PCT": 1.5}, "?")):  # one says nothing of another column
        prices(close=10.0, **more).to_csv(tmp_path / "prices.csv", index=False)
        stated = draft(tmp_path, "prices").stated
        assert (stated["columns"]["total_return"], stated["units"]["total_return"]) == ("?", unit)


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("Capitalisation (M USD)", "millions"),
        ("Cap (M €)", "millions"),
        ("Kurswert in TUSD", "thousands"),
        ("Sales USDm", "millions"),
        ("(k USD)", "thousands"),
        ("単位：百万USD", "millions"),
        ("Umsatz (Mio. USD)", "millions"),
        ("Kurs (USD)", "ones"),
        ("Valor (mil USD)", None),
        ("Volume (M shares)", None),
        ("Adj Qty (lakh)", "lakhs"),
        ("Value in Rs. Lacs", "lakhs"),
        ("Full Mcap (Rs Cr)", "crores"),
        ("Mcap (Rs lakh crore)", "trillions"),
        ("All amounts Rs. Crore unless stated", "crores"),
        ("Mcap ₹Cr", "crores"),
        ("Turnover (INRcr)", "crores"),
        ("時価総額（億円）", "hundred_millions"),
        ("出来高（万株）", "ten_thousands"),
        ("時価総額（兆円）", "trillions"),
        ("売上高（十億円）", "billions"),
        ("売上高（千万円）", None),
        ("売上高（千億円）", None),
        ("Ventas (miles de millones)", "billions"),
        ("Ricavi (mld EUR)", "billions"),
        ("Omsättning (mkr)", "millions"),
        ("Omsättning (tkr)", "thousands"),
        ("house tkr", None),
    ],
)
def test_a_header_that_says_a_scale_is_never_read_as_ones(label, unit):
    assert unit_said(label) == unit


@pytest.mark.parametrize(("cells", "unit"), [(["TUSD"] * 8, "thousands"), (["TUSD"] * 7 + ["USD"], "?")])
def test_a_column_of_units_says_that_of_the_totals_where_all_rows_agree(cells, unit, tmp_path):
    master(tmp_path)
    ends = ["2023-12-31", "2024-12-31"] * 4
    reports = pd.DataFrame({"Ticker": sorted(NAMES * 2), "Period End": ends, "Einheit": cells})
    reports["Filing Date"] = ["2024-03-01", "2025-03-01"] * 4
    reports = reports.assign(**{"Net Income": range(8), "Revenue": range(10, 18), "Total Assets": range(20, 28)})
    reports.to_csv(tmp_path / "reports.csv", index=False)
    assert draft(tmp_path, "fundamentals").stated["unit"] == unit


@pytest.mark.parametrize("sector", [["Energy", "Utilities"] * 2, ["Trade", "Banks"] * 2])
def test_a_header_that_says_sector_is_the_sector_whatever_else_it_says(sector, tmp_path):
    frame = {"Ticker": NAMES, "Bezeichnung": NAMES, "Branche (GICS Sektor)": sector}
    pd.DataFrame(frame).to_csv(tmp_path / "master.csv", index=False)
    prices(Close=1.0).to_csv(tmp_path / "prices.csv", index=False)
    assert draft(tmp_path, "securities").stated["columns"]["sector"] == "Branche (GICS Sektor)"


@pytest.mark.parametrize(("column", "values"), [("LG", [0.01, -0.02, 0.0]), ("rf", [1.5, 1.5, 1.5])])
def test_returns_and_rates_beside_levels_across_are_asked_to_be_left_out(column, values, tmp_path):
    frame = pd.DataFrame({"Date": DAYS, "Large": [100.0, 101.0, 99.0], column: values})
    frame.to_csv(tmp_path / "index_levels.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.why["fields", "level", "beside"][0].values["labels"] == (column,)
    frame.drop(columns="Large").to_csv(tmp_path / "index_levels.csv", index=False)
    assert recognise(tmp_path).draft("indices") is None


def test_a_column_of_returns_is_never_taken_for_levels(tmp_path):
    frame = pd.DataFrame({"Date": DAYS * 2, "Index": ["Large"] * 3 + ["Small"] * 3})
    frame.assign(**{"Total Return": [0.01, -0.02, 0.01] * 2}).to_csv(tmp_path / "bm.csv", index=False)
    found = draft(tmp_path, "indices")
    assert found.stated["columns"]["level"] == "?"
    assert found.why[("columns", "level")][0].key == "no_levels"


def members(folder: Path, file: str, **columns: object) -> None:
    """Two lists of one day, each a whole, by a column of their own."""
    rows = pd.DataFrame({"AsOf": [20250106] * 8, "Ticker": NAMES * 2, "Weight": [0.25] * 8})
    (folder / file).parent.mkdir(exist_ok=True)
    rows.assign(**columns).to_csv(folder / file, index=False)


def levels(folder: Path, **columns: object) -> None:
    rows = pd.DataFrame({"Date": DAYS * 2, "Level": [100.5, 101.5, 102.5] * 2})
    rows.assign(**columns).to_csv(folder / "levels.csv", index=False)


def test_lists_whose_column_has_the_names_of_levels_are_of_an_index_whatever_it_is_called(tmp_path):
    master(tmp_path)
    levels(tmp_path, Index=["LGX"] * 3 + ["SMX"] * 3)
    members(tmp_path, "lists.csv", BmkCode=["LGX"] * 4 + ["SMX"] * 4)
    found = recognise(tmp_path)
    constituents = found.draft("constituents")
    assert found.draft("holdings") is None
    assert constituents is not None
    assert constituents.stated["columns"]["index"] == "BmkCode"
    assert constituents.stated["columns"]["weight"] == "Weight"


def test_levels_and_lists_name_indices_by_the_column_that_has_the_same_names(tmp_path):
    master(tmp_path)
    levels(tmp_path, Index=["Large"] * 3 + ["Small"] * 3, Kurz=["LGX"] * 3 + ["SMX"] * 3)
    members(tmp_path, "members.csv", Index=["LGX"] * 4 + ["SMX"] * 4)
    assert draft(tmp_path, "indices").stated["columns"]["index"] == "Kurz"


def test_reports_of_less_than_a_year_are_a_question(tmp_path):
    master(tmp_path)
    ends = ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"] * 4
    reports = pd.DataFrame({"Ticker": sorted(NAMES * 4), "Period End": ends, "Part": ["1Q", "2Q", "3Q", "4Q"] * 4})
    reports["Filing Date"] = ["2024-05-01", "2024-08-01", "2024-11-01", "2025-03-01"] * 4
    reports = reports.assign(**{"Net Income": range(16), "Revenue": range(10, 26), "Total Assets": range(30, 46)})
    reports.to_csv(tmp_path / "reports.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert found.stated["drop"] == "?"
    assert found.why[("drop",)][0].values["cells"] == ("Part: 1Q, 2Q, 3Q, 4Q",)


def test_a_figure_of_a_share_is_asked_of_no_column_in_millions(tmp_path):
    master(tmp_path)
    rng = np.random.default_rng(3)
    figures = {f"{name}_MM": rng.lognormal(6, 1, 2 * len(NAMES)).round(1) for name in ("SALES", "NI", "TA", "TL", "EQ")}
    days = {"FYE": "2023-12-31", "Filed_Dt": "2024-02-20"}, {"FYE": "2024-12-31", "Filed_Dt": "2025-02-21"}
    rows = pd.DataFrame([{"Ticker": name, **day} for name in NAMES for day in days])
    rows.assign(**figures).to_csv(tmp_path / "accounts.csv", index=False)
    found = draft(tmp_path, "fundamentals")
    assert found.stated["columns"]["total_assets"] == "?"
    assert "dividends_per_share" not in found.stated["columns"] and "dividends_per_share" not in found.stated["units"]
