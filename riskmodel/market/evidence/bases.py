"""Volumes and figures of a share across listed splits: on the split basis of the closes, or as traded and as told then?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

LEAST_SPLIT = np.log(1.4)  # of a logarithm: smaller ratios are lost in what volumes and earnings do besides
AROUND, LEAST_AROUND = 20, 5  # sessions on either side whose median volume is compared, and that there must be
TOLD_AROUND = 4  # announcements or filings on either side, a year of quarters
HALF, SURE = 0.5, 3.0  # half of the ratio is found in the figures, three standard errors from none of it
SPREAD_OF_VOLUME, SPREAD_OF_EARNINGS = 0.4, 0.6  # of a logarithm, medians of two such spans differ by besides


@MARKET_RULES.rule("volume_as_traded")
def volumes_across_splits(feed: Feed) -> Iterator[Finding]:
    """A median volume that moves by the ratio on ex-dates, where closes do not, is of shares as they were traded."""
    steps, ratios, days = [], [], []
    volume, sessions = feed.panel("volume"), feed.market.get_index("time").to_numpy()
    for column, day, ratio in _splits(feed):
        row = int(np.searchsorted(sessions, day))
        before, after = volume[max(row - AROUND, 0) : row, column], volume[row + 1 : row + 1 + AROUND, column]
        sides = [side[side > 0] for side in (before, after)]  # without the day itself, on which much is dealt
        if min(map(len, sides)) >= LEAST_AROUND:
            steps.append(float(np.log(np.median(sides[1]) / np.median(sides[0]))))
            ratios.append(ratio)
            days.append(day)
    yield from _found("volume_as_traded", "prices", steps, ratios, days, SPREAD_OF_VOLUME)


@MARKET_RULES.rule("per_share_as_told")
def figures_of_a_share_across_splits(feed: Feed) -> Iterator[Finding]:
    """Earnings or dividends a share that are the ratio times as much of the close before an ex-date are as told then."""
    for table, date, column in (
        ("earnings", "announced", "eps_actual"),
        ("earnings", "announced", "eps_estimate"),
        ("fundamentals", "available_from", "dividends_per_share"),
    ):
        if column not in feed.tables[table]:
            continue
        rows, owners = feed.tables[table], feed.tickers_of(table)
        told = pd.DataFrame({"day": rows[date], "owner": owners, "yield": rows[column] / feed.beside(table, date, "close")})
        told = told[told["yield"] > 0].sort_values("day", kind="stable")
        of = dict(iter(told.groupby("owner")))
        steps, ratios, days = [], [], []
        for owner, day, ratio in _splits(feed):
            part = of.get(owner)
            if part is None:
                continue
            before = part["yield"][(part["day"] < day).to_numpy()].tail(TOLD_AROUND)
            after = part["yield"][(part["day"] >= day).to_numpy()].head(TOLD_AROUND)
            if len(before) and len(after):
                steps.append(float(np.log(before.median() / after.median())))
                ratios.append(ratio)
                days.append(day)
        yield from _found(
            "per_share_as_told", table, steps, ratios, days, SPREAD_OF_EARNINGS, {"column": column, "place": table}
        )


def _splits(feed: Feed) -> Iterator[tuple[int, np.datetime64, float]]:
    """The column, ex-date and logarithm of the ratio of each listed split that is large enough."""
    if "splits" in feed.tables:
        splits, columns = feed.tables["splits"], feed.tickers_of("splits")
        for column, day, ratio in zip(columns, splits["ex_date"].to_numpy(), np.log(splits["ratio"]), strict=True):
            if column >= 0 and abs(ratio) >= LEAST_SPLIT:
                yield int(column), day, float(ratio)


def _found(
    key: str,
    table: str,
    steps: list[float],
    ratios: list[float],
    days: list[np.datetime64],
    spread: float,
    values: Mapping[str, str] = {},
) -> Iterator[Finding]:
    """A finding where the steps are the ratios by more than half, told from none of them by their number.

    The part of the ratios in the steps is the least absolute deviations' slope through the origin, the median of step over
    ratio weighted by the ratio: some stocks are dealt in, and earn, tenfold what they did, whatever was split. Its standard
    error is about that of least squares, spread / sqrt(sum of squared ratios).
    """
    if not ratios:
        return
    order = np.argsort(parts := np.divide(steps, ratios))
    weights = np.abs(ratios)[order].cumsum()
    part = float(parts[order][np.searchsorted(weights, weights[-1] / 2)])
    if part > HALF and part * np.sqrt(np.square(ratios).sum()) > SURE * spread:
        shown = f"{part:.2f}"
        yield Finding(key, table, date=f"{pd.Timestamp(min(days)):%Y-%m-%d}", count=len(steps), values=values, shown=shown)
