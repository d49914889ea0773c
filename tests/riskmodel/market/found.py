"""What is found in the tables of a market, beside what every feed has some of."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from riskmodel.market.evidence.finding import Finding
from riskmodel.market.findings import market_findings
from riskmodel.market.market import build_market

Tables = dict[str, pd.DataFrame]
NAMES = 60
DAY = pd.Timestamp("2025-01-14")
HARMLESS = {"no_volume", "bridged_gap", "empty_field", "closed_day", "no_fx_rate"}


def found(tables: Tables) -> list[Finding]:
    return [each for each in market_findings(build_market(tables)) if each.key not in HARMLESS]


def of_key(tables: Tables, key: str) -> list[Finding]:
    findings = [each for each in found(tables) if each.key == key]
    assert findings, f"no {key}; found {sorted({each.key for each in found(tables)})}"
    return findings


def prices_with(tables: Tables, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Tables:
    return tables | {"prices": change(tables["prices"].copy())}
