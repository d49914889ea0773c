"""The report as a user runs it: a new process, from the files to the pages."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import pytest

from tests.benchmarks.measure import lines_of
from tests.conftest import REAL

pytestmark = pytest.mark.slow


@pytest.mark.real_market
@pytest.mark.parametrize("month", ["2016-06"])
def test_report_on_the_real_market_cold_and_warm(capsys, tmp_path, monkeypatch, month):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = []
    for label in ("empty cache", "fitted model in its store"):
        command = [sys.executable, "-m", "attribution", "report", str(REAL / "book.toml"), "--month", month]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*command, "--out", str(tmp_path / "out")], check=True, capture_output=True)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append((label, f"{wall:5.1f} s of wall  {cpu:5.1f} of CPU"))
    peak = after.ru_maxrss / 1024
    with capsys.disabled():
        print(lines_of(f"report on the real market, {month}", [*rows, ("peak memory", f"{peak:,.0f} MiB")]))
