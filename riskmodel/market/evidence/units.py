"""Closes against what is known a share: in another currency's hundredths everything else stays as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

LEAST_SEEN = 20  # filings, or announcements
USUAL_MULTIPLE, USUAL_BOOK = 80.0, 2.0  # price over earnings of a quarter, capitalisation over equity
FAR = 1.3  # decimal logarithm: twentyfold, which the median company is nowhere
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


def _median(ratios: np.ndarray) -> float:
    """The decimal logarithm of the median of what is above zero; NaN where few are."""
    known = ratios[np.isfinite(ratios) & (ratios > 0)]
    return float(np.log10(np.median(known))) if len(known) >= LEAST_SEEN else np.nan
