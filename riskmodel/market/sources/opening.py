"""The source of what a person names: a folder, a database's file, a URL."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError, listed
from riskmodel.market.plain_text import first_bytes
from riskmodel.market.sources.address import expanded, is_url
from riskmodel.market.sources.database import Database
from riskmodel.market.sources.duckdb_file import DuckDBFile
from riskmodel.market.sources.engine import Engine
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.sources.remote import Remote
from riskmodel.market.sources.source import Folder, Source
from riskmodel.market.sources.sql_server import SQLServer
from riskmodel.market.sources.sqlite_file import SQLiteFile

ADVICE = "Name the folder that holds prices.parquet or prices.csv."
REMOTE = ("memory", "s3", "gs", "gcs", "abfs", "az", "http", "https", "ftp", "sftp")  # told without fsspec, to ask for it
OF_FILES = ("duckdb", "sqlite")  # schemes of URLs that name a file


def open_source(
    data: str | Path | Source,
    *,
    base: Path | None = None,
    maps: Mapping[str, TableMap] | None = None,
    groupings: tuple[str, ...] = (),
) -> Source:
    """The source of what a person names.

    Parameters
    ----------
    data
        A folder; a DuckDB or SQLite file; a URL of a database or of a folder elsewhere, with ${NAME} where the value of an
        environment variable stands; or a source already.
    base
        That a path is relative to.
    maps
        What is stated of tables.
    groupings
        Columns of securities that a fit depends on, beyond those of the table.

    Raises
    ------
    InputError
        For what is not there, and for a file of another kind.

    Examples
    --------
    >>> open_source("fixtures/small").table("rates").columns.tolist()
    ['date', 'risk_free']
    """
    if isinstance(data, Source):
        return data
    text = expanded(str(data)) if isinstance(data, str | Path) else data
    if isinstance(text, str) and is_url(text):
        return _of_url(str(data), text, base, maps or {}, groupings)
    path = require_path("folder", text, ADVICE)
    path = path if base is None else base / path
    if path.is_file():
        return Database(_of_file(path), maps or {}, groupings)
    if not path.is_dir():
        if text != str(data):  # what a variable holds may be a secret
            raise InputError(
                f"data: '{data}' stands for no URL, and for no file or folder that is there; values of the environment "
                f"are not shown. A URL is written as postgresql://user:password@host:5432/name, with nothing around it."
            )
        raise InputError(f"data: there is no file or folder '{path}'. {_beside(path)}")
    return Exports(path, maps) if maps else Folder(path)


@contextmanager
def at_one_moment(source: Source) -> Iterator[None]:
    """Read all tables of a database meanwhile as they are at one moment; of files, nobody can say that."""
    with source.at_one_moment() if isinstance(source, Database) else nullcontext():
        yield


def _beside(path: Path) -> str:
    """What stands where a path names nothing, the most alike first; or what to name."""
    there = sorted(item.name for item in path.parent.iterdir()) if path.parent.is_dir() else []
    alike = difflib.get_close_matches(path.name, there)
    return f"Beside it is: {listed(alike)}. Name that, or a folder with prices.parquet or prices.csv." if alike else ADVICE


def _of_file(path: Path) -> Engine:
    if (engine := database_of(path)) is None:
        raise InputError(f"data: '{path}' is neither a folder nor a file of DuckDB or SQLite.")
    return engine


def database_of(path: Path) -> Engine | None:
    """The engine of a database file, by its first bytes; None where it is none."""
    start = first_bytes(path, 16)
    if start[8:12] == b"DUCK":
        return DuckDBFile(path)
    return SQLiteFile(path) if start.startswith(b"SQLite format 3") else None


def _of_url(named: str, url: str, base: Path | None, maps: Mapping[str, TableMap], groupings: tuple[str, ...]) -> Source:
    scheme, rest = url.split("://", 1)
    if scheme == "file":
        return open_source(rest, maps=maps, groupings=groupings)
    if scheme in OF_FILES:
        return open_source(rest.removeprefix("/"), base=base, maps=maps, groupings=groupings)
    return Remote(named, maps) if _is_file_system(scheme) else Database(SQLServer(named), maps, groupings)


def _is_file_system(scheme: str) -> bool:
    try:
        import fsspec
    except ImportError:
        return scheme in REMOTE
    return scheme in fsspec.available_protocols()
