"""A house's texts on stocks: a TOML file of a month, a section a ticker, in the place of the drafted drivers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attribution.portfolio.settings.toml_file import read_toml
from attribution.reporting.house.markdown import require_line
from riskmodel.errors import InputError, listed
from riskmodel.factors import LANGUAGES

SOURCE = "source"
KEYS = (*LANGUAGES, SOURCE)


@dataclass(frozen=True)
class StockText:
    """What a house says of a stock in a language; `line` is that of the text in the file, `source` may be empty."""

    ticker: str
    language: str
    file: str
    line: int
    text: str
    source: str


def read_stock_texts(path: Path, file: str, languages: Sequence[str], tickers: Collection[str]) -> list[StockText]:
    """The texts of a file, one a ticker and language.

    Parameters
    ----------
    path, file
        Where it is, and how the book names it.
    languages
        Those that are written; each ticker has a text in each.
    tickers
        What the book holds or held.

    Raises
    ------
    InputError
        For what is no TOML, a ticker that the book never held, an unknown key, a missing language, a text of several lines,
        and one that holds an image, a footnote or a link that leads nowhere.
    """
    content = read_toml(path, "Write a section a ticker: [AAPL], and below it ja = and en =.")
    if unknown := [ticker for ticker in content if ticker not in tickers]:
        near = difflib.get_close_matches(unknown[0], [*tickers], n=3, cutoff=0.3)
        raise InputError(
            f"{file}: texts on {listed(map(repr, unknown))}, which the book's holdings do not have. "
            f"Nearest: {', '.join(near) or 'none'}. Correct the ticker, or take the text out."
        )
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    texts = [
        StockText(
            ticker,
            language,
            file,
            _line(lines, ticker, language),
            _said(file, ticker, own, language),
            _source(file, ticker, own, language),
        )
        for ticker, own in content.items()
        for language in languages
    ]
    for one in texts:
        require_line(one.text, f"{file}, line {one.line}: '{one.language}' in [{one.ticker}]")
    return texts


def _said(file: str, ticker: str, own: Any, language: str) -> str:
    if not isinstance(own, dict):
        raise InputError(f"{file}: '{ticker}' is no section. Write [{ticker}], and below it ja = and en =.")
    if odd := [key for key in own if key not in KEYS]:
        raise InputError(
            f"{file}: unknown key '{odd[0]}' in [{ticker}]. Known keys: {', '.join(KEYS)}. A ticker with a point stands in "
            f'quotes: ["{ticker}.{odd[0]}"].'
        )
    return _of_one_line(file, ticker, language, own.get(language))


def _source(file: str, ticker: str, own: dict[str, Any], language: str) -> str:
    given = own.get(SOURCE)
    if given is None:
        return ""
    return _of_one_line(file, ticker, SOURCE, given.get(language) if isinstance(given, dict) else given)


def _of_one_line(file: str, ticker: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value.strip():
        found = "is missing" if value is None else "is no text of one line"
        raise InputError(f"{file}: '{key}' in [{ticker}] {found}. Give a text of one line in quotes.")
    return value.strip()


def _line(lines: Sequence[str], ticker: str, key: str) -> int:
    """The line, from 1, of a key in a ticker's section, or else of the section itself; 1 where neither is found.

    Examples
    --------
    >>> _line(["[A]", "ja = 'a'", "en = 'b'"], "A", "en"), _line(["A.ja = 'a'", "A.en = 'b'"], "A", "en")
    (3, 2)
    >>> _line(["B = {}", "A = { ja = 'a', en = 'b' }"], "A", "en")
    2
    """
    name, own = (rf"""["']?{re.escape(part)}["']?""" for part in (ticker, key))
    section, places = "", list[tuple[bool, int]]()
    for place, line in enumerate(lines, 1):
        if found := re.match(rf"\s*\[\s*(?:({name})\s*\]|)", line):
            section = found[1] or ""
            places += [(False, place)] * bool(section)
        elif re.match(rf"\s*{own}\s*=" if section else rf"\s*{name}\s*\.\s*{own}\s*=", line):
            places.append((True, place))
        elif not section and re.match(rf"\s*{name}\s*=", line):
            places.append((False, place))
    return next((place for exact, place in places if exact), places[0][1] if places else 1)


def unshown(texts: Iterable[StockText], shown: Collection[str]) -> list[str]:
    """The tickers of texts that stand on no page."""
    return [ticker for ticker in dict.fromkeys(text.ticker for text in texts) if ticker not in shown]
