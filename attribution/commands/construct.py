"""`attribution construct`: the list that a strategy holds from a close on, why, what each rule costs, the proof."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attribution.commands.terminal import DONE, FINDINGS, print_table, progress, records, say, say_remarks
from riskmodel.errors import InputError, listed
from riskmodel.progress import inside

if TYPE_CHECKING:
    import pandas as pd

    from attribution.construction.construct import Construction
    from attribution.construction.ladder import Ladder
    from attribution.portfolio.book import Book

TABLES = ("list", "scores", "rules", "ladder")


def construct_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument("strategy", metavar="STRATEGY", help="a key of [strategies] in the book")
    parser.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="a session; the list counts from then")
    parser.add_argument(
        "--what-if",
        action="append",
        metavar="TICKER=WEIGHT",
        help="solve again with that weight fixed, 0 to leave the name out, and say what it costs",
    )
    parser.add_argument("--nodes", type=int, metavar="N", help="problems that the search may take; by default 2000")
    parser.add_argument("--table", choices=TABLES, help="one table alone; by default all, and of --format csv the list")
    parser.add_argument("--out", metavar="FOLDER", help="write the tables and the certificate there too")


def print_construction(options: argparse.Namespace) -> int:
    """Print a list; 1 where its gap is not proved or a rule could not be kept."""
    from attribution.construction.construct import construct, require_known_weights
    from attribution.construction.kept import rule_table
    from attribution.construction.ladder import ladder
    from attribution.construction.task import read_day, require_strategy
    from attribution.portfolio.book import read_book
    from attribution.portfolio.inputs import fitted_model, read_inputs
    from riskmodel.optimisation.optimise import EFFORT
    from riskmodel.optimisation.search import Effort

    effort = EFFORT if options.nodes is None else Effort(nodes=options.nodes)
    book = read_book(options.book)
    require_strategy(book, options.strategy)
    what_if = _weights(options.what_if or [], book)
    read_day(options.date)
    laddered = options.table == "ladder" or (options.table is None and options.format != "csv") or options.out is not None
    remarks = list[str]()
    with progress(4 if laddered else 3) as step:
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        step("model")
        fitted = fitted_model(book, market, progress=inside(step, "model"))
        step("list")
        made = construct(book, options.strategy, fitted.model, market, date=options.date, effort=effort)
        before = None
        if what_if:
            require_known_weights(what_if, made.task)
            before, made = made, made.with_fixed(what_if, effort)
        rungs = None
        if laddered:
            step("ladder")
            rungs = ladder(made.task, made=made.optimum, effort=effort)
    say_remarks([*remarks, fitted.remark])
    rules = rule_table(made)
    tables = _tables(made, rules, rungs)
    if options.out is not None:
        _write(Path(options.out), tables, _plain(made, tables, before))
    _print(options, made, tables, before)
    return DONE if made.optimum.certificate.proved and bool(rules["kept"].all()) else FINDINGS


def _weights(texts: list[str], book: Book) -> dict[str, float]:
    """TICKER=WEIGHT, as they are given, each ticker once."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = float("nan")
        if not name or not 0 <= weight <= 1:
            held = book.holdings.loc[book.holdings["ticker"] != "CASH", "ticker"]
            raise InputError(
                f"--what-if '{text}': write TICKER=WEIGHT, the weight a decimal from 0 to 1, such as "
                f"{held.iloc[0] if len(held) else 'TICKER'}=0.03."
            )
        if name in found:
            raise InputError(f"--what-if: '{name}' has a weight twice, {found[name]:g} and {weight:g}. Give it one.")
        found[name] = weight
    return found


def _tables(made: Construction, rules: pd.DataFrame, rungs: Ladder | None) -> dict[str, pd.DataFrame]:
    tables = {"list": made.table, "scores": made.by_factor.reset_index(), "rules": rules}
    return tables if rungs is None else tables | {"ladder": rungs.ex_ante}


def _plain(made: Construction, tables: dict[str, pd.DataFrame], before: Construction | None) -> dict[str, Any]:
    """What JSON carries."""
    plain: dict[str, Any] = {
        "strategy": made.task.strategy,
        "date": f"{made.task.date:%Y-%m-%d}",
        "benchmark": made.task.settings.benchmark,
        "figures": _figures(made),
        "certificate": asdict(made.optimum.certificate),
        "facts": [{"key": fact.key, **fact.values} for fact in made.facts],
    }
    if before is not None:
        plain["without_what_if"] = {"figures": _figures(before), "value": before.optimum.certificate.value}
    return plain | {name: records(table) for name, table in tables.items()}


def _figures(made: Construction) -> dict[str, float]:
    optimum = made.optimum
    return {
        "score": made.score,
        "tracking_error": optimum.tracking_error,
        "volatility": optimum.volatility,
        "turnover": optimum.turnover,
        "cost": made.cost,
    }


def _write(out: Path, tables: dict[str, pd.DataFrame], plain: dict[str, Any]) -> None:
    from attribution.house_style.csv_text import csv_text

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            (out / f"{name}.csv").write_text(csv_text(table), encoding="utf-8")
        text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
        (out / "construction.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out: cannot write in '{out}' ({error.strerror}). Name another folder.") from None


def _print(
    options: argparse.Namespace, made: Construction, tables: dict[str, pd.DataFrame], before: Construction | None
) -> None:
    from attribution.construction.words import WORDS

    if options.table is not None:
        tables = {options.table: tables[options.table]}
    if options.format == "json":
        say(json.dumps(_plain(made, tables, before), ensure_ascii=False))
        return
    if options.format == "csv":
        print_table(next(iter(tables.values())), "csv")
        return
    optimum = made.optimum
    names = int((optimum.weights.drop("CASH") > 0).sum())
    say(
        f"{options.strategy} at the close of {made.task.date:%Y-%m-%d}, against {made.task.settings.benchmark}: {names} of "
        f"{len(made.task.score):,} names that may be held"
    )
    figures = _figures(made)
    say(
        f"score {figures['score']:.2f}   tracking error {figures['tracking_error']:.2%}   volatility "
        f"{figures['volatility']:.2%}   turnover {figures['turnover']:.1%}   cost {figures['cost']:.3%}"
    )
    percent = dict.fromkeys(("weight", "weight_before", "tracking_error", "gap"), "{:.2%}")
    for name, table in tables.items():
        say("")
        if name == "list":
            _print_list(made, table)
        elif name == "rules":
            say("Rules, the value of each and its bounds:")
            print_table(table, "text", decimals=4)
        elif name == "ladder":
            say("What each rule costs, added one at a time in the book's order (forecasts of a year):")
            print_table(table, "text", forms=percent)
        else:
            say("Scores by factor:")
            print_table(table, "text")
    proof = optimum.certificate
    say("")
    say(
        f"Proof: value {proof.value:.6f}, no list is above {proof.bound:.6f}, gap {proof.gap:.3%} after {proof.nodes} "
        f"problems; binding: {listed(proof.binding, 20) or 'nothing'}."
    )
    if before is not None:
        _print_cost(made, before)
    for fact in made.facts:
        say(f"{fact.words(WORDS)}.")


def _print_list(made: Construction, table: pd.DataFrame) -> None:
    from attribution.construction.words import REASONS

    parts = made.by_factor
    told = []
    for ticker in table["ticker"]:
        own = parts.loc[ticker].dropna().sort_values(ascending=False) if ticker in parts.index else None
        best = [] if own is None else [f"{factor} {value:+.2f}" for factor, value in own.iloc[:2].items()]
        told.append(", ".join(best))
    shown = table.assign(
        change=table["weight"] - table["weight_before"], reason=table["reason"].map(REASONS), **{"most of the score": told}
    )
    columns = ["ticker", "weight", "weight_before", "change", "score", "reason", "most of the score"]
    print_table(shown[columns], "text", forms={"weight": "{:.2%}", "weight_before": "{:.2%}", "change": "{:+z.2%}"})


def _print_cost(made: Construction, before: Construction) -> None:
    """What fixed weights cost against the list without them."""
    now, then = _figures(made), _figures(before)
    lost = before.optimum.certificate.value - made.optimum.certificate.value
    say(
        f"What if: score {then['score']:.2f} -> {now['score']:.2f}, tracking error {then['tracking_error']:.2%} -> "
        f"{now['tracking_error']:.2%}, turnover {then['turnover']:.1%} -> {now['turnover']:.1%}; it costs {lost:.3%} a year "
        f"of expected return less the charge for risk and trading."
    )
