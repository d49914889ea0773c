"""Fit a market that is never whole in memory, and print what it took as JSON on the last line.

python ten_years.py make|fit|eager FOLDER SESSIONS ASSETS [BLOCKS]: write FOLDER/market.nc; fit it chunked, BLOCKS at once;
or fit it as it is.

The market is random: it costs what a real one costs, and its factors explain nothing beyond the styles' own names.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import riskmodel as rm
from tests.benchmarks.measure import SECTORS, peak_memory

CHUNK = 252
FIGURES = ("revenue", "operating_income", "net_income", "total_assets", "total_liabilities", "equity", "operating_cash_flow")
YEARS_BEFORE, ANNOUNCEMENTS_A_YEAR = 5, 4


def random_panels(sessions: int, assets: int) -> xr.Dataset:
    """A market in the form of `riskmodel.build_market`; every asset trades every day."""
    rng = np.random.default_rng(0)
    times = pd.bdate_range("2015-01-02", periods=sessions)
    tickers = np.array([f"A{i:04d}" for i in range(assets)], dtype=object)
    returns = 0.02 * rng.standard_normal((sessions, assets)) + 0.01 * rng.standard_normal((sessions, 1))
    close = 50 * np.exp(np.cumsum(returns - 2e-4, axis=0))
    shares = np.broadcast_to(rng.lognormal(16, 1.5, assets), close.shape)
    panels = {
        "close": close,
        "total_return": returns,
        "bridged_return": np.full_like(close, np.nan),
        "volume": rng.lognormal(12, 1, close.shape),
        "traded_price": close,
        "shares_out": shares,
        "market_cap": close * shares,
        "life": np.zeros(close.shape, dtype=np.int16),
    }
    market = xr.Dataset(
        {name: (("time", "asset"), values) for name, values in panels.items()}, {"time": times, "asset": tickers}
    )
    years = range(times[0].year - YEARS_BEFORE, times[-1].year)
    ends = pd.DatetimeIndex(np.repeat([np.datetime64(f"{year}-12-31", "ns") for year in years], assets))
    known = ends + pd.to_timedelta(60, unit="D")
    said = np.sort(rng.integers(0, sessions, ANNOUNCEMENTS_A_YEAR * assets * sessions // 252))
    events = {
        "sector": ("asset", np.array([f"Sector {i % SECTORS:02d}" for i in range(assets)], dtype=object)),
        "filing_ticker": ("filing", np.tile(tickers, len(years))),
        "filing_period_end": ("filing", ends.to_numpy()),
        "filing_known": ("filing", known.to_numpy()),
        "announcement_ticker": ("announcement", tickers[rng.integers(0, assets, len(said))]),
        "announcement_known": ("announcement", times[said].to_numpy()),
        "eps_estimate": ("announcement", rng.normal(1, 0.5, len(said))),
        "eps_actual": ("announcement", rng.normal(1, 0.5, len(said))),
    }
    return market.assign(events | {name: ("filing", rng.lognormal(18, 1, len(ends))) for name in FIGURES})


def main(what: str, folder: Path, sessions: int, assets: int, blocks: int = 1) -> None:
    if what == "make":
        random_panels(sessions, assets).to_netcdf(folder / "market.nc", engine="h5netcdf")
        print(json.dumps({"market": (folder / "market.nc").stat().st_size / 1e6}))
        return
    chunks = {} if what == "eager" else {"chunks": {"time": CHUNK}}
    start, cpu = time.perf_counter(), time.process_time()
    import dask

    opened = xr.open_dataset(folder / "market.nc", engine="h5netcdf", **chunks)
    with dask.config.set(num_workers=blocks), opened as market:
        rm.save(rm.RiskModel().fit(market), folder / f"{what}.nc")
    taken = {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu, "peak": peak_memory()}
    store = sum(path.stat().st_size for path in (folder / f"{what}.nc.parts").iterdir()) / 1e6
    print(json.dumps(taken | {"store": store}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
