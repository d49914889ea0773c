"""A commentary as HTML: headings, paragraphs, lists and figures that name their cell; all else is shown as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from attribution.reporting.commentary.check import FIRST_LINE, LINK, NARROW, SOURCE, unified
from attribution.reporting.tables.facts import read_anchor
from riskmodel.errors import listed

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LOWEST = 6
TAG = re.compile(r"(?<!\\)<(?:!--|/?[A-Za-z][A-Za-z0-9-]*(?:[\s/][^<>]*)?>)")
NO_TEXT = re.compile(r"(`+)(?:(?!\1).)+\1|(?<=\]\()\s*<[^<>]*>")  # code, and addresses of links and images
TITLE = re.compile(r" {0,3}#\s")


def to_html(
    text: str, *, level: int = 2, title: bool = True, traced: bool = True, places: Mapping[str, str] | None = None
) -> str:
    r"""Render a commentary for a page.

    Parameters
    ----------
    text
        A draft or an edited file; its first line, which names month and language, is left out.
    level
        Of the heading that "#" becomes; "##" is one below it, and so on.
    title
        Whether headings with one "#" are shown; a page has a title of its own.
    traced
        Whether figures name their cells; on paper nobody can ask them.
    places
        Table -> id of its element in the page. A figure of such a table becomes a link to it, any other a span.

    Returns
    -------
    str
        HTML in which everything the file held as HTML is escaped. A figure is
        `<span class="fact" title="table | row | column" data-table="..." data-key="..." data-column="...">`, one from
        elsewhere `<span class="fact source" title="...">`. Addresses other than http and https are plain text; no image is
        loaded.

    Examples
    --------
    >>> to_html("# June\n\n<b>Up</b> [+1%](<#performance|A|return>)")  # doctest: +NORMALIZE_WHITESPACE
    '<h2>June</h2>\n<p>&lt;b&gt;Up&lt;/b&gt; <span class="fact" title="performance | A | return" data-table="performance"
    data-key="A" data-column="return">+1%</span></p>\n'
    """
    lines = unified(text).lstrip("\n").split("\n")
    if FIRST_LINE.fullmatch(lines[0].translate(NARROW)):
        lines = lines[1:]
    if not title:
        lines = [line for line in lines if not TITLE.match(line)]
    if not traced:
        lines = [LINK.sub(r"\g<text>", line) for line in lines]
    tokens = text_parser(places or {}).parse("\n".join(lines))
    for token in tokens:
        if token.type.startswith("heading_"):
            token.tag = f"h{min(int(token.tag[1:]) + level - 1, LOWEST)}"
    parser = text_parser(places or {})
    return str(parser.renderer.render(tokens, parser.options, {}))


def text_parser(places: Mapping[str, str]) -> MarkdownIt:
    """What reads a commentary and writes its HTML; `places` as in `to_html`."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"html": False}).enable(
        ["heading", "list", "emphasis", "link", "escape", "entity", "newline", "backticks"]
    )
    # the address is kept as it stands: the usual normalising would encode the bars that part it
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda url: url.startswith(("#", "http://", "https://"))  # type: ignore[method-assign]

    def opening(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: MutableMapping[str, Any]) -> str:
        href = str(tokens[place].attrGet("href") or "")
        if not href.startswith("#"):
            return f'<a href="{escape(href)}" rel="noopener">'
        anchor = read_anchor(href)
        if anchor.table == SOURCE:
            return f'<span class="fact source" title="{escape(anchor.column)}">'
        key = " | ".join("*" if part is None else part for part in anchor.key)
        title = f"{anchor.table} | {key} | {anchor.column}"
        data = f'title="{escape(title)}" data-table="{escape(anchor.table)}" data-key="{escape(key)}"'
        data += f' data-column="{escape(anchor.column)}"'
        if anchor.table in places:
            return f'<a class="fact" href="#{escape(places[anchor.table])}" {data}>'
        return f'<span class="fact" {data}>'

    def closing(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: MutableMapping[str, Any]) -> str:
        depth = 0
        for token in reversed(tokens[:place]):
            depth += (token.type == "link_close") - (token.type == "link_open")
            if depth < 0:
                href = str(token.attrGet("href") or "")
                return "</a>" if not href.startswith("#") or read_anchor(href).table in places else "</span>"
        return "</span>"

    parser.add_render_rule("link_open", opening)
    parser.add_render_rule("link_close", closing)
    return parser


def parted_stocks(text: str) -> set[str]:
    """The stocks of which a text tells a part of their contribution: a figure of `stock_factor`.

    Examples
    --------
    >>> parted_stocks("Up [+6.62%](<#stock_factor|A|FSLY|specific|contribution>), [1%](<#performance|A|return>)")
    {'FSLY'}
    """
    anchors = (read_anchor(found["angle"] or found["bare"]) for found in LINK.finditer(text))
    return {str(anchor.key[1]) for anchor in anchors if anchor.table == "stock_factor" and len(anchor.key) > 1}


def tagged_lines(text: str) -> list[int]:
    r"""The lines, from 1, of HTML: a page shows it as it is written, tags and all.

    Examples
    --------
    >>> tagged_lines("<!-- client 2026-03 en -->\nA <b>bold</b> word\n[1%](<#performance|A|return>), 1 < 2 > 0, `<i>`")
    [2]
    """
    lines = enumerate(unified(text).split("\n"), 1)
    told = ((place, line) for place, line in lines if not FIRST_LINE.fullmatch(line.translate(NARROW)))
    return [place for place, line in told if TAG.search(NO_TEXT.sub("", line))]


def tags_shown(name: str, lines: Sequence[int]) -> str:
    """What to say of a text with HTML in some lines; nothing where there are none.

    Examples
    --------
    >>> tags_shown("market.en.md", [3])
    'market.en.md: HTML in line 3 is on the page as it is written, tags and all. Write Markdown, or take it out.'
    """
    if not lines:
        return ""
    places = f"line{'s' * (len(lines) > 1)} {listed(lines)}"
    return f"{name}: HTML in {places} is on the page as it is written, tags and all. Write Markdown, or take it out."
