"""`attribution audit`: what a published report says against itself and against the data."""

from __future__ import annotations

import argparse
import csv
import io
import json
import textwrap
from typing import TYPE_CHECKING

from attribution.commands.terminal import DONE, FINDINGS, PRINTED, progress, say
from riskmodel.texts import without_formula

if TYPE_CHECKING:
    from attribution.audit import Audit
    from attribution.audit.figures import Finding

COLUMNS = ("rule", "figures", "difference", "rounding", "correction")
STAGES = 4  # beside the courses: market, model, risk, rules
WIDTH = 110
SHOWN = 6


def add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its arguments."""
    text = "say whether a published report's figures agree with each other, and with the data"
    parser = commands.add_parser("audit", help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("figures", metavar="FIGURES.toml", help="the published figures; see docs/reference/audit.md")
    parser.add_argument("--book", metavar="BOOK.toml", help="compare with the data of this book too")
    parser.add_argument("--format", choices=PRINTED, default=PRINTED[0], help=f"by default {PRINTED[0]}")
    parser.set_defaults(run=audit_figures_file)


def audit_figures_file(options: argparse.Namespace) -> int:
    """Run the command: 0 without findings, 1 with."""
    from attribution.audit import audit_report

    if options.book is None:
        audit = audit_report(options.figures)
    else:
        from attribution.audit.reading import read_figures
        from attribution.portfolio.book import read_book

        read_figures(options.figures)  # what is wrong with the file is said before the market is read
        book = read_book(options.book)
        with progress(len(book.courses) + STAGES) as step:
            audit = audit_report(options.figures, book=book, progress=step)
    if options.format == "json":
        say(json.dumps([finding.record() for finding in audit.findings], ensure_ascii=False))
    elif options.format == "csv":
        lines = io.StringIO()
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(_csv_row(finding) for finding in audit.findings)
        say(lines.getvalue(), end="")
    else:
        say(audit_text(audit))
    return FINDINGS if audit.findings else DONE


def audit_text(audit: Audit) -> str:
    r"""An audit as an analyst reads it: a block a finding, then the rules that ran and those that did not.

    Examples
    --------
    >>> from attribution.audit import audit_report
    >>> print(audit_text(audit_report("fixtures/published/wealth_growth_2026_03.toml")).split("\n\n")[3])
    4. ticker: top_contributors.next_major.BTSB.ticker = BTSB
       BTSB is not among the 6,307 tickers of listed_2026_08.csv.
       Likeliest: BTSG.
    """
    from attribution.audit import RULES

    blocks = [_block(number, finding) for number, finding in enumerate(audit.findings, 1)]
    if not audit.findings:
        blocks = ["No figure is contradicted."]
    ran = "\n".join(f"  {rule:<14} {audit.ran[rule]:>4}  {RULES[rule]}" for rule in RULES if rule in audit.ran)
    parts = [*blocks, f"Rules that ran, and how often:\n{ran}"]
    if audit.not_run:
        parts.append(
            "Did not run, or not on everything:\n"
            + "\n".join(_wrapped(f"{rule:<14} {audit.not_run[rule]}", "  ", 17) for rule in RULES if rule in audit.not_run)
        )
    if audit.remarks:
        parts.append("Not compared with the book:\n" + "\n".join(_wrapped(remark, "  ", 2) for remark in audit.remarks))
    return "\n\n".join(parts)


def _block(number: int, finding: Finding) -> str:
    (path, value), *others = finding.figures
    lines = [f"{number}. {finding.rule}: {path} = {value}"]
    lines += [_wrapped(f"{reason}.", "   ", 3) for reason in finding.reasons[:SHOWN]]
    if len(finding.reasons) > SHOWN:
        lines.append(f"   ... and {len(finding.reasons) - SHOWN} more.")
    shown = [f"{other} = {printed}" for other, printed in others if other not in finding.named]
    if shown:
        lines.append(_wrapped("Beside it: " + "; ".join(shown) + ".", "   ", 3))
    if finding.difference is not None:
        rounding = "" if finding.rounding is None else f"; rounding could explain {finding.rounding:.4g}"
        lines.append(f"   Off by {finding.difference:+.4g}{rounding}.")
    lines.append(_wrapped(f"Likeliest: {finding.correction}.", "   ", 3))
    return "\n".join(lines)


def _wrapped(text: str, first: str, hanging: int) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=" " * hanging, break_long_words=False, break_on_hyphens=False
    )


def _csv_row(finding: Finding) -> list[object]:
    figures = "; ".join(f"{path} = {value}" for path, value in finding.figures)
    numbers = ["" if number is None else number for number in (finding.difference, finding.rounding)]
    return [finding.rule, without_formula(figures), *numbers, without_formula(finding.correction)]
