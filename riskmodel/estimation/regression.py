"""Daily cross-sectional weighted least squares of returns on the market, sectors and styles, batched over days."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import call_by_blocks, is_lazy
from riskmodel.arrays.labels import aligned, places
from riskmodel.arrays.threads import kernel_threads, one_blas_thread
from riskmodel.bounds import HUBER, NAMES, THIN_SECTOR, require_bounded
from riskmodel.errors import InputError, counted, listed
from riskmodel.estimation.clusters import clusters_of
from riskmodel.estimation.least_squares import Solution, solve_days
from riskmodel.estimation.nested import nest_of
from riskmodel.factors import MARKET

HETEROSKEDASTIC, BY_INDUSTRY = "HC3", "CR3"  # what robust errors allow for
LABELS = ("sectors", "industries", "industry_factors")
DAYS_AT_ONCE = 16  # keeps a chunk of the exposures in the processor's cache


def cross_sectional_regression(
    *,
    returns: xr.DataArray | pd.DataFrame,
    exposures: xr.DataArray,
    weights: xr.DataArray | pd.DataFrame | None = None,
    sectors: xr.DataArray | pd.DataFrame | pd.Series,
    market_cap: xr.DataArray | pd.DataFrame,
    industries: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    industry_factors: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    industry_universe: xr.DataArray | pd.DataFrame | None = None,
    covariance: bool = True,
    huber: float | None = None,
    thin_sector: float = 0.0,
    industry_names: int = 1,
) -> xr.Dataset:
    """Factor returns of every day, with their errors and every covered asset's specific return.

    Parameters
    ----------
    returns
        (time, asset), decimals. NaN: the asset is left out that day.
    exposures
        (time, asset, factor) of the styles; row t is what applies to the return of t (the caller has lagged). An asset with
        a NaN exposure is not covered that day; a style that is NaN for every asset is left out that day. The layout
        (time, factor, asset) in memory is read without a copy.
    weights
        (time, asset), least-squares weights; NaN or 0 keeps an asset out of the estimation but leaves it its specific
        return. By default the square root of `market_cap`.
    sectors
        (asset) or (time, asset) labels; an asset with an empty or missing label is not covered.
    market_cap
        (time, asset), in any unit: the sector returns, weighted by the caps of the estimating assets, sum to zero.
    industries
        (asset) or (time, asset) labels, by which the errors are clustered: residuals of one industry move together. An asset
        with an empty or missing label stands alone. By default every asset does.
    industry_factors
        (asset) or (time, asset) names of industries that have returns of their own, each within one sector, as
        `riskmodel.nested_industries` makes them; an asset with an empty or missing one has no industry part. By default
        there are none.
    industry_universe
        (time, asset) bool, which assets count towards `industry_names`. By default those that estimate.
    covariance
        Whether to compute the robust covariance of the factor returns (about half the work).
    huber
        Tuning constant of Huber's estimator, usually 1.345: residuals beyond that many robust deviations count less. By
        default plain least squares.
    thin_sector
        Effective number of names (sum w)^2 / sum w^2 below which a sector is shrunk towards the market: what it lacks is
        lent to it as names of mean weight that earn the cap-weighted market's return, without styles. By default 0: no
        sector is shrunk, and one without a name is NaN.
    industry_names
        Estimating assets that an industry must have on a day for a return of its own; the assets of one with fewer have no
        industry part that day. With `industry_universe` it is as many of those, and at least one that estimates.

    Returns
    -------
    Dataset
        `factor_returns` (time, factor) with factors "market", the sectors in sorted order, the industries by sector, the
        styles;
        `classical_standard_errors` and, with `covariance`, `robust_standard_errors` (time, factor) and
        `estimation_error_covariance` (time, factor, factor_other), which is robust too;
        `specific_returns` (time, asset); by time `r_squared`, `condition_number`, `names`, `downweighted` (names that
        `huber` gives less weight) and `flag`, empty where the day is sound, else the text of a `riskmodel.Fact`;
        `sector_shrinkage` (time, sector), the share of a sector's weight that is lent; with industries of their own
        `industry_shrinkage` (time, industry), the share of an industry's mean residual that is left to its sector;
        `variance_inflation` (time, factor) of the styles, 1 / (1 - R^2) of the weighted regression on sectors and the other
        styles. Days that are flagged, styles left out, sectors without an estimating asset and industries with too few
        have NaN. Attribute `errors` says what the robust ones allow for: "CR3" or "HC3". Held by dask, and refused when
        computed, where an argument is held by dask.

    Raises
    ------
    InputError
        Where labels differ, a label repeats, or a weight or cap is negative or infinite.

    Notes
    -----
    Minimises sum_i w_i u_i^2 in r_i = f_mkt + f_s(i) + sum_k X_ik f_k + u_i subject to sum_s c_s f_s = 0, c_s the sector's
    share of the cap. Without the market column the design has full rank: with g_s the sector coefficients,
    f_mkt = sum_s c_s g_s and f_s = g_s - f_mkt (Menchero, Orr & Wang 2011, section 3; Heston & Rouwenhorst 1994). The sector
    block of the normal equations is diagonal, so that it is eliminated by segment sums. The robust covariance is CR3, the
    jackknife by industry (Bell & McCaffrey 2002; Cameron, Gelbach & Miller 2011): (I - H_g)^-1 u_g in place of the residuals
    of industry g, summed over the industry before they are squared; where every asset stands alone it is HC3 (MacKinnon &
    White 1985): u_i / (1 - h_i) in place of u_i.

    An industry adds f_g to its names' returns, a draw of variance tau^2 beside names of variance sigma^2 / w_i. tau^2 /
    sigma^2 comes by moments from the day's residuals without industries, and Henderson's equations (1975) give generalised
    least squares and f_g = sum_i w_i e_i / (W_g + sigma^2 / tau^2), e without industries, W_g the names' weight. Within a
    sector the industries' returns, weighted by cap, then sum to zero: their mean is the sector's. The errors of market,
    sectors and styles are the jackknife by industry of the generalised fit; those of industries add each industry's own
    estimate, its names' residuals independent, and what shrinking leaves out.

    R-squared is weighted and centred. Huber's weights are
    `min(1, huber s / |sqrt(w_i) u_i|)` with s the median absolute sqrt(w_i) u_i over 0.6745, iterated to a fixed point
    (Huber 1981, section 7.8); errors and R-squared are those of the last weights.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> rng = np.random.default_rng(0)
    >>> cap = xr.DataArray(rng.lognormal(size=(1, 60)), dims=("time", "asset"), coords={"asset": range(60)})
    >>> X = xr.DataArray(rng.normal(size=(1, 60, 1)), dims=("time", "asset", "factor"), coords={"asset": range(60),
    ...     "factor": ["value"]})
    >>> sector = xr.DataArray(["A", "B"] * 30, dims="asset", coords={"asset": range(60)})
    >>> fit = cross_sectional_regression(returns=0.01 + 0.02 * X[..., 0], exposures=X, sectors=sector, market_cap=cap)
    >>> fit["factor_returns"].round(6).values + 0.0
    array([[0.01, 0.  , 0.  , 0.02]])
    """
    given = aligned(
        {
            "returns": returns,
            "exposures": exposures,
            "weights": weights,
            "sectors": sectors,
            "market_cap": market_cap,
            "industries": industries,
            "industry_factors": industry_factors,
            "industry_universe": industry_universe,
        }
    )
    require_weights(given)
    options: dict[str, Any] = {
        "covariance": covariance,
        "huber": huber,
        "thin_sector": thin_sector,
        "industry_names": industry_names,
    }
    if is_lazy(*given.values()):
        return call_by_blocks(cross_sectional_regression, given, options)
    _require_options(given, huber, thin_sector, industry_names)
    if any("time" in given[name].dims for name in LABELS if name in given):
        return _run_by_run(given, **options)
    return _run(given, **options)


def _run(
    given: dict[str, xr.DataArray], *, covariance: bool, huber: float | None, thin_sector: float, industry_names: int
) -> xr.Dataset:
    """Days on which every asset keeps its sector and industry."""
    returns, exposures = given["returns"], given["exposures"]
    nobody = np.full(returns.sizes["asset"], "")
    sector, industry, factor = (text_of(given[name]) if name in given else nobody for name in LABELS)
    names = np.unique(sector[sector != ""])
    order = np.lexsort([factor, np.where(sector == "", "\uffff", sector)])
    keep = order[: int((sector != "").sum())]
    starts, place = np.searchsorted(sector[keep], names), np.searchsorted(names, sector[keep])
    clusters = clusters_of(industry[keep], place) if covariance and (industry != "").any() else None
    nest, own = nest_of(factor[keep], place, industry_names)
    factors = [MARKET, *names, *own, *map(str, exposures["factor"].to_numpy())]

    r, x = returns.to_numpy(), exposures.transpose("time", "factor", "asset").to_numpy()
    cap = given["market_cap"].to_numpy()
    w = given["weights"].to_numpy() if "weights" in given else None
    sharing = given["industry_universe"].to_numpy() if "industry_universe" in given else None
    in_order = np.array_equal(keep, np.arange(r.shape[1]))
    specific_returns = np.full(r.shape, np.nan)

    def solve(first: int) -> Solution:
        days = slice(first, first + DAYS_AT_ONCE)
        chunk = (r[days], x[days], np.sqrt(cap[days]) if w is None else w[days], cap[days])
        day_r, day_x, day_w, day_cap = chunk if in_order else (np.take(a, keep, axis=-1) for a in chunk)
        solution, specific_returns[days, slice(None) if in_order else keep] = solve_days(
            day_r,
            day_x,
            day_w,
            day_cap,
            starts,
            names,
            robust=covariance,
            huber=huber,
            thin_sector=thin_sector,
            clusters=clusters,
            nest=nest if own else None,
            sharing=None if sharing is None else np.take(sharing[days], keep, axis=-1),
        )
        return solution

    with one_blas_thread(), ThreadPoolExecutor(kernel_threads()) as threads:
        solved = list(threads.map(solve, range(0, len(r), DAYS_AT_ONCE)))
    errors = HETEROSKEDASTIC if clusters is None else BY_INDUSTRY
    coords = {"factor": factors, "sector": list(names), "industry": own}
    return _as_dataset(solved, specific_returns, returns, coords).assign_attrs(errors=errors)


def text_of(labels: xr.DataArray) -> np.ndarray:
    """Labels as text, empty where they are missing."""
    values = labels.to_numpy()
    return np.where(pd.isna(values), "", values).astype(str)


def _run_by_run(given: dict[str, xr.DataArray], **options: Any) -> xr.Dataset:
    """Sectors or industries that change: solve each run of days with the same ones; one without a name is NaN."""
    shape = given["returns"].shape
    text = {name: np.broadcast_to(text_of(given[name]), shape) for name in LABELS if name in given}
    changed = np.any([(labels[1:] != labels[:-1]).any(axis=1) for labels in text.values()], axis=0)
    runs = [slice(a, b) for a, b in pairwise([0, *(np.flatnonzero(changed) + 1), len(changed) + 1])]
    parts = []
    for run in runs:
        of_run = {name: array.isel(time=run) if "time" in array.dims else array for name, array in given.items()}
        of_run |= {name: of_run[name].isel(time=0, drop=True) for name in text if "time" in of_run[name].dims}
        parts.append(_run(of_run, **options))
    sectors, own = np.unique(text["sectors"][text["sectors"] != ""]), _by_sector(text)
    factors = [MARKET, *sectors, *own, *map(str, given["exposures"]["factor"].to_numpy())]
    onto: dict[str, Any] = {"factor": factors, "sector": sectors} | ({"industry": own} if own else {})
    onto |= {"factor_other": factors} if options["covariance"] else {}
    errors = BY_INDUSTRY if any(part.attrs["errors"] == BY_INDUSTRY for part in parts) else HETEROSKEDASTIC
    return xr.concat([part.reindex(onto) for part in parts], dim="time").assign_attrs(errors=errors)


def _by_sector(text: Mapping[str, np.ndarray]) -> list[str]:
    """The industries with returns of their own, in the order of their sectors."""
    if "industry_factors" not in text:
        return []
    own = (text["industry_factors"] != "") & (text["sectors"] != "")
    pairs = np.unique(np.stack([text["sectors"][own], text["industry_factors"][own]]), axis=1)
    return [str(name) for name in pairs[1]]


def _require_options(
    given: Mapping[str, xr.DataArray], huber: float | None, thin_sector: float, industry_names: int
) -> None:
    """Refuse factors that share a name, industries in two sectors, and tuning constants out of range."""
    names = [name for name in LABELS if name in given]
    labels = np.broadcast_arrays(*(text_of(given[name]) for name in names))  # over time only where one of them changes
    text = dict(zip(names, labels, strict=True))
    sectors, own = np.unique(text["sectors"][text["sectors"] != ""]), pd.Index(_by_sector(text))
    if not own.is_unique:
        raise InputError(
            f"industry_factors: {listed(own[own.duplicated()].unique())} in more than one sector. Give each part a name of "
            f"its own, as riskmodel.nested_industries does."
        )
    every = pd.Index([MARKET, *sectors, *own, *map(str, given["exposures"]["factor"].to_numpy())])
    if not every.is_unique:
        raise InputError(
            f"exposures, sectors: factors share a name: {listed(every[every.duplicated()].unique())}. "
            f"'{MARKET}' is the market's own; rename the style or the sector."
        )
    if huber is not None:
        require_bounded("huber", huber, HUBER)
    require_bounded("industry_names", industry_names, NAMES)
    require_bounded("thin_sector", thin_sector, THIN_SECTOR)


def require_weights(given: Mapping[str, xr.DataArray]) -> None:
    """Refuse weights and caps that are negative or infinite, by place."""
    for name in ("weights", "market_cap"):
        if name in given and not is_lazy(given[name]):
            values = given[name].to_numpy()
            wrong = (values < 0) | np.isinf(values)
            if wrong.any():
                named = listed(places(given[name].copy(data=wrong)))
                raise InputError(f"{name}: {counted(int(wrong.sum()), 'value')} negative or infinite: {named}.")


def _as_dataset(
    solved: list[Solution], specific_returns: np.ndarray, returns: xr.DataArray, labels: Mapping[str, list[str]]
) -> xr.Dataset:
    """The solved days under their labels."""

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in solved])

    dims: dict[str, tuple[str, ...]] = {
        "factor_returns": ("time", "factor"),
        "classical_standard_errors": ("time", "factor"),
        "r_squared": ("time",),
        "condition_number": ("time",),
        "names": ("time",),
        "downweighted": ("time",),
        "sector_shrinkage": ("time", "sector"),
        **({"industry_shrinkage": ("time", "industry")} if labels["industry"] else {}),
        "variance_inflation": ("time", "factor"),
        "flag": ("time",),
    }
    variables = {name: (of, joined(name)) for name, of in dims.items()}
    variables["specific_returns"] = (("time", "asset"), specific_returns)
    named = {dim: names for dim, names in labels.items() if names or dim != "industry"}
    coords = {"time": returns["time"], "asset": returns["asset"], **named}
    if solved[0].covariance is not None:
        covariance = joined("covariance")
        variance = np.diagonal(covariance, axis1=1, axis2=2)
        variables["robust_standard_errors"] = (("time", "factor"), np.sqrt(np.clip(variance, 0, None)))
        variables["estimation_error_covariance"] = (("time", "factor", "factor_other"), covariance)
        coords["factor_other"] = labels["factor"]
    return xr.Dataset(variables, coords=coords)
