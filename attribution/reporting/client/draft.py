"""The client edition's texts as a draft to edit: a verdict in three sentences, and why each sleeve was ahead or behind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from attribution.measures.limits import Limit
from attribution.portfolio.book import Book
from attribution.reporting.client.sleeve import best_and_worst
from attribution.reporting.commentary.draft import indices_told, results
from attribution.reporting.commentary.lean import has_lean, lean
from attribution.reporting.commentary.risk import broken_limits
from attribution.reporting.commentary.writer import Writer, bullets, capital, writer_of
from attribution.reporting.tables.facts import LEAST_DRIVER, by_size, clear, named_rows, specific_names, stands_out
from attribution.reporting.tables.names import course_of
from attribution.rows import MARKET, SPECIFIC

STOCKS = 2  # named behind the specific part
LARGE_REST = 1 / 3  # of the sizes of the rows named: from there on all else is told too


def client_draft(
    tables: Mapping[str, pd.DataFrame],
    *,
    book: Book,
    month: str,
    language: str,
    names: Mapping[str, str] | None = None,
    limits: Sequence[Limit] = (),
    styles: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """Write what a client asks of a month: how it went, what the market did, why each sleeve was ahead or behind.

    Parameters
    ----------
    tables, book, month, language, names, limits, styles
        As for `attribution.reporting.commentary.draft.draft`.

    Returns
    -------
    str
        Markdown of at most 900 characters for a book of two sleeves that keep their limits, figures being links as in the
        commentary. The first line names edition, month and language; the verdict stands before the first heading, each
        sleeve under its own.

    Raises
    ------
    InputError
        For another language.

    Examples
    --------
    >>> from attribution import read_book
    >>> book = read_book("fixtures/small/book.toml")
    >>> month = pd.DataFrame({"index": ["Large Index"], "return": [0.104]})
    >>> print(client_draft({"index_months": month}, book=book, month="2025-03", language="en"))
    <!-- client 2025-03 en -->
    <BLANKLINE>
    # Model portfolios on a simulated market: March 2025
    <BLANKLINE>
    The Large Index returned [+10.40%](<#index_months|Large Index|return>).
    <BLANKLINE>
    """
    write = writer_of(tables, book, language, names, styles)
    when = write.month(month)
    title = write("client.title", book=write.words(book.book.name, ""), month=when)
    blocks = [f"<!-- client {month} {language} -->", "# " + title]
    blocks.append(write.paragraph([results(write), _market(write), _sleeves(write)]))
    for sleeve in book.sleeves:
        own = [limit for limit in limits if limit.sleeve == sleeve]
        parts = [_why(write, sleeve), _breaches(write, own)]
        if any(parts):
            blocks += ["## " + write.sleeve(sleeve), *filter(None, parts)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _market(write: Writer) -> str:
    """What the benchmarks returned, and which style the month rewarded most and which cost most."""
    indices = indices_told(write, dict.fromkeys(sleeve.benchmark for sleeve in write.book.sleeves.values()))
    frame = write.facts.tables.get("factor_month")
    styles = pd.DataFrame() if frame is None else frame[(frame["group"] == "style") & clear(frame, "return")]
    told: dict[str, str] = {}
    if len(styles):
        ordered = styles.sort_values("return", kind="stable")
        for key, row in (("up", ordered.iloc[-1]), ("down", ordered.iloc[0])):
            if (row["return"] > 0) == (key == "up"):
                factor = str(row["factor"])
                number = write.percent("factor_month", factor, column="return")
                told[key] = write("client.item", name=write.factor(factor), number=number)
    if not indices:
        return ""
    sides = "_and_".join(told)
    return capital(write(f"client.market_{sides}" if sides else "client.market", indices=indices, **told))


def _sleeves(write: Writer) -> str:
    """The sleeve that was furthest ahead and the one furthest behind, with the largest driver of each."""
    known = {sleeve: _excess(write, sleeve) for sleeve in write.book.sleeves}
    excess = {sleeve: value for sleeve, value in known.items() if math.isfinite(value)}
    if len(excess) < 2:
        return ""
    ordered = sorted(excess, key=lambda sleeve: -excess[sleeve])
    ends = [ordered[0], ordered[-1]]
    said = [
        write(
            f"client.{'first_' * (not place)}{'ahead' if excess[sleeve] >= LEAST_DRIVER else 'behind'}",
            name=write.sleeve(sleeve),
            size=write.size("figures", course_of(write.book, sleeve), "excess_return", column="value"),
            driver=_largest(write, sleeve),
        )
        for place, sleeve in enumerate(ends)
    ]
    return capital(write("client.ends", first=said[0], last=said[1]))


def _excess(write: Writer, sleeve: str) -> float:
    """A sleeve's excess return, whether it is a course of its own or not."""
    return write.facts.figure(course_of(write.book, sleeve), "excess_return")


def _largest(write: Writer, sleeve: str) -> str:
    """The largest row of a sleeve that stands out in the direction of its excess; empty where there is none."""
    excess = _excess(write, sleeve)
    found = named_rows(write.facts.of("factor_contributions", course=course_of(write.book, sleeve)))
    same = found[stands_out(found) & (found["contribution"] * excess > 0)]
    if same.empty:
        return ""
    driver = called(write, next(same.itertuples()))
    return write("client.driver_ahead" if excess > 0 else "client.driver_behind", driver=driver)


def _why(write: Writer, sleeve: str) -> str:
    """The result against the benchmark, what added most and what took most, the specific part where it does not stand out
    though it is large, and all else where that is large.
    """
    course = course_of(write.book, sleeve)
    if not write.facts.has("figures", course, "excess_return"):
        return ""
    values: dict[str, Any] = {
        "benchmark": write.index(write.book.sleeves[sleeve].benchmark),
        "excess": write.short_points("figures", course, "excess_return", column="value"),
    }
    factors = write.facts.of("factor_contributions", course=course)
    named = named_rows(factors)
    out = named[stands_out(named)]
    within = [_specific_within(write, course)] if len(out) < len(named) else []
    if out.empty:
        return write.paragraph([write("client.why_bare", **values), *within])
    reasons = _reasons(write, course, factors, out)
    return write.paragraph([write("client.why", **values), reasons, *within, _rest(write, course, named)])


def _reasons(write: Writer, course: str, factors: pd.DataFrame, named: pd.DataFrame) -> str:
    """One sentence on the rows named, those first that went the way of the excess."""
    way = 1 if write.facts.figure(course, "excess_return") >= 0 else -1
    told: list[str] = []
    for sign in (way, -way):
        side = named[named["contribution"] * sign > 0]
        if len(side):
            items = write.join(_item(write, course, row) for row in side.itertuples())
            kind = "helped" if sign > 0 else "hurt"
            key = f"and_{kind}" if told else f"{kind}_{'one' if len(side) == 1 else 'many'}"
            told.append(write(f"client.{key}", items=items))
            if not _largest_of_all(factors, side):
                told[-1] = write("client.clear" if side["t"].notna().all() else "client.clear_or_bare", told=told[-1])
    both = write("client.both", first=told[0], second=told[1]) if len(told) > 1 else told[0]
    return capital(write("client.sentence", told=both))


def _largest_of_all(factors: pd.DataFrame, side: pd.DataFrame) -> bool:
    """Whether no estimated row of the same sign, which stands within its error, is larger than one of those named."""
    others = factors[factors["t"].notna() & ~factors["factor"].isin(side["factor"])]["contribution"]
    same = others[others * side["contribution"].iloc[0] > 0].abs()
    return not (same > side["contribution"].abs().min()).any()


def _rest(write: Writer, course: str, named: pd.DataFrame) -> str:
    """All else as one figure, where it is large beside the rows named, or turns what they add up to.

    The chart has the specific part apart: where no row named is it, the words say that it is within the figure.
    """
    rest = write.facts.figure(course, "beside_named")
    turned = math.fsum(named["contribution"]) * write.facts.figure(course, "excess_return") < 0
    if not (turned or abs(rest) > LARGE_REST * named["contribution"].abs().sum()) or abs(rest) < LEAST_DRIVER:
        return ""
    key = f"client.rest{'_turned' * turned}{'_own' * (SPECIFIC not in set(named['factor']))}"
    return write(key, rest=write.percent("figures", course, "beside_named", column="value"))


def _item(write: Writer, course: str, row: Any) -> str:
    """A row with its contribution; the specific part with its largest names."""
    number = write.percent("factor_contributions", course, row.factor, column="contribution")
    values = {"name": called(write, row), "number": number}
    stocks = _stocks(write, course) if row.factor == SPECIFIC else ""
    return write("client.specific" if stocks else "client.item", stocks=stocks, **values)


def _specific_within(write: Writer, course: str) -> str:
    """The specific part where it is within its error, with its largest names."""
    number, stocks = write.percent("factor_contributions", course, SPECIFIC, column="contribution"), _stocks(write, course)
    return write("client.specific_within" if stocks else "client.specific_within_alone", number=number, stocks=stocks)


def _stocks(write: Writer, course: str) -> str:
    """The largest names of the specific part: of those that the page has below, else of all."""
    names = by_size(specific_names(write.facts.tables, course))["ticker"]
    shown = names[names.isin(_in_table(write, course))]
    return write.join(
        write(
            "client.specific_stock",
            name=write.named_stock(ticker, course),
            number=write.percent("stock_factor", course, ticker, SPECIFIC, column="contribution"),
        )
        for ticker in (shown if len(shown) else names).head(STOCKS)
    )


def _in_table(write: Writer, course: str) -> set[str]:
    """The stocks whose whole contributions a client finds under the text."""
    frame = write.facts.of("stock_contributions", course=course)
    return set() if frame.empty else {str(ticker) for part in best_and_worst(frame).values() for ticker in part["ticker"]}


def called(write: Writer, row: Any) -> str:
    """What a row is called as a reason: which way the portfolio leaned, where it can be told so, else its name."""
    factor = write.factor(row.factor)
    if row.group == MARKET or not has_lean(row):
        return factor
    return write(f"client.lean_{'style' if row.group == 'style' else 'weight'}", exposure=lean(write, row), factor=factor)


def _breaches(write: Writer, limits: Sequence[Limit]) -> str:
    """A line for each limit that is broken: value and bound, the cause, and a place for what is done about it."""
    told = broken_limits(write, {x.rule: x for x in limits}, full_names=True)
    return bullets(write("client.breach", rule=capital(rule), open=write("client.open")) for rule in told)
