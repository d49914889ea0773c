"""The kernel for a few portfolios: against skfolio, against plain sums, and against the cuts of `attribute`."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.contributions.arrays import linked_contributions
from attribution.linking.linking import coefficients
from tests.conftest import ROOT, SMALL_MONTH

NEAR = {"rtol": 1e-10, "atol": 1e-14}
DAYS, NAMES, FACTORS, HELD = 12, 40, 5, 6
LABELS = {
    "portfolio": ["P", "Q", "R"],
    "time": pd.bdate_range("2025-01-01", periods=DAYS),
    "asset": [f"A{i:02d}" for i in range(NAMES)],
    "factor": [f"F{k}" for k in range(FACTORS)],
    "factor_other": [f"F{k}" for k in range(FACTORS)],
}


def array(values, *dims):
    return xr.DataArray(values, {dim: LABELS[dim] for dim in dims}, dims)


def given(seed=0):
    """Weights, benchmark and a model whose factor covariance is that of a weighted regression with known specific risk."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((3, DAYS, NAMES))
    for portfolio in weights:
        portfolio[:, rng.choice(NAMES, HELD, replace=False)] = rng.dirichlet(np.ones(HELD), DAYS)
    exposures = rng.normal(size=(DAYS, FACTORS, NAMES))
    regression_weights, variances = rng.uniform(1, 2, (DAYS, NAMES)), rng.uniform(1, 4, (DAYS, NAMES)) * 1e-4
    weighted = exposures * regression_weights[:, None, :]
    hat = np.linalg.inv(weighted @ exposures.transpose(0, 2, 1)) @ weighted
    arrays = {
        "exposures": array(exposures, "time", "factor", "asset"),
        "factor_returns": array(rng.normal(0, 0.005, (DAYS, FACTORS)), "time", "factor"),
        "specific_returns": array(rng.normal(0, 0.02, (DAYS, NAMES)), "time", "asset"),
        "benchmark_weights": array(rng.dirichlet(np.ones(NAMES), DAYS), "time", "asset"),
        "covariance": array((hat * variances[:, None, :]) @ hat.transpose(0, 2, 1), "time", "factor", "factor_other"),
    }
    return array(weights, "portfolio", "time", "asset"), arrays, regression_weights, variances


def linking(weights, arrays):
    returns = xr.dot(arrays["exposures"], arrays["factor_returns"], dim="factor") + arrays["specific_returns"]
    own, other = (weights * returns).sum("asset"), (arrays["benchmark_weights"] * returns).sum("asset")
    return coefficients(own, other), (1 + own).prod("time") - (1 + other).prod("time")


def test_contributions_and_errors_equal_skfolios():
    """Its figures are mean contributions times 252, unlinked: every day's coefficient is 252 over the number of days."""
    skfolio = pytest.importorskip("skfolio.attribution")
    weights, arrays, regression_weights, variances = given()
    scale = array(np.full((3, DAYS), 252 / DAYS), "portfolio", "time")
    ours = linked_contributions(weights, scale, **arrays)
    exposures = arrays["exposures"].transpose("time", "asset", "factor").to_numpy()
    for name in LABELS["portfolio"]:
        active = (weights.sel(portfolio=name) - arrays["benchmark_weights"]).to_numpy()
        returns = np.einsum("tnk,tk->tn", exposures, arrays["factor_returns"]) + arrays["specific_returns"].to_numpy()
        theirs = skfolio.realized_factor_attribution(
            asset_names=LABELS["asset"], factor_names=LABELS["factor"], weights=active, exposures=exposures, exposure_lag=0,
            factor_returns=arrays["factor_returns"].to_numpy(), idio_returns=arrays["specific_returns"].to_numpy(),
            portfolio_returns=(active * returns).sum(axis=1), idio_variances=variances,
            regression_weights=regression_weights, compute_uncertainty=True, compute_asset_breakdowns=True,
        )  # fmt: skip
        row = ours.sel(portfolio=name)
        factors = [str(f) for f in theirs.factors.names]
        np.testing.assert_allclose(row["contribution"].sel(factor=factors), theirs.factors.mu_contrib, **NEAR)
        np.testing.assert_allclose(row["standard_error"].sel(factor=factors), theirs.factors.mu_contrib_uncertainty, **NEAR)
        specific = row.sel(factor="specific")
        np.testing.assert_allclose(specific["contribution"], theirs.idio.mu_contrib, **NEAR)
        np.testing.assert_allclose(specific["standard_error"], theirs.idio.mu_uncertainty, **NEAR)
        cells = theirs.asset_by_factor_contrib
        mine = row["stock_contribution"].sel(
            asset=list(map(str, cells.asset_names)), factor=list(map(str, cells.factor_names))
        )
        np.testing.assert_allclose(mine.transpose("asset", "factor"), cells.mu_contrib, **NEAR)


@pytest.mark.parametrize("block", [7, 500])
def test_cells_and_their_errors_are_plain_sums_over_days(block, monkeypatch):
    monkeypatch.setattr("attribution.contributions.arrays.BLOCK", block)
    weights, arrays, _, _ = given(1)
    scale, excess = linking(weights, arrays)
    ours = linked_contributions(weights, scale, **arrays)
    active, lam = (weights - arrays["benchmark_weights"]).to_numpy(), scale.transpose("portfolio", "time").to_numpy()
    x, f, u = (arrays[name].to_numpy() for name in ("exposures", "factor_returns", "specific_returns"))
    cells = np.einsum("pt,pti,tki,tk->pki", lam, active, x, f)
    np.testing.assert_allclose(ours["stock_contribution"][:, :-1], cells, rtol=0, atol=1e-15)
    specific = np.einsum("pt,pti,ti->pi", lam, active, u)
    np.testing.assert_allclose(ours["stock_contribution"][:, -1], specific, rtol=0, atol=1e-15)
    variance = np.diagonal(arrays["covariance"].to_numpy(), axis1=1, axis2=2)
    errors = np.sqrt(np.einsum("pt,pti,tki,tk->pki", lam**2, active**2, x**2, variance))
    np.testing.assert_allclose(ours["stock_standard_error"], errors, rtol=0, atol=1e-15)
    np.testing.assert_allclose(ours["active_exposure"], np.einsum("pti,tki->ptk", active, x), rtol=0, atol=1e-14)
    np.testing.assert_allclose(ours["stock_contribution"].sum("asset"), ours["contribution"], rtol=0, atol=1e-14)
    np.testing.assert_allclose(ours["contribution"].sum("factor"), excess, rtol=0, atol=1e-14)


def test_active_weights_alone_give_the_same():
    weights, arrays, _, _ = given(2)
    scale, _ = linking(weights, arrays)
    active = weights - arrays["benchmark_weights"]
    alone = {name: values for name, values in arrays.items() if name != "benchmark_weights"}
    xr.testing.assert_allclose(
        linked_contributions(weights, scale, **arrays), linked_contributions(active, scale, **alone), rtol=0, atol=1e-14
    )


def test_labels_decide_and_their_order_does_not():
    weights, arrays, _, _ = given(3)
    scale, _ = linking(weights, arrays)
    straight = linked_contributions(weights, scale, **arrays)
    turned = {
        name: values.isel({dim: slice(None, None, -1) for dim in values.dims}).transpose(*reversed(values.dims))
        for name, values in arrays.items()
    }
    other = linked_contributions(weights, scale.T, **turned)
    for name, values in straight.data_vars.items():
        labels = {dim: values[dim] for dim in values.dims}
        np.testing.assert_allclose(other[name].sel(labels), values, rtol=0, atol=1e-15)


def test_the_cells_of_a_course_are_those_of_attribute(small_book, small_model, small_market):
    result = at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period=SMALL_MONTH)
    data = result.data
    ours = linked_contributions(
        data["portfolio_live"].expand_dims(portfolio=["it"]),
        data["coefficient"].expand_dims(portfolio=["it"]),
        exposures=data["exposure"],
        factor_returns=data["factor_return"],
        specific_returns=data["specific_return"],
        benchmark_weights=data["benchmark_live"],
        covariance=data["covariance"],
    ).isel(portfolio=0)
    factors = [factor for factor in ours["factor"].to_numpy() if factor != "market"]  # cash is not moved out of it
    theirs = result.by("stock", "factor", against="zero").to_xarray()
    theirs = theirs.sel(stock=ours["asset"].to_numpy(), factor=factors).transpose("stock", "factor")
    np.testing.assert_allclose(ours["stock_contribution"].sel(factor=factors).T, theirs, rtol=0, atol=1e-12)
    errors = result.standard_errors("factor")
    np.testing.assert_allclose(ours["standard_error"].sel(factor=factors), errors[factors], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: {"exposures": a["exposures"].where(a["exposures"]["asset"] != "A05")},
         r"exposures: 60 missing or infinite values: \(2025-01-01, F0, A05\).*has exposures and specific returns of 0"),
        (lambda a: {"factor_returns": a["factor_returns"].rename(factor="style")},
         r"factor_returns: dimensions \(time, style\); it takes \(time, factor\)"),
        (lambda a: {"specific_returns": a["specific_returns"].isel(time=slice(1, None))},
         "specific_returns: 1 label of 'time' not as in weights; only in weights: 2025-01-01"),
        (lambda a: {"covariance": a["covariance"].assign_coords(factor_other=list("VWXYZ"))},
         "covariance: 10 labels of 'factor_other' not as in exposures; only in covariance: V, W, X, Y, Z; only in"),
        (lambda a: {"benchmark_weights": xr.concat([a["benchmark_weights"]] * 2, "asset")},
         "benchmark_weights: 40 duplicate labels of 'asset': A00, A01, A02, A03, A04 and 35 more"),
    ],
)  # fmt: skip
def test_arrays_that_are_unfit_are_refused_with_the_place(damage, message):
    weights, arrays, _, _ = given(4)
    scale, _ = linking(weights, arrays)
    with pytest.raises(rm.InputError, match=message):
        linked_contributions(weights, scale, **(arrays | damage(arrays)))


# ---------------------------------------------------------------- published


@pytest.mark.parametrize("example", ["simple", "long_short", "long_short_tilt"])
def test_published_contributions_of_factors_and_of_what_is_left(example):
    """Two stocks of equal loadings on two days that are alike; nothing is linked, so every day's coefficient is 1."""
    path = ROOT / "fixtures" / "worked_examples" / "empyrical_attribution.toml"
    published = tomllib.loads(path.read_text(encoding="utf-8"))
    case, factors = published[example], list(published["loading"])
    labels = {"portfolio": ["P"], "time": LABELS["time"][:1], "asset": ["stock1", "stock2"], "factor": factors}

    def of(value, *dims):
        return xr.DataArray(np.broadcast_to(value, [len(labels[d]) for d in dims]), {d: labels[d] for d in dims}, dims)

    loading, earned = (np.array([published[key][k] for k in factors]) for key in ("loading", "factor_return"))
    weights = np.array(case["weights"])
    left = published["portfolio_return"] - weights.sum() * loading @ earned
    parts = linked_contributions(
        of(weights, "portfolio", "time", "asset"),
        of(1.0, "portfolio", "time"),
        exposures=of(loading[:, None], "time", "factor", "asset"),
        factor_returns=of(earned, "time", "factor"),
        specific_returns=of(left * weights / (weights @ weights), "time", "asset"),
    )
    got = parts["contribution"].sel(portfolio="P").to_series()
    got["common"] = got[factors].sum()
    cells = parts["stock_contribution"].sel(portfolio="P", factor=factors)
    assert got["common"] == pytest.approx(float(cells.sum()), abs=1e-15)
    for name, expected in case["expected"].items():
        if name in got:
            assert got[name] == pytest.approx(expected, abs=published["tolerance"]), name
