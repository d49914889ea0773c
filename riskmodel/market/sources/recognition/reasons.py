"""Why a file is not taken for a table: its headers, its codes or its days."""

from __future__ import annotations

import re
from collections.abc import Mapping

from riskmodel.facts import Fact
from riskmodel.market.day_forms import looks_like_day
from riskmodel.market.sources.recognition.codes import best_column, by_tail
from riskmodel.market.sources.recognition.drafts import ASKED, UNUSED
from riskmodel.market.sources.recognition.evidence.days import MONTHLY, why_no_prices
from riskmodel.market.sources.recognition.evidence.headers import candidates
from riskmodel.market.sources.recognition.evidence.values import DAY, EMPTY, NUMBER, shape_of
from riskmodel.market.sources.recognition.evidence.values import TEXT as CELLS_OF_TEXT
from riskmodel.market.sources.recognition.groups import MANY, Group, fits, kind_of
from riskmodel.market.sources.recognition.names import IN_NAMES, day_in, days_of
from riskmodel.market.sources.recognition.words import OF_NAMES, WHOLE_WORD, WORDS, currency_said, has, matched, tokens
from riskmodel.market.tables import DATE, TEXT

RATES = (-5.0, 30.0)  # percent a year, or anything smaller: asked, never taken
MANY_FILES = 10  # of days, before a file a day is prices
SHOWN = 3  # codes or days of a column that are not known


def why_left(group: Group, codes: Mapping[str, frozenset[str]]) -> tuple[str, Fact, str]:
    """The verdict on a group that is no table by its headers and codes, the reason, and the table that it would be."""
    first, *across = group.first.labels
    pairs = [label for label, shape in group.shapes.items() if shape.kind == CELLS_OF_TEXT and _are_currencies(group, label)]
    if len(pairs) == 2 and len(across) < MANY:
        return ASKED, Fact("pair_in_two", {"labels": tuple(pairs)}), "fx"
    if (named := _a_file_a_day(group)) is not None:
        return ASKED, named, "prices"
    if may_be_rates(group):
        return ASKED, Fact("may_be_rates", {"label": across[0]}), "rates"
    column, _ = best_column(frozenset(across), codes)
    if column is not None and group.shape(first).kind == DAY and group.stacked.kind == CELLS_OF_TEXT:
        cells = [text for text in group.stacked.texts if text]
        words = [text for text in cells if not re.search(r"\d", text)]
        return ASKED, Fact("no_numbers_across", {"label": column, "cells": tuple((words or cells)[:SHOWN])}), ""
    if not group.is_long:
        if group.shape(first).kind == DAY and codes:
            return _of_codes(frozenset(across), "", codes, "")
    elif found := [each for each in candidates(group) if each.table != "securities"]:
        for label in (found[0].label("ticker"), found[0].label("index")):
            texts = frozenset(group.texts(label)) if label is not None else frozenset[str]()
            if label is not None and best_column(texts, codes)[0] is None and codes:
                return _of_codes(texts, label, codes, found[0].table)
        if (listed := why_no_prices(group, found[0])) is not None:
            return ASKED, listed, ""
    elif not candidates(group) and (found := candidates(group, readable=False)):
        table = found[0].table
        kinds = {label: kind_of(table, ours) for ours in found[0].columns if (label := found[0].label(ours)) is not None}
        unread = [label for label, kind in kinds.items() if kind != TEXT and not fits(group.shape(label), kind)]
        for label in unread:
            if (places := files_that_differ(group, label)) is not None:
                return ASKED, Fact("written_differently", {"what": f"'{label}'", "places": places}), table
        for label in (label for label in unread if kinds[label] == DATE):
            return ASKED, Fact("days_of_no_form", {"label": label, "cells": group.shape(label).texts[:SHOWN]}), table
    return UNUSED, Fact("no_table_of_ours", {"labels": group.first.labels[:8]}), ""


def _a_file_a_day(group: Group) -> Fact | None:
    """That files of prices have their day in their names alone, as a feed with a file a day has it."""
    days = days_of(group.files) if len(group.seen) > MANY_FILES else None
    closes = [label for label in group.first.labels if matched(label, WORDS["prices"]["close"])[0] >= WHOLE_WORD]
    if days is None or not closes or any(shape.kind == DAY for shape in group.shapes.values()):
        return None
    if days.drop_duplicates().sort_values().diff().median() >= MONTHLY:
        return None
    form = day_in(group.files) or ""
    files = re.sub(IN_NAMES[form], "{date}", group.first.file)
    return Fact("file_a_day", {"file": files, "form": form, "labels": tuple(closes)})


def may_be_rates(group: Group) -> bool:
    """Whether a group is a number a day that is never far from zero, under a header that says nothing: perhaps a rate."""
    first, *others = group.first.labels
    if len(others) != 1 or group.shape(first).kind != DAY or group.shape(others[0]).kind != NUMBER:
        return False
    numbers = group.numbers(others[0]).dropna()
    return len(numbers) > 1 and bool(numbers.between(*RATES).all())


def named_rates(group: Group) -> tuple[str, ...]:
    """The numbers of a file that are named as rates, or whose file, sheet or folder is; with days across the texts.

    Days may be in a form that is not known: a rate must not count as none for that.
    """
    of_file = any(map(says_rates, group.around))
    if of_file and sum(map(looks_like_day, group.first.labels)) > 1:
        labels = (label for label in group.first.labels if not looks_like_day(label))
        return tuple(label for label in labels if group.shape(label).kind == CELLS_OF_TEXT)
    numbers = [label for label, shape in group.shapes.items() if shape.kind == NUMBER]
    phrases = WORDS["rates"]["risk_free"]
    named = (label for label in numbers if of_file or says_rates(label) or matched(label, phrases)[0])
    return tuple(label for label in named if currency_said(label) is None)


def says_rates(text: str) -> bool:
    """Whether the name of a file, of a sheet or a folder, or a header, says rates of interest.

    Examples
    --------
    >>> [says_rates(text) for text in ("Money market rates", "拆款利率", "dividends")]
    [True, True, False]
    """
    return any(has(tokens(text), phrase) for phrase in OF_NAMES["rates"])


def _are_currencies(group: Group, label: str) -> bool:
    """Whether a column has codes of currencies alone."""
    texts = {*group.texts(label)} - {""}
    return bool(texts) and all(len(text) == 3 and text.isascii() and text.isalpha() and text.isupper() for text in texts)


def files_that_differ(group: Group, label: str) -> tuple[str, ...] | None:
    """A file for each way in which the days or numbers of a column are written; None where that is not what is wrong."""
    ways = dict[tuple[object, ...], str]()
    for each in group.seen:
        shape = shape_of(each.cells[label])
        if shape.kind not in (DAY, NUMBER, EMPTY):
            return None
        if shape.kind != EMPTY:
            first = each.cells[label].dropna().iloc[0]
            ways.setdefault((shape.kind, shape.forms, shape.points), f"{each.file} ({first})")
    return tuple(ways.values()) if len(ways) > 1 else None


def _of_codes(texts: frozenset[str], label: str, codes: Mapping[str, frozenset[str]], table: str) -> tuple[str, Fact, str]:
    if (same := by_tail(texts, codes)) is not None:
        return ASKED, Fact("codes_by_tail", {"cell": same[0], "code": same[1]}), table
    return UNUSED, Fact("codes_unknown", {"label": label, "cells": tuple(sorted(texts - {""}))[:SHOWN]}), table
