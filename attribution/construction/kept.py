"""What a list makes of each rule of its strategy: the value that is bounded, the bounds, and what stands at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from attribution.construction.construct import Construction
from attribution.rows import CASH
from riskmodel.optimisation.optimum import BINDS
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

COLUMNS = ["rule", "of", "value", "least", "most", "kept", "binding"]


@dataclass(frozen=True)
class _Measured:
    """One number that a rule bounds."""

    of: str
    value: float
    least: float = np.nan
    most: float = np.nan


def rule_table(made: Construction) -> pd.DataFrame:
    """A row for each number that a rule of the strategy bounds.

    Returns
    -------
    DataFrame
        rule, of (the name or group that is nearest to the bound), value, least, most, kept, binding; decimals.
    """
    rules: list[Rule] = list(made.task.settings.rules)
    if made.task.settings.tracking_error is not None:
        rules.append(TrackingError(made.task.settings.tracking_error))
    rows = []
    for rule in rules:
        for found in _measured(made, rule):
            low, high = found.value - found.least, found.most - found.value
            room = np.fmin(low, high)
            row = {"rule": label(rule), **vars(found), "kept": not room < -BINDS, "binding": bool(abs(room) < BINDS)}
            rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"kept": bool, "binding": bool})


def _measured(made: Construction, rule: Rule) -> Iterator[_Measured]:
    """What a rule bounds, and how a list stands to it."""
    task, optimum = made.task, made.optimum
    weights = optimum.weights.drop(CASH)
    held = weights[weights > 0]
    match rule:
        case NameCount():
            yield _Measured("", float(len(held)), _or_missing(rule.least), _or_missing(rule.most))
        case NameWeight():
            if len(held):
                yield _Measured(str(held.idxmin()), float(held.min()), least=rule.least)
                yield _Measured(str(held.idxmax()), float(held.max()), most=rule.most)
        case CashWeight():
            yield _Measured(CASH, float(optimum.weights[CASH]), rule.least, rule.most)
        case GroupBand():
            active = _by_group(made, rule.grouping, weights).sub(
                _by_group(made, rule.grouping, task.benchmark), fill_value=0
            )
            furthest = active.abs().idxmax()
            yield _Measured(str(furthest), float(active[furthest]), -rule.within, rule.within)
        case GroupLimit():
            if rule.most is not None:
                together = _by_group(made, rule.grouping, weights)
                yield _Measured(str(together.idxmax()), float(together.max()), most=rule.most)
            if rule.names is not None:
                names = _by_group(made, rule.grouping, (weights > 0).astype(float))
                yield _Measured(str(names.idxmax()), float(names.max()), most=float(rule.names))
        case ExposureBand():
            active = weights.sub(task.benchmark, fill_value=0.0)
            value = float(task.exposures[rule.factor].reindex(active.index).fillna(0.0) @ active)
            yield _Measured(rule.factor, value, _or_missing(rule.lower), _or_missing(rule.upper))
        case VolatilityBand():
            reference = task.benchmark if rule.reference == BENCHMARK else task.references[rule.reference]
            ratio = optimum.volatility / task.volatility(reference)
            yield _Measured(rule.reference, ratio, _or_missing(rule.lower), _or_missing(rule.upper))
        case TrackingError():
            yield _Measured("", optimum.tracking_error, most=rule.most)
        case Turnover():
            if len(task.held):
                yield _Measured("", optimum.turnover, most=rule.most)
        case Held():
            for name in rule.names:
                yield _Measured(name, float(weights.get(name, 0.0)), least=BINDS)
        case Excluded():
            for name in rule.names:
                yield _Measured(name, float(weights.get(name, 0.0)), most=0.0)
        case FixedWeights():
            for name, weight in rule.weights.items():
                yield _Measured(name, float(weights.get(name, 0.0)), weight, weight)


def _by_group(made: Construction, grouping: str, weights: pd.Series) -> pd.Series:
    return weights.groupby(made.task.groups[grouping].reindex(weights.index).to_numpy()).sum()


def _or_missing(bound: float | None) -> float:
    return np.nan if bound is None else float(bound)
