"""Which of several forms days have, by the days of the other tables of a folder: 24/11/01 is in 2024, or in 2001."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.day_forms import read_days, strptime_of
from riskmodel.market.sources.recognition.evidence.headers import Candidate
from riskmodel.market.sources.recognition.evidence.values import DAY, shape_of
from riskmodel.market.sources.recognition.groups import Group, wholes_of
from riskmodel.market.sources.recognition.words import WORDS, matched

APART = pd.Timedelta(days=2 * 366)  # tables of one folder begin and end within so much of each other, or overlap
MONTHLY = pd.Timedelta(days=20)  # between the days of lists, at least; prices have one every few days
Span = tuple[pd.Timestamp, pd.Timestamp]


def settle_days(groups: Sequence[Group]) -> None:
    """Narrow the forms that days with a year of two digits have: it is one that other tables have.

    Day and month are not told apart so: a swap moves days by months, and tables may begin months apart. Where more than one
    form is left, a person says which; today is no evidence, since tomorrow the same folder would be another.
    """
    days = [(group, label) for group in groups for label in _labels(group) if group.shape(label).kind == DAY]
    clear = [(group, span) for group, label in days if (span := _clear_span(group, label)) is not None]
    for group, label in days:
        forms = group.shape(label).forms
        others = [span for other, span in clear if other is not group]
        if len(forms) < 2 or not others or all("YYYY" in form for form in forms):
            continue
        known = min(first for first, _ in others), max(last for _, last in others)
        near = tuple(form for form in forms if _near(span_of(group, label, form), known))
        group.narrow(label, near or forms)  # none is near: all are asked for


def span_of(group: Group, label: str, form: str) -> Span:
    """The first and the last day of a column in a form; of typed cells in none."""
    days = group.days_in(label, form)
    return days.min(), days.max()


def _labels(group: Group) -> list[str]:
    """Columns that may hold days; of a sheet with names across the first."""
    return list(group.first.labels if group.is_long else group.first.labels[:1])


def _clear_span(group: Group, label: str) -> Span | None:
    """The first and the last day of a column of a table by day that has one form, with all of the year."""
    forms = group.shape(label).forms
    if not matched(label, WORDS["prices"]["date"])[0] or len(forms) > 1 or not all("YYYY" in form for form in forms):
        return None
    return span_of(group, label, forms[0] if forms else "")


def _near(span: Span, known: Span) -> bool:
    return span[0] >= known[0] - APART and span[1] <= known[1] + APART


def by_month(labels: Sequence[str]) -> bool:
    """Whether days across are a month apart, or more.

    Examples
    --------
    >>> by_month(["2024-01-31", "2024-02-29", "2024-03-28"]), by_month(["2024-01-30 00:00:00", "2024-01-31 00:00:00"])
    (True, False)
    """
    texts = pd.Series(list(labels), dtype=object)
    forms = shape_of(texts).forms
    days = read_days(texts, strptime_of(forms[0])).sort_values() if forms else pd.to_datetime(texts, errors="coerce")
    return bool(days.diff().median() >= MONTHLY)


def why_no_prices(group: Group, candidate: Candidate) -> Fact | None:
    """Why a table with prices in it is no table of prices by day, but perhaps one of lists; None where it may be prices.

    It has one day, or days about a month apart in every form that they may have; or a column sums to a whole on each.
    """
    label = candidate.label("date")
    if candidate.table != "prices" or label is None:
        return None
    forms = group.shape(label).forms
    days = [group.days_in(label, form) for form in forms or ("",)]
    if all(len(each) < 2 or each.diff().median() >= MONTHLY for each in days):
        return Fact("days_of_lists", {"label": label, "count": len(days[0])})
    used = {label for found in candidate.columns.values() for label, _ in found}
    wholes = wholes_of(group, [label], used)
    return Fact("sums_of_lists", {"label": wholes[0]}) if wholes else None
