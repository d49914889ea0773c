"""Closes and filings against each other: in another unit, cents or millions, everything else stays as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

LEAST_SEEN = 20  # filings, or announcements
USUAL_MULTIPLE, USUAL_BOOK = 80.0, 2.0  # price over earnings of a quarter, capitalisation over equity
FAR = 1.3  # decimal logarithm: twentyfold, which the median company is nowhere
USUAL_MULTIPLES = {  # capitalisation over a year's figure
    **{"revenue": 1.5, "gross_profit": 4.0, "operating_income": 15.0, "net_income": 20.0, "operating_cash_flow": 12.0},
    **{"total_assets": 1.0, "total_liabilities": 2.0, "equity": USUAL_BOOK},
}
TOO_FAR = 2.0  # decimal logarithm: a hundredfold, which no market's median is, of banks or of software alone
WITNESSES = 2  # one of them may be in another unit itself


@MARKET_RULES.rule("close_unit", "dividends_unit")
def closes_in_another_unit(feed: Feed) -> Iterator[Finding]:
    """The median company pays what it files, earns some percent of its price, and is worth some times its equity.

    Where earnings and equity agree with the closes, dividends that nobody paid so are in another unit themselves.
    """
    earned, filings = feed.tables["earnings"], feed.tables["fundamentals"]
    paid, filed = feed.paid_in_years, filings.get("dividends_per_share")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = [
            np.array([]) if paid is None or filed is None else paid / filed.to_numpy(),
            feed.beside("earnings", "announced", "close") / np.abs(earned["eps_actual"].to_numpy()) / USUAL_MULTIPLE,
            feed.beside("fundamentals", "available_from", "market_cap") / filings["equity"].to_numpy() / USUAL_BOOK,
        ]
    sides = [_median(ratio) for ratio in ratios]
    for far in ([side > FAR for side in sides], [side < -FAR for side in sides]):
        if sum(far) >= WITNESSES:
            shown = ", ".join("n/a" if np.isnan(side) else f"x {10**side:.3g}" for side in sides)
            yield Finding("close_unit", "prices", count=len(feed.assets), shown=shown, refused=True)
    if abs(sides[0]) > FAR and all(abs(side) <= FAR for side in sides[1:]):
        shown = f"x {10 ** -sides[0]:.3g}"
        yield Finding("dividends_unit", "fundamentals", count=len(filings), shown=shown, refused=True)


@MARKET_RULES.rule("amounts_unit")
def amounts_in_another_unit(feed: Feed) -> Iterator[Finding]:
    """The median company is worth about what it turns over and owns; figures that are far from it are in another unit.

    Where all of them are far alike, it may be the count of shares. Closes in another unit are told by what is known a share.
    """
    filings = feed.tables["fundamentals"]
    if any(each.key == "close_unit" for each in closes_in_another_unit(feed)):
        return
    cap = feed.beside("fundamentals", "available_from", "market_cap")
    with np.errstate(invalid="ignore", divide="ignore"):
        there = {name: usual for name, usual in USUAL_MULTIPLES.items() if name in filings}
        sides = {name: _median(cap / filings[name].to_numpy() / usual) for name, usual in there.items()}
    far = {name: side for name, side in sides.items() if abs(side) > TOO_FAR}
    if far:
        shown = ", ".join(f"{name} x {10**-side:.2g}" for name, side in far.items())
        yield Finding("amounts_unit", "fundamentals", count=len(filings), shown=shown, refused=True)


def _median(ratios: np.ndarray) -> float:
    """The decimal logarithm of the median of what is above zero; NaN where few are."""
    known = ratios[np.isfinite(ratios) & (ratios > 0)]
    return float(np.log10(np.median(known))) if len(known) >= LEAST_SEEN else np.nan
