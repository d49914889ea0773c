"""What the tables of a month's last close are made of: exposures, forecast risk and limits."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import TypeAlias

import pandas as pd

from attribution.measures.forecast import Forecast, closing_limits, closing_risk, month_to, uncovered_weights
from attribution.measures.limits import Limit
from attribution.measures.risk_results import CourseRisk
from attribution.measures.selection import SpecificForecast
from attribution.portfolio.course import Course, blend_tracks
from attribution.portfolio.tracks import Tracks
from attribution.reporting.tables import frames
from attribution.reporting.tables.frames import stack
from riskmodel.facts import Fact, ForecastUnavailableError
from riskmodel.model.results import RiskModelResults

Around: TypeAlias = tuple[Forecast, SpecificForecast | None, dict[pd.Timestamp, Forecast]]  # see `forecasts_around`


def exposures_of(of_course: dict[str, Tracks], model: RiskModelResults, courses: dict[str, Course]) -> pd.DataFrame:
    """The table `exposures`: where the courses stand at the month's last close; by course its tracks."""
    before: dict[int, dict[str, Course]] = {}
    for tracks in of_course.values():
        book, base = tracks.book, tracks.period.base
        if id(tracks) not in before and base >= pd.Timestamp(book.book.inception):
            earlier = tracks.over(month_to(book, tracks.market, base))
            own = [name for name in book.courses if book.reset_of(name) != "monthly"]
            before[id(tracks)] = {name: blend_tracks(earlier, name) for name in (*book.sleeves, *own)}
    exposures = []
    for name, followed in courses.items():
        book, parts = of_course[name].book, before.get(id(of_course[name]), {})
        own_before = parts.get(name) if book.reset_of(name) != "monthly" else None
        exposures.append(frames.exposures_table(book, followed, parts, model, of_course[name].market, own_before))
    return stack(exposures)


def forecast_or_reason(
    computed: Future[Around],
) -> Around | Fact:
    """The forecasts at the month's last close and before, or why the last has none."""
    try:
        return computed.result()
    except ForecastUnavailableError as error:  # what a month earned is no less true for it: a note says why there is none
        return error.fact


def closing_risks(courses: dict[str, Course], forecast: Forecast | None, uncovered_max: float) -> dict[str, CourseRisk]:
    """Forecast risk of the courses that have one: not too much of what they hold lacks exposures or specific risk."""
    if forecast is None:
        return {}
    return {
        name: closing_risk(followed, forecast, uncovered_max=uncovered_max)
        for name, followed in courses.items()
        if float(uncovered_weights(followed, forecast).abs().sum()) <= uncovered_max
    }


def risk_tables(risks: dict[str, CourseRisk], sectors: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """Forecast risk of the courses that have one."""
    none = {"risk": pd.DataFrame(columns=frames.RISK), "risk_factors": pd.DataFrame(columns=frames.RISK_FACTORS)}
    made = {
        "risk": [risk.table for risk in risks.values()],
        "risk_factors": [frames.risk_factors_table(risk, sectors) for risk in risks.values()],
    }
    return {name: stack(parts) if parts else none[name] for name, parts in made.items()}


def sleeves_limits(
    of_course: dict[str, Tracks], courses: dict[str, Course], forecast: Forecast | None, risks: dict[str, CourseRisk]
) -> list[Limit]:
    """The limits of every sleeve; those of risk are not tested where it has no forecast."""
    alone = {next(iter(followed.shares)): name for name, followed in courses.items() if len(followed.shares) == 1}
    return [
        limit
        for sleeve, name in alone.items()
        for limit in closing_limits(of_course[sleeve], courses[name], sleeve, forecast=forecast, risk=risks.get(name))
    ]
