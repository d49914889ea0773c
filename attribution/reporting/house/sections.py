"""A house's texts as sections of a page in a language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attribution.house_style.colours import on_dark
from attribution.reporting.commentary.check import LINK
from attribution.reporting.commentary.html import parted_stocks, text_parser
from attribution.reporting.house.markdown import house_html
from attribution.reporting.house.own import Own, Section

if TYPE_CHECKING:
    from markupsafe import Markup

    from attribution.house_style.words import Messages
    from attribution.reporting.house.stocks import StockText
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
    stocks = {
        one.ticker: _of_stock(one, messages, traced=traced) for one in house.stocks if one.language == messages.language
    }
    texts = [one.text for one in house.of(edition, messages.language)]
    texts += [one.text for one in house.stocks if one.language == messages.language]
    parted = frozenset[str]().union(*map(parted_stocks, texts))
    return Own(placed, stocks, parted, house.logo, colour_sheet(house.colours), house.templates)


def colour_sheet(colours: Mapping[str, str]) -> str:
    """The colours of a house in the place of the style sheets' own.

    Examples
    --------
    >>> print(colour_sheet({"accent": "#0b6b4f", "gain": "#0b6b4f"}))
    :root { --accent: #0b6b4f; --gain: #0b6b4f; }
    @media screen and (prefers-color-scheme: dark) { :root:root { --accent: #13ba89; --gain: #13ba89; } }
    >>> colour_sheet({})
    ''
    """
    if not colours:
        return ""
    light, dark = (" ".join(f"--{use}: {shown(colour)};" for use, colour in colours.items()) for shown in (str, on_dark))
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root:root {{ {dark} }} }}"


def _of_stock(one: StockText, messages: Messages, *, traced: bool) -> Markup:
    """A line of Markdown: emphasis and figures that name their cells; its source behind it."""
    from markupsafe import Markup

    text = one.text if traced else LINK.sub(r"\g<text>", one.text)
    html = Markup(text_parser({}).renderInline(text))
    if not one.source:
        return html
    return html + Markup(' <span class="source">{}</span>').format(messages("house.source", source=one.source))
