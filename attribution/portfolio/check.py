"""Are a book's inputs fit for use? What is wrong stops with an error; what a user should know is a finding."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from attribution.house_style.words import read_messages
from attribution.portfolio.book import Book
from attribution.portfolio.course import require_explained
from attribution.portfolio.periods import Period, sessions_from
from attribution.portfolio.tracks import Tracks
from riskmodel.errors import listed
from riskmodel.facts import Fact
from riskmodel.market.findings import alignment_findings

LARGE_DISTRIBUTION = 0.20
LARGE_DAILY_GAP = 0.002
SMALLEST_DEFICIT = 1e-3
FEW_NAMES = 0.5  # of the median session's


def check_inputs(book: Book, market: xr.Dataset) -> pd.DataFrame:
    """Findings on inputs that can be used: table, finding, rows, examples; empty where there is nothing to say.

    Raises
    ------
    InputError
        Where an input cannot be used, as in a report.
    """
    facts, words = input_findings(book, market), read_messages("en")
    frame = pd.DataFrame([fact.values for fact in facts], columns=["table", "rows", "examples"])
    frame.insert(1, "finding", [words.fact("findings", fact) for fact in facts])
    return frame.assign(examples=frame["examples"].map(listed))


def input_findings(book: Book, market: xr.Dataset) -> list[Fact]:
    """What `check_inputs` has to say, as facts; each has its `table`, how many `rows`, and them as `examples`."""
    base, days = sessions_from(book, market)
    tracks = Tracks(book, market, Period(label="all", base=base, days=days))
    found = _price_findings(market) + _filing_findings(market) + _holding_findings(tracks) + _benchmark_findings(tracks)
    return [*alignment_findings(market), *(fact for fact in found if fact.values["rows"])]


def _finding(table: str, key: str, where: Iterable[object], **values: object) -> Fact:
    examples = tuple(map(str, where))
    return Fact(key, {"table": table, **values, "rows": len(examples), "examples": examples})


def _cells(mask: xr.DataArray) -> list[str]:
    days, assets = np.nonzero(mask.transpose("time", "asset").to_numpy())
    dates = mask.get_index("time")[days].strftime("%Y-%m-%d")
    return [f"{date} {asset}" for date, asset in zip(dates, mask.get_index("asset")[assets], strict=True)]


def _price_findings(market: xr.Dataset) -> list[Fact]:
    paid = market["total_return"] - (market["close"] / market["close"].shift(time=1) - 1)
    priced = market["close"].notnull()
    names = priced.sum("asset").to_series()
    few = names.index[names < FEW_NAMES * names.median()].strftime("%Y-%m-%d")
    return [
        _finding("prices", "large_distribution", _cells(paid >= LARGE_DISTRIBUTION), least=LARGE_DISTRIBUTION),
        _finding("prices", "negative_distribution", _cells(paid <= -SMALLEST_DEFICIT)),
        _finding("prices", "no_volume", _cells(priced & market["volume"].isnull())),
        _finding("prices", "bridged_gap", _cells(market["bridged_return"].notnull())),
        _finding("prices", "few_names", few),
    ]


def _filing_findings(market: xr.Dataset) -> list[Fact]:
    findings = []
    for name in market.data_vars:
        if market[name].dims == ("filing",) and market[name].dtype.kind == "f":
            empty = market[name].isnull()
            if bool(empty.mean() > 0.5):
                tickers = pd.unique(market["filing_ticker"].to_numpy()[empty.to_numpy()])
                share = float(empty.mean())
                findings.append(_finding("fundamentals", "empty_field", tickers, field=str(name), share=share))
    return findings


def _holding_findings(tracks: Tracks) -> list[Fact]:
    book, period, findings = tracks.book, tracks.period, list[Fact]()
    for name in book.sleeves:
        track = tracks.sleeve(name)
        findings.append(_finding("holdings", "held_stopped", _without_final(track.stopped), sleeve=name))
        dates = book.holdings[book.holdings["portfolio"] == book.sleeves[name].holdings]["date"]
        findings.append(_finding("holdings", "no_rebalance", _months_without(dates, period), sleeve=name))
        later = pd.DatetimeIndex(dates[dates > period.end].unique()).strftime("%Y-%m-%d")
        findings.append(_finding("holdings", "later_holdings", later, sleeve=name))
    return findings


def _without_final(stopped: pd.DataFrame) -> list[str]:
    """Positions of which nobody says what they brought, the largest first, each with its weight: what may be lost."""
    unknown = stopped[stopped["final"].isna()].sort_values("weight", ascending=False, kind="stable")
    return [f"{row.ticker} {row.last_trade:%Y-%m-%d} {row.weight:.2%}" for row in unknown.itertuples()]


def _months_without(dates: pd.Series, period: Period) -> list[str]:
    """Months of a period, but for the last, in which no list is dated."""
    there = set(pd.DatetimeIndex(dates).to_period("M"))
    return [str(month) for month in period.days.to_period("M").unique()[:-1] if month not in there]


def _benchmark_findings(tracks: Tracks) -> list[Fact]:
    book, market, period, findings = tracks.book, tracks.market, tracks.period, list[Fact]()
    for name in sorted({sleeve.benchmark for sleeve in book.sleeves.values()}):
        rule = book.benchmarks[name].constituents
        if rule is not None and "constituent_index" in market:
            dates = market["constituent_date"][market["constituent_index"].to_numpy() == rule]
            without = _months_without(dates.to_series(), period)
            findings.append(_finding("constituents", "no_list", without, index=rule))
        stopped = _without_final(tracks.benchmark(name).stopped)
        findings.append(_finding("constituents", "constituent_stopped", stopped, benchmark=name))
        official = tracks.level(name)
        if official is None:
            findings.append(_finding("indices", "no_levels", [name]))
            continue
        constituents = tracks.benchmark(name).returns
        require_explained(name, official, constituents)
        gap = float(np.abs(constituents - official).mean())
        if gap > LARGE_DAILY_GAP:
            findings.append(_finding("constituents", "far_from_index", [name], gap=gap))
    return findings
