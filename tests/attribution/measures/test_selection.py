"""The specific risk that was forecast for a period, by hand, and on a fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.measures.selection import SpecificForecast, forecast_specific, specific_risk_of_period
from attribution.rows import CASH

DAYS = pd.DatetimeIndex(["2025-03-03", "2025-03-04"])
NAMES = ["A", "B", CASH]


def weights(*rows):
    return xr.DataArray(list(rows), {"time": DAYS, "asset": NAMES}, ("time", "asset"))


def forecast(variance, linked=None):
    return SpecificForecast(DAYS[0], xr.DataArray(variance, {"asset": NAMES[:2]}, ("asset",)), linked)


OWN, OTHER = weights([0.8, 0.1, 0.1], [0.7, 0.2, 0.1]), weights([0.5, 0.5, 0.0], [0.5, 0.5, 0.0])
ONES = xr.DataArray([1.0, 2.0], {"time": DAYS}, ("time",))


def test_the_risk_of_two_days_is_that_of_their_active_weights():
    """Active 0.3, -0.4, then 0.2, -0.3 with a coefficient of 2; variances 0.0004 and 0.0001."""
    days = [0.09 * 4e-4 + 0.16 * 1e-4, 4 * (0.04 * 4e-4 + 0.09 * 1e-4)]
    found = specific_risk_of_period(OWN, OTHER, ONES, forecast([4e-4, 1e-4]))
    assert found == pytest.approx(np.sqrt(sum(days)), rel=1e-12)


def test_two_share_classes_of_one_company_share_their_risk():
    labels = {"asset": NAMES[:2], "asset_other": NAMES[:2]}
    linked = xr.DataArray([[4e-4, 2e-4], [2e-4, 1e-4]], labels, ("asset", "asset_other"))
    days = [(0.3 * 0.02 - 0.4 * 0.01) ** 2, 4 * (0.2 * 0.02 - 0.3 * 0.01) ** 2]
    found = specific_risk_of_period(OWN, OTHER, ONES, forecast([4e-4, 1e-4], linked))
    assert found == pytest.approx(np.sqrt(sum(days)), rel=1e-12)


def test_there_is_no_risk_where_much_of_what_is_held_has_no_forecast_or_there_is_none_at_all():
    assert np.isnan(specific_risk_of_period(OWN, OTHER, ONES, forecast([np.nan, 1e-4])))
    assert np.isnan(specific_risk_of_period(OWN, OTHER, ONES, None))


def test_a_close_without_history_has_no_forecast_and_a_later_one_that_of_the_model(small_model, small_market):
    sessions = small_model.data.get_index("time")
    assert forecast_specific(small_model, small_market, sessions[1]) is None
    found = forecast_specific(small_model, small_market, sessions[-1])
    expected = small_model.forecast([sessions[-1]]).specific_volatility.isel(time=0)
    np.testing.assert_allclose(found.variance, expected.sel(asset=small_market["asset"]) ** 2, rtol=1e-12)
