"""Footnotes of a house's text: each below the part that refers to it first, under the mark that it has in the text."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

OPENING, CLOSING = "footnote_block_open", "footnote_block_close"


def placed_notes(tokens: Sequence[Token], ends: Sequence[str]) -> list[Token]:
    """The tokens of a text, its footnotes at the end of the parts that refer to them first.

    Parameters
    ----------
    tokens
        Of a text whose footnotes all stand at its end.
    ends
        Types of token before which a part ends, where they stand in nothing else.
    """
    place = next((n for n, token in enumerate(tokens) if token.type == OPENING), None)
    if place is None:
        return list(tokens)
    notes = dict(_notes(tokens[place + 1 : -1]))
    block = (tokens[place], tokens[-1])
    laid: list[Token] = []
    part: list[Token] = []

    def close() -> None:
        laid.extend(part)
        own = [note for number in _referred(part, notes) for note in notes.pop(number, ())]
        laid.extend([block[0], *own, block[1]] if own else ())
        part.clear()

    for token in tokens[:place]:
        if token.level == 0 and token.type in ends:
            close()
        part.append(token)
    close()
    return laid


def write_notes(parser: MarkdownIt) -> None:
    """Let a parser write a note under the mark that it has in the text; several lists of one text count on."""

    def opened(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: MutableMapping[str, Any]) -> str:
        name, mark = (renderer.rules[f"footnote_{part}"](tokens, place, options, env) for part in ("anchor_name", "caption"))
        return f'<li id="fn{name}" class="footnote-item"><span class="mark">{mark}</span>'

    parser.add_render_rule(OPENING, lambda *_: '<ol class="footnotes">\n')
    parser.add_render_rule(CLOSING, lambda *_: "</ol>\n")
    parser.add_render_rule("footnote_open", opened)
    parser.add_render_rule("footnote_anchor", lambda *_: "")


def _notes(tokens: Sequence[Token]) -> Iterator[tuple[int, list[Token]]]:
    """The number of each note, and its tokens."""
    note: list[Token] = []
    for token in tokens:
        note = [token] if token.type == "footnote_open" else [*note, token]
        if token.type == "footnote_close":
            yield int(note[0].meta["id"]), note


def _referred(tokens: Sequence[Token], notes: dict[int, list[Token]]) -> list[int]:
    """The numbers of the notes that a part refers to, and of those that these refer to, in the order of the text."""
    found: dict[int, None] = {}
    waiting = [*tokens]
    for token in waiting:
        waiting += token.children or ()
        if token.type == "footnote_ref" and (number := int(token.meta["id"])) not in found:
            found[number] = None
            waiting += notes.get(number, ())
    return sorted(found)
