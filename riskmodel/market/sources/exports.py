"""Tables out of somebody's exports, by what the book states of them."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.parquet_folder import as_frame, read_parquet
from riskmodel.market.plain_text import first_line, lines_below, one_line, require_delimiter
from riskmodel.market.sources.address import files_of, form_of
from riskmodel.market.sources.cells import Cells, Dropped, days, numbers, only_column, texts, without_dropped
from riskmodel.market.sources.mapped import converted, finished, known_columns, require_known, spread
from riskmodel.market.sources.mapping import EMPTY_LINE, OF_SHEET, PLACEHOLDER, How, Sheet, TableMap
from riskmodel.market.sources.source import Folder
from riskmodel.market.tables import DATE, TABLES, TEXT, Table, checked_table, file_hash

WORKBOOKS = (".xlsx", ".xlsm")
OF_WIDE = {
    "layout",
    "fields",
    "identifiers",
    "unadjusted",
    "derived",
    "cash",
    "beginnings",
    "endings",
    "digits",
    "values",
}  # what is stated of a wide table as a whole


@dataclass(frozen=True)
class Exports:
    """A folder with exports, and what is stated of them; tables of which nothing is stated are tidy ones.

    Attributes
    ----------
    folder
        That file names are relative to.
    maps
        By table.
    dropped
        By table that was read, how many rows each cell of `drop` left out.
    """

    folder: Path
    maps: Mapping[str, TableMap] = field(default_factory=dict)
    dropped: dict[str, Dropped] = field(default_factory=dict, init=False, compare=False, repr=False)

    def table(self, name: str, spec: Table | None = None) -> pd.DataFrame | None:
        """One table.

        Raises
        ------
        InputError
            As `riskmodel.market.tables.read_table`; all that is wrong in the cells of an export is told at once, with the
            file, sheet, row and column.
        """
        if name not in self.maps:
            return Folder(self.folder).table(name, spec)
        spec = TABLES[name] if spec is None else spec
        return checked_table(self._mapped(name, spec), name, spec)

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file that a table was read from, and of what is stated of it."""
        found = Folder(self.folder).hashes()
        found = {file: digest for file, digest in found.items() if file.split(".")[0] not in self.maps}
        for name, stated in self.maps.items():
            for path, _ in self._files(name, stated):
                found[f"{name}.{path.relative_to(self.folder)}"] = file_hash(path)
            found[f"{name}.mapping"] = hashlib.sha256(stated.model_dump_json(exclude_defaults=True).encode()).hexdigest()
        return dict(sorted(found.items()))

    def _files(self, name: str, stated: TableMap) -> Iterator[tuple[Path, dict[str, str]]]:
        patterns = stated.file or tuple(file for sheet in stated.fields.values() for file in sheet.file)
        for pattern in patterns:
            yield from files_of(self.folder, pattern, name, stated)

    def _mapped(self, name: str, spec: Table) -> pd.DataFrame:
        stated, problems = self.maps[name], list[str]()
        kinds = known_columns(name, spec, stated)
        require_stated(name, stated)
        require_known(name, stated, kinds)
        dropped: Dropped = {}
        if stated.fields:
            wide = _wide(self.folder, name, stated, kinds, problems, dropped)
            self.dropped[name] = dropped
            return finished(wide, name, stated, self.table, problems)
        pieces = _long(self.folder, name, stated, kinds, problems, dropped)
        self.dropped[name] = dropped
        joined = pd.concat([piece for _, piece in pieces], ignore_index=True)
        return finished(joined, name, stated, self.table, problems, lambda row: _place_of(row, pieces), dropped)


def _long(
    folder: Path, name: str, stated: TableMap, kinds: Mapping[str, str], problems: list[str], dropped: Dropped
) -> list[tuple[str, pd.DataFrame]]:
    """What each file has, by the file's name; the index is the number of each row in it."""
    pieces = []
    for pattern in stated.file:
        for path, in_name in files_of(folder, pattern, name, stated):
            for sheet, frame in read_cells(path, stated, name, dropped):
                place, own = _place(path, sheet), stated
                if stated.items is not None:
                    frame = without_dropped(frame, place, name, stated, dropped)
                    own = stated.model_copy(update={"drop": {}})  # its columns are gone with the rows an item
                    keys = [stated.columns.get(key, key) for key in TABLES[name].key if key not in stated.constant]
                    frame = spread(frame, keys, stated.items.column, stated.items.value, place, name)
                said = {**in_name, **_said_of_sheet(sheet, name, stated)}
                piece = converted(frame, place, name, own, kinds, problems, said=said, said_by=place, dropped=dropped)
                pieces.append((place, piece))
    return pieces


def _said_of_sheet(sheet: str | None, name: str, stated: TableMap) -> dict[str, str]:
    """What the name of a sheet says, by the constants that have it."""
    of_sheet = {ours: text for ours, text in stated.constant.items() if OF_SHEET in text}
    if of_sheet and sheet is None:
        raise InputError(
            f"{name}: [tables.{name}] constant: '{next(iter(of_sheet))}' has {OF_SHEET}, and a file that is no workbook, or "
            f"one of which no sheet is named, has none. State sheet."
        )
    return {ours: text.replace(OF_SHEET, sheet or "") for ours, text in of_sheet.items()}


def _place_of(row: int, pieces: list[tuple[str, pd.DataFrame]]) -> str:
    for place, piece in pieces:
        if row < len(piece):
            return f"{place} row {piece.index[row]}"
        row -= len(piece)
    raise IndexError(row)


def _wide(
    folder: Path, name: str, stated: TableMap, kinds: Mapping[str, str], problems: list[str], dropped: Dropped
) -> pd.DataFrame:
    date, ticker = sorted(TABLES[name].key, key=lambda column: kinds[column] != DATE)
    require_own_sheets(folder, name, stated)
    joined: pd.DataFrame | None = None
    for ours, sheet in stated.fields.items():
        parts = []
        for pattern in sheet.file:
            for path, _ in files_of(folder, pattern, name, sheet):
                for its, frame in read_cells(path, sheet, name, dropped):
                    unpivoted = _unpivoted(frame, sheet, _place(path, its), name, problems, stated.layout)
                    parts.append(unpivoted.set_axis([date, ticker, ours], axis=1))
        column = pd.concat(parts, ignore_index=True)
        joined = column if joined is None else joined.merge(column, on=[date, ticker], how="outer")
    assert joined is not None
    joined[ticker] = joined[ticker].replace(stated.values.get(ticker, {}))
    return joined.dropna(subset=list(stated.fields), how="all").reset_index(drop=True)


def _unpivoted(frame: pd.DataFrame, sheet: Sheet, place: str, name: str, problems: list[str], layout: str) -> pd.DataFrame:
    """Days, names and numbers of a grid, a row each."""
    if lost := [label for label in sheet.beside if label not in frame.columns]:
        raise InputError(
            f"{name}: {place} has no column '{lost[0]}', which beside names. Found: {listed(map(str, frame.columns), 20)}."
        )
    frame = frame.drop(columns=list(sheet.beside))
    first = frame.columns[0]
    columns = {str(theirs): only_column(frame, theirs, place, name) for theirs in frame.columns[1:]}
    header = pd.Series(list(columns), [f"of the header {place}" for _ in columns], dtype=object)
    of_days = Cells(frame[first], f"{place} '{first}'") if layout == "wide" else Cells(header, place)
    index, wrong = days(of_days, sheet)
    problems.extend(wrong)
    values, wrong = numbers(Cells(pd.concat([*columns.values()]), place), sheet, sheet.unit)  # all at once: faster
    if wrong:
        problems.extend(
            told
            for theirs, column in columns.items()
            for told in numbers(Cells(column, f"{place} '{theirs}'"), sheet, sheet.unit)[1]
        )
    across, down = np.array(list(columns), dtype=object), len(frame)
    if layout == "wide":
        keys = np.tile(index.to_numpy(), len(across)), np.repeat(across, down)
    else:
        names = texts(Cells(frame[first], f"{place} '{first}'"), sheet)
        keys = np.repeat(index.to_numpy(), down), np.tile(names.to_numpy(dtype=object), len(across))
    return pd.DataFrame({"date": keys[0], "name": keys[1], "value": values.to_numpy()})


def read_cells(path: Path, how: How, name: str, dropped: Dropped) -> list[tuple[str | None, pd.DataFrame]]:
    """The cells of a file under its header, or of each of its sheets that are stated, as they are, with the sheet's name.

    The index is the number of each row in the file; `dropped` gets how many lines of several cells `until` left out.

    Raises
    ------
    InputError
        For a file that cannot be read as it is stated; the message says what would do where that can be known.
    """
    try:
        if path.suffix == ".parquet":
            frame = as_frame(read_parquet(path, path.name, name)[0])
            return [(None, frame.set_axis(range(1, len(frame) + 1)))]
        if path.suffix in WORKBOOKS:
            read = [(sheet, cells.iloc[how.skip :]) for sheet, cells in _workbook(path, how, name)]
        else:
            below = lines_below(path, how.encoding, how.skip)
            require_delimiter(first_line(path, how.encoding, how.skip), how.delimiter, path, name, below, how.skip)
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                cells = pd.read_csv(
                    path, sep=how.delimiter, encoding=how.encoding, header=None, dtype=str, keep_default_na=False,
                    skip_blank_lines=False, index_col=False, skiprows=how.skip,
                )  # fmt: skip
            read = [(None, cells)]
    except InputError:  # which is a ValueError too
        raise
    except (UnicodeDecodeError, LookupError):
        raise InputError(
            f"{name}: '{path.name}' is not written in {how.encoding}. State encoding in [tables.{name}]: cp932, utf-16, "
            f"latin-1 or another."
        ) from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, OSError, ValueError) as error:
        raise InputError(f"{name}: '{path.name}' cannot be read ({one_line(error)}).") from None
    return [(sheet, _under_header(cells, how, name, _place(path, sheet), dropped)) for sheet, cells in read]


def _under_header(cells: pd.DataFrame, how: How, name: str, place: str, dropped: Dropped) -> pd.DataFrame:
    if cells.empty:
        raise InputError(
            f"{name}: '{place}' has no header under {counted(how.skip, 'line')} to skip. Correct the file, or skip."
        )
    cells.index = range(how.skip + 1, how.skip + len(cells) + 1)
    body = cells.iloc[1 + how.under :].set_axis(
        ["" if pd.isna(label) else str(label).strip() for label in cells.iloc[0]], axis=1
    )
    empty = body.isna() | (body == "")
    if how.until:
        body = _until(body, empty, how, name, place, dropped)
        empty = empty.loc[body.index]
    return body.loc[~empty.all(axis=1), ~(empty.all() & (body.columns == "")).to_numpy()]  # a delimiter at the end of lines


def _until(body: pd.DataFrame, empty: pd.DataFrame, how: How, name: str, place: str, dropped: Dropped) -> pd.DataFrame:
    """The rows above the notes that a mapping says stand below a table; refused where a line there is no note.

    A note has one cell, or fills less than half of the table's columns, as the last line of a feed with its count of rows.
    """
    if how.until == EMPTY_LINE:
        below = empty.all(axis=1)
    else:
        below = body.iloc[:, 0].map(lambda cell: isinstance(cell, str) and cell.strip().startswith(how.until))
    if not below.any():
        return body
    first = int(below.to_numpy().argmax())
    more = (~empty).iloc[first:].sum(axis=1)
    more = more[more > 1]
    width = int(((body.columns != "") | ~empty.iloc[:first].all().to_numpy()).sum())
    rows = [f"row {row} ({count} cells)" for row, count in more[2 * more >= width].items()]
    if rows:
        raise InputError(
            f"{name}: '{place}' has lines below until = \"{how.until}\" that are no notes, which fill less than half of the "
            f"columns: {listed(rows)}. State until as the words that the notes begin with, or correct the file: no row is "
            f"left out."
        )
    if len(more):
        dropped["until", how.until] = dropped.get(("until", how.until), 0) + len(more)
    return body.iloc[:first]


def open_workbook(path: Path, subject: str) -> pd.ExcelFile:
    """A workbook, to be closed after use; `subject` begins the message where nothing can open one.

    Raises
    ------
    InputError
        Where openpyxl is not installed. What openpyxl raises of a damaged file is left as it is.
    """
    try:
        return pd.ExcelFile(path, engine="openpyxl")
    except ImportError:
        raise InputError(
            f"{subject}: '{path.name}' is a workbook, and openpyxl is not installed. Install the extra: "
            f"pip install 'factor-attribution[sources]', or save its sheets as CSV."
        ) from None


def sheet_cells(book: pd.ExcelFile, sheet: str | int) -> pd.DataFrame:
    """All cells of a sheet as they are, missing where one is empty, and for no other reason: NA is a name."""
    cells = pd.read_excel(book, sheet_name=sheet, header=None, dtype=object, keep_default_na=False)
    return cells.mask(cells == "")


def _workbook(path: Path, how: How, name: str) -> list[tuple[str | None, pd.DataFrame]]:
    """The cells of the sheets that are stated, in the order in which they are stated; of the only one without its name."""
    with open_workbook(path, name) as book:
        sheets = [str(sheet) for sheet in book.sheet_names]
        forms = [re.compile(form_of(sheet)) for sheet in how.sheet]
        found = list(dict.fromkeys(sheet for form in forms for sheet in sheets if form.fullmatch(sheet)))
        lost = [text for text, form in zip(how.sheet, forms, strict=True) if not any(map(form.fullmatch, sheets))]
        if lost or (not forms and len(sheets) > 1):
            said = f"names the sheet '{lost[0]}'" if lost else "says no sheet"
            raise InputError(
                f"{name}: [tables.{name}] {said}; '{path.name}' has: {listed(sheets, 20)}. State sheet: a name, a list, or "
                f'"*" for all.'
            )
        if not forms:
            return [(None, sheet_cells(book, 0))]
        return [(sheet, sheet_cells(book, sheet)) for sheet in found]


def _place(path: Path, sheet: str | None) -> str:
    return path.name if sheet is None else f"{path.name} [{sheet}]"


def require_own_sheets(folder: Path, name: str, stated: TableMap) -> None:
    """Refuse a wide table of which two columns of ours are read from one sheet: closes would be returns' index."""
    seen = dict[tuple[Path, str | None], str]()
    for ours, sheet in stated.fields.items():
        for path in (path for pattern in sheet.file for path, _ in files_of(folder, pattern, name, sheet)):
            for of_sheet in (sheet.sheet or (None,)) if path.suffix in WORKBOOKS else (None,):  # its only one has no name
                others = [
                    other
                    for (file, its), other in seen.items()
                    if file == path and other != ours and (its == of_sheet or None in (its, of_sheet))
                ]
                if others:
                    raise InputError(
                        f"{name}: [tables.{name}.fields] {others[0]} and {ours} name the same sheet "
                        f"'{_place(path, of_sheet)}', whose numbers cannot be both. Name the file or sheet of each, or "
                        f"leave out the one that you have not."
                    )
                seen[path, of_sheet] = ours


def by_day(spec: Table) -> bool:
    """Whether a table has a number for each day and name, so that a sheet can hold it."""
    return sorted(spec.columns[column] for column in spec.key) == sorted((DATE, TEXT))


def require_stated(name: str, stated: TableMap) -> None:
    """Refuse what cannot be meant of files: a wide table without fields, one of a database."""
    place, wide = f"[tables.{name}]", stated.layout != "long"
    if stated.table or stated.query:
        what = "table" if stated.table else "query"
        raise InputError(f"{name}: {place} {what}: data in [book] is a folder. Name a database there, or state file.")
    if wide != bool(stated.fields) or wide == bool(stated.file):
        raise InputError(
            f'{name}: {place} needs file = "..." for a long table, or layout = "wide" and [tables.{name}.fields] with a '
            f"file for each column of ours."
        )
    if wide and not by_day(TABLES[name]):
        can = [table for table, spec in TABLES.items() if by_day(spec)]
        raise InputError(
            f"{name}: {place} layout: a table by day and one name can be wide: {', '.join(can)}. Give a long file."
        )
    unused = sorted(stated.model_fields_set - OF_WIDE) if wide else []
    if unused:
        raise InputError(
            f"{name}: {place} {unused[0]}: a wide table has a file for each column. State it in each of "
            f"[tables.{name}.fields]."
        )
    if wide and any(PLACEHOLDER.search(file) for sheet in stated.fields.values() for file in sheet.file):
        raise InputError(f"{name}: {place} fields: a sheet has its days and names in its cells. Write * for what differs.")
