"""Karnosky and Singer's attribution of a global portfolio, in log returns: markets apart from currencies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube
from attribution.contributions.currency import currency_rates, daily_premium, hedged_sides
from attribution.identities import identities, require_reconciled
from riskmodel.arrays.labels import Labelled, aligned, places, require_finite
from riskmodel.errors import InputError, counted, listed

EFFECTS = ("market_allocation", "security_selection", "currency_allocation", "hedge_selection")
TOTALS = ("active_market", "active_currency", "active_total", "portfolio_total", "benchmark_total")
WEIGHT_TOLERANCE = 1e-6


def karnosky_singer(
    *,
    portfolio_weights: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_weights: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_returns: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_returns: xr.DataArray | pd.DataFrame | pd.Series,
    local_cash_returns: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_currency_weights: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_currency_weights: xr.DataArray | pd.DataFrame | pd.Series,
    portfolio_currency_returns: xr.DataArray | pd.DataFrame | pd.Series,
    benchmark_currency_returns: xr.DataArray | pd.DataFrame | pd.Series,
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


def course_effects(
    cube: Cube,
    base: str,
    currency: str,
    market: xr.Dataset,
    *,
    hedged: bool = False,
    benchmark_hedged: bool | None = None,
    forward_premium: float | pd.Series | None = None,
) -> pd.DataFrame:
    """Karnosky and Singer's table of a course: one market, the book's, and one currency or two.

    Parameters
    ----------
    cube
        A course's, in the book's currency.
    base
        The book's currency.
    currency, market, hedged, benchmark_hedged, forward_premium
        As in `attribution.contributions.currency.in_currency`. A hedged side holds the investor's cash in place of the
        book's.

    Returns
    -------
    DataFrame
        effect, name, value: the four effects by market (named by the book's currency) and currency, then the totals. Sums of
        daily log returns.

    Raises
    ------
    InputError
        As `in_currency`; for a day on which all is lost.

    Notes
    -----
    With c the return of the book's cash (`risk_free`, 0 where the market has none) cash in the book's currency earns
    (1 + c)(1 + e) - 1, the investor's (1 + c)(1 + d) - 1 by covered interest parity. With one market the weighted sum of
    logs is the log: unhedged, `active_total` is ln(1 + R*) - ln(1 + B*) of `in_currency`.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market = rm.read_market("fixtures/small")
    >>> book = at.read_book("fixtures/small/book.toml")
    >>> result = at.attribute(book, "Major 100", rm.RiskModel().fit(market), market, period="2025-03")
    >>> effects = result.karnosky_singer("JPY", market).set_index(["effect", "name"])["value"]
    >>> yen = result.in_currency("JPY", market)
    >>> whole = np.log1p(yen.portfolio_return) - np.log1p(yen.benchmark_return)
    >>> bool(abs(effects["active_total", "total"] - whole) < 1e-12)
    True
    """
    if cube.currency is not None:
        raise InputError(f"currency: the result is a view in {base}. Give the one that `attribute` returned.")
    hedged, benchmark_hedged = hedged_sides(hedged, benchmark_hedged)
    if forward_premium is not None and not (hedged or benchmark_hedged):
        raise InputError("forward_premium: neither the course nor its benchmark is hedged. Set hedged=True.")
    days = cube.days
    earned = currency_rates(market, base, currency, days)["currency_return"]
    local = market["risk_free"].sel(time=days) if "risk_free" in market else xr.zeros_like(earned)
    cash = {base: (1 + local) * (1 + earned) - 1}
    if hedged or benchmark_hedged:
        cash[currency] = (1 + local) * (1 + daily_premium(forward_premium, earned)) - 1
    money = pd.Index(list(cash), name="currency")

    def held(is_hedged: bool) -> xr.DataArray:
        return xr.DataArray([float((name == currency) == is_hedged) for name in cash], {"currency": money}, ("currency",))

    def of_market(returns: xr.DataArray) -> xr.DataArray:
        return returns.drop_vars(set(returns.coords) - {"time"}).expand_dims(market=[base])

    one = xr.DataArray([1.0], {"market": [base]}, ("market",))
    of_money = xr.concat([of_market(c).isel(market=0, drop=True) for c in cash.values()], money)
    effects = karnosky_singer(
        portfolio_weights=one,
        benchmark_weights=one,
        portfolio_returns=of_market(cube.portfolio_return),
        benchmark_returns=of_market(cube.benchmark_return),
        local_cash_returns=of_market(local),
        portfolio_currency_weights=held(hedged),
        benchmark_currency_weights=held(benchmark_hedged),
        portfolio_currency_returns=of_money,
        benchmark_currency_returns=of_money,
    ).sum("time")
    added = float(sum(effects[effect].sum() for effect in EFFECTS))
    require_reconciled(
        identities({"effects = active total": (added, float(effects["active_total"]))}), "Karnosky and Singer"
    )
    rows = [(effect, name, value) for effect in EFFECTS for name, value in effects[effect].to_series().to_dict().items()] + [
        (name, "total", float(effects[name])) for name in TOTALS
    ]
    return pd.DataFrame(rows, columns=["effect", "name", "value"])


def _checked(given: Mapping[str, xr.DataArray | pd.DataFrame | pd.Series], dim: str) -> dict[str, xr.DataArray]:
    """Arrays with the labels of the first, numbers that have logarithms and weights that sum to one."""
    out = aligned(given, dict.fromkeys(given, Labelled((dim,), also=("time", dim), more=True, by_position=True)))
    for name, array in out.items():
        require_finite(name, array)
        if "weights" not in name:
            lost = array <= -1
            if lost.any():
                named = listed(places(lost))
                raise InputError(
                    f"{name}: {counted(int(lost.sum()), 'return')} of -100 % or less: {named}; the logarithm has no value "
                    f"there."
                )
            continue
        total = array.sum(dim)
        wrong = abs(total - 1) > WEIGHT_TOLERANCE
        if wrong.any():
            raise InputError(
                f"{name}: they sum to {float(total.where(wrong).max()):g} over '{dim}', not 1. Cash and hedges are among "
                f"them; percent must be divided by 100."
            )
    return out
