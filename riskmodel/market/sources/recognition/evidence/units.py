"""Units that an export states, or that arithmetic over its own cells shows; what neither says is asked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskmodel.facts import Fact
from riskmodel.market.contents import COUNTS, PER_SHARE
from riskmodel.market.sources.recognition.evidence.values import TEXT
from riskmodel.market.sources.recognition.groups import Group
from riskmodel.market.sources.recognition.words import (
    HEADERS,
    WHOLE,
    has,
    matched,
    of_hundredths,
    tokens,
    unit_said,
    units_said,
)

WITH_UNIT = {  # columns whose unit moves a number: levels, ratios and what is over its own sum have none
    "prices": ("close", "total_return", "dividend", "volume"),
    "shares": ("shares_out", "market_cap"),
    "rates": ("risk_free", "yearly_rate"),
    "fundamentals": ("dividends_per_share",),
    "constituents": ("weight",),
    "holdings": ("weight",),
    "earnings": ("eps_estimate", "eps_actual"),
}
IN_CURRENCY = ("close", "dividend", "market_cap", "dividends_per_share", "eps_estimate", "eps_actual")
OF_NO_COUNT = ("percent", "basis_points", "cents")
SHARES_WORTH = {"percent": 0.01, "basis_points": 1e-4, "ones": 1.0}
MOVED = 0.002  # of a close, above which its change tells percent from decimals
AGREE = 0.8  # of the days on which a return is the change of the close; on others a dividend is paid


def denies(label: str, ours: str) -> bool:
    """Whether a header says a unit that a column of ours has never: figures of a share are not in millions, counts not in %.

    Examples
    --------
    >>> denies("TA_MM", "eps_actual"), denies("EPS (cents)", "eps_actual"), denies("Float_Pct", "shares_out")
    (True, False, True)
    """
    unit = unit_said(label)
    if unit is None:
        return False
    return (ours in PER_SHARE and unit not in ("cents", "ones")) or (ours in COUNTS and unit in OF_NO_COUNT)


def hundredths_beside(group: Group) -> bool:
    """Whether a column of currencies beside the numbers of a file names hundredths of one in some rows: GBp, ZAc."""
    return any(
        group.shape(label).kind == TEXT and any(map(of_hundredths, group.shape(label).texts))
        for label in group.first.labels
        if matched(label, HEADERS["currencies"])[0] > 0
    )


def of_header(label: str, place: str) -> tuple[str, Fact] | None:
    """The unit that a header, or the name of its sheet, states."""
    unit = unit_said(label)
    return None if unit is None else (unit, Fact("unit_said", {"unit": unit, "place": place}))


def said_around(group: Group) -> tuple[str, Fact] | None:
    """The unit that the lines above the cells, the sheet's name or the file's say, or a column of units; no more than one.

    A column of units of which a cell says none, or another, leaves it open.
    """
    said = [found for text in group.around[:-1] if (found := of_header(text, text)) is not None]
    for label in group.first.labels:
        if any(has(tokens(label), WHOLE + phrase) for phrase in HEADERS["units"]) and group.shape(label).kind == TEXT:
            cells = {*group.texts(label)}
            stated = [of_header(f"({cell})", f"{label}: {cell}") for cell in sorted(cells)]
            if not all(stated) or len({each[0] for each in stated if each}) != 1:
                return None
            said += [each for each in stated if each]
    units = {unit for unit, _ in said}
    units = units - {"ones"} or units
    return next((found for found in said if {found[0]} == units), None)


def several_around(group: Group) -> tuple[Fact, ...]:
    """The first of the lines above the cells, or of the names around them, that states several units."""
    several = (text for text in group.around[:-1] if len(units_said(text)) > 1)
    return tuple(Fact("several_units", {"place": text}) for text in several)[:1]


def agreed(said: tuple[str, Fact] | None, shown: tuple[str, Fact] | None) -> tuple[str, Fact] | None:
    """What arithmetic shows or a header says; None, which is asked, where the two contradict each other."""
    if said is not None and shown is not None and said[0] != shown[0]:
        return None
    return shown or said


def of_sums(weights: pd.Series, lists: pd.Series) -> tuple[str, Fact] | None:
    """The unit of weights that are a whole, by what each list sums to.

    Examples
    --------
    >>> of_sums(pd.Series([60.0, 40.0, 99.9, 0.1]), pd.Series([1, 1, 2, 2]))[0]
    'percent'
    """
    sums = weights.groupby(lists.to_numpy()).sum()
    for unit, whole in (("percent", 100.0), ("ones", 1.0)):
        if len(sums) and ((sums / whole - 1).abs() < 0.01).all():
            return unit, Fact("unit_of_sums", {"unit": unit, "lists": len(sums), "whole": whole})
    return None


def of_changes(returns: pd.DataFrame, closes: pd.DataFrame) -> tuple[str, Fact] | None:
    """The unit of total returns by the changes of the closes of the same days: (time, asset) both.

    Examples
    --------
    >>> closes = pd.DataFrame({"A": [100.0, 101.0, 99.0, 100.0]})
    >>> of_changes(closes.pct_change() * 100, closes)[0]
    'percent'
    """
    change = closes.pct_change(fill_method=None).to_numpy()
    given = returns.reindex(index=closes.index, columns=closes.columns).to_numpy(dtype=float)
    known = np.isfinite(change) & np.isfinite(given) & (np.abs(change) > MOVED)
    if not known.any():
        return None
    for unit, worth in SHARES_WORTH.items():
        agree = float((np.abs(given[known] * worth - change[known]) < 0.1 * np.abs(change[known])).mean())
        if agree >= AGREE:
            return unit, Fact("unit_of_changes", {"unit": unit, "share": agree})
    return None
