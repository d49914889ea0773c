"""What can be chosen of a report: its formats, and its editions with the files of each; tables are always written."""

from __future__ import annotations

from typing import NamedTuple, get_args

from attribution.house_style.editions import Edition

FORMATS = ("html", "pdf", "xlsx")
ANALYST, CLIENT = EDITIONS = get_args(Edition)
PAGES = {ANALYST: "report", CLIENT: "client"}  # what the files of an edition begin with
TEXTS = {ANALYST: "commentary", CLIENT: "client"}  # its text, to be edited; the first line of it begins so too


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
