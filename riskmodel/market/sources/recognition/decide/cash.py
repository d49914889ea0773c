"""Which rows of a list are cash, by a word among its codes or in another column; and which are sums of the others."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Sequence

import pandas as pd

from riskmodel.factors import CASH
from riskmodel.facts import Fact
from riskmodel.market.sources.mapped import totals
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.codes import is_cash
from riskmodel.market.sources.recognition.doubts import WHOLE, says
from riskmodel.market.sources.recognition.drafts import EXACT, Draft, ask_column, lists_of
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import LISTED, Group
from riskmodel.market.sources.recognition.words import WORDS, has, tokens

MOST_OF = 0.5  # of the files at least have a row that is the sum of the others
MOST_STRANGE = 3  # codes that no security has, of which each may be cash
MOST_WORDS = 12  # for cash: what says more is a column of names
LEAST_INVESTED = 0.5  # of a portfolio: shares that sum to less are of something else
AMOUNTS = ("market_value", "weight")


def state_cash(draft: Draft, known: frozenset[str], unpriced: frozenset[str] = frozenset()) -> None:
    """State what stands for cash in a list, or ask where rows without a code do not say it.

    Parameters
    ----------
    known
        The codes of securities.
    unpriced
        Those of them that have no price.
    """
    group, label = draft.group, draft.labels.get("ticker")
    if group is None or label is None or draft.table not in LISTED:
        return
    if draft.table == "constituents":
        _ask_sums(draft, group, label)
        return
    total = _state_totals(draft, group, label, known)
    texts = group.texts(label)[~total]
    cash = [text for text in sorted({*texts} - known - {"", CASH}) if is_cash(text)]
    strange = {*texts} - known - {"", CASH}
    few = 0 < len(strange) - len(cash) <= MOST_STRANGE  # a fund of the money market, perhaps
    if cash and known and (few or _without_others(group, label, strange - {*cash}, known)):
        draft.state(("cash",), OPEN, *_ask_strange(group, label, strange, total))
        return
    if cash:
        draft.state(("cash",), cash if len(cash) > 1 else cash[0], Fact("cash_words", {"cells": tuple(cash)}))
        return
    if known and 0 < len(strange) <= MOST_STRANGE and known & {*texts}:
        draft.state(("cash",), OPEN, *_ask_strange(group, label, strange, total))
        return
    if (apart := _set_apart(group, label, texts, unpriced)) is not None:
        draft.state(("cash",), OPEN, Fact("cash_apart", apart))
        return
    without = (group.texts(label) == "") & ~total
    if not without.any() or without.all():
        return
    rows = int(without.sum())
    telling = {other: words for other in _texts(group, label) if (words := _only_there(group, other, without))}
    of_cash = [other for other, words in telling.items() if all(map(is_cash, words))]
    if of_cash:
        column = min(of_cash, key=lambda other: (len(telling[other]), group.texts(other).nunique()))
        words = telling[column]
        stated = {"column": column, "words": list(words) if len(words) > 1 else words[0]}
        draft.state(("cash",), stated, Fact("cash_rows", {"rows": rows, "label": column, "cells": words}))
        return
    said = tuple(f"{other}: {', '.join(words)}" for other, words in telling.items())
    draft.state(("cash",), OPEN, Fact("cash_unclear", {"rows": rows, "cells": said or _shown(group, label, without)}))


def ask_beside(draft: Draft, others: Sequence[Group]) -> None:
    """Ask how weights are worked out of values that leave out what else is there: a share below a whole, balances beside."""
    way, group = draft.stated.get("derived", {}).get("weight"), draft.group
    if draft.table == "holdings" and group is not None and "weight" in draft.labels and "cash" not in draft.stated:
        places = tuple(other.place for other in others if _has_balances(draft, group, other))
        names = {*group.texts(draft.labels["ticker"])} if "ticker" in draft.labels else set[str]()
        if places and not any(map(is_cash, names)):
            whole = Fact("weight_without_cash", {"label": draft.labels["weight"]})
            ask_column(draft, "weight", whole, Fact("cash_elsewhere", {"places": places}))
    if draft.table != "holdings" or group is None or way in (None, OPEN):
        return
    lists = lists_of(group, draft.labels, draft.table)
    if ("drop",) in draft.questions() and "ticker" in draft.labels:  # sums of the others are no part of a whole
        lists = lists[group.texts(draft.labels["ticker"]) != ""]
    facts = []
    for label, shape in group.shapes.items():
        if shape.kind == NUMBER and label not in draft.labels.values() and _is_share(label):
            sums = group.numbers(label)[lists.index].groupby(lists).sum()
            parts = sums / (100.0 if sums.median() > 1.5 else 1.0)
            if parts.between(LEAST_INVESTED, 1 + WHOLE).all() and parts.min() < 1 - EXACT:
                facts.append(Fact("weights_short", {"label": label, "low": float(parts.min()), "high": float(parts.max())}))
    places = tuple(other.place for other in others if "cash" not in draft.stated and _has_balances(draft, group, other))
    if places:
        facts.append(Fact("cash_elsewhere", {"places": places}))
    if facts:
        draft.why.pop(("derived", "weight"), None)
        draft.state(("derived", "weight"), OPEN, Fact("weight_of_what", {"way": way}), *facts)


def _is_share(label: str) -> bool:
    words = tokens(label)
    share = "%" in unicodedata.normalize("NFKC", label) or any(has(words, phrase) for phrase in WORDS["holdings"]["weight"])
    return share and not says(label, "of_others")


def _has_balances(draft: Draft, group: Group, other: Group) -> bool:
    """Whether a file or sheet has numbers of the same portfolios and days, under a word for cash, and of no stock."""
    if not any(says(text, "of_balances") for text in (*other.around[:-1], *other.first.labels)):
        return False
    shapes = other.shapes
    if not other.is_long or not any(shape.kind == NUMBER for shape in shapes.values()):
        return False
    portfolio, date, ticker = (draft.labels.get(ours) for ours in ("portfolio", "date", "ticker"))
    texts = [{*other.texts(label)} - {""} for label, shape in shapes.items() if shape.kind in (TEXT, NUMBER)]
    if ticker is not None and any(len(each & {*group.texts(ticker)} - {""}) > MOST_STRANGE for each in texts):
        return False
    if portfolio is None:
        if other.first.file not in group.files:
            return False
    elif not any(each & {*group.texts(portfolio)} - {""} for each in texts):
        return False
    days = [{*other.days(label).dropna()} for label, shape in shapes.items() if shape.kind == DAY]
    return date is None or any(each & {*group.days(date).dropna()} for each in days)


def _ask_strange(group: Group, label: str, strange: Collection[str], total: pd.Series) -> tuple[Fact, ...]:
    """The question whether codes of no security are cash; beside rows without a code one answer is for both."""
    cells, names = tuple(sorted(strange)), group.texts(label)
    without = (names == "") & ~total
    if not without.any():
        return (Fact("cash_code", {"cells": cells}),)
    telling = {
        other: words for other in _texts(group, label) if (words := _only_there(group, other, without | names.isin(strange)))
    }
    values: dict[str, object] = {"cells": cells, "rows": int(without.sum())}
    if not telling:
        return (Fact("cash_code", {"cells": cells}), Fact("cash_unclear", values | {"cells": _shown(group, label, without)}))
    column = min(telling, key=lambda other: (len(telling[other]), group.texts(other).nunique()))
    said = json.dumps(telling[column], ensure_ascii=False)
    answer = f"{{ column = {json.dumps(column, ensure_ascii=False)}, words = {said} }}"
    return (Fact("cash_code_and_rows", values | {"answer": answer}),)


def _without_others(group: Group, label: str, strange: Collection[str], known: frozenset[str]) -> bool:
    """Whether rows of codes that no security has are empty where every stock has a text: what is owed, sums, no stocks."""
    names = group.texts(label)
    stocks, rows = names.isin(known), names.isin(strange)
    texts = (group.texts(other) for other in _texts(group, label))
    return any(rows.any() and (each[rows] == "").any() and (each[stocks] != "").all() for each in texts)


def _set_apart(group: Group, label: str, texts: pd.Series, unpriced: frozenset[str]) -> dict[str, object] | None:
    """Held codes that have no price and that one text of another column sets apart from all others: a warehouse's -1."""
    strange = {*texts} & unpriced
    if not 0 < len(strange) <= MOST_STRANGE:
        return None
    rows = group.texts(label).isin(strange)
    telling = {other: words for other in _texts(group, label) if len(words := _only_there(group, other, rows)) == 1}
    if not telling:
        return None
    column = min(telling, key=lambda other: group.texts(other).nunique())
    return {"cells": tuple(sorted(strange)), "label": column, "words": telling[column]}


def _texts(group: Group, label: str) -> list[str]:
    return [other for other, shape in group.shapes.items() if shape.kind == TEXT and other != label]


def _only_there(group: Group, label: str, rows: pd.Series) -> tuple[str, ...]:
    """The cells of a column in some rows, where each has one that no other row has; else none."""
    texts = group.texts(label)
    words = {*texts[rows]}
    return () if "" in words or len(words) > MOST_WORDS or words & {*texts[~rows]} else tuple(sorted(words))


def _state_totals(draft: Draft, group: Group, label: str, known: frozenset[str]) -> pd.Series:
    """Ask whether rows that are no security and have the sum of the others of their lists are left out; which they are."""
    names, ours = group.texts(label), next((ours for ours in AMOUNTS if ours in draft.labels), None)
    held = names.isin(known) if known & {*names} else names != ""
    if ours is None or held.all():
        return pd.Series(False, names.index)
    lists, values = lists_of(group, draft.labels, draft.table), group.numbers(draft.labels[ours])
    total = totals(values, held, lists)
    if ours == "weight":  # half in cash, where the list is a whole with it
        sums = values.groupby(lists.to_numpy()).transform("sum")
        total &= ((sums - 1).abs() > WHOLE) & ((sums / 100 - 1).abs() > WHOLE)
    if lists[total].nunique() < lists.nunique() / 2:  # one list in two halves
        return pd.Series(False, names.index)
    _ask_totals(draft, group, label, total)
    return total


def _ask_totals(draft: Draft, group: Group, label: str, total: pd.Series) -> None:
    columns = [label] if not (group.texts(label)[total] == "").any() else _texts(group, label)
    telling = {column: words for column in columns if (words := _only_there(group, column, total))}
    column = min(telling, key=lambda each: len(telling[each]), default="")
    cells = telling[column] if column else _shown(group, label, total)
    parts = (json.dumps(each, ensure_ascii=False) for each in (column or "...", cells if column else ["..."]))
    question = Fact("totals_seen", {"rows": int(total.sum()), "cells": cells, "answer": f"{{ {' = '.join(parts)} }}"})
    draft.state(("drop",), OPEN, question)


def _ask_sums(draft: Draft, group: Group, label: str) -> None:
    """Ask whether rows of an index without a code are left out, where they have the sum of the other rows of a file."""
    without = group.texts(label) == ""
    days = [draft.labels[ours] for ours in ("date",) if ours in draft.labels]
    numbers = [other for other, shape in group.shapes.items() if shape.kind == NUMBER and other != label]
    for other in numbers if without.any() and not without.all() else ():
        values = group.numbers(other)
        own, others = (values.where(rows).groupby(group.file_of_rows).sum(min_count=1) for rows in (without, ~without))
        lists = group.cells[days].assign(file=group.file_of_rows)[~without].drop_duplicates().groupby("file").size()
        near = (own * lists - others).abs() <= WHOLE * others.abs()
        if near[own.notna()].mean() > MOST_OF:
            _ask_totals(draft, group, label, without)
            return


def _shown(group: Group, label: str, rows: pd.Series) -> tuple[str, ...]:
    """What stands in the first rows without a code."""
    first = group.cells[rows.to_numpy()].head(1)
    return tuple(f"{other}: {first[other].iloc[0]}" for other in _texts(group, label) if first[other].notna().all())
