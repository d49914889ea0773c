"""Full pages: of the ways in which a document may be spaced, the first that leaves no page emptier than a fifth."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weasyprint import Document

BODY = re.compile(r'<body data-spacing="([^"]*)">')
MOST_EMPTY = 0.2  # of a page, below its last line
TEXTS = ("p", "li")  # elements of running text


def spaced(html: str) -> list[str]:
    """A document in each way of spacing that its body names, as written first: each is a class of the body.

    Examples
    --------
    >>> spaced('<body data-spacing="close, close open">')
    ['<body>', '<body class="close">', '<body class="close open">']
    >>> spaced("<body>")
    ['<body>']
    """
    found = BODY.search(html)
    if found is None:
        return [html]
    named = [f'<body class="{way.strip()}">' for way in found[1].split(",")]
    return [html.replace(found[0], body, 1) for body in ("<body>", *named)]


def fullest(documents: Sequence[str], lay_out: Callable[[str], Document]) -> tuple[Document, tuple[int, int]]:
    """The first that has no page emptier than a fifth, or else of those with the fewest pages the least empty.

    Parameters
    ----------
    documents
        The ways, in the order in which they are tried: one that will do is not laid out beside others.
    lay_out
        Makes pages of one.

    Returns
    -------
    Document
        The emptiest page of which is the least empty, where none will do.
    tuple of int
        How many lines of text more fill its emptiest page, and how many fewer spare it, in the way that takes the fewest: it
        is tried again. 0 and 0 where one will do, or no number of lines is known to.
    """
    tried: list[tuple[int, float, Document]] = []
    more, fewer = list[int](), list[int]()
    for html in documents:
        laid = lay_out(html)
        share = emptiest(laid)[1]
        if share <= MOST_EMPTY:
            return laid, (0, 0)
        tried.append((len(laid.pages), share, laid))
        wanted = _wanted(laid)
        more += wanted[:1]
        fewer += wanted[1:]
    best = min(tried, key=lambda one: one[:2])[2]
    return best, (min(more, default=0), min(fewer, default=0))


def emptiest(document: Document) -> tuple[int, float]:
    """Which page, counted from 1, is empty by the largest share of its height below its last line, and by how much."""
    shares = [_empty(page._page_box) for page in document.pages]  # it says nowhere else where a line is
    share = max(shares)
    return shares.index(share) + 1, share


def _wanted(document: Document) -> list[int]:
    """How many lines of text more fill the emptiest page to a fifth, and, where it is the last, how many fewer spare it.

    Nothing where another page is as empty: no number of lines mends both. A line is as high as half of those in paragraphs
    and lists of that page, or else of the whole document. A page is spared where all that stands on it is gone, or has moved
    to the pages before it.
    """
    pages = [page._page_box for page in document.pages]
    shares = [_empty(page) for page in pages]
    share = max(shares)
    place = shares.index(share)
    heights = [*_lines(pages[place])] or [height for page in pages for height in _lines(page)]
    if not heights or any(other > MOST_EMPTY for other in (*shares[:place], *shares[place + 1 :])):
        return []
    line = statistics.median(heights)
    last = 0 < place == len(pages) - 1
    found = [(share - MOST_EMPTY) * pages[place].height / line, *([_used(pages[place]) / line] if last else [])]
    return [math.ceil(round(lines, 6)) for lines in found]


def _lines(box: Any) -> Iterator[float]:
    """Heights of the lines of paragraphs and lists."""
    from weasyprint.formatting_structure.boxes import LineBox

    if isinstance(box, LineBox):
        if box.element_tag in TEXTS:
            yield box.height
        return
    for child in getattr(box, "children", ()):
        yield from _lines(child)


def _empty(page: Any) -> float:
    return 1 - _used(page) / page.height


def _used(page: Any) -> float:
    """The height of a page from its first line to its last."""
    top = page.content_box_y()
    text = next(box for box in page.children if box.element_tag == "html")  # beside it stand the margins
    return max(_ends(text), default=top) - top


def _ends(box: Any) -> Iterator[float]:
    """Where lines of text and images end."""
    children = getattr(box, "children", ())
    for child in children:
        yield from _ends(child)
    if not children and box.height:
        yield box.position_y + box.height
