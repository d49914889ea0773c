"""What found no place when the tables of a market were aligned, as facts with their rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import listed
from riskmodel.facts import Fact
from riskmodel.market.contents import require_dataset

EXAMPLES = 5


class Findings:
    """Collects what found no place, so that nothing is dropped without being counted."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []

    def add(self, table: str, key: str, labels: pd.Series | np.ndarray | list[object], **values: str) -> None:
        """A finding of as many rows of a table as there are labels, where there are any."""
        labels = pd.Series(labels, dtype=object)
        if len(labels):
            examples = tuple(labels.drop_duplicates().head(EXAMPLES).astype(str))  # one each; the count is of rows
            self._facts.append(Fact(key, {"table": table, **values, "rows": len(labels), "examples": examples}))

    def as_variable(self) -> dict[str, tuple[str, np.ndarray]]:
        """As text on a dimension of their own."""
        return {"unaligned": ("finding", np.array([str(fact) for fact in self._facts], dtype=object))}


def alignment_findings(market: xr.Dataset) -> list[Fact]:
    """What did not align when the market was read; each fact has its `table`, how many `rows`, and `examples`."""
    return [Fact.read(text) for text in market["unaligned"].to_numpy()]


def alignment_report(market: xr.Dataset) -> pd.DataFrame:
    """What did not align when the market was read: columns table, finding, rows, examples."""
    facts = alignment_findings(require_dataset(market))
    frame = pd.DataFrame([fact.values for fact in facts], columns=["table", "rows", "examples"])
    frame.insert(1, "finding", [f"{fact.values['table']}: {fact.words()}" for fact in facts])
    return frame.assign(examples=frame["examples"].map(listed))
