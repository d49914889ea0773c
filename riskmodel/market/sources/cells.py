"""Cells of an export into texts, days and numbers, by what is stated of them; what does not fit is told by its place."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from numbers import Real
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from riskmodel.errors import InputError, counted, listed
from riskmodel.market.day_forms import EXCEL_DATES, read_days, read_stamps
from riskmodel.market.sources.mapping import RATIOS, UNITS, How, TableMap
from riskmodel.market.tables import parsed_numbers

EXCEL_DAY = pd.Timestamp("1899-12-30")  # day 0 of a workbook's serial numbers
PLAIN = str.maketrans(
    {"−": "-", "－": "-", "＋": "+", "％": "%", "△": "-", "▲": "-", "\u00a0": " ", "\u202f": " ", "’": "'"}
)
TYPED = ("floating", "integer", "mixed-integer-float")
SHOWN = 40  # characters of a cell in a message
Dropped = dict[tuple[str, str], int]  # rows that are left out, by the column and the cell that say so


@dataclass(frozen=True)
class Cells:
    """One column of an export.

    Attributes
    ----------
    values
        The cells as they are in the file; the index is the number of their rows there.
    place
        File, sheet and column, as a message names them.
    """

    values: pd.Series
    place: str


def numbers(cells: Cells, how: How, unit: str | None) -> tuple[pd.Series, list[str]]:
    """Cells as floats in the unit of the tables, NaN where one is empty, and what is wrong with them.

    Examples
    --------
    >>> cells = Cells(pd.Series(["1.234,5", "(2,0)", "", "4 %"], index=[2, 3, 4, 5]), "x.csv 'Kurs'")
    >>> values, problems = numbers(cells, How(decimal=",", thousands="."), "cents")
    >>> values.round(4).tolist()[:3], problems
    ([12.345, -0.02, nan], ["x.csv 'Kurs': 1 cell has a percent sign: row 5 '4 %'. State units = percent"])
    """
    if unit in RATIOS:
        return _ratios(cells, how, unit)
    factor = 1.0 if unit is None else UNITS[unit]
    if cells.values.dtype.kind in "iuf" and not how.missing:
        return cells.values.astype(float) * factor, []
    given = cells.values.astype(object)
    kind = pd.api.types.infer_dtype(given, skipna=True)
    if not how.missing and kind in TYPED:  # a workbook's, most often
        return given.astype(float) * factor, []
    if kind == "string" and how.decimal == "." and not how.thousands:  # a text file's, where nothing is to be told
        texts = _without_missing(given, how)
        parsed = parsed_numbers(texts.where(texts != "").astype("object"))
        if not (parsed.isna() & (texts != "")).any():
            return parsed.rename(None) * factor, []
    typed = given.map(lambda cell: isinstance(cell, Real) and not isinstance(cell, bool)).to_numpy(dtype=bool)
    if how.missing:
        typed = typed & (_without_missing(given, how) != "").to_numpy()  # a workbook has -999 as a number
    texts = _without_missing(given[~typed], how)
    plain = texts.str.translate(PLAIN).str.strip().str.replace(r"^\((.*)\)$", r"-\1", regex=True)
    problems = []
    signed = plain.str.endswith("%")
    if signed.any() and unit != "percent":
        problems.append(_problem(cells, texts[signed], "has a percent sign", "have a percent sign", "State units = percent"))
    plain = plain.str.removesuffix("%").str.strip()
    foreign = pd.Series(False, index=plain.index)  # written with another point than the stated one: 1.234 with decimal = ","
    if how.thousands:
        foreign = plain.str.contains(how.thousands, regex=False) & ~_grouped(plain, how)
        plain = plain.str.replace(how.thousands, "", regex=False)
    if how.decimal == ",":
        foreign |= plain.str.contains(".", regex=False)
        plain = plain.str.replace(",", ".", regex=False)
    parsed = parsed_numbers(plain.where(plain != "").astype("object"))
    wrong = (parsed.isna() & (plain != "") & ~signed) | foreign
    if wrong.any():
        hint = "State decimal, thousands or missing"
        problems.append(_problem(cells, texts[wrong], "is no number", "are no numbers", hint))
    out = pd.Series(np.nan, index=given.index)
    out[~typed] = parsed.to_numpy()
    out[typed] = given[typed].astype(float)
    return out * factor, problems


def _ratios(cells: Cells, how: How, unit: str) -> tuple[pd.Series, list[str]]:
    """New shares for one old out of the two numbers of a cell, or out of one, which is for one.

    Examples
    --------
    >>> cells = Cells(pd.Series(["1 → 3", "5:1", "2", "none"], index=[2, 3, 4, 5]), "x.csv 'Ratio'")
    >>> values, problems = _ratios(cells, How(), "old_for_new")
    >>> values.tolist(), problems[0].split("'. ")[0]
    ([3.0, 0.2, 0.5, nan], "x.csv 'Ratio': 1 cell is no ratio of one or two numbers: row 5 'none")
    """
    texts = _without_missing(cells.values, how)
    point = re.escape(how.decimal)
    plain = texts.str.translate(PLAIN)
    found = plain.str.findall(rf"\d+(?:{point}\d+)?").where(~plain.str.contains("%"), "")  # 5 % is 1.05 for one
    pairs = [[float(number.replace(how.decimal, ".")) for number in (*each, "1", "1")[:2]] for each in found]
    ratios = [first / second if first and second else np.nan for first, second in pairs]
    out = pd.Series(ratios, index=texts.index, dtype=float).where((found.str.len() > 0) & (found.str.len() <= len(RATIOS)))
    wrong = out.isna() & (texts != "")
    problems = []
    if wrong.any():
        what = ("is no ratio of one or two numbers", "are no ratios of one or two numbers")
        problems.append(_problem(cells, texts[wrong], *what, "Write 5:1, or the number alone"))
    return (out if unit == "new_for_old" else 1 / out), problems


def days(cells: Cells, how: How) -> tuple[pd.Series, list[str]]:
    """Cells as days, NaT where one is empty, and what is wrong with them.

    Examples
    --------
    >>> cells = Cells(pd.Series(["30.06.2016", "2016-07-01"], index=[2, 3]), "x.csv 'Tag'")
    >>> days(cells, How(dates="DD.MM.YYYY"))[1]
    ["x.csv 'Tag': 1 cell is no date of the stated form: row 3 '2016-07-01'. State dates"]
    >>> days(Cells(pd.Series(["6/30/2016 0:00", "7/1/2016"]), "x.csv 'Day'"), How(dates="MM/DD/YYYY"))[0].dt.day.tolist()
    [30, 1]
    """
    given = cells.values
    if given.dtype.kind == "M":
        return _plain_days(cells, given, how)
    typed = given.map(lambda cell: isinstance(cell, datetime.date)).to_numpy()
    zoned = typed.copy()
    zoned[typed] = [getattr(cell, "tzinfo", None) is not None for cell in given[typed]]
    read, problems = _days_of_texts(cells, _without_missing(given[~typed], how), how)
    out = pd.Series(pd.NaT, index=given.index, dtype="datetime64[ns]")
    out[~typed] = read
    for some, aware in ((typed & ~zoned, False), (zoned, True)):
        if some.any():
            plain, timed = _plain_days(cells, pd.to_datetime(given[some], utc=aware), how, given[some])
            out[some] = plain.to_numpy()
            problems += timed
    return out, problems


def _days_of_texts(cells: Cells, texts: pd.Series, how: How) -> tuple[np.ndarray, list[str]]:
    problems = list[str]()
    if how.dates == EXCEL_DATES:
        serial = parsed_numbers(texts.where(texts != "").astype("object"))
        read = (EXCEL_DAY + pd.to_timedelta(serial.where(serial == np.floor(serial)), unit="D")).to_numpy()
    else:
        read = read_days(texts, how.dates).to_numpy()
    wrong = np.isnat(read) & (texts != "").to_numpy()
    if wrong.any() and how.dates != EXCEL_DATES:
        stamped, moments = read_stamps(texts[wrong], how.dates)
        if how.zone:
            read = read.astype("datetime64[ns]")
            read[wrong] = _days_there(moments, how.zone).to_numpy()
        timed = stamped.notna().to_numpy() & np.isnat(read[wrong])
        problems += _of_times(cells, texts[wrong][timed], how, zoned=bool(moments.notna().any()))
        wrong[wrong] = np.isnat(read[wrong]) & ~timed
    if wrong.any():
        what = ("is no date of the stated form", "are no dates of the stated form")
        problems.append(_problem(cells, texts[wrong], *what, "State dates"))
    return read, problems


def _plain_days(cells: Cells, dates: pd.Series, how: How, shown: pd.Series | None = None) -> tuple[pd.Series, list[str]]:
    """Typed cells as days, those of the stated zone, and what is wrong where they carry a time: it may make another day."""
    written = dates if shown is None else shown
    if dates.dt.tz is not None:
        if how.zone:
            return _days_there(dates, how.zone), []
        return dates.dt.tz_localize(None), _of_times(cells, written[dates.notna()].map(str), how, zoned=True)
    timed = dates.notna() & (dates != dates.dt.normalize())
    return dates, _of_times(cells, written[timed].map(str), how, zoned=False)


def _days_there(moments: pd.Series, zone: str) -> pd.Series:
    """The days that moments are of in a zone: 23:05 in London is the next day in Singapore."""
    return moments.dt.tz_convert(ZoneInfo(zone)).dt.tz_localize(None).dt.normalize().astype("datetime64[ns]")


def _of_times(cells: Cells, timed: pd.Series, how: How, *, zoned: bool) -> list[str]:
    """What is wrong with cells that carry a time of day, as it may make another day of them."""
    if timed.empty:
        return []
    what, advice = ("carries a time of day", "carry a time of day"), "Give plain dates"
    if how.zone:
        what = ("carries a time of day without a zone", "carry a time of day without a zone")
    elif zoned:
        advice = 'Give plain dates, or state zone, whose days are meant: zone = "Asia/Singapore"'
    return [_problem(cells, timed, *what, advice)]


def texts(cells: Cells, how: How) -> pd.Series:
    """Cells as texts, whole numbers of a workbook without their point, missing where one is empty."""
    plain = _without_missing(cells.values, how)
    return plain.where(plain != "")


def _without_missing(given: pd.Series, how: How) -> pd.Series:
    """Cells as texts, "" where there is none or one that stands for none."""
    none = {text.strip(): "" for text in how.missing}
    if pd.api.types.infer_dtype(given, skipna=True) == "string":  # each different cell once
        codes, different = pd.factorize(given)
        plain = pd.Series(different, dtype=object).astype(str).str.strip().replace(none)
        return plain.reindex(codes, fill_value="").set_axis(given.index).rename(given.name)
    return given.map(_text).astype(str).str.strip().replace(none)


def grouped_forms(thousands: str) -> tuple[str, ...]:
    """Regular expressions of a whole number in groups: of three, and with commas as in India, of two before the last three.

    Examples
    --------
    >>> [[bool(re.fullmatch(form, text)) for form in grouped_forms(",")] for text in ("1,00,000", "100,000", "1,23")]
    [[False, True], [True, False], [False, False]]
    """
    of_three = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+"
    return (of_three, r"\d{1,2}(?:,\d{2})*,\d{3}") if thousands == "," else (of_three,)


def _grouped(plain: pd.Series, how: How) -> pd.Series:
    """Which cells are grouped before their point as most are, all in one way: a mix of two is written by mistake."""
    rest = rf"(?:{re.escape(how.decimal)}\d*)?"
    ways = [plain.str.fullmatch(rf"[-+]?{form}{rest}") for form in grouped_forms(how.thousands)]
    return max(ways, key=lambda fit: int(fit.sum()))


def _text(cell: object) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _problem(cells: Cells, wrong: pd.Series, one: str, many: str, advice: str) -> str:
    shown = listed(f"row {row} {' '.join(text.split())[:SHOWN]!r}" for row, text in wrong.items())
    count = len(wrong)
    return f"{cells.place}: {counted(count, 'cell')} {one if count == 1 else many}: {shown}. {advice}"


def only_column(frame: pd.DataFrame, label: str, place: str, name: str) -> pd.Series:
    """One column of an export.

    Raises
    ------
    InputError
        Where several have its header.
    """
    column = frame[label]
    if isinstance(column, pd.DataFrame):
        title = column.shape[1] > frame.shape[1] / 2  # of which a currency or a field stands over every column
        lower = f" Where the header is the line below, state skip in [tables.{name}]." if title else ""
        raise InputError(f"{name}: {place} has {column.shape[1]} columns '{label}'. Give each a header of its own.{lower}")
    return column


def stated_texts(frame: pd.DataFrame, label: str, key: str, place: str, name: str, stated: TableMap) -> pd.Series:
    """The texts of a column of theirs that a key of a mapping names."""
    if label not in frame:
        raise InputError(
            f"{name}: {place} has no column '{label}', which [tables.{name}] {key} names. "
            f"Found: {listed(map(str, frame.columns), 20)}."
        )
    return texts(Cells(only_column(frame, label, place, name), f"{place} '{label}'"), stated)


def without_dropped(frame: pd.DataFrame, place: str, name: str, stated: TableMap, dropped: Dropped) -> pd.DataFrame:
    """The rows of an export that a mapping does not leave out; `dropped` gets how many each cell of `drop` left out.

    Raises
    ------
    InputError
        Where there is no such column.

    Examples
    --------
    >>> rows, counts = pd.DataFrame({"Class": ["Equity", "Total"], "Value": [1, 1]}), {}
    >>> without_dropped(rows, "x.csv", "holdings", TableMap(drop={"Class": "Total"}), counts)["Class"].tolist(), counts
    (['Equity'], {('Class', 'Total'): 1})
    """
    keep = pd.Series(True, frame.index)
    for label, words in stated.drop.items():
        said = stated_texts(frame, label, "drop", place, name, stated)
        for word in words:
            these = said == word.strip()
            dropped[label, word] = dropped.get((label, word), 0) + int(these.sum())
            keep &= ~these
    return frame if keep.all() else frame[keep]


def require_dropped(name: str, dropped: Dropped) -> None:
    """Refuse a cell of `drop` that no row has."""
    nowhere = [f"'{label}': {word!r}" for (label, word), rows in dropped.items() if not rows]
    if nowhere:
        raise InputError(
            f"{name}: [tables.{name}] drop: no row has {listed(nowhere)}. Write what stands there, or leave the word out."
        )
