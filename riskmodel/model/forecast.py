"""What a fit forecasts: factor covariance and specific risk, as known at the closes asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import computed, is_lazy
from riskmodel.arrays.labels import label_text
from riskmodel.errors import listed
from riskmodel.estimation.covariance import factor_covariance
from riskmodel.estimation.covariance_settings import CovarianceSettings
from riskmodel.estimation.specific import SpecificRiskSettings, specific_risk
from riskmodel.market.finals import ends_of_lives
from riskmodel.progress import Step, silent

UNADJUSTED = "unadjusted_specific_volatility"  # (time, asset) of a fit: daily, before the regime adjustment


@dataclass(frozen=True)
class RiskForecast:
    """Forecast risk of a day, as known at some closes.

    Attributes
    ----------
    factor_risk
        Of `riskmodel.factor_covariance`: `covariance` (time, factor, factor_other) and what it was made of.
    specific_risk
        Of `riskmodel.specific_risk`: `volatility` (time, asset) and what it was made of.
    """

    factor_risk: xr.Dataset
    specific_risk: xr.Dataset

    @property
    def factor_covariance(self) -> xr.DataArray:
        """(time, factor, factor_other), of a day; NaN for a factor without a forecast."""
        return self.factor_risk["covariance"]

    @property
    def specific_volatility(self) -> xr.DataArray:
        """(time, asset), of a day, decimals; NaN for an asset without a forecast."""
        return self.specific_risk["volatility"]

    def compute(self) -> RiskForecast:
        """The same in memory, where the fit is held by dask: both together, so that no day is regressed twice."""
        if not is_lazy(self.factor_risk, self.specific_risk):
            return self
        return RiskForecast(*computed(self.factor_risk, self.specific_risk))

    def __repr__(self) -> str:
        shape = ", ".join(f"{size:,} {dim}s" for dim, size in (("factor", self.factor_risk.sizes["factor"]),
                                                               ("asset", self.specific_risk.sizes["asset"])))  # fmt: skip
        closes = listed(map(label_text, self.factor_risk.get_index("time")), 3)
        later = ", not computed; see compute()" if is_lazy(self.factor_risk, self.specific_risk) else ""
        return f"RiskForecast: {shape}, at {closes}{later}"


def risk_forecast(
    data: xr.Dataset,
    exposures: xr.DataArray,
    closes: pd.Index,
    covariance: CovarianceSettings,
    specific: SpecificRiskSettings,
    step: Step = silent,
) -> RiskForecast:
    """Forecast from the arrays of a fit; closes that share their sectors go together, so that nothing later is looked at."""
    step("factor covariance")
    of_factors = factor_risk(data, covariance, closes)
    step("specific risk")
    return RiskForecast(factor_risk=of_factors, specific_risk=specific_forecast(data, exposures, closes, specific))


def specific_forecast(
    data: xr.Dataset, exposures: xr.DataArray, closes: pd.Index, settings: SpecificRiskSettings
) -> xr.Dataset:
    """The specific risk of `risk_forecast` alone, without the factors' covariance."""
    returns = data["specific_returns"]
    known = data[UNADJUSTED] if remembers(data, settings) else None
    if "final_known" in data:  # how a life ended is no draw of the risk of those who go on, or of the ticker's next company
        returns = returns.where(~xr.DataArray(ends_of_lives(data), dims=("time", "asset")))
    forecasts = [
        specific_risk(
            returns,
            data["market_cap"],
            exposures,
            sectors,
            settings,
            times=together,
            linked=data["issuer"],
            unadjusted=known,
        )
        for together, sectors in _by_sectors(closes, data["sector"])
    ]
    return forecasts[0] if len(forecasts) == 1 else xr.concat(forecasts, dim="time").sel(time=closes)


def remembers(data: xr.Dataset, settings: SpecificRiskSettings) -> bool:
    """Whether a fit has the specific volatilities of these settings; `riskmodel.model.cache.remembered` makes them."""
    return UNADJUSTED in data and data.attrs.get(UNADJUSTED) == settings_key(settings)


def settings_key(settings: SpecificRiskSettings) -> str:
    """The settings as text, one for the same."""
    return json.dumps(vars(settings), sort_keys=True)


def factor_risk(data: xr.Dataset, settings: CovarianceSettings, closes: pd.Index) -> xr.Dataset:
    """Of all factors together, `riskmodel.factor_covariance`; of an industry what it earned before its return was shrunk.

    A shrunk return varies less than what it stands for: kept tau^2 where the industries' own are draws of variance tau^2 and
    `kept` is the share of the industry's mean residual that it keeps. Divided by the root of `kept` it varies as they do.
    """
    returns = data["factor_returns"]
    if "industry_sector" not in data:
        return factor_covariance(returns, settings, times=closes)
    kept = 1 - data["industry_shrinkage"].rename(industry_name="factor").reindex(factor=returns["factor"], fill_value=0.0)
    industry_sector = data["industry_sector"].to_series().to_dict()
    return factor_covariance(
        returns / np.sqrt(kept.where(kept > 0, np.inf)), settings, times=closes, industry_sector=industry_sector
    )


def _by_sectors(closes: pd.Index, sectors: xr.DataArray) -> list[tuple[pd.Index, xr.DataArray]]:
    """Closes that share their sectors, with these."""
    if "time" not in sectors.dims:
        return [(closes, sectors)]
    labels = sectors.transpose("time", "asset").sel(time=closes)
    state = pd.Series([tuple("" if pd.isna(label) else str(label) for label in row) for row in labels.to_numpy()])
    runs = state.groupby(state, sort=False).indices.values()
    return [(closes[rows], labels.isel(time=rows[0], drop=True)) for rows in runs]
