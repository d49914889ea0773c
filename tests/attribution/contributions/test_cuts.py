"""Any cut of the cube: equal to a table added up by loops, any grouping, top rows, the period to date, averages."""

from __future__ import annotations

from itertools import combinations, permutations
from math import fsum

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import attribution as at
from attribution.contributions.cuts import CUTS, top
from attribution.contributions.path import running_coefficients
from attribution.linking.linking import DAY_SCALING, coefficients, compounded_excess, frongello_increments
from tests.attribution.contributions.cubes import KINDS, drawn_cube, linked, long_table, result_of
from tests.conftest import REAL, SMALL_MONTH, dear_examples

quick = settings(deadline=None, max_examples=dear_examples(), derandomize=True)
SEVERAL = [cuts for size in (1, 2, 3) for cuts in permutations(CUTS, size)]
OF_THREE = [list(permutations(cuts))[place % 6] for place, cuts in enumerate(combinations(CUTS, 3))]
FEWER = [cuts for cuts in SEVERAL if len(cuts) < 3] + OF_THREE


@pytest.fixture(scope="module")
def cube():
    return drawn_cube(1, shorts=True)


@pytest.fixture(scope="module")
def tables(cube):
    return {name: long_table(cube, **options) for name, options in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "several", [pytest.param(SEVERAL, marks=pytest.mark.slow, id="every order"), pytest.param(FEWER, id="fewer orders")]
)
def test_every_cut_equals_a_table_added_up_by_loops(cube, tables, kind, several):
    """All cuts by one to three words, 259 in every order."""
    for cuts in several:
        ours = result_of(cube).by(*cuts, **KINDS[kind])
        theirs = tables[kind].groupby(list(cuts), sort=False)["contribution"].sum()
        assert list(ours.index.names) == list(cuts)
        assert ours.index.is_unique
        assert set(ours.index) == set(theirs.index), cuts
        np.testing.assert_allclose(ours, theirs.reindex(ours.index), rtol=0, atol=1e-15)


@pytest.mark.parametrize("cuts", [("factor", "stock"), ("sector", "month", "stock"), ("month", "stock", "day")])
def test_rows_come_in_the_order_of_the_cuts(cube, cuts):
    index = result_of(cube).by(*cuts).index
    labels = [list(dict.fromkeys(result_of(cube).by(cut).index)) for cut in cuts]
    places = [tuple(level.index(label) for level, label in zip(labels, row, strict=True)) for row in index]
    assert places == sorted(places)


def test_months_of_a_longer_period_are_sums_of_its_days(small_book, small_model, small_market):
    result = at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period="2025-01/2025-03")
    days = result.by("day", "factor")
    month = days.index.get_level_values("day").strftime("%Y-%m")
    expected = days.groupby([month, days.index.get_level_values("factor")], sort=False).sum()
    months = result.by("month", "factor")
    assert list(result.by("month").index) == ["2025-01", "2025-02", "2025-03"]
    np.testing.assert_allclose(months, expected.reindex(months.index), rtol=0, atol=1e-16)
    assert fsum(months) == pytest.approx(result.excess_return, abs=1e-12)


def test_any_mapping_of_tickers_is_a_cut(small_result):
    sector = small_result.data["sector"].to_series()
    pd.testing.assert_series_equal(small_result.by(sector, "factor"), small_result.by("sector", "factor"))
    first = {str(ticker): str(ticker)[0] for ticker in small_result.data["asset"].values}
    letters = small_result.by(first)
    assert letters.index.name == "grouping"
    stocks = small_result.by("stock")
    expected = stocks.groupby([label if label in ("CASH", "(proxy)") else label[0] for label in stocks.index]).sum()
    np.testing.assert_allclose(letters, expected.reindex(letters.index), rtol=0, atol=1e-16)


def test_two_groupings_cross(small_result):
    letter = pd.Series({str(t): str(t)[0] for t in small_result.data["asset"].values}, name="letter")
    both = small_result.by("sector", letter, "group")
    assert both.index.names == ["sector", "letter", "group"]
    np.testing.assert_allclose(both.groupby("sector", sort=False).sum(), small_result.by("sector"), rtol=0, atol=1e-15)
    errors = small_result.standard_errors("sector", letter, "group")
    assert errors.index.equals(both.index)


def test_a_grouping_read_from_securities_knows_a_stock_whose_ticker_is_cash(cube):
    """The cube names it CASH (stock); a table of securities names it CASH."""
    renamed = cube.assign_coords(asset=["CASH (stock)", *cube["asset"].values[1:]])
    groups = pd.Series({**dict.fromkeys(renamed["asset"].values[1:-1], "Others"), "CASH": "Lenders"}, name="kind")
    rows = result_of(renamed).by(groups)
    assert rows["Lenders"] == pytest.approx(result_of(cube).by("stock")["A000"], abs=1e-16)
    assert list(rows.index) == ["Lenders", "Others", "CASH", "(proxy)"]


def refusal(call, *given_cuts):
    with pytest.raises(at.InputError) as caught:
        call(*given_cuts)
    return str(caught.value)


def test_what_is_not_a_cut_is_refused(cube):
    result = result_of(cube)
    known = (
        "name one or more, once, of factor, group, stock, sector, day, month, sleeve, or give ticker -> group, "
        "as attribution.read_grouping reads it."
    )
    assert refusal(result.by, "colour") == f"cut 'colour': {known}"
    assert refusal(result.by) == f"cut missing: {known}"
    sector = cube["sector"].to_series()
    assert refusal(result.by, "sector", sector) == f"cut 'sector', 'sector': {known}"
    assert refusal(result.by, sector.iloc[1:]).startswith("grouping: 1 ticker of the course without a group: A000. ")
    assert refusal(result.path, "factor", "day") == (
        "path by 'day': a path has a row a day; cut by what runs along it, such as factor."
    )
    assert refusal(result.averages, "group") == (
        "averages by 'group': exposures to different factors have no sum. Cut by factor."
    )
    assert refusal(result.top, 0, "stock") == "n: is 0. Give a whole number, 1 or more."


@quick
@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from(CUTS), min_size=1, max_size=4, unique=True),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(DAY_SCALING),
)
def test_any_cut_of_any_cube_adds_to_the_linked_return(seed, cuts, kind, link):
    data = linked(drawn_cube(seed, days=5, assets=5, shorts=seed % 2 == 0), link)
    result = result_of(data, link)
    whole = result.portfolio_return if kind == "absolute" else result.excess_return
    assert fsum(result.by(*cuts, **KINDS[kind])) == pytest.approx(whole, abs=1e-12)
    assert fsum(result.top(1, *cuts, **KINDS[kind])) == pytest.approx(whole, abs=1e-12)
    assert (result.standard_errors(*cuts, **KINDS[kind]) >= 0).all()


@settings(quick, max_examples=dear_examples() // 4)
@given(st.integers(0, 10_000))
def test_the_order_of_assets_and_factors_changes_nothing(seed):
    data, rng = drawn_cube(seed, days=4, assets=6), np.random.default_rng(seed)
    factors = rng.permutation(data.sizes["factor"])
    other = data.isel(asset=[*rng.permutation(6), 6], factor=factors, factor_other=factors)
    for cuts in (("factor",), ("stock", "factor"), ("sector", "group"), ("month", "stock")):
        one, two = result_of(data).with_errors(*cuts), result_of(other).with_errors(*cuts)
        columns = ["contribution", "standard_error"]
        np.testing.assert_allclose(two[columns].reindex(one.index), one[columns], rtol=0, atol=1e-16)


def test_nothing_given_is_changed(cube):
    before = cube.copy(deep=True)
    result = result_of(cube)
    for cuts in (("stock", "factor"), ("stock",), ("sector", "group")):
        result.by(*cuts)
        result.standard_errors(*cuts)
        result.path(*cuts)
    result.averages("factor")
    xr.testing.assert_identical(cube, before)


def test_the_top_rows_and_the_rest_sum_to_the_whole(small_result):
    whole = small_result.by("stock")
    shown = small_result.top(3, "stock")
    assert list(shown.index[:3]) == list(whole.nlargest(3).index)
    assert list(shown.index[3:6]) == list(whole.nsmallest(3).index[::-1])
    assert shown.index[-1] == "(rest)"
    assert shown.index.name == "stock"
    assert len(shown) == 7
    assert fsum(shown) == pytest.approx(small_result.excess_return, abs=1e-12)
    cells = small_result.top(2, "sector", "factor", absolute=True)
    assert cells.index[-1] == ("(rest)", "(rest)")
    assert cells.index.names == ["sector", "factor"]
    assert fsum(cells) == pytest.approx(small_result.portfolio_return, abs=1e-12)


def test_a_short_table_has_no_rest():
    table = pd.Series({"A": 0.1, "B": -0.2, "C": 0.3})
    assert list(top(table, 2).index) == ["C", "A", "B"]
    assert list(top(table, 1).index) == ["C", "B", "(rest)"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("link", DAY_SCALING)
def test_a_path_shows_on_each_day_what_the_period_would_had_it_ended_there(link, kind):
    data = linked(drawn_cube(7, days=6), link)
    result = result_of(data, link)
    path = result.path("sector", "factor", **KINDS[kind])
    assert path.index.equals(data.get_index("time").rename("day"))
    for end in range(1, 7):
        to_date = result_of(linked(data.isel(time=slice(end)), link), link)
        expected = to_date.by("sector", "factor", **KINDS[kind])
        pd.testing.assert_index_equal(path.columns, expected.index)
        np.testing.assert_allclose(path.iloc[end - 1], expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("link", DAY_SCALING)
def test_a_path_sums_to_the_excess_to_date_and_ends_at_the_period(link, small_book, small_model, small_market):
    result = at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period=SMALL_MONTH, link=link)
    path = result.path("factor")
    own, other = (result.data[f"{side}_return"].to_numpy() for side in ("portfolio", "benchmark"))
    to_date = [compounded_excess(own[:end], other[:end]) for end in range(1, len(own) + 1)]
    np.testing.assert_allclose(path.sum(axis=1), to_date, rtol=0, atol=1e-12)
    np.testing.assert_allclose(path.iloc[-1], result.by("factor"), rtol=0, atol=1e-15)
    np.testing.assert_allclose(result.path("stock").sum(axis=1), to_date, rtol=0, atol=1e-12)


@pytest.mark.parametrize("link", ["frongello", "grap"])
def test_by_frongello_the_steps_of_a_path_are_increments_that_are_never_restated(link):
    data = linked(drawn_cube(3), link)
    daily = result_of(data, link).by("day", "factor").to_xarray() / data["coefficient"].rename(time="day")
    increments = frongello_increments(
        daily.rename(day="time"), data["portfolio_return"], data["benchmark_return"], tolerance=1e-10
    )
    path = result_of(data, link).path("factor")
    np.testing.assert_allclose(path.diff().fillna(path.iloc[:1]), increments.sel(factor=path.columns), rtol=0, atol=1e-15)


@pytest.mark.parametrize("method", DAY_SCALING)
def test_running_coefficients_are_those_of_each_run_of_days(method):
    rng = np.random.default_rng(4)
    own, other = (xr.DataArray(rng.normal(0, 0.02, 7), dims="time") for _ in range(2))
    own[2] = other[2]
    running = running_coefficients(own, other, method=method)
    for end in range(1, 8):
        np.testing.assert_allclose(running[end - 1, :end], coefficients(own[:end], other[:end], method=method), rtol=1e-13)
        assert (running[end - 1, end:] == 0).all()


@pytest.mark.parametrize("absolute", [False, True], ids=["active", "absolute"])
def test_averages_are_means_over_the_days(cube, absolute):
    result = result_of(cube)
    weight = cube["portfolio_weight"] - (0 if absolute else cube["benchmark_weight"])
    own = result.averages("stock", absolute=absolute)
    np.testing.assert_allclose(own, weight.mean("time"), rtol=0, atol=1e-16)
    assert fsum(own) == pytest.approx(1.0 if absolute else 0.0, abs=1e-12)
    assert "(proxy)" not in own.index
    live = cube["portfolio_live"] - (0 if absolute else cube["benchmark_live"])
    parts = live * cube["exposure"]
    if not absolute:
        idle = (weight - live).where(cube["asset"] != "CASH", weight)
        parts = parts + idle * (cube["factor"] == "market")
    expected = parts.mean("time").groupby(cube["sector"]).sum()
    by_sector = result.averages("sector", "factor", absolute=absolute).to_xarray()
    xr.testing.assert_allclose(by_sector.reindex_like(expected), expected.transpose(*by_sector.dims), rtol=0, atol=1e-15)
    month = cube["time"].dt.strftime("%Y-%m").rename("month")
    expected = parts.sum("asset").groupby(month).mean()
    by_month = result.averages("month", "factor", absolute=absolute).to_xarray()
    xr.testing.assert_allclose(by_month.reindex_like(expected), expected.transpose(*by_month.dims), rtol=0, atol=1e-15)


def test_averages_of_exposures_are_those_of_the_factors_table(small_result):
    shown = small_result.factors.set_index("factor")["active_exposure"].dropna()
    np.testing.assert_allclose(small_result.averages("factor"), shown, rtol=0, atol=1e-15)
    pairs = small_result.averages("stock", "factor").groupby("factor", sort=False).sum()
    np.testing.assert_allclose(pairs, shown, rtol=0, atol=1e-14)


def test_a_blend_is_looked_through_to_its_sleeves_names(small_book, small_model, small_market):
    sleeves = {
        name: at.attribute(small_book, name, small_model, small_market, period=SMALL_MONTH)
        for name in ("Major 70 : Next 30", "major", "next_major")
    }
    first = {name: result.averages("day", "stock", absolute=True) for name, result in sleeves.items()}
    day = first["major"].index[0][0]
    blend, major, following = (rows[day] for rows in first.values())
    mixed = (0.7 * major).add(0.3 * following, fill_value=0.0)
    np.testing.assert_allclose(blend, mixed.reindex(blend.index), rtol=0, atol=1e-15)
    rows = sleeves["Major 70 : Next 30"].by("stock", "factor")
    assert fsum(rows) == pytest.approx(sleeves["Major 70 : Next 30"].excess_return, abs=1e-12)


@pytest.fixture(scope="module")
def real(real_market, real_model):
    return real_market, at.read_book(REAL / "book.toml"), real_model


@pytest.mark.real_market
@pytest.mark.slow
@pytest.mark.parametrize("period", ["2015", "2015-08", "itd/2016-06"])
def test_the_real_market_adds_up_however_it_is_cut(real, period):
    market, book, model = real
    result = at.attribute(book, "Major 50 : Next 50", model, market, period=period)
    cuts = (
        [(cut,) for cut in CUTS] + list(permutations(CUTS, 2)) + [("day", "stock", "factor"), ("sleeve", "stock", "factor")]
    )
    for words in cuts:
        assert fsum(result.by(*words)) == pytest.approx(result.excess_return, abs=1e-12), words
        assert fsum(result.by(*words, absolute=True)) == pytest.approx(result.portfolio_return, abs=1e-12), words
    sector = at.read_grouping(REAL, "sector")
    np.testing.assert_allclose(result.by(sector).sum(), result.excess_return, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.path("factor").iloc[-1], result.by("factor"), rtol=0, atol=1e-14)


@pytest.mark.real_market
@pytest.mark.slow
def test_a_contribution_follows_from_the_raw_rows(real):
    """The largest holding of August 2015, from the tables alone: lists, returns, levels, and Carino's formula."""
    market, book, model = real
    names = ("prices", "holdings", "constituents", "indices", "rates")
    tables = {name: pd.read_parquet(REAL / f"{name}.parquet") for name in names}
    tables = {name: table.assign(date=pd.to_datetime(table["date"])) for name, table in tables.items()}
    returns = tables["prices"].pivot(index="date", columns="ticker", values="total_return").astype(float).fillna(0.0)
    returns["CASH"] = tables["rates"].set_index("date")["risk_free"].reindex(returns.index).astype(float).fillna(0.0)
    days = returns.loc["2015-08-01":"2015-08-31"].index

    def drifted(table, column, value):
        rows = tables[table][(tables[table][column] == value) & (tables[table]["date"] < days[0])]
        weights = rows[rows["date"] == rows["date"].max()].set_index("ticker")["weight"].astype(float)
        weights = weights[weights.index.isin(returns.columns) & ((table == "holdings") | (weights.index != "CASH"))]
        grown = (1 + returns.loc[days, weights.index]).cumprod().shift(1).fillna(1.0) * weights
        return grown.div(grown.sum(axis=1), axis=0)

    own, index = drifted("holdings", "portfolio", "major"), drifted("constituents", "index", "S&P 500")
    levels = tables["indices"][tables["indices"]["index"] == "S&P 500"].set_index("date")["level"].astype(float)
    course, benchmark = (own * returns.loc[days, own.columns]).sum(axis=1), levels.pct_change().loc[days]
    whole, other = (1 + course).prod() - 1, (1 + benchmark).prod() - 1
    scale = (np.log1p(course) - np.log1p(benchmark)) / (course - benchmark)
    scale /= (np.log1p(whole) - np.log1p(other)) / (whole - other)
    ticker = own.iloc[0].drop("CASH").idxmax()
    active = own[ticker] - index.get(ticker, 0.0)
    result = at.attribute(book, "Major 100", model, market, period="2015-08")
    assert result.portfolio_return == pytest.approx(whole, abs=1e-14)
    assert result.benchmark_return == pytest.approx(other, abs=1e-14)
    own_return = returns.loc[days, ticker]
    assert result.by("stock")[ticker] == pytest.approx(fsum(scale * active * (own_return - benchmark)), abs=1e-15)
    assert result.by("stock", against="zero")[ticker] == pytest.approx(fsum(scale * active * own_return), abs=1e-15)
    before = returns.index[returns.index.get_indexer(days) - 1]
    for style in ("size", "momentum"):
        exposure = model.exposures.sel(asset=ticker, factor=style, time=before).to_numpy()
        earned = model.factor_returns.sel(factor=style, time=days).to_numpy()
        expected = fsum(scale.to_numpy() * active.to_numpy() * exposure * earned)
        assert result.by("stock", "factor", against="zero")[ticker, style] == pytest.approx(expected, abs=1e-15)
