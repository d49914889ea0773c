"""Forecast risk of the sleeves, their limits, and what followed what was forecast, as sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from attribution.measures.limits import ACTIVE, Limit
from attribution.measures.past_forecasts import RATIO
from attribution.reporting.commentary.writer import Writer, plain
from attribution.reporting.tables.names import course_of, rule_name

REBALANCE = "_at_rebalance"
SHOWN_LABELS = 3
SAME = 1e-9  # figures of two tables that are one
TOLD = ("too_low", "too_high", "broken_in_fact", "may_be_chance")  # of what followed a forecast


def risk_blocks(write: Writer, limits: Sequence[Limit]) -> list[str]:
    """Forecast tracking error of each sleeve, its limits, and what followed earlier forecasts."""
    blocks = []
    for sleeve in write.book.sleeves:
        course = course_of(write.book, sleeve)
        own = {limit.rule: limit for limit in limits if limit.sleeve == sleeve}
        told = write.paragraph([*_tracking(write, course), *_limits(write, own), *_realised(write, sleeve)])
        blocks += [write("risk.lead", name=write.sleeve(sleeve), told=told)] if told else []
    table = write.facts.tables.get("limits")
    if table is not None and table.empty:
        blocks.append(write("risk.no_limits"))
    return blocks


def _tracking(write: Writer, course: str) -> list[str]:
    if not has_number(write.facts.row("risk", course, "tracking_error"), "value"):
        return []
    value = write.percent("risk", course, "tracking_error", column="value", signed=False)
    return [write("risk.tracking_error", value=value)]


def _limits(write: Writer, limits: Mapping[str, Limit]) -> list[str]:
    """What of a sleeve's limits, by rule, was kept, broken and not tested; a rule without an answer is not kept."""
    if not limits or "limits" not in write.facts.tables:
        return []
    broken = broken_limits(write, limits)
    untested = [limit.rule for limit in limits.values() if limit.ok is None]
    sentences = []
    separator = write("risk.separator")
    if broken:
        sentences.append(write("risk.broken", rules=separator.join(broken)))
    elif len(untested) < len(limits):
        sentences.append(write("risk.kept_untested" if untested else "risk.kept"))
    if untested:
        names = [plain(rule_name(rule, write.book, write.messages)) for rule in untested]
        sentences.append(write("risk.untested", rules=separator.join(names)))
    return sentences


def broken_limits(write: Writer, limits: Mapping[str, Limit], *, full_names: bool = False) -> list[str]:
    """Each limit that is broken, with its value, its bound, and what the same stock weighed at the last rebalance.

    `full_names` calls stocks by their names, otherwise by their tickers.
    """
    if "limits" not in write.facts.tables:
        return []
    broken = [limit for limit in limits.values() if limit.ok is False]
    called = write.named_stock if full_names else lambda ticker, course: plain(ticker)
    return [_broken(write, limit, limits.get(f"{limit.rule}{REBALANCE}"), called) for limit in broken]


def _realised(write: Writer, sleeve: str) -> list[str]:
    """Where a limit on risk was kept in forecast and not in fact, and where a forecast was wrong by more than chance."""
    sentences = []
    for measure in ("volatility", "tracking_error", RATIO):
        row = write.facts.row("realised", sleeve, measure)
        verdict = "" if row is None else str(row["verdict"])
        if verdict not in TOLD:
            continue
        key = ("realised", sleeve, measure)
        values = {column: write.figure(*key, column=column) for column in ("forecast", "realised")}
        months = write.number(*key, column="months", decimals=0)
        if measure == RATIO:
            band = write.book.limits.risk_band
            values |= {"bound": write.figure(*key, column="bound"), "index": write.index(band.index) if band else ""}
        else:
            values["measure"] = write.messages.table["commentary"]["realised_measures"][measure]
        sentences.append(write(f"realised.{verdict}", months=months, **values))
    return sentences


def _broken(write: Writer, limit: Limit, bought: Limit | None, called: Callable[[str, str], str]) -> str:
    """One breach, with its value and bound; `bought` is the rule's row of the last rebalance."""
    if limit.rule == "risk_band":
        return _out_of_band(write, limit)
    values = {column: write.figure(*_key(limit), column=column) for column in ("value", "bound")}
    course = course_of(write.book, limit.sleeve)
    found = [fact for fact in limit.details if "label" in fact.values]
    names = [str(fact.values["label"]) for fact in found[:SHOWN_LABELS]]
    labels = write.join(write.factor(name) if limit.rule in ACTIVE else called(name, course) for name in names)
    labels = labels if len(found) == 1 else write("broken.several", labels=labels)
    if bought is None or not bought.ok:
        return write(f"broken.{limit.rule}", labels=labels, **values)
    before, then = ("stock_contributions", course, names[0]), found[0].values["then"]
    if limit.rule not in ACTIVE and len(found) == 1 and _stands(write, *before, column="weight_start", value=then):
        values["before"] = write.figure(*before, column="weight_start")
        return write(f"broken.{limit.rule}_risen", labels=labels, **values)
    return write(f"broken.{limit.rule}_drifted", labels=labels, **values)


def _out_of_band(write: Writer, limit: Limit) -> str:
    """Forecast volatility too far from an index's: with both where the table of risk has them, else by their distance."""
    gap = limit.details[0]
    index, key = gap.values["index"], _key(limit)
    places = [round(float(value) * 100, 1) for value in (limit.value, limit.bound)]
    decimals = 2 if places[0] == places[1] else 1  # 10.04 % must not read as the 10 % that it is beyond
    values = {name: write.percent(*key, column=name, signed=False, decimals=decimals) for name in ("value", "bound")}
    own = ("risk", course_of(write.book, limit.sleeve), "portfolio_volatility")
    held = (course_of(write.book, name) for name, sleeve in write.book.sleeves.items() if sleeve.benchmark == index)
    rows = [own, *(("risk", course, "benchmark_volatility") for course in held)]
    known = [
        row for row in rows if _stands(write, *row, column="value", value=gap.values["risk" if row is own else "other"])
    ]
    if own in known and len(known) > 1:
        risk, other = (write.percent(*row, column="value", signed=False, decimals=1) for row in known[:2])
        return write(f"broken.risk_band_{gap.key}_both", index=write.index(index), risk=risk, other=other, **values)
    return write(f"broken.risk_band_{gap.key}", index=write.index(index), **values)


def _stands(write: Writer, *key: str, column: str, value: float) -> bool:
    """Whether a table has a figure, and as this value."""
    row = write.facts.row(*key)
    return row is not None and has_number(row, column) and math.isclose(row[column], value, rel_tol=0, abs_tol=SAME)


def _key(limit: Limit) -> tuple[str, str, str, str]:
    """The table and key columns of a limit's figures."""
    return ("limits", limit.sleeve, limit.rule, limit.detail)


def has_number(row: pd.Series | None, column: str) -> bool:
    """Whether there is such a row, and a finite number in it."""
    return row is not None and column in row.index and bool(pd.notna(row[column])) and math.isfinite(row[column])
