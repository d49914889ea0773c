"""What a list is made from: labelled inputs -> arrays over one order of names and factors, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.arrays.labels import Labelled, labelled, require_finite, require_one_kind
from riskmodel.arrays.semidefinite import require_covariance
from riskmodel.bounds import Bound, require_bounded
from riskmodel.errors import InputError, counted, listed
from riskmodel.optimisation.rules import BENCHMARK

CASH = "CASH"
DUST = 1e-8  # a weight that is none
BY_ASSET = Labelled(("asset",))


@dataclass(frozen=True)
class Inputs:
    """What a list is made from, over all names that anything is said of, in one order of assets and of factors.

    Attributes
    ----------
    assets
        Every name of the universe, of the benchmark and of what is held.
    eligible
        (asset,) bool: names with a score, which may be held.
    score, benchmark, before, cost, impact, specific
        (asset,); score is 0 where there is none. `before` leaves out cash, which is `cash_before`.
    exposures
        (factor, asset).
    loadings
        (factor and issuer, asset): V = loadings' loadings + diag(specific).
    factors
        Names of the rows of `exposures`.
    groups
        By asset, a column a grouping.
    references
        Weights that volatility is measured against, beside the benchmark.
    aversion
        Of tracking variance.
    """

    assets: pd.Index
    eligible: np.ndarray
    score: np.ndarray
    benchmark: np.ndarray
    before: np.ndarray
    cash_before: float
    cost: np.ndarray
    impact: np.ndarray
    specific: np.ndarray
    exposures: np.ndarray
    loadings: np.ndarray
    factors: pd.Index
    groups: pd.DataFrame
    references: Mapping[str, np.ndarray]
    aversion: float

    def variance(self, weights: np.ndarray) -> float:
        """W'Vw."""
        factors = self.loadings @ weights
        return float(factors @ factors + self.specific @ weights**2)

    def reference(self, name: str) -> np.ndarray:
        """Weights that a volatility is a share of."""
        if name == BENCHMARK:
            return self.benchmark
        if name not in self.references:
            raise InputError(
                f"volatility: no weights of '{name}' in references. Known: {listed([BENCHMARK, *self.references])}."
            )
        return self.references[name]


def read_inputs(
    score: object, benchmark: object, exposures: object, factor_covariance: object, specific_variance: object,
    aversion: float, held: object, costs: object, impact: object, groups: pd.DataFrame | None, issuers: pd.Series | None,
    references: Mapping[str, object],
) -> Inputs:  # fmt: skip
    """What `optimise` was given over one order of names: those of score, benchmark, what is held and references.

    A weight of at most `DUST` is none: what a solver or a rounded feed left is neither held nor sold.
    """
    series = {"score": _series("score", score), "benchmark": _series("benchmark", benchmark)}
    series["held"] = _series("held", held) if held is not None else pd.Series(dtype=float)
    if not isinstance(references, Mapping):
        raise InputError(f"references: is of type {type(references).__name__}, not dict. Give weights by name.")
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
    if (before < -DUST).any():
        raise InputError(f"held: below 0: {listed(map(str, before.index[before < -DUST]))}. Lists are long-only.")
    before = before[before > DUST]
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
    _require_labels("factor_covariance", covariance.get_index("factor_other"), factors, "factor_other")
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
        classes, specific = _shared(_by_asset("issuers", issuers, pd.Series).reindex(assets), specific)
        loadings = np.vstack([loadings, classes])
    return Inputs(
        assets=assets, eligible=assets.isin(series["score"].index), score=over_all(series["score"]),
        benchmark=over_all(series["benchmark"]), before=over_all(before), cash_before=cash,
        cost=_per_name("costs", costs, assets), impact=_per_name("impact", impact, assets), specific=specific,
        exposures=exposed.to_numpy(), loadings=loadings, factors=factors,
        groups=(pd.DataFrame(index=assets) if groups is None else _by_asset("groups", groups, pd.DataFrame).reindex(assets)),
        references={name: over_all(values) for name, values in others.items()}, aversion=aversion,
    )  # fmt: skip


def _series(name: str, given: object) -> pd.Series:
    array = labelled(name, given, BY_ASSET)
    require_finite(name, array.astype(float))
    return array.astype(float).to_series()


def _by_asset(name: str, given: object, kind: type) -> Any:
    if not isinstance(given, kind):
        raise InputError(f"{name}: is of type {type(given).__name__}, not {kind.__name__}. Give labels by asset.")
    index = given.index  # type: ignore[attr-defined]
    if not index.is_unique:
        again = index[index.duplicated()].unique()
        raise InputError(f"{name}: {counted(len(again), 'name')} twice: {listed(map(str, again))}. Keep one each.")
    return given


def _per_name(name: str, given: object, assets: pd.Index) -> np.ndarray:
    if isinstance(given, Real):
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
