"""Are a book's inputs fit for use? What is wrong stops with an error; what a user should know is a finding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.portfolio.book import Book
from attribution.portfolio.course import require_explained
from attribution.portfolio.holdings import benchmark_track, holding_returns, level_returns, sleeve_track
from attribution.portfolio.periods import Period, sessions_from
from riskmodel.errors import listed
from riskmodel.market.market import alignment_report

LARGE_DISTRIBUTION = 0.20
LARGE_DAILY_GAP = 0.002
SMALLEST_DEFICIT = 1e-3
FEW_NAMES = 0.5  # of the median session's
COLUMNS = ["table", "finding", "rows", "examples"]


def check_inputs(book: Book, market: xr.Dataset) -> pd.DataFrame:
    """Findings on inputs that can be used: table, finding, rows, examples; empty where there is nothing to say.

    Raises
    ------
    InputError
        Where an input cannot be used, as in a report.
    """
    base, days = sessions_from(book, market)
    period = Period(label="all", base=base, days=days)
    rows = alignment_report(market).to_dict("records")
    rows += _price_findings(market) + _filing_findings(market) + _holding_findings(book, market, period)
    rows += _benchmark_findings(book, market, period)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["finding"] = frame["finding"].str.replace(r"^\w+: ", "", regex=True)
    return frame[frame["rows"] > 0].reset_index(drop=True)


def _row(table: str, finding: str, where: list[str]) -> dict[str, object]:
    return {"table": table, "finding": finding, "rows": len(where), "examples": listed(where)}


def _cells(mask: xr.DataArray) -> list[str]:
    days, assets = np.nonzero(mask.transpose("time", "asset").to_numpy())
    dates = mask.get_index("time")[days].strftime("%Y-%m-%d")
    return [f"{date} {asset}" for date, asset in zip(dates, mask.get_index("asset")[assets], strict=True)]


def _price_findings(market: xr.Dataset) -> list[dict[str, object]]:
    paid = market["total_return"] - (market["close"] / market["close"].shift(time=1) - 1)
    priced = market["close"].notnull()
    cells = {
        f"total_return above the move of the close by {LARGE_DISTRIBUTION:.0%} or more (a spin-off?)": paid
        >= LARGE_DISTRIBUTION,
        "total_return below the move of the close (a distribution cannot be negative)": paid <= -SMALLEST_DEFICIT,
        "close without a volume": priced & market["volume"].isnull(),
        "trading resumes after a short gap, bridged close to close": market["bridged_return"].notnull(),
    }
    names = priced.sum("asset").to_series()
    few = names.index[names < FEW_NAMES * names.median()].strftime("%Y-%m-%d")
    rows = [_row("prices", finding, _cells(mask)) for finding, mask in cells.items()]
    return [*rows, _row("prices", "date with prices of less than half the usual names (not a session?)", [*few])]


def _filing_findings(market: xr.Dataset) -> list[dict[str, object]]:
    findings = []
    for name in market.data_vars:
        if market[name].dims == ("filing",) and market[name].dtype.kind == "f":
            empty = market[name].isnull()
            if bool(empty.mean() > 0.5):
                tickers = pd.unique(market["filing_ticker"].to_numpy()[empty.to_numpy()])
                finding = f"{name} is missing in {float(empty.mean()):.0%} of filings"
                findings.append(_row("fundamentals", finding, [*tickers]))
    return findings


def _holding_findings(book: Book, market: xr.Dataset, period: Period) -> list[dict[str, object]]:
    returns, findings = holding_returns(market), []
    for name in book.sleeves:
        track = sleeve_track(book, name, market, returns, period)
        stopped = [f"{row.ticker} {row.last_trade:%Y-%m-%d}" for row in track.stopped.itertuples()]
        findings.append(_row("holdings", f"held in {name} when it stopped trading, carried as cash", stopped))
        dates = book.holdings[book.holdings["portfolio"] == book.sleeves[name].holdings]["date"]
        findings.append(_row("holdings", f"month without a rebalance of {name}", _months_without(dates, period)))
        later = pd.DatetimeIndex(dates[dates > period.end].unique()).strftime("%Y-%m-%d")
        findings.append(_row("holdings", f"list of {name} dated after the last session, not used", [*later]))
    return findings


def _months_without(dates: pd.Series, period: Period) -> list[str]:
    """Months of a period, but for the last, in which no list is dated."""
    there = set(pd.DatetimeIndex(dates).to_period("M"))
    return [str(month) for month in period.days.to_period("M").unique()[:-1] if month not in there]


def _benchmark_findings(book: Book, market: xr.Dataset, period: Period) -> list[dict[str, object]]:
    returns, findings = holding_returns(market), []
    for name in sorted({sleeve.benchmark for sleeve in book.sleeves.values()}):
        rule = book.benchmarks[name].constituents
        if rule is not None and "constituent_index" in market:
            dates = market["constituent_date"][market["constituent_index"].to_numpy() == rule]
            findings.append(
                _row("constituents", f"month without a list of {rule}", _months_without(dates.to_series(), period))
            )
        official = level_returns(market, name, period.days, period.base)
        if official is None:
            findings.append(_row("indices", "benchmark without levels, followed by its constituents", [name]))
            continue
        constituents = benchmark_track(book, name, market, returns, period).returns
        require_explained(name, official, constituents)
        gap = float(np.abs(constituents - official).mean())
        if gap > LARGE_DAILY_GAP:
            findings.append(_row("constituents", f"return differs from the index by {gap:.2%} a day on average", [name]))
    return findings
