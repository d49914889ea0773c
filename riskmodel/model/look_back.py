"""How many sessions before a day its estimates depend on."""

from __future__ import annotations

from riskmodel.estimation.lagged import RegressionSettings
from riskmodel.exposures.universe import UniverseRule
from riskmodel.market.timeline import BRIDGE_SESSIONS

LONGEST_WINDOW = 260  # sessions that a descriptor may look back, with the close before the first


def look_back(universe: UniverseRule, regression: RegressionSettings) -> int:
    """Sessions before a day that its exposures, universe and weights depend on.

    A life may hold no more than one return in `BRIDGE_SESSIONS` + 2 sessions: two prices, and the longest gap bridged.
    """
    longest = max(LONGEST_WINDOW, (BRIDGE_SESSIONS + 2) * universe.least_history)
    return longest + regression.look_back
