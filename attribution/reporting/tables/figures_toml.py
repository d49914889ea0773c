"""The figures of a report as TOML, in the form that `attribution audit` reads: percent with two decimals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import pandas as pd

from attribution.reporting.tables.addresses import WINDOWS, address, quoted
from attribution.reporting.tables.facts import drivers
from attribution.rows import CASH, CASH_STOCK, LEAST_T, no_stocks

if TYPE_CHECKING:
    from attribution.contributions.result import AttributionResult
    from attribution.portfolio.book import Book
    from attribution.reporting.tables.content import Content

TOP = 5
TRAILING = (*WINDOWS, "itd", "sharpe", "sortino")
RATIOS = ("sharpe", "sortino")


def figures_toml(content: Content) -> str:
    """Write a month's figures as a published report has them.

    Parameters
    ----------
    content
        From `attribution.reporting.tables.content.build_content`.

    Returns
    -------
    str
        TOML: returns, weights and contributions in percent, two decimals, halves away from zero; ratios with two. What is
        not available is left out. The same content gives the same text.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> from attribution.reporting.tables.content import build_content
    >>> market = rm.read_market("fixtures/small")
    >>> book = at.read_book("fixtures/small/book.toml")
    >>> text = figures_toml(build_content(book, market, rm.RiskModel().fit(market), "2025-03"))
    >>> text.splitlines()[3]
    'month = "2025-03"'
    """
    book = content.book
    lines = [
        "# Written by the report, not typed from a publication. Percent with two decimals; weights are the month's last",
        f"# close's, before a list that takes effect at it. Data to {content.period.end:%Y-%m-%d}.",
        "",
        f'month = "{content.month}"',
        f"currency = {quoted(book.book.currency)}",
        *([f"calendar = {quoted(book.book.calendar)}"] if book.book.calendar else []),
        'return_basis = "total return, dividends included"',
        f"service_start = {book.book.inception}",
        f"track_record_start = {book.book.track_record_start or book.book.inception}",
        'weights_at = "month end"',
        "",
        "[courses]",
        *(f"{_key(course)} = {_inline(shares)}" for course, shares in book.courses.items()),
        *_resets(book),
        "",
        "[benchmarks]",
        *(f"{_key(name)} = {quoted(book.sleeves[name].benchmark)}" for name in _sleeves(content)),
    ]
    lines += _indices(content)
    lines += _performance(content)
    lines += _trailing(content)
    lines += _weeks(content)
    lines += _contributors(content)
    lines += _limits(content)
    lines += _drivers(content)
    lines += _factors(content)
    return "\n".join(lines) + "\n"


def _resets(book: Book) -> Iterator[str]:
    """When the shares of blends are reset, of those of which it is not each month."""
    others = [name for name in book.courses if len(book.shares(name)) > 1 and book.reset_of(name) != "monthly"]
    yield from ("", "[blend_reset]") if others else ()
    yield from (f"{_key(name)} = {quoted(book.reset_of(name))}" for name in others)


def _sleeves(content: Content) -> dict[str, AttributionResult]:
    """The sleeves that some course holds."""
    held = {sleeve for course in content.book.courses for sleeve in content.book.shares(course)}
    return {sleeve: result for sleeve, result in content.sleeves.items() if sleeve in held}


def _indices(content: Content) -> Iterator[str]:
    months = content.tables["index_months"]
    yield from ("", "[index_returns]")
    yield from _numbers(months["index"], months["return"])
    yield from ("", "[index_basis]  # as the book says of the market's table of indices")
    basis = content.book.index_basis
    yield from (f"{_key(name)} = {quoted(basis.get(name, 'total return'))}" for name in _index_names(content))


def _index_names(content: Content) -> list[str]:
    sleeves = content.book.sleeves.values()
    return list(dict.fromkeys([*content.tables["index_months"]["index"], *(sleeve.benchmark for sleeve in sleeves)]))


def _performance(content: Content) -> Iterator[str]:
    table = content.tables["performance"]
    for row in table.to_dict("records"):
        average = bool(pd.isna(row["rank"]))
        yield from ("", "[average]" if average else "[[ranking]]")
        if not average:
            yield f"rank = {row['rank']}"
            yield f"course = {quoted(row['course'])}"
        columns = {"return": "return", "benchmark": "benchmark_return", "excess": "excess"}
        yield from _numbers(columns, [row[column] for column in columns.values()])


def _trailing(content: Content) -> Iterator[str]:
    for row in content.tables["trailing"].to_dict("records"):
        yield from ("", f"[{address('trailing', row['name'])}]")
        for column in TRAILING:
            yield from _numbers([column], [row[column]], percent=column not in RATIOS)


def _weeks(content: Content) -> Iterator[str]:
    table = content.tables["index_weeks"]
    names = [str(name) for name in table.columns if name not in ("week_from", "week_to")]
    for row in table.to_dict("records"):
        yield from ("", "[[weeks]]", f"from = {row['week_from']:%Y-%m-%d}", f"to = {row['week_to']:%Y-%m-%d}")
        yield from _numbers(names, [row[name] for name in names])


def _contributors(content: Content) -> Iterator[str]:
    """The five largest contributions to each sleeve's return."""
    table = content.tables["stock_contributions"]
    for sleeve, result in _sleeves(content).items():
        own = table[(table["course"] == result.course) & ~no_stocks(table["ticker"])]
        held = own[(own["weight_end"] != 0) | (own["weight_start"] != 0)]
        for row in held.sort_values("contribution", ascending=False, kind="stable").head(TOP).to_dict("records"):
            ticker = CASH if row["ticker"] == CASH_STOCK else row["ticker"]
            yield from ("", f"[[{address('top_contributors', sleeve)}]]", f"ticker = {quoted(ticker)}")
            yield from _numbers(["weight", "contribution"], [row["weight_end"], row["contribution"]])


def _limits(content: Content) -> Iterator[str]:
    limits = content.book.limits
    yield from ("", "[limits]")
    if limits.names is not None:
        yield f"names_min = {limits.names[0]}"
        yield f"names_max = {limits.names[1]}"
    band = limits.risk_band
    keys = ("weight_max", "sector_deviation_max", "risk_band")
    bounds = [limits.weight_max, limits.sector_deviation_max, None if band is None else band.within]
    yield from (f"{key} = {_percent(bound)}" for key, bound in zip(keys, bounds, strict=True) if bound is not None)
    if band is not None:
        yield f"risk_band_index = {quoted(band.index)}"


def _drivers(content: Content) -> Iterator[str]:
    """Styles: of the market those beyond twice their standard error, of a sleeve its drivers."""
    months = content.tables["factor_month"]
    sure = months[(months["group"] == "style") & (months["t"].abs() >= LEAST_T)]
    order = sure["return"].abs().sort_values(ascending=False, kind="stable").index
    yield from _signed("market", sure.loc[order, "factor"], sure.loc[order, "return"])
    for sleeve, result in _sleeves(content).items():
        found = drivers(content.tables, result.course)
        found = found[found["group"] == "style"]
        yield from _signed(sleeve, found["factor"], found["contribution"])


def _signed(place: str, factors: Iterable[str], values: Iterable[float]) -> Iterator[str]:
    signs: dict[str, list[str]] = {"positive": [], "negative": []}
    for factor, value in zip(factors, values, strict=True):
        signs["positive" if value > 0 else "negative"].append(quoted(factor))
    yield from ("", f"[{address('stated_drivers', place)}]")
    yield from (f"{sign} = [{', '.join(named)}]" for sign, named in signs.items() if named)


def _factors(content: Content) -> Iterator[str]:
    """The styles of the model, each with the descriptors that it was made of."""
    styles = content.tables["factor_month"]
    coverage = content.tables["coverage"]
    yield from ("", "[factors]")
    for factor in styles.loc[styles["group"] == "style", "factor"]:
        own = coverage.loc[coverage["factor"] == factor, "descriptor"].dropna()
        yield f"{_key(factor)} = [{', '.join(quoted(name) for name in dict.fromkeys(own))}]"


def _numbers(keys: Iterable[str], values: Iterable[float], *, percent: bool = True) -> Iterator[str]:
    for key, value in zip(keys, values, strict=True):
        if value is not None and math.isfinite(value):
            yield f"{_key(key)} = {_percent(value) if percent else _rounded(Decimal(repr(float(value))))}"


def _percent(value: float) -> str:
    return _rounded(Decimal(repr(float(value))).scaleb(2))


def _rounded(value: Decimal) -> str:
    """Two decimals, halves away from zero, no negative zero."""
    rounded = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded if rounded else abs(rounded):f}"


def _inline(shares: Mapping[str, float]) -> str:
    return "{ " + ", ".join(f"{_key(sleeve)} = {Decimal(repr(float(share))):f}" for sleeve, share in shares.items()) + " }"


def _key(name: str) -> str:
    return quoted(name) if address(name) != name else name
