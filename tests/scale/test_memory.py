"""Ten years of 5,000 stocks are fitted, and stored, in less memory than their exposures take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.measure import in_a_process, lines_of

pytest.importorskip("dask", reason="the extra 'scale' is not installed")
pytestmark = pytest.mark.slow
SESSIONS, ASSETS, BLOCKS = 2520, 5000, 2
MOST = 4000  # MB of resident memory, whatever the machine


def test_ten_years_of_5000_stocks_are_fitted_under_4_gb(tmp_path, capsys):
    script = Path(__file__).with_name("ten_years.py")
    made = in_a_process(script, "make", tmp_path, SESSIONS, ASSETS)
    taken = in_a_process(script, "fit", tmp_path, SESSIONS, ASSETS, BLOCKS)
    rows = [
        ("market on disk", f"{made['market'] / 1e3:.2f} GB"),
        ("store written", f"{taken['store'] / 1e3:.2f} GB"),
        (f"fit and save, {BLOCKS} blocks at once", f"peak {taken['peak'] / 1e3:.2f} GB, {taken['cpu']:.0f} s of CPU"),
    ]
    with capsys.disabled():
        print(lines_of(f"out of core, {SESSIONS} sessions x {ASSETS} assets x 14 styles", rows))
    assert taken["store"] > 8 * SESSIONS * ASSETS * 14 / 1e6  # the exposures are all there
    assert taken["peak"] < MOST
