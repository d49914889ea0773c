"""The rows of the prices between two dates, out of Parquet files or a DuckDB file; no more of them is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd

from riskmodel.errors import InputError
from riskmodel.market.parquet_folder import as_frame, reading_parquet, said_by_folders, together
from riskmodel.market.sources import Folder, Source
from riskmodel.market.sources.database import Database
from riskmodel.market.sources.duckdb_file import DuckDBFile
from riskmodel.market.sources.engine import Asked
from riskmodel.market.tables import (
    TABLES,
    checked_table,
    file_hash,
    in_key_order,
    require_columns,
    require_one_kind,
    table_files,
)

NAME = "prices"
SPEC = TABLES[NAME]
KEYS = replace(SPEC, columns={column: SPEC.columns[column] for column in SPEC.key}, optional=frozenset(), sparse=frozenset())
Labels = tuple[np.ndarray, np.ndarray]


class PriceRows(Protocol):
    """Prices that can be read between dates."""

    def labels(self) -> Labels:
        """Every date and every ticker, each once and sorted; of the rows nothing else is read.

        Raises
        ------
        InputError
            For a date or a ticker that `riskmodel.market.tables.read_table` refuses, as that says it.
        """

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
        require_one_kind(source.folder, NAME)
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

    def labels(self) -> Labels:
        """See `PriceRows`."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        folder, headers = self.source.folder, dict[str, Any]()
        found: dict[str, list[Any]] = {column: [] for column in KEYS.columns}
        for path in self.files:
            place = path.relative_to(folder).as_posix()
            with reading_parquet(NAME, place):
                file = pq.ParquetFile(path)
                schema = file.schema_arrow
            require_columns(NAME, SPEC, schema.names)
            if path.parent != folder:
                said_by_folders(path.parent.relative_to(folder / NAME), schema.names, place, NAME)
            header = pa.schema([schema.field(column) for column in SPEC.columns if column in schema.names])
            headers[place] = header.empty_table()
            with reading_parquet(NAME, place):
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, columns=list(found))
                    for column, parts in found.items():
                        cells = pc.unique(table[column].combine_chunks())
                        cells = cells.cast(cells.type.value_type) if pa.types.is_dictionary(cells.type) else cells
                        cells.validate(full=True)  # texts are UTF-8
                        parts.append(pa.table({column: cells}))
        together(headers, NAME)
        if not found["date"]:
            return np.array([], dtype="datetime64[ns]"), np.array([], dtype=object)
        every = [pa.concat_tables(parts, promote_options="permissive") for parts in found.values()]
        return _checked([as_frame(cells).drop_duplicates() for cells in every], self.source)

    def between(self, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
        """See `PriceRows`."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        parts = dict[str, Any]()
        for path in self.files:
            with reading_parquet(NAME, path.name):
                schema = pq.read_schema(path)
                there = [column for column in SPEC.columns if column in schema.names]
                kind = schema.field("date").type
                kind = kind.value_type if pa.types.is_dictionary(kind) else kind
                low, end = (pa.scalar(day.item()).cast(kind) for day in _days(first, last))
                wanted = (pc.field("date") >= low) & (pc.field("date") < end)
                table = pq.read_table(path, columns=there, filters=wanted, partitioning=None)
                table.validate(full=True)
                if len(table):
                    parts[path.relative_to(self.source.folder).as_posix()] = table.replace_schema_metadata(None)
        return checked_table(as_frame(together(parts, NAME)), NAME, SPEC)

    def hashes(self) -> dict[str, str]:
        """See `PriceRows`."""
        return self.source.hashes()


@dataclass(frozen=True)
class DuckDBRows:
    """The table of a DuckDB file; the engine reads what it needs."""

    source: Database
    path: Path

    def labels(self) -> Labels:
        """See `PriceRows`."""
        every = [self._read(f"select distinct {column} from {NAME}", [column]) for column in KEYS.columns]
        return _checked(every, self.source)

    def between(self, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
        """See `PriceRows`."""
        low, end = _days(first, last)
        query = f"select * from {NAME} where date >= date '{low}' and date < date '{end}'"
        frame = self._read(query, list(SPEC.columns))
        return in_key_order(checked_table(frame, NAME, SPEC), SPEC)

    def hashes(self) -> dict[str, str]:
        """See `PriceRows`."""
        return {f"{NAME}.duckdb": file_hash(self.path)}  # all tables lie in it

    def _read(self, query: str, columns: list[str]) -> pd.DataFrame:
        with self.source.engine.session() as session:
            return session.read(Asked(query=query), lambda found: [column for column in columns if column in found])


def _days(first: np.datetime64, last: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
    """The first day and the one after the last: a row of the last with a time of day is read, to be refused."""
    return first.astype("datetime64[D]"), last.astype("datetime64[D]") + 1


def _checked(found: list[pd.DataFrame], source: Source) -> Labels:
    """Dates and tickers, each once, sorted; where one is refused, so are the keys of all rows, which tell how many are."""
    try:
        dates, tickers = (
            checked_table(cells, NAME, replace(KEYS, key=(column,), columns={column: KEYS.columns[column]}))
            for column, cells in zip(KEYS.columns, found, strict=True)
        )
    except InputError:
        dates = tickers = cast(pd.DataFrame, source.table(NAME, KEYS))
    return np.unique(dates["date"].to_numpy("datetime64[ns]")), np.unique(tickers["ticker"].to_numpy(dtype=object))
