"""What a command costs as a user runs it, in a process of its own, and the yardstick of the same minute."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from riskmodel.market.contents import PER_SHARE
from tests.benchmarks.measure import ONE_THREAD, ROOT

LOOP = "total = 0\nfor number in range(20_000_000):\n    total += number\n"
DAYS_OF = {  # the column of each table of the real market that says when a row was known
    **dict.fromkeys(("prices", "indices", "constituents", "holdings", "rates", "fx"), "date"),
    **dict.fromkeys(("shares", "fundamentals"), "available_from"),
    "earnings": "announced",
    "splits": "ex_date",
}


class Cost(NamedTuple):
    """Seconds of CPU of a process and its children, and their largest resident memory, MiB."""

    cpu: float
    peak: float


def cost_of(arguments: Sequence[str], cache: Path, *, allowed: Sequence[int] = (0, 1)) -> Cost:
    """What one run of Python with some arguments costs; raised is an exit code that is not allowed."""
    place = os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)}
    place.pop("PYTHONDONTWRITEBYTECODE", None)  # each run would compile every module again
    # resources of children are those of all children so far: each run has a parent of its own
    script = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode;"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, sys.executable, *arguments],
        env=place,
        check=True,
        capture_output=True,
        text=True,
    )
    code, cpu, peak = done.stdout.split()
    if int(code) not in allowed:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}:\n{done.stderr}")
    return Cost(float(cpu), float(peak) / 1024)


def yardstick() -> float:
    """Seconds of CPU of a plain Python loop of twenty million additions at the top of a script."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([sys.executable, "-I", "-c", LOOP], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def median_cost(arguments: Sequence[str], cache: Path, runs: int) -> tuple[Cost, float]:
    """The medians of some runs of a command, and of the yardsticks that are run between them."""
    costs, loops = [], []
    for _ in range(runs):
        loops.append(yardstick())
        costs.append(cost_of(arguments, cache))
    cpu, peak = (statistics.median(values) for values in zip(*costs, strict=True))
    return Cost(cpu, peak), statistics.median(loops)


def copied_until(folder: Path, out: Path, last: pd.Timestamp) -> None:
    """A copy of a book's folder with the rows alone that were known at the close of a day, on that day's split basis."""
    out.mkdir(parents=True, exist_ok=True)
    splits = pd.read_parquet(folder / "splits.parquet")
    later = splits[pd.to_datetime(splits["ex_date"]) > last].groupby("ticker")["ratio"].prod()
    for path in sorted(folder.iterdir()):
        if (day := DAYS_OF.get(path.stem)) is None:
            shutil.copy(path, out)
            continue
        table = pd.read_parquet(path)
        table = table[pd.to_datetime(table[day]) <= last]
        for columns, way in (((*PER_SHARE, "close"), 1), (("volume", "shares_out"), -1)):
            for column in table.columns.intersection(columns):
                table = table.assign(**{column: table[column] * table["ticker"].map(later).fillna(1.0) ** way})
        table.to_parquet(out / path.name, index=False)
