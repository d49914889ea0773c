"""optimise: the list of weights that is best by a score, less risk and costs, under rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import Labelled, labelled, require_finite, require_one_kind
from riskmodel.arrays.semidefinite import require_covariance
from riskmodel.bounds import Bound, require_bounded
from riskmodel.errors import InputError, listed
from riskmodel.optimisation.contradictions import ContradictionError, smallest_contradiction, ways_out
from riskmodel.optimisation.optimum import Optimum, made
from riskmodel.optimisation.posing import Inputs, pose
from riskmodel.optimisation.programme import Rows
from riskmodel.optimisation.rules import CashWeight, Rule, Turnover, VolatilityBand, label, require_rules
from riskmodel.optimisation.search import Best, Effort, best_list

CASH = "CASH"
BY_ASSET = Labelled(("asset",))
AVERSION = Bound("a number from 0 to 1,000,000", least=0, most=1e6)
EFFORT = Effort()
ROUNDS = 4  # of tangents of a lower bound of volatility


def optimise(
    score: xr.DataArray | pd.Series,
    *,
    benchmark: xr.DataArray | pd.Series,
    exposures: xr.DataArray | pd.DataFrame,
    factor_covariance: xr.DataArray | pd.DataFrame,
    specific_variance: xr.DataArray | pd.Series,
    rules: Sequence[Rule] = (),
    risk_aversion: float = 1.0,
    held: xr.DataArray | pd.Series | None = None,
    costs: xr.DataArray | pd.Series | float = 0.0,
    impact: xr.DataArray | pd.Series | float = 0.0,
    groups: pd.DataFrame | None = None,
    issuers: pd.Series | None = None,
    references: Mapping[str, pd.Series] | None = None,
    effort: Effort = EFFORT,
) -> Optimum:
    """The best list of weights under rules, and the proof of how near to the best it is.

    Parameters
    ----------
    score
        (asset,): expected return, or any score in its unit. Names without one are not in the universe: they
        are not held, and sold where they are.
    benchmark
        (asset,): weights that sum to 1; of names without a score too.
    exposures
        (factor, asset), of every name of score and benchmark.
    factor_covariance
        (factor, factor_other), and `specific_variance` (asset,), over the period that the score is of.
    rules
        See `riskmodel.optimisation.rules`. Without any, weights are from 0 to 1 and sum to 1.
    risk_aversion
        lambda, of tracking variance.
    held
        (asset,): weights before, "CASH" among them where there is cash. By default nothing is held, and all is bought.
    costs, impact
        Of a change c of a weight, costs |c| + impact |c|^(3/2); a number is that of every name.
    groups
        By asset, a column a grouping that a rule names.
    issuers
        By asset. Classes of one issuer share their specific return: the root of their specific variances, correlation 1.
    references
        Weights by name that a rule on volatility names.
    effort
        How near to the best a list is proved, and how many cone problems that may take.

    Returns
    -------
    Optimum
        Weights with "CASH", and the certificate.

    Raises
    ------
    ContradictionError
        Where no list keeps the rules; the smallest set that contradict each other, and what each would have to give.
    InputError
        For labels that do not match, numbers that are none, a covariance that is none, and rules about what there is not.

    Notes
    -----
    maximise s'w - lambda (w - b)'V(w - b) - costs'|w - w0| - impact'|w - w0|^(3/2), V = X'FX + D, with z_i = 1 where name i
    is held. docs/methodology/construction.md has the bound and the search.

    Examples
    --------
    >>> from riskmodel.optimisation.rules import NameCount
    >>> names = list("ABCD")
    >>> best = optimise(
    ...     pd.Series([0.05, 0.04, 0.0, 0.0], names),
    ...     benchmark=pd.Series(0.25, names),
    ...     exposures=pd.DataFrame([[1.0] * 4], ["market"], names),
    ...     factor_covariance=pd.DataFrame([[0.02]], ["market"], ["market"]),
    ...     specific_variance=pd.Series(0.04, names),
    ...     rules=[NameCount(most=2)],
    ... )
    >>> best.weights.round(4).to_dict()
    {'A': 0.5625, 'B': 0.4375, 'C': 0.0, 'D': 0.0, 'CASH': 0.0}
    """
    given = require_rules(rules)
    aversion = require_bounded("risk_aversion", risk_aversion, AVERSION)
    inputs = _inputs(
        score, benchmark, exposures, factor_covariance, specific_variance, aversion, held, costs, impact, groups, issuers,
        references or {},
    )  # fmt: skip
    kept, raised = _with_forced_sales(inputs, given)
    best = _with_least_volatility(inputs, kept, effort)
    if best is None:
        raise _contradiction(inputs, kept)
    return made(inputs, kept, pose(inputs, kept), best, effort, raised)


def _inputs(
    score: object, benchmark: object, exposures: object, factor_covariance: object, specific_variance: object,
    aversion: float, held: object, costs: object, impact: object, groups: pd.DataFrame | None, issuers: pd.Series | None,
    references: Mapping[str, object],
) -> Inputs:  # fmt: skip
    series = {"score": _series("score", score), "benchmark": _series("benchmark", benchmark)}
    series["held"] = _series("held", held) if held is not None else pd.Series(dtype=float)
    others = {name: _series(name, weights) for name, weights in references.items()}
    require_one_kind("asset", {name: values.index for name, values in {**series, **others}.items()})
    cash = float(series["held"].get(CASH, 0.0))
    before = series["held"].drop(CASH, errors="ignore")
    for name in ("score", "benchmark"):
        if CASH in series[name].index:
            raise InputError(
                f"{name}: has '{CASH}', which is no name. Leave it out; the rule CashWeight says how much there is."
            )
    for name, values in {"benchmark": series["benchmark"], "held": series["held"], **others}.items():
        if len(values) and abs(values.sum() - 1) > 1e-6:
            raise InputError(f"{name}: weights sum to {values.sum():.6g}, not 1. Rescale them, or add what is missing.")
    assets = pd.Index(series["score"].index)
    for values in (series["benchmark"], before, *others.values()):
        assets = assets.append(values.index.difference(assets, sort=False))

    def over_all(values: pd.Series) -> np.ndarray:
        return values.reindex(assets).fillna(0.0).to_numpy(float)

    sold_only = before.index.difference(series["score"].index).difference(series["benchmark"].index)
    wanted = assets.difference(sold_only, sort=False)  # what is sold at once needs no forecast
    exposed = labelled("exposures", exposures, Labelled(("factor", "asset")))
    covariance = labelled("factor_covariance", factor_covariance, Labelled(("factor", "factor_other")))
    factors = covariance.get_index("factor")
    _require_labels("exposures", exposed.get_index("factor"), factors, "factor")
    _require_labels("exposures", exposed.get_index("asset"), wanted, "asset")
    own = _series("specific_variance", specific_variance)
    _require_labels("specific_variance", own.index, wanted, "asset")
    if (own < 0).any():
        raise InputError(f"specific_variance: below 0: {listed(map(str, own.index[own < 0]))}. Give variances.")
    exposed = exposed.sel(factor=factors).reindex(asset=assets, fill_value=0.0)
    require_finite("exposures", exposed.sel(asset=wanted))
    matrix = covariance.sel(factor=factors, factor_other=factors)
    require_finite("factor_covariance", matrix)
    eigenvalues, vectors = np.linalg.eigh(require_covariance("factor_covariance", matrix))
    root = (vectors * np.sqrt(eigenvalues.clip(0.0))).T
    loadings, specific = root @ exposed.to_numpy(), over_all(own)
    if issuers is not None:
        classes, specific = _shared(issuers.reindex(assets), specific)
        loadings = np.vstack([loadings, classes])
    return Inputs(
        assets=assets, eligible=assets.isin(series["score"].index), score=over_all(series["score"]),
        benchmark=over_all(series["benchmark"]), before=over_all(before), cash_before=cash,
        cost=_per_name("costs", costs, assets), impact=_per_name("impact", impact, assets), specific=specific,
        exposures=exposed.to_numpy(), loadings=loadings, factors=factors,
        groups=(pd.DataFrame(index=assets) if groups is None else groups.reindex(assets)),
        references={name: over_all(values) for name, values in others.items()}, aversion=aversion,
    )  # fmt: skip


def _series(name: str, given: object) -> pd.Series:
    array = labelled(name, given, BY_ASSET)
    require_finite(name, array.astype(float))
    return array.astype(float).to_series()


def _per_name(name: str, given: object, assets: pd.Index) -> np.ndarray:
    if isinstance(given, int | float):
        return np.full(len(assets), require_bounded(name, given, Bound("a decimal from 0 (0.001 is 0.1 %)", least=0)))
    values = _series(name, given)
    _require_labels(name, values.index, assets, "asset")
    if (values < 0).any():
        raise InputError(f"{name}: below 0: {listed(map(str, values.index[values < 0]))}. A cost takes from the score.")
    return values.reindex(assets).to_numpy(float)


def _require_labels(name: str, there: pd.Index, wanted: pd.Index, dim: str) -> None:
    missing = wanted.difference(there, sort=False)
    if len(missing):
        raise InputError(
            f"{name}: nothing of {len(missing)} labels of '{dim}': {listed(map(str, missing))}. Give all of them."
        )


def _shared(issuers: pd.Series, specific: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What classes of one issuer share: a loading each, in the place of their specific variances."""
    several = issuers.where(issuers.notna() & (issuers != ""))
    several = several.where(several.duplicated(keep=False))
    codes, labels = pd.factorize(several)
    member = codes == np.arange(len(labels))[:, None]
    return member * np.sqrt(specific), np.where(codes >= 0, 0.0, specific)


def _with_forced_sales(inputs: Inputs, rules: tuple[Rule, ...]) -> tuple[tuple[Rule, ...], float | None]:
    """Rules whose limit of turnover leaves room for what must be sold; and that limit, where it was raised."""
    cash = next((rule for rule in rules if isinstance(rule, CashWeight)), CashWeight())
    sold = float(np.abs(inputs.before[~inputs.eligible]).sum())
    needed = max(sold + max(inputs.cash_before - cash.most, 0.0), cash.least - inputs.cash_before)
    raised = None
    kept: list[Rule] = []
    for rule in rules:
        if isinstance(rule, Turnover) and needed > rule.most:
            raised = needed
            rule = replace(rule, most=needed)
        kept.append(rule)
    return tuple(kept), raised


def _with_least_volatility(inputs: Inputs, rules: tuple[Rule, ...], effort: Effort) -> Best | None:
    """The best list; where a lower bound of volatility is missed, the best that keeps it by a tangent of the variance.

    w'Vw >= 2 x'Vw - x'Vx for any x, so that a list above the tangent keeps the bound, which is not convex itself. What is
    proved is against every list, with the bound or without.
    """
    programme = pose(inputs, rules)
    best = best_list(programme, effort)
    lower = [rule for rule in rules if isinstance(rule, VolatilityBand) and rule.lower is not None]
    if best is None or not lower:
        return best
    least = max((rule.lower or 0.0) ** 2 * inputs.variance(inputs.reference(rule.reference)) for rule in lower)
    bound, at = best.bound, best
    for _ in range(ROUNDS):
        if programme.risk(at.weights) >= least * (1 - 1e-9):
            return replace(at, bound=bound)
        point = at.weights
        slope = inputs.loadings.T @ (inputs.loadings @ point) + inputs.specific * point
        row = Rows(
            label(lower[0]), 2 * slope[None, :], 0 * slope[None, :], np.array([least + point @ slope]), np.array([np.inf])
        )
        found = best_list(replace(programme, rows=(*programme.rows, row)), effort)
        if found is None:
            return None
        at = found
    return replace(at, bound=bound) if programme.risk(at.weights) >= least * (1 - 1e-9) else None


def _contradiction(inputs: Inputs, rules: tuple[Rule, ...]) -> ContradictionError:
    def possible(some: Sequence[Rule]) -> bool:
        anything = replace(inputs, score=0 * inputs.score, aversion=0.0, cost=0 * inputs.cost, impact=0 * inputs.impact)
        return _with_least_volatility(anything, tuple(some), Effort(nodes=200)) is not None

    some = smallest_contradiction(rules, possible)
    ways = ways_out(some, possible)
    names = [label(rule) for rule in some]
    offers = [
        f"{way.bound} of {way.rule} {way.enough:.4g} in the place of {way.given:.4g}"
        for way in ways
        if way.enough is not None
    ]
    advice = f"Any one of these would do: {'; '.join(offers)}." if offers else "Give up one of them."
    if not names:
        return ContradictionError("rules: no list could be found in the effort. Give more nodes.", (), ways)
    return ContradictionError(
        f"rules: no list keeps {listed(names, 20)}" + (" together" if len(names) > 1 else "") + f". {advice}",
        tuple(names),
        ways,
    )
