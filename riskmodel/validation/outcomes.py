"""Test portfolios formed at many closes of a fitted model: what was forecast for each, and what it returned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.rounding import settled
from riskmodel.arrays.threads import one_blas_thread
from riskmodel.errors import InputError
from riskmodel.estimation.share_classes import issuers, linked_correlation
from riskmodel.factors import MARKET
from riskmodel.validation.portfolios import (
    asset_draws,
    eigenfactors,
    optimised_weights,
    portfolio_volatility,
    random_weights,
    scaled_to_one,
)

if TYPE_CHECKING:
    from riskmodel.model.results import RiskModelResults

DAYS_AT_ONCE = 8  # keeps the portfolios of a batch small in memory

Pair = tuple[np.ndarray, np.ndarray]  # (day, portfolio) each: realised return and its forecast volatility of a day


@dataclass(frozen=True)
class Draws:
    """How many random portfolios, of how many names, from which seed."""

    portfolios: int = 100
    names: int = 50
    seed: int = 0


@dataclass(frozen=True)
class _Model:
    """A fit in memory and its arrays, and a market's caps under the fit's labels: days x factors x assets."""

    results: RiskModelResults
    styles: np.ndarray
    universe: np.ndarray
    cap: np.ndarray
    factor_returns: np.ndarray
    specific_returns: np.ndarray
    member: np.ndarray  # (sector, asset)
    market: int
    sector: list[int]

    def exposures(self, days: np.ndarray) -> np.ndarray:
        """(day, factor, asset), known at the closes of `days`; NaN where a style or the sector is missing."""
        return self.results.design(self.results.data.get_index("time")[days]).to_numpy()

    def held(self, days: np.ndarray, specific_volatility: np.ndarray) -> np.ndarray:
        """Assets of the universe with every exposure that is fed that day, a sector, a cap and a forecast; (day, asset)."""
        empty = np.isnan(self.styles[days])
        whole = ~(empty & ~empty.all(axis=2, keepdims=True)).any(axis=1) & self.member.any(axis=0)
        return np.asarray(self.universe[days] & whole & (self.cap[days] > 0) & ~np.isnan(specific_volatility))

    def returns(self, days: np.ndarray) -> np.ndarray:
        """Total returns of `days`, (day, asset): exposures of the day before times the factors' returns, and the rest."""
        f, x = np.nan_to_num(self.factor_returns[days]), np.nan_to_num(self.exposures(days - 1))
        return np.asarray((f[:, None, :] @ x)[:, 0] + self.specific_returns[days])


def portfolio_outcomes(
    results: RiskModelResults,
    market_cap: xr.DataArray,
    covariance: xr.DataArray,
    specific_volatility: xr.DataArray,
    *,
    horizon: int,
    draws: Draws,
    linked: xr.DataArray | pd.Series | None = None,
) -> tuple[xr.Dataset, dict[str, int]]:
    """Form the portfolios of `riskmodel.validation.validate`, forecast their risk and follow them.

    Parameters
    ----------
    results, market_cap
        A fit, and the caps of its market (time, asset).
    covariance, specific_volatility
        Forecasts of one day made at some closes: (time, factor, factor_other) and (time, asset). Their times are the closes,
        each with `horizon` sessions after it.
    horizon
        Sessions that a portfolio is held, at weights restored daily.
    draws
        Of the random portfolios.
    linked
        (asset) labels of issuers: their assets' specific returns count as correlated as they were up to the close.

    Returns
    -------
    Dataset, counts
        `realised`, the sum of the horizon's daily returns, and `volatility`, sqrt(horizon) times the day's forecast;
        (time, portfolio) as in `Validation`, which also says what is counted.
    """
    data, assets = results.data, results.data.get_index("asset")
    fit = replace(results, data=data[["exposures", "sector", "industry_factor", "factor_returns"]].compute())
    factors, sectors = [str(f) for f in data["factor"].to_numpy()], results.sectors
    label = data["sector"].to_numpy().astype(str)
    model = _Model(
        results=fit,
        styles=fit.exposures.transpose("time", "factor", "asset").to_numpy(),
        universe=data["universe"].transpose("time", "asset").to_numpy(),
        cap=np.nan_to_num(market_cap.transpose("time", "asset").sel(asset=assets, time=data["time"]).to_numpy()),
        factor_returns=results.factor_returns.transpose("time", "factor").to_numpy(),
        specific_returns=results.specific_returns.transpose("time", "asset").to_numpy(),
        member=label == np.array(sectors)[:, None],
        market=factors.index(MARKET),
        sector=[factors.index(s) for s in sectors],
    )
    numbers = [f"{k + 1:03d}" for k in range(draws.portfolios)]
    names = {
        "random": numbers,
        "random_active": numbers,
        "factor": factors,
        "sector": sectors,
        "eigenfactor": [f"{k + 1:02d}" for k in range(len(factors))],
        "minimum_variance": ["universe", *sectors],
        "optimised": numbers,
        "specific": [str(asset) for asset in assets],
    }
    blocks = list(issuers(assets, linked).values())
    ranks, alphas = asset_draws(assets, draws.portfolios, draws.seed)
    rows = data.get_index("time").get_indexer(covariance.get_index("time"))
    forecast = covariance.transpose("time", "factor", "factor_other").sel(factor=factors, factor_other=factors).to_numpy()
    specific = specific_volatility.transpose("time", "asset").sel(asset=assets).to_numpy()
    rho = _correlations(results.specific_returns, linked, rows) if blocks else np.empty((len(rows), 0))
    parts: list[dict[str, Pair]] = []
    counts = {"closes": len(rows), "missing_returns": 0, "factors_left_out": 0, "unjudged": 0}
    with one_blas_thread():
        for batch in np.split(np.arange(len(rows)), range(DAYS_AT_ONCE, len(rows), DAYS_AT_ONCE)):
            shared = list(zip(blocks, rho[batch].T, strict=True))
            found, seen = _batch(
                model, rows[batch], forecast[batch], specific[batch], horizon, ranks, alphas, draws.names, shared
            )
            parts.append(found)
            counts |= {name: counts[name] + number for name, number in seen.items()}
    whole = [np.hstack([np.concatenate([part[kind][side] for part in parts]) for kind in names]) for side in (0, 1)]
    labels = [(kind, name) for kind, own in names.items() for name in own]
    coords: dict[str, Any] = {
        "time": data.get_index("time")[rows + horizon],
        "close": ("time", data.get_index("time")[rows]),
        "portfolio": [f"{kind}: {name}" for kind, name in labels],
        "kind": ("portfolio", [kind for kind, _ in labels]),
        "name": ("portfolio", [name for _, name in labels]),
    }
    realised, volatility = (xr.DataArray(values, coords, ("time", "portfolio")) for values in whole)
    return xr.Dataset({"realised": realised, "volatility": np.sqrt(horizon) * volatility}), counts


def require_names_enough(universe: np.ndarray, names: int) -> None:
    """Refuse random portfolios of more names than there ever are: each would be the whole universe."""
    most = int(universe.sum(axis=1).max())
    if names > most:
        raise InputError(f"names: {names}; the estimation universe has {most} at most at these closes. Give fewer.")


def _correlations(specific_returns: xr.DataArray, linked: xr.DataArray | pd.Series | None, rows: np.ndarray) -> np.ndarray:
    """`linked_correlation` of each issuer at each close, from what had come by then; (close, issuer)."""
    own = issuers(specific_returns.get_index("asset"), linked)
    few = specific_returns.isel(asset=np.sort(np.concatenate(list(own.values()))))
    return np.stack([linked_correlation(few.isel(time=slice(row + 1)), linked).sel(issuer=list(own)) for row in rows])


def _batch(
    model: _Model,
    days: np.ndarray,
    covariance: np.ndarray,
    specific: np.ndarray,
    horizon: int,
    ranks: np.ndarray,
    alphas: np.ndarray,
    names: int,
    linked: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[dict[str, Pair], dict[str, int]]:
    """The pairs of every kind for portfolios formed at the closes `days`, and the counts."""
    held = model.held(days, specific)
    live = ~np.isnan(np.diagonal(covariance, axis1=1, axis2=2))
    F = np.where(live[:, :, None] & live[:, None, :], covariance, 0.0)
    x = np.where(live[:, :, None] & held[:, None, :], np.nan_to_num(model.exposures(days)), 0.0)
    variance = np.where(held, specific, 1.0) ** 2
    cap = np.where(held, model.cap[days], 0.0)

    ahead = [days + step for step in range(1, horizon + 1)]
    factor_return = sum((model.factor_returns[day] for day in ahead), np.zeros(live.shape))
    specific_return = sum((model.specific_returns[day] for day in ahead), np.zeros(cap.shape))
    judged = ~np.isnan(factor_return[:, model.market])
    asset_return, missing = np.zeros(cap.shape), 0
    for day in ahead:
        returns = model.returns(day)
        missing += int((held & np.isnan(returns))[judged].sum())
        asset_return += np.nan_to_num(returns)
    asset_return[~judged] = np.nan

    drawn, in_sector = random_weights(cap, ranks, names), held[:, None, :] & model.member
    inside = np.concatenate([held[:, None, :], in_sector], axis=1)
    weights = {
        "random": drawn,
        "random_active": drawn - scaled_to_one(cap)[:, None, :],
        "sector": scaled_to_one(cap[:, None, :] * model.member),
        "minimum_variance": optimised_weights(np.ones(inside.shape[1:]), inside, x, F, variance),
        "optimised": optimised_weights(alphas, held[:, None, :], x, F, variance),
    }
    pairs = {
        kind: ((own @ asset_return[:, :, None])[..., 0], portfolio_volatility(own, x, F, variance, linked))
        for kind, own in weights.items()
    }
    sector_cap = np.zeros(live.shape)
    sector_cap[:, model.sector] = cap @ model.member.T
    vectors, deviations = eigenfactors(F, live, sector_cap)
    factor_volatility = np.sqrt(np.where(live, np.diagonal(F, axis1=1, axis2=2), np.nan))
    earned = np.where(live, factor_return, 0.0)[:, None, :]
    # industries of which a sector's names all are one have a direction of their own that always returns zero
    pairs["eigenfactor"] = (settled((earned @ vectors)[:, 0], 1 + (np.abs(earned) @ np.abs(vectors))[:, 0]), deviations)
    pairs["factor"] = (factor_return, factor_volatility)
    pairs["specific"] = (np.where(held, specific_return, np.nan), np.where(held, specific, np.nan))
    return pairs, {"missing_returns": missing, "factors_left_out": int((~live).sum()), "unjudged": int((~judged).sum())}
