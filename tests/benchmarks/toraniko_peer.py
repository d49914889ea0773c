"""Time toraniko by itself: python toraniko_peer.py DAYS NAMES SECTORS STYLES; needs numpy, polars and toraniko only."""

from __future__ import annotations

import json
import sys
import time

import numpy as np


def main(days: int, names: int, sectors: int, styles: int) -> None:
    import polars as pl
    from toraniko.model import estimate_factor_returns

    rng = np.random.default_rng(0)
    key = {"date": np.repeat(np.arange(days), names), "symbol": np.tile([f"A{i:04d}" for i in range(names)], days)}
    member = np.tile(np.eye(sectors)[np.sort(rng.integers(0, sectors, names))], (days, 1))
    x = rng.standard_normal((days * names, styles))
    frames = (
        pl.DataFrame({**key, "asset_returns": 0.02 * rng.standard_normal(days * names)}),
        pl.DataFrame({**key, "market_cap": rng.lognormal(0, 1.5, days * names)}),
        pl.DataFrame({**key, **{f"S{k:02d}": member[:, k] for k in range(sectors)}}),
        pl.DataFrame({**key, **{f"F{k:02d}": x[:, k] for k in range(styles)}}),
    )
    cpu, wall = [], []
    for _ in range(2):
        before, start = time.process_time(), time.perf_counter()
        estimate_factor_returns(*frames, winsor_factor=None, residualize_styles=True)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - before)
    print(json.dumps({"cpu": min(cpu), "wall": min(wall)}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
