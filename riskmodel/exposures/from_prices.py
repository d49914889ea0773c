"""Descriptors made of prices, volumes and shares: each a pure function of the market, (time, asset), higher means more.

Row t uses only what is known at the close of day t. A window counts days of the current life, and needs two thirds of them.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.arrays.windows import trailing_sum

RETURN_WINDOW = 60
LIQUIDITY_WINDOW = 20
MONTH, QUARTER, YEAR = 21, 63, 252
LEAST_SHARE_OF_WINDOW = 2 / 3


def market_return(market: xr.Dataset) -> xr.DataArray:
    """Return of the market, weighted by the capitalisation at the close before; (time), decimals.

    Every asset with a capitalisation the day before and a return counts.
    """
    cap = market["market_cap"].shift(time=1).where(market["total_return"].notnull())
    return (cap * market["total_return"]).sum("asset") / cap.sum("asset").where(lambda total: total > 0)


def market_sensitivity(market: xr.Dataset, window: int = RETURN_WINDOW) -> xr.DataArray:
    """Slope of the last daily returns on the market's.

    Notes
    -----
    beta_i = cov(r_i, r_m) / var(r_m) over the days on which i has a return; r_m as in `market_return`.
    Sharpe (1964); the window of 60 days is the published indicator's.
    """
    slope, _, count = _on_the_market(market, window)
    return _where_enough(market, slope, count, window)


def residual_volatility(market: xr.Dataset, window: int = YEAR) -> xr.DataArray:
    """Standard deviation (divisor n - 2) of what the regression of `market_sensitivity` leaves.

    Ang, Hodrick, Xing & Zhang (2006), of one factor, over a year.
    """
    _, variance, count = _on_the_market(market, window)
    return _where_enough(market, np.sqrt(variance), count, window)


def _on_the_market(market: xr.Dataset, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope, residual variance and count of days, each (time, asset), of regressions on the market's return."""
    own = market["total_return"].to_numpy()
    common = np.broadcast_to(market_return(market).to_numpy()[:, None], own.shape)
    common = np.where(np.isnan(own), np.nan, common)
    life = market["life"].to_numpy()
    products = {"i": own, "m": common, "im": own * common, "ii": own**2, "mm": common**2}
    sums = {name: trailing_sum(values, window, life)[0] for name, values in products.items()}
    count = trailing_sum(products["im"], window, life)[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = sums["im"] - sums["i"] * sums["m"] / count
        variance = sums["mm"] - sums["m"] ** 2 / count
        slope = np.where(variance > 0, covariance / variance, np.nan)
        left = (sums["ii"] - sums["i"] ** 2 / count - slope * covariance) / (count - 2)
    return slope, np.clip(left, 0, None), count


def momentum(market: xr.Dataset, window: int = RETURN_WINDOW, skip: int = 0) -> xr.DataArray:
    """Log of the compounded total return of the last `window` days, less the last `skip` of them.

    Jegadeesh & Titman (1993); 60 days and none skipped are the published indicator's.
    """
    with np.errstate(divide="ignore"):
        logs = np.log1p(market["total_return"].to_numpy())
    logs = np.where(np.isneginf(logs), np.nan, logs)
    total, count = trailing_sum(logs, window, market["life"].to_numpy())
    if skip:
        last, counted = trailing_sum(logs, skip, market["life"].to_numpy())
        total, count = total - last, count - counted
    return _where_enough(market, total, count, window - skip)


def reversal(market: xr.Dataset) -> xr.DataArray:
    """Minus the log of the total return of the last 21 days. Jegadeesh (1990)."""
    return -momentum(market, MONTH)


def volatility(market: xr.Dataset) -> xr.DataArray:
    """Standard deviation (ddof 1) of the last 60 daily returns. Ang, Hodrick, Xing & Zhang (2006)."""
    own = market["total_return"].to_numpy()
    total, count = trailing_sum(own, RETURN_WINDOW, market["life"].to_numpy())
    squares, _ = trailing_sum(own**2, RETURN_WINDOW, market["life"].to_numpy())
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (squares - total**2 / count) / (count - 1)
    return _where_enough(market, np.sqrt(np.clip(variance, 0, None)), count, RETURN_WINDOW)


def traded_value(market: xr.Dataset) -> xr.DataArray:
    """Log of the mean traded value (close x volume) of the last 20 days.

    Amihud & Mendelson (1986) for traded value as a measure of liquidity.
    """
    return _log_mean(market, (market["close"] * market["volume"]).to_numpy(), LIQUIDITY_WINDOW)


def share_turnover(market: xr.Dataset) -> xr.DataArray:
    """Log of the mean share of the company that is traded in a day, over 63 days. Datar, Naik & Radcliffe (1998)."""
    cap = market["market_cap"].where(market["market_cap"] > 0)
    return _log_mean(market, (market["close"] * market["volume"] / cap).to_numpy(), QUARTER)


def paid_dividend_yield(market: xr.Dataset) -> xr.DataArray:
    """Distributions of the last 252 days over price: the sum of total return less the move of the close.

    d = sum_t [r_t - (close_t / close_t-1 - 1)]. Spin-offs are in it, as in total_return; winsorising meets the few large
    ones. Litzenberger & Ramaswamy (1979).
    """
    move = market["close"].to_numpy()[1:] / market["close"].to_numpy()[:-1] - 1
    paid = market["total_return"].to_numpy() - np.vstack([np.full((1, move.shape[1]), np.nan), move])
    total, count = trailing_sum(paid, YEAR, market["life"].to_numpy())
    return _where_enough(market, total, count, YEAR)


def log_market_cap(market: xr.Dataset) -> xr.DataArray:
    """Log of market capitalisation. Banz (1981)."""
    cap = market["market_cap"]
    return cap.copy(data=np.log(cap.where(cap > 0).to_numpy()))


def log_price(market: xr.Dataset) -> xr.DataArray:
    """Log of the price as traded: close times the ratios of later splits. Miller & Scholes (1982)."""
    return market["close"].copy(data=np.log(market["traded_price"].to_numpy()))


def _where_enough(market: xr.Dataset, values: np.ndarray, count: np.ndarray, window: int) -> xr.DataArray:
    enough = (count >= np.ceil(LEAST_SHARE_OF_WINDOW * window)) & (market["life"].to_numpy() >= 0)
    return market["close"].copy(data=np.where(enough, values, np.nan))


def _log_mean(market: xr.Dataset, values: np.ndarray, window: int) -> xr.DataArray:
    total, count = trailing_sum(values, window, market["life"].to_numpy())
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(total / count)
    return _where_enough(market, np.where(np.isfinite(logs), logs, np.nan), count, window)
