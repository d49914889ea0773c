"""What a month of a book is worked out from, each part once and when something first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from attribution.contributions.attribute import explain_course
from attribution.contributions.result import AttributionResult
from attribution.identities import identities, require_reconciled
from attribution.linking.linking import compound
from attribution.measures.forecast import Forecast
from attribution.measures.limits import Limit, limits_table
from attribution.measures.past_forecasts import last_months, past_of
from attribution.measures.performance import (
    History,
    history_of_parts,
    index_weeks_table,
    performance_table,
    trailing_table,
)
from attribution.measures.risk_results import CourseRisk
from attribution.measures.selection import SpecificForecast, forecasts_around
from attribution.measures.track_record import net_reconciliation, periods_table, record_table
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course, blend_tracks
from attribution.portfolio.evidence.judged import Judged
from attribution.portfolio.periods import Period, read_period
from attribution.portfolio.tracks import Tracks
from attribution.reporting.tables import frames
from attribution.reporting.tables.at_close import (
    Around,
    closing_risks,
    exposures_of,
    forecast_or_reason,
    risk_tables,
    sleeves_limits,
)
from attribution.reporting.tables.characteristics import characteristics_table, holdings_table
from attribution.reporting.tables.drivers import driver_figures, judged_factors_table
from attribution.reporting.tables.frames import stack, stacked_or_empty, stocks_table
from attribution.reporting.tables.later import Later
from attribution.reporting.tables.notes import begun_notes, collect_notes, evidence_notes, forecast_notes, fund_notes
from attribution.reporting.tables.past import PAST_TABLES, past_tables
from attribution.reporting.tables.strategies import rules_of_courses
from riskmodel.facts import Fact
from riskmodel.market.sector_order import sectors_in_order
from riskmodel.model.results import RiskModelResults
from riskmodel.progress import Step, silent

if TYPE_CHECKING:
    from attribution.construction.rungs import RuleCosts


@dataclass(frozen=True)
class Making:
    """A month of a book in the making.

    Attributes
    ----------
    whole
        The book as it is given; `book` is without what begins after the month.
    longest
        By part of the book that begins on one day its tracks, as far back as anything of it is told.
    explained
        The courses of the book that are explained, beside all its sleeves.
    closes, computed
        The forecasts at the month's last close, at the one before its first and at `closes`, being made beside the rest.
    """

    whole: Book
    book: Book
    market: xr.Dataset
    model: RiskModelResults
    month: str
    period: Period
    longest: Sequence[Tracks]
    evidence: Sequence[Judged]
    explained: Sequence[str]
    closes: Collection[pd.Timestamp]
    computed: Future[Around]
    progress: Step = silent

    @cached_property
    def parts(self) -> list[Tracks]:
        """The parts of the book over the month."""
        return [longer.over(read_period(self.month, longer.book, self.market)) for longer in self.longest]

    @cached_property
    def of_course(self) -> dict[str, Tracks]:
        """By course and sleeve the tracks over the month."""
        parts = reversed(self.parts)
        return {name: tracks for tracks in parts for name in (*tracks.book.courses, *tracks.book.sleeves)}

    @cached_property
    def history(self) -> History:
        """Daily returns of every course."""
        return history_of_parts(self.longest)

    @cached_property
    def results(self) -> dict[str, AttributionResult]:
        """One attribution a course that is explained."""
        return {course: self._explain(course, self.progress) for course in self.explained}

    @cached_property
    def sleeves(self) -> dict[str, AttributionResult]:
        """One attribution a sleeve: that of the course which is the sleeve alone, where there is one."""
        alone = {next(iter(self.book.shares(name))): name for name in self.results if len(self.book.shares(name)) == 1}
        return {name: self.results[alone[name]] if name in alone else self._explain(name) for name in self.book.sleeves}

    def _explain(self, course: str, progress: Step = silent) -> AttributionResult:
        progress(course)
        return explain_course(blend_tracks(self.of_course[course], course), self.book, self.model, self.market)

    @cached_property
    def every(self) -> dict[str, AttributionResult]:
        """All attributions, courses first, each once; of a sleeve that is no course under its key."""
        courses = list(self.results.values())
        return self.results | {key: own for key, own in self.sleeves.items() if not any(own is one for one in courses)}

    @cached_property
    def courses(self) -> dict[str, Course]:
        """What was followed of each."""
        return {name: result.followed for name, result in self.every.items()}

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """The table `coverage`."""
        return self.model.coverage(exposure_days(self.market, self.period))

    @cached_property
    def left_out(self) -> dict[tuple[str, str], Fact]:
        """Why a factor lacks a descriptor."""
        return self.model.left_out(exposure_days(self.market, self.period))

    @cached_property
    def around(self) -> Around | Fact:
        """The forecasts at the month's last close and before, or why the last has none."""
        self.progress("risk")
        return forecast_or_reason(self.computed)

    @property
    def forecast(self) -> Forecast | None:
        """That of the month's last close."""
        return None if isinstance(self.around, Fact) else self.around[0]

    @cached_property
    def earlier(self) -> dict[pd.Timestamp, Forecast]:
        """Forecasts at the closes before the last months, by close; those that there are."""
        if isinstance(self.around, Fact):
            return {}
        closes = past_closes(self.longest, self.market, self.period)
        if closes <= set(self.closes):
            return self.around[2]
        return forecasts_around(self.model, self.market, self.period, self.book.levels_among_names, closes)[2]

    @cached_property
    def risks(self) -> dict[str, CourseRisk]:
        """Forecast risk of the courses that have one."""
        return closing_risks(self.courses, self.forecast, self.book.book.uncovered_max)

    @cached_property
    def risk_tables(self) -> dict[str, pd.DataFrame]:
        """The tables of forecast risk."""
        return risk_tables(self.risks, sectors_in_order(self.market))

    @cached_property
    def limits(self) -> list[Limit]:
        """The limits of every sleeve."""
        return sleeves_limits(self.of_course, self.courses, self.forecast, self.risks)

    @cached_property
    def rules(self) -> tuple[dict[str, RuleCosts], list[Fact]]:
        """What rules cost, and why that is not known where it is not."""
        return rules_of_courses(self.of_course, self.courses, self.model, self.earlier, self.progress)

    @cached_property
    def past(self) -> tuple[dict[str, pd.DataFrame], list[pd.DataFrame]]:
        """The tables of sleeves through time, and the identities that they keep."""
        own = (
            (past_of(tracks, self.earlier), [name for name in self.sleeves if self.of_course[name] is tracks])
            for tracks in self.parts
        )
        return past_tables(self.of_course, self.sleeves, self.history, self.model, self.month, own)

    @cached_property
    def ranking(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The table `performance`, and that its returns are the attributions' own, or those of a blend's days."""
        table = performance_table(self.history, self.book, self.month)
        own = {course: (result.portfolio_return, result.benchmark_return) for course, result in self.results.items()}
        for course in self.book.courses:
            if course not in own:
                days = blend_tracks(self.of_course[course], course).data
                own[course] = compound(days["portfolio_return"].to_numpy()), compound(days["benchmark_return"].to_numpy())
        return table, ranking_reconciliation(table, self.month, own)

    @cached_property
    def periods(self) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
        """The table `periods`, and that its returns net of fees are those before less the fees, in a book that has any."""
        book = self.book
        table = periods_table(self.history, self.named, self.market, self.month, book.fees)
        if not book.fees:
            return table, []
        net = net_reconciliation(table, self.history, book.fees)
        require_reconciled(net, f"net of fees, {self.month}")
        return table, [net]

    @property
    def named(self) -> list[str]:
        """Every course of the book, and the sleeves that are none."""
        return list(dict.fromkeys([*self.book.courses, *self.every]))

    @cached_property
    def notes(self) -> list[Fact]:
        """What a reader must know of data and policies."""
        book, period, results, sleeves = self.book, self.period, self.results, self.sleeves
        made = self.around if isinstance(self.around, Fact) else self.around[0]
        return [
            *begun_notes(self.whole, book, self.history, period),
            *collect_notes(book, self.market, self.model, period, self.coverage, self.left_out, results, sleeves),
            *fund_notes(self.of_course, sleeves),
            *evidence_notes(self.evidence),
            *forecast_notes(self.courses, made, self.risks, period),
            *self.rules[1],
        ]

    @cached_property
    def tables(self) -> Later[pd.DataFrame]:
        """The tables by name."""
        makers = self._makers()
        return Later(lambda: makers, lambda name: makers[name]())

    def _makers(self) -> dict[str, Callable[[], pd.DataFrame]]:
        book, market, model, month, period = self.book, self.market, self.model, self.month, self.period
        sectors = sectors_in_order(market)

        def of_every(make: Callable[[AttributionResult], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
            return lambda: stack(make(result) for result in self.every.values())

        def of_known(
            make: Callable[[AttributionResult], pd.DataFrame | None], columns: Sequence[str]
        ) -> Callable[[], pd.DataFrame]:
            """Of those of whose benchmark more than returns is known."""
            every = self.every.values
            return lambda: stacked_or_empty([None if one.cube.returns_only else make(one) for one in every()], columns)

        return {
            "performance": lambda: self.ranking[0],
            "trailing": lambda: trailing_table(self.history, book, market, month),
            "periods": lambda: self.periods[0],
            "record": lambda: record_table(self.history, self.named, market, month, book.fees),
            "index_weeks": lambda: index_weeks_table(self.history, book, market, month),
            "index_months": lambda: frames.index_months_table(self.history, period),
            "cumulative": lambda: frames.cumulative_table(self.history, book, self.tables["trailing"]),
            "factor_returns": lambda: frames.factor_returns_table(model.data.sel(time=period.days), model, sectors),
            "factor_month": lambda: frames.factor_month_table(self.tables["factor_returns"]),
            "factor_contributions": of_every(lambda result: judged_factors_table(result, book.drivers)),
            "group_contributions": of_every(frames.group_contributions_table),
            "stock_contributions": of_every(stocks_table),
            "stock_factor": of_every(frames.stock_factor_table),
            "brinson": of_known(lambda result: result.sector_brinson, frames.BRINSON),
            "brinson_by_factor": of_known(frames.brinson_by_factor_table, frames.BRINSON_BY_FACTOR),
            "brinson_families": of_known(frames.brinson_families_table, frames.BRINSON_FAMILIES),
            "exposures": lambda: exposures_of(self.of_course, model, self.courses),
            "figures": self._figures,
            "sector_weights": lambda: frames.sector_weights_table(self.sleeves.values()),
            "characteristics": lambda: characteristics_table(self.courses, market),
            "holdings": lambda: holdings_table(self.every),
            **_each(("risk", "risk_factors"), lambda: self.risk_tables),
            "limits": lambda: limits_table(self.limits),
            **_each(PAST_TABLES, lambda: self.past[0]),
            **({"rules": lambda: rules_table(self.rules[0])} if book.strategies else {}),
            "coverage": lambda: self.coverage,
            "reconciliation": self._reconciliation,
        }

    def _figures(self) -> pd.DataFrame:
        before = None if isinstance(self.around, Fact) else self.around[1]
        figures = {name: frames.figures_table(self.of_course[name], own) for name, own in self.courses.items()}
        return with_driver_figures(figures, self.tables["factor_contributions"], self.every, before, self.book)

    def _reconciliation(self) -> pd.DataFrame:
        tables = [result.reconciliation for result in self.every.values()]
        columns = list(tables[0])
        tables += [costs.reconciliation.assign(course=course)[columns] for course, costs in self.rules[0].items()]
        tables += [table[columns] for table in (*self.past[1], *self.periods[1])]
        return stack([*tables, self.ranking[1]])


def _each(names: Iterable[str], tables: Callable[[], dict[str, pd.DataFrame]]) -> dict[str, Callable[[], pd.DataFrame]]:
    """Makers of tables that are made together."""
    return {name: partial(lambda one: tables()[one], name) for name in names}


def past_closes(longest: Iterable[Tracks], market: xr.Dataset, period: Period) -> set[pd.Timestamp]:
    """The closes before the last months of each part of a book."""
    return {past.base for tracks in longest for past in last_months(tracks.book, market, period.end)}


def rules_table(rules: dict[str, RuleCosts]) -> pd.DataFrame:
    """The table `rules`."""
    return stacked_or_empty([costs.table for costs in rules.values()], frames.RULES)


def with_driver_figures(
    figures: dict[str, pd.DataFrame],
    factors: pd.DataFrame,
    results: dict[str, AttributionResult],
    forecast: SpecificForecast | None,
    book: Book,
) -> pd.DataFrame:
    """The table `figures`, with what a course's drivers add up to and how usual its specific part was below its rows."""
    return stack(
        part
        for course, result in results.items()
        for part in (
            figures[course],
            driver_figures(factors[factors["course"] == course], result, forecast, book.book.uncovered_max),
        )
    )


def ranking_reconciliation(ranking: pd.DataFrame, month: str, own: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """The ranking's returns, followed since inception, against each course's own of the month and its benchmark's.

    Raises
    ------
    ReconciliationError
        Where they differ.
    """
    by_course = ranking.set_index("course")
    tables = []
    for course, (earned, of_benchmark) in own.items():
        row = by_course.loc[course]
        sides = {
            "ranking's return = R": (float(row["return"]), earned),
            "ranking's benchmark = B": (float(row["benchmark_return"]), of_benchmark),
        }
        tables.append(identities(sides).assign(course=course))
        require_reconciled(tables[-1], f"{course}, {month}")
    return stack(tables)[["course", *tables[0].columns[:-1]]]


def exposure_days(market: xr.Dataset, period: Period) -> pd.DatetimeIndex:
    """The days whose exposures explain a period: each session's session before."""
    sessions = market.get_index("time")
    return sessions[sessions.get_indexer(period.days) - 1]
