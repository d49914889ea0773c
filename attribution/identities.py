"""Identities: left, right, their difference, and what happens when one fails."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

TOLERANCE = 1e-12
ROUNDING = TOLERANCE / 10  # differences up to here are not told apart: which is largest is another one with other libraries


def of_excess(what: str) -> str:
    """The name of the identity by which some contributions add to the excess return."""
    return f"{what} = R - B"


def of_return(what: str) -> str:
    """The name of the identity by which some absolute contributions add to the return."""
    return f"absolute {what} = R"


class ReconciliationError(ArithmeticError):
    """A result whose contributions do not add up is not returned."""


def identities(pairs: Mapping[str, tuple[float, float]], tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Both sides of each identity by name as a table: identity, left, right, difference, tolerance, passed."""
    table = pd.DataFrame(
        [(name, left, right, left - right, tolerance) for name, (left, right) in pairs.items()],
        columns=["identity", "left", "right", "difference", "tolerance"],
    )
    return table.assign(passed=table["difference"].abs() <= tolerance)


def require_reconciled(table: pd.DataFrame, what: str) -> None:
    """Refuse a result with a failed identity.

    Raises
    ------
    ReconciliationError
        Names the identity and both sides.
    """
    failed = table[~table["passed"]]
    if len(failed):
        lines = [f"{row.identity}: {row.left!r} against {row.right!r}" for row in failed.itertuples()]
        raise ReconciliationError(f"{what}: contributions do not add up. " + "; ".join(lines) + ".")


def furthest(left: pd.Series | np.ndarray, right: pd.Series | np.ndarray) -> tuple[float, float]:
    """Both sides where they differ most; two Series by their labels, others in the order given.

    Where they differ by rounding alone, the two sides of what is largest: every environment then shows the same cell.

    Examples
    --------
    >>> furthest(pd.Series({"a": 1.0, "b": 2.0}), pd.Series({"b": 2.5, "a": 1.0}))
    (2.0, 2.5)
    >>> furthest(np.array([0.3, 0.1 + 0.2]), np.array([0.3, 0.3]))
    (0.30000000000000004, 0.3)
    """
    if isinstance(left, pd.Series) and isinstance(right, pd.Series):
        right = right.reindex(left.index)
    one, other = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if not one.size:
        return 0.0, 0.0
    apart = np.abs(one - other)
    place = int((np.abs(one) if (apart <= ROUNDING).all() else apart).argmax())
    return float(one[place]), float(other[place])
