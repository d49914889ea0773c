"""What the benchmarks share: a market of any size in the layout the kernel reads, and a clock."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[2]
SECTORS, STYLES = 11, 14
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")


class Seconds(NamedTuple):
    """The least of some runs: `cpu` of all threads of this process, which other work moves little; and `wall`."""

    cpu: float
    wall: float


def best_of(runs: int, function: Callable[[], object]) -> Seconds:
    """Least seconds of some calls, one BLAS thread."""
    cpu, wall = [], []
    with threadpool_limits(limits=1, user_api="blas"):
        for _ in range(runs):
            before, start = time.process_time(), time.perf_counter()
            function()
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - before)
    return Seconds(min(cpu), min(wall))


def panel(days: int, names: int, *, sorted_by_sector: bool = True) -> dict[str, xr.DataArray]:
    """A seeded market; exposures are (time, factor, asset) in memory, float64, and row t of everything belongs to t."""
    rng = np.random.default_rng(0)
    coords = {"time": pd.bdate_range("2010-01-04", periods=days), "asset": [f"A{i:04d}" for i in range(names)]}
    sector = np.array([f"S{i:02d}" for i in rng.integers(0, SECTORS, names)])
    exposures = np.empty((days, STYLES, names))
    for day in exposures:  # no second copy of the largest array
        rng.standard_normal(out=day)
    return {
        "returns": xr.DataArray(0.02 * rng.standard_normal((days, names)), coords, ("time", "asset")),
        "exposures": xr.DataArray(
            exposures, coords | {"factor": [f"F{k:02d}" for k in range(STYLES)]}, ("time", "factor", "asset")
        ),
        "sectors": xr.DataArray(np.sort(sector) if sorted_by_sector else sector, {"asset": coords["asset"]}, ("asset",)),
        "market_cap": xr.DataArray(rng.lognormal(0, 1.5, (days, names)), coords, ("time", "asset")),
    }


def machine() -> str:
    """One line: processor, cores, load, Python and numpy."""
    models = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    model = models[0].split(":")[1].strip() if models else platform.processor()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores{load}, Python {platform.python_version()}, numpy {np.__version__}"


def peak_memory() -> float:
    """Largest resident memory of this process so far, MB; not what its parent had, which getrusage can carry over."""
    return next(int(line.split()[1]) / 1e3 * 1.024 for line in _lines("/proc/self/status") if line.startswith("VmHWM"))


def in_a_process(script: Path, *arguments: object, python: str = sys.executable) -> dict[str, float]:
    """Run a script of this folder with one thread for its linear algebra, and read the JSON on its last line."""
    command = [python, str(script), *map(str, arguments)]
    place = os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=place, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def lines_of(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """A table to print: a title, then labels and figures."""
    width = max(len(label) for label, _ in rows)
    return "\n".join([f"\n{title}", f"  ({machine()})", *(f"  {label:<{width}}  {text}" for label, text in rows)])


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
