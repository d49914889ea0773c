"""What a drafted book says of tables that no file is taken for, and of files that are no table: comments, to be edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attribution.house_style.words import read_messages
from attribution.portfolio.drafting.toml import quoted
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import ASKED, MISSING, Found
from riskmodel.market.sources.recognition.evidence.near import Near
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.groups import derived_from
from riskmodel.market.tables import TABLES
from riskmodel.texts import visible


def stubs(recognised: Recognised) -> list[str]:
    """For each table that was not found a mapping behind marks of comments, of the files that come nearest to it."""
    out = []
    for table, near in recognised.nearest.items():
        needed = "is needed" if TABLES[table].required or table == "holdings" else "may be left out"
        head = f"# The table {table} {needed}, and no file is certain."
        if not near:
            out += [f"{head} None of the files comes near to it.", f"# [tables.{table}]", '# file = "?"', ""]
            continue
        out += [f"{head} Take the marks away before what holds, and correct it:", f"# [tables.{table}]"]
        for place, each in enumerate(near):
            out += _file(each, place)
        best = near[0]
        out.append(f"# [tables.{table}.columns]")
        for ours in dict.fromkeys((*TABLES[table].columns, *best.may_be)):
            if ours in best.may_be:
                labels = best.may_be[ours]
                value = labels[0] if len(labels) == 1 else OPEN
                out.append(f"# {ours} = {quoted(value)}  # {_shown(labels)}")
            elif ours in best.lacks:
                out.append(f'# {ours} = "?"  # no column of that file can be it')
        if best.pairs:
            out.append(f"# [tables.{table}.units]")
        for ours in best.pairs:
            out.append(f'# {ours} = "?"  # two numbers: "new_for_old" as in 5 for 1, or "old_for_new" as in 1 → 5')
        if ways := [ours for ours in derived_from(table) if ours not in {*best.may_be, *best.lacks}]:
            out.append(f"# [tables.{table}.derived]")
        for ours in ways:
            able = [way for way, columns in derived_from(table)[ours].items() if {*columns} & {*best.may_be}]
            out.append(f'# {ours} = "?"  # {_shown(able)}')
        out.append("")
    return out


def _file(near: Near, place: int) -> list[str]:
    lacks = f"; nothing in it can be {', '.join(near.lacks)}" if near.lacks else ""
    could = "; ".join(f"{ours}: {_shown(labels)}" for ours, labels in near.may_be.items())
    if place:  # another one, which only a reader can take
        sheet = f", sheet = {quoted(near.sheet)}" if near.sheet else ""
        return [visible(f"# or file = {quoted(near.file)}{sheet}  # {could}{lacks}", keep="")]
    keys: dict[str, Any] = {"file": near.file, **({"sheet": near.sheet} if near.sheet else {}), **near.how}
    first, *others = (visible(f"# {key} = {quoted(value)}", keep="") for key, value in keys.items())
    return [f"{first}  # {visible(could + lacks, keep='')}", *others]


def _shown(labels: Sequence[str]) -> str:
    return " or ".join(visible(quoted(label), keep="") for label in labels)


def other_files(recognised: Recognised) -> list[str]:
    """A line for each file or sheet that no table above is read from, with the reason, or what a person must say of it."""
    rows = [each for each in recognised.found if each.file and not each.column and not each.ours and each.verdict != MISSING]
    if not rows:
        return []
    return ["# Files and sheets of which no table above is made:", *map(_other, rows), ""]


def _other(each: Found) -> str:
    words = read_messages("en")
    sheet = f" [{each.sheet}]" if each.sheet else ""
    why = "; ".join(dict.fromkeys(words.fact("recognition", fact) for fact in each.why))
    asked = "question: " if each.verdict == ASKED else ""
    return visible(f"# {asked}{each.file}{sheet}: {why}", keep="")
