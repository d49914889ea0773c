"""Which files and sheets make one table: those of one header whose names differ by days, numbers or what each is of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

import pandas as pd

from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT, shape_of
from riskmodel.market.sources.recognition.groups import MANY, Group
from riskmodel.market.sources.recognition.looking.files import Seen
from riskmodel.market.sources.recognition.names import abstract, day_in, doubtful_in


def groups_of(seen: Iterable[Seen]) -> list[Group]:
    """Files that differ only by days and numbers in their names, and have one header, together.

    A file whose name says that it should perhaps not be used is a part of no others: old, preliminary, pro forma.
    """
    together: dict[tuple[object, ...], list[Seen]] = {}
    for each in seen:
        doubtful = doubtful_in(each.file, each.sheet)
        together.setdefault((abstract(each.file), each.sheet, each.labels, doubtful), []).append(each)
    return _of_other_names(_of_other_days([Group(part) for members in together.values() for part in _apart(members)]))


def _of_other_days(groups: Sequence[Group]) -> list[Group]:
    """Sheets of one workbook and header whose names differ by numbers and which share no day as one: FY2022 and FY2023."""
    spans: dict[object, list[set[pd.Timestamp]]] = {}
    for group in groups:
        spans.setdefault(_numbered(group), []).append(_first_days(group))
    apart = {key for key, days in spans.items() if all(days) and sum(map(len, days)) == len(set().union(*days))}
    return _together(groups, lambda group: key if (key := _numbered(group)) in apart else None)


def _of_other_names(groups: Sequence[Group]) -> list[Group]:
    """Files of one header in a folder of their own as one, where a column has one name in each and another in all others.

    So are those of folders beside each other, one an index: members/LRG/2024.csv and members/SML/2024.csv.
    """

    def own(group: Group) -> object:
        return PurePosixPath(group.first.file).parent

    def beside(group: Group) -> object | None:
        folders = PurePosixPath(group.first.file).parents
        return (folders[1], group.first.labels, group.doubtful) if len(folders) > 1 else None

    for shared in (own, beside):
        groups = _together(groups, _apart_by(groups, shared))
    return list(groups)


def _apart_by(groups: Sequence[Group], shared: Callable[[Group], object | None]) -> Callable[[Group], object | None]:
    """What groups share, where a column tells all that share it apart; None of others."""
    sharing: dict[object, list[Group]] = {}
    for group in groups:
        sharing.setdefault(shared(group), []).append(group)
    apart = {key for key, members in sharing.items() if key is not None and len(members) > 1 and _name_apart(members)}
    return lambda group: key if (key := shared(group)) in apart else None


def _name_apart(members: Sequence[Group]) -> bool:
    """Whether files by day are of one header and kind, and a column of texts tells them apart: those of an index each."""
    labels = members[0].first.labels
    if any(each.first.labels != labels or each.first.sheet is not None or not each.is_long for each in members):
        return False
    if len({(PurePosixPath(each.first.file).suffix, each.doubtful, str(each.first.how)) for each in members}) > 1:
        return False
    days = [label for label in labels if members[0].shape(label).kind == DAY]
    for label in labels if days else ():
        names = [{*each.texts(label)} for each in members if each.shape(label).kind == TEXT]
        if len(names) == len(members) and all(len(each) == 1 for each in names) and len(set().union(*names)) == len(members):
            return True
    return False


def _numbered(group: Group) -> object | None:
    sheet = group.first.sheet
    numbered = sheet is not None and group.is_long and abstract(sheet) != sheet and len(group.seen) == 1
    return (group.first.file, abstract(sheet), group.first.labels) if numbered and sheet is not None else None


def _first_days(group: Group) -> set[pd.Timestamp]:
    """The days of the first of its columns that holds days."""
    if _numbered(group) is None:
        return set()
    label = next((label for label in group.first.labels if group.shape(label).kind == DAY), None)
    return set() if label is None else {*group.days(label).dropna()}


def _apart(members: Sequence[Seen]) -> list[tuple[Seen, ...]]:
    """Files of one header that are one table; each its own where they are grids over the same days, a field each."""
    first, *others = members
    days, *across = first.labels
    grids = len(across) > MANY or (len(across) > 1 and shape_of(first.cells[days]).kind == DAY)
    if others and grids and all(shape_of(first.cells[label]).kind == NUMBER for label in across[:MANY]):
        there = {*first.cells[days]}
        if any(there & {*other.cells[days]} for other in others):
            return [(each,) for each in members]
    return [tuple(members)]


def merged(groups: Sequence[Group]) -> list[Group]:
    """Groups of lists, one a portfolio, with one header: one group, where sheets or names of dated files differ.

    Workbooks of two portfolios a month, each with the same sheets, are told apart by their names as other files are.
    """
    of_sheets = _together(groups, lambda group: group.first.file if group.first.sheet is not None else None)
    return _together(of_sheets, _beside_other_days)


def _beside_other_days(group: Group) -> object | None:
    """What files of lists that are one table share beside their header: the folder and the sheets; each has a day."""
    if day_in(group.files) is None:
        return None
    return str(PurePosixPath(group.first.file).parent), tuple(sorted({each.sheet or "" for each in group.seen}))


def _together(groups: Sequence[Group], shared: Callable[[Group], object | None]) -> list[Group]:
    """Groups of one header that share something as one; those that share nothing as they are."""
    together: dict[object, list[Group]] = {}
    for place, group in enumerate(groups):
        same = shared(group)
        key = place if same is None else (same, group.first.labels, group.doubtful)
        together.setdefault(key, []).append(group)
    return [
        members[0] if len(members) == 1 else Group(tuple(sorted(seen, key=lambda each: each.file)))
        for members in together.values()
        for seen in [[each for group in members for each in group.seen]]
    ]
