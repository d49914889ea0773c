"""Files and cells of tables: texts without control characters, days, numbers; what is written otherwise is told."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from types import NoneType

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed, shortened
from riskmodel.market.fitness.hints import of_dates, of_encoding, of_numbers
from riskmodel.texts import MASK, has_control, visible, with_formula, without_secrets

LARGEST_NUMBER = 1e100  # of a cell: no price, count or amount comes near, and products of three stay finite
ZONE = r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"
FIRST_DATE, LAST_DATE = pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")
WHOLE_DATE = r"^(?:17|18|19|20|21)\d{2}-\d{2}-\d{2}(?:[T ]|$)"  # a month or a year alone is not a day
BLOCK = 1 << 24
LINE_END = re.compile(rb"[\r\n]")
MOST_COLUMNS = 20_000  # a library takes gigabytes for millions of them, and is ended
NOTHING = (type(pd.NA), type(pd.NaT))
TIMES = (datetime.date, np.datetime64)
SEEN = 6  # cells that are written out, before a message cuts them
DELIMITERS = {",": ",", ";": ";", "\t": "\\t", "|": "|"}  # of a text file, and how a book writes each
ZIPPED = b"PK\x03\x04"  # how a workbook begins
LONGEST_LINE = 100_000  # characters of a header that are looked at
LOOKED_AT = 50  # lines under what is taken for a header
SHOWN = 60  # characters of a cell in a message


def require_plain_kinds(values: pd.Series, column: str, name: str, wanted: str, advice: str) -> None:
    """Refuse cells that are lists, bytes or times, or dates where numbers are wanted: they would be turned into text."""
    kinds = TIMES if wanted == "dates" else ()
    odd = values.dtype.kind in "mM" or isinstance(values.dtype, pd.DatetimeTZDtype)
    wrong = np.full(len(values), odd)
    if values.dtype == object and not odd:
        known = (str, Real, Decimal, NoneType, *NOTHING, *kinds)
        types = {kind for kind in map(type, values) if not issubclass(kind, known)}
        if types:
            wrong = np.array([type(value) in types for value in values])
    if wrong.any():
        rows = np.flatnonzero(wrong)
        cells = listed(f"row {row + 1} {values.iloc[row]!r}" for row in rows[:SEEN])
        raise InputError(
            f"{name}: {counted(len(rows), 'cell')} of '{column}' are no {wanted} but {type(values.iloc[rows[0]]).__name__}: "
            f"{cells}. {advice}"
        )


def require_texts(values: pd.Series, column: str, name: str) -> None:
    """Refuse what is no text, and control characters: names and codes have none, and they steer what shows them."""
    require_plain_kinds(values, column, name, "texts", "Write the column as text.")
    odd = [text for text in values.unique() if isinstance(text, str) and has_control(text)]
    if odd:
        rows = np.flatnonzero(values.isin(odd))
        cells = listed(f"row {row + 1} '{visible(values.iloc[row][:SHOWN], keep='')}'" for row in rows)
        raise InputError(
            f"{name}: {counted(len(rows), 'cell')} of '{column}' with a control character: {cells}. "
            f"Remove what cannot be seen: ends of lines, tabs, escapes, signs that turn the direction of writing."
        )


def one_line(error: Exception, secrets: Iterable[str] = ()) -> str:
    """What a library says, as a part of a message of one line; what is secret is masked while it is whole, before a cut.

    Examples
    --------
    >>> one_line(ValueError("no role in postgresql://reader:word@host, given word"), ["word"])
    'no role in postgresql://reader:***@host, given ***'
    """
    said = str(error)
    for secret in secrets:
        said = said.replace(secret, MASK)
    return shortened(visible(" ".join(without_secrets(said).split()), keep="")) or type(error).__name__


def require_plain_csv(path: Path, name: str) -> None:
    """Refuse a CSV with a NUL in it, which parsers take for the end of a cell, and one with columns beyond counting.

    Raises
    ------
    InputError
        For either; the message names the line, or counts the columns.
    """
    if first_bytes(path, len(ZIPPED)) == ZIPPED:
        raise InputError(
            f"{name}: '{path.name}' is a workbook or a zip, whatever its name says. Save the sheet as CSV; or name it "
            f'.xlsx, and state file = "{path.stem}.xlsx" in [tables.{name}] of the book.'
        )
    with path.open("rb") as file:
        lines, columns, header = 0, 1, True
        while block := file.read(BLOCK):
            place = block.find(b"\0")
            if place >= 0:
                line = lines + block.count(b"\n", 0, place) + 1
                raise InputError(f"{name}: '{path.name}' has a NUL in line {line}. {of_encoding(name, 'utf-16')}")
            if header:
                end = LINE_END.search(block)
                columns += block.count(b",", 0, end.start() if end else len(block))
                header = end is None
            if columns > MOST_COLUMNS:
                raise InputError(
                    f"{name}: '{path.name}' has more than {MOST_COLUMNS:,} columns in its first line. A table has a row for "
                    f"each observation, with the columns that its page names."
                )
            lines += block.count(b"\n")


def first_line(path: Path, encoding: str, skip: int = 0) -> str:
    """A line of a text file, its header where so many lines stand above; empty where there is none."""
    with path.open(encoding=encoding, newline=None) as file:
        for _ in range(skip):
            file.readline(LONGEST_LINE)
        return file.readline(LONGEST_LINE).rstrip("\n")


def lines_below(path: Path, encoding: str, skip: int = 0) -> list[str]:
    """The lines of a text file under its header, as many as are looked at for where the header is."""
    with path.open(encoding=encoding, newline=None) as file:
        for _ in range(skip + 1):
            file.readline(LONGEST_LINE)
        return [file.readline(LONGEST_LINE) for _ in range(LOOKED_AT)]


def require_delimiter(header: str, delimiter: str, path: Path, name: str, below: Sequence[str] = (), skip: int = 0) -> None:
    """Refuse a text file whose header has not one of its delimiters, but several of another.

    Where lines `below` have the delimiter, what stands `skip` lines down is no header, and how many to skip is said.

    Examples
    --------
    >>> require_delimiter("date;ticker;weight", ",", Path("lists.csv"), "holdings")
    Traceback (most recent call last):
    ...
    riskmodel.errors.InputError: holdings: 'lists.csv' is split by ';', not by ',': its first line is 'date;ticker;weight'. \
State delimiter = ";" (and decimal = "," where it has decimal commas) beside file = "lists.csv" in [tables.holdings] of the \
book, or save it with commas.
    """
    if delimiter in header:
        return
    counts = {other: header.count(other) for other in DELIMITERS if other != delimiter}
    most = max(counts, key=lambda other: counts[other])
    if counts[most] < 1:
        return
    written = DELIMITERS[most]
    of_ours = DELIMITERS.get(delimiter, repr(delimiter)[1:-1])
    said = f"'{visible(shortened(header, SHOWN), keep='')}'"
    above = next(  # a line of decimal commas has as many of the header's own delimiter as the header
        (place for place, line in enumerate(below, 1) if line.count(delimiter) > line.count(most) != counts[most]), None
    )
    if above is not None:
        raise InputError(
            f"{name}: '{path.name}' has lines above its header, which are split by no '{of_ours}': the first is {said}. "
            f'State skip = {skip + above} beside file = "{path.name}" in [tables.{name}] of the book.'
        )
    raise InputError(
        f"{name}: '{path.name}' is split by '{written}', not by '{of_ours}': its first line is {said}. "
        f'State delimiter = "{written}" (and decimal = "," where it has '
        f'decimal commas) beside file = "{path.name}" in [tables.{name}] of the book, or save it with commas.'
    )


def first_bytes(path: Path, most: int) -> bytes:
    """So many bytes of a file, or all that it has: a device has no end."""
    with path.open("rb") as file:
        return file.read(most)


def from_csv(cells: pd.Series) -> pd.Series:
    """Texts of a CSV without the apostrophe that keeps a spreadsheet from running them.

    Examples
    --------
    >>> from_csv(pd.Series(["A", "'=1+1", "'s"])).tolist()
    ['A', '=1+1', "'s"]
    """
    quoted = {text: plain for text in cells.unique() if isinstance(text, str) and (plain := with_formula(text)) != text}
    return cells.replace(quoted) if quoted else cells


def places(frame: pd.DataFrame, rows: np.ndarray, key: tuple[str, ...]) -> str:
    """The first five of `rows` by their keys, then how many more."""
    shown = frame.iloc[np.flatnonzero(rows)[:5] if rows.dtype == bool else rows[:5]]
    dated = {k: shown[k].dt.strftime("%Y-%m-%d") if shown[k].dtype.kind == "M" else shown[k] for k in key}
    cells = [dated[k].astype(object).where(shown[k].notna(), "(empty)").astype(str) for k in key]
    texts = [shortened(" ".join(parts)) for parts in zip(*cells, strict=True)]
    total = int(rows.sum()) if rows.dtype == bool else len(rows)
    return ", ".join(texts) + (f" and {total - 5:,} more" if total > 5 else "")


def as_text(frame: pd.DataFrame, column: str, name: str, key: tuple[str, ...], sparse: frozenset[str]) -> pd.Series:
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind in "iufbM":
        raise InputError(
            f"{name}: column '{column}' holds {values.dtype} values, not text, e.g. {listed(values.head(3))}. "
            f"Codes such as '0130' or 'TRUE' are damaged once they are numbers; write the column as text."
        )
    require_texts(values, column, name)
    return values.astype("str").where(values.notna() & (values != ""))


def as_date(frame: pd.DataFrame, column: str, name: str, key: tuple[str, ...], sparse: frozenset[str]) -> pd.Series:
    values = frame[column]
    if values.dtype.kind in "iufb":
        raise InputError(f"{name}: column '{column}' holds {values.dtype} values, not dates. Write dates as YYYY-MM-DD.")
    if values.dtype.kind != "M" and not isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.where(values != "")
        require_plain_kinds(values, column, name, "dates", "Write dates as YYYY-MM-DD.")
        text = values.dropna().astype(str)
        codes, labels = pd.factorize(text)  # a day stands in many rows, and is looked at once
        different = pd.Series(labels, dtype=text.dtype)
        zoned = different.str.contains(ZONE).to_numpy(dtype=bool)
        if zoned.any():
            cells = text[zoned[codes]]
            raise InputError(
                f"{name}: {counted(len(cells), 'cell')} of '{column}' carry a time zone: {listed(cells)}. "
                f"Give plain dates, YYYY-MM-DD."
            )
        whole = different.where(different.str.contains(WHOLE_DATE))
        known = pd.to_datetime(whole, format="ISO8601", errors="coerce")
        dates = known.take(codes).set_axis(text.index).reindex(values.index).rename(values.name)
        _require_dates((dates.isna() & values.notna()).to_numpy(), values, column, name)
        values = dates
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        raise InputError(f"{name}: column '{column}' carries a time zone ({values.dt.tz}). Give plain dates, YYYY-MM-DD.")
    _require_dates(((values < FIRST_DATE) | (values > LAST_DATE)).to_numpy(), values, column, name)
    hours = (values.notna() & (values != values.dt.normalize())).to_numpy()
    if hours.any():
        raise InputError(
            f"{name}: {counted(int(hours.sum()), 'cell')} of '{column}' carry a time of day: "
            f"{listed(values[hours])}. Give plain dates, YYYY-MM-DD."
        )
    return values.astype("datetime64[ns]")


def _require_dates(wrong: np.ndarray, values: pd.Series, column: str, name: str) -> None:
    if wrong.any():
        cells = (f"row {i + 1} {str(values.iloc[i])!r}" for i in np.flatnonzero(wrong))
        raise InputError(
            f"{name}: {counted(int(wrong.sum()), 'cell')} of '{column}' are not dates: {listed(cells)}. "
            f"{of_dates(values[wrong].astype(str), name)}"
        )


def as_number(frame: pd.DataFrame, column: str, name: str, key: tuple[str, ...], sparse: frozenset[str]) -> pd.Series:
    values = frame[column]
    if values.dtype.kind not in "iuf":
        require_plain_kinds(values, column, name, "numbers", "Write plain decimals with a point and a minus sign.")
        values = values.where(values != "") if values.dtype.kind != "b" else values.astype(str)
        numbers = parsed_numbers(values)
        wrong = (numbers.isna() & values.notna() & (values.astype(str).str.lower() != "nan")).to_numpy()
        if wrong.any():
            raise InputError(
                f"{name}: {counted(int(wrong.sum()), 'cell')} of '{column}' are not numbers: "
                f"{listed(f'row {i + 1} {values.iloc[i]!r}' for i in np.flatnonzero(wrong))}. "
                f"{of_numbers(values[wrong].astype(str), column, name)}"
            )
        values = numbers
    values = values.astype("float64")
    sizes = np.abs(values.to_numpy())
    infinite = sizes > LARGEST_NUMBER
    if infinite.any():
        keyed = frame.assign(**{column: values})
        what = "infinite value" if np.isinf(sizes).any() else f"value above {LARGEST_NUMBER:g} in size"
        plural = None if np.isinf(sizes).any() else f"values above {LARGEST_NUMBER:g} in size"
        raise InputError(
            f"{name}: {counted(int(infinite.sum()), what, plural)} in '{column}': "
            f"{places(keyed, infinite, key)}. Usually a division by zero upstream; give the number"
            f"{', or leave the cell empty where nobody knows it' if column in sparse else ''}."
        )
    return values


def parsed_numbers(cells: pd.Series) -> pd.Series:
    """Cells as floats, each the nearest to what is written; NaN where one is missing or no number.

    Notes
    -----
    pandas before 3 is a last digit off in every sixth cell (`to_numeric`), so that a table would be another one as CSV than
    as Parquet. It decides what is a number only where Arrow, which is exact and stricter, refuses a cell.

    Examples
    --------
    >>> parsed_numbers(pd.Series(["0.017946266677531658", " 1e3", None, "1_000", "4 %"])).tolist()
    [0.017946266677531658, 1000.0, nan, nan, nan]
    """
    import pyarrow as pa

    try:
        exact = pa.array(cells, pa.string(), from_pandas=True).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return cells.where(pd.to_numeric(cells, errors="coerce").notna()).astype("float64")
    return pd.Series(exact, index=cells.index)
