"""Why a file is not taken for a table: its headers, its codes or its days."""

from __future__ import annotations

from collections.abc import Mapping

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.codes import best_column, by_tail
from riskmodel.market.sources.recognition.drafts import ASKED, UNUSED
from riskmodel.market.sources.recognition.groups import MANY, Group, candidates, fits, kind_of
from riskmodel.market.sources.recognition.values import DAY
from riskmodel.market.tables import DATE

SHOWN = 3  # codes or days of a column that are not known


def why_left(group: Group, codes: Mapping[str, frozenset[str]]) -> tuple[str, Fact, str]:
    """The verdict on a group that is no table by its headers and codes, the reason, and the table that it would be."""
    first, *across = group.first.labels
    if len(group.first.labels) > MANY:
        if group.shape(first).kind == DAY and codes:
            return _of_codes(frozenset(across), "", codes, "")
    elif found := [each for each in candidates(group) if each.table != "securities"]:
        for label in (found[0].label("ticker"), found[0].label("index")):
            texts = frozenset(group.texts(label)) if label is not None else frozenset[str]()
            if label is not None and best_column(texts, codes)[0] is None and codes:
                return _of_codes(texts, label, codes, found[0].table)
    elif not candidates(group) and (found := candidates(group, days=False)):
        columns = found[0].columns
        days = [label for ours in columns if kind_of(found[0].table, ours) == DATE and (label := found[0].label(ours))]
        unread = next((label for label in days if not fits(group.shape(label), DATE)), None)
        if unread is not None:
            cells = group.shape(unread).texts[:SHOWN]
            return ASKED, Fact("days_of_no_form", {"label": unread, "cells": cells}), found[0].table
    return UNUSED, Fact("no_table_of_ours", {"labels": group.first.labels[:8]}), ""


def _of_codes(texts: frozenset[str], label: str, codes: Mapping[str, frozenset[str]], table: str) -> tuple[str, Fact, str]:
    if (same := by_tail(texts, codes)) is not None:
        return ASKED, Fact("codes_by_tail", {"cell": same[0], "code": same[1]}), table
    return UNUSED, Fact("codes_unknown", {"label": label, "cells": tuple(sorted(texts - {""}))[:SHOWN]}), table
