"""What is fuzzed: every reader and every command, with what must hold of each case."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

import attribution as at
import riskmodel as rm
from attribution.brinson.segments_file import read_segments
from attribution.cli import main
from attribution.reporting.commentary.check import check_commentary, decode_commentary
from riskmodel.market.tables import TABLES, read_table
from riskmodel.texts import LAYOUT, has_control
from tests.conftest import ROOT, SMALL, SMALL_MONTH
from tests.fuzzing.mutations import Mutator

FIGURES = ROOT / "fixtures" / "published" / "wealth_growth_2026_03.toml"
SEGMENTS = ROOT / "fixtures" / "worked_examples" / "bacon2008_segments.csv"
COURSE = "Major 70 : Next 30"
LONGEST = 4000  # characters of a message
ROWS = 40  # of a table that is damaged alone


class Broken(AssertionError):
    """What a case did that none may do."""


@dataclass
class Counts:
    """How cases ended."""

    done: int = 0
    findings: int = 0
    refused: int = 0

    @property
    def cases(self) -> int:
        return self.done + self.findings + self.refused

    def __str__(self) -> str:
        return f"{self.cases} cases: {self.done} read, {self.findings} with findings, {self.refused} refused"


def require_message(text: str) -> None:
    """One message, which says something and is not endless."""
    if not text.strip() or len(text) > LONGEST:
        raise Broken(f"a message of {len(text):,} characters: {text[:300]!r}")


def read(reader: Callable[[], object], counts: Counts) -> None:
    """Run a reader: it reads, or refuses with a message; anything else is broken."""
    try:
        reader()
        counts.done += 1
    except rm.InputError as error:
        require_message(str(error))
        counts.refused += 1


def command(arguments: list[str], counts: Counts, out: Path | None = None) -> None:
    """Run a command: 0, 1 or 2, one message where it is refused, nothing raw and nothing half-written."""
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            code = main(arguments)
        except SystemExit as stop:  # of argparse, for usage and --help
            code = stop.code
    for text in (printed.getvalue(), said.getvalue()):
        if has_control(text, keep=LAYOUT):
            raise Broken(f"a raw control character: {text[-500:]!r}")
    if code == 2:
        *usage, message = said.getvalue().rstrip("\n").split("\n")
        require_message(message)
        if not message.startswith("attribution") or (usage and not usage[0].startswith("usage: ")):
            raise Broken(f"not one message: {said.getvalue()!r}")
        if out is not None and out.exists():
            raise Broken(f"half-written: {sorted(map(str, out.rglob('*')))}")
        counts.refused += 1
    elif code == 1:
        counts.findings += 1
    elif code == 0:
        counts.done += 1
    else:
        raise Broken(f"exit code {code!r}")


class Folder:
    """A copy of the small market, cut to some sessions, whose files are damaged one at a time."""

    def __init__(self, place: Path, *, since: str = "2025-01-02") -> None:
        self.path = place / "market"
        shutil.copytree(SMALL, self.path, ignore=shutil.ignore_patterns("truth*"))
        self.frames: dict[str, pd.DataFrame] = {}
        for name in TABLES:
            frame = read_table(SMALL, name) if (self.file(name)).is_file() else None
            if frame is None:
                continue
            if name in ("prices", "indices", "rates", "fx"):
                frame = frame[frame["date"] >= since]
            self.frames[name] = frame.reset_index(drop=True)
            self.restore(name)

    def file(self, name: str) -> Path:
        """Where a table lies."""
        return next((path for path in self.path.glob(f"{name}.*")), self.path / f"{name}.csv")

    def restore(self, name: str) -> None:
        """Put a table back as it was."""
        for path in self.path.glob(f"{name}.*"):
            path.unlink()
        self.frames[name].to_parquet(self.path / f"{name}.parquet", index=False)

    def spoil(self, name: str, mutator: Mutator, *, rows: int | None = None) -> None:
        """Damage a table, as CSV or as Parquet."""
        frame = self.frames[name] if rows is None else self.frames[name].head(rows)
        for path in self.path.glob(f"{name}.*"):
            path.unlink()
        if mutator.below(2):
            text = frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
            (self.path / f"{name}.csv").write_bytes(mutator.text(text))
        else:
            (self.path / f"{name}.parquet").write_bytes(mutator.parquet(frame))


def fuzz_books(seeds: range, place: Path, counts: Counts) -> None:
    """`attribution.read_book` of a damaged book beside sound tables."""
    folder = Folder(place)
    whole = (folder.path / "book.toml").read_text(encoding="utf-8")
    text = whole.replace("[limits]", "[drivers]\nmaterial_bp = 5\n[model]\nindustry_digits = 2\n[limits]")
    for seed in seeds:
        (folder.path / "book.toml").write_bytes(Mutator((1, seed)).text(text))
        told(seed, read, partial(at.read_book, folder.path / "book.toml"), counts)


def fuzz_tables(seeds: range, place: Path, counts: Counts) -> None:
    """`riskmodel.market.tables.read_table` of each table by turns, as CSV and as Parquet."""
    folder = Folder(place)
    names = list(folder.frames)
    for seed in seeds:
        name = names[seed % len(names)]
        folder.spoil(name, Mutator((2, seed)), rows=ROWS)
        told(seed, read, partial(read_table, folder.path, name), counts)


def fuzz_markets(seeds: range, place: Path, counts: Counts) -> None:
    """`riskmodel.read_market` of a folder of which one table is damaged."""
    folder = Folder(place)
    names = [name for name in folder.frames if name != "holdings"]
    for seed in seeds:
        name = names[seed % len(names)]
        folder.spoil(name, Mutator((3, seed)))
        told(seed, read, partial(rm.read_market, folder.path), counts)
        folder.restore(name)


def fuzz_figures(seeds: range, place: Path, counts: Counts) -> None:
    """`attribution audit` of damaged figures, beside their list of tickers."""
    shutil.copy(FIGURES.parent / "listed_2026_08.csv", place)
    text = FIGURES.read_text(encoding="utf-8")
    for seed in seeds:
        mutator = Mutator((4, seed))
        (place / "figures.toml").write_bytes(mutator.text(text))
        form = ("text", "csv", "json")[mutator.below(3)]
        told(seed, command, ["audit", str(place / "figures.toml"), "--format", form], counts)


def fuzz_segments(seeds: range, place: Path, counts: Counts) -> None:
    """`attribution brinson` of a damaged file of segments, and its reader."""
    text = SEGMENTS.read_text(encoding="utf-8")
    for seed in seeds:
        mutator = Mutator((5, seed))
        (place / "segments.csv").write_bytes(mutator.text(text))
        if mutator.below(2):
            told(seed, read, partial(read_segments, place / "segments.csv"), counts)
        else:
            form = ("text", "csv", "json")[mutator.below(3)]
            told(seed, command, ["brinson", str(place / "segments.csv"), "--format", form], counts)


def fuzz_commentaries(seeds: range, counts: Counts, *, text: str, tables: dict[str, pd.DataFrame], book: at.Book) -> None:
    """`check_commentary` of a damaged draft."""

    def check(data: bytes) -> None:
        try:
            found = check_commentary(decode_commentary(data, name="edited"), tables, book=book, month=SMALL_MONTH)
        except rm.InputError as error:
            require_message(str(error))
            counts.refused += 1
            return
        counts.findings += bool(len(found))
        counts.done += not len(found)

    for seed in seeds:
        told(seed, check, Mutator((6, seed)).text(text))


def fuzz_arguments(seeds: range, place: Path, counts: Counts) -> None:
    """Every command with damaged arguments; the books and files they name are sound."""
    book, out = str(SMALL / "book.toml"), place / "out"
    commands = [
        ["explain", book, COURSE, "--month", SMALL_MONTH, "--by", "factor", "--format", "csv"],
        ["explain", book, "major", "--month", "itd/2024-06", "--table", "brinson", "--by", "sector", "--format", "json"],
        ["explain", book, COURSE, "--month", SMALL_MONTH, "--currency", "JPY", "--hedged", "--forward-premium", "-0.04"],
        ["risk", book, "major", "--date", "2025-03-31", "--table", "limits"],
        ["check", book, "--format", "csv"],
        ["fit", book, "--format", "json"],
        ["brinson", str(SEGMENTS), "--method", "fachler", "--link", "carino", "--interaction", "separate"],
        ["audit", str(FIGURES), "--format", "csv"],
        ["report", book, "--month", "2031-01", "--out", str(out), "--formats", "html", "--lang", "en"],  # outside the data
        ["report", book, "--month", SMALL_MONTH, "--out", str(out), "--commentary", str(SEGMENTS)],  # which is none
    ]
    for seed in seeds:
        mutator = Mutator((7, seed))
        given = mutator.arguments(commands[seed % len(commands)])
        with contextlib.chdir(place):
            told(seed, command, given, counts, out)
        for path in [path for path in place.iterdir() if path.is_dir()]:  # of a report that an odd --out let through
            shutil.rmtree(path)


def fuzz_commands(seeds: range, place: Path, counts: Counts) -> None:
    """Every command that reads a book, over a folder of which one file is damaged."""
    folder = Folder(place, since="2023-08-01")
    whole = (folder.path / "book.toml").read_text(encoding="utf-8")
    book, out = str(folder.path / "book.toml"), place / "out"
    commands = [
        ["check", book],
        ["explain", book, COURSE, "--month", SMALL_MONTH],
        ["risk", book, COURSE, "--date", "2025-03-31", "--format", "json"],
        ["fit", book, "--format", "csv"],
        ["report", book, "--month", SMALL_MONTH, "--out", str(out), "--formats", "html", "--lang", "en"],
    ]
    names = [*folder.frames, "book", "book"]
    for seed in seeds:
        mutator = Mutator((8, seed))
        name = names[mutator.below(len(names))]
        if name == "book":
            (folder.path / "book.toml").write_bytes(mutator.text(whole))
        else:
            folder.spoil(name, mutator)
        before = sorted(path.name for path in place.iterdir())
        told(seed, command, commands[seed % len(commands)], counts, out)
        shutil.rmtree(out, ignore_errors=True)
        if sorted(path.name for path in place.iterdir()) != before:
            raise Broken(f"seed {seed}: something is left beside {before}")
        if name == "book":
            (folder.path / "book.toml").write_text(whole, encoding="utf-8")
        else:
            folder.restore(name)


def told(seed: int, case: Callable[..., None], *given: object) -> None:
    """Run a case; what goes wrong says its seed and what it was given."""
    try:
        case(*given)
    except BaseException as error:
        error.add_note(f"seed {seed}: {given!r:.500}")
        raise
