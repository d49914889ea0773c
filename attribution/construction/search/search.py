"""search: combinations of factors for a strategy of a book, each tried on the past, all of them counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.construction.known import known_by
from attribution.construction.search.choices import DRAWS, HELD_OUT, LEAST, MOST
from attribution.construction.search.judged import Judgement, Terms, judge
from attribution.construction.search.log import Log, search_key
from attribution.construction.search.market_panel import held_names, market_panel, searchable
from attribution.construction.search.result import SearchResult
from attribution.construction.search.trials import Trials, combined, require_several
from attribution.construction.task import require_strategy
from attribution.construction.walk import month_closes
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.settings.strategies import Strategy
from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError
from riskmodel.facts import Fact
from riskmodel.market.contents import require_dataset
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.progress import Progress, stages

STAGES = 5


def search(
    book: Book,
    strategy: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    out: str | Path,
    factors: Sequence[str] | None = None,
    least: int = LEAST,
    most: int = MOST,
    weights: Sequence[float] = (1.0,),
    figure: str = "sortino",
    frequency: str = "day",
    start: str | None = None,
    end: str | None = None,
    held_out: int = HELD_OUT,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress = None,
) -> SearchResult:
    """Try combinations of factors as the score of a strategy, and say how far the best of them is to be believed.

    Every return is simulated: nobody held these lists.

    Parameters
    ----------
    book, strategy, model, market
        As for `attribution.construct`. The strategy gives universe, benchmark, costs and how many names are held.
    out
        A folder; the log of all searches of the strategy is in a folder of its name in it, and this search is added to it.
    factors
        To combine; by default every style that has exposures at each close.
    least, most
        How many a combination has.
    weights
        What a factor may weigh: each combination is tried with each.
    figure
        By which the best is chosen: sortino, sharpe, information_ratio, return or excess.
    frequency
        Of the returns that figures are made of: day or month.
    start, end
        First and last month in which a list is held, "2014-09"; by default from the book's inception to the last session.
    held_out
        The last months, on which nothing is chosen.
    draws
        Searches among random signals.
    seed
        Of every draw.
    progress
        As for `attribution.attribute`.

    Returns
    -------
    SearchResult

    Raises
    ------
    InputError
        For months outside the prices or too few of them, factors that there are not, and a log that is damaged or another's.

    Notes
    -----
    docs/methodology/search.md has the formulas and their sources. Lists are the best names by score, equally weighted: of
    the strategy's rules only the number of names counts.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at, tempfile
    >>> market, book = rm.read_market("fixtures/small"), at.read_book("fixtures/small/strategies.toml")
    >>> model = rm.RiskModel().fit(market)
    >>> made = at.search(book, "major", model, market, out=tempfile.mkdtemp(), least=2, most=2, held_out=1, draws=19)
    >>> len(made.judgement.trials), made.judgement.found
    (92, False)
    """
    require_book(book)
    require_results(model, "model")
    require_dataset(market)
    settings = require_strategy(book, strategy)
    if factors is not None:
        require_several("factors", factors, "Give a list of factors, or None for every style.")
    require_several("weights", weights, "Give a list of numbers, such as [1, -1].")
    chosen = {"figure": figure, "frequency": frequency, "held_out": held_out, "draws": draws, "seed": seed}
    log, terms = log_and_terms(book, strategy, out=out, **chosen)
    folder = log.path.parent
    sessions = market.get_index("time")
    first = f"{book.book.inception:%Y-%m}" if start is None else start
    last = f"{sessions[-1]:%Y-%m}" if end is None else end
    closes = month_closes(market, first, last)
    ends = sessions[sessions.to_period("M") <= pd.Period(last, "M")][-1]
    found, unfed = searchable(model, closes, factors)
    with stages(progress, STAGES) as step:
        step("months")
        panel, aside = market_panel(book, strategy, model, market, factors=found, closes=closes, end=ends)
        trials, own = _with_own(combined(found, least=least, most=most, weights=weights), settings)
        months = [f"{month}" for month in panel.months]
        out_from = months[-held_out] if held_out <= len(months) else months[0]
        key = search_key(_depends(book, settings, model, terms, known_by(market, ends), months))
        earlier = log.earlier(key, figure, trials.names, out_from, months[-1])
        judgement = judge(panel, trials, terms, earlier=earlier, step=step)
    facts = [Fact("search_factor_left_out", {"factors": tuple(unfed)})] if unfed else []
    kinds = tuple(dict.fromkeys(rule.key for rule in settings.rules if rule.key != "names"))
    facts += [*aside, *([Fact("search_without_rules", {"rules": kinds})] if kinds else [])]
    result = SearchResult(
        book=book,
        strategy=strategy,
        judgement=judgement,
        own=own,
        facts=tuple(facts),
        folder=folder,
        style_texts=model.style_texts,
    )
    log.added(_rows(result, key, months, out_from))
    result.write()
    return result


def log_and_terms(book: Book, strategy: str, *, out: object, **chosen: Any) -> tuple[Log, Terms]:
    """The log of a strategy's searches and how a search is judged, or what is wrong with either: no market is needed.

    Parameters
    ----------
    book, strategy, out
        As for `search`.
    chosen
        figure, frequency, held_out, draws, seed.
    """
    settings = require_strategy(book, strategy)
    log = Log.read(_folder(book, strategy, out), strategy)
    own = held_names(settings)
    return log, Terms(names=own, cost_bps=settings.cost_bps, impact_bps=settings.impact_bps, **chosen)


def _with_own(trials: Trials, settings: Strategy) -> tuple[Trials, int | None]:
    """The trials with the strategy's own score among them, and which it is; none where its factors are not searched."""
    if isinstance(settings.score, str) or not set(settings.score) <= set(trials.factors):
        return trials, None
    row = np.array([settings.score.get(factor, 0.0) for factor in trials.factors])
    scaled = trials.weights / np.abs(trials.weights).max(axis=1, keepdims=True)
    same = np.flatnonzero((scaled == row / np.abs(row).max()).all(axis=1))
    if len(same):
        return trials, int(same[0])
    return Trials(trials.factors, np.vstack([trials.weights, row])), len(trials)


def _depends(
    book: Book, settings: Strategy, model: RiskModelResults, terms: Terms, data: str, months: list[str]
) -> dict[str, Any]:
    """What a trial's figures depend on, beside its score and the figure."""
    return {
        "data": data,
        "model": book.model.model_dump(mode="json", exclude={"store"}),
        "factors": list(model.groups),
        "universe": settings.model_dump(mode="json", include={"universe", "benchmark", "cost_bps", "impact_bps"}),
        "benchmark": book.benchmarks[settings.benchmark].model_dump(mode="json"),
        "names": terms.names,
        "frequency": terms.frequency,
        "held_out": terms.held_out,
        "months": [months[0], months[-1]],
    }


def _rows(result: SearchResult, key: str, months: list[str], out_from: str) -> pd.DataFrame:
    """The trials as rows of the log."""
    judgement: Judgement = result.judgement
    return pd.DataFrame(
        {
            "strategy": result.strategy,
            "key": key,
            "figure": judgement.terms.figure,
            "from": months[0],
            "held_out_from": out_from,
            "to": months[-1],
            "trials": len(judgement.trials),
            "trials_so_far": judgement.counted,
            "score": judgement.trials.names,
            "simulated_in_sample": judgement.in_sample,
            "simulated_out_of_sample": judgement.out_of_sample,
        }
    )


def _folder(book: Book, strategy: str, out: object) -> Path:
    """Of the strategy's log, or that there can be none."""
    if Path(strategy).name != strategy:
        raise InputError(
            f"strategy '{strategy}': its key is no name of a folder, where the log would be. Call it otherwise."
        )
    folder, data = require_path("--out", out, "Name the folder of the log.") / strategy, book.source.folder
    if data is not None and data.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise InputError(f"--out: '{folder}' lies in the data folder, where nothing is written. Name another folder.")
    return folder
