"""Several families of groups at once: beside statsmodels under the restrictions, beside one family, what always holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel.estimation import family_day
from tests.conftest import dear_examples

TOLERANCE = {"rtol": 1e-8, "atol": 1e-12}
FAMILIES = {"country": 4, "industry": 5, "currency": 3}
HELD = ("factor_returns", "classical_standard_errors", "robust_standard_errors", "specific_returns", "r_squared")


def panel(*, families=("country", "industry", "currency"), seed=0, assets=160, styles=2, days=3):
    """Arguments of the regression: labels drawn independently, family by family."""
    rng = np.random.default_rng(seed)
    asset, style = [f"A{i:03d}" for i in range(assets)], [f"style{k}" for k in range(styles)]
    coords = {"time": pd.bdate_range("2024-01-01", periods=days), "asset": asset}
    codes = {name: rng.permutation(np.arange(assets) % FAMILIES[name]) for name in families}
    x = rng.normal(size=(days, assets, styles))
    r = 0.01 * rng.normal(size=(days, 1)) + 0.02 * rng.standard_t(4, (days, assets)) + x @ rng.normal(0, 0.005, styles)
    return {
        "returns": xr.DataArray(r, coords, ("time", "asset")),
        "exposures": xr.DataArray(x, coords | {"factor": style}, ("time", "asset", "factor")),
        "families": {
            name: xr.DataArray(np.array([f"{name} {c}" for c in code], dtype=object), {"asset": asset}, ("asset",))
            for name, code in codes.items()
        },
        "market_cap": xr.DataArray(rng.lognormal(22, 1.5, (days, assets)), coords, ("time", "asset")),
    }


def by_statsmodels(arguments, day):
    """WLS with an intercept, in each family the last group's return written as minus the cap-weighted sum of the others'.

    Gives factor returns, classical and HC3 errors, specific returns and R-squared; NaN where a group has nobody that day.
    """
    r, x = arguments["returns"].values[day], arguments["exposures"].values[day]
    cap = arguments["market_cap"].values[day]
    w = arguments["weights"].values[day] if "weights" in arguments else np.sqrt(cap)
    labels = [np.broadcast_to(of.values, arguments["returns"].shape) for of in arguments["families"].values()]
    covered = ~np.isnan(r) & ~np.isnan(x).any(axis=1) & np.all([of[day] != "" for of in labels], axis=0)
    used = covered & (np.nan_to_num(w) > 0) & (np.nan_to_num(cap) > 0)
    design, to_all, stranded = [np.ones((len(r), 1))], [np.ones((1, 1))], np.zeros(len(r), bool)
    for every in labels:
        names = [name for name in np.unique(every.astype(str)) if name]
        member = (every[day][:, None] == names).astype(float)
        share = cap[used] @ member[used]
        there = np.flatnonzero(share > 0)
        onto = np.full((len(names), len(there) - 1), np.nan)
        onto[there] = np.vstack([np.eye(len(there) - 1), -share[there[:-1]] / share[there[-1]]])
        design.append(member @ np.nan_to_num(onto))
        to_all.append(onto)
        stranded |= member @ (share == 0) > 0
    to_all.append(np.eye(x.shape[1]))
    z = np.hstack([*design, np.nan_to_num(x)])
    fit = sm.WLS(r[used], z[used], weights=w[used], hasconst=True).fit()
    ends = np.cumsum([0, *(block.shape[1] for block in to_all)])
    whole = np.zeros((sum(map(len, to_all)), ends[-1]))
    row = 0
    for block, first, last in zip(to_all, ends[:-1], ends[1:], strict=True):
        whole[row : row + len(block), first:last] = block
        row += len(block)
    classical, robust = (np.sqrt(np.diag(whole @ of @ whole.T)) for of in (fit.cov_params(), fit.cov_HC3))
    specific = np.where(covered & ~stranded, r - z @ fit.params, np.nan)
    return dict(zip(HELD, (whole @ fit.params, classical, robust, specific, fit.rsquared), strict=True))


def agrees(arguments):
    fit = rm.family_regression(**arguments)
    for day in range(fit.sizes["time"]):
        wanted = by_statsmodels(arguments, day)
        for name in HELD:
            np.testing.assert_allclose(fit[name].isel(time=day), wanted[name], **TOLERANCE, err_msg=f"{name}, day {day}")
    return fit


@pytest.mark.parametrize("families", [("country", "industry"), ("country", "industry", "currency")])
def test_it_is_statsmodels_under_the_restrictions(families):
    fit = agrees(panel(families=families))
    assert not fit["flag"].any() and fit.attrs == {"errors": "HC3", "zero_sums": list(families)}
    assert fit["group"].sel(factor=["market", "industry 2", "style1"]).values.tolist() == ["market", "industry", "style"]


@pytest.mark.parametrize("families", [("country", "industry"), ("country", "industry", "currency")])
def test_it_is_statsmodels_constrained_glm(families):
    arguments = panel(families=families, days=1, styles=1)
    fit, cap = rm.family_regression(**arguments), arguments["market_cap"].values[0]
    dummies = [of.values[:, None] == np.unique(of.values.astype(str)) for of in arguments["families"].values()]
    z = np.hstack([np.ones((len(cap), 1)), *dummies, arguments["exposures"].values[0]])
    sums, first = np.zeros((len(families), z.shape[1])), 1
    for row, member in zip(sums, dummies, strict=True):
        row[first : first + member.shape[1]] = cap @ member / cap.sum()
        first += member.shape[1]
    glm = sm.GLM(arguments["returns"].values[0], z, var_weights=np.sqrt(cap))
    wanted = glm.fit_constrained((sums, np.zeros(len(families)))).params
    np.testing.assert_allclose(fit["factor_returns"][0], wanted, rtol=1e-8, atol=1e-11)


def test_missing_values_weights_labels_by_day_and_a_group_with_nobody():
    arguments = panel(days=4)
    r, x, cap = (arguments[name].values for name in ("returns", "exposures", "market_cap"))
    rng = np.random.default_rng(5)
    r[0, :20], x[1, 20:30, 1], cap[2, 30:35] = np.nan, np.nan, np.nan
    weights = arguments["market_cap"].copy(data=rng.uniform(0.5, 2, cap.shape))
    weights.values[3, 40:60], weights.values[3, 60:70] = 0.0, np.nan
    country = arguments["families"]["country"].expand_dims(time=arguments["returns"]["time"]).copy()
    country.values[1] = rng.permutation(country.values[1])
    country.values[2, :7] = ""
    arguments["families"]["country"] = country
    industry = arguments["families"]["industry"].values
    weights.values[3, industry == "industry 1"] = 0.0  # nobody estimates it on the last day
    fit = agrees(arguments | {"weights": weights})
    flags = [rm.Fact.read(flag) if flag else None for flag in fit["flag"].values]
    assert flags == [None, None, None, rm.Fact("vacant_groups", {"groups": ("industry 1",)})]
    assert np.isnan(fit["factor_returns"].sel(factor="industry 1")[3])
    assert np.isnan(fit["specific_returns"][3, industry == "industry 1"]).all()


def test_blocks_of_names_change_nothing(monkeypatch):
    monkeypatch.setattr(family_day, "NAMES_AT_ONCE", 50)
    agrees(panel())


def test_one_family_is_the_regression_on_sectors():
    arguments = panel(families=("industry",), styles=3)
    arguments["returns"].values[1, :9] = np.nan
    fit = rm.family_regression(**arguments)
    given = {name: arguments[name] for name in ("returns", "exposures", "market_cap")}
    other = rm.cross_sectional_regression(**given, sectors=arguments["families"]["industry"])
    for name in (*HELD, "estimation_error_covariance", "names"):
        np.testing.assert_allclose(fit[name], other[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_an_asset_alone_in_its_group_has_the_days_variance():
    arguments = panel(families=("industry",), days=1)
    arguments["families"]["industry"].values[0] = "alone"
    fit = rm.family_regression(**arguments)
    given = {name: arguments[name] for name in ("returns", "exposures", "market_cap")}
    other = rm.cross_sectional_regression(**given, sectors=arguments["families"]["industry"])
    np.testing.assert_allclose(fit["robust_standard_errors"], other["robust_standard_errors"], rtol=1e-9)


def pinned(fit, day=0):
    fact = rm.Fact.read(str(fit["flag"].values[day]))
    assert fact.key == "aliased"
    return list(fact.values["groups"])


def money(arguments, zone):
    """The families with currencies of countries: `zone` is country -> currency."""
    country = arguments["families"]["country"]
    own = np.array([zone[name] for name in country.values], dtype=object)
    return arguments["families"] | {"currency": country.copy(data=own)}


def test_a_currency_with_the_names_of_a_country_is_pinned_and_named_and_others_keep_theirs():
    arguments = panel()
    families = arguments["families"]
    alone = families["country"].values == "country 0"
    families["currency"].values[alone] = "krona"
    fit = rm.family_regression(**arguments)
    assert [pinned(fit, day) for day in range(3)] == [["krona"]] * 3
    without = rm.family_regression(**(arguments | {"families": families | {"currency": families["currency"].copy()}}))
    xr.testing.assert_identical(fit, without)
    assert (fit["factor_returns"].sel(factor="krona") == 0).all()
    assert fit["robust_standard_errors"].sel(factor="krona").isnull().all()
    assert fit["factor_returns"].notnull().all()
    first = next(iter(families))
    assert first == "country" and (abs(fit["factor_returns"].sel(factor="country 0")) > 1e-4).all()


def test_the_earlier_family_has_what_two_cannot_share():
    arguments = panel(families=("country", "industry"))
    zone = {"country 0": "USD", "country 1": "JPY", "country 2": "EUR", "country 3": "EUR"}
    country_first = money(arguments, zone)
    plain = rm.family_regression(**arguments)
    fit = rm.family_regression(**(arguments | {"families": country_first}))
    assert pinned(fit) == ["EUR", "JPY", "USD"]  # a currency is the sum of its countries
    kept = plain["factor"].values
    np.testing.assert_allclose(fit["factor_returns"].sel(factor=kept), plain["factor_returns"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fit["specific_returns"], plain["specific_returns"], rtol=0, atol=1e-12)

    currency_first = {name: country_first[name] for name in ("currency", "industry", "country")}
    other = rm.family_regression(**(arguments | {"families": currency_first}))
    assert pinned(other) == ["country 0", "country 1"]  # alone in their currency: they are it
    np.testing.assert_allclose(other["specific_returns"], plain["specific_returns"], rtol=0, atol=1e-12)
    f, cap = other["factor_returns"], arguments["market_cap"]
    of_country = [cap[:, country_first["country"].values == name].sum("asset") for name in ("country 2", "country 3")]
    within = f.sel(factor="country 2") * of_country[0] + f.sel(factor="country 3") * of_country[1]
    np.testing.assert_allclose(within / sum(of_country), 0, atol=1e-12)
    np.testing.assert_allclose(
        f.sel(factor="EUR") + f.sel(factor="country 2"), plain["factor_returns"].sel(factor="country 2"), rtol=0, atol=1e-12
    )


def test_a_day_may_have_both_a_vacant_and_an_aliased_group():
    arguments = panel(days=2)
    arguments["families"]["currency"].values[arguments["families"]["country"].values == "country 0"] = "krona"
    arguments["returns"].values[1, arguments["families"]["industry"].values == "industry 1"] = np.nan
    fit = rm.family_regression(**arguments)
    fact = rm.Fact.read(fit["flag"].values[1])
    assert fact.words() == (
        "no estimating name in industry 1, not told apart from the families before: the return of krona is set to zero"
    )


def test_a_day_that_is_thin_or_singular_is_missing_and_named():
    arguments = panel(days=3)
    arguments["returns"].values[0, 15:] = np.nan
    arguments["exposures"].values[1, :, 1] = 2.0  # a style that is the market
    arguments["exposures"].values[2, :, 1] = np.nan  # nobody has it: left out
    fit = rm.family_regression(**arguments)
    flags = [rm.Fact.read(flag).key if flag else "" for flag in fit["flag"].values]
    assert flags == ["thin", "singular", ""]
    for name in ("factor_returns", "robust_standard_errors", "specific_returns", "r_squared"):
        assert fit[name][:2].isnull().all(), name
    assert fit["factor_returns"][2].isnull().values.nonzero()[0].tolist() == [fit.sizes["factor"] - 1]


@settings(
    max_examples=dear_examples(),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([("industry",), ("country", "industry"), ("country", "industry", "currency")]),
    st.integers(0, 3),
    st.booleans(),
)
def test_what_always_holds(seed, families, styles, alias):
    arguments = panel(families=families, styles=styles, seed=seed, days=2, assets=90)
    rng = np.random.default_rng(seed)
    arguments["returns"].values[rng.random((2, 90)) < 0.1] = np.nan
    if alias and len(families) > 1:
        first, last = (arguments["families"][name].values for name in (families[0], families[-1]))
        last[first == first[0]] = "twin"
    fit = rm.family_regression(**arguments)
    f, cap = fit["factor_returns"], arguments["market_cap"]
    used = arguments["returns"].notnull()
    residual = fit["specific_returns"].where(used, 0.0)
    np.testing.assert_array_equal(fit["specific_returns"].notnull(), used)
    weighted = np.sqrt(cap) * residual
    scale = float((np.sqrt(cap) * abs(residual)).sum("asset").max())
    whole = f.sel(factor="market", drop=True) + residual
    for labels in arguments["families"].values():
        own = f.sel(factor=labels.values.tolist()).values
        whole = whole + own
        np.testing.assert_allclose((cap.where(used, 0.0) * own).sum("asset") / cap.where(used).sum("asset"), 0, atol=1e-12)
        np.testing.assert_allclose(weighted.groupby(labels.rename("own")).sum() / scale, 0, atol=1e-11)
    np.testing.assert_allclose((weighted * arguments["exposures"]).sum("asset") / scale, 0, atol=1e-11)
    whole = whole + (arguments["exposures"] * f.sel(factor=arguments["exposures"]["factor"])).sum("factor")
    np.testing.assert_allclose(whole.where(used), arguments["returns"], rtol=0, atol=1e-12)

    order = rng.permutation(90)
    moved = {name: of.isel(asset=order) for name, of in arguments["families"].items()}
    given = {name: arguments[name].isel(asset=order) for name in ("returns", "exposures", "market_cap")}
    again = rm.family_regression(**given, families=moved)
    xr.testing.assert_allclose(again.sel(asset=fit["asset"]).drop_vars("flag"), fit.drop_vars("flag"), rtol=1e-8, atol=1e-12)
    assert again["flag"].equals(fit["flag"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"families": {}}, "families: is empty. Give the labels of each family by its name, e.g. {'country': ...}."),
        ({"families": {"style": None}}, "families: no family may be called 'style'. Give names such as 'country'."),
        ({"families": {"country": None}}, "families: no labels of country. Give each asset's group."),
        (
            {"families": {"country": panel()["families"]["country"], "currency": panel()["families"]["country"]}},
            "families, exposures: factors share a name: country 0, country 1, country 2, country 3. Give each group and "
            "style a name of its own, e.g. with its family in front; 'market' is the market's.",
        ),
        (
            {"families": {"country": panel()["families"]["country"].isel(asset=slice(1, None))}},
            "families['country']: 1 label of 'asset' not as in returns; only in returns: A000. "
            "Give both the same labels, e.g. with xarray.align.",
        ),
        (
            {"families": {"country": xr.full_like(panel()["families"]["country"], "")}},
            "families: no asset has a label of 'country'. Give each asset's group, or leave it out.",
        ),
    ],
)
def test_what_is_wrong_with_families_is_said(change, message):
    with pytest.raises(rm.InputError) as caught:
        rm.family_regression(**(panel() | change))
    assert str(caught.value) == message


def test_infinite_values_are_refused():
    arguments = panel()
    arguments["exposures"].values[1, 3, 0] = np.inf
    with pytest.raises(rm.InputError, match="returns, exposures: 1 infinite value; use NaN for what is missing"):
        rm.family_regression(**arguments)
