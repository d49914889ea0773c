"""`attribution brinson`: effects of a file of segments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from attribution.brinson.choices import AUTHORS, INTERACTIONS, METHODS, MISSING
from attribution.commands.explain import brinson_options
from attribution.commands.terminal import DONE, ROWS_AT_EACH_END, print_table, say
from attribution.linking.methods import DEFAULT_LINK, LINKS, ORDER_MATTERS
from riskmodel.arrays.arithmetic import plain_arithmetic
from riskmodel.errors import listed

if TYPE_CHECKING:
    import xarray as xr

PERIODS_SHOWN = 12
DOUBT = "They do not follow one another; sort the rows if that is not their order."


def add_brinson(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    text = "split the excess return of a file of segments into allocation and selection"
    sub: argparse.ArgumentParser = commands.add_parser("brinson", help=text, description=text[0].upper() + text[1:] + ".")
    sub.add_argument(
        "segments",
        metavar="SEGMENTS.csv",
        help="columns period (optional), segment, portfolio_weight, benchmark_weight, portfolio_return, benchmark_return",
    )
    brinson_options(sub)
    text = f"how periods become the total; by default {DEFAULT_LINK}"
    sub.add_argument("--link", choices=LINKS, default=DEFAULT_LINK, help=text)
    run = plain_arithmetic()(print_effects)
    sub.set_defaults(run=run, method=METHODS[0], interaction=INTERACTIONS[0], missing=MISSING[0])
    return sub


def print_effects(options: argparse.Namespace) -> int:
    """Print the effects of a file of segments."""
    from attribution.brinson.segments_file import read_segments
    from attribution.brinson.tables import period_table, segment_effects, segment_table

    segments = read_segments(options.segments)
    choices = {name: getattr(options, name) for name in ("method", "interaction", "link", "missing")}
    order = _order_taken(segments) if options.link in ORDER_MATTERS and "time" in segments.dims else ""
    if options.format != "text":
        print_table(segment_effects(segments, **choices), options.format)
        if order:
            say(order, error=True)
        return DONE
    interaction = {"separate": "interaction separate", "selection": "top-down", "allocation": "bottom-up"}
    periods, by_segment = period_table(segments, **choices), segment_table(segments, **choices)
    folding = (
        "top-down" if options.link == "geometric" and options.interaction == "separate" else interaction[options.interaction]
    )
    say(f"{AUTHORS[options.method]}, {folding}, " + ("not linked" if options.link == "none" else f"{options.link} linking"))
    if order:
        say(order)
    percent = [*periods.columns, "portfolio_weight", "benchmark_weight", "contribution"]
    if by_segment is not None:
        long = len(by_segment) - 1 > 2 * ROWS_AT_EACH_END and "contribution" in by_segment.columns
        print_table(by_segment.iloc[:-1] if long else by_segment, "text", percent=percent, shorten=long)
        say()
    if len(periods) > 2 * ROWS_AT_EACH_END:
        say(f"The last of {len(periods) - (options.link != 'none'):,} periods; --format csv has all.")
        periods = periods.iloc[-ROWS_AT_EACH_END:]
    print_table(periods, "text", percent=percent)
    return DONE


def _order_taken(segments: xr.Dataset) -> str:
    """In words, the order in which a link that depends on it took the periods."""
    from attribution.brinson.segments_file import AS_FILED, follow_one_another

    periods = list(segments.get_index("time"))
    if segments.attrs["period_order"] != AS_FILED:
        return f"Periods by date: {listed(periods, PERIODS_SHOWN)}."
    said = f"Periods in the order of the file, as their names are no dates: {listed(periods, PERIODS_SHOWN)}."
    return said if follow_one_another(periods) else f"{said} {DOUBT}"
