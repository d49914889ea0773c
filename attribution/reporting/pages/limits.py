"""The section on the strategy's rules: each bound, the value held against it, breaches by name, and risk in fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.measures.limits import ACTIVE, Limit
from attribution.measures.past_forecasts import RATIO
from attribution.measures.realised import LEAST_MONTHS
from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.names import rule_name
from riskmodel.facts import Fact

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

COUNTS = ("names_min", "names_max")
BOTH_WAYS = (*ACTIVE, "risk_band")  # rules whose value may be above or below
PERCENTS = ("then", "value", "risk", "other", "gap", "weight")
SIGNED = ("then", "value")  # of sectors, whose weights are active ones
BROKEN = ("broken_in_fact", "broken_as_forecast")  # what followed a forecast
UNTESTED = ("too_short", "no_risk", "not_followed")
MOST_NAMED = 10  # breaches in the sentence; the tables have all


@dataclass(frozen=True)
class LimitRow:
    """A rule of a sleeve: the table's row, its name, its state ("kept", "broken" or "untested"), its detail in words, its
    kind, and the sign of its value.
    """

    row: dict[str, Any]
    name: str
    state: str
    detail: str
    counted: bool
    both_ways: bool
    sign: str


@dataclass(frozen=True)
class RealisedRow:
    """A measure of risk over the last months: the table's row, its name, verdict and state, and whether it is a ratio."""

    row: dict[str, Any]
    name: str
    verdict: str
    state: str
    relative: bool


@dataclass(frozen=True)
class Limits:
    """Sleeves with their rules and what followed forecasts of their risk, a sentence on the breaches, and a note."""

    sleeves: list[tuple[str, list[LimitRow], list[RealisedRow]]]
    summary: str
    note: str


def limits_section(content: Content, words: PageWords) -> Limits:
    """The rules of every sleeve."""
    frame, t = content.tables["limits"], words.messages
    sleeves, broken, untested = [], [], 0
    limits = list(zip(records(frame), content.limits, strict=True))
    for key in content.sleeves:
        rows = []
        for row, limit in limits:
            if limit.sleeve != key:
                continue
            state = "untested" if limit.ok is None else "kept" if limit.ok else "broken"
            name, both_ways = rule_name(limit.rule, content.book, t), limit.rule in BOTH_WAYS
            sign = words.percent(-1 if is_below(limit) else 1, signed=True)[0] if both_ways and limit.value else ""
            rows.append(LimitRow(row, name, state, detail_text(limit, words), limit.rule in COUNTS, both_ways, sign))
            untested += state == "untested"
            if state == "broken":
                rule = rule_name(limit.rule, content.book, t)
                broken.append(t("limits.breach", sleeve=words.sleeve(key), rule=rule))
        sleeves.append((words.sleeve(key), rows, realised_rows(content, words, key)))
    named = [
        *broken[:MOST_NAMED],
        *([t("limits.more_breaches", count=len(broken) - MOST_NAMED)] if broken[MOST_NAMED:] else []),
    ]
    summary = t("limits.broken", count=len(broken), breaches=words.listed(named)) if broken else t("limits.kept")
    summary = words.sentences(summary, t("limits.untested", count=untested) if untested else "")
    return Limits(sleeves, t("limits.none") if frame.empty else summary, realised_note(content, words))


def is_below(limit: Limit) -> bool:
    """Whether the value is below what it is measured from, by the first of its details, which is the largest."""
    fact = limit.details[0]
    return fact.key == "below" or float(fact.values.get("value", 0.0)) < 0


def realised_rows(content: Content, words: PageWords, sleeve: str) -> list[RealisedRow]:
    """What was forecast of a sleeve's risk over the last months, and what followed."""
    frame, band, t = content.tables["realised"], content.book.limits.risk_band, words.messages
    index = "" if band is None else band.index
    return [
        RealisedRow(
            row=row,
            name=t(f"realised_measures.{row['measure']}", index=index),
            verdict=t(f"realised_verdicts.{row['verdict']}", least=LEAST_MONTHS, bound=words.number(row["bound"])),
            state="broken" if row["verdict"] in BROKEN else "untested" if row["verdict"] in UNTESTED else "kept",
            relative=row["measure"] == RATIO,
        )
        for row in records(frame[frame["sleeve"] == sleeve])
    ]


def realised_note(content: Content, words: PageWords) -> str:
    """How the tables of forecast and realised risk are to be read, and what they leave out."""
    left_out, t = float(content.tables["realised"]["uncovered_weight"].max()), words.messages
    uncovered = t("realised.uncovered", weight=words.percent(left_out, unit="%")) if left_out > 0 else ""
    return words.sentences(t("realised.note"), uncovered)


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
