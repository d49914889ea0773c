"""The section on the month's factor returns, under the name of what was rewarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import norm

from attribution.reporting.pages.rows import records
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import clear
from attribution.rows import LEAST_T

if TYPE_CHECKING:
    import pandas as pd

    from attribution.reporting.tables.content import Content

NAMED, INDUSTRIES = 4, 10


@dataclass(frozen=True)
class FactorReturns:
    """Rows of styles, of market and sectors, and of the largest industries, largest first, or in an order.

    `lead` says what was rewarded and what was not, `note` how the rows are to be read, and how many of them pass twice their
    error by chance.
    """

    tables: list[tuple[str, list[dict[str, Any]]]]
    lead: list[str]
    note: str


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
    """The section's title: the styles that gained most."""
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
    industries = ordered[ordered["group"] == "industry"]
    if len(industries):
        sizes = industries["return"].abs().sort_values(ascending=False, kind="stable")
        both.append(("industries", records(industries[industries.index.isin(sizes.index[:INDUSTRIES])])))
    lead = []
    for key, factors in zip(("gained", "lost"), rewarded(frame), strict=True):
        listed = words.listed(
            f"{t.factor(factor)} {words.percent(value[factor], signed=True, unit='%')}" for factor in factors
        )
        lead.append(t(f"factor_returns.{key}", factors=listed) if factors else t(f"factor_returns.{key}_none"))
    market = float(value["market"])
    lead.insert(0, t("factor_returns.market", value=words.percent(market, signed=True, unit="%")))
    return FactorReturns(both, lead, words.messages("factor_returns.note", **by_chance(frame["t"], words)))


def by_chance(t: pd.Series, words: PageWords) -> dict[str, str]:
    """How many rows are estimated, and about how many of these pass twice their error by chance alone."""
    count = int(np.isfinite(t).sum())
    return {"count": words.number(count, 0), "chance": words.number(2 * float(norm.sf(LEAST_T)) * count, 1)}
