"""Cross-sectional regression on several families of groups at once: countries, industries, currencies beside styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import MODEL_ARRAYS, aligned, require_flag
from riskmodel.arrays.threads import kernel_threads, one_blas_thread
from riskmodel.errors import InputError, listed
from riskmodel.estimation.family_day import FamilyDay, solve_day
from riskmodel.estimation.regression import HETEROSKEDASTIC, require_weights, text_of
from riskmodel.factors import MARKET

STYLE = "style"  # the group of a factor that is no family's


def family_regression(
    *,
    returns: xr.DataArray | pd.DataFrame,
    exposures: xr.DataArray,
    families: Mapping[str, xr.DataArray | pd.DataFrame | pd.Series],
    market_cap: xr.DataArray | pd.DataFrame,
    weights: xr.DataArray | pd.DataFrame | None = None,
    covariance: bool = True,
) -> xr.Dataset:
    """Factor returns of every day on the market, several families of groups and styles, with errors and specific returns.

    Parameters
    ----------
    returns
        (time, asset), decimals. NaN: the asset is left out that day.
    exposures
        (time, asset, factor) of the styles; row t is what applies to the return of t (the caller has lagged), as in every
        argument. An asset with a NaN exposure is not covered that day; a style that is NaN for every asset is left out.
    families
        Name of a family -> (asset) or (time, asset) labels, e.g. {"country": ..., "industry": ...}: each asset is in one
        group of each family. An asset with an empty or missing label in any of them is not covered. Where two families
        cannot be told apart, the earlier one has the return.
    market_cap
        (time, asset), in any unit: the returns of each family's groups, weighted by the caps of the estimating assets, sum
        to zero.
    weights
        (time, asset), least-squares weights; NaN or 0 keeps an asset out of the estimation but leaves it its specific
        return. By default the square root of `market_cap`.
    covariance
        Whether to compute the HC3 covariance of the factor returns.

    Returns
    -------
    Dataset
        `factor_returns` (time, factor): "market", the groups family by family in sorted order, the styles; the coordinate
        `group` (factor) has each one's family, "market" or "style". `classical_standard_errors` and, with `covariance`,
        `robust_standard_errors` (time, factor) and `estimation_error_covariance` (time, factor, factor_other), of HC3;
        `specific_returns` (time, asset); by time `r_squared` (weighted, centred), `condition_number` of the restricted
        design, `names` and `flag`, empty where the day is sound, else the text of a `riskmodel.Fact`. A group without an
        estimating asset is NaN and named (`vacant_groups`); a group that the families before it determine has the return
        zero, no error, and is named (`aliased`); a day that is `thin` or `singular` is NaN. Attributes: `errors`, "HC3",
        and `zero_sums`, the families whose cap-weighted returns sum to zero. Held in memory, whatever holds the arguments.

    Raises
    ------
    InputError
        Where labels differ or repeat, two factors share a name, or a weight or cap is negative or infinite.

    See Also
    --------
    cross_sectional_regression : One family, with industries nested in it, thin sectors and Huber's weights.

    Notes
    -----
    Minimises sum_i w_i u_i^2 in r_i = f_mkt + sum_F f_F,g(i) + sum_k X_ik f_k + u_i subject to sum_g c_g f_F,g = 0 in each
    family F, c_g the group's share of the cap (Heston & Rouwenhorst 1994; Menchero & Morozov 2011). Dummies are never
    written out: their part of the normal equations is sums of weights over groups and pairs of groups, and segment sums of
    styles; f = C b puts the restrictions in. Days are solved one by one in blocks of names: memory beyond the
    arguments and the answer is about two copies of a day's exposures for each core.

    Examples
    --------
    >>> names = {"asset": list("ABCDEFGH")}
    >>> country = xr.DataArray(["JP"] * 4 + ["US"] * 4, names, ("asset",))
    >>> industry = xr.DataArray(["Banks", "Cars"] * 4, names, ("asset",))
    >>> returns = 0.01 + 0.02 * (country == "US") + 0.04 * (industry == "Cars")
    >>> fit = family_regression(
    ...     returns=returns.expand_dims("time"),
    ...     exposures=xr.DataArray(np.zeros((1, 8, 0)), names | {"factor": []}, ("time", "asset", "factor")),
    ...     families={"country": country, "industry": industry},
    ...     market_cap=xr.DataArray(np.ones((1, 8)), names, ("time", "asset")),
    ... )
    >>> dict(zip(fit["factor"].values.tolist(), fit["factor_returns"].values[0].round(4).tolist()))
    {'market': 0.04, 'JP': -0.01, 'US': 0.01, 'Banks': -0.02, 'Cars': 0.02}
    """
    labels = _named(families)
    given = aligned(
        {"returns": returns, "exposures": exposures, **labels, "market_cap": market_cap, "weights": weights},
        MODEL_ARRAYS | dict.fromkeys(labels, MODEL_ARRAYS["sectors"]),
    )
    require_flag("covariance", covariance)
    require_weights(given)
    codes, names = _coded({family: text_of(given[of]) for family, of in zip(families, labels, strict=True)})
    styles = [str(style) for style in given["exposures"]["factor"].to_numpy()]
    groups = [name for of_family in names.values() for name in of_family]
    factors = pd.Index([MARKET, *groups, *styles])
    if not factors.is_unique:
        raise InputError(
            f"families, exposures: factors share a name: {listed(factors[factors.duplicated()].unique())}. "
            f"Give each group and style a name of its own, e.g. with its family in front; '{MARKET}' is the market's."
        )
    ends = np.cumsum([0, *map(len, names.values())])
    places = [slice(int(a), int(b)) for a, b in pairwise(ends)]
    r, x, cap = (given[name].to_numpy() for name in ("returns", "exposures", "market_cap"))
    w = given["weights"].to_numpy() if "weights" in given else None
    specific = np.full(r.shape, np.nan)

    def solve(day: int) -> FamilyDay:
        own = np.array([of[day if len(of) > 1 else 0] for of in codes])
        weight = np.sqrt(cap[day]) if w is None else w[day]
        solved, specific[day] = solve_day(r[day], x[day], weight, cap[day], own, places, groups, robust=covariance)
        return solved

    with one_blas_thread(), ThreadPoolExecutor(kernel_threads()) as threads:
        days = list(threads.map(solve, range(len(r))))
    of_factor = [MARKET, *(family for family, of in names.items() for _ in of), *[STYLE] * len(styles)]
    coords = {"time": given["returns"]["time"], "asset": given["returns"]["asset"], "factor": list(factors)}
    return _as_dataset(days, specific, coords | {"group": ("factor", of_factor)}).assign_attrs(
        errors=HETEROSKEDASTIC, zero_sums=list(names)
    )


def _named(families: object) -> dict[str, object]:
    """The labels by what messages call them, or what is wrong with the families' names."""
    if not isinstance(families, Mapping) or not families:
        what = "is empty" if isinstance(families, Mapping) else f"is of type {type(families).__name__}, not a dict"
        raise InputError(f"families: {what}. Give the labels of each family by its name, e.g. {{'country': ...}}.")
    odd = [name for name in families if not isinstance(name, str) or name in ("", MARKET, STYLE)]
    if odd:
        raise InputError(f"families: no family may be called {listed(map(repr, odd))}. Give names such as 'country'.")
    missing = [name for name, labels in families.items() if labels is None]
    if missing:
        raise InputError(f"families: no labels of {listed(missing)}. Give each asset's group.")
    return {f"families[{name!r}]": labels for name, labels in families.items()}


def _coded(text: Mapping[str, np.ndarray]) -> tuple[list[np.ndarray], dict[str, list[str]]]:
    """Of each family (day or one, asset) places among all groups, -1 for none; and the names of its groups."""
    codes, names, before = [], {}, 0
    for family, labels in text.items():
        code, groups = pd.factorize(labels.ravel(), sort=True)
        some = groups != ""
        if not some.any():
            raise InputError(f"families: no asset has a label of '{family}'. Give each asset's group, or leave it out.")
        place = np.where(some, np.cumsum(some) - 1 + before, -1).astype(np.int32)
        codes.append(place[code].reshape(-1, labels.shape[-1]))
        names[family] = [str(group) for group in groups[some]]
        before += len(names[family])
    return codes, names


def _as_dataset(days: Sequence[FamilyDay], specific: np.ndarray, coords: Mapping[str, object]) -> xr.Dataset:
    """The solved days under their labels."""
    by_factor, by_day = ("factor_returns", "classical_standard_errors"), ("r_squared", "condition_number", "names")
    variables: dict[str, object] = {
        name: (("time", "factor"), np.stack([getattr(day, name) for day in days])) for name in by_factor
    }
    variables |= {name: ("time", np.array([getattr(day, name) for day in days])) for name in by_day}
    variables["flag"] = ("time", np.array([day.flag for day in days], dtype=object))
    variables["specific_returns"] = (("time", "asset"), specific)
    covariances = [day.covariance for day in days if day.covariance is not None]
    if covariances:
        covariance = np.stack(covariances)
        variance = np.diagonal(covariance, axis1=1, axis2=2)
        variables["robust_standard_errors"] = (("time", "factor"), np.sqrt(np.clip(variance, 0, None)))
        variables["estimation_error_covariance"] = (("time", "factor", "factor_other"), covariance)
        coords = {**coords, "factor_other": coords["factor"]}
    return xr.Dataset(variables, coords=coords)
