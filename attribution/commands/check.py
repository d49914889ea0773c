"""`attribution check`: are the inputs fit for use?"""

from __future__ import annotations

import argparse

from attribution.commands.terminal import DONE, FINDINGS, print_table, progress, say, say_remarks
from riskmodel.progress import inside


def print_check(options: argparse.Namespace) -> int:
    """Say whether the inputs are fit for use; 1 with findings."""
    from attribution.portfolio.book import read_book
    from attribution.portfolio.check import findings_table, kinds_table, unit_findings, whole_evidence
    from attribution.portfolio.inputs import read_given_model, read_inputs
    from riskmodel.errors import counted

    book = read_book(options.book)
    given, remarks = book.model.source == "tables", list[str]()
    with progress(2 + given) as step:
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        if given:
            step("model")
            read_given_model(book, market, progress=inside(step, "model"))
        step("evidence")
        evidence = whole_evidence(book, market)
    say_remarks(remarks)
    if options.format == "text":
        kinds = kinds_table(evidence)
        print_table(kinds, "text", forms={"harm": "{:.1f}"})
        refused = [each for each in evidence if each.refused]
        if refused:
            say(f"Not fit for use: {counted(len(refused), 'finding')} that a report would refuse, first in the list.")
        elif grave := unit_findings(evidence):
            say(
                f"Not fit for use before these are looked at: {', '.join(grave)}. Rows are in another unit, or of "
                f"less than a year. Mend the export or its mapping, or accept them in the book where they are right."
            )
        elif evidence:
            say(f"Fit for use, with {counted(len(kinds), 'kind')} of findings to know.")
        else:
            say("Fit for use; nothing to report.")
        if evidence:
            say("harm: basis points of a course's excess in a month. --format csv has each finding.")
    else:
        print_table(findings_table(evidence), options.format)
    return FINDINGS if evidence else DONE
