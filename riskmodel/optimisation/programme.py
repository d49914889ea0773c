"""The programme that a list of weights solves, as arrays, and what any list is worth under it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

INFINITE = np.inf
BY_ASSET = ("score", "benchmark", "specific", "before", "least", "most", "cost", "impact")


@dataclass(frozen=True)
class Rows:
    """Linear rows of one rule: lower <= weights w + held z <= upper.

    Attributes
    ----------
    rule
        The rule they belong to.
    weights, held
        (row, asset): coefficients of the weight, and of whether the name is held.
    lower, upper
        (row,)
    """

    rule: str
    weights: np.ndarray
    held: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True)
class Programme:
    """maximise s'w - lambda (w - b)' V (w - b) - cost of trading, under rows, bounds and limits of risk.

    V = A'A + diag(d), with A (factor, asset) the loadings: a root of the factor covariance times exposures.

    Attributes
    ----------
    score, benchmark, specific, before
        (asset,): s, b, d, and the weights held before.
    loadings
        (factor, asset): A.
    centre
        (factor,): A b; and `spread`, sum of d b^2, over all names, also where this has only some of them.
    aversion
        lambda.
    least, most
        (asset,): bounds of a weight that is held; `most` 0 where the name may not be.
    forced
        (asset,) bool: held in any case.
    rows
        Rules that are linear.
    cash
        Least and most of it; `cash_before` what it was.
    tracking_variance, variance
        Upper limits, or infinite.
    turnover
        Upper limit of half the sum of absolute changes, cash included, or infinite.
    cost, impact
        (asset,): of a change c, cost |c| + impact |c|^(3/2).
    sold
        What is sold of names outside, in sum; their cost is `sold_cost`.
    """

    score: np.ndarray
    benchmark: np.ndarray
    specific: np.ndarray
    before: np.ndarray
    loadings: np.ndarray
    centre: np.ndarray
    spread: float
    aversion: float
    least: np.ndarray
    most: np.ndarray
    forced: np.ndarray
    rows: tuple[Rows, ...] = ()
    cash: tuple[float, float] = (0.0, 0.0)
    cash_before: float = 0.0
    tracking_variance: float = INFINITE
    variance: float = INFINITE
    turnover: float = INFINITE
    cost: np.ndarray = field(default_factory=lambda: np.empty(0))
    impact: np.ndarray = field(default_factory=lambda: np.empty(0))
    sold: float = 0.0
    sold_cost: float = 0.0

    @property
    def trades(self) -> bool:
        """Whether changes matter."""
        return bool(np.isfinite(self.turnover) or self.cost.any() or self.impact.any())

    def among(self, names: np.ndarray, *, forced: bool = False) -> Programme:
        """The same over some names only, and the others sold."""
        out = ~names
        changes = np.abs(self.before[out])
        return replace(
            self,
            **{key: getattr(self, key)[names] for key in BY_ASSET},
            loadings=self.loadings[:, names],
            forced=self.forced[names] | forced,
            rows=tuple(replace(row, weights=row.weights[:, names], held=row.held[:, names]) for row in self.rows),
            sold=self.sold + float(changes.sum()),
            sold_cost=self.sold_cost + float(self.cost[out] @ changes + self.impact[out] @ changes**1.5),
        )

    def value(self, weights: np.ndarray) -> float:
        """What the weights are worth: score less risk and cost."""
        return float(self.score @ weights) - self.aversion * self.tracking(weights) - self.trading_cost(weights)

    def size(self, weights: np.ndarray) -> float:
        """What the parts of the value amount to: near 0 the value itself is no measure of a gap."""
        return abs(float(self.score @ weights)) + self.aversion * self.tracking(weights) + self.trading_cost(weights)

    def trading_cost(self, weights: np.ndarray) -> float:
        """What the changes cost, with those of names outside."""
        change = np.abs(weights - self.before)
        return float(self.cost @ change + self.impact @ change**1.5) + self.sold_cost

    def tracking(self, weights: np.ndarray) -> float:
        """Variance of what the weights earn less the benchmark."""
        factors = self.loadings @ weights - self.centre
        return float(factors @ factors + self.specific @ (weights**2 - 2 * self.benchmark * weights) + self.spread)

    def risk(self, weights: np.ndarray) -> float:
        """Variance of what the weights earn."""
        factors = self.loadings @ weights
        return float(factors @ factors + self.specific @ weights**2)

    def traded(self, weights: np.ndarray, cash: float) -> float:
        """Turnover: half the sum of absolute changes, cash included."""
        return 0.5 * (float(np.abs(weights - self.before).sum()) + self.sold + abs(cash - self.cash_before))

    def without_value(self) -> Programme:
        """The same rules where every list is worth 0."""
        nothing = np.zeros_like(self.score)
        return replace(self, score=nothing, aversion=0.0, cost=nothing, impact=nothing, sold_cost=0.0)

    def tidied(self, weights: np.ndarray, cash: float, dust: float) -> tuple[np.ndarray, float]:
        """Weights without dust, within their bounds, that sum to 1 with cash: what rounding left goes where room is."""
        weights = np.where(weights > dust, np.clip(weights, self.least, self.most), 0.0)
        cash = min(max(cash, self.cash[0]), self.cash[1])
        rest = 1 - cash - float(weights.sum())
        room = np.where(weights > 0, (self.most if rest > 0 else self.least) - weights, 0.0)
        if abs(room.sum()) > abs(rest):
            weights = weights + rest * room / room.sum()
        return weights, cash

    def missed(self, weights: np.ndarray, cash: float) -> float:
        """By how much weights miss the rule that they miss most; limits of variance count as shares of themselves."""
        held = weights > 0
        over = [abs(float(weights.sum()) + cash - 1), self.cash[0] - cash, cash - self.cash[1]]
        over += [float((self.least - weights)[held].max(initial=0.0)), float((weights - self.most).max(initial=0.0))]
        over.append(float((self.forced & ~held & (self.most > 0)).any()))
        for row in self.rows:
            value = row.weights @ weights + row.held @ held.astype(float)
            over.append(float(np.maximum(row.lower - value, value - row.upper).max(initial=0.0)))
        for value, limit in ((self.tracking(weights), self.tracking_variance), (self.risk(weights), self.variance)):
            if np.isfinite(limit):
                over.append((value - limit) / max(limit, 1e-12))
        if np.isfinite(self.turnover):
            over.append(self.traded(weights, cash) - self.turnover)
        return max(over)
