"""Days on which the numbers of a stock jump as in a split: closes as traded fall by what counts of shares grow by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.market.sources.recognition.evidence.series import CALM, LEAST, STILL
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.structure import DAILY
from riskmodel.market.sources.recognition.wide import Wide

LARGE = 0.3  # of a logarithm: smaller ratios, as of shares given in the place of a dividend, cannot be told from a bad day
NEAR = 0.15  # of a logarithm, a close moves besides
EXACT = 0.02  # the same of a count, which moves little besides
APART = pd.Timedelta(days=10)  # between the closes before and on a day, at the most: longer a stock may move by as much
SPLITS = np.log([1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 50.0, 100.0])
NEW_FOR_OLD, OLD_FOR_NEW = "new for old", "old for new"


@dataclass(frozen=True)
class Source:
    """Numbers of stocks by day: (time, row of the table of securities), and where they stand."""

    place: str
    label: str
    panel: pd.DataFrame


def keys_of(securities: Group | None, codes: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """The row of the table of securities of each code that is in one row alone, in whichever column."""
    if securities is None:
        return {}
    found: dict[str, int] = {}
    twice = set[str]()
    for label in codes:
        for row, text in enumerate(securities.texts(label)):
            if found.setdefault(str(text), row) != row:
                twice.add(str(text))
    return {text: row for text, row in found.items() if text and text not in twice}


def rows_of(names: Sequence[str], keys: Mapping[str, int]) -> list[int | None]:
    """The row of the table of securities of each name; without what stands behind a blank or a dot where that is none.

    Examples
    --------
    >>> rows_of(["BHP", "BHP.AX", "ZZZ"], {"BHP": 4})
    [4, 4, None]
    """
    return [keys.get(name, keys.get(name.split(" ")[0].split(".")[0])) for name in names]


def sources_of(
    groups: Sequence[Group],
    across: Mapping[Group, Wide | None],
    tickers: Mapping[Group, str | None],
    keys: Mapping[str, int],
    wanted: frozenset[int],
) -> Iterator[Source]:
    """All closes by day of some stocks, or what moves as they do: of each grid, and of each column of long files."""
    for group in groups:
        wide = across.get(group)
        if wide is not None and wide.layout == "wide" and wide.codes:
            day, *names = group.first.labels
            known = {name: row for name, row in zip(names, rows_of(names, keys), strict=True) if row in wanted}
            panel = pd.DataFrame({row: group.numbers(name) for name, row in known.items() if row is not None})
            yield from _moving(group, "", panel.set_axis(pd.DatetimeIndex(group.days(day))))
        elif wide is None and (ticker := tickers.get(group)) is not None:
            yield from _of_long(group, ticker, keys, wanted)


def _of_long(group: Group, ticker: str, keys: Mapping[str, int], wanted: frozenset[int]) -> Iterator[Source]:
    days = [label for label, shape in group.shapes.items() if shape.kind == DAY]
    rows = pd.Series(rows_of(group.texts(ticker).tolist(), keys), dtype=float)
    keep = rows.isin(wanted).to_numpy()
    if not days or not keep.any():
        return
    day = max(days, key=lambda label: group.cells[label].nunique())
    for label, shape in group.shapes.items():
        if shape.kind == NUMBER and label != ticker:
            frame = pd.DataFrame({"day": group.days(day), "row": rows, "value": group.numbers(label)})[keep]
            frame = frame.dropna().drop_duplicates(["day", "row"])
            yield from _moving(group, label, frame.pivot(index="day", columns="row", values="value"))


def _moving(group: Group, label: str, panel: pd.DataFrame) -> Iterator[Source]:
    """A source, where its numbers move as prices do."""
    panel = panel[panel.index.notna() & ~panel.index.duplicated()].sort_index()
    if _is_of_prices(panel):
        yield Source(group.place, label, panel)


def _is_of_prices(panel: pd.DataFrame) -> bool:
    """Whether numbers are there by the day, above zero, and move a little from each to the next, as closes do.

    Counts of shares, which change now and then, jump the other way.
    """
    there = [known for _, each in panel.items() if len(known := each.dropna()) > 1]
    moves = np.concatenate([np.zeros(0), *(np.diff(np.log(each)) for each in there if (each > 0).all())])
    gaps = np.concatenate([np.zeros(0, "timedelta64[ns]"), *(np.diff(each.index.to_numpy()) for each in there)])
    if len(moves) < LEAST or pd.Timedelta(np.median(gaps)) > DAILY:
        return False
    return (moves == 0).mean() < STILL and float(np.median(np.abs(moves))) < CALM


def way_of(panel: pd.DataFrame, rows: Sequence[int | None], days: pd.Series, ratios: pd.Series) -> tuple[str, int] | None:
    """Whether closes fall by the ratios on their days, or rise, and of how many splits; None where not all of them do.

    Parameters
    ----------
    panel
        Closes, (time, row of the table of securities).
    rows, days, ratios
        Of each split.

    Examples
    --------
    >>> days = pd.bdate_range("2025-01-06", periods=4)
    >>> panel = pd.DataFrame({0: [80.0, 81.0, 40.2, 40.0]}, days)
    >>> [way_of(panel, [0], pd.Series(days[[2]]), pd.Series([ratio])) for ratio in (2.0, 0.5)]
    [('new for old', 1), ('old for new', 1)]
    >>> way_of(panel, [0], pd.Series(days[[1]]), pd.Series([2.0]))
    """
    ways = []
    for row, day, ratio in zip(rows, days, ratios, strict=True):
        if row not in panel.columns or pd.isna(day) or not ratio > 0 or abs(np.log(ratio)) < LARGE:
            continue
        there = panel[row].dropna()
        before, after = there[there.index < day], there[there.index >= day]
        if before.empty or after.empty or after.index[0] - before.index[-1] > APART:
            continue
        change = float(np.log(after.iloc[0] / before.iloc[-1]))
        ways.append(
            NEW_FOR_OLD if abs(change + np.log(ratio)) < NEAR else OLD_FOR_NEW if abs(change - np.log(ratio)) < NEAR else ""
        )
    return (ways[0], len(ways)) if ways and ways[0] and len({*ways}) == 1 else None


def on_other_basis(counts: pd.DataFrame, closes: pd.DataFrame) -> tuple[int, ...]:
    """The stocks of which a count jumps by the ratio of a split where the close does not, or the close where no count does.

    Parameters
    ----------
    counts, closes
        (time, stock); of closes every session.

    Examples
    --------
    >>> days = pd.bdate_range("2025-01-06", periods=6)
    >>> counts = pd.DataFrame({7: [10.0, 20.0]}, days[[0, 5]])
    >>> smooth, split = ([50.0, 50.5, 51.0, 50.8, 50.2, 50.1], [50.0, 50.5, 51.0, 25.4, 25.1, 25.05])
    >>> [on_other_basis(counts, pd.DataFrame({7: closes}, days)) for closes in (smooth, split)]
    [(7,), ()]
    """
    return tuple(int(name) for name in counts.columns.intersection(closes.columns) if _is_apart(counts[name], closes[name]))


def _is_apart(counts: pd.Series, closes: pd.Series) -> bool:
    count, close = counts[counts > 0], closes[closes > 0]
    steps = np.log(close).diff().dropna()
    split = steps[_are_jumps(steps)]
    grown = np.log(count).diff().iloc[1:]
    jumps = _are_splits(grown, EXACT)
    if not (jumps.any() or len(split)):
        return False  # of nearly every stock: neither has a jump
    for start, end, change, jumped in zip(count.index[:-1], count.index[1:], grown, jumps, strict=True):
        if close.empty or not close.index[0] <= start or not close.index[-1] >= end:
            continue
        near = slice(start - APART / 2 + pd.Timedelta(1), end + APART / 2)
        if (jumped and not ((steps.loc[near] + change).abs() < NEAR).any()) or (
            (split.loc[near] + change).abs() > NEAR
        ).any():
            return True
    return False


def jumps_of(panel: pd.DataFrame) -> pd.Series:
    """The logarithmic moves of prices that are those of splits, by day and stock, each from the price before."""
    steps = [
        pd.concat({row: moves[_are_jumps(moves)]})
        for row, prices in panel.items()
        if len(moves := np.log(prices[prices > 0]).diff().dropna())
    ]
    return pd.concat(steps).swaplevel() if steps else pd.Series(dtype=float)


def _are_jumps(steps: pd.Series) -> pd.Series:
    """Which logarithmic moves of a price are no day's, but those of splits by two or more."""
    return _are_splits(steps, 3 * EXACT) & (steps.abs() > np.log(2) - NEAR)


def _are_splits(changes: pd.Series, near: float) -> pd.Series:
    """Which logarithmic changes are those of ratios that splits have."""
    size = changes.abs()
    return (size > LARGE) & (np.abs(size.to_numpy()[:, None] - SPLITS) < near).any(axis=1)
