"""Which rows are drivers, by a rule that a pocket calculator follows, and by the procedure of Benjamini and Hochberg."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

import attribution as at
from attribution.measures.drivers import is_offset, judge
from attribution.portfolio.settings.sections import Drivers
from riskmodel import InputError


def rows(contribution, t, **columns):
    contribution = np.asarray(contribution, dtype=float)
    return pd.DataFrame({"contribution": contribution, "standard_error": np.abs(contribution / np.asarray(t)), **columns})


def test_a_driver_has_five_basis_points_and_a_twentieth_of_all_rows():
    found = judge(rows([0.0005, 0.00049, -0.0005], [9, 9, -9]), Drivers())
    assert found["material"].tolist() == [True, False, True]
    found = judge(rows([0.10, 0.0053, -0.0050], [9, 9, -9]), Drivers())  # a twentieth of 0.1103 is 0.005515
    assert found["material"].tolist() == found["driver"].tolist() == [True, False, False]
    assert judge(rows([0.10, 0.0053], [9, 9]), Drivers(material_share=0.01))["driver"].all()


def test_what_passes_twice_its_error_by_chance_among_many_is_no_driver():
    """Of 26 rows the largest t must pass 0.05 / 26, two-sided: 3.10."""
    t = np.full(26, 0.5)
    for largest, passed in ((2.5, False), (3.05, False), (3.15, True)):
        t[0] = largest
        assert judge(rows(np.full(26, 0.01), t), Drivers(material_share=0))["driver"].tolist() == [passed] + [False] * 25


@given(st.lists(st.floats(-6, 6).filter(lambda t: abs(t) > 1e-3), min_size=1, max_size=30), st.floats(0.01, 0.3))
def test_rows_are_told_from_noise_as_benjamini_and_hochberg_do(t, rate):
    found = judge(rows(np.sign(t) * 0.01, t), Drivers(false_discovery_rate=rate))
    expected = multipletests(2 * norm.sf(np.abs(t)), alpha=rate, method="fdr_bh")[0]
    assert found["significant"].tolist() == expected.tolist()


def test_a_hundred_industries_do_not_hide_a_style_nor_it_them():
    """Among 126 rows a t of 3.2 is noise (0.05 / 126: 3.54); among the 26 that are no industries it is not."""
    t = np.append(np.full(26, 0.5), np.full(100, 0.5))
    t[[0, 26]] = 3.2, 3.4
    together = rows(np.full(126, 0.01), t)
    assert not judge(together, Drivers(material_share=0))["driver"].any()
    found = judge(together.assign(group=["style"] * 26 + ["industry"] * 100), Drivers(material_share=0))
    assert np.flatnonzero(found["driver"]).tolist() == [0]  # 3.4 is below 3.48, what one of a hundred industries must pass


def test_observed_rows_and_models_without_errors_are_judged_by_size_alone():
    frame = rows([0.01, 0.002, 0.001], [9, 1, 1])
    frame["standard_error"] = [0.001, 0.0, np.nan]
    found = judge(frame, Drivers())
    assert found["significant"].tolist() == [True, pd.NA, pd.NA]
    assert found["driver"].tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("second", "robust"), [(0.010, True), (0.005, True), (0.0049, False), (0.020, True), (0.0201, False), (-0.01, False)]
)
def test_a_row_is_robust_where_a_second_specification_keeps_its_sign_and_size(second, robust):
    assert judge(rows([0.01], [9], second_contribution=second), Drivers())["robust"].tolist() == [robust]


def test_without_a_second_specification_nothing_is_said_of_robustness():
    assert judge(rows([0.01], [9]), Drivers())["robust"].isna().all()
    assert judge(rows([0.01], [9], second_contribution=np.nan), Drivers())["robust"].isna().all()


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_drivers_that_point_the_other_way_than_the_result_are_always_offset(named, excess):
    if named * excess < -1e-12:
        assert is_offset(named, excess - named)


def test_the_book_sets_the_rule_and_a_wrong_one_is_refused(small_copy):
    folder, _, _ = small_copy
    path = folder / "book.toml"
    text = path.read_text()
    path.write_text(text + "\n[drivers]\nmaterial_bp = 10\n")
    assert at.read_book(path).drivers == Drivers(material_bp=10.0)
    path.write_text(text + "\n[drivers]\nfalse_discovery_rate = 0\n")
    with pytest.raises(InputError, match=r"'false_discovery_rate' in \[drivers\]: 0; give a decimal above 0 and below 1"):
        at.read_book(path)
    path.write_text(text + "\n[drivers]\nmaterial = 10\n")
    with pytest.raises(
        InputError, match=r"unknown key 'material' in \[drivers\]. Known keys: false_discovery_rate, material_bp"
    ):
        at.read_book(path)


def test_an_error_that_is_rounding_is_none():
    rows = pd.DataFrame({"contribution": [1e-17, 0.01], "standard_error": [4e-19, 0.001]}, ["market", "value"])
    assert judge(rows, Drivers())["significant"].isna().tolist() == [True, False]
