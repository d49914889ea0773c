"""Huber's estimator against statsmodels RLM on the restricted design, and what outliers do to each."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm

DAYS, STYLES = 3, ("x", "y", "z")


def heavy_tailed(seed: int, names: int = 250) -> dict[str, xr.DataArray]:
    rng = np.random.default_rng(seed)
    coords = {"time": np.arange(DAYS), "asset": [f"A{i}" for i in range(names)]}
    panel = ("time", "asset")
    return {
        "returns": xr.DataArray(0.02 * rng.standard_t(2, (DAYS, names)), coords, panel),
        "exposures": xr.DataArray(
            rng.normal(size=(DAYS, names, len(STYLES))), coords | {"factor": list(STYLES)}, (*panel, "factor")
        ),
        "sectors": xr.DataArray(rng.choice(["A", "B", "C"], names), {"asset": coords["asset"]}, ("asset",)),
        "market_cap": xr.DataArray(rng.lognormal(size=(DAYS, names)), coords, panel),
    }


def restricted_design(data: dict[str, xr.DataArray], day: int) -> np.ndarray:
    member = (data["sectors"].to_numpy()[:, None] == np.array(["A", "B", "C"])).astype(float)
    share = member.T @ data["market_cap"].to_numpy()[day]
    free = member[:, :2] - member[:, 2:] * (share[:2] / share[2])
    return np.column_stack([np.ones(len(member)), free, data["exposures"].to_numpy()[day]])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("huber", [1.0, 1.345, 2.5])
def test_coefficients_equal_statsmodels_rlm(seed, huber):
    data = heavy_tailed(seed)
    fit = rm.cross_sectional_regression(**data, huber=huber)
    assert (fit["flag"] == "").all()
    for day in range(DAYS):
        root = data["market_cap"].to_numpy()[day] ** 0.25
        peer = sm.RLM(
            data["returns"].to_numpy()[day] * root,
            restricted_design(data, day) * root[:, None],
            M=sm.robust.norms.HuberT(huber),
        ).fit(maxiter=1000, tol=1e-14, conv="coefs")
        np.testing.assert_allclose(np.delete(fit["factor_returns"][day], 3), peer.params, rtol=1e-8, atol=1e-12)
        assert int(fit["downweighted"][day]) == int((peer.weights < 1).sum())


def test_a_wide_limit_is_least_squares():
    data = heavy_tailed(0)
    xr.testing.assert_allclose(
        rm.cross_sectional_regression(**data, huber=1e9), rm.cross_sectional_regression(**data), rtol=1e-12
    )


def test_one_wild_return_moves_least_squares_and_hardly_moves_huber():
    data = heavy_tailed(5)
    wild = data | {"returns": data["returns"].copy()}
    wild["returns"][0, 7] += 5.0

    def moved(huber: float | None) -> float:
        before, after = (rm.cross_sectional_regression(**d, huber=huber)["factor_returns"][0] for d in (data, wild))
        return float(abs(after - before).max())

    assert moved(1.345) < 0.05 * moved(None)
