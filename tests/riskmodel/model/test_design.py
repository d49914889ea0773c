"""The exposures to every factor that a fit hands out."""

from dataclasses import replace

import numpy as np
import pandas as pd


def test_returns_are_the_design_of_the_close_before_times_factor_returns_and_the_rest(small_model, small_market):
    days = small_model.data.get_index("time")
    design = small_model.design(days[:-1])
    assert design.dims == ("time", "factor", "asset")
    assert list(design.get_index("factor")) == list(small_model.data.get_index("factor"))
    explained = (design.to_numpy() * small_model.factor_returns.to_numpy()[1:, :, None]).sum(axis=1)
    returns = explained + small_model.specific_returns.transpose("time", "asset").to_numpy()[1:]
    observed = small_market["total_return"].sel(time=days[1:], asset=design["asset"]).transpose("time", "asset").to_numpy()
    known = ~np.isnan(returns)
    assert known.mean() > 0.5
    np.testing.assert_allclose(returns[known], observed[known], rtol=0, atol=1e-12)


def test_a_part_of_the_design_is_that_of_the_whole_in_the_order_asked_for(small_model):
    days, assets = small_model.data.get_index("time")[[-1, -7]], small_model.data.get_index("asset")[[5, 2]]
    part = small_model.design(days, assets)
    whole = small_model.design()
    np.testing.assert_array_equal(part, whole.sel(time=days, asset=assets))
    assert [list(part.get_index(dim)) for dim in ("time", "asset")] == [list(days), list(assets)]


def test_every_asset_has_the_market_and_one_sector_and_one_without_a_sector_has_nothing(small_model):
    sector = small_model.data["sector"].copy()
    lost = str(sector["asset"].to_numpy()[3])
    sector.loc[{"asset": lost}] = ""
    design = replace(small_model, data=small_model.data.assign(sector=sector)).design(
        pd.DatetimeIndex(small_model.data["time"].to_numpy()[-1:])
    )
    assert design.sel(asset=lost).isnull().all()
    others = design.drop_sel(asset=lost)
    assert (others.sel(factor="market") == 1).all()
    assert (others.sel(factor=small_model.sectors).sum("factor") == 1).all()
