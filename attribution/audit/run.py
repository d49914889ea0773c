"""Is a published report consistent with itself, and with the data? One finding for each contradicted figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from attribution.audit import identities, names, rules
from attribution.audit.diagnosis import Blame, diagnose
from attribution.audit.figures import Figures, Finding, Range, written
from attribution.audit.identities import Identity, Product, other_bases, sleeve_figure
from attribution.audit.reading import read_figures
from attribution.reporting.tables.addresses import address
from riskmodel.errors import listed
from riskmodel.market.calendar import is_session
from riskmodel.progress import Progress, stages

if TYPE_CHECKING:
    from attribution.audit.data import Comparison
    from attribution.portfolio.book import Book

DATA = "data"
RULES = {  # in the order of the findings: rule -> what it says
    DATA: "every figure is the one that the book's data give, at its printed precision",
    identities.TWICE: "a figure printed twice agrees",
    identities.EXCESS: "the excess is the return less the benchmark's",
    identities.BLEND: "a blend's return, benchmark and excess are its sleeves' times their shares",
    identities.AVERAGE: "the average is the plain mean over the courses",
    rules.RANK: "ranks follow the excess or the return",
    identities.WEEKS: "weeks tile the month and compound to it",
    identities.WINDOW: "windows can be, and agree with the index levels",
    rules.CONTRIBUTION: "contributions imply returns that can be, the largest first",
    rules.LIMIT: "weights are within the limit",
    names.TICKER: "tickers are listed",
    names.BASIS: "total returns are compared with total return indices",
    rules.RATIO: "Sharpe and Sortino ratios have like signs and sizes that go together",
    names.DRIVER: "stated drivers are known factors, and have one sign",
}


@dataclass(frozen=True)
class Audit:
    """What the rules found in a published report.

    Attributes
    ----------
    figures
        The report's figures.
    findings
        One for each contradicted figure, in the order of `RULES`.
    ran
        Rule -> how often it was applied.
    not_run
        Rule -> why it was not, or not to everything.
    remarks
        What the reader should know of the comparison with a book.
    """

    figures: Figures
    findings: tuple[Finding, ...]
    ran: Mapping[str, int]
    not_run: Mapping[str, str]
    remarks: tuple[str, ...] = ()


def audit_report(path: str | Path, *, book: Book | None = None, progress: Progress = None) -> Audit:
    """Hold a published report's figures against each other and, with a book, against the data.

    Parameters
    ----------
    path
        The figures as TOML, see docs/reference/audit.md.
    book
        From `attribution.read_book`; its market is read and its model fitted, for the report's month.
    progress
        True for a bar on standard error, where that is a terminal; or a function, called with the name of each stage as it
        begins.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        For a file that cannot be read as figures; for a month that the book does not have.

    Notes
    -----
    Every tolerance is what rounding can explain: half a unit of the last printed place of each figure, carried through the
    identity by interval arithmetic. Formulas in docs/methodology/audit.md.

    Examples
    --------
    >>> audit = audit_report("fixtures/published/wealth_growth_2026_03.toml")
    >>> [finding.rule for finding in audit.findings]
    ['weeks', 'windows', 'limit', 'ticker', 'index basis']
    >>> audit.findings[0].figures[0], audit.findings[0].correction.split(";")[0]
    (('weeks.2026-03-23."S&P 500"', Decimal('-2.21')), '-2.12 (two digits swapped)')
    """
    figures = read_figures(path)
    if book is None:
        return audit_figures(figures)
    from attribution.audit.data import compare_stages, compare_with_book
    from attribution.portfolio.book import require_book

    with stages(progress, compare_stages(require_book(book))) as step:
        return audit_figures(figures, compare_with_book(figures, book, progress=step))


def audit_figures(figures: Figures, comparison: Comparison | None = None) -> Audit:
    """Run every rule that the figures have the parts for.

    Parameters
    ----------
    figures
        From `attribution.audit.reading.read_figures`.
    comparison
        The same figures from the data; a figure that they contradict is corrected before the other rules run.
    """
    printed = figures.all()
    ranges = {path: figure.range for path, figure in printed.items()}
    log = _Log()
    findings: list[Finding] = []
    if comparison is None:
        log.skip(DATA, "no book was given")
    else:
        log.count(DATA, comparison.compared)
        figures = comparison.figures
        findings += comparison.findings
        ranges |= comparison.corrected
    checks = _identities(figures, log)
    possible = [each for each in checks if not isinstance(each, Product) or _above_total_loss(each, ranges)]
    blames = diagnose(printed, possible, ranges)
    doubted = _doubted_shares(figures, blames)
    findings += [_finding(figures, blame, ranges, doubted) for blame in blames]
    findings += _rank(figures, ranges, log)
    findings += _dates(figures, log)
    findings += _windows(figures, ranges, log)
    findings += _positions(figures, ranges, log)
    findings += _names(figures, comparison, log)
    findings += _ratios(figures, ranges, log)
    order = list(RULES)
    merged = sorted(_merged(findings), key=lambda finding: order.index(finding.rule))
    return Audit(figures, tuple(merged), log.ran, log.not_run, () if comparison is None else comparison.remarks)


class _Log:
    """Which rules ran, how often, and why others did not."""

    def __init__(self) -> None:
        self.ran: dict[str, int] = {}
        self.not_run: dict[str, str] = {}

    def count(self, rule: str, number: int, otherwise: str = "") -> None:
        if number:
            self.ran[rule] = self.ran.get(rule, 0) + number
        elif otherwise and rule not in self.ran:
            self.skip(rule, otherwise)

    def skip(self, rule: str, why: str) -> None:
        self.not_run[rule] = f"{self.not_run[rule]}; {why}" if rule in self.not_run else why


def _identities(figures: Figures, log: _Log) -> list[Identity]:
    found: list[Identity] = []
    tiles = not _dated_wrongly(figures)
    sums: dict[str, tuple[Iterable[Identity], str]] = {
        identities.TWICE: (identities.twice(figures), "no figure is printed in two places"),
        identities.EXCESS: (identities.excesses(figures), "no row has a return, a benchmark and an excess"),
        identities.BLEND: (identities.blends(figures), "no blend with a course for each of its sleeves"),
        identities.AVERAGE: (identities.averages(figures), "no average, or not of every course"),
    }
    for rule, (each, otherwise) in sums.items():
        own = list(each)
        log.count(rule, len(own), otherwise)
        found += own
    lonely = _lonely_names(figures)
    if lonely:
        log.skip(identities.TWICE, f"in one part of the file only, so held against nothing: {listed(lonely)}")
    weeks = list(identities.compounded_weeks(figures)) if tiles else []
    if not tiles:
        log.skip(identities.WEEKS, "returns are not compounded before the dates are right")
    gaps = [name for name in identities.names_of_weeks(figures) if not all(name in week.returns for week in figures.weeks)]
    if gaps:
        log.skip(identities.WEEKS, f"not in every week, so not compounded: {listed(gaps)}")
    log.count(identities.WEEKS, len(weeks), "" if weeks or not tiles else "no weeks of an index whose month is printed")
    levels = list(identities.windows_of_levels(figures))
    equal = list(identities.equal_windows(figures)) if figures.has_calendar else []
    log.count(identities.WINDOW, len(levels) + len(equal))
    if not levels:
        log.skip(identities.WINDOW, "no index levels at the month's end and at a window's base")
    closed = (
        [day for own in figures.levels.values() for day in own if not is_session(day, figures.exchange)]
        if figures.has_calendar
        else []
    )
    if closed:
        log.skip(identities.WINDOW, f"levels of days on which the exchange was shut: {listed(str(day) for day in closed)}")
    return [*found, *weeks, *equal, *levels]


def _lonely_names(figures: Figures) -> list[str]:
    """Names of indices that only one part of the file has: nothing can contradict them, and they may be misspelt."""
    parts = [figures.index_returns, figures.trailing, figures.levels]
    found = Counter(name for part in parts for name in part)
    found.update([*identities.names_of_weeks(figures), *names.benchmark_names(figures)])
    return [name for name, number in found.items() if number == 1 and name not in figures.courses]


def _above_total_loss(identity: Product, ranges: Mapping[str, Range]) -> bool:
    """Whether a product's returns can be compounded; one below -100 % is a finding of its own."""
    return all(ranges[path][0] > -100 for path in (identity.left, *identity.returns))


def _without_calendar(figures: Figures) -> str:
    return f'no calendar for {figures.currency} (calendar = "XTKS", say, names one)'


def _dated_wrongly(figures: Figures) -> bool:
    if not figures.weeks or not figures.has_calendar:
        return False
    missing, wrong = identities.missing_sessions(figures)
    return bool(missing or wrong)


def _doubted_shares(figures: Figures, blames: Sequence[Blame]) -> set[str]:
    """Courses of which more than one figure is not its sleeves': their shares may be what is wrong."""
    broken = Counter(each.left for blame in blames for each in blame.broken if each.rule == identities.BLEND)
    return {name for name, row in figures.ranking.items() if sum(figure.path in broken for figure in row.values()) > 1}


def _finding(figures: Figures, blame: Blame, ranges: Mapping[str, Range], doubted: set[str]) -> Finding:
    figure, printed = blame.figure, figures.all()
    before = {**ranges, figure.path: figure.range}
    first = blame.broken[0]
    implied = first.implied(figure.path, before)
    others = dict.fromkeys(path for each in blame.broken for path in each.paths if path != figure.path)
    reasons = tuple(
        f"{each.left} is {printed[each.left].value}, but {identities.gives(each, before, printed[each.left].places)}"
        for each in blame.broken
    )
    text = rules.printed_correction(figure, blame.possible, blame.slip)
    index = next((name for name, row in figures.trailing.items() if figure in row.values()), "")
    of_levels = isinstance(first, Product) and first.levels and figure.path == first.left and index in figures.levels
    bases = other_bases(figures, index, figure, before) if of_levels else []
    if bases:
        text = f"{written(identities.middle(implied), figure.places)}; {identities.since(figures, figure, bases)}"
    elif blame.rivals:
        would = [f"{rival.path} {slip[0]} ({slip[1]})" for rival, slip in blame.rivals if slip]
        rest = [rival.path for rival, slip in blame.rivals if not slip]
        text += "; it would also do to correct " + ", or ".join([*would, *rest])
    text += "".join(
        f"; or the shares in {address('courses', name)} are wrong"
        for name in sorted(doubted)
        if figure in figures.ranking[name].values()
    )
    return Finding(
        rule=first.rule,
        figures=((figure.path, figure.value), *((path, printed[path].value) for path in others)),
        difference=round(float(figure.value) - float(identities.middle(implied)), 10),
        rounding=round(float(identities.slack(first, figure.path, before)), 10),
        correction=text,
        reasons=reasons,
        named=tuple(each.left for each in blame.broken),
    )


def _rank(figures: Figures, ranges: Mapping[str, Range], log: _Log) -> list[Finding]:
    ranked = [row for row in figures.ranking.values() if "rank" in row]
    whole = any(ranked and all(kind in row for row in figures.ranking.values()) for kind in rules.RANKED_BY)
    log.count(rules.RANK, len(ranked) if whole else 0, "no ranks, or a course without excess and return")
    return rules.rank_findings(figures, ranges)


def _dates(figures: Figures, log: _Log) -> list[Finding]:
    if not figures.weeks:
        return []
    if not figures.has_calendar:
        log.skip(
            identities.WEEKS,
            f"{_without_calendar(figures)}, so that gaps between weeks are not looked for",
        )
        return []
    log.count(identities.WEEKS, 1)
    return rules.week_findings(figures)


def _windows(figures: Figures, ranges: Mapping[str, Range], log: _Log) -> list[Finding]:
    if figures.service_start is None:
        log.skip(identities.WINDOW, "no service_start, so that windows are not held against the service's life")
    elif not figures.has_calendar:
        log.skip(
            identities.WINDOW,
            f"{_without_calendar(figures)}, so that the service's first base is not known",
        )
    log.count(identities.WINDOW, sum(len(row) for row in figures.trailing.values()))
    early = rules.early_windows(figures) if figures.has_calendar else []
    return [*rules.impossible_returns(figures, ranges), *early]


def _positions(figures: Figures, ranges: Mapping[str, Range], log: _Log) -> list[Finding]:
    own = {sleeve: sleeve_figure(figures, sleeve, "return") for sleeve in figures.contributors}
    known = {sleeve: ranges[printed.path] for sleeve, printed in own.items() if printed is not None}
    returns = {sleeve: bounds for sleeve, bounds in known.items() if bounds[0] > -100}
    rows = [row for rows in figures.contributors.values() for row in rows]
    weighed = [row for row in rows if row.weight is not None]
    whole = sum(row.weight is not None and row.contribution is not None for row in rows)
    log.count(rules.CONTRIBUTION, whole, "no contributors with weight and contribution")
    unknown = [sleeve for sleeve in figures.contributors if sleeve not in returns]
    if unknown:
        log.skip(rules.CONTRIBUTION, f"no return of {listed(unknown)}: only as weights at the month's start")
    limited = "weight_max" in figures.limits
    log.count(rules.LIMIT, len(weighed) if limited else 0, "no weight_max in [limits], or no weights")
    if limited and weighed:
        log.skip(rules.LIMIT, "the number of names, sectors and risk are not among the figures")
    return [*rules.contribution_findings(figures, returns, ranges), *rules.limit_findings(figures, returns, ranges)]


def _names(figures: Figures, comparison: Comparison | None, log: _Log) -> list[Finding]:
    found = names.repeated_tickers(figures)
    tickers = sum(len(rows) for rows in figures.contributors.values())
    known, why = names.read_universe(figures)
    if known is not None:
        log.count(names.TICKER, tickers, "no contributors")
        found += names.ticker_findings(figures, known, str(figures.universe))
    if comparison is not None:
        log.count(names.TICKER, tickers, "no contributors")
        found += names.ticker_findings(figures, comparison.tickers, "the book's securities")
    if known is None and comparison is None:
        log.skip(names.TICKER, f"{why}, and no book was given")
    if names.TOTAL_RETURN not in figures.return_basis.lower():
        log.skip(names.BASIS, "return_basis does not say that the courses' returns are total returns")
    else:
        unknown = names.unknown_basis(figures)
        log.count(names.BASIS, len(names.benchmark_names(figures)) - len(unknown))
        if unknown or not figures.benchmarks:
            log.skip(names.BASIS, f"nothing says what {listed(unknown)} is" if unknown else "no [benchmarks]")
    denied = {finding.figures[0][0] for finding in comparison.findings} if comparison is not None else set()
    log.count(names.DRIVER, sum(1 for _ in names.stated(figures)), "no [stated_drivers]")
    if comparison is None and figures.drivers:
        log.skip(names.DRIVER, "signs are not held against computed ones without a book")
    return [*found, *names.basis_findings(figures), *names.driver_findings(figures, denied)]


def _ratios(figures: Figures, ranges: Mapping[str, Range], log: _Log) -> list[Finding]:
    whole = sum({"sharpe", "sortino"} <= row.keys() for row in figures.trailing.values())
    log.count(rules.RATIO, whole, "no name with both ratios")
    return rules.ratio_findings(figures, ranges)


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """One finding a figure: what other rules say of it is added to the first."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        path = finding.figures[0][0]
        if path not in kept:
            kept[path] = finding
            continue
        first = kept[path]
        others = tuple(figure for figure in finding.figures if figure not in first.figures)
        reasons = tuple(dict.fromkeys([*first.reasons, *finding.reasons]))
        named = first.named + finding.named
        kept[path] = replace(first, figures=first.figures + others, reasons=reasons, named=named)
    return list(kept.values())
