"""Files of one header that make one table, and what their cells are read as."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from riskmodel.market.day_forms import day_of_stamp, looks_like_day
from riskmodel.market.sources.cells import Cells, days, numbers
from riskmodel.market.sources.derive import DERIVED
from riskmodel.market.sources.mapping import How
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT, Shape, shape_of
from riskmodel.market.sources.recognition.looking.files import Seen
from riskmodel.market.sources.recognition.names import doubtful_in
from riskmodel.market.sources.recognition.words import OF_NAMES, has, tokens
from riskmodel.market.tables import DATE, TABLES
from riskmodel.market.tables import TEXT as TEXTS

MANY = 40  # columns: a long table has fewer, or several of texts and days among its first
LOOKED_AT = 8  # columns of one that has more
MOST_NAMES = 400  # of a panel that are looked at
MOST_LISTS = 60  # portfolios or indices of a table
WHOLES = (1.0, 100.0)  # sums of weights, as parts and in percent
LISTED = {"holdings": "portfolio", "constituents": "index"}  # tables of lists, and what tells these apart


@dataclass(frozen=True)
class Versions:
    """Rows that are not among a group's cells: older ones of a code, by the cells of a column."""

    label: str
    column: str
    cells: tuple[str, ...]
    rows: int


@dataclass(frozen=True, eq=False)
class Group:
    """Files, or a sheet, with one header.

    Attributes
    ----------
    seen
        In the order of their names.
    items
        The columns of items and of their values, where rows were items and are columns here.
    versions
        What was left out as older versions of rows.
    older
        Files of earlier days with the same rows, which were left out.
    """

    seen: tuple[Seen, ...]
    items: tuple[str, str] | None = None
    versions: Versions | None = None
    older: tuple[str, ...] = ()

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
        files = list(dict.fromkeys(self.files))
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        return self.first.file + more + (f" [{', '.join(self.sheets or (self.first.sheet,))}]" if self.first.sheet else "")

    @property
    def named(self) -> tuple[str, ...]:
        """The words of the file's name, or of the sheet's."""
        return tokens(self.first.sheet or self.stem)

    @property
    def stem(self) -> str:
        """The name of its file without its end, or of the folder of one that is a part of several."""
        path = PurePosixPath(self.first.file)
        parts = [part for part in (*path.parts[:-1], path.stem) if not _is_part(part)]
        return parts[-1] if parts else path.stem

    @property
    def around(self) -> tuple[str, ...]:
        """What stands around its cells: the lines above them, the names of the sheet, the file and its folder."""
        return (*self.first.titles, *self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Those of its sheet, its file and the folder."""
        folder = PurePosixPath(self.first.file).parent.as_posix()
        return (*([self.first.sheet] if self.first.sheet else []), self.stem, folder)

    @property
    def doubtful(self) -> str | None:
        """The word of the name of all its files that says that they stand last among candidates and prove nothing."""
        return doubtful_in(self.first.file, self.first.sheet)

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of its sheets, where these are several; one that many workbooks have is as that of one."""
        names = tuple(dict.fromkeys(each.sheet for each in self.seen if each.sheet is not None))
        return names if len(names) > 1 else ()

    @cached_property
    def is_long(self) -> bool:
        """Whether its columns are fields, and not names or days across."""
        labels = self.first.labels
        if len(labels) <= MANY:
            return True
        if sum(map(looks_like_day, labels)) > len(labels) / 2:
            return False
        return sum(self.shape(label).kind in (DAY, TEXT) for label in labels[:LOOKED_AT]) > 1

    @cached_property
    def of_index(self) -> bool:
        """Whether what stands around its cells says that it is the members of an index, and not a portfolio."""
        names = self.names  # a title may name the index that a portfolio is held against
        return any(_says(text, "constituents") and not _says(text, "holdings") for text in self.around) or (
            any(_says(text, "indices") for text in names) and not any(_says(text, "holdings") for text in self.around)
        )

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

    @cached_property
    def stacked(self) -> Shape:
        """What all numbers of a sheet with days or names down look like."""
        return shape_of(pd.concat([self.cells[label] for label in self.first.labels[1:]]))

    def shape(self, label: str) -> Shape:
        """What a column looks like."""
        if label not in self._shapes:
            self._shapes[label] = shape_of(self.cells[label])
        return self._shapes[label]

    def narrow(self, label: str, forms: tuple[str, ...]) -> None:
        """Keep of the forms that all days of a column have those that the rest of the folder leaves."""
        self._shapes[label] = replace(self.shape(label), forms=forms)
        self._days.pop(label, None)

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """What each column looks like."""
        return {label: self.shape(label) for label in self.first.labels}

    def numbers(self, label: str) -> pd.Series:
        """A column as floats; missing where a cell is none."""
        if label not in self._numbers:
            self._numbers[label] = numbers_of(self.cells[label], label, self.shape(label))
        return self._numbers[label]

    def numbers_across(self, label: str) -> pd.Series:
        """A column of a sheet with days or names down as floats, read as all of its numbers are."""
        if label not in self._numbers_across:
            self._numbers_across[label] = numbers_of(self.cells[label], label, self.stacked)
        return self._numbers_across[label]

    def days(self, label: str) -> pd.Series:
        """A column as days, in the first of the forms that all of them have; missing where a cell is none.

        Those of stamps are as they are written: whose days they are is asked.
        """
        if label not in self._days:
            self._days[label] = self._read(label, self.cells[label], next(iter(self.shape(label).forms), ""))
        return self._days[label]

    def days_in(self, label: str, form: str = "") -> pd.Series:
        """The different days of a column in order, in a form; of typed cells in none."""
        return self._read(label, self.cells[label].drop_duplicates(), form).dropna().drop_duplicates().sort_values()

    def _read(self, label: str, cells: pd.Series, form: str) -> pd.Series:
        shape = self.shape(label)
        plain = cells.map(day_of_stamp) if form and shape.stamps else cells
        read = days(Cells(plain, label), How(dates=form or "YYYY-MM-DD", missing=shape.missing))[0]
        return read.dt.normalize() if shape.stamps else read

    def panels(self, day: str, name: str, labels: Iterable[str]) -> dict[str, pd.DataFrame]:
        """Columns of numbers with the days down, in order, and some names across: enough to see what they are."""
        names = self.texts(name)
        some = sorted({*names} - {""})
        keep = names.isin(some[:: -(-len(some) // MOST_NAMES) or 1]).to_numpy()
        keys = pd.DataFrame({"day": self.days(day)[keep], "name": names[keep]})
        once = ~keys.duplicated().to_numpy() & keys["day"].notna().to_numpy()
        for label in labels:
            if (day, name, label) not in self._panels:
                numbers = numbers_of(self.cells[label][keep], label, self.shape(label))
                frame = keys.assign(number=numbers)[once]
                self._panels[day, name, label] = frame.pivot(index="day", columns="name", values="number").sort_index()
        return {label: self._panels[day, name, label] for label in labels}

    @cached_property
    def _numbers(self) -> dict[str, pd.Series]:
        return {}

    @cached_property
    def _numbers_across(self) -> dict[str, pd.Series]:
        return {}

    @cached_property
    def _texts(self) -> dict[str, pd.Series]:
        return {}

    @cached_property
    def _days(self) -> dict[str, pd.Series]:
        return {}

    @cached_property
    def _panels(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        return {}

    def texts(self, label: str) -> pd.Series:
        """A column as the texts that it is read as."""
        if label not in self._texts:
            cells = self.cells[label]
            read = cells.map({cell: plain_text(cell) for cell in cells.dropna().unique()})
            self._texts[label] = read.astype(object).where(read.notna(), "")
        return self._texts[label]


def _says(text: str, table: str) -> bool:
    return any(has(tokens(text), phrase) for phrase in OF_NAMES[table])


def _is_part(name: str) -> bool:
    """Whether the name of a folder or file says which part it is, and nothing of what is in it: year=2023, part-0, 2024."""
    return re.fullmatch(r"\w+=.*|part[-_.]?\d.*|\d[\d_.-]*|data|chunk[-_.]?\d*", name, re.I) is not None


def numbers_of(cells: pd.Series, label: str, shape: Shape) -> pd.Series:
    """Cells of a shape as floats, 4.3 where one is 4.3 %; missing where one is none."""
    decimal, thousands = shape.points[0] if shape.points else (".", "")
    if not thousands and not shape.percent and cells.dtype == object:
        pointed = cells if decimal == "." else pd.Series([*map(_with_a_point, cells)], cells.index, dtype=object)
        plain = pd.to_numeric(pointed, errors="coerce")
        if cells[plain.isna()].dropna().isin([*shape.missing]).all():  # quick, where nothing is to be known
            return plain.astype(float)
    how = How(decimal=decimal, thousands=thousands, missing=shape.missing)
    values, _ = numbers(Cells(cells, label), how, "percent" if shape.percent else None)
    return values * (100 if shape.percent else 1)


def _with_a_point(cell: object) -> object:
    return cell.replace(",", ".") if isinstance(cell, str) else cell


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


def is_whose(group: Group, label: str) -> bool:
    """Whether a column can say whose list a row is of: few names, none of them a part of something."""
    return "%" not in unicodedata.normalize("NFKC", label) and group.cells[label].nunique() <= MOST_LISTS


def whole_of(group: Group, keys: Sequence[str], used: Collection[str]) -> str | None:
    """The only column of numbers whose sum is a whole in each list, told apart by the keys, or by a column of texts too."""
    found = wholes_of(group, keys, used)
    return found[0] if len(found) == 1 else None


def wholes_of(group: Group, keys: Sequence[str], used: Collection[str]) -> tuple[str, ...]:
    """All columns of numbers whose sum is a whole in each list: which of two it is, at open or at close, nothing says."""
    if found := _wholes(group, keys, used):
        return found
    whose = [each for each, shape in group.shapes.items() if shape.kind == TEXT and each not in used]
    apart = ([*keys, each] for each in whose if is_whose(group, each))
    return next((found for each in apart if (found := _wholes(group, each, used))), ())


def _wholes(group: Group, keys: Sequence[str], used: Collection[str], wholes: Sequence[float] = WHOLES) -> tuple[str, ...]:
    """Columns of numbers whose sum is a whole in each list; a single list proves nothing without a percent sign."""
    lists = [group.file_of_rows, *(group.texts(key).to_numpy() for key in keys)]
    found = []
    for label, shape in group.shapes.items():
        if shape.kind == NUMBER and label not in used:
            sums = group.numbers(label).groupby(lists).sum()
            whole = any(((sums / of - 1).abs() < 0.01).all() for of in wholes)
            if whole and (len(sums) > 1 or "%" in unicodedata.normalize("NFKC", label)) and len(group.cells) > 2 * len(sums):
                found.append(label)
    return tuple(found)


def parts_of_wholes(group: Group, keys: Sequence[str], used: Collection[str]) -> tuple[str | None, tuple[str, ...]]:
    """A column of numbers whose sum is several wholes on each day, and the columns of texts by which each is one whole.

    Lists that share no name are told apart by nothing else: the members of an index of large companies and of small ones.
    """
    for label, shape in group.shapes.items():
        if shape.kind != NUMBER or label in used:
            continue
        sums = group.numbers(label).groupby([group.file_of_rows, *(group.texts(key).to_numpy() for key in keys)]).sum()
        for of in WHOLES:
            wholes = (sums / of).round()
            if (wholes < 2).any() or ((sums / of - wholes).abs() > 0.01 * wholes).any():
                continue
            whose = (each for each, its in group.shapes.items() if its.kind == TEXT and each not in used)
            apart = tuple(
                each
                for each in whose
                if is_whose(group, each) and _wholes(group, [*keys, each], {*group.shapes} - {label}, [of])
            )
            if apart:
                return label, apart
    return None, ()


def derived_from(table: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What of a table can be worked out: ours -> way -> the columns that it is worked out from."""
    return {
        ours: {way: derivation.columns for way, derivation in ways.items()}
        for (name, ours), ways in DERIVED.items()
        if name == table
    }
