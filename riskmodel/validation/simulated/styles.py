"""The styles of simulated markets: a list of their own, so that a style added to the model changes no simulated number."""

from __future__ import annotations

from riskmodel.factors import STYLES

# Daily volatilities. Each style is either well above three times the error of its estimate, or well below.
STYLE_VOLATILITY = {
    "profitability": 0.0050,
    "growth": 0.0040,
    "activity": 0.0008,
    "financial_safety": 0.0040,
    "value": 0.0050,
    "shareholder_return": 0.0008,
    "surprise": 0.0040,
    "eps_stability": 0.0008,
    "market_sensitivity": 0.0040,
    "size": 0.0060,
    "price_level": 0.0008,
    "momentum": 0.0050,
    "volatility": 0.0055,
    "liquidity": 0.0060,
}
SIMULATED_STYLES = tuple(next(style for style in STYLES if style.name == name) for name in STYLE_VOLATILITY)
