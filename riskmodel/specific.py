"""Forecast of specific risk: time series, structural model, shrinkage by size, volatility regime; linked share classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from riskmodel.errors import InputError, counted, listed
from riskmodel.linked import issuers
from riskmodel.rolling import decayed_sum

DAYS_AT_ONCE = 2  # keeps the windows of a chunk near the processor
SMALLEST_SERIAL_RATIO = 0.1  # of the variance with serial correlation to the one without
OUTLIER_BOUND = 10.0  # robust deviations
IQR_TO_DEVIATION = 1 / 1.3489795003921634  # the normal distribution's distance between quartiles
LEAST_NAMES_PER_COEFFICIENT = 2
LARGEST_CONDITION = 1e6
SMALLEST_VARYING_SHARE = 1e-10  # of a column's sum of squares, below which it does not vary inside the sectors
REGIME_HALF_LIVES = 10  # the regime looks no further back: its weights there are below a thousandth


@dataclass(frozen=True)
class SpecificRiskSettings:
    """Choices of the specific-risk forecast; half-lives and histories are numbers of sessions."""

    half_life: float = 84  # of the time-series variance
    lags: int = 5  # of the serial correlation; 0 leaves it out
    lag_half_life: float = 252  # of the serial correlation
    least_history: int = 20  # observations below which there is no time-series forecast
    structural: bool = True  # whether names with little or disturbed history are blended with the structural model
    short_history: int = 60  # observations up to which the structural model stands alone
    full_history: int = 180  # observations from which it is not needed
    shrinkage: float = 0.1  # q of the shrinkage to the mean of the size group; 0 leaves it out
    size_groups: int = 10
    regime_half_life: float | None = 42  # of the volatility-regime adjustment; None leaves it out

    def __post_init__(self) -> None:
        for name in ("half_life", "lag_half_life", "regime_half_life"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise InputError(f"{name}: {value:g} is not a half-life; give a number of sessions above 0.")
        for name, least in {"lags": 0, "least_history": 1, "short_history": 0, "shrinkage": 0, "size_groups": 1}.items():
            if not least <= getattr(self, name) < np.inf:
                raise InputError(f"{name}: {getattr(self, name):g} is out of range; give at least {least}.")
        if self.full_history <= self.short_history:
            raise InputError(f"full_history: {self.full_history} is not above short_history, {self.short_history}.")


SHORT_HORIZON = SpecificRiskSettings()
LONG_HORIZON = SpecificRiskSettings(half_life=252, regime_half_life=168)


def specific_risk(
    specific_returns: xr.DataArray,
    market_cap: xr.DataArray,
    exposures: xr.DataArray | None = None,
    sectors: xr.DataArray | None = None,
    settings: SpecificRiskSettings = SHORT_HORIZON,
    *,
    times: object = None,
    linked: xr.DataArray | pd.Series | None = None,
) -> xr.Dataset:
    """Forecast the volatility of every asset's specific return, as seen from the close of each requested date.

    Parameters
    ----------
    specific_returns
        (time, asset), decimals; `time` sorted. NaN is not observed, and never taken as 0.
    market_cap
        (time, asset), in any unit, stamped with the close at which it is known. An asset with NaN or 0 is not in the
        market at that close and gets no forecast.
    exposures
        (time, asset, factor) of the styles, stamped with the close at which they are known (not lagged). An asset with a
        NaN has no structural forecast that day; a style that is NaN for every asset is left out that day.
    sectors
        (asset) labels; an asset with an empty or missing one has no structural forecast.
    times
        Dates of the forecasts, one or several of those of `specific_returns`; by default the last.
    linked
        (asset) labels of issuers. A share class without a full history takes the time series of its issuer's class
        with the longest. `linked_correlation` is for portfolios.

    Returns
    -------
    Dataset
        By (time, asset): `volatility`, daily, not annualised, positive or NaN; `time_series_volatility`,
        `structural_volatility`; `blend`, the share of the former; `shrinkage`, the weight of the size group's mean;
        `history`, the observations so far. By time: `regime_multiplier`; `estimating_names` of the structural model and
        `flag`, why there is none; `floored`, names whose serial correlation met its floor; `unserved`, names in the
        market without a forecast.

    Raises
    ------
    InputError
        Where labels differ or repeat, time is not sorted, a value is infinite, a cap negative, a date unknown, or no
        asset has history enough.

    Notes
    -----
    With z the observed returns (0 elsewhere), o = 1 where observed, weights w, v, y halving every `half_life`,
    `lag_half_life`, `regime_half_life`, and c the cap weights::

        TS^2 = a sum_t w_t z_t^2 / sum_t w_t o_t       about zero, the mean of a specific return
        a    = 1 + 2 sum_{l<=L} (1 - l / (L + 1)) sum_t sqrt(v_t v_{t-l}) z_t z_{t-l} / sum_t v_t z_t^2
        g    = clip((h - short) / (full - short), 0, 1) min(1, exp(1 - Z)),    Z = |d / D - 1|
        STR  = E0 exp(fitted ln TS),    E0 the mean of TS / exp(fitted), weights g c
        S    = g TS + (1 - g) STR
        s    = v m + (1 - v) S,    v = q |S - m| / (Delta + q |S - m|),    Delta^2 = mean (S - m)^2
        volatility = lambda s,    lambda_t^2 = sum_r y_r B_r^2 / sum_r y_r,    B_r^2 = sum_i c_i,r-1 (u_i,r / s_i,r-1)^2

    h is the history, D the distance between quartiles / 1.349 and d the root mean square of returns clipped at +- 10 D,
    over the last `full_history` sessions. ln TS is regressed on sectors, styles and ln(1 + h) with weights g sqrt(cap);
    fitted values stay in the range of its ln TS. m is the cap-weighted mean of a group of equal numbers by cap.

    Menchero, Orr & Wang (2011), methodology notes, section 5; Newey & West (1987). Theirs estimates on names with g = 1,
    without ln(1 + h): both are measured in docs/methodology/specific_risk.md.

    Examples
    --------
    >>> names = {"time": pd.date_range("2024-01-01", periods=300), "asset": [f"A{i}" for i in range(200)]}
    >>> u = xr.DataArray(np.random.default_rng(0).normal(0, 0.02, (300, 200)), names, ("time", "asset"))
    >>> specific_risk(u, market_cap=1 + 0 * u)["volatility"].mean().round(3).item()
    0.02
    """
    arrays = _aligned(specific_returns, {"market_cap": market_cap, "exposures": exposures, "sectors": sectors})
    u = arrays["specific_returns"]
    requested = _positions(u.get_index("time"), times)
    end = int(requested.max()) + 1  # nothing after the last requested date is looked at
    returns = np.ascontiguousarray(u[:end].to_numpy(), dtype=float)
    cap = np.nan_to_num(arrays["market_cap"][:end].to_numpy().astype(float))
    sector = np.zeros(returns.shape[1], dtype=int)
    if "sectors" in arrays:
        label = pd.Series(arrays["sectors"].to_numpy(), dtype=object)
        sector = pd.factorize(label.where(label != ""), sort=True)[0]  # -1 for none
    classes = issuers(u.get_index("asset"), linked)
    days = np.unique(requested)
    if settings.regime_half_life is not None:
        window = int(np.ceil(REGIME_HALF_LIVES * settings.regime_half_life))
        days = np.arange(max(int(days[0]) - window, 0), end)

    parts = []
    with threadpool_limits(limits=1, user_api="blas"):
        series, floored = time_series_volatility(returns, settings)
        history = np.cumsum(~np.isnan(returns), axis=0)
        series[history < settings.least_history] = np.nan
        for at in np.split(days, range(DAYS_AT_ONCE, len(days), DAYS_AT_ONCE)):
            blend = history_blend(returns, history, at, settings)
            ts, known, blend = _borrowed(series[at], history[at], blend, classes, settings.full_history)
            ts = np.where(cap[at] > 0, ts, np.nan)
            x = arrays["exposures"][at].to_numpy() if "exposures" in arrays else np.empty((len(at), 0, returns.shape[1]))
            model = structural_volatility(ts, blend, cap[at], x, sector, known, switched_on=settings.structural)
            modelled = model["structural_volatility"]
            blend = np.where(np.isnan(ts), 0.0, np.where(np.isnan(modelled), 1.0, blend))
            mixed = blend * np.where(blend > 0, ts, 0.0) + (1 - blend) * np.where(blend < 1, modelled, 0.0)
            blend[np.isnan(mixed)] = np.nan
            shrunk, weight = shrink_to_size(mixed, cap[at], settings.shrinkage, settings.size_groups)
            model |= {"time_series_volatility": ts, "blend": blend, "shrinkage": weight, "volatility": shrunk}
            model |= {"history": history[at], "floored": (floored[at] & ~np.isnan(ts)).sum(axis=1)}
            parts.append(model | {"unserved": ((cap[at] > 0) & np.isnan(shrunk)).sum(axis=1)})
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    multiplier = np.ones(len(days))
    if settings.regime_half_life is not None:
        multiplier = regime_multiplier(returns[days], whole["volatility"], cap[days], settings.regime_half_life)
    whole |= {"volatility": whole["volatility"] * multiplier[:, None], "regime_multiplier": multiplier}
    rows = np.searchsorted(days, requested)
    if np.isnan(whole["volatility"][rows]).all():
        raise InputError(
            f"specific_returns: no asset can be given a forecast: the longest history has "
            f"{counted(int(history[requested].max(initial=0)), 'observation')}. An asset needs {settings.least_history} "
            f"and a market_cap."
        )
    return xr.Dataset(
        {name: (("time", "asset")[: values.ndim], values[rows]) for name, values in whole.items()},
        coords={"time": u["time"][requested], "asset": u["asset"]},
    )


def time_series_volatility(returns: np.ndarray, settings: SpecificRiskSettings) -> tuple[np.ndarray, np.ndarray]:
    """TS of `specific_risk` on every day, and where its serial correlation met the floor; (time, asset) each.

    NaN until the first return other than 0. With these weights a is a quadratic form, never negative: only values next
    to 0 meet the floor.
    """
    present = ~np.isnan(returns)
    z = np.where(present, returns, 0.0)
    squared, cross = z**2, np.zeros_like(z)
    for lag in range(1, min(settings.lags, len(z) - 1) + 1):
        kernel = (1 - lag / (settings.lags + 1)) * 0.5 ** (lag / (2 * settings.lag_half_life))
        cross[lag:] += kernel * z[lag:] * z[:-lag]
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = decayed_sum(squared, settings.half_life) / decayed_sum(present.astype(float), settings.half_life)
        ratio = 1 + 2 * decayed_sum(cross, settings.lag_half_life) / decayed_sum(squared, settings.lag_half_life)
        volatility = np.sqrt(variance * np.maximum(ratio, SMALLEST_SERIAL_RATIO))
    return np.where(volatility > 0, volatility, np.nan), ratio < SMALLEST_SERIAL_RATIO


def history_blend(returns: np.ndarray, history: np.ndarray, at: np.ndarray, settings: SpecificRiskSettings) -> np.ndarray:
    """Share g of `specific_risk` on the days `at`, (day, asset): is an asset's history long and undisturbed?"""
    window = settings.full_history
    first = int(at.min()) - window + 1
    recent = returns[max(first, 0) : int(at.max()) + 1].T
    recent = np.pad(recent, ((0, 0), (max(-first, 0), 0)), constant_values=np.nan)
    views = np.lib.stride_tricks.sliding_window_view(recent, window, axis=1)
    ordered = np.sort(views[:, at - int(at.min())], axis=-1)  # (asset, day, window), NaN last
    count = (~np.isnan(ordered)).sum(axis=-1)

    def quantile(share: float) -> np.ndarray:
        last = np.maximum(count - 1, 0)
        low = (share * last).astype(int)
        below, above = (
            np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0] for place in (low, np.minimum(low + 1, last))
        )
        return np.asarray(below + (share * last - low) * (above - below))

    robust = IQR_TO_DEVIATION * (quantile(0.75) - quantile(0.25))
    bound = OUTLIER_BOUND * robust
    extreme = (quantile(1.0) > bound) | (-quantile(0.0) > bound)
    ordered[count < window] = np.nan_to_num(ordered[count < window])
    ordered[extreme] = np.clip(ordered[extreme], -bound[extreme, None], bound[extreme, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.abs(np.sqrt(np.einsum("adw,adw->ad", ordered, ordered) / count) / robust - 1).T
    undisturbed = np.where(np.isnan(excess), 0.0, np.minimum(1, np.exp(1 - excess)))  # NaN: half the returns are equal
    grown = (history[at] - settings.short_history) / (settings.full_history - settings.short_history)
    return np.clip(grown, 0, 1) * undisturbed


def structural_volatility(
    ts: np.ndarray,
    blend: np.ndarray,
    cap: np.ndarray,
    x: np.ndarray,
    sector: np.ndarray,
    history: np.ndarray,
    *,
    switched_on: bool = True,
) -> dict[str, np.ndarray]:
    """STR of `specific_risk` on some days, (day, asset), with `estimating_names` and `flag`, (day).

    `x` is (day, style, asset), `sector` (asset) codes, -1 for none, the rest (day, asset). The sectors are taken out of both
    sides by their weighted means (Frisch & Waugh 1933); one without an estimating name takes the mean level of the others,
    and a column that does not vary inside the sectors gets coefficient 0.
    """
    x = np.concatenate([x, np.log1p(history)[:, None, :]], axis=1)
    empty = np.isnan(x)
    covered = (cap > 0) & (sector >= 0) & ~(empty & ~empty.all(axis=2, keepdims=True)).any(axis=1)
    x = np.where(empty, 0.0, x)
    used = covered & (blend > 0) & ~np.isnan(ts)
    w, y = np.where(used, blend * np.sqrt(cap), 0.0), np.log(np.where(used, ts, 1.0))
    member = (sector[:, None] == np.arange(sector.max(initial=0) + 1)).astype(float)

    weight = w @ member
    divisor = np.where(weight > 0, weight, 1.0)
    mean_y, mean_x = (w * y) @ member / divisor, (w[:, None, :] * x) @ member / divisor[:, None, :]
    within = x - mean_x[:, :, sector]
    weighted = w[:, None, :] * within
    gram = weighted @ within.transpose(0, 2, 1)
    moment = (weighted @ (y - mean_y[:, sector])[..., None])[..., 0]
    size = np.diagonal(gram, axis1=1, axis2=2)
    varying = size > SMALLEST_VARYING_SHARE * (w[:, None, :] * x**2).sum(axis=2)
    scale = np.where(varying, np.sqrt(np.where(varying, size, 1.0)), np.inf)
    scaled = gram / (scale[:, :, None] * scale[:, None, :]) + np.eye(x.shape[1]) * ~varying[:, None, :]
    eigenvalues = np.linalg.eigvalsh(scaled)
    names, coefficients = used.sum(axis=1), (weight > 0).sum(axis=1) + varying.sum(axis=1)
    thin = names < LEAST_NAMES_PER_COEFFICIENT * np.maximum(coefficients, 1)
    singular = eigenvalues[:, 0] * LARGEST_CONDITION**2 < eigenvalues[:, -1]
    unsound = thin | singular | (not switched_on)
    scaled[unsound] = np.eye(x.shape[1])
    b = np.linalg.solve(scaled, (moment / scale)[..., None])[..., 0] / scale

    level = mean_y - (b[:, None, :] @ mean_x)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        general = (weight * level).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        fitted = np.where(weight > 0, level, general)[:, sector] + (b[:, None, :] @ x)[:, 0]
        low, high = np.where(used, y, np.inf).min(axis=1), np.where(used, y, -np.inf).max(axis=1)
        predicted = np.exp(np.clip(fitted, low[:, None], high[:, None]))
        share = np.where(used, blend * cap, 0.0)
        e0 = (share * np.where(used, ts / predicted, 0.0)).sum(axis=1) / share.sum(axis=1)
    return {
        "structural_volatility": np.where(covered & ~unsound[:, None], e0[:, None] * predicted, np.nan),
        "estimating_names": np.where(unsound, 0, names),
        "flag": np.select([np.full(len(ts), not switched_on), thin, singular], ["switched off", "thin", "singular"], ""),
    }


def shrink_to_size(volatility: np.ndarray, cap: np.ndarray, q: float, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts s of `specific_risk`, shrunk to the mean of their size group, and the weights v of the mean; (day, asset).

    The groups hold equal numbers of the assets with a forecast; assets of equal cap share one.
    """
    present = ~np.isnan(volatility)
    ordered = np.sort(np.where(present, cap, np.inf), axis=1)
    smaller = np.stack([np.searchsorted(row, own) for row, own in zip(ordered, cap, strict=True)])
    group = np.minimum(groups * smaller // np.maximum(present.sum(axis=1, keepdims=True), 1), groups - 1)
    cell = (group + groups * np.arange(len(cap))[:, None]).ravel()

    def total(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.bincount(cell, weights=np.where(present, values, 0.0).ravel())[cell].reshape(cap.shape))

    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total(cap * volatility) / total(cap)
        distance = np.abs(volatility - mean)
        spread = np.sqrt(total(distance**2) / total(np.ones_like(cap)))
        weight = np.where(q * distance > 0, q * distance / (spread + q * distance), 0.0)
    weight = np.where(present, weight, np.nan)
    return weight * mean + (1 - weight) * volatility, weight


def regime_multiplier(returns: np.ndarray, volatility: np.ndarray, cap: np.ndarray, half_life: float) -> np.ndarray:
    """Multiplier lambda of `specific_risk` from consecutive days of returns, forecasts s and caps; 1 until there is one."""
    window = int(np.ceil(REGIME_HALF_LIVES * half_life))
    with np.errstate(invalid="ignore", divide="ignore"):
        squared = (returns[1:] / volatility[:-1]) ** 2
        weight = np.where(np.isnan(squared), 0.0, cap[:-1])
        bias = (weight * np.nan_to_num(squared)).sum(axis=1) / weight.sum(axis=1)
        both = decayed_sum(np.stack([np.nan_to_num(bias), ~np.isnan(bias)], axis=1), half_life)
        both[window:] -= 0.5 ** (window / half_life) * both[:-window].copy()
        square = both[:, 0] / both[:, 1]
    return np.sqrt(np.concatenate([[1.0], np.where(square > 0, square, 1.0)]))


def _borrowed(
    series: np.ndarray, history: np.ndarray, blend: np.ndarray, issuers: dict[str, np.ndarray], full: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Series, history and blend in which short share classes stand on their issuer's longest one; (day, asset) each."""
    out = series.copy(), history.copy(), blend.copy()
    day = np.arange(len(series))[:, None]
    for columns in issuers.values():
        own = history[:, columns]
        longest = columns[own.argmax(axis=1)][:, None]
        takes = (own < full) & (own < history[day, longest])
        for new, old in zip(out, (series, history, blend), strict=True):
            new[:, columns] = np.where(takes, old[day, longest], old[:, columns])
    return out


def _aligned(returns: xr.DataArray, given: dict[str, xr.DataArray | None]) -> dict[str, xr.DataArray]:
    """Every argument checked and on the labels of `specific_returns`, as (time, factor, asset)."""
    arrays = {"specific_returns": returns} | {name: array for name, array in given.items() if array is not None}
    wanted = {"exposures": ("time", "asset", "factor"), "sectors": ("asset",)}
    out = {}
    for name, array in arrays.items():
        dims = wanted.get(name, ("time", "asset"))
        if set(array.dims) != set(dims):
            raise InputError(f"{name}: dimensions are {array.dims}, not {dims}.")
        for dim in dims[:2] if "time" in dims else dims:
            own, other = array.get_index(dim), returns.get_index(dim)
            if not own.is_unique:
                raise InputError(f"{name}: labels of '{dim}' repeat: {listed(own[own.duplicated()].unique())}.")
            if len(lost := own.symmetric_difference(other, sort=False)):
                raise InputError(
                    f"{name}: {counted(len(lost), 'label')} of '{dim}' do not match those of specific_returns: "
                    f"{listed(lost)}. Align them first, e.g. with xarray.align."
                )
            array = array if own.equals(other) else array.sel({dim: other})
        out[name] = array.transpose(*[d for d in ("time", "factor", "asset") if d in dims])
        if name != "sectors" and (infinite := int(np.isinf(array.to_numpy()).sum())):
            raise InputError(f"{name}: {counted(infinite, 'infinite value')}; use NaN for what is missing.")
    if not (returns.size and returns.get_index("time").is_monotonic_increasing):
        raise InputError("specific_returns: empty, or 'time' is not sorted. Sort it first, with .sortby('time').")
    if "market_cap" in out and (negative := int((out["market_cap"] < 0).sum())):
        raise InputError(f"market_cap: {counted(negative, 'negative value')}.")
    return out


def _positions(index: pd.Index, times: object) -> np.ndarray:
    """Where the requested dates lie; the last one by default."""
    wanted = index[-1:] if times is None else pd.Index(np.atleast_1d(np.asarray(times, dtype=index.dtype)))
    unknown = wanted.difference(index)
    if len(unknown) or not len(wanted):
        raise InputError(f"times: {counted(len(unknown), 'date')} not among the specific returns: {listed(unknown)}.")
    return np.asarray(index.get_indexer(wanted))
