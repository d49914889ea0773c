"""Half a page on a sleeve: why it was ahead or behind, its best and worst holdings, its risk, and what limits say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from attribution.reporting.pages.rows import of_course, records
from attribution.reporting.pages.stocks import driver_texts, kept_together, named_stocks
from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import LEAST_DRIVER, Facts
from attribution.rows import no_stocks

if TYPE_CHECKING:
    from markupsafe import Markup

    from attribution.reporting.tables.content import Content

Row = dict[str, Any]
SHOWN = 3  # of the best, and of the worst
RISK = ("portfolio_volatility", "benchmark_volatility", "tracking_error", "beta")


@dataclass(frozen=True)
class ClientSleeve:
    """What the client edition says of a sleeve.

    Attributes
    ----------
    key, name, style, course, benchmark
        The sleeve in the book, its name and style in the language, what the tables call it, and what it is held against.
    row
        return, benchmark_return and excess of the month.
    text
        What the analyst or the draft says of it, as HTML.
    stocks
        "best" and "worst": rows of `stock_contributions` of names held in the month, with `shown_name`, `said`, what the
        house says of it, and `parts`, what its contribution is made of, if nothing is said or a text tells a part.
    risk
        One line on forecast risk; empty where there is none.
    kept
        Whether all limits that could be tested were kept; None where the book sets none.
    broken
        How many limits are exceeded.
    """

    key: str
    name: str
    style: str
    course: str
    benchmark: str
    row: Row
    text: str
    stocks: dict[str, list[Row]]
    risk: str
    kept: bool | None
    broken: int


def client_sleeve(
    content: Content,
    words: PageWords,
    key: str,
    text: str,
    said: Mapping[str, Markup] | None = None,
    parted: Collection[str] = (),
) -> ClientSleeve:
    """Everything the client edition says of one sleeve; `text` is safe HTML, and so is what the house `said` of stocks.

    Of the stocks `parted` a text of the page tells a part of their contribution.
    """
    result = content.sleeves[key]
    limits = [limit.ok for limit in content.limits if limit.sleeve == key]
    return ClientSleeve(
        key=key,
        name=words.sleeve(key),
        style=words.text(words.book.sleeves[key].style),
        course=result.course,
        benchmark=result.benchmark,
        row={"return": result.portfolio_return, "benchmark_return": result.benchmark_return, "excess": result.excess_return},
        text=text,
        stocks=held_stocks(content, words, result.course, said or {}, parted),
        risk=risk_line(content, words, result.course, result.benchmark),
        kept=None if not limits else False not in limits,
        broken=limits.count(False),
    )


def best_and_worst(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Of a course's rows of `stock_contributions` the names held that helped its excess most, and that hurt it most."""
    held = frame[frame["held"] & ~no_stocks(frame["ticker"])]
    ordered = held.sort_values("active_contribution", ascending=False, kind="stable")
    best = ordered[ordered["active_contribution"] >= LEAST_DRIVER].head(SHOWN)
    worst = ordered[ordered["active_contribution"] <= -LEAST_DRIVER][::-1].head(SHOWN)
    return {"best": best, "worst": worst}


def shown_stocks(content: Content) -> set[str]:
    """The tickers that the client edition tells of."""
    frame = content.tables["stock_contributions"]
    courses = (of_course(frame, result.course) for result in content.sleeves.values())
    return {str(ticker) for rows in courses for part in best_and_worst(rows).values() for ticker in part["ticker"]}


def held_stocks(
    content: Content, words: PageWords, course: str, said: Mapping[str, Markup], parted: Collection[str]
) -> dict[str, list[Row]]:
    """The best and the worst, each with what the house said of it, or else with what drove it.

    Where a text of the page tells a part of the contribution, the parts stay: or a reader would find two figures.
    """
    sides = best_and_worst(named_stocks(content, words, course))
    drafted = driver_texts(content, words, course, [str(ticker) for part in sides.values() for ticker in part["ticker"]])
    return {
        side: [
            row
            | {
                "said": (own := said.get(ticker := str(row["ticker"]), "")),
                "parts": kept_together(drafted[ticker], words) if not own or ticker in parted else "",
            }
            for row in records(part)
        ]
        for side, part in sides.items()
    }


def risk_line(content: Content, words: PageWords, course: str, benchmark: str) -> str:
    """Forecast volatility beside the benchmark's, tracking error and beta, in one sentence."""
    facts = Facts({"risk": of_course(content.tables["risk"], course)})
    found: dict[str, float] = {}
    for measure in RISK:
        row = facts.row("risk", course, measure)
        if row is None or pd.isna(row["value"]):
            return ""
        found[measure] = float(row["value"])
    shown = {name: words.percent(value, 1, unit="%") for name, value in found.items() if name != "beta"}
    return words.messages("client.risk", benchmark=benchmark, beta=words.number(found["beta"]), **shown)
