"""A folder that nobody has described: which table each file is taken for, why, and what must be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.cash import state_cash
from riskmodel.market.sources.recognition.days import settle_days
from riskmodel.market.sources.recognition.doubts import doubtful_word, other_kinds
from riskmodel.market.sources.recognition.drafts import (
    ASKED,
    MISSING,
    TAKEN,
    UNREAD,
    UNUSED,
    Draft,
    Found,
    long_draft,
    state_place,
    state_sessions,
)
from riskmodel.market.sources.recognition.files import Seen, Unread, look
from riskmodel.market.sources.recognition.groups import MANY, Candidate, Group, candidates, groups_of, merged
from riskmodel.market.sources.recognition.reasons import why_left
from riskmodel.market.sources.recognition.wide import Wide, as_wide, is_across, levels_mixed, wide_drafts
from riskmodel.market.sources.recognition.words import HEADERS, has, tokens
from riskmodel.market.tables import TABLES

CLOSE = 0.5  # of a score: two tables that a file may be are asked for
WISHED = ("fundamentals", "earnings", "indices", "constituents", "rates")  # tables without which something is left out
LISTS = ("holdings", "constituents")


@dataclass(frozen=True)
class Recognised:
    """What a folder of exports is taken for.

    Attributes
    ----------
    drafts
        A mapping for each table that was found, in the order of `riskmodel.market.tables.TABLES`.
    found
        What each column, sheet and file is taken for, and what is needed and was not found.
    """

    drafts: tuple[Draft, ...]
    found: tuple[Found, ...]

    def draft(self, table: str) -> Draft | None:
        """The mapping of a table; None where it was not found."""
        return next((draft for draft in self.drafts if draft.table == table), None)


def recognise(folder: Path) -> Recognised:
    """Look at every file of a folder; nothing is written, and no unit is guessed.

    Examples
    --------
    >>> found = recognise(Path("fixtures/exports/vendor/files"))
    >>> found.draft("prices").stated["columns"]["close"], found.draft("prices").stated["identifiers"]
    ('Schlusskurs (USD)', 'code_1')
    """
    looked = list(look(folder))
    found = [_file(each, UNREAD, each.why) for each in looked if isinstance(each, Unread)]
    groups = merged_lists(groups_of(each for each in looked if isinstance(each, Seen)))
    settle_days(groups)
    narrow = [group for group in groups if len(group.first.labels) <= MANY]
    choices = {group: candidates(group) if group in narrow else [] for group in groups}
    securities = by_code.securities_among(choices)
    codes = by_code.code_columns(securities) if securities is not None else {}
    choices = {group: _of_known_codes(group, choices[group], codes, securities) for group in groups}
    indices = _index_names(choices)
    sheets: list[Wide] = []
    taken: dict[str, tuple[Group, Candidate]] = {}
    rivals: dict[str, list[Group]] = {}
    for group in sorted(groups, key=lambda group: _rank(group, choices[group])):
        wide = as_wide(group, codes, indices)
        likely = choices[group]
        if wide is not None and (mixed_levels := levels_mixed(wide)):
            found.append(_group(group, UNUSED, Fact("levels_mixed", {"labels": mixed_levels}), "indices"))
        elif wide is not None:
            sheets.append(wide)
        elif is_across(group, codes):
            found.append(_group(group, ASKED, Fact("days_across")))
        elif not likely:
            found.append(_group(group, *why_left(group, codes)))
        elif likely[0].table == "rates" and _is_yearly(likely[0]):
            found.append(_group(group, ASKED, Fact("yearly_rate"), "rates"))
        elif likely[0].table == "splits" and (mixed := other_kinds(group, likely[0])) is not None:
            found.append(_group(group, UNUSED, Fact("kinds_mixed", {"label": mixed[0], "cells": mixed[1]}), "splits"))
        elif len(likely) > 1 and likely[0].score - likely[1].score < CLOSE:
            either = tuple(sorted((likely[0].table, likely[1].table)))
            found.append(_group(group, ASKED, Fact("either_table", {"tables": either})))
        elif likely[0].table in taken:
            other = taken[likely[0].table][0]
            rivals.setdefault(likely[0].table, []).append(group)
            found.append(_group(group, ASKED, Fact("second_of_table", {"table": likely[0].table, "place": other.place})))
        else:
            taken[likely[0].table] = (group, likely[0])
    drafts = [long_draft(group, candidate) for group, candidate in taken.values()]
    for draft in drafts:
        state_place(draft, rivals.get(draft.table, []))
    of_sheets, left = wide_drafts(sheets)
    for draft in of_sheets:
        if draft.table in taken:
            place = taken[draft.table][0].place
            left += [
                (s, Fact("second_of_table", {"table": s.table, "place": place})) for s in sheets if s.table == draft.table
            ]
        else:
            drafts.append(draft)
    found += [_group(sheet.group, UNUSED if why.key == "needless" else ASKED, why, sheet.table) for sheet, why in left]
    _state_codes(drafts, sheets, codes, securities)
    for draft in drafts:
        state_sessions(draft)
        state_cash(draft, frozenset().union(*codes.values()))
    order = list(TABLES)
    drafts.sort(key=lambda draft: order.index(draft.table))
    for draft in drafts:
        found += _columns(draft)
    for group in groups:
        found += _headers(group)
    found += _not_found(drafts)
    return Recognised(tuple(drafts), tuple(sorted(found, key=lambda each: (each.file == "", each.file, each.sheet))))


def _rank(group: Group, likely: Sequence[Candidate]) -> tuple[bool, float]:
    """The likeliest first, and what its name says should not be used last."""
    return doubtful_word(group) is not None, -max((each.score for each in likely), default=0)


def _is_yearly(rates: Candidate) -> bool:
    """Whether the header of a rate says that it is one of a year, which no unit makes one of a day."""
    words = tokens(rates.label("risk_free") or "")
    return any(has(words, phrase) for phrase in HEADERS["yearly"])


def merged_lists(groups: Sequence[Group]) -> list[Group]:
    """Groups with the lists of several portfolios as one; others as they are."""
    lists = [g for g in groups if len(g.first.labels) <= MANY and any(c.table in LISTS for c in candidates(g))]
    return [group for group in groups if group not in lists] + merged(lists)


def _of_known_codes(
    group: Group, likely: Sequence[Candidate], codes: Mapping[str, frozenset[str]], securities: Group | None
) -> list[Candidate]:
    """The tables that a group may be, whose names of stocks are known to the table of securities."""
    if group is securities:
        return [each for each in likely if each.table == "securities"]
    out = []
    for each in likely:
        label = each.label("ticker")
        known = label is None or not codes or by_code.best_column(frozenset(group.texts(label)), codes)[0] is not None
        stock_as_index = (
            (index := each.label("index")) is not None
            and codes
            and by_code.best_column(frozenset(group.texts(index)), codes)[0] is not None
        )
        if known and not stock_as_index and each.table != "securities":
            out.append(each)
    return out


def _index_names(choices: Mapping[Group, Sequence[Candidate]]) -> frozenset[str]:
    names = set[str]()
    for group, likely in choices.items():
        if likely and likely[0].table in ("indices", "constituents") and (label := likely[0].label("index")):
            names |= {*group.texts(label)}
    return frozenset(names)


def _state_codes(
    drafts: Sequence[Draft], sheets: Sequence[Wide], codes: Mapping[str, frozenset[str]], securities: Group | None
) -> None:
    """State which column of securities is the ticker, and by which each table names its stocks."""
    master = next((draft for draft in drafts if draft.table == "securities"), None)
    if master is None or securities is None or not codes:
        return
    columns: dict[str, tuple[str, float]] = {}
    for draft in drafts:
        if draft is master:
            continue
        if draft.stated.get("layout") == "wide":
            sheet = next((each for each in sheets if each.table == draft.table and each.codes), None)
            label, share = by_code.best_column(frozenset(sheet.group.first.labels[1:]), codes) if sheet else (None, 0.0)
        elif "ticker" in draft.labels and draft.group is not None:
            label, share = by_code.best_column(frozenset(draft.group.texts(draft.labels["ticker"])), codes)
        else:
            continue
        if label is not None:
            columns[draft.table] = (label, share)
    used: dict[str, int] = {}
    for label, _ in columns.values():
        used[label] = used.get(label, 0) + 1
    ticker = by_code.choose_ticker(securities, list(codes), used)
    master.state(("columns", "ticker"), ticker, Fact("chosen_ticker", {"label": ticker}))
    for ours in [ours for ours, label in master.labels.items() if label == ticker and ours != "ticker"]:
        del master.stated["columns"][ours]
    master.labels["ticker"] = ticker
    names: dict[str, str] = {}
    for label in used:
        if label != ticker:
            names[label] = by_code.own_name(
                label, securities.shape(label).code, [*names.values(), *master.stated["columns"]]
            )
            master.state(("columns", names[label]), label, Fact("codes_of_others"))
            master.labels[names[label]] = label
    for draft in drafts:
        if draft.table in columns:
            label, share = columns[draft.table]
            if label != ticker:
                draft.state(("identifiers",), names[label], by_code.fact_of_codes(label, share))
            elif ("columns", "ticker") in draft.why:
                draft.why[("columns", "ticker")] += (by_code.fact_of_codes(label, share),)


def _columns(draft: Draft) -> list[Found]:
    """A row for each column of a draft's files, and for what is asked of the table as a whole."""
    rows = []
    questions = draft.questions()
    if draft.stated.get("layout") == "wide":
        for (ours, field), sheet in zip(draft.stated["fields"].items(), draft.sheets, strict=True):
            own = [path for path in questions if path[:2] == ("fields", ours)]
            why = draft.why[("fields", ours, "file")] + tuple(fact for path in own for fact in draft.why[path])
            verdict = ASKED if own else TAKEN
            place = str(field["file"]) if field["file"] != OPEN else sheet.first.file, sheet.first.sheet or ""
            rows.append(Found(*place, "*", draft.table, ours, verdict, why))
    group = draft.group
    asked = {path[-1] for path in questions if path[:1] in (("columns",), ("units",), ("values",))}
    if group is not None:
        ours_of = {label: ours for ours, label in draft.labels.items()}
        both = {label for path in questions for fact in draft.why[path] for label in fact.values.get("labels", ())}
        unit_of = {
            name for path in questions if path == ("unit",) for fact in draft.why[path] for name in fact.values["columns"]
        }
        for label in group.first.labels:
            ours = ours_of.get(label, "")
            unit = ours in asked or ours in unit_of or any(path[:2] == ("values", ours) for path in questions)
            verdict = ASKED if label in both or unit else TAKEN if ours else UNUSED
            why = draft.why.get(("columns", ours), ()) + draft.why.get(("units", ours), ())
            why = why or tuple(
                fact for path in questions for fact in draft.why[path] if label in fact.values.get("labels", ())
            )
            place = (_file_of(draft), group.first.sheet or "")
            rows.append(Found(*place, label, draft.table, ours, verdict, why or (Fact("not_needed"),)))
    for path in questions:
        if path[0] != "fields" and not (path[0] in ("units", "columns") and path[-1] in draft.labels):
            rows.append(Found(_file_of(draft), "", ".".join(path), draft.table, path[-1], ASKED, draft.why[path]))
    return rows


def _headers(group: Group) -> list[Found]:
    """A row for the columns that a header does not tell apart, or that have none: no mapping can name them."""
    facts = [Fact("header_twice", {"labels": group.twice})] if group.twice else []
    facts += [Fact("header_missing", {"columns": group.unnamed})] if group.unnamed else []
    return [Found(*_place(group), "", "", "", UNUSED, (fact,)) for fact in facts]


def _file_of(draft: Draft) -> str:
    """The file of a draft as its findings name it, also while it is asked which it is."""
    file = str(draft.stated.get("file", ""))
    return draft.group.place if draft.group is not None and file == OPEN else file


def _not_found(drafts: Sequence[Draft]) -> list[Found]:
    there = {draft.table for draft in drafts}
    needed = [name for name, spec in TABLES.items() if spec.required or name == "holdings"]
    rows = [
        Found("", "", "", name, "", MISSING, (Fact("table_missing", {"table": name}),))
        for name in needed
        if name not in there
    ]
    rows += [
        Found("", "", "", name, "", MISSING, (Fact("table_absent", {"table": name}),))
        for name in WISHED
        if name not in there and name not in needed
    ]
    for draft in drafts:
        for path, why in draft.why.items():
            if path[0] == "constant" and any(fact.key == "left_empty" for fact in why):
                rows.append(Found("", "", "", draft.table, path[-1], MISSING, why))
    return rows


def _file(each: Unread, verdict: str, why: Fact) -> Found:
    return Found(each.file, each.sheet or "", "", "", "", verdict, (why,))


def _group(group: Group, verdict: str, why: Fact, table: str = "") -> Found:
    return Found(*_place(group), "", table, "", verdict, (why,))


def _place(group: Group) -> tuple[str, str]:
    """The file and the sheet of a group as its findings name them."""
    return group.place if len(group.seen) > 1 else group.first.file, group.first.sheet or ""
