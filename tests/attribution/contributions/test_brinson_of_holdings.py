"""Brinson attribution of a course's holdings: the table, its sum, cash, the proxy, positions that offset."""

from __future__ import annotations

from math import fsum

import numpy as np
import pandas as pd
import pytest

import attribution as at
import riskmodel as rm
from attribution.brinson.effects import brinson_effects
from attribution.contributions.brinson_of_holdings import group_sides
from attribution.contributions.groups import asset_groups
from attribution.linking.linking import compound
from attribution.rows import PROXY
from riskmodel import InputError
from tests.attribution.contributions.cubes import as_cube, cube_of
from tests.conftest import REAL

EFFECTS = ["allocation", "selection", "interaction"]
COLUMNS = [
    "course", "grouping", "group", "portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return", *EFFECTS,
]  # fmt: skip


def initials(result):
    """A second grouping: the first letter of each ticker."""
    tickers = [str(ticker) for ticker in result.data["asset"].values]
    return pd.Series({ticker: ticker[0] for ticker in tickers}, name="initial")


@pytest.mark.parametrize("missing", ["other-side", "benchmark-total", "zero"])
@pytest.mark.parametrize("interaction", ["separate", "selection", "allocation"])
@pytest.mark.parametrize("method", ["fachler", "bhb"])
def test_effects_sum_to_the_linked_excess(small_result, method, interaction, missing):
    table = small_result.brinson("sector", method=method, interaction=interaction, missing=missing)
    assert list(table.columns) == COLUMNS
    assert fsum(table[EFFECTS].to_numpy().ravel()) == pytest.approx(small_result.excess_return, abs=1e-14)
    if interaction != "separate":
        assert (table["interaction"] == 0).all()


@pytest.mark.parametrize(("method", "against"), [("bhb", "zero"), ("fachler", "benchmark")])
def test_a_sectors_effects_are_what_its_stocks_add(small_result, method, against):
    """Brinson-Hood-Beebower measures against nothing, Brinson-Fachler against the benchmark."""
    table = small_result.brinson("sector", method=method).set_index("group")
    sectors = small_result.by("sector", against=against)
    np.testing.assert_allclose(table[EFFECTS].sum(axis=1)[sectors.index], sectors, atol=1e-15)


def test_weights_are_time_averages_of_the_blend_looked_through(small_result):
    table = small_result.brinson("sector").set_index("group")
    data = small_result.data
    for side in ("portfolio", "benchmark"):
        mean = data[f"{side}_weight"].mean("time").groupby(data["sector"]).sum().to_series()
        np.testing.assert_allclose(table[f"{side}_weight"].drop(PROXY)[mean.index], mean, atol=1e-15)
        assert table[f"{side}_weight"].sum() == pytest.approx(1, abs=1e-12)


def test_cash_and_the_proxy_are_groups(small_result):
    table = small_result.brinson("sector").set_index("group")
    proxy, cash = table.loc[PROXY], table.loc["CASH"]
    assert proxy[["portfolio_weight", "benchmark_weight", "allocation", "interaction"]].eq(0).all()
    assert proxy["selection"] == pytest.approx(small_result.by("stock")[PROXY], abs=1e-15)
    assert cash["portfolio_weight"] > 0 == cash["benchmark_weight"]
    assert cash[["selection", "interaction"]].eq(0).all()


@pytest.mark.parametrize("anchored", [False, True])
def test_levels_of_a_hierarchy_sum_to_the_linked_excess(small_result, anchored):
    table = small_result.brinson("sector", initials(small_result), anchored=anchored, interaction="selection")
    assert list(table["grouping"].unique()) == ["sector", "sector > initial"]
    assert fsum(table[EFFECTS].to_numpy().ravel()) == pytest.approx(small_result.excess_return, abs=1e-14)
    fine = table[table["grouping"] == "sector > initial"]
    flat = small_result.brinson("sector", interaction="selection").set_index("group")
    below = fine[EFFECTS].sum(axis=1).groupby(fine["group"].str.split(" > ").str[0]).sum()
    np.testing.assert_allclose(below[flat.index], flat["selection"], atol=1e-14)


def test_the_reconciliation_has_the_identity(small_result):
    row = small_result.reconciliation.set_index("identity").loc["Brinson effects by sector = R - B"]
    assert bool(row["passed"])
    assert row["right"] == small_result.excess_return


def pairs():
    """Two days; 'Pairs' is long one name and short another, rounding leaves 1e-17 of net weight on the second day."""
    labels = {"time": pd.bdate_range("2024-01-02", periods=2), "asset": ["A", "L", "S", "CASH"]}
    own = [[0.9, 0.3, -0.3, 0.1], [0.9, 0.1 + 0.2, -0.3, 0.1 - 1e-17]]
    other = [[1.0, 0.0, 0.0, 0.0]] * 2
    returned = [[0.01, 0.05, 0.02, 0.0], [0.0, 0.01, -0.03, 0.0]]
    own, other, returned = np.array(own), np.array(other), np.array(returned)
    none = np.zeros((2, 1, 4))
    data = cube_of(own, other, returned, none, none[:, 0] > 0, none[:, 0], none[:, :, 0], none[:, :, :1], ["Core"] * 3)
    return as_cube(data.assign_coords(labels))


def test_a_group_whose_longs_and_shorts_offset_keeps_its_contribution():
    groups = pd.Series({"A": "Core", "L": "Pairs", "S": "Pairs", "CASH": "CASH"})
    sides = group_sides(pairs(), groups)
    assert np.isnan(sides["portfolio_return"].sel(segment="Pairs")).all()
    effects = brinson_effects(**sides.data_vars).effects.sel(segment="Pairs")
    # 0.3 x 5 % - 0.3 x 2 %; 0.3 x 1 % + 0.3 x 3 %
    np.testing.assert_allclose(effects.sel(effect="selection"), [0.009, 0.012], atol=1e-15)
    np.testing.assert_allclose(effects.drop_sel(effect="selection"), 0.0, atol=1e-15)


def refusal(result, *groupings):
    with pytest.raises(InputError) as caught:
        result.brinson(*groupings)
    return str(caught.value)


def test_groupings_that_do_not_fit_are_refused(small_result):
    assert refusal(small_result, "country").startswith("grouping 'country': the columns of securities here are ")
    assert refusal(small_result) == "brinson: no grouping. Name one, such as 'sector'."
    whole = initials(small_result)
    twice = pd.concat([whole, pd.Series({"1E10": "X"})])
    assert refusal(small_result, twice) == "grouping: 1 ticker in two groups: 1E10 in 1, X. Keep one each."
    dated = pd.concat({"2025-03-03": whole, "2025-03-04": whole})
    assert refusal(small_result, dated).startswith(
        "grouping: 2 levels of labels. Give one group a ticker; a group that changes"
    )
    assert refusal(small_result, dated.unstack()).startswith("grouping: a DataFrame. Give a column's name, ")
    assert refusal(small_result, whole.drop("1E10")).startswith("grouping: 1 ticker of the course without a group: 1E10. ")
    assert refusal(small_result, whole.map(ord)).startswith(f"grouping: {len(whole)} groups that are not text: ")
    taken = whole.where(whole.index != "1E10", PROXY)
    assert refusal(small_result, taken) == "grouping: 1 ticker in a reserved group: 1E10 (proxy). Rename it."


def test_any_column_of_securities_is_a_grouping(small_result, small_copy):
    folder, read, write = small_copy
    frame = read("securities")
    write("securities", frame.assign(industry=frame["ticker"].str[0], founded=1990))
    industry = at.read_grouping(folder, "industry")
    table = small_result.brinson("sector", industry)
    assert list(table["grouping"].unique()) == ["sector", "sector > industry"]
    assert fsum(table[EFFECTS].to_numpy().ravel()) == pytest.approx(small_result.excess_return, abs=1e-14)
    whole = small_result.brinson(at.read_grouping(folder, "sector")).set_index("group")
    pd.testing.assert_frame_equal(whole[EFFECTS], small_result.brinson("sector").set_index("group")[EFFECTS])
    with pytest.raises(InputError, match=r"^securities: column 'founded' holds int64 values, not text, e\.g\. 1990, "):
        at.read_grouping(folder, "founded")
    with pytest.raises(InputError, match=r"^securities: missing column 'country'\. Found: ticker, name, "):
        at.read_grouping(folder, "country")


def test_a_benchmark_may_hold_cash(small_copy, small_model, small_book):
    folder, read, write = small_copy
    lists = read("constituents")
    cash = lists[["index", "date"]].drop_duplicates().assign(ticker="CASH", weight=0.05)
    write("constituents", pd.concat([lists.assign(weight=0.95 * lists["weight"]), cash]))
    market = rm.read_market(folder)
    result = at.attribute(small_book, "Major 100", small_model, market, period="2025-03")
    row = result.brinson("sector").set_index("group").loc["CASH"]
    # 5 % at the list's date, less as stocks rise until the next
    assert row["benchmark_weight"] == pytest.approx(0.05, abs=0.005)
    assert row["benchmark_return"] == row["portfolio_return"] == compound(market["risk_free"].loc["2025-03"].to_numpy())
    split = result.by("factor")
    active = result.data["portfolio_weight"] - result.data["benchmark_weight"]
    behind = market["risk_free"].sel(time=active["time"]) - result.data["factor_return"].sel(factor="market")
    daily = (active.sel(asset="CASH") * behind).to_numpy()
    assert split["cash_and_stopped"] == pytest.approx(float(result.data["coefficient"].to_numpy() @ daily), abs=1e-15)
    assert result.reconciliation["passed"].all()
    assert not rm.alignment_report(market).query("table == 'constituents'")["finding"].eq("ticker without prices").any()


def test_an_empty_group_is_shown_as_unclassified(small_result):
    groups = initials(small_result).where(lambda g: g.index != "1E10", "")
    assert asset_groups(small_result.cube, groups)["1E10"] == "(unclassified)"


@pytest.mark.real_market
@pytest.mark.slow
def test_a_year_of_the_real_market_adds_up(real_market, real_model):
    market, model, book = real_market, real_model, at.read_book(REAL / "book.toml")
    result = at.attribute(book, next(iter(book.courses)), model, market, period="2015-07/2016-06")
    table = result.brinson("sector")
    assert fsum(table[EFFECTS].to_numpy().ravel()) == pytest.approx(result.excess_return, abs=1e-13)
    assert table["portfolio_weight"].sum() == pytest.approx(1, abs=1e-12)
    stocks = table[~table["group"].isin(["CASH", PROXY])]
    assert stocks["benchmark_return"].abs().lt(0.5).all()
    assert stocks["portfolio_return"].between(-1, 2).all()
