"""Announced earnings against their estimates and the close: of one unit, and estimated at all?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding, found_at

CENTS, NEAR = np.log(100.0), np.log(1.25)
LEAST_OF_CLOSE, MOST_OF_CLOSE = 0.05, 0.25  # a quarter's earnings a share
FILLED, LEAST_ROWS, LEAST_SESSIONS = 0.3, 20, 200
FAR_FOR_ITSELF = 20.0  # times the median announcement of the name
MOST = 0.5


@MARKET_RULES.rule("eps_unit")
def earnings_in_cents(feed: Feed) -> Iterator[Finding]:
    """Estimate and actual a hundredfold apart; profits that are a quarter of the price, announcement after announcement."""
    earnings, close = feed.tables["earnings"], feed.beside("earnings", "announced", "close")
    actual, estimate = earnings["eps_actual"], earnings["eps_estimate"]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log((actual / estimate).where(actual * estimate > 0))
        size = np.maximum(actual.abs(), estimate.abs()) / close
    hundred = ((ratio.abs() - CENTS).abs() < NEAR) & (size > LEAST_OF_CLOSE)
    many = bool(hundred.sum() > MOST * ratio.notna().sum())
    if many:
        first = earnings["announced"][hundred].min()
        yield Finding("eps_unit", "earnings", date=f"{first:%Y-%m-%d}", count=int(hundred.sum()), refused=True)
        return
    yield from found_at("eps_unit", "earnings", _cells(earnings[hundred]))
    profit = (np.minimum(actual, estimate) / close).where(actual > 0)
    typical = profit.groupby(earnings["ticker"]).agg(["median", "count"])
    least = np.minimum(actual.abs(), estimate.abs())
    usual = np.maximum(actual.abs(), estimate.abs()).groupby(earnings["ticker"]).transform("median")
    both = (least > FAR_FOR_ITSELF * usual) & (least > LEAST_OF_CLOSE * close)
    yield from found_at("eps_unit", "earnings", _cells(earnings[both]))
    for ticker in typical.index[(typical["median"] > MOST_OF_CLOSE) & (typical["count"] > 1)]:
        of = earnings[earnings["ticker"] == ticker]
        yield Finding("eps_unit", "earnings", str(ticker), f"{of['announced'].min():%Y-%m-%d}", count=len(of))


@MARKET_RULES.rule("estimates_zero", "estimates_as_announced")
def estimates_that_are_none(feed: Feed) -> Iterator[Finding]:
    """A quarter in which many estimates are nothing, or what was announced to the cent."""
    earnings = feed.tables["earnings"]
    for key, filled in (
        ("estimates_zero", earnings["eps_estimate"] == 0),
        ("estimates_as_announced", (earnings["eps_estimate"] == earnings["eps_actual"]) & (earnings["eps_actual"] != 0)),
    ):
        for quarter, of in filled.groupby(earnings["announced"].dt.to_period("Q")):
            if of.mean() > FILLED and len(of) >= LEAST_ROWS:
                last = earnings["announced"][of.index].max()
                shown = f"{quarter}: {of.mean():.0%}"
                yield Finding(key, "earnings", date=f"{last:%Y-%m-%d}", count=int(of.sum()), shown=shown)


@MARKET_RULES.rule("sessions_alike")
def announcements_of_one_session(feed: Feed) -> Iterator[Finding]:
    """Where so many companies announce, some do before the opening and some after the close: one of the two is a default."""
    sessions = feed.tables["earnings"]["session"]
    if len(sessions) >= LEAST_SESSIONS and (sessions == sessions.iloc[0]).all():
        yield Finding("sessions_alike", "earnings", count=len(sessions), values={"session": str(sessions.iloc[0])})


def _cells(earnings: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(earnings["announced"].dt.strftime("%Y-%m-%d"), earnings["ticker"].astype(str), strict=True))
