"""Labelled inputs and rules -> the programme as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, listed
from riskmodel.optimisation.programme import INFINITE, Programme, Rows
from riskmodel.optimisation.rules import (
    BENCHMARK,
    CashWeight,
    Excluded,
    ExposureBand,
    FixedWeights,
    GroupBand,
    GroupLimit,
    Held,
    NameCount,
    NameWeight,
    Rule,
    TrackingError,
    Turnover,
    VolatilityBand,
    label,
)


@dataclass(frozen=True)
class Inputs:
    """What a list is made from, over all names that anything is said of, in one order of assets and of factors.

    Attributes
    ----------
    assets
        Every name of the universe, of the benchmark and of what is held.
    eligible
        (asset,) bool: names with a score, which may be held.
    score, benchmark, before, cost, impact, specific
        (asset,); score is 0 where there is none. `before` leaves out cash, which is `cash_before`.
    exposures
        (factor, asset).
    loadings
        (factor and issuer, asset): V = loadings' loadings + diag(specific).
    factors
        Names of the rows of `exposures`.
    groups
        By asset, a column a grouping.
    references
        Weights that volatility is measured against, beside the benchmark.
    aversion
        Of tracking variance.
    """

    assets: pd.Index
    eligible: np.ndarray
    score: np.ndarray
    benchmark: np.ndarray
    before: np.ndarray
    cash_before: float
    cost: np.ndarray
    impact: np.ndarray
    specific: np.ndarray
    exposures: np.ndarray
    loadings: np.ndarray
    factors: pd.Index
    groups: pd.DataFrame
    references: Mapping[str, np.ndarray]
    aversion: float

    def variance(self, weights: np.ndarray) -> float:
        """W'Vw."""
        factors = self.loadings @ weights
        return float(factors @ factors + self.specific @ weights**2)

    def reference(self, name: str) -> np.ndarray:
        """Weights that a volatility is a share of."""
        if name == BENCHMARK:
            return self.benchmark
        if name not in self.references:
            raise InputError(
                f"volatility: no weights of '{name}' in references. Known: {listed([BENCHMARK, *self.references])}."
            )
        return self.references[name]


def pose(inputs: Inputs, rules: tuple[Rule, ...]) -> Programme:
    """The programme of some rules.

    Raises
    ------
    InputError
        For a rule about a name, factor, grouping or reference that there is not.
    """
    size = len(inputs.assets)
    least, most, forced = np.zeros(size), np.where(inputs.eligible, 1.0, 0.0), np.zeros(size, dtype=bool)
    rows: list[Rows] = []
    nobody = np.zeros((1, size))
    cash, tracking, variance, turnover = (0.0, 0.0), INFINITE, INFINITE, INFINITE
    fixed: Mapping[str, float] = {}
    if any(isinstance(rule, NameCount) and rule.least for rule in rules) and not any(
        isinstance(rule, NameWeight) for rule in rules
    ):
        least[:] = NameWeight().least  # a name of weight 0 would count
    for rule in rules:
        match rule:
            case NameWeight():
                least, most = np.full(size, rule.least), np.minimum(most, rule.most)
            case CashWeight():
                cash = rule.least, rule.most
            case NameCount():
                few, many = rule.least or 0, rule.most if rule.most is not None else size
                rows.append(Rows(label(rule), nobody, np.ones((1, size)), np.array([float(few)]), np.array([float(many)])))
            case GroupBand():
                member = _members(inputs, rule.grouping, rule)
                middle = member @ inputs.benchmark
                rows.append(Rows(label(rule), member, 0 * member, middle - rule.within, middle + rule.within))
            case GroupLimit():
                member = _members(inputs, rule.grouping, rule)
                below = np.full(len(member), -INFINITE)
                if rule.most is not None:
                    rows.append(Rows(label(rule), member, 0 * member, below, np.full(len(member), rule.most)))
                if rule.names is not None:
                    rows.append(Rows(label(rule), 0 * member, member, below, np.full(len(member), float(rule.names))))
            case ExposureBand():
                exposure = inputs.exposures[[_place(inputs.factors, rule.factor, label(rule), "factor")]]
                middle = exposure @ inputs.benchmark
                lower = -INFINITE if rule.lower is None else rule.lower
                upper = INFINITE if rule.upper is None else rule.upper
                rows.append(Rows(label(rule), exposure, nobody, middle + lower, middle + upper))
            case TrackingError():
                tracking = min(tracking, rule.most**2)
            case VolatilityBand():
                if rule.upper is not None:
                    variance = min(variance, rule.upper**2 * inputs.variance(inputs.reference(rule.reference)))
            case Turnover():
                turnover = min(turnover, rule.most)
            case Held():
                forced[[_place(inputs.assets, name, label(rule), "asset") for name in rule.names]] = True
            case Excluded():
                most[[_place(inputs.assets, name, label(rule), "asset") for name in rule.names]] = 0.0
            case FixedWeights():
                fixed = rule.weights
    for name, weight in fixed.items():
        place = _place(inputs.assets, name, "fixed", "asset")
        least[place], most[place], forced[place] = weight, weight, weight > 0
    held_nothing = most <= 0
    least[held_nothing & ~forced] = 0.0
    return Programme(
        score=inputs.score, benchmark=inputs.benchmark, specific=inputs.specific, before=inputs.before,
        loadings=inputs.loadings, centre=inputs.loadings @ inputs.benchmark,
        spread=float(inputs.specific @ inputs.benchmark**2), aversion=inputs.aversion,
        least=least, most=most, forced=forced, rows=tuple(rows), cash=cash, cash_before=inputs.cash_before,
        tracking_variance=tracking, variance=variance, turnover=turnover, cost=inputs.cost, impact=inputs.impact,
    )  # fmt: skip


def _place(index: pd.Index, name: str, owner: str, kind: str) -> int:
    if name not in index:
        raise InputError(f"{owner}: unknown {kind} '{name}'. Known: {listed(map(str, index))}.")
    return int(index.get_loc(name))


def _members(inputs: Inputs, grouping: str, rule: Rule) -> np.ndarray:
    if grouping not in inputs.groups:
        raise InputError(
            f"{label(rule)}: no column '{grouping}' in groups. It has: {listed(map(str, inputs.groups.columns)) or 'none'}."
        )
    column = inputs.groups[grouping]
    missing = column.isna() | (column == "")
    if missing[inputs.eligible | (inputs.benchmark != 0)].any():
        names = inputs.assets[missing.to_numpy() & (inputs.eligible | (inputs.benchmark != 0))]
        raise InputError(
            f"{label(rule)}: {len(names)} names without a '{grouping}': {listed(map(str, names))}. Fill the column, or "
            f"leave them out of score and benchmark."
        )
    codes, labels = pd.factorize(column.where(~missing), sort=True)
    return (codes == np.arange(len(labels))[:, None]).astype(float)
