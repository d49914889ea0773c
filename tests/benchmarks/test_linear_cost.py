"""Cost against size: seconds of CPU by days and by names, and the exponent of a fit of log seconds on log size."""

from __future__ import annotations

import numpy as np
import pytest

import riskmodel as rm
from tests.benchmarks.measure import best_of, lines_of, panel

pytestmark = pytest.mark.slow
BY_DAYS = [(days, 1500) for days in (250, 500, 1000, 2000)]
BY_NAMES = [(500, names) for names in (750, 1500, 3000, 6000)]


def whole_model(**given):
    return rm.estimate(**given).forecast()


@pytest.mark.parametrize(
    ("work", "runs"), [("factor returns with the HC3 covariance", 5), ("whole model", 2)], ids=["regression", "model"]
)
def test_cost_grows_linearly_in_days_and_names(capsys, work, runs):
    function = whole_model if work == "whole model" else rm.cross_sectional_regression
    rows = []
    for what, sizes in (("days", BY_DAYS), ("names", BY_NAMES)):
        taken = []
        for days, names in sizes:
            data = panel(days, names)
            taken.append(best_of(runs, lambda data=data: function(**data)).cpu)
            rows.append(
                (
                    f"{days:,} days x {names:,} names",
                    f"{taken[-1]:7.3f} s of CPU  {1e6 * taken[-1] / days:8.1f} us a day  "
                    f"{1e9 * taken[-1] / days / names:7.1f} ns a day and name",
                )
            )
        size = np.array([days if what == "days" else names for days, names in sizes])
        exponent = np.polyfit(np.log(size), np.log(taken), 1)[0]
        each, fixed = np.polyfit(size, taken, 1)
        off = np.abs(fixed + each * size - taken).max() / max(taken)
        line = f"exponent {exponent:.2f}; {fixed:.2f} s + {1e3 * each:.3f} ms x {what}, off by {off:.1%} of the largest"
        rows.append((f"by {what}", line))
    with capsys.disabled():
        print(lines_of(f"{work}, 14 styles, 11 sectors, one BLAS thread, best of {runs}", rows))
