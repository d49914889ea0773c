"""What a program found out, as a key and named values; it becomes words where somebody reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskmodel.errors import InputError, listed

FACT = "fact"  # the mark of a fact among the values of another

WORDS: Mapping[str, str] = {
    # why a day's regression is not whole
    "first_session": "first session: no exposures before it",
    "thin": "thin: {names} names for {coefficients} coefficients",
    "singular": "singular: condition number {condition:.1e}",
    "unsettled": "Huber weights still move after {rounds} rounds",
    "vacant": "no estimating name in {sectors}",
    "vacant_groups": "no estimating name in {groups}",
    "aliased": "not told apart from the families before: the return of {groups} is set to zero",
    # what a given model lacks on a day
    "no_given_exposures": "no exposures at the close before",
    "no_given_returns": "no factor returns",
    "unexposed": "a factor return, but no exposures at the close before, of {factors}",
    "unpaid": "exposures at the close before, but no factor return, of {factors}",
    "given_gaps": "a factor return without exposures of {unexposed}, exposures without a factor return of {unpaid}",
    # why a descriptor is left out
    "no_column": "fundamentals has no {column}",
    "no_announcements": "no announcements in earnings",
    "nobody": "no name has it",
    "few_observed": "too few names observed on {out} of {days} days",
    "said": "{text}",
    "ordinary_income": "ordinary income is taken from these items of the filings (share of filings): {sources}",
    # why there is no forecast
    "short_history": "the longest history of a factor has {returns} of the {needed} returns that are needed",
    "few_whole_days": "{days} days on which every factor has a return, of the {needed} that shrinkage needs",
    "no_specific_risk": "the longest history of an asset has {observations} of the {needed} returns that are needed",
    "not_given": "the given model has no table {table}",
    "not_yet_given": "the first date of {table} is later",
    "outdated": "the last date of {table} is {last}, more than a month before",
    # what found no place when the market was read
    "no_prices": "ticker without prices",
    "no_share_count": "asset without a share count",
    "not_in_securities": "ticker not in securities",
    "no_sector": "asset without a sector",
    "closed_day": "announced on a day without trading, counted at the next close",
    "later_list": "list dated after the last session",
    "rounded_list": "list that does not sum to one by what rounding of its decimals explains, divided by its sum",
    "no_session": "date without trading inside the price history",
    "no_level": "session without a level of {index}",
    "no_rate": "session without a rate, taken as 0",
    "no_fx_rate": "session without a rate of {pair}, the last one known is carried",
    "unused_return": "total_return on the first day after a gap, not used",
    "later_final": "final whose return falls after the last session, not used yet",
    "respelt": "{column} written in other letters, width, blanks or with invisible characters, read as its usual spelling",
    "placeholder": "{column} that stands for an empty cell (such as NaN), read as empty",
}


@dataclass(frozen=True)
class Fact:
    """Something found out: a reason, a flag, a finding. Programs ask for the key and the values, never for the words.

    Attributes
    ----------
    key
        Names what was found.
    values
        What fills it in, by name: numbers, texts, other facts, tuples of these, and shares of a whole by name.

    Examples
    --------
    >>> fact = Fact("thin", {"names": 13, "coefficients": 7})
    >>> print(fact.words())
    thin: 13 names for 7 coefficients
    >>> print(fact)
    thin {"names": 13, "coefficients": 7}
    >>> Fact.read(str(fact)) == fact
    True
    >>> print(Fact("said", {"text": fact}).words())
    thin: 13 names for 7 coefficients
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """As text that `read` takes back, for arrays of text and files: the key, and the values as JSON."""
        return f"{self.key} {json.dumps(self.values, ensure_ascii=False, default=_stored)}" if self.values else self.key

    @classmethod
    def read(cls, text: str) -> Fact:
        """The fact that was stored as `text`."""
        if not isinstance(text, str):
            raise InputError(f"text: is of type {type(text).__name__}, not str. Give what str(fact) is.")
        key, _, values = text.partition(" ")
        given = json.loads(values) if values else {}
        return cls(key, {name: _restored(value) for name, value in given.items()})

    def words(self, words: Mapping[str, str] = WORDS) -> str:
        """In English, for a person; `words` has a sentence for each key, with places for the values.

        A key of one's own, without a sentence there, is given with its values as they are.
        """
        if not isinstance(words, Mapping):
            raise InputError(f"words: is of type {type(words).__name__}, not a dict. Give a sentence for each key.")
        shown = {name: _shown(value, words) for name, value in self.values.items()}
        if self.key in words:
            return words[self.key].format(**shown)
        told = ", ".join(f"{name} {value}" for name, value in shown.items())
        return self.key.replace("_", " ") + (f": {told}" if told else "")


def _stored(value: object) -> object:
    """What JSON has no form for: a fact among the values, a number of numpy's."""
    if isinstance(value, Fact):
        return {FACT: str(value)}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a Fact holds numbers, texts, facts and tuples of these, not {type(value).__name__}: {value!r}")


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_restored, value))
    if isinstance(value, dict) and isinstance(value.get(FACT), str):
        return Fact.read(value[FACT])
    return value


def _shown(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, Fact):
        return value.words(words if value.key in words else WORDS)
    if isinstance(value, tuple):
        return listed(_shown(part, words) for part in value)
    return listed(f"{name} {share:.0%}" for name, share in value.items()) if isinstance(value, Mapping) else value


class ForecastUnavailableError(InputError):
    """Nothing is wrong with an input, but it does not suffice for a forecast of risk.

    Attributes
    ----------
    fact
        Why there is no forecast.
    """

    def __init__(self, message: str, fact: Fact) -> None:
        super().__init__(message, fact)
        self.fact = fact

    def __str__(self) -> str:
        return str(self.args[0])
