"""Closes, returns and volumes against each other, against the table of splits, and against yesterday's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from riskmodel.market.evidence.feed import MARKET_RULES, SMALLEST_DIVIDEND, Feed, nearest_ratio, ratio_text
from riskmodel.market.evidence.finding import Finding, found_at

LARGE_DISTRIBUTION = 0.20
SMALLEST_DEFICIT = 1e-3
DEFICIT_SHARE = 0.01  # of all rows: returns of another day, or of another series of prices
SPLIT_SLACK = np.log(1.10)  # how far the market may move on an ex-date
LEAST_RATIO, FAR_FOR_A_DAY, SAME_SPLIT_DAYS = np.log(1.2), 2.0, 70
UNBELIEVABLE = np.log(30.0)  # of a step of a close beside a return that stands
CLOSE_SLACK = 0.002  # a ratio between two columns of one row is that of a split to rounding and a small dividend
LEAST_SPLIT, LEAST_IN_A_ROW = np.log(1.45), np.log(1.9)  # spin-offs of a half are common
HALVED = np.log(2.0)
ORDINARY_DEALING = 2.0  # times the usual; a company's news brings three to five hundred
UNUSUAL = 8.0  # deviations of the name itself
STALE_NAMED, STALE_REFUSED = 0.20, 0.50  # share of names without a move
REPEATED = 0.20  # share of names with the return of the day before
STALE_RUN, STALE_ODDS = 3, 1e-4
TICK, NEAR_ZERO = 0.01, 0.4  # a quoted step; density of a standard normal move about 0
LEAST_MOVE, BACK = 0.03, 0.25
FAR_AND_BACK, FAR_AT_ZERO = 6.0, 5.0  # deviations of the name itself
DIVIDEND_DAYS = 120
FAR_FINAL = 0.5  # of the last close
FEW_NAMES = 0.5  # of the median session's
LEAST_ROWS = 20


@MARKET_RULES.rule("split_in_close", "split_in_return", "split_backwards")
def listed_splits(feed: Feed) -> Iterator[Finding]:
    """On the ex-date of a listed split an adjusted close, and a return, move as the market does, not by the ratio."""
    if "splits" not in feed.tables:
        return
    splits, columns = feed.tables["splits"], feed.tickers_of("splits")
    rows = np.searchsorted(feed.market.get_index("time").to_numpy(), splits["ex_date"].to_numpy())
    for column, row, ratio in zip(columns, rows, splits["ratio"], strict=True):
        size = abs(np.log(ratio))
        if column < 0 or not 0 < row < len(feed.days) or size < LEAST_RATIO or not feed.move[row, column] > -1:
            continue
        move, growth = np.log1p(feed.move[row, column]), feed.growth[row, column]
        slack = min(SPLIT_SLACK, size / 3)
        where = {"table": "prices", "subject": feed.assets[column], "date": feed.days[row]}
        shown = f"x {np.exp(move):.3g}, {ratio_text(1 / ratio)}"
        doubt = {feed.days[row]: float(np.expm1(growth))}
        if abs(move + np.log(ratio)) < slack:
            yield Finding("split_in_close", **where, shown=shown, doubt=doubt, refused=True)
        elif abs(growth + np.log(ratio)) < slack:
            shown = f"x {np.exp(growth):.3g}, {ratio_text(1 / ratio)}"
            yield Finding("split_in_return", **where, shown=shown, doubt=doubt, refused=True)
        elif abs(move - np.log(ratio)) < size / 3:
            yield Finding("split_backwards", **where, shown=shown, doubt=doubt)


@MARKET_RULES.rule("stock_dividend_in_return", "split_twice")
def small_and_repeated_splits(feed: Feed) -> Iterator[Finding]:
    """A stock dividend that close and return both fall by, far for the name; one split that two vendors date differently."""
    if "splits" not in feed.tables:
        return
    splits, columns = feed.tables["splits"], feed.tickers_of("splits")
    rows = np.searchsorted(feed.market.get_index("time").to_numpy(), splits["ex_date"].to_numpy())
    inside = (columns >= 0) & (rows > 0) & (rows < len(feed.days)) & (np.abs(np.log(splits["ratio"])) < LEAST_RATIO)
    for row, column, ratio in zip(rows[inside], columns[inside], np.log(splits["ratio"][inside]), strict=True):
        off = abs(feed.growth[row, column] + ratio)
        deviation = feed.deviation(np.array([row]), np.array([column]))[0]
        if abs(ratio) > FAR_FOR_A_DAY * deviation and off < min(SPLIT_SLACK, abs(ratio) / 2):
            total = float(np.expm1(feed.growth[row, column]))
            yield Finding(
                "stock_dividend_in_return", "prices", feed.assets[column], feed.days[row],
                shown=f"{total:+.1%}, {ratio_text(float(np.exp(ratio)))}", doubt={feed.days[row]: total}, lenient=True,
            )  # fmt: skip
    ordered = splits.sort_values(["ticker", "ex_date"], kind="stable")
    before = ordered.groupby("ticker").shift(1)
    again = (ordered["ex_date"] - before["ex_date"]).dt.days.le(SAME_SPLIT_DAYS) & (ordered["ratio"] == before["ratio"])
    for second, first in zip(ordered[again].itertuples(), before["ex_date"][again], strict=True):
        day, shown = f"{second.ex_date:%Y-%m-%d}", f"{first:%Y-%m-%d}, {ratio_text(float(second.ratio))}"
        yield Finding("split_twice", "splits", str(second.ticker), day, shown=shown)


@MARKET_RULES.rule("split_unlisted", "unexplained_move")
def moves_without_dealing(feed: Feed) -> Iterator[Finding]:
    """A name that halves or doubles on its news is dealt in many times the usual; one whose split is missing is not."""
    growth = feed.growth
    rows, columns = np.nonzero((np.abs(growth) > LEAST_SPLIT) & np.isfinite(growth) & np.isfinite(feed.move))
    unusual = np.abs(growth[rows, columns]) > UNUSUAL * feed.deviation(rows, columns)
    rows, columns = rows[unusual], columns[unusual]
    quiet = ~(feed.dealt(rows, columns) > ORDINARY_DEALING)
    rows, columns = rows[quiet], columns[quiet]
    ratios = nearest_ratio(growth[rows, columns])
    told = {(finding.date, finding.subject) for finding in listed_splits(feed)}
    for row, column, ratio in zip(rows, columns, ratios, strict=True):
        step = growth[row, column]
        if (feed.days[row], feed.assets[column]) in told:
            continue
        near = abs(step - np.log(ratio)) < min(np.log(1.08), abs(np.log(ratio)) / 4)
        if not near and abs(step) < HALVED:
            continue
        total = float(np.expm1(step))
        yield Finding(
            "split_unlisted" if near else "unexplained_move",
            "prices",
            feed.assets[column],
            feed.days[row],
            shown=f"x {np.exp(step):.3g}, {ratio_text(ratio)}" if near else f"x {np.exp(step):.3g}",
            doubt={feed.days[row]: total},
        )


@MARKET_RULES.rule("close_there_and_back")
def closes_that_come_back(feed: Feed) -> Iterator[Finding]:
    """A close that leaves for one day, far for the name, and comes back, with no more dealing on either day, is mistyped."""

    def back(names: slice) -> np.ndarray:
        step = np.log1p(feed.move[:, names])
        following = np.vstack([step[1:], np.full((1, step.shape[1]), np.nan)])
        return (np.abs(step) > LEAST_MOVE) & (np.abs(step + following) < BACK * np.abs(step))

    with np.errstate(invalid="ignore", divide="ignore"):
        rows, columns = feed.places(back)
        far = np.abs(np.log1p(feed.move[rows, columns])) > FAR_AND_BACK * feed.deviation(rows, columns)
    rows, columns = rows[far], columns[far]
    quiet = ~(feed.dealt(rows, columns) > ORDINARY_DEALING) & ~(feed.dealt(rows + 1, columns) > ORDINARY_DEALING)
    for row, column in zip(rows[quiet], columns[quiet], strict=True):
        moves = {feed.days[day]: float(feed.move[day, column]) for day in (row, row + 1)}
        yield Finding(
            "close_there_and_back",
            "prices",
            feed.assets[column],
            feed.days[row],
            shown=", ".join(f"{move:+.1%}" for move in moves.values()),
            doubt=moves,
        )


@MARKET_RULES.rule("zero_return")
def zeros_beside_moves(feed: Feed) -> Iterator[Finding]:
    """A total return of exactly zero on a day on which the close moves far for the name."""
    with np.errstate(invalid="ignore"):
        rows, columns = np.nonzero((feed.panel("total_return") == 0) & (np.abs(feed.move) > LEAST_MOVE))
        far = np.abs(feed.move[rows, columns]) > FAR_AT_ZERO * feed.deviation(rows, columns)
    for row, column in zip(rows[far], columns[far], strict=True):
        move = float(feed.move[row, column])
        day = feed.days[row]
        yield Finding("zero_return", "prices", feed.assets[column], day, shown=f"{move:+.1%}", doubt={day: move})


@MARKET_RULES.rule("close_not_adjusted")
def splits_in_one_column(feed: Feed) -> Iterator[Finding]:
    """Total return and close of one row that are a split's ratio apart: one of the two is adjusted for it."""
    returns, move = feed.panel("total_return"), feed.move
    with np.errstate(invalid="ignore", divide="ignore"):
        rows, columns = feed.places(
            lambda names: np.abs(np.log((1 + returns[:, names]) / (1 + move[:, names]))) > LEAST_IN_A_ROW
        )
        steps = np.log((1 + returns[rows, columns]) / (1 + move[rows, columns]))
    ratios = nearest_ratio(steps)
    for row, column, step, ratio in zip(rows, columns, steps, ratios, strict=True):
        if abs(step - np.log(ratio)) < CLOSE_SLACK:
            # where the close steps by the split the return stands; where the return does, it is the split's
            stepped = abs(feed.growth[row, column]) > abs(np.log1p(feed.move[row, column]))
            doubt = {feed.days[row]: float(feed.paid[row, column])} if stepped else {}
            yield Finding(
                "close_not_adjusted", "prices", feed.assets[column], feed.days[row], shown=ratio_text(ratio), doubt=doubt,
                refused=bool(not stepped and abs(step) > UNBELIEVABLE),
            )  # fmt: skip


@MARKET_RULES.rule("large_distribution")
def large_distributions(feed: Feed) -> list[Finding]:
    """A spin-off, or a mistake."""
    with np.errstate(invalid="ignore"):
        return found_at(
            "large_distribution", "prices", feed.cells(feed.paid >= LARGE_DISTRIBUTION), least=LARGE_DISTRIBUTION
        )


@MARKET_RULES.rule("negative_distribution", "returns_off_close")
def returns_below_the_move(feed: Feed) -> list[Finding]:
    """A distribution is never negative; where many are, the returns are of another day or of other prices."""
    paid = feed.paid
    with np.errstate(invalid="ignore"):
        below = paid <= -SMALLEST_DEFICIT
    known = np.isfinite(paid)
    if below.sum() > DEFICIT_SHARE * known.sum() and below.sum() >= LEAST_ROWS:
        days = np.flatnonzero(below.any(axis=1))
        share = float(below.sum() / known.sum())
        return [
            Finding(
                "returns_off_close", "prices", date=feed.days[days[0]], count=int(below.sum()), values={"share": share},
                refused=True,
            )
        ]  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = np.abs(np.log((1 + feed.panel("total_return")) / (1 + feed.move)))[below] > LEAST_IN_A_ROW
    stands = alone & (
        np.abs(feed.growth[below]) < np.abs(np.log1p(feed.move[below]))
    )  # the close steps, the return does not
    doubts = [None if close else float(size) for close, size in zip(stands, paid[below], strict=True)]
    return found_at("negative_distribution", "prices", feed.cells(below), doubts)


@MARKET_RULES.rule("no_dividends")
def returns_without_dividends(feed: Feed) -> list[Finding]:
    """Total returns that never exceed the move of the close have no dividends in them, or the close has them too."""
    days = np.isfinite(feed.paid).any(axis=1)
    with np.errstate(invalid="ignore"):
        if days.sum() < DIVIDEND_DAYS or (feed.paid > SMALLEST_DIVIDEND).any():
            return []
    return [Finding("no_dividends", "prices", date=feed.days[np.flatnonzero(days)[0]], count=int(days.sum()))]


@MARKET_RULES.rule("dividends_missing")
def payers_without_dividends(feed: Feed) -> Iterator[Finding]:
    """A name whose filings tell of dividends, and whose return never exceeds the move of its close."""
    filings = feed.tables["fundamentals"]
    if "dividends_per_share" not in filings:
        return
    sessions = feed.market.get_index("time")
    begins = pd.Series(sessions[np.isfinite(feed.paid).argmax(axis=0)], index=feed.assets)
    year_before = filings["period_end"] - pd.DateOffset(years=1)
    inside = (year_before >= filings["ticker"].map(begins)) & (filings["period_end"] <= sessions[-1])
    pays = pd.Index(feed.assets).isin(filings.loc[inside & (filings["dividends_per_share"] > 0), "ticker"])
    with np.errstate(invalid="ignore"):
        paid = (feed.paid > SMALLEST_DIVIDEND).any(axis=0)
    traded = np.isfinite(feed.paid).sum(axis=0)
    if not paid.any():
        return  # that of the whole market is another rule's
    for column in np.flatnonzero(pays & ~paid):
        first = feed.days[int(np.argmax(np.isfinite(feed.paid[:, column])))]
        yield Finding("dividends_missing", "prices", feed.assets[column], first, count=int(traded[column]))


@MARKET_RULES.rule("stale_session", "repeated_session")
def sessions_of_yesterday(feed: Feed) -> Iterator[Finding]:
    """A session on which nearly nothing moves is the day before again."""
    returns = feed.panel("total_return")
    with np.errstate(invalid="ignore"):
        known = np.isfinite(returns) | np.isfinite(feed.move)
        still = (returns == 0) | (feed.move == 0)
        again = np.zeros_like(still)
        again[1:] = (returns[1:] == returns[:-1]) & (returns[1:] != 0)
    names = known.sum(axis=1)
    for key, mask, least in (("stale_session", still, STALE_NAMED), ("repeated_session", again, REPEATED)):
        shares = mask.sum(axis=1) / np.maximum(names, 1)
        for row in np.flatnonzero((shares > least) & (names >= LEAST_ROWS)):
            yield Finding(
                key,
                "prices",
                date=feed.days[row],
                count=int(mask[row].sum()),
                shown=f"{shares[row]:.0%}",
                refused=bool(shares[row] > STALE_REFUSED),
            )


@MARKET_RULES.rule("stale_price")
def prices_that_repeat(feed: Feed) -> Iterator[Finding]:
    """A close that stays the same for so many sessions that the name's other days make it all but impossible."""
    move, day = feed.move, np.arange(len(feed.days), dtype=np.int32)[:, None]

    def runs(names: slice | np.ndarray) -> np.ndarray:
        return day - np.maximum.accumulate(np.where(move[:, names] == 0, np.int32(-1), day), axis=0)

    def ends(names: slice) -> np.ndarray:
        still = move[:, names] == 0
        return (runs(names) >= STALE_RUN) & ~np.vstack([still[1:], np.zeros((1, still.shape[1]), bool)])

    last, columns = feed.places(ends)
    some, place = np.unique(columns, return_inverse=True)
    lengths, deviations = runs(some)[last, place], pd.DataFrame(move[:, some]).std().to_numpy()[place]
    close, known, stood = feed.panel("close"), np.isfinite(move).sum(axis=0), (move == 0).sum(axis=0)
    for end, column, length, deviation in zip(last, columns, lengths.tolist(), deviations, strict=True):
        rows = np.arange(end - length + 1, end + 1)
        own = feed.deviation(rows[:1], np.array([column]))[0]
        step = deviation * close[end, column]
        rounded = NEAR_ZERO * TICK / max(step, TICK)  # of moves, to a cent
        usual = max((stood[column] - length) / max(known[column] - length, 1), rounded)
        if usual**length * known[column] >= STALE_ODDS:
            continue
        doubt = {} if not np.isfinite(own) else {feed.days[end]: float(own * np.sqrt(length))}
        yield Finding(
            "stale_price", "prices", feed.assets[column], feed.days[rows[0]], count=length,
            shown=f"{close[end, column]:g}", doubt=doubt,
        )  # fmt: skip


@MARKET_RULES.rule("no_volume", "bridged_gap", "few_names")
def gaps(feed: Feed) -> list[Finding]:
    """Closes without a volume, short gaps, and days on which few names have a price."""
    priced = np.isfinite(feed.panel("close"))
    names = priced.sum(axis=1)
    few = np.flatnonzero(names < FEW_NAMES * np.median(names))
    return [
        *found_at("no_volume", "prices", feed.cells(priced & np.isnan(feed.panel("volume")))),
        *found_at("bridged_gap", "prices", feed.cells(np.isfinite(feed.panel("bridged_return")))),
        *(Finding("few_names", "prices", date=feed.days[row], shown=f"{names[row]:,}") for row in few),
    ]


@MARKET_RULES.rule("far_final")
def finals_far_from_the_close(feed: Feed) -> Iterator[Finding]:
    """Who is paid out gets about what the market expected: half of it, or twice, is another unit or another split basis."""
    if "final_value" not in feed.market:
        return
    names = ("final_ticker", "final_value", "final_close", "final_known")
    for ticker, value, close, known in zip(*(feed.market[name].to_numpy() for name in names), strict=True):
        if value > 0 and abs(value / close - 1) > FAR_FINAL and not np.isnat(known):
            day = f"{pd.Timestamp(known):%Y-%m-%d}"
            yield Finding(
                "far_final", "finals", str(ticker), day, shown=f"{value:g}, {close:g}", doubt={day: float(value / close - 1)}
            )
