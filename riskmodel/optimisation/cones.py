"""The programme with names free to be held in part: a second-order cone problem, whose value bounds that of every list."""

from __future__ import annotations

from dataclasses import dataclass

import clarabel
import numpy as np
import scipy.sparse as sp

from riskmodel.optimisation.programme import Linear, Programme, linear_part

SOLVED = ("Solved", "AlmostSolved")
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Relaxed:
    """The best weights where a name may be held in part.

    Attributes
    ----------
    weights, held
        (asset,): w, and z from 0 to 1.
    cash
        What is not invested.
    value
        No list is better.
    if_held, if_not
        (asset,): no list with the name is better than the one, none without it than the other.
    """

    weights: np.ndarray
    held: np.ndarray
    cash: float
    value: float
    if_held: np.ndarray
    if_not: np.ndarray


def relaxed(programme: Programme) -> Relaxed | None:
    """The perspective relaxation; None where it has no solution, and so no list has.

    Notes
    -----
    v z >= w^2 in the place of z in {0, 1} and v >= w^2: Frangioni & Gentile (2006), Mathematical Programming 106.
    """
    linear = linear_part(programme)
    blocks, (n, factors) = linear.blocks, (len(programme.score), len(programme.centre))
    eye = sp.identity(len(linear.cost), format="csc")

    def columns(name: str) -> sp.csc_matrix:
        return eye[blocks[name]]

    equal = linear.lower == linear.upper
    above, below = np.isfinite(linear.lower) & ~equal, np.isfinite(linear.upper) & ~equal
    up, down = np.isfinite(linear.most), np.isfinite(linear.least)
    matrices = [
        linear.matrix[equal],
        sp.vstack([-linear.matrix[above], linear.matrix[below], eye[up], -eye[down]]),
    ]
    sides = [
        linear.upper[equal],
        np.concatenate([-linear.lower[above], linear.upper[below], linear.most[up], -linear.least[down]]),
    ]
    cones = [clarabel.ZeroConeT(int(equal.sum())), clarabel.NonnegativeConeT(len(sides[1]))]

    def curved(rows: sp.spmatrix, side: np.ndarray, size: int) -> None:
        matrices.append(-rows)
        sides.append(side)
        cones.extend([clarabel.SecondOrderConeT(size)] * (len(side) // size))

    if programme.aversion or np.isfinite(programme.tracking_variance) or np.isfinite(programme.variance):
        order = np.arange(3 * n).reshape(3, n).T.ravel()
        w, z, v = columns("w"), columns("z"), columns("v")
        curved(sp.vstack([v + z, 2 * w, v - z])[order], np.zeros(3 * n), 3)
    if programme.aversion or np.isfinite(programme.tracking_variance):
        y, q = columns("y"), columns("q")
        curved(sp.vstack([q, 2 * y, q]), np.concatenate([[1.0], -2 * programme.centre, [-1.0]]), factors + 2)
    if np.isfinite(programme.variance):
        y, a = columns("y"), columns("a")
        curved(sp.vstack([a, 2 * y, a]), np.concatenate([[1.0], np.zeros(factors), [-1.0]]), factors + 2)
    if programme.trades and programme.impact.any():
        u, g = columns("u"), columns("g")
        priced = np.flatnonzero(programme.impact)
        order = np.arange(3 * len(priced)).reshape(3, -1).T.ravel()
        matrices.append(-sp.vstack([u[priced], 0 * u[priced], g[priced]])[order])
        sides.append(np.tile([0.0, 1.0, 0.0], len(priced)))
        cones.extend([clarabel.PowerConeT(2 / 3)] * len(priced))

    solution = _solve(linear, sp.vstack(matrices, format="csc"), np.concatenate(sides), cones)
    if solution is None:
        return None
    x, duals, value = solution
    bound = -value - linear.offset
    free = duals[int(equal.sum()) + int(above.sum()) + int(below.sum()) :]
    most, least = np.zeros_like(x), np.zeros_like(x)
    most[up], least[down] = free[: up.sum()], free[up.sum() : up.sum() + down.sum()]
    return Relaxed(
        weights=x[blocks["w"]],
        held=x[blocks["z"]],
        cash=max(float(x[blocks["c"]][0]), 0.0),
        value=bound,
        if_held=bound - least[blocks["z"]],
        if_not=bound - most[blocks["z"]],
    )


def _solve(
    linear: Linear, matrix: sp.csc_matrix, side: np.ndarray, cones: list[object]
) -> tuple[np.ndarray, np.ndarray, float] | None:
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TOLERANCE
    nothing = sp.csc_matrix((len(linear.cost), len(linear.cost)))
    solution = clarabel.DefaultSolver(nothing, linear.cost, matrix, side, cones, settings).solve()
    if str(solution.status) not in SOLVED:
        return None
    return np.asarray(solution.x), np.asarray(solution.z), float(solution.obj_val_dual)
