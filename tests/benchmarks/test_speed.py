"""Speed as ratios to a peer in the same run, printed with `make bench`; nothing here fails on a clock."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm
from tests.conftest import REAL

pytestmark = pytest.mark.slow
DAYS, NAMES, STYLES, SECTORS = 500, 3000, 14, 11
PEER_DAYS = 40  # the peer's loop is linear in days


def panel():
    rng = np.random.default_rng(0)
    coords = {"time": pd.bdate_range("2020-01-01", periods=DAYS), "asset": [f"A{i:04d}" for i in range(NAMES)]}
    sector = np.sort([f"S{i:02d}" for i in rng.integers(0, SECTORS, NAMES)])  # in the order that needs no gathering
    return {
        "returns": xr.DataArray(rng.normal(0, 0.02, (DAYS, NAMES)), coords, ("time", "asset")),
        "exposures": xr.DataArray(
            rng.normal(size=(DAYS, STYLES, NAMES)),
            coords | {"factor": [f"F{k:02d}" for k in range(STYLES)]},
            ("time", "factor", "asset"),
        ),
        "sectors": xr.DataArray(sector, {"asset": coords["asset"]}, ("asset",)),
        "market_cap": xr.DataArray(rng.lognormal(0, 1.5, (DAYS, NAMES)), coords, ("time", "asset")),
    }


def best_of(runs, function):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def statsmodels_loop(data, days):
    names = np.unique(data["sectors"])
    member = (data["sectors"].to_numpy()[:, None] == names).astype(float)
    cap, x, r = (data[k].to_numpy() for k in ("market_cap", "exposures", "returns"))
    for t in range(days):
        share = member.T @ cap[t]
        restricted = member[:, :-1] - member[:, -1:] * (share[:-1] / share[-1])
        design = np.column_stack([np.ones(NAMES), restricted, x[t].T])
        fit = sm.WLS(r[t], design, weights=np.sqrt(cap[t])).fit()
        assert fit.bse is not None
        assert fit.resid is not None


def test_regression_against_the_statsmodels_loop(capsys):
    data = panel()
    plain = DAYS / best_of(3, lambda: rm.cross_sectional_regression(**data, covariance=False))
    robust = DAYS / best_of(3, lambda: rm.cross_sectional_regression(**data))
    peer = PEER_DAYS / best_of(3, lambda: statsmodels_loop(data, PEER_DAYS))
    with capsys.disabled():
        print(f"\nregression, {NAMES} names x {1 + SECTORS + STYLES} factors, residuals and classical errors written")
        print(f"  ours {plain:7,.0f} days/s   statsmodels WLS loop {peer:7,.0f} days/s   ratio {plain / peer:.1f}")
        print(f"  ours with the robust covariance {robust:7,.0f} days/s   ratio {robust / peer:.1f}")


@pytest.mark.real_market
@pytest.mark.parametrize("month", ["2016-06"])
def test_report_on_the_real_market_cold_and_warm(capsys, tmp_path, monkeypatch, month):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lines = []
    for label in ("empty cache", "fitted model in its store"):
        command = [sys.executable, "-m", "attribution", "report", str(REAL / "book.toml"), "--month", month]
        start = time.perf_counter()
        subprocess.run([*command, "--out", str(tmp_path / "out")], check=True, capture_output=True)
        lines.append(f"  {label}: {time.perf_counter() - start:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with capsys.disabled():
        print(f"\nreport on the real market, {month}")
        print("\n".join(lines))
        print(f"  peak memory {peak:,.0f} MiB")
