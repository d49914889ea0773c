"""Markets as arrays whose truth is known: factors that move names, of which none or one is rewarded."""

from __future__ import annotations

import numpy as np
import pandas as pd

from attribution.construction.search.panel import Panel


def simulated_panel(
    seed: int,
    *,
    months: int = 60,
    days: int = 4,
    assets: int = 80,
    factors: int = 6,
    premium: float = 0.0,
    volatility: float = 0.04,
    specific: float = 0.25,
    missing: float = 0.0,
    stopping: float = 0.0,
) -> Panel:
    """Names with a market, persistent exposures and returns of their own; `premium` a year is what the first factor pays.

    Volatilities are of a year: of each factor, and of each name's own return. `days` are those of a month. Some exposures
    are missing, and some names stop within a month and are worth no less and no more until it ends.
    """
    draw = np.random.default_rng(seed)
    steps, a_year = months * days, 12 * days
    month = np.repeat(np.arange(months), days)
    exposures = draw.standard_normal((months, assets, factors))
    for late in range(1, months):
        exposures[late] = 0.97 * exposures[late - 1] + (1 - 0.97**2) ** 0.5 * exposures[late]
    rewards = np.where(np.arange(factors) == 0, premium / a_year, 0.0)
    of_factors = rewards + draw.standard_normal((steps, factors)) * volatility / a_year**0.5
    market = 0.05 / a_year + draw.standard_normal(steps) * 0.15 / a_year**0.5
    own = draw.standard_normal((steps, assets)) * specific / a_year**0.5
    returns = market[:, None] + np.einsum("daf,df->da", exposures[month], of_factors) + own
    stops = draw.random((months, assets)) < stopping
    late = np.arange(steps) % days >= days // 2
    returns[late[:, None] & stops[month]] = 0.0
    growth = np.concatenate([np.cumprod(1 + returns[month == each], axis=0) for each in range(months)])
    closes = pd.date_range("2000-01-31", periods=months, freq="ME")
    starts = closes.repeat(days) + pd.to_timedelta(np.tile(np.arange(1, days + 1), months), unit="D")
    quarter = np.array([of_factors[max(each - 3, 0) * days : each * days].sum(axis=0) for each in range(months)])
    exposures = np.where(draw.random((months, assets, 1)) < missing, np.nan, exposures)
    return Panel(
        factors=tuple(f"factor {number}" for number in range(factors)),
        assets=pd.Index([f"N{number}" for number in range(assets)], name="asset"),
        closes=closes,
        days=pd.DatetimeIndex(starts),
        month=month,
        exposures=exposures,
        growth=growth,
        stopped=stops,
        benchmark=returns.mean(axis=1),
        risk_free=np.full(steps, 0.01 / a_year),
        trends=np.where(np.arange(months)[:, None] >= 3, quarter, np.nan),
    )
