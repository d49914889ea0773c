"""Which table of ours files of one header may be by the words of the header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.evidence.units import denies
from riskmodel.market.sources.recognition.evidence.values import DAY, EMPTY, NUMBER, TEXT, Shape
from riskmodel.market.sources.recognition.groups import LISTED, Group, fits, is_whose, kind_of, whole_of
from riskmodel.market.sources.recognition.words import (
    CELLS,
    HEADERS,
    NEEDED,
    OF_NAMES,
    WHOLE_WORD,
    WORDS,
    bare,
    has,
    matched,
    tokens,
)

OF_THE_NAME = 1.5  # what a word in the name of a file counts, where a header's own word counts 3
OF_A_CODE = 0.05  # check digits beside a name of a company: of two words that are as good
OF_A_JOIN = 2.5  # what cells say that no header does
LETTERS = ({"b", "s"}, {"k", "v"}, {"a", "v"}, {"c", "v"}, {"k", "s"})  # of buying and selling, in one language each
MOST_SIDES = 6  # different cells of a column that says what a trade is
WHOSE = {*LISTED.values()}
TELLING = {"index", "portfolio", "sector", "pair", "session", "ex_date", "period_end", "announced"}  # few tables have them


@dataclass(frozen=True)
class Candidate:
    """A table that a group may be: ours -> the labels that match it best and the word by which, the best first.

    `why` is what speaks for the table where no word does.
    """

    table: str
    columns: Mapping[str, tuple[tuple[str, str], ...]]
    score: float
    why: tuple[Fact, ...] = field(default_factory=tuple)

    def label(self, ours: str) -> str | None:
        """Their header of a column of ours; None where there is none, or several are as good."""
        found = self.columns.get(ours, ())
        return found[0][0] if len(found) == 1 else None


def _may_be(shape: Shape, kind: str, readable: bool) -> bool:
    """Whether cells can be a column of a kind; else also texts where days or numbers should stand."""
    return shape.kind != EMPTY and (fits(shape, kind) or (not readable and shape.kind == TEXT))


def of_another_kind(group: Group) -> bool:
    """Whether a header says a table that no book needs, orders, trades, users, or cells are bought and sold."""
    words = tuple(word for label in group.first.labels for word in (*bare(label), "|"))
    return any(has(words, phrase) for phrase in HEADERS["other_tables"]) or any(
        shape.kind == TEXT and _are_trades({*map(tokens, shape.texts)}) for shape in group.shapes.values()
    )


def _are_trades(cells: set[tuple[str, ...]]) -> bool:
    """Whether all cells of a column are words for buying and for selling, and some are of each."""
    letters = {text for words in cells for text in words}
    if all(len(text) == 1 for text in letters) and letters not in LETTERS:  # active and superseded, say
        return False
    sides = [{tokens(word) for word in CELLS[side]} for side in ("bought", "sold")]
    return len(cells) <= MOST_SIDES and cells <= set().union(*sides) and all(cells & side for side in sides)


def are_levels(group: Group) -> bool:
    """Whether a sheet has a day and a number that is called a level and nothing else: of the index that its name is."""
    kinds = {label: shape.kind for label, shape in group.shapes.items()}
    levels = [label for label in kinds if matched(label, WORDS["indices"]["level"])[0] >= WHOLE_WORD]
    return group.first.sheet is not None and bool(levels) and {*kinds.values()} == {DAY, NUMBER}


@cache
def candidates(group: Group, readable: bool = True, joined: frozenset[str] = frozenset()) -> list[Candidate]:
    """The tables that a group may be, the likeliest first.

    Parameters
    ----------
    readable
        Whether days and numbers must have a form that is known.
    joined
        Headers of columns with the codes of another file: they name stocks, whatever they are called.
    """
    if of_another_kind(group):
        return []
    found = []
    for table, columns in WORDS.items():
        matches = sorted(
            (
                (score, phrase, ours, label)
                for ours, phrases in columns.items()
                for label in group.first.labels
                for score, phrase in [_match(table, ours, label, phrases, joined)]
                for score in [score + OF_A_CODE * (score > 0 and ours == "ticker" and group.shape(label).code != "")]
                if score
                and _may_be(group.shape(label), kind_of(table, ours), readable)  # cells are read under few
                and (ours not in WHOSE or is_whose(group, label))
            ),
            key=lambda match: -match[0],
        )
        taken: dict[str, list[tuple[float, str, str]]] = {}
        used = set[str]()
        for score, phrase, ours, label in matches:
            if label in used:
                continue
            if ours not in taken:
                taken[ours] = [(score, label, phrase)]
                used.add(label)
            elif kind_of(table, ours) == NUMBER and ((score >= 3 and taken[ours][0][0] >= 3) or score == taken[ours][0][0]):
                taken[ours].append((score, label, phrase))  # close and adj_close, two that are as good: a person says which
                used.add(label)
        if table in LISTED and "ticker" in taken and "weight" not in taken:
            keys = [taken[ours][0][1] for ours in ("date", LISTED[table]) if ours in taken]
            if (whole := whole_of(group, keys, used)) is not None:
                taken["weight"] = [(2.0, whole, "%")]
        of_sheets = table == "indices" and len(group.sheets) > 1  # whose names are those of the indices
        if not all(any(ours in taken for ours in row) or (of_sheets and row == ("index",)) for row in NEEDED[table]):
            continue
        if table in LISTED and LISTED[table] not in taken and group.of_index != (table == "constituents"):
            continue
        score = sum(each[0][0] * (2 if ours in TELLING else 1) for ours, each in taken.items())
        score += OF_THE_NAME * any(has(group.named, phrase) for phrase in OF_NAMES.get(table, ()))
        chosen = {ours: tuple((label, phrase) for _, label, phrase in each) for ours, each in taken.items()}
        found.append(Candidate(table, chosen, score))
    return sorted(found, key=lambda candidate: -candidate.score)


def _match(table: str, ours: str, label: str, phrases: tuple[str, ...], joined: frozenset[str]) -> tuple[float, str]:
    """How well a header is a column of ours, and the word by which."""
    score, phrase = matched(label, phrases)
    if denies(label, ours) or (table == "earnings" and any(has(tokens(label), word) for word in HEADERS["of_analysts"])):
        return 0.0, ""
    if ours == "ticker" and label in joined:
        return max((score, phrase), (OF_A_JOIN, label))
    if (table, ours) == ("prices", "total_return"):
        words = tokens(label)
        said = [next((each for each in HEADERS[kind] if has(words, each)), "") for kind in ("total_return", "of_returns")]
        if all(said):
            return max((score, phrase), (OF_A_JOIN, " ".join(dict.fromkeys(said))))
    return score, phrase
