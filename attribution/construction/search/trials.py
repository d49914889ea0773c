"""What is tried: every combination of some factors, each with some weights."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from math import comb

import numpy as np

from attribution.construction.search.choices import LEAST, MOST
from riskmodel.bounds import STYLE_WEIGHT, require_bounded, whole_number
from riskmodel.errors import InputError, counted, listed

MOST_TRIALS = 200_000


@dataclass(frozen=True)
class Trials:
    """Scores that are tried, each a weighted sum of exposures.

    Attributes
    ----------
    factors
        In the order of the columns.
    weights
        (trial, factor); 0 for a factor that a trial has not.
    """

    factors: tuple[str, ...]
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)

    @cached_property
    def names(self) -> list[str]:
        """Of each trial: its factors, with their weights where these are not all one.

        Examples
        --------
        >>> Trials(("value", "size"), np.array([[1.0, 1.0], [1.0, -2.0]])).names
        ['value + size', 'value - 2 size']
        """
        return [trial_name(dict(zip(self.factors, row, strict=True))) for row in self.weights.tolist()]


def trial_name(weights: dict[str, float]) -> str:
    """A score's factors as a sum; weights of one are not written."""
    signs = [f"{'-' if weight < 0 else '+'} {'' if abs(weight) == 1 else f'{abs(weight):g} '}{factor}"
             for factor, weight in weights.items() if weight]  # fmt: skip
    return " ".join(signs).removeprefix("+ ")


def trial_weights(name: str) -> dict[str, float]:
    """The factors and weights of a score by its name, of which the largest is 1 or -1.

    Examples
    --------
    >>> trial_weights("value - 2 size")
    {'value': 0.5, 'size': -1.0}
    """
    terms = re.findall(r"([+-]) (?:(\d\S*) )?(.+?)(?= [+-] |$)", name if name.startswith("- ") else f"+ {name}")
    found = {factor: float(weight or 1) * (-1 if sign == "-" else 1) for sign, weight, factor in terms}
    return scaled_weights(found)


def scaled_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights over the largest of them: scores that differ by a positive multiple are one. Those of 0 are left out."""
    largest = max(map(abs, weights.values()), default=0.0)
    return {factor: weight / largest for factor, weight in weights.items() if weight}


def combined(factors: Sequence[str], *, least: int = LEAST, most: int = MOST, weights: Sequence[float] = (1.0,)) -> Trials:
    """Every combination of `least` to `most` factors, with each of the weights for each of its factors.

    Parameters
    ----------
    factors
        To combine.
    least, most
        How many a combination has.
    weights
        What a factor may weigh; -1 wants little of it. Scores that differ by a positive multiple are one trial.

    Returns
    -------
    Trials

    Raises
    ------
    InputError
        For factors that are there twice, fewer factors than a combination has, and more than `MOST_TRIALS` trials.

    Examples
    --------
    >>> combined(["value", "size", "growth"], least=2, most=3).names
    ['value + size', 'value + growth', 'size + growth', 'value + size + growth']
    >>> combined(["value", "size"], least=1, most=1, weights=[1, -1]).names
    ['value', '- value', 'size', '- size']
    """
    require_several("factors", factors, "Give a list of factors.")
    require_several("weights", weights, "Give a list of numbers, such as [1, -1].")
    again = sorted({factor for factor in factors if factors.count(factor) > 1})
    if again:
        raise InputError(f"factors: more than once: {listed(again)}. Name each once.")
    require_bounded("least", least, whole_number("factors", most=1000))
    require_bounded("most", most, whole_number("factors", most=1000))
    for weight in weights:
        require_bounded("weights", weight, STYLE_WEIGHT)
    if most < least:
        raise InputError(f"most: is {most}, and least is {least}. Give the smaller number of factors as least.")
    if len(factors) < least:
        raise InputError(
            f"factors: {len(factors)} to combine, and a combination has at least {least}. Name more, or set least lower."
        )
    different = list(dict.fromkeys(map(float, weights)))
    number = sum(comb(len(factors), size) * len(different) ** size for size in range(least, min(most, len(factors)) + 1))
    if not different or number > MOST_TRIALS:
        raise InputError(
            f"factors: {number:,} trials of {least} to {most} of {len(factors)} factors, each with "
            f"{counted(len(different), 'weight')}. Give 1 to {MOST_TRIALS:,}: fewer factors, fewer in a combination, or "
            f"fewer weights."
        )
    rows: dict[tuple[float, ...], None] = {}
    for size in range(least, min(most, len(factors)) + 1):
        for chosen in combinations(range(len(factors)), size):
            for values in product(different, repeat=size):
                row = np.zeros(len(factors))
                row[list(chosen)] = values
                rows[tuple(row / np.abs(row).max() if len(different) > 1 else row / abs(different[0]))] = None
    return Trials(tuple(factors), np.array(list(rows)))


def require_several(name: str, value: object, advice: str) -> None:
    """Refuse what is no list: a text is a list of its letters to Python."""
    if not isinstance(value, list | tuple):
        raise InputError(f"{name}: is of type {type(value).__name__}, not a list. {advice}")


def require_top(top: int) -> int:
    """How many of the best trials are shown, or that the number is none."""
    return int(require_bounded("top", top, whole_number("trials")))
