"""A list of weights and its certificate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.optimisation.inputs import CASH, Inputs
from riskmodel.optimisation.programme import Programme
from riskmodel.optimisation.rules import (
    CashWeight,
    Excluded,
    FixedWeights,
    Held,
    NameWeight,
    Rule,
    TrackingError,
    Turnover,
    VolatilityBand,
    label,
)
from riskmodel.optimisation.search import Effort, Outcome

BINDS = 1e-6  # nearer to a bound than this, a rule binds


@dataclass(frozen=True)
class Certificate:
    """What is proved of a list.

    Attributes
    ----------
    value
        Score less risk aversion times tracking variance less costs, of the list.
    bound
        That no list under the rules can be above.
    gap
        Bound less value, as a share of what score, risk and costs of the list amount to.
    proved
        Whether the gap is within what was asked; else the effort ended before.
    nodes
        Cone problems solved.
    binding
        Rules that the list stands at the bound of.
    raised_turnover
        The limit of turnover, where what must be sold alone is above the rule's; else None. Sold must be names that left the
        universe, that a rule leaves out, and what is above the most that a name may weigh.
    reproducible
        Whether the same inputs give the same list again: not where the clock may have ended the search.
    """

    value: float
    bound: float
    gap: float
    proved: bool
    nodes: int
    binding: tuple[str, ...]
    raised_turnover: float | None
    reproducible: bool = True


@dataclass(frozen=True, repr=False)
class Optimum:
    """The best list under rules.

    Attributes
    ----------
    names
        ticker, weight, weight_before, score, forced, reason: of every name that is held or was, by weight, and CASH.
        `reason` is `held` or `fixed` where a rule has it so, `score` where its score is among as many best as are held,
        `risk` where it is in for what it does to risk or another rule; `left` where it left the universe, `excluded` where a
        rule leaves it out, `sold` where neither. `forced` is what a rule or the universe left no choice about, also what was
        above the most that a name may weigh.
    weights
        Of every name of score and benchmark, and CASH.
    certificate
        What is proved.
    tracking_error, volatility, turnover
        Forecast, in the unit of the covariance's root; and half the sum of changes.
    """

    names: pd.DataFrame
    weights: pd.Series
    certificate: Certificate
    tracking_error: float
    volatility: float
    turnover: float

    def __repr__(self) -> str:
        proof = self.certificate
        held = self.names[(self.names["weight"] > 0) & (self.names["ticker"] != CASH)]
        lines = [
            f"Optimum: {len(held)} names, tracking error {self.tracking_error:.2%}, volatility {self.volatility:.2%}, "
            f"turnover {self.turnover:.1%}",
            f"value {proof.value:.6g}, at most {proof.bound:.6g}: gap {proof.gap:.3%} after {proof.nodes} nodes; binding: "
            f"{', '.join(proof.binding) or 'nothing'}"
            + ("" if proof.raised_turnover is None else f"; turnover raised to {proof.raised_turnover:.1%} for forced sales")
            + ("" if proof.reproducible else "; ended by the clock: not reproducible"),
            self.names.to_string(index=False, float_format="{:.4f}".format),
        ]
        return "\n".join(lines)


def made(
    inputs: Inputs, rules: tuple[Rule, ...], stated: tuple[Rule, ...], programme: Programme, found: Outcome, effort: Effort,
    raised: float | None,
) -> Optimum:  # fmt: skip
    """The result of a search that found a list, with what it says of each name and of the rules that were `stated`."""
    best = np.zeros(len(inputs.assets)) if found.weights is None else found.weights
    weights = pd.Series(np.append(best, found.cash), inputs.assets.append(pd.Index([CASH])), name="weight")
    size = programme.size(best)
    gap = (found.bound - found.value) / size if size > 0 else 0.0
    certificate = Certificate(
        value=found.value, bound=found.bound, gap=gap, proved=gap <= effort.gap, nodes=found.nodes,
        binding=tuple(label(rule) for rule in rules if label(rule) in {label(each) for each in stated}
                      and _binds(inputs, programme, rule, best, found.cash)),
        raised_turnover=raised, reproducible=effort.seconds is None,
    )  # fmt: skip
    return Optimum(
        names=_names(inputs, rules, programme, best, found.cash),
        weights=weights,
        certificate=certificate,
        tracking_error=max(programme.tracking(best), 0.0) ** 0.5,
        volatility=programme.risk(best) ** 0.5,
        turnover=programme.traded(best, found.cash),
    )


def _names(inputs: Inputs, rules: tuple[Rule, ...], programme: Programme, weights: np.ndarray, cash: float) -> pd.DataFrame:
    count = int((weights > 0).sum())
    rank = np.argsort(np.argsort(np.where(inputs.eligible, -inputs.score, np.inf), kind="stable"), kind="stable")
    fixed = {name for rule in rules if isinstance(rule, FixedWeights) for name in rule.weights}
    wanted = {name for rule in rules if isinstance(rule, Held) for name in rule.names}
    excluded = {name for rule in rules if isinstance(rule, Excluded) for name in rule.names}
    is_fixed, is_wanted, is_excluded = (inputs.assets.isin(names) for names in (fixed, wanted, excluded))
    reason = np.where(
        weights > 0,
        np.where(rank < count, "score", "risk"),
        np.select([~inputs.eligible, is_excluded], ["left", "excluded"], "sold"),
    )
    frame = pd.DataFrame(
        {
            "ticker": inputs.assets,
            "weight": weights,
            "weight_before": inputs.before,
            "score": np.where(inputs.eligible, inputs.score, np.nan),
            "forced": is_fixed | is_wanted | (inputs.before > programme.most),
            "reason": np.select([is_fixed, is_wanted], ["fixed", "held"], reason),
        }
    )
    frame = frame[(frame["weight"] != 0) | (frame["weight_before"] != 0)]
    frame = frame.sort_values(["weight", "ticker"], ascending=[False, True], kind="stable")
    last = dict(zip(frame.columns, (CASH, cash, inputs.cash_before, np.nan, False, "cash"), strict=True))
    return pd.concat([frame, pd.DataFrame([last])], ignore_index=True)


def _binds(inputs: Inputs, programme: Programme, rule: Rule, weights: np.ndarray, cash: float) -> bool:
    """Whether a list stands at a bound of a rule."""
    held = weights > 0
    room: list[float] = []
    for row in programme.rows:
        if row.rule == label(rule):
            value = row.weights @ weights + row.held @ held
            room.append(float(np.minimum(value - row.lower, row.upper - value).min(initial=np.inf)))
    match rule:
        case NameWeight():
            room.append(float(np.minimum(weights - rule.least, rule.most - weights)[held].min(initial=np.inf)))
        case CashWeight() if rule.least < rule.most:
            room.append(min(cash - rule.least if rule.least else np.inf, rule.most - cash))
        case Turnover():
            room.append(programme.turnover - programme.traded(weights, cash))
        case TrackingError():
            room.append(1 - programme.tracking(weights) ** 0.5 / rule.most)
        case VolatilityBand():
            ratio = (programme.risk(weights) / inputs.variance(inputs.reference(rule.reference))) ** 0.5
            room += [ratio - rule.lower] if rule.lower else []
            room += [rule.upper - ratio] if rule.upper is not None else []
    return bool(room) and min(room) < BINDS
