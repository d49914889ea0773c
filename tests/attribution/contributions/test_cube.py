"""The cube: its parts by name, which of them are optional, and a copy with another part."""

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
import xarray as xr

from attribution.contributions.cube import DIMS, Cube
from riskmodel.errors import InputError

OPTIONAL = {"sleeves", "beside", "currency", "second_factor_return", "sectors", "exposure_errors"}


def test_every_part_is_a_labelled_array_of_its_dimensions(small_result):
    cube = small_result.cube
    assert {field.name for field in fields(Cube)} == {*DIMS, "securities", "groups", *OPTIONAL}
    for name, dims in DIMS.items():
        assert getattr(cube, name).dims == dims, name
    assert list(cube.securities) == ["sector", "name", "name_ja"]
    assert cube.assets[-1] == "CASH"
    assert list(cube.groups) == cube.factors and set(cube.groups.values()) == {"market", "sector", "industry", "style"}


def test_the_dataset_of_a_result_has_every_part_of_its_cube_under_its_name(small_result):
    data, cube = small_result.data, small_result.cube
    for name in DIMS:
        np.testing.assert_array_equal(data[name], getattr(cube, name))
    np.testing.assert_array_equal(data["sleeve_proxy"], cube.sleeves.proxy)
    np.testing.assert_array_equal(data["sector"], cube.securities["sector"])
    assert "beside" not in data.dims
    assert "currency_rate" not in data


def test_a_view_has_rates_and_a_row_beside_and_the_cube_it_was_made_of_has_neither(small_result, small_market):
    view = small_result.in_currency("JPY", small_market)
    assert (small_result.cube.beside, small_result.cube.currency) == (None, None)
    assert view.cube.beside_names == ["currency"]
    own, cube = small_result.cube, view.cube
    np.testing.assert_allclose(
        1 + cube.portfolio_return, (1 + own.portfolio_return) * (1 + cube.currency.returned), rtol=0, atol=1e-15
    )
    np.testing.assert_array_equal(cube.holdings_return, own.portfolio_return)
    assert float(view.data["currency_base_rate"]) == cube.currency.base_rate


def test_a_cube_without_sleeves_has_every_other_cut(small_result):
    alone = replace(small_result, cube=replace(small_result.cube, sleeves=None))
    np.testing.assert_array_equal(alone.by("factor"), small_result.by("factor"))
    with pytest.raises(InputError, match="cut 'sleeve': these data know of no sleeves"):
        alone.by("sleeve")


def test_another_coefficient_is_another_cube(small_result):
    ones = xr.ones_like(small_result.cube.coefficient)
    added = replace(small_result, cube=replace(small_result.cube, coefficient=ones)).by("stock").sum()
    days = (small_result.cube.portfolio_return - small_result.cube.benchmark_return).sum().item()
    assert added == pytest.approx(days, abs=1e-14)
    with pytest.raises(FrozenInstanceError):
        small_result.cube.coefficient = ones
