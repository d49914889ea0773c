"""A database behind an SQL URL, by SQLAlchemy, in one transaction that is read-only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from riskmodel.errors import InputError, listed
from riskmodel.market.plain_text import one_line
from riskmodel.market.sources.address import VARIABLE, expanded, secrets_of
from riskmodel.market.sources.engine import Asked, EngineError, Pick, missing_extra, quoted
from riskmodel.market.sources.rows import AT_ONCE, frame_of_rows
from riskmodel.texts import without_secrets

if TYPE_CHECKING:
    import pandas as pd

POSTGRESQL = "postgresql"
DRIVERS = {POSTGRESQL: "postgresql+psycopg", "postgres": "postgresql+psycopg"}  # of a URL that names none
SYSTEM = ("information_schema", "pg_catalog", "pg_toast", "sys", "performance_schema", "mysql")
BEYOND = """
    select rolname from pg_roles where pg_has_role(current_user, oid, 'member')
    and rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
"""  # roles whose rights no read-only transaction takes away; a superuser has all of them
DENIED = "42501"  # the SQLSTATE of an insufficient privilege, whatever the language of the server
PLAIN = re.compile("[a-z_][a-z0-9_]*")  # a name that stands for itself without quotes


@dataclass(frozen=True, repr=False)
class SQLServer:
    """A database behind an SQL URL.

    Attributes
    ----------
    url
        As it was written: names of the environment's variables stand for their values until the moment of connecting.

    Notes
    -----
    PostgreSQL reads in one read-only transaction with one view of the data (REPEATABLE READ), through a cursor, which
    takes one SELECT; a query by a login that may also read or write the server's files, or run its programs, is refused,
    since no transaction stops that. Of other engines, whose means to refuse a write nobody has tried here, tables and
    views are read and no queries: SQLAlchemy writes these SELECTs.
    """

    url: str

    @property
    def name(self) -> str:
        """The URL without what is secret."""
        return without_secrets(self.url)

    def __repr__(self) -> str:
        return f"SQLServer('{self.name}')"

    @contextmanager
    def session(self) -> Iterator[SQLSession]:
        """See `riskmodel.market.sources.engine.Engine`."""
        try:
            import sqlalchemy as sa
        except ImportError:
            raise missing_extra(self.name, "sqlalchemy") from None
        engine = self._engine()
        try:
            with self._told(engine), engine.connect() as connection:
                if engine.dialect.name == POSTGRESQL:
                    connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                    _plain_cells(connection)
                yield SQLSession(self.name, connection, sa.inspect(connection), partial(self._told, engine))
                connection.rollback()
        finally:
            engine.dispose()

    @contextmanager
    def _told(self, engine: Any, session: SQLSession | None = None) -> Iterator[None]:
        """What the engine says, without secrets, and what would let the login read what a session asked for last."""
        import sqlalchemy as sa

        try:
            yield
        except (sa.exc.SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
            own = getattr(error, "orig", None) or error
            denied = session is not None and getattr(own, "sqlstate", None) == DENIED
            fix = _grant(session.asked, engine.url.username) if session is not None and denied else ""
            if session is None and isinstance(error, sa.exc.OperationalError):
                fix = self._reach()
            raise EngineError(self.name, one_line(own, secrets_of(expanded(self.url))), fix) from None

    def _reach(self) -> str:
        """What to look at where the server lets nobody in."""
        told = VARIABLE.findall(self.url)
        where = f" in the environment's {listed(told)}" if told else " in data"
        return f"Check that the server runs, and the host, database, user and password{where}."

    def _engine(self) -> Any:
        import sqlalchemy as sa

        scheme, rest = expanded(self.url).split("://", 1)
        try:
            return sa.create_engine(f"{DRIVERS.get(scheme, scheme)}://{rest}", poolclass=sa.pool.NullPool)
        except sa.exc.NoSuchModuleError:
            raise InputError(
                f"{self.name}: SQLAlchemy knows no database '{scheme}'. Install its dialect, or write another URL."
            ) from None
        except ImportError as error:
            raise missing_extra(self.name, error.name or "its driver") from None
        except (sa.exc.ArgumentError, ValueError, TypeError):
            raise InputError(
                f"{self.name}: is no URL of a database. Write it as postgresql://user:${{PGPASSWORD}}@host:5432/name."
            ) from None


@dataclass
class SQLSession:
    """See `riskmodel.market.sources.engine.Session`; `teller` tells errors of the server, `asked` is what was last read."""

    name: str
    connection: Any
    inspector: Any
    teller: Callable[[SQLSession], AbstractContextManager[None]]
    asked: Asked = field(default_factory=Asked)

    @contextmanager
    def told(self) -> Iterator[None]:
        """See `riskmodel.market.sources.engine.Session`."""
        savepoint = self.connection.begin_nested if self.connection.dialect.name == POSTGRESQL else nullcontext
        with self.teller(self), savepoint():  # which an error undoes, where it would end the transaction
            yield

    def tables(self) -> list[str]:
        """Names of tables and views, those of other schemas than the usual one with theirs."""
        return sorted(self._tables())

    def read(self, asked: Asked, pick: Pick) -> pd.DataFrame:
        """The picked columns of a table, or of what a query gives."""
        import sqlalchemy as sa

        self.asked = asked
        if asked.query:
            self._require_may_ask()
            return self._rows(asked.query, None, pick)
        schema, table = self._tables()[asked.table]
        found = [column["name"] for column in self.inspector.get_columns(table, schema=schema)]
        columns: list[Any] = [sa.column(column) for column in pick(found)]
        chosen = sa.select(*columns).select_from(sa.table(table, schema=schema))
        return self._rows(str(chosen.compile(self.connection.engine)), (), pick)

    def _rows(self, statement: str, parameters: tuple[()] | None, pick: Pick) -> pd.DataFrame:
        """The picked columns of what a statement gives, by the driver itself: rows of SQLAlchemy's take three times as long.

        With empty `parameters` a doubled percent sign, as SQLAlchemy writes one, is one; with None it is what it is.
        """
        connection = self.connection.connection.driver_connection
        named = {"name": "read"} if self.connection.dialect.name == POSTGRESQL else {}  # the rows stay with the server
        with closing(connection.cursor(**named)) as cursor:
            cursor.execute(statement, *(() if parameters is None else (parameters,)))
            found = [column for column, *_ in cursor.description]
            picked = pick(found)
            blocks = iter(lambda: cursor.fetchmany(AT_ONCE), [])
            return frame_of_rows(picked, blocks, [found.index(column) for column in picked])

    def _tables(self) -> dict[str, tuple[str | None, str]]:
        usual, found = self.inspector.default_schema_name, dict[str, tuple[str | None, str]]()
        for schema in self.inspector.get_schema_names():
            if schema in SYSTEM or schema.startswith("pg_"):
                continue
            names = [*self.inspector.get_table_names(schema), *self.inspector.get_view_names(schema)]
            if self.connection.dialect.name == POSTGRESQL:
                names += [*self.inspector.get_materialized_view_names(schema), *self._foreign(schema)]
            found |= {name if schema == usual else f"{schema}.{name}": (schema, name) for name in names}
        return found

    def _foreign(self, schema: str) -> list[str]:
        return list(self.inspector.get_foreign_table_names(schema))

    def _require_may_ask(self) -> None:
        """Refuse a query where nothing would keep it from writing."""
        if self.connection.dialect.name != POSTGRESQL:
            raise InputError(
                f"{self.name}: queries are for DuckDB, SQLite and PostgreSQL, which refuse one that writes. Make a view of "
                f"it there, and state table."
            )
        beyond = self.connection.exec_driver_sql(BEYOND).scalars().all()
        if beyond:
            raise InputError(
                f"{self.name}: the login may do more than a read-only transaction can refuse ({listed(sorted(beyond))}), so "
                f"that a query is not asked. Give one that may only select, or make a view of it and state table."
            )


def _grant(asked: Asked, login: str | None) -> str:
    """What lets a login read what it was denied.

    Examples
    --------
    >>> _grant(Asked(table="splits"), "reader")
    'Have its owner run: grant select on splits to reader.'
    >>> _grant(Asked(table="research.splits"), "reader")
    'Have its owner run: grant usage on schema research to reader; grant select on research.splits to reader.'
    """
    reader = _written(login or "reader")
    if not asked.table:
        return f"Have its owner grant select on it to {reader} if it is a table; take anything else out of the query."
    schema, _, table = asked.table.rpartition(".")
    usage = f"grant usage on schema {_written(schema)} to {reader}; " if schema else ""
    named = ".".join(_written(part) for part in (schema, table) if part)
    return f"Have its owner run: {usage}grant select on {named} to {reader}."


def _written(name: str) -> str:
    return name if PLAIN.fullmatch(name) else quoted(name)


def _plain_cells(connection: Any) -> None:
    """Decimals as the nearest floats, and texts of fixed length without what fills them up."""
    from psycopg.types.numeric import FloatLoader
    from psycopg.types.string import TextLoader

    class Unpadded(TextLoader):
        def load(self, data: Any) -> Any:
            text = super().load(data)
            return text.rstrip(" ") if isinstance(text, str) else text

    adapters = connection.connection.driver_connection.adapters
    adapters.register_loader("numeric", FloatLoader)
    adapters.register_loader("bpchar", Unpadded)
