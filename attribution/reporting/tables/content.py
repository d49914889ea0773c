"""Everything a report shows, as labelled frames: computed once, before any page is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from attribution.contributions.result import AttributionResult
from attribution.house_style.words import Messages, read_messages
from attribution.measures.limits import Limit
from attribution.measures.performance import History, tracks_to
from attribution.measures.selection import forecasts_around
from attribution.portfolio.begun import begun_by, books_of
from attribution.portfolio.book import Book
from attribution.portfolio.evidence.judged import Judged, evidence_of_parts, require_sound
from attribution.portfolio.periods import Period, read_period
from attribution.reporting.tables.later import Later, LaterList
from attribution.reporting.tables.making import Making, past_closes
from riskmodel.facts import Fact
from riskmodel.model.results import RiskModelResults
from riskmodel.progress import Step, silent

if TYPE_CHECKING:
    from attribution.construction.rungs import RuleCosts


@dataclass(frozen=True)
class Content:
    """One month of a book: all of it, or with tables, notes and rules that are made when something asks for them.

    Attributes
    ----------
    tables
        Frames by name, see `attribution.reporting.tables.frames`; numbers are decimals.
    results
        One attribution a course.
    sleeves
        One attribution a sleeve.
    history
        Daily returns of courses and benchmarks.
    limits
        The rows of the table `limits`, with the details that stand there in words.
    left_out
        Why a factor lacks a descriptor, by (factor, descriptor); in the table `coverage` it stands in words.
    notes
        What a reader must know of data and policies; the key of each names its sentence.
    model_settings
        The settings of the fitted model.
    evidence
        What is found in the tables, with what it may move.
    rules
        What the rules of strategies cost, by course that has one; of a book without strategies there are none.
    """

    book: Book
    month: str
    period: Period
    tables: Mapping[str, pd.DataFrame]
    results: dict[str, AttributionResult]
    sleeves: dict[str, AttributionResult]
    history: History
    limits: list[Limit]
    left_out: dict[tuple[str, str], Fact]
    notes: Sequence[Fact]
    model_settings: dict[str, Any]
    evidence: Sequence[Judged]
    rules: Mapping[str, RuleCosts] = field(default_factory=dict)

    def __repr__(self) -> str:
        courses = ", ".join(self.results)
        return f"Content: {self.month}, data to {self.period.end:%Y-%m-%d}; {courses}; {len(self.tables)} tables"

    def messages(self, language: str) -> Messages:
        """The words of a language, the styles called as the model calls them."""
        return read_messages(
            language,
            self.style_texts,
            self.descriptor_texts,
            market=self.book.market_name,
            names=self.book.names(language),
            sectors=self.sectors,
        )

    @property
    def sectors(self) -> tuple[str, ...]:
        """The sectors in their official order; empty where the market has none."""
        return next(iter((*self.results.values(), *self.sleeves.values()))).cube.sectors

    @property
    def style_texts(self) -> dict[str, dict[str, str]]:
        """Style or industry -> language -> its name on pages."""
        own = dict(self.model_settings.get("texts", {}))
        return own | dict(next(iter((*self.results.values(), *self.sleeves.values()))).style_texts)

    @property
    def descriptor_texts(self) -> dict[str, dict[str, str]]:
        """Descriptor -> language -> its name: that of the style which it is all of."""
        texts, rows = self.style_texts, self.tables.get("coverage", pd.DataFrame(columns=["factor", "descriptor"]))
        alone = rows[~rows["factor"].duplicated(keep=False)]
        return {row.descriptor: texts[row.factor] for row in alone.itertuples() if texts.get(row.factor)}

    def stock_names(self, language: str) -> dict[str, str]:
        """Ticker -> name of each stock in a language, where the securities table has one beside that of the tables."""
        return self._japanese_names if language == "ja" else {}

    @cached_property
    def _japanese_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for result in (*self.results.values(), *self.sleeves.values()):
            names |= {
                str(ticker): str(name) for ticker, name in result.cube.securities["name_ja"].to_series().items() if name
            }
        return names


def build_content(
    book: Book,
    market: xr.Dataset,
    model: RiskModelResults,
    month: str,
    *,
    whole: bool = True,
    progress: Step = silent,
) -> Content:
    """Compute every table, attribution and note of a month.

    Parameters
    ----------
    book, market, model
        As for `attribution.attribute`.
    month
        "YYYY-MM".
    whole
        False explains the sleeves alone, which is what clients read of; tables have their rows, and each is made when
        something first asks for it, notes and rules likewise.
    progress
        Called with the name of each stage as it begins.

    Raises
    ------
    InputError
        As `attribution.attribute`, of everything since the inception.
    """
    period = read_period(month, book, market)
    given, book = book, begun_by(book, period.end)
    longest = [tracks_to(part, market, month) for part in books_of(book)]
    evidence = evidence_of_parts(longest)
    require_sound(evidence, book.path.name)
    closes = past_closes(longest, market, period) if whole else ()
    with ThreadPoolExecutor(1) as beside:  # the forecast is arrays, which leave the interpreter to the rest
        making = Making(
            whole=given,
            book=book,
            market=market,
            model=model,
            month=month,
            period=period,
            longest=longest,
            evidence=evidence,
            explained=list(book.courses) if whole else single_sleeves(book),
            closes=closes,
            computed=beside.submit(forecasts_around, model, market, period, book.levels_among_names, closes),
            progress=progress,
        )
        tables: Mapping[str, pd.DataFrame] = making.tables
        tables = dict(tables) if whole else tables
        limits = making.limits
    return Content(
        book=book,
        month=month,
        period=period,
        tables=tables,
        results=making.results,
        sleeves=making.sleeves,
        history=making.history,
        limits=limits,
        left_out=making.left_out,
        notes=making.notes if whole else LaterList(lambda: making.notes),
        model_settings=model.settings,
        evidence=evidence,
        rules=making.rules[0] if whole else Later(lambda: making.rules[0], lambda course: making.rules[0][course]),
    )


def single_sleeves(book: Book) -> list[str]:
    """The courses that are one sleeve each."""
    return [course for course in book.courses if len(book.shares(course)) == 1]
