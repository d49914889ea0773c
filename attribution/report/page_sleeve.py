"""The section on one sleeve: result, drivers, contributions of factors, Brinson by sector, stocks, exposures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.contributions import PROXY
from attribution.report.page_brinson import BrinsonView, brinson_view
from attribution.report.page_rows import of_course, records
from attribution.report.page_stocks import StocksView, stocks_view
from attribution.report.page_words import PageWords

if TYPE_CHECKING:
    from attribution.report.content import Content

SHOWN_DRIVERS = 5
LEAST_DRIVER = 5e-5  # what prints as 0.00 is no driver, however certain
MODELLED = ("market", "sector", "style")
Row = dict[str, Any]


@dataclass(frozen=True)
class FactorGroup:
    """The rows of a group of factors with their sum; one row needs no sum of its own."""

    group: str
    rows: list[Row]
    total: Row


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
    drivers: dict[str, list[Row]]
    proxy: str
    groups: list[FactorGroup]
    brinson: BrinsonView
    stocks: StocksView
    exposures: list[Row]
    before: bool


def sleeve_sections(content: Content, words: PageWords) -> list[Sleeve]:
    """A section for each sleeve, in the book's order."""
    return [sleeve_section(content, words, key, place) for place, key in enumerate(content.sleeves, 1)]


def sleeve_section(content: Content, words: PageWords, key: str, place: int) -> Sleeve:
    """Everything the page says of one sleeve."""
    result = content.sleeves[key]
    course, tables = result.course, content.tables
    factors = of_course(tables["factor_contributions"], course)
    exposures = of_course(tables["exposures"], course)
    drivers = main_drivers(factors)
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
        drivers={side: records(rows) for side, rows in drivers.items()},
        proxy=proxy_sentence(factors, drivers, words),
        groups=factor_groups(factors, of_course(tables["group_contributions"], course)),
        brinson=brinson_view(tables, course),
        stocks=stocks_view(content, words, course),
        exposures=records(exposures),
        before=bool(exposures["active_before"].notna().any()),
    )


def main_drivers(factors: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The factors that helped and hurt beyond doubt, largest first.

    Parameters
    ----------
    factors
        A course's rows of `factor_contributions`.
    """
    certain = factors["group"].isin(MODELLED) & (factors["t"].abs() >= 2) & (factors["contribution"].abs() >= LEAST_DRIVER)
    ordered = factors[certain].sort_values("contribution", kind="stable")
    return {
        "helped": ordered[ordered["contribution"] > 0][::-1].head(SHOWN_DRIVERS),
        "hurt": ordered[ordered["contribution"] < 0].head(SHOWN_DRIVERS),
    }


def proxy_sentence(factors: pd.DataFrame, drivers: dict[str, pd.DataFrame], words: PageWords) -> str:
    """Names the difference of constituents and index where it is larger than the smallest driver named, else nothing."""
    proxy = float(factors.loc[factors["factor"] == "proxy", "contribution"].sum())
    smallest = pd.concat(drivers.values())["contribution"].abs().min()
    if abs(proxy) < LEAST_DRIVER or abs(proxy) <= smallest:  # no driver at all: NaN, and the proxy is named
        return ""
    key = "sleeve.proxy" if pd.notna(smallest) else "sleeve.proxy_alone"
    return words.messages(key, value=words.percent(proxy, signed=True, unit="%"), name=words.row(PROXY))


def factor_groups(factors: pd.DataFrame, totals: pd.DataFrame) -> list[FactorGroup]:
    """Factors by group, each with its row of `group_contributions`."""
    total = totals.set_index("group", drop=False)
    return [
        FactorGroup(str(group), records(rows), total.loc[group].to_dict())
        for group, rows in factors.groupby("group", sort=False)
    ]
