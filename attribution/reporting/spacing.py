"""Full pages: of the ways in which a document may be spaced, the first that leaves no page emptier than a fifth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weasyprint import Document

BODY = re.compile(r'<body data-spacing="([^"]*)">')
MOST_EMPTY = 0.2  # of a page, below its last line


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


def fullest(documents: Sequence[str], lay_out: Callable[[str], Document]) -> Document:
    """The first that has no page emptier than a fifth, or else that whose emptiest page is the least empty.

    Parameters
    ----------
    documents
        The ways, in the order in which they are tried: one that will do is not laid out beside others.
    lay_out
        Makes pages of one.
    """
    best = lay_out(documents[0])
    least = emptiest(best)[1] if documents[1:] else 0.0
    for other in documents[1:]:
        if least <= MOST_EMPTY:
            break
        laid = lay_out(other)
        if (empty := emptiest(laid)[1]) < least:
            best, least = laid, empty
    return best


def emptiest(document: Document) -> tuple[int, float]:
    """Which page, counted from 1, is empty by the largest share of its height below its last line, and by how much."""
    shares = [_empty(page._page_box) for page in document.pages]  # it says nowhere else where a line is
    share = max(shares)
    return shares.index(share) + 1, share


def _empty(page: Any) -> float:
    top = page.content_box_y()
    text = next(box for box in page.children if box.element_tag == "html")  # beside it stand the margins
    return 1 - (max(_ends(text), default=top) - top) / page.height


def _ends(box: Any) -> Iterator[float]:
    """Where lines of text and images end."""
    children = getattr(box, "children", ())
    for child in children:
        yield from _ends(child)
    if not children and box.height:
        yield box.position_y + box.height
