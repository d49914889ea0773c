"""The cross-sectional regression against statsmodels on the explicit restricted design."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import statsmodels.api as sm
import xarray as xr

from riskmodel.errors import InputError
from riskmodel.estimation.regression import cross_sectional_regression
from riskmodel.facts import Fact

DAYS = 4
SECTORS = ("Sector 00", "Sector 01", "Sector 02")
TOLERANCE = {"rtol": 1e-8, "atol": 1e-12}


@dataclass(frozen=True)
class Case:
    """Arguments of the regression; `weights` None means the default."""

    returns: xr.DataArray
    exposures: xr.DataArray
    sectors: xr.DataArray
    market_cap: xr.DataArray
    weights: xr.DataArray | None = None

    def fit(self, **options: bool) -> xr.Dataset:
        weights = {} if self.weights is None else {"weights": self.weights}
        return cross_sectional_regression(
            returns=self.returns,
            exposures=self.exposures,
            sectors=self.sectors,
            market_cap=self.market_cap,
            **weights,
            **options,
        )


def case(*, seed: int = 0, assets: int = 150, sectors: int = 3, styles: int = 4, days: int = DAYS) -> Case:
    rng = np.random.default_rng(seed)
    asset = [f"A{i:03d}" for i in range(assets)]
    time = np.datetime64("2024-01-01") + np.arange(days)
    style = [f"style{k}" for k in range(styles)]
    x = rng.normal(size=(days, assets, styles))
    cap = rng.lognormal(22, 1.5, (days, assets))
    label = rng.permutation([f"Sector {i % sectors:02d}" for i in range(assets)])
    r = 0.01 * rng.normal(size=(days, 1)) + x @ rng.normal(0, 0.005, styles) + rng.standard_t(4, (days, assets)) * 0.02
    coords = {"time": time.astype("datetime64[ns]"), "asset": asset}
    return Case(
        returns=xr.DataArray(r, dims=("time", "asset"), coords=coords),
        exposures=xr.DataArray(x, dims=("time", "asset", "factor"), coords=coords | {"factor": style}),
        sectors=xr.DataArray(label.astype(object), dims="asset", coords={"asset": asset}),
        market_cap=xr.DataArray(cap, dims=("time", "asset"), coords=coords),
    )


@dataclass(frozen=True)
class Answer:
    """What statsmodels says of one day; factors as in the regression, NaN where one was left out."""

    coefficients: np.ndarray
    classical: np.ndarray
    robust: np.ndarray
    covariance: np.ndarray
    r_squared: float
    specific: np.ndarray


def by_statsmodels(given: Case, day: int) -> Answer:
    """WLS with an intercept, the last sector's return written as minus the cap-weighted sum of the others', and styles."""
    r, x = given.returns.values[day], given.exposures.values[day]
    cap = given.market_cap.values[day]
    w = np.sqrt(cap) if given.weights is None else given.weights.values[day]
    label = given.sectors.values
    names = sorted(set(label[label != ""]))
    fed = ~np.isnan(x).all(axis=0)
    covered = ~np.isnan(x[:, fed]).any(axis=1) & (label != "") & ~np.isnan(r)
    used = covered & (np.nan_to_num(w) > 0) & (np.nan_to_num(cap) > 0)
    present = [s for s in names if (used & (label == s)).any()]
    share = np.array([cap[used & (label == s)].sum() for s in present])
    last = present[-1]
    dummies = [
        (label == s).astype(float) - share[j] / share[-1] * (label == last).astype(float) for j, s in enumerate(present[:-1])
    ]
    design = np.column_stack([np.ones(len(r)), *dummies, x[:, fed]])
    fit = sm.WLS(r[used], design[used], weights=w[used], hasconst=True).fit()
    # from [intercept, all but the last sector, styles] to every factor
    count = len(present) - 1
    width = design.shape[1]
    to_all = np.zeros((1 + len(names) + x.shape[1], width))
    to_all[0, 0] = 1
    for j, s in enumerate(present[:-1]):
        to_all[1 + names.index(s), 1 + j] = 1
    to_all[1 + names.index(last), 1 : 1 + count] = -share[:-1] / share[-1]
    for j, k in enumerate(np.flatnonzero(fed)):
        to_all[1 + len(names) + k, 1 + count + j] = 1
    absent = np.array([False, *(s not in present for s in names), *~fed])
    robust = to_all @ fit.cov_HC3 @ to_all.T
    specific = np.where(covered & np.isin(label, present), r - np.nan_to_num(design) @ fit.params, np.nan)
    return Answer(
        coefficients=np.where(absent, np.nan, to_all @ fit.params),
        classical=np.where(absent, np.nan, np.sqrt(np.diag(to_all @ fit.cov_params() @ to_all.T))),
        robust=np.where(absent, np.nan, np.sqrt(np.diag(robust))),
        covariance=np.where(absent[:, None] | absent[None, :], np.nan, robust),
        r_squared=fit.rsquared,
        specific=specific,
    )


def agrees(given: Case, days: range | list[int] = range(DAYS)) -> None:
    fit = given.fit()
    for day in days:
        wanted, got = by_statsmodels(given, day), fit.isel(time=day)
        np.testing.assert_allclose(got["factor_returns"], wanted.coefficients, **TOLERANCE)
        np.testing.assert_allclose(got["classical_standard_errors"], wanted.classical, **TOLERANCE)
        np.testing.assert_allclose(got["robust_standard_errors"], wanted.robust, **TOLERANCE)
        np.testing.assert_allclose(got["estimation_error_covariance"], wanted.covariance, rtol=1e-8, atol=1e-16)
        np.testing.assert_allclose(got["r_squared"], wanted.r_squared, **TOLERANCE)
        np.testing.assert_allclose(got["specific_returns"], wanted.specific, **TOLERANCE)


def missing(array: xr.DataArray, share: float, seed: int = 9) -> xr.DataArray:
    return array.where(np.random.default_rng(seed).random(array.shape) >= share)


# ---------------------------------------------------------------- the matrix


@pytest.mark.parametrize("styles", [1, 14])
@pytest.mark.parametrize("sectors", [1, 2, 11])
@pytest.mark.parametrize(("seed", "assets"), [(0, 80), (1, 200), (2, 200)])
def test_a_day_is_statsmodels_wls_with_hc3(seed: int, assets: int, sectors: int, styles: int) -> None:
    agrees(case(seed=seed, assets=assets, sectors=sectors, styles=styles))


@pytest.mark.parametrize("seed", range(3))
def test_days_do_not_depend_on_how_many_there_are(seed: int) -> None:
    given = case(seed=seed, days=19, assets=60)
    agrees(given, list(range(19)))


@pytest.mark.parametrize("seed", range(3))
def test_missing_returns_leave_assets_out(seed: int) -> None:
    given = case(seed=seed)
    gapped = replace(given, returns=missing(given.returns, 0.2))
    agrees(gapped)
    assert (gapped.fit()["specific_returns"].isnull() == gapped.returns.isnull()).all()


@pytest.mark.parametrize("seed", range(3))
def test_an_asset_with_a_missing_exposure_is_not_covered(seed: int) -> None:
    given = case(seed=seed)
    gapped = replace(given, exposures=missing(given.exposures, 0.05))
    agrees(gapped)
    assert (gapped.fit()["specific_returns"].isnull() == gapped.exposures.isnull().any("factor")).all()


@pytest.mark.parametrize("outside", [0.0, np.nan])
@pytest.mark.parametrize("seed", range(2))
def test_an_asset_without_weight_does_not_estimate_but_has_a_specific_return(seed: int, outside: float) -> None:
    given = case(seed=seed)
    rng = np.random.default_rng(seed)
    keep = xr.ones_like(given.returns, bool).copy(data=rng.random(given.returns.shape) < 0.7)
    weighted = replace(given, weights=np.sqrt(given.market_cap).where(keep, outside))
    agrees(weighted)
    fit = weighted.fit()
    assert fit["specific_returns"].notnull().all()
    np.testing.assert_array_equal(fit["names"], keep.sum("asset"))
    louder = replace(weighted, returns=given.returns.where(keep, 5.0))
    np.testing.assert_allclose(louder.fit()["factor_returns"], fit["factor_returns"], rtol=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_other_weights_than_the_default(seed: int) -> None:
    given = case(seed=seed)
    agrees(
        replace(given, weights=given.market_cap.copy(data=np.random.default_rng(seed).uniform(0.1, 9, given.returns.shape)))
    )


def test_the_default_weight_is_the_square_root_of_market_cap() -> None:
    given = case()
    xr.testing.assert_identical(given.fit(), replace(given, weights=np.sqrt(given.market_cap)).fit())


def test_an_asset_without_a_cap_does_not_estimate_but_has_a_specific_return() -> None:
    given = case()
    agrees(replace(given, market_cap=missing(given.market_cap, 0.1), weights=np.sqrt(given.market_cap)))


@pytest.mark.parametrize("none", ["", None, np.nan])
def test_an_asset_without_a_sector_is_not_covered(none: object) -> None:
    given = case()
    label = given.sectors.copy()
    label[[3, 70]] = none
    fit = replace(given, sectors=label).fit()
    assert fit["specific_returns"].isnull().any("time").values.nonzero()[0].tolist() == [3, 70]
    assert fit["factor"].values.tolist() == [
        "market",
        "Sector 00",
        "Sector 01",
        "Sector 02",
        *(f"style{k}" for k in range(4)),
    ]


def test_a_style_that_is_missing_for_everyone_on_one_day_is_left_out_that_day() -> None:
    given = case()
    exposures = given.exposures.copy()
    exposures[1, :, 2] = np.nan
    unfed = replace(given, exposures=exposures)
    agrees(unfed)
    fit = unfed.fit()
    assert fit["factor_returns"].sel(factor="style2").isnull().values.tolist() == [False, True, False, False]
    assert fit["estimation_error_covariance"].sel(factor="style2")[1].isnull().all()
    assert fit["estimation_error_covariance"].sel(factor_other="style2")[1].isnull().all()
    assert fit["specific_returns"].notnull().all()
    assert (fit["flag"] == "").all()


def test_a_sector_that_nobody_estimates_on_one_day_is_missing_and_named() -> None:
    given = case(sectors=3)
    empty = given.sectors == "Sector 01"
    returns = given.returns.copy()
    returns[2] = returns[2].where(~empty)
    sparse = replace(given, returns=returns)
    agrees(sparse)
    fit = sparse.fit()
    assert fit["flag"].values.tolist() == ["", "", 'vacant {"sectors": ["Sector 01"]}', ""]
    assert fit["factor_returns"].sel(factor="Sector 01").isnull().values.tolist() == [False, False, True, False]
    assert fit["factor_returns"].isel(time=2).drop_sel(factor="Sector 01").notnull().all()


def test_a_covered_asset_in_a_sector_that_nobody_estimates_has_no_specific_return() -> None:
    given = case(sectors=3)
    empty = given.sectors == "Sector 01"
    weights = np.sqrt(given.market_cap)
    weights[2] = weights[2].where(~empty)
    sparse = replace(given, weights=weights)
    agrees(sparse)
    assert (sparse.fit()["specific_returns"].isnull()[2] == empty).all()


@pytest.mark.parametrize("names", [1, 2])
def test_a_sector_of_one_or_two_names_is_estimated(names: int) -> None:
    given = case(sectors=3)
    label = given.sectors.copy(data=np.where(given.sectors == "Sector 02", "Sector 00", given.sectors.values).astype(object))
    label[:names] = "Sector 02"
    small = replace(given, sectors=label)
    if names == 2:
        agrees(small)
    fit = small.fit()
    assert fit["factor_returns"].notnull().all()
    assert fit["robust_standard_errors"].notnull().all()
    if names == 1:  # its one name is fitted exactly
        np.testing.assert_allclose(fit["specific_returns"][:, 0], 0, atol=1e-15)


def test_the_robust_error_of_a_sector_of_one_name_does_not_pretend_to_know_its_specific_risk() -> None:
    given = case(sectors=3)
    label = given.sectors.copy(data=np.where(given.sectors == "Sector 02", "Sector 00", given.sectors.values).astype(object))
    label[0] = "Sector 02"
    fit = replace(given, sectors=label).fit().sel(factor="Sector 02")
    # its leverage is 1 and its residual 0, so that HC3 is 0 / 0: the error is unknown, or at best the classical one's size
    robust, classical = fit["robust_standard_errors"], fit["classical_standard_errors"]
    assert (robust.isnull() | (robust > 0.5 * classical)).all(), f"{robust.values} against {classical.values}"


def test_sectors_that_change_are_those_of_each_day() -> None:
    given = case(assets=120, sectors=3, styles=2, days=6)
    labels = np.tile(given.sectors.values, (6, 1))
    labels[2:, :5] = "Sector 01"
    labels[4:, labels[4] == "Sector 00"] = "Sector 09"
    dims, coords = ("time", "asset"), {"time": given.returns["time"], "asset": given.returns["asset"]}
    fit = replace(given, sectors=xr.DataArray(labels, dims=dims, coords=coords)).fit()
    assert fit["factor"].values.tolist() == ["market", *SECTORS, "Sector 09", "style0", "style1"]
    for day in range(6):
        of_day = replace(given, sectors=given.sectors.copy(data=labels[day])).fit().isel(time=day)
        own, there = of_day["factor"].values.tolist(), fit.isel(time=day)
        for name in ("factor_returns", "classical_standard_errors", "robust_standard_errors"):
            np.testing.assert_allclose(there[name].sel(factor=own), of_day[name], rtol=1e-12)
            assert there[name].drop_sel(factor=own).isnull().all()
        np.testing.assert_allclose(
            there["estimation_error_covariance"].sel(factor=own, factor_other=own),
            of_day["estimation_error_covariance"],
            rtol=1e-12,
        )
        np.testing.assert_allclose(there["specific_returns"], of_day["specific_returns"], rtol=1e-12, atol=1e-16)


# ---------------------------------------------------------------- identities


@pytest.mark.parametrize("sectors", [1, 2, 11])
def test_the_cap_weighted_sector_returns_sum_to_zero(sectors: int) -> None:
    given = case(assets=120, sectors=sectors)
    returns = given.returns.copy()
    returns[1, ::3] = np.nan
    fit = replace(given, returns=returns).fit()["factor_returns"]
    for day in range(DAYS):
        estimating = returns[day].notnull()
        cap = given.market_cap[day].where(estimating, 0).to_series().groupby(given.sectors.values).sum()
        assert float(cap @ fit[day].sel(factor=list(cap.index)).values / cap.sum()) == pytest.approx(0, abs=1e-15)


def test_factors_and_specific_add_up_to_the_return() -> None:
    given = case(sectors=5, styles=6)
    fit = given.fit()
    f = fit["factor_returns"]
    of_sector = f.sel(factor=given.sectors.values.tolist()).values
    styles = np.einsum("tak,tk->ta", given.exposures.values, f.values[:, -6:])
    whole = f.values[:, :1] + of_sector + styles + fit["specific_returns"].values
    np.testing.assert_allclose(whole, given.returns, rtol=1e-12, atol=1e-15)


def test_specific_returns_are_orthogonal_to_the_factors_under_the_weights() -> None:
    given = case(sectors=5, styles=6)
    weighted = np.sqrt(given.market_cap) * given.fit()["specific_returns"]
    scale = float(np.abs(weighted).sum())
    assert np.abs((given.exposures * weighted).sum("asset")).max() < 1e-12 * scale
    assert np.abs(weighted.sum("asset")).max() < 1e-12 * scale


def test_without_noise_the_factors_are_found_exactly() -> None:
    given = case(sectors=4, styles=3)
    rng = np.random.default_rng(5)
    g, f = rng.normal(0, 0.01, (DAYS, 4)), rng.normal(0, 0.01, (DAYS, 3))
    code = np.unique(given.sectors.values.astype(str), return_inverse=True)[1]
    exact = given.returns.copy(data=g[:, code] + np.einsum("tak,tk->ta", given.exposures.values, f))
    fit = replace(given, returns=exact).fit()
    cap = given.market_cap.values
    share = np.stack([cap[:, code == s].sum(1) for s in range(4)], axis=1) / cap.sum(1, keepdims=True)
    market = (share * g).sum(1)
    wanted = np.column_stack([market, g - market[:, None], f])
    np.testing.assert_allclose(fit["factor_returns"], wanted, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(fit["r_squared"], 1, rtol=1e-12)


def test_robust_errors_are_the_diagonal_of_the_covariance() -> None:
    fit = case().fit()
    diagonal = np.einsum("tff->tf", fit["estimation_error_covariance"].values)
    np.testing.assert_allclose(fit["robust_standard_errors"], np.sqrt(diagonal), rtol=1e-12)
    np.testing.assert_allclose(
        fit["estimation_error_covariance"],
        fit["estimation_error_covariance"].transpose("time", "factor_other", "factor"),
        rtol=1e-10,
    )


def test_the_covariance_of_the_sectors_respects_the_restriction() -> None:
    given = case(sectors=3)
    fit = given.fit()
    cap = given.market_cap.values
    share = np.stack([cap[:, (given.sectors == s).values].sum(1) for s in fit["factor"].values[1:4]], axis=1)
    share /= cap.sum(1, keepdims=True)
    crossed = np.einsum("ts,tsf->tf", share, fit["estimation_error_covariance"].values[:, 1:4])
    np.testing.assert_allclose(crossed, 0, atol=1e-12 * float(np.abs(fit["estimation_error_covariance"]).max()))


def test_leaving_the_covariance_out_changes_nothing_else() -> None:
    whole, short = case().fit(), case().fit(covariance=False)
    assert "estimation_error_covariance" not in short
    xr.testing.assert_identical(short, whole[list(short.data_vars)].drop_vars("factor_other", errors="ignore"))


# ---------------------------------------------------------------- relabelling and units


def same(actual: xr.Dataset, wanted: xr.Dataset, tolerance: float = 1e-12) -> None:
    actual = actual.reindex({d: wanted[d] for d in wanted.dims})
    for name in wanted.data_vars:
        if wanted[name].dtype.kind in "fi":
            scale = float(np.nanmax(np.abs(wanted[name])))
            tolerated = tolerance * (1e4 if name == "condition_number" else 1)
            np.testing.assert_allclose(actual[name], wanted[name], rtol=0, atol=tolerated * scale, err_msg=str(name))
        else:
            assert (actual[name] == wanted[name]).all()


def untidy(seed: int = 0) -> Case:
    """A case with missing cells of every kind."""
    given = case(seed=seed, assets=140, sectors=4, styles=5)
    return replace(
        given,
        returns=missing(given.returns, 0.05, 1),
        exposures=missing(given.exposures, 0.01, 2),
        weights=missing(np.sqrt(given.market_cap), 0.2, 3),
    )


@pytest.mark.parametrize("seed", range(2))
def test_permuting_assets_permutes_the_answers(seed: int) -> None:
    given = untidy(seed)
    order = np.random.default_rng(seed).permutation(given.returns.sizes["asset"])
    moved = Case(**{name: value.isel(asset=order) for name, value in vars(given).items()})
    fit = moved.fit()
    assert fit["asset"].values.tolist() == given.returns["asset"].values[order].tolist()
    same(fit, given.fit())


def test_arguments_in_different_orders_of_assets_are_aligned_by_label() -> None:
    given = untidy()
    order = np.random.default_rng(0).permutation(given.returns.sizes["asset"])
    moved = replace(given, exposures=given.exposures.isel(asset=order), sectors=given.sectors.isel(asset=order[::-1]))
    same(moved.fit(), given.fit())


def test_permuting_days_permutes_the_answers() -> None:
    given = untidy()
    order = [2, 0, 3, 1]
    moved = {n: v.isel(time=order) if "time" in v.dims else v for n, v in vars(given).items()}
    same(Case(**moved).fit(), given.fit())


def test_permuting_factors_permutes_the_answers() -> None:
    given = untidy()
    moved = replace(given, exposures=given.exposures.isel(factor=[3, 0, 4, 1, 2]))
    fit = moved.fit()
    assert fit["factor"].values[-5:].tolist() == ["style3", "style0", "style4", "style1", "style2"]
    same(fit, given.fit())


def test_the_order_of_dimensions_changes_nothing() -> None:
    given = untidy()
    moved = replace(
        given,
        exposures=given.exposures.transpose("factor", "asset", "time"),
        market_cap=given.market_cap.transpose("asset", "time"),
    )
    same(moved.fit(), given.fit())


@pytest.mark.parametrize("factor", [1e-6, 3.7, 1e9])
def test_rescaling_caps_changes_nothing(factor: float) -> None:
    given = replace(untidy(), weights=None)
    same(replace(given, market_cap=given.market_cap * factor).fit(), given.fit())


@pytest.mark.parametrize("factor", [1e-6, 3.7, 1e9])
def test_rescaling_weights_changes_nothing(factor: float) -> None:
    given = untidy()
    same(replace(given, weights=given.weights * factor).fit(), given.fit())


def test_scaling_returns_scales_what_is_in_returns() -> None:
    given = untidy()
    fit, double = given.fit(), replace(given, returns=2 * given.returns).fit()
    for name in ("factor_returns", "classical_standard_errors", "robust_standard_errors", "specific_returns"):
        np.testing.assert_allclose(double[name], 2 * fit[name], rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(double["r_squared"], fit["r_squared"], rtol=1e-12)


def test_arguments_are_not_changed() -> None:
    given = untidy()
    before = {name: value.copy(deep=True) for name, value in vars(given).items()}
    given.fit()
    for name, value in before.items():
        xr.testing.assert_identical(getattr(given, name), value)


# ---------------------------------------------------------------- days that cannot be estimated


def nothing_on(fit: xr.Dataset, day: int) -> None:
    for name in (
        "factor_returns",
        "classical_standard_errors",
        "robust_standard_errors",
        "estimation_error_covariance",
        "specific_returns",
        "r_squared",
    ):
        assert fit[name][day].isnull().all(), name


def test_a_day_with_too_few_names_is_flagged_and_missing() -> None:
    given = case(sectors=3, styles=4)
    returns = given.returns.copy()
    # 3 sectors and 4 styles: 7 coefficients, at least 14 names
    for day, names in ((1, 13), (2, 14)):
        keep = np.concatenate([np.flatnonzero(given.sectors == s)[: (names + 2 - j) // 3] for j, s in enumerate(SECTORS)])
        returns[day, np.setdiff1d(np.arange(150), keep)] = np.nan
    fit = replace(given, returns=returns).fit()
    assert fit["names"].values.tolist() == [150, 13, 14, 150]
    assert fit["flag"].values.tolist() == ["", 'thin {"names": 13, "coefficients": 7}', "", ""]
    nothing_on(fit, 1)
    assert fit["factor_returns"][2].notnull().all()


def test_a_day_without_a_single_return_is_flagged_and_missing() -> None:
    given = case(sectors=3, styles=4)
    returns = given.returns.copy()
    returns[1] = np.nan
    fit = replace(given, returns=returns).fit()
    assert str(fit["flag"].values[1]) != ""
    nothing_on(fit, 1)


@pytest.mark.parametrize("styles", [0, 4])
def test_a_day_without_names_and_without_styles_is_flagged_and_missing(styles: int) -> None:
    given = case(sectors=3, styles=styles)
    exposures, returns = given.exposures.copy(), given.returns.copy()
    exposures[1], returns[1] = np.nan, np.nan
    fit = replace(given, exposures=exposures, returns=returns).fit()
    assert str(fit["flag"].values[1]) != ""
    nothing_on(fit, 1)


def test_a_day_on_which_two_styles_are_the_same_is_flagged_and_missing() -> None:
    given = case(sectors=3, styles=4)
    exposures = given.exposures.copy()
    exposures[2, :, 3] = exposures[2, :, 0]
    fit = replace(given, exposures=exposures).fit()
    flags = fit["flag"].values.tolist()
    assert [f == "" for f in flags] == [True, True, False, True]
    assert Fact.read(flags[2]).words().startswith("singular: condition number ")
    nothing_on(fit, 2)
    agrees(replace(given, exposures=exposures), [0, 1, 3])


def test_a_day_on_which_a_style_is_a_sector_is_flagged_and_missing() -> None:
    given = case(sectors=3, styles=2)
    exposures = given.exposures.copy()
    exposures[0, :, 1] = (given.sectors == "Sector 01").astype(float)
    fit = replace(given, exposures=exposures).fit()
    assert Fact.read(fit["flag"].values[0]).words().startswith("singular: condition number ")
    nothing_on(fit, 0)


def test_a_style_of_other_units_is_not_singular() -> None:
    given = case(sectors=3, styles=3)
    units = xr.DataArray([1e8, 1.0, 1e-8], dims="factor", coords={"factor": given.exposures["factor"]})
    fit, plain = replace(given, exposures=given.exposures * units).fit(), given.fit()
    assert (fit["flag"] == "").all()
    np.testing.assert_allclose(fit["factor_returns"][:, 4:] * units.values, plain["factor_returns"][:, 4:], rtol=1e-9)


# ---------------------------------------------------------------- what is refused


def refusal(given: Case) -> str:
    with pytest.raises(InputError) as caught:
        given.fit()
    return str(caught.value)


def test_labels_that_do_not_match_are_refused() -> None:
    given = case(assets=60)
    renamed = given.market_cap.assign_coords(asset=[*given.market_cap["asset"].values[:-1], "ZZZ"])
    assert refusal(replace(given, market_cap=renamed)) == (
        "market_cap: 2 labels of 'asset' not as in returns; only in market_cap: ZZZ; only in returns: A059. Give both the "
        "same labels, e.g. with xarray.align."
    )


def test_days_that_do_not_match_are_refused() -> None:
    given = case(assets=60)
    later = given.exposures.assign_coords(time=given.exposures["time"] + np.timedelta64(365, "D"))
    said = refusal(replace(given, exposures=later))
    assert said.startswith("exposures: 8 labels of 'time' not as in returns; only in exposures: 2024-12-31")
    assert said.endswith(
        "; only in returns: 2024-01-01, 2024-01-02, 2024-01-03, 2024-01-04. Give both the same labels, e.g. with "
        "xarray.align."
    )


def test_a_missing_asset_is_refused() -> None:
    given = case(assets=60)
    assert refusal(replace(given, sectors=given.sectors[:-3])) == (
        "sectors: 3 labels of 'asset' not as in returns; only in returns: A057, A058, A059. "
        "Give both the same labels, e.g. with xarray.align."
    )


def test_labels_that_repeat_are_refused() -> None:
    given = case(assets=60)
    twice = given.returns.assign_coords(asset=[*given.returns["asset"].values[:-1], "A000"])
    assert refusal(replace(given, returns=twice)) == (
        "returns: 1 duplicate label of 'asset': A000. Keep one each, or add up what belongs together."
    )


def test_dimensions_of_other_names_are_refused() -> None:
    given = case(assets=60)
    said = refusal(replace(given, returns=given.returns.rename(asset="ticker")))
    assert said.startswith("returns: dimensions (time, ticker); it takes (time, asset).")


@pytest.mark.parametrize("apart", [1e-3, 1e-4, 1e-5])
def test_styles_that_nearly_repeat_each_other_lose_no_digits(apart: float) -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=120)
    x = np.column_stack([one, one + apart * rng.normal(size=120)])
    coords = {"time": [0], "asset": [f"A{i:03d}" for i in range(120)]}
    sector, cap, r = np.arange(120) % 3, rng.lognormal(size=120), rng.normal(size=120)
    fit = cross_sectional_regression(
        returns=xr.DataArray(r[None], coords, ("time", "asset")),
        exposures=xr.DataArray(x[None], coords | {"factor": ["P", "Q"]}, ("time", "asset", "factor")),
        sectors=xr.DataArray(np.array(["A", "B", "C"])[sector], {"asset": coords["asset"]}, ("asset",)),
        market_cap=xr.DataArray(cap[None], coords, ("time", "asset")),
    )
    root = cap**0.25
    expected = np.linalg.lstsq(np.column_stack([np.eye(3)[sector], x]) * root[:, None], r * root, rcond=None)[0][3:]
    np.testing.assert_allclose(fit["factor_returns"].sel(factor=["P", "Q"])[0], expected, rtol=1e-8)
    assert fit["flag"].item() == ""


@pytest.mark.parametrize("value", [-1.0, np.inf])
def test_negative_and_infinite_caps_and_weights_are_refused(value: float) -> None:
    given = case(assets=60)
    wrong = given.market_cap.copy()
    wrong[0, :2] = value
    assert (
        refusal(replace(given, market_cap=wrong))
        == "market_cap: 2 values negative or infinite: (2024-01-01, A000), (2024-01-01, A001)."
    )
    assert (
        refusal(replace(given, weights=wrong))
        == "weights: 2 values negative or infinite: (2024-01-01, A000), (2024-01-01, A001)."
    )


def test_infinite_returns_and_exposures_are_refused() -> None:
    given = case(assets=60)
    returns = given.returns.copy()
    returns[0, 0] = np.inf
    assert refusal(replace(given, returns=returns)) == ("returns, exposures: 1 infinite value; use NaN for what is missing.")
