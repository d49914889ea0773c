"""Karnosky and Singer's attribution of a global portfolio, in log returns: markets apart from currencies."""

from __future__ import annotations

import numpy as np
import xarray as xr

from attribution.linking_inputs import places, same_labels
from riskmodel.errors import InputError, counted, listed

WEIGHT_TOLERANCE = 1e-6


def karnosky_singer(
    *,
    portfolio_weights: xr.DataArray,
    benchmark_weights: xr.DataArray,
    portfolio_returns: xr.DataArray,
    benchmark_returns: xr.DataArray,
    local_cash_returns: xr.DataArray,
    portfolio_currency_weights: xr.DataArray,
    benchmark_currency_weights: xr.DataArray,
    portfolio_currency_returns: xr.DataArray,
    benchmark_currency_returns: xr.DataArray,
) -> xr.Dataset:
    """Split an active log return into market allocation, security selection, currency allocation and hedge selection.

    Parameters
    ----------
    portfolio_weights, benchmark_weights
        (..., market) decimals summing to one.
    portfolio_returns, benchmark_returns
        (..., market) simple returns in local currency, decimals.
    local_cash_returns
        (..., market) simple return of cash in each market's currency.
    portfolio_currency_weights, benchmark_currency_weights
        (..., currency) what is held in each currency after hedges, summing to one; short ones are allowed.
    portfolio_currency_returns, benchmark_currency_returns
        (..., currency) simple returns in the investor's currency of cash in each currency, as each side holds it.

    Returns
    -------
    Dataset
        (..., market) `market_allocation`, `security_selection`; (..., currency) `currency_allocation`, `hedge_selection`;
        (...) `active_market`, `active_currency`, `portfolio_total`, `benchmark_total`, `active_total`. Log returns: the
        effects sum to `active_total`, and through time they add without linking.

    Raises
    ------
    InputError
        For labels that do not match, a missing or infinite number, a return of -100 % or less, weights that do not sum to
        one.

    Notes
    -----
    With p = ln(1 + r) - ln(1 + c) the local premium over cash, q = ln(1 + cash in the investor's currency), P_B = sum w_b
    p_b and Q_B = sum x_b q_b: (w_p - w_b)(p_b - P_B), w_p (p_p - p_b), (x_p - x_b)(q_b - Q_B), x_p (q_p - q_b). Karnosky &
    Singer (1994), *Global Asset Management and Performance Attribution*, CFA Institute Research Foundation. The total is a
    weighted sum of log returns, which is not the log of the portfolio's return; over short periods they are near.

    Examples
    --------
    >>> market, currency = {"market": ["US"]}, {"currency": ["USD", "JPY"]}
    >>> one = xr.DataArray([1.0], market, "market")
    >>> held, cash = (xr.DataArray(values, currency, "currency") for values in ([1.0, 0.0], [0.02, 0.0]))
    >>> effects = karnosky_singer(
    ...     portfolio_weights=one, benchmark_weights=one, portfolio_returns=0.06 * one, benchmark_returns=0.04 * one,
    ...     local_cash_returns=0.003 * one, portfolio_currency_weights=held, benchmark_currency_weights=held,
    ...     portfolio_currency_returns=cash, benchmark_currency_returns=cash,
    ... )
    >>> round(float(effects["active_market"]), 4), float(effects["active_currency"])
    (0.019, 0.0)
    """
    markets = {
        "portfolio_weights": portfolio_weights,
        "benchmark_weights": benchmark_weights,
        "portfolio_returns": portfolio_returns,
        "benchmark_returns": benchmark_returns,
        "local_cash_returns": local_cash_returns,
    }
    currencies = {
        "portfolio_currency_weights": portfolio_currency_weights,
        "benchmark_currency_weights": benchmark_currency_weights,
        "portfolio_currency_returns": portfolio_currency_returns,
        "benchmark_currency_returns": benchmark_currency_returns,
    }
    m, c = _checked(markets, "market"), _checked(currencies, "currency")
    cash = np.log1p(m["local_cash_returns"])
    w_p, w_b = m["portfolio_weights"], m["benchmark_weights"]
    p_p, p_b = np.log1p(m["portfolio_returns"]) - cash, np.log1p(m["benchmark_returns"]) - cash
    x_p, x_b = c["portfolio_currency_weights"], c["benchmark_currency_weights"]
    q_p, q_b = np.log1p(c["portfolio_currency_returns"]), np.log1p(c["benchmark_currency_returns"])
    premium, base = (w_b * p_b).sum("market"), (x_b * q_b).sum("currency")
    effects = {
        "market_allocation": (w_p - w_b) * (p_b - premium),
        "security_selection": w_p * (p_p - p_b),
        "currency_allocation": (x_p - x_b) * (q_b - base),
        "hedge_selection": x_p * (q_p - q_b),
    }
    portfolio = (w_p * p_p).sum("market") + (x_p * q_p).sum("currency")
    totals = {
        "active_market": (effects["market_allocation"] + effects["security_selection"]).sum("market"),
        "active_currency": (effects["currency_allocation"] + effects["hedge_selection"]).sum("currency"),
        "portfolio_total": portfolio,
        "benchmark_total": premium + base,
        "active_total": portfolio - premium - base,
    }
    return xr.Dataset(effects | totals)


def _checked(arrays: dict[str, xr.DataArray], dim: str) -> dict[str, xr.DataArray]:
    """Arrays with the labels of the first, numbers that have logarithms and weights that sum to one."""
    name, first = next(iter(arrays.items()))
    out = {}
    for label, array in arrays.items():
        if dim not in array.dims:
            raise InputError(f"{label}: no dimension '{dim}'; it has {', '.join(map(str, array.dims)) or 'none'}.")
        out[label] = same_labels(label, array, name, first)
        odd = ~(abs(out[label]) < np.inf) if "weights" in label else ~((out[label] > -1) & (out[label] < np.inf))
        if odd.any():
            what = "missing or infinite" if "weights" in label else "missing, infinite or -100 % and less"
            raise InputError(f"{label}: {counted(int(odd.sum()), 'number')} {what}: {listed(places(odd))}.")
        total = out[label].sum(dim)
        wrong = abs(total - 1) > WEIGHT_TOLERANCE
        if "weights" in label and wrong.any():
            raise InputError(
                f"{label}: they sum to {float(total.where(wrong).max()):g} over '{dim}', not 1. Cash and hedges are among "
                f"them; percent must be divided by 100."
            )
    return out
