"""What every public call of the model refuses of the arrays that it is handed: each message as a user reads it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.arrays.labels import aligned
from riskmodel.arrays.requested import requested_rows
from riskmodel.estimation.lagged import lagged_regression

DAYS, NAMES = pd.bdate_range("2024-01-01", periods=3), ["A", "B", "C"]
COORDS = {"time": DAYS, "asset": NAMES}


def panel(**changes):
    rng = np.random.default_rng(0)
    given = {
        "returns": xr.DataArray(rng.normal(size=(3, 3)), COORDS, ("time", "asset")),
        "exposures": xr.DataArray(rng.normal(size=(3, 3, 1)), COORDS | {"factor": ["value"]}, ("time", "asset", "factor")),
        "sectors": xr.DataArray(["S", "S", "T"], {"asset": NAMES}, ("asset",)),
        "market_cap": xr.DataArray(np.ones((3, 3)), COORDS, ("time", "asset")),
    }
    return given | {name: change(given.get(name, given["returns"])) for name, change in changes.items()}


CASES = [
    (
        {"returns": lambda x: x.to_numpy()},
        "returns: is of type ndarray, without labels. Give a DataArray or a DataFrame by (time, asset).",
    ),
    (
        {"returns": lambda x: x.drop_vars("asset")},
        "returns: dimension 'asset' has no labels. Give them; positions are never used.",
    ),
    ({"returns": lambda x: x.astype(str)}, "returns: values are <U32, not numbers."),
    ({"exposures": lambda x: x.astype(object)}, "exposures: values are object, not numbers."),
    ({"exposures": lambda x: x[0]}, "exposures: dimensions (asset, factor); it takes (time, factor, asset)."),
    (
        {"sectors": lambda x: x.rename(asset="name")},
        "sectors: dimensions (name); it takes (asset) or (time, asset).",
    ),
    (
        {"market_cap": lambda x: x[:, [0, 0, 1]]},
        "market_cap: 1 duplicate label of 'asset': A. Keep one each, or add up what belongs together.",
    ),
    (
        {"market_cap": lambda x: x[:2]},
        "market_cap: 1 label of 'time' not as in returns; only in returns: 2024-01-03. Give both the same labels, e.g. with "
        "xarray.align.",
    ),
    (
        {"exposures": lambda x: x.assign_coords(factor=["T"])},
        "exposures, sectors: factors share a name: T. 'market' is the market's own; rename the style or the sector.",
    ),
    (
        {"exposures": lambda x: x.assign_coords(factor=["market"])},
        "exposures, sectors: factors share a name: market. 'market' is the market's own; rename the style or the sector.",
    ),
]


@pytest.mark.parametrize(("changes", "message"), CASES)
def test_the_regression_names_what_is_wrong_with_its_arrays(changes, message):
    with pytest.raises(rm.InputError) as caught:
        rm.cross_sectional_regression(**panel(**changes))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"huber": 0.0}, "huber: is 0.0. Give a number above 0, usually 1.345, or None."),
        ({"thin_sector": -1.0}, "thin_sector: is -1.0. Give a number of names from 0, which is no shrinkage."),
    ],
)
def test_the_regression_refuses_options_out_of_range(options, message):
    with pytest.raises(rm.InputError) as caught:
        rm.cross_sectional_regression(**panel(), **options)
    assert str(caught.value) == message


def test_an_empty_dimension_is_refused():
    given = {name: array.isel(time=slice(0)) if "time" in array.dims else array for name, array in panel().items()}
    with pytest.raises(rm.InputError, match=r"^returns: dimension 'time' is empty. Check the period"):
        rm.cross_sectional_regression(**given)


def test_sectors_by_day_are_refused_by_a_forecast_of_one_close():
    given = panel()
    by_day = given["sectors"].expand_dims(time=DAYS)
    with pytest.raises(rm.InputError) as caught:
        rm.specific_risk(given["returns"], given["market_cap"], given["exposures"], by_day)
    assert str(caught.value) == "sectors: dimensions are ('time', 'asset'); a forecast takes those of one close, ('asset',)."


def test_labels_align_and_positions_never():
    given = panel()
    shuffled = {name: array.isel(asset=[2, 0, 1]) for name, array in given.items() if name != "returns"}
    back = aligned({"returns": given["returns"], **shuffled, "weights": None})
    assert list(back) == ["returns", "exposures", "sectors", "market_cap"]
    for name, array in back.items():
        xr.testing.assert_identical(array, given[name].transpose(*array.dims))


@pytest.mark.parametrize("wrong", [np.nan, -1.0, 2.0, 1])
def test_a_universe_is_of_true_and_false_alone(wrong):
    given = panel()
    universe = xr.ones_like(given["returns"], dtype=type(wrong))
    universe[0, 1] = wrong
    with pytest.raises(rm.InputError) as caught:
        lagged_regression(**given, universe=universe)
    assert str(caught.value) == (
        f"universe: values are {universe.dtype}, not bool. Say of each asset whether it is in: with a comparison, e.g. "
        f"universe > 0, or, where NaN means out, with universe.fillna(False).astype(bool)."
    )


def test_requested_rows_are_found_by_label_in_the_order_asked_for():
    rows = [requested_rows(DAYS, asked).tolist() for asked in (None, "2024-01-02", DAYS[1], DAYS[1].to_numpy(), DAYS[::-1])]
    assert rows == [[2], [1], [1], [1], [2, 1, 0]]
    assert requested_rows(DAYS, (day for day in DAYS[:2])).tolist() == [0, 1]
    assert requested_rows(DAYS, xr.DataArray(DAYS, dims="time")[1]).tolist() == [1]
    assert requested_rows(pd.Index([3, 5]), 5).tolist() == [1]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "empty, or a label repeats. Give each day once."),
        (["2024-01-02", DAYS[1]], "empty, or a label repeats. Give each day once."),
        (["hello"], "1 label not in prices: hello. It runs from 2024-01-01 to 2024-01-03."),
        (
            ["hello", "you", "2024-02-01"],
            "3 labels not in prices: hello, you, 2024-02-01. It runs from 2024-01-01 to 2024-01-03.",
        ),
        (
            DAYS.tz_localize("Asia/Tokyo"),
            "in the time zone Asia/Tokyo, those of prices are without a time zone. Use tz_localize, here or there.",
        ),
    ],
)
def test_requested_times_that_are_not_there_are_refused(asked, message):
    with pytest.raises(rm.InputError) as caught:
        requested_rows(DAYS, asked, name="prices")
    assert str(caught.value) == f"times: {message}"
