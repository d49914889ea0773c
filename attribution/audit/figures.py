"""The figures of a published report, each with its address and what its rounding leaves open."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from riskmodel.market.calendar import NEW_YORK

Range = tuple[Fraction, Fraction]
Signed = Mapping[str, tuple[str, ...]]
WEIGHTS_AT = ("month start", "month end")


@dataclass(frozen=True)
class Figure:
    """A printed number.

    Attributes
    ----------
    path
        Its address in the file.
    value
        As printed, with its decimals; returns, weights and contributions are percent.
    exact
        Whether nothing was rounded away, as in an integer or a limit.

    Examples
    --------
    >>> figure = Figure("average.return", Decimal("-3.60"))
    >>> figure.half, [float(bound) for bound in figure.range]
    (Decimal('0.005'), [-3.605, -3.595])
    """

    path: str
    value: Decimal
    exact: bool = False

    @property
    def places(self) -> int:
        """Printed decimals."""
        return max(0, -int(self.value.as_tuple().exponent))

    @property
    def half(self) -> Decimal:
        """Half a unit of the last printed place; 0 where it is exact."""
        return Decimal(0) if self.exact else Decimal(1).scaleb(int(self.value.as_tuple().exponent)) / 2

    @property
    def range(self) -> Range:
        """What may have been printed so, both ends included: halves are rounded either way."""
        return Fraction(self.value) - Fraction(self.half), Fraction(self.value) + Fraction(self.half)


@dataclass(frozen=True)
class Week:
    """A row of [[weeks]]: first and last day, and each index's return."""

    start: datetime.date
    end: datetime.date
    returns: Mapping[str, Figure]


@dataclass(frozen=True)
class Contributor:
    """A row of [[top_contributors.SLEEVE]]; a figure that is not printed is None."""

    path: str
    ticker: str
    weight: Figure | None
    contribution: Figure | None


@dataclass(frozen=True)
class Figures:
    """A published report, as `attribution.audit.reading.read_figures` finds it; what is not printed is empty or None.

    Attributes
    ----------
    courses
        Course -> sleeve -> share.
    benchmarks
        Sleeve -> index.
    ranking
        Course -> rank, return, benchmark, excess.
    trailing
        Course or index -> 1m, 3m, 6m, 1y, itd, sharpe, sortino.
    levels
        Index -> day -> closing level.
    index_basis
        Index -> "price" or "total return".
    weights_at
        "month start" or "month end", where the file says which weights it prints.
    drivers
        "market" or a sleeve -> positive, negative -> factors.
    factors
        The factors that there are; None where the file has no [factors].
    """

    path: Path
    month: tuple[int, int]
    currency: str = ""
    calendar: str = ""
    return_basis: str = ""
    service_start: datetime.date | None = None
    track_record_start: datetime.date | None = None
    universe: str | None = None
    weights_at: str | None = None
    courses: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)
    blend_reset: Mapping[str, str] = field(default_factory=dict)
    benchmarks: Mapping[str, str] = field(default_factory=dict)
    index_returns: Mapping[str, Figure] = field(default_factory=dict)
    index_basis: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Mapping[datetime.date, Figure]] = field(default_factory=dict)
    ranking: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    average: Mapping[str, Figure] = field(default_factory=dict)
    trailing: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    weeks: tuple[Week, ...] = ()
    contributors: Mapping[str, tuple[Contributor, ...]] = field(default_factory=dict)
    limits: Mapping[str, Figure] = field(default_factory=dict)
    limit_words: Mapping[str, str] = field(default_factory=dict)
    drivers: Mapping[str, Signed] = field(default_factory=dict)
    factors: tuple[str, ...] | None = None

    @property
    def has_calendar(self) -> bool:
        """Whether the sessions are known: the file names an exchange, or no other currency than the US's."""
        return bool(self.calendar) or self.currency in ("", "USD")

    @property
    def exchange(self) -> str:
        """Whose sessions count; New York's where the file names no exchange."""
        return self.calendar or NEW_YORK

    def alone(self, sleeve: str) -> str | None:
        """The course that is 100 % of a sleeve, or None."""
        for course, shares in self.courses.items():
            if [name for name, share in shares.items() if share] == [sleeve]:
                return course
        return None

    def all(self) -> dict[str, Figure]:
        """Every figure by its address."""
        tables: list[Mapping[str, Figure]]
        tables = [*self.ranking.values(), self.average, self.index_returns, *self.trailing.values()]
        tables += [week.returns for week in self.weeks]
        printed = [figure for table in tables for figure in table.values()]
        printed += [*self.limits.values(), *(level for levels in self.levels.values() for level in levels.values())]
        for row in (row for rows in self.contributors.values() for row in rows):
            printed += [figure for figure in (row.weight, row.contribution) if figure is not None]
        return {figure.path: figure for figure in printed}


@dataclass(frozen=True)
class Finding:
    """One contradicted figure.

    Attributes
    ----------
    rule
        The rule that it breaks.
    figures
        Address and printed value of the contradicted figure, then of those that contradict it.
    difference
        The figure as printed less what the others imply, in its own unit; None where it is not a matter of size.
    rounding
        The largest difference that rounding could explain; None likewise.
    correction
        The likeliest correction, in words.
    reasons
        What contradicts what: one sentence each.
    named
        Addresses of `figures` that a reason gives with their values.
    """

    rule: str
    figures: tuple[tuple[str, Decimal | str], ...]
    difference: float | None
    rounding: float | None
    correction: str
    reasons: tuple[str, ...]
    named: tuple[str, ...] = ()

    def record(self) -> dict[str, object]:
        """As plain values: rule, figures (path and value each), difference, rounding, correction."""
        return {
            "rule": self.rule,
            "figures": [{"path": p, "value": v if isinstance(v, str) else plain(v)} for p, v in self.figures],
            "difference": self.difference,
            "rounding": self.rounding,
            "correction": self.correction,
        }


def plain(value: Decimal) -> int | float:
    """A printed number as a plain one."""
    return float(value) if int(value.as_tuple().exponent) < 0 else int(value)


def written(value: Fraction | Decimal | float, places: int = 2) -> str:
    """A derived number with fixed decimals and no negative zero.

    Examples
    --------
    >>> written(Fraction(-1, 1000)), written(Fraction(-519, 100))
    ('0.00', '-5.19')
    """
    return f"{float(value):z.{places}f}"
