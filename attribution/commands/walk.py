"""`attribution walk`: a strategy's lists month by month, as a book that every other command reads."""

from __future__ import annotations

import argparse
import json

from attribution.commands.terminal import DONE, FINDINGS, print_table, progress, records, say, say_remarks, say_simulated
from riskmodel.progress import inside


def walk_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument("strategy", metavar="STRATEGY", help="a key of [strategies] in the book")
    parser.add_argument(
        "--from", dest="start", required=True, metavar="YYYY-MM", help="first month; its list is made at the close before it"
    )
    parser.add_argument("--to", dest="end", required=True, metavar="YYYY-MM", help="last month")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="the walk's folder; one that stopped there goes on")
    parser.add_argument(
        "--searches",
        metavar="FOLDER",
        help="the --out of attribution search, whose trials count; by default those beside --out",
    )
    parser.add_argument("--nodes", type=int, metavar="N", help="problems that the search of a list may take")


def print_walk(options: argparse.Namespace) -> int:
    """Walk, write and print the months; 1 where a list's gap is not proved."""
    import pandas as pd

    from attribution.construction.files import write_text
    from attribution.construction.months import walked_months
    from attribution.construction.task import require_strategy
    from attribution.construction.walk import months_between, walk
    from attribution.construction.walk_book import trials_known, write_walk
    from attribution.construction.walk_folder import WalkFolder
    from attribution.portfolio.book import read_book
    from attribution.portfolio.inputs import fitted_model, read_inputs
    from attribution.reporting.policy import with_policy
    from attribution.reporting.walk_page import render_walk
    from riskmodel.arrays.labels import require_path
    from riskmodel.optimisation.optimise import EFFORT
    from riskmodel.optimisation.search import Effort

    effort = EFFORT if options.nodes is None else Effort(nodes=options.nodes)
    book = read_book(options.book)
    require_strategy(book, options.strategy)
    months_between(options.start, options.end)
    out = require_path("--out", options.out, "Name a folder.")
    WalkFolder.required(out, book, options.strategy, effort)
    searches = None if options.searches is None else require_path("--searches", options.searches, "Name a folder.")
    trials_known(book, options.strategy, out, searches)  # what cannot be read is said before the work
    remarks = list[str]()
    with progress(4) as step:
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        step("model")
        fitted = fitted_model(book, market, progress=inside(step, "model"))
        step("lists")
        walked = walk(
            book, options.strategy, fitted.model, market, start=options.start, end=options.end, out=options.out,
            effort=effort, progress=inside(step, "lists"),
        )  # fmt: skip
        step("months")
        own = write_walk(walked, market, searches=searches)
        months = walked_months(own, walked, fitted.model, market, progress=inside(step, "months"))
        months.write(walked.folder)
        for language in own.book.languages:
            write_text(out / f"walk.{language}.html", with_policy(render_walk(own, months, language)))
    say_remarks([*remarks, fitted.remark])
    if options.format == "json":
        facts = [{"key": fact.key, **fact.values} for fact in months.simulated]
        told = {
            "months": records(months.table),
            "rules": records(months.rules),
            "figures": records(pd.DataFrame([months.figures]))[0],
        }
        say(json.dumps({"simulated": facts, **told}, ensure_ascii=False))
    elif options.format == "csv":
        print_table(months.table, "csv")
        say_simulated(own, error=True)
    else:
        say(f"{options.strategy} against {own.strategies[options.strategy].benchmark}: simulated, nobody held these lists")
        signed = ["return", "benchmark_return", "excess", "trading", "proxy"]
        forms = dict.fromkeys(["turnover", "tracking_error", "volatility"], "{:.2%}") | {"identities": "{:.0e}"}
        print_table(months.table, "text", percent=signed, forms=forms)
        say("")
        for line in months.sentences:
            say(line)
        if own.walk is not None and own.walk.counterpart is None:
            say("attribution search measures one; walk again beside its --out to have it with these figures.")
        for line in walked.remarks:
            say(line)
        last = months.table["month"].iloc[-1]
        say(f"attribution report {options.out}/book.toml --month {last} --out ... explains a month.")
    return DONE if bool(walked.certificates["proved"].all()) else FINDINGS
