"""The section on the strategy's rules: each bound, the value held against it, and breaches by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

NUMBER = r"[+-]?\d+(?:\.\d+)?"
COUNTS = ("names_min", "names_max")
DETAILS = {  # what attribution.measures.limits and attribution.measures.forecast write: the message's key and its pattern
    "names": r"(?P<names>\d+) names?, (?P<least>\d+) to (?P<most>\d+) allowed",
    "drifted": rf"(?P<label>.+?) (?P<then>{NUMBER}) % at the rebalance, drifted to (?P<value>{NUMBER}) %",
    "now": rf"(?P<label>.+?) (?P<then>{NUMBER}) % at the rebalance, now (?P<value>{NUMBER}) %",
    "band_above": rf"(?P<risk>{NUMBER}) % against (?P<other>{NUMBER}) % of (?P<index>.+): (?P<gap>{NUMBER}) % above",
    "band_below": rf"(?P<risk>{NUMBER}) % against (?P<other>{NUMBER}) % of (?P<index>.+): (?P<gap>{NUMBER}) % below",
    "left_out": rf"(?P<count>\d+) names? of it without a forecast left out \((?P<weight>{NUMBER})% of its weight\)",
    "no_constituents": r"n/a: the book has no constituents of '(?P<index>.+)'",
    "no_forecast": r"n/a: no forecast risk of '(?P<index>.+)'",
    "no_sleeve_forecast": r"n/a: no forecast risk of the sleeve",
    "no_names": r"no names",
    "one": rf"(?P<label>.+?) (?P<value>{NUMBER}) %",
}
PERCENTS = ("then", "value", "risk", "other", "gap", "weight")
SIGNED = ("then", "value")


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
    for key in content.sleeves:
        rows = []
        for row in records(frame[frame["sleeve"] == key]):
            state = "untested" if pd.isna(row["ok"]) else "kept" if row["ok"] else "broken"
            detail = detail_text(str(row["detail"]), words, signed=str(row["rule"]).startswith("sector"))
            rows.append(LimitRow(row, state, detail, row["rule"] in COUNTS))
            untested += state == "untested"
            if state == "broken":
                rule = t.name("limit_rules", str(row["rule"]))
                broken.append(t("limits.breach", sleeve=words.sleeve(key), rule=rule))
        sleeves.append((words.sleeve(key), rows))
    summary = t("limits.broken", count=len(broken), breaches=words.listed(broken)) if broken else t("limits.kept")
    return Limits(sleeves, words.sentences(summary, t("limits.untested", count=untested) if untested else ""))


def detail_text(detail: str, words: PageWords, *, signed: bool = False) -> str:
    """A detail of the table `limits` in the page's language and number style; one that fits no pattern stands as it is.

    Examples
    --------
    >>> import attribution as at
    >>> from attribution.reporting.pages.words import page_words
    >>> words = page_words(at.read_book("fixtures/small/book.toml"), "ja")
    >>> detail_text("Energy -2.05 %", words, signed=True)
    'エネルギー △2.05%'
    """
    parts = [_detail_part(part, words, signed=signed) for part in detail.split("; ")]
    return words.messages("limits.separator").join(parts)


def _detail_part(part: str, words: PageWords, *, signed: bool) -> str:
    for key, pattern in DETAILS.items():
        match = re.fullmatch(pattern, part)
        if match:
            values = match.groupdict()
            for name in PERCENTS:
                if name in values:
                    values[name] = words.percent(float(values[name]) / 100, signed=signed and name in SIGNED, unit="%")
            if "label" in values:
                values["label"] = words.messages.factor(values["label"])
            return words.messages(f"limits.{key}", **values)
    return part
