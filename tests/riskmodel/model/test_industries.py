"""Industries of a market: found in its securities, nested, fitted, stored, updated, forecast; or off, and said."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.industries import industries
from tests.riskmodel.builders import random_tables
from tests.riskmodel.model.test_update import assert_same

HELD_BACK = 21


@pytest.fixture(scope="module")
def plain_market(small_market):
    """Its last 200 sessions: how long it is is not the point."""
    return small_market.drop_vars("industry").isel(time=slice(-200, None))


@pytest.fixture(scope="module")
def plain_model(plain_market):
    return rm.RiskModel().fit(plain_market)


def with_codes(market: xr.Dataset, column: str = "sic") -> xr.Dataset:
    """Three industries in each sector, one of them in every sector, and every ninth name without one."""
    place = np.arange(market.sizes["asset"])
    sector = np.unique(market["sector"].to_numpy().astype(str), return_inverse=True)[1]
    code = np.where(place % 3 == 0, "7370", [f"{10 + 3 * s + p % 3}05" for s, p in zip(sector, place, strict=True)])
    return market.assign({column: ("asset", np.where(place % 9 == 4, "", code).astype(object))})


@pytest.fixture(scope="module")
def coded_market(plain_market):
    return with_codes(plain_market)


@pytest.fixture(scope="module")
def nested_model(coded_market):
    return rm.RiskModel().fit(coded_market)


def test_a_column_of_industries_is_found_and_without_one_they_are_off_and_said(plain_market, plain_model, nested_model):
    assert plain_model.errors == "HC3" and plain_model.industries().empty and "errors HC3" in repr(plain_model)
    assert nested_model.errors == "CR3" and "errors CR3" in repr(nested_model)
    table = nested_model.industries()
    assert {"industry 73 (Energy)", "industry 73 (Utilities)"} <= set(table["industry"])
    assert (table["names"] >= 5).all() and table["left_to_sector"].between(0, 1).all()
    assert {nested_model.group(name) for name in table["industry"]} == {"industry"}
    both = with_codes(plain_market).assign(industry=("asset", np.full(plain_market.sizes["asset"], "One", dtype=object)))
    assert set(industries(both, None, 3).to_numpy()) == {"One"}
    assert (industries(both, False, 3) == "").all()
    assert set(industries(both, "sic", 1).to_numpy()) == {"", "1", "2", "3", "4", "7"}


def test_a_leading_zero_of_sic_that_was_lost_is_put_back(plain_market):
    codes = np.full(plain_market.sizes["asset"], "2834", dtype=object)
    codes[0] = "100"
    assert industries(plain_market.assign(sic=("asset", codes)), None, 3).to_numpy()[:2].tolist() == ["010", "283"]


def test_a_share_class_without_a_code_has_that_of_its_issuers_other_classes_where_they_agree(coded_market):
    codes, issuer = coded_market["sic"].to_numpy().copy(), np.full(coded_market.sizes["asset"], "", dtype=object)
    codes[:7] = ["7812", "", "2834", "7370", "", "", "1311"]
    issuer[:5] = ["Fox", "Fox", "Two", "Two", "Two"]  # the sixth names no issuer; nobody of the seventh's lacks a code
    issuer[6] = "Alone"
    market = coded_market.assign(sic=("asset", codes), issuer=("asset", issuer))
    assert industries(market, None, 2).to_numpy()[:7].tolist() == ["78", "78", "28", "73", "", "", "13"]


def test_tables_with_a_column_of_industries_are_read_as_text():
    tables = random_tables()
    securities = tables["securities"]
    tables = tables | {"securities": securities.assign(sic=["0133", *["7372"] * (len(securities) - 1)])}
    market = rm.build_market(tables)
    assert market["sic"].dims == ("asset",) and "0133" in market["sic"].to_numpy()


def test_returns_are_the_design_times_factor_returns_and_the_rest_with_industries_too(nested_model, coded_market):
    days = nested_model.data.get_index("time")
    design = nested_model.design(days[:-1])
    explained = (design.to_numpy() * np.nan_to_num(nested_model.factor_returns.to_numpy()[1:, :, None])).sum(axis=1)
    returns = explained + nested_model.specific_returns.transpose("time", "asset").to_numpy()[1:]
    observed = coded_market["total_return"].sel(time=days[1:]).transpose("time", "asset").to_numpy()
    known = ~np.isnan(returns)
    assert known.mean() > 0.5
    np.testing.assert_allclose(returns[known], observed[known], rtol=0, atol=1e-12)
    own = nested_model.data["industry_factor"].to_numpy()
    of_industries = design.sel(factor=nested_model.industries()["industry"].tolist()).isel(time=-1).sum("factor").to_numpy()
    np.testing.assert_array_equal(of_industries, (own != "").astype(float))


def test_an_update_with_industries_equals_a_full_fit_and_a_name_that_moved_is_refused(nested_model, coded_market, tmp_path):
    earlier = rm.RiskModel().fit(coded_market.isel(time=slice(0, -HELD_BACK)))
    rm.save(earlier, tmp_path / "model.nc")
    updated = rm.RiskModel().update(rm.load(tmp_path / "model.nc"), coded_market)
    assert_same(updated, nested_model)
    moved = coded_market["sic"].copy()
    moved[0] = "1111"
    with pytest.raises(rm.InputError, match=r"in another industry than under the earlier fit|have changed under"):
        rm.RiskModel().update(earlier, coded_market.assign(sic=moved))


def test_a_chunked_fit_with_industries_is_the_same(nested_model, coded_market):
    assert_same(rm.RiskModel().fit(coded_market.chunk(time=126)).compute(), nested_model)


def test_industries_may_cluster_errors_alone(nested_model, coded_market):
    alone = rm.RiskModel(regression=rm.RegressionSettings(industry_returns=False)).fit(coded_market)
    assert alone.errors == "CR3" and alone.industries().empty and (alone.data["industry_factor"] == "").all()
    assert float(alone.data["r_squared"].mean()) < float(nested_model.data["r_squared"].mean())


def test_an_industry_is_forecast_by_what_it_earned_before_its_return_was_shrunk(nested_model):
    data, close = nested_model.data, nested_model.data["time"].values[-1:]
    kept = 1 - data["industry_shrinkage"]
    names = data["industry_name"].values
    shrunk = nested_model.factor_returns.sel(factor=names).rename(factor="industry_name")
    chosen = replace(rm.RiskModel().covariance, regime_half_life=None, eigenfactor_simulations=0)
    fit = replace(nested_model, settings=nested_model.settings | {"covariance": asdict(chosen)}).forecast(close)
    own = np.diag(fit.factor_covariance.sel(factor=names, factor_other=names)[0])
    before = (shrunk.transpose("time", "industry_name") / np.sqrt(kept.where(kept > 0, np.inf))).to_pandas()
    np.testing.assert_allclose(own, (before**2).ewm(halflife=126).mean().iloc[-1], rtol=1e-10)
    assert (own > (shrunk.to_pandas().reindex_like(before) ** 2).ewm(halflife=126).mean().iloc[-1]).all()


def test_without_its_industries_the_rest_of_a_fit_is_forecast_alike(nested_model):
    covariance = nested_model.forecast().factor_covariance.isel(time=0)
    assert covariance.get_index("factor").equals(nested_model.data.get_index("factor"))
    core = nested_model.data["factor_group"] != "industry"
    plain = nested_model.data.isel(factor=core).drop_vars(["industry_sector", "industry_shrinkage"])
    alone = replace(nested_model, data=plain).forecast().factor_covariance.isel(time=0)
    names = alone["factor"].to_numpy()
    least = 1e-12 * float(abs(alone).max())  # a covariance near zero is what is left of products of this size
    np.testing.assert_allclose(covariance.sel(factor=names, factor_other=names), alone, rtol=1e-12, atol=least)


def test_no_later_day_moves_an_industry(nested_model, coded_market):
    until = -60
    early = rm.RiskModel().fit(coded_market.isel(time=slice(None, until)))
    xr.testing.assert_allclose(
        early.factor_returns, nested_model.factor_returns.isel(time=slice(None, until)), rtol=1e-10, atol=1e-14
    )


def test_names_that_are_listed_later_give_an_industry_no_return_before(coded_market, nested_model):
    """Two names of an industry that has three in all, of which one is listed late: it has a return from then on alone."""
    sector, cap = coded_market["sector"].to_numpy(), coded_market["market_cap"]
    always = np.flatnonzero((sector == sector[0]) & cap.notnull().all("time").to_numpy())
    three = always[np.argsort(-cap.mean("time").to_numpy()[always])][:3]  # large ones: the second specification has them
    code = coded_market["sic"].to_numpy().copy()
    code[three] = "9990"
    listed = np.arange(coded_market.sizes["time"]) >= 100
    hidden = np.zeros((coded_market.sizes["time"], coded_market.sizes["asset"]), dtype=bool)
    hidden[~listed, three[2]] = True
    market = coded_market.assign(sic=("asset", code))
    given = {
        "returns": market["total_return"].where(~hidden),
        "exposures": nested_model.exposures,
        "sectors": market["sector"],
        "market_cap": market["market_cap"],
    }
    labels = industries(market, "sic", 3)
    told = rm.estimate(**given, industries=labels)
    late = told.factor_returns.sel(factor="industry 999").to_pandas()
    assert late[listed].notna().all() and late[~listed].isna().all()
    of_two = labels.copy()
    of_two[three[2]] = ""
    before = rm.estimate(**given, industries=of_two)
    assert "industry 999" not in before.data["factor"]
    factors = before.data["factor"].to_numpy()
    for name in ("factor_returns", "second_factor_returns", "robust_standard_errors", "specific_returns", "r_squared"):
        was, now = before.data[name], told.data[name]
        now = now.sel(factor=factors) if "factor" in now.dims else now
        np.testing.assert_allclose(now[~listed], was[~listed], rtol=1e-9, atol=1e-13, err_msg=name)
        assert not np.allclose(now[listed], was[listed], rtol=1e-9, atol=1e-13, equal_nan=True), name


def test_settings_that_name_no_column_are_refused(plain_market):
    with pytest.raises(rm.InputError, match="industry 'gics' is no column of securities in the market"):
        rm.RiskModel(industry="gics").fit(plain_market)
    for wrong in (3, True, ""):
        with pytest.raises(rm.InputError, match="name a column of the table securities, or False"):
            rm.RiskModel(industry=wrong)
    with pytest.raises(rm.InputError, match="industry_digits is 0; give a whole number"):
        rm.RiskModel(industry_digits=0)
    assert json.loads(json.dumps(rm.RiskModel(industry="sic").settings["industry"])) == {"column": "sic", "digits": 2}


def test_a_fit_without_industries_is_none_of_the_same_market_with_them(plain_market, plain_model, coded_market):
    model = rm.RiskModel()
    with pytest.raises(rm.InputError, match=r"assets in another industry than under the earlier fit"):
        model.update(plain_model, coded_market)
    with pytest.raises(rm.InputError, match=r"assets in another industry than under the earlier fit"):
        model.update(model.fit(coded_market), plain_market)
