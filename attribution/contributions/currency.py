"""A foreign investor's view of a course: its contributions with a row for the currency, and one for the hedge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.cube import Cube, CurrencyView
from attribution.linking.linking import coefficients
from attribution.portfolio.beside import with_rows
from attribution.rows import CURRENCY, HEDGE
from riskmodel.arrays.labels import require_flag, require_kind
from riskmodel.bounds import DAYS_A_YEAR, PREMIUM, require_bounded
from riskmodel.errors import InputError, counted, listed
from riskmodel.market.contents import READ

CODE = "Give a code, such as 'JPY'."  # what a currency is

GREATEST_PREMIUM = 0.01  # of a day
GREATEST_CHANGE = 3.0  # of a rate in a day, either way: devaluations stay below it, rates for 100 units do not


def in_currency(
    cube: Cube,
    base: str,
    currency: str,
    market: xr.Dataset,
    *,
    link: str,
    hedged: bool = False,
    benchmark_hedged: bool | None = None,
    forward_premium: float | pd.Series | None = None,
) -> Cube:
    """The same course as an investor in another currency sees it; every cut then has the row `currency`.

    Parameters
    ----------
    cube
        A course's, in the book's currency.
    base, currency
        The book's currency, and the investor's, such as "JPY".
    market
        Has the rates: `fx_rate` of the pair, as in USDJPY = yen for a dollar, or of the reverse pair.
    hedged
        Whether the course's value at the start of each day is sold forward to the day's end.
    benchmark_hedged
        The same for the benchmark; by default as the course.
    link
        How days become the period.
    forward_premium
        Needed where one is hedged: forward over spot less one, a decimal a year (compounded over 252 days) or a Series by
        day. `covered_interest` makes it of two interest rates; the market has only the book currency's.

    Returns
    -------
    Cube
        With `portfolio_return`, `benchmark_return` and linking of the investor's, the rates in `currency`, and a row
        `currency` beside; where one side is hedged a row `hedge` too.

    Raises
    ------
    InputError
        For a currency without rates, sessions before the first rate (named), a hedge without a premium, a result that is
        already converted.

    Notes
    -----
    With e_t the return of the book's currency and R_t, B_t in it, an investor earns R_t + (1 + R_t) e_t, so the excess of a
    day is (R_t - B_t)(1 + e_t): what it was before, and (R_t - B_t) e_t, the currency row. Selling the value at the start
    of a day forward adds d_t - e_t, d_t = F_t / S_t-1 - 1 the premium: R_t (1 + e_t) + d_t. What the day itself earns is not
    hedged. Where both sides are hedged the hedge row is 0, where only the course is, d_t - e_t.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> market = rm.read_market("fixtures/small")
    >>> book = at.read_book("fixtures/small/book.toml")
    >>> dollars = at.attribute(book, "Major 100", rm.RiskModel().fit(market), market, period="2025-03")
    >>> yen = dollars.in_currency("JPY", market)
    >>> bool(abs(yen.by("factor").sum() - yen.excess_return) < 1e-12)
    True
    """
    require_kind("currency", currency, str, CODE)
    if currency == base:
        raise InputError(f"currency: the result is in {currency} already.")
    if cube.currency is not None:
        raise InputError(f"currency: the result is a view in {base}. Convert the one that `attribute` returned.")
    hedged, benchmark_hedged = hedged_sides(hedged, benchmark_hedged)
    rate = currency_rates(market, base, currency, cube.days)
    earned = rate["currency_return"]
    portfolio, benchmark = cube.portfolio_return, cube.benchmark_return
    active, absolute = {CURRENCY: (portfolio - benchmark) * earned}, {CURRENCY: (1 + portfolio) * earned}
    official = benchmark + (1 + benchmark) * earned
    if hedged or benchmark_hedged:
        gain = daily_premium(forward_premium, earned) - earned
        absolute[HEDGE] = gain * int(hedged)
        active[HEDGE] = gain * (int(hedged) - int(benchmark_hedged))
        official = official + gain * int(benchmark_hedged)
    elif forward_premium is not None:
        raise InputError("forward_premium: neither the course nor its benchmark is hedged. Set hedged=True.")
    own = portfolio + sum(absolute.values())
    view = CurrencyView(rate["currency_rate"], earned, rate["rate_carried"], float(rate["currency_base_rate"]))
    return replace(
        cube,
        beside=with_rows(cube.beside, active, absolute),
        currency=view,
        portfolio_return=own,
        benchmark_return=official,
        coefficient=coefficients(own, official, method=link),
        absolute_coefficient=coefficients(own, 0.0),
    )


def hedged_sides(hedged: bool, benchmark_hedged: bool | None) -> tuple[bool, bool]:
    """Whether the course and its benchmark are hedged; the benchmark is what the course is, unless said."""
    own = require_flag("hedged", hedged)
    return own, own if benchmark_hedged is None else require_flag("benchmark_hedged", benchmark_hedged)


def currency_rates(market: xr.Dataset, base: str, currency: str, days: pd.DatetimeIndex) -> xr.Dataset:
    """Rates and returns of a currency over some sessions.

    Parameters
    ----------
    market
        From `riskmodel.read_market`.
    base, currency
        The currency whose value is measured, and the one that measures it.
    days
        Sessions; the base rate is of the session before the first.

    Returns
    -------
    Dataset
        `currency_rate`, `currency_return` and `rate_carried` on (time), and the scalar `currency_base_rate`.

    Raises
    ------
    InputError
        For a pair that the market lacks, sessions before its first rate, or a rate that more than trebles in a day or falls
        below a third, as where its unit changes.

    Examples
    --------
    >>> import riskmodel as rm
    >>> market = rm.read_market("fixtures/small")
    >>> rates = currency_rates(market, "USD", "JPY", market.get_index("time")[-3:])
    >>> int(rates["rate_carried"].sum())
    0
    """
    require_kind("currency", currency, str, CODE)
    require_kind("market", market, xr.Dataset, READ)
    pairs = [str(pair) for pair in market["pair"].to_numpy()] if "pair" in market else []
    direct, reverse = f"{base}{currency}", f"{currency}{base}"
    pair = direct if direct in pairs else reverse
    if pair not in pairs:
        raise InputError(
            f"fx: no pair '{direct}' nor '{reverse}', so there is no view in {currency}. "
            f"Found: {listed(pairs) or 'no table'}. Add its rates, {direct} = {currency} for one {base}."
        )
    sessions = market.get_index("time")
    wanted = sessions[sessions.get_indexer(days[:1])[0] - 1 : sessions.get_indexer(days[-1:])[0] + 1]
    rate = market["fx_rate"].sel(pair=pair, time=wanted).drop_vars("pair")
    missing = wanted[rate.isnull().to_numpy()]
    if len(missing):
        raise InputError(
            f"fx: {counted(len(missing), 'session')} without a rate of {pair}: {listed(missing.strftime('%Y-%m-%d'))}. "
            f"The last one known is carried, but there is none before. Add the rates, the day before the period's first too."
        )
    change = (rate / rate.shift(time=1)).isel(time=slice(1, None))
    jumps = wanted[1:][((change > GREATEST_CHANGE) | (change < 1 / GREATEST_CHANGE)).to_numpy()]
    if len(jumps):
        places = listed(f"{day:%Y-%m-%d} {float(rate.sel(time=day)):g}" for day in jumps)
        raise InputError(
            f"fx: {counted(len(jumps), 'session')} on which {pair} is more than {GREATEST_CHANGE:g} times, or less than a "
            f"third of, the rate before: {places}. A rate is mistyped, or the unit changes, as from 1 to 100. "
            f"Quote all for one unit."
        )
    rate = rate if pair == direct else 1 / rate
    return xr.Dataset(
        {
            "currency_rate": rate.isel(time=slice(1, None)),
            "currency_return": (rate / rate.shift(time=1) - 1).isel(time=slice(1, None)),
            "rate_carried": market["fx_carried"].sel(pair=pair, time=wanted[1:]).drop_vars("pair"),
            "currency_base_rate": float(rate[0]),
        }
    )


def covered_interest(investor_rate: float | pd.Series, base_rate: float | pd.Series) -> float | pd.Series:
    """Forward premium of the book's currency by covered interest parity.

    Parameters
    ----------
    investor_rate, base_rate
        Interest of the investor's and the book's currency, decimals: both a year, or both by day.

    Returns
    -------
    float or Series
        (1 + i) / (1 + i*) - 1; below zero, a cost of the hedge, where the book's currency pays more.

    Notes
    -----
    F / S = (1 + i) / (1 + i*) with S in the investor's currency for one unit of the book's. Keynes (1923), *A Tract on
    Monetary Reform*, chapter 3.

    Examples
    --------
    >>> round(covered_interest(0.005, 0.05), 4)
    -0.0429
    """
    if isinstance(investor_rate, pd.Series) or isinstance(base_rate, pd.Series):
        together = pd.DataFrame({"investor": investor_rate, "base": base_rate})
        return (1 + together["investor"]) / (1 + together["base"]) - 1
    return (1 + investor_rate) / (1 + base_rate) - 1


def daily_premium(premium: float | pd.Series | None, returns: xr.DataArray) -> xr.DataArray:
    """A forward premium on each day of some returns, (time): a number a year compounds to it over 252 days."""
    days = returns.get_index("time")
    if premium is None:
        raise InputError(
            "currency: a hedge earns the forward premium, and the data have none. Give forward_premium, a decimal a year or "
            "a Series by day; attribution.contributions.currency.covered_interest makes it of two interest rates, and 0.0 "
            "leaves it out."
        )
    if isinstance(premium, pd.Series):
        missing = days[premium.reindex(days).isna().to_numpy()]
        if len(missing):
            raise InputError(
                f"forward_premium: {counted(len(missing), 'session')} of the period without one: "
                f"{listed(missing.strftime('%Y-%m-%d'))}. Add them."
            )
        values = premium.reindex(days).to_numpy(dtype=float)
    else:
        require_bounded("forward_premium", premium, PREMIUM)
        values = np.full(len(days), np.expm1(np.log1p(premium) / DAYS_A_YEAR) if premium > -1 else np.nan)
    if not (np.abs(values) <= GREATEST_PREMIUM).all():  # NaN is not
        shown = f"a Series with {np.nanmax(np.abs(values)):g} on a day" if isinstance(premium, pd.Series) else f"{premium:g}"
        raise InputError(
            f"forward_premium: {shown}. A number is a year's decimal such as -0.04 (percent must be divided by 100), a "
            f"Series has a decimal for each day."
        )
    return returns.copy(data=values)
