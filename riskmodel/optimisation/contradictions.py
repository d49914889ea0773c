"""Rules that no list can keep together: the smallest set of them, and what each would have to give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from riskmodel.errors import InputError
from riskmodel.optimisation.rules import (
    CashWeight,
    ExposureBand,
    GroupBand,
    GroupLimit,
    NameCount,
    NameWeight,
    Rule,
    TrackingError,
    Turnover,
    VolatilityBand,
    label,
)

FINE = 4096  # parts of the way from a rule's bound to where it says nothing
Possible = Callable[[Sequence[Rule]], bool]


@dataclass(frozen=True)
class Way:
    """One bound of a rule, and the nearest one with which the others of a contradiction can be kept.

    Attributes
    ----------
    rule, bound
        Which.
    given, enough
        What it is, and what it would have to be; `enough` is None where giving this one way up altogether does not do.
    """

    rule: str
    bound: str
    given: float
    enough: float | None


class ContradictionError(InputError):
    """No list keeps these rules together.

    Attributes
    ----------
    rules
        The smallest set of them that contradict each other, by name.
    ways
        What each bound of them would have to give.
    """

    def __init__(self, message: str, rules: tuple[str, ...], ways: tuple[Way, ...]) -> None:
        super().__init__(message)
        self.rules, self.ways = rules, ways


def smallest_contradiction(rules: Sequence[Rule], possible: Possible) -> tuple[Rule, ...]:
    """The fewest rules that cannot be kept together, the first such set in the order of the rules.

    `possible` says whether some rules can; all of them cannot.
    """
    kept = list(rules)
    for rule in rules:  # none of what is left can be missed
        rest = [other for other in kept if other is not rule]
        if not possible(rest):
            kept = rest
    for size in range(len(kept)):
        for some in combinations(rules, size):
            if not possible(some):
                return some
    return tuple(kept)


def ways_out(rules: Sequence[Rule], possible: Possible) -> tuple[Way, ...]:
    """What each bound of contradicting rules would have to be, were the others kept."""
    ways = []
    for rule in rules:
        others = [other for other in rules if other is not rule]
        for bound, free in _bounds(rule):
            given = float(getattr(rule, bound))
            whole = isinstance(getattr(rule, bound), int)

            def with_bound(
                value: float, rule: Rule = rule, others: list[Rule] = others, bound: str = bound, whole: bool = whole
            ) -> list[Rule]:
                return [*others, replace(rule, **{bound: round(value) if whole else value})]  # type: ignore[arg-type]

            if not possible(with_bound(free)):
                ways.append(Way(label(rule), bound, given, None))
                continue
            near, far = given, free  # near cannot be, far can
            while abs(far - near) > (1 if whole else abs(free - given) / FINE):
                middle = float(round((near + far) / 2)) if whole else (near + far) / 2
                near, far = (near, middle) if possible(with_bound(middle)) else (middle, far)
            ways.append(Way(label(rule), bound, given, far))
    return tuple(ways)


def _bounds(rule: Rule) -> list[tuple[str, float]]:
    """The bounds of a rule that it has, and at what value each says nothing."""
    free: dict[str, float]
    match rule:
        case NameCount():
            free = {"least": 1, "most": 10**6}
        case NameWeight():
            free = {"least": 0.0, "most": 1.0}
        case CashWeight():
            free = {"least": 0.0, "most": 1.0}
        case GroupBand():
            free = {"within": 2.0}
        case GroupLimit():
            free = {"most": 1.0, "names": 10**6}
        case ExposureBand():
            free = {"lower": -100.0, "upper": 100.0}
        case VolatilityBand():
            free = {"lower": 0.0, "upper": 10.0}
        case TrackingError():
            free = {"most": 1.0}
        case Turnover():
            free = {"most": 2.0}
        case _:
            free = {}
    return [(bound, value) for bound, value in free.items() if getattr(rule, bound) not in (None, value)]
