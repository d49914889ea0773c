"""What a model says of the names of a course on the days of a period."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from attribution.contributions.arrays import error_covariance, explained, with_vendor_residual
from attribution.contributions.modelled.exposure_errors import ExposureErrors
from attribution.portfolio.holdings import level_returns
from attribution.rows import CASH, CASH_STOCK, in_order
from riskmodel.arrays.labels import places
from riskmodel.errors import InputError, counted, listed
from riskmodel.estimation.returns_based import WINDOW
from riskmodel.market.sector_order import sectors_in_order
from riskmodel.model.results import RiskModelResults, write_design
from riskmodel.model.returns_based import estimated_exposures

SAME_RETURN = 1e-9


def model_parts(
    assets: pd.Index,
    days: pd.DatetimeIndex,
    model: RiskModelResults,
    market: xr.Dataset,
    levels: Mapping[str, str] | None = None,
    *,
    carried: Collection[str] = (),
) -> tuple[xr.Dataset, ExposureErrors | None]:
    """What a model says of some assets, CASH last, on the days of a period, and the errors of exposures that are estimated.

    A factor that the data feed on none of the days is no factor of the period. Labels of `levels` are indices of which
    only the level is known, each the one that it names: their exposures are estimated from returns up to each close. Those
    of `carried` have none, by choice.

    Raises
    ------
    InputError
        Where the model was fitted on other days, other names or other returns.
    """
    known = levels or {}
    estimated = [(place, str(label), known[label]) for place, label in enumerate(assets) if label in known]
    of_market = np.flatnonzero(~assets.isin([CASH, *carried, *(label for _, label, _ in estimated)]))
    stocks = pd.Index([CASH if asset == CASH_STOCK else asset for asset in assets[of_market]])  # as the market names them
    fitted = model.data.get_index("time")
    missing = days.difference(fitted)
    strangers = stocks.difference(model.data.get_index("asset"))
    if len(missing) or len(strangers):
        raise InputError(
            f"model: was not fitted on {counted(len(missing), 'day')} and {counted(len(strangers), 'name')} of the period: "
            f"{listed([*missing.strftime('%Y-%m-%d'), *strangers])}. Fit it on this market."
        )
    sessions = market.get_index("time")
    before = sessions[sessions.get_indexer(days) - 1]
    fit = model.data.sel(asset=stocks)
    own = fit["specific_returns"].sel(time=days).transpose("time", "asset").to_numpy()
    of_days = model.data.sel(time=days)
    fed = of_days["factor_returns"].notnull().any("time").to_numpy()
    of_days = of_days.isel(factor=fed, factor_other=fed) if fed.any() else of_days
    placed = in_order(of_days["factor"].to_numpy(), sectors_in_order(market))
    of_days = of_days.isel(factor=placed, factor_other=placed)
    names = [str(f) for f in of_days["factor"].to_numpy()]
    exposure = np.zeros((len(days), len(names), len(assets)))
    modelled, specific = np.zeros((len(days), len(assets)), dtype=bool), np.zeros((len(days), len(assets)))
    modelled[:, of_market], specific[:, of_market] = ~np.isnan(own), np.nan_to_num(own)
    first = len(of_market) and of_market[-1] == len(of_market) - 1  # the others stand behind them: a view is enough
    of_names = exposure[..., : len(of_market)] if first else np.zeros((*exposure.shape[:2], len(of_market)))
    write_design(model, of_names, pd.Index(names, dtype=object), before, stocks)
    of_names.transpose(0, 2, 1)[~modelled[:, of_market]] = 0.0
    if not first:
        exposure[..., of_market] = of_names
    factor_return = of_days["factor_returns"].transpose("time", "factor")
    whole = factor_return.fillna(0.0).to_numpy()
    solved = factor_return.notnull().any("factor").to_numpy()
    covariances = []
    for place, _, index in estimated:
        returns = level_returns(market, index)
        found = estimated_exposures(model, returns.sel(time=fitted), before).sel(factor=names, factor_other=names)
        there = solved & found["exposure"].notnull().all("factor").to_numpy()
        of_index = np.where(there[:, None], found["exposure"].to_numpy(), 0.0)
        modelled[:, place], exposure[:, :, place] = there, of_index
        specific[:, place] = np.where(there, returns.sel(time=days).to_numpy() - (of_index * whole).sum(axis=1), 0.0)
        covariances.append(np.where(there[:, None, None], found["covariance"].to_numpy(), 0.0))
    texts = {name: _texts(assets, of_market, market[name].sel(asset=stocks)) for name in ("name", "name_ja")}
    sector = _texts(assets, of_market, fit["sector"])
    sector[[place for place, _, _ in estimated]] = [label for _, label, _ in estimated]
    sector[assets == CASH] = CASH
    parts = xr.Dataset(
        {
            "exposure": (("time", "factor", "asset"), exposure),
            "modelled": (("time", "asset"), modelled),
            "specific_return": (("time", "asset"), specific),
            "factor_return": (("time", "factor"), whole),
            "covariance": error_covariance(of_days),
            "sector": ("asset", sector),
            **{name: ("asset", text) for name, text in texts.items()},
        },
        coords={"time": days, "asset": assets, "factor": names},
    )
    returned = market["total_return"].sel(time=days, asset=stocks).transpose("time", "asset").to_numpy()
    if model.vendor_specific:
        parts = with_vendor_residual(parts, returned, of_market)
    else:
        _require_same_returns(parts, returned, of_market)
    if not estimated:
        return parts, None
    labels = {"estimated": [label for _, label, _ in estimated], "time": days, "factor": names, "factor_other": names}
    covariance = xr.DataArray(np.stack(covariances), labels, tuple(labels))
    every = parts["factor"].to_numpy()  # a vendor's residual is one of them, and nothing of it is estimated
    return parts, ExposureErrors(covariance.reindex(factor=every, factor_other=every, fill_value=0.0), WINDOW)


def _texts(assets: pd.Index, of_market: np.ndarray, texts: xr.DataArray) -> np.ndarray:
    out = np.full(len(assets), "", dtype=object)
    out[of_market] = texts.to_numpy().astype(str)
    return out


def _require_same_returns(parts: xr.Dataset, returns: np.ndarray, named: np.ndarray) -> None:
    """Refuse a model that splits other returns (time, asset) than the market's: it was fitted before they changed.

    `named` are the places of the assets whose `returns` these are.
    """
    gap = np.abs(explained(parts)[:, named] - returns)
    modelled = parts["modelled"].isel(asset=named)
    apart = modelled.copy(data=modelled.to_numpy() & ~(gap < SAME_RETURN))
    if apart.any():
        raise InputError(
            f"model: explains other returns than the market's: {counted(int(apart.sum()), 'return')} differ: "
            f"{listed(places(apart))}. The prices have changed since it was fitted; fit it again."
        )
