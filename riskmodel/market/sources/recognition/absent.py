"""Columns of ours that no header says: empty where cells may be, else a question with the headers that each may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskmodel.facts import Fact
from riskmodel.market.contents import PER_SHARE
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import Draft
from riskmodel.market.sources.recognition.evidence.likely import Likely, first
from riskmodel.market.sources.recognition.evidence.units import WITH_UNIT, denies, of_header
from riskmodel.market.sources.recognition.evidence.values import EMPTY
from riskmodel.market.sources.recognition.evidence.values import TEXT as TEXT_CELLS
from riskmodel.market.sources.recognition.groups import Group, derived_from, fits, kind_of
from riskmodel.market.sources.recognition.words import CODE_WORDS, WORDS, has, matched, tokens
from riskmodel.market.tables import NUMBER, TABLES

ASKED_WITH = {"prices": ("volume",)}  # columns that may be absent and feed a factor: asked where cells say that one is it
MOST_FACTS = 4  # of a question


def state_absent(draft: Draft, likely: Mapping[str, Likely]) -> None:
    """State of a column that is not there that it is not: empty where cells may be, else a question.

    Where the file has columns of its kind that nothing takes, they are named, the likeliest first: one may be it under a
    name of the house.
    """
    spec = TABLES[draft.table]
    have = {*draft.stated.get("columns", {}), *draft.stated.get("constant", {}), *draft.stated.get("derived", {})}
    have |= {column for column in spec.columns if f"{{{column}}}" in str(draft.stated["file"])}
    told = {label for why in draft.why.values() for fact in why for label in fact.values.get("labels", ())}
    for column in spec.columns:
        found = likely.get(column)
        left = _candidates(draft, column, likely) if found is not None else _left(draft, column, told)
        left = tuple(label for label in left if not denies(label, column))
        if column in have or (column in spec.optional and not (left and _is_wished(draft, column, found))):
            continue
        path, evidence = ("columns", column), why_of(found, left)
        if column == "sector" and draft.group is not None:
            labels = left if found is not None else _groupings(draft.group)
            draft.state(path, OPEN, Fact("sector_unknown", {"labels": labels}), *evidence)
        elif (draft.table, column) == ("prices", "total_return"):
            draft.state(path, OPEN, Fact("return_unknown", {"labels": left}), *evidence)
            if any(of_header(label, label) is not None for label in left):
                unit_of_any(draft, column, left)
        elif column == "risk_free" and left:
            draft.state(path, OPEN, Fact("rate_unknown", {"labels": left}), *evidence)
            draft.state(("units", column), OPEN, Fact("unit_unknown", {"columns": (column,)}))
        elif column in spec.sparse and left:
            draft.state(path, OPEN, Fact("column_or_none", {"column": column, "labels": left}), *evidence)
            unit_of_any(draft, column, left)
        elif column in spec.sparse:
            draft.state(("constant", column), "", Fact("left_empty", {"column": column}))
        elif column == "session" and not left:
            draft.state(("constant", column), OPEN, Fact("session_unknown"))
        elif left:
            draft.state(path, OPEN, Fact("column_which", {"column": column, "labels": left}), *evidence)
            unit_of_any(draft, column, left)
        else:
            draft.state(path, OPEN, Fact("column_unknown", {"column": column}))


def unit_of_any(draft: Draft, ours: str, labels: Sequence[str]) -> None:
    """State the unit of a column that is asked for where all that it may be say the same; ask where they do not.

    What one column says is no unit of another one that a person may answer with.
    """
    if ours not in WITH_UNIT.get(draft.table, ()) and not _is_total(draft.table, ours):
        return
    said = {label: of_header(label, label) for label in labels}
    units = {None if found is None else found[0] for found in said.values()}
    facts = tuple(found[1] for found in said.values() if found is not None)
    if _is_total(draft.table, ours) and (len(units) > 1 or units == {None}):
        if "unit" not in draft.stated:  # all totals of a table are in one
            draft.state(("unit",), OPEN, Fact("unit_unknown", {"columns": (ours,)}), *facts)
    elif len(units) > 1 or units == {None} or len(labels) == 1:
        draft.state(("units", ours), OPEN, Fact("unit_unknown", {"columns": (ours,)}), *facts)
    elif units != {"ones"}:
        draft.state(("units", ours), str(*units), *facts)


def _is_total(table: str, ours: str) -> bool:
    """Whether a column is an amount of a company as a whole, as opposed to one of a share."""
    return table == "fundamentals" and kind_of(table, ours) == NUMBER and ours not in PER_SHARE


def why_of(likely: Likely | None, labels: Sequence[str]) -> tuple[Fact, ...]:
    """What cells say of the headers that a question names."""
    if likely is None:
        return ()
    told = [fact for fact in likely.why if {*labels} & {str(each) for each in _named(fact)}]
    return tuple(told[:MOST_FACTS])


def _named(fact: Fact) -> tuple[object, ...]:
    return (fact.values.get("label"), *fact.values.get("labels", ()), *fact.values.get("parts", ()))


def _candidates(draft: Draft, column: str, likely: Mapping[str, Likely]) -> tuple[str, ...]:
    """The headers that a column may be by its cells; those that have a word of it first, those of another column last."""
    ways = derived_from(draft.table).get(column, {})
    inputs = [ours for columns in ways.values() for ours in columns if ours not in TABLES[draft.table].columns]
    own = [label for ours in (column, *inputs) if ours in likely for label in likely[ours].labels]
    used = {*draft.labels.values()}
    labels = [label for label in dict.fromkeys(own) if label not in used]
    return first(sorted(labels, key=lambda label: -_said(draft.table, column, label)))


def _said(table: str, column: str, label: str) -> int:
    """1 where a header has a word of a column among others, -1 where it has one of another column alone."""
    words = tokens(label)
    own = any(has(words, phrase) for phrase in WORDS[table].get(column, ()))
    others = any(
        has(words, phrase)
        for ours, phrases in WORDS[table].items()
        if ours != column and kind_of(table, ours) == NUMBER
        for phrase in phrases
    )
    return 1 if own else -1 if others else 0


def _is_wished(draft: Draft, column: str, found: Likely | None) -> bool:
    """Whether a column that may be absent is asked for where some of its file's could be it."""
    names = {"name", "name_ja"} & {*draft.labels}
    return (
        draft.table == "fundamentals"
        or (found is not None and column in ASKED_WITH.get(draft.table, ()))
        or (draft.table, column) == ("securities", "industry")
        or ((draft.table, column) == ("securities", "name") and not names)
    )


def _left(draft: Draft, column: str, asked: set[str]) -> tuple[str, ...]:
    """The columns of a draft's files that nothing takes or asks for and whose cells are of a column's kind."""
    group, kind = draft.group, kind_of(draft.table, column)
    if group is None:
        return ()
    out = []
    for label, shape in group.shapes.items():
        if label in draft.labels.values() or label in asked or shape.kind == EMPTY or not fits(shape, kind):
            continue
        if kind != NUMBER and (shape.code or matched(label, CODE_WORDS)[0] or group.cells[label].nunique() < 2):
            continue
        if column == "industry" and label not in _groupings(group):
            continue
        many = shape.kind == TEXT_CELLS and 2 * group.cells[label].nunique() >= len(group.cells)
        if column in ("name", "name_ja") and not many:
            continue
        out.append(label)
    return tuple(out)


def _groupings(group: Group) -> tuple[str, ...]:
    """The columns of texts that several rows share."""
    return tuple(
        label
        for label, shape in group.shapes.items()
        if shape.kind == TEXT_CELLS and 1 < group.cells[label].nunique() <= len(group.cells) / 2
    )
