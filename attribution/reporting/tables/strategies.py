"""What the rules of a book's strategies cost its courses over a month, and why that is not known where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from attribution.measures.forecast import Forecast
from attribution.portfolio.course import Course
from attribution.portfolio.tracks import Tracks
from riskmodel.facts import Fact, ForecastUnavailableError
from riskmodel.model.results import RiskModelResults
from riskmodel.progress import Step

if TYPE_CHECKING:
    from attribution.construction.course_rules import FollowedLadder
    from attribution.construction.rungs import RuleCosts


def rules_of_courses(
    of_course: dict[str, Tracks],
    courses: dict[str, Course],
    model: RiskModelResults,
    forecasts: Mapping[pd.Timestamp, Forecast],
    progress: Step,
) -> tuple[dict[str, RuleCosts], list[Fact]]:
    """What rules cost each course that a strategy makes a part of; and why that is not known, where it is not.

    `forecasts` are those that there are, by close.
    """
    book = next(iter(of_course.values())).book
    if not book.strategies:
        return {}, []
    from attribution.construction.course_rules import rules_of, strategies_of  # the solvers load in half a second
    from riskmodel.optimisation.errors import NoListError, NotInstalledError

    progress("rules")
    ladders: dict[str, FollowedLadder] = {}
    found, missing = {}, []
    for course, followed in courses.items():
        if not strategies_of(of_course[course].book, course):
            continue
        try:
            found[course] = rules_of(
                of_course[course], course, model, followed=followed, ladders=ladders, forecasts=forecasts
            )
        except ForecastUnavailableError as error:
            missing.append(Fact("no_rules", {"course": course, "reason": error.fact}))
        except (NoListError, NotInstalledError) as error:
            found_none = Fact("no_ladder", {"course": course})
            missing.append(found_none if isinstance(error, NoListError) else Fact("no_solver", {"course": course}))
    return found, missing
