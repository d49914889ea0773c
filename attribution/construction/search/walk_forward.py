"""What whoever had searched each month anew would have held, and earned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attribution.construction.search.backtest import backtest
from attribution.construction.search.figures import figure
from attribution.construction.search.overfitting import ranked
from attribution.construction.search.panel import Panel
from attribution.construction.search.periods import Periods

LEAST_MONTHS = 12  # of a history on which something is chosen, and of a year that judges it


@dataclass(frozen=True)
class WalkForward:
    """One record: in each month the trial that was best in all months before it.

    Attributes
    ----------
    chosen
        (month) which trial; from the month on that follows the first year.
    returns
        (day) after costs, those of changing from one trial's list to another's among them.
    panel
        The months that it is of.
    """

    chosen: np.ndarray
    returns: np.ndarray
    panel: Panel


def walk_forward(
    panel: Panel,
    weights: np.ndarray,
    periods: Periods,
    *,
    figure_name: str,
    names: int,
    cost: float = 0.0,
    impact: float = 0.0,
) -> WalkForward | None:
    """Choose on the months before, hold the next, and so on; None where no month follows the first year.

    Parameters
    ----------
    panel, weights, names, cost, impact
        As for `backtest`.
    periods
        Of the trials over the panel's months.
    figure_name
        A figure of `FIGURES`, by which the best is chosen.
    """
    months = len(panel.closes)
    if months <= LEAST_MONTHS:
        return None
    before = np.arange(months)[:, None] < np.arange(LEAST_MONTHS, months)
    known = periods.sums(periods.in_months(before))
    chosen = ranked(figure(figure_name, known, periods.a_year)).argmax(axis=0)
    later = panel.over(LEAST_MONTHS, months)
    ones = np.ones((1, weights.shape[1]))
    made = backtest(later, ones, names=names, cost=cost, impact=impact, turned=weights[chosen])
    return WalkForward(chosen, made.returns[0], later)
