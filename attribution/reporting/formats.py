"""What can be chosen of a report: its formats, and its editions with the files of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, get_args

from attribution.house_style.editions import Edition

FORMATS = ("html", "pdf", "xlsx")
ANALYST, CLIENT = EDITIONS = get_args(Edition)
PAGES = {ANALYST: "report", CLIENT: "client"}  # what the files of an edition begin with
TEXTS = {ANALYST: "commentary", CLIENT: "client"}  # its text, to be edited; the first line of it begins so too


def pages_alone(editions: Sequence[str], formats: Sequence[str]) -> bool:
    """Whether a report is the client's pages alone: then it makes what these ask for, and nothing else.

    Examples
    --------
    >>> pages_alone(["client"], ["html", "pdf"]), pages_alone(["client"], FORMATS), pages_alone(EDITIONS, ["html"])
    (True, False, False)
    """
    return ANALYST not in editions and "xlsx" not in formats


class Document(NamedTuple):
    """An edition in a language."""

    edition: str
    language: str

    @property
    def text(self) -> str:
        """The file of its text."""
        return f"{TEXTS[self.edition]}.{self.language}.md"

    def page(self, ending: str) -> str:
        """The file of its page, "html" or "pdf"."""
        return f"{PAGES[self.edition]}.{self.language}.{ending}"
