"""Levels of the benchmarks against what their constituents earn, day by day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from attribution.portfolio.course import blend_tracks
from attribution.portfolio.evidence.register import BOOK_RULES, Evidence
from attribution.portfolio.holdings import level_returns
from riskmodel.arrays.robust import MAD_TO_DEVIATION
from riskmodel.market.evidence.finding import Finding

NEAR_IN_A_DAY, FAR_IN_A_DAY, FAR_FOR_ITSELF = 0.0025, 0.01, 8.0  # the latter in its own (robust) deviations
LARGE_DAILY_GAP = 0.002
CLOSER = 3.0  # times, that another index's level is
LEAST_DAYS, LEAST_OF_A_MONTH = 40, 15
WITHOUT_DIVIDENDS = (-1.5, -0.5)  # slope of the gap on the dividends of the constituents
FOLLOWS, CLEARLY, LEAST_FOLLOWED = 0.8, 0.01, 15  # correlation; more than that with its own; days
SAME, LATE = "same day", "day before"  # beside the names of sleeves
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
        if level.by_rule:
            bound = max(FAR_IN_A_DAY, own)
        else:  # a list is allowed no more, or levels that are wrong every day would be near; a few days tell nothing of it
            bound = min(max(NEAR_IN_A_DAY, own), FAR_IN_A_DAY) if len(gaps) >= LEAST_OF_A_MONTH else FAR_IN_A_DAY
        for date, gap in _by_day(gaps[(gaps - gaps.median()).abs() > bound]).items():
            yield Finding(
                "level_off_list", "indices", name, date, shown=f"{gap:+.2%}", doubt={date: gap}, lenient=level.by_rule
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
    tracks, table = evidence.tracks, evidence.actual_returns
    if table is None:
        return
    held = pd.DataFrame({sleeve: tracks.carried(sleeve).returns.to_series() for sleeve in tracks.book.sleeves})
    portfolios = {sleeve: settings.holdings for sleeve, settings in evidence.sleeves.items()}
    for blend in (course for course in evidence.courses if course in set(table["portfolio"]) - set(held)):
        held[blend], portfolios[blend] = blend_tracks(tracks, blend).data["portfolio_return"].to_series(), blend
    for sleeve, name in portfolios.items():
        rows = table[table["portfolio"] == name].set_index("date")
        own = rows["return"].reindex(held.index).dropna()
        beside = held.rename(columns={sleeve: SAME}).assign(**{LATE: held[sleeve].shift(1)}).loc[own.index]
        if len(own) >= LEAST_FOLLOWED and own.std() > 0:
            alike = beside.loc[:, beside.std() > 0].corrwith(own)
            nearest = str(alike.idxmax())
            if alike[nearest] > max(FOLLOWS, alike.get(SAME, 0.0) + CLEARLY):
                key = "actual_returns_late" if nearest == LATE else "actual_returns_of_another"
                shown = "" if nearest == LATE else nearest
                first = f"{own.index[0]:%Y-%m-%d}"
                yield Finding(key, "actual_returns", name, first, count=len(own), shown=shown, refused=True)
                continue
        gap = own - beside[SAME]
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
