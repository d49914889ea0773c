"""A whole risk model from given exposures: every session's regression, the factor covariance and the specific risk."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import xarray as xr

from riskmodel.arrays.chunks import computed, is_lazy
from riskmodel.arrays.labels import label_text, requested_rows, require_kind
from riskmodel.errors import listed
from riskmodel.estimation import covariance_settings, specific
from riskmodel.estimation.covariance import factor_covariance
from riskmodel.estimation.covariance_settings import CovarianceSettings
from riskmodel.estimation.lagged import RegressionSettings, lagged_regression


@dataclass(frozen=True)
class EstimateSettings:
    """Choices of a whole model whose exposures are given."""

    regression: RegressionSettings = field(default_factory=RegressionSettings)
    covariance: CovarianceSettings = covariance_settings.SHORT_HORIZON
    specific: specific.SpecificRiskSettings = specific.SHORT_HORIZON

    def __post_init__(self) -> None:
        for name, kind in (
            ("regression", RegressionSettings),
            ("covariance", CovarianceSettings),
            ("specific", specific.SpecificRiskSettings),
        ):
            require_kind(f"settings: {name}", getattr(self, name), kind, f"Use riskmodel.{kind.__name__}().")


@dataclass(frozen=True)
class Estimate:
    """What `estimate` returns.

    Attributes
    ----------
    regression
        Of `riskmodel.cross_sectional_regression`, by session; the first has no exposures before it.
    factor_risk
        Of `riskmodel.factor_covariance`, at the closes asked for.
    specific_risk
        Of `riskmodel.specific_risk`, at the same closes.
    """

    regression: xr.Dataset
    factor_risk: xr.Dataset
    specific_risk: xr.Dataset

    def compute(self) -> Estimate:
        """The same in memory, where arguments were chunked: all three together, so that no day is regressed twice."""
        if not is_lazy(self.regression, self.factor_risk, self.specific_risk):
            return self
        return Estimate(*computed(self.regression, self.factor_risk, self.specific_risk))

    def __repr__(self) -> str:
        fit, times = self.regression, self.factor_risk.get_index("time")
        if is_lazy(fit):
            return (
                f"Estimate, not computed: {fit.sizes['time']} sessions, {fit.sizes['asset']} assets, "
                f"{fit.sizes['factor']} factors; forecast at {listed(map(label_text, times), 3)}. See compute()."
            )
        return (
            f"Estimate: {int(fit['r_squared'].notnull().sum())} of {fit.sizes['time']} sessions, "
            f"{fit.sizes['asset']} assets, {fit.sizes['factor']} factors, "
            f"mean R-squared {float(fit['r_squared'].mean()):.3f}; forecast at {listed(map(label_text, times), 3)}"
        )


def estimate(
    *,
    returns: xr.DataArray,
    exposures: xr.DataArray,
    sectors: xr.DataArray,
    market_cap: xr.DataArray,
    universe: xr.DataArray | None = None,
    linked: xr.DataArray | pd.Series | None = None,
    settings: EstimateSettings | None = None,
    times: object = None,
) -> Estimate:
    """Estimate factor returns, factor covariance and specific risk from exposures that are given.

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
    linked
        (asset) labels of issuers, whose share classes share their specific risk.
    times
        Closes at which a forecast is wanted, one or several; by default the last.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        Where an argument is refused by one of the three steps, time is not sorted, or there is but one session.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> coords = {"time": pd.bdate_range("2024-01-01", periods=120), "asset": [f"A{i:02d}" for i in range(80)]}
    >>> x = xr.DataArray(rng.normal(size=(120, 1, 80)), coords | {"factor": ["value"]}, ("time", "factor", "asset"))
    >>> r = 0.01 * x[:, 0].shift(time=1) + 0.02 * xr.DataArray(rng.normal(size=(120, 80)), coords, ("time", "asset"))
    >>> sector = xr.DataArray(["A", "B"] * 40, {"asset": coords["asset"]}, ("asset",))
    >>> fit = estimate(returns=r, exposures=x, sectors=sector, market_cap=1 + 0 * r.fillna(0))
    >>> fit.regression["factor_returns"].sel(factor="value").mean().round(2).item()
    0.01
    >>> fit.specific_risk["volatility"].mean().round(2).item()
    0.02
    """
    settings = EstimateSettings() if settings is None else settings
    require_kind("settings", settings, EstimateSettings, "Its parts are regression, covariance and specific.")
    fit = lagged_regression(
        returns=returns,
        exposures=exposures,
        sectors=sectors,
        market_cap=market_cap,
        universe=universe,
        settings=settings.regression,
    )
    index = fit.get_index("time")
    wanted = index[requested_rows(index, times, name="returns")]
    forecasts = [
        specific.specific_risk(
            fit["specific_returns"], market_cap, exposures, known, settings.specific, times=closes, linked=linked
        )
        for closes, known in _by_sectors(wanted, sectors)
    ]
    return Estimate(
        regression=fit,
        factor_risk=factor_covariance(fit["factor_returns"], settings.covariance, times=wanted),
        specific_risk=forecasts[0] if len(forecasts) == 1 else xr.concat(forecasts, dim="time").sel(time=wanted),
    )


def _by_sectors(closes: pd.Index, sectors: xr.DataArray) -> list[tuple[pd.Index, xr.DataArray]]:
    """Closes that share their sectors, with these: nothing that is known later is looked at."""
    if "time" not in sectors.dims:
        return [(closes, sectors)]
    labels = sectors.transpose("time", "asset").sel(time=closes)
    state = pd.Series([tuple("" if pd.isna(label) else str(label) for label in row) for row in labels.to_numpy()])
    runs = state.groupby(state, sort=False).indices.values()
    return [(closes[rows], labels.isel(time=rows[0], drop=True)) for rows in runs]
