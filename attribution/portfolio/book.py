"""The book: sleeves, courses, benchmarks, limits and house settings, from one TOML file and its holdings table."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd
from pydantic import Field, ValidationError

from attribution.portfolio.settings.bound_types import FROM_HOLDINGS, Fee, IndexBasis, Part, Reset, Share
from attribution.portfolio.settings.house import require_names
from attribution.portfolio.settings.questions import require_answered
from attribution.portfolio.settings.refusals import refusal
from attribution.portfolio.settings.sections import (
    Accepted,
    Benchmark,
    Drivers,
    Fund,
    General,
    Limits,
    Model,
    Report,
    Sleeve,
)
from attribution.portfolio.settings.strategies import Strategy, require_strategy
from attribution.portfolio.settings.toml_file import read_toml
from attribution.portfolio.settings.walked import Walked
from attribution.rows import CASH, is_pseudo_name, pseudo_name
from riskmodel.arrays.labels import require_kind, require_path
from riskmodel.errors import InputError, listed
from riskmodel.factors import LANGUAGES
from riskmodel.facts import Fact
from riskmodel.market.checks import require_weights, rescaled_weights
from riskmodel.market.market import MARKET_TABLES, read_tables
from riskmodel.market.sources import Source, open_source
from riskmodel.market.sources.address import require_no_secret
from riskmodel.market.sources.mapping import TableMap
from riskmodel.market.tables import TABLES

US_MARKET = {"ja": "米国株", "en": "US equity"}  # of a book in USD that does not name its market
READ = ("path", "holdings", "rescaled", "actual_returns")  # fields of a Book that its file does not have


class Book(Part):
    """A book of courses; see docs/reference/book.md for every key.

    Attributes
    ----------
    path
        The TOML file; its data are named relative to it.
    holdings
        portfolio, date, ticker, weight: decimals that sum to one on every date, effective from the close of that date.
    rescaled
        By (portfolio, date) what weights summed to that were within [book] weight_tolerance of one, and divided by it.
    actual_returns
        portfolio, date, return, fee; None unless [book] returns = "actual".
    """

    book: General
    benchmarks: dict[str, Benchmark]
    sleeves: dict[str, Sleeve]
    courses: dict[str, dict[str, Share]]
    fees: dict[str, Fee] = Field(default_factory=dict)
    index_basis: dict[str, IndexBasis] = Field(default_factory=dict)
    funds: dict[str, Fund] = Field(default_factory=dict)
    strategies: dict[str, Strategy] = Field(default_factory=dict)
    report: Report = Report()
    limits: Limits = Limits()
    drivers: Drivers = Drivers()
    accepted: tuple[Accepted, ...] = ()
    model: Model = Model()
    tables: dict[str, TableMap] = Field(default_factory=dict)
    walk: Walked | None = None
    path: Path
    holdings: pd.DataFrame = Field(repr=False)
    rescaled: pd.Series | None = Field(default=None, repr=False)
    actual_returns: pd.DataFrame | None = Field(default=None, repr=False)

    @cached_property
    def source(self) -> Source:
        """What gives the market's tables."""
        industry = self.model.industry
        return open_source(
            self.book.data,
            base=self.path.parent,
            maps=self.tables,
            groupings=(industry,) if isinstance(industry, str) and industry not in TABLES["securities"].columns else (),
        )

    @property
    def market_name(self) -> dict[str, str] | None:
        """Language -> what texts call the market: as the book says, of a book in USD the US's; else None."""
        if self.book.market is not None:
            return self.book.market.model_dump()
        return dict(US_MARKET) if self.book.currency == "USD" else None

    @property
    def returns_are(self) -> str:
        """What is taken off the portfolios' returns: of the holdings nothing, of a walk its trades' costs, of actual ones
        what trading cost, and fees where there are any; "holdings", "walked", "actual" or "actual_after_fees".
        """
        if self.actual_returns is None:
            return "holdings"
        if self.walk is not None:
            return "walked"
        return "actual_after_fees" if bool((self.actual_returns["fee"] > 0).any()) else "actual"

    @property
    def price_indices(self) -> list[str]:
        """Benchmarks and indices whose levels are without dividends, as the book says."""
        return [name for name, basis in self.index_basis.items() if basis == "price"]

    @property
    def simulated(self) -> tuple[Fact, ...]:
        """What stands with every figure where a walk made the lists: by which, of how many trials, what out of sample."""
        return () if self.walk is None else self.walk.facts

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

    @property
    def pseudo_names(self) -> dict[str, str]:
        """Benchmark of which only returns are known -> what stands for it among the names."""
        known = [name for name, benchmark in self.benchmarks.items() if benchmark.returns_only]
        return {name: pseudo_name(name, len(known) == 1) for name in known}

    @property
    def levels_among_names(self) -> dict[str, str]:
        """What stands among the names beside the market's -> the index whose level it follows."""
        return {label: name for name, label in self.pseudo_names.items()}

    def strategy_of(self, sleeve: str) -> str | None:
        """The strategy that makes a sleeve's lists: the one that it names, or of its own key; None where there is none.

        Raises
        ------
        InputError
            For an unknown sleeve; the known ones are listed.
        """
        require_kind("sleeve", sleeve, str, f"The book has: {', '.join(self.sleeves)}.")
        if sleeve not in self.sleeves:
            raise InputError(f"unknown sleeve '{sleeve}'. The book has: {', '.join(self.sleeves)}.")
        named = self.sleeves[sleeve].strategy
        return named if named is not None else sleeve if sleeve in self.strategies else None

    def reset_of(self, course: str) -> Reset:
        """When the shares of a course are reset.

        Raises
        ------
        InputError
            For an unknown course; the known ones are listed.
        """
        self.shares(course)
        every = self.book.blend_reset
        return every.get(course, "monthly") if isinstance(every, dict) else every

    def names(self, language: str) -> dict[str, str]:
        """Course, benchmark or index -> its name in a language, where [report.names] has one; blended benchmarks too.

        Raises
        ------
        InputError
            For another language.
        """
        require_kind("language", language, str, f"Give one of {', '.join(LANGUAGES)}.")
        if language not in LANGUAGES:
            raise InputError(f"language '{language}': the pages are written in {', '.join(LANGUAGES)}.")
        own = {label: str(getattr(words, language)) for label, words in self.report.names.items()}
        blended = {self.benchmark_name(course): self.benchmark_name(course, own) for course in self.courses}
        return {label: name for label, name in (blended | own).items() if label != name}

    def benchmark_name(self, course: str, names: Mapping[str, str] | None = None) -> str:
        """The benchmark's name; for a blend '70% S&P 500 + 30% Russell 2000'. `names` has others for some benchmarks."""
        shares: dict[str, float] = {}
        for sleeve, share in self.shares(course).items():
            benchmark = self.sleeves[sleeve].benchmark
            benchmark = (names or {}).get(benchmark, benchmark)
            shares[benchmark] = shares.get(benchmark, 0.0) + share
        if len(shares) == 1:
            return next(iter(shares))
        return " + ".join(f"{share * 100:g}% {name}" for name, share in shares.items())


def read_book(path: str | Path) -> Book:
    """Read a book and its holdings, and check both.

    Parameters
    ----------
    path
        A TOML file; its `data` names the folder or database of tables, relative to the file, or a URL.

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
    for reserved in READ:
        if reserved in content:
            raise InputError(f"{path.name}: unknown section [{reserved}].")
    require_answered(path.name, content)
    empty = pd.DataFrame(columns=["portfolio", "date", "ticker", "weight"])
    try:
        book = Book.model_validate(content | {"path": path, "holdings": empty})
    except ValidationError as error:
        raise refusal(path.name, error, [name for name in Book.model_fields if name not in READ], content) from None
    _require_consistent(book)
    require_no_secret(book.book.data, f"{path.name}: 'data' in [book]")
    require_path(f"{path.name}: 'data' in [book]", book.book.data, "Name the folder of tables.")
    if book.model.store is not None:
        require_path(f"{path.name}: 'store' in [model]", book.model.store, "Name a file.")
    try:
        holdings = book.source.table("holdings", replace(TABLES["holdings"], required=True))
    except InputError:
        if "holdings" in book.tables:  # all that is wrong with exports is told at once
            read_tables(book.source, ("holdings", *MARKET_TABLES))
        raise
    assert holdings is not None  # the table is one that must be there
    sums = require_weights(holdings, "holdings", "portfolio", book.book.weight_tolerance)
    holdings = rescaled_weights(holdings, "portfolio", sums)
    portfolios = set(holdings["portfolio"])
    for key, sleeve in book.sleeves.items():
        if sleeve.holdings not in portfolios:
            raise InputError(
                f"holdings: no portfolio '{sleeve.holdings}', which [sleeves.{key}] asks for. "
                f"Found: {listed(sorted(portfolios)) or 'none, the table has no rows'}."
            )
    update = {"holdings": holdings, "rescaled": sums, "actual_returns": _actual_returns(book)}
    return _with_sleeves_begun(book.model_copy(update=update))


def _with_sleeves_begun(book: Book) -> Book:
    """The book with the day on which each sleeve begins, where its first list says it; none begins before its list."""
    sleeves = dict(book.sleeves)
    for key, sleeve in book.sleeves.items():
        if sleeve.inception is None:
            continue
        first = book.holdings.loc[book.holdings["portfolio"] == sleeve.holdings, "date"].min().date()
        day = first + datetime.timedelta(days=1)
        if not isinstance(sleeve.inception, datetime.date):
            sleeves[key] = sleeve.model_copy(update={"inception": max(day, book.book.inception)})
        elif sleeve.inception < day:
            raise InputError(
                f"{book.path.name}: 'inception' in [sleeves.{key}]: {sleeve.inception}, but the first list of "
                f"'{sleeve.holdings}' is of {first}, and counts from the day after. Give {day} or later, add a list, or say "
                f'inception = "{FROM_HOLDINGS}".'
            )
    return book.model_copy(update={"sleeves": sleeves})


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


def _require_consistent(book: Book) -> None:
    book.model.risk_model()
    name, start = book.path.name, book.book.track_record_start
    if start is not None and start > book.book.inception:
        raise InputError(
            f"{name}: 'track_record_start' in [book]: {start}, after the inception, {book.book.inception}: ratios would "
            f"leave out the months between. Give a day up to the inception, or leave the key out."
        )
    for key, sleeve in book.sleeves.items():
        if isinstance(sleeve.inception, datetime.date) and sleeve.inception < book.book.inception:
            raise InputError(
                f"{name}: 'inception' in [sleeves.{key}]: {sleeve.inception}, before the book's, {book.book.inception}. "
                f"Give a day from then on, or leave the key out."
            )
    for section, names in (("benchmarks", book.benchmarks), ("sleeves", book.sleeves), ("courses", book.courses)):
        if any(not key.strip() for key in names):
            raise InputError(f"{name}: one of [{section}] has no name. Name it.")
    unknown_tables = [table for table in book.tables if table not in TABLES]
    if unknown_tables:
        raise InputError(f"{name}: no table '{unknown_tables[0]}' in [tables]. They are: {', '.join(TABLES)}.")
    for key, benchmark in book.benchmarks.items():
        if len(benchmark.said) != 1:
            found = f"has {' and '.join(benchmark.said)}" if benchmark.said else "does not say what it is"
            raise InputError(
                f'{name}: [benchmarks."{key}"] {found}. Give one of the three: constituents = "..." (an index of the table '
                f"constituents), largest = 500 (the largest companies by market cap), returns_only = true (nothing but the "
                f"level that the table indices has under its name)."
            )
    for ticker, fund in book.funds.items():
        if (fund.constituents is None) == (fund.carried is None):
            raise InputError(
                f'{name}: [funds."{ticker}"] needs one of the two: constituents = "..." (a list in the table '
                f'constituents or holdings, to look through it), or carried = "unmodelled" (whole, without exposures).'
            )
        if ticker == CASH or is_pseudo_name(ticker):
            raise InputError(f"{name}: [funds.\"{ticker}\"]: '{ticker}' is no fund. Give the fund's ticker in the holdings.")
    for key, sleeve in book.sleeves.items():
        if sleeve.benchmark not in book.benchmarks:
            raise InputError(
                f"{name}: [sleeves.{key}] names the benchmark '{sleeve.benchmark}', which is not in [benchmarks]. "
                f"Known: {', '.join(book.benchmarks)}."
            )
    for key, strategy in book.strategies.items():
        require_strategy(name, key, strategy, book.benchmarks)
    for key, sleeve in book.sleeves.items():
        if sleeve.strategy is not None and sleeve.strategy not in book.strategies:
            raise InputError(
                f"{name}: [sleeves.{key}] names the strategy '{sleeve.strategy}', which is not in [strategies]. "
                f"Known: {', '.join(book.strategies) or 'none'}."
            )
    if book.walk is not None and book.walk.strategy not in book.strategies:
        raise InputError(
            f"{name}: [walk] is of the strategy '{book.walk.strategy}', which is not in [strategies]. Known: "
            f"{', '.join(book.strategies) or 'none'}."
        )
    resets = book.book.blend_reset
    strange = [course for course in resets if course not in book.courses] if isinstance(resets, dict) else []
    if strange:
        raise InputError(
            f"{name}: 'blend_reset' in [book] names unknown {listed(map(repr, strange))}. Known courses: "
            f"{', '.join(book.courses)}."
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
    levels = list(dict.fromkeys([*book.benchmarks, *book.report.indices]))
    for section, named, known in (("fees", book.fees, list(book.courses)), ("index_basis", book.index_basis, levels)):
        if strange := [key for key in named if key not in known]:
            raise InputError(f"{name}: [{section}] names unknown {listed(map(repr, strange))}. Known: {', '.join(known)}.")
    if book.fees and book.book.returns == "actual":
        raise InputError(
            f'{name}: [fees] and returns = "actual" in [book]: actual returns are after fees already. Take one out.'
        )
    if len(set(book.report.indices)) < len(book.report.indices):
        raise InputError(f"{name}: [report] indices names an index twice: {listed(book.report.indices)}.")
    require_names(name, book.report.names, list(dict.fromkeys([*book.courses, *levels])))
    for entry in book.accepted:
        if entry.ticker and entry.index:
            raise InputError(f"{name}: an entry of [[accepted]] for '{entry.key}' has a ticker and an index. Keep one.")
        if not entry.by.strip() or not entry.why.strip():
            raise InputError(
                f"{name}: an entry of [[accepted]] for '{entry.key}' lacks who looked at it (by), or why it stands."
            )
    if not book.courses:
        raise InputError(f'{name}: [courses] is empty; a course is e.g. "Major 100" = {{ major = 1.0 }}.')
