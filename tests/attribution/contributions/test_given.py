"""Contributions by a model that somebody else estimated: those of a fit where it is one, and what of them nobody knows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.measures.forecast import course_risk, forecast_risk
from attribution.portfolio.course import follow_course
from attribution.portfolio.periods import read_period
from tests.conftest import SMALL_MONTH
from tests.given import exported

COURSE = "Major 70 : Next 30"
SINCE = "2025-02-28"
CUTS = [
    ("factor",), ("group",), ("stock",), ("sector",), ("day",), ("month",), ("sleeve",), ("stock", "factor"),
    ("sector", "factor"), ("day", "factor"), ("sleeve", "factor"),
]  # fmt: skip


@pytest.fixture(scope="module")
def tables(small_model):
    days = small_model.data.get_index("time")
    return exported(small_model, closes=pd.DatetimeIndex([SINCE, days[-1]]), since=SINCE)


@pytest.fixture(scope="module")
def given(tables, small_market):
    return rm.given_model(tables, small_market)


@pytest.fixture(scope="module")
def result(given, small_book, small_market):
    return at.attribute(small_book, COURSE, given, small_market, period=SMALL_MONTH)


def explained(tables, market, book, course=COURSE, **options):
    return at.attribute(book, course, rm.given_model(tables, market), market, period=SMALL_MONTH, **options)


@pytest.mark.parametrize("cuts", CUTS, ids="-".join)
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("against", ["benchmark", "zero"])
def test_a_fit_that_is_written_and_read_back_explains_the_month_as_it_did(result, small_result, cuts, absolute, against):
    own = small_result.by(*cuts, absolute=absolute, against=against)
    other = result.by(*cuts, absolute=absolute, against=against)
    np.testing.assert_allclose(other.reindex(own.index), own, rtol=0, atol=1e-12)
    np.testing.assert_allclose(other.drop(own.index), 0, atol=1e-12)  # the row of the vendor, whose numbers are the prices'


def test_its_other_tables_are_those_of_the_fit_too(result, small_result):
    pd.testing.assert_frame_equal(result.brinson("sector"), small_result.brinson("sector"))
    keys = ["group", "effect", "factor"]
    both = (x.brinson_by_factor("sector").set_index(keys)["contribution"] for x in (small_result, result))
    own, other = both
    np.testing.assert_allclose(other.reindex(own.index), own, rtol=0, atol=1e-12)
    timing = result.timing().set_index("factor")
    np.testing.assert_allclose(
        timing.loc[small_result.timing()["factor"]], small_result.timing().set_index("factor"), rtol=0, atol=1e-12
    )
    assert timing.loc["vendor_residual", ["average_exposure", "average_effect"]].isna().all()
    assert bool(result.reconciliation["passed"].all())


def test_its_risk_is_that_of_the_fit(given, small_model, small_book, small_market):
    day = small_market.get_index("time")[-1]
    own, other = (
        course_risk(small_book, COURSE, forecast_risk(model, small_market, day), small_market, day).table
        for model in (small_model, given)
    )
    assert other["measure"].tolist() == own["measure"].tolist()
    np.testing.assert_allclose(other["value"], own["value"], rtol=1e-12)


def test_a_row_of_one_factor_has_its_error_and_a_sum_of_several_has_none(result, small_result):
    own, other = small_result.standard_errors(), result.standard_errors()
    alone = own.index.drop("specific")
    np.testing.assert_allclose(other[alone], own[alone], rtol=1e-9, atol=1e-18)
    assert np.isnan(other["specific"]) and other["vendor_residual"] == 0
    groups = result.standard_errors("group")
    assert groups[["sector", "style", "specific"]].isna().all() and groups[["market", "other"]].notna().all()
    families = result.brinson_by_factor("sector")
    assert families[families["factor"] == "specific"]["standard_error"].isna().any()
    assert result.top_with_errors(3, "factor").loc["(rest)", "standard_error"] != 0
    assert "n/a" in repr(result)


def test_without_given_errors_there_are_none(tables, small_market, small_book):
    bare = tables["model_factor_returns"].drop(columns="standard_error")
    errors = explained(tables | {"model_factor_returns": bare}, small_market, small_book).standard_errors()
    observed = ["vendor_residual", "unmodelled", "proxy"]
    assert errors.drop([*observed, "market"]).isna().sum() > 30
    assert (errors[observed] == 0).all()


def test_where_vendor_and_prices_disagree_the_difference_is_a_row(tables, small_market, small_book, result):
    rest = tables["model_specific_returns"]
    shifted = rest.assign(**{"return": rest["return"] - 0.001})
    other = explained(tables | {"model_specific_returns": shifted}, small_market, small_book)
    assert other.group("vendor_residual") == "other"
    by, before = other.by("factor"), result.by("factor")
    moved = by["specific"] - before["specific"]
    assert by["vendor_residual"] == pytest.approx(-moved, abs=1e-15) and abs(moved) > 1e-5
    cells = other.by("stock", "factor", absolute=True, against="zero").xs("vendor_residual", level="factor")
    weights = other.cube.portfolio_live * other.cube.absolute_coefficient * 0.001 * other.cube.modelled
    np.testing.assert_allclose(
        cells[other.cube.assets], weights.sum("time").sel(asset=other.cube.assets), rtol=0, atol=1e-12
    )
    assert by.drop(["specific", "vendor_residual"]).equals(before.drop(["specific", "vendor_residual"]))
    row = other.factors.set_index("factor").loc["vendor_residual"]
    assert np.isnan(row["active_exposure"]) and np.isnan(row["factor_return"])


def test_without_a_factor_of_the_market_nothing_moves_to_what_is_not_invested(tables, small_market, small_book, result):
    listed = tables["model_factors"].assign(group=lambda x: x["group"].replace("market", "country"))
    other = explained(tables | {"model_factors": listed}, small_market, small_book)
    assert other.cube.market is None
    cash = (other.cube.portfolio_weight - other.cube.benchmark_weight).sel(asset="CASH")
    earned = (cash * other.cube.asset_return.sel(asset="CASH") * other.cube.coefficient).sum()
    assert other.by("factor")["cash_and_stopped"] == pytest.approx(float(earned), abs=1e-15)
    both = ["market", "cash_and_stopped"]
    assert other.by("factor")[both].sum() == pytest.approx(result.by("factor")[both].sum(), abs=1e-15)


def test_days_before_a_model_begins_are_unmodelled_and_others_as_they_were(tables, small_market, small_book, result):
    begin = pd.Timestamp("2025-03-10")
    late = {name: frame[frame["date"] >= begin] if "date" in frame else frame for name, frame in tables.items()}
    other = explained(late, small_market, small_book)
    before = other.cube.days <= begin
    assert not other.cube.modelled.to_numpy()[before].any()
    by_day = other.by("day", "factor").unstack("factor")
    assert (by_day.loc[before, "unmodelled"] != 0).all() and (by_day.loc[~before, "unmodelled"] == 0).all()
    own = result.by("day", "factor").unstack("factor")
    np.testing.assert_allclose(by_day.loc[~before, own.columns], own.loc[~before], rtol=0, atol=1e-12)


def test_accounts_are_explained_as_by_the_fit(given, small_model, small_book, small_market):
    held = small_book.holdings[small_book.holdings["date"] == SINCE].drop(columns="date")
    benchmark = follow_course(small_book, "Major 100", small_market, read_period(SMALL_MONTH, small_book, small_market))
    frames = [
        at.attribute_accounts(held, benchmark, model, small_market, period=SMALL_MONTH, delisted="cash")
        for model in (small_model, given)
    ]
    own, other = (accounts.by("factor").to_pandas() for accounts in frames)
    np.testing.assert_allclose(other[own.columns], own, rtol=0, atol=1e-12)
    assert (other["vendor_residual"].abs() < 1e-12).all()
    for shown in ("active_exposure", "factor_return"):
        rows = frames[1].data[shown].to_series()
        assert rows[rows.index.get_level_values("factor") == "vendor_residual"].isna().all()
        assert rows[rows.index.get_level_values("factor") == "size"].notna().all()
    errors = frames[1].standard_errors("factor").to_pandas()
    assert errors["specific"].isna().all() and errors["size"].notna().all() and (errors["vendor_residual"] == 0).all()
    groups = frames[1].standard_errors("group").to_pandas()
    assert groups["style"].isna().all() and groups["market"].notna().all()
