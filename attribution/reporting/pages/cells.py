"""Cells of the pages' tables: a number as the house writes it, and on the screen the value and the place behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attribution.reporting.pages.words import PageWords
from attribution.reporting.tables.facts import NUMBER_MEASURES
from attribution.rows import LEAST_T

if TYPE_CHECKING:
    from markupsafe import Markup

ENCODED = str.maketrans({"%": "%25", "|": "%7C", "<": "%3C", ">": "%3E"})
PRINTED = 5e-5  # what is smaller prints as 0.00
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table: its key in the rows, its heading, and what its cells are ("percent", "number" or "text")."""

    key: str
    heading: str
    kind: str = "percent"
    decimals: int = 2


@dataclass(frozen=True)
class Cells:
    """Writes cells as HTML.

    Attributes
    ----------
    words
        How numbers are written.
    traced
        Whether tables, rows and cells say which table, key and column they show, and the value with every digit.
    named
        Whether cells say that they are cells: of a table whose rows a narrow window lays out anew, which some readers then
        take for no table.

    Examples
    --------
    >>> from attribution.reporting.pages.words import page_words
    >>> import attribution as at
    >>> cells = Cells(page_words(at.read_book("fixtures/small/book.toml"), "ja"), traced=True)
    >>> str(cells.percent({"return": -0.0661}, "return"))
    '<td class="n p" data-c="return" data-v="-0.0661">△6.61</td>'
    >>> str(cells.table("performance") + cells.row("A | B"))
    ' data-t="performance" data-k="A %7C B"'
    """

    words: PageWords
    traced: bool
    named: bool = False

    @property
    def as_cells(self) -> Cells:
        """The same, for a table whose rows a narrow window lays out anew."""
        return replace(self, named=True)

    def table(self, name: str) -> Markup:
        """Say which of the report's tables a table shows."""
        return self._attribute("t", name)

    def row(self, *keys: Any) -> Markup:
        """Say which row of the table a row shows, by its key."""
        return self._attribute("k", "|".join(str(key).translate(ENCODED) for key in keys))

    def percent(
        self, row: Mapping[str, Any], column: str, decimals: int = 2, *, classes: str = "", key: Key = (), unit: str = "",
        rows: int = 1, before: str = "",
    ) -> Markup:  # fmt: skip
        """A cell of a table, as percent; `key` where the row of the page is not the row of the table, `rows` it spans."""
        text = before + self.words.percent(row[column], decimals, unit=unit)
        return self._cell(row[column], text, f"n p {classes}", column, key, rows)

    def number(
        self, row: Mapping[str, Any], column: str, decimals: int = 2, *, classes: str = "", key: Key = (),
        grouped: bool = False,
    ) -> Markup:  # fmt: skip
        """A cell of a table, as it is."""
        text = self.words.number(row[column], decimals, grouped=grouped)
        return self._cell(row[column], text, f"n {classes}", column, key)

    def t(self, row: Mapping[str, Any], *, of_table: bool = True) -> Markup:
        """A cell of a t-statistic, of a table or of a sum; none beside an error that prints as 0.00."""
        if row["standard_error"] < PRINTED:
            return self.sum_number(math.nan)
        return self.number(row, "t") if of_table else self.sum_number(row["t"])

    def without_meaning(self, row: Mapping[str, Any], column: str, *, key: Key) -> Markup:
        """A cell of a table whose value would mean nothing."""
        return self._cell(row[column], self.words.messages("words.not_meaningful"), "n na", column, key)

    def measured(self, row: Mapping[str, Any], column: str, *, key: Key) -> Markup:
        """A cell of a table of measures, as its measure is written; empty where the measure has no such side."""
        from markupsafe import Markup

        if not math.isfinite(row[column]) and math.isfinite(row["active"]):
            return Markup("<td></td>")
        plain = row["measure"] in NUMBER_MEASURES
        return self.number(row, column, key=key) if plain else self.percent(row, column, key=key)

    def sum_percent(self, value: float, decimals: int = 2, *, classes: str = "") -> Markup:
        """A percent that no table holds, such as the sum of a column."""
        return self._cell(value, self.words.percent(value, decimals), f"n p {classes}", "")

    def sum_number(self, value: float, decimals: int = 2, *, classes: str = "") -> Markup:
        """A number that no table holds."""
        return self._cell(value, self.words.number(value, decimals), f"n {classes}", "")

    def across(self, columns: Sequence[Column], row: Mapping[str, Any]) -> Markup:
        """The cells of a row, empty where it has nothing to say; a text may have a second line, `why`."""
        from markupsafe import Markup

        cells = []
        for column in columns:
            value = row.get(column.key)
            if value is None:
                cells.append(Markup("<td></td>"))
            elif column.kind == "text":
                why = Markup(' <span class="why">{}</span>').format(row["why"]) if "why" in row and not cells else ""
                cells.append(Markup('<td class="name">{}{}</td>').format(value, why))
            elif column.kind == "percent":
                cells.append(self.sum_percent(value, column.decimals))
            else:
                cells.append(self.sum_number(value, column.decimals))
        return Markup("").join(cells)

    def pale(self, row: Mapping[str, Any]) -> str:
        """The class of what is smaller than twice its standard error."""
        return "pale" if uncertain(row["t"]) else ""

    def _cell(self, value: float, text: str, classes: str, column: str, key: Key = (), rows: int = 1) -> Markup:
        from markupsafe import Markup, escape

        span = (f' rowspan="{rows}"' if rows > 1 else "") + (' role="cell"' if self.named else "")
        place = f' data-c="{escape(column)}"{self.row(*key) if key else ""}' if column and self.traced else ""
        if text == self.words.messages("words.not_available"):
            return Markup(f'<td class="{classes.strip()} na"{span}{place}>{text}</td>')
        if text.endswith(")"):
            text = f'{text[:-1]}<span class="hang">)</span>'
        behind = f' data-v="{float(value)!r}"' if self.traced else ""
        return Markup(f'<td class="{classes.strip()}"{span}{place}{behind}>{text}</td>')

    def _attribute(self, name: str, value: str) -> Markup:
        from markupsafe import Markup

        return Markup(' data-{}="{}"').format(name, value) if self.traced else Markup("")


def uncertain(t: float) -> bool:
    """Whether a value is estimated, and smaller than twice its standard error."""
    return math.isfinite(t) and abs(t) < LEAST_T
