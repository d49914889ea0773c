"""Columns of a long table beside which others are as good: parts of a total, two schemes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.decide.keys import FIGURES, ask_currencies, ask_rows, ask_without_figures
from riskmodel.market.sources.recognition.doubts import of_prices_around, of_total_return, says
from riskmodel.market.sources.recognition.drafts import SESSIONS, Draft, ask_column, lists_of
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.market import without_dividends
from riskmodel.market.sources.recognition.evidence.rows import MOST_SECTORS, are_sectors, lies_in
from riskmodel.market.sources.recognition.evidence.values import NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import LISTED, Group
from riskmodel.market.sources.recognition.words import CODE_WORDS, WORDS, has, matched, tokens

TIME = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: ?[AaPp]\.?[Mm]\.?)?")
FINER = ("sub", "sous", "unter", "code", "コード", "cd", "小", "detail", "level", "id")
FINER_BY = 1.5  # times the groups of sectors at least has an industry within them; fewer are another scheme
SOME_BEGIN, NEARLY_ALL = 0.5, 0.95  # of the rows a name begins as a shorter one does
OWN = 0.8  # of the rows at least have a name of their own
LONGEST = 60  # letters of a name at the median; a description has more
COPY = 0.1  # of a weight at most differs another of the same holding
ROUNDED = 1e-3  # of a list's sum, or of its largest weight, at most differs what is the same but for rounding
FEW_ROWS = 5  # with both numbers, before one is a copy


def ask_equals(draft: Draft) -> None:
    """Ask of a draft what other columns or rows of its file could as well be."""
    if draft.group is None:
        return
    if draft.table == "fundamentals":
        _ask_parts(draft, draft.group)
    if draft.table == "earnings":
        _settle_session(draft, draft.group)
    if draft.table == "indices":
        _ask_levels(draft, draft.group)
    if draft.table == "securities":
        _settle_name(draft, draft.group)
        _ask_sector(draft, draft.group)
    if draft.table in ("prices", "shares"):
        _ask_as_traded(draft, draft.group)
    if draft.table in LISTED:
        _ask_copies(draft, draft.group)
    ask_rows(draft)
    ask_currencies(draft)
    ask_without_figures(draft)


def ask_results(draft: Draft) -> None:
    """Ask which columns are what was expected and told, where arithmetic says so of a file that may be accounts."""
    for ours in FIGURES:
        why = draft.why.get(("columns", ours), ())
        told = next((fact.values for fact in why if fact.key == "is_surprise"), None)
        if draft.table == "earnings" and told is not None and ours in draft.labels:
            labels = (told["told"], told["expected"], told["label"])
            ask_column(draft, ours, Fact("column_which", {"column": ours, "labels": labels}), *why)


def _ask_parts(draft: Draft, group: Group) -> None:
    """Ask for an amount of which a header says that it is a part: the debt of more than a year is not all debt."""
    for ours, label in [*draft.labels.items()]:
        if group.shape(label).kind != NUMBER or not is_part(label):
            continue
        used = {*draft.labels.values()} - {label}
        others = [
            other
            for other, shape in group.shapes.items()
            if shape.kind == NUMBER and other != label and other not in used and (is_part(other) or _names(other, ours))
        ]
        ask_column(draft, ours, Fact("part_of_total", {"label": label, "labels": first((*others, label))}))


def _ask_as_traded(draft: Draft, group: Group) -> None:
    """Ask of prices and counts whether they are adjusted where what adjusts them stands beside; of prices below zero too."""
    factors = [label for label, shape in group.shapes.items() if shape.kind == NUMBER and says(label, "factors")]
    for ours in ("close", "volume", "shares_out"):
        label = draft.labels.get(ours)
        if label is not None and (factors or (ours == "close" and (group.numbers(label) <= 0).any())):
            ask_column(draft, ours, Fact("not_as_it_is", {"labels": (label, *factors[:1])}))


def _ask_copies(draft: Draft, group: Group) -> None:
    """Ask of a weight or value beside which nearly the same number stands: of net and of all assets, at open and at close.

    Of copies that differ by rounding alone either will do.
    """
    for ours in ("weight", "market_value"):
        label = draft.labels.get(ours)
        if label is None:
            continue
        lists = lists_of(group, draft.labels, draft.table)
        own = group.numbers(label)
        others = [
            other
            for other, shape in group.shapes.items()
            if shape.kind == NUMBER and other not in draft.labels.values() and _is_copy(own, group.numbers(other), lists)
        ]
        if others:
            ask_column(draft, ours, Fact("weights_in_force", {"labels": first((label, *others))}))


def _is_copy(own: pd.Series, other: pd.Series, lists: pd.Series) -> bool:
    """Whether numbers are about others in nearly all rows, as they are or in percent, and not the same but for rounding."""
    both = (own != 0) & (other != 0) & own.notna() & other.notna()
    if both.sum() < 0.5 * own.notna().sum() or both.sum() < FEW_ROWS:
        return False
    for scale in (1.0, 100.0, 0.01):
        there = other * scale
        near = (there[both] / own[both] - 1).abs() < COPY
        if near.mean() >= NEARLY_ALL:
            sums = (there.groupby(lists.to_numpy()).sum() / own.groupby(lists.to_numpy()).sum() - 1).abs()
            apart = (there.fillna(0.0) - own.fillna(0.0)).abs().max() / own.abs().max()
            return bool(sums.max() > ROUNDED or apart > ROUNDED)
    return False


def _names(label: str, ours: str) -> bool:
    return any(has(tokens(label), phrase) for phrase in WORDS["fundamentals"][ours])


def is_part(label: str) -> bool:
    """Whether a header says a part of an amount, and not both of its parts.

    Examples
    --------
    >>> [is_part(label) for label in ("Long-term debt", "dltt", "Short and long term debt", "流動負債", "Total debt")]
    [True, True, False, True, False]
    """
    return says(label, "of_parts") and not (says(label, "of_long") and says(label, "of_short"))


def _settle_session(draft: Draft, group: Group) -> None:
    """Take the column of words for before the open and after the close in the place of one of times of day.

    Where there is no such column, times are one question: which are before the open the hours of the market say.
    """
    taken = draft.labels.get("session")
    if taken is None or not all(map(TIME.fullmatch, {*group.texts(taken)} - {""})):
        return
    worded = [
        label
        for label, shape in group.shapes.items()
        if shape.kind == TEXT and label not in draft.labels.values() and _are_sessions({*group.texts(label)} - {""})
    ]
    if len(worded) == 1:
        draft.why.pop(("columns", "session"), None)
        draft.state(("columns", "session"), worded[0], Fact("session_words", {"label": worded[0], "other": taken}))
        draft.labels["session"] = worded[0]
    else:
        ask_column(draft, "session", Fact("session_times", {"labels": first((*worded, taken))}))


def _are_sessions(cells: set[str]) -> bool:
    """Whether cells are words for before and after the session; some may be others, as during it (場中), which is asked."""
    sides = [ours for text in cells for ours, words in SESSIONS.items() if any(has(tokens(text), each) for each in words)]
    return len(sides) == len(cells) > 0 or (len({*sides}) == len(SESSIONS) and 2 * len(sides) >= len(cells))


def _ask_levels(draft: Draft, group: Group) -> None:
    """Ask which indices of a long table are of prices, or net of tax: others of their name gain on them all the time.

    So is one beside which a text says price, and nothing of a total return.
    """
    day, index, level = (draft.labels.get(ours, "") for ours in ("date", "index", "level"))
    offered = [label for fact in draft.why.get(("columns", "level"), ()) for label in fact.values.get("labels", ())]
    levels = [level] if level else [label for label in offered if label in group.shapes]  # which is asked too
    if not day or not index or not levels:
        return
    if level and of_prices_around(group) and not of_total_return(level):
        ask_column(draft, "level", Fact("which_total_return", {"labels": (level,)}))
    names = group.texts(index)
    panels = group.panels(day, index, levels).values()
    plain = {name: other for panel in panels for name, other in without_dividends(panel).items()}
    texts = [label for label, shape in group.shapes.items() if shape.kind == TEXT and label not in (day, index)]
    said = {name for label in texts for name in {*names[group.texts(label).map(_says_price)]}}
    said -= {name for label in texts for name in {*names[~group.texts(label).map(_says_price)]} if name in said}
    out = tuple(name for name in sorted({*names} - {""}) if name in plain or name in said)
    if out and len(out) < names[names != ""].nunique():
        gains = tuple(f"{plain[name]} > {name}" for name in out if name in plain) or out
        draft.state(("drop",), OPEN, Fact("levels_beside", {"label": index, "labels": out, "gains": gains}))


def _says_price(text: str) -> bool:
    return says(text, "of_prices") and not says(text, "total_return")


def _ask_sector(draft: Draft, group: Group) -> None:
    """Ask which scheme of sectors counts where a second one neither lies in the first nor has its groups.

    So it is where the first lies in a coarser one: of two that nest the coarser has the sectors, whatever a header says.
    """
    label = draft.labels.get("sector")
    if label is None:
        return
    sectors = group.texts(label)
    coarser = tuple(
        other
        for other, shape in group.shapes.items()
        if other != label
        and shape.kind == TEXT
        and 2 < group.cells[other].nunique() < group.cells[label].nunique()
        and lies_in(sectors, group.texts(other))
    )
    if coarser:
        ask_column(draft, "sector", Fact("sector_unknown", {"labels": first((*coarser, label))}), *_nested(label, coarser))
        offered = first(dict.fromkeys((*_industries(draft), label, *coarser)))
        ask_column(draft, "industry", Fact("column_or_none", {"column": "industry", "labels": offered}))
        return
    schemes = [
        other
        for other, shape in group.shapes.items()
        if other != label
        and shape.kind == TEXT
        and 1 < group.cells[other].nunique() <= min(MOST_SECTORS, len(group.cells) / 2)
        and (_says(other, "sector", "industry") or are_sectors(group.texts(other)))
    ]
    same = [other for other in schemes if lies_in(group.texts(other), sectors) and lies_in(sectors, group.texts(other))]
    others = [
        other
        for other in schemes
        if _is_second(other)
        or not lies_in(group.texts(other), sectors)
        or (other not in same and group.cells[other].nunique() < FINER_BY * group.cells[label].nunique())
    ]
    industry = draft.labels.get("industry")
    if others:
        if industry in others:
            ask_column(draft, "industry", Fact("which_of", {"labels": (industry,)}))
        ask_column(draft, "sector", Fact("sector_unknown", {"labels": first((label, *others))}))
    elif industry in same:  # the sectors again
        del draft.labels["industry"], draft.stated["columns"]["industry"], draft.why["columns", "industry"]
    elif (offered := _industries(draft)) and (levels := _levels_of(group, label, offered[0])):
        labels = first(dict.fromkeys((*levels, *offered)))
        ask_column(draft, "industry", Fact("column_or_none", {"column": "industry", "labels": labels}))


def _levels_of(group: Group, sector: str, industry: str) -> tuple[str, ...]:
    """The levels of a scheme of three or more below the sectors, the coarsest first; none where there is one such level."""
    own, groups = group.texts(sector), group.texts(industry)
    found = []
    for other, shape in group.shapes.items():
        if other in (sector, industry) or shape.kind != TEXT or group.cells[other].nunique() >= OWN * len(group.cells):
            continue
        texts = group.texts(other)
        in_sector = lies_in(texts, own) and not lies_in(own, texts)
        finer, coarser = lies_in(texts, groups), lies_in(groups, texts)
        if in_sector and finer != coarser:
            found.append(other)
    return tuple(sorted((industry, *found), key=lambda each: group.cells[each].nunique())) if found else ()


def _nested(label: str, coarser: Sequence[str]) -> tuple[Fact, ...]:
    return tuple(Fact("lies_in", {"label": label, "of": other}) for other in coarser)


def _industries(draft: Draft) -> tuple[str, ...]:
    """The column that was taken for the industry, or that were offered for it."""
    taken = draft.labels.get("industry")
    asked = [label for fact in draft.why.get(("columns", "industry"), ()) for label in fact.values.get("labels", ())]
    return (taken,) if taken is not None else tuple(asked)


def _settle_name(draft: Draft, group: Group) -> None:
    """Take the longer of two columns of names, where the other has the beginnings of its; ask where it has many of them."""
    label = draft.labels.get("name")
    if label is None:
        return
    others = _other_names(draft, group, label)
    of_issuer = any(has(tokens(label), phrase) for phrase in WORDS["securities"]["issuer"])  # two classes of shares bear it
    if others and (of_issuer or not _is_named(draft, group, label)):
        ask_column(draft, "name", Fact("which_of", {"labels": first((label, *others))}))
        return
    short = group.texts(label).str.casefold()
    shares = dict[str, float]()
    for other, shape in group.shapes.items():
        long = group.texts(other).str.casefold() if shape.kind == TEXT and other not in draft.labels.values() else short
        both = (short != "") & (long != "")
        begun = pd.Series([b.startswith(a) for a, b in zip(short[both], long[both], strict=True)], dtype=bool)
        longer = (long[both].str.len() > short[both].str.len()).any() and long[both].str.len().median() <= LONGEST
        if longer and long.nunique() >= short.nunique() and begun.mean() >= SOME_BEGIN:
            shares[other] = float(begun.mean())
    whole = [other for other, share in shares.items() if share >= NEARLY_ALL]
    if len(shares) == 1 and whole:
        draft.why.pop(("columns", "name"), None)
        draft.state(("columns", "name"), whole[0], Fact("longer_name", {"label": whole[0], "other": label}))
        draft.labels["name"] = whole[0]
    elif shares:
        ask_column(draft, "name", Fact("which_of", {"labels": first((*shares, label))}))
    elif says(label, "abbreviated"):
        usual = short.str.len().median()
        longer_ones = [other for other in others if group.texts(other).str.len().median() > usual]
        if longer_ones:
            ask_column(draft, "name", Fact("which_of", {"labels": first((*longer_ones, label))}))


def _is_named(draft: Draft, group: Group, label: str) -> bool:
    """Whether a word says that a column is the name, and its cells do not bear the row's code."""
    ticker, names = draft.labels.get("ticker"), group.texts(label)
    codes = group.texts(ticker) if ticker is not None else pd.Series("", names.index)
    coded = pd.Series([bool(code) and code in name for code, name in zip(codes, names, strict=True)], dtype=bool).mean()
    return any(fact.key == "header_word" for fact in draft.why.get(("columns", "name"), ())) and coded < SOME_BEGIN


def _other_names(draft: Draft, group: Group, label: str) -> tuple[str, ...]:
    """Other texts of their own in nearly every row."""
    return tuple(
        other
        for other, shape in group.shapes.items()
        if shape.kind == TEXT
        and other != label
        and other not in draft.labels.values()
        and not shape.code
        and not matched(other, CODE_WORDS)[0]
        and group.cells[other].nunique() >= OWN * len(group.cells)
        and not group.texts(other).str.fullmatch(r"[ -/:-@\d]*").all()
    )


def _says(label: str, *columns: str) -> bool:
    return any(has(tokens(label), phrase) for ours in columns for phrase in WORDS["securities"][ours])


def _is_second(label: str) -> bool:
    """Whether a header says sector, of another house, and not a finer one of the same: Sub-sector, 33業種コード."""
    return _says(label, "sector") and not _says(label, "industry") and not any(has(tokens(label), each) for each in FINER)
