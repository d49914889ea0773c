"""Parquet files, and a folder of them that is one table; names of folders in it may say what all rows below them have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd

from riskmodel.errors import InputError, listed
from riskmodel.market.plain_text import one_line

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # what stands in a folder's name for a missing one


def parquet_parts(folder: Path) -> list[Path]:
    """The files of such a folder in the order of their paths, without what begins with `.` or `_`: logs, marks, drafts."""
    found = sorted(folder.rglob("*.parquet")) if folder.is_dir() else []
    return [
        path
        for path in found
        if path.is_file() and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    ]


def read_parts(folder: Path, columns: Collection[str]) -> pd.DataFrame:
    """The rows of all files in the order of their paths, with those of the wanted columns that there are.

    Parameters
    ----------
    folder
        Named as the table. A folder `year=2024` in it says that every row below has this text as its year.
    columns
        The wanted ones; others are not read.

    Raises
    ------
    InputError
        For a file that cannot be read; files that do not have the same of the wanted columns, in kinds that go together; a
        column that both a file and the name of its folder have.
    """
    import pyarrow as pa

    name, tables = folder.name, dict[str, Any]()
    for path in parquet_parts(folder):
        place = path.relative_to(folder.parent).as_posix()
        table, there = read_parquet(path, place, name, columns)
        said = said_by_folders(path.parent.relative_to(folder), there, place, name)
        for column in (column for column in columns if column in said):
            table = table.append_column(column, pa.repeat(pa.scalar(said[column], pa.string()), len(table)))
        tables[place] = table
    return as_frame(together(tables, name))


def read_parquet(path: Path, place: str, name: str, columns: Collection[str] | None = None) -> tuple[Any, list[str]]:
    """The Arrow table of a file, without the notes that pandas leaves in one, and the names of all of its columns.

    A column that is kept as numbers of a dictionary's entries is read as the entries: texts, numbers or days.

    Parameters
    ----------
    path, place
        Of the file, and as messages name it.
    name
        The table that it is of.
    columns
        The wanted ones; by default all.

    Raises
    ------
    InputError
        For a file that cannot be read.
    """
    import pyarrow.parquet as pq

    with reading_parquet(name, place):
        file = pq.ParquetFile(path)
        there = list(file.schema_arrow.names)
        table = file.read(columns=None if columns is None else [column for column in columns if column in there])
        table.validate(full=True)  # texts are UTF-8
        table = _decoded(table.select(_index_first(table)))
    return table.replace_schema_metadata(None), there


def _decoded(table: Any) -> Any:
    """A table whose columns have their entries themselves where a dictionary has them."""
    import pyarrow as pa

    for place, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(place, table.column_names[place], column.cast(column.type.value_type))
    return table


def _index_first(table: Any) -> list[str]:
    """The names of columns with those first that pandas kept as an index, which it writes last: the days of a wide frame."""
    kept = (table.schema.pandas_metadata or {}).get("index_columns", [])
    index = [name for name in kept if isinstance(name, str) and name in table.column_names]
    return [*index, *(name for name in table.column_names if name not in index)]


@contextmanager
def reading_parquet(table: str, place: object) -> Iterator[None]:
    """Calls of Arrow alone: of a damaged file it raises what it pleases; that there is no memory is no file's fault."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise InputError(
            f"{table}: '{place}' cannot be read as Parquet ({one_line(error)}). Write the file again."
        ) from None


def has_footer(path: Path) -> bool:
    """Whether a Parquet file is there and was written to its end, where the footer stands: none that was cut off has one."""
    import pyarrow.parquet as pq

    try:
        with reading_parquet("", path):
            pq.read_metadata(path)
    except InputError:
        return False
    return True


def as_frame(table: Any) -> pd.DataFrame:
    """An Arrow table as a frame, which is not to be used after it."""
    frame: pd.DataFrame = table.to_pandas(date_as_object=False, split_blocks=True, self_destruct=True)
    return frame


def said_by_folders(names: Path, there: Collection[str], place: str, table: str) -> dict[str, str | None]:
    """What the names of a file's folders say that all of its rows have, by column: the text, None for a missing value.

    Parameters
    ----------
    names
        The folders that the file lies in, from that of the table.
    there
        Columns that the file has.
    place, table
        Of the file, and the table that it is of, as messages name them.

    Raises
    ------
    InputError
        For a column that both the file and the name of a folder have.

    Examples
    --------
    >>> said_by_folders(Path("year=2024/ticker=A%2FB"), ["close"], "prices/year=2024/ticker=A%2FB/0.parquet", "prices")
    {'year': '2024', 'ticker': 'A/B'}
    """
    pairs = (part.split("=", 1) for part in names.parts if "=" in part)
    said = {unquote(key): None if value == NO_VALUE else unquote(value) for key, value in pairs}
    twice = [column for column in said if column in there]
    if twice:
        raise InputError(f"{table}: '{place}' has a column '{twice[0]}', and so says its folder. Keep one of the two.")
    return said


def require_alike(columns: Mapping[str, Collection[str]], name: str) -> None:
    """Refuse files of a table, by place, that do not have the same of its columns."""
    first, *_ = columns
    wanted = set(columns[first])
    for place, own in columns.items():
        differs = sorted(wanted ^ set(own))
        if differs:
            has, lacks = (place, first) if differs[0] in own else (first, place)
            raise InputError(
                f"{name}: {listed(map(repr, differs))} {'is' if len(differs) == 1 else 'are'} in '{has}' and not in "
                f"'{lacks}'. Every file of a table has the same columns; a missing one would be read as empty cells."
            )


def together(tables: Mapping[str, Any], name: str) -> Any:
    """The rows of a table's files, tables of Arrow by place; refused without the same columns in kinds that go together."""
    import pyarrow as pa

    require_alike({place: table.column_names for place, table in tables.items()}, name)
    try:
        return pa.concat_tables(tables.values(), promote_options="permissive")
    except pa.ArrowException as error:
        raise InputError(
            f"{name}: the files of '{name}/' do not go together ({one_line(error)}). Write a column in one kind everywhere."
        ) from None
