"""What each column of a table of ours may be, by the cells of all columns of a file together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.sources.recognition.evidence.likely import Likely, ranked
from riskmodel.market.sources.recognition.evidence.rows import at_month_ends, of_companies, of_spans, of_two_days
from riskmodel.market.sources.recognition.evidence.series import LEVELS, kind_of_series, of_prices
from riskmodel.market.sources.recognition.evidence.statements import of_reports, of_results
from riskmodel.market.sources.recognition.evidence.units import denies
from riskmodel.market.sources.recognition.evidence.values import DAY, NUMBER, TEXT
from riskmodel.market.sources.recognition.groups import Group, parts_of_wholes, wholes_of
from riskmodel.market.sources.recognition.words import tokens

Chosen = Mapping[str, str]
FEW_SESSIONS = 12  # different texts for the time of an announcement
OF_ONE_DAY = ("available_from", "announced")  # of a report or a count the only day that is no end of a month
LOSES = 0.1  # of what a level with dividends gains on one without it loses by rounding
RATIO = r"(?i)[\d.,]+(?: ?[:/] ?|[ -]for[ -])[\d.,]+"
MANY_SIZES = 3.0  # the ninth tenth of companies' shares over the first


def likely_columns(table: str, group: Group, chosen: Chosen) -> dict[str, Likely]:
    """What columns of a table may be, the likeliest first, by cells alone.

    Parameters
    ----------
    chosen
        Ours -> the header that is certain: the names and days by which numbers are held against each other.
    """
    look = _BY_TABLE.get(table)
    found = {} if look is None else look(group, chosen)
    kept = {ours: tuple(label for label in each.labels if not denies(label, ours)) for ours, each in found.items()}
    return {
        ours: each if kept[ours] == each.labels else Likely(kept[ours], why=each.why)
        for ours, each in found.items()
        if kept[ours] or not each.labels
    }


def _days(group: Group, chosen: Chosen) -> dict[str, pd.Series]:
    return {label: group.days(label) for label, shape in group.shapes.items() if shape.kind == DAY}


def _labels(group: Group, chosen: Chosen) -> list[str]:
    """The columns of numbers that are nothing else."""
    others = {label for ours, label in chosen.items() if ours in ("ticker", "date", "index", "portfolio")}
    return [
        label
        for label, shape in group.shapes.items()
        if shape.kind == NUMBER and label not in others and len(group.cells[label].unique()) > 1
    ]


def _numbers(group: Group, chosen: Chosen) -> dict[str, pd.Series]:
    return {label: group.numbers(label) for label in _labels(group, chosen)}


def _day(group: Group, chosen: Chosen, ours: str) -> dict[str, Likely]:
    """The columns of days; the only one is proved where it cannot be the end of a period, known later."""
    days = _days(group, chosen)
    if not days:
        return {}
    proved = len(days) == 1 and ours in OF_ONE_DAY and not at_month_ends(next(iter(days.values())))
    return {ours: Likely(tuple(days), proved, (Fact("only_day"),) if len(days) == 1 else ())}


def _prices(group: Group, chosen: Chosen) -> dict[str, Likely]:
    if not {"date", "ticker"} <= {*chosen}:
        return {}
    return of_prices(group.panels(chosen["date"], chosen["ticker"], _labels(group, chosen)))


def _shares(group: Group, chosen: Chosen) -> dict[str, Likely]:
    days = _days(group, chosen)
    out = {} if "available_from" in chosen else _day(group, chosen, "available_from")
    if "ticker" in chosen and len(days) > 1 and (begin := of_spans(group.texts(chosen["ticker"]), days)) is not None:
        why = Fact("begins", {"label": begin})
        out["available_from"] = Likely((begin, *(label for label in days if label != begin)), True, (why,))
    sizes = {}
    for label, numbers in _numbers(group, chosen).items():
        there = numbers.dropna()
        if len(there) and (there > 0).all():
            sizes[label] = float(there.quantile(0.9) / there.quantile(0.1))
    steady = {label: size for label, size in sizes.items() if size >= MANY_SIZES} or sizes
    if steady:
        out["shares_out"] = ranked(steady, Fact("steady", {"labels": tuple(steady)}))
    return out


def _fundamentals(group: Group, chosen: Chosen) -> dict[str, Likely]:
    out = of_two_days(_days(group, chosen))
    return out | of_reports(pd.DataFrame(_numbers(group, chosen)))


def _earnings(group: Group, chosen: Chosen) -> dict[str, Likely]:
    days = _days(group, chosen)
    found = of_two_days(days).get("available_from")
    out = {"announced": found} if found is not None and len(days) > 1 else _day(group, chosen, "announced")
    texts = {
        label: float(-group.cells[label].nunique())
        for label, shape in group.shapes.items()
        if shape.kind == TEXT and label not in chosen.values() and 1 < group.cells[label].nunique() <= FEW_SESSIONS
    }
    if texts:
        out["session"] = ranked(texts, Fact("few_texts", {"labels": tuple(texts)}))
    return out | of_results(pd.DataFrame(_numbers(group, chosen)))


def _indices(group: Group, chosen: Chosen) -> dict[str, Likely]:
    if not {"date", "index"} <= {*chosen}:
        return {}
    panels = group.panels(chosen["date"], chosen["index"], _labels(group, chosen))
    levels = [label for label, panel in panels.items() if kind_of_series(panel) == LEVELS]
    if not levels:
        return {}
    ahead = {
        label: [other for other in levels if other != label and _gains_on(panels[label], panels[other])] for label in levels
    }
    order = sorted(levels, key=lambda label: -len(ahead[label]))
    best = order[0]
    why = tuple(Fact("gains_on", {"label": best, "other": other}) for other in ahead[best])
    return {"level": Likely(tuple(order), why=why, leads=len(ahead[best]) == len(levels) - 1 > 0)}


def _gains_on(level: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether a level gains on another one and loses next to nothing, as that with dividends does, or before tax."""
    over = np.log(level.where(level > 0) / other.where(other > 0)).iloc[:: max(1, len(level) // 20)]
    steps = over.diff().stack().dropna()
    gained, lost = float(steps[steps > 0].sum()), -float(steps[steps < 0].sum())
    return len(steps) > 2 and gained > 0 and lost <= LOSES * gained


def _lists(group: Group, chosen: Chosen, whose: str) -> dict[str, Likely]:
    used = {chosen[ours] for ours in ("ticker", "date", whose) if ours in chosen}
    keys = [chosen[whose]] if whose in chosen else []
    days = [chosen["date"]] if "date" in chosen else list(_days(group, chosen))
    wholes = {day: found for day in days if (found := wholes_of(group, [day, *keys], used | {day}))}
    out = {}
    if "date" not in chosen and days:
        order = (*wholes, *(day for day in days if day not in wholes))
        why = tuple(Fact("whole_by_day", {"label": day, "of": found[0]}) for day, found in wholes.items())
        out["date"] = Likely(order, len(wholes) == 1, why)
    numbers = _numbers(group, chosen)
    if whose not in chosen and len(days) == 1:
        several, apart = parts_of_wholes(group, days, used | {*days})
        if several is not None:
            out[whose] = Likely(apart, len(apart) == 1, (Fact("parts_of_wholes", {"label": several, "labels": apart}),))
    whole = next(iter(wholes.values()), ()) if days else wholes_of(group, keys, used)
    if len(whole) > 1:  # at the close and at the open, with a cap and without: which is in force nothing says
        out["weight"] = Likely(whole, why=(Fact("several_wholes", {"labels": whole}),))
    elif whole:
        others = (label for label in numbers if label not in whole)
        out["weight"] = Likely((*whole, *others), True, (Fact("sums_to_whole"),))
    elif numbers:
        sizes = {label: float(each.abs().median()) for label, each in numbers.items() if (each < 0).mean() < 0.5}
        out["weight"] = ranked(sizes)
    return out


def _securities(group: Group, chosen: Chosen) -> dict[str, Likely]:
    others = {chosen["ticker"]} if "ticker" in chosen else set()
    shapes = group.shapes.items()
    return of_companies(
        {
            label: group.texts(label)
            for label, shape in shapes
            if shape.kind in (TEXT, NUMBER) and not shape.code and label not in others
            if "sic" not in tokens(label)  # whose codes are a column of their own
        }
    )


def _rates(group: Group, chosen: Chosen) -> dict[str, Likely]:
    numbers = _numbers(group, chosen)
    return ({} if "date" in chosen else _day(group, chosen, "date")) | (
        {"risk_free": ranked({label: -float(each.abs().median()) for label, each in numbers.items()})} if numbers else {}
    )


def _splits(group: Group, chosen: Chosen) -> dict[str, Likely]:
    texts = [label for label, shape in group.shapes.items() if shape.kind == TEXT and is_ratio(group.texts(label))]
    labels = (*_labels(group, chosen), *texts)
    why = tuple(Fact("ratio_text", {"label": label, "cells": (group.texts(label).iloc[0],)}) for label in texts)
    return _day(group, chosen, "ex_date") | ({"ratio": Likely(labels, why=why)} if labels else {})


def is_ratio(texts: pd.Series) -> bool:
    """Whether all texts are ratios such as 2:1 or 2-for-1.

    Examples
    --------
    >>> is_ratio(pd.Series(["2:1", "1 / 10", "3-for-2"])), is_ratio(pd.Series(["2", "1:1"]))
    (True, False)
    """
    return bool(texts.str.fullmatch(RATIO).all())


def _fx(group: Group, chosen: Chosen) -> dict[str, Likely]:
    labels = tuple(_numbers(group, chosen))
    return ({} if "date" in chosen else _day(group, chosen, "date")) | ({"rate": Likely(labels)} if labels else {})


_BY_TABLE: dict[str, Callable[[Group, Chosen], dict[str, Likely]]] = {
    "prices": _prices,
    "shares": _shares,
    "securities": _securities,
    "fundamentals": _fundamentals,
    "earnings": _earnings,
    "indices": _indices,
    "constituents": lambda group, chosen: _lists(group, chosen, "index"),
    "holdings": lambda group, chosen: _lists(group, chosen, "portfolio"),
    "rates": _rates,
    "splits": _splits,
    "fx": _fx,
}
