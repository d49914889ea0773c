"""A book's market as months of arrays: who may be held at each close, their exposures, what they earned until the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from attribution.construction.closing import Closing
from attribution.construction.search.panel import Panel
from attribution.measures.performance import risk_free_returns
from attribution.portfolio.book import Book
from attribution.portfolio.ended import earning_lives, padded_lives
from attribution.portfolio.holdings import apart_from_cash, holding_returns
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.strategies import Strategy
from attribution.portfolio.tracks import Tracks
from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact
from riskmodel.model.results import RiskModelResults

TREND = 63  # sessions over which a factor's trend is taken: a quarter


def searchable(
    model: RiskModelResults, closes: pd.DatetimeIndex, asked: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Factors to combine, and styles that are left out as nobody has an exposure to them at some close.

    Parameters
    ----------
    model
        A fit.
    closes
        At which lists are made.
    asked
        Factors to combine, of any group; None for every style.

    Raises
    ------
    InputError
        For factors that there are not, and asked ones without exposures at a close.
    """
    styles = [factor for factor, group in model.groups.items() if group == "style"]
    unknown = [factor for factor in asked or () if str(factor) not in model.groups]
    if unknown:
        raise InputError(f"factors: no factor {listed(map(repr, unknown))}. There are: {listed(model.groups, 60)}.")
    factors = styles if asked is None else list(asked)
    exposures = model.design(closes).sel(factor=factors)
    lacking = exposures.isnull().all("asset").transpose("factor", "time").to_numpy()
    unfed = [factor for factor, days in zip(factors, lacking, strict=True) if days.any()]
    if unfed and asked is not None:
        first = closes[lacking[factors.index(unfed[0])]]
        raise InputError(
            f"factors: no name has an exposure to {listed(unfed)} at {counted(len(first), 'close')}: "
            f"{listed(first.strftime('%Y-%m-%d'))}. Leave it out, or search later months."
        )
    return [factor for factor in factors if factor not in unfed], unfed


def market_panel(
    book: Book,
    strategy: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    factors: Sequence[str],
    closes: pd.DatetimeIndex,
    end: pd.Timestamp,
) -> tuple[Panel, tuple[Fact, ...]]:
    """The months of a strategy's universe.

    Parameters
    ----------
    book, strategy, model, market
        As for `attribution.construct`.
    factors
        Of the exposures.
    closes
        At which lists are made.
    end
        The last session.

    Returns
    -------
    tuple
        The panel, and what was left aside.

    Notes
    -----
    Names return what `attribution.portfolio.holdings.holding_returns` says; one that stops keeps its last value until the
    next list, as in `attribution.portfolio.holdings.drift`.
    """
    settings, sessions = book.strategies[strategy], market.get_index("time")
    labels = apart_from_cash(market.get_index("asset"))
    design = model.design(closes).sel(factor=list(factors)).transpose("time", "asset", "factor")
    design = design.reindex(asset=market.get_index("asset")).assign_coords(asset=labels)
    exposures = np.full(design.shape, np.nan)
    without, allowed = 0, 0
    for place, close in enumerate(closes):
        inside = labels.isin(Closing.at(book, market, close).universe(settings, model))
        known = np.isfinite(design[place].to_numpy()).all(axis=1)
        exposures[place, inside & known] = design[place].to_numpy()[inside & known]
        without, allowed = without + int((inside & ~known).sum()), allowed + int(inside.sum())
    used = np.isfinite(exposures).all(axis=2).any(axis=0)
    places, last = sessions.get_indexer(closes), int(sessions.get_loc(end))
    days = sessions[places[0] + 1 : last + 1]
    growth, stopped = _growth(market, places, last)
    period = Period(label=f"{days[0]:%Y-%m}/{days[-1]:%Y-%m}", base=closes[0], days=days)
    panel = Panel(
        factors=tuple(factors),
        assets=labels[used],
        closes=closes,
        days=days,
        month=np.searchsorted(places, np.arange(places[0] + 1, last + 1), side="left") - 1,
        exposures=exposures[:, used],
        growth=growth[:, used],
        stopped=stopped[:, used],
        benchmark=Tracks(book, market, period).benchmark_return(settings.benchmark).to_numpy(),
        risk_free=risk_free_returns(book, market, days).to_numpy(),
        trends=_trends(model, closes, factors),
    )
    facts = [Fact("search_without_exposures", {"names": without, "of": allowed})] if without else []
    return panel, tuple(facts)


def held_names(strategy: Strategy, default: int = 25) -> int:
    """How many names a trial holds: the most that the strategy's rule on names allows, else its least, else `default`."""
    for rule in strategy.rules:
        if rule.key == "names":
            return int(rule.most if rule.most is not None else rule.least)
    return default


def _growth(market: xr.Dataset, places: np.ndarray, last: int) -> tuple[np.ndarray, np.ndarray]:
    """(day, asset) worth of what cost 1 at the close before the month; (month, asset) whether it is cash at its end."""
    returns = holding_returns(market).to_numpy()[:, :-1]
    life, ends = padded_lives(market, 0)
    first = places[0]
    begun = np.maximum.accumulate(np.vstack([life[: first + 1].max(axis=0), life[first + 1 : last + 1]]), axis=0)
    earning = earning_lives(life[first : last + 1], ends[first : last + 1], begun)
    growth, stopped = [], []
    for start, stop in zip(places, [*places[1:], last], strict=True):
        goes_on = earning[start - first + 1 : stop - first + 1] == begun[start - first]
        growth.append(np.cumprod(1 + np.where(goes_on, returns[start + 1 : stop + 1], 0.0), axis=0))
        stopped.append((life[stop] != begun[start - first]) | ends[stop])
    return np.concatenate(growth), np.array(stopped)


def _trends(model: RiskModelResults, closes: pd.DatetimeIndex, factors: Sequence[str]) -> np.ndarray:
    """(month, factor) compounded over the sessions before each close; NaN where they are too few or one is missing."""
    daily = model.data["factor_returns"].sel(factor=list(factors)).transpose("time", "factor")
    summed = pd.DataFrame(np.log1p(daily.to_numpy()), daily.get_index("time")).rolling(TREND, min_periods=TREND).sum()
    return np.expm1(summed.reindex(closes).to_numpy())
