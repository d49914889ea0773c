"""The last page of the client edition: what the factors mean, which limits hold, and what must be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.reporting.pages.limits import BOTH_WAYS, COUNTS, is_below
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import is_given
from attribution.reporting.tables.names import rule_name

if TYPE_CHECKING:
    from attribution.measures.limits import Limit
    from attribution.reporting.tables.content import Content

MEASURED = ("names_min", "names_max", "weight_max", "sector_deviation_max", "risk_band")  # at month end


@dataclass(frozen=True)
class LimitLine:
    """A rule of the book: its name, bound, and by sleeve whether it is kept and what the value is."""

    rule: str
    bound: str
    sleeves: dict[str, tuple[str, str]]


def glossary(content: Content, words: PageWords) -> list[tuple[str, str]]:
    """Each style and the indicators that it is made of; none where a model is given, whose indicators nobody knows."""
    if is_given(content.tables):
        return []
    frame = content.tables["coverage"]
    used = frame[frame["reason"].fillna("") == ""]
    t = words.messages
    return [
        (t.factor(str(factor)), words.listed(t.name("descriptors", str(name)) for name in rows["descriptor"]))
        for factor, rows in used.groupby("factor", sort=False)
    ]


def limit_lines(content: Content, words: PageWords) -> list[LimitLine]:
    """The book's limits at month end, a row a rule and a column a sleeve; without those that could not be tested."""
    lines = []
    for rule in MEASURED:
        own = {limit.sleeve: limit for limit in content.limits if limit.rule == rule}
        if any(limit.ok is not None for limit in own.values()):
            first = next(iter(own.values()))
            sleeves = {key: _state(limit, words) for key, limit in own.items()}
            bound = _shown(first.bound, first, words)
            name = rule_name(rule, content.book, words.messages)
            lines.append(LimitLine(name, f"±{bound}" if rule in BOTH_WAYS else bound, sleeves))
    return lines


def _state(limit: Limit, words: PageWords) -> tuple[str, str]:
    """Whether a rule is kept, and its value, with a sign where the rule bounds both sides."""
    state = "untested" if limit.ok is None else "kept" if limit.ok else "broken"
    below = limit.rule in BOTH_WAYS and limit.ok is not None and is_below(limit)
    return state, _shown(-limit.value if below else limit.value, limit, words, signed=limit.rule in BOTH_WAYS)


def _shown(value: float, limit: Limit, words: PageWords, *, signed: bool = False) -> str:
    """A value of a rule; with a second decimal where it would print as the bound that it is beyond."""
    if limit.rule in COUNTS:
        return words.number(value, 0)
    close = limit.ok is False and round(limit.value * 100, 1) == round(limit.bound * 100, 1)
    return words.percent(value, 2 if close else 1, unit="%", signed=signed)
