"""Lists against an exhaustive search over names, and against a convex solver where no name need be chosen."""

from __future__ import annotations

from itertools import combinations

import clarabel
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize

from riskmodel.optimisation.contradictions import ContradictionError
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
    TrackingError,
    Turnover,
    VolatilityBand,
)
from riskmodel.optimisation.search import Effort

EXACT = Effort(gap=1e-7)


def problem(seed: int, names: int = 6, factors: int = 3) -> dict[str, object]:
    """A small market: scores, a benchmark, factors, specific variances and two sectors."""
    draw = np.random.default_rng(seed)
    labels = [f"N{number}" for number in range(names)]
    root = draw.normal(size=(factors, factors)) * 0.1
    kinds = [f"F{number}" for number in range(factors)]
    benchmark = draw.dirichlet(np.ones(names))
    return {
        "score": pd.Series(draw.normal(size=names) * 0.05, labels),
        "benchmark": pd.Series(benchmark, labels),
        "exposures": pd.DataFrame(draw.normal(size=(factors, names)), kinds, labels),
        "factor_covariance": pd.DataFrame(root @ root.T, kinds, kinds),
        "specific_variance": pd.Series(draw.uniform(0.01, 0.09, names), labels),
        "groups": pd.DataFrame({"sector": np.where(np.arange(names) % 2, "odd", "even")}, labels),
        "risk_aversion": 2.0,
    }


def covariance(given: dict[str, object]) -> np.ndarray:
    exposures = given["exposures"].to_numpy()
    return exposures.T @ given["factor_covariance"].to_numpy() @ exposures + np.diag(given["specific_variance"])


def best_by_hand(
    given: dict[str, object], count: int, least: float, most: float, band: float, turnover: float | None
) -> float:
    """The best value over every set of `count` names, each by sequential quadratic programming."""
    s, b, v = given["score"].to_numpy(), given["benchmark"].to_numpy(), covariance(given)
    odd = np.arange(len(s)) % 2
    held = given.get("held", pd.Series(0.0, given["score"].index)).to_numpy()
    best = -np.inf
    for names in combinations(range(len(s)), count):
        place = list(names)

        def whole(x, place=place):
            weights = np.zeros(len(s))
            weights[place] = x[:count]
            return weights

        def loss(x):
            w = whole(x)
            return -(s @ w) + given["risk_aversion"] * (w - b) @ v @ (w - b)

        rows = [{"type": "eq", "fun": lambda x: whole(x).sum() - 1}]
        for sign in (1, -1):
            rows.append({"type": "ineq", "fun": lambda x, sign=sign: band - sign * odd @ (whole(x) - b)})
        start, bounds = np.full(count, 1 / count), [(least, most)] * count
        if turnover is not None:
            rows.append({"type": "ineq", "fun": lambda x: 2 * turnover - x[count:].sum()})
            for sign in (1, -1):
                rows.append({"type": "ineq", "fun": lambda x, sign=sign: x[count:] - sign * (whole(x) - held)})
            start, bounds = np.append(start, np.full(len(s), 1.0)), [*bounds, *[(0, None)] * len(s)]
        found = minimize(loss, start, bounds=bounds, constraints=rows, options={"ftol": 1e-13, "maxiter": 500})
        if found.success and all(np.all(row["fun"](found.x) > -1e-7) for row in rows if row["type"] == "ineq"):
            best = max(best, -found.fun)
    return best


@pytest.mark.parametrize("seed", range(3))
def test_a_list_is_the_best_of_all_lists(seed):
    given = problem(seed)
    rules = [NameCount(3, 3), NameWeight(0.1, 0.6), GroupBand("sector", 0.3)]
    found = optimise(**given, rules=rules, effort=EXACT)
    expected = best_by_hand(given, 3, 0.1, 0.6, 0.3, None)
    assert found.certificate.value == pytest.approx(expected, abs=1e-6)
    assert found.certificate.proved
    assert found.certificate.bound >= expected - 1e-8


@pytest.mark.parametrize("seed", range(2))
def test_a_list_is_the_best_that_a_limit_of_turnover_leaves(seed):
    given = problem(seed)
    given["held"] = given["score"] * 0.0 + 1 / 6
    rules = [NameCount(3, 3), NameWeight(0.1, 0.6), GroupBand("sector", 1.0), Turnover(0.55)]
    found = optimise(**given, rules=rules, effort=EXACT)
    assert found.certificate.value == pytest.approx(best_by_hand(given, 3, 0.1, 0.6, 1.0, 0.55), abs=1e-6)
    assert found.turnover <= 0.55 + 1e-8


@pytest.mark.parametrize("seed", range(3))
def test_without_a_choice_of_names_it_is_the_convex_programme(seed):
    given = problem(seed, names=40, factors=5)
    found = optimise(**given, rules=[NameWeight(0.0, 0.2), GroupBand("sector", 0.1)], effort=EXACT)
    n, odd = 40, (np.arange(40) % 2)[None, :]
    s, b, v = given["score"].to_numpy(), given["benchmark"].to_numpy(), covariance(given)
    rows = sp.csc_matrix(np.vstack([np.ones((1, n)), -np.identity(n), np.identity(n), odd, -odd]))
    side = np.concatenate([[1.0], np.zeros(n), np.full(n, 0.2), odd @ b + 0.1, -(odd @ b) + 0.1])
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(2 * n + 2)]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.tol_gap_abs, settings.tol_gap_rel, settings.tol_feas = False, 1e-11, 1e-11, 1e-11
    quadratic = sp.csc_matrix(np.triu(2 * given["risk_aversion"] * v))
    peer = clarabel.DefaultSolver(quadratic, -s - 2 * given["risk_aversion"] * v @ b, rows, side, cones, settings).solve()
    w = np.asarray(peer.x)
    expected = s @ w - given["risk_aversion"] * (w - b) @ v @ (w - b)
    assert found.certificate.value == pytest.approx(expected, abs=1e-8)


def test_rules_that_contradict_each_other_are_named_with_what_each_would_have_to_give():
    given = problem(1)
    with pytest.raises(ContradictionError) as refused:
        optimise(**given, rules=[GroupBand("sector", 0.5), NameCount(most=4), NameWeight(0.0, 0.2), TrackingError(0.5)])
    assert refused.value.rules == ("names", "weight", "cash")
    offers = {(way.rule, way.bound): way.enough for way in refused.value.ways}
    assert offers["names", "most"] == 5
    assert offers["weight", "most"] == pytest.approx(0.25, abs=1e-3)
    assert offers["cash", "most"] == pytest.approx(0.2, abs=1e-3)
    assert [way.rule for way in refused.value.ways if not way.stated] == ["cash"]
    assert str(refused.value).startswith(
        "rules: no list keeps names, weight, cash (as no rule of the kind is given) together. Any one of these would do: "
        "most of names 5 in the place of 4; most of weight 0.25"
    )


def test_a_band_of_volatility_holds_on_both_sides():
    given = problem(2)
    plain = optimise(**given, effort=EXACT)
    reference = given["benchmark"].to_numpy() @ covariance(given) @ given["benchmark"].to_numpy()
    ratio = plain.volatility / reference**0.5
    above = optimise(**given, rules=[VolatilityBand(lower=ratio * 1.05)], effort=EXACT)
    below = optimise(**given, rules=[VolatilityBand(upper=ratio * 0.97)], effort=EXACT)
    assert above.volatility >= 1.05 * plain.volatility * (1 - 1e-8)
    assert below.volatility <= 0.97 * plain.volatility * (1 + 1e-6)
    assert below.certificate.binding == ("volatility",)
    assert above.certificate.value <= plain.certificate.value + 1e-9
    assert above.certificate.bound >= plain.certificate.value - 1e-9


def test_a_name_that_left_the_universe_is_sold_and_counted():
    given = problem(3)
    given["held"] = pd.Series({"GONE": 0.3, "N0": 0.3, "N1": 0.35, "CASH": 0.05})
    found = optimise(**given, rules=[Turnover(0.1)])
    assert found.certificate.raised_turnover == pytest.approx(0.35)  # and 0.05 of cash are bought for
    row = found.names.set_index("ticker").loc["GONE"]
    assert (row["weight"], row["weight_before"], row["reason"], row["forced"]) == (0.0, 0.3, "left", True)
    changes = found.weights.sub(given["held"], fill_value=0.0).abs().sum() / 2
    assert found.turnover == pytest.approx(changes, abs=1e-8)


def test_names_are_held_fixed_and_left_out_as_a_rule_says():
    given = problem(4)
    rules = [Held(("N1",)), Excluded(("N0",)), FixedWeights({"N2": 0.03}), NameWeight(0.05, 0.5), CashWeight(0.1, 0.1)]
    found = optimise(**given, rules=rules)
    assert found.weights["N2"] == pytest.approx(0.03, abs=1e-8)
    assert found.weights["N0"] == 0
    assert found.weights["N1"] >= 0.05 - 1e-8
    assert found.weights["CASH"] == pytest.approx(0.1, abs=1e-8)
    assert found.weights.sum() == pytest.approx(1, abs=1e-8)


def test_classes_of_one_issuer_are_limited_together_and_share_their_risk():
    given = problem(5)
    issuer = pd.Series(["X", "X", "a", "b", "c", "d"], given["score"].index)
    given["groups"] = given["groups"].assign(issuer=issuer)
    found = optimise(**given, issuers=issuer, rules=[GroupLimit("issuer", most=0.3, names=1)])
    assert found.weights[["N0", "N1"]].sum() <= 0.3 + 1e-8
    assert (found.weights[["N0", "N1"]] > 0).sum() <= 1
    deviation = given["specific_variance"].to_numpy() ** 0.5
    shared = covariance(given)
    shared[0, 1] = shared[1, 0] = shared[0, 1] + deviation[0] * deviation[1]
    w = found.weights.drop("CASH").to_numpy()
    assert found.volatility == pytest.approx((w @ shared @ w) ** 0.5, rel=1e-9)


def test_an_exposure_keeps_its_band_and_costs_keep_what_is_held():
    given = problem(6)
    found = optimise(**given, rules=[ExposureBand("F0", -0.05, 0.05)])
    active = found.weights.drop("CASH") - given["benchmark"]
    assert abs(given["exposures"].loc["F0"] @ active) <= 0.05 + 1e-7
    held = given["benchmark"]
    assert optimise(**given, held=held, costs=1.0).turnover == pytest.approx(0, abs=1e-6)
    some, none = optimise(**given, held=held, impact=0.05), optimise(**given, held=held)
    assert 0 < some.turnover < none.turnover


def test_a_rule_more_is_never_better_and_one_that_does_not_bind_changes_nothing():
    given = problem(7)
    rules = [NameCount(2, 4), NameWeight(0.05, 0.5)]
    two = optimise(**given, rules=rules, effort=EXACT)
    slack = optimise(**given, rules=[*rules, TrackingError(two.tracking_error * 1.5)], effort=EXACT)
    tight = optimise(**given, rules=[*rules, TrackingError(two.tracking_error * 0.9)], effort=EXACT)
    assert slack.certificate.value == pytest.approx(two.certificate.value, abs=1e-8)
    assert tight.certificate.value < two.certificate.value
    assert tight.tracking_error <= 0.9 * two.tracking_error + 1e-8


def test_the_order_of_names_says_nothing():
    given = problem(8)
    rules = [NameCount(3, 3), NameWeight(0.1, 0.6)]
    here = optimise(**given, rules=rules, effort=EXACT)
    turned = {**given, **{key: given[key][::-1] for key in ("score", "benchmark", "specific_variance", "groups")}}
    there = optimise(**turned, rules=rules, effort=EXACT)
    pd.testing.assert_series_equal(there.weights.reindex(here.weights.index), here.weights, atol=1e-5)
