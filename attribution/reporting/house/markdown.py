"""A house's Markdown: tables, lists, footnotes, images and stated sources; whatever else it holds is text, or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from attribution.reporting.commentary.check import LINK, NARROW
from attribution.reporting.commentary.html import LOWEST, text_parser
from attribution.reporting.house.footnotes import CLOSING, OPENING, placed_notes, write_notes
from riskmodel.errors import InputError, listed

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

STATED = re.compile(r"<!--\s*source\s*:(?P<source>.*?)-->\s*", re.IGNORECASE)
ENDS = ("heading_open", "source")  # what ends the part that a source is stated for
SAFE = ("#", "http://", "https://")
ADDRESS = re.compile(
    r"(?<=\]\()\s*<?(?:https?://[^\s()<>]*|[^#\s()<>%][^\s()<>%]*\.(?:png|jpe?g))>?(?=\s*\))", re.IGNORECASE
)
MISSING = re.compile(r"\[\^[^\]\s]+\]")


def parsed(text: str, what: str) -> tuple[MarkdownIt, list[Token], dict[str, Any]]:
    """The tokens of a text, each footnote in the part that refers to it first, and what writes them.

    Raises
    ------
    InputError
        For a source without a name, links that lead elsewhere than to a table or the web, images without a description,
        footnotes that nothing refers to and such as have no text.
    """
    from mdit_py_plugins.footnote import footnote_plugin

    parser = text_parser({}).enable(["table", "image", "hr", "blockquote"])
    parser.use(footnote_plugin, inline=False)
    # the rule of tables splits a line before it looks for links: the bars of an address are no borders of cells
    text = LINK.sub(lambda link: re.sub(r"(?<!\\)\|", r"\\|", link[0]), text)
    _let_links_be_looked_at(parser)
    parser.block.ruler.before("paragraph", "source", _source, {"alt": ["paragraph", "list", "blockquote", "table"]})
    env: dict[str, Any] = {}
    tokens = parser.parse(text, env)
    _require_safe(tokens, env, what)
    return parser, placed_notes(tokens, ENDS), env


def _let_links_be_looked_at(parser: MarkdownIt) -> None:
    """Read every link as one: what may not stand is refused afterwards, by name, where the parser would leave it as text."""
    parser.validateLink = lambda url: True  # type: ignore[method-assign]


def require_line(text: str, what: str) -> None:
    """Refuse what a text of one line, in a cell of a table, cannot show.

    Raises
    ------
    InputError
        For an image, a footnote and a link that leads elsewhere than to a table or the web.
    """
    parser = text_parser({}).enable(["image"])
    _let_links_be_looked_at(parser)
    every = list(_inline(parser.parseInline(text)))
    for found, name in (
        ([str(token.attrGet("src")) for token in every if token.type == "image"], "an image"),
        ([mark for token in every if token.type == "text" for mark in MISSING.findall(token.content)], "a footnote"),
    ):
        if found:
            raise InputError(
                f"{what}: holds {name}, which one line of a table cannot: {listed(found)}. Put it into a section."
            )
    _require_links(every, what)


def _source(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line that states the source of what follows; only between blocks, never inside a list or a quotation."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    found = STATED.fullmatch(line.translate(NARROW))
    if found is None or state.level or state.blkIndent:
        return False
    if not silent:
        token = state.push("source", "", 0)
        token.content = line[found.start("source") : found.end("source")].strip()
        token.map = [start, start + 1]
    state.line = start + 1
    return True


def sourced_lines(tokens: Sequence[Token], count: int) -> set[int]:
    """The lines, from 0, that stand under a stated source: up to the next heading or source, or the end.

    A footnote stands where it is printed, in the part that refers to it, wherever its line is.
    """
    found: set[int] = set()
    marks = [token for token in tokens if token.level == 0 and token.map and token.type in ENDS]
    for place, token in enumerate(marks):
        if token.type == "source" and token.map:
            following = marks[place + 1].map if place + 1 < len(marks) else None
            found |= set(range(token.map[0], following[0] if following else count))
    notes: dict[int, bool] = {}
    under = inside = False
    for token in tokens:
        if token.level == 0 and token.type in ENDS:
            under = token.type == "source"
        inside = token.type == OPENING or (inside and token.type != CLOSING)
        if inside and token.map:
            notes |= dict.fromkeys(range(*token.map), under)
    return {line for line in found | set(notes) if notes.get(line, True)}


def plain_addresses(line: str) -> str:
    r"""A line whose figures can be looked for: without addresses of images and of the web, those of tables unescaped.

    Examples
    --------
    >>> plain_addresses(r"[+1%](<#performance\|A\|return>) [Fed](https://a.org/v1.5) ![rates](rates.2.5.png)")
    '[+1%](<#performance|A|return>) [Fed]() ![rates]()'
    """
    return ADDRESS.sub("", LINK.sub(lambda link: link[0].replace(r"\|", "|"), line))


def images(tokens: Sequence[Token]) -> Iterator[str]:
    """The addresses of a text's images."""
    for token in _inline(tokens):
        if token.type == "image":
            yield str(token.attrGet("src") or "")


def house_html(
    text: str,
    what: str,
    *,
    level: int,
    key: str,
    label: str,
    shown_source: Callable[[str], str],
    source: str = "",
    traced: bool = True,
    data: Mapping[str, str] | None = None,
) -> str:
    r"""Render a house's text for a page.

    Parameters
    ----------
    text, what
        The file, and how a message calls it.
    level
        Of the heading that "#" becomes.
    key
        Of the text in the page: its footnotes are numbered apart from those of others.
    label
        What tables that are wider than a phone are called.
    shown_source
        A source as the page writes it: "Source: ...".
    source
        Of all that no source in the text is stated for.
    traced
        Whether figures name their cells.
    data
        Address of each image -> the image itself, as an address.

    Examples
    --------
    >>> print(house_html("<!-- source: Desk -->\n**4.1%** <b>", "a.md", level=3, key="a", label="A",
    ...                  shown_source="Source: {}".format).strip())
    <p><strong>4.1%</strong> &lt;b&gt;</p>
    <p class="source">Source: Desk</p>
    """
    if not traced:
        text = LINK.sub(r"\g<text>", text)
    parser, tokens, env = parsed(text, what)
    known = data or {}

    def image(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: MutableMapping[str, Any]) -> str:
        token = tokens[place]
        address, alt = known.get(str(token.attrGet("src") or ""), ""), token.content
        return f'<img src="{escape(address)}" alt="{escape(alt)}">'

    parser.add_render_rule("image", image)
    write_notes(parser)
    parser.add_render_rule("source", lambda renderer, tokens, place, *_: str(tokens[place].content))
    parser.add_render_rule(
        "table_open", lambda *_: f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}">\n<table>\n'
    )
    parser.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    for token in tokens:
        if token.type == "heading_open" or token.type == "heading_close":
            token.tag = f"h{min(int(token.tag[1:]) + level - 1, LOWEST)}"
        if token.type in ("th_open", "td_open"):
            _align(token)
    laid = _with_sources(tokens, shown_source, source)
    return str(parser.renderer.render(laid, parser.options, env | {"docId": key}))


def _align(token: Token) -> None:
    """Classes in the place of styles, which a strict policy of the page's host forbids."""
    style = str(token.attrs.pop("style", ""))
    if style.endswith(("right", "center")):
        token.attrSet("class", "n" if style.endswith("right") else "centre")
    if token.type == "th_open":
        token.attrSet("scope", "col")


def _with_sources(tokens: Sequence[Token], shown: Callable[[str], str], whole: str) -> list[Token]:
    """Each source behind the part that it is stated for, its footnotes too, and the whole text's behind the rest."""
    laid: list[Token] = []
    stated, rest = "", False
    for token in tokens:
        if token.level == 0 and token.type in ENDS and stated:
            laid.append(_printed(shown(stated)))
            stated = ""
        if token.type == "source" and token.level == 0:
            stated = token.content
            continue
        rest = rest or not stated
        laid.append(token)
    last = [stated] * bool(stated) + [whole] * bool(whole and rest)
    return [*laid, *(_printed(shown(source)) for source in last)]


def _printed(text: str) -> Token:
    from markdown_it.token import Token

    return Token("source", "", 0, content=f'<p class="source">{escape(text)}</p>\n')


def _inline(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _inline(token.children or ())


def _require_safe(tokens: Sequence[Token], env: Mapping[str, Any], what: str) -> None:
    """Refuse what a page would not show as it was meant."""
    every = list(_inline(tokens))
    unnamed = [token.map[0] + 1 for token in every if token.type == "source" and token.map and not token.content]
    if unnamed:
        raise InputError(
            f"{what}: line {listed(unnamed)} states no source. Write <!-- source: Bloomberg, 31 March 2026 -->."
        )
    _require_links(every, what)
    silent = [str(token.attrGet("src")) for token in every if token.type == "image" and not token.content.strip()]
    if silent:
        raise InputError(f"{what}: images without a description: {listed(silent)}. Write ![what it shows](file.png).")
    refs = env.get("footnotes", {}).get("refs", {})
    unused = [name.removeprefix(":") for name, place in refs.items() if place < 0]
    if unused:
        raise InputError(
            f"{what}: footnotes that nothing refers to: {listed(unused)}. Write [^{unused[0]}] where it belongs."
        )
    missing = [found for token in every if token.type == "text" for found in MISSING.findall(token.content)]
    if missing:
        raise InputError(f"{what}: footnotes without a text: {listed(missing)}. Write it below: {missing[0]}: text.")


def _require_links(every: Sequence[Token], what: str) -> None:
    odd = [
        href
        for token in every
        if token.type == "link_open"
        if not (href := str(token.attrGet("href") or "")).startswith(SAFE)
    ]
    if odd:
        raise InputError(f"{what}: links that lead nowhere: {listed(odd)}. Give an address with https://, or take them out.")
