"""Forecasts of portfolios' risk by this model and by others, on the same closes, judged by the ten days that followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from skfolio.moments import RegimeAdjustedEWCovariance, RegimeAdjustedEWVariance
from sklearn.covariance import OAS, LedoitWolf

import riskmodel as rm
from riskmodel.validation.portfolios import asset_draws, random_weights

HORIZON = 10
HISTORY = 252
LARGEST = 500  # names among which minimum variance and optimised portfolios are sought
SINGULAR = 1e-12  # smallest over largest eigenvalue: no portfolio is optimised against such a covariance


@dataclass(frozen=True)
class Close:
    """What is known at a close, and what followed; assets are those with a whole year of returns and a forecast.

    `returns` (day, asset) of the year before; `after` (day, asset) of the days after; `portfolios` kind -> weights
    (portfolio, asset); `large` the positions of the largest names.
    """

    time: pd.Timestamp
    assets: pd.Index
    returns: np.ndarray
    after: np.ndarray
    portfolios: dict[str, np.ndarray]
    large: np.ndarray


# a forecast of one close: (weights (portfolio, asset)) -> variance of a day (portfolio); and the covariance of some names
Variance = Callable[[np.ndarray], np.ndarray]
Covariance = Callable[[np.ndarray], np.ndarray]


def closes(
    model: rm.RiskModelResults, market: xr.Dataset, labels: pd.Series, active: dict[str, pd.DataFrame], first: str, last: str
) -> Iterator[Close]:
    """Every tenth close from `first` to `last`.

    Parameters
    ----------
    labels
        Industry of each asset; empty for none.
    active
        Name of a sleeve -> active weights (time, asset), known at each close.
    """
    times, assets = market.get_index("time"), market.get_index("asset")
    returns, cap = market["total_return"].to_numpy(), market["market_cap"].to_numpy()
    start, stop = times.searchsorted(pd.Timestamp(first)), times.searchsorted(pd.Timestamp(last), "right") - HORIZON
    universe = model.data["universe"].sel(time=times).to_numpy()
    exposures = model.exposures.transpose("time", "factor", "asset")
    for day in range(start, stop, HORIZON):
        year = returns[day - HISTORY + 1 : day + 1]
        own = universe[day] & np.isfinite(year).all(axis=0) & np.isfinite(cap[day])
        weight = cap[day, own] / cap[day, own].sum()
        names, known = assets[own], labels.reindex(assets[own]).fillna("").to_numpy()
        ranks, _ = asset_draws(names, 30, seed=day)
        random = random_weights(cap[day : day + 1, own], ranks, 50)[0]
        groups = [known == label for label in np.unique(known[known != ""]) if (known == label).sum() >= 5]
        industry = np.stack([np.where(group, weight, 0) / weight[group].sum() - weight for group in groups])
        styles = np.nan_to_num(exposures[day].to_numpy()[:, own])
        held = {
            name: table.reindex(index=[times[day]], columns=names).fillna(0).to_numpy() for name, table in active.items()
        }
        yield Close(
            time=times[day],
            assets=names,
            returns=year[:, own],
            after=np.nan_to_num(returns[day + 1 : day + 1 + HORIZON, own]),
            portfolios={
                "random": random,
                "active": random - weight,
                "industry": industry,
                "style": _quintiles(styles, weight),
                "tracking": np.concatenate(list(held.values())),
            },
            large=np.sort(np.argsort(-weight)[:LARGEST]),
        )


def _quintiles(styles: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Cap-weighted highest fifth less lowest fifth by each style, (style, asset)."""
    rows = []
    for values in styles:
        low, high = np.quantile(values, [0.2, 0.8])
        sides = [np.where(side, weight, 0) for side in (values >= high, values <= low)]
        rows.append(sides[0] / sides[0].sum() - sides[1] / sides[1].sum())
    return np.stack(rows)


def ours(model: rm.RiskModelResults, forecast: rm.RiskForecast, close: Close) -> tuple[Variance, Covariance]:
    """The model's own forecast."""
    covariance = np.nan_to_num(forecast.factor_covariance.sel(time=close.time).to_numpy())
    deviation = forecast.specific_volatility.sel(time=close.time, asset=close.assets).to_numpy()
    return _factor_model(_design(model, forecast, close), covariance, np.nan_to_num(deviation) ** 2)


def blended(one: rm.RiskForecast, other: rm.RiskForecast) -> rm.RiskForecast:
    """The mean of two forecasts, of covariances and of the names' variances."""
    variance = (one.specific_volatility**2 + other.specific_volatility**2) / 2
    return rm.RiskForecast(
        one.factor_risk.assign(covariance=(one.factor_covariance + other.factor_covariance) / 2),
        one.specific_risk.assign(volatility=variance**0.5),
    )


def shrunk_without_a_line(forecast: rm.RiskForecast, days: float) -> rm.RiskForecast:
    """The forecast with its factors' correlations shrunk eigenvalue by eigenvalue, as those of so many days."""
    whole = forecast.factor_covariance.transpose("time", "factor", "factor_other")
    values = whole.to_numpy().copy()
    for matrix in values:
        live = np.flatnonzero(np.nan_to_num(np.diag(matrix)) > 0)
        deviation = np.sqrt(np.diag(matrix)[live])
        found, vectors = np.linalg.eigh(matrix[np.ix_(live, live)] / deviation[:, None] / deviation)
        positive = found > SINGULAR
        found[positive] = _eigenvalues(found[positive], days)
        correlation = (vectors * found) @ vectors.T
        scale = deviation / np.sqrt(np.diag(correlation))
        matrix[np.ix_(live, live)] = correlation * scale[:, None] * scale
    return rm.RiskForecast(forecast.factor_risk.assign(covariance=whole.copy(data=values)), forecast.specific_risk)


def _eigenvalues(found: np.ndarray, days: float) -> np.ndarray:
    """Analytical non-linear shrinkage (Ledoit & Wolf 2020, Annals of Statistics 48) of fewer values than days."""
    share, width = len(found) / days, found * days ** (-1 / 3)
    x = (found[:, None] - found) / width
    kernel = 3 / (4 * np.sqrt(5)) * np.maximum(1 - x**2 / 5, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = 3 / (4 * np.sqrt(5) * np.pi) * (1 - x**2 / 5) * np.log(np.abs((np.sqrt(5) - x) / (np.sqrt(5) + x)))
    hilbert = -3 / (10 * np.pi) * x + np.where(np.isclose(np.abs(x), np.sqrt(5)), 0.0, logarithm)
    density, transform = (kernel / width).mean(axis=1), (hilbert / width).mean(axis=1)
    pull = np.pi * share * found
    return found / ((pull * density) ** 2 + (1 - share - pull * transform) ** 2)


def _design(model: rm.RiskModelResults, forecast: rm.RiskForecast, close: Close) -> np.ndarray:
    design = model.design([close.time], close.assets)
    return np.nan_to_num(
        design.transpose("time", "asset", "factor").sel(factor=forecast.factor_covariance["factor"])[0].to_numpy()
    )


def _factor_model(design: np.ndarray, covariance: np.ndarray, specific: np.ndarray) -> tuple[Variance, Covariance]:
    def variance(weights: np.ndarray) -> np.ndarray:
        x = weights @ design
        return np.einsum("pk,kl,pl->p", x, covariance, x) + weights**2 @ specific

    def matrix(places: np.ndarray) -> np.ndarray:
        return design[places] @ covariance @ design[places].T + np.diag(specific[places])

    return variance, matrix


def skfolio_on_the_same_regression(
    model: rm.RiskModelResults, forecast: rm.RiskForecast, close: Close
) -> tuple[Variance, Covariance]:
    """Skfolio's regime-adjusted covariance and variances of this model's factor and specific returns."""
    until = model.factor_returns.sel(time=slice(None, close.time))
    factors = until.transpose("time", "factor").to_pandas().reindex(columns=forecast.factor_covariance.get_index("factor"))
    factors = factors.dropna(how="all").iloc[-2 * HISTORY :]  # an industry's missing days are left to it
    moving = (factors**2).sum() > 0  # the only industry of a sector earns nothing beside it
    specific = model.specific_returns.sel(time=factors.index, asset=close.assets).transpose("time", "asset").to_numpy()
    covariance = np.zeros((len(moving), len(moving)))
    own = RegimeAdjustedEWCovariance().fit(factors.loc[:, moving].to_numpy()).covariance_
    covariance[np.ix_(moving, moving)] = np.nan_to_num(own)
    variance = RegimeAdjustedEWVariance().fit(np.nan_to_num(specific)).variance_
    return _factor_model(_design(model, forecast, close), covariance, np.nan_to_num(variance))


def exponential(half_life: float) -> Callable[[Close], tuple[Variance, Covariance]]:
    """Exponentially weighted second moments of returns, of the portfolio itself: plain code."""

    def forecast(close: Close) -> tuple[Variance, Covariance]:
        weight = 0.5 ** (np.arange(len(close.returns))[::-1] / half_life)
        weight /= weight.sum()
        return (
            lambda weights: weight @ (close.returns @ weights.T) ** 2,
            lambda places: (close.returns[:, places].T * weight) @ close.returns[:, places],
        )

    return forecast


def shrunk(estimator: type) -> Callable[[Close], tuple[Variance, Covariance]]:
    """A covariance of scikit-learn on the year's returns."""

    def forecast(close: Close) -> tuple[Variance, Covariance]:
        matrix = estimator(assume_centered=True).fit(close.returns).covariance_
        return lambda weights: np.einsum("pi,ij,pj->p", weights, matrix, weights), lambda places: matrix[
            np.ix_(places, places)
        ]

    return forecast


def skfolio_on_returns(close: Close) -> tuple[Variance, Covariance]:
    """Skfolio's regime-adjusted exponentially weighted moments: of each portfolio's own returns, and of names together."""
    return (
        lambda weights: np.asarray(RegimeAdjustedEWVariance().fit(close.returns @ weights.T).variance_),
        lambda places: np.asarray(RegimeAdjustedEWCovariance().fit(close.returns[:, places]).covariance_),
    )


PLAIN: dict[str, Callable[[Close], tuple[Variance, Covariance]]] = {
    "EWMA 21": exponential(21),
    "EWMA 63": exponential(63),
    "Ledoit-Wolf": shrunk(LedoitWolf),
    "OAS": shrunk(OAS),
    "skfolio": skfolio_on_returns,
}


def judged(close: Close, variance: Variance, covariance: Covariance) -> pd.DataFrame:
    """Forecast and realised variance of ten days, a row a portfolio: kind, forecast, realised.

    Where a rival's covariance of the largest names is singular it optimises nothing.
    """
    every = close.portfolios | _optimised(close, covariance(close.large))
    rows = [
        pd.DataFrame(
            {
                "kind": kind,
                "forecast": HORIZON * variance(weights),
                "realised": ((close.after @ weights.T) ** 2).sum(axis=0),
            }
        )
        for kind, weights in every.items()
    ]
    return pd.concat(rows)


def _optimised(close: Close, matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Portfolios of minimum variance, fully invested and of unit random alpha, (portfolio, asset), by kind."""
    smallest, *_, largest = np.linalg.eigvalsh(matrix)
    if smallest <= SINGULAR * largest:
        return {}
    _, alphas = asset_draws(close.assets[close.large], 10, seed=1)
    aims = np.vstack([np.ones(len(matrix)), alphas])
    solved = np.linalg.solve(matrix, aims.T).T
    weights = np.zeros((len(aims), len(close.assets)))
    weights[:, close.large] = solved / (aims * solved).sum(axis=1, keepdims=True)
    return {"minimum variance": weights[:1], "optimised": weights[1:]}


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    """By rival and kind: bias = sqrt(mean q) of q = realised / forecast; QLIKE = mean(q - ln q - 1); a year's volatility."""
    q = rows["realised"] / rows["forecast"]
    parts = rows.assign(q=q, loss=q - np.log(q.where(q > 0)) - 1).groupby(["rival", "kind"], sort=False)
    return pd.DataFrame(
        {
            "bias": np.sqrt(parts["q"].mean()),
            "qlike": parts["loss"].mean(),
            "realised": np.sqrt(parts["realised"].mean() * 252 / HORIZON),
        }
    )
