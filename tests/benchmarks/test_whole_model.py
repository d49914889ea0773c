"""The whole model of 2,520 days x 3,000 names x 14 styles, exposures given, beside skfolio's; a process each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.measure import in_a_process, lines_of

pytestmark = pytest.mark.slow
DAYS, NAMES, RUNS = 2520, 3000, 2


def test_whole_model_beside_skfolio(capsys):
    script = Path(__file__).with_name("whole_model.py")
    here, theirs = (in_a_process(script, whose, DAYS, NAMES, RUNS) for whose in ("here", "skfolio"))
    rows = [
        (
            label,
            f"{taken['cpu']:6.2f} s of CPU  {taken['wall']:6.2f} of wall  peak {taken['peak'] / 1e3:5.2f} GB, "
            f"{taken['peak'] / taken['input']:4.2f} x the input  this / here {taken['cpu'] / here['cpu']:5.2f}",
        )
        for label, taken in {"here": here, "skfolio": theirs}.items()
    ]
    rows.append(("input", f"{here['input'] / 1e3:.2f} GB of float64"))
    with capsys.disabled():
        print(lines_of(f"whole model, {DAYS} days x {NAMES} names x 14 styles, one BLAS thread, best of {RUNS}", rows))
