"""An SQLite file, opened so that nothing but reading is authorised."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from riskmodel.errors import InputError
from riskmodel.market.plain_text import first_bytes
from riskmodel.market.sources.engine import Asked, Pick, quoted, told
from riskmodel.market.sources.rows import AT_ONCE, frame_of_rows

if TYPE_CHECKING:
    import pandas as pd

READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
SIDE_EFFECTS = {"load_extension", "fts3_tokenizer", "writefile", "edit"}
ERRORS = (sqlite3.Error, OverflowError, UnicodeDecodeError)
LOGGED = b"\x02\x02"  # in the 19th and 20th byte: changes go to a log beside the file, which a reader would make


@dataclass(frozen=True)
class SQLiteFile:
    """An SQLite file.

    Notes
    -----
    It is opened read-only, in one transaction, and of a statement the engine is asked to authorise each step: reading
    tables, and functions without effects. PRAGMA, ATTACH and VACUUM INTO, which a read-only file alone would allow, are
    none. A file that keeps a log, and has none at the moment, is read as one that nobody changes: a reader would
    otherwise make files beside it. One that changes meanwhile is refused.
    """

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @contextmanager
    def session(self) -> Iterator[SQLiteSession]:
        """See `riskmodel.market.sources.engine.Engine`."""
        before = self._stamp()
        alone = first_bytes(self.path, 20)[18:] == LOGGED and not self._log().exists()
        how = "mode=ro&immutable=1" if alone else "mode=ro"
        with (
            told(self.name, *ERRORS),
            closing(sqlite3.connect(f"file:{quote(str(self.path.resolve()))}?{how}", uri=True)) as connection,
        ):
            connection.isolation_level = None
            connection.execute("begin")
            connection.set_authorizer(_authorised)
            yield SQLiteSession(self.name, connection)
        if alone and (self._stamp() != before or self._log().exists()):
            raise InputError(f"{self.name}: has changed while it was read. Read it again.")

    def _log(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _stamp(self) -> tuple[int, int]:
        stat = self.path.stat()
        return stat.st_mtime_ns, stat.st_size


@dataclass(frozen=True)
class SQLiteSession:
    """See `riskmodel.market.sources.engine.Session`."""

    name: str
    connection: sqlite3.Connection

    def told(self) -> AbstractContextManager[None]:
        """See `riskmodel.market.sources.engine.Session`."""
        return told(self.name, *ERRORS)

    def tables(self) -> list[str]:
        """Names of tables and views."""
        found = self.connection.execute(
            "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'"
        )
        return sorted(name for (name,) in found)

    def read(self, asked: Asked, pick: Pick) -> pd.DataFrame:
        """The picked columns of a table, or of what a query gives."""
        if asked.query:
            cursor = self.connection.execute(asked.query)  # refuses a second statement
        else:
            table = quoted(asked.table)
            found = _columns(self.connection.execute(f"select * from {table} limit 0"))
            picked = pick(found)
            cursor = self.connection.execute(f"select {', '.join(map(quoted, picked))} from {table}")
        found = _columns(cursor)
        picked = pick(found)
        places = [found.index(column) for column in picked]
        return frame_of_rows(picked, _blocks(cursor), places)


def _columns(cursor: sqlite3.Cursor) -> list[str]:
    return [column for column, *_ in cursor.description or ()]


def _blocks(cursor: Any) -> Iterator[list[tuple[Any, ...]]]:
    while block := cursor.fetchmany(AT_ONCE):
        yield block


def _authorised(action: int, first: str | None, second: str | None, *_: object) -> int:
    reads = action in READING and not (action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in SIDE_EFFECTS)
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY
