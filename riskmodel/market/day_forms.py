"""The forms in which days are written, as a book states them: what reads each, and which of them texts can have."""

from __future__ import annotations

import re
from functools import cache

import pandas as pd

FORMS = (  # that are known at sight, the plainest first
    *("YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD", "YYYY.MM.DD", "YYYY年MM月DD日"),
    *("DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "MM-DD-YYYY"),
    *(mark.join(parts) for mark in "./-" for parts in (("DD", "MM", "YY"), ("MM", "DD", "YY"), ("YY", "MM", "DD"))),
    *("DD-MMM-YY", "DD-MMM-YYYY", "DD MMM YYYY", "DD. MMM YYYY", "DDMMMYYYY", "DD/MMM/YYYY", "MMM DD, YYYY"),
    *("MMM-DD-YYYY", "MMM DD YYYY", "YYYY-MMM-DD", "YYYY년 MM월 DD일", "YYYY년MM월DD일"),
)
MONTHS = {  # in any case, with a dot or without: en de fr es it pt nl sv da no; none of them is another month elsewhere
    "Jan": "jan january januar janv janvier ene enero gen gennaio janeiro januari",
    "Feb": "feb february februar febr fév févr février febrero febbraio fev fevereiro februari",
    "Mar": "mar march mär märz mrz mars marzo março mrt maart marts",
    "Apr": "apr april avr avril abr abril aprile",
    "May": "may mai mayo mag maggio maio mei maj",
    "Jun": "jun june juni juin junio giu giugno junho",
    "Jul": "jul july juli juil juillet julio lug luglio julho",
    "Aug": "aug august aoû août ago agosto augustus augusti",
    "Sep": "sep september sept septembre septiembre set settembre setembro",
    "Oct": "oct october okt oktober octobre octubre ott ottobre out outubro",
    "Nov": "nov november novembre noviembre novembro",
    "Dec": "dec december dez dezember déc décembre dic diciembre dicembre dezembro des desember",
}
MONTH_OF = {name: month for month, names in MONTHS.items() for name in names.split()}
_MONTH = rf"(?i:{'|'.join(sorted(MONTH_OF, key=len, reverse=True))})\.?"
PARTS = {"YYYY": "%Y", "MMM": "%b", "MM": "%m", "DD": "%d", "YY": "%y"}
WHOLE = {"%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%m": "[0-9]{2}", "%d": "[0-9]{2}", "%b": _MONTH}
SHORT = WHOLE | {"%m": "[0-9]{1,2}", "%d": "[0-9]{1,2}"}  # 1 is 01
EXCEL_DATES = "excel"  # a workbook's serial numbers
FIRST_YEAR, LAST_YEAR = 1950, 2100
MIDNIGHT = re.compile(r"(?:[ T]0?0:00(?::00(?:\.0+)?)?| 12:00(?::00)? AM)$")  # of a day that was exported as a moment

TIME = r"(?:T|\s+)(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?P<zone>Z|UTC|GMT|[-+]\d{2}(?::?\d{2})?)?"
STAMP = re.compile(rf"(?P<day>\S.*?){TIME}")  # a day with a time of day, and perhaps the zone of it


def strptime_of(form: str) -> str:
    """A form of days as `datetime.strptime` has it.

    Examples
    --------
    >>> strptime_of("DD.MM.YYYY")
    '%d.%m.%Y'
    """
    return re.sub("|".join(PARTS), lambda part: PARTS[part[0]], form)


@cache
def regex_of(form: str, *, short: bool = False) -> str:
    """A regular expression of texts of a form, ours or that of `strptime`; `short` has 1 for 01 too.

    Examples
    --------
    >>> regex_of("YYYY年MM月"), regex_of("%m/%y", short=True)
    ('[0-9]{4}年[0-9]{2}月', '[0-9]{1,2}/[0-9]{2}')
    """
    digits = SHORT if short else WHOLE
    return re.sub("%[Yymdb]", lambda part: digits[part[0]], re.escape(strptime_of(form)))


ANY = "|".join(dict.fromkeys(regex_of(form, short=True) for form in FORMS))


def looks_like_day(text: str) -> bool:
    """Whether a text is written as a day is, whatever its digits.

    Examples
    --------
    >>> [looks_like_day(text) for text in ("2024-01-31 00:00:00", "5-Jan-24", "Close")]
    [True, True, False]
    """
    return re.fullmatch(ANY, MIDNIGHT.sub("", text.strip())) is not None


def read_days(texts: pd.Series, form: str) -> pd.Series:
    """Texts as days by a form of `strptime`, NaT where one is none; digits need no zero before them where marks part them.

    A form without a day is of months: the day is the last.

    Examples
    --------
    >>> read_days(pd.Series(["202402", "202413"]), "%Y%m").dt.day.tolist()
    [29.0, nan]
    >>> read_days(pd.Series(["2016年7月1日", "2016年07月01日 00:00"]), "%Y年%m月%d日").dt.day.tolist()
    [1, 1]
    >>> read_days(pd.Series(["20160701", "2016701"]), "%Y%m%d").isna().tolist()  # 2016111 is two days
    [False, True]
    >>> read_days(pd.Series(["29-feb-2024", "31-ENE-2025", "1-août-2024"]), "%d-%b-%Y").dt.month.tolist()
    [2, 1, 8]
    """
    plain = texts.astype("object")
    read = _read(plain, form)
    if "%d" not in form:
        return read + pd.offsets.MonthEnd(0)
    left = read.isna() & (plain != "")
    if left.any():  # few files have moments, and to look for them takes longer than to read days
        read = read.where(~left, _read(plain.where(left, "").str.replace(MIDNIGHT, "", regex=True), form))
    return read


def read_stamps(texts: pd.Series, form: str) -> tuple[pd.Series, pd.Series]:
    """Texts with a day and a time of day: the day, NaT where one is none, and the moment where a zone stands behind.

    Parameters
    ----------
    texts, form
        As for `read_days`; T or blanks part the day from the time, and Z, UTC, GMT or hours are the zone.

    Examples
    --------
    >>> texts = pd.Series(["2024-07-01T23:05:00Z", "2024-07-01 09:10 +0800", "2024-07-01 09:10"])
    >>> days, moments = read_stamps(texts, "%Y-%m-%d")
    >>> days.dt.day.tolist(), moments.dt.hour.tolist()
    ([1, 1, 1], [23.0, 1.0, nan])
    """
    parts = texts.astype(str).str.extract(f"^{STAMP.pattern}$")
    read = read_days(parts["day"].fillna(""), form)
    hours, zone = parts["time"].fillna(""), parts["zone"].replace({"Z": "+00", "UTC": "+00", "GMT": "+00"}).fillna("")
    time = pd.to_timedelta(hours.where(hours.str.count(":") != 1, hours + ":00").replace("", None), errors="coerce")
    time = time.where(time < pd.Timedelta(days=1))
    digits = zone.str.replace(r"[^\d]", "", regex=True).str.ljust(4, "0").where(zone != "")
    offset = pd.to_timedelta(digits.str[:2].astype(float) * 60 + digits.str[2:].astype(float), unit="min")
    moments = read + time - offset.where(~zone.str.startswith("-"), -offset)
    return read.where(time.notna()), moments.dt.tz_localize("UTC")


def day_of_stamp(cell: object) -> object:
    """The day of a text with a time of day, as it is written; any other cell as it is.

    Examples
    --------
    >>> day_of_stamp("2024-07-01T23:05:00Z"), day_of_stamp("Close")
    ('2024-07-01', 'Close')
    """
    found = STAMP.fullmatch(cell.strip()) if isinstance(cell, str) else None
    return cell if found is None else found["day"]


def _read(plain: pd.Series, form: str) -> pd.Series:
    if "%b" in form:
        plain = plain.map({text: re.sub(_MONTH, _in_english, text) for text in plain.unique() if isinstance(text, str)})
    if re.search("%[Yymd]%[Yymd]", form):
        plain = plain.where(plain.str.fullmatch(regex_of(form)).astype(bool))
    return pd.to_datetime(plain.where(plain != ""), format=form, errors="coerce", exact=True)


def _in_english(month: re.Match[str]) -> str:
    return MONTH_OF[month[0].casefold().removesuffix(".")]


def forms_of(texts: pd.Series) -> tuple[str, ...]:
    """Every known form in which all texts are days; of several one cannot tell.

    Examples
    --------
    >>> forms_of(pd.Series(["03/04/2025", "31/03/2025"])), forms_of(pd.Series(["2025-02-31"]))
    (('DD/MM/YYYY',), ())
    """
    found = list[str]()
    first = MIDNIGHT.sub("", str(texts.iloc[0])) if len(texts) else ""
    for form in (form for form in FORMS if re.fullmatch(regex_of(form, short=True), first)):  # few can be the first's
        days = read_days(texts, strptime_of(form))
        if days.notna().all() and days.dt.year.between(FIRST_YEAR, LAST_YEAR).all():
            found.append(form)
    return tuple(found)
