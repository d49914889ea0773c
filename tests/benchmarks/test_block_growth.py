"""A month more in tables that are larger than memory: what a store in blocks takes to grow, beside a whole fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.market.blocks import open_blocks
from riskmodel.model.blocks import fit_in_blocks
from riskmodel.validation.simulated.long import write_long_market
from tests.benchmarks.measure import best_of, lines_of

pytestmark = pytest.mark.slow
NAMES, START, END, MONTH = 1_000, "2015-01-01", "2024-12-31", 21


def without_the_last_month(folder: Path, copy: Path) -> Path:
    """The market as it was a month of sessions before its last."""
    shutil.copytree(folder, copy)
    last = sorted((copy / "prices").glob("*.parquet"))[-1]
    rows = pd.read_parquet(last)
    days = sorted(rows["date"].unique())
    rows[rows["date"] < days[-MONTH]].to_parquet(last, index=False)
    return copy


def test_a_month_more_in_a_store_of_blocks(tmp_path, capsys):
    write_long_market(tmp_path / "market", assets=NAMES, start=START, end=END)
    earlier = open_blocks(without_the_last_month(tmp_path / "market", tmp_path / "earlier"))
    market, store = open_blocks(tmp_path / "market"), tmp_path / "model.nc"
    whole = best_of(1, lambda: fit_in_blocks(earlier, store))
    month = best_of(1, lambda: fit_in_blocks(market, store))
    assert fit_in_blocks(market, store).data.sizes["time"] == len(market.sessions)
    rows = [
        (f"{len(earlier.sessions):,} sessions", f"{whole.cpu:7.1f} s of CPU"),
        (
            f"{MONTH} sessions more",
            f"{month.cpu:7.1f} s of CPU, {month.cpu / whole.cpu:.2f} of it; all prices are read once",
        ),
    ]
    with capsys.disabled():
        print(lines_of(f"a store of {NAMES:,} names in blocks of sessions, a month more", rows))
