"""Where the tables of a market come from: a folder of tidy tables, or whatever else gives them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd

from riskmodel.market.tables import TABLES, Table, every_file, file_hash, read_table


@runtime_checkable
class Source(Protocol):
    """What gives the tables of a market, checked, and says what they were read from."""

    @property
    def folder(self) -> Path | None:
        """The folder that the tables lie in, and nothing is written into; None where they lie in none."""

    def table(self, name: str, spec: Table | None = None) -> pd.DataFrame | None:
        """One table, as `riskmodel.market.tables.read_table` gives and refuses it."""

    def hashes(self) -> dict[str, str]:
        """SHA-256 of everything that the tables were read from, by names that begin with the table's and a point."""


@dataclass(frozen=True)
class Folder:
    """A folder with a Parquet or CSV file a table, or a folder of Parquet files.

    Examples
    --------
    >>> source = Folder(Path("fixtures/small"))
    >>> source.table("rates").columns.tolist(), "prices.parquet" in source.hashes()
    (['date', 'risk_free'], True)
    """

    folder: Path

    def table(self, name: str, spec: Table | None = None) -> pd.DataFrame | None:
        """One table; see `riskmodel.market.tables.read_table`."""
        return read_table(self.folder, name, spec)

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file of a table, by file name; of a folder of files, by the table's name, a point and the path."""
        found = {}
        for name in TABLES:
            for path in every_file(self.folder, name):
                inside = path.parent != self.folder
                label = f"{name}.{path.relative_to(self.folder / name).as_posix()}" if inside else path.name
                found[label] = file_hash(path)
        return found
