"""Everything a report shows, as labelled frames: computed once, before any page is laid out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from attribution.book import CASH, Book
from attribution.contributions import PROXY
from attribution.holdings import CASH_STOCK
from attribution.performance import History, follow_book, index_weeks_table, performance_table, trailing_table
from attribution.periods import Period, read_period
from attribution.reconcile import identity_row, require_reconciled
from attribution.result import AttributionResult, attribute
from riskmodel.errors import listed
from riskmodel.market import alignment_report
from riskmodel.model import RiskModelResults

SMALLEST_WEIGHT = 5e-5  # what would show as 0.00 % is not worth a note


@dataclass(frozen=True)
class Note:
    """A fact about data or policies that a reader must know; `key` names its sentence, `values` fill it in."""

    key: str
    values: dict[str, object]


@dataclass(frozen=True)
class Content:
    """One month of a book.

    Attributes
    ----------
    tables
        Frames by the names of DESIGN's table list; numbers are decimals.
    results
        One attribution a course.
    sleeves
        One attribution a sleeve.
    history
        Daily returns of courses and benchmarks.
    factor_paths
        (day, factor) factor returns of the month.
    notes
        What a reader must know of data and policies.
    """

    book: Book
    month: str
    period: Period
    tables: dict[str, pd.DataFrame]
    results: dict[str, AttributionResult]
    sleeves: dict[str, AttributionResult]
    history: History
    factor_paths: pd.DataFrame
    notes: list[Note]


def build_content(
    book: Book,
    market: xr.Dataset,
    model: RiskModelResults,
    month: str,
    *,
    progress: Callable[[str], None] = lambda stage: None,
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
    """
    period = read_period(month, book, market)
    history = follow_book(book, market, month)
    results = {}
    for course in book.courses:
        progress(course)
        results[course] = attribute(book, course, model, market, period=month)
    alone = {next(iter(book.shares(course))): course for course in book.courses if len(book.shares(course)) == 1}
    sleeves = {
        sleeve: results[alone[sleeve]] if sleeve in alone else attribute(book, sleeve, model, market, period=month)
        for sleeve in book.sleeves
    }
    days = model.data.sel(time=period.days)
    ranking = performance_table(history, book, month)
    coverage = model.coverage(exposure_days(market, period))
    return Content(
        book=book,
        month=month,
        period=period,
        tables={
            "performance": ranking,
            "trailing": trailing_table(history, book, market, month),
            "index_weeks": index_weeks_table(book, market, month),
            "factor_returns": factor_returns_table(days, model),
            "factor_contributions": _stack(result.factors for result in results.values()),
            "stock_contributions": _stack(result.stocks for result in results.values()),
            "stock_factor": _stack(stock_factor_table(result) for result in results.values()),
            "coverage": coverage,
            "reconciliation": _stack(
                [
                    *(result.reconciliation for result in results.values()),
                    ranking_reconciliation(ranking, month, results),
                ]
            ),
        },
        results=results,
        sleeves=sleeves,
        history=history,
        factor_paths=days["factor_returns"].to_pandas(),
        notes=collect_notes(book, market, model, period, coverage, results, sleeves),
    )


def ranking_reconciliation(ranking: pd.DataFrame, month: str, results: dict[str, AttributionResult]) -> pd.DataFrame:
    """The ranking's returns, followed since inception, against the attribution's own of the month.

    Raises
    ------
    ReconciliationError
        Where they differ.
    """
    by_course = ranking.set_index("course")
    rows = []
    for course, result in results.items():
        sides = {
            "ranking's return = R": ("return", result.portfolio_return),
            "ranking's benchmark = B": ("benchmark_return", result.benchmark_return),
        }
        rows += [
            identity_row(course, name, float(by_course.loc[course, column]), right)
            for name, (column, right) in sides.items()
        ]
    table = pd.DataFrame(rows)
    require_reconciled(table, month)
    return table


def exposure_days(market: xr.Dataset, period: Period) -> pd.DatetimeIndex:
    """The days whose exposures explain a period: each session's session before."""
    sessions = market.get_index("time")
    return sessions[sessions.get_indexer(period.days) - 1]


def factor_returns_table(days: xr.Dataset, model: RiskModelResults) -> pd.DataFrame:
    """The month's factor returns: date, factor, group, return, standard_error."""
    frame = days[["factor_returns", "standard_errors"]].to_dataframe().reset_index()
    frame = frame.rename(columns={"time": "date", "factor_returns": "return", "standard_errors": "standard_error"})
    frame["group"] = frame["factor"].map(model.group)
    return frame[["date", "factor", "group", "return", "standard_error"]]


def stock_factor_table(result: AttributionResult) -> pd.DataFrame:
    """Active contributions: course, ticker, factor, contribution; cells that are exactly zero are left out."""
    cells = result.by("stock", "factor")
    frame = cells[cells != 0].rename_axis(index={"stock": "ticker"}).reset_index()
    frame.insert(0, "course", result.course)
    return frame


def collect_notes(
    book: Book,
    market: xr.Dataset,
    model: RiskModelResults,
    period: Period,
    coverage: pd.DataFrame,
    results: dict[str, AttributionResult],
    sleeves: dict[str, AttributionResult],
) -> list[Note]:
    """What was filled, left out, carried, unmodelled or not aligned, with counts."""
    notes = [Note("universe", {"names": int(model.data["estimating_names"].sel(time=period.days).mean())})]
    notes.append(Note("ordinary_income", {"sources": str(model.data.attrs["ordinary_income"])}))
    for row in coverage[coverage["reason"] != ""].itertuples():
        notes.append(Note("left_out", {"factor": row.factor, "descriptor": row.descriptor, "reason": row.reason}))
    filled = coverage.drop_duplicates("factor").set_index("factor")["filled"]
    for factor, share in filled[filled > 0.05].items():
        notes.append(Note("filled", {"factor": str(factor), "share": float(share)}))
    for row in model.thin_sectors(period.days).itertuples():
        notes.append(Note("thin_sector", {"sector": row.sector, "share": float(row.largest_share_lent)}))
    flag = model.data["flag"].sel(time=period.days).to_series()
    for day, reason in flag[flag != ""].items():
        notes.append(Note("flagged", {"date": f"{day:%Y-%m-%d}", "reason": str(reason)}))
    for sleeve, result in sleeves.items():
        followed, data = result.followed, result.data
        for row in followed.stopped[sleeve].itertuples():
            values = {"sleeve": sleeve, "ticker": row.ticker, "date": f"{row.last_trade:%Y-%m-%d}"}
            if pd.notna(row.resumes):
                notes.append(Note("stopped_resumes", values | {"resumes": f"{row.resumes:%Y-%m-%d}"}))
            else:
                notes.append(Note("stopped", values))
        benchmark = book.sleeves[sleeve].benchmark
        gone = followed.benchmark_stopped[benchmark]["ticker"]
        if len(gone):
            notes.append(Note("stopped_benchmark", {"benchmark": benchmark, "names": listed(gone)}))
        stocks = data.drop_sel(asset=CASH)
        held = (stocks["portfolio_live"] != 0) & ~stocks["modelled"]
        if bool(held.any()):
            names = listed(stocks["asset"].to_numpy()[held.any("time").to_numpy()])
            notes.append(Note("unmodelled_held", {"course": result.course, "names": names, "days": int(held.sum())}))
        outside = float(stocks["benchmark_live"].where(~stocks["modelled"], 0.0).sum("asset").mean())
        if outside > SMALLEST_WEIGHT:
            notes.append(Note("unmodelled_benchmark", {"benchmark": benchmark, "weight": outside}))
        if CASH_STOCK in stocks["asset"].to_numpy():
            notes.append(Note("cash_stock", {"label": CASH_STOCK}))
    for course, result in results.items():
        notes.append(Note("proxy", {"course": course, "contribution": float(result.by("stock")[PROXY])}))
    for row in alignment_report(market).itertuples():
        notes.append(Note("unaligned", {"finding": row.finding, "rows": int(row.rows), "examples": row.examples}))
    return list({(note.key, str(note.values)): note for note in notes}.values())


def _stack(frames: object) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)
