"""Lists of 20 to 25 of a thousand names, month by month, each after the one before: `make bench` prints medians."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import riskmodel as rm
from tests.benchmarks.construction import RULES, TRADED, by_skfolio, drawn_months, real_months
from tests.benchmarks.measure import lines_of
from tests.conftest import REAL

pytestmark = pytest.mark.slow
AVERSIONS = (2.0, 20.0, 200.0)
SCIP_SECONDS = 240.0  # that SCIP may take; what it has then is its list


@pytest.fixture(autouse=True)
def imported() -> None:
    """What is imported at the first list is no part of its time."""
    rm.optimise(**next(drawn_months(1)))


def walked(months: Iterable[dict[str, Any]], aversion: float) -> tuple[str, list[rm.Optimum]]:
    """A line on the lists of some months, and the lists."""
    seconds, lists, held = [], [], None
    for month in months:
        rules = RULES if held is None else (*RULES, TRADED)
        start = time.process_time()
        found = rm.optimise(**month, rules=rules, risk_aversion=aversion, held=held)
        seconds.append(time.process_time() - start)
        lists.append(found)
        held = found.weights[found.weights > 0]
    gaps, nodes = [found.certificate.gap for found in lists], [found.certificate.nodes for found in lists]
    return (
        f"{np.median(seconds):6.2f} s of CPU, worst {max(seconds):6.2f}; gap {np.median(gaps):.3%}, worst {max(gaps):.3%}; "
        f"{np.median(nodes):4.0f} nodes, most {max(nodes)}; {sum(gap <= 1e-3 for gap in gaps)} of {len(lists)} proved"
    ), lists


def test_months_of_a_drawn_market(capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for aversion in AVERSIONS:
        line, lists = walked(drawn_months(12), aversion)
        rows.append((f"aversion {aversion:g}", line))
        assert all(20 <= (found.weights.drop("CASH") > 0).sum() <= 25 for found in lists)
        assert all(found.turnover <= 0.2 + 1e-6 for found in lists[1:])
    with capsys.disabled():
        print(lines_of("lists of a drawn market, 1,000 names and 26 factors, 12 months", rows))


@pytest.mark.real_market
def test_months_of_the_real_market(real_model: rm.RiskModelResults, capsys: pytest.CaptureFixture[str]) -> None:
    months = list(real_months(real_model, Path(REAL), "2014-08-01", "2016-08-31"))
    rows = []
    for aversion in AVERSIONS:
        line, lists = walked(months, aversion)
        rows.append((f"aversion {aversion:g}", line))
        assert all(20 <= (found.weights.drop("CASH") > 0).sum() <= 25 for found in lists)
        assert all(found.turnover <= (found.certificate.raised_turnover or 0.2) + 1e-6 for found in lists[1:])
    factors = len(months[0]["factor_covariance"])
    with capsys.disabled():
        print(lines_of(f"lists of the real market, 1,000 names and {factors} factors, {len(months)} months", rows))


@pytest.mark.filterwarnings("ignore")  # skfolio and cvxpy say that a solution may be inaccurate
def test_a_month_beside_skfolio_with_scip(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyscipopt", reason="SCIP is not installed: pip install pyscipopt")
    from skfolio.exceptions import ConvexOptimizationError

    month = next(drawn_months(1))
    rules = (rm.NameCount(most=25), *RULES[1:])  # skfolio knows no least number of names
    start = time.process_time()
    own = rm.optimise(**month, rules=rules, risk_aversion=20.0).certificate
    seconds = time.process_time() - start
    start = time.process_time()
    try:
        weights, value = by_skfolio(month, 20.0, SCIP_SECONDS)
        peer = f"value {value:.6f}, {(weights > 1e-6).sum()} names"
        assert value <= own.bound + 1e-5  # its list is one of those that were bounded
    except ConvexOptimizationError:
        peer = "no list by then"
    taken = time.process_time() - start
    rows = [
        ("here", f"{seconds:6.2f} s of CPU; value {own.value:.6f}, at most {own.bound:.6f}"),
        (
            f"skfolio with SCIP, {SCIP_SECONDS:g} s allowed",
            f"{taken:6.2f} s of CPU; {peer}; this / here {taken / seconds:.0f}",
        ),
    ]
    with capsys.disabled():
        print(lines_of("a list of at most 25 of 1,000 names, no least number: skfolio has none", rows))
