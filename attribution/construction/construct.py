"""construct: the list that a strategy holds from a close on, why each name is in it, and the proof of how good it is."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from riskmodel.model.forecast import RiskForecast
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.optimisation.optimise import EFFORT, optimise
from riskmodel.optimisation.optimum import Optimum
from riskmodel.optimisation.rules import Excluded, FixedWeights, Rule, TrackingError, Turnover, VolatilityBand
from riskmodel.optimisation.search import Effort

DAYS_A_YEAR, MONTHS_A_YEAR = 252, 12
BASIS_POINT = 1e-4
KEPT = "kept"  # the reason of a name that was held, and is among the best no more


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


@dataclass(frozen=True, repr=False)
class Construction:
    """A list and what it is made from.

    Attributes
    ----------
    task
        What was solved.
    optimum
        The list with its certificate; scores in it are worth `premium` each.
    """

    task: Task
    optimum: Optimum

    @property
    def weights(self) -> pd.Series:
        """Of what is held, and CASH where there is some; they sum to one."""
        weights = self.optimum.weights
        return weights[weights != 0].sort_values(ascending=False, kind="stable")

    @property
    def table(self) -> pd.DataFrame:
        """Ticker (with CASH), weight, weight_before, score, forced, reason: a row for each name held or sold."""
        names = self.optimum.names.copy()
        names["score"] = self.task.score.reindex(names["ticker"]).to_numpy()
        kept = (names["reason"] == "risk") & (names["weight_before"] > 0)
        names.loc[kept, "reason"] = KEPT
        return names

    @property
    def by_factor(self) -> pd.DataFrame:
        """Scores of the names held or sold by factor, (ticker, factor)."""
        tickers = [name for name in self.optimum.names["ticker"] if name != CASH]
        return self.task.scores.reindex(tickers).rename_axis("ticker")

    @property
    def cost(self) -> float:
        """What the trades cost, a share of what the portfolio is worth."""
        settings, names = self.task.settings, self.optimum.names
        change = (names["weight"] - names["weight_before"]).abs()[names["ticker"] != CASH]
        return float((trade_costs(change, settings)).sum())

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What is to be known of the list: what was left aside, what could not be kept or proved."""
        proof, found = self.optimum.certificate, list(self.task.facts)
        if self.task.held.empty:
            found.append(Fact("first_list"))
        if proof.raised_turnover is not None:
            found.append(Fact("turnover_raised", {"turnover": proof.raised_turnover}))
        if not proof.proved:
            found.append(Fact("not_proved", {"gap": proof.gap}))
        if not proof.reproducible:
            found.append(Fact("not_reproducible"))
        return tuple(found)

    def with_fixed(self, weights: Mapping[str, float], effort: Effort = EFFORT) -> Construction:
        """The list made again with some weights given, 0 to leave a name out."""
        return Construction(self.task, self.task.solve(_with_fixed(list(self.task.settings.rules), weights), effort))

    @property
    def score(self) -> float:
        """Of the list: weights times scores."""
        return float((self.optimum.weights.reindex(self.task.score.index) * self.task.score).sum())

    def __repr__(self) -> str:
        return f"{self.task.strategy} at the close of {self.task.date:%Y-%m-%d}: score {self.score:.2f}\n{self.optimum!r}"


def construct(
    book: Book,
    strategy: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    date: object,
    held: pd.Series | None = None,
    what_if: dict[str, float] | None = None,
    effort: Effort = EFFORT,
) -> Construction:
    """The list that a strategy of a book holds from a close on.

    Parameters
    ----------
    book
        From `attribution.read_book`; its [strategies] has the strategy.
    strategy
        Its key.
    model, market
        A fit and its market; nothing after the close is looked at.
    date
        A session.
    held
        By ticker, what is held before, CASH among it, decimals that sum to one; by default what the portfolio of `held` in
        the strategy holds at the close.
    what_if
        Weights by ticker that are fixed, 0 to leave a name out: the list is made around them.
    effort
        How near to the best the list is proved, and how many problems that may take.

    Returns
    -------
    Construction

    Raises
    ------
    InputError
        For an unknown strategy or name, a day without trading, a benchmark of which too much has no forecast.
    ContradictionError
        Where no list keeps the rules; it names the fewest that contradict each other.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market, book = rm.read_market("fixtures/small"), at.read_book("fixtures/small/strategies.toml")
    >>> model = rm.RiskModel().fit(market)
    >>> made = at.construct(book, "major", model, market, date="2025-02-28")
    >>> made.optimum.certificate.proved, int((made.weights.drop("CASH", errors="ignore") > 0).sum()) >= 20
    (True, True)
    """
    require_kind("effort", effort, Effort, "Give riskmodel.Effort(gap=..., nodes=...).")
    require_kind("what_if", {} if what_if is None else what_if, dict, "Give ticker -> weight.")
    task = strategy_task(book, strategy, model, market, date=date, held=held)
    if what_if:
        require_known_weights(what_if, task)
    return Construction(task, task.solve(_with_fixed(list(task.settings.rules), what_if or {}), effort))


def trade_costs(change: pd.Series, settings: Strategy) -> pd.Series:
    """What changes of weights cost, as shares of what the portfolio is worth; `change` without signs."""
    return settings.cost_bps * BASIS_POINT * change + settings.impact_bps * BASIS_POINT * change**1.5


def strategy_task(
    book: Book,
    strategy: str,
    model: RiskModelResults,
    market: xr.Dataset,
    *,
    date: object,
    held: pd.Series | None = None,
    made: RiskForecast | None = None,
) -> Task:
    """What a strategy is solved for at a close; arguments as for `construct`, and `made`, a forecast that there is."""
    require_book(book)
    require_results(model, "model")
    require_dataset(market)
    settings = require_strategy(book, strategy)
    day = _day(date)
    if held is not None:
        held = require_kind("held", held, pd.Series, "Give the weight of each ticker, CASH among them.")
    closing = Closing.at(book, market, day)
    forecast = forecast_risk(model, market, day, made, levels=book.levels_among_names)
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
        scores = own_scores(book.source.table("scores"), settings.score, day, known)
        if len(scores) < len(known):
            facts.append(Fact("no_score_of", {"names": len(known) - len(scores), "of": len(known)}))
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

    references = {rule.reference for rule in settings.rules if isinstance(rule, VolatilityBand)} - {"benchmark"}
    for name in sorted(references - set(book.benchmarks)):
        raise InputError(
            f"{book.path.name}: a rule 'volatility' of [strategies.{strategy}] has reference = '{name}', which is not in "
            f"[benchmarks]. Known: {', '.join(book.benchmarks)}."
        )
    if held is None:
        held = held_before(book, strategy, closing)
    benchmark = among_covered(settings.benchmark)
    others = {name: among_covered(name) for name in sorted(references)}
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


def _day(date: object) -> pd.Timestamp:
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
        columns[grouping] = pd.Series(values.to_numpy(), labels)
    return pd.DataFrame(columns, index=labels).reindex(assets)


def _issuers(model: RiskModelResults, forecast: Forecast) -> pd.Series | None:
    if forecast.linked_covariance is None:
        return None
    issuer = model.data["issuer"].to_series()
    return issuer.set_axis(apart_from_cash(issuer.index))


def _with_fixed(rules: list[Rule], what_if: Mapping[str, float]) -> list[Rule]:
    if not what_if:
        return rules
    fixed = next((rule for rule in rules if isinstance(rule, FixedWeights)), FixedWeights())
    others = [rule for rule in rules if not isinstance(rule, FixedWeights)]
    return [*others, replace(fixed, weights={**fixed.weights, **what_if})]


def require_known_weights(what_if: Mapping[str, float], task: Task) -> None:
    """Refuse fixed weights of names that the strategy may not hold."""
    strange = [name for name, weight in what_if.items() if weight and name not in task.score.index]
    if strange:
        raise InputError(
            f"what-if: {counted(len(strange), 'name')} that the strategy may not hold at the close of "
            f"{task.date:%Y-%m-%d}: {listed(strange)}. Name one of its universe with a forecast and a score."
        )
    if not np.isfinite(list(what_if.values())).all():
        raise InputError("what-if: a weight is no number. Write TICKER=0.03, a decimal.")
