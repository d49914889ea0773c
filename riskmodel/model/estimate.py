"""The other door to a fit: exposures that are given, in place of a market that feeds them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.labels import PANEL, aligned, labelled, require_kind
from riskmodel.estimation.share_classes import issuers
from riskmodel.model.arrays import STYLE, fitted_arrays
from riskmodel.model.model import RiskModel
from riskmodel.model.results import RiskModelResults


def estimate(
    *,
    returns: xr.DataArray | pd.DataFrame,
    exposures: xr.DataArray,
    sectors: xr.DataArray | pd.DataFrame | pd.Series,
    market_cap: xr.DataArray | pd.DataFrame,
    universe: xr.DataArray | pd.DataFrame | None = None,
    industries: xr.DataArray | pd.DataFrame | pd.Series | None = None,
    linked: xr.DataArray | pd.Series | None = None,
    model: RiskModel | None = None,
) -> RiskModelResults:
    """Estimate factor returns from exposures that are given; what comes forecasts risk as a fit does.

    Parameters
    ----------
    returns
        (time, asset), decimals, stamped with the close at which they end; `time` sorted.
    exposures
        (time, asset, factor) of the styles, stamped with the close at which they are known. Not lagged: the return of a
        session meets the exposures of the one before. The layout (time, factor, asset) in memory is read without a copy.
    sectors
        (asset) or (time, asset) labels; the specific risk of a close takes those of that close, for the days before it too.
        Closes whose sectors are the same are forecast together.
    market_cap
        (time, asset), in any unit, stamped with the close at which it is known.
    universe
        (time, asset) bool, which assets estimate the factor returns, as known at the close. By default all.
    industries
        (asset) or (time, asset) labels, which have returns of their own within their sector and by which errors are
        clustered; as known at the close. By default none.
    linked
        (asset) labels of issuers, whose share classes share their specific risk; an empty one links nothing.
    model
        Its `regression`, `covariance` and `specific` count; by default those of `RiskModel()`.

    Returns
    -------
    RiskModelResults
        As of `RiskModel.fit`, without `coverage`: `forecast(times)` gives factor covariance and specific risk. Held by dask
        where an argument is.

    Raises
    ------
    InputError
        Where an argument is refused by the regression, time is not sorted, or there is but one session.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> coords = {"time": pd.bdate_range("2024-01-01", periods=120), "asset": [f"A{i:02d}" for i in range(80)]}
    >>> x = xr.DataArray(rng.normal(size=(120, 1, 80)), coords | {"factor": ["value"]}, ("time", "factor", "asset"))
    >>> r = 0.01 * x[:, 0].shift(time=1) + 0.02 * xr.DataArray(rng.normal(size=(120, 80)), coords, ("time", "asset"))
    >>> sector = xr.DataArray(["A", "B"] * 40, {"asset": coords["asset"]}, ("asset",))
    >>> fit = estimate(returns=r, exposures=x, sectors=sector, market_cap=1 + 0 * r.fillna(0))
    >>> fit.factor_returns.sel(factor="value").mean().round(2).item()
    0.01
    >>> fit.forecast().specific_volatility.mean().round(2).item()
    0.02
    """
    model = RiskModel() if model is None else model
    require_kind("model", model, RiskModel, "Its parts regression, covariance and specific count.")
    arrays = {"returns": returns, "exposures": exposures, "sectors": sectors, "market_cap": market_cap, "universe": universe}
    given: dict[str, Any] = {**dict.fromkeys(arrays), **aligned(arrays | {"industries": industries})}
    assets = given["returns"].get_index("asset")
    given.setdefault("industries", xr.DataArray(np.full(len(assets), "", dtype=object), {"asset": assets}, ("asset",)))
    data = fitted_arrays(**given, issuers=_issuers(linked, returns), settings=model.regression)
    styles: dict[str, dict[str, float]] = {str(name): {} for name in data[STYLE].to_numpy()}
    as_given = {**asdict(model.exposures), "orthogonalise": {}}  # nothing is taken out of exposures that are given
    return RiskModelResults(data=data, settings=model.settings | {"exposures": as_given, "styles": styles, "texts": {}})


def _issuers(linked: xr.DataArray | pd.Series | None, returns: xr.DataArray | pd.DataFrame) -> xr.DataArray:
    """A label for each asset, empty where it shares its issuer with nobody that is known."""
    assets = labelled("returns", returns, PANEL).get_index("asset")
    known = issuers(assets, linked)
    labels = pd.Series("", index=assets, dtype=object)
    for issuer, places in known.items():
        labels.iloc[places] = issuer
    return xr.DataArray(labels.to_numpy(), {"asset": assets}, ("asset",))
