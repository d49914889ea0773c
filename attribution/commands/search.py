"""`attribution search`: combinations of factors for a strategy, and how far the best of them is to be believed."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from attribution.commands.terminal import DONE, print_table, progress, records, say, say_remarks
from attribution.construction.search.choices import (
    DRAWS,
    FIGURES,
    FREQUENCIES,
    HELD_OUT,
    LEAST,
    MOST,
    TABLES,
    TOP,
)
from riskmodel.errors import InputError
from riskmodel.progress import inside

if TYPE_CHECKING:
    from attribution.construction.search.result import SearchResult


def search_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument("strategy", metavar="STRATEGY", help="a key of [strategies] in the book")
    parser.add_argument(
        "--out",
        required=True,
        metavar="FOLDER",
        help="where the strategy's log is, a folder of its name; it counts every trial",
    )
    parser.add_argument("--factors", metavar="A,B,...", help="to combine; by default every style")
    parser.add_argument(
        "--least", type=int, default=LEAST, metavar="K", help=f"factors of a combination; by default {LEAST}"
    )
    parser.add_argument("--most", type=int, default=MOST, metavar="K", help=f"by default {MOST}")
    parser.add_argument(
        "--weights", default="1", metavar="W,...", help="what a factor may weigh, such as 1,-1; by default 1"
    )
    parser.add_argument("--figure", choices=FIGURES, default=FIGURES[0], help=f"chosen by; by default {FIGURES[0]}")
    parser.add_argument(
        "--frequency", choices=FREQUENCIES, default=FREQUENCIES[0], help="of the returns figures are made of"
    )
    parser.add_argument("--from", dest="start", metavar="YYYY-MM", help="first month; by default the book's inception")
    parser.add_argument("--to", dest="end", metavar="YYYY-MM", help="last month; by default that of the last prices")
    parser.add_argument(
        "--held-out", type=int, default=HELD_OUT, metavar="MONTHS", help=f"last months, not chosen on; by default {HELD_OUT}"
    )
    parser.add_argument(
        "--draws", type=int, default=DRAWS, metavar="N", help=f"searches among random signals; by default {DRAWS}"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of every draw; by default 0")
    parser.add_argument("--top", type=int, default=TOP, metavar="N", help=f"trials shown; by default {TOP}")
    parser.add_argument("--table", choices=TABLES, help="one table alone; by default all, and of --format csv the trials")


def print_search(options: argparse.Namespace) -> int:
    """Search, log, and print the verdict with its numbers; what was found is no finding, so that the code is 0."""
    from attribution.construction.search.search import log_and_terms, search
    from attribution.construction.search.trials import combined, require_top
    from attribution.construction.task import require_strategy
    from attribution.construction.walk import months_between
    from attribution.portfolio.book import read_book
    from attribution.portfolio.inputs import fitted_model, read_inputs

    factors = None if options.factors is None else [name.strip() for name in options.factors.split(",")]
    weights = _numbers(options.weights)
    require_top(options.top)
    book = read_book(options.book)
    require_strategy(book, options.strategy)
    chosen = {name: getattr(options, name) for name in ("figure", "frequency", "held_out", "draws", "seed")}
    log_and_terms(book, options.strategy, out=options.out, **chosen)  # what needs no market is refused before it is read
    if options.start is not None or options.end is not None:
        given = [month for month in (options.start, options.end) if month is not None]
        months_between(given[0], given[-1])
    if factors is not None:
        combined(factors, least=options.least, most=options.most, weights=weights)
    remarks = list[str]()
    with progress(3) as step:
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        step("model")
        fitted = fitted_model(book, market, progress=inside(step, "model"))
        step("search")
        result = search(
            book, options.strategy, fitted.model, market, out=options.out, factors=factors, weights=weights,
            **{name: getattr(options, name) for name in ("least", "most", "start", "end")}, **chosen,
            progress=inside(step, "search"),
        )  # fmt: skip
    say_remarks([*remarks, fitted.remark])
    _print(options, result)
    return DONE


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--weights '{text}': write numbers with commas between, such as 1,-1 or 1,2.") from None


def _print(options: argparse.Namespace, result: SearchResult) -> None:
    from attribution.house_style.words import read_messages

    tables = result.tables(options.top)
    if options.format == "json":
        told = [{"key": fact.key, **fact.values} for fact in result.said]
        plain = {name: records(table) for name, table in tables.items() if options.table in (None, name)}
        say(json.dumps({"strategy": result.strategy, "simulated": True, "facts": told} | plain, ensure_ascii=False))
        return
    words = read_messages("en", result.style_texts, market=result.book.market_name)
    sentences = result.sentences(words)
    if options.format == "csv":
        print_table(tables[options.table or "trials"], "csv")
        for sentence in sentences:
            say(sentence, error=True)
        return
    for sentence in sentences:
        say(sentence)
    signed = dict.fromkeys(("return", "benchmark_return"), "{:+z.2%}") | {"turnover": "{:.1%}"}
    for name, table in tables.items():
        if options.table in (None, name):
            say(f"\n{name}, simulated, of the best of {result.judgement.counted:,} trials:")
            print_table(table.drop(columns="trials"), "text", forms=signed)
    say(f"\nEvery trial is in {result.folder}/trials.csv, the verdict in {result.folder}.")
