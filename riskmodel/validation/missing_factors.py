"""Is a factor missing: components of the residuals, before and after the model."""

from __future__ import annotations

import xarray as xr

from riskmodel.errors import InputError, counted, listed
from riskmodel.estimation.lagged import RegressionSettings, lagged_regression
from riskmodel.market.contents import require_market
from riskmodel.model.results import RiskModelResults, require_results
from riskmodel.validation.residual_components import (
    COMPONENTS,
    DRAWS,
    LEAST_OBSERVED,
    LEVEL,
    SEED,
    ResidualComponents,
    residual_components,
)


def missing_factors(
    results: RiskModelResults,
    market: xr.Dataset,
    *,
    components: int = COMPONENTS,
    draws: int = DRAWS,
    level: float = LEVEL,
    least_observed: float = LEAST_OBSERVED,
    seed: int = SEED,
) -> ResidualComponents:
    """`residual_components` of a fitted model, with noise put through its own regression.

    Parameters
    ----------
    results, market
        A fit and the market that it was fitted on.
    components, draws, level, least_observed, seed
        As in `residual_components`.
    """
    require_results(results)
    require_market(market)
    data = results.data
    for dim in ("time", "asset"):
        lost = data.get_index(dim).difference(market.get_index(dim))
        if len(lost):
            raise InputError(
                f"market: without {counted(len(lost), 'label')} of '{dim}' that the model was fitted on: {listed(lost)}. "
                f"Give the market of the fit."
            )
    options = results.settings["regression"]
    if not isinstance(options, dict):
        raise InputError("model: settings without those of the regression. Fit again.")
    settings = RegressionSettings(**options)
    exposures = results.exposures.compute()
    cap = market["market_cap"].sel(time=data["time"], asset=data["asset"])

    def refit(returns: xr.DataArray) -> xr.DataArray:
        fit = lagged_regression(
            returns=returns.reindex(time=data["time"]),
            exposures=exposures,
            sectors=data["sector"],
            market_cap=cap,
            universe=data["universe"],
            settings=settings,
            covariance=False,
        )
        return fit["specific_returns"].sel(time=returns["time"])

    return residual_components(
        data["specific_returns"].isel(time=slice(1, None)),
        refit=refit,
        exposures=results.exposures,
        sectors=data["sector"],
        components=components,
        draws=draws,
        level=level,
        least_observed=least_observed,
        seed=seed,
    )
