"""A house's texts of a month: read and looked through before a report begins, so that nothing is found wrong at its end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from attribution.portfolio.book import Book
from attribution.portfolio.settings.bound_types import Words
from attribution.portfolio.settings.house import LegalText, TextSection, filled_path
from attribution.reporting.commentary.check import COLUMNS, Finding, LineChecker, line_checker
from attribution.reporting.commentary.html import tagged_lines, tags_shown
from attribution.reporting.formats import CLIENT
from attribution.reporting.house.files import inside, read_image, read_text
from attribution.reporting.house.markdown import images, parsed, plain_addresses, sourced_lines
from attribution.reporting.house.own import END
from attribution.reporting.house.stocks import StockText, read_stock_texts
from attribution.reporting.house.templates import OwnTemplate, read_templates
from riskmodel.market.tables import file_hash

MODEL_PORTFOLIOS = re.compile("model portfolio|モデル・?ポートフォリオ", re.IGNORECASE)


@dataclass(frozen=True)
class HouseText:
    """A text of the house's in a language.

    Attributes
    ----------
    key
        Its id in a page.
    after
        The part of a report behind which it stands: one of `attribution.portfolio.settings.house.After`, or END.
    edition
        The one that has it; None where both have.
    file
        As the book names it, for the month and the language.
    images
        Address of each image in the text -> the image.
    """

    key: str
    after: str
    edition: str | None
    language: str
    file: str
    title: str
    source: str
    text: str = field(repr=False)
    images: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class House:
    """What a house adds to a month's report.

    Attributes
    ----------
    texts
        Of every language and edition that is written.
    stocks
        Texts on stocks, for the client edition.
    logo
        The image as an address that holds it.
    colours
        Use -> colour, of those that the book states.
    templates
        Section of the analyst edition -> the template in its place.
    hashes
        SHA-256 of each file that was read, by its path in the book's folder.
    """

    texts: tuple[HouseText, ...] = ()
    stocks: tuple[StockText, ...] = ()
    logo: str = field(default="", repr=False)
    colours: dict[str, str] = field(default_factory=dict)
    templates: dict[str, OwnTemplate] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

    def of(self, edition: str, language: str) -> list[HouseText]:
        """The texts of an edition in a language, in the order of the book."""
        return [text for text in self.texts if text.language == language and text.edition in (None, edition)]


def unsaid(book: Book) -> str:
    """That a book named after model portfolios does not say whether anybody earned their returns; empty where it does.

    Examples
    --------
    >>> import attribution as at
    >>> unsaid(at.read_book("fixtures/small/book.toml"))  # says hypothetical = true
    ''
    """
    names = f"{book.book.name.ja} {book.book.name.en}"
    if "hypothetical" in book.report.model_fields_set or book.walk is not None or not MODEL_PORTFOLIOS.search(names):
        return ""
    return (
        f"{book.path.name}: the book's name says model portfolios, and no page says that performance is hypothetical. "
        f"Set hypothetical = true in [report], or false where clients' money earned it."
    )


def read_house(book: Book, month: str, languages: Sequence[str], editions: Sequence[str]) -> House:
    """Read what the book's [report] adds to a month.

    Raises
    ------
    InputError
        For a file that is missing, lies outside the book's folder, is large, or holds what no page shows.
    """
    placed: list[tuple[LegalText, str]] = [(one, one.after) for one in book.report.sections]
    placed += [(one, END) for one in book.report.legal]
    hashes: dict[str, str] = {}
    texts = tuple(
        _read(book, month, language, one, after, f"house-{number}", hashes)
        for number, (one, after) in enumerate(placed, 1)
        if one.edition is None or one.edition in editions
        for language in languages
    )
    stocks: list[StockText] = []
    if book.report.stock_texts is not None and CLIENT in editions:
        root, file = book.path.parent, filled_path(book.report.stock_texts, month)
        path = inside(root, file, f"{book.path.name}: 'stock_texts' in [report]")
        stocks = read_stock_texts(path, file, languages, dict.fromkeys(map(str, book.holdings["ticker"])))
        hashes |= _hashes(root, [path])
    logo = ""
    if book.report.logo is not None:
        what = f"{book.path.name}: 'logo' in [report]"
        path = inside(book.path.parent, filled_path(book.report.logo, month), what)
        logo, hashes = read_image(path, what), hashes | _hashes(book.path.parent, [path])
    templates: dict[str, OwnTemplate] = {}
    if book.report.template_dir is not None:
        what = f"{book.path.name}: 'template_dir' in [report]"
        templates, paths = read_templates(book.path.parent, book.report.template_dir, what)
        hashes |= _hashes(book.path.parent, paths)
    return House(texts, tuple(stocks), logo, book.report.colours.stated, templates, dict(sorted(hashes.items())))


def _hashes(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    return {path.relative_to(root.resolve()).as_posix(): file_hash(path) for path in paths}


def _read(book: Book, month: str, language: str, one: LegalText, after: str, key: str, hashes: dict[str, str]) -> HouseText:
    root = book.path.parent
    name = "sections" if isinstance(one, TextSection) else "legal"
    file = filled_path(one.file, month, language)
    path = inside(root, file, f"{book.path.name}: '{name}' in [report]")
    text = read_text(path, file)
    _, tokens, _ = parsed(text, file)
    places = {address: inside(root, address, file, beside=path.parent) for address in images(tokens)}
    found = {address: read_image(place, file) for address, place in places.items()}
    hashes |= _hashes(root, [path, *places.values()])
    return HouseText(
        key, after, one.edition, language, file, _in(one.title, language), _in(one.source, language), text, found
    )


def _in(words: Words | None, language: str) -> str:
    return "" if words is None else str(getattr(words, language))


def check_house(house: House, tables: Mapping[str, pd.DataFrame], book: Book) -> pd.DataFrame:
    """Hold every figure of the house's texts against the tables, those under a stated source excepted.

    Returns
    -------
    DataFrame
        The columns of `attribution.reporting.commentary.check.check_commentary`, and `file`; none where all is well.
    """
    languages = dict.fromkeys([*(one.language for one in house.texts), *(stock.language for stock in house.stocks)])
    checkers = {language: line_checker(tables, book, language) for language in languages}
    rows = [(one.file, finding) for one in house.texts for finding in _findings(one, checkers[one.language])]
    for stock in house.stocks:
        found = checkers[stock.language].line(stock.line, stock.text, sourced=bool(stock.source))
        rows += [(stock.file, finding) for finding in found]
    frame = pd.DataFrame([finding for _, finding in rows], columns=list(COLUMNS)).astype({"line": int})
    return frame.assign(file=[file for file, _ in rows])


def shown_tags(house: House) -> list[str]:
    """What to say of texts of the house that hold HTML, each with its lines."""
    found = {}
    for one in house.texts:
        _, tokens, _ = parsed(one.text, one.file)
        stated = {token.map[0] + 1 for token in tokens if token.type == "source" and token.map}
        found[one.file] = [line for line in tagged_lines(one.text) if line not in stated]
    for stock in house.stocks:
        found.setdefault(stock.file, []).extend([stock.line] * bool(tagged_lines(stock.text)))
    return [tags_shown(file, sorted(set(lines))) for file, lines in found.items() if lines]


def _findings(one: HouseText, checker: LineChecker) -> Iterable[Finding]:
    lines = one.text.split("\n")
    _, tokens, _ = parsed(one.text, one.file)
    stated = set(range(len(lines))) if one.source else sourced_lines(tokens, len(lines))
    for place, line in enumerate(lines):
        yield from checker.line(place + 1, plain_addresses(line), sourced=place in stated)
