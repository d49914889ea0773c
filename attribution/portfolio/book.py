"""The book: sleeves, courses, benchmarks, limits and house settings, from one TOML file and its holdings table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, Field, StrictBool, ValidationError

from attribution.house_style.numbers import NegativeStyle
from attribution.portfolio.bound_types import (
    BasisPoints,
    Cost,
    Day,
    Digits,
    EachOnce,
    Line,
    NameCount,
    Named,
    NameRange,
    Part,
    Said,
    Share,
    ShareInside,
    ShareLimit,
    StyleWeight,
    Words,
    YearlyRate,
    false_or,
)
from attribution.portfolio.toml_file import read_toml
from riskmodel.arrays.labels import require_kind, require_path
from riskmodel.bounds import shown
from riskmodel.errors import InputError, listed
from riskmodel.factors import STYLE_TABLES, Language, Style
from riskmodel.market.checks import require_weights
from riskmodel.market.sources import Folder, Source
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import TABLES
from riskmodel.model.model import RiskModel

Delisted = Literal["error", "cash"]


class General(Part):
    """[book]."""

    name: Named
    data: Line
    currency: Line = "USD"
    inception: Day
    track_record_start: Day | None = None
    risk_free: YearlyRate = 0.0
    languages: Annotated[tuple[Language, ...], EachOnce] = ("ja", "en")
    delisted: Delisted = "error"
    returns: Literal["holdings", "actual"] = "holdings"
    long_short: StrictBool = False
    transaction_cost_bps: Cost | None = None


class Benchmark(Part):
    """[benchmarks.NAME]: the index's constituents table, or the largest companies by capitalisation in its place."""

    constituents: Line | None = None
    largest: NameCount | None = None


class Sleeve(Part):
    """[sleeves.NAME]: a portfolio of the holdings table and its benchmark."""

    holdings: Line
    benchmark: Line
    name: Named | None = None
    style: Named | None = None


class Negative(Part):
    """[report] negative: how a negative number is written."""

    ja: NegativeStyle = "△"
    en: NegativeStyle = "minus"


class Report(Part):
    """[report]."""

    indices: tuple[Line, ...] = ()
    negative: Negative = Negative()
    disclaimer: Said | None = None
    hypothetical: StrictBool | Said = False


class RiskBand(Part):
    """[limits] risk_band: volatility within a share of an index's."""

    index: Line
    within: ShareLimit


class Limits(Part):
    """[limits], checked on every sleeve."""

    names: NameRange | None = None
    weight_max: ShareLimit | None = None
    sector_deviation_max: ShareLimit | None = None
    risk_band: RiskBand | None = None


class Accepted(Part):
    """[[accepted]]: that one finding on the inputs was looked at, by whom, and why it stands."""

    key: Line
    table: Line
    ticker: Line | None = None
    index: Line | None = None
    date: Day | None = None
    by: str
    why: str

    @property
    def subject(self) -> str:
        """The ticker, index or portfolio that it is about; empty where it is the table as a whole."""
        return self.ticker or self.index or ""


class Drivers(Part):
    """[drivers]: which rows of a sleeve's contributions are named as drivers; docs/methodology/drivers.md."""

    material_bp: BasisPoints = 5.0
    material_share: Share = 0.05
    false_discovery_rate: ShareInside = 0.05


class OwnStyle(Part):
    """[model.styles.NAME]: a style made of built-in descriptors, or of those of the table `descriptors`."""

    descriptors: dict[str, StyleWeight]
    name: Named | None = None


OwnOrNone = Annotated[OwnStyle | Literal[False], false_or("false to leave the style out, or descriptors")]


class Model(Part):
    """[model]."""

    store: Line | None = None
    style_table: Line = "published"
    industry: Annotated[Line | Literal[False] | None, false_or("a column of securities, or false for none")] = None
    industry_digits: Digits = 2
    styles: dict[str, OwnOrNone] = Field(default_factory=dict)

    def risk_model(self) -> RiskModel:
        """The model that the book asks for: a table of styles, less those that are set to false, and the book's own.

        Raises
        ------
        InputError
            For an unknown table, for a style that is not in it and set to false, and for what `riskmodel.Style` refuses.
        """
        if self.style_table not in STYLE_TABLES:
            raise InputError(f"[model] style_table: unknown {self.style_table!r}. Known: {', '.join(STYLE_TABLES)}.")
        styles = STYLE_TABLES[self.style_table]
        names = [style.name for style in styles]
        if unknown := [name for name, own in self.styles.items() if own is False and name not in names]:
            raise InputError(f"[model.styles]: no style {listed(unknown)} to leave out. Known: {', '.join(names)}.")
        own = [_style(name, style) for name, style in self.styles.items() if style is not False]
        table = [*(style for style in styles if style.name not in self.styles), *own]
        return RiskModel(styles=table, industry=self.industry, industry_digits=self.industry_digits)


def _style(name: str, own: OwnStyle) -> Style:
    texts = {} if own.name is None else {"ja": own.name.ja, "en": own.name.en}
    return Style(name, list(own.descriptors), list(own.descriptors.values()), texts)


class Book(Part):
    """A book of courses; see docs/reference/book.md for every key.

    Attributes
    ----------
    path
        The TOML file; its data are named relative to it.
    holdings
        portfolio, date, ticker, weight: decimals that sum to one on every date, effective from the close of that date.
    actual_returns
        portfolio, date, return, fee; None unless [book] returns = "actual".
    """

    book: General
    benchmarks: dict[str, Benchmark]
    sleeves: dict[str, Sleeve]
    courses: dict[str, dict[str, Share]]
    report: Report = Report()
    limits: Limits = Limits()
    drivers: Drivers = Drivers()
    accepted: tuple[Accepted, ...] = ()
    model: Model = Model()
    tables: dict[str, TableMap] = Field(default_factory=dict)
    path: Path
    holdings: pd.DataFrame = Field(repr=False)
    actual_returns: pd.DataFrame | None = Field(default=None, repr=False)

    @property
    def source(self) -> Source:
        """What gives the market's tables."""
        folder = self.path.parent / self.book.data
        return Exports(folder, self.tables) if self.tables else Folder(folder)

    def __repr__(self) -> str:
        return (
            f"Book {self.path.name}: {self.book.name.en}, in {self.book.currency} since {self.book.inception}; courses "
            f"{', '.join(self.courses)}; sleeves {', '.join(self.sleeves)}; {len(self.holdings):,} holdings"
        )

    def shares(self, course: str) -> dict[str, float]:
        """The sleeves of a course and their shares; a sleeve's own key is a course of that sleeve alone.

        Raises
        ------
        InputError
            For an unknown course; the known ones are listed.
        """
        require_kind("course", course, str, f"The book has: {', '.join([*self.courses, *self.sleeves])}.")
        if course in self.courses:
            return {sleeve: share for sleeve, share in self.courses[course].items() if share}
        if course in self.sleeves:
            return {course: 1.0}
        raise InputError(f"unknown course '{course}'. The book has: {', '.join([*self.courses, *self.sleeves])}.")

    def benchmark_name(self, course: str) -> str:
        """The benchmark's name; for a blend '70% S&P 500 + 30% Russell 2000'."""
        shares: dict[str, float] = {}
        for sleeve, share in self.shares(course).items():
            benchmark = self.sleeves[sleeve].benchmark
            shares[benchmark] = shares.get(benchmark, 0.0) + share
        if len(shares) == 1:
            return next(iter(shares))
        return " + ".join(f"{share * 100:g}% {name}" for name, share in shares.items())


def read_book(path: str | Path) -> Book:
    """Read a book and its holdings, and check both.

    Parameters
    ----------
    path
        A TOML file; its `data` names the folder of tables, relative to the file.

    Returns
    -------
    Book

    Raises
    ------
    InputError
        For a misspelt or missing key, a value of the wrong kind, an unknown sleeve or benchmark, shares or weights that do
        not sum to one. The message names the place, the likely cause and the fix.

    Examples
    --------
    >>> book = read_book("fixtures/small/book.toml")
    >>> book.benchmark_name("Major 100")
    'Large Index'
    """
    path = require_path("path", path, "Name the book's TOML file.")
    content = read_toml(path, "Name the book's TOML file.")
    for reserved in ("path", "holdings", "actual_returns"):
        if reserved in content:
            raise InputError(f"{path.name}: unknown section [{reserved}].")
    empty = pd.DataFrame(columns=["portfolio", "date", "ticker", "weight"])
    book = _validated(path, content | {"path": path, "holdings": empty})
    _require_consistent(book)
    require_path(f"{path.name}: 'data' in [book]", book.book.data, "Name the folder of tables.")
    if book.model.store is not None:
        require_path(f"{path.name}: 'store' in [model]", book.model.store, "Name a file.")
    if not (path.parent / book.book.data).is_dir():
        raise InputError(f"{path.name}: data folder '{book.book.data}' is not beside the book. Set data in [book].")
    holdings = book.source.table("holdings")
    if holdings is None:
        raise InputError("holdings: no table 'holdings.parquet' or 'holdings.csv' in the data folder.")
    require_weights(holdings, "holdings", "portfolio")
    portfolios = set(holdings["portfolio"])
    for key, sleeve in book.sleeves.items():
        if sleeve.holdings not in portfolios:
            raise InputError(
                f"holdings: no portfolio '{sleeve.holdings}', which [sleeves.{key}] asks for. "
                f"Found: {listed(sorted(portfolios))}."
            )
    return book.model_copy(update={"holdings": holdings, "actual_returns": _actual_returns(book)})


def require_book(value: object) -> Book:
    """A book, or that it is something else, and what to give."""
    return require_kind("book", value, Book, "Give what attribution.read_book returns.")


def _actual_returns(book: Book) -> pd.DataFrame | None:
    if book.book.returns == "holdings":
        return None
    from attribution.portfolio.actual_table import checked_actual_returns

    table = book.source.table("actual_returns")
    if table is None:
        raise InputError(
            f'{book.path.name}: returns = "actual" in [book], but the data folder has no table actual_returns.parquet or '
            f'actual_returns.csv. Add it (portfolio, date, return, fee), or set returns = "holdings".'
        )
    return checked_actual_returns(table)


KINDS = ("float", "OwnStyle")  # that stand in the place of an error where one of several kinds is allowed


def _validated(path: Path, content: dict[str, Any]) -> Book:
    try:
        return Book.model_validate(content)
    except ValidationError as error:
        # a misspelt key is also a missing one: the misspelling is what helps
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        *section, key = [str(part) for part in first["loc"] if not re.search(r"[\[(]", str(part)) and part not in KINDS]
        place = f"[{'.'.join(section)}]" if section else "the file"
        if first["type"] == "extra_forbidden":
            known = _known_keys(section)
            raise InputError(
                f"{path.name}: unknown key '{key}' in {place}. Known keys: {', '.join(sorted(known))}."
            ) from None
        if first["type"] == "missing":
            raise InputError(f"{path.name}: missing key '{key}' in {place}.") from None
        if first["type"] == "value_error":
            raise InputError(f"{path.name}: '{key}' in {place}: {first['ctx']['error']}.") from None
        raise InputError(f"{path.name}: '{key}' in {place}: {first['msg']}; found {shown(first['input'])}.") from None


def _known_keys(section: list[str]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {
        "book": General, "benchmarks": Benchmark, "sleeves": Sleeve, "report": Report, "limits": Limits, "drivers": Drivers,
        "accepted": Accepted, "model": Model, "tables": TableMap,
    }  # fmt: skip
    if not section:
        return [name for name in Book.model_fields if name not in ("path", "holdings", "actual_returns")]
    if section[:2] == ["model", "styles"] and len(section) == 3:
        return list(OwnStyle.model_fields)
    nested: dict[str, type[BaseModel]] = {"name": Words, "style": Words, "negative": Negative, "risk_band": RiskBand}
    return list(nested.get(section[-1], parts.get(section[0], Book)).model_fields)


def _require_consistent(book: Book) -> None:
    book.model.risk_model()
    name, start = book.path.name, book.book.track_record_start
    if start is not None and start > book.book.inception:
        raise InputError(
            f"{name}: 'track_record_start' in [book]: {start}, after the inception, {book.book.inception}: ratios would "
            f"leave out the months between. Give a day up to the inception, or leave the key out."
        )
    for section, names in (("benchmarks", book.benchmarks), ("sleeves", book.sleeves), ("courses", book.courses)):
        if any(not key.strip() for key in names):
            raise InputError(f"{name}: one of [{section}] has no name. Name it.")
    unknown_tables = [table for table in book.tables if table not in TABLES]
    if unknown_tables:
        raise InputError(f"{name}: no table '{unknown_tables[0]}' in [tables]. They are: {', '.join(TABLES)}.")
    for key, benchmark in book.benchmarks.items():
        if (benchmark.constituents is None) == (benchmark.largest is None):
            raise InputError(f'{name}: [benchmarks."{key}"] needs either constituents = "..." or largest = 500.')
    for key, sleeve in book.sleeves.items():
        if sleeve.benchmark not in book.benchmarks:
            raise InputError(
                f"{name}: [sleeves.{key}] names the benchmark '{sleeve.benchmark}', which is not in [benchmarks]. "
                f"Known: {', '.join(book.benchmarks)}."
            )
    for course, shares in book.courses.items():
        unknown = [sleeve for sleeve in shares if sleeve not in book.sleeves]
        if unknown:
            raise InputError(
                f"{name}: course '{course}' holds unknown {listed(map(repr, unknown))}. "
                f"Known sleeves: {', '.join(book.sleeves)}."
            )
        total = sum(shares.values())
        if not abs(total - 1) <= 1e-9:
            raise InputError(f"{name}: shares of course '{course}' sum to {total:g}, not 1.")
        if course in book.sleeves and {s: w for s, w in shares.items() if w} != {course: 1.0}:
            raise InputError(f"{name}: course '{course}' has the name of a sleeve but holds others. Rename one of the two.")
        if course == "Average" or course in book.report.indices:
            raise InputError(f"{name}: course '{course}' has the name of another row of the report's tables. Rename it.")
    if len(set(book.report.indices)) < len(book.report.indices):
        raise InputError(f"{name}: [report] indices names an index twice: {listed(book.report.indices)}.")
    for entry in book.accepted:
        if entry.ticker and entry.index:
            raise InputError(f"{name}: an entry of [[accepted]] for '{entry.key}' has a ticker and an index. Keep one.")
        if not entry.by.strip() or not entry.why.strip():
            raise InputError(
                f"{name}: an entry of [[accepted]] for '{entry.key}' lacks who looked at it (by), or why it stands."
            )
    if not book.courses:
        raise InputError(f'{name}: [courses] is empty; a course is e.g. "Major 100" = {{ major = 1.0 }}.')
