"""What each column, sheet and file is taken for, a row each: what is printed, and what a program reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riskmodel.facts import Fact
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.drafts import ASKED, MISSING, TAKEN, UNUSED, Draft, Found
from riskmodel.market.sources.recognition.evidence.near import Near
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.looking.files import Unread
from riskmodel.market.tables import TABLES

WISHED = ("fundamentals", "earnings", "indices", "constituents", "rates")  # tables without which something is left out


@dataclass(frozen=True)
class Recognised:
    """What a folder of exports is taken for.

    Attributes
    ----------
    drafts
        A mapping for each table that was found, in the order of `riskmodel.market.tables.TABLES`.
    found
        What each column, sheet and file is taken for, and what is needed and was not found.
    nearest
        By each table that was not found, the files that come nearest to it.
    doubted
        Portfolios of which it is asked whether they are reported, and what speaks against each.
    """

    drafts: tuple[Draft, ...]
    found: tuple[Found, ...]
    nearest: Mapping[str, tuple[Near, ...]] = field(default_factory=dict)
    doubted: Mapping[str, Fact] = field(default_factory=dict)

    def draft(self, table: str) -> Draft | None:
        """The mapping of a table; None where it was not found."""
        return next((draft for draft in self.drafts if draft.table == table), None)


def told_elsewhere(draft: Draft, drafts: Sequence[Draft]) -> frozenset[str]:
    """The columns of a draft's files that another one tells of: of a file that is two tables the second says less."""
    others = [other for other in drafts if other is not draft and other.group is draft.group is not None]
    first = all(drafts.index(draft) < drafts.index(other) for other in others)
    labels = {label for other in others for label in other.labels.values()}
    return frozenset(labels if first or draft.group is None else draft.group.first.labels)


def rows_of_columns(draft: Draft, told: frozenset[str]) -> list[Found]:
    """A row for each column of a draft's files, but for those told elsewhere, and for what is asked of the table."""
    rows = []
    questions = draft.questions()
    if "layout" in draft.stated:
        for (ours, field), sheet in zip(draft.stated["fields"].items(), draft.sheets, strict=True):
            own = [path for path in questions if path[:2] == ("fields", ours)]
            why = draft.why[("fields", ours, "file")] + tuple(fact for path in own for fact in draft.why[path])
            verdict = ASKED if own else TAKEN
            place = str(field["file"]) if field["file"] != OPEN else sheet.first.file, sheet.first.sheet or ""
            rows.append(Found(*place, "*", draft.table, ours, verdict, why))
    group = draft.group
    asked = {path[-1] for path in questions if path[:1] in (("columns",), ("units",), ("values",))}
    if group is not None:
        ours_of = {label: ours for ours, label in draft.labels.items()}
        both = {label for path in questions for fact in draft.why[path] for label in fact.values.get("labels", ())}
        unit_of = {
            name
            for path in questions
            if path == ("unit",)
            for fact in draft.why[path]
            for name in fact.values.get("columns", ())
        }
        for label in group.first.labels:
            ours = ours_of.get(label, "")
            unit = ours in asked or ours in unit_of or any(path[:2] == ("values", ours) for path in questions)
            verdict = ASKED if label in both or unit else TAKEN if ours else UNUSED
            why = draft.why.get(("columns", ours), ()) + draft.why.get(("units", ours), ())
            why = why or tuple(
                fact for path in questions for fact in draft.why[path] if label in fact.values.get("labels", ())
            )
            place = (_file_of(draft), ", ".join(group.sheets) or group.first.sheet or "")
            if verdict != UNUSED or label not in told:
                rows.append(Found(*place, label, draft.table, ours, verdict, why or (Fact("not_needed"),)))
    for path in questions:
        if path[0] != "fields" and not (path[0] in ("units", "columns") and path[-1] in draft.labels):
            rows.append(Found(_file_of(draft), "", ".".join(path), draft.table, path[-1], ASKED, draft.why[path]))
    return rows


def rows_of_headers(group: Group) -> list[Found]:
    """A row for the columns that a header does not tell apart, or that have none: no mapping can name them."""
    facts = [Fact("header_twice", {"labels": group.twice})] if group.twice else []
    facts += [Fact("header_missing", {"columns": group.unnamed})] if group.unnamed else []
    return [Found(*_place(group), "", "", "", UNUSED, (fact,)) for fact in facts]


def _file_of(draft: Draft) -> str:
    """The file of a draft as its findings name it, also while it is asked which it is."""
    file = str(draft.stated.get("file", ""))
    return draft.group.place if draft.group is not None and file == OPEN else file


def rows_not_found(drafts: Sequence[Draft]) -> list[Found]:
    """A row for each table that is needed or feeds something and is not there, and for columns that are left empty."""
    there = {draft.table for draft in drafts}
    needed = [name for name, spec in TABLES.items() if spec.required or name == "holdings"]
    rows = [
        Found("", "", "", name, "", MISSING, (Fact("table_missing", {"table": name}),))
        for name in needed
        if name not in there
    ]
    rows += [
        Found("", "", "", name, "", MISSING, (Fact("table_absent", {"table": name}),))
        for name in WISHED
        if name not in there and name not in needed
    ]
    for draft in drafts:
        for path, why in draft.why.items():
            if path[0] == "constant" and any(fact.key == "left_empty" for fact in why):
                rows.append(Found("", "", "", draft.table, path[-1], MISSING, why))
    return rows


def row_of_file(each: Unread, verdict: str, why: Fact) -> Found:
    """The row of a file that is no table."""
    return Found(each.file, each.sheet or "", "", "", "", verdict, (why,))


def row_of_group(group: Group, verdict: str, *why: Fact, table: str = "") -> Found:
    """The row of files of one header as a whole."""
    return Found(*_place(group), "", table, "", verdict, why)


def _place(group: Group) -> tuple[str, str]:
    """The file and the sheet of a group as its findings name them."""
    return group.place if len(group.seen) > 1 else group.first.file, group.first.sheet or ""
