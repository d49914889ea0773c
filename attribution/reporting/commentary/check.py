"""An edited commentary against the tables: every figure in it holds, or is named with the right value."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from attribution.house_style.numbers import NOT_AVAILABLE, NegativeStyle, number, percent
from attribution.portfolio.book import Book
from attribution.reporting.commentary.writer import plain
from attribution.reporting.formats import TEXTS
from attribution.reporting.tables.facts import Anchor, Facts, read_anchor
from attribution.reporting.tables.frames import KEYS
from attribution.rows import CASH_AND_STOPPED
from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import LANGUAGES
from riskmodel.texts import LAYOUT, has_control

FIRST_LINE = re.compile(
    rf"\s*<!--\s*(?P<kind>{'|'.join(TEXTS.values())})\s+(?P<month>[0-9]{{4}}-[0-9]{{2}})\s+(?P<language>[a-z]+)\s*-->\s*"
)
SOURCE = "source"  # a figure from elsewhere, with its source in the place of a key
NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}  # full-width forms, one for one
LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\(\s*(?:<(?P<angle>#[^<>]*)>|(?P<bare>#[^\s()<>]*))\s*\)")
BROKEN = re.compile(rf"#\s*(?:{'|'.join(KEYS)}|{SOURCE})\s*\|")
DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
NUMBER = re.compile(rf"(?P<open>\()?(?P<sign>[△▲−–+\-])?\s?(?P<digits>{DIGITS})(?P<unit>\s?%)?(?P<close>\))?")
UNIT = r"\s?(?:%|percentage points?|points?|per ?cent|pct|basis points?|bps?\b|ポイント|パーセント)"
LOOSE = re.compile(rf"(?P<written>[△▲−–+\-]?(?P<digits>{DIGITS})(?P<unit>{UNIT})?)")
DATE = re.compile(r"(?:19|20)\d{2}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?![\d%])")
FALL_BEFORE = re.compile(
    r"(?:\b(?:fell|lost|down|declined|dropped|slipped|decline|fall|loss|drop|shortfall|behind)(?: by| of)?"
    r"|\b(?:missed|trailed|lagged|underperformed)\b[^.;\[\]]{0,80}\bby|(?:下落率|下落幅|低下幅|マイナス幅)[はがの:]?)\s*$",
    re.IGNORECASE,
)
RISE_BEFORE = re.compile(
    r"(?:\b(?:rose|gained|up|climbed|advanced|rise|gain|increase|ahead)(?: by| of)?"
    r"|\b(?:beat|outperformed|exceeded)\b[^.;\[\]]{0,80}\bby|(?:上昇率|上昇幅|プラス幅)[はがの:]?)\s*$",
    re.IGNORECASE,
)
FALL_AFTER = re.compile(rf"^(?:{UNIT})?(?:の|と|だけ|ほど)?(?:下落|低下|下回|値下がり|マイナス|劣後)")
RISE_AFTER = re.compile(rf"^(?:{UNIT})?(?:の|と|だけ|ほど)?(?:上昇|上回|値上がり|プラス)")
SEARCHED = (
    "performance", "trailing", "index_months", "index_weeks", "factor_month", "factor_contributions", "group_contributions",
    "stock_contributions", "brinson", "risk", "figures", "exposures",
)  # fmt: skip
SUGGESTED = 3
RESTATED = {("stock_contributions", "active_contribution"), ("stock_factor", "contribution")}
RENAMED = {"cash": CASH_AND_STOPPED}  # rows of factors
COLUMNS = ("line", "text", "anchor", "table", "row", "column", "right", "kind", "message")


class Finding(NamedTuple):
    """A row of the findings."""

    line: int
    text: str
    anchor: str
    table: str
    row: str
    column: str
    right: str
    kind: str
    message: str


class Identity(NamedTuple):
    """What a text is for, by its first line."""

    month: str
    language: str
    edition: str


class Written(NamedTuple):
    """A number as it stands in a text."""

    value: Decimal
    decimals: int
    signed: bool
    percent: bool
    plus: bool


def decode_commentary(data: bytes, *, name: str) -> str:
    """The text of an edited file: UTF-8 with or without a mark, any line ends.

    Raises
    ------
    InputError
        Where it is in another encoding, or has characters that steer what shows it.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not UTF-8 (byte {error.start}). Save it again as UTF-8.") from None
    text = unified(text)
    odd = [number for number, line in enumerate(text.split("\n"), 1) if has_control(line, keep=LAYOUT)]
    if odd:
        raise InputError(
            f"{name}: {counted(len(odd), 'line')} with a control character: {listed(odd)}. Remove what cannot be seen there."
        )
    return text


def unified(text: str) -> str:
    """The text without a byte-order mark and with line feeds alone."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def commentary_identity(text: str, *, name: str = "commentary") -> Identity:
    """Month, language and edition of a text, from its first line; `name` is what a message calls it.

    Raises
    ------
    InputError
        Where the line is missing or names a language that there is not.

    Examples
    --------
    >>> commentary_identity("<!-- commentary 2016-06 en -->")
    Identity(month='2016-06', language='en', edition='analyst')
    """
    first = unified(text).lstrip("\n").partition("\n")[0]
    found = FIRST_LINE.fullmatch(first.translate(NARROW))
    if not found or found["language"] not in LANGUAGES:
        raise InputError(
            f"{name}: the first line is '{first[:60]}', not '<!-- commentary YYYY-MM ja -->'. "
            f"Keep the first line of the draft; it tells which month and language the text is for."
        )
    edition = next(edition for edition, kind in TEXTS.items() if kind == found["kind"])
    return Identity(found["month"], found["language"], edition)


def check_commentary(
    text: str, tables: Mapping[str, pd.DataFrame], *, book: Book, month: str, measured_before: bool = False
) -> pd.DataFrame:
    """Hold every figure of an edited commentary against the tables.

    Parameters
    ----------
    text
        The file; a byte-order mark, any line ends and full-width characters are accepted.
    tables
        Frames by name, as for `attribution.reporting.commentary.draft.draft`.
    book
        From `attribution.read_book`: the names that may hold digits, and the style of the right values.
    month
        "YYYY-MM", the month of the tables.
    measured_before
        Whether the text is of a report that measured the parts of names against zero, as its manifest tells by saying
        nothing of it; such a figure is then no mistake, and the message says so.

    Returns
    -------
    DataFrame
        One row a finding, none where all is well: line (from 1), text (as written), anchor, table, row, column, right (the
        right value as the text would have it, or the nearest that exists), kind and message. The kinds:

        `differs`: the figure is not the table's, rounded half up to the decimals that are written;
        `restated`: the same of a name's part in a text of before it was measured against the benchmark;
        `direction`: a word of rising or falling directly beside it says the opposite;
        `unknown anchor`: no such table, row or column;
        `broken anchor`: an address that is no link any more;
        `no number`: a link that holds no number, or several;
        `no anchor`: a number with a decimal point or a unit of percent outside any link.

    Raises
    ------
    InputError
        Where the first line is missing or is of another month.

    Notes
    -----
    Negative numbers may be written with △, ▲, −, -, an en dash or in parentheses. One may go without its sign where a word
    of falling stands directly beside it ("fell 6.60%", "6.60%下落"). A figure from elsewhere is a link to its source,
    `[0.50%](<#source|Federal Reserve>)`, and is not checked. Counts, dates and years outside links are not looked at, nor
    are digits in names of the book.
    """
    written_for, language, _ = commentary_identity(text)
    if written_for != month:
        raise InputError(f"commentary: is for {written_for}, and the report for {month}. Give the file of {month}.")
    checker = line_checker(tables, book, language, measured_before=measured_before)
    lines = unified(text).split("\n")
    start = next(place for place, line in enumerate(lines) if line.strip())
    found = [finding for place, line in enumerate(lines[start + 1 :], start + 2) for finding in checker.line(place, line)]
    return pd.DataFrame(found, columns=list(COLUMNS)).astype({"line": int})


def line_checker(
    tables: Mapping[str, pd.DataFrame], book: Book, language: str, *, measured_before: bool = False
) -> LineChecker:
    """What holds the lines of a text in a language against the tables; the arguments are those of `check_commentary`."""
    return LineChecker(Facts(tables), getattr(book.report.negative, language), _names(book, tables), measured_before)


class LineChecker(NamedTuple):
    """The tables, the style of right values, names that hold digits, and what a text of an older report may say."""

    facts: Facts
    style: NegativeStyle
    names: list[str]
    measured_before: bool

    def line(self, place: int, line: str, *, sourced: bool = False) -> Iterator[Finding]:
        """Findings of one line, from left to right: its links, then what stands outside them and under no source."""
        narrow = line.translate(NARROW)
        rest, raw = narrow, line
        for match in LINK.finditer(line):
            yield from self._link(place, match, narrow)
            blank = " " * (match.end() - match.start())
            rest = rest[: match.start()] + blank + rest[match.end() :]
            raw = raw[: match.start()] + blank + raw[match.end() :]
        if BROKEN.search(rest):
            message = f"an address that is no link: '{raw.strip()[:80]}'. Write [number](<#table|row|column>)."
            yield Finding(place, raw.strip(), "", "", "", "", "", "broken anchor", message)
            return
        if sourced:
            return
        for name in self.names:
            rest = rest.replace(name, "\0" * len(name))
        rest = DATE.sub(lambda match: "\0" * len(match[0]), rest)
        for match in LOOSE.finditer(rest):
            if match["unit"] or "." in match["digits"]:
                yield self._loose(place, line[match.start() : match.end()], match)

    def _link(self, place: int, match: re.Match[str], narrow: str) -> Iterator[Finding]:
        target = match["angle"] or match["bare"]
        anchor = read_anchor(target)
        shown = match["text"].strip()
        row = "|".join("*" if part is None else part for part in anchor.key)

        def finding(kind: str, right: str, why: str) -> Finding:
            message = f"'{shown}' ({target[1:]}): {why}"
            return Finding(place, shown, target, anchor.table, row, anchor.column, right, kind, message)

        if anchor.table == SOURCE:
            if not anchor.column.strip():
                yield finding("unknown anchor", "", "the source is not named; write [0.50%](<#source|Federal Reserve>).")
            return
        problem = _nearest(self.facts, anchor)
        if problem:
            yield finding("unknown anchor", *problem)
            return
        value, unit = self.facts.value(anchor), self.facts.unit(anchor)
        text = re.sub(r"[*\\_`]", "", shown).translate(NARROW).strip()
        numbers = list(NUMBER.finditer(text))
        if text == NOT_AVAILABLE or not math.isfinite(value):
            if not (text == NOT_AVAILABLE and not math.isfinite(value)):
                decimals = 0 if unit == "count" else 2
                yield finding("differs", *_right(self.written(value, unit != "percent", decimals, False, unit == "percent")))
            return
        if len(numbers) != 1:
            yield finding("no number", "", "a link holds one number; this one has " + ("several." if numbers else "none."))
            return
        found = _written(numbers[0])
        before = narrow[: match.start()] + text[: numbers[0].start()]
        after = text[numbers[0].end() :] + narrow[match.end() :]
        fall = bool(FALL_BEFORE.search(before[-120:]) or FALL_AFTER.match(after))
        rise = bool(RISE_BEFORE.search(before[-120:]) or RISE_AFTER.match(after))
        plain_number = unit != "percent"
        true = _rounded(value, plain_number, found.decimals)
        unsigned_fall = fall and not found.signed
        agrees = found.value == (-true if unsigned_fall else true) and not (plain_number and found.percent)
        opposite = (rise and true < 0) or (fall and true > 0)
        if agrees and not opposite:
            return
        kind = "direction" if opposite and abs(found.value) == abs(true) else "differs"
        shape = -value if unsigned_fall and true < 0 else value
        right = self.written(shape, plain_number, found.decimals, found.plus, found.percent)
        if self.measured_before and (anchor.table, anchor.column) in RESTATED:
            why = f"it was measured against zero; against the benchmark the table has {right}."
            yield finding("restated", right, why)
        elif kind == "direction":
            yield finding(kind, right, f"the word beside it says the opposite of the table, which has {right}.")
        elif found.value == -true and not found.signed:
            beside = "A word such as 'lost' is the sign of a figure directly beside its link alone."
            yield finding(kind, right, f"the table has {right}. {beside}")
        else:
            yield finding(kind, *_right(right))

    def written(self, value: float, plain_number: bool, decimals: int, plus: bool, unit: bool) -> str:
        """A right value in the shape of what stands in the text."""
        if plain_number:
            return number(value, self.style, decimals, signed=plus)
        return percent(value, self.style, decimals, signed=plus, unit="%" if unit else "")

    def _loose(self, place: int, shown: str, match: re.Match[str]) -> Finding:
        right = ", ".join(f"<{anchor.target}>" for anchor in _same(self.facts, match))
        sourced = "name its source: [0.50%](<#source|Federal Reserve>)."
        help_ = f"It may be {right}. If it is none of these, {sourced}" if right else f"Link it, or {sourced}"
        said = f"'{shown}' is not linked to a figure of the tables. {help_}"
        return Finding(place, shown, "", "", "", "", right, "no anchor", said)


def _right(text: str) -> tuple[str, str]:
    return text, f"the table has {text}."


def _written(match: re.Match[str]) -> Written:
    digits = match["digits"].replace(",", "")
    negative = match["sign"] in tuple("△▲−–-") or bool(not match["sign"] and match["open"] and match["close"])
    decimals = len(digits.partition(".")[2])
    return Written(
        value=-Decimal(digits) if negative else Decimal(digits),
        decimals=decimals,
        signed=negative or match["sign"] == "+",
        percent=bool(match["unit"]),
        plus=match["sign"] == "+",
    )


def _rounded(value: float, plain_number: bool, decimals: int) -> Decimal:
    exact = Decimal(repr(float(value))).scaleb(0 if plain_number else 2)
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _nearest(facts: Facts, anchor: Anchor) -> tuple[str, str] | None:
    """What of an address does not exist, with the nearest that does; None where all of it exists."""
    try:
        facts.value(anchor)
        return None
    except KeyError:
        return _missing(facts, anchor)


def _missing(facts: Facts, anchor: Anchor) -> tuple[str, str]:
    known = [table for table in facts.tables if table in KEYS]
    if anchor.table not in known:
        return _unknown("table", anchor.table, known)
    names = KEYS[anchor.table]
    if len(anchor.key) != len(names):
        return "", f"a row of {anchor.table} is named by {', '.join(names)}."
    rows: Iterable[tuple[str | None, ...]] = facts.rows(anchor.table)
    for level, part in enumerate(anchor.key):
        if part is None:
            continue
        options = dict.fromkeys(str(row[level]) for row in rows)
        if part not in options and names[level] == "factor" and RENAMED.get(part) in options:
            return RENAMED[part], f"the row '{part}' is called '{RENAMED[part]}' now, and lacks what the market returned."
        if part not in options:
            return _unknown(names[level], part, options)
        rows = [row for row in rows if row[level] == part]
    frame = facts.tables[anchor.table]
    columns = [
        str(name)
        for name in frame.columns
        if name not in names and pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
    ]
    if anchor.column not in columns:
        return _unknown("column", anchor.column, columns)
    return "", f"the rows of {anchor.table} do not add up in the column {anchor.column}."


def _unknown(what: str, part: str, options: Iterable[str]) -> tuple[str, str]:
    near = difflib.get_close_matches(part, list(options), n=SUGGESTED, cutoff=0.6)
    nearest = ", ".join(near)
    return nearest, f"there is no {what} '{part}'." + (f" Nearest: {nearest}." if near else "")


def _same(facts: Facts, match: re.Match[str]) -> Iterator[Anchor]:
    """Figures that print as a loose number does, up to a few; its sign may be missing."""
    digits = match["digits"].replace(",", "")
    size, decimals, left = float(digits), len(digits.partition(".")[2]), SUGGESTED
    for table in (name for name in SEARCHED if name in facts.tables):
        frame = facts.tables[table]
        keys = list(facts.rows(table))
        for column in frame.columns:
            if column in KEYS[table] or not pd.api.types.is_float_dtype(frame[column]) or not len(keys):
                continue
            values = np.abs(frame[column].to_numpy(dtype=float))
            for place in np.flatnonzero(np.abs(values * 100 - size) <= 0.5 * 10.0**-decimals * (1 + 1e-9)):
                anchor = Anchor(table, tuple(str(part) for part in keys[place]), str(column))
                if facts.unit(anchor) == "percent" and left:
                    left -= 1
                    yield anchor
            if not left:
                return


def _names(book: Book, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Names that hold digits, as they and their Markdown are written, the longest first."""
    courses = [*book.courses, *book.sleeves]
    names = {*courses, *(book.benchmark_name(course) for course in courses), *book.benchmarks, *book.report.indices}
    names |= {name for language in LANGUAGES for name in book.names(language).values()}
    for words in (book.book.name, *(sleeve.name for sleeve in book.sleeves.values())):
        names |= {words.ja, words.en} if words else set()
    for table, columns in (("stock_contributions", ("ticker", "name")), ("brinson", ("group",))):
        if table in tables:
            names |= {str(name) for column in columns for name in tables[table][column].unique()}
    told = {name for name in names if re.search(r"\d", name) and re.search(r"[^\W\d_]", name)}
    forms = {form.translate(NARROW) for name in told for form in (name, plain(name))}
    return sorted(forms, key=lambda name: (-len(name), name))
