"""`attribution report`: a month's pages, PDF, workbook, tables and commentary."""

from __future__ import annotations

import argparse
import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from attribution.commands.terminal import DONE, FINDINGS, print_evidence, print_table, progress, say, say_simulated
from attribution.reporting.formats import EDITIONS, FORMATS
from riskmodel.factors import LANGUAGES

SHOWN = (".html", ".pdf", ".xlsx", ".md")  # what a person opens


def report_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument("--month", required=True, metavar="YYYY-MM")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="made where it is missing")
    parser.add_argument(
        "--lang", metavar=",".join(LANGUAGES), help="languages, by default the book's; the workbook has the first"
    )
    every = ",".join(FORMATS)
    parser.add_argument("--formats", metavar=every, default=every, help="by default all; tables are written with each")
    every = ",".join(EDITIONS)
    parser.add_argument(
        "--edition", metavar=every, default=every, help="pages for analysts (report.*), for clients (client.*), or both"
    )
    parser.add_argument(
        "--commentary",
        action="append",
        default=[],
        metavar="EDITED.md",
        help="an edited commentary.LANGUAGE.md or client.LANGUAGE.md to put in the report, once its figures hold",
    )


def report_month(options: argparse.Namespace) -> int:
    """Write the report and say what was written; with findings in its texts, write nothing and name them."""
    from attribution.portfolio.book import read_book
    from attribution.reporting.write import report, report_stages
    from riskmodel.errors import counted

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where its cache cannot be written it says so, at length

    book = read_book(options.book)
    languages = list(book.book.languages) if options.lang is None else parts(options.lang)
    formats, editions = parts(options.formats), parts(options.edition)
    with uncollected(), progress(report_stages(book, languages, formats, editions)) as step:
        written = report(
            book,
            month=options.month,
            out=options.out,
            languages=languages,
            formats=formats,
            editions=editions,
            commentary=options.commentary,
            progress=step,
        )
    for remark in written.remarks:
        say(remark, error=True)
    if len(written.findings):
        for finding in written.findings.itertuples():
            say(f"{finding.file}, line {finding.line}: {finding.message}")
        say(f"Nothing was written: {counted(len(written.findings), 'finding')} in the texts. Correct them and repeat.")
        return FINDINGS
    say_simulated(book)
    say(f"{options.month}, data to {written.content.period.end:%Y-%m-%d}: {len(written.paths)} files in {options.out}")
    print_table(written.tables["performance"], "text", percent=["return", "benchmark_return", "excess"])
    identities = written.tables.get("reconciliation")
    if identities is not None:  # of a client's pages alone each course's are held where it is explained
        say(f"{int(identities['passed'].sum())} of {len(identities)} identities hold to 1e-12.")
    limits = written.tables.get("limits")
    if limits is not None:  # nor is the table made of limits that a client's pages do not show
        broken = limits[limits["ok"].eq(False).fillna(False)]
        if len(broken):
            say(f"{len(broken)} of {counted(len(limits), 'limit')} broken:")
            print_table(broken[["sleeve", "rule", "detail"]], "text")
    print_evidence(written.content.evidence, options.book, written.content.period)
    for name, path in written.paths.items():
        if name.endswith(SHOWN):
            say(f"{'edit' if name.endswith('.md') else 'read'} {path}")
    return DONE


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles: it takes a twentieth of a report's time, and finds next to nothing."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def parts(text: str) -> list[str]:
    """The parts of a text between its commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
