"""A DuckDB file, opened so that nothing can be written, nor read but what lies in its folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.market.sources.engine import Asked, EngineError, Pick, missing_extra, quoted, told
from riskmodel.market.sources.rows import plain_columns

if TYPE_CHECKING:
    import pandas as pd

USUAL = "main"
TABLES = """
    select schema_name, table_name from duckdb_tables() where not internal
    union all
    select schema_name, view_name from duckdb_views() where not internal
"""


@dataclass(frozen=True)
class DuckDBFile:
    """A DuckDB file.

    Notes
    -----
    It is opened read-only, without extensions, and without access to files outside of its folder; those in it may be what
    its views read. A query is one statement that the engine's own parser calls a SELECT: COPY would write a file.
    """

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @contextmanager
    def session(self) -> Iterator[DuckDBSession]:
        """See `riskmodel.market.sources.engine.Engine`."""
        try:
            import duckdb
        except ImportError:
            raise missing_extra(self.name, "duckdb") from None
        with told(self.name, duckdb.Error), tempfile.TemporaryDirectory() as spilled:  # never beside the data
            config: dict[str, Any] = {
                "temp_directory": spilled,
                "autoload_known_extensions": False,
                "autoinstall_known_extensions": False,
            }
            with duckdb.connect(str(self.path), read_only=True, config=config) as connection:
                connection.execute("set allowed_directories = $1", [[str(self.path.resolve().parent)]])
                connection.execute("set enable_external_access = false")
                connection.execute("set lock_configuration = true")
                yield DuckDBSession(self.name, connection)


@dataclass(frozen=True)
class DuckDBSession:
    """See `riskmodel.market.sources.engine.Session`."""

    name: str
    connection: Any

    def told(self) -> AbstractContextManager[None]:
        """See `riskmodel.market.sources.engine.Session`."""
        import duckdb

        return told(self.name, duckdb.Error)

    def tables(self) -> list[str]:
        """Names of tables and views."""
        return sorted(self._tables())

    def read(self, asked: Asked, pick: Pick) -> pd.DataFrame:
        """The picked columns of a table, or of what a query gives."""
        if asked.query:
            self._require_select(asked.query)
            relation = self.connection.sql(asked.query)
        else:
            relation = self.connection.table(".".join(map(quoted, self._tables()[asked.table])))
        picked = pick(relation.columns)
        return plain_columns(relation.project(", ".join(map(quoted, picked))).to_arrow_table())

    def _tables(self) -> dict[str, tuple[str, str]]:
        found = self.connection.execute(TABLES).fetchall()
        return {table if schema == USUAL else f"{schema}.{table}": (schema, table) for schema, table in found}

    def _require_select(self, query: str) -> None:
        kinds = [statement.type.name for statement in self.connection.extract_statements(query)]
        if kinds != ["SELECT"]:
            raise EngineError(self.name, f"the statement is {', '.join(kinds) or 'empty'}")
