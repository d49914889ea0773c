"""Returns of names against each other's and the market's: whose are they, of which day, and with every dividend?"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import numpy as np

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

SAME_DAYS, SAME_TO = 5, 1e-5  # sessions in a row on which two names never have the same return by chance
LARGEST_RETURN = 0.2  # beyond, one day would make the correlation
LATE_DAYS, LATE, CLEARLY = 120, 4.0, 0.1  # sessions; t-statistic of the correlation; above that with its own day
DISTRIBUTION = 1e-3  # of the close; below, a close rounded to a cent hides it
UNPAID_SESSIONS, UNPAID_EXPECTED, USUAL_SESSIONS, FAR_LONGER = 10, 20.0, 120, 2
REGULAR, LEAST_GAP, LEAST_PAID = 0.15, 40, 5  # how alike the sessions between distributions are; at least; how many
TWICE, SAME_AMOUNT, NEARLY_SAME = 2.0, 0.02, 0.25
AS_FILED = 0.05  # how near a year's payments are to its filing


@MARKET_RULES.rule("returns_of_another")
def returns_that_two_names_share(feed: Feed) -> Iterator[Finding]:
    """Two names with the same return day after day: one has the other's prices."""
    returns = feed.panel("total_return")
    with np.errstate(invalid="ignore"):
        rounded = np.round(returns / SAME_TO)
    told = np.isfinite(rounded) & (rounded != 0)
    whole = np.where(told, rounded, 0.0).astype(np.int64)
    multiple = np.random.default_rng(0).integers(1, 2**40, SAME_DAYS)
    shared: dict[tuple[int, int], list[int]] = {}
    for first in range(0, len(returns) - SAME_DAYS + 1, SAME_DAYS):
        days = slice(first, first + SAME_DAYS)
        columns = np.flatnonzero(told[days].all(axis=0))
        code = (whole[days, columns] * multiple[:, None]).sum(axis=0)
        order = np.argsort(code, kind="stable")
        for place in np.flatnonzero(code[order][1:] == code[order][:-1]):
            pair = (int(columns[order[place]]), int(columns[order[place + 1]]))
            shared.setdefault(pair, []).append(first)
    for pair, firsts in shared.items():
        rows, count = np.array(firsts[:1]), SAME_DAYS * len(firsts)
        for own, other in (pair, pair[::-1]):
            deviation = float(feed.deviation(rows, np.array([own]))[0])
            last = feed.days[firsts[-1] + SAME_DAYS - 1]
            doubt = {last: deviation * np.sqrt(2 * count)} if np.isfinite(deviation) else {}
            yield Finding(
                "returns_of_another", "prices", feed.assets[own], feed.days[firsts[0]], count=count,
                shown=feed.assets[other], doubt=doubt,
            )  # fmt: skip


@MARKET_RULES.rule("returns_late", "returns_soon")
def returns_of_another_session(feed: Feed) -> Iterator[Finding]:
    """A name that moves with the market of the session before, or after, and not with that of its own."""
    returns = np.clip(feed.panel("total_return"), -LARGEST_RETURN, LARGEST_RETURN)
    known = np.isfinite(returns)
    count = known.sum(axis=0)
    returns = np.where(known, returns, 0.0)
    market = returns.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    own = _correlation(returns, known, market)
    for key, beside in (
        ("returns_late", _correlation(returns, known, np.append(0.0, market[:-1]))),
        ("returns_soon", _correlation(returns, known, np.append(market[1:], 0.0))),
    ):
        far = (count >= LATE_DAYS) & (beside * np.sqrt(count) > LATE) & (beside > own + CLEARLY)
        for column in np.flatnonzero(far):
            yield Finding(
                key, "prices", feed.assets[column], feed.days[known[:, column].argmax()], count=int(count[column]),
                shown=f"{beside[column]:.2f}, {own[column]:.2f}",
            )  # fmt: skip


def _correlation(returns: np.ndarray, known: np.ndarray, market: np.ndarray) -> np.ndarray:
    """Correlation of each column, 0 where it is not known, with one series over the column's own days."""
    count = np.maximum(known.sum(axis=0), 1)
    mean, common = returns.sum(axis=0) / count, market @ known / count
    variance = (returns**2).sum(axis=0) / count - mean**2
    of_market = market**2 @ known / count - common**2
    with np.errstate(invalid="ignore", divide="ignore"):
        alike: np.ndarray = (market @ returns / count - mean * common) / np.sqrt(variance * of_market)
    return np.nan_to_num(alike, nan=0.0, posinf=0.0, neginf=0.0)


@MARKET_RULES.rule("dividends_stopped")
def sessions_on_which_nobody_pays(feed: Feed) -> Iterator[Finding]:
    """Where some name pays every day, two weeks without any distribution have lost theirs.

    Where all pay on the same days, at the end of a month or of a half-year, so many sessions without one are usual.
    """
    with np.errstate(invalid="ignore"):
        payers = (feed.paid > DISTRIBUTION).sum(axis=1)
    day = np.arange(len(payers))
    unpaid = day - np.maximum.accumulate(np.where(payers > 0, day, 0))
    for end in np.flatnonzero((unpaid >= UNPAID_SESSIONS) & (np.append(unpaid[1:], 0) == 0)):
        length = int(unpaid[end])
        before = payers[: end - length + 1][-USUAL_SESSIONS:]
        usual = int(unpaid[: end - length + 1].max())
        if before.mean() * length > UNPAID_EXPECTED and length > FAR_LONGER * usual:
            shown = f"{before.mean() * length:,.0f}"
            yield Finding("dividends_stopped", "prices", date=feed.days[end - length + 1], count=length, shown=shown)


@MARKET_RULES.rule("dividend_skipped", "dividend_twice")
def dividends_out_of_their_rhythm(feed: Feed) -> Iterator[Finding]:
    """A regular payer without one of its distributions, or that pays one of them twice, and goes on as before.

    Not where a filing's dividends of the year are what was paid in it.
    """
    paid, close, confirmed = feed.paid, feed.panel("close"), _confirmed_years(feed)
    with np.errstate(invalid="ignore"):
        pays = paid > DISTRIBUTION
    for column in np.flatnonzero(pays.sum(axis=0) >= LEAST_PAID):
        rows = np.flatnonzero(pays[:, column])
        gaps, amounts = np.diff(rows), paid[rows, column] * close[rows - 1, column]
        usual = float(median(gaps.tolist()))  # numpy takes long to find it of so few
        if usual < LEAST_GAP:
            continue
        apart = (np.abs(gaps - usual) > REGULAR * usual).sum()
        missing = np.flatnonzero(np.abs(gaps - 2 * usual) < REGULAR * usual) if apart == 1 else rows[:0]
        if len(missing) == 1 and abs(amounts[missing[0] + 1] / amounts[missing[0]] - 1) < NEARLY_SAME:
            row = int(rows[missing[0]] + round(usual))
            if any(begin <= row < end for begin, end in confirmed.get(int(column), ())):
                continue
            size = float(amounts[missing[0]] / close[row - 1, column])
            yield _of_dividend("dividend_skipped", feed, row, column, f"{amounts[missing[0]]:.3g}", size)
        if apart:
            continue
        before, own, after = amounts[:-2], amounts[1:-1], amounts[2:]
        again = (np.abs(after / before - 1) < SAME_AMOUNT) & (np.abs(own / before - TWICE) < SAME_AMOUNT)
        for place in np.flatnonzero(again):
            row = int(rows[place + 1])
            shown = f"{own[place]:.3g}, {before[place]:.3g}"
            yield _of_dividend("dividend_twice", feed, row, column, shown, -float(paid[row, column]) / TWICE)


def _confirmed_years(feed: Feed) -> dict[int, list[tuple[int, int]]]:
    """By column, the sessions of the years whose filing tells of as much a share as total returns paid."""
    got = feed.paid_in_years
    if got is None:
        return {}
    filed, (begin, end) = feed.tables["fundamentals"]["dividends_per_share"].to_numpy(), feed.years_of_filings
    years: dict[int, list[tuple[int, int]]] = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        same = np.flatnonzero((filed > 0) & (np.abs(got / filed - 1) < AS_FILED))
    for row, column in zip(same, feed.tickers_of("fundamentals")[same], strict=True):
        years.setdefault(int(column), []).append((int(begin[row]), int(end[row])))
    return years


def _of_dividend(key: str, feed: Feed, row: int, column: int | np.integer, shown: str, size: float) -> Finding:
    doubt = {feed.days[row]: size} if np.isfinite(size) else {}
    return Finding(key, "prices", feed.assets[column], feed.days[row], shown=shown, doubt=doubt)
