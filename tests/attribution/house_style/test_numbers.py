"""How numbers are written, at the edge."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.house_style.numbers import number, percent, power_of_ten

STYLES = ("△", "▲", "minus", "parentheses")


@pytest.mark.parametrize(
    ("style", "written"), [("△", "△6.60"), ("▲", "▲6.60"), ("minus", "−6.60"), ("parentheses", "(6.60)")]
)
def test_a_negative_number_is_written_in_the_house_style(style, written):
    assert percent(-0.066, style) == written  # Major 100 in March 2026, published as −6.60


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("value", [0.0, -0.0, -1e-9, -0.0000499, 1e-9])
def test_what_rounds_to_zero_has_no_sign(style, value):
    assert percent(value, style) == percent(value, style, signed=True) == "0.00"


@pytest.mark.parametrize("value", [math.nan, np.nan, None, pd.NA, math.inf, -math.inf])
def test_a_number_that_is_not_there_is_not_available(value):
    if value is pd.NA:
        value = pd.Series([None], dtype="Float64").astype(float)[0]  # what a frame hands over
    assert percent(value, "△") == number(value, "minus", signed=True, unit="%") == "n/a"


def test_halves_are_rounded_away_from_zero_as_spreadsheets_do():
    assert [percent(x, "minus") for x in (0.00125, -0.00125, 0.00005, 0.10005)] == ["0.13", "−0.13", "0.01", "10.01"]


def test_signs_units_and_groups_are_written_where_asked():
    assert percent(0.0447, "△", signed=True, unit="%") == "+4.47%"
    assert percent(-0.0447, "parentheses", unit="%") == "(4.47%)"
    assert number(1684, "minus", 0, grouped=True) == "1,684"


@given(st.floats(-10, 10), st.integers(0, 6))
def test_the_four_styles_differ_in_nothing_but_the_sign(value, decimals):
    bare = {percent(value, style, decimals).strip("△▲−()") for style in STYLES}
    assert len(bare) == 1
    assert abs(float(bare.pop()) - abs(value) * 100) <= 0.5 * 10**-decimals * (1 + 1e-9) + 1e-12


def test_a_bound_is_the_next_power_of_ten():
    assert [power_of_ten(x) for x in (1e-12, 1.1e-12, 6.7e-15, 0.02)] == [
        f"10<sup>−{power}</sup>" for power in (12, 11, 14, 1)
    ]
