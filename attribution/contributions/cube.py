"""The cube: a course's active weights, exposures and factor returns, day x asset x factor, before linking."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from attribution.linking.labelled import places
from attribution.portfolio.course import Course
from attribution.portfolio.coverage import UNCOVERED_MAX, require_covered
from attribution.rows import CASH, CASH_STOCK
from riskmodel.errors import InputError, counted, listed
from riskmodel.factors import MARKET
from riskmodel.model.results import RiskModelResults

SAME_RETURN = 1e-9


def cube(course: Course, model: RiskModelResults, market: xr.Dataset, *, uncovered_max: float = UNCOVERED_MAX) -> xr.Dataset:
    """Lay a course's active positions over the model: everything that a cut of the period's excess return needs.

    Parameters
    ----------
    course
        From `follow_course`.
    model
        A fit of the same market.
    market
        From `riskmodel.read_market`.
    uncovered_max
        Largest weight, as a mean over days with a solution, of held names that the model leaves out: beyond it a split by
        factor would say nothing of much of the course.

    Returns
    -------
    Dataset
        The course's data, and on (time, factor, asset) `exposure` (start of day, 0 where not modelled), on (time, asset)
        `modelled` (bool) and `specific_return` (0 where not modelled), on (time, factor) `factor_return` (0 for a factor
        left out that day), on (time, factor, factor_other) `covariance`, on (asset) `sector`.

    Raises
    ------
    InputError
        Where the model was fitted on other days, other names or other returns, or leaves out more than `uncovered_max`.

    Notes
    -----
    For each day a_it r_it = sum_k a_it X_ik,t-1 f_kt + a_it u_it where i is modelled; a name without exposures or without a
    proper return that day is unmodelled, and its a_it r_it stands in a row of its own.
    """
    data = course.data.assign(model_parts(course.data.get_index("asset"), course.period.days, model, market))
    solved = data["modelled"].any("asset").to_numpy()  # a day without a solution is the model's, and flagged there
    left_out = (abs(data["portfolio_live"]) * ~data["modelled"]).isel(time=solved, asset=(data["asset"] != CASH).to_numpy())
    of_names = left_out.sum("time").to_series() / max(int(solved.sum()), 1)
    require_covered(f"contributions of '{course.name}'", of_names, uncovered_max, what="exposures on some days")
    return data


def _require_same_returns(parts: xr.Dataset, returns: np.ndarray) -> None:
    """Refuse a model that splits other returns (time, asset) than the market's: it was fitted before they changed."""
    factor_return = parts["factor_return"].transpose("time", "factor").to_numpy()
    explained = (factor_return[:, None] @ parts["exposure"].to_numpy())[:, 0] + parts["specific_return"].to_numpy()
    gap = np.abs(explained[:, :-1] - returns)
    modelled = parts["modelled"].isel(asset=slice(-1))
    apart = modelled.copy(data=modelled.to_numpy() & ~(gap < SAME_RETURN))
    if apart.any():
        raise InputError(
            f"model: explains other returns than the market's: {counted(int(apart.sum()), 'return')} differ: "
            f"{listed(places(apart))}. The prices have changed since it was fitted; fit it again."
        )


def model_parts(assets: pd.Index, days: pd.DatetimeIndex, model: RiskModelResults, market: xr.Dataset) -> xr.Dataset:
    """What a model says of some assets, CASH last, on the days of a period; raises as `cube` does, which lists the parts."""
    stocks = pd.Index(
        [CASH if asset == CASH_STOCK else asset for asset in assets[assets != CASH]]
    )  # as the market names them
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
    specific = fit["specific_returns"].sel(time=days).transpose("time", "asset").to_numpy()
    modelled = ~np.isnan(specific)
    sector = fit["sector"].to_numpy().astype(str)
    names = [str(f) for f in model.data["factor"].to_numpy()]
    styles = [str(s) for s in fit["style"].to_numpy()]
    exposure = np.zeros((len(days), len(names), len(assets)))
    exposure[:, names.index(MARKET), :-1] = 1.0
    column = pd.Index(names).get_indexer(sector)
    exposure[:, column[column >= 0], np.flatnonzero(column >= 0)] = 1.0
    where = [names.index(style) for style in styles]
    lagged = fit["exposures"].sel(time=before).transpose("time", "style", "asset").to_numpy()
    exposure[:, where, :-1] = np.nan_to_num(lagged)
    exposure[:, :, :-1] *= modelled[:, None, :]
    of_days = model.data.sel(time=days)
    parts = xr.Dataset(
        {
            "exposure": (("time", "factor", "asset"), exposure),
            "modelled": (("time", "asset"), np.pad(modelled, ((0, 0), (0, 1)))),
            "specific_return": (("time", "asset"), np.pad(np.nan_to_num(specific), ((0, 0), (0, 1)))),
            "factor_return": of_days["factor_returns"].fillna(0.0).transpose("time", "factor"),
            "covariance": of_days["estimation_error_covariance"].fillna(0.0).transpose("time", "factor", "factor_other"),
            "sector": ("asset", np.append(sector, CASH).astype(object)),
            "name": ("asset", np.append(market["name"].sel(asset=stocks).to_numpy(), "").astype(object)),
            "name_ja": ("asset", np.append(market["name_ja"].sel(asset=stocks).to_numpy(), "").astype(object)),
        },
        coords={"time": days, "asset": assets, "factor": names},
    )
    returns = market["total_return"].sel(time=days, asset=stocks).transpose("time", "asset").to_numpy()
    _require_same_returns(parts, returns)
    return parts
