"""Levels of the benchmarks against what their constituents earn, day by day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from attribution.portfolio.evidence.register import BOOK_RULES, Evidence
from attribution.portfolio.holdings import level_returns
from riskmodel.arrays.robust import MAD_TO_DEVIATION
from riskmodel.market.evidence.finding import Finding

NEAR_IN_A_DAY, FAR_IN_A_DAY, FAR_FOR_ITSELF = 0.003, 0.01, 8.0  # the latter in its own (robust) deviations
LARGE_DAILY_GAP = 0.002
CLOSER = 3.0  # times, that another index's level is
LEAST_DAYS = 40
WITHOUT_DIVIDENDS = (-1.5, -0.5)  # slope of the gap on the dividends of the constituents
FEW_DAYS = 2
LATE = 0.5  # correlation
FAR_FROM_HOLDINGS, LARGEST_FEE = 0.01, 0.001  # of a day; a fee of a quarter a year
CLEAR_SLOPE = -5.0  # its t-statistic


@BOOK_RULES.rule("no_levels", "far_from_index")
def levels_there(evidence: Evidence) -> Iterator[Finding]:
    """A benchmark without levels, or with levels that are far from its constituents on an ordinary day."""
    known = {level.name for level in evidence.levels}
    for name in evidence.benchmarks:
        if name not in known:
            yield Finding("no_levels", "indices", name)
    for level in evidence.levels:
        gaps = level.gaps
        if gaps.abs().mean() > LARGE_DAILY_GAP:
            yield Finding("far_from_index", "constituents", level.name, values={"gap": float(gaps.abs().mean())})


@BOOK_RULES.rule("level_off_list")
def levels_off_their_constituents(evidence: Evidence) -> Iterator[Finding]:
    """A day on which a level moves about a percent away from its constituents: it, or one of their prices, is mistyped."""
    for level in evidence.levels:
        name, gaps = level.name, level.gaps
        own = FAR_FOR_ITSELF * MAD_TO_DEVIATION * float((gaps - gaps.median()).abs().median())
        # levels that are wrong every day are far by themselves: no list is allowed more than a percent
        bound = max(FAR_IN_A_DAY, own) if level.by_rule else min(max(NEAR_IN_A_DAY, own), FAR_IN_A_DAY)
        far = gaps[(gaps - gaps.median()).abs() > bound]
        if len(far) > FEW_DAYS:  # one thing, not as many
            doubt = _by_day(far)
            yield Finding(
                "level_off_list", "indices", name, next(iter(doubt)), count=len(far), shown=f"{far.abs().max():.2%}",
                doubt=doubt, lenient=level.by_rule,
            )  # fmt: skip
            continue
        for day, gap in far.items():
            date = f"{day:%Y-%m-%d}"
            yield Finding(
                "level_off_list", "indices", name, date, shown=f"{gap:+.2%}", doubt={date: float(gap)}, lenient=level.by_rule
            )


@BOOK_RULES.rule("level_of_another")
def levels_of_another_index(evidence: Evidence) -> Iterator[Finding]:
    """The constituents of a benchmark move with another index's level."""
    for level in evidence.levels:
        name, gaps, constituents = level.name, level.gaps, level.constituents
        if len(gaps) < LEAST_DAYS or gaps.std() < LARGE_DAILY_GAP / 2:
            continue
        others = evidence.tracks.market.drop_sel(index=name)["index"].to_numpy()
        beside = {str(other): level_returns(evidence.tracks.market, other).to_series()[gaps.index] for other in others}
        away = {other: (level - constituents).std() for other, level in beside.items() if level.notna().all()}
        nearest = min(away, key=lambda other: away[other], default="")
        if nearest and away[nearest] * CLOSER < gaps.std():
            yield Finding(
                "level_of_another", "indices", name, f"{gaps.index[0]:%Y-%m-%d}", count=len(gaps), shown=nearest,
                doubt=_by_day(gaps), lenient=level.by_rule,
            )  # fmt: skip


@BOOK_RULES.rule("level_without_dividends")
def levels_without_dividends(evidence: Evidence) -> Iterator[Finding]:
    """On the days on which constituents pay, a level of prices falls behind them by what they pay."""
    market = evidence.tracks.market
    paid = (market["total_return"] - (market["close"] / market["close"].shift(time=1) - 1)).fillna(0.0)
    for level in evidence.levels:
        name, gaps = level.name, level.gaps
        live = evidence.tracks.benchmark(name).live
        both = paid.sel(time=gaps.index).reindex(asset=live["asset"].to_numpy(), fill_value=0.0)
        dividends = (live * both).sum("asset").to_series()
        away = dividends - dividends.mean()
        if len(gaps) < LEAST_DAYS or not float((away**2).sum()) > 0:
            continue
        slope = float((gaps * away).sum() / (away**2).sum())
        rest = gaps - gaps.mean() - slope * away
        error = float(np.sqrt((rest**2).sum() / (len(gaps) - 2) / (away**2).sum()))
        low, high = WITHOUT_DIVIDENDS
        if low < slope < high and slope < CLEAR_SLOPE * error:
            yearly = float(dividends.mean() * 252)
            yield Finding(
                "level_without_dividends", "indices", name, f"{gaps.index[0]:%Y-%m-%d}", count=len(gaps),
                shown=f"{yearly:.1%}", doubt=_by_day(-dividends[dividends != 0]), lenient=True,
            )  # fmt: skip


@BOOK_RULES.rule("actual_returns_late", "actual_returns_of_another", "actual_off_holdings", "fee_too_large")
def actual_returns_beside_holdings(evidence: Evidence) -> Iterator[Finding]:
    """Actual returns that move with another day's or another sleeve's holdings, or are a percent away from their own."""
    tracks = evidence.tracks
    table = tracks.book.actual_returns
    if table is None:
        return
    held = {sleeve: tracks.carried(sleeve).returns.to_series() for sleeve in tracks.book.sleeves}
    for sleeve, settings in tracks.book.sleeves.items():
        rows = table[table["portfolio"] == settings.holdings].set_index("date")
        own, name = rows["return"].reindex(held[sleeve].index).dropna(), settings.holdings
        if not len(own):
            continue
        first = f"{own.index[0]:%Y-%m-%d}"
        beside = {"": held[sleeve].shift(1)} | {other: returns for other, returns in held.items() if other != sleeve}
        alike = (
            {other: own.corr(returns.reindex(own.index)) for other, returns in beside.items()}
            if len(own) >= LEAST_DAYS
            else {}
        )
        nearest = max(alike, key=lambda other: alike[other], default="")
        if alike and alike[nearest] > max(own.corr(held[sleeve].reindex(own.index)), LATE):
            key = "actual_returns_of_another" if nearest else "actual_returns_late"
            yield Finding(key, "actual_returns", name, first, count=len(own), shown=nearest, refused=True)
            continue
        gap = own - held[sleeve].reindex(own.index)
        if doubt := _by_day(gap[gap.abs() > FAR_FROM_HOLDINGS]):
            worst = f"{gap.abs().max():.2%}"
            yield Finding(
                "actual_off_holdings", "actual_returns", name, next(iter(doubt)), count=len(doubt), shown=worst, doubt=doubt,
                lenient=True,
            )  # fmt: skip
        if "fee" in rows and (large := rows["fee"][rows["fee"] > LARGEST_FEE]).any():
            day = f"{large.index[0]:%Y-%m-%d}"
            yield Finding("fee_too_large", "actual_returns", name, day, count=len(large), shown=f"{large.max():.2%}")


def _by_day(values: pd.Series) -> dict[str, float]:
    return {f"{day:%Y-%m-%d}": float(value) for day, value in values.items()}
