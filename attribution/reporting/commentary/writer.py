"""How a commentary is worded: names, dates and lists of a language, and figures as links to their cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from attribution.house_style.numbers import NegativeStyle, number, percent
from attribution.house_style.words import Messages, begins_with, read_messages
from attribution.portfolio.book import Book
from attribution.portfolio.settings.bound_types import Words
from attribution.reporting.tables.facts import Anchor, Facts
from attribution.reporting.tables.names import sleeve_name
from attribution.rows import CASH
from riskmodel.factors import RESEARCH_STYLES, STYLES

MARKUP = re.compile(r"[\\`*\[\]<>|~#]|&(?=#|\w+;)|(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True)
class Writer:
    """A language, a house style and the facts to write about.

    Attributes
    ----------
    names
        Ticker -> name of the stock in the language, where it is not that of the tables.
    """

    facts: Facts
    book: Book
    messages: Messages
    style: NegativeStyle
    names: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, key: str, **values: object) -> str:
        """The message of the commentary at a dotted key."""
        return self.messages(f"commentary.{key}", **values)

    def percent(self, table: str, *key: str | None, column: str, signed: bool = True, decimals: int = 2) -> str:
        """A figure in percent, as a link."""
        anchor = Anchor(table, key, column)
        return self._link(percent(self.facts.value(anchor), self.style, decimals, signed=signed, unit="%"), anchor)

    def points(self, table: str, *key: str | None, column: str) -> str:
        """A difference of percentages, as a link, with its unit."""
        return self("points", number=self.gap(table, *key, column=column))

    def short_points(self, table: str, *key: str | None, column: str) -> str:
        """The same with a shorter unit, where one before said which points they are."""
        return self("points_short", number=self.gap(table, *key, column=column))

    def gap(self, table: str, *key: str | None, column: str) -> str:
        """A difference of percentages, as a link, where the sentence says its unit."""
        anchor = Anchor(table, key, column)
        return self._link(percent(self.facts.value(anchor), self.style, signed=True, unit=self("points_unit")), anchor)

    def size(self, table: str, *key: str | None, column: str) -> str:
        """The size of a difference of percentages, as a link, where the word before it says which way it is."""
        anchor = Anchor(table, key, column)
        return self._link(percent(abs(self.facts.value(anchor)), self.style, unit=self("points_unit")), anchor)

    def number(self, table: str, *key: str | None, column: str, decimals: int = 2, signed: bool = False) -> str:
        """A figure that is no percentage, as a link."""
        anchor = Anchor(table, key, column)
        return self._link(number(self.facts.value(anchor), self.style, decimals, signed=signed), anchor)

    def figure(self, table: str, *key: str | None, column: str) -> str:
        """A figure in its own unit, without a plus sign."""
        unit = self.facts.unit(Anchor(table, key, column))
        if unit == "percent":
            return self.percent(table, *key, column=column, signed=False)
        return self.number(table, *key, column=column, decimals=0 if unit == "count" else 2)

    def _link(self, text: str, anchor: Anchor) -> str:
        return f"[{text}](<{anchor.target}>)"

    def words(self, words: Words | None, otherwise: str) -> str:
        """A text of the book in the language."""
        return plain(otherwise if words is None else str(getattr(words, self.messages.language)))

    def sleeve(self, key: str) -> str:
        """The name of a sleeve; of the course that is all of it too, where a text is of the sleeve."""
        return plain(sleeve_name(self.book, key, self.messages.language))

    def called(self, label: str) -> str:
        """What the book calls a course, a benchmark or an index in the language."""
        return plain(self.messages.called(label))

    def index(self, label: str) -> str:
        """The name of an index inside a sentence: one of several words, such as S&P 500, has an article in English."""
        name = self.called(label)
        return self("index", name=name) if " " in name else name

    def stock(self, ticker: str, course: str) -> str:
        """What a sentence calls a stock: its ticker; where that is a number, as in Japan, its name, if it has one."""
        if ticker.isalpha():
            return plain(ticker)
        row = self.facts.row("stock_contributions", course, ticker)
        known = "" if row is None or not isinstance(row["name"], str) else row["name"]
        return plain(self.names.get(ticker) or known or ticker)

    def named_stock(self, ticker: str, course: str) -> str:
        """A stock as the pages of clients call it: its name, and its ticker in brackets where the name does not begin so."""
        row = self.facts.row("stock_contributions", course, ticker)
        known = "" if row is None or not isinstance(row["name"], str) else row["name"]
        name = self.names.get(ticker) or known or ticker
        return plain(name if begins_with(name, ticker) else self("stock", name=name, ticker=ticker))

    def factor(self, label: str) -> str:
        """The name of a factor, a sector or cash inside a sentence."""
        return plain(in_sentence(self.messages, "cash" if label == CASH else label))

    def month(self, month: str) -> str:
        """A month, "YYYY-MM", as the language writes it."""
        return self.messages.date(f"{month}-01", "month")

    def count(self, number: int) -> str:
        """A small number in words, where the language has one for it."""
        return str(self.messages.table["counts"].get(str(number), number))

    def week(self, first: pd.Timestamp, last: pd.Timestamp) -> str:
        """The days of a week inside a month."""
        values = {"month": self.messages.name("months", str(first.month)), "first": first.day, "last": last.day}
        return self("day" if first == last else "week", **values)

    def join(self, items: Iterable[str]) -> str:
        """A list inside a sentence."""
        return joined(self.messages, items)

    def paragraph(self, sentences: Iterable[str]) -> str:
        """Sentences in a row; empty ones are left out."""
        return self.messages("words.sentence_gap").join(sentence for sentence in sentences if sentence)


def writer_of(
    tables: Mapping[str, pd.DataFrame],
    book: Book,
    language: str,
    names: Mapping[str, str] | None = None,
    styles: Mapping[str, Mapping[str, str]] | None = None,
) -> Writer:
    """What writes about a month's tables in a language; the arguments are those of a draft.

    Raises
    ------
    InputError
        For another language.
    """
    messages = read_messages(language, styles, market=book.market_name, names=book.names(language))
    return Writer(Facts(tables), book, messages, getattr(book.report.negative, language), names or {})


def in_sentence(messages: Messages, label: str) -> str:
    """The name of a factor inside a sentence.

    A style of the package begins small there, where its name is no abbreviation; one of a book keeps its own.

    Examples
    --------
    >>> words = read_messages("en")
    >>> in_sentence(words, "market_sensitivity"), in_sentence(words, "eps_stability")
    ('market sensitivity', 'EPS stability')
    """
    names: dict[str, str] = messages.table["commentary"]["factors"]
    name = names.get(label, messages.factor(label))
    known = name in {style.texts.get(messages.language) for style in (*STYLES, *RESEARCH_STYLES)}
    return name[0].lower() + name[1:] if known and not name[:2].isupper() else name


def joined(messages: Messages, items: Iterable[str]) -> str:
    """A list inside a sentence."""
    listed = list(items)
    if len(listed) < 2:
        return "".join(listed)
    return messages("commentary.and", first=messages("words.comma").join(listed[:-1]), last=listed[-1])


def plain(text: str) -> str:
    r"""A name as Markdown that shows it letter by letter, on one line.

    Examples
    --------
    >>> plain("<b>A|B</b> *x* next_major")
    '\\<b\\>A\\|B\\</b\\> \\*x\\* next_major'
    """
    return MARKUP.sub(lambda match: "\\" + match[0], " ".join(text.split()))


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def bullets(items: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {item}" for item in items)
