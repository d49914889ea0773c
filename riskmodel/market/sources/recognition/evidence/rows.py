"""What texts and days of rows are: when a thing was known, in which sector a company is, what its name is."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.evidence.likely import Likely, first
from riskmodel.market.sources.recognition.words import CELLS, has, tokens

SEASON = pd.Timedelta(days=55)  # between two results or reports of a company, at the least
MONTH_ENDS = 0.9  # of the days on which a report's period ends
KNOWN_SECTORS = 0.6  # of the different texts of a column are names of sectors
MOST_SECTORS = 40
WORDY = 0.6  # of names have a blank or small letters


def of_two_days(days: Mapping[str, pd.Series]) -> dict[str, Likely]:
    """The day on which a period ended, and that on which it was known: always the later one, and no end of a month."""
    told = {label: each for label, each in days.items() if each.nunique() > 2}
    ends = [label for label, each in told.items() if at_month_ends(each)]
    later = [
        label
        for label, each in told.items()
        if label not in ends and any(((each > days[end]) | each.isna() | days[end].isna()).all() for end in ends)
    ]
    out = {}
    if ends:
        out["period_end"] = Likely(
            first((*ends, *later)), len(ends) == 1 and bool(later), (Fact("month_ends", {"labels": tuple(ends)}),)
        )
    if later or told:
        others = [label for label in told if label not in later]
        out["available_from"] = Likely(
            first((*later, *others)),
            len(later) == 1 and len(ends) == 1,
            (Fact("days_after", {"labels": tuple(later)}),) if later else (),
        )
    return out


def at_month_ends(days: pd.Series) -> bool:
    """Whether nearly all days are ends of months, as those of periods are."""
    there = days.dropna()
    return bool(len(there) and there.dt.is_month_end.mean() >= MONTH_ENDS)


def of_spans(names: pd.Series, days: Mapping[str, pd.Series]) -> str | None:
    """The column of the first days of spans of which another has the last: each begins where the one before ended."""
    for begin, begins in days.items():
        for end, ends in days.items():
            if begin == end:
                continue
            frame = pd.DataFrame({"name": names.to_numpy(), "begin": begins.to_numpy(), "end": ends.to_numpy()})
            frame = frame.sort_values(["name", "begin"])
            following = frame.groupby("name")["begin"].shift(-1)
            gap = (following - frame["end"]).dropna().dt.days
            if len(gap) > 2 and gap.between(0, 1).all():
                return begin
    return None


def gap_of_a_name(names: pd.Series, days: pd.Series) -> pd.Timedelta:
    """The median time from one day of a name to its next."""
    frame = pd.DataFrame({"name": names.to_numpy(), "day": days.to_numpy()}).drop_duplicates().sort_values(["name", "day"])
    return frame.groupby("name")["day"].diff().median()


def of_companies(texts: Mapping[str, pd.Series]) -> dict[str, Likely]:
    """Sector, industry and name of securities, by the names of sectors that are known and by what lies in what.

    Parameters
    ----------
    texts
        By header, of the columns that are no codes.
    """
    groups = {
        label: each for label, each in texts.items() if 1 < each[each != ""].nunique() <= len(each) / 2
    }  # fmt: skip
    known = [label for label, each in groups.items() if are_sectors(each)]
    inside = {
        (small, large)
        for small in groups
        for large in groups
        if groups[small].nunique() > groups[large].nunique() and lies_in(groups[small], groups[large])
    }
    few = sorted(
        (g for g in groups if groups[g].nunique() <= MOST_SECTORS),
        key=lambda g: (g not in known, -sum(p[1] == g for p in inside)),
    )
    out = {}
    if few:
        why = tuple(Fact("sectors_known", {"label": label}) for label in known)
        out["sector"] = Likely(first(few), len(known) == 1, why)
    fine = [small for small, large in inside if large in known and groups[small].nunique() > groups[large].nunique() + 2]
    others = [label for label in groups if label not in fine and label not in known]
    if fine or others:
        why = tuple(
            Fact("lies_in", {"label": small, "of": large})
            for small, large in sorted(inside)
            if small in fine and large in known
        )
        out["industry"] = Likely(first((*fine, *others)), len(fine) == 1, why)
    names = [label for label, each in texts.items() if label not in groups and _are_names(each)]
    for ours, which in (
        ("name_ja", [n for n in names if _is_japanese(texts[n])]),
        ("name", [n for n in names if not _is_japanese(texts[n])]),
    ):
        if which:
            out[ours] = Likely(first(which), len(which) == 1, (Fact("wordy", {"labels": tuple(which)}),))
    return out


def are_sectors(texts: pd.Series) -> bool:
    there = {*texts} - {""}
    return sum(any(has(tokens(text), word) for word in CELLS["sectors"]) for text in there) >= KNOWN_SECTORS * len(there)


def lies_in(small: pd.Series, large: pd.Series) -> bool:
    both = (small != "") & (large != "")
    pairs = pd.DataFrame({"small": small[both], "large": large[both]}).drop_duplicates()
    return bool(pairs["small"].is_unique)


def _are_names(texts: pd.Series) -> bool:
    """Whether nearly every row has a text of its own with words in it, as names of companies have and codes have not."""
    there = texts[texts != ""]
    wordy = there.map(lambda text: " " in text.strip() or any(letter.islower() for letter in text) or not text.isascii())
    return bool(
        len(there) > 2
        and there.nunique() >= 0.9 * len(there)
        and wordy.mean() >= WORDY
        and there.str.len().mean() > (5 if there.map(str.isascii).all() else 1)  # a name in Japanese may be two letters
    )


def _is_japanese(texts: pd.Series) -> bool:
    there = texts[texts != ""].head(50)
    return any(
        "CJK" in unicodedata.name(letter, "") or "KATAKANA" in unicodedata.name(letter, "")
        for text in there
        for letter in text
    )
