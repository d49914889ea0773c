"""Lists of larger problems against SCIP, a solver of mixed-integer programmes that shares nothing with ours."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from riskmodel.optimisation.optimise import optimise
from riskmodel.optimisation.rules import GroupBand, NameCount, NameWeight, Turnover, VolatilityBand
from riskmodel.optimisation.search import Effort
from tests.riskmodel.optimisation.test_optimise import covariance, problem

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")]  # in cvxpy
LEAST, MOST, FEW, MANY, WITHIN, UPPER, TRADED = 0.02, 0.25, 6, 9, 0.1, 1.2, 0.6
SECONDS = 300  # SCIP's own limit; what it has then is still a list


def by_scip(case: dict[str, object]) -> float:
    """The value of SCIP's best list, with a switch for each name and w within what it allows."""
    s, b, v = case["score"].to_numpy(), case["benchmark"].to_numpy(), covariance(case)
    odd, root, size = np.arange(len(s)) % 2, np.linalg.cholesky(v).T, len(s)
    w, held = cp.Variable(size), cp.Variable(size, boolean=True)
    kept = [
        cp.sum(w) == 1, w >= LEAST * held, w <= MOST * held, cp.sum(held) >= FEW, cp.sum(held) <= MANY,
        cp.abs(odd @ (w - b)) <= WITHIN, cp.norm(root @ w) <= UPPER * np.sqrt(b @ v @ b),
        cp.norm1(w - case["held"].to_numpy()) <= 2 * TRADED,
    ]  # fmt: skip
    value = s @ w - case["risk_aversion"] * cp.sum_squares(root @ (w - b))
    cp.Problem(cp.Maximize(value), kept).solve(solver=cp.SCIP, scip_params={"limits/time": SECONDS, "limits/gap": 1e-5})
    return float(value.value)


@pytest.mark.parametrize(("seed", "aversion"), [(0, 0.5), (1, 2.0), (2, 5.0), (3, 20.0)])
def test_a_list_is_no_worse_than_that_of_scip(seed, aversion):
    pytest.importorskip("pyscipopt", reason="SCIP is not installed: pip install pyscipopt")
    case = problem(seed, names=40, factors=5)
    case["risk_aversion"], case["held"] = aversion, case["benchmark"]
    rules = [
        NameCount(FEW, MANY), NameWeight(LEAST, MOST), GroupBand("sector", WITHIN), VolatilityBand(upper=UPPER),
        Turnover(TRADED),
    ]  # fmt: skip
    found = optimise(**case, rules=rules, effort=Effort(gap=1e-4, nodes=20_000)).certificate
    peer = by_scip(case)
    assert found.proved
    assert found.bound >= peer - 1e-6  # SCIP's list is one of those that were bounded
    assert found.value >= peer - (found.bound - found.value) - 1e-6
