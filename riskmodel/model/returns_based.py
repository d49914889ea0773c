"""Exposures of an index of which a fit knows nothing but its returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.requested import requested_rows
from riskmodel.estimation.returns_based import WINDOW, returns_based_exposures
from riskmodel.model.arrays import STYLE
from riskmodel.model.results import RiskModelResults

DAYS_AT_ONCE = 16
DIVERSIFIED = 0.25  # by how much less than from name to name: sectors and the like, of which an index holds many names
SHARED = 1e-6  # a smaller deviation is rounding: all names have one exposure


def estimated_exposures(
    model: RiskModelResults, returns: xr.DataArray, times: pd.DatetimeIndex, *, window: int = WINDOW
) -> xr.Dataset:
    """Exposures of an index at some closes, from its returns up to each of them.

    Parameters
    ----------
    model
        A fit.
    returns
        (time) of the index on the fit's sessions, decimals; NaN where there is none.
    times
        Sessions, at whose closes the exposures are known.
    window
        Sessions that are looked at.

    Returns
    -------
    Dataset
        As `riskmodel.estimation.returns_based.returns_based_exposures`, on the fit's factors.

    Notes
    -----
    Exposures start from those of the covered names by market cap (equally weighted where no cap is known). They may depart
    by the deviation from name to name, those to sectors, industries and the like by a quarter of it.
    """
    sessions = model.data.get_index("time")
    rows = requested_rows(sessions, times, name="the fit")
    own = sessions[max(int(rows.min()) - window, 0) : int(rows.max()) + 1]
    start, deviation = market_portfolio(model, own)
    return returns_based_exposures(
        returns.reindex(time=own),
        model.factor_returns.sel(time=own),
        start=start,
        deviation=deviation,
        times=sessions[rows],
        window=window,
    )


def market_portfolio(model: RiskModelResults, times: pd.DatetimeIndex) -> tuple[xr.DataArray, xr.DataArray]:
    """Exposures of all covered names by market cap, and by how much an index's depart from them, (time, factor).

    What a fit was asked for before is not computed again.
    """
    known, factors = model.market_portfolios, model.data.get_index("factor")
    styles = np.array([model.group(str(factor)) == STYLE for factor in factors])
    wanted = [time for time in times if time not in known]
    for first in range(0, len(wanted), DAYS_AT_ONCE):
        block = pd.DatetimeIndex(wanted[first : first + DAYS_AT_ONCE])
        exposures = model.design(block).transpose("time", "factor", "asset").to_numpy()
        covered = ~np.isnan(exposures).all(axis=1)
        cap = model.data["market_cap"].sel(time=block).transpose("time", "asset").to_numpy()
        weights = np.where(covered, np.nan_to_num(cap), 0.0)
        weights = np.where(weights.any(axis=1, keepdims=True), weights, covered)
        weights = weights / np.where(weights.any(axis=1, keepdims=True), weights.sum(axis=1, keepdims=True), 1.0)
        filled = np.nan_to_num(exposures)
        start = (filled @ weights[..., None])[..., 0]
        deviation = np.sqrt(np.maximum((filled**2 @ weights[..., None])[..., 0] - start**2, 0.0))
        known |= dict(zip(block, zip(start, deviation, strict=True), strict=True))
    start, deviation = (np.array([known[time][part] for time in times]) for part in (0, 1))
    deviation = np.where(deviation > SHARED, deviation, 0.0) * np.where(styles, 1.0, DIVERSIFIED)
    labels = {"time": times, "factor": factors}
    return xr.DataArray(start, labels, ("time", "factor")), xr.DataArray(deviation, labels, ("time", "factor"))
