"""The files that come nearest to a table that no file is taken for: what of it each could hold, and what each lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.values import DAY, EMPTY
from riskmodel.market.sources.recognition.groups import Group, fits
from riskmodel.market.sources.recognition.words import WORDS, matched
from riskmodel.market.tables import TABLES, TEXT

MOST_FILES = 3  # that a draft names of each table
LEAST = 0.5  # of a table's columns, that a file has columns of the kind of


@dataclass(frozen=True)
class Near:
    """A file that could be a table.

    Attributes
    ----------
    file, sheet
        Whose.
    may_be
        Ours -> the headers of the file's columns of that kind, those with a word of it first.
    lacks
        Of ours, for which the file has no column.
    """

    file: str
    sheet: str | None
    may_be: Mapping[str, tuple[str, ...]]
    lacks: tuple[str, ...]


def nearest(table: str, groups: Sequence[Group], tickers: Mapping[Group, str | None]) -> tuple[Near, ...]:
    """The files that come nearest to a table, at most `MOST_FILES`; none where all lack more than half of it.

    Parameters
    ----------
    groups
        Files that are no table yet.
    tickers
        The column of each by which it names stocks; None where it has none.
    """
    spec = TABLES[table]
    wanted = [ours for ours in spec.columns if ours not in spec.optional]
    found = []
    for group in groups:
        may_be, ticker = dict[str, tuple[str, ...]](), tickers[group]
        if ticker is not None and "ticker" not in wanted:  # rates, levels and pairs are of no stock
            continue
        for ours in wanted:
            kind = spec.columns[ours]
            labels = [
                label
                for label, shape in group.shapes.items()
                if shape.kind != EMPTY and label != ticker and fits(shape, kind) and (kind != TEXT or shape.kind != DAY)
            ]
            labels = [ticker] if ours == "ticker" and ticker else [] if ours == "ticker" else labels
            if labels:
                words = WORDS.get(table, {}).get(ours, ())
                scores = {label: matched(label, words)[0] for label in labels}
                may_be[ours] = first(label for _, label in sorted((-score, label) for label, score in scores.items()))
        lacks = tuple(ours for ours in wanted if ours not in may_be)
        if "ticker" not in lacks and len(may_be) > LEAST * len(wanted):
            near = Near(group.place if len(group.seen) > 1 else group.first.file, group.first.sheet, may_be, lacks)
            found.append((len(lacks), -len(may_be), near))
    return tuple(near for _, _, near in sorted(found, key=lambda each: each[:2])[:MOST_FILES])
