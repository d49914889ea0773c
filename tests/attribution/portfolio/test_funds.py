"""Funds that a sleeve holds: looked through by lists of their own, or carried whole by choice; sums stay exact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import attribution as at
import riskmodel as rm
from attribution.contributions.cuts import factor_group
from attribution.measures.figures import followed_figures
from attribution.measures.forecast import closing_limits, closing_risk, forecast_risk
from attribution.portfolio.course import blend_tracks, follow_course
from attribution.portfolio.funds.lists import fund_lists, require_known_funds
from attribution.portfolio.periods import read_period
from attribution.portfolio.settings.sections import Fund
from attribution.portfolio.tracks import Tracks
from attribution.rows import FUNDS, among_stocks

MONTH, COURSE = "2025-03", "Major 100"
SHARE = 0.1
THROUGH, WHOLE = Fund(constituents="Small Index"), Fund(carried="unmodelled")


def holding(book, ticker, fund, share=SHARE):
    """The book, in which every list of major has a share in a fund, taken from its names alike."""
    own = book.holdings[book.holdings["portfolio"] == "major"]
    others = book.holdings[book.holdings["portfolio"] != "major"]
    bought = own[["portfolio", "date"]].drop_duplicates().assign(ticker=ticker, weight=share)
    holdings = pd.concat([others, own.assign(weight=own["weight"] * (1 - share)), bought], ignore_index=True)
    return book.model_copy(update={"holdings": holdings, "funds": {} if fund is None else {ticker: fund}})


@pytest.fixture(scope="module")
def market(small_market):
    """With a level of the fund ETF, which earns what Small Index's does less a basis point a day."""
    level = small_market["index_level"]
    daily = (level.sel(index="Small Index") / level.sel(index="Small Index").shift(time=1) - 1).fillna(0.0) - 1e-4
    etf = (1 + daily).cumprod("time").drop_vars("index").expand_dims(index=["ETF"]).transpose(*level.dims)
    levels = xr.concat([level, etf], "index")
    other = small_market.drop_dims("index")
    return other.assign(index_level=levels)


@pytest.fixture(scope="module")
def book(small_book):
    return holding(small_book, "ETF", THROUGH)


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
    raw, (through, beside), fund = tracks.sleeve("major"), tracks.looked_through("major"), tracks.fund("ETF")
    direct = raw.weights.copy()
    share = direct.sel(asset="ETF", drop=True).copy()
    direct.loc[{"asset": "ETF"}] = 0.0
    np.testing.assert_allclose(through.weights, direct + share * fund.weights, atol=1e-16)
    np.testing.assert_allclose(through.weights.sum("asset"), 1.0, atol=1e-12)
    xr.testing.assert_identical(through.returns, raw.returns)
    listed = (through.live * tracks.returns.sel(time=through.live["time"])).sum("asset")
    np.testing.assert_allclose(listed + beside, raw.returns, atol=1e-15)


def test_a_fund_in_a_list_of_the_holdings_is_looked_through_alike(small_book, small_model, market):
    """The list of next_major as a fund: the course is the blend of both sleeves, drifting without a monthly reset."""
    book = holding(small_book, "NM", Fund(constituents="next_major"))
    course = follow_course(book, COURSE, market, read_period(MONTH, book, market))
    apart = Tracks(small_book, market, course.period)
    own, other = apart.sleeve("major").returns.to_series(), apart.sleeve("next_major").returns.to_series()
    base = (book.holdings["portfolio"] == "major") & (book.holdings["date"] <= course.period.base)
    assert book.holdings.loc[base, "date"].max() == course.period.base  # bought at the base: shares of that close
    grown = (1 - SHARE) * (1 + own).cumprod() + SHARE * (1 + other).cumprod()
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
    xr.testing.assert_identical(before[0].weights, after[0].weights)
    xr.testing.assert_identical(before[1], after[1])


def test_a_fund_carried_by_choice_is_unmodelled_whatever_its_weight(small_book, small_model, market):
    book = holding(small_book, "ETF", WHOLE)
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
    forecast = forecast_risk(small_model, market, close)
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
    book = holding(small_book, "ETF", fund)
    book = book.model_copy(update={"holdings": pd.concat([book.holdings, rows], ignore_index=True)})
    with pytest.raises(rm.InputError, match=message):
        require_known_funds(book, market)


def test_a_fund_carried_whole_needs_returns(small_book, market):
    with pytest.raises(rm.InputError) as caught:
        require_known_funds(holding(small_book, "NOBODY", WHOLE), market)
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
    book = holding(small_book, "SPDR", None)
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
