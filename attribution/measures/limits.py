"""The book's own rules: number of names, largest weight, sectors near the benchmark's, risk near an index's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from attribution.portfolio.book import Book, require_book
from attribution.rows import CASH
from riskmodel.arrays.labels import require_kind
from riskmodel.bounds import VOLATILITY, require_bounded
from riskmodel.errors import InputError, counted, listed
from riskmodel.facts import Fact

COLUMNS = ("sleeve", "rule", "value", "bound", "ok", "detail")
SLACK = 1e-9  # weights come from sums and quotients; a bound met to rounding is met
NO_SECTOR = "(no sector)"
PERCENTS = {"value", "then", "risk", "other", "gap"}
ACTIVE = ("sector_deviation_max", "sector_deviation_max_at_rebalance")  # rules whose weights are active ones, with a sign
WORDS: Mapping[str, str] = {  # of the table's column `detail`, by the key of a fact
    "names": "{names}, {least} to {most} allowed",
    "no_names": "no names",
    "at": "{label} {value}",
    "drifted": "{label} {then} at the rebalance, drifted to {value}",
    "now": "{label} {then} at the rebalance, now {value}",
    "above": "{risk} against {other} of {index}: {gap} above",
    "below": "{risk} against {other} of {index}: {gap} below",
    "left_out": "{names} of it without a forecast left out ({weight:.2%} of its weight)",
    "no_constituents": "n/a: the book has no constituents of '{index}'",
    "no_forecast": "n/a: no forecast risk of '{index}'",
    "no_sectors": "n/a: of '{benchmark}' only returns are known",
    "estimated": "that of {index} by estimated exposures",
    "carried": "{names} of the sleeve carried without exposures left out ({weight:.2%} of its weight)",
    "funds_as_held": "a fund is one name",
    "looked_through": "funds looked through",
    "no_sleeve_forecast": "n/a: no forecast risk of the sleeve",
    "said": "n/a: {text}",
}


@dataclass(frozen=True)
class Limit:
    """A rule of the book held against a sleeve: a row of the table `limits`.

    Attributes
    ----------
    sleeve, rule, value, bound, ok
        As `check_limits` returns them; `ok` is None where the rule cannot be tested.
    details
        What the column `detail` tells in words.
    """

    sleeve: str
    rule: str
    value: float
    bound: float
    ok: bool | None
    details: tuple[Fact, ...]

    @property
    def detail(self) -> str:
        """The details in English, as the table has them."""
        return "; ".join(_told(fact, signed=self.rule in ACTIVE) for fact in self.details)


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
        Why one of the two is None, in your words.

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
    limits = held_limits(
        book,
        sleeve,
        weights=weights,
        sectors=sectors,
        benchmark_weights=benchmark_weights,
        rebalance_weights=rebalance_weights,
        rebalance_benchmark_weights=rebalance_benchmark_weights,
        risk=risk,
        index_risk=index_risk,
        risk_missing=Fact("said", {"text": risk_missing}) if risk_missing else None,
    )
    return limits_table(limits)


def held_limits(
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
    risk_missing: Fact | None = None,
    sectors_missing: Fact | None = None,
    as_held: pd.Series | None = None,
) -> list[Limit]:
    """What `check_limits` finds, with its details as facts; the arguments are the same.

    `sectors_missing` is why nobody knows the benchmark's sectors, where nobody does. `as_held` are the weights with funds as
    they are held, where `weights` looks through some: rules on names and on the weight of one are about these.
    """
    require_book(book)
    require_kind("sleeve", sleeve, str, f"The book has: {', '.join(book.sleeves)}.")
    require_kind("sectors", sectors, pd.Series, "Give the sector of each ticker.")
    if sleeve not in book.sleeves:
        raise InputError(f"unknown sleeve '{sleeve}'. The book has: {', '.join(book.sleeves)}.")
    given = {
        "weights": weights,
        "benchmark_weights": benchmark_weights,
        "rebalance_weights": rebalance_weights,
        "rebalance_benchmark_weights": rebalance_benchmark_weights,
    }
    for name, series in given.items():
        if series is not None:
            require_kind(name, series, pd.Series, "Give the weight of each ticker, CASH among them.")
    for name, value in {"risk": risk, "index_risk": index_risk}.items():
        if value is not None and not (isinstance(value, float) and np.isnan(value)):
            require_bounded(name, value, VOLATILITY)
    held = {name: _stocks(sleeve, name, series) for name, series in given.items() if series is not None}
    limits, found = book.limits, list[Limit]()
    own, earlier = held["weights"], held.get("rebalance_weights")
    whole = own if as_held is None else _stocks(sleeve, "as_held", as_held)
    if limits.names is not None:
        found += _names(sleeve, whole, *limits.names)
    if limits.weight_max is not None:
        found += _bounded(sleeve, "weight_max", whole, earlier, limits.weight_max)
    if as_held is not None:
        found = [replace(limit, details=(*limit.details, Fact("funds_as_held"))) for limit in found]
    if limits.sector_deviation_max is not None and sectors_missing is not None:
        bound = limits.sector_deviation_max
        found.append(Limit(sleeve, "sector_deviation_max", np.nan, bound, None, (sectors_missing,)))
    elif limits.sector_deviation_max is not None:
        now = _deviation(own, held["benchmark_weights"], sectors)
        other = held.get("rebalance_benchmark_weights")
        then = None if earlier is None or other is None else _deviation(earlier, other, sectors)
        of_sectors = list(_bounded(sleeve, "sector_deviation_max", now, then, limits.sector_deviation_max))
        if as_held is not None:
            of_sectors = [replace(x, details=(*x.details, Fact("looked_through"))) for x in of_sectors]
        found += of_sectors
    if limits.risk_band is not None:
        found.append(_risk_band(sleeve, risk, index_risk, limits.risk_band.index, limits.risk_band.within, risk_missing))
    return found


def limits_table(limits: Iterable[Limit]) -> pd.DataFrame:
    """Limits as the table `limits`: sleeve, rule, value, bound, ok, detail."""
    rows = [tuple(getattr(limit, column) for column in COLUMNS) for limit in limits]
    kinds = {"sleeve": object, "rule": object, "value": float, "bound": float, "ok": "boolean", "detail": object}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds)


def _told(fact: Fact, *, signed: bool) -> str:
    values = dict(fact.values)
    if "names" in values:
        values["names"] = counted(values["names"], "name")
    for name in PERCENTS & values.keys():
        values[name] = _percent(values[name], signed=signed)
    return Fact(fact.key, values).words(WORDS)


def _names(sleeve: str, weights: pd.Series, least: int, most: int) -> Iterator[Limit]:
    number = len(weights)
    details = (Fact("names", {"names": number, "least": least, "most": most}),)
    yield Limit(sleeve, "names_min", number, least, number >= least, details)
    yield Limit(sleeve, "names_max", number, most, number <= most, details)


def _bounded(sleeve: str, rule: str, now: pd.Series, then: pd.Series | None, bound: float) -> Iterator[Limit]:
    """The largest of the values in size, short ones too, against the bound, today and at the rebalance; every one beyond it
    is named.
    """

    def limit(name: str, values: pd.Series, others: pd.Series | None) -> Limit:
        sizes = values.abs()
        order = sizes.round(12).sort_values(ascending=False, kind="stable").index  # equal to rounding: as listed
        beyond = [label for label in order if sizes[label] > bound + SLACK]
        details = []
        for label in beyond or list(order[:1]):
            told = {"label": str(label), "value": float(values[label])}
            if others is not None and label in beyond:
                before = float(others.get(label, 0.0))
                drifted = abs(before) <= bound + SLACK
                details.append(Fact("drifted" if drifted else "now", told | {"then": before}))
            else:
                details.append(Fact("at", told))
        largest = float(sizes[order[0]]) if len(order) else 0.0
        return Limit(sleeve, name, largest, bound, not beyond, tuple(details) or (Fact("no_names"),))

    yield limit(rule, now, then)
    if then is not None:
        yield limit(f"{rule}_at_rebalance", then, None)


def _deviation(own: pd.Series, benchmark: pd.Series, sectors: pd.Series) -> pd.Series:
    """Active weight of each sector, in the order of the sectors' names."""
    active = own.sub(benchmark, fill_value=0.0)
    sector = sectors.reindex(active.index)
    return active.groupby(sector.where(sector.notna() & (sector != ""), NO_SECTOR).to_numpy()).sum()


def _risk_band(
    sleeve: str, risk: float | None, index_risk: float | None, index: str, within: float, missing: Fact | None
) -> Limit:
    if risk is None or index_risk is None or not (np.isfinite([risk, index_risk]).all() and index_risk > 0):
        own = risk is None or not np.isfinite(risk)
        reason = missing or (Fact("no_sleeve_forecast") if own else Fact("no_forecast", {"index": index}))
        return Limit(sleeve, "risk_band", np.nan, within, None, (reason,))
    gap = float(risk / index_risk - 1)
    told = {"risk": float(risk), "other": float(index_risk), "index": index, "gap": abs(gap)}
    detail = Fact("above" if gap > 0 else "below", told)
    return Limit(sleeve, "risk_band", abs(gap), within, abs(gap) <= within + SLACK, (detail,))


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
