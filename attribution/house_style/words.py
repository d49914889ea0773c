"""The words of a report in a language, from the message file beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd

from riskmodel.errors import InputError
from riskmodel.factors import LANGUAGES, STYLES
from riskmodel.facts import Fact

NAMED = {  # values of facts that are labels, and of what
    "column": "filings",
    "courses": "names",
    "factors": "factors",
    "field": "filings",
    "figure": "search_figures",
    "table": "market_tables",
    "sectors": "sectors",
    "sources": "filings",
    "unexposed": "factors",
    "unpaid": "factors",
}
LABELS = ("course", "benchmark", "index")  # values of messages that are keys of a book
FACTS = {"reason": "reasons", "finding": "findings"}  # values of facts that are facts, and which table has their words
FACTORS = ("factors", "sectors", "industries")  # tables of the message files that name rows of a factor cut
SHOWN = 5  # of a list
WORD_END = re.compile(r"\b")
IN_BRACKETS = re.compile(r"\s*[（(][^（）()]*[）)]$")


@dataclass(frozen=True)
class Messages:
    """Sentences and names of one language.

    Attributes
    ----------
    language
        "ja" or "en".
    table
        The message file; every value is a string or a table of strings.
    sectors
        The sectors in the order in which they are told; empty where there is none but that of their figures.
    """

    language: str
    table: dict[str, Any]
    sectors: tuple[str, ...] = ()

    def __call__(self, key: str, **values: object) -> str:
        """The message at a dotted key, with its places filled in."""
        found: Any = self.table
        for part in key.split("."):
            found = found[part]
        return str(found).format(**{name: self.called(value) if name in LABELS else value for name, value in values.items()})

    def called(self, label: Any) -> Any:
        """What the book calls a course, a benchmark or an index in the language; any other label or value is itself.

        Examples
        --------
        >>> words = read_messages("ja", names={"Major 100": "メジャー100"})
        >>> words.called("Major 100"), words.called("Wide Index")
        ('メジャー100', 'Wide Index')
        """
        return self.table["names"].get(label, label) if isinstance(label, str) else label

    def name(self, kind: str, label: str) -> str:
        """The name of a factor, sector, group or descriptor; a label that the file does not know stands for itself.

        Examples
        --------
        >>> read_messages("ja").name("factors", "value"), read_messages("ja").name("sectors", "Shipping")
        ('割安性', 'Shipping')
        """
        return str(self.table[kind].get(label, label))

    def currency(self, code: str) -> str:
        """A currency's name and its code; the code alone where it has no name here.

        Examples
        --------
        >>> read_messages("en").currency("USD"), read_messages("en").currency("SEK")
        ('US dollars (USD)', 'SEK')
        """
        name = self.name("currencies", code)
        return code if name == code else self("words.coded", name=name, code=code)

    def factor(self, label: str) -> str:
        """The name of a row of a factor cut: a style, a sector, an industry, the market, specific or one of the others.

        Examples
        --------
        >>> [read_messages("ja").factor(label) for label in ("value", "Utilities", "Gas Utilities")]
        ['割安性', '公益事業', 'ガス']
        """
        return self.name(next((kind for kind in FACTORS if label in self.table[kind]), FACTORS[0]), label)

    def factors_in_short(self, labels: Sequence[str]) -> list[str]:
        """The names of rows of a chart: without brackets at their end where they stay apart.

        Examples
        --------
        >>> read_messages("en", {"a": {"en": "Software (Media)"}, "b": {"en": "Size (log)"}}).factors_in_short(["a", "b"])
        ['Software', 'Size']
        >>> read_messages("en", {"a": {"en": "Gas (Energy)"}, "b": {"en": "Gas (Utilities)"}}).factors_in_short(["a", "b"])
        ['Gas (Energy)', 'Gas (Utilities)']
        """
        names = [self.factor(label) for label in labels]
        brief = [IN_BRACKETS.sub("", name) for name in names]
        return [short if brief.count(short) == 1 else name for name, short in zip(names, brief, strict=True)]

    def fact(self, kind: str, fact: Fact) -> str:
        """A fact in words, by its key in the table `kind` of the file; labels among its values under their names.

        Examples
        --------
        >>> read_messages("ja").fact("reasons", Fact("no_column", {"column": "dividends_per_share"}))
        '財務データに1株当たり配当がない'
        """
        return self(f"{kind}.{fact.key}", **{name: self._shown(name, value) for name, value in fact.values.items()})

    def date(self, day: Any, form: str = "date") -> str:
        """A day or a month as the language writes it; `form` is a key of the message file's [words].

        Examples
        --------
        >>> read_messages("en").date("2016-06-30")
        '30 June 2016'
        """
        day = pd.Timestamp(day)
        name = self.name("months", str(day.month))
        values = {"year": day.year, "number": day.month, "day": day.day, "name": name, "short": name[:3]}
        return self(f"words.{form}", **values)

    def listed(self, items: Iterable[str]) -> str:
        """The first few of a list, and how many more there are.

        Examples
        --------
        >>> read_messages("ja").listed("ABCDEFG")
        'A、B、C、D、Eほか2件'
        """
        texts = list(items)
        more = self("words.and_more", count=len(texts) - SHOWN) if len(texts) > SHOWN else ""
        return self("words.comma").join(texts[:SHOWN]) + more

    def _shown(self, name: str, value: object) -> object:
        if isinstance(value, Fact):
            return self.fact(FACTS[name], value)
        kind = NAMED.get(name)

        def named(label: object) -> str:
            return str(label) if kind is None else self.name(kind, str(label))

        if isinstance(value, tuple):
            return self.listed(map(named, value))
        if isinstance(value, Mapping):
            return self.listed(f"{named(label)} {share:.0%}" for label, share in value.items())
        return value if kind is None else named(value)


def begins_with(name: str, ticker: str) -> bool:
    """Whether a name begins with a ticker as a word of its own; a pattern a ticker took ten times as long.

    Examples
    --------
    >>> begins_with("W WAYFAIR INC", "W"), begins_with("WAYFAIR INC", "W")
    (True, False)
    """
    return name.startswith(ticker) and WORD_END.match(name, len(ticker)) is not None


def beside_ticker(name: str, ticker: str) -> str:
    """What a name says beside its ticker: without that where it begins with it, as a word of its own.

    Examples
    --------
    >>> [beside_ticker(name, "W") for name in ("W WAYFAIR INC", "W（架空）", "WAYFAIR INC", "W")]
    ['WAYFAIR INC', '（架空）', 'WAYFAIR INC', '']
    """
    return name[len(ticker) :].lstrip(" \u3000:,|-–") if begins_with(name, ticker) else name


def read_messages(
    language: str,
    styles: Mapping[str, Mapping[str, str]] | None = None,
    descriptors: Mapping[str, Mapping[str, str]] | None = None,
    *,
    market: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    sectors: Sequence[str] = (),
) -> Messages:
    """The words of "ja" or "en".

    Parameters
    ----------
    language
        Which.
    styles
        Style -> language -> its name on pages, where a model has others than the fourteen; one without a name in the
        language has that of another, or its own. One with a "sector" has a place for that in its name.
    descriptors
        The same of descriptors; those that the file names keep its name.
    market
        Language -> what a book calls its market, see `attribution.Book.market_name`; None where it does not say.
    names
        Course, benchmark or index -> its name in the language, see `attribution.Book.names`.
    sectors
        See `Messages`.

    Raises
    ------
    InputError
        For another language.

    Examples
    --------
    >>> read_messages("ja", {"reversal": {"ja": "リバーサル"}}).factor("reversal"), read_messages("en").factor("value")
    ('リバーサル', 'Value')
    >>> tokyo = read_messages("ja", market={"ja": "日本株", "en": "Japanese equity"})
    >>> tokyo.factor("market_sensitivity"), tokyo.name("descriptors", "market_sensitivity")
    ('日本株感応度', '60日ベータ（対日本市場）')
    """
    if not isinstance(language, str):
        raise InputError(f"language: is of type {type(language).__name__}, not str. Give one of {', '.join(LANGUAGES)}.")
    if language not in LANGUAGES:
        raise InputError(f"language '{language}': the pages are written in {', '.join(LANGUAGES)}.")
    texts = {style.name: style.texts for style in STYLES} | dict(styles or {})
    table = _table(language, (market or {}).get(language, ""))
    own, parts = _named(texts, language), _named(descriptors or {}, language) | table["descriptors"]
    for named in (own, parts):
        named |= {name: text.replace("{market}", table["market"]["name"]) for name, text in named.items()}
    for name, text in texts.items():
        if "sector" in text:
            own[name] = own[name].format(sector=table["sectors"].get(text["sector"], text["sector"]))
    told = {"factors": table["factors"] | own, "descriptors": parts, "names": dict(names or {})}
    return Messages(language, table | told, tuple(sectors))


def _named(texts: Mapping[str, Mapping[str, str]], language: str) -> dict[str, str]:
    return {name: text.get(language) or next(iter(text.values()), name) for name, text in texts.items()}


@cache
def _table(language: str, market: str) -> dict[str, Any]:
    """The message file, with what the market is called in its places; "" where it has no name."""
    read = _file(language)
    forms = read["market"]
    ending = next((ending for ending in forms["suffixes"].split("|") if market.endswith(ending)), "")
    stem = market.removesuffix(ending)
    whole = forms["whole"].format(name=stem) if stem else forms["whole_unnamed"]
    named = {"market": market or forms["unnamed"], "whole_market": whole}
    return _filled(read, named) | {"market": {"name": named["market"], "whole": whole}}


@cache
def _file(language: str) -> dict[str, Any]:
    text = resources.files("attribution.house_style").joinpath(f"messages/{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _filled(table: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """A table of messages with some of its places filled in, the others left."""

    def filled(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    return {key: _filled(part, values) if isinstance(part, dict) else filled(part) for key, part in table.items()}
