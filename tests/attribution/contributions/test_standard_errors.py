"""Standard errors of every cut: against a slow loop, against skfolio, and by simulation with known factor returns."""

from __future__ import annotations

import json
from functools import cache
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from skfolio.attribution import realized_factor_attribution

import riskmodel as rm
from attribution.cli import main
from attribution.contributions.cuts import CUTS
from attribution.contributions.sums import with_t
from tests.attribution.contributions.cubes import (
    FACTORS,
    KINDS,
    SECTORS,
    SLEEVES,
    STYLES,
    cube_of,
    drawn_cube,
    result_of,
    sides,
)
from tests.conftest import SMALL, SMALL_MONTH

OBSERVED = ["unmodelled", "proxy"]
IDLE = "cash_and_stopped"
ESTIMATED = [*FACTORS, IDLE]  # the last has the market's error
GROUPS = {"market": ["market"], "sector": SECTORS, "style": STYLES, "specific": ESTIMATED, "other": [IDLE]}
SPLIT = [
    cuts
    for size in (1, 2, 3)
    for cuts in permutations(CUTS, size)
    if len({"factor", "group"} & set(cuts)) == 1 and not {"day", "month"} <= set(cuts)
]


def exposed(at, name, weight, live, *, moves):
    """What a weight of one name has of each of `ESTIMATED`, by label."""
    x = dict(zip(FACTORS, live * at["exposure"].sel(asset=name).values, strict=True)) | {IDLE: 0.0}
    if moves:
        idle = weight if name == "CASH" else weight - live
        x["market"] += idle
        x[IDLE] -= idle
    return np.array([x[row] for row in ESTIMATED])


def slow_errors(data, cuts, *, absolute=False, against="benchmark", together=()):
    """Standard error by label: a loop over days, sleeves and names, with the whole covariance between a row's factors.

    Labels in `together` are one row, "(rest)".
    """
    sector, variance = data["sector"].to_series(), {}
    for day in data.get_index("time"):
        at = data.sel(time=day)
        scale = float(at["absolute_coefficient" if absolute else "coefficient"])
        sensitivity, measure = {}, 0.0
        if against == "benchmark" and not absolute:
            for name in data["asset"].values:
                sides = (float(at[f"benchmark_{kind}"].sel(asset=name)) for kind in ("weight", "live"))
                measure = measure + exposed(at, name, *sides, moves=True)
        for sleeve, name in product(SLEEVES, data["asset"].values):
            cell = at.sel(asset=name, sleeve=sleeve)
            weight, live = (
                float(cell[f"sleeve_portfolio_{kind}"]) - (0.0 if absolute else float(cell[f"sleeve_benchmark_{kind}"]))
                for kind in ("weight", "live")
            )
            x = scale * (exposed(at, name, weight, live, moves=not absolute) - weight * measure)
            words = {"sleeve": sleeve, "stock": name, "sector": sector[name], "day": day, "month": str(day)[:7]}
            for word, rows in {"factor": {f: [f] for f in ESTIMATED} | {"specific": ESTIMATED}, "group": GROUPS}.items():
                if word in cuts:
                    for row, factors in rows.items():
                        key = tuple(row if cut == word else words[cut] for cut in cuts)
                        key = ("(rest)",) if key in together else key
                        signed = np.where(np.isin(ESTIMATED, factors), -x if row == "specific" else x, 0.0)
                        sensitivity[key] = sensitivity.get(key, 0.0) + signed
        place = [*range(len(FACTORS)), FACTORS.index("market")]
        covariance = at["covariance"].values[np.ix_(place, place)]
        for key, z in sensitivity.items():
            variance[key] = variance.get(key, 0.0) + z @ covariance @ z
    return {key if len(key) > 1 else key[0]: np.sqrt(max(value, 0.0)) for key, value in variance.items()}  # -1e-22 is a zero


@pytest.mark.parametrize("kind", KINDS)
def test_every_split_cut_has_the_errors_of_a_slow_loop(kind):
    data = drawn_cube(4, days=6, assets=5, start="2024-01-29")
    for cuts in SPLIT[list(KINDS).index(kind) :: 5]:
        ours = result_of(data).standard_errors(*cuts, **KINDS[kind])
        theirs = slow_errors(data, cuts, **KINDS[kind])
        expected = np.square(
            [theirs.get(key, 0.0) for key in ours.index]
        )  # the root of what rounding leaves of nothing is 1e-11
        np.testing.assert_allclose(ours**2, expected, rtol=2e-9, atol=1e-15 * expected.max(), err_msg=str(cuts))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cuts", [("factor",), ("group",), ("stock", "factor"), ("sleeve", "month", "group")])
def test_the_error_of_the_rest_is_that_of_its_sum(cuts, kind):
    """Not a sum of errors: what the factors of the rest gain, its own specific rows lose."""
    data = drawn_cube(4, days=6, assets=5, start="2024-01-29")
    result = result_of(data)
    shown = result.top_with_errors(1, *cuts, **KINDS[kind])
    whole = result.with_errors(*cuts, **KINDS[kind])
    ends = shown.index[:-1]
    pd.testing.assert_frame_equal(shown.iloc[:-1], whole.loc[ends])
    pd.testing.assert_series_equal(shown["contribution"], result.top(1, *cuts, **KINDS[kind]), check_names=False)
    rest = {key if isinstance(key, tuple) else (key,) for key in whole.index.difference(ends)}
    expected = slow_errors(data, cuts, together=rest, **KINDS[kind])["(rest)"]
    assert shown["standard_error"].iloc[-1] == pytest.approx(expected, rel=1e-9)
    assert shown["t"].iloc[-1] == pytest.approx(shown["contribution"].iloc[-1] / expected, rel=1e-9)


def test_the_top_of_what_is_observed_has_no_error(small_result):
    shown = small_result.top_with_errors(3)
    pd.testing.assert_series_equal(shown["contribution"], small_result.top(3, "stock"))
    assert (shown["standard_error"] == 0).all()
    assert shown["t"].isna().all()
    short = small_result.top_with_errors(9, "group")
    assert "(rest)" not in short.index
    pd.testing.assert_frame_equal(short.sort_index(), small_result.with_errors("group").sort_index())


def test_errors_lie_on_the_rows_of_the_contributions(small_result):
    for cuts in (("factor",), ("group",), ("stock", "factor"), ("sector", "factor"), ("day", "factor"), ("month", "group")):
        frame = small_result.with_errors(*cuts)
        assert list(frame.columns) == ["contribution", "standard_error", "t"]
        assert frame.index.equals(small_result.by(*cuts).index)
        np.testing.assert_array_equal(frame["contribution"], small_result.by(*cuts))
        estimated = frame[frame["standard_error"] > 1e-15]
        assert len(estimated)
        np.testing.assert_allclose(estimated["t"], estimated["contribution"] / estimated["standard_error"], rtol=1e-15)
        assert frame.loc[frame["standard_error"] <= 1e-15, "t"].isna().all()
    assert small_result.standard_errors().equals(small_result.standard_errors("factor"))


@pytest.mark.parametrize("cuts", [("stock",), ("sector",), ("day",), ("month", "sector"), ("day", "stock")], ids=" x ".join)
def test_totals_are_observed(small_result, cuts):
    frame = small_result.with_errors(*cuts)
    assert (frame["standard_error"] == 0).all()
    assert frame["t"].isna().all()


def test_rows_that_are_not_the_models_are_observed(small_result):
    for cuts in (("factor",), ("sector", "factor"), ("stock", "factor")):
        frame = small_result.with_errors(*cuts)
        observed = frame[frame.index.get_level_values("factor").isin(OBSERVED)]
        assert (observed["standard_error"] == 0).all()
        assert observed["t"].isna().all()


def all_together(data, size=1e-3):
    """The same error in every factor of a day: the errors of a row's factors add up."""
    shape = data["covariance"].shape
    return data.assign(covariance=(data["covariance"].dims, np.full(shape, size**2)))


def test_specific_mirrors_all_factors_because_the_total_is_observed():
    data = all_together(drawn_cube(8, days=5))
    result = result_of(data)
    linked = data["coefficient"] * (data["portfolio_live"] - data["benchmark_live"]) * data["exposure"].sum("factor")
    expected = 1e-3 * np.sqrt((linked.sum("asset") ** 2).sum())
    assert result.standard_errors("factor")["specific"] == pytest.approx(float(expected), rel=1e-10)
    by_stock = result.standard_errors("factor", "stock", against="zero")["specific"].drop("(proxy)")
    np.testing.assert_allclose(by_stock, 1e-3 * np.sqrt((linked**2).sum("time")), rtol=1e-10, atol=1e-16)
    by_day = result.standard_errors("factor", "day")["specific"]
    np.testing.assert_allclose(by_day, 1e-3 * abs(linked.sum("asset")), rtol=1e-10, atol=1e-16)


def test_the_command_prints_errors_for_every_cut_that_the_model_splits(capsys, small_result):
    base = ["explain", str(SMALL / "book.toml"), small_result.course, "--month", SMALL_MONTH, "--format", "json", "--by"]
    assert main([*base, "sector", "factor", "--absolute"]) == 0
    rows = pd.DataFrame(json.loads(capsys.readouterr().out)).set_index(["sector", "factor"])
    expected = small_result.with_errors("sector", "factor", absolute=True)
    np.testing.assert_allclose(rows.astype(float), expected, rtol=1e-9, atol=1e-15)
    assert main([*base, "month", "stock"]) == 0
    assert list(json.loads(capsys.readouterr().out)[0]) == ["month", "stock", "contribution"]


def test_a_group_is_not_the_root_of_its_factors_squares_where_they_move_together():
    data = all_together(drawn_cube(8, days=5))
    result = result_of(data)
    linked = (result.active_exposures * data["coefficient"]).sel(factor=STYLES)
    expected = 1e-3 * float(np.sqrt((linked.sum("factor") ** 2).sum()))
    assert result.standard_errors("group")["style"] == pytest.approx(expected, rel=1e-10)
    apart = result.standard_errors("factor")[STYLES]
    assert np.sqrt((apart**2).sum()) != pytest.approx(expected, rel=1e-3)


def test_an_error_that_is_only_rounding_gives_no_t():
    frame = with_t(pd.Series([1e-17, 0.02]), pd.Series([1e-19, 0.01]))
    assert np.isnan(frame["t"][0])
    assert frame["t"][1] == 2.0


def test_errors_equal_skfolios_uncertainty():
    """One book without a benchmark, days not linked, the same sandwich covariance: factor, family and specific."""
    rng = np.random.default_rng(3)
    days, assets = 8, 40
    own = rng.dirichlet(np.ones(assets), days)
    sector = np.array(SECTORS)[np.arange(assets) % 3]
    of_sector = np.broadcast_to(sector == np.array(SECTORS)[:, None], (days, 3, assets)).astype(float)
    exposure = np.concatenate([of_sector, rng.normal(size=(days, 2, assets))], axis=1)
    f, u = rng.normal(0, 0.01, (days, 5)), rng.normal(0, 0.02, (days, assets))
    returns = np.einsum("tki,tk->ti", exposure, f) + u
    weight, variance = rng.uniform(0.5, 2.0, (days, assets)), rng.uniform(0.01, 0.04, (days, assets)) ** 2
    bread = np.linalg.inv(np.einsum("tki,ti,tli->tkl", exposure, weight, exposure))
    meat = np.einsum("tki,ti,tli->tkl", exposure, weight**2 * variance, exposure)
    families = ["sector"] * 3 + ["style"] * 2
    theirs = realized_factor_attribution(
        asset_names=[f"A{i}" for i in range(assets)],
        factor_names=FACTORS[1:],
        factor_families=families,
        weights=own,
        factor_returns=f,
        portfolio_returns=(own * returns).sum(axis=1),
        exposures=exposure.transpose(0, 2, 1),
        exposure_lag=0,
        idio_returns=u,
        idio_variances=variance,
        regression_weights=weight,
        annualization_factor=1.0,
        compute_uncertainty=True,
    )

    def wide(values):
        return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, 1)])

    modelled, covariance = wide(np.ones((days, assets), bool)), bread @ meat @ bread
    data = cube_of(
        wide(own), wide(np.zeros_like(own)), wide(returns), wide(exposure), modelled, wide(u), f, covariance, sector
    ).assign_coords(factor=FACTORS[1:])  # fmt: skip
    data["absolute_coefficient"][:] = 1 / days  # their mean over days in the place of linking
    result = result_of(data)
    factors, groups = (result.with_errors(cut, absolute=True) for cut in ("factor", "group"))
    names = list(theirs.factors.names)
    np.testing.assert_allclose(factors["contribution"][names], theirs.factors.mu_contrib, rtol=1e-8)
    np.testing.assert_allclose(factors["standard_error"][names], theirs.factors.mu_contrib_uncertainty, rtol=1e-8)
    np.testing.assert_allclose(
        groups["standard_error"][list(theirs.families.names)], theirs.families.mu_contrib_uncertainty, rtol=1e-8
    )
    assert factors["contribution"]["specific"] == pytest.approx(theirs.idio.mu_contrib, rel=1e-8)
    assert factors["standard_error"]["specific"] == pytest.approx(theirs.idio.mu_uncertainty, rel=1e-8)


@cache
def simulated(draws, days=5, assets=150):
    """Cubes of one small market whose specific returns are drawn anew: as estimated, and as they truly are.

    Specific volatilities owe nothing to the size of a name, so that only heteroskedasticity-consistent errors can cover.
    """
    rng = np.random.default_rng(12)
    own, _ = sides(rng, days, assets)
    cap = rng.lognormal(0, 1.0, assets)
    other = np.broadcast_to(np.append(cap / cap.sum(), 0.0), (days, assets + 1))
    sector = np.array(SECTORS)[np.arange(assets) % 3]
    styles = rng.normal(size=(days, assets, 2))
    by_sector = rng.normal(0, 0.01, (days, 3))
    share = np.array([cap[sector == name].sum() for name in SECTORS]) / cap.sum()
    by_sector -= (by_sector @ share)[:, None]  # as the model has it: cap-weighted sector returns sum to zero
    f = np.column_stack([rng.normal(0, 0.01, days), by_sector, rng.normal(0, 0.005, (days, 2))])
    exposure = np.zeros((days, len(FACTORS), assets + 1))
    exposure[:, 0, :-1] = 1.0
    exposure[:, 1:4, :-1] = sector == np.array(SECTORS)[:, None]
    exposure[:, 4:, :-1] = styles.transpose(0, 2, 1)
    u = rng.normal(size=(draws, days, assets)) * rng.uniform(0.005, 0.04, assets)
    returns = np.einsum("tki,tk->ti", exposure, f)[:, :-1] + u
    labels = {"time": np.arange(draws * days), "asset": [f"A{i:03d}" for i in range(assets)]}
    fit = rm.cross_sectional_regression(
        returns=xr.DataArray(returns.reshape(-1, assets), labels, ("time", "asset")),
        exposures=xr.DataArray(np.tile(styles, (draws, 1, 1)), labels | {"factor": STYLES}, ("time", "asset", "factor")),
        sectors=xr.DataArray(sector, {"asset": labels["asset"]}, ("asset",)),
        market_cap=xr.DataArray(np.tile(cap, (draws * days, 1)), labels, ("time", "asset")),
    )
    order = {"factor": FACTORS}
    estimates = fit["factor_returns"].sel(order).values.reshape(draws, days, -1)
    covariance = (
        fit["estimation_error_covariance"]
        .sel(order | {"factor_other": FACTORS})
        .values.reshape(draws, days, len(FACTORS), -1)
    )
    specific = np.pad(fit["specific_returns"].values.reshape(draws, days, assets), ((0, 0), (0, 0), (0, 1)))
    modelled = np.broadcast_to(np.arange(assets + 1) < assets, (days, assets + 1))
    pairs = []
    for draw in range(draws):
        earned = np.pad(returns[draw], ((0, 0), (0, 1)))
        data = cube_of(own, other, earned, exposure, modelled, specific[draw], estimates[draw], covariance[draw], sector)
        truly = {"factor_return": ("time", "factor"), "specific_return": ("time", "asset")}
        true_values = (f, np.pad(u[draw], ((0, 0), (0, 1))))
        truth = data.assign({name: (dims, v) for (name, dims), v in zip(truly.items(), true_values, strict=True)})
        pairs.append((result_of(data), result_of(truth)))
    return pairs


def covered(draws, table):
    """Share of draws in which the truth lies within 1.96 errors of the estimate, for each row that has an error."""
    inside = []
    for estimated, truth in simulated(draws):
        ours, true = table(estimated), table(truth)
        rows = ours["standard_error"] > 1e-9
        miss = (ours["contribution"] - true["contribution"])[rows] / ours["standard_error"][rows]
        inside.append(miss.abs() <= 1.96)
    return np.mean(inside, axis=0)


def cut(*cuts):
    return lambda result: result.with_errors(*cuts)


def brinson(result):
    return result.brinson_by_factor("sector")


@pytest.mark.parametrize(
    ("table", "draws"),
    [(cut("factor"), 60), (cut("stock", "group"), 60), (brinson, 30)],
    ids=["factor", "stock", "Brinson"],
)
def test_errors_cover_the_truth_in_95_of_100_draws(table, draws):
    shares = covered(draws, table)
    assert 0.92 < shares.mean() < 0.98
    assert shares.min() > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(
    "table",
    [cut("factor"), cut("group"), cut("sector", "factor"), cut("stock", "factor"), cut("day", "factor"), brinson],
    ids=["factor", "group", "sector x factor", "stock x factor", "day x factor", "Brinson by factor"],
)
def test_errors_cover_the_truth_in_95_of_100_of_many_draws(table):
    shares = covered(2000, table)
    print(f"{shares.mean():.4f}, rows from {shares.min():.3f} to {shares.max():.3f}")
    assert 0.94 < shares.mean() < 0.965
    assert shares.min() > 0.92
