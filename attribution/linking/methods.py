"""The names of the methods of linking, for whoever offers a choice; no mathematics."""

from __future__ import annotations

DEFAULT_LINK = "carino"
DAY_SCALING = (DEFAULT_LINK, "menchero", "grap", "frongello")  # every day has one coefficient
TOTALS_ONLY = ("davies-laker", "geometric")
LINKS = ("none", *DAY_SCALING, *TOTALS_ONLY)
ORDER_MATTERS = ("grap", "frongello")  # another order of periods gives other effects
