"""Columns of a long table that could be taken for the wrong one: what else of the file could be meant, which is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from riskmodel.facts import Fact
from riskmodel.market.contents import PER_SHARE
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.series import is_small
from riskmodel.market.sources.recognition.evidence.units import denies
from riskmodel.market.sources.recognition.evidence.values import DAY, EMPTY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import LISTED, Group
from riskmodel.market.sources.recognition.words import HEADERS, OF_AMOUNTS, WORDS, currency_said, has, matched, tokens
from riskmodel.market.tables import DATE, TABLES

MOST_KINDS = 30  # different cells of a column that says of which kind a row is, or whose list
WHOLE = 0.01  # of a list's sum
OF_YEARS = re.compile(
    r"\d+ ?-?(?:y|yr|yrs|year|years|j|jahre?|ans?|años?|anni|anos|jaar|år|年|년)(?![a-z])"
)  # no cash has them
PRICES = ("price", "prices", "pr", "px", "px last")  # words of what any level may be called
PAIR = re.compile(r"\b[A-Z]{3}[/_ ][A-Z]{3}\b")


@dataclass(frozen=True)
class Settled:
    """What is taken of a file, and what must be asked.

    Attributes
    ----------
    chosen
        Ours -> their header.
    asked
        Ours -> the headers of which one may be it, and the question.
    """

    chosen: Mapping[str, str]
    asked: Mapping[str, tuple[tuple[str, ...], Fact]]


def says(label: str, kind: str) -> bool:
    """Whether a header has a word of a kind of `[headers]`.

    Examples
    --------
    >>> says("Schlusskurs bereinigt", "adjusted"), says("PX_LAST unadj", "adjusted"), says("LRG TR", "total_return")
    (True, False, True)
    """
    return any(has(tokens(label), phrase) for phrase in HEADERS[kind])


def of_total_return(label: str) -> bool:
    """Whether a header says total return, and nothing of prices."""
    return says(label, "total_return") and not says(label, "of_prices")


def of_prices_around(group: Group) -> bool:
    """Whether what stands around a table says levels without dividends, by more than the word for a price."""
    phrases = [phrase for phrase in HEADERS["of_prices"] if phrase not in PRICES]
    return any(has(tokens(text), phrase) for text in group.around for phrase in phrases) and not any(
        map(of_total_return, group.around)
    )


def of_price_return(label: str) -> bool:
    """Whether a text says a return without dividends.

    Examples
    --------
    >>> [of_price_return(text) for text in ("Daily price return, %", "PX total return", "Rendite")]
    [True, False, False]
    """
    return says(label, "of_prices") and says(label, "of_returns") and not says(label, "total_return")


def settled(group: Group, candidate: Candidate, chosen: Mapping[str, str]) -> Settled:
    """Of what words of headers choose, that in whose place nothing else of the file could be meant."""
    taken, asked = dict(chosen), dict[str, tuple[tuple[str, ...], Fact]]()
    for ours, several in candidate.columns.items():
        if len(several) > 1 and ours not in taken:
            labels = tuple(label for label, _ in several)
            asked[ours] = labels, Fact("which_of", {"labels": labels})
    doubts: dict[str, dict[str, Callable[[Sequence[str]], str | tuple[tuple[str, ...], Fact] | None]]] = {
        "indices": {"level": _total_returns},
        "prices": {
            "total_return": _total_returns,
            "total_return_index": _total_returns,
            "close": _closes,
            "volume": _volumes,
        },
        "holdings": {"weight": _weights, "market_value": _several},
        "shares": {"shares_out": _counts, "market_cap": _several},
        "fundamentals": {"dividends_per_share": _several},
        "earnings": {"eps_estimate": _several, "eps_actual": _several},
    }
    for ours, doubt in doubts.get(candidate.table, {}).items():
        if ours not in taken and ours not in asked:
            continue
        there = asked[ours][0] if ours in asked else (taken[ours],)
        rivals = _rivals(group, candidate.table, ours, taken, there)
        found = doubt((*there, *rivals))
        if isinstance(found, str):
            taken[ours] = found
            asked.pop(ours, None)
        elif found is not None:
            taken.pop(ours, None)
            asked[ours] = found
    if candidate.table == "indices" and "level" in asked:
        labels, question = asked["level"]
        levels = (
            tuple(label for label in labels if not (group.numbers(label) <= 0).any()) or labels
        )  # returns are below zero
        asked["level"] = levels, Fact(question.key, {**question.values, "labels": levels})
    if candidate.table == "indices" and "level" in taken and (group.numbers(taken["level"]) <= 0).any():
        label = taken.pop("level")
        asked["level"] = (label,), Fact("no_levels", {"labels": (label,)})
    whose = LISTED.get(candidate.table)
    if whose is not None and whose not in taken and whose not in asked:
        labels = list_columns(group, taken)
        if labels:
            asked[whose] = labels, Fact("tells_lists_apart", {"labels": labels})  # one too: it may be a depositary's
    for ours, kind in TABLES[candidate.table].columns.items():
        if kind == DATE and ours not in taken and ours not in asked:
            days = tuple(label for label, shape in group.shapes.items() if shape.kind == DAY and label not in taken.values())
            if days:
                asked[ours] = days, Fact("which_day", {"labels": days})
    return Settled(taken, asked)


def _rivals(group: Group, table: str, ours: str, taken: Mapping[str, str], there: Sequence[str]) -> tuple[str, ...]:
    """The numbers of a file that no other column of ours takes, and whose headers have its words among others."""
    others = {label for column, label in taken.items() if column != ours} | set(there)
    of_others = [phrase for column, phrases in WORDS[table].items() if column != ours for phrase in phrases]
    found = []
    for label, shape in group.shapes.items():
        words = tokens(label)
        if shape.kind != NUMBER or label in others or denies(label, ours):
            continue
        if ours in PER_SHARE:  # as it was told, and on the basis of today's shares
            if says(label, "adjusted") and any(has(words, phrase) for phrase in WORDS[table][ours]):
                found.append(label)
            continue
        if ours != "volume" and any(has(words, phrase) for phrase in OF_AMOUNTS):
            continue
        if ours == "volume" and not says(label, "adjusted"):
            continue
        if ours == "close" and (says(label, "total_return") or says(label, "of_returns")):
            continue
        if ours == "shares_out":
            if says(label, "counted") and not matched(label, WORDS["prices"]["volume"])[0]:
                found.append(label)
            continue
        if any(has(words, phrase) for phrase in WORDS[table][ours]) or (
            ours in ("close", "level")
            and says(label, "adjusted" if ours == "close" else "total_return")
            and not any(has(words, phrase) for phrase in of_others)
        ):
            found.append(label)
    return tuple(found)


def _several(labels: Sequence[str]) -> tuple[tuple[str, ...], Fact] | None:
    """A question where several headers have the word: values in two currencies, or of the shares that float."""
    return (tuple(labels), Fact("which_of", {"labels": tuple(labels)})) if len(labels) > 1 else None


def _counts(labels: Sequence[str]) -> tuple[tuple[str, ...], Fact] | None:
    """A question where several headers count shares, as traded and adjusted, or of the part that floats, or one says so."""
    return (tuple(labels), Fact("which_of", {"labels": tuple(labels)})) if says(labels[0], "of_float") else _several(labels)


def other_rates(group: Group, taken: Mapping[str, str]) -> tuple[str, ...]:
    """Numbers beside a rate that may be that of the right currency: small and slow, and not of years or a pair."""
    return tuple(
        label
        for label, shape in group.shapes.items()
        if shape.kind == NUMBER
        and label not in taken.values()
        and not OF_YEARS.search(unicodedata.normalize("NFKC", label).casefold())
        and not PAIR.search(label.upper())
        and is_small(group.numbers(label))
    )


def _total_returns(labels: Sequence[str]) -> str | tuple[tuple[str, ...], Fact] | None:
    """The only one that says total return; a question where none or several do, and not all is one without such a word."""
    total = [label for label in labels if of_total_return(label)]
    if len(total) == 1:
        return total[0]
    if len(labels) == 1 and not says(labels[0], "of_prices"):
        return None
    asked = tuple(total or labels)
    return asked, Fact("which_total_return", {"labels": asked})


def _closes(labels: Sequence[str]) -> tuple[tuple[str, ...], Fact] | None:
    """A question where several may be it, or the only one may be adjusted for dividends too."""
    if len(labels) > 1:
        return tuple(labels), Fact("which_close", {"labels": tuple(labels)})
    if says(labels[0], "adjusted") and not says(labels[0], "of_splits"):
        return tuple(labels), Fact("adjusted_how", {"labels": tuple(labels)})
    return None


def _volumes(labels: Sequence[str]) -> tuple[tuple[str, ...], Fact] | None:
    """A question where a header names a currency, as the value traded is no count of shares; or another one is adjusted."""
    if any(currency_said(label) for label in labels):
        return tuple(labels), Fact("volume_in_money", {"labels": tuple(labels)})
    return _several(labels)


def _weights(labels: Sequence[str]) -> tuple[tuple[str, ...], Fact] | None:
    """A question where the header is of a benchmark's weight, of the difference from it, or of what is aimed at."""
    return (tuple(labels), Fact("which_of", {"labels": tuple(labels)})) if says(labels[0], "of_others") else None


def list_columns(group: Group, taken: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that tell lists apart: with one of them no name is twice in a list, and without it some are."""
    if "ticker" not in taken:
        return ()
    named = (group.texts(taken["ticker"]) != "").to_numpy()  # two sums without a code are no names that are there twice
    keys = group.cells[[taken[key] for key in ("date", "ticker") if key in taken]].assign(file=group.file_of_rows)[named]
    if not keys.duplicated().any():
        return ()
    days = [label for label, shape in group.shapes.items() if shape.kind == DAY and "date" not in taken]
    keys = keys.join(group.cells.loc[named, days[:1]])
    found = []
    for label, shape in group.shapes.items():
        few = 1 < group.cells[label].nunique() <= MOST_KINDS
        if shape.kind in (DAY, EMPTY) or label in taken.values() or not few or any("." in text for text in shape.texts):
            continue
        if not keys.assign(whose=group.cells.loc[named, label]).duplicated().any():
            found.append(label)
    return tuple(found)


def is_half(candidate: Candidate) -> bool:
    """Whether headers say what was expected of results and not what was told, or the reverse: another file may say both."""
    return candidate.table == "earnings" and not {"eps_estimate", "eps_actual"} <= {*candidate.columns}


def other_kinds(group: Group, taken: Mapping[str, str]) -> tuple[str, tuple[str, ...]] | None:
    """The column by which the rows of a table of splits are of several kinds, with those that are no splits.

    So are kinds that no row with a ratio has, where all rows of others have one.
    """
    ratio = group.texts(taken["ratio"]) != "" if "ratio" in taken else None
    for label, shape in group.shapes.items():
        if shape.kind != TEXT or label in taken.values() or not 0 < group.cells[label].nunique() <= MOST_KINDS:
            continue
        kinds = tuple(sorted({*group.texts(label)} - {""}))
        other = tuple(text for text in kinds if not says(text, "of_splits"))
        if other and len(other) < len(kinds):
            return label, other
        if ratio is not None and not ratio.all():
            shares = ratio.groupby(group.texts(label).to_numpy()).mean()
            if shares.isin([0.0, 1.0]).all():
                return label, tuple(str(text) for text in shares.index[shares == 0] if text)
        if other and says(label, "kinds"):
            return label, other
    return None
