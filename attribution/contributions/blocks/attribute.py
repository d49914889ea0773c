"""`attribute` over years of a market that is larger than memory: a part of the period and its prices at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.attribute import explain_course
from attribution.contributions.blocks.linked import IN_TWO_STEPS, LinkedResult, linked_result, rows_of_part
from attribution.linking.methods import DEFAULT_LINK
from attribution.portfolio.begun import inception_of
from attribution.portfolio.book import Book, require_book
from attribution.portfolio.course import blend_tracks
from attribution.portfolio.evidence.judged import course_evidence, require_sound
from attribution.portfolio.holdings import sleeve_lists
from attribution.portfolio.inputs import PACKAGES
from attribution.portfolio.periods import Period
from attribution.portfolio.tracks import Tracks
from attribution.rows import CASH
from riskmodel.arrays.labels import require_count
from riskmodel.code import packages_digest
from riskmodel.errors import InputError, counted, listed
from riskmodel.files import put_in_place
from riskmodel.market.blocks import MarketBlocks
from riskmodel.market.parquet_folder import has_footer, reading_parquet
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.model.store import SOFTWARE
from riskmodel.progress import Progress, Step, stages

MONTHS = 12  # of a part
BEFORE = 21  # sessions before the first list of a part: a name of it that has not traded since has ended


def attribute_in_blocks(
    book: Book,
    model: RiskModelResults,
    market: MarketBlocks,
    *,
    courses: Sequence[str] | None = None,
    link: str = DEFAULT_LINK,
    months: int = MONTHS,
    folder: Path | None = None,
    progress: Progress = None,
) -> dict[str, LinkedResult]:
    """Explain courses from their inceptions to the last session, some months at a time, and link these parts.

    Parameters
    ----------
    book
        From `attribution.read_book`, of courses whose shares are reset monthly, or of one sleeve.
    model
        A fit of the same market, in its store.
    market
        From `riskmodel.market.blocks.open_blocks`.
    courses
        By default all of the book.
    link
        "carino", "grap" or "frongello": a part's contributions are linked to the whole as its days would be.
    months
        Of a part: its prices, and the exposures of the names in it, are in memory at once.
    folder
        Where each part's contributions are kept as a file, so that what was interrupted goes on. By default nowhere.
    progress
        As for `attribute`; a stage is a part.

    Returns
    -------
    dict
        Course -> its linked contributions, which are those of `attribute` over the whole period.

    Raises
    ------
    InputError
        As `attribute`; for a book with funds, a benchmark of which only returns are known, or blends that are reset other
        than monthly: what those need lies outside of a part; for a name of a list that had ended before it.
    """
    require_book(book)
    require_results(model, "model")
    require_count("months", months)
    names = list(book.courses) if courses is None else list(courses)
    _require_in_parts(book, names, link)
    parts, rows = list(_parts(book, names, market, months)), []
    kept = None if folder is None else folder / _key(book, names, model, market, link, months)
    with stages(progress, len(parts)) as step:
        for period in parts:
            step(period.label)
            file = None if kept is None else kept / f"{period.label.replace('/', '_')}.parquet"
            if file is not None and has_footer(file):
                with reading_parquet("parts", file):
                    rows.append(pd.read_parquet(file))
                continue
            rows.append(_explained(book, names, model, market, period, link, step))
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                beside = file.with_name(f".{file.name}")
                rows[-1].to_parquet(beside, index=False)
                put_in_place(beside, file)
    every = pd.concat(rows, ignore_index=True)
    return {name: linked_result(every[every["course"] == name], name, book.benchmark_name(name), link) for name in names}


def _require_in_parts(book: Book, names: Sequence[str], link: str) -> None:
    if link not in IN_TWO_STEPS:
        raise InputError(f"link '{link}': parts can be linked to the whole by {', '.join(IN_TWO_STEPS)}.")
    wrong = [f"[funds] {name}" for name in book.funds]
    wrong += [f"[benchmarks] {name}, of which only returns are known" for name in book.pseudo_names]
    wrong += [
        f"[courses] {name}, reset {book.reset_of(name)}"
        for name in names
        if len(book.shares(name)) > 1 and book.reset_of(name) != "monthly"
    ]
    if wrong:
        raise InputError(
            f"{book.path.name}: not to be explained part by part: {listed(wrong)}. What they need lies outside of a part; "
            f"explain it whole with attribution.attribute."
        )


def _parts(book: Book, names: Sequence[str], market: MarketBlocks, months: int) -> Iterator[Period]:
    """Runs of whole calendar months from the first inception on."""
    starts = sorted(inception_of(book, name) for name in names)
    begins = market.sessions.searchsorted(pd.DatetimeIndex(starts))
    if outside := [start for start, begin in zip(starts, begins, strict=True) if not 0 < begin < len(market.sessions)]:
        raise InputError(
            f"{book.path.name}: the start {outside[0]:%Y-%m-%d} lies outside the prices, which run from "
            f"{market.sessions[0]:%Y-%m-%d} to {market.sessions[-1]:%Y-%m-%d}; its base is the close before. "
            "Give earlier prices, or a later inception."
        )
    begin = int(begins[0])
    days = market.sessions[begin:]
    month = days.to_period("M")
    number = (month.year * 12 + month.month).to_numpy()
    edges = np.append(np.flatnonzero(np.diff((number - number[0]) // months, prepend=-1)), len(days))
    for start, stop in pairwise(edges):
        label = f"{month[start]}/{month[stop - 1]}"
        yield Period(label, market.sessions[begin + start - 1], days[start:stop])


def _explained(
    book: Book,
    names: Sequence[str],
    model: RiskModelResults,
    market: MarketBlocks,
    period: Period,
    link: str,
    step: Step,
) -> pd.DataFrame:
    """The rows of one part of all courses that have begun by it."""
    lists = _Lists.of(book, market, period)
    first = max(lists.first - BEFORE, 0)
    window = market.window(first, int(market.sessions.get_loc(period.end)) + 1)
    lists.require_alive(window)
    own = book.model_copy(update={"holdings": lists.holdings})
    longest = Tracks(own, window, period)
    rows = []
    for name in names:
        step(f"{period.label}: {name}")
        days = period.days[period.days >= inception_of(book, name)]
        if days.empty:
            continue
        base = market.sessions[market.sessions.get_loc(days[0]) - 1]
        tracks = longest if len(days) == len(period.days) else Tracks(own, window, Period(period.label, base, days))
        require_sound(course_evidence(tracks, name), book.path.name)
        result = explain_course(blend_tracks(tracks, name), own, model, window, link=link)
        rows.append(rows_of_part(result, period.label))
    return pd.concat(rows, ignore_index=True)


@dataclass(frozen=True)
class _Lists:
    """What is held over a part, and by its benchmarks: the place of the session of the first list, the rows from it on."""

    first: int
    holdings: pd.DataFrame
    constituents: pd.DataFrame

    @classmethod
    def of(cls, book: Book, market: MarketBlocks, period: Period) -> _Lists:
        """Those of a book that count on the days of a part."""
        table = market.tables.get("constituents", pd.DataFrame({"index": [], "date": pd.DatetimeIndex([])}))
        of_benchmarks = [rule.constituents for rule in book.benchmarks.values() if rule.constituents is not None]
        groups = [sleeve_lists(book, sleeve) for sleeve in book.sleeves]
        groups += [table[table["index"] == index] for index in of_benchmarks]
        begins = [period.base]
        for rows in groups:
            dates = pd.DatetimeIndex(rows["date"].unique())
            begins.append(dates[dates <= period.base].max() if (dates <= period.base).any() else period.base)
        begin = min(begins)
        within = [rows[(rows["date"] >= begin) & (rows["date"] <= period.end)] for rows in (book.holdings, table)]
        return cls(max(int(market.sessions.searchsorted(begin, side="right")) - 1, 0), *within)

    def require_alive(self, window: xr.Dataset) -> None:
        """Refuse lists with a name that has not traded for `BEFORE` sessions: how its life ended lies before the window."""
        traded = window["life"].to_numpy() >= 0
        sessions = window.get_index("time")
        begins = pd.Series(sessions[traded.argmax(axis=0)], window.get_index("asset")).where(traded.any(axis=0))
        for name, rows in (("holdings", self.holdings), ("constituents", self.constituents)):
            held = rows[rows["ticker"].isin(begins.index) & (rows["ticker"] != CASH)]
            seen = begins.reindex(held["ticker"]).to_numpy()
            ended = held[np.isnat(seen) | (seen > held["date"].to_numpy())]
            if len(ended):
                where = ended["ticker"] + " " + ended["date"].dt.strftime("%Y-%m-%d")
                raise InputError(
                    f"{name}: {counted(len(ended), 'row')} of a name without a price for {BEFORE} sessions or more: "
                    f"{listed(where)}. Take from the list what had ended, or explain the period whole."
                )


def _key(book: Book, names: Sequence[str], model: RiskModelResults, market: MarketBlocks, link: str, months: int) -> str:
    """What the rows of a part depend on; a hexadecimal digest."""
    holdings = pd.util.hash_pandas_object(book.holdings, index=False).sum()
    fitted = hashlib.sha256(model.factor_returns.to_numpy().tobytes()).hexdigest()  # settings do not say of which tables
    read = [market.prices.hashes(), book.path.read_text(encoding="utf-8"), str(holdings), model.settings, fitted]
    facts = [version(SOFTWARE), packages_digest(*PACKAGES), *read, list(names), link, months]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
