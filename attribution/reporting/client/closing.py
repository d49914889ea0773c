"""The last page of the client edition: what the factors mean, which limits hold, and what must be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.reporting.pages.limits import detail_text
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import is_given

if TYPE_CHECKING:
    from attribution.measures.limits import Limit
    from attribution.reporting.tables.content import Content

MEASURED = ("names_min", "names_max", "weight_max", "sector_deviation_max", "risk_band")  # at month end
COUNTS = ("names_min", "names_max")


@dataclass(frozen=True)
class LimitLine:
    """A rule of the book: its name, bound, and by sleeve whether it is kept and what the value is."""

    rule: str
    bound: str
    sleeves: list[tuple[str, str, str]]


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
            sleeves = [_state(own[key], words) for key in content.sleeves if key in own]
            lines.append(LimitLine(words.messages.name("limit_rules", rule), _shown(first.bound, rule, words), sleeves))
    return lines


def _state(limit: Limit, words: PageWords) -> tuple[str, str, str]:
    state = "untested" if limit.ok is None else "kept" if limit.ok else "broken"
    return state, _shown(limit.value, limit.rule, words), detail_text(limit, words)


def _shown(value: float, rule: str, words: PageWords) -> str:
    return words.number(value, 0) if rule in COUNTS else words.percent(value, 1, unit="%")
