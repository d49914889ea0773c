"""Forecast of specific risk: time series, structural model, shrinkage by size, volatility regime; linked share classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import is_lazy, one_task, put_together
from riskmodel.arrays.labels import (
    aligned,
    places,
    require_finite,
    require_increasing,
    require_kind,
    require_numbers,
    require_whole_numbers,
)
from riskmodel.arrays.requested import requested_rows
from riskmodel.arrays.size_groups import shrink_to_size
from riskmodel.arrays.threads import kernel_threads, one_blas_thread
from riskmodel.arrays.windows import decayed_sum
from riskmodel.errors import InputError, counted, listed
from riskmodel.estimation import kernel
from riskmodel.estimation.share_classes import issuers
from riskmodel.estimation.structural import structural_volatility
from riskmodel.facts import Fact, ForecastUnavailableError

DAYS_OF_A_BLOCK = 64
CELLS_AT_ONCE = 2**17  # exposures of the days that are forecast together: they stay near the processor
ASSETS_AT_ONCE = 512  # bounds the memory of the time series
SMALLEST_SERIAL_RATIO = 0.1  # of the variance with serial correlation to the one without
OUTLIER_BOUND = 10.0  # robust deviations
IQR_TO_DEVIATION = 1 / 1.3489795003921634  # the normal distribution's distance between quartiles
REGIME_BOUND = 20.0  # forecast deviations: markets at their wildest move names by fewer, so that more is the name's own news
REGIME_HALF_LIVES = 10  # the regime looks no further back: its weights there are below a thousandth


@dataclass(frozen=True)
class SpecificRiskSettings:
    """Choices of the specific-risk forecast; half-lives and histories are numbers of sessions."""

    half_life: float = 252  # of the time-series variance
    lags: int = 0  # of the serial correlation; 0 leaves it out
    lag_half_life: float = 252  # of the serial correlation
    least_history: int = 20  # observations below which there is no time-series forecast
    structural: bool = True  # whether names with little or disturbed history are blended with the structural model
    short_history: int = 60  # observations up to which the structural model stands alone
    full_history: int = 180  # observations from which it is not needed
    shrinkage: float = 0.1  # q of the shrinkage to the mean of the size group; 0 leaves it out
    size_groups: int = 10
    regime_half_life: float | None = 504  # of the volatility-regime adjustment; None leaves it out

    def __post_init__(self) -> None:
        owner = "specific risk settings"
        require_numbers(
            owner, self, ["half_life", "lag_half_life", *(["regime_half_life"] if self.regime_half_life is not None else [])]
        )
        require_numbers(owner, self, ["shrinkage"], least=0)
        whole = {"lags": 0, "least_history": 1, "short_history": 0, "full_history": 1, "size_groups": 1}
        require_whole_numbers(owner, self, whole)
        if not isinstance(self.structural, bool | np.bool_):
            raise InputError(f"{owner}: structural is {self.structural!r}; it must be True or False.")
        if self.full_history <= self.short_history:
            raise InputError(
                f"{owner}: full_history is {self.full_history!r}; it must be above short_history, {self.short_history!r}."
            )


SHORT_HORIZON = SpecificRiskSettings()
LONG_HORIZON = SpecificRiskSettings(lags=5)  # what carries on into the days after adds to the risk of months


def specific_risk(
    specific_returns: xr.DataArray | pd.DataFrame,
    market_cap: xr.DataArray | pd.DataFrame,
    exposures: xr.DataArray | None = None,
    sectors: xr.DataArray | pd.Series | None = None,
    settings: SpecificRiskSettings = SHORT_HORIZON,
    *,
    times: object = None,
    linked: xr.DataArray | pd.Series | None = None,
    unadjusted: xr.DataArray | pd.DataFrame | None = None,
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
    unadjusted
        (time, asset) `volatility` before the regime adjustment, where it is known on every date: what this function answers
        with the same arguments and without a `regime_half_life`. The regime then looks back on it, and no date but those
        of `times` is forecast.

    Returns
    -------
    Dataset
        By (time, asset): `volatility`, daily, not annualised, positive or NaN; `time_series_volatility`,
        `structural_volatility`; `blend`, the share of the former; `shrinkage`, the weight of the size group's mean;
        `history`, the observations so far. By time: `regime_multiplier`; `estimating_names` of the structural model and
        `flag`, why there is none; `floored`, names whose serial correlation met its floor; `bounded`, the returns of
        the days behind the multiplier that were bounded in it; `unserved`, names in the market without a forecast.

    Raises
    ------
    InputError
        Where labels differ or repeat, time is not sorted, a value is infinite, a cap negative, a date unknown or twice, none
        of the labels of `linked` is an asset, or no asset has history enough.

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
    fitted values stay in the range of its ln TS. m is the cap-weighted mean of a group of equal numbers by cap. In B,
    `|u / s|` counts as 20 at most: one name's news is no change of the market's volatility.

    Menchero, Orr & Wang (2011), methodology notes, section 5; Newey & West (1987). Theirs estimates on names with g = 1,
    without ln(1 + h): both are measured in docs/methodology/specific_risk.md.

    Examples
    --------
    >>> names = {"time": pd.date_range("2024-01-01", periods=300), "asset": [f"A{i}" for i in range(200)]}
    >>> u = xr.DataArray(np.random.default_rng(0).normal(0, 0.02, (300, 200)), names, ("time", "asset"))
    >>> specific_risk(u, market_cap=1 + 0 * u)["volatility"].mean().round(3).item()
    0.02
    """
    require_kind("settings", settings, SpecificRiskSettings, "Use riskmodel.SpecificRiskSettings().")
    if specific_returns is None or market_cap is None:
        raise InputError("specific_returns, market_cap: None. Both are needed, as xarray.DataArray by (time, asset).")
    arrays = aligned(
        {
            "specific_returns": specific_returns,
            "market_cap": market_cap,
            "exposures": exposures,
            "sectors": sectors,
            "unadjusted": unadjusted,
        }
    )
    u = arrays["specific_returns"]
    require_increasing("specific_returns", u.get_index("time"))
    _require_sound({name: array for name, array in arrays.items() if not is_lazy(array)})
    requested = requested_rows(u.get_index("time"), times, name="specific_returns")
    end = int(requested.max()) + 1  # nothing after the last requested date is looked at
    days = behind = np.unique(requested)
    if settings.regime_half_life is not None:
        window = int(np.ceil(REGIME_HALF_LIVES * settings.regime_half_life))
        behind = np.arange(max(int(days[0]) - window, 0), end)
    before = arrays["unadjusted"][behind].to_numpy() if "unadjusted" in arrays else None
    days = behind if before is None else days
    sector = np.zeros(u.sizes["asset"], dtype=int)
    if "sectors" in arrays:
        if "time" in arrays["sectors"].dims:
            raise InputError("sectors: dimensions are ('time', 'asset'); a forecast takes those of one close, ('asset',).")
        label = pd.Series(arrays["sectors"].to_numpy(), dtype=object)
        sector = pd.factorize(label.where(label != ""), sort=True)[0]  # -1 for none
    classes = issuers(u.get_index("asset"), linked)
    read = (u[:end], arrays["market_cap"][behind], _exposures_on(arrays.get("exposures"), days))
    coords = {"time": u["time"][requested], "asset": u["asset"]}
    if is_lazy(*arrays.values()):
        return forecasts_later(_checked_forecasts, (*read, sector, classes, behind, requested, settings), coords)
    whole = _forecasts(*read, sector, classes, behind, requested, settings, before)
    return xr.Dataset({name: (("time", "asset")[: values.ndim], values) for name, values in whole.items()}, coords=coords)


def _checked_forecasts(u: xr.DataArray, cap: xr.DataArray, *others: Any) -> dict[str, np.ndarray]:
    """`_forecasts` of arrays whose values were not in memory when `aligned` checked their labels."""
    _require_sound({"specific_returns": u, "market_cap": cap})
    return _forecasts(u, cap, *others)


def _forecasts(
    u: xr.DataArray,
    market_cap: xr.DataArray,
    exposures: xr.DataArray | None,
    sector: np.ndarray,
    classes: dict[str, np.ndarray],
    behind: np.ndarray,
    requested: np.ndarray,
    settings: SpecificRiskSettings,
    before: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The variables of `specific_risk`, (requested, asset) or (requested).

    `u` is (time, asset) up to the last requested date; caps are those of the days `behind`, which end with it; `before`,
    (behind, asset), are the forecasts before the regime adjustment: where there are none they are made. Exposures are
    those of the days on which forecasts are made. `sector` has codes, -1 for none.
    """
    returns = np.ascontiguousarray(u.to_numpy(), dtype=float)
    caps = np.nan_to_num(market_cap.to_numpy().astype(float, copy=False))
    shown = np.unique(requested)  # of the other days the volatility alone is needed
    days, cap = (behind, caps) if before is None else (shown, caps[np.searchsorted(behind, shown)])
    x = np.empty((len(days), 0, returns.shape[1]))
    if exposures is not None:
        require_finite("exposures", exposures, missing=True)
        x = exposures.to_numpy()
    volatility = np.empty(cap.shape)

    def forecast(own: slice, work: np.ndarray) -> dict[str, np.ndarray]:
        ts, known, share = _borrowed(series[own], history[own], blend[own], classes, settings.full_history)
        ts = np.where(cap[own] > 0, ts, np.nan)
        model = structural_volatility(ts, share, cap[own], x[own], sector, known, switched_on=settings.structural, work=work)
        modelled = model["structural_volatility"]
        share = np.where(np.isnan(ts), 0.0, np.where(np.isnan(modelled), 1.0, share))
        mixed = share * np.where(share > 0, ts, 0.0) + (1 - share) * np.where(share < 1, modelled, 0.0)
        share[np.isnan(mixed)] = np.nan
        shrunk, weight = shrink_to_size(mixed, cap[own], settings.shrinkage, settings.size_groups)
        volatility[own] = shrunk
        model |= {"time_series_volatility": ts, "blend": share, "shrinkage": weight}
        model |= {"history": history[own].astype(np.int64), "floored": (floored[own] & ~np.isnan(ts)).sum(axis=1)}
        model["unserved"] = ((cap[own] > 0) & np.isnan(shrunk)).sum(axis=1)
        seen = np.isin(days[own], shown)
        return {name: values[seen] for name, values in model.items()}

    def forecasts(first: int) -> list[dict[str, np.ndarray]]:
        end, work = min(first + DAYS_OF_A_BLOCK, len(days)), np.empty((step, x.shape[1] + 1, x.shape[2]))
        return [forecast(slice(day, min(day + step, end)), work) for day in range(first, end, step)]

    with one_blas_thread(), ThreadPoolExecutor(kernel_threads()) as threads:
        series, floored, history, blend = _series_on(returns, days, settings, threads)
        step = max(CELLS_AT_ONCE // max(x.shape[2] * (x.shape[1] + 1), 1), 1)
        parts = list(chain.from_iterable(threads.map(forecasts, range(0, len(days), DAYS_OF_A_BLOCK))))
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    multiplier, bounded = np.ones(len(days)), np.zeros(len(days), dtype=int)
    if settings.regime_half_life is not None:
        looked_at = volatility if before is None else before
        regime = regime_multiplier(returns[behind[0] :], looked_at, caps, settings.regime_half_life)
        multiplier, bounded = (values[np.searchsorted(behind, days)] for values in regime)
    own = np.searchsorted(days, shown)
    volatility = volatility[own] * multiplier[own, None]
    if np.isnan(volatility).all():
        longest = int(whole["history"].max(initial=0))
        raise ForecastUnavailableError(
            f"specific_returns: no asset can be given a forecast: the longest history has "
            f"{counted(longest, 'observation')}. An asset needs {settings.least_history} and a market_cap.",
            Fact("no_specific_risk", {"observations": longest, "needed": settings.least_history}),
        )
    whole |= {"volatility": volatility, "regime_multiplier": multiplier[own], "bounded": bounded[own]}
    return {name: values[np.searchsorted(shown, requested)] for name, values in whole.items()}


def _series_on(
    returns: np.ndarray, days: np.ndarray, settings: SpecificRiskSettings, threads: ThreadPoolExecutor
) -> tuple[np.ndarray, ...]:
    """Time-series volatility, where it met the floor, number of observations and blend on some days; (day, asset) each."""
    shape = (len(days), returns.shape[1])
    series, floored, history = np.empty(shape), np.empty(shape, dtype=bool), np.empty(shape, dtype=np.int32)
    blend = np.empty(shape)

    def fill(first: int) -> None:
        own = np.s_[:, first : first + ASSETS_AT_ONCE]
        block = returns[own]
        volatility, met = time_series_volatility(block, settings)
        series[own], floored[own] = volatility[days], met[days]
        history[own] = np.cumsum(~np.isnan(block), axis=0, dtype=np.int32)[days]
        blend[own] = history_blend(block, history[own], days, settings)

    list(threads.map(fill, range(0, shape[1], ASSETS_AT_ONCE)))
    series[history < settings.least_history] = np.nan
    return series, floored, history, blend


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
    """Share g of `specific_risk` on the increasing days `at`, (day, asset): is an asset's history long and undisturbed?"""
    grown = np.clip((history - settings.short_history) / (settings.full_history - settings.short_history), 0, 1)
    asked = np.flatnonzero((grown > 0).any(axis=0))  # of the others g is 0
    quartiles, square = kernel.spreads(returns[:, asked].T, at, settings.full_history, OUTLIER_BOUND * IQR_TO_DEVIATION)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.abs(np.sqrt(square) / (IQR_TO_DEVIATION * quartiles) - 1).T
    undisturbed = np.where(np.isnan(excess), 0.0, np.minimum(1, np.exp(1 - excess)))  # NaN: half the returns are equal
    blend = np.zeros(history.shape)
    blend[:, asked] = grown[:, asked] * undisturbed
    return blend


def regime_multiplier(
    returns: np.ndarray, volatility: np.ndarray, cap: np.ndarray, half_life: float
) -> tuple[np.ndarray, np.ndarray]:
    """Multiplier lambda of `specific_risk`, 1 until there is one, and how many of the returns behind it were bounded.

    From consecutive days of returns, forecasts s and caps; (day) each.
    """
    window = int(np.ceil(REGIME_HALF_LIVES * half_life))
    bias, beyond = np.empty(len(returns) - 1), np.empty(len(returns) - 1, dtype=int)
    with np.errstate(invalid="ignore", divide="ignore"):
        for first in range(0, len(bias), DAYS_OF_A_BLOCK):  # blocks, whose arrays stay near the processor
            own = slice(first, min(first + DAYS_OF_A_BLOCK, len(bias)))
            outcome = returns[1:][own] / volatility[own]
            beyond[own] = (np.abs(outcome) > REGIME_BOUND).sum(axis=1)
            known = ~np.isnan(outcome)
            squared = np.where(known, np.clip(outcome, -REGIME_BOUND, REGIME_BOUND), 0.0) ** 2
            bias[own] = (cap[own] * squared).sum(axis=1) / np.where(known, cap[own], 0.0).sum(axis=1)
        bounded = np.cumsum(beyond)
        bounded[window:] -= bounded[:-window].copy()
        both = decayed_sum(np.stack([np.nan_to_num(bias), ~np.isnan(bias)], axis=1), half_life, window=window)
        square = both[:, 0] / both[:, 1]
    multiplier = np.sqrt(np.concatenate([[1.0], np.where(square > 0, square, 1.0)]))
    return multiplier, np.concatenate([[0], bounded])


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


def _require_sound(arrays: dict[str, xr.DataArray]) -> None:
    for name in ("specific_returns", "market_cap"):
        if name in arrays:
            require_finite(name, arrays[name], missing=True)
    if "market_cap" in arrays and (negative := arrays["market_cap"] < 0).any():
        raise InputError(f"market_cap: {counted(int(negative.sum()), 'negative value')}: {listed(places(negative))}.")


def _exposures_on(exposures: xr.DataArray | None, days: np.ndarray) -> xr.DataArray | None:
    """Exposures of some days, (day, style, asset), without a copy where the days are a run."""
    run = slice(int(days[0]), int(days[-1]) + 1)
    return None if exposures is None else exposures[run if len(days) == run.stop - run.start else days]


def forecasts_later(
    forecasts: Callable[..., dict[str, np.ndarray]], arguments: tuple[Any, ...], coords: Mapping[str, xr.DataArray]
) -> xr.Dataset:
    """`riskmodel.specific_risk` as one task: it needs all the specific returns, but the exposures of a few days only."""
    from riskmodel.estimation.specific import SpecificRiskSettings, specific_risk

    two = xr.DataArray([[0.01], [-0.01]], {"time": [0, 1], "asset": [0]}, ("time", "asset"))
    least = SpecificRiskSettings(least_history=1, structural=False, regime_half_life=None)
    form = specific_risk(two, 1 + 0 * two, settings=least)
    task, sizes = one_task(forecasts, *arguments), {name: labels.size for name, labels in coords.items()}
    return put_together([(task, sizes["time"])], form, sizes).assign_coords(coords)
