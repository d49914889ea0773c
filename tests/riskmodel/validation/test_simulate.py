"""The simulated market: is it what its generator makes, does it hold what it promises, and does the model find its truth?"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import riskmodel as rm
from riskmodel.market.tables import TABLES, read_table
from riskmodel.validation.simulated.market import SPECIFIC_RISK, SimulatedMarket, simulate
from riskmodel.validation.simulated.styles import SIMULATED_STYLES
from tests.conftest import ROOT, SMALL

GENERATOR = ROOT / "fixtures" / "make_small.py"
LITTLE = {"assets": 150, "start": "2024-06-03", "end": "2025-03-31", "industries": False}
WRITTEN = f"""
import runpy, sys
from pathlib import Path
from riskmodel.validation.simulated.market import simulate
runpy.run_path({str(GENERATOR)!r})["write"](simulate(**{LITTLE!r}), Path(sys.argv[1]))
"""
STYLES = [style.name for style in SIMULATED_STYLES]
STRONG = 3.0  # times the mean error: how volatile a style must be for its returns to be found


@pytest.fixture(scope="module")
def simulated(once) -> SimulatedMarket:
    return once("simulated", simulate)


@pytest.fixture(scope="module")
def little(once) -> SimulatedMarket:
    """The least that can be simulated, without industries: where size is not the point."""
    return once("little", lambda: simulate(**LITTLE))


@pytest.fixture(scope="module")
def shipped() -> dict[str, pd.DataFrame]:
    tables = {name: read_table(SMALL, name) for name in TABLES}
    return {name: table for name, table in tables.items() if table is not None}


@pytest.fixture(scope="module")
def market(small_market: xr.Dataset) -> xr.Dataset:
    return small_market


@pytest.fixture(scope="module")
def model(small_model: rm.RiskModelResults) -> rm.RiskModelResults:
    return small_model


def shipped_truth() -> xr.DataArray:
    frame = pd.read_csv(SMALL / "truth_factor_returns.csv", parse_dates=["date"])
    return xr.DataArray(frame.set_index("date").rename_axis(index="time", columns="factor"))


def standardised_errors(
    model: rm.RiskModelResults, truth: xr.DataArray, errors: str = "robust_standard_errors"
) -> xr.DataArray:
    return ((model.factor_returns - truth) / model.data[errors]).dropna("time", how="all")


def slope_of_specific_risk(simulated: SimulatedMarket, market: xr.Dataset) -> float:
    risk = simulated.truth["specific_returns"].std("time")
    cap = market["market_cap"].mean("time")
    known = ~np.isnan(risk)
    return float(np.polyfit(np.log(cap[known]), np.log(risk[known]), 1)[0])


def held(shipped: dict[str, pd.DataFrame], ticker: str) -> pd.DatetimeIndex:
    holdings = shipped["holdings"]
    return pd.DatetimeIndex(holdings.loc[holdings["ticker"] == ticker, "date"].sort_values().unique())


# ---------------------------------------------------------------- the fixture is what its generator makes


def test_the_shipped_tables_are_what_the_generator_makes(
    simulated: SimulatedMarket, shipped: dict[str, pd.DataFrame]
) -> None:
    assert set(shipped) == set(simulated.tables)
    for name, table in shipped.items():
        # stored as floats of single precision (2^-24 = 6e-8 of the value) or as decimals
        pd.testing.assert_frame_equal(table, simulated.tables[name], rtol=1e-7, atol=1e-9, obj=name)


def test_the_shipped_factor_returns_are_the_true_ones(simulated: SimulatedMarket) -> None:
    truth = simulated.truth["factor_returns"].dropna("time", how="all")
    xr.testing.assert_allclose(shipped_truth(), truth, rtol=0, atol=1e-12)  # twelve places are written


@pytest.mark.slow  # the tables that ship were made by another process too
def test_the_generator_writes_the_same_bytes_in_another_process(little: SimulatedMarket, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", WRITTEN, there], check=True, cwd=tmp_path, env=environment)
    runpy.run_path(str(GENERATOR))["write"](little, here)
    assert {p.name: p.read_bytes() for p in here.iterdir()} == {p.name: p.read_bytes() for p in there.iterdir()}
    by_hand = {"strategies.toml"}  # another book over the same tables
    assert {p.name for p in here.iterdir()} == {p.name for p in SMALL.iterdir()} - by_hand


def test_the_shipped_market_is_at_most_five_megabytes() -> None:
    assert sum(path.stat().st_size for path in SMALL.iterdir()) <= 5_000_000


def test_an_unknown_kind_of_specific_risk_is_refused_with_the_known_ones() -> None:
    with pytest.raises(rm.InputError, match=r"unknown kind 'round'\. Known: inverse_sqrt_cap, flat, sqrt_cap\."):
        simulate(specific="round")


def test_a_market_too_small_for_its_events_is_refused() -> None:
    with pytest.raises(rm.InputError, match=r"100 companies over 2 months; .* need at least 150 and 8"):
        simulate(assets=100, start="2024-01-01", end="2024-02-29")


# ---------------------------------------------------------------- the truth, and what the model finds of it


def test_the_true_exposures_are_the_models_own(simulated: SimulatedMarket, model: rm.RiskModelResults) -> None:
    xr.testing.assert_allclose(model.data["exposures"], simulated.truth["exposures"], rtol=0, atol=1e-9)


def test_returns_are_exactly_market_sector_industry_styles_and_specific(
    simulated: SimulatedMarket, market: xr.Dataset
) -> None:
    truth = simulated.truth
    factor = truth["factor_returns"]
    lagged = truth["exposures"].shift(time=1).rename(style="factor")
    sector = factor.sel(factor=xr.DataArray(market["sector"].to_numpy(), dims="asset")).drop_vars("factor")
    nothing = factor[:, :1].assign_coords(factor=[""]) * 0.0
    own = np.where(market["industry"].isin(factor["factor"]), market["industry"], "")
    industry = xr.concat([factor, nothing], "factor").sel(factor=xr.DataArray(own, dims="asset")).drop_vars("factor")
    styled = (lagged * factor.sel(factor=STYLES)).sum("factor", skipna=False)
    explained = factor.sel(factor="market", drop=True) + sector + industry + styled
    difference = market["total_return"] - explained - truth["specific_returns"]
    assert float(abs(difference).max()) < 1e-15
    # every return of a covered name after the burn-in of sixty sessions is explained
    expected = market["total_return"] * lagged.isel(factor=0, drop=True)
    assert int(difference[61:].count()) == int(expected[61:].count())


def test_true_sector_returns_weighted_by_cap_sum_to_zero(
    simulated: SimulatedMarket, market: xr.Dataset, model: rm.RiskModelResults
) -> None:
    estimating = model.data["universe"].shift(time=1, fill_value=False) & ~np.isnan(market["total_return"])
    cap = market["market_cap"].shift(time=1).where(estimating, 0.0).groupby(market["sector"]).sum("asset")
    truth = simulated.truth["factor_returns"].sel(factor=cap["sector"].to_numpy()).rename(factor="sector")
    total = (cap * truth).sum("sector", skipna=False) / cap.sum("sector")
    assert float(abs(total).max()) < 1e-15


def test_true_industry_returns_weighted_by_cap_sum_to_zero_in_each_sector(
    simulated: SimulatedMarket, market: xr.Dataset, model: rm.RiskModelResults
) -> None:
    estimating = model.data["universe"].shift(time=1, fill_value=False) & ~np.isnan(market["total_return"])
    cap = market["market_cap"].shift(time=1).where(estimating, 0.0)
    table = model.industries()
    assert list(table["industry"]) == list(simulated.truth["factor"].to_numpy()[12:-14])
    for sector, names in table.groupby("sector")["industry"]:
        own = cap.fillna(0.0).to_numpy() @ (market["industry"].to_numpy()[:, None] == names.to_numpy(object))
        truth = simulated.truth["factor_returns"].sel(factor=list(names)).to_numpy()
        assert np.nanmax(np.abs((own * truth).sum(axis=1) / own.sum(axis=1).clip(min=1))) < 1e-15, sector


def test_specific_returns_have_no_part_in_common_with_the_factors(simulated: SimulatedMarket) -> None:
    u = simulated.truth["specific_returns"].dropna("time", how="all")
    mean = u.mean("asset")  # of 400 independent returns of about 1.5 %: a standard error of 0.0008
    assert abs(float(mean.mean())) < 4 * 0.0008 / np.sqrt(mean.size)
    assert 0.01 < float(u.std("time").median()) < 0.02


def test_fitted_factor_returns_recover_the_true_ones(model: rm.RiskModelResults) -> None:
    truth, fitted = xr.align(shipped_truth(), model.factor_returns)
    strength = truth.std("time") / model.robust_standard_errors.mean("time")
    correlation = xr.corr(truth, fitted, dim="time").sel(factor=STYLES)
    strong = strength.sel(factor=STYLES) >= STRONG
    assert int(strong.sum()) == 10  # four of the fourteen are weak on purpose
    assert float(correlation.where(strong).min()) > 0.95
    assert float(xr.corr(truth, fitted, dim="time").sel(factor="market")) > 0.99


def test_fitted_industry_returns_go_with_the_true_ones_and_their_errors_say_how_far(model: rm.RiskModelResults) -> None:
    truth, fitted = xr.align(shipped_truth(), model.factor_returns)
    table = model.industries().set_index("industry")
    names = list(table.index)
    correlation = xr.corr(truth, fitted, dim="time").sel(factor=names).to_series()
    assert correlation.min() > 0.45
    assert correlation.corr(table["left_to_sector"]) < -0.5  # the fewer the names, the less is found
    missed = (fitted - truth).sel(factor=names)
    error = model.robust_standard_errors.sel(time=missed["time"], factor=names)
    assert float((missed**2).mean() / (error**2).mean()) == pytest.approx(1, abs=0.12)
    # three to two dozen names an industry: where a day sees few differences, what it says of them is least certain
    assert 0.92 < float((abs(missed) < 2 * error).mean()) < 0.965


def test_robust_errors_cover_about_95_percent_of_the_true_values(model: rm.RiskModelResults) -> None:
    z = standardised_errors(model, shipped_truth())
    inside = (abs(z) < 1.96).sel(factor=~z["factor"].isin(model.industries()["industry"]))
    assert 0.94 < float(inside.sel(factor=STYLES).mean()) < 0.965  # 4,970 values: a standard error of 0.003
    assert 0.94 < float(inside.mean()) < 0.965
    assert float(inside.mean("time").min()) > 0.91  # 355 values a factor: a standard error of 0.012


@pytest.mark.parametrize("specific", ["flat", pytest.param("sqrt_cap", marks=pytest.mark.slow)])
def test_robust_errors_cover_where_specific_risk_does_not_follow_the_weights(specific: str) -> None:
    simulated = simulate(assets=300, start="2024-01-01", end="2024-12-31", specific=specific)
    market = rm.build_market(simulated.tables)
    model = rm.RiskModel().fit(market)
    truth = simulated.truth["factor_returns"]
    truth = truth.sel(factor=~truth["factor"].isin(model.industries()["industry"]))
    robust = (abs(standardised_errors(model, truth)) < 1.96).mean()
    classical = (abs(standardised_errors(model, truth, "classical_standard_errors")) < 1.96).mean()
    assert 0.93 < float(robust) < 0.97
    assert float(classical) < 0.93
    assert slope_of_specific_risk(simulated, market) == pytest.approx(SPECIFIC_RISK[specific], abs=0.06)


def test_specific_variance_of_the_shipped_market_goes_with_one_over_the_square_root_of_cap(
    simulated: SimulatedMarket, market: xr.Dataset
) -> None:
    # a deviation of 0.25 in the log around a slope over 400 logs of caps that deviate by 1.2: an error of 0.01
    assert slope_of_specific_risk(simulated, market) == pytest.approx(-0.25, abs=0.06)


# ---------------------------------------------------------------- what the market promises to hold


def test_it_is_about_400_stocks_over_20_months(market: xr.Dataset) -> None:
    assert market.sizes["asset"] == 400
    assert market["time"].to_index().to_period("M").nunique() == 20
    assert str(market["time"].to_index()[-1].date()) == "2025-03-31"


def test_every_factor_is_fed_on_every_day_of_the_book(model: rm.RiskModelResults) -> None:
    fed = model.data["fed"].sel(time=slice("2023-11-01", None))
    assert bool(fed.astype(bool).all())
    assert not (model.coverage()["reason"].str.contains("fundamentals|earnings")).any()
    assert (model.flagged().index < "2023-11-01").all()


def test_the_book_names_what_the_tables_hold(shipped: dict[str, pd.DataFrame]) -> None:
    book = tomllib.loads((SMALL / "book.toml").read_text("utf-8"))
    assert {s["holdings"] for s in book["sleeves"].values()} == set(shipped["holdings"]["portfolio"])
    assert {b["constituents"] for b in book["benchmarks"].values()} == set(shipped["constituents"]["index"])
    assert set(book["report"]["indices"]) == set(shipped["indices"]["index"])
    assert len(book["courses"]) == 5
    assert book["book"]["delisted"] == "cash"
    assert shipped["holdings"]["date"].min() < pd.Timestamp(book["book"]["inception"])


def test_a_held_name_misses_three_sessions_in_mid_month(market: xr.Dataset, shipped: dict[str, pd.DataFrame]) -> None:
    missing = market["time"].to_index()[market["life"].sel(asset="TRUE").to_numpy() < 0]
    assert len(missing) == 3
    assert missing[0].month == missing[-1].month
    assert missing[0] - pd.offsets.BMonthEnd(1) in held(shipped, "TRUE")
    resumed = market["bridged_return"].sel(asset="TRUE").dropna("time")
    assert resumed["time"].to_index()[0] > missing[-1]
    assert resumed.size == 1


def test_a_held_name_stops_trading_for_good_in_mid_month(market: xr.Dataset, shipped: dict[str, pd.DataFrame]) -> None:
    sessions = market["time"].to_index()
    last = market["close"].sel(asset="0130").dropna("time")["time"].to_index()[-1]
    assert 5 <= last.day <= 25
    assert last - pd.offsets.BMonthEnd(1) in held(shipped, "0130")
    assert held(shipped, "0130")[-1] < last < sessions[sessions.to_period("M") < sessions[-1].to_period("M")][-1]


def test_a_held_name_splits(shipped: dict[str, pd.DataFrame], market: xr.Dataset) -> None:
    ex_date = shipped["splits"].set_index("ticker")["ex_date"]["NA"]
    assert ex_date.to_period("M") - 1 in held(shipped, "NA").to_period("M")
    ratio = (market["traded_price"] / market["close"]).sel(asset="NA")
    assert float(ratio[0]) == 3.0
    assert float(ratio[-1]) == 1.0
    assert shipped["splits"]["ratio"].min() < 1 < len(shipped["splits"])


def test_a_name_that_is_not_held_then_has_a_long_gap(market: xr.Dataset, shipped: dict[str, pd.DataFrame]) -> None:
    life = market["life"]
    reborn = market["asset"].to_numpy()[(life.max("time") > 0).to_numpy()]
    assert len(reborn) == 1
    gap = market["time"].to_index()[life.sel(asset=reborn[0]).to_numpy() < 0]
    assert len(gap) == 12
    assert gap[0] - pd.offsets.BMonthEnd(1) not in held(shipped, reborn[0])


def test_some_names_are_listed_late_and_some_end(market: xr.Dataset) -> None:
    here = ~np.isnan(market["close"])
    assert int((~here[0]).sum()) == 4
    assert int((~here[-1]).sum()) == 2


def test_values_are_missing_where_real_data_miss_them(shipped: dict[str, pd.DataFrame]) -> None:
    filed = shipped["fundamentals"]
    for column in ("revenue", "gross_profit", "operating_income", "ordinary_income", "dividends_per_share"):
        assert 0 < filed[column].isna().mean() < 1
    assert 0 < shipped["prices"]["volume"].isna().mean() < 0.01
    assert 0 < shipped["earnings"]["eps_estimate"].isna().mean() < 0.1
    assert 0 < shipped["securities"]["name_ja"].isna().sum() < 40
    assert shipped["securities"]["ticker"].isin(filed["ticker"]).sum() == 399
    assert shipped["securities"]["ticker"].isin(shipped["earnings"]["ticker"]).sum() == 399
    assert (shipped["earnings"]["announced"].dt.day_of_week > 4).any()
    assert set(shipped["earnings"]["session"]) == {"pre", "post"}
    assert shipped["fx"]["date"].nunique() < shipped["rates"]["date"].nunique()


def test_filings_are_known_30_to_120_days_late_and_reach_back_three_years(shipped: dict[str, pd.DataFrame]) -> None:
    filed = shipped["fundamentals"]
    lag = (filed["available_from"] - filed["period_end"]).dt.days
    assert lag.between(30, 120).all()
    before = filed[filed["available_from"] < shipped["prices"]["date"].min()].groupby("ticker").size()
    assert (before >= 3).sum() > 380


def test_industries_are_large_and_thin_within_their_sectors_and_some_companies_have_none(
    shipped: dict[str, pd.DataFrame], model: rm.RiskModelResults
) -> None:
    securities = shipped["securities"]
    assert securities["industry"].isna().sum() == 4
    size = securities["industry"].value_counts()
    assert len(securities[["industry", "sector"]].dropna().drop_duplicates()) == len(size)  # each in one sector
    assert size.max() >= 20 and size.min() < 5
    assert set(model.industries()["industry"]) == set(size.index[size >= 3])


def test_a_market_without_industries_has_no_column_of_them_and_no_such_factors(little: SimulatedMarket) -> None:
    assert "industry" not in little.tables["securities"]
    assert little.truth.sizes["factor"] == 1 + 11 + len(STYLES)


def test_awkward_tickers_are_held(shipped: dict[str, pd.DataFrame]) -> None:
    assert {"NA", "TRUE", "0130", "1E10"} <= set(shipped["securities"]["ticker"])
    assert {"NA", "TRUE", "0130", "CASH"} <= set(shipped["holdings"]["ticker"])


def test_sleeves_are_20_to_25_names_and_some_cash(shipped: dict[str, pd.DataFrame]) -> None:
    for (_, date), list_ in shipped["holdings"].groupby(["portfolio", "date"]):
        weight = list_.set_index("ticker")["weight"]
        assert weight.sum() == pytest.approx(1, abs=1e-12)
        assert 0.01 <= weight["CASH"] <= 0.02
        assert 20 <= len(weight) - 1 <= 25
        assert weight.max() <= 0.0901
        assert date in set(shipped["constituents"]["date"])
    dates = shipped["holdings"]["date"].drop_duplicates()
    assert (dates.min(), dates.max()) == (pd.Timestamp("2024-02-29"), pd.Timestamp("2025-03-31"))


def test_constituents_sum_to_one_and_carry_the_official_levels_to_a_few_basis_points(
    market: xr.Dataset, shipped: dict[str, pd.DataFrame]
) -> None:
    lists = shipped["constituents"]
    np.testing.assert_allclose(lists.groupby(["index", "date"])["weight"].sum(), 1, rtol=0, atol=1e-9)
    level = market["index_level"].to_pandas()
    moved = market["total_return"].fillna(market["bridged_return"]).fillna(0).to_pandas()
    for index, own in lists.groupby("index"):
        weight = own.pivot(index="date", columns="ticker", values="weight").fillna(0.0)
        first = weight.index[-2]  # the list of the last month but one's end, held through the last month
        wealth = (1 + moved.loc[moved.index > first, weight.columns]).cumprod() @ weight.loc[first]
        official = level[index][level.index >= first]
        noise = official.pct_change().dropna() - wealth.pct_change().fillna(wealth.iloc[0] - 1)
        assert 5e-5 < noise.std() < 5e-4
