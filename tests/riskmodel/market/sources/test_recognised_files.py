"""Files of a folder that nobody has described: what cannot be seen or told apart in them is said, and never passed over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import InputError
from riskmodel.market.encodings import encoding_of
from riskmodel.market.sources.exports import Exports, read_cells
from riskmodel.market.sources.mapping import How, TableMap
from riskmodel.market.sources.recognition.drafts import ASKED, UNREAD, UNUSED, Found
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.looking import files
from riskmodel.market.sources.recognition.looking.files import Seen, look
from riskmodel.market.sources.recognition.recognise import recognise
from riskmodel.market.tables import DATE, NUMBER, TABLES, TEXT
from tests.riskmodel.market.sources.odd_folders import TICKERS
from tests.riskmodel.market.sources.test_recognised_houses import master

DAYS = pd.bdate_range("2025-01-01", "2025-03-31")
PLAIN = replace(TABLES["prices"], columns={"date": DATE, "ticker": TEXT, "close": NUMBER}, sparse=frozenset({"close"}))
ACROSS = [f"N{place:02d}" for place in range(45)]  # so many that no long table has as many columns


def _prices(days=DAYS, day: str = "%Y-%m-%d", point: str = ".", mark: str = ",", header: str = "date,ticker,close") -> str:
    rows = [
        mark.join((f"{date:{day}}", name, f"{place}{point}{date.day:02d}"))
        for date in days
        for place, name in ((10, "A"), (20, "B"))
    ]
    return "\n".join([header.replace(",", mark), *rows]) + "\n"


def _of(found: Recognised, key: str) -> list[tuple[Found, dict]]:
    return [(each, dict(fact.values)) for each in found.found for fact in each.why if fact.key == key]


def _months(path, texts: dict[str, str], encodings: dict[str, str] | None = None) -> Recognised:
    for month, text in texts.items():
        (path / f"prices_{month}.csv").write_text(text, encoding=(encodings or {}).get(month, "utf-8"))
    return recognise(path)


def test_a_damaged_file_is_said_and_a_mistake_of_ours_is_not_taken_for_one(tmp_path, monkeypatch):
    (tmp_path / "a.xlsx").write_bytes(b"PK no workbook")
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    (tmp_path / "c.csv").write_bytes(b"\xff\xfed")  # half a character of UTF-16
    (tmp_path / "d.csv").write_text(_prices())
    looked = list(look(tmp_path))
    assert [each.why.key for each in looked if not isinstance(each, Seen)] == ["unreadable"] * 3
    assert [each.file for each in looked if isinstance(each, Seen)] == ["d.csv"]
    monkeypatch.setattr(files, "header_row", lambda *_: [][0])
    of_ours = next(each for each in look(tmp_path) if each.file == "d.csv")
    assert not isinstance(of_ours, Seen) and of_ours.why.key == "not_understood"
    assert of_ours.why.values["reason_given"] == "IndexError: list index out of range"


def test_a_workbook_without_openpyxl_is_no_damaged_file(tmp_path, monkeypatch):
    pd.DataFrame({"date": ["2025-03-31"], "close": [1.0]}).to_excel(tmp_path / "prices.xlsx")

    def lacks(*_: object, **__: object) -> None:
        raise ImportError("openpyxl")

    monkeypatch.setattr("pandas.io.excel._openpyxl.OpenpyxlReader.__init__", lacks)
    with pytest.raises(InputError, match=r"exports: 'prices\.xlsx' is a workbook, and openpyxl is not installed"):
        recognise(tmp_path)


@pytest.mark.parametrize("again", [False, True])
def test_a_header_stands_below_titles_that_are_as_wide_as_the_table(again, tmp_path):
    titles = "Series,Euro short-term rate\nDownloaded,2025-04-01\nCount,63\n"
    rows = "".join(f"{day:%Y-%m-%d},{2 + place / 100:.2f}\n" for place, day in enumerate(DAYS))
    page = rows.split("\n")  # a printed page, whose header comes again
    text = "Day,Rate\n" + "\n".join([*page[:20], "Day,Rate", *page[20:]]) if again else f"{titles}Day,Rate\n{rows}"
    (tmp_path / "rate.csv").write_text(text)
    (seen,) = look(tmp_path)
    assert isinstance(seen, Seen) and seen.labels == ("Day", "Rate")
    assert seen.how == ({} if again else {"skip": 3})
    assert seen.titles == (() if again else tuple(titles.replace("\n", ",").split(",")[:-1]))


def test_columns_that_a_header_does_not_name_or_tell_apart_are_said(tmp_path):
    text = _prices(header="date,ticker,close,,close").replace("\n2025", ",7,9.5\n2025").rstrip("\n") + ",7,9.5\n"
    (tmp_path / "prices.csv").write_text(text)
    found = recognise(tmp_path)
    assert [(each.verdict, values) for each, values in _of(found, "header_missing")] == [(UNUSED, {"columns": (4,)})]
    assert {each.verdict for each, _ in _of(found, "header_twice")} == {UNUSED, ASKED}
    draft = found.draft("prices")
    assert draft is not None and draft.stated["columns"]["close"] == "?"


def test_a_wide_sheet_may_have_an_empty_corner_and_no_name_twice(tmp_path):
    frame = pd.DataFrame(dict.fromkeys(ACROSS, 10.0 + DAYS.day / 7), index=DAYS)
    (tmp_path / "securities.csv").write_text("ticker,name,sector\n" + "".join(f"{n},Name {n},Tech\n" for n in ACROSS))
    frame.to_csv(tmp_path / "close.csv")
    draft = recognise(tmp_path).draft("prices")
    assert draft is not None and draft.stated["fields"]["close"]["file"] == "close.csv"
    stated = TableMap(layout="wide", fields={"close": {"file": "close.csv"}})
    prices = Exports(tmp_path, {"prices": stated}).table("prices", PLAIN)
    assert prices is not None
    assert sorted(prices["ticker"].unique()) == ACROSS
    frame.set_axis([*ACROSS[:-1], ACROSS[-2]], axis=1).to_csv(tmp_path / "close.csv", index_label="date")
    found = recognise(tmp_path)
    again = found.draft("prices")
    assert again is not None and again.stated["fields"]["close"]["file"] == "?"
    assert (ACROSS[-2],) in [values["labels"] for _, values in _of(found, "header_twice")]


@pytest.mark.parametrize("key, odd", [("encoding", ("cp932", ",")), ("delimiter", ("utf-8", ";"))])
def test_files_of_one_table_that_are_written_differently_are_a_question(tmp_path, key, odd):
    encoding, mark = odd
    texts = {month: _prices(header="date,銘柄 ticker,終値 close") for month in ("202501", "202502")}
    texts["202503"] = _prices(mark=mark, header="date,銘柄 ticker,終値 close")
    found = _months(tmp_path, texts, {"202503": encoding})
    draft = found.draft("prices")
    assert draft is not None and draft.stated[key] == "?"
    (fact,) = draft.why[(key,)]
    assert fact.key == "written_differently" and len(fact.values["places"]) == 2
    assert fact.values["places"][1].startswith("prices_202503.csv (")


def test_a_file_of_ascii_alone_is_written_as_the_others_are(tmp_path):
    texts = {"202501": _prices(), "202502": _prices() + "2025-03-31,銘柄,1.5\n"}
    draft = _months(tmp_path, texts, {"202502": "cp932"}).draft("prices")
    assert draft is not None and draft.stated["encoding"] == "cp932"


@pytest.mark.parametrize("label, odd", [("'date'", {"day": "%m/%d/%Y"}), ("'close'", {"point": ",", "mark": ";"})])
def test_days_or_numbers_that_differ_from_file_to_file_are_named_with_a_file_of_each(tmp_path, label, odd):
    """The last of many files: not only the first cells of a column are looked at."""
    plain = {"day": "%d/%m/%Y"} if "day" in odd else {"mark": ";"}
    months = [f"{year}{month:02d}" for year in range(2001, 2017) for month in (1, 7)]
    days = {month: pd.bdate_range(f"{month[:4]}-{month[4:]}-10", periods=84) for month in months}
    texts = {month: _prices(days[month], **plain) for month in months}
    texts[months[-1]] = _prices(days[months[-1]], **odd)
    ((found, values),) = _of(_months(tmp_path, texts), "written_differently")
    assert (found.verdict, found.table, values["what"]) == (ASKED, "prices", label)
    assert len(values["places"]) == 2 and values["places"][1].startswith(f"prices_{months[-1]}.csv (")


def test_a_cell_may_hold_what_ends_a_line_elsewhere(tmp_path):
    names = ["Alpha\x0bInc", "Be\x85ta", "Gam\u2028ma", "De\x1clta", '"two\nlines"']
    rows = "".join(f"{code},{name},Tech\n" for code, name in zip("ABCDE", names, strict=True))
    (tmp_path / "securities.csv").write_text(f"ticker,name,sector\n{rows}", encoding="utf-8", newline="")
    (seen,) = look(tmp_path)
    assert isinstance(seen, Seen)
    assert seen.cells["ticker"].tolist() == [*"ABCDE"] and seen.cells["sector"].tolist() == ["Tech"] * 5
    assert seen.cells["name"].tolist()[-1] == "two\nlines"


def test_days_of_a_sheet_are_in_their_order_and_numbers_as_they_are_written(tmp_path):
    """Days as texts would put 01.02. before 02.01., and 1.234,5 is no number with a point alone."""
    closes = pd.DataFrame(
        {name: (1200 + 50 * place) * 1.01 ** pd.Series(range(len(DAYS))) for place, name in enumerate(ACROSS)}
    )
    returns = closes.pct_change() * 100

    def written(frame: pd.DataFrame) -> pd.DataFrame:
        german = frame.map(lambda x: "" if x != x else f"{x:,.6f}".translate(str.maketrans(",.", ".,")))
        return german.set_axis([f"{day:%d.%m.%Y}" for day in DAYS]).rename_axis("Tag")

    (tmp_path / "securities.csv").write_text("ticker,name,sector\n" + "".join(f"{n},Name {n},Tech\n" for n in ACROSS))
    written(closes).to_csv(tmp_path / "close.csv", sep=";")
    written(returns).to_csv(tmp_path / "total_return.csv", sep=";")
    draft = recognise(tmp_path).draft("prices")
    assert draft is not None and draft.stated["fields"]["total_return"]["unit"] == "percent"
    assert UNREAD not in {each.verdict for each in recognise(tmp_path).found}


@pytest.mark.parametrize(
    ("encoding", "stated", "headers"),
    [
        ("cp949", "cp949", ("종목코드", "한글종목명", "업종구분")),
        ("gbk", "gb18030", ("证券代码", "证券简称", "行业分类")),
        ("big5", "big5", ("證券代號", "證券名稱", "產業類別")),
    ],
)
def test_korean_and_chinese_texts_are_read_in_their_encoding(encoding, stated, headers, tmp_path):
    """As cp1252 they would be letters of Europe in pairs: Á¾¸ñÄÚµå."""
    frame = pd.DataFrame(dict(zip(headers, (["A1", "A2"], ["x", "y"], ["p", "q"]), strict=True)))
    frame.to_csv(tmp_path / "master.csv", index=False, encoding=encoding)
    [seen] = look(tmp_path)
    assert isinstance(seen, Seen) and (seen.how, seen.labels) == ({"encoding": stated}, headers)


@pytest.mark.parametrize(
    "words", [("AÇÕES", "OPERAÇÕES"), ("Åsa", "Ärende", "Åter", "Ägare", "Ånger"), ("Größe", "Übernahme")]
)
def test_letters_of_europe_make_no_korean_or_chinese_text(words):
    assert encoding_of(";".join(f"{word} pro Stück" for word in words).encode("cp1252")) == "cp1252"
    assert encoding_of(";".join(words).encode("cp1252")) not in ("cp949", "gb18030", "big5")


@pytest.mark.parametrize("first", ["Symbol", "Symbol Name"])
def test_a_header_of_several_lines_is_read_by_that_of_the_codes(first, tmp_path):
    """As vendors write it: code, name, kind, item and how often it comes stand above the days, in either order."""
    master(tmp_path)
    days = pd.bdate_range("2024-01-01", periods=60)
    close = 50 + np.cumsum(np.sin(np.arange(60 * len(TICKERS)).reshape(60, -1)), axis=0)
    heads = {"Symbol": TICKERS, "Symbol Name": [f"Name {place} Co" for place in range(len(TICKERS))]}
    heads = {key: heads[key] for key in (first, *({*heads} - {first}))} | {"Kind": ["COM"] * len(TICKERS)}
    heads |= {"Item Name": ["Closing price"] * len(TICKERS), "Frequency": ["DAILY"] * len(TICKERS)}
    book = pytest.importorskip("openpyxl").Workbook()
    page = book.active
    page.append(["Refresh", "Last Updated: 2024-04-01"])
    page.append([None])
    for word, cells in heads.items():
        page.append([word, *cells])
    for day, row in zip(days, close, strict=True):
        page.append([day.to_pydatetime(), *map(float, row)])
    book.save(tmp_path / "download.xlsx")
    recognised = recognise(tmp_path)
    found, securities = recognised.draft("prices"), recognised.draft("securities")
    assert found is not None and securities is not None and securities.stated["file"] == "master.csv"
    field = found.stated["fields"]["close"]
    skip = 2 if first == "Symbol" else 3
    assert (field["skip"], field["under"], found.stated["layout"]) == (skip, 6 - skip, "wide")
    read = read_cells(tmp_path / "download.xlsx", How(skip=skip, under=6 - skip), "prices", {})[0][1]
    assert list(read.columns[1:]) == TICKERS and len(read) == len(days) and read.index[0] == 8


HELD = "fund,date,ISIN,name,quantity,price,value,currency"
ROWS = [f"0071,2025-03-03,ZZ00000{place:04d},Name {place},{100 + place},{place}.25,{place}000,USD" for place in range(1, 38)]
LAST = {
    "END,37,bank": "END",
    "T,38": "T",
    "Times in local time; trading from 09:00,to 17:30": "Times in local time;",
}


@pytest.mark.parametrize("last", LAST)
def test_a_line_that_ends_a_feed_is_no_row(tmp_path, last):
    (tmp_path / "held.csv").write_text("\n".join([HELD, *ROWS, last, ""]), encoding="utf-8")
    (seen,) = look(tmp_path)
    assert isinstance(seen, Seen) and seen.how["until"] == LAST[last] and len(seen.cells) == len(ROWS)
    dropped = dict[tuple[str, str], int]()
    read = read_cells(tmp_path / "held.csv", How(until=seen.how["until"]), "holdings", dropped)[0][1]
    assert len(read) == len(ROWS) and sum(dropped.values()) == 1


@pytest.mark.parametrize(
    "last",
    [
        "Cash USD,,,,,,5000",  # which a list without it would be too small by
        "Total,,,,,,703000",
        "0071,2025-03-04",  # a row of which little is known
        "0072,Name 38",
        "END,37,bank,of,somewhere",  # most of the columns
        "99,37",
    ],
)
def test_a_last_row_that_may_be_one_is_a_row(tmp_path, last):
    (tmp_path / "held.csv").write_text("\n".join([HELD, *ROWS, last, ""]), encoding="utf-8")
    (seen,) = look(tmp_path)
    assert isinstance(seen, Seen) and "until" not in seen.how and len(seen.cells) == len(ROWS) + 1


def test_a_line_is_no_end_of_a_feed_whose_beginning_a_row_has_or_where_rows_are_as_short(tmp_path):
    for rows in ([*ROWS[:5], "END of,2025-03-03,ZZ1,Name,1,2,3,USD", *ROWS[5:36]], ["0071,2025-03-03,ZZ1", *ROWS[1:]]):
        (tmp_path / "held.csv").write_text("\n".join([HELD, *rows, "END,37,bank", ""]), encoding="utf-8")
        (seen,) = look(tmp_path)
        assert isinstance(seen, Seen) and "until" not in seen.how
