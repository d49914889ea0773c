"""A cone problem put together entry by entry, in units in which its columns are about 1, and what Clarabel says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from riskmodel.optimisation.errors import NotInstalledError

TOLERANCE, LOOSER = 1e-9, 1e-7  # the looser where the tighter cannot be reached
SOLVED, IMPOSSIBLE = ("Solved", "AlmostSolved"), ("PrimalInfeasible", "AlmostPrimalInfeasible")


def solver() -> Any:
    """Clarabel; imported where it is used, for it comes with an extra.

    Raises
    ------
    InputError
        Where it is not installed.
    """
    try:
        import clarabel
    except ImportError:
        raise NotInstalledError(
            "optimise: clarabel is not installed. Install the extra: pip install 'factor-attribution[construct]'."
        ) from None
    return clarabel


@dataclass(frozen=True)
class Diagonal:
    """Coefficients of one column each: row r has `values[r]` at `columns[r]` of the block."""

    columns: np.ndarray
    values: np.ndarray


Parts = Mapping[str, np.ndarray | Diagonal]  # coefficients by block
Columns = tuple[str, np.ndarray]  # a block, and which of it


@dataclass(frozen=True)
class Solution:
    """What the solver gave; `impossible` where it says that nothing keeps all rows, and the duals are to prove it."""

    impossible: bool
    columns: dict[str, np.ndarray]
    equal: np.ndarray
    below: np.ndarray
    curved: np.ndarray


class Rows:
    """Rows of one kind: right-hand sides, and entries by place."""

    def __init__(self) -> None:
        self.sides: list[np.ndarray] = []
        self.count = 0
        self.entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []


class Conic:
    """minimise cost'x where rows of `equal` are met, of `below` are at most their side, and of cones lie in them."""

    def __init__(self, sizes: Mapping[str, tuple[int, float]]) -> None:
        """`sizes`: of each block of columns how many there are, and its unit."""
        self.units = {name: unit for name, (_, unit) in sizes.items()}
        ends = np.cumsum([size for size, _ in sizes.values()])
        self.blocks = {name: slice(end - size, end) for (name, (size, _)), end in zip(sizes.items(), ends, strict=True)}
        self.cost = np.zeros(int(ends[-1]))
        self.equal, self.below, self.curved = Rows(), Rows(), Rows()
        self.cones: list[int] = []

    def charge(self, name: str, cost: np.ndarray | float) -> None:
        """Add to what the columns of a block cost."""
        self.cost[self.blocks[name]] += np.asarray(cost) * self.units[name]

    def add(self, rows: Rows, side: np.ndarray, parts: Parts) -> None:
        """Rows by their coefficients over blocks."""
        places = rows.count + np.arange(len(side))
        for name, part in parts.items():
            start, unit = self.blocks[name].start, self.units[name]
            if isinstance(part, Diagonal):
                rows.entries.append((places, start + part.columns, part.values * unit))
            else:
                row, column = np.nonzero(part)
                rows.entries.append((places[row], start + column, part[row, column] * unit))
        rows.sides.append(side)
        rows.count += len(side)

    def add_cone(self, side: np.ndarray, parts: Parts) -> None:
        """A cone: the first of its rows, side + parts, is at least the length of the others."""
        self.add(self.curved, side, parts)
        self.cones.append(len(side))

    def add_products(self, one: Columns, other: Columns | None, middle: Columns) -> None:
        """Cones one x other >= middle^2, a column of each block in each, in their units; without `other` it is 1."""
        count = len(middle[1])
        places = self.curved.count + 3 * np.arange(count)
        for (name, columns), row, sign in (
            (one, 0, 1.0), (one, 2, 1.0), (middle, 1, 2.0), *(() if other is None else ((other, 0, 1.0), (other, 2, -1.0)))
        ):  # fmt: skip
            self.curved.entries.append((places + row, self.blocks[name].start + columns, np.full(count, sign)))
        self.curved.sides.append(np.tile([1.0, 0.0, -1.0] if other is None else [0.0, 0.0, 0.0], count))
        self.curved.count += 3 * count
        self.cones.extend([3] * count)

    def solve(self) -> Solution | None:
        """What Clarabel makes of it, on one thread; None where that is not even numbers."""
        clarabel = solver()
        kinds = (self.equal, self.below, self.curved)
        starts = np.cumsum([0, *(rows.count for rows in kinds)])
        entries = [
            (start + row, column, -value if rows is self.curved else value)  # a cone takes side - matrix x
            for rows, start in zip(kinds, starts[:-1], strict=True)
            for row, column, value in rows.entries
        ]
        row, column, value = (np.concatenate([entry[part] for entry in entries]) for part in range(3))
        matrix = sp.csc_matrix((value, (row, column)), shape=(int(starts[-1]), len(self.cost)))
        side = np.concatenate([each for rows in kinds for each in rows.sides])
        cones = [clarabel.ZeroConeT(self.equal.count), clarabel.NonnegativeConeT(self.below.count)]
        cones += [clarabel.SecondOrderConeT(size) for size in self.cones]
        nothing = sp.csc_matrix((len(self.cost), len(self.cost)))
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.max_threads = 1
        settings.direct_solve_method = "qdldl"
        for tolerance in (TOLERANCE, LOOSER):
            settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
            found = clarabel.DefaultSolver(nothing, self.cost, matrix, side, cones, settings).solve()
            if str(found.status) in (*SOLVED, *IMPOSSIBLE):
                break
        x, duals = np.asarray(found.x), np.asarray(found.z)
        if not (np.isfinite(x).all() and np.isfinite(duals).all()):
            return None
        equal, below, curved = np.split(duals, starts[1:-1])
        columns = {name: x[block] * self.units[name] for name, block in self.blocks.items()}
        return Solution(str(found.status) in IMPOSSIBLE, columns, equal, below, curved)
