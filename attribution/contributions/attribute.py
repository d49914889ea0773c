"""Explain a course: follow it, make its cube, and hand out only what reconciles."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from attribution.contributions.cube import make_cube
from attribution.contributions.result import AttributionResult
from attribution.identities import require_reconciled
from attribution.linking.methods import DAY_SCALING, DEFAULT_LINK
from attribution.portfolio.actual_returns import with_actual_returns
from attribution.portfolio.begun import book_of
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.course import Course, blend_tracks
from attribution.portfolio.evidence.judged import course_evidence, require_sound
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.errors import InputError
from riskmodel.market.contents import require_dataset
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.progress import Progress, stages


def attribute(
    book: Book,
    course: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    period: str,
    link: str = DEFAULT_LINK,
    actual_returns: pd.DataFrame | None = None,
    uncovered_max: float | None = None,
    progress: Progress = None,
) -> AttributionResult:
    """Explain a course's excess return over its benchmark as contributions that add up exactly.

    Parameters
    ----------
    book
        From `attribution.read_book`.
    course
        A course of the book, or the key of a sleeve.
    model
        A fit of the same market, from `riskmodel.RiskModel.fit` or `riskmodel.load`.
    market
        From `riskmodel.read_market`.
    period
        A month "2016-06", a run of months "2016-01/2016-06", a year "2015", or "itd"; see
        `attribution.portfolio.periods.read_period`.
    link
        How days become the period: "carino", "menchero", "grap" or "frongello"; docs/methodology/linking.md. Contributions
        to the return itself are linked by Carino.
    actual_returns
        portfolio, date, return[, fee]: the course's actual returns, by default those of the book where it has any; trading
        and fees are then rows. See `attribution.portfolio.actual_returns.with_actual_returns`.
    uncovered_max
        Largest weight, as a mean over days, of held names that the model leaves out; more is refused. By default the book's.
    progress
        True for a bar on standard error, where that is a terminal; or a function, called with the name of each stage as it
        begins.

    Returns
    -------
    AttributionResult
        Only with every identity of `reconciliation` within its tolerance.

    Raises
    ------
    InputError
        For an unknown course, a period outside the data, a held name that stops trading under delisted = "error"; for
        tables in which something is found that would make the figures wrong, and that the book does not accept.
    ReconciliationError
        Where an identity fails; the message names it. This is a defect of the software, never of the inputs.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market = rm.read_market("fixtures/small")
    >>> book = at.read_book("fixtures/small/book.toml")
    >>> result = at.attribute(book, "Major 100", rm.RiskModel().fit(market), market, period="2025-03")
    >>> bool(abs(result.by("factor").sum() - result.excess_return) < 1e-12)
    True
    """
    require_book(book)
    require_results(model, "model")
    require_dataset(market)
    book = book_of(book, course)
    with stages(progress, 3) as step:
        step("holdings and prices")
        tracks = Tracks(book, market, read_period(period, book, market))
        step("what tables say of each other")
        require_sound(course_evidence(tracks, course, actual_returns), book.path.name)
        step("contributions")
        return explain_course(
            blend_tracks(tracks, course),
            book,
            model,
            market,
            link=link,
            actual_returns=actual_returns,
            uncovered_max=uncovered_max,
        )


def explain_course(
    followed: Course,
    book: Book,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    link: str = DEFAULT_LINK,
    actual_returns: pd.DataFrame | None = None,
    uncovered_max: float | None = None,
) -> AttributionResult:
    """`attribute` for a course that was followed: courses of one book share their sleeves' `Tracks`."""
    if link not in DAY_SCALING:
        raise InputError(f"link '{link}': the known methods are {', '.join(DAY_SCALING)}.")
    with one_blas_thread():  # the same bits whatever the number of cores
        followed = with_actual_returns(followed, book, actual_returns)
        result = AttributionResult(
            course=followed.name,
            benchmark=book.benchmark_name(followed.name),
            period=followed.period.label,
            link=link,
            cube=make_cube(
                followed,
                model,
                market,
                link=link,
                uncovered_max=book.book.uncovered_max if uncovered_max is None else uncovered_max,
            ),
            followed=followed,
            currency=book.book.currency,
            style_texts=model.style_texts,
            market_name=book.market_name,
        )
        require_reconciled(result.reconciliation, f"{result.course}, {result.period}")
        return result
