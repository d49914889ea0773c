"""Lists of holdings and constituents against the lists before them, the calendar, and what may be held."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from attribution.portfolio.evidence.register import BOOK_RULES, Evidence
from attribution.portfolio.periods import Period
from attribution.rows import CASH
from riskmodel.market.evidence.finding import Finding
from riskmodel.market.tables import TABLES

SAME_WEIGHT = 1e-9
LEAST_NAMES = 3
BY_DESIGN = 0.5  # share of lists from which on a habit is meant
HALF = 0.75  # of the names of the lists around
LARGE_TURNOVER = 0.4  # of a benchmark, from one list to the next
MOSTLY = 0.4  # of the weight
GROSS_MAX = 1.5  # sum of absolute weights that nobody means who does not say so
EXCHANGED, APART, KEPT = 0.02, 0.2, 0.02  # logarithms: how alike, how far apart, and how still the other names are


@BOOK_RULES.rule("rows_dropped")
def rows_that_a_mapping_leaves_out(evidence: Evidence) -> Iterator[Finding]:
    """Rows that `drop` of a mapping leaves out, by the cell that says so: a person has said that they are none."""
    dropped = getattr(evidence.tracks.book.source, "dropped", {})
    for table in (name for name in TABLES if name in dropped):  # in whatever order they were read, or kept
        for (column, cell), count in dropped[table].items():
            yield Finding("rows_dropped", table, f"{column}: {cell}", count=count)


@BOOK_RULES.rule("list_repeats")
def lists_that_repeat(evidence: Evidence) -> Iterator[Finding]:
    """Weights drift, and are traded: a list that equals an earlier one to the last digit is that list again."""
    for table, name, weights in evidence.lists:
        held = weights.drop(columns=CASH, errors="ignore").to_numpy()
        codes = pd.factorize(pd.Series([row.round(9).tobytes() for row in weights.to_numpy()]))[0]
        first = np.array([int(np.argmax(codes == code)) for code in codes])
        again = (first < np.arange(len(codes))) & ((held > 0).sum(axis=1) >= LEAST_NAMES)
        equal = np.array([np.ptp(row[row != 0]) < SAME_WEIGHT if (row != 0).any() else True for row in held])
        again &= ~equal  # equal weights are set anew each time
        if again.mean() > BY_DESIGN:
            continue
        for row in np.flatnonzero(again):
            yield Finding(
                "list_repeats", table, name, _day(weights.index[row]), count=int((weights.iloc[row] != 0).sum()),
                shown=_day(weights.index[first[row]]),
            )  # fmt: skip


@BOOK_RULES.rule("list_of_another", "same_lists")
def lists_of_another_portfolio(evidence: Evidence) -> Iterator[Finding]:
    """A list of which most is what another portfolio held before, little what its own did; and two that are the same."""
    for table, name, weights in evidence.lists:
        others = {other: rest for other, rest in evidence.portfolios.items() if table == "holdings" and other != name}
        for other, theirs in others.items():
            tickers = weights.columns.union(theirs.columns).drop(CASH, errors="ignore")
            held, held_there = (lists.reindex(columns=tickers, fill_value=0.0).to_numpy() for lists in (weights, theirs))
            before = theirs.index.searchsorted(weights.index[1:]) - 1
            own, foreign = _overlap(held[1:], held[:-1]), np.where(before >= 0, _overlap(held[1:], held_there[before]), 0.0)
            for row in np.flatnonzero((foreign > MOSTLY) & (own < MOSTLY / 2)):
                shown = f"{other} {foreign[row]:.0%}, {own[row]:.0%}"
                yield Finding("list_of_another", table, name, _day(weights.index[row + 1]), shown=shown)
    sleeves: dict[str, str] = {}
    for sleeve, settings in evidence.sleeves.items():
        if settings.holdings in sleeves:
            yield Finding("same_lists", "book", sleeve, shown=f"{sleeves[settings.holdings]}, {settings.holdings}")
        sleeves[settings.holdings] = sleeve


def _overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The weight that each list has in common with the one beside it."""
    common: np.ndarray = np.minimum(one, other).clip(min=0.0).sum(axis=1)
    return common


@BOOK_RULES.rule("list_short", "list_turned_over")
def constituents_unlike_their_neighbours(evidence: Evidence) -> Iterator[Finding]:
    """A list of an index with far fewer names than the lists around it, or that turns half of it over."""
    for table, name, weights in evidence.lists:
        if table != "constituents" or len(weights) < LEAST_NAMES:
            continue
        values = weights.to_numpy()
        names = pd.Series((values > 0).sum(axis=1))
        around = pd.concat([names.shift(1), names.shift(-1)], axis=1).max(axis=1)
        turnover = np.abs(np.diff(values, axis=0, prepend=values[:1])).sum(axis=1) / 2
        for row, date in enumerate(weights.index):
            if names[row] < HALF * around[row]:
                shown = f"{names[row]:,}, {around[row]:,.0f}"
                yield Finding("list_short", table, name, _day(date), count=int(names[row]), shown=shown)
            elif turnover[row] > LARGE_TURNOVER and names[row] * HALF <= names[max(row - 1, 0)]:
                yield Finding("list_turned_over", table, name, _day(date), shown=f"{turnover[row]:.0%}")


@BOOK_RULES.rule("name_gone_once")
def names_gone_for_one_list(evidence: Evidence) -> Iterator[Finding]:
    """A large constituent that one list lacks, while the lists around it, and no other index, have it."""
    runs = [(name, weights) for table, name, weights in evidence.lists if table == "constituents"]
    market = evidence.tracks.market
    for name, weights in runs:
        values = weights.to_numpy()
        around = np.minimum(values[:-2], values[2:])
        median = np.nanmedian(np.where(values > 0, values, np.nan), axis=1)
        rows, columns = np.nonzero((values[1:-1] == 0) & (around > 0) & (around >= median[1:-1, None]))
        elsewhere = market["constituent_index"].to_numpy() != name
        others = pd.MultiIndex.from_arrays(
            [market[f"constituent_{part}"].to_numpy()[elsewhere] for part in ("date", "ticker")]
        )
        for row, column in zip(rows, columns, strict=True):
            date, ticker = weights.index[row + 1], weights.columns[column]
            if (date, ticker) not in others:
                yield Finding(
                    "name_gone_once", "constituents", str(ticker), _day(date), shown=f"{name}, {around[row, column]:.2%}"
                )


@BOOK_RULES.rule("weight_out_of_range")
def weights_out_of_range(evidence: Evidence) -> Iterator[Finding]:
    """Weights below 0 or above 1, of a book that does not say long_short."""
    if evidence.tracks.book.book.long_short:
        return
    for table, name, weights in evidence.lists:
        wrong = (weights < -SAME_WEIGHT) | (weights > 1 + SAME_WEIGHT)
        gross = weights.abs().sum(axis=1)
        for date in weights.index[wrong.any(axis=1)]:
            tickers = weights.columns[wrong.loc[date]]
            shown = ", ".join(f"{ticker} {weights.loc[date, ticker]:.4g}" for ticker in tickers[:5])
            yield Finding(
                "weight_out_of_range", table, name, _day(date), count=len(tickers), shown=shown,
                refused=bool(gross[date] > GROSS_MAX),
            )  # fmt: skip


@BOOK_RULES.rule("list_off_calendar", "lists_after_month_end")
def lists_beside_the_calendar(evidence: Evidence) -> Iterator[Finding]:
    """Lists are effective from the close of their date: one a day late misses a day, all of them a day each."""
    sessions = evidence.tracks.market.get_index("time")
    months = sessions.to_period("M")
    last = sessions[:-1][months[:-1] != months[1:]]
    first = sessions[1:][months[:-1] != months[1:]]
    for table, name, weights in evidence.lists:
        dates = pd.DatetimeIndex(weights.index)
        inside = dates[(dates >= sessions[0]) & (dates < sessions[-1])]
        effective = sessions[sessions.searchsorted(inside, side="right") - 1]
        at_end, at_begin = effective.isin(last), inside.isin(first)
        if len(inside) >= LEAST_NAMES and at_begin.mean() > BY_DESIGN:
            yield Finding("lists_after_month_end", table, name, _day(inside[at_begin][0]), count=int(at_begin.sum()))
        elif len(inside) >= LEAST_NAMES and at_end.mean() > 0.8:
            for date in inside[~at_end & (inside > dates[0])]:  # a book begins on any day
                yield Finding("list_off_calendar", table, name, _day(date))


@BOOK_RULES.rule("weights_exchanged")
def weights_that_look_exchanged(evidence: Evidence) -> Iterator[Finding]:
    """Two names of which each has the other's drifted weight, in a list that leaves the others where they drifted."""
    tracks, base = evidence.since_the_list_before, evidence.tracks.period.base
    for sleeve, settings in evidence.sleeves.items():
        track = tracks.carried(sleeve)
        lists = evidence.portfolios[settings.holdings].drop(columns=CASH, errors="ignore")
        closes = track.closes.to_pandas().reindex(columns=lists.columns, fill_value=0.0)
        for date in lists.index[lists.index.isin(closes.index[:-1]) & (lists.index >= base)]:
            new, old = lists.loc[date], closes.loc[date].fillna(0.0)
            both = ((new > 0) & (old > 0)).to_numpy()
            after, before = np.log(new.to_numpy()[both]), np.log(old.to_numpy()[both])
            if len(after) < 5:
                continue
            swapped = np.abs(after[:, None] - before[None, :]) < EXCHANGED
            pairs = np.argwhere(np.triu(swapped & swapped.T & (np.abs(before[:, None] - before[None, :]) > APART), 1))
            tickers = new.index[both]
            for one, other in pairs:
                rest = np.delete(np.abs(after - before), [one, other])
                if np.median(rest) < KEPT:
                    days = closes.index[closes.index > date]
                    until = lists.index[lists.index > date]
                    days = days[days <= (until[0] if len(until) else days[-1])]
                    earned = tracks.returns.sel(time=days)
                    gap = earned.sel(asset=tickers[one]).to_series() - earned.sel(asset=tickers[other]).to_series()
                    size = float(new[tickers[one]] - new[tickers[other]])
                    yield Finding(
                        "weights_exchanged", "holdings", settings.holdings, _day(date), count=2,
                        shown=f"{tickers[one]}, {tickers[other]}",
                        doubt={_day(day): float(value) for day, value in (gap * size).items()},
                    )  # fmt: skip


@BOOK_RULES.rule("held_stopped", "no_rebalance", "later_holdings")
def holdings_over_the_period(evidence: Evidence) -> Iterator[Finding]:
    """Held names that stop trading, months without a list, lists after the last session."""
    tracks = evidence.tracks
    book, period = tracks.book, tracks.period
    for name, sleeve in evidence.sleeves.items():
        yield from _without_final("held_stopped", "holdings", tracks.carried(name).stopped, sleeve=name)
        dates = book.holdings[book.holdings["portfolio"] == sleeve.holdings]["date"]
        for month in months_without(dates, period):
            yield Finding("no_rebalance", "holdings", name, month, values={"sleeve": name})
        for later in pd.DatetimeIndex(dates[dates > tracks.market.get_index("time")[-1]].unique()):
            yield Finding("later_holdings", "holdings", name, _day(later), values={"sleeve": name})


@BOOK_RULES.rule("list_scaled")
def lists_that_were_rescaled(evidence: Evidence) -> Iterator[Finding]:
    """Lists whose weights did not sum to one, but within what the book allows for rounding: divided by their sum."""
    sums, own = evidence.tracks.book.rescaled, {sleeve.holdings for sleeve in evidence.sleeves.values()}
    if sums is not None:
        for (portfolio, date), total in sums.items():
            if portfolio in own:
                yield Finding("list_scaled", "holdings", portfolio, _day(date), shown=f"{total:.6g}")


@BOOK_RULES.rule("no_list", "constituent_stopped")
def constituents_over_the_period(evidence: Evidence) -> Iterator[Finding]:
    """Months without a list of an index that has lists, and its names that stop trading."""
    tracks, market = evidence.tracks, evidence.tracks.market
    for name in evidence.benchmarks:
        rule = tracks.book.benchmarks[name].constituents
        yield from _without_final("constituent_stopped", "constituents", tracks.benchmark(name).stopped, benchmark=name)
        if rule is not None and "constituent_index" in market:
            dates = market["constituent_date"][market["constituent_index"].to_numpy() == rule]
            for month in months_without(dates.to_series(), tracks.period):
                yield Finding("no_list", "constituents", rule, month, values={"index": rule})


def _without_final(key: str, table: str, stopped: pd.DataFrame, **values: str) -> Iterator[Finding]:
    """Positions of which nobody says what they brought, the largest first, each with its weight: what may be lost."""
    unknown = stopped[stopped["final"].isna()].sort_values("weight", ascending=False, kind="stable")
    for row in unknown.itertuples():
        day = "" if pd.isna(row.last_trade) else _day(row.last_trade)  # a name that is listed before it trades has none
        yield Finding(key, table, str(row.ticker), day, values=values, shown=f"{row.weight:.2%}")


def months_without(dates: pd.Series, period: Period) -> list[str]:
    """Months of a period, but for the last, in which no list is dated."""
    there = set(pd.DatetimeIndex(dates.unique()).to_period("M"))
    return [str(month) for month in period.days.to_period("M").unique()[:-1] if month not in there]


def _day(date: object) -> str:
    return f"{pd.Timestamp(str(date)):%Y-%m-%d}"
