"""Errors clustered by industry: against refits of statsmodels without one industry at a time, and what they cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr

import riskmodel as rm
from tests.riskmodel.estimation.test_regression import case

SIZES = [1, 1, 2, 3, 4, 5, 8, 9, 16, 20, 33, 40]  # of industries, so that each way of solving has some; the rest have none


def industries(given, *, seed=1):
    """Labels that run through the sectors, and an empty one for the names that are left."""
    sizes = [*SIZES, given.returns.sizes["asset"] - sum(SIZES)]
    labels = np.repeat([*(f"{code:03d}" for code in range(len(SIZES))), ""], sizes)
    return given.sectors.copy(data=np.random.default_rng(seed).permutation(labels).astype(object))


def dummies(given):
    return (given.sectors.values[:, None] == np.unique(given.sectors.values)).astype(float)


def by_refits(given, labels, day, *, weights):
    """Sum over industries of (b_(g) - b)(b_(g) - b)' for the factors, b_(g) fitted by statsmodels without industry g."""
    r, cap = given.returns.values[day], given.market_cap.values[day]
    design = np.column_stack([dummies(given), given.exposures.values[day]])
    own = np.where(labels.values == "", [f"#{place}" for place in range(len(r))], labels.values)
    used = weights[day] > 0
    whole = sm.WLS(r[used], design[used], weights=weights[day][used]).fit().params
    moved = []
    for label in np.unique(own[used]):
        rest = used & (own != label)
        moved.append(sm.WLS(r[rest], design[rest], weights=weights[day][rest]).fit().params - whole)
    sectors = dummies(given).shape[1]
    share = (cap * used) @ dummies(given) / (cap * used).sum()
    change = np.zeros((1 + len(whole), len(whole)))
    change[0, :sectors] = share
    change[1:] = np.eye(len(whole))
    change[1 : 1 + sectors, :sectors] -= share
    moved = np.array(moved) @ change.T
    return moved.T @ moved


def test_clustered_errors_are_the_jackknife_by_industry_of_statsmodels():
    given = case(assets=160, days=3)
    labels, weights = industries(given), np.sqrt(given.market_cap.values)
    weights[1, ::7] = 0.0  # names that do not estimate
    fit = rm.cross_sectional_regression(
        returns=given.returns,
        exposures=given.exposures,
        weights=given.market_cap.copy(data=weights),
        sectors=given.sectors,
        market_cap=given.market_cap,
        industries=labels,
    )
    assert fit.attrs["errors"] == "CR3"
    for day in range(3):
        expected = by_refits(given, labels, day, weights=weights)
        np.testing.assert_allclose(fit["estimation_error_covariance"][day], expected, rtol=1e-8, atol=1e-14)
        np.testing.assert_allclose(fit["robust_standard_errors"][day], np.sqrt(np.diag(expected)), rtol=1e-8)


def test_without_industries_each_name_stands_alone_and_nothing_else_changes():
    given = case(assets=80)
    plain, alone = given.fit(), given.fit(industries=given.sectors.copy(data=np.full(80, "", dtype=object)))
    single = given.fit(industries=given.sectors.copy(data=given.sectors["asset"].values.astype(object)))
    assert plain.attrs["errors"] == alone.attrs["errors"] == "HC3" and single.attrs["errors"] == "CR3"
    xr.testing.assert_equal(plain, alone)
    xr.testing.assert_allclose(plain, single, rtol=1e-10)


def test_an_industry_that_is_all_of_its_sector_counts_by_name():
    given = case(assets=60)
    labels = given.sectors.copy(data=np.where(given.sectors == "Sector 01", "the same", "").astype(object))
    by_sector, by_name = given.fit(industries=labels), given.fit()
    xr.testing.assert_allclose(by_sector["estimation_error_covariance"], by_name["estimation_error_covariance"], rtol=1e-9)


def test_industries_that_move_are_those_of_each_day():
    given = case(assets=80)
    first, second = industries_of(given, 4), industries_of(given, 5)
    moving = xr.concat([first, first, second, second], dim=given.returns["time"])
    fit = given.fit(industries=moving)
    for day, labels in zip(range(4), (first, first, second, second), strict=True):
        xr.testing.assert_allclose(
            fit["robust_standard_errors"][day], given.fit(industries=labels)["robust_standard_errors"][day], rtol=1e-12
        )


def industries_of(given, number):
    return given.sectors.copy(
        data=np.array([f"{place % number:03d}" for place in range(given.returns.sizes["asset"])], object)
    )


@pytest.mark.parametrize("kind", ["pandas", "dask"])
def test_clustered_errors_are_the_same_whatever_holds_the_arrays(kind):
    given = case(assets=60, days=130)
    labels = industries_of(given, 7)
    whole = given.fit(industries=labels)
    if kind == "pandas":
        other = given.fit(industries=labels.to_series())
    else:
        parts = {"returns": given.returns.chunk(time=65), "exposures": given.exposures, "sectors": given.sectors}
        other = rm.cross_sectional_regression(**parts, market_cap=given.market_cap, industries=labels).compute()
    assert other.attrs["errors"] == "CR3"
    xr.testing.assert_equal(whole["estimation_error_covariance"], other["estimation_error_covariance"])


def test_clustered_errors_cover_where_industries_move_together_and_those_of_names_do_not():
    """24 industries whose common part is 30 % of a residual's variance, and a style that is two fifths theirs."""
    rng, days, assets = np.random.default_rng(3), 800, 480
    given = case(assets=assets, sectors=4, styles=2, days=days)
    industry = rng.permutation(np.arange(assets) % 24)
    labels = given.sectors.copy(data=np.array([f"{code:03d}" for code in industry], dtype=object))
    x = given.exposures.copy(data=rng.normal(size=(days, assets, 2)))
    x[:, :, 1] += 0.8 * rng.normal(size=(days, 24))[:, industry]
    u = rng.standard_t(4, (days, assets)) * np.sqrt(0.35) + np.sqrt(0.3) * rng.normal(size=(days, 24))[:, industry]
    arrays = {"exposures": x, "sectors": given.sectors, "market_cap": given.market_cap}
    covered = {}
    for name, by in (("industry", labels), ("name", None)):
        fit = rm.cross_sectional_regression(returns=given.returns.copy(data=u), **arrays, industries=by)
        t = fit["factor_returns"] / fit["robust_standard_errors"]  # the truth is zero
        covered[name] = (np.abs(t.sel(factor=["style0", "style1"])) < 1.96).mean("time").values
    band = 3 * np.sqrt(0.05 * 0.95 / days)
    assert (np.abs(covered["industry"] - 0.95) < band + 0.01).all(), covered
    assert covered["name"][1] < 0.88, covered


@pytest.mark.parametrize("huber", [None, 1.345])
def test_an_industry_that_is_all_of_its_sector_counts_singly_at_the_weights_of_the_fit(huber):
    rng, names = np.random.default_rng(3), [f"n{place:02d}" for place in range(90)]
    days = pd.bdate_range("2024-01-01", periods=3)
    sectors = pd.Series(["A"] * 60 + ["B"] * 30, index=names)
    industries = pd.Series(["a1"] * 30 + ["a2"] * 30 + ["b"] * 30, index=names)
    returns = pd.DataFrame(0.01 * rng.standard_normal((3, 90)), index=days, columns=names)
    returns.iloc[:, 75] += 0.3  # an outlier, that takes weight from the industry but not from its sector
    given = {
        "returns": returns,
        "exposures": xr.DataArray(
            rng.standard_normal((3, 90, 2)),
            dims=("time", "asset", "factor"),
            coords={"time": days, "asset": names, "factor": ["value", "size"]},
        ),
        "sectors": sectors,
        "market_cap": pd.DataFrame(rng.lognormal(size=(3, 90)), index=days, columns=names),
        "huber": huber,
    }
    together = rm.cross_sectional_regression(**given, industries=industries)
    singly = rm.cross_sectional_regression(**given, industries=industries.where(industries != "b", ""))
    for name in ("robust_standard_errors", "estimation_error_covariance"):
        np.testing.assert_allclose(together[name], singly[name], rtol=1e-10, atol=1e-15)
