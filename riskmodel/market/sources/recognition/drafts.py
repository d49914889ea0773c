"""A mapping of one table, as far as it can be seen: what a person would state of it, why, and what must be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN, How
from riskmodel.market.sources.recognition import doubts
from riskmodel.market.sources.recognition.groups import Candidate, Group, derived_from, kind_of
from riskmodel.market.sources.recognition.names import day_in, pattern_of
from riskmodel.market.sources.recognition.units import WITH_UNIT, agreed, of_changes, of_header, of_sums
from riskmodel.market.sources.recognition.values import FRACTION, same_numbers
from riskmodel.market.sources.recognition.values import TEXT as TEXT_CELLS
from riskmodel.market.sources.recognition.words import CELLS, HEADERS, has, tokens
from riskmodel.market.tables import DATE, NUMBER, TABLES, TEXT

TAKEN, ASKED, UNUSED, MISSING, UNREAD = "understood", "asked", "not used", "not found", "not read"
OF_LISTS = {"holdings": ("date", "portfolio"), "constituents": ("date", "index")}  # what names of files may say of rows
EXACT = 1e-4  # of a list's sum: weights that miss it by more are rounded, and values beside them are not
SESSIONS = {"pre": CELLS["pre"], "post": CELLS["post"]}


@dataclass(frozen=True)
class Found:
    """What one column, sheet, file or table is taken for, and why.

    Attributes
    ----------
    file, sheet, column
        Whose; empty where it is the whole, or where nothing was found.
    table, ours
        What it is taken for.
    verdict
        `understood`, `asked`, `not used`, `not found` or `not read`.
    why
        The evidence, or the question.
    """

    file: str
    sheet: str
    column: str
    table: str
    ours: str
    verdict: str
    why: tuple[Fact, ...]


@dataclass
class Draft:
    """[tables.NAME] as it can be drafted.

    Attributes
    ----------
    table
        Its name.
    stated
        Keys of `riskmodel.market.sources.mapping.TableMap`; "?" where a person must say something.
    why
        By the path of a key, what speaks for it or what is asked.
    group, sheets
        The files of a long table, or those of the fields of a wide one.
    labels
        The header of each column of ours.
    """

    table: str
    stated: dict[str, Any] = field(default_factory=dict)
    why: dict[tuple[str, ...], tuple[Fact, ...]] = field(default_factory=dict)
    group: Group | None = None
    sheets: list[Group] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    def state(self, path: tuple[str, ...], value: Any, *why: Fact) -> None:
        """State a value at a path, with its reasons."""
        place = self.stated
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
        self.why[path] = (*self.why.get(path, ()), *why)

    def questions(self) -> list[tuple[str, ...]]:
        """The paths at which a person must say something."""
        return [path for path in self.why if _at(self.stated, path) == OPEN]


def _at(stated: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    return reduce(lambda place, key: place.get(key, {}), path, stated)


def long_draft(group: Group, candidate: Candidate) -> Draft:
    """The mapping of a long table out of files of one header; identifiers are held against securities elsewhere."""
    table = candidate.table
    draft = Draft(table, group=group)
    settled = doubts.settled(group, candidate, _chosen(group, candidate))
    chosen, asked = dict(settled.chosen), dict(settled.asked)
    for ours in [ours for ours, label in chosen.items() if label in group.twice]:
        label = chosen.pop(ours)
        asked[ours] = (label,), Fact("header_twice", {"labels": (label,)})
    _files(group, draft, {**chosen, **dict.fromkeys(asked, OPEN)})
    state_how(draft, (), group, chosen.values(), kind_of_labels(table, chosen))
    for ours, label in chosen.items():
        word = next((phrase for found, phrase in candidate.columns.get(ours, ()) if found == label), None)
        why = Fact("says_total_return") if word is None else Fact("header_word", {"word": word})
        draft.state(("columns", ours), label, why)
        draft.labels[ours] = label
    for ours, (labels, question) in asked.items():
        draft.state(("columns", ours), OPEN, question)
        _unit_of_any(draft, ours, labels)
    if "level" in chosen and not doubts.says(chosen["level"], "total_return"):
        draft.state(("columns", "level"), chosen["level"], Fact("level_kind"))
    _derived(draft, chosen)
    _units(draft, group, chosen)
    _absent(draft)
    return draft


def kind_of_labels(table: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """The kind of each header that is used."""
    return {label: kind_of(table, ours) for ours, label in chosen.items()}


def _unit_of_any(draft: Draft, ours: str, labels: Sequence[str]) -> None:
    """State the unit of a column that is asked for where all that it may be say the same; ask where they do not."""
    said = {label: of_header(label, label) for label in labels}
    units = {None if found is None else found[0] for found in said.values()}
    if ours not in WITH_UNIT.get(draft.table, ()):
        return
    facts = tuple(found[1] for found in said.values() if found is not None)
    if len(units) > 1 or units == {None}:
        draft.state(("units", ours), OPEN, Fact("unit_unknown", {"columns": (ours,)}), *facts)
    elif units != {"ones"}:
        draft.state(("units", ours), str(*units), *facts)


def _chosen(group: Group, candidate: Candidate) -> dict[str, str]:
    """Ours -> their header, without those that another makes needless."""
    chosen = {ours: label for ours in candidate.columns if (label := candidate.label(ours)) is not None}
    table = candidate.table
    if table == "holdings" and "weight" in chosen and "market_value" in chosen and not _sums_exactly(group, chosen):
        del chosen["weight"]
    for ours, ways in derived_from(table).items():
        inputs = {column for columns in ways.values() for column in columns if column not in TABLES[table].columns}
        if ours in chosen:
            chosen = {column: label for column, label in chosen.items() if column not in inputs}
        else:
            best = next((columns for columns in ways.values() if all(column in chosen for column in columns)), ())
            chosen = {column: label for column, label in chosen.items() if column not in inputs or column in best}
    return chosen


def lists_of(group: Group, chosen: Mapping[str, str], table: str) -> pd.Series:
    """Which list each row belongs to."""
    parts = [pd.Series(group.file_of_rows.astype(str), dtype=object)]
    parts += [group.texts(chosen[key]) for key in OF_LISTS.get(table, ()) if key in chosen]
    return reduce(lambda left, right: left.astype(str) + "|" + right.astype(str), parts)


def _sums_exactly(group: Group, chosen: Mapping[str, str]) -> bool:
    sums = group.numbers(chosen["weight"]).groupby(lists_of(group, chosen, "holdings").to_numpy()).sum()
    return bool((np.minimum((sums - 1).abs(), (sums / 100 - 1).abs()) < EXACT).all())


def _sums(group: Group, chosen: Mapping[str, str], table: str) -> tuple[Fact, ...]:
    sums = group.numbers(chosen["weight"]).groupby(lists_of(group, chosen, table).to_numpy()).sum()
    return (Fact("sums_are", {"low": float(sums.min()), "high": float(sums.max())}),)


def _files(group: Group, draft: Draft, chosen: Mapping[str, str]) -> None:
    in_name = [column for column in OF_LISTS.get(draft.table, ()) if column not in chosen]
    files = list(dict.fromkeys(group.files))
    pattern = pattern_of(files, in_name)
    if pattern is None and in_name[1:]:
        pattern = pattern_of(files, in_name[:1])
        if pattern is not None:
            draft.state(("constant", in_name[1]), PurePosixPath(files[0]).stem, Fact("one_list", {"column": in_name[1]}))
    if pattern is None:
        pattern = pattern_of(files, []) or files[0]
        for column in in_name:
            if column == "portfolio" and len(files) == 1:
                draft.state(("constant", column), PurePosixPath(files[0]).stem, Fact("one_list", {"column": column}))
                continue
            draft.state(("constant", column), OPEN, Fact("not_in_file", {"column": column}))
    elif "{date}" in pattern:
        draft.state(("dates",), day_in(files), Fact("day_in_name", {"form": day_in(files) or ""}))
    draft.state(("file",), pattern, Fact("files", {"count": len(files)}), *group.first.why)


def state_how(draft: Draft, path: tuple[str, ...], group: Group, labels: Iterable[str], kinds: Mapping[str, str]) -> None:
    """State how files are written: what was seen of them, the point of numbers and the form of days."""
    for key in dict.fromkeys(key for each in group.seen for key in each.how if key != "missing"):
        ways = _ways(group, key)
        if len(ways) > 1:
            places = tuple(f"{file} ({value})" for value, file in ways.items())
            draft.state((*path, key), OPEN, Fact("written_differently", {"what": key, "places": places}))
        elif How.model_fields[key].default not in ways:
            draft.state((*path, key), *ways)
    shapes = {label: group.shape(label) for label in labels}
    days = [shape for label, shape in shapes.items() if kinds[label] == DATE and shape.forms]
    if days:
        forms = [form for form in days[0].forms if all(form in shape.forms for shape in days)]
        if len(forms) > 1 or not forms:
            said = tuple(dict.fromkeys(form for shape in days for form in shape.forms))
            draft.state((*path, "dates"), OPEN, Fact("form_unclear" if forms else "forms_differ", {"forms": said}))
        elif forms[0] != "YYYY-MM-DD":
            draft.state((*path, "dates"), forms[0], Fact("form_seen", {"form": forms[0]}))
    texts = [(label, shape) for label, shape in shapes.items() if kinds[label] == NUMBER and shape.points]
    missing = sorted({text for label, shape in shapes.items() if kinds[label] != TEXT for text in shape.missing})
    state_points(draft, path, [(shape.points, shape.texts) for _, shape in texts])
    missing = sorted({*missing, *(cell for each in group.seen for cell in each.how.get("missing", ()))})
    if missing:
        draft.state((*path, "missing"), missing, Fact("stands_for_none", {"cells": tuple(missing)}))


def _ways(group: Group, key: str) -> dict[Any, str]:
    """The ways in which the files of a group are written, each with the first file of it.

    A file of ASCII alone is written as the others are, unless these have two bytes for each character.
    """
    usual = How.model_fields[key].default
    wide = any(str(each.how.get(key)).startswith("utf-16") for each in group.seen)
    telling = [each for each in group.seen if key != "encoding" or wide or not each.ascii] or group.seen
    ways = dict[Any, str]()
    for each in telling:
        ways.setdefault(each.how.get(key, usual), each.file)
    return ways


def state_points(
    draft: Draft,
    path: tuple[str, ...],
    columns: Sequence[tuple[tuple[tuple[str, str], ...], tuple[str, ...]]],
) -> None:
    """State decimal and thousands, where all columns have the same; ask where cells can be read in two ways."""
    if not columns:
        return
    points = [point for point in columns[0][0] if all(point in others for others, _ in columns)]
    if not points:
        draft.state((*path, "decimal"), OPEN, Fact("points_differ"))
        return
    texts = pd.Series([text for _, cells in columns for text in cells if text != FRACTION], dtype=object)
    if not same_numbers(texts, tuple(points)):
        plainest = [point for point in points if not point[1]]
        draft.state((*path, "decimal"), OPEN, Fact("point_unclear", {"cells": tuple(texts.head(3)), "count": len(plainest)}))
        return
    decimal, thousands = points[0]
    if decimal != ".":
        draft.state((*path, "decimal"), decimal, Fact("point_seen"))
    if thousands:
        draft.state((*path, "thousands"), thousands, Fact("point_seen"))


def _derived(draft: Draft, chosen: Mapping[str, str]) -> None:
    for ours, ways in derived_from(draft.table).items():
        if ours in chosen or ours in draft.stated.get("columns", {}):
            continue
        for way, columns in ways.items():
            if all(column in chosen for column in columns):
                draft.state(("derived", ours), way, Fact("worked_out", {"columns": columns}))
                break


def _units(draft: Draft, group: Group, chosen: Mapping[str, str]) -> None:
    table = draft.table
    amounts = TABLES[table].columns if table == "fundamentals" else {}
    wanted = [*WITH_UNIT.get(table, ()), *(name for name, kind in amounts.items() if kind == NUMBER)]
    asked = []
    for ours in wanted:
        if ours not in chosen:
            continue
        label = chosen[ours]
        found = _unit(draft, group, chosen, ours)
        if found is None and group.shape(label).percent:
            found = "percent", Fact("percent_sign")
        if found is None:
            asked.append(ours)
        elif found[0] != "ones":
            draft.state(("units", ours), *found)
        else:
            draft.why[("columns", ours)] = (*draft.why.get(("columns", ours), ()), found[1])
    alike = [ours for ours in asked if not ours.endswith("_per_share")]  # a company's amounts may be in millions
    together = len(alike) > 1 and not {"total_return", "weight", "risk_free"} & set(alike)
    if together:
        draft.state(("unit",), OPEN, Fact("unit_unknown", {"columns": tuple(alike)}))
    for ours in (ours for ours in asked if not together or ours not in alike):
        sums = () if ours != "weight" else _sums(group, chosen, table)
        draft.state(("units", ours), OPEN, Fact("unit_unknown", {"columns": (ours,)}), *sums)
    if draft.stated.get("unit") == OPEN:
        for ours in wanted:
            if ours in chosen and ours not in asked and ours not in draft.stated.get("units", {}):
                draft.state(("units", ours), "ones", *draft.why.get(("columns", ours), ())[1:])


def _unit(draft: Draft, group: Group, chosen: Mapping[str, str], ours: str) -> tuple[str, Fact] | None:
    label, table = chosen[ours], draft.table
    if ours == "risk_free" and not any(has(tokens(label), phrase) for phrase in HEADERS["daily"]):
        return None
    said = of_header(label, label)
    shown = None
    if ours == "weight" and table in OF_LISTS:
        shown = of_sums(group.numbers(label), lists_of(group, chosen, table))
    elif ours == "total_return" and "close" in chosen:
        shown = of_changes(panel(group, chosen, "total_return"), panel(group, chosen, "close"))
    return agreed(said, shown)


def panel(group: Group, chosen: Mapping[str, str], ours: str) -> pd.DataFrame:
    """A column of a long table with the days down and the names across."""
    keys = [group.texts(chosen[key]) if key != "date" else day_texts(group, chosen["date"]) for key in ("date", "ticker")]
    frame = pd.DataFrame({"date": keys[0], "ticker": keys[1], "value": group.numbers(chosen[ours])})
    return frame.drop_duplicates(["date", "ticker"]).pivot(index="date", columns="ticker", values="value")


def day_texts(group: Group, label: str) -> pd.Series:
    """Days as numbers that are in order, whatever their form."""
    from riskmodel.market.sources.cells import Cells, days
    from riskmodel.market.sources.mapping import How

    shape = group.shape(label)
    how = How(dates=shape.forms[0] if shape.forms else "YYYY-MM-DD", missing=shape.missing)
    return days(Cells(group.cells[label], label), how)[0]


def _absent(draft: Draft) -> None:
    """State of a column that is not there that it is not: empty where cells may be, else a question."""
    spec = TABLES[draft.table]
    have = {*draft.stated.get("columns", {}), *draft.stated.get("constant", {}), *draft.stated.get("derived", {})}
    have |= {column for column in spec.columns if f"{{{column}}}" in str(draft.stated["file"])}
    for column in spec.columns:
        if column in have or column in spec.optional:
            continue
        if column == "sector" and draft.group is not None:
            draft.state(("columns", column), OPEN, Fact("sector_unknown", {"labels": _groupings(draft.group)}))
        elif column in spec.sparse and not (draft.table == "prices" and column == "total_return"):
            draft.state(("constant", column), "", Fact("left_empty", {"column": column}))
        elif column == "session":
            draft.state(("constant", column), OPEN, Fact("session_unknown"))
        else:
            draft.state(("columns", column), OPEN, Fact("column_unknown", {"column": column}))


def _groupings(group: Group) -> tuple[str, ...]:
    """The columns of texts that several rows share."""
    return tuple(
        label
        for label, shape in group.shapes.items()
        if shape.kind == TEXT_CELLS and 1 < group.cells[label].nunique() <= len(group.cells) / 2
    )


def state_place(draft: Draft, rivals: Sequence[Group]) -> None:
    """Ask which file or sheet a table is where others could be it, or where its name says that it should not be used."""
    if draft.group is None:
        return
    word = doubts.doubtful_word(draft.group)
    if rivals:
        why = Fact("which_place", {"places": (draft.group.place, *(each.place for each in rivals))})
    elif word is not None:
        why = Fact("doubtful_name", {"word": word})
    else:
        return
    key = "sheet" if draft.group.first.sheet else "file"
    draft.why.pop((key,), None)
    draft.state((key,), OPEN, why)


def state_sessions(draft: Draft) -> None:
    """State which of an export's words for the time of an announcement are ours."""
    if draft.group is None or "session" not in draft.labels:
        return
    for text in sorted({*draft.group.texts(draft.labels["session"])} - {"", "pre", "post"}):
        word = next((ours for ours, words in SESSIONS.items() if any(has(tokens(text), each) for each in words)), None)
        why = Fact("session_word", {"word": text}) if word else Fact("session_unclear", {"word": text})
        draft.state(("values", "session", text), word or OPEN, why)
