"""Words by which exports head their columns, from `words.toml` beside this module, and how a header is held against them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any

_FILE: dict[str, Any] = tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def _listed(words: list[str]) -> tuple[str, ...]:
    return tuple(word for each in words for word in (_FILE["common"][each[1:]] if each.startswith("@") else [each]))


WORDS: dict[str, dict[str, tuple[str, ...]]] = {  # by table and column of ours
    table: {ours: _listed(words) for ours, words in columns.items()} for table, columns in _FILE["columns"].items()
}
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {  # by table: of each row one is there, before it is taken for the table
    "prices": (("date",), ("ticker",), ("close", "total_return_index")),
    "shares": (("ticker",), ("available_from",), ("shares_out", "market_cap")),
    "securities": (("ticker",), ("sector", "industry", "name", "name_ja")),
    "fundamentals": (
        ("ticker",),
        ("period_end",),
        ("net_income", "equity", "total_assets"),
        ("revenue", "total_assets", "equity"),
    ),
    "earnings": (("ticker",), ("announced",), ("eps_actual", "eps_estimate")),
    "indices": (("date",), ("index",), ("level",)),
    "constituents": (("ticker",), ("weight",)),  # whose they are, the name of a file or sheet may say
    "holdings": (("ticker",), ("weight", "quantity", "market_value")),
    "splits": (("ticker",), ("ex_date",), ("ratio",)),
    "rates": (("date",), ("risk_free",)),
    "fx": (("date",), ("pair",), ("rate",)),
}
NEAREST: dict[str, dict[str, tuple[str, ...]]] = {  # of tables that words rank and never take
    table: {ours: tuple(words) for ours, words in columns.items()} for table, columns in _FILE["nearest"].items()
}
OF_NAMES: dict[str, tuple[str, ...]] = {table: tuple(words) for table, words in _FILE["names"].items()}
UNIT_WORDS: dict[str, tuple[str, ...]] = {unit: tuple(words) for unit, words in _FILE["units"].items() if unit != "ones"}
ONES = tuple(_FILE["units"]["ones"])
CURRENCIES: dict[str, str] = _FILE["currencies"]
MONEY = ("euro", "euros", "dollar", "dollars", "yen", "francs", "pesos", "rupees", "reais")  # behind a scale, of any country
COUNTED, OF_COUNTS = ("shares", "aktien", "actions", "titres"), ("volume", "volumen", "umsatz", "vol")
OF_AMOUNTS = ("volume", "vol", "volumen", "出来高", "売買高", "dividend", "dividende", "factor", "係数", "surprise")
CELLS: dict[str, tuple[str, ...]] = {kind: tuple(words) for kind, words in _FILE["cells"].items()}
CODE_WORDS = ("isin", "cusip", "sedol", "wkn", "valor", "ric", "figi", "isinコード", "currency", "crncy", "währung", "通貨")
HEADERS: dict[str, tuple[str, ...]] = {kind: tuple(words) for kind, words in _FILE["headers"].items()}
MANY_TEXTS = 100_000  # headers beside words that are remembered: each is asked for of each table and group
WHOLE_WORD = 3.0  # of `matched`: a header that is a word and nothing else
WHOLE = "="  # before a word that is a header only where it stands alone
_SCALE = r"(?P<scale>k|t|tsd|m|mn|mm|mio|mln|b|bn|mrd|md|mds|lakhs?|lacs?|crores?|cr)"
_MONEY = r"(?:usd|eur|gbp|chf|jpy|sek|nok|dkk|cad|aud|krw|cny|hkd|inr|brl|pln|czk|us\$|\$|€|£|¥)"
SHORT = re.compile(f"{_SCALE}{_MONEY}"), re.compile(f"{_MONEY}{_SCALE}")  # TSEK, M USD; USDm, US$ mn
SHORT_UNITS = {  # and MUSD is millions
    **dict.fromkeys(("k", "t", "tsd"), "thousands"),
    **dict.fromkeys(("b", "bn", "mrd", "md", "mds"), "billions"),
    **dict.fromkeys(("lakh", "lakhs", "lac", "lacs"), "lakhs"),
    **dict.fromkeys(("crore", "crores", "cr"), "crores"),
}
SCALES = re.compile(r"[a-z]|mil|mill|mille|bil|tril|tn|trn")  # beside a currency: of no known size
COMPOUND = re.compile("[十千]万|[百千]億|[十百千]兆")  # scales of which a part alone is a unit of ours
CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z])|(?<=[A-Z]{3})(?=[A-Z][a-z]{2})")  # IndexCode, ISINCode
ACCENTS = re.compile(r"(?<=[A-Za-z])[\u0300-\u036f]+")  # of Latin letters: many exports leave them out
HUNDREDTHS = re.compile(r"(?<![A-Za-z])(?:GBp|GBX|GBx|ZAc|ZAC|ZAX|ILA|ILa|ILX|USX|USx|EUX|EUx)(?![A-Za-z])")
BRACKETS = re.compile(r"[(\[（【]([^)\]）】]*)[)\]）】]")


@cache
def tokens(text: str) -> tuple[str, ...]:
    """A text in words of ordinary width and lower case, its Latin letters without accents.

    Examples
    --------
    >>> tokens("PX_LAST (USD)"), tokens("終値（円）"), tokens("TotalReturnLevel")
    (('px', 'last', 'usd'), ('終値', '円'), ('total', 'return', 'level'))
    """
    plain = CAMEL.sub(" ", unicodedata.normalize("NFKC", ACCENTS.sub("", unicodedata.normalize("NFKD", text)))).casefold()
    return tuple(word for word in re.split(r"[^\w%$€£¥]+|_", plain) if word)


@cache
def bare(text: str) -> tuple[str, ...]:
    """The words of a header without what stands in brackets, and without words of units at its end.

    Examples
    --------
    >>> bare("Sales, USD mn"), bare("Schlusskurs (USD)"), bare("% Wgt")
    (('sales',), ('schlusskurs',), ('wgt',))
    """
    words = list(tokens(BRACKETS.sub(" ", unicodedata.normalize("NFKC", text))) or tokens(text))
    units = {word for each in UNIT_WORDS.values() for phrase in each for word in phrase.split()} | {*CURRENCIES, *MONEY}
    while len(words) > 1 and (words[-1] in units or words[0] == "%"):
        words = words[1:] if words[0] == "%" else words[:-1]
    return tuple(words)


@lru_cache(maxsize=MANY_TEXTS)
def has(words: tuple[str, ...], phrase: str) -> bool:
    """Whether a phrase stands among words as a whole; one of Japanese may be a part of a word, "=at" is all of the words."""
    if phrase.startswith(WHOLE):
        return words == tokens(phrase)
    wanted = tokens(phrase) if phrase not in "%$€£¥" else (phrase,)
    if len(wanted) == 1 and not wanted[0].isascii() and any("\u3040" <= letter <= "\u9fff" for letter in wanted[0]):
        return any(wanted[0] in word for word in words)
    return any(words[place : place + len(wanted)] == wanted for place in range(len(words) - len(wanted) + 1))


@lru_cache(maxsize=MANY_TEXTS)
def matched(label: str, phrases: tuple[str, ...]) -> tuple[float, str]:
    """How well a header is one of several phrases, 3 for the same words and 2 for words among others, and the phrase.

    Examples
    --------
    >>> matched("Adj. Close", ("close", "adj close")), matched("Kunde", ("close",))
    ((3.2, 'adj close'), (0.0, ''))
    """
    words, best = bare(label), (0.0, "")
    for phrase in phrases:
        wanted = tokens(phrase)
        whole = wanted in (words, tokens(label))
        among = has(words, phrase) and (len(wanted) > 1 or len(words) <= 2 or not phrase.isascii())
        if whole or (among and not phrase.startswith(WHOLE)):
            best = max(best, ((3.0 if whole else 2.0) + 0.1 * len(wanted), phrase.removeprefix(WHOLE)))
    return best


def of_hundredths(text: str) -> bool:
    """Whether a text names the hundredth of a currency, as GBp is of GBP: by its letters, large and small.

    Examples
    --------
    >>> [of_hundredths(text) for text in ("Ccy: GBp", "Close GBX", "ZAc", "Sales GBPm", "Close (GBP)")]
    [True, True, True, False, False]
    """
    return HUNDREDTHS.search(unicodedata.normalize("NFKC", text)) is not None


def unit_said(label: str) -> str | None:
    """The unit that a header or the name of a sheet states, "ones" where it names a currency or shares alone.

    None of a text that states several, as a line above a table does where figures of a share are in another one.

    Examples
    --------
    >>> [unit_said(label) for label in ("出来高（千株）", "Sales (USD mn)", "Kurs (USD)", "Close", "Cap (M USD)")]
    ['thousands', 'millions', 'ones', None, 'millions']
    >>> unit_said("VOLUME_HUNDREDS"), unit_said("amounts in mln euro")
    ('hundreds', 'millions')
    >>> unit_said("Volume (Z shares)")  # a scale that is not known
    >>> unit_said("Ccy: GBp"), unit_said("Cap (GBp mn)")  # pence, and millions of them, which is no unit of ours
    ('cents', None)
    >>> unit_said("Scale: millions unless stated. Per share: cents")
    """
    units = units_said(label)
    return units[0] if len(units) == 1 else None


@cache
def units_said(label: str) -> tuple[str, ...]:
    """All units that a text states, in no order.

    Examples
    --------
    >>> units_said("Scale: millions unless stated. Per share: cents"), units_said("(miles de millones)")
    (('cents', 'millions'), ('billions',))
    >>> unit_said("百万円（1株当たりは円）")  # and yen of a share
    """
    found, rest = dict[str, None](), label
    while (unit := _first_unit(rest)) is not None and unit not in found and not (unit == "ones" and found):
        found[unit] = None
        plain = " ".join(tokens(rest))
        for phrase in sorted(UNIT_WORDS.get(unit, ()), key=len, reverse=True):
            plain = re.sub(rf"(?<![a-z]){re.escape(phrase.removeprefix(WHOLE))}(?![a-z])", " ", plain)
        rest = plain.replace("%", " ") if unit == "percent" else plain
    if [*found] == ["ones"]:  # 百万円（1株当たりは円）
        words = tokens(label)
        scaled = (
            unit for unit, phrases in UNIT_WORDS.items() if any(len(each) > 1 and has(words, each) for each in phrases)
        )
        found |= dict.fromkeys(scaled)
    return tuple(found)


def _first_unit(label: str) -> str | None:
    if of_hundredths(label):
        scales = (phrase for unit in UNIT_WORDS if unit not in ("cents", "percent") for phrase in UNIT_WORDS[unit])
        return None if any(has(tokens(label), phrase) for phrase in scales) else "cents"
    if COMPOUND.search(label):
        return None
    words, inside = (
        tokens(label),
        tuple(word for part in BRACKETS.findall(unicodedata.normalize("NFKC", label)) for word in tokens(part)),
    )
    rest = tuple(word for word in words if word not in bare(label))
    named = any(has(words, phrase) for phrase in HEADERS["units"])  # Unit: USD mn, 単位：百万円
    stated = inside or (words if named else rest)
    for unit, phrases in UNIT_WORDS.items():
        if any(has(words if unit == "basis_points" else stated, phrase) for phrase in phrases) or (
            unit == "percent" and any("%" in word for word in words)
        ):
            return unit
    near = (*words, *(left + right for left, right in pairwise(words)))
    short = {SHORT_UNITS.get(each["scale"], "millions") for word in near for form in SHORT if (each := form.fullmatch(word))}
    if len(short) == 1:
        return short.pop()
    counts = (
        not inside and words[-1:] and words[-1] in COUNTED and words[0] not in OF_COUNTS
    )  # "Company Shares" states no unit
    last = words[-1:] if len(words) > 1 and not counts else ()
    for unit, phrases in UNIT_WORDS.items():
        if any(has(words, phrase) for phrase in phrases if phrase.isascii() and len(phrase) > 3 and phrase != "shares"):
            return unit
    scaled = len(short) > 1 or any(map(SCALES.fullmatch, stated))
    return "ones" if not scaled and any(has(stated or last, phrase) for phrase in ONES) else None


def currency_said(label: str) -> str | None:
    """The currency that a header names."""
    words = tokens(label)
    return next((code for word, code in CURRENCIES.items() if has(words, word)), None)


def of_currencies(label: str) -> bool:
    """Whether a header names a currency, or a pair of them.

    Examples
    --------
    >>> [of_currencies(label) for label in ("EURUSD 3M", "USD", "EURIBOR 3M")]
    [True, True, False]
    """
    pairs = (word for word in tokens(label) if len(word) == 6)
    return currency_said(label) is not None or any({word[:3], word[3:]} <= {*CURRENCIES} for word in pairs)
