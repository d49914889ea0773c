"""Every built-in descriptor by name, and the values of any: built in, of the user's own, or of the table `descriptors`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.errors import InputError
from riskmodel.exposures import from_filings as filings
from riskmodel.exposures import from_prices as prices
from riskmodel.exposures.events import carried
from riskmodel.exposures.from_announcements import earnings_surprise
from riskmodel.exposures.from_filings import Known
from riskmodel.exposures.own import values_of
from riskmodel.factors import Descriptor


def _from_filings(figure: Callable[[Known], pd.Series], over: str | None = None) -> Callable[..., xr.DataArray]:
    def descriptor(market: xr.Dataset, known: Known) -> xr.DataArray:
        latest = carried(market, known.asset, known.session, figure(known).to_numpy(dtype=float), known.expires)
        return latest if over is None else latest / market[over].where(market[over] > 0)

    return descriptor


def _from_market(function: Callable[..., xr.DataArray], **choices: int) -> Callable[..., xr.DataArray]:
    return lambda market, known: function(market, **choices)


def _market_leverage(market: xr.Dataset, known: Known) -> xr.DataArray:
    """Liabilities over liabilities plus market capitalisation: debt to equity, kept within 0 and 1. Bhandari (1988)."""
    liabilities = _from_filings(filings.liabilities_known)(market, known)
    return liabilities / (liabilities + market["market_cap"]).where(lambda total: total > 0)


DESCRIPTORS: dict[str, Callable[[xr.Dataset, Known], xr.DataArray]] = {
    "operating_margin": _from_filings(filings.operating_margin),
    "return_on_equity": _from_filings(filings.return_on_equity),
    "return_on_assets": _from_filings(filings.return_on_assets),
    "gross_profitability": _from_filings(filings.gross_profitability),
    "revenue_growth": _from_filings(filings.revenue_growth),
    "ordinary_income_growth": _from_filings(filings.ordinary_income_growth),
    "asset_growth": _from_filings(filings.asset_growth),
    "capital_turnover": _from_filings(filings.capital_turnover),
    "equity_ratio": _from_filings(filings.equity_ratio),
    "cash_flow_to_liabilities": _from_filings(filings.cash_flow_to_liabilities),
    "market_leverage": _market_leverage,
    "ordinary_income_to_price": _from_filings(filings.ordinary_income_known, over="market_cap"),
    "book_to_price": _from_filings(filings.equity_known, over="market_cap"),
    "net_income_to_price": _from_filings(filings.net_income_known, over="market_cap"),
    "cash_flow_to_price": _from_filings(filings.cash_flow_known, over="market_cap"),
    "dividend_yield": _from_filings(filings.dividends_known, over="close"),
    "paid_dividend_yield": _from_market(prices.paid_dividend_yield),
    "earnings_surprise": _from_market(earnings_surprise),
    "income_stability": _from_filings(filings.income_stability),
    "market_sensitivity": _from_market(prices.market_sensitivity),
    "market_sensitivity_252": _from_market(prices.market_sensitivity, window=prices.YEAR),
    "log_market_cap": _from_market(prices.log_market_cap),
    "log_price": _from_market(prices.log_price),
    "momentum": _from_market(prices.momentum),
    "momentum_12_1": _from_market(prices.momentum, window=prices.YEAR, skip=prices.MONTH),
    "reversal_21": _from_market(prices.reversal),
    "volatility": _from_market(prices.volatility),
    "residual_volatility": _from_market(prices.residual_volatility),
    "traded_value": _from_market(prices.traded_value),
    "share_turnover": _from_market(prices.share_turnover),
}


def raw_descriptor(descriptor: str | Descriptor, market: xr.Dataset, known: Known) -> np.ndarray:
    """Values of a descriptor, (time, asset): of a function of one's own, a built-in one, or the table `descriptors`.

    Raises
    ------
    Unavailable
        Where the market has no data for it.
    InputError
        For a name that nobody knows, and for a function whose answer is not by (time, asset).
    """
    if isinstance(descriptor, Descriptor):
        return values_of(descriptor, market)
    given = [str(name) for name in market["descriptor"].to_numpy()] if "descriptor_value" in market else []
    if descriptor in DESCRIPTORS and descriptor in given:
        raise InputError(f"styles: '{descriptor}' is built in and in the table descriptors. Rename that of the table.")
    if descriptor in DESCRIPTORS:
        return np.asarray(DESCRIPTORS[descriptor](market, known).to_numpy())
    if descriptor not in given:
        raise InputError(
            f"styles: no descriptor '{descriptor}'. Built in: {', '.join(DESCRIPTORS)}. "
            f"In the table descriptors: {', '.join(given) or 'no table'}."
        )
    values = market["descriptor_value"].isel(descriptor=given.index(descriptor)).transpose("time", "asset").to_numpy()
    return np.where(market["life"].to_numpy() >= 0, values, np.nan)
