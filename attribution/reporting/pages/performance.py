"""Sections on what was earned: the ranking, the indices, the paths of wealth, trailing returns, ratios, the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.measures.performance import WINDOWS
from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.words import PageWords

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

Row = dict[str, Any]


@dataclass(frozen=True)
class Ranking:
    """Courses by excess return, and their average."""

    rows: list[Row]
    average: Row


@dataclass(frozen=True)
class Indices:
    """Index returns: a row a week with the days it covers, the month's, what the weeks do not show, and which indices are
    without dividends.
    """

    names: list[str]
    weeks: list[tuple[str, Row]]
    month: list[Row]
    others: str
    basis: str


@dataclass(frozen=True)
class CourseRecord:
    """A course, its benchmark, its rows of `record` by measure and window, and of `periods` by calendar year."""

    course: str
    benchmark: str
    measures: dict[str, dict[str, Row]]
    years: dict[str, Row]


@dataclass(frozen=True)
class Record:
    """The courses' records over the windows that any of them is old enough for, and over calendar years."""

    windows: list[str]
    years: list[str]
    courses: list[CourseRecord]


@dataclass(frozen=True)
class Trailing:
    """Trailing returns and ratios of courses, then of indices, and what they are computed from."""

    groups: list[tuple[str, list[Row]]]
    windows: list[str]
    missing: bool
    definitions: list[str]
    record: Record


def ranking_section(content: Content) -> Ranking:
    """The month's ranking."""
    *rows, average = records(content.tables["performance"])
    return Ranking(rows, average)


def indices_section(content: Content, words: PageWords) -> Indices | None:
    """The month's index returns; nothing where the book names no index."""
    names = list(words.book.report.indices)
    if not names:
        return None
    weeks = []
    for row in records(content.tables["index_weeks"]):
        first, last = (words.date(row[end], "short_date") for end in ("week_from", "week_to"))
        weeks.append((first if first == last else words.messages("words.span", first=first, last=last), row))
    month = content.tables["index_months"].set_index("index", drop=False)
    rows = records(month.reindex(names).assign(index=names))
    others = month.drop(index=names, errors="ignore")["return"]
    listed = words.listed(
        f"{words.messages.called(name)} {words.percent(value, unit='%')}" for name, value in others.items()
    )
    said = words.messages("weeks.others", indices=listed) if listed else ""
    return Indices(names, weeks, rows, said, words.without_dividends([*names, *others.index]))


def trailing_section(content: Content, words: PageWords) -> Trailing:
    """Trailing returns with their definitions."""
    frame, t = content.tables["trailing"], words.messages
    rows = records(frame)
    courses = len(words.book.courses)
    groups = [(key, part) for key, part in (("courses", rows[:courses]), ("indices", rows[courses:])) if part]
    history = content.history
    months = history.courses[history.track_record :].index.to_period("M").nunique()
    definitions = [
        t("trailing.windows", inception=words.date(words.book.book.inception)),
        *filter(None, [words.without_dividends(words.book.price_indices)]),
        words.sentences(
            t("trailing.ratios", start=words.date(history.track_record), months=months),
            t("trailing.numerator"),
            t("trailing.denominator"),
            _risk_free(words),
        ),
    ]
    windows = [*WINDOWS, "itd"]
    missing = bool(frame[[*windows, "sharpe", "sortino"]].isna().any(axis=None))
    return Trailing(groups, windows, missing, definitions, record_view(content, words))


def record_view(content: Content, words: PageWords) -> Record:
    """The courses against their benchmarks: annualised, by calendar year, and at which risk."""
    record, periods = content.tables["record"], content.tables["periods"]
    own = record["course"].isin(list(content.results))
    years = periods[(periods["kind"] == "year") & periods["course"].isin(list(content.results))]
    known = record.loc[own & record["active"].notna(), "window"]
    courses = []
    for course in content.results:
        measures: dict[str, dict[str, Row]] = {}
        for row in records(of_course(record, course)):
            measures.setdefault(row["measure"], {})[row["window"]] = row
        of_years = {row["period"]: row for row in records(of_course(years, course))}
        courses.append(CourseRecord(course, words.book.benchmark_name(course), measures, of_years))
    return Record(list(dict.fromkeys(known)), sorted(set(years["period"])), courses)


def three_months_start(content: Content) -> pd.Timestamp | None:
    """The first day of the last three months, where the history reaches back to it."""
    frame = content.tables["cumulative"]
    days = frame.loc[frame["three_months"].notna(), "date"]
    return pd.Timestamp(days.min()) if len(days) else None


def _risk_free(words: PageWords) -> str:
    """Where the risk-free return of the ratios comes from."""
    rate = words.book.book.risk_free
    if rate == "rates":
        return words.messages("trailing.rates")
    return words.messages("trailing.rate", rate=words.percent(float(rate))) if rate else words.messages("trailing.no_rate")
