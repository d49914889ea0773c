"""What sleeves did since they began: drawdowns, exposures, contributions and tracking errors through time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from attribution.contributions.path import path_by_month
from attribution.contributions.result import AttributionResult
from attribution.identities import identities, of_excess, require_reconciled
from attribution.measures.past_forecasts import MONTH_ERRORS, Past, month_errors, realised_of_sleeves, realised_table
from attribution.measures.performance import History
from attribution.measures.ratios import drawdown
from attribution.portfolio.holdings import apart_from_cash, level_returns
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from attribution.reporting.tables.frames import stack, stacked_or_empty
from riskmodel.errors import InputError
from riskmodel.model.results import RiskModelResults
from riskmodel.model.returns_based import estimated_exposures

MONTH_ENDS = 24  # of which exposures are told
DRAWDOWNS = ("course", "date", "portfolio_drawdown", "benchmark_drawdown")
PAST_EXPOSURES = ("course", "date", "factor", "group", "portfolio_exposure", "benchmark_exposure", "active_exposure")
PAST_CONTRIBUTIONS = ("course", "date", "factor", "group", "contribution")
SINCE = "contributions since inception"
FIRST_DAYS = 2  # of a period, of which a model explains one at least: one that begins with it explains from the second day
PAST_TABLES = ("drawdowns", "past_exposures", "past_contributions", "past_errors", "realised")


def past_tables(
    of_course: Mapping[str, Tracks],
    sleeves: Mapping[str, AttributionResult],
    history: History,
    model: RiskModelResults,
    month: str,
    pasts: Iterable[tuple[Past, list[str]]],
) -> tuple[dict[str, pd.DataFrame], list[pd.DataFrame]]:
    """Tables of sleeves through time, and the identities that they keep.

    Parameters
    ----------
    of_course
        By course and sleeve the tracks over the month, of which the longer ones reach back to the inception.
    sleeves
        By key what explains the month.
    history, model
        As for the report.
    month
        "YYYY-MM".
    pasts
        Of each part of the book the last months, and its sleeves.

    Returns
    -------
    tuple
        drawdowns, past_exposures, past_contributions, past_errors, realised; and tables like `reconciliation`.
    """
    pasts = list(pasts)
    drawdowns, exposures, contributions, reconciled = [], [], [], []
    for sleeve, result in sleeves.items():
        tracks, sides = since_inception(of_course[sleeve], month), history.sides(sleeve)
        drawdowns.append(drawdowns_table(result.course, *sides))
        exposures.append(past_exposures_table(tracks, sleeve, result.course, model))
        found = past_contributions_table(tracks, result, sleeve, model)
        if len(found):
            told, (own, other) = found[found["date"] == found["date"].iloc[-1]], sides
            pair = (float(told["contribution"].sum()), float((1 + own).prod() - (1 + other).prod()))
            reconciled.append(identities({of_excess(SINCE): pair}).assign(course=result.course))
            require_reconciled(reconciled[-1], f"{result.course}, since inception")
        contributions.append(found)
    errors = stacked_or_empty([month_errors(past, own) for past, own in pasts], MONTH_ERRORS)
    named = {sleeve: result.course for sleeve, result in sleeves.items()}
    return {
        "drawdowns": stack(drawdowns),
        "past_exposures": stacked_or_empty(exposures, PAST_EXPOSURES),
        "past_contributions": stacked_or_empty(contributions, PAST_CONTRIBUTIONS),
        "past_errors": errors.rename(columns={"sleeve": "course"}).assign(course=errors["sleeve"].map(named)),
        "realised": realised_table(row for past, own in pasts for row in realised_of_sleeves(past, own)),
    }, reconciled


def since_inception(tracks: Tracks, month: str) -> Tracks:
    """The same from the inception of its book to the end of a month."""
    longest = tracks.longer or tracks
    return longest.over(read_period(f"itd/{month}", tracks.book, tracks.market))


def drawdowns_table(course: str, portfolio: pd.Series, benchmark: pd.Series) -> pd.DataFrame:
    """Loss from the running peak on each day since inception: course, date, portfolio_drawdown, benchmark_drawdown."""
    frame = pd.DataFrame({"portfolio_drawdown": drawdown(portfolio), "benchmark_drawdown": drawdown(benchmark)})
    return frame.rename_axis("date").reset_index().assign(course=course)[list(DRAWDOWNS)]


def month_ends(tracks: Tracks) -> pd.DatetimeIndex:
    """The last sessions of the last months of a period, a month that is not over too."""
    days = tracks.period.days
    month = days.to_period("M")
    return days[np.append(month[1:] != month[:-1], True)][-MONTH_ENDS:]


def past_exposures_table(tracks: Tracks, sleeve: str, course: str, model: RiskModelResults) -> pd.DataFrame:
    """Exposures of a sleeve to the styles at its last month ends: those of the table `exposures`, month by month.

    Returns
    -------
    DataFrame
        course, date, factor, group, portfolio_exposure, benchmark_exposure, active_exposure; weights are those held
        until the close. NaN for a style that nobody has then; no rows where the sleeve cannot be followed.
    """
    name, closes = tracks.book.sleeves[sleeve].benchmark, month_ends(tracks)
    closes = closes.intersection(pd.DatetimeIndex(model.data.get_index("time")))
    try:
        sides = {
            "portfolio_exposure": tracks.looked_through(sleeve).closes.sel(time=closes),
            "benchmark_exposure": tracks.benchmark(name).closes.sel(time=closes),
        }
    except InputError:
        return pd.DataFrame(columns=list(PAST_EXPOSURES))
    styles = model.exposures.sel(time=closes).transpose("time", "asset", "factor")
    values, names = styles.to_numpy(), apart_from_cash(styles.get_index("asset"))
    observed, known = ~np.isnan(values).all(axis=1), np.nan_to_num(values)
    factors = styles.get_index("factor")
    found = {}
    for side, weights in sides.items():
        of_names = weights.reindex(asset=names, fill_value=0.0).transpose("time", "asset").to_numpy()
        found[side] = np.einsum("ti,tik->tk", of_names, known)
    if name in tracks.book.pseudo_names:
        label = tracks.book.pseudo_names[name]
        returns = level_returns(tracks.market, name).sel(time=model.data.get_index("time"))
        estimated = estimated_exposures(model, returns, closes)["exposure"].sel(factor=list(factors))
        own = sides["benchmark_exposure"].sel(asset=label).to_numpy()[:, None]
        found["benchmark_exposure"] = found["benchmark_exposure"] + own * estimated.transpose("time", "factor").to_numpy()
    index = pd.MultiIndex.from_product([closes, factors], names=["date", "factor"])
    frame = pd.DataFrame({side: np.where(observed, each, np.nan).ravel() for side, each in found.items()}, index)
    frame["active_exposure"] = frame["portfolio_exposure"] - frame["benchmark_exposure"]
    return frame.reset_index().assign(course=course, group="style")[list(PAST_EXPOSURES)]


def past_contributions_table(
    tracks: Tracks, result: AttributionResult, sleeve: str, model: RiskModelResults
) -> pd.DataFrame:
    """Contributions by factor since inception, to the end of each month: course, date, factor, group, contribution.

    No rows where a day since then cannot be explained, or where a given model begins later: lines that lie flat before it
    would say that nothing was contributed.
    """
    if not model.data["estimating_names"].reindex(time=tracks.period.days[:FIRST_DAYS], fill_value=0).any():
        return pd.DataFrame(columns=list(PAST_CONTRIBUTIONS))
    try:
        paths = path_by_month(tracks, sleeve, model, link=result.link)
    except InputError:  # what the month itself needs is refused where the month is explained
        return pd.DataFrame(columns=list(PAST_CONTRIBUTIONS))
    frame = paths.rename_axis("date", axis=0).rename_axis("factor", axis=1).stack().rename("contribution").reset_index()
    groups = {factor: result.group(str(factor)) for factor in paths.columns}
    return frame.assign(course=result.course, group=frame["factor"].map(groups))[list(PAST_CONTRIBUTIONS)]
