"""The rows of the prices between two dates, out of Parquet files or a DuckDB file; no more of them is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from riskmodel.errors import InputError
from riskmodel.market.parquet_folder import as_frame, reading_parquet
from riskmodel.market.sources import Folder, Source
from riskmodel.market.sources.database import Database
from riskmodel.market.sources.duckdb_file import DuckDBFile
from riskmodel.market.sources.engine import Asked
from riskmodel.market.tables import TABLES, checked_table, file_hash, in_key_order, require_columns, table_files

NAME = "prices"
SPEC = TABLES[NAME]


class PriceRows(Protocol):
    """Prices that can be read between dates."""

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Every date and every ticker, each once and sorted; of the rows nothing else is read."""

    def between(self, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
        """The checked rows of the dates from `first` to `last`; see `riskmodel.market.tables.read_table`."""

    def hashes(self) -> dict[str, str]:
        """SHA-256 of what all tables were read from, as a store of a fit keeps them."""


def price_rows(source: Source) -> PriceRows:
    """The prices of a source, to be read between dates.

    Raises
    ------
    InputError
        For a source that cannot be asked for dates: exports and text, databases other than DuckDB, foreign names.
    """
    if isinstance(source, Folder):
        files = table_files(source.folder, NAME)
        if files and all(path.suffix == ".parquet" for path in files):
            return ParquetRows(source, tuple(files))
    elif isinstance(source, Database) and isinstance(source.engine, DuckDBFile) and NAME not in source.maps:
        return DuckDBRows(source, source.engine.path)
    raise InputError(
        f"{NAME}: cannot be read some dates at a time from here. Write them under our names as Parquet files (one, or a "
        f"folder '{NAME}'), or as a table of a DuckDB file."
    )


@dataclass(frozen=True)
class ParquetRows:
    """One Parquet file or several; row groups of other dates are passed over."""

    source: Folder
    files: tuple[Path, ...]

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """See `PriceRows`."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        found: dict[str, list[Any]] = {"date": [], "ticker": []}
        for path in self.files:
            with reading_parquet(NAME, path.name):
                file = pq.ParquetFile(path)
                require_columns(NAME, SPEC, file.schema_arrow.names)
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, columns=list(found))
                    for name, parts in found.items():
                        parts.append(pc.unique(table[name].combine_chunks()))
        if not found["date"]:
            return np.array([], dtype="datetime64[ns]"), np.array([], dtype=object)
        dates, tickers = (
            [part.cast(part.type.value_type) if pa.types.is_dictionary(part.type) else part for part in parts]
            for parts in found.values()
        )
        every = pd.DataFrame({"ticker": pa.concat_arrays(tickers).unique().to_pandas()})
        return _days(pa.concat_arrays(dates).unique()), np.sort(every["ticker"].to_numpy(dtype=object))

    def between(self, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
        """See `PriceRows`."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        parts = []
        for path in self.files:
            with reading_parquet(NAME, path.name):
                schema = pq.read_schema(path)
                there = [column for column in SPEC.columns if column in schema.names]
                low, high = (
                    pa.scalar(day.astype("datetime64[D]").item()).cast(schema.field("date").type) for day in (first, last)
                )
                wanted = (pc.field("date") >= low) & (pc.field("date") <= high)
                table = pq.read_table(path, columns=there, filters=wanted, partitioning=None)
                if len(table):
                    parts.append(table.replace_schema_metadata(None))
        frame = as_frame(pa.concat_tables(parts, promote_options="permissive"))
        return checked_table(frame, NAME, SPEC)

    def hashes(self) -> dict[str, str]:
        """See `PriceRows`."""
        return self.source.hashes()


@dataclass(frozen=True)
class DuckDBRows:
    """The table of a DuckDB file; the engine reads what it needs."""

    source: Database
    path: Path

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """See `PriceRows`."""
        dates, tickers = (
            self._read(f"select distinct {column} from {NAME} order by 1", [column])[column] for column in ("date", "ticker")
        )
        return pd.DatetimeIndex(dates).to_numpy("datetime64[ns]"), tickers.to_numpy(dtype=object)

    def between(self, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
        """See `PriceRows`."""
        low, high = (np.datetime_as_string(day, unit="D") for day in (first, last))
        frame = self._read(f"select * from {NAME} where date between date '{low}' and date '{high}'", list(SPEC.columns))
        return in_key_order(checked_table(frame, NAME, SPEC), SPEC)

    def hashes(self) -> dict[str, str]:
        """See `PriceRows`."""
        return {f"{NAME}.duckdb": file_hash(self.path)}  # all tables lie in it

    def _read(self, query: str, columns: list[str]) -> pd.DataFrame:
        with self.source.engine.session() as session:
            return session.read(Asked(query=query), lambda found: [column for column in columns if column in found])


def _days(dates: Any) -> np.ndarray:
    """Dates of Arrow, sorted; those that are text or have a time of day are refused where the rows are read."""
    return np.sort(pd.DatetimeIndex(dates.to_pandas()).to_numpy("datetime64[ns]"))
