"""A final in a fit: explained by the name's own part, estimating nothing, appended as fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.finals import ends_of_lives
from riskmodel.market.market import build_market
from tests.riskmodel.builders import Tables, as_read, random_tables
from tests.riskmodel.model.test_update import assert_same

NAME, LAST, SESSIONS = "T007", 110, 130


def ended(value: float | None, *, again: int | None = None, small: bool = False) -> Tables:
    """A random market in which a name's prices end on the day `LAST`, with a final the day after, and perhaps begin again.

    A `small` name is no part of the market's return, on which the betas of the days after depend.
    """
    tables = random_tables(sessions=SESSIONS)
    if small:
        tables["shares"].loc[tables["shares"]["ticker"] == NAME, "shares_out"] = 1e-6
    days = pd.DatetimeIndex(tables["prices"]["date"].unique())
    own = (tables["prices"]["ticker"] == NAME).to_numpy()
    later = tables["prices"]["date"] > days[LAST]
    if again is not None:
        later &= tables["prices"]["date"] < days[again]
    tables["prices"] = tables["prices"][~(own & later)].reset_index(drop=True)
    if value is None:
        return tables
    finals = pd.DataFrame({"ticker": [NAME], "date": [days[LAST + 1]], "value": [value]})
    return tables | as_read({"finals": finals})


@pytest.fixture(scope="module")
def model() -> rm.RiskModel:
    return rm.RiskModel(universe=rm.UniverseRule(least_price=0.0))


@pytest.fixture(scope="module")
def lost(model):
    market = build_market(ended(0.0))
    return market, model.fit(market)


def test_the_specific_return_carries_the_end_of_a_life(lost) -> None:
    market, fit = lost
    day, before = market["time"][LAST + 1], market["time"][LAST]
    design = fit.design(market.get_index("time")[[LAST]], pd.Index([NAME])).isel(time=0, asset=0).fillna(0.0)
    explained = float((design * fit.factor_returns.sel(time=day, drop=True).fillna(0.0)).sum())
    own = float(fit.specific_returns.sel(time=day, asset=NAME))
    assert explained + own == pytest.approx(-1.0, abs=1e-12)
    assert bool(fit.data["universe"].sel(time=before, asset=NAME))
    assert not fit.exposures.sel(time=day, asset=NAME).notnull().any()
    assert np.isnan(fit.specific_returns.sel(time=market["time"][LAST + 2], asset=NAME))


def test_what_a_name_brought_at_its_end_estimates_nothing(lost, model) -> None:
    """Factor returns, errors and the others' specific returns are those of any other final; that day has a name less."""
    fit = lost[1]
    other = model.fit(build_market(ended(1e6)))
    others, days = fit.data["asset"] != NAME, slice(None, LAST + 2)
    for name in ("factor_returns", "second_factor_returns", "robust_standard_errors", "r_squared", "specific_returns"):
        own, there = (data[name].isel(time=days) for data in (fit.data, other.data))
        if name == "specific_returns":
            own, there = own[:, others], there[:, others]
        xr.testing.assert_identical(own, there)
    names = fit.data["estimating_names"].to_numpy()
    assert names[LAST + 1] == names[LAST] - 1 == names[LAST + 2]


def test_a_return_of_minus_one_in_the_regression_would_have_moved_the_days_factors(lost, model) -> None:
    """Why it is kept out: as an ordinary row it lends its sector and styles a part of its loss."""
    market, fit = lost
    ordinary = model.fit(market.drop_vars([name for name in market.data_vars if str(name).startswith("final_")]))
    day = market["time"][LAST + 1]
    sector = str(market["sector"].sel(asset=NAME).item())
    moved = float(abs(ordinary.factor_returns - fit.factor_returns).sel(time=day, factor=sector))
    assert moved > max(0.01, float(fit.data["robust_standard_errors"].sel(time=day, factor=sector)))


def test_without_a_final_nothing_is_other_than_it_was(model) -> None:
    plain = build_market(ended(None))
    assert "final_known" not in plain and "final_known" not in model.fit(plain).data


@pytest.mark.parametrize("held_back", [1, SESSIONS - LAST - 2, SESSIONS - LAST - 1, SESSIONS - LAST + 3])
def test_an_update_over_a_final_equals_a_full_fit(lost, model, held_back) -> None:
    market, fit = lost
    tables = ended(0.0)
    seen = pd.DatetimeIndex(market["time"].to_numpy())[:-held_back]
    then = {name: table[table["date"] <= seen[-1]] for name, table in tables.items() if name in ("prices", "indices")}
    earlier = build_market(tables | {name: table.reset_index(drop=True) for name, table in then.items()})
    assert_same(model.update(model.fit(earlier), market), fit)


def test_a_final_that_comes_late_is_a_changed_history(lost, model) -> None:
    market, _ = lost
    with pytest.raises(rm.InputError, match=f"the history of 1 asset has changed under the earlier fit: {NAME}"):
        model.update(model.fit(build_market(ended(None))), market)


def test_a_fit_with_a_final_is_stored_and_held_by_dask_as_it_is(lost, model, tmp_path) -> None:
    market, fit = lost
    rm.save(fit, tmp_path / "model.nc")
    assert_same(rm.load(tmp_path / "model.nc"), fit)
    assert_same(model.fit(market.chunk(time=60)).compute(), fit)


def test_weights_by_inverse_specific_variance_know_nothing_of_it_either() -> None:
    settings = rm.RegressionSettings(weights="inverse_specific_variance")
    model = rm.RiskModel(universe=rm.UniverseRule(least_price=0.0), regression=settings)
    one, two = (model.fit(build_market(ended(value, again=120, small=True))) for value in (0.0, 1e6))
    xr.testing.assert_allclose(one.factor_returns, two.factor_returns, rtol=1e-6)


def test_the_next_company_of_a_ticker_is_not_forecast_by_how_the_last_one_ended() -> None:
    one, two = (rm.RiskModel().fit(build_market(ended(value, again=119, small=True))) for value in (0.0, 1e6))
    forecasts = [fit.forecast().specific_volatility for fit in (one, two)]
    xr.testing.assert_allclose(*forecasts, rtol=1e-6)
    assert np.isfinite(forecasts[0].sel(asset=NAME)).all()


def test_a_final_gives_the_figures_of_an_ordinary_last_row_for_a_name_that_estimates_nothing() -> None:
    """The other way to write it: a last row with that close and return, of a name outside the estimation universe."""
    plain = ended(None)
    day = pd.DatetimeIndex(plain["prices"]["date"].unique())[LAST + 1]
    own = plain["prices"][plain["prices"]["ticker"] == NAME]
    last = float(own["close"].iloc[-1])
    row = own.iloc[[-1]].assign(date=day, close=0.9 * last, total_return=0.9 * last / last - 1)
    tables = plain | {"prices": pd.concat([plain["prices"], row], ignore_index=True)}
    final = ended(0.9 * last)
    fits = []
    for market in (build_market(final), build_market(tables)):
        cheap = market.assign(traded_price=market["traded_price"].where(market["asset"] != NAME, 0.5))
        fits.append((market, rm.RiskModel().fit(cheap)))
    (market, one), (_, two) = fits
    assert ends_of_lives(market).sum() == 1
    for name in ("factor_returns", "robust_standard_errors", "specific_returns", "estimating_names"):
        xr.testing.assert_allclose(one.data[name], two.data[name], rtol=1e-12, atol=1e-13)
