"""A list of weights and its certificate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.optimisation.posing import Inputs
from riskmodel.optimisation.programme import Programme
from riskmodel.optimisation.rules import FixedWeights, Held, Rule, label
from riskmodel.optimisation.search import Best, Effort

CASH = "CASH"
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
        The limit of turnover, where what must be sold alone is above the rule's; else None.
    """

    value: float
    bound: float
    gap: float
    proved: bool
    nodes: int
    binding: tuple[str, ...]
    raised_turnover: float | None


@dataclass(frozen=True, repr=False)
class Optimum:
    """The best list under rules.

    Attributes
    ----------
    names
        ticker, weight, weight_before, score, forced, reason: of every name that is held or was, by weight, and CASH.
        `reason` is `held` or `fixed` where a rule has it so, `score` where its score is among as many best as are held,
        `risk` where it is in for what it does to risk or another rule, `left` where it left the universe, `sold`
        where it did not.
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
            f"{', '.join(proof.binding) or 'nothing'}",
            self.names.to_string(index=False, float_format="{:.4f}".format),
        ]
        return "\n".join(lines)


def made(
    inputs: Inputs, rules: tuple[Rule, ...], programme: Programme, best: Best, effort: Effort, raised: float | None
) -> Optimum:
    """The result of a search, with what it says of each name and rule."""
    weights = pd.Series(np.append(best.weights, best.cash), inputs.assets.append(pd.Index([CASH])), name="weight")
    size = programme.size(best.weights)
    gap = (best.bound - best.value) / size if size > 0 else 0.0
    certificate = Certificate(
        value=best.value, bound=best.bound, gap=gap, proved=gap <= effort.gap, nodes=best.nodes,
        binding=_binding(programme, rules, best), raised_turnover=raised,
    )  # fmt: skip
    return Optimum(
        names=_names(inputs, rules, best),
        weights=weights,
        certificate=certificate,
        tracking_error=max(programme.tracking(best.weights), 0.0) ** 0.5,
        volatility=programme.risk(best.weights) ** 0.5,
        turnover=programme.traded(best.weights, best.cash),
    )


def _names(inputs: Inputs, rules: tuple[Rule, ...], best: Best) -> pd.DataFrame:
    count = int((best.weights > 0).sum())
    rank = np.argsort(np.argsort(np.where(inputs.eligible, -inputs.score, np.inf), kind="stable"), kind="stable")
    fixed = {name for rule in rules if isinstance(rule, FixedWeights) for name in rule.weights}
    wanted = {name for rule in rules if isinstance(rule, Held) for name in rule.names}
    reason = np.where(best.weights > 0, np.where(rank < count, "score", "risk"), np.where(inputs.eligible, "sold", "left"))
    frame = pd.DataFrame(
        {
            "ticker": inputs.assets,
            "weight": best.weights,
            "weight_before": inputs.before,
            "score": np.where(inputs.eligible, inputs.score, np.nan),
            "forced": inputs.assets.isin(fixed | wanted) | (~inputs.eligible & (inputs.before != 0)),
            "reason": np.where(inputs.assets.isin(fixed), "fixed", np.where(inputs.assets.isin(wanted), "held", reason)),
        }
    )
    frame = frame[(frame["weight"] != 0) | (frame["weight_before"] != 0)]
    frame = frame.sort_values(["weight", "ticker"], ascending=[False, True], kind="stable")
    cash = dict(zip(frame.columns, (CASH, best.cash, inputs.cash_before, np.nan, False, "cash"), strict=True))
    return pd.concat([frame, pd.DataFrame([cash])], ignore_index=True)


def _binding(programme: Programme, rules: tuple[Rule, ...], best: Best) -> tuple[str, ...]:
    weights, held = best.weights, (best.weights > 0).astype(float)
    found = set()
    for row in programme.rows:
        value = row.weights @ weights + row.held @ held
        if (np.minimum(value - row.lower, row.upper - value) < BINDS).any():
            found.add(row.rule)
    at = weights[held > 0]
    if (np.minimum(at - programme.least[held > 0], programme.most[held > 0] - at) < BINDS).any():
        found.add("weight")
    for key, value, limit in (
        ("tracking_error", programme.tracking(weights), programme.tracking_variance),
        ("volatility", programme.risk(weights), programme.variance),
        ("turnover", programme.traded(weights, best.cash), programme.turnover),
    ):
        if np.isfinite(limit) and limit - value < BINDS * max(limit, BINDS):
            found.add(key)
    return tuple(label(rule) for rule in rules if label(rule) in found or (rule.key in found and rule.key == "volatility"))
