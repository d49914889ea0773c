"""Why there is no list: what to say where none is possible, none was found, or the solver could not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from riskmodel.errors import counted
from riskmodel.optimisation.contradictions import contradiction
from riskmodel.optimisation.errors import NoListError, NotFoundError, UnsolvedError
from riskmodel.optimisation.inputs import Inputs
from riskmodel.optimisation.posing import pose
from riskmodel.optimisation.rules import Rule, label
from riskmodel.optimisation.search import Effort, Outcome
from riskmodel.optimisation.volatility import best_list_above, least_variance

SHORT = 200  # cone problems, to see whether some rules can be kept


def no_list(
    inputs: Inputs, rules: tuple[Rule, ...], stated: tuple[Rule, ...], found: Outcome, highest: float, effort: Effort
) -> NoListError:
    """What a search without a list is refused with; `highest` is the most variance seen, of a least one that was missed."""

    def possible(some: Sequence[Rule]) -> bool | None:
        programme, (name, least) = pose(inputs, tuple(some)), least_variance(inputs, tuple(some))
        outcome, _ = best_list_above(programme, name, least, replace(effort, nodes=SHORT), any_list=True)
        if outcome.weights is not None:
            return True
        return False if outcome.impossible else None

    if found.impossible:
        return contradiction(rules, stated, possible)
    if np.isfinite(highest):
        return _too_calm(*least_variance(inputs, rules), highest, found)
    loosened = [label(rule) for rule in stated if possible([other for other in rules if other is not rule])]
    hint = f"Without {' or without '.join(loosened)} there is one: loosen that" if loosened else "Loosen the tightest rules"
    solved = counted(found.nodes, "cone problem")
    if found.unsolved and found.ended:
        return UnsolvedError(
            f"rules: no list was found, and {found.unsolved} of {solved} could not be solved, so that none is proved "
            f"impossible. {hint}; bounds that leave next to no room make such problems.",
            found.unsolved,
            found.nodes,
        )
    return NotFoundError(
        f"rules: no list was found in {solved}, though none is proved impossible; none is worth more "
        f"than {found.bound:.6g}. {hint}, or raise nodes of Effort, {effort.nodes:,}.",
        found.bound,
        found.nodes,
    )


def _too_calm(name: str, least: float, highest: float, found: Outcome) -> NotFoundError:
    return NotFoundError(
        f"{name}: no list was found whose volatility is {least**0.5:.4g} or more; the highest found has {highest**0.5:.4g}. "
        f"The rule is not convex, so that none is proved impossible. Lower it to {(highest / least) ** 0.5:.4g} of what it "
        f"is, or loosen other rules.",
        found.bound,
        found.nodes,
    )
