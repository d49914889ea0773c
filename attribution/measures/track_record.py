"""What a course earned against its benchmark over windows, calendar years and months, and at which risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import xarray as xr

from attribution.identities import identities
from attribution.measures.figures import regression_figures
from attribution.measures.performance import (
    LEAST_MONTHS,
    MONTHS_A_YEAR,
    History,
    annualised,
    first_whole_month,
    inception_return,
    monthly_returns,
    window_returns,
)
from attribution.measures.ratios import drawdown_figures
from attribution.measures.record import require_record, require_returns, require_same_rows
from riskmodel.arrays.rounding import deviation, over
from riskmodel.bounds import DAYS_A_YEAR

PERIODS = ("course", "kind", "period", "return", "benchmark_return", "excess")
RECORD = ("course", "window", "measure", "portfolio", "benchmark", "active")
YEARS = {"1y": 1, "3y": 3}  # windows of the record; the last one, "itd", has every month
BOTH = ("annualised_return", "volatility", "maximum_drawdown")  # of portfolio and benchmark
NET = ("net_return", "net_excess")  # columns of `periods` where courses have fees
NET_RECORD = "net_annualised_return"
NO_FEES: Mapping[str, float] = MappingProxyType({})
RELATIVE = ("tracking_error", "information_ratio", "up_capture", "down_capture")


def net_of_fee(returns: pd.Series, fee: float) -> pd.Series:
    """Daily returns after a fee a year, deducted day by day: 252 days cost the fee.

    Parameters
    ----------
    returns
        By day, decimals.
    fee
        Of the value, a decimal a year.

    Notes
    -----
    (1 + r_t) (1 - fee)^(1/252) - 1.

    Examples
    --------
    >>> days = pd.bdate_range("2025-01-01", periods=252)
    >>> round(float((1 + net_of_fee(pd.Series(0.0, days), 0.01)).prod() - 1), 12)
    -0.01
    """
    return (1 + returns) * (1 - fee) ** (1 / DAYS_A_YEAR) - 1


def periods_table(
    history: History, names: Iterable[str], market: xr.Dataset, month: str, fees: Mapping[str, float] = NO_FEES
) -> pd.DataFrame:
    """Compounded returns of courses, or sleeves, and their benchmarks since they began.

    Parameters
    ----------
    history
        From `attribution.measures.performance.history_of`.
    names
        Courses, and sleeves under their own keys.
    market
        Whose sessions say whether a history begins with its month.
    month
        The last one, "YYYY-MM".
    fees
        Course -> its fee, a decimal a year, of those that have one.

    Returns
    -------
    DataFrame
        course, kind, period, return, benchmark_return, excess; decimals. Kinds and their periods: window ("1m", "3m", "6m",
        "1y", "itd"), year ("2025"), month ("2025-03"). A window longer than the history is NaN; the first month and year run
        from the inception, the last year to the month's end. With fees `net_return` and `net_excess` too, NaN of a course
        that has none.
    """
    last, parts = pd.Period(month, "M"), []

    def by_period(side: pd.Series) -> dict[tuple[str, str], float]:
        found = {("window", key): value for key, value in window_returns(side, last, market).items()}
        found["window", "itd"] = inception_return(side, history)
        for kind, rule in (("year", "Y"), ("month", "M")):
            compounded = (1 + side).groupby(side.index.to_period(rule)).prod() - 1
            found |= {(kind, str(key)): value for key, value in compounded.items()}
        return found

    for name in names:
        own, other = history.sides(name)
        sides = {"return": own, "benchmark_return": other}
        if name in fees:
            sides["net_return"] = net_of_fee(own, fees[name])
        part = pd.DataFrame({side: pd.Series(by_period(daily)) for side, daily in sides.items()}).rename_axis(
            ["kind", "period"]
        )
        parts.append(part.reset_index().assign(course=name))
    frame = pd.concat(parts, ignore_index=True)
    frame["excess"] = frame["return"] - frame["benchmark_return"]
    if "net_return" in frame:
        frame["net_excess"] = frame["net_return"] - frame["benchmark_return"]
    return frame[[*PERIODS, *(name for name in NET if name in frame)]]


def net_reconciliation(periods: pd.DataFrame, history: History, fees: Mapping[str, float]) -> pd.DataFrame:
    """The months' net returns compounded, against their gross returns less the fee of all days at once, by course."""
    tables = []
    for course, fee in fees.items():
        months = periods[(periods["course"] == course) & (periods["kind"] == "month")]
        net, gross = ((1 + months[side]).prod() for side in ("net_return", "return"))
        kept = (1 - fee) ** (len(history.sides(course)[0]) / DAYS_A_YEAR)
        pair = {"net returns of months = gross returns less the fee": (float(net - 1), float(gross * kept - 1))}
        tables.append(identities(pair).assign(course=course))
    return pd.concat(tables, ignore_index=True)


def record_table(
    history: History, names: Iterable[str], market: xr.Dataset, month: str, fees: Mapping[str, float] = NO_FEES
) -> pd.DataFrame:
    """Annualised return, volatility, drawdown, tracking error, information ratio and captures of courses.

    Parameters
    ----------
    history, names, market, month, fees
        As for `periods_table`.

    Returns
    -------
    DataFrame
        course, window (1y, 3y, itd), measure, portfolio, benchmark, active; decimals, from monthly returns, a partial first
        month being one. Tracking error, information ratio and captures stand under `active`. NaN where the history is
        shorter than the window, or than twelve months. Of a course with a fee also `net_annualised_return`.
    """
    last = pd.Period(month, "M")
    rows = []
    for name in names:
        daily = history.sides(name)
        own, other = (monthly_returns(side) for side in daily)
        whole = first_whole_month(daily[0], market)
        risk_free = monthly_returns(history.risk_free)
        for window, years in (YEARS | {"itd": None}).items():
            first = own.index[0] if years is None else last - (years * MONTHS_A_YEAR - 1)
            known = len(own) >= LEAST_MONTHS and (years is None or first >= whole)
            months = pd.DataFrame({"portfolio": own, "benchmark": other, "risk_free": risk_free}).reindex(own.index)
            unknown = dict.fromkeys((*BOTH, *RELATIVE), (np.nan, np.nan, np.nan))
            figures = _figures(months[first:last]) if known else unknown
            if name in fees:
                net = monthly_returns(net_of_fee(daily[0], fees[name]))[first:last]
                beside = figures["annualised_return"][1]
                after = annualised(net, MONTHS_A_YEAR) if known else np.nan
                figures = {
                    "annualised_return": figures["annualised_return"],
                    NET_RECORD: (after, beside, after - beside),
                } | figures
            rows += [(name, window, measure, *sides) for measure, sides in figures.items()]
    return pd.DataFrame(rows, columns=list(RECORD))


def _figures(months: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Measure -> portfolio, benchmark, active; from months with both sides and the risk-free return."""
    own, other = months["portfolio"], months["benchmark"]
    scale = MONTHS_A_YEAR**0.5
    risk_free = months["risk_free"]
    pairs = {
        "annualised_return": [annualised(side, MONTHS_A_YEAR) for side in (own, other)],
        "volatility": [deviation(side) * scale for side in (own, other)],
        "maximum_drawdown": [
            drawdown_figures(side, risk_free, a_year=MONTHS_A_YEAR)["maximum_drawdown"] for side in (own, other)
        ],
    }
    relative = regression_figures(months, a_year=MONTHS_A_YEAR)
    relative |= dict(zip(("up_capture", "down_capture"), capture_ratios(own, other), strict=True))
    figures = {name: (pairs[name][0], pairs[name][1], pairs[name][0] - pairs[name][1]) for name in BOTH}
    return figures | {name: (np.nan, np.nan, relative[name]) for name in RELATIVE}


def capture_ratios(portfolio: pd.Series, benchmark: pd.Series) -> tuple[float, float]:
    """What a portfolio made of the benchmark's rising months, and of its falling ones: up and down capture.

    Parameters
    ----------
    portfolio, benchmark
        Returns by month, decimals, with the same labels.

    Returns
    -------
    tuple
        1 is as much as the benchmark; NaN without such a month.

    Raises
    ------
    InputError
        For returns that are missing, infinite or below -1; for labels that differ, or dates out of order, twice or missing.

    Notes
    -----
    [prod (1 + r_t)^(1/n) - 1] / [prod (1 + b_t)^(1/n) - 1] over the n months in which b_t > 0, and those in which b_t < 0.
    Bacon (2008), p. 47, with geometric means.

    Examples
    --------
    >>> capture_ratios(pd.Series([0.03, -0.01, 0.01]), pd.Series([0.02, -0.02, 0.0]))
    (1.5, 0.5)
    """
    require_returns(portfolio, "returns of 'portfolio'")
    require_returns(benchmark, "returns of 'benchmark'")
    require_same_rows(portfolio, benchmark)
    require_record(portfolio.index, a_year=MONTHS_A_YEAR)

    def captured(chosen: pd.Series) -> float:
        if not chosen.any():
            return float("nan")
        return over(*(annualised(side[chosen], 1) for side in (portfolio, benchmark)))

    return captured(benchmark > 0), captured(benchmark < 0)
