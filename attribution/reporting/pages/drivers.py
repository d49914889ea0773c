"""The drivers of a sleeve on the page: which helped and which hurt, of how much, and whether selection was unusual."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from attribution.measures.selection import UNUSUAL
from attribution.portfolio.settings.sections import Drivers
from attribution.reporting.pages.factors import by_chance
from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import Facts, drivers, explains_nothing, is_given, offsetting, specific_names
from attribution.rows import PROXY, PROXY_FACTOR, SPECIFIC

Row = dict[str, Any]


@dataclass(frozen=True)
class DriversView:
    """The drivers of a course.

    Attributes
    ----------
    sides
        "helped" and "hurt": rows of `factor_contributions`, largest first, with `mark`, "*" where a second specification has
        something else, and `stocks`, those behind the specific part.
    sentences
        What they add up to, what offset them, whether selection was unusual.
    note
        What a driver is.
    factors_note
        How the table of factors is to be read.
    """

    sides: dict[str, list[Row]]
    sentences: list[str]
    note: str
    factors_note: str


def drivers_view(tables: Mapping[str, pd.DataFrame], course: str, rule: Drivers, words: PageWords) -> DriversView:
    """What the page says of a course's drivers."""
    found, t = drivers(tables, course), words.messages
    rows = [row | {"mark": _mark(row), "stocks": _stocks(tables, course, row, words)} for row in records(found)]
    frame = of_course(tables["factor_contributions"], course)
    note = [t("sleeve.drivers_note", bp=f"{rule.material_bp:g}", share=_share(rule.material_share),
              rate=_share(rule.false_discovery_rate))]  # fmt: skip
    if not (frame["standard_error"] > 0).any():
        note = [t("sleeve.drivers_unexplained" if explains_nothing(tables) else "sleeve.drivers_by_size")]
    elif frame["standard_error"].isna().any():
        note.append(t("sleeve.drivers_unknown"))
    factors = "sleeve.factors_note"
    if is_given(tables):
        some = (frame["standard_error"] > 0).any()
        factors = "sleeve.given_factors_note" if some else "sleeve.given_factors_note_without_errors"
    if explains_nothing(tables):
        factors = "notes.given_explains_nothing"
    if frame["second_contribution"].isna().all():
        note.append(t("sleeve.second_missing"))
    return DriversView(
        sides={side: [row for row in rows if row["sign"] == sign] for side, sign in (("helped", 1.0), ("hurt", -1.0))},
        sentences=[*_together(tables, course, words), *_selection(tables, course, words)],
        note=words.sentences(*note),
        factors_note=t(factors, **by_chance(frame["t"], words)),
    )


def _mark(row: Row) -> str:
    return "" if pd.isna(row["robust"]) or row["robust"] else "*"


def _stocks(tables: Mapping[str, pd.DataFrame], course: str, row: Row, words: PageWords) -> str:
    if row["factor"] != SPECIFIC:
        return ""
    named = specific_names(tables, course)
    return words.listed(
        f"{ticker} {words.percent(value, signed=True, unit='%')}"
        for ticker, value in zip(named["ticker"], named["contribution"], strict=True)
    )


def _together(tables: Mapping[str, pd.DataFrame], course: str, words: PageWords) -> list[str]:
    """What the drivers add up to, what offset it, and what the proxy is where it is one of them."""
    found, t = drivers(tables, course), words.messages
    if found.empty:
        return []
    facts = Facts(tables)
    value = {name: facts.figure(course, name) for name in ("drivers", "beside_drivers", "drivers_share")}
    shown = {name: words.percent(value[name], signed=True, unit="%") for name in ("drivers", "beside_drivers")}
    against = offsetting(tables, course)
    if against.empty and 0 < value["drivers_share"] <= 1:
        share = words.percent(value["drivers_share"], 0, unit="%")
        sentences = [t("sleeve.explained_share", share=share, **shown)]
    else:
        sentences = [t("sleeve.explained", **shown)]
    if len(against):
        listed = words.listed(
            f"{t.factor(row['factor'])} {words.percent(row['contribution'], signed=True, unit='%')}"
            for row in records(against)
        )
        sentences.append(t("sleeve.offset", factors=listed))
    if PROXY_FACTOR in set(found["factor"]):
        sentences.append(t("sleeve.proxy", name=words.row(PROXY)))
    return sentences


def _selection(tables: Mapping[str, pd.DataFrame], course: str, words: PageWords) -> list[str]:
    """Whether selection was unusual, where its risk was forecast."""
    facts = Facts(tables)
    ratio = facts.figure(course, "specific_part_ratio")
    if not math.isfinite(ratio):
        return []
    part = words.percent(facts.figure(course, "specific_part"), signed=True, unit="%")
    risk = words.percent(facts.figure(course, "specific_part_risk"), unit="%")
    wording = "unusual" if abs(ratio) >= UNUSUAL else "usual"
    return [words.messages(f"sleeve.selection_{wording}", part=part, risk=risk, times=words.number(abs(ratio), 1))]


def _share(value: float) -> str:
    """A share of the book, with as many decimals as it has."""
    return f"{value * 100:g}%"
