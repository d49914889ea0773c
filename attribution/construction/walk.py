"""walk: a strategy's lists month by month, each made at a close with what was known then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import xarray as xr

from attribution.construction.closing import Closing
from attribution.construction.construct import Construction
from attribution.construction.ladder import ladder
from attribution.construction.task import Task, require_strategy, strategy_task
from attribution.construction.walk_folder import WalkFolder
from attribution.construction.walked import Step as ListMade
from attribution.construction.walked import Walk
from attribution.measures.forecast import forecast_risk
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.periods import MONTH
from riskmodel.arrays.labels import require_kind, require_path
from riskmodel.errors import InputError
from riskmodel.market.contents import require_dataset
from riskmodel.model.forecast import RiskForecast
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.optimisation.optimise import EFFORT
from riskmodel.optimisation.search import Effort
from riskmodel.progress import Progress, stages

TOGETHER = 12  # closes whose forecasts are made in one pass


def walk(
    book: Book,
    strategy: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    start: str,
    end: str,
    out: str | Path | None = None,
    effort: Effort = EFFORT,
    progress: Progress = None,
) -> Walk:
    """Make a strategy's list at each month's end, hold it through the month, and make the next from what it has become.

    Parameters
    ----------
    book, strategy, model, market
        As for `attribution.construct`.
    start, end
        First and last month explained, "2014-09"; the list of a month is made at the close before it.
    out
        A folder that holds the walk: each month is written as it is made, and a walk that stopped goes on from there. By
        default nothing is written.
    effort
        As for `attribution.construct`.
    progress
        As for `attribution.attribute`; a stage a month.

    Returns
    -------
    Walk

    Raises
    ------
    InputError
        For months outside the prices; for a folder of another book or strategy, or of data that changed since.
    ContradictionError
        Where no list keeps the rules at a close; the months before are in `out`.

    Notes
    -----
    The first list is bought from nothing, so that the rule on turnover does not count for it. A name that has no price at a
    close is sold at its last value: the report calls it not invested from its last price on.
    """
    require_book(book)
    require_results(model, "model")
    require_dataset(market)
    require_strategy(book, strategy)
    require_kind("effort", effort, Effort, "Give riskmodel.Effort(gap=..., nodes=...).")
    closes = month_closes(market, start, end)
    folder = (
        None
        if out is None
        else WalkFolder.opened(require_path("out", out, "Name a folder."), book, strategy, market, effort)
    )
    made = [] if folder is None else folder.steps(closes)
    lists = [step.weights_from() for step in made]
    left = closes[len(made) :]
    forecasts: dict[tuple[pd.Timestamp, ...], RiskForecast] = {}
    with stages(progress, len(left)) as step:
        for date in left:
            step(f"{date:%Y-%m-%d}")
            held = _held(book, strategy, market, date, lists)
            made_at = _forecast(model, market, closes[0], date, forecasts)
            with _of_close(strategy, date):
                forecast = forecast_risk(model, market, date, made_at, levels=book.levels_among_names)
                task = strategy_task(book, strategy, model, market, date=date, held=held, forecast=forecast)
                new = _list_made(task, effort)
            if folder is not None:
                folder.add(new)
            made.append(new)
            lists.append(new.weights_from())
    return Walk(book=book, strategy=strategy, steps=tuple(made), folder=None if folder is None else folder.path)


def month_closes(market: xr.Dataset, start: str, end: str) -> pd.DatetimeIndex:
    """The closes before each month from `start` to `end`.

    Raises
    ------
    InputError
        For what is no month, months the wrong way round, and months before or after the prices.
    """
    sessions = market.get_index("time")
    months = sessions.to_period("M")
    first, last = months_between(start, end)
    if first <= months[0] or last > months[-1]:
        raise InputError(
            f"months {first} to {last} are outside the prices, which run from {sessions[0]:%Y-%m-%d} to "
            f"{sessions[-1]:%Y-%m-%d}; the first list is made at the close before --from."
        )
    closes = [sessions[months < month][-1] for month in pd.period_range(first, last, freq="M")]
    return pd.DatetimeIndex(closes).unique()


def months_between(start: str, end: str) -> tuple[pd.Period, pd.Period]:
    """The first and the last month, or what is wrong with them."""
    first, last = (_month(name, text) for name, text in (("start (--from)", start), ("end (--to)", end)))
    if last < first:
        raise InputError(f"--to {last} is before --from {first}. Write the earlier month first.")
    return first, last


def _month(name: str, text: str) -> pd.Period:
    require_kind(name, text, str, "Write a month as YYYY-MM.")
    if re.fullmatch(MONTH, text) is None:
        raise InputError(f"{name} '{text}': write a month as YYYY-MM.")
    return pd.Period(text, "M")


def _forecast(
    model: RiskModelResults,
    market: xr.Dataset,
    first: pd.Timestamp,
    date: pd.Timestamp,
    known: dict[tuple[pd.Timestamp, ...], RiskForecast],
) -> RiskForecast:
    """The forecast of a close, made with those of a year of closes at once.

    Which closes go together depends on the walk's first one alone: a walk that went on from where it stopped has the same
    sums in the same order, to the last bit.
    """
    sessions = market.get_index("time")
    ends = sessions[:-1][sessions.to_period("M")[:-1] != sessions.to_period("M")[1:]]
    ends = ends.union([date])
    ends = ends[ends >= first]
    block = int(ends.get_loc(date)) // TOGETHER * TOGETHER
    together = tuple(ends[block : block + TOGETHER])
    if together not in known:
        known[together] = model.forecast(list(together))
    return known[together]


def _held(book: Book, strategy: str, market: xr.Dataset, date: pd.Timestamp, lists: Sequence[pd.DataFrame]) -> pd.Series:
    if not lists:
        return pd.Series(dtype=float)
    return Closing.at(book, market, date).held(strategy, lists[-1])


@contextmanager
def _of_close(strategy: str, date: pd.Timestamp) -> Iterator[None]:
    """Whatever no list can be made for is said with the strategy and the close; what kind of refusal it is stays."""
    try:
        yield
    except InputError as error:
        error.args = (f"[strategies.{strategy}] at the close of {date:%Y-%m-%d}: {error}", *error.args[1:])
        raise


def _list_made(task: Task, effort: Effort) -> ListMade:
    made = Construction(task, task.solve(effort=effort))
    return ListMade.of(made, ladder(task, made=made.optimum, effort=effort))
