"""The programme that a list of weights solves, as arrays: rows over named blocks of columns, and what is curved in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

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


@dataclass(frozen=True)
class Linear:
    """The linear part over all columns: minimise cost'x, lower <= matrix x <= upper, least <= x <= most.

    Columns stand in blocks: w, z (held), v (>= w^2 / z), g (>= |w - before|), u (>= g^(3/2)), y = A w,
    q (>= |y - centre|^2), a (>= |y|^2), c (cash), k (>= |c - cash_before|).
    """

    cost: np.ndarray
    matrix: sp.csr_matrix
    lower: np.ndarray
    upper: np.ndarray
    least: np.ndarray
    most: np.ndarray
    blocks: Mapping[str, slice]
    offset: float


def linear_part(programme: Programme) -> Linear:
    """Rows and columns that are linear: what is curved is left to cones or to cuts."""
    n, factors = len(programme.score), len(programme.centre)
    moved = n if programme.trades else 0
    sizes = {"w": n, "z": n, "v": n, "g": moved, "u": moved, "y": factors, "q": 1, "a": 1, "c": 1, "k": 1 if moved else 0}
    ends = np.cumsum(list(sizes.values()))
    blocks = {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)}
    total = int(ends[-1])

    least, most = np.zeros(total), np.full(total, INFINITE)
    most[blocks["w"]] = programme.most
    least[blocks["z"]], most[blocks["z"]] = programme.forced, programme.most > 0
    least[blocks["y"]] = -INFINITE
    least[blocks["c"]], most[blocks["c"]] = programme.cash

    cost = np.zeros(total)
    cost[blocks["w"]] = -programme.score - 2 * programme.aversion * programme.specific * programme.benchmark
    cost[blocks["v"]] = programme.aversion * programme.specific
    cost[blocks["q"]] = programme.aversion
    if moved:
        cost[blocks["g"]], cost[blocks["u"]] = programme.cost, programme.impact

    one, none = sp.identity(n, format="csr"), np.empty(0)
    stack: list[tuple[dict[str, Any], np.ndarray, np.ndarray]] = []

    def add(parts: dict[str, Any], lower: ArrayLike, upper: ArrayLike) -> None:
        rows = next(iter(parts.values())).shape[0]
        stack.append((parts, np.broadcast_to(lower, rows), np.broadcast_to(upper, rows)))

    row = np.ones((1, n))
    add({"w": row, "c": np.ones((1, 1))}, 1.0, 1.0)
    add({"w": one, "z": sp.diags(-programme.most)}, -INFINITE, 0.0)
    if programme.least.any():
        add({"w": one, "z": sp.diags(-programme.least)}, 0.0, INFINITE)
    add({"w": programme.loadings, "y": -np.identity(factors)}, 0.0, 0.0)
    for rule in programme.rows:
        add({"w": rule.weights, "z": rule.held}, rule.lower, rule.upper)
    if moved:
        add({"g": one, "w": -one}, -programme.before, INFINITE)
        add({"g": one, "w": one}, programme.before, INFINITE)
        unit = np.ones((1, 1))
        add({"k": unit, "c": -unit}, -programme.cash_before, INFINITE)
        add({"k": unit, "c": unit}, programme.cash_before, INFINITE)
        if np.isfinite(programme.turnover):
            add({"g": row, "k": unit}, -INFINITE, 2 * programme.turnover - programme.sold)
    curved = {"v": programme.specific[None, :], "w": -2 * (programme.specific * programme.benchmark)[None, :]}
    if np.isfinite(programme.tracking_variance):
        add({**curved, "q": np.ones((1, 1))}, -INFINITE, programme.tracking_variance - programme.spread)
    if np.isfinite(programme.variance):
        add({"v": programme.specific[None, :], "a": np.ones((1, 1))}, -INFINITE, programme.variance)

    matrix = sp.vstack(
        [
            sp.hstack(
                [
                    sp.csr_matrix(parts[name]) if name in parts else sp.csr_matrix((len(lower), size))
                    for name, size in sizes.items()
                ]
            )
            for parts, lower, _ in stack
        ],
        format="csr",
    )
    lower = np.concatenate([each for _, each, _ in stack] or [none])
    upper = np.concatenate([each for _, _, each in stack] or [none])
    offset = programme.aversion * programme.spread + programme.sold_cost
    return Linear(cost, matrix, lower, upper, least, most, blocks, offset)
