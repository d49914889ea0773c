"""Industries nested in sectors: against a dense solve of the mixed model, and what must be true of the returns."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr

import riskmodel as rm
from tests.riskmodel.estimation.test_regression import case

DAYS = 3


@dataclass(frozen=True)
class Nested:
    """A case with industries within its sectors, effects among its returns, and names without an industry."""

    arrays: dict[str, xr.DataArray]
    factors: xr.DataArray

    def fit(self, **options):
        return rm.cross_sectional_regression(
            **self.arrays, industries=self.factors, industry_factors=self.factors, **options
        )


def nested(*, seed=0, assets=240, effect=0.04, industries=6):
    given, rng = case(seed=seed, assets=assets, days=DAYS), np.random.default_rng(seed + 100)
    part = rng.integers(0, industries + 1, assets)
    labels = np.array([f"{s} {p}" if p else "" for s, p in zip(given.sectors.values, part, strict=True)], dtype=object)
    names, code = np.unique(labels.astype(str), return_inverse=True)
    effects = effect * rng.normal(size=(DAYS, len(names))) * (names != "")
    arrays = {
        "returns": given.returns + effects[:, code],
        "exposures": given.exposures,
        "sectors": given.sectors,
        "market_cap": given.market_cap,
    }
    return Nested(arrays, given.sectors.copy(data=labels))


def one_hot(labels, names):
    return (labels[:, None] == np.asarray(names)).astype(float)


def dense(given: Nested, day: int, *, weights=None):
    """The mixed model of one day by its full covariance matrix: coefficients, effects, and the variance ratio."""
    r, x = given.arrays["returns"].values[day], given.arrays["exposures"].values[day]
    cap, sector, label = given.arrays["market_cap"].values[day], given.arrays["sectors"].values, given.factors.values
    w = np.sqrt(cap) if weights is None else weights[day]
    sectors, industries = np.unique(sector), [name for name in np.unique(label.astype(str)) if name]
    design, groups = np.column_stack([one_hot(sector, sectors), x]), one_hot(label, industries)
    used = w > 0
    d, z, y, v = design[used], groups[used], r[used], w[used]
    plain = y - d @ np.linalg.solve(d.T @ (v[:, None] * d), d.T @ (v * y))
    inside = z.sum(axis=1) > 0
    zi, vi, ei = z[inside], v[inside], plain[inside]
    weight = zi.T @ vi
    mean = (zi.T @ (vi * ei)) / weight
    within, between = (vi * (ei - zi @ mean) ** 2).sum(), (weight * mean**2).sum()
    of = np.array([name.rsplit(" ", 1)[0] for name in industries])
    own = sum((weight[of == s] ** 2).sum() / weight[of == s].sum() for s in sectors)
    variance = within / (inside.sum() - len(industries) - x.shape[1])
    ratio = max((between - (len(industries) - len(sectors)) * variance) / ((weight.sum() - own) * variance), 0.0)
    covariance = np.diag(1 / v) + ratio * z @ z.T
    back = np.linalg.inv(covariance)
    system = d.T @ back @ d
    g = np.linalg.solve(system, d.T @ back @ y)
    effects = ratio * z.T @ back @ (y - d @ g)
    return {
        "g": g, "effects": effects, "ratio": ratio, "system": system, "back": back, "design": d, "groups": z, "used": used,
        "sectors": sectors, "industries": industries, "of": of, "cap": cap * used, "residual": y - d @ g, "weights": v,
        "all": (design, groups), "r": r,
    }  # fmt: skip


def of_factors(answer):
    """The map from [sector coefficients, styles | effects] to [market, sectors, industries, styles]."""
    s, k = len(answer["sectors"]), len(answer["g"]) - len(answer["sectors"])
    h, design, groups = len(answer["industries"]), *answer["all"]
    held = groups.T @ answer["cap"]
    share = np.array([held * (answer["of"] == sector) for sector in answer["sectors"]])
    share /= share.sum(axis=1, keepdims=True)
    of_sector = design[:, :s].T @ answer["cap"]
    of_sector = of_sector / of_sector.sum()
    whole = np.hstack([np.eye(s), np.zeros((s, k)), share])  # a sector takes the mean of its industries
    market = of_sector @ whole
    own = np.array([share[list(answer["sectors"]).index(name)] for name in answer["of"]])
    industries = np.hstack([np.zeros((h, s + k)), np.eye(h) - own])
    styles = np.hstack([np.zeros((k, s)), np.eye(k), np.zeros((k, h))])
    return np.vstack([market, whole - market, industries, styles])


@pytest.mark.parametrize("seed", [0, 1])
def test_industries_are_those_of_a_dense_mixed_model(seed):
    given = nested(seed=seed)
    fit = given.fit()
    for day in range(DAYS):
        answer = dense(given, day)
        assert answer["ratio"] > 0
        expected = of_factors(answer) @ np.append(answer["g"], answer["effects"])
        np.testing.assert_allclose(fit["factor_returns"][day], expected, rtol=1e-8, atol=1e-13)
        weight = answer["groups"].T @ answer["weights"]
        np.testing.assert_allclose(fit["industry_shrinkage"][day], 1 / (1 + answer["ratio"] * weight), rtol=1e-9)
        assert fit["factor"].values.tolist() == [
            "market", *answer["sectors"], *answer["industries"], *given.arrays["exposures"]["factor"].values
        ]  # fmt: skip


def test_the_errors_of_sectors_and_styles_are_the_jackknife_by_industry_of_generalised_least_squares():
    """And classical ones Henderson's: the inverse of the mixed model's equations."""
    given = nested(seed=2)
    fit = given.fit()
    for day in range(DAYS):
        answer = dense(given, day)
        d, back, residual, z = (answer[name] for name in ("design", "back", "residual", "groups"))
        own = np.where(z.sum(axis=1) > 0, z.argmax(axis=1), z.shape[1] + np.arange(len(z)))
        covariance, moved = np.linalg.inv(back), []
        for label in np.unique(own):
            rest = own != label
            inner = np.linalg.inv(covariance[np.ix_(rest, rest)])
            other = np.linalg.solve(d[rest].T @ inner @ d[rest], d[rest].T @ inner @ (residual[rest]))
            moved.append(other)
        moved = np.array(moved)
        styles = fit["estimation_error_covariance"][day].values[-4:, -4:]
        np.testing.assert_allclose(styles, (moved.T @ moved)[-4:, -4:], rtol=1e-8, atol=1e-14)

        v, ratio = answer["weights"], answer["ratio"]
        t = np.hstack([d, z])
        henderson = t.T @ (v[:, None] * t) + np.diag([0.0] * d.shape[1] + [1 / ratio] * z.shape[1])
        variance = residual @ back @ residual / (len(d) - d.shape[1])
        change = of_factors(answer)
        classical = np.sqrt(np.diag(change @ np.linalg.inv(henderson) @ change.T) * variance)
        np.testing.assert_allclose(fit["classical_standard_errors"][day], classical, rtol=1e-8)


def test_the_errors_of_industries_are_as_large_as_their_misses_though_the_ratio_is_estimated():
    rng, days = np.random.default_rng(4), 1000
    sector, industry = np.repeat(np.arange(6), 24), np.repeat(np.arange(30), np.tile([2, 3, 5, 6, 8], 6))
    names = {"time": np.arange(days), "asset": [f"A{i:03}" for i in range(len(sector))], "factor": []}
    effect = rng.normal(0, np.sqrt(0.15), (days, 30))  # beside names of variance 1, whose weight is 1
    returns = rng.normal(0, 1, (days, 6))[:, sector] + effect[:, industry] + rng.normal(0, 1, (days, len(sector)))
    labels = xr.DataArray([f"I{i:02}" for i in industry], {"asset": names["asset"]})
    fit = rm.cross_sectional_regression(
        returns=xr.DataArray(0.01 * returns, {k: names[k] for k in ("time", "asset")}),
        exposures=xr.DataArray(np.zeros((days, len(sector), 0)), names, ("time", "asset", "factor")),
        sectors=xr.DataArray([f"S{i}" for i in sector], {"asset": names["asset"]}),
        market_cap=xr.DataArray(np.ones(returns.shape), {k: names[k] for k in ("time", "asset")}),
        industries=labels,
        industry_factors=labels,
    )
    own = fit["factor"].isin(np.unique(labels))
    share = np.bincount(industry) / 24
    centred = effect - np.repeat((effect * share).reshape(days, 6, 5).sum(axis=2), 5, axis=1)
    missed = fit["factor_returns"].sel(factor=own) - 0.01 * centred
    error = fit["robust_standard_errors"].sel(factor=own)
    assert float((missed**2).mean() / (error**2).mean()) == pytest.approx(1, abs=0.1)  # 30,000 squares, some 1,000 apart
    assert 0.93 < float((abs(missed) < 2 * error).mean()) < 0.97


def test_every_return_is_the_sum_of_its_parts_and_industries_sum_to_zero_within_their_sector():
    given = nested(seed=3)
    weights = np.sqrt(given.arrays["market_cap"])
    weights[:, ::5] = 0.0
    fit = given.fit(weights=weights)
    sectors, labels = given.arrays["sectors"].values, given.factors.values
    f = fit["factor_returns"].to_pandas()
    for day in range(DAYS):
        row = f.iloc[day]
        explained = (
            row["market"] + row[sectors].to_numpy() + given.arrays["exposures"].values[day] @ row.iloc[-4:].to_numpy()
        )
        explained += np.array([row[name] if name else 0.0 for name in labels])
        whole = explained + fit["specific_returns"].values[day]
        np.testing.assert_allclose(whole, given.arrays["returns"].values[day], atol=1e-13)
        cap = np.where(weights[day] > 0, given.arrays["market_cap"].values[day], 0.0)
        for sector in np.unique(sectors):
            inside = (sectors == sector) & (labels != "")
            assert abs((cap[inside] * row[labels[inside]].to_numpy()).sum() / cap[inside].sum()) < 1e-15


def test_where_industries_earn_nothing_they_are_left_to_their_sectors():
    given = nested(seed=4, effect=0.0)
    quiet, plain = given.fit(), rm.cross_sectional_regression(**given.arrays)
    assert float(quiet["industry_shrinkage"].mean()) > 0.5
    still = quiet["industry_shrinkage"].min("industry") == 1
    assert bool(still.any()), "no day of this seed sees no industries"
    common = plain["factor"]
    xr.testing.assert_allclose(
        quiet["factor_returns"].sel(factor=common).isel(time=still), plain["factor_returns"].isel(time=still), atol=1e-14
    )


def test_huber_settles_with_industries_too():
    fit = nested(seed=5).fit(huber=1.345)
    assert (fit["flag"] == "").all() and (fit["downweighted"] > 0).all()


@pytest.mark.parametrize("by", ["permuting names", "chunks", "labels by day"])
def test_neither_the_order_nor_the_holding_of_the_arrays_matters(by):
    given = nested(seed=6)
    plain = given.fit()
    if by == "permuting names":
        order = np.random.default_rng(0).permutation(given.factors.size)
        arrays = {name: array.isel(asset=order) for name, array in given.arrays.items()}
        other = Nested(arrays, given.factors.isel(asset=order)).fit().sel(asset=plain["asset"])
    elif by == "chunks":
        other = Nested(given.arrays | {"returns": given.arrays["returns"].chunk(time=1)}, given.factors).fit().compute()
    else:
        moving = xr.concat([given.factors] * DAYS, dim=given.arrays["returns"]["time"])
        other = Nested(given.arrays, moving).fit()
    xr.testing.assert_allclose(plain, other, rtol=1e-9, atol=1e-13)


def test_an_industry_in_two_sectors_is_refused_and_split_by_its_name():
    given = nested(seed=7)
    one = given.factors.copy(data=np.where(given.factors == "", "", "283").astype(object))
    with pytest.raises(rm.InputError, match=r"industry_factors: 283 in more than one sector\. Give each"):
        Nested(given.arrays, one).fit()
    split = rm.nested_industries(one, given.arrays["sectors"], least_names=5)
    assert sorted(set(split.values) - {""}) == [f"industry 283 (Sector 0{place})" for place in range(3)]
    assert "industry 283 (Sector 01)" in Nested(given.arrays, split).fit()["factor"].values


@pytest.mark.parametrize("chunked", [False, True])
def test_other_names_than_those_that_estimate_may_say_which_industries_there_are(chunked):
    """Every other name estimates; an industry has a return where enough of all names share it, and one of them estimates."""
    given, most = nested(industries=12), 6
    cap = given.arrays["market_cap"]
    half = np.arange(cap.sizes["asset"]) % 2 == 0
    weights = np.sqrt(cap).where(xr.DataArray(half, {"asset": cap["asset"]}, ("asset",)))
    everyone = xr.ones_like(cap, dtype=bool)
    options = {"weights": weights, "industry_names": most, "covariance": False}
    if chunked:
        everyone = everyone.chunk(time=1)
    of_all = given.fit(**options, industry_universe=everyone).compute()["factor_returns"]
    of_half = given.fit(**options)["factor_returns"]
    labels = given.factors.to_numpy()
    for name in np.unique(labels[labels != ""].astype(str)):
        held = labels == name
        assert bool(of_all.sel(factor=name).notnull().all()) == (held.sum() >= most and (held & half).any())
        assert bool(of_half.sel(factor=name).notnull().all()) == ((held & half).sum() >= most)
    assert of_all.notnull().sum() > of_half.notnull().sum()


@pytest.mark.parametrize("covariance", ["classical", "HC3", "CR3"])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_day_of_as_many_names_as_coefficients_has_no_errors_and_warns_of_nothing(covariance, over):
    given = nested()
    coefficients = len(np.unique(given.arrays["sectors"])) + given.arrays["exposures"].sizes["factor"]
    returns = given.arrays["returns"].copy()
    returns[1, coefficients + over :] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thin = Nested(given.arrays | {"returns": returns}, given.factors).fit(covariance=covariance)
    assert thin["flag"].values[1] and thin["factor_returns"][1].isnull().all()
    other, name = given.fit(covariance=covariance), "classical_standard_errors"
    np.testing.assert_allclose(thin[name][0], other[name][0], rtol=1e-10)
