"""Brinson by factor: the split adds up both ways, reduces to plain Brinson, and is what loops over days and groups give."""

from __future__ import annotations

from math import fsum

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attribution as at
from tests.attribution.contributions.cubes import SECTORS, cube_of, drawn_cube, linked, result_of, sides
from tests.conftest import REAL, dear_examples

quick = settings(deadline=None, max_examples=dear_examples(), derandomize=True)
COLUMNS = ["course", "grouping", "group", "effect", "factor", "contribution", "standard_error", "t"]
EFFECTS = ["allocation", "selection", "interaction"]
FIVE_METHODS = [(m, i) for m in ("fachler", "bhb") for i in ("separate", "selection", "allocation")]
METHODS = pytest.mark.parametrize(("method", "interaction"), FIVE_METHODS)
MISSING = ("other-side", "benchmark-total", "zero")


def over_factors(table):
    return table.groupby(["grouping", "group", "effect"])["contribution"].sum().unstack()


def require_both_ways(result, *groupings, atol=1e-12, **options):
    """Over factors the effects of plain Brinson, over groups and effects the cube's factors."""
    table = result.brinson_by_factor(*groupings, **options)
    assert list(table.columns) == COLUMNS
    plain = result.brinson(*groupings, **options).set_index(["grouping", "group"])
    effects = over_factors(table)
    assert set(effects.index) == set(plain.index)
    for effect in EFFECTS:
        ours = effects[effect].fillna(0.0) if effect in effects else 0.0 * plain[effect]
        np.testing.assert_allclose(ours.reindex(plain.index), plain[effect], rtol=0, atol=atol)
    factors = table.groupby("factor", sort=False)["contribution"].sum()
    expected = result.by("factor")
    assert list(factors.index) == list(expected.index)
    np.testing.assert_allclose(factors, expected, rtol=0, atol=atol)
    assert fsum(table["contribution"]) == pytest.approx(result.excess_return, abs=atol)
    return table


@pytest.mark.parametrize("missing", MISSING)
@METHODS
def test_factors_add_to_each_effect_and_groups_to_each_factor(small_result, method, interaction, missing):
    require_both_ways(small_result, "sector", method=method, interaction=interaction, missing=missing)


@quick
@given(
    st.integers(0, 10_000),
    st.sampled_from(FIVE_METHODS),
    st.sampled_from(MISSING),
    st.booleans(),
    st.sampled_from(["carino", "menchero", "grap"]),
)
def test_both_sums_hold_for_any_weights_policy_and_link(seed, method, missing, shorts, link):
    data = linked(drawn_cube(seed, days=4, assets=7, shorts=shorts), link)
    options = {"method": method[0], "interaction": method[1], "missing": missing}
    require_both_ways(result_of(data, link), "sector", **options)


@pytest.mark.parametrize("anchored", [False, True])
@METHODS
def test_levels_of_a_hierarchy_are_split_too(small_result, method, interaction, anchored):
    letters = pd.Series({str(t): str(t)[0] for t in small_result.data["asset"].values}, name="letter")
    table = require_both_ways(small_result, "sector", letters, method=method, interaction=interaction, anchored=anchored)
    assert list(table["grouping"].unique()) == ["sector", "sector > letter"]


@quick
@given(st.integers(0, 10_000), st.sampled_from(FIVE_METHODS), st.sampled_from(MISSING), st.booleans())
def test_anchored_levels_are_split_where_positions_of_the_benchmark_offset(seed, method, missing, shorts):
    """Whether a parent's weight can be scaled is one answer for the return and all its sources."""
    data = drawn_cube(seed, days=3, assets=9, shorts=shorts, one_sided=False)
    sector = data["sector"].values[:-1]
    pair = np.flatnonzero(sector == sector[0])
    other = data["benchmark_weight"].copy()
    other[:, pair[0]] += 0.2
    other[:, pair[-1]] -= 0.2
    other[:, -1] += other[:, pair].sum(axis=1)
    other[:, pair[0]] -= other[:, pair].sum(axis=1)
    official = (other * data["asset_return"]).sum("asset")
    same = {
        "benchmark_weight": other,
        "benchmark_live": other,
        "constituents_return": official,
        "benchmark_return": official,
    }
    letters = pd.Series({a: "xyz"[i % 3] for i, a in enumerate(data["asset"].values)}, name="letter")
    options = {"method": method[0], "interaction": method[1], "missing": missing, "anchored": True}
    require_both_ways(result_of(linked(data.assign(same))), "sector", letters, **options)


@pytest.mark.parametrize(("method", "against"), [("bhb", "zero"), ("fachler", "benchmark")])
def test_over_its_effects_a_groups_factor_is_its_cell_of_the_cube(small_result, method, against):
    """Brinson-Hood-Beebower measures against nothing, Brinson-Fachler against the benchmark."""
    table = small_result.brinson_by_factor("sector", method=method)
    rows = table.groupby(["group", "factor"])["contribution"].sum()
    cells = small_result.by("sector", "factor", against=against)
    np.testing.assert_allclose(rows[cells.index], cells, rtol=0, atol=1e-15)


@quick
@given(st.integers(0, 10_000), st.sampled_from(MISSING), st.booleans())
def test_a_groups_cells_are_its_fachler_effects_whatever_is_held_or_stops(seed, missing, shorts):
    result = result_of(drawn_cube(seed, days=4, assets=7, shorts=shorts))
    table = result.brinson_by_factor("sector", missing=missing)
    rows = table.groupby(["group", "factor"])["contribution"].sum()
    cells = result.by("sector", "factor")
    np.testing.assert_allclose(rows[cells.index], cells, rtol=0, atol=1e-15)


def sector_model(seed, *, days=6, assets=12, link="carino"):
    """A model whose only factors are sectors, their returns the benchmark's of each sector: weights are the regression's."""
    rng = np.random.default_rng(seed)
    own, other = sides(rng, days, assets)
    sector = np.array(SECTORS)[np.arange(assets) % 3]
    returns = np.pad(rng.normal(0, 0.02, (days, assets)), ((0, 0), (0, 1)), constant_values=0.0001)
    exposure = np.zeros((days, 3, assets + 1))
    exposure[:, :, :-1] = sector == np.array(SECTORS)[:, None]
    weight = np.einsum("tki,ti->tk", exposure, other)
    f = np.einsum("tki,ti,ti->tk", exposure, other, returns) / weight
    modelled = np.arange(assets + 1) < assets
    specific = (returns - np.einsum("tki,tk->ti", exposure, f)) * modelled
    covariance = np.broadcast_to(1e-6 * np.eye(3), (days, 3, 3))
    data = cube_of(
        own, other, returns, exposure, np.broadcast_to(modelled, own.shape), specific, f, covariance, sector, link=link
    ).assign_coords(factor=SECTORS)  # fmt: skip
    return result_of(data, link), weight, f


@pytest.mark.parametrize("seed", range(3))
def test_with_sectors_as_the_only_factors_it_is_plain_brinson(seed):
    """Davis & Menchero (2010): sector factors make up all of allocation, specific returns all of selection."""
    result, weight, f = sector_model(seed)
    table = result.brinson_by_factor("sector")
    table = table.set_index(["effect", "group", "factor"])["contribution"].unstack()
    plain = result.brinson("sector").set_index("group")
    names = [*SECTORS]
    np.testing.assert_allclose(
        table.loc["allocation", names].sum(axis=1)[names], plain["allocation"][names], rtol=0, atol=1e-12
    )
    assert table.loc["allocation", "specific"].abs().max() < 1e-15
    for effect in ("selection", "interaction"):
        np.testing.assert_allclose(table.loc[effect, "specific"][names], plain[effect][names], rtol=0, atol=1e-12)
        assert table.loc[effect, names].abs().max().max() < 1e-15
    # allocation of sector g to factor h: (W_g - B_g)(1 if g is h, less B_h) f_h, each day by its coefficient
    own = np.einsum("tki,ti->tk", result.data["exposure"].values, result.data["portfolio_weight"].values)
    for g, group in enumerate(names):
        for h, factor in enumerate(names):
            daily = (own - weight)[:, g] * ((g == h) - weight[:, h]) * f[:, h]
            expected = (daily * result.data["coefficient"].values).sum()
            assert table.loc[("allocation", group), factor] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("link", ["carino", "menchero", "grap", "frongello"])
@METHODS
def test_with_sectors_as_the_only_factors_every_method_and_link_reduces(method, interaction, link):
    """Plain effects by hand from the sectors' weights and returns; folded interaction stays specific wherever it goes."""
    result, other, s = sector_model(4, link=link)
    data = result.data
    member = data["exposure"].values
    own, earned = (
        np.einsum("tki,ti->tk", member, values)
        for values in (data["portfolio_weight"].values, (data["portfolio_weight"] * data["asset_return"]).values)
    )
    spread, active = np.divide(earned, own, out=s.copy(), where=own != 0) - s, own - other
    relative = s - (other * s).sum(axis=1, keepdims=True) if method == "fachler" else s
    nothing = 0.0 * s
    by_factors = {"allocation": active * relative, "selection": nothing, "interaction": nothing}
    specific = {"allocation": nothing, "selection": other * spread, "interaction": active * spread}
    if interaction != "separate":
        specific[interaction] = specific[interaction] + specific.pop("interaction")
    table = result.brinson_by_factor("sector", method=method, interaction=interaction)
    assert set(table["effect"]) == set(specific)
    table = table.set_index(["effect", "group", "factor"])["contribution"].unstack()
    scale = data["coefficient"].values
    for effect, expected in specific.items():
        rows = table.loc[effect].loc[SECTORS]
        np.testing.assert_allclose(rows["specific"], scale @ expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(rows[SECTORS].sum(axis=1), scale @ by_factors[effect], rtol=0, atol=1e-12)


def test_the_split_follows_from_exposures_day_by_day():
    """A slow loop over days and groups, Fachler, interaction separate, other side for a group that one side lacks."""
    data = drawn_cube(11)
    result = result_of(data)
    sector = data["sector"].to_series()
    table = result.brinson_by_factor("sector").set_index(["effect", "group", "factor"])
    expected, variance = {}, {}
    for day in data["time"].values:
        at_day = data.sel(time=day)
        scale, covariance = float(at_day["coefficient"]), at_day["covariance"].values
        own, other = at_day["portfolio_weight"].to_series(), at_day["benchmark_weight"].to_series()
        own_live, other_live = at_day["portfolio_live"].to_series(), at_day["benchmark_live"].to_series()
        exposure, f = at_day["exposure"].to_pandas(), at_day["factor_return"].to_series()  # (factor, asset)

        def exposed(weight, live, names, exposure=exposure):
            """To the factors, the market's without what is not invested, and to the market through that."""
            idle = sum(weight[name] if name == "CASH" else weight[name] - live[name] for name in names)
            x = exposure[names] @ live[names]
            return pd.concat([x + idle * (x.index == "market"), pd.Series({"cash_and_stopped": -idle})])

        covariance = np.block(
            [[covariance, covariance[:, :1]], [covariance[:1], covariance[:1, :1]]]
        )  # FACTORS[0] is market
        f["cash_and_stopped"] = f["market"]
        total = exposed(other, other_live, list(sector.index))
        for group in (*SECTORS, "CASH"):
            members = sector.index[sector == group]
            held, listed = own[members].sum(), other[members].sum()
            x = exposed(own, own_live, members) / held if held else None
            y = exposed(other, other_live, members) / listed if listed else x
            x = y if x is None else x
            if x is None:
                continue
            sensitivity = {
                "allocation": (held - listed) * (y - total),
                "selection": listed * (x - y),
                "interaction": (held - listed) * (x - y),
            }
            for effect, e in sensitivity.items():
                for place, factor in enumerate(e.index):
                    key = effect, group, factor
                    if factor != "cash_and_stopped":  # which earns interest too
                        expected[key] = expected.get(key, 0.0) + scale * e[factor] * f[factor]
                    variance[key] = variance.get(key, 0.0) + (scale * e[factor]) ** 2 * covariance[place, place]
                key = effect, group, "specific"
                variance[key] = variance.get(key, 0.0) + scale**2 * e.values @ covariance @ e.values
    assert len(variance) == 3 * 4 * 8
    for key, value in expected.items():
        assert table["contribution"][key] == pytest.approx(value, abs=1e-15), key
    for key, value in variance.items():
        assert table["standard_error"][key] == pytest.approx(np.sqrt(value), abs=1e-15), key


def test_what_is_observed_has_no_error_and_no_t(small_result):
    table = small_result.brinson_by_factor("sector").set_index("factor")
    observed = table.loc[["unmodelled", "proxy"]]
    assert (observed["standard_error"] == 0).all()
    assert observed["t"].isna().all()
    estimated = table[table["standard_error"] > 1e-15]
    np.testing.assert_allclose(estimated["t"], estimated["contribution"] / estimated["standard_error"], rtol=1e-15)


def test_a_portfolio_that_is_its_benchmark_has_nothing_in_any_cell():
    data = drawn_cube(5)
    same = {f"portfolio_{kind}": data[f"benchmark_{kind}"] for kind in ("weight", "live", "return")}
    data = linked(data.assign(same | {"constituents_return": data["benchmark_return"]}))
    table = result_of(data).brinson_by_factor("sector")
    assert table[["contribution", "standard_error"]].abs().max().max() < 1e-17
    assert table["t"].isna().all()


def test_the_index_gap_and_cash_have_rows_of_their_own(small_result):
    table = small_result.brinson_by_factor("sector").set_index(["group", "effect", "factor"])["contribution"]
    gap = table["(proxy)"].unstack()
    assert gap.loc["selection", "proxy"] == pytest.approx(small_result.by("stock")["(proxy)"], abs=1e-15)
    assert gap.drop(columns="proxy").abs().max().max() == 0
    cash = table["CASH"].unstack()
    # cash that the benchmark does not hold is allocation: what it earned less than the market, and the other factors less
    name = "cash_and_stopped"
    assert cash.loc["allocation", name] == pytest.approx(small_result.by("factor")[name], abs=1e-15)
    assert cash.loc["selection"].abs().max() == cash.loc["interaction"].abs().max() == 0
    assert abs(cash.loc["allocation", "market"]) < 1e-15 < abs(cash.loc["allocation", "value"])


def test_a_group_of_offsetting_longs_and_shorts_is_split_by_what_it_contributes():
    data = drawn_cube(2, days=3, assets=6)
    own = data["portfolio_weight"].copy()
    own[:, :6] = [0.5, 0.3, -0.3, 0.2, 0.2, 0.0]
    own[:, 6] = 0.1
    live = {"portfolio_weight": own, "portfolio_live": own}
    data = data.assign(live).assign(portfolio_return=(own * data["asset_return"]).sum("asset"))
    pairs = pd.Series({"A001": "Pair", "A002": "Pair", "CASH": "CASH"}, name="book")
    pairs = pairs.reindex(data["asset"].values).fillna("Core")
    for method, interaction in FIVE_METHODS:
        require_both_ways(result_of(linked(data)), pairs, method=method, interaction=interaction)


def test_relabelling_groups_changes_nothing(small_result):
    sector = small_result.data["sector"].to_series()
    codes = {name: f"S{place:02d}" for place, name in enumerate(sorted(set(sector) - {"CASH"}, reverse=True))}
    one = small_result.brinson_by_factor("sector").set_index(["group", "effect", "factor"])["contribution"]
    two = small_result.brinson_by_factor(sector.map(codes).fillna("CASH"))
    two = two.set_index(["group", "effect", "factor"])["contribution"].rename(
        index={c: n for n, c in codes.items()}, level=0
    )
    np.testing.assert_allclose(two.reindex(one.index), one, rtol=0, atol=1e-16)


def test_the_reconciliation_holds_the_split_to_both_sums(small_result):
    table = small_result.reconciliation.set_index("identity")
    for identity in ("Brinson by factor over factors = Brinson effects", "Brinson by factor over groups = factors"):
        assert bool(table.loc[identity, "passed"])


def refusal(result, *groupings, **options):
    with pytest.raises(at.InputError) as caught:
        result.brinson_by_factor(*groupings, **options)
    return str(caught.value)


def test_what_does_not_fit_is_refused(small_result):
    assert refusal(small_result) == "brinson: no grouping. Name one, such as 'sector'."
    assert refusal(small_result, "country").startswith("grouping 'country': the columns of securities here are ")
    assert refusal(small_result, "sector", method="bf") == "method 'bf': the choices are fachler, bhb."
    assert refusal(small_result, "sector", missing="error").startswith("segment: ")


@pytest.mark.real_market
@pytest.mark.slow
def test_a_year_of_the_real_market_is_split_both_ways(real_market, real_model):
    book = at.read_book(REAL / "book.toml")
    result = at.attribute(book, "Next Major 100", real_model, real_market, period="2015-07/2016-06")
    for method, interaction in FIVE_METHODS:
        require_both_ways(result, "sector", method=method, interaction=interaction)
    table = require_both_ways(result, at.read_grouping(REAL, "sector"))
    # inside a sector both sides have exposure 1 to the market and to the sector, but for names without a model
    selection = table[(table["effect"] == "selection") & (table["factor"] == "market")]
    assert selection["contribution"].abs().max() < 0.002
