"""The files that come nearest to a table that no file is taken for: what of it each could hold, and what each lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskmodel.market.sources.recognition.drafts import Draft, state_how
from riskmodel.market.sources.recognition.evidence.events import are_ratios
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.values import DAY, EMPTY
from riskmodel.market.sources.recognition.evidence.values import TEXT as TEXT_CELLS
from riskmodel.market.sources.recognition.groups import Group, derived_from, fits, kind_of, wholes_of
from riskmodel.market.sources.recognition.names import pattern_alone, pattern_of
from riskmodel.market.sources.recognition.words import NEAREST, OF_NAMES, WHOLE_WORD, WORDS, has, matched, tokens
from riskmodel.market.tables import NUMBER, TABLES, TEXT

MOST_FILES = 3  # that a draft names of each table
IN_PAIRS = ("ratio",)  # columns of ours whose cells may be two numbers
LEAST = 0.5  # of a table's columns, that a file has columns of the kind of


@dataclass(frozen=True)
class Near:
    """A file that could be a table.

    Attributes
    ----------
    file, sheet
        Whose; a pattern of several.
    may_be
        Ours -> the headers of the file's columns of that kind, those with a word of it first; of a column that no header
        has a word of, what it is worked out from, where headers have words of that.
    lacks
        Of ours, for which the file has no column.
    how
        Keys of a mapping that say how the file is written, by the columns that come first.
    pairs
        Of ours, those whose cells are two numbers: `2-for-1`.
    """

    file: str
    sheet: str | None
    may_be: Mapping[str, tuple[str, ...]]
    lacks: tuple[str, ...]
    how: Mapping[str, Any]
    pairs: tuple[str, ...] = ()


def nearest(
    table: str,
    groups: Sequence[Group],
    tickers: Mapping[Group, str | None],
    taken: Collection[Group] = (),
    files: Sequence[str] = (),
) -> tuple[Near, ...]:
    """The files that come nearest to a table, at most `MOST_FILES`; none where all lack more than half of it.

    First those that lack least; of these those with most words of it, in headers and around them.

    Parameters
    ----------
    groups
        Files that may be it.
    tickers
        The column of each by which it names stocks; None where it has none.
    taken
        Those of another table: near to a second one where the header of a number has a word of it.
    files
        All of the folder: a pattern takes none of the others.
    """
    wanted = [ours for ours in TABLES[table].columns if ours not in TABLES[table].optional]
    found = []
    for group in groups:
        ticker = tickers[group]
        if ticker is not None and "ticker" not in wanted:  # rates, levels and pairs are of no stock
            continue
        scores = _with_inputs(table, {ours: _scores(table, ours, group, ticker) for ours in wanted}, group, ticker)
        numbers = [labels for ours, labels in scores.items() if kind_of(table, ours) == NUMBER]
        if group in taken and not any(any(labels.values()) for labels in numbers):
            continue
        lacks = tuple(ours for ours, labels in scores.items() if not labels)
        may_be = {ours: first(sorted(labels, key=lambda each: -labels[each])) for ours, labels in scores.items() if labels}
        if "ticker" not in lacks and len(may_be) > LEAST * len(wanted):
            pattern = pattern_of(group.files, []) or group.first.file
            alone = pattern_alone(pattern, group.files, [file for file in files if file not in group.files])
            pairs = tuple(ours for ours, labels in may_be.items() if ours in IN_PAIRS and are_ratios(group, labels[0]))
            near = Near(alone or group.place, group.first.sheet, may_be, lacks, _how(table, group, may_be), pairs)
            words = sum(max(labels.values()) for labels in scores.values() if labels)
            words += WHOLE_WORD * any(has(tokens(text), each) for text in group.around for each in OF_NAMES.get(table, ()))
            found.append((len(lacks), -words, near))
    return tuple(near for *_, near in sorted(found, key=lambda each: each[:2])[:MOST_FILES])


def _how(table: str, group: Group, may_be: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """How the file of a table is written, as a mapping states it."""
    draft, kinds = Draft(table), {labels[0]: kind_of(table, ours) for ours, labels in may_be.items()}
    state_how(draft, (), group, kinds, kinds)
    return {key: value for key, value in draft.stated.items() if key != "sheet"}


def _scores(table: str, ours: str, group: Group, ticker: str | None) -> dict[str, float]:
    """How well the header of each column that could be one of ours is a word of it."""
    if ours == "ticker":
        return {ticker: 0.0} if ticker else {}
    kind = kind_of(table, ours)
    words = (WORDS | NEAREST).get(table, {}).get(ours, ())
    scores = {
        label: matched(label, words)[0]
        for label, shape in group.shapes.items()
        if shape.kind != EMPTY and label != ticker and fits(shape, kind) and (kind != TEXT or shape.kind != DAY)
    }
    if ours in IN_PAIRS:
        scores |= {
            label: WHOLE_WORD
            for label, shape in group.shapes.items()
            if shape.kind == TEXT_CELLS and are_ratios(group, label)
        }
    if ours == "weight":
        days = [label for label, shape in group.shapes.items() if shape.kind == DAY][:1]
        scores |= dict.fromkeys(wholes_of(group, days, {*days, ticker or ""}), WHOLE_WORD)
    return scores


def _with_inputs(
    table: str, scores: dict[str, dict[str, float]], group: Group, ticker: str | None
) -> dict[str, dict[str, float]]:
    """What a column is worked out from in its place, where headers have words of that and none of the column."""
    for ours, ways in derived_from(table).items():
        inputs = dict.fromkeys(each for columns in ways.values() for each in columns if each not in TABLES[table].columns)
        said = {each: {label: one for label, one in _scores(table, each, group, ticker).items() if one} for each in inputs}
        if not any(scores.get(ours, {}).values()) and any(said.values()):
            rest = {each: its for each, its in scores.items() if each != ours}
            scores = rest | {each: its for each, its in said.items() if its}
    return scores
