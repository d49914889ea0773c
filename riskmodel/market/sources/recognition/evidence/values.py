"""What the cells of a column look like: days of which form, numbers with which point, codes with check digits."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace
from functools import cache
from numbers import Real

import numpy as np
import pandas as pd

from riskmodel.market.day_forms import STAMP, day_of_stamp, forms_of
from riskmodel.market.sources.cells import PLAIN, grouped_forms
from riskmodel.market.spelling import stands_for_none

DAY, NUMBER, TEXT, EMPTY = "day", "number", "text", "empty"
POINTS = ((".", ""), (".", ","), (".", "'"), (".", " "), (",", ""), (",", "."), (",", " "), (",", "'"))  # decimal, thousands
FRACTION = "0.5"  # stands for all typed numbers with a fraction, which are no codes and have no point of the file's
ONE_DIGIT = {**PLAIN, **str.maketrans("123456789", "0" * 9)}
MOST = 5000  # different cells of a column that are looked at
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#"
FEW_LETTERS = re.compile(r"[^\W\d_][^\W\d_./ ]{0,3}\.?")
CODES = {"isin": r"[A-Z]{2}[A-Z0-9]{9}[0-9]", "cusip": r"[A-Z0-9]{8}[0-9]", "sedol": r"[B-DF-HJ-NP-TV-Z0-9]{6}[0-9]"}
SEDOL_WEIGHTS = (1, 3, 1, 7, 3, 9, 1)
FEW_STAMPS = 3  # that show how all are written
BRACKETS = re.compile(r"^\((.*)\)$")  # around a number below zero
DIGIT = re.compile(r"\d")
MANY_NUMBERS = 6  # different ones of a column, before a word among them stands for none
MOSTLY = 0.95  # of the cells of a column of codes have the right check digit


@dataclass(frozen=True)
class Shape:
    """What was seen of a column.

    Attributes
    ----------
    kind
        `day`, `number`, `text` or `empty`.
    forms
        Of days that are text: every form that all of them have, ours; of several one cannot tell.
    stamps
        Of days that carry a time of day, or a zone: some of them as they are written.
    zoned
        Whether each of these has its zone.
    points
        Of numbers that are text: every pair of decimal and thousands that all of them have.
    missing
        What stands in cells without a value.
    percent
        Whether numbers carry a percent sign.
    code
        `isin`, `cusip` or `sedol` where the check digits say so.
    texts
        Its different cells.
    unique
        Whether no two cells are alike.
    """

    kind: str
    forms: tuple[str, ...] = ()
    points: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    percent: bool = False
    code: str = ""
    texts: tuple[str, ...] = ()
    unique: bool = False
    stamps: tuple[str, ...] = ()
    zoned: bool = False


def shape_of(cells: pd.Series) -> Shape:
    """What a column looks like.

    Examples
    --------
    >>> shape_of(pd.Series(["1.234,5", "-", "2,25"])).points
    ((',', '.'),)
    >>> shape_of(pd.Series(["1,00,000.5", "99"])).points, shape_of(pd.Series(["1,00,00"])).points
    ((('.', ','),), ())
    >>> shape_of(pd.Series(["03/04/2025", "01/02/2025"])).forms
    ('DD/MM/YYYY', 'MM/DD/YYYY')
    """
    given = cells.dropna()
    if given.empty:
        return Shape(EMPTY)
    if given.dtype.kind in "iuf":
        return _of_typed(given)
    rows, given = len(given), pd.Series(given.unique())
    unique = len(given) == rows
    kinds = {*map(type, given)}
    if given.dtype.kind == "M" or all(issubclass(kind, datetime.date) for kind in kinds):
        return _of_days(given, unique)
    of_numbers = {kind for kind in kinds if issubclass(kind, Real) and not issubclass(kind, bool)}
    typed = np.array([type(cell) in of_numbers for cell in given], dtype=bool)
    different = pd.Series(given[~typed].astype(str).str.strip().unique(), dtype=object)
    words = different[~different.str.contains(r"\d")] if len(different) > MOST else different  # few, and all are looked at
    texts = pd.Series(_some(different.to_numpy()), dtype=object)
    texts = texts[texts != ""]
    whole = given[typed].map(lambda cell: str(int(cell)) if float(cell).is_integer() else "")
    if typed.all() and (whole != "").all() and forms_of(pd.Series(_some(whole.unique()), dtype=object)) == ("YYYYMMDD",):
        return Shape(DAY, ("YYYYMMDD",), unique=unique)
    absent = tuple(sorted(filter(stands_for_none, {*texts, *words} - {""})))
    there = texts[~texts.isin(absent)]
    if (word := _word_for_none(there)) is not None:
        absent, there = (*absent, word), there[there != word]
    numbers = _numbers(there)
    if typed.any() and (there.empty or numbers):
        parts = whole.replace("", FRACTION).unique()
        return Shape(NUMBER, points=numbers, missing=absent, texts=tuple(_some(parts)), unique=unique)
    if not typed.any() and not there.empty:
        forms = forms_of(there)
        if forms:
            return Shape(DAY, forms, missing=absent, unique=unique)
        if (stamps := _of_stamps(there)) is not None:
            return replace(stamps, missing=absent, unique=unique)
        code = code_of(texts)
        if numbers and not code:
            percent = bool(there.str.translate(PLAIN).str.endswith("%").any())
            return Shape(NUMBER, (), numbers, absent, percent, texts=tuple(there), unique=unique)
        return Shape(TEXT, code=code, texts=tuple(texts), unique=unique)
    return Shape(TEXT, texts=(*texts, *_some(whole.unique())), unique=unique)


def _of_days(given: pd.Series, unique: bool) -> Shape:
    """Of typed days, which may carry a time of day or a zone."""
    moments = pd.Series([pd.Timestamp(cell) for cell in _some(given.to_numpy(dtype=object))], dtype=object)
    zoned = moments.map(lambda moment: moment.tz is not None)
    timed = moments[zoned | moments.map(lambda moment: moment != moment.normalize())]
    return Shape(
        DAY, unique=unique, stamps=tuple(map(str, timed[:FEW_STAMPS])), zoned=not timed.empty and zoned[timed.index].all()
    )


def _of_stamps(texts: pd.Series) -> Shape | None:
    """Of texts that are days and times of day, perhaps some of them days alone; None where one is none."""
    if STAMP.fullmatch(texts.iloc[0]) is None and STAMP.fullmatch(texts.iloc[-1]) is None:
        return None  # as of most columns
    forms = forms_of(texts.map(day_of_stamp))
    found = {text: stamp for text in texts if (stamp := STAMP.fullmatch(text)) is not None}
    zoned = all(stamp["zone"] for stamp in found.values())
    return Shape(DAY, forms, stamps=tuple(found)[:FEW_STAMPS], zoned=zoned) if forms else None


def _some(cells: np.ndarray) -> np.ndarray:
    """At most so many different cells as are looked at, from everywhere: the last file of many may be written otherwise."""
    return cells[:: -(-len(cells) // MOST) or 1]


def _of_typed(given: pd.Series) -> Shape:
    """Of numbers that are no text: days as 20250331, or numbers."""
    numbers = given.unique()
    some = pd.Series(_some(numbers))
    whole = some[some == np.floor(some)].astype("int64").astype(str)
    if len(whole) == len(some) and forms_of(whole) == ("YYYYMMDD",):
        return Shape(DAY, ("YYYYMMDD",), unique=len(numbers) == len(given))
    parts = () if len(whole) == len(some) else (FRACTION,)
    return Shape(NUMBER, texts=(*parts, *whole), unique=len(numbers) == len(given))


def _numbers(texts: pd.Series) -> tuple[tuple[str, str], ...]:
    """Every pair of decimal and thousands with which all texts are numbers, the plainest first."""
    plain = {BRACKETS.sub(r"-\1", text.translate(ONE_DIGIT).removesuffix("%").strip()) for text in texts}
    if not all(map(DIGIT.search, plain)):
        return ()
    return tuple(point for point in POINTS if any(all(map(form.fullmatch, plain)) for form in _forms_of_numbers(*point)))


@cache
def _forms_of_numbers(decimal: str, thousands: str) -> tuple[re.Pattern[str], ...]:
    """What numbers with a point look like: of several forms all numbers of a column have one."""
    wholes = grouped_forms(thousands) if thousands else (r"\d+",)
    rest = rf"(?:{re.escape(decimal)}\d*)?(?:[eE][-+]?\d+)?"
    return tuple(re.compile(rf"[-+]?(?:{whole}|\d+)?{rest}") for whole in wholes)


def _word_for_none(texts: pd.Series) -> str | None:
    """The only text of a few letters among many numbers with fractions: ND, as a central bank has it on a holiday."""
    plain = [*filter(FEW_LETTERS.fullmatch, texts)]
    if len(plain) != 1 or len(texts) < MANY_NUMBERS:
        return None
    return str(plain[0]) if texts.str.contains(r"\d[.,]\d").mean() > 0.5 else None


def same_numbers(texts: pd.Series, points: tuple[tuple[str, str], ...]) -> bool:
    """Whether texts are the same numbers with each of several points.

    Examples
    --------
    >>> same_numbers(pd.Series(["12", "7"]), POINTS), same_numbers(pd.Series(["1.234"]), ((".", ""), (",", ".")))
    (True, False)
    """
    plain = texts.str.translate(PLAIN).str.removesuffix("%").str.strip()
    read = {tuple(_with_points(plain, *point)) for point in points}
    return len(read) <= 1


def _with_points(plain: pd.Series, decimal: str, thousands: str) -> pd.Series:
    return (plain.str.replace(thousands, "", regex=False) if thousands else plain).str.replace(decimal, ".", regex=False)


def code_of(texts: pd.Series) -> str:
    """Which kind of code nearly all texts are, by their check digits.

    Examples
    --------
    >>> code_of(pd.Series(["US0378331005", "US5949181045"])), code_of(pd.Series(["0263494"])), code_of(pd.Series(["AAPL"]))
    ('isin', 'sedol', '')
    """
    for code, form in CODES.items():
        known = [text for text in texts if re.fullmatch(form, text)]
        if len(known) >= (MOSTLY - 0.05) * len(texts) > 0 and np.mean([_checked(code, text) for text in known]) >= MOSTLY:
            return code
    return ""


def _checked(code: str, text: str) -> bool:
    values = [ALPHABET.index(letter) for letter in text]
    if code == "sedol":
        return sum(weight * value for weight, value in zip(SEDOL_WEIGHTS, values, strict=True)) % 10 == 0
    if code == "cusip":
        doubled = [value * (1 + place % 2) for place, value in enumerate(values[:-1])]
        return (10 - sum(sum(divmod(value, 10)) for value in doubled) % 10) % 10 == values[-1]
    digits = [int(digit) for value in values for digit in str(value)]
    return sum(sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(reversed(digits))) % 10 == 0
