"""Tables with a row an item of a report, read as those with a column an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from riskmodel.market.sources.mapped import spread
from riskmodel.market.sources.recognition.evidence.rows import SEASON, gap_of_a_name
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.words import WORDS, matched

FEW, MOST = 5, 200  # items of a table
ROWS = 4  # of a report at least, at their median


def by_items(group: Group, ticker: str, least: int = 0) -> Group | None:
    """A group whose rows are items, with a column for each; None where it is none, or several columns may be the values.

    Parameters
    ----------
    ticker
        The column of its names of stocks.
    least
        Of the items are words for columns of reports.
    """
    cells = group.cells
    days = [label for label, shape in group.shapes.items() if shape.kind == DAY and group.days(label).nunique() > 1]
    keys = [ticker, *days]
    numbers = [label for label, shape in group.shapes.items() if shape.kind == NUMBER and label not in keys]
    values = [label for label in numbers if cells[label].nunique() > MOST]
    names = group.texts(ticker)
    reported = any(gap_of_a_name(names, group.days(label)) >= SEASON for label in days)  # exposures come by the day or month
    if not reported or len(values) != 1 or cells.groupby(keys, sort=False).size().median() < ROWS:
        return None
    texts = [label for label, shape in group.shapes.items() if shape.kind == TEXT and label not in keys]
    items = [label for label in texts if FEW <= cells[label].nunique() <= MOST and _tells_apart(group, keys, label)]
    if not items or any(not _says_same(group, items[0], other) for other in items[1:]):
        return None
    items.sort(key=lambda label: -_known(group, label))  # a code and its name: the one that words are known of
    if least and _known(group, items[0]) < least:
        return None
    seen = tuple(
        replace(each, cells=spread(each.cells, keys, items[0], values[0], each.file, "exports").reset_index(drop=True))
        for each in group.seen
    )
    labels = {each.labels for each in seen}
    return Group(seen, items=(items[0], values[0])) if len(labels) == 1 else None


def _says_same(group: Group, one: str, other: str) -> bool:
    """Whether two columns are the code and the name of one thing: each cell of one stands beside one cell of the other."""
    pairs = group.cells[[one, other]].drop_duplicates()
    return bool(pairs[one].is_unique and pairs[other].is_unique)


def _known(group: Group, label: str) -> int:
    """How many of its items are words for a column of reports."""
    phrases = [phrase for ours, each in WORDS["fundamentals"].items() if ours != "ticker" for phrase in each]
    return sum(matched(str(item), tuple(phrases))[0] > 0 for item in group.cells[label].dropna().unique())


def _tells_apart(group: Group, keys: Sequence[str], label: str) -> bool:
    return not group.cells.duplicated([*keys, label]).any()
