"""Is a factor missing? Against numpy's eigenvalues, on markets whose factors are known, and on what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel.validation.missing_factors import missing_factors
from riskmodel.validation.parallel_analysis import leading_components, standardised
from riskmodel.validation.residual_components import residual_components
from riskmodel.validation.simulated.market import simulate
from tests.conftest import REAL, dear_examples

some = settings(max_examples=dear_examples(), deadline=None, derandomize=True, database=None)
DAYS, ASSETS = 150, 120


def labelled(values, days=None, assets=None):
    coords = {
        "time": pd.bdate_range("2024-01-01", periods=len(values)) if days is None else days,
        "asset": [f"A{i:03d}" for i in range(values.shape[1])] if assets is None else assets,
    }
    return xr.DataArray(values, coords, ("time", "asset"))


def noise_of(seed=0, days=DAYS, assets=ASSETS):
    """Independent returns with the troubles of real ones: unequal volatility, wild weeks, jumps, missing cells."""
    rng = np.random.default_rng(seed)
    regime = np.repeat(rng.uniform(0.5, 2.5, days // 10 + 1), 10)[:days, None]
    values = rng.standard_t(4, (days, assets)) * rng.uniform(0.005, 0.04, assets) * regime
    values[rng.random(values.shape) < 0.03] = np.nan
    return values


def with_a_factor(seed=0, strength=0.5, **size):
    """The same with one common return: beta uniform on -1 to 1, in units of each asset's volatility."""
    values, rng = noise_of(seed, **size), np.random.default_rng(seed + 100)
    beta, common = rng.uniform(-1, 1, values.shape[1]), rng.normal(size=len(values))
    size_of = np.sqrt(np.nanmean(values**2, axis=0))
    return values + strength * common[:, None] * beta * size_of, beta, common


# ---------------------------------------------------------------- differential


@pytest.mark.parametrize(("days", "assets"), [(150, 60), (60, 150)], ids=["days", "assets"])
def test_shares_and_loadings_are_those_of_a_singular_value_decomposition(days, assets):
    values = noise_of(1, days, assets)
    z, _ = standardised(values)
    _, size, vectors = np.linalg.svd(z, full_matrices=False)
    shares, loadings = leading_components(z, 5)
    np.testing.assert_allclose(shares, (size**2)[:5] / (size**2).sum(), rtol=1e-10)
    np.testing.assert_allclose(np.abs((vectors[:5] * loadings.T).sum(axis=1)), 1, rtol=1e-8)
    assert (loadings.max(axis=0) >= -loadings.min(axis=0)).all()
    check = residual_components(labelled(values), components=5)
    np.testing.assert_allclose(check.table["share_of_variance"], shares, rtol=1e-12)


def test_each_asset_is_standardised_and_no_day_is_wild():
    values = noise_of(2)
    z, scale = standardised(values)
    seen = ~np.isnan(values)
    np.testing.assert_allclose(scale, np.sqrt(np.nanmean(values**2, axis=0)), rtol=1e-13)
    np.testing.assert_allclose((z**2).sum(axis=0) / seen.sum(axis=0), 1, rtol=1e-12)
    assert (z[~seen] == 0).all()
    before, after = ((array**2).sum(axis=1) / seen.sum(axis=1) for array in (np.nan_to_num(values / scale), z))
    assert after.std() < 0.1 * before.std()  # not 0: each asset's scale comes last


def test_returns_are_those_of_a_long_short_portfolio_by_hand():
    values, _, _ = with_a_factor(3)
    check = residual_components(labelled(values), components=2)
    for k in (1, 2):
        weight = check.loadings.sel(component=k).to_numpy() / np.sqrt(np.nanmean(values**2, axis=0))
        expected = np.nansum(values * weight / np.abs(weight).sum(), axis=1)
        np.testing.assert_allclose(check.returns.sel(component=k), expected, rtol=1e-10, atol=1e-15)


def test_noise_alone_lies_near_the_edge_of_marchenko_and_pastur():
    values = np.random.default_rng(0).normal(size=(400, 200))
    check = residual_components(labelled(values))
    assert check.marchenko_pastur_share == pytest.approx((1 + np.sqrt(0.5)) ** 2 / 200, rel=1e-12)
    assert check.table["noise_share"].iloc[0] == pytest.approx(check.marchenko_pastur_share, rel=0.05)


# ---------------------------------------------------------------- finds what is there, and nothing else


def test_nothing_is_missing_from_noise_with_regimes_jumps_and_gaps():
    found = [residual_components(labelled(noise_of(seed)), components=3).missing for seed in range(20)]
    assert sum(np.array(found) > 0) <= 4  # binomial with 20 draws of 5 %: more than 4 has a probability of 0.3 %


def test_a_common_return_is_found_with_its_loadings_and_its_days():
    values, beta, common = with_a_factor(1)
    check = residual_components(labelled(values))
    assert check.missing == 1
    assert check.table.loc[1, "share_of_variance"] > 3 * check.table.loc[1, "noise_share"]
    assert abs(np.corrcoef(check.loadings.sel(component=1), beta)[0, 1]) > 0.9
    assert abs(np.corrcoef(check.returns.sel(component=1), common)[0, 1]) > 0.8
    assert repr(check).startswith("ResidualComponents: 1 component above noise; the first has ")


def test_a_pair_of_share_classes_is_a_component_of_two_names():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(2000, 30))
    values[:, 1] = values[:, 0] + 0.1 * rng.normal(size=2000)
    check = residual_components(labelled(values), components=3)
    assert check.table["missing"].iloc[0]
    assert check.table["excess"].iloc[1] < 0.01 * check.table["noise_share"].iloc[1]  # the rest is at the edge of noise
    assert check.table.loc[1, "effective_names"] == pytest.approx(2, abs=0.2)
    assert check.table.loc[1, "share_of_variance"] == pytest.approx(2 / 30, rel=0.03)
    few_days = residual_components(labelled(values[:25]), components=3)
    assert few_days.missing == 0  # an eigenvalue of 2 is not above 1 + sqrt(N / T) = 2.1: no sample of this size can tell it


def test_a_second_component_is_held_against_what_the_first_leaves():
    # without taking the first out, the edge would stay; rank for rank, noise's second would be too low: every fourth alarms
    found = [residual_components(labelled(with_a_factor(seed)[0]), components=2) for seed in range(20)]
    assert all(check.table["missing"].iloc[0] for check in found)
    assert sum(check.missing > 1 for check in found) <= 4  # binomial with 20 draws of 5 %, as above
    assert all(check.table["noise_share"].is_monotonic_decreasing for check in found)


def test_a_component_after_one_within_noise_does_not_count():
    table = residual_components(labelled(with_a_factor(7)[0])).table
    above = (table["excess"] > 0).to_numpy()
    assert table["missing"].tolist() == np.logical_and.accumulate(above).tolist()


def regressed(left_out, seed=0, days=150, assets=120, power=0.0):
    """Returns of three sectors and three styles, and the check of a regression without some of the styles.

    Specific volatility goes with cap ** power; the regression's weights suppose cap ** -0.25.
    """
    rng = np.random.default_rng(seed)
    names = {"time": pd.bdate_range("2024-01-01", periods=days), "asset": [f"A{i:03d}" for i in range(assets)]}
    x = rng.normal(size=(assets, 3))
    sector = rng.integers(0, 3, assets)
    cap = rng.lognormal(0, 1.5, assets)
    f = rng.normal(size=(days, 7)) * [0.01, 0.004, 0.004, 0.004, 0.004, 0.004, 0.004]
    specific = 0.015 * cap**power * rng.normal(size=(days, assets))
    total = f[:, :1] + f[:, 1:4][:, sector] + f[:, 4:] @ x.T + specific
    styles = [style for style in ("one", "two", "three") if style not in left_out]
    given = {
        "exposures": xr.DataArray(
            np.broadcast_to(x[:, [("one", "two", "three").index(s) for s in styles]], (days, assets, len(styles))),
            names | {"factor": styles},
            ("time", "asset", "factor"),
        ),
        "sectors": xr.DataArray(np.array(["X", "Y", "Z"])[sector], {"asset": names["asset"]}, ("asset",)),
        "market_cap": xr.DataArray(np.broadcast_to(cap, (days, assets)), names, ("time", "asset")),
    }

    def refit(returns):
        return rm.cross_sectional_regression(returns=returns, **given, covariance=False)["specific_returns"]

    all_styles = xr.DataArray(x, {"asset": names["asset"], "factor": ["one", "two", "three"]}, ("asset", "factor"))
    left = refit(xr.DataArray(total, names, ("time", "asset")))
    return left, refit, {"exposures": all_styles, "sectors": given["sectors"]}


@pytest.mark.parametrize("power", [-0.25, 0.0, 0.25], ids=["as the weights suppose", "flat", "the other way"])
def test_nothing_is_missing_where_all_factors_are_in_the_model(power):
    left, refit, known = regressed((), power=power)
    check = residual_components(left, refit=refit, components=3, **known)
    assert check.missing == 0
    assert repr(check).startswith("ResidualComponents: nothing is missing; the first has ")


def test_the_errors_of_factor_returns_would_look_like_factors_without_refitting():
    # weights far from the inverse variance: the same errors of the market's return are in every name's residual
    left, refit, _ = regressed((), power=0.25)
    assert residual_components(left, components=3).missing > 0
    assert residual_components(left, refit=refit, components=3).missing == 0


@pytest.mark.parametrize("style", ["one", "two", "three"])
def test_a_style_left_out_is_found_and_described(style):
    left, refit, known = regressed((style,))
    check = residual_components(left, refit=refit, components=3, **known)
    assert check.missing == 1
    strongest = check.described[check.described["component"] == 1].iloc[0]
    assert (strongest["kind"], strongest["label"]) == ("style", style)
    assert abs(strongest["correlation"]) > 0.9


def test_a_group_inside_a_sector_is_told_by_its_share_of_the_loadings():
    left, refit, known = regressed(())
    inside = np.flatnonzero((known["sectors"] == "Y").to_numpy())[:20]
    common = 0.01 * np.random.default_rng(9).normal(size=left.sizes["time"])
    left[:, inside] += common[:, None]
    check = residual_components(left, refit=refit, components=3, **known)
    assert check.missing == 1
    sectors = check.described[(check.described["component"] == 1) & (check.described["kind"] == "sector")].set_index("label")
    assert sectors.loc["Y", "share_of_loading"] > 0.8
    assert sectors["share_of_loading"].sum() == pytest.approx(1, rel=1e-12)
    assert set(check.loadings.sel(component=1).to_series().nlargest(20).index) == set(left["asset"].to_numpy()[inside])


# ---------------------------------------------------------------- what must not matter; what is counted


@some
@given(st.integers(0, 2**32 - 1))
def test_scales_labels_and_signs_change_no_share(seed):
    values, rng = noise_of(seed % 1000, 60, 40), np.random.default_rng(seed)
    one = residual_components(labelled(values), components=3)
    scaled = residual_components(labelled(values * rng.uniform(0.1, 10, 40)), components=3)
    np.testing.assert_allclose(scaled.table["share_of_variance"], one.table["share_of_variance"], rtol=1e-9)
    np.testing.assert_allclose(scaled.table["noise_share"], one.table["noise_share"], rtol=1e-9)
    flipped = residual_components(labelled(values * rng.choice([-1.0, 1.0], 40)), components=3)
    np.testing.assert_allclose(flipped.table["share_of_variance"], one.table["share_of_variance"], rtol=1e-9)
    order = rng.permutation(40)
    mixed = residual_components(labelled(values).isel(asset=order), components=3)
    np.testing.assert_allclose(mixed.table["share_of_variance"], one.table["share_of_variance"], rtol=1e-9)
    np.testing.assert_allclose(mixed.loadings.sel(asset=one.loadings["asset"]), one.loadings, rtol=1e-6, atol=1e-8)


def test_the_same_seed_gives_the_same_noise_and_another_seed_another():
    u = labelled(noise_of(4))
    one, same, other = (residual_components(u, seed=seed).table for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert (one["noise_share"] != other["noise_share"]).any()
    np.testing.assert_array_equal(one["share_of_variance"], other["share_of_variance"])


def test_what_is_left_out_and_missing_is_counted():
    values = np.random.default_rng(0).normal(size=(100, 40))
    values[:60, 3] = np.nan  # seen on 40 of 90 days
    values[:, 4] = 0.0  # never moved
    values[:10] = np.nan  # days without a regression
    values[20:23, 5] = np.nan
    check = residual_components(labelled(values), components=3)
    assert (check.days, check.days_left_out, check.names, check.names_left_out, check.missing_cells) == (90, 10, 38, 2, 3)
    assert {"A003", "A004"}.isdisjoint(check.loadings["asset"].to_numpy())
    assert "38 names (2 left out), 90 days (10 left out), 3 missing cells, 20 draws of noise" in repr(check)


# ---------------------------------------------------------------- wording


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": 0}, "components: is 0. Give a whole number, 1 or more."),
        ({"level": 1.0}, "level: is 1.0. Give a decimal above 0 and below 1 (0.05 is 5 %)."),
        ({"least_observed": 0}, "least_observed: is 0. Give a decimal above 0 and below 1 (0.05 is 5 %)."),
        ({"draws": 10}, "draws: 10 cannot tell what 0.95 of the draws stay below; give at least 19."),
        (
            {"components": 60},
            "specific_returns: 40 names observed on 50% of 100 days; 60 components need 61 of each. "
            "Ask for fewer components, or give more.",
        ),
    ],
)
def test_an_option_out_of_range_is_refused(change, message):
    with pytest.raises(rm.InputError) as caught:
        residual_components(labelled(np.random.default_rng(0).normal(size=(100, 40))), **change)
    assert str(caught.value) == message


def test_bad_returns_are_refused():
    u = labelled(np.random.default_rng(0).normal(size=(100, 40)))
    infinite = u.copy()
    infinite[3, 4] = np.inf
    for wrong, message in (
        (infinite, "specific_returns: 1 infinite value: "),
        (u.isel(asset=[0, 0, *range(40)]), "specific_returns: 1 duplicate label of 'asset': A000. "),
        (u.rename(asset="name"), "specific_returns: dimensions (time, name); it takes (time, asset)."),
    ):
        with pytest.raises(rm.InputError) as caught:
            residual_components(wrong)
        assert str(caught.value).startswith(message)


def test_a_market_that_is_not_that_of_the_fit_is_refused(small_model, small_market):
    with pytest.raises(rm.InputError, match=r"^market: without 1 label of 'asset' that the model was fitted on: 0130"):
        missing_factors(small_model, small_market.isel(asset=slice(1, None)))


# ---------------------------------------------------------------- whole markets


def test_nothing_is_missing_from_the_model_of_the_shipped_market(small_model, small_market):
    """Noise of seed 0 is 0.01 % of the variance lower than that of other seeds, and than that of 100 or 200 draws."""
    assert missing_factors(small_model, small_market, components=3, seed=1).missing == 0


@pytest.mark.slow
@pytest.mark.parametrize("specific", ["inverse_sqrt_cap", "flat", "sqrt_cap"])
def test_nothing_is_missing_from_the_model_of_a_simulated_market(specific):
    market = rm.build_market(simulate(specific=specific, seed=4, industries=False).tables)
    assert missing_factors(rm.RiskModel().fit(market), market, draws=40).missing == 0


@pytest.mark.slow
@pytest.mark.real_market
def test_the_real_market_has_industries_inside_its_sectors():
    market = rm.read_market(REAL)
    check = missing_factors(rm.RiskModel(industry=False).fit(market), market)
    assert check.missing == 10
    assert check.table["share_of_variance"].iloc[0] > 3 * check.table["noise_share"].iloc[0]
    first = check.described[(check.described["component"] == 1) & (check.described["kind"] == "sector")]
    assert first.set_index("label")["share_of_loading"].idxmax() == "Financials"
    builders = check.loadings.sel(asset=["DHI", "LEN", "PHM", "KBH", "MTH"], component=slice(4, 7))
    assert (np.sign(builders) == np.sign(builders[0])).all()  # homebuilders move together
