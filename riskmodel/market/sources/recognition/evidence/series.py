"""What numbers by name and day are, by how they move and by how they move beside each other: closes, returns, volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.evidence.likely import Likely, first

RETURNS, LEVELS, COUNTS, AMOUNTS, PAYMENTS, OTHER = "returns", "levels", "counts", "amounts", "payments", "other"
LEAST = 40  # numbers of a series, before it is looked at
MOST_NAMES = 400  # of a panel that are looked at
SMALL = (-5.0, 30.0)  # a rate of cash, in percent a year or anything smaller
CALM = 0.06  # a day's change of a price is smaller at its median; that of a volume is larger
STILL = 0.9  # of the days a count of shares is that of the day before
NOISE = 5.0  # times the usual rounding: what is larger is a dividend or a split
PAID = 0.1  # of the days at most have a dividend
SURELY_PAID = 2500  # days of stocks together, ten years of one: in so many some have a dividend
SPLIT = 0.18  # of a logarithm, five shares for four: what jumps by more may be split, and proves no dividend
WORTH = {"percent": 0.01, "basis_points": 1e-4, "ones": 1.0}
SAME, TOTAL, SPLITS, COUNTED = "same", "total", "splits", "counted"  # what one series is beside another
NEAR_ONE = 3.0  # the ninth tenth of what stocks have beside their closes over the first, of prices; counts have many sizes
MULTIPLE = 20.0  # a company is worth so many times its share, at least


@dataclass(frozen=True)
class Beside:
    """What one series is beside another.

    Attributes
    ----------
    kind
        `same`: they change alike; `total`: the second is more on some days and never less, as with dividends; `splits`:
        one of them jumps where the other does not; `counted`: the second is a multiple that changes now and then.
    share
        Of the days on which they differ.
    unit
        Of returns.
    paid
        Whether the second is more on some days and never less but for the jumps, as with dividends beside a price as traded.
    """

    kind: str
    share: float
    unit: str = "ones"
    paid: bool = False


def kind_of_series(panel: pd.DataFrame) -> str:
    """How numbers by day (down) and name (across) move.

    Examples
    --------
    >>> days = np.arange(60.0)[:, None]
    >>> kind_of_series(pd.DataFrame(np.exp(0.01 * np.cos(days) + [[3.0, 5.0]])))
    'levels'
    >>> kind_of_series(pd.DataFrame(np.sin(9 * days + [[0.0, 1.0]]) / 50))
    'returns'
    """
    values = panel.to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    if len(known) < LEAST:
        return PAYMENTS if len(known) and (known >= 0).all() and len(known) < 0.05 * values.size else OTHER
    if (known < 0).mean() > 0.05:
        moves = np.abs(np.diff(values, axis=0))
        moves = moves[np.isfinite(moves)]
        wanders = len(moves) and float(np.median(moves)) > 0.7 * max(float(np.median(np.abs(known))), 1e-12)
        return RETURNS if 0.2 < (known > 0).mean() < 0.8 and wanders else OTHER
    if (known == 0).mean() > 0.5 or len(known) < 0.1 * values.size:
        return PAYMENTS
    steps = _changes(panel)
    steps = steps[np.isfinite(steps)]
    if not len(steps):
        return OTHER
    if (steps == 0).mean() >= STILL:
        return COUNTS
    moved = float(np.median(np.abs(steps[steps != 0])))
    return LEVELS if moved < CALM else AMOUNTS


def is_small(numbers: pd.Series) -> bool:
    """Whether numbers are small, not all whole, and move little from row to row: as rates in percent do, or smaller ones."""
    there = numbers.dropna()
    if (there % 1 == 0).all():
        return False
    return (
        len(there) > 1
        and bool(there.between(*SMALL).all())
        and bool((there.diff().abs() <= 0.2 * there.abs() + 0.1).iloc[1:].mean() > 0.9)
    )


def beside(base: pd.DataFrame, other: pd.DataFrame, kind: str) -> Beside | None:
    """What a series of a kind is beside levels of the same days and names; None where they have nothing in common.

    Examples
    --------
    >>> close = pd.DataFrame({"A": 100 * np.exp(0.01 * np.sin(np.arange(80.0)))})
    >>> index = close * np.where(np.arange(80) < 40, 1.0, 1.02)[:, None]
    >>> beside(close, index, "levels")
    Beside(kind='total', share=0.012658227848101266, unit='ones', paid=True)
    >>> beside(close, close.pct_change() * 100, "returns")
    Beside(kind='same', share=0.0, unit='percent', paid=False)
    """
    change = _changes(base)
    given = other.reindex(index=base.index, columns=base.columns)
    if kind != RETURNS:
        return _differ(change, _changes(given))
    values = given.to_numpy(dtype=float)[1:]
    for unit, worth in WORTH.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            found = _differ(change, np.log1p(values * worth))
        if found is not None:
            return replace(found, unit=unit)
    return None


def _changes(panel: pd.DataFrame) -> np.ndarray:
    """The logarithmic changes of levels from day to day."""
    values = panel.to_numpy(dtype=float)
    return np.diff(np.log(np.where((values > 0) & np.isfinite(values), values, np.nan)), axis=0)


def _differ(change: np.ndarray, other: np.ndarray) -> Beside | None:
    """How logarithmic changes differ from those of levels; None where they mostly do."""
    more = (other - change)[np.isfinite(other) & np.isfinite(change)]
    if len(more) < LEAST:
        return None
    usual, size = float(np.median(np.abs(more))), float(np.nanmedian(np.abs(change)))
    noise = max(1e-3, NOISE * usual)
    if usual > 0.1 * size or size == 0:
        return None
    big = np.abs(more) > SPLIT
    up, down = float(((more > noise) & ~big).mean()), float(((more < -noise) & ~big).mean())
    jumps, paid = float(big.mean()), up > 0 and down <= 0.1 * up
    if up + down + jumps == 0:
        return Beside(SAME, 0.0)
    if up + down + jumps > PAID:
        return None
    if jumps:
        return Beside(SPLITS, jumps, paid=paid)
    return Beside(TOTAL, up, paid=True) if paid else Beside(COUNTED, up + down)


def of_prices(panels: Mapping[str, pd.DataFrame]) -> dict[str, Likely]:
    """Which of several series by name and day are the columns of the table of prices, by arithmetic alone.

    Parameters
    ----------
    panels
        By header, or by the name of a sheet: days down in order, names across.

    Returns
    -------
    dict
        For `close`, `total_return`, `total_return_index`, `volume`, `dividend`, `market_cap` and `shares_out` what each may
        be; without those that nothing can be.
    """
    kinds = {label: kind_of_series(panel) for label, panel in panels.items()}
    levels, returns, amounts, payments, counts = (
        [label for label, kind in kinds.items() if kind == each] for each in (LEVELS, RETURNS, AMOUNTS, PAYMENTS, COUNTS)
    )
    pairs = {
        (base, other): found
        for base in levels
        for other in (*returns, *levels)
        if other != base and (found := beside(panels[base], panels[other], kinds[other])) is not None
    }
    total = [pair for pair, found in pairs.items() if found.kind == TOTAL]
    caps = _caps(levels, pairs, panels)
    traded = _as_traded(levels, pairs, panels)
    caps += [cap for _, cap in traded if cap not in caps]
    closes = [base for base in levels if any(pair[0] == base for pair in total) and base not in caps]
    out: dict[str, Likely] = {}
    if levels:
        proved = len(closes) == 1
        of_close = [pair for pair in total if pair[0] in closes]
        why = [Fact("is_total_of", {"label": o, "base": b, "share": pairs[b, o].share}) for b, o in of_close]
        others = [label for label in levels if label not in closes and label not in caps]
        jumps = [Fact("jumps", {"label": label}) for label in others if _jumps(label, closes, pairs)]
        jumps += [Fact("jumps_alone", {"label": base, "other": cap}) for base, cap in traded if base not in closes]
        out["close"] = Likely(
            first((*closes, *others, *caps)), proved, (*why, *jumps), bool(traded) and not closes and len(others) == 1
        )
    paid = [pair for pair, found in pairs.items() if found.paid]
    dividends = {other for _, other in paid if other in returns}
    if returns:
        proved = len(dividends) == 1 and len(closes) == 1
        plain = _without_dividends(returns, pairs, panels)
        may_be = (*sorted(dividends, key=returns.index), *(r for r in returns if r not in dividends and r not in plain))
        out["total_return"] = Likely(first(may_be or plain), proved, _why_returns(returns, pairs), not may_be)
    indices = [label for label in levels if label not in caps and any((base, label) in paid for base in levels)]
    if indices:
        proved = len(indices) == 1 and len(closes) == 1 and (closes[0], indices[0]) in total
        out["total_return_index"] = Likely(first(indices), proved)
    if amounts:
        out["volume"] = Likely(
            first(_volumes(amounts, closes or levels, panels)), why=(Fact("jumpy", {"labels": tuple(amounts)}),)
        )
    if payments:
        out["dividend"] = Likely(first(payments), why=(Fact("mostly_none", {"labels": tuple(payments)}),))
    prices = closes or [label for label in levels if label not in caps]
    counts = [label for label in counts if not any(_is_near(panels[base], panels[label]) for base in prices)]
    if counts:
        out["shares_out"] = Likely(first(counts), why=(Fact("still", {"labels": tuple(counts)}),))
    if caps or levels:
        rest = [label for label in levels if label not in closes and label not in indices]
        if caps or rest:
            out["market_cap"] = Likely(first(dict.fromkeys((*caps, *rest))))
    return out


def _as_traded(
    levels: Sequence[str], pairs: Mapping[tuple[str, str], Beside], panels: Mapping[str, pd.DataFrame]
) -> list[tuple[str, str]]:
    """Levels that jump where a company's value does not, with that value: prices as traded, split and not adjusted."""
    return [
        (b, c) for (b, c), how in pairs.items() if c in levels and how.kind == SPLITS and _is_multiple(panels[b], panels[c])
    ]


def _is_multiple(base: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether a level is another one times a count that is very different from name to name."""
    times = (other / base).median()
    times = times[np.isfinite(times)]
    return bool(len(times) > 2 and times.quantile(0.1) > MULTIPLE and times.quantile(0.9) > 2 * times.quantile(0.1))


def _is_near(base: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether a number is about the same part of a level for every name: a target or a book value, and no count."""
    times = (other / base).median()
    return within(times, NEAR_ONE)


def within(ratios: pd.Series, most: float) -> bool:
    """Whether ratios of names, those above zero, are about one: the ninth tenth is less than so many times the first."""
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    return len(ratios) > 2 and bool(ratios.quantile(0.9) < most * ratios.quantile(0.1))


def caps_among(levels: Mapping[str, pd.DataFrame]) -> list[str]:
    """Of levels of the same days and names those that are values of companies: another one times a count."""
    pairs = {
        (base, other): found
        for base in levels
        for other in levels
        if other != base and (found := beside(levels[base], levels[other], LEVELS)) is not None
    }
    return _caps(list(levels), pairs, levels)


def _caps(levels: Sequence[str], pairs: Mapping[tuple[str, str], Beside], panels: Mapping[str, pd.DataFrame]) -> list[str]:
    """Levels that are another one times a count that is steady for a name, and very different from name to name."""
    found = []
    for (base, other), how in pairs.items():
        if other in levels and how.kind != SPLITS and _is_multiple(panels[base], panels[other]):
            found.append(other)
    return list(dict.fromkeys(found))


def _jumps(label: str, closes: Sequence[str], pairs: Mapping[tuple[str, str], Beside]) -> bool:
    """Whether a level is split where the closes are not."""
    return any((found := pairs.get((close, label))) is not None and found.kind == SPLITS for close in closes)


def _why_returns(returns: Sequence[str], pairs: Mapping[tuple[str, str], Beside]) -> tuple[Fact, ...]:
    same = [
        Fact("is_change_of", {"label": other, "base": base}) for (base, other), found in pairs.items()
        if other in returns and found.kind == SAME
    ]  # fmt: skip
    more = [
        Fact("is_total_of", {"label": other, "base": base, "share": found.share})
        for (base, other), found in pairs.items()
        if other in returns and found.kind == TOTAL
    ]
    return (*more, *same)


def _without_dividends(
    returns: Sequence[str], pairs: Mapping[tuple[str, str], Beside], panels: Mapping[str, pd.DataFrame]
) -> list[str]:
    """Returns that are the change of a level on every day, though dividends are known of it, or days enough to have some."""
    found = []
    for label in returns:
        bases = [base for (base, other), how in pairs.items() if other == label and how.kind == SAME]
        with_dividends = any(other == label and how.kind == TOTAL for (_, other), how in pairs.items())
        paid = any(base in bases and how.kind == TOTAL for (base, _), how in pairs.items())
        if bases and not with_dividends and (paid or int(panels[label].notna().to_numpy().sum()) >= SURELY_PAID):
            found.append(label)
    return found


def _volumes(amounts: Sequence[str], levels: Sequence[str], panels: Mapping[str, pd.DataFrame]) -> list[str]:
    """Amounts traded, without those that are another one times a level: values are no volumes, whatever their header."""
    values = {
        other
        for volume in amounts
        for other in amounts
        if other != volume
        for level in levels
        if (priced := beside(panels[level], panels[other] / panels[volume], LEVELS)) is not None and priced.kind == SAME
    }
    return [label for label in amounts if label not in values] or list(amounts)
