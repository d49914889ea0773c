"""Every option and argument of every command, each with what nobody should give: one line, exit code 2, nothing raw."""

from __future__ import annotations

import argparse

import pytest

from attribution.cli import _parser, main
from riskmodel.texts import LAYOUT, has_control
from tests.conftest import ROOT, SMALL

BOOK = str(SMALL / "book.toml")
SEGMENTS = str(ROOT / "fixtures" / "worked_examples" / "bacon2008_segments.csv")
FIGURES = str(ROOT / "fixtures" / "published" / "wealth_growth_2026_03.toml")
PLAIN = {  # of each command, arguments that are refused soon, or that take no time
    "report": ["report", BOOK, "--month", "2031-01", "--out", "out", "--formats", "html", "--lang", "en"],
    "explain": ["explain", BOOK, "Major 100", "--month", "2031-01"],
    "risk": ["risk", BOOK, "major", "--date", "2031-01-31"],
    "construct": ["construct", "no.toml", "major", "--date", "2031-01-31"],
    "walk": ["walk", "no.toml", "major", "--from", "2031-01", "--to", "2031-01", "--out", "out"],
    "search": ["search", "no.toml", "major", "--out", "out"],
    "accounts": ["accounts", "no.toml", "no_accounts", "--month", "2031-01", "--out", "out"],
    "init": ["init", "no_exports", "--out", "drafted"],
    "fit": ["fit", "no.toml"],
    "check": ["check", "no.toml"],
    "brinson": ["brinson", SEGMENTS],
    "audit": ["audit", FIGURES],
    "check-text": ["check-text", "no.md", "--facts", "no.json"],
}
ODD = (
    *("", "nan", "-inf", "-1", "1e999999999", "²", "²⁰²⁵-03", "9" * 5000, "9" * 900, "true", "=1+1", "%s", "{0}"),
    *("\x1b[31m", "a\0b", "\u202ex", "\n", "2025-03\n", "\ud800", "\udcff", "x" * 300, "../..", "/"),
    *("2025-13", "0000-01", "9999-12", "10000-01", "2025-02-29", "2025-03/2025-01", "itd/", "itd/²"),
)
COMMANDS = next(action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)).choices


def with_odd(command: str, action: argparse.Action, value: str) -> list[str] | None:
    given = list(PLAIN[command])
    if not action.option_strings:
        own = [each.dest for each in COMMANDS[command]._actions if not each.option_strings]
        given[1 + own.index(action.dest)] = value
    elif action.nargs == 0:
        return None
    elif action.option_strings[-1] in given:
        given[given.index(action.option_strings[-1]) + 1] = value
    else:
        given.append(f"{action.option_strings[-1]}={value}")
    return given


def test_every_command_has_its_plain_arguments():
    assert PLAIN.keys() == COMMANDS.keys()


LONG = ("report", "explain", "risk")  # read a market before some of their arguments are looked at


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param(name, action, marks=[pytest.mark.slow] if name in LONG else [])
        for name, parser in COMMANDS.items()
        for action in parser._actions
        if action.dest != "help"
    ],
    ids=lambda each: each if isinstance(each, str) else each.dest,
)
def test_what_nobody_should_give_is_refused_in_one_line(command, action, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for value in ODD:
        given = with_odd(command, action, value)
        if given is None:
            return
        try:
            code = main(given)
        except SystemExit as stop:  # of argparse
            code = stop.code
        printed = capsys.readouterr()
        assert code == 2, f"{given}: {code} {printed.err}"
        said = [line for line in printed.err.rstrip("\n").split("\n") if not line.startswith(("usage: ", " "))]
        assert len(said) == 1 and said[0].startswith("attribution"), f"{given}: {printed.err}"
        assert not has_control(printed.out + printed.err, keep=LAYOUT), f"{given}: {printed.err!r}"
    assert not list(tmp_path.iterdir())
