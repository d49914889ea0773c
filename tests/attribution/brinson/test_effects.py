"""Brinson effects: published tables, policies for what one side lacks, offsetting weights, geometric, what is refused."""

from __future__ import annotations

from math import fsum

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from attribution.brinson.effects import brinson_effects, geometric_effects
from attribution.linking.linking import link
from riskmodel import InputError
from tests.attribution.brinson.inputs import SIDES, drawn, example, one_period

BACON = example("bacon2008_single_period")
NAMES = ["Energy", "Utilities", "Crypto"]
# the benchmark does not hold Crypto: B = 0.5 x 4 % + 0.5 x 2 % = 3 %, R = 0.5 x 5 % + 0.4 x 2 % + 0.1 x 20 % = 5.3 %
OUTSIDE = one_period(NAMES, [0.5, 0.4, 0.1], [0.5, 0.5, 0.0], [0.05, 0.02, 0.20], [0.04, 0.02, np.nan])
# the portfolio does not hold Utilities: R = 5 %, B = 3 %
ABSENT = one_period(NAMES[:2], [1.0, 0.0], [0.5, 0.5], [0.05, np.nan], [0.04, 0.02])


def bacon_sides():
    return one_period(BACON["segments"], *(BACON[name] for name in SIDES))


def of(effects, segment):
    return {name: round(float(effects.sel(segment=segment, effect=name)), 12) for name in effects["effect"].values}


@pytest.mark.parametrize("name", BACON["effects"])
def test_bacons_single_period_tables_are_reproduced(name):
    printed = BACON["effects"][name]
    method, interaction = name.split("_")
    split = geometric_effects if method == "geometric" else brinson_effects
    days = split(**bacon_sides(), method="fachler" if method == "geometric" else method, interaction=interaction)
    assert set(days.effects["effect"].values) == set(printed) - {"tolerance"}
    for effect in days.effects["effect"].values:
        values = days.effects.sel(effect=effect)
        np.testing.assert_allclose([*values.values, float(values.sum())], printed[effect], atol=printed["tolerance"])


def test_bacons_totals_are_reproduced():
    days, totals = brinson_effects(**bacon_sides()), BACON["totals"]
    own, other = float(days.portfolio_return), float(days.benchmark_return)
    assert (own, other, own - other) == pytest.approx(
        (totals["portfolio"], totals["benchmark"], totals["excess"]), abs=1e-15
    )
    assert (1 + own) / (1 + other) - 1 == pytest.approx(totals["geometric_excess"], abs=5e-7)


def test_a_web_example_contradicts_its_own_data():
    """Its printed totals are not what its weights and returns give; its allocations are those of the printed benchmark."""
    case = example("acadifi_web_example")
    days = brinson_effects(**one_period(case["segments"], *(case[name] for name in SIDES)))
    printed, given = case["printed"], case["given_by_its_data"]
    assert float(days.portfolio_return) == pytest.approx(given["portfolio"], abs=1e-15)
    assert float(days.benchmark_return) == pytest.approx(given["benchmark"], abs=1e-15)
    assert abs(float(days.portfolio_return) - printed["portfolio"]) > 0.5 * case["tolerance"]
    assert abs(float(days.benchmark_return) - printed["benchmark"]) > 10 * case["tolerance"]
    allocation = days.effects.sel(effect="allocation")
    assert float(allocation.sum()) == pytest.approx(printed["allocation_total"], abs=case["tolerance"])
    np.testing.assert_allclose(allocation, printed["allocation"], atol=case["tolerance"])
    active = np.subtract(case["portfolio_weight"], case["benchmark_weight"])
    with_printed = active * (np.array(case["benchmark_return"]) - printed["benchmark"])
    np.testing.assert_allclose(with_printed, printed["allocation"], atol=5.1e-6)  # its own rounding
    assert abs(allocation - printed["allocation"]).max() > 2e-5


def test_a_regression_example_closes_only_with_the_intercept_that_its_text_denies():
    case = example("lu_kane_three_stocks")
    printed, active = case["printed"], np.array(case["active_weight"])
    exposures, returns = np.column_stack([case["size"], case["value"]]), np.array(case["return"])
    assert active @ exposures == pytest.approx(list(printed["active_exposure"].values())[:2], abs=0.005)
    with_intercept = np.linalg.solve(np.column_stack([np.ones(3), exposures]), returns)[1:]
    without = np.linalg.lstsq(exposures, returns, rcond=None)[0]
    assert with_intercept == pytest.approx([printed["factor_return"][k] for k in ("size", "value")], abs=5.1e-5)
    assert np.abs(without - with_intercept).min() > 0.1
    own, other = (xr.DataArray([r], {"time": ["year"]}, ("time",)) for r in (active @ returns, 0.0))

    def linked(factor_returns):
        cells = xr.DataArray(
            [active @ exposures * factor_returns], {**own.coords, "factor": ["size", "value"]}, ("time", "factor")
        )
        return link(cells, own, other)

    contribution = linked(with_intercept)
    assert contribution.values == pytest.approx([printed["contribution"][k] for k in ("size", "value")], abs=5e-4)
    assert float(contribution.sum()) == pytest.approx(printed["active_return"], abs=1e-12)
    with pytest.raises(InputError, match=r"do not sum to the excess return: year 0\.107853, not -0\.11"):
        linked(without)


# ---------------------------------------------------------------- a group that one side does not hold


@pytest.mark.parametrize(
    ("missing", "interaction", "expected"),
    [
        # active weight 10 %: (20 % - 3 %) x 0.1 all to allocation
        ("other-side", "separate", {"allocation": 0.017, "selection": 0.0, "interaction": 0.0}),
        # benchmark return 3 %: nothing to allocate to, 10 % x (20 % - 3 %) earned outside the benchmark
        ("benchmark-total", "separate", {"allocation": 0.0, "selection": 0.0, "interaction": 0.017}),
        ("benchmark-total", "selection", {"allocation": 0.0, "selection": 0.017}),
        # benchmark return 0: 10 % x (0 - 3 %) and 10 % x 20 %
        ("zero", "separate", {"allocation": -0.003, "selection": 0.0, "interaction": 0.02}),
        ("zero", "selection", {"allocation": -0.003, "selection": 0.02}),
    ],
)
def test_a_group_outside_the_benchmark_follows_the_stated_policy(missing, interaction, expected):
    days = brinson_effects(**OUTSIDE, missing=missing, interaction=interaction)
    assert of(days.effects, "Crypto") == pytest.approx(expected, abs=1e-12)
    assert float(days.effects.sum()) == pytest.approx(0.053 - 0.03, abs=1e-15)


@pytest.mark.parametrize("missing", ["other-side", "benchmark-total"])
def test_a_group_that_the_portfolio_leaves_out_is_allocation_alone(missing):
    effects = brinson_effects(**ABSENT, missing=missing).effects  # -50 % x (2 % - 3 %)
    assert of(effects, "Utilities") == {"allocation": 0.005, "selection": 0.0, "interaction": 0.0}


def test_zero_for_a_missing_portfolio_return_invents_selection_and_takes_it_back():
    effects = brinson_effects(**ABSENT, missing="zero").effects
    assert of(effects, "Utilities") == {"allocation": 0.005, "selection": -0.01, "interaction": 0.01}


def test_a_return_that_is_given_is_used_though_its_weight_is_zero():
    given = OUTSIDE | {"benchmark_return": OUTSIDE["benchmark_return"].fillna(0.15)}  # an index of the group, say
    for missing in ("other-side", "benchmark-total", "zero", "error"):
        effects = brinson_effects(**given, missing=missing).effects
        assert of(effects, "Crypto") == {"allocation": 0.012, "selection": 0.0, "interaction": 0.005}


def test_error_refuses_a_group_without_a_return_on_the_other_side():
    with pytest.raises(InputError) as caught:
        brinson_effects(**OUTSIDE, missing="error")
    assert str(caught.value) == (
        "segment: 1 segment with a weight on one side and no return on the other: Crypto. "
        "Give the return, or choose what to take for it: other-side, benchmark-total, zero."
    )


def test_a_segment_that_one_side_has_not_at_all_counts_as_weight_zero():
    short = {name: OUTSIDE[name] if name.startswith("portfolio") else OUTSIDE[name].isel(segment=[0, 1]) for name in SIDES}
    xr.testing.assert_identical(brinson_effects(**short).effects, brinson_effects(**OUTSIDE).effects)


# ---------------------------------------------------------------- zero and offsetting weights, shorts, cash


def test_a_long_short_group_without_net_weight_keeps_its_contribution_as_selection():
    """20 % long and 20 % short in one group make 1.4 % of return on no net weight: there is no return to divide out."""
    sides = one_period(
        ["Rest", "Pairs"], [1.0, 0.0], [0.9, 0.1], [0.05, np.nan], [0.04, 0.02], portfolio_contribution=[0.05, 0.014]
    )
    days = brinson_effects(**sides)  # B = 3.8 %
    assert float(days.portfolio_return) == pytest.approx(0.064, abs=1e-15)
    assert of(days.effects, "Pairs") == pytest.approx({"allocation": 0.0018, "selection": 0.014, "interaction": 0.0})
    assert float(days.effects.sum()) == pytest.approx(0.064 - 0.038, abs=1e-15)


@pytest.mark.parametrize("interaction", ["separate", "selection", "allocation"])
@pytest.mark.parametrize("method", ["fachler", "bhb"])
def test_contributions_without_weight_on_either_side_are_not_lost(method, interaction):
    sides = one_period(
        ["Rest", "Pairs", "Proxy"],
        [1.0, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [0.05, np.nan, np.nan],
        [0.04, np.nan, np.nan],
        portfolio_contribution=[0.05, 0.014, 0.0],
        benchmark_contribution=[0.04, 0.003, -0.001],
    )
    effects = brinson_effects(**sides, method=method, interaction=interaction).effects
    np.testing.assert_allclose(effects.sel(effect="selection"), [0.01, 0.011, 0.001], atol=1e-15)
    np.testing.assert_allclose(effects.drop_sel(effect="selection"), 0.0, atol=1e-15)


def test_a_short_segment_gains_where_it_falls():
    effects = brinson_effects(**one_period(["Long", "Short"], [1.3, -0.3], [1, 0], [0.02, -0.10], [0.02, -0.04])).effects
    # active -30 %: allocation -0.3 x (-4 % - 2 %), interaction -0.3 x (-10 % + 4 %)
    assert of(effects, "Short") == {"allocation": 0.018, "selection": 0.0, "interaction": 0.018}


def test_cash_is_a_segment_like_others():
    effects = brinson_effects(**one_period(["Stocks", "Cash"], [0.9, 0.1], [1, 0], [-0.05, 0.001], [-0.05, np.nan])).effects
    assert of(effects, "Cash") == {"allocation": 0.0051, "selection": 0.0, "interaction": 0.0}
    assert fsum(effects.values.ravel()) == pytest.approx(0.0051, abs=1e-15)


def test_rounded_weights_leave_a_remainder_that_keeps_the_sum():
    sides = one_period(["A", "B"], [0.6, 0.4], [0.5, 0.4999], [0.05, 0.01], [0.04, 0.02])
    days = brinson_effects(**sides, weight_tolerance=1e-4)
    excess = 0.034 - (0.02 + 0.4999 * 0.02)
    assert list(days.effects["segment"].values) == ["A", "B", "(remainder)"]
    assert float(days.effects.sum()) == pytest.approx(excess, abs=1e-16)
    assert of(days.effects, "(remainder)")["allocation"] == round(1e-4 * (0.02 + 0.4999 * 0.02), 12)
    assert "(remainder)" not in brinson_effects(**sides, weight_tolerance=1e-4, method="bhb").effects["segment"]
    for interaction in ("selection", "allocation"):
        closed = (
            1 + geometric_effects(**sides, weight_tolerance=1e-4, interaction=interaction).effects.sum("segment")
        ).prod()
        assert float(closed) == pytest.approx(1.034 / (1.034 - excess), abs=1e-15)


# ---------------------------------------------------------------- geometric, many portfolios, order of labels


@pytest.mark.parametrize("shorts", [False, True])
@pytest.mark.parametrize("interaction", ["selection", "allocation", "separate"])
@pytest.mark.parametrize("method", ["fachler", "bhb"])
def test_geometric_effects_close_on_the_ratio(method, interaction, shorts):
    days = geometric_effects(**drawn(3, shorts=shorts), method=method, interaction=interaction)
    totals = days.effects.sum("segment")
    ratio = (1 + days.portfolio_return) / (1 + days.benchmark_return)
    np.testing.assert_allclose((1 + totals).prod("effect"), ratio, rtol=1e-14)
    middle = days.selection_return if interaction == "allocation" else days.allocation_return
    first = "selection" if interaction == "allocation" else "allocation"
    np.testing.assert_allclose(1 + totals.sel(effect=first), (1 + middle) / (1 + days.benchmark_return), rtol=1e-14)


def test_many_portfolios_at_once_are_each_on_its_own():
    parts = [drawn(seed) for seed in (1, 2, 3)]
    index = pd.Index(["a", "b", "c"], name="portfolio")
    stacked = {name: xr.concat([part[name] for part in parts], index) for name in SIDES if name.startswith("portfolio")}
    shared = {name: parts[0][name] for name in SIDES if name.startswith("benchmark")}
    together = brinson_effects(**stacked, **shared)
    assert together.effects.dims == ("time", "segment", "portfolio", "effect")
    for label, part in zip(index, parts, strict=True):
        alone = brinson_effects(**{name: part[name] for name in stacked}, **shared)
        np.testing.assert_allclose(together.effects.sel(portfolio=label), alone.effects, atol=1e-16)
    linked = link(together.effects, together.portfolio_return, together.benchmark_return)
    assert linked.dims == ("segment", "portfolio", "effect")


def test_labels_align_whatever_their_order():
    sides = drawn(7)
    turned = sides | {
        "benchmark_return": sides["benchmark_return"].isel(time=slice(None, None, -1), segment=[3, 1, 0, 4, 2])
    }
    xr.testing.assert_allclose(brinson_effects(**turned).effects, brinson_effects(**sides).effects, rtol=0, atol=1e-17)


# ---------------------------------------------------------------- what is refused


def with_value(name, value, *, time=0, segment=0):
    sides = {key: array.copy() for key, array in drawn(0, periods=2, segments=3).items()}
    sides[name][time, segment] = value
    return sides


def relabelled(name, **labels):
    sides = drawn(0, periods=2, segments=3)
    return sides | {name: sides[name].assign_coords(labels)}


def scaled(name, factor):
    sides = drawn(0, periods=2, segments=3)
    return sides | {name: sides[name] * factor}


BAD = {
    "codes of two kinds": (
        relabelled("benchmark_weight", segment=[10, 20, 30]),
        "segment: codes are numbers in benchmark_weight (10, 20, 30) and text in portfolio_weight ('S0', 'S1', 'S2'). "
        "Write them as text on both sides; '0130' is damaged once it is a number.",
    ),
    "duplicate segments": (
        relabelled("portfolio_return", segment=["S0", "S1", "S1"]),
        "portfolio_return: 1 duplicate label of 'segment': S1. Keep one each, or add up what belongs together.",
    ),
    "duplicate days": (
        relabelled("portfolio_weight", time=pd.DatetimeIndex(["2024-01-02"] * 2)),
        "portfolio_weight: 1 duplicate label of 'time': 2024-01-02. Keep one each, or add up what belongs together.",
    ),
    "weights in percent": (
        scaled("portfolio_weight", 100),
        "portfolio_weight: weights of 2024-01-02 sum to 100, 2024-01-03 sum to 100, not 1. "
        "They look like percent; divide by 100.",
    ),
    "weights that miss one": (
        scaled("benchmark_weight", 0.9),
        "benchmark_weight: weights of 2024-01-02 sum to 0.9, 2024-01-03 sum to 0.9, not 1. "
        "Add what is missing, or give decimals; cash is a segment of its own.",
    ),
    "NaN weight": (
        with_value("benchmark_weight", np.nan, segment=2),
        "benchmark_weight: 1 missing or infinite value: (2024-01-02, S2). A segment that is not held has weight 0.",
    ),
    "NaN return": (
        with_value("portfolio_return", np.nan, time=1),
        "portfolio_return: 1 return missing where the weight (shown) is not zero: (2024-01-03, S0) 0.00103976. "
        "It is never taken as 0; give the return.",
    ),
    "infinite return": (
        with_value("benchmark_return", np.inf),
        "benchmark_return: 1 infinite value: (2024-01-02, S0) inf. "
        "Usually a division by zero upstream; leave the return of a segment that is not held empty.",
    ),
    "return below -100 %": (
        with_value("benchmark_return", -1.5),
        "benchmark_return: 1 return below -1 (a loss of more than 100 %): (2024-01-02, S0) -1.5. "
        "Returns are decimals: -0.05 is a loss of 5 %.",
    ),
    "days of two sides that do not match": (
        relabelled("benchmark_return", time=pd.DatetimeIndex(["2024-01-02", "2024-01-04"])),
        "benchmark_return: 2 labels of 'time' not as in portfolio_weight; only in benchmark_return: 2024-01-04; "
        "only in portfolio_weight: 2024-01-03. Give both the same labels, e.g. with xarray.align.",
    ),
    "hours": (
        relabelled("portfolio_weight", time=pd.DatetimeIndex(["2024-01-02 16:00", "2024-01-03 16:00"])),
        "portfolio_weight: 2 dates with a time of day: 2024-01-02 16:00:00, 2024-01-03 16:00:00. "
        "Give plain dates, so that both sides' days match.",
    ),
    "time zones": (
        relabelled("portfolio_weight", time=list(pd.DatetimeIndex(["2024-01-02", "2024-01-03"], tz="Asia/Tokyo"))),
        "portfolio_weight: 2 dates with a time zone: 2024-01-02 00:00:00+09:00, 2024-01-03 00:00:00+09:00. "
        "Give plain dates.",
    ),
    "no periods": (
        {name: array.isel(time=[]) for name, array in drawn(0).items()},
        "portfolio_weight: dimension 'time' is empty. Check the period and the names.",
    ),
    "no labels": (
        drawn(0) | {"portfolio_return": drawn(0)["portfolio_return"].drop_vars("segment")},
        "portfolio_return: dimension 'segment' has no labels. Give them; positions are never used.",
    ),
    "bare numbers": (
        drawn(0) | {"portfolio_return": drawn(0)["portfolio_return"].values},
        "portfolio_return: is of type ndarray, without labels. Give a DataArray, a Series or a DataFrame by (segment, ...).",
    ),
    "no segments": (
        drawn(0) | {"portfolio_weight": drawn(0)["portfolio_weight"].rename(segment="sector")},
        "portfolio_weight: dimensions (time, sector); it takes (segment, ...).",
    ),
    "text": (
        drawn(0) | {"portfolio_weight": drawn(0)["portfolio_weight"].astype(str)},
        "portfolio_weight: values are <U32, not numbers.",
    ),
}


@pytest.mark.parametrize(("sides", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_these_words(sides, message):
    with pytest.raises(InputError) as caught:
        brinson_effects(**sides)
    assert str(caught.value) == message


@pytest.mark.parametrize("factor", [100, 5000], ids=["percent", "prices"])
def test_returns_in_percent_and_prices_are_told(factor):
    sides = {name: array.clip(min=0.015) if "return" in name else array for name, array in drawn(0).items()}
    with pytest.raises(InputError) as caught:
        brinson_effects(**sides | {"portfolio_return": sides["portfolio_return"] * factor})
    assert str(caught.value).startswith("portfolio_return: 30 values of 30 above 1 in size: (2024-01-02, S0) ")
    assert str(caught.value).endswith(" and 25 more. They look like percent (divide by 100) or prices (give returns).")


def test_unknown_words_are_refused_with_the_known_ones():
    for option, known in (
        ("method", "fachler, bhb"),
        ("interaction", "separate, selection, allocation"),
        ("missing", "other-side, benchmark-total, zero, error"),
    ):
        for split in (brinson_effects, geometric_effects):
            with pytest.raises(InputError, match=f"^{option} 'no': the choices are {known}.$"):
                split(**OUTSIDE, **{option: "no"})


def test_geometric_refuses_a_benchmark_that_lost_everything():
    sides = one_period(["A", "B"], [1, 0], [0, 1], [0.1, 0.1], [0.1, -1.0])
    with pytest.raises(InputError, match=r"geometric attribution: 1 \+ B is not positive in the period"):
        geometric_effects(**sides)
