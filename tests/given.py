"""A fit, written as the tables of a model that somebody else estimated."""

from __future__ import annotations

import numpy as np
import pandas as pd

import riskmodel as rm


def exported(model: rm.RiskModelResults, *, closes: pd.DatetimeIndex, since: str | None = None) -> dict[str, pd.DataFrame]:
    """The tables model_*: every row since a day, risk at `closes`; a dummy of 0 is left out, as vendors' files leave it."""
    since = pd.Timestamp(since or model.data.get_index("time")[0])
    group, texts = model.groups, model.style_texts
    days = model.data.get_index("time")
    exposures = _long(model.design(days[days >= since]), "exposure")
    exposures = exposures[(exposures["exposure"] != 0) | (exposures["factor"].map(group) == "style")]
    returns = _long(model.factor_returns.sel(time=slice(since, None)), "return")
    errors = _long(model.robust_standard_errors.sel(time=slice(since, None)), "standard_error")
    exposures = exposures[exposures["factor"].isin(returns["factor"])]  # no thin industry that never has a return
    made = model.forecast(closes)
    return {
        "model_exposures": exposures,
        "model_factor_returns": returns.merge(errors, how="left"),
        "model_specific_returns": _long(model.specific_returns.sel(time=slice(since, None)), "return"),
        "model_covariance": _long(made.factor_covariance * 252, "covariance"),
        "model_specific_risk": _long(made.specific_volatility * np.sqrt(252), "volatility"),
        "model_factors": pd.DataFrame(
            {
                "factor": list(group),
                "group": list(group.values()),
                "name": [texts.get(factor, {}).get("en") for factor in group],
                "name_ja": [texts.get(factor, {}).get("ja") for factor in group],
            }
        ),
    }


def _long(array, column):
    frame = array.to_series().rename(column).dropna().reset_index()
    return frame.rename(columns={"time": "date", "asset": "ticker"})
