"""Both tables of styles on the real market: each factor is one thing, and what its name says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.exposures.universe import UniverseRule, estimation_universe
from riskmodel.factors import STYLE_TABLES
from tests.riskmodel.exposures.sorted_portfolios import big_minus_small, high_minus_low, naive_returns, raw

PERIOD = slice("2014-09-01", "2016-09-30")
# style -> the characteristic by which a public library would sort; size is sorted within groups of book to price
COUNTERPARTS = {
    "published": {
        "profitability": "return_on_equity",
        "growth": "revenue_growth",
        "value": "book_to_price",
        "market_sensitivity": "market_sensitivity",
        "size": "book_to_price",
        "momentum": "momentum",
        "volatility": "volatility",
        "liquidity": "share_turnover",
        "surprise": "earnings_surprise",
    },
    "research": {
        "momentum": "momentum_12_1",
        "reversal": "reversal_21",
        "size": "book_to_price",
        "market_sensitivity": "market_sensitivity_252",
        "residual_volatility": "residual_volatility",
        "share_turnover": "share_turnover",
        "book_to_price": "book_to_price",
        "earnings_yield": "net_income_to_price",
        "cash_flow_yield": "cash_flow_to_price",
        "dividend_yield": "paid_dividend_yield",
        "gross_profitability": "gross_profitability",
        "growth": "asset_growth",
        "leverage": "market_leverage",
        "surprise": "earnings_surprise",
    },
}


def facts_of(styles: Sequence[rm.Style], market: xr.Dataset) -> pd.DataFrame:
    """Style by style: volatility of a year, median error, share of days beyond |t| = 2, mean variance inflation.

    Without industries, of which neither the counterparts nor the naive build know.
    """
    data = rm.RiskModel(styles=styles, industry=False).fit(market).data.sel(time=PERIOD)
    names = [style.name for style in styles]
    returns = data["factor_returns"].transpose("time", "factor").to_pandas()[names]
    errors = data["robust_standard_errors"].transpose("time", "factor").to_pandas()[names]
    table = pd.DataFrame(
        {
            "volatility": returns.std() * np.sqrt(252),
            "standard_error": errors.median(),
            "significant": (returns / errors).abs().gt(2).mean(),
            "variance_inflation": data["variance_inflation"].mean("time").to_series()[names],
        }
    )
    table.attrs = {"returns": returns, "r_squared": float(data["r_squared"].mean())}
    return table


def test_every_counterpart_belongs_to_a_style() -> None:
    for table, counterparts in COUNTERPARTS.items():
        assert counterparts.keys() <= {style.name for style in STYLE_TABLES[table]}
    assert COUNTERPARTS["research"].keys() == {style.name for style in STYLE_TABLES["research"]}


@pytest.mark.slow
@pytest.mark.real_market
@pytest.mark.parametrize("table", list(STYLE_TABLES))
def test_each_style_is_one_thing_and_follows_its_public_counterpart(table: str, real_market: xr.Dataset) -> None:
    styles, market = STYLE_TABLES[table], real_market
    universe = estimation_universe(market, UniverseRule())
    facts = facts_of(styles, market)
    returns = facts.attrs["returns"]
    public = pd.DataFrame(
        {
            name: (big_minus_small if name == "size" else high_minus_low)(market, universe, raw(market, descriptor))
            for name, descriptor in COUNTERPARTS[table].items()
        }
    ).reindex(returns.index)
    naive = naive_returns(market, universe, {style.name: style.parts for style in styles}).reindex(returns.index)
    facts["correlation"], facts["naive"] = returns.corrwith(public), naive.corrwith(public)
    print(f"\n{table}: mean R-squared {facts.attrs['r_squared']:.4f}\n{facts.round(4).to_string()}")
    assert facts["variance_inflation"].max() < 4
    held = list(COUNTERPARTS["research"]) if table == "research" else ["value", "profitability"]
    behind = facts.loc[held].query("correlation < naive - 0.002")
    assert behind.empty, behind
