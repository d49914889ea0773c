"""What must hold for every way to explain an excess return, written once: `check_attribution(method)`.

A method enters by one `Method`: what it is given of a drawn case, and how it explains that. A case is two portfolios and a
benchmark day by day with a factor model of their returns; each method takes from it what it wants.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum, prod
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from attribution.linking.linking import coefficients

Cuts = Mapping[str, pd.Series]
CASH = "CASH"
TOLERANCE = 1e-12
GROUPS = ["Energy", "Metals", "Shops"]


@dataclass(frozen=True)
class Case:
    """Two sides' weights at the start of each day, the model of the returns, and a grouping.

    Attributes
    ----------
    days, assets, factors
        Labels; CASH is the last asset, "market" the first factor.
    groups
        (asset) group of each; CASH is a group of its own.
    portfolio, benchmark
        (time, asset) weights; rows sum to one.
    exposures, factor_returns, specific
        (time, factor, asset), (time, factor) and (time, asset): a stock returns X f + u, CASH nothing. A stock without any
        exposure, to the market neither, is one that the model leaves out.
    """

    days: pd.DatetimeIndex
    assets: list[str]
    factors: list[str]
    groups: list[str]
    portfolio: np.ndarray
    benchmark: np.ndarray
    exposures: np.ndarray
    factor_returns: np.ndarray
    specific: np.ndarray

    @cached_property
    def returns(self) -> np.ndarray:
        """(time, asset)."""
        return np.einsum("tki,tk->ti", self.exposures, self.factor_returns) + self.specific

    @cached_property
    def totals(self) -> list[list[float]]:
        """R_t and B_t of each day, added up by `math.fsum`."""
        return [[fsum(day) for day in side * self.returns] for side in (self.portfolio, self.benchmark)]

    def array(self, values: np.ndarray, *dims: str) -> xr.DataArray:
        """A DataArray of its own under the case's labels of time, asset, factor."""
        labels = {"time": self.days, "asset": self.assets, "factor": self.factors}
        return xr.DataArray(values.copy(), {dim: labels[dim] for dim in dims}, dims)

    def between(self, first: int | None, last: int | None) -> Case:
        """Some of the days."""
        rows = slice(first, last)
        names = ("days", "portfolio", "benchmark", "exposures", "factor_returns", "specific")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def in_order(self, assets: list[int], factors: list[int]) -> Case:
        """Its stocks and factors by position."""
        columns = ("portfolio", "benchmark", "specific")
        return replace(
            self,
            assets=[self.assets[i] for i in assets],
            groups=[self.groups[i] for i in assets],
            factors=[self.factors[k] for k in factors],
            exposures=self.exposures[:, factors][:, :, assets],
            factor_returns=self.factor_returns[:, factors],
            **{name: getattr(self, name)[:, assets] for name in columns},
        )


@dataclass(frozen=True)
class Method:
    """One way to explain an excess return.

    Attributes
    ----------
    name
        For the test's id.
    inputs
        Case -> the keyword arguments of `explain`, which must not change them.
    explain
        -> by name, cuts of the same attribution: contributions indexed by levels such as "stock", "group", "factor".
    geometric
        Parts close as prod(1 + part) = (1 + R) / (1 + B); else they sum to R - B.
    joins
        The day-scaling method by which parts of the time add to the whole; None where they do not.
    others_stay
        Whether merging two groups leaves the rows of the others alone; else the total only.
    examples
        How many cases a quick run draws.
    """

    name: str
    inputs: Callable[[Case], dict[str, Any]]
    explain: Callable[..., Cuts]
    geometric: bool = False
    joins: str | None = None
    others_stay: bool = True
    examples: int = 2

    def __call__(self, case: Case) -> Cuts:
        return self.explain(**self.inputs(case))

    def expected(self, portfolio: list[float], benchmark: list[float]) -> float:
        """What the parts come to, from returns of days."""
        own, other = prod(1 + r for r in portfolio), prod(1 + r for r in benchmark)
        return own / other - 1 if self.geometric else own - other

    def total(self, parts: pd.Series) -> float:
        """What they do come to."""
        return prod(1 + parts) - 1 if self.geometric else fsum(parts)


# ---------------------------------------------------------------- drawn cases


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, np.ndarray]:
    """A case, and the weights of a second portfolio; some names are short, many weights and returns are zero or equal."""
    days, stocks, factors = draw(st.integers(2, 4)), draw(st.integers(3, 5)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    short, start = draw(st.sampled_from([0.0, 0.25])), draw(st.sampled_from(["2025-03-03", "2025-03-28"]))

    def grid(columns: int, size: float) -> np.ndarray:
        return rng.integers(-8, 9, (days, columns)) / 8 * size * (rng.random((days, columns)) < 0.9)

    def weights(columns: int) -> np.ndarray:
        positive = rng.integers(0, 5, (days, columns)) + np.eye(columns)[0]
        return positive / positive.sum(axis=1, keepdims=True)

    exposures = np.stack([np.ones((days, stocks)), *(grid(stocks, 1.0) for _ in range(factors - 1))], axis=1)
    exposures[..., 3:4] = 0.0  # the model leaves out the fourth, where there is one; the simplest case has none
    benchmark = np.pad(weights(stocks), ((0, 0), (0, 1)))
    pair = short * np.array([1.0, -1.0, *np.zeros(stocks - 1)])
    first, second = (weights(stocks + 1) + pair for _ in range(2))
    case = Case(
        days=pd.bdate_range(start, periods=days),
        assets=[*(f"S{i}" for i in range(stocks)), CASH],
        factors=["market", "value", "momentum"][:factors],
        groups=[*(GROUPS[i] for i in rng.integers(0, 3, stocks)), CASH],
        portfolio=first,
        benchmark=benchmark,
        exposures=np.pad(exposures, ((0, 0), (0, 0), (0, 1))),
        factor_returns=grid(factors, 0.05),
        specific=np.pad(grid(stocks, 0.1), ((0, 0), (0, 1))),
    )
    return case, second


# ---------------------------------------------------------------- comparisons


def same_rows(ours: pd.Series, theirs: pd.Series, what: str) -> None:
    """Equal by label to 1e-12; a row that only one of them has is zero."""
    index = ours.index.union(theirs.index)
    left, right = (side.reindex(index, fill_value=0.0).to_numpy(float) for side in (ours, theirs))
    np.testing.assert_allclose(left, right, rtol=0, atol=TOLERANCE, err_msg=what)


def without(parts: pd.Series, groups: list[str]) -> pd.Series:
    """The rows of other groups, whatever the level of groups is called."""
    for level in parts.index.names:
        parts = parts[~parts.index.get_level_values(level).isin(groups)]
    return parts


def summed(parts: pd.Series, levels: list[str]) -> pd.Series:
    return parts.groupby(level=levels).agg(fsum)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, (xr.DataArray, xr.Dataset)):
        return one.identical(other)
    if isinstance(one, (pd.Series, pd.DataFrame)):
        return one.equals(other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return same(own_state(one), own_state(other)) if hasattr(one, "__dict__") else one == other


def own_state(thing: Any) -> dict[str, Any]:
    """What an object holds, without what it has worked out of that and kept."""
    return {name: x for name, x in vars(thing).items() if not isinstance(getattr(type(thing), name, None), cached_property)}


# ---------------------------------------------------------------- the properties


def parts_add_up(method: Method, case: Case, cuts: Cuts) -> None:
    """Every cut adds to the excess, and a finer cut to a coarser: stocks = factors + specific = active."""
    expected = method.expected(*case.totals)
    for name, parts in cuts.items():
        assert parts.index.is_unique, name
        assert abs(method.total(parts) - expected) <= TOLERANCE, name
    for name, fine in cuts.items():
        for other, coarse in cuts.items():
            levels = list(coarse.index.names)
            if set(levels) < set(fine.index.names):
                same_rows(summed(fine, levels), coarse, f"{name} by {other}")


def inputs_stay(method: Method, case: Case) -> Cuts:
    """Explaining changes nothing that it is given; what it explains."""
    inputs = method.inputs(case)
    before = copy.deepcopy(inputs)
    cuts = method.explain(**inputs)
    for name, value in inputs.items():
        assert same(value, before[name]), f"{name} has changed"
    return cuts


def benchmark_has_no_parts(method: Method, case: Case) -> None:
    """A portfolio that is its benchmark has zeros everywhere."""
    for name, parts in method(replace(case, portfolio=case.benchmark)).items():
        assert float(parts.abs().max()) <= 1e-15, name


def labels_are_of_no_matter(method: Method, case: Case, cuts: Cuts, random: Any) -> None:
    """Stocks and factors in another order, and everything under another name."""
    stocks, styles = len(case.assets) - 1, len(case.factors) - 1
    turned = case.in_order(
        [*random.sample(range(stocks), stocks), stocks], [0, *(k + 1 for k in random.sample(range(styles), styles))]
    )
    named = [*turned.assets[:-1], *sorted(set(case.groups) - {CASH})]
    renamed = {old: f"{number} {old}" for number, old in enumerate(random.sample(named, len(named)))}
    renamed |= dict(zip(turned.factors[1:], ["size", "growth"], strict=False))

    def anew(labels: list[str]) -> list[str]:
        return [renamed.get(label, label) for label in labels]

    other = method(replace(turned, assets=anew(turned.assets), factors=anew(turned.factors), groups=anew(turned.groups)))
    back = {new: old for old, new in renamed.items()}
    for name, parts in cuts.items():
        same_rows(other[name].rename(index=back), parts, name)


def inputs_align_by_label(method: Method, case: Case, cuts: Cuts, random: Any) -> None:
    """Every input in an order of its own: labels decide, positions never."""
    own_order = {name: turned(value, random) for name, value in method.inputs(case).items()}
    for name, parts in method.explain(**own_order).items():
        same_rows(parts, cuts[name], name)


def turned(value: Any, random: Any) -> Any:
    """The same labels, or rows, in another order; days stay, as they are a path."""
    if isinstance(value, (xr.DataArray, xr.Dataset)):
        labelled = [dim for dim in value.dims if dim in value.coords and dim != "time"]
        return value.isel({dim: random.sample(range(value.sizes[dim]), value.sizes[dim]) for dim in labelled})
    if isinstance(value, pd.DataFrame):
        return value.iloc[random.sample(range(len(value)), len(value))]
    return [turned(one, random) for one in value] if isinstance(value, list) else value


def nothing_held_adds_nothing(method: Method, case: Case, cuts: Cuts, group: str) -> None:
    """A stock without weight on either side, in a group of others or alone, with returns of its own."""

    def more(values: np.ndarray, column: np.ndarray | float) -> np.ndarray:
        return np.insert(values, -1, column, axis=-1)

    wider = replace(
        case,
        assets=[*case.assets[:-1], "SPARE", CASH],
        groups=[*case.groups[:-1], group, CASH],
        portfolio=more(case.portfolio, 0.0),
        benchmark=more(case.benchmark, 0.0),
        exposures=more(case.exposures, case.exposures[..., 0]),
        specific=more(case.specific, 0.07),
    )
    for name, parts in method(wider).items():
        same_rows(parts, cuts[name], name)


def merged_groups_keep_the_total(method: Method, case: Case, cuts: Cuts) -> None:
    """Two groups become one: the total stays, and the rows of other groups where nothing is measured against the two."""
    pair, both = GROUPS[:2], " and ".join(GROUPS[:2])
    expected = method.expected(*case.totals)
    for name, parts in method(replace(case, groups=[both if group in pair else group for group in case.groups])).items():
        assert abs(method.total(parts) - expected) <= TOLERANCE, name
        told_by_group = {"group", "segment"} & set(parts.index.names) or "effect" not in parts.index.names
        if method.others_stay and told_by_group:  # sums of an effect over groups do change
            same_rows(without(parts, [both]), without(cuts[name], pair), name)


def days_join(method: Method, case: Case, cuts: Cuts, first: int) -> None:
    """Explaining two parts of the time and linking them is explaining the whole."""
    spans = [case.between(None, first), case.between(first, None)]
    explained = [method(span) for span in spans]
    if method.geometric:
        for name, whole in cuts.items():
            same_rows((1 + explained[0][name]) * (1 + explained[1][name]) - 1, whole, name)
        return
    own, other = (
        xr.DataArray([prod(1 + r for r in span.totals[side]) - 1 for span in spans], dims="time") for side in (0, 1)
    )
    scale = coefficients(own, other, method=str(method.joins)).to_numpy()
    for name, whole in cuts.items():
        together = pd.concat([factor * parts[name] for factor, parts in zip(scale, explained, strict=True)])
        same_rows(summed(together, list(whole.index.names)), whole, name)


def blends_are_linear(method: Method, case: Case, other: np.ndarray, share: float) -> None:
    """Within a month a blend earns its fixed shares of what its parts do, and what explains it adds to that."""
    case = replace(case, days=pd.bdate_range("2025-03-03", periods=len(case.days)))
    parts = [case, replace(case, portfolio=other)]
    growth = np.array([np.cumprod([1.0, *(1 + r for r in part.totals[0])]) for part in parts])
    value = np.array([[share], [1 - share]]) * growth
    drifted = (value / value.sum(axis=0))[:, :-1, None]
    blend = replace(case, portfolio=drifted[0] * case.portfolio + drifted[1] * other)
    linear, benchmark = fsum(value[:, -1]), prod(1 + r for r in case.totals[1])
    expected = linear / benchmark - 1 if method.geometric else linear - benchmark
    for name, cut in method(blend).items():
        assert abs(method.total(cut) - expected) <= TOLERANCE, name


def check_attribution(method: Method, *, times: int = 1) -> None:
    """Run every property on cases drawn for a method, `times` as many as for a quick run."""

    @settings(
        max_examples=method.examples * times,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # cases are as small as they come; shrinking them takes minutes
    )
    @given(cases(), st.sampled_from([*GROUPS, "alone"]), st.integers(0, 10), st.randoms(use_true_random=False))
    def run(drawn: tuple[Case, np.ndarray], group: str, tenths: int, random: Any) -> None:
        case, second = drawn
        cuts = inputs_stay(method, case)
        parts_add_up(method, case, cuts)
        benchmark_has_no_parts(method, case)
        labels_are_of_no_matter(method, case, cuts, random)
        inputs_align_by_label(method, case, cuts, random)
        nothing_held_adds_nothing(method, case, cuts, group)
        merged_groups_keep_the_total(method, case, cuts)
        if method.geometric or method.joins:
            days_join(method, case, cuts, random.randint(1, len(case.days) - 1))
        blends_are_linear(method, case, second, tenths / 10)

    run()
