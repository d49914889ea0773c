"""Files of one header that make one table, and which table of ours that is by the words of its header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from riskmodel.market.sources.cells import Cells, numbers
from riskmodel.market.sources.derive import DERIVED
from riskmodel.market.sources.mapping import How
from riskmodel.market.sources.recognition.files import Seen
from riskmodel.market.sources.recognition.names import abstract, day_in
from riskmodel.market.sources.recognition.values import DAY, EMPTY, NUMBER, TEXT, Shape, shape_of
from riskmodel.market.sources.recognition.words import HEADERS, NEEDED, OF_NAMES, WORDS, bare, has, matched, tokens
from riskmodel.market.tables import DATE, TABLES
from riskmodel.market.tables import TEXT as TEXTS

OF_THE_NAME = 1.5  # what a word in the name of a file counts, where a header's own word counts 3
MANY = 40  # columns: a long table has fewer
TELLING = {"index", "portfolio", "sector", "pair", "session", "ex_date", "period_end", "announced"}  # few tables have them


@dataclass(frozen=True, eq=False)
class Group:
    """Files, or a sheet, with one header.

    Attributes
    ----------
    seen
        In the order of their names.
    """

    seen: tuple[Seen, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(each.file for each in self.seen)

    @property
    def first(self) -> Seen:
        """Whose header all have."""
        return self.seen[0]

    @property
    def unnamed(self) -> tuple[int, ...]:
        """The places of columns that have cells and no header."""
        return tuple(sorted({place for each in self.seen for place in each.unnamed}))

    @property
    def twice(self) -> tuple[str, ...]:
        """Headers that several columns have."""
        return tuple(dict.fromkeys(label for each in self.seen for label in each.twice))

    @property
    def place(self) -> str:
        """As a message names it."""
        more = f" and {len(self.seen) - 1} more" if len(self.seen) > 1 else ""
        return self.first.file + more + (f" [{self.first.sheet}]" if self.first.sheet else "")

    @property
    def named(self) -> tuple[str, ...]:
        """The words of the file's name, or of the sheet's."""
        return tokens(self.first.sheet or PurePosixPath(self.first.file).stem)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """All rows."""
        return pd.concat([each.cells for each in self.seen], ignore_index=True)

    @cached_property
    def file_of_rows(self) -> np.ndarray:
        """The number of the file of each row."""
        return np.repeat(np.arange(len(self.seen)), [len(each.cells) for each in self.seen])

    @cached_property
    def _shapes(self) -> dict[str, Shape]:
        return {}

    def shape(self, label: str) -> Shape:
        """What a column looks like."""
        if label not in self._shapes:
            self._shapes[label] = shape_of(self.cells[label])
        return self._shapes[label]

    def narrow(self, label: str, forms: tuple[str, ...]) -> None:
        """Keep of the forms that all days of a column have those that the rest of the folder leaves."""
        self._shapes[label] = replace(self.shape(label), forms=forms)

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """What each column looks like."""
        return {label: self.shape(label) for label in self.first.labels}

    def numbers(self, label: str) -> pd.Series:
        """A column as floats; missing where a cell is none."""
        return numbers_of(self.cells[label], label, self.shape(label))

    def texts(self, label: str) -> pd.Series:
        """A column as the texts that it is read as."""
        cells = self.cells[label]
        return cells.map({cell: plain_text(cell) for cell in cells.dropna().unique()}).fillna("").astype(object)


def numbers_of(cells: pd.Series, label: str, shape: Shape) -> pd.Series:
    """Cells of a shape as floats, 4.3 where one is 4.3 %; missing where one is none."""
    decimal, thousands = shape.points[0] if shape.points else (".", "")
    how = How(decimal=decimal, thousands=thousands, missing=shape.missing)
    values, _ = numbers(Cells(cells, label), how, "percent" if shape.percent else None)
    return values * (100 if shape.percent else 1)


def plain_text(cell: object) -> str:
    """A cell as the text that it is read as.

    Examples
    --------
    >>> plain_text(1301.0), plain_text(" A "), plain_text(None)
    ('1301', 'A', '')
    """
    if cell is None or (isinstance(cell, float) and cell != cell) or cell is pd.NaT:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


@dataclass(frozen=True)
class Candidate:
    """A table that a group may be: ours -> the labels that match it best and the word by which, the best first."""

    table: str
    columns: Mapping[str, tuple[tuple[str, str], ...]]
    score: float

    def label(self, ours: str) -> str | None:
        """Their header of a column of ours; None where there is none, or several are as good."""
        found = self.columns.get(ours, ())
        return found[0][0] if len(found) == 1 else None


def groups_of(seen: Iterable[Seen]) -> list[Group]:
    """Files that differ only by days and numbers in their names, and have one header, together."""
    together: dict[tuple[object, ...], list[Seen]] = {}
    for each in seen:
        folder = str(PurePosixPath(each.file).parent)
        together.setdefault((folder, abstract(each.file), each.sheet, each.labels), []).append(each)
    return [Group(tuple(members)) for members in together.values()]


def merged(groups: Sequence[Group]) -> list[Group]:
    """Groups of lists, one a portfolio, whose files have one header and a day in the name: one group."""
    together: dict[tuple[object, ...], list[Group]] = {}
    for place, group in enumerate(groups):
        same = (str(PurePosixPath(group.first.file).parent), group.first.labels)
        mergeable = group.first.sheet is None and day_in(group.files) is not None
        together.setdefault(same if mergeable else (place,), []).append(group)
    return [
        Group(tuple(sorted((each for group in members for each in group.seen), key=lambda each: each.file)))
        for members in together.values()
    ]


def kind_of(table: str, ours: str) -> str:
    """The kind of a column of ours, of those too that others are worked out from."""
    return TABLES[table].columns.get(ours, NUMBER)


def fits(shape: Shape, kind: str) -> bool:
    """Whether cells of a shape can be a column of a kind."""
    if kind == DATE:
        return shape.kind == DAY
    if kind == TEXTS:
        return shape.kind == TEXT or (shape.kind == NUMBER and not any("." in text or "," in text for text in shape.texts))
    return shape.kind == NUMBER


def _may_be(shape: Shape, kind: str, readable: bool) -> bool:
    """Whether cells can be a column of a kind; else also texts where days or numbers should stand."""
    return shape.kind != EMPTY and (fits(shape, kind) or (not readable and shape.kind == TEXT))


@cache
def candidates(group: Group, readable: bool = True) -> list[Candidate]:
    """The tables that a group may be, the likeliest first; else also where days or numbers have no form that is known."""
    words = tuple(word for label in group.first.labels for word in (*bare(label), "|"))
    if any(has(words, phrase) for phrase in HEADERS["other_tables"]):
        return []
    found = []
    for table, columns in WORDS.items():
        matches = sorted(
            (
                (score, phrase, ours, label)
                for ours, phrases in columns.items()
                for label in group.first.labels
                for score, phrase in [matched(label, phrases)]
                if score and _may_be(group.shape(label), kind_of(table, ours), readable)  # cells are read under few
            ),
            key=lambda match: -match[0],
        )
        taken: dict[str, list[tuple[float, str, str]]] = {}
        used = set[str]()
        for score, phrase, ours, label in matches:
            if label in used:
                continue
            if ours not in taken:
                taken[ours] = [(score, label, phrase)]
                used.add(label)
            elif kind_of(table, ours) == NUMBER and score >= 3 and taken[ours][0][0] >= 3:
                taken[ours].append((score, label, phrase))  # close and adj_close: a person says which
                used.add(label)
        if not all(any(ours in taken for ours in row) for row in NEEDED[table]):
            continue
        score = sum(each[0][0] * (2 if ours in TELLING else 1) for ours, each in taken.items())
        score += OF_THE_NAME * any(has(group.named, phrase) for phrase in OF_NAMES.get(table, ()))
        chosen = {ours: tuple((label, phrase) for _, label, phrase in each) for ours, each in taken.items()}
        found.append(Candidate(table, chosen, score))
    return sorted(found, key=lambda candidate: -candidate.score)


def derived_from(table: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What of a table can be worked out: ours -> way -> the columns that it is worked out from."""
    return {
        ours: {way: derivation.columns for way, derivation in ways.items()}
        for (name, ours), ways in DERIVED.items()
        if name == table
    }
