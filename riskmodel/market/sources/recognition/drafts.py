"""A mapping of one table, as far as it can be seen: what a person would state of it, why, and what must be asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.day_forms import regex_of
from riskmodel.market.sources.derive import respelt
from riskmodel.market.sources.mapping import OF_SHEET, OPEN, PLACEHOLDER, How
from riskmodel.market.sources.recognition.evidence.events import Events
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.values import FRACTION, same_numbers
from riskmodel.market.sources.recognition.evidence.values import TEXT as CELLS_TEXT
from riskmodel.market.sources.recognition.groups import LISTED, Group, derived_from, kind_of
from riskmodel.market.sources.recognition.looking.files import Seen
from riskmodel.market.sources.recognition.words import CELLS, has, tokens
from riskmodel.market.tables import DATE, NUMBER, TABLES, TEXT

TAKEN, ASKED, UNUSED, MISSING, UNREAD = "understood", "asked", "not used", "not found", "not read"
OF_LISTS = {"holdings": ("date", "portfolio"), "constituents": ("date", "index")}  # what names of files may say of rows
OF_SHEETS = {**OF_LISTS, "indices": ("index",)}
EXACT = 1e-4  # of a list's sum: weights that miss it by more are rounded, and values beside them are not
SENTENCE, MOST_LINES = 4, 6  # words of a line above the cells that may say what they are, and such lines that are quoted
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
    uncertain
        Whether what is stated is of a file that is asked for, beside others written in another way: it is a comment.
    """

    table: str
    stated: dict[str, Any] = field(default_factory=dict)
    why: dict[tuple[str, ...], tuple[Fact, ...]] = field(default_factory=dict)
    group: Group | None = None
    sheets: list[Group] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    uncertain: bool = False

    def state(self, path: tuple[str, ...], value: Any, *why: Fact) -> None:
        """State a value at a path, with its reasons."""
        place = self.stated
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
        self.why[path] = (*self.why.get(path, ()), *why)

    def is_unnamed(self, ours: str) -> bool:
        """Whether no name says the file of a field of a wide table: what is stated is of the first that it may be."""
        return any(fact.key == "field_which" for fact in self.why.get(("fields", ours, "file"), ()))

    def questions(self) -> list[tuple[str, ...]]:
        """The paths at which a person must say something."""
        return [path for path in self.why if _at(self.stated, path) == OPEN]


def _at(stated: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    return reduce(lambda place, key: place.get(key, {}), path, stated)


def as_ours(texts: pd.Series, draft: Draft) -> pd.Series:
    """Codes of a table as it states that they are spelt."""
    stated = draft.stated
    return respelt(texts, stated.get("beginnings", {}), stated.get("endings", {}), stated.get("digits", 0))


def ask_column(draft: Draft, ours: str, *question: Fact) -> None:
    """Make a question of a column that was taken, or of one that is asked otherwise."""
    draft.why.pop(("columns", ours), None)
    draft.labels.pop(ours, None)
    draft.state(("columns", ours), OPEN, *question)


def quote_lines(draft: Draft) -> None:
    """Quote beside the first question of a unit, and of a split basis, the sentences above the cells: they may answer it."""
    lines = (
        tuple(dict.fromkeys(text for text in draft.group.first.titles if len(tokens(text)) >= SENTENCE))
        if draft.group
        else ()
    )
    if not lines:
        return
    for key in ("unit_unknown", "which_basis"):
        asked = (path for path in draft.questions() if any(fact.key == key for fact in draft.why[path]))
        if (path := next(asked, None)) is not None:
            draft.why[path] += (Fact("lines_say", {"cells": lines[:MOST_LINES]}),)


def kind_of_labels(table: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """The kind of each header that is used."""
    return {label: kind_of(table, ours) for ours, label in chosen.items()}


def chosen_of(group: Group, candidate: Candidate) -> dict[str, str]:
    """Ours -> their header, without those that another makes needless."""
    chosen = {ours: label for ours in candidate.columns if (label := candidate.label(ours)) is not None}
    table = candidate.table
    if table == "holdings" and "weight" in chosen and "market_value" in chosen and not _sums_exactly(group, chosen):
        del chosen["weight"]
    for ours, ways in derived_from(table).items():
        inputs = {column for columns in ways.values() for column in columns if column not in TABLES[table].columns}
        of_several = len(candidate.columns.get(ours, ())) > 1 and table != "prices"  # it is asked, and no other way stated
        if ours in chosen or of_several:
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


def state_how(draft: Draft, path: tuple[str, ...], group: Group, labels: Iterable[str], kinds: Mapping[str, str]) -> None:
    """State how files are written: what was seen of them, the point of numbers and the form of days."""
    own = {"missing", "sheet"} if group.sheets else {"missing"}
    for key in dict.fromkeys(key for each in group.seen for key in each.how if key not in own):
        ways = _ways(group, key)
        if len(ways) > 1:
            places = tuple(f"{file} ({value})" for value, file in ways.items())
            draft.state((*path, key), OPEN, Fact("written_differently", {"what": key, "places": places}))
        elif How.model_fields[key].default not in ways:
            why = [fact for each in group.seen for fact in each.why if key == "until" and fact.key == "notes_below"][:1]
            draft.state((*path, key), *ways, *why)
    if unsure := next((each for each in group.seen if each.encodings), None):
        draft.why.pop((*path, "encoding"), None)
        draft.state((*path, "encoding"), OPEN, Fact("encoding_unclear", {"encodings": unsure.encodings}))
    shapes = {label: group.shape(label) for label in labels}
    dated = [shape for label, shape in shapes.items() if kinds[label] == DATE and shape.forms]
    if dated:
        forms = [form for form in dated[0].forms if all(form in shape.forms for shape in dated)]
        if len(forms) > 1 or not forms:
            said = tuple(dict.fromkeys(form for shape in dated for form in shape.forms))
            draft.state((*path, "dates"), OPEN, Fact("form_unclear" if forms else "forms_differ", {"forms": said}))
        elif forms[0] != "YYYY-MM-DD":
            draft.state((*path, "dates"), forms[0], Fact("form_seen", {"form": forms[0]}))
    if stamped := {label: shape for label, shape in shapes.items() if kinds[label] == DATE and shape.stamps}:
        zoned = all(shape.zoned for shape in stamped.values())
        carried = {"labels": tuple(stamped), "cells": next(iter(stamped.values())).stamps}
        draft.state((*path, "zone" if zoned else "dates"), OPEN, Fact("zone_unclear" if zoned else "times_of_day", carried))
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
    if key == "until":  # a file without notes ends where it ends
        telling = [each for each in telling if key in each.how]
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


def state_place(draft: Draft, rivals: Sequence[Group], stands: bool = True, overlap: Fact | None = None) -> None:
    """Ask which file or sheet a table is where others could be it, or where its name says that it should not be used.

    So it is where one kind of evidence alone speaks for it (`riskmodel.market.sources.recognition.evidence.standing`), and
    where its own files share rows, which is `overlap`.
    """
    if draft.group is None:
        return
    word = draft.group.doubtful
    own = draft.group.place if draft.group.first.sheet else str(draft.stated["file"])  # as it is to be written
    if rivals:
        why = Fact("which_place", {"places": (own, *(each.place for each in rivals))})
    elif word is not None:
        why = Fact("doubtful_name", {"word": word})
    elif not stands:
        why = Fact("one_kind", {"places": (own,), "table": draft.table})
    elif overlap is None:
        return
    else:
        why = None
    headers = {each.first.labels for each in rivals} - {draft.group.first.labels}
    beside = any(each.first.file == draft.group.first.file for each in rivals)
    alone = word is None and not stands and (beside or not rivals)  # no file that stands is beside it
    draft.uncertain = draft.uncertain or bool(headers) or alone
    of_sheet = draft.group.first.sheet and not alone and (beside or (why is None and draft.group.sheets))
    key = "sheet" if of_sheet else "file"
    draft.why.pop((key,), None)
    draft.state((key,), OPEN, *(each for each in (why, overlap) if each is not None))
    for path, reasons in [*draft.why.items()]:
        if any(reason.key == "one_list" for reason in reasons):  # the name is that of a file which is asked for
            draft.why.pop(path)
            draft.state(path, OPEN, Fact("not_in_file", {"column": path[-1]}))


def ask_whose(draft: Draft) -> None:
    """Ask whose lists they are that nothing but their size tells: a fund's beside those of an index are as like them."""
    if draft.group is None:
        return
    if OPEN not in (draft.stated.get("sheet"), draft.stated.get("file")):
        draft.why.pop(("file",), None)
        draft.state(("file",), OPEN, Fact("whose_lists", {"places": (draft.group.place,), "table": draft.table}))


def state_dividends(drafts: Sequence[Draft], events: Sequence[Events]) -> None:
    """Name the files in which dividends may stand beside the question for total returns."""
    for draft in drafts:
        for path in (("columns", "total_return"), ("derived", "total_return")):
            if draft.table == "prices" and path in draft.questions():
                draft.why[path] += tuple(each.dividends() for each in events)


def without_taken(draft: Draft, drafts: Sequence[Draft]) -> None:
    """Offer no number in a question that another table takes out of the same file: the caps beside prices are no close."""
    others = [other for other in drafts if other is not draft and other.group is draft.group is not None]
    taken = {label for other in others for ours, label in other.labels.items() if kind_of(other.table, ours) == NUMBER} - {
        *draft.labels.values()
    }
    for path in draft.questions() if taken else ():
        if path[0] not in ("columns", "units", "unit"):
            continue
        told = (fact for fact in draft.why[path] if not {fact.values.get("place"), fact.values.get("label")} & taken)
        draft.why[path] = tuple(_without_labels(fact, taken) for fact in told)


def _without_labels(fact: Fact, taken: Collection[str]) -> Fact:
    labels = fact.values.get("labels")
    if labels is None or not {*labels} & {*taken}:
        return fact
    return Fact(fact.key, {**fact.values, "labels": tuple(label for label in labels if label not in taken)})


def state_sessions(draft: Draft) -> None:
    """State which of an export's words for the time of an announcement are ours; of columns that are asked for the known."""
    group, taken = draft.group, draft.labels.get("session")
    if group is None or draft.table != "earnings":
        return
    asked = draft.why.get(("columns", "session"), ())
    offered = (label for fact in asked for label in fact.values.get("labels", ()) if label in group.shapes)
    labels = [taken] if taken is not None else [label for label in offered if group.shape(label).kind == CELLS_TEXT]
    for text in sorted({text for label in labels for text in group.texts(label)} - {"", "pre", "post"}):
        word = next((ours for ours, words in SESSIONS.items() if any(has(tokens(text), each) for each in words)), None)
        if word is not None or taken is not None:
            why = Fact("session_word", {"word": text}) if word else Fact("session_unclear", {"word": text})
            draft.state(("values", "session", text), word or OPEN, why)


def names_of_levels(draft: Draft) -> tuple[str, ...]:
    """The indices of a table of levels; none while it is asked which file it is, and none that may be left out."""
    if OPEN in (draft.stated.get("file"), draft.stated.get("sheet")):
        return ()
    asked = [path for path in draft.questions() if path[-1] in ("beside", "drop")]
    out = {label for path in asked for fact in draft.why[path] for label in _out(fact)}
    if draft.group is not None and "index" in draft.labels:
        return tuple(sorted({*draft.group.texts(draft.labels["index"])} - {"", *out}))
    if draft.group is not None and draft.stated.get("constant", {}).get("index") == OF_SHEET:
        return draft.group.sheets
    return tuple(label for sheet in draft.sheets for label in sheet.first.labels[1:] if label not in out)


def _out(fact: Fact) -> tuple[str, ...]:
    """The indices that a question of levels would leave out."""
    return tuple(fact.values.get("labels", ())) if fact.key in ("levels_mixed", "total_beside", "levels_beside") else ()


def names_of_lists(draft: Draft) -> tuple[str, ...]:
    """The indices or portfolios of a table of lists, as its cells, files or sheets have them."""
    whose = LISTED[draft.table]
    if draft.group is None:
        return ()
    if whose in draft.labels:
        names = draft.group.texts(draft.labels[whose])
        if "ticker" in draft.labels:  # a total below an index bears a name in the place of one
            names = names[draft.group.texts(draft.labels["ticker"]) != ""]
        return tuple(sorted({*names} - {""}))
    said = (said_of(draft, each).get(whose, "") for each in draft.group.seen)
    return tuple(sorted({*said} - {""}))


def said_of(draft: Draft, seen: Seen) -> dict[str, str]:
    """What the names of a file and its sheet say, by the placeholders of a draft."""
    form = str(draft.stated.get("dates", ""))
    parts = PLACEHOLDER.split(str(draft.stated["file"]))
    day = regex_of(form)
    regex = "".join(
        (
            f"(?P<{part}>{day if part == 'date' and day else '.+'})"
            if place % 2
            else re.escape(part).replace(r"\*", ".*").replace(r"\?", ".")
        )
        for place, part in enumerate(parts)
    )
    match = re.fullmatch(regex, seen.file)
    constant = draft.stated.get("constant", {})
    of_sheet = {ours: text.replace(OF_SHEET, seen.sheet or "") for ours, text in constant.items() if OF_SHEET in text}
    return of_sheet if match is None else match.groupdict() | of_sheet
