"""Columns and rows of a long table beside which others are as good: two days of filing, two schemes, rows of one key."""

from __future__ import annotations

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.doubts import says
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.rows import MOST_SECTORS, are_sectors, lies_in
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.words import WORDS, has, tokens
from riskmodel.market.tables import TABLES

FILLED = 0.5  # of the rows of reports at least have a day of filing; a restatement's has few
FINER = ("sub", "sous", "unter", "code", "コード", "cd", "小", "detail", "level", "id")
FEW = 30  # different cells of a column that says of which kind a row is


def ask_equals(draft: Draft) -> None:
    """Ask of a draft what other columns or rows of its file could as well be."""
    if draft.group is None:
        return
    if draft.table == "fundamentals":
        _ask_filing(draft, draft.group)
    if draft.table == "securities":
        _ask_sector(draft, draft.group)
    if draft.table in ("prices", "shares"):
        _ask_as_traded(draft, draft.group)
    _ask_rows(draft, draft.group)


def _ask(draft: Draft, ours: str, question: Fact) -> None:
    """A column that was taken as a question that names it first."""
    draft.why.pop(("columns", ours), None)
    draft.labels.pop(ours, None)
    draft.state(("columns", ours), OPEN, question)


def _ask_as_traded(draft: Draft, group: Group) -> None:
    """Ask of prices and counts whether they are adjusted where what adjusts them stands beside; of prices below zero too."""
    factors = [label for label, shape in group.shapes.items() if shape.kind == NUMBER and says(label, "factors")]
    for ours in ("close", "volume", "shares_out"):
        label = draft.labels.get(ours)
        if label is not None and (factors or (ours == "close" and (group.numbers(label) <= 0).any())):
            _ask(draft, ours, Fact("not_as_it_is", {"labels": (label, *factors[:1])}))


def _ask_filing(draft: Draft, group: Group) -> None:
    """Ask which day a report was known on where another day too is always after the end of its period."""
    known, end = draft.labels.get("available_from"), draft.labels.get("period_end")
    if known is None or end is None:
        return
    later = [label for label in group.shapes if label not in (known, end) and _is_later(group, label, end)]
    if later:
        _ask(draft, "available_from", Fact("days_of_filing", {"labels": first((known, *later))}))


def _is_later(group: Group, label: str, end: str) -> bool:
    if group.shape(label).kind != DAY:
        return False
    days, ends = group.days(label), group.days(end)
    both = days.notna() & ends.notna()
    return bool(both.mean() >= FILLED and days.nunique() > 2 and (days[both] > ends[both]).all())


def _ask_sector(draft: Draft, group: Group) -> None:
    """Ask which scheme of sectors counts where a second one neither lies in the first nor has its groups."""
    label = draft.labels.get("sector")
    if label is None:
        return
    others = [
        other
        for other, shape in group.shapes.items()
        if other != label
        and shape.kind == TEXT
        and 1 < group.cells[other].nunique() <= min(MOST_SECTORS, len(group.cells) / 2)
        and (_says(other, "sector", "industry") or are_sectors(group.texts(other)))
        and (_is_second(other) or not lies_in(group.texts(other), group.texts(label)))
    ]
    if others:
        for ours in [ours for ours, taken in draft.labels.items() if ours == "industry" and taken in others]:
            _ask(draft, ours, Fact("which_of", {"labels": (draft.labels[ours],)}))
        _ask(draft, "sector", Fact("sector_unknown", {"labels": first((label, *others))}))


def _says(label: str, *columns: str) -> bool:
    return any(has(tokens(label), phrase) for ours in columns for phrase in WORDS["securities"][ours])


def _is_second(label: str) -> bool:
    """Whether a header says sector, of another house, and not a finer one of the same: Sub-sector, 33業種コード."""
    return _says(label, "sector") and not _says(label, "industry") and not any(has(tokens(label), each) for each in FINER)


def _ask_rows(draft: Draft, group: Group) -> None:
    """Ask which rows are left out where a table has several of one key, told apart by other columns: of sales, of EPS."""
    spec = TABLES[draft.table]
    keys = [draft.labels[ours] for ours in spec.key if ours in draft.labels]
    if "drop" in draft.stated or draft.table in ("holdings", "constituents") or len(keys) < len(spec.key):
        return
    frame = pd.DataFrame({label: group.texts(label) for label in keys}).assign(file=group.file_of_rows)
    frame = frame[(frame[keys] != "").all(axis=1)]
    again = frame.duplicated([*keys, "file"], keep=False)
    if not again.any():
        return
    rows = frame[again]
    telling = {
        label: sorted({*group.texts(label)} - {""})
        for label, shape in group.shapes.items()
        if label not in draft.labels.values()
        and shape.kind in (TEXT, NUMBER)
        and 1 < group.cells[label].nunique() <= FEW
        and rows.assign(cell=group.texts(label)[rows.index]).groupby([*keys, "file"])["cell"].nunique().max() > 1
    }
    told = tuple(f"{label}: {', '.join(first(cells))}" for label, cells in telling.items())
    if told:
        draft.state(("drop",), OPEN, Fact("several_of_key", {"keys": tuple(keys), "rows": len(rows), "cells": told}))
