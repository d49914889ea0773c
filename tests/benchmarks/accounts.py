"""A month of many accounts on a simulated market, in a process of its own: seconds and peak memory as JSON."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd

import riskmodel as rm
from attribution.accounts.accounts import attribute_accounts
from riskmodel.validation.simulated.market import simulate
from tests.benchmarks.measure import best_of, peak_memory

MONTH, HELD = "2025-03", 25


def main(accounts: int, names: int, runs: int) -> None:
    market = rm.build_market(simulate(assets=names, start="2024-06-01", industries=False).tables)
    model = rm.RiskModel().fit(market)
    base = market.get_index("time")[market.get_index("time") < MONTH][-1]
    lists = market[["constituent_index", "constituent_date", "constituent_ticker", "constituent_weight"]].to_dataframe()
    lists.columns = lists.columns.str.removeprefix("constituent_")
    benchmark = lists.loc[(lists["index"] == "Large Index") & (lists["date"] == base), ["ticker", "weight"]]
    benchmark["weight"] /= benchmark["weight"].sum()
    there = market["total_return"].sel(time=slice(base, None)).notnull().all("time").to_numpy()
    tickers, rng = market.get_index("asset")[there].to_numpy(), np.random.default_rng(0)
    given = pd.DataFrame(
        {
            "portfolio": np.repeat([f"C{i:05d}" for i in range(accounts)], HELD),
            "ticker": np.concatenate([rng.choice(tickers, HELD, replace=False) for _ in range(accounts)]),
            "weight": rng.dirichlet(np.full(HELD, 3.0), accounts).ravel(),
        }
    )
    before = peak_memory()
    explained = attribute_accounts(given, benchmark, model, market, period=MONTH, index="Large Index")
    gap = float(abs(explained.data["difference"]).max())
    taken = best_of(runs, lambda: attribute_accounts(given, benchmark, model, market, period=MONTH, index="Large Index"))
    peak = peak_memory()
    one = given[given["portfolio"] == "C00000"]
    alone = best_of(runs, lambda: attribute_accounts(one, benchmark, model, market, period=MONTH, index="Large Index"))
    by_stock = best_of(1, lambda: explained.by("stock"))
    print(
        json.dumps(
            {
                **taken._asdict(),
                "alone": alone.cpu,
                "by_stock": by_stock.cpu,
                "before": before,
                "peak": peak,
                "peak_by_stock": peak_memory(),
                "gap": gap,
            }
        )
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
