"""A day of 40,000 names: 60 industries, 50 countries, 30 currencies and 14 styles, against what it needs at least."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.families import SIZES
from tests.benchmarks.measure import STYLES, best_of, in_a_process, lines_of

pytestmark = pytest.mark.slow
DAYS, NAMES = 6, 40_000
DENSE = 1 + sum(SIZES.values()) + STYLES


def test_a_day_of_a_world_market(capsys):
    rng = np.random.default_rng(0)
    memory, x = np.ones(2**25), rng.standard_normal((STYLES, NAMES))
    read = memory.nbytes / best_of(5, memory.sum).cpu
    product = 2 * STYLES**2 * NAMES / best_of(20, lambda: x @ x.T).cpu
    traffic = 8 * NAMES * (STYLES + 4 + len(SIZES))  # exposures, returns, caps, weights, labels read, residuals written
    sums = NAMES * len(SIZES) * (2 * STYLES + len(SIZES))  # flops of segment sums of styles and pairs of groups
    gram = 2 * STYLES**2 * NAMES + sums
    floor = {"plain": traffic / read + gram / product, "hc3": traffic / read + (3 * gram) / product}
    taken = in_a_process(Path(__file__).with_name("families.py"), DAYS, NAMES)
    given = 8 * NAMES * (STYLES + 2) * DAYS / 1e6
    rows = [
        (
            what,
            f"{1e3 * taken[what] / DAYS:6.1f} ms of CPU a day; floor {1e3 * floor[what]:5.1f} ms, "
            f"ratio {taken[what] / DAYS / floor[what]:4.1f}",
        )
        for what in floor
    ] + [
        ("hc3, wall clock", f"{1e3 * taken['wall'] / DAYS:6.1f} ms a day"),
        ("peak memory", f"{taken['peak']:6.0f} MB, {taken['before']:.0f} before; arguments {given:.0f} MB"),
        ("a dense design of one day alone", f"{8 * NAMES * DENSE / 1e6:6.0f} MB"),
    ]
    sizes = " x ".join(f"{size} of {name}" for name, size in SIZES.items())
    with capsys.disabled():
        print(lines_of(f"{NAMES:,} names, {sizes}, {STYLES} styles, {DAYS} days, one BLAS thread", rows))
