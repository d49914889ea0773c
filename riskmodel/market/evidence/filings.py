"""Filings and announcements: do they come, are they of the unit, and known on the day, that they say?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from riskmodel.market.evidence.feed import MARKET_RULES, Feed, row_before
from riskmodel.market.evidence.finding import Finding

MANY = 0.5  # of all filings
EARLIEST = 10  # days between the end of a year and the first filings about it
UNIT_STEP, SAME_STEP = 1.5, 0.3  # decimal orders: the least step of a unit, and how alike all items make it
LEAST_ROWS = 20
EMPTY_FIELD = 0.5
YEAR, QUARTER, STOPPED = 365, 92, 0.2


@MARKET_RULES.rule("no_filings", "no_announcements")
def empty_tables(feed: Feed) -> list[Finding]:
    """A table that is there and holds nothing feeds no factor."""
    keys = {"fundamentals": "no_filings", "earnings": "no_announcements"}
    return [Finding(key, table, count=0) for table, key in keys.items() if feed.tables[table].empty]


@MARKET_RULES.rule("filings_stopped", "announcements_stopped")
def feeds_that_stopped(feed: Feed) -> Iterator[Finding]:
    """Filings, or announcements, of which far fewer came in the last year, or quarter, than in that of a year before."""
    end = feed.market.get_index("time")[-1]
    for key, table, column, days in (
        ("filings_stopped", "fundamentals", "available_from", YEAR),
        ("announcements_stopped", "earnings", "announced", QUARTER),
    ):
        age = (end - feed.tables[table][column]).dt.days
        recent, before = (age.between(start, start + days - 1).sum() for start in (0, YEAR))
        if before >= LEAST_ROWS and recent < STOPPED * before:
            # known on the last session only: an earlier month did not see it stop
            yield Finding(key, table, date=f"{end:%Y-%m-%d}", count=int(recent), shown=f"{recent:,}, {before:,}")


@MARKET_RULES.rule("filings_at_period_end", "filings_early")
def filings_known_too_soon(feed: Feed) -> Iterator[Finding]:
    """Nobody knows a year's figures on its last day, nor within ten."""
    filings = feed.tables["fundamentals"]
    after = (filings["available_from"] - filings["period_end"]).dt.days
    for key, early in (("filings_at_period_end", after == 0), ("filings_early", after.between(1, EARLIEST))):
        if early.any():
            share, first = float(early.mean()), filings[early]
            yield Finding(
                key,
                "fundamentals",
                str(first["ticker"].iloc[0]) if early.sum() == 1 else "",
                f"{first['available_from'].min():%Y-%m-%d}",
                count=int(early.sum()),
                shown=f"{share:.0%}: {', '.join(sorted(first['ticker'].unique())[:5])}",
                refused=share > MANY and int(early.sum()) > 1,
            )


@MARKET_RULES.rule("filing_unit")
def filings_in_another_unit(feed: Feed) -> Iterator[Finding]:
    """Every item of a company a thousand times what it was the year before."""
    filings = feed.filings
    items = [name for name in filings if filings[name].dtype.kind == "f" and name != "dividends_per_share"]
    figures = np.abs(filings[items].to_numpy(dtype=float))
    orders = np.log10(np.where(figures > 0, figures, np.nan))
    with np.errstate(invalid="ignore"):
        steps = orders - row_before(orders, filings["ticker"])
    known = np.isfinite(steps)
    enough = known.sum(axis=1) >= 3
    steps, filings = steps[enough], filings[enough]
    if not len(filings):
        return
    step = np.nanmedian(steps, axis=1)
    alike = np.nanmedian(np.abs(steps - step[:, None]), axis=1) < SAME_STEP
    of_unit = (np.abs(step) > UNIT_STEP) & (np.abs(step - np.round(step)) < SAME_STEP) & alike
    for row in np.flatnonzero(of_unit):
        filing = filings.iloc[row]
        yield Finding(
            "filing_unit",
            "fundamentals",
            str(filing["ticker"]),
            f"{filing['available_from']:%Y-%m-%d}",
            shown=f"x {10 ** step[row]:,.4g}",
        )


@MARKET_RULES.rule("empty_field")
def fields_mostly_empty(feed: Feed) -> Iterator[Finding]:
    """A number that most filings lack."""
    filings = feed.tables["fundamentals"]
    for name in filings.columns:
        if filings[name].dtype.kind == "f" and len(filings):
            empty = filings[name].isna()
            if empty.mean() > EMPTY_FIELD:
                tickers = filings["ticker"][empty]
                yield Finding(
                    "empty_field", "fundamentals", count=int(empty.sum()),
                    values={"field": str(name), "share": float(empty.mean())},
                    shown=", ".join(sorted(tickers.unique())[:5]),
                )  # fmt: skip
