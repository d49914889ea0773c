"""Files that nobody has described: their encoding, delimiter, sheets and header, as far as they can be seen."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_hashable

from riskmodel.errors import InputError
from riskmodel.facts import Fact
from riskmodel.market.encodings import encodings_of
from riskmodel.market.parquet_folder import as_frame, read_parquet
from riskmodel.market.plain_text import one_line
from riskmodel.market.sources.exports import WORKBOOKS, open_workbook, sheet_cells
from riskmodel.market.sources.mapping import EMPTY_LINE
from riskmodel.market.sources.opening import database_of
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, shape_of
from riskmodel.market.sources.recognition.looking.delimiter import delimiter_of, rows_of
from riskmodel.market.sources.recognition.looking.header import (
    codes_among,
    has_units_below,
    header_row,
    heads_of,
    is_word,
    labels_of,
    second_header,
)
from riskmodel.market.sources.recognition.names import abstract, doubtful_in

PLAIN = (".csv", ".tsv", ".txt", ".psv", ".dat")
INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls an index without a name in Parquet
MOST_NAMED = 5  # files of a packed one
MOST_SAID = 8  # cells of a header's other lines that tell what stands below: more are names
NOTE = 20  # characters of a note that tell where notes begin
MOST_LAST = 4  # lines of several cells below a table
PART = 0.4  # of a table's columns at the most that such a line fills


@dataclass(frozen=True, eq=False)
class Seen:
    """A sheet or file with a header.

    Attributes
    ----------
    file
        Relative to the folder, with slashes.
    sheet
        Of a workbook.
    how
        What `riskmodel.market.sources.mapping.How` wants to read it so.
    cells
        Under the header; labels are its texts.
    why
        What was seen of the file as a whole.
    said
        What a second row of the header says of all columns but the first: the field of a grid.
    unnamed
        The places, from 1, of columns with cells and no header, which are not among the cells.
    twice
        Headers that several columns have, of which the first is among the cells.
    titles
        What stands in the lines above the header.
    ascii
        Whether a text file has none but the characters that most encodings write alike.
    encodings
        Of a text file, where its letters leave several that it may be in.
    """

    file: str
    sheet: str | None
    how: dict[str, Any]
    cells: pd.DataFrame
    why: tuple[Fact, ...] = field(default_factory=tuple)
    said: str = ""
    unnamed: tuple[int, ...] = ()
    twice: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    ascii: bool = False
    encodings: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The header."""
        return tuple(map(str, self.cells.columns))


@dataclass(frozen=True)
class Unread:
    """A file, or a sheet of it, that holds no table that can be seen."""

    file: str
    sheet: str | None
    why: Fact


def look(folder: Path) -> Iterator[Seen | Unread]:
    """Every file of a folder and of those in it, in the order of their names; nothing is written."""
    paths = sorted(folder.rglob("*"))
    families: dict[str, list[Path]] = {}
    for path in paths:
        if path.suffix.lower() in PLAIN and path.is_file():
            families.setdefault(abstract(path.relative_to(folder).as_posix()), []).append(path)
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts):
            continue
        try:
            yield from _of_file(path, name, families.get(abstract(name), ()))
        except UnreadableError as error:
            yield Unread(name, None, Fact("unreadable", {"reason_given": str(error)}))
        except (InputError, MemoryError):
            raise
        except Exception as error:
            yield not_understood(name, None, error)


def not_understood(file: str, sheet: str | None, error: Exception) -> Unread:
    """A file or sheet of which looking failed, by a mistake of ours: it must not cost the others."""
    return Unread(file, sheet, Fact("not_understood", {"reason_given": f"{type(error).__name__}: {one_line(error)}"}))


class UnreadableError(Exception):
    """What a library says of a file that it cannot read, on one line."""


@contextmanager
def _by_a_library() -> Iterator[None]:
    """Calls of a library alone: of a damaged file it raises what it pleases, and our own mistakes must not pass for that."""
    try:
        yield
    except (InputError, MemoryError):  # what is wrong is no file's
        raise
    except Exception as error:
        raise UnreadableError(one_line(error)) from error


def _of_file(path: Path, name: str, alike: Sequence[Path]) -> Iterator[Seen | Unread]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield _of_parquet(path, name)
    elif suffix in WORKBOOKS:
        for sheet, grid in _sheets(path).items():
            try:
                yield _under_header(grid, name, sheet, {"sheet": sheet}, ())
            except (InputError, MemoryError):
                raise
            except Exception as error:
                yield not_understood(name, sheet, error)
    elif suffix in PLAIN:
        with _by_a_library():
            raw = path.read_bytes()
        yield _of_text(raw, name, () if raw.isascii() else (each.read_bytes() for each in alike if each != path))
    elif suffix == ".zip":
        with _by_a_library(), zipfile.ZipFile(path) as packed:
            names = tuple(packed.namelist())
        word = doubtful_in(name, None)
        old = Fact("packed_old", {"names": names[:MOST_NAMED], "word": word})
        yield Unread(name, None, Fact("packed", {"names": names[:MOST_NAMED]}) if word is None else old)
    elif (tables := _tables_of_a_database(path)) is not None:
        yield Unread(name, None, Fact("database", {"names": tables[:MOST_NAMED]}))
    else:
        yield Unread(name, None, Fact("other_kind", {"suffix": suffix or path.name}))


def _tables_of_a_database(path: Path) -> tuple[str, ...] | None:
    """The tables of a database file; None of another file.

    One that cannot be opened, as its library is not installed, costs no other file; one with a log beside it is not opened,
    since its reader may write there.
    """
    try:
        engine = database_of(path)
        if engine is not None and path.with_name(f"{path.name}-wal").exists():
            raise UnreadableError("a database that is being written: a log lies beside it")
        if engine is None:
            return None
        with engine.session() as session:
            return tuple(session.tables())
    except InputError as error:
        raise UnreadableError(one_line(error)) from error


def _of_parquet(path: Path, name: str) -> Seen | Unread:
    try:
        cells = as_frame(read_parquet(path, name, "exports")[0])
    except InputError as error:
        raise UnreadableError(one_line(error)) from error
    cells = cells.set_axis([*map(str, cells.columns)], axis=1).apply(_plain)
    counts = [label for label in cells.columns if INDEX.fullmatch(label) and shape_of(cells[label]).kind == NUMBER]
    cells = cells.drop(columns=counts)  # the number of each row, which nobody called a column
    if len(cells.columns) < 2 or cells.empty:
        return Unread(name, None, Fact("no_table"))
    return _seen(name, None, {}, cells, (Fact("parquet"),))


def _plain(column: pd.Series) -> pd.Series:
    """A column of which a cell is a list or a map as texts: it holds no numbers, days or names."""
    return column if all(map(is_hashable, column.dropna().head(1))) else column.map(str)


def _sheets(path: Path) -> dict[str, pd.DataFrame]:
    with _by_a_library(), open_workbook(path, "exports") as book:
        return {sheet: sheet_cells(book, sheet) for sheet in map(str, book.sheet_names)}


def _of_text(raw: bytes, name: str, alike: Iterable[bytes]) -> Seen | Unread:
    encodings = encodings_of(raw, alike)
    encoding = encodings[0]
    with _by_a_library():
        text = raw.decode(encoding)
        delimiter = delimiter_of(text)
        rows = [] if delimiter is None else list(rows_of(text, delimiter))
    if delimiter is None:
        return Unread(name, None, Fact("no_table"))
    width = max(map(len, rows))
    grid = pd.DataFrame([row + [""] * (width - len(row)) for row in rows], dtype=object)
    how = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    how |= {} if delimiter == "," else {"delimiter": delimiter}
    shown = {"\t": "tab"}.get(delimiter, delimiter)
    why = (Fact("text_file", {"encoding": encoding, "delimiter": shown}),)
    seen = _under_header(grid.mask(grid.isna() | (grid == "")), name, None, how, why)
    several = encodings if len(encodings) > 1 else ()
    return replace(seen, ascii=raw.isascii(), encodings=several) if isinstance(seen, Seen) else seen


def _under_header(
    grid: pd.DataFrame, name: str, sheet: str | None, how: dict[str, Any], why: tuple[Fact, ...]
) -> Seen | Unread:
    filled = grid.notna().sum(axis=1).to_numpy()
    width = int(pd.Series(filled[filled > 1]).max()) if (filled > 1).any() else 0
    above = header_row(grid, filled, width)
    if above is None or above + 1 >= len(grid) or width < 2:
        return Unread(name, sheet, Fact("no_table"))
    if (under := second_header(grid, above)) is not None and not _are_units(grid, above, under):
        return _grid(grid, under, name, sheet, how, why)
    titles = tuple(_texts_of(grid.iloc[:above]))
    below = above + 1
    if (heads := heads_of(grid, above)) is not None:
        above, last, below = codes_among(grid, heads), heads[-1], heads[-1] + 1
        titles = tuple(_texts_of(grid.iloc[: heads[0]]))
        titles += tuple(dict.fromkeys(_texts_of(grid.iloc[[row for row in heads if row != above], 1:])))[:MOST_SAID]
        how, why = how | ({"under": last - above} if last > above else {}), (*why, Fact("heads", {"lines": len(heads)}))
    elif has_units_below(grid, above):
        below = above + 2
        titles += tuple(dict.fromkeys(_texts_of(grid.iloc[[above + 1]])))[:MOST_SAID]
        how, why = how | {"under": 1}, (*why, Fact("units_below", {"cells": tuple(_texts_of(grid.iloc[[above + 1]]))[:3]}))
    if above:
        how, why = how | {"skip": above}, (*why, Fact("lines_above", {"lines": above}))
    body = grid.iloc[below:].set_axis(labels_of(grid, above), axis=1)
    if (notes := _notes_below(body)) is not None:
        last, until = notes
        how, why = how | {"until": until}, (*why, Fact("notes_below", {"cell": _texts_of(body.iloc[last:])[0][:NOTE]}))
        body = body.iloc[:last]
    return replace(_seen(name, sheet, how, body, why), titles=titles)


def _are_units(grid: pd.DataFrame, above: int, under: int) -> bool:
    """Whether a second line of a header is one of units, which columns of days and names beside the first lack."""
    names, fields = labels_of(grid, above), labels_of(grid, above + 1)
    some = any(name and not field for name, field in zip(names[1:], fields[1:], strict=True))
    return under == above + 1 and some and has_units_below(grid, above)


def _texts_of(rows: pd.DataFrame) -> list[str]:
    """The cells of some lines as texts, without the empty ones."""
    return [" ".join(str(cell).split()) for cell in rows.to_numpy().ravel() if pd.notna(cell)]


def _notes_below(body: pd.DataFrame) -> tuple[int, str] | None:
    """Where notes begin below a table, and what a mapping states of it; None where there are none."""
    filled = body.notna().sum(axis=1).to_numpy()
    rows = np.flatnonzero(filled > 1)
    last = _last_lines(body, filled, rows)
    rows = rows[: len(rows) - last]
    end = int(rows[-1]) + 1 if len(rows) else 0
    if not end or end == len(body) or not filled[end:].any():
        return None
    notes = _texts_of(body.iloc[end:][filled[end:] == 1])
    apart = filled[end] == 0 and len(body.columns) > 2
    if not all(len(cell) > NOTE or (is_word(cell) and (apart or len(cell.split()) > 1)) for cell in notes):
        return None  # a name without a number, perhaps
    if filled[end] == 0 and (filled[:end] > 0).all():
        return end, EMPTY_LINE
    first = next((cell for cell in body.iloc[end:, 0] if isinstance(cell, str)), None)
    if first is None or (last and any(cell.startswith(first.strip()[:NOTE]) for cell in _firsts(body.iloc[:end]))):
        return None
    return end, first.strip()[:NOTE]


def _last_lines(body: pd.DataFrame, filled: np.ndarray, rows: np.ndarray) -> int:
    """How many of the last rows are no rows of the table but end a feed: `END,37,bank`, `Times are local; trading from 9`.

    They begin with a word and fill few of the columns, fewer than any row above.
    """
    width = int((body.notna().any().to_numpy() | (body.columns != "")).sum())
    for count in range(min(MOST_LAST, len(rows) - 1), 0, -1):
        few = min(PART * width, filled[rows[:-count]].min() - 1)
        if filled[rows[-count:]].max() <= few and _end_a_feed(body.iloc[rows[:-count]], body.iloc[rows[-count:]]):
            return count
    return 0


def _end_a_feed(above: pd.DataFrame, below: pd.DataFrame) -> bool:
    """Whether lines are told from rows of which little is known, of cash or a total: each says how many rows there are, or
    its first cell is written as none above, and it has no number below numbers.
    """
    counts = {str(len(above) + more) for more in (0, 1, len(below), 1 + len(below))}  # with a header, and with themselves
    forms = {_form(cell) for cell in _firsts(above)}
    plain = [not all(map(is_word, above.iloc[:, place].dropna())) for place in range(above.shape[1])]
    for line in below.to_numpy(dtype=object):
        number = any(is_plain and pd.notna(cell) and not is_word(cell) for is_plain, cell in zip(plain, line, strict=True))
        counted = bool(counts & {str(cell).strip() for cell in line[1:]})
        if not is_word(line[0]) or (not counted and (number or _form(line[0].strip()) in forms)):
            return False
    return True


def _firsts(rows: pd.DataFrame) -> list[str]:
    return [str(cell).strip() for cell in rows.iloc[:, 0].dropna()]


def _form(cell: str) -> str:
    """How a cell is written: A for letters, 0 for digits."""
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "A", cell))


def _seen(
    name: str, sheet: str | None, how: dict[str, Any], body: pd.DataFrame, why: tuple[Fact, ...], said: str = ""
) -> Seen:
    """What stands under a header, without the columns that it does not tell apart, which are named."""
    named, again = np.array(body.columns != ""), body.columns.duplicated()
    if not named[0]:  # the corner of a wide sheet is often empty
        named[0] = bool(said) or shape_of(body.iloc[:, 0]).kind == DAY
    filled = body.notna().any().to_numpy()
    unnamed = tuple(int(place) + 1 for place in np.flatnonzero(~named & filled))
    twice = tuple(dict.fromkeys(body.columns[named & again]))
    cells = body.loc[:, named & ~again].dropna(how="all").reset_index(drop=True)
    return Seen(name, sheet, how, cells, why, said, unnamed, twice)


def _grid(
    grid: pd.DataFrame, under: int, name: str, sheet: str | None, how: dict[str, Any], why: tuple[Fact, ...]
) -> Seen | Unread:
    """Numbers under names over one field, read as a table headed by the names; cells of the second row stand for nothing."""
    names, fields = labels_of(grid, under - 1), labels_of(grid, under)
    said = tuple(dict.fromkeys(field for field in fields[1:] if field))
    if len(said) > 1 or any(bool(name) != bool(field) for name, field in zip(names[1:], fields[1:], strict=True)):
        return Unread(
            name, sheet, Fact("two_headers", {"labels": said, "names": tuple(dict.fromkeys(filter(None, names[1:])))[:2]})
        )
    how = how | ({"skip": under - 1} if under > 1 else {}) | {"missing": sorted({fields[0], said[0]} - {""})}
    body = grid.iloc[under + 1 :].set_axis(names, axis=1)
    return _seen(name, sheet, how, body, (*why, Fact("lines_above", {"lines": under - 1})), said[0])
