"""The days that prices have, against the exchange's calendar and the days of the other tables."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from attribution.portfolio.evidence.register import BOOK_RULES, Evidence
from riskmodel.market.calendar import sessions_between
from riskmodel.market.evidence.finding import Finding
from riskmodel.market.findings import market_findings
from riskmodel.market.timeline import BRIDGE_SESSIONS

LONGEST_CLOSURE = 8  # weekdays in a row: Tokyo was closed for six in 2019, Shanghai for six in 2020
DAILY = ("indices", "rates")  # tables whose days are sessions too


@BOOK_RULES.rule("sessions_missing", "closed_exchange")
def prices_beside_the_calendar(evidence: Evidence) -> Iterator[Finding]:
    """Days without a price of anybody are no sessions: what moved on them is in no return, and nobody misses them.

    They are told by the exchange that the book names; without one by other tables that have more than `BRIDGE_SESSIONS` of
    such days in a row, or by more weekdays in a row than an exchange is closed for. So many of them in the period are
    refused: its returns would lack them.
    """
    sessions, period = evidence.tracks.market.get_index("time"), evidence.tracks.period
    exchange = evidence.tracks.book.book.calendar
    if exchange is None:
        expected, told = pd.bdate_range(sessions[0], sessions[-1]), _told(evidence)
    else:
        days = sessions_between(sessions[0].date(), sessions[-1].date(), exchange)
        expected = told = pd.DatetimeIndex(list(days))
        for day in sessions.difference(expected):
            yield Finding("closed_exchange", "prices", date=f"{day:%Y-%m-%d}", values={"exchange": exchange})
    missing = expected.difference(sessions)
    for _, days in missing.groupby(sessions.searchsorted(missing)).items():
        run = pd.DatetimeIndex(days)
        known = run[run.isin(told)]
        if exchange is None and len(run) <= LONGEST_CLOSURE and len(known) <= BRIDGE_SESSIONS:
            continue
        number = len(known) or len(run)
        inside = bool(((run > period.base) & (run <= period.end)).any())
        yield Finding(
            "sessions_missing", "prices", date=f"{run[0]:%Y-%m-%d}", count=number, shown=f"{run[-1]:%Y-%m-%d}, {number}",
            refused=inside and number > BRIDGE_SESSIONS,
        )  # fmt: skip


def _told(evidence: Evidence) -> pd.DatetimeIndex:
    """Days inside the prices that other daily tables have, and they have not."""
    found = market_findings(evidence.tracks.market)
    return pd.DatetimeIndex(sorted({each.date for each in found if each.key == "no_session" and each.table in DAILY}))
