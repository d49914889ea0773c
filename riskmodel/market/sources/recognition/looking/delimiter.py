"""What parts the cells of a text file that nobody has described."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice, pairwise

from riskmodel.market.plain_text import DELIMITERS
from riskmodel.market.sources.recognition.looking.header import is_word

LOOKED_AT = 500  # rows for what parts their cells


def rows_of(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows of a text file; lines end as they do for whatever reads CSV, and at no other character."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def delimiter_of(text: str) -> str | None:
    r"""What parts the cells of a text file: of what parts most lines into equally many, that which does so the earliest.

    Of several that do, it is that between whose cells most are numbers and days: a decimal comma parts 5,30 too.

    Examples
    --------
    >>> delimiter_of("Kurse vom 1.1.\nTag;Kurs\n1.1.;1,5\n2.1.;1,6")
    ';'
    >>> delimiter_of("Price, low;high\n1,5;1,6"), delimiter_of("Name, first;Price\nA;b,5")
    (';', ',')
    >>> delimiter_of("Rate: of cash, % a year, act/360\nDay;Rate;Bond\n1.1.;0,5;1,5\n2.1.;0,6;1,6")
    ';'
    """
    parted: dict[tuple[float, int], list[tuple[int, list[str], str]]] = {}
    for delimiter in DELIMITERS:
        rows = [cells for cells in islice(rows_of(text, delimiter), LOOKED_AT) if any(map(str.strip, cells))]
        widths = [len(cells) for cells in rows]
        width = max(Counter(widths).items(), key=lambda each: each[::-1], default=(0, 0))[0]
        if width > 1:
            runs = [row for row, pair in enumerate(pairwise(widths)) if pair == (width, width)]
            first = runs[0] if runs else widths.index(width)  # a note above may have commas, a header has no decimal ones
            alike = round(widths.count(width) / len(widths), 1), -first
            parted.setdefault(alike, []).append((width, [*chain(*rows[first + 1 :])], delimiter))
    best = parted[max(parted)] if parted else []
    if len(best) < 2:  # most files have one: their cells are not looked at
        return best[0][2] if best else None
    return max(
        best, key=lambda each: (round(sum(not is_word(cell) for cell in each[1]) / max(len(each[1]), 1), 1), each[0])
    )[2]
