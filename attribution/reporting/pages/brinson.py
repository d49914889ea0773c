"""Brinson by sector as the page shows it: effects of each sector, and what part of each effect is which family's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from attribution.reporting.pages.rows import records
from attribution.rows import EFFECTS, FAMILIES, NOT_STOCKS

Row = dict[str, Any]


@dataclass(frozen=True)
class BrinsonView:
    """Rows of the sectors with the sum of their effects, the sums of the columns, and the effects by family.

    Attributes
    ----------
    rows
        Of `brinson`; a row that neither side holds and that has no effect is left out. `total` is the sum of the effects.
    totals
        Sum of each effect, and of all; weights of both sides.
    families
        Effect, then the row of `brinson_families` of each family, then the effect's total.
    family_totals
        The sum of each family over the effects, in their order.
    """

    rows: list[Row]
    totals: Row
    families: list[tuple[str, dict[str, Row], float]]
    family_totals: dict[str, float]


def brinson_view(tables: Mapping[str, pd.DataFrame], course: str) -> BrinsonView:
    """A course's Brinson tables."""
    frame = tables["brinson"]
    frame = frame[frame["course"] == course]
    frame = frame.assign(total=frame[list(EFFECTS)].sum(axis=1))
    sums = frame[[*EFFECTS, "total", "portfolio_weight", "benchmark_weight"]].sum().to_dict()
    shown = frame[(frame[[*EFFECTS, "portfolio_weight", "benchmark_weight"]] != 0).any(axis=1)]
    families = tables["brinson_families"]
    families = families[families["course"] == course]
    here = [family for family in FAMILIES if (families["family"] == family).any()]
    by_effect = []
    for effect in EFFECTS:
        rows = families[families["effect"] == effect].set_index("family", drop=False)
        if len(rows):
            by_effect.append((effect, {name: rows.loc[name].to_dict() for name in here}, float(rows["contribution"].sum())))
    totals = families.groupby("family")["contribution"].sum()
    shown = shown.sort_values("group", key=lambda group: group.isin(NOT_STOCKS), kind="stable")
    return BrinsonView(records(shown), sums, by_effect, {name: float(totals[name]) for name in here})
