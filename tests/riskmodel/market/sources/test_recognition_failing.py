"""One file or table that cannot be looked at never costs the others."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from attribution.portfolio.drafting.draft import draft_book, found_table
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.sources.recognition.decide import tables
from riskmodel.market.sources.recognition.decide.failing import without_failing
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.market.sources.odd_folders import lists, prices
from tests.riskmodel.market.sources.test_recognised_houses import master, workbook

OURS = ["prices", "securities", "holdings"]


def folder_of(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    master(path)
    prices().to_csv(path / "prices.csv", index=False)
    lists().to_csv(path / "positions.csv", index=False)
    return path


@pytest.mark.parametrize(("table", "file"), [("prices", "prices.csv"), ("holdings", "positions.csv")])
def test_a_table_whose_mapping_fails_is_said_and_the_others_are_drafted(table, file, tmp_path, monkeypatch):
    drafted = tables.long_draft

    def failing(group: Group, candidate: Candidate) -> Draft:
        if group.first.file == file:
            raise KeyError("c4")
        return drafted(group, candidate)

    monkeypatch.setattr(tables, "long_draft", failing)
    found = recognise(folder_of(tmp_path))
    assert {each.table for each in found.drafts} == {*OURS} - {table}
    said = [each for each in found.found if any(fact.key == "not_understood" for fact in each.why)]
    assert [(each.file, each.verdict) for each in said] == [(file, "not read")]
    assert "KeyError: 'c4'" in found_table(found).query("file == @file")["why"].iloc[0]


def test_a_draft_that_fails_for_one_file_is_drafted_without_it_and_says_so(tmp_path, monkeypatch):
    from attribution.portfolio.drafting import text

    read = text.lists_in

    def failing(recognised: Any) -> Any:
        if recognised.draft("holdings") is not None:
            raise ZeroDivisionError("division by zero")
        return read(recognised)

    monkeypatch.setattr(text, "lists_in", failing)
    book = draft_book(folder_of(tmp_path / "exports"), tmp_path / "book").path.read_text(encoding="utf-8")
    assert "[tables.prices]" in book and "\n[tables.holdings]" not in book
    assert "# positions.csv: it could not be understood, and nothing is taken from it" in book


def test_several_parts_that_fail_are_all_named_and_what_fails_without_any_is_raised():
    looks: list[int] = []

    def look(parts: Any) -> list[int]:
        looks.append(len(parts))
        if {3, 7, 8} & {*parts}:
            raise ValueError(f"of {max({3, 7, 8} & {*parts})}")
        return list(parts)

    found, failed = without_failing(range(32), look)
    assert [each.part for each in failed] == [3, 7, 8] and len(found) == 29
    assert len(looks) <= 4 + 3 * 7  # halves, and not one after the other
    with pytest.raises(ZeroDivisionError):
        without_failing([1, 2], lambda parts: 1 // 0)


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _wide(path: Path) -> None:
    frame = pd.DataFrame(np.arange(1500.0).reshape(3, 500), columns=[f"F{number}" for number in range(500)])
    frame.assign(date=["2025-01-27", "2025-01-28", "2025-01-29"]).to_csv(path, index=False)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("prices.csv", "date,ticker,close\n")


def _indexed(path: Path) -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["ticker", None])
    pd.DataFrame({("close", "x"): [1.0, 2.0], ("close", "y"): [None, None]}, index=index).to_parquet(path)


def _nested(path: Path) -> None:
    pd.DataFrame({"date": pd.to_datetime(["2025-01-27"] * 2, utc=True), "legs": [[1, 2], None]}).to_parquet(path)


MANGLED = {
    "empty.csv": lambda path: _text(path, ""),
    "blank.csv": lambda path: _text(path, "\n\n  \n,,\n"),
    "header.csv": lambda path: _text(path, "date,ticker,close\n"),
    "one.csv": lambda path: _text(path, "ticker\nA\nB\n"),
    "binary.csv": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "twice.csv": lambda path: _text(path, "date,date,close,close\n2025-01-27,2025-01-28,1,2\n2025-01-28,2025-01-29,3,4\n"),
    "nothing.csv": lambda path: _text(path, "date,ticker,close\n" + ",,\n" * 20 + "NaN,NaN,NaN\n" * 20),
    "mixed.csv": lambda path: _text(path, "date,ticker,close\n2025-01-27,7,x\n5,A,2025-01-28\n,,\nTotal,,9%\n"),
    "ragged.csv": lambda path: _text(path, "a,b,c\n1\n1,2,3,4,5\n1,2\n" * 5),
    "quotes.csv": lambda path: _text(path, 'a,b\n"1,2\n3,4\n'),
    "numbers.csv": lambda path: _text(path, "1,2,3\n4,5,6\n7,8,9\n"),
    "zeros.csv": lambda path: _text(path, "date,ticker,weight\n" + "2025-01-27,A,0\n2025-02-27,B,0\n" * 9),
    "infinite.csv": lambda path: _text(path, "date,rate\n" + "2025-01-27,inf\n2025-01-28,-inf\n2025-01-29,1e400\n" * 9),
    "wide.csv": _wide,
    "packed.zip": _zip,
    "no.zip": lambda path: path.write_bytes(b"PK"),
    "indexed.parquet": _indexed,
    "nested.parquet": _nested,
    "bare.parquet": lambda path: pd.DataFrame({"a": []}).to_parquet(path),
    "titled.xlsx": lambda path: workbook(
        path, {"S": (["Valuation of", "27.01.2025", "", "Growth"], prices().head(3), ["Note"])}
    ),
    "empty.xlsx": lambda path: workbook(path, {"S": ([], pd.DataFrame(), []), "T": ([], pd.DataFrame({"a": [None]}), [])}),
}


def test_files_of_every_odd_kind_together_spoil_no_table_and_each_is_named(tmp_path):
    folder = folder_of(tmp_path)
    plain = {each.table: each.stated for each in recognise(folder).drafts}
    odd = folder / "odd"
    odd.mkdir()
    for name, write in MANGLED.items():
        write(odd / name)
    found = recognise(folder)
    assert {each.file.removeprefix("odd/") for each in found.found if each.file.startswith("odd/")} == {*MANGLED}
    assert not [each for each in found.found if any(fact.key == "not_understood" for fact in each.why)]
    for table in OURS:
        draft = found.draft(table)
        assert draft is not None and draft.stated["columns"] == plain[table]["columns"], table


def test_a_frame_that_pandas_wrote_with_its_days_as_the_index_has_them_first(tmp_path):
    wide = prices().pivot(index="date", columns="ticker", values="close")
    (tmp_path / "out").mkdir()
    master(tmp_path)
    lists().to_csv(tmp_path / "positions.csv", index=False)
    wide.to_parquet(tmp_path / "close.parquet")
    draft = recognise(tmp_path).draft("prices")
    assert draft is not None and draft.stated["fields"]["close"]["file"] == "close.parquet"
    (wide.pct_change()).to_parquet(tmp_path / "total_return.parquet")
    fields = {ours: {"file": f"{ours}.parquet"} for ours in ("close", "total_return")}
    read = Exports(tmp_path, {"prices": TableMap(**{"layout": "wide", "fields": fields})}).table("prices")
    assert read.set_index(["date", "ticker"])["close"].unstack().to_numpy().tolist() == wide.to_numpy().tolist()


def test_columns_that_parquet_keeps_as_a_dictionary_are_read_as_what_they_hold(tmp_path):
    read, drafts = [], []
    for name, kind in (("plain", None), ("coded", "category")):
        folder = folder_of(tmp_path / name)
        (folder / "prices.csv").unlink()
        rows = prices() if kind is None else prices().astype(kind)  # days, texts and numbers alike
        rows.to_parquet(folder / "prices.parquet", index=False)
        found = recognise(folder)
        drafts.append({each.table: each.stated for each in found.drafts})
        assert not [each for each in found.found if any(fact.key == "not_understood" for fact in each.why)]
        stated = TableMap(file="prices.parquet", units={"close": "cents"}, missing="-")
        read.append(Exports(folder, {"prices": stated}).table("prices"))
    assert drafts[0] == drafts[1] and {*drafts[0]} == {*OURS}
    pd.testing.assert_frame_equal(*read)
