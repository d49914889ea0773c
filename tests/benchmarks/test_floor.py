"""What this machine does at most: how fast it reads, moves, multiplies, draws and diagonalises; and what the work needs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.measure import SECTORS, STYLES, best_of, lines_of

pytestmark = pytest.mark.slow
NAMES, DAYS, FACTORS, SIMULATIONS, APART = 3000, 2520, 1 + SECTORS + STYLES, 1000, 21
WINDOW = 180  # days of the quartiles of each close: one comes, one goes, and half of the others move over
BYTES = 8 * NAMES * (STYLES + 4)  # a day: exposures, returns, caps and weights read, specific returns written
GRAM = 2 * STYLES**2 * NAMES  # flops of a day's X'WX; the sectors' part is sums


def test_floor(capsys):
    rng = np.random.default_rng(0)
    memory, x = np.ones(2**25), rng.standard_normal((8, STYLES, NAMES))
    near = rng.standard_normal((2, 2**13))
    squares = rng.standard_normal((SIMULATIONS, FACTORS, FACTORS))
    squares = squares @ squares.transpose(0, 2, 1)
    buffer = np.empty(10**6)
    read = memory.nbytes / best_of(5, memory.sum).cpu
    product = 8 * GRAM / best_of(50, lambda: x @ x.transpose(0, 2, 1)).cpu
    move = 100 * near[0].nbytes / best_of(20, lambda: [np.copyto(*near) for _ in range(100)]).cpu
    draw = best_of(5, lambda: rng.standard_normal(out=buffer)).cpu / buffer.size
    small = SIMULATIONS * 2 * FACTORS**3 / best_of(5, lambda: squares @ squares).cpu
    diagonal = best_of(3, lambda: np.linalg.eigh(squares)).cpu / SIMULATIONS

    plain, robust = BYTES / read + GRAM / product, BYTES / read + 3 * GRAM / product
    moments = 2 * 2 * FACTORS**2 * SIMULATIONS  # flops of a day's two moments of every simulation

    def drawn(days):
        return days * (SIMULATIONS * FACTORS * draw + moments / small)

    date = SIMULATIONS * (diagonal + 4 * 2 * FACTORS**3 / small)  # A S A', variances, U_m'U0
    passes, windows = 20 * 2 * 8 / read, 8 * WINDOW / 2 / move + 2 * WINDOW / product  # a return: passes; order and squares
    specific = DAYS * (NAMES * (passes + windows) + 2 * (STYLES + 1) ** 2 * NAMES / product)  # and the structural model
    rows = [
        ("memory read", f"{read / 1e9:6.1f} GB/s"),
        (f"products of {STYLES} x {NAMES:,}", f"{product / 1e9:6.1f} GFlop/s"),
        (f"products of {FACTORS} x {FACTORS}", f"{small / 1e9:6.1f} GFlop/s"),
        ("copies near the processor", f"{move / 1e9:6.1f} GB/s"),
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
