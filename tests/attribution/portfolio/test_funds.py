"""Funds that a sleeve holds: looked through by lists of their own, or carried whole by choice; sums stay exact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.construction.closing import Closing
from attribution.contributions.cuts import factor_group
from attribution.measures.figures import followed_figures
from attribution.measures.forecast import closing_limits, closing_risk, forecast_risk
from attribution.portfolio.course import blend_tracks, follow_course
from attribution.portfolio.funds.lists import fund_lists, require_known_funds
from attribution.portfolio.periods import read_period
from attribution.portfolio.settings.sections import Benchmark, Fund
from attribution.portfolio.tracks import Tracks
from attribution.reporting.tables.notes import fund_notes
from attribution.rows import FUNDS, among_stocks
from tests.attribution.conftest import FUND_SHARE, holding_fund
from tests.conftest import of_few_draws

MONTH, COURSE = "2025-03", "Major 100"
THROUGH, WHOLE = Fund(constituents="Small Index"), Fund(carried="unmodelled")


@pytest.fixture(scope="module")
def market(etf_market):
    return etf_market


@pytest.fixture(scope="module")
def book(small_book):
    return holding_fund(small_book, "ETF", THROUGH)


@pytest.fixture(scope="module")
def result(book, small_model, market):
    return at.attribute(book, COURSE, small_model, market, period=MONTH)


def test_a_fund_that_is_looked_through_leaves_its_names_and_one_row_for_fees_and_tracking(result, book, market):
    assert result.reconciliation["passed"].all()
    assert "ETF" not in result.by("stock").index
    for cut in ("factor", "stock", "sector", "day"):
        assert result.by(cut).sum() == pytest.approx(result.excess_return, abs=1e-13)
    etf = market["index_level"].sel(index="ETF").to_series()
    whole = result.followed.data
    own = Tracks(book, market, read_period(MONTH, book, market))
    track, through = own.sleeve("major"), own.fund("ETF")
    held = track.weights.sel(asset="ETF").to_series()
    gap = held * (etf.pct_change()[held.index] - through.returns.to_series())
    np.testing.assert_allclose(whole["portfolio_return"] - whole["holdings_return"], gap, atol=1e-16)
    assert result.by("factor")[FUNDS] == pytest.approx(float((gap * result.cube.coefficient.to_series()).sum()), abs=1e-15)
    assert result.by("stock")[among_stocks(FUNDS)] == result.by("factor")[FUNDS]
    assert factor_group(result.cube, FUNDS) == "other" and result.standard_errors("factor")[FUNDS] == 0


def test_the_fund_is_held_at_its_own_returns_and_spread_over_its_drifted_list(book, market):
    tracks = Tracks(book, market, read_period(MONTH, book, market))
    raw, through, fund = tracks.sleeve("major"), tracks.looked_through("major"), tracks.fund("ETF")
    direct = raw.weights.copy()
    share = direct.sel(asset="ETF", drop=True).copy()
    direct.loc[{"asset": "ETF"}] = 0.0
    np.testing.assert_allclose(through.weights, direct + share * fund.weights, atol=1e-16)
    np.testing.assert_allclose(through.weights.sum("asset"), 1.0, atol=1e-12)
    xr.testing.assert_identical(through.returns, raw.returns)
    listed = (through.live * tracks.returns.sel(time=through.live["time"])).sum("asset")
    np.testing.assert_allclose(listed + through.beside, raw.returns, atol=1e-15)


def test_a_fund_in_a_list_of_the_holdings_is_looked_through_alike(small_book, small_model, market):
    """The list of next_major as a fund: the course is the blend of both sleeves, drifting without a monthly reset."""
    book = holding_fund(small_book, "NM", Fund(constituents="next_major"))
    course = follow_course(book, COURSE, market, read_period(MONTH, book, market))
    apart = Tracks(small_book, market, course.period)
    own, other = apart.sleeve("major").returns.to_series(), apart.sleeve("next_major").returns.to_series()
    base = (book.holdings["portfolio"] == "major") & (book.holdings["date"] <= course.period.base)
    assert book.holdings.loc[base, "date"].max() == course.period.base  # bought at the base: shares of that close
    grown = (1 - FUND_SHARE) * (1 + own).cumprod() + FUND_SHARE * (1 + other).cumprod()
    expected = grown / grown.shift().fillna(1.0) - 1
    np.testing.assert_allclose(course.data["portfolio_return"], expected, atol=1e-14)
    assert course.beside is None  # without returns of its own it returned what its list did


def test_a_list_counts_from_its_date_and_no_later_one_is_known_before(book, market):
    lists = fund_lists(book, "ETF", market)
    late = market["constituent_date"].to_numpy() >= np.datetime64("2025-03-31")
    late &= market["constituent_index"].to_numpy() == "Small Index"
    weight = market["constituent_weight"].copy()
    weight[late] = weight[late].to_numpy()[::-1]
    assert lists["date"].max() >= pd.Timestamp("2025-03-31")
    period = read_period(MONTH, book, market)
    tracks = [Tracks(book, each, period) for each in (market, market.assign(constituent_weight=weight))]
    before, after = (each.looked_through("major") for each in tracks)
    xr.testing.assert_identical(before.weights, after.weights)
    xr.testing.assert_identical(before.beside, after.beside)


def test_a_fund_carried_by_choice_is_unmodelled_whatever_its_weight(small_book, small_model, market):
    book = holding_fund(small_book, "ETF", WHOLE)
    result = at.attribute(book, COURSE, small_model, market, period=MONTH)
    assert result.reconciliation["passed"].all() and result.followed.carried == ("ETF",)
    earned = float((result.cube.portfolio_live.sel(asset="ETF") * result.cube.asset_return.sel(asset="ETF")).sum())
    assert result.by("factor", absolute=True)["unmodelled"] == pytest.approx(earned, rel=0.1)
    name = str(small_book.holdings.query("portfolio == 'major'")["ticker"].iloc[0])
    carried = small_book.model_copy(update={"funds": {name: WHOLE}})  # a name that the model knows
    own = at.attribute(carried, COURSE, small_model, market, period=MONTH)
    if name in own.cube.assets:
        assert not own.cube.modelled.sel(asset=name).any() and own.reconciliation["passed"].all()


def test_risk_and_limits_look_through_and_count_the_fund_as_one_name(book, small_book, small_model, market):
    close = pd.Timestamp("2025-03-31")
    tracks = Tracks(book, market, read_period(MONTH, book, market))
    followed = blend_tracks(tracks, "major")
    forecast = forecast_risk(of_few_draws(small_model), market, close)
    risk = closing_risk(followed, forecast)
    assert "ETF" not in set(risk.portfolio.stocks["ticker"]) and risk.uncovered.empty
    limits = {limit.rule: limit for limit in closing_limits(tracks, followed, "major", forecast=forecast, risk=risk)}
    plain = Tracks(small_book, market, tracks.period).sleeve("major").closing
    names = int((plain.drop_sel(asset="CASH") != 0).sum()) + 1
    assert limits["names_max"].value == names and limits["names_max"].detail.endswith("; a fund is one name")
    assert limits["weight_max"].value == pytest.approx(float(tracks.sleeve("major").closing.sel(asset="ETF")), abs=2e-2)
    assert limits["sector_deviation_max"].detail.endswith("; funds looked through")
    assert risk.table.set_index("measure").loc["names", "value"] > names


def test_turnover_is_of_the_fund_and_not_of_its_names(book, small_book, market):
    tracks = Tracks(book, market, read_period(MONTH, book, market))
    own = followed_figures(tracks, blend_tracks(tracks, COURSE)).set_index("measure")["value"]
    plain = Tracks(small_book, market, tracks.period)
    other = followed_figures(plain, blend_tracks(plain, COURSE)).set_index("measure")["value"]
    assert own["turnover"] < other["turnover"] + 0.01


def test_actual_returns_stand_beside_the_funds(book, small_model, market):
    days = read_period(MONTH, book, market).days
    actual = pd.DataFrame({"portfolio": "major", "date": days, "return": 0.001, "fee": 0.0})
    result = at.attribute(book, COURSE, small_model, market, period=MONTH, actual_returns=actual)
    assert result.reconciliation["passed"].all()
    assert list(result.by("factor").index[-3:]) == [FUNDS, "trading", "fees"]
    held = follow_course(book, COURSE, market, read_period(MONTH, book, market)).data["portfolio_return"]
    daily = result.by("day", "factor").unstack("factor")["trading"] / result.cube.coefficient.to_series()
    np.testing.assert_allclose(daily, 0.001 - held.to_series(), atol=1e-15)


def test_blends_brinson_and_yen_hold_too(book, small_model, market):
    result = at.attribute(book, "Major 70 : Next 30", small_model, market, period="2025-01/2025-03")
    assert result.reconciliation["passed"].all()
    effects = result.brinson("sector")
    assert effects[["allocation", "selection", "interaction"]].to_numpy().sum() == pytest.approx(
        result.excess_return, abs=1e-12
    )
    assert among_stocks(FUNDS) in set(effects["group"])
    assert result.in_currency("JPY", market).reconciliation["passed"].all()


@pytest.mark.parametrize(
    ("fund", "message"),
    [
        (Fund(constituents="Nothing"), r"asks for the list 'Nothing', and neither constituents nor holdings has one"),
        (
            Fund(constituents="nested"),
            r"the list 'nested' of \[funds.\"ETF\"\] holds 1 fund of \[funds\]: ETF. One level is",
        ),
    ],
)
def test_a_list_that_is_not_there_and_funds_of_funds_are_refused(small_book, market, fund, message):
    rows = pd.DataFrame({"portfolio": "nested", "date": [pd.Timestamp("2024-02-29")], "ticker": "ETF", "weight": 1.0})
    book = holding_fund(small_book, "ETF", fund)
    book = book.model_copy(update={"holdings": pd.concat([book.holdings, rows], ignore_index=True)})
    with pytest.raises(rm.InputError, match=message):
        require_known_funds(book, market)


def test_a_fund_carried_whole_needs_returns(small_book, market):
    with pytest.raises(rm.InputError) as caught:
        require_known_funds(holding_fund(small_book, "NOBODY", WHOLE), market)
    assert str(caught.value) == (
        'book.toml: [funds."NOBODY"] is carried unmodelled, but has no returns: neither prices nor a level in indices under '
        "its name. Add its total returns, or look through it with constituents."
    )


def test_a_fund_held_before_its_first_list_is_refused_by_its_days(book, market):
    late = market["constituent_index"].to_numpy() == "Small Index"
    late &= market["constituent_date"].to_numpy() < np.datetime64("2025-03-10")
    short = market.isel(constituent=~late)
    tracks = Tracks(book, short, read_period(MONTH, book, short))
    with pytest.raises(rm.InputError, match=r"^funds: 'ETF' is held on \d+ sessions before a list of its names is known"):
        tracks.looked_through("major")


def test_a_fund_of_which_the_book_says_nothing_is_refused_with_the_key(small_book, market):
    book = holding_fund(small_book, "SPDR", None)
    with pytest.raises(rm.InputError, match=r'constituents = "..." in \[funds."SPDR"\]'):
        Tracks(book, market, read_period(MONTH, book, market)).sleeve("major")


def test_a_book_says_one_of_the_two_of_a_fund(small_copy):
    path = small_copy[0] / "book.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[funds."ETF"]\n', encoding="utf-8")
    with pytest.raises(rm.InputError) as caught:
        at.read_book(path)
    assert str(caught.value) == (
        'book.toml: [funds."ETF"] needs one of the two: constituents = "..." (a list in the table constituents or holdings, '
        'to look through it), or carried = "unmodelled" (whole, without exposures).'
    )


def benchmark_of(book, market, weights):
    """The book with a benchmark of these weights, the same at every month's end, without a level of its own."""
    dates = np.unique(market["constituent_date"].to_numpy())
    rows = pd.DataFrame({"ticker": list(weights), "weight": list(weights.values())})
    rows = rows.merge(pd.DataFrame({"date": dates}), how="cross").assign(index="Mixed")
    own = {f"constituent_{name}": ("constituent", rows[name].to_numpy()) for name in ("index", "date", "ticker", "weight")}
    lists = xr.concat([market[list(own)], xr.Dataset(own)], "constituent", coords="minimal")
    rules = book.benchmarks | {"Mixed": Benchmark(constituents="Mixed")}
    sleeves = {name: sleeve.model_copy(update={"benchmark": "Mixed"}) for name, sleeve in book.sleeves.items()}
    changed = book.model_copy(update={"benchmarks": rules, "sleeves": sleeves})
    return changed, market.drop_dims("constituent").assign(lists)


def mixed(book, market):
    first, second = book.holdings.loc[book.holdings["ticker"] != "CASH", "ticker"].unique()[:2]
    return benchmark_of(book, market, {"ETF": 0.5, first: 0.3, second: 0.2})


def test_a_benchmark_is_looked_through_and_its_funds_are_taken_off_the_row_of_funds(small_book, small_model, market):
    book, market = mixed(small_book.model_copy(update={"funds": {"ETF": THROUGH}}), market)
    result = at.attribute(book, COURSE, small_model, market, period=MONTH)
    assert result.reconciliation["passed"].all() and "ETF" not in result.cube.assets
    tracks = Tracks(book, market, result.followed.period)
    held, fund = tracks.constituents("Mixed"), tracks.fund("ETF")
    np.testing.assert_allclose(result.followed.data["benchmark_return"], held.returns, atol=1e-16)
    own = tracks.returns.sel(asset="ETF", time=held.returns["time"])
    gap = held.live.sel(asset="ETF") * (own - fund.returns)
    assert result.by("factor")[FUNDS] == pytest.approx(-float((gap * result.cube.coefficient).sum()), abs=1e-15)
    assert result.by("factor", absolute=True)[FUNDS] == 0 and abs(result.by("factor")["proxy"]) < 1e-15
    effects = result.brinson("sector").set_index("group")[["allocation", "selection", "interaction"]].sum(axis=1)
    assert effects[among_stocks(FUNDS)] == pytest.approx(result.by("factor")[FUNDS], abs=1e-15)
    assert result.in_currency("JPY", market).reconciliation["passed"].all()


def test_a_fund_on_both_sides_has_no_active_row(small_book, small_model, market):
    book = holding_fund(small_book, "ETF", THROUGH, share=1.0)
    book, market = benchmark_of(book, market, {"ETF": 1.0})
    result = at.attribute(book, COURSE, small_model, market, period=MONTH)
    assert result.reconciliation["passed"].all() and abs(result.excess_return) < 1e-15
    assert result.by("factor").abs().max() < 1e-15 and abs(result.by("factor", absolute=True)[FUNDS]) > 1e-3


def test_a_fund_in_a_benchmark_that_is_carried_is_unmodelled_there(small_book, small_model, market):
    book, market = mixed(small_book.model_copy(update={"funds": {"ETF": WHOLE}}), market)
    result = at.attribute(book, COURSE, small_model, market, period=MONTH)
    assert result.reconciliation["passed"].all() and result.followed.carried == ("ETF",)
    assert result.cube.benchmark_weight.sel(asset="ETF").min() > 0.4


def test_a_benchmark_with_a_fund_has_risk_a_past_and_notes(small_book, small_model, market):
    book, market = mixed(holding_fund(small_book, "ETF", THROUGH), market)
    tracks = Tracks(book, market, read_period("2025-01/2025-03", book, market))
    march = tracks.over(read_period(MONTH, book, market))
    weights, longer = march.benchmark("Mixed"), tracks.benchmark("Mixed")
    np.testing.assert_array_equal(weights.weights, longer.weights.sel(time=MONTH))
    np.testing.assert_array_equal(weights.beside, longer.beside.sel(time=MONTH))
    risk = closing_risk(
        blend_tracks(march, "major"), forecast_risk(of_few_draws(small_model), market, pd.Timestamp("2025-03-31"))
    )
    assert "ETF" not in set(risk.benchmark.stocks["ticker"]) and risk.benchmark.volatility > 0
    keys = [
        (note.key, note.values.get("sleeve", note.values.get("benchmark")))
        for note in fund_notes({"major": march}, ["major"])
    ]
    assert keys == [("fund_looked_through", "major"), ("benchmark_fund_looked_through", "Mixed")]


def test_a_strategy_is_not_held_against_a_benchmark_of_funds(small_book, market):
    book, market = mixed(small_book.model_copy(update={"funds": {"ETF": THROUGH}}), market)
    with pytest.raises(
        rm.InputError, match=r"^benchmark 'Mixed': holds 1 fund that \[funds\] looks through: ETF. A strategy"
    ):
        Closing.at(book, market, pd.Timestamp("2025-03-31")).benchmark("Mixed")


def test_a_limit_on_risk_says_what_of_the_sleeve_is_carried_without_exposures(small_book, small_model, market):
    book = holding_fund(small_book, "ETF", WHOLE)
    tracks = Tracks(book, market, read_period(MONTH, book, market))
    followed, forecast = blend_tracks(tracks, "major"), forecast_risk(small_model, market, pd.Timestamp("2025-03-31"))
    risk = closing_risk(followed, forecast)
    limits = {limit.rule: limit for limit in closing_limits(tracks, followed, "major", forecast=forecast, risk=risk)}
    held = float(followed.invested()["portfolio_weight"].sel(asset="ETF"))
    told = f"; 1 name of the sleeve carried without exposures left out ({held:.2%} of its weight)"
    assert limits["risk_band"].detail.endswith(told) and held > FUND_SHARE / 2
