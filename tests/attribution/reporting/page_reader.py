"""Reads a page back: its ids, headings, attributes, and every cell with what it says it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote

VOID = {"meta", "br", "hr", "wbr", "img", "input"}


@dataclass
class Cell:
    """A cell's text, and the table, row and column that it names, each "" where it names none."""

    attrs: dict[str, str | None]
    table: str
    key: str
    text: str = ""

    @property
    def column(self) -> str:
        return self.attrs.get("data-c") or ""


@dataclass
class Table:
    """A table's attributes, caption and rows of cells."""

    attrs: dict[str, str | None]
    caption: str = ""
    rows: list[list[Cell]] = field(default_factory=list)

    @property
    def texts(self) -> list[list[str]]:
        return [[cell.text for cell in row] for row in self.rows]


class Reader(HTMLParser):
    """A page as a test looks at it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids, self.tags, self.headings, self.tables, self.open, self.links = [], [], [], [], [], []
        self.cell, self.key, self.in_caption, self.heading, self.body = None, "", False, None, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.links += [attrs[key] for key in ("href", "src", "xlink:href") if key in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.heading = [int(tag[1]), ""]
            self.headings.append(self.heading)
        if tag in ("table", "tbody"):
            self.body = attrs.get("data-t") or ""  # a body may be of another table than the whole
        if tag == "table":
            self.tables.append(Table(attrs))
        elif tag == "caption":
            self.in_caption = True
        elif tag == "tr":
            self.tables[-1].rows.append([])
            self.key = attrs.get("data-k") or ""
        elif tag in ("td", "th"):
            table = self.body or self.tables[-1].attrs.get("data-t") or ""
            self.cell = Cell(attrs, table, attrs.get("data-k") or self.key)
            self.tables[-1].rows[-1].append(self.cell)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.cell.text = self.cell.text.strip()
            self.cell = None
        elif tag == "caption":
            self.in_caption = False
        elif tag in ("h1", "h2", "h3"):
            self.heading = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.text += data
        if self.heading is not None:
            self.heading[1] += data
        if self.in_caption:
            self.tables[-1].caption += data

    def of(self, name: str) -> list[Table]:
        """The tables that show one of the report's tables."""
        return [table for table in self.tables if table.attrs.get("data-t") == name]

    @property
    def traced(self) -> list[Cell]:
        """Every cell that names its table, row and column."""
        return [cell for table in self.tables for row in table.rows for cell in row if cell.table and cell.column]


def keys_of(cell: Cell) -> tuple[str, ...]:
    """The key of the row of the table that a cell shows."""
    return tuple(unquote(part) for part in cell.key.split("|"))


def plain_text(page: str) -> str:
    """What a reader sees, without styles, scripts and tags."""
    import html

    return html.unescape(re.sub(r"<(style|script)>.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
