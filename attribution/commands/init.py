"""`attribution init`: look at exports that nobody has described, and draft the book that maps them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from attribution.commands.terminal import PRINTED, print_table, say

if TYPE_CHECKING:
    import pandas as pd

EXAMPLE = "attribution init exports/ --out book/"


def add_init(commands: Any) -> None:
    """Register the command."""
    text = "look at foreign exports, draft the book and its mapping, say what was understood"
    sub = commands.add_parser("init", help=text, description=text[0].upper() + text[1:] + ".", epilog=EXAMPLE)
    sub.add_argument("exports", metavar="EXPORTS", help="the folder of the exports; nothing in it is written")
    sub.add_argument("--out", required=True, metavar="BOOK", help="a new folder for book.toml")
    sub.add_argument(
        "--format", choices=PRINTED, default=PRINTED[0], help="of what was found; csv and json have every column"
    )
    sub.set_defaults(run=init_book)


def init_book(options: argparse.Namespace) -> int:
    """Draft a book, say what was understood, and end as `check` of it does."""
    from attribution.commands.check import print_check
    from attribution.portfolio.drafting.draft import draft_book, found_table
    from riskmodel.errors import counted

    drafted = draft_book(options.exports, options.out, progress=True)
    found = found_table(drafted.recognised)
    if options.format == "text":
        print_found(found)
        say(f'Drafted {drafted.path}, with {counted(drafted.questions, "question")} for you: look for "?" in it.')
        answer = "answer them, then: " if drafted.questions else ""
        say(f"next: {answer}attribution check {drafted.path}")
    else:
        print_table(found, options.format)
    options.book = str(drafted.path)
    return print_check(options) if options.format == "text" else quiet_check(options)


def quiet_check(options: argparse.Namespace) -> int:
    """The exit code of `check`, whose findings would be a second table for a program that reads one."""
    from attribution.commands.terminal import DONE, FINDINGS
    from attribution.portfolio.book import read_book
    from attribution.portfolio.check import whole_evidence
    from attribution.portfolio.inputs import read_inputs

    book = read_book(options.book)
    return FINDINGS if whole_evidence(book, read_inputs(book)) else DONE


def print_found(found: pd.DataFrame) -> None:
    """What was found, a file after the other: its columns, and why each is what it is taken for."""
    for (file, sheet), rows in found.groupby(["file", "sheet"], sort=False):
        tables = ", ".join(dict.fromkeys(table for table in rows["table"] if table))
        say(f"{file or 'Not there'}{f' [{sheet}]' if sheet else ''}{f': {tables}' if tables else ''}")
        for row in rows.itertuples():
            ours = f"{row.table}.{row.ours}" if row.ours else row.table
            what = f"'{row.column}'" if row.column else ""
            arrow = f" -> {ours}" if ours and row.verdict != "not used" else ""
            say(f"    {row.verdict}: {what}{arrow} ({row.why})")
