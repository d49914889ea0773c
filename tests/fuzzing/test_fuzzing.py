"""Damaged files and arguments: each is read, found wanting or refused in one message; never a traceback, never a raw escape.

The few cases of `make test` are the first of those of `make slow`; a case is its target's number and a seed, and says both.
"""

from __future__ import annotations

import pytest

import attribution as at
from tests.conftest import SMALL
from tests.fuzzing import targets
from tests.fuzzing.mutations import Mutator
from tests.fuzzing.targets import Broken, Counts, command, read

TARGETS = {  # cases in make test, and in make slow
    "books": (60, 1500),
    "tables": (65, 1500),
    "markets": (10, 300),
    "figures": (20, 700),
    "segments": (30, 800),
    "commentaries": (10, 300),
    "arguments": (20, 600),
    "commands": (0, 100),
}
LEAST_READ = 0.01  # of the cases: damage that nothing survives tests the first check alone


@pytest.fixture
def fuzz(tmp_path, request):
    """`fuzz(target, seeds)`: how the cases ended."""

    def run(target: str, seeds: range) -> Counts:
        counts = Counts()
        if target != "commentaries":
            getattr(targets, f"fuzz_{target}")(seeds, tmp_path, counts)
            return counts
        content = request.getfixturevalue("page_content")
        text, book = at.report_commentary(content, lang="en"), at.read_book(SMALL / "book.toml")
        targets.fuzz_commentaries(seeds, counts, text=text, tables=content.tables, book=book)
        return counts

    return run


@pytest.mark.parametrize("target", [name for name, (few, _) in TARGETS.items() if few])
def test_damage_gives_a_reading_or_one_message(target, fuzz):
    counts = fuzz(target, range(TARGETS[target][0]))
    assert counts.cases == TARGETS[target][0]
    assert counts.refused


@pytest.mark.slow
@pytest.mark.parametrize("target", list(TARGETS))
def test_thousands_of_damaged_inputs_give_a_reading_or_one_message(target, fuzz):
    counts = fuzz(target, range(TARGETS[target][1]))
    print(f"\n{target}: {counts}")
    assert counts.cases == TARGETS[target][1]
    assert counts.done + counts.findings > LEAST_READ * counts.cases or target == "arguments"


def test_the_same_seed_gives_the_same_damage():
    assert Mutator((1, 7)).text("a = 1\nb = 2") == Mutator((1, 7)).text("a = 1\nb = 2")
    assert len({Mutator((1, seed)).text("a = 1\nb = 2") for seed in range(50)}) > 25


def test_a_fuzzer_that_finds_nothing_can_find_something(monkeypatch, capsys):
    def raises(*_):
        raise KeyError("x")

    with pytest.raises(KeyError):
        read(raises, Counts())
    for printed, code, why in [("\x1b[31m", 0, "a raw control"), ("", 2, "a message of 0"), ("", 3, "exit code 3")]:
        monkeypatch.setattr(targets, "main", lambda _, printed=printed, code=code: print(printed) or code)
        with pytest.raises(Broken, match=why):
            command(["check"], Counts())
