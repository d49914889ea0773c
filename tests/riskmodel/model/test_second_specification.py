"""The second specification: the same regressions on the larger half, stored with the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

import riskmodel as rm
from riskmodel.estimation.lagged import lagged_regression
from riskmodel.model.second_specification import larger_half


def test_the_larger_half_is_that_above_the_median_of_the_universe_of_each_close():
    cap = pd.DataFrame(np.random.default_rng(0).lognormal(size=(5, 12)))
    universe = cap > 0.4
    cap.iloc[1, 3] = np.nan
    arrays = (xr.DataArray(frame, dims=("time", "asset")) for frame in (cap, universe))
    expected = cap.where(universe).ge(cap.where(universe).median(axis=1), axis=0)
    np.testing.assert_array_equal(larger_half(*arrays), expected)
    np.testing.assert_array_equal(larger_half(xr.DataArray(cap, dims=("time", "asset")), None).sum("asset"), [6] * 5)


def test_a_fit_holds_the_factor_returns_of_the_larger_half(small_model: rm.RiskModelResults, small_market: xr.Dataset):
    universe = small_model.data["universe"]
    expected = lagged_regression(
        returns=small_market["total_return"],
        exposures=small_model.exposures,
        sectors=small_market["sector"],
        market_cap=small_market["market_cap"],
        universe=larger_half(small_market["market_cap"], universe),
        industry_factors=small_model.data["industry_factor"],
        settings=rm.RegressionSettings(industry_names=1),
    )["factor_returns"]
    nested = (small_model.data["factor_group"] == "industry").to_numpy()
    found = small_model.second_factor_returns.transpose("time", "factor").to_numpy()
    unseen = nested & expected.isnull().to_numpy() & expected.sel(factor=["market"]).notnull().to_numpy()
    np.testing.assert_array_equal(found, np.where(unseen, 0.0, expected))
    known = small_model.factor_returns.notnull() & small_model.second_factor_returns.notnull()
    assert known.any() and float(abs(small_model.factor_returns - small_model.second_factor_returns).max()) > 1e-4


def test_what_the_smaller_half_earned_does_not_move_it(small_model: rm.RiskModelResults, small_market: xr.Dataset):
    day = small_model.data.get_index("time")[100]
    small = ~larger_half(small_market["market_cap"], small_model.data["universe"]).sel(
        time=small_model.data.get_index("time")[99]
    )
    returns = small_market["total_return"].where(
        ~(small & (small_market["time"] == day)), small_market["total_return"] + 0.05
    )
    moved = rm.estimate(
        returns=returns,
        exposures=small_model.exposures,
        sectors=small_market["sector"],
        market_cap=small_market["market_cap"],
        universe=small_model.data["universe"],
        industries=small_market["industry"],
    )
    kept = moved.second_factor_returns.sel(time=day)
    np.testing.assert_allclose(kept, small_model.second_factor_returns.sel(time=day), rtol=0, atol=1e-15)
    assert float(abs(moved.factor_returns - small_model.factor_returns).sel(time=day).max()) > 1e-4


def test_an_industry_without_a_large_name_is_left_to_its_sector_and_hides_no_other_row(small_model, small_market):
    """All names of one industry are small: the second specification has it at 0, and every factor that the first has."""
    label = small_model.industries()["industry"].iloc[0]
    own = small_model.data["industry_factor"].to_numpy() == label
    cap = small_market["market_cap"].where(~xr.DataArray(own, dims="asset"), small_market["market_cap"] * 1e-3)
    fit = rm.estimate(
        returns=small_market["total_return"],
        exposures=small_model.exposures,
        sectors=small_market["sector"],
        market_cap=cap,
        universe=small_model.data["universe"],
        industries=small_market["industry"],
    )
    second = fit.second_factor_returns
    known = second.sel(factor="market", drop=True).notnull()
    assert known.any() and (second.sel(factor=label)[known] == 0).all()
    assert not (second.isnull() & fit.factor_returns.notnull())[known].any()


def test_a_model_without_one_says_so(small_model: rm.RiskModelResults):
    given = rm.RiskModelResults(data=small_model.data.drop_vars("second_factor_returns"), settings=small_model.settings)
    assert given.second_factor_returns is None
