"""The section on the strategy's rules: each bound, the value held against it, and breaches by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.measures.limits import ACTIVE, Limit
from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords
from riskmodel.facts import Fact

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

COUNTS = ("names_min", "names_max")
PERCENTS = ("then", "value", "risk", "other", "gap", "weight")
SIGNED = ("then", "value")  # of sectors, whose weights are active ones
MOST_NAMED = 10  # breaches in the sentence; the tables have all


@dataclass(frozen=True)
class LimitRow:
    """A rule of a sleeve: the table's row, its state ("kept", "broken" or "untested") and its detail in words."""

    row: dict[str, Any]
    state: str
    detail: str
    counted: bool


@dataclass(frozen=True)
class Limits:
    """Sleeves with their rules, and a sentence on the breaches."""

    sleeves: list[tuple[str, list[LimitRow]]]
    summary: str


def limits_section(content: Content, words: PageWords) -> Limits:
    """The rules of every sleeve."""
    frame, t = content.tables["limits"], words.messages
    if frame.empty:
        return Limits([], t("limits.none"))
    sleeves, broken, untested = [], [], 0
    limits = list(zip(records(frame), content.limits, strict=True))
    for key in content.sleeves:
        rows = []
        for row, limit in limits:
            if limit.sleeve != key:
                continue
            state = "untested" if limit.ok is None else "kept" if limit.ok else "broken"
            rows.append(LimitRow(row, state, detail_text(limit, words), limit.rule in COUNTS))
            untested += state == "untested"
            if state == "broken":
                rule = t.name("limit_rules", limit.rule)
                broken.append(t("limits.breach", sleeve=words.sleeve(key), rule=rule))
        sleeves.append((words.sleeve(key), rows))
    named = [
        *broken[:MOST_NAMED],
        *([t("limits.more_breaches", count=len(broken) - MOST_NAMED)] if broken[MOST_NAMED:] else []),
    ]
    summary = t("limits.broken", count=len(broken), breaches=words.listed(named)) if broken else t("limits.kept")
    return Limits(sleeves, words.sentences(summary, t("limits.untested", count=untested) if untested else ""))


def detail_text(limit: Limit, words: PageWords) -> str:
    """A limit's details in the page's language and number style.

    Examples
    --------
    >>> import attribution as at
    >>> from attribution.reporting.pages.words import page_words
    >>> from riskmodel import Fact
    >>> words = page_words(at.read_book("fixtures/small/book.toml"), "ja")
    >>> details = (Fact("at", {"label": "Energy", "value": -0.0205}),)
    >>> detail_text(Limit("major", "sector_deviation_max", 0.0205, 0.03, True, details), words)
    'エネルギー △2.05%'
    """
    active = limit.rule in ACTIVE
    return words.messages("limits.separator").join(_detail(fact, words, active=active) for fact in limit.details)


def _detail(fact: Fact, words: PageWords, *, active: bool) -> str:
    shown: dict[str, Any] = {}
    for name, value in fact.values.items():
        if name in PERCENTS:
            shown[name] = words.percent(value, signed=active and name in SIGNED, unit="%")
        else:
            shown[name] = words.messages.name("sectors", value) if active and name == "label" else value
    return words.messages(f"limit_details.{fact.key}", **shown)
