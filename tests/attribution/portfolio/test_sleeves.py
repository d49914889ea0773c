"""A blend cut by its sleeves: each has its shares of both sides, and all add to the same linked excess return."""

from __future__ import annotations

from itertools import permutations
from math import fsum

import numpy as np
import pandas as pd
import pytest

import attribution as at
from attribution.contributions.cuts import CUTS
from attribution.linking.linking import DAY_SCALING
from attribution.portfolio.blends import blend_shares
from tests.attribution.contributions.cubes import drawn_cube, result_of
from tests.conftest import SMALL_MONTH

COURSE = "Major 70 : Next 30"
PAIRS = [cuts for cuts in permutations(CUTS, 2) if "sleeve" in cuts]


@pytest.fixture(scope="module")
def quarter(small_book, small_model, small_market):
    return at.attribute(small_book, COURSE, small_model, small_market, period="2025-01/2025-03")


@pytest.mark.parametrize("absolute", [False, True], ids=["active", "absolute"])
@pytest.mark.parametrize("cuts", [("sleeve",), *PAIRS, ("sleeve", "stock", "factor"), ("month", "sleeve", "group")])
def test_every_cut_with_sleeves_adds_to_the_same_return_and_to_the_cut_without_them(quarter, cuts, absolute):
    whole = quarter.portfolio_return if absolute else quarter.excess_return
    rows = quarter.by(*cuts, absolute=absolute)
    assert fsum(rows) == pytest.approx(whole, abs=1e-12)
    others = [cut for cut in cuts if cut != "sleeve"]
    if others:
        coarser = quarter.by(*others, absolute=absolute)
        np.testing.assert_allclose(
            rows.groupby(others, sort=False).sum().reindex(coarser.index), coarser, rtol=0, atol=1e-15
        )


@pytest.mark.parametrize("link", DAY_SCALING)
def test_a_sleeve_has_its_share_of_its_own_return_less_that_of_its_benchmark(link, small_book, small_model, small_market):
    """From the daily returns of sleeves and indices alone: no weights of names."""
    result = at.attribute(small_book, COURSE, small_model, small_market, period="2025-02/2025-03", link=link)
    followed, fixed = result.followed, {"major": 0.7, "next_major": 0.3}
    own, other = (
        (blend_shares(part, fixed) * part).to_pandas().T.to_numpy() for part in (followed.sleeves, followed.benchmarks)
    )
    coefficient = result.data["coefficient"].to_numpy()
    rows = result.by("sleeve", against="zero")
    assert list(rows.index) == ["major", "next_major"]
    np.testing.assert_allclose(rows, coefficient @ (own - other), rtol=0, atol=1e-14)
    shares = (blend_shares(part, fixed).to_pandas().T.to_numpy() for part in (followed.sleeves, followed.benchmarks))
    drifted = np.subtract(*shares)  # the sleeves' shares of the course less those of its benchmark
    measured = own - other - drifted * result.data["benchmark_return"].to_numpy()[:, None]
    np.testing.assert_allclose(result.by("sleeve"), coefficient @ measured, rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        result.by("sleeve", absolute=True), result.data["absolute_coefficient"].to_numpy() @ own, rtol=0, atol=1e-14
    )


def test_in_one_month_a_stock_of_both_sleeves_splits_by_share_times_weight(small_book, small_model, small_market):
    parts = {
        name: at.attribute(small_book, name, small_model, small_market, period=SMALL_MONTH)
        for name in (COURSE, "major", "next_major")
    }
    held = parts[COURSE].averages("sleeve", "stock", "day", absolute=True)
    first = held.index.get_level_values("day")[0]
    for sleeve, share in (("major", 0.7), ("next_major", 0.3)):
        alone = parts[sleeve].averages("day", "stock", absolute=True)[first]
        in_blend = held.xs(sleeve).xs(first, level="day")
        np.testing.assert_allclose(in_blend, share * alone.reindex(in_blend.index, fill_value=0.0), rtol=0, atol=1e-15)
    both = parts[COURSE].by("sleeve", "stock", absolute=True).unstack("sleeve")
    assert both.loc["CASH"].ne(0).all()


def test_a_course_of_one_sleeve_is_that_sleeve(small_book, small_model, small_market):
    result = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH)
    assert list(result.by("sleeve").index) == ["major"]
    pd.testing.assert_series_equal(
        result.by("sleeve", "factor")["major"], result.by("factor"), check_exact=False, rtol=0, atol=1e-16
    )
    pd.testing.assert_series_equal(result.standard_errors("sleeve", "factor")["major"], result.standard_errors("factor"))


def test_the_proxy_is_the_sleeves_own_and_specific_mirrors_the_sleeves_factors(quarter):
    rows = quarter.by("sleeve", "stock").xs("(proxy)", level="stock")
    assert list(rows.index) == ["major", "next_major"]
    assert rows.sum() == pytest.approx(quarter.by("stock")["(proxy)"], abs=1e-15)
    errors = quarter.with_errors("sleeve", "group")
    observed = quarter.with_errors("sleeve", "factor")["standard_error"].unstack("factor")[["unmodelled", "proxy"]]
    assert (observed == 0).all().all()
    assert not errors["standard_error"].xs("style", level="group").eq(0).any()


def test_what_no_sleeve_earns_stands_beside_the_sleeves(quarter, small_market):
    yen = quarter.in_currency("JPY", small_market)
    rows = yen.by("sleeve", "factor")
    assert list(yen.by("sleeve").index) == ["major", "next_major", "(currency)"]
    assert rows["(currency)", "currency"] == pytest.approx(yen.by("factor")["currency"], abs=1e-16)
    assert fsum(rows["(currency)"].drop("currency").abs()) == 0.0
    assert fsum(rows) == pytest.approx(yen.excess_return, abs=1e-12)
    assert (yen.standard_errors("sleeve", "factor")["(currency)"] == 0).all()
    assert list(yen.averages("sleeve").index) == ["major", "next_major"]


def test_the_path_of_the_sleeves_ends_at_their_contributions(quarter):
    path = quarter.path("sleeve", "group")
    np.testing.assert_allclose(path.iloc[-1], quarter.by("sleeve", "group"), rtol=0, atol=1e-15)
    np.testing.assert_allclose(path.sum(axis=1), quarter.path("group").sum(axis=1), rtol=0, atol=1e-13)


def test_average_weights_of_the_sleeves_are_their_shares():
    data = drawn_cube(5)
    own = (data["sleeve_portfolio_weight"] - data["sleeve_benchmark_weight"]).sum("asset").mean("time")
    result = result_of(data)
    np.testing.assert_allclose(result.averages("sleeve"), own, rtol=0, atol=1e-15)
    exposures = result.averages("sleeve", "factor").groupby("factor", sort=False).sum()
    np.testing.assert_allclose(exposures, result.averages("factor"), rtol=0, atol=1e-15)


def test_a_cube_without_sleeves_says_so():
    data = drawn_cube(5)
    bare = data.drop_dims("sleeve")
    assert fsum(result_of(bare).by("factor")) == pytest.approx(result_of(data).excess_return, abs=1e-12)
    with pytest.raises(at.InputError) as caught:
        result_of(bare).by("sleeve")
    assert str(caught.value) == "cut 'sleeve': these data know of no sleeves. Take the result of attribution.attribute."
