"""Older versions of rows in a table of securities: a warehouse keeps what a stock was, beside what it is."""

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

MOST_CELLS = 30  # different ones of a column that says which version a row is: a mapping leaves them out by name


def without_older(groups: Sequence[Group]) -> list[Group]:
    """Groups; of those whose codes name the stocks of others, and come several times for a few, the rows in force."""
    out = list(groups)
    for place, group in enumerate(groups):
        kept = in_force(group) if group.is_long else None
        if kept is not None and by_code.is_used(kept, [other for other in groups if other is not group]):
            out[place] = kept
    return out


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
    """Ask which rows are in force, of a table whose older versions were not looked at."""
    versions = draft.group.versions if draft.group is not None else None
    if versions is not None:
        column, cells = (json.dumps(each, ensure_ascii=False) for each in (versions.column, versions.cells))
        values = {"rows": versions.rows, "label": versions.label, "column": versions.column}
        values |= {"answer": f"{{ {column} = {cells} }}"}
        draft.state(("drop",), OPEN, Fact("several_versions", values))
