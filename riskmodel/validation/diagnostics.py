"""What tells whether a factor is fit for use: stability of exposures, information coefficients, tests of mean returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import aligned, require_finite
from riskmodel.arrays.rounding import settled
from riskmodel.errors import InputError, counted
from riskmodel.estimation.factor_tests import mean_return_tests
from riskmodel.market.contents import require_market
from riskmodel.model.results import RiskModelResults, require_results

if TYPE_CHECKING:
    from riskmodel.validation.residual_components import ResidualComponents
DAYS_AT_ONCE = 32  # of ranks, which need a few times the memory of their exposures
LEAST_PAIRS = 3
METHODS = ("spearman", "pearson")


def information_coefficient(
    exposures: xr.DataArray, returns: xr.DataArray | pd.DataFrame, *, method: str = "spearman"
) -> xr.DataArray:
    """Cross-sectional correlation of each day's returns with the exposures that were known before.

    Parameters
    ----------
    exposures
        (time, asset, factor); row t is what applies to the return of t, as in `cross_sectional_regression`: the caller has
        lagged. `model_information_coefficients` lags those of a fitted model.
    returns
        (time, asset), decimals, over (t-1, t], with the labels of `exposures`.
    method
        "spearman", the correlation of ranks (ties take their mean rank), or "pearson".

    Returns
    -------
    DataArray
        (time, factor), from -1 to 1, over the assets that have both an exposure and a return (NaN is not observed); NaN
        where fewer than three have, or where one of the two is the same for all.

    Raises
    ------
    InputError
        Where the method is unknown, labels differ or repeat, or a value is infinite.

    Notes
    -----
    Grinold & Kahn (2000), *Active Portfolio Management*, chapter 6. Of ranks: Spearman (1904), American Journal of
    Psychology 15.

    Examples
    --------
    >>> names = {"asset": ["A", "B", "C"]}
    >>> x = xr.DataArray([[[1.0], [2.0], [9.0]]], names | {"factor": ["value"]}, ("time", "asset", "factor"))
    >>> r = xr.DataArray([[0.01, 0.03, 0.02]], names, ("time", "asset"))
    >>> information_coefficient(x, r).values, information_coefficient(x, r, method="pearson").values.round(4)
    (array([[0.5]]), array([[0.1147]]))
    """
    if method not in METHODS:
        raise InputError(f"method: unknown {method!r}. Known: {', '.join(METHODS)}.")
    x, r = _aligned(exposures, returns)
    found = np.empty((x.sizes["time"], x.sizes["factor"]))
    for first in range(0, len(found), DAYS_AT_ONCE):
        days = slice(first, first + DAYS_AT_ONCE)
        found[days] = _correlations(x[days].to_numpy().astype(float), r[days].to_numpy().astype(float), method)
    return xr.DataArray(
        found, {name: x[name] for name in ("time", "factor") if name in x.coords}, ("time", "factor"), "coefficient"
    )


def model_information_coefficients(results: RiskModelResults, *, method: str = "spearman") -> xr.DataArray:
    """`information_coefficient` of a model's styles: the exposures of the close before with the day's total returns.

    Over the estimation universe of the close before. The returns are those that the fit explained: its factors and specific
    returns put together again.
    """
    data = results.data
    lagged = results.exposures.isel(time=slice(0, -1)).assign_coords(time=data["time"][1:].to_numpy())
    inside = data["universe"].isel(time=slice(0, -1)).to_numpy()
    returns = explained_returns(results).isel(time=slice(1, None))
    return information_coefficient(lagged, returns.where(xr.DataArray(inside, returns.coords, returns.dims)), method=method)


def explained_returns(results: RiskModelResults) -> xr.DataArray:
    """Total returns (time, asset) as a fit took them apart: market + sector + styles + specific; NaN where it has none."""
    specific = results.specific_returns.transpose("time", "asset")
    total = specific.to_numpy().copy()
    returns = np.nan_to_num(results.factor_returns.transpose("time", "factor")[1:])  # a factor left out explains nothing
    closes = specific.get_index("time")[:-1]
    for first in range(0, len(closes), DAYS_AT_ONCE):
        days = slice(first, first + DAYS_AT_ONCE)
        known = np.nan_to_num(results.design(closes[days]).to_numpy())
        total[1:][days] += (returns[days, None, :] @ known)[:, 0]
    return specific.copy(data=total).rename("total_return")


def information_coefficient_table(coefficients: xr.DataArray) -> pd.DataFrame:
    """Factor by factor what its information coefficients (time, factor) come to.

    Returns
    -------
    DataFrame
        By factor: mean, standard_deviation (ddof 1), information_ratio = mean / standard_deviation (a day), t = that x
        sqrt(days), positive (share of days above 0), days, missing (days without one).

    Examples
    --------
    >>> made = xr.DataArray([[0.1], [0.3], [np.nan]], {"factor": ["value"]}, ("time", "factor"))
    >>> information_coefficient_table(made).round(4).values.tolist()
    [[0.2, 0.1414, 1.4142, 2.0, 1.0, 2.0, 1.0]]
    """
    frame = pd.DataFrame(
        coefficients.transpose("time", "factor").to_numpy(), columns=coefficients.get_index("factor").rename("factor")
    )
    days, mean, deviation = frame.notna().sum(), frame.mean(), frame.std()
    ratio = mean / deviation.where(settled(deviation.to_numpy(), 1.0) > 0)
    return pd.DataFrame(
        {
            "mean": mean,
            "standard_deviation": deviation,
            "information_ratio": ratio,
            "t": ratio * np.sqrt(days),
            "positive": (frame > 0).sum() / days.where(days > 0),
            "days": days,
            "missing": len(frame) - days,
        }
    )


@dataclass(frozen=True)
class Diagnostics:
    """Whether a fitted model is fit for use.

    Attributes
    ----------
    factors
        `RiskModelResults.summary` with the tests of the mean return (standard_error, hac_t, p_value) and, for styles, the
        information coefficient (mean_information_coefficient, information_ratio, information_coefficient_t).
    days
        By day: r_squared, condition_number, estimating_names, flag (in words; empty where the day is whole).
    coverage
        `RiskModelResults.coverage`.
    information_coefficients
        (time, factor) of the styles.
    residual
        `ResidualComponents`: is a factor missing?
    """

    factors: pd.DataFrame
    days: pd.DataFrame
    coverage: pd.DataFrame
    information_coefficients: xr.DataArray
    residual: ResidualComponents

    def __repr__(self) -> str:
        return (
            f"Diagnostics: mean R-squared {self.days['r_squared'].mean():.3f}, "
            f"{counted(int((self.days['flag'] != '').sum()), 'day')} flagged\n"
            f"{self.factors.to_string(float_format='{:.4f}'.format)}\n{self.residual!r}"
        )

    def _repr_html_(self) -> str:
        head = self.__repr__().split("\n", 1)[0]
        return f"<p>{head}</p>{self.factors.to_html(float_format='{:.4f}'.format)}{self.residual._repr_html_()}"


def diagnose(results: RiskModelResults, market: xr.Dataset) -> Diagnostics:
    """Every diagnostic of a fitted model; it takes a few times as long as the fit, mostly for `missing_factors`.

    Parameters
    ----------
    results, market
        A fit and the market that it was fitted on.
    """
    from riskmodel.validation.missing_factors import missing_factors

    require_results(results)
    require_market(market)
    coefficients = model_information_coefficients(results)
    names = {
        "mean": "mean_information_coefficient",
        "information_ratio": "information_ratio",
        "t": "information_coefficient_t",
    }
    tests = mean_return_tests(results.factor_returns)[["standard_error", "t", "p_value"]].rename(columns={"t": "hac_t"})
    skill = information_coefficient_table(coefficients)[list(names)].rename(columns=names)
    days = results.data[["r_squared", "condition_number", "estimating_names"]].to_dataframe()
    return Diagnostics(
        factors=results.summary().drop(columns=[*tests, *skill.columns], errors="ignore").join(tests).join(skill),
        days=days.assign(flag=results.flagged().reindex(days.index, fill_value="")),
        coverage=results.coverage(),
        information_coefficients=coefficients,
        residual=missing_factors(results, market),
    )


def _correlations(x: np.ndarray, r: np.ndarray, method: str) -> np.ndarray:
    """Correlations (day, factor) of x (day, factor, asset) with r (day, asset) over what both have."""
    there = ~np.isnan(r)[:, None] & ~np.isnan(x)
    x, y = np.where(there, x, np.nan), np.broadcast_to(r[:, None], x.shape)
    if method == "spearman":
        from scipy.stats import rankdata

        common = there.any(axis=1)
        ranked = rankdata(np.where(common, r, np.nan), axis=-1, nan_policy="omit")
        apart = (there != common[:, None]).any(axis=-1)  # factors observed for fewer assets than others: ranks of their own
        y = np.broadcast_to(ranked[:, None], x.shape).copy()
        y[apart] = rankdata(np.where(there[apart], r[np.nonzero(apart)[0]], np.nan), axis=-1, nan_policy="omit")
        x = rankdata(x, axis=-1, nan_policy="omit")
    count = there.sum(axis=-1)

    def centred(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.where(there, values, np.inf).min(axis=-1), np.where(there, values, -np.inf).max(axis=-1)
        kept = np.where(there, values, 0.0)
        mean = kept.sum(axis=-1) / np.maximum(count, 1)
        return np.where(there, kept - mean[..., None], 0.0), high > low  # all the same: rounding is no variation

    (x, varied), (y, moved) = centred(x), centred(y)
    size = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    told = varied & moved & (count >= LEAST_PAIRS) & (size > 0)
    return np.divide((x * y).sum(axis=-1), size, out=np.full(size.shape, np.nan), where=told)


def _aligned(exposures: xr.DataArray, returns: xr.DataArray | pd.DataFrame) -> tuple[xr.DataArray, xr.DataArray]:
    """Exposures as (time, factor, asset) and returns as (time, asset) with the same labels, or what is wrong with them."""
    given = aligned({"exposures": exposures, "returns": returns})
    for name, array in given.items():
        require_finite(name, array, missing=True)
    return given["exposures"], given["returns"]
