"""A model that somebody else estimated: what a fit has, it has; what nobody stated is not there."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel import ForecastUnavailableError
from riskmodel.market.sources import Folder
from tests.given import exported
from tests.riskmodel.builders import write_tables

RISK = ("model_covariance", "model_specific_risk")


@pytest.fixture(scope="module")
def closes(market):
    return market.get_index("time")[[100, 115, 129]]


@pytest.fixture(scope="module")
def given(results, closes):
    covariance = results.settings["covariance"] | {"minimum_history": 20}
    specific = results.settings["specific"] | {"short_history": 0, "full_history": 20}
    settings = results.settings | {"covariance": covariance, "specific": specific}
    return exported(rm.RiskModelResults(results.data, settings), closes=closes)


@pytest.fixture(scope="module")
def model(given, market):
    return rm.given_model(given, market)


def test_a_fit_that_is_written_and_read_back_has_the_same_arrays(model, results):
    solved = results.factor_returns.notnull().any("factor")
    later = results.data.get_index("time")[1:][solved.to_numpy()[1:]]
    for name in ("factor_returns", "robust_standard_errors", "specific_returns"):
        xr.testing.assert_equal(model.data[name].sel(factor=results.data["factor"]) if "factor" in model.data[name].dims
                                else model.data[name], results.data[name].transpose(*model.data[name].dims))  # fmt: skip
    before = results.data.get_index("time")[results.data.get_index("time").get_indexer(later) - 1]
    one, other = model.design(before).sel(factor=results.data["factor"]), results.design(before)
    whole = other.notnull().all("factor")
    xr.testing.assert_allclose(one.where(whole), other.where(whole), rtol=0, atol=0)
    assert model.groups == results.groups
    assert model.styles == results.styles
    np.testing.assert_allclose(
        model.data["r_squared"].sel(time=later[-30:]), results.data["r_squared"].sel(time=later[-30:]), atol=0.3
    )


def test_a_folder_a_source_and_frames_give_the_same_model(model, given, market, tables, tmp_path):
    folder = write_tables(tmp_path / "tables", tables | given)
    assert rm.given_model(folder).data.identical(model.data)
    assert rm.given_model(Folder(folder), market).data.identical(model.data)


def test_the_order_of_rows_changes_nothing(model, given, market):
    shuffled = {
        name: frame if name == "model_factors" else frame.sample(frac=1, random_state=1) for name, frame in given.items()
    }
    assert rm.given_model(shuffled, market).data.identical(model.data)


def test_the_future_of_no_table_reaches_the_past(model, given, market, closes):
    cut = closes[1]
    random = np.random.default_rng(7)
    for name, frame in given.items():
        if name == "model_factors":
            continue
        later, number = frame["date"] > cut, frame.columns[-1]
        changed = frame.assign(**{number: frame[number].where(~later, frame[number] * random.uniform(0.5, 1.5))})
        if name == "model_exposures":
            changed = changed.drop(changed[later].sample(frac=0.3, random_state=3).index)
        other = rm.given_model(given | {name: changed}, market)
        assert not other.data.identical(model.data), name
        known = {"time": slice(None, cut)}
        for variable in ("exposures", "factor_returns", "specific_returns", "r_squared", "flag", "robust_standard_errors"):
            xr.testing.assert_identical(other.data[variable].sel(known), model.data[variable].sel(known))
        xr.testing.assert_identical(other.design(closes[:2]), model.design(closes[:2]))
        for part in ("factor_covariance", "specific_volatility"):
            xr.testing.assert_identical(getattr(other.forecast(closes[:2]), part), getattr(model.forecast(closes[:2]), part))


def test_a_name_without_exposures_is_not_modelled_on_the_next_day_and_no_other(model, given, market):
    day = market.get_index("time")[110]
    frame = given["model_exposures"]
    name = frame[frame["date"] == day]["ticker"].iloc[0]
    without = frame[~((frame["date"] == day) & (frame["ticker"] == name))]
    other = rm.given_model(given | {"model_exposures": without}, market)
    gone = other.specific_returns.isnull() & model.specific_returns.notnull()
    assert int(gone.sum()) == 1 and bool(gone.sel(time=market.get_index("time")[111], asset=name))
    assert bool(other.design(pd.DatetimeIndex([day]), [name]).isnull().all())


def test_a_factor_without_a_row_is_an_exposure_of_zero(model, market):
    sectors = model.design(market.get_index("time")[-1:]).sel(factor=model.sectors).isel(time=0)
    assert bool((sectors.dropna("asset").sum("factor") == 1).all())


def test_without_a_list_of_factors_each_is_a_style_and_none_the_market(given, market):
    bare = rm.given_model({name: given[name] for name in ("model_exposures", "model_factor_returns")}, market)
    assert set(bare.groups.values()) == {"style"}
    assert bare.styles == sorted(bare.styles) == sorted(given["model_factors"]["factor"])
    assert bare.style_texts["market"] == {"en": "market", "ja": "market"}


def test_factors_stand_by_their_groups_and_have_their_names_by_language(market):
    days, names = market.get_index("time")[:3], market.get_index("asset")[:4]
    factors = pd.DataFrame(
        [
            ("Yen", "currency", "Yen", "円"),
            ("Growth", "style", None, None),
            ("Japan", "country", "Japan", None),
            ("World", "market", None, None),
        ],
        columns=["factor", "group", "name", "name_ja"],
    )
    rows = [(day, name, factor, 0.5) for day in days for name in names for factor in factors["factor"]]
    paid = [(day, factor, 0.001) for day in days[1:] for factor in factors["factor"]]
    made = rm.given_model(
        {
            "model_exposures": pd.DataFrame(rows, columns=["date", "ticker", "factor", "exposure"]),
            "model_factor_returns": pd.DataFrame(paid, columns=["date", "factor", "return"]),
            "model_factors": factors,
        },
        market,
    )
    assert made.groups == {"World": "market", "Japan": "country", "Yen": "currency", "Growth": "style"}
    assert made.style_texts == {
        "Growth": {"en": "Growth", "ja": "Growth"}, "Yen": {"en": "Yen", "ja": "円"}, "Japan": {"en": "Japan"},
    }  # fmt: skip
    assert made.styles == ["Growth"]
    assert made.exposures.get_index("factor").tolist() == ["Growth"]
    assert "GivenModelResults: 2 days explained of 130" in repr(made)


def test_specific_returns_are_what_factors_leave_where_the_vendor_gives_none(model, given, market):
    computed = rm.given_model({name: frame for name, frame in given.items() if name != "model_specific_returns"}, market)
    assert not computed.vendor_specific and model.vendor_specific
    np.testing.assert_allclose(computed.specific_returns, model.specific_returns, rtol=0, atol=1e-14)
    some = given["model_specific_returns"].iloc[10:]
    mixed = rm.given_model(given | {"model_specific_returns": some}, market)
    assert int(mixed.data["specific_computed"].sum()) == 10
    np.testing.assert_allclose(mixed.specific_returns, model.specific_returns, rtol=0, atol=1e-14)


def test_a_triangle_is_filled_where_that_is_stated(model, given, market, closes):
    frame = given["model_covariance"]
    for half in (frame[frame["factor"] <= frame["factor_other"]], frame[frame["factor"] >= frame["factor_other"]]):
        filled = rm.given_model(given | {"model_covariance": half}, market, covariance="triangle")
        xr.testing.assert_allclose(
            filled.forecast(closes).factor_covariance, model.forecast(closes).factor_covariance, rtol=1e-14
        )


def test_the_last_risk_known_is_used_for_a_month_and_no_longer(model, given, market, closes):
    sessions = market.get_index("time")
    xr.testing.assert_equal(
        model.forecast(sessions[114]).factor_covariance[0].drop_vars("time"),
        model.forecast(closes[0]).factor_covariance[0].drop_vars("time"),
    )
    old = {name: given[name][given[name]["date"] == closes[0]] for name in RISK}
    with pytest.raises(ForecastUnavailableError, match="the last before is of 2024-05-20, more than 31 days old") as caught:
        rm.given_model(given | old, market).forecast(closes[2])
    assert caught.value.fact.key == "outdated"
    with pytest.raises(ForecastUnavailableError, match="none is of that day or before") as caught:
        model.forecast(sessions[99])
    assert caught.value.fact.key == "not_yet_given"
    bare = rm.given_model({name: frame for name, frame in given.items() if name not in RISK}, market)
    with pytest.raises(ForecastUnavailableError, match="model_covariance: the given model has no such table") as caught:
        bare.forecast()
    assert caught.value.fact.key == "not_given"


def test_what_a_day_lacks_is_named(given, market):
    sessions = market.get_index("time")
    exposures, returns = given["model_exposures"], given["model_factor_returns"]
    exposures = exposures[~((exposures["date"] == sessions[110]) & (exposures["factor"] == "value"))]
    exposures = exposures[exposures["date"] != sessions[112]]
    returns = returns[~((returns["date"] == sessions[115]) & (returns["factor"] == "size"))]
    returns = returns[returns["date"] != sessions[117]]
    model = rm.given_model(given | {"model_exposures": exposures, "model_factor_returns": returns}, market)
    said = {day: model.flags()[day].words() for day in sessions[[111, 113, 115, 117]]}
    assert list(said.values()) == [
        "a factor return, but no exposures at the close before, of value",
        "no exposures at the close before",
        "exposures at the close before, but no factor return, of size",
        "no factor returns",
    ]
    assert not set(sessions[105:111]) & set(model.flags())
    assert model.specific_returns.sel(time=sessions[[113, 117]]).isnull().all()


def test_rows_of_days_outside_the_price_history_are_counted_and_change_nothing(model, given, market):
    early = given["model_exposures"].head(3).assign(date=pd.Timestamp("1999-12-31"))
    late = given["model_factor_returns"].head(2).assign(date=pd.Timestamp("2099-12-31"))
    more = {
        **given,
        "model_exposures": pd.concat([early, given["model_exposures"]]),
        "model_factor_returns": pd.concat([given["model_factor_returns"], late]),
    }
    found = rm.given_model(more, market)
    assert json.loads(found.data.attrs["left_out"]) == {"model_exposures": 3, "model_factor_returns": 2}
    xr.testing.assert_identical(found.factor_returns, model.factor_returns)
    assert json.loads(model.data.attrs["left_out"]) == {}


def test_a_given_model_is_not_stored(model, tmp_path):
    with pytest.raises(rm.InputError, match="a given model is not stored: its tables are"):
        rm.save(model, tmp_path / "model.nc")
    assert not list(tmp_path.iterdir())
