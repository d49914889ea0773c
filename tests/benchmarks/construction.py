"""Months of a market as `optimise` wants them: drawn, and of the real one; and the same problem for skfolio with SCIP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import riskmodel as rm
from riskmodel.market.tables import read_table
from tests.benchmarks.measure import SECTORS, STYLES

NAMES, CAP, LEAST = 1_000, 0.10, 0.005
SCORED = ["profitability", "eps_stability", "financial_safety", "shareholder_return", "surprise"]
RULES = (rm.NameCount(20, 25), rm.NameWeight(LEAST, CAP), rm.GroupBand("sector", 0.05), rm.VolatilityBand(upper=1.10))
TRADED = rm.Turnover(0.20)
YEAR = 252


def drawn_months(count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """A market, sectors and styles, whose exposures keep nine tenths of themselves from month to month."""
    draw = np.random.default_rng(seed)
    names = [f"A{place:04d}" for place in range(NAMES)]
    sector = draw.integers(0, SECTORS, NAMES)
    factors = ["market", *(f"S{place:02d}" for place in range(SECTORS)), *(f"F{place:02d}" for place in range(STYLES))]
    deviation = np.array([0.15, *draw.uniform(0.04, 0.14, SECTORS), *draw.uniform(0.01, 0.045, STYLES)])
    correlation = np.corrcoef(draw.normal(size=(len(factors), 4 * len(factors))))
    cap = draw.lognormal(0, 1.5, NAMES)
    specific = (0.22 * (cap / np.median(cap)) ** -0.1 * draw.lognormal(0, 0.25, NAMES)) ** 2
    styles = draw.normal(size=(STYLES, NAMES))
    for _ in range(count):
        styles = np.sqrt(0.9) * styles + np.sqrt(0.1) * draw.normal(size=styles.shape)
        exposures = np.vstack([np.ones(NAMES), sector == np.arange(SECTORS)[:, None], styles])
        yield {
            "score": pd.Series(styles[: len(SCORED)].mean(axis=0), names),
            "benchmark": pd.Series(cap / cap.sum(), names),
            "exposures": pd.DataFrame(exposures, factors, names),
            "factor_covariance": pd.DataFrame(correlation * np.outer(deviation, deviation), factors, factors),
            "specific_variance": pd.Series(specific, names),
            "groups": pd.DataFrame({"sector": sector.astype(str)}, names),
        }


def real_months(results: rm.RiskModelResults, folder: Path, first: str, last: str) -> Iterator[dict[str, Any]]:
    """The thousand largest names with a forecast at each month's last close, against the S&P 500; a year's covariances."""
    days = results.data.get_index("time")
    closes = days[(days >= first) & (days <= last)]
    closes = pd.DatetimeIndex(closes.to_series().groupby(closes.to_period("M")).last())
    forecast, design = results.forecast(list(closes)), results.design(closes)
    lists = read_table(folder, "constituents").query("index == 'S&P 500'")
    sectors = read_table(folder, "securities").set_index("ticker")[["sector"]]
    for close in closes:
        covariance = forecast.factor_covariance.sel(time=close).to_pandas()
        factors = covariance.index[covariance.notna().any(axis=1)]
        exposures = design.sel(time=close, factor=factors).to_pandas()
        specific = forecast.specific_volatility.sel(time=close).to_pandas() ** 2
        cap = results.data["market_cap"].sel(time=close).to_pandas()
        fit = cap.index[exposures.notna().all() & specific.notna() & cap.notna()]
        known = lists[lists["date"] <= close]
        weight = known[known["date"] == known["date"].max()].set_index("ticker")["weight"]
        weight = weight[weight.index.isin(fit)]
        largest = cap[fit].nlargest(NAMES).index
        every = largest.union(weight.index)
        yield {
            "score": exposures.loc[SCORED, largest].mean(),
            "benchmark": weight / weight.sum(),
            "exposures": exposures[every],
            "factor_covariance": covariance.loc[factors, factors] * YEAR,
            "specific_variance": specific[every] * YEAR,
            "groups": sectors.loc[every],
        }


def by_skfolio(month: dict[str, Any], aversion: float, seconds: float) -> tuple[pd.Series, float]:
    """The list of skfolio with SCIP for a month, and what it is worth; it knows no least number of names."""
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.prior import BasePrior, ReturnDistribution

    names = month["score"].index
    exposures, own = month["exposures"], month["specific_variance"]
    benchmark = month["benchmark"].reindex(exposures.columns).fillna(0.0)
    covariance = exposures.T @ month["factor_covariance"] @ exposures + np.diag(own)
    index_variance = float(benchmark @ covariance @ benchmark)
    lean = month["score"] + 2 * aversion * (covariance @ benchmark)[names]  # the benchmark's part of the tracking variance

    class Given(BasePrior):
        def __init__(self) -> None:
            """Without settings, which the base class leaves to its children to say."""

        def fit(self, X: Any, y: Any = None, **options: Any) -> Given:
            self.return_distribution_ = ReturnDistribution(
                mu=lean.to_numpy(), covariance=covariance.loc[names, names].to_numpy(), returns=np.asarray(X)
            )
            return self

    sector = month["groups"]["sector"]
    members = np.array([(sector[names] == label).to_numpy() for label in sorted(set(sector))], dtype=float)
    middle = np.array([benchmark[sector == label].sum() for label in sorted(set(sector))])
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY, risk_measure=RiskMeasure.VARIANCE, risk_aversion=aversion,
        prior_estimator=Given(), min_weights=0.0, max_weights=CAP, cardinality=25, threshold_long=LEAST,
        max_variance=1.10**2 * index_variance, solver="SCIP", solver_params={"scip_params": {"limits/time": seconds}},
        left_inequality=np.vstack([members, -members]), right_inequality=np.concatenate([middle + 0.05, 0.05 - middle]),
    )  # fmt: skip
    model.fit(pd.DataFrame(np.zeros((2, len(names))), columns=names))
    weights = pd.Series(model.weights_, names)
    active = weights.reindex(benchmark.index).fillna(0.0) - benchmark
    return weights, float(month["score"] @ weights - aversion * (active @ covariance @ active))
