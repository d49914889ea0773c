"""Days of a long table beside which other columns of days could serve as well: which one it is, is asked."""

from __future__ import annotations

import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.drafts import Draft, ask_column
from riskmodel.market.sources.recognition.evidence.likely import first
from riskmodel.market.sources.recognition.evidence.rows import at_month_ends, of_spans
from riskmodel.market.sources.recognition.evidence.values import DAY
from riskmodel.market.sources.recognition.groups import Group

FILLED = 0.5  # of the rows at least have a day; a restatement's has few
BY_DAY = {"prices": "date", "holdings": "date", "constituents": "date", "indices": "date", "rates": "date"}
OF_KNOWLEDGE = {"fundamentals": "available_from", "earnings": "announced"}


def ask_days(draft: Draft) -> None:
    """Ask of a draft which of several days it goes by."""
    group = draft.group
    if group is None:
        return
    if draft.table in OF_KNOWLEDGE:
        _ask_knowledge(draft, group, OF_KNOWLEDGE[draft.table])
    elif draft.table in BY_DAY:
        _ask_alike(draft, group, BY_DAY[draft.table])
    elif draft.table == "shares":
        _ask_begin(draft, group)


def _filled(group: Group) -> dict[str, pd.Series]:
    """The days of the columns of which most rows have one, and that are several."""
    found = {label: group.days(label) for label, shape in group.shapes.items() if shape.kind == DAY}
    return {label: days for label, days in found.items() if days.notna().mean() >= FILLED and days.nunique() > 2}


def _ask_knowledge(draft: Draft, group: Group, ours: str) -> None:
    """Ask on which day a thing was known where several could be it, or the day that is taken lies on ends of months.

    A day that is not after the end of its period in every row is none.
    """
    known = draft.labels.get(ours)
    if known is None:
        return
    days = _filled(group)
    end = draft.labels.get("period_end")
    ends = [label for label, each in days.items() if label != end and at_month_ends(each)]
    before = [end] if end is not None else ends
    others = [
        label
        for label, each in days.items()
        if label not in (known, end, *ends) and all(_is_later(each, group.days(other)) for other in before)
    ]
    on_ends = at_month_ends(group.days(known))
    if on_ends:
        labels = (*others, *(label for label in ends if label != known)) or (known,)
        ask_column(draft, ours, Fact("known_on_ends", {"label": known, "labels": first(labels)}))
    elif others:
        ask_column(draft, ours, Fact("days_of_filing", {"labels": first((known, *others))}))


def _is_later(days: pd.Series, ends: pd.Series) -> bool:
    both = days.notna() & ends.notna()
    return bool((days[both] > ends[both]).all())


def _ask_alike(draft: Draft, group: Group, ours: str) -> None:
    """Ask which day rows are of where another column has one day for each: of the trade, of settlement, of the entry."""
    taken = draft.labels.get(ours)
    if taken is None:
        return
    days = group.days(taken)
    alike = [
        label
        for label, each in _filled(group).items()
        if label != taken
        and each.nunique() >= FILLED * days.nunique()
        and not (each == days)[each.notna() & days.notna()].all()
        and each.groupby(days.to_numpy()).nunique().max() == 1
    ]
    if alike:
        ask_column(draft, ours, Fact("days_alike", {"labels": first((taken, *alike))}))


def _ask_begin(draft: Draft, group: Group) -> None:
    """Ask from which day on a count was known where a row has several, and none is the last day of a span."""
    taken, ticker = draft.labels.get("available_from"), draft.labels.get("ticker")
    if taken is None or ticker is None:
        return
    days = _filled(group)
    others = [label for label in days if label != taken]
    if others and of_spans(group.texts(ticker), days) is None:
        ask_column(draft, "available_from", Fact("days_of_count", {"labels": first((taken, *others))}))
