"""Huber's estimator against statsmodels RLM on the restricted design, and what outliers do to each."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm
from riskmodel.estimation import least_squares

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


def rlm(data: dict[str, xr.DataArray], day: int, huber: float) -> tuple[np.ndarray, int]:
    """Market, sectors A and B, styles, and the number of names below full weight, by RLM on the names that can be used."""
    r, x, cap = (data[name].to_numpy()[day] for name in ("returns", "exposures", "market_cap"))
    w = data["weights"].to_numpy()[day] if "weights" in data else np.sqrt(cap)
    used = ~np.isnan(r) & ~np.isnan(x).any(axis=1) & (w > 0)
    member = (data["sectors"].to_numpy()[used, None] == np.array(["A", "B", "C"])).astype(float)
    share, root = member.T @ cap[used], np.sqrt(w[used])
    free = member[:, :2] - member[:, 2:] * (share[:2] / share[2])
    design = np.column_stack([np.ones(len(member)), free, x[used]])
    norm = sm.robust.norms.HuberT(huber)
    peer = sm.RLM(r[used] * root, design * root[:, None], M=norm).fit(maxiter=1000, tol=1e-14, conv="coefs")
    return peer.params, int((peer.weights < 1).sum())


def changed(data: dict[str, xr.DataArray], missing: str, weights: str) -> dict[str, xr.DataArray]:
    """The data with holes, and weights of their own, some 0, where asked."""
    rng = np.random.default_rng(99)
    data = dict(data)
    for name, share in {"returns": 0.1, "exposures": 0.03}.items():
        if missing in (name, "both"):
            data[name] = data[name].where(rng.random(data[name].shape) > share)
    if weights == "given":
        own = rng.uniform(0.2, 3.0, data["returns"].shape) * (rng.random(data["returns"].shape) > 0.1)
        data["weights"] = data["market_cap"].copy(data=own)
    return data


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("weights", ["default", "given"])
@pytest.mark.parametrize("missing", ["none", "returns", "exposures", "both"])
@pytest.mark.parametrize("huber", [1.0, 1.345, 2.5])
def test_coefficients_equal_statsmodels_rlm(huber, missing, weights, seed):
    """The errors are not RLM's: ours are those of least squares with the last weights."""
    data = changed(heavy_tailed(seed), missing, weights)
    fit = rm.cross_sectional_regression(**data, huber=huber)
    assert (fit["flag"] == "").all()
    for day in range(DAYS):
        coefficients, downweighted = rlm(data, day, huber)
        np.testing.assert_allclose(np.delete(fit["factor_returns"][day].to_numpy(), 3), coefficients, rtol=1e-8, atol=1e-12)
        assert int(fit["downweighted"][day]) == downweighted > 0


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


def test_a_day_that_has_settled_is_not_solved_again_with_others(monkeypatch):
    data, products, solved = heavy_tailed(0), least_squares.products, []

    def counted(x, *others):
        solved.append(len(x))
        return products(x, *others)

    monkeypatch.setattr(least_squares, "products", counted)
    calm = data["returns"].copy(data=np.sign(data["returns"]) * 0.01)  # all within the limit at weights of one
    calm[1] = data["returns"][1]
    data |= {"returns": calm, "weights": xr.ones_like(calm)}
    together = rm.cross_sectional_regression(**data, huber=4.0, covariance=False)
    assert solved[0] == solved[-1] == DAYS and len(solved) > 5 and set(solved[1:-1]) == {1}
    assert (together["downweighted"] > 0).values.tolist() == [False, True, False]
    alone = {name: of.isel(time=[1]) if "time" in of.dims else of for name, of in data.items()}
    xr.testing.assert_equal(rm.cross_sectional_regression(**alone, huber=4.0, covariance=False), together.isel(time=[1]))
