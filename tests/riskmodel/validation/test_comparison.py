"""Two models side by side: what is the same is told as the same, and what one lacks as lacking."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import riskmodel as rm
from riskmodel import InputError
from tests.given import exported


@pytest.fixture(scope="module")
def given(results, market):
    covariance = results.settings["covariance"] | {"minimum_history": 20}
    specific = results.settings["specific"] | {"short_history": 0, "full_history": 20}
    short = rm.RiskModelResults(results.data, results.settings | {"covariance": covariance, "specific": specific})
    return exported(short, closes=market.get_index("time")[110:129])


@pytest.fixture(scope="module")
def model(given, market):
    return rm.given_model(given, market)


@pytest.fixture(scope="module")
def halved(given, market):
    """The same model with factors half as volatile as they are."""
    frame = given["model_covariance"]
    return rm.given_model(given | {"model_covariance": frame.assign(covariance=frame["covariance"] / 4)}, market)


@pytest.fixture(scope="module")
def both(model, halved, market):
    return rm.compare(model, halved, market, names=("one", "half"), random_portfolios=8, size=10)


def test_a_model_and_its_copy_explain_the_same(results, model, market):
    found = rm.compare(results, model, market, names=("fit", "given"))
    np.testing.assert_allclose(found.days["fit"], found.days["given"], rtol=0, atol=1e-12)
    assert found.specific_correlation == pytest.approx(1)
    table = found.factor_returns
    assert (table["nearest"] == table["factor"]).all() and table["correlation"].to_numpy() == pytest.approx(1)
    assert table["model"].tolist() == ["fit"] * 18 + ["given"] * 18


def test_r_squared_is_over_the_names_of_both_with_the_roots_of_caps(both, model, market):
    day = both.days.index[-1]
    before = market.get_index("time")[market.get_index("time").get_loc(day) - 1]
    r, x = market["total_return"].sel(time=day), model.design(pd.DatetimeIndex([before])).isel(time=0)
    known = model.specific_returns.sel(time=day).notnull().to_numpy()
    w = np.sqrt(market["market_cap"].sel(time=before)).to_numpy()[known]
    left = (r - (x * model.factor_returns.sel(time=day)).sum("factor", skipna=False)).to_numpy()[known]
    y = r.to_numpy()[known]
    expected = 1 - (w * left**2).sum() / (w * (y - np.average(y, weights=w)) ** 2).sum()
    assert both.days.loc[day, "one"] == pytest.approx(expected, abs=1e-12)
    assert both.days.loc[day, "names"] == known.sum()


def test_the_same_portfolios_are_forecast_by_both_and_half_the_volatility_shows(both, model, market):
    assert both.closes.equals(market.get_index("time")[110:129]) and not both.reasons
    bias = both.forecasts.set_index(["kind", "model"])["bias"].unstack()
    assert bias.index.tolist() == ["random", "random_active", "sector", "universe"]
    assert (bias["half"] > bias["one"]).all()
    close = both.closes[0]
    made = model.forecast(close)
    x = model.design(pd.DatetimeIndex([close])).isel(time=0).to_numpy()
    s = made.specific_volatility.isel(time=0).to_numpy()
    held = ~np.isnan(s) & ~np.isnan(x).all(axis=0)
    w = np.where(held, market["market_cap"].sel(time=close), 0.0)
    w /= w.sum()
    F = np.nan_to_num(made.factor_covariance.isel(time=0).to_numpy())
    own = np.nan_to_num(x) @ w
    sigma = np.sqrt(own @ F @ own + (w**2 * np.nan_to_num(s) ** 2).sum())
    from riskmodel.validation.comparison import _outcomes

    found, labels = _outcomes({"one": model}, market, both.closes, 8, 10, 0)
    assert labels[-1] == ("universe", "all")
    assert found["one"][1][0, -1] == pytest.approx(sigma, rel=1e-12)
    assert found["one"][0][0, -1] == pytest.approx(
        float((w * np.nan_to_num(market["total_return"].isel(time=111))).sum()), rel=1e-12
    )


def test_which_model_comes_first_changes_no_number(model, halved, market, both):
    other = rm.compare(halved, model, market, names=("half", "one"), random_portfolios=8, size=10)
    keys = ["kind", "model"]
    pd.testing.assert_frame_equal(
        other.forecasts.set_index(keys).sort_index(), both.forecasts.set_index(keys).sort_index(), check_exact=True
    )
    pd.testing.assert_frame_equal(other.days[["names", "one", "half"]], both.days, check_exact=True)


def test_a_model_without_risk_has_no_forecasts_and_says_why(results, given, market):
    bare = rm.given_model({name: given[name] for name in ("model_exposures", "model_factor_returns")}, market)
    found = rm.compare(results, bare, market, names=("fit", "given"))
    assert found.forecasts["bias"].isna().all() and len(found.closes) == 0
    assert found.reasons == {
        "fit": "it has 69 estimated days, of the 252 that come before one",
        "given": "the given model has no table model_covariance",
    }
    text = repr(found)
    assert text.startswith("Comparison of fit and given: 69 days that both explain, on ")
    assert "no forecast of given: the given model has no table model_covariance" in text and "n/a" in text
    assert "<table" in found._repr_html_()


def test_what_cannot_be_compared_is_refused(model, results, market):
    for arguments, said in (
        ({"names": ("a", "a")}, "names: both models are called 'a'. Give two names."),
        ({"every": 0}, "every: is 0. Give a whole number, 1 or more."),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            rm.compare(model, results, market, **arguments)
    with pytest.raises(InputError, match="a: has other labels of 'time' than the market"):
        rm.compare(model, results, market.isel(time=slice(5, None)))
    with pytest.raises(InputError, match="a: is of type str"):
        rm.compare("model", results, market)
