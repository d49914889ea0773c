"""What must hold between the figures of a report: sums, products, and what each leaves possible for one figure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from attribution.audit.figures import Figure, Figures, Range, Week, written
from attribution.reporting.tables.addresses import WINDOWS
from riskmodel.market.calendar import last_session, month_bounds, months_before, session_before, sessions_between

Ranges = Mapping[str, Range]
TWICE, EXCESS, BLEND, AVERAGE, WEEKS, WINDOW = "printed twice", "excess", "blend", "average", "weeks", "windows"
ONE = Fraction(1)
IN_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class Sum:
    """left = sum of coefficient x figure.

    Attributes
    ----------
    rule
        Its rule.
    left
        Address of the figure that the others give.
    terms
        Address -> coefficient.
    claim
        The right side in words.
    """

    rule: str
    left: str
    terms: Mapping[str, Fraction]
    claim: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Every figure of it, the left one first."""
        return (self.left, *self.terms)

    def implied(self, path: str, ranges: Ranges) -> Range:
        """What the other figures leave possible for one of them: interval arithmetic, exact in fractions."""
        coefficients = {self.left: -ONE, **self.terms}
        own = coefficients.pop(path)
        parts = [sorted(-c / own * bound for bound in ranges[other]) for other, c in coefficients.items()]
        return sum((part[0] for part in parts), Fraction(0)), sum((part[1] for part in parts), Fraction(0))


@dataclass(frozen=True)
class Product:
    """1 + left / 100 = product of (1 + return / 100), or a level over another: left is the return between the two.

    Attributes
    ----------
    rule, left, claim
        As of `Sum`.
    returns
        Addresses of percent returns that compound.
    levels
        Addresses of the closing level at the end and at the base; empty where there are none.
    """

    rule: str
    left: str
    claim: str
    returns: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every figure of it, the left one first."""
        return (self.left, *self.returns, *self.levels)

    def implied(self, path: str, ranges: Ranges) -> Range:
        """What the other figures leave possible for one of them; every factor is above zero, so the ends are of the ends."""
        powers = dict.fromkeys(self.returns, 1) | dict(zip(self.levels, (1, -1), strict=False)) | {self.left: -1}
        own = powers.pop(path)
        low, high = ONE, ONE
        for other, power in powers.items():
            ends = ranges[other] if other in self.levels else tuple(1 + end / 100 for end in ranges[other])
            # own factor = product of the others to the power -power / own
            bounds = ends if power != own else (1 / ends[1], 1 / ends[0])
            low, high = low * bounds[0], high * bounds[1]
        return (low, high) if path in self.levels else ((low - 1) * 100, (high - 1) * 100)


Identity = Sum | Product


def middle(bounds: Range) -> Fraction:
    """The middle of a range."""
    return (bounds[0] + bounds[1]) / 2


def holds(identity: Identity, ranges: Ranges) -> bool:
    """Whether rounding can explain what is left of an identity."""
    low, high = identity.implied(identity.left, ranges)
    return ranges[identity.left][0] <= high and low <= ranges[identity.left][1]


def slack(identity: Identity, path: str, ranges: Ranges) -> Fraction:
    """The largest difference between a figure and what the others give that rounding could explain."""
    low, high = identity.implied(path, ranges)
    return (high - low + ranges[path][1] - ranges[path][0]) / 2


def twice(figures: Figures) -> Iterator[Sum]:
    """A figure printed twice agrees: a month's return in the ranking, among the trailing ones, as an index's return."""
    for name, row in figures.trailing.items():
        if "1m" in row and name in figures.ranking and "return" in figures.ranking[name]:
            yield _same(row["1m"], figures.ranking[name]["return"], "the month's return in the ranking")
        if "1m" in row and name in figures.index_returns and whole_month(figures):
            yield _same(row["1m"], figures.index_returns[name], "the index's return of the month")
    for sleeve, index in figures.benchmarks.items() if whole_month(figures) else ():
        course = figures.alone(sleeve)
        printed = figures.ranking.get(course or "", {}).get("benchmark")
        if printed is not None and index in figures.index_returns:
            yield _same(printed, figures.index_returns[index], f"the return of {index}")


def excesses(figures: Figures) -> Iterator[Sum]:
    """The excess is the return less the benchmark's."""
    for row in [*figures.ranking.values(), figures.average]:
        if {"return", "benchmark", "excess"} <= row.keys():
            terms = {row["return"].path: ONE, row["benchmark"].path: -ONE}
            yield Sum(EXCESS, row["excess"].path, terms, "its return less its benchmark's")


def blends(figures: Figures) -> Iterator[Sum]:
    """Within a month a blend's return, benchmark and excess are those of its sleeves, times their shares."""
    for course, row in figures.ranking.items():
        shares = {sleeve: share for sleeve, share in figures.courses.get(course, {}).items() if share}
        if len(shares) < 2 or figures.blend_reset.get(course, "monthly") != "monthly":  # the month starts with other shares
            continue
        for kind in ("return", "benchmark", "excess"):
            parts = [(sleeve_figure(figures, sleeve, kind), share) for sleeve, share in shares.items()]
            terms: dict[str, Fraction] = {}
            for part, share in parts:
                if part is not None:
                    terms[part.path] = terms.get(part.path, Fraction(0)) + share
            if kind in row and all(part is not None for part, _ in parts):
                mix = " and ".join(f"{float(share * 100):g} % of {sleeve}" for sleeve, share in shares.items())
                yield Sum(BLEND, row[kind].path, terms, f"{mix}, each with its {kind},")


def averages(figures: Figures) -> Iterator[Sum]:
    """The average row is the plain mean over the courses."""
    rows = list(figures.ranking.values())
    whole = not set(figures.courses) - set(figures.ranking)
    for kind, mean in figures.average.items():
        if rows and whole and all(kind in row for row in rows):
            terms = {row[kind].path: Fraction(1, len(rows)) for row in rows}
            yield Sum(AVERAGE, mean.path, terms, f"the plain mean over {len(rows)} courses")


def compounded_weeks(figures: Figures) -> Iterator[Product]:
    """An index's weeks compound to its month."""
    for name in names_of_weeks(figures):
        month = month_of(figures, name)
        if month is not None and all(name in week.returns for week in figures.weeks):
            parts = tuple(week.returns[name].path for week in figures.weeks)
            yield Product(WEEKS, month.path, f"compounding the weeks of {name}", returns=parts)


def names_of_weeks(figures: Figures) -> list[str]:
    """The indices of [[weeks]], each once."""
    return list(dict.fromkeys(name for week in figures.weeks for name in week.returns))


def equal_windows(figures: Figures) -> Iterator[Sum]:
    """Two windows with the same base have the same return: inception to date, and the months since."""
    base = inception_base(figures)
    for row in figures.trailing.values():
        for label, count in WINDOWS.items():
            if "itd" in row and label in row and base == last_session(months_before(figures.month, count), figures.exchange):
                yield Sum(WINDOW, row["itd"].path, {row[label].path: ONE}, f"the {label} window, which has the same base,")


def windows_of_levels(figures: Figures) -> Iterator[Product]:
    """The return of a window is the level at its end over the level at its base, less one."""
    end = last_session(figures.month, figures.exchange)
    for name, levels in figures.levels.items():
        for label, printed in window_figures(figures, name):
            base = window_base(figures, label)
            if end in levels and base in levels and base is not None:
                claim = f"the level of {end} over that of {base}"
                yield Product(WINDOW, printed.path, claim, levels=(levels[end].path, levels[base].path))


def window_figures(figures: Figures, name: str) -> Iterator[tuple[str, Figure]]:
    """The printed windows of an index, its month among them."""
    row = figures.trailing.get(name, {})
    yield from ((label, row[label]) for label in (*WINDOWS, "itd") if label in row)
    if "1m" not in row and name in figures.index_returns:
        yield "1m", figures.index_returns[name]


def window_base(figures: Figures, label: str) -> datetime.date | None:
    """The day at whose close a window starts; None for inception to date of a report without a service_start."""
    return (
        inception_base(figures)
        if label == "itd"
        else last_session(months_before(figures.month, WINDOWS[label]), figures.exchange)
    )


def inception_base(figures: Figures) -> datetime.date | None:
    """The close before the service's start."""
    return None if figures.service_start is None else session_before(figures.service_start, figures.exchange)


def other_bases(figures: Figures, name: str, printed: Figure, ranges: Ranges) -> list[datetime.date]:
    """The days of an index's levels from which a window would have the return that is printed."""
    levels, end = figures.levels[name], last_session(figures.month, figures.exchange)
    found = []
    for day, level in levels.items():
        if day < end:
            identity = Product(WINDOW, printed.path, "", levels=(levels[end].path, level.path))
            if holds(identity, {**ranges, printed.path: printed.range}):
                found.append(day)
    return found


def since(figures: Figures, printed: Figure, bases: list[datetime.date]) -> str:
    """That a window is printed with the return since other days than its base, in words."""
    days = []
    for day in bases:
        number = (figures.month[0] - day.year) * 12 + figures.month[1] - day.month
        months = IN_WORDS[number] if number < len(IN_WORDS) else number
        days.append(f"{day}, {months} month{'' if number == 1 else 's'} back")
    column = printed.path.rsplit(".", 1)[-1]
    return (
        f"{printed.value} is the return since {' or '.join(days)}: the rest of the {column} column may count from there too"
    )


def sleeve_figure(figures: Figures, sleeve: str, kind: str) -> Figure | None:
    """A sleeve's figure of the month: its own course's, or for a benchmark the index's return."""
    course = figures.alone(sleeve)
    printed = figures.ranking.get(course or "", {}).get(kind)
    if printed is None and kind == "return":
        printed = figures.trailing.get(course or "", {}).get("1m")
    if printed is None and kind == "benchmark" and whole_month(figures):
        printed = figures.index_returns.get(figures.benchmarks.get(sleeve, ""))
    return printed


def month_of(figures: Figures, index: str) -> Figure | None:
    """An index's return of the month."""
    printed = figures.index_returns.get(index)
    if printed is None and whole_month(figures):
        return figures.trailing.get(index, {}).get("1m")
    return printed


def whole_month(figures: Figures) -> bool:
    """Whether the courses run through the whole month, so that an index's month is the courses' month."""
    base = inception_base(figures)
    return base is None or base <= last_session(months_before(figures.month, 1), figures.exchange)


def missing_sessions(figures: Figures) -> tuple[list[datetime.date], list[tuple[Week, str]]]:
    """Sessions of the month in no week; and weeks that overlap the one before, run backwards or leave the month."""
    first, last = month_bounds(*figures.month)
    base = inception_base(figures)
    wrong: list[tuple[Week, str]] = []
    covered: set[datetime.date] = set()
    for week in figures.weeks:
        days = set(sessions_between(week.start, week.end, figures.exchange))
        if week.end < week.start:
            wrong.append((week, "ends before it starts"))
        elif week.start < first or week.end > last:
            wrong.append((week, f"leaves the month, {first} to {last}"))
        elif covered & days:
            wrong.append((week, "overlaps the week before"))
        covered |= days
    due = [day for day in sessions_between(first, last, figures.exchange) if base is None or day > base]
    return [day for day in due if day not in covered], wrong


def growth(numbers: list[Figure]) -> Fraction:
    """Compounded percent return of printed ones."""
    return (prod((1 + Fraction(number.value) / 100 for number in numbers), start=ONE) - 1) * 100


def _same(left: Figure, right: Figure, claim: str) -> Sum:
    return Sum(TWICE, left.path, {right.path: ONE}, claim)


def gives(identity: Identity, ranges: Ranges, places: int) -> str:
    """What an identity's right side comes to, in words."""
    return f"{identity.claim} gives {written(middle(identity.implied(identity.left, ranges)), places)}"
