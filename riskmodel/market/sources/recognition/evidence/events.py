"""Files with a row an event of a stock, such as dividends and splits, which no table of prices has beside its closes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.words import HEADERS, has, tokens

RARE = 0.5  # of the stocks at most have an event on one day, at the median
MANY_DAYS = 5  # on which there are events, at least
MOST_KINDS = 30  # different cells of a column that says of which kind an event is
NUMBERS = re.compile(r"\d+(?:[.,]\d+)?")
AMOUNT = 1000.0  # a payment a share is smaller, and so is a ratio of a split


@dataclass(frozen=True)
class Events:
    """A file of events.

    Attributes
    ----------
    group
        The file.
    ticker
        Its column of names of stocks.
    days, numbers
        The columns of days, and of what may be an amount a share or a part of a ratio.
    kinds
        The columns of few texts, with their cells.
    """

    group: Group
    ticker: str
    days: tuple[str, ...]
    numbers: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def may_be_splits(self) -> bool:
        """Whether its rows are of several kinds, or of none that is said."""
        return any(": " in kind and ", " in kind for kind in self.kinds) or not self.kinds

    def dividends(self) -> Fact:
        """That the dividends which a return wants may stand here."""
        values = {"place": self.group.place, "names": self.ticker, "days": self.days, "labels": self.numbers}
        return Fact("dividends_elsewhere", values)

    def splits(self) -> Fact:
        """That splits may stand here, among other events."""
        return Fact("events_seen", {"labels": (*self.days, *self.numbers, *self.kinds)})


def events_of(group: Group, ticker: str | None) -> Events | None:
    """A file of events; None where most stocks have a row on one day, or no number can be of a share."""
    if ticker is None:
        return None
    names = group.texts(ticker)
    days = tuple(
        label
        for label, shape in group.shapes.items()
        if shape.kind == DAY and _are_rare(group, names.nunique(), label) and group.days(label).nunique() >= MANY_DAYS
    )
    numbers = tuple(label for label, shape in group.shapes.items() if shape.kind == NUMBER and _is_small(group, label))
    if not days or not numbers:
        return None
    few = (
        label
        for label, shape in group.shapes.items()
        if shape.kind == TEXT and label != ticker and group.cells[label].nunique() <= min(MOST_KINDS, len(names) / 4)
    )
    return Events(group, ticker, days, numbers, tuple(f"{label}: {', '.join(_cells(group, label))}" for label in few))


def said_events(group: Group, ticker: str | None, codes: Mapping[str, frozenset[str]], kind: str) -> str | None:
    """The column of the stocks of a file that words say a kind of events of: splits, ends of shares; None of others.

    They are few, so that no number of codes alone tells which column names them; of events of many stocks the kinds say it.

    Parameters
    ----------
    kind
        Of `[headers]`: `of_splits`, or `ends`: delistings, mergers, squeeze-outs.
    """
    shapes = group.shapes
    labels = [ticker] if ticker is not None else [each for each, shape in shapes.items() if shape.kind in (NUMBER, TEXT)]
    known = frozenset[str]().union(*codes.values())
    name = next((each for each in labels if (texts := {*group.texts(each)} - {""}) and texts <= known), None)
    numbered = any(shape.kind == NUMBER or are_ratios(group, each) for each, shape in shapes.items() if each != name)
    if name is None or not numbered or not any(shape.kind == DAY for shape in shapes.values()):
        return None
    kinds = (each for each, shape in shapes.items() if shape.kind == TEXT and each != name)
    cells = (cell for label in kinds if group.cells[label].nunique() <= MOST_KINDS for cell in _cells(group, label))
    few = group.texts(name).nunique() <= RARE * max(map(len, codes.values()), default=0)
    said = (*group.around, *group.first.labels, *cells) if few else tuple(cells)
    return name if any(has(tokens(text), phrase) for text in said for phrase in HEADERS[kind]) else None


def are_ratios(group: Group, label: str) -> bool:
    """Whether cells are two numbers with something between: `5 new for 1 old`, `1 → 3`, `1:10`."""
    there = [cell for cell in _cells(group, label) if cell]
    return bool(there) and all(len(NUMBERS.findall(cell)) == 2 for cell in there)


def _are_rare(group: Group, stocks: int, label: str) -> bool:
    return bool(group.cells[label].value_counts().median() <= RARE * stocks)


def _is_small(group: Group, label: str) -> bool:
    there = group.numbers(label).dropna()
    return bool(len(there) and there.between(0, AMOUNT).all())


def _cells(group: Group, label: str) -> Sequence[str]:
    return sorted({*group.texts(label)} - {""})
