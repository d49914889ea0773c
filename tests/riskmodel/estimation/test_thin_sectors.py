"""A sector of few names is drawn towards the market, with a report; one of many is left alone."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm

NAMES, STYLES, ENOUGH = 80, ("x", "y"), 5.0


def market_with(sizes: dict[str, int], seed: int = 0) -> dict[str, xr.DataArray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(list(sizes), list(sizes.values()))
    count = len(labels)
    coords = {"time": [0, 1], "asset": np.arange(count)}
    return {
        "returns": xr.DataArray(rng.normal(0, 0.02, (2, count)), coords, ("time", "asset")),
        "exposures": xr.DataArray(
            rng.normal(size=(2, count, 2)), coords | {"factor": list(STYLES)}, ("time", "asset", "factor")
        ),
        "sectors": xr.DataArray(labels, {"asset": coords["asset"]}, ("asset",)),
        "market_cap": xr.DataArray(rng.lognormal(size=(2, count)), coords, ("time", "asset")),
    }


@pytest.mark.parametrize("thin", [1, 2, 4])
def test_shrinking_is_least_squares_with_names_lent(thin):
    data = market_with({"A": 40, "B": 40, "C": thin})
    fit = rm.cross_sectional_regression(**data, thin_sector=ENOUGH)
    member = (data["sectors"].to_numpy()[:, None] == np.array(["A", "B", "C"])).astype(float)
    for day in range(2):
        cap, r = data["market_cap"].to_numpy()[day], data["returns"].to_numpy()[day]
        w = np.sqrt(cap)
        own = w[member[:, 2] > 0]
        lent = (ENOUGH - own.sum() ** 2 / (own**2).sum()) * w.mean()
        design = np.vstack([np.column_stack([member, data["exposures"].to_numpy()[day]]), [0, 0, 1, 0, 0]])
        g = sm.WLS(np.append(r, (cap @ r) / cap.sum()), design, weights=np.append(w, lent)).fit().params
        share = member.T @ cap / cap.sum()
        market = share @ g[:3]
        np.testing.assert_allclose(fit["factor_returns"][day], [market, *(g[:3] - market), *g[3:]], rtol=1e-8, atol=1e-14)
        assert float(fit["sector_shrinkage"].sel(sector="C")[day]) == pytest.approx(lent / (lent + own.sum()), rel=1e-12)


def test_sectors_of_many_names_are_left_alone():
    data = market_with({"A": 40, "B": 40})
    fit = rm.cross_sectional_regression(**data, thin_sector=ENOUGH)
    xr.testing.assert_identical(fit, rm.cross_sectional_regression(**data))
    assert (fit["sector_shrinkage"] == 0).all()


def test_a_sector_without_an_estimating_name_earns_the_market():
    data = market_with({"A": 40, "B": 40, "C": 2})
    weights = data["market_cap"] ** 0.5
    data["weights"] = weights.where(data["sectors"] != "C")
    fit = rm.cross_sectional_regression(**data, thin_sector=ENOUGH)
    estimated = data["sectors"].to_numpy() != "C"
    cap = data["market_cap"].to_numpy()[:, estimated]
    market = (cap * data["returns"].to_numpy()[:, estimated]).sum(axis=1) / cap.sum(axis=1)
    whole = fit["factor_returns"].sel(factor="market") + fit["factor_returns"].sel(factor="C")
    np.testing.assert_allclose(whole, market, rtol=1e-12)
    assert fit["specific_returns"].notnull().all()
    assert (fit["sector_shrinkage"].sel(sector="C") == 1).all()


def test_a_fit_reports_its_thin_sectors(small_market, small_model):
    sector = small_market["sector"].to_numpy().copy()
    sector[np.flatnonzero(sector == "Energy")[2:]] = "Industrials"
    results = rm.RiskModel().fit(small_market.assign(sector=("asset", sector)))
    table = results.thin_sectors().set_index("sector")
    assert list(table.index) == ["Energy"]
    assert 0.5 < table.loc["Energy", "largest_share_lent"] < 1
    assert small_model.thin_sectors().empty
