"""By which codes the tables of exports name stocks: held against the columns of the table of securities."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from riskmodel.factors import CASH
from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.groups import MANY, Candidate, Group
from riskmodel.market.sources.recognition.values import DAY, EMPTY, NUMBER, TEXT, Shape
from riskmodel.market.sources.recognition.words import CELLS, CURRENCIES, has, matched, tokens

FEW_OTHERS = 50  # texts that no column has: words for cash are looked for among them
KNOWN = 0.5  # of a table's codes are in a column of securities, before that column is taken for theirs
TAILED = 0.8  # of codes have the same behind them, before it is no part of them
PLAIN_TICKERS = ("ticker", "symbol", "mnémonique", "ティッカー", "symbole", "kürzel", "instrument", "member ticker")


def code_columns(securities: Group) -> dict[str, frozenset[str]]:
    """The columns of a table of securities that tell its rows apart, with their texts."""
    found = {}
    for label, shape in securities.shapes.items():
        texts = securities.texts(label)
        there = texts[texts != ""]
        if shape.kind not in (DAY, EMPTY) and there.is_unique and len(there) >= 0.9 * len(texts):
            if shape.kind == NUMBER and not _is_whole(shape):
                continue
            found[label] = frozenset(there)
    return found


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


def without_tails(texts: frozenset[str]) -> dict[str, str]:
    """Codes -> the same without what stands behind nearly all of them, after a space, a dot or a colon.

    Examples
    --------
    >>> sorted(without_tails(frozenset({"A US", "B US", "C US"})).values())
    ['A', 'B', 'C']
    >>> without_tails(frozenset({"BRK.B", "A", "B"}))["BRK.B"]
    'BRK.B'
    """
    parts = {text: re.split(r"(?=[ .:])", text, maxsplit=1) for text in texts}
    tails = Counter(part[1] for part in parts.values() if len(part) > 1)
    tail, count = tails.most_common(1)[0] if tails else ("", 0)
    common = count >= TAILED * len(texts)
    return {text: text.removesuffix(tail) if common else text for text in texts}


def by_tail(texts: frozenset[str], columns: Mapping[str, frozenset[str]]) -> tuple[str, str] | None:
    """A code, and one of a column that is the same but for what stands behind; None where most agree with no column so."""
    plain = without_tails(texts - {"", CASH})
    for known in columns.values():
        theirs = {code: text for text, code in without_tails(known).items()}
        same = sorted(text for text, code in plain.items() if code in theirs)
        if plain and len(same) >= KNOWN * len(plain):
            return same[0], theirs[plain[same[0]]]
    return None


def is_cash(text: str) -> bool:
    """Whether a text among codes is a word for cash.

    Examples
    --------
    >>> [is_cash(text) for text in ("Cash USD", "$CASH", "現金", "EUR", "CASY")]
    [True, True, True, True, False]
    """
    words = tuple(word.strip("$") for word in tokens(text))
    return any(has(words, phrase) for phrase in CELLS["cash"]) or text in CURRENCIES.values()


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
    """The group that is the table of securities: of those that may be, the one whose codes most other groups use."""
    best, most = None, 0.0
    for group, candidates in choices.items():
        if not any(candidate.table == "securities" for candidate in candidates):
            continue
        columns = code_columns(group)
        if columns:
            uses = sum(best_column(texts, columns)[1] for other in choices if other is not group for texts in _names(other))
            if uses > most:
                best, most = group, uses
    return best


def _names(group: Group) -> list[frozenset[str]]:
    """What may be codes of a group: the texts of the first of its columns, or its header where that is long."""
    if len(group.first.labels) > MANY:
        return [frozenset(group.first.labels[1:])]
    return [frozenset(shape.texts) for shape in group.shapes.values() if shape.kind == TEXT or _is_whole(shape)]


def _is_whole(shape: Shape) -> bool:
    return shape.kind == NUMBER and not any("." in text or "," in text for text in shape.texts)


def fact_of_codes(label: str, share: float) -> Fact:
    """That a table names stocks by the codes of a column."""
    return Fact("codes_known", {"label": label, "share": share})
