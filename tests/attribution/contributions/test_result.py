"""The cube on the shipped market: cuts, errors, identities; one contribution by hand from the raw tables."""

from __future__ import annotations

from itertools import combinations
from math import fsum, prod

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.contributions.cuts import CUTS
from attribution.linking.linking import DAY_SCALING
from riskmodel.market.tables import read_table
from tests.conftest import SMALL, SMALL_MONTH

EVERY_CUT = [cuts for size in (1, 2) for cuts in combinations(CUTS, size) if set(cuts) != {"factor", "group"}]


@pytest.fixture(scope="module", params=["Major 100", "Major 50 : Next 50", "Next Major 100"])
def result(request, small_book, small_model, small_market):
    return at.attribute(small_book, request.param, small_model, small_market, period=SMALL_MONTH)


@pytest.mark.parametrize("cuts", EVERY_CUT, ids=" x ".join)
def test_every_cut_adds_to_the_same_excess_return(result, cuts):
    assert fsum(result.by(*cuts)) == pytest.approx(result.excess_return, abs=1e-12)


@pytest.mark.parametrize("cuts", EVERY_CUT, ids=" x ".join)
def test_every_absolute_cut_adds_to_the_same_return(result, cuts):
    assert fsum(result.by(*cuts, absolute=True)) == pytest.approx(result.portfolio_return, abs=1e-12)


def test_every_identity_of_the_reconciliation_holds(result):
    assert result.reconciliation["passed"].all()
    assert result.reconciliation["difference"].abs().max() <= 1e-12


@pytest.mark.parametrize("method", DAY_SCALING)
def test_every_way_to_link_days_adds_to_the_same_excess_return(method, small_book, small_model, small_market):
    linked = at.attribute(small_book, "Major 100", small_model, small_market, period="2025-01/2025-03", link=method)
    assert linked.reconciliation["passed"].all()
    daily = linked.data["coefficient"].to_numpy()
    share = linked.by("day").to_numpy() / daily  # before linking
    expected = at.link(
        xr.DataArray(share[:, None], {"time": linked.data["time"], "effect": ["excess"]}, ("time", "effect")),
        linked.data["portfolio_return"],
        linked.data["benchmark_return"],
        method=method,
    )
    assert float(expected[0]) == pytest.approx(linked.excess_return, abs=1e-12)
    assert fsum(linked.by("stock", absolute=True)) == pytest.approx(linked.portfolio_return, abs=1e-12)


def test_an_unknown_way_to_link_is_refused(small_book, small_model, small_market):
    with pytest.raises(at.InputError) as caught:
        at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH, link="geometric")
    assert str(caught.value) == "link 'geometric': the known methods are carino, menchero, grap, frongello."


def test_a_finer_cut_sums_to_the_coarser_one(result):
    for fine, coarse in [(("stock", "factor"), "stock"), (("sector", "factor"), "sector"), (("day", "factor"), "day")]:
        np.testing.assert_allclose(
            result.by(*fine).groupby(coarse).sum().reindex(result.by(coarse).index), result.by(coarse), atol=1e-14
        )


def test_specific_mirrors_the_error_of_all_factors_and_observed_rows_have_none(result):
    factors = result.factors.set_index("factor")
    covariance = result.data["covariance"].to_numpy()
    live = result.data["portfolio_live"] - result.data["benchmark_live"]  # what is not invested is no less uncertain
    linked = (
        (xr.dot(live, result.data["exposure"], dim="asset") * result.data["coefficient"])
        .transpose("time", "factor")
        .to_numpy()
    )
    whole = sum(row @ day @ row for row, day in zip(linked, covariance, strict=True))
    assert factors.loc["specific", "standard_error"] == pytest.approx(np.sqrt(whole), rel=1e-10)
    assert (factors.loc[["unmodelled", "proxy"], "standard_error"] == 0).all()
    assert factors.loc[["unmodelled", "proxy"], "t"].isna().all()


def test_what_is_not_invested_has_the_error_of_the_market_that_it_lacks(result):
    data = result.data
    idle = (data["portfolio_weight"] - data["benchmark_weight"]).sel(asset="CASH")
    stopped = (data["portfolio_weight"] - data["portfolio_live"]) - (data["benchmark_weight"] - data["benchmark_live"])
    linked = (idle + stopped.drop_sel(asset="CASH").sum("asset")) * data["coefficient"]
    variance = data["covariance"].sel(factor="market", factor_other="market")
    row = result.with_errors("factor").loc["cash_and_stopped"]
    assert row["standard_error"] == pytest.approx(float(np.sqrt((linked**2 * variance).sum())), rel=1e-10)
    interest = float((idle * data["asset_return"].sel(asset="CASH") * data["coefficient"]).sum())
    assert row["contribution"] == pytest.approx(
        interest - float((linked * data["factor_return"].sel(factor="market")).sum()), abs=1e-15
    )


def test_the_error_of_one_factor_follows_from_its_own_variance(result):
    k = list(result.data["factor"].to_numpy()).index("momentum")
    linked = result.active_exposures.to_numpy()[:, k] * result.data["coefficient"].to_numpy()
    expected = np.sqrt((linked**2 * result.data["covariance"].to_numpy()[:, k, k]).sum())
    assert result.standard_errors("factor")["momentum"] == pytest.approx(expected, rel=1e-12)


def test_one_stocks_contribution_follows_from_the_raw_tables(small_book, small_model, small_market):
    """The largest holding of Major 100: its absolute contribution by hand from the tables holdings, prices and rates."""
    result = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH)
    holdings, prices = read_table(SMALL, "holdings"), read_table(SMALL, "prices")
    start = pd.Timestamp("2025-02-28")
    opening = holdings[(holdings["portfolio"] == "major") & (holdings["date"] == start)].set_index("ticker")["weight"]
    cash = read_table(SMALL, "rates").set_index("date")["risk_free"]
    month = prices[(prices["date"] > start) & prices["ticker"].isin(opening.index)]
    returns = month.pivot(index="date", columns="ticker", values="total_return")
    returns["CASH"] = cash.reindex(returns.index)
    value = opening * (1 + returns[opening.index].fillna(0.0)).cumprod()  # nobody held resumes after a gap in this month
    before = value.shift(fill_value=0.0)
    before.iloc[0] = opening
    daily = value.sum(axis=1) / before.sum(axis=1) - 1
    total = prod(1 + daily) - 1
    coefficient = (np.log1p(daily) / daily) / (np.log1p(total) / total)
    name = opening.drop("CASH").idxmax()
    expected = (before[name] / before.sum(axis=1) * returns[name] * coefficient).sum()
    assert result.by("stock", absolute=True)[name] == pytest.approx(expected, abs=1e-12)
    assert result.portfolio_return == pytest.approx(total, abs=1e-12)


def test_a_run_of_months_compounds_its_months(small_book, small_model, small_market):
    whole = at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period="2025-01/2025-03")
    months = [
        at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period=m)
        for m in ("2025-01", "2025-02", "2025-03")
    ]
    assert 1 + whole.portfolio_return == pytest.approx(prod(1 + m.portfolio_return for m in months), abs=1e-14)
    assert whole.reconciliation["passed"].all()


def test_the_tables_have_the_columns_of_the_contract(result):
    assert list(result.factors.columns) == [
        "course", "factor", "group", "active_exposure", "factor_return", "contribution", "standard_error", "t",
    ]  # fmt: skip
    assert list(result.stocks.columns) == [
        "course", "ticker", "name", "weight_start", "weight_end", "return", "contribution", "active_contribution",
    ]  # fmt: skip
    assert result.stocks["ticker"].is_unique
    assert {"CASH", "(proxy)"} <= set(result.stocks["ticker"])
    assert fsum(result.stocks["contribution"]) == pytest.approx(result.portfolio_return, abs=1e-12)
    assert fsum(result.stocks["active_contribution"]) == pytest.approx(result.excess_return, abs=1e-12)
    assert fsum(result.stocks["weight_start"].dropna()) == pytest.approx(1.0, abs=1e-12)
    assert fsum(result.stocks["weight_end"].dropna()) == pytest.approx(1.0, abs=1e-12)


def test_the_largest_contributions_can_be_read_in_a_terminal_and_a_notebook(result):
    text = repr(result)
    assert text.startswith(f"{result.course} against {result.benchmark}, {SMALL_MONTH}")
    assert f"excess {result.excess_return:+z.2%}" in text
    assert "identities hold to 1e-12" in text
    assert "<table" in result._repr_html_()


@pytest.mark.parametrize(("cuts", "shown"), [(("colour",), "'colour'"), ((), "missing"), (("day", "day"), "'day', 'day'")])
def test_an_unknown_cut_lists_the_known_ones(small_result, cuts, shown):
    with pytest.raises(at.InputError, match=f"cut {shown}: name one or more, once, of factor, group, stock, sector, day"):
        small_result.by(*cuts)


def test_permuting_the_assets_changes_nothing(small_book, small_model, small_market):
    order = np.random.default_rng(0).permutation(small_market.sizes["asset"])
    shuffled = at.attribute(
        small_book, "Major 70 : Next 30", small_model, small_market.isel(asset=order), period=SMALL_MONTH
    )
    plain = at.attribute(small_book, "Major 70 : Next 30", small_model, small_market, period=SMALL_MONTH)
    for cut in ("factor", "stock", "sector"):
        pd.testing.assert_series_equal(
            shuffled.by(cut).sort_index(), plain.by(cut).sort_index(), check_exact=False, rtol=0, atol=1e-14
        )


def test_a_result_that_does_not_add_up_is_not_returned(small_book, small_model, small_market, monkeypatch):
    refuses_first = "attribution.contributions.modelled.parts._require_same_returns"
    monkeypatch.setattr(refuses_first, lambda *given: None)
    wrong = small_model.data.assign(specific_returns=small_model.data["specific_returns"] * 1.001)
    damaged = type(small_model)(data=wrong, settings=small_model.settings)
    with pytest.raises(at.ReconciliationError, match=r"Major 100, 2025-03: contributions do not add up. factors = R - B"):
        at.attribute(small_book, "Major 100", damaged, small_market, period=SMALL_MONTH)


def test_a_second_specification_splits_the_same_excess_return_otherwise(small_result, small_model):
    second = small_result.second_contributions
    assert second.sum() == pytest.approx(small_result.excess_return, abs=1e-12)
    cube, other = small_result.cube, small_model.second_factor_returns
    scaled = cube.coefficient * other.sel(time=cube.days, factor=cube.factors)
    expected = (scaled * small_result.active_exposures).sum("time").to_series()
    np.testing.assert_allclose(second[cube.factors], expected, rtol=0, atol=1e-15)
    assert (second - small_result.by("factor"))[["proxy", "unmodelled"]].abs().max() < 1e-15
    assert (second - small_result.by("factor")).abs().max() > 1e-5


def test_a_model_without_a_second_specification_or_with_holes_in_it_has_no_second_contributions(
    small_book, small_model, small_market
):
    holes = small_model.second_factor_returns.copy(deep=True)
    holes.loc[{"time": "2025-03-10", "factor": "value"}] = np.nan
    for data in (small_model.data.drop_vars("second_factor_returns"), small_model.data.assign(second_factor_returns=holes)):
        model = rm.RiskModelResults(data=data, settings=small_model.settings)
        assert at.attribute(small_book, "Major 100", model, small_market, period="2025-03").second_contributions is None
