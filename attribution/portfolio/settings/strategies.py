"""[strategies.NAME]: a rule by which a list of holdings is made; docs/reference/strategies.md explains every key."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from attribution.portfolio.settings.bound_types import (
    Cost,
    Line,
    NameCount,
    OutOfBoundsError,
    Part,
    ShareLimit,
    StyleWeight,
    false_or,
    within,
)
from riskmodel.bounds import Bound, shown
from riskmodel.errors import InputError
from riskmodel.optimisation.reading import read_rule
from riskmodel.optimisation.rules import BENCHMARK, Rule, TrackingError, VolatilityBand, require_rules

AVERSION = Bound("a number from 0 to 1,000 (1 gives up a point of score for a variance of 0.01 a year)", least=0, most=1000)
EARNED = Bound("a decimal above 0 and up to 1 (0.05 is 5 % a year for a score of one)", above=0, most=1)
PREMIUM, RISK_AVERSION = 0.05, 1.0


def _rules(value: Any) -> tuple[Rule, ...]:
    if not isinstance(value, list | tuple):
        raise OutOfBoundsError(f'{shown(value)}; give a list: [{{ rule = "weight", most = 0.10 }}, ...]')
    try:
        return require_rules([read_rule(entry) for entry in value])
    except InputError as error:
        raise OutOfBoundsError(str(error).removesuffix(".")) from None


def _score(value: Any) -> Any:
    if isinstance(value, dict) and not value:
        raise OutOfBoundsError("an empty table; give factors and their weights, such as { profitability = 1 }")
    return value


Rules = Annotated[tuple[Any, ...], BeforeValidator(_rules)]
Aversion = Annotated[float, BeforeValidator(within(AVERSION))]
Earned = Annotated[float, BeforeValidator(within(EARNED))]


class Universe(Part):
    """What may be held: an index's constituents, or the largest companies by capitalisation, as they are at the close."""

    constituents: Line | None = None
    largest: NameCount | None = None


class Strategy(Part):
    """A strategy: what it holds is what scores highest under its rules, less a charge for the risk of leaving its benchmark.

    Attributes
    ----------
    benchmark
        A name of [benchmarks].
    score
        Factor of the model -> weight, or the name of a score in the table `scores`.
    universe
        "benchmark", the names of its list; "market", every name that the model's factors are estimated from; or a list.
    rules
        In the order in which the ladder adds them; `riskmodel.optimisation.rules` has them.
    premium
        Return a year that a score of one, a standard deviation of the universe's, is held to be worth.
    risk_aversion
        Of tracking variance a year. Not with `tracking_error`.
    tracking_error
        The largest forecast one; the score alone decides below it.
    cost_bps
        One-way, of what is bought or sold.
    impact_bps
        One-way, of a change of the whole weight: grows with the root of the change.
    held
        Portfolio of the holdings of which the list is made anew; by default that of the strategy's own name, where there
        is one.
    """

    benchmark: Line
    score: Annotated[dict[Line, StyleWeight] | Line, BeforeValidator(_score)]
    universe: Literal["benchmark", "market"] | Universe = "benchmark"
    rules: Rules = ()
    premium: Earned = PREMIUM
    risk_aversion: Aversion | None = None
    tracking_error: ShareLimit | None = None
    cost_bps: Cost = 0.0
    impact_bps: Cost = 0.0
    held: Annotated[Line | Literal[False] | None, false_or("a portfolio of the holdings, or false for none")] = None

    @property
    def aversion(self) -> float:
        """Of tracking variance a year."""
        if self.tracking_error is not None:
            return 0.0
        return RISK_AVERSION if self.risk_aversion is None else self.risk_aversion


def require_strategy(name: str, key: str, strategy: Strategy, benchmarks: Collection[str]) -> None:
    """Refuse a strategy of the book called `name` whose keys and rules contradict each other, or name no benchmark of it."""
    if strategy.benchmark not in benchmarks:
        raise InputError(
            f"{name}: [strategies.{key}] names the benchmark '{strategy.benchmark}', which is not in [benchmarks]. "
            f"Known: {', '.join(benchmarks)}."
        )
    if strategy.risk_aversion is not None and strategy.tracking_error is not None:
        raise InputError(
            f"{name}: [strategies.{key}] has risk_aversion and tracking_error. Keep one: a charge for risk, or the "
            f"most of it."
        )
    if strategy.tracking_error is not None and any(isinstance(rule, TrackingError) for rule in strategy.rules):
        raise InputError(
            f"{name}: [strategies.{key}] has tracking_error as a key and as a rule. Keep one: under the key the score alone "
            f"decides, under the rule the charge for risk stays."
        )
    references = {rule.reference for rule in strategy.rules if isinstance(rule, VolatilityBand)} - {BENCHMARK}
    for reference in sorted(references - set(benchmarks)):
        raise InputError(
            f"{name}: a rule 'volatility' of [strategies.{key}] has reference = '{reference}', which is not in "
            f"[benchmarks]. Known: {', '.join(benchmarks)}."
        )
    universe = strategy.universe
    if isinstance(universe, Universe) and (universe.constituents is None) == (universe.largest is None):
        raise InputError(
            f"{name}: 'universe' in [strategies.{key}] needs one of the two: constituents = \"...\" (an index of the table "
            f'constituents), largest = 500 (the largest companies); or write "benchmark" or "market".'
        )
