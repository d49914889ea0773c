"""The risk model against skfolio, another implementation, wherever the two define the same thing; and where they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from skfolio.containers import AssetPanel
from skfolio.descriptor import Passthrough
from skfolio.factor_exposure import FixedWeightedFactor, GlobalFactor, OneHotCategoricalFactors
from skfolio.linear_model import CSLinearRegression
from skfolio.moments import EWCovariance, EWMu, EWVariance, RegimeAdjustedEWCovariance
from skfolio.moments.covariance import RegimeAdjustmentMethod, RegimeAdjustmentTarget
from skfolio.prior import CharacteristicsFactorModel, EmpiricalPrior

import riskmodel as rm
from riskmodel.estimation.covariance import factor_covariance
from riskmodel.estimation.covariance_settings import CovarianceSettings
from riskmodel.estimation.specific import SpecificRiskSettings, specific_risk
from tests.conftest import REAL

NEAR = {"rtol": 1e-8, "atol": 1e-14}
DAYS, NAMES, STYLES = 6, 90, ["size", "value", "momentum"]
FOREVER = 1e9  # a half-life of days that weigh the same, to 1e-9 a day


# ---------------------------------------------------------------- the regression


def sector_labels(layout, rng):
    """(asset) or (time, asset) labels."""
    even = np.array(["Energy", "Health Care", "Utilities", "Materials"])[np.arange(NAMES) % 4]
    if layout == "one sector":
        return np.repeat("Energy", NAMES)
    if layout == "lopsided":  # one holds 78 of 90 names, two hold 6 each
        return np.repeat(["Energy", "Materials", "Utilities"], [6, 78, 6])
    if layout == "many":
        return np.array([f"S{i:02d}" for i in np.arange(NAMES) % 15])
    if layout == "some without":
        return np.where(rng.random(NAMES) < 0.1, "", even)
    if layout == "changing":  # a few names move to another sector on day 3
        days = np.repeat(even[None], DAYS, axis=0)
        days[3:, :5] = "Utilities"
        return days
    return even


def market(layout="even", missing="none", weights="default", seed=0):
    """Arguments of `cross_sectional_regression`; returns of a few per cent with fat tails."""
    rng = np.random.default_rng(seed)
    coords = {"time": pd.bdate_range("2024-01-01", periods=DAYS), "asset": [f"A{i:02d}" for i in range(NAMES)]}
    returns = 0.02 * rng.standard_t(4, (DAYS, NAMES))
    exposures = rng.normal(size=(DAYS, len(STYLES), NAMES))
    cap = rng.lognormal(3, 1.5, (DAYS, NAMES))
    if missing in ("returns", "both"):
        returns[rng.random(returns.shape) < 0.15] = np.nan
    if missing in ("exposures", "both"):
        exposures[rng.random(exposures.shape) < 0.05] = np.nan
    if missing == "a style for a day":
        exposures[2, 1] = np.nan
    labels = sector_labels(layout, rng)
    of_labels = ("time", "asset")[-labels.ndim :]
    given = {
        "returns": xr.DataArray(returns, coords, ("time", "asset")),
        "exposures": xr.DataArray(exposures, coords | {"factor": STYLES}, ("time", "factor", "asset")),
        "market_cap": xr.DataArray(cap, coords, ("time", "asset")),
        "sectors": xr.DataArray(labels, {dim: coords[dim] for dim in of_labels}, of_labels),
    }
    if weights != "default":
        w = rng.uniform(0.5, 2, (DAYS, NAMES))
        w[rng.random(w.shape) < 0.1] = np.nan if weights == "given, some missing" else 0.0
        given["weights"] = xr.DataArray(w, coords, ("time", "asset"))
    return given


def skfolio_day(given, day):
    """Factor returns and specific returns of one day by skfolio, which has neither the restriction nor the bookkeeping."""
    r, x, cap = (given[name][day].to_numpy() for name in ("returns", "exposures", "market_cap"))
    label = given["sectors"].broadcast_like(given["returns"]).transpose("time", "asset")[day].to_numpy().astype(str)
    fed = ~np.isnan(x).all(axis=1)
    covered = ~np.isnan(r) & ~np.isnan(x[fed]).any(axis=0) & (label != "")
    w = np.nan_to_num(given["weights"][day].to_numpy()) if "weights" in given else np.sqrt(cap)
    w = np.where(covered, w, 0.0)
    names = np.unique(label[label != ""])
    member = (label[:, None] == names).astype(float)
    share = np.where(w > 0, cap, 0.0) @ member
    kept = np.delete(np.arange(len(names)), share.argmax())  # the largest sector is what the others leave
    restriction = np.zeros((1 + len(names), len(names)))
    restriction[0, 0] = restriction[1 + kept, 1 + np.arange(len(kept))] = 1.0
    restriction[1 + share.argmax(), 1:] = -share[kept] / share.max()
    design = np.column_stack([np.column_stack([np.ones(len(r)), member]) @ restriction, x[fed].T])
    fit = CSLinearRegression().fit(design[None], r[None], cs_weights=w[None])
    coefficients = fit.coef_[0]
    factors = pd.Series(
        np.concatenate([restriction @ coefficients[: len(names)], coefficients[len(names) :]]),
        ["market", *names, *given["exposures"]["factor"].to_numpy()[fed]],
    )
    return factors, np.where(covered, r - fit.predict(np.nan_to_num(design)[None])[0], np.nan), int(fit.n_valid_assets_[0])


LAYOUTS = ("even", "one sector", "lopsided", "many", "some without", "changing")
MISSING = ("none", "returns", "exposures", "both", "a style for a day")
WEIGHTS = ("default", "given", "given, some missing")


@pytest.mark.parametrize(
    ("layout", "missing", "weights"),
    [
        pytest.param(layout, missing, weights, marks=[pytest.mark.slow] * ((row + column - place) % 3 != 0))
        for row, layout in enumerate(LAYOUTS)
        for column, missing in enumerate(MISSING)
        for place, weights in enumerate(WEIGHTS)
    ],
)
def test_the_regression_equals_skfolio_on_the_restricted_design(layout, missing, weights):
    given = market(layout, missing, weights)
    fit = rm.cross_sectional_regression(**given)
    assert (fit["flag"] == "").all()
    for day in range(DAYS):
        factors, specific, names = skfolio_day(given, day)
        ours = fit["factor_returns"][day].to_series().dropna()
        assert sorted(ours.index) == sorted(factors.index)
        np.testing.assert_allclose(ours, factors[ours.index], **NEAR)
        np.testing.assert_allclose(fit["specific_returns"][day], specific, **NEAR)  # NaN in the same places
        assert int(fit["names"][day]) == names


@pytest.mark.parametrize("layout", ["even", "lopsided"])
def test_without_styles_the_regression_equals_skfolio_on_sectors_alone(layout):
    """The same fit in another basis: one coefficient a sector, of which the market is the cap-weighted mean."""
    given = market(layout, "returns") | {"exposures": market(layout)["exposures"][:, :0]}
    label = given["sectors"].to_numpy()
    member = (label[:, None] == np.unique(label)).astype(float)
    used = given["returns"].notnull().to_numpy()
    w = np.where(used, np.sqrt(given["market_cap"]), 0.0)
    sectors = CSLinearRegression().fit(np.repeat(member[None], DAYS, axis=0), given["returns"].to_numpy(), cs_weights=w)
    share = np.where(used, given["market_cap"], 0.0) @ member
    level = (share * sectors.coef_).sum(axis=1, keepdims=True) / share.sum(axis=1, keepdims=True)
    theirs = np.concatenate([level, sectors.coef_ - level], axis=1)
    np.testing.assert_allclose(rm.cross_sectional_regression(**given)["factor_returns"], theirs, **NEAR)


@pytest.mark.slow
@pytest.mark.real_market
def test_factor_returns_of_the_real_market_equal_skfolio():
    """Every tenth session; the model's own exposures, weights by the root of cap inside its estimation universe."""
    market = rm.read_market(REAL)
    model = rm.RiskModel(industry=False).fit(market)  # the peer knows sectors and styles
    assert model.thin_sectors().empty  # a shrunk sector would be no plain least squares
    after = market["time"][1:].to_numpy()
    cap = market["market_cap"].transpose("time", "asset")[:-1].assign_coords(time=after)
    given = {
        "returns": market["total_return"].transpose("time", "asset")[1:],
        "exposures": model.exposures.transpose("time", "factor", "asset")[:-1].assign_coords(time=after),
        "market_cap": cap,
        "sectors": market["sector"].fillna(""),
        "weights": cap.where(model.data["universe"].transpose("time", "asset")[:-1].assign_coords(time=after)) ** 0.5,
    }
    sound = (model.data["flag"] == "").sel(time=after).to_numpy()
    assert sound.sum() > 900
    for day in np.flatnonzero(sound)[::10]:
        factors, specific, names = skfolio_day(given, day)
        ours = model.factor_returns.sel(time=after[day]).to_series().dropna()
        assert sorted(ours.index) == sorted(factors.index)
        np.testing.assert_allclose(ours, factors[ours.index], rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(model.specific_returns.sel(time=after[day]), specific, rtol=1e-8, atol=1e-12)
        assert int(model.data["estimating_names"].sel(time=after[day])) == names


# ---------------------------------------------------------------- the whole model


def whole_model(half_life, *, seed=3, days=80):
    """Our arguments (lagged) and skfolio's fitted model of one market; exposures are stamped the day before the returns."""
    rng = np.random.default_rng(seed)
    label = np.array(["Energy", "Materials", "Utilities"])[np.arange(NAMES) % 3]
    returns = 0.02 * rng.standard_t(5, (days, NAMES))
    exposures = rng.normal(size=(days, len(STYLES), NAMES))
    cap = np.repeat(rng.lognormal(3, 1.2, NAMES)[None], days, axis=0)
    panel = AssetPanel(
        fields={"returns": returns.copy(), "market_cap": cap.copy()}
        | {name: exposures[:, k].copy() for k, name in enumerate(STYLES)},
        observations=pd.bdate_range("2024-01-01", periods=days).to_numpy(),
        asset_names=np.array([f"A{i:02d}" for i in range(NAMES)]),
    )
    codes = np.unique(label, return_inverse=True)[1]
    panel.add_categorical_field(name="sector", values=np.tile(codes, (days, 1)), levels=list(np.unique(label)))
    plain = {"outlier_transformer": "passthrough", "scoring_transformer": "passthrough", "family": "style"}
    theirs = CharacteristicsFactorModel(
        factors=[
            ("market", GlobalFactor()),
            ("sector", OneHotCategoricalFactors(category="sector", family="sector")),
            *((name, FixedWeightedFactor(descriptors=[("d", Passthrough(name))], **plain)) for name in STYLES),
        ],
        constrained_families=[("sector", None)],
        factor_prior_estimator=EmpiricalPrior(
            mu_estimator=EWMu(), covariance_estimator=EWCovariance(half_life=half_life, nearest=False)
        ),
        idio_variance_estimator=EWVariance(half_life=half_life),
    ).fit(characteristics=panel)
    coords = {"time": panel.observations, "asset": panel.asset_names}
    ours = {
        "returns": xr.DataArray(returns, coords, ("time", "asset"))[1:],
        "exposures": xr.DataArray(exposures, coords | {"factor": STYLES}, ("time", "factor", "asset")),
        "market_cap": xr.DataArray(cap, coords, ("time", "asset")),
        "sectors": xr.DataArray(label, {"asset": panel.asset_names}, ("asset",)),
    }
    for name in ("exposures", "market_cap"):
        ours[name] = ours[name].shift(time=1)[1:]
    return ours, theirs.factor_model_


def test_the_whole_model_in_its_plain_form_equals_skfolio():
    """Factor returns, specific returns, t, R-squared, both forecasts: EWMA without lags or adjustments, caps that stay.

    What differs by definition: skfolio's variance inflation and condition number are of the raw cross-product (ours: centred
    within the day, columns scaled); where caps move, its covariance restricts old days by the last day's caps.
    """
    half_life = 20.0
    given, theirs = whole_model(half_life)
    fit = rm.cross_sectional_regression(**given)
    order = list(theirs.factor_names)
    ours = fit.sel(factor=order, factor_other=order)
    np.testing.assert_allclose(ours["factor_returns"], theirs.factor_returns[-len(fit["time"]) :], **NEAR)
    np.testing.assert_allclose(ours["specific_returns"], theirs.idio_returns[-len(fit["time"]) :], **NEAR)
    t, scores = theirs.cs_regression_t_stats, theirs.cs_regression_scores
    own_t = (ours["factor_returns"] / ours["classical_standard_errors"]).sel(time=t.index, factor=list(t.columns))
    np.testing.assert_allclose(own_t, t, **NEAR)
    np.testing.assert_allclose(ours["r_squared"].sel(time=scores.index), scores["r2"], **NEAR)
    assert len(t) == len(scores) == len(fit["time"]) - 1  # skfolio's diagnostics leave the first regression out
    f = factor_covariance(fit["factor_returns"], plain_covariance(half_life))["covariance"][-1]
    np.testing.assert_allclose(f.sel(factor=order, factor_other=order), theirs.factor_covariance, **NEAR)
    forecast = specific_risk(fit["specific_returns"], given["market_cap"], settings=plain_specific(half_life))
    np.testing.assert_allclose(forecast["volatility"][-1] ** 2, theirs.idio_covariance, **NEAR)


# ---------------------------------------------------------------- the covariance


def plain_covariance(half_life, *, lags=0, correlation_half_life=None, regime=None, minimum=2):
    return CovarianceSettings(
        volatility_half_life=half_life,
        volatility_lags=lags,
        correlation_half_life=correlation_half_life or half_life,
        correlation_lags=lags,
        eigenfactor_simulations=0,
        regime_half_life=regime,
        minimum_history=minimum,
    )


def plain_specific(half_life):
    return SpecificRiskSettings(half_life=half_life, lags=0, structural=False, shrinkage=0.0, regime_half_life=None)


def factor_returns(days=300, factors=7, seed=0):
    """Correlated, with serial correlation, volatilities from 0.3 % to 1.5 %."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(6, (days, factors)) @ rng.normal(size=(factors, factors)) * np.linspace(0.003, 0.015, factors)
    shocks[1:] += 0.3 * shocks[:-1]
    coords = {"time": pd.bdate_range("2022-01-03", periods=days), "factor": [f"F{k}" for k in range(factors)]}
    return xr.DataArray(shocks, coords, ("time", "factor"))


def ours_of(f, settings):
    return factor_covariance(f, settings)["covariance"][-1].to_numpy()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("half_life", [5.0, 42.0, 84.0, 504.0])
def test_the_exponentially_weighted_covariance_equals_skfolio(half_life, seed):
    f = factor_returns(seed=seed)
    theirs = EWCovariance(half_life=half_life, nearest=False, min_observations=1).fit(f.to_numpy())
    np.testing.assert_allclose(ours_of(f, plain_covariance(half_life)), theirs.covariance_, **NEAR)


@pytest.mark.parametrize(("volatility", "correlation"), [(84.0, 504.0), (21.0, 126.0), (200.0, 20.0)])
def test_separate_half_lives_take_volatility_from_one_of_skfolio_and_correlation_from_another(volatility, correlation):
    """Its own `corr_half_life` scales each day by that day's volatility, another estimator; ours is put together here."""
    f = factor_returns()
    short, long = (
        EWCovariance(half_life=h, nearest=False, min_observations=1).fit(f.to_numpy()).covariance_
        for h in (volatility, correlation)
    )
    scale = np.sqrt(np.diag(short) / np.diag(long))
    theirs = long * scale[:, None] * scale
    np.testing.assert_allclose(ours_of(f, plain_covariance(volatility, correlation_half_life=correlation)), theirs, **NEAR)


@pytest.mark.parametrize("lags", [1, 2, 5])
@pytest.mark.parametrize("half_life", [21.0, 84.0, 504.0])
def test_newey_west_equals_skfolio_on_the_days_weighted_by_the_root(half_life, lags):
    """Both are Bartlett's. A lagged product has the newer day's weight in skfolio, and the geometric mean of both here.

    Ours is therefore the equally weighted estimator of sqrt(w) f, which skfolio computes with an all but endless half-life.
    """
    f = factor_returns()
    age = np.arange(f.sizes["time"])[::-1]
    w, theirs_already = 0.5 ** (age / half_life), 0.5 ** (age / FOREVER)
    root = np.sqrt(w / w.sum() / (theirs_already / theirs_already.sum()))
    theirs = RegimeAdjustedEWCovariance(
        half_life=FOREVER, hac_lags=lags, nearest=False, min_observations=1, regime_min_observations=10**6
    ).fit(f.to_numpy() * root[:, None])
    deviation = np.sqrt(np.diag(theirs.covariance_))
    gap = ours_of(f, plain_covariance(half_life, lags=lags)) - theirs.covariance_
    assert np.abs(gap / deviation / deviation[:, None]).max() < 1e-8  # as correlations: one of 0 has no relative difference


def test_newey_west_at_skfolios_own_weights_differs_by_half_the_age_of_a_lag():
    f = factor_returns()
    theirs = RegimeAdjustedEWCovariance(
        half_life=84, hac_lags=5, nearest=False, min_observations=1, regime_min_observations=10**6
    ).fit(f.to_numpy())
    gap = np.abs(ours_of(f, plain_covariance(84.0, lags=5)) / theirs.covariance_ - 1)
    assert 1e-4 < np.diag(gap).max() < 0.02  # a lag's weight is off by at most 2^(-5 / 168), 2 %


@pytest.mark.parametrize("minimum", [2, 63])
@pytest.mark.parametrize("half_life", [3.0, 8.0])
def test_the_regime_multiplier_equals_skfolios_of_the_diagonal(half_life, minimum):
    """Root mean square of standardised returns, volatilities only; short half-lives, because the start differs.

    Ours starts at 1 and theirs at the first day's value: the difference halves every half-life, here 29 times or more.
    """
    f = factor_returns()
    theirs = RegimeAdjustedEWCovariance(
        half_life=84,
        regime_half_life=half_life,
        regime_target=RegimeAdjustmentTarget.DIAGONAL,
        regime_method=RegimeAdjustmentMethod.RMS,
        regime_multiplier_clip=None,
        regime_min_observations=1,
        min_observations=minimum,
        nearest=False,
    ).fit(f.to_numpy())
    ours = factor_covariance(f, plain_covariance(84.0, regime=half_life, minimum=minimum))
    np.testing.assert_allclose(ours["regime_multiplier"][-1], theirs.regime_multiplier_, **NEAR)
    np.testing.assert_allclose(ours["covariance"][-1], theirs.covariance_, **NEAR)


def test_a_factor_that_begins_late_equals_skfolio_in_variances_and_among_factors_of_one_age():
    """A pair of unlike ages differs by definition: ours takes its correlation over shared days, skfolio damps it instead."""
    f, late = factor_returns(), [1, 4]
    f[:200, late] = np.nan
    theirs = EWCovariance(half_life=42, nearest=False, min_observations=1)
    theirs = theirs.fit(f.to_numpy(), active_mask=~np.isnan(f.to_numpy())).covariance_
    ours = ours_of(f, plain_covariance(42.0))
    early = np.setdiff1d(np.arange(f.sizes["factor"]), late)
    for block in (np.ix_(early, early), np.ix_(late, late)):
        np.testing.assert_allclose(ours[block], theirs[block], **NEAR)
    own_age = f[200:].to_numpy()
    shared = EWCovariance(half_life=42, nearest=False, min_observations=1).fit(own_age).covariance_
    scale = np.sqrt(np.diag(theirs) / np.diag(shared))
    mixed = np.ix_(early, late)
    np.testing.assert_allclose(ours[mixed], (shared * scale[:, None] * scale)[mixed], **NEAR)


# ---------------------------------------------------------------- specific risk


@pytest.mark.parametrize("half_life", [21.0, 84.0, 252.0])
def test_specific_variance_without_lags_equals_skfolio_late_listings_included(half_life):
    """With a gap inside a history it does not: ours ages by sessions, skfolio by observations."""
    rng = np.random.default_rng(0)
    u = 0.02 * rng.standard_t(4, (300, 40))
    u[:150, :10] = np.nan
    coords = {"time": pd.bdate_range("2022-01-03", periods=300), "asset": [f"A{i}" for i in range(40)]}
    ours = specific_risk(
        xr.DataArray(u, coords, ("time", "asset")),
        xr.ones_like(xr.DataArray(u, coords, ("time", "asset"))),
        settings=plain_specific(half_life),
    )
    theirs = EWVariance(half_life=half_life, min_observations=20).fit(u, active_mask=~np.isnan(u))
    np.testing.assert_allclose(ours["volatility"][-1] ** 2, theirs.variance_, **NEAR)
