"""Accounts in Parquet: what the files hold, and the parts of whole accounts in which they are explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attribution.accounts.lists import LISTS
from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.parquet_folder import parquet_parts, reading_parquet, require_alike, said_by_folders
from riskmodel.market.plain_text import as_date, as_number, as_text
from riskmodel.market.tables import DATE, NUMBER, TEXT, file_hash

ACCOUNTS_OF_A_PART = 10_000
ROWS_OF_A_PART = 500_000
WANTED = {TEXT: "texts", DATE: "dates", NUMBER: "numbers"}


@dataclass(frozen=True)
class File:
    """A Parquet file of accounts.

    Attributes
    ----------
    path
        Where it is.
    name
        Its path in the folder, for messages.
    said
        Column -> value of all rows, which the names of its folders say.
    """

    path: Path
    name: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """Rows of whole accounts: (file, first row, the row after the last) of each file that has some of them."""

    name: str
    pieces: Sequence[tuple[File, int, int]]


@dataclass(frozen=True)
class Accounts:
    """What a file or folder of accounts holds.

    Attributes
    ----------
    hashes
        SHA-256 of each file, by its path in the folder.
    parts
        All rows, in the order of the files' paths.
    number
        How many accounts there are.
    tickers
        Every text that stands as a ticker.
    since
        The first date of a list; None where lists have no date.
    """

    hashes: dict[str, str]
    parts: Sequence[Part]
    number: int
    tickers: pd.Index
    since: pd.Timestamp | None


def read_accounts(path: str | Path) -> Accounts:
    """Look through a Parquet file, or a folder of such, of the columns portfolio, ticker, weight and perhaps date.

    The rows of an account follow each other, so that a part has whole accounts. What is in single rows is looked at where
    they are explained. A folder `date=2024-12-31` says that every row below has this date, and so of the other columns.

    Raises
    ------
    InputError
        For what is no Parquet; a missing column or one of another kind; a column that some files have and others do not, or
        both a file and its folder; rows without a portfolio; accounts whose rows do not stand together.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    folder = require_path("ACCOUNTS", path, "Name a Parquet file, or a folder of such.")
    files = _files(folder)
    starts, labels, tickers, since, ends, last = [], [], set[str](), None, [0], None
    for file in files:
        for table in _row_groups(file):
            portfolio = table["portfolio"].combine_chunks().dictionary_encode()
            begins, own = _runs(portfolio, last, file.name)
            if len(own):
                last = own[-1].as_py()
            starts.append(begins + ends[-1])
            labels.append(own)
            tickers.update(table["ticker"].unique().drop_null().to_pylist())
            first = pc.min(table["date"]).as_py() if "date" in table.column_names and len(table) else None
            since = since if first is None else min(since or pd.Timestamp(first), pd.Timestamp(first))
            ends[-1] += len(table)
        ends.append(ends[-1])
    every = pa.chunked_array(labels, pa.large_string())
    if not len(every):
        raise InputError(f"accounts: there are no rows in '{folder}'. Check how they were selected.")
    _require_together(every)
    parts = _parts(np.concatenate(starts), files, ends)
    hashes = {file.name: file_hash(file.path) for file in files}
    return Accounts(hashes, parts, len(every), pd.Index(sorted(tickers), dtype=object), since)


def read_part(part: Part) -> pd.DataFrame:
    """Its rows: portfolio, ticker, weight, and date where the files or their folders have it."""
    import pyarrow as pa

    tables = []
    for file, first, stop in part.pieces:
        with _opened(file.path, str(file.path)) as opened:
            ends = np.cumsum([opened.metadata.row_group(i).num_rows for i in range(opened.num_row_groups)])
            groups = range(int(np.searchsorted(ends, first, "right")), int(np.searchsorted(ends, stop, "left")) + 1)
            before = int(ends[groups[0] - 1]) if groups[0] else 0
            read = opened.read_row_groups(list(groups), columns=_own_columns(opened))
            tables.append(_whole(read.slice(first - before, stop - first), file.said).replace_schema_metadata(None))
    frame: pd.DataFrame = pa.concat_tables(tables, promote_options="permissive").to_pandas(date_as_object=False)
    kinds = {name: "str" if kind == TEXT else "float64" for name, kind in LISTS.columns.items() if kind != DATE}
    return frame.astype(kinds)


def _files(folder: Path) -> list[File]:
    """The files of a folder, or one alone, all with the same columns of lists of weights, each of its kind."""
    paths = [folder] if folder.is_file() else parquet_parts(folder)
    if not paths:
        what = "has no Parquet file" if folder.is_dir() else "is not there"
        raise InputError(
            f"accounts: '{folder}' {what}. Name a Parquet file or a folder of such, with {listed(LISTS.columns)}."
        )
    top = (folder.parent if folder.is_file() else folder).absolute()
    while "=" in top.name:  # what is named is a part of a folder, whose name says the same as where all of it is named
        top = top.parent
    files, columns = [], dict[str, list[str]]()
    for path in paths:
        place = path.absolute().relative_to(top)
        with _opened(path, name := place.as_posix()) as opened:
            schema = opened.schema_arrow
        said = said_by_folders(place.parent, schema.names, name, "accounts")
        own = {column: _value(text, column, name) for column, text in said.items() if column in LISTS.columns}
        _require_columns(schema, name, own)
        columns[name] = [column for column in LISTS.columns if column in own or column in schema.names]
        files.append(File(path.resolve(), name, own))
    require_alike(columns, "accounts")
    return files


def _value(text: str | None, column: str, place: str) -> Any:
    """What the name of a folder says, in the kind of the column."""
    convert = {TEXT: as_text, DATE: as_date, NUMBER: as_number}[LISTS.columns[column]]
    frame = pd.DataFrame({column: pd.Series([text], dtype=object)})
    value = convert(frame, column, f"accounts: '{place}'", (column,), frozenset()).iloc[0]
    return None if pd.isna(value) else value


def _opened(path: Path, name: str) -> Any:
    import pyarrow.parquet as pq

    with reading_parquet("accounts", name):
        return pq.ParquetFile(path)


def _own_columns(opened: Any) -> list[str]:
    return [column for column in LISTS.columns if column in opened.schema_arrow.names]


def _whole(table: Any, said: Mapping[str, Any]) -> Any:
    """A table with what its folders say, and texts of one kind."""
    import pyarrow as pa

    kinds = {TEXT: pa.large_string(), DATE: pa.timestamp("ns"), NUMBER: pa.float64()}
    own = [(c, kinds[TEXT] if LISTS.columns[c] == TEXT else table.schema.field(c).type) for c in table.column_names]
    table = table.cast(pa.schema(own))
    for column, value in said.items():
        table = table.append_column(column, pa.repeat(pa.scalar(value, kinds[LISTS.columns[column]]), len(table)))
    return table


def _row_groups(file: File) -> Iterator[Any]:
    """The row groups of a file, without the weights."""
    with _opened(file.path, file.name) as opened:
        columns = [column for column in _own_columns(opened) if LISTS.columns[column] != NUMBER]
        for group in range(opened.num_row_groups):
            with reading_parquet("accounts", file.name):
                table = _whole(opened.read_row_group(group, columns=columns), file.said)
                table.validate(full=True)  # texts are UTF-8
            yield table


def _require_columns(schema: Any, name: str, said: Mapping[str, Any]) -> None:
    import pyarrow.types as kinds

    found = [*schema.names, *said]
    lost = [column for column in LISTS.columns if column not in found and column != "date"]
    if lost:
        raise InputError(
            f"accounts: '{name}' has no column {listed(map(repr, lost))}. Found: {listed(found, 20)}. Give a row a holding, "
            f"with {listed(LISTS.columns)}."
        )

    def is_text(kind: Any) -> bool:
        kind = kind.value_type if kinds.is_dictionary(kind) else kind
        return kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind)

    fits: dict[str, Callable[[Any], bool]] = {
        TEXT: is_text,
        DATE: lambda kind: kinds.is_date(kind) or (kinds.is_timestamp(kind) and kind.tz is None),
        NUMBER: lambda kind: kinds.is_floating(kind) or kinds.is_integer(kind) or kinds.is_decimal(kind),
    }
    for column, kind in LISTS.columns.items():
        if column in schema.names and not fits[kind](schema.field(column).type):
            raise InputError(
                f"accounts: '{name}' holds {schema.field(column).type} values in '{column}', not {WANTED[kind]}. Write the "
                f"column as {WANTED[kind]}."
            )


def _runs(portfolio: Any, last: str | None, name: str) -> tuple[np.ndarray, Any]:
    """Where the rows of another account begin, and whose they are; `last` is the account before them."""
    if portfolio.null_count:
        raise InputError(
            f"accounts: {counted(portfolio.null_count, 'row')} of '{name}' without a portfolio. Nobody can tell whose the "
            f"holdings are: fill the column, or remove the rows."
        )
    codes = portfolio.indices.to_numpy(zero_copy_only=False)
    begins = np.flatnonzero(np.diff(codes, prepend=-1))
    own = portfolio.dictionary.take(portfolio.indices.take(begins))
    if len(own) and own[0].as_py() == last:
        begins, own = begins[1:], own[1:]
    return begins, own


def _require_together(labels: Any) -> None:
    import pyarrow.compute as pc

    counts = pc.value_counts(labels)
    apart = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if apart:
        raise InputError(
            f"accounts: {counted(len(apart), 'account')} whose rows do not stand together: {listed(apart)}. A task has "
            f"whole accounts: sort the rows by portfolio; docs/reference/accounts.md has how."
        )


def _parts(starts: np.ndarray, files: list[File], ends: list[int]) -> list[Part]:
    """Rows cut where an account begins."""
    total, cuts = ends[-1], [0]
    while cuts[-1] < len(starts):
        first = cuts[-1]
        fits = int(np.searchsorted(starts, starts[first] + ROWS_OF_A_PART, "right")) - 1
        end = len(starts) if total - starts[first] <= ROWS_OF_A_PART else max(fits, first + 1)
        cuts.append(min(end, first + ACCOUNTS_OF_A_PART, len(starts)))
    bounds = [*starts[cuts[:-1]].tolist(), total]
    begins = [0, *ends[: len(files) - 1]]
    return [
        Part(
            f"part-{number:05d}.parquet",
            [
                (file, max(first, begin) - begin, min(stop, end) - begin)
                for file, begin, end in zip(files, begins, ends, strict=False)
                if max(first, begin) < min(stop, end)
            ],
        )
        for number, (first, stop) in enumerate(pairwise(bounds))
    ]
