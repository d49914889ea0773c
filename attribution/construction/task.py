"""What a strategy is solved for at a close: scores, forecasts and weights with labels that agree, all known then."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from attribution.construction.closing import Closing
from attribution.construction.scores import factor_scores, own_scores
from attribution.measures.forecast import Forecast, forecast_risk
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.coverage import require_covered
from attribution.portfolio.holdings import apart_from_cash
from attribution.portfolio.settings.strategies import Strategy
from attribution.rows import CASH
from riskmodel.arrays.labels import require_kind
from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact
from riskmodel.market.contents import require_dataset
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.optimisation.optimise import EFFORT, optimise
from riskmodel.optimisation.optimum import Optimum
from riskmodel.optimisation.rules import (
    BENCHMARK,
    Excluded,
    FixedWeights,
    Held,
    Rule,
    TrackingError,
    Turnover,
    VolatilityBand,
    label,
    never_binds,
)
from riskmodel.optimisation.search import Effort

DAYS_A_YEAR, MONTHS_A_YEAR = 252, 12
BASIS_POINT = 1e-4
ISSUER = "issuer"  # the grouping in which an empty cell links nothing


@dataclass(frozen=True)
class Task:
    """What a strategy is solved for at one close: labels agree, and everything in it was known then.

    Attributes
    ----------
    strategy, settings, date
        Key in the book, what it says, and the close.
    scores
        (asset, factor) parts of the score of names that may be held: their sum has mean 0 and standard deviation 1.
    benchmark, held
        Weights by ticker, each summing to one; `held` with CASH, empty where nothing was held.
    references
        Weights of other indices that rules on volatility name.
    exposures, factor_covariance, specific_variance
        Of a year, of the names that anything here is about.
    groups, issuers
        By ticker: columns of securities, and whose share classes they are.
    facts
        What was left aside: names without a forecast, without a score.
    """

    strategy: str
    settings: Strategy
    date: pd.Timestamp
    scores: pd.DataFrame
    benchmark: pd.Series
    held: pd.Series
    references: dict[str, pd.Series]
    exposures: pd.DataFrame
    factor_covariance: xr.DataArray
    specific_variance: pd.Series
    groups: pd.DataFrame
    issuers: pd.Series | None
    facts: tuple[Fact, ...]

    @cached_property
    def score(self) -> pd.Series:
        """(asset) the parts together."""
        return self.scores.sum(axis=1)

    def _of_today(self, rule: Excluded) -> Excluded:
        """The rule, of the names that are anything to this close: one that is not there is left out anyway."""
        known = self.score.index.union(self.benchmark.index).union(self.held.index)
        return Excluded(tuple(name for name in rule.names if name in known))

    def volatility(self, weights: pd.Series) -> float:
        """Forecast volatility a year of weights by ticker, cash left out; share classes of an issuer move together."""
        own = weights.drop(CASH, errors="ignore")
        own = own[own != 0]
        exposures = self.exposures.loc[own.index].to_numpy()
        factors = own.to_numpy() @ exposures
        spread = own * np.sqrt(self.specific_variance.loc[own.index])
        if self.issuers is not None:
            issuer = self.issuers.reindex(own.index)
            alone = issuer.isna() | (issuer == "")
            spread = spread.groupby(issuer.where(~alone, own.index.to_series()).to_numpy()).sum()
        order = [str(name) for name in self.exposures.columns]
        covariance = self.factor_covariance.sel(factor=order, factor_other=order).to_numpy()
        return float(np.sqrt(factors @ covariance @ factors + (spread**2).sum()))

    def solve(self, rules: Sequence[Rule] | None = None, effort: Effort = EFFORT) -> Optimum:
        """The best list under some rules, by default the strategy's.

        Notes
        -----
        Over a month: score x premium / 12, covariances / 12 and costs once; all times 12. So costs are paid twelve times a
        year, and a score is earned for a month by each list.
        """
        settings = self.settings
        chosen = list(settings.rules if rules is None else rules)
        if self.held.empty:  # a first list buys everything
            chosen = [rule for rule in chosen if not isinstance(rule, Turnover)]
        chosen = [self._of_today(rule) if isinstance(rule, Excluded) else rule for rule in chosen]
        if settings.tracking_error is not None:
            chosen.append(TrackingError(settings.tracking_error))
        return optimise(
            self.score * settings.premium,
            benchmark=self.benchmark,
            exposures=self.exposures.T,
            factor_covariance=self.factor_covariance,
            specific_variance=self.specific_variance,
            rules=chosen,
            risk_aversion=settings.aversion,
            held=self.held if len(self.held) else None,
            costs=settings.cost_bps * BASIS_POINT * MONTHS_A_YEAR,
            impact=settings.impact_bps * BASIS_POINT * MONTHS_A_YEAR,
            groups=self.groups,
            issuers=self.issuers,
            references=self.references,
            effort=effort,
        )


def strategy_task(
    book: Book,
    strategy: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    date: object,
    held: pd.Series | None = None,
    forecast: Forecast | None = None,
) -> Task:
    """What a strategy is solved for at a close; arguments as for `construct`, and `forecast`, where there is one."""
    require_book(book)
    require_results(model, "model")
    require_dataset(market)
    settings = require_strategy(book, strategy)
    day = read_day(date)
    if held is not None:
        held = require_kind("held", held, pd.Series, "Give the weight of each ticker, CASH among them.")
    closing = Closing.at(book, market, day)
    if forecast is None:
        forecast = forecast_risk(model, market, day, levels=book.levels_among_names)
    covered = forecast.covers().to_series()
    covered = covered.index[covered.to_numpy()]
    facts: list[Fact] = []

    listed_names = closing.universe(settings, model)
    universe = listed_names[listed_names.isin(closing.priced())]
    if len(universe) < len(listed_names):
        facts.append(Fact("no_price_of", {"names": len(listed_names) - len(universe), "of": len(listed_names)}))
    known = universe[universe.isin(covered)]
    if len(known) < len(universe):
        facts.append(Fact("no_forecast_of", {"names": len(universe) - len(known), "of": len(universe)}))
    exposures = forecast.exposures.transpose("asset", "factor").to_pandas().loc[covered]
    if isinstance(settings.score, str):
        priced = apart_from_cash(market.get_index("asset"))
        scores, of_scores = own_scores(book.source.table("scores"), settings.score, day, known, priced)
        facts += of_scores
    else:
        scores = factor_scores(exposures.loc[known], settings.score)

    def among_covered(name: str) -> pd.Series:
        weights = closing.benchmark(name)
        idle = float(weights.get(CASH, 0.0))
        if idle:
            facts.append(Fact("benchmark_not_invested", {"index": name, "weight": idle}))
        weights = weights[(weights != 0) & (weights.index != CASH)]
        without = weights[~weights.index.isin(covered)]
        require_covered(
            f"benchmark of [strategies.{strategy}], '{name}'", without, book.book.uncovered_max, what="a forecast"
        )
        if len(without):
            told = {"index": name, "names": len(without), "weight": float(without.sum())}
            facts.append(Fact("benchmark_without_forecast", told))
        weights = weights[weights.index.isin(covered)]
        return weights / weights.sum()

    references = {rule.reference for rule in settings.rules if isinstance(rule, VolatilityBand)} - {BENCHMARK}
    if held is None:
        held = held_before(book, strategy, closing)
    benchmark = among_covered(settings.benchmark)
    others = {name: benchmark if name == settings.benchmark else among_covered(name) for name in sorted(references)}
    if idle := tuple(label(rule) for rule in settings.rules if never_binds(rule)):
        facts.append(Fact("rules_without_effect", {"rules": idle}))
    facts += _absent(book, strategy, market, scores.index.union(benchmark.index).union(held.index))
    named = scores.index
    for weights in (benchmark, held, *others.values()):
        named = named.union(weights.index, sort=False)
    needed = covered[covered.isin(named)]
    exposures = exposures.loc[needed]
    return Task(
        strategy=strategy,
        settings=settings,
        date=day,
        scores=scores,
        benchmark=benchmark,
        held=held,
        references=others,
        exposures=exposures,
        factor_covariance=forecast.factor_covariance * DAYS_A_YEAR,
        specific_variance=forecast.specific_variance.to_series().loc[needed] * DAYS_A_YEAR,
        groups=_groups(market, exposures.index, settings.rules, day),
        issuers=_issuers(model, forecast),
        facts=tuple(facts),
    )


def _absent(book: Book, strategy: str, market: xr.Dataset, today: pd.Index) -> list[Fact]:
    """Names that the rules leave out or give a weight, and that are nothing to the close.

    Raises
    ------
    InputError
        For names that neither the prices nor securities have: they are misspelt, and the rule would do nothing.
    """
    facts = []
    for rule in book.strategies[strategy].rules:
        names = rule.weights if isinstance(rule, FixedWeights) else getattr(rule, "names", ())
        if not isinstance(rule, Excluded | Held | FixedWeights):
            continue
        absent = [name for name in names if name not in today]
        strange = [name for name in absent if name not in apart_from_cash(market.get_index("asset"))]
        if strange:
            securities = book.source.table("securities")
            strange = [name for name in strange if securities is None or name not in set(securities["ticker"])]
        if strange:
            known = today.drop(CASH, errors="ignore")
            near = get_close_matches(strange[0], list(map(str, known)), n=3) or list(map(str, known[:3]))
            raise InputError(
                f"{book.path.name}: '{rule.key}' in [strategies.{strategy}]: {counted(len(strange), 'name')} that neither "
                f"prices nor securities have: {listed(strange)}. Correct the spelling, or leave them out; names are such as "
                f"{listed(near)}."
            )
        if absent and isinstance(rule, Excluded):
            facts.append(Fact("excluded_absent", {"names": len(absent), "of": len(names), "tickers": tuple(absent)}))
    return facts


def read_day(date: object) -> pd.Timestamp:
    """A session as text or as a date."""
    if isinstance(date, str | datetime.date):  # a Timestamp is one
        day = pd.to_datetime(date, format="%Y-%m-%d", errors="coerce") if isinstance(date, str) else pd.Timestamp(date)
        if not pd.isna(day):
            return pd.Timestamp(day)
        raise InputError(f"date '{date}': write a day as YYYY-MM-DD.")
    raise InputError(f"date: is of type {type(date).__name__}. Write a day as YYYY-MM-DD.")


def require_strategy(book: Book, strategy: str) -> Strategy:
    """What a book says of a strategy, or which strategies it has."""
    require_kind("strategy", strategy, str, f"The book has: {', '.join(book.strategies) or 'none'}.")
    if strategy not in book.strategies:
        known = ", ".join(book.strategies) or "none; docs/reference/strategies.md says how one is written"
        raise InputError(f"unknown strategy '{strategy}'. The book has: {known}.")
    return book.strategies[strategy]


def held_before(book: Book, strategy: str, closing: Closing) -> pd.Series:
    """What the strategy's portfolio holds at a close before any list of the day; empty where it has none."""
    named = book.strategies[strategy].held
    portfolio = strategy if named is None else named
    holdings = book.holdings
    lists = holdings[holdings["portfolio"] == portfolio] if named is not False else holdings.iloc[:0]
    if isinstance(named, str) and lists.empty:
        raise InputError(
            f"holdings: no portfolio '{named}', which held in [strategies.{strategy}] asks for. Found: "
            f"{listed(sorted(holdings['portfolio'].unique())) or 'none'}."
        )
    return closing.held(str(portfolio), lists[["date", "ticker", "weight"]])


def _groups(market: xr.Dataset, assets: pd.Index, rules: Sequence[Rule], date: pd.Timestamp) -> pd.DataFrame:
    """The columns of securities that rules name, by ticker."""
    labels = apart_from_cash(market.get_index("asset"))
    columns = {}
    for grouping in dict.fromkeys(str(getattr(rule, "grouping", "")) for rule in rules):
        if not grouping:
            continue
        if grouping not in market or "asset" not in market[grouping].dims:
            text = [str(name) for name in market.data_vars if market[name].dims == ("asset",)]
            raise InputError(f"rules: no column '{grouping}' of securities to group by. There are: {listed(text, 20)}.")
        values = market[grouping]
        values = values.sel(time=date) if "time" in values.dims else values
        column = pd.Series(values.to_numpy(), labels)
        if grouping == ISSUER:  # who has none is a company of its own
            column = column.where(column.notna() & (column != ""), labels.map("({})".format).to_series(index=labels))
        columns[grouping] = column
    return pd.DataFrame(columns, index=labels).reindex(assets)


def _issuers(model: RiskModelResults, forecast: Forecast) -> pd.Series | None:
    if forecast.linked_covariance is None:
        return None
    issuer = model.data["issuer"].to_series()
    return issuer.set_axis(apart_from_cash(issuer.index))
