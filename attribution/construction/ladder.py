"""The ladder: a strategy solved with no rule, then with its rules added one at a time; each rung is a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from attribution.construction.task import Task
from attribution.rows import SCORE
from riskmodel.optimisation.optimise import EFFORT
from riskmodel.optimisation.optimum import Optimum
from riskmodel.optimisation.rules import Rule, label
from riskmodel.optimisation.search import Effort


@dataclass(frozen=True)
class Ladder:
    """Lists of one strategy at one close, from the score alone to all rules.

    Attributes
    ----------
    rungs
        Name of the rung -> its list, in their order: "score", then the rules by what they are called.
    task
        What they were solved for.
    """

    rungs: dict[str, Optimum]
    task: Task

    @property
    def weights(self) -> pd.DataFrame:
        """rung, ticker, weight: of every rung what it holds, CASH among it."""
        frames = [
            optimum.weights[optimum.weights != 0].rename_axis("ticker").rename("weight").reset_index().assign(rung=name)
            for name, optimum in self.rungs.items()
        ]
        return pd.concat(frames, ignore_index=True)[["rung", "ticker", "weight"]]

    @property
    def ex_ante(self) -> pd.DataFrame:
        """rung, score, tracking_error, names, gap: what each rule costs before anything happens; of a year, decimals."""
        score, rows = self.task.score, []
        for name, optimum in self.rungs.items():
            weights = optimum.weights
            rows.append(
                {
                    "rung": name,
                    "score": float((weights.reindex(score.index) * score).sum()),
                    "tracking_error": optimum.tracking_error,
                    "names": int((weights.drop("CASH") > 0).sum()),
                    "gap": optimum.certificate.gap,
                }
            )
        return pd.DataFrame(rows)


def ladder(
    task: Task, *, made: Optimum | None = None, effort: Effort = EFFORT, rules: Sequence[Rule] | None = None
) -> Ladder:
    """Solve a strategy with its rules added one at a time.

    Parameters
    ----------
    task
        From `attribution.construction.task.strategy_task`.
    made
        The list with all rules, where there is one already.
    effort
        As for `riskmodel.optimise`.
    rules
        In which order they are added; by default that of the book.

    Returns
    -------
    Ladder

    Notes
    -----
    What a rule costs depends on those before it: the order is a choice, and is said. docs/methodology/ladder.md.
    """
    order = list(task.settings.rules if rules is None else rules)
    rungs = {SCORE: task.solve([], effort)} if order or made is None else {}
    for count, rule in enumerate(order, start=1):
        last = count == len(order)
        rungs[label(rule)] = made if last and made is not None else task.solve(order[:count], effort)
    if not order and made is not None:
        rungs[SCORE] = made
    return Ladder(rungs, task)
