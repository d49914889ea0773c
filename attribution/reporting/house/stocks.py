"""A house's texts on stocks: a TOML file of a month, a section a ticker, in the place of the drafted drivers."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attribution.portfolio.settings.toml_file import read_toml
from riskmodel.errors import InputError, listed
from riskmodel.factors import LANGUAGES

SOURCE = "source"
KEYS = (*LANGUAGES, SOURCE)


@dataclass(frozen=True)
class StockText:
    """What a house says of a stock in a language; `line` is that of its section in the file, `source` may be empty."""

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
        For what is no TOML, a ticker that the book never held, an unknown key, a missing language, a text of several lines.
    """
    content = read_toml(path, "Write a section a ticker: [AAPL], and below it ja = and en =.")
    if unknown := [ticker for ticker in content if ticker not in tickers]:
        near = difflib.get_close_matches(unknown[0], [*tickers], n=3, cutoff=0.3)
        raise InputError(
            f"{file}: texts on {listed(map(repr, unknown))}, which the book's holdings do not have. "
            f"Nearest: {', '.join(near) or 'none'}. Correct the ticker, or take the text out."
        )
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    return [
        StockText(
            ticker,
            language,
            file,
            _line(lines, ticker),
            _said(file, ticker, own, language),
            _source(file, ticker, own, language),
        )
        for ticker, own in content.items()
        for language in languages
    ]


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


def _line(lines: Sequence[str], ticker: str) -> int:
    """The line, from 1, on which a ticker's section begins; 1 where it is written in another form."""
    heads = {f"[{quote}{ticker}{quote}]" for quote in ("", '"', "'")}
    return next((place for place, line in enumerate(lines, 1) if line.split("#")[0].strip() in heads), 1)


def unshown(texts: Iterable[StockText], shown: Collection[str]) -> list[str]:
    """The tickers of texts that stand on no page."""
    return [ticker for ticker in dict.fromkeys(text.ticker for text in texts) if ticker not in shown]
