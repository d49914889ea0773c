"""The search itself, on arrays: choose on the months before the last year, look at that once, and doubt what was found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from attribution.construction.search.backtest import Backtest, backtest
from attribution.construction.search.choices import DRAWS, FREQUENCIES, HELD_OUT
from attribution.construction.search.figures import FIGURES, annual, figure, sharpe_of_periods
from attribution.construction.search.overfitting import (
    BLOCKS,
    Overfitting,
    deflated_sharpe_ratio,
    effective_trials,
    expected_maximum,
    overfitting_probability,
    ranked,
)
from attribution.construction.search.panel import Panel
from attribution.construction.search.periods import Periods
from attribution.construction.search.placebo import Placebo, placebo
from attribution.construction.search.regimes import regime_table
from attribution.construction.search.resampling import bootstrap_interval
from attribution.construction.search.trials import Trials
from attribution.construction.search.walk_forward import LEAST_MONTHS, WalkForward, walk_forward
from riskmodel.arrays.labels import require_kind
from riskmodel.bounds import COST, SEED_NUMBER, require_bounded, whole_number
from riskmodel.errors import InputError
from riskmodel.facts import Fact
from riskmodel.progress import Step, silent

BASIS_POINT = 1e-4
LARGEST_P = 0.05  # of the placebo, with all trials counted, for something to be found
LEAST_DEFLATED = 0.95
WINDOWS = ("in_sample", "out_of_sample", "walk_forward")


@dataclass(frozen=True)
class Terms:
    """How trials are walked, compared and doubted.

    Attributes
    ----------
    names
        Held by each list.
    cost_bps, impact_bps
        One-way, in basis points, as a strategy of the book has them.
    figure
        A figure of `FIGURES`, by which the best is chosen.
    frequency
        Of the periods that figures are made of: day or month.
    held_out
        The last months, on which nothing is chosen.
    draws
        Of the placebo.
    seed
        Of every draw.
    """

    names: int = 25
    cost_bps: float = 0.0
    impact_bps: float = 0.0
    figure: str = "sortino"
    frequency: str = "day"
    held_out: int = HELD_OUT
    draws: int = DRAWS
    seed: int = 0

    def __post_init__(self) -> None:
        for name, chosen, known in (("figure", self.figure, FIGURES), ("frequency", self.frequency, FREQUENCIES)):
            require_kind(name, chosen, str, f"Give one of {', '.join(known)}.")
            if chosen not in known:
                raise InputError(f"{name}: is {chosen!r}. Give one of {', '.join(known)}.")
        require_bounded("names", self.names, whole_number("names", most=10_000))
        require_bounded("cost_bps", self.cost_bps, COST)
        require_bounded("impact_bps", self.impact_bps, COST)
        require_bounded("held_out", self.held_out, whole_number("months", most=1200))
        require_bounded("draws", self.draws, whole_number("draws", 19, 100_000))
        require_bounded("seed", self.seed, SEED_NUMBER)


@dataclass(frozen=True)
class Earlier:
    """What a log has of searches before this one: trials that are not tried again now, and looks at the held-out months."""

    trials: int = 0
    looks: int = 0


@dataclass(frozen=True)
class Judgement:
    """A search and what is to be thought of it; every return in it is simulated.

    Attributes
    ----------
    panel, trials, terms, earlier
        What was searched, and how.
    lists
        Of every trial over all months.
    in_sample, out_of_sample
        (trial) the figure on the months on which was chosen, and on the last ones.
    chosen
        Which trial is the best in sample.
    overfitting, placebo, forward
        Cross-validation in sample, random signals in sample, and choosing anew each month; None for too few months.
    effective
        Independent trials that all trials are worth.
    deflated
        The deflated Sharpe ratio of the best trial's returns over the benchmark, in sample.
    p_value
        Of the placebo, with all trials counted.
    """

    panel: Panel
    trials: Trials
    terms: Terms
    earlier: Earlier
    lists: Backtest
    in_sample: np.ndarray
    out_of_sample: np.ndarray
    chosen: int
    overfitting: Overfitting
    placebo: Placebo
    forward: WalkForward | None
    effective: float
    deflated: float
    p_value: float

    @property
    def counted(self) -> int:
        """All trials, those of earlier searches among them."""
        return len(self.trials) + self.earlier.trials

    @property
    def months_in_sample(self) -> int:
        """Months on which was chosen."""
        return len(self.panel.closes) - self.terms.held_out

    @cached_property
    def windows(self) -> pd.DataFrame:
        """window, from, to, months, figure, lower, upper, benchmark_figure, return, benchmark_return, trials.

        Of the chosen trial in sample and out of sample, and of the walk forward, whose months reach into both. `lower` and
        `upper` are ends of the bootstrap's interval, returns a year, missing of less than one.
        """
        inside, months = self.months_in_sample, len(self.panel.closes)
        returns = self.lists.returns[[self.chosen]]
        spans = [(self.panel.over(0, inside), returns), (self.panel.over(inside, months), returns)]
        days = [self.panel.month < inside, self.panel.month >= inside]
        parts = [(panel, own[:, day]) for (panel, own), day in zip(spans, days, strict=True)]
        if self.forward is not None:
            parts.append((self.forward.panel, self.forward.returns[None]))
        rows = [self._window(name, panel, own) for name, (panel, own) in zip(WINDOWS, parts, strict=False)]
        return pd.DataFrame(rows).assign(trials=self.counted)

    @cached_property
    def regimes(self) -> pd.DataFrame:
        """regime, sample, months, figure, return, benchmark_return, trials: of the chosen trial."""
        periods = Periods.of(self.panel, self.lists.returns[[self.chosen]], self.terms.frequency)
        table = regime_table(
            self.panel,
            periods,
            self.trials.weights[self.chosen],
            figure_name=self.terms.figure,
            in_sample=self.months_in_sample,
        )
        return table.assign(trials=self.counted)

    @property
    def found(self) -> bool:
        """Whether the best trial beats what luck brings: the placebo, the deflated Sharpe ratio, and the last months."""
        after = self.windows.set_index("window").loc["out_of_sample"]
        return bool(
            self.p_value <= LARGEST_P and self.deflated > LEAST_DEFLATED and after["figure"] > 0 and self._excess_after > 0
        )

    @property
    def _excess_after(self) -> float:
        """Of the chosen trial over the benchmark on the months held out, compounded over them."""
        own = self.panel.month >= self.months_in_sample
        grown = (np.prod(1 + returns[own]) for returns in (self.lists.returns[self.chosen], self.panel.benchmark))
        return float(next(grown) - next(grown))

    @property
    def verdict(self) -> Fact:
        """`search_found` or `search_nothing`, with the numbers that say so."""
        windows = self.windows.set_index("window")
        before, after = windows.loc["in_sample"], windows.loc["out_of_sample"]
        values = {
            "score": self.trials.names[self.chosen],
            "trials": self.counted,
            "figure": self.terms.figure,
            "months": int(before["months"]),
            "in_sample": float(before["figure"]),
            "held_out": int(after["months"]),
            "out_of_sample": float(after["figure"]),
            "lower": float(after["lower"]),
            "upper": float(after["upper"]),
            "excess": self._excess_after,
            "overfitting": self.overfitting.probability,
            "deflated": self.deflated,
            "effective": self.effective,
            "p_value": self.p_value,
            "draws": self.terms.draws,
        }
        return Fact("search_found", values) if self.found else Fact("search_nothing", values)

    def _window(self, name: str, panel: Panel, returns: np.ndarray) -> dict[str, object]:
        periods = Periods.of(panel, np.vstack([returns, panel.benchmark]), self.terms.frequency)
        sums = periods.sums(np.ones((len(periods.month), 1)))
        own, benchmark = figure(self.terms.figure, sums, periods.a_year)[:, 0]
        whole_year = len(panel.months) >= LEAST_MONTHS
        earned, beside = annual(sums.log_return, sums.periods, periods.a_year)[:, 0] if whole_year else (np.nan, np.nan)
        lower, upper = bootstrap_interval(
            periods.returns[0],
            periods.risk_free,
            periods.benchmark,
            self.terms.figure,
            periods.a_year,
            seed=self.terms.seed,
        )
        months = panel.months
        return {
            "window": name,
            "from": str(months[0]),
            "to": str(months[-1]),
            "months": len(months),
            "figure": float(own),
            "lower": lower,
            "upper": upper,
            "benchmark_figure": float(benchmark),
            "return": float(earned),
            "benchmark_return": float(beside),
        }


def judge(panel: Panel, trials: Trials, terms: Terms, *, earlier: Earlier | None = None, step: Step = silent) -> Judgement:
    """Walk every trial, choose the best on the months before the last, and say how far it is to be believed.

    Parameters
    ----------
    panel
        The market; its factors are those of the trials, in their order.
    trials
        What is tried.
    terms
        How.
    earlier
        Of a log.
    step
        Told of each stage.

    Returns
    -------
    Judgement

    Raises
    ------
    InputError
        Where fewer than twelve months are left to choose on, or a close has too few names.

    Notes
    -----
    Nothing that is chosen, nor the placebo, the cross-validation or the deflated Sharpe ratio, sees the held-out months. The
    deflated Sharpe ratio is of r - b; the variance and the mean of Sharpe ratios without skill are those of the placebo's
    trials, since a reward spreads the real ones apart (a mean below 0 counts as 0).
    """
    from scipy.stats import kurtosis, skew

    months = len(panel.closes)
    inside = months - terms.held_out
    if inside < LEAST_MONTHS:
        raise InputError(
            f"months: {months}, of which the last {terms.held_out} are held out: {max(inside, 0)} are left to choose on, "
            f"and {LEAST_MONTHS} are needed. Search a longer history, or hold out fewer months."
        )
    step("back-test")
    cost, impact = terms.cost_bps * BASIS_POINT, terms.impact_bps * BASIS_POINT
    lists = backtest(panel, trials.weights, names=terms.names, cost=cost, impact=impact)
    periods = Periods.of(panel, lists.returns, terms.frequency)
    known, after = periods.of_months(0, inside), periods.of_months(inside, months)
    sums = known.sums(np.ones((len(known.month), 1)))
    in_sample = figure(terms.figure, sums, known.a_year)[:, 0]
    chosen = int(ranked(in_sample).argmax())
    step("cross-validation")
    overfitting = overfitting_probability(known.sums(known.blocks(BLOCKS)), terms.figure, known.a_year)
    before = panel.over(0, inside)
    noise = placebo(
        before,
        trials.weights,
        Backtest(lists.returns, lists.charges[:, :inside], lists.turnover),
        names=terms.names,
        figure_name=terms.figure,
        frequency=terms.frequency,
        draws=terms.draws,
        seed=terms.seed,
        step=step,
    )
    step("verdict")
    earlier = Earlier() if earlier is None else earlier
    counted = len(trials) + earlier.trials
    active = known.returns[chosen] - known.benchmark
    effective = effective_trials(known.returns - known.benchmark, counted)
    luck = expected_maximum(effective, noise.sharpe_variance, max(noise.sharpe_mean, 0.0))
    return Judgement(
        panel=panel,
        trials=trials,
        terms=terms,
        earlier=earlier,
        lists=lists,
        in_sample=in_sample,
        out_of_sample=figure(terms.figure, after.sums(np.ones((len(after.month), 1))), after.a_year)[:, 0],
        chosen=chosen,
        overfitting=overfitting,
        placebo=noise,
        forward=walk_forward(
            panel, trials.weights, periods, figure_name=terms.figure, names=terms.names, cost=cost, impact=impact
        ),
        effective=effective,
        deflated=deflated_sharpe_ratio(
            float(sharpe_of_periods(sums)[chosen, 0]),
            benchmark=luck,
            periods=len(active),
            skewness=float(skew(active)),
            kurtosis=float(kurtosis(active)) + 3,
        ),
        p_value=noise.p_value(float(in_sample[chosen]), searched=counted / len(trials)),
    )
