"""Daily cross-sectional weighted least squares of returns on the market, sectors and styles, batched over days."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from riskmodel.errors import InputError, counted, listed
from riskmodel.exposures import MAD_TO_DEVIATION, row_median
from riskmodel.factors import MARKET

DAYS_AT_ONCE = 8  # keeps a chunk of the exposures in the processor's cache
LEAST_NAMES_PER_COEFFICIENT = 2
LARGEST_CONDITION = 1e6
HUBER_ROUNDS, HUBER_SETTLED = 100, 1e-12
SMALLEST_UNFITTED_SHARE = 1e-8  # 1 - leverage, below which a residual is rounding


@dataclass(frozen=True)
class Solution:
    """Some days solved, arrays with the day first; factors are [market, sectors, styles]."""

    factor_returns: np.ndarray
    standard_errors: np.ndarray
    covariance: np.ndarray | None
    specific_returns: np.ndarray
    r_squared: np.ndarray
    condition_number: np.ndarray
    names: np.ndarray
    downweighted: np.ndarray
    flag: np.ndarray


def cross_sectional_regression(
    *,
    returns: xr.DataArray,
    exposures: xr.DataArray,
    weights: xr.DataArray | None = None,
    sectors: xr.DataArray,
    market_cap: xr.DataArray,
    covariance: bool = True,
    huber: float | None = None,
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
    covariance
        Whether to compute the heteroskedasticity-consistent covariance of the factor returns (about half the work).
    huber
        Tuning constant of Huber's estimator, usually 1.345: residuals beyond that many robust deviations count less. By
        default plain least squares.

    Returns
    -------
    Dataset
        `factor_returns` (time, factor) with factors "market", the sectors in sorted order, the styles; `standard_errors`
        (classical) and, with `covariance`, `robust_standard_errors` and `covariance` (time, factor, factor_other);
        `specific_returns` (time, asset); by time `r_squared`, `condition_number`, `names`, `downweighted` (names that
        `huber` gives less weight) and `flag`, empty where the day is sound. Days that are flagged, styles left out and
        sectors without an estimating asset have NaN.

    Raises
    ------
    InputError
        Where labels differ, a label repeats, or a weight or cap is negative or infinite.

    Notes
    -----
    Minimises sum_i w_i u_i^2 in r_i = f_mkt + f_s(i) + sum_k X_ik f_k + u_i subject to sum_s c_s f_s = 0, c_s the sector's
    share of the cap. Without the market column the design has full rank: with g_s the sector coefficients,
    f_mkt = sum_s c_s g_s and f_s = g_s - f_mkt (Menchero, Orr & Wang 2011, section 3; Heston & Rouwenhorst 1994). The sector
    block of the normal equations is diagonal, so that it is eliminated by segment sums. The robust covariance is HC3
    (MacKinnon & White 1985): u_i / (1 - h_i) in place of u_i. R-squared is weighted and centred. Huber's weights are
    min(1, huber s / |sqrt(w_i) u_i|) with s the median absolute sqrt(w_i) u_i over 0.6745, iterated to a fixed point (Huber
    1981, section 7.8); errors and R-squared are those of the last weights.

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
    returns, given = _aligned(
        returns, {"exposures": exposures, "weights": weights, "sectors": sectors, "market_cap": market_cap}
    )
    exposures, sectors, market_cap = given["exposures"], given["sectors"], given["market_cap"]
    if "time" in sectors.dims:
        return _run_by_run(returns, given, covariance=covariance, huber=huber)
    sector = np.where(pd.isna(sectors.to_numpy()), "", sectors.to_numpy()).astype(str)
    names = np.unique(sector[sector != ""])
    order = np.argsort(np.where(sector == "", "\uffff", sector), kind="stable")
    keep = order[: int((sector != "").sum())]
    starts = np.searchsorted(sector[keep], names)
    styles = [str(f) for f in exposures["factor"].to_numpy()]
    factors = [MARKET, *names, *styles]

    r, x = returns.to_numpy(), exposures.transpose("time", "factor", "asset").to_numpy()
    cap = market_cap.to_numpy()
    w = np.sqrt(cap) if weights is None else given["weights"].to_numpy()
    in_order = np.array_equal(keep, np.arange(r.shape[1]))
    solved = []
    with threadpool_limits(limits=1, user_api="blas"):
        for first in range(0, len(r), DAYS_AT_ONCE):
            chunk = slice(first, first + DAYS_AT_ONCE)
            day_r, day_x, day_w, day_cap = (
                a[chunk] if in_order else np.take(a[chunk], keep, axis=-1) for a in (r, x, w, cap)
            )
            solved.append(_solve(day_r, day_x, day_w, day_cap, starts, names, robust=covariance, huber=huber))
    return _as_dataset(solved, returns, factors, keep)


def _solve(
    r: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    cap: np.ndarray,
    starts: np.ndarray,
    sectors: np.ndarray,
    *,
    robust: bool,
    huber: float | None,
) -> Solution:
    """Solve some days; r, w, cap are (day, asset), x is (day, style, asset), assets sorted by sector."""
    segment = np.diff(np.append(starts, r.shape[1]))
    empty = np.isnan(x)
    unfed = empty.all(axis=2)  # (day, style): left out that day
    blank = (empty & ~unfed[:, :, None]).any(axis=1)  # (day, asset): not covered
    if empty.any():
        x = np.where(empty, 0.0, x)
    seen = ~np.isnan(r) & ~blank
    used = seen & (w > 0) & (cap > 0)
    w, y, cap = np.where(used, w, 0.0), np.where(seen, r, 0.0), np.where(used, cap, 0.0)
    vacant = np.add.reduceat(w, starts, axis=-1) == 0  # (day, sector): nobody estimates it

    with np.errstate(invalid="ignore"):  # infinities, which are refused below
        gram, moment = _normal_equations(x, w, y, unfed, vacant, starts)
    if not (np.isfinite(gram).all() and np.isfinite(moment).all()):
        infinite = int(np.isinf(r).sum() + np.isinf(x).sum())
        raise InputError(f"returns, exposures: {counted(infinite, 'infinite value')}; use NaN for what is missing.")
    condition = _condition_number(gram)
    number = used.sum(axis=1)
    coefficients = gram.shape[1] - vacant.sum(axis=1) - unfed.sum(axis=1)
    thin = number < LEAST_NAMES_PER_COEFFICIENT * np.maximum(coefficients, 1)
    singular = ~thin & (condition > LARGEST_CONDITION)
    sound = ~thin & ~singular

    def solved(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        gram, moment = _normal_equations(x, weight, y, unfed, vacant, starts)
        gram[~sound] = np.eye(gram.shape[1])
        inverse = np.linalg.inv(gram)
        g = (inverse @ moment[..., None])[..., 0]
        s = len(starts)
        return inverse, g, y - np.repeat(g[:, :s], segment, axis=1) - (g[:, None, s:] @ x)[:, 0]

    inverse, g, residual = solved(w)
    downweighted, unsettled = np.zeros(len(r), dtype=np.int64), np.zeros(len(r), dtype=bool)
    if huber is not None:
        root, plain, share = np.sqrt(w), w, np.ones_like(w)
        for _ in range(HUBER_ROUNDS):
            before, share = share, _huber_share(root * residual, used, huber)
            unsettled = np.abs(share - before).max(axis=1) > HUBER_SETTLED
            if not unsettled.any():
                break
            w = plain * share
            inverse, g, residual = solved(w)
        downweighted = (used & (share < 1)).sum(axis=1)
    stranded = np.repeat(vacant, segment, axis=1)  # covered assets whose sector has no return that day
    error = np.where(used, residual, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = (w * error**2).sum(axis=1)
        mean = (w * y).sum(axis=1) / w.sum(axis=1)
        total = (w * np.where(used, y - mean[:, None], 0.0) ** 2).sum(axis=1)
        r_squared = np.where(sound & (total > 0), 1 - squares / total, np.nan)
        variance = squares / (number - coefficients)
        share = np.add.reduceat(cap, starts, axis=-1) / cap.sum(axis=1, keepdims=True)

    change = _restriction(share, x.shape[1])
    absent = np.concatenate([np.zeros((len(r), 1), bool), vacant, unfed], axis=1) | ~sound[:, None]
    with np.errstate(invalid="ignore"):
        classical = np.sqrt(((change @ inverse) * change).sum(axis=2) * variance[:, None])
    covariance = None
    if robust:
        covariance = change @ _robust(x, w, error, variance, inverse, starts, segment) @ change.transpose(0, 2, 1)
        covariance = np.where(absent[:, :, None] | absent[:, None, :], np.nan, covariance)
    return Solution(
        factor_returns=np.where(absent, np.nan, (change @ g[..., None])[..., 0]),
        standard_errors=np.where(absent, np.nan, classical),
        covariance=covariance,
        specific_returns=np.where(seen & ~stranded & sound[:, None], residual, np.nan),
        r_squared=r_squared,
        condition_number=condition,
        names=number,
        downweighted=downweighted,
        flag=_flags(number, coefficients, thin, singular, condition, unsettled & sound, vacant, sectors),
    )


def _condition_number(gram: np.ndarray) -> np.ndarray:
    """Condition number of each day's weighted design, its columns scaled to length one."""
    scale = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1.0)
    eigenvalues = np.linalg.eigvalsh(gram / (scale[:, :, None] * scale[:, None, :]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(eigenvalues[:, -1] / np.maximum(eigenvalues[:, 0], 0.0)))


def _huber_share(scaled: np.ndarray, used: np.ndarray, huber: float) -> np.ndarray:
    """Huber's weights of weighted residuals, (day, asset): 1 up to `huber` robust deviations, then falling."""
    size = np.abs(scaled)
    limit = huber * MAD_TO_DEVIATION * row_median(np.where(used, size, np.nan))[:, None]
    return np.where(used & (size > limit), limit / np.where(size > 0, size, 1.0), 1.0)


def _normal_equations(
    x: np.ndarray, w: np.ndarray, y: np.ndarray, unfed: np.ndarray, vacant: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gram matrix and moments of [sector dummies, styles]; a coefficient left out gets a lone 1 on the diagonal."""
    s, k = len(starts), x.shape[1]
    xw = x * w[:, None, :]
    gram = np.zeros((len(x), s + k, s + k))
    sector, style = np.arange(s), np.arange(s, s + k)
    gram[:, sector, sector] = np.add.reduceat(w, starts, axis=-1) + vacant
    gram[:, s:, :s] = np.add.reduceat(xw, starts, axis=-1)
    gram[:, :s, s:] = gram[:, s:, :s].transpose(0, 2, 1)
    gram[:, s:, s:] = xw @ x.transpose(0, 2, 1)
    gram[:, style, style] += unfed
    moment = np.concatenate([np.add.reduceat(w * y, starts, axis=-1), (xw @ y[..., None])[..., 0]], axis=1)
    return gram, moment


def _flags(
    number: np.ndarray,
    coefficients: np.ndarray,
    thin: np.ndarray,
    singular: np.ndarray,
    condition: np.ndarray,
    unsettled: np.ndarray,
    vacant: np.ndarray,
    sectors: np.ndarray,
) -> np.ndarray:
    """What is wrong with each day, in words; empty where nothing is."""
    flag = np.full(len(number), "", dtype=object)
    for day in np.flatnonzero(thin | singular | unsettled | vacant.any(axis=1)):
        if thin[day]:
            flag[day] = f"thin: {number[day]} names for {coefficients[day]} coefficients"
        elif singular[day]:
            flag[day] = f"singular: condition number {condition[day]:.1e}"
        elif unsettled[day]:
            flag[day] = f"Huber weights still move after {HUBER_ROUNDS} rounds"
        else:
            flag[day] = f"no estimating name in {listed(sectors[vacant[day]])}"
    return flag


def _robust(
    x: np.ndarray,
    w: np.ndarray,
    error: np.ndarray,
    variance: np.ndarray,
    inverse: np.ndarray,
    starts: np.ndarray,
    segment: np.ndarray,
) -> np.ndarray:
    """HC3 covariance of the sector and style coefficients, (day, coefficient, coefficient).

    An asset alone in its sector is fitted exactly and tells nothing of its own variance: the day's classical one stands in.
    """
    s = len(starts)
    own = np.diagonal(inverse, axis1=1, axis2=2)[:, :s]
    work = inverse[:, s:, s:] @ x
    work += np.repeat(2 * inverse[:, s:, :s], segment, axis=2)
    leverage = np.repeat(own, segment, axis=1) + np.einsum("dkn,dkn->dn", work, x)
    share = 1 - w * leverage
    alone = share < SMALLEST_UNFITTED_SHARE
    squared = np.where(alone, w * variance[:, None], (w * error / np.where(alone, 1.0, share)) ** 2)
    xs = np.multiply(x, squared[:, None, :], out=work)
    meat = np.zeros_like(inverse)
    diagonal = np.arange(s)
    meat[:, diagonal, diagonal] = np.add.reduceat(squared, starts, axis=-1)
    meat[:, s:, :s] = np.add.reduceat(xs, starts, axis=-1)
    meat[:, :s, s:] = meat[:, s:, :s].transpose(0, 2, 1)
    meat[:, s:, s:] = xs @ x.transpose(0, 2, 1)
    return np.asarray(inverse @ meat @ inverse)


def _restriction(share: np.ndarray, styles: int) -> np.ndarray:
    """Map from [g_s, f_k] to [f_mkt, f_s, f_k]: f_mkt = sum c_s g_s, f_s = g_s - f_mkt; (day, factor, coefficient)."""
    days, sectors = share.shape
    change = np.zeros((days, 1 + sectors + styles, sectors + styles))
    change[:, 0, :sectors] = np.nan_to_num(share)
    change[:, 1 : 1 + sectors, :sectors] = np.eye(sectors) - np.nan_to_num(share)[:, None, :]
    change[:, 1 + sectors :, sectors:] = np.eye(styles)
    return change


def _run_by_run(
    returns: xr.DataArray, given: dict[str, xr.DataArray], *, covariance: bool, huber: float | None
) -> xr.Dataset:
    """Sectors that change: solve each run of days with the same sectors by itself; a sector without a name is NaN."""
    labels = given["sectors"].fillna("").to_numpy().astype(str)
    changes = np.flatnonzero((labels[1:] != labels[:-1]).any(axis=1)) + 1
    runs = [slice(a, b) for a, b in pairwise([0, *changes, len(labels)])]
    parts = []
    for run in runs:
        of_run = {name: array.isel(time=run) for name, array in given.items()}
        of_run["sectors"] = of_run["sectors"].isel(time=0, drop=True)
        parts.append(
            cross_sectional_regression(returns=returns.isel(time=run), covariance=covariance, huber=huber, **of_run)
        )
    factors = [MARKET, *np.unique(labels[labels != ""]), *map(str, given["exposures"]["factor"].to_numpy())]
    onto = {"factor": factors} | ({"factor_other": factors} if covariance else {})
    return xr.concat([part.reindex(onto) for part in parts], dim="time")


def _aligned(returns: xr.DataArray, given: dict[str, xr.DataArray | None]) -> tuple[xr.DataArray, dict[str, xr.DataArray]]:
    """Every argument on the labels of `returns`, in the order of its dimensions."""
    arrays = {name: array for name, array in given.items() if array is not None}
    wanted = {"exposures": [{"time", "asset", "factor"}], "sectors": [{"asset"}, {"time", "asset"}]}
    for name, array in {"returns": returns, **arrays}.items():
        allowed = wanted.get(name, [{"time", "asset"}])
        if set(array.dims) not in allowed:
            raise InputError(
                f"{name}: dimensions are {array.dims}, not {' or '.join(str(tuple(sorted(d))) for d in allowed)}."
            )
        for dim in set(array.dims) & set(array.coords):
            index = array.get_index(dim)
            if not index.is_unique:
                raise InputError(f"{name}: labels of '{dim}' repeat: {listed(index[index.duplicated()].unique())}.")
    out = {}
    for name, array in arrays.items():
        for dim in {"time", "asset"} & set(array.dims):
            own, other = returns.get_index(dim), array.get_index(dim)
            lost = own.difference(other, sort=False).append(other.difference(own, sort=False))
            if len(lost):
                raise InputError(
                    f"{name}: {counted(len(lost), 'label')} of '{dim}' do not match those of returns: {listed(lost)}. "
                    f"Align them first, e.g. with xarray.align."
                )
            if not own.equals(other):
                array = array.sel({dim: own})
        out[name] = array.transpose(*[d for d in ("time", "factor", "asset") if d in array.dims])
    for name in {"weights", "market_cap"} & out.keys():
        values = out[name].to_numpy()
        wrong = (values < 0) | np.isinf(values)
        if wrong.any():
            raise InputError(f"{name}: {counted(int(wrong.sum()), 'value')} negative or infinite.")
    return returns.transpose("time", "asset"), out


def _as_dataset(solved: list[Solution], returns: xr.DataArray, factors: list[str], keep: np.ndarray) -> xr.Dataset:
    """The solved days under their labels; assets that were set aside get NaN."""

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in solved])

    specific = np.full(returns.shape, np.nan)
    specific[:, keep] = joined("specific_returns")
    dims: dict[str, tuple[str, ...]] = {
        "factor_returns": ("time", "factor"),
        "standard_errors": ("time", "factor"),
        "r_squared": ("time",),
        "condition_number": ("time",),
        "names": ("time",),
        "downweighted": ("time",),
        "flag": ("time",),
    }
    variables = {name: (of, joined(name)) for name, of in dims.items()}
    variables["specific_returns"] = (("time", "asset"), specific)
    coords = {"time": returns["time"], "asset": returns["asset"], "factor": factors}
    if solved[0].covariance is not None:
        covariance = joined("covariance")
        variance = np.diagonal(covariance, axis1=1, axis2=2)
        variables["robust_standard_errors"] = (("time", "factor"), np.sqrt(np.clip(variance, 0, None)))
        variables["covariance"] = (("time", "factor", "factor_other"), covariance)
        coords["factor_other"] = factors
    return xr.Dataset(variables, coords=coords)
