"""Accounts from Parquet to Parquet on processes of dask, on a simulated market: seconds of CPU and peak memory as JSON.

Both are of all processes together, from the book to the manifest, starting included.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import attribution as at
from attribution.accounts.cluster import connected
from attribution.accounts.run import run_accounts
from tests.conftest import SMALL

MONTH, COURSE, HELD, AT_ONCE = "2025-03", "Major 100", 25, 50_000


def write_accounts(path: Path, accounts: int, tickers: np.ndarray) -> None:
    """Random accounts of `HELD` names, one in a thousand of which does not sum to one."""
    rng = np.random.default_rng(0)
    schema = pa.schema([("portfolio", pa.string()), ("ticker", pa.string()), ("weight", pa.float64())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, accounts, AT_ONCE):
            number = min(AT_ONCE, accounts - first)
            names = rng.random((number, len(tickers))).argpartition(HELD, axis=1)[:, :HELD]
            weights = rng.dirichlet(np.full(HELD, 3.0), number)
            weights[(np.arange(number) + first) % 1000 == 7, 0] += 0.1
            labels = np.repeat([f"C{first + i:07d}" for i in range(number)], HELD)
            columns = {"portfolio": labels, "ticker": tickers[names.ravel()], "weight": weights.ravel()}
            writer.write_table(pa.Table.from_pandas(pd.DataFrame(columns), schema, preserve_index=False), 250_000)


def memory(pids: list[int]) -> float:
    """Proportional memory of some processes now, MB: what they share is counted once."""
    total = 0.0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3 * 1.024
    return total


def processes() -> list[int]:
    """The process that asks, and all below it."""
    found, ahead = [], [int(Path("/proc/self").resolve().name)]
    while ahead:
        pid = ahead.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                ahead += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def spent() -> float:
    """Seconds of CPU of this process and of those below it that have ended."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def main(accounts: int, workers: int) -> None:
    book = at.read_book(SMALL / "book.toml")
    prices = pd.read_parquet(SMALL / "prices.parquet") if (SMALL / "prices.parquet").is_file() else None
    frame = pd.read_csv(SMALL / "prices.csv", dtype={"ticker": str}, keep_default_na=False) if prices is None else prices
    days = frame[pd.to_datetime(frame["date"]) >= "2025-02-28"].groupby("ticker")["date"].nunique()
    tickers = days.index[days == days.max()].to_numpy(dtype=object)
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "accounts.parquet"
        write_accounts(given, accounts, tickers)
        peak, own, over = [0.0], [0.0], threading.Event()

        def watch() -> None:
            while not over.wait(1.0):
                peak[0] = max(peak[0], memory(processes()))
            own[0] = time.thread_time()

        watching = threading.Thread(target=watch)
        watching.start()
        before, start = spent(), time.perf_counter()
        client = partial(connected, workers=workers)
        done = run_accounts(book, given, month=MONTH, course=COURSE, out=Path(folder) / "out", client=client)
        wall, cpu = time.perf_counter() - start, spent() - before
        over.set()
        watching.join()
        cpu -= own[0]  # of the watching itself
        size = sum(path.stat().st_size for path in (Path(folder) / "out").rglob("*.parquet")) / 1e6
        told = {"explained": done.explained, "rejected": sum(done.rejected.values())}
        print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak[0], "written": size, **told}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
