"""What the same search finds where there is nothing: signals whose direction is drawn by lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attribution.construction.search.backtest import Backtest, backtest
from attribution.construction.search.figures import figure, sharpe_of_periods
from attribution.construction.search.overfitting import ranked
from attribution.construction.search.panel import Panel
from attribution.construction.search.periods import Periods
from riskmodel.progress import Step, silent


@dataclass(frozen=True)
class Placebo:
    """Searches among random signals.

    Attributes
    ----------
    best
        (draw) the highest figure of as many trials.
    sharpe_mean, sharpe_variance
        Of the Sharpe ratios of a period over the benchmark, of such trials; means over the draws.
    """

    best: np.ndarray
    sharpe_mean: float
    sharpe_variance: float

    def p_value(self, found: float, *, searched: float = 1.0) -> float:
        """The probability of so high a best figure where no signal is worth anything.

        Parameters
        ----------
        found
            The highest figure of the search.
        searched
            All trials there ever were, over those of this search.

        Notes
        -----
        p = (1 + #{best >= found}) / (1 + draws), which a lot of `draws` never puts below 1 / (1 + draws) (Phipson & Smyth
        2010); of k searches 1 - (1 - p)^k (Sidak).

        Examples
        --------
        >>> lots = Placebo(np.array([1.0, 2.0, 3.0]), 0.0, 1.0)
        >>> lots.p_value(2.5), lots.p_value(9.0), lots.p_value(9.0, searched=2)
        (0.5, 0.25, 0.4375)
        """
        p = (1 + int((self.best >= found).sum())) / (1 + len(self.best))
        return p if searched == 1 else float(1 - (1 - p) ** searched)  # a p of 0.05 is 0.05


def placebo(
    panel: Panel,
    weights: np.ndarray,
    own: Backtest,
    *,
    names: int,
    figure_name: str,
    frequency: str,
    draws: int,
    seed: int,
    step: Step = silent,
) -> Placebo:
    """The best figures of the same trials where the sign of each factor is drawn anew each month.

    Parameters
    ----------
    panel, weights, names
        As for `backtest`.
    own
        The trials themselves; a placebo pays what they paid, as it would trade for no reason.
    figure_name, frequency
        Of `FIGURES` and `FREQUENCIES`.
    draws, seed
        How many searches, and where their lots begin.
    step
        Told of each.

    Notes
    -----
    A signal of noise must lean on what moves names together as the real one does, or its luck is too small: a list by random
    numbers holds no factor. So the exposures stay, and a lot e_mk of 1 or -1 turns factor k round in month m:
    S_i = sum_k v_k e_mk X_mik. Where a factor's return is as often above as below zero the turned lists are as good as the
    real ones, month by month with the months' own volatility: a randomisation test, whose maximum over all trials is the
    null of the best one (Romano & Wolf 2005; White 2000). A reward is in the real lists and averages out of the turned ones.
    """
    random = np.random.default_rng(seed)
    best, means, variances = np.empty(draws), np.empty(draws), np.empty(draws)
    for draw in range(draws):
        step(f"placebo: {draw + 1} of {draws}")
        turned = random.choice([-1.0, 1.0], (len(panel.closes), len(panel.factors)))
        lists = backtest(panel, weights, names=names, turned=turned, charges=own.charges)
        periods = Periods.of(panel, lists.returns, frequency)
        sums = periods.sums(np.ones((len(periods.month), 1)))
        best[draw] = ranked(figure(figure_name, sums, periods.a_year)).max()
        ratios = sharpe_of_periods(sums)[:, 0]
        means[draw], variances[draw] = np.nanmean(ratios), np.nanvar(ratios)
    return Placebo(best, float(means.mean()), float(variances.mean()))
