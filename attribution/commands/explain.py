"""`attribution explain`: the contributions to a course's excess return, and the tables that stand beside them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from attribution.brinson.choices import INTERACTIONS, METHODS, MISSING
from attribution.commands.terminal import (
    DONE,
    as_cell,
    print_evidence,
    print_table,
    progress,
    say,
    say_remarks,
    say_simulated,
)
from attribution.linking.methods import DAY_SCALING, DEFAULT_LINK
from attribution.rows import AGAINST, EFFECTS
from riskmodel.errors import InputError, listed
from riskmodel.progress import Step, inside
from riskmodel.texts import visible

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from attribution.contributions.result import AttributionResult
    from attribution.portfolio.book import Book
    from attribution.portfolio.tracks import Tracks
    from riskmodel.model.results import RiskModelResults

MONTH = "YYYY-MM"
NOT_PERCENT = ("t", "active_exposure", "average_exposure")
NOT_PERCENT_FIGURES = ("information_ratio", "beta", "appraisal_ratio")
SMALL = {"difference": "{:.1e}", "tolerance": "{:.0e}"}
VIEW = ("currency", "hedged", "forward_premium")
BRINSON = ("method", "interaction", "missing", "anchored")
USES = {  # by table, the options that it uses; another is refused, so that nobody waits for its effect
    "contributions": ("by", "link", "absolute", "against", *VIEW),
    "brinson": ("by", "link", *BRINSON, *VIEW),
    "brinson-by-factor": ("by", "link", *BRINSON, *VIEW),
    "timing": ("link", *VIEW),
    "reconciliation": ("link", *VIEW),
    "rules": ("by", "link", "against"),
    "karnosky-singer": VIEW,
    "figures": (),
}


def explain_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    parser.add_argument("course", metavar="COURSE", help="a course of the book, or the key of a sleeve")
    parser.add_argument(
        "--month",
        required=True,
        metavar=MONTH,
        help=f"or {MONTH}/{MONTH}, a year YYYY, itd: from the inception, itd/{MONTH}",
    )
    parser.add_argument(
        "--by",
        action="extend",
        nargs="+",
        metavar="CUT",
        help="factor (default), group, stock, sector, day, month, sleeve, or a column of securities; of Brinson a column, "
        "by default sector",
    )
    parser.add_argument("--table", choices=tuple(USES), default="contributions", help="by default contributions")
    parser.add_argument("--link", choices=DAY_SCALING, help=f"how days become the period; by default {DEFAULT_LINK}")
    parser.add_argument("--absolute", action="store_true", help="contributions to the return instead of the excess")
    parser.add_argument(
        "--against",
        choices=AGAINST,
        help=f"what the part of a stock, a sector or a sleeve is measured against; by default the {AGAINST[0]}",
    )
    brinson_options(parser)
    parser.add_argument("--anchored", action="store_true", help="of several Brinson levels: weights scaled to the parent's")
    parser.add_argument("--currency", metavar="JPY", help="as an investor in that currency sees it, from the fx table")
    parser.add_argument("--hedged", action="store_true", help="course and benchmark sold forward; with --forward-premium")
    parser.add_argument(
        "--forward-premium", type=float, metavar="RATE", help="forward over spot less one, a decimal a year such as -0.04"
    )


def brinson_options(parser: argparse.ArgumentParser) -> None:
    """Add the choices of Brinson attribution, of holdings or of a file."""
    parser.add_argument("--method", choices=METHODS, help=f"of Brinson; by default {METHODS[0]}")
    parser.add_argument(
        "--interaction",
        choices=INTERACTIONS,
        help="of Brinson: on its own (by default), or folded",
    )
    parser.add_argument(
        "--missing",
        choices=MISSING,
        help="of Brinson: the return of a side that has none in a group; by default the other side's",
    )


def explain_course(options: argparse.Namespace) -> int:
    """Run the command."""
    from attribution.contributions.attribute import attribute
    from attribution.portfolio.begun import book_of
    from attribution.portfolio.book import read_book
    from attribution.portfolio.coverage import unexplained_remark
    from attribution.portfolio.evidence.judged import book_evidence, require_sound
    from attribution.portfolio.inputs import fitted_model, read_inputs
    from attribution.portfolio.periods import read_period
    from attribution.portfolio.tracks import Tracks

    _require_used(options)
    book = read_book(options.book)
    book = book_of(book, options.course)
    cuts = _cuts(book, options) if options.table != "rules" else []
    if options.table == "rules":
        from attribution.construction.course_rules import require_strategies

        require_strategies(book, options.course)
    remarks = list[str]()
    with progress(3) as step:
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        tracks = Tracks(book, market, read_period(options.month, book, market))
        evidence = book_evidence(tracks, options.course)
        require_sound(evidence, book.path.name)
        if options.table == "figures":
            say_simulated(book, error=options.format != "text")
            _say_stopped(book, tracks, options.course)
            return _figures(book, market, options)
        step("model")
        fitted = fitted_model(book, market, tracks.period.end, progress=inside(step, "model"))
        step("contributions")
        if options.table == "rules":
            say_simulated(book, error=options.format != "text")
            _rules(tracks, fitted.model, options, inside(step, "contributions"))
            print_evidence(evidence, options.book, tracks.period, error=True)
            return DONE
        result = attribute(
            book, options.course, fitted.model, market, period=options.month, link=options.link or DEFAULT_LINK
        )
        if options.table == "karnosky-singer":
            frame = result.karnosky_singer(options.currency, market, **_hedge(options))
        elif options.currency:
            result = result.in_currency(options.currency, market, **_hedge(options))
    say_remarks([*remarks, fitted.remark, unexplained_remark(fitted.model, tracks.period)])
    if options.table != "karnosky-singer":
        frame = _table(result, cuts, options)
    say_simulated(book, error=options.format != "text")
    _print(result, frame, options)
    print_evidence(evidence, options.book, tracks.period, error=True)
    _say_stopped(book, tracks, options.course)
    return DONE


def _say_stopped(book: Book, tracks: Tracks, course: str) -> None:
    """On standard error, what is carried at a last value that its holders may never have got."""
    lines = []
    for sleeve in book.shares(course):
        stopped = tracks.sleeve(sleeve).stopped
        for row in stopped[stopped["final"].isna()].itertuples():
            lines.append(f"{row.ticker} ({row.weight:.2%} of {sleeve}, last trade {row.last_trade:%Y-%m-%d})")
    if lines:
        say(
            f"Carried as cash at the last value, without a row in finals that says what holders got: {listed(lines)}.",
            error=True,
        )


def _require_used(options: argparse.Namespace) -> None:
    """Refuse an option that the table has no use for, and one that needs another."""
    for name in dict.fromkeys(option for uses in USES.values() for option in uses):
        if getattr(options, name) not in (None, False) and name not in USES[options.table]:
            raise InputError(f"--{name.replace('_', '-')} has no meaning for --table {options.table}. Leave it out.")
    if options.absolute and options.link not in (None, DEFAULT_LINK):
        raise InputError(f"--link {options.link} has no meaning with --absolute: parts of the return are linked by Carino.")
    if options.absolute and options.against:
        raise InputError("--against has no meaning with --absolute: parts of the return are measured against nothing.")
    if options.table == "karnosky-singer" and not options.currency:
        raise InputError("--table karnosky-singer is of an investor in another currency. Name it: --currency JPY.")
    if options.hedged and not options.currency:
        raise InputError("--hedged is of a view in another currency. Name it: --currency JPY.")
    if options.hedged != (options.forward_premium is not None):
        raise InputError(
            "--hedged and --forward-premium go together: the data have no forward rates. Give the premium as a decimal a "
            "year, below zero where the hedge costs; 0 leaves it out."
        )


def _hedge(options: argparse.Namespace) -> dict[str, Any]:
    return {"hedged": options.hedged, "forward_premium": options.forward_premium}


def _cuts(book: Book, options: argparse.Namespace) -> list[str | pd.Series]:
    """Words of `--by`: cuts as they are, other columns of securities as groupings."""
    from attribution.contributions.cuts import CUTS, require_cuts
    from attribution.portfolio.securities import read_grouping

    known = CUTS if options.table == "contributions" else ("sector",)
    words = [word for text in options.by or [known[0]] for word in text.split(",")]
    cuts: list[str | pd.Series] = []
    for word in words:
        try:
            cuts.append(word if word in known else read_grouping(book.source, word))
        except InputError as error:
            raise InputError(f"--by '{visible(word, keep='')}': not one of {', '.join(known)}. {error}") from None
    if options.table == "contributions":
        require_cuts(cuts)
    if options.anchored and len(cuts) < 2:
        raise InputError("--anchored is of several levels. Name them from the coarsest to the finest: --by sector industry.")
    return cuts


def _figures(book: Book, market: xr.Dataset, options: argparse.Namespace) -> int:
    from attribution.measures.figures import course_figures

    frame = course_figures(book, options.course, market, period=options.month)
    if options.format != "text":
        print_table(frame, options.format)
        return DONE
    say(f"{options.course} against {book.benchmark_name(options.course)}, {options.month}")
    values = [
        as_cell(value, "{:z.2f}" if measure in NOT_PERCENT_FIGURES else "{:z.2%}")
        for measure, value in zip(frame["measure"], frame["value"], strict=True)
    ]
    width = max(map(len, values))
    shown = frame.assign(value=[value.rjust(width) for value in values])
    print_table(shown.rename(columns={"value": "value".rjust(width)}), "text")
    return DONE


def _rules(tracks: Tracks, model: RiskModelResults, options: argparse.Namespace, step: Step) -> None:
    """What each rule of the course's strategies brought; with --by within each."""
    from attribution.construction.course_rules import rules_of
    from attribution.contributions.cuts import splits_factors

    costs = rules_of(tracks, options.course, model, link=options.link or DEFAULT_LINK, progress=step)
    cuts = [word for text in options.by or [] for word in text.split(",")]
    against = options.against or AGAINST[0]
    if not cuts:
        frame = costs.table.drop(columns="course")
    elif splits_factors(cuts):
        frame = costs.with_errors(*cuts, against=against).reset_index()
    else:  # what a name, a sector or a day brought is observed
        frame = costs.by(*cuts, against=against).rename("contribution").reset_index()
    if options.format != "text":
        print_table(frame, options.format)
        return
    book = tracks.book
    say(f"{options.course} against {book.benchmark_name(options.course)}, {tracks.period.label}: what each rule brought,")
    say("added in the book's order; score and tracking error are of the lists as they were made.")
    numbers = [str(name) for name in frame.columns if frame[name].dtype.kind == "f" and name not in ("score", "t")]
    print_table(frame, "text", percent=numbers, shorten=bool(cuts), forms={"tracking_error": "{:.2%}"})
    say(f"sum {frame['contribution'].sum():+z.2%}   excess {costs.excess_return:+z.2%}")


def _by_factor_alone(options: argparse.Namespace) -> bool:
    return options.by in (None, ["factor"])


def _table(result: AttributionResult, cuts: list[str | pd.Series], options: argparse.Namespace) -> pd.DataFrame:
    from attribution.contributions.cuts import splits_factors

    if options.table == "timing":
        return result.timing()
    if options.table == "reconciliation":
        return result.reconciliation.drop(columns="course")
    choices = {name: getattr(options, name) for name in BRINSON if getattr(options, name)}
    if options.table == "brinson":
        return result.brinson(*cuts, **choices).drop(columns="course")
    if options.table == "brinson-by-factor":
        return result.brinson_by_factor(*cuts, **choices).drop(columns="course")
    if _by_factor_alone(options) and not options.absolute:
        return result.factors.drop(columns="course")
    of = {"absolute": options.absolute, "against": options.against or AGAINST[0]}
    if splits_factors(cuts):
        return result.with_errors(*cuts, **of).reset_index()
    return result.by(*cuts, **of).reset_index()


def _print(result: AttributionResult, frame: pd.DataFrame, options: argparse.Namespace) -> None:
    from attribution.contributions.modelled.exposure_errors import estimated_sentence

    if options.format != "text":
        for benchmark in result.followed.levels.values():
            say(estimated_sentence(benchmark), error=True)
        print_table(frame, options.format)
        return
    linking = "log returns" if options.table == "karnosky-singer" else f"{result.link} linking"
    view = f", {'hedged ' if options.hedged else ''}in {options.currency}" if options.currency else ""
    say(f"{result.course} against {result.benchmark}, {result.period}, {linking}{view}")
    for benchmark in result.followed.levels.values():
        say(estimated_sentence(benchmark))
    if options.table != "karnosky-singer":
        say(
            f"return {result.portfolio_return:+z.2%}   benchmark {result.benchmark_return:+z.2%}   "
            f"excess {result.excess_return:+z.2%}"
        )
    numbers = [str(name) for name in frame.columns if frame[name].dtype.kind == "f"]
    percent = [] if options.table == "reconciliation" else [name for name in numbers if name not in NOT_PERCENT]
    whole = _by_factor_alone(options) or options.by == ["month"]
    long = options.table == "brinson-by-factor" or (options.table == "contributions" and not whole)
    digits: dict[str, Any] = {"decimals": 6, "forms": SMALL} if options.table == "reconciliation" else {}
    print_table(frame, "text", percent=percent, shorten=long, **digits)
    effects = [name for name in ("contribution", *EFFECTS) if name in frame.columns]
    if effects:
        sums = (f"{'' if name == 'contribution' else name + ' '}{frame[name].sum():+z.2%}" for name in effects)
        say(f"sum {'   '.join(sums)}")
