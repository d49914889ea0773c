"""A plain file of segments: weights and returns of two sides, period by period."""

from __future__ import annotations

import re
import warnings
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.brinson.effects import REMAINDER
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.tables import parsed_numbers

SIDES = ("portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return")
TOTAL = "Total"
WEIGHT_TOLERANCE = 1e-4  # files carry rounded weights
DATES = (
    *("%Y-%m-%d", "%Y-%m", "%Y/%m/%d", "%Y/%m", "%Y.%m.%d", "%Y.%m", "%Y年%m月%d日", "%Y年%m月"),
    *("%d.%m.%Y", "%m.%Y", "%m/%Y", "%m-%Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y"),
    *("%b %Y", "%b-%Y", "%b-%y", "%b %y", "%B %Y", "%b %d, %Y", "%B %d, %Y"),
)
DAY_FIRST, MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"
QUARTER = re.compile(r"(?:[Qq]([1-4])|([1-4])[Qq])[ '/-]?(\d{4}|\d{2})")
HOURS = re.compile(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]\d{1,2}|\d[T ]\d{1,2}:\d{2}")
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
        order of dates where all of them are dates, else naturally (Q2 before Q10); segments in the order of the file.

    Raises
    ------
    InputError
        For a file that cannot be read or has no rows, a column that is missing, a cell that is not a number, an empty
        weight, a segment that is there twice, a reserved name, a period with a time of day.
    """
    path = Path(path)
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
    periods = ordered_periods(list(frame["period"].unique()), name) if "period" in frame.columns else []
    row = pd.Index(periods).get_indexer(frame["period"]) if periods else np.zeros(len(frame), int)
    arrays = {}
    for side, values in numbers.items():
        array = np.full((max(len(periods), 1), len(segments)), np.nan if side.endswith("return") else 0.0)
        array[row, column] = values
        arrays[side] = (("time", "segment"), array) if periods else (("segment",), array[0])
    coords = {"segment": segments} | ({"time": pd.Index(periods, dtype=object)} if periods else {})
    return xr.Dataset(arrays, coords)


def ordered_periods(periods: list[str], name: str = "period") -> list[str]:
    """Order labels of periods as dates where all of them are dates, else naturally.

    Parameters
    ----------
    periods
        Labels, each once.
    name
        Of the file, for a message.

    Raises
    ------
    InputError
        For dates that could be read in two orders, or a date that is there twice.

    Examples
    --------
    >>> ordered_periods(["Q10", "Q2"]), ordered_periods(["31 Dec 2024", "31 Jan 2024"])
    (['Q2', 'Q10'], ['31 Jan 2024', '31 Dec 2024'])
    """
    if dates := _dates(periods, *DATES):
        return _sorted(periods, dates, name)
    quarters = [match for match in map(QUARTER.fullmatch, periods) if match]
    if len(quarters) == len(periods):
        return _sorted(periods, [(match[3][-2:], match[1] or match[2]) for match in quarters], name)
    orders = {tuple(_sorted(periods, dates, name)) for form in (DAY_FIRST, MONTH_FIRST) if (dates := _dates(periods, form))}
    if len(orders) > 1:
        raise InputError(
            f"{name}: periods {listed(periods)} could be read with the day first or the month first, which gives another "
            f"order. Write dates as YYYY-MM-DD."
        )
    if orders:
        return list(orders.pop())
    return sorted(periods, key=_natural)


def _sorted(periods: list[str], keys: list[Any], name: str) -> list[str]:
    pairs = sorted(zip(keys, periods, strict=True), key=lambda pair: pair[0])
    for (key, period), (following, other) in pairwise(pairs):
        if key == following:
            raise InputError(f"{name}: periods '{period}' and '{other}' are the same date. Write a period in one way only.")
    return [period for _, period in pairs]


def _dates(periods: list[str], *forms: str) -> list[datetime]:
    """Each label as a date by the first form that reads it; none where one of them is no date."""
    dates = []
    for period in periods:
        for form in forms:
            try:
                dates.append(datetime.strptime(period, form))
            except ValueError:
                continue
            break
        else:
            return []
    return dates


def _natural(label: str) -> list[tuple[int, int, str]]:
    """Digits count as numbers, the rest as text."""
    parts = re.split(r"([0-9]+)", label)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]


def _cells(path: Path) -> pd.DataFrame:
    """Every cell as written, so that '0130', 'NA' and 'TRUE' stay codes."""
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
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
            f"{path.name}: cannot be read as CSV ({str(error).strip()}). Separate cells with commas; decimals have a point."
        ) from None
    frame = frame.apply(lambda column: column.fillna("").str.strip())
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
