"""Rows of prices from one kind of source: what its engine alone takes to give them, and what we take; as JSON.

sources.py KIND FOLDER DAYS NAMES RUNS
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from riskmodel.market.market import build_market, read_market
from riskmodel.market.sources import open_source
from riskmodel.market.sources.digest import content_digest
from riskmodel.market.tables import TABLES
from tests.benchmarks.measure import best_of, peak_memory

FILES = {"parquet": "parquet", "parts": "parts", "duckdb": "market.duckdb", "sqlite": "market.sqlite"}
AT_ONCE = 50_000


def tables(days: int, names: int) -> dict[str, pd.DataFrame]:
    """A seeded market of so many sessions and names, and no more of its other tables than it must have."""
    rng, dates = np.random.default_rng(0), pd.bdate_range("2005-01-03", periods=days).astype("datetime64[us]")
    tickers = np.array([f"T{place:05d}" for place in range(names)])
    returns = 0.01 * rng.standard_normal((days, names))
    close = 50 * np.exp(np.cumsum(returns, axis=0))
    returns[1:] = close[1:] / close[:-1] - 1
    returns[0] = np.nan
    prices = pd.DataFrame(
        {
            "date": np.repeat(dates, names),
            "ticker": np.tile(tickers, days),
            "close": close.ravel(),
            "total_return": returns.ravel(),
            "volume": rng.integers(1_000, 1_000_000, days * names).astype(float),
        }
    )
    first = dates[0]
    one = {column: 1.0 for column, kind in TABLES["fundamentals"].columns.items() if kind == "number"}
    return {
        "prices": prices,
        "shares": pd.DataFrame({"ticker": tickers, "available_from": first, "shares_out": 1e9 + 1e6 * np.arange(names)}),
        "securities": pd.DataFrame({"ticker": tickers, "name": tickers, "sector": "Energy"}),
        "fundamentals": pd.DataFrame({"ticker": tickers[:1], "period_end": first, "available_from": first, **one}),
        "earnings": pd.DataFrame(
            {"ticker": tickers[:1], "announced": first, "session": "pre", "eps_estimate": 1.0, "eps_actual": 1.0}
        ),
        "indices": pd.DataFrame({"date": dates, "index": "All", "level": 100.0}),
    }


def write(folder: Path, days: int, names: int) -> None:
    """The market in every kind of source."""
    made = tables(days, names)
    for kind in ("parquet", "parts"):
        (folder / kind).mkdir()
        for name, table in made.items():
            if kind == "parts" and name == "prices":
                for year, rows in table.groupby(table["date"].dt.year):
                    (folder / kind / name / f"year={year}").mkdir(parents=True)
                    rows.to_parquet(folder / kind / name / f"year={year}" / "rows.parquet", index=False)
            else:
                table.to_parquet(folder / kind / f"{name}.parquet", index=False)
    with duckdb.connect(str(folder / FILES["duckdb"])) as connection:
        for name, table in made.items():
            connection.register("given", table)
            connection.execute(f'create table "{name}" as select * from given')
    with closing(sqlite3.connect(folder / FILES["sqlite"])) as connection, connection:
        for name, table in made.items():
            days_as_texts = {c: table[c].dt.strftime("%Y-%m-%d") for c in table if table[c].dtype.kind == "M"}
            table.assign(**days_as_texts).to_sql(name, connection, index=False, chunksize=AT_ONCE)


def alone(kind: str, place: Path) -> Callable[[], object]:
    """What reads all prices with nothing of ours: into a frame, or for SQLite into its rows."""
    if kind in ("parquet", "parts"):
        return lambda: pd.read_parquet(place / ("prices.parquet" if kind == "parquet" else "prices"))
    if kind == "duckdb":

        def frame() -> object:
            with duckdb.connect(str(place), read_only=True) as connection:
                return connection.sql("select * from prices").df()

        return frame

    def rows() -> object:
        with closing(sqlite3.connect(place)) as connection:
            cursor, count = connection.execute("select * from prices"), 0
            while block := cursor.fetchmany(AT_ONCE):
                count += len(block)
            return count

    return rows


if __name__ == "__main__":
    kind, folder, days, names, runs = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:])
    if kind == "write":
        write(folder, days, names)
        print("{}")
        raise SystemExit
    place = folder / FILES[kind]
    floor = best_of(runs, alone(kind, place))
    before = peak_memory()
    prices = best_of(runs, lambda: open_source(place).table("prices"))
    peak_of_table = peak_memory()
    market = best_of(runs, lambda: read_market(place))
    read = {
        name: open_source(place).table(name)
        for name in ("prices", "shares", "securities", "fundamentals", "earnings", "indices")
    }
    made = best_of(runs, lambda: build_market(read))
    digest = best_of(runs, lambda: content_digest(read["prices"]))
    found = {
        "alone": floor.cpu, "table": prices.cpu, "market": market.cpu, "built": made.cpu, "digest": digest.cpu,
        "alone_wall": floor.wall, "table_wall": prices.wall, "market_wall": market.wall, "before": before,
        "peak_of_table": peak_of_table, "peak": peak_memory(), "rows": len(read["prices"]),
    }  # fmt: skip
    print(json.dumps(found))
