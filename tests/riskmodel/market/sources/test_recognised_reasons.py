"""Files that are not taken for a table: the reason is the true one."""

from __future__ import annotations

import pandas as pd
import pytest

from attribution.portfolio.drafting.lists import lists_in
from attribution.portfolio.drafting.text import drafted_text
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.sources.recognition.drafts import ASKED, UNREAD, UNUSED
from riskmodel.market.sources.recognition.recognise import recognise

SECURITIES = "ticker,name,sector\nA US Equity,Alpha,Tech\nB US Equity,Beta,Tech\nC US Equity,Gamma,Tech\n"
LISTS = "index,date,ticker,weight\n" + "".join(
    f"X,2024-11-01,{name} US Equity,{share}\n" for name, share in zip("ABC", (20, 30, 50), strict=True)
)


def _why(path, text: str) -> tuple[str, str, dict]:
    (path / "securities.csv").write_text(SECURITIES, encoding="utf-8")
    (path / "members.csv").write_text(LISTS, encoding="utf-8")
    (path / "earnings.csv").write_text(text, encoding="utf-8")
    (found,) = [each for each in recognise(path).found if each.file == "earnings.csv" and not each.column]
    return found.verdict, found.why[0].key, dict(found.why[0].values)


def _earnings(day: str, tail: str, names: str = "ABC") -> str:
    rows = "".join(f"{name}{tail},{day},{n}.5,{n}.25\n" for n, name in enumerate(names))
    return "ticker,announced,eps estimate,eps actual\n" + rows


@pytest.mark.parametrize("tail", [" US", "", ".N"])
def test_codes_that_differ_by_what_stands_behind_them_are_stated_so(tmp_path, tail):
    (tmp_path / "securities.csv").write_text(SECURITIES, encoding="utf-8")
    (tmp_path / "members.csv").write_text(LISTS, encoding="utf-8")
    (tmp_path / "earnings.csv").write_text(_earnings("2024-11-05", tail), encoding="utf-8")
    stated = recognise(tmp_path).draft("earnings").stated
    assert stated["endings"] == {tail: " US Equity"}
    mapped = {"file": "earnings.csv", "columns": stated["columns"], "constant": {"session": "pre"}}
    table = Exports(tmp_path, {"earnings": TableMap(**mapped, endings=stated["endings"])}).table("earnings")
    assert table["ticker"].tolist() == ["A US Equity", "B US Equity", "C US Equity"]


FORMS = {  # of one code an exchange: how a house writes it, and what is stated of it
    "exchanges before": ("{1}:{0}", "{0} US Equity", {"XA:": "", "XB:": ""}, {"": " US Equity"}),
    "plain ones behind exchanges": ("{1}:{0}", "{0}", {"XA:": "", "XB:": ""}, {}),
    "exchanges behind": ("{0}.{1}", "{0} US Equity", {}, {".XA": " US Equity", ".XB": " US Equity"}),
    "a hyphen": ("{0}-{1}", "{0}", {}, {"-XA": "", "-XB": ""}),
}


@pytest.mark.parametrize(
    "plain", [["0097", "0147", "5148", "6012", "7113", "8206"], ["0097", "0147", "0015", "0601", "0711", "0820"]]
)
def test_numbers_that_lost_the_zeros_of_codes_are_stated_so(tmp_path, plain):
    """Some of them, or all: a workbook makes a number of a code of digits."""
    master = "".join(f"{name},Stock {n},{'Tech' if n % 2 else 'Energy'}\n" for n, name in enumerate(plain))
    (tmp_path / "securities.csv").write_text("ticker,name,sector\n" + master, encoding="utf-8")
    lists = "".join(f"X,2024-11-01,{name},{share}\n" for name, share in zip(plain, (10, 20, 30, 15, 15, 10), strict=True))
    (tmp_path / "members.csv").write_text("index,date,ticker,weight\n" + lists, encoding="utf-8")
    rows = "".join(f"{int(code)},2024-11-05,{n}.5,{n}.25\n" for n, code in enumerate(plain))
    (tmp_path / "earnings.csv").write_text("ticker,announced,eps estimate,eps actual\n" + rows, encoding="utf-8")
    stated = recognise(tmp_path).draft("earnings").stated
    assert stated["digits"] == 4
    mapped = {"file": "earnings.csv", "columns": stated["columns"], "constant": {"session": "pre"}}
    assert sorted(Exports(tmp_path, {"earnings": TableMap(**mapped, digits=4)}).table("earnings")["ticker"]) == sorted(plain)
    assert "digits = 4" in drafted_text(recognise(tmp_path), tmp_path, tmp_path / "book")


@pytest.mark.parametrize("digits", [-1, 21, "4", 4.5, True])
def test_digits_that_are_no_count_are_refused(digits):
    with pytest.raises(ValueError, match="a whole number of digits of a code from 0 to 20"):
        TableMap(file="earnings.csv", digits=digits)


@pytest.mark.parametrize(("theirs", "own", "beginnings", "endings"), FORMS.values(), ids=FORMS)
def test_exchanges_around_codes_are_stated_so(tmp_path, theirs, own, beginnings, endings):
    plain = ["PYN", "QRX", "ABC.B", "KL", "MNO", "T"]
    codes = [theirs.format(code, "XB" if n % 3 else "XA") for n, code in enumerate(plain)]
    names = [own.format(code) for code in plain]
    master = "".join(f"{name},Stock {n},{'Tech' if n % 2 else 'Energy'}\n" for n, name in enumerate(names))
    (tmp_path / "securities.csv").write_text("ticker,name,sector\n" + master, encoding="utf-8")
    lists = "".join(f"X,2024-11-01,{name},{share}\n" for name, share in zip(names, (10, 20, 30, 15, 15, 10), strict=True))
    (tmp_path / "members.csv").write_text("index,date,ticker,weight\n" + lists, encoding="utf-8")
    rows = "".join(f"{code},2024-11-05,{n}.5,{n}.25\n" for n, code in enumerate(codes))
    (tmp_path / "earnings.csv").write_text("ticker,announced,eps estimate,eps actual\n" + rows, encoding="utf-8")
    stated = recognise(tmp_path).draft("earnings").stated
    assert (stated.get("beginnings", {}), stated.get("endings", {})) == (beginnings, endings)
    mapped = {"file": "earnings.csv", "columns": stated["columns"], "constant": {"session": "pre"}}
    table = Exports(tmp_path, {"earnings": TableMap(**mapped, beginnings=beginnings, endings=endings)}).table("earnings")
    assert sorted(table["ticker"]) == sorted(names)


def test_codes_that_would_be_one_are_not_spelt_otherwise(tmp_path):
    (tmp_path / "securities.csv").write_text(SECURITIES.replace(" US Equity", ""), encoding="utf-8")
    (tmp_path / "members.csv").write_text(LISTS.replace(" US Equity", ""), encoding="utf-8")
    rows = "".join(f"{place}:{code},2024-11-05,1.5,1.25\n" for place in ("XA", "XB") for code in "ABC")
    (tmp_path / "earnings.csv").write_text("ticker,announced,eps estimate,eps actual\n" + rows, encoding="utf-8")
    drafts = recognise(tmp_path).drafts
    assert not [draft.table for draft in drafts if "beginnings" in draft.stated]


def test_codes_that_no_security_has_are_said(tmp_path):
    why = _why(tmp_path, _earnings("2024-11-05", " JP", "XYZ"))
    assert why == (UNUSED, "codes_unknown", {"label": "ticker", "cells": ("X JP", "Y JP", "Z JP")})


def test_days_of_no_form_that_is_known_are_said(tmp_path):
    why = _why(tmp_path, _earnings("令和6年11月5日", " US Equity"))
    assert why == (ASKED, "days_of_no_form", {"label": "announced", "cells": ("令和6年11月5日",)})


def test_headers_that_are_no_tables_are_said(tmp_path):
    assert _why(tmp_path, "client,fee\nA,1.5\nB,2.5\n")[:2] == (UNUSED, "no_table_of_ours")


def _names_across(path, cell: str):
    """Closes under the names of stocks, with a row of numbers of securities above, and one cell that is none."""
    names = [f"Stock {letter} N" for letter in "ABCDEFGH"]
    master = "".join(f"{n + 13897405},S{n},{name},Tech\n" for n, name in enumerate(names))
    (path / "securities.csv").write_text("valor,symbol,name,sector\n" + master, encoding="utf-8")
    rows = [[f"2024-11-{day:02}", *(str(20.5 + day % 3 + 2 * n) for n in range(8))] for day in (1, 4, 5, 6, 7)]
    rows[2][3] = cell
    lists = "".join(f"X,2024-11-01,S{n},12.5\n" for n in range(8))
    (path / "members.csv").write_text("index,date,ticker,weight\n" + lists, encoding="utf-8")
    head = [["Valor", *(str(n + 13897405) for n in range(8))], ["Titel", *names]]
    (path / "close.csv").write_text("\n".join(map(",".join, head + rows)) + "\n", encoding="utf-8")
    return recognise(path)


def test_names_across_under_their_codes_are_read_where_a_workbook_wrote_what_it_has_not(tmp_path):
    stated = _names_across(tmp_path, "#N/V").draft("prices").stated
    assert (stated["identifiers"], stated["fields"]["close"]["missing"]) == ("code_1", ["#N/V"])
    (tmp_path / "index.csv").write_bytes((tmp_path / "close.csv").read_bytes())
    fields = {
        ours: {"file": f"{file}.csv", "skip": 1, "missing": "#N/V"}
        for ours, file in (("close", "close"), ("total_return_index", "index"))
    }
    derived = {"total_return": "total_return_index"}
    prices = {"layout": "wide", "fields": fields, "identifiers": "code_1", "derived": derived}
    securities = {"file": "securities.csv", "columns": {"ticker": "symbol", "code_1": "name"}}
    maps = {"prices": TableMap(**prices), "securities": TableMap(**securities)}
    read = Exports(tmp_path, maps).table("prices").set_index(["date", "ticker"])["close"].unstack()
    assert [*read.columns] == [f"S{n}" for n in range(8)] and read.isna().sum().sum() == 1


def test_cells_that_keep_names_across_from_being_read_are_said(tmp_path):
    found = [each for each in _names_across(tmp_path, "halted").found if each.file == "close.csv" and not each.column]
    (why,) = [each.why[0] for each in found]
    assert (why.key, dict(why.values)) == ("no_numbers_across", {"label": "name", "cells": ("halted",)})


def _grid(path, name: str, fields: list[str], head: str = "") -> None:
    """Names over fields over days and numbers, as a terminal writes them, with a title above."""
    names = [f"{stock} US Equity" for stock in "ABC" for _ in fields]
    rows = [f"2024-11-{day:02},{','.join(str(100 + day + place) for place in range(len(names)))}" for day in (1, 4, 5)]
    text = ["Start,2024-11-01", "", f"{head},{','.join(names)}", f"Dates,{','.join(fields * 3)}", *rows]
    (path / name).write_text("\n".join(text) + "\n", encoding="utf-8")


@pytest.mark.parametrize("head", ["", "Security"])
def test_a_grid_of_one_field_with_names_over_fields_is_read_as_it_is_stated(tmp_path, head):
    (tmp_path / "securities.csv").write_text(SECURITIES, encoding="utf-8")
    (tmp_path / "members.csv").write_text(LISTS, encoding="utf-8")
    _grid(tmp_path, "Last.csv", ["PX_LAST"], head)
    _grid(tmp_path, "TRI.csv", ["TOT_RETURN_INDEX_GROSS_DVDS"], head)
    _grid(tmp_path, "Vol.csv", ["PX_VOLUME"], head)
    draft = recognise(tmp_path).draft("prices")
    assert draft is not None
    assert {ours: field["file"] for ours, field in draft.stated["fields"].items()} == {
        "close": "Last.csv",
        "total_return_index": "TRI.csv",
        "volume": "Vol.csv",
    }
    for field in draft.stated["fields"].values():
        field.pop("unit", None)  # which is asked
    table = Exports(tmp_path, {"prices": TableMap.model_validate(draft.stated)}).table("prices")
    assert table.query("ticker == 'B US Equity'")["close"].tolist() == [102.0, 105.0, 106.0]
    assert sorted(table["ticker"].unique()) == ["A US Equity", "B US Equity", "C US Equity"]


def test_a_grid_of_several_fields_is_left_and_said(tmp_path):
    (tmp_path / "securities.csv").write_text(SECURITIES, encoding="utf-8")
    (tmp_path / "members.csv").write_text(LISTS, encoding="utf-8")
    _grid(tmp_path, "grid.csv", ["PX_LAST", "PX_VOLUME"])
    (found,) = [each for each in recognise(tmp_path).found if each.file == "grid.csv"]
    assert (found.verdict, found.why[0].key) == (UNREAD, "two_headers")
    assert found.why[0].values["labels"] == ("PX_LAST", "PX_VOLUME")


def test_sheets_of_which_no_name_says_the_field_are_a_question_in_the_draft(tmp_path):
    """Each number of prices is asked for with the sheets that it may be; beside a long table of prices they are named."""
    (tmp_path / "securities.csv").write_text(SECURITIES, encoding="utf-8")
    (tmp_path / "members.csv").write_text(LISTS, encoding="utf-8")
    _grid(tmp_path, "Ena.csv", ["ZZ"])
    _grid(tmp_path, "Druga.csv", ["YY"])
    draft = recognise(tmp_path).draft("prices")
    assert draft is not None
    assert {ours: field["file"] for ours, field in draft.stated["fields"].items()} == dict.fromkeys(
        ("close", "total_return", "volume"), "?"
    )
    (why,) = draft.why["fields", "close", "file"]
    assert (why.key, why.values["labels"]) == ("field_which", ("Druga.csv", "Ena.csv"))
    text = drafted_text(recognise(tmp_path), tmp_path, tmp_path / "book")
    assert text.count("Druga.csv, Ena.csv") == 3
    for field in ("PX_LAST", "TOT_RETURN_INDEX_GROSS_DVDS", "PX_VOLUME"):
        _grid(tmp_path, f"{field}.csv", [field])
    draft = recognise(tmp_path).draft("prices")
    assert draft is not None
    assert draft.stated["fields"].keys() == {"close", "total_return_index", "volume"}
    assert draft.why["layout",][-1].values == {"places": ("Druga.csv", "Ena.csv")}


def test_two_sheets_of_one_field_are_a_question(tmp_path):
    """Closes and unadjusted closes bear the same name of a field."""
    (tmp_path / "securities.csv").write_text(SECURITIES, encoding="utf-8")
    (tmp_path / "members.csv").write_text(LISTS, encoding="utf-8")
    _grid(tmp_path, "Last.csv", ["PX_LAST"])
    _grid(tmp_path, "Last unadjusted.csv", ["PX_LAST"])
    draft = recognise(tmp_path).draft("prices")
    assert draft is not None
    assert draft.stated["fields"]["close"]["file"] == "?"


def test_the_only_workbook_with_sheets_of_no_known_field_is_asked_and_not_taken(tmp_path):
    """An analyst's chart of a few stocks is no table of prices because no other grid is there; its reading is a comment."""
    (tmp_path / "securities.csv").write_text(SECURITIES, encoding="utf-8")
    (tmp_path / "members.csv").write_text(LISTS, encoding="utf-8")
    days = pd.bdate_range("2024-11-01", periods=5)
    chart = pd.DataFrame({f"{name} US Equity": [10.0, 11.0, 10.5, 10.8, 11.2] for name in "ABC"}, index=days)
    chart.rename_axis("Day").to_excel(tmp_path / "memo.xlsx", sheet_name="chart")
    found = recognise(tmp_path).draft("prices")
    assert found is not None
    for ours in ("close", "volume"):
        assert found.stated["fields"][ours]["file"] == "?"
        assert found.why["fields", ours, "file"][0].values["labels"] == ("memo.xlsx [chart]",)
    text = drafted_text(recognise(tmp_path), tmp_path, tmp_path / "book")
    assert text.count('\n# sheet = "chart"\n') == 3 and '\nsheet = "chart"' not in text


def test_lists_are_compared_by_codes_as_they_are_spelt(tmp_path):
    """A portfolio whose codes lost their zeros holds the names of the index, and no other code."""
    names = ["0097", "0147", "5148", "6012", "7113", "8206"]
    master = "".join(f"{name},Stock {n},{'Tech' if n % 2 else 'Energy'}\n" for n, name in enumerate(names))
    (tmp_path / "securities.csv").write_text("ticker,name,sector\n" + master, encoding="utf-8")
    for file, whose, name_of, spell in (("members", "index", "LRG", str), ("holdings", "portfolio", "major", int)):
        days = ("2024-11-01", "2024-12-02")
        rows = "".join(f"{name_of},{day},{spell(name)},25\n" for day in days for name in names[:4])
        (tmp_path / f"{file}.csv").write_text(f"{whose},date,ticker,weight\n{rows}", encoding="utf-8")
    found = recognise(tmp_path)
    assert found.draft("holdings").stated["digits"] == 4
    assert lists_in(found).overlap == {"major": {"LRG": 1.0}}
