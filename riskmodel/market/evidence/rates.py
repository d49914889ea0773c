"""Risk-free returns and exchange rates: of the unit that they say, the right way round, and of today?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

MANY = 0.5  # of all rows
YEARLY_RATE = 0.08  # a year; a risk-free rate above it has been none in this century
BASIS_POINT, LEAST_ROWS = 1e-4, 20
RATE_JUMP, TURNED = np.log(1.05), np.log(1.2)
YEN_FOR_A_UNIT = 20.0  # of any currency that is quoted so: below, the pair is the other way round
PEGGED = 1.001  # the highest over the lowest of all days
STALE_RATES = 4  # unchanged sessions; one is common, two rare


@MARKET_RULES.rule("rates_look_yearly")
def rates_of_a_year(feed: Feed) -> Iterator[Finding]:
    """A day's risk-free return is no whole number of basis points, and 252 of them are no 8 %."""
    if "rates" not in feed.tables:
        return
    rates = feed.tables["rates"]["risk_free"]
    some = rates[rates != 0]
    yearly = float(rates.mean() * 252)
    whole = len(some) >= LEAST_ROWS and bool((np.abs(some / BASIS_POINT - np.round(some / BASIS_POINT)) < 1e-6).all())
    if yearly > YEARLY_RATE or (whole and float(some.abs().max()) >= BASIS_POINT):
        day = feed.tables["rates"]["date"].min()
        yield Finding("rates_look_yearly", "rates", date=f"{day:%Y-%m-%d}", count=len(some), shown=f"{yearly:.1%}")


@MARKET_RULES.rule("fx_inverted", "fx_jump")
def rates_the_other_way_round(feed: Feed) -> Iterator[Finding]:
    """USDJPY is yen for a dollar; a rate that jumps to one over itself was turned round."""
    if "fx" not in feed.tables:
        return
    for pair, rows in feed.tables["fx"].sort_values("date").groupby("pair", sort=True):
        name, rates = str(pair), rows["rate"].to_numpy()
        first = f"{rows['date'].iloc[0]:%Y-%m-%d}"
        yen = {name[-3:] == "JPY": rates < YEN_FOR_A_UNIT, name[:3] == "JPY": rates > 1 / YEN_FOR_A_UNIT}.get(True)
        if len(name) == 6 and yen is not None and yen.mean() > MANY:
            yield Finding(
                "fx_inverted", "fx", name, first, count=int(yen.sum()), shown=f"{np.median(rates):.4g}", refused=True
            )
            continue
        steps = np.diff(np.log(rates))
        for row in np.flatnonzero(np.abs(steps) > RATE_JUMP):
            turned = abs(np.log(rates[row] * rates[row + 1])) < TURNED and abs(steps[row]) > TURNED
            yield Finding(
                "fx_inverted" if turned else "fx_jump", "fx", name, f"{rows['date'].iloc[row + 1]:%Y-%m-%d}",
                shown=f"{rates[row]:.4g}, {rates[row + 1]:.4g}", refused=bool(turned),
            )  # fmt: skip


@MARKET_RULES.rule("stale_fx")
def rates_that_repeat(feed: Feed) -> Iterator[Finding]:
    """An exchange rate that is the same on five sessions in a row was not updated, unless it hardly ever moves: a peg."""
    if "fx" not in feed.tables:
        return
    fx = feed.tables["fx"]
    of_sessions = fx[fx["date"].isin(feed.market.get_index("time"))]  # a feed of all days repeats Friday's over a weekend
    for pair, rows in of_sessions.sort_values("date").groupby("pair", sort=True):
        if rows["rate"].max() < PEGGED * rows["rate"].min():
            continue
        still = rows["rate"].diff().eq(0)
        runs = still.groupby((~still).cumsum()).sum()
        ends = (~still).groupby((~still).cumsum()).head(1)
        for first, length in zip(rows["date"][ends.index], runs, strict=True):
            if length >= STALE_RATES:
                yield Finding("stale_fx", "fx", str(pair), f"{first:%Y-%m-%d}", count=int(length))
