"""A book's market is read once: a second run takes what passed all checks, and a changed byte is read and checked anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import xarray as xr
from openpyxl import load_workbook

import attribution as at
import riskmodel as rm
from attribution.cli import main
from attribution.portfolio import inputs
from attribution.portfolio.inputs import read_inputs
from riskmodel.market.market import MARKET_TABLES
from riskmodel.model.cache.market import market_file
from riskmodel.model.parts import parts_folder
from tests.conftest import ROOT, SMALL, SMALL_MONTH

EXPORTS = ROOT / "fixtures" / "exports"
VENDOR = EXPORTS / "vendor"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of this test's own, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "factor-attribution"


@pytest.fixture
def readings(monkeypatch) -> list[object]:
    """Gets the source of each reading, which the same bytes share."""
    read, seen = inputs.read_market, list[object]()

    def reading(source, **told):
        seen.append(source)
        return read(source, **told)

    monkeypatch.setattr(inputs, "read_market", reading)
    return seen


def outcome(read) -> xr.Dataset | str:
    try:
        return read()
    except at.InputError as error:
        return str(error)


def in_own_store(folder: Path) -> Path:
    """The book of a folder with a store beside the folder."""
    path = folder / "book.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[limits]", '[model]\nstore = "../model.nc"\n[limits]'), encoding="utf-8")
    return path


@pytest.mark.parametrize("folder", [SMALL, VENDOR], ids=["tidy", "exports"])
def test_the_second_run_has_the_market_of_the_first(folder, readings, cache):
    first, second = (read_inputs(at.read_book(folder / "book.toml")) for _ in range(2))
    assert len(readings) == 1
    xr.testing.assert_identical(first, second)
    kept = list(cache.glob("*.nc.parts/market.npz"))
    assert len(kept) == 1 and [path for path in cache.rglob("*") if path.is_file()] == kept


def test_one_byte_of_any_table_is_read_and_checked_anew(small_copy, readings):
    folder = small_copy[0]
    path = in_own_store(folder)
    read_inputs(at.read_book(path))
    tables = sorted(file for file in folder.iterdir() if file.stem in MARKET_TABLES)
    assert len(tables) > 8
    for table in tables:
        whole = table.read_bytes()
        place = len(whole) // 2
        table.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        readings.clear()
        found, fresh = outcome(lambda: read_inputs(at.read_book(path))), outcome(lambda: rm.read_market(folder))
        assert len(readings) == 1, table.name
        assert (found == fresh) if isinstance(fresh, str) else found.identical(fresh), table.name
        table.write_bytes(whole)
    readings.clear()
    read_inputs(at.read_book(path))
    read_inputs(at.read_book(path))
    assert len(readings) <= 1  # what was kept last was of another byte


def test_lists_and_settings_that_no_table_is_read_by_change_no_market(small_copy, readings):
    folder, read, write = small_copy
    path = in_own_store(folder)
    read_inputs(at.read_book(path))
    write("holdings", read("holdings").iloc[::-1])
    path.write_text(path.read_text(encoding="utf-8").replace('languages = ["ja", "en"]', 'languages = ["en"]'))
    read_inputs(at.read_book(path))
    assert len(readings) == 1


def test_what_is_stated_of_a_table_is_in_the_key(small_copy, readings):
    folder = small_copy[0]
    path = in_own_store(folder)
    text = path.read_text(encoding="utf-8")
    markets = []
    for unit in ("ones", "percent"):
        stated = f'[tables.rates]\nfile = "rates.csv"\nunits = {{ risk_free = "{unit}" }}\n'
        path.write_text(text + stated, encoding="utf-8")
        markets.append(read_inputs(at.read_book(path)))
    assert len(readings) == 2
    xr.testing.assert_allclose(markets[0]["risk_free"], 100 * markets[1]["risk_free"], rtol=1e-12)


def test_a_second_file_of_a_table_is_refused_though_the_first_is_as_it_was(small_copy, readings):
    folder, read, _ = small_copy
    path = in_own_store(folder)
    read_inputs(at.read_book(path))
    read("rates").to_parquet(folder / "rates.parquet")
    with pytest.raises(at.InputError, match=r"there are both 'rates\.parquet' and 'rates\.csv'"):
        read_inputs(at.read_book(path))


def test_tables_that_change_while_they_are_read_are_not_kept(small_copy, monkeypatch, cache):
    folder, read, write = small_copy
    rates = read("rates")

    def meanwhile(source, **told):
        market = rm.read_market(source, **told)
        write("rates", rates.assign(risk_free=rates["risk_free"] / 2))
        return market

    with monkeypatch.context() as patch:
        patch.setattr(inputs, "read_market", meanwhile)
        before = read_inputs(at.read_book(folder / "book.toml"))
    assert not list(cache.rglob("market.npz"))
    now = read_inputs(at.read_book(folder / "book.toml"))
    xr.testing.assert_allclose(now["risk_free"], before["risk_free"] / 2, rtol=1e-12)


@pytest.mark.parametrize(
    "damage",
    [lambda whole: whole[:1000], lambda whole: b"", lambda whole: b"x" * len(whole)],
    ids=["cut", "empty", "other bytes"],
)
def test_a_damaged_market_is_named_and_read_anew(small_copy, readings, damage, capsys):
    path = in_own_store(small_copy[0])
    remarks = list[str]()
    market = read_inputs(at.read_book(path), remarks=remarks)
    file = market_file(path.parent / "../model.nc")
    file.write_bytes(damage(file.read_bytes()))
    again = read_inputs(at.read_book(path), remarks=remarks)
    assert len(readings) == 2 and again.identical(market)
    assert len(remarks) == 1 and remarks[0].startswith(f"market store: '{file}' is damaged (")
    file.write_bytes(damage(file.read_bytes()))
    assert main(["check", str(path)]) == 1
    assert "is damaged (" in capsys.readouterr().err
    assert main(["check", str(path)]) == 1
    assert capsys.readouterr().err == ""
    assert len(readings) == 3


def test_what_is_found_in_the_tables_is_printed_the_same(small_copy, readings, capsys):
    folder, read, write = small_copy
    prices = read("prices")
    repeated = prices["ticker"].eq(prices["ticker"].iloc[-1]) & prices["date"].ge("2025-02-03")
    prices.loc[repeated, "close"] = prices.loc[repeated, "close"].iloc[0]
    prices.loc[repeated, "total_return"] = 0.0
    write("prices", prices)
    printed = []
    for _ in range(2):
        main(["check", str(folder / "book.toml"), "--format", "csv"])
        printed.append(capsys.readouterr())
    assert printed[0] == printed[1] and "stale_price" in printed[0].out
    assert len(readings) == 1


def test_a_market_that_cannot_be_written_is_read_in_each_run_and_said(small_copy, tmp_path, readings):
    (tmp_path / "cache").write_text("in the way")
    remarks = list[str]()
    for _ in range(2):
        read_inputs(at.read_book(small_copy[0] / "book.toml"), remarks=remarks)
    assert len(readings) == 2 and len(remarks) == 2
    assert remarks[0].startswith(f"market store: cannot write '{tmp_path}") and remarks[0].endswith("Set [model] store.")


def test_nothing_is_written_beside_another_file_or_the_data(small_copy, tmp_path):
    path = in_own_store(small_copy[0])
    (tmp_path / "model.nc").write_bytes(b"mine")
    read_inputs(at.read_book(path))
    path.write_text(path.read_text(encoding="utf-8").replace("../model.nc", "model.nc"), encoding="utf-8")
    before = sorted(small_copy[0].iterdir())
    read_inputs(at.read_book(path))
    assert sorted(small_copy[0].iterdir()) == before
    assert not parts_folder(tmp_path / "model.nc").exists() and (tmp_path / "model.nc").read_bytes() == b"mine"


def test_a_market_without_a_digest_that_is_cheap_is_read_in_each_run(readings, cache):
    at_hand = at.read_book(SMALL / "book.toml")
    given = at_hand.model_copy(update={"model": at_hand.model.model_copy(update={"source": "tables"})})
    memory = at_hand.model_copy(update={"path": SMALL / "book.toml"})
    memory.__dict__["source"] = Elsewhere()
    for book in (given, memory):
        readings.clear()
        for _ in range(2):
            read_inputs(book)
        assert len(readings) == 2
    assert not cache.exists()


class Elsewhere:
    """The shipped tables, as of a database or a folder that is elsewhere."""

    folder = None

    def table(self, name, spec=None):
        return at.read_book(SMALL / "book.toml").source.table(name, spec)

    def hashes(self):
        raise AssertionError("all of it is read for that")


COMMANDS = {
    "explain": ["explain", "Major 100", "--month", SMALL_MONTH, "--by", "stock", "factor", "--format", "csv"],
    "risk": ["risk", "Major 100", "--date", "2025-03-31", "--format", "json"],
    "check": ["check", "--format", "json"],
    "fit": ["fit", "--format", "csv"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_prints_from_a_kept_market_what_it_printed_cold(command, readings, capsys):
    name, *options = COMMANDS[command]
    printed = []
    for _ in range(2):
        code = main([name, str(SMALL / "book.toml"), *options])
        printed.append((code, *capsys.readouterr()))
    assert printed[0] == printed[1]
    assert len(readings) == 1


TOTAL = "Total of all"  # a row that is none, in the column of the codes
WITH_TOTALS = {  # by folder: table, file (and sheet), column of the codes
    "custodian": [("shares", "shares_outstanding.csv", "ISIN"), ("fundamentals", "annual_reports.csv", "ISIN")],
    "vendor": [("fundamentals", "fundamentals.txt", "ID"), ("holdings", "positions.csv", "ID")],
    "sheets": [("shares", "companies.xlsx/Shares", "Symbol"), ("holdings", "lists.xlsx/Model portfolios", "Symbol")],
}


def with_totals(name: str, folder: Path) -> Path:
    """The book of a copy of exports, in each table of which a row more is left out by `drop`."""
    shutil.copytree(EXPORTS / name, folder)
    book = folder / "book.toml"
    text = book.read_text(encoding="utf-8")
    for table, place, label in WITH_TOTALS[name]:
        path, _, sheet = (folder / "files" / place).as_posix().partition(".xlsx/")
        if sheet:
            workbook = load_workbook(f"{path}.xlsx")
            rows = list(workbook[sheet].iter_rows(values_only=True))
            header = next(row for row in rows if label in row)
            workbook[sheet].append([TOTAL if its == label else cell for its, cell in zip(header, rows[-1], strict=True)])
            workbook.save(f"{path}.xlsx")
        else:
            encoding = "utf-16" if path.endswith(".txt") else "utf-8-sig"
            lines = Path(path).read_text(encoding=encoding).splitlines()
            mark = next(mark for mark in "\t;," if mark in lines[0])
            cells = zip(lines[0].split(mark), lines[-1].split(mark), strict=True)
            lines.append(mark.join(TOTAL if its == label else cell for its, cell in cells))
            Path(path).write_text("\n".join(lines) + "\n", encoding=encoding)
        text = text.replace(f"[tables.{table}]", f'[tables.{table}]\ndrop = {{ "{label}" = "{TOTAL}" }}')
    book.write_text(text, encoding="utf-8")
    return book


@pytest.mark.parametrize("name", WITH_TOTALS)
def test_a_second_check_of_exports_says_all_that_the_first_said(name, readings, tmp_path, capsys):
    book, printed = with_totals(name, tmp_path / name), []
    for _ in range(2):
        code = main(["check", str(book), "--format", "csv"])  # each finding
        printed.append((code, *capsys.readouterr()))
    assert printed[0] == printed[1] and len(readings) == 1
    for table, _, label in WITH_TOTALS[name]:
        assert f"rows_dropped,{table},{label}: {TOTAL},,1" in printed[0][1]


def test_a_second_report_of_exports_is_the_first_to_the_byte(readings, tmp_path, capsys):
    book, folders = with_totals("vendor", tmp_path / "vendor"), [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        options = ["--month", SMALL_MONTH, "--out", str(folder), "--formats", "html", "--lang", "en"]
        assert main(["report", str(book), *options]) == 0, capsys.readouterr().err
    assert len(readings) == 1
    first, second = ({path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()} for folder in folders)
    assert set(first) == set(second) and len(first) > 20
    assert [str(name) for name in first if first[name].read_bytes() != second[name].read_bytes()] == []
    pages = [path.read_text(encoding="utf-8") for name, path in first.items() if name.suffix == ".html"]
    assert any(f"ID: {TOTAL}" in page for page in pages)
