"""The fourteen style factors: which descriptors make each, and with what weights."""

from __future__ import annotations

STYLES: dict[str, dict[str, float]] = {
    "profitability": {"operating_margin": 1 / 3, "return_on_equity": 1 / 3, "return_on_assets": 1 / 3},
    "growth": {"revenue_growth": 1 / 2, "ordinary_income_growth": 1 / 2},
    "activity": {"capital_turnover": 1.0},
    "financial_safety": {"equity_ratio": 1 / 2, "cash_flow_to_liabilities": 1 / 2},
    "value": {"ordinary_income_to_price": 1 / 2, "book_to_price": 1 / 2},
    "shareholder_return": {"dividend_yield": 1 / 2, "paid_dividend_yield": 1 / 2},
    "surprise": {"earnings_surprise": 1.0},
    "eps_stability": {"income_stability": 1.0},
    "market_sensitivity": {"market_sensitivity": 1.0},
    "size": {"log_market_cap": 1.0},
    "price_level": {"log_price": 1.0},
    "momentum": {"momentum": 1.0},
    "volatility": {"volatility": 1.0},
    "liquidity": {"traded_value": 1.0},
}
MARKET = "market"


def group_of(factor: str, sectors: set[str] | frozenset[str]) -> str:
    """The group that a row of a contribution table belongs to.

    Examples
    --------
    >>> [group_of(f, {"Energy"}) for f in ("market", "Energy", "value", "specific", "cash")]
    ['market', 'sector', 'style', 'specific', 'other']
    """
    if factor == MARKET:
        return "market"
    if factor in sectors:
        return "sector"
    if factor in STYLES:
        return "style"
    return "specific" if factor == "specific" else "other"
