"""construct: the list that a strategy holds from a close on, why each name is in it, and the proof of how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from attribution.construction.task import BASIS_POINT, Task, strategy_task
from attribution.portfolio.book import Book
from attribution.portfolio.settings.strategies import Strategy
from attribution.rows import CASH
from riskmodel.arrays.labels import require_kind
from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact
from riskmodel.model.results import RiskModelResults
from riskmodel.optimisation.optimise import EFFORT
from riskmodel.optimisation.optimum import Optimum
from riskmodel.optimisation.rules import FixedWeights, require_rules
from riskmodel.optimisation.search import Effort

KEPT = "kept"  # the reason of a name that was held, and is among the best no more


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
        """The list made again with some weights given, 0 to leave a name out; the rule that gives them is the last."""
        task = _with_fixed(self.task, weights)
        return Construction(task, task.solve(effort=effort))

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
        task = _with_fixed(task, what_if)
    return Construction(task, task.solve(effort=effort))


def trade_costs(change: pd.Series, settings: Strategy) -> pd.Series:
    """What changes of weights cost, as shares of what the portfolio is worth; `change` without signs."""
    return settings.cost_bps * BASIS_POINT * change + settings.impact_bps * BASIS_POINT * change**1.5


def _with_fixed(task: Task, what_if: Mapping[str, float]) -> Task:
    """The task under one more rule, the last, so that the ladder ends with the list that is made."""
    rules = task.settings.rules
    fixed = next((rule for rule in rules if isinstance(rule, FixedWeights)), FixedWeights())
    others = (rule for rule in rules if not isinstance(rule, FixedWeights))
    try:
        wanted = require_rules([*others, replace(fixed, weights={**fixed.weights, **what_if})])
    except InputError as error:
        raise InputError(f"what-if: {error}") from None
    return replace(task, settings=task.settings.model_copy(update={"rules": wanted}))


def _large(task: Task) -> str:
    """A name that may be held and that people know: the benchmark's largest, where it has one of them."""
    inside = task.benchmark[task.benchmark.index.isin(task.score.index)]
    return str(task.score.idxmax() if inside.empty else inside.idxmax())


def require_known_weights(what_if: Mapping[str, float], task: Task) -> None:
    """Refuse fixed weights of names that the strategy may not hold."""
    strange = [name for name, weight in what_if.items() if weight and name not in task.score.index]
    if strange:
        raise InputError(
            f"what-if: {counted(len(strange), 'name')} that the strategy may not hold at the close of "
            f"{task.date:%Y-%m-%d}: {listed(strange)}. Name one of its universe with a forecast and a "
            f"score, such as {_large(task)}."
        )
    if not np.isfinite(list(what_if.values())).all():
        raise InputError("what-if: a weight is no number. Write TICKER=0.03, a decimal.")
