"""Small markets as tables, made with a seed; the tests change a cell and look at what follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.market.market import build_market
from riskmodel.market.tables import DATE, TABLES, TEXT

Tables = dict[str, pd.DataFrame]
SECTORS = ("Energy", "Health Care", "Utilities", "Materials")


def as_read(tables: Tables) -> Tables:
    """Give every column the kind that `read_table` would."""
    kinds = {TEXT: "str", DATE: "datetime64[ns]"}
    return {
        name: frame.astype({c: kinds.get(TABLES[name].columns[c], "float64") for c in frame.columns})
        .where(frame.notna())  # pandas before 3 writes what is missing as "None"
        .reset_index(drop=True)
        for name, frame in tables.items()
    }


def sessions_from(start: str = "2024-01-01", count: int = 90) -> pd.DatetimeIndex:
    return pd.bdate_range(start, periods=count, unit="ns")


def prices_of(close: pd.DataFrame, paid: pd.DataFrame | None = None, volume: float | pd.DataFrame = 1e6) -> pd.DataFrame:
    """Prices of closes (date x ticker); total_return is the move of the close plus what was paid, over the close before."""
    before = close.ffill().shift(1)
    returns = (close + (0 if paid is None else paid)) / before - 1
    returns = returns.where(close.notna() & close.shift(1).notna())
    traded = volume if isinstance(volume, pd.DataFrame) else close * 0 + volume
    tidy = long(close, "close").assign(
        total_return=long(returns, "total_return")["total_return"], volume=long(traded, "volume")["volume"]
    )
    return tidy[tidy["close"].notna()].sort_values(["date", "ticker"], ignore_index=True)


def long(panel: pd.DataFrame, column: str) -> pd.DataFrame:
    """A (date x ticker) frame as rows of date, ticker and one column."""
    return panel.rename_axis(index="date").reset_index().melt("date", var_name="ticker", value_name=column)


def plain_tables(close: pd.DataFrame, **others: pd.DataFrame) -> Tables:
    """The required tables for a frame of closes (date x ticker): a share count each, no filings, no announcements."""
    tickers = list(close.columns)
    early = close.index[0] - pd.Timedelta(days=30)
    fundamentals = pd.DataFrame(columns=list(TABLES["fundamentals"].columns))
    earnings = pd.DataFrame(columns=list(TABLES["earnings"].columns))
    tables = {
        "prices": prices_of(close),
        "shares": pd.DataFrame({"ticker": tickers, "available_from": early, "shares_out": 1e6}),
        "securities": pd.DataFrame({"ticker": tickers, "name": [f"{t} Corp" for t in tickers], "sector": "Energy"}),
        "fundamentals": fundamentals,
        "earnings": earnings,
        "indices": pd.DataFrame({"date": close.index, "index": "Wide", "level": 100.0}),
    }
    return as_read(tables | others)


def flat_close(tickers: str | list[str], count: int = 10, start: str = "2024-01-01", price: float = 100.0) -> pd.DataFrame:
    """Closes that never move."""
    return pd.DataFrame(price, index=sessions_from(start, count), columns=list(tickers))


def random_tables(
    *, assets: int = 60, sessions: int = 130, sectors: int = 3, seed: int = 0, start: str = "2024-01-01"
) -> Tables:
    """A market with everything in it: betas, dividends, a split, filings of five years with restatements, announcements."""
    rng = np.random.default_rng(seed)
    dates = sessions_from(start, sessions)
    tickers = [f"T{i:03d}" for i in range(assets)]
    beta, deviation = rng.uniform(0.3, 1.8, assets), rng.uniform(0.005, 0.03, assets)
    moves = rng.normal(0.0004, 0.01, (sessions, 1)) * beta + rng.normal(size=(sessions, assets)) * deviation
    close = pd.DataFrame(np.exp(np.cumsum(moves, axis=0)) * rng.uniform(5, 300, assets), index=dates, columns=tickers)
    paid = close * 0.0
    for column in range(0, assets, 2):
        paid.iloc[rng.integers(1, sessions, 2), column] = 0.004 * close.iloc[0, column]
    volume = pd.DataFrame(rng.lognormal(12, 1, (1, assets)) * rng.lognormal(0, 0.3, (sessions, assets)), dates, tickers)
    first_year = dates[0].year - 5
    fundamentals = pd.concat([_filings(rng, tickers, first_year + k, dates[0]) for k in range(6)])
    tables = {
        "prices": prices_of(close, paid, volume),
        "splits": pd.DataFrame({"ticker": tickers[1:2], "ex_date": dates[sessions // 2], "ratio": 2.0}),
        "shares": pd.concat(
            pd.DataFrame({"ticker": tickers, "available_from": when, "shares_out": rng.lognormal(16, 1, assets)})
            for when in (dates[0] - pd.Timedelta(days=40), dates[sessions // 2], dates[-10])
        ),
        "securities": pd.DataFrame(
            {
                "ticker": tickers,
                "name": [f"{t} Corp" for t in tickers],
                "sector": [SECTORS[i % sectors] for i in range(assets)],
            }
        ),
        "fundamentals": fundamentals,
        "earnings": pd.concat(_announcements(rng, tickers, dates[0] + pd.Timedelta(days=91 * k - 60)) for k in range(-1, 5)),
        "indices": pd.DataFrame({"date": dates, "index": "Wide", "level": 100 * np.exp(moves.mean(axis=1).cumsum())}),
    }
    return as_read(tables)


def _filings(rng: np.random.Generator, tickers: list[str], year: int, first: pd.Timestamp) -> pd.DataFrame:
    count = len(tickers)
    assets = rng.lognormal(20, 1, count)
    revenue = assets * rng.uniform(0.3, 1.5, count)
    frame = pd.DataFrame(
        {
            "ticker": tickers,
            "period_end": pd.Timestamp(year, 12, 31),
            "available_from": pd.Timestamp(year, 12, 31) + pd.to_timedelta(rng.integers(40, 120, count), unit="D"),
            "revenue": revenue,
            "operating_income": revenue * rng.uniform(-0.05, 0.3, count),
            "net_income": revenue * rng.uniform(-0.05, 0.2, count),
            "total_assets": assets,
            "total_liabilities": assets * rng.uniform(0.2, 0.7, count),
            "operating_cash_flow": revenue * rng.uniform(0, 0.3, count),
            "dividends_per_share": rng.uniform(0, 2, count),
        }
    )
    frame["equity"] = frame["total_assets"] - frame["total_liabilities"]
    frame.loc[rng.random(count) < 0.1, "operating_income"] = np.nan
    restated = frame[rng.random(count) < 0.05].copy()
    restated["available_from"] += pd.Timedelta(days=100)
    restated["net_income"] *= 0.9
    return pd.concat([frame, restated])


def _announcements(rng: np.random.Generator, tickers: list[str], around: pd.Timestamp) -> pd.DataFrame:
    count = len(tickers)
    estimate = rng.uniform(-0.5, 3, count)
    return pd.DataFrame(
        {
            "ticker": tickers,
            "announced": around + pd.to_timedelta(rng.integers(0, 28, count), unit="D"),
            "session": rng.choice(["pre", "post"], count),
            "eps_estimate": estimate,
            "eps_actual": estimate + rng.normal(0, 0.1, count),
        }
    )


def write_tables(folder: Path, tables: Tables, kind: str = "parquet") -> Path:
    """Write tables to a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        if kind == "parquet":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        else:
            frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def random_market(**options: object) -> xr.Dataset:
    return build_market(random_tables(**options))  # type: ignore[arg-type]


def change(tables: Tables, name: str, rows: pd.Series | np.ndarray, column: str, value: object) -> Tables:
    """A copy of `tables` with `column` of some rows of one table set to `value`."""
    frame = tables[name].copy()
    frame.loc[rows, column] = value
    return tables | {name: frame}


def row_of(table: pd.DataFrame, **labels: object) -> np.ndarray:
    """Mask of the rows with these values."""
    mask = np.ones(len(table), bool)
    for column, value in labels.items():
        mask &= (table[column] == value).to_numpy()
    return mask
