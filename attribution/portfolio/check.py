"""Are a book's inputs fit for use? What cannot be used stops with an error; what a user should know is a finding."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import xarray as xr

from attribution.house_style.words import read_messages
from attribution.portfolio.begun import begun_by, books_of
from attribution.portfolio.book import Book
from attribution.portfolio.evidence.judged import Judged, by_kind, evidence_of_parts, sentence
from attribution.portfolio.periods import Period, sessions_from
from attribution.portfolio.tracks import Tracks
from riskmodel.errors import listed

OF_UNITS = ("volume_unit", "close_unit", "dividends_unit", "amounts_unit", "eps_unit")
OF_YEARS = ("filing_interval", "filing_of_a_quarter")
MANY_REPORTS = 100  # of less than a year: a company that moves the end of its year has one
COLUMNS = ("key", "table", "ticker", "date", "count", "harm", "detail")


def check_inputs(book: Book, market: xr.Dataset) -> pd.DataFrame:
    """Findings on a book's inputs over its whole history, by harm; empty where there is nothing to say.

    Returns
    -------
    DataFrame
        key, table, ticker (or index, portfolio), date (the first), count (of rows or days), harm (the most that it may move
        of a course's excess in a month, in basis points; missing where it moves the parts only, or cannot be told), detail.

    Raises
    ------
    InputError
        Where an input cannot be used, as in a report.

    Examples
    --------
    >>> import riskmodel as rm, attribution as at
    >>> found = check_inputs(at.read_book("fixtures/small/book.toml"), rm.read_market("fixtures/small"))
    >>> found.loc[found["key"] == "bridged_gap", ["table", "ticker", "date", "count"]].values.tolist()
    [['prices', 'TRUE', '2025-01-17', 1]]
    """
    return findings_table(whole_evidence(book, market))


def whole_evidence(book: Book, market: xr.Dataset) -> list[Judged]:
    """What is found in a book's tables, over its days from the inception on."""
    parts = []
    for part in books_of(begun_by(book, market.get_index("time")[-1])):
        base, days = sessions_from(part, market)
        tracks = Tracks(part, market, Period(label="all", base=base, days=days))
        for sleeve in part.sleeves:
            tracks.sleeve(sleeve)  # refused, where the book does not allow for what stopped trading
        parts.append(tracks)
    return evidence_of_parts(parts)


def findings_table(evidence: Sequence[Judged]) -> pd.DataFrame:
    """One row a finding, with the columns of `check_inputs`."""
    words = read_messages("en")
    rows = [
        (
            each.finding.key,
            each.finding.table,
            each.finding.subject,
            each.finding.date,
            each.finding.count,
            each.harm,
            sentence(each, words),
        )
        for each in evidence
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"harm": float})


def unit_findings(evidence: Sequence[Judged]) -> tuple[str, ...]:
    """The keys of findings that say a table as a whole is in another unit, or its reports of less than a year.

    Of a single name they may be a slip; of a table, or of many reports, its mapping says what it is not.
    """
    own = [each.finding for each in evidence if each.accepted is None]
    whole = {each.key for each in own if each.key in OF_UNITS and not each.subject}
    short = sum(each.count for each in own if each.key in OF_YEARS)
    return tuple(sorted(whole | {each.key for each in own if each.key in OF_YEARS and short >= MANY_REPORTS}))


def kinds_table(evidence: Sequence[Judged]) -> pd.DataFrame:
    """One row for each kind of finding, in the order of the worst of each: harm, table, finding, rows, examples."""
    words = read_messages("en")
    rows = [
        (
            kind.worst.harm,
            kind.fact.values["table"],
            words.fact("findings", kind.fact),
            kind.fact.values["rows"],
            listed(kind.fact.values["examples"]),
        )
        for kind in by_kind(evidence)
    ]
    return pd.DataFrame(rows, columns=["harm", "table", "finding", "rows", "examples"])
