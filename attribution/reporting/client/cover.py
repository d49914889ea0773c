"""The first page of the client edition: returns of every course, its benchmark and the excess over the usual windows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.measures.performance import WINDOWS
from attribution.reporting.pages.words import PageWords

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

SIDES = ("return", "benchmark_return", "excess", "net_return")  # the last of courses with a fee


@dataclass(frozen=True)
class CourseReturns:
    """A course's rows of the table `periods` by window, and what its benchmark is called."""

    course: str
    benchmark: str
    windows: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Returns:
    """Returns of the courses over the windows that any of them is old enough for."""

    windows: list[str]
    courses: list[CourseReturns]


def returns_view(content: Content, words: PageWords) -> Returns:
    """Returns by window, without those that no course has, and those that begin with the inception of all; that stays."""
    frame = content.tables["periods"]
    frame = frame[(frame["kind"] == "window") & frame["course"].isin(list(content.book.courses))]
    known = set(frame.loc[frame["return"].notna(), "period"])
    windows = [window for window in (*WINDOWS, "itd") if window in known]
    courses = [
        CourseReturns(
            course,
            words.book.benchmark_name(course),
            {row["period"]: row for row in frame[frame["course"] == course].to_dict("records")},
        )
        for course in content.book.courses
    ]
    whole = [window for window in windows[:-1] if all(_same(course.windows, window) for course in courses)]
    return Returns([window for window in windows if window not in whole], courses)


def _same(windows: dict[str, dict[str, Any]], window: str) -> bool:
    """Whether a window says what the one since inception says."""
    return all(math.isclose(windows[window][side], windows["itd"][side], abs_tol=1e-12) for side in SIDES[:2])
