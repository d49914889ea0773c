"""Ten million rows of prices out of every kind of source, against what its engine alone takes to read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.measure import in_a_process, lines_of

pytestmark = pytest.mark.slow
DAYS, NAMES, RUNS = 2_000, 5_000, 2
KINDS = ("parquet", "parts", "duckdb", "sqlite")
SCRIPT = Path(__file__).with_name("sources.py")


def test_prices_are_read_in_a_few_times_what_their_engine_takes(capsys, tmp_path):
    in_a_process(SCRIPT, "write", tmp_path, DAYS, NAMES, RUNS)
    rows = []
    for kind in KINDS:
        taken = in_a_process(SCRIPT, kind, tmp_path, DAYS, NAMES, RUNS)
        assert taken["rows"] == DAYS * NAMES
        ratio = {name: f"{taken[name]:5.2f} s, {taken[name] / taken['alone']:4.1f} x" for name in ("table", "market")}
        rows += [
            (kind, f"alone {taken['alone']:5.2f} s of CPU; a checked table {ratio['table']}; a market {ratio['market']}"),
            ("", f"to build and judge a market {taken['built']:5.2f} s, to digest a table {taken['digest']:5.2f} s"),
            ("", "MB: alone {before:,.0f}, table {peak_of_table:,.0f}, market {peak:,.0f}".format(**taken)),
        ]
    with capsys.disabled():
        print(lines_of(f"{DAYS * NAMES:,} rows of prices, best of {RUNS}", rows))
