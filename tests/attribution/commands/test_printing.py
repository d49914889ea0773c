"""What commands print does nothing to a terminal, whatever names the files have, and fits every encoding."""

from __future__ import annotations

import ast
import csv
import io
import json
import sys

import pandas as pd
import pytest

from attribution.cli import main
from attribution.commands import terminal
from attribution.commands.terminal import print_table, say
from riskmodel.texts import LAYOUT, has_control
from tests.attribution.commands.test_cli import BOOK, run
from tests.conftest import ROOT, SMALL_MONTH, read_printed

HOSTILE = "AC\x1b[2JME\x9b31m\x7f\u202e"
SHOWN = "AC\\u001b[2JME\\u009b31m\\u007f\\u202e"


def test_nothing_is_printed_but_by_the_one_function():
    """A name may come from any file: only `say` neutralises it."""
    calls = []
    for path in sorted((ROOT / "attribution").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            printed = isinstance(node, ast.Name) and node.id == "print"
            written = isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout.write", "sys.stderr.write")
            if printed or written:
                calls.append(f"{path.name}:{node.lineno}")
    assert calls == []


@pytest.mark.parametrize("form", terminal.PRINTED)
def test_a_table_of_hostile_names_is_printed_harmless(capsys, form):
    print_table(pd.DataFrame({HOSTILE: [HOSTILE, "=1+1"], "weight": [-0.5, 0.25]}), form)
    printed = capsys.readouterr().out
    assert not has_control(printed, keep=LAYOUT)
    assert SHOWN in printed
    if form == "json":  # a program reads what the name is
        assert json.loads(printed)[0] == {HOSTILE: HOSTILE, "weight": -0.5}
    if form == "csv":
        assert list(csv.reader(io.StringIO(printed)))[1:] == [[SHOWN, "-0.5"], ["'=1+1", "0.25"]]


def test_an_error_is_one_line(capsys):
    say("two\nlines\x1b[31m", error=True)
    assert capsys.readouterr().err == "two\\u000alines\\u001b[31m\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932", "utf-8"])
def test_a_terminal_of_another_encoding_shows_what_it_can(monkeypatch, encoding):
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding=encoding, newline=""))
    names = ["メジャー", "é", "\U0001f600"]
    print_table(pd.DataFrame({"name": names}), "json")
    sys.stdout.flush()
    printed = screen.getvalue().decode(encoding)
    assert [row["name"] for row in json.loads(printed)] == names


def test_a_closed_terminal_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    say("nobody reads this")


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", BOOK, HOSTILE, "--month", SMALL_MONTH],
        ["explain", BOOK, "major", "--month", f"{SMALL_MONTH}{HOSTILE}"],
        ["explain", BOOK, "major", "--month", SMALL_MONTH, "--by", HOSTILE],
        ["explain", BOOK, "major", "--month", "²⁰²⁵-03"],
        ["explain", BOOK, "major", "--month", "２０２５-03"],
        ["risk", BOOK, "major", "--date", f"2025-03-31{HOSTILE}"],
        ["risk", BOOK, "major", "--date", "²⁰²⁵-03-31"],
        ["report", BOOK, "--month", "²⁰²⁵-03", "--out", "never"],
        ["report", BOOK, "--month", SMALL_MONTH, "--out", "ne\0ver"],
        ["report", BOOK, "--month", SMALL_MONTH, "--out", "never", "--commentary", "a\0b"],
        ["report", BOOK, "--month", SMALL_MONTH, "--out", "never", "--lang", HOSTILE],
        ["check", f"{BOOK}{HOSTILE}"],
        ["check", "a\0b"],
        ["check", "\udcff\udcfe"],
        ["fit", "x" * 5000],
        ["brinson", "a\0b"],
        ["brinson", f"segments{HOSTILE}.csv"],
        ["audit", "a\0b"],
        ["audit", HOSTILE, "--book", HOSTILE],
    ],
)
def test_a_hostile_argument_is_refused_in_one_harmless_line(capsys, arguments):
    code, printed, message = run(capsys, *arguments)
    assert code == 2
    assert printed == ""
    assert message.count("\n") == 1
    assert not has_control(message, keep=LAYOUT)
    assert message.startswith(f"attribution {arguments[0]}: ")


@pytest.mark.parametrize("arguments", [[HOSTILE], ["check", BOOK, HOSTILE], ["check", BOOK, "--format", HOSTILE]])
def test_what_no_command_knows_is_refused_harmless_too(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    message = capsys.readouterr().err
    assert stopped.value.code == 2
    assert not has_control(message, keep=LAYOUT)
    assert "\\u001b[2J" in message or "\\x1b[2J" in message


def test_a_sector_that_would_run_in_a_spreadsheet_is_neutralised_in_csv_alone(small_copy, capsys):
    folder, read, write = small_copy
    securities = read("securities")
    write("securities", securities.assign(sector=securities["sector"].replace("Energy", "=cmd|' /C calc'!A0")))
    where = ["explain", folder / "book.toml", "major", "--month", SMALL_MONTH, "--by", "sector"]
    code, printed, _ = run(capsys, *where, "--format", "csv")
    assert code == 0
    sectors = read_printed(printed)["sector"].tolist()
    assert "'=cmd|' /C calc'!A0" in sectors
    assert not [sector for sector in sectors if sector.startswith("=")]
    assert "=cmd|' /C calc'!A0" in [row["sector"] for row in json.loads(run(capsys, *where, "--format", "json")[1])]
