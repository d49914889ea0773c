"""Names of files: which belong to one table, by what pattern, and what they say of the day and the portfolio."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from riskmodel.market.day_forms import WHOLE, looks_like_day, read_days, regex_of, strptime_of
from riskmodel.market.sources.mapping import PLACEHOLDER
from riskmodel.market.sources.recognition.words import BRACKETS, HEADERS, has, tokens

IN_NAMES = {  # forms of days in names of files
    form: rf"(?<!\d){regex_of(form).replace(WHOLE['%Y'], '(?:19|20)[0-9]{2}')}(?!\d)"
    for form in (
        "YYYYMMDD",
        "YYYY-MM-DD",
        "DD.MM.YYYY",
        "DD-MMM-YYYY",
        "DD-MMM-YY",
        "YYYY_MM_DD",
        "MM-DD-YYYY",
        "DD-MM-YYYY",
        "MMDDYYYY",
        "DDMMYYYY",
    )
}
KINDS_OF_LEVELS = {
    word
    for phrases in (HEADERS["total_return"], HEADERS["of_prices"], ("index",))
    for phrase in phrases
    for word in tokens(phrase)
}
_YEAR, _MONTH = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])"
OF_TIME = re.compile(
    rf"{_YEAR}[-_./ ]?{_MONTH}(?:[-_./ ]?[0-3]\d)?|{_MONTH}[-_./ ]?{_YEAR}|(?:fy|cy)?[-_ ]?{_YEAR}"
    rf"|{_YEAR}年(?:\d\d?月(?:末)?)?|(?:{_YEAR}|\d\d)[-_ ]?[qh][1-4]|[qh][1-4][-_ ]?(?:{_YEAR}|\d\d)"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-_ .]?(?:\d\d)?\d\d",
    re.I,
)
EDGES = "_- .="
MARKS = re.compile(r"[*?{]")  # of patterns
MOST_FILES = 12  # that a draft lists by their names


def day_in(files: Sequence[str]) -> str | None:
    """The form of the day that every name of several files has in it; None where there is none, or it is one of two.

    Examples
    --------
    >>> day_in(["major_20250131.csv", "major_20250228.csv"]), day_in(["px_202501.csv"])
    ('YYYYMMDD', None)
    >>> day_in(["SOI 01-31-2024.xlsx", "SOI 02-29-2024.xlsx"]), day_in(["SOI 01-02-2024.xlsx"])
    ('MM-DD-YYYY', None)
    """
    forms = []
    for form, pattern in IN_NAMES.items():
        found = [re.search(pattern, PurePosixPath(file).name) for file in files]
        texts = pd.Series([match[0] for match in found if match], dtype=object)
        if all(found) and read_days(texts, strptime_of(form)).notna().all():
            forms.append(form)
    either = {"MM-DD-YYYY", "DD-MM-YYYY"} <= {*forms} or {"MMDDYYYY", "DDMMYYYY"} <= {*forms}
    return forms[0] if forms and not either else None


def month_in(files: Sequence[str]) -> tuple[str, str] | None:
    """The form of the month that every name of several files has in it, and the first name with {date} there; else None.

    Examples
    --------
    >>> month_in(["held/INV_202312.txt", "held/INV_202401.txt"]), month_in(["INV_20231229.txt", "INV_20240131.txt"])
    (('YYYYMM', 'held/INV_{date}.txt'), None)
    """
    for form in ("YYYYMM", "YYYY-MM", "YYYY_MM", "MM-YYYY"):
        pattern = rf"(?<!\d)(?:{regex_of(form).replace(WHOLE['%Y'], _YEAR).replace(WHOLE['%m'], _MONTH)})(?![-_]?\d)"
        names = {re.sub(pattern, "{date}", file, count=1) for file in files}
        if all("{date}" in name for name in names) and len(names) < len(files):
            return form, sorted(names)[0]
    return None


def days_of(files: Sequence[str]) -> pd.Series | None:
    """The day in the name of each of several files; None where they have none, or it is one of two.

    Examples
    --------
    >>> days_of(["reg_20241231.csv", "reg_20250630.csv"]).dt.month.tolist()
    [12, 6]
    """
    form = day_in(files)
    if form is None:
        return None
    found = [re.search(IN_NAMES[form], PurePosixPath(file).name) for file in files]
    return read_days(pd.Series([match[0] for match in found if match], dtype=object), strptime_of(form))


def without_day(file: str) -> str:
    """The name of a file without its end and without the day in it, as a portfolio may be called.

    Examples
    --------
    >>> without_day("lists/core_20240131.xlsx"), without_day("2024-01-31.csv")
    ('core', '2024-01-31')
    """
    stem = PurePosixPath(file).stem
    form = day_in([file])
    return (re.sub(IN_NAMES[form], "", stem).strip(EDGES) if form is not None else "") or stem


def doubtful_in(file: str, sheet: str | None) -> str | None:
    """The word of the name of a file, of its folders or of a sheet that says that it should perhaps not be used.

    Examples
    --------
    >>> [doubtful_in(file, None) for file in ("_superseded/px_2024.csv", "px/SX_20251125_proforma.csv", "a.csv")]
    ['superseded', 'proforma', None]
    """
    path = PurePosixPath(file)
    words = tuple(word for part in (*path.parts[:-1], path.stem, sheet or "") for word in ("|", *tokens(part)))
    return next((phrase for phrase in HEADERS["doubtful"] if has(words, phrase)), None)


def abstract(file: str) -> str:
    """A name without what differs from month to month, or from part to part of a folder: days, numbers, year=2025.

    Examples
    --------
    >>> abstract("px/px_202411.csv"), abstract("b_31-Jan-25.csv")
    ('px/px_#.csv', 'b_#.csv')
    """
    file = re.sub(r"(?:(?<=/)|^)(\w+)=[^/]+(?=/)", r"\1=#", file)
    for pattern in IN_NAMES.values():
        file = re.sub(pattern, "#", file)
    return re.sub(r"#(?:[-_. ]?#)*", "#", re.sub(r"\d+", "#", file))


def pattern_of(files: Sequence[str], columns: Sequence[str]) -> str | None:
    """One pattern for the names of files, with what `columns` are in them; None where there is none.

    Parameters
    ----------
    files
        Relative to the folder, all in one.
    columns
        Of `date` and one more, what the cells do not have.

    Examples
    --------
    >>> pattern_of(["px_202411.csv", "px_202412.csv"], [])
    'px_*.csv'
    >>> pattern_of(["eod/year=2024/part-0.parquet", "eod/year=2025/part-0.parquet"], [])
    'eod/year=*/part-0.parquet'
    >>> pattern_of([f"{name}_{day}.csv" for name in ("a", "b_c") for day in (20250131, 20250228)], ["date", "portfolio"])
    '{portfolio}_{date}.csv'
    >>> pattern_of(["INV_FCP101_20250131.csv", "INV_FCP102_20250131.csv"], ["date", "portfolio"])
    'INV_{portfolio}_{date}.csv'
    >>> pattern_of(["a_20250131_x.csv", "b_20250131_y.csv"], ["date", "portfolio"])  # two parts differ
    """
    form = day_in(files) if "date" in columns else None
    if "date" in columns and form is None:
        return None
    names = [re.sub(IN_NAMES[form], "{date}", file) if form else file for file in files]
    other = [column for column in columns if column != "date"]
    by_part = [list(dict.fromkeys(parts)) for parts in zip(*(name.split("/") for name in names), strict=False)]
    different = sum(len(parts) > 1 for parts in by_part)
    if other and different != 1:
        return None
    joint, marks = (f"{{{other[0]}}}", _marks(names)) if other else ("*", "")
    found = "/".join(parts[0] if len(parts) == 1 else joint.join(common(sorted(parts), marks)) for parts in by_part)
    return None if form and "{date}" not in found else found


def takes(pattern: str, file: str) -> bool:
    """Whether a pattern of a mapping takes a file, as the reader of exports looks for it: a mark is in one part of a path.

    Examples
    --------
    >>> [takes("px/*_202?.csv", file) for file in ("px/a_2024.csv", "px/old/a_2024.csv", "px/a_20245.csv")]
    [True, False, False]
    """
    marks = {"*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"([*?])", PLACEHOLDER.sub("*", pattern))
    return re.fullmatch("".join(marks.get(part, re.escape(part)) for part in parts), file) is not None


def narrowed(pattern: str, files: Sequence[str], others: Sequence[str]) -> str | list[str] | None:
    """A pattern that takes some files and none of the others: the one there is, a finer one, a list of few; else None.

    Examples
    --------
    >>> narrowed("pack *.xlsx", ["pack 2024-11.xlsx", "pack 2024-12.xlsx"], ["pack 2024-12 PRELIM.xlsx"])
    'pack 2024-??.xlsx'
    >>> narrowed("px/*/EOD_*.csv", ["px/2024/EOD_1.csv", "px/2025/EOD_22.csv"], ["px/superseded/EOD_1.csv"])
    'px/????/EOD_*.csv'
    >>> narrowed("*.csv", ["a.csv", "bc.csv"], ["d.csv"])
    ['a.csv', 'bc.csv']
    """
    parts = list(zip(*(file.split("/") for file in files), strict=False))
    stated = pattern.split("/")
    finer = [pattern]
    for form in (_runs, _letters) if len(parts) == len(stated) else ():
        told = [own if "{" in own else form(several) or own for own, several in zip(stated, parts, strict=True)]
        finer.append("/".join(told))
    for each in finer:
        if all(takes(each, file) for file in files) and not any(takes(each, other) for other in others):
            return each
    plain = sorted({*files})
    return plain if len(plain) <= MOST_FILES and "{" not in pattern and not any(map(MARKS.search, plain)) else None


def pattern_alone(pattern: str, files: Sequence[str], others: Sequence[str]) -> str | None:
    """A pattern, or a finer one, that takes files and no others; None where there is none.

    Examples
    --------
    >>> pattern_alone("pack *.csv", ["pack 2024-01.csv", "pack 2024-02.csv"], ["pack 2024-02 PRELIM.csv"])
    'pack 2024-??.csv'
    """
    if not any(takes(pattern, other) for other in others):
        return pattern
    finer = narrowed(pattern, files, others)
    return finer if isinstance(finer, str) else None


def _runs(names: Sequence[str]) -> str | None:
    """Names of one length with a mark for each letter of a number or a word that differs, as 2024 and 2025 do."""
    if len({*map(len, names)}) > 1:
        return None
    differs = [len({*letters}) > 1 for letters in zip(*names, strict=True)]
    spans = [match.span() for match in re.finditer(r"\d+|[^\W\d_]+", names[0])]
    of_run = {place for start, end in spans if any(differs[start:end]) for place in range(start, end)}
    return "".join("?" if differs[place] or place in of_run else letter for place, letter in enumerate(names[0]))


def _letters(names: Sequence[str]) -> str | None:
    """Names with a mark for what stands between the letters that all begin and end with."""
    start = _common_start(names)
    end = _common_start([name[len(start) :][::-1] for name in names])[::-1]
    return names[0] if len({*names}) == 1 else f"{start}*{end}"


def _marks(names: Sequence[str]) -> str:
    """What parts the words of names of which one is a portfolio or an index: it may have blanks or hyphens in it.

    Examples
    --------
    >>> _marks(["ALB01_Valuation_{date}.xlsx"]), _marks(["Core Growth - {date}.csv"]), _marks(["us growth {date}.csv"])
    ('_.', '-.', ' .')
    """
    stems = [name.rsplit("/", 1)[-1] for name in names]
    return next((mark + "." for mark in "_- " if all(mark in stem for stem in stems)), EDGES)


def common(names: Sequence[str], marks: str = "") -> tuple[str, str]:
    """What names begin and end with, up to a mark between words; with `marks` up to one of these, whatever stands between.

    Examples
    --------
    >>> common(["list_major_x.csv", "list_mid_x.csv"]), common(["px_202411.csv", "px_202412.csv"])
    (('list_', '_x.csv'), ('px_', '.csv'))
    >>> common(["INV_FCP101_1.csv", "INV_FCP102_1.csv"], "_."), common(["Core Growth_1.csv", "Core Value_1.csv"], "_.")
    (('INV_', '_1.csv'), ('', '_1.csv'))
    """
    first = _common_start(names)
    rests = [name[len(first) :] for name in names]
    last = _common_start([rest[::-1] for rest in rests])[::-1]
    if marks:
        first = first[: max(first.rfind(mark) for mark in marks + "}") + 1]
        return first, last[min((place for mark in marks + "{" if (place := last.find(mark)) >= 0), default=len(last)) :]
    while first and first[-1] not in EDGES + "/" and not first[-1].isdigit() and any(rest[:1].isalnum() for rest in rests):
        first = first[:-1]
        if not first or first[-1] in EDGES + "/":
            break
    cut = min((place for mark in EDGES + "{" if (place := last.find(mark)) >= 0), default=len(last))
    return first.rstrip("0123456789"), last[cut:]


def is_time(name: str) -> bool:
    """Whether a name is a day, a month, a quarter or a year, and so that of no portfolio or index.

    Examples
    --------
    >>> [name for name in ("202303", "2024-01", "Jan-24", "FY2023", "24Q1", "40017", "TOP 100") if is_time(name)]
    ['202303', '2024-01', 'Jan-24', 'FY2023', '24Q1']
    """
    plain = unicodedata.normalize("NFKC", name).strip(EDGES)
    return OF_TIME.fullmatch(plain) is not None or looks_like_day(plain)


def _common_start(names: Sequence[str]) -> str:
    short = min(names, key=len)
    return next(
        (short[:place] for place in range(len(short), -1, -1) if all(n.startswith(short[:place]) for n in names)), ""
    )


def plain_index(name: str) -> str:
    """The name of an index without what says of which kind its levels are: LRG Index, LRG TR, LRG（配当込み）.

    Examples
    --------
    >>> plain_index("LGCAPTR Index"), plain_index("R1000-like TR"), plain_index("大型株（配当込み）"), plain_index("LC 20")
    ('lgcaptr', 'r1000 like', '大型株', 'lc20')
    """
    words = [word for word in tokens(BRACKETS.sub(" ", unicodedata.normalize("NFKC", name))) if word not in KINDS_OF_LEVELS]
    return re.sub(r"(?<=[^\W\d]) (?=\d)", "", " ".join(words))
