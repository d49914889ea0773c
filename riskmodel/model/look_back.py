"""How many sessions before a day its estimates depend on."""

from __future__ import annotations

from collections.abc import Iterable

from riskmodel.estimation.lagged import RegressionSettings
from riskmodel.exposures.universe import UniverseRule
from riskmodel.factors import LOOK_BACK, Descriptor
from riskmodel.market.timeline import BRIDGE_SESSIONS


def look_back(universe: UniverseRule, regression: RegressionSettings, own: Iterable[Descriptor] = ()) -> int:
    """Sessions before a day that its exposures, universe and weights depend on.

    A life may hold no more than one return in `BRIDGE_SESSIONS` + 2 sessions: two prices, and the longest gap bridged.
    """
    longest = max(LOOK_BACK, *(descriptor.look_back for descriptor in own), (BRIDGE_SESSIONS + 2) * universe.least_history)
    return longest + regression.look_back
