"""The section on the month's factor returns, under the name of what was rewarded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import clear, explains_nothing, is_given
from attribution.rows import LEAST_T, LONG

if TYPE_CHECKING:
    import pandas as pd

    from attribution.reporting.tables.content import Content

NAMED, INDUSTRIES = 4, 10
LONG_TABLES = {"country": "countries", "industry": "industries", "currency": "currencies"}


@dataclass(frozen=True)
class FactorReturns:
    """Rows of styles, of market and sectors, and of the largest industries and the like, largest first, or in an order.

    `lead` says what was rewarded and what was not, `note` how the rows are to be read, and how many of them pass twice their
    error by chance; `caption` stands below the chart of the month.
    """

    tables: list[tuple[str, list[dict[str, Any]]]]
    lead: list[str]
    note: str
    caption: str


def rewarded(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Styles that gained and lost beyond two standard errors, largest first.

    Parameters
    ----------
    frame
        The table `factor_month`.
    """
    certain = frame[(frame["group"] == "style") & clear(frame, "return")]
    ordered = certain.sort_values("return", kind="stable")
    gained, lost = ordered[ordered["return"] > 0][::-1], ordered[ordered["return"] < 0]
    return list(gained["factor"]), list(lost["factor"])


def rewarded_title(content: Content, words: PageWords) -> str:
    """The section's title: the styles that gained most, where the model has errors to tell them from noise."""
    if not has_errors(content.tables["factor_month"]):
        return words.messages("factor_returns.title_plain")
    gained, _ = rewarded(content.tables["factor_month"])
    if not gained:
        return words.messages("factor_returns.title_none")
    return words.messages("factor_returns.title", factors=words.listed(map(words.messages.factor, gained[:NAMED])))


def factors_section(content: Content, words: PageWords) -> FactorReturns:
    """Factor returns of the month."""
    frame, t = content.tables["factor_month"], words.messages
    value = frame.set_index("factor")["return"]
    style = frame["group"] == "style"
    ordered = frame.sort_values("return", ascending=False, kind="stable")
    sectors = frame if t.sectors else ordered
    both = [
        ("styles", records(ordered[style.reindex(ordered.index)])),
        ("market_and_sectors", records(frame[frame["group"] == "market"]) + records(sectors[sectors["group"] == "sector"])),
    ]
    given = is_given(content.tables)
    for group in LONG:
        of_group = ordered[ordered["group"] == group]
        sizes = of_group["return"].abs().sort_values(ascending=False, kind="stable")
        name = f"given_{LONG_TABLES[group]}" if given and group == "industry" else LONG_TABLES[group]
        name = name if len(of_group) > INDUSTRIES else f"all_{name}"  # ten are spoken of only where some are left out
        both.append((name, records(of_group[of_group.index.isin(sizes.index[:INDUSTRIES])])))
    lead, certain = [], has_errors(frame)
    ends = rewarded(frame) if certain else extremes(frame)
    for key, factors in zip(("gained", "lost") if certain else ("highest", "lowest"), ends, strict=True):
        listed = words.listed(
            f"{t.factor(factor)} {words.percent(value[factor], signed=True, unit='%')}" for factor in factors
        )
        if factors or certain:
            lead.append(t(f"factor_returns.{key}", factors=listed) if factors else t(f"factor_returns.{key}_none"))
    market = frame[frame["group"] == "market"]
    if len(market) == 1:
        lead.insert(0, t("factor_returns.market", value=words.percent(market["return"].iloc[0], signed=True, unit="%")))
    note = f"factor_returns.{'note' if not given else 'given_note' if certain else 'given_note_without_errors'}"
    if explains_nothing(content.tables):
        note = "notes.given_explains_nothing"
    caption = "caption" if not given else "given_caption" if certain else "given_caption_without_errors"
    return FactorReturns(
        [table for table in both if table[1]],
        lead,
        note=t(note, **by_chance(frame["t"], words)),
        caption=t(f"factor_returns.{caption}", month=words.date(content.period.end, "month")),
    )


def has_errors(frame: pd.DataFrame) -> bool:
    """Whether factor returns have standard errors; those of a given model may have none."""
    return bool(frame["t"].notna().any())


def extremes(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The styles with the highest and the lowest returns, where no error tells them from noise."""
    style = frame[frame["group"] == "style"].dropna(subset=["return"]).sort_values("return", kind="stable")
    gained, lost = style[style["return"] > 0][::-1], style[style["return"] < 0]
    return list(gained["factor"][:NAMED]), list(lost["factor"][:NAMED])


def by_chance(t: pd.Series, words: PageWords) -> dict[str, str]:
    """How many rows are estimated, and about how many of these pass twice their error by chance alone."""
    count = int(np.isfinite(t).sum())
    chance = math.erfc(LEAST_T / math.sqrt(2)) * count
    return {"count": words.number(count, 0), "chance": words.number(chance, 0 if chance >= 1 else 1)}
