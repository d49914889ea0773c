"""What the lists of an export say of a book: portfolios, benchmarks, the first day, the currency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import pandas as pd

from riskmodel.market.day_forms import strptime_of
from riskmodel.market.sources.mapping import OPEN
from riskmodel.market.sources.recognition.codes import is_cash
from riskmodel.market.sources.recognition.drafts import Draft, as_ours, names_of_levels, said_of
from riskmodel.market.sources.recognition.found import Recognised
from riskmodel.market.sources.recognition.words import HEADERS, currency_said, matched

CODE = re.compile("(?!GBX|ZAC|ILA)[A-Z]{3}")  # of a currency; of these hundredths the unit is a question
SESSIONS_BEFORE = 61  # the longest window of the model's exposures by default, and a day to stamp them
BETWEEN_SESSIONS = pd.Timedelta(days=4)  # at the median; days of lists are a month apart


@dataclass(frozen=True)
class Lists:
    """What a book is drafted from.

    Attributes
    ----------
    portfolios
        Portfolio -> the first day that it has a list of; None where the days cannot be read yet.
    indices
        With levels.
    lists
        Indices with constituents.
    overlap
        Portfolio -> index -> share of its names that are in the index's lists.
    inception
        The first session after every portfolio has a list; None where it is not known.
    sessions_before
        Of prices, before it.
    currencies
        That headers and names of files say.
    """

    portfolios: Mapping[str, pd.Timestamp | None]
    indices: tuple[str, ...]
    lists: tuple[str, ...]
    overlap: Mapping[str, Mapping[str, float]]
    inception: pd.Timestamp | None
    sessions_before: int
    currencies: tuple[str, ...]


def lists_in(recognised: Recognised) -> Lists:
    """Read off the tables of an export what a book needs to know."""
    found = (recognised.draft(name) for name in ("holdings", "constituents", "indices"))
    holdings, constituents, levels = (None if draft is not None and draft.uncertain else draft for draft in found)
    held = pd.DataFrame({"list": [], "date": [], "ticker": []}) if holdings is None else _rows(holdings, "portfolio")
    lists = pd.DataFrame({"list": [], "date": [], "ticker": []}) if constituents is None else _rows(constituents, "index")
    held = held if holdings is None else _of_stocks(held, recognised)
    firsts = {name: rows["date"].min() for name, rows in held.groupby("list")}
    portfolios = {str(name): None if pd.isna(day) else day for name, day in firsts.items()}
    if not _same_codes(holdings, constituents):
        held["ticker"], lists["ticker"] = (
            _tickers(rows, draft, recognised) for rows, draft in ((held, holdings), (lists, constituents))
        )
    members = {str(name): set(rows["ticker"]) for name, rows in lists.groupby("list")}
    if constituents is not None and _are_asked(constituents, "index"):
        members = {}
    overlap = {
        str(name): {index: _share({*rows["ticker"]} - {""}, members[index]) for index in members}
        for name, rows in held.groupby("list")
    }
    sessions = _sessions(recognised.draft("prices"))
    known = [day for day in portfolios.values() if day is not None]
    later = sessions[sessions > max(known)] if known and len(known) == len(portfolios) else sessions[:0]
    inception = later[0] if len(later) and not (holdings is not None and _are_asked(holdings, "portfolio")) else None
    return Lists(
        portfolios=portfolios,
        indices=() if levels is None or _are_levels_asked(levels) else names_of_levels(levels),
        lists=tuple(sorted(members)),
        overlap=overlap,
        inception=inception,
        sessions_before=0 if inception is None else int((sessions < inception).sum()),
        currencies=_currencies(recognised),
    )


def _of_stocks(held: pd.DataFrame, recognised: Recognised) -> pd.DataFrame:
    """Lists without those that have no code of a security, where others have: titles of blocks, funds of bonds."""
    master = recognised.draft("securities")
    known = {*()} if master is None or master.group is None else {*map(str, master.group.cells.stack())}
    some = held.groupby("list")["ticker"].transform(lambda names: bool(known & {*names}))
    return held[some.astype(bool)] if len(held) and some.any() else held


def _are_levels_asked(levels: Draft) -> bool:
    """Whether it is asked which file, or which column, levels are: they were held against no stock then."""
    return _is_place_asked(levels) or ("columns", "level") in levels.questions()


def _are_asked(lists: Draft, whose: str) -> bool:
    """Whether it is asked which file lists are in, whose they are or of which day: until then they say nothing."""
    return _is_place_asked(lists) or any(path[-1] in (whose, "date", "dates", "zone") for path in lists.questions())


def _share(names: set[str], members: set[str]) -> float:
    """The share of names that are among others; cash and sums are among none, and count little."""
    names = {name for name in names if not is_cash(name)}
    return len(names & members) / max(len(names), 1)


def _tickers(rows: pd.DataFrame, draft: Draft | None, recognised: Recognised) -> pd.Series:
    """The names of rows as tickers, where their table names stocks by another code of the table of securities."""
    master = recognised.draft("securities")
    label = master.labels.get(str(draft.stated.get("identifiers"))) if master is not None and draft is not None else None
    ticker = master.labels.get("ticker") if master is not None else None
    if master is None or master.group is None or label is None or ticker is None:
        return rows["ticker"]
    known = dict(zip(master.group.texts(label), master.group.texts(ticker), strict=True))
    return rows["ticker"].map(lambda name: known.get(name, name))


def _same_codes(holdings: Draft | None, constituents: Draft | None) -> bool:
    """Whether both name stocks by the same codes, so that their names can be compared as they are."""
    named = [draft.stated.get("identifiers") for draft in (holdings, constituents) if draft is not None]
    return len(set(named)) <= 1


def _rows(draft: Draft, whose: str) -> pd.DataFrame:
    """The lists of a draft: whose, day and name of each row; a day that cannot be read yet is missing."""
    group, stated = draft.group, draft.stated
    if group is None:
        return pd.DataFrame({"list": [], "date": [], "ticker": []})
    said = [said_of(draft, each) for each in group.seen]
    of_file = (
        pd.DataFrame(said, dtype=object).reindex(columns=[whose, "date"]).iloc[group.file_of_rows].reset_index(drop=True)
    )
    constant = stated.get("constant", {})
    said_once = of_file[whose].astype(object).where(of_file[whose].notna(), constant.get(whose, OPEN))
    names = group.texts(draft.labels[whose]) if whose in draft.labels else said_once
    if "date" in draft.labels:
        unclear = stated.get("dates") == OPEN
        dates = pd.Series(pd.NaT, group.cells.index) if unclear else group.days(draft.labels["date"])
    else:
        form = strptime_of(str(stated.get("dates", "")))
        dates = pd.to_datetime(of_file["date"], format=form or None, errors="coerce")
    names = names.replace(stated.get("values", {}).get(whose, {}))
    codes = as_ours(group.texts(draft.labels["ticker"]), draft)
    rows = pd.DataFrame({"list": names.to_numpy(), "date": dates.to_numpy(), "ticker": codes})
    return rows[rows["list"] != ""]


def _sessions(prices: Draft | None) -> pd.DatetimeIndex:
    """The days of prices; none where it is asked which file or day it is, or where they are no sessions."""
    if prices is None or _is_place_asked(prices):
        return pd.DatetimeIndex([])
    if prices.group is not None and "date" in prices.labels and prices.stated.get("dates") != OPEN:
        days = prices.group.days(prices.labels["date"])
    elif prices.sheets:
        first = prices.sheets[0]
        days = first.days(first.first.labels[0])
    else:
        return pd.DatetimeIndex([])
    sessions = pd.DatetimeIndex(sorted(days.dropna().unique()))
    return sessions if sessions.to_series().diff().median() <= BETWEEN_SESSIONS else sessions[:0]


def _is_place_asked(draft: Draft) -> bool:
    """Whether a table's file or sheet is asked: of one in a grid, that of any of its fields."""
    return any(path[-1] in ("file", "sheet") for path in draft.questions())


def _currencies(recognised: Recognised) -> tuple[str, ...]:
    """The currencies that headers of amounts, names of their files and sheets, and cells beside prices and filings say."""
    said = set()
    for draft in recognised.drafts:
        if draft.table in ("prices", "holdings", "fundamentals", "shares"):
            labels = [*draft.labels.values()]
            labels += [sheet.first.sheet or PurePosixPath(sheet.first.file).stem for sheet in draft.sheets]
            said |= {code for label in labels if (code := currency_said(label)) is not None}
        if draft.table in ("prices", "fundamentals", "shares") and draft.group is not None:
            for label, shape in draft.group.shapes.items():
                texts = {*shape.texts} - {""}
                if matched(label, HEADERS["currencies"])[0] and texts and all(map(CODE.fullmatch, texts)):
                    said |= texts
    return tuple(sorted(said))
