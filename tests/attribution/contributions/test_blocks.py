"""Courses explained part by part and linked are the courses explained whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.contributions.blocks import attribute as blocks
from attribution.contributions.blocks.attribute import attribute_in_blocks
from attribution.contributions.blocks.linked import linked_result, rows_of_part
from riskmodel.market.blocks import open_blocks
from tests.conftest import SMALL

COURSES = ("Next Major 100", "Major 70 : Next 30")
MONTHS = 7  # two parts: the courses begin thirteen months before the last session


@pytest.fixture(scope="module")
def market():
    return open_blocks(SMALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parts")


@pytest.fixture(scope="module")
def linked(small_book, small_model, market, folder):
    return attribute_in_blocks(small_book, small_model, market, courses=COURSES, months=MONTHS, folder=folder)


@pytest.mark.parametrize("course", COURSES)
def test_parts_link_to_what_the_days_do(linked, small_book, small_model, small_market, course):
    got, whole = linked[course], at.attribute(small_book, course, small_model, small_market, period="itd")
    assert got.parts["part"].tolist() == ["2024-03/2024-09", "2024-10/2025-03"]
    assert (got.course, got.benchmark, got.link) == (course, whole.benchmark, whole.link)
    assert got.excess_return == pytest.approx(whole.excess_return, abs=1e-12)
    for table, key in (("factors", "factor"), ("stocks", "ticker")):
        own, other = (getattr(result, table).set_index(key) for result in (got, whole))
        assert set(own.index) == set(other.index)
        other = other.loc[own.index, own.columns]
        numbers = own.select_dtypes("number").columns
        np.testing.assert_allclose(own[numbers], other[numbers], rtol=1e-9, atol=1e-12)
        assert own.drop(columns=numbers).equals(other.drop(columns=numbers))
    assert got.reconciliation["passed"].all()
    assert len(got.reconciliation) == 4


def test_an_error_that_a_part_does_not_have_is_none_of_the_whole(small_book, small_model, small_market):
    course = COURSES[0]
    months = ("2025-02", "2025-03")
    parts = [rows_of_part(at.attribute(small_book, course, small_model, small_market, period=m), m) for m in months]
    first, second = parts
    lacking = second["name"].eq("size") & second["cut"].eq("factor")
    second.loc[lacking, "variance"] = np.nan  # as of a given model that states no error
    gone = second["name"].eq("value") & second["cut"].eq("factor")  # and a factor that a part does not have at all
    moved = float(second.loc[gone, "contribution"].iloc[0])
    specific = second["name"].eq("specific") & second["cut"].eq("factor")
    for column in ("contribution", "absolute"):
        second.loc[specific, column] += second.loc[gone, column].to_numpy()
    factors = linked_result(pd.concat([first, second[~gone]]), course, "S&P 500", "carino").factors.set_index("factor")
    assert moved and np.isfinite(factors.loc["value", "standard_error"])
    assert np.isnan(factors.loc["size", ["standard_error", "t"]].astype(float)).all()
    assert factors["contribution"].notna().all()


def test_parts_of_another_fit_are_explained_anew(linked, small_book, small_model, market, folder):
    other = replace(small_model, data=small_model.data.assign(factor_returns=small_model.data["factor_returns"] * 1.5))
    with pytest.raises(rm.InputError, match="model: explains other returns than the market's"):
        attribute_in_blocks(small_book, other, market, courses=COURSES, months=MONTHS, folder=folder)


def test_a_kept_part_that_is_cut_off_is_made_anew_and_one_that_is_damaged_refused_by_name(
    small_book, small_model, market, tmp_path
):
    given = {"courses": COURSES[:1], "months": MONTHS, "folder": tmp_path}
    attribute_in_blocks(small_book, small_model, market, **given)
    kept = sorted(tmp_path.rglob("*.parquet"))[0]
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-100])
    attribute_in_blocks(small_book, small_model, market, **given)
    assert kept.read_bytes() == whole
    kept.write_bytes(whole[:4] + b"\xff" * 2_000 + whole[2_004:])
    with pytest.raises(rm.InputError, match=rf"parts: '.*{kept.name}' cannot be read as Parquet"):
        attribute_in_blocks(small_book, small_model, market, **given)


def test_parts_of_other_code_are_explained_anew(small_book, small_model, market, tmp_path, monkeypatch):
    given = {"courses": COURSES[:1], "months": MONTHS, "folder": tmp_path}
    attribute_in_blocks(small_book, small_model, market, **given)
    own = set(tmp_path.rglob("*.parquet"))
    monkeypatch.setattr(blocks, "packages_digest", lambda *packages: "other")
    attribute_in_blocks(small_book, small_model, market, **given)
    anew = set(tmp_path.rglob("*.parquet")) - own
    assert {path.name for path in anew} == {path.name for path in own}


def test_parts_that_are_kept_are_not_explained_again(linked, small_book, small_model, market, folder, monkeypatch):
    monkeypatch.setattr(blocks, "_explained", lambda *_: pytest.fail("a part was explained again"))
    again = attribute_in_blocks(small_book, small_model, market, courses=COURSES, months=MONTHS, folder=folder)
    for course, result in linked.items():
        assert again[course].factors.equals(result.factors)
        assert again[course].stocks.equals(result.stocks)


def test_an_interrupted_run_goes_on_with_the_part_that_is_missing(linked, small_book, small_model, market, tmp_path):
    told = []

    def stop(name):
        told.append(name)
        if name.startswith("2024-10"):
            raise InterruptedError

    given = {"courses": COURSES[:1], "months": MONTHS, "folder": tmp_path}
    with pytest.raises(InterruptedError):
        attribute_in_blocks(small_book, small_model, market, **given, progress=stop)
    told.clear()
    done = attribute_in_blocks(small_book, small_model, market, **given, progress=told.append)
    assert "2024-03/2024-09: Next Major 100" not in told
    assert done["Next Major 100"].factors.equals(linked["Next Major 100"].factors)


def changed(book, section, **fields):
    return book.model_copy(update={section: getattr(book, section).model_copy(update=fields)})


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        ({}, {"link": "menchero"}, "link 'menchero': parts can be linked to the whole by carino, grap, frongello"),
        ({"blend_reset": "yearly"}, {}, r"not to be explained part by part: \[courses\] Major 70 : Next 30, reset yearly"),
        ({}, {"months": 0}, r"months: .*a whole number, 1 or more"),
        ({}, {"courses": ("Major 99",)}, "unknown course 'Major 99'"),
    ],
)
def test_what_cannot_be_linked_from_parts_is_refused(small_book, small_model, market, fields, options, message):
    with pytest.raises(rm.InputError, match=message):
        attribute_in_blocks(changed(small_book, "book", **fields), small_model, market, **({"courses": COURSES} | options))


def test_a_list_with_a_name_that_had_ended_is_refused(small_book, small_model, small_market, market, monkeypatch):
    """How the life of a name ended lies before the prices that are read for the part."""
    gone = small_market["life"].isel(time=-1) < 0
    ticker = str(small_market["asset"].to_numpy()[gone.to_numpy()][0])
    holdings = small_book.holdings
    last = (holdings["portfolio"] == "major") & (holdings["date"] == holdings["date"].max())
    last &= (holdings["ticker"] != "CASH") & ~holdings["ticker"].duplicated(keep="last")
    place = holdings.index[last][0]
    wrong = holdings.copy()
    wrong.loc[place, "ticker"] = ticker
    wrong["date"] = wrong["date"].where(wrong["date"] < wrong["date"].max(), market.sessions[-10])
    parts = list(blocks._parts(small_book, COURSES, market, 1))
    monkeypatch.setattr(blocks, "_parts", lambda *_: parts[-1:])
    with pytest.raises(rm.InputError, match=rf"holdings: 1 row of a name without a price .*: {ticker} 2025-03-1"):
        attribute_in_blocks(
            small_book.model_copy(update={"holdings": wrong}), small_model, market, courses=COURSES[:1], months=1
        )
