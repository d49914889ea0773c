"""The same numbers from the workers of a cluster as from this process."""

from __future__ import annotations

import pytest

import riskmodel as rm

distributed = pytest.importorskip("distributed", reason="the extra 'scale' is not installed")


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["threads", "processes"])
def client(request, tmp_path):
    import dask

    with (
        dask.config.set({"temporary-directory": str(tmp_path)}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=request.param, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.slow  # as it estimates from arrays, and as chunks are fitted without one
def test_a_cluster_fits_the_same_model(client, market, fitted, compare, tmp_path):
    own = rm.RiskModel().fit(market.chunk(time=252))
    assert not client.who_has()  # nothing has been computed
    compare(own.data, own.compute().data, fitted.data)
    rm.save(own, tmp_path / "model.nc")
    compare(fitted.data, rm.load(tmp_path / "model.nc").data.load(), fitted.data)


def test_a_cluster_estimates_the_same_forecasts(client, panel, compare):
    lazily = {name: array.chunk(time=100) if "time" in array.dims else array for name, array in panel.items()}
    own, whole = rm.estimate(**lazily).forecast(), rm.estimate(**panel).forecast()
    done = own.compute()
    for name in ("factor_risk", "specific_risk"):
        compare(getattr(own, name), getattr(done, name), getattr(whole, name))


def test_a_cluster_refuses_what_a_process_refuses(client, panel):
    wrong = panel["market_cap"].copy(deep=True)
    wrong[200, 0] = -1.0
    own = rm.cross_sectional_regression(**panel | {"market_cap": wrong.chunk(time=100)})
    with pytest.raises(rm.InputError, match="market_cap: 1 value negative or infinite"):
        own.compute()
