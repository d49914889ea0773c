"""`attribution init`: exports are looked at, a book is drafted beside nothing of theirs, and `check` has the last word."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import attribution as at
from attribution.cli import main
from attribution.portfolio.drafting.draft import draft_book
from attribution.portfolio.inputs import read_inputs
from attribution.portfolio.settings.questions import open_places
from tests.conftest import ROOT
from tests.riskmodel.market.sources.odd_folders import ODD

pytest.importorskip("openpyxl")
EXPORTS = ROOT / "fixtures" / "exports"
ANSWERS = {"major": "Large Index", "next_major": "Small Index"}  # what fixtures/exports/*/book.toml say


def digests(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


BASES = {  # tables with figures of which nothing says that they are adjusted for splits
    "custodian": ("prices", "fundamentals", "earnings"),
    "sheets": ("prices", "fundamentals", "earnings"),
    "vendor": ("prices", "fundamentals", "earnings", "holdings"),
}


def answer(path: Path) -> int:
    """Answer for market, benchmarks, and the ratio and basis of splits; and say how many lines that were."""
    text = path.read_text(encoding="utf-8")
    text, answered = re.subn('market = "\\?"', 'market = { ja = "架空の株", en = "Simulated equity" }', text)
    text, count = re.subn(r'(# question: which of (Ratio|Split [Rr]atio) is[^\n]*\n)ratio = "\?"', r'\1ratio = "\2"', text)
    answered += count
    for sleeve, benchmark in ANSWERS.items():
        pattern = rf'(\[sleeves\.{sleeve}\]\nholdings = "{sleeve}"\n#[^\n]*\n)benchmark = "\?"'
        text, count = re.subn(pattern, rf'\1benchmark = "{benchmark}"', text)
        answered += count
    text, count = re.subn(r'unadjusted = "\?"', "unadjusted = []", text)
    path.write_text(text, encoding="utf-8")
    return answered + count


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """`asked(folder)` of shipped exports, each once: the draft, a copy with answers, the code, what is printed; to read."""

    @cache
    def run(folder):
        files, kept = EXPORTS / folder / "files", []
        before = digests(files)

        def draft(*given, **options):
            kept.append(draft_book(*given, **options))
            return kept[-1]

        out = tmp_path_factory.mktemp(folder) / "book"
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(StringIO()) as said,
            redirect_stderr(StringIO()) as errors,
        ):
            patch.setattr("attribution.portfolio.drafting.draft.draft_book", draft)
            code = main(["init", str(files), "--out", str(out)])
        assert digests(files) == before
        assert [path.name for path in out.iterdir()] == ["book.toml"]
        copied = shutil.copytree(out, out.with_name("other")) / "book.toml"
        assert answer(copied) == 4 + len(BASES[folder])
        return kept[0], copied, code, said.getvalue(), errors.getvalue()

    return run


@pytest.mark.parametrize(
    "folder", [pytest.param("vendor", marks=pytest.mark.slow), pytest.param("sheets", marks=pytest.mark.slow), "custodian"]
)
def test_the_shipped_exports_are_understood_but_for_market_benchmarks_and_direction_of_splits(folder, asked):
    made, copied, code, said, errors = asked(folder)
    assert code == 2
    places = ["'market' in [book]", "'benchmark' in [sleeves.major]", "'benchmark' in [sleeves.next_major]"]
    tables = {**dict.fromkeys(BASES[folder], "unadjusted"), "splits.columns": "ratio"}
    places += [f"'{key}' in [tables.{table}]" for table, key in tables.items()]
    assert f"Drafted {made.path}, with {len(places)} questions for you" in said
    opening, end = errors.split(" questions are open: ")
    assert opening == f"attribution init: book.toml: {len(places)}"
    listed, after = end.split(". Write ")
    assert sorted(listed.split(", ")) == sorted(places)
    assert after == 'the answer in the place of "?"; what may stand there is said beside it.\n'
    drafted, shipped = at.read_book(copied), at.read_book(EXPORTS / folder / "book.toml")
    assert drafted.book.inception == shipped.book.inception
    key = ["portfolio", "date", "ticker"]
    weights = [book.holdings.set_index(key)["weight"].sort_index() for book in (drafted, shipped)]
    pd.testing.assert_series_equal(*weights, rtol=1e-12)
    markets = [read_inputs(book) for book in (drafted, shipped)]
    assert markets[0].equals(markets[1])


def test_a_draft_is_checked_and_the_code_is_that_of_check(tmp_path, asked, capsys, monkeypatch):
    """A book without questions: as `check` of it says, 1 with findings."""
    made, copied, *_ = asked("custodian")
    drafted = dataclasses.replace(made, path=copied)
    monkeypatch.setattr("attribution.portfolio.drafting.draft.draft_book", lambda *given, **options: drafted)
    code = main(["init", str(EXPORTS / "custodian" / "files"), "--out", str(tmp_path / "book")])
    assert code == main(["check", str(copied)]) == 1
    assert "Fit for use, with" in capsys.readouterr().out


def test_paths_are_relative_to_the_book_whichever_way_both_are_named(tmp_path, monkeypatch):
    exports = tmp_path / "data" / "exports"
    exports.mkdir(parents=True)
    ODD["swiss"](exports)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    texts = [
        draft_book(given, out).path.read_text(encoding="utf-8")
        for given, out in (("../data/exports", "one"), (exports, "two"), ("../data/exports", tmp_path / "work" / "three"))
    ]
    assert 'data = "../../data/exports"' in texts[0]
    assert texts[0] == texts[1] == texts[2]


def test_the_same_files_give_the_same_bytes(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    ODD["japanese"](exports)
    first, second = (draft_book(exports, tmp_path / name).path.read_bytes() for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("full", "--out: '{tmp}/full' is not empty: mine.txt. Name a new folder; nothing is written over."),
        ("exports/book", "--out: '{tmp}/exports/book' lies in the folder of the exports, where nothing is written"),
        ("full/mine.txt", "--out: '{tmp}/full/mine.txt' is a file. Name a new folder for the book."),
    ],
)
def test_it_writes_only_into_a_new_folder(out, message, tmp_path, capsys):
    (tmp_path / "exports").mkdir()
    ODD["swiss"](tmp_path / "exports")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    before = digests(tmp_path)
    assert main(["init", str(tmp_path / "exports"), "--out", str(tmp_path / out)]) == 2
    assert message.format(tmp=tmp_path) in capsys.readouterr().err
    assert digests(tmp_path) == before


def test_a_folder_without_tables_is_refused_and_nothing_is_written(tmp_path, capsys):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "notes.txt").write_text("Ask Ken.\n")
    assert main(["init", str(tmp_path / "exports"), "--out", str(tmp_path / "book")]) == 2
    assert "can be taken for a table. Looked at: notes.txt." in capsys.readouterr().err
    assert not (tmp_path / "book").exists()
    assert main(["init", str(tmp_path / "nowhere"), "--out", str(tmp_path / "book")]) == 2
    assert "is not a folder. Name the folder of the exports." in capsys.readouterr().err


def test_a_unit_and_a_form_of_dates_that_nothing_says_are_questions_that_the_book_is_refused_for(tmp_path, capsys):
    (tmp_path / "exports").mkdir()
    ODD["warehouse"](tmp_path / "exports")
    assert main(["init", str(tmp_path / "exports"), "--out", str(tmp_path / "book")]) == 2
    said = capsys.readouterr().err
    for place in (
        "'dates' in [tables.holdings]",
        "'close' in [tables.prices.columns]",
        "'close' in [tables.prices.units]",
        "'volume' in [tables.prices.units]",
    ):
        assert place in said
    text = (tmp_path / "book" / "book.toml").read_text(encoding="utf-8")
    assert '# question: which form have the dates? All of them can be DD/MM/YYYY, MM/DD/YYYY\ndates = "?"' in text
    assert "# question: which of adj_close, close is adjusted for splits, and not for dividends? As traded" in text
    assert "# question: the unit of volume? No header says it" in text


def test_programs_get_a_row_for_everything_that_was_looked_at(tmp_path, capsys):
    (tmp_path / "exports").mkdir()
    ODD["warehouse"](tmp_path / "exports")
    assert main(["init", str(tmp_path / "exports"), "--out", str(tmp_path / "book"), "--format", "json"]) == 2
    rows = json.loads(capsys.readouterr().out)
    assert list(rows[0]) == ["file", "sheet", "column", "table", "ours", "verdict", "why"]
    assert {"understood", "asked", "not used", "not read", "not found"} == {row["verdict"] for row in rows}
    assert {row["file"] for row in rows} >= {"eod.parquet", "users.csv", "README.txt", "logo.png", ""}


def test_a_currency_is_no_market(tmp_path):
    """A book in dollars that names no market is one of US stocks, and its texts say so."""
    exports = tmp_path / "exports"
    exports.mkdir()
    ODD["swiss"](exports)
    text = draft_book(exports, tmp_path / "book").path.read_text(encoding="utf-8")
    assert ('market = "?"' in text) == ('currency = "USD"' in text or 'currency = "?"' in text)
    for path in exports.iterdir():
        path.unlink()
    (exports / "securities.csv").write_text("ticker,name,sector\nA,Alpha,Tech\nB,Beta,Tech\n")
    (exports / "prices.csv").write_text("date,ticker,close (USD)\n2025-03-28,A,1.5\n2025-03-31,A,1.5\n2025-03-31,B,2.5\n")
    drafted = draft_book(exports, tmp_path / "other")
    text = drafted.path.read_text(encoding="utf-8")
    assert 'currency = "USD"' in text
    assert '# question: what do texts call the market? Of US stocks { ja = "米国株", en = "US equity" };' in text
    assert "'market' in [book]" in open_places(tomllib.loads(text)) and drafted.questions == len(
        open_places(tomllib.loads(text))
    )


def test_every_open_question_is_counted_whatever_its_key(tmp_path):
    """A sleeve and a session whose names are no bare keys; and a name with a character that TOML refuses as it is."""
    exports = tmp_path / "ex\x7fports"
    exports.mkdir()
    (exports / "securities.csv").write_text("ticker,name,sector\nA,Alpha,Tech\nB,Beta,Tech\n")
    (exports / "prices.csv").write_text("date,ticker,close\n2025-03-31,A,1.5\n2025-03-31,B,2.5\n")
    rows = "".join(f"{name},2025-03-0{day},{word},1.5,1.25\n" for day, word in ((3, "at noon"), (4, "BMO")) for name in "AB")
    (exports / "earnings.csv").write_text("ticker,announced,session,eps estimate,eps actual\n" + rows)
    drafted = draft_book(exports, tmp_path / "book")
    content = tomllib.loads(drafted.path.read_text(encoding="utf-8"))
    assert content["tables"]["earnings"]["values"]["session"] == {"BMO": "pre", "at noon": "?"}
    assert "'at noon' in [tables.earnings.values.session]" in open_places(content)
    assert drafted.questions == len(open_places(content))
    assert content["book"]["name"]["en"] == "ex\x7fports"


def test_a_dividend_a_share_is_not_in_the_unit_of_a_company_s_amounts(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "securities.csv").write_text("ticker,name,sector\nA,Alpha,Tech\nB,Beta,Tech\n")
    header = "ticker,period end,available from,revenue,net income,total assets,equity,dividends per share\n"
    rows = "".join(f"{name},2024-12-31,2025-03-1{n},900,80,1200,500,0.5\n" for n, name in enumerate("AB"))
    (exports / "fundamentals.csv").write_text(header + rows)
    stated = tomllib.loads(draft_book(exports, tmp_path / "book").path.read_text(encoding="utf-8"))["tables"]["fundamentals"]
    assert stated["unit"] == "?" and stated["units"] == {"dividends_per_share": "?"}
