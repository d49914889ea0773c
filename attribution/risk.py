"""Ex-ante risk: what a book may do next by a model's forecast, split by factor, family and stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import fsum, sqrt
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attribution.book import CASH
from attribution.reconcile import TOLERANCE, require_reconciled
from attribution.risk_arrays import ROUNDING, aligned_arrays, require_covered, require_dims, require_numbers, require_weights
from riskmodel.errors import InputError, counted, listed

SPECIFIC = "specific"
DAYS_A_YEAR = 252
UNCOVERED_MAX = 0.05
SIDES = ("portfolio", "benchmark", "active")


@dataclass(frozen=True)
class RiskDecomposition:
    """Volatility of one set of weights and what makes it up; decimals over `periods_per_year` periods.

    Attributes
    ----------
    volatility, factor_volatility, specific_volatility
        Of all, of the factors alone, of the specific returns alone; the squares of the last two add to that of the first.
    diversification_ratio
        sum_i |a_i| sigma_i / sigma: 1 for a single stock, more the better the stocks offset each other; NaN without risk.
    factors
        One row a factor and a last one `specific`: factor, family, exposure, volatility, correlation (with the weights'
        return), contribution = exposure x volatility x correlation, share_of_variance.
    families
        The same by family: family, volatility (of its factors together, at these exposures), correlation, contribution,
        share_of_variance.
    stocks
        One row an asset of the weights: ticker, weight, volatility, correlation, marginal (change of the volatility by unit
        of weight, = volatility x correlation), contribution = weight x marginal, factor_contribution,
        specific_contribution, share_of_variance.
    cells
        (asset, factor with `specific` last): the drill-down; it sums to `stocks` over factors and to `factors` over assets.
    periods_per_year
        By which the variances were multiplied.
    reconciliation
        identity, left, right, difference, tolerance, passed.
    """

    volatility: float
    factor_volatility: float
    specific_volatility: float
    diversification_ratio: float
    factors: pd.DataFrame
    families: pd.DataFrame
    stocks: pd.DataFrame
    cells: xr.DataArray
    periods_per_year: float
    reconciliation: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"RiskDecomposition: volatility {self.volatility:.2%} over {self.periods_per_year:g} periods, "
            f"factors {self.factor_volatility:.2%}, specific {self.specific_volatility:.2%}, {len(self.stocks)} assets\n"
            + self.factors.to_string(index=False, float_format="{:.4f}".format)
        )

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n", 1)[0]
        return f"<p>{head}</p>" + str(self.factors.to_html(index=False, float_format="{:.4f}".format))


@dataclass(frozen=True)
class CourseRisk:
    """Forecast risk of a course, of its benchmark, and of the one against the other.

    Attributes
    ----------
    portfolio, benchmark, active
        `RiskDecomposition` of each set of weights over the same assets; active = portfolio less benchmark.
    beta
        Of the portfolio to the benchmark; NaN where the benchmark has no risk.
    cash_weight
        Weight of CASH in the portfolio; it has no risk.
    uncovered
        ticker, portfolio_weight, benchmark_weight: names without exposures or specific risk, left out of every figure here.
    """

    course: str
    portfolio: RiskDecomposition
    benchmark: RiskDecomposition
    active: RiskDecomposition
    beta: float
    cash_weight: float
    uncovered: pd.DataFrame

    @property
    def tracking_error(self) -> float:
        """Volatility of the active return, decimal a year."""
        return self.active.volatility

    @cached_property
    def table(self) -> pd.DataFrame:
        """The table `risk`: course, measure, value; volatilities a year, weights as decimals, names as counts."""
        parts = {"portfolio": self.portfolio, "benchmark": self.benchmark, "active": self.active}
        measures: dict[str, float] = {
            "portfolio_volatility": self.portfolio.volatility,
            "benchmark_volatility": self.benchmark.volatility,
            "tracking_error": self.tracking_error,
            "beta": self.beta,
        }
        for side, part in parts.items():
            measures[f"{side}_factor_volatility"] = part.factor_volatility
            measures[f"{side}_specific_volatility"] = part.specific_volatility
        for side in ("portfolio", "benchmark"):
            measures[f"{side}_diversification_ratio"] = parts[side].diversification_ratio
        families = self.active.families.set_index("family")["contribution"]
        measures |= {f"tracking_error_from_{family}": value for family, value in families.items()}
        held, other = self.uncovered["portfolio_weight"], self.uncovered["benchmark_weight"]
        measures |= {
            "names": float((self.portfolio.stocks["weight"] != 0).sum() + (held != 0).sum()),
            "cash_weight": self.cash_weight,
            "uncovered_names": float((held != 0).sum()),
            "uncovered_weight": float(held.abs().sum()),
            "uncovered_benchmark_names": float((other != 0).sum()),
            "uncovered_benchmark_weight": float(other.abs().sum()),
            "periods_per_year": float(self.active.periods_per_year),
        }
        return pd.DataFrame({"course": self.course, "measure": list(measures), "value": list(measures.values())})

    def by(self, cut: str) -> pd.DataFrame:
        """The frames of the three sides below each other: course, side, then the columns of the cut.

        Parameters
        ----------
        cut
            "factor", "family" or "stock".
        """
        frames = {"factor": "factors", "family": "families", "stock": "stocks"}
        if cut not in frames:
            raise InputError(f"cut '{cut}': risk is cut by one of {', '.join(frames)}.")
        parts = {side: getattr(getattr(self, side), frames[cut]) for side in SIDES}
        whole = pd.concat(parts, names=["side"]).reset_index("side").reset_index(drop=True)
        whole.insert(0, "course", self.course)
        return whole

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Every identity: course, identity, left, right, difference, tolerance, passed."""
        parts = [
            getattr(self, side).reconciliation.assign(identity=lambda t, s=side: f"{s} risk: " + t["identity"])
            for side in SIDES
        ]
        own, other, active = self.portfolio, self.benchmark, self.active
        covariance = 0.0 if np.isnan(self.beta) else self.beta * other.volatility**2
        difference = own.factors["exposure"] - other.factors["exposure"]
        pairs = {
            "active variance = both variances less twice the covariance": (
                active.volatility**2,
                own.volatility**2 + other.volatility**2 - 2 * covariance,
            ),
            "active exposures = portfolio's less benchmark's": _furthest(active.factors["exposure"][:-1], difference[:-1]),
        }
        parts.append(_identities(pairs, max(float(part["tolerance"].max()) for part in parts)))
        table = pd.concat(parts, ignore_index=True)
        table.insert(0, "course", self.course)
        return table

    def __repr__(self) -> str:
        return (
            f"CourseRisk: {self.course}, volatility {self.portfolio.volatility:.2%} against "
            f"{self.benchmark.volatility:.2%}, tracking error {self.tracking_error:.2%}, beta {self.beta:.2f}, "
            f"{counted(len(self.uncovered), 'name')} not covered\nactive {self.active!r}"
        )

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n", 1)[0]
        return f"<p>{head}</p>" + self.active._repr_html_()


def decompose(
    weights: xr.DataArray,
    *,
    exposures: xr.DataArray,
    factor_covariance: xr.DataArray,
    specific_variance: xr.DataArray,
    linked_covariance: xr.DataArray | None = None,
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
    if not (np.isfinite(periods_per_year) and periods_per_year > 0):
        raise InputError(f"periods_per_year is {periods_per_year}; it is a number above zero, 252 for a daily forecast.")
    daily = aligned_arrays(weights, exposures, factor_covariance, specific_variance, linked_covariance)
    model = daily.scaled(periods_per_year)
    families = _families(model.factors, groups)
    a, x, f = weights.to_numpy().astype(float), model.x, model.f
    b = x.T @ a
    fb, da = f @ b, model.specific(a)
    terms = model.terms(a)
    variance = fsum([*(b * fb), *(a * da)])
    volatility = sqrt(variance) if variance > ROUNDING * terms else 0.0
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
        "stock x factor over factors = stocks": _furthest(cells.sum(axis=1), stocks["contribution"]),
        "stock x factor over stocks = factors": _furthest(cells.sum(axis=0), factors["contribution"]),
        "exposure x volatility x correlation = factors": _furthest(
            factors["exposure"] * factors["volatility"] * factors["correlation"], factors["contribution"]
        ),
        "weight x volatility x correlation = stocks": _furthest(
            stocks["weight"] * stocks["volatility"] * stocks["correlation"], stocks["contribution"]
        ),
    }
    table = _identities(pairs, max(TOLERANCE, ROUNDING * terms * scale))
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
    weights: xr.DataArray,
    benchmark_weights: xr.DataArray,
    *,
    exposures: xr.DataArray,
    factor_covariance: xr.DataArray,
    specific_variance: xr.DataArray,
    linked_covariance: xr.DataArray | None = None,
    periods_per_year: float = DAYS_A_YEAR,
) -> float:
    """Forecast volatility of the active return: sqrt(a' (X F X' + D) a x periods a year) with a = w - v.

    An asset in one set of weights only has weight 0 in the other. The other arguments are those of `decompose`.
    """
    own, other = xr.align(weights, benchmark_weights, join="outer", fill_value=0.0)
    return decompose(
        own - other,
        exposures=exposures,
        factor_covariance=factor_covariance,
        specific_variance=specific_variance,
        linked_covariance=linked_covariance,
        groups={str(name): "all" for name in exposures["factor"].to_numpy()},
        periods_per_year=periods_per_year,
    ).volatility


def beta(
    weights: xr.DataArray,
    benchmark_weights: xr.DataArray,
    *,
    exposures: xr.DataArray,
    factor_covariance: xr.DataArray,
    specific_variance: xr.DataArray,
    linked_covariance: xr.DataArray | None = None,
) -> float:
    """Forecast beta of a portfolio to its benchmark: w' (X F X' + D) v / v' (X F X' + D) v; NaN where v has no risk.

    An asset in one set of weights only has weight 0 in the other. The other arguments are those of `decompose`.
    """
    own, other = xr.align(weights, benchmark_weights, join="outer", fill_value=0.0)
    require_numbers("weights", own)
    model = aligned_arrays(other, exposures, factor_covariance, specific_variance, linked_covariance)
    w, v = own.to_numpy(), other.to_numpy()
    moved = model.x @ (model.f @ (model.x.T @ v)) + model.specific(v)
    variance = fsum(v * moved)
    return fsum(w * moved) / variance if variance > ROUNDING * model.terms(v) else float("nan")


def ex_ante_risk(
    course: str,
    weights: xr.Dataset,
    *,
    exposures: xr.DataArray,
    factor_covariance: xr.DataArray,
    specific_variance: xr.DataArray,
    linked_covariance: xr.DataArray | None = None,
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
        `portfolio_weight` and `benchmark_weight` on (asset), decimals that sum to one, `CASH` among them.
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
    require_dims("exposures", exposures, "asset", "factor")
    require_dims("specific_variance", specific_variance, "asset")
    names = ["portfolio_weight", "benchmark_weight"]
    for name in names:
        if name not in weights:
            raise InputError(f"weights of '{course}': no '{name}'. Found: {listed(weights.data_vars) or 'nothing'}.")
        require_weights(course, weights[name])
    sides = weights[names]
    cash = sides["asset"] == CASH
    named = sides.isel(asset=(~cash & (abs(sides).to_dataarray() > 0).any("variable")).to_numpy())
    known = [
        exposures.get_index("asset")[exposures.notnull().all("factor").to_numpy()],
        specific_variance.get_index("asset")[specific_variance.notnull().to_numpy()],
    ]
    there = named.get_index("asset").isin(known[0].intersection(known[1]))
    uncovered = named.isel(asset=~there).to_dataframe().rename_axis(index="ticker").reset_index()
    require_covered(course, uncovered, uncovered_max)
    covered = named.isel(asset=there)
    own, other = covered["portfolio_weight"], covered["benchmark_weight"]
    forecast: dict[str, Any] = {
        "exposures": exposures,
        "factor_covariance": factor_covariance,
        "specific_variance": specific_variance,
        "linked_covariance": linked_covariance,
    }
    split = {
        side: decompose(a, **forecast, groups=groups, periods_per_year=periods_per_year)
        for side, a in zip(SIDES, (own, other, own - other), strict=True)
    }
    result = CourseRisk(
        course=course,
        **split,
        beta=beta(own, other, **forecast),
        cash_weight=float(sides["portfolio_weight"].isel(asset=cash.to_numpy()).sum()),
        uncovered=uncovered[["ticker", "portfolio_weight", "benchmark_weight"]],
    )
    require_reconciled(result.reconciliation, f"risk of {course}")
    return result


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


def _furthest(left: Any, right: Any) -> tuple[float, float]:
    """Both sides, in the same order, where they differ most."""
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if not left.size:
        return 0.0, 0.0
    place = int(np.abs(left - right).argmax())
    return float(left[place]), float(right[place])


def _identities(pairs: Mapping[str, tuple[float, float]], tolerance: float) -> pd.DataFrame:
    table = pd.DataFrame(
        [(name, left, right, left - right, tolerance) for name, (left, right) in pairs.items()],
        columns=["identity", "left", "right", "difference", "tolerance"],
    )
    return table.assign(passed=table["difference"].abs() <= tolerance)
