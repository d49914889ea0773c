"""A folder of exports whose headers say nothing: the tables of fixtures/small under numbers, in an order of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tests.conftest import ROOT

SMALL = ROOT / "fixtures" / "small"
NAMES = ("c{}", "Spalte {}", "項目{}", "x_{:02d}")
FORMS = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%Y年%m月%d日")
STOCKS = 90  # of the small market: quick, and an index of more names than a portfolio


@dataclass(frozen=True)
class Meaningless:
    """What a folder is made of: table -> ours -> (file, header), where "" is a header of days or names across."""

    truth: dict[str, dict[str, tuple[str, str]]]
    noise: tuple[tuple[str, str], ...]


def read(name: str) -> pd.DataFrame:
    path = SMALL / f"{name}.parquet"
    frame = pd.read_parquet(path) if path.exists() else pd.read_csv(SMALL / f"{name}.csv", dtype=str, keep_default_na=False)
    for column in frame:
        if column in ("date", "period_end", "available_from", "announced", "ex_date"):
            frame[column] = pd.to_datetime(frame[column])
        elif column in ("weight", "level", "risk_free", "shares_out", "ratio", "rate"):
            frame[column] = frame[column].astype(float)
    return frame


def tidy() -> dict[str, pd.DataFrame]:
    """The tables of a part of the small market, with all that is held."""
    tables = {name: read(name) for name in ("prices", "securities", "shares", "fundamentals", "earnings")}
    tables |= {name: read(name) for name in ("indices", "constituents", "holdings", "rates", "splits")}
    held = {*tables["holdings"]["ticker"]} - {"CASH"}
    others = [*tables["splits"]["ticker"], *tables["securities"]["ticker"]]
    keep = held | {*list(dict.fromkeys(others))[: max(STOCKS - len(held), 40)]}
    for name, frame in tables.items():
        if "ticker" in frame:
            tables[name] = frame[frame["ticker"].isin([*keep, "CASH"])].reset_index(drop=True)
    members = tables["constituents"]
    members = members[members["index"] == members["index"].iloc[0]]
    members = members.assign(weight=members["weight"] / members.groupby("date")["weight"].transform("sum"))
    tables["constituents"] = members.reset_index(drop=True)
    return tables


def meaningless(folder: Path, seed: int) -> Meaningless:
    """Write a folder, and say what each of its columns is."""
    random = np.random.default_rng(seed)
    named, form = NAMES[seed % len(NAMES)].format, FORMS[random.integers(len(FORMS))]
    delimiter, point = (";", ",") if seed % 2 else (",", ".")
    tables = tidy()
    _with_noise(tables, random)
    codes = _codes(tables["securities"]["ticker"], random) if seed % 3 else None
    number, truth, noise = 0, dict[str, dict[str, tuple[str, str]]](), list[tuple[str, str]]()
    wide = bool(seed % 2)
    for place, name in enumerate(random.permutation(sorted(tables))):
        frame = tables[name]
        if codes is not None and "ticker" in frame:
            if name == "securities":
                frame = frame.assign(other=frame["ticker"].map(codes))
            else:
                frame = frame.assign(ticker=frame["ticker"].map(codes).fillna(frame["ticker"]))
        if name == "fundamentals":
            frame = _in_unit(frame, 1e3 if seed % 2 else 1e6)
        if name == "prices" and wide:
            for field in [column for column in frame if column not in ("date", "ticker")]:
                file = f"export_{place}_{number}.csv"
                number += 1
                panel = frame.pivot(index="date", columns="ticker", values=field).reset_index()
                _write(folder / file, panel.rename(columns={"date": named(0)}), form, delimiter, point)
                (truth.setdefault(name, {}) if not field.startswith("_") else {})[field] = (file, "")
            continue
        file = f"export_{place}_.csv"
        order = list(random.permutation(list(frame)))
        headers = {column: named(number + offset) for offset, column in enumerate(order)}
        number += len(order)
        _write(folder / file, frame[order].rename(columns=headers), form, delimiter, point)
        truth[name] = {ours: (file, header) for ours, header in headers.items() if not ours.startswith("_")}
        noise += [(file, header) for ours, header in headers.items() if ours.startswith("_")]
    return Meaningless(truth, tuple(noise))


def _with_noise(tables: dict[str, pd.DataFrame], random: np.random.Generator) -> None:
    """Columns beside ours that lead astray: returns of prices alone, levels without dividends, a day of loading."""
    prices = tables["prices"].sort_values(["ticker", "date"])
    tables["prices"] = prices.assign(
        _price_return=prices.groupby("ticker")["close"].pct_change(fill_method=None).round(6),
        _value=(prices["close"] * prices["volume"]).round(0),
    ).sort_values(["date", "ticker"])
    levels = tables["indices"]
    years = (levels["date"] - levels["date"].min()).dt.days / 365
    tables["indices"] = levels.assign(_price_level=(levels["level"] * np.exp(-0.02 * years)).round(4))
    companies = tables["securities"]
    tables["securities"] = companies.assign(
        _rating=random.choice(["A", "B", "C"], len(companies)), _country=random.choice(["US", "IE", "CH"], len(companies))
    )
    tables["fundamentals"] = tables["fundamentals"].assign(_loaded=pd.Timestamp("2025-04-01"))
    tables["earnings"] = tables["earnings"].assign(_analysts=random.integers(3, 20, len(tables["earnings"])))
    tables["shares"] = tables["shares"].assign(_source="X")


def _codes(tickers: pd.Series, random: np.random.Generator) -> dict[str, str]:
    numbers = random.choice(np.arange(10_000, 99_999), len(tickers), replace=False)
    return {ticker: f"K{number}" for ticker, number in zip(tickers, numbers, strict=True)}


def _in_unit(frame: pd.DataFrame, unit: float) -> pd.DataFrame:
    numbers = [column for column in frame.select_dtypes("number") if column != "dividends_per_share"]
    return frame.assign(**{column: frame[column] / unit for column in numbers})


def _write(path: Path, frame: pd.DataFrame, form: str, delimiter: str, point: str) -> None:
    frame.to_csv(path, index=False, sep=delimiter, decimal=point, date_format=form)
