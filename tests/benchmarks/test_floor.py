"""What this machine does at most: how fast it reads, multiplies, sorts, draws and diagonalises; and what the work needs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.measure import SECTORS, STYLES, best_of, lines_of

pytestmark = pytest.mark.slow
NAMES, DAYS, FACTORS, SIMULATIONS, APART = 3000, 2520, 1 + SECTORS + STYLES, 1000, 21
DECAYED, WINDOW = 420, 180  # closes whose specific risk the regime looks at, and days of the quartiles of each
BYTES = 8 * NAMES * (STYLES + 4)  # a day: exposures, returns, caps and weights read, specific returns written
GRAM = 2 * STYLES**2 * NAMES  # flops of a day's X'WX; the sectors' part is sums


def test_floor(capsys):
    rng = np.random.default_rng(0)
    memory, x = np.ones(2**25), rng.standard_normal((8, STYLES, NAMES))
    windows = rng.standard_normal((NAMES, WINDOW))
    squares = rng.standard_normal((SIMULATIONS, FACTORS, FACTORS))
    squares = squares @ squares.transpose(0, 2, 1)
    buffer = np.empty(10**6)
    read = memory.nbytes / best_of(5, memory.sum).cpu
    product = 8 * GRAM / best_of(50, lambda: x @ x.transpose(0, 2, 1)).cpu
    sort = best_of(5, lambda: np.sort(windows, axis=-1)).cpu / windows.size
    draw = best_of(5, lambda: rng.standard_normal(out=buffer)).cpu / buffer.size
    small = SIMULATIONS * 2 * FACTORS**3 / best_of(5, lambda: squares @ squares).cpu
    diagonal = best_of(3, lambda: np.linalg.eigh(squares)).cpu / SIMULATIONS

    plain, robust = BYTES / read + GRAM / product, BYTES / read + 3 * GRAM / product
    moments = 2 * 2 * FACTORS**2 * SIMULATIONS  # flops of a day's two moments of every simulation

    def drawn(days):
        return days * (SIMULATIONS * FACTORS * draw + moments / small)

    date = SIMULATIONS * (diagonal + 4 * 2 * FACTORS**3 / small)  # A S A', variances, U_m'U0
    specific = DAYS * NAMES * 8 * 2 * 20 / read + DECAYED * NAMES * WINDOW * sort  # 20 passes over returns; quartiles
    rows = [
        ("memory read", f"{read / 1e9:6.1f} GB/s"),
        (f"products of {STYLES} x {NAMES:,}", f"{product / 1e9:6.1f} GFlop/s"),
        (f"products of {FACTORS} x {FACTORS}", f"{small / 1e9:6.1f} GFlop/s"),
        (f"sorting windows of {WINDOW}", f"{1e9 * sort:6.1f} ns a value"),
        ("normal draws", f"{1e9 * draw:6.1f} ns each"),
        (f"eigenvectors of {FACTORS} x {FACTORS}", f"{1e6 * diagonal:6.1f} us each"),
        (f"floor of a day's regression of {NAMES:,} names", f"{1e6 * plain:6.0f} us, {1 / plain:,.0f} days/s"),
        ("the same with HC3", f"{1e6 * robust:6.0f} us, {1 / robust:,.0f} days/s"),
        ("floor of an eigenfactor date after the first", f"{date + drawn(APART):6.3f} s"),
        (
            f"floor of the whole model, {DAYS:,} days",
            f"{DAYS * robust + specific + drawn(DAYS) + date:6.2f} s: regression {DAYS * robust:.2f}, specific risk "
            f"{specific:.2f}, simulated days {drawn(DAYS):.2f}, eigenvectors {date:.2f}",
        ),
    ]
    with capsys.disabled():
        print(lines_of("floor, one thread: what the machine does, and the time that this gives the work", rows))
