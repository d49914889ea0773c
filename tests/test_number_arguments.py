"""No number that is given to the library switches a check off: NaN, infinity, true and texts are refused by name."""

from __future__ import annotations

import dataclasses
import inspect
import re

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from riskmodel import bounds
from riskmodel.bounds import Bound, require_bounded
from tests.test_wrong_types import calls

WRONG = (float("nan"), float("inf"), -float("inf"), np.float64("nan"), True, "3", 10**5000, -(10**5000), 1j)
SETTINGS = (
    rm.CovarianceSettings,
    rm.ExposureSettings,
    rm.RegressionSettings,
    rm.SpecificRiskSettings,
    rm.UniverseRule,
    rm.RiskModel,
    rm.Effort,
    rm.NameCount,
    rm.NameWeight,
    rm.CashWeight,
    rm.Turnover,
    rm.TrackingError,
)
MISSING = {("check_limits", "risk"), ("check_limits", "index_risk")}  # NaN is no forecast there, and the row says n/a
NUMBER = re.compile(r"\b(int|float)\b")


def number_fields():
    for kind in SETTINGS:
        for field in dataclasses.fields(kind):
            if NUMBER.search(str(field.type)) and "Mapping" not in str(field.type):
                yield kind, field.name


def number_arguments():
    for package in (rm, at):
        for name in package.__all__:
            function = getattr(package, name)
            if inspect.isfunction(function):
                for argument, parameter in inspect.signature(function).parameters.items():
                    if NUMBER.search(str(parameter.annotation)) and "Series" not in str(parameter.annotation):
                        yield name, argument


@pytest.mark.parametrize(("kind", "name"), list(number_fields()))
def test_a_setting_is_a_finite_number_or_refused_by_name(kind, name):
    taken = []
    for value in WRONG:
        try:
            kind(**{name: value})
            taken.append(value)
        except rm.InputError as error:
            assert name in str(error)
            assert len(str(error)) < 300
    assert not taken, f"{kind.__name__}({name}=...) takes {taken}"


@pytest.mark.parametrize(("function", "name"), list(number_arguments()))
def test_an_argument_is_a_finite_number_or_refused_by_name(function, name, small_book, small_model, small_market):
    package, given = calls(small_book, small_model, small_market)[function]
    given |= {"ratio_table": {"returns": _returns()}, "hierarchical_effects": _levels()}.get(function, {})
    taken = []
    for value in WRONG:
        if (function, name) in MISSING and value != value:
            continue
        try:
            getattr(package, function)(**(given | {name: value}))
            taken.append(bounds.shown(value))
        except rm.InputError as error:
            assert name in str(error), str(error)
    assert not taken, f"{function}({name}=...) takes {taken}"


@pytest.mark.parametrize("weight", WRONG, ids=range(len(WRONG)))
def test_a_weight_of_a_style_is_a_finite_number(weight):
    with pytest.raises(rm.InputError, match=r"style 'x': the weights .* Give each a number from -1,000 to 1,000, not 0\."):
        rm.Style("x", ["log_price", "momentum"], [1.0, weight])


def test_every_bound_refuses_what_is_no_number_and_what_lies_outside():
    own = [bound for bound in vars(bounds).values() if isinstance(bound, Bound)]
    assert len(own) > 15
    for bound in own:
        for value in WRONG[:5] + WRONG[5:6] + (None, [], 1j):
            assert not bound.admits(value), (bound.wanted, value)
        inside = next(value for value in (1, 0, 0.01) if bound.admits(value))
        assert require_bounded("x", inside, bound) == inside


def test_a_bound_is_told_in_words():
    with pytest.raises(rm.InputError) as caught:
        at.ratio_table(_returns(), a_year=float("nan"))
    assert str(caught.value) == (
        "a_year: is nan. Give a number of returns a year above 0 and up to 366, 252 of days and 12 of months."
    )


def _levels():
    sides = ("portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return")
    return {"levels": [pd.DataFrame(0.5, ["A", "B"], list(sides)).to_xarray().rename(index="segment")], "parents": []}


def _returns():
    index = pd.period_range("2024-01", periods=12, freq="M")
    return pd.DataFrame({"portfolio": 0.01, "benchmark": 0.02, "risk_free": 0.0}, index)
