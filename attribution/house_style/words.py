"""The words of a report in a language, from the message file beside this module."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from riskmodel.errors import InputError

LANGUAGES = ("ja", "en")


@dataclass(frozen=True)
class Messages:
    """Sentences and names of one language.

    Attributes
    ----------
    language
        "ja" or "en".
    table
        The message file; every value is a string or a table of strings.
    """

    language: str
    table: dict[str, Any]

    def __call__(self, key: str, **values: object) -> str:
        """The message at a dotted key, with its places filled in."""
        found: Any = self.table
        for part in key.split("."):
            found = found[part]
        return str(found).format(**values)

    def name(self, kind: str, label: str) -> str:
        """The name of a factor, sector, group or descriptor; a label that the file does not know stands for itself.

        Examples
        --------
        >>> read_messages("ja").name("factors", "value"), read_messages("ja").name("sectors", "Shipping")
        ('割安性', 'Shipping')
        """
        return str(self.table[kind].get(label, label))

    def factor(self, label: str) -> str:
        """The name of a row of a factor cut: a style, a sector, the market, specific or one of the others."""
        return self.name("factors", label) if label in self.table["factors"] else self.name("sectors", label)

    def phrase(self, kind: str, text: str) -> str:
        """Translate a sentence that another module wrote; one that fits no pattern of the file stands as it is.

        Examples
        --------
        >>> read_messages("ja").phrase("reasons", "fundamentals has no dividends_per_share")
        '財務データに1株当たり配当がない'
        """
        for pattern, message in self.table[kind].items():
            match = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(pattern)), text)
            if match:
                return str(message).format(**{key: self._part(key, value) for key, value in match.groupdict().items()})
        return text

    def examples(self, text: str) -> str:
        """Translate the end of a list such as 'A, B and 3 more'."""
        match = re.fullmatch(r"(.+) and (\d+) more", text)
        listed, more = (match[1], self("words.and_more", count=match[2])) if match else (text, "")
        return self("words.comma").join(listed.split(", ")) + more

    def _part(self, key: str, value: str) -> str:
        if key == "column":
            return self.name("filings", value)
        if key == "table":
            return self.name("market_tables", value)
        if key == "sectors":
            return self("words.comma").join(self.name("sectors", sector) for sector in value.split(", "))
        return value


@cache
def read_messages(language: str) -> Messages:
    """The words of "ja" or "en".

    Raises
    ------
    InputError
        For another language.
    """
    if language not in LANGUAGES:
        raise InputError(f"language '{language}': the pages are written in {', '.join(LANGUAGES)}.")
    text = resources.files("attribution.house_style").joinpath(f"messages/{language}.toml").read_text(encoding="utf-8")
    return Messages(language, tomllib.loads(text))
