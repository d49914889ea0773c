"""What a finding may move, of which course's excess, and whether numbers are computed all the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from attribution.house_style.words import Messages, read_messages
from attribution.portfolio.evidence import BOOK_RULES
from attribution.portfolio.evidence.levels import actual_returns_beside_holdings, levels_off_their_constituents
from attribution.portfolio.evidence.lists import weights_that_look_exchanged
from attribution.portfolio.evidence.register import Evidence
from attribution.portfolio.evidence.slips import lists_unlike_both_neighbours
from attribution.portfolio.periods import Period
from attribution.portfolio.settings.sections import Accepted
from attribution.portfolio.tracks import Tracks
from attribution.rows import CASH, CASH_STOCK
from riskmodel.errors import InputError, counted
from riskmodel.facts import Fact
from riskmodel.market.evidence import MARKET_RULES
from riskmodel.market.evidence.finding import Finding, summed_up
from riskmodel.market.findings import market_findings

UNKNOWN, UNUSED = "acceptance_unknown", "acceptance_unused"  # keys of findings on the book's own entries
ORDINARY = frozenset(  # what every feed has some of, and what the book says itself
    {"no_volume", "bridged_gap", "few_names", "empty_field", "large_distribution"}
    | {"held_stopped", "constituent_stopped", "list_scaled"}
)
LEAST_HARM = 0.05  # basis points
BASIS_POINT = 1e-4
MUCH = 25.0  # basis points of a course's excess in a month: beyond, the figure may be another's


@dataclass(frozen=True)
class Judged:
    """A finding and what comes of it.

    Attributes
    ----------
    finding
        What was found.
    harm
        The most that it may move of a course's excess in one month of the period, in basis points; NaN where it moves the
        parts of the excess only, or where that cannot be told.
    course, month
        Whose, and when; empty where there is no harm.
    accepted
        The book's entry that says it was looked at.
    """

    finding: Finding
    harm: float = np.nan
    course: str = ""
    month: str = ""
    accepted: Accepted | None = None

    @property
    def refused(self) -> bool:
        """Whether nothing is computed until it is mended or accepted."""
        grave = self.finding.refused or (self.harm >= MUCH and not self.finding.lenient)
        return grave and self.accepted is None


def known_keys() -> frozenset[str]:
    """The keys of every finding that a book may accept."""
    return frozenset((*MARKET_RULES.keys, *BOOK_RULES.keys))


def book_evidence(tracks: Tracks, course: str | None = None) -> list[Judged]:
    """Everything that is found in the tables of a book, by what it may move over the days of the tracks.

    Parameters
    ----------
    tracks
        The sleeves, benchmarks and indices over these days.
    course
        Whose sleeves are looked at, and whose excess; by default all of the book.

    Raises
    ------
    InputError
        Where an input cannot be used at all.
    """
    evidence = Evidence(tracks, course)
    found = [*market_findings(tracks.market), *BOOK_RULES.find(evidence)]
    unmatched = acceptance_findings(tracks.book.accepted, found, tracks.period) if course is None else []
    return judged([*found, *unmatched], evidence)


def evidence_of_parts(parts: Sequence[Tracks]) -> list[Judged]:
    """`book_evidence` of a book whose parts begin on other days: each finding once, with the most that it may move."""
    if len(parts) == 1:
        return book_evidence(parts[0])
    every = [each for tracks in parts for each in book_evidence(tracks)]
    used = {_entry_place(each.accepted) for each in every if each.accepted is not None}
    worst: dict[tuple[str, ...], Judged] = {}
    for each in every:
        finding = each.finding
        if finding.key == UNUSED and finding.subject in used:  # by another part
            continue
        place = (finding.key, finding.table, finding.subject, finding.date)
        if place not in worst or np.nan_to_num(each.harm, nan=-1.0) > np.nan_to_num(worst[place].harm, nan=-1.0):
            worst[place] = each
    return _in_order(worst.values())


def course_evidence(tracks: Tracks, course: str, actual_returns: pd.DataFrame | None = None) -> list[Judged]:
    """What a return of the tracks stands on: market, levels, weights, actual returns (of the book, where None)."""
    evidence = Evidence(tracks, course, actual_returns)
    rules = (
        levels_off_their_constituents,
        actual_returns_beside_holdings,
        weights_that_look_exchanged,
        lists_unlike_both_neighbours,
    )
    own = [finding for rule in rules for finding in rule(evidence)]
    return judged([*market_findings(tracks.market), *own], evidence)


def judged(findings: Iterable[Finding], evidence: Evidence) -> list[Judged]:
    """Findings with their harm over the days of the tracks: what is refused first, then by harm, then as they come."""
    tracks, every = evidence.tracks, []
    accepted, end = tracks.book.accepted, f"{tracks.period.end:%Y-%m-%d}"
    over = tracks.period.end == tracks.market.get_index("time")[-1]
    for finding in findings:
        if finding.date > end and not (over and finding.table == "holdings"):  # of lists a later one is the finding
            continue  # not known then
        entry = next((entry for entry in accepted if accepts(entry, finding)), None)
        every.append(Judged(finding, *_harm(finding, evidence), accepted=entry))
    return _in_order(every)


def _in_order(every: Iterable[Judged]) -> list[Judged]:
    """What is refused first, of that what is wrong with a table as a whole, which other findings come from; then by harm."""
    return sorted(
        every,
        key=lambda each: (not each.refused, each.refused and each.harm >= 0, -np.nan_to_num(each.harm, nan=-1.0)),
    )


def _entry_place(entry: Accepted) -> str:
    return " ".join(part for part in (entry.key, entry.table, entry.subject) if part)


def telling(evidence: Sequence[Judged], period: Period) -> list[Judged]:
    """What may move a figure of the period, or is of its days and of no kind that every feed has."""
    base, end = f"{period.base:%Y-%m-%d}", f"{period.end:%Y-%m-%d}"
    keys = known_keys() - ORDINARY
    return [
        each
        for each in evidence
        if each.harm >= LEAST_HARM or (each.finding.key in keys and base <= each.finding.date <= end)
    ]


def accepts(entry: Accepted, finding: Finding) -> bool:
    """Whether an entry of the book is about a finding: key, table and subject, and the day where it has one."""
    same = (entry.key, entry.table, entry.subject) == (finding.key, finding.table, finding.subject)
    return same and (entry.date is None or f"{entry.date:%Y-%m-%d}" == finding.date)


def acceptance_findings(accepted: Sequence[Accepted], found: Sequence[Finding], period: Period) -> list[Finding]:
    """Entries that are about nothing that was found, or name a finding that there is none of.

    One of lists and levels on other days is not looked for.
    """
    known, findings = known_keys(), []
    for entry in accepted:
        elsewhere = entry.date is not None and not period.base <= pd.Timestamp(entry.date) <= period.end
        unknown = entry.key not in known
        if not unknown and entry.key in BOOK_RULES.keys and elsewhere:
            continue
        if unknown or not any(accepts(entry, finding) for finding in found):
            date = "" if entry.date is None else f"{entry.date:%Y-%m-%d}"
            findings.append(Finding(UNKNOWN if unknown else UNUSED, "book", _entry_place(entry), date))
    return findings


def require_sound_market(
    market: xr.Dataset, accepted: Sequence[Accepted], place: str, until: pd.Timestamp | None = None
) -> None:
    """Refuse tables of a market in which something makes every number wrong, before any work is done.

    Parameters
    ----------
    market
        The market.
    accepted
        What a person has looked at.
    place
        Whose tables they are, as the message names them.
    until
        The last day whose numbers are asked for: what is wrong from a later day on does not touch them. By default all days.

    Raises
    ------
    InputError
        As `require_sound`.
    """
    end = f"{until:%Y-%m-%d}" if until is not None else "9999"
    refused = [finding for finding in market_findings(market) if finding.refused and finding.date <= end]
    unseen = [each for each in refused if not any(accepts(entry, each) for entry in accepted)]
    require_sound([Judged(finding) for finding in unseen], place)


def require_sound(evidence: Iterable[Judged], place: str) -> None:
    """Refuse to compute from tables in which something is found that makes numbers wrong.

    Raises
    ------
    InputError
        Names the first five, and how the book says that they were looked at.
    """
    wrong = [each for each in evidence if each.refused]
    if not wrong:
        return
    words = read_messages("en")
    lines = "; ".join(f"{each.finding.table}: {sentence(each, words)}" for each in wrong[:5])
    more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    first = wrong[0].finding
    entry = ", ".join(
        f'{name} = "{value}"'
        for name, value in (
            ("key", first.key), ("table", first.table), ("index" if first.table == "indices" else "ticker", first.subject),
        )
        if value
    )  # fmt: skip
    dated = f", date = {first.date}" if len(first.date) == len("2025-03-14") else ""
    raise InputError(
        f"{place}: {counted(len(wrong), 'finding')} in the tables that would make its figures wrong: {lines}{more}. Correct "
        f"the tables; or, where one is true, say so in the book: [[accepted]] with {entry}{dated}, by = ..., why = ... "
        f"(attribution check lists all)."
    )


@dataclass(frozen=True)
class Kind:
    """All findings of one kind.

    Attributes
    ----------
    fact
        What they say, with the `table`, how many `rows`, and their places as `examples`.
    worst
        The one of them that may move most.
    """

    fact: Fact
    worst: Judged


def by_kind(evidence: Sequence[Judged]) -> list[Kind]:
    """Findings as a person reads them: one line for each kind, in the order of the worst of each."""
    worst: dict[tuple[str, str, str], Judged] = {}
    for each in evidence:
        worst.setdefault(each.finding.kind, each)
    return [Kind(*pair) for pair in zip(summed_up(each.finding for each in evidence), worst.values(), strict=True)]


def sentence(each: Judged, words: Messages) -> str:
    """A finding in words: what, where, what it may move, and who looked at it."""
    text = words.fact("findings", summed_up([each.finding])[0])
    where = f": {each.finding.place}" if each.finding.place else ""
    harm = words("findings_section.harm", harm=f"{each.harm:.1f}", course=each.course, month=each.month)
    seen = "" if each.accepted is None else words("findings_section.accepted", by=each.accepted.by, why=each.accepted.why)
    return f"{text}{where}{harm if each.harm > 0 else ''}{seen}"


def _harm(finding: Finding, evidence: Evidence) -> tuple[float, str, str]:
    """The largest sum over a month of what a finding's doubt is of a course's excess, in basis points; whose and when."""
    tracks = evidence.tracks
    moves_parts = evidence.actual_returns is not None and finding.table not in ("indices", "actual_returns")
    if not finding.doubt or moves_parts:  # where returns are the account's own, prices and lists move the parts alone
        return np.nan, "", ""
    inside = {day: value for day, value in finding.doubt.items() if day in evidence.day_texts}
    if not inside:  # as of most findings, where the days are a month's
        return 0.0, "", ""
    doubt = pd.Series(list(inside.values()), pd.DatetimeIndex(list(inside)), dtype=float)
    shares = {course: tracks.book.shares(course) for course in evidence.courses}
    sleeves = dict.fromkeys(sleeve for own in shares.values() for sleeve in own)
    weights = {sleeve: _moved_weight(finding, tracks, sleeve, doubt.index) for sleeve in sleeves}
    if not any(weight.any() for weight in weights.values()):  # nobody holds it
        return 0.0, "", ""
    moved = {course: sum(share * weights[sleeve] for sleeve, share in own.items()) * doubt for course, own in shares.items()}
    totals = pd.DataFrame(moved).groupby(doubt.index.to_period("M")).sum().abs() / BASIS_POINT
    course = str(totals.max().idxmax())
    largest = float(totals[course].max())
    return (largest, course, str(totals[course].idxmax())) if largest > 0 else (0.0, "", "")


def _moved_weight(finding: Finding, tracks: Tracks, sleeve: str, days: pd.DatetimeIndex) -> np.ndarray:
    """What of a return of the finding's subject goes into a sleeve's excess, (time)."""
    settings = tracks.book.sleeves[sleeve]
    if finding.table == "indices":
        return np.full(len(days), -1.0 if settings.benchmark == finding.subject else 0.0)
    if finding.table in ("holdings", "actual_returns"):
        return np.full(len(days), 1.0 if settings.holdings == finding.subject else 0.0)
    ticker, held = CASH_STOCK if finding.subject == CASH else finding.subject, tracks.carried(sleeve).live
    if ticker not in held.get_index("asset"):
        return np.zeros(len(days))
    own = _of_name(held, ticker, days)
    if settings.benchmark in tracks.market["index"].to_numpy():  # it earns its level, whatever its constituents' prices say
        return own
    return own - _of_name(tracks.benchmark(settings.benchmark).live, ticker, days)


def _of_name(weights: xr.DataArray, ticker: str, days: pd.DatetimeIndex) -> np.ndarray:
    """One name's weights on some days, (time); by xarray's own selection a check of many findings took ten times as long."""
    column = weights.to_numpy().take(weights.get_index("asset").get_loc(ticker), axis=weights.get_axis_num("asset"))
    rows = weights.get_index("time").get_indexer(days)
    if (rows < 0).any():
        raise KeyError(f"weights of {ticker} on {days[rows < 0]}")
    return np.asarray(column[rows])
