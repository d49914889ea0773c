"""The `attribution` command: reads arguments, calls the library, prints. No mathematics here."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence

from attribution.audit_command import add_audit
from attribution.explain_command import brinson_options, explain_course, explain_options
from attribution.report_command import report_month, report_options
from attribution.terminal import DONE, FINDINGS, INTERRUPTED, REFUSED, ROWS_AT_EACH_END, print_table, progress, records
from riskmodel.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 done with findings, 2 bad input or usage, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        if sys.stdout is not None:  # None where a shell has closed it
            sys.stdout.flush()
        return code
    except InputError as error:
        print(f"attribution {options.command}: {error}", file=sys.stderr)
        return REFUSED
    except ArithmeticError as error:  # a result that does not add up is a defect of the software, and is not shown
        print(f"attribution {options.command}: {error} Please report this.", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(f"attribution {options.command}: stopped. Nothing is left half-written.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor is it told what is still to be written
        return DONE
    except OSError as error:  # such as a full disk
        print(f"attribution {options.command}: {error}", file=sys.stderr)
        return REFUSED


def _parser() -> argparse.ArgumentParser:
    about = "Explain why portfolios beat or missed their benchmarks."
    parser = argparse.ArgumentParser(prog="attribution", description=about)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.add_argument("book", metavar="BOOK.toml", help="the book of courses")
        sub.set_defaults(run=run)
        return sub

    report_options(command("report", report_month, "write a month's pages, PDF, workbook, tables and commentary"))
    explain = command(
        "explain", explain_course, "print the contributions to a course's excess return, and what stands beside them"
    )
    explain_options(explain)
    risk = command("risk", _risk, "print a course's forecast risk and the limits of its sleeves")
    risk.add_argument("course", metavar="COURSE", help="a course of the book, or the key of a sleeve")
    risk.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="a session; its drifted weights count")
    risk.add_argument("--table", choices=("risk", "limits", "factor", "family", "stock"), help="by default risk and limits")
    brinson = _brinson_parser(commands)
    check = command("check", _check, "say whether the inputs are fit for use")
    add_audit(commands)
    fit = command("fit", _fit, "estimate the model, or find it in its store, and print its factors")
    for sub in (explain, risk, brinson, check, fit):
        sub.add_argument(
            "--format", choices=("text", "csv", "json"), default="text", help="csv and json have full precision"
        )
    return parser


def _brinson_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    text = "split the excess return of a file of segments into allocation and selection"
    sub: argparse.ArgumentParser = commands.add_parser("brinson", help=text, description=text[0].upper() + text[1:] + ".")
    sub.add_argument(
        "segments",
        metavar="SEGMENTS.csv",
        help="columns period (optional), segment, portfolio_weight, benchmark_weight, portfolio_return, benchmark_return",
    )
    brinson_options(sub)
    links = ("none", "carino", "menchero", "grap", "frongello", "davies-laker", "geometric")
    sub.add_argument("--link", choices=links, default="carino", help="how periods become the total; by default carino")
    sub.set_defaults(run=_brinson, method="fachler", interaction="separate", missing="other-side")
    return sub


def _brinson(options: argparse.Namespace) -> int:
    from attribution.segment_tables import period_table, segment_effects, segment_table
    from attribution.segments import read_segments

    segments = read_segments(options.segments)
    choices = {name: getattr(options, name) for name in ("method", "interaction", "link", "missing")}
    if options.format != "text":
        print_table(segment_effects(segments, **choices), options.format)
        return DONE
    interaction = {"separate": "interaction separate", "selection": "top-down", "allocation": "bottom-up"}
    periods, by_segment = period_table(segments, **choices), segment_table(segments, **choices)
    method = {"fachler": "Brinson-Fachler", "bhb": "Brinson-Hood-Beebower"}[options.method]
    folding = (
        "top-down" if options.link == "geometric" and options.interaction == "separate" else interaction[options.interaction]
    )
    print(f"{method}, {folding}, " + ("not linked" if options.link == "none" else f"{options.link} linking"))
    percent = [*periods.columns, "portfolio_weight", "benchmark_weight", "contribution"]
    if by_segment is not None:
        long = len(by_segment) - 1 > 2 * ROWS_AT_EACH_END and "contribution" in by_segment.columns
        print_table(by_segment.iloc[:-1] if long else by_segment, "text", percent=percent, shorten=long)
        print()
    if len(periods) > 2 * ROWS_AT_EACH_END:
        print(f"The last of {len(periods) - (options.link != 'none'):,} periods; --format csv has all.")
        periods = periods.iloc[-ROWS_AT_EACH_END:]
    print_table(periods, "text", percent=percent)
    return DONE


def _risk(options: argparse.Namespace) -> int:
    import pandas as pd

    from attribution.book import read_book
    from attribution.fitting import fitted_model, read_inputs
    from attribution.forecast import closing_course, course_risk, forecast_risk, sleeve_limits

    book = read_book(options.book)
    shares = book.shares(options.course)
    date = pd.to_datetime(options.date, format="%Y-%m-%d", errors="coerce")
    if pd.isna(date):
        raise InputError(f"date '{options.date}': write a day as YYYY-MM-DD.")
    with progress(3) as step:
        step("market")
        market = read_inputs(book)
        closing_course(book, options.course, market, date)
        step("model")
        fitted = fitted_model(book, market)
        step("forecast")
        forecast = forecast_risk(fitted.model, market, date)
        risk = course_risk(book, options.course, forecast, market, date)
        limits = pd.concat([sleeve_limits(book, sleeve, forecast, market, date) for sleeve in shares], ignore_index=True)
    if fitted.remark:
        print(fitted.remark, file=sys.stderr)
    if forecast.left_out:
        print(
            f"Without a forecast, their history being too short or nobody having them: {', '.join(forecast.left_out)}.",
            file=sys.stderr,
        )
    lists = book.holdings[book.holdings["date"] == date]["portfolio"]
    bought = [sleeve for sleeve in shares if (lists == book.sleeves[sleeve].holdings).any()]
    if bought:
        print(
            f"The list of {date:%Y-%m-%d} of {', '.join(bought)} counts from this close on; the figures are of what was "
            f"held until then.",
            file=sys.stderr,
        )
    tables = {"risk": risk.table, "limits": limits}
    if options.table in ("factor", "family", "stock"):
        tables = {options.table: risk.by(options.table)}
    elif options.table is not None:
        tables = {options.table: tables[options.table]}
    if options.format == "json":
        print(json.dumps({name: records(table) for name, table in tables.items()}, ensure_ascii=False))
    elif options.format == "csv":
        print_table(next(iter(tables.values())), "csv")
        if len(tables) > 1:
            print("The limits are another table: --table limits, or --format json for both.", file=sys.stderr)
    else:
        for name, table in tables.items():
            print(f"{options.course}, {name} at the close of {date:%Y-%m-%d}")
            print_table(table, "text", decimals=4)
    return FINDINGS if bool(limits["ok"].eq(False).fillna(False).any()) else DONE


def _check(options: argparse.Namespace) -> int:
    from attribution.book import read_book
    from attribution.check import check_inputs
    from attribution.fitting import read_inputs

    book = read_book(options.book)
    findings = check_inputs(book, read_inputs(book))
    print_table(findings, options.format)
    if options.format == "text":
        print(f"Fit for use, with {len(findings)} findings to know." if len(findings) else "Fit for use; nothing to report.")
    return FINDINGS if len(findings) else DONE


def _fit(options: argparse.Namespace) -> int:
    from attribution.book import read_book
    from attribution.fitting import fitted_model, read_inputs

    book = read_book(options.book)
    with progress(2) as step:
        step("market")
        market = read_inputs(book)
        step("model")
        fitted = fitted_model(book, market)
    if options.format == "text":
        print(fitted.model)
        print(f"{fitted.how}; store: {fitted.store}")
        if fitted.remark:
            print(fitted.remark)
    else:
        print_table(fitted.model.summary().rename_axis("factor").reset_index(), options.format)
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
