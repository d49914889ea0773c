"""A plain file of segments: weights and returns of two sides, period by period."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.effects import REMAINDER
from attribution.linking.period_names import places_in_a_year, readings
from riskmodel.arrays.labels import require_path
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.plain_text import from_csv, one_line, require_plain_csv, require_texts
from riskmodel.market.tables import parsed_numbers

SIDES = ("portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return")
TOTAL = "Total"
WEIGHT_TOLERANCE = 1e-4  # files carry rounded weights
BY_DATE, AS_FILED = "date", "file"  # the order of periods
HOURS = re.compile(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]\d{1,2}|\d[T ]\d{1,2}:\d{2}")
NUMBER = re.compile("[0-9]{1,18}")
ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2}|UTC|GMT)$")


def read_segments(path: str | Path) -> xr.Dataset:
    """Read weights and returns of segments for `attribution.brinson.brinson_effects`.

    Parameters
    ----------
    path
        CSV, UTF-8, with a header: segment, portfolio_weight, benchmark_weight, portfolio_return, benchmark_return and,
        where there is more than one, period. Decimals. A return may be empty where the weight of its side is zero. A
        segment without a row in a period is held by neither side.

    Returns
    -------
    Dataset
        The four columns on (time, segment), or on (segment) without `period`. Labels are text as written: periods in the
        order of dates where all of them can be read as dates in one way only, else in the order of the file, and
        `attrs["period_order"]` says which, "date" or "file"; segments in the order of the file.

    Raises
    ------
    InputError
        For a file that cannot be read or has no rows, a column that is missing, a cell that is not a number, an empty
        weight, a segment that is there twice, a reserved name, a period with a time of day.
    """
    path = require_path("segments", path, "Name the CSV file of the segments.")
    frame = _cells(path)
    name = path.name
    lacking = [column for column in ("segment", *SIDES) if column not in frame.columns]
    if lacking:
        raise InputError(
            f"{name}: missing {'column' if len(lacking) == 1 else 'columns'} {listed(map(repr, lacking))}. "
            f"Found: {listed(frame.columns, 20)}."
        )
    if frame.empty:
        raise InputError(f"{name}: the file has a header but no rows.")
    key = [column for column in ("period", "segment") if column in frame.columns]
    for column in key:
        require_texts(frame[column], column, name)
        _require_labels(frame[column], name, column)
    repeats = frame[frame.duplicated(key)]
    if len(repeats):
        places = listed(" ".join(row) for row in repeats[key].itertuples(index=False))
        raise InputError(
            f"{name}: {counted(len(repeats), 'duplicate row')} of ({', '.join(key)}): {places}. "
            f"Keep one each; add up what belongs together."
        )
    numbers = {column: _numbers(frame, column, name, key) for column in SIDES}
    segments = pd.Index(frame["segment"].unique(), dtype=object)
    column = segments.get_indexer(frame["segment"])
    periods, order = period_order(list(frame["period"].unique()), name) if "period" in frame.columns else ([], AS_FILED)
    row = pd.Index(periods).get_indexer(frame["period"]) if periods else np.zeros(len(frame), int)
    arrays = {}
    for side, values in numbers.items():
        array = np.full((max(len(periods), 1), len(segments)), np.nan if side.endswith("return") else 0.0)
        array[row, column] = values
        arrays[side] = (("time", "segment"), array) if periods else (("segment",), array[0])
    coords = {"segment": segments} | ({"time": pd.Index(periods, dtype=object)} if periods else {})
    return xr.Dataset(arrays, coords, {"period_order": order} if periods else {})


def ordered_periods(periods: list[str], name: str = "period") -> list[str]:
    """Order labels of periods as dates where all of them are dates of one unit, else leave them in the order of the file.

    Parameters
    ----------
    periods
        Labels, each once, in the order of the file.
    name
        Of the file, for a message.

    Raises
    ------
    InputError
        For dates that could be read in two ways with another order, or a date that is there twice.

    Examples
    --------
    >>> ordered_periods(["31 Dec 2024", "Jan 31, 2024"]), ordered_periods(["Nov", "Dec", "Jan"])
    (['Jan 31, 2024', '31 Dec 2024'], ['Nov', 'Dec', 'Jan'])
    """
    return period_order(periods, name)[0]


def period_order(periods: list[str], name: str = "period") -> tuple[list[str], str]:
    """`ordered_periods`, and whether it is the order "date" or that of the "file"."""
    ways = {reading.how: _sorted(periods, reading.keys, name) for reading in readings(periods)}
    if not ways:
        return list(periods), AS_FILED
    if len({tuple(way) for way in ways.values()}) > 1:
        *some, last = ways
        raise InputError(
            f"{name}: periods {listed(periods)} could be read with {', '.join(some)} or {last}, which gives another order. "
            f"Write dates as YYYY-MM-DD, months as YYYY-MM."
        )
    return next(iter(ways.values())), BY_DATE


def follow_one_another(periods: list[str]) -> bool:
    """Whether names without a year run forward, over the end of one year at most; names that have no number do.

    Examples
    --------
    >>> follow_one_another(["11月", "12月", "1月"]), follow_one_another(["Q3", "Q1", "Q4"]), follow_one_another(["stub"])
    (True, False, True)
    """
    places = places_in_a_year(periods)
    falls = [left > right for left, right in pairwise(places)]
    return sum(falls) == 0 or (sum(falls) == 1 and places[-1] < places[0])


def _sorted(periods: list[str], keys: Sequence[Any], name: str) -> list[str]:
    pairs = sorted(zip(keys, periods, strict=True), key=lambda pair: pair[0])
    for (key, period), (following, other) in pairwise(pairs):
        if key == following:
            raise InputError(f"{name}: periods '{period}' and '{other}' are the same date. Write a period in one way only.")
    return [period for _, period in pairs]


def _cells(path: Path) -> pd.DataFrame:
    """Every cell as written, so that '0130', 'NA' and 'TRUE' stay codes."""
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        require_plain_csv(path, path.name)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows with more fields than the header
            frame = pd.read_csv(
                path, dtype=str, keep_default_na=False, encoding="utf-8-sig", header=None, index_col=False, na_filter=False
            )
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: not UTF-8. Save it as UTF-8 (it may be cp932).") from None
    except pd.errors.EmptyDataError:
        raise InputError(f"{path.name}: the file is empty.") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, OSError) as error:
        raise InputError(
            f"{path.name}: cannot be read as CSV ({one_line(error)}). Separate cells with commas; decimals have a point."
        ) from None
    frame = frame.apply(lambda column: from_csv(column.fillna("").str.strip()))
    frame = frame[(frame != "").any(axis=1)]  # spreadsheets leave rows of commas at the end
    if frame.empty:
        raise InputError(f"{path.name}: the file is empty.")
    header = frame.iloc[0]
    again = header[header.duplicated() & header.isin(["period", "segment", *SIDES])]
    if len(again):
        raise InputError(f"{path.name}: column {listed(map(repr, again.unique()))} is there twice. Keep one.")
    return frame.iloc[1:].set_axis(header.to_numpy(), axis=1).reset_index(drop=True)


def _require_labels(labels: pd.Series, name: str, column: str) -> None:
    empty = np.flatnonzero(labels == "")
    if len(empty):
        raise InputError(
            f"{name}: {counted(len(empty), 'empty cell')} in '{column}': {_rows(empty)}. Fill it; remove a "
            f"row only if it states nothing, as a footer does."
        )
    reserved = labels[labels.isin([TOTAL] if column == "period" else [TOTAL, REMAINDER])].unique()
    if len(reserved):
        raise InputError(
            f"{name}: {column} {listed(map(repr, reserved))} is a reserved name. "
            f"Leave totals out (they are computed), or rename it."
        )
    if column == "period":
        hours = labels[labels.str.contains(HOURS)].unique()
        if len(hours):
            kind = "time zone" if any(ZONE.search(label) for label in hours) else "time of day"
            raise InputError(
                f"{name}: {counted(len(hours), 'period')} with a {kind}: {listed(hours)}. Give plain dates, YYYY-MM-DD."
            )


def _numbers(frame: pd.DataFrame, column: str, name: str, key: list[str]) -> np.ndarray:
    text = frame[column]
    numbers = parsed_numbers(text.where(text != ""))
    nan = text.str.lower() == "nan"
    wrong = np.flatnonzero(numbers.isna() & (text != "") & ~nan)
    if len(wrong):
        cells = listed(f"row {i + 1} {text.iloc[i]!r}" for i in wrong)
        percent = " A percent sign is not read: divide by 100." if text.iloc[wrong].str.endswith("%").any() else ""
        raise InputError(
            f"{name}: {counted(len(wrong), 'cell')} of '{column}' {'is' if len(wrong) == 1 else 'are'} not "
            f"{'a number' if len(wrong) == 1 else 'numbers'}: {cells}. Write decimals with a point, 0.25 for 25 %.{percent}"
        )
    weight = column.endswith("weight")
    empty = np.flatnonzero(numbers.isna() if weight else nan)
    if len(empty):
        raise InputError(
            f"{name}: {counted(len(empty), 'cell')} of '{column}' {'empty or ' if weight else ''}NaN: "
            f"{listed(' '.join(frame[key].iloc[i]) for i in empty)}. "
            f"{'Write 0' if weight else 'Leave the cell empty'} where the segment is not held."
        )
    return numbers.to_numpy()


def _rows(positions: np.ndarray) -> str:
    return listed(f"row {i + 1}" for i in positions)
