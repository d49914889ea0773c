"""`attribution check`: are the inputs fit for use?"""

from __future__ import annotations

import argparse

from attribution.commands.terminal import DONE, FINDINGS, print_table, say


def print_check(options: argparse.Namespace) -> int:
    """Say whether the inputs are fit for use; 1 with findings."""
    from attribution.portfolio.book import read_book
    from attribution.portfolio.check import check_inputs
    from attribution.portfolio.inputs import read_inputs

    book = read_book(options.book)
    findings = check_inputs(book, read_inputs(book))
    print_table(findings, options.format)
    if options.format == "text":
        say(f"Fit for use, with {len(findings)} findings to know." if len(findings) else "Fit for use; nothing to report.")
    return FINDINGS if len(findings) else DONE
