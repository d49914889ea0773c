"""A long table's mapping: its columns, what they are worked out from, the unit of each, and what is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.contents import PER_SHARE
from riskmodel.market.day_forms import looks_like_day
from riskmodel.market.sources.mapping import OF_SHEET, OPEN, PLACEHOLDER
from riskmodel.market.sources.recognition import doubts
from riskmodel.market.sources.recognition.absent import state_absent, unit_of_any, why_of
from riskmodel.market.sources.recognition.drafts import (
    OF_LISTS,
    OF_SHEETS,
    Draft,
    chosen_of,
    kind_of_labels,
    lists_of,
    state_how,
)
from riskmodel.market.sources.recognition.evidence.columns import likely_columns
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.held import held
from riskmodel.market.sources.recognition.evidence.units import (
    IN_CURRENCY,
    WITH_UNIT,
    agreed,
    hundredths_beside,
    of_changes,
    of_header,
    of_sums,
    said_around,
    several_around,
)
from riskmodel.market.sources.recognition.evidence.values import DAY, TEXT, Shape
from riskmodel.market.sources.recognition.evidence.values import NUMBER as NUMBERS
from riskmodel.market.sources.recognition.groups import LISTED, Group, derived_from, fits, kind_of
from riskmodel.market.sources.recognition.looking.files import Seen
from riskmodel.market.sources.recognition.names import IN_NAMES, day_in, is_time, month_in, pattern_of, without_day
from riskmodel.market.sources.recognition.words import HEADERS, has, tokens
from riskmodel.market.tables import DATE, NUMBER, TABLES

YEAR = pd.Timedelta(days=300)  # between the ends of two years of a company, at the least
MOST_PARTS = 6  # different cells of a column that says of which part of a year a report is


def long_draft(group: Group, candidate: Candidate) -> Draft:
    """The mapping of a long table out of files of one header; identifiers are held against securities elsewhere."""
    table = candidate.table
    draft = Draft(table, group=group)
    settled = doubts.settled(group, candidate, chosen_of(group, candidate))
    looked = held(table, settled, likely_columns(table, group, settled.chosen))
    chosen, asked = dict(looked.chosen), dict(looked.asked)
    for ours in [ours for ours, label in chosen.items() if label in group.twice]:
        label = chosen.pop(ours)
        asked[ours] = (label,), Fact("header_twice", {"labels": (label,)})
    for ours in (LISTED.get(table, ""),):
        if ours in looked.likely and ours not in chosen and ours not in asked:
            labels = looked.likely[ours].labels
            asked[ours] = labels, Fact("column_which", {"column": ours, "labels": labels})
    if table == "rates" and "risk_free" in asked:
        rates, _ = asked["risk_free"]
        asked["risk_free"] = rates, Fact("rate_unknown", {"labels": rates})  # of a day or of a year too
    if table == "rates" and "risk_free" in chosen and (others := doubts.other_rates(group, chosen)):
        rates = (chosen.pop("risk_free"), *others)  # one of them may be that of another currency
        asked["risk_free"] = rates, Fact("rate_unknown", {"labels": rates})
    _leave_needless(table, chosen, asked)
    if "risk_free" in chosen and is_yearly(group, chosen["risk_free"]):
        chosen["yearly_rate"] = chosen.pop("risk_free")
    _files(group, draft, {**chosen, **dict.fromkeys(asked, OPEN)})
    if group.items is not None:
        column, value = group.items
        draft.state(("items",), {"column": column, "value": value}, Fact("items_seen", {"label": column}))
    for ours, label in chosen.items():
        word = next((phrase for found, phrase in candidate.columns.get(ours, ()) if found == label), None)
        why = looked.why.get(ours, candidate.why if not word else (Fact("header_word", {"word": word}),))
        why = why or ((Fact("says_total_return"),) if word is None else ())
        draft.state(("columns", ours), label, *((Fact("yearly_rate"),) if ours == "yearly_rate" else why))
        draft.labels[ours] = label
    for ours, (labels, question) in asked.items():
        draft.state(("columns", ours), OPEN, question, *why_of(looked.likely.get(ours), labels))
        if ours == "weight" and (known := _unit_of_weights(group, chosen, table, labels)) is not None:
            draft.state(("units", ours), *known)
        else:
            unit_of_any(draft, ours, labels)
    if "level" in chosen and "level" not in looked.why and not doubts.says(chosen["level"], "total_return"):
        draft.state(("columns", "level"), chosen["level"], Fact("level_kind"))
    if table == "fx" and "pair" in chosen:
        for text in sorted({each for each in group.texts(chosen["pair"]) if "/" in each}):
            draft.state(("values", "pair", text), text.replace("/", ""), Fact("pair_parted"))
    _derived(draft, {**chosen, **dict.fromkeys(asked, OPEN)})
    _units(draft, group, chosen, asked["close"][0] if "close" in asked else [chosen["close"]] if "close" in chosen else [])
    state_absent(draft, looked.likely)
    kinds = kind_of_labels(table, chosen) | _kinds_asked(draft, chosen)
    state_how(draft, (), group, kinds, kinds)
    _ask_year(draft, chosen)
    return draft


def _kinds_asked(draft: Draft, chosen: Mapping[str, str]) -> dict[str, str]:
    """The kind of each header that a question offers and that is written as those that are taken are, or the first of them.

    How a file is written holds for what a person answers too; what is written otherwise would make a question of all.
    """
    group, out = draft.group, dict[str, str]()
    assert group is not None
    taken = {label: kind_of(draft.table, ours) for ours, label in chosen.items()}
    for path in draft.questions():
        if path[0] != "columns":
            continue
        kind = kind_of(draft.table, path[-1])
        offered = dict.fromkeys(label for fact in draft.why[path] for label in fact.values.get("labels", ()))
        for label in (each for each in offered if each in group.shapes and each not in taken and each not in out):
            alike = [group.shape(other) for other, its in (taken | out).items() if its == kind]
            if fits(group.shape(label), kind) and _written_alike([group.shape(label), *alike], kind):
                out[label] = kind
    return out


def _written_alike(shapes: Sequence[Shape], kind: str) -> bool:
    """Whether one form of days, or one point, reads all of some columns of texts."""
    ways: list[tuple[object, ...]] = [shape.forms if kind == DATE else shape.points for shape in shapes]
    there = [each for each in ways if each]  # typed cells have none, and are read with any
    return not there or any(all(way in others for others in there) for way in there[0])


def _ask_year(draft: Draft, chosen: Mapping[str, str]) -> None:
    """Ask which rows of reports are of a whole year, where companies have several a year."""
    group = draft.group
    if draft.table != "fundamentals" or group is None or "ticker" not in chosen:
        return
    days = [label for label, shape in group.shapes.items() if shape.kind == DAY]
    if "period_end" not in chosen and not days:
        return
    end = chosen.get("period_end") or days[0]
    ends = pd.DataFrame({"name": group.texts(chosen["ticker"]), "day": group.days(end)})
    apart = ends.drop_duplicates().sort_values(["name", "day"]).groupby("name")["day"].diff().dropna()
    if apart.empty or apart.median() >= YEAR:
        return
    few = {
        label: sorted({*group.texts(label)} - {""})
        for label, shape in group.shapes.items()
        if shape.kind in (TEXT, NUMBERS) and label not in chosen.values() and 1 < group.cells[label].nunique() <= MOST_PARTS
    }
    told = tuple(f"{label}: {', '.join(cells)}" for label, cells in few.items())
    draft.state(("drop",), OPEN, Fact("several_a_year", {"days": float(apart.median().days), "cells": told}))


def is_yearly(group: Group, label: str) -> bool:
    """Whether a header, or what stands around the cells, says a rate of a year, and nothing says one of a day."""
    said = [tokens(text) for text in (label, *group.around)]
    yearly, daily = (any(has(words, phrase) for words in said for phrase in HEADERS[kind]) for kind in ("yearly", "daily"))
    return yearly and not daily


def _files(group: Group, draft: Draft, chosen: Mapping[str, str]) -> None:
    in_name = [column for column in OF_SHEETS.get(draft.table, ()) if column not in chosen]
    files = list(dict.fromkeys(group.files))
    if group.sheets:
        draft.state(("sheet",), list(group.sheets), Fact("sheets", {"count": len(group.sheets)}))
        dated = "date" in chosen or day_in(files) is not None  # else the sheets may be days: feb-24, mar-24
        for whose in (column for column in in_name if column != "date"):
            why = Fact("sheet_is", {"column": whose}) if dated else Fact("not_in_file", {"column": whose})
            draft.state(("constant", whose), OF_SHEET if dated else OPEN, why)
        in_name = [column for column in in_name if column == "date" and day_in(files) is not None]  # else it is asked for
    form = day_in(files) if "date" not in in_name and len(files) > 1 else None
    if form is not None:  # a day in a name is no portfolio where a column has the days
        files = list(dict.fromkeys(re.sub(IN_NAMES[form], "*", file) for file in files))
    pattern = pattern_of(files, in_name)
    if pattern is not None and _are_times(files, pattern):
        pattern = None  # a month is the name of no portfolio
    if pattern is None and in_name[1:]:
        pattern = pattern_of(files, in_name[:1])
        if pattern is not None:
            draft.state(("constant", in_name[1]), without_day(files[0]), Fact("one_list", {"column": in_name[1]}))
    if pattern is None:
        pattern = pattern_of(files, []) or files[0]
        for column in in_name:
            if column == "portfolio" and len({*group.files}) == 1:
                draft.state(("constant", column), without_day(group.files[0]), Fact("one_list", {"column": column}))
                continue
            above = tuple(dict.fromkeys(f"{_own_name(each)}: {_day_above(each)}" for each in group.seen if _day_above(each)))
            told = [Fact("day_above", {"cells": above})] if column == "date" and above else []
            if column == "date" and (month := month_in(files)) is not None:
                told.append(Fact("month_in_name", {"form": month[0], "file": month[1]}))
            draft.state(("constant", column), OPEN, Fact("not_in_file", {"column": column}), *told)
    elif "{date}" in pattern:
        draft.state(("dates",), day_in(files), Fact("day_in_name", {"form": day_in(files) or ""}))
    draft.state(("file",), pattern, Fact("files", {"count": len({*group.files})}), *group.first.why)


def _are_times(files: Sequence[str], pattern: str) -> bool:
    """Whether what a pattern takes for portfolios or indices in the names of files are days, months or years."""
    parts = PLACEHOLDER.split(pattern)
    if not {*parts[1::2]} & {*LISTED.values()}:
        return False
    regex = "".join(
        (".+" if part == "date" else "(.+)") if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    said = [match[1] for file in files if (match := re.fullmatch(regex.replace(r"\*", ".*"), file)) is not None]
    return bool(said) and all(map(is_time, said))


def _leave_needless(table: str, chosen: dict[str, str], asked: dict[str, tuple[tuple[str, ...], Fact]]) -> None:
    """Ask for no column whose answer would move nothing, and for one way alone to what is worked out.

    Beside a weight that is taken a market value is not asked for; where it is asked for, it is in the place of a quantity,
    and shares out of a market cap are not asked for too.
    """
    for ours, ways in derived_from(table).items():
        inputs = {column for columns in ways.values() for column in columns} - {*TABLES[table].columns}
        if ours in chosen:
            needless = inputs
        elif ours in asked or all(column in chosen for columns in ways.values() for column in columns):
            needless = set[str]()
        else:
            able = (columns for columns in ways.values() if all(column in chosen or column in asked for column in columns))
            best = next(able, ())
            needless = inputs - {*best} if best else set[str]()
        for column in needless:
            chosen.pop(column, None)
            asked.pop(column, None)


def _own_name(seen: Seen) -> str:
    return seen.sheet or seen.file


def _day_above(seen: Seen) -> str:
    """The first text above a header that is a day; empty where there is none."""
    return next((text for text in seen.titles if looks_like_day(text)), "")


def _derived(draft: Draft, known: Mapping[str, str]) -> None:
    for ours, ways in derived_from(draft.table).items():
        if ours in known or ours in draft.stated.get("columns", {}):
            continue
        can = [way for way, columns in ways.items() if all(column in known for column in columns)]
        if len({ways[way] for way in can}) < len(can):
            draft.state(("derived", ours), OPEN, Fact("which_way", {"ways": tuple(can)}))
        elif can:
            draft.state(("derived", ours), can[0], Fact("worked_out", {"columns": ways[can[0]]}))


def _units(draft: Draft, group: Group, chosen: Mapping[str, str], closes: Sequence[str]) -> None:
    """State or ask the unit of each column; totals of one table are in one unit, and figures of a share are not."""
    table = draft.table
    totals = [ours for ours, kind in TABLES[table].columns.items() if kind == NUMBER and ours not in PER_SHARE]
    totals = [ours for ours in totals if ours in chosen] if table == "fundamentals" else []
    wanted = [ours for ours in dict.fromkeys((*WITH_UNIT.get(table, ()), *totals)) if ours in chosen]
    around, several = said_around(group), several_around(group)
    found = {ours: _unit(group, table, chosen, ours, closes) for ours in wanted}
    asked = [ours for ours in wanted if found[ours] is None]
    together = [ours for ours in asked if ours in totals]
    if not together and table == "earnings" and len(asked) > 1:
        together = asked
    if together and around is not None and around[0] != "ones" and table == "fundamentals":
        if around[0] in ("percent", "basis_points"):
            draft.state(("unit",), OPEN, Fact("unit_unknown", {"columns": tuple(together)}), around[1])
        else:
            draft.state(("unit",), *around)
    elif len(together) > 1:
        draft.state(("unit",), OPEN, Fact("unit_unknown", {"columns": tuple(together)}), *several)
    else:
        together = []
    for ours in wanted:
        if ours in together:
            continue
        known = found[ours]
        if known is None:
            more = _sums(group, chosen, table) if ours == "weight" else several
            if ours == "risk_free":  # of a year it would be some 250 times too large
                more = (Fact("rate_unknown", {"labels": (chosen[ours],)}),)
            draft.state(("units", ours), OPEN, Fact("unit_unknown", {"columns": (ours,)}), *more)
        elif known[0] != "ones" or "unit" in draft.stated:
            draft.state(("units", ours), *known)
        else:
            draft.why[("columns", ours)] = (*draft.why.get(("columns", ours), ()), known[1])


def _unit(group: Group, table: str, chosen: Mapping[str, str], ours: str, closes: Sequence[str]) -> tuple[str, Fact] | None:
    """The unit of a column by its header, or by what its cells are beside others; `closes` are the closes, or may be."""
    label = chosen[ours]
    if ours == "risk_free" and not any(
        has(tokens(text), phrase) for text in (label, *group.around) for phrase in HEADERS["daily"]
    ):
        return None
    said = of_header(label, label)
    shown = None
    if ours == "weight" and table in OF_LISTS:
        shown = of_sums(group.numbers(label), lists_of(group, chosen, table))
    elif ours == "total_return" and "date" in chosen and "ticker" in chosen:
        returns = panel(group, chosen, label)
        known = [found for close in closes if (found := of_changes(returns, panel(group, chosen, close))) is not None]
        shown = known[0] if len({unit for unit, _ in known}) == 1 else None
    elif ours == "yearly_rate" and said is None:
        around = said_around(group)
        said = around if around is not None and around[0] in ("percent", "basis_points") else None
    elif ours == "dividends_per_share" and said is None:
        place = next((text for text in group.around if doubts.says(text, "but_shares")), None)
        said = None if place is None else ("ones", Fact("unit_said", {"unit": "ones", "place": place}))
    if ours in IN_CURRENCY and hundredths_beside(group):  # in pence, or in pounds as the header says
        return None
    found = agreed(said, shown)
    return ("percent", Fact("percent_sign")) if found is None and group.shape(label).percent else found


def _unit_of_weights(group: Group, chosen: Mapping[str, str], table: str, labels: Sequence[str]) -> tuple[str, Fact] | None:
    """The unit of weights of which it is asked which counts, where headers and sums say the same of all."""
    lists = lists_of(group, chosen, table)
    found = [agreed(of_header(label, label), of_sums(group.numbers(label), lists)) for label in labels]
    return found[0] if len({None if each is None else each[0] for each in found}) == 1 else None


def _sums(group: Group, chosen: Mapping[str, str], table: str) -> tuple[Fact, ...]:
    sums = group.numbers(chosen["weight"]).groupby(lists_of(group, chosen, table).to_numpy()).sum()
    return (Fact("sums_are", {"low": float(sums.min()), "high": float(sums.max())}),)


def panel(group: Group, chosen: Mapping[str, str], label: str) -> pd.DataFrame:
    """A column of a long table with the days down and the names across."""
    keys = [group.texts(chosen[key]) if key != "date" else group.days(chosen["date"]) for key in ("date", "ticker")]
    frame = pd.DataFrame({"date": keys[0], "ticker": keys[1], "value": group.numbers(label)})
    return frame.drop_duplicates(["date", "ticker"]).pivot(index="date", columns="ticker", values="value")
