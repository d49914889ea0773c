"""Every public function takes pandas where it takes an array: the same numbers, to the last bit."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm

DAYS = pd.bdate_range("2024-01-01", periods=40)
LABELS = {
    "time": DAYS,
    "asset": [f"A{i:02d}" for i in range(12)],
    "asset_other": [f"A{i:02d}" for i in range(12)],
    "factor": ["market", "value"],
    "factor_other": ["market", "value"],
    "segment": ["Tech", "Rest", "CASH"],
    "market": ["US", "JP"],
    "currency": ["USD", "JPY"],
    "portfolio": ["P", "Q"],
}
THREE_DIMENSIONS = {"exposures", "covariance", "weights"}  # of those functions that want (time, asset, factor) and the like


def drawn(*dims, scale=0.01, seed=0):
    values = np.random.default_rng(seed).normal(size=[len(LABELS[dim]) for dim in dims]) * scale
    return xr.DataArray(values, {dim: LABELS[dim] for dim in dims}, dims)


def sharing(*dims, seed=0):
    parts = abs(drawn(*dims, seed=seed)) + 0.1
    return parts / parts.sum(dims[-1])


def square(dim):
    f = drawn("time", dim)
    values = f.to_numpy().T @ f.to_numpy() + 1e-4 * np.eye(len(LABELS[dim]))
    return xr.DataArray(values, {dim: LABELS[dim], f"{dim}_other": LABELS[dim]}, (dim, f"{dim}_other"))


SECTORS = xr.DataArray(["S", "T", "T"] * 4, {"asset": LABELS["asset"]}, ("asset",))
EXPOSURES = drawn("time", "asset", "factor", scale=1.0).assign_coords(factor=["growth", "value"])
PANEL = {"returns": drawn("time", "asset"), "exposures": EXPOSURES, "sectors": SECTORS}
CAP = abs(drawn("time", "asset", scale=1e9, seed=1)) + 1e9
RISK = {
    "exposures": drawn("asset", "factor", scale=1.0),
    "factor_covariance": square("factor"),
    "specific_variance": xr.full_like(drawn("asset"), 4e-4),
    "groups": {"market": "market", "value": "style"},
}
SIDES = {
    "portfolio_weight": sharing("time", "segment"),
    "benchmark_weight": sharing("time", "segment", seed=1),
    "portfolio_return": drawn("time", "segment"),
    "benchmark_return": drawn("time", "segment", seed=1),
}
CONTRIBUTED = {
    f"{side}_contribution": SIDES[f"{side}_weight"] * SIDES[f"{side}_return"] for side in ("portfolio", "benchmark")
}
SETTINGS = rm.CovarianceSettings(eigenfactor_simulations=20, minimum_history=10)
PAIR = ["A00", "A01"]
LINKED = square("asset").sel(asset=PAIR, asset_other=PAIR)
LINKED = LINKED.copy(data=[[4e-4, 2e-4], [2e-4, 4e-4]])
MONEY = {
    "portfolio_weights": sharing("time", "market"),
    "benchmark_weights": sharing("time", "market", seed=1),
    **{
        name: drawn("time", "market", seed=seed)
        for seed, name in enumerate(["portfolio_returns", "benchmark_returns", "local_cash_returns"])
    },
    "portfolio_currency_weights": sharing("time", "currency"),
    "benchmark_currency_weights": sharing("time", "currency", seed=1),
    "portfolio_currency_returns": drawn("time", "currency"),
    "benchmark_currency_returns": drawn("time", "currency", seed=1),
}
EFFECTS = drawn("time", "segment")
CASES = {
    "cross_sectional_regression": (rm, PANEL | {"market_cap": CAP, "weights": CAP**0.5}),
    "estimate": (
        rm,
        PANEL | {"market_cap": CAP, "universe": CAP > 0, "linked": SECTORS}
        | {"model": rm.RiskModel(regression=rm.RegressionSettings(thin_sector=0.0))},
    ),
    "family_regression": (
        rm,
        {"returns": PANEL["returns"], "exposures": EXPOSURES, "families": {"sector": SECTORS}, "market_cap": CAP}
        | {"weights": CAP**0.5},
    ),
    "nested_industries": (rm, {"industries": SECTORS, "sectors": SECTORS, "least_names": 1}),
    "specific_risk": (
        rm,
        {"specific_returns": drawn("time", "asset"), "market_cap": CAP, "exposures": EXPOSURES, "sectors": SECTORS}
        | {"linked": SECTORS},
    ),
    "factor_covariance": (rm, {"factor_returns": drawn("time", "factor"), "settings": SETTINGS}),
    "eigenfactor_adjustment": (rm, {"covariance": square("factor"), "settings": SETTINGS, "days": 40}),
    "mean_return_tests": (rm, {"factor_returns": drawn("time", "factor")}),
    "information_coefficient": (rm, {"exposures": EXPOSURES, "returns": drawn("time", "asset")}),
    "brinson_effects": (at, SIDES | CONTRIBUTED),
    "geometric_effects": (at, SIDES | CONTRIBUTED),
    "decompose": (at, RISK | {"weights": sharing("asset"), "linked_covariance": LINKED}),
    "ex_ante_risk": (
        at,
        RISK | {"linked_covariance": LINKED, "course": "P"}
        | {"weights": xr.Dataset({"portfolio_weight": sharing("asset"), "benchmark_weight": sharing("asset", seed=1)})},
    ),
    "optimise": (
        rm,
        {"exposures": drawn("factor", "asset", scale=1.0)}
        | {name: RISK[name] for name in ("factor_covariance", "specific_variance")}
        | {"score": drawn("asset"), "benchmark": sharing("asset"), "held": sharing("asset", seed=1)}
        | {"costs": abs(drawn("asset", seed=2)), "impact": abs(drawn("asset", seed=3))},
    ),
    "karnosky_singer": (at, MONEY),
    "link": (at, {"effects": EFFECTS, "portfolio_returns": EFFECTS.sum("segment"), "benchmark_returns": 0 * EFFECTS[:, 0]}),
    "linked_contributions": (
        at,
        {
            "weights": sharing("portfolio", "time", "asset"),
            "coefficients": 1 + drawn("portfolio", "time"),
            "exposures": drawn("time", "factor", "asset", scale=1.0),
            "factor_returns": drawn("time", "factor"),
            "specific_returns": drawn("time", "asset"),
            "benchmark_weights": sharing("time", "asset"),
            "covariance": square("factor").expand_dims(time=DAYS),
        },
    ),
}  # fmt: skip
ARGUMENTS = [
    (function, name)
    for function, (_, given) in CASES.items()
    for name, value in given.items()
    if (isinstance(value, xr.DataArray) and value.ndim < 3) or isinstance(value, xr.Dataset)
]


def same(one, other):
    """Every array and table of two results, bit by bit."""
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, (tuple, list)):
        for left, right in zip(one, other, strict=True):
            same(left, right)
    elif isinstance(one, (xr.DataArray, xr.Dataset)):
        xr.testing.assert_identical(one.drop_attrs(), other.drop_attrs())
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, rtol=0, atol=0)
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, rtol=0, atol=0)
    else:
        assert one == other or (one != one and other != other)


def as_pandas(value):
    return value.to_dataframe() if isinstance(value, xr.Dataset) else value.to_pandas()


@pytest.mark.parametrize(("function", "name"), ARGUMENTS, ids=[".".join(pair) for pair in ARGUMENTS])
def test_pandas_gives_what_the_array_gives(function, name):
    package, given = CASES[function]
    call = getattr(package, function)
    expected = call(**given)
    frame = as_pandas(given[name])
    same(call(**(given | {name: frame})), expected)
    unnamed = frame.rename_axis(index=None)
    same(
        call(**(given | {name: unnamed.rename_axis(columns=None) if frame.ndim == 2 and function != "link" else unnamed})),
        expected,
    )
    if frame.ndim == 2 and function != "link" and not isinstance(given[name], xr.Dataset):
        same(call(**(given | {name: frame.T})), expected)  # its axes say which is which


@pytest.mark.parametrize("function", ["brinson_effects", "karnosky_singer"])
def test_one_period_may_be_series(function):
    package, given = CASES[function]
    one = {name: value.isel(time=0, drop=True) for name, value in given.items()}
    call = getattr(package, function)
    same(call(**{name: value.to_pandas() for name, value in one.items()}), call(**one))


def test_levels_of_a_hierarchy_may_be_frames():
    def level(names, *values):
        sides = ("portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return")
        return xr.Dataset(
            {side: ("segment", list(row)) for side, row in zip(sides, values, strict=True)}, {"segment": names}
        )

    sectors = level(["T", "R"], (0.6, 0.4), (0.5, 0.5), (0.08, 0.01), (0.06, 0.02))
    industries = level(["a", "b", "R"], (0.4, 0.2, 0.4), (0.25, 0.25, 0.5), (0.1, 0.04, 0.01), (0.09, 0.03, 0.02))
    parents = [{"a": "T", "b": "T", "R": "R"}]
    expected = at.hierarchical_effects([sectors, industries], parents)
    same(at.hierarchical_effects([sectors.to_dataframe(), industries.to_dataframe()], parents), expected)


def test_a_validation_takes_the_caps_as_a_frame(small_model, small_market):
    cap = small_market["market_cap"]
    plain = {"every": 30, "random_portfolios": 2, "covariance": rm.CovarianceSettings(eigenfactor_simulations=0)}
    same(rm.validate(small_model, cap.to_pandas(), **plain), rm.validate(small_model, cap, **plain))


def test_a_benchmark_of_accounts_may_be_a_series(small_book, small_model, small_market):
    held = small_book.holdings[small_book.holdings["date"] == "2025-02-28"]
    weights = held[held["portfolio"] == "major"].set_index("ticker")["weight"]
    array = xr.DataArray(weights.to_numpy(), {"asset": weights.index.to_numpy()}, ("asset",))
    one, other = (
        at.attribute_accounts(held, given, small_model, small_market, period="2025-03") for given in (weights, array)
    )
    xr.testing.assert_identical(one.data, other.data)


@pytest.mark.parametrize("package", [rm, at], ids=["riskmodel", "attribution"])
def test_the_hints_of_every_array_say_that_pandas_will_do(package):
    silent = [
        f"{name}: {parameter.name}"
        for name in package.__all__
        if inspect.isfunction(getattr(package, name))
        for parameter in inspect.signature(getattr(package, name)).parameters.values()
        if "xr.DataArray" in str(parameter.annotation) and "pd." not in str(parameter.annotation)
    ]
    assert not [place for place in silent if place.split(": ")[1] not in THREE_DIMENSIONS], silent


@pytest.mark.parametrize("package", [rm, at], ids=["riskmodel", "attribution"])
def test_every_function_that_takes_arrays_is_tried_here(package):
    takes = {
        name
        for name in package.__all__
        if inspect.isfunction(getattr(package, name))
        and any("xr.DataArray" in str(p.annotation) for p in inspect.signature(getattr(package, name)).parameters.values())
    }
    assert takes - set(CASES) <= {"validate", "attribute_accounts"}
