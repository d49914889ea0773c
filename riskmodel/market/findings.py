"""What is to be known of a market's tables: what found no place when they were aligned, and what is doubtful in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import listed
from riskmodel.market.contents import require_dataset
from riskmodel.market.evidence.finding import Finding, summed_up


class Findings:
    """Collects what found no place, so that nothing is dropped without being counted."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, table: str, key: str, labels: pd.Series | np.ndarray | list[object], **values: str) -> None:
        """A finding for each label, of as many rows of the table as have it."""
        counts = Counter(map(str, labels))
        self.found += [Finding(key, table, label, count=rows, values=values) for label, rows in counts.items()]

    def add_days(self, table: str, key: str, days: Iterable[str], subject: str = "", **values: str) -> None:
        """A finding for each day."""
        self.found += [Finding(key, table, subject, day, values=values) for day in days]


def stored_findings(unaligned: Iterable[Finding], evidence: Iterable[Finding]) -> dict[str, tuple[str, np.ndarray]]:
    """Findings as variables of a market, as text on dimensions of their own; evidence whatever the order of rows."""
    ordered = sorted(evidence, key=lambda each: (each.key, each.table, each.subject, each.date))
    return {
        "unaligned": ("finding", np.array([str(finding) for finding in unaligned], dtype=object)),
        "evidence": ("doubt", np.array([str(finding) for finding in ordered], dtype=object)),
    }


def market_findings(market: xr.Dataset) -> list[Finding]:
    """What did not align when the market was read, then what is doubtful in its tables."""
    return [Finding.read(text) for name in ("unaligned", "evidence") if name in market for text in market[name].to_numpy()]


def alignment_report(market: xr.Dataset) -> pd.DataFrame:
    """What did not align when the market was read: columns table, finding, rows, examples."""
    facts = summed_up(map(Finding.read, require_dataset(market)["unaligned"].to_numpy()))
    frame = pd.DataFrame([fact.values for fact in facts], columns=["table", "rows", "examples"])
    frame.insert(1, "finding", [f"{fact.values['table']}: {fact.words()}" for fact in facts])
    return frame.assign(examples=frame["examples"].map(listed))


def evidence_report(market: xr.Dataset) -> pd.DataFrame:
    """What is doubtful in the tables of a market: columns key, table, ticker, date, count, refused, detail.

    Raises
    ------
    InputError
        Where `market` is no market.

    Examples
    --------
    >>> import riskmodel
    >>> evidence_report(riskmodel.read_market("fixtures/small"))["key"].unique().tolist()
    ['bridged_gap', 'empty_field', 'no_volume']
    """
    found = [Finding.read(text) for text in require_dataset(market)["evidence"].to_numpy()]
    rows = [(each.key, each.table, each.subject, each.date, each.count, each.refused, each.shown) for each in found]
    return pd.DataFrame(rows, columns=["key", "table", "ticker", "date", "count", "refused", "detail"])
