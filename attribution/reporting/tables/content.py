"""Everything a report shows, as labelled frames: computed once, before any page is laid out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import pandas as pd
import xarray as xr

from attribution.construction.rungs import RuleCosts
from attribution.contributions.attribute import explain_course
from attribution.contributions.result import AttributionResult
from attribution.house_style.words import Messages, read_messages
from attribution.identities import identities, require_reconciled
from attribution.measures.forecast import (
    Forecast,
    closing_limits,
    closing_risk,
    month_to,
    uncovered_weights,
)
from attribution.measures.limits import Limit, limits_table
from attribution.measures.past_forecasts import last_months, past_of
from attribution.measures.performance import (
    History,
    history_of_parts,
    index_weeks_table,
    performance_table,
    tracks_to,
    trailing_table,
)
from attribution.measures.risk_results import CourseRisk
from attribution.measures.selection import SpecificForecast, forecasts_around
from attribution.measures.track_record import net_reconciliation, periods_table, record_table
from attribution.portfolio.begun import begun_by, books_of
from attribution.portfolio.book import Book
from attribution.portfolio.course import Course, blend_tracks
from attribution.portfolio.evidence.judged import Judged, evidence_of_parts, require_sound
from attribution.portfolio.periods import Period, read_period
from attribution.portfolio.tracks import Tracks
from attribution.reporting.tables import frames
from attribution.reporting.tables.characteristics import characteristics_table, holdings_table
from attribution.reporting.tables.drivers import driver_figures, judged_factors_table
from attribution.reporting.tables.frames import stack, stocks_table
from attribution.reporting.tables.notes import begun_notes, collect_notes, evidence_notes, forecast_notes, fund_notes
from attribution.reporting.tables.past import past_tables
from attribution.reporting.tables.strategies import rules_of_courses
from riskmodel.facts import Fact, ForecastUnavailableError
from riskmodel.market.sector_order import sectors_in_order
from riskmodel.model.results import RiskModelResults
from riskmodel.progress import Step, silent

Around: TypeAlias = tuple[Forecast, SpecificForecast | None, dict[pd.Timestamp, Forecast]]  # see `forecasts_around`


@dataclass(frozen=True)
class Content:
    """One month of a book.

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
    tables: dict[str, pd.DataFrame]
    results: dict[str, AttributionResult]
    sleeves: dict[str, AttributionResult]
    history: History
    limits: list[Limit]
    left_out: dict[tuple[str, str], Fact]
    notes: list[Fact]
    model_settings: dict[str, Any]
    evidence: list[Judged]
    rules: dict[str, RuleCosts] = field(default_factory=dict)

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
    progress: Step = silent,
) -> Content:
    """Compute every table, attribution and note of a month.

    Parameters
    ----------
    book, market, model
        As for `attribution.attribute`.
    month
        "YYYY-MM".
    progress
        Called with the name of each stage as it begins.

    Raises
    ------
    InputError
        As `attribution.attribute`, of everything since the inception.
    """
    period = read_period(month, book, market)
    whole, book = book, begun_by(book, period.end)
    longest = [tracks_to(part, market, month) for part in books_of(book)]
    parts = [longer.over(read_period(month, longer.book, market)) for longer in longest]
    evidence = evidence_of_parts(longest)
    require_sound(evidence, book.path.name)
    of_course = {name: tracks for tracks in reversed(parts) for name in (*tracks.book.courses, *tracks.book.sleeves)}

    def explain(course: str) -> AttributionResult:
        return explain_course(blend_tracks(of_course[course], course), book, model, market)

    closes = {past.base for tracks in parts for past in last_months(tracks.book, market, period.end)}
    with ThreadPoolExecutor(1) as beside:  # the forecast is arrays, which leave the interpreter to the rest
        computed = beside.submit(forecasts_around, model, market, period, book.levels_among_names, closes)
        history = history_of_parts(longest)
        results = {}
        for course in book.courses:
            progress(course)
            results[course] = explain(course)
        alone = {next(iter(book.shares(course))): course for course in book.courses if len(book.shares(course)) == 1}
        sleeves = {sleeve: results[alone[sleeve]] if sleeve in alone else explain(sleeve) for sleeve in book.sleeves}
        explained = results | {sleeve: result for sleeve, result in sleeves.items() if sleeve not in alone}
        courses = {name: result.followed for name, result in explained.items()}
        known = exposure_days(market, period)
        coverage, left_out = model.coverage(known), model.left_out(known)
        tables = performance_tables(book, market, month, period, history, courses)
        sectors = sectors_in_order(market)
        tables |= factor_tables(model, period, sectors)
        tables |= contribution_tables(explained, book)
        tables |= position_tables(of_course, model, courses)
        tables["sector_weights"] = frames.sector_weights_table(sleeves.values())
        tables |= {"characteristics": characteristics_table(courses, market), "holdings": holdings_table(explained)}
        progress("risk")
        around = forecast_or_reason(computed)
        made, before, earlier = (around, None, {}) if isinstance(around, Fact) else around
        forecast = made if isinstance(made, Forecast) else None
        tables["figures"] = with_driver_figures(tables, explained, before, book)
    risks = closing_risks(courses, forecast, book.book.uncovered_max)
    limits = sleeves_limits(of_course, courses, forecast, risks)
    tables |= risk_tables(risks, sectors) | {"limits": limits_table(limits)}
    rules, rules_missing = rules_of_courses(of_course, courses, model, earlier, progress)
    own = ((past_of(tracks, earlier), [name for name in sleeves if of_course[name] is tracks]) for tracks in parts)
    through_time, since = past_tables(of_course, sleeves, history, model, month, own)
    tables |= through_time
    reconciled = [result.reconciliation for result in explained.values()]
    reconciled += [costs.reconciliation.assign(course=course)[list(reconciled[0])] for course, costs in rules.items()]
    reconciled += [table[list(reconciled[0])] for table in since]
    if book.strategies:
        tables["rules"] = frames.stacked_or_empty([costs.table for costs in rules.values()], frames.RULES)
    tables["coverage"] = coverage
    if book.fees:
        net = net_reconciliation(tables["periods"], history, book.fees)
        require_reconciled(net, f"net of fees, {month}")
        reconciled.append(net[list(reconciled[0])])
    tables["reconciliation"] = stack([*reconciled, ranking_reconciliation(tables["performance"], month, results)])
    return Content(
        book=book,
        month=month,
        period=period,
        tables=tables,
        results=results,
        sleeves=sleeves,
        history=history,
        limits=limits,
        left_out=left_out,
        notes=[
            *begun_notes(whole, book, history, period),
            *collect_notes(book, market, model, period, coverage, left_out, results, sleeves),
            *fund_notes(of_course, sleeves),
            *evidence_notes(evidence),
            *forecast_notes(courses, made, risks, period),
            *rules_missing,
        ],
        model_settings=model.settings,
        evidence=evidence,
        rules=rules,
    )


def performance_tables(
    book: Book, market: xr.Dataset, month: str, period: Period, history: History, courses: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """Returns of courses, benchmarks and indices over the month and longer."""
    trailing = trailing_table(history, book, market, month)
    return {
        "performance": performance_table(history, book, month),
        "trailing": trailing,
        "periods": periods_table(history, courses, market, month, book.fees),
        "record": record_table(history, courses, market, month, book.fees),
        "index_weeks": index_weeks_table(history, book, market, month),
        "index_months": frames.index_months_table(history, period),
        "cumulative": frames.cumulative_table(history, book, trailing),
    }


def factor_tables(model: RiskModelResults, period: Period, sectors: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """What the market paid for each factor, by day and over the month."""
    daily = frames.factor_returns_table(model.data.sel(time=period.days), model, sectors)
    return {"factor_returns": daily, "factor_month": frames.factor_month_table(daily)}


def with_driver_figures(
    tables: dict[str, pd.DataFrame], results: dict[str, AttributionResult], forecast: SpecificForecast | None, book: Book
) -> pd.DataFrame:
    """The table `figures`, with what a course's drivers add up to and how usual its specific part was below its rows."""
    figures, factors = tables["figures"], tables["factor_contributions"]
    return stack(
        part
        for course, result in results.items()
        for part in (
            figures[figures["course"] == course],
            driver_figures(factors[factors["course"] == course], result, forecast, book.book.uncovered_max),
        )
    )


def contribution_tables(results: dict[str, AttributionResult], book: Book) -> dict[str, pd.DataFrame]:
    """Every cut of the excess returns that a page shows, one below the other for each course."""
    every = results.values()
    return {
        "factor_contributions": stack(judged_factors_table(result, book.drivers) for result in every),
        "group_contributions": stack(frames.group_contributions_table(result) for result in every),
        "stock_contributions": stack(stocks_table(result) for result in every),
        "stock_factor": stack(frames.stock_factor_table(result) for result in every),
        "brinson": frames.stacked_or_empty([result.sector_brinson for result in every], frames.BRINSON),
        "brinson_by_factor": frames.stacked_or_empty(
            [None if result.cube.returns_only else frames.brinson_by_factor_table(result) for result in every],
            frames.BRINSON_BY_FACTOR,
        ),
        "brinson_families": frames.stacked_or_empty(
            [None if result.cube.returns_only else frames.brinson_families_table(result) for result in every],
            frames.BRINSON_FAMILIES,
        ),
    }


def position_tables(
    of_course: dict[str, Tracks], model: RiskModelResults, courses: dict[str, Course]
) -> dict[str, pd.DataFrame]:
    """Where the courses stand at the month's last close: exposures, active share and turnover; by course its tracks."""
    before: dict[int, dict[str, Course]] = {}
    for tracks in of_course.values():
        book, base = tracks.book, tracks.period.base
        if id(tracks) not in before and base >= pd.Timestamp(book.book.inception):
            earlier = tracks.over(month_to(book, tracks.market, base))
            own = [name for name in book.courses if book.reset_of(name) != "monthly"]
            before[id(tracks)] = {name: blend_tracks(earlier, name) for name in (*book.sleeves, *own)}
    exposures = []
    for name, followed in courses.items():
        book, parts = of_course[name].book, before.get(id(of_course[name]), {})
        own_before = parts.get(name) if book.reset_of(name) != "monthly" else None
        exposures.append(frames.exposures_table(book, followed, parts, model, of_course[name].market, own_before))
    figures = [frames.figures_table(of_course[name], followed) for name, followed in courses.items()]
    return {"exposures": stack(exposures), "figures": stack(figures)}


def forecast_or_reason(
    computed: Future[Around],
) -> Around | Fact:
    """The forecasts at the month's last close and before, or why the last has none."""
    try:
        return computed.result()
    except ForecastUnavailableError as error:  # what a month earned is no less true for it: a note says why there is none
        return error.fact


def closing_risks(courses: dict[str, Course], forecast: Forecast | None, uncovered_max: float) -> dict[str, CourseRisk]:
    """Forecast risk of the courses that have one: not too much of what they hold lacks exposures or specific risk."""
    if forecast is None:
        return {}
    return {
        name: closing_risk(followed, forecast, uncovered_max=uncovered_max)
        for name, followed in courses.items()
        if float(uncovered_weights(followed, forecast).abs().sum()) <= uncovered_max
    }


def risk_tables(risks: dict[str, CourseRisk], sectors: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """Forecast risk of the courses that have one."""
    none = {"risk": pd.DataFrame(columns=frames.RISK), "risk_factors": pd.DataFrame(columns=frames.RISK_FACTORS)}
    made = {
        "risk": [risk.table for risk in risks.values()],
        "risk_factors": [frames.risk_factors_table(risk, sectors) for risk in risks.values()],
    }
    return {name: stack(parts) if parts else none[name] for name, parts in made.items()}


def sleeves_limits(
    of_course: dict[str, Tracks], courses: dict[str, Course], forecast: Forecast | None, risks: dict[str, CourseRisk]
) -> list[Limit]:
    """The limits of every sleeve; those of risk are not tested where it has no forecast."""
    alone = {next(iter(followed.shares)): name for name, followed in courses.items() if len(followed.shares) == 1}
    return [
        limit
        for sleeve, name in alone.items()
        for limit in closing_limits(of_course[sleeve], courses[name], sleeve, forecast=forecast, risk=risks.get(name))
    ]


def ranking_reconciliation(ranking: pd.DataFrame, month: str, results: dict[str, AttributionResult]) -> pd.DataFrame:
    """The ranking's returns, followed since inception, against the attribution's own of the month.

    Raises
    ------
    ReconciliationError
        Where they differ.
    """
    by_course = ranking.set_index("course")
    tables = []
    for course, result in results.items():
        row = by_course.loc[course]
        sides = {
            "ranking's return = R": (float(row["return"]), result.portfolio_return),
            "ranking's benchmark = B": (float(row["benchmark_return"]), result.benchmark_return),
        }
        tables.append(identities(sides).assign(course=course))
    table = stack(tables)[["course", *tables[0].columns[:-1]]]
    require_reconciled(table, month)
    return table


def exposure_days(market: xr.Dataset, period: Period) -> pd.DatetimeIndex:
    """The days whose exposures explain a period: each session's session before."""
    sessions = market.get_index("time")
    return sessions[sessions.get_indexer(period.days) - 1]
