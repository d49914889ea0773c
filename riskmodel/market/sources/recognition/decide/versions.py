"""Older versions of a table of securities: rows that say what a stock was, beside what it is, and files of earlier days."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.values import DAY
from riskmodel.market.sources.recognition.groups import Group, Versions
from riskmodel.market.sources.recognition.names import days_of

ALIKE = 0.8  # of the rows of two files of a register are the same; a list has other numbers on another day
MOST_CELLS = 30  # different ones of a column that says which version a row is: a mapping leaves them out by name


def without_older(groups: Sequence[Group]) -> list[Group]:
    """Groups; of those whose codes name the stocks of others, and come several times, the rows or the file in force."""
    out = list(groups)
    for place, group in enumerate(groups):
        kept = (latest(group) or in_force(group)) if group.is_long else None
        if kept is not None and by_code.is_used(kept, [other for other in groups if other is not group]):
            out[place] = kept
    return out


def latest(group: Group) -> Group | None:
    """The file of the last day alone, of files of days with the same codes in rows that hardly differ; None of others."""
    days = days_of(group.files) if 1 < len(group.seen) <= MOST_CELLS else None
    if days is None or not days.is_unique:
        return None
    last = group.seen[int(days.argmax())]
    others = [each for each in group.seen if each is not last]
    newest = Group((last,), older=tuple(each.file for each in others))
    codes = [label for label, texts in by_code.code_columns(newest).items() if len(texts) >= by_code.FEW_CODES]
    if not codes or not all(_same_rows(last.cells, each.cells, codes[0]) for each in others):
        return None
    return newest


def _same_rows(one: pd.DataFrame, other: pd.DataFrame, label: str) -> bool:
    """Whether most codes of either are in both, and their rows are the same."""
    one, other = (cells.astype(str).drop_duplicates(label).set_index(label) for cells in (one, other))
    both = one.index.intersection(other.index)
    here, there = one.loc[both], other.loc[both]
    same = ((here == there) | (here.isna() & there.isna())).all(axis=1)
    return len(both) >= ALIKE * min(len(one), len(other)) and bool(same.mean() >= ALIKE)


def in_force(group: Group) -> Group | None:
    """A group without the older versions of rows; None where no cell of one column has each code once, and all of them."""
    permanent = {label: codes for label, codes in by_code.permanent_codes(group).items() if len(codes) >= by_code.FEW_CODES}
    if not permanent:
        return None
    label, codes = max(permanent.items(), key=lambda each: len(each[1]))
    names = group.texts(label)
    found = [(_lateness(group, names, kept), column, kept) for column, kept in _once(group, label, names, codes)]
    if not found:
        return None
    _, column, kept = max(found, key=lambda each: each[0])  # the latest; where days say nothing the first of the file
    older = tuple(sorted({*group.texts(column)[~kept]}))
    rows = pd.Series(kept.to_numpy())
    starts = [0, *pd.Series([len(each.cells) for each in group.seen]).cumsum()]
    seen = tuple(
        replace(each, cells=each.cells[rows.iloc[start : start + len(each.cells)].to_numpy()].reset_index(drop=True))
        for each, start in zip(group.seen, starts[:-1], strict=True)
    )
    return replace(group, seen=seen, versions=Versions(label, column, older, int((~kept).sum())))


def _once(group: Group, label: str, names: pd.Series, codes: frozenset[str]) -> Iterator[tuple[str, pd.Series]]:
    """The columns with a cell that stands beside each code once, each with the rows that have it."""
    for column in group.first.labels:
        texts = group.texts(column)
        if column == label or not 1 < texts.nunique() <= MOST_CELLS:
            continue
        for cell in texts.unique():
            kept = texts == cell
            if names[kept].is_unique and {*names[kept]} >= codes:
                yield column, kept


def _lateness(group: Group, names: pd.Series, kept: pd.Series) -> float:
    """How much later, by the columns of days, the rows that are kept are than the others of the same codes."""
    several = names.duplicated(keep=False)
    days = [group.days(label) for label, shape in group.shapes.items() if shape.kind == DAY]
    later = [(each[several & kept].max() - each[several & ~kept].max()).days for each in days if each.notna().any()]
    return float(sum((each > 0) - (each < 0) for each in later if pd.notna(each)))


def ask_versions(draft: Draft) -> None:
    """Ask which rows, or which file, are in force, of a table whose older versions were not looked at."""
    if draft.group is None:
        return
    if draft.group.older:
        draft.why.pop(("file",), None)
        draft.state(("file",), OPEN, Fact("which_place", {"places": (draft.group.place, *draft.group.older)}))
    versions = draft.group.versions
    if versions is not None:
        column, cells = (json.dumps(each, ensure_ascii=False) for each in (versions.column, versions.cells))
        values = {"rows": versions.rows, "label": versions.label, "column": versions.column}
        values |= {"answer": f"{{ {column} = {cells} }}"}
        draft.state(("drop",), OPEN, Fact("several_versions", values))
