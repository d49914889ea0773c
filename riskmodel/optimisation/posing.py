"""Labelled inputs and rules -> the programme as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.optimisation.inputs import DUST, Inputs
from riskmodel.optimisation.programme import INFINITE, Programme, Rows
from riskmodel.optimisation.rules import (
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


def pose(inputs: Inputs, rules: tuple[Rule, ...]) -> Programme:
    """The programme of some rules; what none of them speaks of is free, cash too.

    Raises
    ------
    InputError
        For a rule about a name, factor, grouping or reference that there is not.
    """
    size = len(inputs.assets)
    least, most, forced = np.zeros(size), np.where(inputs.eligible, 1.0, 0.0), np.zeros(size, dtype=bool)
    rows: list[Rows] = []
    nobody = np.zeros((1, size))
    cash, tracking, variance, turnover = (0.0, 1.0), INFINITE, INFINITE, INFINITE
    fixed: Mapping[str, float] = {}
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
                forced[_scored(inputs, rule.names, label(rule))] = True  # whose least weight is never 0
            case Excluded():
                most[[_place(inputs.assets, name, label(rule), "asset") for name in rule.names]] = 0.0
            case FixedWeights():
                fixed = rule.weights
    for place, weight in zip(_scored(inputs, fixed, FixedWeights.key), fixed.values(), strict=True):
        weight = weight if weight > DUST else 0.0
        least[place], most[place], forced[place] = weight, weight, weight > 0
    least = np.where(forced, np.maximum(least, 2 * DUST), np.where(most > 0, least, 0.0))
    return Programme(
        score=inputs.score, benchmark=inputs.benchmark, specific=inputs.specific, before=inputs.before,
        loadings=inputs.loadings, centre=inputs.loadings @ inputs.benchmark,
        spread=float(inputs.specific @ inputs.benchmark**2), aversion=inputs.aversion,
        least=least, most=most, forced=forced, rows=tuple(rows), cash=cash, cash_before=inputs.cash_before,
        tracking_variance=tracking, variance=variance, turnover=turnover, cost=inputs.cost, impact=inputs.impact,
    )  # fmt: skip


def _scored(inputs: Inputs, names: Iterable[str], owner: str) -> list[int]:
    """Places of names that are to be held, all of which have a score."""
    places = [_place(inputs.assets, name, owner, "asset") for name in names]
    without = [str(inputs.assets[place]) for place in places if not inputs.eligible[place]]
    if without:
        raise InputError(
            f"{owner}: {counted(len(without), 'name')} without a score: {listed(without)}. They are not in the universe, "
            f"and may have no forecast. Give their score and forecasts, or leave them out of the rule."
        )
    return places


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
