"""Sections on where the courses stand at month end: forecast risk and where it comes from, composition, blends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.reporting.pages.notes import note_sentence
from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.stocks import SHOWN_STOCKS, named_stocks, with_shown_names
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import is_given
from attribution.rows import CASH, FAMILIES, no_stocks

if TYPE_CHECKING:
    from attribution.portfolio.course import Course
    from attribution.reporting.tables.content import Content

SHOWN_SOURCES = 8
SHOWN_HOLDINGS = 10
OF_FORECAST = (
    "no_forecast",
    "no_forecast_of_course",
    "earlier_model_covariance",
    "earlier_model_specific_risk",
    "forecast_left_out",
)  # notes
FIGURES = ("active_share_end", "turnover", "hit_rate_days")
Row = dict[str, Any]


@dataclass(frozen=True)
class Risk:
    """Forecast risk of each course (measure: row of `risk`), and the largest parts of each sleeve's tracking error.

    Attributes
    ----------
    families
        Groups of factors that the tracking error is split into.
    rows
        Course, then the row of each measure; courses without a forecast are left out.
    note
        How the figures are to be read.
    sources
        Sleeve's name, course, its largest rows of `risk_factors`, the sums of those not shown and how many they are.
    uncovered
        Sentences on names, courses and factors without a forecast.
    """

    families: list[str]
    rows: list[tuple[str, dict[str, Row]]]
    note: str
    sources: list[tuple[str, str, list[Row], Row, int]]
    uncovered: list[str]


@dataclass(frozen=True)
class Composition:
    """What the courses hold, and what of it earned most.

    Attributes
    ----------
    rows
        Course, its names and cash, and its row of `figures` by measure: active share, turnover, hit rate.
    leaders
        Sleeve's name, course, rows of `stock_contributions` of the held stocks that contributed most to the return.
    characteristics
        Sleeve's name, course, and by measure its row of `characteristics` of each side.
    largest
        Sleeve's name, course, its largest rows of `holdings`, with `shown_name`.
    without_meaning
        Sentences on characteristics without a value, and why.
    """

    rows: list[tuple[str, int, float, dict[str, Row]]]
    leaders: list[tuple[str, str, list[Row]]]
    characteristics: list[tuple[str, str, dict[str, dict[str, Row]]]]
    largest: list[tuple[str, str, list[Row]]]
    without_meaning: list[str]


@dataclass(frozen=True)
class Blends:
    """Contributions by group of each course: course, row of `group_contributions` by group, row of `performance`."""

    groups: list[str]
    rows: list[tuple[str, dict[str, Row], Row]]
    blended: bool


def by_measure(frame: pd.DataFrame, course: str) -> dict[str, Row]:
    """A course's rows of a table of measures, by measure."""
    return {row["measure"]: row for row in records(of_course(frame, course))}


def risk_section(content: Content, words: PageWords) -> Risk:
    """Forecast risk at month end."""
    tables = content.tables
    forecast = set(tables["risk"]["course"])
    rows = [(course, by_measure(tables["risk"], course)) for course in content.results if course in forecast]
    sources, uncovered = [], []
    for key, result in content.sleeves.items():
        frame = of_course(tables["risk_factors"], result.course)
        order = frame["contribution"].abs().sort_values(ascending=False, kind="stable").index
        if frame["contribution"].notna().any():
            rest = frame.loc[order[SHOWN_SOURCES:]]
            shown = records(frame.loc[order[:SHOWN_SOURCES]])
            sums = {column: float(rest[column].sum()) for column in ("contribution", "share_of_variance")}
            sources.append((words.sleeve(key), result.course, shown, sums, len(rest)))
        measures = by_measure(tables["risk"], result.course)
        for side in ("", "_benchmark"):
            names = measures.get(f"uncovered{side}_names", {"value": 0.0})["value"]
            if names > 0:
                weight = words.percent(measures[f"uncovered{side}_weight"]["value"], unit="%")
                values = {"name": words.sleeve(key), "benchmark": result.benchmark, "weight": weight}
                uncovered.append(words.messages(f"risk.uncovered{side}", names=words.number(names, 0), **values))
    families = [name for name in FAMILIES if any(f"tracking_error_from_{name}" in measures for _, measures in rows)]
    note = words.messages("risk.given_note" if is_given(tables) else "risk.note")
    estimated = dict.fromkeys(words.estimated(course) for course in content.results)
    return Risk(families, rows, note, sources, [*uncovered, *unforecast(content, words), *filter(None, estimated)])


def unforecast(content: Content, words: PageWords) -> list[str]:
    """Sentences on the courses, and the factors, that have no forecast, and on what of it is of an earlier day."""
    return [note_sentence(note, words) for note in content.notes if note.key in OF_FORECAST]


def composition_section(content: Content, words: PageWords) -> Composition:
    """What the courses hold, how much they traded, and which holdings earned most."""
    tables, named = content.tables, content.sleeves.items()
    leaders = []
    for key, result in content.sleeves.items():
        stocks = named_stocks(content, words, result.course)
        held = stocks[(stocks[["weight_start", "weight_end"]] != 0).any(axis=1) & ~no_stocks(stocks["ticker"])]
        leaders.append((words.sleeve(key), result.course, records(held.nlargest(SHOWN_STOCKS, "contribution"))))
    return Composition(
        [(name, *_held(result.followed), by_measure(tables["figures"], name)) for name, result in content.results.items()],
        leaders,
        [(words.sleeve(key), result.course, _sides(tables["characteristics"], result.course)) for key, result in named],
        [
            (words.sleeve(key), result.course, _stocks_of(content, words, result.course)[:SHOWN_HOLDINGS])
            for key, result in named
        ],
        [
            sentence
            for key, result in named
            for sentence in without_meaning(of_course(tables["characteristics"], result.course), words.sleeve(key), words)
        ],
    )


def without_meaning(frame: pd.DataFrame, name: str, words: PageWords) -> list[str]:
    """Which rows of a course's `characteristics` have no value, and why: a sentence a side and reason."""
    t, short = words.messages, words.messages.table["characteristics_in_short"]
    return [
        t(
            f"characteristic_reasons.{reason}",
            name=name,
            side=t(f"characteristics.{side}"),
            measures=words.listed(
                str(short.get(measure) or t.name("characteristic_measures", measure)) for measure in rows["measure"]
            ),
            tickers=words.listed(tickers.split()),
        )
        for (side, reason, tickers), rows in frame[frame["reason"] != ""].groupby(["side", "reason", "tickers"], sort=False)
    ]


def _sides(frame: pd.DataFrame, course: str) -> dict[str, dict[str, Row]]:
    """A course's rows of `characteristics` by measure and side."""
    measures: dict[str, dict[str, Row]] = {}
    for row in records(of_course(frame, course)):
        measures.setdefault(row["measure"], {})[row["side"]] = row
    return measures


def _stocks_of(content: Content, words: PageWords, course: str) -> list[Row]:
    """A course's rows of `holdings` that are stocks, with `shown_name`."""
    frame = with_shown_names(content, words, of_course(content.tables["holdings"], course))
    return records(frame[~no_stocks(frame["ticker"])])


def holdings_section(content: Content, words: PageWords) -> list[tuple[str, str, list[Row]]]:
    """Everything that the sleeves hold: sleeve's name, course, rows of `holdings` with `shown_name`."""
    return [
        (
            words.sleeve(key),
            result.course,
            records(with_shown_names(content, words, of_course(content.tables["holdings"], result.course))),
        )
        for key, result in content.sleeves.items()
    ]


def _held(followed: Course) -> tuple[int, float]:
    """Names that a course holds at its last close, and what of it is not invested; known without a model."""
    weights = followed.invested()["portfolio_weight"]
    return int((weights.drop_sel(asset=CASH) != 0).sum()), float(weights.sel(asset=CASH))


def blends_section(content: Content) -> Blends:
    """Contributions by group of factors of all courses."""
    frame = content.tables["group_contributions"]
    groups = list(dict.fromkeys(frame["group"]))
    excess = content.tables["performance"].set_index("course", drop=False)
    rows = [
        (
            course,
            {row["group"]: row for row in records(of_course(frame, course))},
            excess.loc[course].to_dict(),
        )
        for course in content.results
    ]
    return Blends(groups, rows, any(len(content.book.shares(course)) > 1 for course in content.results))
