"""Whether a take stands: two kinds of evidence speak for it, and nothing speaks against it. Else it is a question.

The kinds are words (of headers, of the names of files and sheets), codes (that other tables share), days (how often rows
come) and cells (arithmetic with other tables, or of columns with each other). One kind alone is met by too much else: a
fund's net asset value moves every day as the level of an index does, a number of analysts is as steady as a count of shares,
and a model portfolio has lists as a portfolio has. That all other files are something else is no evidence at all. What cells
or words disprove is no candidate, however much speaks for it.

Every long file and every sheet that may be a table passes through `standing_of` or `standing_across` before it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.codes import FEW_OTHERS, is_cash
from riskmodel.market.sources.recognition.doubts import list_columns
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.market import apart_from, counts_and_caps
from riskmodel.market.sources.recognition.evidence.priced import Priced
from riskmodel.market.sources.recognition.evidence.series import LEVELS, RETURNS, is_small, kind_of_series
from riskmodel.market.sources.recognition.evidence.statements import of_results
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import LISTED, Group, parts_of_wholes, wholes_of
from riskmodel.market.sources.recognition.names import plain_index
from riskmodel.market.sources.recognition.wide import Wide
from riskmodel.market.sources.recognition.words import CURRENCIES, HEADERS, OF_NAMES, WORDS, has, matched, tokens

WORD, CODES, DAYS, CELLS = "word", "codes", "days", "cells"
CURRENCY = re.compile(r"[A-Z]{3}\d{0,3}")  # EUR, JPY100
ENOUGH = 2  # kinds
PERHAPS = ("like_levels", "like_counts", "like_splits")  # of cells alone that much else has too
SHARED = 0.5  # of the names of levels are those of portfolios: they are of funds
FEW_TITLES = 3  # cells above a grid that say what it is
ALL = 0.9  # of the stocks of a folder are in no portfolio
MOST = 0.5  # of the stocks of a folder have a count of shares; of lists have a row for cash
FEW_STRANGE = 3  # codes that no security has may be cash; more are securities that the folder does not know
FEW_STOCKS = 3  # with results and a close
MOST_EARNED, ONE_SIZE = 1.0, 50.0  # of a close a share, and how many times the least of most stocks it is at most
WEEK = pd.Timedelta(days=7)  # before the last of the prices at most a rate ends


@dataclass(frozen=True)
class Folder:
    """What of a folder tells of each of its files.

    Attributes
    ----------
    codes
        The columns of the table of securities that tell its rows apart, with their texts.
    priced
        Its daily prices.
    portfolios, lists, levels
        Names of portfolios, of indices with members, and of indices with levels, each as words or their own cells tell them.
    """

    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    priced: Priced = field(default_factory=Priced)
    portfolios: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Standing:
    """What speaks for a take, by kind, and what disproves it.

    Examples
    --------
    >>> Standing(frozenset({WORD, CELLS})).holds, Standing(frozenset({CELLS})).holds
    (True, False)
    """

    kinds: frozenset[str]
    against: Fact | None = None

    @property
    def holds(self) -> bool:
        """Whether a person need not be asked."""
        return self.against is None and len(self.kinds) >= ENOUGH


def standing_of(group: Group, candidate: Candidate, folder: Folder) -> Standing:
    """What speaks for a long file as a table, and against it."""
    kinds = set[str]()
    if not candidate.why or _named(group.around, candidate.table):
        kinds.add(WORD)
    if candidate.label("ticker") is not None and folder.codes:
        kinds.add(CODES)
    if not any(fact.key in PERHAPS for fact in candidate.why):
        kinds |= {DAYS, CELLS} if candidate.why else {DAYS} & _days(group)
    if candidate.table == "indices":
        return _of_levels(group, candidate, folder, kinds)
    if candidate.table == "constituents":
        return Standing(_of_members(group, candidate, folder))
    if candidate.table == "holdings" and not _is_held(group, candidate, folder.codes):
        kinds &= {CODES}  # lists of stocks; whose, nothing says
    if candidate.table == "earnings" and candidate.why and not (expects(group) or _of_a_share(group, candidate, folder)):
        kinds &= {CODES}  # of any three columns of accounts one may be another two, one less the other
    if candidate.table == "fundamentals" and _may_be_results(group, candidate):
        kinds &= {CODES}
    if candidate.table == "rates":
        return Standing(_of_rates(group, candidate, folder))
    if candidate.table == "shares" and _are_few(group, candidate, folder.codes):
        kinds &= {WORD}  # of a portfolio's stocks, perhaps
    if candidate.table == "shares" and counts_and_caps(group, candidate.label("ticker"), folder.priced.closes):
        kinds.add(CELLS)
    return Standing(frozenset(kinds))


def _are_few(group: Group, candidate: Candidate, codes: Mapping[str, frozenset[str]]) -> bool:
    """Whether less than half of the stocks of a folder are in a file."""
    ticker = candidate.label("ticker")
    everybody = max(map(len, codes.values()), default=0)
    return ticker is not None and group.texts(ticker).nunique() < MOST * everybody


def standing_across(sheet: Wide, folder: Folder) -> Standing:
    """What speaks for a sheet with names across, or down, as a field of a table."""
    kinds = {WORD} if sheet.field is not None else set[str]()
    kinds |= {CODES} if sheet.codes else set()
    names = sheet.names
    if sheet.table == "indices":
        if (against := _of_funds(sheet.group.around, "", names, folder)) is not None:
            return Standing(frozenset(kinds), against)
        kinds |= {CELLS} if folder.priced.markets else set()  # what goes with no market has been told apart
        kinds |= {CODES} if names & folder.lists else set()
        return Standing(frozenset(kinds))
    everybody = max(map(len, folder.codes.values()), default=0)
    titles = sheet.group.first.titles
    around = (*titles[:FEW_TITLES], *sheet.group.around[len(titles) :])  # more above are companies: Quorn Holdings plc
    held = [text for text in around if _says_held(text)]
    if sheet.table == "shares" and (len(names) < MOST * everybody or held):
        of_few = Fact("counts_of_few", {"names": len(names), "stocks": everybody})
        return Standing(frozenset(kinds), Fact("counts_held", {"label": held[0]}) if held else of_few)
    return Standing(frozenset(kinds))


def covers_all(group: Group, candidate: Candidate, codes: Mapping[str, frozenset[str]]) -> bool:
    """Whether what words take for a portfolio's list has nearly all stocks there are on each day, and no part of a whole.

    So have market values beside prices and counts of shares; what sums to a whole may be the members of a broad index.
    """
    ticker, day = candidate.label("ticker"), candidate.label("date")
    if candidate.table != "holdings" or ticker is None or day is None or "portfolio" in candidate.columns:
        return False
    everybody = max(map(len, codes.values()), default=0)
    names = group.texts(ticker).groupby([group.file_of_rows, group.texts(day).to_numpy()]).nunique()
    return bool(everybody and names.median() >= ALL * everybody) and not wholes_of(group, [day], {ticker, day})


def _named(texts: Sequence[str], table: str) -> bool:
    """Whether the lines above, the sheet, the file or its folder bear a word for a table."""
    return any(has(tokens(text), phrase) for text in texts for phrase in OF_NAMES.get(table, ()))


def _days(group: Group) -> set[str]:
    return {DAYS} if any(shape.kind == DAY for shape in group.shapes.values()) else set()


def _of_levels(group: Group, candidate: Candidate, folder: Folder, kinds: set[str]) -> Standing:
    """Levels of indices: named so, going with the stocks of the folder, called as lists are; and of no fund or currency."""
    day, label = candidate.label("date"), candidate.label("index")
    if day is None or (label is None and not group.sheets):
        return Standing(frozenset(kinds))
    names = frozenset(group.sheets) if label is None else frozenset(group.texts(label)) - {""}
    if (against := _of_funds((*group.around, *group.first.labels), label or "", names, folder)) is not None:
        return Standing(frozenset(kinds), against)
    if label is None:
        return Standing(frozenset(kinds | ({CODES} if names & folder.lists else set())))
    if matched(label, WORDS["indices"]["index"])[0]:
        kinds.add(WORD)
    if names & folder.lists:
        kinds.add(CODES)
    numbers = [each for each, shape in group.shapes.items() if shape.kind == NUMBER and each != label]
    for panel in group.panels(day, label, numbers).values() if folder.priced.markets else ():
        if kind_of_series(panel) == LEVELS and len(apart_from(folder.priced.markets, panel)) < len(panel.columns):
            kinds.add(CELLS)
    return Standing(frozenset(kinds))


def _of_members(group: Group, candidate: Candidate, folder: Folder) -> frozenset[str]:
    """Lists of an index: a word says so, levels bear the same names, and each list is a whole without a row for cash."""
    ticker, label = candidate.label("ticker"), candidate.label("index")
    kinds = {WORD} if group.of_index or (not candidate.why and label is not None) else set[str]()
    names = set(group.texts(label)) - {""} if label is not None else {PurePosixPath(each.file).stem for each in group.seen}
    known = {plain_index(name) for name in folder.levels}
    if any(plain_index(name) in known or any(has(tokens(name), index) for index in known if index) for name in names):
        kinds.add(CODES)
    if ticker is not None and sums_to_wholes(group, candidate) and not has_cash(group, ticker, folder.codes):
        kinds.add(CELLS)
    return frozenset(kinds)


def sums_to_wholes(group: Group, candidate: Candidate) -> bool:
    """Whether some column of numbers is a whole in each list: else it is no list of weights."""
    keys = [label for ours in ("date", LISTED[candidate.table]) if (label := candidate.label(ours)) is not None]
    used = {*keys, *(label for label, _ in candidate.columns.get("ticker", ()))}
    return bool(wholes_of(group, keys, used)) or parts_of_wholes(group, keys, used)[0] is not None


def has_cash(group: Group, ticker: str, codes: Mapping[str, frozenset[str]]) -> bool:
    """Whether rows of lists name no security, in most files or days: cash and claims, which a portfolio has and no index."""
    names = group.texts(ticker)
    others = {*names}.difference(*codes.values())
    cash = {text for text in others if not text or is_cash(text)} if len(others) < FEW_OTHERS or not codes else {""}
    cash |= others if codes and len(others) <= FEW_STRANGE else set()
    days = next((group.texts(label) for label, shape in group.shapes.items() if shape.kind == DAY), names * 0)
    return bool(names.isin(cash).groupby([group.file_of_rows, days.to_numpy()]).any().mean() > MOST)


def _is_held(group: Group, candidate: Candidate, codes: Mapping[str, frozenset[str]]) -> bool:
    """Whether anything says that lists are of portfolios, and not the members of an index: a word, or a row for cash."""
    said = any(
        matched(label, WORDS["holdings"][ours])[0]
        for ours in ("portfolio", "quantity", "market_value")
        for label, _ in candidate.columns.get(ours, ())
    )
    ticker = candidate.label("ticker")
    return said or _named(group.around, "holdings") or (ticker is not None and has_cash(group, ticker, codes))


def _of_a_share(group: Group, candidate: Candidate, folder: Folder) -> bool:
    """Whether what was told is about a share: of one size beside the closes of all stocks, as no total is."""
    ticker = candidate.label("ticker")
    found = of_results(_numbers_of(group, ticker)).get("eps_actual")
    if ticker is None or found is None:
        return False
    for label in found.labels:
        told = group.numbers(label).abs().groupby(group.texts(ticker).to_numpy()).median()
        for closes in folder.priced.closes:
            over = (told / pd.Series(dict(closes), dtype=float)).dropna()
            over = over[over > 0]
            if (
                len(over) >= FEW_STOCKS
                and over.median() < MOST_EARNED
                and over.quantile(0.9) < ONE_SIZE * over.quantile(0.1)
            ):
                return True
    return False


def _may_be_results(group: Group, candidate: Candidate) -> bool:
    """Whether accounts that no word calls so have a column that is another two, as a surprise is."""
    if not any(fact.key == "like_quarters" for fact in candidate.why):
        return False
    return any(each.proved for each in of_results(_numbers_of(group, candidate.label("ticker"))).values())


def _numbers_of(group: Group, *without: str | None) -> pd.DataFrame:
    labels = [label for label, shape in group.shapes.items() if shape.kind == NUMBER and label not in without]
    return pd.DataFrame({label: group.numbers(label) for label in labels})


def expects(group: Group) -> bool:
    """Whether a header, or what stands around the cells, says an estimate, a consensus or a surprise."""
    texts = (*group.around, *group.first.labels)
    return any(has(tokens(text), phrase) for text in texts for phrase in HEADERS["of_estimates"])


def _of_rates(group: Group, candidate: Candidate, folder: Folder) -> frozenset[str]:
    """Rates of cash: named so, to the last of the prices, and small and slow beside no returns.

    Returns of factors are published with a rate of their own, in their unit and to their last month.
    """
    day = candidate.label("date")
    numbers = {label: group.numbers(label) for label, shape in group.shapes.items() if shape.kind == NUMBER}
    kinds = {WORD} if not candidate.why or _named(group.around, "rates") else set[str]()
    beside = [label for label, each in numbers.items() if kind_of_series(each.to_frame()) == RETURNS]
    if not beside and any(map(is_small, numbers.values())):
        kinds.add(CELLS)
    if day is not None and folder.priced.markets:
        last = max(market.index.max() for market in folder.priced.markets)
        kinds |= {DAYS} if group.days(day).max() >= last - WEEK else set()
    return frozenset(kinds)


def _of_funds(texts: Sequence[str], label: str, names: frozenset[str], folder: Folder) -> Fact | None:
    """That levels are of portfolios or of currencies: their names or the header above them say so, or a word for values."""
    if names and all(map(CURRENCY.fullmatch, names)) and any(name[:3] in CURRENCIES.values() for name in names):
        return Fact("levels_of_currencies", {"labels": tuple(sorted(names))})
    of_lists = {name for name in names if name in folder.lists}
    if label and matched(label, WORDS["holdings"]["portfolio"])[0] and not matched(label, WORDS["indices"]["index"])[0]:
        return Fact("levels_of_funds", {"label": label})
    if names and len(names & folder.portfolios - of_lists) >= SHARED * len(names):
        return Fact("levels_of_funds", {"label": ", ".join(sorted(names))})
    word = next((text for text in texts if any(has(tokens(text), phrase) for phrase in HEADERS["of_funds"])), None)
    return None if word is None or of_lists else Fact("levels_of_funds", {"label": word})


def _says_held(text: str) -> bool:
    """Whether a text says that numbers are what a portfolio holds."""
    return any(has(tokens(text), phrase) for phrase in HEADERS["held"])


def portfolio_names(choices: Mapping[Group, Sequence[Candidate]], codes: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The texts of all columns that words take for portfolios in files of lists, and in files without a stock.

    So are those by which lists with rows for cash are told apart, whatever stands above them.
    """
    found = set[str]()
    for group, likely in choices.items():
        for label, shape in group.shapes.items() if group.is_long else ():
            if (shape.kind in (TEXT, NUMBER)) and _is_of_portfolios(group, label, likely):
                found |= {*group.texts(label)}
        if likely and likely[0].table in LISTED and (ticker := likely[0].label("ticker")) is not None:
            day = likely[0].label("date")
            taken = {"ticker": ticker} | ({"date": day} if day is not None else {})
            apart = list_columns(group, taken) if has_cash(group, ticker, codes) else ()
            found.update(*({*group.texts(label)} for label in apart))
    return frozenset(found - {""})


def _is_of_portfolios(group: Group, label: str, likely: Sequence[Candidate]) -> bool:
    if likely and likely[0].table != "holdings":
        return False
    return bool(likely and likely[0].label("portfolio") == label) or (
        matched(label, WORDS["holdings"]["portfolio"])[0] > 0 and group.cells[label].nunique() < len(group.cells)
    )


def said_indices(choices: Mapping[Group, Sequence[Candidate]], table: str) -> frozenset[str]:
    """The names of indices in files that words take for levels, or for lists: what rests on the other proves nothing."""
    words = {group: [each for each in likely[:1] if not each.why] for group, likely in choices.items()}
    return index_names(words, (table,))


def index_names(
    choices: Mapping[Group, Sequence[Candidate]], tables: Sequence[str] = ("indices", "constituents")
) -> frozenset[str]:
    """The names of indices in files that may be levels of theirs, or lists."""
    names = set[str]()
    for group, likely in choices.items():
        if likely and likely[0].table in tables and (label := likely[0].label("index")):
            names |= {*group.texts(label)}
    return frozenset(names)
