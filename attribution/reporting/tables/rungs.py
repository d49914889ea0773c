"""The rungs of a ladder under their names: what each rule says, in the words of a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from attribution.house_style.words import Messages
from attribution.portfolio.book import Book
from attribution.rows import LIST, NO_STRATEGY, NOT_STOCKS, SCORE
from riskmodel.bounds import is_number
from riskmodel.optimisation.rules import BENCHMARK, ExposureBand, NameCount, Rule, label

OWN = {SCORE: "score", LIST: "list", NO_STRATEGY: "no_strategy"}  # rungs that are no rule -> their words
PLAIN = (ExposureBand, NameCount)  # rules whose numbers are no shares


def rung_rules(book: Book, course: str) -> dict[str, Rule]:
    """What rungs are called in the tables -> the rules, of all strategies of a course."""
    strategies = (book.strategy_of(sleeve) for sleeve in book.shares(course))
    return {label(rule): rule for name in strategies if name is not None for rule in book.strategies[name].rules}


def rung_name(rung: str, rules: Mapping[str, Rule], words: Messages) -> str:
    """A rung as a reader knows it: what its rule says, with its numbers."""
    if rung in OWN:
        return words(f"rungs.{OWN[rung]}")
    if rung not in rules:
        return words.factor(NOT_STOCKS.get(rung, rung))
    rule = rules[rung]
    values = {field.name: _shown(getattr(rule, field.name), rule, words) for field in fields(rule)}
    given = [field.name for field in fields(rule) if is_number(getattr(rule, field.name))]
    kind = f"{rule.key}_{'_'.join(given)}" if f"{rule.key}_{'_'.join(given)}" in words.table["rungs"] else rule.key
    return words(f"rungs.{kind}", **values)


def _shown(value: object, rule: Rule, words: Messages) -> str:
    if value == BENCHMARK:
        return words("rungs.benchmark")
    if isinstance(value, tuple | list):
        return words.listed(map(str, value))
    if isinstance(value, Mapping):
        return words.listed(map(str, value))
    if not is_number(value):
        return words.name("groupings", str(value)) if value is not None else ""
    return f"{value:g}" if isinstance(rule, PLAIN) else f"{round(float(value) * 100, 6):g}"  # type: ignore[arg-type]
