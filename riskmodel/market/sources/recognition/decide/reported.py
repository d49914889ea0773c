"""Portfolios that have lists and that nobody may hold: models and paper, by their names, or without a value of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.drafts import Draft, names_of_lists
from riskmodel.market.sources.recognition.evidence.values import TEXT
from riskmodel.market.sources.recognition.groups import MOST_LISTS, Group
from riskmodel.market.sources.recognition.words import HEADERS, has, tokens

VALUED = 0.5  # of the portfolios have values in a file of them, before it says anything of the others


def doubted_portfolios(
    drafts: Sequence[Draft], groups: Iterable[Group], valued: Iterable[tuple[Group, str]]
) -> dict[str, Fact]:
    """The portfolios of the lists of which it is asked whether they are reported, each with what speaks against it.

    Parameters
    ----------
    groups
        All files: one may have the name of a code.
    valued
        Files with values of portfolios by day, each with its column of their names.
    """
    lists = next((draft for draft in drafts if draft.table == "holdings"), None)
    names = names_of_lists(lists) if lists is not None else ()
    found = dict[str, Fact]()
    for name, texts in _called(names, [group for group in groups if group.is_long]).items():
        if (word := next(filter(_is_model, (name, *texts)), None)) is not None:
            found[name] = Fact("paper_portfolio", {"label": word})
    for group, label in valued:
        there = {*group.texts(label)}
        if len({*names} & there) >= VALUED * len(names):
            for name in {*names} - there:
                found.setdefault(name, Fact("no_values", {"place": group.place}))
    return found


def _called(names: Sequence[str], groups: Sequence[Group]) -> Mapping[str, tuple[str, ...]]:
    """By portfolio the texts that stand beside it in each of its rows, in any file that has most portfolios in a column."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for group in groups:
        keys = [label for label in group.first.labels if group.cells[label].nunique() <= MOST_LISTS]
        keys = [label for label in keys if len({*names} & {*group.texts(label)}) > VALUED * len(names)]
        for key in keys:
            for label, shape in group.shapes.items():
                if label == key or shape.kind != TEXT:
                    continue
                texts = group.texts(label).groupby(group.texts(key).to_numpy())
                once = texts.nunique() == 1
                for name in {*names} & {*once[once].index}:
                    found[name].append(str(texts.first()[name]))
    return {name: tuple(texts) for name, texts in found.items()}


def _is_model(text: str) -> bool:
    """Whether a name says a model or paper: a word of it, or letters before a number.

    Examples
    --------
    >>> [_is_model(text) for text in ("MOD99", "Musterdepot A", "モデルポートフォリオ", "PAPER_X", "Modern Growth")]
    [True, True, True, True, False]
    """
    words = tuple(word for each in tokens(text) for word in (each, *re.findall(r"^[a-z]+(?=\d+$)", each)))
    return any(has(words, phrase) for phrase in HEADERS["of_models"])
