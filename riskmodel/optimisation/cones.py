"""The programme with names free to be held in part: a second-order cone problem, and the prices of the rules at its best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.optimisation.conic import Conic, Diagonal
from riskmodel.optimisation.prices import Prices
from riskmodel.optimisation.programme import Programme

SAME = 1e-12  # two sides no further apart are one


@dataclass(frozen=True)
class Relaxed:
    """What the solver found where a name may be held in part: to be checked, not to be believed.

    Attributes
    ----------
    impossible
        Whether the solver says that there is nothing to find; `prices` then are those that would prove it.
    weights, held
        (asset,): w, and z from 0 to 1.
    cash
        What is not invested.
    prices
        Of the rules.
    """

    impossible: bool
    weights: np.ndarray
    held: np.ndarray
    cash: float
    prices: Prices


@dataclass(frozen=True)
class FactorPart:
    """|Aw - c|^2 with no more terms than names: A = Q R is turned where names are fewer than factors.

    Attributes
    ----------
    loadings, centre
        R and Q'c; A and c themselves where nothing is turned.
    turn, rest
        Q, and c less Q Q'c.
    scale
        About what the square is, whatever the weights: its unit.
    """

    loadings: np.ndarray
    centre: np.ndarray
    turn: np.ndarray | None
    rest: np.ndarray
    scale: float

    @property
    def beside(self) -> float:
        """What |Aw - c|^2 has in any case."""
        return float(self.rest @ self.rest)

    def point(self, dual: np.ndarray) -> np.ndarray:
        """The tangent's point, from the dual of the cone."""
        weight = dual[0] + dual[-1]
        turned = -dual[1:-1] * np.sqrt(self.scale) / weight if weight > 1e-14 else 0 * self.centre
        return turned if self.turn is None else self.turn @ turned - self.rest


def _factor_part(programme: Programme) -> FactorPart:
    loadings, centre = programme.loadings, programme.centre
    scale = max(float(centre @ centre) + programme.spread, 1e-12)
    if loadings.shape[1] >= len(loadings):
        return FactorPart(loadings, centre, None, 0 * centre, scale)
    turn, short = np.linalg.qr(loadings)
    return FactorPart(short, turn.T @ centre, turn, centre - turn @ (turn.T @ centre), scale)


def relaxed(programme: Programme) -> Relaxed | None:
    """The perspective relaxation; None where the solver gave no numbers.

    Notes
    -----
    v z >= w^2 in the place of z in {0, 1} and v >= w^2: Frangioni & Gentile (2006), Math. Programming 106. Columns: w, z,
    v (>= w^2 / z), g (>= |w - before|), u (>= g^(3/2)), t (<= g^(1/2)), q (>= |Aw - c|^2), cash c and k (>= |c -
    cash_before|). The variance is q + 2 c'Aw - |c|^2 with the specific part, so that one cone serves both limits of risk.
    """
    n, part = len(programme.score), _factor_part(programme)
    tracks = bool(programme.aversion) or np.isfinite(programme.tracking_variance)
    varies, moves = bool(np.isfinite(programme.variance)), programme.trades
    curved = np.flatnonzero(programme.specific > 0) if tracks or varies else np.empty(0, dtype=int)
    steep = np.flatnonzero(programme.impact) if moves else np.empty(0, dtype=int)
    unit = max(1 / np.sqrt(n + 1.0), 0.05)  # about what a name weighs
    problem = Conic(
        {
            "w": (n, unit), "z": (n, 1.0), "v": (len(curved), unit**2), "g": (n * moves, unit),
            "u": (len(steep), unit**1.5), "t": (len(steep), unit**0.5),
            "q": (int(tracks or varies), part.scale), "c": (1, 1.0), "k": (int(moves), 1.0),
        }
    )  # fmt: skip
    problem.charge("w", -programme.score - 2 * programme.aversion * programme.specific * programme.benchmark)
    problem.charge("v", programme.aversion * programme.specific[curved])
    problem.charge("q", programme.aversion)
    if moves:
        problem.charge("g", programme.cost)
        problem.charge("u", programme.impact[steep])

    row, unity = np.ones((1, n)), np.ones((1, 1))
    problem.add(problem.equal, np.ones(1), {"w": row, "c": unity})
    sides: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for rule in programme.rows:
        same = rule.upper - rule.lower <= SAME
        upper, lower = np.isfinite(rule.upper) & ~same, np.isfinite(rule.lower) & ~same
        sides.append((same, upper, lower))
        middle = (rule.upper[same] + rule.lower[same]) / 2
        problem.add(problem.equal, middle, {"w": rule.weights[same], "z": rule.held[same]})
        problem.add(problem.below, rule.upper[upper], {"w": rule.weights[upper], "z": rule.held[upper]})
        problem.add(problem.below, -rule.lower[lower], {"w": -rule.weights[lower], "z": -rule.held[lower]})

    limits, specific = {}, programme.specific[curved][None, :]
    if np.isfinite(programme.tracking_variance):
        limits["tracking"] = problem.below.count
        side = programme.tracking_variance - programme.spread - part.beside
        bend = -2 * (programme.specific * programme.benchmark)[None, :]
        problem.add(problem.below, np.array([side]), {"v": specific, "w": bend, "q": unity})
    if varies:
        limits["variance"] = problem.below.count
        side = programme.variance + float(part.centre @ part.centre)
        problem.add(
            problem.below, np.array([side]), {"v": specific, "w": 2 * (part.centre @ part.loadings)[None, :], "q": unity}
        )
    if np.isfinite(programme.turnover):
        limits["turnover"] = problem.below.count
        problem.add(problem.below, np.array([2 * programme.turnover - programme.sold]), {"g": row, "k": unity})

    _add_bounds(problem, programme)
    if moves:
        _add_changes(problem, programme)
    problem.add_products(("v", np.arange(len(curved))), ("z", curved), ("w", curved))
    before_cone = problem.curved.count
    if tracks or varies:
        ends, root = np.outer([1.0, *(0.0 * part.centre), 1.0], 1 / part.scale), np.sqrt(part.scale)
        lines = np.vstack([0 * row, 2 * part.loadings / root, 0 * row])
        problem.add_cone(np.concatenate([[1.0], -2 * part.centre / root, [-1.0]]), {"q": ends, "w": lines})
    if len(steep):  # t^2 <= g and g^2 <= u t
        each = np.arange(len(steep))
        problem.add_products(("g", steep), None, ("t", each))
        problem.add_products(("u", each), ("t", each), ("g", steep))

    found = problem.solve()
    if found is None:
        return None
    dual = found.curved[before_cone : before_cone + len(part.centre) + 2]
    return Relaxed(
        impossible=found.impossible,
        weights=found.columns["w"],
        held=found.columns["z"],
        cash=float(found.columns["c"][0]),
        prices=Prices(
            budget=float(found.equal[0]),
            rows=_row_prices(sides, found.equal[1:], found.below),
            **{
                name: float(found.below[limits[name]]) if name in limits else 0.0
                for name in ("tracking", "variance", "turnover")
            },
            point=part.point(dual) if tracks or varies else np.zeros(len(programme.centre)),
        ),
    )


def _add_bounds(problem: Conic, programme: Programme) -> None:
    """Least z <= w <= most z, z from 0 to 1 or 1, cash within its bounds; what has one value only as an equality."""
    one, nothing = np.ones(len(programme.score)), np.zeros(len(programme.score))
    single = programme.most - programme.least <= SAME
    for rows, names, weight, held in (
        (problem.equal, single, one, -programme.most),
        (problem.below, ~single, one, -programme.most),
        (problem.below, ~single, -one, programme.least),
        (problem.below, single, nothing, -one),
    ):
        place = np.flatnonzero(names)
        problem.add(rows, nothing[place], {"w": Diagonal(place, weight[place]), "z": Diagonal(place, held[place])})
    sure, free = np.flatnonzero(programme.forced), np.flatnonzero(~programme.forced)
    problem.add(problem.equal, one[sure], {"z": Diagonal(sure, one[sure])})
    problem.add(problem.below, one[free], {"z": Diagonal(free, one[free])})
    least, most = programme.cash
    if most - least <= SAME:
        problem.add(problem.equal, np.array([least]), {"c": np.ones((1, 1))})
    else:
        problem.add(problem.below, np.array([most, -least]), {"c": np.array([[1.0], [-1.0]])})


def _add_changes(problem: Conic, programme: Programme) -> None:
    """Changes: g >= |w - before| and k >= |c - cash_before|."""
    place, one = np.arange(len(programme.score)), np.ones(len(programme.score))
    for sign in (1.0, -1.0):
        changes = {"g": Diagonal(place, -one), "w": Diagonal(place, sign * one)}
        problem.add(problem.below, sign * programme.before, changes)
        cash = {"k": -np.ones((1, 1)), "c": np.full((1, 1), sign)}
        problem.add(problem.below, np.array([sign * programme.cash_before]), cash)


def _row_prices(sides: list[tuple[np.ndarray, np.ndarray, np.ndarray]], equal: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Prices over the rows of all rules, from the duals of equalities and inequalities in the order they were added."""
    prices, first, second = [np.empty(0)], 0, 0
    for same, upper, lower in sides:
        price = np.zeros(len(same))
        price[same] = equal[first : (first := first + int(same.sum()))]
        price[upper] += below[second : (second := second + int(upper.sum()))]
        price[lower] -= below[second : (second := second + int(lower.sum()))]
        prices.append(price)
    return np.concatenate(prices)
