"""Names of files: which belong to one table, by what pattern, and what they say of the day and the portfolio."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from riskmodel.market.day_forms import WHOLE, regex_of, strptime_of

IN_NAMES = {  # forms of days in names of files
    form: rf"(?<!\d){regex_of(form).replace(WHOLE['%Y'], '(?:19|20)[0-9]{2}')}(?!\d)"
    for form in ("YYYYMMDD", "YYYY-MM-DD", "DD.MM.YYYY", "DD-MMM-YYYY", "DD-MMM-YY", "YYYY_MM_DD")
}
EDGES = "_- ."


def day_in(files: Sequence[str]) -> str | None:
    """The form of the day that every name of several files has in it; None where there is none.

    Examples
    --------
    >>> day_in(["major_20250131.csv", "major_20250228.csv"]), day_in(["px_202501.csv"])
    ('YYYYMMDD', None)
    """
    for form, pattern in IN_NAMES.items():
        found = [re.search(pattern, PurePosixPath(file).name) for file in files]
        texts = [match[0] for match in found if match]
        if all(found) and pd.notna(pd.to_datetime(texts, format=strptime_of(form), errors="coerce")).all():
            return form
    return None


def abstract(file: str) -> str:
    """A name without what differs from month to month: days and numbers.

    Examples
    --------
    >>> abstract("px/px_202411.csv"), abstract("b_31-Jan-25.csv")
    ('px/px_#.csv', 'b_#.csv')
    """
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
    >>> pattern_of([f"{name}_{day}.csv" for name in ("a", "b_c") for day in (20250131, 20250228)], ["date", "portfolio"])
    '{portfolio}_{date}.csv'
    """
    form = day_in(files) if "date" in columns else None
    if "date" in columns and form is None:
        return None
    names = [re.sub(IN_NAMES[form], "{date}", file) if form else file for file in files]
    other = [column for column in columns if column != "date"]
    if other:
        stems = sorted(set(names))
        if len(stems) < 2:
            return None
        first, last = common(stems)
        return f"{first}{{{other[0]}}}{last}"
    if len(set(names)) == 1:
        return names[0]
    first, last = common(names)
    return f"{first}*{last}"


def common(names: Sequence[str]) -> tuple[str, str]:
    """What names begin and end with, up to a mark between words.

    Examples
    --------
    >>> common(["list_major_x.csv", "list_mid_x.csv"])
    ('list_', '_x.csv')
    """
    first = _common_start(names)
    rests = [name[len(first) :] for name in names]
    last = _common_start([rest[::-1] for rest in rests])[::-1]
    while first and first[-1] not in EDGES + "/" and not first[-1].isdigit() and any(rest[:1].isalnum() for rest in rests):
        first = first[:-1]
        if not first or first[-1] in EDGES + "/":
            break
    cut = min((place for mark in EDGES + "{" if (place := last.find(mark)) >= 0), default=0)
    return first.rstrip("0123456789"), last[cut:]


def _common_start(names: Sequence[str]) -> str:
    short = min(names, key=len)
    return next(
        (short[:place] for place in range(len(short), -1, -1) if all(n.startswith(short[:place]) for n in names)), ""
    )
