"""Cells of a database as columns of a frame: decimals as floats, days as days; and which cells no table takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskmodel.errors import InputError, counted, listed, shortened
from riskmodel.market.tables import DATE, NUMBER, TEXT

AT_ONCE = 50_000  # rows that are objects of Python at a time: 10 million of them would take gigabytes
CODE = "code"  # of texts that may be written as whole numbers
WANTED = {NUMBER: "numbers", DATE: "dates", TEXT: "texts", CODE: "texts"}
SHOWN = 5
REFUSED: dict[str, tuple[type, ...]] = {  # kinds of cells that would be turned into something else without a word
    NUMBER: (bool, np.bool_, bytes, bytearray, memoryview),
    DATE: (bool, np.bool_, bytes, bytearray, memoryview),
    TEXT: (bool, np.bool_, bytes, bytearray, memoryview, int, float),
    CODE: (bool, np.bool_, bytes, bytearray, memoryview),
}


def plain_columns(table: pa.Table) -> pd.DataFrame:
    """Columns of Arrow as columns of a frame.

    Examples
    --------
    >>> from decimal import Decimal
    >>> plain_columns(pa.table({"close": [Decimal("0.1"), None]}))["close"].tolist()
    [0.1, nan]
    """
    columns = {name: _plain(column) for name, column in zip(table.column_names, table.columns, strict=True)}
    return pa.table(columns).to_pandas(date_as_object=False, split_blocks=True, self_destruct=True)


def frame_of_rows(
    names: Sequence[str], blocks: Iterable[Sequence[Sequence[Any]]], places: Sequence[int] | None = None
) -> pd.DataFrame:
    """Rows of a cursor, some at a time, as columns of a frame; cells of several kinds in one column stay as they are.

    Parameters
    ----------
    names
        Of the columns.
    blocks
        Rows, some at a time.
    places
        Of the named columns in a row; by default the rows have these columns alone.

    Examples
    --------
    >>> frame = frame_of_rows(["ticker", "close"], [[("A", 1), ("B", None)], [("C", 2.5)]])
    >>> frame["close"].tolist(), frame_of_rows(["close"], [[(1,), ("n/a",)]])["close"].tolist()
    ([1.0, nan, 2.5], [1, 'n/a'])
    """
    parts: list[list[Any]] = [[] for _ in names]
    for block in blocks:
        cells = list(zip(*block, strict=True))
        for part, place in zip(parts, range(len(names)) if places is None else places, strict=True):
            part.append(_packed(cells[place]))
    frame = pd.DataFrame({place: _joined(part) for place, part in enumerate(parts)})
    return frame.set_axis(list(names), axis=1)


def require_kinds(frame: pd.DataFrame, kinds: Mapping[str, str], place: str, name: str) -> None:
    """Refuse cells that are of no kind that the column can have: true and false, bytes, numbers for texts.

    Parameters
    ----------
    frame
        With the database's columns.
    kinds
        By the database's column.
    place
        The database's table, as a message names it.
    name
        The table of ours.
    """
    for column, kind in kinds.items():
        values = frame[column]
        if (values.dtype.kind in "iuf" and kind != TEXT) or values.dtype.kind not in "iufbO":
            continue
        if pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty"):
            continue
        wrong = values.map(lambda cell, kind=kind: isinstance(cell, REFUSED[kind]) and cell == cell).to_numpy(dtype=bool)
        if wrong.any():
            cells = values[wrong]
            shown = listed(f"row {row + 1} {shortened(repr(cell), 40)}" for row, cell in cells.iloc[:SHOWN].items())
            more = f" and {len(cells) - SHOWN:,} more" if len(cells) > SHOWN else ""
            what = ", ".join(sorted({type(cell).__name__ for cell in cells}))
            raise InputError(
                f"{name}: {counted(len(cells), 'cell')} of '{column}' in {place} {'is' if len(cells) == 1 else 'are'} no "
                f"{WANTED[kind]} but {what}: {shown}{more}. Make {WANTED[kind]} of them in a query, cast(... as ...)."
            )


def _packed(cells: tuple[Any, ...]) -> pa.Array | np.ndarray:
    try:
        return _plain(pa.array(cells))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        out = np.empty(len(cells), dtype=object)
        out[:] = cells
        return out


def _joined(parts: list[pa.Array | np.ndarray]) -> pd.Series:
    arrays = [part for part in parts if isinstance(part, pa.Array)]
    kinds = {array.type for array in arrays if array.null_count < len(array)}
    numbers = all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds)
    if len(arrays) == len(parts) and (len(kinds) <= 1 or numbers):
        kind = kinds.pop() if len(kinds) == 1 else pa.float64()
        whole = pa.chunked_array([array.cast(kind) if array.type != kind else array for array in arrays], kind)
        return pa.table({"": whole}).to_pandas(date_as_object=False)[""]
    out = [part.to_pylist() if isinstance(part, pa.Array) else list(part) for part in parts]
    return pd.Series([cell for part in out for cell in part], dtype=object)


def _plain(column: Any) -> Any:
    kind = column.type
    if pa.types.is_decimal(kind):  # by way of its digits: the nearest float
        return column.cast(pa.string()).cast(pa.float64())
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type)
    return column.cast(pa.float64()) if pa.types.is_null(kind) else column
