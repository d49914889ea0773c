"""The decomposition of forecast risk against skfolio's predicted attribution, another implementation."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from skfolio.attribution import predicted_factor_attribution

from attribution.measures.risk import decompose, tracking_error

NEAR = {"rtol": 1e-10, "atol": 1e-14}
FACTORS = ["market", "energy", "materials", "size", "value", "momentum"]
FAMILIES = ["market", "sector", "sector", "style", "style", "style"]


def book(kind, linked, seed, assets=30):
    """Weights and a daily forecast: factor volatilities near 0.5 %, specific ones of 1 to 3 %, two linked classes."""
    rng = np.random.default_rng(seed)
    names = [f"A{i:02d}" for i in range(assets)]
    weights = {
        "long only": rng.dirichlet(np.ones(assets)),
        "active": rng.dirichlet(np.ones(assets)) - rng.dirichlet(np.ones(assets)),
        "some not held": np.where(np.arange(assets) % 3, 0.0, 3 / assets),
    }[kind]
    exposures = np.column_stack([np.ones(assets), rng.integers(0, 2, (assets, 2)), rng.normal(size=(assets, 3))])
    root = 0.002 * rng.normal(size=(len(FACTORS), len(FACTORS)))
    specific = np.diag(rng.uniform(0.01, 0.03, assets) ** 2)
    block = None
    if linked:
        specific[3, 7] = specific[7, 3] = 0.9 * np.sqrt(specific[3, 3] * specific[7, 7])
        pair = ["A03", "A07"]
        block = xr.DataArray(
            specific[np.ix_([3, 7], [3, 7])], {"asset": pair, "asset_other": pair}, ("asset", "asset_other")
        )
    ours = {
        "weights": xr.DataArray(weights, {"asset": names}, ("asset",)),
        "exposures": xr.DataArray(exposures, {"asset": names, "factor": FACTORS}, ("asset", "factor")),
        "factor_covariance": xr.DataArray(
            root @ root.T, {"factor": FACTORS, "factor_other": FACTORS}, ("factor", "factor_other")
        ),
        "specific_variance": xr.DataArray(np.diag(specific), {"asset": names}, ("asset",)),
        "linked_covariance": block,
    }
    theirs = predicted_factor_attribution(
        weights=weights,
        loading_matrix=exposures,
        factor_covariance=root @ root.T,
        idio_covariance=specific,
        asset_names=names,
        factor_names=FACTORS,
        factor_families=FAMILIES,
    )
    return ours, theirs


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("linked", [False, True], ids=["independent", "linked classes"])
@pytest.mark.parametrize("kind", ["long only", "active", "some not held"])
def test_the_decomposition_equals_skfolios_predicted_attribution(kind, linked, seed):
    """Volatilities, correlations, contributions by factor, family, stock and cell; skfolio has no volatility of a family."""
    given, theirs = book(kind, linked, seed)
    ours = decompose(**given, groups=dict(zip(FACTORS, FAMILIES, strict=True)))
    for of_ours, of_theirs in (
        (ours.volatility, theirs.total.vol),
        (ours.factor_volatility, theirs.systematic.vol),
        (ours.specific_volatility, theirs.idio.vol),
    ):
        assert of_ours == pytest.approx(of_theirs, rel=1e-10)
    factors, peers = ours.factors.set_index("factor"), theirs.factors
    assert list(peers.names) == FACTORS
    columns = {
        "exposure": peers.exposure,
        "volatility": peers.vol,
        "correlation": peers.corr_with_ptf,
        "contribution": peers.vol_contrib,
        "share_of_variance": peers.pct_total_variance,
    }
    for column, expected in columns.items():
        np.testing.assert_allclose(factors[column][FACTORS], expected, **NEAR)
    specific = factors.loc["specific", ["contribution", "correlation", "share_of_variance"]].to_numpy(float)
    idio = theirs.idio
    np.testing.assert_allclose(specific, [idio.vol_contrib, idio.corr_with_ptf, idio.pct_total_variance], **NEAR)
    family = ours.families.set_index("family")["contribution"]
    np.testing.assert_allclose(family[list(theirs.families.names)], theirs.families.vol_contrib, **NEAR)
    stocks, peers = ours.stocks.set_index("ticker"), theirs.assets
    columns = {
        "weight": peers.weight,
        "volatility": peers.vol,
        "correlation": peers.corr_with_ptf,
        "contribution": peers.vol_contrib,
        "factor_contribution": peers.systematic_vol_contrib,
        "specific_contribution": peers.idio_vol_contrib,
        "share_of_variance": peers.pct_total_variance,
    }
    for column, expected in columns.items():
        np.testing.assert_allclose(stocks[column][list(peers.names)], expected, **NEAR)
    cells = ours.cells.sel(asset=list(peers.names), factor=FACTORS)
    np.testing.assert_allclose(cells, theirs.asset_by_factor_contrib.vol_contrib, **NEAR)


def test_the_tracking_error_equals_skfolios_volatility_of_the_active_weights():
    given, theirs = book("active", True, 5)
    active = given.pop("weights")
    own, benchmark = active.clip(min=0), -active.clip(max=0)
    assert tracking_error(own, benchmark, **given) == pytest.approx(theirs.total.vol, rel=1e-10)
