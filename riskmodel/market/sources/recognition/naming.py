"""By which names tables call stocks and indices, as their mappings state it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from riskmodel.factors import CASH
from riskmodel.facts import Fact
from riskmodel.market.sources.derive import filled
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.drafts import Draft, as_ours, names_of_levels, names_of_lists
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.values import TEXT
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.names import plain_index
from riskmodel.market.sources.recognition.wide import Wide
from riskmodel.market.sources.recognition.words import WORDS, matched

MOST_FORMER = 20  # codes of a table that no security has


def state_indices(drafts: Sequence[Draft]) -> None:
    """State which level each list of constituents is of, where the two have other names: LRG beside LRG Index."""
    by_table = {draft.table: draft for draft in drafts}
    levels, lists = by_table.get("indices"), by_table.get("constituents")
    if levels is None or lists is None or lists.group is None:
        return
    for draft, names in ((levels, names_of_lists(lists)), (lists, names_of_levels(levels))):
        _state_same_names(draft, names, {*names_of_levels(levels)} & {*names_of_lists(lists)})
    theirs = names_of_levels(levels)
    left_out = {label for fact in levels.why.get(("drop",), ()) for label in fact.values.get("labels", ())}
    for name in names_of_lists(lists):
        same = [level for level in theirs if plain_index(level) == plain_index(name)]
        with_dividends = [level for level in theirs if level.startswith(name)] if name in left_out else []
        if name not in theirs and len(same) == 1:
            lists.state(("values", "index", name), same[0], Fact("same_index", {"label": same[0]}))
        elif with_dividends:
            lists.state(("values", "index", name), OPEN, Fact("which_of", {"labels": tuple(with_dividends)}))


def _state_same_names(draft: Draft, names: Sequence[str], shared: Collection[str]) -> None:
    """Name indices by the column that has those of the other table, where that taken has none of them."""
    group, taken = draft.group, draft.labels.get("index")
    if group is None or taken is None or shared or not names:
        return
    wanted = {plain_index(name) for name in names}
    if wanted & {plain_index(name) for name in group.texts(taken)}:
        return
    for label, shape in group.shapes.items():
        own = {plain_index(text) for text in group.texts(label)} - {""} if shape.kind == TEXT else set()
        if label not in draft.labels.values() and own & wanted and (own <= wanted or wanted <= own):
            draft.why.pop(("columns", "index"), None)
            draft.state(("columns", "index"), label, Fact("names_of_other", {"label": label}))
            draft.labels["index"] = label
            return


def state_codes(
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
            texts = sheet.names if sheet else frozenset[str]()
        elif "ticker" in draft.labels and draft.group is not None:
            texts = frozenset(draft.group.texts(draft.labels["ticker"]))
        else:
            continue
        label, share = by_code.best_column(texts, codes)
        if label is None and (spelt := by_code.spelt_otherwise(texts, codes)) is not None:
            label, share = spelt.label, spelt.share
            _state_spelling(draft, spelt)
        elif label is not None and (digits := by_code.lost_zeros(texts - {"", CASH}, codes[label])):
            share = by_code.best_column(frozenset(filled(text, digits) for text in texts), {label: codes[label]})[1]
            _state_spelling(draft, by_code.Spelt(label, share, {}, {}, digits))
        if label is not None:
            columns[draft.table] = (label, share)
    used: dict[str, int] = {}
    for label, _ in columns.values():
        used[label] = used.get(label, 0) + 1
    ticker = by_code.choose_ticker(securities, list(codes), used)
    if master.labels.get("ticker") != ticker:
        master.why.pop(("columns", "ticker"), None)  # what spoke for another column
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
    if _ask_permanent(master, securities, ticker, tuple(used)) and ticker in used:
        names[ticker] = by_code.own_name(ticker, securities.shape(ticker).code, [*names.values(), *master.stated["columns"]])
        master.state(("columns", names[ticker]), ticker, Fact("codes_of_others"))
    for draft in drafts:
        if draft.table in columns:
            label, share = columns[draft.table]
            _ask_former(draft, securities, label, codes[label])
            several = _of_several(securities, label, ticker)
            if label != ticker and several:
                draft.state(("identifiers",), OPEN, Fact("codes_of_several", {"label": label, "cells": several}))
            elif label in names:
                draft.state(("identifiers",), names[label], by_code.fact_of_codes(label, share))
            elif ("columns", "ticker") in draft.why:
                draft.why[("columns", "ticker")] += (by_code.fact_of_codes(label, share),)


def _ask_former(draft: Draft, securities: Group, label: str, known: Collection[str]) -> None:
    """Ask whether a code that no security has is the one of before that a column of its row names: an ISIN that changed."""
    group, ticker = draft.group, draft.labels.get("ticker")
    if group is None or ticker is None:
        return
    texts = group.texts(ticker)
    unknown = {*texts[~as_ours(texts, draft).isin(known)]} - {"", CASH}
    if len(unknown) > MOST_FORMER:
        return
    own = securities.texts(label)
    for other, shape in securities.shapes.items():
        theirs = securities.texts(other)
        for former in sorted(unknown & {*theirs}) if other != label and shape.kind == TEXT else ():
            now = own[theirs == former].iloc[0]
            draft.state(
                ("values", "ticker", former), OPEN, Fact("former_code", {"label": other, "cell": former, "code": now})
            )


def _state_spelling(draft: Draft, spelt: by_code.Spelt) -> None:
    """State what stands before and behind the codes of a table, and what their own column has there."""
    if spelt.beginnings:
        draft.state(("beginnings",), dict(spelt.beginnings), Fact("codes_beginnings", {"cells": tuple(spelt.beginnings)}))
    if spelt.endings:
        values = {"cells": tuple(spelt.endings), "codes": tuple(dict.fromkeys(spelt.endings.values()))}
        draft.state(("endings",), dict(spelt.endings), Fact("codes_endings", values))
    if spelt.digits:
        draft.state(("digits",), spelt.digits, Fact("codes_digits", {"count": spelt.digits}))


def _of_several(securities: Group, label: str, ticker: str) -> tuple[str, ...]:
    """The codes of a column that stand for several tickers: of a company with two classes of shares."""
    pairs = pd.DataFrame({"code": securities.texts(label), "ticker": securities.texts(ticker)}).drop_duplicates()
    codes = pairs.loc[(pairs != "").all(axis=1), "code"]
    return first(dict.fromkeys(codes[codes.duplicated()]))


def _ask_permanent(master: Draft, securities: Group, ticker: str, used: Sequence[str]) -> bool:
    """Ask which code tells stocks apart where one stays as the ticker changes: by the ticker a stock would be two.

    Offered are all such codes, those first that other tables name stocks by.
    """
    permanent = by_code.permanent_codes(securities)
    changed = {
        label: cells for label in permanent if label != ticker if (cells := by_code.changed(securities, ticker, label))
    }
    if not changed:
        return False
    label = min(changed, key=lambda each: each not in used)
    labels = first(dict.fromkeys((label, *(each for each in used if each != ticker), *changed, ticker)))
    master.why.pop(("columns", "ticker"), None)
    values = {"labels": labels, "label": label, "ticker": ticker, "cells": changed[label][:3]}
    master.state(("columns", "ticker"), OPEN, Fact("ticker_changes", values))
    return True


def _state_other(master: Draft, ours: str, securities: Group) -> None:
    """State the next best column of securities for one whose first choice is the tickers."""
    master.why.pop(("columns", ours), None)
    left = [label for label in securities.first.labels if label not in master.labels.values()]
    scores = {label: matched(label, WORDS["securities"][ours]) for label in left}
    label = max(scores, key=lambda each: scores[each], default=None)
    if label is not None and scores[label][0]:
        master.state(("columns", ours), label, Fact("header_word", {"word": scores[label][1]}))
        master.labels[ours] = label
