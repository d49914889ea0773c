"""Yearly figures against each other, the year before, and the dividends that prices tell of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from riskmodel.market.evidence.feed import MARKET_RULES, Feed, row_before
from riskmodel.market.evidence.finding import Finding, found_at

OPEN_BALANCE = 0.05  # of the assets; minorities and mezzanine stand between
FLOWS = ("revenue", "gross_profit", "operating_income", "net_income", "operating_cash_flow")
NEVER_ZERO = ("total_assets", "total_liabilities", "equity", "net_income", "operating_cash_flow")
QUARTER, SAME_SIZE, LEAST_FLOWS = (0.15, 0.4), 1.3, 3
SHORT_YEAR = 300  # days between the ends of two years
LEAST_FILINGS = 200  # without one loss: a twentieth at least have one
FAR_FROM_PAID = 10.0


@MARKET_RULES.rule("balance_sheet_open")
def balance_sheets(feed: Feed) -> list[Finding]:
    """Assets are liabilities and equity."""
    filings = feed.tables["fundamentals"]
    gap = (filings["total_assets"] - filings["total_liabilities"] - filings["equity"]) / filings["total_assets"]
    return found_at("balance_sheet_open", "fundamentals", _cells(filings[gap.abs() > OPEN_BALANCE]))


@MARKET_RULES.rule("figure_zero")
def zeros_in_the_place_of_figures(feed: Feed) -> Iterator[Finding]:
    """Assets, debts, equity, income of exactly nothing; no revenue in a year with a profit: a figure that is missing."""
    filings = feed.tables["fundamentals"]
    wrong = {name: filings[name] == 0 for name in NEVER_ZERO if name in filings}
    wrong["revenue"] = (filings["revenue"] == 0) & (filings["net_income"] > 0)
    for name, zero in wrong.items():
        yield from found_at("figure_zero", "fundamentals", _cells(filings[zero]), field=name)


@MARKET_RULES.rule("filing_of_a_quarter", "filing_interval")
def filings_of_less_than_a_year(feed: Feed) -> Iterator[Finding]:
    """All that flows is a quarter of the year's before, while the assets are the same; years that end too soon."""
    filings = feed.filings.drop_duplicates(["ticker", "period_end"])  # of a year filed more than once, the first
    figures = filings[[*(name for name in FLOWS if name in filings), "total_assets"]].to_numpy(dtype=float)
    positive = np.where(figures > 0, figures, np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = positive / row_before(positive, filings["ticker"])
    flows, of_assets, known = ratio[:, :-1], ratio[:, -1], ~np.isnan(ratio[:, :-1])
    quarter = ((flows >= QUARTER[0]) | ~known).all(axis=1) & ((flows <= QUARTER[1]) | ~known).all(axis=1)
    quarter &= (known.sum(axis=1) >= LEAST_FLOWS) & (of_assets >= 1 / SAME_SIZE) & (of_assets <= SAME_SIZE)
    for row in np.flatnonzero(quarter):
        yield _of_filing("filing_of_a_quarter", filings.iloc[row], f"x {np.nanmedian(flows[row]):.2f}")
    ends = filings["period_end"].to_numpy().astype("datetime64[D]").astype(float)[:, None]
    apart = (ends - row_before(ends, filings["ticker"]))[:, 0]
    for row in np.flatnonzero((apart > 0) & (apart < SHORT_YEAR)):
        yield _of_filing("filing_interval", filings.iloc[row], f"{apart[row]:.0f}")


@MARKET_RULES.rule("no_losses")
def years_without_a_loss(feed: Feed) -> Iterator[Finding]:
    """Where so many companies report, some lose money: figures without one minus have lost theirs."""
    for table, name in (("fundamentals", "net_income"), ("earnings", "eps_actual")):
        figures = feed.tables[table][name].dropna()
        if len(figures) >= LEAST_FILINGS and (figures >= 0).all():
            yield Finding("no_losses", table, count=len(figures), values={"field": name})


@MARKET_RULES.rule("dividends_unlike_filings")
def dividends_beside_prices(feed: Feed) -> Iterator[Finding]:
    """A year's dividends a share are what total returns paid over the moves of the close in that year."""
    filings, got = feed.tables["fundamentals"], feed.paid_in_years
    if got is None:
        return
    filed = filings["dividends_per_share"].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        far = np.flatnonzero((filed > 0) & (got > 0) & (np.abs(np.log(filed / got)) > np.log(FAR_FROM_PAID)))
    for row in far:
        yield _of_filing("dividends_unlike_filings", filings.iloc[row], f"{filed[row]:.4g}, {got[row]:.4g}")


def _cells(filings: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(filings["available_from"].dt.strftime("%Y-%m-%d"), filings["ticker"].astype(str), strict=True))


def _of_filing(key: str, filing: pd.Series, shown: str) -> Finding:
    return Finding(key, "fundamentals", str(filing["ticker"]), f"{filing['available_from']:%Y-%m-%d}", shown=shown)
