"""The client edition's texts, as the analyst gave them back: the verdict, and what is said of each sleeve."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from attribution.house_style.words import read_messages
from attribution.portfolio.book import Book
from attribution.reporting.commentary.check import FIRST_LINE, LINK, NARROW, unified
from attribution.reporting.spacing import MOST_EMPTY
from attribution.reporting.tables.names import sleeve_name
from riskmodel.errors import InputError, counted, listed

MOST_PAGES, MOST_TEXT = 4, 900  # of a client edition; its text in characters, without what limits say
HEADING = re.compile(r" {0,3}(?P<marks>#+)\s+(?P<title>.*?)\s*#*\s*")


@dataclass(frozen=True)
class ClientTexts:
    """Markdown: the verdict, and by sleeve what stands under its name; of a sleeve without a heading, nothing."""

    verdict: str
    sleeves: Mapping[str, str]


def client_texts(text: str, book: Book, language: str, *, name: str = "client.md") -> ClientTexts:
    """Split a client text at its headings.

    Parameters
    ----------
    text
        A draft of `attribution.reporting.client.draft.client_draft`, edited or not.
    book
        Whose sleeves the headings name, in the language or by their keys.
    language
        Of the text.
    name
        What a message calls it.

    Raises
    ------
    InputError
        For a heading that names no sleeve, and for one that stands twice: its text would be on no page.
    """
    keys = {key: key for key in book.sleeves}
    keys |= {sleeve_name(book, key, language): key for key in book.sleeves}
    parts: dict[str, list[str]] = {"": []}
    unknown, twice, place = [], [], ""
    for line in unified(text).split("\n"):
        if FIRST_LINE.fullmatch(line.translate(NARROW)):
            continue
        found = HEADING.fullmatch(line)
        if found is None or len(found["marks"]) > 2:
            parts[place].append(line)
        elif len(found["marks"]) == 2:
            title = re.sub(r"\\(.)", r"\1", found["title"])
            place = keys.get(title, title)
            unknown += [title] * (title not in keys)
            twice += [title] * (place in parts)
            parts[place] = []
    if unknown:
        known = ", ".join(f"'{title}'" for title in keys)
        raise InputError(
            f"{name}: headings that name no sleeve: {listed(unknown)}. What stands under them would be on no page. "
            f"Call them {known}, or put the text under one of these."
        )
    if twice:
        raise InputError(f"{name}: headings that stand twice: {listed(twice)}. Put their texts under one.")
    whole = {key: "\n".join(lines).strip() for key, lines in parts.items()}
    return ClientTexts(whole.pop(""), whole)


def more_pages(name: str, pages: int, text: str, sleeves: int) -> str:
    """What to say of a client edition with more pages than two sleeves and a text of the stated length take; or nothing.

    Examples
    --------
    >>> more_pages("client.en.pdf", 5, "word " * 300, 3)  # doctest: +ELLIPSIS
    'client.en.pdf: 5 pages, more than 4, which two sleeves and a text of 900 characters take: there are 3 sleeves, and ...'
    >>> more_pages("client.en.pdf", 4, "word " * 300, 3)
    ''
    """
    if pages <= MOST_PAGES:
        return ""
    told = [line for line in LINK.sub(r"\g<text>", text).split("\n") if not line.startswith(("#", "<!--", "- "))]
    return (
        f"{name}: {pages} pages, more than {MOST_PAGES}, which two sleeves and a text of {MOST_TEXT} characters take: "
        f"there are {counted(sleeves, 'sleeve')}, and {sum(map(len, told)):,} characters beside breaches. Nothing was "
        f"shrunk or cut; shorten the texts, or send it as it is."
    )


def empty_page(name: str, page: int, empty: int, more: int = 0, fewer: int = 0) -> str:
    """What to say of a client edition with a page of which more than a fifth is empty, `empty` percent; or nothing.

    `more` and `fewer` are those of `attribution.reporting.spacing.fullest`.

    Examples
    --------
    >>> empty_page("client.en.pdf", 5, 82, 40, 9)
    'client.en.pdf: page 5 is 82% empty, however its lines are spaced. 40 more lines of text fill it, and 9 fewer spare it.'
    >>> empty_page("client.en.pdf", 2, 30, 6)
    'client.en.pdf: page 2 is 30% empty, however its lines are spaced. 6 more lines of text fill it.'
    >>> empty_page("client.en.pdf", 2, 30)
    'client.en.pdf: page 2 is 30% empty, however its lines are spaced. So is another: lengthen or shorten the texts.'
    >>> empty_page("client.en.pdf", 4, 20)
    ''
    """
    if empty <= 100 * MOST_EMPTY:
        return ""
    lines = f"{counted(more, 'more line')} of text {'fills' if more == 1 else 'fill'} it"
    spare = f", and {fewer} fewer {'spares' if fewer == 1 else 'spare'} it" if fewer else ""
    mend = f"{lines}{spare}." if more else "So is another: lengthen or shorten the texts."
    return f"{name}: page {page} is {empty}% empty, however its lines are spaced. {mend}"


def open_places(text: str, language: str) -> int:
    """How many places of a draft only the house can fill, and has not."""
    return text.count(read_messages(language)("commentary.client.open"))


def left_open(name: str, text: str, language: str) -> str:
    """What to say of a draft's places that only the house can fill, and that stand on the page unfilled; or nothing.

    Examples
    --------
    >>> left_open("client.en.md", "- Breach: one name weighs 11%. Action taken: (to be stated).", "en")
    "client.en.md: '(to be stated)' stands on the page once. Say what was done, and give the file with --commentary."
    >>> left_open("client.en.md", "- Breach: one name weighs 11%. Action taken: sold on 2 April.", "en")
    ''
    """
    if not (places := open_places(text, language)):
        return ""
    mark = read_messages(language)("commentary.client.open")
    times = "once" if places == 1 else f"{places} times"
    return f"{name}: '{mark}' stands on the page {times}. Say what was done, and give the file with --commentary."
