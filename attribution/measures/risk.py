"""Ex-ante risk: what a book may do next by a model's forecast, split by factor, family and stock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import fsum, sqrt

import numpy as np
import pandas as pd
import xarray as xr

from attribution.identities import TOLERANCE, furthest, identities, require_reconciled
from attribution.measures.risk_inputs import ARRAYS, RiskArrays, aligned_arrays, require_weights
from attribution.measures.risk_results import SIDES, CourseRisk, RiskDecomposition
from attribution.portfolio.coverage import require_covered
from attribution.portfolio.settings.sections import UNCOVERED_MAX
from attribution.rows import CASH, SPECIFIC, is_pseudo_name
from riskmodel.arrays.labels import labelled, require_finite, require_kind, require_one_kind
from riskmodel.arrays.rounding import OF_TERMS, active
from riskmodel.bounds import DAYS_A_YEAR, PERIODS_A_YEAR, require_bounded
from riskmodel.errors import InputError, counted, listed

__all__ = ["CourseRisk", "RiskDecomposition", "beta", "decompose", "ex_ante_risk", "tracking_error"]


def decompose(
    weights: xr.DataArray | pd.Series,
    *,
    exposures: xr.DataArray | pd.DataFrame,
    factor_covariance: xr.DataArray | pd.DataFrame,
    specific_variance: xr.DataArray | pd.Series,
    linked_covariance: xr.DataArray | pd.DataFrame | None = None,
    groups: Mapping[str, str],
    periods_per_year: float = DAYS_A_YEAR,
) -> RiskDecomposition:
    """Split the forecast volatility of a set of weights into contributions that add up exactly.

    Parameters
    ----------
    weights
        (asset) decimals of a portfolio, a benchmark, or active ones, whatever their sum. Leave CASH out: it has no risk.
    exposures
        (asset, factor) known at the close for which the weights hold, the market and sectors among them. Every asset with a
        weight is there; further assets are left aside.
    factor_covariance
        (factor, factor_other) forecast of one period, symmetric and positive semi-definite.
    specific_variance
        (asset) forecast of one period.
    linked_covariance
        (asset, asset_other) covariance of specific returns among the few assets that do not move apart, such as two share
        classes of one company; its diagonal is their `specific_variance`. Pairs that are not in it are independent.
    groups
        Factor -> family.
    periods_per_year
        Variances of one period are multiplied by it: 252 for a daily forecast, 12 for a monthly one, 1 to stay by period.

    Returns
    -------
    RiskDecomposition

    Raises
    ------
    InputError
        Where labels do not match, a value is missing or infinite, the covariance is not symmetric or not positive
        semi-definite, or a variance is negative; the message names the places.
    ReconciliationError
        Where contributions do not add up; a defect of the software, never of the inputs.

    Notes
    -----
    RC_m = x_m sigma_m rho_m: Menchero & Davis (2011), Journal of Portfolio Management 37(2). With b = X'a and
    sigma^2 = b'Fb + a'Da this is b_k (Fb)_k / sigma for a factor, a'Da / sigma for specific, a_i (XFb + Da)_i / sigma for an
    asset. Where sigma = 0 all contributions are 0; a variance below 64 machine epsilons of its own terms is 0. Sums are
    compared at 1e-12, or at 64 epsilons of their terms where that is more.

    Examples
    --------
    >>> split = decompose(
    ...     xr.DataArray([0.5, 0.5], {"asset": ["A", "B"]}, ("asset",)),
    ...     exposures=xr.DataArray([[1.0], [1.0]], {"asset": ["A", "B"], "factor": ["market"]}, ("asset", "factor")),
    ...     factor_covariance=xr.DataArray(
    ...         [[0.0225]], {"factor": ["market"], "factor_other": ["market"]}, ("factor", "factor_other")
    ...     ),
    ...     specific_variance=xr.DataArray([0.04, 0.04], {"asset": ["A", "B"]}, ("asset",)),
    ...     groups={"market": "market"},
    ...     periods_per_year=1,
    ... )
    >>> round(split.volatility, 4), split.factors["contribution"].round(4).tolist()
    (0.2062, [0.1091, 0.097])
    """
    require_bounded("periods_per_year", periods_per_year, PERIODS_A_YEAR)
    _require_groups(groups)
    daily = aligned_arrays(weights, exposures, factor_covariance, specific_variance, linked_covariance)
    return split_risk(daily.a, daily, groups=groups, periods_per_year=periods_per_year)


def split_risk(
    a: np.ndarray, daily: RiskArrays, *, groups: Mapping[str, str], periods_per_year: float = DAYS_A_YEAR
) -> RiskDecomposition:
    """`decompose` of weights in the order of a forecast's assets, by arrays that were checked."""
    require_bounded("periods_per_year", periods_per_year, PERIODS_A_YEAR)
    model = daily.scaled(periods_per_year)
    families = _families(model.factors, groups)
    x, f = model.x, model.f
    b = x.T @ a
    fb, da = f @ b, model.specific(a)
    terms = model.terms(a)
    volatility = sqrt(model.variance(a))
    scale = 1 / volatility if volatility else 0.0

    of_factor, of_specific = b * fb * scale, float(a @ da) * scale
    cells = np.column_stack([a[:, None] * x * fb * scale, a * da * scale])
    specific_volatility = sqrt(max(of_specific * volatility, 0.0))
    sigma = np.append(np.sqrt(np.diag(f).clip(0)), specific_volatility)
    covariance = np.append(fb * scale, of_specific)
    factors = pd.DataFrame({"factor": [*model.factors, SPECIFIC], "family": [*families, SPECIFIC]})
    factors["exposure"] = np.append(b, 1.0)
    factors["volatility"] = sigma
    factors["correlation"] = _ratio(covariance, sigma)
    factors["contribution"] = np.append(of_factor, of_specific)
    factors["share_of_variance"] = factors["contribution"] * scale

    alone = {name: b * (np.array(families, dtype=object) == name) for name in dict.fromkeys(families)}
    by_family = factors.groupby("family", sort=False)["contribution"].sum().rename_axis("family").reset_index()
    own = np.array([sqrt(max(float(part @ f @ part), 0.0)) for part in alone.values()] + [specific_volatility])
    by_family.insert(1, "volatility", own)
    by_family.insert(2, "correlation", _ratio(by_family["contribution"].to_numpy(), own))
    by_family["share_of_variance"] = by_family["contribution"] * scale

    single = np.sqrt((((x @ f) * x).sum(axis=1) + model.d).clip(0))
    through_factors, marginal = x @ fb * scale, (x @ fb + da) * scale
    stocks = pd.DataFrame({"ticker": model.assets, "weight": a, "volatility": single})
    stocks["correlation"] = _ratio(marginal, single)
    stocks["marginal"] = marginal
    stocks["contribution"] = a * marginal
    stocks["factor_contribution"] = a * through_factors
    stocks["specific_contribution"] = a * da * scale
    stocks["share_of_variance"] = stocks["contribution"] * scale

    pairs = {
        "factors = volatility": (fsum(factors["contribution"]), volatility),
        "families = volatility": (fsum(by_family["contribution"]), volatility),
        "stocks = volatility": (fsum(stocks["contribution"]), volatility),
        "stock x factor = volatility": (fsum(cells.ravel()), volatility),
        "stock x factor over factors = stocks": furthest(cells.sum(axis=1), stocks["contribution"]),
        "stock x factor over stocks = factors": furthest(cells.sum(axis=0), factors["contribution"]),
        "exposure x volatility x correlation = factors": furthest(
            factors["exposure"] * factors["volatility"] * factors["correlation"], factors["contribution"]
        ),
        "weight x volatility x correlation = stocks": furthest(
            stocks["weight"] * stocks["volatility"] * stocks["correlation"], stocks["contribution"]
        ),
    }
    table = identities(pairs, max(TOLERANCE, OF_TERMS * terms * scale))
    require_reconciled(table, "risk")
    return RiskDecomposition(
        volatility=volatility,
        factor_volatility=sqrt(max(fsum(of_factor) * volatility, 0.0)),
        specific_volatility=specific_volatility,
        diversification_ratio=float(np.abs(a) @ single) * scale if volatility else np.nan,
        factors=factors,
        families=by_family,
        stocks=stocks,
        cells=xr.DataArray(cells, {"asset": model.assets, "factor": [*model.factors, SPECIFIC]}, ("asset", "factor")),
        periods_per_year=periods_per_year,
        reconciliation=table,
    )


def tracking_error(
    weights: xr.DataArray | pd.Series,
    benchmark_weights: xr.DataArray | pd.Series,
    *,
    exposures: xr.DataArray | pd.DataFrame,
    factor_covariance: xr.DataArray | pd.DataFrame,
    specific_variance: xr.DataArray | pd.Series,
    linked_covariance: xr.DataArray | pd.DataFrame | None = None,
    periods_per_year: float = DAYS_A_YEAR,
) -> float:
    """Forecast volatility of the active return: sqrt(a' (X F X' + D) a x periods a year) with a = w - v.

    An asset in one set of weights only has weight 0 in the other; weights that differ by rounding do not differ. The other
    arguments are those of `decompose`.
    """
    own, other = _both(weights, benchmark_weights)
    exposures = labelled("exposures", exposures, ARRAYS["exposures"])
    return decompose(
        own.copy(data=active(own.to_numpy(), other.to_numpy())),
        exposures=exposures,
        factor_covariance=factor_covariance,
        specific_variance=specific_variance,
        linked_covariance=linked_covariance,
        groups={str(name): "all" for name in exposures["factor"].to_numpy()},
        periods_per_year=periods_per_year,
    ).volatility


def beta(
    weights: xr.DataArray | pd.Series,
    benchmark_weights: xr.DataArray | pd.Series,
    *,
    exposures: xr.DataArray | pd.DataFrame,
    factor_covariance: xr.DataArray | pd.DataFrame,
    specific_variance: xr.DataArray | pd.Series,
    linked_covariance: xr.DataArray | pd.DataFrame | None = None,
) -> float:
    """Forecast beta of a portfolio to its benchmark: w' (X F X' + D) v / v' (X F X' + D) v; NaN where v has no risk.

    An asset in one set of weights only has weight 0 in the other. The other arguments are those of `decompose`.
    """
    own, other = _both(weights, benchmark_weights)
    model = aligned_arrays(other, exposures, factor_covariance, specific_variance, linked_covariance)
    return _beta(own.to_numpy(), other.to_numpy(), model)


def _beta(w: np.ndarray, v: np.ndarray, model: RiskArrays) -> float:
    moved = model.x @ (model.f @ (model.x.T @ v)) + model.specific(v)
    variance = fsum(v * moved)
    return fsum(w * moved) / variance if variance > OF_TERMS * model.terms(v) else float("nan")


def ex_ante_risk(
    course: str,
    weights: xr.Dataset | pd.DataFrame,
    *,
    exposures: xr.DataArray | pd.DataFrame,
    factor_covariance: xr.DataArray | pd.DataFrame,
    specific_variance: xr.DataArray | pd.Series,
    linked_covariance: xr.DataArray | pd.DataFrame | None = None,
    groups: Mapping[str, str],
    periods_per_year: float = DAYS_A_YEAR,
    uncovered_max: float = UNCOVERED_MAX,
) -> CourseRisk:
    """Forecast risk of a course against its benchmark at the weights of one close.

    Parameters
    ----------
    course
        Its name, for the tables and messages.
    weights
        `portfolio_weight` and `benchmark_weight` on (asset), decimals that sum to one, `CASH` among them; of a DataFrame the
        columns.
    exposures, factor_covariance, specific_variance, linked_covariance, groups, periods_per_year
        As in `decompose`. An asset that is missing or NaN in `exposures` or `specific_variance` is not covered: it is
        left out of every figure, as if it were cash, and stands in `uncovered`.
    uncovered_max
        Largest weight of held names that are not covered.

    Returns
    -------
    CourseRisk

    Raises
    ------
    InputError
        As in `decompose`; where weights do not sum to one; where more than `uncovered_max` of the portfolio is not covered.
    """
    require_kind("course", course, str, "Give its name, for the tables and messages.")
    exposures = labelled("exposures", exposures, ARRAYS["exposures"])
    specific_variance = labelled("specific_variance", specific_variance, ARRAYS["specific_variance"])
    if isinstance(weights, pd.DataFrame):
        weights = xr.Dataset({name: labelled(str(name), column, ARRAYS["weights"]) for name, column in weights.items()})
    require_kind("weights", weights, xr.Dataset, "Give a Dataset or a DataFrame of portfolio_weight and benchmark_weight.")
    require_one_kind("asset", {"weights": weights.get_index("asset"), "exposures": exposures.get_index("asset")})
    _require_groups(groups)
    known = exposures.get_index("asset")[exposures.notnull().all("factor").to_numpy()]
    return weighed_risk(
        course,
        weights,
        known.intersection(specific_variance.get_index("asset")[specific_variance.notnull().to_numpy()]),
        lambda of: aligned_arrays(of, exposures, factor_covariance, specific_variance, linked_covariance),
        groups=groups,
        periods_per_year=periods_per_year,
        uncovered_max=uncovered_max,
    )


def weighed_risk(
    course: str,
    weights: xr.Dataset,
    known: pd.Index,
    arrays: Callable[[xr.DataArray], RiskArrays],
    *,
    groups: Mapping[str, str],
    periods_per_year: float = DAYS_A_YEAR,
    uncovered_max: float = UNCOVERED_MAX,
    carried: Collection[str] = (),
) -> CourseRisk:
    """`ex_ante_risk` by a forecast that was checked: the assets that it knows, and its arrays for those of some weights.

    `carried` are not covered by choice: they are in `uncovered`, and do not count towards `uncovered_max`.
    """
    names = ["portfolio_weight", "benchmark_weight"]
    for name in names:
        if name not in weights:
            raise InputError(f"weights of '{course}': no '{name}'. Found: {listed(weights.data_vars) or 'nothing'}.")
        require_weights(course, weights[name])
    sides = weights[names]
    cash = sides["asset"] == CASH
    named = sides.isel(asset=(~cash & (abs(sides).to_dataarray() > 0).any("variable")).to_numpy())
    there = named.get_index("asset").isin(known.difference(pd.Index(list(carried))))
    uncovered = named.isel(asset=~there).to_dataframe().rename_axis(index="ticker").reset_index()
    require_covered(
        f"risk of '{course}'",
        uncovered[~uncovered["ticker"].isin(carried)].set_index("ticker")["portfolio_weight"],
        uncovered_max,
        what="exposures or specific risk",
    )
    lacking = [name for name in uncovered["ticker"] if is_pseudo_name(name)]
    if lacking:
        raise InputError(
            f"risk of '{course}': n/a: of its benchmark only returns are known, and too few of them by this close to "
            f"estimate its exposures. Ask for a later close, or give the benchmark constituents."
        )
    covered = named.isel(asset=there)
    model = arrays(covered["portfolio_weight"])
    own, other = (covered[name].to_numpy().astype(float) for name in names)
    split = {
        side: split_risk(a, model, groups=groups, periods_per_year=periods_per_year)
        for side, a in zip(SIDES, (own, other, active(own, other)), strict=True)
    }
    result = CourseRisk(
        course=course,
        **split,
        beta=_beta(own, other, model),
        cash_weight=float(sides["portfolio_weight"].isel(asset=cash.to_numpy()).sum()),
        uncovered=uncovered[["ticker", "portfolio_weight", "benchmark_weight"]],
    )
    require_reconciled(result.reconciliation, f"risk of {course}")
    return result


def _both(weights: xr.DataArray | pd.Series, benchmark_weights: xr.DataArray | pd.Series) -> tuple[xr.DataArray, ...]:
    """Both sides on the assets of either; one that a side does not have has weight 0 there."""
    sides = {"weights": weights, "benchmark_weights": benchmark_weights}
    arrays = [labelled(name, given, ARRAYS["weights"]) for name, given in sides.items()]
    for name, array in zip(sides, arrays, strict=True):
        require_finite(name, array)
    return xr.align(*arrays, join="outer", fill_value=0.0)


def _require_groups(groups: object) -> None:
    if not isinstance(groups, Mapping):
        raise InputError(f"groups: is of type {type(groups).__name__}, not a mapping. Give a dict of factor and family.")


def _families(factors: list[str], groups: Mapping[str, str]) -> list[str]:
    missing = [name for name in factors if name not in groups]
    if missing:
        raise InputError(f"groups: {counted(len(missing), 'factor')} without a family: {listed(missing)}.")
    taken = [name for name in factors if SPECIFIC in (name, groups[name])]
    if taken:
        raise InputError(f"groups: '{SPECIFIC}' is the row of specific risk; rename {listed(taken)} or its family.")
    return [groups[name] for name in factors]


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """0 where the denominator is."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
