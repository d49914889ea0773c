"""Chunking changes no number, and nothing is computed before it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel.arrays import chunks as lazy
from riskmodel.arrays import threads
from riskmodel.estimation.lagged import RegressionSettings, lagged_regression
from tests.conftest import REAL, dear_examples
from tests.riskmodel.builders import change, random_tables

dask = pytest.importorskip("dask", reason="the extra 'scale' is not installed")
CHUNKS = (1, 7, 10_000)
TIMED = ("returns", "exposures", "market_cap")


def chunked(panel, size, names=TIMED):
    return panel | {name: panel[name].chunk({panel[name].dims[0]: size}) for name in names}


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(lazy, "LEAST_SESSIONS", 1)


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize("names", [TIMED, ("exposures",), ("market_cap",), ("sectors",)], ids="-".join)
def test_chunking_changes_no_number_of_a_regression(panel, compare, small_blocks, size, names):
    some = {name: array.isel(time=slice(0, 24)) if "time" in array.dims else array for name, array in panel.items()}
    own = rm.cross_sectional_regression(**chunked(some, size, names))
    assert own["factor_returns"].chunksizes["time"][0] == (24 if "sectors" in names else min(size, 24))
    compare(own, own.compute(), rm.cross_sectional_regression(**some))


@settings(max_examples=dear_examples() // 4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 50), min_size=1, max_size=8), assets=st.integers(1, 60), least=st.integers(1, 80))
def test_no_chunks_at_all_change_a_number(panel, compare, monkeypatch, sizes, assets, least):
    monkeypatch.setattr(lazy, "LEAST_SESSIONS", least)
    some = {name: array.isel(time=slice(0, sum(sizes))) if "time" in array.dims else array for name, array in panel.items()}
    chunks = {"time": tuple(sizes), "asset": assets}
    given_ = some | {name: some[name].chunk(chunks) for name in TIMED}
    own, whole = (rm.cross_sectional_regression(**a, huber=1.345, thin_sector=5) for a in (given_, some))
    compare(own, own.compute(), whole)


def test_sectors_that_change_keep_their_factors_in_every_block(panel, compare, small_blocks):
    labels = np.broadcast_to(panel["sectors"].to_numpy().astype(object), panel["returns"].shape).copy()
    labels[:150][:, labels[0] == "S3"] = "S2"  # S3 has names in the later half only
    labels[40, 5] = None
    moving = panel | {"sectors": panel["returns"].copy(data=labels)}
    own = rm.cross_sectional_regression(**chunked(moving, 50))
    compare(own, own.compute(), rm.cross_sectional_regression(**moving))


@pytest.mark.parametrize("weights", ["root_cap", "inverse_specific_variance"])
def test_an_estimate_of_chunked_arrays_has_the_same_numbers(panel, compare, weights):
    how = rm.RiskModel(regression=RegressionSettings(weights=weights))
    times = panel["returns"]["time"].to_numpy()[[-1, -30]]
    fit = rm.estimate(**chunked(panel, 100), model=how)
    own, regressed = fit.forecast(times), rm.estimate(**panel, model=how)
    whole = regressed.forecast(times)
    assert repr(own) == "RiskForecast: 8 factors, 60 assets, at 2021-09-21, 2021-08-11, not computed; see compute()"
    compare(fit.data, fit.compute().data, regressed.data)
    done = own.compute()
    for name in ("factor_risk", "specific_risk"):
        compare(getattr(own, name), getattr(done, name), getattr(whole, name))
    assert done.compute() is done


def test_an_estimate_regresses_no_day_twice(panel, monkeypatch):
    days = []
    solve = lazy._called

    def counting(function, options, given):
        days.append(given.sizes["time"])
        return solve(function, options, given)

    monkeypatch.setattr(lazy, "_called", counting)
    own = rm.estimate(**chunked(panel, 100)).forecast()
    assert days == [2, 2]  # the form of the answer by each specification, from two sessions without a value
    own.compute()
    assert sorted(days[2:]) == [51, 100, 101, 101, 101]  # each with the session before


@pytest.mark.slow
@pytest.mark.real_market
def test_chunking_changes_no_number_of_a_fit_of_the_real_market(compare):
    market = rm.read_market(REAL)
    own, whole = rm.RiskModel().fit(market.chunk(time=252)), rm.RiskModel().fit(market)
    compare(own.data, own.data.compute(), whole.data)


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.slow), 252, 10_000])
def test_chunking_changes_no_number_of_a_fit(market, fitted, compare, size):
    own = rm.RiskModel().fit(market.chunk(time=size))
    done = own.compute()
    compare(own.data, done.data, fitted.data)
    assert done.data.attrs == fitted.data.attrs
    assert own.settings == fitted.settings


def test_nothing_is_computed_before_it_is_asked_for(market, panel, computations):
    untimed = [name for name in market.data_vars if "time" not in market[name].dims]  # these are read at once
    own = rm.RiskModel().fit(market.chunk(time=200).assign(market[untimed]))
    assert repr(own) == (
        "RiskModelResults, not computed: 600 days, 2020-01-01 to 2022-04-19, 40 assets, 18 factors. "
        "See compute() and riskmodel.save."
    )
    assert own._repr_html_().startswith("<p>RiskModelResults, not computed")
    fit = rm.estimate(**chunked(panel, 100))
    assert computations == [0]
    fit.data["r_squared"].compute()
    assert computations[0] > 0


def test_a_fit_of_a_file_that_is_never_read_whole_can_be_stored(market, fitted, compare, tmp_path):
    market.to_netcdf(tmp_path / "market.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "market.nc", chunks={"time": 252}) as opened:
        own = rm.RiskModel().fit(opened)
        rm.save(own, tmp_path / "model.nc")
    stored = rm.load(tmp_path / "model.nc")
    compare(fitted.data, stored.data.load(), fitted.data)


def test_an_update_takes_a_chunked_market(market, fitted):
    earlier = rm.RiskModel().fit(market.isel(time=slice(0, -40)))
    updated = rm.RiskModel().update(earlier, market.chunk(time=252))
    xr.testing.assert_allclose(updated.factor_returns, fitted.factor_returns, rtol=1e-12, atol=1e-15)
    for name in ("fingerprint", "fingerprint_as_traded"):
        xr.testing.assert_equal(updated.data[name].compute(), fitted.data[name])


def test_names_that_trade_now_and_then_are_in_the_universe_on_the_same_days():
    """Two sessions of six give one return in six: sixty of them, which the universe asks for, take a year and a half."""
    tables = random_tables(assets=40, sessions=600, seed=5)
    prices = tables["prices"]
    day = prices["date"].rank(method="dense").astype(int) - 1
    now_and_then = prices["ticker"].isin(["T003", "T004"])
    tables = change(tables, "prices", now_and_then & (day % 6 == 0), "total_return", np.nan)
    tables["prices"] = tables["prices"][~(now_and_then & (day % 6 > 1))].reset_index(drop=True)
    market = rm.build_market(tables)
    whole = rm.RiskModel().fit(market)
    assert whole.data["universe"].sel(asset="T003").any()
    updated = rm.RiskModel().update(rm.RiskModel().fit(market.isel(time=slice(0, -10))), market)
    for other in (rm.RiskModel().fit(market.chunk(time=500)).compute(), updated):  # the last block begins amid the history
        xr.testing.assert_equal(other.data["universe"], whole.data["universe"])
    assert rm.RiskModel().look_back == 420  # 60 returns, at worst one in seven sessions


def test_wrong_labels_are_refused_at_once(panel):
    lazily = chunked(panel, 50)
    with pytest.raises(rm.InputError, match=r"market_cap: 1 label of 'asset' not as in returns; only in returns: A59"):
        rm.cross_sectional_regression(**lazily | {"market_cap": lazily["market_cap"].isel(asset=slice(0, -1))})
    with pytest.raises(rm.InputError, match="factor_returns: 'time' is not sorted"):
        rm.factor_covariance(xr.DataArray(np.zeros((2, 1)), {"time": [1, 0], "factor": ["a"]}, ("time", "factor")).chunk())
    fit = rm.cross_sectional_regression(**lazily)
    with pytest.raises(rm.InputError, match=r"times: 1 label not in factor_returns: 1999-01-01"):
        rm.factor_covariance(fit["factor_returns"], times=["1999-01-01"])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("market_cap", -1.0, "market_cap: 1 value negative or infinite"),
        ("returns", np.inf, "returns, exposures: 1 infinite value; use NaN for what is missing"),
        ("exposures", np.inf, "returns, exposures: 1 infinite value; use NaN for what is missing"),
    ],
)
def test_wrong_values_are_refused_when_they_are_read(panel, name, value, message):
    wrong = panel[name].copy(deep=True)
    wrong[(150,) + (0,) * (wrong.ndim - 1)] = value
    own = rm.cross_sectional_regression(**chunked(panel | {name: wrong}, 50))
    own.isel(time=slice(0, 50)).compute()
    with pytest.raises(rm.InputError, match=message):
        own.compute()


def test_a_market_of_which_no_day_can_be_estimated_is_refused_when_computed(market):
    own = rm.RiskModel().fit(market.isel(time=slice(0, 30)).chunk(time=10))
    with pytest.raises(rm.InputError, match=r"model: no day can be estimated .*Give more names or a longer history"):
        own.compute()


@pytest.mark.parametrize("name", ["specific_returns", "market_cap"])
def test_specific_risk_refuses_infinite_values_when_they_are_read(panel, name):
    u, cap = panel["returns"].copy(deep=True), panel["market_cap"].copy(deep=True)
    (u if name == "specific_returns" else cap)[250, 3] = np.inf
    own = rm.specific_risk(u.chunk(time=50), cap.chunk(time=50))
    with pytest.raises(rm.InputError, match=f"{name}: 1 infinite value: .*Use NaN for what is missing"):
        own.compute()


def test_specific_risk_reads_the_exposures_of_the_days_it_needs(panel, compare):
    read = []

    def seen(values, block_info=None):
        read.append(block_info[0]["array-location"][0])
        return values

    watched = panel["exposures"].chunk(time=10)
    watched = watched.copy(data=watched.data.map_blocks(seen, dtype=float, meta=np.empty((0, 0, 0))))
    how = rm.SpecificRiskSettings(regime_half_life=None)
    given_ = (panel["returns"].chunk(time=10), panel["market_cap"].chunk(time=10), watched, panel["sectors"], how)
    own = rm.specific_risk(*given_)
    done = own.compute()
    assert read == [(440, 450)]
    compare(own, done, rm.specific_risk(panel["returns"], panel["market_cap"], panel["exposures"], panel["sectors"], how))


def test_a_task_keeps_to_one_thread(panel):
    from threadpoolctl import threadpool_info

    seen = []

    def look(_):
        blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        seen.append((threads.kernel_threads(), set(blas)))

    before = threadpool_info()
    lazy.one_task(look, None).compute()
    assert seen == [(1, {1})]
    assert threadpool_info() == before


def test_arrays_in_another_order_are_aligned_by_their_labels(panel):
    backwards = panel | {"exposures": panel["exposures"].isel(time=slice(None, None, -1))}
    xr.testing.assert_equal(lagged_regression(**backwards), lagged_regression(**panel))
    xr.testing.assert_equal(
        lagged_regression(**chunked(backwards, 100)).compute()["factor_returns"],
        lagged_regression(**panel)["factor_returns"],
    )
