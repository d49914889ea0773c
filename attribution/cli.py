"""The `attribution` command: reads arguments, calls the library, prints. No mathematics here."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from attribution.commands.accounts import accounts_options, explain_accounts
from attribution.commands.audit import add_audit
from attribution.commands.brinson import add_brinson
from attribution.commands.check import print_check
from attribution.commands.check_text import add_check_text
from attribution.commands.construct import construct_options, print_construction
from attribution.commands.explain import explain_course, explain_options
from attribution.commands.fit import print_fit
from attribution.commands.init import add_init
from attribution.commands.report import report_month, report_options
from attribution.commands.risk import print_risk
from attribution.commands.search import print_search, search_options
from attribution.commands.terminal import (
    DONE,
    INTERRUPTED,
    PRINTED,
    REFUSED,
    say,
)
from attribution.commands.walk import print_walk, walk_options
from riskmodel.arrays.arithmetic import plain_arithmetic
from riskmodel.errors import InputError, shortened
from riskmodel.texts import visible

OBJECTS_AT_ONCE = 10_000  # made before garbage is looked for: at Python's 700 that is 4 % of a command's CPU
LONGEST = 1000  # characters of an argument, and of what is said of all of them


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are one line that steers no terminal, whatever the arguments hold."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and exit with 2."""
        super().error(visible(shortened(message, LONGEST), keep=""))


def main(arguments: Sequence[str] | None = None, *, own_process: bool = False) -> int:
    """Run a command and return its exit code: 0 done, 1 done with findings, 2 bad input or usage, 130 stopped by Ctrl-C.

    Most commands hold no array by dask: xarray would import it, where it is installed, to ask, which takes a second of
    many a command. An `own_process` goes without; a library's user has dask as ever.
    """
    options = _parser().parse_args(arguments)
    if own_process:
        gc.set_threshold(OBJECTS_AT_ONCE)
    if own_process and not options.by_dask:
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # how Python says that a module is not to be had
    try:
        require_short(options)
        code = int(options.run(options))
        if sys.stdout is not None:  # None where a shell has closed it
            sys.stdout.flush()
        return code
    except InputError as error:
        say(f"attribution {options.command}: {error}", error=True)
        return REFUSED
    except ArithmeticError as error:  # a result that does not add up is a defect of the software, and is not shown
        say(f"attribution {options.command}: {error} Please report this.", error=True)
        return REFUSED
    except KeyboardInterrupt:
        say(f"attribution {options.command}: stopped. Nothing is left half-written.", error=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor is it told what is still to be written
        return DONE
    except OSError as error:  # such as a full disk
        say(f"attribution {options.command}: {error}", error=True)
        return REFUSED


def require_short(options: argparse.Namespace) -> None:
    """Refuse an argument that is longer than any name or path is."""
    for name, value in vars(options).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and len(text) > LONGEST:
                raise InputError(f"{name}: has {len(text):,} characters, {shortened(text, 30)} Give {LONGEST:,} at most.")


def _parser() -> argparse.ArgumentParser:
    about = "Explain why portfolios beat or missed their benchmarks."
    parser: argparse.ArgumentParser = Parser(prog="attribution", description=about)
    parser.set_defaults(by_dask=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.add_argument("book", metavar="BOOK.toml", help="the book of courses")
        sub.set_defaults(run=plain_arithmetic()(run))
        return sub

    report_options(command("report", report_month, "write a month's pages, PDF, workbook, tables and commentary"))
    explain = command(
        "explain", explain_course, "print the contributions to a course's excess return, and what stands beside them"
    )
    explain_options(explain)
    risk = command("risk", print_risk, "print a course's forecast risk and the limits of its sleeves")
    risk.add_argument("course", metavar="COURSE", help="a course of the book, or the key of a sleeve")
    risk.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="a session; its drifted weights count")
    tables = ("risk", "limits", "realised", "factor", "family", "stock")
    risk.add_argument("--table", choices=tables, help="by default risk, limits and what followed forecasts (realised)")
    construct = command("construct", print_construction, "print the list that a strategy holds, why, and the proof of it")
    construct_options(construct)
    walk = command("walk", print_walk, "make a strategy's lists month by month: a folder that report and explain read")
    walk_options(walk)
    search = command("search", print_search, "try combinations of factors for a strategy, and doubt the best of them")
    search_options(search)
    accounts = command("accounts", explain_accounts, "explain many accounts against one benchmark, from Parquet to Parquet")
    accounts_options(accounts)
    brinson = add_brinson(commands)
    check = command("check", print_check, "say whether the inputs are fit for use")
    add_audit(commands)
    add_check_text(commands)
    add_init(commands)
    fit = command("fit", print_fit, "estimate the model, or find it in its store, and print its factors")
    for sub in (explain, risk, construct, walk, search, accounts, brinson, check, fit):
        sub.add_argument("--format", choices=PRINTED, default=PRINTED[0], help="csv and json have full precision")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
