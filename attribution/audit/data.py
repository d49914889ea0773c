"""A published report's figures against those that a book's market data give."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd

from attribution.audit.diagnosis import nearest_printed
from attribution.audit.figures import Contributor, Figure, Figures, Finding, Range, written
from attribution.audit.identities import since
from attribution.audit.names import DRIVER, stated
from attribution.audit.slips import slips
from attribution.identities import TOLERANCE
from attribution.reporting.tables.addresses import WINDOWS, address
from attribution.rows import CASH, CASH_STOCK, LEAST_T, no_stocks
from riskmodel.errors import counted, listed
from riskmodel.progress import Step, inside, silent

if TYPE_CHECKING:
    from attribution.portfolio.book import Book
    from attribution.reporting.tables.content import Content

DATA = "data"
LARGEST_DENOMINATOR = 10**6  # of a share
PERCENT = 100.0
IN_PERCENT = ("return", "benchmark", "excess", "1m", "3m", "6m", "1y", "itd")
SIGNS = {"positive": 1, "negative": -1}
WEIGHTS = {"month start": ("weight_start",), "month end": ("weight_end",), None: ("weight_end", "weight_start")}


@dataclass(frozen=True)
class Comparison:
    """The figures of a report beside those that the data give.

    Attributes
    ----------
    figures
        The report's figures, with the book's dates, shares and benchmarks.
    compared
        How many figures were.
    findings
        One for each that differs by more than its rounding.
    corrected
        What those figures are, by address.
    tickers
        The book's securities.
    remarks
        What could not be compared: names that the book lacks, windows longer than its history.
    """

    figures: Figures
    compared: int
    findings: tuple[Finding, ...]
    corrected: Mapping[str, Range]
    tickers: tuple[str, ...]
    remarks: tuple[str, ...]


def compare_stages(book: Book) -> int:
    """How many stages `compare_with_book` names to its `progress`."""
    return len(("market", "model", "risk")) + len(book.courses)


def compare_with_book(figures: Figures, book: Book, *, progress: Step = silent) -> Comparison:
    """Read a book's market, fit its model, and compare a report of one of its months with it.

    Raises
    ------
    InputError
        For a month that the book does not have.
    """
    from attribution.portfolio.inputs import fitted_model, read_inputs
    from attribution.portfolio.periods import read_period
    from attribution.reporting.tables.content import build_content

    month = f"{figures.month[0]}-{figures.month[1]:02d}"
    progress("market")
    market = read_inputs(book, inside(progress, "market"))
    period = read_period(month, book, market)
    progress("model")
    fitted = fitted_model(book, market, period.end, progress=inside(progress, "model"))
    content = build_content(book, market, fitted.model, month, progress=progress)
    return compare_with_content(figures, content, [str(name) for name in market.get_index("asset")])


def compare_with_content(figures: Figures, content: Content, tickers: list[str]) -> Comparison:
    """Compare a report's figures with the tables of a month.

    Parameters
    ----------
    figures
        From `attribution.audit.reading.read_figures`.
    content
        Of the same month; courses and indices are matched by name.
    tickers
        The market's securities.
    """
    corrected, short = dict[str, Range](), list[str]()
    figures, findings, compared = _settled(figures, content.book)
    windows = {row[key].path: name for name, row in figures.trailing.items() for key in (*WINDOWS, "itd") if key in row}
    for figure, computed in _pairs(figures, content):
        if pd.isna(computed):
            short.append(figure.path)
            continue
        compared += 1
        value = Fraction(float(computed))
        half = Fraction(_unit(figure)) / 2
        if abs(Fraction(figure.value) - value) > half + Fraction(TOLERANCE * PERCENT):
            bases = _bases(content, windows.get(figure.path), figure)
            findings.append(_denied(figure, value, half, since(figures, figure, bases) if bases else ""))
            corrected[figure.path] = (value, value)
    names = [*_unlisted_contributors(figures, content, tickers), *_stated_signs(figures, content)]
    compared += sum(1 for _ in stated(figures))
    remarks = _unmatched(figures, content)
    if short:
        remarks.append(f"{counted(len(short), 'figure')} for which the book's history is too short: {listed(short)}")
    return Comparison(figures, compared, (*findings, *names), corrected, tuple(tickers), tuple(remarks))


def _settled(figures: Figures, book: Book) -> tuple[Figures, list[Finding], int]:
    """The figures with the book's dates, benchmarks and shares; a finding for each that differs; how many there were."""
    dates = {"service_start": book.book.inception, "track_record_start": book.book.track_record_start or book.book.inception}
    pairs = [(key, str(printed), str(day)) for key, day in dates.items() if (printed := getattr(figures, key)) is not None]
    benchmarks = {name: book.sleeves[name].benchmark for name in figures.benchmarks if name in book.sleeves}
    pairs += [(address("benchmarks", name), figures.benchmarks[name], index) for name, index in benchmarks.items()]
    courses = {
        name: {sleeve: Fraction(share).limit_denominator(LARGEST_DENOMINATOR) for sleeve, share in book.shares(name).items()}
        for name in figures.courses
        if name in book.courses
    }
    pairs += [(address("courses", name), _mix(figures.courses[name]), _mix(shares)) for name, shares in courses.items()]
    found = []
    for path, printed, own in pairs:
        if printed != own:
            why = f"{path} is {printed}, but the book has {own}"
            found.append(Finding(DATA, ((path, printed),), None, None, own, (why,)))
    known = {key: day for key, day in dates.items() if getattr(figures, key) is not None}
    settled = replace(
        figures,
        service_start=known.get("service_start"),
        track_record_start=known.get("track_record_start"),
        benchmarks={**figures.benchmarks, **benchmarks},
        courses={**figures.courses, **courses},
        blend_reset={**figures.blend_reset, **{name: book.reset_of(name) for name in courses}},
    )
    return settled, found, len(pairs)


def _mix(shares: Mapping[str, Fraction]) -> str:
    """A course's shares in words, without those that are nothing."""
    parts = [f"{sleeve} {float(share):.6g}" for sleeve, share in sorted(shares.items()) if share]
    return ", ".join(parts)


def _pairs(figures: Figures, content: Content) -> Iterator[tuple[Figure, float]]:
    """Every figure that the tables have, beside what they have, in the figure's unit."""
    performance = content.tables["performance"].rename(columns={"benchmark": "index", "benchmark_return": "benchmark"})
    performance = performance.set_index("course")
    for course, row in [*figures.ranking.items(), ("Average", figures.average)]:
        yield from _row(row, performance, course)
    trailing = content.tables["trailing"].set_index("name")
    for name, row in figures.trailing.items():
        yield from _row(row, trailing, name)
    months = content.tables["index_months"].set_index("index")["return"]
    for name, figure in figures.index_returns.items():
        if name in months.index:
            yield figure, float(months[name]) * PERCENT
    weeks = content.tables["index_weeks"]
    starts = {pd.Timestamp(day).date(): k for k, day in enumerate(weeks["week_from"])}
    for week in figures.weeks:
        for name, figure in week.returns.items():
            if name in weeks.columns and week.start in starts:
                yield figure, float(weeks[name].iloc[starts[week.start]]) * PERCENT
    for sleeve, contributors in figures.contributors.items():
        stocks = _stocks(figures, content, sleeve)
        firsts = {contributor.ticker: contributor for contributor in reversed(contributors)}  # a second is a finding itself
        for contributor in firsts.values():
            if stocks is not None and contributor.ticker in stocks.index:
                yield from _position(contributor, stocks.loc[contributor.ticker], figures.weights_at)
    yield from _limits(figures, content)


def _row(row: Mapping[str, Figure], table: pd.DataFrame, name: str) -> Iterator[tuple[Figure, float]]:
    if name in table.index:
        for key, figure in row.items():
            yield figure, float(table.loc[name, key]) * (PERCENT if key in IN_PERCENT else 1.0)


def _position(row: Contributor, computed: pd.Series, weights_at: str | None) -> Iterator[tuple[Figure, float]]:
    if row.contribution is not None:
        yield row.contribution, float(computed["contribution"]) * PERCENT
    if row.weight is not None:
        printed = float(row.weight.value)
        readings = [float(computed[column]) * PERCENT for column in WEIGHTS[weights_at]]
        agree = [reading for reading in readings if abs(reading - printed) <= float(row.weight.half)]
        yield row.weight, (agree or readings)[0]


def _limits(figures: Figures, content: Content) -> Iterator[tuple[Figure, float]]:
    limits = content.book.limits
    stated_ones = {
        "names_min": None if limits.names is None else float(limits.names[0]),
        "names_max": None if limits.names is None else float(limits.names[1]),
        "weight_max": None if limits.weight_max is None else limits.weight_max * PERCENT,
        "sector_deviation_max": None if limits.sector_deviation_max is None else limits.sector_deviation_max * PERCENT,
        "risk_band": None if limits.risk_band is None else limits.risk_band.within * PERCENT,
    }
    stated_ones["risk_band_vs_sp500"] = stated_ones["risk_band"]
    for key, figure in figures.limits.items():
        bound = stated_ones[key]
        if bound is not None:
            yield figure, bound


def _unit(figure: Figure) -> Decimal:
    """What the last printed place counts; nothing for ranks and limits, which are not rounded."""
    if figure.path.startswith("limits.") or figure.path.endswith(".rank"):
        return Decimal(0)
    return Decimal(1).scaleb(-figure.places)


def _bases(content: Content, name: str | None, figure: Figure) -> list[datetime.date]:
    """The months' last closes since which a course or benchmark had the return that is printed for a window."""
    table = content.tables["cumulative"]
    daily = table[table["name"] == name].drop_duplicates("date").set_index("date")["return"]
    ends = daily.index[:-1][daily.index.to_period("M")[:-1] != daily.index.to_period("M")[1:]]
    returns = {end: ((1 + daily[daily.index > end]).prod() - 1) * PERCENT for end in ends}
    return [end.date() for end, value in returns.items() if abs(value - float(figure.value)) <= float(figure.half)]


def _denied(figure: Figure, value: Fraction, half: Fraction, since_when: str) -> Finding:
    found = [] if since_when else slips(figure, (value, value))
    text = f"{found[0][0]} ({found[0][1]})" if found else str(nearest_printed(figure, (value, value)))
    text += f"; {since_when}" if since_when else ""
    why = f"{figure.path} is {figure.value}, but the data give {written(value, figure.places + 2)}"
    gap = round(float(figure.value) - float(value), 10)
    return Finding(DATA, ((figure.path, figure.value),), gap, float(half), text, (why,))


def _course(figures: Figures, content: Content, sleeve: str) -> str | None:
    """The name under which the tables have a sleeve: its own course's, else its key."""
    names = set(content.tables["stock_contributions"]["course"])
    return next((name for name in (figures.alone(sleeve), sleeve) if name in names), None)


def _stocks(figures: Figures, content: Content, sleeve: str) -> pd.DataFrame | None:
    """A sleeve's names by ticker, with what it held of them."""
    course = _course(figures, content, sleeve)
    if course is None:
        return None
    table = content.tables["stock_contributions"]
    own = table[(table["course"] == course) & ~no_stocks(table["ticker"])]
    return own.set_index("ticker").rename(index={CASH_STOCK: CASH})


def _unlisted_contributors(figures: Figures, content: Content, tickers: list[str]) -> Iterator[Finding]:
    """Names that the sleeve did not hold, and names that are not among as many largest contributors."""
    known = set(tickers)
    for sleeve, rows in figures.contributors.items():
        stocks = _stocks(figures, content, sleeve)
        if stocks is None:
            continue
        held = stocks[(stocks["weight_start"] != 0) | (stocks["weight_end"] != 0) | (stocks["contribution"] != 0)]
        printed = [row for row in rows if row.ticker in known]
        largest = held["contribution"].nlargest(len(rows))
        absent = [name for name in largest.index if name not in {row.ticker for row in rows}]
        for row in printed:
            path = address("top_contributors", sleeve, row.ticker, "ticker")
            if row.ticker not in held.index:
                why = f"{sleeve} did not hold {row.ticker}"
                text = " or ".join(absent) or "a name that it held"
                yield Finding(DATA, ((path, row.ticker),), None, None, text, (why,))
            elif row.ticker not in largest.index and row.contribution is not None:
                gap = (held["contribution"][row.ticker] - largest.iloc[-1]) * PERCENT
                if -gap > float(_unit(row.contribution)):
                    why = f"{row.ticker} is not among the {len(rows)} largest contributors of {sleeve}"
                    yield Finding(
                        DATA, ((path, row.ticker),), round(gap, 10), 0.0, " or ".join(absent) or "leave it out", (why,)
                    )


def _stated_signs(figures: Figures, content: Content) -> Iterator[Finding]:
    """Stated drivers whose computed sign is the other one, at twice its standard error or more."""
    months = content.tables["factor_month"].set_index("factor")
    contributions = content.tables["factor_contributions"]
    for place, sign, factor in stated(figures):
        if place == "market":
            table, column = months, "return"
        else:
            table, column = contributions[contributions["course"] == _course(figures, content, place)], "contribution"
            table = table.set_index("factor")
        if factor not in table.index:
            continue
        value, t = float(table.loc[factor, column]), float(table.loc[factor, "t"])
        if abs(t) >= LEAST_T and value * SIGNS[sign] < 0:
            other = next(word for word in SIGNS if word != sign)
            why = (
                f"{factor} is said to have been {sign} for {place}, but its {column} is {written(value * PERCENT, 2)} % "
                f"(t {t:.1f})"
            )
            path = address("stated_drivers", place, sign, factor)
            error = round(float(table.loc[factor, "standard_error"]) * LEAST_T * PERCENT, 10)
            yield Finding(DRIVER, ((path, factor),), round(value * PERCENT, 10), error, f"{factor} under {other}", (why,))


def _unmatched(figures: Figures, content: Content) -> list[str]:
    """Names of the file that the book lacks."""
    tables, remarks = content.tables, []
    indices = {*tables["index_months"]["index"], *tables["trailing"]["name"], *tables["index_weeks"].columns}
    courses = [name for name in figures.ranking if name not in set(tables["performance"]["course"])]
    printed = [*figures.index_returns, *figures.trailing, *(name for week in figures.weeks for name in week.returns)]
    others = [name for name in dict.fromkeys(printed) if name not in indices and name not in figures.courses]
    sleeves = [name for name in figures.contributors if _course(figures, content, name) is None]
    factors = {*tables["factor_month"]["factor"]}
    drivers = [factor for factor in dict.fromkeys(f for _, _, f in stated(figures)) if factor not in factors]
    kinds = {"course": courses, "index": others, "sleeve": sleeves, "factor": drivers}
    for kind, names in kinds.items():
        if names:
            plural = {"index": "indices"}.get(kind)
            remarks.append(f"{counted(len(names), kind, plural)} that the book does not have: {listed(names)}")
    starts = {pd.Timestamp(day).date() for day in tables["index_weeks"]["week_from"]}
    weeks = [str(week.start) for week in figures.weeks if week.start not in starts]
    if weeks:
        remarks.append(f"{counted(len(weeks), 'week')} that start on other days than the book's: {listed(weeks)}")
    return remarks
