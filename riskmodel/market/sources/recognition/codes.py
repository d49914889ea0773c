"""By which codes the tables of exports name stocks: held against the columns of the table of securities."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from riskmodel.factors import CASH
from riskmodel.facts import Fact
from riskmodel.market.day_forms import looks_like_day
from riskmodel.market.sources.derive import filled
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.values import DAY, EMPTY, MOSTLY, NUMBER, TEXT, Shape
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.words import CELLS, CURRENCIES, has, matched, tokens

FEW_OTHERS = 50  # texts that no column has: words for cash are looked for among them
KNOWN = 0.5  # of a table's codes are in a column of securities, before that column is taken for theirs
MOST_LOOKED_AT, OF_DAYS = 200, 0.5  # texts of a column that may be days, and the share that is
SEVERAL = 2  # files that name stocks by the codes of one of securities
FILLED = 0.6  # of the rows of a table of securities have a code of a kind: bonds and funds beside stocks have fewer kinds
FEW_CODES = 5  # different ones, at least, of a column that is taken for codes by its cells alone
COUNTER = 3  # digits of numbers of rows, of analysts, of a house's own lists at most: every file has some that are alike
MANY_DAYS = 100  # rows of a table of days at least
MOST_ONCE = 0.8  # of a permanent code's rows are the only one of theirs
TAILED = 0.8  # of codes have the same behind them, before it is no part of them
MOST_PARTS = 12  # different ones before or behind codes, such as those of exchanges
PLAIN_TICKERS = (
    "ticker",
    "symbol",
    "mnémonique",
    "ティッカー",
    "symbole",
    "kürzel",
    "instrument",
    "member ticker",
    "sym",
    "tkr",
)


def code_columns(securities: Group) -> dict[str, frozenset[str]]:
    """The columns of a table of securities that tell its rows apart, with their texts."""
    found = {}
    for label, shape in securities.shapes.items():
        texts = securities.texts(label)
        there = texts[texts != ""]
        if shape.kind not in (DAY, EMPTY) and there.is_unique and len(there) >= FILLED * len(texts):
            counted = shape.kind == NUMBER and (not is_whole(shape) or there.str.len().max() <= COUNTER)
            if counted or _are_days(there):
                continue
            found[label] = frozenset(there)
    return found


def _are_days(texts: pd.Series) -> bool:
    """Whether texts are days, most of them, under other lines of a header: those of a sheet of prices."""
    some = texts.iloc[:: max(1, len(texts) // MOST_LOOKED_AT)]
    return bool((some.map(looks_like_day) & ~some.str.fullmatch(r"\d+")).mean() > OF_DAYS)


def permanent_codes(securities: Group) -> dict[str, frozenset[str]]:
    """Columns of codes that a few rows share because another code of theirs changed: a permanent number beside tickers."""
    found = {}
    for label, shape in securities.shapes.items():
        if not (is_whole(shape) or shape.code) or any("." in text for text in shape.texts):
            continue
        texts = securities.texts(label)
        there = texts[texts != ""]
        if len(there) >= 0.9 * len(texts) and MOST_ONCE * len(there) <= there.nunique() < len(there):
            found[label] = frozenset(there)
    return found


def changed(securities: Group, ticker: str, label: str) -> tuple[str, ...]:
    """The codes of a column of which several rows have different tickers."""
    names = securities.texts(ticker).groupby(securities.texts(label).to_numpy()).nunique()
    return tuple(str(code) for code in names[names > 1].index if code)


def best_column(texts: frozenset[str], columns: Mapping[str, frozenset[str]]) -> tuple[str | None, float]:
    """The column that has most of some codes, and the share that it has.

    Examples
    --------
    >>> best_column(frozenset({"A", "B", "CASH"}), {"isin": frozenset({"U1"}), "symbol": frozenset({"A", "B"})})
    ('symbol', 1.0)
    """
    codes = texts - {"", CASH}
    others = codes.difference(*columns.values())
    codes -= {text for text in others if is_cash(text)} if len(others) < FEW_OTHERS else set()
    shares = {label: len(codes & known) / len(codes) for label, known in columns.items()} if codes else {}
    label = max(shares, key=lambda name: shares[name], default=None)
    return (label, shares[label]) if label is not None and shares[label] >= KNOWN else (None, 0.0)


def joined_columns(group: Group, columns: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The headers of a group whose cells are codes of the table of securities nearly all, where only one has such."""
    found = []
    for label, shape in group.shapes.items():
        if shape.kind == TEXT or is_whole(shape):
            texts = frozenset(group.texts(label)) - {""}
            if len(texts) >= FEW_CODES and best_column(texts, columns)[1] >= MOSTLY:
                found.append(label)
    return frozenset(found) if len(found) == 1 else frozenset()


def without_tails(texts: frozenset[str]) -> dict[str, str]:
    """Codes -> the same without what stands behind nearly all of them, after a space, a dot or a colon.

    Examples
    --------
    >>> sorted(without_tails(frozenset({"A US", "B US", "C US"})).values())
    ['A', 'B', 'C']
    >>> without_tails(frozenset({"BRK.B", "A", "B"}))["BRK.B"]
    'BRK.B'
    """
    tail = _tail(texts)
    return {text: text.removesuffix(tail) for text in texts}


def by_tail(texts: frozenset[str], columns: Mapping[str, frozenset[str]]) -> tuple[str, str] | None:
    """A code, and one of a column that is the same but for what stands behind; None where most agree with no column so."""
    plain = without_tails(texts - {"", CASH})
    for known in columns.values():
        theirs = {code: text for text, code in without_tails(known).items()}
        same = sorted(text for text, code in plain.items() if code in theirs)
        if plain and len(same) >= KNOWN * len(plain):
            return same[0], theirs[plain[same[0]]]
    return None


def known_column(texts: frozenset[str], columns: Mapping[str, frozenset[str]]) -> tuple[str | None, float]:
    """The column that has most of some codes, as they stand or nearly all spelt as its own, and the share that it has."""
    label, share = best_column(texts, columns)
    if label is None and (spelt := spelt_otherwise(texts, columns)) is not None:
        return spelt.label, spelt.share
    return label, share


@dataclass(frozen=True)
class Spelt:
    """The column that has a table's codes once what stands before and behind them, theirs, is what its own have there.

    `digits` are those of its codes where theirs lost the zeros in front; 0 where none did.
    """

    label: str
    share: float
    beginnings: Mapping[str, str]
    endings: Mapping[str, str]
    digits: int = 0


def spelt_otherwise(texts: frozenset[str], columns: Mapping[str, frozenset[str]]) -> Spelt | None:
    """The column that has nearly all codes once they are spelt as its own; None where there is none, or several.

    No two codes become one by it: `VOD LN` and `VOD US` are two stocks.

    Examples
    --------
    >>> spelt_otherwise(frozenset({"A US", "B US"}), {"bb": frozenset({"A US Equity", "B US Equity", "C US Equity"})})
    Spelt(label='bb', share=1.0, beginnings={}, endings={' US': ' US Equity'}, digits=0)
    >>> spelt_otherwise(frozenset({"XA:A", "XA:B", "XB:C", "XB:D"}), {"symbol": frozenset("ABCD")})
    Spelt(label='symbol', share=1.0, beginnings={'XA:': '', 'XB:': ''}, endings={}, digits=0)
    >>> spelt_otherwise(frozenset({"5930", "660"}), {"code": frozenset({"005930", "000660", "035420"})}).digits
    6
    """
    codes = frozenset(text for text in texts - {"", CASH} if not is_cash(text))
    heads = _few_parts(codes, r"^[^:./|]+[:./|](?=.)")
    tails = {(_tail(codes),), ("",), _few_parts(codes, r"(?<=.)[ .:-][^ .:-]+$")} - {()}
    found = dict[str, Spelt]()
    for label, known in columns.items():
        for before, behind in [*(((), each) for each in sorted(tails)), *([(heads, ("",))] if heads else [])]:
            plain = {_stripped(code, before, behind) for code in codes}
            digits = lost_zeros(frozenset(plain), known)
            plain = {filled(code, digits) for code in plain}
            for end in sorted({_tail(known), ""} if before or digits else {_tail(known), ""} - {*behind}):
                share = sum(code + end in known for code in plain) / len(codes) if codes else 0.0
                if share >= MOSTLY and (label not in found or share > found[label].share):  # of two that are one, one counts
                    endings = dict.fromkeys(behind, end) if end not in behind else {}
                    found[label] = Spelt(label, share, dict.fromkeys(before, ""), endings, digits)
    return next(iter(found.values())) if len(found) == 1 else None


def lost_zeros(codes: frozenset[str], known: frozenset[str]) -> int:
    """How many digits the codes of a column have, where some of a table are numbers that lost the zeros in front; else 0.

    Examples
    --------
    >>> known = frozenset({"5148", "0097"})
    >>> lost_zeros(frozenset({"5148", "97"}), known), lost_zeros(frozenset({"5148"}), known)
    (4, 0)
    """
    widths = {len(code) for code in known if code.isdecimal()}
    if len(widths) != 1:
        return 0
    (width,) = widths
    short = {code for code in codes - known if code.isdecimal() and len(code) < width}
    theirs = {filled(code, width) for code in short} - codes
    return width if short and len(theirs & known) >= MOSTLY * len(short) else 0


def _few_parts(codes: frozenset[str], pattern: str) -> tuple[str, ...]:
    """The few different texts that a pattern finds in nearly all codes; none where they are many."""
    parts = Counter(found[0] for code in codes if (found := re.search(pattern, code)))
    few = len(parts) <= MOST_PARTS and 2 * len(parts) <= len(codes) and parts.total() >= TAILED * len(codes)
    return tuple(sorted(parts)) if few else ()


def _stripped(code: str, beginnings: Sequence[str], endings: Sequence[str]) -> str:
    before = max((text for text in beginnings if code.startswith(text)), key=len, default="")
    behind = max((text for text in endings if code.endswith(text)), key=len, default="")
    return code.removeprefix(before).removesuffix(behind)


def _tail(texts: frozenset[str]) -> str:
    """What stands behind nearly all of some codes, from a space, a dot or a colon on; empty where nothing does."""
    tails = Counter(part for text in texts for part in re.split(r"(?=[ .:])", text, maxsplit=1)[1:])
    tail, count = tails.most_common(1)[0] if tails else ("", 0)
    return tail if count >= TAILED * len(texts) else ""


def is_cash(text: str) -> bool:
    """Whether a text among codes is a word for cash.

    Examples
    --------
    >>> [is_cash(text) for text in ("Cash USD", "$CASH", "現金", "EUR", "CASHUSD00", "CASY")]
    [True, True, True, True, True, False]
    """
    words = tuple(word.strip("$") for word in tokens(text))
    coded = any(text.casefold().startswith("cash" + code.casefold()) for code in CURRENCIES.values())
    return coded or any(has(words, phrase) for phrase in CELLS["cash"]) or text in CURRENCIES.values()


def choose_ticker(securities: Group, codes: Sequence[str], used: Mapping[str, int]) -> str:
    """The column of securities whose codes are the tickers: headed so, or the one that most tables name stocks by."""

    def rank(label: str) -> tuple[float, int]:
        return matched(label, PLAIN_TICKERS)[0], used.get(label, 0)

    return max(codes, key=rank)


def own_name(label: str, code: str, taken: Sequence[str]) -> str:
    """A name of ours for a column of codes.

    Examples
    --------
    >>> own_name("ISIN code", "isin", []), own_name("Vendor ID", "", []), own_name("銘柄ID", "", ["code_1"])
    ('isin', 'vendor_id', 'code_2')
    """
    plain = unicodedata.normalize("NFKC", label)
    name = code or (re.sub(r"\W+", "_", plain.casefold()).strip("_") if plain.isascii() else "")
    number = 1
    while not name or name in taken:
        name, number = f"code_{number}", number + 1
    return name


def securities_among(choices: Mapping[Group, list[Candidate]]) -> Group | None:
    """The group that is the table of securities: of those that may be, the one whose codes most other groups use.

    What its headers would rather be, such as reports of a year with the company's name, is it only where nothing else is,
    and so is a file whose name says old; of two that others use as much it is the one with a sector.
    """
    best, most = None, (False, False, 0.0, False)
    for group, candidates in choices.items():
        like = next((candidate for candidate in candidates if candidate.table == "securities"), None)
        columns = code_columns(group) if like is not None and not is_calendar(group) else {}
        if like is None or not columns:
            continue
        uses = sum(_use(other, columns) for other in choices if other is not group)
        rank = not group.doubtful, like is candidates[0], round(uses, 1), "sector" in like.columns
        if uses and rank > most:
            best, most = group, rank
    return best


def securities_without_words(groups: Sequence[Group]) -> Group | None:
    """The group whose codes most others use, and that has texts which several of its rows share, as sectors are."""
    best, most = None, (False, 0.0)
    for group in groups:
        columns = {label: codes for label, codes in code_columns(group).items() if len(codes) >= FEW_CODES}
        columns = {} if is_calendar(group) else columns
        shared = [label for label, shape in group.shapes.items() if shape.kind == TEXT and label not in columns]
        if columns and any(1 < group.cells[label].nunique() <= len(group.cells) / 2 for label in shared):
            uses = sum(_use(other, columns) for other in groups if other is not group)
            if uses and (not group.doubtful, uses) > most:
                best, most = group, (not group.doubtful, uses)
    return best


def is_calendar(group: Group) -> bool:
    """Whether each row is a day of its own, and there are many: a dimension of days has keys as one of securities has."""
    days = (group.cells[label] for label, shape in group.shapes.items() if shape.kind == DAY)
    return len(group.cells) >= MANY_DAYS and any(each.notna().all() and each.is_unique for each in days)


def is_used(securities: Group, groups: Sequence[Group]) -> bool:
    """Whether several files name something by the codes of a table of securities: one alone and it prove each other."""
    columns = code_columns(securities)
    return sum(_use(group, columns) >= KNOWN for group in groups if group is not securities) >= SEVERAL


def _use(group: Group, columns: Mapping[str, frozenset[str]]) -> float:
    """How much a group uses columns of codes: the shares of its own columns that are in them, else of the best spelt so."""
    names = _names(group)
    as_they_stand = sum(best_column(texts, columns)[1] for texts in names)
    return as_they_stand or max((known_column(texts, columns)[1] for texts in names), default=0.0)


def _names(group: Group) -> list[frozenset[str]]:
    """What may be codes of a group: the texts of the first of its columns, or its header where that is long."""
    first, *across = group.first.labels
    if not group.is_long or (len(across) > FEW_CODES and group.shape(first).kind == DAY and _across_are_numbers(group)):
        return [frozenset(across)]
    return [frozenset(shape.texts) for shape in group.shapes.values() if shape.kind == TEXT or is_whole(shape)]


def _across_are_numbers(group: Group) -> bool:
    """Whether all columns but the first are numbers, as where names stand across."""
    return all(group.shape(label).kind in (NUMBER, EMPTY) for label in group.first.labels[1:])


def is_whole(shape: Shape) -> bool:
    return shape.kind == NUMBER and not any("." in text or "," in text for text in shape.texts)


def fact_of_codes(label: str, share: float) -> Fact:
    """That a table names stocks by the codes of a column."""
    return Fact("codes_known", {"label": label, "share": share})
