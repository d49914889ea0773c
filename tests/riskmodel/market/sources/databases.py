"""Databases that tests make of tables: one way to write each engine, so that the tests themselves know none."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pandas as pd
import psycopg
from psycopg import sql

from riskmodel.market.tables import DATE, NUMBER, TABLES, TEXT
from tests.riskmodel.market.sources.postgresql import READER, SUPERUSER, Server

KINDS = {
    "duckdb": {TEXT: "VARCHAR", DATE: "DATE", NUMBER: "DOUBLE"},
    "sqlite": {TEXT: "TEXT", DATE: "TEXT", NUMBER: "REAL"},
    "postgresql": {TEXT: "text", DATE: "date", NUMBER: "double precision"},
}


class Made(Protocol):
    """A database that a test made; `data` is what a book names."""

    data: str
    engine: str

    def run(self, *statements: str) -> None:
        """Change it."""

    def fill(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Add tables."""


@dataclass
class MadeDuckDB:
    """A DuckDB file."""

    data: str
    engine = "duckdb"

    def run(self, *statements: str) -> None:
        with duckdb.connect(self.data) as connection:
            for statement in statements:
                connection.execute(statement)

    def fill(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.run(*(declared(name, table, self.engine) for name, table in tables.items()))
        with duckdb.connect(self.data) as connection:
            for name, table in tables.items():
                connection.register(
                    "given", table.astype({c: "datetime64[us]" for c in table if table[c].dtype.kind == "M"})
                )
                connection.execute(f'insert into "{name}" select * from given')


@dataclass
class MadeSQLite:
    """An SQLite file; its days are texts."""

    data: str
    engine = "sqlite"

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.data)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def fill(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.run(*(declared(name, table, self.engine) for name, table in tables.items()))
        with closing(sqlite3.connect(self.data)) as connection, connection:
            for name, table in tables.items():
                connection.executemany(f'insert into "{name}" values ({", ".join("?" * table.shape[1])})', rows(table))


@dataclass
class MadePostgreSQL:
    """A database of the tests' server, which its reader may read."""

    server: Server
    database: str
    engine = "postgresql"

    @property
    def data(self) -> str:
        return self.server.url(READER, self.database)

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.server.url(SUPERUSER, self.database)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"grant select, insert, update, delete on all tables in schema public to {READER}")

    def fill(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.run(*(declared(name, table, self.engine) for name, table in tables.items()))
        with psycopg.connect(self.server.url(SUPERUSER, self.database)) as connection:
            for name, table in tables.items():
                with connection.cursor().copy(sql.SQL("copy {} from stdin").format(sql.Identifier(name))) as copy:
                    for row in rows(table):
                        copy.write_row(row)


def declared(name: str, table: pd.DataFrame, engine: str) -> str:
    """What makes a table of ours."""
    columns = ", ".join(f'"{column}" {KINDS[engine][TABLES[name].columns[column]]}' for column in table)
    return f'create table "{name}" ({columns})'


def rows(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows with days as texts and None where a cell is empty."""
    days = {column: table[column].dt.strftime("%Y-%m-%d") for column in table if table[column].dtype.kind == "M"}
    plain = table.assign(**days).astype(object)
    return list(plain.where(plain.notna(), None).itertuples(index=False, name=None))


def make(engine: str, folder: Path, request: Any) -> Made:
    """An empty database; without a server of PostgreSQL the test is skipped."""
    if engine == "postgresql":
        server = request.getfixturevalue("postgresql")
        database = f"market_{folder.name.lower()}"
        with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
        return MadePostgreSQL(server, database)
    path = str(folder / f"market.{engine}")
    return MadeDuckDB(path) if engine == "duckdb" else MadeSQLite(path)
