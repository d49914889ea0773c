"""`attribution risk`: forecast risk and limits of a course."""

from __future__ import annotations

import argparse
import json
from functools import partial

from attribution.commands.terminal import (
    DONE,
    FINDINGS,
    print_evidence,
    print_table,
    progress,
    records,
    say,
    say_remarks,
    say_simulated,
)
from riskmodel.errors import InputError, counted
from riskmodel.progress import inside


def print_risk(options: argparse.Namespace) -> int:
    """Print a course's forecast risk, its limits, and what followed earlier forecasts; 1 where a limit is broken."""
    import pandas as pd

    from attribution.contributions.modelled.exposure_errors import estimated_sentence
    from attribution.measures.forecast import closing_limits, closing_risk, forecasts_at, month_to
    from attribution.measures.limits import limits_table
    from attribution.measures.past_forecasts import last_months, past_of, realised_of_sleeves, realised_table, run_of
    from attribution.portfolio.begun import book_of
    from attribution.portfolio.book import read_book
    from attribution.portfolio.course import blend_tracks
    from attribution.portfolio.evidence.judged import book_evidence, require_sound
    from attribution.portfolio.inputs import fitted_model, read_inputs
    from attribution.portfolio.tracks import Tracks

    book = read_book(options.book)
    shares = book.shares(options.course)
    book = book_of(book, options.course)
    date = pd.to_datetime(options.date, format="%Y-%m-%d", errors="coerce")
    if pd.isna(date):
        raise InputError(f"date '{options.date}': write a day as YYYY-MM-DD.")
    remarks = list[str]()
    with progress(3) as step:
        step("market")
        market = read_inputs(book, inside(step, "market"), remarks)
        month = month_to(book, market, date)
        past = last_months(book, market, date) if options.table == "realised" or _every_table(options) else []
        tracks = Tracks(book, market, run_of(past)).over(month) if past else Tracks(book, market, month)
        evidence = book_evidence(tracks, options.course)
        require_sound(evidence, book.path.name)
        followed = blend_tracks(tracks, options.course)
        step("model")
        fitted = fitted_model(book, market, tracks.period.end, progress=inside(step, "model"))
        step("forecast")
        closes = {date, *(each.base for each in past)}
        forecasts = forecasts_at(fitted.model, market, closes, levels=book.levels_among_names)
        forecast = forecasts[date]
        closing = partial(closing_risk, forecast=forecast, uncovered_max=book.book.uncovered_max)
        risk = closing(followed)
        whole = {sleeve: (followed, risk) for sleeve in shares if len(shares) == 1}  # a course that is one sleeve
        alone = {sleeve: blend_tracks(tracks, sleeve) for sleeve in shares if sleeve not in whole}
        risks = whole | {sleeve: (course, closing(course)) for sleeve, course in alone.items()}
        limits = limits_table(
            limit
            for sleeve, (course, own) in risks.items()
            for limit in closing_limits(tracks, course, sleeve, forecast=forecast, risk=own)
        )
        realised = realised_table(realised_of_sleeves(past_of(tracks, forecasts), shares) if past else [])
    say_remarks([*remarks, fitted.remark])
    if forecast.left_out:
        say(
            f"Without a forecast, their history being too short or nobody having them: {', '.join(forecast.left_out)}.",
            error=True,
        )
    for benchmark in followed.levels.values():
        say(estimated_sentence(benchmark), error=True)
    lists = book.holdings[book.holdings["date"] == date]["portfolio"]
    bought = [sleeve for sleeve in shares if (lists == book.sleeves[sleeve].holdings).any()]
    if bought:
        say(
            f"The list of {date:%Y-%m-%d} of {', '.join(bought)} counts from this close on; the figures are of what was "
            f"held until then.",
            error=True,
        )
    say_simulated(book, error=options.format != "text")
    tables = {"risk": risk.table, "limits": limits, "realised": realised}
    if options.table in ("factor", "family", "stock"):
        tables = {options.table: risk.by(options.table)}
    elif options.table is not None:
        tables = {options.table: tables[options.table]}
    if options.format == "json":
        say(json.dumps({name: records(table) for name, table in tables.items()}, ensure_ascii=False))
    elif options.format == "csv":
        print_table(next(iter(tables.values())), "csv")
        if len(tables) > 1:
            say("There are more: --table limits and --table realised, or --format json for all.", error=True)
    else:
        for name, table in tables.items():
            say(f"{options.course}, {name} at the close of {date:%Y-%m-%d}")
            print_table(table, "text", decimals=4)
    print_evidence(evidence, options.book, tracks.period, error=True)
    broken = int(limits["ok"].eq(False).fillna(False).sum())
    if broken and "limits" not in (tables if options.format != "csv" else list(tables)[:1]):
        say(f"{broken} of {counted(len(limits), 'limit')} broken; --table limits names them.", error=True)
    return FINDINGS if broken else DONE


def _every_table(options: argparse.Namespace) -> bool:
    """Whether all tables are printed: CSV is one table."""
    return options.table is None and options.format != "csv"
