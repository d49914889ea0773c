"""The section on one sleeve: result, drivers, contributions of factors, Brinson by sector, stocks, exposures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.reporting.pages.brinson import BrinsonView, brinson_view
from attribution.reporting.pages.drivers import DriversView, drivers_view
from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.stocks import StocksView, stocks_view
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import is_given
from attribution.rows import FAMILIES, LONG

if TYPE_CHECKING:
    from attribution.reporting.tables.content import Content

Row = dict[str, Any]


INDUSTRIES = 8  # shown of a sleeve's


@dataclass(frozen=True)
class FactorGroup:
    """The rows of a group of factors with their sum; one row needs no sum of its own.

    Of many industries the largest are shown; `others` is how many are not, and `rest` what those add up to.
    """

    group: str
    rows: list[Row]
    total: Row
    others: int = 0
    rest: float = 0.0


@dataclass(frozen=True)
class Sleeve:
    """What the page says of a sleeve; `course` is the name that its rows bear in the tables."""

    key: str
    place: int
    name: str
    style: str
    course: str
    benchmark: str
    portfolio_return: float
    benchmark_return: float
    excess: float
    drivers: DriversView
    groups: list[FactorGroup]
    brinson: BrinsonView
    stocks: StocksView
    exposures: list[Row]
    exposures_note: str


def sleeve_sections(content: Content, words: PageWords) -> list[Sleeve]:
    """A section for each sleeve, in the book's order."""
    return [sleeve_section(content, words, key, place) for place, key in enumerate(content.sleeves, 1)]


def sleeve_section(content: Content, words: PageWords, key: str, place: int) -> Sleeve:
    """Everything the page says of one sleeve."""
    result = content.sleeves[key]
    course, tables = result.course, content.tables
    factors = of_course(tables["factor_contributions"], course)
    exposures = of_course(tables["exposures"], course)
    return Sleeve(
        key=key,
        place=place,
        name=words.sleeve(key),
        style=words.text(words.book.sleeves[key].style),
        course=course,
        benchmark=result.benchmark,
        portfolio_return=result.portfolio_return,
        benchmark_return=result.benchmark_return,
        excess=result.excess_return,
        drivers=drivers_view(tables, course, words.book.drivers, words),
        groups=factor_groups(factors, of_course(tables["group_contributions"], course)),
        brinson=brinson_view(tables, course),
        stocks=stocks_view(content, words, course),
        exposures=records(exposures),
        exposures_note=_exposures_note(content, exposures, words),
    )


def _exposures_note(content: Content, exposures: pd.DataFrame, words: PageWords) -> str:
    """The unit of exposures, and why there are none of a month before, where there are none."""
    given = "given_" if is_given(content.tables) else ""
    later = content.period.base >= pd.Timestamp(content.book.book.inception)
    first = f"exposures.{given if later else ''}first"
    without = bool(exposures["active_before"].isna().all())
    return words.sentences(words.messages(f"exposures.{given}note"), words.messages(first) if without else "")


def factor_groups(factors: pd.DataFrame, totals: pd.DataFrame) -> list[FactorGroup]:
    """Factors by group, each with its row of `group_contributions`."""
    total, groups = totals.set_index("group", drop=False), []
    order = factors["group"].map(FAMILIES.index).sort_values(kind="stable").index
    for group, rows in factors.loc[order].groupby("group", sort=False):
        size = rows["contribution"].abs().sort_values(ascending=False, kind="stable")
        hidden = rows.index.isin(size.index[INDUSTRIES:]) & (group in LONG)
        rest = float(rows.loc[hidden, "contribution"].sum(min_count=min(1, hidden.sum())))
        groups.append(FactorGroup(str(group), records(rows[~hidden]), total.loc[group].to_dict(), int(hidden.sum()), rest))
    return groups
