"""Names of periods as people write them, read as dates where they can be one thing only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import pandas as pd

Key = tuple[int, ...]

MONTHS = (  # English, German and French: no name is another month in another of these languages
    "jan january januar jän jänner janv janvier",
    "feb february februar févr février fév",
    "mar march mär mrz märz mars",
    "apr april avr avril",
    "may mai",
    "jun june juni juin",
    "jul july juli juil juillet",
    "aug august août aoû",
    "sep sept september septembre",
    "oct october okt oktober octobre",
    "nov november novembre",
    "dec december dez dezember déc décembre",
)
MONTH = {name: number for number, names in enumerate(MONTHS, start=1) for name in names.split()}
ERAS = {"明治": (1867, 45), "大正": (1911, 15), "昭和": (1925, 64), "平成": (1988, 31), "令和": (2018, 99)}  # before, years
HALF = {"上": 1, "下": 2}
MOST_DIGITS = 9  # of a number that counts periods
PIVOT = 69  # of a year of two digits, as POSIX has it: 68 is 2068, 69 is 1969

_NAME = "(?P<name>" + "|".join(sorted(MONTH, key=len, reverse=True)) + r")\.?"
_Y4, _M, _D = r"(?P<y>(?:19|20)[0-9]{2})", r"(?P<m>[0-9]{1,2})", r"(?P<d>[0-9]{1,2})"
_Y = r"'?(?P<y>(?:19|20)[0-9]{2}|[0-9]{2})"
_ERA = rf"(?P<era>{'|'.join(ERAS)})(?P<e>元|[0-9]{{1,2}})年"
_YEAR = rf"(?:{_Y4}年|{_ERA})"
_SEP = r"[ '/-]?"


def _parts(letter: str, n: str, *, also: str = "") -> list[str]:
    """Forms of a part of a year called by a letter: Q1 2024, 1Q24, 2024-Q1, 2024 1Q."""
    name = rf"(?:{letter}{also})"
    return [
        rf"{name} ?{n},?{_SEP}{_Y}",
        rf"{n}{letter}{_SEP}{_Y}",
        rf"{_Y}{_SEP}{name} ?{n}",
        rf"{_Y4}[ /-]?{n}{letter}",
    ]


def _fiscal(letter: str, n: str) -> list[str]:
    year = rf"fy ?{_Y}"
    parts = (rf"{letter}{n}", rf"{n}{letter}")
    return [form for part in parts for form in (rf"{part}{_SEP}{year}", rf"{year}{_SEP}{part}")]


_Q, _H, _W = "(?P<n>[1-4])", "(?P<n>[12])", "(?P<n>[0-9]{1,2})"
FORMS: Mapping[str, tuple[str, ...]] = {
    "day": (
        rf"{_Y4}(?P<s>[-/.]){_M}(?P=s){_D}",
        rf"{_Y4}-{_M}-{_D}[t ][0-9]{{2}}:[0-9]{{2}}[0-9:.]*(?:z|[+-][0-9]{{2}}:?[0-9]{{2}})?",
        r"(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
        rf"{_YEAR}{_M}月{_D}日",
        rf"{_D}\.{_M}\.{_Y4}",
        rf"{_D}\.?[ -]{_NAME},?[ -]{_Y4}",
        rf"{_D}-{_NAME}-(?P<y>[0-9]{{2}})",
        rf"{_NAME} {_D},? {_Y4}",
        rf"{_Y4}[ -]{_NAME}[ -]{_D}",
        rf"{_NAME}-{_D}-{_Y4}",
    ),
    "month": (
        rf"{_Y4}[-/.]{_M}",
        rf"{_YEAR}{_M}月",
        rf"{_M}[./-]{_Y4}",
        rf"{_NAME}[ ,/-]? ?{_Y4}",
        rf"{_NAME}-(?P<y>[0-9]{{2}})",
        rf"{_NAME} ?'(?P<y>[0-9]{{2}})",
        rf"{_Y4}[ /-]?{_NAME}",
        rf"{_Y4}[ -]?m{_M}",
    ),
    "quarter": (*_parts("q", _Q, also=r"|quarter|qtr\.?"), rf"{_YEAR}第{_Q}四半期", rf"{_YEAR}q{_Q}", rf"{_YEAR}{_Q}q"),
    "half": (*_parts("h", _H, also="|half"), rf"{_YEAR}度?(?P<half>[上下])半?期", rf"{_Y4}(?P<half>[上下])半?期"),
    "week": (
        *_parts("w", _W, also=r"|week|wk\.?|cw|kw"),
        rf"{_YEAR}第{_W}週",
    ),
    "fiscal quarter": (*_fiscal("q", _Q), rf"(?:{_Y4}年|{_ERA})度第{_Q}四半期"),
    "fiscal half": tuple(_fiscal("h", _H)),
    "fiscal year": (rf"fy ?{_Y}", rf"{_YEAR}度"),
    "year": (_Y4, rf"cy ?{_Y4}", _YEAR),
}
MIXED = {"day", "month"}  # units that may stand beside each other: a month is its first day

_TRIPLE = r"(?P<a>[0-9]{1,2})(?P<s>[/.-])(?P<b>[0-9]{1,2})(?P=s)"
YEAR_AND_MONTH = "year and month"
DOUBTFUL: tuple[tuple[str, Mapping[str, str]], ...] = (  # a form, and what its parts may be: unit and order
    (rf"{_TRIPLE}(?P<c>(?:19|20)[0-9]{{2}})", {"the day first": "dmy", "the month first": "mdy"}),
    (rf"{_TRIPLE}(?P<c>[0-9]{{2}})", {"the day first": "dmy", "the month first": "mdy", "the year first": "ymd"}),
    (
        r"(?P<a>[0-9]{2})(?P<b>[0-9]{2})(?P<c>[0-9]{2})",
        {YEAR_AND_MONTH: "yym", "the year first": "ymd", "the day first": "dmy"},
    ),
)
_MONTH_AND_TWO_DIGITS = re.compile(rf"{_NAME} (?P<y>[0-9]{{2}})")
_WIDE = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: " ", ord("’"): "'", ord("‘"): "'", ord("㋿"): "令和"}
_PATTERNS = {unit: tuple(re.compile(form) for form in forms) for unit, forms in FORMS.items()}


@dataclass(frozen=True)
class Reading:
    """One way to read names of periods as dates.

    Attributes
    ----------
    unit
        Of the shortest of them: a key of `FORMS`.
    keys
        A date each, in the order of the names; what comes later is larger.
    how
        In words, where there are others.
    """

    unit: str
    keys: tuple[Key, ...]
    how: str = ""

    @property
    def increasing(self) -> bool:
        """Whether every name is later than the one before it."""
        return all(left < right for left, right in pairwise(self.keys))


def readings(names: Sequence[str]) -> list[Reading]:
    """Every way to read names of periods as dates; none where one of them is no date.

    Parameters
    ----------
    names
        As written. Width, case and the form of apostrophes do not matter.

    Examples
    --------
    >>> [reading.keys for reading in readings(["H2 2022", "1H23"])]
    [((2022, 2), (2023, 1))]
    >>> [reading.how for reading in readings(["01/02/2024"])], readings(["Jan", "Feb"])
    (['the day first', 'the month first'], [])
    """
    plain = [_plain(name) for name in names]
    if not plain:
        return []
    dated = [_dated(name) for name in plain]
    known = [found for found in dated if found is not None]
    if len(known) == len(plain):
        units = {unit for unit, _ in known}
        if len(units) == 1 or units <= MIXED:
            unit = "day" if "day" in units else next(iter(units))
            odd = _lost_zeros(plain)
            first = Reading(unit, tuple(key for _, key in known), "January" if odd else "")
            return [first, Reading(unit, odd, "October")] if odd else [first]
        return []
    if all(_MONTH_AND_TWO_DIGITS.fullmatch(name) for name in plain):
        return list(_month_and_two_digits(plain))
    for form, orders in DOUBTFUL:
        matches = [match for name in plain if (match := re.fullmatch(form, name))]
        if len(matches) == len(plain):
            found = {how: _in_order(matches, order) for how, order in orders.items()}
            return [Reading("month" if "ym" in orders[how][1:] else "day", keys, how) for how, keys in found.items() if keys]
    return []


def increase(index: pd.Index) -> bool | None:
    """Whether labels that are dates increase; None where they are no dates, and where one way to read them is as good as
    another.

    Examples
    --------
    >>> increase(pd.Index(["Feb 2024", "Jan 2024"])), increase(pd.Index(["Q2", "Q1"]))
    (False, None)
    """
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return bool(index.is_monotonic_increasing and index.is_unique)
    kind = pd.api.types.infer_dtype(index, skipna=False)
    if kind in ("date", "datetime", "datetime64", "period"):
        return all(left < right for left, right in pairwise(index))
    if kind == "string":
        ways = {reading.increasing for reading in readings([str(label) for label in index])}
        return ways.pop() if len(ways) == 1 else None
    return None


def places_in_a_year(names: Sequence[str]) -> list[int]:
    """The number in each of names that differ in it alone, or the month; none where names are of another kind.

    Examples
    --------
    >>> places_in_a_year(["Nov", "Dec", "Jan"]), places_in_a_year(["第3四半期", "第4四半期"]), places_in_a_year(["x", "Q1"])
    ([11, 12, 1], [3, 4], [])
    """
    plain = [_plain(name) for name in names]
    months = [MONTH.get(name.removesuffix("."), 0) for name in plain]
    if plain and all(months):
        return months
    numbers = [re.findall(r"[0-9]+", name) for name in plain]
    alike = len({re.sub(r"[0-9]+", "0", name) for name in plain}) == 1
    single = all(len(found) == 1 and len(found[0]) < MOST_DIGITS for found in numbers)
    return [int(found[0]) for found in numbers] if alike and single else []


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", name.translate(_WIDE).strip()).lower()


def _dated(name: str) -> tuple[str, Key] | None:
    """Unit and date of a name that can be one thing only."""
    for unit, patterns in _PATTERNS.items():
        for pattern in patterns:
            if (match := pattern.fullmatch(name)) and (key := _key(unit, match.groupdict())) is not None:
                return unit, key
    return None


def _key(unit: str, found: Mapping[str, str | None]) -> Key | None:
    year = _year(found)
    if year is None:
        return None
    if unit in MIXED:
        named = found.get("name")
        month = MONTH[named] if named else int(found["m"] or 0)
        return _day(year, month, int(found.get("d") or 1))
    if half := found.get("half"):
        return year, HALF[half]
    part = found.get("n")
    if part is None:
        return (year,)
    return (year, int(part)) if unit != "week" or 1 <= int(part) <= 53 else None


def _year(found: Mapping[str, str | None]) -> int | None:
    if era := found.get("era"):
        before, years = ERAS[era]
        of_era = 1 if found["e"] == "元" else int(found["e"] or 0)
        return before + of_era if 1 <= of_era <= years else None
    return _whole_year(found.get("y") or "")


def _whole_year(digits: str) -> int | None:
    if len(digits) == 2:
        return int(digits) + (1900 if int(digits) >= PIVOT else 2000)
    return int(digits) if digits else None


def _day(year: int, month: int, day: int) -> Key | None:
    try:
        date(year, month, day)
    except ValueError:
        return None
    return year, month, day


def _in_order(matches: Sequence[re.Match[str]], order: str) -> tuple[Key, ...]:
    """Dates by the order of their parts; none where one of them is no date so."""
    keys = []
    for match in matches:
        if order == "yym":
            whole, month, day = match["a"] + match["b"], match["c"], "1"
            year = int(whole) if whole[:2] in ("19", "20") else None
        else:
            parts = dict(zip(order, (match["a"], match["b"], match["c"]), strict=True))
            year, month, day = _whole_year(parts["y"].zfill(2)), parts["m"], parts["d"]
        key = None if year is None else _day(year, int(month), int(day))
        if key is None:
            return ()
        keys.append(key)
    return tuple(keys)


def _month_and_two_digits(names: Sequence[str]) -> Iterator[Reading]:
    """Nov 24: of 2024, unless the names run like days of November and do not like months."""
    found = [match for name in names if (match := _MONTH_AND_TWO_DIGITS.fullmatch(name))]
    of_years = tuple((_whole_year(match["y"]) or 0, MONTH[match["name"]], 1) for match in found)
    months = Reading("month", of_years, "months of a year")
    yield months
    days = Reading("day", tuple((MONTH[match["name"]], int(match["y"])) for match in found), "days of a month")
    if not months.increasing and all(_day(2000, *key) for key in days.keys):
        yield days


def _lost_zeros(names: Sequence[str]) -> tuple[Key, ...]:
    """2024.1 beside 2024.09: October, if a spreadsheet took it for a number; nothing where that cannot be."""
    if not any(re.fullmatch(r"[0-9]{4}\.1", name) for name in names):
        return ()
    if not any(re.fullmatch(r"[0-9]{4}\.0[1-9]", name) for name in names):
        return ()
    keys = [_key("month", {"y": name[:4], "m": name[5:].ljust(2, "0")}) for name in names if name[4:5] == "."]
    whole = tuple(key for key in keys if key)
    return whole if len(whole) == len(names) else ()
