"""The commands as a user runs them: output, exit codes, and what is said of bad input."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from attribution.cli import main
from attribution.commands import terminal
from attribution.portfolio import inputs
from attribution.reporting.formats import PAGES, TEXTS
from attribution.reporting.tables.frames import KEYS
from riskmodel.errors import InputError
from riskmodel.factors import LANGUAGES
from tests.conftest import SMALL, SMALL_MONTH, read_printed

BOOK = str(SMALL / "book.toml")
COURSE = "Major 70 : Next 30"


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(capsys, tmp_path, book):
    """The message of a report that is refused, and the promise that nothing was written."""
    out = tmp_path / "out"
    before = sorted(path.name for path in tmp_path.iterdir())
    code, printed, message = run(capsys, "report", book, "--month", SMALL_MONTH, "--out", out, "--formats", "html")
    assert code == 2
    assert printed == ""
    assert "Traceback" not in message
    assert message.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    return message.removeprefix("attribution report: ").strip()


@pytest.fixture(scope="module")
def printed_and_written(tmp_path_factory, book_of_one):
    """What the command says of one course and where it writes, once market and model are in the store."""
    out, book = tmp_path_factory.mktemp("report") / "out", str(book_of_one)
    assert main(["fit", book]) == 0
    with contextlib.redirect_stdout(io.StringIO()) as printed, pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "read_market", lambda *_, **told: pytest.fail("read again"))
        assert main(["report", book, "--month", SMALL_MONTH, "--out", str(out)]) == 0
    return printed.getvalue(), out


@pytest.fixture(scope="module")
def written(printed_and_written):
    return printed_and_written[1]


def test_a_report_writes_pages_tables_and_manifest(written):
    names = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}
    pages = {f"{page}.{lang}.{form}" for page in PAGES.values() for lang in LANGUAGES for form in ("html", "pdf")}
    others = {f"{text}.{language}.md" for text in TEXTS.values() for language in LANGUAGES}
    others |= {"report.xlsx", "figures.toml", "facts.json", "manifest.json"}
    missing = (pages | others | {f"tables/{name}.csv" for name in KEYS.keys() - {"rules"}}) ^ names  # of strategies
    assert missing <= {name for name in pages if name.endswith(".pdf")}  # where the machine has no Pango


def test_the_tables_add_to_the_printed_excess(written):
    performance = pd.read_csv(written / "tables/performance.csv").set_index("course")
    factors = pd.read_csv(written / "tables/factor_contributions.csv").groupby("course")["contribution"].sum()
    stocks = pd.read_csv(written / "tables/stock_contributions.csv", dtype={"ticker": str}, keep_default_na=False)
    cells = pd.read_csv(written / "tables/stock_factor.csv", dtype={"ticker": str}).groupby("course")["contribution"].sum()
    for course in performance.index.drop("Average"):
        excess = performance.loc[course, "excess"]
        own = stocks[stocks["course"] == course]
        assert factors[course] == pytest.approx(excess, abs=1e-12)
        assert cells[course] == pytest.approx(excess, abs=1e-12)
        assert own["active_contribution"].astype(float).sum() == pytest.approx(excess, abs=1e-12)
        assert own["contribution"].astype(float).sum() == pytest.approx(performance.loc[course, "return"], abs=1e-12)


def test_a_report_by_a_stored_fit_prints_broken_limits_and_has_the_bytes_of_a_cold_report(whole_report, printed_and_written):
    printed, written = printed_and_written
    limits = pd.read_csv(written / "tables/limits.csv")
    details = limits.loc[limits["ok"].astype(str).eq("False"), "detail"]
    assert f"{len(details)} of {len(limits)} limits broken:" in printed and all(detail in printed for detail in details)
    assert {path for path in written.rglob("*") if path.is_file()} == {written / name for name in whole_report.paths}
    for name, path in whole_report.paths.items():
        assert path.read_bytes() == (written / name).read_bytes(), name


def test_the_manifest_names_inputs_and_settings_but_no_clock_host_or_path(written, book_of_one):
    text = (written / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert set(manifest) == {
        "month",
        "data_date",
        "book",
        "edited",
        "estimated_benchmarks",
        "findings",
        "inputs",
        "meanings",
        "outputs",
        "settings",
        "versions",
    }
    assert {"prices.parquet", "holdings.csv"} <= set(manifest["inputs"])
    assert str(book_of_one.parent) not in text
    assert "/tmp" not in text


def test_explain_gives_every_digit_to_a_program(capsys, small_result):
    code, printed, _ = run(
        capsys, "explain", BOOK, COURSE, "--month", SMALL_MONTH, "--by", "sector", "factor", "--format", "json"
    )
    rows = pd.DataFrame(json.loads(printed)).set_index(["sector", "factor"])["contribution"]
    assert code == 0
    pd.testing.assert_series_equal(rows, small_result.by("sector", "factor"), check_index_type=False, rtol=0, atol=0)


def test_explain_prints_for_people_what_adds_up(capsys, small_result):
    code, printed, _ = run(capsys, "explain", BOOK, COURSE, "--month", SMALL_MONTH)
    assert code == 0
    assert f"excess {small_result.excess_return:+z.2%}" in printed
    assert printed.rstrip().endswith(f"sum {small_result.excess_return:+z.2%}")
    assert "-0.00%" not in printed


def test_explain_says_how_many_rows_it_leaves_out(capsys):
    _, printed, _ = run(capsys, "explain", BOOK, COURSE, "--month", SMALL_MONTH, "--by", "stock")
    assert "rows between them are left out. --format csv has all." in printed


def test_check_exits_with_1_where_there_is_something_to_know(capsys):
    code, printed, _ = run(capsys, "check", BOOK, "--format", "csv")
    findings = read_printed(printed)
    assert code == 1
    assert list(findings.columns) == ["key", "table", "ticker", "date", "count", "harm", "detail"]
    assert (findings["count"] > 0).all()
    _, printed, _ = run(capsys, "check", BOOK)
    assert (
        printed.splitlines()[-2]
        == f"Fit for use, with {findings.groupby(['key', 'table']).ngroups} kinds of findings to know."
    )


def test_fit_finds_its_store_the_second_time(capsys):
    run(capsys, "fit", BOOK)
    code, printed, _ = run(capsys, "fit", BOOK)
    assert code == 0
    assert "found; store: " in printed


def test_help_loads_no_numerics():
    loaded = (
        "import sys, attribution.cli; attribution.cli._parser(); print({'numpy', 'pandas', 'xarray'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_script_does_without_dask_which_xarray_would_import():
    code = (
        "import sys; from attribution.__main__ import program; sys.argv = ['attribution', 'brinson', sys.argv[1]]; "
        "code = program(); import xarray; xarray.DataArray([1.0]) * 2; print(code, 'dask.array' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, SMALL.parent / "worked_examples" / "bacon2008_segments.csv"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == "0 False"


def test_the_script_of_accounts_has_dask_whose_work_it_is():
    code = (
        "import sys; from attribution.__main__ import program; "
        "sys.argv = ['attribution', 'accounts', 'no.toml', 'none', '--month', '2025-03', '--out', 'out']; "
        "print(program(), sys.modules.get('dask', 'to be had') is not None)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "2 True"


@pytest.mark.parametrize(
    "order",
    [
        ("report", BOOK, "--month", SMALL_MONTH, "--out", "out"),
        ("explain", BOOK, COURSE, "--month", SMALL_MONTH),
        ("risk", BOOK, COURSE, "--date", "2025-03-31"),
        ("check", BOOK),
        ("fit", BOOK),
    ],
)
def test_commands_add_with_the_same_libraries_on_every_machine(capsys, monkeypatch, order):
    def read(path):
        raise InputError(f"numexpr is {'asked' if pd.get_option('compute.use_numexpr') else 'not asked'}")

    monkeypatch.setattr("attribution.portfolio.book.read_book", read)
    assert run(capsys, *order) == (2, "", f"attribution {order[0]}: numexpr is not asked\n")


# ---------------------------------------------------------------- bad input


def spoiled(small_copy, table, change):
    folder, read, write = small_copy
    frame = read(table)
    write(table, change(frame))
    return folder / "book.toml"


def test_an_unknown_course_is_refused_with_the_known_ones(capsys):
    code, _, message = run(capsys, "explain", BOOK, "Major 10", "--month", SMALL_MONTH)
    assert code == 2
    assert message.startswith("attribution explain: unknown course 'Major 10'. The book has: Major 100, Major 70 : Next 30")


@pytest.mark.parametrize("month", ["2031-01", "1999-12"])
def test_a_month_outside_the_data_is_refused_with_the_months_there_are(capsys, tmp_path, month):
    code, _, message = run(capsys, "report", BOOK, "--month", month, "--out", tmp_path / "out")
    assert code == 2
    assert message.startswith(f"attribution report: month {month} is outside the data: the book runs from 2024-")
    assert not (tmp_path / "out").exists()


def test_a_month_in_another_form_is_refused(capsys, tmp_path):
    code, _, message = run(capsys, "report", BOOK, "--month", "March", "--out", tmp_path / "out")
    assert code == 2
    assert "month 'March': a report is of one month, written YYYY-MM." in message


def test_a_missing_table_is_refused(capsys, tmp_path, small_copy):
    (small_copy[0] / "shares.csv").unlink()
    message = refused(capsys, tmp_path, small_copy[0] / "book.toml")
    assert message.startswith("shares: no table 'shares.parquet' or 'shares.csv' in the data folder. Found there: ")


def test_a_missing_column_is_refused(capsys, tmp_path, small_copy):
    book = spoiled(small_copy, "prices", lambda frame: frame.drop(columns="close"))
    message = "prices: missing column 'close'. Found: date, ticker, total_return, volume."
    assert refused(capsys, tmp_path, book) == message


def test_duplicate_rows_of_any_stock_are_refused(capsys, tmp_path, small_copy):
    book = spoiled(small_copy, "prices", lambda frame: pd.concat([frame, frame.iloc[[5, 9]]]))
    message = refused(capsys, tmp_path, book)
    assert message.startswith("prices: 2 duplicate rows of (date, ticker): 20")
    assert message.endswith("Keep one row each.")


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.inf, "prices: 1 infinite value in 'total_return': "), (-1.5, "prices: 1 total_return below -1")],
)
def test_impossible_returns_of_any_stock_are_refused(capsys, tmp_path, small_copy, value, message):
    def change(frame):
        place = frame.index[frame["ticker"] == "NA"][100]
        frame.loc[place, "total_return"] = value
        return frame

    assert refused(capsys, tmp_path, spoiled(small_copy, "prices", change)).startswith(message)


def test_returns_in_percent_are_told_before_returns_below_minus_one(capsys, tmp_path, small_copy):
    book = spoiled(small_copy, "prices", lambda frame: frame.assign(total_return=frame["total_return"] * 100))
    message = refused(capsys, tmp_path, book)
    assert "total_returns a hundred times the move of the close: " in message
    assert message.endswith("They look like percent; divide by 100.")


def test_returns_of_one_stock_in_percent_are_found(capsys, tmp_path, small_copy):
    def change(frame):
        frame.loc[frame["ticker"] == "TRUE", "total_return"] *= 100
        return frame

    assert "They look like percent" in refused(capsys, tmp_path, spoiled(small_copy, "prices", change))


def test_weights_in_percent_are_refused(capsys, tmp_path, small_copy):
    book = spoiled(small_copy, "holdings", lambda frame: frame.assign(weight=frame["weight"] * 100))
    message = refused(capsys, tmp_path, book)
    assert message.startswith("holdings: weights of 'major' on 2024-")
    assert message.endswith("not 1. They look like percent; divide by 100.")


def test_weights_that_do_not_sum_to_one_are_refused_in_any_month(capsys, tmp_path, small_copy):
    def change(frame):
        frame.loc[frame.index[0], "weight"] += 1e-5
        return frame

    message = refused(capsys, tmp_path, spoiled(small_copy, "holdings", change))
    assert "sum to 1.00001, not 1. Add what is missing, or take out what is there twice; cash is a row of its own" in message


def test_a_weight_that_is_missing_is_refused(capsys, tmp_path, small_copy):
    def change(frame):
        frame.loc[frame.index[3], "weight"] = np.nan
        return frame

    assert refused(capsys, tmp_path, spoiled(small_copy, "holdings", change)).startswith(
        "holdings: 1 empty cell in 'weight'"
    )


def test_an_unknown_ticker_in_any_month_is_refused(capsys, tmp_path, small_copy):
    def change(frame):
        frame.loc[frame.index[2], "ticker"] = "NOPE"
        return frame

    message = refused(capsys, tmp_path, spoiled(small_copy, "holdings", change))
    assert message.startswith("holdings: 1 row with a ticker that has no prices: major 2024-")
    assert "NOPE. Correct the ticker, or add its prices; cash is written CASH." in message


def test_a_held_name_that_stops_trading_is_refused_under_error(capsys, tmp_path, small_copy):
    path = small_copy[0] / "book.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('delisted = "cash"', 'delisted = "error"'), encoding="utf-8")
    message = refused(capsys, tmp_path, path)
    assert message.startswith("holdings: 1 held name of '")
    assert "stop trading and do not go on trading by 2025-03-31: " in message
    assert 'delisted = "cash" in [book] carries it at its last value, and the report says so.' in message
    assert "say in the table finals what a holder got for a share (0 for a total loss)" in message


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_shows_on_a_terminal_only(monkeypatch, is_terminal):
    stream = io.StringIO()
    stream.isatty = lambda: is_terminal
    monkeypatch.setattr(terminal.sys, "stderr", stream)
    with terminal.progress(2) as step:
        step("market")
    assert ("market" in stream.getvalue()) == is_terminal


def test_a_run_that_is_stopped_says_so_without_a_traceback(capsys, tmp_path, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("attribution.reporting.write.prepared", stop)
    assert main(["report", BOOK, "--month", SMALL_MONTH, "--out", str(tmp_path / "out"), "--formats", "xlsx"]) == 130
    assert capsys.readouterr().err == "attribution report: stopped. Nothing is left half-written.\n"
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_a_file_is_refused(capsys, tmp_path):
    (tmp_path / "out").write_text("mine")
    code, _, message = run(capsys, "report", BOOK, "--month", SMALL_MONTH, "--out", tmp_path / "out")
    assert code == 2
    assert message.strip().endswith("is a file. Name a folder.")
    assert (tmp_path / "out").read_text() == "mine"


def test_nothing_is_written_beside_the_data(capsys):
    code, _, message = run(capsys, "report", BOOK, "--month", SMALL_MONTH, "--out", SMALL)
    assert code == 2
    assert "is the data folder, where nothing is written" in message


def test_the_client_s_pages_alone_of_a_book_without_limits_end_as_those_with_any(capsys, tmp_path, book_of_one):
    folder = shutil.copytree(book_of_one.parent, tmp_path / "book")
    text = (folder / "book.toml").read_text(encoding="utf-8")
    (folder / "book.toml").write_text(re.sub(r"(?m)^\[limits\].*\n(?:\w.*\n)+", "", text), encoding="utf-8")
    arguments = "--month", SMALL_MONTH, "--out", tmp_path / "out", "--edition", "client", "--formats", "html"
    code, printed, _ = run(capsys, "report", folder / "book.toml", *arguments)
    assert code == 0 and "limit" not in printed
    assert f"read {tmp_path / 'out' / 'client.en.html'}" in printed
