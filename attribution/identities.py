"""Identities: left, right, their difference, and what happens when one fails."""

from __future__ import annotations

import pandas as pd

TOLERANCE = 1e-12


class ReconciliationError(ArithmeticError):
    """A result whose contributions do not add up is not returned."""


def identity_row(course: str, identity: str, left: float, right: float) -> dict[str, object]:
    """One row of a reconciliation table."""
    return {
        "course": course,
        "identity": identity,
        "left": left,
        "right": right,
        "difference": left - right,
        "tolerance": TOLERANCE,
        "passed": bool(abs(left - right) <= TOLERANCE),
    }


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


def furthest(left: pd.Series, right: pd.Series) -> tuple[float, float]:
    """Both sides where two series with the same labels differ most."""
    right = right.reindex(left.index)
    place = int((left - right).abs().to_numpy().argmax())
    return float(left.iloc[place]), float(right.iloc[place])
