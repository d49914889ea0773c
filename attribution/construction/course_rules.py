"""What the rules of a course's strategies cost over a period: by the ladder that a walk wrote, or by one solved now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd
import xarray as xr

from attribution.construction.closing import Closing
from attribution.construction.ladder import ladder
from attribution.construction.rungs import RuleCosts, follow_rungs, rule_costs
from attribution.construction.task import strategy_task
from attribution.linking.methods import DAY_SCALING, DEFAULT_LINK
from attribution.measures.forecast import Forecast
from attribution.portfolio.begun import book_of
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.course import Course
from attribution.portfolio.evidence.judged import course_evidence, require_sound
from attribution.portfolio.holdings import Track, sleeve_lists
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from riskmodel.arrays.labels import require_kind
from riskmodel.errors import InputError
from riskmodel.market.contents import require_dataset
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.optimisation.optimise import EFFORT
from riskmodel.optimisation.search import Effort
from riskmodel.progress import Progress, stages

RUNGS = "rungs"  # the table of a walk's book


@dataclass(frozen=True)
class FollowedLadder:
    """A sleeve's ladder over a period: each rung followed, and date, rung, score, tracking_error of its lists."""

    rungs: dict[str, Track]
    ex_ante: pd.DataFrame


def attribute_rules(
    book: Book,
    course: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    period: str,
    link: str = DEFAULT_LINK,
    effort: Effort = EFFORT,
    progress: Progress = None,
) -> RuleCosts:
    """What each rule of a strategy contributed to a course's excess return.

    Parameters
    ----------
    book, course, model, market, period, link, progress
        As for `attribution.attribute`; a sleeve of the course has a strategy.
    effort
        Of each list that has to be solved: where the book has no table `rungs`, as a walk writes it, the ladder is made
        anew at the close of each list of the period.

    Returns
    -------
    RuleCosts
        `table` has course, rung, contribution, score, tracking_error; the contributions sum to the excess. What was held and
        no rule gives, a person's hand say, is the row `(list)`; sleeves without a strategy are `(no strategy)`.

    Raises
    ------
    InputError
        Where no sleeve of the course has a strategy; as `attribution.attribute`.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market, book = rm.read_market("fixtures/small"), at.read_book("fixtures/small/strategies.toml")
    >>> costs = at.attribute_rules(book, "Major 100", rm.RiskModel().fit(market), market, period="2025-03")
    >>> bool(abs(costs.table["contribution"].sum() - costs.excess_return) < 1e-12)
    True
    """
    require_book(book)
    require_results(model, "model")
    require_dataset(market)
    require_kind("effort", effort, Effort, "Give riskmodel.Effort(gap=..., nodes=...).")
    if link not in DAY_SCALING:
        raise InputError(f"link '{link}': the known methods are {', '.join(DAY_SCALING)}.")
    book = book_of(book, course)
    require_strategies(book, course)
    tracks = Tracks(book, market, read_period(period, book, market))
    require_sound(course_evidence(tracks, course), book.path.name)
    return rules_of(tracks, course, model, link=link, effort=effort, progress=progress)


def require_strategies(book: Book, course: str) -> None:
    """Refuse a course of which no sleeve has a strategy."""
    if not strategies_of(book, course):
        known = ", ".join(book.strategies) or "none"
        raise InputError(
            f"{book.path.name}: no sleeve of '{course}' has a strategy; [strategies] of the book are: {known}. Name one in "
            f'the sleeve: strategy = "...".'
        )


def strategies_of(book: Book, course: str) -> dict[str, str]:
    """Sleeve -> strategy, of the sleeves of a course that have one."""
    found = {sleeve: book.strategy_of(sleeve) for sleeve in book.shares(course)}
    return {sleeve: strategy for sleeve, strategy in found.items() if strategy is not None}


def rules_of(
    tracks: Tracks,
    course: str,
    model: RiskModelResults,
    *,
    link: str = DEFAULT_LINK,
    effort: Effort = EFFORT,
    progress: Progress = None,
    followed: Course | None = None,
    ladders: dict[str, FollowedLadder] | None = None,
    forecasts: Mapping[pd.Timestamp, Forecast] = MappingProxyType({}),
) -> RuleCosts:
    """`attribute_rules` over tracks that there are.

    `followed` is the course, where it is at hand; `ladders` are kept in, by sleeve, for further courses; `forecasts` are
    those that there are already, by close: others are made.
    """
    known = {} if ladders is None else ladders
    sleeves = strategies_of(tracks.book, course)
    with stages(progress, len(sleeves)) as step:
        for sleeve, strategy in sleeves.items():
            if sleeve not in known:
                step(strategy)
                lists, ex_ante = _ladders(tracks, sleeve, strategy, model, effort, forecasts)
                known[sleeve] = FollowedLadder(follow_rungs(tracks, sleeve, lists), ex_ante)
    rungs = {sleeve: known[sleeve].rungs for sleeve in sleeves}
    alone = known[next(iter(sleeves))].ex_ante if len(sleeves) == 1 else None
    return rule_costs(tracks, course, model, rungs, alone, link=link, followed=followed)


def _ladders(
    tracks: Tracks,
    sleeve: str,
    strategy: str,
    model: RiskModelResults,
    effort: Effort,
    forecasts: Mapping[pd.Timestamp, Forecast],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """date, rung, ticker, weight of a sleeve's strategy, and date, rung, score, tracking_error."""
    book, market = tracks.book, tracks.market
    written = book.source.table(RUNGS)
    if written is not None and (written["strategy"] == strategy).any():
        own = written[written["strategy"] == strategy]
        return own.drop(columns="strategy"), _forecast_figures(book, strategy)
    lists = sleeve_lists(book, sleeve)[["date", "ticker", "weight"]]
    weights, figures = [], []
    for date in _closes(tracks, lists):
        held = Closing.at(book, market, date).held(book.sleeves[sleeve].holdings, lists)
        task = strategy_task(book, strategy, model, market, date=date, held=held, forecast=forecasts.get(date))
        made = ladder(task, effort=effort)
        weights.append(made.weights.assign(date=date))
        figures.append(made.ex_ante.assign(date=date))
    return pd.concat(weights, ignore_index=True), pd.concat(figures, ignore_index=True)


def _closes(tracks: Tracks, lists: pd.DataFrame) -> list[pd.Timestamp]:
    """Closes at which the lists begin that count in the period."""
    sessions, period = tracks.market.get_index("time"), tracks.period
    dates = pd.DatetimeIndex(lists["date"].unique())
    closes = sessions[sessions.searchsorted(dates, side="right") - 1].unique().sort_values()
    begun = closes[closes <= period.base][-1:]
    return [*begun, *closes[(closes > period.base) & (closes < period.end)]]


def _forecast_figures(book: Book, strategy: str) -> pd.DataFrame:
    """What a walk wrote of its ladders beside its book; no rows where it is not there."""
    path = book.path.parent / "ladder.csv"
    columns = ["date", "rung", "score", "tracking_error"]
    if not path.is_file():
        return pd.DataFrame(columns=columns).astype({"date": "datetime64[ns]"})
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        found = table.loc[table["strategy"] == strategy, columns]
        return found.assign(date=pd.to_datetime(found["date"], format="%Y-%m-%d")).astype(dict.fromkeys(columns[2:], float))
    except (OSError, ValueError, KeyError):
        raise InputError(
            f"'{path}' is no ladder as attribution walk writes it (date, rung, score, tracking_error of each strategy). "
            f"Walk again into that folder, or remove the file: what the rungs brought is known without it."
        ) from None
