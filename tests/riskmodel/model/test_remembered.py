"""What forecasts look back on, kept with a fit: the same forecasts, at the cost of the closes asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.estimation import specific
from riskmodel.model.cache.remembered import remembering
from riskmodel.model.forecast import UNADJUSTED


@pytest.fixture(scope="module")
def remembered(small_model):
    return remembering(small_model)


@pytest.fixture(scope="module")
def appended(tmp_path_factory, small_market):
    """A fit in a store, and what an update by a month makes of it."""
    model, path = rm.RiskModel(), tmp_path_factory.mktemp("store") / "model.nc"
    rm.save(remembering(model.fit(small_market.isel(time=slice(-21)))), path)
    past = rm.load(path, model=model)
    return past, model.update(past, small_market), path


def same(one, other, tolerance=1e-12):
    """The variables of two forecasts of specific risk."""
    assert set(one) == set(other)
    for name in one:
        xr.testing.assert_allclose(one[name], other[name], rtol=tolerance, atol=tolerance)


def test_forecasts_are_those_of_a_fit_that_remembers_nothing(small_model, remembered):
    sessions = small_model.data.get_index("time")
    for closes in (sessions[-1:], sessions[[-200, -40, -1]]):
        same(small_model.forecast(closes).specific_risk, remembered.forecast(closes).specific_risk)
        same(small_model.specific_forecast(closes), remembered.specific_forecast(closes))


def test_only_the_closes_asked_for_are_forecast(remembered, monkeypatch):
    shapes, plain = [], specific.structural_volatility

    def counted(ts, *others, **more):
        shapes.append(len(ts))
        return plain(ts, *others, **more)

    monkeypatch.setattr(specific, "structural_volatility", counted)
    remembered.specific_forecast(remembered.data.get_index("time")[[-40, -1]])
    assert sum(shapes) == 2


def test_other_settings_do_not_take_what_was_remembered_under_these(small_model, remembered):
    settings = {"specific": {**small_model.settings["specific"], "half_life": 42.0}}
    short, plain = (replace(results, settings={**results.settings, **settings}) for results in (remembered, small_model))
    same(short.specific_forecast(), plain.specific_forecast())
    assert not np.allclose(
        short.specific_forecast()["volatility"], remembered.specific_forecast()["volatility"], equal_nan=True
    )


def test_an_update_forecasts_the_new_sessions_alone_and_leaves_the_store_where_it_is(appended, remembered, monkeypatch):
    past, now, path = appended
    assert UNADJUSTED in past.data and UNADJUSTED not in now.data
    days, plain = [], specific.structural_volatility
    monkeypatch.setattr(
        specific, "structural_volatility", lambda ts, *others, **more: (days.append(len(ts)), plain(ts, *others, **more))[1]
    )
    whole = remembering(now, past)
    assert sum(days) == 21
    xr.testing.assert_allclose(whole.data[UNADJUSTED], remembered.data[UNADJUSTED], rtol=1e-12)
    before = {part.name for part in (path.parent / "model.nc.parts").iterdir()}
    rm.save(whole, path)
    assert before < {part.name for part in (path.parent / "model.nc.parts").iterdir()}  # what was there is not written again
    same(rm.load(path).specific_forecast(), remembered.specific_forecast())


@pytest.mark.parametrize("kind", ["sector", "issuer"])
def test_after_a_move_to_another_sector_or_company_everything_is_forecast_anew(appended, kind):
    past, now, _ = appended
    labels = now.data[kind].to_numpy().copy()
    labels[:2] = labels[2] if kind == "sector" else "both"
    moved = replace(now, data=now.data.assign({kind: (now.data[kind].dims, labels)}))
    xr.testing.assert_identical(remembering(moved, past).data[UNADJUSTED], remembering(moved).data[UNADJUSTED])


def test_other_issuers_of_the_same_sessions_leave_nothing_remembered(remembered, small_market):
    issuers = small_market["issuer"].copy(data=["one", "one", *small_market["issuer"].to_numpy()[2:]])
    assert UNADJUSTED not in rm.RiskModel().update(remembered, small_market.assign(issuer=issuers)).data


def test_what_is_known_before_must_have_every_day_and_name(small_model, remembered):
    known = remembered.data[UNADJUSTED]
    for short in (known.isel(time=slice(5, None)), known.isel(asset=slice(1, None))):
        with pytest.raises(InputError, match="unadjusted"):
            rm.specific_risk(
                small_model.specific_returns, small_model.data["market_cap"], small_model.exposures, unadjusted=short
            )
