"""Rows of the report's tables as plain dicts, which templates read faster than frames."""

from __future__ import annotations

from typing import Any

import pandas as pd

Row = dict[str, Any]


def of_course(frame: pd.DataFrame, course: str) -> pd.DataFrame:
    """The rows of a course."""
    return frame[frame["course"] == course]


def records(frame: pd.DataFrame) -> list[Row]:
    """A frame's rows by column.

    Examples
    --------
    >>> records(pd.DataFrame({"course": ["A"], "return": [0.01]}))
    [{'course': 'A', 'return': 0.01}]
    """
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*(frame[name].tolist() for name in names), strict=True)]
