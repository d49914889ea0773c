"""A folder that nobody has described: which table each file is taken for, why, and what must be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.cash import state_cash
from riskmodel.market.sources.recognition.days import settle_days, why_no_prices
from riskmodel.market.sources.recognition.doubts import doubtful_word, other_kinds
from riskmodel.market.sources.recognition.drafts import (
    ASKED,
    MISSING,
    TAKEN,
    UNREAD,
    UNUSED,
    Draft,
    Found,
    names_of_levels,
    names_of_lists,
    state_place,
    state_sessions,
)
from riskmodel.market.sources.recognition.files import Seen, Unread, look
from riskmodel.market.sources.recognition.groups import MANY, Candidate, Group, candidates, groups_of, merged
from riskmodel.market.sources.recognition.long import long_draft
from riskmodel.market.sources.recognition.names import plain_index
from riskmodel.market.sources.recognition.reasons import why_left
from riskmodel.market.sources.recognition.values import NUMBER
from riskmodel.market.sources.recognition.wide import Wide, as_wide, is_across, levels_mixed, wide_drafts
from riskmodel.market.sources.recognition.words import WORDS, has, matched, tokens
from riskmodel.market.tables import TABLES

WHOLE_WORD = 3.0  # of a header that is a word and nothing else
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
    for group in narrow:
        if group is not securities and codes and not any(each.label("ticker") for each in choices[group]):
            choices[group] = candidates(group, joined=by_code.joined_columns(group, codes))
    choices = {group: _of_known_codes(group, choices[group], codes, securities) for group in groups}
    indices = _index_names(choices)
    across = {group: as_wide(group, codes, indices) for group in groups}
    levels = indices.union(*(sheet.names for sheet in across.values() if sheet is not None and sheet.table == "indices"))
    choices = {group: _of_named_lists(group, choices[group], levels) for group in groups}
    sheets: list[Wide] = []
    taken: dict[str, tuple[Group, Candidate]] = {}
    rivals: dict[str, list[Group]] = {}
    for group in sorted(groups, key=lambda group: _rank(group, choices[group])):
        wide = across[group]
        likely = choices[group]
        if wide is not None and (mixed_levels := levels_mixed(wide)):
            found.append(_group(group, UNUSED, Fact("levels_mixed", {"labels": mixed_levels}), "indices"))
        elif wide is not None:
            sheets.append(wide)
        elif is_across(group, codes):
            found.append(_group(group, ASKED, Fact("days_across")))
        elif not likely:
            found.append(_group(group, *why_left(group, codes)))
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
            may_be = tuple(s.group.place for s in sheets if s.table == draft.table)
            first = next(each for each in drafts if each.table == draft.table)
            first.why[("file",)] = (*first.why.get(("file",), ()), Fact("fields_beside", {"places": may_be}))
            place = taken[draft.table][0].place
            left += [
                (s, Fact("second_of_table", {"table": s.table, "place": place}))
                for s in sheets
                if s.table == draft.table and s.field is not None
            ]
        else:
            drafts.append(draft)
    if not any(draft.table == "shares" for draft in drafts) and (more := _shares_of_prices(taken)) is not None:
        drafts.append(more)
    found += [_group(sheet.group, UNUSED if why.key == "needless" else ASKED, why, sheet.table) for sheet, why in left]
    _state_codes(drafts, sheets, codes, securities)
    _state_indices(drafts)
    for draft in drafts:
        state_sessions(draft)
        state_cash(draft, frozenset().union(*codes.values()))
    order = list(TABLES)
    drafts.sort(key=lambda draft: order.index(draft.table))
    for draft in drafts:
        found += _columns(draft, _of_others(draft, drafts))
    for group in groups:
        found += _headers(group)
    found += _not_found(drafts)
    return Recognised(tuple(drafts), tuple(sorted(found, key=lambda each: (each.file == "", each.file, each.sheet))))


def _rank(group: Group, likely: Sequence[Candidate]) -> tuple[bool, float]:
    """The likeliest first, and what its name says should not be used last."""
    return doubtful_word(group) is not None, -max((each.score for each in likely), default=0)


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
        known = label is None or not codes or _is_known(frozenset(group.texts(label)), codes)
        stock_as_index = (
            (index := each.label("index")) is not None
            and codes
            and by_code.best_column(frozenset(group.texts(index)), codes)[0] is not None
        )
        if known and not stock_as_index and each.table != "securities" and why_no_prices(group, each) is None:
            out.append(each)
    return out


def _is_known(texts: frozenset[str], codes: Mapping[str, frozenset[str]]) -> bool:
    return by_code.best_column(texts, codes)[0] is not None or by_code.ending_of(texts, codes) is not None


def _of_named_lists(group: Group, likely: Sequence[Candidate], levels: frozenset[str]) -> list[Candidate]:
    """The tables that a group may be: lists that are named as an index with levels is are those of its members."""
    if not likely or likely[0].table != "holdings" or likely[0].label("portfolio") is not None or not levels:
        return list(likely)
    known = {plain_index(name) for name in levels}
    named = {each.sheet or PurePosixPath(each.file).stem for each in group.seen}
    if not all(any(_is_named(name, index) for index in known) for name in named):
        return list(likely)
    columns = {ours: found for ours, found in likely[0].columns.items() if ours in TABLES["constituents"].columns}
    return [Candidate("constituents", columns, likely[0].score)] if "weight" in columns else list(likely)


def _is_named(name: str, index: str) -> bool:
    """Whether the name of a file or sheet has that of an index in it, as whole words."""
    return bool(index) and has(tokens(name), index)


def _shares_of_prices(taken: Mapping[str, tuple[Group, Candidate]]) -> Draft | None:
    """The table of share counts out of the file of prices, where that has a count or a market value by day."""
    if "prices" not in taken:
        return None
    group, prices = taken["prices"]
    used = {label for found in prices.columns.values() for label, _ in found}
    columns = {"available_from": prices.columns["date"], "ticker": prices.columns["ticker"]}
    for ours in ("shares_out", "market_cap"):
        scores = {
            label: matched(label, WORDS["shares"][ours])
            for label in group.first.labels
            if label not in used and group.shape(label).kind == NUMBER
        }
        best = max((score for score, word in scores.values() if word != "shares"), default=0.0)  # may be shares traded
        found = tuple((label, word) for label, (score, word) in scores.items() if score == best >= WHOLE_WORD)
        if found:
            columns[ours] = found
            return long_draft(group, Candidate("shares", columns, best))
    return None


def _state_indices(drafts: Sequence[Draft]) -> None:
    """State which level each list of constituents is of, where the two have other names: LRG beside LRG Index."""
    by_table = {draft.table: draft for draft in drafts}
    levels, lists = by_table.get("indices"), by_table.get("constituents")
    if levels is None or lists is None or lists.group is None:
        return
    theirs = names_of_levels(levels)
    for name in names_of_lists(lists):
        same = [level for level in theirs if plain_index(level) == plain_index(name)]
        if name not in theirs and len(same) == 1:
            lists.state(("values", "index", name), same[0], Fact("same_index", {"label": same[0]}))


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
        if "layout" in draft.stated:
            sheet = next((each for each in sheets if each.table == draft.table and each.codes), None)
            label, share = by_code.best_column(sheet.names, codes) if sheet else (None, 0.0)
        elif "ticker" in draft.labels and draft.group is not None:
            texts = frozenset(draft.group.texts(draft.labels["ticker"]))
            label, share = by_code.best_column(texts, codes)
            if label is None and (ending := by_code.ending_of(texts, codes)) is not None:
                label, share = ending.label, ending.share
                why = Fact("ending", {"cell": ending.theirs, "code": ending.own})
                draft.state(("endings",), {ending.theirs: ending.own}, why)
        else:
            continue
        if label is not None:
            columns[draft.table] = (label, share)
    used: dict[str, int] = {}
    for label, _ in columns.values():
        used[label] = used.get(label, 0) + 1
    ticker = by_code.choose_ticker(securities, list(codes), used)
    master.state(("columns", "ticker"), ticker, Fact("chosen_ticker", {"label": ticker}))
    master.labels["ticker"] = ticker
    for ours in [ours for ours, label in master.labels.items() if label == ticker and ours != "ticker"]:
        del master.stated["columns"][ours]
        del master.labels[ours]
        _state_other(master, ours, securities)
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


def _state_other(master: Draft, ours: str, securities: Group) -> None:
    """State the next best column of securities for one whose first choice is the tickers."""
    master.why.pop(("columns", ours), None)
    left = [label for label in securities.first.labels if label not in master.labels.values()]
    scores = {label: matched(label, WORDS["securities"][ours]) for label in left}
    label = max(scores, key=lambda each: scores[each], default=None)
    if label is not None and scores[label][0]:
        master.state(("columns", ours), label, Fact("header_word", {"word": scores[label][1]}))
        master.labels[ours] = label


def _of_others(draft: Draft, drafts: Sequence[Draft]) -> frozenset[str]:
    """The columns of a draft's files that another one tells of: of a file that is two tables the second says less."""
    others = [other for other in drafts if other is not draft and other.group is draft.group is not None]
    first = all(drafts.index(draft) < drafts.index(other) for other in others)
    labels = {label for other in others for label in other.labels.values()}
    return frozenset(labels if first or draft.group is None else draft.group.first.labels)


def _columns(draft: Draft, told: frozenset[str]) -> list[Found]:
    """A row for each column of a draft's files, but for those told elsewhere, and for what is asked of the table."""
    rows = []
    questions = draft.questions()
    if "layout" in draft.stated:
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
            place = (_file_of(draft), ", ".join(group.sheets) or group.first.sheet or "")
            if verdict != UNUSED or label not in told:
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
