"""What the market of a folder's prices says of other numbers: levels of indices move with it, rates do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations

import numpy as np
import pandas as pd

from riskmodel.market.sources.recognition.evidence.series import (
    LEAST,
    LEVELS,
    NEAR_ONE,
    TOTAL,
    beside,
    kind_of_series,
    within,
)
from riskmodel.market.sources.recognition.evidence.values import NUMBER
from riskmodel.market.sources.recognition.groups import Group

TOGETHER = 0.5  # the least correlation of an index's days with the market's
LOST = 1 / 3  # of what a level with dividends gains on that without it loses by rounding, at the most
NEAR_CAP = 1.3  # the same of a company's value over its shares times its price: medians of other days are near


def markets_of(panels: Iterable[pd.DataFrame]) -> list[pd.Series]:
    """The median change of all names by day, logarithmic, of each panel that is levels with days enough.

    The median is not moved by splits, and of a close and a total return either does. A high of a year or a price in another
    currency is a level too, and moves otherwise: which panel is the market nothing says yet.

    Examples
    --------
    >>> days = np.arange(60.0)[:, None]
    >>> markets_of([pd.DataFrame(np.exp(0.01 * np.cos(days) + [[3.0, 4.0, 5.0]]))])[0].round(4).head(2).tolist()
    [-0.0046, -0.0096]
    """
    found = []
    for panel in panels:
        if panel.shape[1] > 2 and kind_of_series(panel) == LEVELS:
            changes = _changes(panel).median(axis=1).dropna()
            if len(changes) >= LEAST:
                found.append(changes)
    return found


def apart_from(markets: Sequence[pd.Series], panel: pd.DataFrame) -> dict[str, float]:
    """The columns of levels by day whose changes go with no market as those of an index do, with how much at the most.

    What shares too few days with every market is not judged.

    Examples
    --------
    >>> market = pd.Series(0.01 * np.cos(np.arange(60.0)))
    >>> levels = pd.DataFrame({"index": np.exp(market.cumsum()), "rate": 4 + 0.01 * np.sin(np.arange(60.0) * 2)})
    >>> list(apart_from([market], levels)), list(apart_from([market * 0 - 0.01, market], levels))
    (['rate'], ['rate'])
    """
    changes = _changes(panel)
    found = {}
    for label in changes.columns:
        shares = [share for market in markets if (share := _together(market, changes[label])) is not None]
        if shares and max(shares) < TOGETHER:
            found[str(label)] = max(shares)
    return found


def is_judged(markets: Sequence[pd.Series], panel: pd.DataFrame) -> bool:
    """Whether some levels share days enough with a market: of what is by the month nothing can be said."""
    changes = _changes(panel)
    return any(_together(market, changes[label]) is not None for market in markets for label in changes.columns)


def _together(market: pd.Series, changes: pd.Series) -> float | None:
    """The correlation of two series on the days that both have; 0 where one does not move, None where these are few."""
    both = pd.concat([market, changes], axis=1, join="inner").dropna()
    if len(both) < LEAST:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        share = float(np.corrcoef(both.to_numpy().T)[0, 1])
    return 0.0 if np.isnan(share) else share


def without_dividends(panel: pd.DataFrame) -> dict[str, str]:
    """Levels beside those of the same index that gain on them on some days and never fall behind: plain -> with dividends.

    The names of the two share a beginning or an end: two indices of one market may be alike for long.
    """
    found = {}
    for plain in panel.columns:
        for other in panel.columns:
            if plain != other and _share_a_stem(plain, other):
                same = panel[[plain]].set_axis(["level"], axis=1), panel[[other]].set_axis(["level"], axis=1)
                how = beside(*same, LEVELS)
                if (how is not None and how.kind == TOTAL) or _never_behind(panel[plain], panel[other]):
                    found[plain] = other
    return found


def are_like_prices(numbers: pd.Series, names: pd.Series, closes: Mapping[str, float]) -> bool:
    """Whether the median of numbers of each name is about its close, or about the same part of it: a price, and no count."""
    return within(numbers.groupby(names.to_numpy()).median() / pd.Series(closes, dtype=float), NEAR_ONE)


def counts_and_caps(group: Group, ticker: str | None, closes: Sequence[Mapping[str, float]]) -> bool:
    """Whether of two numbers of a file one is the other times the close of each stock: a company's value, and its shares."""
    if ticker is None:
        return False
    medians = {
        label: group.numbers(label).groupby(group.texts(ticker).to_numpy()).median()
        for label, shape in group.shapes.items()
        if shape.kind == NUMBER and label != ticker
    }
    for close in closes:
        price = pd.Series(close, dtype=float)
        if any(within(cap / (count * price), NEAR_CAP) for count, cap in permutations(medians.values(), 2)):
            return True
    return False


def _never_behind(plain: pd.Series, other: pd.Series) -> bool:
    """Whether a level never falls against another but for rounding, and gains on it in the end.

    What it loses is little beside what it gains: two indices of one market lose and gain on each other alike, by as little.
    """
    over = np.log((other / plain).dropna().to_numpy(dtype=float))
    if len(over) < LEAST or not np.isfinite(over).all():
        return False
    steps, moved = np.diff(over), float(np.nanstd(np.diff(np.log(plain.dropna().to_numpy(dtype=float)))))
    noise = 0.02 * moved
    lost = -float(steps[steps < 0].sum())
    kept = lost < LOST * float(steps[steps > 0].sum())
    return kept and bool((steps < -noise).mean() < 0.005 and over[-1] - over[0] > 5 * noise)


def _share_a_stem(one: str, other: str) -> bool:
    short, long = sorted((str(one).strip(), str(other).strip()), key=len)
    return len(short) > 1 and (long.startswith(short) or long.endswith(short) or _words(one, other))


def _words(one: str, other: str) -> bool:
    """Whether two names have all words but one each in common: HCX PR, HCX TR."""
    left, right = one.split(), other.split()
    return len(left) == len(right) > 1 and sum(a != b for a, b in zip(left, right, strict=True)) == 1


def _changes(panel: pd.DataFrame) -> pd.DataFrame:
    """The logarithmic changes of levels from day to day."""
    return np.log(panel.where(panel > 0)).diff()
