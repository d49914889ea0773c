"""Figures beside the attribution: published ratios, hand-made trades, another implementation, wording."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import attribution as at
import riskmodel as rm
from attribution.measures.figures import (
    active_share,
    course_figures,
    regression_figures,
    relative_figures,
    trades,
    transaction_costs,
)
from attribution.measures.performance import follow_book, monthly_returns, sharpe_ratio, sortino_ratio
from attribution.portfolio.periods import read_period
from attribution.portfolio.tracks import Tracks
from tests.conftest import REAL, ROOT, SMALL_MONTH, dear_examples

BACON = tomllib.loads((ROOT / "fixtures" / "worked_examples" / "bacon2008_ratios.toml").read_text(encoding="utf-8"))
COURSE = "Major 70 : Next 30"


@pytest.fixture(scope="module")
def bacon():
    sides = {side: BACON[side] for side in ("portfolio", "benchmark")}
    return pd.DataFrame(sides, pd.period_range("2000-01", periods=24, freq="M")).assign(risk_free=0.0)


def measures(frame):
    return frame.set_index("measure")["value"]


def near(name, value):
    printed = BACON["printed"][name]
    assert value == pytest.approx(printed["value"], abs=printed["tolerance"]), name


def test_bacons_alpha_and_risks_with_his_divisor(bacon):
    figures = regression_figures(bacon, a_year=12, ddof=0)
    for name in ("jensen_alpha", "specific_risk", "appraisal_ratio"):
        near(name, figures[name])
    annual = (1 + bacon["portfolio"]).prod() ** 0.5 - 1
    near("modified_treynor", annual / figures["systematic_risk"])
    near("fama_beta", bacon["portfolio"].std() / bacon["benchmark"].std())


def test_bacons_misprints_are_a_tenth_of_what_his_months_give(bacon):
    figures = regression_figures(bacon, a_year=12, ddof=0)
    total = float(np.hypot(figures["systematic_risk"], figures["specific_risk"]))
    assert total == pytest.approx(bacon["portfolio"].std(ddof=0) * 12**0.5, rel=1e-12)
    got = {"systematic_risk": figures["systematic_risk"], "total_risk": total, "selectivity": figures["jensen_alpha"]}
    for name, value in got.items():
        assert value == pytest.approx(BACON["misprinted"][name]["value"], abs=1e-12)
    for name in ("systematic_risk", "total_risk"):
        assert got[name] / 10 == pytest.approx(BACON["misprinted"][name]["printed"], abs=5.1e-5)
    assert np.trunc(got["selectivity"] * 1e4) / 1e4 == BACON["misprinted"]["selectivity"]["printed"]


def test_the_printed_alpha_needs_the_benchmarks_odd_month(bacon):
    turned = bacon.copy()
    assert turned.iloc[17].tolist() == [-0.022, 0.021, 0.0]
    turned.iloc[17, 1] = -0.021
    assert regression_figures(turned, a_year=12)["jensen_alpha"] > 0


def test_bacons_hit_rates_against_a_least_acceptable_return(bacon):
    days = bacon.index.to_timestamp()
    own, least = bacon["portfolio"].set_axis(days), pd.Series(BACON["least_acceptable"], days)
    zero = pd.Series(0.0, days)
    near("upside_frequency", measures(relative_figures(own, least, zero))["hit_rate_months"])
    near("downside_frequency", measures(relative_figures(least, own, zero))["hit_rate_months"])


def test_bacons_downside_deviation_is_the_sortino_ratios_denominator(bacon):
    least = pd.Series(BACON["least_acceptable"], bacon.index)
    annual = (1 + bacon["portfolio"]).prod() ** 0.5 - (1 + least).prod() ** 0.5
    near("downside_deviation", annual / sortino_ratio(bacon["portfolio"], least) / 12**0.5)


@settings(max_examples=dear_examples())
@given(arrays(float, (24, 3), elements=st.floats(-0.2, 0.2)), st.sampled_from([0, 1]))
def test_ratios_agree_with_least_squares(values, ddof):
    returns = pd.DataFrame(values, columns=["portfolio", "benchmark", "risk_free"])
    x = returns["benchmark"] - returns["risk_free"]
    y = returns["portfolio"] - returns["risk_free"]
    figures = regression_figures(returns, a_year=12, ddof=ddof)
    if x.std() < 1e-3:
        return
    slope, constant = np.polyfit(x, y, 1)
    assert figures["beta"] == pytest.approx(slope, rel=1e-8, abs=1e-8)
    rest = y - slope * x - constant
    assert figures["specific_risk"] == pytest.approx(np.sqrt(12 * (rest**2).sum() / (24 - ddof)), rel=1e-7, abs=1e-7)
    assert figures["tracking_error"] == pytest.approx(
        np.sqrt(12) * np.std(returns["portfolio"] - returns["benchmark"], ddof=ddof), rel=1e-10, abs=1e-12
    )


def test_a_benchmark_against_itself_has_beta_one_and_no_error():
    days = pd.bdate_range("2024-01-01", "2024-12-31")
    own = pd.Series(np.random.default_rng(1).normal(0, 0.01, len(days)), days)
    figures = measures(relative_figures(own, own, 0.0 * own))
    assert figures["beta"] == pytest.approx(1.0, abs=1e-14)
    assert figures[["tracking_error", "excess_return", "hit_rate_days", "hit_rate_months"]].tolist() == [0, 0, 0, 0]
    assert figures["jensen_alpha"] == pytest.approx(0.0, abs=1e-14)
    assert np.isnan(figures["information_ratio"])  # nothing over nothing


def test_the_information_ratio_is_a_sharpe_ratio_against_the_benchmark_but_for_its_denominator():
    rng = np.random.default_rng(2)
    days = pd.bdate_range("2022-01-01", "2023-12-31")
    own, other = (pd.Series(rng.normal(0.0004, 0.01, len(days)), days) for _ in range(2))
    figures = measures(relative_figures(own, other, 0.0 * own))
    m, b = monthly_returns(own), monthly_returns(other)
    numerator = sharpe_ratio(m, b) * m.std(ddof=1)
    assert figures["information_ratio"] == pytest.approx(numerator / (m - b).std(ddof=1), rel=1e-12)


def test_beta_adjusted_excess_by_hand():
    """Twice the benchmark each day, risk-free 0: beta is near 2 and what remains is the cross term of compounding."""
    days = pd.bdate_range("2024-01-01", periods=40)
    benchmark = pd.Series(np.tile([0.01, -0.005], 20), days)
    figures = measures(relative_figures(2 * benchmark, benchmark, 0.0 * benchmark, frequency="daily"))
    assert figures["beta"] == pytest.approx(2.0, abs=1e-12)
    expected = (1.02 * 0.99) ** 20 - 1 - 2 * ((1.01 * 0.995) ** 20 - 1)
    assert figures["beta_adjusted_excess"] == pytest.approx(expected, abs=1e-12)
    assert np.isnan(figures["jensen_alpha"])  # two months say nothing of a year


def test_short_histories_are_not_available_and_the_basis_says_why(small_book, small_market):
    month = course_figures(small_book, COURSE, small_market, period=SMALL_MONTH).set_index("measure")
    ratios = ["tracking_error", "information_ratio", "beta", "jensen_alpha", "beta_adjusted_excess"]
    assert month.loc[ratios, "value"].isna().all()
    assert set(month.loc[ratios, "basis"]) == {"1 month"}
    assert month.loc["hit_rate_days", "basis"] == "21 days"
    daily = course_figures(small_book, COURSE, small_market, period=SMALL_MONTH, frequency="daily").set_index("measure")
    assert daily.loc[["tracking_error", "beta", "beta_adjusted_excess"], "value"].notna().all()
    assert daily.loc[["information_ratio", "jensen_alpha", "appraisal_ratio"], "value"].isna().all()
    with pytest.raises(at.InputError, match="frequency 'weekly': the choices are monthly, daily"):
        course_figures(small_book, COURSE, small_market, period=SMALL_MONTH, frequency="weekly")


def test_figures_are_of_the_attributed_returns(small_book, small_model, small_market):
    result = at.attribute(small_book, COURSE, small_model, small_market, period="itd")
    figures = measures(course_figures(small_book, COURSE, small_market, period="itd"))
    assert figures["excess_return"] == pytest.approx(result.excess_return, abs=1e-12)
    own, other = result.data["portfolio_weight"], result.data["benchmark_weight"]
    assert figures["active_share_mean"] == pytest.approx(
        float(np.mean([0.5 * np.abs(a - b).sum() for a, b in zip(own.to_numpy(), other.to_numpy(), strict=True)])), abs=1e-12
    )
    closing = result.data[["closing_weight", "benchmark_closing_weight"]].to_dataframe()
    assert figures["active_share_end"] == pytest.approx(
        0.5 * (closing["closing_weight"] - closing["benchmark_closing_weight"]).abs().sum(), abs=1e-12
    )


def test_active_share_lies_between_holding_the_index_and_holding_none_of_it():
    own = xr.DataArray([0.5, 0.5, 0.0, 0.0], {"asset": list("ABCD")}, "asset")
    assert float(active_share(own, own)) == 0
    assert float(active_share(own, own.copy(data=own.to_numpy()[::-1]))) == 1


def test_the_turnover_of_a_rebalance_follows_from_the_raw_lists(small_book, small_market):
    """Major 100 at the close of 2025-02-28: the list of January drifted through February, against the list of that day."""
    holdings = small_book.holdings.query("portfolio == 'major'")
    old, new = (holdings[holdings["date"] == date].set_index("ticker")["weight"] for date in ("2025-01-31", "2025-02-28"))
    month = small_market.sel(time=slice("2025-02-03", "2025-02-28"))
    stocks = old.index.drop("CASH", errors="ignore")
    grown = old.copy()
    grown[stocks] *= (1 + month["total_return"].sel(asset=stocks).fillna(0.0)).prod("time").to_series()
    if "CASH" in grown:
        grown["CASH"] *= float((1 + month["risk_free"]).prod())
    change = new.sub(grown / grown.sum(), fill_value=0.0)
    traded = trades(Tracks(small_book, small_market, read_period("2025-03", small_book, small_market)), "Major 100")
    assert f"{traded['close'].iloc[0]:%Y-%m-%d}" == "2025-02-28"
    assert traded["turnover"].iloc[0] == pytest.approx(0.5 * change.abs().sum(), abs=1e-12)
    assert traded["volume"].iloc[0] == pytest.approx(change.drop("CASH", errors="ignore").abs().sum(), abs=1e-12)
    assert (traded[["turnover", "volume"]].iloc[1:] == 0).all(axis=None)


@pytest.mark.parametrize("course", ["Major 100", COURSE])
def test_the_trades_of_months_are_those_of_the_whole(small_book, small_market, course):
    columns = ["turnover", "volume"]
    whole = trades(Tracks(small_book, small_market, read_period("itd", small_book, small_market)), course)[columns]
    months = [
        trades(Tracks(small_book, small_market, read_period(str(month), small_book, small_market)), course)[columns]
        for month in pd.period_range("2024-03", "2025-03", freq="M")
    ]
    np.testing.assert_allclose(pd.concat(months), whole, rtol=0, atol=1e-12)
    assert whole["turnover"].iloc[0] == 0  # the first purchase is not a trade
    assert (whole["turnover"] > 0).sum() == 12


def test_the_reset_of_a_blend_is_a_trade(small_book, small_market):
    """Without a new list a sleeve does not trade, but the blend of two is set back to its shares."""
    holdings = small_book.holdings
    still = holdings[(holdings["date"] <= "2025-01-31") | (holdings["date"] > "2025-03-31")]
    book = small_book.model_copy(update={"holdings": still})
    period = read_period("2025-03", book, small_market)
    assert trades(Tracks(book, small_market, period), "Major 100")["turnover"].sum() == 0
    blend = trades(Tracks(book, small_market, period), COURSE)
    history = follow_book(book, small_market, "2025-02").courses["2025-02":]
    major, next_major = ((1 + history[course]).prod() for course in ("Major 100", "Next Major 100"))
    moved = abs(0.7 - 0.7 * major / (0.7 * major + 0.3 * next_major))
    assert 0.8 * moved < blend["turnover"].iloc[0] <= moved + 1e-15  # less what both sleeves hold
    assert (blend["turnover"].iloc[1:] == 0).all()


def test_stated_costs_by_hand():
    """All is bought on the first day and half sold before the third, at 10 basis points: 1 and 0.5 thousandths."""
    days = pd.bdate_range("2025-03-03", periods=3)
    returns = xr.DataArray([0.10, 0.0, 0.10], {"time": days}, "time")
    taken = transaction_costs(returns, pd.Series([1.0, 0.0, 0.5], days), 10.0)
    assert taken == pytest.approx(1.21 - 1.1 * 0.999 * 1.1 * 0.9995, abs=1e-15)
    assert transaction_costs(returns, pd.Series(0.0, days), 10.0) == 0
    assert np.isnan(transaction_costs(returns, pd.Series(1.0, days), None))


def test_a_book_states_its_costs(small_copy, small_market, small_book):
    folder, _, _ = small_copy
    path = folder / "book.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[book]", "[book]\ntransaction_cost_bps = 10", 1), encoding="utf-8"
    )
    book = at.read_book(path)
    row = course_figures(book, "Major 100", small_market, period=SMALL_MONTH).set_index("measure").loc["transaction_costs"]
    traded = trades(Tracks(book, small_market, read_period(SMALL_MONTH, book, small_market)), "Major 100")
    assert row["basis"] == "10 basis points one-way"
    grown = 1 + follow_book(book, small_market, SMALL_MONTH).courses["Major 100"][SMALL_MONTH]
    assert row["value"] == pytest.approx(0.001 * traded["volume"].sum() * grown.prod(), abs=1e-15)  # one trade, at the base
    plain = course_figures(small_book, "Major 100", small_market, period=SMALL_MONTH).set_index("measure")
    assert np.isnan(plain.loc["transaction_costs", "value"])
    assert plain.loc["transaction_costs", "basis"] == "no transaction_cost_bps in [book]"


@pytest.mark.slow
@pytest.mark.real_market
def test_figures_of_the_real_market_are_of_a_sensible_size():
    market, book = rm.read_market(REAL), at.read_book(REAL / "book.toml")
    figures = measures(course_figures(book, "Major 100", market, period="itd"))
    assert 0.5 < figures["active_share_mean"] < 1
    assert 0.02 < figures["tracking_error"] < 0.2
    assert 0.5 < figures["beta"] < 1.5
    assert 0 < figures["turnover_a_year"] < 12
    assert 0.3 < figures["hit_rate_days"] < 0.7


def test_figures_of_actual_returns_are_those_of_the_attribution_of_them(small_book, small_model, small_market):
    held = at.attribute(small_book, "Major 100", small_model, small_market, period=SMALL_MONTH)
    table = held.data["portfolio_return"].to_series().rename("return").rename_axis("date").reset_index()
    table = table.assign(portfolio="major", **{"return": table["return"] - 0.0002})
    options = {"period": SMALL_MONTH, "actual_returns": table}
    result = at.attribute(small_book, "Major 100", small_model, small_market, **options)
    figures = course_figures(small_book, "Major 100", small_market, **options).set_index("measure")["value"]
    assert figures["excess_return"] == pytest.approx(result.excess_return, abs=1e-15)
    own = course_figures(small_book, "Major 100", small_market, period=SMALL_MONTH).set_index("measure")["value"]
    assert figures["turnover"] == own["turnover"]
    assert figures["excess_return"] < own["excess_return"] - 0.003
