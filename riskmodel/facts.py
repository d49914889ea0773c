"""What a program found out, as a key and named values; it becomes words where somebody reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from riskmodel.errors import InputError, listed

WORDS: Mapping[str, str] = {
    # why a day's regression is not whole
    "first_session": "first session: no exposures before it",
    "thin": "thin: {names} names for {coefficients} coefficients",
    "singular": "singular: condition number {condition:.1e}",
    "unsettled": "Huber weights still move after {rounds} rounds",
    "vacant": "no estimating name in {sectors}",
    # why a descriptor is left out
    "no_column": "fundamentals has no {column}",
    "no_announcements": "no announcements in earnings",
    "nobody": "no name has it",
    "few_observed": "too few names observed on {out} of {days} days",
    "said": "{text}",
    # why there is no forecast
    "short_history": "the longest history of a factor has {returns} of the {needed} returns that are needed",
    "few_whole_days": "{days} days on which every factor has a return, of the {needed} that shrinkage needs",
    "no_specific_risk": "the longest history of an asset has {observations} of the {needed} returns that are needed",
    # what found no place when the market was read
    "no_prices": "ticker without prices",
    "no_share_count": "asset without a share count",
    "not_in_securities": "ticker not in securities",
    "no_sector": "asset without a sector",
    "closed_day": "announced on a day without trading, counted at the next close",
    "later_list": "list dated after the last session",
    "no_session": "date without trading inside the price history",
    "no_level": "session without a level of {index}",
    "no_rate": "session without a rate, taken as 0",
    "no_fx_rate": "session without a rate of {pair}, the last one known is carried",
    "unused_return": "total_return on the first day after a gap, not used",
}


@dataclass(frozen=True)
class Fact:
    """Something found out: a reason, a flag, a finding. Programs ask for the key and the values, never for the words.

    Attributes
    ----------
    key
        Names what was found.
    values
        What fills it in: numbers, texts and tuples of texts by name.

    Examples
    --------
    >>> fact = Fact("thin", {"names": 13, "coefficients": 7})
    >>> print(fact.words())
    thin: 13 names for 7 coefficients
    >>> print(fact)
    thin {"names": 13, "coefficients": 7}
    >>> Fact.read(str(fact)) == fact
    True
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """As text that `read` takes back, for arrays of text and files: the key, and the values as JSON."""
        return f"{self.key} {json.dumps(self.values, ensure_ascii=False)}" if self.values else self.key

    @classmethod
    def read(cls, text: str) -> Fact:
        """The fact that was stored as `text`."""
        key, _, values = text.partition(" ")
        given = json.loads(values) if values else {}
        return cls(key, {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})

    def words(self, words: Mapping[str, str] = WORDS) -> str:
        """In English, for a person; `words` has a sentence for each key, with places for the values."""
        shown = {name: listed(value) if isinstance(value, tuple) else value for name, value in self.values.items()}
        return words[self.key].format(**shown)


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
