"""What is not proved is not said: contradictions, lists not found, cone problems not solved, sales that are forced."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import InputError
from riskmodel.optimisation import cones, conic, search
from riskmodel.optimisation.errors import ContradictionError, NotFoundError, UnsolvedError
from riskmodel.optimisation.optimise import optimise
from riskmodel.optimisation.prices import Prices, priced
from riskmodel.optimisation.programme import Programme
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
    TrackingError,
    Turnover,
    VolatilityBand,
    label,
)
from riskmodel.optimisation.search import Effort
from tests.riskmodel.optimisation.test_optimise import EXACT, problem


def any_programme(draw: np.random.Generator, names: int = 5, factors: int = 2) -> Programme:
    benchmark = draw.dirichlet(np.ones(names))
    specific, loadings = draw.uniform(0.01, 0.09, names), draw.normal(size=(factors, names)) * 0.1
    before = np.where(draw.uniform(size=names) < 0.5, draw.dirichlet(np.ones(names)), 0.0)
    return Programme(
        score=draw.normal(size=names) * 0.05, benchmark=benchmark, specific=specific, before=before, loadings=loadings,
        centre=loadings @ benchmark, spread=float(specific @ benchmark**2), aversion=draw.choice([0.0, 2.0]),
        least=np.full(names, 0.05), most=np.full(names, 0.7), forced=np.zeros(names, dtype=bool), cash=(0.0, 0.2),
        cash_before=1 - before.sum(), tracking_variance=0.05, variance=0.06, turnover=0.9,
        cost=np.full(names, 0.001), impact=np.full(names, 0.002) * draw.integers(0, 2),
    )  # fmt: skip


def random_list(programme: Programme, draw: np.random.Generator, names: tuple[int, ...]) -> tuple[np.ndarray, float]:
    weights = np.zeros(len(programme.score))
    weights[list(names)] = draw.dirichlet(np.ones(len(names)))
    cash = draw.uniform(0, 0.2)
    return weights * (1 - cash), cash


@pytest.mark.parametrize("seed", range(5))
def test_any_prices_at_all_make_a_bound_that_no_list_is_above(seed):
    draw = np.random.default_rng(seed)
    programme = any_programme(draw)
    nobody = np.zeros(5, dtype=bool)
    lists = [
        random_list(programme, draw, names) for size in (2, 3, 5) for names in combinations(range(5), size) for _ in range(9)
    ]
    kept = [programme.value(weights) for weights, cash in lists if programme.missed(weights, cash) <= 0]
    assert len(kept) > 10
    for _ in range(20):
        limits = draw.exponential(0.1, 3)
        prices = Prices(draw.normal() * 0.1, np.empty(0), *limits, point=draw.normal(size=2) * 0.1)
        assert priced(programme, prices, nobody, nobody).bound >= max(kept)


@pytest.mark.parametrize("seed", range(5))
def test_prices_of_the_cone_problem_prove_its_value(seed):
    """Strong duality: the bound of the prices is the perspective relaxation's own value, w^2 / z in the place of w^2."""
    programme = replace(any_programme(np.random.default_rng(seed)), impact=np.zeros(5), aversion=2.0)
    found, nobody = cones.relaxed(programme), np.zeros(5, dtype=bool)
    w, z = found.weights, np.maximum(found.held, 1e-12)
    value = programme.value(w) - 2.0 * programme.specific @ (w**2 / z - w**2)
    assert priced(programme, found.prices, nobody, nobody).bound == pytest.approx(value, abs=1e-7)


def gives_up(monkeypatch, every: int) -> None:
    """The solver gives up at every so many cone problems."""
    solve, count = conic.Conic.solve, iter(range(10**9))
    monkeypatch.setattr(conic.Conic, "solve", lambda self: None if next(count) % every == 0 else solve(self))


def test_a_solver_that_gives_up_proves_nothing(monkeypatch):
    gives_up(monkeypatch, 1)
    with pytest.raises(UnsolvedError, match=r"could not be solved, so that none is proved impossible"):
        optimise(**problem(1), rules=[NameCount(most=4)])


def test_a_node_that_was_not_solved_keeps_the_bound_of_the_one_above(monkeypatch):
    rules = [NameCount(3, 3), NameWeight(0.1, 0.6)]
    for seed in range(4):
        whole = optimise(**problem(seed), rules=rules, effort=EXACT)
        for every in (2, 3, 4):
            with monkeypatch.context() as patch:
                gives_up(patch, every)
                try:
                    some = optimise(**problem(seed), rules=rules, effort=EXACT)
                except UnsolvedError:
                    continue
            assert some.certificate.bound >= whole.certificate.value - 1e-9


def test_an_effort_that_ends_without_a_list_says_so_with_the_bound(monkeypatch):
    monkeypatch.setattr(search.Search, "try_names", lambda self, names: None)
    with pytest.raises(
        NotFoundError, match=r"none is proved impossible; none is worth more than .* raise nodes of Effort, 3"
    ) as ended:
        optimise(**problem(1), rules=[NameCount(most=3)], effort=Effort(nodes=3))
    monkeypatch.undo()
    assert ended.value.bound >= optimise(**problem(1), rules=[NameCount(most=3)], effort=EXACT).certificate.value


CONTRADICTIONS = {
    "names, weight": [NameCount(most=4), NameWeight(0.01, 0.2)],
    "cash": [CashWeight(0.4, 0.5), NameCount(5, 6), NameWeight(0.15, 0.5)],
    "exposures": [ExposureBand("F0", 0.6, None), ExposureBand("F1", None, -0.7), NameWeight(0.0, 0.4)],
    "whole numbers for decimals": [ExposureBand("F1", None, -3)],
    "tracking": [NameCount(most=2), TrackingError(0.03)],
    "volatility": [VolatilityBand(upper=0.3)],
    "turnover": [Turnover(0.05), ExposureBand("F1", None, -0.4)],
    "groups": [GroupLimit("sector", most=0.4)],
    "names of groups": [GroupLimit("sector", names=1), NameWeight(0.01, 0.4)],
    "band": [GroupBand("sector", 0.01), NameWeight(0.01, 0.15)],
}


WHOLE = {("names", "least"), ("names", "most"), ("group of sector", "names")}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_what_a_contradiction_offers_does(case):
    given, rules = problem(1), CONTRADICTIONS[case]
    given["held"] = given["benchmark"]
    with pytest.raises(ContradictionError) as refused:
        optimise(**given, rules=rules)
    offered = [way for way in refused.value.ways if way.enough is not None]
    assert offered
    for way in offered:
        assert f"{way.bound} of {way.rule} {way.enough:.10g} in the place of {way.given:.10g}" in str(refused.value)
        assert len(f"{way.enough:.10g}") < 9
        printed = float(f"{way.enough:.10g}")
        bound = int(printed) if (way.rule, way.bound) in WHOLE else printed
        kept = {label(rule): rule for rule in [CashWeight(), *rules]}
        kept[way.rule] = replace(kept[way.rule], **{way.bound: bound})
        free = {} if "cash" in refused.value.rules else {"cash": CashWeight(0.0, 1.0)}
        optimise(**given, rules=list(({name: kept[name] for name in refused.value.rules} | free).values()))


def test_defaults_take_part_in_a_contradiction():
    with pytest.raises(ContradictionError) as refused:
        optimise(**problem(1), rules=[NameWeight(0.01, 0.1)])
    assert refused.value.rules == ("weight", "cash")
    ways = {way.rule: way for way in refused.value.ways}
    assert ways["cash"].enough == pytest.approx(0.4)
    assert (ways["cash"].stated, ways["weight"].stated) == (False, True)
    assert "cash (as no rule of the kind is given)" in str(refused.value)


def test_a_name_that_is_to_be_held_and_left_out_is_a_contradiction():
    with pytest.raises(ContradictionError, match="no list keeps held, excluded together"):
        optimise(**problem(1), rules=[Held(("N1",)), Excluded(("N1",))])


@pytest.mark.parametrize("rule", [Held(("GONE", "N0")), FixedWeights({"GONE": 0.1}), FixedWeights({"GONE": 0.0})])
def test_a_name_without_a_score_cannot_be_held(rule):
    given = problem(3)
    given["held"] = pd.Series({"GONE": 0.3, "N0": 0.7})
    with pytest.raises(InputError, match=rf"{rule.key}: 1 name without a score: GONE\. They are not in the universe"):
        optimise(**given, rules=[rule])


def test_names_that_count_have_a_least_weight():
    for rule in (Held(("N0",)), NameCount(least=2)):
        with pytest.raises(InputError, match="the least weight of a name is 0, so that a name that is not held would count"):
            optimise(**problem(3), rules=[rule, NameWeight(0.0, 0.5)])
    given = {**problem(3), "risk_aversion": 0.0}
    worst = given["score"].idxmin()
    assert optimise(**given, rules=[Held((worst,))]).weights[worst] == pytest.approx(NameWeight().least)


def test_a_short_position_is_no_start_of_a_list():
    given = problem(3)
    given["held"] = pd.Series({"N0": 1.1, "N1": -0.1})
    with pytest.raises(InputError, match=r"held: below 0: N1\. Lists are long-only"):
        optimise(**given)


def test_dust_is_neither_held_nor_sold():
    given = problem(3)
    given["held"] = pd.Series({"DUST": 1e-12, "N0": 0.5, "N1": 0.5 - 1e-12, "N2": 0.0})
    found = optimise(**given, rules=[NameCount(2, 3), NameWeight(0.05, 0.6), Turnover(0.3)])
    assert "DUST" not in set(found.names["ticker"])
    held = found.weights.drop("CASH")
    assert ((held == 0) | (held >= 0.05)).all()
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    assert set(found.names["ticker"]) == {*held[held > 0].index, "N0", "N1", "CASH"}


def test_sales_that_a_rule_forces_raise_the_limit_of_turnover():
    given = problem(3)
    given["held"] = pd.Series({"N0": 0.5, "N1": 0.3, "N2": 0.2})
    found = optimise(**given, rules=[Excluded(("N1",)), NameWeight(0.01, 0.4), Turnover(0.2)])
    assert found.certificate.raised_turnover == pytest.approx(0.3 + 0.1)  # N1 whole, and N0 above the cap
    assert found.turnover == pytest.approx(0.4, abs=1e-6)
    rows = found.names.set_index("ticker")
    assert (rows.loc["N1", "reason"], rows.loc["N1", "forced"], rows.loc["N0", "forced"]) == ("excluded", True, True)
    assert "turnover raised to 40.0% for forced sales" in repr(found)
    enough = optimise(**given, rules=[Excluded(("N1",)), NameWeight(0.01, 0.4), Turnover(0.5)])
    assert enough.certificate.raised_turnover is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [("gap", -0.1), ("gap", float("nan")), ("gap", 2), ("nodes", 0), ("nodes", 2.5), ("seconds", 0), ("seconds", "1")],
)
def test_effort_is_of_numbers_that_make_sense(setting, value):
    with pytest.raises(InputError, match=f"effort: {setting} is"):
        Effort(**{setting: value})


def test_a_limit_by_the_clock_marks_a_list_that_may_be_another_next_time():
    assert optimise(**problem(3)).certificate.reproducible
    timed = optimise(**problem(3), effort=Effort(seconds=60.0))
    assert not timed.certificate.reproducible
    assert "not reproducible" in repr(timed)


def test_a_least_volatility_is_found_from_other_starts_where_the_first_tangent_fails():
    given = problem(2)
    values = given["exposures"].T.to_numpy()
    covariance = values @ given["factor_covariance"].to_numpy() @ values.T + np.diag(given["specific_variance"])
    alone = np.diag(covariance) ** 0.5
    benchmark = given["benchmark"].to_numpy()
    most = alone.max() / (benchmark @ covariance @ benchmark) ** 0.5
    found = optimise(**given, rules=[VolatilityBand(lower=most * 0.999)])  # next to nothing but the wildest name
    assert found.volatility >= 0.999 * alone.max() * (1 - 1e-8)
    assert "volatility" in found.certificate.binding
    with pytest.raises(
        NotFoundError, match=r"no list was found whose volatility is .* none is proved impossible"
    ) as refused:
        optimise(**given, rules=[VolatilityBand(lower=most * 1.01)])
    highest = float(re.search(r"the highest found has ([\d.]+)\.\s", str(refused.value))[1])
    assert highest == pytest.approx(alone.max(), rel=1e-3)


def test_bands_of_no_width_are_kept_as_equalities():
    given = problem(4)
    rules = [GroupBand("sector", 0.0), ExposureBand("F0", 0.0, 0.0), CashWeight(0.0, 0.0), FixedWeights({"N2": 0.1})]
    found = optimise(**given, rules=rules, effort=EXACT)
    active = found.weights.drop("CASH") - given["benchmark"]
    assert abs(given["exposures"].loc["F0"] @ active) < 1e-8
    assert abs(active[given["groups"]["sector"] == "odd"].sum()) < 1e-8
    assert found.weights["N2"] == pytest.approx(0.1, abs=1e-9)
    assert found.certificate.proved


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "clarabel", None)
    with pytest.raises(InputError) as refused:
        optimise(**problem(1))
    assert str(refused.value) == (
        "optimise: clarabel is not installed. Install the extra: pip install 'factor-attribution[construct]'."
    )


def test_a_node_whose_names_are_all_settled_by_prices_is_searched_on():
    """It was put away with its bound, and the gap stayed open though every list had been ruled out."""
    case = problem(2, names=40, factors=5) | {"risk_aversion": 5.0}
    case["held"] = case["benchmark"]
    rules = [NameCount(6, 9), NameWeight(0.02, 0.25), GroupBand("sector", 0.1), VolatilityBand(upper=1.2), Turnover(0.6)]
    assert optimise(**case, rules=rules, effort=Effort(gap=1e-4)).certificate.proved


def test_what_would_do_is_said_of_names_that_weigh_something():
    """Without a weight for each, the search finds no list of many names; with the least weight there is one of all."""
    given = problem(3)
    names = len(given["score"])
    with pytest.raises(ContradictionError) as refused:
        optimise(**given, rules=[NameCount(least=names + 1)])
    assert [(way.rule, way.bound, way.enough) for way in refused.value.ways] == [("names", "least", names)]
