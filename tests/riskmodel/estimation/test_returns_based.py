"""Exposures estimated from returns: they find what is known, say how sure they are, and see nothing later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.estimation.returns_based import UNDERSTATED, returns_based_exposures
from riskmodel.model.returns_based import estimated_exposures, market_portfolio

FACTORS = ["market", "A", "B", "size", "value"]
SESSIONS = pd.bdate_range("2024-01-01", periods=260)


def simulated(seed: int, market: float = 1.0) -> tuple[xr.DataArray, dict[str, xr.DataArray], np.ndarray]:
    """An index's returns, the other arguments, and its true exposures, which depart from where they start as they may."""
    rng = np.random.default_rng(seed)
    labels = {"time": SESSIONS, "factor": FACTORS}
    f = rng.normal(0, [0.01, 0.004, 0.004, 0.003, 0.003], (len(SESSIONS), 5))
    start, deviation = np.array([1.0, 0.6, 0.4, 0.0, 0.0]), np.array([0.0, 0.25, 0.25, 1.0, 1.0])
    true = start + rng.normal(0, 0.3, 5) * deviation
    true[0] = market
    returns = f @ true + rng.normal(0, 0.0005, len(f))
    arrays = {"factor_returns": f, "start": np.tile(start, (len(f), 1)), "deviation": np.tile(deviation, (len(f), 1))}
    given = {name: xr.DataArray(values, labels, ("time", "factor")) for name, values in arrays.items()}
    return xr.DataArray(returns, {"time": SESSIONS}, ("time",)), given, true


def test_the_errors_cover_what_they_say_where_exposures_stand_still():
    gaps = []
    for seed in range(60):
        returns, given, true = simulated(seed)
        found = returns_based_exposures(returns, **given)
        error = np.sqrt(np.diagonal(found["covariance"][0])) / UNDERSTATED
        gaps.append((found["exposure"][0].to_numpy() - true)[1:] / error[1:])
    assert 0.75 < np.sqrt(np.mean(np.square(gaps))) < 1.25  # 240 draws of about N(0, 1)


def test_an_exposure_that_all_names_share_stays_where_it_starts_until_returns_speak_against_it():
    found = []
    for share in (1.0, 0.5):
        returns, given, _ = simulated(3, share)
        found.append(returns_based_exposures(returns, **given).isel(time=0).sel(factor="market", factor_other="market"))
    assert found[0]["exposure"].item() == 1.0 and found[0]["covariance"].item() == 0.0
    assert found[1]["exposure"].item() == pytest.approx(0.5, abs=0.02) and found[1]["covariance"].item() > 0


def test_nothing_later_than_a_close_moves_what_is_known_at_it():
    returns, given, _ = simulated(1)
    later, moved = returns.copy(), {name: values.copy() for name, values in given.items()}
    later[201:] = later[201:] * 3 - 0.01
    for values in moved.values():
        values[201:] = values[201:] * 1.7 + 0.1
    xr.testing.assert_identical(
        returns_based_exposures(returns, **given, times=SESSIONS[150:201]),
        returns_based_exposures(later, **moved, times=SESSIONS[150:201]),
    )


def test_neither_the_order_of_factors_nor_what_lies_before_the_window_matters():
    returns, given, _ = simulated(2)
    found = returns_based_exposures(returns, **given)
    turned = returns_based_exposures(returns, **{name: values[:, ::-1] for name, values in given.items()})
    np.testing.assert_allclose(turned["exposure"].sel(factor=FACTORS), found["exposure"], rtol=1e-9)
    short = returns_based_exposures(returns[139:], **{name: values[139:] for name, values in given.items()})
    xr.testing.assert_identical(short, found)  # 120 returns, and the close before the first


def test_few_returns_estimate_nothing_and_a_day_without_factor_returns_does_not_count():
    returns, given, _ = simulated(4)
    given["factor_returns"][10:60] = np.nan
    found = returns_based_exposures(returns, **given, times=SESSIONS[[108, 109]])
    assert found["observations"].values.tolist() == [58, 59]
    assert bool(found["exposure"].isnull().all())
    whole = returns_based_exposures(returns, **given, times=SESSIONS[[110]])
    assert whole["observations"].item() == 60 and bool(whole["exposure"].notnull().all())


@pytest.mark.parametrize(("name", "value"), [("window", 0), ("least_observations", 1), ("window", 2.5)])
def test_a_window_that_is_none_is_refused(name, value):
    returns, given, _ = simulated(0)
    with pytest.raises(rm.InputError, match=f"{name}: is {value}"):
        returns_based_exposures(returns, **given, **{name: value})


def test_the_market_portfolio_of_a_fit_is_its_names_by_cap_and_is_worked_out_once(small_model):
    times = small_model.data.get_index("time")[-3:]
    start, deviation = market_portfolio(small_model, times)
    day = small_model.design(times[:1]).isel(time=0).transpose("asset", "factor").to_pandas().dropna(how="all").fillna(0.0)
    cap = small_model.data["market_cap"].sel(time=times[0]).to_series().reindex(day.index).fillna(0.0)
    expected = day.mul(cap / cap.sum(), axis=0).sum()
    np.testing.assert_allclose(start[0].to_series(), expected, atol=1e-12)
    assert float(start.sel(factor="market")[0]) == pytest.approx(1.0) and float(deviation.sel(factor="market")[0]) == 0.0
    assert set(times) <= set(small_model.market_portfolios)


def test_an_index_of_the_whole_market_is_found_to_be_the_market(small_model, small_market):
    """By its own names' caps: the exposures are where they start, but for what little the returns say else."""
    returned = small_market["total_return"].fillna(0.0)
    weight = small_market["market_cap"].shift(time=1).fillna(0.0)
    returns = (returned * weight).sum("asset") / weight.sum("asset")
    times = small_model.data.get_index("time")[-1:]
    found = estimated_exposures(small_model, returns.sel(time=small_model.data["time"]), times)
    start, _ = market_portfolio(small_model, times)
    assert float(abs(found["exposure"] - start).max()) < 0.1
