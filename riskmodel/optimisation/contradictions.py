"""Rules that no list can keep together: the smallest set of them, and what each would have to give."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import combinations

from riskmodel.errors import listed
from riskmodel.optimisation.errors import ContradictionError, Way
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

FINE = 1e-3  # of a bound: how near to the first that does the one is that is named
LARGEST = 3  # a smaller contradiction than the first is looked for among sets of up to so many rules
Possible = Callable[[Sequence[Rule]], bool | None]


def contradiction(rules: Sequence[Rule], stated: Sequence[Rule], possible: Possible) -> ContradictionError:
    """What to say of rules that no list keeps.

    `possible` says whether some rules can be kept, and None where it does not know; all of them cannot.
    """
    some = smallest_contradiction(rules, possible)
    given = {label(rule) for rule in stated}  # a limit that was raised is one that was given
    beside = [rule for rule in rules if label(rule) not in given and rule not in some]
    ways = ways_out(some, given, possible, beside)
    names = [label(rule) if label(rule) in given else f"{label(rule)} (as no rule of the kind is given)" for rule in some]
    offers = [
        f"{way.bound} of {way.rule} {way.enough:.10g} in the place of {way.given:.10g}"
        for way in ways
        if way.enough is not None
    ]
    advice = f"Any one of these would do: {'; '.join(offers)}." if offers else "Give up one of them."
    return ContradictionError(
        f"rules: no list keeps {listed(names, 20)}" + (" together" if len(names) > 1 else "") + f". {advice}",
        tuple(label(rule) for rule in some),
        ways,
    )


def smallest_contradiction(rules: Sequence[Rule], possible: Possible) -> tuple[Rule, ...]:
    """The fewest rules that cannot be kept together, the first such set in the order of the rules.

    Of a set of more than `LARGEST` + 1 none can be missed, but there may be a smaller one. What is not proved is no
    contradiction.
    """
    kept = list(rules)
    for rule in rules:  # none of what is left can be missed
        rest = [other for other in kept if other is not rule]
        if possible(rest) is False:
            kept = rest
    for size in range(1, min(len(kept), LARGEST + 1)):
        for some in combinations(rules, size):
            if possible(some) is False:
                return some
    return tuple(kept)


def ways_out(
    rules: Sequence[Rule], given_names: Collection[str], possible: Possible, beside: Sequence[Rule] = ()
) -> tuple[Way, ...]:
    """What each bound of contradicting rules would have to be, were the others kept: what is named does.

    `beside` are rules that hold whatever is given, such as the least weight of a name: they are kept too.
    """
    ways = []
    for rule in rules:
        others = [*(other for other in rules if other is not rule), *beside]
        for bound, free in _bounds(rule):
            given = getattr(rule, bound)

            def does(value: float, rule: Rule = rule, others: list[Rule] = others, bound: str = bound) -> bool:
                return possible([*others, replace(rule, **{bound: value})]) is True  # type: ignore[arg-type]

            enough = _whole(given, free, does) if isinstance(free, int) else _decimal(float(given), free, does)
            ways.append(Way(label(rule), bound, float(given), enough, label(rule) in given_names))
    return tuple(ways)


def _whole(given: int, free: int, does: Callable[[float], bool]) -> int | None:
    if not does(free):
        return None
    near, far = given, free
    while abs(far - near) > 1:
        middle = (near + far) // 2
        near, far = (near, middle) if does(middle) else (middle, far)
    return far


def _decimal(given: float, free: float, does: Callable[[float], bool]) -> float | None:
    """The nearest bound that does, as a number of three or so digits: further and further away, then between."""
    sign = 1 if free > given else -1
    near, step = given, FINE * max(abs(given), FINE)
    far = given + sign * step
    while sign * far < sign * free and not does(far):
        near, step = far, 2 * step
        far = given + sign * step
    if sign * far >= sign * free:
        far = free
        if not does(far):
            return None
    while abs(far - near) > FINE * max(abs(far), FINE) / 2:
        middle = (near + far) / 2
        near, far = (near, middle) if does(middle) else (middle, far)
    outwards = math.ceil if sign > 0 else math.floor
    for digits in range(12):
        for printed in (round(far, digits), round(outwards(far * 10**digits) / 10**digits, digits)):
            close = abs(printed - far) <= FINE * max(abs(far), FINE) and sign * given < sign * printed <= sign * free
            if close and does(printed):
                return printed
    return far


def _bounds(rule: Rule) -> list[tuple[str, float]]:
    """The bounds of a rule that it has, and at what value each says nothing: a whole number of a count."""
    free: dict[str, float]
    match rule:
        case NameCount():
            free = {"least": 1, "most": 10**6}
        case NameWeight():
            free = {"least": 1e-6, "most": 1.0}
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
    bounds = [(bound, value) for bound, value in free.items() if getattr(rule, bound) not in (None, value)]
    return [(bound, value) for bound, value in bounds if not (isinstance(rule, NameWeight) and getattr(rule, bound) == 0)]
