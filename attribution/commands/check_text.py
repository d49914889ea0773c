"""`attribution check-text`: does a text that cites the month's facts hold?"""

from __future__ import annotations

import argparse

from attribution.commands.terminal import DONE, FINDINGS, PRINTED, print_table, say
from riskmodel.factors import LANGUAGES


def add_check_text(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its arguments."""
    text = "hold every figure of a text against the facts of a report that it cites"
    parser = commands.add_parser("check-text", help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument(
        "text", metavar="TEXT.md", help="figures as links to keys: [-6.60%%](<#performance|Major 100|return>)"
    )
    parser.add_argument("--facts", required=True, metavar="facts.json", help="that a report wrote")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="how right values are written, by default en")
    parser.add_argument("--format", choices=PRINTED, default=PRINTED[0], help=f"by default {PRINTED[0]}")
    parser.set_defaults(run=check_text_file)


def check_text_file(options: argparse.Namespace) -> int:
    """Run the command: 0 where every figure holds, 1 with findings."""
    from attribution.reporting.commentary.check import decode_commentary
    from attribution.reporting.facts_json import check_text, read_facts
    from riskmodel.arrays.labels import require_path
    from riskmodel.errors import InputError, counted

    try:
        data = require_path("TEXT.md", options.text, "Name the text.").read_bytes()
    except OSError as error:
        raise InputError(f"cannot read '{options.text}' ({error.strerror}).") from None
    found = check_text(decode_commentary(data, name=f"'{options.text}'"), read_facts(options.facts), language=options.lang)
    if options.format != PRINTED[0]:
        print_table(found, options.format)
    elif len(found):
        for finding in found.itertuples():
            say(f"{options.text}, line {finding.line}: {finding.message}")
        say(f"{counted(len(found), 'finding')}.")
    else:
        say("Every figure holds.")
    return FINDINGS if len(found) else DONE
