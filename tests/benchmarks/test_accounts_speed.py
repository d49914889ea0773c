"""10,000 accounts of 25 names over a month against one benchmark, with peak memory; a process of its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.benchmarks.measure import in_a_process, lines_of

pytestmark = pytest.mark.slow
ACCOUNTS, NAMES, RUNS, WORKERS = 10_000, 1_500, 3, 2


def test_ten_thousand_accounts_fit_in_two_gigabytes(capsys):
    taken = in_a_process(Path(__file__).with_name("accounts.py"), ACCOUNTS, NAMES, RUNS)
    loop = ACCOUNTS * taken["alone"]
    memory = [f"{taken[name]:,.0f}" for name in ("before", "peak", "peak_by_stock")]
    rows = [
        ("factors, groups, days, held names, errors", f"{taken['cpu']:6.2f} s of CPU  {taken['wall']:6.2f} of wall"),
        (
            "one account by the same call",
            f"{taken['alone']:6.3f} s; a loop of it {loop:,.0f} s, {loop / taken['cpu']:,.0f} x",
        ),
        ("every name of the benchmark too", f"{taken['by_stock']:6.2f} s more"),
        ("memory of the process, MB", "{} before, {} at most, {} by stock".format(*memory)),
        ("furthest identity", f"{taken['gap']:.1e}"),
    ]
    with capsys.disabled():
        print(lines_of(f"{ACCOUNTS:,} accounts, 21 days, {NAMES:,} names, best of {RUNS}", rows))
    assert taken["peak_by_stock"] < 2000
    assert taken["gap"] < 1e-12


def test_accounts_from_parquet_to_parquet_cost_as_they_are_many(capsys):
    pytest.importorskip("distributed", reason="the extra 'scale' is not installed")
    sizes = (10_000, 30_000, 100_000)
    taken = [in_a_process(Path(__file__).with_name("accounts_run.py"), size, WORKERS) for size in sizes]
    rows = [
        (
            f"{size:,} accounts",
            f"{each['cpu']:7.1f} s of CPU  {each['wall']:7.1f} of wall  {each['peak']:,.0f} MB of all processes at most, "
            f"{each['written']:,.0f} MB written",
        )
        for size, each in zip(sizes, taken, strict=True)
    ]
    further = [
        (later["cpu"] - first["cpu"]) / (many - few) * 10_000
        for (few, first), (many, later) in pairwise(zip(sizes, taken, strict=True))
    ]
    rows.append(("further 10,000 accounts, each", " then ".join(f"{cost:.2f} s of CPU" for cost in further)))
    with capsys.disabled():
        print(lines_of(f"accounts from Parquet to Parquet, 21 days, {WORKERS} processes", rows))
    for size, each in zip(sizes, taken, strict=True):
        assert (each["explained"], each["rejected"]) == (size - size // 1000, size // 1000)
        assert each["peak"] < 4000
