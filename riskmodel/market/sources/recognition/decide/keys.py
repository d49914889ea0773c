"""Rows of one key: files of one header that share days are rivals, and no parts of one table; and of rows the same."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.codes import is_cash
from riskmodel.market.sources.recognition.drafts import Draft, said_of
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.values import NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import LISTED, Group
from riskmodel.market.sources.recognition.names import IN_NAMES, pattern_of
from riskmodel.market.sources.recognition.words import CURRENCIES
from riskmodel.market.tables import TABLES

FIGURES = ("eps_estimate", "eps_actual")
MANY_EMPTY = 0.05  # of the rows of results have no figure
MOST_SAID = 0.9  # of the rows without a figure have a word that no other row has
FEW = 30  # different cells of a column that says of which kind a row is
CODE = re.compile("[A-Z]{3}")  # of a currency
WORD = re.compile(r"[^\W_]+")


def ask_rows(draft: Draft) -> None:
    """Ask which rows are left out where a table has several of one key, told apart by other columns: of sales, of EPS.

    Of a list those without such a column too: they are lots, which nothing adds up.
    """
    group = draft.group
    if group is None or "drop" in draft.stated or (keys := _keys(draft, group)) is None:
        return
    if draft.table in LISTED and "ticker" in draft.labels:
        keys = keys[~keys[draft.labels["ticker"]].map(is_cash)]  # which is summed
    rows = keys.assign(file=group.file_of_rows[keys.index])
    rows = rows[rows.duplicated(keep=False)]
    if rows.empty:
        return
    telling = {
        label: sorted({*group.texts(label)} - {""})
        for label, shape in group.shapes.items()
        if label not in draft.labels.values()
        and shape.kind in (TEXT, NUMBER)
        and 1 < group.cells[label].nunique() <= FEW
        and rows.assign(cell=group.texts(label)[rows.index]).groupby([*rows])["cell"].nunique().max() > 1
    }
    told = tuple(f"{label}: {', '.join(first(cells))}" for label, cells in telling.items())
    several = {"keys": tuple(keys), "rows": len(rows)}
    if told:
        draft.state(("drop",), OPEN, Fact("several_of_key", several | {"cells": told}))
    if draft.table in LISTED:
        draft.state(("drop",), OPEN, Fact("several_of_lot", several))


def ask_without_figures(draft: Draft) -> None:
    """Ask which rows of results are left out where many have no figure and a column says another event: a meeting, sales."""
    group = draft.group
    if group is None or draft.table != "earnings" or "drop" in draft.stated:
        return
    asked = [fact for ours in FIGURES for fact in draft.why.get(("columns", ours), ())]
    labels = {label for fact in asked for label in fact.values.get("labels", ())} | {
        draft.labels[ours] for ours in FIGURES if ours in draft.labels
    }
    figures = [group.numbers(label).isna() for label in labels if group.shape(label).kind == NUMBER]
    if not figures:
        return
    empty = pd.concat(figures, axis=1).all(axis=1)
    told = []
    for label, shape in group.shapes.items():
        texts = group.texts(label)
        if shape.kind == TEXT and label not in draft.labels.values() and texts.nunique() <= FEW:
            words = sorted({*texts[empty]} - {*texts[~empty], ""})
            if words and texts[empty].isin(words).mean() > MOST_SAID:
                told.append(f"{label}: {', '.join(first(words))}")
    if told and empty.mean() >= MANY_EMPTY:
        values = {"rows": int(empty.sum()), "cells": tuple(told)}
        draft.state(("drop",), OPEN, Fact("without_figures", values))


def ask_currencies(draft: Draft) -> None:
    """Ask which rows of prices are left out where a column has several currencies: lines of one stock in two markets."""
    group = draft.group
    if group is None or draft.table not in ("prices", "shares"):
        return
    for label, shape in group.shapes.items():
        if shape.kind != TEXT or label in draft.labels.values() or group.cells[label].nunique() > FEW:
            continue
        counts = group.texts(label).value_counts().drop("", errors="ignore")
        codes = [str(each) for each in counts.index]
        if len(codes) > 1 and all(map(CODE.fullmatch, codes)) and {*codes} & {*CURRENCIES.values()}:
            answer = f"{{ {json.dumps(label, ensure_ascii=False)} = {json.dumps(codes[1:])} }}"
            rows = first(f"{code} ({count:,})" for code, count in counts.items())
            draft.state(("drop",), OPEN, Fact("several_currencies", {"label": label, "cells": rows, "answer": answer}))
            return


def ask_rows_of(draft: Draft, rivals: Sequence[Group]) -> None:
    """Ask the same of the first other file of its header that has such rows, where it is asked which file the table is."""
    for group in rivals:
        if "drop" not in draft.stated and {*draft.labels.values()} <= {*group.first.labels}:
            other = Draft(draft.table, dict(draft.stated), group=group, labels=draft.labels)
            ask_rows(other)
            if (why := other.why.get(("drop",))) is not None:
                draft.state(("drop",), OPEN, Fact("of_place", {"place": group.place}), *why)


def files_overlap(draft: Draft) -> Fact | None:
    """The question which of its files a table is, where rows of one key stand in several of them; None where none do."""
    group = draft.group
    if group is None or len(group.seen) < 2 or (keys := _keys(draft, group)) is None:
        return None
    there = keys.assign(file=group.file_of_rows[keys.index]).drop_duplicates()
    names = [*keys]
    again = there.duplicated(names, keep=False)
    if not again.any():
        return None
    rivals = there[again]
    rows = int((~rivals.duplicated(names)).sum())
    return Fact("files_overlap", {"keys": tuple(names), "rows": rows, "places": first(_families(group, rivals, names))})


def _keys(draft: Draft, group: Group) -> pd.DataFrame | None:
    """The key of each row that has one, out of columns, names of files and sheets; None where it is asked what it is."""
    said = [said_of(draft, each) for each in group.seen]
    found = dict[str, pd.Series]()
    for ours in TABLES[draft.table].key:
        label = draft.labels.get(ours)
        if label is None and draft.table not in LISTED:  # of those that it may be the likeliest
            asked = draft.why.get(("columns", ours), ())
            label = next((each for fact in asked for each in fact.values.get("labels", ()) if each in group.shapes), None)
        if label is not None:
            found[label] = group.texts(label)
        elif all(ours in each for each in said):
            found[ours] = pd.Series([said[file][ours] for file in group.file_of_rows], dtype=object)
        elif ours != LISTED.get(draft.table) or ("columns", ours) in draft.questions():
            return None
    frame = pd.DataFrame(found)
    return frame[(frame != "").all(axis=1)]


def _families(group: Group, rivals: pd.DataFrame, keys: Sequence[str]) -> tuple[str, ...]:
    """What of the files of a group is one table each: those alike in the word of their names that tells rivals apart."""
    names = [each.sheet or each.file for each in group.seen]
    if len({*names}) < len(names):  # a sheet of each of several workbooks
        names = [each.file for each in group.seen]
    words = [WORD.findall(_without_days(name)) for name in names]
    parted = list[list[str]]()
    if len({*map(len, words)}) == 1:
        for parts in zip(*words, strict=True):
            of_rows = rivals.assign(file=[parts[file] for file in rivals["file"]])
            if not of_rows.duplicated([*keys, "file"]).any():
                parted.append(list(parts))
    if not parted:
        return tuple(dict.fromkeys(names[file] for file in rivals["file"]))
    apart = min(parted, key=lambda parts: len({*parts}))
    members = [[name for name, part in zip(names, apart, strict=True) if part == one] for one in dict.fromkeys(apart)]
    return tuple(each[0] if len(each) == 1 else pattern_of(each, []) or each[0] for each in members)


def _without_days(name: str) -> str:
    for form in IN_NAMES.values():
        name = re.sub(form, "", name)
    return name
