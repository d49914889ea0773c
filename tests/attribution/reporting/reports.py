"""Reports that are consistent by construction: unrounded truth at random, printed to two decimals."""

from __future__ import annotations

import copy
import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from attribution.audit.reading import parse_figures
from attribution.measures.performance import sharpe_ratio, sortino_ratio

PUBLISHED = Path(__file__).parents[3] / "fixtures" / "published" / "wealth_growth_2026_03.toml"
WEEKS = [(2, 6), (9, 13), (16, 20), (23, 27), (30, 31)]  # of March 2026
BASES = {  # the last sessions of months, and the session before the service's start
    "1m": datetime.date(2026, 2, 27),
    "3m": datetime.date(2025, 12, 31),
    "6m": datetime.date(2025, 9, 30),
    "1y": datetime.date(2025, 3, 31),
    "itd": datetime.date(2025, 2, 12),
}
END = datetime.date(2026, 3, 31)
INDICES = ("S&P 500", "Russell 2000", "NY Dow")


def printed(value, places=2):
    """A number as a report prints it: halves away from zero."""
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)


def consistent_report(seed, places=2):
    """A report as a TOML document, all of whose figures come from one unrounded truth."""
    random = np.random.default_rng(seed)
    shares = sorted({1.0, 0.0, *random.choice([0.1, 0.25, 0.3, 0.5, 0.65, 0.7, 0.9], 3, replace=False)}, reverse=True)
    courses = {f"Course {share * 100:g}": {"major": share, "next_major": round(1 - share, 10)} for share in shares}
    benchmarks = {"major": "S&P 500", "next_major": "Russell 2000"}
    holdings = {sleeve: _holdings(random) for sleeve in benchmarks}
    own = {sleeve: frame["contribution"].sum() for sleeve, frame in holdings.items()}
    levels, weeks = {}, {}
    for index in INDICES:
        weeks[index] = random.normal(0, 2.5, len(WEEKS)) / 100
        months = random.normal(0.01, 0.05, 4)
        path = random.uniform(500, 30000) * np.cumprod([1, *(1 + months), np.prod(1 + weeks[index])])
        levels[index] = dict(zip([*reversed(BASES.values()), END], path, strict=True))
    other = {sleeve: np.prod(1 + weeks[index]) - 1 for sleeve, index in benchmarks.items()}
    rows = pd.DataFrame(
        [
            {
                "course": course,
                "return": sum(share * own[sleeve] for sleeve, share in mix.items()),
                "benchmark": sum(share * other[sleeve] for sleeve, share in mix.items()),
            }
            for course, mix in courses.items()
        ]
    )
    rows["excess"] = rows["return"] - rows["benchmark"]
    by = ("excess", "return")[seed % 2]
    rows["rank"] = rows[by].rank(ascending=False, method="min").astype(int)
    kinds = ("return", "benchmark", "excess")
    document = {
        "month": "2026-03",
        "currency": "USD",
        "return_basis": "total return",
        "service_start": datetime.date(2025, 2, 13),
        "track_record_start": datetime.date(2024, 6, 4),
        "courses": {name: {s: Decimal(repr(float(w))) for s, w in mix.items()} for name, mix in courses.items()},
        "benchmarks": benchmarks,
        "index_basis": dict.fromkeys(INDICES, "total return"),
        "index_returns": {index: printed((np.prod(1 + weeks[index]) - 1) * 100, places) for index in INDICES},
        "index_levels": {index: {str(day): printed(level) for day, level in row.items()} for index, row in levels.items()},
        "ranking": [
            {"rank": int(row["rank"]), "course": row["course"]} | {k: printed(row[k] * 100, places) for k in kinds}
            for row in rows.sort_values("rank").to_dict("records")
        ],
        "average": {k: printed(rows[k].mean() * 100, places) for k in kinds},
        "trailing": {},
        "weeks": [
            {"from": datetime.date(2026, 3, a), "to": datetime.date(2026, 3, b)}
            | {index: printed(weeks[index][k] * 100, places) for index in INDICES}
            for k, (a, b) in enumerate(WEEKS)
        ],
        "top_contributors": {
            sleeve: [
                {
                    "ticker": row["ticker"],
                    "weight": printed(row["weight_end"] * 100, 1),
                    "contribution": printed(row["contribution"] * 100),
                }
                for row in frame.nlargest(5, "contribution").to_dict("records")
            ]
            for sleeve, frame in holdings.items()
        },
        "limits": {"names_min": 20, "names_max": 25, "weight_max": Decimal("10.0"), "rebalance": "monthly"},
    }
    for index, row in levels.items():
        windows = {label: printed((row[END] / row[base] - 1) * 100, places) for label, base in BASES.items()}
        document["trailing"][index] = windows | _ratios(random)
    for row in rows.to_dict("records"):
        longer = {label: printed(random.normal(5, 10), places) for label in ("3m", "6m", "1y", "itd")}
        document["trailing"][row["course"]] = {"1m": printed(row["return"] * 100, places)} | longer | _ratios(random)
    return document


def parsed(document):
    return parse_figures(copy.deepcopy(document), PUBLISHED)


def _holdings(random):
    number = int(random.integers(20, 26))
    start = random.uniform(0.5, 1.5, number)
    start *= 0.98 / start.sum()  # the rest is cash
    returns = np.maximum(random.normal(0, 0.08, number), -0.6)
    contribution = start * returns
    end = start * (1 + returns) / (1 + contribution.sum())
    tickers = [f"T{k:02d}" for k in range(number)]
    return pd.DataFrame({"ticker": tickers, "weight_end": end, "contribution": contribution})


def _ratios(random):
    """Ratios of 22 months of one series, skewed either way."""
    days = pd.date_range("2024-06-30", periods=22, freq="ME")
    shocks = random.gamma(2, 1, 22) - 2
    monthly = pd.Series(random.normal(0.005, 0.01) + random.choice([-1, 1]) * random.uniform(0.01, 0.04) * shocks, days)
    risk_free = pd.Series(random.uniform(0, 0.004), days)
    monthly = monthly.clip(lower=-0.5)
    both = {"sharpe": sharpe_ratio(monthly, risk_free), "sortino": sortino_ratio(monthly, risk_free)}
    return {name: printed(value) for name, value in both.items() if value == value}  # no month short of it: no Sortino


def table_sheet(opened, table):
    """The sheet that holds a table, by the name that its range bears."""
    sheet, _ = next(opened.defined_names[table].destinations)
    return opened[sheet]
