"""Tables with a row an item of a report, read as those with a column an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from riskmodel.market.sources.mapped import spread
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import Group

FEW, MOST = 5, 200  # items of a table
ROWS = 4  # of a report at least, at their median


def by_items(group: Group, ticker: str) -> Group | None:
    """A group whose rows are items, with a column for each; None where it is none, or several columns may be the values.

    Parameters
    ----------
    ticker
        The column of its names of stocks.
    """
    cells = group.cells
    days = [label for label, shape in group.shapes.items() if shape.kind == DAY and cells[label].min() != cells[label].max()]
    keys = [ticker, *days]
    numbers = [label for label, shape in group.shapes.items() if shape.kind == NUMBER and label not in keys]
    values = [label for label in numbers if cells[label].nunique() > MOST]
    if not days or len(values) != 1 or cells.groupby(keys, sort=False).size().median() < ROWS:
        return None
    texts = [label for label, shape in group.shapes.items() if shape.kind == TEXT and label not in keys]
    items = [label for label in texts if FEW <= cells[label].nunique() <= MOST and _tells_apart(group, keys, label)]
    if len(items) != 1:
        return None
    seen = tuple(
        replace(each, cells=spread(each.cells, keys, items[0], values[0], each.file, "exports").reset_index(drop=True))
        for each in group.seen
    )
    labels = {each.labels for each in seen}
    return Group(seen, items=(items[0], values[0])) if len(labels) == 1 else None


def _tells_apart(group: Group, keys: Sequence[str], label: str) -> bool:
    return not group.cells.duplicated([*keys, label]).any()
