"""A book's words and numbers in the language of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attribution.house_style.numbers import NEGATIVE, NOT_AVAILABLE, NegativeStyle, number, percent
from attribution.house_style.words import Messages, read_messages
from attribution.portfolio.book import Book
from attribution.portfolio.settings.bound_types import Words
from attribution.reporting.tables.names import sleeve_name
from attribution.rows import NOT_STOCKS
from riskmodel.estimation.returns_based import WINDOW

if TYPE_CHECKING:
    from markupsafe import Markup

DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
HYPHEN = re.compile(r"(?<![^\s(])-(\d[\d,.]*%?)")
BREAKS = re.compile(
    r"ベンチマーク(?!／)|／|～(?=\d)|(現金|上限)・|ファクター(?=リターン)|(セクター|業種)(?=配分)|銘柄選択|バイアス(?=統計)|範囲の|データのある|ファクターの|アクティブ・|トラッキング|前月末の|超過収益への|超過収益が|・(?=レシオ)|(?=（)"
)


@dataclass(frozen=True)
class PageWords:
    """What every section needs to write: the book, its messages in a language, and how negative numbers look."""

    book: Book
    messages: Messages
    style: NegativeStyle

    def text(self, words: Words | None, otherwise: str = "") -> str:
        """A text of the book in the page's language."""
        return otherwise if words is None else str(getattr(words, self.messages.language))

    def sleeve(self, key: str) -> str:
        """A sleeve's name."""
        return sleeve_name(self.book, key, self.messages.language)

    @property
    def not_earned(self) -> str:
        """That nobody earned the returns: as the book says it, and what is known of a walk that made its lists."""
        said, t = self.book.report.hypothetical, self.messages
        own = "" if not said else t("cover.hypothetical") if said is True else self.text(said)
        return self.sentences(own, *(t.fact("simulated", fact) for fact in self.book.simulated))

    def row(self, label: str) -> str:
        """The name of a row that may be no stock: cash, the proxy, trading or fees, a benchmark that is only returns."""
        for benchmark, pseudo in self.book.pseudo_names.items():
            if label == pseudo:
                return self.messages("returns_only.name", benchmark=benchmark)
        return self.messages.factor(NOT_STOCKS.get(label, label))

    def estimated(self, course: str) -> str:
        """That exposures of a course's benchmark are estimated; empty where they are observed."""
        known = dict.fromkeys(self.book.sleeves[sleeve].benchmark for sleeve in self.book.shares(course))
        names = [name for name in known if self.book.benchmarks[name].returns_only]
        return (
            self.messages("returns_only.exposures", benchmark=self.listed(map(self.messages.called, names)), window=WINDOW)
            if names
            else ""
        )

    @property
    def basis(self) -> str:
        """What is taken off the returns, which have no dividends, and after which fees those net of fees are."""
        t, fees = self.messages, self.book.fees
        said = self.listed(
            t("net_of_fees.fee", fee=self.percent(fee), course=t.called(course)) for course, fee in fees.items()
        )
        return self.sentences(
            t(f"basis.{self.book.returns_are}"),
            self.without_dividends(self.book.price_indices),
            t("net_of_fees.note", fees=said) if fees else "",
        )

    def without_dividends(self, indices: Iterable[str]) -> str:
        """That some of these indices are price indices; empty where none is."""
        named = [self.messages.called(name) for name in indices if name in self.book.price_indices]
        return self.messages("index_basis.price", indices=self.listed(named)) if named else ""

    def heading(self, text: str) -> Markup:
        """A heading of a column that breaks only where a reader of Japanese would break it: its parts stay whole."""
        from markupsafe import Markup, escape

        if text.isascii():
            return escape(text)
        parts = filter(None, BREAKS.sub("\\g<0>\n", text).split("\n"))
        return Markup().join(Markup('<span class="keep">{}</span>').format(part) for part in parts)

    def date(self, day: Any, form: str = "date") -> str:
        """A day or a month as the language writes it; `form` is a key of the message file's [words]."""
        return self.messages.date(day, form)

    def sentences(self, *texts: str) -> str:
        """Sentences in a row, with the language's space between them; empty ones left out."""
        return self.messages("words.sentence_gap").join(text for text in texts if text)

    def listed(self, texts: Iterable[str]) -> str:
        """Words with the language's comma between them."""
        return self.messages("words.comma").join(texts)

    def percent(self, value: float, decimals: int = 2, *, signed: bool = False, unit: str = "") -> str:
        """A decimal as percent in the house style."""
        return self._shown(percent(value, self.style, decimals, signed=signed, unit=unit))

    def number(self, value: float, decimals: int = 2, *, signed: bool = False, grouped: bool = False) -> str:
        """A number in the house style."""
        return self._shown(number(value, self.style, decimals, signed=signed, grouped=grouped))

    def signed(self, text: str) -> str:
        """A fact's text whose days and negative numbers look like those of the page; the hyphens of names stay."""
        dated = DAY.sub(lambda found: self.date(found[0]), text)
        return HYPHEN.sub(lambda found: NEGATIVE[self.style].format(found[1]), dated)

    def _shown(self, text: str) -> str:
        """A number's text, or how the language says that there is none."""
        return self.messages("words.not_available") if text == NOT_AVAILABLE else text


def page_words(book: Book, language: str, messages: Messages | None = None) -> PageWords:
    """The words of a book's page in "ja" or "en"; `messages` where a model has styles of its own.

    Raises
    ------
    InputError
        For another language.
    """
    return PageWords(
        book,
        messages or read_messages(language, market=book.market_name, names=book.names(language)),
        getattr(book.report.negative, language),
    )
