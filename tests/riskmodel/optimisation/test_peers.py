"""Lists against every list there is, of small problems with rules of every kind; and what must hold of any list."""

from __future__ import annotations

from itertools import pairwise, product

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from riskmodel.optimisation.errors import ContradictionError
from riskmodel.optimisation.optimise import optimise
from riskmodel.optimisation.rules import (
    CashWeight,
    Excluded,
    ExposureBand,
    FixedWeights,
    GroupBand,
    GroupLimit,
    Held,
    NameCount,
    NameWeight,
    Rule,
    TrackingError,
    Turnover,
    VolatilityBand,
)
from tests.riskmodel.optimisation.test_optimise import EXACT, covariance, problem

NAMES = 5
pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # the peer's; such an example is none
KINDS = (
    NameCount, CashWeight, GroupBand, GroupLimit, ExposureBand, VolatilityBand, TrackingError, Turnover, Held, Excluded,
    FixedWeights,
)  # fmt: skip


def drawn_rule(kind: type, draw: np.random.Generator, seed: int) -> Rule:
    """A rule of a kind, with bounds that sometimes bind and seldom contradict others."""
    wanted, barred, fixed = (f"N{place}" for place in np.random.default_rng(seed).permutation(NAMES)[:3])
    match kind.__name__:
        case "NameCount":
            return NameCount(least=int(draw.integers(1, 4)), most=int(draw.integers(3, 5)))
        case "CashWeight":
            return CashWeight(0.0, draw.uniform(0.05, 0.3))
        case "GroupBand":
            return GroupBand("sector", draw.uniform(0.05, 0.5))
        case "GroupLimit":
            return GroupLimit("sector", most=draw.uniform(0.6, 0.9), names=int(draw.integers(2, 4)))
        case "ExposureBand":
            return ExposureBand("F0", *sorted(draw.uniform(-1, 1, 2)))
        case "VolatilityBand":
            return VolatilityBand(upper=draw.uniform(0.95, 1.4))
        case "TrackingError":
            return TrackingError(draw.uniform(0.08, 0.3))
        case "Turnover":
            return Turnover(draw.uniform(0.1, 0.6))
        case "Held":
            return Held((wanted,))
        case "Excluded":
            return Excluded((barred,))
        case _:
            return FixedWeights({fixed: draw.uniform(0.05, 0.2)})


def drawn_problem(seed: int, kinds: tuple[type, ...]) -> tuple[dict[str, object], list[Rule]]:
    draw = np.random.default_rng(seed)
    case = problem(seed, names=NAMES, factors=2)
    case["risk_aversion"] = float(draw.choice([0.0, 0.5, 5.0]))
    case["costs"], case["impact"] = float(draw.choice([0.0, 0.01])), float(draw.choice([0.0, 0.02]))
    before = draw.dirichlet(np.ones(NAMES + 1)) * np.append(draw.integers(0, 2, NAMES), 1)
    case["held"] = pd.Series(before / before.sum(), [*case["score"].index, "CASH"])
    return case, [NameWeight(0.04, draw.uniform(0.35, 0.9)), *(drawn_rule(kind, draw, seed) for kind in kinds)]


def best_of_every_list(case: dict[str, object], rules: list[Rule]) -> float:
    """The best value over every set of names, each a convex problem of weights alone; minus infinity where there is none.

    An example of which the peer cannot solve one is no example.
    """
    s, b, v = case["score"].to_numpy(), case["benchmark"].to_numpy(), covariance(case)
    h, before, groups = case["held"].to_numpy()[:-1], case["held"]["CASH"], case["groups"]["sector"].to_numpy()
    own = {type(rule): rule for rule in rules}
    w, cash, low, high = cp.Variable(NAMES), cp.Variable(), cp.Parameter(NAMES), cp.Parameter(NAMES)
    root, limit = np.linalg.cholesky(v).T, own.get(CashWeight, CashWeight())
    kept = [cp.sum(w) + cash == 1, w >= low, w <= high, cash >= limit.least, cash <= limit.most]
    for rule in rules:
        match rule:
            case GroupBand():
                kept += [cp.abs((groups == group) @ (w - b)) <= rule.within for group in set(groups)]
            case GroupLimit():
                kept += [(groups == group) @ w <= rule.most for group in set(groups)]
            case ExposureBand():
                active = case["exposures"].loc[rule.factor].to_numpy() @ (w - b)
                kept += [active >= rule.lower, active <= rule.upper]
            case VolatilityBand():
                kept.append(cp.norm(root @ w) <= rule.upper * np.sqrt(b @ v @ b))
            case TrackingError():
                kept.append(cp.norm(root @ (w - b)) <= rule.most)
            case Turnover():
                sold = np.maximum(h - weights_of(own, np.ones(NAMES, dtype=bool))[1], 0).sum()
                room = max(rule.most, sold + max(before - limit.most, 0.0), limit.least - before)
                kept.append((cp.norm1(w - h) + cp.abs(cash - before)) / 2 <= room)
    value = s @ w - case["risk_aversion"] * cp.sum_squares(root @ (w - b)) - case["costs"] * cp.norm1(w - h)
    if case["impact"]:
        value -= case["impact"] * cp.sum(cp.power(cp.abs(w - h), 1.5))
    convex, best = cp.Problem(cp.Maximize(value), kept), -np.inf
    for held in map(np.array, product([False, True], repeat=NAMES)):
        if may_be_held(own, held, groups):
            low.value, high.value = weights_of(own, held)
            try:
                convex.solve(solver=cp.CLARABEL)
            except cp.SolverError:
                reject()
            if convex.status not in ("optimal", "infeasible"):
                reject()
            if convex.status == "optimal":
                best = max(best, float(convex.value))
    return best


def may_be_held(own: dict[type, Rule], held: np.ndarray, groups: np.ndarray) -> bool:
    """Whether a set of names keeps the rules that count or name them."""
    names = {f"N{place}" for place in np.flatnonzero(held)}
    count, limit = own.get(NameCount), own.get(GroupLimit)
    return (
        (count is None or count.least <= held.sum() <= count.most)
        and (limit is None or max((held & (groups == group)).sum() for group in set(groups)) <= limit.names)
        and set(own[Held].names if Held in own else ()) <= names
        and not set(own[Excluded].names if Excluded in own else ()) & names
        and set(own[FixedWeights].weights if FixedWeights in own else ()) <= names
    )


def weights_of(own: dict[type, Rule], held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most weight of every name, where just some are held."""
    low, high = own[NameWeight].least * held, own[NameWeight].most * held
    for name in own[Excluded].names if Excluded in own else ():
        low[int(name[1:])] = high[int(name[1:])] = 0.0
    for name, weight in (own[FixedWeights].weights if FixedWeights in own else {}).items():
        low[int(name[1:])] = high[int(name[1:])] = weight
    return low, high


def value_or_none(case: dict[str, object], rules: list[Rule]) -> float:
    try:
        return optimise(**case, rules=rules, effort=EXACT).certificate.value
    except ContradictionError:
        return -np.inf


some_rules = st.sets(st.sampled_from(range(len(KINDS))), max_size=5).map(lambda some: tuple(KINDS[i] for i in sorted(some)))


@given(seed=st.integers(0, 10_000), kinds=some_rules)
@example(seed=688, kinds=(KINDS[2], KINDS[4]))  # the solver gives up on a part of it, with weights of any size
def test_a_list_is_the_best_of_every_list_there_is(seed, kinds):
    case, rules = drawn_problem(seed, kinds)
    best = best_of_every_list(case, rules)
    if best == -np.inf:
        with pytest.raises(ContradictionError):
            optimise(**case, rules=rules, effort=EXACT)
        return
    found = optimise(**case, rules=rules, effort=EXACT)
    assert found.certificate.value == pytest.approx(best, abs=2e-6)
    assert found.certificate.bound >= best - 1e-6  # to which the peer keeps its rules
    assert found.certificate.gap < 1e-4


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_rule_alone_is_kept_by_the_best_of_every_list(kind):
    case, rules = drawn_problem(7, (kind,))
    assert value_or_none(case, rules) == pytest.approx(best_of_every_list(case, rules), abs=2e-6)


@given(seed=st.integers(0, 10_000), kinds=some_rules)
@settings(max_examples=10)
def test_a_rule_more_is_never_better(seed, kinds):
    case, rules = drawn_problem(seed, tuple(kind for kind in kinds if kind is not CashWeight))  # which gives more room
    case.pop("held")  # what must be sold raises a limit
    values = [value_or_none(case, rules[:size]) for size in range(1, len(rules) + 1)]
    assert all(more <= less + 1e-6 for less, more in pairwise(values))


@given(seed=st.integers(0, 10_000), kinds=some_rules, factor=st.sampled_from([1e-3, 0.1, 10.0, 1e3]))
@settings(max_examples=10)
def test_the_unit_of_the_score_says_nothing(seed, kinds, factor):
    """Score, aversion and costs in another unit: as good a list, within what is left open; in a tiny unit that is more."""
    case, rules = drawn_problem(seed, kinds)
    scaled = case | {key: case[key] * factor for key in ("score", "risk_aversion", "costs", "impact")}
    try:
        known = optimise(**case, rules=rules, effort=EXACT).certificate
    except ContradictionError:
        assert value_or_none(scaled, rules) == -np.inf
        return
    found = optimise(**scaled, rules=rules, effort=EXACT).certificate
    assert found.value / factor <= known.bound + 1e-9
    assert known.value <= found.bound / factor + 1e-9
    assert found.value / factor == pytest.approx(known.value, rel=1e-4, abs=1e-6)
