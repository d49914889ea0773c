"""Share counts against splits, dealing, filings and the weights of indices: is a capitalisation that of the company?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from riskmodel.market.evidence.feed import MARKET_RULES, Feed
from riskmodel.market.evidence.finding import Finding

SAME_RATIO = np.log(1.10)  # share counts move by a few percent between two filings
THERE_AND_BACK = np.log(1.8)
UNIT = np.log(1.05)  # how near to a power of ten a step of the unit comes
MOST_DEALT, LEAST_DEALT = 0.2, 1e-5  # of a name's shares, on its median day
USUAL_DEALT, UNUSUAL_DEALT = -2.3, 1.3  # decimal orders of the shares that change hands in a day: one in two hundred
STEP_DAYS, LEAST_UNIT, MOST_OF_ALL = 10, 1.7, 0.5
ALIKE = 0.05  # median deviation of logarithms in a list that is weighted by these capitalisations
NEAR_WEIGHT, FAR_WEIGHT = np.log(1.8), np.log(5.0)
PRICED_LIST = 20  # names, or days, fewer tell nothing
SAMPLED_DAYS = 50
OTHER_DAYS = tuple(
    middle + near for middle in (-21, 0, 21, 42, 63) for near in range(-2, 3) if middle + near
)  # sessions before
FAR_FROM_FILINGS = UNBELIEVABLE = np.log(30.0)  # no company grows thirtyfold in a day


@MARKET_RULES.rule("shares_as_filed")
def counts_beside_splits(feed: Feed) -> Iterator[Finding]:
    """Closes are adjusted for later splits; a count that moves by the ratio across an ex-date is not."""
    if "splits" not in feed.tables:
        return
    shares, owners = feed.tables["shares"], feed.tickers_of("shares")
    known, counts = shares["available_from"].to_numpy(), shares["shares_out"].to_numpy()
    splits, columns = feed.tables["splits"], feed.tickers_of("splits")
    for column, day, ratio in zip(columns, splits["ex_date"].to_numpy(), splits["ratio"], strict=True):
        rows = np.flatnonzero(owners == column) if column >= 0 else np.array([], dtype=int)
        rows = rows[np.argsort(known[rows], kind="stable")]
        after = int(np.searchsorted(known[rows], day))
        if abs(np.log(ratio)) < np.log(1.2) or not 0 < after < len(rows):
            continue
        step = float(counts[rows[after]] / counts[rows[after - 1]])
        if abs(np.log(step / ratio)) < min(SAME_RATIO, abs(np.log(ratio)) / 3):
            first = f"{pd.Timestamp(known[rows[after]]):%Y-%m-%d}"
            yield Finding("shares_as_filed", "shares", feed.assets[column], first, shown=f"x {step:.4g}, {ratio:g}")


@MARKET_RULES.rule("shares_there_and_back", "shares_unit")
def counts_that_jump(feed: Feed) -> Iterator[Finding]:
    """A count that doubles and comes back, or moves by a power of ten, while the name trades."""
    shares = feed.panel("shares_out")

    def steps(names: slice) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.diff(np.log(shares[:, names]), axis=0, prepend=np.nan)

    _, jumping = feed.places(lambda names: (np.abs(steps(names)) > THERE_AND_BACK) & np.isfinite(feed.move[:, names]))
    for column in np.unique(jumping):
        own = steps(slice(column, column + 1))[:, 0]
        rows = np.flatnonzero((np.abs(own) > THERE_AND_BACK) & np.isfinite(feed.move[:, column]))
        sizes = own[rows]
        for place in np.flatnonzero(np.abs(sizes[:-1] + sizes[1:]) < SAME_RATIO):
            yield Finding(
                "shares_there_and_back", "shares", feed.assets[column], feed.days[rows[place]],
                count=int(rows[place + 1] - rows[place]), shown=f"x {np.exp(sizes[place]):.4g}",
                refused=bool(abs(sizes[place]) > UNBELIEVABLE),
            )  # fmt: skip
        for row, size in zip(rows, sizes, strict=True):
            power = np.round(size / np.log(10.0))
            if abs(power) >= 2 and abs(size - power * np.log(10.0)) < UNIT:
                yield Finding(
                    "shares_unit",
                    "shares",
                    feed.assets[column],
                    feed.days[row],
                    shown=f"x {np.exp(size):,.4g}",
                    refused=True,
                )


@MARKET_RULES.rule("dealt_unlike_shares")
def counts_beside_dealing(feed: Feed) -> Iterator[Finding]:
    """Where a fifth of a name changes hands on its median day, or next to nothing, its shares are in another unit."""
    some = np.arange(0, len(feed.days), max(len(feed.days) // SAMPLED_DAYS, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        dealt = feed.panel("volume")[some] / feed.panel("shares_out")[some]
        dealt[~(dealt > 0)] = np.nan
        enough = np.flatnonzero(np.isfinite(dealt).sum(axis=0) >= PRICED_LIST)
        median = np.nanmedian(dealt[:, enough], axis=0)
    for column, share in zip(enough, median, strict=True):
        if share > MOST_DEALT or share < LEAST_DEALT:
            first = feed.days[int(some[np.isfinite(dealt[:, column]).argmax()])]
            yield Finding("dealt_unlike_shares", "shares", feed.assets[column], first, shown=f"{share:.3g}")


@MARKET_RULES.rule("volume_unit")
def volumes_in_another_unit(feed: Feed) -> Iterator[Finding]:
    """Dealing that steps by a hundred or a thousand between two fortnights; a market of which nothing, or all, is dealt."""
    volume, shares = feed.panel("volume"), feed.panel("shares_out")

    def dealt(names: slice | np.ndarray) -> np.ndarray:
        own = volume[:, names]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log10(np.where(own > 0, own, np.nan))

    share, count, stepping = np.empty(volume.shape), 0, list[np.ndarray]()
    for names in feed.blocks:
        own = dealt(names)
        with np.errstate(invalid="ignore", divide="ignore"):
            np.subtract(own, np.log10(shares[:, names]), out=share[:, names])
        known = np.isfinite(own)
        count += int(known.sum())
        so_far = np.cumsum(np.where(known, own, 0.0), axis=0)
        fortnight = (so_far[STEP_DAYS:] - so_far[:-STEP_DAYS]) / STEP_DAYS
        far = np.abs(fortnight[STEP_DAYS:] - fortnight[:-STEP_DAYS]) > LEAST_UNIT / 2
        stepping.append(names.start + np.flatnonzero(far.any(axis=0)))
    usual = np.nanmedian(share, overwrite_input=True) if np.isfinite(share).any() else np.nan  # nobody may have both
    if abs(usual - USUAL_DEALT) > UNUSUAL_DEALT:
        yield Finding("volume_unit", "prices", date=feed.days[0], count=count, shown=f"{10**usual:.2g}")
    some = np.concatenate(stepping)
    before = pd.DataFrame(dealt(some)).rolling(STEP_DAYS, min_periods=STEP_DAYS - 2)
    least, most, middle = before.min(), before.max(), before.median()
    apart = (least.shift(-STEP_DAYS) > most) | (most.shift(-STEP_DAYS) < least)  # two fortnights that do not overlap
    steps = (middle.shift(-STEP_DAYS) - middle).where(apart).to_numpy()
    found = []
    for column, of in zip(some, steps.T, strict=True):
        if np.nanmax(np.abs(of), initial=0.0) > LEAST_UNIT:
            row = int(np.nanargmax(np.abs(of)))
            step = 10 ** of[row]
            found.append(Finding("volume_unit", "prices", feed.assets[column], feed.days[row + 1], shown=f"x {step:,.3g}"))
    if len(found) > MOST_OF_ALL * len(feed.assets):  # the feed as a whole
        days = sorted(finding.date for finding in found)
        found = [Finding("volume_unit", "prices", date=days[len(days) // 2], count=len(found))]
    yield from found


@MARKET_RULES.rule("cap_off_lists", "weight_off_cap", "list_of_another_day", "list_rescaled")
def weights_beside_capitalisations(feed: Feed) -> Iterator[Finding]:
    """In a list that is weighted by capitalisation every weight is the same multiple of it."""
    if "constituents" not in feed.tables:
        return
    frame, sessions = feed.tables["constituents"], feed.market.get_index("time")
    rows = sessions.searchsorted(pd.DatetimeIndex(frame["date"]), side="right") - 1
    columns = feed.tickers_of("constituents")
    held = frame[(rows >= 0) & (columns >= 0) & (frame["weight"] > 0).to_numpy()].copy()
    place = (rows[held.index], columns[held.index])
    logarithm = np.log(feed.panel("market_cap"))
    lists = [held["index"], held["date"]]

    def misfit(shift: int) -> tuple[pd.Series, pd.Series]:
        """How far the weights are from the capitalisations of so many sessions before, and the median of each list."""
        cap = logarithm[np.clip(place[0] - shift, 0, len(sessions) - 1), place[1]]
        away = pd.Series(np.log(held["weight"].to_numpy()) - cap, index=held.index)
        away -= away.groupby(lists).transform("median")
        return away, away.abs().groupby(lists).median()

    held["away"], fit = misfit(0)
    known = held["away"].notna().groupby(lists).sum() >= PRICED_LIST
    pure = (fit.reindex(pd.MultiIndex.from_arrays(lists)).to_numpy() < ALIKE) & known.reindex(
        pd.MultiIndex.from_arrays(lists)
    ).to_numpy()
    far = held[held["away"].abs() > np.where(pure, NEAR_WEIGHT, FAR_WEIGHT)]
    listed = held.groupby(["index", "ticker"])["away"].count()
    for (index, ticker), of in far.groupby(["index", "ticker"], sort=False):
        size = float(np.exp(-of["away"].median()))
        first = f"{of['date'].min():%Y-%m-%d}"
        if len(of) > max(1, 0.5 * listed[index, ticker]):  # list after list: it is the capitalisation that differs
            yield Finding(
                "cap_off_lists", "prices", str(ticker), first, count=len(of), shown=f"x {size:.3g}, {index}",
                refused=bool(abs(np.log(size)) > UNBELIEVABLE),
            )  # fmt: skip
        else:
            yield Finding(
                "weight_off_cap", "constituents", str(ticker), first, count=len(of), shown=f"x {1 / size:.3g}, {index}"
            )
    loose = fit[(fit > ALIKE / 10) & known]
    if len(loose):
        best = pd.concat({shift: misfit(shift)[1] for shift in OTHER_DAYS}, axis=1)
        usual = fit.groupby(level="index").median()
        for (index, date), own in loose.items():
            others = best.loc[(index, date)].dropna()
            nearest = others.idxmin() if len(others) else 0
            if len(others) and others[nearest] < own / 3 and own > 3 * usual[index]:
                yield Finding(
                    "list_of_another_day", "constituents", str(index), f"{date:%Y-%m-%d}", shown=f"{nearest:+d}",
                )  # fmt: skip
            elif own > ALIKE > 3 * usual[index]:
                yield Finding("list_rescaled", "constituents", str(index), f"{date:%Y-%m-%d}", shown=f"{own:.0%}")


@MARKET_RULES.rule("cap_off_filings")
def capitalisations_beside_filings(feed: Feed) -> Iterator[Finding]:
    """A company whose every yearly figure is thirtyfold too small, or too large, for its capitalisation."""
    filings = feed.tables["fundamentals"]
    items = [name for name in ("revenue", "total_assets", "equity", "total_liabilities") if name in filings]
    with np.errstate(invalid="ignore", divide="ignore"):
        cap = np.log(feed.beside("fundamentals", "available_from", "market_cap"))
        away = pd.DataFrame({name: np.log(filings[name].where(filings[name] > 0)).to_numpy() - cap for name in items})
    away -= away.median()
    count, least, most = away.notna().sum(axis=1), away.min(axis=1), away.max(axis=1)
    small, large = (most < -FAR_FROM_FILINGS) & (count >= 3), (least > FAR_FROM_FILINGS) & (count >= 3)
    frame = pd.DataFrame({"ticker": filings["ticker"].to_numpy(), "day": filings["available_from"].to_numpy()})
    frame["away"] = np.where(small, most, np.where(large, least, np.nan))
    for ticker, of in frame[small | large].groupby("ticker", sort=False):
        yield Finding(
            "cap_off_filings", "prices", str(ticker), f"{of['day'].min():%Y-%m-%d}", count=len(of),
            shown=f"x {np.exp(-of['away'].median()):.3g}",
        )  # fmt: skip
