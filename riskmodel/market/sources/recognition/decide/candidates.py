"""Which tables a group may still be, once the codes of securities and the indices with levels are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition import codes as by_code
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.days import why_no_prices
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.values import NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.long import long_draft
from riskmodel.market.sources.recognition.names import plain_index
from riskmodel.market.sources.recognition.structure import names_of_stocks
from riskmodel.market.sources.recognition.words import WHOLE_WORD, WORDS, has, matched, tokens
from riskmodel.market.tables import TABLES

MOST = 0.5  # of the securities are in a file that may be the table of them
MANY_FIGURES = 10  # beside a count or a value of a company
ALIKE = 0.95  # of their sectors are the same in both


def of_known_codes(
    group: Group, likely: Sequence[Candidate], codes: Mapping[str, frozenset[str]], securities: Group | None
) -> list[Candidate]:
    """The tables that a group may be, whose names of stocks are known to the table of securities."""
    if group is securities:
        return [each for each in likely if each.table == "securities"]
    out = []
    for each in likely:
        label = each.label("ticker")
        if label is not None and codes and not _is_known(frozenset(group.texts(label)), codes):
            each, label = _by_known(group, each, codes)
        known = label is None or not codes or _is_known(frozenset(group.texts(label)), codes)
        stock_as_index = (
            (index := each.label("index")) is not None
            and codes
            and by_code.best_column(frozenset(group.texts(index)), codes)[0] is not None
        )
        if known and not stock_as_index and each.table != "securities" and why_no_prices(group, each) is None:
            out.append(each)
    return out


def other_masters(
    securities: Group, choices: Mapping[Group, Sequence[Candidate]], codes: Mapping[str, frozenset[str]]
) -> list[Group]:
    """Files that words take for securities too, of most of the same ones, and whose sectors are other ones."""
    own = next((each.label("sector") for each in choices[securities] if each.table == "securities"), None)
    found = []
    for group, likely in choices.items():
        if own is None or group is securities or not likely or likely[0].table != "securities":
            continue
        ticker, label = likely[0].label("ticker"), likely[0].label("sector")
        if ticker is None or label is None:
            continue
        column, _ = by_code.best_column(frozenset(group.texts(ticker)), codes)
        sectors = dict(zip(securities.texts(column), securities.texts(own), strict=True)) if column is not None else {}
        both = [
            (sectors[code], sector)
            for code, sector in zip(group.texts(ticker), group.texts(label), strict=True)
            if code in sectors
        ]
        if len(both) >= MOST * len(sectors) > 0 and sum(one == other for one, other in both) < ALIKE * len(both):
            found.append(group)
    return found


def _by_known(group: Group, candidate: Candidate, codes: Mapping[str, frozenset[str]]) -> tuple[Candidate, str | None]:
    """A candidate that names stocks by the column whose codes securities have, where it is another one; and that column."""
    label = names_of_stocks(group, codes)
    used = {other for several in candidate.columns.values() for other, _ in several}
    if label is None or label in used:
        return candidate, candidate.label("ticker")
    return replace(candidate, columns={**candidate.columns, "ticker": ((label, label),)}), label


def _is_known(texts: frozenset[str], codes: Mapping[str, frozenset[str]]) -> bool:
    return by_code.known_column(texts, codes)[0] is not None


def of_named_lists(group: Group, likely: Sequence[Candidate], levels: frozenset[str]) -> list[Candidate]:
    """The tables that a group may be: lists that are named as an index with levels is are those of its members."""
    if not likely or likely[0].table != "holdings" or likely[0].label("portfolio") is not None or not levels:
        return list(likely)
    known = {plain_index(name) for name in levels}
    weights = {ours: found for ours, found in likely[0].columns.items() if ours in TABLES["constituents"].columns}
    whose = [label for label, shape in group.shapes.items() if shape.kind == TEXT and _are_named(group, label, known)]
    if len(whose) == 1:
        why = (Fact("like_members", {"label": whose[0]}),)
        return [Candidate("constituents", weights | {"index": ((whose[0], ""),)}, likely[0].score, why)]
    named = {each.sheet or PurePosixPath(each.file).stem for each in group.seen}
    if not all(any(_is_named(name, index) for index in known) for name in named):
        return list(likely)
    return [Candidate("constituents", weights, likely[0].score)]  # a weight that no header says is asked


def has_levels(group: Group, candidate: Candidate, levels: frozenset[str]) -> bool:
    """Whether lists that are an index's by its levels alone still have levels: those of funds have been told apart."""
    label = candidate.label("index")
    by_levels = any(fact.key == "like_members" for fact in candidate.why)
    return not by_levels or label is None or _are_named(group, label, {plain_index(name) for name in levels})


def _are_named(group: Group, label: str, known: Collection[str]) -> bool:
    """Whether all cells of a column are names of indices that have levels."""
    names = {plain_index(text) for text in group.texts(label)} - {""}
    return bool(names) and names <= {*known}


def _is_named(name: str, index: str) -> bool:
    """Whether the name of a file or sheet has that of an index in it, as whole words."""
    return bool(index) and (has(tokens(name), index) or f" {index} " in f" {plain_index(name)} ")


def are_reports(draft: Draft) -> bool:
    """Whether a table has so many figures beside its own that it is one of reports: of a year's end, and known later."""
    shapes = {} if draft.group is None else draft.group.shapes
    figures = {label for label, shape in shapes.items() if shape.kind == NUMBER}
    return len(figures - {*draft.labels.values()}) >= MANY_FIGURES


def shares_of_prices(taken: Mapping[str, tuple[Group, Candidate]]) -> Draft | None:
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
