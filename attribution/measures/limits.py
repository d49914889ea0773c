"""The book's own rules: number of names, largest weight, sectors near the benchmark's, risk near an index's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from attribution.portfolio.book import Book
from attribution.rows import CASH
from riskmodel.errors import InputError, counted, listed

COLUMNS = ("sleeve", "rule", "value", "bound", "ok", "detail")
SLACK = 1e-9  # weights come from sums and quotients; a bound met to rounding is met
NO_SECTOR = "(no sector)"


class _Row(NamedTuple):
    rule: str
    value: float
    bound: float
    ok: bool | None
    detail: str


def check_limits(
    book: Book,
    sleeve: str,
    *,
    weights: pd.Series,
    sectors: pd.Series,
    benchmark_weights: pd.Series,
    rebalance_weights: pd.Series | None = None,
    rebalance_benchmark_weights: pd.Series | None = None,
    risk: float | None = None,
    index_risk: float | None = None,
    risk_missing: str = "",
) -> pd.DataFrame:
    """Hold a sleeve against the rules that its book states.

    Parameters
    ----------
    book
        From `attribution.read_book`; its [limits] names the rules.
    sleeve
        Key of the sleeve.
    weights
        By ticker, decimals: what is held on the day, drifted since the rebalance. CASH is not a name and has no sector.
    sectors
        By ticker, of every name held and of the benchmark; a name without one is counted under "(no sector)".
    benchmark_weights
        By ticker, of the sleeve's benchmark on the same day.
    rebalance_weights, rebalance_benchmark_weights
        The same at the last rebalance. With them a breach tells whether it was bought or drifted, and the rules of weights
        have a second row `..._at_rebalance`.
    risk, index_risk
        Forecast volatilities a year of the sleeve and of the index of `risk_band`, the latter from its constituents'
        weights; None where there is none.
    risk_missing
        Why one of the two is None.

    Returns
    -------
    DataFrame
        sleeve, rule, value, bound, ok, detail; one row a bound, decimals. `value` is what is compared with `bound`: at
        least it in `names_min`, at most it in `names_max`, `weight_max`, `sector_deviation_max` (size of the largest
        active weight of a sector) and `risk_band` (size of risk / index_risk - 1). `ok` is missing where the rule cannot
        be tested; `detail` says why, and names the stock or sector. Without [limits] the table is empty.

    Raises
    ------
    InputError
        For an unknown sleeve; for weights that are missing, infinite or listed twice.

    Notes
    -----
    A weight that has drifted over its bound is a breach like any other, and told as such: the rule is about what clients
    hold. The row `..._at_rebalance` says what the manager bought.
    """
    if sleeve not in book.sleeves:
        raise InputError(f"unknown sleeve '{sleeve}'. The book has: {', '.join(book.sleeves)}.")
    given = {
        "weights": weights,
        "benchmark_weights": benchmark_weights,
        "rebalance_weights": rebalance_weights,
        "rebalance_benchmark_weights": rebalance_benchmark_weights,
    }
    held = {name: _stocks(sleeve, name, series) for name, series in given.items() if series is not None}
    limits, rows = book.limits, list[_Row]()
    own, earlier = held["weights"], held.get("rebalance_weights")
    if limits.names is not None:
        rows += _names(own, *limits.names)
    if limits.weight_max is not None:
        rows += _bounded("weight_max", own, earlier, limits.weight_max)
    if limits.sector_deviation_max is not None:
        now = _deviation(own, held["benchmark_weights"], sectors)
        other = held.get("rebalance_benchmark_weights")
        then = None if earlier is None or other is None else _deviation(earlier, other, sectors)
        rows += _bounded("sector_deviation_max", now, then, limits.sector_deviation_max, signed=True)
    if limits.risk_band is not None:
        rows.append(_risk_band(risk, index_risk, limits.risk_band.index, limits.risk_band.within, risk_missing))
    table = pd.DataFrame(rows, columns=list(_Row._fields))
    table.insert(0, "sleeve", sleeve)
    table["sleeve"] = table["sleeve"].astype(object)
    return table.astype({"rule": object, "value": float, "bound": float, "ok": "boolean", "detail": object})


def _names(weights: pd.Series, least: int, most: int) -> Iterator[_Row]:
    number = len(weights)
    detail = f"{counted(number, 'name')}, {least} to {most} allowed"
    yield _Row("names_min", number, least, number >= least, detail)
    yield _Row("names_max", number, most, number <= most, detail)


def _bounded(rule: str, now: pd.Series, then: pd.Series | None, bound: float, *, signed: bool = False) -> Iterator[_Row]:
    """The largest of the values against the bound, today and at the rebalance; every one beyond it is named."""

    def show(value: float) -> str:
        return _percent(value, signed=signed)

    def row(name: str, values: pd.Series, others: pd.Series | None) -> _Row:
        size = values.abs() if signed else values
        order = size.round(12).sort_values(ascending=False, kind="stable").index  # equal to rounding: as listed
        beyond = [label for label in order if size[label] > bound + SLACK]
        texts = []
        for label in beyond or list(order[:1]):
            text = f"{label} {show(values[label])}"
            if others is not None and label in beyond:
                before = float(others.get(label, 0.0))
                drifted = (abs(before) if signed else before) <= bound + SLACK
                text = f"{label} {show(before)} at the rebalance, {'drifted to' if drifted else 'now'} {show(values[label])}"
            texts.append(text)
        return _Row(name, float(size[order[0]]) if len(order) else 0.0, bound, not beyond, "; ".join(texts) or "no names")

    yield row(rule, now, then)
    if then is not None:
        yield row(f"{rule}_at_rebalance", then, None)


def _deviation(own: pd.Series, benchmark: pd.Series, sectors: pd.Series) -> pd.Series:
    """Active weight of each sector, in the order of the sectors' names."""
    active = own.sub(benchmark, fill_value=0.0)
    sector = sectors.reindex(active.index)
    return active.groupby(sector.where(sector.notna() & (sector != ""), NO_SECTOR).to_numpy()).sum()


def _risk_band(risk: float | None, index_risk: float | None, index: str, within: float, missing: str) -> _Row:
    if risk is None or index_risk is None or not (np.isfinite([risk, index_risk]).all() and index_risk > 0):
        whose = "the sleeve" if risk is None or not np.isfinite(risk) else f"'{index}'"
        return _Row("risk_band", np.nan, within, None, f"n/a: {missing or f'no forecast risk of {whose}'}")
    gap = risk / index_risk - 1
    side = "above" if gap > 0 else "below"
    detail = f"{_percent(risk)} against {_percent(index_risk)} of {index}: {_percent(abs(gap))} {side}"
    return _Row("risk_band", abs(gap), within, abs(gap) <= within + SLACK, detail)


def _stocks(sleeve: str, name: str, weights: pd.Series) -> pd.Series:
    """The weights other than zero, without CASH."""
    twice = weights.index[weights.index.duplicated()].unique()
    if len(twice):
        raise InputError(f"limits of '{sleeve}': {name}: {counted(len(twice), 'ticker')} listed twice: {listed(twice)}.")
    wrong = weights.index[~np.isfinite(weights.to_numpy(dtype=float))]
    if len(wrong):
        places = listed(wrong)
        raise InputError(f"limits of '{sleeve}': {name}: {counted(len(wrong), 'missing or infinite weight')}: {places}.")
    return weights[(weights != 0) & (weights.index != CASH)].astype(float)


def _percent(value: float, *, signed: bool = False) -> str:
    """Two decimals at most, so that 10.04 % does not read as the 10 % it is beyond.

    Examples
    --------
    >>> _percent(0.094), _percent(0.10), _percent(0.1004), _percent(0.031, signed=True)
    ('9.4 %', '10 %', '10.04 %', '+3.1 %')
    """
    number = f"{value * 100:{'+' if signed else ''}.2f}"
    return number.rstrip("0").rstrip(".") + " %"
