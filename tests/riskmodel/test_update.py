"""Appending sessions to a fit equals fitting everything; a history that changed is named."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.fingerprint import history_fingerprint

HELD_BACK = 21


@pytest.fixture(scope="module")
def earlier(small_market):
    return rm.RiskModel().fit(small_market.isel(time=slice(0, -HELD_BACK)))


def changed(market: xr.Dataset, name: str, where: tuple[int, int], factor: float) -> xr.Dataset:
    values = market[name].to_numpy().copy()
    values[where] *= factor
    return market.assign({name: (market[name].dims, values)})


def test_an_update_equals_a_full_fit(earlier, small_model, small_market):
    updated = rm.RiskModel().update(earlier, small_market)
    for name, whole in small_model.data.data_vars.items():
        own = updated.data[name].transpose(*whole.dims)
        if whole.dtype.kind == "f":
            np.testing.assert_allclose(own, whole, rtol=1e-12, atol=1e-12, err_msg=str(name))
        else:
            np.testing.assert_array_equal(own, whole, err_msg=str(name))


def test_an_update_of_a_stored_fit_equals_a_full_fit(earlier, small_model, small_market, tmp_path):
    rm.save(earlier, tmp_path / "earlier.nc")
    updated = rm.RiskModel().update(rm.load(tmp_path / "earlier.nc"), small_market)
    np.testing.assert_allclose(updated.factor_returns, small_model.factor_returns, rtol=1e-12, atol=1e-15)
    assert updated.data["universe"].dtype == bool


def test_an_update_day_by_day_equals_a_full_fit(small_model, small_market):
    results = rm.RiskModel().fit(small_market.isel(time=slice(0, -3)))
    for last in (-2, -1, None):
        results = rm.RiskModel().update(results, small_market.isel(time=slice(0, last)))
    np.testing.assert_allclose(results.exposures, small_model.exposures, rtol=1e-12, atol=1e-12)


def test_without_new_sessions_the_fit_itself_comes_back(small_model, small_market):
    assert rm.RiskModel().update(small_model, small_market) is small_model


@pytest.mark.parametrize("name", ["close", "total_return", "volume", "traded_price", "shares_out"])
def test_a_changed_fact_is_named(earlier, small_market, name):
    traded = np.argwhere(np.isfinite(small_market[name].to_numpy()[:100]))[-1]
    ticker = small_market["asset"].to_numpy()[traded[1]]
    message = f"model: the history of 1 asset has changed under the earlier fit: {ticker}. Usually a split or a restatement"
    with pytest.raises(rm.InputError, match=message):
        rm.RiskModel().update(earlier, changed(small_market, name, tuple(traded), 1.0000001))


def test_a_restated_filing_is_named(earlier, small_market):
    place = int(np.flatnonzero(np.isfinite(small_market["revenue"].to_numpy()))[0])
    ticker = small_market["filing_ticker"].to_numpy()[place]
    with pytest.raises(rm.InputError, match=f"the history of 1 asset has changed under the earlier fit: {ticker}"):
        rm.RiskModel().update(earlier, changed(small_market, "revenue", (place,), 1.01))


def test_a_session_that_vanished_is_named(earlier, small_market):
    day = small_market.get_index("time")[50]
    with pytest.raises(rm.InputError, match=f"the sessions under the earlier fit have changed: .*{day:%Y-%m-%d}"):
        rm.RiskModel().update(earlier, small_market.drop_sel(time=day))


def test_other_settings_are_not_updated(earlier, small_market):
    other = rm.RiskModel(universe=rm.UniverseRule(largest=300))
    with pytest.raises(rm.InputError, match="the earlier fit has other settings"):
        other.update(earlier, small_market)


def test_a_fingerprint_knows_nothing_of_the_days_after(small_market):
    until = small_market["time"].to_numpy()[-HELD_BACK - 1]
    whole = history_fingerprint(small_market, until)
    xr.testing.assert_equal(whole, history_fingerprint(small_market.sel(time=slice(None, until)), until))
    order = np.random.default_rng(0).permutation(small_market.sizes["asset"])
    xr.testing.assert_equal(history_fingerprint(small_market.isel(asset=order), until).sel(asset=whole["asset"]), whole)
