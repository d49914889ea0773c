"""What a house adds to a page, laid out already: its sections, each behind the part of the report that it follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup

    from attribution.reporting.house.templates import OwnTemplate

PARTS = {  # place of a house's section -> the page's own sections that it stands behind, by their templates
    "month": ("ranking", "commentary"),
    "market": ("indices", "factors"),
    "sleeves": ("sleeve", "rules", "blends"),
    "limits": ("limits", "explorer"),
}
END = "end"  # the place of legal texts


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own: `key` is the heading's id, `template` lays out `view`; `annex` where it
    is one of those that stand behind all others and have letters.
    """

    key: str
    template: str
    title: str
    view: Any
    annex: bool = False


@dataclass(frozen=True)
class Own:
    """What a house adds to a page in one language.

    Attributes
    ----------
    sections
        By the place that they follow, one of PARTS or END; safe HTML as views.
    stocks
        Ticker -> what the house says of the stock, as safe HTML.
    parted
        Tickers of which the house's texts tell a part of their contribution.
    logo
        An image as an address that holds it.
    sheet
        CSS of the house's colours.
    templates
        Section of the analyst edition -> the template in its place.
    """

    sections: Mapping[str, Sequence[Section]] = field(default_factory=dict)
    stocks: Mapping[str, Markup] = field(default_factory=dict)
    parted: frozenset[str] = frozenset()
    logo: str = ""
    sheet: str = ""
    templates: Mapping[str, OwnTemplate] = field(default_factory=dict)

    def at(self, place: str) -> Sequence[Section]:
        """The sections at a place."""
        return self.sections.get(place, ())

    def among(self, sections: Iterable[Section]) -> list[Section]:
        """A page's own sections and the house's between them, legal texts before the annexes."""
        own = list(sections)
        laid = [section for section in own if not section.annex]
        for place, templates in PARTS.items():
            last = max((n for n, section in enumerate(laid) if section.template in templates), default=len(laid) - 1)
            laid[last + 1 : last + 1] = self.at(place)
        return [*laid, *self.at(END), *(section for section in own if section.annex)]


NOTHING = Own()
