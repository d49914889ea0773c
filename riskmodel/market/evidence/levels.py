"""Levels of every index against the market of all names, whether or not its constituents are known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from riskmodel.arrays.robust import MAD_TO_DEVIATION
from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

LEAST_SPIKE, FAR_FOR_ITSELF, COMES_BACK = 0.02, 8.0, 0.25
MOVED = 0.003  # of the market, while the level stood still
LEAST_DAYS = 20


@MARKET_RULES.rule("level_spike", "stale_level")
def levels_beside_the_market(feed: Feed) -> Iterator[Finding]:
    """A level that leaves the market for a day and comes back is mistyped; one that stands still was not updated."""
    market = _market_return(feed)
    for name in feed.market["index"].to_numpy() if "index" in feed.market else ():
        level = feed.market["index_level"].sel(index=name).to_series()
        returns = (level / level.shift(1) - 1).to_numpy()
        away = returns - market
        known = np.isfinite(away)
        if known.sum() < LEAST_DAYS:
            continue
        own = MAD_TO_DEVIATION * float(np.median(np.abs(away[known] - np.median(away[known]))))
        following = np.append(away[1:], np.nan)
        with np.errstate(invalid="ignore"):
            far = np.abs(away) > max(LEAST_SPIKE, FAR_FOR_ITSELF * own)
            spikes = np.flatnonzero(far & (np.abs(away + following) < COMES_BACK * np.abs(away)))
            still = np.flatnonzero((returns == 0) & (np.abs(market) > MOVED))
        for row in spikes:
            yield Finding("level_spike", "indices", str(name), feed.days[row], shown=f"{away[row]:+.2%}")
        if len(still):
            doubt = {feed.days[row]: float(-market[row]) for row in still}
            yield Finding("stale_level", "indices", str(name), next(iter(doubt)), count=len(still), doubt=doubt)


def _market_return(feed: Feed) -> np.ndarray:
    """Capitalisation-weighted return of all names, (day); NaN where fewer than twenty have both."""
    cap = feed.panel("market_cap")
    before = np.vstack([np.full((1, cap.shape[1]), np.nan), cap[:-1]])
    returns = feed.panel("total_return")
    both = np.isfinite(before) & np.isfinite(returns)
    weight = np.where(both, before, 0.0)
    total = pd.Series(weight.sum(axis=1)).where(both.sum(axis=1) >= LEAST_DAYS).to_numpy()
    moved: np.ndarray = (weight * np.where(both, returns, 0.0)).sum(axis=1) / total
    return moved
