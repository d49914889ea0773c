"""Share classes of one company in a course's forecast risk: named by the securities table, never independent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from attribution.measures.forecast import closing_course, course_risk, sleeve_limits
from attribution.measures.forecast import forecast_risk as forecast_of
from riskmodel.estimation.share_classes import linked_correlation, specific_covariance_times
from riskmodel.estimation.specific import specific_risk
from tests.conftest import REAL, of_few_draws

DATE = pd.Timestamp("2025-03-31")
COURSE = "Major 70 : Next 30"


def forecast_risk(model, market, date):
    """The forecast of the model as it would be, had it been fitted on a market with these issuers."""
    issuers = market["issuer"].sel(asset=model.data["asset"])
    return forecast_of(replace(model, data=model.data.assign(issuer=issuers)), market, date)


def named(market, **issuers):
    """The market with these issuers, ticker by ticker; the rest without one."""
    values = market["issuer"].to_series().copy()
    values.loc[list(issuers)] = list(issuers.values())
    return market.assign(issuer=("asset", values.to_numpy(dtype=object)))


@pytest.fixture(scope="module")
def weights(small_book, small_market):
    weights = closing_course(small_book, COURSE, small_market, DATE).data["closing_weight"].drop_sel(asset="CASH")
    return weights.isel(asset=(weights != 0).to_numpy())


@pytest.fixture(scope="module")
def linked_market(small_market, weights):
    """The three largest holdings as classes of one company, and another pair."""
    tickers = weights.to_series().sort_values(ascending=False).index[:5]
    return named(small_market, **dict.fromkeys(tickers[:3], "Alpha"), **dict.fromkeys(tickers[3:], "Beta"))


@pytest.fixture(scope="module")
def small_model(small_model):
    return of_few_draws(small_model)


@pytest.fixture(scope="module")
def plain(small_model, small_market):
    return forecast_risk(small_model, small_market, DATE)


@pytest.fixture(scope="module")
def linked(small_model, linked_market):
    return forecast_risk(small_model, linked_market, DATE)


def test_the_shipped_market_names_no_issuer_and_links_nothing(small_market, plain):
    assert (small_market["issuer"] == "").all()
    assert plain.linked_covariance is None


@pytest.mark.parametrize("label", ["own", ""], ids=["an issuer each", "no issuer"])
def test_an_issuer_with_one_asset_changes_not_a_bit(small_model, small_market, small_book, plain, label):
    own = {ticker: f"{ticker} Corp" if label else "" for ticker in small_market["asset"].to_numpy()}
    market = named(small_market, **own)
    forecast = forecast_risk(small_model, market, DATE)
    assert forecast.linked_covariance is None
    xr.testing.assert_identical(forecast.specific_variance, plain.specific_variance)
    one, other = (course_risk(small_book, COURSE, f, m, DATE) for f, m in ((plain, small_market), (forecast, market)))
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)


def test_the_specific_risk_of_a_course_is_that_of_its_linked_classes(
    linked, linked_market, small_model, small_book, weights
):
    risk = course_risk(small_book, COURSE, linked, linked_market, DATE).portfolio
    issuer, sigma = linked_market["issuer"], linked.specific_variance.sel(asset=weights["asset"]) ** 0.5
    rho = linked_correlation(small_model.specific_returns.sel(time=slice(None, DATE)), issuer)
    own = float((weights * specific_covariance_times(weights, sigma, issuer, rho)).sum())
    assert risk.specific_volatility == pytest.approx(np.sqrt(252 * own), rel=1e-12)
    # whole = factors + specific, the factors being what they are without links
    x = linked.exposures.sel(asset=weights["asset"]).to_numpy()
    b = x.T @ weights.to_numpy()
    whole = np.sqrt(252 * (b @ linked.factor_covariance.to_numpy() @ b + own))
    assert risk.volatility == pytest.approx(whole, rel=1e-12)


def test_every_contribution_adds_up_with_linked_classes(linked, linked_market, small_book):
    risk = course_risk(small_book, COURSE, linked, linked_market, DATE)
    assert risk.reconciliation["passed"].all()
    for side in (risk.portfolio, risk.benchmark, risk.active):
        for frame in (side.factors, side.families, side.stocks):
            assert frame["contribution"].sum() == pytest.approx(side.volatility, abs=1e-12)


def test_two_classes_that_move_as_one_are_a_single_position(small_model, small_market, small_book, weights):
    # the second class copies the specific returns of the first: correlation one, the same volatility but for its size group
    one, two = weights["asset"].to_numpy()[:2]
    data = small_model.data.copy()
    returns = data["specific_returns"].copy()
    returns.loc[{"asset": two}] = returns.sel(asset=one).to_numpy()
    model = rm.RiskModelResults(data=data.assign(specific_returns=returns), settings=small_model.settings)
    forecast = forecast_risk(model, named(small_market, **{one: "Both", two: "Both"}), DATE)
    sigma = np.sqrt(forecast.specific_variance.sel(asset=[one, two]).to_numpy())
    block = forecast.linked_covariance.sel(asset=[one, two], asset_other=[one, two]).to_numpy()
    np.testing.assert_allclose(block, np.outer(sigma, sigma), rtol=1e-12)


def test_a_short_class_stands_on_the_history_of_the_longer_one(small_model, small_market, weights):
    one, two = weights["asset"].to_numpy()[:2]
    data = small_model.data.copy()
    returns = data["specific_returns"].copy()
    returns.loc[{"asset": two, "time": returns["time"][:-30]}] = np.nan
    model = rm.RiskModelResults(data=data.assign(specific_returns=returns), settings=small_model.settings)
    market = named(small_market, **{one: "Both", two: "Both"})
    forecast = forecast_risk(model, market, DATE)
    expected = specific_risk(
        returns.sel(time=slice(None, DATE)),
        market["market_cap"].sel(time=slice(None, DATE)),
        model.exposures.sel(time=slice(None, DATE)),
        market["sector"],
        times=[DATE],
        linked=pd.Series("Both", index=[one, two]),
    )["volatility"].isel(time=0)
    np.testing.assert_array_equal(forecast.specific_variance.sel(asset=two), expected.sel(asset=two) ** 2)
    alone = forecast_risk(model, small_market, DATE)
    assert float(alone.specific_variance.sel(asset=two)) != float(forecast.specific_variance.sel(asset=two))


def test_limits_hold_with_linked_classes(linked, linked_market, small_book):
    limits = sleeve_limits(small_book, "major", linked, linked_market, DATE)
    assert set(limits["rule"]) >= {"weight_max", "risk_band"}


def test_a_link_looks_at_no_later_day(small_model, linked_market):
    early = pd.Timestamp("2025-01-31")
    whole = forecast_risk(small_model, linked_market, early).linked_covariance
    short = linked_market.sel(time=slice(None, early))
    past = rm.RiskModelResults(data=small_model.data.sel(time=slice(None, early)), settings=small_model.settings)
    xr.testing.assert_identical(forecast_risk(past, short, early).linked_covariance, whole)


@pytest.mark.slow
@pytest.mark.real_market
def test_the_classes_of_the_real_market_move_together():
    """The table has the code of one class of each: the other has it too, once it is told whose class it is."""
    pairs = {"GOOG": "Google", "GOOGL": "Google", "FOX": "Fox", "FOXA": "Fox", "NWS": "News", "NWSA": "News"}
    market = named(rm.read_market(REAL), **pairs)
    assert (market["sic"].sel(asset=["FOXA", "GOOGL", "NWSA"]) == "").all()
    model = rm.RiskModel().fit(market)
    date = market.get_index("time")[-1]
    forecast = forecast_risk(model, market, date)
    deviation = np.sqrt(np.diag(forecast.linked_covariance))
    correlation = (forecast.linked_covariance / deviation[:, None] / deviation).to_pandas()
    print(correlation.round(3).to_string())
    assert correlation.loc["GOOG", "GOOGL"] > 0.85  # of a year: the names' own risk forgets by half in 252 sessions
    assert correlation.loc["FOX", "FOXA"] > 0.8
    assert (correlation.loc["GOOG", ["FOX", "NWS"]] == 0).all()
