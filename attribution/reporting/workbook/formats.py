"""How cells of the workbook look: kinds of numbers, Excel's formats for them, and the names that it accepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from attribution.house_style.drawing.canvas import INK, MUTED
from attribution.house_style.numbers import NegativeStyle
from attribution.reporting.workbook.palette import Palette
from riskmodel.errors import InputError

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

MOST_TEXT, LONGEST_NAME = 32_767, 31  # what Excel holds
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
NEGATIVE = {"△": '"△"{}', "▲": '"▲"{}', "minus": '"−"{}', "parentheses": "({})"}
PERCENT = {
    "return", "benchmark_return", "excess", "1m", "3m", "6m", "1y", "itd", "three_months", "standard_error", "factor_return",
    "contribution", "second_contribution", "weight_start", "weight_end", "active_contribution", "portfolio_weight",
    "benchmark_weight", "portfolio_return", "allocation", "selection", "interaction", "share_of_variance", "share_of_names",
    "filled", "clipped", "uncovered_weight", "active_weight", "portfolio_drawdown", "benchmark_drawdown", "portfolio",
    "benchmark", "active", "tracking_error", "coverage",
}  # fmt: skip
RATIO = {
    "sharpe", "sortino", "t", "active_exposure", "portfolio_exposure", "benchmark_exposure", "active_before", "change",
    "ratio", "low", "high", "score",
}  # fmt: skip
OF_MEASURE = {"value", "bound", "forecast", "realised", "portfolio", "benchmark", "active"}  # in rows that name a measure
SCIENTIFIC = {"difference", "tolerance"}
MILLIONS = {"market_cap_mean", "market_cap_median"}
SMALL_CELLS = {"brinson_by_factor"}  # many small parts, nothing to see in two decimals
DIGITS = {
    "percent": "0.00%",
    "fine": "0.0000%",
    "ratio": "0.00",
    "number": "0.000000",
    "count": "#,##0",
    "scientific": "0.0E+00",
}
ZERO = {  # a negative number from here on shows as zero
    "percent": "-0.000049999",
    "fine": "-0.00000049999",
    "ratio": "-0.0049999",
    "number": "-0.00000049999",
}
LOOKS: dict[str, dict[str, Any]] = {  # a colour may be a use of the palette's
    "date": {"num_format": "yyyy-mm-dd", "align": "left", "indent": 1},
    "text": {"num_format": "@", "indent": 1},  # or a text touches the number left of it
    "true": {"align": "center"},
    "false": {"align": "center", "bold": True, "bg_color": "#f4d3b3"},
    "missing": {"bg_color": "#eceff1"},
    "column": {"font_color": MUTED, "font_size": 8, "indent": 1},
    "heading": {
        "bold": True,
        "bg_color": "#e3eaf3",
        "bottom": 1,
        "text_wrap": True,
        "align": "left",
        "valign": "top",
        "indent": 1,
    },
    "above": {"bold": True, "bg_color": "#e3eaf3", "bottom": 1, "text_wrap": True, "align": "right", "valign": "top"},
    "title": {"bold": True, "font_size": 14, "font_color": INK},
    "link": {"font_color": "accent", "underline": 1, "align": "left", "valign": "top", "indent": 1},
    "name": {"font_color": MUTED, "font_size": 9, "valign": "top", "indent": 1},
    "wrapped": {"text_wrap": True, "align": "left", "valign": "top", "indent": 1},
    "section": {"bold": True, "font_size": 12, "font_color": INK, "bottom": 2, "bottom_color": "accent"},
    "note": {"font_color": MUTED, "font_size": 9, "text_wrap": True, "valign": "top"},
    "broken": {"font_color": "negative", "bold": True, "text_wrap": True, "valign": "top", "indent": 1},
    "unknown": {"font_color": MUTED, "align": "right"},
}


def number_kind(table: str, column: str) -> str:
    """How a column of decimals is shown: percent, fine (more decimals), ratio, number, scientific or count.

    Examples
    --------
    >>> number_kind("performance", "excess"), number_kind("exposures", "change"), number_kind("reconciliation", "left")
    ('percent', 'ratio', 'number')
    """
    if column in PERCENT or table in ("index_weeks", "past_errors"):
        return "fine" if table in SMALL_CELLS else "percent"
    if column in RATIO:
        return "ratio"
    return "scientific" if column in SCIENTIFIC else "count" if column == "rank" else "number"


def measure_kind(measure: str) -> str:
    """How the value of a measure or rule is shown.

    Examples
    --------
    >>> measure_kind("tracking_error"), measure_kind("beta"), measure_kind("names_max")
    ('percent', 'ratio', 'count')
    """
    if "names" in measure.split("_") or measure == "periods_per_year":
        return "count"
    if measure in MILLIONS:
        return "count"
    ratio = measure == "beta" or measure.startswith("price_to_") or measure.endswith(("_ratio", "_capture"))
    return "ratio" if ratio else "percent"


def number_format(digits: str, style: NegativeStyle) -> str:
    """An Excel number format with the house's way of writing a negative number.

    Examples
    --------
    >>> number_format("0.00%", "△"), number_format("0.0", "parentheses")
    ('0.00%;"△"0.00%;0.00%', '0.0_);(0.0);0.0_)')
    """
    positive = f"{digits}_)" if style == "parentheses" else digits
    return f"{positive};{NEGATIVE[style].format(digits)};{positive}"


def text_columns(text: str) -> int:
    """Width in characters; a full-width one counts two.

    Examples
    --------
    >>> text_columns("超過収益 t")
    10
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def utf16_length(text: str) -> int:
    """Length as Excel counts it: a character beyond U+FFFF counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def sheet_names(wanted: Iterable[str]) -> list[str]:
    """Names that Excel accepts, one for each wanted, in order.

    Signs that Excel refuses become "-" or "_", a name ends after 31 characters, and one that is taken already, in whatever
    case or width, has a number behind it.

    Examples
    --------
    >>> sheet_names(["Major 70 : Next 30", "MAJOR 70 / next 30", "History", "'a'"])
    ['Major 70 - Next 30', 'MAJOR 70 - next 30 (2)', 'History_', 'a']
    """
    taken: set[str] = set()
    names = []
    for text in wanted:
        plain = re.sub(r"[?*\[\]]", "_", re.sub(r"[:/\\]", "-", CONTROL.sub("_", text)))
        plain = _shortened(" ".join(plain.split()), LONGEST_NAME).strip("' ") or "_"
        plain = re.sub(r"^\(", "_", plain)  # a name that begins so is read as a list of ranges in a chart
        plain = f"{plain}_" if plain.casefold() in ("history", "履歴") else plain
        name, number = plain, 1
        while _folded(name) in taken:
            number += 1
            name = f"{_shortened(plain, LONGEST_NAME - len(f' ({number})')).rstrip()} ({number})"
        taken.add(_folded(name))
        names.append(name)
    return names


def link_to(sheet: str) -> str:
    """The address of a sheet, as XlsxWriter takes it.

    Examples
    --------
    >>> link_to("Bob's")
    "internal:'Bob''s'!A1"
    """
    return "internal:'{}'!A1".format(sheet.replace("'", "''"))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _shortened(text: str, most: int) -> str:
    while utf16_length(text) > most:
        text = text[:-1]
    return text


@dataclass
class Styles:
    """Formats of a workbook, made once each, and what its texts had in them.

    Attributes
    ----------
    workbook
        The workbook that the formats are added to.
    negative
        How a negative number is written.
    palette
        The colours of the book.
    escaped
        Control characters replaced so far.
    """

    workbook: Workbook
    negative: NegativeStyle
    palette: Palette = field(default_factory=Palette)
    escaped: int = 0
    made: dict[str, Format] = field(default_factory=dict)

    def __call__(self, kind: str) -> Format:
        """The format of a kind of cell."""
        if kind not in self.made:
            self.made[kind] = self.workbook.add_format(self._properties(kind))
        return self.made[kind]

    def unsigned(self, kind: str) -> Format:
        """The format of a negative number that shows as zero."""
        key = f"unsigned {kind}"
        if key not in self.made:
            digits = number_format(DIGITS[kind], self.negative).split(";")[0]
            self.made[key] = self.workbook.add_format({"num_format": f"{digits};{digits};{digits}"})
        return self.made[key]

    @property
    def fallen(self) -> Format:
        """The format of a number below zero, over that of its cell."""
        if "fallen" not in self.made:
            self.made["fallen"] = self.workbook.add_format({"font_color": self.palette.negative})
        return self.made["fallen"]

    def _properties(self, kind: str) -> dict[str, Any]:
        if kind in DIGITS:
            return {"num_format": number_format(DIGITS[kind], self.negative), "valign": "top"}
        uses = vars(self.palette)
        return {part: uses.get(look, look) if part.endswith("color") else look for part, look in LOOKS[kind].items()}

    def text(self, text: str) -> str:
        """A text as XlsxWriter stores it: the same text, with control characters made visible.

        Raises
        ------
        InputError
            Where it is longer than a cell holds.
        """
        found = CONTROL.findall(text)
        if found:
            self.escaped += len(found)
            text = CONTROL.sub(_visible, text)
        if utf16_length(text) > MOST_TEXT:
            raise InputError(
                f"workbook: a text of {utf16_length(text):,} characters ('{text[:20]}...'); a cell of Excel holds "
                f"{MOST_TEXT:,}. Shorten it, or leave xlsx out of the formats."
            )
        # XlsxWriter takes what begins and ends so for rich text of its own and writes it unescaped
        return f"<r><t>{escape(text)}</t></r>" if text.startswith("<r>") and text.endswith("</r>") else text


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"
