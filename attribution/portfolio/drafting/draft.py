"""A book over exports that nobody has described: looked at, drafted and written, into a folder of its own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from attribution.house_style.words import read_messages
from attribution.portfolio.drafting.text import drafted_text
from attribution.portfolio.settings.questions import open_places
from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError, listed
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.recognise import recognise
from riskmodel.progress import Progress, stages

COLUMNS = ("file", "sheet", "column", "table", "ours", "verdict", "why")
BOOK = "book.toml"
STAGES = 3  # of `recognise`: files, cells, tables


@dataclass(frozen=True)
class Drafted:
    """A drafted book.

    Attributes
    ----------
    path
        Of the book.
    recognised
        What the exports are taken for.
    questions
        How many a person must answer.
    """

    path: Path
    recognised: Recognised
    questions: int


def draft_book(exports: str | Path, out: str | Path, progress: Progress = None) -> Drafted:
    """Look at a folder of exports, and write a book that maps them into another folder.

    Parameters
    ----------
    exports
        The folder; nothing in it is written.
    out
        A new or empty folder, not in that of the exports.
    progress
        Of `riskmodel.progress.stages`: what is looked at.

    Raises
    ------
    InputError
        For folders that will not do, and where nothing can be taken for a table.
    """
    exports = require_path("exports", exports, "Name the folder of the exports.")
    out = require_path("--out", out, "Name a new folder for the book.")
    if not exports.is_dir():
        raise InputError(f"exports: '{exports}' is not a folder. Name the folder of the exports.")
    if out.exists() and not out.is_dir():
        raise InputError(f"--out: '{out}' is a file. Name a new folder for the book.")
    if out.is_dir() and any(out.iterdir()):
        there = sorted(path.name for path in out.iterdir())
        raise InputError(f"--out: '{out}' is not empty: {listed(there)}. Name a new folder; nothing is written over.")
    if out.resolve().is_relative_to(exports.resolve()):
        raise InputError(f"--out: '{out}' lies in the folder of the exports, where nothing is written. Name one elsewhere.")
    with stages(progress, STAGES) as step:
        recognised = recognise(exports, step, also=lambda found: (drafted_text(found, exports, out), found_table(found)))
    if not recognised.drafts:
        looked = [each.file for each in recognised.found if each.file]
        raise InputError(
            f"exports: nothing in '{exports}' can be taken for a table. Looked at: {listed(looked) or 'no files'}. "
            f"Tables are CSV, text, workbooks or Parquet, with a header."
        )
    text = drafted_text(recognised, exports, out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / BOOK
    path.write_text(text, encoding="utf-8", newline="\n")
    return Drafted(path, recognised, len(open_places(tomllib.loads(text))))


def found_table(recognised: Recognised) -> pd.DataFrame:
    """What each file, sheet and column is taken for, a row each, with the reason in words."""
    words = read_messages("en")
    rows = [
        (
            each.file, each.sheet, each.column, each.table, each.ours, each.verdict,
            "; ".join(dict.fromkeys(words.fact("recognition", fact) for fact in each.why)),
        )
        for each in recognised.found
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))
