"""A house's texts as sections of a page in a language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attribution.reporting.house.markdown import house_html
from attribution.reporting.house.own import Own, Section

if TYPE_CHECKING:
    from attribution.house_style.words import Messages
    from attribution.reporting.house.texts import House


def own_of(house: House, edition: str, messages: Messages, *, traced: bool = True) -> Own:
    """What the house adds to a page of an edition in the language of `messages`; figures are traced on the screen alone."""
    placed: dict[str, list[Section]] = {}
    for one in house.of(edition, messages.language):
        html = house_html(
            one.text,
            one.file,
            level=3,
            key=one.key,
            label=one.title,
            shown_source=lambda source: messages("house.source", source=source),
            source=one.source,
            traced=traced,
            data=one.images,
        )
        placed.setdefault(one.after, []).append(Section(one.key, "house", one.title, html))
    return Own(placed)
