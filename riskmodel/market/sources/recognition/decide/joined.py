"""Tables of a warehouse whose days are keys of another table: no mapping joins them, and a database does."""

from __future__ import annotations

from collections.abc import Sequence

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.evidence.values import DAY
from riskmodel.market.sources.recognition.groups import Group

MANY = 10  # different keys of a table by day at least: a few small numbers are among those of any calendar


def days_by_key(groups: Sequence[Group]) -> dict[Group, Fact]:
    """Of files without days of their own the column whose whole numbers are all keys of a calendar, and whose."""
    calendars = [(group, *keys) for group in groups if by_code.is_calendar(group) and (keys := _keys(group)) is not None]
    found = dict[Group, Fact]()
    for group in groups:
        if not group.is_long or any(shape.kind == DAY for shape in group.shapes.values()):
            continue
        for label in (label for label, shape in group.shapes.items() if by_code.is_whole(shape)):
            texts = {*group.texts(label)} - {""}
            for calendar, key, day in calendars if len(texts) >= MANY else ():
                if texts <= {*calendar.texts(key)}:
                    values = {"label": label, "code": key, "day": day, "place": calendar.place}
                    found.setdefault(group, Fact("days_by_key", values))
    return found


def _keys(calendar: Group) -> tuple[str, str] | None:
    """The column of whole numbers that tells the rows of a calendar apart, and its column of days."""
    shapes = calendar.shapes
    days = [label for label, shape in shapes.items() if shape.kind == DAY and calendar.days(label).is_unique]
    keys = [label for label, shape in shapes.items() if by_code.is_whole(shape) and calendar.cells[label].is_unique]
    return (keys[0], days[0]) if keys and days else None
