"""10,000 accounts of 25 names over a month against one benchmark, with peak memory; a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.measure import in_a_process, lines_of

pytestmark = pytest.mark.slow
ACCOUNTS, NAMES, RUNS = 10_000, 1_500, 3


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
